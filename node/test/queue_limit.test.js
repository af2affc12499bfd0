'use strict';

// A limit of the queue: what is too much is refused, and `drain` says when there is room again.
// on the fallback too

const test = require('node:test');
const assert = require('node:assert');
const { once } = require('node:events');
const dgram = require('libdgram');

// A test that fails leaves its sockets open, which would keep the program.
const opened = new Set();

function create(options) {
  const socket = dgram.createSocket({ type: 'udp4', ...options });
  opened.add(socket);
  socket.on('close', () => opened.delete(socket));
  return socket;
}

test.afterEach(() => {
  for (const socket of opened) socket.close();
  opened.clear();
});

async function bound(options) {
  const socket = create(options);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

function closed(socket) {
  return new Promise((resolve) => { socket.close(resolve); });
}

function to(socket, ...payloads) {
  const { address, port } = socket.address();
  return payloads.map((bytes) => [bytes, port, address]);
}

// Resolves when so many have come, by `message`.
function collect(socket, count) {
  return new Promise((resolve) => {
    const got = [];
    socket.on('message', (msg) => {
      got.push(String(msg));
      if (got.length === count) resolve(got);
    });
  });
}

function sendMany(socket, list) {
  return new Promise((resolve) => {
    socket.sendMany(list, (error, results) => resolve({ error, results }));
  });
}

test('a send too many is refused, and drain comes once', async () => {
  const socket = await bound({ queueLimit: { datagrams: 4 } });
  const [entry] = to(socket, 'x');
  const events = [];
  socket.on('drain', () => events.push('drain'));
  for (let i = 0; i < 4; i++) socket.send(...entry, (error) => events.push(error ?? i));
  for (let i = 0; i < 2; i++) assert.throws(() => socket.send(...entry), { code: 'ERR_SOCKET_QUEUE_FULL' });
  await once(socket, 'drain');
  socket.send(...entry);
  assert.deepStrictEqual(events.filter((event) => event !== 'drain').slice(0, 2), [0, 1]);
  await closed(socket);
  assert.strictEqual(events.filter((event) => event === 'drain').length, 1);
  assert.strictEqual(events.length, 5);
});

test('bytes may be limited', async () => {
  const socket = await bound({ queueLimit: { bytes: 100 } });
  const [entry] = to(socket, Buffer.alloc(60));
  socket.send(...entry, () => {});
  assert.throws(() => socket.send(...entry), { code: 'ERR_SOCKET_QUEUE_FULL' });
  socket.send(...to(socket, Buffer.alloc(40))[0], () => {});
  await once(socket, 'drain');
  await closed(socket);
});

test('without a refusal there is no drain', async () => {
  const socket = await bound({ queueLimit: { datagrams: 4 } });
  socket.on('drain', () => assert.fail('drain'));
  await sendMany(socket, to(socket, 'a', 'b', 'c', 'd'));
  await closed(socket);
});

test('what waits for a bind counts', async () => {
  const server = await bound();
  const socket = create({ queueLimit: { datagrams: 1 } });
  const [entry] = to(server, 'x');
  socket.send(...entry);
  assert.throws(() => socket.send(...entry), { code: 'ERR_SOCKET_QUEUE_FULL' });
  await once(socket, 'drain');
  await closed(socket);
  await closed(server);
});

test('a list that does not fit is refused as a whole', async () => {
  const socket = await bound({ queueLimit: { datagrams: 2 } });
  assert.throws(() => socket.sendMany(to(socket, 'a', 'b', 'c')), { code: 'ERR_SOCKET_QUEUE_FULL' });
  const got = collect(socket, 1);
  socket.sendMany(to(socket, 'only this'));
  assert.deepStrictEqual(await got, ['only this']);
  await closed(socket);
});

test('limits have to be numbers', () => {
  const limited = (queueLimit) => () => create({ queueLimit });
  assert.throws(limited(5), { code: 'ERR_INVALID_ARG_TYPE' });
  for (const name of ['datagrams', 'bytes']) {
    assert.throws(limited({ [name]: 'many' }), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(limited({ [name]: 0 }), { code: 'ERR_OUT_OF_RANGE' });
  }
});
