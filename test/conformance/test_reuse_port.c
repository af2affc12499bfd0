/* reuse_port: sockets that share a port, and each datagram goes to one of them, by its sender. */

#include "harness.h"

enum { SENDERS = 64, OWN_PORTS = 300 };

static const dgram_socket_options sharing = {.type = DGRAM_UDP4, .reuse_port = true};

/* Two sockets of one port, "a" and "b"; the log is empty. */
static void open_two(dgram_socket **ret_a, dgram_socket **ret_b) {
  *ret_a = h_bound_with("a", &sharing, H_ALL);
  *ret_b = h_socket_with("b", &sharing, H_ALL);
  h_assert_ok(h_bind_to(*ret_b, "127.0.0.1", h_port(*ret_a)));
  h_run_until("b bind");
  h_expect("b listening; b bind OK");
}

/* 64 senders at one socket are as likely as 64 heads.
 *
 * node:reuse-port */
static void test_many_senders_reach_both(void **state) {
  dgram_socket *a, *b;
  (void)state;
  open_two(&a, &b);
  for (int i = 0; i < SENDERS; i++) {
    dgram_socket *from = h_socket("from", DGRAM_UDP4);
    h_assert_ok(h_send(from, "x", h_address(a)));
  }
  h_run_until_n("from sent", SENDERS);
  while (h_count("a message") + h_count("b message") < SENDERS)
    h_turns(1);
  assert_true(h_count("a message") > 0);
  assert_true(h_count("b message") > 0);
  h_turns(3);
  assert_int_equal(h_count("a message") + h_count("b message"), SENDERS);
}

/* node:reuse-port */
static void test_one_sender_reaches_one(void **state) {
  dgram_socket *a, *b, *from = h_bound("from", DGRAM_UDP4);
  (void)state;
  open_two(&a, &b);
  for (int i = 0; i < SENDERS; i++)
    h_assert_ok(h_send(from, "x", h_address(a)));
  while (h_count("a message") + h_count("b message") < SENDERS)
    h_turns(1);
  assert_true(h_count("a message") == 0 || h_count("b message") == 0);
}

/* node:reuse-port */
static void test_who_stays_gets_all(void **state) {
  dgram_socket *a, *b;
  (void)state;
  open_two(&a, &b);
  h_assert_ok(h_end(a));
  h_run_until("a close");
  for (int i = 0; i < SENDERS; i++) {
    dgram_socket *from = h_socket("from", DGRAM_UDP4);
    h_assert_ok(h_send(from, "x", h_address(b)));
  }
  h_run_until_n("b message", SENDERS);
}

/* Of two that share, "a" and "b", only these: one on all interfaces, bound between them, is another
 * address.
 *
 * node:reuse-port */
static void test_those_of_one_address_share(void **state) {
  dgram_socket *a = h_bound_with("a", &sharing, H_ALL);
  dgram_socket *all = h_socket_with("all", &sharing, H_ALL);
  dgram_socket *b = h_socket_with("b", &sharing, H_ALL);
  (void)state;
  h_assert_ok(h_bind_to(all, NULL, h_port(a)));
  h_run_until("all bind OK");
  h_assert_ok(h_bind_to(b, "127.0.0.1", h_port(a)));
  h_run_until("b bind OK");
  for (int i = 0; i < SENDERS; i++) {
    dgram_socket *from = h_socket("from", DGRAM_UDP4);
    h_assert_ok(h_send(from, "x", h_address(a)));
  }
  while (h_count("a message") + h_count("b message") < SENDERS)
    h_turns(1);
  assert_true(h_count("a message") > 0);
  assert_true(h_count("b message") > 0);
  assert_false(h_logged("all message"));
}

/* Binds "b" to the port of "a"; returns what the bind said. */
static const char *bind_twice(dgram_socket_options first, dgram_socket_options second) {
  dgram_socket *a, *b;
  first.type = second.type = DGRAM_UDP4;
  a = h_bound_with("a", &first, H_ALL);
  b = h_socket_with("b", &second, H_ALL);
  h_assert_ok(h_bind_to(b, "127.0.0.1", h_port(a)));
  h_run_until("b bind");
  const char *said = h_logged("b bind OK") ? "OK" : h_logged("b bind EADDRINUSE") ? "taken" : "?";
  h_log_clear();
  return said;
}

/* node:reuse-port */
static void test_both_must_share_in_the_same_way(void **state) {
  const dgram_socket_options alone = {0};
  const dgram_socket_options port = {.reuse_port = true};
  const dgram_socket_options address = {.reuse_addr = true};
  const dgram_socket_options both = {.reuse_port = true, .reuse_addr = true};
  (void)state;
  assert_string_equal(bind_twice(port, port), "OK");
  assert_string_equal(bind_twice(port, alone), "taken");
  assert_string_equal(bind_twice(alone, port), "taken");
  assert_string_equal(bind_twice(port, address), "taken");
  assert_string_equal(bind_twice(address, port), "taken");
  assert_string_equal(bind_twice(both, port), "OK");
  assert_string_equal(bind_twice(address, both), "OK");
}

static void expect_own(const int *ports, int count) {
  for (int i = 0; i < count; i++) {
    for (int j = 0; j < i; j++)
      assert_int_not_equal(ports[i], ports[j]);
  }
}

/* Asked to share it, the kernel would give one of these to two sockets, more often than not.
 *
 * node:reuse-port */
static void test_a_port_that_the_system_chooses_is_ones_own(void **state) {
  int ports[OWN_PORTS];
  (void)state;
  for (int i = 0; i < OWN_PORTS; i++) {
    dgram_socket *a = h_socket_with("a", &sharing, 0);
    if (i % 2 == 0)
      h_assert_ok(h_bind_to(a, "127.0.0.1", 0));
    else
      h_assert_ok(h_send(a, "x", h_literal("127.0.0.1", 9)));
    h_turns(1);
    ports[i] = h_port(a);
  }
  expect_own(ports, OWN_PORTS);
}

/* node:reuse-port */
static void test_an_implicit_bind_shares_too(void **state) {
  dgram_socket *a = h_socket_with("a", &sharing, H_ALL), *b = h_socket_with("b", &sharing, H_ALL);
  (void)state;
  h_assert_ok(h_send(a, "x", h_literal("127.0.0.1", 9)));
  h_run_until("a sent");
  h_assert_ok(h_bind_to(b, NULL, h_port(a)));
  h_run_until("b bind OK");
}

static int refuse(dgram_stack *stack, const dgram_bind_request *request, void *data) {
  (void)stack;
  (void)request;
  (void)data;
  return DGRAM_EACCES;
}

/* node:reuse-port */
static void test_no_binder_is_asked(void **state) {
  dgram_socket *a = h_socket_with("a", &sharing, H_ALL), *b = h_socket("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(H(dgram_stack_set_binder(h_stack(), refuse, NULL)));
  h_assert_ok(h_bind(a, NULL));
  h_assert_ok(h_bind(b, NULL));
  h_run_until("a bind OK");
  h_run_until("b bind EACCES");
}

/* The same of IPv6.
 *
 * node:reuse-port */
static void test_many_senders_reach_both_udp6(void **state) {
  const dgram_socket_options six = {.type = DGRAM_UDP6, .reuse_port = true};
  dgram_socket *a, *b;
  (void)state;
  h_need_ipv6();
  a = h_bound_with("a", &six, H_ALL);
  b = h_socket_with("b", &six, H_ALL);
  h_assert_ok(h_bind_to(b, "::1", h_port(a)));
  h_run_until("b bind OK");
  for (int i = 0; i < SENDERS; i++) {
    dgram_socket *from = h_socket("from", DGRAM_UDP6);
    h_assert_ok(h_send(from, "x", h_address(a)));
  }
  while (h_count("a message") + h_count("b message") < SENDERS)
    h_turns(1);
  assert_true(h_count("a message") > 0);
  assert_true(h_count("b message") > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_many_senders_reach_both),
      H_TEST(test_one_sender_reaches_one),
      H_TEST(test_who_stays_gets_all),
      H_TEST(test_those_of_one_address_share),
      H_TEST(test_both_must_share_in_the_same_way),
      H_TEST(test_a_port_that_the_system_chooses_is_ones_own),
      H_TEST(test_an_implicit_bind_shares_too),
      H_TEST(test_no_binder_is_asked),
      H_TEST(test_many_senders_reach_both_udp6),
  };
  return H_MAIN(tests);
}
