/* wrap: uv_async_init */
/* The default stack: one at a time, of one thread at a time. */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "linux_kit.h"
#include "stack/stack.h"

static struct kit_fault asyncs;

int __wrap_uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb cb) {
  return kit_fault_meet(&asyncs, 1) < 0 ? -errno : __real_uv_async_init(loop, async, cb);
}

static dgram_stack *current(void) {
  dgram_stack *stack = NULL;
  assert_int_equal(dgram__default_stack(false, &stack), 0);
  return stack;
}

static void test_made_when_needed_and_gone_after_the_run(void **state) {
  dgram_stack *stack, *same;
  (void)state;
  assert_null(current());
  assert_int_equal(dgram_run(NULL), 0);
  assert_int_equal(dgram__default_stack(true, &stack), 0);
  assert_int_equal(dgram__default_stack(true, &same), 0);
  assert_ptr_equal(stack, same);
  assert_ptr_equal(dgram_uv_stack_loop(stack), uv_default_loop());
  assert_int_equal(dgram_run(NULL), 0);
  assert_null(current());
}

static void test_one_that_cannot_be_made(void **state) {
  dgram_stack *stack;
  (void)state;
  asyncs = (struct kit_fault){.from = 1, .to = 1, .error = EMFILE};
  assert_int_equal(dgram__default_stack(true, &stack), DGRAM_EMFILE);
  assert_null(current());
}

/* The callback of the close runs when the stack has been released, on the thread that owns the
 * loop. */
static void make_the_next(dgram_stack *stack, void *data) {
  (void)stack;
  assert_int_equal(dgram__default_stack(true, data), 0);
}

static void test_the_next_one_may_be_made_in_the_close_of_the_last(void **state) {
  dgram_stack *stack, *next = NULL;
  (void)state;
  assert_int_equal(dgram__default_stack(true, &stack), 0);
  assert_int_equal(dgram_stack_close(stack, make_the_next, &next), 0);
  assert_int_equal(dgram_run(stack), 0);
  assert_non_null(next);
  assert_ptr_equal(current(), next);
  assert_int_equal(dgram_run(NULL), 0);
  assert_null(current());
}

/* ---- threads ---- */

static void *ask(void *data) {
  dgram_stack *stack = NULL;
  *(int *)data = dgram__default_stack(true, &stack);
  return NULL;
}

static int code_of_another_thread(void) {
  pthread_t thread;
  int code;
  assert_int_equal(pthread_create(&thread, NULL, ask, &code), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
  return code;
}

static void test_another_thread_is_refused(void **state) {
  dgram_stack *stack;
  (void)state;
  assert_int_equal(dgram__default_stack(true, &stack), 0);
  assert_int_equal(code_of_another_thread(), DGRAM_EWRONGTHREAD);
  assert_int_equal(dgram_run(NULL), 0);
}

/* Makes the default stack as soon as it may, waits a little on it, and gives it back. Many threads
 * at once: nobody may ever be on the loop beside another, which ThreadSanitizer would see. */
enum { THREADS = 4, ROUNDS = 20 };

static void on_timer(dgram_timer *timer, void *data) {
  (void)timer;
  ++*(int *)data;
}

static void *take_turns(void *data) {
  int *rounds = data;
  while (*rounds < ROUNDS) {
    dgram_timer timer = {0};
    int code = dgram_timer_start(NULL, &timer, DGRAM_MILLISECOND / 10, on_timer, rounds);
    if (code == 0) code = dgram_run(NULL);
    if (code < 0 && code != DGRAM_EWRONGTHREAD) return NULL;
    if (code < 0) sched_yield();
  }
  return NULL;
}

static void test_threads_take_turns(void **state) {
  pthread_t threads[THREADS];
  int rounds[THREADS] = {0};
  (void)state;
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, take_turns, &rounds[i]), 0);
  for (int i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(rounds[i], ROUNDS);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_made_when_needed_and_gone_after_the_run),
      cmocka_unit_test(test_one_that_cannot_be_made),
      cmocka_unit_test(test_the_next_one_may_be_made_in_the_close_of_the_last),
      cmocka_unit_test(test_another_thread_is_refused),
      cmocka_unit_test(test_threads_take_turns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
