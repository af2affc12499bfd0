/* The core's half of a stack: what its sockets share. */

#ifndef DGRAM_CORE_HOST_H
#define DGRAM_CORE_HOST_H

#include "core/blocks.h"
#include "core/lookup.h"
#include "core/queue.h"
#include "core/timer_heap.h"
#include "stack/stack.h"

struct dgram__binding;
struct dgram__resolve;
struct dgram__share;

/* Memory that is kept for the next who sends. One stack's; or of stacks that share a loop and an
 * allocator, of which a simulation has many thousand, most of them idle. */
struct dgram__spares {
  struct dgram__blocks blocks;
  struct dgram__queue *queues;
  unsigned queue_count;
  struct dgram__queue *deep_queue; /* that a socket which queued many has left, or NULL */
  size_t stacks;                   /* that use it; the last one frees it */
};

/* What every datagram touches stands before close_cb. */
struct dgram__host {
  dgram_socket *sockets; /* every one, newest first */

  /* Sockets that want a turn, in the order they asked. */
  dgram_socket *turn_first;
  dgram_socket *turn_last;
  dgram_socket *turning; /* those of the turn under way that still have to come */
  dgram_socket *serving; /* whose callbacks run, or NULL */

  struct dgram__spares *spares;

  /* What must end before the program may: sockets that hold, running timers, lookups. */
  size_t alive;

  unsigned depth;  /* tellings under way: above 0 user code may be running */
  bool *run_ended; /* dgram_run is under way, and wants to know of the stack's end; or NULL */
  bool closing;    /* dgram_stack_close was called */
  bool ended;      /* ops->close was called */

  dgram_stack_close_cb close_cb;
  void *close_data;

  dgram_unheard_cb unheard_cb;
  void *unheard_data;
  uint64_t unheard_since_ns; /* when the last line was printed */
  uint64_t unheard_unsaid;   /* errors without a line since */
  bool unheard_ever;

  dgram_binder_cb binder_cb;
  void *binder_data;
  uint64_t binder_ids;                   /* the last id given to a request */
  struct dgram__binding *bindings_first; /* waiting for a binder's answer, oldest first */
  struct dgram__binding *bindings_last;
  struct dgram__share *shares;

  struct dgram__timer_heap timers;
  uint64_t timer_order;

  struct dgram__lookups lookups;
  struct dgram__resolve *resolves; /* dgram_resolves whose answer is known, oldest first */
  struct dgram__resolve *resolves_last;
  struct dgram__resolve *resolves_in_flight;
};

/* The part of dgram__stack_new that comes after the struct's memory, which is zeroed: 0 or
 * DGRAM_ENOMEM. */
int dgram__host_init(dgram_stack *stack, const struct dgram__stack_ops *ops,
                     const dgram_allocator *allocator);

/* stack, or the default one for NULL, which is made if create is true and else may be NULL. The
 * check that each public function with a stack begins with: DGRAM_ENOTRUNNING where it is
 * closing. */
int dgram__stack_of(dgram_stack *stack, bool create, dgram_stack **ret_stack);

/* One thing more, or less, that must end before the program may. */
void dgram__host_hold(dgram_stack *stack);
void dgram__host_release(dgram_stack *stack);

/* Around every telling that may run user code, so that dgram_run can refuse to run inside one. */
void dgram__host_enter(dgram_stack *stack);
void dgram__host_leave(dgram_stack *stack);

/* Asks for dgram__socket_turn from the loop; any number of times before it is once. */
void dgram__host_want_turn(dgram_stack *stack, dgram_socket *socket);

/* An empty queue from the spare ones, or a new one, or NULL; and back. */
struct dgram__queue *dgram__host_take_queue(dgram_stack *stack);
void dgram__host_give_queue(dgram_stack *stack, struct dgram__queue *queue);

/* An error that no listener has heard: to the last resort. */
void dgram__host_unheard(dgram_stack *stack, dgram_socket *socket, const dgram_error *error);

/* Ends a closing stack once nothing is left on it. */
void dgram__host_end_if_done(dgram_stack *stack);

/* In timer.c: fires what is due; stops all. */
void dgram__timers_ring(dgram_stack *stack);
void dgram__timers_stop_all(dgram_stack *stack);

/* In resolve.c: calls back what is known; cancels the rest. */
void dgram__resolves_tell(dgram_stack *stack);
void dgram__resolves_cancel_all(dgram_stack *stack);

/* Copies options of `size` bytes into known_size bytes, zeroing what the caller's version lacks.
 * DGRAM_EINVAL: the caller's version has fields that this one does not know, and they are set. */
int dgram__options_copy(void *known, size_t known_size, const void *options, size_t size);

#endif
