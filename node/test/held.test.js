'use strict';

// What the listeners of a batch send without a callback leaves together, when all of the batch have been
// told; none of it is lost, whatever the listeners do.

const test = require('node:test');
const assert = require('node:assert');
const path = require('node:path');
const { once } = require('node:events');
const { spawnSync } = require('node:child_process');
const dgram = require('libdgram');

const COUNT = 64;
const sent = Array.from({ length: COUNT }, (_, i) => String(i));
const opened = new Set();

async function bound(options) {
  const socket = dgram.createSocket({ type: 'udp4', ...options });
  opened.add(socket);
  socket.on('close', () => opened.delete(socket));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

test.afterEach(() => {
  for (const socket of opened) socket.close();
  opened.clear();
});

// A client that sends all of them at once; resolves to it, and to what it was answered.
async function ask(server, count = COUNT) {
  const client = await bound();
  const { port } = server.address();
  const answers = new Promise((resolve) => {
    const got = [];
    client.on('message', (msg) => {
      got.push(String(msg));
      if (got.length === count) resolve(got);
    });
  });
  client.sendMany(sent.map((text) => [text, port, '127.0.0.1']));
  return { client, answers };
}

test('answers leave together', async () => {
  const server = await bound();
  server.on('message', (msg, { port, address }) => server.send(msg, port, address));
  const { answers } = await ask(server);
  assert.deepStrictEqual(await answers, sent);
  const { sendCalls } = server.stats(); // a busy machine may let a millisecond pass, or two
  assert.ok(sendCalls < COUNT / 2, `${sendCalls} calls`);
});

test('those with a callback leave in its tick, as in Node', async () => {
  const server = await bound();
  const ended = [];
  server.on('message', (msg, { port, address }) => {
    const before = ended.length;
    server.send(msg, port, address, () => ended.push(String(msg)));
    process.nextTick(() => process.nextTick(() => process.nextTick(() => {
      assert.strictEqual(ended.length, before + 1);
    })));
  });
  const { answers } = await ask(server);
  assert.deepStrictEqual(await answers, sent);
  assert.deepStrictEqual(ended, sent);
});

test('with and without a callback they keep their order', async () => {
  const server = await bound();
  server.on('message', (msg, { port, address }) => {
    if (Number(msg) % 3 === 0) server.send(msg, port, address, () => {});
    else server.send(msg, port, address);
  });
  const { answers } = await ask(server);
  assert.deepStrictEqual(await answers, sent);
});

test('a listener that closes does not keep what was sent', async () => {
  const server = await bound();
  server.on('message', (msg, { port, address }) => {
    server.send(msg, port, address);
    if (String(msg) === '9') server.close();
  });
  const { answers } = await ask(server, 10);
  assert.deepStrictEqual(await answers, sent.slice(0, 10));
});

test('another socket sends after it was closed', async () => {
  const server = await bound();
  const other = await bound();
  server.on('message', (msg, { port, address }) => {
    server.close();
    other.send(msg, port, address);
  });
  const { answers } = await ask(server, 1);
  assert.deepStrictEqual(await answers, ['0']);
});

test('two sockets answer in turn', async () => {
  const server = await bound();
  const other = await bound();
  server.on('message', (msg, { port, address }) => {
    (Number(msg) % 2 ? server : other).send(msg, port, address);
  });
  const { answers } = await ask(server);
  assert.deepStrictEqual(await answers, sent);
});

test('slow listeners do not keep what others have sent', async () => {
  const server = await bound();
  const client = dgram.createSocket('udp4');
  opened.add(client);
  server.on('message', (msg, { port, address }) => {
    server.send(msg, port, address);
    for (const start = performance.now(); performance.now() - start < 2;);
  });
  client.on('close', () => opened.delete(client));
  client.bind(0, '127.0.0.1');
  await once(client, 'listening');
  const { port } = server.address();
  client.sendMany(sent.slice(0, 16).map((text) => [text, port, '127.0.0.1']));
  for (let seen = 0; seen < 16; seen++) await once(client, 'message');
  assert.ok(server.stats().sendCalls >= 8, `${server.stats().sendCalls} calls`);
});

// In a program of its own: the runner hears of what nobody catches.
function run(listener) {
  const program = `
    const dgram = require('libdgram');
    const server = dgram.createSocket('udp4');
    const client = dgram.createSocket('udp4');
    let got = 0;
    process.on('uncaughtException', () => {});
    client.on('message', () => { if (++got === 64) process.exit(0); });
    server.on('message', ${listener});
    server.bind(0, '127.0.0.1', () => client.bind(0, '127.0.0.1', () => {
      const { port } = server.address();
      client.sendMany(Array.from({ length: 64 }, (_, i) => [String(i), port, '127.0.0.1']));
    }));`;
  const { status, stderr } = spawnSync(process.execPath, ['-e', program],
    { cwd: path.join(__dirname), encoding: 'utf8', timeout: 60000 });
  assert.strictEqual(status, 0, stderr);
}

test('a listener that throws does not keep what was sent', () => {
  run(`(msg, { port, address }) => {
    server.send(msg, port, address);
    throw new Error('planted');
  }`);
});

test('nor does the end of the program', async () => {
  const client = await bound();
  const { port } = client.address();
  const heard = once(client, 'message');
  const program = `
    const dgram = require('libdgram');
    const server = dgram.createSocket('udp4', (msg) => {
      server.send('last words', ${port}, '127.0.0.1');
      process.exit(0);
    });
    server.bind(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.sendMany([['a', port, '127.0.0.1'], ['b', port, '127.0.0.1']]);
    });`;
  spawnSync(process.execPath, ['-e', program], { cwd: __dirname, timeout: 60000 });
  assert.strictEqual(String((await heard)[0]), 'last words');
});
