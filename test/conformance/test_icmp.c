/* The event `icmp`: what is told to those who ask for it, and to nobody else. */

#include "harness.h"

static void on_icmp(dgram_socket *socket, const dgram_icmp *icmp, void *data) {
  (void)data;
  h_callback("icmp");
  h_log("%s icmp %s %d/%d %s", h_name(socket), dgram_error_name(icmp->code), icmp->type,
        icmp->icmp_code, h_format(&icmp->to));
  h_tick();
}

/* Ends the test where the stack cannot, which it has to say. */
static void need_icmp(void) {
  const dgram_socket_options options = {.type = DGRAM_UDP4, .icmp_errors = true};
  dgram_socket *socket = NULL, *plain;
  if (h_kind() != H_UV) return;
  h_assert_code(DGRAM_ENOTSUP, H(dgram_create_socket(h_stack(), &options, &socket)));
  assert_null(socket);
  plain = h_bound("plain", DGRAM_UDP4);
  h_assert_code(DGRAM_ENOTSUP, H(dgram_set_icmp_errors(plain, true)));
  h_assert_ok(H(dgram_set_icmp_errors(plain, false)));
  h_skip("libuv cannot tell what ICMP answers");
}

static dgram_socket *asker(const char *name, int type) {
  const dgram_socket_options options = {.type = type, .icmp_errors = true};
  dgram_socket *socket = h_bound_with(name, &options, H_ALL);
  h_assert_ok(H(dgram_on_icmp(socket, on_icmp, NULL)));
  return socket;
}

/* A port that nobody has any more. */
static dgram_address dead(int type) {
  dgram_socket *socket = h_bound("dead", type);
  dgram_address address = h_address(socket);
  h_assert_ok(H(dgram_abort(socket)));
  h_run_until("dead close");
  h_log_clear();
  return address;
}

static uint64_t icmp_of(const dgram_socket *socket) {
  dgram_stats stats;
  h_assert_ok(dgram_get_stats(socket, &stats));
  assert_int_equal(stats.receive_errors + stats.send_errors + stats.unheard_errors, 0);
  return stats.icmp;
}

/* api:icmp */
static void test_a_dead_port_answers(void **state) {
  dgram_address to;
  char expected[96];
  (void)state;
  need_icmp();
  to = dead(DGRAM_UDP4);
  dgram_socket *a = asker("a", DGRAM_UDP4);
  h_assert_ok(h_send(a, "x", to));
  h_run_until("a icmp");
  snprintf(expected, sizeof expected, "a icmp ECONNREFUSED 3/3 %s", h_format(&to));
  assert_true(h_logged(expected));
  assert_int_equal(h_count("a sent 'x'"), 1);
  assert_int_equal(h_count("a error"), 0);
  assert_int_equal(icmp_of(a), 1);
}

/* api:icmp */
static void test_a_dead_port_answers_udp6(void **state) {
  dgram_address to;
  char expected[96];
  (void)state;
  need_icmp();
  h_need_ipv6();
  to = dead(DGRAM_UDP6);
  dgram_socket *a = asker("a", DGRAM_UDP6);
  h_assert_ok(h_send(a, "x", to));
  h_run_until("a icmp");
  snprintf(expected, sizeof expected, "a icmp ECONNREFUSED 1/4 %s", h_format(&to));
  assert_true(h_logged(expected));
}

/* A udp6 socket has IPv4 peers too. api:icmp */
static void test_a_mapped_peer_answers(void **state) {
  const dgram_socket_options options = {.type = DGRAM_UDP6,
                                        .icmp_errors = true,
                                        .recv_info = DGRAM_RECV_LOCAL_ADDRESS |
                                                     DGRAM_RECV_HOP_LIMIT | DGRAM_RECV_TOS |
                                                     DGRAM_RECV_TIME};
  dgram_address to;
  char expected[96];
  (void)state;
  need_icmp();
  h_need_ipv6();
  to = h_literal("::ffff:127.0.0.1", dead(DGRAM_UDP4).port);
  dgram_socket *a = h_socket_with("a", &options, H_ALL);
  h_assert_ok(H(dgram_on_icmp(a, on_icmp, NULL)));
  h_assert_ok(h_send(a, "x", to)); /* an implicit bind, too */
  h_run_until("a icmp");
  snprintf(expected, sizeof expected, "a icmp ECONNREFUSED 3/3 %s", h_format(&to));
  assert_true(h_logged(expected));
}

/* Whatever the order, and however many: no datagram fails for another, none is lost. api:icmp */
static void test_nobody_else_pays(void **state) {
  dgram_address to;
  (void)state;
  need_icmp();
  to = dead(DGRAM_UDP4);
  dgram_socket *a = asker("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  for (size_t i = 1; i <= 50; i++) {
    h_assert_ok(h_send(a, "lost", to));
    h_assert_ok(h_send(a, "good", h_address(b)));
    h_assert_ok(h_send(b, "back", h_address(a)));
    if (i % 7 == 0) h_turns(1);
  }
  h_run_until_n("a icmp", 50);
  h_run_until_n("b message 'good'", 50);
  h_run_until_n("a message 'back'", 50);
  assert_int_equal(h_count("a sent 'lost'"), 50);
  assert_int_equal(h_count("a sent 'good'"), 50);
  assert_int_equal(h_count("a icmp"), 50);
  assert_int_equal(h_count("a error"), 0);
  assert_int_equal(icmp_of(a), 50);
}

/* api:icmp */
static void test_asked_later_and_no_more(void **state) {
  dgram_address to;
  (void)state;
  need_icmp();
  to = dead(DGRAM_UDP4);
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  h_assert_ok(H(dgram_on_icmp(a, on_icmp, NULL)));
  h_assert_code(DGRAM_EBADF, H(dgram_set_icmp_errors(a, true)));
  h_assert_ok(h_bind(a, NULL));
  h_assert_code(DGRAM_EBADF, H(dgram_set_icmp_errors(a, true)));
  h_run_until("a bind OK");
  for (size_t round = 1; round <= 3; round++) {
    h_assert_ok(h_send(a, "unasked", to));
    h_run_until_n("a sent 'unasked'", round);
    h_turns(3);
    assert_int_equal(h_count("a icmp"), round - 1);
    h_assert_ok(H(dgram_set_icmp_errors(a, true)));
    h_assert_ok(h_send(a, "asked", to));
    h_run_until_n("a icmp", round);
    h_assert_ok(H(dgram_set_icmp_errors(a, false)));
  }
  h_send(a, "self", h_literal("127.0.0.1", h_port(a)));
  h_run_until("a message 'self'");
  assert_int_equal(h_count("a error"), 0);
  assert_int_equal(icmp_of(a), 3);
}

/* api:icmp */
static void test_a_pause_makes_them_wait(void **state) {
  dgram_address to;
  (void)state;
  need_icmp();
  to = dead(DGRAM_UDP4);
  dgram_socket *a = asker("a", DGRAM_UDP4);
  h_assert_ok(H(dgram_pause(a)));
  h_assert_ok(h_send(a, "x", to));
  h_run_until("a sent 'x'");
  h_turns(3);
  assert_int_equal(h_count("a icmp"), 0);
  h_assert_ok(H(dgram_resume(a)));
  h_run_until("a icmp");
}

/* A peer's answers are an `error`, but for those who ask. api:icmp */
static void test_of_a_peer_in_one_way(void **state) {
  dgram_address to;
  (void)state;
  need_icmp();
  to = dead(DGRAM_UDP4);
  dgram_socket *a = asker("a", DGRAM_UDP4);
  h_assert_ok(h_connect(a, "127.0.0.1", to.port));
  h_run_until("a connected OK");
  for (size_t round = 1; round <= 3; round++) {
    h_assert_ok(h_send_peer(a, "asked"));
    h_assert_ok(h_send_peer(a, "longer")); /* else they would leave as a group, with one answer */
    h_run_until_n("a icmp", 2 * round);
    h_turns(3);
    assert_int_equal(h_count("a error"), round - 1);
    h_assert_ok(H(dgram_set_icmp_errors(a, false)));
    h_assert_ok(h_send_peer(a, "unasked"));
    h_run_until_n("a error recvmsg ECONNREFUSED", round);
    assert_int_equal(h_count("a icmp"), 2 * round);
    h_assert_ok(H(dgram_set_icmp_errors(a, true)));
  }
  assert_int_equal(h_count("a sent 'asked'"), 3);
  assert_int_equal(h_count("a sent 'longer'"), 3);
  assert_int_equal(h_count("a unsent"), 0);
}

/* What has come before the asking is not forgotten. api:icmp */
static void test_asked_too_late(void **state) {
  dgram_address to;
  dgram_datagram datagram = {.bytes = "x", .length = 1};
  (void)state;
  need_icmp();
  h_need_kernel("nobody's answer is pending in a simulation");
  to = dead(DGRAM_UDP4);
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  h_assert_ok(H(dgram_on_icmp(a, on_icmp, NULL)));
  h_assert_ok(h_connect(a, "127.0.0.1", to.port));
  h_run_until("a connected OK");
  assert_int_equal(H(dgram_try_send_many(a, &datagram, 1)), 1);
  h_assert_ok(H(dgram_set_icmp_errors(a, true)));
  h_run_until("a error recvmsg ECONNREFUSED");
  h_turns(3);
  assert_int_equal(h_count("a icmp"), 0);
  assert_int_equal(h_count("a error"), 1);
}

static void close_it(dgram_socket *socket, const dgram_icmp *icmp, void *data) {
  (void)icmp;
  (void)data;
  h_callback("icmp");
  h_log("%s closing", h_name(socket));
  h_assert_ok(h_end(socket));
}

/* api:icmp */
static void test_close_in_icmp(void **state) {
  dgram_address to;
  (void)state;
  need_icmp();
  to = dead(DGRAM_UDP4);
  dgram_socket *a =
      h_bound_with("a", &(dgram_socket_options){.type = DGRAM_UDP4, .icmp_errors = true}, H_ALL);
  h_assert_ok(H(dgram_on_icmp(a, close_it, NULL)));
  for (int i = 0; i < 3; i++)
    h_assert_ok(h_send(a, "x", to));
  h_run_until("a close");
  assert_int_equal(h_count("a closing"), 1);
  assert_int_equal(h_count("a sent 'x'"), 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_a_dead_port_answers),     H_TEST(test_a_dead_port_answers_udp6),
      H_TEST(test_a_mapped_peer_answers),   H_TEST(test_nobody_else_pays),
      H_TEST(test_asked_later_and_no_more), H_TEST(test_a_pause_makes_them_wait),
      H_TEST(test_of_a_peer_in_one_way),    H_TEST(test_asked_too_late),
      H_TEST(test_close_in_icmp),
  };
  return H_MAIN(tests);
}
