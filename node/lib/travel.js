'use strict';

// Sockets that travel to a child process: child.send(message, socket). Node looks there for what its
// own dgram keeps behind a symbol: a handle of its own, whose descriptor goes along. Ours is a copy of
// the socket's, made when somebody looks, and closed with it. So do programs that still look for
// `socket._handle.fd`.

const nodeDgram = require('node:dgram');
const { kState } = require('./state');

// The symbol is not told, but ref() reads the property that it names, and no more where there is no
// handle.
function findSymbol() {
  let found;
  const probe = new Proxy({}, {
    get(target, key) {
      found = key;
      return { handle: null };
    },
  });
  nodeDgram.Socket.prototype.ref.call(probe);
  return typeof found === 'symbol' ? found : undefined;
}

const kNodeState = findSymbol();

// Node's socket on a copy of the descriptor; without one where ours is not bound.
function copyOf(socket, state) {
  const copy = new nodeDgram.Socket(socket.type);
  const fd = state.handle.duplicate();
  if (fd < 0) return copy;
  copy.bind({ fd, exclusive: true });
  copy[kNodeState].handle.recvStop(); // what comes is for those who read from ours
  return copy;
}

function handleOf(socket, state) {
  if (state.handle === null) return null;
  if (state.copy !== undefined && state.copy[kNodeState].handle.fd < 0) closeCopy(state);
  state.copy ??= copyOf(socket, state);
  return state.copy[kNodeState].handle;
}

function closeCopy(state) {
  state.copy?.close();
  state.copy = undefined;
}

// What Node's code finds there. Nothing but the handle is of use to it, and nothing can be set.
function view(socket) {
  const state = socket[kState];
  return {
    get handle() { return handleOf(socket, state); },
    set handle(value) {},
    receiving: state.receiving,
    bindState: state.bindState,
    connectState: state.connectState,
    queue: state.queue,
    reuseAddr: state.options.reuseAddr,
  };
}

function install(prototype) {
  if (kNodeState === undefined) return;
  Object.defineProperty(prototype, kNodeState, {
    get() { return view(this); },
    set() {},
    configurable: true,
  });
}

module.exports = { closeCopy, install };
