'use strict';

// What a program may give for an argument, and should not. Each function makes a value for one call;
// `run` is the run of a script (scripts.js), which hears of callbacks.

const net = require('node:net');

class Thing {}

const junk = [
  () => undefined, () => null, () => true, () => false, () => 0, () => -0, () => 1.5, () => -1,
  () => NaN, () => Infinity, () => -Infinity, () => 65536, () => 2 ** 31, () => 2 ** 32,
  () => 2 ** 53, () => '', () => ' ', () => 'abc', () => "it's", () => 'x'.repeat(40), () => '-1',
  () => '1.5', () => '70000', () => ({}), () => Object.create(null), () => [], () => [undefined],
  () => [1, 2], () => ['a', 5], () => Symbol('mark'), () => Symbol.iterator, () => 10n,
  () => -(2n ** 40n), () => new Date(0), () => /x/, () => new Map(), () => new Thing(),
  () => new Error('mine'), () => class Named {}, () => Promise.resolve(), () => new ArrayBuffer(4),
  () => ({ constructor: 5 }), () => ({ toString: () => 'text' }), () => new String('boxed'),
  () => new Number(5), () => function named() {}, () => () => {}, () => Buffer, () => 4294967296n,
];

const bytes = [
  () => Buffer.from('hello'), () => Buffer.alloc(0), () => 'text', () => 'zürich €', () => '',
  () => new Uint8Array(10), () => new Uint16Array(5), () => new Float64Array(2),
  () => new DataView(new ArrayBuffer(12), 4, 4), () => [], () => ['a', Buffer.from('b')],
  () => [new Uint8Array(3), 'x', new DataView(new ArrayBuffer(2))], () => Buffer.alloc(65507),
  () => Buffer.alloc(65508), () => Buffer.alloc(70000), () => Buffer.from('0123456789').subarray(3),
];

const offsets = [
  () => 0, () => 1, () => 2, () => 5, () => 6, () => 10, () => 11, () => 100000, () => -1,
  () => 1.9, () => '1', () => null, () => undefined, () => NaN, () => 2 ** 32, () => 2 ** 32 + 1,
];

// To a port that the test owns, or to none.
function sinkPorts(sink) {
  return [() => sink, () => String(sink), () => ` ${sink} `, () => `0x${sink.toString(16)}`];
}

// Of this host, or no address at all: nothing that a resolver is asked for.
const addresses = [
  () => '127.0.0.1', () => '::1', () => '::ffff:127.0.0.1', () => '', () => undefined, () => null,
  () => 'localhost', () => '0.0.0.0', () => '::',
];

const groups = [
  () => '224.0.0.114', () => 'ff02::1234', () => '127.0.0.1', () => '::1', () => '256.1.1.1',
  () => 'abc', () => '', () => '232.1.1.1',
];

const interfaces = [
  () => undefined, () => null, () => '127.0.0.1', () => '::1', () => '', () => '0.0.0.0',
  () => '::', () => '256.0.0.1', () => '10.255.254.253',
];

const sizes = [
  () => 1, () => 4096, () => 10000, () => 2 ** 31 - 1, () => 2 ** 31, () => 2 ** 32 - 1, () => 0,
];

const hops = [() => 1, () => 64, () => 255, () => 256, () => 0, () => -1, () => 1000, () => 2.7];

const lookups = [
  () => (host, family, callback) => callback(null, '127.0.0.1', 4),
  () => (host, family, callback) => process.nextTick(callback, null, host, family),
  () => (host, family, callback) => process.nextTick(callback, new Error(`no ${host}`)),
  () => (host, family, callback) => setImmediate(callback, null, 'not an address'),
];

function blockList() {
  const list = new net.BlockList();
  list.addAddress('127.0.0.1');
  list.addSubnet('::', 8, 'ipv6');
  return list;
}

module.exports = {
  addresses, blockList, bytes, groups, hops, interfaces, junk, lookups, offsets, sinkPorts, sizes,
};
