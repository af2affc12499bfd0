/* Sending to names: looked up off the loop, joined, never cached; failures by callback or `error`.
 * The names are those of harness_resolver.c. */

#include "harness.h"

/* seed:send-5 seed:send-8 issue:names */
static void test_a_name_is_resolved(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send_name(a, "hello", h_port(b), "localhost"));
  h_expect("");
  h_run_until("b message 'hello'");
  h_run_until("a sent 'hello'");
}

/* seed:send-8 */
static void test_a_name_is_resolved_for_ipv6(void **state) {
  dgram_socket *a, *b;
  (void)state;
  h_need_ipv6();
  a = h_bound("a", DGRAM_UDP6);
  b = h_bound("b", DGRAM_UDP6);
  h_assert_ok(h_send_name(a, "hello", h_port(b), "localhost"));
  h_run_until("b message 'hello'");
}

static void count_turn(dgram_timer *timer, void *data) {
  (void)timer;
  (void)data;
  h_log("turn");
}

/* seed:send-13 */
static void test_a_lookup_delays_by_a_tick(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send_name(a, "name", h_port(b), "localhost"));
  h_assert_ok(h_send(a, "literal", h_address(b)));
  h_run_until("b message 'name'");
  h_expect_of("b", "message 'literal'; message 'name'");
}

/* seed:send-13 issue:names */
static void test_a_slow_lookup_does_not_hold_up_the_loop(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_timer timer = {0};
  (void)state;
  h_assert_ok(h_send_name(a, "name", h_port(b), "slow.dgram.test"));
  h_assert_ok(h_send(a, "literal", h_address(b)));
  h_run_until("b message");
  h_assert_ok(dgram_timer_start(h_stack(), &timer, 0, count_turn, NULL));
  h_run_until("turn");
  h_resolver_release();
  h_run_until("b message 'name'");
  h_expect_of("b", "message 'literal'; message 'name'");
}

/* seed:send-12 seed:send-15 input:unknown-name */
static void test_unknown_name_goes_to_the_callback(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send_name(a, "x", 9, "unknown.dgram.test"));
  h_run_until("a unsent");
  h_turns(3);
  h_expect("a unsent 'x' ENOTFOUND");
}

static void describe(dgram_socket *socket, const dgram_error *error, void *data) {
  (void)data;
  h_log("%s failed %s %s %s %d", h_name(socket), error->syscall, dgram_error_name(error->code),
        error->address == NULL ? "(none)" : error->address, error->port);
}

/* seed:send-16 seed:error-1 input:unknown-name */
static void test_unknown_name_without_callback_is_an_error(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(dgram_on_error(a, describe, NULL));
  h_assert_ok(H(dgram_send(a, "x", 1, 9, "unknown.dgram.test", NULL, NULL)));
  h_run_until("a failed");
  h_turns(3);
  h_expect("a error getaddrinfo ENOTFOUND; a failed getaddrinfo ENOTFOUND unknown.dgram.test 9");
}

/* seed:send-15 */
static void test_other_failures_of_the_resolver(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send_name(a, "x", 9, "again.dgram.test"));
  h_run_until("a unsent 'x' EAI_AGAIN");
  h_assert_ok(h_send_name(a, "y", 9, "fail.dgram.test"));
  h_run_until("a unsent 'y' EAI_FAIL");
  h_assert_ok(h_send_name(a, "z", 9, "six.dgram.test")); /* no address of this family */
  h_run_until("a unsent 'z' ENOTFOUND");
}

/* rule:7 issue:names */
static void test_many_names_in_flight(void **state) {
  enum { NAMES = 300 };
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  for (int i = 0; i < NAMES; i++) {
    char name[32];
    snprintf(name, sizeof(name), "unknown%d.dgram.test", i);
    h_assert_ok(h_send_name(a, "x", 9, name));
    h_assert_ok(h_send_name(a, "x", 9, name));
  }
  h_run_until_n("a unsent 'x' ENOTFOUND", 2 * NAMES);
}

/* api:first-address */
static void test_the_first_address_counts(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_socket("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind(b, NULL));
  h_run_until("b bind OK");
  h_assert_ok(h_send_name(a, "hello", h_port(b), "two.dgram.test"));
  h_run_until("b message 'hello'");
  h_turns(3);
  assert_int_equal(h_count("b message"), 1);
}

/* better:literals */
static void test_literals_never_reach_a_resolver(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4), *b = h_socket("b", DGRAM_UDP4);
  (void)state;
  h_need_kernel("nobody counts the lookups of the simulation");
  h_assert_ok(h_bind_to(b, "127.0.0.1", 0));
  h_run_until("b bind OK");
  h_assert_ok(h_send_name(a, "hello", h_port(b), "127.0.0.1"));
  h_assert_ok(h_send_name(a, "hello", h_port(b), NULL));
  h_run_until_n("b message", 2);
  assert_int_equal(h_resolver_asked("127.0.0.1"), 0);
}

/* rule:7 */
static void test_lookups_in_flight_are_joined(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_need_kernel("nobody counts the lookups of the simulation");
  for (int i = 0; i < 5; i++) {
    static const char *const texts[] = {"0", "1", "2", "3", "4"};
    h_assert_ok(h_send_name(a, texts[i], h_port(b), "slow.dgram.test"));
  }
  h_turns(3);
  h_resolver_release();
  h_run_until("b message '4'");
  h_run_until_n("a sent", 5);
  h_expect_of("b", "message '0'; message '1'; message '2'; message '3'; message '4'");
  assert_int_equal(h_resolver_asked("slow.dgram.test"), 1);
}

/* rule:7 */
static void test_lookups_of_two_sockets_are_joined(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_need_kernel("nobody counts the lookups of the simulation");
  h_assert_ok(h_send_name(a, "from a", h_port(b), "slow.dgram.test"));
  h_assert_ok(h_send_name(b, "from b", h_port(b), "slow.dgram.test"));
  h_assert_ok(h_resolve("slow.dgram.test", DGRAM_IPV4));
  h_turns(3);
  h_resolver_release();
  h_run_until("b message 'from a'");
  h_run_until("b message 'from b'");
  h_run_until("resolve");
  assert_int_equal(h_resolver_asked("slow.dgram.test"), 1);
}

/* rule:7 */
static void test_nothing_is_cached(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_need_kernel("nobody counts the lookups of the simulation");
  h_assert_ok(h_send_name(a, "1", h_port(b), "four.dgram.test"));
  h_run_until("b message '1'");
  h_assert_ok(h_send_name(a, "2", h_port(b), "four.dgram.test"));
  h_run_until("b message '2'");
  assert_int_equal(h_resolver_asked("four.dgram.test"), 2);
}

static void send_third(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)message;
  (void)data;
  h_assert_ok(h_send_name(socket, "3", h_port(socket), "localhost"));
}

/* rule:7 */
static void test_order_of_one_name_survives_the_lookup(void **state) {
  dgram_socket *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(dgram_once_message(b, send_third, NULL)); /* a lookup of its own */
  h_assert_ok(h_send_name(b, "1", h_port(b), "localhost"));
  h_assert_ok(H(dgram_send(b, "2", 1, h_port(b), "localhost", NULL, NULL)));
  h_run_until("b message '3'");
  h_run_until("b sent '3'");
  assert_int_equal(h_count("b message"), 3);
}

/* rule:3 rule:7 api:abort */
static void test_what_waits_is_cancelled_in_its_order(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send_name(a, "1", 9, "localhost"));
  h_assert_ok(h_send_name(a, "2", 9, "unknown.dgram.test"));
  h_assert_ok(h_send_name(a, "3", 9, "localhost"));
  h_assert_ok(h_send(a, "4", h_literal("127.0.0.1", 9)));
  h_assert_ok(H(dgram_abort(a)));
  h_run_until("a close");
  h_expect("a unsent '1' ECANCELED; a unsent '2' ECANCELED; a unsent '3' ECANCELED; "
           "a unsent '4' ECANCELED; a close");
}

/* rule:6 */
static void test_a_lookup_that_never_ends_does_not_hold_close(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .linger_ms = 20};
  dgram_socket *a;
  (void)state;
  a = h_bound_with("a", &options, H_ALL);
  h_assert_ok(h_send_name(a, "x", 9, "slow.dgram.test"));
  h_assert_ok(h_end(a));
  h_run_until("a close");
  h_expect("a unsent 'x' ECANCELED; a close");
  h_close(); /* the stack closes too, before the resolver answers */
}

/* rule:6 better:send-close */
static void test_a_name_that_resolves_in_time_is_sent(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send_name(a, "hello", h_port(b), "localhost"));
  h_assert_ok(h_end(a));
  h_run_until("a close");
  h_run_until("b message 'hello'");
  h_expect_of("a", "sent 'hello'; close");
}

/* rule:6 */
static void test_a_bind_whose_name_never_resolves_is_cancelled(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .linger_ms = -1};
  dgram_socket *a;
  (void)state;
  a = h_socket_with("a", &options, H_ALL);
  h_assert_ok(h_bind_to(a, "slow.dgram.test", 0));
  h_assert_ok(h_send(a, "x", h_literal("127.0.0.1", 9)));
  h_turns(2);
  h_assert_ok(h_end(a));
  h_run_until("a close");
  assert_int_equal(h_count("a bind ECANCELED"), 1);
  assert_int_equal(h_count("a unsent 'x' ECANCELED"), 1);
  assert_int_equal(h_count("a listening"), 0);
}

/* input:long-name */
static void test_name_over_253_bytes(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  char name[300];
  (void)state;
  for (size_t i = 0; i < sizeof(name); i++)
    name[i] = i % 60 == 59 ? '.' : 'n';
  name[254] = '\0';
  h_assert_code(DGRAM_ENAMETOOLONG, h_send_name(a, "x", 9, name));
  name[253] = '\0';
  h_assert_ok(h_send_name(a, "x", 9, name));
  h_run_until("a unsent 'x' ENOTFOUND");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_a_name_is_resolved),
      H_TEST(test_a_name_is_resolved_for_ipv6),
      H_TEST(test_a_lookup_delays_by_a_tick),
      H_TEST(test_a_slow_lookup_does_not_hold_up_the_loop),
      H_TEST(test_unknown_name_goes_to_the_callback),
      H_TEST(test_unknown_name_without_callback_is_an_error),
      H_TEST(test_other_failures_of_the_resolver),
      H_TEST(test_many_names_in_flight),
      H_TEST(test_the_first_address_counts),
      H_TEST(test_literals_never_reach_a_resolver),
      H_TEST(test_lookups_in_flight_are_joined),
      H_TEST(test_lookups_of_two_sockets_are_joined),
      H_TEST(test_nothing_is_cached),
      H_TEST(test_order_of_one_name_survives_the_lookup),
      H_TEST(test_what_waits_is_cancelled_in_its_order),
      H_TEST(test_a_lookup_that_never_ends_does_not_hold_close),
      H_TEST(test_a_name_that_resolves_in_time_is_sent),
      H_TEST(test_a_bind_whose_name_never_resolves_is_cancelled),
      H_TEST(test_name_over_253_bytes),
  };
  return H_MAIN(tests);
}
