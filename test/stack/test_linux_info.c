/* wrap: recvmmsg recvmsg setsockopt */
/* Info with datagrams on the linux stack: which options of the socket bring it, and what becomes of
 * control messages that are many, strange or cut off. */

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#include <linux/net_tstamp.h>

#include "core/limits.h"
#include "linux_kit.h"
#include "stack/linux/control.h"

enum { EVERYTHING = 0x3f, TOLD_MAX = 256 };

int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t length);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t length);

static struct {
  dgram_socket *socket;
  struct kit_seen seen;
  uint16_t port;
  int peer;
  uint16_t peer_port;
  int type;
  size_t count;
  dgram_recv_info infos[TOLD_MAX];
  bool given[TOLD_MAX];
  size_t control_left; /* room for control messages; 0: as much as the stack gives */
  bool cut;            /* the next slot is marked as too short */
  int refused_name;    /* of IP's and IPv6's options, fails */
  unsigned set;        /* options that were set, but for those of every bind */
} world;

/* ---- the system ---- */

static void narrow(struct msghdr *header) {
  if (world.control_left > 0) header->msg_controllen = world.control_left;
}

static void mark(struct msghdr *header) {
  if (world.cut) header->msg_flags |= MSG_TRUNC;
  world.cut = false;
}

int __wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout) {
  for (unsigned i = 0; i < count; i++)
    narrow(&messages[i].msg_hdr);
  int got = __real_recvmmsg(fd, messages, count, flags, timeout);
  if (got > 0) mark(&messages[0].msg_hdr);
  return got;
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags) {
  narrow(message);
  ssize_t got = __real_recvmsg(fd, message, flags);
  if (got >= 0) mark(message);
  return got;
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
  const bool of_ip = level == IPPROTO_IP || level == IPPROTO_IPV6;
  world.set += (of_ip && name != IPV6_V6ONLY) || (level == SOL_SOCKET && name == SO_TIMESTAMPNS);
  if (!of_ip || name != world.refused_name || name == 0)
    return __real_setsockopt(fd, level, name, value, length);
  errno = ENOPROTOOPT;
  return -1;
}

/* ---- a socket and a peer ---- */

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket, (void)data;
  assert_true(world.count < TOLD_MAX);
  world.given[world.count] = message->info != NULL;
  world.infos[world.count++] = message->info ? *message->info : (dgram_recv_info){0};
}

static void forget(int type) {
  memset(&world, 0, sizeof world);
  world.type = type;
}

static void arrange(int type, uint32_t bits) {
  forget(type);
  world.socket = kit_bound(type, &world.seen);
  world.port = kit_port(world.socket);
  world.peer = kit_peer(type == DGRAM_UDP6 ? AF_INET6 : AF_INET, &world.peer_port);
  assert_int_equal(dgram_on_message(world.socket, on_message, NULL), 0);
  assert_int_equal(dgram_set_recv_info(world.socket, bits), 0);
}

static void finish(void) {
  close(world.peer);
}

static void pass(void) {
  kit_peer_send(world.peer, world.port, "x", 1);
  kit_run_until(&world.count, world.count + 1);
}

static const dgram_recv_info *last(void) {
  return &world.infos[world.count - 1];
}

/* ---- groups ---- */

static void send_group(size_t datagrams) {
  static const char bytes[2000];
  int segment = 10;
  assert_int_equal(setsockopt(world.peer, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment), 0);
  kit_peer_send(world.peer, world.port, bytes, datagrams * 10);
}

static void test_a_group_shares_it(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, EVERYTHING);
  send_group(100);
  kit_run_until(&world.count, 100);
  for (size_t i = 0; i < 100; i++) {
    assert_int_equal(world.infos[i].present, EVERYTHING);
    assert_int_equal(world.infos[i].local_address.port, world.port);
    assert_int_equal(world.infos[i].time_ns, world.infos[0].time_ns);
  }
  finish();
}

static void test_only_the_last_of_it_was_cut(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, DGRAM_RECV_HOP_LIMIT);
  world.cut = true;
  send_group(10);
  kit_run_until(&world.count, 10);
  for (size_t i = 0; i < 9; i++)
    assert_int_equal(world.infos[i].present, DGRAM_RECV_HOP_LIMIT);
  assert_int_equal(last()->present, DGRAM_RECV_HOP_LIMIT | DGRAM_RECV_TRUNCATED);
  assert_true(last()->truncated);
  assert_int_equal(last()->hop_limit, world.infos[0].hop_limit);
  finish();
}

static void test_cut_and_nothing_asked(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, EVERYTHING);
  pass();
  assert_int_equal(dgram_set_recv_info(world.socket, 0), 0);
  world.cut = true;
  pass();
  assert_int_equal(last()->present, DGRAM_RECV_TRUNCATED);
  assert_int_equal(last()->hop_limit, 0);
  finish();
}

/* ---- control messages that are cut off ---- */

/* Whatever there was room for is true, and nothing else is told. */
static void cut_off(int type) {
  uint32_t before = 0;
  arrange(type, EVERYTHING);
  pass();
  const dgram_recv_info whole = *last();
  for (size_t room = 1; room <= 200; room++) {
    world.control_left = room;
    pass();
    assert_int_equal(last()->present & before, before); /* more room, more told */
    before = last()->present;
    if (before & DGRAM_RECV_LOCAL_ADDRESS)
      assert_true(dgram_address_equal(&last()->local_address, &whole.local_address));
    if (before & DGRAM_RECV_HOP_LIMIT) assert_int_equal(last()->hop_limit, whole.hop_limit);
    if (before & DGRAM_RECV_TIME) assert_true(last()->time_ns > whole.time_ns);
    if (room < CMSG_LEN(0)) assert_int_equal(before, DGRAM_RECV_TRUNCATED);
  }
  assert_int_equal(before, EVERYTHING);
  finish();
}

static void test_cut_off(void **state) {
  (void)state;
  cut_off(DGRAM_UDP4);
}

static void test_cut_off_udp6(void **state) {
  (void)state;
  cut_off(DGRAM_UDP6);
}

/* ---- the socket's options ---- */

static void test_nobody_asks_nothing_is_set(void **state) {
  (void)state;
  forget(DGRAM_UDP6);
  world.socket = kit_bound(DGRAM_UDP6, &world.seen);
  assert_int_equal(dgram_set_recv_info(world.socket, 0), 0);
  assert_int_equal(dgram_set_recv_info(world.socket, DGRAM_RECV_TRUNCATED), 0);
  assert_int_equal(world.set, 0);
}

static void test_each_is_set_once(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, EVERYTHING);
  assert_int_equal(world.set, 4);
  assert_int_equal(dgram_set_recv_info(world.socket, EVERYTHING), 0);
  assert_int_equal(dgram_set_recv_info(world.socket, EVERYTHING & ~DGRAM_RECV_INTERFACE), 0);
  assert_int_equal(world.set, 4); /* address and interface come together */
  assert_int_equal(dgram_set_recv_info(world.socket, 0), 0);
  assert_int_equal(world.set, 8);
  finish();
}

static void fail_to_change(int type, int name) {
  arrange(type, DGRAM_RECV_TIME | DGRAM_RECV_LOCAL_ADDRESS);
  world.refused_name = name;
  assert_int_equal(dgram_set_recv_info(world.socket, DGRAM_RECV_HOP_LIMIT | DGRAM_RECV_TOS),
                   DGRAM_ENOPROTOOPT);
  world.refused_name = 0;
  pass();
  assert_int_equal(last()->present, DGRAM_RECV_TIME | DGRAM_RECV_LOCAL_ADDRESS);
  assert_int_equal(dgram_set_recv_info(world.socket, EVERYTHING), 0);
  pass();
  assert_int_equal(last()->present, EVERYTHING);
  finish();
}

static void test_a_failure_changes_nothing(void **state) {
  (void)state;
  fail_to_change(DGRAM_UDP4, IP_RECVTTL);
  fail_to_change(DGRAM_UDP4, IP_RECVTOS);
  fail_to_change(DGRAM_UDP6, IPV6_RECVTCLASS);
}

static void on_bound(dgram_socket *socket, int status, void *data) {
  (void)socket;
  *(int *)data = status;
  world.count++;
}

static void test_a_bind_fails_with_it(void **state) {
  const dgram_socket_options options = {.type = DGRAM_UDP4, .recv_info = EVERYTHING};
  int status = 0;
  (void)state;
  forget(DGRAM_UDP4);
  assert_int_equal(dgram_create_socket(kit.stack, &options, &world.socket), 0);
  world.refused_name = IP_RECVTOS;
  assert_int_equal(dgram_bind(world.socket, NULL, on_bound, &status), 0);
  kit_run_until(&world.count, 1);
  assert_int_equal(status, DGRAM_ENOPROTOOPT);
  world.refused_name = 0;
  assert_int_equal(dgram_bind(world.socket, NULL, on_bound, &status), 0);
  kit_run_until(&world.count, 2);
  assert_int_equal(status, 0);
}

/* ---- descriptors that others may read too ---- */

static int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  assert_int_equal(getsockopt(fd, level, name, &value, &length), 0);
  return value;
}

static void adopt(int fd, uint32_t bits) {
  const dgram_socket_options options = {
      .type = DGRAM_UDP4, .on_message = on_message, .recv_info = bits};
  const dgram_bind_options where = {.fd = fd};
  assert_int_equal(dgram_create_socket(kit.stack, &options, &world.socket), 0);
  assert_int_equal(dgram_bind(world.socket, &where, NULL, NULL), 0);
}

static int arrange_descriptor(void) {
  forget(DGRAM_UDP4);
  world.peer = kit_peer(AF_INET, &world.peer_port);
  return kit_peer(AF_INET, &world.port);
}

static void set_on(int fd, int level, int name, int value) {
  assert_int_equal(setsockopt(fd, level, name, &value, sizeof value), 0);
}

/* All that goes before ours, and all of ours. */
static void test_an_owner_that_asks_for_much(void **state) {
  const int times = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
  (void)state;
  int fd = arrange_descriptor();
  set_on(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
  set_on(fd, SOL_SOCKET, SO_TIMESTAMPING, times);
  set_on(fd, IPPROTO_UDP, UDP_GRO, 1);
  set_on(fd, IPPROTO_IP, IP_RECVOPTS, 1);
  set_on(fd, IPPROTO_IP, IP_RECVORIGDSTADDR, 1);
  adopt(fd, EVERYTHING);
  send_group(20);
  kit_run_until(&world.count, 20);
  assert_int_equal(last()->present, EVERYTHING);
  assert_int_equal(last()->local_address.port, world.port);
  finish();
}

static void test_what_only_the_owner_asks_for_is_not_told(void **state) {
  (void)state;
  int fd = arrange_descriptor();
  set_on(fd, IPPROTO_IP, IP_PKTINFO, 1);
  set_on(fd, IPPROTO_IP, IP_RECVTTL, 1);
  adopt(fd, 0);
  pass();
  assert_false(world.given[0]);
  assert_int_equal(dgram_set_recv_info(world.socket, DGRAM_RECV_TOS), 0);
  pass();
  assert_int_equal(last()->present, DGRAM_RECV_TOS);
  finish();
}

static void test_what_others_may_read_stays_on(void **state) {
  (void)state;
  int fd = arrange_descriptor();
  adopt(fd, EVERYTHING);
  pass();
  assert_int_equal(dgram_set_recv_info(world.socket, 0), 0);
  assert_int_equal(option_of(fd, IPPROTO_IP, IP_RECVTOS), 1);
  pass();
  assert_false(world.given[1]);
  finish();
}

/* Its interface was not noted when it came, and its time is that of reading; all else stands in its
 * header. */
static void test_what_lay_there_before(void **state) {
  (void)state;
  int fd = arrange_descriptor();
  kit_peer_send(world.peer, world.port, "x", 1);
  adopt(fd, EVERYTHING);
  kit_run_until(&world.count, 1);
  assert_int_equal(last()->present, EVERYTHING & ~DGRAM_RECV_INTERFACE);
  pass();
  assert_int_equal(last()->present, EVERYTHING);
  finish();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(test_a_group_shares_it),
      KIT_TEST(test_only_the_last_of_it_was_cut),
      KIT_TEST(test_cut_and_nothing_asked),
      KIT_TEST(test_cut_off),
      KIT_TEST(test_cut_off_udp6),
      KIT_TEST(test_nobody_asks_nothing_is_set),
      KIT_TEST(test_each_is_set_once),
      KIT_TEST(test_a_failure_changes_nothing),
      KIT_TEST(test_a_bind_fails_with_it),
      KIT_TEST(test_an_owner_that_asks_for_much),
      KIT_TEST(test_what_only_the_owner_asks_for_is_not_told),
      KIT_TEST(test_what_others_may_read_stays_on),
      KIT_TEST(test_what_lay_there_before),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
