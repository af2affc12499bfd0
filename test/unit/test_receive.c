#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/socket.h"

/* Messages of one letter each. What a listener does beside writing the letter down is set per
 * letter. */

static struct fake fake;
static dgram_socket *sock;
static char log_text[1024];
static void (*acts[26])(void);
static dgram_message *kept;
static size_t closed;

static void note(const char *text) {
  const size_t length = strlen(log_text);

  snprintf(log_text + length, sizeof log_text - length, "%s", text);
}

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  const char letter = *(const char *)message->bytes;
  const char text[2] = {letter, '\0'};

  (void)data;
  assert_ptr_equal(socket, sock);
  assert_int_equal(message->length, 1);
  assert_int_equal(message->from.port, 9);
  note(text);
  if (acts[letter - 'a'] != NULL) acts[letter - 'a']();
}

static void on_second(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket;
  (void)message;
  (void)data;
  note("'");
}

static void (*batch_act)(void);

static void on_batch(dgram_socket *socket, const dgram_message *messages, size_t count,
                     void *data) {
  char text[16];

  (void)data;
  assert_ptr_equal(socket, sock);
  snprintf(text, sizeof text, "[%.*s]", (int)count, (const char *)messages[0].bytes);
  note(text);
  if (batch_act != NULL) batch_act();
}

static void on_error(dgram_socket *socket, const dgram_error *error, void *data) {
  (void)socket;
  (void)data;
  note(" ");
  note(error->syscall);
  note(":");
  note(dgram_error_name(error->code));
}

static void on_close(dgram_socket *socket, void *data) {
  (void)socket;
  (void)data;
  closed++;
}

static int set_up(void **state) {
  const dgram_socket_options options = {.type = DGRAM_UDP4, .on_message = on_message};

  (void)state;
  fake_init(&fake);
  log_text[0] = '\0';
  memset(acts, 0, sizeof acts);
  batch_act = NULL;
  kept = NULL;
  closed = 0;
  assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &sock), 0);
  assert_int_equal(dgram_on_error(sock, on_error, NULL), 0);
  assert_int_equal(dgram_on_close(sock, on_close, NULL), 0);
  assert_int_equal(dgram_bind(sock, NULL, NULL, NULL), 0);
  fake_settle(&fake);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  fake_end(&fake);
  assert_int_equal(closed, 1);
  return 0;
}

static bool receiving(void) {
  return fake_endpoint_of(sock)->receiving;
}

static void expect_log(const char *expected) {
  assert_string_equal(log_text, expected);
  log_text[0] = '\0';
}

static void act_pause(void) {
  assert_int_equal(dgram_pause(sock), 0);
}

static void act_pause_and_resume(void) {
  assert_int_equal(dgram_pause(sock), 0);
  assert_int_equal(dgram_resume(sock), 0);
}

static void act_off(void) {
  assert_int_equal(dgram_off_message(sock, on_message, NULL), 1);
}

static void act_off_and_pause(void) {
  act_off();
  act_pause();
}

static void act_close(void) {
  assert_int_equal(dgram_close(sock, NULL, NULL), 0);
}

static void act_send(void) {
  assert_int_equal(dgram_send(sock, "x", 1, 7, NULL, NULL, NULL), 0);
  assert_int_equal(fake.sent_count, 0);
}

static void act_send_later(void) {
  assert_int_equal(dgram_send(sock, "x", 1, 7, NULL, NULL, NULL), 0);
}

static void each_message_in_order(void **state) {
  (void)state;
  fake_receive(sock, "abc");
  expect_log("abc");
  assert_int_equal(sock->stats.received, 3);
  assert_int_equal(sock->stats.received_bytes, 3);
  assert_int_equal(sock->stats.received_batches, 1);
}

static void the_batch_first(void **state) {
  (void)state;
  dgram_on_batch(sock, on_batch, NULL);
  dgram_on_message(sock, on_second, NULL);
  fake_receive(sock, "abc");
  expect_log("[abc]a'b'c'");
}

static void what_listeners_send_leaves_after_the_batch(void **state) {
  (void)state;
  acts[0] = act_send;
  fake_receive(sock, "ab");
  assert_int_equal(fake.sent_count, 1);
  assert_false(fake.woken); /* no turn for it */
  act_send_later();
  assert_true(fake.woken);
}

static void close_drops_the_rest(void **state) {
  (void)state;
  dgram_on_message(sock, on_second, NULL);
  acts[1] = act_close;
  fake_receive(sock, "abc");
  expect_log("a'b");
}

static void close_in_batch_drops_all(void **state) {
  (void)state;
  dgram_on_batch(sock, on_batch, NULL);
  dgram_on_batch(sock, on_batch, NULL);
  batch_act = act_close;
  fake_receive(sock, "abc");
  expect_log("[abc]");
}

static void off_in_the_middle(void **state) {
  (void)state;
  dgram_on_message(sock, on_second, NULL);
  acts[1] = act_off;
  fake_receive(sock, "abc");
  expect_log("a'b''");
}

/* ---- pausing ---- */

static void pause_holds_the_rest(void **state) {
  char letters[] = "abc";

  (void)state;
  dgram_on_message(sock, on_second, NULL);
  acts[0] = act_pause;
  fake_receive(sock, letters);
  expect_log("a'");
  assert_false(receiving());
  memset(letters, '!', 3); /* the bytes were the stack's */
  assert_int_equal(dgram_resume(sock), 0);
  expect_log(""); /* rule 2 */
  assert_false(receiving());
  fake_settle(&fake);
  expect_log("b'c'");
  assert_true(receiving());
  assert_int_equal(sock->stats.received, 3);
}

static void pause_in_batch_holds_all(void **state) {
  (void)state;
  dgram_on_batch(sock, on_batch, NULL);
  batch_act = act_pause;
  fake_receive(sock, "ab");
  expect_log("[ab]");
  dgram_resume(sock);
  fake_settle(&fake);
  expect_log("ab");
}

/* What `batch` has had is not copied for a `message` that nobody wants. */
static void pause_in_batch_alone_holds_nothing(void **state) {
  const size_t asked = fake.unit.asked;

  (void)state;
  act_off();
  dgram_on_batch(sock, on_batch, NULL);
  batch_act = act_pause;
  fake_receive(sock, "ab");
  expect_log("[ab]");
  assert_int_equal(fake.unit.asked, asked + 1); /* the listener */
  dgram_resume(sock);
  assert_true(receiving());
}

static void pause_again_when_all_held_are_emitted(void **state) {
  (void)state;
  acts[0] = act_pause;
  for (int i = 0; i < 3; i++) {
    fake_receive(sock, "abc");
    assert_int_equal(dgram_resume(sock), 0);
    fake_settle(&fake);
    expect_log("abc");
  }
}

static void pause_again_while_the_held_are_emitted(void **state) {
  (void)state;
  acts[0] = acts[1] = act_pause;
  fake_receive(sock, "abc");
  dgram_resume(sock);
  fake_settle(&fake);
  expect_log("ab");
  assert_false(receiving());
  dgram_resume(sock);
  fake_settle(&fake);
  expect_log("c");
  assert_true(receiving());
}

static void pause_and_resume_in_one_callback(void **state) {
  (void)state;
  acts[0] = act_pause_and_resume;
  fake_receive(sock, "abc");
  expect_log("abc");
  assert_true(receiving());
}

static void resume_before_listening_waits_for_it(void **state) {
  const dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *other;
  dgram_address to;

  (void)state;
  assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &other), 0);
  assert_int_equal(dgram_address_parse("192.0.2.1", 7, &to), 0);
  assert_int_equal(dgram_send_to(other, "x", 1, &to, NULL, NULL), 0); /* binds it */
  assert_int_equal(dgram_pause(other), 0);
  assert_int_equal(dgram_resume(other), 0);
  assert_false(fake_endpoint_of(other)->receiving);
  fake_settle(&fake);
  assert_true(fake_endpoint_of(other)->receiving);
}

static void resume_taken_back_before_the_turn(void **state) {
  (void)state;
  acts[0] = act_pause;
  fake_receive(sock, "ab");
  dgram_resume(sock);
  dgram_pause(sock);
  fake_settle(&fake);
  expect_log("a");
  assert_false(receiving());
  dgram_resume(sock);
  fake_settle(&fake);
  expect_log("b");
}

/* ---- the rest of what one call to the system brought ---- */

static void what_comes_while_paused_is_held(void **state) {
  (void)state;
  dgram_on_batch(sock, on_batch, NULL);
  acts[1] = act_pause;
  fake_receive(sock, "abc");
  expect_log("[abc]ab");
  fake_receive_more(sock, "de");
  expect_log("");
  assert_int_equal(dgram_resume(sock), 0);
  fake_receive_more(sock, "f"); /* behind the others, though nothing is paused any more */
  expect_log("");
  fake_settle(&fake);
  expect_log("c[d]d[e]e[f]f");
  assert_true(receiving());
  assert_int_equal(sock->stats.received, 6);
}

static void what_comes_while_paused_in_batch_alone(void **state) {
  (void)state;
  act_off();
  dgram_on_batch(sock, on_batch, NULL);
  batch_act = act_pause;
  fake_receive(sock, "ab");
  fake_receive_more(sock, "cd");
  expect_log("[ab]");
  for (int i = 0; i < 2; i++) {
    dgram_resume(sock);
    fake_settle(&fake);
    expect_log(i == 0 ? "[c]" : "[d]");
    assert_false(receiving());
  }
  dgram_resume(sock);
  assert_true(receiving());
}

static void pause_when_batch_hears_a_held_one(void **state) {
  (void)state;
  acts[0] = act_pause;
  dgram_on_batch(sock, on_batch, NULL);
  fake_receive(sock, "a");
  fake_receive_more(sock, "bc");
  expect_log("[a]a");
  batch_act = act_pause;
  dgram_resume(sock);
  fake_settle(&fake);
  expect_log("[b]");
  dgram_resume(sock);
  fake_settle(&fake);
  expect_log("b[c]");
  dgram_resume(sock);
  fake_settle(&fake);
  expect_log("c");
  assert_true(receiving());
}

static void close_when_batch_hears_a_held_one(void **state) {
  (void)state;
  acts[0] = act_pause;
  dgram_on_batch(sock, on_batch, NULL);
  fake_receive(sock, "a");
  fake_receive_more(sock, "bc");
  batch_act = act_close;
  dgram_resume(sock);
  fake_settle(&fake);
  expect_log("[a]a[b]");
}

static void close_while_the_held_are_emitted(void **state) {
  (void)state;
  acts[0] = act_pause;
  acts[1] = act_close;
  fake_receive(sock, "abc");
  dgram_resume(sock);
  fake_settle(&fake);
  expect_log("ab");
}

static void close_drops_the_held(void **state) {
  (void)state;
  acts[0] = act_pause;
  fake_receive(sock, "abc");
  act_close();
  fake_settle(&fake);
  expect_log("a");
}

/* A listener that hands over: what was read already waits for its successor. */
static void pause_without_a_listener_holds_too(void **state) {
  (void)state;
  acts[0] = act_off_and_pause;
  fake_receive(sock, "abc");
  expect_log("a");
  dgram_on_message(sock, on_second, NULL);
  dgram_resume(sock);
  fake_settle(&fake);
  expect_log("''");
}

static void paused_before_it_is_bound(void **state) {
  dgram_socket *other;
  const dgram_socket_options options = {.type = DGRAM_UDP4};

  (void)state;
  assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &other), 0);
  assert_int_equal(dgram_pause(other), 0);
  assert_int_equal(dgram_bind(other, NULL, NULL, NULL), 0);
  fake_settle(&fake);
  assert_false(fake_endpoint_of(other)->receiving);
  assert_int_equal(dgram_resume(other), 0);
  assert_true(fake_endpoint_of(other)->receiving);
}

/* Without memory what cannot be held is lost, and said once. */
static void what_cannot_be_held_is_told(void **state) {
  (void)state;
  acts[0] = act_pause;
  for (size_t i = 1; i <= 2; i++) {
    fake.unit.fail_once = fake.unit.asked + i;
    fake_receive(sock, "abc");
    expect_log("a recvmsg:ENOMEM");
    assert_int_equal(dgram_resume(sock), 0);
    fake_settle(&fake);
    expect_log("");
    assert_true(receiving());
  }
  assert_int_equal(sock->stats.receive_errors, 2);
}

/* ---- failures ---- */

/* Like a pause: dgram_resume begins again. */
static void an_end_of_receiving_is_an_error_and_a_pause(void **state) {
  (void)state;
  fake_endpoint_of(sock)->receiving = false;
  dgram__endpoint_receive_ended(&fake_endpoint_of(sock)->base, DGRAM_ENOTCONN, "shutdown");
  expect_log(" shutdown:ENOTCONN");
  assert_int_equal(sock->stats.receive_errors, 1);
  assert_int_equal(dgram_resume(sock), 0);
  assert_true(receiving());
  fake_receive(sock, "a");
  expect_log("a");
}

static void a_failure_is_an_error_and_it_goes_on(void **state) {
  (void)state;
  dgram__endpoint_receive_failed(&fake_endpoint_of(sock)->base, DGRAM_ENOMEM, "recvmmsg");
  expect_log(" recvmmsg:ENOMEM");
  assert_int_equal(sock->stats.receive_errors, 1);
  fake_receive(sock, "a");
  expect_log("a");
}

static void a_start_that_fails_after_the_held_is_told(void **state) {
  (void)state;
  acts[0] = act_pause;
  fake_receive(sock, "ab");
  fake.start_code = DGRAM_ENOMEM;
  assert_int_equal(dgram_resume(sock), 0);
  fake_settle(&fake);
  expect_log("ab recvmsg:ENOMEM");
  fake.start_code = 0;
  assert_int_equal(dgram_resume(sock), 0);
  assert_true(receiving());
}

static void on_error_send(dgram_socket *socket, const dgram_error *error, void *data) {
  (void)socket;
  (void)error;
  (void)data;
  act_send();
}

static void what_error_listeners_send_leaves_too(void **state) {
  (void)state;
  dgram_on_error(sock, on_error_send, NULL);
  dgram__endpoint_receive_failed(&fake_endpoint_of(sock)->base, DGRAM_ENOMEM, "recvmmsg");
  assert_int_equal(fake.sent_count, 1);
  assert_false(fake.woken);
  act_send_later();
  assert_true(fake.woken);
}

static void twice_is_once_and_closed_is_refused(void **state) {
  (void)state;
  assert_int_equal(dgram_resume(sock), 0);
  act_pause();
  act_pause();
  assert_int_equal(dgram_resume(sock), 0);
  assert_true(receiving());
  act_close();
  assert_int_equal(dgram_pause(sock), DGRAM_ENOTRUNNING);
  assert_int_equal(dgram_resume(sock), DGRAM_ENOTRUNNING);
  assert_int_equal(dgram_pause(NULL), DGRAM_EARGTYPE);
}

/* It stays paused, so that another resume tries again. */
static void a_resume_that_fails_may_be_repeated(void **state) {
  (void)state;
  act_pause();
  fake.start_code = DGRAM_ENOMEM;
  assert_int_equal(dgram_resume(sock), DGRAM_ENOMEM);
  fake.start_code = 0;
  assert_int_equal(dgram_resume(sock), 0);
  assert_true(receiving());
}

/* ---- keeping ---- */

static void keep_copies_bytes_and_info(void **state) {
  dgram_recv_info info = {.present = DGRAM_RECV_TOS, .tos = 8};
  char bytes[] = "hello";
  const dgram_message message = {
      .bytes = bytes, .length = 5, .from = {.family = DGRAM_IPV4, .port = 3}, .info = &info};

  (void)state;
  assert_int_equal(dgram_message_keep(sock, &message, &kept), 0);
  memset(bytes, '!', 5);
  info.tos = 0;
  assert_memory_equal(kept->bytes, "hello", 5);
  assert_int_equal(kept->length, 5);
  assert_int_equal(kept->info->tos, 8);
  assert_true(dgram_address_equal(&kept->from, &message.from));
  dgram_message_free(kept);
  dgram_message_free(NULL);
}

static void an_empty_one_is_kept(void **state) {
  const dgram_message message = {.bytes = "", .from = {.family = DGRAM_IPV4, .port = 3}};

  (void)state;
  assert_int_equal(dgram_message_keep(sock, &message, &kept), 0);
  assert_non_null(kept->bytes);
  assert_int_equal(kept->length, 0);
  assert_null(kept->info);
  dgram_message_free(kept);
}

static void keep_outlives_the_stack(void **state) {
  const dgram_message message = {.bytes = "a", .length = 1};
  size_t live;

  (void)state;
  assert_int_equal(dgram_message_keep(sock, &message, &kept), 0);
  live = fake.unit.live;
  assert_int_equal(dgram_stack_close(fake_stack(&fake), NULL, NULL), 0);
  fake_settle(&fake);
  assert_true(fake.unit.live < live);
  assert_memory_equal(kept->bytes, "a", 1);
  dgram_message_free(kept);
}

static void keep_refuses(void **state) {
  const dgram_message message = {.bytes = "a", .length = 1};

  (void)state;
  assert_int_equal(dgram_message_keep(NULL, &message, &kept), DGRAM_EARGTYPE);
  assert_int_equal(dgram_message_keep(sock, NULL, &kept), DGRAM_EARGTYPE);
  assert_int_equal(dgram_message_keep(sock, &message, NULL), DGRAM_EARGTYPE);
  fake.unit.fail_once = fake.unit.asked + 1;
  assert_int_equal(dgram_message_keep(sock, &message, &kept), DGRAM_ENOMEM);
  assert_null(kept);
}

#define RECEIVE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      RECEIVE_TEST(each_message_in_order),
      RECEIVE_TEST(the_batch_first),
      RECEIVE_TEST(what_listeners_send_leaves_after_the_batch),
      RECEIVE_TEST(close_drops_the_rest),
      RECEIVE_TEST(close_in_batch_drops_all),
      RECEIVE_TEST(off_in_the_middle),
      RECEIVE_TEST(pause_holds_the_rest),
      RECEIVE_TEST(pause_in_batch_holds_all),
      RECEIVE_TEST(pause_in_batch_alone_holds_nothing),
      RECEIVE_TEST(pause_again_when_all_held_are_emitted),
      RECEIVE_TEST(pause_again_while_the_held_are_emitted),
      RECEIVE_TEST(pause_and_resume_in_one_callback),
      RECEIVE_TEST(resume_before_listening_waits_for_it),
      RECEIVE_TEST(resume_taken_back_before_the_turn),
      RECEIVE_TEST(what_comes_while_paused_is_held),
      RECEIVE_TEST(what_comes_while_paused_in_batch_alone),
      RECEIVE_TEST(pause_when_batch_hears_a_held_one),
      RECEIVE_TEST(close_when_batch_hears_a_held_one),
      RECEIVE_TEST(close_while_the_held_are_emitted),
      RECEIVE_TEST(close_drops_the_held),
      RECEIVE_TEST(pause_without_a_listener_holds_too),
      RECEIVE_TEST(paused_before_it_is_bound),
      RECEIVE_TEST(what_cannot_be_held_is_told),
      RECEIVE_TEST(an_end_of_receiving_is_an_error_and_a_pause),
      RECEIVE_TEST(a_failure_is_an_error_and_it_goes_on),
      RECEIVE_TEST(a_start_that_fails_after_the_held_is_told),
      RECEIVE_TEST(what_error_listeners_send_leaves_too),
      RECEIVE_TEST(twice_is_once_and_closed_is_refused),
      RECEIVE_TEST(a_resume_that_fails_may_be_repeated),
      RECEIVE_TEST(keep_copies_bytes_and_info),
      RECEIVE_TEST(an_empty_one_is_kept),
      RECEIVE_TEST(keep_outlives_the_stack),
      RECEIVE_TEST(keep_refuses),
  };
  return cmocka_run_group_tests_name("receive", tests, NULL, NULL);
}
