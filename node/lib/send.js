'use strict';

// Sending.
//
// send() looks at its arguments as Node does and packs the datagram: its bytes behind those of the
// others of this tick, and where it goes. A tick later all of them are handed to the kernel at once.
// Each send with a callback has the two places in the queue of ticks that it has in Node (one for its
// address, one for its callback), so callbacks keep their order among all else. What the kernel does
// not take is queued by the addon and ends later, by onSent.
//
// Nothing is lost: a send behind a bind that fails gets the bind's error, one whose socket is closed
// still leaves, and one whose name is still looked up then waits for that. What fails without a
// callback is an `error` where somebody listens to that, else it is counted.

const { AsyncResource } = require('node:async_hooks');
const net = require('node:net');
const errors = require('./errors');
const native = require('./native');
const queue = require('./queue');
const validate = require('./validate');
const { lookup, loopback } = require('./lookup');
const { BOUND, CONNECTED, UNBOUND, kState } = require('./state');

const {
  addon, receiveMeta, sendMeta, sendSlab, ADDRESS_STRIDE, COUNT_AT, HELD_AT, INDEX_AT, SENDS_MAX, SEND_STRIDE,
} = native;
const { ECANCELED, EINVAL, EMSGSIZE } = require('node:os').constants.errno;

const PAYLOAD_MAX = 65535;
const BYTES_TYPES = 'of type string or an instance of Buffer, TypedArray, or DataView';

// ---- arguments ----

function badBytes(name, value) {
  return errors.argType(name, BYTES_TYPES, value);
}

function bytesOf(view) {
  return view instanceof Uint8Array ? view
    : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

// `offset` and `length` count bytes, of a string too.
function slice(buffer, offset, length) {
  if (typeof buffer === 'string') buffer = Buffer.from(buffer);
  else if (!ArrayBuffer.isView(buffer)) throw badBytes('buffer', buffer);
  const from = offset >>> 0;
  const size = length >>> 0;
  if (from > buffer.byteLength) throw errors.outOfBounds('offset');
  if (from + size > buffer.byteLength) throw errors.outOfBounds('length');
  return new Uint8Array(buffer.buffer, buffer.byteOffset + from, size);
}

function partsOf(list) {
  const parts = new Array(list.length);
  for (let i = 0; i < list.length; i++) {
    if (typeof list[i] === 'string') parts[i] = Buffer.from(list[i]);
    else if (ArrayBuffer.isView(list[i])) parts[i] = bytesOf(list[i]);
    else throw badBytes('buffer list arguments', list);
  }
  return parts;
}

// A string, bytes, or an array of bytes: what pack() takes.
function payloadOf(buffer) {
  if (typeof buffer === 'string' || buffer instanceof Uint8Array) return buffer;
  if (Array.isArray(buffer)) return partsOf(buffer);
  if (ArrayBuffer.isView(buffer)) return bytesOf(buffer);
  throw badBytes('buffer', buffer);
}

// ---- where to ----

// Literals as the addon has them. A program sends to some thousands of addresses; one with more begins
// anew now and then.
const PARSED_MAX = 8192;
const parsed = new Map();

// The numbers of a literal, or undefined where it is none. A scope may come to mean another interface,
// so one that has a scope is read each time.
function parse(address) {
  let numbers = parsed.get(address);
  if (numbers !== undefined) return numbers;
  numbers = new Int32Array(ADDRESS_STRIDE);
  if (addon.parseAddress(address, numbers) < 0) return undefined;
  if (numbers[2] === 0) {
    if (parsed.size >= PARSED_MAX) parsed.clear();
    parsed.set(address, numbers);
  }
  return numbers;
}

const peer = new Int32Array(ADDRESS_STRIDE);

// ---- packing ----

// The sends that have been packed and not handed over: all of one socket, since a list is.
const packed = {
  socket: undefined,
  handle: null,
  count: 0,
  bytes: 0,
  scheduled: false,
  tickets: new Array(SENDS_MAX).fill(undefined),
};

let exiting = false; // nothing waits for a tick any more

// One send, from its acceptance to its end.
class Ticket {
  constructor(socket, address, port, callback) {
    this.socket = socket;
    this.address = address; // as the program wrote it
    this.port = port;
    this.callback = callback; // or undefined
    this.result = undefined; // bytes, a code, or an Error
    this.waits = false; // its tick has come, its result has not
    this.resource = undefined; // the context of its callback, where that comes from the loop
    this.bytes = 0; // where the queue has a limit
  }

  // What it came to.
  end(result) {
    this.result = result;
    if (this.callback === undefined) endUnheard(this);
    else if (this.waits) this.resource.runInAsyncScope(call, null, this);
  }

  // A name that is not found is told, heard or not.
  endWithoutName(error) {
    this.result = error;
    if (this.callback === undefined) process.nextTick(emitError, this);
  }

  // The bind that it waited for has failed. That has an `error` of its own.
  endWithoutBind(error) {
    this.result = error;
    process.nextTick(this.callback === undefined ? settle : call, this);
  }
}

function writePart(part, at) {
  if (typeof part === 'string') return sendSlab.write(part, at);
  sendSlab.set(part, at);
  return part.length;
}

function lengthOf(payload) {
  if (typeof payload === 'string') return Buffer.byteLength(payload);
  if (!Array.isArray(payload)) return payload.length;
  let length = 0;
  for (const part of payload) length += part.length;
  return length;
}

function writePayload(payload, at) {
  if (!Array.isArray(payload)) return writePart(payload, at);
  let end = at;
  for (const part of payload) end += writePart(part, end);
  return end - at;
}

function writeTo(at, numbers, port) {
  sendMeta[at] = numbers[0];
  sendMeta[at + 1] = port;
  sendMeta[at + 2] = numbers[2];
  sendMeta[at + 3] = numbers[3];
  sendMeta[at + 4] = numbers[4];
  sendMeta[at + 5] = numbers[5];
  sendMeta[at + 6] = numbers[6];
}

// Room for one more of this socket.
function reserve(socket, state, length) {
  if (packed.count > 0 && (packed.socket !== socket || packed.count === SENDS_MAX ||
      packed.bytes + length > sendSlab.length)) {
    flush();
  }
  packed.socket = socket;
  packed.handle = state.handle ?? state.closing;
}

function pack(socket, state, payload, numbers, port, ticket) {
  const length = lengthOf(payload);
  if (length > PAYLOAD_MAX) {
    ticket.end(-EMSGSIZE);
    return;
  }
  reserve(socket, state, length);
  const at = packed.count * SEND_STRIDE;
  sendMeta[at] = writePayload(payload, packed.bytes);
  writeTo(at + 1, numbers, port);
  packed.tickets[packed.count] = ticket;
  packed.bytes += length;
  packed.count++;
  if (!packed.scheduled && !hold()) {
    packed.scheduled = true;
    process.nextTick(flushTick);
  }
  if (exiting) flush();
}

// Within a batch of messages each listener has a tick of its own, so that a server would send its answers
// one by one. They leave together when the batch has been told, or when they have waited so long.
const HOLD_MS = 1;
let heldSince = 0;

function hold() {
  if (receiveMeta[INDEX_AT] === receiveMeta[COUNT_AT]) return false;
  if (receiveMeta[HELD_AT] === 0) {
    receiveMeta[HELD_AT] = 1;
    heldSince = performance.now();
  }
  return true;
}

// Listeners that take long do not keep what others have sent.
function flushOld() {
  if (receiveMeta[HELD_AT] !== 0 && performance.now() - heldSince > HOLD_MS) flush();
}

// ---- handing over ----

function flushTick() {
  packed.scheduled = false;
  flush();
}

function flush() {
  const { socket, handle, count } = packed;
  receiveMeta[HELD_AT] = 0;
  if (count === 0) return;
  packed.count = 0;
  packed.bytes = 0;
  packed.socket = undefined;
  const state = socket[kState];
  const done = handle.send(count);
  for (let i = 0; i < count; i++) {
    const ticket = packed.tickets[i];
    packed.tickets[i] = undefined;
    if (i < done) ticket.end(sendMeta[i * SEND_STRIDE]);
    else if (done < 0) ticket.end(done);
    else keep(state, handle, ticket, i, done, count);
  }
}

let lastBatch = 0;

// What the kernel did not take stays with the addon.
function keep(state, handle, ticket, index, done, count) {
  if (index === done) {
    lastBatch = (lastBatch + 1) | 0;
    const code = handle.queue(done, count, lastBatch);
    state.batches.set(lastBatch, { code, tickets: [] });
  }
  const batch = state.batches.get(lastBatch);
  if (batch.code < 0) {
    ticket.end(batch.code);
    if (index === count - 1) state.batches.delete(lastBatch);
    return;
  }
  batch.tickets.push(ticket);
}

// One of a list that the addon had queued has ended.
function onSent(id, index, result) {
  const { batches } = this[kState];
  const { tickets } = batches.get(id);
  if (index === tickets.length - 1) batches.delete(id);
  tickets[index].end(result);
}

// ---- the ends of sends ----

function errorOf(ticket) {
  const { result } = ticket;
  return typeof result === 'number'
    ? errors.systemAt(result, 'send', ticket.address, ticket.port) : result;
}

function isFailure(result) {
  return typeof result !== 'number' || result < 0;
}

// Node loses this error. A program that sends and forgets lives on.
function endUnheard(ticket) {
  if (isFailure(ticket.result) && ticket.socket.listenerCount('error') > 0) {
    process.nextTick(emitError, ticket);
  } else {
    settle(ticket);
  }
}

function emitError(ticket) {
  settle(ticket);
  ticket.socket.emit('error', errorOf(ticket));
}

function call(ticket) {
  const { callback, result } = ticket;
  settle(ticket);
  if (isFailure(result)) callback(errorOf(ticket));
  else callback(null, result);
}

// The tick in which Node calls back, unless the datagram waits for the kernel.
function onTick(ticket) {
  if (ticket.result === undefined) flush();
  if (ticket.result !== undefined) {
    call(ticket);
    return;
  }
  ticket.waits = true;
  ticket.resource = new AsyncResource('UDPSENDWRAP');
}

// The tick in which Node knows a literal's address.
function onAddress(ticket) {
  if (ticket.result === undefined) flush();
  process.nextTick(onTick, ticket);
}

// Something accepted has ended, its callback runs now: a socket that closes may have waited for it.
function settle({ socket, bytes }) {
  const state = socket[kState];
  state.pending--;
  state.pendingBytes -= bytes;
  if (state.closing !== undefined && state.pending === 0) state.onSettled(socket);
  else if (state.limitMet) tellDrain(socket, state);
}

// ---- the limit of the queue ----

function fits(state, count, bytes) {
  return state.pending + count <= state.limit.datagrams &&
    state.pendingBytes + bytes <= state.limit.bytes;
}

// What this tick has packed may leave first.
function checkLimit(state, count, bytes) {
  if (fits(state, count, bytes)) return;
  flush();
  if (fits(state, count, bytes)) return;
  state.limitMet = true;
  throw errors.misuse('queueFull');
}

function tellDrain(socket, state) {
  const { datagrams, bytes } = state.limit;
  if (state.pending > datagrams / 2 || state.pendingBytes > bytes / 2) return;
  state.limitMet = false;
  process.nextTick(emitDrain, socket, state);
}

function emitDrain(socket, state) {
  if (state.handle !== null) socket.emit('drain');
}

// ---- to whom ----

function isBlocked(state, ip) {
  return state.sendBlockList !== undefined &&
    state.sendBlockList.check(ip, `ipv${net.isIP(ip)}`);
}

// To an address that is known: its numbers, or undefined where it is none.
function sendToNumbers(ticket, state, payload, ip, numbers) {
  if (numbers === undefined) ticket.end(-EINVAL);
  else if (isBlocked(state, ip)) ticket.end(errors.blocked(ip));
  else if ((numbers[0] === 6) !== state.ipv6) ticket.end(-EINVAL);
  else pack(ticket.socket, state, payload, numbers, ticket.port, ticket);
}

function sendToName(ticket, state, payload) {
  state.naming.add(ticket);
  lookup(state, ticket.address, (error, ip) => {
    if (!state.naming.delete(ticket)) return;
    if (error) ticket.endWithoutName(error);
    else sendToNumbers(ticket, state, payload, ip, parse(ip));
    if (ticket.callback !== undefined) process.nextTick(onTick, ticket);
    if (state.naming.size === 0 && state.closing !== undefined) state.onNamed(state);
  });
}

// Names that nobody waits for any longer.
function cancelLookups(state) {
  for (const ticket of state.naming) {
    ticket.end(-ECANCELED);
    if (ticket.callback !== undefined) process.nextTick(onTick, ticket);
  }
  state.naming.clear();
}

function dispatch(ticket, state, payload) {
  if (ticket.port === null) {
    pack(ticket.socket, state, payload, peer, 0, ticket);
    if (ticket.callback !== undefined) process.nextTick(onTick, ticket);
    return;
  }
  const text = ticket.address || loopback(state);
  const numbers = state.lookup === undefined ? parse(text) : undefined;
  if (numbers === undefined) {
    sendToName(ticket, state, payload);
    return;
  }
  sendToNumbers(ticket, state, payload, text, numbers);
  if (ticket.callback !== undefined) process.nextTick(onAddress, ticket);
}

// ---- send ----

// Accepts a send: from here on it ends, once. ticket.port null: to the peer.
function accept(ticket, state, payload) {
  state.pending++;
  if (state.limit !== undefined) {
    ticket.bytes = lengthOf(payload);
    state.pendingBytes += ticket.bytes;
  }
  if (state.bindState === BOUND) dispatch(ticket, state, payload);
  else wait(ticket, state, payload);
}

function wait(ticket, state, payload) {
  queue.enqueue(ticket.socket, state, {
    run: () => dispatch(ticket, state, payload),
    fail: (error) => ticket.endWithoutBind(error),
  });
}

// Whether the socket can take so much; it is bound first.
function prepare(socket, state, count, bytes) {
  if (state.handle === null || state.closeQueued) throw errors.misuse('notRunning');
  if (state.limit !== undefined) checkLimit(state, count, bytes());
  if (state.bindState === UNBOUND) socket.bind({ port: 0, exclusive: true }, null);
}

// The forms of Node, told apart as Node does:
//
//   not connected   (bytes, offset, length, port[, address][, callback])
//                   (bytes or list, port[, address][, callback])
//   connected       (bytes, offset, length[, callback])
//                   (bytes or list[, callback])
function send(buffer, offset, length, port, address, callback) {
  const state = this[kState];
  const connected = state.connectState === CONNECTED;
  if (connected) {
    if (typeof length === 'number') {
      buffer = slice(buffer, offset, length);
      if (typeof port === 'function') {
        callback = port;
        port = null;
      }
    } else {
      callback = offset;
    }
    if (port || address) throw errors.misuse('isConnected');
  } else if (address || (port && typeof port !== 'function')) {
    buffer = slice(buffer, offset, length);
  } else {
    callback = port;
    port = offset;
    address = length;
  }
  const payload = payloadOf(buffer);
  port = connected ? null : validate.port(port, 'Port', false);
  if (typeof address === 'function') {
    callback = address;
    address = undefined;
  } else if (address !== undefined && address !== null) {
    validate.string(address, 'address');
  }
  prepare(this, state, 1, () => lengthOf(payload));
  if (typeof callback !== 'function') callback = undefined;
  accept(new Ticket(this, address, port, callback), state, payload);
}

// Node's wrapper from before, with its stricter types.
function sendto(buffer, offset, length, port, address, callback) {
  validate.number(offset, 'offset');
  validate.number(length, 'length');
  validate.number(port, 'port');
  validate.string(address, 'address');
  this.send(buffer, offset, length, port, address, callback);
}

// ---- sendMany ----

// A list of sends with one callback, which has the places in the queue of ticks that a send's has.
class Many {
  constructor(count, callback) {
    this.entries = new Array(count);
    this.results = new Array(count).fill(undefined);
    this.left = count;
    this.callback = callback;
    this.failed = null;
    this.resource = undefined; // its tick has come, not all results have
  }

  end(index, result) {
    this.results[index] = result;
    if (typeof result !== 'number') this.failed ??= result;
    this.left--;
    if (this.left === 0) this.resource?.runInAsyncScope(callMany, null, this);
  }
}

// One of such a list. It is pending until the callback of all has run.
class Entry extends Ticket {
  constructor(socket, address, port, many, index) {
    super(socket, address, port, undefined);
    this.many = many;
    this.index = index;
    many.entries[index] = this;
  }

  end(result) {
    this.result = result;
    this.many.end(this.index, isFailure(result) ? errorOf(this) : result);
  }

  endWithoutName(error) {
    this.end(error);
  }

  endWithoutBind(error) {
    this.end(error);
  }
}

function callMany(many) {
  try {
    many.callback(many.failed, many.results);
  } finally {
    for (const entry of many.entries) settle(entry);
  }
}

function onManyTick(many) {
  if (many.left > 0) flush();
  if (many.left === 0) callMany(many);
  else many.resource = new AsyncResource('UDPSENDWRAP');
}

function onManyAddress(many) {
  if (many.left > 0) flush();
  process.nextTick(onManyTick, many);
}

// list: of [bytes, port, address]; of [bytes] on a connected socket. callback(error, results): the
// first error or null, and for each datagram its bytes or its error. All are checked before any is
// sent.
function sendMany(list, callback) {
  const state = this[kState];
  const connected = state.connectState === CONNECTED;
  if (!Array.isArray(list)) throw errors.argType('list', 'an instance of Array', list);
  const sends = list.map((entry) => readEntry(entry, connected));
  prepare(this, state, sends.length, () => totalOf(sends));
  if (typeof callback === 'function') {
    acceptMany(this, state, sends, callback);
    return;
  }
  for (const { payload, port, address } of sends) {
    accept(new Ticket(this, address, port, undefined), state, payload);
  }
}

function acceptMany(socket, state, sends, callback) {
  const many = new Many(sends.length, callback);
  for (let i = 0; i < sends.length; i++) {
    const { payload, port, address } = sends[i];
    accept(new Entry(socket, address, port, many, i), state, payload);
  }
  process.nextTick(onManyAddress, many);
}

function totalOf(sends) {
  return sends.reduce((total, { payload }) => total + lengthOf(payload), 0);
}

function readEntry(entry, connected) {
  if (!Array.isArray(entry)) throw errors.argType('list', 'a list of arrays', entry);
  const [buffer, port, address] = entry;
  const payload = payloadOf(buffer);
  if (connected) {
    if (port || address) throw errors.misuse('isConnected');
    return { payload, port: null, address: undefined };
  }
  if (address !== undefined && address !== null) validate.string(address, 'address');
  return { payload, port: validate.port(port, 'Port', false), address };
}

// What `exit` would lose.

process.once('exit', () => {
  exiting = true;
  flush();
});

module.exports = {
  cancelLookups, flush, flushOld, onSent, parse, payloadOf, send, sendMany, sendto,
};
