'use strict';

// The newest of Node's API, on whatever Node runs this, and what is at its edges.

const assert = require('node:assert');
const diagnostics = require('node:diagnostics_channel');
const net = require('node:net');
const nodeDgram = require('node:dgram');
const test = require('node:test');
const { spawnSync } = require('node:child_process');
const dgram = require('..');

const once = (socket, event) => new Promise((resolve) => { socket.once(event, resolve); });

async function bound(options = 'udp4') {
  const socket = dgram.createSocket(options);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

const sent = (socket, ...args) => new Promise((resolve) => {
  socket.send(...args, (error, bytes) => resolve(error ?? bytes));
});

test('bindSync has the address at once, listening follows', async () => {
  const socket = dgram.createSocket('udp4');
  const address = socket.bindSync({ address: '127.0.0.1' });
  assert.deepStrictEqual(address, socket.address());
  assert.throws(() => socket.bindSync(), { code: 'ERR_SOCKET_ALREADY_BOUND' });
  await once(socket, 'listening');
  const other = dgram.createSocket('udp4');
  assert.throws(() => other.bindSync(address), {
    code: 'EADDRINUSE', syscall: 'bind', port: address.port,
  });
  assert.throws(() => other.bindSync({ address: 'localhost' }), { code: 'ERR_INVALID_ARG_VALUE' });
  other.bindSync();
  other.close();
  socket.close();
});

test('connectSync connects at once, connect follows', async () => {
  const server = await bound();
  const socket = dgram.createSocket('udp4');
  socket.connectSync(server.address().port);
  assert.strictEqual(socket.remoteAddress().port, server.address().port);
  assert.throws(() => socket.connectSync(9), { code: 'ERR_SOCKET_DGRAM_IS_CONNECTED' });
  await once(socket, 'connect');
  assert.strictEqual(await sent(socket, 'hello'), 5);
  socket.disconnect();
  assert.throws(() => socket.connectSync(9, 'localhost'), { code: 'ERR_INVALID_ARG_VALUE' });
  socket.close();
  server.close();
});

test('a descriptor is bound within the call, and its peer is known', async () => {
  const server = await bound();
  const node = nodeDgram.createSocket('udp4');
  await new Promise((resolve) => {
    node.connect(server.address().port, '127.0.0.1', resolve);
  });
  const symbol = Object.getOwnPropertySymbols(node).find((s) => s.description === 'state symbol');
  const { handle } = node[symbol];
  const socket = dgram.createSocket('udp4');
  let listening = false;
  socket.on('listening', () => { listening = true; });
  socket.bind(handle); // a copy of its descriptor
  assert.ok(listening);
  assert.strictEqual(socket.remoteAddress().port, server.address().port);
  assert.strictEqual(await sent(socket, 'to the peer'), 11);
  socket.close();
  server.close();
  for (const [fd, type] of [[1, /PIPE|FILE|TTY|UNKNOWN/], [999999, /UNKNOWN/]]) {
    const other = dgram.createSocket('udp4');
    assert.throws(() => other.bind({ fd }), { code: 'ERR_INVALID_FD_TYPE', message: type });
    other.close();
  }
});

test('udp.socket tells of each socket', () => {
  const seen = [];
  const heard = ({ socket }) => seen.push(socket);
  diagnostics.subscribe('udp.socket', heard);
  const socket = dgram.createSocket('udp4');
  diagnostics.unsubscribe('udp.socket', heard);
  assert.deepStrictEqual(seen, [socket]);
  assert.ok(socket instanceof nodeDgram.Socket);
  socket.close();
});

test('asyncDispose closes, and once', async (t) => {
  if (Symbol.asyncDispose === undefined) t.skip('no Symbol.asyncDispose');
  else {
    const socket = await bound();
    let closed = false;
    socket.on('close', () => { closed = true; });
    await socket[Symbol.asyncDispose]();
    assert.ok(closed);
    await socket[Symbol.asyncDispose]();
  }
});

test('an AbortSignal closes; a closed socket lets go of it', async () => {
  const controller = new AbortController();
  const socket = await bound({ type: 'udp4', signal: controller.signal });
  controller.abort();
  await once(socket, 'close');
  const other = await bound({ type: 'udp4', signal: new AbortController().signal });
  other.close();
  assert.throws(() => dgram.createSocket({ type: 'udp4', signal: {} }),
    { code: 'ERR_INVALID_ARG_TYPE' });
});

test('a lookup function of the program is asked for all, also for nothing', async () => {
  const asked = [];
  const lookup = (name, family, callback) => {
    asked.push(`${name} ${family}`);
    process.nextTick(callback, null, '127.0.0.1', 4);
  };
  const server = await bound();
  const socket = dgram.createSocket({ type: 'udp4', lookup });
  assert.strictEqual(await sent(socket, 'x', server.address().port, 'peer.example'), 1);
  assert.strictEqual(await sent(socket, 'x', server.address().port), 1);
  assert.deepStrictEqual(asked, ['0.0.0.0 4', 'peer.example 4', '127.0.0.1 4']);
  socket.close();
  server.close();
});

test('block lists keep senders out, and sends and connects back', async () => {
  const list = new net.BlockList();
  const server = await bound({ type: 'udp4', receiveBlockList: list });
  const client = await bound({ type: 'udp4', sendBlockList: list });
  const heard = [];
  server.on('message', (msg) => heard.push(String(msg)));
  const { port } = server.address();
  assert.strictEqual(await sent(client, 'before', port, '127.0.0.1'), 6);
  while (heard.length === 0) await new Promise((resolve) => { setImmediate(resolve); });
  list.addAddress('127.0.0.1');
  assert.strictEqual((await sent(client, 'x', port, '127.0.0.1')).code, 'ERR_IP_BLOCKED');
  assert.throws(() => client.connectSync(port), { code: 'ERR_IP_BLOCKED' });
  const other = await bound();
  await sent(other, 'blocked', port, '127.0.0.1');
  for (let i = 0; i < 20; i++) await new Promise((resolve) => { setImmediate(resolve); });
  assert.deepStrictEqual(heard, ['before']);
  for (const socket of [server, client, other]) socket.close();
});

test('sizes of buffers, at once and by options', async () => {
  const socket = await bound({ type: 'udp4', recvBufferSize: 20000, sendBufferSize: 30000 });
  assert.strictEqual(socket.getRecvBufferSize(), 40000);
  assert.strictEqual(socket.getSendBufferSize(), 60000);
  socket.setRecvBufferSize(10000);
  assert.strictEqual(socket.getRecvBufferSize(), 20000);
  assert.throws(() => socket.setRecvBufferSize(-1), { code: 'ERR_SOCKET_BAD_BUFFER_SIZE' });
  socket.setRecvBufferSize(-0); // node:dgram ends the process
  assert.strictEqual(socket.getSendQueueSize(), 0);
  assert.strictEqual(socket.getSendQueueCount(), 0);
  socket.close();
});

test('one source of a group is heard', async () => {
  const group = '232.43.211.234';
  const receiver = dgram.createSocket({ type: 'udp4', reuseAddr: true });
  receiver.bind(0);
  await once(receiver, 'listening');
  receiver.addSourceSpecificMembership('127.0.0.1', group, '127.0.0.1');
  const sender = await bound();
  sender.setMulticastInterface('127.0.0.1');
  sender.send('hello', receiver.address().port, group);
  const [msg] = await new Promise((resolve) => {
    receiver.on('message', (...args) => resolve(args));
  });
  assert.strictEqual(String(msg), 'hello');
  receiver.dropSourceSpecificMembership('127.0.0.1', group, '127.0.0.1');
  assert.throws(() => receiver.dropSourceSpecificMembership('127.0.0.1', group, '127.0.0.1'),
    { code: 'EADDRNOTAVAIL' });
  receiver.close();
  sender.close();
});

test('reusePort shares a port', async () => {
  const first = dgram.createSocket({ type: 'udp4', reusePort: true });
  const { port } = first.bindSync({ address: '127.0.0.1' });
  const second = dgram.createSocket({ type: 'udp4', reusePort: true });
  second.bindSync({ address: '127.0.0.1', port });
  const third = dgram.createSocket('udp4');
  assert.throws(() => third.bindSync({ address: '127.0.0.1', port }), { code: 'EADDRINUSE' });
  for (const socket of [first, second, third]) socket.close();
});

test('the last sends leave when the process exits', async () => {
  const server = await bound();
  const heard = new Promise((resolve) => {
    server.on('message', (msg) => { if (String(msg) === 'last') resolve(); });
  });
  const script = `
    const socket = require(${JSON.stringify(require.resolve('..'))}).createSocket('udp4');
    socket.bindSync();
    process.on('exit', () => socket.send('last', ${server.address().port}, '127.0.0.1'));
    socket.send('first', ${server.address().port}, '127.0.0.1');
    process.exit(0);`;
  assert.strictEqual(spawnSync(process.execPath, ['-e', script]).status, 0);
  await heard;
  server.close();
});

test('a listener of messages that throws does not lose the message of them', () => {
  const script = `
    const dgram = require(${JSON.stringify(require.resolve('..'))});
    process.on('uncaughtException', () => console.log('thrown'));
    const server = dgram.createSocket('udp4', (msg) => {
      console.log(String(msg));
      if (String(msg) === 'b') server.close();
    });
    server.on('messages', () => { throw new Error('no'); });
    server.bindSync({ address: '127.0.0.1' });
    const client = dgram.createSocket('udp4');
    client.bindSync();
    client.send('a', server.address().port, '127.0.0.1');
    client.send('b', server.address().port, '127.0.0.1', () => client.close());`;
  const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  assert.deepStrictEqual(stdout.split('\n').filter((line) => line.length === 1), ['a', 'b']);
  assert.match(stdout, /thrown/);
});
