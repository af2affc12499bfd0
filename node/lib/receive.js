'use strict';

// From the addon's batches to `message` and `messages`.
//
// onMessage is called once for each datagram, as an event of its own. A message is copied out of the
// slab into memory of its own, which begins at its first byte, as Node's does: programs keep messages
// for ever, and look at their `buffer`.

const native = require('./native');
const sending = require('./send');
const { kState } = require('./state');

const {
  addon, receiveSlab, receiveMeta, ADDRESS_STRIDE, COUNT_AT, INDEX_AT, MESSAGE_STRIDE, SENDERS_AT,
} = native;

// V8 keeps the bytes of so small an array beside it, which is several times cheaper than memory of its
// own (and zeroes them, which so few do not mind).
const SMALL = 64;

function copyOf(offset, length) {
  if (length <= SMALL) {
    const buffer = Buffer.alloc(length);
    for (let i = 0; i < length; i++) buffer[i] = receiveSlab[offset + i];
    return buffer;
  }
  const buffer = Buffer.allocUnsafeSlow(length);
  buffer.set(receiveSlab.subarray(offset, offset + length));
  return buffer;
}

// ---- senders ----

// Texts of addresses, by their 32 bits for IPv4. A server hears from some thousands of clients; one
// that hears from more begins anew now and then.
const TEXTS_MAX = 8192;
const texts4 = new Map();

function textOf4(bits, index) {
  let text = texts4.get(bits);
  if (text === undefined) {
    if (texts4.size >= TEXTS_MAX) texts4.clear();
    text = addon.senderText(index);
    texts4.set(bits, text);
  }
  return text;
}

// The last sender of IPv6: its four words, its scope, its text. (Its scope may change its name.)
const last6 = { words: new Int32Array(5), text: '' };

function textOf6(at, index) {
  const { words } = last6;
  let same = last6.text !== '';
  for (let i = 0; i < 5; i++) {
    if (words[i] !== receiveMeta[at + 2 + i]) {
      words[i] = receiveMeta[at + 2 + i];
      same = false;
    }
  }
  if (!same || words[0] !== 0) last6.text = addon.senderText(index);
  return last6.text;
}

function rinfoOf(index, size) {
  const at = SENDERS_AT + ADDRESS_STRIDE * index;
  const port = receiveMeta[at + 1];
  if (receiveMeta[at] === 4) {
    return { address: textOf4(receiveMeta[at + 3], index), family: 'IPv4', port, size };
  }
  return { address: textOf6(at, index), family: 'IPv6', port, size };
}

// ---- telling ----

function isBlocked(state, rinfo) {
  return state.receiveBlockList !== undefined &&
    state.receiveBlockList.check(rinfo.address, rinfo.family === 'IPv4' ? 'ipv4' : 'ipv6');
}

function tellOne(socket, state, index) {
  const at = MESSAGE_STRIDE * index;
  const length = receiveMeta[at + 1];
  const rinfo = rinfoOf(receiveMeta[at + 2], length);
  if (!isBlocked(state, rinfo)) socket.emit('message', copyOf(receiveMeta[at], length), rinfo);
}

// Where the messages of a batch that stand next to each other end.
function endOfRun(from, count) {
  let end = receiveMeta[MESSAGE_STRIDE * from];
  let i = from;
  while (i < count && receiveMeta[MESSAGE_STRIDE * i] === end) {
    end += receiveMeta[MESSAGE_STRIDE * i + 1];
    i++;
  }
  return { next: i, end };
}

function totalLength(count) {
  let total = 0;
  for (let i = 0; i < count; i++) total += receiveMeta[MESSAGE_STRIDE * i + 1];
  return total;
}

// A batch is copied as a whole: its messages share one piece of memory.
function copyBatch(count) {
  const bytes = Buffer.allocUnsafeSlow(totalLength(count));
  for (let i = 0, at = 0; i < count;) {
    const begin = receiveMeta[MESSAGE_STRIDE * i];
    const { next, end } = endOfRun(i, count);
    bytes.set(receiveSlab.subarray(begin, end), at);
    at += end - begin;
    i = next;
  }
  return bytes;
}

function collect(state, count) {
  const messages = [];
  const bytes = copyBatch(count);
  for (let i = 0, offset = 0; i < count; i++) {
    const at = MESSAGE_STRIDE * i;
    const length = receiveMeta[at + 1];
    const rinfo = rinfoOf(receiveMeta[at + 2], length);
    if (!isBlocked(state, rinfo)) messages.push([bytes.subarray(offset, offset + length), rinfo]);
    offset += length;
  }
  return messages;
}

// `messages` come before the `message`s of the same datagrams, and in an event of their own.
function tellAll(socket, state, count) {
  const messages = collect(state, count);
  state.toldBatch = socket.listenerCount('message') > 0;
  receiveMeta[INDEX_AT] = state.toldBatch ? 0 : count;
  if (messages.length > 0) socket.emit('messages', messages);
}

// Where it goes on is written before a listener is called, who may throw. A socket that was closed
// meanwhile hears no more.
function onMessage() {
  const state = this[kState];
  sending.flushOld();
  const index = receiveMeta[INDEX_AT];
  const count = receiveMeta[COUNT_AT];
  if (state.handle === null) {
    receiveMeta[INDEX_AT] = count;
  } else if (index === 0 && !state.toldBatch && this.listenerCount('messages') > 0) {
    tellAll(this, state, count);
  } else {
    state.toldBatch = false;
    receiveMeta[INDEX_AT] = index + 1;
    tellOne(this, state, index);
  }
}

module.exports = { onMessage };
