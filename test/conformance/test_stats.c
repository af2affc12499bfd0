/* Counters: what a socket has done, what went wrong, and what it has never seen. */

#include "harness.h"

static dgram_stats stats_of(const dgram_socket *socket) {
  dgram_stats stats;
  h_assert_ok(dgram_get_stats(socket, &stats));
  return stats;
}

/* api:stats */
static void test_stats_count(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_stats stats;
  (void)state;
  h_assert_ok(h_send(a, "hello", h_address(b)));
  h_assert_ok(h_send(a, "you", h_address(b)));
  h_assert_ok(dgram_get_stats(a, &stats));
  assert_int_equal(stats.queued, 2);
  assert_int_equal(stats.queued_bytes, 8);
  h_run_until("b message 'you'");
  h_run_until("a sent 'you'");
  h_assert_ok(dgram_get_stats(a, &stats));
  assert_int_equal(stats.sent, 2);
  assert_int_equal(stats.sent_bytes, 8);
  assert_int_equal(stats.queued, 0);
  assert_int_equal(stats.queued_bytes, 0);
  assert_int_equal(stats.queued_high_water, 2);
  assert_int_equal(stats.send_errors, 0);
  assert_in_range(stats.send_calls, 1, 2);
  assert_in_range(stats.sent_batches, 1, stats.send_calls);
  h_assert_ok(dgram_get_stats(b, &stats));
  assert_int_equal(stats.received, 2);
  assert_int_equal(stats.received_bytes, 8);
  assert_in_range(stats.received_batches, 1, 2);
  assert_true(stats.receive_calls >= stats.received_batches);
  assert_int_equal(stats.dropped, 0);
  assert_int_equal(stats.truncated, 0);
}

/* api:stats */
static void test_stats_of_other_versions(void **state) {
  struct {
    dgram_stats known;
    uint64_t newer;
  } stats;
  uint64_t received = 7;
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  memset(&stats, 0xff, sizeof(stats));
  h_assert_ok(dgram_get_stats_sized(a, sizeof(stats), &stats.known));
  assert_int_equal(stats.newer, 0);
  h_assert_ok(dgram_get_stats_sized(a, sizeof(received), (dgram_stats *)(void *)&received));
  assert_int_equal(received, 0);
}

static void count_batch(dgram_socket *socket, const dgram_message *messages, size_t count,
                        void *data) {
  (void)socket;
  (void)messages;
  (void)count;
  ++*(size_t *)data;
}

/* api:stats */
static void test_batches_are_emissions(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_stats stats;
  size_t batches;
  (void)state;
  h_assert_ok(dgram_on_batch(b, count_batch, &batches));
  batches = 0;
  for (int i = 0; i < 100; i++)
    h_assert_ok(h_post(a, "x", h_address(b)));
  h_run_until_n("b message 'x'", 100);
  stats = stats_of(b);
  assert_int_equal(stats.received, 100);
  assert_int_equal(stats.received_batches, batches);
  assert_true(stats.received_batches <= stats.receive_calls);
  stats = stats_of(a);
  assert_true(stats.sent_batches <= stats.send_calls);
}

static uint64_t errors_of_all_classes(const dgram_stats *stats) {
  return stats->errors_resources + stats->errors_unreachable + stats->errors_refused +
         stats->errors_denied + stats->errors_size + stats->errors_names + stats->errors_canceled +
         stats->errors_other;
}

/* api:stats-errors */
static void test_errors_are_counted_by_class(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  dgram_stats stats;
  (void)state;
  h_assert_ok(h_send(a, "x", h_literal("127.255.255.255", 9))); /* without dgram_set_broadcast */
  h_assert_ok(h_post(a, "x", h_literal("127.255.255.255", 9)));
  h_assert_ok(h_send_name(a, "y", 9, "unknown.dgram.test"));
  h_run_until("a unsent 'x'");
  h_run_until("a error");
  h_run_until("a unsent 'y'");
  stats = stats_of(a);
  assert_int_equal(stats.send_errors, 3);
  assert_int_equal(stats.receive_errors, 0);
  assert_int_equal(stats.errors_denied, 2);
  assert_int_equal(stats.errors_names, 1);
  assert_int_equal(errors_of_all_classes(&stats), 3);
}

/* api:stats-errors */
static void test_what_is_too_long_has_a_class(void **state) {
  static const char bytes[65520];
  dgram_socket *a;
  dgram_stats stats;
  (void)state;
  h_need_ipv6();
  a = h_socket("a", DGRAM_UDP6);
  h_assert_ok(h_bind(a, NULL));
  h_run_until("a bind OK");
  h_assert_ok(h_send_bytes(a, bytes, sizeof(bytes), h_literal("::ffff:127.0.0.1", 9)));
  h_run_until("a unsent");
  stats = stats_of(a);
  assert_int_equal(stats.errors_size, 1);
  assert_int_equal(errors_of_all_classes(&stats), stats.send_errors);
}

static void take_stats(dgram_socket *socket, void *data) {
  *(dgram_stats *)data = stats_of(socket);
}

/* api:stats-errors rule:6 */
static void test_close_has_the_last_counters(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  dgram_stats stats = {0};
  (void)state;
  h_assert_ok(dgram_on_close(a, take_stats, &stats));
  h_assert_ok(h_send(a, "x", h_literal("127.0.0.1", 9)));
  h_run_until("a sent 'x'");
  h_assert_ok(h_send_name(a, "y", 9, "localhost"));
  h_assert_ok(H(dgram_abort(a)));
  h_run_until("a close");
  h_turns(1);
  assert_int_equal(stats.sent, 1);
  assert_int_equal(stats.errors_canceled, 1);
  assert_int_equal(errors_of_all_classes(&stats), stats.send_errors);
}

/* Lengths that grow by one are never joined to a group, of which the kernel would count one. */
static void flood(dgram_socket *a, dgram_address to, size_t count) {
  static const char bytes[2048];
  assert_true(count <= sizeof(bytes));
  for (size_t i = 0; i < count; i++)
    h_assert_ok(H(dgram_send_to(a, bytes, i, &to, NULL, NULL)));
  while (stats_of(a).sent < count)
    h_turns(1);
}

#if defined(__linux__)
static bool system_tells(void) {
  return true;
}
#else
static bool system_tells(void) {
  return h_kind() == H_SIM;
}
#endif

/* api:stats-dropped */
static void test_what_was_dropped_is_the_rest(void **state) {
  enum { COUNT = 1500 };
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_stats stats;
  (void)state;
  if (!system_tells()) h_skip("this system does not tell what it drops");
  h_assert_ok(H(dgram_pause(b)));
  flood(a, h_address(b), COUNT);
  stats = stats_of(b);
  assert_int_equal(stats.received, 0);
  assert_in_range(stats.dropped, 1, COUNT - 1);
  h_assert_ok(H(dgram_resume(b)));
  h_run_until_n("b message", COUNT - (size_t)stats.dropped);
  h_turns(2);
  stats = stats_of(b);
  assert_int_equal(stats.received + stats.dropped, COUNT);
  h_assert_ok(H(dgram_abort(b)));
  assert_int_equal(stats_of(b).dropped, stats.dropped);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_stats_count),
      H_TEST(test_stats_of_other_versions),
      H_TEST(test_batches_are_emissions),
      H_TEST(test_errors_are_counted_by_class),
      H_TEST(test_what_is_too_long_has_a_class),
      H_TEST(test_close_has_the_last_counters),
      H_TEST(test_what_was_dropped_is_the_rest),
  };
  return H_MAIN(tests);
}
