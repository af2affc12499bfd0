/* What a text that may be an address or a name turns out to be. */

#ifndef DGRAM_CORE_RESOLVE_H
#define DGRAM_CORE_RESOLVE_H

#include "stack/stack.h"

/* Reads a literal, whose scope may be the name of an interface, with port 0. Returns 0: a literal;
 * 1: no literal, so a name. DGRAM_EINVAL: has a colon, so can be neither; DGRAM_ENODEV: unknown
 * scope. */
int dgram__literal_read(dgram_stack *stack, const char *text, dgram_address *ret_address);

/* Whether a name may go to the resolver: 0, DGRAM_ENAMETOOLONG, or DGRAM_EINVAL where it is
 * empty. */
int dgram__name_check(const char *name);

#endif
