/* address.h: what the command has to know about addresses beyond the library. */

#ifndef CLI_ADDRESS_H
#define CLI_ADDRESS_H

#include <dgram.h>

#include <stdbool.h>

/* Room for "[addr%interface]:port". */
enum { ENDPOINT_TEXT = DGRAM_ADDRESS_TEXT + 32 };

/* Writes an address without its port; the zone by the name of its interface, where it has one. */
void address_host_text(dgram_stack *stack, const dgram_address *address, char text[ENDPOINT_TEXT]);

/* Writes an address and its port as they are typed: "192.0.2.1:53", "[fe80::1%eth0]:53". */
void address_text(dgram_stack *stack, const dgram_address *address, char text[ENDPOINT_TEXT]);

bool address_is_multicast(const dgram_address *address);

/* Whether it means one interface only, so that it is incomplete without a zone: RFC 4007 4. */
bool address_needs_zone(const dgram_address *address);

/* The first address of a family that an interface has; of IPv6 those with a wider scope come first.
 * Returns 0, or DGRAM_EADDRNOTAVAIL: it has none, or the system's code. */
int address_of_interface(const char *interface, int family, dgram_address *ret_address);

#endif
