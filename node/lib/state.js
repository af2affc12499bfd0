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
  constructor(type) {
    this.ipv6 = type === 'udp6';
    this.handle = null; // the addon's; null once the socket is closed
    this.bindState = UNBOUND;
    this.connectState = DISCONNECTED;
    this.receiving = false;
    this.reffed = true;
    this.queue = undefined; // calls that wait for a bind: { run, fail }
    this.lookup = undefined; // the program's, or undefined
    this.options = undefined;
    this.receiveBlockList = undefined;
    this.sendBlockList = undefined;
    this.shared = undefined; // the handle of Node's cluster that our descriptor is a copy of
    this.toldBatch = false;
    this.batches = new Map(); // sends that the addon has queued, by number
    this.pending = 0; // accepted sends that have not ended: their callback has not run
    this.lookups = 0; // those of them whose name is being looked up
    this.closing = undefined; // the handle that closes, until all that is pending has ended
    this.ended = false; // it has been told to
    this.linger = undefined; // the timer that ends waiting for lookups
    this.drainPending = false;
  }
}

module.exports = {
  BINDING, BOUND, CONNECTED, CONNECTING, DISCONNECTED, State, UNBOUND, kState,
};
