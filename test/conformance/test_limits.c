/* Rule 9: every queue has a limit, and `drain` comes once, at half. */

#include "harness.h"

static dgram_address nowhere(void) {
  return h_literal("127.0.0.1", 9);
}

static dgram_socket *narrow(const char *name, size_t datagrams, size_t bytes) {
  dgram_socket_options options = {
      .type = DGRAM_UDP4, .max_queued_datagrams = datagrams, .max_queued_bytes = bytes};
  return h_bound_with(name, &options, H_ALL);
}

static size_t queued(dgram_socket *socket) {
  dgram_stats stats;
  h_assert_ok(dgram_get_stats(socket, &stats));
  return (size_t)stats.queued;
}

static void log_queued(dgram_socket *socket, void *data) {
  (void)data;
  h_log("drained at %zu", queued(socket));
}

/* rule:9 better:queue input:full-queue */
static void test_a_full_queue_refuses_and_drains_once(void **state) {
  dgram_socket *a = narrow("a", 8, 0);
  (void)state;
  h_assert_ok(dgram_on_drain(a, log_queued, NULL));
  for (int i = 0; i < 8; i++)
    h_assert_ok(h_send(a, "x", nowhere()));
  assert_int_equal(queued(a), 8);
  for (int i = 0; i < 3; i++)
    h_assert_code(DGRAM_EQUEUEFULL, h_send(a, "y", nowhere()));
  h_assert_code(DGRAM_EQUEUEFULL, h_post(a, "y", nowhere()));
  h_assert_code(DGRAM_EQUEUEFULL, h_send_name(a, "y", 9, "localhost"));
  h_run_until_n("a sent 'x'", 8);
  h_turns(2);
  assert_int_equal(h_count("a drain"), 1);
  assert_int_equal(h_count("drained at 4"), 1);
  assert_int_equal(queued(a), 0);
  assert_string_equal(dgram_error_name(DGRAM_EQUEUEFULL), "ERR_SOCKET_QUEUE_FULL");
}

static void expect_queue(const dgram_socket *socket, size_t count, size_t bytes) {
  size_t is_count = 77, is_bytes = 77;
  h_assert_ok(H(dgram_get_send_queue_count(socket, &is_count)));
  h_assert_ok(H(dgram_get_send_queue_size(socket, &is_bytes)));
  assert_int_equal(is_count, count);
  assert_int_equal(is_bytes, bytes);
}

static void expect_while_sent(struct h_call *call, dgram_socket *socket) {
  (void)call;
  expect_queue(socket, 2, 5);
}

/* node:send-queue */
static void test_what_the_queue_holds(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  size_t unused;
  (void)state;
  expect_queue(a, 0, 0);
  h_assert_ok(h_send_then(a, "four", nowhere(), expect_while_sent));
  expect_queue(a, 1, 4);
  h_assert_ok(h_send(a, "s", nowhere()));
  expect_queue(a, 2, 5);
  h_run_until_n("a sent", 2);
  h_turns(2);
  expect_queue(a, 0, 0);
  h_assert_code(DGRAM_EARGTYPE, H(dgram_get_send_queue_count(a, NULL)));
  h_assert_code(DGRAM_EARGTYPE, H(dgram_get_send_queue_size(a, NULL)));
  h_assert_code(DGRAM_EARGTYPE, H(dgram_get_send_queue_count(NULL, &unused)));
  h_assert_code(DGRAM_EARGTYPE, H(dgram_get_send_queue_size(NULL, &unused)));
}

/* rule:9 */
static void test_no_drain_without_a_refusal(void **state) {
  dgram_socket *a = narrow("a", 8, 0);
  (void)state;
  for (int i = 0; i < 8; i++)
    h_assert_ok(h_send(a, "x", nowhere()));
  h_run_until_n("a sent 'x'", 8);
  h_turns(2);
  assert_int_equal(h_count("a drain"), 0);
}

/* rule:9 */
static void test_bytes_have_a_limit_too(void **state) {
  static char bytes[1000];
  dgram_socket *a = narrow("a", 0, 2500);
  (void)state;
  h_assert_ok(h_send_bytes(a, bytes, 1000, nowhere()));
  h_assert_ok(h_send_bytes(a, bytes, 1000, nowhere()));
  h_assert_code(DGRAM_EQUEUEFULL, h_send_bytes(a, bytes, 1000, nowhere()));
  h_assert_ok(h_send_bytes(a, bytes, 500, nowhere()));
  h_assert_ok(h_send_bytes(a, bytes, 0, nowhere()));
  h_run_until("a drain");
  h_run_until_n("a sent", 4);
  h_turns(2);
  assert_int_equal(h_count("a drain"), 1);
}

/* rule:9 */
static void test_what_waits_for_a_bind_counts(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .max_queued_datagrams = 2};
  dgram_socket *a = h_socket_with("a", &options, H_ALL);
  (void)state;
  h_assert_ok(h_bind(a, NULL));
  h_assert_ok(h_send(a, "1", nowhere()));
  h_assert_ok(h_post(a, "2", nowhere()));
  h_assert_code(DGRAM_EQUEUEFULL, h_send(a, "3", nowhere()));
  h_run_until("a drain");
  h_assert_ok(h_send(a, "4", nowhere()));
  h_run_until("a sent '4'");
}

/* rule:9 */
static void test_what_waits_for_a_lookup_counts(void **state) {
  dgram_socket *a;
  (void)state;
  a = narrow("a", 2, 0);
  h_assert_ok(h_send_name(a, "1", 9, "slow.dgram.test"));
  h_assert_ok(h_send_name(a, "2", 9, "slow.dgram.test"));
  h_assert_code(DGRAM_EQUEUEFULL, h_send(a, "3", nowhere()));
  h_turns(3);
  assert_int_equal(queued(a), 2);
  h_resolver_release();
  h_run_until("a drain");
  h_run_until("a sent '2'");
}

static void send_when_done(struct h_call *call, dgram_socket *socket) {
  (void)call;
  if (h_count("a sent") > 1) return;
  /* Its own place is free only after this callback. */
  if (h_post(socket, "y", nowhere()) != DGRAM_EQUEUEFULL) h_violation("rule 9: room too early");
}

/* rule:9 */
static void test_a_place_is_taken_until_its_callback_has_run(void **state) {
  dgram_socket *a = narrow("a", 3, 0);
  (void)state;
  for (int i = 0; i < 3; i++)
    h_assert_ok(h_send_then(a, "x", nowhere(), send_when_done));
  h_run_until_n("a sent", 3);
  h_turns(1);
  h_assert_ok(h_send(a, "z", nowhere()));
  h_run_until("a sent 'z'");
}

static size_t refill;

static void fill_again(dgram_socket *socket, void *data) {
  (void)data;
  h_callback("drain");
  if (refill-- == 0) return;
  while (h_post(socket, "x", nowhere()) == 0)
    continue;
}

/* rule:9 rule:2 */
static void test_each_refusal_has_its_drain(void **state) {
  dgram_socket *a = narrow("a", 16, 0);
  (void)state;
  refill = 50;
  h_assert_ok(dgram_on_drain(a, fill_again, NULL));
  while (h_post(a, "x", nowhere()) == 0)
    continue;
  h_run_until_n("a drain", 51);
  h_turns(2);
  assert_int_equal(h_count("a drain"), 51);
}

/* rule:9 api:send-many */
static void test_a_list_fits_whole_or_not_at_all(void **state) {
  dgram_datagram list[4];
  dgram_socket *a = narrow("a", 5, 0);
  struct h_call *one = h_call_new(a, "list", 4), *two = h_call_new(a, "list", 4);
  (void)state;
  for (size_t i = 0; i < 4; i++) {
    list[i] = (dgram_datagram){.bytes = "x", .length = 1, .to = nowhere()};
  }
  h_assert_ok(h_send(a, "1", nowhere()));
  h_assert_ok(h_send(a, "2", nowhere()));
  h_assert_code(DGRAM_EQUEUEFULL,
                h_call_made(one, H(dgram_send_many(a, list, 4, h_on_sent_many, one))));
  assert_int_equal(queued(a), 2);
  h_run_until("a drain");
  h_run_until("a sent '2'");
  h_turns(1);
  h_assert_ok(h_call_made(two, H(dgram_send_many(a, list, 4, h_on_sent_many, two))));
  assert_int_equal(queued(a), 4);
  h_run_until("a sent 4 of 4");
}

static void ignore(dgram_stack *stack, dgram_socket *socket, const dgram_error *error, void *data) {
  (void)stack;
  (void)socket;
  (void)error;
  (void)data;
}

/* A socket whose bind is under way, so that nothing leaves, and whose errors nobody wants to see.
 */
static dgram_socket *stuffed(const dgram_socket_options *options) {
  dgram_socket *a = h_socket_with("a", options, 0);
  h_assert_ok(dgram_stack_on_unheard(h_stack(), ignore, NULL));
  h_assert_ok(h_bind(a, NULL));
  return a;
}

/* rule:9 */
static void test_the_default_limit(void **state) {
  enum { LIMIT = 262144 };
  dgram_socket_options options = {.type = DGRAM_UDP4, .linger_ms = -1};
  dgram_socket *a = stuffed(&options);
  dgram_address to = nowhere();
  (void)state;
  for (size_t i = 0; i < LIMIT; i++)
    h_assert_ok(dgram_send_to(a, NULL, 0, &to, NULL, NULL));
  h_assert_code(DGRAM_EQUEUEFULL, h_post(a, "x", to));
  assert_int_equal(queued(a), LIMIT);
  h_assert_ok(h_end(a));
  h_run_until("a close");
}

/* rule:9 */
static void test_no_limit_if_asked_for(void **state) {
  enum { MORE = 262144 + 10 };
  dgram_socket_options options = {.type = DGRAM_UDP4,
                                  .linger_ms = -1,
                                  .max_queued_datagrams = SIZE_MAX,
                                  .max_queued_bytes = SIZE_MAX};
  dgram_socket *a = stuffed(&options);
  dgram_address to = nowhere();
  (void)state;
  for (size_t i = 0; i < MORE; i++)
    h_assert_ok(dgram_send_to(a, NULL, 0, &to, NULL, NULL));
  h_assert_ok(h_end(a));
  h_run_until("a close");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_a_full_queue_refuses_and_drains_once),
      H_TEST(test_what_the_queue_holds),
      H_TEST(test_no_drain_without_a_refusal),
      H_TEST(test_bytes_have_a_limit_too),
      H_TEST(test_what_waits_for_a_bind_counts),
      H_TEST(test_what_waits_for_a_lookup_counts),
      H_TEST(test_a_place_is_taken_until_its_callback_has_run),
      H_TEST(test_each_refusal_has_its_drain),
      H_TEST(test_a_list_fits_whole_or_not_at_all),
      H_TEST(test_the_default_limit),
      H_TEST(test_no_limit_if_asked_for),
  };
  return H_MAIN(tests);
}
