'use strict';

// terminate.js COUNT: workers that receive and send as fast as they can are terminated, one after
// another, at any moment.

const { Worker, isMainThread, parentPort } = require('node:worker_threads');
const dgram = require('../..');

function busy() {
  const server = dgram.createSocket('udp4');
  const client = dgram.createSocket('udp4');
  server.on('messages', (list) => list.length);
  server.on('message', () => {});
  server.bind(0, '127.0.0.1', () => {
    const { port } = server.address();
    const go = () => {
      for (let i = 0; i < 50; i++) client.send('x', port, '127.0.0.1', i === 49 ? go : undefined);
    };
    go();
    dgram.createSocket('udp4').send('x', port, 'localhost', () => {});
    parentPort.postMessage('busy');
  });
}

async function main(count) {
  for (let i = 0; i < count; i++) {
    const worker = new Worker(__filename);
    await new Promise((resolve) => { worker.once('message', resolve); });
    if (i % 3 > 0) await new Promise((resolve) => { setTimeout(resolve, i % 7); });
    await worker.terminate();
  }
  console.log(`terminated ${count}`);
}

if (isMainThread) main(Number(process.argv[2]));
else busy();
