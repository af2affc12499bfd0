/* What send.c accepts and complete.c ends. */

#ifndef DGRAM_CORE_SENDING_H
#define DGRAM_CORE_SENDING_H

#include "core/lookup.h"
#include "core/socket.h"

/* A datagram to a name. It waits for the lookup here, then goes to the queue; where that fails it
 * is ended from here. Its text serves errors until its callback has run. */
struct dgram__named {
  struct dgram__waiter waiter; /* first: the waiter's callback gets from it to the whole */
  struct dgram__named *next;   /* among those that wait, or that have failed */
  struct dgram__named *previous;
  dgram_socket *socket;
  dgram_datagram datagram;
  struct dgram__ticket ticket;
  char name[];
};

/* A dgram_send_many with a callback. Its datagrams end in their order. */
struct dgram__group {
  struct dgram__group *next; /* among those that are done */
  dgram_datagram *list;      /* the caller's */
  size_t count;
  size_t ended;  /* from the front: their results stand in the list */
  size_t weight; /* in the queue's count: an empty list counts as one, since its callback is due */
  size_t bytes;
  uint32_t behind; /* among those that are done: after how many of the queue, and then the next */
  dgram_send_many_cb cb;
  void *data;
};

/* A failed lookup's, or a cancelled, datagram: ends in the next turn. */
void dgram__named_fail(struct dgram__named *named, int code, const char *syscall);

/* A group all of whose datagrams have ended inside dgram_send_many, or that has none: calls back from
 * the loop, after what stands in the queue now. */
void dgram__group_done(dgram_socket *socket, struct dgram__group *group);

/* Whether such a group is the next to call back. */
static inline bool dgram__group_is_due(const struct dgram__queue *queue) {
  return queue->strays.groups_first != NULL && queue->strays.groups_first->behind == 0;
}

/* Counts a datagram that failed or was cancelled, and those of a list. */
static inline void dgram__count_failure(dgram_socket *socket, int code) {
  socket->stats.send_errors++;
  dgram__socket_count_error(socket, code);
}
void dgram__count_failures(dgram_socket *socket, const dgram_datagram *list, size_t count);

/* Emits `drain` where a send was refused and the queue is down to half. */
void dgram__queue_eased(dgram_socket *socket);

/* Rule 9's count. */

static inline void dgram__queued_add(dgram_socket *socket, size_t datagrams, size_t bytes) {
  struct dgram__counters *stats = &socket->stats;
  const bool was_idle = stats->queued == 0;

  stats->queued += (uint32_t)datagrams;
  stats->queued_bytes += bytes;
  if (stats->queued > stats->queued_high_water) stats->queued_high_water = stats->queued;
  if (was_idle) dgram__socket_update_hold(socket);
}

static inline void dgram__queued_remove(dgram_socket *socket, size_t datagrams, size_t bytes) {
  struct dgram__counters *stats = &socket->stats;

  stats->queued -= (uint32_t)datagrams;
  stats->queued_bytes -= bytes;
  if (stats->queued == 0) dgram__socket_update_hold(socket);
  if (socket->drain_pending) dgram__queue_eased(socket);
}

#endif
