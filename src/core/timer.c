/* Timers: all of a stack's in one heap, and one alarm of the stack for the first of them. */

#include <assert.h>

#include "core/host.h"

/* The first deadline is the stack's alarm. Asked for after each change of the first. */
static void set_alarm(dgram_stack *stack) {
  const dgram_timer *first = dgram__timer_heap_first(&stack->host->timers);

  stack->ops->set_alarm(stack, first == NULL ? UINT64_MAX : first->deadline_ns);
}

static void take_out(dgram_stack *stack, dgram_timer *timer) {
  dgram__timer_heap_remove(&stack->host->timers, timer);
  timer->stack = NULL;
  if (dgram__timer_heap_first(&stack->host->timers) == NULL) dgram__host_release(stack);
}

/* Timers that a callback starts wait for the next alarm even where they are due at once, so that
 * they cannot hold up the loop. */
void dgram__timers_ring(dgram_stack *stack) {
  struct dgram__host *host = stack->host;
  const uint64_t now_ns = stack->ops->now(stack);
  const uint64_t started_before = host->timer_order;

  for (;;) {
    dgram_timer *timer = dgram__timer_heap_first(&host->timers);
    if (timer == NULL || timer->deadline_ns > now_ns || timer->order > started_before) break;
    take_out(stack, timer);
    timer->cb(timer, timer->data);
  }
  set_alarm(stack);
}

void dgram__timers_stop_all(dgram_stack *stack) {
  dgram_timer *timer;

  while ((timer = dgram__timer_heap_first(&stack->host->timers)) != NULL)
    take_out(stack, timer);
  set_alarm(stack);
}

int dgram_timer_start(dgram_stack *stack, dgram_timer *timer, uint64_t timeout_ns,
                      dgram_timer_cb cb, void *data) {
  struct dgram__host *host;
  uint64_t now_ns;
  int code;

  if (timer == NULL || cb == NULL) return DGRAM_EARGTYPE;
  code = dgram__stack_of(stack, true, &stack);
  if (code < 0) return code;
  (void)dgram_timer_stop(timer);
  host = stack->host;
  now_ns = stack->ops->now(stack);
  *timer = (dgram_timer){.stack = stack, .cb = cb, .data = data, .order = ++host->timer_order};
  /* UINT64_MAX means no alarm; 584 years are as good. */
  timer->deadline_ns = timeout_ns < UINT64_MAX - 1 - now_ns ? now_ns + timeout_ns : UINT64_MAX - 1;
  if (dgram__timer_heap_first(&host->timers) == NULL) dgram__host_hold(stack);
  dgram__timer_heap_insert(&host->timers, timer);
  if (dgram__timer_heap_first(&host->timers) == timer) set_alarm(stack);
  return 0;
}

int dgram_timer_stop(dgram_timer *timer) {
  dgram_stack *stack;
  bool was_first;

  if (timer == NULL) return DGRAM_EARGTYPE;
  stack = timer->stack;
  if (stack == NULL) return 0;
  was_first = dgram__timer_heap_first(&stack->host->timers) == timer;
  take_out(stack, timer);
  if (was_first) set_alarm(stack);
  return 1;
}
