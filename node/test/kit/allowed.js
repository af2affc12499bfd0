'use strict';

// What our module does otherwise than node:dgram, on purpose. All else that differs is a mistake of ours.

const major = Number(process.versions.node.split('.')[0]);

const MEMBERSHIPS = /^(add|drop)(SourceSpecific)?Membership$/;
// A source of zeros is none.
function isNoSource(node, our) {
  return /SourceSpecific/.test(node.method) && our.code === 'EINVAL' && /^\[ '(0.0.0.0|::)'/.test(node.args);
}

const SENDS = new Set(['send', 'sendto']);
const NOT_RUNNING = 'ERR_SOCKET_DGRAM_NOT_RUNNING';

function isStuck(entry) {
  return entry?.method === 'bind' && entry.state === 'unbound' && entry.text.startsWith('throws') &&
    entry.code !== 'ERR_SOCKET_ALREADY_BOUND';
}

function isUnchecked(node, our) {
  return major < 20 && node.method === 'createSocket' && /options\.(recv|send)BufferSize/.test(our.message);
}

function joinsOtherFamily(node, our) {
  return MEMBERSHIPS.test(node.method) && our.code === 'EINVAL' && node.type === 'udp6' &&
    /'\d+\.\d+\.\d+\.\d+'/.test(node.args);
}

function joinsAgain(node, our) {
  return node.method === 'addMembership' && node.code === 'EADDRINUSE' && our.code === undefined;
}

// From here on the two go ways of their own:
//
// - A membership binds a socket that is not bound. With node:dgram a later bind fails for it, here it
//   throws; and one that is being bound refuses it.
// - close() waits for the bind, behind sends. With node:dgram a later send or close is thrown, uncaught,
//   when the bind has ended; here it throws at once.
// - connect() on a closed socket throws; with node:dgram it may wait for ever, or say that it cannot
//   read a property of null, or that the socket is connected.
// - A connect behind a bind that fails has failed; with node:dgram it goes on for ever.
// - With node:dgram a socket whose bind has failed can be set, and has an address, of zeros.
// - A bind that throws has not begun; with node:dgram it goes on for ever.
// - A udp6 socket joins no group of IPv4.
// - A group may be joined on one interface by several of its names.
// - Node 18 looks at the sizes of buffers when it binds.
function parts(node, our, previous) {
  if (our === undefined) return true;
  if (node.state !== our.state) return true;
  if (isStuck(previous) || isUnchecked(node, our) || isNoSource(node, our)) return true;
  if (joinsOtherFamily(node, our) || joinsAgain(node, our)) return true;
  if (MEMBERSHIPS.test(node.method) && node.state !== 'bound') return true;
  if (node.code === 'ERR_SOCKET_DGRAM_IS_CONNECTED' && our.code !== node.code) return true;
  if (our.code !== NOT_RUNNING || node.code === NOT_RUNNING) return false;
  if (node.method === 'connect') return true;
  return (SENDS.has(node.method) || node.method === 'close') && node.text.startsWith('returns');
}

// The index of the first call from which on they are not compared, or their number.
function parting(node, ours) {
  const at = node.findIndex((entry, i) => parts(entry, ours[i], node[i - 1]));
  return at < 0 ? node.length : at;
}

// ---- one call ----

// On a closed socket node:dgram says that it cannot read a property of null.
function isClosedSetter(node, our) {
  return node.state === 'closed' && our.code === NOT_RUNNING &&
    /^Cannot read properties of null/.test(node.message);
}

// It stumbles over symbols and such as addresses, and before Node 26 over objects with a constructor of their own
// when it describes them.
function isStumble(node, our) {
  return /^Cannot (use 'in' operator|convert (a Symbol|object))/.test(node.message) && our.code !== undefined;
}

// Which error the kernel tells of a source depends on what else is wrong; ours are checked before.
function isOtherSourceError(node, our) {
  return /SourceSpecific/.test(node.method) && node.code?.startsWith('E') && our.code?.startsWith('E');
}

// Node 18 describes some values otherwise.
function withoutReceived(text) {
  return major < 20 ? text.replace(/Received .*/, '') : text;
}

function sameText(node, our) {
  return withoutReceived(node.text) === withoutReceived(our.text) || isClosedSetter(node, our) ||
    isStumble(node, our) || isOtherSourceError(node, our);
}

// ---- what is heard of it later ----

// What node:dgram loses, and here is heard:
//
// - the callbacks of sends on a socket that is closed, or behind a bind that fails; of connects behind
//   such a bind; of a close behind it, and its `close`; what is behind one whose listening throws
// - errors of sends without a callback
// - that a name was found when the socket was connected already
function isLost(entry, line) {
  if (/^callback .* send EISCONN localhost/.test(line)) return true;
  if (line.startsWith('callback ')) return SENDS.has(entry.method) || /^(connect|close)$/.test(entry.method);
  return line === 'close' || line === 'connect' || /^error .*(syscall=send|ERR_IP_BLOCKED|ENOTFOUND)/.test(line);
}

// A send to an address leaves before a connect that was accepted after it, and before the socket is
// closed; with node:dgram it is overtaken.
function isOvertaken(entry, line) {
  return SENDS.has(entry.method) &&
    /^callback .* send (EISCONN|EAFNOSUPPORT|ECANCELED) /.test(line);
}

// Before Node 26 a socket that is closed may tell of a lookup that failed.
function isLate(entry, line) {
  return major < 26 && line.startsWith('error ') && entry.heard.includes('close');
}

function sameHeard(node, our) {
  const left = node.heard.slice();
  for (const line of our.heard) {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    else if (!isLost(our, line)) return false;
  }
  return left.every((line) => isOvertaken(node, line) || isLate(node, line));
}

function allowed(node, our, whole) {
  return sameText(node, our) && (!whole || sameHeard(node, our));
}

module.exports = { allowed, parting };
