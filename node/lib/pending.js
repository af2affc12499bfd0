'use strict';

// What the fallback knows of a socket beside Node: its counters, and the sends that it has accepted and
// that have not ended.

const errors = require('./errors');

class Pending {
  constructor() {
    this.bound = false;
    this.closed = false;
    this.sends = new Map(); // their sizes, by the functions that end them
    this.bytes = 0;
    this.highWater = 0;
    this.maxDatagrams = Infinity;
    this.maxBytes = Infinity;
    this.full = false; // a send was refused, and `drain` has not come
    this.counts = { received: 0, receivedBytes: 0, sent: 0, sentBytes: 0, sendErrors: 0 };
  }

  // {datagrams, bytes}, or undefined
  limit({ datagrams, bytes } = { datagrams: Infinity, bytes: Infinity }) {
    this.maxDatagrams = datagrams;
    this.maxBytes = bytes;
  }

  // Throws where so many more, and so many bytes, are too much.
  check(count, size) {
    if (this.sends.size + count <= this.maxDatagrams && this.bytes + size <= this.maxBytes) return;
    this.full = true;
    throw errors.misuse('queueFull');
  }

  // A send. Returns the function that ends it; of its calls the first counts and is told to `ended`.
  accept(size, ended) {
    const end = (error, bytes) => {
      if (!this.forget(end)) return;
      this.count(error, bytes);
      ended(error, bytes);
    };
    this.sends.set(end, size);
    this.bytes += size;
    this.highWater = Math.max(this.highWater, this.sends.size);
    return end;
  }

  has(end) {
    return this.sends.has(end);
  }

  // Says whether it was there.
  forget(end) {
    if (!this.sends.has(end)) return false;
    this.bytes -= this.sends.get(end);
    this.sends.delete(end);
    return true;
  }

  count(error, bytes) {
    if (error) {
      this.counts.sendErrors++;
    } else {
      this.counts.sent++;
      this.counts.sentBytes += bytes;
    }
  }

  failAll(error) {
    for (const end of this.sends.keys()) process.nextTick(end, error);
  }

  // Whether that is to be told now: once, when half of what was too much has ended.
  drained() {
    if (!this.full || this.sends.size > this.maxDatagrams / 2 || this.bytes > this.maxBytes / 2) {
      return false;
    }
    this.full = false;
    return true;
  }

  received(length) {
    this.counts.received++;
    this.counts.receivedBytes += length;
  }

  // As the addon's. Node takes one system call for each datagram, and tells nothing of its failures.
  stats() {
    const { received, receivedBytes, sent, sentBytes, sendErrors } = this.counts;
    return {
      received,
      receivedBytes,
      receivedBatches: received,
      receiveCalls: received,
      truncated: 0,
      dropped: 0,
      sent,
      sentBytes,
      sentBatches: sent,
      sendCalls: sent,
      queued: this.sends.size,
      queuedBytes: this.bytes,
      queuedHighWater: this.highWater,
      sendErrors,
      receiveErrors: 0,
    };
  }
}

module.exports = { Pending };
