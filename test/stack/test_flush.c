/* When what is queued leaves, on both stacks that live on libuv: when it is a batch, right after
 * the socket's own messages, before the loop sleeps, and by dgram_flush. A peer sees when. */

#include <string.h>
#include <unistd.h>

#include "core/limits.h"
#include "stack/stack.h"
#include "uv_kit.h"

enum { GUARD_MS = 5000 };

static struct {
  dgram_socket *socket;
  struct kit_seen seen;
  int peer;
  dgram_address to; /* the peer */
  size_t ended;     /* callbacks of sends */
  size_t replies;   /* to be given to messages */
  size_t at_check;  /* what the peer had after the loop's poll phase */
  bool slept;       /* the loop slept until the guard woke it */
} world;

static uv_timer_t guard;

static void on_guard(uv_timer_t *timer) {
  (void)timer;
  world.slept = true;
}

static void arrange(void) {
  uint16_t port;
  memset(&world, 0, sizeof world);
  world.socket = kit_bound(DGRAM_UDP4, &world.seen);
  world.peer = kit_peer(AF_INET, &port);
  assert_int_equal(dgram_address_parse("127.0.0.1", port, &world.to), 0);
  kit_turns(5);
  uv_timer_init(&kit.loop, &guard);
  uv_timer_start(&guard, on_guard, GUARD_MS, 0);
}

static void close_handle(void *handle) {
  uv_close(handle, NULL);
}

static void finish(void) {
  close_handle(&guard);
  kit_turns(2);
  close(world.peer);
}

/* What has arrived at the peer since the last time. */
static size_t arrived(void) {
  return strlen(kit_peer_text(world.peer));
}

static void on_ended(dgram_socket *socket, int status, void *data) {
  (void)socket, (void)data;
  assert_int_equal(status, 1);
  world.ended++;
}

static void send_one(void) {
  assert_int_equal(dgram_send_to(world.socket, "x", 1, &world.to, on_ended, NULL), 0);
}

/* ---- a reply leaves right after the batch ---- */

static void reply(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket, (void)message, (void)data;
  send_one();
  send_one();
  world.replies += 2;
}

static void reply_to_batch(dgram_socket *socket, const dgram_message *messages, size_t count,
                           void *data) {
  (void)messages;
  world.at_check += arrived(); /* those to the batch before, if they come in one turn */
  assert_int_equal(world.at_check, world.replies);
  for (; count > 0; count--)
    reply(socket, NULL, data);
  assert_int_equal(arrived(), 0);
}

static void look(uv_check_t *check) {
  (void)check;
  world.at_check += arrived();
  /* Not in a later turn: what was asked for until now is there. */
  assert_int_equal(world.at_check, world.replies);
}

static void pass_messages(size_t n) {
  uv_check_t check;
  uv_check_init(&kit.loop, &check);
  uv_check_start(&check, look);
  for (size_t i = 0; i < n; i++)
    kit_peer_send(world.peer, kit_port(world.socket), "m", 1);
  kit_run_until(&world.ended, 2 * n);
  assert_int_equal(world.at_check, 2 * n);
  close_handle(&check);
  kit_turns(1);
}

static void test_a_reply_leaves_right_after_the_batch(void **state) {
  (void)state;
  arrange();
  assert_int_equal(dgram_on_message(world.socket, reply, NULL), 0);
  pass_messages(1);
  finish();
}

static void test_replies_leave_right_after_the_batch(void **state) {
  (void)state;
  arrange();
  assert_int_equal(dgram_on_message(world.socket, reply, NULL), 0);
  pass_messages(20);
  finish();
}

static void test_replies_to_a_batch_too(void **state) {
  (void)state;
  arrange();
  assert_int_equal(dgram_on_batch(world.socket, reply_to_batch, NULL), 0);
  pass_messages(20);
  finish();
}

/* The linux stack hears three messages at once, and its replies are one group. */
static void test_replies_are_one_call(void **state) {
  uint64_t before;
  (void)state;
  arrange();
  assert_int_equal(dgram_on_message(world.socket, reply, NULL), 0);
  before = kit_stats(world.socket).send_calls;
  pass_messages(3);
  assert_int_equal(kit_stats(world.socket).send_calls, before + 1);
  finish();
}

/* ---- what is sent anywhere in a turn leaves before the loop sleeps ---- */

static void send_from_prepare(uv_prepare_t *prepare) {
  uv_prepare_stop(prepare);
  send_one();
}

static void send_from_check(uv_check_t *check) {
  uv_check_stop(check);
  send_one();
}

static void send_from_idle(uv_idle_t *idle) {
  uv_idle_stop(idle);
  send_one();
}

static void stop_idle(uv_idle_t *idle) {
  uv_idle_stop(idle);
}

static void send_from_timer(uv_timer_t *timer) {
  (void)timer;
  send_one();
}

/* In the turn of the send or the next, for which nobody waits. */
static void expect_soon(void) {
  for (int i = 0; i < 4 && world.ended == 0; i++)
    uv_run(&kit.loop, UV_RUN_ONCE);
  assert_false(world.slept);
  assert_int_equal(world.ended, 1);
  assert_int_equal(arrived(), 1);
}

static void test_a_send_from_a_prepare_handle(void **state) {
  uv_prepare_t prepare;
  (void)state;
  arrange();
  uv_prepare_init(&kit.loop, &prepare);
  uv_prepare_start(&prepare, send_from_prepare);
  expect_soon();
  close_handle(&prepare);
  finish();
}

/* Whether the user's handle is older than the stack's or newer, it runs before them or after. */
static void test_a_send_from_an_older_prepare_handle(void **state) {
  const bool is_linux = strcmp(kit.stack->ops->name, "linux") == 0;
  uv_prepare_t prepare;
  (void)state;
  uv_prepare_init(&kit.loop, &prepare);
  if (is_linux) kit_reopen(NULL);
  arrange();
  uv_prepare_start(&prepare, send_from_prepare);
  expect_soon();
  close_handle(&prepare);
  finish();
}

static void test_a_send_from_a_check_handle(void **state) {
  uv_check_t check;
  uv_idle_t idle;
  (void)state;
  arrange();
  uv_check_init(&kit.loop, &check);
  uv_check_start(&check, send_from_check);
  uv_idle_init(&kit.loop, &idle); /* somebody has to let the first turn come to its check phase */
  uv_idle_start(&idle, stop_idle);
  expect_soon();
  close_handle(&check);
  close_handle(&idle);
  finish();
}

static void test_a_send_from_an_idle_handle(void **state) {
  uv_idle_t idle;
  (void)state;
  arrange();
  uv_idle_init(&kit.loop, &idle);
  uv_idle_start(&idle, send_from_idle);
  expect_soon();
  close_handle(&idle);
  finish();
}

static void test_a_send_from_a_timer(void **state) {
  uv_timer_t timer;
  (void)state;
  arrange();
  uv_timer_init(&kit.loop, &timer);
  uv_timer_start(&timer, send_from_timer, 1, 0);
  expect_soon();
  close_handle(&timer);
  finish();
}

static void send_again(dgram_socket *socket, int status, void *data) {
  (void)socket, (void)data;
  assert_int_equal(status, 1);
  if (world.ended++ == 0)
    assert_int_equal(dgram_send_to(world.socket, "y", 1, &world.to, send_again, NULL), 0);
}

static void test_a_send_from_a_sends_callback(void **state) {
  (void)state;
  arrange();
  assert_int_equal(dgram_send_to(world.socket, "x", 1, &world.to, send_again, NULL), 0);
  for (int i = 0; i < 4 && world.ended < 2; i++)
    uv_run(&kit.loop, UV_RUN_ONCE);
  assert_false(world.slept);
  assert_int_equal(arrived(), 2);
  finish();
}

/* ---- dgram_flush ---- */

static void test_flush_sends_at_once(void **state) {
  (void)state;
  arrange();
  for (int i = 0; i < 3; i++)
    send_one();
  assert_int_equal(arrived(), 0);
  assert_int_equal(dgram_flush(kit.stack), 0);
  assert_int_equal(arrived(), 3);
  assert_int_equal(world.ended, 0); /* rule 2 */
  uv_run(&kit.loop, UV_RUN_ONCE);
  assert_int_equal(world.ended, 3);
  assert_false(world.slept);
  assert_int_equal(dgram_flush(kit.stack), 0);
  assert_int_equal(arrived(), 0);
  finish();
}

static void on_list_ended(dgram_socket *socket, dgram_datagram *list, size_t count, void *data) {
  (void)socket, (void)list, (void)count, (void)data;
  world.ended++;
}

/* Who calls it sleeps elsewhere next, so nothing may be left, however much it is. */
static void test_flush_sends_all(void **state) {
  enum { COUNT = 3 * DGRAM__SEND_TURN };
  static dgram_datagram list[COUNT];
  (void)state;
  arrange();
  for (size_t i = 0; i < COUNT; i++)
    list[i] = (dgram_datagram){.bytes = "x", .length = 1, .to = world.to};
  send_one();
  assert_int_equal(dgram_send_many(world.socket, list, COUNT, on_list_ended, NULL), 0);
  assert_int_equal(dgram_flush(kit.stack), 0);
  assert_int_equal(kit_stats(world.socket).sent, 1 + COUNT);
  assert_int_equal(world.ended, 0);
  kit_run_until(&world.ended, 2);
  finish();
}

static void test_flush_sends_for_all_sockets(void **state) {
  dgram_socket *first, *second;
  (void)state;
  arrange();
  first = world.socket;
  second = kit_bound(DGRAM_UDP4, NULL);
  send_one();
  world.socket = second;
  send_one();
  assert_int_equal(arrived(), 0);
  assert_int_equal(dgram_flush(kit.stack), 0);
  assert_int_equal(arrived(), 2);
  world.socket = first;
  kit_run_until(&world.ended, 2);
  finish();
}

static void flush_in_a_message(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket, (void)message, (void)data;
  send_one();
  assert_int_equal(arrived(), 0);
  assert_int_equal(dgram_flush(kit.stack), 0);
  assert_int_equal(arrived(), 1);
}

static void test_flush_inside_a_message(void **state) {
  (void)state;
  arrange();
  assert_int_equal(dgram_on_message(world.socket, flush_in_a_message, NULL), 0);
  kit_peer_send(world.peer, kit_port(world.socket), "m", 1);
  kit_run_until(&world.ended, 1);
  finish();
}

/* Whoever drives the loop by ONCE and sleeps elsewhere: nothing stays behind after each flush. */
static void test_once_with_flush(void **state) {
  (void)state;
  arrange();
  for (size_t i = 1; i <= 10; i++) {
    send_one();
    assert_int_equal(dgram_flush(kit.stack), 0);
    assert_int_equal(arrived(), 1);
    uv_run(&kit.loop, UV_RUN_ONCE);
    assert_int_equal(world.ended, i);
  }
  assert_false(world.slept);
  finish();
}

/* ---- a batch ---- */

static void test_a_batch_leaves_inside_a_call(void **state) {
  size_t n = 0;
  (void)state;
  arrange();
  for (size_t i = 1; i < DGRAM__SEND_BATCH; i++)
    send_one();
  assert_int_equal(arrived(), 0);
  send_one();
  for (size_t more = 1; more > 0; n += more)
    more = arrived();
  assert_true(n > 200); /* the peer's buffer holds about 256 of them */
  assert_int_equal(kit_stats(world.socket).sent, DGRAM__SEND_BATCH);
  assert_int_equal(world.ended, 0);
  kit_run_until(&world.ended, DGRAM__SEND_BATCH);
  finish();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      ON_BOTH(test_a_reply_leaves_right_after_the_batch),
      ON_BOTH(test_replies_leave_right_after_the_batch),
      ON_BOTH(test_replies_to_a_batch_too),
      KIT_TEST(test_replies_are_one_call),
      ON_BOTH(test_a_send_from_a_prepare_handle),
      ON_BOTH(test_a_send_from_an_older_prepare_handle),
      ON_BOTH(test_a_send_from_a_check_handle),
      ON_BOTH(test_a_send_from_an_idle_handle),
      ON_BOTH(test_a_send_from_a_timer),
      ON_BOTH(test_a_send_from_a_sends_callback),
      ON_BOTH(test_flush_sends_at_once),
      ON_BOTH(test_flush_sends_all),
      ON_BOTH(test_flush_sends_for_all_sockets),
      ON_BOTH(test_flush_inside_a_message),
      ON_BOTH(test_once_with_flush),
      ON_BOTH(test_a_batch_leaves_inside_a_call),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
