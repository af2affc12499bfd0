/* Who listens to what on one socket, and how an event reaches them.
 *
 * All listeners of a socket stand in one list, by event, and those of one event in the order they
 * were added, which is the order they run in: mostly there is one listener, and a list for each
 * event would cost every idle socket five pointers to nothing.
 *
 * During an emission the list keeps every node: one that is removed is only marked dead, and one
 * that is added is numbered, so that the emission passes it by. The end of the outermost emission
 * reaps the dead and forgets the numbers. So a listener may add, remove and clear as it likes
 * (rule 13). */

#ifndef DGRAM_CORE_LISTENERS_H
#define DGRAM_CORE_LISTENERS_H

#include "stack/stack.h"

/* In this order the list has them. Those of the hot path come first, `batch` before `message`:
 * where nobody listens to batches, the first node says so. */
enum dgram__event {
  DGRAM__BATCH,
  DGRAM__MESSAGE,
  DGRAM__LISTENING,
  DGRAM__CONNECT,
  DGRAM__CLOSE,
  DGRAM__ERROR,
  DGRAM__DRAIN,
  DGRAM__ICMP,
  DGRAM__EVENTS
};

/* Any event's callback: cast back to the event's own type before the call. */
typedef void (*dgram__any_cb)(void);

struct dgram__listener {
  struct dgram__listener *next;
  dgram__any_cb cb;
  void *data;
  uint32_t serial; /* 0: older than the emissions under way; the highest number: removed */
  uint8_t event;
  bool once;
};

/* Complete when zeroed. */
struct dgram__listeners {
  struct dgram__listener *first;
  uint32_t serial;   /* listeners added since the outermost emission began */
  uint16_t emitting; /* emissions under way, one inside the other */
  bool has_dead;     /* something is to be reaped when the outermost ends */
};

/* Adds a listener behind the others; once: it is removed before it runs. Returns 0 or
 * DGRAM_ENOMEM. */
int dgram__listeners_add(dgram_stack *stack, struct dgram__listeners *listeners,
                         enum dgram__event event, dgram__any_cb cb, void *data, bool once);

/* Removes the newest listener with that pair. Returns 1, or 0 where there is none. */
int dgram__listeners_remove(dgram_stack *stack, struct dgram__listeners *listeners,
                            enum dgram__event event, dgram__any_cb cb, void *data);

/* Whether an emission that began now would reach anybody. */
bool dgram__listeners_any(const struct dgram__listeners *listeners, enum dgram__event event);

/* Removes all listeners of all events. During an emission their memory stays until its end. */
void dgram__listeners_clear(dgram_stack *stack, struct dgram__listeners *listeners);

/* An emission: begin, then call cb with data for each next, then end. Listeners that are added
 * after begin do not run in it. The listeners must not be freed before end. */
struct dgram__emission {
  dgram_stack *stack;
  struct dgram__listeners *listeners;
  struct dgram__listener *first;
  struct dgram__listener *at; /* the node to look at next */
  uint32_t limit;             /* nodes with a higher serial are too young, or dead */
  enum dgram__event event;
  dgram__any_cb cb;
  void *data;
};

void dgram__emission_begin(struct dgram__emission *emission, dgram_stack *stack,
                           struct dgram__listeners *listeners, enum dgram__event event);

/* Marks a listener dead, during an emission. */
void dgram__listener_bury(struct dgram__listeners *listeners, struct dgram__listener *listener);

/* From a node on, the first one of the event that is not younger than limit, nor dead; or NULL. */
static inline struct dgram__listener *
dgram__listener_find(struct dgram__listener *listener, enum dgram__event event, uint32_t limit) {
  for (; listener != NULL && listener->event == event; listener = listener->next) {
    if (listener->serial <= limit) return listener;
  }
  return NULL;
}

/* Sets cb and data to the next listener's. False: there is none. */
static inline bool dgram__emission_next(struct dgram__emission *emission) {
  struct dgram__listener *listener =
      dgram__listener_find(emission->at, emission->event, emission->limit);

  if (listener == NULL) return false;
  /* What is put between this node and the next meanwhile is younger than the emission. */
  emission->at = listener->next;
  emission->cb = listener->cb;
  emission->data = listener->data;
  if (listener->once) dgram__listener_bury(emission->listeners, listener);
  return true;
}

/* Begins anew, for the next event of the same kind: what was added meanwhile runs now. Mostly
 * nothing was, and the list is as it was. */
void dgram__emission_renew(struct dgram__emission *emission);
static inline void dgram__emission_again(struct dgram__emission *emission) {
  const struct dgram__listeners *listeners = emission->listeners;

  emission->at = emission->first;
  if (listeners->has_dead || listeners->serial != emission->limit) dgram__emission_renew(emission);
}

/* Reaps what was removed meanwhile. Also ends an emission that has not run to its end. */
void dgram__emission_end(struct dgram__emission *emission);

#endif
