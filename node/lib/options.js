'use strict';

// Options of a socket, its memberships, its sizes. Each setter checks as Node does, asks the addon, and
// throws what the system said under Node's name for the call.

const net = require('node:net');
const { getSystemErrorMap } = require('node:util');
const {
  EADDRNOTAVAIL, EBADF, EINVAL, ENODEV, ENOPROTOOPT,
} = require('node:os').constants.errno;
const errors = require('./errors');
const native = require('./native');
const validate = require('./validate');
const { becomeBound } = require('./bind');
const { BINDING, UNBOUND, kState } = require('./state');

function running(socket) {
  const { handle } = socket[kState];
  if (handle === null) throw errors.misuse('notRunning');
  return handle;
}

function check(code, syscall) {
  if (code < 0) throw errors.system(code, syscall);
}

// A number that Node hands to libuv as an int of 32 bits.
function setNumber(socket, option, value, name, syscall) {
  validate.number(value, name);
  check(running(socket).setOption(option, value | 0), syscall);
  return value;
}

function setFlag(socket, option, value, syscall) {
  check(running(socket).setOption(option, value ? 1 : 0), syscall);
}

// ---- setters ----

function setBroadcast(flag) {
  setFlag(this, native.OPTION_BROADCAST, flag, 'setBroadcast');
}

function setTTL(ttl) {
  return setNumber(this, native.OPTION_TTL, ttl, 'ttl', 'setTTL');
}

function setMulticastTTL(ttl) {
  return setNumber(this, native.OPTION_MULTICAST_TTL, ttl, 'ttl', 'setMulticastTTL');
}

function setMulticastLoopback(flag) {
  setFlag(this, native.OPTION_MULTICAST_LOOPBACK, flag, 'setMulticastLoopback');
  return flag;
}

// ---- multicast ----

// Node knows interfaces by their addresses; by name, by index and "*" are ours. What is none of all
// these is EINVAL, as there; and so that the codes are the system's, families are compared as it does.

// Of an address, with a scope or without: 4, 6, or 0 where it is none.
function familyOf(text) {
  return net.isIP(text.split('%', 1)[0]);
}

function setMulticastInterface(interfaceAddress) {
  const handle = running(this);
  validate.string(interfaceAddress, 'interfaceAddress');
  const family = familyOf(interfaceAddress);
  let code = handle.multicastInterface(interfaceAddress);
  if (family === 6 && code === -ENODEV) code = handle.multicastInterface('::'); // as libuv does
  if (family === 0 && (code === -ENODEV || code === -EBADF)) code = -EINVAL;
  if (family === 6 && !this[kState].ipv6 && code !== -EBADF) code = -ENOPROTOOPT;
  check(code, 'setMulticastInterface');
}

// What is wrong whatever the system says; 0 where nothing is.
function wrongMembership(state, join, source, group, ifname) {
  const family = familyOf(group);
  const named = ifname !== undefined && familyOf(ifname) === 0;
  if (family === 0 || ifname === '') return -EINVAL;
  if (source !== undefined && familyOf(source) !== family) return -EINVAL;
  if (ifname !== undefined && !named && familyOf(ifname) !== family) return -EINVAL;
  if (family === 6 && !state.ipv6) return named ? -EINVAL : -ENOPROTOOPT;
  return join && state.bindState === BINDING ? -EBADF : 0;
}

function change(state, join, source, group, ifname) {
  const wrong = wrongMembership(state, join, source, group, ifname);
  if (wrong < 0) return wrong;
  const named = ifname !== undefined && familyOf(ifname) === 0;
  const code = state.handle.membership(join, source, group, ifname);
  if (named) return code === -ENODEV ? -EINVAL : code;
  const notJoined = code === -EBADF || code === -ENODEV ||
    (code === -EINVAL && familyOf(group) === 4 && !source);
  return !join && notJoined ? -EADDRNOTAVAIL : code;
}

// A socket that joins is bound by that, if it was not.
function changeMembership(socket, join, source, group, interfaceAddress, syscall) {
  const state = socket[kState];
  const ifname = interfaceAddress === undefined || interfaceAddress === null
    ? undefined : `${interfaceAddress}`;
  const code = change(state, join, source, group, ifname);
  if (state.bindState === UNBOUND && typeof state.handle.address(false) !== 'number') {
    becomeBound(socket, state);
  }
  check(code, syscall);
}

function changeAll(socket, join, group, interfaceAddress, syscall) {
  running(socket);
  if (!group) throw errors.missingArgument('multicastAddress');
  changeMembership(socket, join, undefined, `${group}`, interfaceAddress, syscall);
}

function addMembership(multicastAddress, interfaceAddress) {
  changeAll(this, true, multicastAddress, interfaceAddress, 'addMembership');
}

function dropMembership(multicastAddress, interfaceAddress) {
  changeAll(this, false, multicastAddress, interfaceAddress, 'dropMembership');
}

function changeOne(socket, join, source, group, interfaceAddress, syscall) {
  running(socket);
  validate.string(source, 'sourceAddress');
  validate.string(group, 'groupAddress');
  changeMembership(socket, join, source, group, interfaceAddress, syscall);
}

function addSourceSpecificMembership(sourceAddress, groupAddress, interfaceAddress) {
  changeOne(this, true, sourceAddress, groupAddress, interfaceAddress,
    'addSourceSpecificMembership');
}

function dropSourceSpecificMembership(sourceAddress, groupAddress, interfaceAddress) {
  changeOne(this, false, sourceAddress, groupAddress, interfaceAddress,
    'dropSourceSpecificMembership');
}

// ---- sizes ----

function textOf(errno) {
  return getSystemErrorMap().get(errno)?.[1] ?? '';
}

// Node names libuv's function.
function bufferSize(socket, receiving, size) {
  if (size >>> 0 !== size) throw errors.misuse('badBufferSize');
  const handle = running(socket);
  const code = size > 0x7fffffff ? -EINVAL : handle.bufferSize(receiving, size);
  if (code >= 0) return code;
  throw errors.bufferSize(code, receiving ? 'uv_recv_buffer_size' : 'uv_send_buffer_size',
    textOf(code));
}

function setRecvBufferSize(size) {
  bufferSize(this, true, size);
}

function setSendBufferSize(size) {
  bufferSize(this, false, size);
}

function getRecvBufferSize() {
  return bufferSize(this, true, 0);
}

function getSendBufferSize() {
  return bufferSize(this, false, 0);
}

function getSendQueueSize() {
  return running(this).queued(true);
}

function getSendQueueCount() {
  return running(this).queued(false);
}

module.exports = {
  addMembership,
  addSourceSpecificMembership,
  dropMembership,
  dropSourceSpecificMembership,
  getRecvBufferSize,
  getSendBufferSize,
  getSendQueueCount,
  getSendQueueSize,
  setBroadcast,
  setMulticastInterface,
  setMulticastLoopback,
  setMulticastTTL,
  setRecvBufferSize,
  setSendBufferSize,
  setTTL,
};
