/* wrap: sendmmsg sendmsg setsockopt recvmmsg recvmsg */
/* The table of errors: each row is provoked, and what it says has to follow; then the socket
 * works. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "groups_kit.h"
#include "stack/linux/errors.h"

enum { FOR_EVER = 1000000, A = 10, B = 30, LENGTH = 40 };

static struct kit_fault many, one;

int __wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout) {
  int wanted = kit_fault_meet(&many, count);
  return wanted <= 0 ? wanted : __real_recvmmsg(fd, messages, (unsigned)wanted, flags, timeout);
}

/* The error queue is read by the same function and is another matter. */
ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags) {
  if (!(flags & MSG_ERRQUEUE) && kit_fault_meet(&one, 1) < 0) return -1;
  return __real_recvmsg(fd, message, flags);
}

/* ---- the table itself ---- */

static void test_at_least_80_rows_and_no_pair_twice(void **state) {
  size_t count;
  const struct linux_error *errors = linux_stack_errors(&count);
  (void)state;
  assert_true(count >= 80);
  for (size_t i = 0; i < count; i++) {
    assert_true(errors[i].code < 0);
    assert_int_equal(linux_stack_action(errors[i].call, errors[i].code), errors[i].action);
    for (size_t j = 0; j < i; j++)
      assert_false(errors[i].call == errors[j].call && errors[i].code == errors[j].code);
  }
}

/* ---- what the system refuses: messages of LENGTH, so often ---- */

static int refusal; /* -errno */
static unsigned refusals;

static int one_length(const struct groups_message *message) {
  const bool meant = message->segment == LENGTH || message->length == LENGTH;
  if (!meant || refusals == 0) return 0;
  if (message->first) refusals--;
  return refusal;
}

/* The group of that length, and not its datagrams. */
static int one_group(const struct groups_message *message) {
  return groups_is_group(message) ? one_length(message) : 0;
}

static void arrange(int (*judge)(const struct groups_message *message), int code, unsigned times) {
  memset(&many, 0, sizeof many);
  memset(&one, 0, sizeof one);
  groups_arrange(DGRAM_UDP4);
  groups_calls.judge = judge;
  refusal = code;
  refusals = times;
}

/* Idle is idle, and it sends and receives. */
static void expect_health(void) {
  refusals = 0;
  groups_calls.no_sendmmsg = 0;
  many.to = one.to = 0;
  assert_true(kit_turns_within(5) < 5);
  groups_clear();
  groups_add(3, 7);
  groups_pass();
  size_t before = groups_world.seen.messages;
  kit_peer_send(groups_world.peer, kit_port(groups_world.socket), "x", 1);
  kit_run_until(&groups_world.seen.messages, before + 1);
  assert_int_equal(dgram_close(groups_world.socket, NULL, NULL), 0);
  groups_finish();
}

/* ---- a datagram by itself: the middle of three ---- */

static void send_three(int code, unsigned times) {
  arrange(one_length, code, times);
  groups_add(1, LENGTH - 10);
  groups_add(1, LENGTH);
  groups_add(1, LENGTH + 10);
  groups_send();
  groups_expect_arrived(groups_world.peer, groups_world.port);
  groups_expect_sent(0, 1);
  groups_expect_sent(2, 3);
}

static void it_leaves(int code, unsigned times) {
  send_three(code, times);
  groups_expect_sent(1, 2);
  assert_int_equal(groups_calls.refused, times);
  assert_int_equal(groups_world.seen.errors, 0);
  expect_health();
}

static void it_fails(int code, unsigned tries) {
  send_three(code, FOR_EVER);
  groups_expect_code(1, 2, code);
  assert_int_equal(groups_calls.refused, tries);
  assert_int_equal(kit_stats(groups_world.socket).send_errors, 1);
  expect_health();
}

/* Nobody's callback: then it is an event. */
static void it_is_told(int code) {
  dgram_address to;
  static const char bytes[LENGTH];
  arrange(one_length, code, FOR_EVER);
  to = groups_to(groups_world.port);
  assert_int_equal(dgram_send_to(groups_world.socket, bytes, LENGTH, &to, NULL, NULL), 0);
  kit_run_until(&groups_world.seen.errors, 1);
  assert_int_equal(groups_world.seen.last_error, code);
  assert_string_equal(groups_world.seen.last_syscall, "send");
  expect_health();
}

static void without_batches(int code) {
  arrange(NULL, 0, 0);
  groups_calls.no_sendmmsg = -code;
  groups_add(1, 10);
  groups_add(1, 20);
  groups_pass();
  assert_int_equal(groups_calls.many, 1);
  assert_int_equal(groups_calls.one, 2);
  expect_health();
  kit_reopen(NULL);
}

static void provoke_send(const struct linux_error *row) {
  switch (row->action) {
  case LINUX_WAIT:
    it_leaves(row->code, 3);
    break;
  case LINUX_REPEAT:
    it_leaves(row->code, DGRAM__RETRIES_MAX);
    it_fails(row->code, DGRAM__RETRIES_MAX + 1);
    it_is_told(row->code);
    break;
  case LINUX_REPEAT_ONCE:
    it_leaves(row->code, 1);
    it_fails(row->code, 2);
    it_is_told(row->code);
    break;
  case LINUX_FAIL:
    it_fails(row->code, 1);
    it_is_told(row->code);
    break;
  case LINUX_LONE_CALLS:
    without_batches(row->code);
    break;
  default:
    fail_msg("no action for a datagram: %d", row->action);
  }
}

/* ---- a group: the middle of three ---- */

static void send_groups(int code, unsigned times) {
  arrange(one_group, code, times);
  groups_add(A, LENGTH - 10);
  groups_add(B - A, LENGTH);
  groups_add(A, LENGTH + 10);
  groups_send();
  groups_expect_arrived(groups_world.peer, groups_world.port);
  groups_expect_sent(0, A);
  groups_expect_sent(B, B + A);
  assert_int_equal(groups_world.seen.errors, 0);
}

static void the_group_leaves(int code, unsigned times) {
  send_groups(code, times);
  groups_expect_sent(A, B);
  assert_int_equal(groups_count(), 3);
  assert_int_equal(groups_calls.refused, times);
  expect_health();
}

static void the_group_fails(int code, unsigned tries) {
  send_groups(code, FOR_EVER);
  groups_expect_code(A, B, code);
  assert_int_equal(groups_count(), 2);
  assert_int_equal(groups_calls.refused, tries);
  assert_int_equal(kit_stats(groups_world.socket).send_errors, B - A);
  expect_health();
}

static void expect_group(size_t length, bool expected) {
  groups_clear();
  groups_add(5, length);
  groups_pass();
  assert_int_equal(groups_count(), expected);
}

/* Whether groups of that length, and of a shorter one, are formed after that. */
static void it_goes_in_singles(int code, bool same, bool shorter) {
  send_groups(code, FOR_EVER);
  groups_expect_sent(A, B);
  assert_int_equal(groups_calls.refused, 1);
  assert_int_equal(groups_calls.left_count >= B - A + 2, true);
  refusals = 0;
  expect_group(LENGTH, same);
  expect_group(LENGTH - 1, shorter);
  expect_health();
}

static void provoke_group(const struct linux_error *row) {
  switch (row->action) {
  case LINUX_WAIT:
    the_group_leaves(row->code, 3);
    break;
  case LINUX_REPEAT:
    the_group_leaves(row->code, DGRAM__RETRIES_MAX);
    the_group_fails(row->code, DGRAM__RETRIES_MAX + 1);
    break;
  case LINUX_REPEAT_ONCE:
    the_group_leaves(row->code, 1);
    the_group_fails(row->code, 2);
    break;
  case LINUX_FAIL:
    the_group_fails(row->code, 1);
    break;
  case LINUX_SINGLES:
    it_goes_in_singles(row->code, true, true);
    break;
  case LINUX_SINGLES_LENGTH:
    it_goes_in_singles(row->code, false, true);
    break;
  case LINUX_SINGLES_OFF:
    it_goes_in_singles(row->code, false, false);
    break;
  case LINUX_LONE_CALLS:
    without_batches(row->code);
    break;
  default:
    fail_msg("no action for a group: %d", row->action);
  }
}

/* ---- receiving ---- */

static void receive_three(struct kit_fault *fault, int code, unsigned times) {
  arrange(NULL, 0, 0);
  *fault = (struct kit_fault){.from = 1, .to = times, .error = -code};
  for (int i = 0; i < 3; i++)
    kit_peer_send(groups_world.peer, kit_port(groups_world.socket), "x", 1);
  kit_run_until(&groups_world.seen.messages, 3);
}

static void provoke_receive_by(struct kit_fault *fault, const struct linux_error *row) {
  const bool told = row->action == LINUX_REPORT;
  for (unsigned times = 1; times < DGRAM__RECEIVE_ERRORS_TURN; times++) {
    receive_three(fault, row->code, times);
    assert_int_equal(groups_world.seen.errors, told ? times : 0);
    assert_int_equal(groups_world.seen.last_error, told ? row->code : 0);
    assert_int_equal(kit_stats(groups_world.socket).receive_errors, told ? times : 0);
    assert_true(fault->calls > times);
    expect_health();
  }
}

static void receive_without_batches(int code) {
  receive_three(&many, code, FOR_EVER);
  assert_int_equal(groups_world.seen.errors, 0);
  assert_int_equal(many.calls, 1);
  assert_true(one.calls >= 3);
  expect_health();
  kit_reopen(NULL);
}

static void provoke_receive(const struct linux_error *row) {
  dgram_stack_options lone = {.disable = DGRAM_DISABLE_MMSG};
  if (row->action == LINUX_LONE_CALLS) {
    receive_without_batches(row->code);
    return;
  }
  assert_true(row->action == LINUX_WAIT || row->action == LINUX_REPEAT ||
              row->action == LINUX_REPORT);
  provoke_receive_by(&many, row);
  kit_reopen(&lone);
  provoke_receive_by(&one, row);
  kit_reopen(NULL);
}

/* ---- all rows ---- */

static void walk(enum linux_call call, void (*provoke)(const struct linux_error *row)) {
  size_t count, walked = 0;
  const struct linux_error *errors = linux_stack_errors(&count);
  for (size_t i = 0; i < count; i++) {
    if (errors[i].call != call) continue;
    print_message("%s\n", dgram_error_name(errors[i].code));
    provoke(&errors[i]);
    walked++;
  }
  assert_true(walked > 20);
}

static void test_sending_a_datagram(void **state) {
  (void)state;
  walk(LINUX_SEND, provoke_send);
}

static void test_sending_a_group(void **state) {
  (void)state;
  walk(LINUX_SEND_GROUP, provoke_group);
}

static void test_receiving(void **state) {
  (void)state;
  walk(LINUX_RECEIVE, provoke_receive);
}

/* In no row. */
static void test_an_error_that_nobody_knows(void **state) {
  const struct linux_error rows[] = {
      {LINUX_SEND, -EXFULL, LINUX_FAIL},
      {LINUX_SEND_GROUP, -EXFULL, LINUX_SINGLES},
      {LINUX_RECEIVE, -EXFULL, LINUX_REPORT},
  };
  (void)state;
  for (size_t i = 0; i < 3; i++)
    assert_int_equal(linux_stack_action(rows[i].call, rows[i].code), rows[i].action);
  provoke_send(&rows[0]);
  provoke_group(&rows[1]);
  provoke_receive(&rows[2]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(test_at_least_80_rows_and_no_pair_twice),
      KIT_TEST(test_sending_a_datagram),
      KIT_TEST(test_sending_a_group),
      KIT_TEST(test_receiving),
      KIT_TEST(test_an_error_that_nobody_knows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
