'use strict';

// The jobs on Node's own dgram. Takes the same arguments as the programs in C, and prints the same
// lines; the core to run on is set by whoever starts it.

const dgram = require('node:dgram');
const { parseArgs } = require('node:util');

const IN_FLIGHT = 256; // sends with a callback under way
const TICK = 64; // datagrams between two looks at the clock
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

function nowNs() {
  return Number(process.hrtime.bigint());
}

function cpuNs() {
  const usage = process.cpuUsage();
  return (usage.user + usage.system) * 1000;
}

// ---- counting in a window, as meter.c does ----

const meter = { datagrams: 0, expected: 0, lost: 0, disordered: 0, wrong: 0 };
let phase = 'idle';
let phaseEnd = 0;
let start = null;

function mark(now) {
  return { now, cpu: cpuNs(), datagrams: meter.datagrams, lost: meter.lost };
}

function printResult(now) {
  const end = mark(now);
  process.stdout.write(JSON.stringify({
    role,
    datagrams: end.datagrams - start.datagrams,
    ns: end.now - start.now,
    cpu_ns: end.cpu - start.cpu,
    lost: end.lost - start.lost,
    disordered: meter.disordered,
    wrong: meter.wrong,
  }) + '\n');
}

function tick() {
  if (phase === 'done') return;
  const now = nowNs();
  if (phase !== 'idle' && now < phaseEnd) return;
  if (phase === 'idle') {
    phase = 'warm-up';
    phaseEnd = now + Number(values['warm-up-ms']) * 1e6;
  } else if (phase === 'warm-up') {
    phase = 'window';
    phaseEnd = now + Number(values['window-ms']) * 1e6;
    start = mark(now);
  } else {
    phase = 'done';
    printResult(now);
  }
}

function count() {
  meter.datagrams++;
  if (meter.datagrams % TICK === 0) tick();
}

function write(bytes) {
  bytes.fill('x', 8);
  bytes.writeUInt32LE(meter.datagrams, 0); // the numbers of a run do not reach 2^32
  count();
}

function read(bytes) {
  const sequence = bytes.readUInt32LE(0);
  if (bytes.length !== length) meter.wrong++;
  if (sequence > meter.expected) meter.lost += sequence - meter.expected;
  if (sequence < meter.expected) meter.disordered++;
  meter.expected = sequence + 1;
  count();
}

// ---- roles ----

function listen(onMessage) {
  const socket = dgram.createSocket('udp4');
  socket.on('message', (bytes, from) => onMessage(socket, bytes, from));
  socket.bind(0, () => {
    process.stdout.write(JSON.stringify({ port: socket.address().port }) + '\n');
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
    write(bytes);
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
  receive: () => listen((socket, bytes) => read(bytes)),
  reply: () => listen((socket, bytes, from) => {
    socket.send(bytes, from.port, from.address);
    count();
  }),
};

if (!(role in roles)) {
  process.stderr.write(`roles: ${Object.keys(roles).join(' ')}\n`);
  process.exit(2);
}
setTimeout(() => process.exit(1), WATCHDOG_MS);
roles[role]();
