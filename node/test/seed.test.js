'use strict';

// The examples of the documentation that this project began with, from the days of Node 0.11, as they
// stand there: only the name of the module is ours. They stand in seed/; those that are fragments get
// the names that they use. (Left out is the one of which the documentation itself says not to do it so.)
//
// Their ports are fixed, so they run in a network namespace of their own.
// on the fallback too

const test = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');
const { once } = require('node:events');
const { spawnSync } = require('node:child_process');

const SEED = path.join(__dirname, 'seed');
const INSIDE = 'DGRAM_TEST_INSIDE';
const NETWORK = 'ip link set lo up && ip route add 224.0.0.0/4 dev lo';

// ---- running an example ----

const names = ['membership', 'message', 'send', 'server', 'exclusive'];

function textOf(name) {
  return fs.readFileSync(path.join(SEED, `${name}.js`), 'utf8');
}

function sourceOf(name) {
  return textOf(name).replace(/require\((['"])dgram\1\)/, "require('libdgram')");
}

// Runs it with these names; returns them, those that it has made included, and what it prints.
function run(name, given = {}) {
  const printed = [];
  const { format } = require('node:util');
  const context = vm.createContext({
    require, Buffer, console: { log: (...words) => printed.push(format(...words)) }, ...given,
  });
  vm.runInContext(sourceOf(name), context, { filename: `${name}.js` });
  return { ...context, printed };
}

function closed(socket) {
  return new Promise((resolve) => { socket.close(resolve); });
}

async function until(condition) {
  while (!condition()) await new Promise((resolve) => { setImmediate(resolve); });
}

// ---- the examples ----

function examples() {
  const dgram = require('libdgram');

  async function bound() {
    const socket = dgram.createSocket('udp4');
    socket.bind(0);
    await once(socket, 'listening');
    return socket;
  }

  test('a server, and a client that sends it a datagram', async () => {
    const { server, printed } = run('server');
    await once(server, 'listening');
    assert.deepStrictEqual(printed, ['server listening 0.0.0.0:41234']);
    const { client } = run('send');
    await once(client, 'listening');
    const { port } = client.address();
    await Promise.all([once(client, 'close'), once(server, 'message')]);
    assert.deepStrictEqual(printed.slice(1), [`server got: Some bytes from 127.0.0.1:${port}`]);
    await closed(server);
  });

  test('the server says that its port is taken, and ends', async () => {
    const { server } = run('server');
    await once(server, 'listening');
    const second = run('server');
    await new Promise((resolve) => { second.server.on('close', resolve); });
    assert.match(second.printed[0], /^server error:\nError: bind EADDRINUSE 0\.0\.0\.0:41234/);
    await closed(server);
  });

  test('a listener of messages', async () => {
    const socket = await bound();
    const { printed } = run('message', { socket });
    const { port } = socket.address();
    socket.send('Some bytes', port, '127.0.0.1');
    await until(() => printed.length > 0);
    assert.deepStrictEqual(printed, [`Received 10 bytes from 127.0.0.1:${port}\n`]);
    await closed(socket);
  });

  test('a membership', async () => {
    const { s } = run('membership', { dgram });
    await once(s, 'listening');
    const sender = await bound();
    sender.send('to the group', 1234, '224.0.0.114');
    const [msg] = await once(s, 'message');
    assert.strictEqual(String(msg), 'to the group');
    await Promise.all([closed(s), closed(sender)]);
  });

  test('an exclusive port', async () => {
    const socket = dgram.createSocket('udp4');
    run('exclusive', { socket });
    await once(socket, 'listening');
    assert.deepStrictEqual({ ...socket.address() }, { address: '127.0.0.1', family: 'IPv4', port: 8000 });
    const second = dgram.createSocket('udp4');
    run('exclusive', { socket: second });
    const [error] = await once(second, 'error');
    assert.strictEqual(error.code, 'EADDRINUSE');
    await Promise.all([closed(socket), closed(second)]);
  });
}

// The documentation itself, where it lies beside the repository.
function compare(t) {
  const place = path.join(__dirname, '../../../shared/seed/dgram.md');
  if (!fs.existsSync(place)) {
    t.skip('the documentation is not here');
    return;
  }
  const [warned, ...theirs] = [...fs.readFileSync(place, 'utf8').matchAll(/```js\n(.*?)```/gs)]
    .map(([, text]) => text);
  assert.match(warned, /^s\.addMembership/m);
  assert.deepStrictEqual(theirs, names.map(textOf));
}

if (process.env[INSIDE]) {
  examples();
} else {
  test('the examples are those of the documentation', compare);
  test('they run', (t) => {
    const enter = ['--user', '--map-root-user', '--net'];
    if (spawnSync('unshare', [...enter, 'sh', '-c', NETWORK]).status !== 0) {
      console.log('skipped: no network namespaces here');
      t.skip('no network namespaces here');
      return;
    }
    const { status, stdout, stderr } = spawnSync('unshare',
      [...enter, 'sh', '-c', `${NETWORK} && exec "$@"`, 'sh', process.execPath, __filename],
      { encoding: 'utf8', env: { ...process.env, [INSIDE]: '1' }, timeout: 60000 });
    assert.strictEqual(status, 0, stdout + stderr);
  });
}
