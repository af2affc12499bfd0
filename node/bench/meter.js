'use strict';

// Counting in a window, as bench/meter.c does, and the lines of JSON that a program prints. A payload is
// a number and a filling; the receiver checks number and length.

const TICK = 64; // datagrams between two looks at the clock

const meter = { datagrams: 0, expected: 0, lost: 0, disordered: 0, wrong: 0 };
let options;
let phase = 'idle';
let phaseEnd = 0;
let start = null;

// {role, length, warmUpMs, windowMs}
function init(given) {
  options = given;
}

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function nowNs() {
  return Number(process.hrtime.bigint());
}

function cpuNs() {
  const usage = process.cpuUsage();
  return (usage.user + usage.system) * 1000;
}

function mark(now) {
  return { now, cpu: cpuNs(), datagrams: meter.datagrams, lost: meter.lost };
}

function printResult(now) {
  const end = mark(now);
  say({
    role: options.role,
    datagrams: end.datagrams - start.datagrams,
    ns: end.now - start.now,
    cpu_ns: end.cpu - start.cpu,
    lost: end.lost - start.lost,
    disordered: meter.disordered,
    wrong: meter.wrong,
  });
}

function tick() {
  if (phase === 'done') return;
  const now = nowNs();
  if (phase !== 'idle' && now < phaseEnd) return;
  if (phase === 'idle') {
    phase = 'warm-up';
    phaseEnd = now + options.warmUpMs * 1e6;
  } else if (phase === 'warm-up') {
    phase = 'window';
    phaseEnd = now + options.windowMs * 1e6;
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

// The numbers of a run do not reach 2^32.
function write(bytes) {
  bytes.fill('x', 8);
  bytes.writeUInt32LE(meter.datagrams, 0);
  count();
}

function read(bytes) {
  const sequence = bytes.readUInt32LE(0);
  if (bytes.length !== options.length) meter.wrong++;
  if (sequence > meter.expected) meter.lost += sequence - meter.expected;
  if (sequence < meter.expected) meter.disordered++;
  meter.expected = sequence + 1;
  count();
}

module.exports = { count, init, meter, read, say, write };
