'use strict';

// What a call came to, as text that two modules' can be compared by.

const { inspect } = require('node:util');

function errorText(error) {
  if (!(error instanceof Error)) return `thrown ${inspect(error)}`;
  const parts = [error.name, error.code, error.message];
  for (const key of ['errno', 'syscall', 'address', 'port']) {
    if (Object.hasOwn(error, key) || error[key] !== undefined) parts.push(`${key}=${error[key]}`);
  }
  if (error.info !== undefined) parts.push(inspect(error.info));
  parts.push(Object.keys(error).sort().join());
  return parts.map(String).join(' | ');
}

// Not its port: the system chooses that, and with node:dgram a socket that disconnects has none.
function addressText({ address, family }) {
  return `${address} ${family}`;
}

function valueText(value, socket) {
  if (value === socket) return 'the socket';
  if (value instanceof Error) return `the error ${value.message}`;
  if (value instanceof Promise) return 'a promise';
  if (value !== null && typeof value === 'object' && 'family' in value) return addressText(value);
  return inspect(value, { depth: 0 });
}

// Of a call that ended: text; `code` is an error's.
function outcomeOf(socket, call) {
  try {
    return { text: `returns ${valueText(call(), socket)}`, code: undefined };
  } catch (error) {
    return { text: `throws ${errorText(error)}`, code: error?.code, message: error?.message };
  }
}

module.exports = { errorText, outcomeOf, valueText };
