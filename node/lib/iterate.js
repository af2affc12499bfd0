'use strict';

// for await (const [msg, rinfo] of socket): messages in their order, until the socket is closed; an
// `error` ends it with that error. While nobody asks for the next one, no more than a few are held
// here: the socket stops receiving, and the rest waits in the kernel.

const HIGH_WATER = 1024;
const LOW_WATER = 256;

class Messages {
  constructor(socket, setReceiving) {
    this.socket = socket;
    this.setReceiving = setReceiving;
    this.held = [];
    this.head = 0;
    this.waiting = []; // those who asked: { resolve, reject }
    this.paused = false;
    this.ended = false;
    this.error = undefined;
    this.listeners = {
      message: (msg, rinfo) => this.take([msg, rinfo]),
      error: (error) => this.end(error),
      close: () => this.end(undefined),
    };
    for (const event of Object.keys(this.listeners)) socket.on(event, this.listeners[event]);
  }

  take(value) {
    const waiter = this.waiting.shift();
    if (waiter !== undefined) {
      waiter.resolve({ value, done: false });
      return;
    }
    this.held.push(value);
    if (!this.paused && this.held.length - this.head >= HIGH_WATER) this.pause(true);
  }

  pause(flag) {
    this.paused = flag;
    this.setReceiving(this.socket, !flag);
  }

  // What was held is still to be had.
  end(error) {
    if (this.ended) return;
    this.ended = true;
    this.error = error;
    for (const event of Object.keys(this.listeners)) this.socket.off(event, this.listeners[event]);
    for (const waiter of this.waiting) this.answerEnd(waiter);
    this.waiting = [];
    if (this.paused) this.pause(false);
  }

  answerEnd(waiter) {
    const { error } = this;
    this.error = undefined; // told once
    if (error !== undefined) waiter.reject(error);
    else waiter.resolve({ value: undefined, done: true });
  }

  shift() {
    const value = this.held[this.head];
    this.held[this.head++] = undefined;
    if (this.head === this.held.length) {
      this.held = [];
      this.head = 0;
    }
    if (this.paused && this.held.length - this.head <= LOW_WATER) this.pause(false);
    return value;
  }

  next() {
    if (this.head < this.held.length) {
      return Promise.resolve({ value: this.shift(), done: false });
    }
    return new Promise((resolve, reject) => {
      if (this.ended) this.answerEnd({ resolve, reject });
      else this.waiting.push({ resolve, reject });
    });
  }

  return() {
    this.held = [];
    this.head = 0;
    this.end(undefined);
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

module.exports = { Messages };
