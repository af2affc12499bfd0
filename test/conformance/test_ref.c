/* ref and unref: what lets a program end. */

#include "harness.h"

/* seed:unref-1 */
static void test_an_unrefd_socket_lets_the_program_end(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  dgram_unref(a);
  h_assert_ok(h_run_to_end());
  h_expect("");
}

/* seed:unref-2 seed:ref-1 */
static void test_unref_twice_is_once(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  dgram_unref(a);
  dgram_unref(a);
  h_assert_ok(h_run_to_end());
  dgram_ref(a); /* once is enough to undo both */
  h_assert_ok(h_post(a, "x", h_address(a)));
  h_run_until("a message 'x'");
}

/* seed:unref-3 seed:ref-3 */
static void test_both_return_the_socket(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  assert_ptr_equal(dgram_unref(a), a);
  assert_ptr_equal(dgram_ref(dgram_unref(a)), a);
  assert_null(dgram_ref(NULL));
  assert_null(dgram_unref(NULL));
}

/* seed:ref-1 seed:ref-2 seed:bind-6 */
static void test_ref_keeps_the_program(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_datagram datagram = {.bytes = "x", .length = 1, .to = h_address(a)};
  (void)state;
  dgram_unref(b);
  dgram_ref(dgram_ref(dgram_unref(a)));
  dgram_unref(dgram_ref(a));
  dgram_ref(a);
  assert_int_equal(H(dgram_try_send_many(b, &datagram, 1)), 1);
  h_run_until("a message 'x'");
}

/* seed:unref-1 */
static void test_unref_before_bind_sticks(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind(dgram_unref(a), NULL));
  while (!h_logged("a bind OK"))
    h_turns(1);
  h_assert_ok(h_run_to_end());
  h_expect("a listening; a bind OK");
}

/* seed:unref-1 */
static void test_an_unrefd_socket_still_receives(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  dgram_unref(a); /* b keeps the loop */
  h_assert_ok(h_send(b, "x", h_address(a)));
  h_run_until("a message 'x'");
}

/* seed:unref-1 */
static void test_a_fresh_socket_keeps_nothing(void **state) {
  (void)state;
  h_socket("a", DGRAM_UDP4);
  h_assert_ok(h_run_to_end());
}

static void unref_it(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)message;
  (void)data;
  dgram_unref(socket);
}

/* seed:unref-1 rule:2 */
static void test_unref_in_a_callback_ends_the_run(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(dgram_on_message(a, unref_it, NULL));
  h_assert_ok(h_post(a, "x", h_address(a)));
  h_assert_ok(h_run_to_end());
  h_expect("a message 'x'");
}

static void ref_it(dgram_timer *timer, void *data) {
  (void)timer;
  dgram_ref(data);
  h_log("ref");
}

/* seed:ref-1 */
static void test_ref_in_a_callback_keeps_the_run(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_datagram datagram = {.bytes = "x", .length = 1, .to = h_address(a)};
  dgram_timer timer = {0};
  (void)state;
  dgram_unref(a);
  dgram_unref(b);
  h_assert_ok(dgram_timer_start(h_stack(), &timer, 0, ref_it, a));
  h_run_until("ref");
  assert_int_equal(H(dgram_try_send_many(b, &datagram, 1)), 1);
  h_run_until("a message 'x'");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_an_unrefd_socket_lets_the_program_end),
      H_TEST(test_unref_twice_is_once),
      H_TEST(test_both_return_the_socket),
      H_TEST(test_ref_keeps_the_program),
      H_TEST(test_unref_before_bind_sticks),
      H_TEST(test_an_unrefd_socket_still_receives),
      H_TEST(test_a_fresh_socket_keeps_nothing),
      H_TEST(test_unref_in_a_callback_ends_the_run),
      H_TEST(test_ref_in_a_callback_keeps_the_run),
  };
  return H_MAIN(tests);
}
