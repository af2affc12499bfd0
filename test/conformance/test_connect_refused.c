/* What a connected socket hears of a peer that is not there. */

#include "harness.h"

/* A port that nobody has, or has had for long. */
static int dead_port(void) {
  dgram_socket *socket = h_bound("dead", DGRAM_UDP4);
  int port = h_port(socket);
  h_assert_ok(h_end(socket));
  h_run_until("dead close");
  h_log_clear();
  return port;
}

/* node:connect-refused */
static void test_a_refusal_is_told_once(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  int port = dead_port();
  (void)state;
  h_assert_ok(H(dgram_connect_sync(a, port, NULL)));
  for (size_t round = 1; round <= 3; round++) {
    h_assert_ok(h_send_peer(a, "x"));
    h_run_until_n("a error", round);
    h_turns(3);
    assert_int_equal(h_count("a error recvmsg ECONNREFUSED"), round);
    assert_int_equal(h_count("a error"), round);
  }
  assert_int_equal(h_count("a sent"), 3);
}

/* node:connect-refused */
static void test_nobody_hears_of_refusals_who_is_not_connected(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  dgram_address to = h_literal("127.0.0.1", dead_port());
  (void)state;
  h_assert_ok(h_send(a, "x", to));
  h_run_until("a sent");
  h_turns(3);
  h_expect("a sent 'x'");
}

/* The peer comes to life while its host's answer waits for the next send. node:connect-refused */
static void test_a_refusal_costs_no_other_datagram(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_socket("b", DGRAM_UDP4);
  dgram_datagram list[3] = {
      {.bytes = "1", .length = 1}, {.bytes = "22", .length = 2}, {.bytes = "333", .length = 3}};
  dgram_bind_options where = {.address = "127.0.0.1", .port = dead_port()};
  (void)state;
  h_assert_ok(H(dgram_connect_sync(a, where.port, NULL)));
  assert_int_equal(H(dgram_try_send_many(a, list, 1)), 1);
  h_assert_ok(H(dgram_bind_sync(b, &where)));
  assert_int_equal(H(dgram_try_send_many(a, list, 3)), 3);
  for (int i = 0; i < 3; i++)
    assert_int_equal(list[i].result, list[i].length);
  assert_int_equal(h_count("a error"), 0);
  h_run_until("b message '333'");
  h_run_until("a error");
  h_turns(3);
  h_expect_of("a", "connect; error recvmsg ECONNREFUSED");
  h_expect_of("b", "listening; message '1'; message '22'; message '333'");
}

/* node:connect-refused */
static void test_a_former_peers_refusal(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_datagram datagram = {.bytes = "x", .length = 1};
  int port = dead_port();
  (void)state;
  h_assert_ok(H(dgram_connect_sync(a, port, NULL)));
  assert_int_equal(H(dgram_try_send_many(a, &datagram, 1)), 1);
  h_assert_ok(H(dgram_disconnect(a)));
  h_assert_ok(h_send(a, "y", h_address(b)));
  h_run_until("b message 'y'");
  h_run_until("a error");
  h_turns(3);
  assert_int_equal(h_count("a error"), 1);
  assert_int_equal(h_count("a sent 'y'"), 1);
}

static void send_on_error(dgram_socket *socket, const dgram_error *error, void *data) {
  size_t *left = data;
  dgram_datagram datagram = {.bytes = "x", .length = 1};
  (void)error;
  if ((*left)-- > 0) assert_int_equal(H(dgram_try_send_many(socket, &datagram, 1)), 1);
}

/* node:connect-refused */
static void test_sending_to_the_dead_in_error(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  size_t left = 20;
  int port = dead_port();
  (void)state;
  h_assert_ok(H(dgram_connect_sync(a, port, NULL)));
  h_assert_ok(H(dgram_on_error(a, send_on_error, &left)));
  h_assert_ok(h_post_peer(a, "x"));
  h_run_until_n("a error recvmsg ECONNREFUSED", 21);
  h_turns(3);
  assert_int_equal(h_count("a error"), 21);
}

/* node:connect-refused */
static void test_close_with_a_refusal_that_waits(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  dgram_datagram datagram = {.bytes = "x", .length = 1};
  int port = dead_port();
  (void)state;
  h_assert_ok(H(dgram_connect_sync(a, port, NULL)));
  for (int i = 0; i < 3; i++)
    assert_int_equal(H(dgram_try_send_many(a, &datagram, 1)), 1);
  h_assert_ok(h_end(a));
  h_run_until("a close");
  h_expect("a close");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_a_refusal_is_told_once),
      H_TEST(test_nobody_hears_of_refusals_who_is_not_connected),
      H_TEST(test_a_refusal_costs_no_other_datagram),
      H_TEST(test_a_former_peers_refusal),
      H_TEST(test_sending_to_the_dead_in_error),
      H_TEST(test_close_with_a_refusal_that_waits),
  };
  return H_MAIN(tests);
}
