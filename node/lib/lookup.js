'use strict';

// Names. A literal of the socket's family is itself; all else is asked of dns.lookup. A lookup function
// of the program's own is asked for everything, as Node does. The answer never comes in the call.

const dns = require('node:dns');
const net = require('node:net');

function loopback(state) {
  return state.ipv6 ? '::1' : '127.0.0.1';
}

function isLiteral(state, address) {
  return typeof address === 'string' && net.isIP(address) === (state.ipv6 ? 6 : 4);
}

// callback(error, ip)
function lookup(state, address, callback) {
  const family = state.ipv6 ? 6 : 4;
  const name = address || loopback(state);
  if (state.lookup !== undefined) {
    state.lookup(name, family, callback);
  } else if (isLiteral(state, name)) {
    process.nextTick(callback, null, name);
  } else {
    dns.lookup(name, family, callback);
  }
}

module.exports = { isLiteral, lookup, loopback };
