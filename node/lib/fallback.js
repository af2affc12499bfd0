'use strict';

// The package where the addon cannot be had: Node's own sockets, with what we have beyond them in
// JavaScript. It is no faster than Node, and has of Node's API what this Node has.
//
// All that Node tells passes `emit`, and all sends pass `send` with a callback of ours; so datagrams
// can be counted, a queue limited, and callbacks that Node would lose be called: a send behind a bind
// that fails gets the bind's error, one that its socket's close has overtaken ECANCELED.

const EventEmitter = require('node:events');
const dgram = require('node:dgram');
const errors = require('./errors');
const validate = require('./validate');
const { Messages } = require('./iterate');
const { Pending } = require('./pending');
const { checkList, collect } = require('./many');

const ECANCELED = -require('node:os').constants.errno.ECANCELED;

// Beside the sockets, since Node's constructor calls methods of ours before it returns.
const pendings = new WeakMap();

function pendingOf(socket) {
  let pending = pendings.get(socket);
  if (pending === undefined) {
    pending = new Pending();
    pendings.set(socket, pending);
  }
  return pending;
}

// A plain function, since programs inherit from Node's the old way too.
function Socket(type, listener) {
  const limit = validate.queueLimit(type?.queueLimit);
  let socket = this;
  if (new.target === undefined) dgram.Socket.call(this, type, listener);
  else socket = Reflect.construct(dgram.Socket, [type, listener], new.target);
  pendingOf(socket).limit(limit);
  return socket;
}
Object.setPrototypeOf(Socket.prototype, dgram.Socket.prototype);
Object.setPrototypeOf(Socket, dgram.Socket);

const base = dgram.Socket.prototype;

// ---- events ----

function emitMessage(socket, args) {
  const pending = pendingOf(socket);
  pending.received(args[0].length);
  const heard = socket.listenerCount('messages') > 0;
  if (heard) base.emit.call(socket, 'messages', [args]);
  if (pending.closed) return heard;
  return base.emit.call(socket, 'message', ...args) || heard;
}

// Until a socket listens, an error is that of its bind.
function failBind(socket, error) {
  const pending = pendingOf(socket);
  if (!pending.bound) pending.failAll(error);
}

Socket.prototype.emit = function emit(event, ...args) {
  if (event === 'message') return emitMessage(this, args);
  if (event === 'listening') pendingOf(this).bound = true;
  else if (event === 'error') failBind(this, args[0]);
  else if (event === 'close') pendingOf(this).failAll(errors.system(ECANCELED, 'send'));
  return base.emit.call(this, event, ...args);
};

Socket.prototype.close = function close(callback) {
  const socket = base.close.call(this, callback);
  pendingOf(this).closed = true;
  return socket;
};

// ---- sending ----

function sizeOf(bytes) {
  if (Array.isArray(bytes)) return bytes.reduce((sum, part) => sum + sizeOf(part), 0);
  if (typeof bytes === 'string') return Buffer.byteLength(bytes);
  return ArrayBuffer.isView(bytes) ? bytes.byteLength : 0;
}

// What failed without a callback is an `error`: as Node has it for names, and for the rest where
// somebody listens.
function unheard(socket, error) {
  const mine = error.syscall === 'send' || error.code === 'ERR_IP_BLOCKED';
  if (!mine || socket.listenerCount('error') > 0) socket.emit('error', error);
}

// The arguments with our callback in place of theirs, or behind the last.
function withCallback(args, at, callback) {
  if (at > 0) return args.map((value, i) => (i === at ? callback : value));
  let end = args.length;
  while (end > 1 && (args[end - 1] === undefined || args[end - 1] === null)) end--;
  return [...args.slice(0, end), callback];
}

// Node calls this method again, with our callback, for what has waited for a bind.
Socket.prototype.send = function send(...args) {
  const pending = pendingOf(this);
  const size = typeof args[2] === 'number' ? args[2] : sizeOf(args[0]);
  const at = args.findLastIndex((value) => typeof value === 'function');
  const callback = at > 0 ? args[at] : undefined;
  if (pending.has(callback)) {
    base.send.apply(this, args);
    return;
  }
  pending.check(1, size);
  const end = pending.accept(size, (error, bytes) => {
    if (callback !== undefined) callback(error, bytes);
    else if (error) unheard(this, error);
    if (pending.drained()) this.emit('drain');
  });
  try {
    base.send.apply(this, withCallback(args, at, end));
  } catch (error) {
    pending.forget(end);
    throw error;
  }
};

Socket.prototype.sendMany = function sendMany(list, callback) {
  const connected = isConnected(this);
  checkList(list, connected);
  pendingOf(this).check(list.length, sizeOf(list.map(([bytes]) => bytes)));
  const callbackOf = collect(list.length, callback);
  list.forEach(([bytes, port, address], i) => {
    if (connected) this.send(bytes, callbackOf(i));
    else this.send(bytes, port, address, callbackOf(i));
  });
};

function isConnected(socket) {
  try {
    socket.remoteAddress();
    return true;
  } catch {
    return false;
  }
}

// ---- what we have beyond Node ----

// Node's handle is inside a state that has no public name.
function handleOf(socket) {
  const symbol = Object.getOwnPropertySymbols(socket).find((one) => one.description === 'state symbol');
  return symbol === undefined ? undefined : socket[symbol].handle;
}

// Elsewhere than in Node it goes on, and the iterator drops what is too much.
function setReceiving(socket, flag) {
  const handle = handleOf(socket);
  if (flag) handle?.recvStart?.();
  else handle?.recvStop?.();
}

Socket.prototype[Symbol.asyncIterator] = function iterate() {
  return new Messages(this, setReceiving);
};

Socket.prototype.stats = function stats() {
  const pending = pendingOf(this);
  if (pending.closed) throw errors.misuse('notRunning');
  return pending.stats();
};

module.exports = { Socket };
