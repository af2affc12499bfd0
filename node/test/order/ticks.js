'use strict';

// Sends and their callbacks among ticks, promises, timers and immediates.
module.exports = ({ dgram, say }) => {
  const server = dgram.createSocket('udp4');
  server.bind(0, '127.0.0.1', () => {
    const { port } = server.address();
    const client = dgram.createSocket('udp4');
    client.bind(0, () => {
      say('bound');
      setImmediate(() => say('immediate'));
      Promise.resolve().then(() => say('promise before'));
      process.nextTick(() => say('tick before'));
      client.send('a', port, '127.0.0.1', () => {
        say('sent a');
        process.nextTick(() => say('tick in a'));
        Promise.resolve().then(() => say('promise in a'));
      });
      process.nextTick(() => {
        say('tick between');
        process.nextTick(() => say('tick of tick between'));
      });
      client.send('b', port, () => say('sent b'));
      client.send('c', port, undefined, () => {
        say('sent c');
        client.send('d', port, '127.0.0.1', () => {
          say('sent d');
          client.close(() => say('client closed'));
          server.close(() => say('server closed'));
          say('closes called');
          process.nextTick(() => say('tick after close'));
          Promise.resolve().then(() => say('promise after close'));
        });
      });
      process.nextTick(() => say('tick after'));
      Promise.resolve().then(() => say('promise after'));
      queueMicrotask(() => say('microtask'));
      say('end of listening');
    });
  });
};
