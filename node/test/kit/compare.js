'use strict';

// What differential.test.js runs, in a process of its own: listeners throw in it, as on node:dgram.

const dns = require('node:dns');
const net = require('node:net');
const nodeDgram = require('node:dgram');
const ours = require('../..');
const { allowed, parting } = require('./allowed');
const { METHODS, NEWEST, Run } = require('./scripts');
const { seed } = require('./random');

const CALLS = Number(process.env.DGRAM_TEST_CALLS ?? 100000);
const FAILURES = Number(process.env.DGRAM_TEST_FAILURES ?? 5); // enough of them
const ONE = process.env.DGRAM_TEST_SCRIPT;
const BATCH = 1000; // scripts that run side by side

const newest = typeof nodeDgram.Socket.prototype.bindSync === 'function';
const methods = newest ? [...METHODS, ...NEWEST] : METHODS;

// Of both families, so that nothing that is sent there is refused.
function bound() {
  return new Promise((resolve) => {
    const socket = nodeDgram.createSocket('udp6');
    socket.bind(0, '::', () => resolve(socket));
  });
}

// Names are not asked of a resolver: there is one, and it is found.
function lookup(name, family, callback) {
  if (typeof name !== 'string' || net.isIP(name) !== 0) return realLookup(name, family, callback);
  if (name === 'localhost') setImmediate(callback, null, family === 6 ? '::1' : '127.0.0.1', family);
  else setImmediate(callback, Object.assign(new Error(`no ${name}`), { code: 'ENOTFOUND' }));
  return undefined;
}

const realLookup = dns.lookup;
dns.lookup = lookup;

// Whatever the scripts have begun has ended.
async function settle() {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => { setImmediate(resolve); });
}

async function runAll(dgram, seeds, env) {
  const runs = seeds.map((number) => new Run(dgram, number, env));
  for (const run of runs) run.start(methods);
  await settle();
  for (const run of runs) run.end();
  await settle();
  return runs;
}

function print(run) {
  for (const { method, args, text, heard } of run.entries) {
    console.log(`  ${method}(${args}): ${text}`);
    for (const line of heard) console.log(`      ${line}`);
  }
}

// Where the modules part by design, what comes later differs too, and so does what is heard later of
// what was before.
function compare(number, node, our) {
  const end = parting(node.entries, our.entries);
  const whole = end === node.entries.length;
  const differences = [];
  for (let i = 0; i < end; i++) {
    if (!allowed(node.entries[i], our.entries[i], whole, node.entries)) differences.push(i);
  }
  const failure = differences.length === 0 ? undefined : { number, differences, node, our };
  return { compared: end, failure };
}

function tell({ number, differences, node, our }) {
  console.log(`DGRAM_TEST_SCRIPT=${number} differs at ${differences.join()}`);
  for (const i of differences) {
    const [a, b] = [node.entries[i], our.entries[i]];
    console.log(`  ${a.method}(${a.args})`);
    console.log(`    node: ${a.text}`, a.heard.sort());
    console.log(`    ours: ${b?.text}`, b?.heard.sort());
  }
}

async function runBatch(seeds, env) {
  const node = await runAll(nodeDgram, seeds, env);
  const our = await runAll(ours, seeds, env);
  if (ONE !== undefined) {
    print(node[0]);
    print(our[0]);
  }
  const results = seeds.map((number, i) => compare(number, node[i], our[i]));
  return {
    calls: results.reduce((sum, { compared }) => sum + compared, 0),
    failures: results.map(({ failure }) => failure).filter((failure) => failure !== undefined),
  };
}

async function runBatches(env) {
  const first = seed();
  const failures = [];
  let calls = 0;
  for (let at = 0; calls < CALLS && failures.length < FAILURES; at += BATCH) {
    const seeds = ONE === undefined ? Array.from({ length: BATCH }, (_, i) => first * 1e6 + at + i)
      : [Number(ONE)];
    const batch = await runBatch(seeds, env);
    failures.push(...batch.failures);
    calls += batch.calls;
    if (ONE !== undefined) break;
  }
  console.log(`${calls} calls`);
  return failures;
}

async function main() {
  const sink = await bound();
  const busy = await bound();
  process.on('uncaughtException', () => {});
  const env = { sink: sink.address().port, busy: busy.address().port, newest };
  const failures = await runBatches(env);
  for (const failure of failures) tell(failure);
  process.exit(failures.length === 0 ? 0 : 1);
}

main();
