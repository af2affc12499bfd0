'use strict';

// A fresh socket: what waits for its implicit bind, and listeners of `listening` before and behind it.
module.exports = ({ dgram, say }) => {
  const server = dgram.createSocket('udp4');
  server.bind(0, '127.0.0.1', () => {
    const { port } = server.address();
    const client = dgram.createSocket('udp4');
    client.on('listening', () => {
      say('listening, added before');
      client.send('x', port, '127.0.0.1', () => say('sent x'));
    });
    client.send('a', port, '127.0.0.1', () => say('sent a'));
    client.send('b', port, '127.0.0.1', () => {
      say('sent b');
      client.close();
      server.close();
    });
    client.on('listening', () => {
      say('listening, added behind');
      process.nextTick(() => say('tick of listening'));
    });
    process.nextTick(() => say('tick'));
    process.nextTick(() => process.nextTick(() => say('tick of tick')));
    Promise.resolve().then(() => say('promise'));
    client.on('close', () => say('close'));
    say('called');
  });
};
