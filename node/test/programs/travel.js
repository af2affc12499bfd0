'use strict';

// A socket that travels to a child, which reads what the parent does not: all datagrams come, one by one.

const { fork } = require('node:child_process');
const dgram = require('../..');

const COUNT = 50;

function child() {
  process.once('message', (message, socket) => {
    let heard = 0;
    socket.on('message', (msg) => {
      if (msg.length !== 1) process.send('joined');
      if (++heard < COUNT) return;
      socket.close();
      process.send('all', () => process.disconnect());
    });
    process.send('ready');
  });
}

function parent() {
  const server = dgram.createSocket('udp4');
  server.bind(0, '127.0.0.1', () => {
    const { port } = server.address();
    const started = fork(__filename, ['child']);
    started.send('here', server);
    started.on('message', (message) => {
      console.log(message);
      if (message !== 'ready') return;
      server.close();
      const client = dgram.createSocket('udp4');
      let left = COUNT;
      for (let i = 0; i < COUNT; i++) {
        client.send('x', port, '127.0.0.1', () => { if (--left === 0) client.close(); });
      }
    });
  });
}

if (process.argv[2] === 'child') child();
else parent();
