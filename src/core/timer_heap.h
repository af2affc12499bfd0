/* The timers of a stack, the next one due on top.
 *
 * A pairing heap (Fredman, Sedgewick, Sleator, Tarjan 1986) whose links stand in the timers
 * themselves, so that starting a timer allocates nothing: insert O(1), remove of any timer O(log n)
 * amortised. A libuv timer per dgram_timer would be a handle each, and milliseconds only. */

#ifndef DGRAM_CORE_TIMER_HEAP_H
#define DGRAM_CORE_TIMER_HEAP_H

#include "dgram.h"

/* Ordered by deadline_ns, then by order. Complete when zeroed. */
struct dgram__timer_heap {
  dgram_timer *root;
};

/* Keeps timer until it is removed. Its deadline_ns and order are set, and stay as they are. */
void dgram__timer_heap_insert(struct dgram__timer_heap *heap, dgram_timer *timer);

/* timer must be in this heap. Its links are NULL afterwards. */
void dgram__timer_heap_remove(struct dgram__timer_heap *heap, dgram_timer *timer);

/* The timer due first, or NULL. It stays in the heap. */
dgram_timer *dgram__timer_heap_first(const struct dgram__timer_heap *heap);

#endif
