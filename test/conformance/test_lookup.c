/* Names looked up by a function of the program. */

#include "harness.h"

enum { ASKED_MAX = 16 };

static struct {
  dgram_lookup_request request;
  char name[256];
} asked[ASKED_MAX];
static size_t asked_count;
static int returns;
static bool closes; /* the function closes the socket, once */

static int look_up(dgram_socket *socket, const dgram_lookup_request *request, void *data) {
  h_callback("lookup");
  h_log("%s asks for %s", h_name(socket), request->name);
  assert_string_equal(data, "data");
  assert_true(asked_count < ASKED_MAX);
  asked[asked_count].request = *request;
  snprintf(asked[asked_count++].name, sizeof(asked[0].name), "%s", request->name);
  if (closes) h_assert_ok(h_end(socket));
  closes = false;
  return returns;
}

static dgram_socket *create_with(dgram_socket_options options) {
  asked_count = 0;
  returns = 0;
  closes = false;
  options.type = options.type == 0 ? DGRAM_UDP4 : options.type;
  options.lookup = look_up;
  options.lookup_data = "data";
  return h_socket_with("a", &options, H_ALL);
}

static dgram_socket *create(void) {
  return create_with((dgram_socket_options){0});
}

static int answer(size_t which, const char *text) {
  dgram_address address = h_literal(text, 0);
  return H(dgram_lookup_answer(h_stack(), asked[which].request.id, 1, &address));
}

static int answer_code(size_t which, int code) {
  return H(dgram_lookup_answer(h_stack(), asked[which].request.id, code, NULL));
}

/* node:lookup rule:2 */
static void test_asked_from_the_loop_for_a_send(void **state) {
  dgram_socket *a = create(), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send_name(a, "hello", h_port(b), "of.the.program"));
  h_expect("");
  h_run_until("a asks for of.the.program");
  assert_int_equal(asked[0].request.family, DGRAM_IPV4);
  h_turns(2);
  assert_false(h_logged("b message"));
  h_assert_ok(answer(0, "127.0.0.1"));
  h_run_until("b message 'hello'");
  h_run_until("a sent 'hello'");
  h_assert_code(DGRAM_ENOENT, answer(0, "127.0.0.1"));
}

/* node:lookup */
static void test_asked_for_a_bind(void **state) {
  dgram_socket *a = create();
  (void)state;
  h_assert_ok(h_bind_to(a, "of.the.program", 0));
  h_run_until("a asks for of.the.program");
  h_assert_ok(answer(0, "127.0.0.1"));
  h_run_until("a bind OK");
  h_expect("a asks for of.the.program; a listening; a bind OK");
  dgram_address local, expected = h_literal("127.0.0.1", h_port(a));
  h_assert_ok(dgram_local_address(a, &local));
  assert_true(dgram_address_equal(&local, &expected));
}

/* node:lookup */
static void test_asked_for_a_connect(void **state) {
  dgram_socket *a = create(), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(H(dgram_connect(a, h_port(b), "of.the.program", NULL, NULL)));
  h_run_until("a asks for of.the.program");
  h_assert_ok(answer(0, "127.0.0.1"));
  h_run_until("a connect");
  h_assert_ok(H(dgram_send(a, "x", 1, 0, NULL, NULL, NULL)));
  h_run_until("b message 'x'");
}

/* node:lookup */
static void test_the_stacks_resolver_is_not(void **state) {
  dgram_socket *a = create();
  (void)state;
  h_need_kernel("nobody counts the lookups of the simulation");
  h_assert_ok(h_send_name(a, "x", 9, "four.dgram.test"));
  h_run_until("a asks for four.dgram.test");
  h_assert_ok(answer(0, "127.0.0.1"));
  h_run_until("a sent 'x'");
  assert_int_equal(h_resolver_asked("four.dgram.test"), 0);
}

/* node:lookup better:literals */
static void test_literals_never_ask(void **state) {
  dgram_socket *a = create();
  (void)state;
  h_assert_ok(h_bind_to(a, "127.0.0.1", 0));
  h_assert_ok(h_send_name(a, "x", 9, "127.0.0.1"));
  h_assert_ok(h_send_name(a, "y", 9, NULL));
  h_run_until_n("a sent", 2);
  assert_int_equal(asked_count, 0);
}

/* node:lookup rule:7 */
static void test_those_of_a_name_are_joined_in_their_order(void **state) {
  dgram_socket *a = create(), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send_name(a, "1", h_port(b), "one.name"));
  h_assert_ok(h_send_name(a, "2", h_port(b), "one.name"));
  h_run_until("a asks");
  h_assert_ok(h_send_name(a, "3", h_port(b), "one.name"));
  h_turns(2);
  assert_int_equal(asked_count, 1);
  h_assert_ok(answer(0, "127.0.0.1"));
  h_assert_ok(h_send_name(a, "4", h_port(b), "one.name")); /* nothing is cached */
  h_run_until_n("a asks", 2);
  h_assert_ok(answer(1, "127.0.0.1"));
  h_run_until("b message '4'");
  h_expect_of("b", "message '1'; message '2'; message '3'; message '4'");
}

/* node:lookup */
static void test_each_socket_asks_its_own(void **state) {
  dgram_socket *a = create(), *c = h_socket("c", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send_name(a, "x", 9, "localhost"));
  h_assert_ok(h_send_name(c, "y", 9, "localhost"));
  h_run_until("c sent 'y'");
  h_run_until("a asks for localhost");
  assert_int_equal(asked_count, 1);
  assert_false(h_logged("a sent"));
  h_assert_ok(answer(0, "127.0.0.1"));
  h_run_until("a sent 'x'");
}

/* What was left to the stack is not overtaken by what comes later.
 *
 * node:lookup rule:7 */
static void test_1_leaves_it_to_the_stack(void **state) {
  dgram_socket *a = create(), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  returns = 1;
  h_assert_ok(h_send_name(a, "1", h_port(b), "localhost"));
  h_run_until("a asks for localhost");
  h_assert_code(DGRAM_ENOENT, answer(0, "127.0.0.1"));
  h_assert_ok(h_send_name(a, "2", h_port(b), "localhost"));
  h_run_until("b message '2'");
  h_expect_of("b", "message '1'; message '2'");
}

/* node:lookup */
static void test_a_code_fails_what_waits(void **state) {
  dgram_socket *a = create();
  (void)state;
  returns = DGRAM_EACCES;
  h_assert_ok(h_send_name(a, "x", 9, "refused.name"));
  h_run_until("a unsent 'x' EACCES");
  returns = 0;
  h_assert_ok(h_send_name(a, "y", 9, "later.name"));
  h_assert_ok(H(dgram_send(a, "z", 1, 9, "later.name", NULL, NULL)));
  h_run_until("a asks for later.name");
  h_assert_ok(answer_code(1, DGRAM_EAI_AGAIN));
  h_run_until("a unsent 'y' EAI_AGAIN");
  h_run_until("a error getaddrinfo EAI_AGAIN");
}

/* node:lookup */
static void test_a_code_fails_a_bind(void **state) {
  dgram_socket *a = create();
  (void)state;
  h_assert_ok(h_bind_to(a, "unknown.name", 0));
  h_run_until("a asks");
  h_assert_ok(answer_code(0, DGRAM_ENOTFOUND));
  h_run_until("a error");
  h_expect("a asks for unknown.name; a bind ENOTFOUND; a error getaddrinfo ENOTFOUND");
}

/* node:lookup */
static void test_addresses_of_another_family(void **state) {
  dgram_address addresses[] = {h_literal("::1", 0), h_literal("127.0.0.1", 7)};
  dgram_socket *a = create(), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send_name(a, "x", h_port(b), "some.name"));
  h_run_until_n("a asks", 1);
  h_assert_ok(answer(0, "::1"));
  h_run_until("a unsent 'x' ENOTFOUND");
  h_assert_ok(h_send_name(a, "y", h_port(b), "some.name"));
  h_run_until_n("a asks", 2);
  h_assert_code(DGRAM_EARGTYPE, answer_code(1, 1));
  h_assert_ok(H(dgram_lookup_answer(h_stack(), asked[1].request.id, 2, addresses)));
  h_run_until("b message 'y'");
}

/* node:lookup */
static void test_udp6_asks_for_ipv6(void **state) {
  dgram_socket *a = create_with((dgram_socket_options){.type = DGRAM_UDP6}), *b;
  (void)state;
  h_need_ipv6();
  b = h_bound("b", DGRAM_UDP6);
  h_assert_ok(h_send_name(a, "x", h_port(b), "some.name"));
  h_run_until("a asks");
  assert_int_equal(asked[0].request.family, DGRAM_IPV6);
  h_assert_ok(answer(0, "::1"));
  h_run_until("b message 'x'");
}

/* node:lookup rule:9 */
static void test_what_waits_counts(void **state) {
  dgram_socket *a = create_with((dgram_socket_options){.max_queued_datagrams = 2});
  (void)state;
  h_assert_ok(h_send_name(a, "x", 9, "one.name"));
  h_assert_ok(h_send_name(a, "x", 9, "two.name"));
  h_assert_code(DGRAM_EQUEUEFULL, h_send_name(a, "x", 9, "three.name"));
  h_run_until_n("a asks", 2);
  h_assert_ok(answer(1, "127.0.0.1"));
  h_assert_ok(answer(0, "127.0.0.1"));
  h_run_until_n("a sent 'x'", 2);
}

/* A socket that lingers asks all the same, and waits for the answer.
 *
 * node:lookup rule:6 */
static void test_closed_before_it_is_asked(void **state) {
  dgram_socket *a = create(), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send_name(a, "x", h_port(b), "some.name"));
  h_assert_ok(h_end(a));
  h_run_until("a asks for some.name");
  h_assert_ok(answer(0, "127.0.0.1"));
  h_run_until("a close");
  h_run_until("b message 'x'");
  h_expect_of("a", "asks for some.name; sent 'x'; close");
}

/* node:lookup rule:6 */
static void test_closed_in_the_function(void **state) {
  dgram_socket *a = create();
  (void)state;
  closes = true;
  h_assert_ok(h_bind_to(a, "some.name", 0));
  h_run_until("a close");
  h_expect("a asks for some.name; a bind ECANCELED; a close");
  h_assert_code(DGRAM_ENOENT, answer(0, "127.0.0.1"));
}

/* node:lookup rule:3 api:abort */
static void test_aborted_while_it_thinks(void **state) {
  dgram_socket *a = create();
  (void)state;
  h_assert_ok(h_send_name(a, "x", 9, "some.name"));
  h_run_until("a asks");
  h_run_until("a listening");
  h_assert_ok(H(dgram_abort(a)));
  h_assert_code(DGRAM_ENOENT, answer(0, "127.0.0.1"));
  h_run_until("a close");
  h_expect("a asks for some.name; a listening; a unsent 'x' ECANCELED; a close");
}

/* node:lookup api:stack-close */
static void test_the_end_of_the_stack_while_it_thinks(void **state) {
  dgram_socket *a = create();
  (void)state;
  h_assert_ok(h_send_name(a, "x", 9, "some.name"));
  h_run_until("a asks");
  h_assert_ok(h_send_name(a, "y", 9, "other.name")); /* nobody was asked for this one */
  h_assert_ok(dgram_stack_close(h_stack(), h_stack_closed, h_world()));
  h_assert_code(DGRAM_ENOENT, answer(0, "127.0.0.1"));
  h_run_to_end();
  assert_int_equal(asked_count, 1);
  assert_true(h_logged("a unsent 'x' ECANCELED") && h_logged("a unsent 'y' ECANCELED"));
}

/* node:lookup */
static void test_ids_that_are_none(void **state) {
  dgram_address address = h_literal("127.0.0.1", 0);
  (void)state;
  h_assert_code(DGRAM_ENOENT, H(dgram_lookup_answer(h_stack(), 0, 1, &address)));
  h_assert_code(DGRAM_ENOENT, H(dgram_lookup_answer(h_stack(), UINT64_MAX, 1, &address)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_asked_from_the_loop_for_a_send),
      H_TEST(test_asked_for_a_bind),
      H_TEST(test_asked_for_a_connect),
      H_TEST(test_the_stacks_resolver_is_not),
      H_TEST(test_literals_never_ask),
      H_TEST(test_those_of_a_name_are_joined_in_their_order),
      H_TEST(test_each_socket_asks_its_own),
      H_TEST(test_1_leaves_it_to_the_stack),
      H_TEST(test_a_code_fails_what_waits),
      H_TEST(test_a_code_fails_a_bind),
      H_TEST(test_addresses_of_another_family),
      H_TEST(test_udp6_asks_for_ipv6),
      H_TEST(test_what_waits_counts),
      H_TEST(test_closed_before_it_is_asked),
      H_TEST(test_closed_in_the_function),
      H_TEST(test_aborted_while_it_thinks),
      H_TEST(test_the_end_of_the_stack_while_it_thinks),
      H_TEST(test_ids_that_are_none),
  };
  return H_MAIN(tests);
}
