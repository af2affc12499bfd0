// Both sides on Bun's own sockets: the same lines as program.js. It is run by Bun.

import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';

const meter = createRequire(import.meta.url)('./meter.js');

const BURST = 256;
const WATCHDOG_MS = 30000;
const HOST = '127.0.0.1';

const number = (text) => ({ type: 'string', default: text });
const { values, positionals } = parseArgs({
  args: Bun.argv.slice(2),
  allowPositionals: true,
  options: {
    length: number('64'),
    port: number('0'),
    'warm-up-ms': number('500'),
    'window-ms': number('300'),
  },
});
const role = positionals[0];
const length = Number(values.length);

meter.init({
  role,
  length,
  warmUpMs: Number(values['warm-up-ms']),
  windowMs: Number(values['window-ms']),
});

async function receive() {
  const socket = await Bun.udpSocket({ socket: { data: (from, bytes) => meter.read(bytes) } });
  meter.say({ port: socket.port });
}

// What the kernel does not take is sent again when there is room.
async function burst() {
  const port = Number(values.port);
  const buffers = Array.from({ length: BURST }, () => Buffer.alloc(length));
  let next = BURST;
  const sendAll = (socket) => {
    if (next === BURST) {
      next = 0;
      for (const bytes of buffers) meter.write(bytes);
    }
    while (next < BURST && socket.send(buffers[next], port, HOST)) next++;
    if (next === BURST) setImmediate(sendAll, socket);
  };
  sendAll(await Bun.udpSocket({ socket: { drain: sendAll } }));
}

setTimeout(() => process.exit(1), WATCHDOG_MS);
await { receive, burst }[role]();
