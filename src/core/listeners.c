#include "core/listeners.h"

#include <assert.h>

/* A dead listener counts as younger than every emission, which saves next a second comparison. */
#define DEAD UINT32_MAX

/* The first node of an event, or what stands where it would. */
static struct dgram__listener *first_of(const struct dgram__listeners *listeners,
                                        enum dgram__event event) {
  struct dgram__listener *listener = listeners->first;

  while (listener != NULL && listener->event < event)
    listener = listener->next;
  return listener;
}

int dgram__listeners_add(dgram_stack *stack, struct dgram__listeners *listeners,
                         enum dgram__event event, dgram__any_cb cb, void *data, bool once) {
  struct dgram__listener **link = &listeners->first;
  struct dgram__listener *listener;

  /* The numbers of one emission are used up: its 2^32 listeners would not fit into memory
   * either. */
  if (listeners->serial == DEAD - 1) return DGRAM_ENOMEM;
  listener = dgram__malloc(stack, sizeof *listener);
  if (listener == NULL) return DGRAM_ENOMEM;

  /* Outside an emission nobody asks for the age, so serials stay 0 and never run out. */
  if (listeners->emitting > 0) listeners->serial++;
  *listener = (struct dgram__listener){
      .cb = cb, .data = data, .serial = listeners->serial, .event = (uint8_t)event, .once = once};
  while (*link != NULL && (*link)->event <= event)
    link = &(*link)->next;
  listener->next = *link;
  *link = listener;
  return 0;
}

void dgram__listener_bury(struct dgram__listeners *listeners, struct dgram__listener *listener) {
  listener->serial = DEAD;
  listeners->has_dead = true;
}

int dgram__listeners_remove(dgram_stack *stack, struct dgram__listeners *listeners,
                            enum dgram__event event, dgram__any_cb cb, void *data) {
  struct dgram__listener **newest = NULL;
  struct dgram__listener *listener;

  for (struct dgram__listener **link = &listeners->first; *link != NULL; link = &(*link)->next) {
    listener = *link;
    if (listener->event != event || listener->serial == DEAD) continue;
    if (listener->cb == cb && listener->data == data) newest = link;
  }
  if (newest == NULL) return 0;

  listener = *newest;
  if (listeners->emitting > 0) {
    dgram__listener_bury(listeners, listener);
  } else {
    *newest = listener->next;
    dgram__free(stack, listener);
  }
  return 1;
}

bool dgram__listeners_any(const struct dgram__listeners *listeners, enum dgram__event event) {
  return dgram__listener_find(first_of(listeners, event), event, DEAD - 1) != NULL;
}

/* Frees the dead and makes the living old. Only outside emissions. */
static void reap(dgram_stack *stack, struct dgram__listeners *listeners) {
  struct dgram__listener **link = &listeners->first;

  while (*link != NULL) {
    struct dgram__listener *listener = *link;
    if (listener->serial == DEAD) {
      *link = listener->next;
      dgram__free(stack, listener);
    } else {
      listener->serial = 0;
      link = &listener->next;
    }
  }
  listeners->serial = 0;
  listeners->has_dead = false;
}

void dgram__listeners_clear(dgram_stack *stack, struct dgram__listeners *listeners) {
  for (struct dgram__listener *at = listeners->first; at != NULL; at = at->next)
    dgram__listener_bury(listeners, at);
  if (listeners->emitting == 0) reap(stack, listeners);
}

void dgram__emission_begin(struct dgram__emission *emission, dgram_stack *stack,
                           struct dgram__listeners *listeners, enum dgram__event event) {
  listeners->emitting++;
  emission->stack = stack;
  emission->listeners = listeners;
  emission->first = first_of(listeners, event);
  emission->at = emission->first;
  emission->limit = listeners->serial;
  emission->event = event;
}

/* The dead are reaped here too, where that disturbs nobody: a listener that is replaced at each
 * event must not leave a list behind that each event walks. */
void dgram__emission_renew(struct dgram__emission *emission) {
  struct dgram__listeners *listeners = emission->listeners;

  if (listeners->has_dead && listeners->emitting == 1) reap(emission->stack, listeners);
  emission->first = first_of(listeners, emission->event);
  emission->at = emission->first;
  emission->limit = listeners->serial;
}

void dgram__emission_end(struct dgram__emission *emission) {
  struct dgram__listeners *listeners = emission->listeners;

  assert(listeners->emitting > 0);
  if (--listeners->emitting > 0) return;
  if (listeners->has_dead || listeners->serial > 0) reap(emission->stack, listeners);
}
