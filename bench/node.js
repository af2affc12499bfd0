'use strict';

// The jobs on Node's own dgram. Takes the same arguments as the programs in C, and prints the same
// lines; the core to run on is set by whoever starts it.

const dgram = require('node:dgram');
const { parseArgs } = require('node:util');
const meter = require('../node/bench/meter');

const IN_FLIGHT = 256; // sends with a callback under way
const WATCHDOG_MS = 20000;

const number = (text) => ({ type: 'string', default: text });
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    length: number('64'),
    port: number('0'),
    destinations: number('1000'),
    'warm-up-ms': number('100'),
    'window-ms': number('300'),
  },
});
const role = positionals[0];
const length = Number(values.length);
const port = Number(values.port);

meter.init({
  role,
  length,
  warmUpMs: Number(values['warm-up-ms']),
  windowMs: Number(values['window-ms']),
});

// ---- roles ----

function listen(onMessage) {
  const socket = dgram.createSocket('udp4');
  socket.on('message', (bytes, from) => onMessage(socket, bytes, from));
  socket.bind(0, () => {
    meter.say({ port: socket.address().port });
  });
}

function loopback(nth) {
  const last = 1 + nth;
  return `127.0.${last >> 8}.${last & 255}`;
}

// A lookup that answers at once: literals reach Node's lookup too.
function lookup(address, options, callback) {
  callback(null, address, 4);
}

function sendTo(addresses) {
  const socket = dgram.createSocket({ type: 'udp4', lookup });
  let next = 0;
  const sendOne = (bytes, onSent) => {
    meter.write(bytes);
    socket.send(bytes, port, addresses[next], onSent);
    next = next + 1 === addresses.length ? 0 : next + 1;
  };
  for (let i = 0; i < IN_FLIGHT; i++) {
    const bytes = Buffer.alloc(length);
    const onSent = (error) => {
      if (error) throw error;
      sendOne(bytes, onSent);
    };
    sendOne(bytes, onSent);
  }
}

const roles = {
  send: () => sendTo([loopback(0)]),
  'fan-out': () => {
    sendTo(Array.from({ length: Number(values.destinations) }, (_, nth) => loopback(nth)));
  },
  receive: () => listen((socket, bytes) => meter.read(bytes)),
  reply: () => listen((socket, bytes, from) => {
    socket.send(bytes, from.port, from.address);
    meter.count();
  }),
};

if (!(role in roles)) {
  process.stderr.write(`roles: ${Object.keys(roles).join(' ')}\n`);
  process.exit(2);
}
setTimeout(() => process.exit(1), WATCHDOG_MS);
roles[role]();
