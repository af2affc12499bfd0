'use strict';

// Node's errors: the same classes, codes and texts as those of `node:dgram` in the newest Node, made
// without its internals. A program that looks at `code`, `errno`, `syscall`, `address`, `port` or the
// text finds what it knows.

const { EINVAL, EISCONN, ENOTCONN } = require('node:os').constants.errno;
const { inspect, getSystemErrorName } = require('node:util');

// What an argument was, as Node's messages say it.
function describe(value) {
  if (value === null || value === undefined) return String(value);
  switch (typeof value) {
    case 'function':
      return `function ${value.name}`;
    case 'object': {
      const name = value.constructor?.name;
      if (typeof name === 'string' && name !== '') return `an instance of ${name}`;
      return inspect(value, { depth: -1 });
    }
    case 'bigint':
      return `type bigint (${value}n)`;
    case 'number':
      return `type number (${Object.is(value, -0) ? '-0' : value})`;
    case 'string':
      return `type string (${quote(value.length > 28 ? `${value.slice(0, 25)}...` : value)})`;
    default:
      return `type ${typeof value} (${String(value)})`;
  }
}

function quote(text) {
  return text.includes("'") ? JSON.stringify(text) : `'${text}'`;
}

// 'a', 'a or b', 'a, b, or c'
function alternatives(words) {
  if (words.length < 3) return words.join(' or ');
  return `${words.slice(0, -1).join(', ')}, or ${words[words.length - 1]}`;
}

// "property" where the name has a dot: options.signal
function kindOf(name) {
  return name.includes('.') ? 'property' : 'argument';
}

// An error whose stack begins with `TypeError [CODE]: text`, and whose name is plain afterwards.
function make(Base, code, text, name = Base.name) {
  const error = new Base(text);
  Object.defineProperty(error, 'name', { value: `${name} [${code}]`, configurable: true });
  Error.captureStackTrace(error, make);
  void error.stack; // formatted now, with that name
  delete error.name;
  Object.defineProperty(error, 'toString', { value: toString, configurable: true, writable: true });
  error.code = code;
  return error;
}

function toString() {
  return `${this.name} [${this.code}]: ${this.message}`;
}

// expected: what the text says after "must be"
function argType(name, expected, actual) {
  return make(TypeError, 'ERR_INVALID_ARG_TYPE',
    `The "${name}" ${kindOf(name)} must be ${expected}. Received ${describe(actual)}`);
}

function argValue(name, value, reason) {
  let text = inspect(value);
  if (text.length > 128) text = `${text.slice(0, 128)}...`;
  return make(TypeError, 'ERR_INVALID_ARG_VALUE',
    `The ${kindOf(name)} '${name}' ${reason}. Received ${text}`);
}

function outOfRange(name, range, value) {
  const text = Number.isInteger(value) && Math.abs(value) > 2 ** 32
    ? String(value).replace(/\B(?=(\d{3})+$)/g, '_') : inspect(value);
  return make(RangeError, 'ERR_OUT_OF_RANGE',
    `The value of "${name}" is out of range. It must be ${range}. Received ${text}`);
}

function badPort(name, port, allowZero) {
  return make(RangeError, 'ERR_SOCKET_BAD_PORT',
    `${name} should be ${allowZero ? '>=' : '>'} 0 and < 65536. Received ${describe(port)}.`);
}

const fixed = {
  alreadyBound: [Error, 'ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound'],
  notRunning: [Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running'],
  isConnected: [Error, 'ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected'],
  notConnected: [Error, 'ERR_SOCKET_DGRAM_NOT_CONNECTED', 'Not connected'],
  badType: [TypeError, 'ERR_SOCKET_BAD_TYPE',
    'Bad socket type specified. Valid types are: udp4, udp6'],
  badBufferSize: [TypeError, 'ERR_SOCKET_BAD_BUFFER_SIZE', 'Buffer size must be a positive integer'],
  queueFull: [Error, 'ERR_SOCKET_QUEUE_FULL', 'The send queue is full'],
};

function misuse(what) {
  return make(...fixed[what]);
}

function outOfBounds(name) {
  return make(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', `"${name}" is outside of buffer bounds`);
}

function missingArgument(name) {
  return make(TypeError, 'ERR_MISSING_ARGS', `The "${name}" argument must be specified`);
}

function fdType(type) {
  return make(TypeError, 'ERR_INVALID_FD_TYPE', `Unsupported fd type: ${type}`);
}

function blocked(address) {
  return make(Error, 'ERR_IP_BLOCKED', `IP(${address}) is blocked by net.BlockList`);
}

// ---- the system's ----

// A code of dgram.h's own, as the system would have said it.
const OWN = { '-5005': -EISCONN, '-5006': -ENOTCONN };

function errnoOf(code) {
  return code > -5000 ? code : OWN[code] ?? -EINVAL;
}

function nameOf(errno) {
  return getSystemErrorName(errno) ?? `Unknown system error ${errno}`;
}

// `bind EADDRINUSE 127.0.0.1:53`; address and port may be left out.
function system(result, syscall, address, port) {
  const errno = errnoOf(result);
  const code = nameOf(errno);
  let text = `${syscall} ${code}`;
  if (port && port > 0) text += ` ${address}:${port}`;
  else if (address) text += ` ${address}`;
  const error = new Error(text);
  Error.captureStackTrace(error, system);
  error.errno = errno;
  error.code = code;
  error.syscall = syscall;
  return error;
}

function systemAt(result, syscall, address, port) {
  const error = system(result, syscall, address, port);
  Error.captureStackTrace(error, systemAt);
  error.address = address;
  if (port) error.port = port;
  return error;
}

// What setRecvBufferSize and its kin throw: Node's SystemError.
function bufferSize(result, syscall, message) {
  const errno = errnoOf(result);
  const info = { errno, code: nameOf(errno), message, syscall };
  const error = make(Error, 'ERR_SOCKET_BUFFER_SIZE',
    `Could not get or set buffer size: ${syscall} returned ${info.code} (${message})`, 'SystemError');
  Object.defineProperty(error, 'name', { value: 'SystemError', writable: true, configurable: true });
  Object.defineProperty(error, 'info', { value: info, enumerable: true, configurable: true });
  for (const key of ['errno', 'syscall']) {
    Object.defineProperty(error, key, {
      get: () => info[key],
      set: (value) => { info[key] = value; },
      enumerable: true,
      configurable: true,
    });
  }
  Object.defineProperty(error, inspect.custom, { value: inspectGetters });
  return error;
}

function inspectGetters(depth, options) {
  return inspect(this, { ...options, getters: true, customInspect: false });
}

module.exports = {
  alternatives,
  argType,
  argValue,
  badPort,
  blocked,
  bufferSize,
  fdType,
  misuse,
  missingArgument,
  outOfBounds,
  outOfRange,
  system,
  systemAt,
};
