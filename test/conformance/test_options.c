/* Socket options: broadcast, TTL, multicast TTL. Multicast loopback is in test_multicast.c. */

#include "harness.h"

/* All sockets on loopback, as an address that needs SO_BROADCAST. */
static const char *const everybody = "127.255.255.255";

/* seed:broadcast-1 */
static void test_broadcast_is_off_at_first(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send(a, "x", h_literal(everybody, 9)));
  h_run_until("a unsent");
  h_expect("a unsent 'x' EACCES");
}

/* seed:broadcast-1 seed:broadcast-2 issue:options */
static void test_broadcast_reaches_the_interface(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_socket("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind(b, NULL));
  h_run_until("b bind OK");
  h_assert_ok(H(dgram_set_broadcast(a, true)));
  h_assert_ok(h_send(a, "to all", h_literal(everybody, h_port(b))));
  h_run_until("b message 'to all'");
  h_run_until("a sent 'to all'");
}

/* seed:broadcast-1 */
static void test_broadcast_is_cleared(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(H(dgram_set_broadcast(a, true)));
  h_assert_ok(H(dgram_set_broadcast(a, true)));
  h_assert_ok(H(dgram_set_broadcast(a, false)));
  h_assert_ok(h_send(a, "x", h_literal(everybody, 9)));
  h_run_until("a unsent");
  h_expect("a unsent 'x' EACCES");
}

/* The TTL that a datagram of the socket arrives with at a program without the library. */
static int ttl_on_the_wire(dgram_socket *socket, int type) {
  static size_t sent;
  int port = 0, ttl = -1, fd = h_peer_open(h_loopback(type), 0, &port);
  char byte;
  assert_true(fd >= 0);
  sent = h_count("a sent");
  h_assert_ok(h_send(socket, "x", h_literal(h_loopback(type), port)));
  h_run_until_n("a sent", sent + 1);
  assert_int_equal(h_peer_receive(fd, &byte, 1, &ttl, NULL), 1);
  h_peer_close(fd);
  return ttl;
}

/* The TTL of the system, as a socket without the library has it. */
static int ttl_of_the_system(int type) {
  int port = 0, ttl = -1, fd = h_peer_open(h_loopback(type), 0, &port);
  dgram_address to = h_literal(h_loopback(type), port);
  char byte = 'x';
  assert_true(fd >= 0);
  assert_int_equal(h_peer_send(fd, &byte, 1, &to), 1);
  assert_int_equal(h_peer_receive(fd, &byte, 1, &ttl, NULL), 1);
  h_peer_close(fd);
  return ttl;
}

static void need_a_wire(void) {
  h_need_kernel("nobody else is on a simulated network");
}

/* seed:ttl-1 seed:ttl-2 seed:ttl-6 */
static void test_ttl_is_set(void **state) {
  dgram_socket *a;
  (void)state;
  need_a_wire();
  a = h_bound("a", DGRAM_UDP4);
  assert_int_equal(ttl_on_the_wire(a, DGRAM_UDP4), ttl_of_the_system(DGRAM_UDP4));
  h_assert_ok(H(dgram_set_ttl(a, 5)));
  assert_int_equal(ttl_on_the_wire(a, DGRAM_UDP4), 5);
  h_assert_ok(H(dgram_set_ttl(a, 255)));
  assert_int_equal(ttl_on_the_wire(a, DGRAM_UDP4), 255);
}

/* seed:ttl-1 seed:ttl-6 */
static void test_ttl_is_set_udp6(void **state) {
  dgram_socket *a;
  (void)state;
  need_a_wire();
  h_need_ipv6();
  a = h_bound("a", DGRAM_UDP6);
  assert_int_equal(ttl_on_the_wire(a, DGRAM_UDP6), ttl_of_the_system(DGRAM_UDP6));
  h_assert_ok(H(dgram_set_ttl(a, 5)));
  assert_int_equal(ttl_on_the_wire(a, DGRAM_UDP6), 5);
}

/* seed:ttl-5 seed:mttl-5 input:ttl */
static void test_ttl_has_a_range(void **state) {
  static const struct {
    int ttl;
    int unicast;
    int multicast;
  } cases[] = {
      {-1, DGRAM_EINVAL, DGRAM_EINVAL},
      {0, DGRAM_EINVAL, 0},
      {1, 0, 0},
      {64, 0, 0},
      {255, 0, 0},
      {256, DGRAM_EINVAL, DGRAM_EINVAL},
      {1000, DGRAM_EINVAL, DGRAM_EINVAL},
  };
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    h_assert_code(cases[i].unicast, H(dgram_set_ttl(a, cases[i].ttl)));
    h_assert_code(cases[i].multicast, H(dgram_set_multicast_ttl(a, cases[i].ttl)));
  }
}

/* seed:ttl-5 seed:mttl-5 input:ttl */
static void test_ttl_has_a_range_udp6(void **state) {
  dgram_socket *a;
  (void)state;
  h_need_ipv6();
  a = h_bound("a", DGRAM_UDP6);
  h_assert_code(DGRAM_EINVAL, H(dgram_set_ttl(a, 0)));
  h_assert_code(DGRAM_EINVAL, H(dgram_set_ttl(a, -1)));
  h_assert_code(DGRAM_EINVAL, H(dgram_set_ttl(a, 256)));
  h_assert_ok(H(dgram_set_ttl(a, 255)));
  h_assert_code(DGRAM_EINVAL, H(dgram_set_multicast_ttl(a, -1)));
  h_assert_code(DGRAM_EINVAL, H(dgram_set_multicast_ttl(a, 256)));
  h_assert_ok(H(dgram_set_multicast_ttl(a, 0)));
  h_assert_ok(H(dgram_set_multicast_loopback(a, false)));
  h_assert_ok(H(dgram_set_multicast_loopback(a, true)));
  h_assert_ok(H(dgram_set_broadcast(a, true)));
}

/* api:setters-unbound unlike:setters-while-binding */
static void test_setters_need_a_port(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  for (int binding = 0; binding < 2; binding++) {
    h_assert_code(DGRAM_EBADF, H(dgram_set_broadcast(a, true)));
    h_assert_code(DGRAM_EBADF, H(dgram_set_ttl(a, 64)));
    h_assert_code(DGRAM_EBADF, H(dgram_set_multicast_ttl(a, 1)));
    h_assert_code(DGRAM_EBADF, H(dgram_set_multicast_loopback(a, true)));
    if (binding == 0) h_assert_ok(h_bind(a, NULL));
  }
  h_run_until("a bind OK");
  h_assert_ok(H(dgram_set_broadcast(a, true)));
  h_assert_ok(H(dgram_set_ttl(a, 64)));
  h_assert_ok(H(dgram_set_multicast_ttl(a, 1)));
  h_assert_ok(H(dgram_set_multicast_loopback(a, true)));
}

/* api:setters-unbound seed:send-11 */
static void test_setters_after_an_implicit_bind(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send(a, "x", h_literal("127.0.0.1", 9)));
  h_assert_ok(H(dgram_set_ttl(a, 64))); /* it was bound inside the call */
  h_run_until("a sent");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_broadcast_is_off_at_first),
      H_TEST(test_broadcast_reaches_the_interface),
      H_TEST(test_broadcast_is_cleared),
      H_TEST(test_ttl_is_set),
      H_TEST(test_ttl_is_set_udp6),
      H_TEST(test_ttl_has_a_range),
      H_TEST(test_ttl_has_a_range_udp6),
      H_TEST(test_setters_need_a_port),
      H_TEST(test_setters_after_an_implicit_bind),
  };
  return H_MAIN(tests);
}
