'use strict';

// A throw in each kind of listener and callback: when it is told, and that the rest goes on. (Promises
// behind a throw in a tick run at some time: with node:dgram on Node 26 at the very end.)
module.exports = ({ dgram, say }) => {
  process.on('uncaughtException', (error) => {
    say(`uncaught ${error.message}`);
    process.nextTick(() => say(`tick of ${error.message}`));
  });
  const fail = (name) => {
    say(name);
    process.nextTick(() => say(`tick in ${name}`));
    if (name !== 'listening') Promise.resolve().then(() => say(`promise in ${name}`));
    throw new Error(name);
  };
  let messages = 0;
  const server = dgram.createSocket('udp4', (msg) => {
    if (++messages === 3) {
      client.close();
      server.close();
    }
    fail(`message ${msg}`);
  });
  const client = dgram.createSocket('udp4');
  server.on('close', () => fail('close'));
  client.on('listening', () => fail('listening'));
  server.bind(0, '127.0.0.1', () => {
    const { port } = server.address();
    client.bind(0, () => say('not reached'));
    setImmediate(() => {
      client.send('a', port, '127.0.0.1', () => fail('sent a'));
      client.send('b', port, '127.0.0.1', () => {
        client.send('c', port, '127.0.0.1', () => fail('sent c'));
        fail('sent b');
      });
    });
  });
};
