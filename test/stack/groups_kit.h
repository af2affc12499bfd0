/* What the tests about groups (GSO) share: a socket, a plain peer, and the calls between them.
 *
 * A test whose first line wraps sendmmsg, sendmsg and setsockopt sees each message as the kernel
 * would get it, control message included, and may refuse it. sendmmsg is played as Linux has it: it
 * stops at the first message that is refused and hides the error where others went before. */

#ifndef DGRAM_TEST_GROUPS_KIT_H
#define DGRAM_TEST_GROUPS_KIT_H

#include "linux_kit.h"

#include "core/limits.h"

/* A message that the socket hands to the system. */
struct groups_message {
  size_t length;
  size_t segment; /* of its UDP_SEGMENT; 0: none */
  size_t pieces;
  const void *bytes; /* of its first piece, while the call lasts */
  uint16_t port;     /* where to */
  bool first;        /* of its call: a refusal is told and not hidden */
};

static inline bool groups_is_group(const struct groups_message *message) {
  return message->segment > 0;
}

enum { GROUPS_LEFT_MAX = 2048 };

struct groups_calls {
  unsigned many;  /* calls of sendmmsg */
  unsigned one;   /* calls of sendmsg */
  size_t refused; /* messages, each time that was told */
  size_t left_count;
  struct groups_message left[GROUPS_LEFT_MAX]; /* those that the kernel took */

  /* 0, or the -errno that a message ends with. NULL: all may go. */
  int (*judge)(const struct groups_message *message);
  int no_sendmmsg; /* errno of every sendmmsg, or 0 */

  unsigned segment_asked; /* setsockopt of UDP_SEGMENT and UDP_GRO */
  unsigned gro_asked;
  int segment_error; /* errno of those, or 0 */
  int gro_error;
};

extern struct groups_calls groups_calls;

/* Of those that left: messages, and groups among them. */
size_t groups_count(void);

/* ---- a socket, a peer, a list ---- */

/* What a buffer of the size that everybody may have holds, unread. */
enum { GROUPS_LIST_MAX = 320, GROUPS_BYTES = 400000 };

struct groups_world {
  dgram_socket *socket;
  struct kit_seen seen;
  int peer;
  uint16_t port;
  int type;
  size_t count;
  size_t used; /* of bytes */
  size_t told; /* send_many calls that have ended */
  dgram_datagram list[GROUPS_LIST_MAX];
  unsigned char bytes[GROUPS_BYTES];
};

extern struct groups_world groups_world;

/* A bound socket of the kit's stack and a peer with a large buffer; forgets calls and list. */
void groups_arrange(int type);
void groups_finish(void);

/* The list is empty again, and the calls are forgotten, what was refused included; the judge
 * stays. */
void groups_clear(void);

/* Appends n datagrams to the peer, with bytes that differ, next to each other in memory. */
void groups_add(size_t n, size_t length);

/* The same, with a gap after each: payloads that are no neighbours. */
void groups_add_apart(size_t n, size_t length);

/* Another peer, with such a buffer. */
int groups_peer(int type, uint16_t *ret_port);

dgram_address groups_to(uint16_t port);

/* Sends the list and waits for its end. */
void groups_send(void);

/* The same, and each datagram has been sent and stands at the peer, in this order. */
void groups_pass(void);

/* The peer has the list's datagrams but for those with another result or another port, in order,
 * and nothing else. */
void groups_expect_arrived(int peer, uint16_t port);

/* Result of datagrams from..to-1: what was sent, or this code. */
void groups_expect_sent(size_t from, size_t to);
void groups_expect_code(size_t from, size_t to, int code);

/* So many messages left, each with so many bytes and this segment; what follows is not looked
 * at. */
void groups_expect_left(size_t index, size_t length, size_t segment);

#endif
