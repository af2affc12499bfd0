'use strict';

// bind, connect, disconnect, close and their callbacks.
module.exports = ({ dgram, say }) => {
  const server = dgram.createSocket('udp4', () => say('message'));
  const client = dgram.createSocket('udp4');
  for (const event of ['listening', 'connect', 'close', 'error']) {
    client.on(event, (error) => say(`client ${event} ${error ? error.message : ''}`));
    server.prependListener(event, () => say(`server ${event}`));
  }
  say(client.bind(0, '127.0.0.1', () => say('bind callback')) === client);
  server.bind(0, '127.0.0.1', () => {
    client.connect(server.address().port, '127.0.0.1', () => {
      say('connect callback');
      client.send('x', (error, bytes) => {
        say(`sent ${error} ${bytes}`);
        client.disconnect();
        client.once('connect', () => {
          say('again');
          client.close(() => say('close callback'));
          process.nextTick(() => say('tick behind close'));
          server.close();
        });
        client.connect(server.address().port, () => say('second callback'));
        process.nextTick(() => say('tick behind connect'));
      });
      process.nextTick(() => say('tick behind send'));
      Promise.resolve().then(() => say('promise behind send'));
    });
    process.nextTick(() => say('tick in listening'));
    Promise.resolve().then(() => say('promise in listening'));
  });
  process.nextTick(() => say('first tick'));
};
