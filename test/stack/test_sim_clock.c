/* The simulation's clock and turns. */

#include <stdio.h>
#include <string.h>

#include "core/limits.h"
#include "sim_kit.h"

/* ---- a log of what happened when ---- */

static char events[65536];
static size_t events_length;

static void note(const char *what) {
  uint64_t ns = dgram_now(sim.stack);
  int length = snprintf(events + events_length, sizeof events - events_length, "%llu %s\n",
                        (unsigned long long)ns, what);
  assert_true(length > 0 && (size_t)length < sizeof events - events_length);
  events_length += (size_t)length;
}

static void clear(void) {
  events_length = 0;
  events[0] = '\0';
}

struct alarm {
  dgram_timer timer;
  uint64_t rang_ns;
  size_t rings;
  bool stop;
};

static void on_alarm(dgram_timer *timer, void *data) {
  struct alarm *alarm = data;
  (void)timer;
  alarm->rang_ns = dgram_now(sim.stack);
  alarm->rings++;
  if (alarm->stop) assert_int_equal(dgram_stop(sim.stack), 0);
}

static void start(struct alarm *alarm, uint64_t timeout_ns) {
  assert_int_equal(dgram_timer_start(sim.stack, &alarm->timer, timeout_ns, on_alarm, alarm), 0);
}

/* ---- time ---- */

static void test_time_stands_still(void **state) {
  (void)state;
  uint64_t before = dgram_now(sim.stack);
  assert_true(before > 0);
  sim_settle();
  assert_int_equal(dgram_now(sim.stack), before);
}

/* To the nanosecond, and at once however long it is. */
static void test_time_jumps_to_the_timer(void **state) {
  (void)state;
  struct alarm day = {.rings = 0};
  uint64_t before = dgram_now(sim.stack);
  start(&day, UINT64_C(86400) * DGRAM_SECOND + 1);
  assert_int_equal(dgram_run(sim.stack), 0);
  assert_int_equal(day.rang_ns - before, UINT64_C(86400) * DGRAM_SECOND + 1);
}

static void test_order_of_timers(void **state) {
  (void)state;
  struct alarm a = {.rings = 0}, b = {.rings = 0}, c = {.rings = 0};
  uint64_t before = dgram_now(sim.stack);
  start(&a, 30 * DGRAM_MILLISECOND);
  start(&b, 10 * DGRAM_MILLISECOND);
  start(&c, 20 * DGRAM_MILLISECOND);
  assert_int_equal(dgram_run(sim.stack), 0);
  assert_int_equal(b.rang_ns - before, 10 * DGRAM_MILLISECOND);
  assert_int_equal(c.rang_ns - before, 20 * DGRAM_MILLISECOND);
  assert_int_equal(a.rang_ns - before, 30 * DGRAM_MILLISECOND);
}

static void test_a_timer_taken_back(void **state) {
  (void)state;
  struct alarm a = {.rings = 0}, b = {.rings = 0};
  uint64_t before = dgram_now(sim.stack);
  start(&a, DGRAM_SECOND);
  start(&b, 2 * DGRAM_SECOND);
  assert_int_equal(dgram_timer_stop(&a.timer), 1);
  assert_int_equal(dgram_run(sim.stack), 0);
  assert_int_equal(a.rings, 0);
  assert_int_equal(b.rang_ns - before, 2 * DGRAM_SECOND);
}

/* What is to be told comes before time moves on. */
static void test_messages_come_before_a_later_timer(void **state) {
  (void)state;
  struct alarm late = {.stop = true};
  struct sim_seen seen;
  dgram_socket *a = sim_bound(DGRAM_UDP4, "127.0.0.1", 0, &seen);
  uint64_t before = dgram_now(sim.stack);
  start(&late, DGRAM_SECOND);
  assert_int_equal(dgram_send(a, "x", 1, sim_port(a), NULL, NULL, NULL), 0);
  assert_int_equal(dgram_run(sim.stack), 0);
  assert_int_equal(seen.messages, 1);
  assert_int_equal(late.rang_ns - before, DGRAM_SECOND);
}

/* ---- the end of a run ---- */

static void test_nothing_can_happen(void **state) {
  (void)state;
  struct alarm alarm = {.stop = true};
  dgram_socket *a = sim_bound(DGRAM_UDP4, "127.0.0.1", 0, NULL);
  assert_int_equal(dgram_run(sim.stack), DGRAM_EDEADLK);
  assert_int_equal(dgram_run(sim.stack), DGRAM_EDEADLK);
  start(&alarm, DGRAM_SECOND);
  assert_int_equal(dgram_run(sim.stack), 0);
  assert_int_equal(dgram_run(sim.stack), DGRAM_EDEADLK);
  dgram_unref(a);
  assert_int_equal(dgram_run(sim.stack), 0);
}

static void test_what_a_pause_holds_back_cannot_happen(void **state) {
  (void)state;
  struct sim_seen seen;
  dgram_socket *a = sim_bound(DGRAM_UDP4, "127.0.0.1", 0, &seen);
  assert_int_equal(dgram_pause(a), 0);
  assert_int_equal(sim_send(a, NULL, sim_port(a), 'x', 1), 1);
  assert_int_equal(dgram_run(sim.stack), DGRAM_EDEADLK);
  assert_int_equal(seen.messages, 0);
  assert_int_equal(dgram_resume(a), 0);
  assert_int_equal(dgram_run(sim.stack), DGRAM_EDEADLK);
  assert_int_equal(seen.messages, 1);
}

static void test_stop(void **state) {
  (void)state;
  struct alarm first = {.stop = true}, second = {.stop = true};
  assert_int_equal(dgram_stop(sim.stack), 0);
  start(&first, DGRAM_SECOND);
  start(&second, 2 * DGRAM_SECOND);
  assert_int_equal(dgram_run(sim.stack), 0);
  assert_int_equal(first.rings, 0);
  assert_int_equal(dgram_run(sim.stack), 0);
  assert_int_equal(first.rings + second.rings, 1);
  assert_int_equal(dgram_run(sim.stack), 0);
  assert_int_equal(second.rings, 1);
}

/* ---- what work costs ---- */

static size_t bounces;

static void bounce(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)data;
  bounces++;
  assert_int_equal(
      dgram_send_to(socket, message->bytes, message->length, &message->from, NULL, NULL), 0);
}

/* Two sockets that send to each other for ever: the timer comes all the same, and on time. */
static void test_a_flood_lets_timers_through(void **state) {
  (void)state;
  struct alarm alarm = {.stop = true};
  dgram_socket *a = sim_bound(DGRAM_UDP4, "127.0.0.1", 0, NULL);
  dgram_socket *b = sim_bound(DGRAM_UDP4, "127.0.0.1", 0, NULL);
  dgram_on_message(a, bounce, NULL);
  dgram_on_message(b, bounce, NULL);
  bounces = 0;
  uint64_t before = dgram_now(sim.stack);
  start(&alarm, DGRAM_MILLISECOND);
  assert_int_equal(dgram_send(a, "x", 1, sim_port(b), NULL, NULL, NULL), 0);
  assert_int_equal(dgram_run(sim.stack), 0);
  assert_true(alarm.rang_ns - before >= DGRAM_MILLISECOND);
  assert_true(alarm.rang_ns - before < DGRAM_MILLISECOND + DGRAM__SIM_TURN_NS);
  assert_true(bounces > 100);
  assert_true(bounces <= DGRAM_MILLISECOND / DGRAM__SIM_TURN_NS + 1);
}

/* A flood in one buffer is told in batches, a bounded number in a turn, in turns with others. */
static uint64_t turns[4];
static size_t in_turn[4];
static size_t turn_count;

static void count_turns(dgram_socket *socket, const dgram_message *messages, size_t count,
                        void *data) {
  uint64_t ns = dgram_now(sim.stack);
  (void)socket;
  (void)messages;
  (void)data;
  assert_true(count <= DGRAM__SIM_BATCH);
  if (turn_count == 0 || turns[turn_count - 1] != ns) turns[turn_count++] = ns;
  in_turn[turn_count - 1] += count;
}

static void test_a_turn_has_a_bound(void **state) {
  (void)state;
  dgram_socket *a = sim_bound(DGRAM_UDP4, "127.0.0.1", 0, NULL);
  turn_count = 0;
  memset(in_turn, 0, sizeof in_turn);
  assert_int_equal(dgram_pause(a), 0);
  for (int i = 0; i < 200; i++)
    assert_int_equal(sim_send(a, NULL, sim_port(a), 'x', 1), 1);
  dgram_on_batch(a, count_turns, NULL);
  assert_int_equal(dgram_resume(a), 0);
  sim_settle();
  assert_int_equal(turn_count, 2);
  assert_int_equal(in_turn[0], DGRAM__SIM_RECEIVE_TURN);
  assert_int_equal(in_turn[1], 200 - DGRAM__SIM_RECEIVE_TURN);
}

/* ---- determinism ---- */

static void note_message(dgram_socket *socket, const dgram_message *message, void *data) {
  char text[128];
  snprintf(text, sizeof text, "%s got %c from %s:%d", (const char *)data,
           *(const char *)message->bytes, sim_text(&message->from), message->from.port);
  note(text);
  if ((*(const char *)message->bytes | 32) > 'e') return;
  char next = (char)(*(const char *)message->bytes + 1);
  for (int i = 0; i < 2; i++)
    dgram_send_to(socket, &next, 1, &message->from, NULL, NULL);
}

static void note_resolved(dgram_stack *stack, int status, const dgram_address *addresses,
                          void *data) {
  char text[128];
  (void)stack;
  (void)data;
  snprintf(text, sizeof text, "resolved %d %s", status,
           status > 0 ? sim_text(addresses) : dgram_error_name(status));
  note(text);
}

static void note_timer(dgram_timer *timer, void *data) {
  (void)timer;
  note(data);
}

static void scenario(void) {
  static dgram_timer one, two;
  clear();
  dgram_socket *a = sim_bound(DGRAM_UDP4, NULL, 0, NULL);
  dgram_socket *b = sim_bound(DGRAM_UDP6, NULL, 0, NULL);
  dgram_on_message(a, note_message, "a");
  dgram_on_message(b, note_message, "b");
  dgram_timer_start(sim.stack, &one, 3000, note_timer, "one");
  dgram_timer_start(sim.stack, &two, DGRAM_SECOND, note_timer, "two");
  dgram_resolve(sim.stack, "localhost", 0, note_resolved, NULL);
  dgram_resolve(sim.stack, "elsewhere", 0, note_resolved, NULL);
  dgram_send(a, "a", 1, sim_port(b), NULL, NULL, NULL);
  dgram_send(b, "A", 1, sim_port(a), "::ffff:127.0.0.1", NULL, NULL);
  sim_settle();
}

static void test_the_same_again(void **state) {
  (void)state;
  static char before[sizeof events];
  scenario();
  memcpy(before, events, sizeof before);
  assert_non_null(strstr(before, "resolved 2 ::1"));
  assert_non_null(strstr(before, "resolved -3008 ENOTFOUND"));
  assert_non_null(strstr(before, "b got a from ::ffff:127.0.0.1"));
  assert_non_null(strstr(before, "two"));
  for (int i = 0; i < 3; i++) {
    sim_reopen();
    scenario();
    assert_string_equal(events, before);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      SIM_TEST(test_time_stands_still),
      SIM_TEST(test_time_jumps_to_the_timer),
      SIM_TEST(test_order_of_timers),
      SIM_TEST(test_a_timer_taken_back),
      SIM_TEST(test_messages_come_before_a_later_timer),
      SIM_TEST(test_nothing_can_happen),
      SIM_TEST(test_what_a_pause_holds_back_cannot_happen),
      SIM_TEST(test_stop),
      SIM_TEST(test_a_flood_lets_timers_through),
      SIM_TEST(test_a_turn_has_a_bound),
      SIM_TEST(test_the_same_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
