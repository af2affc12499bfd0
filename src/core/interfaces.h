/* Which interface of the host a text means. */

#ifndef DGRAM_CORE_INTERFACES_H
#define DGRAM_CORE_INTERFACES_H

#include "stack/stack.h"

/* The addresses of the host's interfaces, from the stack's allocator. */
struct dgram__interfaces {
  struct dgram__interface *list;
  size_t count;
};

/* Reads them; dgram__free frees the list. Returns 0 or a code. */
int dgram__interfaces_read(dgram_stack *stack, struct dgram__interfaces *ret_interfaces);

/* Reads a text that names an interface: one of its addresses, "::%name", its name, or its index.
 *
 * gone         an index that no interface has is as good as any: the system may remember it.
 * ret_address  the address, where it is one that an interface has, or NULL.
 * Returns      its index; 0: the system's choice, "0.0.0.0" or "::".
 * Errors       DGRAM_EADDRNOTAVAIL: nobody has this address. DGRAM_ENODEV: no such interface. */
int dgram__interface_find(dgram_stack *stack, const char *text, bool gone,
                          dgram_address *ret_address);

#endif
