#include "stack/sim/events.h"

#include "stack/sim/ahead.h"

#include <assert.h>
#include <string.h>

enum { CHILDREN = 4, CAPACITY_MIN = 16 };

static bool is_before(const struct sim_event *a, const struct sim_event *b) {
  if (a->time_ns != b->time_ns) return a->time_ns < b->time_ns;
  return a->order < b->order;
}

/* ---- room ---- */

static int make_room(struct sim_events *events, const dgram_allocator *allocator, size_t wanted) {
  if (wanted <= events->capacity) return 0;
  size_t capacity = events->capacity > 0 ? events->capacity : CAPACITY_MIN;
  while (capacity < wanted)
    capacity *= 2;
  if (capacity > SIZE_MAX / sizeof(struct sim_event)) return DGRAM_ENOMEM;
  struct sim_event *list = allocator->malloc(capacity * sizeof *list, allocator->data);
  if (!list) return DGRAM_ENOMEM;
  if (events->list) {
    memcpy(list, events->list, events->count * sizeof *list);
    allocator->free(events->list, allocator->data);
  }
  events->list = list;
  events->capacity = capacity;
  return 0;
}

/* Turns that stand in the heap are counted twice, which costs little. */
int sim_events_reserve(struct sim_events *events, const dgram_allocator *allocator) {
  return make_room(events, allocator, events->count + events->turns + 2);
}

int sim_events_reserve_turn(struct sim_events *events, const dgram_allocator *allocator) {
  int error = make_room(events, allocator, events->count + events->turns + 2);
  if (error == 0) events->turns++;
  return error;
}

void sim_events_free(struct sim_events *events, const dgram_allocator *allocator) {
  if (events->list) allocator->free(events->list, allocator->data);
  *events = (struct sim_events){0};
}

/* ---- the heap ---- */

static void put(struct sim_events *events, size_t at, const struct sim_event *event) {
  events->list[at] = *event;
  if (at < SIM_AHEAD) sim_fetch_ahead(event, at);
  if (sim_event_kind_of(event) == SIM_EVENT_TURN)
    ((struct sim_turn *)sim_event_what(event))->place = at + 1;
}

static void move_up(struct sim_events *events, size_t at, struct sim_event event) {
  while (at > 0) {
    size_t parent = (at - 1) / CHILDREN;
    if (!is_before(&event, &events->list[parent])) break;
    put(events, at, &events->list[parent]);
    at = parent;
  }
  put(events, at, &event);
}

static size_t first_child(const struct sim_events *events, size_t at) {
  size_t first = at * CHILDREN + 1;
  size_t end = first + CHILDREN < events->count ? first + CHILDREN : events->count;
  for (size_t i = first + 1; i < end; i++) {
    if (is_before(&events->list[i], &events->list[first])) first = i;
  }
  return first;
}

static void move_down(struct sim_events *events, size_t at, struct sim_event event) {
  for (;;) {
    size_t child = first_child(events, at);
    if (child >= events->count || !is_before(&events->list[child], &event)) break;
    put(events, at, &events->list[child]);
    at = child;
  }
  put(events, at, &event);
}

/* Whichever way it has to go. */
static void settle(struct sim_events *events, size_t at, struct sim_event event) {
  if (at > 0 && is_before(&event, &events->list[(at - 1) / CHILDREN]))
    move_up(events, at, event);
  else
    move_down(events, at, event);
}

static void put_beside(struct sim_events *events, const struct sim_event *event) {
  events->next = *event;
  if (sim_event_kind_of(event) == SIM_EVENT_TURN)
    ((struct sim_turn *)sim_event_what(event))->place = SIZE_MAX;
}

static void insert(struct sim_events *events, struct sim_event event) {
  assert(events->count < events->capacity);
  const struct sim_event *first = sim_events_first(events);
  if (first && !is_before(&event, first)) {
    move_up(events, events->count++, event);
    return;
  }
  struct sim_event pushed_out = events->next;
  put_beside(events, &event);
  if (pushed_out.what) move_up(events, events->count++, pushed_out);
}

static void take_out(struct sim_events *events, size_t at) {
  struct sim_event last = events->list[--events->count];
  if (at < events->count) settle(events, at, last);
}

/* ---- what the world asks ---- */

void sim_events_push(struct sim_events *events, uint64_t time_ns, enum sim_event_kind kind,
                     void *what) {
  assert(what && ((uintptr_t)what & 3) == 0);
  struct sim_event event = {time_ns, events->order++, (uintptr_t)what | (uintptr_t)kind};
  insert(events, event);
}

void sim_events_set_turn(struct sim_events *events, struct sim_turn *turn, uint64_t time_ns) {
  size_t place = turn->place;
  const struct sim_event *old =
      place == SIZE_MAX ? &events->next : &events->list[place > 0 ? place - 1 : 0];
  if (place > 0 && old->time_ns == time_ns) return;
  turn->place = 0;
  if (place == SIZE_MAX)
    events->next.what = 0;
  else if (place > 0)
    take_out(events, place - 1);
  if (time_ns < SIM_NEVER) sim_events_push(events, time_ns, SIM_EVENT_TURN, turn);
}

void sim_events_release_turn(struct sim_events *events, struct sim_turn *turn) {
  sim_events_set_turn(events, turn, SIM_NEVER);
  events->turns--;
}

struct sim_event sim_events_pop(struct sim_events *events) {
  bool beside = events->next.what != 0;
  struct sim_event first = *sim_events_first(events);
  if (sim_event_kind_of(&first) == SIM_EVENT_TURN)
    ((struct sim_turn *)sim_event_what(&first))->place = 0;
  if (beside)
    events->next.what = 0;
  else
    take_out(events, 0);
  return first;
}
