'use strict';

// The arguments of sendMany where sends go by Node's own send().

const errors = require('./errors');
const validate = require('./validate');

function isBytes(value) {
  return typeof value === 'string' || ArrayBuffer.isView(value);
}

function checkBytes(value) {
  if (Array.isArray(value) ? value.every(isBytes) : isBytes(value)) return;
  throw errors.argType(Array.isArray(value) ? 'buffer list arguments' : 'buffer',
    'of type string or an instance of Buffer, TypedArray, or DataView', value);
}

function checkEntry(entry, connected) {
  if (!Array.isArray(entry)) throw errors.argType('list', 'a list of arrays', entry);
  const [bytes, port, address] = entry;
  checkBytes(bytes);
  if (connected) {
    if (port || address) throw errors.misuse('isConnected');
    return;
  }
  if (address !== undefined && address !== null) validate.string(address, 'address');
  validate.port(port, 'Port', false);
}

// Checks all before any is sent.
function checkList(list, connected) {
  if (!Array.isArray(list)) throw errors.argType('list', 'an instance of Array', list);
  for (const entry of list) checkEntry(entry, connected);
}

// What gives each send of a list its callback, and calls back once: with the first error or null, and
// for each datagram its bytes or its error.
function collect(count, callback) {
  if (typeof callback !== 'function') return () => undefined;
  const results = new Array(count).fill(undefined);
  let left = count;
  let failed = null;
  if (count === 0) process.nextTick(callback, null, results);
  return (index) => (error, bytes) => {
    results[index] = error ?? bytes;
    failed ??= error;
    left--;
    if (left === 0) callback(failed, results);
  };
}

module.exports = { checkList, collect };
