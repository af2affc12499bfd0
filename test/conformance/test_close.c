/* Closing: in every state, with a linger and without, and what a closing socket answers. */

#include "harness.h"

static void on_closed(dgram_socket *socket, void *data) {
  (void)socket;
  h_callback("the callback of dgram_close");
  h_log("%s", (const char *)data);
}

/* seed:close-1 seed:close-2 seed:close-event-1 rule:6 */
static void test_callback_is_the_last_listener(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(dgram_on_close(a, on_closed, "listener"));
  h_assert_ok(H(dgram_close(a, on_closed, "callback")));
  h_expect("");
  h_run_until("callback");
  h_expect("a close; listener; callback");
}

/* rule:6 issue:close-states */
static void test_close_in_every_state(void **state) {
  dgram_socket *fresh = h_socket("fresh", DGRAM_UDP4), *binding = h_socket("binding", DGRAM_UDP4);
  dgram_socket *bound = h_bound("bound", DGRAM_UDP4), *implicit = h_socket("implicit", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind(binding, NULL));
  h_assert_ok(h_send(implicit, "x", h_address(bound)));
  h_assert_ok(h_end(fresh));
  h_assert_ok(h_end(binding));
  h_assert_ok(h_end(bound));
  h_assert_ok(h_end(implicit));
  h_run_until("fresh close");
  h_run_until("binding close");
  h_run_until("bound close");
  h_run_until("implicit close");
  h_expect_of("fresh", "close");
  h_expect_of("binding", "bind ECANCELED; close");
  h_expect_of("bound", "close");
  h_expect_of("implicit", "sent 'x'; close");
}

static void close_it(dgram_socket *socket, void *data) {
  (void)data;
  h_assert_ok(h_end(socket));
}

/* issue:close-states rule:6 */
static void test_close_in_listening(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(dgram_on_listening(a, close_it, NULL));
  h_assert_ok(h_bind(a, NULL));
  h_assert_ok(h_send(a, "x", h_literal("127.0.0.1", 9)));
  h_run_until("a close");
  assert_int_equal(h_count("a listening"), 1);
  assert_int_equal(h_count("a bind"), 1);
  assert_int_equal(h_count("a sent 'x'"), 1); /* accepted before */
}

/* seed:close-1 seed:close-event-2 rule:6 */
static void test_no_message_after_close(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_datagram datagram = {.bytes = "x", .length = 1, .to = h_address(b)};
  (void)state;
  assert_int_equal(H(dgram_try_send_many(a, &datagram, 1)), 1); /* it waits in b's buffer */
  h_assert_ok(h_end(b));
  h_run_until("b close");
  h_turns(3);
  h_expect("b close");
}

static void close_in_message(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)message;
  (void)data;
  h_assert_ok(h_end(socket));
}

/* seed:close-event-2 rule:6 */
static void test_close_ends_the_batch(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(dgram_once_message(b, close_in_message, NULL));
  for (int i = 0; i < 20; i++)
    h_assert_ok(h_post(a, "x", h_address(b)));
  h_run_until("b close");
  h_turns(2);
  h_expect_of("b", "message 'x'; close");
}

/* rule:6 */
static void test_port_is_free_when_close_returns(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_socket *next = h_socket("next", DGRAM_UDP4);
  int port = h_port(a), other = h_port(b);
  (void)state;
  h_assert_ok(h_end(a));
  if (h_kind() != H_SIM) assert_true(h_peer_port_is_free("127.0.0.1", port));
  h_assert_ok(h_bind_to(next, "127.0.0.1", port));
  h_assert_ok(h_send(b, "x", h_literal("127.0.0.1", 9)));
  h_assert_ok(h_end(b)); /* the kernel takes it within the call */
  if (h_kind() != H_SIM) assert_true(h_peer_port_is_free("127.0.0.1", other));
  h_run_until("next bind OK");
  h_run_until("b close");
}

/* better:send-close */
static void test_send_then_close_on_a_fresh_socket(void **state) {
  dgram_socket *b = h_bound("b", DGRAM_UDP4), *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send_name(a, "x", h_port(b), "127.0.0.1"));
  h_assert_ok(h_end(a));
  h_run_until("a close");
  h_run_until("b message 'x'");
  h_expect_of("a", "sent 'x'; close");
}

/* better:send-close */
static void test_send_then_close_on_a_bound_socket(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  for (int i = 0; i < 50; i++)
    h_assert_ok(h_send(a, "x", h_address(b)));
  h_assert_ok(h_post(a, "y", h_address(b)));
  h_assert_ok(h_end(a));
  h_run_until("a close");
  h_run_until("b message 'y'");
  assert_int_equal(h_count("a sent 'x'"), 50);
  assert_int_equal(h_count("b message 'x'"), 50);
}

/* rule:6 rule:3 */
static void test_close_while_binding_sends_what_was_accepted(void **state) {
  dgram_socket *b = h_bound("b", DGRAM_UDP4), *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind(a, NULL));
  h_assert_ok(h_send(a, "x", h_address(b)));
  h_assert_ok(h_end(a));
  h_run_until("a close");
  h_run_until("b message 'x'");
  assert_int_equal(h_count("a bind ECANCELED"), 1);
  assert_int_equal(h_count("a sent 'x'"), 1);
  assert_int_equal(h_count("a listening"), 0);
}

/* rule:3 rule:6 */
static void test_close_behind_a_bind_that_fails(void **state) {
  dgram_socket *b = h_bound("b", DGRAM_UDP4), *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind_to(a, "127.0.0.1", h_port(b)));
  h_assert_ok(h_send(a, "x", h_address(b)));
  h_assert_ok(h_end(a));
  h_run_until("a close");
  h_turns(2);
  assert_int_equal(h_count("a bind"), 1);
  assert_int_equal(h_count("a unsent 'x'") + h_count("a sent 'x'"), 1);
}

/* rule:6 */
static void test_without_a_linger_all_is_cancelled(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .linger_ms = -1};
  dgram_socket *a = h_socket_with("a", &options, H_ALL);
  (void)state;
  h_assert_ok(h_bind(a, NULL));
  h_assert_ok(h_send(a, "x", h_literal("127.0.0.1", 9)));
  h_assert_ok(h_end(a));
  h_run_until("a close");
  h_expect("a bind ECANCELED; a unsent 'x' ECANCELED; a close");
}

/* rule:3 api:abort */
static void test_abort_cancels(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind(a, NULL));
  h_assert_ok(h_send(a, "x", h_address(b)));
  h_assert_ok(h_post(a, "y", h_address(b)));
  h_assert_ok(H(dgram_abort(a)));
  h_expect("");
  h_run_until("a close");
  h_turns(3);
  h_expect("a bind ECANCELED; a unsent 'x' ECANCELED; a close");
}

/* api:abort rule:6 */
static void test_port_is_free_when_abort_returns(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *next = h_socket("next", DGRAM_UDP4);
  int port = h_port(a);
  (void)state;
  h_assert_ok(h_send_name(a, "x", 9, "localhost"));
  h_assert_ok(H(dgram_abort(a)));
  if (h_kind() != H_SIM) assert_true(h_peer_port_is_free("127.0.0.1", port));
  h_assert_ok(h_bind_to(next, "127.0.0.1", port));
  h_run_until("next bind OK");
  h_run_until("a close");
  h_expect_of("a", "unsent 'x' ECANCELED; close");
}

/* api:abort rule:6 */
static void test_abort_cuts_the_linger_short(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .linger_ms = 3600 * 1000};
  dgram_socket *a;
  (void)state;
  a = h_bound_with("a", &options, H_ALL);
  h_assert_ok(h_send_name(a, "x", 9, "slow.dgram.test"));
  h_assert_ok(h_end(a));
  h_turns(2);
  h_expect("");
  h_assert_ok(H(dgram_abort(a)));
  h_run_until("a close");
  h_expect("a unsent 'x' ECANCELED; a close");
}

/* api:abort input:closing */
static void test_abort_of_a_closed_socket(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_end(a));
  h_assert_code(DGRAM_ENOTRUNNING, H(dgram_abort(a)));
  h_run_until("a close");
}

static void drop_message(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket;
  (void)message;
  (void)data;
}

static void drop_batch(dgram_socket *socket, const dgram_message *messages, size_t count,
                       void *data) {
  (void)socket;
  (void)messages;
  (void)count;
  (void)data;
}

static void drop_error(dgram_socket *socket, const dgram_error *error, void *data) {
  (void)socket;
  (void)error;
  (void)data;
}

/* Each call on a socket that is closing; none may do anything. */
static int calls_not_running(dgram_socket *socket) {
  dgram_address address = {.family = DGRAM_IPV4, .port = 9};
  dgram_datagram datagram = {.bytes = "x", .length = 1, .to = address};
  dgram_buffer part = {"x", 1};
  size_t size;
  const int codes[] = {
      h_bind(socket, NULL),
      h_send(socket, "x", address),
      h_send_name(socket, "x", 9, "localhost"),
      H(dgram_send_gather(socket, &part, 1, 9, NULL, NULL, NULL)),
      H(dgram_send_many(socket, &datagram, 1, NULL, NULL)),
      H(dgram_try_send_many(socket, &datagram, 1)),
      H(dgram_close(socket, on_closed, "never")),
      H(dgram_local_address(socket, &address)),
      H(dgram_socket_type(socket)),
      H(dgram_pause(socket)),
      H(dgram_resume(socket)),
      H(dgram_set_broadcast(socket, true)),
      H(dgram_set_ttl(socket, 1)),
      H(dgram_set_multicast_ttl(socket, 1)),
      H(dgram_set_multicast_loopback(socket, true)),
      H(dgram_set_tos(socket, 1)),
      H(dgram_set_dont_fragment(socket, true)),
      H(dgram_get_path_mtu(socket, &address)),
      H(dgram_add_membership(socket, "239.1.2.3", NULL)),
      H(dgram_drop_membership(socket, "239.1.2.3", NULL)),
      H(dgram_set_recv_buffer_size(socket, 0)),
      H(dgram_get_recv_buffer_size(socket)),
      H(dgram_set_send_buffer_size(socket, 1)),
      H(dgram_get_send_buffer_size(socket)),
      H(dgram_get_send_queue_size(socket, &size)),
      H(dgram_get_send_queue_count(socket, &size)),
      H(dgram_set_recv_info(socket, 0)),
      H(dgram_on_message(socket, drop_message, NULL)),
      H(dgram_once_message(socket, drop_message, NULL)),
      H(dgram_on_batch(socket, drop_batch, NULL)),
      H(dgram_once_batch(socket, drop_batch, NULL)),
      H(dgram_on_listening(socket, on_closed, "never")),
      H(dgram_once_listening(socket, on_closed, "never")),
      H(dgram_on_close(socket, on_closed, "never")),
      H(dgram_once_close(socket, on_closed, "never")),
      H(dgram_on_error(socket, drop_error, NULL)),
      H(dgram_once_error(socket, drop_error, NULL)),
      H(dgram_on_drain(socket, on_closed, "never")),
      H(dgram_once_drain(socket, on_closed, "never")),
  };
  int wrong = 0;
  for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
    if (codes[i] == DGRAM_ENOTRUNNING) continue;
    h_violation("rule 6: call %zu of a closing socket: %s", i, dgram_error_name(codes[i]));
    wrong++;
  }
  return wrong;
}

/* rule 6 names these, which work as ever. */
static void calls_that_work(dgram_socket *socket) {
  dgram_message message = {.bytes = "x", .length = 1};
  dgram_message *kept = NULL;
  dgram_stats stats;
  if (H(dgram_message_keep(socket, &message, &kept)) != 0) h_violation("keep while closing");
  dgram_message_free(kept);
  if (H(dgram_get_stats(socket, &stats)) != 0) h_violation("stats while closing");
  if (dgram_socket_stack(socket) != h_stack()) h_violation("the stack of a closing socket");
}

static void call_all_in_close(dgram_socket *socket, void *data) {
  (void)data;
  calls_not_running(socket);
  calls_that_work(socket);
  if (dgram_ref(socket) != socket || dgram_unref(socket) != socket) h_violation("ref in close");
  h_log("close heard");
}

/* rule:6 better:setters-closed input:closing */
static void test_a_closing_socket_is_not_running(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(dgram_on_close(a, call_all_in_close, NULL));
  h_assert_ok(h_end(a));
  assert_int_equal(calls_not_running(a), 0);
  assert_ptr_equal(dgram_ref(a), a);
  assert_ptr_equal(dgram_unref(a), a);
  h_run_until("close heard");
  h_turns(2);
  h_expect("a close; close heard");
  assert_string_equal(dgram_error_name(DGRAM_ENOTRUNNING), "ERR_SOCKET_DGRAM_NOT_RUNNING");
}

/* rule:6 */
static void test_a_lingering_socket_is_not_running(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind(a, NULL));
  h_assert_ok(h_send(a, "x", h_address(b)));
  h_assert_ok(h_end(a));
  assert_int_equal(calls_not_running(a), 0);
  h_run_until("a close");
  h_run_until("b message 'x'");
}

static void call_all(struct h_call *call, dgram_socket *socket) {
  (void)call;
  calls_not_running(socket);
}

/* rule:6 */
static void test_callbacks_of_a_closing_socket(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send_then(a, "x", h_literal("127.0.0.1", 9), call_all));
  h_assert_ok(h_end(a));
  h_run_until("a close");
  h_expect("a sent 'x'; a close");
}

/* rule:6 seed:unref-1 */
static void test_accepted_work_keeps_an_unrefd_socket(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  dgram_unref(b);
  h_assert_ok(h_send_name(dgram_unref(a), "x", h_port(b), "localhost"));
  h_assert_ok(h_run_to_end());
  h_expect_of("a", "sent 'x'");
}

/* rule:6 */
static void test_closing_keeps_the_program(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  dgram_unref(a);
  h_assert_ok(h_end(a));
  h_assert_ok(h_run_to_end());
  h_expect("a close");
}

/* rule:6 */
static void test_messages_stop_while_it_lingers(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .linger_ms = 10};
  dgram_socket *a, *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  a = h_bound_with("a", &options, H_ALL);
  dgram_address to = h_address(a);
  h_assert_ok(h_send_name(a, "x", 9, "slow.dgram.test"));
  h_assert_ok(h_end(a));
  h_assert_ok(h_send(b, "late", to));
  h_run_until("a close");
  h_expect_of("a", "unsent 'x' ECANCELED; close");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_callback_is_the_last_listener),
      H_TEST(test_close_in_every_state),
      H_TEST(test_close_in_listening),
      H_TEST(test_no_message_after_close),
      H_TEST(test_close_ends_the_batch),
      H_TEST(test_port_is_free_when_close_returns),
      H_TEST(test_send_then_close_on_a_fresh_socket),
      H_TEST(test_send_then_close_on_a_bound_socket),
      H_TEST(test_close_while_binding_sends_what_was_accepted),
      H_TEST(test_close_behind_a_bind_that_fails),
      H_TEST(test_without_a_linger_all_is_cancelled),
      H_TEST(test_abort_cancels),
      H_TEST(test_port_is_free_when_abort_returns),
      H_TEST(test_abort_cuts_the_linger_short),
      H_TEST(test_abort_of_a_closed_socket),
      H_TEST(test_a_closing_socket_is_not_running),
      H_TEST(test_a_lingering_socket_is_not_running),
      H_TEST(test_callbacks_of_a_closing_socket),
      H_TEST(test_accepted_work_keeps_an_unrefd_socket),
      H_TEST(test_closing_keeps_the_program),
      H_TEST(test_messages_stop_while_it_lingers),
  };
  return H_MAIN(tests);
}
