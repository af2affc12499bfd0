/* When the queue is handed to the stack. */

#include "sender.h"

#include <string.h>

#include "core/socket.h"

static void a_batch_leaves_within_the_call(void **state) {
  (void)state;
  bind_and_settle();
  for (int i = 0; i < DGRAM__SEND_BATCH - 1; i++)
    send_letter('a');
  assert_int_equal(fake.sent_count, 0);
  send_letter('a');
  assert_int_equal(fake.sent_count, DGRAM__SEND_BATCH);
  assert_string_equal(log_text, "");
  fake_turn(&fake);
  assert_int_equal(strlen(log_text), 3 * DGRAM__SEND_BATCH);
}

/* So that the kernel copies long ones while they are in the cache. */
static void a_batch_of_bytes_too(void **state) {
  static const char bytes[1200];
  const size_t batch = (DGRAM__SEND_BATCH_BYTES + sizeof bytes - 1) / sizeof bytes;

  (void)state;
  bind_and_settle();
  for (int round = 1; round <= 3; round++) {
    for (size_t i = 1; i < batch; i++)
      assert_int_equal(dgram_send_to(sock, bytes, sizeof bytes, &to, NULL, NULL), 0);
    assert_int_equal(fake.sent_count, (round - 1) * batch);
    assert_int_equal(dgram_send_to(sock, bytes, sizeof bytes, &to, on_sent, "z"), 0);
    assert_int_equal(fake.sent_count, round * batch);
  }
  fake_settle(&fake);
  expect_log("z1200 z1200 z1200 ");
}

static void a_batch_of_gathered_bytes(void **state) {
  static const char bytes[1200];
  const dgram_buffer parts[] = {{bytes, 600}, {bytes + 600, 600}};
  const size_t batch = (DGRAM__SEND_BATCH_BYTES + sizeof bytes - 1) / sizeof bytes;

  (void)state;
  bind_and_settle();
  for (size_t i = 1; i < batch; i++)
    assert_int_equal(dgram_send_gather(sock, parts, 2, 7, "192.0.2.1", NULL, NULL), 0);
  assert_int_equal(fake.sent_count, 0);
  assert_int_equal(dgram_send_gather(sock, parts, 2, 7, "192.0.2.1", NULL, NULL), 0);
  assert_int_equal(fake.sent_count, batch);
}

static void send_a_batch(void) {
  const size_t before = fake.sent_count;

  for (int i = 0; i < DGRAM__SEND_BATCH; i++)
    send_letter('b');
  assert_int_equal(fake.sent_count, before + DGRAM__SEND_BATCH);
}

static void a_batch_leaves_inside_a_callback(void **state) {
  (void)state;
  bind_and_settle();
  send_letter('a');
  act = send_a_batch;
  fake_turn(&fake);
  assert_null(act);
}

static void flush_sends_but_calls_nobody(void **state) {
  (void)state;
  send_letter('a');
  assert_int_equal(dgram_flush(fake_stack(&fake)), 0);
  assert_string_equal(sent(), "a");
  assert_string_equal(log_text, "");
  fake_settle(&fake);
  expect_log("a1 ");
}

#define FLUSH_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      FLUSH_TEST(a_batch_leaves_within_the_call), FLUSH_TEST(a_batch_of_bytes_too),
      FLUSH_TEST(a_batch_of_gathered_bytes),      FLUSH_TEST(a_batch_leaves_inside_a_callback),
      FLUSH_TEST(flush_sends_but_calls_nobody),
  };
  return cmocka_run_group_tests_name("flush", tests, NULL, NULL);
}
