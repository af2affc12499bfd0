/* Delta debugging (Zeller and Hildebrandt, 2002), without its complements: leaves out halves,
 * quarters, ... single steps, then makes what is left simpler; again, until nothing is gained. */

#include <string.h>

#include "property.h"

struct shrinking {
  struct property_program *program; /* the smallest so far */
  unsigned budget;
  property_fails fails;
  void *data;
};

static bool try(struct shrinking *shrinking, const struct property_program *smaller) {
  if (shrinking->budget == 0) return false;
  shrinking->budget--;
  if (!shrinking->fails(smaller, shrinking->data)) return false;
  *shrinking->program = *smaller;
  return true;
}

/* The world runs as long before what follows. */
static bool leave_out(struct shrinking *shrinking, unsigned from, unsigned count) {
  struct property_program smaller = *shrinking->program;
  uint32_t wait_us = 0;

  for (unsigned i = from; i < from + count; i++)
    wait_us += smaller.steps[i].wait_us;
  memmove(smaller.steps + from, smaller.steps + from + count,
          (smaller.count - from - count) * sizeof *smaller.steps);
  smaller.count -= count;
  if (try(shrinking, &smaller)) return true;
  if (wait_us == 0 || from == smaller.count) return false;
  smaller.steps[from].wait_us += wait_us;
  return try(shrinking, &smaller);
}

static bool leave_out_chunks(struct shrinking *shrinking) {
  bool gained = false;

  for (unsigned size = (shrinking->program->count + 1) / 2; size > 0; size /= 2) {
    unsigned from = 0;
    while (from < shrinking->program->count) {
      const unsigned left = shrinking->program->count - from;
      if (leave_out(shrinking, from, size < left ? size : left)) {
        gained = true;
      } else {
        from += size;
      }
    }
  }
  return gained;
}

/* All that one host does is done by another. */
static bool join_hosts(struct shrinking *shrinking) {
  bool gained = false;

  for (unsigned host = PROPERTY_HOSTS - 1; host > 0; host--) {
    struct property_program smaller = *shrinking->program;
    bool any = false;
    for (unsigned to = 0; to < host && to < 2; to++) {
      for (unsigned i = 0; i < smaller.count; i++) {
        struct property_step *step = &smaller.steps[i];
        const struct property_step *old = &shrinking->program->steps[i];
        any = any || old->host == host || (property_other_is_host(old) && old->other == host);
        if (old->host == host) step->host = (uint8_t)to;
        if (property_other_is_host(old) && old->other == host) step->other = (uint8_t)to;
      }
      if (!any) break;
      if (try(shrinking, &smaller)) {
        gained = true;
        break;
      }
    }
  }
  return gained;
}

static bool simplify_argument(struct shrinking *shrinking, unsigned index, unsigned arg) {
  const uint32_t old = shrinking->program->steps[index].args[arg];
  const uint32_t values[] = {0, 1, 8, old / 2, old - old / 4, old - old / 16};
  struct property_program smaller = *shrinking->program;

  for (unsigned i = 0; i < 6; i++) {
    if (values[i] >= old) continue;
    smaller.steps[index].args[arg] = values[i];
    if (try(shrinking, &smaller)) return true;
  }
  return false;
}

static bool simplify_step(struct shrinking *shrinking, unsigned index) {
  struct property_program smaller = *shrinking->program;
  struct property_step *step = &smaller.steps[index];
  bool gained = false;

  if (step->inside) {
    step->inside = 0;
    gained = try(shrinking, &smaller) || gained;
  }
  smaller = *shrinking->program;
  if (step->wait_us > 0) {
    step->wait_us = 0;
    gained = try(shrinking, &smaller) || gained;
  }
  for (unsigned arg = 0; arg < PROPERTY_ARGS; arg++)
    gained = simplify_argument(shrinking, index, arg) || gained;
  return gained;
}

static bool simplify(struct shrinking *shrinking) {
  struct property_program smaller = *shrinking->program;
  bool gained = false;

  if (smaller.ending != PROPERTY_END_CLOSING) {
    smaller.ending = PROPERTY_END_CLOSING;
    gained = try(shrinking, &smaller);
  }
  for (unsigned i = 0; i < shrinking->program->count; i++)
    gained = simplify_step(shrinking, i) || gained;
  return gained;
}

void property_shrink(struct property_program *program, unsigned budget, property_fails fails,
                     void *data) {
  struct shrinking shrinking = {program, budget, fails, data};
  bool gained = true;

  while (gained && shrinking.budget > 0) {
    gained = leave_out_chunks(&shrinking);
    gained = join_hosts(&shrinking) || gained;
    gained = simplify(&shrinking) || gained;
  }
}
