/* Connected sockets of the stacks that have a kernel: what it answers in the wrong place, what waits
 * when the peer changes, ports and descriptors. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "stack/stack.h"
#include "uv_kit.h"

enum { FOR_EVER = 1000000 };

/* ---- a system that fails ---- */

static struct {
  int error; /* of the next `fails` calls that send */
  unsigned fails;
  int then; /* of those after them */
  unsigned then_fails;
  int thief; /* what takes the port as soon as a socket is disconnected; -1: nobody */
} fault;

static bool meet(void) {
  if (fault.fails == 0 && fault.then_fails == 0) return true;
  errno = fault.fails > 0 ? fault.error : fault.then;
  if (fault.fails > 0)
    fault.fails--;
  else
    fault.then_fails--;
  return false;
}

UV_KIT_REPLACES ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  static ssize_t (*real)(int, const struct msghdr *, int);
  if (!real) UV_KIT_REAL(real, "sendmsg");
  return meet() ? real(fd, message, flags) : -1;
}

UV_KIT_REPLACES int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  static int (*real)(int, struct mmsghdr *, unsigned, int);
  if (!real) UV_KIT_REAL(real, "sendmmsg");
  return count == 0 || meet() ? real(fd, messages, count, flags) : -1;
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
  if (number == SYS_sendmmsg && a[2] > 0 && !meet()) return -1;
  return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* The GNU library's declaration has a union for the pointer: so by another name in C. */
UV_KIT_REPLACES int connect_or_steal(int fd, const struct sockaddr *address,
                                     socklen_t length) __asm__("connect");
int connect_or_steal(int fd, const struct sockaddr *address, socklen_t length) {
  static int (*real)(int, const struct sockaddr *, socklen_t);
  struct sockaddr_in before;
  socklen_t size = sizeof before;
  if (!real) UV_KIT_REAL(real, "connect");
  (void)getsockname(fd, (struct sockaddr *)&before, &size);
  int result = real(fd, address, length);
  if (address->sa_family == AF_UNSPEC && fault.thief >= 0)
    assert_int_equal(bind(fault.thief, (struct sockaddr *)&before, size), 0);
  return result;
}

/* ---- a socket that is connected to a peer, and another one ---- */

static struct {
  dgram_socket *socket;
  struct kit_seen seen;
  int peer;
  int other;
  uint16_t peer_port;
  uint16_t other_port;
  size_t done;
  int results[16];
} world;

static int arrange(void **state) {
  (void)state;
  memset(&world, 0, sizeof world);
  fault.thief = -1;
  fault.fails = fault.then_fails = 0;
  world.peer = kit_peer(AF_INET, &world.peer_port);
  world.other = kit_peer(AF_INET, &world.other_port);
  world.socket = kit_socket(DGRAM_UDP4, &world.seen);
  assert_int_equal(dgram_connect_sync(world.socket, world.peer_port, NULL), 0);
  kit_turns(3);
  return 0;
}

static void finish(void) {
  fault.fails = fault.then_fails = 0;
  close(world.peer);
  close(world.other);
}

static void on_sent(dgram_socket *socket, int status, void *data) {
  (void)socket;
  (void)data;
  world.results[world.done++] = status;
}

static void send_to_peer(const char *text) {
  assert_int_equal(dgram_send_to(world.socket, text, 1, NULL, on_sent, NULL), 0);
}

static void fail_next(unsigned times, int error) {
  fault.fails = times;
  fault.error = error;
  fault.then_fails = 0;
}

static void expect_idle(size_t errors) {
  assert_true(kit_turns_within(20) < 20);
  assert_int_equal(world.seen.errors, errors);
}

/* ---- answers that belong to others ---- */

/* One that does not come again is another's, whatever it is. */
static void test_another_ones_error_is_told(void **state) {
  static const int errors[] = {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EMSGSIZE, EACCES};
  arrange(state);
  for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
    fail_next(1, errors[i]);
    send_to_peer("a");
    assert_int_equal(world.seen.errors, i);
    kit_run_until(&world.seen.errors, i + 1);
    kit_run_until(&world.done, i + 1);
    assert_int_equal(world.results[i], 1);
    assert_int_equal(world.seen.last_error, -errors[i]);
    assert_string_equal(world.seen.last_syscall, "recvmsg");
  }
  assert_string_equal(kit_peer_text(world.peer), "aaaaa");
  expect_idle(5);
  finish();
}

/* One that comes again is the datagram's own, and told once. */
static void test_its_own_error_is_its_result(void **state) {
  static const int errors[] = {EHOSTUNREACH, ENETUNREACH, EMSGSIZE, EACCES, EPERM};
  arrange(state);
  for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
    fail_next(FOR_EVER, errors[i]);
    send_to_peer("a");
    kit_run_until(&world.done, i + 1);
    assert_int_equal(world.results[i], -errors[i]);
  }
  fail_next(0, 0);
  send_to_peer("b");
  kit_run_until(&world.done, 6);
  assert_string_equal(kit_peer_text(world.peer), "b");
  expect_idle(0);
  finish();
}

/* A refusal is never a send's own, however often it comes; but there is an end to trying. */
static void test_refusals_in_a_row(void **state) {
  arrange(state);
  fail_next(DGRAM__RETRIES_MAX, ECONNREFUSED);
  send_to_peer("a");
  kit_run_until(&world.done, 1);
  kit_run_until(&world.seen.errors, DGRAM__RETRIES_MAX);
  assert_int_equal(world.results[0], 1);
  fail_next(FOR_EVER, ECONNREFUSED);
  send_to_peer("b");
  kit_run_until(&world.done, 2);
  assert_int_equal(world.results[1], DGRAM_ECONNREFUSED);
  fail_next(0, 0);
  assert_string_equal(kit_peer_text(world.peer), "a");
  expect_idle(2 * DGRAM__RETRIES_MAX);
  finish();
}

/* In a group, and in the middle of a list of several messages. */
static void test_a_list_loses_nothing(void **state) {
  dgram_datagram list[6] = {{.bytes = "a", .length = 1},  {.bytes = "b", .length = 1},
                            {.bytes = "cc", .length = 2}, {.bytes = "d", .length = 1},
                            {.bytes = "ee", .length = 2}, {.bytes = "f", .length = 1}};
  arrange(state);
  fail_next(1, ECONNREFUSED);
  assert_int_equal(dgram_try_send_many(world.socket, list, 6), 6);
  for (int i = 0; i < 6; i++)
    assert_int_equal(list[i].result, list[i].length);
  assert_int_equal(world.seen.errors, 0);
  kit_run_until(&world.seen.errors, 1);
  assert_string_equal(kit_peer_text(world.peer), "abcdef");
  expect_idle(1);
  finish();
}

/* The call that has met an answer ends for want of room: the answer is told all the same. */
static void test_an_answer_then_no_room(void **state) {
  dgram_datagram datagram = {.bytes = "a", .length = 1};
  arrange(state);
  fail_next(1, ECONNREFUSED);
  fault.then = EAGAIN;
  fault.then_fails = 1;
  assert_int_equal(dgram_try_send_many(world.socket, &datagram, 1), 0);
  assert_int_equal(fault.then_fails, 0);
  kit_run_until(&world.seen.errors, 1);
  expect_idle(1);
  finish();
}

/* While the system takes nothing a refusal may meet the datagram that waits. */
static void test_a_refusal_meets_one_that_waits(void **state) {
  arrange(state);
  fail_next(2, EAGAIN);
  fault.then = ECONNREFUSED;
  fault.then_fails = 1;
  send_to_peer("a");
  send_to_peer("b");
  kit_run_until(&world.done, 2);
  kit_run_until(&world.seen.errors, 1);
  assert_int_equal(world.results[0], 1);
  assert_int_equal(world.results[1], 1);
  assert_string_equal(kit_peer_text(world.peer), "ab");
  expect_idle(1);
  finish();
}

/* ---- what waits while the peer changes ---- */

/* The system has no room: what was for the peer still goes there, after the disconnect. */
static void block_with(const char *text) {
  fail_next(FOR_EVER, EAGAIN);
  for (; *text != '\0'; text++)
    send_to_peer(text);
  assert_int_equal(dgram_flush(kit.stack), 0);
  assert_int_equal(world.done, 0);
}

static void test_disconnected_while_blocked(void **state) {
  dgram_address to;
  arrange(state);
  block_with("abc");
  assert_int_equal(dgram_disconnect(world.socket), 0);
  assert_int_equal(dgram_address_parse("127.0.0.1", world.other_port, &to), 0);
  assert_int_equal(dgram_send_to(world.socket, "d", 1, &to, on_sent, NULL), 0);
  fail_next(0, 0);
  kit_run_until(&world.done, 4);
  for (int i = 0; i < 4; i++)
    assert_int_equal(world.results[i], 1);
  assert_string_equal(kit_peer_text(world.peer), "abc");
  assert_string_equal(kit_peer_text(world.other), "d");
  expect_idle(0);
  finish();
}

static void on_connected(dgram_socket *socket, int status, void *data) {
  (void)socket;
  assert_int_equal(status, 0);
  ++*(size_t *)data;
}

static void test_another_peer_while_blocked(void **state) {
  size_t connected = 0;
  arrange(state);
  block_with("abc");
  assert_int_equal(dgram_disconnect(world.socket), 0);
  assert_int_equal(dgram_connect(world.socket, world.other_port, NULL, on_connected, &connected),
                   0);
  kit_turns(5);
  assert_int_equal(connected, 0);
  fail_next(0, 0);
  kit_run_until(&connected, 1);
  send_to_peer("d");
  kit_run_until(&world.done, 4);
  assert_string_equal(kit_peer_text(world.peer), "abc");
  assert_string_equal(kit_peer_text(world.other), "d");
  expect_idle(0);
  finish();
}

/* Inside the call libuv has a datagram that would go to the new peer. Linux has none, and sends to
 * other addresses whatever its peer is. */
static void test_another_peer_at_once_while_blocked(void **state) {
  arrange(state);
  bool uv = strcmp(kit.stack->ops->name, "uv") == 0;
  block_with("ab");
  assert_int_equal(dgram_disconnect(world.socket), 0);
  assert_int_equal(dgram_connect_sync(world.socket, world.other_port, NULL), uv ? DGRAM_EAGAIN : 0);
  fail_next(0, 0);
  kit_run_until(&world.done, 2);
  assert_string_equal(kit_peer_text(world.peer), "ab");
  if (uv) assert_int_equal(dgram_connect_sync(world.socket, world.other_port, NULL), 0);
  send_to_peer("c");
  kit_run_until(&world.done, 3);
  assert_string_equal(kit_peer_text(world.other), "c");
  expect_idle(0);
  finish();
}

static void test_closed_while_blocked(void **state) {
  arrange(state);
  block_with("ab");
  assert_int_equal(dgram_disconnect(world.socket), 0);
  assert_int_equal(dgram_close(world.socket, NULL, NULL), 0);
  fail_next(0, 0);
  kit_run_until(&world.done, 2);
  assert_string_equal(kit_peer_text(world.peer), "ab");
  finish();
}

/* ---- ports and descriptors ---- */

static void test_the_port_is_stolen(void **state) {
  uint16_t port;
  arrange(state);
  port = kit_port(world.socket);
  fault.thief = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  assert_true(fault.thief >= 0);
  assert_int_equal(dgram_disconnect(world.socket), DGRAM_EADDRINUSE);
  assert_int_not_equal(kit_port(world.socket), port);
  assert_int_not_equal(kit_port(world.socket), 0);
  close(fault.thief);
  fault.thief = -1;
  kit_peer_send(world.other, kit_port(world.socket), "x", 1);
  kit_run_until(&world.seen.messages, 1);
  assert_int_equal(dgram_connect_sync(world.socket, world.peer_port, NULL), 0);
  assert_int_equal(dgram_disconnect(world.socket), 0);
  finish();
}

/* A descriptor that somebody else has connected, and one that is connected and bound by that. */
static void test_a_connected_descriptor(void **state) {
  struct sockaddr_in to = {.sin_family = AF_INET};
  struct kit_seen seen;
  dgram_address remote;
  arrange(state);
  for (int sync = 0; sync < 2; sync++) {
    dgram_socket *adopter = kit_socket(DGRAM_UDP4, &seen);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    dgram_bind_options options = {.fd = fd};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(world.peer_port);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(
        sync ? dgram_bind_sync(adopter, &options) : dgram_bind(adopter, &options, NULL, NULL), 0);
    assert_int_equal(dgram_send_to(adopter, "a", 1, NULL, on_sent, NULL), 0);
    world.done = 0;
    kit_run_until(&world.done, 1);
    assert_string_equal(kit_peer_text(world.peer), "a");
    assert_int_equal(dgram_remote_address(adopter, &remote), 0);
    assert_int_equal(remote.port, world.peer_port);
    assert_int_equal(dgram_connect_sync(adopter, world.other_port, NULL), DGRAM_EISCONNECTED);
    kit_peer_send(world.other, kit_port(adopter), "no", 2);
    kit_peer_send(world.peer, kit_port(adopter), "yes", 3);
    kit_run_until(&seen.messages, 1);
    assert_int_equal(seen.bytes, 3);
    fail_next(1, ECONNREFUSED);
    assert_int_equal(dgram_send_to(adopter, "b", 1, NULL, NULL, NULL), 0);
    kit_run_until(&seen.errors, 1);
    assert_string_equal(kit_peer_text(world.peer), "b");
    assert_int_equal(dgram_disconnect(adopter), 0);
    kit_peer_send(world.other, kit_port(adopter), "yes", 3);
    kit_run_until(&seen.messages, 2);
    assert_int_equal(dgram_close(adopter, NULL, NULL), 0);
  }
  finish();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      ON_BOTH(test_another_ones_error_is_told),
      ON_BOTH(test_its_own_error_is_its_result),
      ON_BOTH(test_refusals_in_a_row),
      ON_BOTH(test_a_list_loses_nothing),
      ON_BOTH(test_an_answer_then_no_room),
      ON_BOTH(test_a_refusal_meets_one_that_waits),
      ON_BOTH(test_disconnected_while_blocked),
      ON_BOTH(test_another_peer_while_blocked),
      ON_BOTH(test_another_peer_at_once_while_blocked),
      ON_BOTH(test_closed_while_blocked),
      ON_BOTH(test_the_port_is_stolen),
      ON_BOTH(test_a_connected_descriptor),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
