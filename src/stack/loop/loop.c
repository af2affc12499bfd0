/* The life of a stack on a libuv loop, and running that loop.
 *
 * Happy path: loop_stack_new makes the struct and three handles and joins the ring of the loop's
 * stacks. The core says when the stack is alive, asks for turns (idle) and alarms (timer), and
 * somebody runs the loop: dgram_run, that is loop_run here, or the user's own uv_run. loop_close
 * closes the three handles; the callback of the last one leaves the ring, tells dgram__stack_closed
 * and frees the struct.
 *
 * Failure modes: only creation can fail, and its last fallible step is uv_async_init, so that an
 * error never leaves a handle behind that would need the loop to close. loop_run may see its own
 * stack closed and freed underneath it: it looks at nothing but its record.
 *
 * The idle handle is what makes a turn come before the loop sleeps: while one is active libuv polls
 * without waiting, whatever prepare handles exist and in whatever order they run. */

#include "stack/loop/loop.h"

#include <assert.h>
#include <stdio.h>

#include "dgram/uv.h"
#include "stack/loop/default.h"

/* A run of a loop under way: on the C stack of loop_run. */
struct loop_run {
  struct loop_stack *member; /* any stack of the ring, NULL once the last one is gone */
  bool stop;
};

/* ---- the ring ---- */

/* Never sent: it is a handle that is active without costing anything. Its address tells our handles
 * from other people's. */
static void on_keepalive(uv_async_t *async) {
  (void)async;
}

static struct loop_stack *stack_of_keepalive(uv_handle_t *handle) {
  return (struct loop_stack *)((char *)handle - offsetof(struct loop_stack, keepalive));
}

/* A stack that is closing counts too: its struct lives as long as libuv knows the handle. */
static void find_member(uv_handle_t *handle, void *ret_member) {
  if (handle->type != UV_ASYNC) return;
  if (((uv_async_t *)handle)->async_cb != on_keepalive) return;
  *(struct loop_stack **)ret_member = stack_of_keepalive(handle);
}

static void ring_join(struct loop_stack *stack, struct loop_stack *member) {
  stack->next = member->next;
  stack->previous = member;
  member->next->previous = stack;
  member->next = stack;
  stack->run = member->run;
}

static void ring_leave(struct loop_stack *stack) {
  struct loop_stack *other = stack->next == stack ? NULL : stack->next;
  stack->next->previous = stack->previous;
  stack->previous->next = stack->next;
  if (stack->run && stack->run->member == stack) stack->run->member = other;
  if (stack->stop && other) other->stop = true;
}

static bool ring_alive(const struct loop_stack *member) {
  const struct loop_stack *stack = member;
  do {
    if (stack->alive) return true;
    stack = stack->next;
  } while (stack != member);
  return false;
}

/* Whether a stop waits that was asked for while nothing ran; it is used up. */
static bool ring_take_stop(struct loop_stack *member) {
  bool stop = false;
  struct loop_stack *stack = member;
  do {
    stop |= stack->stop;
    stack->stop = false;
    stack = stack->next;
  } while (stack != member);
  return stop;
}

/* Whether user code may be running inside this loop already, by dgram_run or by the user's
 * uv_run. */
static bool ring_telling(const struct loop_stack *member) {
  const struct loop_stack *stack = member;
  do {
    if (dgram__stack_telling(&stack->base)) return true;
    stack = stack->next;
  } while (stack != member);
  return false;
}

static void ring_set_run(struct loop_stack *member, struct loop_run *run) {
  struct loop_stack *stack = member;
  do {
    stack->run = run;
    stack = stack->next;
  } while (stack != member);
}

/* ---- creation ---- */

static void own_handle(struct loop_stack *stack, uv_handle_t *handle) {
  handle->data = stack;
  uv_unref(handle);
  stack->handles++;
}

/* Looks for the ring before its own keepalive exists, so that the walk cannot find that one. */
static int init_handles(struct loop_stack *stack) {
  struct loop_stack *member = NULL;
  uv_walk(stack->loop, find_member, &member);
  int error = uv_async_init(stack->loop, &stack->keepalive, on_keepalive);
  if (error < 0) return loop_error(error);
  uv_idle_init(stack->loop, &stack->idle);
  uv_timer_init(stack->loop, &stack->alarm);
  own_handle(stack, (uv_handle_t *)&stack->keepalive);
  own_handle(stack, (uv_handle_t *)&stack->idle);
  own_handle(stack, (uv_handle_t *)&stack->alarm);
  stack->next = stack->previous = stack;
  if (member) ring_join(stack, member);
  return 0;
}

int loop_stack_new(size_t size, const struct dgram__stack_ops *ops, uv_loop_t *loop,
                   const dgram_stack_options *options, void (*release)(struct loop_stack *stack),
                   struct loop_stack **ret_stack) {
  dgram_stack *base;
  int error = dgram__stack_new(size, ops, options, &base);
  if (error < 0) return error;
  struct loop_stack *stack = loop_stack_of(base);
  stack->loop = loop;
  stack->disable = options->disable;
  stack->release = release;
  error = init_handles(stack);
  if (error < 0) {
    dgram__stack_delete(base);
    return error;
  }
  *ret_stack = stack;
  return 0;
}

/* ---- turns and alarms ---- */

/* Stopped before the telling, so that a wake inside it arms the handle for another round. */
static void on_idle(uv_idle_t *idle) {
  struct loop_stack *stack = idle->data;
  uv_idle_stop(idle);
  dgram__stack_turn(&stack->base);
}

void loop_wake(dgram_stack *base) {
  struct loop_stack *stack = loop_stack_of(base);
  if (stack->closing) return;
  uv_idle_start(&stack->idle, on_idle);
}

static void on_alarm(uv_timer_t *alarm) {
  struct loop_stack *stack = alarm->data;
  dgram__stack_alarm(&stack->base);
}

/* In ms, rounded up and at least 1: with 0 an alarm that asks for the next one from its own telling
 * would never let libuv out of its timers. libuv counts from the time when its turn began, so the
 * alarm may ring early after a long turn, and the core asks again. */
static uint64_t alarm_timeout_ms(uint64_t deadline_ns) {
  uint64_t now_ns = uv_hrtime();
  if (deadline_ns <= now_ns) return 1;
  return (deadline_ns - now_ns - 1) / DGRAM_MILLISECOND + 1;
}

void loop_set_alarm(dgram_stack *base, uint64_t deadline_ns) {
  struct loop_stack *stack = loop_stack_of(base);
  if (stack->closing) return;
  if (deadline_ns == UINT64_MAX)
    uv_timer_stop(&stack->alarm);
  else
    uv_timer_start(&stack->alarm, on_alarm, alarm_timeout_ms(deadline_ns), 0);
}

uint64_t loop_now(dgram_stack *base) {
  (void)base;
  return uv_hrtime();
}

/* ---- running ---- */

/* A run that shall end must not sleep first. libuv decides to sleep after timers and prepare
 * handles, in which this may be called, and may sleep for ever: over an idle socket, or for a
 * handle of the user's own. uv_stop makes it poll without waiting, for this one turn. */
static void end_turn(const struct loop_stack *stack) {
  if (stack->run) uv_stop(stack->loop);
}

void loop_set_alive(dgram_stack *base, bool alive) {
  struct loop_stack *stack = loop_stack_of(base);
  if (stack->closing) return;
  stack->alive = alive;
  if (alive)
    uv_ref((uv_handle_t *)&stack->keepalive);
  else
    uv_unref((uv_handle_t *)&stack->keepalive);
  if (!ring_alive(stack)) end_turn(stack);
}

void loop_stop(dgram_stack *base) {
  struct loop_stack *stack = loop_stack_of(base);
  if (stack->run)
    stack->run->stop = true;
  else
    stack->stop = true;
  end_turn(stack);
}

/* Whether the run has to go on. When the last stack's closing callback has made a new one, that one
 * could not find the old ring any more, but the run can find the new one. */
static bool run_goes_on(struct loop_run *run, uv_loop_t *loop) {
  if (run->stop) return false;
  if (!run->member) {
    uv_walk(loop, find_member, &run->member);
    if (run->member) ring_set_run(run->member, run);
  }
  return run->member && ring_alive(run->member);
}

/* Turn by turn, never UV_RUN_DEFAULT: the loop may hold handles and requests that are no concern of
 * the stacks, a lookup that could not be cancelled or the user's own. */
int loop_run(dgram_stack *base) {
  struct loop_stack *stack = loop_stack_of(base);
  uv_loop_t *loop = stack->loop;
  bool is_default = stack->is_default;
  if (stack->run || ring_telling(stack)) return DGRAM_ERUNNING;
  struct loop_run run = {.member = stack, .stop = ring_take_stop(stack)};
  ring_set_run(stack, &run);
  if (is_default) loop_default_hold();
  while (run_goes_on(&run, loop))
    uv_run(loop, UV_RUN_ONCE);
  if (run.member) ring_set_run(run.member, NULL);
  if (is_default) loop_default_let_go();
  return 0;
}

/* ---- closing ---- */

static void on_handle_closed(uv_handle_t *handle) {
  struct loop_stack *stack = handle->data;
  if (--stack->handles > 0) return;
  bool is_default = stack->is_default;
  ring_leave(stack);
  if (stack->release) stack->release(stack);
  dgram__stack_closed(&stack->base);
  dgram__free(&stack->base, stack);
  if (is_default) loop_default_let_go();
}

/* Alive to the end, whatever the core says: whoever waits in loop_run sees the stack closed. */
void loop_close(dgram_stack *base) {
  struct loop_stack *stack = loop_stack_of(base);
  assert(!stack->closing);
  stack->closing = true;
  stack->alive = true;
  uv_close((uv_handle_t *)&stack->keepalive, on_handle_closed);
  uv_close((uv_handle_t *)&stack->idle, on_handle_closed);
  uv_close((uv_handle_t *)&stack->alarm, on_handle_closed);
}

void loop_print(dgram_stack *base, const char *line) {
  (void)base;
  fprintf(stderr, "%s\n", line);
}

uv_loop_t *dgram_uv_stack_loop(dgram_stack *stack) {
  if (!stack || stack->ops->run != loop_run) return NULL;
  return loop_stack_of(stack)->loop;
}
