'use strict';

// What a program gets when it asks for the package: the addon, by each way of asking.
// on the fallback too

const test = require('node:test');
const assert = require('node:assert');
const nodeDgram = require('node:dgram');
const EventEmitter = require('node:events');
const util = require('node:util');
const dgram = require('libdgram');
const promises = require('libdgram/promises');

const onFallback = process.env.LIBDGRAM_FALLBACK === '1';

test('the addon is loaded, or it is said why not', () => {
  const reason = onFallback ? 'LIBDGRAM_FALLBACK is set' : undefined;
  assert.deepStrictEqual(dgram.native, { loaded: !onFallback, reason });
});

test('it has all that node:dgram has', () => {
  for (const name of ['createSocket', 'Socket']) assert.strictEqual(typeof dgram[name], 'function');
  for (const name of Object.getOwnPropertyNames(nodeDgram.Socket.prototype)) {
    if (!name.startsWith('_')) assert.ok(name in dgram.Socket.prototype, name);
  }
});

test('import and require bring the same', async () => {
  const imported = await import('libdgram');
  assert.strictEqual(imported.default, dgram);
  assert.strictEqual(imported.createSocket, dgram.createSocket);
  assert.strictEqual(imported.Socket, dgram.Socket);
  assert.strictEqual(imported.native, dgram.native);
  const importedPromises = await import('libdgram/promises');
  assert.strictEqual(importedPromises.default, promises);
  assert.strictEqual(importedPromises.createSocket, promises.createSocket);
});

test('nothing else of it can be asked for', () => {
  assert.throws(() => require('libdgram/lib/socket'), { code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' });
  assert.strictEqual(require('libdgram/package.json').name, 'libdgram');
});

function exchange(socket, done) {
  socket.bind(0, '127.0.0.1', () => socket.send('hello', socket.address().port, '127.0.0.1'));
  socket.on('message', (msg) => {
    assert.strictEqual(String(msg), 'hello');
    socket.close(done);
  });
}

test('a socket is one of Node', (t, done) => {
  const socket = dgram.createSocket('udp4');
  assert.ok(socket instanceof nodeDgram.Socket && socket instanceof EventEmitter);
  exchange(socket, done);
});

test('a class may extend it', (t, done) => {
  class Mine extends dgram.Socket {
    mine() {
      return this.type;
    }
  }
  const socket = new Mine({ type: 'udp4' });
  assert.strictEqual(socket.mine(), 'udp4');
  exchange(socket, done);
});

test('a function may inherit from it', (t, done) => {
  function Mine() {
    dgram.Socket.call(this, 'udp4');
  }
  util.inherits(Mine, dgram.Socket);
  exchange(new Mine(), done);
});

test('promises', async () => {
  const socket = await promises.createSocket({ type: 'udp4', port: 0, address: '127.0.0.1' });
  const { port } = socket.address();
  const messages = socket[Symbol.asyncIterator]();
  assert.strictEqual(await socket.send('one', port, '127.0.0.1'), 3);
  assert.deepStrictEqual(await socket.sendMany([['two', port, '127.0.0.1']]), [3]);
  const got = [];
  for await (const [msg] of messages) {
    got.push(String(msg));
    if (got.length === 2) break;
  }
  assert.deepStrictEqual(got, ['one', 'two']);
  await socket.close();
});
