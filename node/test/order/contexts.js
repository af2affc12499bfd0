'use strict';

// AsyncLocalStorage and the kinds of resources that async_hooks shows.
const { AsyncLocalStorage, createHook, executionAsyncId } = require('node:async_hooks');

module.exports = ({ dgram, say }) => {
  const kinds = new Map();
  createHook({
    init(id, type) { kinds.set(id, type); },
  }).enable();
  const store = new AsyncLocalStorage();
  const tell = (what) => say(`${what}: ${store.getStore()}`);
  const server = store.run('server', () => dgram.createSocket('udp4'));
  const client = store.run('client', () => dgram.createSocket('udp4'));
  server.on('message', () => {
    say(`message in ${kinds.get(executionAsyncId())}`);
    store.run('in message', () => {
      server.close(() => tell('server close'));
      client.close(() => tell('client close'));
    });
  });
  store.run('bind', () => server.bind(0, '127.0.0.1', () => {
    tell('listening');
    const { port } = server.address();
    store.run('send', () => client.send('x', port, '127.0.0.1', () => {
      tell('sent');
      setImmediate(() => tell('immediate of sent'));
    }));
    store.run('tick', () => process.nextTick(() => tell('tick')));
  }));
};
