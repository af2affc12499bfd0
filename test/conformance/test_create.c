/* Creating a socket: both forms of the seed, and what a fresh socket is. */

#include "harness.h"

/* seed:create-1 seed:create-3 seed:class-1 */
static void test_both_types(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  dgram_socket *b = h_socket("b", DGRAM_UDP6);
  (void)state;
  assert_int_equal(dgram_socket_type(a), DGRAM_UDP4);
  assert_int_equal(dgram_socket_type(b), DGRAM_UDP6);
  assert_ptr_equal(dgram_socket_stack(a), h_stack());
  assert_null(dgram_socket_stack(NULL));
}

/* seed:create-3 input:type */
static void test_no_other_type(void **state) {
  static const int types[] = {0, 2, 5, -1, 46};
  (void)state;
  for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
    dgram_socket_options options = {.type = types[i]};
    dgram_socket *socket = NULL;
    h_assert_code(DGRAM_EBADTYPE, H(dgram_create_socket(h_stack(), &options, &socket)));
    assert_null(socket);
  }
  assert_string_equal(dgram_error_name(DGRAM_EBADTYPE), "ERR_SOCKET_BAD_TYPE");
}

static void count_message(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)message;
  h_log("%s first '%s'", h_name(socket), (const char *)data);
}

/* seed:create-2 seed:create-4 seed:options-1 */
static void test_callback_listens_to_message(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .on_message = count_message, .data = "data"};
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  dgram_socket *b = h_bound_with("b", &options, H_ALL);
  (void)state;
  h_send(a, "hello", h_address(b));
  h_run_until("b message");
  h_expect_of("b", "first 'data'; message 'hello'");
}

/* seed:create-2 seed:create-4 */
static void test_callback_can_be_taken_off(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .on_message = count_message, .data = "data"};
  dgram_socket *b = h_bound_with("b", &options, H_ALL);
  (void)state;
  assert_int_equal(dgram_off_message(b, count_message, "other"), 0);
  assert_int_equal(dgram_off_message(b, count_message, options.data), 1);
  h_send(b, "hello", h_address(b));
  h_run_until("b message");
  assert_false(h_logged("b first"));
}

/* seed:create-5 */
static void test_fresh_socket_has_no_port(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  dgram_address address = {.port = 7};
  (void)state;
  h_turns(3);
  h_assert_code(DGRAM_EBADF, dgram_local_address(a, &address));
  assert_int_equal(address.port, 7);
  h_expect("");
}

static void bind_anywhere(int type, const char *everywhere) {
  dgram_socket *a = h_socket("a", type);
  dgram_address address;
  h_assert_ok(h_bind(a, NULL));
  h_run_until("a bind");
  h_expect("a listening; a bind OK");
  h_assert_ok(dgram_local_address(a, &address));
  assert_int_equal(address.family, type);
  assert_int_not_equal(address.port, 0);
  h_set_port(&address, 0);
  dgram_address expected = h_literal(everywhere, 0);
  assert_true(dgram_address_equal(&address, &expected));
}

/* seed:create-6 seed:create-7 kept:any-address */
static void test_bind_means_all_interfaces_udp4(void **state) {
  (void)state;
  bind_anywhere(DGRAM_UDP4, "0.0.0.0");
}

/* seed:create-6 seed:create-7 kept:any-address */
static void test_bind_means_all_interfaces_udp6(void **state) {
  (void)state;
  h_need_ipv6();
  bind_anywhere(DGRAM_UDP6, "::");
}

/* seed:create-6 */
static void test_udp6_hears_ipv4_as_mapped(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  dgram_socket *b;
  (void)state;
  h_need_ipv6();
  b = h_socket("b", DGRAM_UDP6);
  h_bind(b, NULL);
  h_run_until("b bind OK");
  h_send_name(a, "hello", h_port(b), "127.0.0.1");
  h_run_until("b message 'hello'");
  h_send_name(b, "back", h_port(a), "::ffff:127.0.0.1");
  h_run_until("a message 'back'");
}

/* Binds b to the port of a, with or without reuse_addr on each; returns what b's bind said. */
static const char *bind_twice(bool first, bool second) {
  dgram_socket_options one = {.type = DGRAM_UDP4, .reuse_addr = first};
  dgram_socket_options two = {.type = DGRAM_UDP4, .reuse_addr = second};
  dgram_socket *a = h_bound_with("a", &one, H_ALL);
  dgram_socket *b = h_socket_with("b", &two, H_ALL);
  h_assert_ok(h_bind_to(b, "127.0.0.1", h_port(a)));
  h_run_until("b bind");
  return h_logged("b bind OK") ? "OK" : h_logged("b bind EADDRINUSE") ? "EADDRINUSE" : "?";
}

/* seed:options-2 */
static void test_reuse_addr_shares_a_port(void **state) {
  (void)state;
  assert_string_equal(bind_twice(true, true), "OK");
  h_expect("b listening; b bind OK");
}

/* seed:options-3 seed:options-1 input:busy-port */
static void test_reuse_addr_is_off_at_first(void **state) {
  (void)state;
  assert_string_equal(bind_twice(false, false), "EADDRINUSE");
}

/* unlike:reuse-addr */
static void test_reuse_addr_needs_both(void **state) {
  (void)state;
  assert_string_equal(bind_twice(true, false), "EADDRINUSE");
  h_log_clear();
  assert_string_equal(bind_twice(false, true), "EADDRINUSE");
}

/* unlike:listening */
static void test_no_listening_when_created(void **state) {
  (void)state;
  h_socket("a", DGRAM_UDP4);
  h_turns(3);
  h_expect("");
}

/* api:options-size */
static void test_options_of_other_versions(void **state) {
  struct {
    dgram_socket_options known;
    long newer;
  } options = {.known = {.type = DGRAM_UDP4}};
  dgram_socket *a = NULL, *b = NULL, *c = NULL;
  (void)state;
  h_assert_ok(dgram_create_socket_sized(h_stack(), &options.known, sizeof(options), &a));
  h_adopt("a", a, H_ALL);
  h_assert_ok(dgram_create_socket_sized(h_stack(), &options.known, sizeof(int), &b));
  h_adopt("b", b, H_ALL);
  options.newer = 1;
  h_assert_code(DGRAM_EINVAL,
                dgram_create_socket_sized(h_stack(), &options.known, sizeof(options), &c));
  assert_null(c);
}

/* What only changes speed changes nothing else.
 *
 * api:disable input:disable */
static void test_what_is_switched_off(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .disable = DGRAM_DISABLE_SPIN};
  dgram_socket *none = NULL;
  (void)state;
  h_assert_code(DGRAM_EINVAL, H(dgram_create_socket(h_stack(), &options, &none)));
  options.disable = UINT32_MAX;
  h_assert_code(DGRAM_EINVAL, H(dgram_create_socket(h_stack(), &options, &none)));
  assert_null(none);
  options.disable = DGRAM_DISABLE_MMSG | DGRAM_DISABLE_GSO | DGRAM_DISABLE_GRO;
  dgram_socket *a = h_bound_with("a", &options, H_ALL);
  for (int i = 0; i < 10; i++)
    h_send(a, i == 9 ? "last" : "one", h_address(a));
  h_run_until("a message 'last'");
  assert_int_equal(h_count("a message 'one'"), 9);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_both_types),
      H_TEST(test_no_other_type),
      H_TEST(test_callback_listens_to_message),
      H_TEST(test_callback_can_be_taken_off),
      H_TEST(test_fresh_socket_has_no_port),
      H_TEST(test_bind_means_all_interfaces_udp4),
      H_TEST(test_bind_means_all_interfaces_udp6),
      H_TEST(test_udp6_hears_ipv4_as_mapped),
      H_TEST(test_reuse_addr_shares_a_port),
      H_TEST(test_reuse_addr_is_off_at_first),
      H_TEST(test_reuse_addr_needs_both),
      H_TEST(test_no_listening_when_created),
      H_TEST(test_options_of_other_versions),
      H_TEST(test_what_is_switched_off),
  };
  return H_MAIN(tests);
}
