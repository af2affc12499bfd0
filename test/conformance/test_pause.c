/* dgram_pause and dgram_resume: receiving apart from binding. */

#include "harness.h"

/* api:pause */
static void test_what_comes_in_a_pause_waits(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_stats stats;
  (void)state;
  h_assert_ok(H(dgram_pause(b)));
  h_assert_ok(h_send(a, "1", h_address(b)));
  h_assert_ok(h_send(a, "2", h_address(b)));
  h_run_until("a sent '2'");
  h_turns(3);
  h_expect_of("b", "");
  h_assert_ok(dgram_get_stats(b, &stats));
  assert_int_equal(stats.received, 0); /* it waits in the kernel, not in the library */
  h_assert_ok(H(dgram_resume(b)));
  h_expect_of("b", "");
  h_run_until("b message '2'");
  h_expect_of("b", "message '1'; message '2'");
}

/* api:pause */
static void test_twice_is_once(void **state) {
  dgram_socket *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(H(dgram_resume(b))); /* without a pause: nothing */
  h_assert_ok(H(dgram_pause(b)));
  h_assert_ok(H(dgram_pause(b)));
  h_assert_ok(H(dgram_resume(b)));
  h_assert_ok(H(dgram_resume(b)));
  h_assert_ok(h_post(b, "x", h_address(b)));
  h_run_until("b message 'x'");
}

/* api:pause */
static void test_a_pause_before_bind(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_socket("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(H(dgram_pause(b)));
  h_assert_ok(h_bind_to(b, "127.0.0.1", 0));
  h_run_until("b bind OK");
  h_assert_ok(h_send(a, "x", h_address(b)));
  h_run_until("a sent");
  h_turns(3);
  h_expect_of("b", "listening; bind OK");
  h_assert_ok(H(dgram_resume(b)));
  h_run_until("b message 'x'");
}

/* api:pause */
static void test_a_pause_while_binding(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_socket("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind_to(b, "127.0.0.1", 0));
  h_assert_ok(H(dgram_pause(b)));
  h_run_until("b bind OK");
  h_assert_ok(h_send(a, "x", h_address(b)));
  h_run_until("a sent");
  h_turns(3);
  assert_false(h_logged("b message"));
  h_assert_ok(H(dgram_resume(b)));
  h_run_until("b message 'x'");
}

/* api:pause seed:send-11 */
static void test_a_pause_before_an_implicit_bind(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_socket("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(H(dgram_pause(b)));
  h_assert_ok(h_send(b, "x", h_address(a)));
  h_assert_ok(H(dgram_pause(b)));
  h_assert_ok(h_send(a, "answer", h_address(b)));
  h_run_until("a message 'x'");
  h_run_until("a sent");
  h_turns(3);
  assert_false(h_logged("b message"));
  h_assert_ok(H(dgram_resume(b)));
  h_run_until("b message 'answer'");
}

/* api:pause */
static void test_sending_goes_on(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(H(dgram_pause(b)));
  h_assert_ok(h_send(b, "x", h_address(a)));
  h_run_until("a message 'x'");
  h_run_until("b sent 'x'");
  assert_int_not_equal(h_port(b), 0);
}

static size_t pause_at;
static size_t heard;

static void pause_after(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)message;
  (void)data;
  if (++heard == pause_at) h_assert_ok(H(dgram_pause(socket)));
}

static void send_numbers(dgram_socket *from, dgram_socket *to, int first, int count) {
  static const char *const texts[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  for (int i = first; i < first + count; i++)
    h_assert_ok(h_post(from, texts[i], h_address(to)));
  H(dgram_flush(h_stack()));
}

/* api:pause */
static void test_a_pause_holds_the_rest_of_a_batch(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  heard = 0;
  pause_at = 2;
  h_assert_ok(dgram_on_message(b, pause_after, NULL));
  send_numbers(a, b, 0, 5);
  h_run_until("b message '1'");
  h_turns(3);
  h_expect_of("b", "message '0'; message '1'");
  send_numbers(a, b, 5, 5); /* newer ones stay behind */
  h_turns(2);
  h_assert_ok(H(dgram_resume(b)));
  h_run_until("b message '9'");
  h_expect_of("b", "message '0'; message '1'; message '2'; message '3'; message '4'; "
                   "message '5'; message '6'; message '7'; message '8'; message '9'");
}

/* api:pause */
static void test_a_pause_among_what_was_held(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  heard = 0;
  pause_at = 1;
  h_assert_ok(dgram_on_message(b, pause_after, NULL));
  send_numbers(a, b, 0, 4);
  for (size_t i = 1; i <= 4; i++) {
    h_run_until_n("b message", i);
    h_turns(2);
    assert_int_equal(h_count("b message"), i);
    pause_at = i + 1;
    h_assert_ok(H(dgram_resume(b)));
  }
  h_expect_of("b", "message '0'; message '1'; message '2'; message '3'");
}

static void pause_and_resume(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)message;
  (void)data;
  h_assert_ok(H(dgram_pause(socket)));
  h_assert_ok(H(dgram_resume(socket)));
}

/* api:pause rule:2 */
static void test_pause_and_resume_in_a_message(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(dgram_on_message(b, pause_and_resume, NULL));
  send_numbers(a, b, 0, 5);
  h_run_until("b message '4'");
  h_turns(2);
  h_expect_of("b", "message '0'; message '1'; message '2'; message '3'; message '4'");
}

static void pause_it(dgram_socket *socket, void *data) {
  (void)data;
  h_assert_ok(H(dgram_pause(socket)));
}

/* api:pause */
static void test_a_pause_in_listening(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_socket("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(dgram_on_listening(b, pause_it, NULL));
  h_assert_ok(h_bind_to(b, "127.0.0.1", 0));
  h_run_until("b bind OK");
  h_assert_ok(h_send(a, "x", h_address(b)));
  h_run_until("a sent");
  h_turns(3);
  assert_false(h_logged("b message"));
  h_assert_ok(H(dgram_resume(b)));
  h_run_until("b message 'x'");
}

/* api:pause rule:6 */
static void test_close_in_a_pause(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  heard = 0;
  pause_at = 1;
  h_assert_ok(dgram_on_message(b, pause_after, NULL));
  send_numbers(a, b, 0, 5);
  h_run_until("b message '0'");
  h_assert_ok(h_end(b)); /* what was held is dropped, as is what waits in the kernel */
  h_run_until("b close");
  h_expect_of("b", "message '0'; close");
}

/* api:pause seed:unref-1 */
static void test_a_paused_socket_keeps_the_program(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_datagram datagram = {.bytes = "x", .length = 1, .to = h_address(a)};
  (void)state;
  h_assert_ok(H(dgram_pause(b)));
  dgram_unref(a); /* so b alone keeps the loop in which a hears */
  assert_int_equal(H(dgram_try_send_many(b, &datagram, 1)), 1);
  h_run_until("a message 'x'");
  dgram_unref(b);
  h_assert_ok(h_run_to_end());
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_what_comes_in_a_pause_waits),
      H_TEST(test_twice_is_once),
      H_TEST(test_a_pause_before_bind),
      H_TEST(test_a_pause_while_binding),
      H_TEST(test_a_pause_before_an_implicit_bind),
      H_TEST(test_sending_goes_on),
      H_TEST(test_a_pause_holds_the_rest_of_a_batch),
      H_TEST(test_a_pause_among_what_was_held),
      H_TEST(test_pause_and_resume_in_a_message),
      H_TEST(test_a_pause_in_listening),
      H_TEST(test_close_in_a_pause),
      H_TEST(test_a_paused_socket_keeps_the_program),
  };
  return H_MAIN(tests);
}
