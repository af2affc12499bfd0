'use strict';

// Sockets in clusters, in worker threads, on their way to children; and processes that end, throw or
// collect garbage in the midst of things. Each is a program of programs/.
//
//   DGRAM_TEST_TERMINATIONS=n          workers to terminate; 10 at first

const assert = require('node:assert');
const path = require('node:path');
const test = require('node:test');
const { execFile } = require('node:child_process');

const TERMINATIONS = process.env.DGRAM_TEST_TERMINATIONS ?? '10';

function run(name, ...args) {
  const script = path.join(__dirname, 'programs', name);
  return new Promise((resolve) => {
    execFile(process.execPath, ['--no-warnings', '--expose-gc', script, ...args],
      { timeout: 1800000 },
      (error, stdout, stderr) => {
        resolve({ stdout, stderr, status: error ? error.code ?? error.signal : 0 });
      });
  });
}

async function cluster(kind) {
  const { stdout, stderr } = await run('cluster.js', kind);
  assert.notStrictEqual(stdout, '', stderr);
  return JSON.parse(stdout);
}

test('workers share a socket, and any port is one port', async () => {
  const { ports, heard, exits } = await cluster('shared');
  assert.strictEqual(ports[0], ports[1]);
  assert.strictEqual(heard, 200);
  assert.deepStrictEqual(exits, [0, 0]);
});

test('a second bind of any port is a second port', async () => {
  const { ports, seconds } = await cluster('second');
  assert.strictEqual(ports[0], ports[1]);
  assert.strictEqual(seconds[0], seconds[1]);
  assert.notStrictEqual(ports[0], seconds[0]);
});

test('exclusive sockets are not shared', async () => {
  const { ports } = await cluster('exclusive');
  assert.notStrictEqual(ports[0], ports[1]);
});

test('an exclusive bind of a port that is taken fails', async () => {
  const { errors } = await cluster('taken');
  assert.deepStrictEqual(errors, ['EADDRINUSE', 'EADDRINUSE']);
});

test('what a worker that closes has not told is for the others', async () => {
  const { heard, exits } = await cluster('close');
  assert.strictEqual(heard, 2);
  assert.deepStrictEqual(exits, [0, 0]);
});

test('a socket travels to a child process', async () => {
  const { stdout, stderr } = await run('travel.js');
  assert.strictEqual(stdout, 'ready\nall\n', stderr);
});

test('workers are terminated with traffic under way', async () => {
  const { stdout, stderr } = await run('terminate.js', TERMINATIONS);
  assert.strictEqual(stdout, `terminated ${TERMINATIONS}\n`, stderr);
});

const places = ['message', 'messages', 'sent', 'named', 'error', 'connect', 'listening', 'tick', 'close'];

for (const how of ['exit', 'throw', 'gc']) {
  test(`${how} in every callback`, async () => {
    for (const place of places) {
      const { stdout, stderr, status } = await run('ends.js', place, how);
      const what = `${place}: ${stdout}${stderr}`;
      assert.strictEqual(status, how === 'exit' ? 7 : 0, what);
      if (how !== 'exit') assert.match(stdout, /^heard 10\d/, what);
      if (how === 'throw') assert.match(stdout, new RegExp(`threw ${place}`), what);
    }
  });
}
