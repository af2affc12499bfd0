/* A host's turns, and the table of operations.
 *
 * Happy path: whatever gives a host something to tell wants a turn for it; the turn stands among
 * the world's events, at the earliest when the last one is over, and the alarm with it. A turn
 * tells, each if it is due: the alarm, the turn that the core asked for, endpoints that may send
 * again, what the receive buffers hold, lookups that have ended; the order in which libuv has them.
 * close is told in place of a turn, and the host goes.
 *
 * Failure modes: none. A host that is closed and never run again stays until its world ends. What
 * still points to a host that is gone, datagrams under way and links, keeps its memory. */

#include "stack/sim/sim.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct dgram__stack_ops operations;

/* ---- creation and end ---- */

static void init(struct sim_stack *host, dgram_sim *world) {
  host->world = world;
  host->number = world->host_numbers;
  host->alarm_ns = UINT64_MAX;
  host->turn_ns = SIM_NEVER;
  host->next_port = DGRAM__SIM_PORT_MIN;
  sim_list_init(&host->in_world);
  sim_list_init(&host->lookups);
  sim_list_init(&host->ready);
  sim_list_init(&host->sendable);
}

/* Beside another one, so that they share what is kept for the next. */
int sim_stack_new(dgram_sim *world, struct sim_stack **ret_host) {
  dgram_stack_options options = {.allocator = &world->allocator};
  dgram_stack *stack;
  int error;
  if (sim_list_is_empty(&world->hosts)) {
    error = dgram__stack_new(sizeof(struct sim_stack), &operations, &options, &stack);
  } else {
    struct sim_stack *other = SIM_OF_LINK(struct sim_stack, in_world, world->hosts.next);
    error = dgram__stack_new_beside(&other->base, sizeof(struct sim_stack), &stack);
  }
  if (error < 0) return error;
  init(sim_stack_of(stack), world);
  *ret_host = sim_stack_of(stack);
  return 0;
}

int dgram_sim_stack_create_sized(const dgram_stack_options *options, size_t size,
                                 dgram_stack **ret_stack) {
  dgram_stack_options known;
  dgram_sim *world;
  struct sim_stack *host;
  if (!ret_stack) return DGRAM_EARGTYPE;
  int error = dgram__stack_options_read(options, size, &known);
  if (error == 0) error = sim_world_new(known.allocator, 0, 0, &world);
  if (error < 0) return error;
  error = sim_host_add(world, NULL, NULL, &host);
  if (error < 0) {
    sim_world_free(world);
    return error;
  }
  world->by_host = true;
  *ret_stack = &host->base;
  return 0;
}

bool sim_stack_is(const dgram_stack *stack) {
  return stack && stack->ops == &operations;
}

dgram_sim *dgram_sim_of(dgram_stack *stack) {
  return sim_stack_is(stack) ? sim_stack_of(stack)->world : NULL;
}

void sim_stack_release(struct sim_stack *host) {
  if (--host->users == 0 && host->gone) dgram__free(&host->base, host);
}

/* ---- when a turn comes ---- */

static void update_hold(struct sim_stack *host) {
  bool holds = !host->gone && (host->alive || host->closing);
  if (holds == host->holds) return;
  host->holds = holds;
  if (holds)
    host->world->holding++;
  else
    host->world->holding--;
}

static bool wants_turn(const struct sim_stack *host) {
  return host->closing || host->woken || !sim_list_is_empty(&host->ready) ||
         !sim_list_is_empty(&host->sendable) || !sim_list_is_empty(&host->lookups);
}

static uint64_t later(uint64_t a, uint64_t b) {
  return a > b ? a : b;
}

void sim_stack_schedule(struct sim_stack *host) {
  uint64_t soonest_ns = later(host->world->now_ns, host->busy_until_ns);
  uint64_t time_ns = SIM_NEVER;
  if (host->turning || host->gone) return;
  if (!wants_turn(host))
    host->turn_ns = SIM_NEVER;
  else if (host->turn_ns == SIM_NEVER)
    host->turn_ns = soonest_ns;
  if (host->alarm_ns < SIM_NEVER) time_ns = later(host->alarm_ns, soonest_ns);
  if (host->turn_ns < time_ns) time_ns = host->turn_ns;
  sim_events_set_turn(&host->world->events, &host->turn, time_ns);
}

void sim_stack_want_turn(struct sim_stack *host) {
  if (host->turn_ns == SIM_NEVER) sim_stack_schedule(host);
}

bool sim_stack_is_due(const struct sim_stack *host, uint64_t time_ns) {
  return host->alarm_ns <= time_ns || wants_turn(host);
}

/* ---- turns ---- */

/* At the end of time a turn takes none, so that a host can still be closed. */
static uint64_t turn_end(uint64_t now_ns) {
  uint64_t end_ns = sim_add_ns(now_ns, DGRAM__SIM_TURN_NS);
  return end_ns < SIM_NEVER ? end_ns : SIM_NEVER - 1;
}

static void tell_alarm(struct sim_stack *host) {
  if (host->alarm_ns > host->world->now_ns) return;
  host->alarm_ns = UINT64_MAX;
  dgram__stack_alarm(&host->base);
}

static void tell_turn(struct sim_stack *host) {
  if (!host->woken) return;
  host->woken = false;
  dgram__stack_turn(&host->base);
}

static void end(struct sim_stack *host) {
  assert(sim_list_is_empty(&host->ready) && !host->joined);
  host->users++;
  sim_host_remove(host);
  host->gone = true;
  dgram__stack_closed(&host->base);
  update_hold(host);
  sim_stack_release(host);
}

void sim_stack_take_turn(struct sim_stack *host) {
  if (host->closing) {
    end(host);
    return;
  }
  host->turning = true;
  host->turn_ns = SIM_NEVER;
  host->busy_until_ns = turn_end(host->world->now_ns);
  tell_alarm(host);
  tell_turn(host);
  sim_stack_tell_sendable(host);
  sim_stack_tell_received(host);
  sim_stack_tell_lookups(host);
  host->turning = false;
  sim_stack_schedule(host);
}

/* ---- what the core asks ---- */

static int sim_stack_run(dgram_stack *base) {
  return sim_world_run(sim_stack_of(base)->world);
}

static void sim_stack_stop(dgram_stack *base) {
  sim_stack_of(base)->world->stopped = true;
}

static void sim_stack_set_alive(dgram_stack *base, bool alive) {
  sim_stack_of(base)->alive = alive;
  update_hold(sim_stack_of(base));
}

static void sim_stack_wake(dgram_stack *base) {
  sim_stack_of(base)->woken = true;
  sim_stack_want_turn(sim_stack_of(base));
}

static void sim_stack_set_alarm(dgram_stack *base, uint64_t deadline_ns) {
  sim_stack_of(base)->alarm_ns = deadline_ns;
  sim_stack_schedule(sim_stack_of(base));
}

static uint64_t sim_stack_now(dgram_stack *base) {
  return sim_stack_of(base)->world->now_ns;
}

static void sim_stack_close(dgram_stack *base) {
  sim_stack_of(base)->closing = true;
  update_hold(sim_stack_of(base));
  sim_stack_want_turn(sim_stack_of(base));
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

static int sim_stack_duplicate(struct dgram__endpoint *endpoint) {
  (void)endpoint;
  return DGRAM_ENOTSUP;
}

static const struct dgram__stack_ops operations = {
    .name = "sim",
    .endpoint_size = sizeof(struct sim_endpoint),
    .send_info = DGRAM_SEND_SOURCE_ADDRESS | DGRAM_SEND_INTERFACE | DGRAM_SEND_TOS,
    .recv_info = DGRAM_RECV_LOCAL_ADDRESS | DGRAM_RECV_INTERFACE | DGRAM_RECV_HOP_LIMIT |
                 DGRAM_RECV_TOS | DGRAM_RECV_TIME | DGRAM_RECV_TRUNCATED,
    .icmp_errors = true,
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
    .group_interface = sim_stack_group_interface,
    .open = sim_stack_open,
    .bind = sim_stack_bind,
    .adopt = sim_stack_adopt,
    .duplicate = sim_stack_duplicate,
    .discard = sim_stack_discard,
    .local_address = sim_stack_local_address,
    .connect = sim_stack_connect,
    .remote_address = sim_stack_remote_address,
    .receive_start = sim_stack_receive_start,
    .receive_stop = sim_stack_receive_stop,
    .set_recv_info = sim_stack_set_recv_info,
    .send = sim_stack_send,
    .set_option = sim_stack_set_option,
    .get_option = sim_stack_get_option,
    .path_mtu = sim_stack_path_mtu,
    .set_membership = sim_stack_set_membership,
    .set_multicast_interface = sim_stack_set_multicast_interface,
    .dropped = sim_stack_dropped,
    .close_endpoint = sim_stack_close_endpoint,
};
