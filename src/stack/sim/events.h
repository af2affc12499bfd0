/* What is to happen, and when: a heap of events.
 *
 * Ordered by time; of events at one time the one that was decided first comes first. Four children
 * to a node: a node's children stand in two lines of the cache, and the heap is half as high as with
 * two. An event is 24 bytes beside the others, so that looking for the next one touches nothing
 * else.
 *
 * What comes before everything in the heap may stand beside it: most arrivals make a host want a turn
 * at once, which then never enters the heap. */

#ifndef DGRAM_STACK_SIM_EVENTS_H
#define DGRAM_STACK_SIM_EVENTS_H

#include "dgram.h"

/* Times from here on never come. */
#define SIM_NEVER (UINT64_MAX - 1)

/* Stands in the low bits of a pointer. */
enum sim_event_kind { SIM_EVENT_TURN, SIM_EVENT_ARRIVAL, SIM_EVENT_LOOKUP };

struct sim_event {
  uint64_t time_ns;
  uint64_t order;
  uintptr_t what;
};

/* Embedded in a host: its turn is in the heap at most once, and can be moved. Complete when
 * zeroed. */
struct sim_turn {
  size_t place; /* in the heap, the first one being 1; SIZE_MAX: beside it; 0: not there */
};

struct sim_events {
  struct sim_event next; /* beside the heap, before all in it; what is 0: none */
  struct sim_event *list;
  size_t count;
  size_t capacity;
  size_t turns; /* that may come without asking for memory */
  uint64_t order;
};

/* Makes room for one event more, or for one turn more, which then always has room. Returns 0 or
 * DGRAM_ENOMEM. */
int sim_events_reserve(struct sim_events *events, const dgram_allocator *allocator);
int sim_events_reserve_turn(struct sim_events *events, const dgram_allocator *allocator);

/* That turn will not come any more. */
void sim_events_release_turn(struct sim_events *events, struct sim_turn *turn);

/* Puts an event in, for which room was made. */
void sim_events_push(struct sim_events *events, uint64_t time_ns, enum sim_event_kind kind,
                     void *what);

/* Puts a turn in, or moves it; from SIM_NEVER on it is taken out. One that stays at its time keeps
 * its place among others at that time. */
void sim_events_set_turn(struct sim_events *events, struct sim_turn *turn, uint64_t time_ns);

/* The first one, or NULL. */
static inline const struct sim_event *sim_events_first(const struct sim_events *events) {
  if (events->next.what) return &events->next;
  return events->count > 0 ? events->list : NULL;
}

/* Takes the first one out. There is one. */
struct sim_event sim_events_pop(struct sim_events *events);

void sim_events_free(struct sim_events *events, const dgram_allocator *allocator);

static inline enum sim_event_kind sim_event_kind_of(const struct sim_event *event) {
  return (enum sim_event_kind)(event->what & 3);
}

static inline void *sim_event_what(const struct sim_event *event) {
  return (void *)(event->what & ~(uintptr_t)3);
}

#endif
