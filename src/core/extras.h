/* What few sockets have. Programs hold thousands of sockets that only wait, and each is to cost little
 * (socket.h), so what is not for all stands behind one pointer, made when it is first needed. */

#ifndef DGRAM_CORE_EXTRAS_H
#define DGRAM_CORE_EXTRAS_H

#include "core/socket.h"

struct dgram__connecting; /* connect.c */
struct dgram__membership; /* membership.c */
struct dgram__share;      /* binder.c */

struct dgram__extras {
  struct dgram__share *share;            /* its place among sockets that the binder gave, or NULL */
  struct dgram__membership *memberships; /* newest first */
  uint32_t membership_count;
  unsigned bind_flags;  /* of enum dgram__bind_flags all but REUSE_ADDR and ICMP_ERRORS */
  int recv_buffer_size; /* what the bind sets; 0: the system's */
  int send_buffer_size;
  uint32_t recv_info; /* what the bind asks for */
  dgram_block_list *receive_block_list;
  dgram_block_list *send_block_list;
  uint64_t blocked;          /* datagrams that the first of them has dropped */
  uint64_t icmp;             /* answers of ICMP that it was told */
  struct dgram__asker asker; /* who looks up its names, or its cb is NULL: the stack does */

  struct dgram__connecting *connecting; /* a connect under way, or NULL */
  bool connect_pending;                 /* connected inside a call, `connect` not yet emitted */
  int stray_code;                       /* what sends have met that belongs to those before them */
  uint32_t stray_count;                 /* so often; not told yet */
};

/* The socket's, made and zeroed where there are none yet; NULL: no memory. */
struct dgram__extras *dgram__extras_need(dgram_socket *socket);

/* Frees them and what they still hold; the socket is being destroyed. */
void dgram__extras_free(dgram_socket *socket);

#endif
