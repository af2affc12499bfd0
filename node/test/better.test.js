'use strict';

// DESIGN, "Better than Node": each line on both modules. What is wanted holds on ours and not on
// node:dgram, so that a line that has lost its reason is seen.

const assert = require('node:assert');
const nodeDgram = require('node:dgram');
const test = require('node:test');
const ours = require('..');

const turns = async (count) => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => { setImmediate(resolve); });
};

const bound = (dgram, ...where) => new Promise((resolve, reject) => {
  const socket = dgram.createSocket('udp4');
  socket.once('error', reject);
  socket.bind(...(where.length > 0 ? where : [0, '127.0.0.1']), () => resolve(socket));
});

// what(dgram): whether it is as it should be
function better(name, what) {
  test(name, async () => {
    assert.strictEqual(await what(ours), true, 'on ours');
    assert.strictEqual(await what(nodeDgram), false, 'on node:dgram');
  });
}

function codeOf(call) {
  try {
    call();
    return undefined;
  } catch (error) {
    return error.code ?? error.name;
  }
}

better('a send before close leaves, and its callback runs before close', async (dgram) => {
  const server = await bound(dgram);
  const seen = [];
  server.on('message', (msg) => seen.push(`message ${msg}`));
  const client = await bound(dgram);
  client.send('x', server.address().port, '127.0.0.1', (error) => seen.push(`sent ${error}`));
  await new Promise((resolve) => { client.close(resolve); });
  seen.push('close');
  await turns(20);
  server.close();
  return seen.join() === 'sent null,close,message x' || seen.join() === 'sent null,message x,close';
});

better('so does one on a fresh socket', async (dgram) => {
  const server = await bound(dgram);
  let heard = 0;
  server.on('message', () => heard++);
  const client = dgram.createSocket('udp4');
  client.send('x', server.address().port, '127.0.0.1');
  await new Promise((resolve) => { client.close(resolve); });
  await turns(20);
  server.close();
  return heard === 1;
});

better('sends behind a bind that fails get its error', async (dgram) => {
  const holder = await bound(dgram);
  const socket = dgram.createSocket('udp4');
  const codes = [];
  socket.on('error', (error) => codes.push(`error ${error.code}`));
  socket.bind(holder.address().port, '127.0.0.1');
  socket.send('x', 9, '127.0.0.1', (error) => codes.push(`sent ${error.code}`));
  await turns(10);
  socket.close();
  holder.close();
  return codes.sort().join() === 'error EADDRINUSE,sent EADDRINUSE';
});

better('a close behind a bind that fails closes', async (dgram) => {
  const holder = await bound(dgram);
  const socket = dgram.createSocket('udp4');
  let closed = false;
  socket.on('error', () => {});
  socket.bind(holder.address().port, '127.0.0.1');
  socket.send('x', 9, '127.0.0.1');
  socket.close(() => { closed = true; });
  await turns(10);
  if (!closed) socket.close();
  holder.close();
  return closed;
});

better('a system error of a send without a callback is an error', async (dgram) => {
  const socket = await bound(dgram);
  let code;
  socket.on('error', (error) => { code = error.code; });
  socket.send(Buffer.alloc(70000), 9, '127.0.0.1');
  await turns(10);
  socket.close();
  return code === 'EMSGSIZE';
});

test('but where nobody listens a program that sends and forgets lives on', async () => {
  const socket = await bound(ours);
  socket.removeAllListeners('error');
  socket.send(Buffer.alloc(70000), 9, '127.0.0.1');
  await turns(10);
  assert.strictEqual(socket.address().family, 'IPv4');
  socket.close();
});

better('the queue has a limit where that is asked for', async (dgram) => {
  const socket = dgram.createSocket({ type: 'udp4', queueLimit: { datagrams: 2 } });
  const codes = [1, 2, 3].map(() => codeOf(() => socket.send('x', 9, '127.0.0.1', () => {})));
  const drained = new Promise((resolve) => {
    socket.on('drain', () => resolve(true));
    setTimeout(resolve, 1000, false).unref();
  });
  const ok = codes.join() === ',,ERR_SOCKET_QUEUE_FULL' && await drained;
  socket.close();
  return ok;
});

better('setters on a closed socket say that it does not run', async (dgram) => {
  const socket = dgram.createSocket('udp4');
  socket.close();
  const calls = ['setTTL', 'setMulticastTTL', 'setBroadcast', 'setMulticastLoopback',
    'getSendQueueSize', 'getSendQueueCount', 'getRecvBufferSize', 'setRecvBufferSize'];
  return calls.every((name) => codeOf(() => socket[name](1)) === 'ERR_SOCKET_DGRAM_NOT_RUNNING');
});

better('a membership binds, and a later bind says so', async (dgram) => {
  const socket = dgram.createSocket('udp4');
  let error = false;
  let listening = false;
  socket.on('error', () => { error = true; });
  socket.on('listening', () => { listening = true; });
  socket.addMembership('224.0.0.114', '127.0.0.1');
  const code = codeOf(() => socket.bind(0));
  await turns(5);
  socket.close();
  return code === 'ERR_SOCKET_ALREADY_BOUND' && listening && !error;
});

better('a bind that throws for its descriptor may be tried again', async (dgram) => {
  const socket = dgram.createSocket('udp4');
  assert.strictEqual(codeOf(() => socket.bind({ fd: 999999 })), 'ERR_INVALID_FD_TYPE');
  const code = codeOf(() => socket.bind(0));
  await turns(5);
  socket.close();
  return code === undefined;
});

better('a port that the system chose survives a disconnect', async (dgram) => {
  const peer = await bound(dgram);
  const socket = dgram.createSocket('udp4');
  await new Promise((resolve) => { socket.connect(peer.address().port, '127.0.0.1', resolve); });
  const { port } = socket.address();
  socket.disconnect();
  const same = socket.address().port === port;
  socket.close();
  peer.close();
  return same;
});

better('a batch is read by one system call, and sent by one', async (dgram) => {
  const server = await bound(dgram);
  const client = await bound(dgram);
  let heard = 0;
  const all = new Promise((resolve) => {
    server.on('message', () => { if (++heard === 50) resolve(); });
  });
  for (let i = 0; i < 50; i++) client.send('x', server.address().port, '127.0.0.1');
  await all;
  const ok = typeof server.stats === 'function' && server.stats().receivedBatches < 10 &&
    client.stats().sendCalls < 10;
  server.close();
  client.close();
  return ok;
});
