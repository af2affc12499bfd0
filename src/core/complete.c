/* The ends of sends: callbacks, errors, counts and `drain`. All of it runs from the loop. */

#include <string.h>

#include "core/sending.h"
#include "core/unix.h"

/* ---- counts ---- */

void dgram__count_failures(dgram_socket *socket, const dgram_datagram *list, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (list[i].result < 0) dgram__count_failure(socket, list[i].result);
  }
}

static void emit_drain(dgram_socket *socket) {
  struct dgram__emission emission;

  dgram__emission_begin(&emission, socket->stack, &socket->listeners, DGRAM__DRAIN);
  while (dgram__emission_next(&emission)) {
    ((dgram_drain_cb)emission.cb)(socket, emission.data);
  }
  dgram__emission_end(&emission);
}

void dgram__queue_eased(dgram_socket *socket) {
  const struct dgram__counters *stats = &socket->stats;

  if (socket->life != DGRAM__OPEN) return;
  if (stats->queued > socket->max_queued / 2) return;
  if (stats->queued_bytes > socket->max_queued_bytes / 2) return;
  socket->drain_pending = false;
  emit_drain(socket);
}

/* ---- single ends ---- */

static void emit_send_error(dgram_socket *socket, const dgram_datagram *datagram,
                            const struct dgram__ticket *ticket) {
  char text[DGRAM_PATH_TEXT] = "";
  const char *address = text;
  dgram_address to = datagram->to;

  if (socket->type == DGRAM_UNIX) {
    address = dgram__unix_path_of(socket, datagram, text) ? text : NULL;
    dgram__socket_emit_error(socket, datagram->result, ticket->syscall, address, 0, false);
    return;
  }
  if (to.family == 0) (void)dgram_remote_address(socket, &to);
  if (ticket->named != NULL) {
    address = ticket->named->name;
  } else if (dgram_address_format(&to, text, sizeof text) < 0) {
    address = NULL;
  }
  dgram__socket_emit_error(socket, datagram->result, ticket->syscall, address, to.port, false);
}

static void end_group(dgram_socket *socket, struct dgram__group *group) {
  const size_t weight = group->weight;
  const size_t bytes = group->bytes;

  group->cb(socket, group->list, group->count, group->data);
  dgram__free(socket->stack, group);
  dgram__queued_remove(socket, weight, bytes);
}

/* Rule 9 counts a datagram until its callback has run. */

/* A callback, and nothing to release: what most are. */
static void end_plain(dgram_socket *socket, int result, size_t length, dgram_send_cb cb,
                      void *data) {
  if (result < 0) dgram__count_failure(socket, result);
  cb(socket, result, data);
  dgram__queued_remove(socket, 1, length);
}

static void end_one(dgram_socket *socket, const dgram_datagram *datagram,
                    const struct dgram__ticket *ticket) {
  struct dgram__blocks *blocks = &socket->stack->host->spares->blocks;
  struct dgram__group *group = ticket->group;

  if (datagram->result < 0) dgram__count_failure(socket, datagram->result);
  if (group != NULL) {
    dgram__blocks_release(socket->stack, blocks, ticket->block);
    group->list[group->ended++].result = datagram->result;
    if (group->ended == group->count) end_group(socket, group);
    return;
  }
  if (ticket->cb != NULL) {
    ticket->cb(socket, datagram->result, ticket->data);
  } else if (datagram->result < 0 && ticket->syscall != NULL) {
    emit_send_error(socket, datagram, ticket);
  }
  dgram__blocks_release(socket->stack, blocks, ticket->block);
  dgram__free(socket->stack, ticket->named);
  dgram__queued_remove(socket, 1, datagram->length);
}

/* ---- the turn ---- */

void dgram__group_done(dgram_socket *socket, struct dgram__group *group) {
  struct dgram__strays *strays = &socket->queue->strays;

  group->behind = dgram__queue_count(socket->queue) - strays->groups_behind;
  strays->groups_behind += group->behind;
  if (strays->groups_first != NULL) {
    strays->groups_last->next = group;
  } else {
    strays->groups_first = group;
  }
  strays->groups_last = group;
}

static void end_lost(dgram_socket *socket) {
  const int code = socket->queue->strays.lost_code;

  if (code == 0) return;
  socket->queue->strays.lost_code = 0;
  dgram__socket_emit_error(socket, code, "send", NULL, 0, false);
}

/* Callbacks may send, and so move the queue: it is asked anew each time. */

static void end_failed(dgram_socket *socket, unsigned *budget) {
  while (socket->queue->strays.failed_first != NULL && *budget > 0) {
    struct dgram__named *named = socket->queue->strays.failed_first;
    const dgram_datagram datagram = named->datagram;
    struct dgram__ticket ticket = named->ticket;

    socket->queue->strays.failed_first = named->next;
    ticket.named = named;
    end_one(socket, &datagram, &ticket);
    (*budget)--;
  }
}

/* Returns how many datagrams that were. */
static size_t end_first_group(dgram_socket *socket) {
  struct dgram__group *group = socket->queue->strays.groups_first;
  const size_t weight = group->weight;

  socket->queue->strays.groups_first = group->next;
  end_group(socket, group);
  return weight;
}

static void end_first_queued(dgram_socket *socket) {
  struct dgram__strays *strays = &socket->queue->strays;
  const struct dgram__ticket *ticket;
  const dgram_datagram *datagram = dgram__queue_pop(socket->queue, &ticket);

  if (strays->groups_first != NULL) {
    strays->groups_first->behind--;
    strays->groups_behind--;
  }
  if (ticket->cb != NULL && ticket->block == NULL && ticket->named == NULL) {
    end_plain(socket, datagram->result, datagram->length, ticket->cb, ticket->data);
  } else {
    const dgram_datagram datagram_copy = *datagram;
    const struct dgram__ticket ticket_copy = *ticket;
    end_one(socket, &datagram_copy, &ticket_copy);
  }
}

/* A list that left inside its call found the queue empty, so it came before what stands in the queue
 * now; also one that a callback of this turn has sent. An empty one may have found anything. */
static void end_in_order(dgram_socket *socket, size_t budget) {
  size_t ended;

  for (; budget > 0; budget -= ended < budget ? ended : budget) {
    if (dgram__group_is_due(socket->queue)) {
      ended = end_first_group(socket);
    } else if (dgram__queue_done(socket->queue) > 0) {
      end_first_queued(socket);
      ended = 1;
    } else {
      break;
    }
  }
}

void dgram__send_complete(dgram_socket *socket) {
  unsigned budget = DGRAM__SEND_TURN;

  if (socket->queue == NULL) return;
  end_lost(socket);
  end_failed(socket, &budget);
  end_in_order(socket, budget);
  if (dgram__queue_is_idle(socket->queue)) {
    dgram__host_give_queue(socket->stack, socket->queue);
    socket->queue = NULL;
  }
}
