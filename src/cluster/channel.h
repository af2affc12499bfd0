/* One end of a channel on a loop: frames in, frames out. Neither side trusts the other to be quick:
 * what the kernel does not take waits in a queue with a limit, and what comes is read a little at a
 * time.
 *
 * cluster_channel_open -> frame ... -> cluster_channel_close -> closed. The owner closes, always: after
 * `ended` too, which is told once and may close inside. After cluster_channel_close only `closed` is
 * told, from the loop, after which the memory may go. */

#ifndef CLUSTER_CHANNEL_H
#define CLUSTER_CHANNEL_H

#include <dgram/uv.h>

#include "cluster/frame.h"

struct cluster_channel;
struct cluster_packet;

struct cluster_channel_events {
  /* A frame has come. fd: a descriptor that came with it, the callee's, or -1. A code ends the channel
   * with it. */
  int (*frame)(struct cluster_channel *channel, const struct cluster_frame *frame, int fd);
  /* Nothing will come any more. 0: the other end is closed; DGRAM_EPROTO: it has sent what is no frame;
   * or what the system says. */
  void (*ended)(struct cluster_channel *channel, int code);
  void (*closed)(struct cluster_channel *channel);
};

struct cluster_channel {
  uv_poll_t poll;
  const struct cluster_channel_events *events;
  struct cluster_packet *queue; /* a ring */
  unsigned first;
  unsigned count;
  unsigned capacity;
  unsigned limit;
  int fd; /* -1: closed */
  bool takes_descriptors;
  bool ended;
};

/* Begins to read. fd: takes, on success. limit: how many frames may wait. */
int cluster_channel_open(struct cluster_channel *channel, uv_loop_t *loop, int fd, unsigned limit,
                         bool takes_descriptors, const struct cluster_channel_events *events);

/* Sends a frame, with a copy of a descriptor, or -1. DGRAM_ENOBUFS: too many wait; DGRAM_EPIPE and
 * others of sendmsg(2): it does not go. After the end of the channel nothing goes. */
int cluster_channel_send(struct cluster_channel *channel, const struct cluster_frame *frame,
                         int fd);

/* Reads what has come already, a turn's amount: for who would close it next. */
void cluster_channel_read(struct cluster_channel *channel);

void cluster_channel_close(struct cluster_channel *channel);

#endif
