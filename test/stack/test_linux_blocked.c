/* A socket that the system takes no more from, for real: in a network namespace with a neighbour
 * who does not answer, datagrams wait for his address and fill the socket's buffer. Skipped where
 * making namespaces is not permitted. */

#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "linux_kit.h"
#include "stack/stack.h"

enum { EXIT_SKIPPED = 77, COUNT = 300, LENGTH = 500 };

/* ip(8) is in a directory that a user's PATH may not have. */
static int shell(const char *command) {
  char line[512];
  assert_true(snprintf(line, sizeof line, "PATH=$PATH:/usr/sbin:/sbin; %s", command) <
              (int)sizeof line);
  return system(line);
}

/* The neighbour is 10.9.0.77. */
static bool enter_namespace(void) {
  if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) return false;
  return shell("ip link set lo up && ip link add va type veth peer name vb && "
               "ip addr add 10.9.0.1/24 dev va && ip link set va up && ip link set vb up") == 0;
}

static void forget_neighbour(void) {
  assert_int_equal(shell("ip neigh flush dev va && ip link set va down && ip link set va up"), 0);
}

static void neighbour_answers(void) {
  assert_int_equal(shell("ip neigh replace 10.9.0.77 lladdr 02:00:00:00:00:77 dev va"), 0);
}

static struct {
  dgram_socket *socket;
  struct kit_seen seen;
  struct kit_sent sent;
  dgram_datagram list[COUNT];
} world;

static const char bytes[LENGTH];

/* The smallest buffer the system gives: some datagrams, or a group of them. */
static void arrange(void) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 1;
  dgram_bind_options options = {.fd = fd};
  dgram_address to;
  memset(&world, 0, sizeof world);
  forget_neighbour();
  assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
  world.socket = kit_socket(DGRAM_UDP4, &world.seen);
  assert_int_equal(dgram_bind(world.socket, &options, NULL, NULL), 0);
  kit_turns(3);
  assert_int_equal(dgram_address_parse("10.9.0.77", 9, &to), 0);
  for (size_t i = 0; i < COUNT; i++)
    world.list[i] = (dgram_datagram){.bytes = bytes, .length = LENGTH, .to = to};
}

static void send_all(void) {
  assert_int_equal(dgram_send_many(world.socket, world.list, COUNT, kit_on_sent, &world.sent), 0);
  kit_turns(3);
  assert_int_equal(world.sent.completed, 0);
}

static void test_blocked_does_not_spin_and_goes_on(void **state) {
  uint64_t calls;
  (void)state;
  arrange();
  send_all();
  calls = kit_stats(world.socket).send_calls;
  assert_true(kit_turns_within(100) < 5);
  assert_int_equal(kit_stats(world.socket).send_calls, calls);
  neighbour_answers();
  kit_run_until(&world.sent.completed, 1);
  for (size_t i = 0; i < COUNT; i++)
    assert_int_equal(world.list[i].result, LENGTH);
  assert_true(kit_turns_within(50) < 5);
}

static void test_blocked_receives_all_the_same(void **state) {
  uint16_t port;
  int peer = kit_peer(AF_INET, &port);
  (void)state;
  arrange();
  send_all();
  kit_peer_send(peer, kit_port(world.socket), "x", 1);
  kit_run_until(&world.seen.messages, 1);
  assert_int_equal(dgram_pause(world.socket), 0);
  kit_peer_send(peer, kit_port(world.socket), "x", 1);
  assert_true(kit_turns_within(50) < 5);
  neighbour_answers();
  kit_run_until(&world.sent.completed, 1);
  close(peer);
}

static void test_try_says_how_many(void **state) {
  int taken;
  (void)state;
  arrange();
  taken = dgram_try_send_many(world.socket, world.list, COUNT);
  assert_true(taken > 0 && taken < COUNT);
  assert_int_equal(dgram_try_send_many(world.socket, world.list + taken, 1), 0);
  assert_true(kit_turns_within(50) < 5);
}

static void test_abort_while_blocked(void **state) {
  (void)state;
  arrange();
  send_all();
  assert_int_equal(dgram_abort(world.socket), 0);
  kit_run_until(&world.sent.completed, 1);
  assert_int_equal(world.list[COUNT - 1].result, DGRAM_ECANCELED);
}

/* An alias is listed under a name of its own, which is no interface's. */
static void test_an_alias_belongs_to_its_interface(void **state) {
  struct dgram__interface list[64];
  bool found = false;
  int count;
  (void)state;
  assert_int_equal(shell("ip addr add 10.8.0.1/32 dev va label va:7"), 0);
  count = kit.stack->ops->interfaces(kit.stack, list, 64);
  assert_true(count > 0 && count <= 64);
  for (int i = 0; i < count; i++) {
    const uint8_t *address = list[i].address.bytes;
    if (list[i].address.family != DGRAM_IPV4 || address[0] != 10 || address[1] != 8) continue;
    found = true;
    assert_string_equal(list[i].name, "va");
    assert_int_equal(list[i].index, if_nametoindex("va"));
  }
  assert_true(found);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(test_blocked_does_not_spin_and_goes_on),
      KIT_TEST(test_blocked_receives_all_the_same),
      KIT_TEST(test_try_says_how_many),
      KIT_TEST(test_abort_while_blocked),
      KIT_TEST(test_an_alias_belongs_to_its_interface),
  };
  if (!enter_namespace()) {
    puts("skipped: no network namespace with a veth pair can be made here");
    return EXIT_SKIPPED;
  }
  return cmocka_run_group_tests(tests, NULL, NULL);
}
