/* Receiving on the uv stack: what recvmsg may answer. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "uv_kit.h"

/* What the next call answers, once. */
static struct {
  int error;
  bool truncate;
} fault;

UV_KIT_REPLACES ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
  static ssize_t (*real)(int, struct msghdr *, int);
  int error = fault.error;
  if (!real) UV_KIT_REAL(real, "recvmsg");
  fault.error = 0;
  if (error != 0) {
    errno = error;
    return -1;
  }
  ssize_t length = real(fd, message, flags);
  if (length >= 0 && fault.truncate) message->msg_flags |= MSG_TRUNC;
  fault.truncate = false;
  return length;
}

static struct {
  dgram_socket *socket;
  struct kit_seen seen;
  int peer;
  uint16_t peer_port;
  uint16_t port;
} world;

static void arrange(void) {
  memset(&fault, 0, sizeof fault);
  world.socket = kit_bound(DGRAM_UDP4, &world.seen);
  world.port = kit_port(world.socket);
  world.peer = kit_peer(AF_INET, &world.peer_port);
}

static void send_n(size_t n, const void *bytes, size_t length) {
  while (n-- > 0)
    kit_peer_send(world.peer, world.port, bytes, length);
}

static void test_one_telling_each(void **state) {
  (void)state;
  arrange();
  send_n(5, "ab", 2);
  kit_run_until(&world.seen.messages, 5);
  assert_int_equal(world.seen.batches, 5);
  assert_int_equal(world.seen.bytes, 10);
  kit_turns(1);
  assert_true(kit_stats(world.socket).receive_calls >= 6);
  close(world.peer);
}

static void test_a_turn_has_a_bound(void **state) {
  (void)state;
  arrange();
  send_n(100, "a", 1);
  kit_run_until(&world.seen.messages, 100);
  assert_true(world.seen.most_per_turn <= 32);
  close(world.peer);
}

static void test_an_empty_datagram_is_one(void **state) {
  (void)state;
  arrange();
  send_n(2, "", 0);
  kit_run_until(&world.seen.messages, 2);
  assert_int_equal(world.seen.bytes, 0);
  close(world.peer);
}

static void test_an_error_and_then_success(void **state) {
  (void)state;
  arrange();
  fault.error = ECONNREFUSED;
  send_n(1, "a", 1);
  kit_run_until(&world.seen.messages, 1);
  assert_int_equal(world.seen.errors, 1);
  assert_int_equal(world.seen.last_error, DGRAM_ECONNREFUSED);
  assert_string_equal(world.seen.last_syscall, "recvmsg");
  close(world.peer);
}

static void test_a_cut_datagram_says_so(void **state) {
  (void)state;
  arrange();
  fault.truncate = true;
  send_n(2, "abc", 3);
  kit_run_until(&world.seen.messages, 2);
  assert_int_equal(world.seen.truncated, 1);
  assert_int_equal(kit_stats(world.socket).truncated, 1);
  close(world.peer);
}

static void test_the_largest_fits(void **state) {
  (void)state;
  static char payload[65507];
  arrange();
  send_n(1, payload, sizeof payload);
  kit_run_until(&world.seen.messages, 1);
  assert_int_equal(world.seen.bytes, sizeof payload);
  assert_int_equal(world.seen.truncated, 0);
  close(world.peer);
}

static void test_into_memory_of_the_caller(void **state) {
  (void)state;
  static char memory[2 * 65536];
  dgram_stack_options options = {
      .kind = DGRAM_STACK_UV, .receive_memory = memory, .receive_memory_size = sizeof memory};
  dgram_stack *theirs = kit.stack;
  assert_int_equal(dgram_uv_stack_create(&kit.loop, &options, &kit.stack), 0);
  arrange();
  send_n(3, "abc", 3);
  kit_run_until(&world.seen.messages, 3);
  assert_true((const char *)world.seen.lowest >= memory);
  assert_true((const char *)world.seen.highest <= memory + sizeof memory);
  close(world.peer);
  assert_int_equal(dgram_stack_close(theirs, NULL, NULL), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      UV_KIT_TEST(test_one_telling_each),          UV_KIT_TEST(test_a_turn_has_a_bound),
      UV_KIT_TEST(test_an_empty_datagram_is_one),  UV_KIT_TEST(test_an_error_and_then_success),
      UV_KIT_TEST(test_a_cut_datagram_says_so),    UV_KIT_TEST(test_the_largest_fits),
      UV_KIT_TEST(test_into_memory_of_the_caller),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
