'use strict';

// Failures of binds, sends and connects, with callbacks and without, among ticks.
module.exports = ({ dgram, say }) => {
  const holder = dgram.createSocket('udp4');
  holder.bind(0, '127.0.0.1', () => {
    const { port } = holder.address();
    const socket = dgram.createSocket('udp4');
    let errors = 0;
    socket.on('error', (error) => {
      say(`error ${error.message.replace(port, 'PORT')}`);
      process.nextTick(() => say('tick of error'));
      if (++errors > 1) return;
      socket.bind(0, '127.0.0.1', () => {
        say('bound after all');
        socket.send('x'.repeat(70000), port, '127.0.0.1', (failure) => {
          say(failure.message.replace(port, 'PORT'));
          socket.send('x', port, '::1', (wrong) => {
            say(wrong.message.replace(port, 'PORT'));
            socket.connect(port, '::1', (refused) => {
              say(`connect ${refused.code}`);
              socket.close();
              holder.close();
            });
            process.nextTick(() => say('tick behind connect'));
          });
        });
        process.nextTick(() => say('tick behind send'));
        Promise.resolve().then(() => say('promise behind send'));
      });
    });
    socket.on('close', () => say('close'));
    socket.bind(port, '127.0.0.1', () => say('must not be bound'));
    process.nextTick(() => say('tick behind bind'));
  });
};
