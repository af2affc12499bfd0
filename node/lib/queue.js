'use strict';

// Calls that wait for a bind: sends, connects, a close. They go on with `listening`, in the place among
// its listeners at which the first of them came, as in Node. Where the bind fails each gets its error.
//
// call: { run(), fail(error) }

function enqueue(socket, state, call) {
  if (state.queue === undefined) {
    state.queue = [];
    state.onBound = () => run(state);
    socket.once('listening', state.onBound);
  }
  state.queue.push(call);
}

// One that throws does not keep the others waiting.
function runFrom(queue, i) {
  try {
    while (i < queue.length) queue[i++].run();
  } finally {
    if (i < queue.length) runFrom(queue, i);
  }
}

function run(state) {
  const { queue } = state;
  state.queue = undefined;
  if (queue !== undefined) runFrom(queue, 0);
}

function fail(socket, state, error) {
  const { queue } = state;
  if (queue === undefined) return;
  state.queue = undefined;
  socket.removeListener('listening', state.onBound);
  for (const call of queue) call.fail(error);
}

module.exports = { enqueue, fail, run };
