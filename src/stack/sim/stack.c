/* The clock and the turns.
 *
 * Happy path: run takes turns while the core says that the stack is alive. A turn tells, each if it
 * is due: the alarm, the turn that was asked for, what the receive buffers hold, lookups that have
 * ended; the order in which libuv has them. sim.h says what a turn costs. close is told by run as
 * well, in place of a turn, and the memory goes.
 *
 * Failure modes: run answers DGRAM_EDEADLK where the stack is alive but nothing can happen; it may
 * be run again after something was started. A stack that is closed and never run again stays
 * behind. */

#include "stack/sim/sim.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "dgram/sim.h"

struct sim_lookup {
  struct sim_link link; /* first, so that a pointer to one is a pointer to the other */
  struct dgram__lookup *lookup;
  int status;
  dgram_address addresses[2];
};

static const struct dgram__stack_ops operations;

/* ---- lists ---- */

void sim_stack_list_init(struct sim_link *head) {
  head->next = head->previous = head;
}

void sim_stack_list_append(struct sim_link *head, struct sim_link *link) {
  link->next = head;
  link->previous = head->previous;
  head->previous->next = link;
  head->previous = link;
}

void sim_stack_list_remove(struct sim_link *link) {
  link->next->previous = link->previous;
  link->previous->next = link->next;
  sim_stack_list_init(link);
}

void sim_stack_list_move(struct sim_link *from, struct sim_link *to) {
  sim_stack_list_append(from, to);
  sim_stack_list_remove(from);
}

/* ---- creation and end ---- */

/* The clock begins above 0, which dgram_now answers for a stack that is closing. */
static void init(struct sim_stack *stack) {
  stack->now_ns = DGRAM_SECOND;
  stack->alarm_ns = UINT64_MAX;
  stack->next_port = DGRAM__SIM_PORT_MIN;
  sim_stack_list_init(&stack->ready);
  sim_stack_list_init(&stack->lookups);
}

int dgram_sim_stack_create_sized(const dgram_stack_options *options, size_t size,
                                 dgram_stack **ret_stack) {
  dgram_stack_options known;
  if (!ret_stack) return DGRAM_EARGTYPE;
  int error = dgram__stack_options_read(options, size, &known);
  if (error < 0) return error;
  error = dgram__stack_new(sizeof(struct sim_stack), &operations, &known, ret_stack);
  if (error == 0) init(sim_stack_of(*ret_stack));
  return error;
}

static void end(struct sim_stack *stack) {
  assert(stack->ready.next == &stack->ready && !stack->memberships);
  sim_stack_free_spare(stack);
  dgram__stack_closed(&stack->base);
  dgram__free(&stack->base, stack);
}

static void sim_stack_close(dgram_stack *base) {
  sim_stack_of(base)->closing = true;
}

/* ---- turns ---- */

static bool tell_alarm(struct sim_stack *stack) {
  if (stack->alarm_ns > stack->now_ns) return false;
  stack->alarm_ns = UINT64_MAX;
  dgram__stack_alarm(&stack->base);
  return true;
}

static bool tell_turn(struct sim_stack *stack) {
  if (!stack->woken) return false;
  stack->woken = false;
  dgram__stack_turn(&stack->base);
  return true;
}

/* Those that are started meanwhile come in the next turn. */
static bool tell_lookups(struct sim_stack *stack) {
  struct sim_link due;
  sim_stack_list_move(&stack->lookups, &due);
  bool any = due.next != &due;
  while (due.next != &due) {
    struct sim_lookup *lookup = (struct sim_lookup *)due.next;
    sim_stack_list_remove(&lookup->link);
    dgram__lookup_done(lookup->lookup, lookup->status, lookup->addresses);
    dgram__free(&stack->base, lookup);
  }
  return any;
}

static bool take_turn(struct sim_stack *stack) {
  bool told = tell_alarm(stack);
  told |= tell_turn(stack);
  told |= sim_stack_tell_received(stack);
  told |= tell_lookups(stack);
  if (told) stack->now_ns += DGRAM__SIM_TURN_NS;
  return told;
}

/* Nothing else is to do: the next thing that happens is the alarm. */
static bool jump(struct sim_stack *stack) {
  if (stack->alarm_ns >= UINT64_MAX - 1) return false; /* a timer at the end of time is none */
  stack->now_ns = stack->alarm_ns;
  return true;
}

static int sim_stack_run(dgram_stack *base) {
  struct sim_stack *stack = sim_stack_of(base);
  int result = 0;
  while (result == 0 && !stack->stopped && (stack->alive || stack->closing)) {
    if (stack->closing) {
      end(stack);
      return 0;
    }
    if (!take_turn(stack) && !jump(stack)) result = DGRAM_EDEADLK;
  }
  stack->stopped = false;
  return result;
}

static void sim_stack_stop(dgram_stack *base) {
  sim_stack_of(base)->stopped = true;
}

static void sim_stack_set_alive(dgram_stack *base, bool alive) {
  sim_stack_of(base)->alive = alive;
}

static void sim_stack_wake(dgram_stack *base) {
  sim_stack_of(base)->woken = true;
}

static void sim_stack_set_alarm(dgram_stack *base, uint64_t deadline_ns) {
  sim_stack_of(base)->alarm_ns = deadline_ns;
}

static uint64_t sim_stack_now(dgram_stack *base) {
  return sim_stack_of(base)->now_ns;
}

static void sim_stack_print(dgram_stack *base, const char *line) {
  (void)base;
  fprintf(stderr, "%s\n", line);
}

/* No endpoint ever has a descriptor, and nobody can give one to a stack that refuses to adopt. */
static void sim_stack_discard(dgram_stack *base, int fd) {
  (void)base;
  (void)fd;
}

/* ---- names and interfaces ---- */

static dgram_address loopback(int family) {
  dgram_address ipv4 = {.family = DGRAM_IPV4, .bytes = {127, 0, 0, 1}};
  dgram_address ipv6 = {.family = DGRAM_IPV6, .bytes = {[15] = 1}};
  return family == DGRAM_IPV4 ? ipv4 : ipv6;
}

/* IPv6 first, where RFC 6724 sorts it. */
static int resolve(const char *name, int family, dgram_address *ret_addresses) {
  int count = 0;
  if (strcmp(name, "localhost") != 0) return DGRAM_ENOTFOUND;
  if (family != DGRAM_IPV4) ret_addresses[count++] = loopback(DGRAM_IPV6);
  if (family != DGRAM_IPV6) ret_addresses[count++] = loopback(DGRAM_IPV4);
  return count;
}

static int sim_stack_lookup(dgram_stack *base, const char *name, int family,
                            struct dgram__lookup *core_lookup, void **ret_request) {
  struct sim_lookup *lookup = dgram__calloc(base, sizeof *lookup);
  if (!lookup) return DGRAM_ENOMEM;
  lookup->lookup = core_lookup;
  lookup->status = resolve(name, family, lookup->addresses);
  sim_stack_list_append(&sim_stack_of(base)->lookups, &lookup->link);
  *ret_request = lookup;
  return 0;
}

static void sim_stack_cancel_lookup(dgram_stack *base, void *request) {
  struct sim_lookup *lookup = request;
  sim_stack_list_remove(&lookup->link);
  dgram__free(base, lookup);
}

static int sim_stack_interfaces(dgram_stack *base, struct dgram__interface *list, size_t capacity) {
  (void)base;
  for (size_t i = 0; i < 2 && i < capacity; i++) {
    list[i] = (struct dgram__interface){.index = SIM_INTERFACE, .name = "lo"};
    list[i].address = loopback(i == 0 ? DGRAM_IPV4 : DGRAM_IPV6);
  }
  return 2;
}

static int sim_stack_interface_index(dgram_stack *base, const char *name) {
  (void)base;
  return strcmp(name, "lo") == 0 ? SIM_INTERFACE : DGRAM_ENODEV;
}

static int sim_stack_interface_name(dgram_stack *base, unsigned index, char *name) {
  (void)base;
  if (index != SIM_INTERFACE) return DGRAM_ENODEV;
  memcpy(name, "lo", sizeof "lo");
  return 0;
}

static const struct dgram__stack_ops operations = {
    .name = "sim",
    .endpoint_size = sizeof(struct sim_endpoint),
    .run = sim_stack_run,
    .stop = sim_stack_stop,
    .set_alive = sim_stack_set_alive,
    .wake = sim_stack_wake,
    .set_alarm = sim_stack_set_alarm,
    .now = sim_stack_now,
    .close = sim_stack_close,
    .print = sim_stack_print,
    .lookup = sim_stack_lookup,
    .cancel_lookup = sim_stack_cancel_lookup,
    .interfaces = sim_stack_interfaces,
    .interface_index = sim_stack_interface_index,
    .interface_name = sim_stack_interface_name,
    .open = sim_stack_open,
    .bind = sim_stack_bind,
    .adopt = sim_stack_adopt,
    .discard = sim_stack_discard,
    .local_address = sim_stack_local_address,
    .receive_start = sim_stack_receive_start,
    .receive_stop = sim_stack_receive_stop,
    .set_recv_info = sim_stack_set_recv_info,
    .send = sim_stack_send,
    .set_option = sim_stack_set_option,
    .set_membership = sim_stack_set_membership,
    .dropped = sim_stack_dropped,
    .close_endpoint = sim_stack_close_endpoint,
};
