'use strict';

// A socket: Node's dgram.Socket on the addon. Here: its life, binding, connecting. Sending stands in
// send.js, receiving in receive.js, options in options.js.

const EventEmitter = require('node:events');
const diagnostics = require('node:diagnostics_channel');
const net = require('node:net');
const nodeDgram = require('node:dgram');
const { UV_UDP_REUSEADDR } = require('node:os').constants;
const cluster = require('./cluster');
const errors = require('./errors');
const native = require('./native');
const options = require('./options');
const receive = require('./receive');
const sending = require('./send');
const validate = require('./validate');
const { Messages } = require('./iterate');
const { lookup, loopback } = require('./lookup');
const {
  BINDING, BOUND, CONNECTED, CONNECTING, DISCONNECTED, State, UNBOUND, kState,
} = require('./state');

const UV_UDP_IPV6ONLY = 1;
const UV_UDP_REUSEPORT = 8;

const created = diagnostics.channel('udp.socket');

// ---- creating ----

// A plain function, since programs inherit from Node's the old way too.
function Socket(type, listener) {
  EventEmitter.call(this);
  const given = type !== null && typeof type === 'object' ? type : undefined;
  if (given !== undefined) type = given.type;
  const state = new State(type);
  if (given !== undefined) readOptions(state, given);
  if (type !== 'udp4' && type !== 'udp6') throw errors.misuse('badType');
  this.type = type;
  if (typeof listener === 'function') this.on('message', listener);
  Object.defineProperty(this, kState, { value: state });
  state.handle = new native.Handle(this, { ipv6: state.ipv6, ...state.options });
  state.onSettled = endClosing;
  state.onNamed = endHandle;
  if (given?.signal !== undefined) obey(this, given.signal);
  if (created.hasSubscribers) created.publish({ socket: this });
}
Object.setPrototypeOf(Socket.prototype, nodeDgram.Socket.prototype);
Object.setPrototypeOf(Socket, EventEmitter);

function readBlockList(options, name) {
  const list = options[name];
  if (!list) return undefined;
  if (!(list instanceof net.BlockList)) {
    throw errors.argType(`options.${name}`, 'an instance of net.BlockList', list);
  }
  return list;
}

function readOptions(state, options) {
  for (const name of ['recvBufferSize', 'sendBufferSize']) {
    if (options[name]) validate.uint32(options[name], `options.${name}`);
  }
  state.recvBufferSize = options.recvBufferSize;
  state.sendBufferSize = options.sendBufferSize;
  state.receiveBlockList = readBlockList(options, 'receiveBlockList');
  state.sendBlockList = readBlockList(options, 'sendBlockList');
  if (options.lookup !== undefined) validate.func(options.lookup, 'lookup');
  state.lookup = options.lookup;
  state.options = {
    reuseAddr: Boolean(options.reuseAddr),
    reusePort: Boolean(options.reusePort),
    ipv6Only: Boolean(options.ipv6Only),
  };
}

function obey(socket, signal) {
  validate.signal(signal, 'options.signal');
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

// ---- binding ----

function anyAddress(state) {
  return state.ipv6 ? '::' : '0.0.0.0';
}

// Node's flags, for the primary of a cluster.
function flagsOf(state) {
  const options = state.options ?? {};
  return (options.reuseAddr ? UV_UDP_REUSEADDR : 0) |
    (options.ipv6Only ? UV_UDP_IPV6ONLY : 0) |
    (options.reusePort ? UV_UDP_REUSEPORT : 0);
}

function startReceiving(socket, state) {
  state.receiving = true;
  state.bindState = BOUND;
  if (state.recvBufferSize) socket.setRecvBufferSize(state.recvBufferSize);
  if (state.sendBufferSize) socket.setSendBufferSize(state.sendBufferSize);
}

// What waited for the bind follows its listeners.
function runQueue(state) {
  const { queue } = state;
  state.queue = undefined;
  if (queue !== undefined) for (const call of queue) call.run();
}

function startListening(socket, state) {
  startReceiving(socket, state);
  try {
    socket.emit('listening');
  } finally {
    runQueue(state);
  }
}

// What waited gets the bind's error.
function failBind(socket, state, error) {
  const { queue } = state;
  state.bindState = UNBOUND;
  state.queue = undefined;
  if (queue !== undefined) for (const call of queue) call.fail(error);
  socket.emit('error', error);
}

// The callback hears of its own bind only: an error takes it away.
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
}

function bindShared(socket, state, request, onError) {
  cluster.ask(socket, request, (errno, handle) => {
    if (state.handle === null) {
      handle?.close();
    } else if (errno) {
      onError(errno);
    } else {
      useShared(socket, state, handle, onError);
    }
  });
}

function useShared(socket, state, handle, onError) {
  const code = state.handle.adopt(handle.fd, true);
  if (code < 0) {
    handle.close();
    onError(code);
    return;
  }
  cluster.own(handle, socket);
  state.shared = handle;
  startListening(socket, state);
}

function bindDescriptor(socket, state, options) {
  const { fd, exclusive } = options;
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
  if (code < 0) throw errors.system(code, 'open');
  startListening(socket, state);
}

function bindAddress(socket, state, port, address, exclusive) {
  lookup(state, address || anyAddress(state), (error, ip) => {
    if (state.handle === null) return;
    if (error) {
      failBind(socket, state, error);
      return;
    }
    const fail = (errno) => failBind(socket, state, errors.systemAt(errno, 'bind', ip, port));
    if (cluster.shares(exclusive || state.options?.reusePort)) {
      const flags = flagsOf(state);
      bindShared(socket, state, { address: ip, port, addressType: socket.type, fd: -1, flags }, fail);
      return;
    }
    const code = state.handle.bind(ip, port || 0);
    if (code < 0) fail(code);
    else startListening(socket, state);
  });
}

function isDescriptor(port) {
  return port !== null && typeof port === 'object' && Number.isInteger(port.fd) && port.fd > 0 &&
    port.fd <= 0x7fffffff;
}

Socket.prototype.bind = function bind(port, address, ...rest) {
  const state = running(this);
  if (state.bindState !== UNBOUND) throw errors.misuse('alreadyBound');
  state.bindState = BINDING;
  const callback = [port, address, ...rest][Math.max(arguments.length, 1) - 1];
  if (typeof callback === 'function') onceListening(this, callback);
  if (isDescriptor(port)) bindDescriptor(this, state, port);
  else if (port !== null && typeof port === 'object') {
    bindAddress(this, state, port.port, port.address, Boolean(port.exclusive));
  } else {
    bindAddress(this, state, port, typeof address === 'function' ? '' : address, false);
  }
  return this;
};

// Whether a synchronous form can take this address; it cannot look up a name.
function checkLiteral(address, name, method) {
  validate.string(address, name);
  if (net.isIP(address) === 0) {
    throw errors.argValue(name, address,
      `must be a numeric IP address; ${method} does not perform DNS resolution`);
  }
}

Socket.prototype.bindSync = function bindSync(options = {}) {
  const state = running(this);
  validate.object(options, 'options');
  if (state.bindState !== UNBOUND) throw errors.misuse('alreadyBound');
  const port = validate.port(options.port ?? 0, 'options.port', true);
  const address = options.address || anyAddress(state);
  checkLiteral(address, 'options.address', 'bindSync');
  const code = state.handle.bind(address, port);
  if (code < 0) throw errors.systemAt(code, 'bind', address, port);
  startReceiving(this, state);
  process.nextTick(emitIfRunning, this, 'listening');
  return this.address();
};

function emitIfRunning(socket, event) {
  if (socket[kState].handle !== null) socket.emit(event);
}

// ---- connecting ----

Socket.prototype.connect = function connect(port, address, callback) {
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
  state.connectState = CONNECTING;
  if (state.bindState === UNBOUND) {
    try {
      this.bind({ port: 0, exclusive: true }, null);
    } catch (error) {
      state.connectState = DISCONNECTED;
      throw error;
    }
  }
  const run = () => startConnecting(this, state, port, address, callback);
  if (state.bindState === BOUND) {
    run();
    return;
  }
  state.queue ??= [];
  state.queue.push({ run, fail: (error) => failConnect(this, state, error, callback) });
};

function startConnecting(socket, state, port, address, callback) {
  if (callback) socket.once('connect', callback);
  lookup(state, address, (error, ip) => {
    if (state.handle === null) return;
    const failure = error ?? tryConnect(state, ip, address, port);
    if (failure) {
      state.connectState = DISCONNECTED;
      process.nextTick(failConnect, socket, state, failure, callback);
    } else {
      state.connectState = CONNECTED;
      process.nextTick(() => socket.emit('connect'));
    }
  });
}

// Returns an error, or undefined. What was sent to addresses before goes there.
function tryConnect(state, ip, address, port) {
  if (state.sendBlockList?.check(ip, `ipv${net.isIP(ip)}`)) return errors.blocked(ip);
  sending.flush();
  const code = state.handle.connect(ip, port);
  return code < 0 ? errors.systemAt(code, 'connect', address, port) : undefined;
}

function failConnect(socket, state, error, callback) {
  state.connectState = DISCONNECTED;
  if (callback) {
    socket.removeListener('connect', callback);
    callback(error);
  } else {
    socket.emit('error', error);
  }
}

Socket.prototype.connectSync = function connectSync(port, address) {
  const state = running(this);
  port = validate.port(port, 'Port', false);
  if (state.connectState !== DISCONNECTED) throw errors.misuse('isConnected');
  if (address === undefined || address === null || address === '') address = loopback(state);
  checkLiteral(address, 'address', 'connectSync');
  if (state.bindState === UNBOUND) this.bindSync();
  else if (state.bindState !== BOUND) throw errors.misuse('alreadyBound');
  const failure = tryConnect(state, address, address, port);
  if (failure) throw failure;
  state.connectState = CONNECTED;
  process.nextTick(emitIfRunning, this, 'connect');
};

Socket.prototype.disconnect = function disconnect() {
  const state = this[kState];
  if (state.connectState !== CONNECTED) throw errors.misuse('notConnected');
  sending.flush();
  const code = state.handle.disconnect();
  if (code < 0) throw errors.system(code, 'connect');
  state.connectState = DISCONNECTED;
};

// ---- addresses ----

function describe(socket, remote, syscall) {
  const answer = socket[kState].handle.address(remote);
  if (typeof answer === 'number') throw errors.system(answer, syscall);
  const [address, family, port] = answer;
  return { address, family, port };
}

Socket.prototype.address = function address() {
  running(this);
  return describe(this, false, 'getsockname');
};

Socket.prototype.remoteAddress = function remoteAddress() {
  const state = running(this);
  if (state.connectState !== CONNECTED) throw errors.misuse('notConnected');
  return describe(this, true, 'getpeername');
};

// ---- closing ----

// What was accepted leaves first, for as long as the addon lingers, and names that are still looked up
// have as long. `close` follows the last callback.
const LINGER_MS = 5000;

Socket.prototype.close = function close(callback) {
  if (typeof callback === 'function') this.on('close', callback);
  const state = this[kState];
  if (state.queue !== undefined) {
    state.queue.push({ run: () => this.close(), fail: () => {} });
    return this;
  }
  running(this);
  state.closing = state.handle;
  state.handle = null;
  state.receiving = false;
  sending.flush();
  if (state.lookups === 0) endHandle(state);
  else waitForLookups(state);
  if (state.pending === 0) endClosing(this);
  return this;
};

// The port is free now, unless sends wait for the kernel.
function endHandle(state) {
  clearTimeout(state.linger);
  state.closing.close(false);
  state.ended = true;
  state.shared?.close();
}

function waitForLookups(state) {
  state.closing.setReceiving(false);
  state.linger = setTimeout(endHandle, LINGER_MS, state);
}

function endClosing(socket) {
  const state = socket[kState];
  if (!state.ended) endHandle(state);
  state.closing = undefined;
  process.nextTick(() => socket.emit('close'));
}

if (Symbol.asyncDispose !== undefined) {
  Object.defineProperty(Socket.prototype, Symbol.asyncDispose, {
    value: async function asyncDispose() {
      if (this[kState].handle === null) return;
      await new Promise((resolve) => this.close(resolve));
    },
    configurable: true,
    writable: true,
  });
}

// ---- holding the program ----

Socket.prototype.ref = function ref() {
  this[kState].handle?.setRef(true);
  return this;
};

Socket.prototype.unref = function unref() {
  this[kState].handle?.setRef(false);
  return this;
};

// ---- what the addon tells ----

function onError(code, syscall) {
  if (this[kState].handle !== null) this.emit('error', errors.system(code, syscall));
}

// The addon's half has ended; `close` has been emitted or is about to be.
function onClose() {}

native.setup({
  onMessage: receive.onMessage,
  onSent: sending.onSent,
  onError,
  onClose,
});

const setReceiving = (socket, flag) => socket[kState].handle?.setReceiving(flag);

Socket.prototype[Symbol.asyncIterator] = function iterate() {
  return new Messages(this, setReceiving);
};

Socket.prototype.stats = function stats() {
  return running(this).handle.stats();
};

Socket.prototype.send = sending.send;
Socket.prototype.sendto = sending.sendto;
Socket.prototype.sendMany = sending.sendMany;
Object.assign(Socket.prototype, options);

module.exports = { Socket };
