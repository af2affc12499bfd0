'use strict';

// What require('libdgram') is: our sockets on the addon, or Node's own with what we have beyond them in
// JavaScript. `native` says which, and why not the addon.

const { whyNot } = require('./why-not');

function choose() {
  const reason = whyNot();
  if (reason === undefined) return { Socket: require('./socket').Socket, reason };
  return { Socket: require('./fallback').Socket, reason };
}

const { Socket, reason } = choose();

function createSocket(type, listener) {
  return new Socket(type, listener);
}

const native = Object.freeze({ loaded: reason === undefined, reason });

module.exports = { Socket, createSocket, native };
