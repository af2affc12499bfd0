/* Lookups in flight. Those of one name and family are joined (rule 7): the first asks the stack,
 * all wait for the one answer, and nothing is kept after it. */

#ifndef DGRAM_CORE_LOOKUP_H
#define DGRAM_CORE_LOOKUP_H

#include "stack/stack.h"

struct dgram__waiter;

/* status and addresses as dgram__lookup_done has them. The waiter waits no more; it may be
 * freed. */
typedef void (*dgram__waiter_cb)(struct dgram__waiter *waiter, int status,
                                 const dgram_address *addresses);

/* Somebody who waits for a name; embedded in what it is needed for. Zeroed it waits for nothing. */
struct dgram__waiter {
  struct dgram__waiter *next; /* in the order they came: so sends to a name keep their order */
  struct dgram__waiter *previous;
  struct dgram__lookup *lookup; /* NULL: waits for nothing */
  dgram__waiter_cb done;
};

/* A hash table by name and family, chained; complete when zeroed. */
struct dgram__lookups {
  struct dgram__lookup **buckets;
  size_t bucket_count; /* a power of two, or 0 */
  size_t count;
};

/* Waits for a name of up to DGRAM__NAME_MAX bytes. From the loop waiter->done is called, once,
 * unless dgram__lookup_leave comes first. Returns 0, or a code and nothing waits. */
int dgram__lookup_join(dgram_stack *stack, const char *name, int family,
                       struct dgram__waiter *waiter);

/* Waits no more. The last to leave cancels the lookup. Nothing happens to one that does not
 * wait. */
void dgram__lookup_leave(dgram_stack *stack, struct dgram__waiter *waiter);

/* Frees the table; no lookup may be in flight. */
void dgram__lookups_clear(dgram_stack *stack);

#endif
