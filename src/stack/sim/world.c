/* A world: its life, and its time.
 *
 * Happy path: step takes the first event and lets it happen; run and run_until do so until what
 * they wait for is there. destroy closes all stacks and steps until they are gone.
 *
 * Failure modes: a step inside a step is refused; where nothing can ever happen again run says so.
 * A world that dgram_sim_stack_create made has no other owner than its host: it ends with it, at
 * the end of the run in which that happens. */

#include <assert.h>
#include <string.h>

#include "stack/sim/sim.h"
#include "stack/sim/trace.h"

/* ---- memory ---- */

void *sim_malloc(dgram_sim *world, size_t size) {
  return world->allocator.malloc(size, world->allocator.data);
}

void *sim_calloc(dgram_sim *world, size_t size) {
  void *memory = sim_malloc(world, size);
  if (memory) memset(memory, 0, size);
  return memory;
}

void sim_free(dgram_sim *world, void *memory) {
  if (memory) world->allocator.free(memory, world->allocator.data);
}

/* ---- creation ---- */

static int init_tables(dgram_sim *world) {
  struct sim_table *tables[] = {&world->networks, &world->addresses, &world->endpoints,
                                &world->groups,   &world->names,     &world->ways};
  int error = 0;
  for (size_t i = 0; error == 0 && i < sizeof tables / sizeof *tables; i++)
    error = sim_table_init(tables[i], &world->allocator);
  return error;
}

int sim_world_new(const dgram_allocator *allocator, uint64_t seed, uint64_t start_ns,
                  dgram_sim **ret_world) {
  if (!allocator) allocator = &dgram__default_allocator;
  dgram_sim *world = allocator->malloc(sizeof *world, allocator->data);
  if (!world) return DGRAM_ENOMEM;
  memset(world, 0, sizeof *world);
  world->allocator = *allocator;
  world->seed = seed;
  world->now_ns = start_ns > 0 ? start_ns : DGRAM_SECOND;
  world->addresses_version = 1;
  sim_list_init(&world->hosts);
  int error = init_tables(world);
  if (error == 0) error = sim_ways_init(world);
  if (error < 0)
    sim_world_free(world);
  else
    *ret_world = world;
  return error;
}

static int read_options(const dgram_sim_options *options, size_t size,
                        dgram_sim_options *ret_options) {
  const unsigned char *bytes = (const unsigned char *)options;
  dgram_sim_options known = {0};
  for (size_t i = sizeof known; options && i < size; i++) {
    if (bytes[i] != 0) return DGRAM_EINVAL;
  }
  if (options) memcpy(&known, options, size < sizeof known ? size : sizeof known);
  const dgram_allocator *allocator = known.allocator;
  if (allocator && (!allocator->malloc || !allocator->realloc || !allocator->free))
    return DGRAM_EINVAL;
  if (known.start_ns >= SIM_NEVER) return DGRAM_EINVAL;
  *ret_options = known;
  return 0;
}

int dgram_sim_create_sized(const dgram_sim_options *options, size_t size, dgram_sim **ret_sim) {
  dgram_sim_options known;
  if (!ret_sim) return DGRAM_EARGTYPE;
  int error = read_options(options, size, &known);
  if (error < 0) return error;
  return sim_world_new(known.allocator, known.seed, known.start_ns, ret_sim);
}

/* ---- the end ---- */

static void drop_event(dgram_sim *world, const struct sim_event *event) {
  void *what = sim_event_what(event);
  if (sim_event_kind_of(event) == SIM_EVENT_LOOKUP) sim_lookup_free(world, what);
  if (sim_event_kind_of(event) != SIM_EVENT_ARRIVAL) return;
  struct sim_datagram *datagram = what;
  sim_stack_release(datagram->host);
  sim_datagram_give(world, datagram);
}

/* The names that are left are the program's: a host has taken its own along. */
static void free_names(dgram_sim *world) {
  for (size_t i = 0; world->names.buckets && i < world->names.bucket_count; i++) {
    while (world->names.buckets[i])
      sim_name_remove(world, (struct sim_name *)world->names.buckets[i]);
  }
}

void sim_world_free(dgram_sim *world) {
  dgram_allocator allocator = world->allocator;
  assert(world->host_count == 0);
  while (sim_events_first(&world->events)) {
    struct sim_event event = sim_events_pop(&world->events);
    drop_event(world, &event);
  }
  free_names(world);
  sim_ways_free(world);
  sim_table_free(&world->networks, &allocator);
  sim_table_free(&world->addresses, &allocator);
  sim_table_free(&world->endpoints, &allocator);
  sim_table_free(&world->groups, &allocator);
  sim_table_free(&world->names, &allocator);
  sim_table_free(&world->ways, &allocator);
  sim_datagram_free_spare(world);
  sim_events_free(&world->events, &allocator);
  sim_free(world, world->trace);
  sim_free(world, world);
}

/* ---- events ---- */

/* Lets the first event happen that comes at this time or before. Returns false where there is
 * none. What turns out to be nothing, a turn with nothing to tell, a lookup that nobody waits for,
 * takes no time and does not count. */
static bool happen(dgram_sim *world, uint64_t until_ns) {
  for (;;) {
    const struct sim_event *first = sim_events_first(&world->events);
    if (!first || first->time_ns >= SIM_NEVER || first->time_ns > until_ns) return false;
    uint64_t time_ns = first->time_ns;
    struct sim_event event = sim_events_pop(&world->events);
    void *what = sim_event_what(&event);
    if (sim_event_kind_of(&event) == SIM_EVENT_TURN) {
      struct sim_stack *host = SIM_OF_LINK(struct sim_stack, turn, what);
      if (!sim_stack_is_due(host, time_ns)) {
        sim_stack_schedule(host);
        continue;
      }
      world->now_ns = time_ns;
      world->stats.events++;
      sim_stack_take_turn(host);
      return true;
    }
    if (sim_event_kind_of(&event) == SIM_EVENT_ARRIVAL) {
      world->now_ns = time_ns;
      world->stats.events++;
      sim_network_arrive(world, what);
      return true;
    }
    sim_lookup_end(world, what, time_ns);
  }
}

static int begin(dgram_sim *world) {
  if (world->running || world->tracing) return DGRAM_ERUNNING;
  world->running = true;
  return 0;
}

static void end(dgram_sim *world) {
  world->running = false;
  if (world->by_host && world->host_count == 0) sim_world_free(world);
}

int dgram_sim_step(dgram_sim *sim) {
  if (!sim) return DGRAM_EARGTYPE;
  int error = begin(sim);
  if (error < 0) return error;
  bool any = happen(sim, UINT64_MAX);
  end(sim);
  return any;
}

int dgram_sim_run_until(dgram_sim *sim, uint64_t time_ns) {
  if (!sim) return DGRAM_EARGTYPE;
  if (time_ns < sim->now_ns || time_ns >= SIM_NEVER) return DGRAM_EINVAL;
  int error = begin(sim);
  if (error < 0) return error;
  while (!sim->stopped && happen(sim, time_ns))
    ;
  if (!sim->stopped) sim->now_ns = time_ns;
  sim->stopped = false;
  end(sim);
  return 0;
}

int dgram_sim_run_for(dgram_sim *sim, uint64_t duration_ns) {
  if (!sim) return DGRAM_EARGTYPE;
  return dgram_sim_run_until(sim, sim_add_ns(sim->now_ns, duration_ns));
}

int sim_world_run(dgram_sim *world) {
  int result = begin(world);
  if (result < 0) return result;
  while (result == 0 && !world->stopped && world->holding > 0) {
    if (!happen(world, UINT64_MAX)) result = DGRAM_EDEADLK;
  }
  world->stopped = false;
  end(world);
  return result;
}

int dgram_sim_run(dgram_sim *sim) {
  return sim ? sim_world_run(sim) : DGRAM_EARGTYPE;
}

void dgram_sim_stop(dgram_sim *sim) {
  if (sim) sim->stopped = true;
}

int dgram_sim_destroy(dgram_sim *sim) {
  if (!sim) return 0;
  int error = begin(sim);
  if (error < 0) return error;
  sim->ending = true;
  for (struct sim_link *link = sim->hosts.next; link != &sim->hosts; link = link->next)
    (void)dgram_stack_close(&SIM_OF_LINK(struct sim_stack, in_world, link)->base, NULL, NULL);
  while (sim->host_count > 0) {
    bool any = happen(sim, UINT64_MAX);
    assert(any);
    (void)any;
  }
  sim_world_free(sim);
  return 0;
}

/* ---- looking at it ---- */

uint64_t dgram_sim_now(const dgram_sim *sim) {
  return sim ? sim->now_ns : 0;
}

int dgram_sim_get_stats(const dgram_sim *sim, dgram_sim_stats *ret_stats) {
  if (!sim || !ret_stats) return DGRAM_EARGTYPE;
  *ret_stats = sim->stats;
  return 0;
}

/* The memory of a trace stays: its callback may be the one that ends it. */
int dgram_sim_trace(dgram_sim *sim, dgram_sim_write_cb cb, void *data) {
  if (!sim) return DGRAM_EARGTYPE;
  if (!cb) {
    if (sim->trace) sim_trace_end(sim->trace);
    return 0;
  }
  if (sim->tracing) return DGRAM_ERUNNING;
  if (!sim->trace) sim->trace = sim_calloc(sim, sizeof *sim->trace);
  if (!sim->trace) return DGRAM_ENOMEM;
  sim->tracing = true;
  int error = sim_trace_begin(sim->trace, cb, data);
  sim->tracing = false;
  return error;
}
