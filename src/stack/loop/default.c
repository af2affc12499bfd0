/* The default stack: one per process at a time, on libuv's default loop.
 *
 * Happy path: the thread that first asks for it makes it and owns it, and with it the default loop.
 * Other threads get DGRAM_EWRONGTHREAD. When the stack is closed the core releases it: from
 * then on the owner may make a new one; until then calls for it are refused, since it is closing.
 * Another thread may do so only when nothing of the owner is left on the default loop: every
 * default stack is closed to its last handle and dgram_run has returned from it. Those are counted
 * as holds, since two threads must never be on one loop.
 *
 * This is the only state of the process (rule 12), and all of it is behind one mutex. */

#include "stack/loop/default.h"

#include <uv.h>

#include "dgram.h"
#include "dgram/uv.h"
#include "stack/loop/loop.h"
#include "stack/stack.h"

static struct {
  uv_once_t once;
  uv_mutex_t mutex;
  int mutex_error;
  dgram_stack *stack; /* NULL: none, or released */
  uv_thread_t owner;  /* while there is a stack or a hold */
  unsigned holds;
} the = {.once = UV_ONCE_INIT};

static void init_mutex(void) {
  the.mutex_error = uv_mutex_init(&the.mutex);
}

static int lock(void) {
  uv_once(&the.once, init_mutex);
  if (the.mutex_error < 0) return loop_error(the.mutex_error);
  uv_mutex_lock(&the.mutex);
  return 0;
}

static bool owned_by_another_thread(void) {
  uv_thread_t self = uv_thread_self();
  return (the.stack || the.holds > 0) && !uv_thread_equal(&the.owner, &self);
}

static int make(void) {
  uv_loop_t *loop = uv_default_loop();
  if (!loop) return DGRAM_ENOMEM;
  int error = dgram_uv_stack_create(loop, NULL, &the.stack);
  if (error < 0) return error;
  loop_stack_of(the.stack)->is_default = true;
  the.owner = uv_thread_self();
  the.holds++;
  return 0;
}

int dgram__default_stack(bool create, dgram_stack **ret_stack) {
  int error = lock();
  if (error < 0) return error;
  if (owned_by_another_thread())
    error = DGRAM_EWRONGTHREAD;
  else if (!the.stack && create)
    error = make();
  if (error == 0) *ret_stack = the.stack;
  uv_mutex_unlock(&the.mutex);
  return error;
}

void dgram__default_stack_release(dgram_stack *stack) {
  if (lock() < 0) return;
  if (the.stack == stack) the.stack = NULL;
  uv_mutex_unlock(&the.mutex);
}

void loop_default_hold(void) {
  if (lock() < 0) return;
  the.holds++;
  uv_mutex_unlock(&the.mutex);
}

void loop_default_let_go(void) {
  if (lock() < 0) return;
  the.holds--;
  uv_mutex_unlock(&the.mutex);
}
