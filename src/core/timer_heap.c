#include "core/timer_heap.h"

#include <assert.h>

/* child is a timer's first child, next its right sibling, previous its left one or, of a first
 * child, its parent. The root has neither next nor previous. */

static bool is_before(const dgram_timer *a, const dgram_timer *b) {
  if (a->deadline_ns != b->deadline_ns) return a->deadline_ns < b->deadline_ns;
  return a->order < b->order;
}

/* Makes one heap of two roots, either of which may be NULL. */
static dgram_timer *meld(dgram_timer *a, dgram_timer *b) {
  if (a == NULL) return b;
  if (b == NULL) return a;
  if (is_before(b, a)) {
    dgram_timer *swap = a;
    a = b;
    b = swap;
  }
  b->previous = a;
  b->next = a->child;
  if (b->next != NULL) b->next->previous = b;
  a->child = b;
  return a;
}

/* Takes the first of a row of siblings off it, as a root of its own. */
static dgram_timer *shift(dgram_timer **row) {
  dgram_timer *first = *row;

  if (first == NULL) return NULL;
  *row = first->next;
  first->next = NULL;
  first->previous = NULL;
  return first;
}

/* Makes one heap of a row of siblings: melds them in pairs from left to right, then the pairs from
 * right to left, the order that the amortised bound needs. In loops, for 100,000 timers may be one
 * row. */
static dgram_timer *meld_row(dgram_timer *row) {
  dgram_timer *pairs = NULL; /* the last one first, by next */
  dgram_timer *root = NULL;

  while (row != NULL) {
    dgram_timer *left = shift(&row);
    dgram_timer *pair = meld(left, shift(&row));
    pair->next = pairs;
    pairs = pair;
  }
  while (pairs != NULL)
    root = meld(root, shift(&pairs));
  return root;
}

void dgram__timer_heap_insert(struct dgram__timer_heap *heap, dgram_timer *timer) {
  timer->child = NULL;
  timer->next = NULL;
  timer->previous = NULL;
  heap->root = meld(heap->root, timer);
}

void dgram__timer_heap_remove(struct dgram__timer_heap *heap, dgram_timer *timer) {
  dgram_timer *rest = meld_row(timer->child);

  if (timer == heap->root) {
    heap->root = rest;
  } else {
    assert(timer->previous != NULL);
    if (timer->previous->child == timer) {
      timer->previous->child = timer->next;
    } else {
      timer->previous->next = timer->next;
    }
    if (timer->next != NULL) timer->next->previous = timer->previous;
    heap->root = meld(heap->root, rest);
  }
  timer->child = NULL;
  timer->next = NULL;
  timer->previous = NULL;
}

dgram_timer *dgram__timer_heap_first(const struct dgram__timer_heap *heap) {
  return heap->root;
}
