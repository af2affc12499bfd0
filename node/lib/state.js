'use strict';

// What a socket is inside: what its files know of each other.

const UNBOUND = 0;
const BINDING = 1;
const BOUND = 2;

const DISCONNECTED = 0;
const CONNECTING = 1;
const CONNECTED = 2;

const kState = Symbol('libdgram state');

class State {
  constructor(type, options) {
    this.ipv6 = type === 'udp6';
    this.handle = null; // the addon's; null once the socket is closed
    this.bindState = UNBOUND;
    this.connectState = DISCONNECTED;
    this.receiving = false;
    this.reffed = true;
    this.queue = undefined; // calls that wait for a bind: queue.js
    this.onBound = undefined;
    this.closeQueued = false; // a close is among them
    this.options = options;
    this.lookup = options.lookup; // the program's, or undefined
    this.recvBufferSize = options.recvBufferSize;
    this.sendBufferSize = options.sendBufferSize;
    this.receiveBlockList = options.receiveBlockList;
    this.sendBlockList = options.sendBlockList;
    this.limit = options.queueLimit; // of what is pending, or undefined
    this.limitMet = false; // a send was refused; `drain` is to come
    this.shared = undefined; // the handle of Node's that our descriptor is a copy of
    this.copy = undefined; // Node's socket with a copy of ours: travel.js
    this.toldBatch = false; // `messages` has been emitted, the `message`s of it follow
    this.batches = new Map(); // sends that the addon has queued, by number
    this.pending = 0; // accepted sends that have not ended: their callback has not run
    this.pendingBytes = 0; // in them, where there is a limit
    this.naming = new Set(); // those of them whose name is being looked up
    this.closing = undefined; // the handle that closes, until all that is pending has ended
    this.ended = false; // it has been told to
    this.linger = undefined; // the timer that ends waiting for lookups
    this.onSettled = undefined; // socket.js: nothing is pending any more
    this.onNamed = undefined; // socket.js: no name is being looked up any more
  }
}

module.exports = {
  BINDING, BOUND, CONNECTED, CONNECTING, DISCONNECTED, State, UNBOUND, kState,
};
