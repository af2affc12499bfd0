/* Rule 7: datagrams to one destination as written leave in the order they were given. */

#include "harness.h"

/* A receiver that checks that the numbers which come are those of one sender, in order. */
static size_t next_number;

static void check_number(dgram_socket *socket, const dgram_message *message, void *data) {
  uint32_t number = 0;
  (void)socket;
  (void)data;
  h_callback("message");
  if (message->length != sizeof(number)) h_violation("a length of %zu", message->length);
  memcpy(&number, message->bytes, sizeof(number));
  if (number != next_number) h_violation("rule 7: %u came where %zu was due", number, next_number);
  next_number = number + 1;
  h_tick();
}

static dgram_socket *receiver(void) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .on_message = check_number};
  next_number = 0;
  return h_bound_with("b", &options, 0);
}

enum { ROUND = 150, NUMBERS = 4096 };

static uint32_t numbers[NUMBERS];
static dgram_datagram lists[NUMBERS];

static uint32_t *number(size_t i) {
  numbers[i] = (uint32_t)i;
  return &numbers[i];
}

/* Sends numbers [from, from + count) in one of the ways there are; returns how many. */
static size_t send_somehow(dgram_socket *a, dgram_address to, size_t from, uint32_t how) {
  size_t count = how / 8 % 20 + 1;
  struct h_call *call;
  if (from + count > NUMBERS) count = NUMBERS - from;
  for (size_t i = from; i < from + count; i++) {
    lists[i] = (dgram_datagram){.bytes = number(i), .length = 4, .to = to};
  }
  switch (how % 5) {
  case 0:
    h_assert_ok(h_send_bytes(a, number(from), 4, to));
    return 1;
  case 1:
    h_assert_ok(H(dgram_send_to(a, number(from), 4, &to, NULL, NULL)));
    return 1;
  case 2:
    call = h_call_new(a, "list", (long)count);
    h_assert_ok(
        h_call_made(call, H(dgram_send_many(a, &lists[from], count, h_on_sent_many, call))));
    return count;
  case 3:
    h_assert_ok(H(dgram_send_many(a, &lists[from], count, NULL, NULL)));
    return count;
  default:
    count = (size_t)H(dgram_try_send_many(a, &lists[from], count));
    assert_true(count <= NUMBERS);
    return count;
  }
}

/* rule:7 */
static void test_all_ways_of_sending_keep_one_order(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = receiver();
  dgram_address to = h_address(b);
  uint64_t chance = h_seed();
  size_t sent = 0;
  (void)state;
  while (sent + ROUND < NUMBERS) {
    size_t end = sent + 100; /* no more than a receive buffer holds */
    while (sent < end)
      sent += send_somehow(a, to, sent, h_random(&chance));
    h_run_count(&next_number, sent);
    h_log_clear();
  }
}

/* rule:7 issue:queued-in-order */
static void test_order_survives_the_bind(void **state) {
  dgram_socket *b = receiver(), *a = h_socket("a", DGRAM_UDP4);
  dgram_address to = h_address(b);
  uint64_t chance = h_seed();
  size_t sent = 0;
  (void)state;
  h_assert_ok(h_bind(a, NULL));
  while (sent < 100) {
    uint32_t how = h_random(&chance);
    if (how % 5 == 4) continue; /* a try says EAGAIN */
    sent += send_somehow(a, to, sent, how);
  }
  h_run_count(&next_number, sent);
}

/* Sends to a name, which waits for its lookup, by turns with and without callback. */
static void send_to_name(dgram_socket *a, size_t from, size_t to, int port, const char *name) {
  for (size_t i = from; i < to; i++) {
    if (i % 3 == 0) {
      h_assert_ok(H(dgram_send(a, number(i), 4, port, name, NULL, NULL)));
    } else {
      struct h_call *call = h_call_new(a, "number", 4);
      h_assert_ok(h_call_made(call, H(dgram_send(a, number(i), 4, port, name, h_on_sent, call))));
    }
  }
}

/* rule:7 */
static void test_order_survives_lookups(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = receiver();
  (void)state;
  for (size_t i = 0; i < 200; i += 20) {
    send_to_name(a, i, i + 20, h_port(b), "localhost");
    h_turns(i % 40 == 0 ? 1 : 2); /* some while the lookup is in flight, some after it */
  }
  h_run_count(&next_number, 200);
}

static int resend_port;

static void send_from_callback(struct h_call *call, dgram_socket *socket) {
  (void)call;
  send_to_name(socket, 2, 4, resend_port, "localhost");
}

/* rule:7 */
static void test_order_of_sends_in_a_callback(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = receiver();
  struct h_call *call = h_call_new(a, "first", 4);
  (void)state;
  call->then = send_from_callback;
  resend_port = h_port(b);
  h_assert_ok(
      h_call_made(call, H(dgram_send(a, number(0), 4, resend_port, "localhost", h_on_sent, call))));
  send_to_name(a, 1, 2, resend_port, "localhost");
  h_run_count(&next_number, 4);
}

/* rule:7 */
static void test_another_destination_may_overtake(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send_name(a, "by slow name", h_port(b), "slow.dgram.test"));
  h_assert_ok(h_send_name(a, "by name", h_port(b), "four.dgram.test"));
  h_assert_ok(h_send(a, "by address", h_address(b)));
  h_run_until("b message 'by name'");
  h_run_until("b message 'by address'");
  h_resolver_release();
  h_run_until("b message 'by slow name'");
}

/* rule:7 */
static void test_one_name_in_two_ports_is_two_destinations(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  dgram_socket *b = h_bound("b", DGRAM_UDP4), *c = h_bound("c", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send_name(a, "b1", h_port(b), "localhost"));
  h_assert_ok(h_send_name(a, "c1", h_port(c), "localhost"));
  h_assert_ok(h_send_name(a, "b2", h_port(b), "localhost"));
  h_assert_ok(h_send_name(a, "c2", h_port(c), "localhost"));
  h_run_until("b message 'b2'");
  h_run_until("c message 'c2'");
  h_expect_of("b", "message 'b1'; message 'b2'");
  h_expect_of("c", "message 'c1'; message 'c2'");
}

/* rule:7 rule:3 */
static void test_callbacks_come_in_the_order_of_the_calls(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send(a, "1", h_address(b)));
  h_assert_ok(h_send(a, "2", h_literal("127.0.0.1", 9)));
  h_assert_ok(h_send(a, "3", h_address(b)));
  h_run_until("a sent '3'");
  h_run_until("b message '3'");
  h_expect_of("a", "sent '1'; sent '2'; sent '3'");
}

static dgram_address sink;

static void on_ended(dgram_socket *socket, int status, void *data) {
  (void)socket, (void)status;
  h_log("%s", (const char *)data);
  h_tick();
}

static void on_list(dgram_socket *socket, dgram_datagram *list, size_t count, void *data) {
  (void)list, (void)count;
  on_ended(socket, 0, data);
}

/* The list leaves inside its call, since nothing stands before it; what follows it is flushed. */
static void list_and_flush(dgram_socket *socket, int status, void *data) {
  static dgram_datagram list[1];
  on_ended(socket, status, data);
  list[0] = (dgram_datagram){.bytes = "x", .length = 1, .to = sink};
  h_assert_ok(H(dgram_send_many(socket, list, 1, on_list, "list")));
  h_assert_ok(H(dgram_send_to(socket, "x", 1, &sink, on_ended, "last")));
  h_assert_ok(dgram_flush(h_stack()));
}

/* rule:7 rule:3 */
static void test_a_list_before_what_a_callback_flushes(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  sink = h_literal("127.0.0.1", 9);
  h_log_clear();
  h_assert_ok(H(dgram_send_to(a, "x", 1, &sink, list_and_flush, "first")));
  h_run_until("last");
  h_expect("first; list; last");
}

/* rule:3 api:send-many */
static void test_an_empty_list_does_not_overtake(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  sink = h_literal("127.0.0.1", 9);
  h_log_clear();
  h_assert_ok(H(dgram_send_many(a, NULL, 0, on_list, "empty")));
  h_assert_ok(H(dgram_send_to(a, "x", 1, &sink, on_ended, "1")));
  h_assert_ok(H(dgram_send_many(a, NULL, 0, on_list, "empty too")));
  h_assert_ok(H(dgram_send_to(a, "x", 1, &sink, on_ended, "2")));
  h_assert_ok(H(dgram_send_to(a, "x", 1, &sink, on_ended, "3")));
  h_assert_ok(H(dgram_send_many(a, NULL, 0, on_list, "and this")));
  h_assert_ok(H(dgram_send_many(a, NULL, 0, on_list, "last")));
  h_run_until("last");
  h_expect("empty; 1; empty too; 2; 3; and this; last");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_all_ways_of_sending_keep_one_order),
      H_TEST(test_order_survives_the_bind),
      H_TEST(test_order_survives_lookups),
      H_TEST(test_order_of_sends_in_a_callback),
      H_TEST(test_another_destination_may_overtake),
      H_TEST(test_one_name_in_two_ports_is_two_destinations),
      H_TEST(test_callbacks_come_in_the_order_of_the_calls),
      H_TEST(test_a_list_before_what_a_callback_flushes),
      H_TEST(test_an_empty_list_does_not_overtake),
  };
  return H_MAIN(tests);
}
