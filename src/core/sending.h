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
  dgram_send_many_cb cb;
  void *data;
};

/* A failed lookup's, or a cancelled, datagram: ends in the next turn. */
void dgram__named_fail(struct dgram__named *named, int code, const char *syscall);

/* A group all of whose datagrams have ended inside dgram_send_many: calls back in the next turn. */
void dgram__group_done(dgram_socket *socket, struct dgram__group *group);

/* Counts one datagram's end, and those of a list. */
void dgram__count_result(dgram_socket *socket, int result);
void dgram__count_results(dgram_socket *socket, const dgram_datagram *list, size_t count);

/* Rule 9's count. */
void dgram__queued_add(dgram_socket *socket, size_t datagrams, size_t bytes);
void dgram__queued_remove(dgram_socket *socket, size_t datagrams, size_t bytes);

#endif
