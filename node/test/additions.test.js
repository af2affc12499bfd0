'use strict';

// What the package has beyond Node, on the addon and without it.
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

// ---- sendMany ----

test('sendMany sends a list, in its order', async () => {
  const socket = await bound();
  const got = collect(socket, 4);
  const list = to(socket, 'a', Buffer.from('bb'), ['c', 'cc'], new Uint16Array([0x6464, 0x6464]));
  assert.deepStrictEqual(await sendMany(socket, list), { error: null, results: [1, 2, 3, 4] });
  assert.deepStrictEqual(await got, ['a', 'bb', 'ccc', 'dddd']);
  await closed(socket);
});

test('sendMany without a callback', async () => {
  const socket = await bound();
  const got = collect(socket, 2);
  assert.strictEqual(socket.sendMany(to(socket, 'a', 'b')), undefined);
  assert.deepStrictEqual(await got, ['a', 'b']);
  await closed(socket);
});

test('sendMany of nothing calls back', async () => {
  const socket = await bound();
  assert.deepStrictEqual(await sendMany(socket, []), { error: null, results: [] });
  await closed(socket);
});

test('sendMany on a connected socket', async () => {
  const server = await bound();
  const got = collect(server, 2);
  const client = create();
  client.connect(server.address().port, '127.0.0.1');
  await once(client, 'connect');
  const { results } = await sendMany(client, [['a'], ['bb']]);
  assert.deepStrictEqual(results, [1, 2]);
  assert.deepStrictEqual(await got, ['a', 'bb']);
  assert.throws(() => client.sendMany([['a', 1]]), { code: 'ERR_SOCKET_DGRAM_IS_CONNECTED' });
  await closed(client);
  await closed(server);
});

test('one that fails does not keep the others', async () => {
  const socket = await bound();
  const got = collect(socket, 2);
  const list = to(socket, 'a', Buffer.alloc(70000), 'c');
  const { error, results } = await sendMany(socket, list);
  assert.strictEqual(error.code, 'EMSGSIZE');
  assert.deepStrictEqual([results[0], results[2]], [1, 1]);
  assert.strictEqual(results[1], error);
  assert.deepStrictEqual(await got, ['a', 'c']);
  await closed(socket);
});

test('all are checked before any is sent', async () => {
  const socket = await bound();
  const good = to(socket, 'good');
  const bad = [
    [[5, 1, '127.0.0.1'], 'ERR_INVALID_ARG_TYPE'],
    [['x', 0, '127.0.0.1'], 'ERR_SOCKET_BAD_PORT'],
    [['x', 1, 5], 'ERR_INVALID_ARG_TYPE'],
    ['x', 'ERR_INVALID_ARG_TYPE'],
  ];
  for (const [entry, code] of bad) {
    assert.throws(() => socket.sendMany([...good, entry], () => assert.fail()), { code });
  }
  assert.throws(() => socket.sendMany('x'), { code: 'ERR_INVALID_ARG_TYPE' });
  const got = collect(socket, 1);
  socket.sendMany(to(socket, 'only this'));
  assert.deepStrictEqual(await got, ['only this']);
  await closed(socket);
});

test('sendMany binds a socket that is not bound', async () => {
  const server = await bound();
  const got = collect(server, 1);
  const client = create();
  assert.deepStrictEqual((await sendMany(client, to(server, 'x'))).results, [1]);
  await got;
  await closed(client);
  await closed(server);
});

test('sendMany on a closed socket', async () => {
  const socket = await bound();
  await closed(socket);
  assert.throws(() => socket.sendMany([['x', 1, '127.0.0.1']]), { code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' });
});

// ---- messages ----

test('messages are arrays of what came, all of it, in order', async () => {
  const socket = await bound();
  const sent = Array.from({ length: 500 }, (_, i) => String(i));
  const got = [];
  const done = new Promise((resolve) => {
    socket.on('messages', (messages) => {
      assert.ok(Array.isArray(messages) && messages.length > 0);
      for (const [msg, rinfo] of messages) {
        assert.ok(Buffer.isBuffer(msg));
        const { address, port } = socket.address();
        assert.deepStrictEqual({ ...rinfo }, { address, family: 'IPv4', port, size: msg.length });
        got.push(String(msg));
      }
      if (got.length === sent.length) resolve();
      else if (got.length % 100 === 0) socket.sendMany(to(socket, ...sent.slice(got.length, got.length + 100)));
    });
  });
  socket.sendMany(to(socket, ...sent.slice(0, 100)));
  await done;
  assert.deepStrictEqual(got, sent);
  await closed(socket);
});

test('messages come before the message of the same datagram', async () => {
  const socket = await bound();
  const events = [];
  socket.on('messages', (messages) => events.push(...messages.map(([msg]) => `messages ${msg}`)));
  const got = collect(socket, 2);
  socket.on('message', (msg) => events.push(`message ${msg}`));
  socket.sendMany(to(socket, 'a', 'b'));
  await got;
  for (const name of ['a', 'b']) {
    assert.ok(events.indexOf(`messages ${name}`) < events.indexOf(`message ${name}`));
  }
  assert.strictEqual(events.length, 4);
  await closed(socket);
});

test('a listener of messages that closes ends it', async () => {
  const socket = await bound();
  socket.on('message', () => assert.fail('a message after close'));
  socket.on('messages', () => socket.close());
  socket.sendMany(to(socket, 'a', 'b', 'c'));
  await once(socket, 'close');
});

test('an empty datagram is one', async () => {
  const socket = await bound();
  socket.sendMany(to(socket, ''));
  const [[[msg, rinfo]]] = await once(socket, 'messages');
  assert.strictEqual(msg.length, 0);
  assert.strictEqual(rinfo.size, 0);
  await closed(socket);
});

// ---- for await ----

test('for await gives messages until close', async () => {
  const socket = await bound();
  const got = [];
  socket.sendMany(to(socket, 'a', 'b', 'c'));
  for await (const [msg, rinfo] of socket) {
    got.push(String(msg));
    assert.strictEqual(rinfo.port, socket.address().port);
    if (got.length === 3) socket.close();
  }
  assert.deepStrictEqual(got, ['a', 'b', 'c']);
});

test('break lets go of the socket', async () => {
  const socket = await bound();
  socket.sendMany(to(socket, 'a'));
  for await (const [msg] of socket) {
    assert.strictEqual(String(msg), 'a');
    break;
  }
  for (const event of ['message', 'error']) assert.strictEqual(socket.listenerCount(event), 0);
  await closed(socket);
});

test('an error ends it, with that', async () => {
  const socket = await bound();
  const messages = socket[Symbol.asyncIterator]();
  const next = messages.next();
  socket.emit('error', new Error('planted'));
  await assert.rejects(next, /planted/);
  assert.deepStrictEqual(await messages.next(), { value: undefined, done: true });
  await closed(socket);
});

test('while nobody asks little is held, and nothing more is lost than the kernel loses', async () => {
  const socket = await bound({ recvBufferSize: 1 << 20 });
  const messages = socket[Symbol.asyncIterator]();
  const sent = 1200;
  for (let i = 0; i < sent; i += 50) {
    await sendMany(socket, to(socket, ...Array.from({ length: 50 }, (_, k) => String(i + k))));
  }
  for (let i = 0; i < sent; i++) {
    const { value } = await messages.next();
    assert.strictEqual(String(value[0]), String(i));
  }
  await closed(socket);
  assert.deepStrictEqual(await messages.next(), { value: undefined, done: true });
});

// ---- counters, switches ----

test('stats count', async () => {
  const socket = await bound();
  const got = collect(socket, 3);
  await sendMany(socket, to(socket, 'a', 'bb', 'ccc'));
  await got;
  const { sent, sentBytes, received, receivedBytes, sendCalls, receiveCalls, queued } = socket.stats();
  assert.deepStrictEqual([sent, sentBytes, received, receivedBytes, queued], [3, 6, 3, 6, 0]);
  assert.ok(sendCalls >= 1 && receiveCalls >= 1);
  await closed(socket);
  assert.throws(() => socket.stats(), { code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' });
});

test('GSO and GRO may be off', async () => {
  const socket = await bound({ gso: false, gro: false });
  const got = collect(socket, 100);
  const sent = Array.from({ length: 100 }, (_, i) => String(1000 + i));
  await sendMany(socket, to(socket, ...sent));
  assert.deepStrictEqual(await got, sent);
  if (dgram.native.loaded) assert.ok(socket.stats().sentBatches >= 1);
  await closed(socket);
});
