'use strict';

// A socket: Node's dgram.Socket on the addon. Here: creating and closing, its addresses. Binding stands
// in bind.js, connecting in connect.js, sending in send.js, receiving in receive.js, options in
// options.js.

const EventEmitter = require('node:events');
const diagnostics = require('node:diagnostics_channel');
const net = require('node:net');
const nodeDgram = require('node:dgram');
const binding = require('./bind');
const connecting = require('./connect');
const errors = require('./errors');
const native = require('./native');
const options = require('./options');
const queue = require('./queue');
const receive = require('./receive');
const sending = require('./send');
const travel = require('./travel');
const validate = require('./validate');
const { makeHandle } = require('./handle');
const { Messages } = require('./iterate');
const { CONNECTED, State, kState } = require('./state');

const created = diagnostics.channel('udp.socket');

// ---- creating ----

// A plain function, since programs inherit from Node's the old way too.
function Socket(type, listener) {
  EventEmitter.call(this);
  const given = type !== null && typeof type === 'object' ? type : {};
  if (given === type) type = given.type;
  const state = new State(type, readOptions(given));
  if (type !== 'udp4' && type !== 'udp6') throw errors.misuse('badType');
  if (given.signal !== undefined) validate.signal(given.signal, 'options.signal');
  this.type = type;
  if (typeof listener === 'function') this.on('message', listener);
  Object.defineProperty(this, kState, { value: state });
  state.handle = makeHandle(this, state, false);
  state.onSettled = endClosing;
  state.onNamed = endNamed;
  if (given.signal !== undefined) obey(this, given.signal);
  if (created.hasSubscribers) created.publish({ socket: this });
}
Object.setPrototypeOf(Socket.prototype, nodeDgram.Socket.prototype);
Object.setPrototypeOf(Socket, EventEmitter);

function readBlockList(given, name) {
  const list = given[name];
  if (!list) return undefined;
  if (!(list instanceof net.BlockList)) {
    throw errors.argType(`options.${name}`, 'an net.BlockList', list);
  }
  return list;
}

// Checked in Node's order.
function readOptions(given) {
  for (const name of ['recvBufferSize', 'sendBufferSize']) {
    if (given[name]) validate.uint32(given[name], `options.${name}`);
  }
  const receiveBlockList = readBlockList(given, 'receiveBlockList');
  const sendBlockList = readBlockList(given, 'sendBlockList');
  if (given.lookup !== undefined) validate.func(given.lookup, 'lookup');
  return {
    recvBufferSize: given.recvBufferSize,
    sendBufferSize: given.sendBufferSize,
    receiveBlockList,
    sendBlockList,
    lookup: given.lookup,
    reuseAddr: Boolean(given.reuseAddr),
    reusePort: Boolean(given.reusePort),
    ipv6Only: Boolean(given.ipv6Only),
    noGso: given.gso === false,
    noGro: given.gro === false,
    queueLimit: validate.queueLimit(given.queueLimit),
  };
}

function obey(socket, signal) {
  const onAbort = () => {
    if (socket[kState].handle !== null) socket.close();
  };
  if (signal.aborted) {
    onAbort();
    return;
  }
  signal.addEventListener('abort', onAbort, { once: true });
  socket.once('close', () => signal.removeEventListener('abort', onAbort));
}

// The state of a socket that is not closed.
function running(socket) {
  const state = socket[kState];
  if (state.handle === null) throw errors.misuse('notRunning');
  return state;
}

// ---- addresses ----

function describe(state, remote, syscall) {
  const answer = state.handle.address(remote);
  if (typeof answer === 'number') throw errors.system(answer, syscall);
  const [address, family, port] = answer;
  return { address, family, port };
}

function address() {
  return describe(running(this), false, 'getsockname');
}

function remoteAddress() {
  const state = running(this);
  if (state.connectState !== CONNECTED) throw errors.misuse('notConnected');
  return describe(state, true, 'getpeername');
}

// ---- closing ----

// What was accepted leaves first, for as long as the addon lingers, and names that are still looked up
// have as long. `close` follows the last callback.
const LINGER_MS = 5000;

function close(callback) {
  const state = this[kState];
  if (typeof callback === 'function') this.on('close', callback);
  if (state.closeQueued) throw errors.misuse('notRunning');
  if (state.queue !== undefined) {
    state.closeQueued = true;
    queue.enqueue(this, state, { run: () => closeNow(this, state), fail: () => {} });
    return this;
  }
  running(this);
  closeNow(this, state);
  return this;
}

function closeNow(socket, state) {
  state.closeQueued = false;
  if (state.handle === null) return;
  sending.flush();
  state.closing = state.handle;
  state.handle = null;
  state.receiving = false;
  travel.closeCopy(state);
  if (state.naming.size === 0) endHandle(state);
  else waitForLookups(state);
  if (state.pending === 0) endClosing(socket);
}

// The port is free now, unless sends wait for the kernel.
function endHandle(state) {
  clearTimeout(state.linger);
  state.closing.close(false);
  state.ended = true;
  state.shared?.close();
}

function waitForLookups(state) {
  state.closing.setReceiving(false);
  state.linger = setTimeout(endLinger, LINGER_MS, state);
}

// What they were waited for leaves; that may have been all that was pending.
function endNamed(state) {
  sending.flush();
  if (!state.ended) endHandle(state);
}

function endLinger(state) {
  endHandle(state);
  sending.cancelLookups(state);
}

function endClosing(socket) {
  const state = socket[kState];
  if (!state.ended) endHandle(state);
  state.closing = undefined;
  process.nextTick(() => socket.emit('close'));
}

async function asyncDispose() {
  if (this[kState].handle === null) return;
  await new Promise((resolve) => { this.close(resolve); });
}

// ---- holding the program ----

function setRef(state, flag) {
  state.reffed = flag;
  state.handle?.setRef(flag);
}

function ref() {
  setRef(this[kState], true);
  return this;
}

function unref() {
  setRef(this[kState], false);
  return this;
}

// ---- what the addon tells ----

function onError(code, syscall) {
  if (this[kState].handle !== null) this.emit('error', errors.system(code, syscall));
}

// The addon's half has ended; `close` has been emitted or is about to be.
function onClose() {}

native.setup({
  onMessage: receive.onMessage,
  onHeld: sending.flush,
  onSent: sending.onSent,
  onError,
  onClose,
});

// ---- beyond Node ----

const setReceiving = (socket, flag) => socket[kState].handle?.setReceiving(flag);

function iterate() {
  return new Messages(this, setReceiving);
}

function stats() {
  return running(this).handle.stats();
}

// ---- the class ----

const { bind, bindSync } = binding;
const { connect, connectSync, disconnect } = connecting;
const { send, sendto, sendMany } = sending;

const methods = {
  ...options, address, bind, bindSync, close, connect, connectSync, disconnect, ref, remoteAddress,
  send, sendMany, sendto, stats, unref,
};

function define(name, value) {
  Object.defineProperty(Socket.prototype, name, {
    value, configurable: true, enumerable: typeof name === 'string', writable: true,
  });
}

for (const [name, method] of Object.entries(methods)) define(name, method);
define(Symbol.asyncIterator, iterate);
if (Symbol.asyncDispose !== undefined) define(Symbol.asyncDispose, asyncDispose);
travel.install(Socket.prototype);

module.exports = { Socket };
