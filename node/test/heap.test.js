'use strict';

// Messages leave nothing behind: the heap, after collection, grows by less than a MiB, however many came.
//
//   DGRAM_TEST_MESSAGES=n              so many; 200,000 at first, ten million in `make soak`

const assert = require('node:assert');
const test = require('node:test');
const dgram = require('..');

const MESSAGES = Number(process.env.DGRAM_TEST_MESSAGES ?? 200000);
const WARM = 100000; // what V8 compiles and caches has settled

function memory() {
  global.gc();
  global.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

async function flood() {
  const server = dgram.createSocket('udp4');
  const client = dgram.createSocket('udp4');
  const { port } = server.bindSync({ address: '127.0.0.1' });
  client.bindSync();
  let heard = 0;
  let before;
  server.on('message', () => { heard++; });
  while (heard < WARM + MESSAGES) {
    for (let i = 0; i < 100; i++) client.send('x'.repeat(64), port, '127.0.0.1');
    await new Promise((resolve) => { setImmediate(resolve); });
    if (before === undefined && heard >= WARM) before = memory();
  }
  const growth = memory() - before;
  client.close();
  server.close();
  return growth;
}

test('messages leave nothing behind', async (t) => {
  if (global.gc === undefined) {
    t.skip('without --expose-gc');
    return;
  }
  const growth = await flood();
  console.log(`${MESSAGES} messages, the heap grew by ${growth} bytes`);
  assert.ok(growth < 1 << 20, `${growth}`);
});
