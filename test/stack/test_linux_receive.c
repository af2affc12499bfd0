/* wrap: recvmmsg recvmsg dgram__endpoint_receive_failed */
/* Receiving on the linux stack: what recvmmsg and recvmsg may answer, and how many datagrams are
 * asked for. */

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/limits.h"
#include "linux_kit.h"
#include "stack/stack.h"

static struct kit_fault many, one;
static int truncate_next;  /* so many datagrams are marked as cut */
static unsigned told_turn; /* when the core was last told of a failure */

void __real_dgram__endpoint_receive_failed(struct dgram__endpoint *endpoint, int code,
                                           const char *syscall);
void __wrap_dgram__endpoint_receive_failed(struct dgram__endpoint *endpoint, int code,
                                           const char *syscall);

int __wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout) {
  int wanted = kit_fault_meet(&many, count);
  if (wanted <= 0) return wanted;
  int got = __real_recvmmsg(fd, messages, (unsigned)wanted, flags, timeout);
  for (int i = 0; i < got && truncate_next > 0; i++, truncate_next--)
    messages[i].msg_hdr.msg_flags |= MSG_TRUNC;
  return got;
}

/* The error queue is read by the same function and is another matter. */
ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags) {
  if (!(flags & MSG_ERRQUEUE) && kit_fault_meet(&one, 1) < 0) return -1;
  return __real_recvmsg(fd, message, flags);
}

void __wrap_dgram__endpoint_receive_failed(struct dgram__endpoint *endpoint, int code,
                                           const char *syscall) {
  told_turn = kit.turns;
  __real_dgram__endpoint_receive_failed(endpoint, code, syscall);
}

/* ---- a socket that receives, and a peer that sends ---- */

static struct {
  dgram_socket *socket;
  struct kit_seen seen;
  uint16_t port;
  int peer;
  uint16_t peer_port;
} world;

static void arrange(int type) {
  memset(&world, 0, sizeof world);
  world.socket = kit_bound(type, &world.seen);
  world.port = kit_port(world.socket);
  world.peer = kit_peer(type == DGRAM_UDP6 ? AF_INET6 : AF_INET, &world.peer_port);
  memset(&many, 0, sizeof many);
  memset(&one, 0, sizeof one);
  truncate_next = 0;
}

/* The kernel holds 256 small datagrams; loopback delivers before sendto returns. */
static void send_datagrams(size_t n) {
  for (size_t i = 0; i < n; i++)
    kit_peer_send(world.peer, world.port, "x", 1);
}

/* Sends n and runs until the socket has seen them. */
static void pass(size_t n) {
  size_t before = world.seen.messages;
  send_datagrams(n);
  kit_run_until(&world.seen.messages, before + n);
  assert_int_equal(world.seen.messages, before + n);
}

static void finish(void) {
  close(world.peer);
}

/* ---- how many are asked for ---- */

static void test_a_short_batch_is_the_last(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  pass(3);
  kit_turns(3);
  assert_int_equal(many.calls, 1);
  assert_int_equal(many.sizes[0], 4);
  assert_int_equal(one.calls, 0);
  assert_int_equal(world.seen.batches, 1);
  assert_int_equal(kit_stats(world.socket).receive_calls, 1);
  finish();
}

static void test_ipv6_too(void **state) {
  (void)state;
  arrange(DGRAM_UDP6);
  pass(3);
  assert_int_equal(many.calls, 1);
  finish();
}

static void test_slots_grow_while_batches_are_full(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  pass(100);
  assert_int_equal(many.sizes[0], 4);
  assert_int_equal(many.sizes[1], 8);
  assert_int_equal(many.sizes[2], 16);
  assert_int_equal(many.sizes[3], 32);
  assert_int_equal(many.sizes[4], 32);
  assert_int_equal(world.seen.most_per_turn, 100);
  finish();
}

/* A batch that just filled the slots says no more than once that they are few. */
static void test_slots_grow_once_for_a_full_batch(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  pass(4);
  pass(2);
  assert_int_equal(many.calls, 3);
  assert_int_equal(many.sizes[1], 8);
  assert_int_equal(many.sizes[2], 8);
  finish();
}

static void pause_it(dgram_socket *socket, const dgram_message *messages, size_t count,
                     void *data) {
  (void)messages, (void)count, (void)data;
  assert_int_equal(dgram_pause(socket), 0);
}

/* What waits then stays in the kernel, where its buffer bounds it. */
static void test_nothing_is_read_after_a_pause(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  assert_int_equal(dgram_once_batch(world.socket, pause_it, NULL), 0);
  send_datagrams(100);
  kit_run_until(&world.seen.messages, 4);
  kit_turns(3);
  assert_int_equal(world.seen.messages, 4);
  assert_int_equal(many.calls + one.calls, 1);
  assert_int_equal(dgram_resume(world.socket), 0);
  kit_run_until(&world.seen.messages, 100);
  finish();
}

static void test_no_memory_to_grow_is_no_error(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  kit.fail_size = 300000;
  pass(100);
  assert_int_equal(kit.refused, 1);
  assert_int_equal(world.seen.errors, 0);
  assert_int_equal(many.sizes[3], 4);
  finish();
}

/* A batch now and then sees whether the traffic has changed. */
static void test_lone_datagrams_go_by_recvmsg(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  for (int i = 0; i < 40; i++)
    pass(1);
  assert_int_equal(many.calls, DGRAM__LONE_TURNS + (40 - 1) / DGRAM__LONE_PROBE);
  assert_int_equal(many.calls + one.calls, 40);
  finish();
}

static void test_a_flood_brings_batches_back(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  for (int i = 0; i < 10; i++)
    pass(1);
  memset(&many, 0, sizeof many);
  memset(&one, 0, sizeof one);
  pass(200);
  assert_true(one.calls <= 8);
  assert_true(many.calls >= 6);
  memset(&many, 0, sizeof many);
  pass(1);
  pass(1);
  assert_int_equal(many.calls, 2);
  finish();
}

static void test_an_empty_datagram_is_one(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  kit_peer_send(world.peer, world.port, NULL, 0);
  kit_peer_send(world.peer, world.port, "x", 1);
  kit_run_until(&world.seen.messages, 2);
  assert_int_equal(world.seen.bytes, 1);
  finish();
}

/* ---- the user's memory ---- */

static void test_memory_of_the_user(void **state) {
  enum { SIZE = 2 * 65536 + 1000 };
  char *memory = malloc(SIZE);
  dgram_stack_options options = {.receive_memory = memory, .receive_memory_size = SIZE};
  (void)state;
  kit_reopen(&options);
  arrange(DGRAM_UDP4);
  pass(9);
  assert_int_equal(many.sizes[0], 2);
  assert_int_equal(many.sizes[3], 2);
  assert_ptr_equal(world.seen.lowest, memory);
  assert_ptr_equal(world.seen.highest, memory + 65536 + 1);
  finish();
  kit_reopen(NULL);
  free(memory);
}

/* It is used as far as a batch goes. */
static void test_much_memory_of_the_user(void **state) {
  enum { SIZE = (DGRAM__SLOTS_MAX + 8) * DGRAM__SLOT_SIZE };
  char *memory = malloc(SIZE);
  dgram_stack_options options = {.receive_memory = memory, .receive_memory_size = SIZE};
  (void)state;
  kit_reopen(&options);
  arrange(DGRAM_UDP4);
  pass(100);
  assert_int_equal(many.sizes[0], DGRAM__SLOTS_MAX);
  assert_ptr_equal(world.seen.highest, memory + (DGRAM__SLOTS_MAX - 1) * DGRAM__SLOT_SIZE + 1);
  finish();
  kit_reopen(NULL);
  free(memory);
}

static void test_one_slot_is_drained_by_recvmsg(void **state) {
  char *memory = malloc(65536);
  dgram_stack_options options = {.receive_memory = memory, .receive_memory_size = 65536};
  (void)state;
  kit_reopen(&options);
  arrange(DGRAM_UDP4);
  pass(9);
  assert_int_equal(many.calls, 0);
  assert_int_equal(one.calls, 10);
  finish();
  kit_reopen(NULL);
  free(memory);
}

/* Resuming is the last time that somebody can be told of missing memory in so many words. */
static void test_no_memory_to_begin_with(void **state) {
  struct kit_seen seen;
  dgram_socket *socket;
  (void)state;
  kit.fail_size = 200000;
  socket = kit_socket(DGRAM_UDP4, &seen);
  assert_int_equal(dgram_bind(socket, NULL, NULL, NULL), 0);
  kit_run_until(&seen.errors, 1);
  assert_int_equal(seen.last_error, DGRAM_ENOMEM);
  assert_int_equal(seen.errors, 1);
  kit.fail_size = 0;
}

/* ---- errors ---- */

static void test_a_pending_error_is_told_and_taken(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  many = (struct kit_fault){.from = 1, .to = 1, .error = ECONNREFUSED};
  pass(3);
  assert_int_equal(world.seen.errors, 1);
  assert_int_equal(world.seen.last_error, DGRAM_ECONNREFUSED);
  assert_string_equal(world.seen.last_syscall, "recvmsg");
  finish();
}

static void test_an_interrupted_call_is_no_news(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  many = (struct kit_fault){.from = 1, .to = 2, .error = EINTR};
  pass(3);
  assert_int_equal(world.seen.errors, 0);
  finish();
}

/* Those that came before them say that it works, so that it does not rest. */
static void test_errors_behind_datagrams(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  many = (struct kit_fault){.from = 2, .to = 1 + DGRAM__RECEIVE_ERRORS_TURN, .error = EIO};
  uint64_t begin_ns = uv_hrtime();
  pass(6);
  assert_true(uv_hrtime() - begin_ns < DGRAM__REST_MS * DGRAM_MILLISECOND / 2);
  assert_int_equal(world.seen.errors, DGRAM__RECEIVE_ERRORS_TURN);
  finish();
}

/* The socket stays readable, so each turn tries again; but a turn ends. */
static void test_an_error_that_stays_leaves_the_loop_alive(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  many = (struct kit_fault){.from = 1, .to = 1000000, .error = ENOMEM};
  send_datagrams(3);
  kit_turns(10);
  assert_true(many.calls <= 40);
  assert_int_equal(world.seen.errors, many.calls);
  many.to = 0;
  kit_run_until(&world.seen.messages, 3);
  finish();
}

static void test_nothing_there_after_all(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  many = (struct kit_fault){.from = 1, .to = 1, .error = EAGAIN, .error_after = EAGAIN};
  pass(3);
  assert_int_equal(world.seen.errors, 0);
  assert_int_equal(many.calls, 3);
  finish();
}

static void test_without_recvmmsg(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  many = (struct kit_fault){.from = 1, .to = 1000000, .error = ENOSYS};
  pass(5);
  pass(5);
  assert_int_equal(many.calls, 1);
  assert_int_equal(world.seen.errors, 0);
  finish();
}

static void test_mmsg_switched_off(void **state) {
  dgram_stack_options options = {.disable = DGRAM_DISABLE_MMSG};
  (void)state;
  kit_reopen(&options);
  arrange(DGRAM_UDP4);
  pass(200);
  assert_int_equal(many.calls, 0);
  finish();
}

static void test_a_truncated_datagram_is_marked(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  truncate_next = 1;
  pass(3);
  assert_int_equal(world.seen.truncated, 1);
  assert_int_equal(kit_stats(world.socket).truncated, 1);
  finish();
}

static void note_info(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket;
  *(const dgram_recv_info **)data = message->info;
}

static void test_info_when_asked_for(void **state) {
  static dgram_recv_info other;
  const dgram_recv_info *info = &other;
  (void)state;
  arrange(DGRAM_UDP4);
  assert_int_equal(dgram_on_message(world.socket, note_info, &info), 0);
  pass(1);
  assert_null(info);
  assert_int_equal(dgram_set_recv_info(world.socket, DGRAM_RECV_TRUNCATED), 0);
  pass(1);
  assert_non_null(info);
  assert_int_equal(dgram_set_recv_info(world.socket, UINT32_C(1) << 31), DGRAM_ENOTSUP);
  finish();
}

/* ---- the error queue ---- */

/* A socket with IP_RECVERR that sends to a port where nobody listens. */
static void adopt_with_errors(bool connected, bool queue) {
  uint16_t own, nobody;
  int on = 1;
  int fd = kit_peer(AF_INET, &own);
  int closed = kit_peer(AF_INET, &nobody);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(nobody)};
  dgram_bind_options options = {.fd = fd};
  close(closed);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (queue) assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on), 0);
  if (connected) assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
  memset(&world, 0, sizeof world);
  world.socket = kit_socket(DGRAM_UDP4, &world.seen);
  world.port = own;
  assert_int_equal(dgram_bind(world.socket, &options, NULL, NULL), 0);
  kit_turns(3);
  for (int i = 0; i < 3; i++)
    sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof to);
}

static void expect_one_error_and_peace(void) {
  kit_run_until(&world.seen.errors, 1);
  assert_int_equal(world.seen.last_error, DGRAM_ECONNREFUSED);
  assert_true(kit_turns_within(50) < 5);
}

static void test_an_error_queue_does_not_spin(void **state) {
  (void)state;
  adopt_with_errors(false, true);
  expect_one_error_and_peace();
  world.peer = kit_peer(AF_INET, &world.peer_port);
  pass(3);
  finish();
}

/* They come in the turn of the error, and would else wait as long as errors keep coming. */
static void test_datagrams_do_not_wait_for_errors(void **state) {
  (void)state;
  adopt_with_errors(false, true);
  world.peer = kit_peer(AF_INET, &world.peer_port);
  send_datagrams(1);
  kit_run_until(&world.seen.errors, 1);
  assert_int_equal(world.seen.messages, 1);
  assert_int_equal(world.seen.turn, told_turn);
  finish();
}

static void test_a_pending_error_without_a_queue_does_not_spin(void **state) {
  (void)state;
  adopt_with_errors(true, false);
  expect_one_error_and_peace();
}

static void test_connected_with_an_error_queue(void **state) {
  (void)state;
  adopt_with_errors(true, true);
  expect_one_error_and_peace();
}

static void close_it(dgram_socket *socket, const dgram_error *error, void *data) {
  (void)error;
  (void)data;
  assert_int_equal(dgram_close(socket, NULL, NULL), 0);
}

static void test_close_when_told_of_an_error(void **state) {
  (void)state;
  adopt_with_errors(false, true);
  assert_int_equal(dgram_on_error(world.socket, close_it, NULL), 0);
  kit_run_until(&world.seen.errors, 1);
  kit_turns(3);
}

/* ---- shut down by somebody else ---- */

/* Who pauses at what lay there still has asked for nothing more: it is told when he resumes. */
static void test_a_shutdown_waits_for_who_has_paused(void **state) {
  struct kit_seen seen;
  uint16_t port, peer_port;
  dgram_socket *socket = kit_socket(DGRAM_UDP4, &seen);
  int peer = kit_peer(AF_INET, &peer_port);
  dgram_bind_options options = {.fd = kit_peer(AF_INET, &port)};
  int other = dup(options.fd);
  (void)state;
  assert_int_equal(dgram_on_batch(socket, pause_it, NULL), 0);
  assert_int_equal(dgram_bind(socket, &options, NULL, NULL), 0);
  kit_turns(3);
  kit_peer_send(peer, port, "x", 1);
  (void)shutdown(other, SHUT_RD);
  kit_run_until(&seen.messages, 1);
  kit_turns(3);
  assert_int_equal(seen.errors, 0);
  assert_int_equal(dgram_resume(socket), 0);
  kit_run_until(&seen.errors, 1);
  assert_int_equal(seen.last_error, DGRAM_ENOTCONN);
  close(other);
  close(peer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(test_a_short_batch_is_the_last),
      KIT_TEST(test_ipv6_too),
      KIT_TEST(test_slots_grow_while_batches_are_full),
      KIT_TEST(test_slots_grow_once_for_a_full_batch),
      KIT_TEST(test_nothing_is_read_after_a_pause),
      KIT_TEST(test_no_memory_to_grow_is_no_error),
      KIT_TEST(test_lone_datagrams_go_by_recvmsg),
      KIT_TEST(test_a_flood_brings_batches_back),
      KIT_TEST(test_an_empty_datagram_is_one),
      KIT_TEST(test_memory_of_the_user),
      KIT_TEST(test_much_memory_of_the_user),
      KIT_TEST(test_one_slot_is_drained_by_recvmsg),
      KIT_TEST(test_no_memory_to_begin_with),
      KIT_TEST(test_a_pending_error_is_told_and_taken),
      KIT_TEST(test_an_interrupted_call_is_no_news),
      KIT_TEST(test_errors_behind_datagrams),
      KIT_TEST(test_an_error_that_stays_leaves_the_loop_alive),
      KIT_TEST(test_nothing_there_after_all),
      KIT_TEST(test_without_recvmmsg),
      KIT_TEST(test_mmsg_switched_off),
      KIT_TEST(test_a_truncated_datagram_is_marked),
      KIT_TEST(test_info_when_asked_for),
      KIT_TEST(test_an_error_queue_does_not_spin),
      KIT_TEST(test_datagrams_do_not_wait_for_errors),
      KIT_TEST(test_a_pending_error_without_a_queue_does_not_spin),
      KIT_TEST(test_connected_with_an_error_queue),
      KIT_TEST(test_close_when_told_of_an_error),
      KIT_TEST(test_a_shutdown_waits_for_who_has_paused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
