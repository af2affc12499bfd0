/* The send queue of a socket: datagrams in the order they were accepted.
 *
 *   head ... sent ... tail
 *     |  done  | unsent |
 *
 * A datagram is pushed at the tail, handed to the stack when the mark `sent` passes it (its result
 * then stands in it), and popped at the head when its callback is about to run. Datagrams stand
 * next to each other in memory, so that a run of them goes to the stack as it is; what the sender
 * wants to know stands beside each as a ticket. What waits for a name, or ends without the ring,
 * stands in `strays`. The queue is one piece of memory, which a socket has only while it sends:
 * idle ones are kept by the host for the next. */

#ifndef DGRAM_CORE_QUEUE_H
#define DGRAM_CORE_QUEUE_H

#include <assert.h>

#include "stack/stack.h"

struct dgram__block;
struct dgram__group;
struct dgram__named;

/* Beside each datagram: who wants to know, and what must be released. */
struct dgram__ticket {
  dgram_send_cb cb; /* or NULL */
  void *data;
  struct dgram__group *group; /* the dgram_send_many that it belongs to, or NULL */
  struct dgram__block *block; /* where its bytes were copied to, or NULL */
  struct dgram__named *named; /* the name it was sent to, or NULL */
  const char *syscall;        /* what failed, where its result is a code; NULL: cancelled by will */
};

/* What was accepted and stands outside the order of the queue. Lists are NULL where they are
 * empty. */
struct dgram__strays {
  struct dgram__named *named;        /* waiting for a lookup, newest first */
  struct dgram__named *failed_first; /* whose lookup failed, oldest first */
  struct dgram__named *failed_last;
  struct dgram__group *groups_first; /* dgram_send_manys that are done, oldest first */
  struct dgram__group *groups_last;
  uint32_t groups_behind; /* how many of the queue the last of them comes after */
  int lost_code; /* datagrams without a callback for which there was no memory: one `error` */
};

struct dgram__queue {
  struct dgram__queue *next; /* among the host's spare ones */
  dgram_datagram *datagrams;
  struct dgram__ticket *tickets;
  uint32_t capacity; /* a power of two */
  uint32_t head;     /* the three run on and wrap; an index is one of them modulo capacity */
  uint32_t sent;
  uint32_t tail;
  size_t fresh_bytes; /* of payload, pushed since it was handed to the stack last */
  struct dgram__strays strays;
};

/* Returns new, empty, or NULL. */
struct dgram__queue *dgram__queue_create(dgram_stack *stack, uint32_t capacity);
void dgram__queue_destroy(dgram_stack *stack, struct dgram__queue *queue);

/* Makes room for count more, by moving to another piece of memory where need be. DGRAM_ENOMEM:
 * nothing changed. *queue may be NULL before. *deep: an empty one for those that grow long, or
 * NULL, which it is once it has been taken. */
int dgram__queue_grow(dgram_stack *stack, struct dgram__queue **queue, size_t count,
                      struct dgram__queue **deep);

/* The unsent ones that stand next to each other in memory, from the first: *ret_list and their
 * number, which is 0 only where none is unsent. */
uint32_t dgram__queue_unsent_run(struct dgram__queue *queue, dgram_datagram **ret_list);

/* Marks all unsent ones done, with this result. */
void dgram__queue_fail_unsent(struct dgram__queue *queue, int code, const char *syscall);

/* Gives an address to those that were to go to the peer. */
void dgram__queue_address_peer(struct dgram__queue *queue, const dgram_address *peer);

/* Whether nothing that was accepted is left. */
bool dgram__queue_is_idle(const struct dgram__queue *queue);

/* Where a mark stands in the two arrays. */
static inline uint32_t dgram__queue_slot(const struct dgram__queue *queue, uint32_t mark) {
  return mark & (queue->capacity - 1);
}

static inline uint32_t dgram__queue_count(const struct dgram__queue *queue) {
  return queue == NULL ? 0 : queue->tail - queue->head;
}

static inline uint32_t dgram__queue_done(const struct dgram__queue *queue) {
  return queue == NULL ? 0 : queue->sent - queue->head;
}

static inline uint32_t dgram__queue_unsent(const struct dgram__queue *queue) {
  return queue == NULL ? 0 : queue->tail - queue->sent;
}

/* As dgram__queue_grow; mostly there is room. */
static inline int dgram__queue_reserve(dgram_stack *stack, struct dgram__queue **queue,
                                       size_t count, struct dgram__queue **deep) {
  if (*queue != NULL && count <= (*queue)->capacity - dgram__queue_count(*queue)) return 0;
  return dgram__queue_grow(stack, queue, count, deep);
}

/* Appends, where there is room: reserve first. */
static inline void dgram__queue_push(struct dgram__queue *queue, const dgram_datagram *datagram,
                                     const struct dgram__ticket *ticket) {
  const uint32_t at = dgram__queue_slot(queue, queue->tail);

  assert(dgram__queue_count(queue) < queue->capacity);
  queue->datagrams[at] = *datagram;
  queue->tickets[at] = *ticket;
  queue->fresh_bytes += datagram->length;
  queue->tail++;
}

/* The same of a datagram in one piece: field by field where they belong, which is twice as fast as
 * copying two structs that were just written. */
static inline void dgram__queue_push_plain(struct dgram__queue *queue, const void *bytes,
                                           size_t length, const dgram_address *to, dgram_send_cb cb,
                                           void *data, struct dgram__block *block) {
  const uint32_t at = dgram__queue_slot(queue, queue->tail);
  dgram_datagram *datagram = &queue->datagrams[at];
  struct dgram__ticket *ticket = &queue->tickets[at];

  assert(dgram__queue_count(queue) < queue->capacity);
  datagram->bytes = bytes;
  datagram->length = length;
  datagram->to = *to;
  datagram->info = NULL;
  datagram->parts = 0;
  ticket->cb = cb;
  ticket->data = data;
  ticket->group = NULL;
  ticket->block = block;
  ticket->named = NULL;
  ticket->syscall = "send";
  queue->fresh_bytes += length;
  queue->tail++;
}

/* Takes the first one out; it must be done. What is returned stands in the queue until the next is
 * pushed. */
static inline const dgram_datagram *dgram__queue_pop(struct dgram__queue *queue,
                                                     const struct dgram__ticket **ret_ticket) {
  const uint32_t at = dgram__queue_slot(queue, queue->head);

  assert(dgram__queue_done(queue) > 0);
  queue->head++;
  *ret_ticket = &queue->tickets[at];
  return &queue->datagrams[at];
}

#endif
