'use strict';

// Options of a socket, its memberships, its sizes. Each setter checks as Node does, asks the addon, and
// throws what the system said under Node's name for the call.

const { getSystemErrorMap } = require('node:util');
const errors = require('./errors');
const native = require('./native');
const validate = require('./validate');
const { kState } = require('./state');

const { EINVAL } = require('node:os').constants.errno;

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

function setMulticastInterface(interfaceAddress) {
  const handle = running(this);
  validate.string(interfaceAddress, 'interfaceAddress');
  check(handle.multicastInterface(interfaceAddress), 'setMulticastInterface');
}

// ---- memberships ----

function changeMembership(socket, join, group, interfaceAddress, syscall) {
  const handle = running(socket);
  if (!group) throw errors.missingArgument('multicastAddress');
  check(handle.membership(join, undefined, String(group), interfaceAddress), syscall);
}

function addMembership(multicastAddress, interfaceAddress) {
  changeMembership(this, true, multicastAddress, interfaceAddress, 'addMembership');
}

function dropMembership(multicastAddress, interfaceAddress) {
  changeMembership(this, false, multicastAddress, interfaceAddress, 'dropMembership');
}

function changeSource(socket, join, source, group, interfaceAddress, syscall) {
  const handle = running(socket);
  validate.string(source, 'sourceAddress');
  validate.string(group, 'groupAddress');
  check(handle.membership(join, source, group, interfaceAddress), syscall);
}

function addSourceSpecificMembership(sourceAddress, groupAddress, interfaceAddress) {
  changeSource(this, true, sourceAddress, groupAddress, interfaceAddress,
    'addSourceSpecificMembership');
}

function dropSourceSpecificMembership(sourceAddress, groupAddress, interfaceAddress) {
  changeSource(this, false, sourceAddress, groupAddress, interfaceAddress,
    'dropSourceSpecificMembership');
}

// ---- sizes ----

function textOf(errno) {
  return getSystemErrorMap().get(errno)?.[1] ?? '';
}

// Node names libuv's function.
function bufferSize(socket, receiving, size) {
  const handle = running(socket);
  if (size >>> 0 !== size) throw errors.misuse('badBufferSize');
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
