/* Limits of the cluster, each with its unit and its reason. */

#ifndef CLUSTER_LIMITS_H
#define CLUSTER_LIMITS_H

enum {
  /* Workers. What starts more wants something else than processes. */
  CLUSTER_WORKERS_MAX = 1024,

  /* Shared sockets of one worker. With a socket's record (72 bytes) and the worker's hold (16 bytes)
   * they are 45 KiB, so that with its queue a worker costs the primary less than 64 KiB. */
  CLUSTER_HOLDS_MAX = 512,

  /* Requests of a worker that wait for an answer. Further ones wait in the worker. */
  CLUSTER_WINDOW = 32,

  /* Frames that wait in the primary until a worker's channel takes more. A worker that keeps to the
   * window has at most so many and one to stop, even if its channel takes nothing at all. */
  CLUSTER_PRIMARY_QUEUE_MAX = 2 * CLUSTER_WINDOW,

  /* The same in a worker: all that it may have to say, a request in the window, the listening and the
   * release of each socket, twice over. */
  CLUSTER_WORKER_QUEUE_MAX = 4 * CLUSTER_HOLDS_MAX,

  /* Frames that are read of one channel in one turn of the loop, so that a flood of one worker does
   * not hold up the others. */
  CLUSTER_FRAMES_TURN = 32,

  /* Bytes of this process's arguments, where workers get the same: Linux gives no process more than
   * that in one argument. */
  CLUSTER_ARGUMENTS_MAX = 128 * 1024,

  /* Buckets of the table of handles. */
  CLUSTER_BUCKETS = 256,

  /* What options that are 0 mean, in ms. */
  CLUSTER_RESTART_PAUSE_MS = 100,
  CLUSTER_RESTART_PAUSE_MAX_MS = 10000,
  CLUSTER_STOP_TIMEOUT_MS = 10000,
  CLUSTER_START_TIMEOUT_MS = 10000
};

#endif
