/* Sending one datagram, to a literal: what arrives, when the callback runs, whose bytes they are.
 */

#include "harness.h"

static void bind_both(dgram_socket **ret_a, dgram_socket **ret_b) {
  *ret_a = h_bound("a", DGRAM_UDP4);
  *ret_b = h_bound("b", DGRAM_UDP4);
}

/* seed:send-1 seed:send-4 seed:send-5 seed:send-6 seed:send-14 seed:message-1 */
static void test_message_arrives_and_callback_runs(void **state) {
  dgram_socket *a, *b;
  (void)state;
  bind_both(&a, &b);
  h_assert_ok(h_send(a, "hello", h_address(b)));
  h_expect("");
  h_run_until("b message");
  h_run_until("a sent");
  h_expect_of("a", "sent 'hello'");
  h_expect_of("b", "message 'hello'");
}

/* seed:send-4 seed:send-5 */
static void test_to_a_literal_of_ipv6(void **state) {
  dgram_socket *a, *b;
  (void)state;
  h_need_ipv6();
  a = h_bound("a", DGRAM_UDP6);
  b = h_bound("b", DGRAM_UDP6);
  h_assert_ok(h_send_name(a, "hello", h_port(b), "::1"));
  h_run_until("b message 'hello'");
}

/* seed:send-2 seed:send-3 */
static void test_offset_and_length(void **state) {
  dgram_socket *a, *b;
  struct h_call *call;
  const char *bytes = "hello, world";
  (void)state;
  bind_both(&a, &b);
  call = h_call_new(a, "worl", 4);
  h_assert_ok(
      h_call_made(call, H(dgram_send(a, bytes + 7, 4, h_port(b), "127.0.0.1", h_on_sent, call))));
  h_run_until("b message 'worl'");
}

/* seed:send-17 */
static void test_length_counts_bytes(void **state) {
  dgram_socket *a, *b;
  (void)state;
  bind_both(&a, &b);
  h_assert_ok(h_send(a, "\xe2\x82\xac", h_address(b))); /* one character, three bytes */
  h_run_until("b message 3 bytes");
  h_run_until("a sent");
}

/* seed:send-1 issue:empty */
static void test_empty_datagram(void **state) {
  dgram_socket *a, *b;
  dgram_address to;
  (void)state;
  bind_both(&a, &b);
  to = h_address(b);
  h_assert_ok(h_send_bytes(a, NULL, 0, to));
  h_assert_ok(H(dgram_send_to(a, "x", 0, &to, NULL, NULL)));
  h_assert_ok(H(dgram_send(a, NULL, 0, to.port, NULL, NULL, NULL)));
  h_run_until_n("b message ''", 3);
  h_run_until("a sent '0 bytes'");
}

static void send_to_default(int type, const char *address) {
  dgram_socket *a = h_bound("a", type), *b = h_bound("b", type);
  h_assert_ok(h_send_name(a, "hello", h_port(b), address));
  h_run_until("b message 'hello'");
}

/* seed:send-9 unlike:default-address kept:default-address */
static void test_omitted_address_is_loopback(void **state) {
  (void)state;
  send_to_default(DGRAM_UDP4, NULL);
}

/* seed:send-9 unlike:default-address */
static void test_empty_address_is_loopback(void **state) {
  (void)state;
  send_to_default(DGRAM_UDP4, "");
}

/* seed:send-9 unlike:default-address */
static void test_omitted_address_is_loopback_udp6(void **state) {
  (void)state;
  h_need_ipv6();
  send_to_default(DGRAM_UDP6, NULL);
}

static void send_unbound(int type, const char *everywhere) {
  dgram_socket *b = h_bound("b", type), *a = h_socket("a", type);
  dgram_address address, expected;
  h_assert_ok(h_send(a, "hello", h_address(b)));
  h_assert_ok(dgram_local_address(a, &address)); /* within the call */
  assert_int_not_equal(address.port, 0);
  expected = h_literal(everywhere, address.port);
  assert_true(dgram_address_equal(&address, &expected));
  h_expect("");
  h_run_until("b message 'hello'");
  h_run_until("a listening");
  h_run_until("a sent");
  h_turns(2);
  assert_int_equal(h_count("a listening"), 1);
  h_send(b, "back", h_address(a));
  h_run_until("a message 'back'"); /* and it receives */
}

/* seed:send-11 kept:implicit-bind */
static void test_send_binds_an_unbound_socket(void **state) {
  (void)state;
  send_unbound(DGRAM_UDP4, "0.0.0.0");
}

/* seed:send-11 */
static void test_send_binds_an_unbound_socket_udp6(void **state) {
  (void)state;
  h_need_ipv6();
  send_unbound(DGRAM_UDP6, "::");
}

/* rule:2 seed:send-6 */
static void test_callback_does_not_run_in_the_call(void **state) {
  dgram_socket *a, *b;
  (void)state;
  bind_both(&a, &b);
  for (int i = 0; i < 200; i++)
    h_assert_ok(h_send(a, "x", h_address(b)));
  h_expect("");
  h_run_until_n("a sent", 200);
}

static size_t depth, resends;
static dgram_address resend_to;

static void resend(struct h_call *call, dgram_socket *socket) {
  (void)call;
  if (++depth > 1) h_violation("rule 2: a send callback within a send callback");
  if (resends > 0 && resends-- > 0) h_assert_ok(h_send_then(socket, "x", resend_to, resend));
  depth--;
}

/* rule:2 */
static void test_send_in_a_callback_never_recurses(void **state) {
  dgram_socket *a, *b;
  (void)state;
  bind_both(&a, &b);
  depth = 0;
  resends = 500;
  resend_to = h_address(b);
  h_assert_ok(h_send_then(a, "x", resend_to, resend));
  h_run_until_n("a sent", 501);
}

/* The buffer is overwritten as soon as it may be. */
static char borrowed[16];

static void overwrite(struct h_call *call, dgram_socket *socket) {
  (void)call;
  (void)socket;
  memset(borrowed, '!', sizeof(borrowed));
}

/* seed:send-12 rule:4 */
static void test_bytes_are_free_in_the_callback(void **state) {
  dgram_socket *b = h_bound("b", DGRAM_UDP4), *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind_to(a, "127.0.0.1", 0));
  snprintf(borrowed, sizeof(borrowed), "borrowed");
  h_assert_ok(h_send_then(a, borrowed, h_address(b), overwrite)); /* waits for the bind */
  h_run_until("b message");
  h_run_until("a sent");
  h_expect_of("b", "message 'borrowed'");
}

static void post_from_the_stack(dgram_socket *socket, int port, const char *address) {
  volatile char bytes[8] = "sevenby";
  h_assert_ok(H(dgram_send(socket, (const void *)bytes, 7, port, address, NULL, NULL)));
  memset((void *)bytes, '!', sizeof(bytes));
}

/* rule:4 */
static void test_bytes_without_callback_are_copied(void **state) {
  dgram_socket *b = h_bound("b", DGRAM_UDP4), *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  post_from_the_stack(a, h_port(b), "127.0.0.1"); /* unbound */
  post_from_the_stack(a, h_port(b), "127.0.0.1"); /* bound */
  post_from_the_stack(a, h_port(b), "localhost"); /* to be looked up */
  h_run_until_n("b message 'sevenby'", 3);
  h_turns(2);
  assert_int_equal(h_count("b message"), 3);
}

/* rule:4 */
static void test_bytes_are_copied_while_binding(void **state) {
  dgram_socket *b = h_bound("b", DGRAM_UDP4), *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind(a, NULL));
  post_from_the_stack(a, h_port(b), "127.0.0.1");
  h_run_until("b message 'sevenby'");
}

/* ---- long ones ---- */

/* The pattern that each position of a long datagram must have. */
static unsigned char pattern(size_t i) {
  return (unsigned char)(i * 31 + i / 251);
}

static size_t long_received;

static void check_pattern(dgram_socket *socket, const dgram_message *message, void *data) {
  const unsigned char *bytes = message->bytes;
  (void)socket;
  (void)data;
  long_received = message->length;
  for (size_t i = 0; i < message->length; i++) {
    if (bytes[i] != pattern(i)) {
      h_violation("byte %zu of %zu is wrong", i, message->length);
      break;
    }
  }
  h_tick();
}

static void send_long(int type, size_t length) {
  static unsigned char bytes[65536];
  dgram_socket *a = h_bound("a", type), *b = h_bound("b", type);
  for (size_t i = 0; i < sizeof(bytes); i++)
    bytes[i] = pattern(i);
  long_received = 0;
  h_assert_ok(dgram_on_message(b, check_pattern, NULL));
  h_assert_ok(h_send_bytes(a, bytes, length, h_address(b)));
  h_run_count(&long_received, 1);
  assert_int_equal(long_received, length);
  h_run_until("a sent");
  h_assert_code(DGRAM_EMSGSIZE, h_send_bytes(a, bytes, length + 1, h_address(b)));
  h_turns(2);
  assert_int_equal(h_count("b message"), 1);
}

/* seed:size-1 issue:65507 input:too-long */
static void test_the_longest_datagram(void **state) {
  (void)state;
  send_long(DGRAM_UDP4, 65507);
}

/* seed:size-1 */
static void test_the_longest_datagram_udp6(void **state) {
  (void)state;
  h_need_ipv6();
  send_long(DGRAM_UDP6, 65527);
}

/* Copies lie next to each other in the library's memory: none may run into another. */
static void check_filled(dgram_socket *socket, const dgram_message *message, void *data) {
  const unsigned char *bytes = message->bytes;
  size_t *received = data;
  (void)socket;
  if (message->length != 3000 + *received) h_violation("a length of %zu", message->length);
  for (size_t i = 0; i < message->length; i++) {
    if (bytes[i] == (unsigned char)*received) continue;
    h_violation("datagram %zu is overwritten at %zu", *received, i);
    break;
  }
  (*received)++;
  h_tick();
}

/* rule:4 */
static void test_many_copies_stay_apart(void **state) {
  enum { COPIES = 30, ROUNDS = 3 };
  static unsigned char bytes[3000 + COPIES];
  size_t received = 0;
  dgram_socket_options options = {
      .type = DGRAM_UDP4, .on_message = check_filled, .data = &received};
  dgram_socket *b = h_bound_with("b", &options, 0);
  dgram_address to = h_address(b);
  (void)state;
  for (int round = 0; round < ROUNDS; round++) {
    dgram_socket *a = h_socket("a", DGRAM_UDP4);
    received = 0;
    h_assert_ok(h_bind(a, NULL)); /* until it is bound all are kept */
    for (size_t i = 0; i < COPIES; i++) {
      memset(bytes, (int)i, sizeof(bytes));
      h_assert_ok(H(dgram_send_to(a, bytes, 3000 + i, &to, NULL, NULL)));
    }
    memset(bytes, 0xff, sizeof(bytes));
    h_run_count(&received, COPIES);
    h_assert_ok(h_end(a));
  }
}

/* ---- binding and sending ---- */

/* issue:queued-in-order seed:intro-1 */
static void test_sends_while_binding_are_queued_in_order(void **state) {
  dgram_socket *b = h_bound("b", DGRAM_UDP4), *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind(a, NULL));
  h_assert_ok(h_send(a, "1", h_address(b)));
  h_assert_ok(h_post(a, "2", h_address(b)));
  h_assert_ok(h_send(a, "3", h_address(b)));
  h_run_until("b message '3'");
  h_run_until("a sent '3'");
  h_expect_of("b", "message '1'; message '2'; message '3'");
  h_expect_of("a", "listening; bind OK; sent '1'; sent '3'");
}

/* better:failing-bind rule:3 */
static void test_sends_behind_a_failing_bind_get_its_error(void **state) {
  dgram_socket *b = h_bound("b", DGRAM_UDP4), *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind_to(a, "127.0.0.1", h_port(b)));
  h_assert_ok(h_send(a, "1", h_address(b)));
  h_assert_ok(h_send(a, "2", h_address(b)));
  h_run_until("a unsent '2'");
  h_run_until("a error");
  h_turns(2);
  assert_int_equal(h_count("a unsent '1' EADDRINUSE"), 1);
  assert_int_equal(h_count("a unsent '2' EADDRINUSE"), 1);
  assert_int_equal(h_count("a error bind EADDRINUSE"), 1);
  h_log_clear();
  h_assert_ok(h_bind(a, NULL)); /* and nothing of it is left */
  h_run_until("a bind OK");
  h_turns(2);
  h_expect("a listening; a bind OK");
}

/* better:failing-bind seed:send-16 */
static void test_posts_behind_a_failing_bind_are_errors(void **state) {
  dgram_socket *b = h_bound("b", DGRAM_UDP4), *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind_to(a, "127.0.0.1", h_port(b)));
  h_assert_ok(h_post(a, "1", h_address(b)));
  h_run_until_n("a error bind EADDRINUSE", 2); /* the datagram's, and the bind's own */
  h_turns(2);
  assert_int_equal(h_count("a error"), 2);
}

/* seed:send-7 input:port */
static void test_port_must_be_given(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  h_assert_code(DGRAM_EBADPORT, h_send_name(a, "x", 0, "127.0.0.1"));
  h_turns(2);
  h_expect("");
}

/* api:gather */
static void test_gathered_pieces_are_one_datagram(void **state) {
  dgram_buffer parts[40];
  char seen[64] = "message '";
  dgram_socket *a, *b;
  struct h_call *call;
  (void)state;
  bind_both(&a, &b);
  for (size_t i = 0; i < 20; i++) {
    parts[2 * i] = (dgram_buffer){.bytes = &"abcdefghijklmnopqrst"[i], .length = 1};
    parts[2 * i + 1] = (dgram_buffer){.bytes = NULL, .length = 0};
  }
  call = h_call_new(a, "3 parts", 3);
  h_assert_ok(
      h_call_made(call, H(dgram_send_gather(a, parts, 5, h_port(b), NULL, h_on_sent, call))));
  h_assert_ok(H(dgram_send_gather(a, parts, 40, h_port(b), "127.0.0.1", NULL, NULL)));
  h_assert_ok(H(dgram_send_gather(a, NULL, 0, h_port(b), "localhost", NULL, NULL)));
  h_run_until_n("b message", 3);
  h_run_until("a sent '3 parts'");
  strcat(seen, "abc'; message 'abcdefghijklmnopqrst'; message ''");
  h_expect_of("b", seen);
}

/* api:gather rule:4 */
static void test_gathered_pieces_are_copied(void **state) {
  dgram_socket *b = h_bound("b", DGRAM_UDP4), *a = h_socket("a", DGRAM_UDP4);
  char one[] = "one ", two[] = "two";
  dgram_buffer parts[] = {{one, 4}, {two, 3}};
  (void)state;
  h_assert_ok(h_bind(a, NULL));
  h_assert_ok(H(dgram_send_gather(a, parts, 2, h_port(b), NULL, NULL, NULL)));
  memset(one, '!', 4);
  memset(two, '!', 3);
  memset(parts, 0, sizeof(parts));
  h_run_until("b message 'one two'");
}

static void close_in_callback(struct h_call *call, dgram_socket *socket) {
  (void)call;
  h_assert_ok(h_end(socket));
}

/* seed:send-18 */
static void test_the_example_of_the_seed(void **state) {
  dgram_socket *b = h_bound("b", DGRAM_UDP4), *client = h_socket("client", DGRAM_UDP4);
  struct h_call *call = h_call_new(client, "Some bytes", 10);
  (void)state;
  call->then = close_in_callback;
  h_assert_ok(h_call_made(
      call, H(dgram_send(client, "Some bytes", 10, h_port(b), "localhost", h_on_sent, call))));
  h_run_until("client close");
  h_run_until("b message");
  h_expect_of("client", "listening; sent 'Some bytes'; close");
  h_expect_of("b", "message 'Some bytes'");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_message_arrives_and_callback_runs),
      H_TEST(test_to_a_literal_of_ipv6),
      H_TEST(test_offset_and_length),
      H_TEST(test_length_counts_bytes),
      H_TEST(test_empty_datagram),
      H_TEST(test_omitted_address_is_loopback),
      H_TEST(test_empty_address_is_loopback),
      H_TEST(test_omitted_address_is_loopback_udp6),
      H_TEST(test_send_binds_an_unbound_socket),
      H_TEST(test_send_binds_an_unbound_socket_udp6),
      H_TEST(test_callback_does_not_run_in_the_call),
      H_TEST(test_send_in_a_callback_never_recurses),
      H_TEST(test_bytes_are_free_in_the_callback),
      H_TEST(test_bytes_without_callback_are_copied),
      H_TEST(test_bytes_are_copied_while_binding),
      H_TEST(test_the_longest_datagram),
      H_TEST(test_the_longest_datagram_udp6),
      H_TEST(test_many_copies_stay_apart),
      H_TEST(test_sends_while_binding_are_queued_in_order),
      H_TEST(test_sends_behind_a_failing_bind_get_its_error),
      H_TEST(test_posts_behind_a_failing_bind_are_errors),
      H_TEST(test_port_must_be_given),
      H_TEST(test_gathered_pieces_are_one_datagram),
      H_TEST(test_gathered_pieces_are_copied),
      H_TEST(test_the_example_of_the_seed),
  };
  return H_MAIN(tests);
}
