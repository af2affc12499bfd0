'use strict';

// Connecting: a socket's peer. What was sent to addresses before still goes there.

const net = require('node:net');
const errors = require('./errors');
const queue = require('./queue');
const sending = require('./send');
const validate = require('./validate');
const { lookup, loopback } = require('./lookup');
const { BOUND, CONNECTED, CONNECTING, DISCONNECTED, UNBOUND, kState } = require('./state');

function bindFirst(socket, state) {
  try {
    socket.bind({ port: 0, exclusive: true }, null);
  } catch (error) {
    state.connectState = DISCONNECTED;
    throw error;
  }
}

function connect(port, address, callback) {
  port = validate.port(port, 'Port', false);
  if (typeof address === 'function') {
    callback = address;
    address = '';
  } else if (address === undefined) {
    address = '';
  }
  validate.string(address, 'address');
  const state = this[kState];
  if (state.connectState !== DISCONNECTED) throw errors.misuse('isConnected');
  if (state.handle === null) throw errors.misuse('notRunning');
  state.connectState = CONNECTING;
  if (state.bindState === UNBOUND) bindFirst(this, state);
  const run = () => start(this, state, port, address, callback);
  if (state.bindState === BOUND) run();
  else queue.enqueue(this, state, { run, fail: (error) => failBehindBind(state, error, callback) });
}

function start(socket, state, port, address, callback) {
  if (callback) socket.once('connect', callback);
  lookup(state, address, (error, ip) => {
    if (state.handle === null) return;
    const failure = error ?? tryConnect(state, ip, address, port);
    if (failure) {
      state.connectState = DISCONNECTED;
      process.nextTick(fail, socket, failure, callback);
    } else {
      state.connectState = CONNECTED;
      process.nextTick(() => socket.emit('connect'));
    }
  });
}

// Returns an error, or undefined.
function tryConnect(state, ip, address, port) {
  if (state.sendBlockList?.check(ip, `ipv${net.isIP(ip)}`)) return errors.blocked(ip);
  sending.flush();
  const code = state.handle.connect(ip, port);
  return code < 0 ? errors.systemAt(code, 'connect', address, port) : undefined;
}

function fail(socket, error, callback) {
  if (callback) {
    socket.removeListener('connect', callback);
    callback(error);
  } else {
    socket.emit('error', error);
  }
}

// Without a callback the bind's own `error` has told it.
function failBehindBind(state, error, callback) {
  state.connectState = DISCONNECTED;
  if (typeof callback === 'function') process.nextTick(callback, error);
}

function connectSync(port, address) {
  const state = this[kState];
  if (state.handle === null) throw errors.misuse('notRunning');
  port = validate.port(port, 'Port', false);
  if (state.connectState !== DISCONNECTED) throw errors.misuse('isConnected');
  if (address === undefined || address === null || address === '') address = loopback(state);
  validate.literal(address, 'address', 'connectSync');
  if (state.bindState === UNBOUND) this.bindSync();
  else if (state.bindState !== BOUND) throw errors.misuse('alreadyBound');
  const failure = tryConnect(state, address, address, port);
  if (failure) throw failure;
  state.connectState = CONNECTED;
  process.nextTick(emitConnect, this, state);
}

function emitConnect(socket, state) {
  if (state.handle !== null) socket.emit('connect');
}

function disconnect() {
  const state = this[kState];
  if (state.connectState !== CONNECTED) throw errors.misuse('notConnected');
  if (state.handle === null) throw errors.misuse('notRunning');
  sending.flush();
  const code = state.handle.disconnect();
  if (code < 0) throw errors.system(code, 'connect');
  state.connectState = DISCONNECTED;
}

module.exports = { connect, connectSync, disconnect };
