'use strict';

// ends.js WHERE HOW: the process exits, throws or collects garbage in one kind of callback, with traffic
// under way.

const dgram = require('../..');

const [, , where, how] = process.argv;

const thrown = [];
process.on('uncaughtException', (error) => thrown.push(error.message));

function act(name) {
  if (name !== where) return;
  if (how === 'exit') process.exit(7);
  if (how === 'gc') global.gc();
  if (how === 'throw') throw new Error(name);
}

const server = dgram.createSocket('udp4');
const client = dgram.createSocket('udp4');
let heard = 0;

function end() {
  client.close(() => act('close'));
  server.close();
}

process.on('exit', () => console.log(`heard ${heard}, threw ${thrown[0]}`));

server.on('message', () => {
  if (++heard === 100) setImmediate(end);
});
server.on('messages', () => act('messages'));
server.on('message', () => act('message'));
client.on('error', () => act('error'));
client.on('connect', () => act('connect'));
client.on('listening', () => act('listening'));

function send(port) {
  for (let i = 0; i < 100; i++) client.send('x', port, '127.0.0.1', () => act('sent'));
  client.send(Buffer.alloc(70000), port, '127.0.0.1');
  client.send('x', port, 'localhost', () => act('named'));
  dgram.createSocket('udp4').connect(port, '127.0.0.1', function connected() {
    this.close();
    act('connect');
  });
  process.nextTick(() => act('tick'));
}

server.bind(0, '127.0.0.1', () => {
  const { port } = server.address();
  client.bind(0, '127.0.0.1');
  setImmediate(() => send(port));
});
