/* Lists of datagrams: dgram_send_many and dgram_try_send_many. */

#include "harness.h"

enum { MANY = 100 };

static dgram_datagram list[MANY];
static char texts[MANY][8];

static void fill(size_t count, const dgram_address *to) {
  memset(list, 0, sizeof(list));
  for (size_t i = 0; i < count; i++) {
    int length = snprintf(texts[i], sizeof(texts[i]), "%zu", i);
    list[i] =
        (dgram_datagram){.bytes = texts[i], .length = (size_t)length, .to = *to, .result = 12345};
  }
}

/* Whether `count` messages came to b, numbered from 0, in order. */
static size_t in_order;

static void check_order(dgram_socket *socket, const dgram_message *message, void *data) {
  char expected[8];
  int length = snprintf(expected, sizeof(expected), "%zu", in_order);
  (void)socket;
  (void)data;
  if (message->length != (size_t)length || memcmp(message->bytes, expected, message->length) != 0) {
    h_violation("%.*s came where %zu was due", (int)message->length, (const char *)message->bytes,
                in_order);
  }
  in_order++;
  h_tick();
}

static dgram_socket *ordered(const char *name) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .on_message = check_order};
  in_order = 0;
  return h_bound_with(name, &options, 0);
}

static int send_list(dgram_socket *socket, size_t count) {
  struct h_call *call = h_call_new(socket, "list", (long)count);
  return h_call_made(call, H(dgram_send_many(socket, list, count, h_on_sent_many, call)));
}

/* api:send-many rule:7 better:batches */
static void test_a_list_arrives_in_order(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = ordered("b");
  dgram_address to = h_address(b);
  (void)state;
  fill(MANY, &to);
  h_assert_ok(send_list(a, MANY));
  h_expect("");
  h_run_until("a sent");
  h_run_count(&in_order, MANY);
  h_expect("a sent 100 of 100");
  for (size_t i = 0; i < MANY; i++)
    assert_int_equal(list[i].result, list[i].length);
}

/* api:send-many seed:send-11 */
static void test_a_list_binds_an_unbound_socket(void **state) {
  dgram_socket *b = ordered("b"), *a = h_socket("a", DGRAM_UDP4);
  dgram_address to = h_address(b);
  (void)state;
  fill(3, &to);
  h_assert_ok(send_list(a, 3));
  h_run_count(&in_order, 3);
  h_run_until("a sent 3 of 3");
}

/* api:send-many issue:queued-in-order */
static void test_a_list_waits_for_the_bind(void **state) {
  dgram_socket *b = ordered("b"), *a = h_socket("a", DGRAM_UDP4);
  dgram_address to = h_address(b);
  (void)state;
  fill(5, &to);
  h_assert_ok(h_bind(a, NULL));
  h_assert_ok(send_list(a, 5));
  h_run_until("a sent");
  h_run_count(&in_order, 5);
  h_expect("a listening; a bind OK; a sent 5 of 5");
}

/* rule:4 api:send-many */
static void test_a_list_without_callback_is_copied(void **state) {
  dgram_socket *b = ordered("b"), *a = h_socket("a", DGRAM_UDP4);
  dgram_address to = h_address(b);
  (void)state;
  fill(10, &to);
  h_assert_ok(h_bind(a, NULL));
  h_assert_ok(H(dgram_send_many(a, list, 10, NULL, NULL)));
  memset(list, 0xff, sizeof(list));
  memset(texts, '!', sizeof(texts));
  h_run_count(&in_order, 10);
}

/* api:send-many */
static void test_an_empty_list_completes(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(send_list(a, 0));
  h_assert_ok(H(dgram_send_many(a, NULL, 0, NULL, NULL)));
  h_expect("");
  h_run_until("a sent 0 of 0");
}

/* api:send-many */
static void test_each_may_go_to_another_address(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  dgram_socket *b = h_bound("b", DGRAM_UDP4), *c = h_bound("c", DGRAM_UDP4);
  dgram_address to = h_address(b);
  (void)state;
  fill(4, &to);
  list[1].to = h_address(c);
  list[3].to = h_address(c);
  h_assert_ok(send_list(a, 4));
  h_run_until("b message '2'");
  h_run_until("c message '3'");
  h_run_until("a sent 4 of 4");
  h_expect_of("b", "message '0'; message '2'");
  h_expect_of("c", "message '1'; message '3'");
}

/* api:send-many rule:3 */
static void test_all_or_nothing(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_address to = h_address(b);
  (void)state;
  fill(4, &to);
  list[2].to.port = 0;
  h_assert_code(DGRAM_EBADPORT, send_list(a, 4));
  assert_int_equal(dgram_try_send_many(a, list, 4), DGRAM_EBADPORT);
  list[2].to = h_literal("::1", 9);
  h_assert_code(DGRAM_EINVAL, send_list(a, 4));
  list[2].to = to;
  list[2].length = 65508;
  h_assert_code(DGRAM_EMSGSIZE, send_list(a, 4));
  list[2].length = 1;
  list[2].bytes = NULL;
  h_assert_code(DGRAM_EARGTYPE, send_list(a, 4));
  h_turns(3);
  h_expect("");
}

static const dgram_send_info unknown_info = {.set = UINT32_C(1) << 31};

/* rule:10 api:send-info */
static void test_info_that_no_stack_can_do(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_send_info nothing = {0};
  dgram_address to = h_address(b);
  (void)state;
  fill(2, &to);
  list[1].info = &unknown_info;
  h_assert_code(DGRAM_ENOTSUP, send_list(a, 2));
  assert_int_equal(dgram_try_send_many(a, list, 2), DGRAM_ENOTSUP);
  list[1].info = &nothing; /* asks for nothing */
  h_assert_ok(send_list(a, 2));
  h_run_until_n("b message", 2);
  h_run_until("a sent 2 of 2");
}

/* api:send-many */
static void test_one_that_fails_does_not_stop_the_others(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_address to = h_address(b);
  (void)state;
  fill(3, &to);
  list[1].to = h_literal("127.255.255.255", 9); /* without dgram_set_broadcast */
  h_assert_ok(send_list(a, 3));
  h_run_until("b message '2'");
  h_run_until("a sent 2 of 3");
  assert_int_equal(list[0].result, 1);
  assert_true(list[1].result < 0);
  assert_int_equal(list[2].result, 1);
  h_assert_ok(H(dgram_send_many(a, list, 3, NULL, NULL)));
  h_run_until("a error send");
  h_turns(2);
  assert_int_equal(h_count("a error"), 1);
}

/* api:gather api:send-many */
static void test_a_list_with_parts(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_buffer parts[] = {{"one ", 4}, {NULL, 0}, {"two", 3}};
  dgram_address to = h_address(b);
  (void)state;
  fill(2, &to);
  list[0] = (dgram_datagram){.bytes = parts, .length = 7, .to = to, .parts = 3};
  h_assert_ok(send_list(a, 2));
  h_run_until("b message '1'");
  h_run_until("a sent 2 of 2");
  h_expect_of("b", "message 'one two'; message '1'");
}

/* api:try-send-many */
static void test_try_sends_now(void **state) {
  dgram_socket *b = ordered("b"), *a = h_socket("a", DGRAM_UDP4);
  dgram_address to = h_address(b);
  int sent;
  (void)state;
  fill(10, &to);
  sent = H(dgram_try_send_many(a, list, 10)); /* binds, too */
  assert_in_range(sent, 1, 10);
  for (int i = 0; i < sent; i++)
    assert_int_equal(list[i].result, list[i].length);
  assert_int_equal(H(dgram_try_send_many(a, list, 0)), 0);
  h_run_count(&in_order, (size_t)sent);
  h_turns(2);
  assert_int_equal(in_order, sent);
}

/* api:try-send-many */
static void test_try_reports_in_results_only(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_address to = h_address(b);
  (void)state;
  fill(3, &to);
  list[1].to = h_literal("127.255.255.255", 9);
  assert_int_equal(H(dgram_try_send_many(a, list, 3)), 3);
  assert_true(list[1].result < 0);
  h_run_until("b message '2'");
  h_turns(2);
  h_expect("b message '0'; b message '2'");
}

/* api:try-send-many */
static void test_try_while_binding(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  dgram_address to = h_literal("127.0.0.1", 9);
  (void)state;
  fill(1, &to);
  h_assert_ok(h_bind(a, NULL));
  assert_int_equal(H(dgram_try_send_many(a, list, 1)), DGRAM_EAGAIN);
  h_run_until("a bind OK");
}

/* api:try-send-many rule:7 */
static void test_try_does_not_overtake_the_queue(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = ordered("b");
  dgram_address to = h_address(b);
  int sent;
  (void)state;
  fill(2, &to);
  h_assert_ok(send_list(a, 1));
  sent = H(dgram_try_send_many(a, list + 1, 1));
  assert_in_range(sent, 0, 1);
  h_run_until("a sent 1 of 1");
  if (sent == 0) assert_int_equal(H(dgram_try_send_many(a, list + 1, 1)), 1);
  h_run_count(&in_order, 2);
}

static size_t answers;

static void answer_with_a_list(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)data;
  if (answers++ > 0) return;
  fill(MANY, &message->from);
  h_assert_ok(send_list(socket, 50));
}

/* api:send-many rule:2 */
static void test_a_list_from_a_message_callback(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = ordered("b");
  (void)state;
  answers = 0;
  h_assert_ok(dgram_on_message(a, answer_with_a_list, NULL));
  h_assert_ok(h_send(b, "go", h_address(a)));
  h_run_until("a sent 50 of 50");
  h_run_count(&in_order, 50);
}

/* rule:6 rule:3 */
static void test_a_list_on_a_closing_socket_goes_out(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = ordered("b");
  dgram_address to = h_address(b);
  (void)state;
  fill(MANY, &to);
  h_assert_ok(send_list(a, MANY));
  h_assert_ok(h_end(a));
  h_run_until("a close");
  h_run_count(&in_order, MANY);
  h_expect("a sent 100 of 100; a close");
}

/* rule:3 api:abort */
static void test_an_aborted_list_is_cancelled(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  dgram_address to = h_literal("127.0.0.1", 9);
  (void)state;
  fill(3, &to);
  h_assert_ok(h_bind(a, NULL));
  h_assert_ok(send_list(a, 3));
  h_assert_ok(H(dgram_abort(a)));
  h_run_until("a close");
  for (size_t i = 0; i < 3; i++)
    h_assert_code(DGRAM_ECANCELED, list[i].result);
  assert_int_equal(h_count("a sent 0 of 3"), 1);
}

/* better:batches */
static void test_a_list_takes_few_system_calls(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = ordered("b");
  dgram_address to = h_address(b);
  dgram_stats stats;
  (void)state;
  if (h_kind() != H_LINUX) h_skip("batches are a promise of the linux stack");
  if (getenv("DGRAM_DISABLE") != NULL) h_skip("DGRAM_DISABLE is set");
  fill(MANY, &to);
  h_assert_ok(send_list(a, MANY));
  h_run_until("a sent");
  h_run_count(&in_order, MANY);
  h_assert_ok(dgram_get_stats(a, &stats));
  assert_int_equal(stats.sent, MANY);
  assert_in_range(stats.send_calls, 1, MANY / 10);
  h_assert_ok(dgram_get_stats(b, &stats));
  assert_int_equal(stats.received, MANY);
  assert_in_range(stats.receive_calls, 1, MANY / 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_a_list_arrives_in_order),
      H_TEST(test_a_list_binds_an_unbound_socket),
      H_TEST(test_a_list_waits_for_the_bind),
      H_TEST(test_a_list_without_callback_is_copied),
      H_TEST(test_an_empty_list_completes),
      H_TEST(test_each_may_go_to_another_address),
      H_TEST(test_all_or_nothing),
      H_TEST(test_info_that_no_stack_can_do),
      H_TEST(test_one_that_fails_does_not_stop_the_others),
      H_TEST(test_a_list_with_parts),
      H_TEST(test_try_sends_now),
      H_TEST(test_try_reports_in_results_only),
      H_TEST(test_try_while_binding),
      H_TEST(test_try_does_not_overtake_the_queue),
      H_TEST(test_a_list_from_a_message_callback),
      H_TEST(test_a_list_on_a_closing_socket_goes_out),
      H_TEST(test_an_aborted_list_is_cancelled),
      H_TEST(test_a_list_takes_few_system_calls),
  };
  return H_MAIN(tests);
}
