/* wrap: sendmmsg sendmsg setsockopt recvmmsg recvmsg */
/* What ICMP answers, of a socket that asks: each answer is told once, no other datagram pays for it, and
 * nothing spins. The answers are the kernel's own: on loopback a dead port answers at once, and each
 * time. */

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
/* After time.h, whose timespec it needs. */
#include <linux/errqueue.h>

#include "groups_kit.h"

enum { TURNS_MAX = 5, BUFFER_HOLDS = 277 };

/* ---- the system ---- */

static struct kit_fault many;
static size_t read_in_turn, most_in_turn; /* entries of the error queue */
static unsigned turn;
static bool queue_stays; /* it is never empty */
static void (*spoil)(struct msghdr *message, struct cmsghdr *entry);

int __wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout) {
  int wanted = kit_fault_meet(&many, count);
  return wanted <= 0 ? wanted : __real_recvmmsg(fd, messages, (unsigned)wanted, flags, timeout);
}

static void count_entry(void) {
  if (turn != kit.turns) read_in_turn = 0;
  turn = kit.turns;
  if (++read_in_turn > most_in_turn) most_in_turn = read_in_turn;
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags) {
  if (!(flags & MSG_ERRQUEUE)) return __real_recvmsg(fd, message, flags);
  assert_true(fd >= 0); /* it is not asked once it is closed */
  ssize_t result = __real_recvmsg(fd, message, flags);
  if (result < 0 && !queue_stays) return result;
  count_entry();
  if (result < 0) message->msg_controllen = 0;
  if (result >= 0 && spoil) spoil(message, CMSG_FIRSTHDR(message));
  return 0;
}

/* ---- a socket that asks ---- */

static struct {
  size_t count;
  dgram_icmp last;
  void (*act)(void); /* once */
} heard;

static uint16_t dead;

static void on_icmp(dgram_socket *socket, const dgram_icmp *icmp, void *data) {
  void (*act)(void) = heard.act;
  (void)data;
  assert_ptr_equal(socket, groups_world.socket);
  heard.count++;
  heard.last = *icmp;
  heard.act = NULL;
  if (act) act();
}

static void arrange_as(int type) {
  memset(&many, 0, sizeof many);
  memset(&heard, 0, sizeof heard);
  most_in_turn = 0;
  queue_stays = false;
  spoil = NULL;
  groups_arrange(type);
  assert_int_equal(dgram_on_icmp(groups_world.socket, on_icmp, NULL), 0);
  assert_int_equal(dgram_set_icmp_errors(groups_world.socket, true), 0);
  close(kit_peer(type == DGRAM_UDP6 ? AF_INET6 : AF_INET, &dead));
}

static void arrange(void) {
  arrange_as(DGRAM_UDP4);
}

/* The last n datagrams of the list go to the dead port. */
static void kill_last(size_t n) {
  for (size_t i = groups_world.count - n; i < groups_world.count; i++)
    groups_world.list[i].to.port = dead;
}

/* Port 0: to the peer. */
static int try_one(uint16_t port) {
  dgram_datagram datagram = {.bytes = "x", .length = 1, .result = -9999};
  if (port > 0) datagram.to = groups_to(port);
  assert_int_equal(dgram_try_send_many(groups_world.socket, &datagram, 1), 1);
  return datagram.result;
}

static void expect_heard(size_t count) {
  kit_run_until(&heard.count, count);
  kit_turns(3);
  assert_int_equal(heard.count, count);
  assert_int_equal(groups_world.seen.errors, 0);
  assert_int_equal(kit_stats(groups_world.socket).icmp, count);
}

static void expect_peace(void) {
  kit_turns(20);
  unsigned turns = kit_turns_within(300);
  if (turns > TURNS_MAX) fail_msg("%u turns", turns);
}

/* ---- what is told ---- */

static void expect_port(int type, int code) {
  dgram_address to = groups_to(dead), offender = groups_to(0);
  assert_int_equal(heard.last.code, DGRAM_ECONNREFUSED);
  assert_true(dgram_address_equal(&heard.last.to, &to));
  assert_true(dgram_address_equal(&heard.last.offender, &offender));
  assert_int_equal(heard.last.type, type);
  assert_int_equal(heard.last.icmp_code, code);
  assert_int_equal(heard.last.mtu, 0);
}

static void test_what_an_answer_says(void **state) {
  (void)state;
  arrange();
  assert_int_equal(try_one(dead), 1);
  expect_heard(1);
  expect_port(3, 3);
  groups_finish();
  arrange_as(DGRAM_UDP6);
  assert_int_equal(try_one(dead), 1);
  expect_heard(1);
  expect_port(1, 4);
  expect_peace();
  groups_finish();
}

/* What else the kernel then writes beside an entry leaves it room, of both families. */
static void test_with_every_info(void **state) {
  const uint32_t every = DGRAM_RECV_LOCAL_ADDRESS | DGRAM_RECV_INTERFACE | DGRAM_RECV_HOP_LIMIT |
                         DGRAM_RECV_TOS | DGRAM_RECV_TIME;
  const int types[] = {DGRAM_UDP4, DGRAM_UDP6};
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    arrange_as(types[i]);
    assert_int_equal(dgram_set_recv_info(groups_world.socket, every), 0);
    assert_int_equal(try_one(dead), 1);
    expect_heard(1);
    groups_finish();
  }
}

/* More of them than the receive buffer has room for, each with a good one: all are told, and all that
 * can arrive arrives. */
static void test_many_among_good_ones(void **state) {
  (void)state;
  arrange();
  for (size_t round = 0; round < 5; round++) {
    groups_clear();
    for (size_t i = 0; i < 160; i++) {
      groups_add(1, i + 1);
      groups_add(1, i + 1);
      kill_last(1);
    }
    groups_send();
    groups_expect_sent(0, 320);
    groups_expect_arrived(groups_world.peer, groups_world.port);
    expect_heard((round + 1) * 160);
  }
  expect_peace();
  groups_finish();
}

static void test_many_at_once(void **state) {
  (void)state;
  arrange();
  for (size_t i = 0; i < 320; i++)
    groups_add(1, i + 1);
  kill_last(320);
  kit_peer_send(groups_world.peer, kit_port(groups_world.socket), "x", 1);
  groups_send();
  groups_expect_sent(0, 320);
  expect_heard(320);
  assert_int_equal(groups_world.seen.messages, 1);
  assert_int_equal(kit_stats(groups_world.socket).dropped, 0);
  assert_true(most_in_turn < BUFFER_HOLDS / 2);
  groups_finish();
}

/* A group is answered once. */
static void test_groups(void **state) {
  (void)state;
  arrange();
  groups_add(100, 50);
  kill_last(50);
  groups_send();
  groups_expect_sent(0, 100);
  groups_expect_arrived(groups_world.peer, groups_world.port);
  kit_run_until(&heard.count, 1);
  expect_peace();
  assert_int_equal(groups_world.seen.errors, 0);
  groups_finish();
}

static void test_lone_calls(void **state) {
  (void)state;
  kit_reopen(&(dgram_stack_options){.disable = DGRAM_DISABLE_MMSG | DGRAM_DISABLE_GSO});
  arrange();
  groups_add(150, 50);
  kill_last(100);
  groups_send();
  groups_expect_sent(0, 150);
  groups_expect_arrived(groups_world.peer, groups_world.port);
  expect_heard(100);
  groups_finish();
}

/* ---- nobody else pays ---- */

/* Each call meets the error of the one before. */
static void test_the_next_send(void **state) {
  (void)state;
  arrange();
  for (int i = 0; i < 10; i++) {
    assert_int_equal(try_one(dead), 1);
    assert_int_equal(try_one(groups_world.port), 1);
  }
  expect_heard(10);
  assert_int_equal(strlen(kit_peer_text(groups_world.peer)), 10);
  groups_finish();
}

static int refusal;

static int refuse_all(const struct groups_message *message) {
  (void)message;
  return refusal;
}

/* There are errors to be read, and sends fail as they might for them. */
static void start_in_doubt(int code) {
  arrange();
  assert_int_equal(try_one(dead), 1);
  groups_calls.judge = refuse_all;
  refusal = code;
  groups_add(5, 10);
}

static void on_list(dgram_socket *socket, dgram_datagram *list, size_t count, void *data) {
  (void)socket, (void)list, (void)count;
  ++*(size_t *)data;
}

static void test_in_doubt_it_waits(void **state) {
  const int codes[] = {-ECONNREFUSED, -EHOSTUNREACH, -ENETUNREACH, -EACCES};
  (void)state;
  for (size_t i = 0; i < 4; i++) {
    size_t told = 0;
    start_in_doubt(codes[i]);
    assert_int_equal(dgram_send_many(groups_world.socket, groups_world.list, 5, on_list, &told), 0);
    assert_int_equal(groups_calls.refused, 2);
    refusal = 0;
    kit_run_until(&told, 1);
    groups_expect_sent(0, 5);
    groups_expect_arrived(groups_world.peer, groups_world.port);
    expect_heard(1);
    groups_finish();
  }
}

static void test_without_a_doubt_it_fails(void **state) {
  (void)state;
  start_in_doubt(-EHOSTUNREACH);
  groups_send();
  groups_expect_code(0, 5, DGRAM_EHOSTUNREACH);
  assert_true(groups_calls.refused <= 6);
  expect_heard(1);
  expect_peace();
  groups_finish();
}

/* Such a datagram brings an error to be read itself. */
static void test_too_long_is_no_doubt(void **state) {
  (void)state;
  start_in_doubt(-EMSGSIZE);
  assert_int_equal(try_one(groups_world.port), DGRAM_EMSGSIZE);
  expect_heard(1);
  groups_finish();
}

/* Which is no reason to wait, however many fail. */
static void test_many_without_room(void **state) {
  (void)state;
  arrange();
  groups_calls.judge = refuse_all;
  refusal = -ENOBUFS;
  groups_add(200, 10);
  assert_int_equal(dgram_try_send_many(groups_world.socket, groups_world.list, 200), 200);
  groups_expect_code(0, 200, DGRAM_ENOBUFS);
  groups_finish();
}

static void test_no_room_in_the_device(void **state) {
  (void)state;
  start_in_doubt(-ENOBUFS);
  groups_send();
  groups_expect_code(0, 5, DGRAM_ENOBUFS);
  expect_heard(1);
  expect_peace();
  groups_finish();
}

/* What is received does not pay either, and is not left alone for a while. */
static void test_receiving(void **state) {
  const int codes[] = {ECONNREFUSED, EHOSTUNREACH, EACCES, EMSGSIZE, EPROTO};
  (void)state;
  for (size_t i = 0; i < 5; i++) {
    arrange();
    many = (struct kit_fault){.from = 1, .to = 30, .error = codes[i]};
    kit_peer_send(groups_world.peer, kit_port(groups_world.socket), "x", 1);
    unsigned before = kit.turns;
    kit_run_until(&groups_world.seen.messages, 1);
    assert_true(kit.turns - before < 10);
    assert_int_equal(groups_world.seen.errors, 0);
    groups_finish();
  }
}

static void test_other_errors_are_told(void **state) {
  (void)state;
  arrange();
  many = (struct kit_fault){.from = 1, .to = 1, .error = ENETDOWN};
  kit_peer_send(groups_world.peer, kit_port(groups_world.socket), "x", 1);
  kit_run_until(&groups_world.seen.messages, 1);
  assert_int_equal(groups_world.seen.errors, 1);
  assert_int_equal(groups_world.seen.last_error, DGRAM_ENETDOWN);
  groups_finish();
}

/* A descriptor that is connected tells it in this one way, too. */
static void test_a_connected_descriptor(void **state) {
  const dgram_socket_options options = {.type = DGRAM_UDP4, .icmp_errors = true};
  uint16_t own;
  (void)state;
  arrange();
  int fd = kit_peer(AF_INET, &own);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(dead)};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
  assert_int_equal(dgram_abort(groups_world.socket), 0);
  assert_int_equal(dgram_create_socket(kit.stack, &options, &groups_world.socket), 0);
  assert_int_equal(dgram_on_icmp(groups_world.socket, on_icmp, NULL), 0);
  assert_int_equal(dgram_bind(groups_world.socket, &(dgram_bind_options){.fd = fd}, NULL, NULL), 0);
  kit_turns(3);
  for (int i = 0; i < 5; i++)
    assert_int_equal(try_one(0), 1);
  expect_heard(5);
  assert_int_equal(kit_stats(groups_world.socket).receive_errors, 0);
  expect_peace();
  groups_finish();
}

/* ---- entries that say less, or something else ---- */

static void no_entry(struct msghdr *message, struct cmsghdr *entry) {
  (void)entry;
  message->msg_controllen = 0;
}

static void cut_off(struct msghdr *message, struct cmsghdr *entry) {
  (void)entry;
  message->msg_flags |= MSG_CTRUNC;
}

static void too_short(struct msghdr *message, struct cmsghdr *entry) {
  (void)message;
  entry->cmsg_len = CMSG_LEN(sizeof(struct sock_extended_err) - 1);
}

static void of_the_kernel(struct msghdr *message, struct cmsghdr *entry) {
  (void)message;
  ((struct sock_extended_err *)CMSG_DATA(entry))->ee_origin = SO_EE_ORIGIN_LOCAL;
}

static void of_another_kind(struct msghdr *message, struct cmsghdr *entry) {
  (void)message;
  entry->cmsg_type = IP_TTL;
}

static void test_what_is_no_answer(void **state) {
  void (*const spoils[])(struct msghdr *, struct cmsghdr *) = {no_entry, cut_off, too_short,
                                                               of_the_kernel, of_another_kind};
  (void)state;
  arrange();
  for (size_t i = 0; i < 5; i++) {
    spoil = spoils[i];
    assert_int_equal(try_one(dead), 1);
    kit_turns(5);
    assert_int_equal(heard.count, 0);
  }
  spoil = NULL;
  assert_int_equal(try_one(dead), 1);
  expect_heard(1);
  assert_int_equal(groups_world.seen.errors, 0);
  groups_finish();
}

static void without_offender(struct msghdr *message, struct cmsghdr *entry) {
  (void)message;
  entry->cmsg_len = CMSG_LEN(sizeof(struct sock_extended_err));
}

static void too_large(struct msghdr *message, struct cmsghdr *entry) {
  struct sock_extended_err *error = (struct sock_extended_err *)CMSG_DATA(entry);
  (void)message;
  error->ee_errno = EMSGSIZE;
  error->ee_code = 4;
  error->ee_info = 1300;
}

static void test_what_an_answer_may_say(void **state) {
  (void)state;
  arrange();
  spoil = without_offender;
  assert_int_equal(try_one(dead), 1);
  expect_heard(1);
  assert_int_equal(heard.last.offender.family, 0);
  spoil = too_large;
  assert_int_equal(try_one(dead), 1);
  expect_heard(2);
  assert_int_equal(heard.last.code, DGRAM_EMSGSIZE);
  assert_int_equal(heard.last.mtu, 1300);
  groups_finish();
}

/* ---- states ---- */

static void test_a_queue_without_an_end(void **state) {
  (void)state;
  arrange();
  queue_stays = true;
  assert_int_equal(try_one(dead), 1);
  kit_turns(5);
  assert_true(most_in_turn <= DGRAM__ERROR_QUEUE_TURN);
  queue_stays = false;
  expect_peace();
  groups_finish();
}

/* What was on its way when it was turned off is nobody's error. */
static void test_asked_no_more(void **state) {
  (void)state;
  arrange();
  assert_int_equal(try_one(dead), 1);
  assert_int_equal(dgram_set_icmp_errors(groups_world.socket, false), 0);
  kit_peer_send(groups_world.peer, kit_port(groups_world.socket), "x", 1);
  kit_run_until(&groups_world.seen.messages, 1);
  assert_int_equal(try_one(dead), 1);
  assert_int_equal(try_one(groups_world.port), 1);
  expect_peace();
  assert_int_equal(heard.count, 0);
  assert_int_equal(groups_world.seen.errors, 0);
  groups_finish();
}

static void end_asking(void) {
  assert_int_equal(dgram_set_icmp_errors(groups_world.socket, false), 0);
}

static void close_it(void) {
  assert_int_equal(dgram_close(groups_world.socket, NULL, NULL), 0);
}

static void test_ended_in_the_first(void **state) {
  void (*const acts[])(void) = {end_asking, close_it};
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    arrange();
    for (int n = 0; n < 5; n++)
      assert_int_equal(try_one(dead), 1);
    kit_peer_send(groups_world.peer, kit_port(groups_world.socket), "x", 1);
    heard.act = acts[i];
    kit_run_until(&heard.count, 1);
    kit_turns(5);
    assert_int_equal(heard.count, 1);
    groups_finish();
  }
}

/* A paused socket is not watched; who waits for room meets them. */
static void test_paused(void **state) {
  (void)state;
  arrange();
  assert_int_equal(dgram_pause(groups_world.socket), 0);
  assert_int_equal(try_one(dead), 1);
  expect_peace();
  assert_int_equal(heard.count, 0);
  groups_add(200, 10);
  for (size_t i = 0; i < 200; i += 2)
    groups_world.list[i].to.port = dead;
  groups_send();
  groups_expect_sent(0, 200);
  assert_true(heard.count > 0);
  assert_int_equal(dgram_resume(groups_world.socket), 0);
  expect_heard(101);
  groups_finish();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(test_what_an_answer_says),
      KIT_TEST(test_with_every_info),
      KIT_TEST(test_many_among_good_ones),
      KIT_TEST(test_many_at_once),
      KIT_TEST(test_groups),
      KIT_TEST(test_lone_calls),
      KIT_TEST(test_the_next_send),
      KIT_TEST(test_in_doubt_it_waits),
      KIT_TEST(test_without_a_doubt_it_fails),
      KIT_TEST(test_too_long_is_no_doubt),
      KIT_TEST(test_no_room_in_the_device),
      KIT_TEST(test_many_without_room),
      KIT_TEST(test_receiving),
      KIT_TEST(test_other_errors_are_told),
      KIT_TEST(test_a_connected_descriptor),
      KIT_TEST(test_what_is_no_answer),
      KIT_TEST(test_what_an_answer_may_say),
      KIT_TEST(test_a_queue_without_an_end),
      KIT_TEST(test_asked_no_more),
      KIT_TEST(test_ended_in_the_first),
      KIT_TEST(test_paused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
