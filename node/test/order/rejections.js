'use strict';

// captureRejections: an async listener that rejects is told by `error`.
const events = require('node:events');

module.exports = ({ dgram, say }) => {
  events.captureRejections = true;
  const server = dgram.createSocket('udp4');
  const client = dgram.createSocket('udp4');
  server.on('error', (error) => {
    say(`error ${error.message}`);
    server.close(() => say('close'));
    client.close();
  });
  server.on('message', async (msg) => {
    say(`message ${msg}`);
    throw new Error('rejected');
  });
  server.bind(0, '127.0.0.1', () => {
    client.send('x', server.address().port, '127.0.0.1', () => say('sent'));
  });
};
