'use strict';

// Binding. The address is looked up first, so bind() always ends later; a descriptor, or a handle of
// Node's own, is bound within the call, as in Node. In a worker of a cluster the primary is asked.

const EventEmitter = require('node:events');
const { UV_UDP_REUSEADDR } = require('node:os').constants;
const { EINVAL } = require('node:os').constants.errno;
const cluster = require('./cluster');
const errors = require('./errors');
const native = require('./native');
const queue = require('./queue');
const validate = require('./validate');
const { shareHandle } = require('./handle');
const { lookup } = require('./lookup');
const { BINDING, BOUND, CONNECTED, UNBOUND, kState } = require('./state');

const UV_UDP_IPV6ONLY = 1;
const UV_UDP_REUSEPORT = 8;

function anyAddress(state) {
  return state.ipv6 ? '::' : '0.0.0.0';
}

// Node's flags, for the primary of a cluster.
function flagsOf(state) {
  const { reuseAddr, ipv6Only, reusePort } = state.options;
  return (reuseAddr ? UV_UDP_REUSEADDR : 0) | (ipv6Only ? UV_UDP_IPV6ONLY : 0) |
    (reusePort ? UV_UDP_REUSEPORT : 0);
}

// ---- outcome ----

function startReceiving(socket, state) {
  state.receiving = true;
  state.bindState = BOUND;
  if (state.recvBufferSize) socket.setRecvBufferSize(state.recvBufferSize);
  if (state.sendBufferSize) socket.setSendBufferSize(state.sendBufferSize);
}

// What waited for the bind leaves whatever a listener does.
function startListening(socket, state) {
  try {
    startReceiving(socket, state);
    socket.emit('listening');
  } finally {
    queue.run(state);
  }
}

// A close that waited for the bind is not lost: it follows the error.
function failBind(socket, state, error) {
  const closes = state.closeQueued;
  state.bindState = UNBOUND;
  state.closeQueued = false;
  queue.fail(socket, state, error);
  try {
    socket.emit('error', error);
  } finally {
    if (closes && state.handle !== null) socket.close();
  }
}

// The callback hears of its own bind only: an error takes it away. Returns what does.
function onceListening(socket, callback) {
  const forget = () => {
    socket.removeListener(EventEmitter.errorMonitor, forget);
    socket.removeListener('listening', heard);
  };
  function heard() {
    forget();
    callback.call(this);
  }
  socket.on(EventEmitter.errorMonitor, forget);
  socket.on('listening', heard);
  return forget;
}

// ---- descriptors, and handles of Node's ----

// A descriptor may have a peer already.
function noteAdopted(state) {
  if (typeof state.handle.address(true) !== 'number') state.connectState = CONNECTED;
}

// The handle is kept for whoever gave it; we read from a copy of its descriptor. One that has none is
// not bound yet.
function adoptHandle(socket, state, handle) {
  shareHandle(socket, state);
  const code = handle.fd >= 0 ? state.handle.adopt(handle.fd, true)
    : state.handle.bind(anyAddress(state), 0);
  if (code < 0) return code;
  cluster.own(handle, socket);
  state.shared = handle;
  noteAdopted(state);
  return 0;
}

function bindHandle(socket, state, handle) {
  const code = adoptHandle(socket, state, handle);
  if (code < 0) throw errors.system(code, 'open');
  startListening(socket, state);
}

function bindShared(socket, state, request, onError) {
  cluster.ask(socket, request, (errno, handle) => {
    if (state.handle === null) {
      handle?.close();
      return;
    }
    const code = errno || adoptHandle(socket, state, handle);
    if (code === 0) {
      startListening(socket, state);
    } else {
      handle?.close();
      onError(code);
    }
  });
}

function bindDescriptor(socket, state, { fd, exclusive }) {
  if (cluster.shares(exclusive)) {
    const request = { address: null, port: null, addressType: socket.type, fd, flags: null };
    bindShared(socket, state, request, (errno) => {
      failBind(socket, state, errors.system(errno, 'open'));
    });
    return;
  }
  const type = native.addon.fdType(fd);
  if (type !== 'UDP') throw errors.fdType(type);
  const code = state.handle.adopt(fd, false);
  if (code === native.EFDTYPE) throw errors.fdType(`UDP, but not of ${socket.type}`);
  if (code < 0) throw errors.system(code, 'open');
  noteAdopted(state);
  startListening(socket, state);
}

// ---- addresses ----

// Node hands on any number, of which the system takes 16 bits.
function bindTo(state, ip, port) {
  if (!state.ipv6 && state.options.ipv6Only) return -EINVAL;
  return state.handle.bind(ip, (port >>> 0) & 0xffff);
}

function bindAddress(socket, state, port, address, exclusive) {
  lookup(state, address || anyAddress(state), (error, ip) => {
    if (state.handle === null) return;
    if (error) {
      failBind(socket, state, error);
      return;
    }
    const fail = (errno) => failBind(socket, state, errors.systemAt(errno, 'bind', ip, port));
    if (cluster.shares(exclusive || state.options.reusePort)) {
      const flags = flagsOf(state);
      bindShared(socket, state, { address: ip, port, addressType: socket.type, fd: -1, flags }, fail);
      return;
    }
    const code = bindTo(state, ip, port);
    if (code < 0) fail(code);
    else startListening(socket, state);
  });
}

// ---- bind ----

function isDescriptor(options) {
  const { fd } = options;
  return typeof fd === 'number' && fd === (fd | 0) && fd > 0;
}

function start(socket, state, port, address) {
  if (port === null || typeof port !== 'object') {
    bindAddress(socket, state, port, typeof address === 'function' ? '' : address, false);
  } else if (typeof port.recvStart === 'function') {
    bindHandle(socket, state, port);
  } else if (isDescriptor(port)) {
    bindDescriptor(socket, state, port);
  } else {
    bindAddress(socket, state, port.port, port.address, Boolean(port.exclusive));
  }
}

// A bind that throws has not begun.
function bind(port, address, ...rest) {
  const state = this[kState];
  if (state.handle === null) throw errors.misuse('notRunning');
  if (state.bindState !== UNBOUND) throw errors.misuse('alreadyBound');
  const callback = [port, address, ...rest][Math.max(arguments.length, 1) - 1];
  const forget = typeof callback === 'function' ? onceListening(this, callback) : undefined;
  state.bindState = BINDING;
  try {
    start(this, state, port, address);
  } catch (error) {
    if (state.bindState === BINDING) {
      state.bindState = UNBOUND;
      forget?.();
    }
    throw error;
  }
  return this;
}

function bindSync(options = {}) {
  const state = this[kState];
  if (state.handle === null) throw errors.misuse('notRunning');
  validate.object(options, 'options');
  if (state.bindState !== UNBOUND) throw errors.misuse('alreadyBound');
  const port = validate.port(options.port ?? 0, 'options.port', true);
  const address = options.address || anyAddress(state);
  validate.literal(address, 'options.address', 'bindSync');
  const code = bindTo(state, address, port);
  if (code < 0) throw errors.systemAt(code, 'bind', address, port);
  becomeBound(this, state);
  return this.address();
}

// Within a call; `listening` follows.
function becomeBound(socket, state) {
  startReceiving(socket, state);
  process.nextTick(emitListening, socket, state);
}

function emitListening(socket, state) {
  if (state.handle !== null) socket.emit('listening');
}

module.exports = { becomeBound, bind, bindSync };
