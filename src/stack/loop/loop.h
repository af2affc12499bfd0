/* What the two stacks on libuv share: life, running the loop, wake-ups, the alarm, names,
 * interfaces, drops, options of IP.
 *
 * A stack embeds struct loop_stack first, makes itself with loop_stack_new, and puts the functions
 * with the shape of struct dgram__stack_ops into its table as they are.
 *
 * Only `keepalive` holds the loop, and only while the core says that the stack is alive. So every
 * other handle on the loop, those of endpoints included, must be unref'd by who makes it.
 *
 * Stacks on one loop know each other without any state of the process: they stand in a ring, which
 * a new stack finds by walking the loop's handles for a keepalive. A run of the loop (loop_run) is
 * a record on the C stack that all members of the ring point to. */

#ifndef DGRAM_STACK_LOOP_LOOP_H
#define DGRAM_STACK_LOOP_LOOP_H

#include <uv.h>

#include "dgram.h"
#include "stack/stack.h"

struct loop_run;

struct loop_stack {
  struct dgram_stack base;
  uv_loop_t *loop;
  uint32_t disable; /* enum dgram_disable_bits, the environment's included */

  /* All below is loop/'s own. */
  uv_async_t keepalive; /* active from creation to close; ref'd while the stack is alive */
  uv_idle_t idle;       /* active while a turn is asked for: forbids the loop to sleep */
  uv_timer_t alarm;
  void (*release)(struct loop_stack *stack);
  struct loop_stack *next; /* the ring of stacks on this loop; alone: itself */
  struct loop_stack *previous;
  struct loop_run *run; /* under way on this loop, or NULL */
  unsigned handles;     /* of the three above, how many libuv still knows */
  bool alive;           /* the core's word; true to the end once closing */
  bool closing;         /* the handles are being closed: nothing starts them again */
  bool stop;            /* the next run shall return at once */
  bool is_default;      /* the process's default stack */
};

/* Makes a stack: size zeroed bytes from the allocator of options, the common part, the handles. It
 * frees itself when it has been closed, after release (or NULL) gave back what the embedding struct
 * owns. The last step of creating a stack, since only close undoes it.
 * Errors: DGRAM_ENOMEM, those of uv_async_init. */
int loop_stack_new(size_t size, const struct dgram__stack_ops *ops, uv_loop_t *loop,
                   const dgram_stack_options *options, void (*release)(struct loop_stack *stack),
                   struct loop_stack **ret_stack);

/* The stack behind the core's pointer. */
static inline struct loop_stack *loop_stack_of(dgram_stack *stack) {
  return (struct loop_stack *)stack;
}

/* A code of libuv as one of ours: UV_EAI_... are translated, the rest are -errno already. */
int loop_error(int uv_code);

/* Datagrams that the kernel has dropped before they could be read from a socket; 0 where it does
 * not tell. */
uint64_t loop_dropped(int fd);

/* DGRAM__OPTION_TOS of a socket of that type. */
int loop_set_tos(int fd, int type, int tos);
/* set_membership and set_multicast_interface of stack.h, for the socket behind a descriptor. */
int loop_set_membership(int fd, bool join, const dgram_address *group, const dgram_address *source,
                        unsigned interface);
int loop_set_multicast_interface(int fd, int type, unsigned interface,
                                 const dgram_address *address);

/* DGRAM__OPTION_DONT_FRAGMENT likewise. DGRAM_ENOTSUP where the system cannot. */
int loop_set_dont_fragment(int fd, int type, bool on);

/* ops->path_mtu of a socket that is bound. DGRAM_ENOTSUP where the system does not tell. */
int loop_path_mtu(int fd, int type, const dgram_address *to);

/* struct dgram__bind_how's device. DGRAM_ENOTSUP where the system cannot. */
int loop_bind_to_device(int fd, const char *name);

/* ---- for the tables of operations; what they do stands in stack.h ---- */

int loop_run(dgram_stack *stack); /* DGRAM_ERUNNING also where another stack of the loop runs it */
void loop_stop(dgram_stack *stack);
void loop_set_alive(dgram_stack *stack, bool alive);
void loop_wake(dgram_stack *stack);
void loop_set_alarm(dgram_stack *stack, uint64_t deadline_ns);
uint64_t loop_now(dgram_stack *stack);
void loop_close(dgram_stack *stack);
void loop_print(dgram_stack *stack, const char *line);

int loop_lookup(dgram_stack *stack, const char *name, int family, struct dgram__lookup *lookup,
                void **ret_request);
void loop_cancel_lookup(dgram_stack *stack, void *request);

int loop_interfaces(dgram_stack *stack, struct dgram__interface *list, size_t capacity);
int loop_interface_index(dgram_stack *stack, const char *name);
int loop_interface_name(dgram_stack *stack, unsigned index, char *name);
unsigned loop_group_interface(dgram_stack *stack, const dgram_address *group);

#endif
