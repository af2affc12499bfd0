'use strict';

// Arguments, checked as Node checks them. Each throws Node's error, and returns what is used.

const net = require('node:net');
const errors = require('./errors');

function port(value, name, allowZero) {
  if (typeof value === 'number' || (typeof value === 'string' && value.trim() !== '')) {
    const number = +value;
    if (number === number >>> 0 && number <= 0xffff && (number !== 0 || allowZero)) return number;
  }
  throw errors.badPort(name, value, allowZero);
}

function string(value, name) {
  if (typeof value !== 'string') throw errors.argType(name, 'of type string', value);
}

function number(value, name) {
  if (typeof value !== 'number') throw errors.argType(name, 'of type number', value);
}

function uint32(value, name) {
  number(value, name);
  if (!Number.isInteger(value)) throw errors.outOfRange(name, 'an integer', value);
  if (value < 0 || value > 0xffffffff) {
    throw errors.outOfRange(name, '>= 0 && <= 4294967295', value);
  }
}

function func(value, name) {
  if (typeof value !== 'function') throw errors.argType(name, 'of type function', value);
}

function object(value, name) {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw errors.argType(name, 'of type object', value);
  }
}

function signal(value, name) {
  if (value === null || typeof value !== 'object' || !('aborted' in value)) {
    throw errors.argType(name, 'an instance of AbortSignal', value);
  }
}

// Whether a synchronous form can take this address; it cannot look up a name.
function literal(value, name, method) {
  string(value, name);
  if (net.isIP(value) === 0) {
    throw errors.argValue(name, value,
      `must be a numeric IP address; ${method} does not perform DNS resolution`);
  }
}

// {datagrams, bytes}, each a positive integer or left out; undefined where there is no limit.
function queueLimit(value) {
  if (value === undefined) return undefined;
  object(value, 'options.queueLimit');
  const limit = {};
  for (const key of ['datagrams', 'bytes']) {
    const most = value[key];
    if (most !== undefined) number(most, `options.queueLimit.${key}`);
    if (most < 1 || Number.isNaN(most)) {
      throw errors.outOfRange(`options.queueLimit.${key}`, '>= 1', most);
    }
    limit[key] = most ?? Infinity;
  }
  return limit;
}

module.exports = {
  func, literal, number, object, port, queueLimit, signal, string, uint32,
};
