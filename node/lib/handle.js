'use strict';

// The addon's half of a socket.

const native = require('./native');

// shared: others read from its descriptor too. Then datagrams are read one by one, since those that were
// read and not told would be lost to the others when the socket is closed.
function makeHandle(socket, state, shared) {
  return new native.Handle(socket, {
    ...state.options,
    ipv6: state.ipv6,
    ipv6Only: state.ipv6 && state.options.ipv6Only,
    noMmsg: shared,
  });
}

// For a descriptor that is shared, in place of the one that was made when the socket was.
function shareHandle(socket, state) {
  state.handle.close(true);
  state.handle = makeHandle(socket, state, true);
  if (!state.reffed) state.handle.setRef(false);
}

module.exports = { makeHandle, shareHandle };
