'use strict';

// The jobs of node/bench/run.py, on one of two modules: --module=node:dgram, or libdgram's folder. The
// code is the same for both, but for what only libdgram has (roles with `batch` or `many`).
//
// It takes the arguments of the programs in bench/ and prints the same lines. --window-ms and the rest
// have defaults, so it can be run by hand.

const { spawn } = require('node:child_process');
const { parseArgs } = require('node:util');
const meter = require('./meter');

const BURST = 256; // sends of a burst; the callback of the last starts the next
const WATCHDOG_MS = 30000;
const HOST = '127.0.0.1';

const number = (text) => ({ type: 'string', default: text });
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    module: { type: 'string', default: 'node:dgram' },
    flood: { type: 'string' },
    length: number('64'),
    port: number('0'),
    messages: number('10000000'),
    sockets: number('0'), // of other programs
    'warm-up-ms': number('500'),
    'window-ms': number('300'),
  },
});
const role = positionals[0];
const length = Number(values.length);
const port = Number(values.port);
const dgram = require(values.module);

meter.init({
  role,
  length,
  warmUpMs: Number(values['warm-up-ms']),
  windowMs: Number(values['window-ms']),
});

// ---- receiving ----

function listen(event, listener, then = (bound) => meter.say({ port: bound })) {
  const socket = dgram.createSocket('udp4');
  socket.on(event, listener.bind(null, socket));
  socket.bind(0, () => then(socket.address().port));
}

function receive() {
  listen('message', (socket, bytes) => meter.read(bytes));
}

function receiveBatch() {
  listen('messages', (socket, messages) => {
    for (const [bytes] of messages) meter.read(bytes);
  });
}

function reply() {
  listen('message', (socket, bytes, from) => {
    socket.send(bytes, from.port, from.address);
    meter.count();
  });
}

// ---- sending ----

function makeBurst() {
  return Array.from({ length: BURST }, () => Buffer.alloc(length));
}

function onSent(next) {
  return (error) => {
    if (error) throw error;
    setImmediate(next);
  };
}

function burst() {
  const socket = dgram.createSocket('udp4');
  const buffers = makeBurst();
  const sendAll = () => {
    for (let i = 0; i < BURST; i++) {
      meter.write(buffers[i]);
      if (i < BURST - 1) socket.send(buffers[i], port, HOST);
      else socket.send(buffers[i], port, HOST, done);
    }
  };
  const done = onSent(sendAll);
  sendAll();
}

function burstMany() {
  const socket = dgram.createSocket('udp4');
  const list = makeBurst().map((bytes) => [bytes, port, HOST]);
  const sendAll = () => {
    for (const [bytes] of list) meter.write(bytes);
    socket.sendMany(list, done);
  };
  const done = onSent(sendAll);
  sendAll();
}

// ---- what is left of ten million messages ----

function memory() {
  for (let i = 0; i < 3; i++) global.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

// A sender of its own, which ends with us.
function startFlood(bound) {
  const flood = spawn(values.flood,
    ['flood', '--core=1', `--port=${bound}`, `--length=${length}`, `--window-ms=${WATCHDOG_MS}`]);
  process.on('exit', () => flood.kill());
  process.on('SIGTERM', () => process.exit(1));
}

// A tenth of them before the first look: what is made once is no growth.
function heap() {
  const wanted = Number(values.messages);
  const first = wanted / 10;
  let seen = 0;
  let before = 0;
  listen('message', () => {
    seen++;
    if (seen === first) before = memory();
    if (seen !== first + wanted) return;
    meter.say({ growth_bytes: memory() - before, messages: wanted });
    process.exit();
  }, startFlood);
}

const roles = {
  receive, 'receive-batch': receiveBatch, reply, burst, 'burst-many': burstMany, heap,
};

if (!(role in roles)) {
  process.stderr.write(`roles: ${Object.keys(roles).join(' ')}\n`);
  process.exit(2);
}
setTimeout(() => process.exit(1), WATCHDOG_MS);
roles[role]();
