'use strict';

// close() inside each callback, and what can be called afterwards.
module.exports = ({ dgram, say }) => {
  const attempt = (name, call) => {
    try {
      say(`${name} ${typeof call()}`);
    } catch (error) {
      say(`${name} ${error.code}`);
    }
  };
  const inListening = dgram.createSocket('udp4');
  inListening.on('close', () => say('in listening: close'));
  inListening.bind(0, () => {
    inListening.close(() => say('in listening: callback'));
    attempt('close', () => inListening.close());
    attempt('bind', () => inListening.bind());
    attempt('send', () => inListening.send('x', 9));
    attempt('address', () => inListening.address());
    attempt('ref', () => inListening.ref());
    attempt('unref', () => inListening.unref());
    attempt('addMembership', () => inListening.addMembership('224.0.0.114'));
    process.nextTick(() => say('in listening: tick'));
  });
  const duringBind = dgram.createSocket('udp4');
  duringBind.on('listening', () => say('not reached'));
  duringBind.bind(0);
  duringBind.close(() => say('during bind: close'));
  const unbound = dgram.createSocket('udp6');
  unbound.close(() => say('unbound: close'));
  Promise.resolve().then(() => say('promise'));
  process.nextTick(() => say('tick'));
  const controller = new AbortController();
  const aborted = dgram.createSocket({ type: 'udp4', signal: controller.signal });
  aborted.on('close', () => say('aborted: close'));
  controller.abort();
  const dead = dgram.createSocket({ type: 'udp4', signal: AbortSignal.abort() });
  dead.on('close', () => say('dead: close'));
  attempt('dead send', () => dead.send('x', 9));
};
