/* Block lists: what comes from their addresses is not heard, and nothing is sent there. */

#include "harness.h"

static dgram_block_list *list;

static int setup(void **state) {
  const int code = h_setup(state);
  h_assert_ok(dgram_block_list_create(NULL, &list));
  return code;
}

/* Sockets keep it longer than the test does. */
static int teardown(void **state) {
  dgram_block_list_release(list);
  return h_teardown(state);
}

static dgram_socket *bound_with_list(const char *name, bool receiving) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  if (receiving)
    options.receive_block_list = list;
  else
    options.send_block_list = list;
  return h_bound_with(name, &options, H_ALL);
}

/* node:block-list-1 */
static void test_what_a_list_has(void **state) {
  dgram_address address = h_literal("192.0.2.77", 9);
  (void)state;
  assert_false(dgram_block_list_check(list, &address));
  h_assert_ok(dgram_block_list_add_subnet(list, "192.0.2.64", 27));
  h_assert_ok(dgram_block_list_add_range(list, "198.51.100.4", "198.51.100.6"));
  h_assert_ok(dgram_block_list_add_address(list, "2001:db8::1"));
  assert_true(dgram_block_list_check(list, &address));
  address = h_literal("192.0.2.96", 9);
  assert_false(dgram_block_list_check(list, &address));
  address = h_literal("198.51.100.6", 9);
  assert_true(dgram_block_list_check(list, &address));
  address = h_literal("2001:db8::1", 9);
  assert_true(dgram_block_list_check(list, &address));
}

/* node:block-list-2 */
static void test_a_mapped_address_is_the_ipv4_one(void **state) {
  dgram_address address = h_literal("::ffff:192.0.2.1", 9);
  (void)state;
  h_assert_ok(dgram_block_list_add_address(list, "192.0.2.1"));
  assert_true(dgram_block_list_check(list, &address));
}

/* input:block-list */
static void test_bad_input(void **state) {
  (void)state;
  h_assert_code(DGRAM_EINVAL, dgram_block_list_add_address(list, "localhost"));
  h_assert_code(DGRAM_EINVAL, dgram_block_list_add_range(list, "192.0.2.2", "192.0.2.1"));
  h_assert_code(DGRAM_EINVAL, dgram_block_list_add_range(list, "192.0.2.2", "::1"));
  h_assert_code(DGRAM_EINVAL, dgram_block_list_add_subnet(list, "192.0.2.2", 33));
  h_assert_code(DGRAM_EARGTYPE, dgram_block_list_add_address(NULL, "192.0.2.1"));
  h_assert_code(DGRAM_EARGTYPE, dgram_block_list_create(NULL, NULL));
  dgram_block_list_release(NULL);
}

/* node:receive-block-list-1 */
static void test_blocked_senders_are_not_heard(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = bound_with_list("b", true);
  dgram_stats stats;
  (void)state;
  h_assert_ok(h_send(a, "before", h_address(b)));
  h_run_until("b message 'before'");
  h_assert_ok(dgram_block_list_add_address(list, "127.0.0.1"));
  h_assert_ok(h_send(a, "blocked", h_address(b)));
  h_assert_ok(h_send(a, "blocked", h_address(b)));
  do {
    h_turns(1);
    h_assert_ok(dgram_get_stats(b, &stats));
  } while (stats.blocked < 2);
  assert_int_equal(stats.received, 1);
  h_expect_of("b", "message 'before'");
}

/* node:receive-block-list-1 */
static void test_others_are_heard(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *c = h_socket("c", DGRAM_UDP4);
  dgram_socket *b = bound_with_list("b", true);
  (void)state;
  if (h_kind() != H_SIM && !h_peer_port_is_free("127.0.0.2", 0))
    h_skip("no address 127.0.0.2 here");
  h_assert_ok(h_bind_to(c, "127.0.0.2", 0));
  h_run_until("c bind OK");
  h_log_clear();
  h_assert_ok(dgram_block_list_add_address(list, "127.0.0.2"));
  h_assert_ok(h_send(c, "blocked", h_address(b)));
  h_run_until("c sent");
  h_assert_ok(h_send(a, "heard", h_address(b)));
  h_run_until("b message 'heard'");
  h_expect_of("b", "message 'heard'");
}

/* IPv4 peers of a udp6 socket have mapped addresses. node:receive-block-list-1 node:block-list-2 */
static void test_blocked_senders_by_mapped_addresses(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP6, .receive_block_list = list};
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b;
  dgram_stats stats;
  (void)state;
  h_need_ipv6();
  b = h_socket_with("b", &options, H_ALL);
  h_assert_ok(h_bind(b, NULL));
  h_run_until("b bind OK");
  h_assert_ok(dgram_block_list_add_subnet(list, "127.0.0.0", 8));
  h_assert_ok(h_send(a, "blocked", h_literal("127.0.0.1", h_port(b))));
  do {
    h_turns(1);
    h_assert_ok(dgram_get_stats(b, &stats));
  } while (stats.blocked < 1);
  assert_false(h_logged("b message"));
}

/* node:send-block-list-1 */
static void test_nothing_is_sent_to_blocked_addresses(void **state) {
  dgram_socket *a = bound_with_list("a", false), *b = h_bound("b", DGRAM_UDP4);
  dgram_stats stats;
  (void)state;
  h_assert_ok(dgram_block_list_add_address(list, "127.0.0.1"));
  h_assert_ok(h_send(a, "blocked", h_address(b)));
  h_assert_ok(h_send_name(a, "by name", h_port(b), "localhost"));
  h_expect("");
  h_run_until_n("a unsent", 2);
  h_assert_ok(h_post(a, "told", h_address(b)));
  h_run_until("a error");
  h_expect_of("a", "unsent 'blocked' ERR_IP_BLOCKED; unsent 'by name' ERR_IP_BLOCKED; error send "
                   "ERR_IP_BLOCKED");
  h_assert_ok(dgram_get_stats(a, &stats));
  assert_int_equal(stats.errors_denied, 3);
  assert_int_equal(stats.sent, 0);
}

/* node:send-block-list-1 */
static void test_lists_with_blocked_addresses(void **state) {
  dgram_socket *a = bound_with_list("a", false), *b = h_bound("b", DGRAM_UDP4);
  struct h_call *call = h_call_new(a, "many", 4);
  dgram_datagram many[] = {{.bytes = "one", .length = 3, .to = h_address(b)},
                           {.bytes = "blocked", .length = 7, .to = h_literal("192.0.2.1", 9)},
                           {.bytes = "blocked", .length = 7, .to = h_literal("192.0.2.2", 9)},
                           {.bytes = "two", .length = 3, .to = h_address(b)}};
  (void)state;
  h_assert_ok(dgram_block_list_add_subnet(list, "192.0.2.0", 24));
  assert_int_equal(H(dgram_try_send_many(a, many, 4)), 4);
  for (int i = 0; i < 4; i++)
    assert_int_equal(many[i].result, i % 3 == 0 ? 3 : DGRAM_EIPBLOCKED);
  many[1].result = many[2].result = 0;
  h_assert_ok(h_call_made(call, H(dgram_send_many(a, many, 4, h_on_sent_many, call))));
  h_run_until_n("b message 'two'", 2);
  while (call->runs == 0)
    h_turns(1);
  for (int i = 0; i < 4; i++)
    assert_int_equal(many[i].result, i % 3 == 0 ? 3 : DGRAM_EIPBLOCKED);
  h_expect_of("b", "message 'one'; message 'two'; message 'one'; message 'two'");
}

static void on_connected(dgram_socket *socket, int status, void *data) {
  (void)data;
  h_callback("connect");
  h_log("%s connect %s", h_name(socket), dgram_error_name(status));
}

/* node:send-block-list-2 */
static void test_no_connect_to_blocked_addresses(void **state) {
  dgram_socket *a = bound_with_list("a", false), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(dgram_block_list_add_address(list, "127.0.0.1"));
  h_assert_code(DGRAM_EIPBLOCKED, H(dgram_connect_sync(a, h_port(b), "127.0.0.1")));
  h_assert_ok(H(dgram_connect(a, h_port(b), "127.0.0.1", on_connected, NULL)));
  h_expect("");
  h_run_until("a connect");
  h_expect("a connect ERR_IP_BLOCKED");
  h_assert_ok(H(dgram_connect(a, h_port(b), "localhost", NULL, NULL)));
  h_run_until("a error");
  h_expect("a error connect ERR_IP_BLOCKED");
}

/* node:send-block-list-2 */
static void test_a_peer_is_looked_at_when_it_connects(void **state) {
  dgram_socket *a = bound_with_list("a", false), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(H(dgram_connect_sync(a, h_port(b), "127.0.0.1")));
  h_assert_ok(dgram_block_list_add_address(list, "127.0.0.1"));
  h_assert_ok(h_send_name(a, "still", 0, NULL));
  h_run_until("b message 'still'");
}

/* node:block-list-3 */
static void test_sockets_keep_it(void **state) {
  dgram_socket *a = bound_with_list("a", false);
  (void)state;
  h_assert_ok(dgram_block_list_add_address(list, "127.0.0.1"));
  dgram_block_list_release(list);
  list = NULL;
  h_assert_ok(h_send(a, "blocked", h_literal("127.0.0.1", 9)));
  h_run_until("a unsent 'blocked' ERR_IP_BLOCKED");
}

#define B_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      B_TEST(test_what_a_list_has),
      B_TEST(test_a_mapped_address_is_the_ipv4_one),
      B_TEST(test_bad_input),
      B_TEST(test_blocked_senders_are_not_heard),
      B_TEST(test_others_are_heard),
      B_TEST(test_blocked_senders_by_mapped_addresses),
      B_TEST(test_nothing_is_sent_to_blocked_addresses),
      B_TEST(test_lists_with_blocked_addresses),
      B_TEST(test_no_connect_to_blocked_addresses),
      B_TEST(test_a_peer_is_looked_at_when_it_connects),
      B_TEST(test_sockets_keep_it),
  };
  return H_MAIN(tests);
}
