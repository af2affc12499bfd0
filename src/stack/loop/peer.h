/* What connect(2) leaves to be done on a UDP socket. */

#ifndef DGRAM_STACK_LOOP_PEER_H
#define DGRAM_STACK_LOOP_PEER_H

#include "dgram.h"

/* The error that waits in a socket, taken from it; 0: none. */
int loop_take_error(int fd);

/* After a peer was taken away: Linux gives the port up with it where it had chosen the port itself,
 * and forgets the interface of a link-local address. So the socket is bound anew to where it was
 * before. Returns 0, or DGRAM_EADDRINUSE: somebody has the port now, and the socket another one. */
int loop_keep_port(int fd, const dgram_address *before);

#endif
