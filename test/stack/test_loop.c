/* wrap: uv_async_init */
/* What stacks on libuv share: several on one loop, running and stopping it, alarms, choosing a
 * kind. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "linux_kit.h"
#include "stack/loop/loop.h"

static struct kit_fault asyncs;

int __wrap_uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb cb) {
  return kit_fault_meet(&asyncs, 1) < 0 ? -errno : __real_uv_async_init(loop, async, cb);
}

static dgram_stack *another(void) {
  dgram_stack *stack;
  assert_int_equal(dgram_uv_stack_create(&kit.loop, NULL, &stack), 0);
  return stack;
}

static void note_closed(dgram_stack *stack, void *data) {
  (void)stack;
  if (data) ++*(size_t *)data;
}

static void end(dgram_stack *stack) {
  size_t closed = 0;
  assert_int_equal(dgram_stack_close(stack, note_closed, &closed), 0);
  kit_run_until(&closed, 1);
}

static void count(dgram_timer *timer, void *data) {
  (void)timer;
  ++*(size_t *)data;
}

/* ---- running ---- */

static void test_nothing_to_wait_for(void **state) {
  (void)state;
  assert_int_equal(dgram_run(kit.stack), 0);
}

static void stop_it(uv_timer_t *timer) {
  (void)timer;
  fail();
}

/* A handle of the user's own would keep uv_run, not dgram_run. */
static void test_a_handle_of_the_user_does_not_hold(void **state) {
  uv_timer_t theirs;
  dgram_timer ours = {0};
  size_t rung = 0;
  (void)state;
  uv_timer_init(&kit.loop, &theirs);
  uv_timer_start(&theirs, stop_it, 3600 * 1000, 0);
  assert_int_equal(dgram_timer_start(kit.stack, &ours, DGRAM_MILLISECOND, count, &rung), 0);
  assert_int_equal(dgram_run(kit.stack), 0);
  assert_int_equal(rung, 1);
  uv_close((uv_handle_t *)&theirs, NULL);
  kit_turns(2);
}

static void test_the_users_own_run_ends_too(void **state) {
  dgram_timer timer = {0};
  size_t rung = 0;
  (void)state;
  assert_int_equal(dgram_timer_start(kit.stack, &timer, DGRAM_MILLISECOND, count, &rung), 0);
  assert_int_equal(uv_run(&kit.loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(rung, 1);
}

static void test_an_alarm_is_not_early(void **state) {
  (void)state;
  for (uint64_t i = 0; i < 5; i++) {
    dgram_timer timer = {0};
    size_t rung = 0;
    uint64_t begin = dgram_now(kit.stack);
    assert_int_equal(dgram_timer_start(kit.stack, &timer, i * 700000, count, &rung), 0);
    assert_int_equal(dgram_run(kit.stack), 0);
    assert_int_equal(rung, 1);
    assert_true(dgram_now(kit.stack) - begin >= i * 700000);
  }
}

static void again(dgram_timer *timer, void *data) {
  if (++*(size_t *)data == 50) return;
  assert_int_equal(dgram_timer_start(kit.stack, timer, 0, again, data), 0);
}

/* A timer that starts itself with 0 must let the loop turn. */
static void test_an_alarm_without_a_wait_lets_the_loop_turn(void **state) {
  dgram_timer timer = {0};
  size_t rung = 0;
  unsigned before = kit.turns;
  (void)state;
  assert_int_equal(dgram_timer_start(kit.stack, &timer, 0, again, &rung), 0);
  assert_int_equal(dgram_run(kit.stack), 0);
  assert_int_equal(rung, 50);
  assert_true(kit.turns - before >= 40);
}

/* ---- several stacks ---- */

static void test_a_run_waits_for_every_stack(void **state) {
  dgram_stack *second = another(), *third = another();
  dgram_timer timers[2] = {{0}};
  size_t rung = 0;
  (void)state;
  assert_int_equal(dgram_timer_start(second, &timers[0], DGRAM_MILLISECOND, count, &rung), 0);
  assert_int_equal(dgram_timer_start(third, &timers[1], 3 * DGRAM_MILLISECOND, count, &rung), 0);
  assert_int_equal(dgram_run(kit.stack), 0);
  assert_int_equal(rung, 2);
  end(second);
  end(third);
}

static void close_stack_in_timer(dgram_timer *timer, void *data) {
  (void)timer;
  assert_int_equal(dgram_stack_close(data, NULL, NULL), 0);
}

/* The stack that the run was asked of goes in the middle of it. */
static void test_a_run_survives_its_stack(void **state) {
  dgram_stack *first = another();
  dgram_timer timers[2] = {{0}};
  size_t rung = 0;
  (void)state;
  assert_int_equal(dgram_timer_start(first, &timers[0], 0, close_stack_in_timer, first), 0);
  assert_int_equal(dgram_timer_start(kit.stack, &timers[1], 5 * DGRAM_MILLISECOND, count, &rung),
                   0);
  assert_int_equal(dgram_run(first), 0);
  assert_int_equal(rung, 1);
}

static struct {
  dgram_stack *stack;
  dgram_timer timer;
  size_t rung;
} heir;

static void make_heir(dgram_stack *stack, void *data) {
  uv_loop_t *loop = data;
  (void)stack;
  memset(&heir, 0, sizeof heir);
  assert_int_equal(dgram_uv_stack_create(loop, NULL, &heir.stack), 0);
  assert_int_equal(dgram_timer_start(heir.stack, &heir.timer, DGRAM_MILLISECOND, count, &heir.rung),
                   0);
}

/* At that moment the loop has no handle of any stack. */
static void test_a_run_finds_a_stack_made_by_the_last_close(void **state) {
  uv_loop_t loop;
  dgram_stack *stack;
  size_t closed = 0;
  (void)state;
  assert_int_equal(uv_loop_init(&loop), 0);
  assert_int_equal(dgram_uv_stack_create(&loop, NULL, &stack), 0);
  assert_int_equal(dgram_stack_close(stack, make_heir, &loop), 0);
  assert_int_equal(dgram_run(stack), 0);
  assert_int_equal(heir.rung, 1);
  assert_int_equal(dgram_stack_close(heir.stack, note_closed, &closed), 0);
  assert_int_equal(dgram_run(heir.stack), 0);
  assert_int_equal(closed, 1);
  assert_int_equal(uv_loop_close(&loop), 0);
}

/* One that is made beside a closing one joins it. */
static void test_a_stack_beside_a_closing_one(void **state) {
  dgram_stack *first = another(), *second;
  dgram_timer timer = {0};
  size_t rung = 0, closed = 0;
  (void)state;
  assert_int_equal(dgram_stack_close(first, note_closed, &closed), 0);
  second = another();
  assert_int_equal(dgram_timer_start(second, &timer, DGRAM_MILLISECOND, count, &rung), 0);
  assert_int_equal(dgram_run(kit.stack), 0);
  assert_int_equal(closed, 1);
  assert_int_equal(rung, 1);
  end(second);
}

static void run_inside(dgram_timer *timer, void *data) {
  (void)timer;
  assert_int_equal(dgram_run(data), DGRAM_ERUNNING);
}

static void test_a_run_inside_a_run(void **state) {
  dgram_stack *second = another();
  dgram_timer timers[2] = {{0}};
  (void)state;
  assert_int_equal(dgram_timer_start(kit.stack, &timers[0], 0, run_inside, second), 0);
  assert_int_equal(dgram_timer_start(kit.stack, &timers[1], 0, run_inside, kit.stack), 0);
  assert_int_equal(dgram_run(kit.stack), 0);
  end(second);
}

/* ---- stopping ---- */

static void stop_in_timer(dgram_timer *timer, void *data) {
  (void)timer;
  assert_int_equal(dgram_stop(data), 0);
}

static void test_stop_ends_the_run_and_a_later_one_goes_on(void **state) {
  dgram_stack *second = another();
  dgram_timer stopper = {0}, timer = {0};
  size_t rung = 0;
  (void)state;
  assert_int_equal(dgram_timer_start(kit.stack, &timer, 20 * DGRAM_MILLISECOND, count, &rung), 0);
  assert_int_equal(dgram_timer_start(kit.stack, &stopper, 0, stop_in_timer, second), 0);
  assert_int_equal(dgram_run(kit.stack), 0);
  assert_int_equal(rung, 0);
  assert_int_equal(dgram_run(second), 0);
  assert_int_equal(rung, 1);
  end(second);
}

/* Also asked of another stack of the loop, and of one that is gone since. */
static void test_stop_before_a_run(void **state) {
  dgram_stack *second = another();
  dgram_timer timer = {0};
  size_t rung = 0;
  (void)state;
  assert_int_equal(dgram_timer_start(kit.stack, &timer, DGRAM_MILLISECOND, count, &rung), 0);
  assert_int_equal(dgram_stop(second), 0);
  assert_int_equal(dgram_run(kit.stack), 0);
  assert_int_equal(rung, 0);
  assert_int_equal(dgram_stop(second), 0);
  end(second);
  assert_int_equal(rung, 0);
  assert_int_equal(dgram_run(kit.stack), 0);
  assert_int_equal(rung, 0);
  assert_int_equal(dgram_run(kit.stack), 0);
  assert_int_equal(rung, 1);
}

/* ---- creating ---- */

static void test_creation_that_fails_leaves_nothing(void **state) {
  dgram_stack *stack = NULL;
  dgram_stack_options options = {.allocator = &kit.stack->allocator};
  size_t blocks = kit.blocks;
  (void)state;
  asyncs = (struct kit_fault){.from = 1, .to = 1, .error = EMFILE};
  assert_int_equal(dgram_uv_stack_create(&kit.loop, &options, &stack), DGRAM_EMFILE);
  assert_int_equal(kit.blocks, blocks);
  kit.fail_size = 1;
  assert_int_equal(dgram_uv_stack_create(&kit.loop, &options, &stack), DGRAM_ENOMEM);
  assert_int_equal(kit.blocks, blocks);
  assert_null(stack);
}

static void test_the_loop_of_a_stack(void **state) {
  dgram_stack *stack;
  (void)state;
  assert_ptr_equal(dgram_uv_stack_loop(kit.stack), &kit.loop);
  assert_null(dgram_uv_stack_loop(NULL));
  assert_int_equal(dgram_uv_stack_create(NULL, NULL, &stack), DGRAM_EARGTYPE);
  assert_int_equal(dgram_uv_stack_create(&kit.loop, NULL, NULL), DGRAM_EARGTYPE);
}

/* The name of the kind that is made, or that of the code. */
static const char *kind_of(int kind, const char *environment) {
  dgram_stack_options options = {.kind = kind};
  dgram_stack *stack;
  if (environment)
    setenv("DGRAM_STACK", environment, 1);
  else
    unsetenv("DGRAM_STACK");
  int code = dgram_uv_stack_create(&kit.loop, &options, &stack);
  unsetenv("DGRAM_STACK");
  if (code < 0) return dgram_error_name(code);
  const char *name = stack->ops->name;
  end(stack);
  return name;
}

static void test_the_kind_of_a_stack(void **state) {
  (void)state;
  assert_string_equal(kind_of(DGRAM_STACK_DEFAULT, NULL), "linux");
  assert_string_equal(kind_of(DGRAM_STACK_DEFAULT, ""), "linux");
  assert_string_equal(kind_of(DGRAM_STACK_DEFAULT, "uv"), "uv");
  assert_string_equal(kind_of(DGRAM_STACK_DEFAULT, "linux"), "linux");
  assert_string_equal(kind_of(DGRAM_STACK_LINUX, "uv"), "linux");
  assert_string_equal(kind_of(DGRAM_STACK_UV, "nonsense"), "uv");
  assert_string_equal(kind_of(DGRAM_STACK_DEFAULT, "nonsense"), "EINVAL");
  assert_string_equal(kind_of(77, NULL), "EINVAL");
}

static uint32_t disabled_by(const char *environment) {
  dgram_stack_options options = {.disable = DGRAM_DISABLE_GRO};
  dgram_stack *stack;
  setenv("DGRAM_DISABLE", environment, 1);
  assert_int_equal(dgram_uv_stack_create(&kit.loop, &options, &stack), 0);
  unsetenv("DGRAM_DISABLE");
  uint32_t bits = loop_stack_of(stack)->disable;
  end(stack);
  return bits;
}

static void test_what_the_environment_switches_off(void **state) {
  (void)state;
  assert_int_equal(disabled_by(""), DGRAM_DISABLE_GRO);
  assert_int_equal(disabled_by("gso"), DGRAM_DISABLE_GRO | DGRAM_DISABLE_GSO);
  assert_int_equal(disabled_by(",mmsg,,gso,"),
                   DGRAM_DISABLE_GRO | DGRAM_DISABLE_GSO | DGRAM_DISABLE_MMSG);
  assert_int_equal(disabled_by("spin"), DGRAM_DISABLE_GRO | DGRAM_DISABLE_SPIN);
  assert_int_equal(disabled_by("mmsgs,xdp, GSO,gs"), DGRAM_DISABLE_GRO);
}

static void test_interfaces(void **state) {
  struct dgram__interface list[1];
  char name[DGRAM__INTERFACE_NAME_MAX];
  (void)state;
  assert_true(kit.stack->ops->interfaces(kit.stack, list, 0) >= 1);
  assert_true(kit.stack->ops->interfaces(kit.stack, list, 1) >= 1);
  assert_true(list[0].index >= 1);
  assert_int_equal(kit.stack->ops->interface_name(kit.stack, list[0].index, name), 0);
  assert_string_equal(name, list[0].name);
  assert_int_equal(kit.stack->ops->interface_index(kit.stack, name), list[0].index);
  assert_int_equal(kit.stack->ops->interface_index(kit.stack, "no such one"), DGRAM_ENODEV);
  assert_int_equal(kit.stack->ops->interface_name(kit.stack, 999999, name), DGRAM_ENODEV);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(test_nothing_to_wait_for),
      KIT_TEST(test_a_handle_of_the_user_does_not_hold),
      KIT_TEST(test_the_users_own_run_ends_too),
      KIT_TEST(test_an_alarm_is_not_early),
      KIT_TEST(test_an_alarm_without_a_wait_lets_the_loop_turn),
      KIT_TEST(test_a_run_waits_for_every_stack),
      KIT_TEST(test_a_run_survives_its_stack),
      KIT_TEST(test_a_run_finds_a_stack_made_by_the_last_close),
      KIT_TEST(test_a_stack_beside_a_closing_one),
      KIT_TEST(test_a_run_inside_a_run),
      KIT_TEST(test_stop_ends_the_run_and_a_later_one_goes_on),
      KIT_TEST(test_stop_before_a_run),
      KIT_TEST(test_creation_that_fails_leaves_nothing),
      KIT_TEST(test_the_loop_of_a_stack),
      KIT_TEST(test_the_kind_of_a_stack),
      KIT_TEST(test_what_the_environment_switches_off),
      KIT_TEST(test_interfaces),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
