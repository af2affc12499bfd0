#include "fake.h"

#include <stdio.h>
#include <string.h>

/* Timers write their letter to a log. */

enum { LETTERS = 26 };

struct clock {
  dgram_timer timer; /* first: the callback gets from it to the whole */
  char letter;
  void (*act)(struct clock *clock); /* or NULL */
  struct clock *partner;
  uint64_t timeout_ns; /* for act */
  int answer;
};

static struct fake fake;
static struct clock clocks[LETTERS];
static char log_text[64];

static dgram_stack *stack(void) {
  return fake_stack(&fake);
}

static struct clock *clock_of(char letter) {
  return &clocks[letter - 'a'];
}

static void on_timer(dgram_timer *timer, void *data) {
  struct clock *self = data;
  const size_t length = strlen(log_text);

  assert_ptr_equal(timer, &self->timer);
  assert_null(timer->stack);
  assert_true(timer->deadline_ns <= fake.now_ns);
  assert_true(length < sizeof log_text - 1);
  log_text[length] = self->letter;
  log_text[length + 1] = '\0';
  if (self->act != NULL) self->act(self);
}

static int start(char letter, uint64_t timeout_ns) {
  return dgram_timer_start(stack(), &clock_of(letter)->timer, timeout_ns, on_timer,
                           clock_of(letter));
}

static int stop(char letter) {
  return dgram_timer_stop(&clock_of(letter)->timer);
}

static void act_start(struct clock *self) {
  self->answer = start(self->partner->letter, self->timeout_ns);
}

static void act_stop(struct clock *self) {
  self->answer = stop(self->partner->letter);
}

static void set_act(char letter, void (*act)(struct clock *), char partner, uint64_t timeout_ns) {
  clock_of(letter)->act = act;
  clock_of(letter)->partner = clock_of(partner);
  clock_of(letter)->timeout_ns = timeout_ns;
}

static int set_up(void **state) {
  (void)state;
  fake_init(&fake);
  memset(clocks, 0, sizeof clocks);
  for (int i = 0; i < LETTERS; i++)
    clocks[i].letter = (char)('a' + i);
  log_text[0] = '\0';
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  for (int i = 0; i < LETTERS; i++)
    (void)dgram_timer_stop(&clocks[i].timer);
  assert_false(fake.alive);
  assert_true(fake.alarm_ns == UINT64_MAX);
  fake_end(&fake);
  return 0;
}

static void fires_once_and_never_early(void **state) {
  (void)state;
  assert_int_equal(start('a', 100), 0);
  assert_true(fake.alive);
  assert_true(fake.alarm_ns == fake.now_ns + 100);
  fake_pass(&fake, 99);
  dgram__stack_alarm(stack()); /* a stack may ring early */
  assert_string_equal(log_text, "");
  assert_true(fake.alarm_ns == fake.now_ns + 1);
  fake_pass(&fake, 1);
  assert_string_equal(log_text, "a");
  assert_false(fake.alive);
  assert_true(fake.alarm_ns == UINT64_MAX);
  fake_pass(&fake, 1000);
  assert_string_equal(log_text, "a");
}

static void in_the_order_of_deadlines_then_of_starts(void **state) {
  (void)state;
  start('a', 300);
  start('b', 100);
  start('c', 200);
  start('d', 100);
  start('e', 0);
  fake_pass(&fake, 1000);
  assert_string_equal(log_text, "ebdca");
}

static void only_those_that_are_due(void **state) {
  (void)state;
  start('a', 100);
  start('b', 200);
  start('c', 300);
  fake_pass(&fake, 200);
  assert_string_equal(log_text, "ab");
  assert_true(fake.alive);
  assert_true(fake.alarm_ns == fake.now_ns + 100);
}

static void a_new_first_one_moves_the_alarm(void **state) {
  (void)state;
  start('a', 200);
  start('b', 100);
  assert_true(fake.alarm_ns == fake.now_ns + 100);
  start('c', 300);
  assert_true(fake.alarm_ns == fake.now_ns + 100);
  assert_int_equal(stop('b'), 1);
  assert_true(fake.alarm_ns == fake.now_ns + 200);
  assert_int_equal(stop('c'), 1);
  assert_true(fake.alarm_ns == fake.now_ns + 200);
  assert_int_equal(stop('a'), 1);
  assert_true(fake.alarm_ns == UINT64_MAX);
  assert_false(fake.alive);
}

static void stop_tells_whether_it_ran(void **state) {
  (void)state;
  assert_int_equal(stop('a'), 0);
  start('a', 100);
  assert_int_equal(stop('a'), 1);
  assert_int_equal(stop('a'), 0);
  fake_pass(&fake, 1000);
  assert_string_equal(log_text, "");
  start('a', 0);
  fake_pass(&fake, 0);
  assert_string_equal(log_text, "a");
  assert_int_equal(stop('a'), 0);
}

static void a_running_one_is_started_anew(void **state) {
  (void)state;
  start('a', 100);
  start('b', 200);
  start('a', 300);
  fake_pass(&fake, 250);
  assert_string_equal(log_text, "b");
  fake_pass(&fake, 50);
  assert_string_equal(log_text, "ba");
}

/* Started anew with the same deadline it is the younger one. */
static void started_anew_it_is_the_last_of_its_deadline(void **state) {
  (void)state;
  start('a', 100);
  start('b', 100);
  start('a', 100);
  fake_pass(&fake, 100);
  assert_string_equal(log_text, "ba");
}

static void may_be_started_in_its_own_callback(void **state) {
  (void)state;
  start('a', 100);
  set_act('a', act_start, 'a', 100);
  for (int i = 0; i < 5; i++)
    fake_pass(&fake, 100);
  assert_string_equal(log_text, "aaaaa");
  assert_true(fake.alive);
}

/* One without a timeout that starts itself cannot hold up the loop: once an alarm. */
static void no_alarm_is_endless(void **state) {
  (void)state;
  start('a', 0);
  start('b', 0);
  set_act('a', act_start, 'a', 0);
  fake_pass(&fake, 0);
  assert_string_equal(log_text, "ab");
  assert_true(fake.alarm_ns <= fake.now_ns);
  fake_pass(&fake, 0);
  assert_string_equal(log_text, "aba");
}

static void one_may_stop_another_that_is_due(void **state) {
  (void)state;
  start('a', 100);
  start('b', 100);
  start('c', 100);
  set_act('a', act_stop, 'b', 0);
  fake_pass(&fake, 100);
  assert_string_equal(log_text, "ac");
  assert_int_equal(clock_of('a')->answer, 1);
}

static void stopping_itself_finds_it_fired(void **state) {
  (void)state;
  start('a', 100);
  clock_of('a')->answer = -1;
  set_act('a', act_stop, 'a', 0);
  fake_pass(&fake, 100);
  assert_int_equal(clock_of('a')->answer, 0);
}

static void one_may_put_off_another_that_is_due(void **state) {
  (void)state;
  start('a', 100);
  start('b', 100);
  set_act('a', act_start, 'b', 50);
  fake_pass(&fake, 100);
  assert_string_equal(log_text, "a");
  fake_pass(&fake, 50);
  assert_string_equal(log_text, "ab");
}

static void act_wipe(struct clock *self) {
  /* As free would: nobody looks at a timer that fires. */
  memset(&self->timer, 0xa5, sizeof self->timer);
}

static void memory_may_go_in_the_callback(void **state) {
  (void)state;
  start('a', 100);
  start('b', 100);
  set_act('a', act_wipe, 'a', 0);
  fake_pass(&fake, 100);
  assert_string_equal(log_text, "ab");
  memset(&clock_of('a')->timer, 0, sizeof clock_of('a')->timer);
}

static void the_longest_timeout_is_no_overflow(void **state) {
  (void)state;
  assert_int_equal(start('a', UINT64_MAX), 0);
  assert_int_equal(start('b', UINT64_MAX - fake.now_ns), 0);
  assert_int_equal(start('c', UINT64_MAX - fake.now_ns - 1), 0);
  assert_true(fake.alarm_ns == UINT64_MAX - 1);
  assert_true(fake.alive);
  fake_pass(&fake, 1000000);
  assert_string_equal(log_text, "");
}

static void null_pointers_are_refused(void **state) {
  (void)state;
  assert_int_equal(dgram_timer_start(stack(), NULL, 0, on_timer, NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_timer_start(stack(), &clock_of('a')->timer, 0, NULL, NULL),
                   DGRAM_EARGTYPE);
  assert_int_equal(dgram_timer_stop(NULL), DGRAM_EARGTYPE);
}

static void act_close_stack(struct clock *self) {
  (void)self;
  assert_int_equal(dgram_stack_close(stack(), NULL, NULL), 0);
}

static void the_end_of_the_stack_stops_all(void **state) {
  (void)state;
  start('a', 100);
  start('b', 100);
  start('c', 200);
  set_act('a', act_close_stack, 'a', 0);
  fake_pass(&fake, 100);
  assert_string_equal(log_text, "a");
  assert_null(clock_of('b')->timer.stack);
  assert_null(clock_of('c')->timer.stack);
  assert_int_equal(stop('b'), 0);
  assert_int_equal(start('b', 0), DGRAM_ENOTRUNNING);
  assert_true(fake.alarm_ns == UINT64_MAX);
  fake_settle(&fake);
  fake_end(&fake);
  fake_init(&fake);
}

static void the_end_outside_an_alarm_takes_the_alarm_back(void **state) {
  (void)state;
  start('a', 100);
  act_close_stack(NULL);
  assert_true(fake.alarm_ns == UINT64_MAX);
  fake_end(&fake);
  fake_init(&fake);
}

#define TIMER_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TIMER_TEST(fires_once_and_never_early),
      TIMER_TEST(in_the_order_of_deadlines_then_of_starts),
      TIMER_TEST(only_those_that_are_due),
      TIMER_TEST(a_new_first_one_moves_the_alarm),
      TIMER_TEST(stop_tells_whether_it_ran),
      TIMER_TEST(a_running_one_is_started_anew),
      TIMER_TEST(started_anew_it_is_the_last_of_its_deadline),
      TIMER_TEST(may_be_started_in_its_own_callback),
      TIMER_TEST(no_alarm_is_endless),
      TIMER_TEST(one_may_stop_another_that_is_due),
      TIMER_TEST(stopping_itself_finds_it_fired),
      TIMER_TEST(one_may_put_off_another_that_is_due),
      TIMER_TEST(memory_may_go_in_the_callback),
      TIMER_TEST(the_longest_timeout_is_no_overflow),
      TIMER_TEST(null_pointers_are_refused),
      TIMER_TEST(the_end_of_the_stack_stops_all),
      TIMER_TEST(the_end_outside_an_alarm_takes_the_alarm_back),
  };
  return cmocka_run_group_tests_name("timer", tests, NULL, NULL);
}
