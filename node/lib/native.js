'use strict';

// The addon, set up: the memory that it shares with us, and what it calls from the loop. Loading it
// throws where it cannot be had; index.js decides what to do then.

const path = require('node:path');
const layout = require('./layout');

const addon = require('node-gyp-build')(path.join(__dirname, '..'));

// What the kernel writes to: a slot holds the largest datagram, or a group of them that it has joined.
// Groups of 64 bytes fill an eighth of one, and single datagrams are read up to so many at a time. One
// slot more is for what the addon has kept elsewhere.
const SLOTS = 16;
const SLOT_SIZE = 65536;

// What sends are packed into: a tick's, mostly. A fuller one is handed over before the tick ends.
const SEND_SLAB_SIZE = 1024 * 1024;

const memory = {
  receiveSlab: new Uint8Array((SLOTS + 1) * SLOT_SIZE),
  receiveMeta: new Int32Array(layout.RECEIVE_META_LENGTH),
  sendSlab: Buffer.allocUnsafeSlow(SEND_SLAB_SIZE),
  sendMeta: new Int32Array(layout.SEND_META_LENGTH),
};

// callbacks: onMessage, onHeld, onError, onSent, onClose; `this` is the socket in each.
function setup(callbacks) {
  const code = addon.setup({ ...memory, ...callbacks });
  if (code < 0) throw new Error(`libdgram: the addon cannot be set up: ${addon.errorName(code)}`);
}

module.exports = { ...memory, ...layout, Handle: addon.Handle, addon, setup };
