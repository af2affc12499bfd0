/* From a seed to a program. What a program may do at all is decided first, so that many seeds are
 * strict about what the others leave open: without doubling each datagram arrives once, without
 * reordering in its order, without closing all that was delivered is heard. */

#include <string.h>

#include "../splitmix.h"
#include "property.h"

struct chance {
  uint64_t state;
  struct property_program *program;
  unsigned hosts;
  bool clean; /* links do no harm */
  bool doubles;
  bool reorders;
  bool closes;
  bool fails;
};

static uint32_t below(struct chance *chance, uint32_t limit) {
  return (uint32_t)(splitmix_next(&chance->state) % limit);
}

static bool one_in(struct chance *chance, uint32_t count) {
  return below(chance, count) == 0;
}

#define CHOICE(chance, ...)                                                                        \
  ((const uint32_t[]){                                                                             \
      __VA_ARGS__}[below((chance), sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))])

/* Mostly one that there is. */
static uint8_t some_slot(struct chance *chance) {
  return (uint8_t)(one_in(chance, 3) ? below(chance, PROPERTY_SLOTS) : 0);
}

static struct property_step *add(struct chance *chance, enum property_call call) {
  struct property_step *step = &chance->program->steps[chance->program->count++];

  memset(step, 0, sizeof *step);
  step->call = (uint8_t)call;
  step->host = (uint8_t)below(chance, chance->hosts);
  step->other = (uint8_t)below(chance, chance->hosts);
  step->slot = some_slot(chance);
  step->other_slot = some_slot(chance);
  return step;
}

/* ---- arguments ---- */

static uint32_t some_length(struct chance *chance) {
  switch (below(chance, 24)) {
  case 0:
    return 0;
  case 1:
    return below(chance, 16);
  case 2:
    return 1000 + below(chance, 9000);
  case 3:
    return one_in(chance, 3) ? 65000 + below(chance, 600) : 100;
  default:
    return 16 + below(chance, 200);
  }
}

static void aim(struct chance *chance, struct property_step *step) {
  static const uint8_t to[] = {PROPERTY_TO_SOCKET,    PROPERTY_TO_SOCKET,  PROPERTY_TO_SOCKET,
                               PROPERTY_TO_SOCKET,    PROPERTY_TO_SOCKET,  PROPERTY_TO_SOCKET,
                               PROPERTY_TO_SOCKET,    PROPERTY_TO_SOCKET,  PROPERTY_TO_HOST_NAME,
                               PROPERTY_TO_LOOPBACK,  PROPERTY_TO_DEFAULT, PROPERTY_TO_GROUP,
                               PROPERTY_TO_BROADCAST, PROPERTY_TO_NAME,    PROPERTY_TO_NOBODY,
                               PROPERTY_TO_WRONG,     PROPERTY_TO_GROUP,   PROPERTY_TO_GROUP};

  step->args[0] = to[below(chance, sizeof to)];
  if (step->args[0] == PROPERTY_TO_GROUP) step->other = (uint8_t)below(chance, PROPERTY_GROUPS);
  if (step->args[0] == PROPERTY_TO_NAME) step->other = (uint8_t)below(chance, PROPERTY_NAMES);
}

static void set_create(struct chance *chance, struct property_step *step) {
  step->args[0] = one_in(chance, 3);
  step->args[1] = one_in(chance, 3);
  step->args[2] = CHOICE(chance, 0, 0, 1, 20, 500);
  step->args[3] = CHOICE(chance, 0, 0, 0, 1, 8, 100);
  step->args[4] = one_in(chance, 6) ? 1000 : 0;
  step->args[5] = one_in(chance, 2);
  step->args[6] = one_in(chance, 8);
  step->args[7] =
      CHOICE(chance, 0, 0, 0, PROPERTY_WITH_INFO, PROPERTY_WITH_ICMP,
             PROPERTY_WITH_INFO | PROPERTY_WITH_ICMP, PROPERTY_IPV6_ONLY, PROPERTY_REUSE_PORT);
  step->args[8] = one_in(chance, 12) ? 1 + below(chance, chance->hosts) : 0;
}

static void set_bind(struct chance *chance, struct property_step *step) {
  step->args[0] =
      CHOICE(chance, PROPERTY_BIND_ANY, PROPERTY_BIND_ANY, PROPERTY_BIND_ANY, PROPERTY_BIND_ANY,
             PROPERTY_BIND_OWN, PROPERTY_BIND_OWN, PROPERTY_BIND_LOOPBACK, PROPERTY_BIND_NAME,
             PROPERTY_BIND_OTHERS, PROPERTY_BIND_WRONG);
  step->args[1] = CHOICE(chance, PROPERTY_PORT_OWN, PROPERTY_PORT_OWN, PROPERTY_PORT_OWN,
                         PROPERTY_PORT_OWN, PROPERTY_PORT_EPHEMERAL, PROPERTY_PORT_FIRST);
  step->args[2] = one_in(chance, 2);
  step->args[3] = one_in(chance, 4);
}

static void set_send(struct chance *chance, struct property_step *step) {
  aim(chance, step);
  step->args[1] = some_length(chance);
  step->args[2] = below(chance, 3);
  step->args[3] = !one_in(chance, 3);
  step->args[4] = one_in(chance, 12);
  step->args[5] = one_in(chance, 2);
  if (step->args[1] < 1000) step->args[6] = CHOICE(chance, 1, 1, 1, 1, 1, 1, 4, 4, 40, 150);
  if (step->args[6] == 150 && one_in(chance, 8)) step->args[6] = 1200;
}

static void set_list(struct chance *chance, struct property_step *step) {
  aim(chance, step);
  step->args[1] = one_in(chance, 10) ? below(chance, 9000) : 8 + below(chance, 100);
  step->args[2] = one_in(chance, 12) ? 60 + below(chance, 200) : below(chance, 12);
  step->args[3] = one_in(chance, 2);
  step->args[4] = one_in(chance, 12);
  step->args[5] = one_in(chance, 3) ? 1 + below(chance, DGRAM_PARTS_MAX) : 0;
}

static void set_connect(struct chance *chance, struct property_step *step) {
  aim(chance, step);
  step->args[1] = one_in(chance, 3);
  step->args[4] = one_in(chance, 12);
  step->args[5] = one_in(chance, 2);
}

static void set_link(struct chance *chance, struct property_step *step) {
  step->args[PROPERTY_LINK_WAY] = below(chance, 4);
  step->args[PROPERTY_LINK_DELAY_US] = CHOICE(chance, 0, 1, 500, 2000, 10000, 100000);
  step->args[PROPERTY_LINK_JITTER_US] = CHOICE(chance, 0, 0, 10, 1000, 20000);
  if (chance->doubles && one_in(chance, 2))
    step->args[PROPERTY_LINK_DUPLICATE] = CHOICE(chance, 10000, 200000, DGRAM_PPM);
  if (chance->reorders && one_in(chance, 2))
    step->args[PROPERTY_LINK_REORDER] = CHOICE(chance, 10000, 300000);
  if (chance->clean) return;
  step->args[PROPERTY_LINK_LOSS] = CHOICE(chance, 0, 0, 10000, 200000, DGRAM_PPM);
  step->args[PROPERTY_LINK_BURST] = CHOICE(chance, 0, 0, 0, 100000);
  step->args[PROPERTY_LINK_KBITS] = CHOICE(chance, 0, 0, 0, 1000, 50000);
  step->args[PROPERTY_LINK_QUEUE] = CHOICE(chance, 0, 0, 3000);
  step->args[PROPERTY_LINK_MTU] = CHOICE(chance, 0, 0, 68, 68, 576, 1500);
  step->args[PROPERTY_LINK_FRAGMENTS] = one_in(chance, 2);
  step->args[PROPERTY_LINK_DOWN] = one_in(chance, 8);
}

static void set_failure(struct chance *chance, struct property_step *step) {
  step->args[0] = below(chance, DGRAM_SIM_CALL_COUNT);
  step->args[1] = 1 + below(chance, 4);
  step->args[2] = CHOICE(chance, 1, 1, 3, 40);
  step->args[3] = CHOICE(chance, EAGAIN, EAGAIN, ENOBUFS, EPERM, ENOMEM, EHOSTUNREACH);
}

static void set_small(struct chance *chance, struct property_step *step) {
  switch (step->call) {
  case PROPERTY_MEMBERSHIP:
    step->args[0] = one_in(chance, 3);
    step->args[1] = below(chance, PROPERTY_GROUPS);
    step->args[2] = below(chance, 4);
    step->args[3] = one_in(chance, 3);
    break;
  case PROPERTY_OPTION:
    step->args[0] = below(chance, PROPERTY_OPTIONS);
    step->args[1] = one_in(chance, 10) ? 300 : below(chance, 2);
    break;
  case PROPERTY_LISTEN:
    step->args[0] = below(chance, PROPERTY_LISTENERS);
    step->args[1] = below(chance, 3);
    break;
  case PROPERTY_TIMER:
    step->args[0] = below(chance, PROPERTY_TIMERS);
    step->args[1] = CHOICE(chance, 0, 1, 100, 5000, 100000);
    step->args[2] = one_in(chance, 4);
    break;
  case PROPERTY_RESOLVE:
    step->args[0] = below(chance, PROPERTY_NAMES + 2);
    step->args[1] = CHOICE(chance, 0, 4, 6);
    break;
  case PROPERTY_NAME:
    step->args[0] = below(chance, PROPERTY_NAMES);
    step->args[1] = CHOICE(chance, 0, 0, 100, 20000, 1000000);
    step->args[2] = one_in(chance, 4);
    break;
  case PROPERTY_ADDRESS:
    step->args[0] = below(chance, 3);
    step->args[1] = one_in(chance, 6);
    break;
  default:
    for (unsigned i = 0; i < 3; i++)
      step->args[i] = below(chance, 4);
  }
}

/* ---- steps ---- */

static const struct {
  uint8_t call;
  uint8_t weight;
} weights[] = {
    {PROPERTY_CREATE, 8},     {PROPERTY_BIND, 9},       {PROPERTY_SEND, 40},
    {PROPERTY_SEND_MANY, 10}, {PROPERTY_TRY_SEND, 5},   {PROPERTY_MEMBERSHIP, 4},
    {PROPERTY_OPTION, 6},     {PROPERTY_PAUSE, 3},      {PROPERTY_RESUME, 5},
    {PROPERTY_LISTEN, 4},     {PROPERTY_KEEP, 2},       {PROPERTY_CLOSE, 4},
    {PROPERTY_ABORT, 2},      {PROPERTY_REF, 1},        {PROPERTY_TIMER, 4},
    {PROPERTY_FLUSH, 2},      {PROPERTY_RESOLVE, 2},    {PROPERTY_NESTED, 1},
    {PROPERTY_STEP, 3},       {PROPERTY_STOP, 1},       {PROPERTY_LINK, 4},
    {PROPERTY_SIDE, 1},       {PROPERTY_REPAIR, 1},     {PROPERTY_NAME, 2},
    {PROPERTY_FAIL, 4},       {PROPERTY_ADDRESS, 1},    {PROPERTY_CLOSE_HOST, 1},
    {PROPERTY_CONNECT, 4},    {PROPERTY_DISCONNECT, 3},
};

static bool is_wanted(const struct chance *chance, unsigned call) {
  switch (call) {
  case PROPERTY_CLOSE:
  case PROPERTY_ABORT:
  case PROPERTY_CLOSE_HOST:
    return chance->closes;
  case PROPERTY_FAIL:
    return chance->fails;
  case PROPERTY_SIDE:
    return !chance->clean;
  default:
    return true;
  }
}

static unsigned some_call(struct chance *chance) {
  const unsigned count = sizeof weights / sizeof weights[0];
  unsigned sum = 0;

  for (unsigned i = 0; i < count; i++)
    sum += weights[i].weight;
  for (;;) {
    uint32_t at = below(chance, sum);
    unsigned i = 0;
    while (at >= weights[i].weight)
      at -= weights[i++].weight;
    if (is_wanted(chance, weights[i].call)) return weights[i].call;
  }
}

static void set(struct chance *chance, struct property_step *step) {
  switch (step->call) {
  case PROPERTY_CREATE:
    set_create(chance, step);
    break;
  case PROPERTY_BIND:
    set_bind(chance, step);
    break;
  case PROPERTY_SEND:
    set_send(chance, step);
    break;
  case PROPERTY_SEND_MANY:
  case PROPERTY_TRY_SEND:
    set_list(chance, step);
    break;
  case PROPERTY_CONNECT:
    set_connect(chance, step);
    break;
  case PROPERTY_LINK:
    set_link(chance, step);
    break;
  case PROPERTY_FAIL:
    set_failure(chance, step);
    break;
  default:
    set_small(chance, step);
  }
}

/* ---- programs ---- */

/* Hosts with more than one address, and sockets that hear: what most programs need. */
static void begin(struct chance *chance) {
  for (unsigned host = 0; host < chance->hosts; host++) {
    struct property_step *step;
    if (!one_in(chance, 4)) {
      step = add(chance, PROPERTY_ADDRESS);
      step->host = (uint8_t)host;
    }
    if (one_in(chance, 6)) {
      step = add(chance, PROPERTY_ADDRESS);
      step->host = (uint8_t)host;
      step->args[0] = 1;
    }
    step = add(chance, PROPERTY_CREATE);
    set_create(chance, step);
    step->host = (uint8_t)host;
    step->slot = 0;
    if (one_in(chance, 6)) continue;
    step = add(chance, PROPERTY_BIND);
    step->host = (uint8_t)host;
    step->args[2] = 1;
    step->slot = 0;
  }
}

static unsigned some_hosts(struct chance *chance) {
  switch (below(chance, 20)) {
  case 0:
    return 9 + below(chance, PROPERTY_HOSTS - 8);
  case 1:
  case 2:
  case 3:
  case 4:
    return 4 + below(chance, 5);
  default:
    return 2 + below(chance, 2);
  }
}

void property_generate(uint64_t seed, struct property_program *program) {
  struct chance chance = {.state = seed, .program = program};
  unsigned count;

  memset(program, 0, sizeof *program);
  program->seed = seed;
  chance.hosts = some_hosts(&chance);
  chance.clean = one_in(&chance, 2);
  chance.doubles = one_in(&chance, 3);
  chance.reorders = one_in(&chance, 3);
  chance.closes = !one_in(&chance, 3);
  chance.fails = one_in(&chance, 2);
  program->ending = (uint8_t)below(&chance, 3);
  begin(&chance);
  count = program->count + 15 + below(&chance, one_in(&chance, 4) ? 150 : 50);
  while (program->count < count && program->count < PROPERTY_STEPS) {
    struct property_step *step = add(&chance, (enum property_call)some_call(&chance));
    set(&chance, step);
    if (one_in(&chance, 2)) step->wait_us = CHOICE(&chance, 0, 1, 10, 1000, 5000, 100000);
    if (one_in(&chance, 4)) step->inside = (uint8_t)(1 + below(&chance, 2));
  }
}
