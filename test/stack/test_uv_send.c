/* Sending on the uv stack: one try, then at most one datagram in libuv's queue. */

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "uv_kit.h"

/* What the system answers: `fails` calls that send fail with error, after `passes` that do not. */
static struct {
  int error;
  unsigned passes;
  unsigned fails;
  unsigned calls;
  unsigned largest; /* datagrams in one call */
} fault;

static bool meet(unsigned count) {
  fault.calls++;
  if (count > fault.largest) fault.largest = count;
  if (fault.passes > 0) {
    fault.passes--;
    return true;
  }
  if (fault.fails == 0) return true;
  fault.fails--;
  errno = fault.error;
  return false;
}

UV_KIT_REPLACES ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  static ssize_t (*real)(int, const struct msghdr *, int);
  if (!real) UV_KIT_REAL(real, "sendmsg");
  return meet(1) ? real(fd, message, flags) : -1;
}

UV_KIT_REPLACES int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  static int (*real)(int, struct mmsghdr *, unsigned, int);
  if (!real) UV_KIT_REAL(real, "sendmmsg");
  return count == 0 || meet(count) ? real(fd, messages, count, flags) : -1;
}

UV_KIT_REPLACES long syscall(long number, ...) {
  static long (*real)(long, ...);
  long a[6];
  va_list list;
  va_start(list, number);
  for (int i = 0; i < 6; i++)
    a[i] = va_arg(list, long);
  va_end(list);
  if (!real) UV_KIT_REAL(real, "syscall");
  if (number == SYS_sendmmsg && a[2] > 0 && !meet((unsigned)a[2])) return -1;
  return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* ---- a socket that sends, and a peer that gets it ---- */

static struct {
  dgram_socket *socket;
  struct kit_seen seen;
  int peer;
  uint16_t port;
  dgram_datagram list[100];
  size_t done;
  int results[100];
} world;

static void arrange(void) {
  memset(&world, 0, sizeof world);
  world.socket = kit_bound(DGRAM_UDP4, &world.seen);
  world.peer = kit_peer(AF_INET, &world.port);
  memset(&fault, 0, sizeof fault);
}

static void finish(void) {
  fault.fails = 0;
  close(world.peer);
}

static void on_sent(dgram_socket *socket, int status, void *data) {
  (void)socket;
  (void)data;
  world.results[world.done++] = status;
}

/* Datagrams "a", "b" and so on, each with a callback. */
static void send_each(size_t n) {
  kit_datagrams(world.list, n, DGRAM_UDP4, world.port);
  for (size_t i = 0; i < n; i++) {
    const dgram_datagram *datagram = &world.list[i];
    assert_int_equal(dgram_send_to(world.socket, datagram->bytes, 1, &datagram->to, on_sent, NULL),
                     0);
  }
}

static void expect_results(size_t n, size_t bad, int code) {
  assert_int_equal(world.done, n);
  for (size_t i = 0; i < n; i++)
    assert_int_equal(world.results[i], i == bad ? code : 1);
}

enum { NONE = 1000, FOR_EVER = 1000000 };

/* ---- tests ---- */

static void test_a_datagram_is_a_call(void **state) {
  (void)state;
  arrange();
  send_each(5);
  kit_run_until(&world.done, 5);
  expect_results(5, NONE, 0);
  assert_string_equal(kit_peer_text(world.peer), "abcde");
  assert_int_equal(fault.calls, 5);
  assert_int_equal(fault.largest, 1);
  assert_int_equal(kit_stats(world.socket).send_calls, 5);
  finish();
}

/* The try fails, the queued attempt that libuv makes at once succeeds; the rest follows it. */
static void test_one_waits_in_libuv(void **state) {
  (void)state;
  arrange();
  fault.passes = 1;
  fault.fails = 1;
  fault.error = EAGAIN;
  send_each(5);
  kit_run_until(&world.done, 5);
  expect_results(5, NONE, 0);
  assert_string_equal(kit_peer_text(world.peer), "abcde");
  assert_int_equal(fault.largest, 1);
  assert_int_equal(fault.calls, 6);
  finish();
}

static void test_it_waits_until_the_system_takes_more(void **state) {
  (void)state;
  arrange();
  fault.fails = 10;
  fault.error = EAGAIN;
  send_each(50);
  kit_run_until(&world.done, 50);
  expect_results(50, NONE, 0);
  assert_int_equal(strlen(kit_peer_text(world.peer)), 50);
  assert_int_equal(fault.largest, 1);
  assert_int_equal(fault.fails, 0);
  finish();
}

/* Every other datagram has to wait once: each round of waiting ends with one that was queued. */
static void test_waiting_again_and_again(void **state) {
  (void)state;
  arrange();
  fault.error = EAGAIN;
  send_each(20);
  for (size_t n = 1; n <= 20; n++) {
    fault.fails = 2;
    fault.passes = 0;
    kit_run_until(&world.done, n);
  }
  expect_results(20, NONE, 0);
  assert_string_equal(kit_peer_text(world.peer), "abcdefghijklmnopqrst");
  assert_int_equal(fault.largest, 1);
  finish();
}

static void test_an_error_is_of_one_datagram(void **state) {
  (void)state;
  arrange();
  fault.passes = 2;
  fault.fails = 1;
  fault.error = EPERM;
  send_each(5);
  kit_run_until(&world.done, 5);
  expect_results(5, 2, DGRAM_EPERM);
  assert_string_equal(kit_peer_text(world.peer), "abde");
  finish();
}

/* The result of the datagram that waited comes with the word that the socket is sendable. */
static void test_an_error_of_the_one_that_waited(void **state) {
  (void)state;
  arrange();
  fault.fails = FOR_EVER;
  fault.error = EAGAIN;
  send_each(3);
  kit_turns(2);
  assert_int_equal(world.done, 0);
  fault.fails = 1;
  fault.error = EPERM;
  kit_run_until(&world.done, 3);
  expect_results(3, 0, DGRAM_EPERM);
  assert_string_equal(kit_peer_text(world.peer), "bc");
  finish();
}

static void test_a_try_queues_nothing(void **state) {
  (void)state;
  arrange();
  kit_datagrams(world.list, 5, DGRAM_UDP4, world.port);
  fault.passes = 2;
  fault.fails = 1;
  fault.error = EAGAIN;
  assert_int_equal(dgram_try_send_many(world.socket, world.list, 5), 2);
  assert_int_equal(fault.calls, 3);
  kit_turns(3);
  assert_int_equal(fault.calls, 3);
  assert_string_equal(kit_peer_text(world.peer), "ab");
  finish();
}

static void test_a_try_behind_one_that_waits(void **state) {
  (void)state;
  arrange();
  fault.fails = FOR_EVER;
  fault.error = EAGAIN;
  send_each(1);
  kit_turns(2);
  assert_int_equal(dgram_try_send_many(world.socket, world.list, 1), 0);
  fault.fails = 0;
  kit_run_until(&world.done, 1);
  assert_string_equal(kit_peer_text(world.peer), "a");
  finish();
}

static void test_an_abort_cancels_the_one_that_waits(void **state) {
  (void)state;
  arrange();
  fault.fails = FOR_EVER;
  fault.error = EAGAIN;
  send_each(3);
  kit_turns(2);
  assert_int_equal(dgram_abort(world.socket), 0);
  fault.fails = 0;
  kit_run_until(&world.done, 3);
  for (size_t i = 0; i < 3; i++)
    assert_int_equal(world.results[i], DGRAM_ECANCELED);
  kit_turns(3);
  assert_string_equal(kit_peer_text(world.peer), "");
  finish();
}

static void test_a_close_lets_it_go_out(void **state) {
  (void)state;
  arrange();
  fault.fails = 6;
  fault.error = EAGAIN;
  send_each(3);
  kit_turns(1);
  assert_int_equal(dgram_close(world.socket, NULL, NULL), 0);
  kit_run_until(&world.done, 3);
  expect_results(3, NONE, 0);
  assert_string_equal(kit_peer_text(world.peer), "abc");
  finish();
}

static void abort_in_message(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)message;
  (void)data;
  assert_int_equal(dgram_abort(socket), 0);
}

/* In one turn of libuv the socket is readable and writable, and what was read closes it. libuv 1.44
 * then sends on the closed handle and calls back with UV_EBADF. */
static void test_closed_while_it_receives(void **state) {
  (void)state;
  arrange();
  uint16_t port = kit_port(world.socket);
  dgram_on_message(world.socket, abort_in_message, NULL);
  fault.fails = FOR_EVER;
  fault.error = EAGAIN;
  send_each(1);
  kit_turns(2);
  assert_int_equal(world.done, 0);
  kit_peer_send(world.peer, port, "x", 1);
  fault.fails = 0;
  kit_run_until(&world.done, 1);
  assert_int_equal(world.results[0], DGRAM_ECANCELED);
  assert_string_equal(kit_peer_text(world.peer), "");
  finish();
}

/* More pieces than libuv has room for by itself, in the queue too. */
static void test_pieces_wait_as_well(void **state) {
  (void)state;
  dgram_buffer parts[8];
  arrange();
  for (size_t i = 0; i < 8; i++)
    parts[i] = (dgram_buffer){.bytes = &"abcdefgh"[i], .length = 1};
  fault.fails = 5;
  fault.error = EAGAIN;
  assert_int_equal(dgram_send_gather(world.socket, parts, 8, world.port, NULL, on_sent, NULL), 0);
  kit_run_until(&world.done, 1);
  assert_int_equal(world.results[0], 8);
  assert_string_equal(kit_peer_text(world.peer), "a");
  finish();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      UV_KIT_TEST(test_a_datagram_is_a_call),
      UV_KIT_TEST(test_one_waits_in_libuv),
      UV_KIT_TEST(test_it_waits_until_the_system_takes_more),
      UV_KIT_TEST(test_waiting_again_and_again),
      UV_KIT_TEST(test_an_error_is_of_one_datagram),
      UV_KIT_TEST(test_an_error_of_the_one_that_waited),
      UV_KIT_TEST(test_a_try_queues_nothing),
      UV_KIT_TEST(test_a_try_behind_one_that_waits),
      UV_KIT_TEST(test_an_abort_cancels_the_one_that_waits),
      UV_KIT_TEST(test_a_close_lets_it_go_out),
      UV_KIT_TEST(test_closed_while_it_receives),
      UV_KIT_TEST(test_pieces_wait_as_well),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
