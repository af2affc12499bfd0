/* What the block lists of a socket keep out. A socket without one is asked once for each call to the
 * system, not for each datagram. */

#ifndef DGRAM_CORE_BLOCKED_H
#define DGRAM_CORE_BLOCKED_H

#include "core/extras.h"

/* ---- receiving ---- */

static inline bool dgram__blocks_senders(const dgram_socket *socket) {
  return socket->extras != NULL && socket->extras->receive_block_list != NULL;
}

/* How many at the front are blocked; counts them. */
size_t dgram__skip_blocked(dgram_socket *socket, const dgram_message *messages, size_t count);

/* How many at the front are not. */
size_t dgram__run_unless_blocked(const dgram_socket *socket, const dgram_message *messages,
                                 size_t count);

/* ---- sending ---- */

/* Whether the socket may not send to an address. */
static inline bool dgram__sends_to_blocked(const dgram_socket *socket, const dgram_address *to) {
  return socket->extras != NULL && dgram_block_list_check(socket->extras->send_block_list, to);
}

/* The same as ops->send, but that those to blocked addresses are dealt with here. */
size_t dgram__send_checked(dgram_socket *socket, dgram_datagram *list, size_t count,
                           unsigned flags);

/* ops->send, or that. */
static inline size_t dgram__send_unless_blocked(dgram_socket *socket, dgram_datagram *list,
                                                size_t count, size_t run, unsigned flags) {
  if (socket->extras != NULL && socket->extras->send_block_list != NULL) {
    return dgram__send_checked(socket, list, count, flags);
  }
  return (size_t)socket->stack->ops->send(socket->endpoint, list, count, run, flags);
}

#endif
