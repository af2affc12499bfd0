/* wrap: sendmmsg sendmsg setsockopt recvmmsg recvmsg */
/* Bad states that last: in each the loop turns at most ten times a second, and when the state is
 * over all goes on. Turns are counted, in a time in which a loop that spins takes thousands. */

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "groups_kit.h"

enum { FOR_EVER = 1000000, WHILE_MS = 500, TURNS_MAX = 5 };

static struct kit_fault many;

static bool queue_stays; /* the error queue is never empty */
static bool queue_stuck; /* and cannot be emptied: an error in each turn */

int __wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout) {
  int wanted = kit_fault_meet(&many, count);
  return wanted <= 0 ? wanted : __real_recvmmsg(fd, messages, (unsigned)wanted, flags, timeout);
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags) {
  if (flags & MSG_ERRQUEUE && queue_stays) return 0;
  if (flags & MSG_ERRQUEUE && queue_stuck) {
    errno = EAGAIN;
    return -1;
  }
  return __real_recvmsg(fd, message, flags);
}

static int refusal; /* -errno, of every message */

static int refuse_all(const struct groups_message *message) {
  (void)message;
  return refusal;
}

static void arrange(void) {
  memset(&many, 0, sizeof many);
  queue_stays = queue_stuck = false;
  groups_arrange(DGRAM_UDP4);
  groups_calls.judge = refuse_all;
  refusal = 0;
}

/* A state may take some turns to begin. */
static void expect_peace(void) {
  kit_turns(20);
  unsigned turns = kit_turns_within(WHILE_MS);
  if (turns > TURNS_MAX) fail_msg("%u turns", turns);
}

static void on_list(dgram_socket *socket, dgram_datagram *list, size_t count, void *data) {
  (void)socket, (void)list, (void)count;
  ++*(size_t *)data;
}

static void start_list(size_t *told) {
  *told = 0;
  assert_int_equal(
      dgram_send_many(groups_world.socket, groups_world.list, groups_world.count, on_list, told),
      0);
}

static void send_to_it(size_t n) {
  for (; n > 0; n--)
    kit_peer_send(groups_world.peer, kit_port(groups_world.socket), "x", 1);
}

/* ---- sending ---- */

static void test_no_room_in_the_device(void **state) {
  (void)state;
  arrange();
  refusal = -ENOBUFS;
  groups_add(50, 10);
  groups_send();
  groups_expect_code(0, 50, DGRAM_ENOBUFS);
  expect_peace();
  groups_finish();
}

static void test_writable_but_no_room(void **state) {
  size_t told;
  (void)state;
  arrange();
  groups_add(5, 10); /* what left before counts for nothing */
  groups_pass();
  groups_clear();
  refusal = -EAGAIN;
  groups_add(50, 10);
  start_list(&told);
  kit_turns(20);
  /* In the call, in the socket's turn, and then each time that there seemed to be room. */
  assert_int_equal(groups_calls.refused, 2 + DGRAM__RETRIES_MAX + 1);
  expect_peace();
  assert_int_equal(told, 0);
  refusal = 0;
  kit_run_until(&told, 1);
  groups_expect_arrived(groups_world.peer, groups_world.port);
  assert_true(kit_turns_within(50) < 5);
  groups_finish();
}

static void test_it_receives_meanwhile(void **state) {
  size_t told;
  unsigned before;
  (void)state;
  arrange();
  refusal = -EAGAIN;
  groups_add(50, 10);
  start_list(&told);
  kit_turns(20);
  before = kit.turns;
  send_to_it(3);
  kit_run_until(&groups_world.seen.messages, 3);
  assert_true(kit.turns - before < 5);
  assert_int_equal(dgram_abort(groups_world.socket), 0);
  kit_run_until(&told, 1);
  groups_expect_code(0, 50, DGRAM_ECANCELED);
  groups_finish();
}

/* Now and then one leaves, or fails: that is no reason to rest. */
static unsigned judged;

static int every_third_call(const struct groups_message *message) {
  return message->first && ++judged % 3 != 0 ? -EAGAIN : refusal;
}

static void send_slowly(int code) {
  arrange();
  judged = 0;
  refusal = code;
  groups_calls.judge = every_third_call;
  groups_calls.no_sendmmsg = ENOSYS;
  for (size_t i = 1; i < 100; i++)
    groups_add(1, i);
  uint64_t begin_ns = uv_hrtime();
  groups_send();
  assert_true(uv_hrtime() - begin_ns < 200 * DGRAM_MILLISECOND);
  groups_expect_arrived(groups_world.peer, groups_world.port);
  groups_finish();
}

static void test_slowly_is_no_reason_to_rest(void **state) {
  (void)state;
  send_slowly(0);
  groups_expect_sent(0, groups_world.count);
}

static void test_nor_is_failing_slowly(void **state) {
  (void)state;
  send_slowly(-EPERM);
  groups_expect_code(0, groups_world.count, DGRAM_EPERM);
}

static void test_a_port_that_is_closed(void **state) {
  uint16_t closed;
  (void)state;
  arrange();
  close(kit_peer(AF_INET, &closed));
  groups_add(50, 10);
  for (size_t i = 0; i < 50; i++)
    groups_world.list[i].to.port = closed;
  groups_send();
  groups_expect_sent(0, 50);
  expect_peace();
  assert_int_equal(groups_world.seen.errors, 0);
  groups_finish();
}

/* ---- receiving ---- */

static void test_an_error_that_stays(void **state) {
  const int errors[] = {ENOMEM, EPERM, EINTR, EXFULL};
  (void)state;
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
    arrange();
    many = (struct kit_fault){.from = 1, .to = FOR_EVER, .error = errors[i]};
    send_to_it(3);
    expect_peace();
    assert_true(groups_world.seen.errors <= 4 * DGRAM__RECEIVE_ERRORS_TURN);
    groups_add(5, 10); /* sending goes on */
    groups_pass();
    many.to = 0;
    kit_run_until(&groups_world.seen.messages, 3);
    assert_true(kit_turns_within(50) < 5);
    assert_int_equal(dgram_close(groups_world.socket, NULL, NULL), 0);
    groups_finish();
  }
}

static void begin_rest(void) {
  arrange();
  many = (struct kit_fault){.from = 1, .to = FOR_EVER, .error = ENOMEM};
  send_to_it(3);
  kit_run_until(&groups_world.seen.errors, DGRAM__RECEIVE_ERRORS_TURN);
}

static void test_pause_and_resume_while_it_rests(void **state) {
  (void)state;
  begin_rest();
  for (int i = 0; i < 100; i++) {
    assert_int_equal(dgram_pause(groups_world.socket), 0);
    assert_int_equal(dgram_resume(groups_world.socket), 0);
    kit_turns(1);
  }
  assert_int_equal(groups_world.seen.errors, DGRAM__RECEIVE_ERRORS_TURN);
  many.to = 0;
  assert_int_equal(dgram_pause(groups_world.socket), 0);
  assert_true(kit_turns_within(2 * DGRAM__REST_MS) <= TURNS_MAX);
  assert_int_equal(groups_world.seen.messages, 0);
  assert_int_equal(dgram_resume(groups_world.socket), 0);
  kit_run_until(&groups_world.seen.messages, 3);
  groups_finish();
}

static void test_close_while_it_rests(void **state) {
  (void)state;
  begin_rest();
  assert_int_equal(dgram_close(groups_world.socket, NULL, NULL), 0);
  kit_turns(3);
  groups_finish();
  begin_rest();
  groups_finish(); /* and the whole stack, at the test's end */
}

/* Each goes on when its own time is over, whoever closes meanwhile. */
static void test_several_rest(void **state) {
  struct kit_seen seen[3];
  dgram_socket *sockets[3];
  (void)state;
  arrange();
  for (int i = 0; i < 3; i++)
    sockets[i] = kit_bound(DGRAM_UDP4, &seen[i]);
  many = (struct kit_fault){.from = 1, .to = FOR_EVER, .error = ENOMEM};
  for (int i = 0; i < 3; i++)
    kit_peer_send(groups_world.peer, kit_port(sockets[i]), "x", 1);
  for (int i = 0; i < 3; i++)
    kit_run_until(&seen[i].errors, DGRAM__RECEIVE_ERRORS_TURN);
  assert_int_equal(dgram_close(sockets[1], NULL, NULL), 0);
  many.to = 0;
  kit_run_until(&seen[0].messages, 1);
  kit_run_until(&seen[2].messages, 1);
  assert_true(kit_turns_within(50) < 5);
  groups_finish();
}

static void close_it(dgram_socket *socket, const dgram_error *error, void *data) {
  (void)error;
  if (++*(int *)data == DGRAM__RECEIVE_ERRORS_TURN)
    assert_int_equal(dgram_close(socket, NULL, NULL), 0);
}

static void test_close_at_the_last_error(void **state) {
  int errors = 0;
  (void)state;
  arrange();
  assert_int_equal(dgram_on_error(groups_world.socket, close_it, &errors), 0);
  many = (struct kit_fault){.from = 1, .to = FOR_EVER, .error = ENOMEM};
  send_to_it(3);
  kit_turns(5);
  assert_int_equal(errors, DGRAM__RECEIVE_ERRORS_TURN);
  groups_finish();
}

/* Then the loop turns, but all the rest is as it was. */
static void test_no_memory_to_rest(void **state) {
  (void)state;
  arrange();
  send_to_it(3);
  kit_run_until(&groups_world.seen.messages, 3);
  kit.fail_size = 1;
  many = (struct kit_fault){.from = 1, .to = FOR_EVER, .error = ENOMEM};
  send_to_it(3);
  kit_turns(5);
  assert_true(kit.refused > 0);
  assert_true(groups_world.seen.errors > DGRAM__RECEIVE_ERRORS_TURN);
  kit.fail_size = 0;
  many.to = 0;
  kit_run_until(&groups_world.seen.messages, 6);
  groups_finish();
}

static void test_paused_with_a_full_buffer(void **state) {
  (void)state;
  arrange();
  assert_int_equal(dgram_pause(groups_world.socket), 0);
  send_to_it(600); /* more than it holds */
  expect_peace();
  assert_int_equal(groups_world.seen.messages, 0);
  groups_finish();
}

/* ---- errors that are pending ---- */

static void adopt(bool connected, bool queue) {
  uint16_t own, closed;
  int on = 1;
  int fd = kit_peer(AF_INET, &own);
  close(kit_peer(AF_INET, &closed));
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(closed)};
  dgram_bind_options options = {.fd = fd};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (queue) assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on), 0);
  if (connected) assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
  groups_world.socket = kit_socket(DGRAM_UDP4, &groups_world.seen);
  assert_int_equal(dgram_bind(groups_world.socket, &options, NULL, NULL), 0);
  kit_turns(3);
  for (int i = 0; i < 3; i++)
    (void)sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to);
}

static void test_pending_errors(void **state) {
  (void)state;
  for (int kind = 1; kind < 4; kind++) {
    arrange();
    adopt(kind & 1, kind & 2);
    kit_run_until(&groups_world.seen.errors, 1);
    expect_peace();
    assert_int_equal(groups_world.seen.last_error, DGRAM_ECONNREFUSED);
    groups_finish();
  }
}

/* A socket that is paused is not watched: not for errors either. */
static void test_pending_errors_while_paused(void **state) {
  (void)state;
  arrange();
  adopt(true, true);
  assert_int_equal(dgram_pause(groups_world.socket), 0);
  expect_peace();
  groups_finish();
}

/* A queue is emptied as far as a turn allows, and that ends. */
static void test_a_queue_without_an_end(void **state) {
  (void)state;
  arrange();
  queue_stays = true;
  adopt(false, true);
  kit_turns(50);
  queue_stays = false;
  expect_peace();
  assert_true(groups_world.seen.errors >= 1);
  groups_finish();
}

/* ---- an error in each turn ---- */

static void begin_errors(size_t *told) {
  arrange();
  queue_stuck = true;
  adopt(false, true);
  kit_turns(5);
  groups_add(5, 10);
  refusal = -EAGAIN;
  start_list(told);
}

static void end_errors(size_t *told) {
  queue_stuck = false;
  refusal = 0;
  many.to = 0;
  kit_run_until(told, 1);
  groups_expect_arrived(groups_world.peer, groups_world.port);
  groups_finish();
}

/* libuv says nothing then of the room that there is. */
static void test_room_is_told_among_errors(void **state) {
  size_t told;
  (void)state;
  begin_errors(&told);
  kit_turns(3);
  assert_int_equal(told, 0);
  refusal = 0;
  kit_turns(3);
  assert_int_equal(told, 1);
  end_errors(&told);
}

static void test_errors_do_not_end_a_rest_of_sending(void **state) {
  size_t told, refused;
  (void)state;
  begin_errors(&told);
  kit_turns(30);
  refused = groups_calls.refused;
  kit_turns(10);
  assert_int_equal(groups_calls.refused, refused);
  end_errors(&told);
}

static void test_errors_do_not_end_a_rest_of_receiving(void **state) {
  size_t told;
  unsigned calls;
  (void)state;
  begin_errors(&told);
  many = (struct kit_fault){.from = 1, .to = FOR_EVER, .error = ENOMEM};
  kit_turns(3);
  calls = many.calls;
  kit_turns(3);
  assert_int_equal(many.calls, DGRAM__RECEIVE_ERRORS_TURN);
  assert_int_equal(many.calls, calls);
  end_errors(&told);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(test_no_room_in_the_device),
      KIT_TEST(test_writable_but_no_room),
      KIT_TEST(test_it_receives_meanwhile),
      KIT_TEST(test_slowly_is_no_reason_to_rest),
      KIT_TEST(test_nor_is_failing_slowly),
      KIT_TEST(test_a_port_that_is_closed),
      KIT_TEST(test_an_error_that_stays),
      KIT_TEST(test_pause_and_resume_while_it_rests),
      KIT_TEST(test_close_while_it_rests),
      KIT_TEST(test_several_rest),
      KIT_TEST(test_close_at_the_last_error),
      KIT_TEST(test_no_memory_to_rest),
      KIT_TEST(test_paused_with_a_full_buffer),
      KIT_TEST(test_pending_errors),
      KIT_TEST(test_pending_errors_while_paused),
      KIT_TEST(test_a_queue_without_an_end),
      KIT_TEST(test_room_is_told_among_errors),
      KIT_TEST(test_errors_do_not_end_a_rest_of_sending),
      KIT_TEST(test_errors_do_not_end_a_rest_of_receiving),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
