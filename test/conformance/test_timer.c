/* The stack's time: timers and dgram_now. */

#include "harness.h"

static void fire(dgram_timer *timer, void *data) {
  (void)timer;
  h_callback("a timer");
  h_log("%s", (const char *)data);
}

static int start(dgram_timer *timer, uint64_t timeout_ns, const char *name) {
  return H(dgram_timer_start(h_stack(), timer, timeout_ns, fire, (void *)(uintptr_t)name));
}

static uint64_t due_ns;

static void fire_in_time(dgram_timer *timer, void *data) {
  uint64_t now_ns = dgram_now(h_stack());
  (void)timer;
  if (now_ns < due_ns)
    h_violation("a timer fired %llu ns early", (unsigned long long)(due_ns - now_ns));
  h_log("%s", (const char *)data);
}

/* api:timer */
static void test_never_early_and_once(void **state) {
  static const uint64_t timeouts_ns[] = {
      0, 1, 999999, DGRAM_MILLISECOND, 3 * DGRAM_MILLISECOND / 2, 5 * DGRAM_MILLISECOND};
  dgram_timer timer = {0};
  (void)state;
  for (size_t i = 0; i < sizeof(timeouts_ns) / sizeof(timeouts_ns[0]); i++) {
    due_ns = dgram_now(h_stack()) + timeouts_ns[i];
    h_assert_ok(H(dgram_timer_start(h_stack(), &timer, timeouts_ns[i], fire_in_time, "fired")));
    h_expect("");
    h_run_until("fired");
    h_turns(3);
    h_expect("fired");
    assert_null(timer.stack);
  }
}

static void check_deadline(dgram_timer *timer, void *data) {
  uint64_t deadline_ns = *(uint64_t *)data;
  (void)timer;
  if (dgram_now(h_stack()) < deadline_ns) h_violation("a timer fired early");
  h_log("fired");
}

/* api:timer */
static void test_neighbours_do_not_fire_with_the_first(void **state) {
  enum { NEIGHBOURS = 30 };
  static dgram_timer timers[NEIGHBOURS];
  static uint64_t deadlines_ns[NEIGHBOURS];
  (void)state;
  memset(timers, 0, sizeof(timers));
  for (uint64_t i = 0; i < NEIGHBOURS; i++) {
    uint64_t timeout_ns = i * DGRAM_MILLISECOND / 4;
    deadlines_ns[i] = dgram_now(h_stack()) + timeout_ns;
    h_assert_ok(
        dgram_timer_start(h_stack(), &timers[i], timeout_ns, check_deadline, &deadlines_ns[i]));
  }
  h_run_until_n("fired", NEIGHBOURS);
}

/* api:timer */
static void test_in_the_order_of_their_deadlines(void **state) {
  dgram_timer timers[5] = {0};
  (void)state;
  h_assert_ok(start(&timers[0], 6 * DGRAM_MILLISECOND, "6"));
  h_assert_ok(start(&timers[1], 2 * DGRAM_MILLISECOND, "2"));
  h_assert_ok(start(&timers[2], 4 * DGRAM_MILLISECOND, "4"));
  h_assert_ok(start(&timers[3], 0, "0"));
  h_assert_ok(start(&timers[4], 2 * DGRAM_MILLISECOND, "2 again"));
  h_run_until("6");
  h_expect("0; 2; 2 again; 4; 6");
}

/* api:timer */
static void test_those_due_together_run_in_the_order_of_their_starts(void **state) {
  static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
  dgram_timer timers[8] = {0};
  (void)state;
  for (size_t i = 0; i < 8; i++)
    h_assert_ok(start(&timers[i], 0, names[i]));
  h_run_until("h");
  h_expect("a; b; c; d; e; f; g; h");
}

/* api:timer */
static void test_a_timer_that_runs_is_started_anew(void **state) {
  dgram_timer one = {0}, two = {0};
  (void)state;
  h_assert_ok(start(&one, 0, "never"));
  h_assert_ok(start(&two, 0, "two"));
  h_assert_ok(start(&one, 2 * DGRAM_MILLISECOND, "one"));
  h_run_until("one");
  h_turns(2);
  h_expect("two; one");
}

static size_t times;

static void start_again(dgram_timer *timer, void *data) {
  h_callback("a timer");
  if (++times < 100) h_assert_ok(H(dgram_timer_start(h_stack(), timer, 0, start_again, data)));
  h_tick();
}

/* api:timer rule:2 */
static void test_started_again_in_its_callback(void **state) {
  dgram_timer timer = {0};
  (void)state;
  times = 0;
  h_assert_ok(H(dgram_timer_start(h_stack(), &timer, 0, start_again, NULL)));
  h_run_count(&times, 100);
}

/* api:timer */
static void test_a_stopped_timer_does_not_run(void **state) {
  dgram_timer timer = {0};
  (void)state;
  assert_int_equal(dgram_timer_stop(&timer), 0); /* it never ran */
  h_assert_ok(start(&timer, 0, "never"));
  assert_int_equal(dgram_timer_stop(&timer), 1);
  assert_int_equal(dgram_timer_stop(&timer), 0);
  h_turns(3);
  h_expect("");
  h_assert_ok(start(&timer, 0, "now"));
  h_run_until("now");
  assert_int_equal(dgram_timer_stop(&timer), 0); /* it has fired */
}

static void stop_other(dgram_timer *timer, void *data) {
  (void)timer;
  h_log("first");
  assert_int_equal(dgram_timer_stop(data), 1);
  memset(data, 0xff, sizeof(dgram_timer)); /* it is the caller's again */
}

/* api:timer */
static void test_one_stops_another_that_is_due(void **state) {
  dgram_timer one = {0}, two = {0}, three = {0};
  (void)state;
  h_assert_ok(H(dgram_timer_start(h_stack(), &one, 0, stop_other, &two)));
  h_assert_ok(start(&two, 0, "never"));
  h_assert_ok(start(&three, 0, "last"));
  h_run_until("last");
  h_turns(2);
  h_expect("first; last");
}

static void free_itself(dgram_timer *timer, void *data) {
  (void)data;
  free(timer);
  h_log("freed");
}

/* api:timer */
static void test_freed_in_its_callback(void **state) {
  dgram_timer *timer = calloc(1, sizeof(*timer));
  (void)state;
  assert_non_null(timer);
  h_assert_ok(H(dgram_timer_start(h_stack(), timer, 0, free_itself, NULL)));
  h_run_until("freed");
  h_turns(2);
}

/* api:timer rule:6 */
static void test_a_running_timer_keeps_the_program(void **state) {
  dgram_timer timer = {0};
  (void)state;
  h_assert_ok(start(&timer, 2 * DGRAM_MILLISECOND, "fired"));
  h_assert_ok(h_run_to_end());
  h_expect("fired");
  h_assert_ok(start(&timer, DGRAM_SECOND, "never"));
  dgram_timer_stop(&timer);
  h_assert_ok(h_run_to_end());
  h_expect("");
}

/* api:timer api:stack-close */
static void test_the_end_of_the_stack_stops_timers(void **state) {
  dgram_timer *timer = calloc(1, sizeof(*timer));
  (void)state;
  assert_non_null(timer);
  h_assert_ok(start(timer, 0, "never"));
  h_assert_ok(dgram_stack_close(h_stack(), h_stack_closed, h_world()));
  assert_int_equal(dgram_timer_stop(timer), 0);
  free(timer);
  h_assert_ok(h_run_to_end());
  h_expect("stack closed");
}

/* api:timer */
static void test_many_timers(void **state) {
  enum { MANY = 500 };
  static dgram_timer timers[MANY];
  uint64_t chance = h_seed();
  size_t running = 0;
  (void)state;
  memset(timers, 0, sizeof(timers));
  for (size_t i = 0; i < MANY; i++) {
    h_assert_ok(start(&timers[i], h_random(&chance) % (5 * DGRAM_MILLISECOND), "fired"));
  }
  for (size_t i = 0; i < MANY; i++) {
    if (h_random(&chance) % 2 == 0) assert_int_equal(dgram_timer_stop(&timers[i]), 1);
    running += timers[i].stack != NULL ? 1 : 0;
  }
  h_assert_ok(h_run_to_end());
  assert_int_equal(h_count("fired"), running);
}

/* api:now */
static void test_time_does_not_go_back(void **state) {
  uint64_t before_ns = dgram_now(h_stack());
  (void)state;
  assert_true(before_ns > 0);
  for (int i = 0; i < 50; i++) {
    h_turns(1);
    assert_true(dgram_now(h_stack()) >= before_ns);
    before_ns = dgram_now(h_stack());
  }
}

/* api:now api:sim */
static void test_an_hour_of_simulated_time(void **state) {
  dgram_timer timer = {0};
  uint64_t before_ns;
  (void)state;
  if (h_kind() != H_SIM) h_skip("the time of a kernel passes by itself");
  before_ns = dgram_now(h_stack());
  h_assert_ok(start(&timer, 3600 * DGRAM_SECOND, "an hour"));
  h_run_until("an hour");
  assert_true(dgram_now(h_stack()) - before_ns >= 3600 * DGRAM_SECOND);
  assert_true(dgram_now(h_stack()) - before_ns < 3601 * DGRAM_SECOND);
}

/* input:null api:timer */
static void test_bad_arguments(void **state) {
  dgram_timer timer = {0};
  (void)state;
  h_assert_code(DGRAM_EARGTYPE, H(dgram_timer_start(h_stack(), NULL, 0, fire, NULL)));
  h_assert_code(DGRAM_EARGTYPE, H(dgram_timer_start(h_stack(), &timer, 0, NULL, NULL)));
  h_assert_code(DGRAM_EARGTYPE, H(dgram_timer_stop(NULL)));
  h_turns(2);
  h_expect("");
}

/* api:timer */
static void test_a_timer_that_never_comes(void **state) {
  dgram_timer timer = {0};
  (void)state;
  h_assert_ok(start(&timer, UINT64_MAX, "never"));
  h_turns(2);
  assert_int_equal(dgram_timer_stop(&timer), 1);
  h_expect("");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_never_early_and_once),
      H_TEST(test_neighbours_do_not_fire_with_the_first),
      H_TEST(test_in_the_order_of_their_deadlines),
      H_TEST(test_those_due_together_run_in_the_order_of_their_starts),
      H_TEST(test_a_timer_that_runs_is_started_anew),
      H_TEST(test_started_again_in_its_callback),
      H_TEST(test_a_stopped_timer_does_not_run),
      H_TEST(test_one_stops_another_that_is_due),
      H_TEST(test_freed_in_its_callback),
      H_TEST(test_a_running_timer_keeps_the_program),
      H_TEST(test_the_end_of_the_stack_stops_timers),
      H_TEST(test_many_timers),
      H_TEST(test_time_does_not_go_back),
      H_TEST(test_an_hour_of_simulated_time),
      H_TEST(test_bad_arguments),
      H_TEST(test_a_timer_that_never_comes),
  };
  return H_MAIN(tests);
}
