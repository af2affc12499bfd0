/* What few sockets have. Programs hold thousands of sockets that only wait, and each is to cost little
 * (socket.h), so what is not for all stands behind one pointer, made when it is first needed. */

#ifndef DGRAM_CORE_EXTRAS_H
#define DGRAM_CORE_EXTRAS_H

#include "core/socket.h"

struct dgram__share; /* binder.c */

struct dgram__extras {
  struct dgram__share *share; /* its place among sockets that the binder gave, or NULL */
  uint64_t icmp;              /* answers of ICMP that it was told */
};

/* The socket's, made and zeroed where there are none yet; NULL: no memory. */
struct dgram__extras *dgram__extras_need(dgram_socket *socket);

/* Frees them and what they still hold; the socket is being destroyed. */
void dgram__extras_free(dgram_socket *socket);

#endif
