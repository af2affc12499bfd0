/* Addresses as text and as values, beside what dgram.h offers of them. */

#ifndef DGRAM_CORE_ADDRESS_H
#define DGRAM_CORE_ADDRESS_H

#include "dgram.h"
#include "core/limits.h"

/* Reads a literal, with port 0.
 *
 * text         borrows.
 * ret_address  its scope_id is the scope where that is a number, else 0.
 * ret_zone     DGRAM__INTERFACE_NAME_MAX bytes: the scope where that is a name, else "".
 * Errors       DGRAM_EINVAL: no literal. DGRAM_ENODEV: one whose scope is longer than the name of
 *              an interface, or a number over 32 bits. */
int dgram__address_read(const char *text, dgram_address *ret_address, char *ret_zone);

/* 224.0.0.0/4 (RFC 5771) or ff00::/8 (RFC 4291 2.7). */
bool dgram__address_is_multicast(const dgram_address *address);

/* The family of a type of socket: they have the same number. */
_Static_assert((int)DGRAM_UDP4 == (int)DGRAM_IPV4 && (int)DGRAM_UDP6 == (int)DGRAM_IPV6,
               "a type of socket has its family's number");
static inline int dgram__address_family_of(int type) {
  return type;
}

/* 0.0.0.0 or ::, for family DGRAM_IPV4 or DGRAM_IPV6; of DGRAM_UNIX the family alone. */
dgram_address dgram__address_any(int family, uint16_t port);

/* 127.0.0.1 or ::1. */
dgram_address dgram__address_loopback(int family, uint16_t port);

#endif
