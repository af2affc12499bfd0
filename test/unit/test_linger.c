/* What becomes of accepted datagrams when their socket closes: rule 6. */

#include "sender.h"

#include <string.h>

#include "core/socket.h"

static void close_lets_the_queue_leave_at_once(void **state) {
  (void)state;
  send_letter('a');
  assert_int_equal(dgram_close(sock, NULL, NULL), 0);
  assert_string_equal(sent(), "a");
  assert_true(fake_endpoint_of(sock)->gone);
  assert_int_equal(send_letter('b'), DGRAM_ENOTRUNNING);
  expect_log("");
  fake_settle(&fake);
  expect_log("a1 close0 ");
}

static void close_lingers_without_turning(void **state) {
  (void)state;
  bind_and_settle();
  fake.takes = 0;
  send_letter('a');
  send_silently('b');
  fake_settle(&fake);
  assert_int_equal(dgram_close(sock, NULL, NULL), 0);
  fake_settle(&fake);
  assert_false(fake_endpoint_of(sock)->receiving);
  assert_false(fake_endpoint_of(sock)->gone);
  fake_pass(&fake, 4999 * DGRAM_MILLISECOND);
  fake_settle(&fake);
  expect_log("");
  fake_pass(&fake, 1 * DGRAM_MILLISECOND);
  fake_settle(&fake);
  expect_log("a:ECANCELED send(192.0.2.1,7):ECANCELED close0 ");
}

static void a_lingering_socket_ends_when_all_has_left(void **state) {
  (void)state;
  bind_and_settle();
  fake.takes = 0;
  send_letter('a');
  fake_settle(&fake);
  dgram_close(sock, NULL, NULL);
  fake.takes = SIZE_MAX;
  fake_sendable(sock, DGRAM_EAGAIN);
  fake_settle(&fake);
  expect_log("a1 close0 ");
  assert_true(fake.alarm_ns == UINT64_MAX);
}

static void a_lingering_socket_is_owed_no_drain(void **state) {
  (void)state;
  fake_end(&fake);
  begin((dgram_socket_options){.type = DGRAM_UDP4, .max_queued_datagrams = 1});
  bind_and_settle();
  fake.takes = 0;
  send_letter('a');
  assert_int_equal(send_letter('b'), DGRAM_EQUEUEFULL);
  fake_settle(&fake);
  dgram_close(sock, NULL, NULL);
  fake.takes = SIZE_MAX;
  fake_sendable(sock, DGRAM_EAGAIN);
  fake_settle(&fake);
  expect_log("a1 close0 ");
}

/* By option, or for want of memory: what has not left is cancelled at once, and said. */
static void close_without_a_linger(void **state) {
  (void)state;
  for (int round = 0; round < 2; round++) {
    fake_end(&fake);
    begin((dgram_socket_options){.type = DGRAM_UDP4, .linger_ms = round == 0 ? -1 : 10});
    bind_and_settle();
    fake.takes = 0;
    send_letter('a');
    send_silently('b');
    fake_settle(&fake);
    fake.unit.fail_from = round == 0 ? 0 : fake.unit.asked + 1;
    assert_int_equal(dgram_close(sock, NULL, NULL), 0);
    assert_true(fake_endpoint_of(sock)->gone);
    fake_settle(&fake);
    fake.unit.fail_from = 0;
    expect_log("a:ECANCELED send(192.0.2.1,7):ECANCELED close0 ");
  }
}

/* Whose result comes by the telling: nothing is left to flush, so nothing else ends the linger. */
static void a_lingering_socket_ends_with_a_told_result(void **state) {
  (void)state;
  bind_and_settle();
  fake.takes = 0;
  send_letter('a');
  fake_settle(&fake);
  dgram_close(sock, NULL, NULL);
  fake_sendable(sock, 1);
  fake_settle(&fake);
  expect_log("a1 close0 ");
}

static void a_name_that_is_never_answered_ends_with_the_linger(void **state) {
  (void)state;
  send_to_name('a', "name.test");
  fake_settle(&fake);
  dgram_close(sock, NULL, NULL);
  fake_settle(&fake);
  expect_log("");
  fake_pass(&fake, 5000 * DGRAM_MILLISECOND);
  fake_settle(&fake);
  expect_log("a:ECANCELED close0 ");
  assert_int_equal(fake.cancelled, 1);
}

static void a_name_answered_in_the_linger_leaves(void **state) {
  (void)state;
  send_to_name('a', "name.test");
  dgram_close(sock, NULL, NULL);
  fake_settle(&fake);
  fake_answer(&fake, "name.test", 1);
  fake_settle(&fake);
  assert_string_equal(sent(), "a");
  expect_log("a1 close0 ");
}

static void abort_cancels(void **state) {
  (void)state;
  bind_and_settle();
  fake.takes = 0;
  send_letter('a');
  send_silently('b');
  send_to_name('c', "name.test");
  assert_int_equal(dgram_abort(sock), 0);
  assert_true(fake_endpoint_of(sock)->gone);
  expect_log("");
  fake_settle(&fake);
  assert_non_null(strstr(log_text, "a:ECANCELED "));
  assert_non_null(strstr(log_text, "c:ECANCELED "));
  assert_non_null(strstr(log_text, "close0 "));
  assert_null(strstr(log_text, "send"));
}

static void act_abort(void) {
  assert_int_equal(dgram_abort(sock), 0);
}

static void act_close(void) {
  assert_int_equal(dgram_close(sock, NULL, NULL), 0);
}

/* Who closes twice, or has no memory to be told of the end. */
static void close_and_abort_refuse(void **state) {
  (void)state;
  bind_and_settle();
  fake.takes = 0;
  send_letter('a');
  fake_settle(&fake);
  assert_int_equal(dgram_close(NULL, NULL, NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_abort(NULL), DGRAM_EARGTYPE);
  assert_null(dgram_ref(NULL));
  assert_null(dgram_unref(NULL));
  fake.unit.fail_once = fake.unit.asked + 1;
  assert_int_equal(dgram_close(sock, on_close, NULL), DGRAM_ENOMEM);
  assert_int_equal(send_letter('b'), 0);
  assert_int_equal(dgram_close(sock, NULL, NULL), 0);
  assert_int_equal(dgram_close(sock, NULL, NULL), DGRAM_ENOTRUNNING);
  assert_ptr_equal(dgram_unref(sock), sock);
  assert_ptr_equal(dgram_ref(sock), sock);
  assert_int_equal(dgram_abort(sock), 0); /* cuts the linger short */
  assert_int_equal(dgram_abort(sock), DGRAM_ENOTRUNNING);
  assert_int_equal(dgram_flush(fake_stack(&fake)), 0);
  fake_settle(&fake);
  expect_log("a:ECANCELED b:ECANCELED close0 ");
}

/* A stack may tell late what became of what it had queued. */
static void a_telling_after_abort_changes_nothing(void **state) {
  (void)state;
  bind_and_settle();
  fake.takes = 0;
  send_letter('a');
  fake_settle(&fake);
  assert_int_equal(dgram_abort(sock), 0);
  fake_sendable(sock, 1);
  expect_log("");
  fake_settle(&fake);
  expect_log("a:ECANCELED close0 ");
}

static void abort_in_a_callback(void **state) {
  (void)state;
  bind_and_settle();
  fake.takes = 2;
  for (char letter = 'a'; letter <= 'd'; letter++)
    send_letter(letter);
  act = act_abort;
  fake_settle(&fake);
  expect_log("a1 b1 c:ECANCELED d:ECANCELED close0 ");
}

static void close_in_a_callback(void **state) {
  (void)state;
  bind_and_settle();
  for (char letter = 'a'; letter <= 'd'; letter++)
    send_letter(letter);
  act = act_close;
  fake_settle(&fake);
  expect_log("a1 b1 c1 d1 close0 ");
}

static void an_endpoint_that_closes_later(void **state) {
  struct fake_endpoint *endpoint = fake_endpoint_of(sock);

  (void)state;
  fake.closes_later = true;
  send_letter('a');
  dgram_close(sock, NULL, NULL);
  fake_settle(&fake);
  expect_log("a1 ");
  dgram__endpoint_closed(&endpoint->base);
  fake_settle(&fake);
  expect_log("close0 ");
}

static void abort_cancels_names_in_their_order(void **state) {
  (void)state;
  bind_and_settle();
  send_to_name('a', "name.test");
  send_to_name('b', "other.test");
  send_to_name('c', "name.test");
  send_to_name('d', "third.test");
  fake_answer(&fake, "other.test", DGRAM_ENOTFOUND);
  assert_int_equal(dgram_abort(sock), 0);
  assert_int_equal(fake.cancelled, 2);
  fake_settle(&fake);
  expect_log("b:ENOTFOUND a:ECANCELED c:ECANCELED d:ECANCELED close0 ");
}

#define LINGER_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      LINGER_TEST(close_lets_the_queue_leave_at_once),
      LINGER_TEST(close_lingers_without_turning),
      LINGER_TEST(a_lingering_socket_ends_when_all_has_left),
      LINGER_TEST(a_lingering_socket_is_owed_no_drain),
      LINGER_TEST(close_without_a_linger),
      LINGER_TEST(a_lingering_socket_ends_with_a_told_result),
      LINGER_TEST(a_name_that_is_never_answered_ends_with_the_linger),
      LINGER_TEST(a_name_answered_in_the_linger_leaves),
      LINGER_TEST(abort_cancels),
      LINGER_TEST(close_and_abort_refuse),
      LINGER_TEST(a_telling_after_abort_changes_nothing),
      LINGER_TEST(abort_in_a_callback),
      LINGER_TEST(close_in_a_callback),
      LINGER_TEST(an_endpoint_that_closes_later),
      LINGER_TEST(abort_cancels_names_in_their_order),
  };
  return cmocka_run_group_tests_name("linger", tests, NULL, NULL);
}
