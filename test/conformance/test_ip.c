/* What a socket may ask of the network layer: TOS and DSCP, no fragments, the MTU of a way. Other
 * MTUs than that of the loopback interface are in test/net and in test/stack/test_sim_ip.c. */

#include "harness.h"

static void need_a_wire(void) {
  h_need_kernel("nobody else is on a simulated network");
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

static int told_tos; /* of the last datagram */

static void on_told(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket;
  (void)data;
  assert_non_null(message->info);
  assert_true(message->info->present & DGRAM_RECV_TOS);
  told_tos = message->info->tos;
}

/* api:tos api:recv-info-tos */
static void test_tos_is_told(void **state) {
  const dgram_socket_options options = {
      .type = DGRAM_UDP4, .on_message = on_told, .recv_info = DGRAM_RECV_TOS};
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b;
  (void)state;
  if (H(dgram_set_recv_info(a, DGRAM_RECV_TOS)) == DGRAM_ENOTSUP)
    h_skip("libuv tells nothing with a datagram but that it was cut");
  b = h_bound_with("b", &options, H_ALL);
  for (int tos = 0; tos <= 255; tos += 51) {
    const size_t heard = h_count("b message");
    h_assert_ok(H(dgram_set_tos(a, tos)));
    h_assert_ok(h_send(a, "x", h_address(b)));
    h_run_until_n("b message", heard + 1);
    assert_int_equal(told_tos, tos);
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

/* ---- fragments ---- */

/* The MTU of the way to loopback. */
static int path_mtu(dgram_socket *socket) {
  const dgram_address to = h_literal(h_loopback(dgram_socket_type(socket)), 0);
  int mtu = H(dgram_get_path_mtu(socket, &to));
  if (mtu == DGRAM_ENOTSUP) h_skip("this system does not tell the MTU of a way");
  assert_true(mtu >= 1280 && mtu <= 1 << 20);
  return mtu;
}

/* api:path-mtu */
static void test_the_mtu_of_a_way(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  assert_int_equal(path_mtu(a), path_mtu(a));
  h_assert_ok(h_end(a));
  h_run_until("a close");
  h_need_ipv6();
  (void)path_mtu(h_bound("b", DGRAM_UDP6));
}

/* api:path-mtu */
static void test_the_mtu_to_the_peer(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  const int mtu = path_mtu(a);
  (void)state;
  h_assert_ok(H(dgram_connect_sync(a, 9, "127.0.0.1")));
  assert_int_equal(H(dgram_get_path_mtu(a, NULL)), mtu);
  h_assert_ok(H(dgram_disconnect(a)));
  h_assert_code(DGRAM_ENOTCONNECTED, H(dgram_get_path_mtu(a, NULL)));
}

/* api:path-mtu input:path-mtu */
static void test_no_mtu(void **state) {
  const dgram_address six = h_literal("::1", 9), four = h_literal("127.0.0.1", 9);
  const dgram_address none = {0};
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_code(DGRAM_EBADF, H(dgram_get_path_mtu(a, &four)));
  h_assert_ok(h_bind_to(a, "127.0.0.1", 0));
  h_assert_code(DGRAM_EBADF, H(dgram_get_path_mtu(a, &four)));
  h_run_until("a bind OK");
  h_assert_code(DGRAM_EINVAL, H(dgram_get_path_mtu(a, &six)));
  h_assert_code(DGRAM_EINVAL, H(dgram_get_path_mtu(a, &none)));
  h_assert_code(DGRAM_ENOTCONNECTED, H(dgram_get_path_mtu(a, NULL)));
  h_assert_code(DGRAM_EARGTYPE, H(dgram_get_path_mtu(NULL, &four)));
}

/* api:dont-fragment */
static void test_what_fits_leaves(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  if (H(dgram_set_dont_fragment(a, true)) == DGRAM_ENOTSUP)
    h_skip("this system cannot forbid fragments");
  h_assert_ok(h_send(a, "fits", h_address(b)));
  h_run_until("b message 'fits'");
  h_assert_ok(H(dgram_set_dont_fragment(a, false)));
  h_assert_ok(h_send(a, "too", h_address(b)));
  h_run_until("b message 'too'");
}

/* The largest datagram of IPv6 needs 65,575 bytes with its headers, and "lo" mostly has 65,536.
 * api:dont-fragment */
static void test_what_does_not_fit_fails(void **state) {
  static char bytes[65527];
  dgram_socket *a, *b;
  (void)state;
  h_need_ipv6();
  a = h_bound("a", DGRAM_UDP6);
  b = h_bound("b", DGRAM_UDP6);
  const int mtu = path_mtu(a);
  if (mtu >= 65575) h_skip("nothing is too large for the loopback interface here");
  h_assert_ok(H(dgram_set_dont_fragment(a, true)));
  h_assert_ok(h_send_bytes(a, bytes, (size_t)mtu - 47, h_address(b)));
  h_run_until("a unsent");
  h_assert_ok(h_send_bytes(a, bytes, (size_t)mtu - 48, h_address(b)));
  h_run_until("b message");
  h_assert_ok(H(dgram_set_dont_fragment(a, false)));
  h_assert_ok(h_send_bytes(a, bytes, (size_t)mtu - 47, h_address(b)));
  h_run_until_n("b message", 2);
  assert_int_equal(h_count("a unsent"), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_the_mtu_of_a_way),
      H_TEST(test_the_mtu_to_the_peer),
      H_TEST(test_no_mtu),
      H_TEST(test_what_fits_leaves),
      H_TEST(test_what_does_not_fit_fails),
      H_TEST(test_tos_is_set),
      H_TEST(test_tos_is_told),
      H_TEST(test_tos_is_set_udp6),
      H_TEST(test_tos_has_a_range),
      H_TEST(test_tos_needs_a_port),
      H_TEST(test_names_of_dscps),
      H_TEST(test_a_dscp_and_ecn),
  };
  return H_MAIN(tests);
}
