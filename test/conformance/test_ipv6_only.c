/* ipv6_only: a udp6 socket that leaves IPv4 to others. */

#include "harness.h"

static const dgram_socket_options only = {.type = DGRAM_UDP6, .ipv6_only = true};

static dgram_socket *bind_only(const char *name) {
  dgram_socket *socket = h_socket_with(name, &only, H_ALL);
  h_assert_ok(h_bind(socket, NULL));
  h_run_until(name);
  h_turns(1);
  h_log_clear();
  return socket;
}

/* What a udp4 socket's bind to this port of all interfaces says. */
static bool ipv4_is_free(int port) {
  dgram_socket *four = h_socket("four", DGRAM_UDP4);
  bool is_free;
  h_assert_ok(h_bind_to(four, NULL, port));
  h_run_until("four bind");
  is_free = h_logged("four bind OK");
  if (!is_free) assert_true(h_logged("four bind EADDRINUSE"));
  h_assert_ok(h_end(four));
  h_run_until("four close");
  h_log_clear();
  return is_free;
}

/* node:ipv6-only */
static void test_ipv4_goes_to_another_socket(void **state) {
  dgram_socket *six, *four, *from = h_bound("from", DGRAM_UDP4);
  (void)state;
  h_need_ipv6();
  six = bind_only("six");
  four = h_socket("four", DGRAM_UDP4);
  h_assert_ok(h_bind_to(four, NULL, h_port(six)));
  h_run_until("four bind OK");
  h_assert_ok(h_send_name(from, "ipv4", h_port(six), "127.0.0.1"));
  h_run_until("four message 'ipv4'");
  h_assert_ok(h_send_name(six, "ipv6", h_port(six), "::1"));
  h_run_until("six message 'ipv6'");
  assert_int_equal(h_count("six message"), 1);
  assert_int_equal(h_count("four message"), 1);
}

/* node:ipv6-only */
static void test_it_is_off_at_first(void **state) {
  dgram_socket *six;
  (void)state;
  h_need_ipv6();
  six = h_socket("six", DGRAM_UDP6);
  h_assert_ok(h_bind(six, NULL));
  h_run_until("six bind OK");
  assert_false(ipv4_is_free(h_port(six)));
}

/* node:ipv6-only */
static void test_an_implicit_bind_is_so_too(void **state) {
  dgram_socket *six;
  (void)state;
  h_need_ipv6();
  six = h_socket_with("six", &only, H_ALL);
  h_assert_ok(h_send(six, "x", h_literal("::1", 9)));
  h_run_until("six sent");
  assert_true(ipv4_is_free(h_port(six)));
}

/* node:ipv6-only */
static void test_no_way_leads_to_ipv4(void **state) {
  dgram_socket *six, *four = h_bound("four", DGRAM_UDP4);
  dgram_bind_options mapped = {.address = "::ffff:127.0.0.1"};
  (void)state;
  h_need_ipv6();
  six = bind_only("six");
  h_assert_ok(h_send_name(six, "x", h_port(four), "::ffff:127.0.0.1"));
  h_run_until("six unsent");
  h_expect("six unsent 'x' ENETUNREACH");
  six = h_socket_with("other", &only, H_ALL);
  h_assert_ok(h_bind(six, &mapped));
  h_run_until("other error");
  h_expect("other bind EINVAL; other error bind EINVAL");
}

/* node:ipv6-only */
static void test_udp4_cannot_be(void **state) {
  const dgram_socket_options wrong = {.type = DGRAM_UDP4, .ipv6_only = true};
  dgram_socket *socket = NULL;
  (void)state;
  h_assert_code(DGRAM_EINVAL, H(dgram_create_socket(h_stack(), &wrong, &socket)));
  assert_null(socket);
}

static bool asked_only;

static int note_request(dgram_stack *stack, const dgram_bind_request *request, void *data) {
  (void)stack;
  (void)data;
  asked_only = request->ipv6_only;
  return 1;
}

/* node:ipv6-only api:binder */
static void test_the_binder_is_told(void **state) {
  dgram_socket *six;
  (void)state;
  h_need_ipv6();
  h_assert_ok(H(dgram_stack_set_binder(h_stack(), note_request, NULL)));
  six = bind_only("six");
  assert_true(asked_only);
  assert_true(ipv4_is_free(h_port(six)));
  assert_false(asked_only);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_ipv4_goes_to_another_socket),
      H_TEST(test_it_is_off_at_first),
      H_TEST(test_an_implicit_bind_is_so_too),
      H_TEST(test_no_way_leads_to_ipv4),
      H_TEST(test_udp4_cannot_be),
      H_TEST(test_the_binder_is_told),
  };
  return H_MAIN(tests);
}
