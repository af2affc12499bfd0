'use strict';

// The same sockets with promises: require('libdgram/promises').
//
//   const socket = await createSocket({ type: 'udp4', port: 41234 });   // bound
//   await socket.send('hello', 41234, 'localhost');                     // bytes
//   for await (const [msg, rinfo] of socket) ...
//   await socket.close();

const dgram = require('./index');

// Calls a function whose last argument is callback(error, value).
function promised(call) {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (error) reject(error);
      else resolve(value);
    });
  });
}

// Resolves by an event, rejects by `error`, which is then heard.
function once(socket, event, start) {
  return new Promise((resolve, reject) => {
    const heard = () => {
      socket.off('error', failed);
      resolve();
    };
    function failed(error) {
      socket.off(event, heard);
      reject(error);
    }
    socket.once(event, heard);
    socket.once('error', failed);
    try {
      start();
    } catch (error) {
      socket.off(event, heard);
      socket.off('error', failed);
      reject(error);
    }
  });
}

class PromiseSocket {
  #socket;

  constructor(socket) {
    this.#socket = socket;
  }

  // The socket behind: for events and options.
  get socket() {
    return this.#socket;
  }

  // Resolves to the address it is bound to. `options` as socket.bind() takes them.
  async bind(options = {}) {
    await once(this.#socket, 'listening', () => this.#socket.bind(options));
    return this.#socket.address();
  }

  connect(port, address) {
    return promised((callback) => this.#socket.connect(port, address ?? '', callback));
  }

  disconnect() {
    this.#socket.disconnect();
  }

  // The forms of socket.send() without its callback. Resolves to the number of bytes.
  send(...args) {
    return promised((callback) => this.#socket.send(...args, callback));
  }

  // Resolves to an array: of each datagram the number of bytes, or an Error.
  sendMany(list) {
    return new Promise((resolve) => {
      this.#socket.sendMany(list, (error, results) => resolve(results));
    });
  }

  close() {
    return new Promise((resolve) => { this.#socket.close(() => resolve()); });
  }

  address() {
    return this.#socket.address();
  }

  remoteAddress() {
    return this.#socket.remoteAddress();
  }

  stats() {
    return this.#socket.stats();
  }

  [Symbol.asyncIterator]() {
    return this.#socket[Symbol.asyncIterator]();
  }
}

if (Symbol.asyncDispose !== undefined) {
  Object.defineProperty(PromiseSocket.prototype, Symbol.asyncDispose, {
    value: function asyncDispose() {
      return this.socket[Symbol.asyncDispose]();
    },
    configurable: true,
    writable: true,
  });
}

// A socket of this type, or with these options; bound where they have a port or an address.
async function createSocket(options) {
  const socket = new PromiseSocket(dgram.createSocket(options));
  if (typeof options === 'object' && (options.port !== undefined || options.address !== undefined)) {
    const { port, address, exclusive } = options;
    await socket.bind({ port, address, exclusive });
  }
  return socket;
}

module.exports = { Socket: PromiseSocket, createSocket };
