/* What a socket may ask of the network layer: TOS and DSCP. */

#include "harness.h"

static void need_a_wire(void) {
  h_need_kernel("no datagram of the simulation has a TOS to look at");
}

/* The TOS that a datagram of the socket arrives with at a program without the library. */
static int tos_on_the_wire(dgram_socket *socket, const char *peer, const char *to) {
  int port = 0, tos, fd = h_peer_open(peer, 0, &port);
  size_t sent = h_count("a sent");
  assert_true(fd >= 0);
  h_assert_ok(h_send(socket, "x", h_literal(to, port)));
  h_run_until_n("a sent", sent + 1);
  tos = h_peer_receive_tos(fd);
  h_peer_close(fd);
  return tos;
}

/* api:tos */
static void test_tos_is_set(void **state) {
  static const int values[] = {1, 2, 3, 4, 184, 255, 0};
  dgram_socket *a;
  (void)state;
  need_a_wire();
  a = h_bound("a", DGRAM_UDP4);
  assert_int_equal(tos_on_the_wire(a, "127.0.0.1", "127.0.0.1"), 0);
  for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
    h_assert_ok(H(dgram_set_tos(a, values[i])));
    assert_int_equal(tos_on_the_wire(a, "127.0.0.1", "127.0.0.1"), values[i]);
  }
}

/* api:tos */
static void test_tos_is_set_udp6(void **state) {
  static const int values[] = {1, 2, 3, 4, 184, 255, 0};
  dgram_socket *a;
  (void)state;
  need_a_wire();
  h_need_ipv6();
  a = h_socket("a", DGRAM_UDP6);
  h_assert_ok(h_bind(a, NULL));
  h_run_until("a bind OK");
  for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
    h_assert_ok(H(dgram_set_tos(a, values[i])));
    assert_int_equal(tos_on_the_wire(a, "::1", "::1"), values[i]);
    assert_int_equal(tos_on_the_wire(a, "127.0.0.1", "::ffff:127.0.0.1"), values[i]);
  }
}

/* api:tos input:tos */
static void test_tos_has_a_range(void **state) {
  static const int wrong[] = {-1, 256, 1000, INT32_MAX, INT32_MIN};
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
    h_assert_code(DGRAM_EINVAL, H(dgram_set_tos(a, wrong[i])));
  for (int tos = 0; tos <= 255; tos++)
    h_assert_ok(H(dgram_set_tos(a, tos)));
}

/* api:tos api:setters-unbound */
static void test_tos_needs_a_port(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_code(DGRAM_EBADF, H(dgram_set_tos(a, 1)));
  h_assert_ok(h_bind(a, NULL));
  h_assert_code(DGRAM_EBADF, H(dgram_set_tos(a, 1)));
  h_run_until("a bind OK");
  h_assert_ok(H(dgram_set_tos(a, 1)));
}

/* api:dscp */
static void test_names_of_dscps(void **state) {
  (void)state;
  assert_int_equal(dgram_dscp("ef"), 46);
  assert_int_equal(dgram_dscp("AF41"), 34);
  assert_int_equal(dgram_dscp("cs3"), 24);
  assert_int_equal(dgram_dscp("63"), 63);
  h_assert_code(DGRAM_EINVAL, dgram_dscp("64"));
  h_assert_code(DGRAM_EINVAL, dgram_dscp("gold"));
}

/* api:dscp api:tos */
static void test_a_dscp_and_ecn(void **state) {
  dgram_socket *a;
  (void)state;
  need_a_wire();
  a = h_bound("a", DGRAM_UDP4);
  h_assert_ok(H(dgram_set_tos(a, dgram_dscp("ef") << 2 | DGRAM_ECN_ECT0)));
  assert_int_equal(tos_on_the_wire(a, "127.0.0.1", "127.0.0.1"), 0xba);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_tos_is_set),       H_TEST(test_tos_is_set_udp6), H_TEST(test_tos_has_a_range),
      H_TEST(test_tos_needs_a_port), H_TEST(test_names_of_dscps),  H_TEST(test_a_dscp_and_ecn),
  };
  return H_MAIN(tests);
}
