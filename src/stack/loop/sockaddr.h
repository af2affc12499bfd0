/* dgram_address to and from the system's sockaddr. */

#ifndef DGRAM_STACK_LOOP_SOCKADDR_H
#define DGRAM_STACK_LOOP_SOCKADDR_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "dgram.h"

/* Room for the addresses that we know: 28 bytes where sockaddr_storage has 128, and there is one
 * for each datagram of a batch. */
union loop_sockaddr {
  struct sockaddr any;
  struct sockaddr_in ipv4;
  struct sockaddr_in6 ipv6;
};

/* Writes an IPv4 or IPv6 address and returns its length; 0, and writes nothing, where there is
 * none. */
socklen_t loop_address_to_sockaddr(const dgram_address *address, union loop_sockaddr *ret_sockaddr);

/* Reads one; of a unix socket the family alone. Another family gives a zeroed address: none. */
void loop_address_from_sockaddr(const struct sockaddr *sockaddr, dgram_address *ret_address);

#endif
