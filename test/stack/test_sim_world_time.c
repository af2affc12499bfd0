/* A world's time: steps, runs, ties, the end. */

#include <stdio.h>
#include <string.h>

#include "core/limits.h"
#include "world_kit.h"

static dgram_stack *a, *b;
static char log_text[4096];

static void note(const char *what) {
  size_t length = strlen(log_text);
  snprintf(log_text + length, sizeof log_text - length, "%llu %s\n",
           (unsigned long long)(dgram_sim_now(world.sim) - DGRAM_SECOND), what);
}

static void two_hosts(void) {
  a = world_host("a", "10.0.0.1/24");
  b = world_host("b", "10.0.0.2/24");
  log_text[0] = '\0';
}

static void note_timer(dgram_timer *timer, void *data) {
  (void)timer;
  note(data);
}

static void start(dgram_stack *host, dgram_timer *timer, uint64_t ns, char *name) {
  assert_int_equal(dgram_timer_start(host, timer, ns, note_timer, name), 0);
}

/* ---- steps ---- */

static void test_nothing_can_happen(void **state) {
  (void)state;
  assert_int_equal(dgram_sim_now(world.sim), DGRAM_SECOND);
  assert_int_equal(dgram_sim_step(world.sim), 0);
  two_hosts();
  assert_int_equal(dgram_sim_step(world.sim), 0);
  assert_int_equal(dgram_sim_now(world.sim), DGRAM_SECOND);
  assert_int_equal(dgram_sim_run(world.sim), 0);
  assert_int_equal(world_stats().events, 0);
}

/* A send is a turn, an arrival and a turn. */
static void test_each_event_is_a_step(void **state) {
  (void)state;
  struct world_seen seen;
  two_hosts();
  dgram_socket *from = world_socket(a, DGRAM_UDP4, NULL, 1000, NULL);
  (void)world_socket(b, DGRAM_UDP4, NULL, 2000, &seen);
  dgram_link_options slow = {.delay_ns = 20 * DGRAM_MILLISECOND};
  assert_int_equal(dgram_sim_set_default_link(world.sim, &slow), 0);
  uint64_t before = dgram_sim_now(world.sim);
  world_send(from, "10.0.0.2", 2000, 'x', 1);
  assert_int_equal(world_stats().sent, 0);
  assert_int_equal(dgram_sim_step(world.sim), 1);
  assert_int_equal(world_stats().under_way, 1);
  assert_int_equal(dgram_sim_now(world.sim), before);
  assert_int_equal(dgram_sim_step(world.sim), 1);
  assert_int_equal(dgram_sim_now(world.sim), before + 20 * DGRAM_MILLISECOND);
  assert_int_equal(world_stats().delivered, 1);
  assert_int_equal(seen.messages, 0);
  assert_int_equal(dgram_sim_step(world.sim), 1);
  assert_int_equal(seen.messages, 1);
  assert_int_equal(dgram_sim_step(world.sim), 0);
}

static void test_ties_in_the_order_decided(void **state) {
  (void)state;
  dgram_timer one, two, three;
  two_hosts();
  memset(&one, 0, sizeof one);
  two = three = one;
  start(b, &one, DGRAM_SECOND, "b");
  start(a, &two, DGRAM_SECOND, "a");
  start(b, &three, 2 * DGRAM_SECOND, "b again");
  assert_int_equal(dgram_sim_run(world.sim), 0);
  assert_string_equal(log_text, "1000000000 b\n1000000000 a\n2000000000 b again\n");
}

/* A turn costs the host's time, not the world's. */
static void test_turns_cost_time(void **state) {
  (void)state;
  struct world_seen one, two;
  two_hosts();
  dgram_socket *from = world_socket(a, DGRAM_UDP4, NULL, 1000, &one);
  (void)world_socket(b, DGRAM_UDP4, NULL, 2000, &two);
  uint64_t before = dgram_sim_now(world.sim);
  world_send(from, "10.0.0.1", 1000, 'x', 1);
  world_send(from, "10.0.0.2", 2000, 'x', 1);
  world_run();
  assert_int_equal(one.at_ns, before);
  assert_int_equal(two.at_ns, before);
  assert_int_equal(dgram_sim_now(world.sim), before + DGRAM_SECOND);
}

/* ---- runs ---- */

static void test_run_until(void **state) {
  (void)state;
  dgram_timer one = {0}, two = {0};
  two_hosts();
  start(a, &one, 100, "one");
  start(a, &two, 5000, "two");
  uint64_t begin = dgram_sim_now(world.sim);
  assert_int_equal(dgram_sim_run_until(world.sim, begin + 99), 0);
  assert_int_equal(dgram_sim_now(world.sim), begin + 99);
  assert_string_equal(log_text, "");
  assert_int_equal(dgram_sim_run_until(world.sim, begin + 100), 0);
  assert_string_equal(log_text, "100 one\n");
  assert_int_equal(dgram_sim_run_until(world.sim, begin + 100), 0);
  assert_int_equal(dgram_sim_run_until(world.sim, begin + 99), DGRAM_EINVAL);
  assert_int_equal(dgram_sim_run_until(world.sim, UINT64_MAX), DGRAM_EINVAL);
  assert_int_equal(dgram_sim_run_for(world.sim, UINT64_MAX - 5), DGRAM_EINVAL);
  assert_int_equal(dgram_sim_now(world.sim), begin + 100);
  assert_int_equal(dgram_sim_run_for(world.sim, 4900), 0);
  assert_string_equal(log_text, "100 one\n5000 two\n");
  assert_int_equal(dgram_sim_run_for(NULL, 1), DGRAM_EARGTYPE);
}

static void test_run_ends_with_the_last_who_holds(void **state) {
  (void)state;
  dgram_timer one = {0}, two = {0};
  two_hosts();
  start(a, &one, 100, "one");
  start(b, &two, 200, "two");
  assert_int_equal(dgram_run(a), 0);
  assert_string_equal(log_text, "100 one\n200 two\n");
  dgram_socket *socket = world_socket(a, DGRAM_UDP4, NULL, 0, NULL);
  assert_int_equal(dgram_sim_run(world.sim), DGRAM_EDEADLK);
  assert_int_equal(dgram_run(b), DGRAM_EDEADLK);
  dgram_unref(socket);
  assert_int_equal(dgram_sim_run(world.sim), 0);
}

static void stop(dgram_timer *timer, void *data) {
  (void)timer;
  (void)data;
  note("stop");
  dgram_sim_stop(world.sim);
}

static void test_stop(void **state) {
  (void)state;
  dgram_timer one = {0}, two = {0};
  two_hosts();
  assert_int_equal(dgram_timer_start(a, &one, 100, stop, NULL), 0);
  start(b, &two, 200, "two");
  uint64_t begin = dgram_sim_now(world.sim);
  assert_int_equal(dgram_sim_run_for(world.sim, 1000), 0);
  assert_int_equal(dgram_sim_now(world.sim), begin + 100);
  dgram_sim_stop(world.sim);
  assert_int_equal(dgram_sim_run(world.sim), 0);
  assert_string_equal(log_text, "100 stop\n");
  assert_int_equal(dgram_sim_run(world.sim), 0);
  assert_string_equal(log_text, "100 stop\n200 two\n");
}

static void run_inside(dgram_timer *timer, void *data) {
  (void)timer;
  (void)data;
  assert_int_equal(dgram_sim_step(world.sim), DGRAM_ERUNNING);
  assert_int_equal(dgram_sim_run(world.sim), DGRAM_ERUNNING);
  assert_int_equal(dgram_sim_run_for(world.sim, 1), DGRAM_ERUNNING);
  assert_int_equal(dgram_sim_destroy(world.sim), DGRAM_ERUNNING);
  assert_int_equal(dgram_run(a), DGRAM_ERUNNING);
  assert_int_equal(dgram_run(b), DGRAM_ERUNNING);
  note("inside");
}

static void test_no_run_inside_a_run(void **state) {
  (void)state;
  dgram_timer timer = {0};
  two_hosts();
  assert_int_equal(dgram_timer_start(a, &timer, 1, run_inside, NULL), 0);
  assert_int_equal(dgram_run(a), 0);
  assert_int_equal(dgram_timer_start(a, &timer, 1, run_inside, NULL), 0);
  assert_int_equal(dgram_sim_step(world.sim), 1);
  assert_non_null(strstr(log_text, "inside\n"));
}

/* ---- the end ---- */

static void on_close(dgram_stack *stack, void *data) {
  (void)stack;
  ++*(int *)data;
}

static void on_socket_close(dgram_socket *socket, void *data) {
  (void)socket;
  ++*(int *)data;
}

static void test_a_host_that_goes(void **state) {
  (void)state;
  int closed = 0;
  two_hosts();
  dgram_socket *from = world_socket(a, DGRAM_UDP4, NULL, 1000, NULL);
  (void)world_socket(b, DGRAM_UDP4, NULL, 2000, NULL);
  dgram_link_options slow = {.delay_ns = 20 * DGRAM_MILLISECOND, .jitter_ns = 1};
  assert_int_equal(dgram_sim_set_default_link(world.sim, &slow), 0);
  world_send(from, "10.0.0.2", 2000, 'x', 1);
  assert_int_equal(dgram_flush(a), 0);
  assert_int_equal(dgram_stack_close(b, on_close, &closed), 0);
  world_run();
  assert_int_equal(closed, 1);
  assert_int_equal(world_stats().dropped[DGRAM_DROP_CLOSED], 1);
  assert_int_equal(world_try(from, "10.0.0.2", 2000, 1), 1);
  assert_int_equal(world_stats().dropped[DGRAM_DROP_NO_HOST], 1);
  b = world_host("b", "10.0.0.2/24");
}

static void test_destroy_closes_all(void **state) {
  (void)state;
  int closed = 0;
  two_hosts();
  dgram_socket *from = world_socket(a, DGRAM_UDP4, NULL, 1000, NULL);
  dgram_socket *to = world_socket(b, DGRAM_UDP4, NULL, 2000, NULL);
  assert_int_equal(dgram_on_close(from, on_socket_close, &closed), 0);
  assert_int_equal(dgram_on_close(to, on_socket_close, &closed), 0);
  dgram_link_options slow = {.delay_ns = UINT64_MAX / 4, .duplicate_ppm = DGRAM_PPM};
  assert_int_equal(dgram_sim_set_default_link(world.sim, &slow), 0);
  assert_int_equal(dgram_add_membership(to, "239.1.2.3", NULL), 0);
  world_send(from, "10.0.0.2", 2000, 'x', 1);
  assert_int_equal(dgram_flush(a), 0);
  world_send(from, "10.0.0.2", 2000, 'x', 1);
  world_send(from, "a.slow.name", 2000, 'x', 1);
  dgram_address address = {.family = DGRAM_IPV4, .bytes = {10, 0, 0, 2}};
  assert_int_equal(
      dgram_sim_set_name(world.sim, "slow", &address, 1, UINT64_C(3600) * DGRAM_SECOND, 0), 0);
  world_send(from, "slow", 2000, 'x', 1);
  assert_int_equal(world_stats().under_way, 2);
  world_destroy();
  assert_int_equal(closed, 2);
  assert_int_equal(world_create(1), 0);
}

static void test_destroy_of_nothing(void **state) {
  (void)state;
  assert_int_equal(dgram_sim_destroy(NULL), 0);
  assert_int_equal(dgram_sim_step(NULL), DGRAM_EARGTYPE);
}

static dgram_socket *send_to_name(const char *name) {
  dgram_socket *socket = world_socket(a, DGRAM_UDP4, NULL, 1000, NULL);
  assert_int_equal(dgram_send(socket, "x", 1, 2000, name, NULL, NULL), 0);
  world_run();
  return socket;
}

/* What nobody waits for any more does not move the time. */
static void test_a_lookup_that_was_cancelled(void **state) {
  (void)state;
  dgram_address address;
  two_hosts();
  assert_int_equal(dgram_address_parse("10.0.0.2", 0, &address), 0);
  assert_int_equal(dgram_sim_set_name(world.sim, "far", &address, 1, 3600 * DGRAM_SECOND, 0), 0);
  assert_int_equal(dgram_abort(send_to_name("far")), 0);
  world_run();
  uint64_t before = dgram_sim_now(world.sim);
  assert_int_equal(dgram_sim_step(world.sim), 0);
  assert_int_equal(dgram_sim_now(world.sim), before);
}

/* A host that has had its turn in the last ns can still be closed. */
static void test_the_end_of_time(void **state) {
  (void)state;
  dgram_timer timer, late;
  two_hosts();
  memset(&timer, 0, sizeof timer);
  memset(&late, 0, sizeof late);
  assert_int_equal(dgram_sim_run_until(world.sim, UINT64_MAX - 1), DGRAM_EINVAL);
  assert_int_equal(dgram_sim_run_until(world.sim, UINT64_MAX - 2), 0);
  assert_int_equal(dgram_sim_run_for(world.sim, UINT64_MAX), DGRAM_EINVAL);
  start(a, &timer, 0, "at once");
  start(a, &late, 1, "never");
  assert_int_equal(dgram_sim_run(world.sim), DGRAM_EDEADLK);
  assert_non_null(strstr(log_text, "at once"));
  assert_null(strstr(log_text, "never"));
  assert_int_equal(dgram_stack_close(a, NULL, NULL), 0);
  assert_int_equal(dgram_sim_run(world.sim), 0);
}

/* A stack by itself takes its world along. */
static void test_a_stack_by_itself(void **state) {
  (void)state;
  dgram_stack *stack;
  assert_int_equal(dgram_sim_stack_create(NULL, &stack), 0);
  assert_int_equal(dgram_stack_close(stack, NULL, NULL), 0);
  assert_int_equal(dgram_run(stack), 0);
  assert_int_equal(dgram_sim_stack_create(NULL, &stack), 0);
  assert_int_equal(dgram_sim_destroy(dgram_sim_of(stack)), 0);
}

static void test_bad_options(void **state) {
  (void)state;
  struct {
    dgram_sim_options known;
    int more;
  } options = {.more = 0};
  dgram_allocator half = {0};
  dgram_sim *sim;
  assert_int_equal(dgram_sim_create_sized(&options.known, sizeof options, &sim), 0);
  assert_int_equal(dgram_sim_destroy(sim), 0);
  options.more = 1;
  assert_int_equal(dgram_sim_create_sized(&options.known, sizeof options, &sim), DGRAM_EINVAL);
  options.known.allocator = &half;
  assert_int_equal(dgram_sim_create(&options.known, &sim), DGRAM_EINVAL);
  assert_int_equal(dgram_sim_create(NULL, NULL), DGRAM_EARGTYPE);
  dgram_sim_options start = {.start_ns = 77};
  assert_int_equal(dgram_sim_create(&start, &sim), 0);
  assert_int_equal(dgram_sim_now(sim), 77);
  assert_int_equal(dgram_sim_destroy(sim), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WORLD_TEST(test_nothing_can_happen),
      WORLD_TEST(test_each_event_is_a_step),
      WORLD_TEST(test_ties_in_the_order_decided),
      WORLD_TEST(test_turns_cost_time),
      WORLD_TEST(test_run_until),
      WORLD_TEST(test_run_ends_with_the_last_who_holds),
      WORLD_TEST(test_stop),
      WORLD_TEST(test_no_run_inside_a_run),
      WORLD_TEST(test_a_host_that_goes),
      WORLD_TEST(test_destroy_closes_all),
      WORLD_TEST(test_destroy_of_nothing),
      WORLD_TEST(test_a_lookup_that_was_cancelled),
      WORLD_TEST(test_the_end_of_time),
      WORLD_TEST(test_a_stack_by_itself),
      WORLD_TEST(test_bad_options),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
