/* Lookups in flight. Those of one name and family are joined (rule 7): the first asks the stack,
 * all wait for the one answer, and nothing is kept after it.
 *
 * A socket may have a lookup function of its own. Its lookups are joined among themselves; each is
 * asked for in the host's next turn and then waits under an id for dgram_lookup_answer. Where the
 * function leaves one to the stack, it becomes a waiter of the stack's lookup of that name, and who
 * waits for it stays, so that what comes later cannot overtake. */

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

/* A socket's own lookup function. */
struct dgram__asker {
  dgram_lookup_cb cb;
  void *data;
  dgram_socket *socket;
  uint32_t number; /* of its host's askers, from 1; so that hashes depend on no address */
};

/* A hash table by name, family and asker, chained; complete when zeroed. */
struct dgram__lookups {
  struct dgram__lookup **buckets;
  size_t bucket_count; /* a power of two, or 0 */
  size_t count;
  struct dgram__lookup *unasked_first; /* whose asker is still to be called, oldest first */
  struct dgram__lookup *unasked_last;
  uint32_t askers; /* numbers given */
  uint32_t ids;
};

/* Waits for a name of up to DGRAM__NAME_MAX bytes, which the asker looks up (it must live as long as
 * somebody waits), or the stack where that is NULL. waiter->done is called, once, unless
 * dgram__lookup_leave comes first: from the loop, but where there is an asker also inside
 * dgram_lookup_answer, so those must not call user code. Returns 0, or a code and nothing waits. */
int dgram__lookup_join(dgram_stack *stack, const char *name, int family, struct dgram__asker *asker,
                       struct dgram__waiter *waiter);

/* Waits no more. The last to leave cancels the lookup. Nothing happens to one that does not
 * wait. */
void dgram__lookup_leave(dgram_stack *stack, struct dgram__waiter *waiter);

/* Calls the askers of those that wait for that, a turn's worth; from the loop. */
void dgram__lookups_ask(dgram_stack *stack);

/* Frees the table; no lookup may be in flight. */
void dgram__lookups_clear(dgram_stack *stack);

#endif
