#include "sender.h"

#include <string.h>

#include "core/socket.h"

/* ---- the happy path ---- */

static void leaves_in_the_turn_and_calls_back(void **state) {
  (void)state;
  assert_int_equal(send_letter('a'), 0);
  assert_int_equal(send_letter('b'), 0);
  assert_string_equal(sent(), "");
  assert_string_equal(log_text, "");
  fake_turn(&fake);
  assert_string_equal(sent(), "ab");
  assert_int_equal(fake.send_calls, 1);
  expect_log("a1 b1 ");
  assert_false(fake_turn(&fake));
  assert_true(dgram_address_equal(&fake.sent[1].to, &to));
}

/* A socket that has sends under way looks no less closely. */
static void bad_arguments_while_others_are_under_way(void **state) {
  dgram_address none = to, other = to;

  (void)state;
  none.port = 0;
  other.family = DGRAM_IPV6;
  bind_and_settle();
  send_letter('a');
  assert_int_equal(dgram_send_to(sock, "b", 1, &none, on_sent, "b"), DGRAM_EBADPORT);
  assert_int_equal(dgram_send_to(sock, "b", 1, &other, on_sent, "b"), DGRAM_EINVAL);
  assert_int_equal(dgram_send_to(sock, NULL, 1, &to, on_sent, "b"), DGRAM_EARGTYPE);
  assert_int_equal(dgram_send_to(sock, NULL, 0, &to, on_sent, "e"), 0);
  fake_settle(&fake);
  expect_log("a1 e0 ");
}

/* Rule 4. */
static void bytes_are_borrowed_with_a_callback_and_copied_without(void **state) {
  char bytes[] = "x";

  (void)state;
  assert_int_equal(dgram_send_to(sock, bytes, 1, &to, on_sent, bytes), 0);
  assert_int_equal(dgram_send_to(sock, bytes, 1, &to, NULL, NULL), 0);
  bytes[0] = 'y';
  fake_settle(&fake);
  assert_string_equal(sent(), "yx");
  assert_ptr_equal(fake.sent[0].bytes, bytes);
  assert_ptr_not_equal(fake.sent[1].bytes, bytes);
  expect_log("y1 ");
}

static void empty_ones_are_datagrams(void **state) {
  (void)state;
  assert_int_equal(dgram_send_to(sock, NULL, 0, &to, on_sent, (void *)(uintptr_t)letters), 0);
  assert_int_equal(dgram_send_to(sock, NULL, 0, &to, NULL, NULL), 0);
  assert_int_equal(
      dgram_send_gather(sock, NULL, 0, 7, NULL, on_sent, (void *)(uintptr_t)&letters[1]), 0);
  fake_settle(&fake);
  assert_int_equal(fake.sent_count, 3);
  expect_log("a0 b0 ");
}

static void parts_are_handed_on_but_not_too_many(void **state) {
  dgram_buffer parts[DGRAM__PARTS_MAX + 1];

  (void)state;
  for (int i = 0; i <= DGRAM__PARTS_MAX; i++)
    parts[i] = (dgram_buffer){&letters[i], 1};
  for (size_t count = DGRAM__PARTS_MAX; count <= DGRAM__PARTS_MAX + 1; count++) {
    assert_int_equal(
        dgram_send_gather(sock, parts, count, 7, NULL, on_sent, (void *)(uintptr_t)letters), 0);
    assert_int_equal(dgram_send_gather(sock, parts, count, 7, NULL, NULL, NULL), 0);
  }
  memset(parts, 0xa5, sizeof parts); /* the array is borrowed for the call only */
  fake_settle(&fake);
  assert_string_equal(sent(), "aaaa");
  assert_int_equal(fake.sent[0].parts, DGRAM__PARTS_MAX);
  assert_int_equal(fake.sent[1].parts, 0);
  assert_int_equal(fake.sent[2].parts, 0);
  assert_int_equal(fake.sent[2].length, DGRAM__PARTS_MAX + 1);
  expect_log("a16 a17 ");
}

static void pieces_may_be_empty(void **state) {
  const dgram_buffer parts[] = {{NULL, 0}, {"x", 1}, {NULL, 0}, {"yz", 2}};
  const dgram_buffer nothing[] = {{NULL, 0}, {"", 0}};

  (void)state;
  assert_int_equal(dgram_send_gather(sock, parts, 4, 7, NULL, NULL, NULL), 0);
  assert_int_equal(dgram_send_gather(sock, nothing, 2, 7, NULL, NULL, NULL), 0);
  assert_int_equal(
      dgram_send_gather(sock, nothing, 2, 7, NULL, on_sent, (void *)(uintptr_t)letters), 0);
  fake_settle(&fake);
  assert_int_equal(fake.sent_count, 3);
  assert_int_equal(fake.sent[0].first, 'x');
  assert_int_equal(fake.sent[0].length, 3);
  assert_int_equal(fake.sent[1].length, 0);
  expect_log("a0 ");
}

static void pieces_to_a_name(void **state) {
  const dgram_buffer parts[] = {{"x", 1}, {"y", 1}};

  (void)state;
  assert_int_equal(
      dgram_send_gather(sock, parts, 2, 7, "name.test", on_sent, (void *)(uintptr_t)letters), 0);
  fake_answer(&fake, "name.test", 5);
  fake_settle(&fake);
  assert_int_equal(fake.sent[0].to.bytes[3], 5);
  expect_log("a2 ");
}

static void addresses_as_text(void **state) {
  (void)state;
  assert_int_equal(dgram_send(sock, "x", 1, 1, "192.0.2.9", NULL, NULL), 0);
  assert_int_equal(dgram_send(sock, "x", 1, 65535, "", NULL, NULL), 0);
  fake_settle(&fake);
  assert_int_equal(fake.sent[0].to.bytes[3], 9);
  assert_int_equal(fake.sent[0].to.port, 1);
  assert_int_equal(fake.sent[1].to.bytes[0], 127);
  assert_int_equal(fake.sent[1].to.port, 65535);
  assert_int_equal(fake.lookup_count, 0);
}

static void counters_of_a_cancelled_one(void) {
  dgram_stats stats;

  assert_int_equal(dgram_get_stats(sock, &stats), 0);
  assert_int_equal(stats.dropped, 6);
  assert_int_equal(stats.errors_canceled, 1);
  assert_int_equal(stats.send_errors, 1);
}

static void counters(void **state) {
  dgram_stats stats;

  (void)state;
  send_letter('a');
  send_large(10);
  dgram_send_to(sock, NULL, 0, &to, NULL, NULL);
  assert_int_equal(dgram_get_stats(sock, &stats), 0);
  assert_int_equal(stats.queued, 3);
  assert_int_equal(stats.queued_bytes, 11);
  fake_settle(&fake);
  fake.send_code = DGRAM_EPERM;
  send_letter('b');
  fake_settle(&fake);
  fake_endpoint_of(sock)->base.send_calls = 3;
  fake_endpoint_of(sock)->base.receive_calls = 4;
  fake_endpoint_of(sock)->base.truncated = 5;
  fake_endpoint_of(sock)->base.sent_batches = 2;
  fake.dropped = 6;
  assert_int_equal(dgram_get_stats(sock, &stats), 0);
  assert_int_equal(stats.queued, 0);
  assert_int_equal(stats.queued_bytes, 0);
  assert_int_equal(stats.queued_high_water, 3);
  assert_int_equal(stats.sent, 3);
  assert_int_equal(stats.sent_bytes, 11);
  assert_int_equal(stats.send_errors, 1);
  assert_int_equal(stats.send_calls, 3);
  assert_int_equal(stats.receive_calls, 4);
  assert_int_equal(stats.truncated, 5);
  assert_int_equal(stats.sent_batches, 2);
  assert_int_equal(stats.dropped, 6);
  assert_int_equal(stats.errors_denied, 1);
  assert_int_equal(stats.errors_other, 0);
}

/* What the system dropped is known until the end; and a socket without a port has no system. */
static void counters_while_closing(void **state) {
  dgram_stats stats;

  (void)state;
  fake.dropped = 6;
  assert_int_equal(dgram_get_stats(sock, &stats), 0);
  assert_int_equal(stats.dropped, 0);
  fake.takes = 0;
  send_letter('a');
  fake_settle(&fake);
  send_to_name('b', "name.test");
  assert_int_equal(dgram_close(sock, NULL, NULL), 0);
  assert_int_equal(dgram_get_stats(sock, &stats), 0);
  assert_int_equal(stats.dropped, 6);
  assert_int_equal(dgram_abort(sock), 0);
  fake.dropped = 7;
  act = counters_of_a_cancelled_one;
  fake_settle(&fake);
  expect_log("b:ECANCELED a:ECANCELED close0 ");
  assert_int_equal(closed, 1);
}

/* Rule 11. */
static void nothing_is_allocated_in_the_steady_state(void **state) {
  size_t asked = 0;

  (void)state;
  for (int i = 0; i < 1000; i++) {
    if (i == 10) asked = fake.unit.asked;
    fake.sent_count = 0;
    log_text[0] = '\0';
    for (int j = 0; j < 100; j++)
      assert_int_equal(j % 2 == 0 ? send_letter('a') : send_large(500), 0);
    fake_settle(&fake);
  }
  assert_int_equal(fake.unit.asked, asked);
}

/* ---- a full system ---- */

static void a_short_send_waits_for_the_system(void **state) {
  (void)state;
  bind_and_settle();
  fake.takes = 2;
  for (char letter = 'a'; letter <= 'e'; letter++)
    send_letter(letter);
  fake_settle(&fake);
  assert_string_equal(sent(), "ab");
  expect_log("a1 b1 ");
  fake.takes = SIZE_MAX;
  send_letter('f');
  fake_settle(&fake);
  assert_string_equal(sent(), "ab");
  assert_int_equal(fake.send_calls, 1);
  fake_sendable(sock, DGRAM_EAGAIN);
  assert_string_equal(sent(), "abcdef");
  expect_log("c1 d1 e1 f1 ");
}

/* A stack that can only wait by queueing tells the result of the first. */
static void the_first_of_the_rest_may_come_with_its_result(void **state) {
  (void)state;
  bind_and_settle();
  fake.takes = 1;
  for (char letter = 'a'; letter <= 'd'; letter++)
    send_letter(letter);
  fake_settle(&fake);
  fake.takes = 1;
  fake_sendable(sock, DGRAM_ECONNREFUSED);
  assert_string_equal(sent(), "ac");
  expect_log("a1 b:ECONNREFUSED c1 ");
  fake_sendable(sock, 77);
  expect_log("d77 ");
  assert_string_equal(sent(), "ac");
}

/* More is queued meanwhile, so that the queue moves. */
static void a_blocked_queue_may_grow(void **state) {
  (void)state;
  bind_and_settle();
  fake.takes = 0;
  for (int i = 0; i < 1000; i++)
    assert_int_equal(send_letter((char)('a' + i % 26)), 0);
  fake_settle(&fake);
  assert_int_equal(fake.sent_count, 0);
  fake.takes = SIZE_MAX;
  fake_sendable(sock, DGRAM_EAGAIN);
  fake_settle(&fake);
  assert_int_equal(fake.sent_count, 1000);
  for (int i = 0; i < 1000; i++)
    assert_int_equal(fake.sent[i].first, 'a' + i % 26);
}

/* Rule 8. */
static void a_turn_is_bounded(void **state) {
  const int count = 3 * DGRAM__SEND_TURN;

  (void)state;
  assert_int_equal(dgram_bind(sock, NULL, NULL, NULL), 0);
  for (int i = 0; i < count; i++)
    assert_int_equal(send_silently('a'), 0);
  fake_turn(&fake);
  assert_int_equal(fake.sent_count, DGRAM__SEND_TURN);
  fake_turn(&fake);
  assert_int_equal(fake.sent_count, 2 * DGRAM__SEND_TURN);
  fake_settle(&fake);
  assert_int_equal(fake.sent_count, count);
}

/* Callbacks are bounded too, whatever they were called for. */
static void the_callbacks_of_a_turn_are_bounded(void **state) {
  const int count = 2 * DGRAM__SEND_TURN;
  size_t calls;

  (void)state;
  assert_int_equal(dgram_off_error(sock, on_error, &fake), 1);
  assert_int_equal(dgram_once_error(sock, on_error, &fake), 0);
  for (int kind = 0; kind < 2; kind++) {
    for (int i = 0; i < count; i++) {
      const char *name = kind == 0 ? "name.test" : "192.0.2.1";
      assert_int_equal(dgram_send(sock, "x", 1, 7, name, NULL, NULL), 0);
      /* Handed to the system, but not called back. */
      assert_int_equal(dgram_flush(fake_stack(&fake)), 0);
    }
    if (kind == 0) fake_answer(&fake, "name.test", DGRAM_ENOTFOUND);
    assert_int_equal(sock->stats.queued, count);
    fake_turn(&fake);
    assert_int_equal(sock->stats.queued, count - DGRAM__SEND_TURN);
    calls = fake.sent_count;
    fake_turn(&fake);
    assert_int_equal(sock->stats.queued, 0);
    assert_int_equal(fake.sent_count, calls);
  }
}

/* ---- the limits ---- */

static void the_limit_of_datagrams(void **state) {
  (void)state;
  fake_end(&fake);
  begin((dgram_socket_options){.type = DGRAM_UDP4, .max_queued_datagrams = 4});
  bind_and_settle();
  fake.takes = 0;
  for (char letter = 'a'; letter <= 'd'; letter++)
    assert_int_equal(send_letter(letter), 0);
  assert_int_equal(send_letter('e'), DGRAM_EQUEUEFULL);
  assert_int_equal(send_letter('f'), DGRAM_EQUEUEFULL);
  fake_settle(&fake);
  log_text[0] = '\0';
  fake.takes = 1;
  fake_sendable(sock, DGRAM_EAGAIN);
  expect_log("a1 ");
  fake.takes = SIZE_MAX;
  fake_sendable(sock, DGRAM_EAGAIN);
  expect_log("b1 drain2 c1 d1 ");
  assert_int_equal(send_letter('g'), 0);
  fake_settle(&fake);
  expect_log("g1 ");
}

static void the_limit_of_bytes(void **state) {
  (void)state;
  fake_end(&fake);
  begin((dgram_socket_options){.type = DGRAM_UDP4, .max_queued_bytes = 10});
  assert_int_equal(dgram_send_to(sock, letters, 11, &to, NULL, NULL), DGRAM_EQUEUEFULL);
  assert_int_equal(send_letter('a'), 0);
  fake_settle(&fake);
  expect_log("a1 "); /* no drain: it never fits */
  assert_int_equal(dgram_send_to(sock, letters, 10, &to, NULL, NULL), 0);
  assert_int_equal(send_letter('a'), DGRAM_EQUEUEFULL);
  assert_int_equal(dgram_send_to(sock, NULL, 0, &to, NULL, NULL), 0);
  fake_settle(&fake);
  expect_log("drain1 ");
}

/* Half of the bytes, and of the datagrams. */
static void drain_waits_for_half_of_the_bytes(void **state) {
  (void)state;
  fake_end(&fake);
  begin((dgram_socket_options){.type = DGRAM_UDP4, .max_queued_bytes = 12});
  bind_and_settle();
  fake.takes = 0;
  for (int i = 0; i < 4; i++)
    assert_int_equal(send_large(3), 0);
  assert_int_equal(send_letter('a'), DGRAM_EQUEUEFULL);
  fake_settle(&fake);
  fake.takes = 1;
  fake_sendable(sock, DGRAM_EAGAIN);
  expect_log("");
  fake.takes = 1;
  fake_sendable(sock, DGRAM_EAGAIN);
  expect_log("drain2 ");
  fake.takes = SIZE_MAX;
  fake_sendable(sock, DGRAM_EAGAIN);
  expect_log("");
}

static void act_send_b(void) {
  note("again", send_letter('b'));
}

/* Rule 9: until the callback has run. */
static void counted_until_the_callback_has_run(void **state) {
  (void)state;
  fake_end(&fake);
  begin((dgram_socket_options){.type = DGRAM_UDP4, .max_queued_datagrams = 1});
  send_letter('a');
  act = act_send_b;
  fake_settle(&fake);
  expect_log("a1 again:ERR_SOCKET_QUEUE_FULL drain0 ");
}

/* ---- failures ---- */

static void failures_go_to_the_callback_or_to_error(void **state) {
  (void)state;
  fake.send_code = DGRAM_EPERM;
  send_letter('a');
  send_silently('b');
  send_letter('c');
  fake_settle(&fake);
  expect_log("a:EPERM send(192.0.2.1,7):EPERM c:EPERM ");
}

static void bad_arguments_are_refused_at_once(void **state) {
  dgram_address other;
  const dgram_buffer part = {NULL, 1};
  const dgram_buffer large[] = {{letters, 65507}, {letters, 1}};
  char name[DGRAM__NAME_MAX + 2];

  (void)state;
  assert_int_equal(dgram_address_parse("::1", 7, &other), 0);
  assert_int_equal(dgram_send_to(sock, "", 0, &other, NULL, NULL), DGRAM_EINVAL);
  assert_int_equal(dgram_send_to(sock, "", 0, NULL, NULL, NULL), DGRAM_EARGTYPE);
  other = to;
  other.port = 0;
  assert_int_equal(dgram_send_to(sock, "", 0, &other, NULL, NULL), DGRAM_EBADPORT);
  assert_int_equal(dgram_send_to(sock, NULL, 1, &to, NULL, NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_send_to(sock, letters, 65508, &to, NULL, NULL), DGRAM_EMSGSIZE);
  assert_int_equal(dgram_send(sock, "", 0, 0, NULL, NULL, NULL), DGRAM_EBADPORT);
  assert_int_equal(dgram_send(sock, "", 0, 65536, NULL, NULL, NULL), DGRAM_EBADPORT);
  assert_int_equal(dgram_send(sock, "", 0, 7, "::1", NULL, NULL), DGRAM_EINVAL);
  assert_int_equal(dgram_send(sock, "", 0, 7, "a:b", NULL, NULL), DGRAM_EINVAL);
  memset(name, 'x', sizeof name);
  name[DGRAM__NAME_MAX + 1] = '\0';
  assert_int_equal(dgram_send(sock, "", 0, 7, name, NULL, NULL), DGRAM_ENAMETOOLONG);
  assert_int_equal(dgram_send(NULL, "", 0, 7, NULL, NULL, NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_send_to(NULL, "", 0, &to, NULL, NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_send_gather(NULL, NULL, 0, 7, NULL, NULL, NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_send_gather(sock, NULL, 0, 0, NULL, NULL, NULL), DGRAM_EBADPORT);
  assert_int_equal(dgram_send_gather(sock, large, 2, 7, NULL, NULL, NULL), DGRAM_EMSGSIZE);
  assert_int_equal(dgram_send_gather(sock, &part, 1, 7, NULL, NULL, NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_send_gather(sock, NULL, 1, 7, NULL, NULL, NULL), DGRAM_EARGTYPE);
  assert_false(fake_endpoint_of(sock)->bound);
  fake_settle(&fake);
  expect_log("");
}

static void an_implicit_bind_that_fails_fails_the_call(void **state) {
  (void)state;
  fake.bind_code = DGRAM_EMFILE;
  assert_int_equal(send_letter('a'), DGRAM_EMFILE);
  assert_int_equal(sock->stats.queued, 0);
  fake.bind_code = 0;
  assert_int_equal(send_letter('b'), 0);
  fake_settle(&fake);
  expect_log("b1 ");
}

static void on_bound(dgram_socket *socket, int status, void *data) {
  (void)socket;
  (void)data;
  note("bound", status);
}

/* The seed: queued, in order, while a bind is under way. */
static void sends_wait_for_a_bind(void **state) {
  const dgram_bind_options options = {.address = "name.test"};

  (void)state;
  assert_int_equal(dgram_bind(sock, &options, on_bound, NULL), 0);
  for (char letter = 'a'; letter <= 'c'; letter++)
    send_letter(letter);
  fake_settle(&fake);
  assert_string_equal(sent(), "");
  fake_answer(&fake, "name.test", 1);
  fake_settle(&fake);
  assert_string_equal(sent(), "abc");
  expect_log("bound0 a1 b1 c1 ");
}

static void a_failed_bind_fails_the_sends(void **state) {
  const dgram_bind_options options = {.address = "name.test"};

  (void)state;
  assert_int_equal(dgram_bind(sock, &options, on_bound, NULL), 0);
  send_letter('a');
  send_silently('b');
  fake_answer(&fake, "name.test", DGRAM_ENOTFOUND);
  fake_settle(&fake);
  expect_log("bound:ENOTFOUND getaddrinfo(name.test,0):ENOTFOUND "
             "a:ENOTFOUND getaddrinfo(192.0.2.1,7):ENOTFOUND ");
  assert_int_equal(send_letter('c'), 0);
  fake_settle(&fake);
  expect_log("c1 ");
}

static void send_another(void) {
  assert_int_equal(send_letter('d'), 0);
}

/* While failures of the last bind still wait to be told. */
static void a_send_after_a_failed_bind_binds_anew(void **state) {
  const dgram_bind_options options = {.address = "name.test"};

  (void)state;
  assert_int_equal(dgram_bind(sock, &options, NULL, NULL), 0);
  send_letter('a');
  send_letter('b');
  fake_answer(&fake, "name.test", DGRAM_ENOTFOUND);
  act = send_another;
  fake_settle(&fake);
  assert_string_equal(sent(), "d");
}

/* ---- names ---- */

static void names_are_looked_up_each_time_and_joined(void **state) {
  (void)state;
  send_to_name('a', "name.test");
  send_to_name('b', "other.test");
  send_to_name('c', "name.test");
  fake_settle(&fake);
  assert_int_equal(fake.lookup_count, 2);
  fake_answer(&fake, "name.test", 5);
  fake_settle(&fake);
  assert_string_equal(sent(), "ac");
  assert_int_equal(fake.sent[1].to.bytes[3], 5);
  assert_int_equal(fake.sent[1].to.port, 7);
  fake_answer(&fake, "other.test", 6);
  send_to_name('d', "name.test");
  assert_int_equal(fake.lookup_count, 3);
  fake_answer(&fake, "name.test", 6);
  fake_settle(&fake);
  assert_string_equal(sent(), "acbd");
  expect_log("a1 c1 b1 d1 ");
}

/* Alone, and twice: nothing else asks for the turn that tells it. */
static void an_unknown_name_alone(void **state) {
  (void)state;
  bind_and_settle();
  for (int i = 0; i < 2; i++) {
    send_to_name('a', "name.test");
    fake_answer(&fake, "name.test", DGRAM_ENOTFOUND);
    send_to_name('b', "other.test");
    fake_answer(&fake, "other.test", DGRAM_EAI_AGAIN);
    fake_settle(&fake);
    expect_log("a:ENOTFOUND b:EAI_AGAIN ");
  }
}

/* The largest payload that there is fits exactly. */
static void the_largest_payload(void **state) {
  (void)state;
  assert_int_equal(send_large(DGRAM__PAYLOAD_MAX_IPV4), 0);
  fake_settle(&fake);
  assert_int_equal(fake.sent[0].length, DGRAM__PAYLOAD_MAX_IPV4);
}

/* An answer for which the queue cannot grow fails its sends, each once. */
static void an_answer_without_memory_fails_its_sends(void **state) {
  (void)state;
  bind_and_settle();
  fake.takes = 0;
  for (int i = 0; i < DGRAM__QUEUE_CAPACITY_MIN; i++)
    send_silently('x');
  send_to_name('a', "name.test");
  send_to_name('b', "name.test");
  fake_settle(&fake);
  fake.unit.fail_once = fake.unit.asked + 1;
  fake_answer(&fake, "name.test", 1);
  fake.takes = SIZE_MAX;
  fake_sendable(sock, DGRAM_EAGAIN);
  fake_settle(&fake);
  assert_int_equal(fake.sent_count, DGRAM__QUEUE_CAPACITY_MIN + 1);
  assert_int_equal(fake.sent[DGRAM__QUEUE_CAPACITY_MIN].first, 'b');
  expect_log("a:ENOMEM b1 ");
}

static void an_unknown_name_fails_its_sends(void **state) {
  (void)state;
  send_to_name('a', "name.test");
  assert_int_equal(dgram_send(sock, "b", 1, 7, "name.test", NULL, NULL), 0);
  send_letter('c');
  fake_answer(&fake, "name.test", DGRAM_ENOTFOUND);
  fake_settle(&fake);
  expect_log("a:ENOTFOUND getaddrinfo(name.test,7):ENOTFOUND c1 ");
}

/* ---- memory ---- */

static void everything_once(void) {
  const dgram_buffer parts[] = {{"x", 1}, {"y", 1}};

  (void)send_letter('a');
  (void)send_silently('b');
  (void)send_to_name('c', "name.test");
  (void)dgram_send_gather(sock, parts, 2, 7, NULL, on_sent, (void *)(uintptr_t)letters);
  for (int i = 0; i < 70; i++)
    (void)send_silently('d');
  fake_settle(&fake);
  if (fake_in_flight(&fake) > 0) fake_answer(&fake, "name.test", 1);
  fake_settle(&fake);
}

/* A copy whose datagram was refused is given back: its block is filled anew, and none is added. */
static void a_refused_send_gives_its_copy_back(void **state) {
  size_t live;

  (void)state;
  bind_and_settle();
  assert_int_equal(send_large(60000), 0);
  fake_settle(&fake);
  live = fake.unit.live;
  for (int i = 0; i < 3; i++) {
    fake.takes = 0;
    for (int j = 0; j < DGRAM__QUEUE_CAPACITY_MIN; j++)
      assert_int_equal(send_letter('a'), 0);
    fake.unit.fail_once = fake.unit.asked + 1; /* the queue's growth; the block is a spare one */
    assert_int_equal(send_large(60000), DGRAM_ENOMEM);
    fake_settle(&fake);
    fake.takes = SIZE_MAX;
    fake_sendable(sock, DGRAM_EAGAIN);
    assert_int_equal(send_large(60000), 0);
    fake_settle(&fake);
    log_text[0] = '\0';
  }
  assert_int_equal(fake.unit.live, live);
}

/* No crash, no leak, and each accepted send has one end. */
static void each_allocation_may_fail(void **state) {
  size_t i = 1;
  size_t asked;

  (void)state;
  do {
    fake_end(&fake);
    set_up(NULL);
    asked = fake.unit.asked;
    fake.unit.fail_once = asked + i;
    everything_once();
    assert_int_equal(sock->stats.queued, 0);
    assert_int_equal(sock->stats.queued_bytes, 0);
    assert_true(i < 100);
  } while (fake.unit.asked >= asked + i++);
  assert_true(i > 5);
}

#define SEND_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

static void count_sent(dgram_socket *socket, int status, void *data) {
  (void)socket;
  assert_int_equal(status, 2);
  ++*(size_t *)data;
}

/* Tables of parts are copied next to each other, and the room comes back. */
static void copies_of_parts_are_given_back(void **state) {
  const dgram_buffer parts[] = {{"a", 1}, {"b", 1}};
  const size_t rounds = 3 * DGRAM__BLOCK_SIZE / sizeof parts;
  size_t ended = 0, live = 0;

  (void)state;
  bind_and_settle();
  for (size_t i = 1; i <= rounds; i++) {
    fake.sent_count = 0;
    assert_int_equal(dgram_send_gather(sock, parts, 2, 7, "192.0.2.1", count_sent, &ended), 0);
    fake_settle(&fake);
    assert_int_equal(ended, i);
    if (i == 1) live = fake.unit.live;
  }
  assert_int_equal(fake.unit.live, live);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      SEND_TEST(leaves_in_the_turn_and_calls_back),
      SEND_TEST(bytes_are_borrowed_with_a_callback_and_copied_without),
      SEND_TEST(empty_ones_are_datagrams),
      SEND_TEST(parts_are_handed_on_but_not_too_many),
      SEND_TEST(pieces_may_be_empty),
      SEND_TEST(pieces_to_a_name),
      SEND_TEST(addresses_as_text),
      SEND_TEST(counters),
      SEND_TEST(counters_while_closing),
      SEND_TEST(nothing_is_allocated_in_the_steady_state),
      SEND_TEST(a_short_send_waits_for_the_system),
      SEND_TEST(the_first_of_the_rest_may_come_with_its_result),
      SEND_TEST(a_blocked_queue_may_grow),
      SEND_TEST(a_turn_is_bounded),
      SEND_TEST(the_callbacks_of_a_turn_are_bounded),
      SEND_TEST(the_limit_of_datagrams),
      SEND_TEST(drain_waits_for_half_of_the_bytes),
      SEND_TEST(the_limit_of_bytes),
      SEND_TEST(copies_of_parts_are_given_back),
      SEND_TEST(counted_until_the_callback_has_run),
      SEND_TEST(failures_go_to_the_callback_or_to_error),
      SEND_TEST(bad_arguments_are_refused_at_once),
      SEND_TEST(an_implicit_bind_that_fails_fails_the_call),
      SEND_TEST(sends_wait_for_a_bind),
      SEND_TEST(a_failed_bind_fails_the_sends),
      SEND_TEST(a_send_after_a_failed_bind_binds_anew),
      SEND_TEST(bad_arguments_while_others_are_under_way),
      SEND_TEST(names_are_looked_up_each_time_and_joined),
      SEND_TEST(an_unknown_name_alone),
      SEND_TEST(the_largest_payload),
      SEND_TEST(an_answer_without_memory_fails_its_sends),
      SEND_TEST(an_unknown_name_fails_its_sends),
      SEND_TEST(a_refused_send_gives_its_copy_back),
      SEND_TEST(each_allocation_may_fail),
  };
  return cmocka_run_group_tests_name("send", tests, NULL, NULL);
}
