/* wrap: recvmmsg recvmsg */
/* Datagrams that the kernel hands over as one (GRO): they are told one by one, in order and whole.
 * The senders are plain sockets that leave the cutting to the kernel (UDP_SEGMENT), which on
 * loopback brings them to the receiver uncut. */

#include <errno.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "linux_kit.h"

#include "core/limits.h"

static struct kit_fault many, one;
static bool cut_next;     /* the next slot is marked as too short */
static size_t fake_bytes; /* the next slot holds so many bytes, each a datagram */

static void say_length(struct msghdr *header, int length) {
  struct cmsghdr *control = header->msg_control;
  assert_non_null(control);
  header->msg_controllen = CMSG_SPACE(sizeof length);
  control->cmsg_level = IPPROTO_UDP;
  control->cmsg_type = UDP_GRO;
  control->cmsg_len = CMSG_LEN(sizeof length);
  memcpy(CMSG_DATA(control), &length, sizeof length);
}

static unsigned char pattern(size_t i) {
  return (unsigned char)(i * 7 + i / 256);
}

/* What the kernel may write there, though it never did. */
static size_t change(struct msghdr *header, size_t length) {
  unsigned char *bytes = header->msg_iov[0].iov_base;
  if (cut_next) header->msg_flags |= MSG_TRUNC;
  cut_next = false;
  if (fake_bytes == 0) return length;
  length = fake_bytes;
  fake_bytes = 0;
  assert_true(length <= header->msg_iov[0].iov_len);
  for (size_t i = 0; i < length; i++)
    bytes[i] = pattern(i);
  say_length(header, 1);
  return length;
}

int __wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout) {
  int wanted = kit_fault_meet(&many, count);
  if (wanted <= 0) return wanted;
  int got = __real_recvmmsg(fd, messages, (unsigned)wanted, flags, timeout);
  if (got > 0) messages[0].msg_len = (unsigned)change(&messages[0].msg_hdr, messages[0].msg_len);
  return got;
}

/* The error queue is read by the same function and is another matter. */
ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags) {
  if (!(flags & MSG_ERRQUEUE) && kit_fault_meet(&one, 1) < 0) return -1;
  ssize_t got = __real_recvmsg(fd, message, flags);
  return got < 0 ? got : (ssize_t)change(message, (size_t)got);
}

/* ---- a socket, and what it has heard ---- */

enum { BYTES = 1 << 20, MESSAGES = 70000 };

static struct {
  dgram_socket *socket;
  struct kit_seen seen;
  uint16_t port;
  int peer;
  uint16_t peer_port;
  int domain;
  unsigned char sent[BYTES]; /* one datagram behind the other, as below */
  size_t sent_bytes;
  unsigned char heard[BYTES];
  size_t heard_bytes;
  size_t lengths[MESSAGES];
  bool marked[MESSAGES];
  size_t count;
  size_t act_at; /* the listener acts with this message, counted from 1 */
  void (*act)(void);
} world;

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket, (void)data;
  assert_true(world.count < MESSAGES && world.heard_bytes + message->length <= BYTES);
  if (message->length > 0) memcpy(world.heard + world.heard_bytes, message->bytes, message->length);
  world.heard_bytes += message->length;
  world.lengths[world.count] = message->length;
  world.marked[world.count++] = message->info && message->info->truncated;
  assert_int_equal(message->from.port, world.peer_port);
  assert_int_equal(message->from.family, world.domain == AF_INET6 ? DGRAM_IPV6 : DGRAM_IPV4);
  assert_int_equal(message->from.bytes[world.domain == AF_INET6 ? 15 : 3], 1);
  if (world.act && world.count == world.act_at) world.act();
}

static void reset(int domain) {
  memset(&world, 0, sizeof world);
  memset(&many, 0, sizeof many);
  memset(&one, 0, sizeof one);
  cut_next = false;
  fake_bytes = 0;
  world.domain = domain;
  world.peer = kit_peer(domain, &world.peer_port);
}

static void arrange(int type) {
  reset(type == DGRAM_UDP6 ? AF_INET6 : AF_INET);
  world.socket = kit_bound(type, &world.seen);
  world.port = kit_port(world.socket);
  assert_int_equal(dgram_on_message(world.socket, on_message, NULL), 0);
}

static void finish(void) {
  close(world.peer);
}

/* One datagram, or as many as the segment makes of it. */
static void send_joined(size_t length, uint16_t segment) {
  union {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
  } to = {.any.sa_family = (sa_family_t)world.domain};
  unsigned char *bytes = world.sent + world.sent_bytes;
  struct iovec piece = {bytes, length};
  struct msghdr header = {.msg_name = &to, .msg_iov = &piece, .msg_iovlen = 1};
  union {
    struct cmsghdr aligned;
    char space[CMSG_SPACE(sizeof(uint16_t))];
  } control = {0};
  assert_true(world.sent_bytes + length <= BYTES);
  for (size_t i = 0; i < length; i++)
    bytes[i] = pattern(world.sent_bytes + i);
  world.sent_bytes += length;
  if (world.domain == AF_INET6) {
    to.ipv6.sin6_addr = in6addr_loopback;
    to.ipv6.sin6_port = htons(world.port);
    header.msg_namelen = sizeof to.ipv6;
  } else {
    to.ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.ipv4.sin_port = htons(world.port);
    header.msg_namelen = sizeof to.ipv4;
  }
  if (segment > 0) {
    header.msg_control = &control;
    header.msg_controllen = sizeof control;
    control.aligned.cmsg_level = IPPROTO_UDP;
    control.aligned.cmsg_type = UDP_SEGMENT;
    control.aligned.cmsg_len = CMSG_LEN(sizeof segment);
    memcpy(CMSG_DATA(&control.aligned), &segment, sizeof segment);
  }
  assert_int_equal(sendmsg(world.peer, &header, 0), length);
}

static void expect_whole(void) {
  assert_int_equal(world.heard_bytes, world.sent_bytes);
  assert_memory_equal(world.heard, world.sent, world.sent_bytes);
  assert_int_equal(kit_stats(world.socket).received, world.count);
  assert_int_equal(kit_stats(world.socket).received_bytes, world.sent_bytes);
}

static void expect_lengths(size_t from, size_t to, size_t length) {
  for (size_t i = from; i < to; i++)
    assert_int_equal(world.lengths[i], length);
}

static void hear(size_t n) {
  kit_run_until(&world.count, n);
  assert_int_equal(world.count, n);
}

/* ---- cutting ---- */

static void test_a_group_is_told_one_by_one(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  send_joined(1000, 100);
  hear(10);
  expect_lengths(0, 10, 100);
  expect_whole();
  assert_int_equal(many.calls, 1);
  assert_int_equal(world.seen.batches, 1); /* as one batch */
  finish();
}

static void test_ipv6_too(void **state) {
  (void)state;
  arrange(DGRAM_UDP6);
  send_joined(1001, 100);
  hear(11);
  expect_lengths(0, 10, 100);
  expect_lengths(10, 11, 1);
  expect_whole();
  finish();
}

static void test_the_last_one_may_be_shorter(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  send_joined(999, 100);
  send_joined(101, 100);
  send_joined(199, 100);
  hear(14);
  expect_lengths(0, 9, 100);
  expect_lengths(9, 10, 99);
  expect_lengths(10, 11, 100);
  expect_lengths(11, 12, 1);
  expect_lengths(12, 13, 100);
  expect_lengths(13, 14, 99);
  expect_whole();
  finish();
}

static void test_one_segment_is_one_datagram(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  send_joined(100, 100);
  send_joined(60, 100);
  send_joined(70, 0);
  send_joined(0, 0);
  send_joined(80, 0);
  hear(5);
  expect_whole();
  assert_int_equal(world.lengths[3], 0);
  finish();
}

static void test_as_many_as_there_may_be(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  send_joined(DGRAM__SEGMENTS_MAX * 40, 40);
  send_joined(DGRAM__SEGMENTS_MAX * 40 - 39, 40);
  hear(2 * DGRAM__SEGMENTS_MAX);
  expect_lengths(0, 2 * DGRAM__SEGMENTS_MAX - 1, 40);
  expect_lengths(2 * DGRAM__SEGMENTS_MAX - 1, 2 * DGRAM__SEGMENTS_MAX, 1);
  expect_whole();
  assert_true(many.calls <= 2);
  finish();
}

static void test_as_many_bytes_as_there_may_be(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  send_joined(DGRAM__GROUP_BYTES, DGRAM__GROUP_BYTES / 50);
  hear(50);
  expect_whole();
  finish();
}

static void test_several_groups_and_singles(void **state) {
  size_t n = 0;
  (void)state;
  arrange(DGRAM_UDP4);
  for (size_t i = 1; i <= 12; i++) {
    send_joined(i * 30, 30);
    send_joined(i, 0);
    n += i + 1;
  }
  hear(n);
  expect_whole();
  finish();
}

static void test_one_slot_of_the_users(void **state) {
  char *memory = malloc(DGRAM__SLOT_SIZE);
  dgram_stack_options options = {.receive_memory = memory, .receive_memory_size = DGRAM__SLOT_SIZE};
  (void)state;
  kit_reopen(&options);
  arrange(DGRAM_UDP4);
  for (size_t i = 0; i < 5; i++)
    send_joined(DGRAM__SEGMENTS_MAX * 100, 100);
  hear(5 * DGRAM__SEGMENTS_MAX);
  expect_whole();
  assert_int_equal(many.calls, 0);
  finish();
  kit_reopen(NULL);
  free(memory);
}

/* ---- what a listener does in the middle ---- */

static void act_pause(void) {
  assert_int_equal(dgram_pause(world.socket), 0);
}

static void act_close(void) {
  assert_int_equal(dgram_close(world.socket, NULL, NULL), 0);
}

static void act_off(void) {
  assert_int_equal(dgram_off_message(world.socket, on_message, NULL), 1);
}

static void arrange_act(size_t at, void (*act)(void)) {
  arrange(DGRAM_UDP4);
  world.act = act;
  world.act_at = at;
}

static void test_pause_in_the_middle(void **state) {
  (void)state;
  arrange_act(5, act_pause);
  send_joined(1000, 100);
  send_joined(50, 7);
  hear(5);
  kit_turns(5);
  assert_int_equal(world.count, 5);
  assert_int_equal(dgram_resume(world.socket), 0);
  hear(18);
  expect_whole();
  finish();
}

static void test_close_in_the_middle(void **state) {
  (void)state;
  arrange_act(5, act_close);
  send_joined(1000, 100);
  send_joined(50, 7);
  hear(5);
  kit_turns(5);
  assert_int_equal(world.count, 5);
  finish();
}

static void test_off_in_the_middle(void **state) {
  (void)state;
  arrange_act(5, act_off);
  send_joined(1000, 100);
  hear(5);
  kit_turns(5);
  assert_int_equal(world.count, 5);
  assert_int_equal(world.seen.messages, 10);
  assert_int_equal(dgram_on_message(world.socket, on_message, NULL), 0);
  world.heard_bytes = world.sent_bytes = 0;
  send_joined(200, 100);
  hear(7);
  finish();
}

/* ---- descriptors that others may read too ---- */

static int joins(int fd) {
  int on = -1;
  socklen_t length = sizeof on;
  assert_int_equal(getsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, &length), 0);
  return on;
}

static int arrange_adopted(bool joining) {
  int on = 1;
  reset(AF_INET);
  int fd = kit_peer(AF_INET, &world.port);
  dgram_bind_options options = {.fd = fd};
  if (joining) assert_int_equal(setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on), 0);
  world.socket = kit_socket(DGRAM_UDP4, &world.seen);
  assert_int_equal(dgram_on_message(world.socket, on_message, NULL), 0);
  assert_int_equal(dgram_bind(world.socket, &options, NULL, NULL), 0);
  kit_turns(3);
  return fd;
}

static void test_adopted_is_left_as_it_is(void **state) {
  int fd;
  (void)state;
  fd = arrange_adopted(false);
  assert_int_equal(joins(fd), 0);
  send_joined(1000, 100);
  hear(10);
  expect_whole();
  assert_int_equal(joins(fd), 0);
  finish();
}

static void test_adopted_with_it_on_is_split(void **state) {
  (void)state;
  int fd = arrange_adopted(true);
  assert_int_equal(joins(fd), 1);
  send_joined(1001, 100);
  hear(11);
  expect_whole();
  assert_int_equal(many.calls, 1);
  finish();
}

/* What its owner has asked for comes along, some of it before the length of a segment. */
static void test_adopted_with_more_to_tell_is_split(void **state) {
  static const int options[] = {SO_TIMESTAMPNS, SO_RXQ_OVFL, SO_TIMESTAMPING};
  static const int values[] = {1, 1, SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE};
  (void)state;
  int fd = arrange_adopted(true);
  for (size_t i = 0; i < sizeof options / sizeof *options; i++)
    assert_int_equal(setsockopt(fd, SOL_SOCKET, options[i], &values[i], sizeof values[i]), 0);
  send_joined(1001, 100);
  hear(11);
  expect_whole();
  finish();
}

/* ---- duplicates ---- */

static int duplicate(dgram_socket *socket) {
  int fd = -1;
  assert_int_equal(dgram_duplicate_descriptor(socket, &fd), 0);
  return fd;
}

/* Whoever reads from it gets datagrams one by one, and so do we. */
static void test_a_duplicate_ends_joining(void **state) {
  int fd;
  (void)state;
  arrange(DGRAM_UDP4);
  fd = duplicate(world.socket);
  assert_int_equal(joins(fd), 0);
  send_joined(1000, 100);
  hear(10);
  expect_whole();
  close(fd);
  finish();
}

static void test_a_duplicate_of_what_was_adopted(void **state) {
  int fd;
  (void)state;
  (void)arrange_adopted(true);
  fd = duplicate(world.socket);
  assert_int_equal(joins(fd), 1); /* its owner's wish */
  close(fd);
  finish();
}

static void test_switched_off_for_one_socket(void **state) {
  const dgram_socket_options options = {.type = DGRAM_UDP4, .disable = DGRAM_DISABLE_GRO};
  const dgram_bind_options where = {.address = "127.0.0.1"};
  (void)state;
  reset(AF_INET);
  assert_int_equal(dgram_create_socket(kit.stack, &options, &world.socket), 0);
  assert_int_equal(dgram_on_message(world.socket, on_message, NULL), 0);
  assert_int_equal(dgram_bind_sync(world.socket, &where), 0);
  world.port = kit_port(world.socket);
  kit_turns(3);
  send_joined(1000, 100);
  hear(10);
  assert_int_equal(many.calls + one.calls > 1, true);
  finish();
}

/* What is told is all that was read: a socket that closes leaves the rest to who else reads. */
static void close_now(void) {
  assert_int_equal(dgram_close(world.socket, NULL, NULL), 0);
}

static void test_without_batches_no_more_is_read(void **state) {
  const dgram_socket_options options = {.type = DGRAM_UDP4, .disable = DGRAM_DISABLE_MMSG};
  char byte;
  (void)state;
  reset(AF_INET);
  int fd = kit_peer(AF_INET, &world.port);
  int other = dup(fd);
  const dgram_bind_options where = {.fd = fd};
  assert_int_equal(dgram_create_socket(kit.stack, &options, &world.socket), 0);
  assert_int_equal(dgram_on_message(world.socket, on_message, NULL), 0);
  assert_int_equal(dgram_bind_sync(world.socket, &where), 0);
  world.act_at = 7;
  world.act = close_now;
  send_joined(10, 1);
  hear(7);
  kit_turns(3);
  assert_int_equal(world.count, 7);
  for (int i = 0; i < 3; i++)
    assert_int_equal(recv(other, &byte, 1, MSG_DONTWAIT), 1);
  close(other);
  finish();
}

/* ---- more in a slot than anybody expects ---- */

static void expect_fake(size_t n) {
  assert_int_equal(world.heard_bytes, n);
  expect_lengths(0, n, 1);
  for (size_t i = 0; i < n; i++)
    assert_int_equal(world.heard[i], pattern(i));
}

static void begin_fake(size_t at, void (*act)(void)) {
  arrange_act(at, act);
  fake_bytes = DGRAM__SLOT_SIZE - 1;
  send_joined(1, 0);
}

static void test_as_many_as_bytes(void **state) {
  (void)state;
  begin_fake(0, NULL);
  hear(DGRAM__SLOT_SIZE - 1);
  expect_fake(DGRAM__SLOT_SIZE - 1);
  assert_int_equal(world.seen.messages, DGRAM__SLOT_SIZE - 1);
  assert_int_equal(many.calls, 1);
  finish();
}

static void test_as_many_as_bytes_behind_others(void **state) {
  (void)state;
  begin_fake(0, NULL);
  send_joined(30, 10);
  hear(DGRAM__SLOT_SIZE - 1 + 3);
  assert_memory_equal(world.heard + DGRAM__SLOT_SIZE - 1, world.sent + 1, 30);
  assert_int_equal(world.seen.messages, world.count);
  finish();
}

static void test_pause_among_so_many(void **state) {
  const size_t at[] = {1, 700, DGRAM__SLOT_SIZE - 1};
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    begin_fake(at[i], act_pause);
    hear(at[i]);
    kit_turns(3);
    assert_int_equal(world.count, at[i]);
    assert_true(world.seen.messages < at[i] + DGRAM__SLOTS_MAX * DGRAM__SEGMENTS_MAX);
    assert_int_equal(dgram_resume(world.socket), 0);
    hear(DGRAM__SLOT_SIZE - 1);
    expect_fake(DGRAM__SLOT_SIZE - 1);
    assert_int_equal(world.seen.messages, DGRAM__SLOT_SIZE - 1);
    finish();
  }
}

static void test_close_among_so_many(void **state) {
  (void)state;
  begin_fake(700, act_close);
  hear(700);
  kit_turns(3);
  expect_fake(700);
  finish();
}

/* More than are counted. */
static void test_after_so_many_one_slot_is_enough(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  fake_bytes = UINT8_MAX + 1;
  send_joined(1, 0);
  hear(UINT8_MAX + 1);
  memset(&one, 0, sizeof one);
  send_joined(1, 0);
  hear(UINT8_MAX + 2);
  assert_int_equal(one.calls, 1);
  finish();
}

/* ---- a slot that was too short ---- */

static void test_only_the_last_one_is_marked(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  cut_next = true;
  send_joined(1000, 100);
  send_joined(200, 100);
  hear(12);
  for (size_t i = 0; i < 12; i++)
    assert_int_equal(world.marked[i], i == 9);
  assert_int_equal(kit_stats(world.socket).truncated, 1);
  finish();
}

/* ---- how many slots ---- */

static void test_large_groups_need_no_more_slots(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  kit.fail_size = 2 * DGRAM__SLOTS_MIN * DGRAM__SLOT_SIZE; /* what more slots would ask for */
  for (int round = 0; round < 5; round++) {
    for (size_t i = 0; i < 10; i++)
      send_joined(DGRAM__SEGMENTS_MAX * 10, 10);
    hear((size_t)(round + 1) * 10 * DGRAM__SEGMENTS_MAX);
  }
  assert_int_equal(many.calls, 1); /* then it is known that one slot is enough */
  assert_int_equal(many.sizes[0], DGRAM__SLOTS_MIN);
  assert_int_equal(kit.refused, 0);
  expect_whole();
  finish();
}

/* No more than the turn's share, and what the last call of it has brought. */
static void test_a_turn_is_bounded(void **state) {
  enum { GROUPS = 12 };
  (void)state;
  arrange(DGRAM_UDP4);
  for (size_t i = 0; i < GROUPS; i++)
    send_joined(DGRAM__SEGMENTS_MAX * 10, 10);
  hear(GROUPS * DGRAM__SEGMENTS_MAX);
  assert_in_range(world.seen.most_per_turn, DGRAM__RECEIVE_TURN,
                  DGRAM__RECEIVE_TURN + DGRAM__SEGMENTS_MAX);
  expect_whole();
  finish();
}

static void test_small_groups_do(void **state) {
  unsigned most = 0;
  (void)state;
  arrange(DGRAM_UDP4);
  for (size_t i = 0; i < 60; i++)
    send_joined(20, 10);
  hear(120);
  for (unsigned i = 0; i < many.calls; i++)
    most = many.sizes[i] > most ? many.sizes[i] : most;
  assert_true(most > DGRAM__SLOTS_MIN);
  expect_whole();
  finish();
}

/* What a socket knows of its last slots it forgets when they change. */
static void test_singles_after_large_groups_need_more(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  for (size_t i = 0; i < 8; i++)
    send_joined(DGRAM__SEGMENTS_MAX * 10, 10);
  hear(8 * DGRAM__SEGMENTS_MAX);
  memset(&many, 0, sizeof many);
  for (size_t i = 0; i < 100; i++)
    send_joined(1, 0);
  hear(8 * DGRAM__SEGMENTS_MAX + 100);
  assert_int_equal(many.sizes[0], DGRAM__SLOTS_MIN);
  assert_true(many.calls < 100 / DGRAM__SLOTS_MIN);
  expect_whole();
  finish();
}

/* After lone datagrams the socket is asked for one at a time, and after large groups too, for as
 * long as they come. */
static void test_a_group_after_lone_datagrams(void **state) {
  (void)state;
  arrange(DGRAM_UDP4);
  for (size_t i = 0; i < 6; i++) {
    send_joined(5, 0);
    hear(i + 1);
  }
  memset(&many, 0, sizeof many);
  memset(&one, 0, sizeof one);
  send_joined(1000, 10);
  send_joined(1000, 10);
  hear(206);
  assert_int_equal(one.calls, 3); /* a slot for each, and that there are no more */
  assert_int_equal(many.calls, 0);
  for (size_t i = 0; i < 60; i++)
    send_joined(5, 0);
  hear(266);
  assert_true(many.calls > 0);
  expect_whole();
  finish();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(test_a_group_is_told_one_by_one),
      KIT_TEST(test_ipv6_too),
      KIT_TEST(test_the_last_one_may_be_shorter),
      KIT_TEST(test_one_segment_is_one_datagram),
      KIT_TEST(test_as_many_as_there_may_be),
      KIT_TEST(test_as_many_bytes_as_there_may_be),
      KIT_TEST(test_several_groups_and_singles),
      KIT_TEST(test_one_slot_of_the_users),
      KIT_TEST(test_pause_in_the_middle),
      KIT_TEST(test_close_in_the_middle),
      KIT_TEST(test_off_in_the_middle),
      KIT_TEST(test_adopted_is_left_as_it_is),
      KIT_TEST(test_adopted_with_it_on_is_split),
      KIT_TEST(test_adopted_with_more_to_tell_is_split),
      KIT_TEST(test_a_duplicate_ends_joining),
      KIT_TEST(test_a_duplicate_of_what_was_adopted),
      KIT_TEST(test_switched_off_for_one_socket),
      KIT_TEST(test_without_batches_no_more_is_read),
      KIT_TEST(test_as_many_as_bytes),
      KIT_TEST(test_as_many_as_bytes_behind_others),
      KIT_TEST(test_pause_among_so_many),
      KIT_TEST(test_close_among_so_many),
      KIT_TEST(test_after_so_many_one_slot_is_enough),
      KIT_TEST(test_only_the_last_one_is_marked),
      KIT_TEST(test_large_groups_need_no_more_slots),
      KIT_TEST(test_a_turn_is_bounded),
      KIT_TEST(test_small_groups_do),
      KIT_TEST(test_singles_after_large_groups_need_more),
      KIT_TEST(test_a_group_after_lone_datagrams),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
