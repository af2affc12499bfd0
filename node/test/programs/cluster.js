'use strict';

// cluster.js KIND: a primary with two workers; writes what came of it as JSON.

const cluster = require('node:cluster');
const dgram = require('../..');

const kind = process.argv[2];

function worker() {
  const options = { port: 0, address: '127.0.0.1', exclusive: kind === 'exclusive' };
  const socket = dgram.createSocket('udp4');
  socket.on('error', (error) => process.send({ error: error.code }));
  if (kind === 'taken') options.port = Number(process.env.TAKEN);
  if (kind === 'taken') options.exclusive = true;
  socket.bind(options, () => {
    process.send({ port: socket.address().port });
    if (kind !== 'second') return;
    const second = dgram.createSocket('udp4');
    second.bind(0, '127.0.0.1', () => process.send({ second: second.address().port }));
  });
  socket.on('message', (msg) => {
    process.send({ heard: String(msg) });
    if (kind === 'close') socket.close();
  });
  process.on('message', () => socket.close());
}

const results = { ports: [], seconds: [], errors: [], heard: 0, exits: [] };

function finish() {
  if (kind === 'exclusive' || kind === 'taken') {
    for (const w of Object.values(cluster.workers)) w.process.kill();
  } else {
    cluster.disconnect();
  }
}

function sendAll(port, count) {
  const sender = dgram.createSocket('udp4');
  let left = count;
  for (let i = 0; i < count; i++) {
    sender.send(`m${i}`, port, '127.0.0.1', () => { if (--left === 0) sender.close(); });
  }
}

function onMessage(message) {
  if (message.port !== undefined) results.ports.push(message.port);
  if (message.second !== undefined) results.seconds.push(message.second);
  if (message.error !== undefined) results.errors.push(message.error);
  if (message.heard !== undefined) results.heard++;
  const done = results.ports.length + results.errors.length;
  if (kind === 'second') {
    if (results.seconds.length === 2) finish();
  } else if (message.heard !== undefined) {
    if (results.heard === (kind === 'close' ? 2 : 200)) finish();
  } else if (done === 2) {
    if (kind === 'shared') sendAll(results.ports[0], 200);
    else if (kind === 'close') sendAll(results.ports[0], 2);
    else finish();
  }
}

function primary() {
  const holder = dgram.createSocket('udp4');
  holder.bind(0, '127.0.0.1', () => {
    for (let i = 0; i < 2; i++) {
      const w = cluster.fork({ TAKEN: holder.address().port });
      w.on('message', onMessage);
      w.on('exit', (code, signal) => {
        results.exits.push(code ?? signal);
        if (results.exits.length < 2) return;
        holder.close();
        console.log(JSON.stringify(results));
      });
    }
  });
}

if (cluster.isPrimary) primary();
else worker();
