'use strict';

// Messages that wait together: ticks and promises of one before the next; a close ends them.
module.exports = ({ dgram, say }) => {
  let count = 0;
  const server = dgram.createSocket('udp4');
  server.on('message', (msg, rinfo) => {
    say(`message ${msg} ${rinfo.size} ${rinfo.family} ${rinfo.address}`);
    process.nextTick(() => say('tick'));
    Promise.resolve().then(() => say('promise'));
    if (++count === 4) {
      server.close(() => say('close'));
      client.close();
    }
  });
  const client = dgram.createSocket('udp4');
  server.bind(0, '127.0.0.1', () => {
    const { port } = server.address();
    const next = (left) => client.send(`m${left}`, port, '127.0.0.1', () => {
      if (left > 0) next(left - 1);
    });
    next(7);
    // What is sent before the loop turns waits together.
  });
};
