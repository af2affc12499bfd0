'use strict';

// Inside Node's cluster: a worker's bind asks the primary for a descriptor, as node:dgram does, unless
// it is exclusive. The handle that comes back is Node's own; we read from a copy of its descriptor,
// and keep the handle for what the cluster does with it: telling the primary that we have closed, and
// closing us when the worker disconnects.

const cluster = require('node:cluster');

function shares(exclusive) {
  return cluster.isWorker && !exclusive;
}

// request: {address, port, addressType, fd, flags}. callback(errno, handle)
function ask(socket, request, callback) {
  cluster._getServer(socket, request, callback);
}

// From here on the cluster closes `socket` in place of the handle.
function own(handle, socket) {
  handle.owner = socket;
}

module.exports = { ask, own, shares };
