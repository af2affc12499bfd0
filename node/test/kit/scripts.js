'use strict';

// Scripts: a socket is made in a random way, and random calls are made on it with random arguments, good
// and bad. A script is its seed: run on another module it does the same. No datagram leaves the host,
// and no port is touched but those that the test owns or the system chooses.

const { inspect } = require('node:util');
const values = require('./values');
const { Random } = require('./random');
const { errorText, outcomeOf } = require('./outcome');

const CALLS = 10;

class Run {
  // env: { sink, busy, newest }
  constructor(dgram, seed, env) {
    this.dgram = dgram;
    this.random = new Random(seed);
    this.env = env;
    this.socket = undefined;
    this.entries = []; // a call each
    this.current = undefined;
  }

  // ---- arguments ----

  pick(list) {
    return this.random.pick(list)();
  }

  some(list) {
    return this.random.chance(0.15) ? this.pick(values.junk) : this.pick(list);
  }

  callback() {
    const { current } = this;
    return (...args) => {
      const error = args[0];
      current.heard.push(error instanceof Error ? `callback ${errorText(error)}`
        : `callback ${inspect(args)}`);
    };
  }

  // A callback mostly, or what is none, or nothing.
  withCallback(args) {
    if (this.random.chance(0.6)) args.push(this.callback());
    else if (this.random.chance(0.15)) args.push(this.pick(values.junk));
    return args;
  }

  address() {
    return this.some(values.addresses);
  }

  port() {
    if (this.random.chance(0.2)) return this.harmless(this.pick(values.junk));
    return this.pick(values.sinkPorts(this.env.sink));
  }

  // A port that would be one of the system's, or of others.
  harmless(value) {
    const number = Number.isInteger(value) ? value : 0;
    return number > 0 && number < 65536 && number !== this.env.sink ? 0 : value;
  }

  bindPort() {
    const { random } = this;
    if (random.chance(0.1)) return this.env.busy;
    return random.pick([0, undefined, null, '', 'abc', NaN, 65536, '0', false]);
  }

  // One that never answers keeps our socket from closing for five seconds.
  lookup() {
    const value = this.some(values.lookups);
    return typeof value === 'function' && value.length !== 3 ? undefined : value;
  }

  // -0 ends the process with node:dgram.
  size() {
    const value = this.some(values.sizes);
    return Object.is(value, -0) ? 0 : value;
  }

  // What is larger than the system takes is thrown when the bind has ended, and ends the process.
  smallSize() {
    const value = this.size();
    return typeof value === 'number' && value > 2 ** 30 && value < 2 ** 32 ? 4096 : value;
  }

  // ---- calls ----

  bindOptions() {
    const { random } = this;
    const options = {};
    if (random.chance(0.7)) options.port = this.bindPort();
    if (random.chance(0.5)) options.address = this.pick(values.addresses);
    if (random.chance(0.3)) options.exclusive = random.chance(0.5);
    if (random.chance(0.1)) options.fd = random.pick([0, -1, 1.5, '5', 999999, 2 ** 31, null]);
    return options;
  }

  bind() {
    const { random } = this;
    if (random.chance(0.3)) return this.withCallback([this.bindOptions()]);
    const args = [];
    if (random.chance(0.8)) args.push(this.bindPort());
    if (args.length > 0 && random.chance(0.6)) args.push(this.pick(values.addresses));
    return this.withCallback(args);
  }

  bindSync() {
    const { random } = this;
    if (random.chance(0.2)) return [];
    if (random.chance(0.1)) return [this.pick(values.junk)];
    const options = this.bindOptions();
    if (random.chance(0.1)) options.port = this.harmless(this.pick(values.junk));
    if (random.chance(0.1)) options.address = this.pick(values.junk);
    return [options];
  }

  connect() {
    const args = [this.port()];
    if (this.random.chance(0.7)) args.push(this.address());
    return this.withCallback(args);
  }

  connectSync() {
    const args = [this.port()];
    if (this.random.chance(0.7)) args.push(this.address());
    return args;
  }

  send() {
    const { random } = this;
    const args = [this.some(values.bytes)];
    if (random.chance(0.4)) args.push(this.some(values.offsets), this.some(values.offsets));
    if (random.chance(0.8)) args.push(this.port());
    if (args.length > 1 && random.chance(0.7)) args.push(this.address());
    return this.withCallback(args);
  }

  sendto() {
    return this.withCallback([
      this.some(values.bytes), this.some(values.offsets), this.some(values.offsets), this.port(),
      this.address(),
    ]);
  }

  // Of an interface: not by its index, which is ours alone. Of objects node:dgram tells now this, now
  // that.
  interface() {
    const value = this.some(values.interfaces);
    if (typeof value === 'string' && /^\d+$/.test(value)) return undefined;
    return value === null || typeof value === 'string' ? value : undefined;
  }

  group() {
    const value = this.some(values.groups);
    return typeof value === 'string' ? value : undefined;
  }

  membership() {
    return [this.group(), this.interface()];
  }

  source() {
    return [this.some(values.addresses), this.group(), this.interface()];
  }

  close() {
    return this.random.chance(0.5) ? [this.callback()] : [];
  }

  argumentsOf(method) {
    switch (method) {
      case 'setTTL': case 'setMulticastTTL': return [this.some(values.hops)];
      case 'setBroadcast': case 'setMulticastLoopback': return [this.pick(values.junk)];
      case 'setMulticastInterface': return [this.interface()];
      case 'setRecvBufferSize': case 'setSendBufferSize': return [this.size()];
      case 'addMembership': case 'dropMembership': return this.membership();
      case 'addSourceSpecificMembership': case 'dropSourceSpecificMembership':
        return this.source();
      default: return typeof this[method] === 'function' ? this[method]() : [];
    }
  }

  // ---- creating ----

  createOptions() {
    const { random, env } = this;
    const options = { type: random.pick(['udp4', 'udp4', 'udp6']) };
    if (random.chance(0.2)) options.reuseAddr = random.chance(0.5);
    if (random.chance(0.1)) options.ipv6Only = random.chance(0.5);
    if (random.chance(0.1)) options.recvBufferSize = this.smallSize();
    if (random.chance(0.1)) options.sendBufferSize = this.smallSize();
    if (random.chance(0.1)) options.lookup = this.lookup();
    if (random.chance(0.1)) options.signal = this.some([() => new AbortController().signal,
      () => AbortSignal.abort()]);
    if (env.newest && random.chance(0.1)) options.receiveBlockList = this.some([values.blockList]);
    if (env.newest && random.chance(0.1)) options.sendBlockList = this.some([values.blockList]);
    if (random.chance(0.03)) options.type = this.pick(values.junk);
    return options;
  }

  createArguments() {
    const { random } = this;
    if (random.chance(0.05)) return [this.pick(values.junk)];
    if (random.chance(0.5)) return this.withCallback([random.pick(['udp4', 'udp4', 'udp6'])]);
    return this.withCallback([this.createOptions()]);
  }

  // ---- running ----

  // Before a call, by a call that changes nothing.
  state() {
    try {
      this.socket?.address();
      return 'bound';
    } catch (error) {
      return error.code === 'EBADF' ? 'unbound' : 'closed';
    }
  }

  record(method, args, call) {
    const entry = { method, args: inspect(args, { depth: 1, breakLength: Infinity }), heard: [] };
    entry.state = this.state();
    entry.type = this.socket?.type;
    this.entries.push(entry);
    this.current = entry;
    Object.assign(entry, outcomeOf(this.socket, call));
  }

  create() {
    this.current = { heard: [] }; // of the listener: no datagram comes
    const args = this.createArguments();
    this.record('createSocket', args, () => {
      this.socket = this.dgram.createSocket(...args);
      return this.socket.type;
    });
    const [entry] = this.entries;
    for (const event of ['error', 'listening', 'connect', 'close']) {
      this.socket?.on(event, (error) => {
        entry.heard.push(error === undefined ? event : `${event} ${errorText(error)}`);
      });
    }
  }

  start(methods) {
    this.create();
    const count = 1 + this.random.below(2 * CALLS);
    for (let i = 0; i < count && this.socket !== undefined; i++) {
      const method = this.random.pick(methods);
      this.current = { heard: [] };
      const { current } = this;
      const args = this.argumentsOf(method);
      this.record(method, args, () => this.socket[method](...args));
      this.entries.at(-1).heard = current.heard;
    }
  }

  // The socket's port is free, and nothing keeps the program: node:dgram may have lost a close.
  end() {
    this.socket?.unref();
    try {
      this.socket?.close();
    } catch {
      // It has done so.
    }
  }
}

// Each as often as it stands here.
const METHODS = [
  'send', 'send', 'send', 'send', 'send', 'send', 'bind', 'bind', 'bind', 'connect', 'connect',
  'disconnect', 'address', 'remoteAddress', 'close', 'ref', 'unref', 'sendto', 'setTTL',
  'setMulticastTTL', 'setBroadcast', 'setMulticastLoopback', 'setMulticastInterface',
  'setRecvBufferSize', 'setSendBufferSize', 'getRecvBufferSize', 'getSendBufferSize',
  'getSendQueueSize', 'getSendQueueCount', 'addMembership', 'dropMembership',
  'addSourceSpecificMembership', 'dropSourceSpecificMembership',
];

const NEWEST = ['bindSync', 'bindSync', 'connectSync', 'connectSync'];

module.exports = { METHODS, NEWEST, Run };
