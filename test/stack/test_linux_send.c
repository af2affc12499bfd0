/* wrap: sendmmsg sendmsg uv_poll_start */
/* Sending on the linux stack: what sendmmsg and sendmsg may answer. Without groups, so that a
 * message is a datagram: those have test_linux_groups.c. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "linux_kit.h"

static struct kit_fault many, one, starts; /* starts counts changes of what is watched for */

int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  int wanted = kit_fault_meet(&many, count);
  return wanted <= 0 ? wanted : __real_sendmmsg(fd, messages, (unsigned)wanted, flags);
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags) {
  return kit_fault_meet(&one, 1) < 0 ? -1 : __real_sendmsg(fd, message, flags);
}

int __wrap_uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb cb) {
  kit_fault_meet(&starts, 1);
  return __real_uv_poll_start(poll, events, cb);
}

/* ---- a socket that sends, and a peer that gets it ---- */

static struct {
  dgram_socket *socket;
  struct kit_seen seen;
  int peer;
  uint16_t port;
  dgram_datagram list[100];
} world;

static void arrange(int type) {
  memset(&world, 0, sizeof world);
  world.socket = kit_bound(type, &world.seen);
  world.peer = kit_peer(type == DGRAM_UDP6 ? AF_INET6 : AF_INET, &world.port);
  memset(&many, 0, sizeof many);
  memset(&one, 0, sizeof one);
  memset(&starts, 0, sizeof starts);
}

/* Sends n datagrams and returns what arrived. */
static const char *send_list_of(int type, size_t n) {
  struct kit_sent sent = {0};
  kit_datagrams(world.list, n, type, world.port);
  assert_int_equal(dgram_send_many(world.socket, world.list, n, kit_on_sent, &sent), 0);
  kit_run_until(&sent.completed, 1);
  assert_int_equal(sent.completed, 1);
  return kit_peer_text(world.peer);
}

static const char *send_list(size_t n) {
  return send_list_of(DGRAM_UDP4, n);
}

static void expect_results(size_t n, size_t bad, int code) {
  for (size_t i = 0; i < n; i++)
    assert_int_equal(world.list[i].result, i == bad ? code : 1);
}

static void finish(void) {
  close(world.peer);
}

static int setup(void **state) {
  dgram_stack_options options = {.disable = DGRAM_DISABLE_GSO};
  if (kit_setup(state) < 0) return -1;
  kit_reopen(&options);
  return 0;
}

#define SEND_TEST(function) cmocka_unit_test_setup_teardown(function, setup, kit_teardown)

enum { NONE = 1000 };

/* ---- batches ---- */

static void test_a_list_is_one_batch(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  assert_string_equal(send_list(5), "abcde");
  expect_results(5, NONE, 0);
  assert_int_equal(starts.calls, 0);
  assert_int_equal(many.calls, 1);
  assert_int_equal(many.sizes[0], 5);
  assert_int_equal(one.calls, 0);
  assert_int_equal(kit_stats(world.socket).send_calls, 1);
  finish();
}

static void test_ipv6_too(void **state) {
  (void)state;
  arrange(DGRAM_UDP6);
  assert_string_equal(send_list_of(DGRAM_UDP6, 5), "abcde");
  assert_int_equal(many.calls, 1);
  finish();
}

static void test_a_lone_datagram_goes_by_sendmsg(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  assert_string_equal(send_list(1), "a");
  assert_int_equal(many.calls, 0);
  assert_int_equal(one.calls, 1);
  finish();
}

static void test_a_long_list_is_several_batches(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  assert_int_equal(strlen(send_list(100)), 100);
  assert_int_equal(many.calls, 2);
  assert_int_equal(many.sizes[0], 64);
  assert_int_equal(many.sizes[1], 36);
  finish();
}

/* 40 datagrams of 16 pieces are more than one call's pieces; none may be lost for that. */
static void test_gathered_datagrams_fill_a_batch_earlier(void **state) {
  dgram_buffer parts[16];
  struct kit_sent sent = {0};
  (void)state;
  arrange(DGRAM_UDP4);
  for (size_t i = 0; i < 16; i++)
    parts[i] = (dgram_buffer){i == 3 ? NULL : "pieces", i == 3 ? 0 : 6};
  kit_datagrams(world.list, 40, DGRAM_UDP4, world.port);
  for (size_t i = 0; i < 40; i++) {
    world.list[i].bytes = parts;
    world.list[i].parts = 16;
    world.list[i].length = 90;
  }
  assert_int_equal(dgram_send_many(world.socket, world.list, 40, kit_on_sent, &sent), 0);
  kit_run_until(&sent.completed, 1);
  for (size_t i = 0; i < 40; i++)
    assert_int_equal(world.list[i].result, 90);
  assert_int_equal(strlen(kit_peer_text(world.peer)), 40);
  assert_int_equal(many.calls, 2);
  assert_int_equal(many.sizes[0], 32);
  finish();
}

static void test_mmsg_switched_off_by_option(void **state) {
  dgram_stack_options options = {.disable = DGRAM_DISABLE_MMSG | DGRAM_DISABLE_GSO};
  (void)state;
  kit_reopen(&options);
  arrange(DGRAM_UDP4);
  assert_string_equal(send_list(5), "abcde");
  assert_int_equal(many.calls, 0);
  assert_int_equal(one.calls, 5);
  finish();
}

static void test_mmsg_switched_off_by_environment(void **state) {
  (void)state;
  setenv("DGRAM_DISABLE", "unknown, gso,mmsg", 1);
  kit_reopen(NULL);
  unsetenv("DGRAM_DISABLE");
  arrange(DGRAM_UDP4);
  assert_string_equal(send_list(5), "abcde");
  assert_int_equal(many.calls, 0);
  finish();
}

/* ---- partial results ---- */

static void test_partial_batches_go_on(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  many = (struct kit_fault){.from = 1, .to = 2, .take = 2};
  assert_string_equal(send_list(6), "abcdef");
  expect_results(6, NONE, 0);
  assert_int_equal(many.calls, 3);
  assert_int_equal(many.sizes[1], 4);
  finish();
}

/* The kernel says 2 and keeps the error of the third for the next call. */
static void test_a_hidden_error_fails_the_right_one(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  many = (struct kit_fault){.from = 1, .to = 1, .take = 2, .error_after = EPERM};
  assert_string_equal(send_list(5), "abde");
  expect_results(5, 2, DGRAM_EPERM);
  assert_int_equal(many.calls, 3);
  finish();
}

/* No fault here but the kernel's own: broadcast is not allowed on this socket. */
static void test_the_kernel_refuses_one_in_the_middle(void **state) {
  dgram_address broadcast;
  struct kit_sent sent = {0};
  (void)state;
  arrange(DGRAM_UDP4);
  kit_datagrams(world.list, 7, DGRAM_UDP4, world.port);
  assert_int_equal(dgram_address_parse("255.255.255.255", world.port, &broadcast), 0);
  world.list[3].to = broadcast;
  assert_int_equal(dgram_send_many(world.socket, world.list, 7, kit_on_sent, &sent), 0);
  kit_run_until(&sent.completed, 1);
  assert_string_equal(kit_peer_text(world.peer), "abcefg");
  for (size_t i = 0; i < 7; i++) {
    if (i != 3) assert_int_equal(world.list[i].result, 1);
  }
  assert_true(world.list[3].result == DGRAM_EACCES || world.list[3].result == DGRAM_ENETUNREACH);
  finish();
}

/* ---- no room: the core tries once, once more from its queue, and then waits to be told ---- */

static void test_eagain_waits_for_room(void **state) {
  unsigned turns = kit.turns;
  (void)state;
  arrange(DGRAM_UDP4);
  many = (struct kit_fault){.from = 1, .to = 4, .error = EAGAIN};
  assert_string_equal(send_list(5), "abcde");
  expect_results(5, NONE, 0);
  assert_int_equal(many.calls, 5);
  assert_true(kit.turns - turns < 20);
  /* With writability, still with it when there was no room after all, and without it again. */
  assert_int_equal(starts.calls, 2);
  finish();
}

static void test_eagain_after_some(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  many = (struct kit_fault){.from = 1, .to = 1, .take = 2};
  one = (struct kit_fault){.from = 1, .to = 3, .error = EAGAIN};
  assert_string_equal(send_list(3), "abc");
  expect_results(3, NONE, 0);
  assert_int_equal(one.calls, 4);
  finish();
}

/* A kernel does not answer 0, but a loop must not depend on that. */
static void test_a_batch_of_nothing_waits(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  many = (struct kit_fault){.from = 1, .to = 3, .take = 0};
  assert_string_equal(send_list(3), "abc");
  assert_int_equal(many.calls, 4);
  assert_int_equal(starts.calls, 2);
  finish();
}

static void count_ended(dgram_socket *socket, int status, void *data) {
  (void)socket;
  assert_int_equal(status, 1);
  ++*(size_t *)data;
}

/* After room was waited for once, nothing watches for it any more. */
static void test_waiting_for_room_ends(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  many = (struct kit_fault){.from = 1, .to = 3, .error = EAGAIN};
  send_list(5);
  assert_true(kit_turns_within(50) < 5);
  finish();
}

static void test_who_has_sent_all_waits_for_nothing(void **state) {
  size_t ended = 0;
  (void)state;
  arrange(DGRAM_UDP4);
  kit_datagrams(world.list, 3, DGRAM_UDP4, world.port);
  for (size_t i = 0; i < 3; i++)
    assert_int_equal(dgram_send_to(world.socket, "x", 1, &world.list[i].to, count_ended, &ended),
                     0);
  kit_run_until(&ended, 3);
  assert_int_equal(starts.calls, 0);
  finish();
}

static void test_try_does_not_wait(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  kit_datagrams(world.list, 3, DGRAM_UDP4, world.port);
  many = (struct kit_fault){.from = 1, .to = 1, .error = EAGAIN};
  assert_int_equal(dgram_try_send_many(world.socket, world.list, 3), 0);
  assert_true(kit_turns_within(50) < 5);
  assert_int_equal(many.calls, 1);
  assert_int_equal(starts.calls, 0);
  assert_int_equal(dgram_try_send_many(world.socket, world.list, 3), 3);
  assert_string_equal(kit_peer_text(world.peer), "abc");
  finish();
}

static void test_close_while_waiting_for_room(void **state) {
  struct kit_sent sent = {0};
  (void)state;
  arrange(DGRAM_UDP4);
  many = (struct kit_fault){.from = 1, .to = 1000000, .error = EAGAIN};
  kit_datagrams(world.list, 3, DGRAM_UDP4, world.port);
  assert_int_equal(dgram_send_many(world.socket, world.list, 3, kit_on_sent, &sent), 0);
  kit_turns(5);
  assert_int_equal(dgram_abort(world.socket), 0);
  kit_run_until(&sent.completed, 1);
  assert_int_equal(world.list[0].result, DGRAM_ECANCELED);
  finish();
}

/* ---- errors ---- */

static void test_enobufs_fails_one_and_does_not_wait(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  many = (struct kit_fault){.from = 1, .to = 1, .error = ENOBUFS};
  assert_string_equal(send_list(4), "bcd");
  expect_results(4, 0, DGRAM_ENOBUFS);
  assert_int_equal(many.calls, 2);
  finish();
}

static void test_eintr_is_tried_again(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  many = (struct kit_fault){.from = 1, .to = 3, .error = EINTR};
  assert_string_equal(send_list(4), "abcd");
  assert_int_equal(many.calls, 4);
  finish();
}

static void test_eintr_for_ever_ends(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  one = (struct kit_fault){.from = 1, .to = 1000000, .error = EINTR};
  assert_string_equal(send_list(1), "");
  expect_results(1, 0, DGRAM_EINTR);
  assert_true(one.calls < 20);
  finish();
}

static void test_an_error_of_an_earlier_one_is_retried(void **state) {
  const int errors[] = {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN};
  (void)state;
  arrange(DGRAM_UDP4);
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
    many = (struct kit_fault){.from = 1, .to = 1, .error = errors[i]};
    assert_string_equal(send_list(3), "abc");
    one = (struct kit_fault){.from = 1, .to = 1, .error = errors[i]};
    assert_string_equal(send_list(1), "a");
    assert_int_equal(one.calls, 2);
  }
  finish();
}

static void test_it_is_retried_once(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  many = (struct kit_fault){.from = 1, .to = 2, .error = ECONNREFUSED};
  assert_string_equal(send_list(3), "bc");
  expect_results(3, 0, DGRAM_ECONNREFUSED);
  assert_int_equal(many.calls, 3);
  finish();
}

static void test_all_fail_for_ever(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  many = one = (struct kit_fault){.from = 1, .to = 1000000, .error = EPERM};
  assert_string_equal(send_list(5), "");
  for (size_t i = 0; i < 5; i++)
    assert_int_equal(world.list[i].result, DGRAM_EPERM);
  assert_int_equal(many.calls + one.calls, 5);
  finish();
}

/* ---- old kernels ---- */

static void test_without_sendmmsg(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  many = (struct kit_fault){.from = 1, .to = 1000000, .error = ENOSYS};
  assert_string_equal(send_list(5), "abcde");
  assert_string_equal(send_list(5), "abcde");
  assert_int_equal(many.calls, 1);
  assert_int_equal(one.calls, 10);
  finish();
}

static void test_without_sendmsg_either(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  many = one = (struct kit_fault){.from = 1, .to = 1000000, .error = ENOSYS};
  assert_string_equal(send_list(3), "");
  assert_int_equal(world.list[2].result, DGRAM_ENOSYS);
  finish();
}

/* What sendmsg answers says nothing of sendmmsg. */
static void test_one_alone_that_is_not_implemented(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  one = (struct kit_fault){.from = 1, .to = 1, .error = ENOSYS};
  assert_string_equal(send_list(1), "");
  expect_results(1, 0, DGRAM_ENOSYS);
  assert_string_equal(send_list(5), "abcde");
  assert_int_equal(many.calls, 1);
  assert_int_equal(one.calls, 1);
  finish();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      SEND_TEST(test_a_list_is_one_batch),
      SEND_TEST(test_ipv6_too),
      SEND_TEST(test_a_lone_datagram_goes_by_sendmsg),
      SEND_TEST(test_a_long_list_is_several_batches),
      SEND_TEST(test_gathered_datagrams_fill_a_batch_earlier),
      SEND_TEST(test_mmsg_switched_off_by_option),
      SEND_TEST(test_mmsg_switched_off_by_environment),
      SEND_TEST(test_partial_batches_go_on),
      SEND_TEST(test_a_hidden_error_fails_the_right_one),
      SEND_TEST(test_the_kernel_refuses_one_in_the_middle),
      SEND_TEST(test_eagain_waits_for_room),
      SEND_TEST(test_eagain_after_some),
      SEND_TEST(test_a_batch_of_nothing_waits),
      SEND_TEST(test_waiting_for_room_ends),
      SEND_TEST(test_who_has_sent_all_waits_for_nothing),
      SEND_TEST(test_try_does_not_wait),
      SEND_TEST(test_close_while_waiting_for_room),
      SEND_TEST(test_enobufs_fails_one_and_does_not_wait),
      SEND_TEST(test_eintr_is_tried_again),
      SEND_TEST(test_eintr_for_ever_ends),
      SEND_TEST(test_an_error_of_an_earlier_one_is_retried),
      SEND_TEST(test_it_is_retried_once),
      SEND_TEST(test_all_fail_for_ever),
      SEND_TEST(test_without_sendmmsg),
      SEND_TEST(test_without_sendmsg_either),
      SEND_TEST(test_one_alone_that_is_not_implemented),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
