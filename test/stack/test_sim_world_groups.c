/* Multicast in a world: several interfaces, several names of one, certain senders only. */

#include <string.h>

#include "world_kit.h"

#define GROUP "239.1.2.3"

/* a: 10.0.0.1 and 10.0.0.9 on eth0, 10.1.0.1 on eth1, 10.2.0.1 on eth2; b the same with 2. c is on
 * eth0's network only. */
static dgram_stack *a, *b, *c;
static struct world_seen seen;

static void three_hosts(void) {
  a = world_host("a", "10.0.0.1/24");
  b = world_host("b", "10.0.0.2/24");
  c = world_host("c", "10.0.0.3/24");
  assert_int_equal(dgram_sim_add_address(a, "eth0", 0, "10.0.0.9/24"), 2);
  assert_int_equal(dgram_sim_add_address(b, "eth0", 0, "10.0.0.10/24"), 2);
  assert_int_equal(dgram_sim_add_address(a, "eth1", 1, "10.1.0.1/24"), 3);
  assert_int_equal(dgram_sim_add_address(b, "eth1", 1, "10.1.0.2/24"), 3);
  assert_int_equal(dgram_sim_add_address(a, "eth2", 2, "10.2.0.1/24"), 4);
  assert_int_equal(dgram_sim_add_address(b, "eth2", 2, "10.2.0.2/24"), 4);
}

/* Sends one datagram to the group and tells whether it was heard. */
static bool is_heard(dgram_socket *from) {
  const size_t before = seen.messages;
  assert_int_equal(world_try(from, GROUP, 2000, 1), 1);
  assert_true(seen.messages - before <= 1);
  return seen.messages > before;
}

static dgram_socket *sender_by(const char *ifname) {
  dgram_socket *socket = world_socket(a, DGRAM_UDP4, NULL, 0, NULL);
  assert_int_equal(dgram_set_multicast_interface(socket, ifname), 0);
  return socket;
}

static void test_multicast_leaves_by_an_interface(void **state) {
  (void)state;
  three_hosts();
  dgram_socket *to = world_socket(b, DGRAM_UDP4, NULL, 2000, &seen);
  assert_int_equal(dgram_add_membership(to, GROUP, "eth1"), 0);
  dgram_socket *from = sender_by("eth0");
  assert_false(is_heard(from));
  assert_int_equal(dgram_set_multicast_interface(from, "eth1"), 0);
  assert_true(is_heard(from));
  assert_string_equal(world_text(&seen.from), "10.1.0.1");
  assert_int_equal(dgram_set_multicast_interface(from, "4"), 0);
  assert_false(is_heard(from));
  assert_int_equal(dgram_set_multicast_interface(from, "0.0.0.0"), 0);
  assert_false(is_heard(from)); /* by the first again */
  assert_int_equal(dgram_set_multicast_interface(from, "lo"), 0);
  assert_false(is_heard(from));
  assert_int_equal(dgram_set_multicast_interface(from, "eth9"), DGRAM_ENODEV);
  assert_int_equal(dgram_set_multicast_interface(from, "10.0.0.2"), DGRAM_EADDRNOTAVAIL);
}

static void test_the_interface_of_broadcast_is_another(void **state) {
  (void)state;
  three_hosts();
  (void)world_socket(c, DGRAM_UDP4, NULL, 2000, &seen);
  dgram_socket *from = sender_by("eth1");
  assert_int_equal(dgram_set_broadcast(from, true), 0);
  assert_int_equal(world_try(from, "255.255.255.255", 2000, 1), 1);
  assert_int_equal(seen.messages, 1);
}

static void test_the_address_that_names_it_is_the_senders(void **state) {
  (void)state;
  three_hosts();
  dgram_socket *to = world_socket(b, DGRAM_UDP4, NULL, 2000, &seen);
  assert_int_equal(dgram_add_membership(to, GROUP, "eth0"), 0);
  dgram_socket *from = sender_by("10.0.0.9");
  assert_true(is_heard(from));
  assert_string_equal(world_text(&seen.from), "10.0.0.9");
  assert_int_equal(dgram_set_multicast_interface(from, "eth0"), 0);
  assert_true(is_heard(from));
  assert_string_equal(world_text(&seen.from), "10.0.0.1");
}

static void test_all_interfaces(void **state) {
  (void)state;
  three_hosts();
  dgram_socket *to = world_socket(b, DGRAM_UDP4, NULL, 2000, &seen);
  dgram_socket *from[] = {sender_by("eth0"), sender_by("eth1"), sender_by("eth2")};
  assert_int_equal(dgram_add_membership(to, GROUP, "*"), 0);
  assert_int_equal(dgram_add_membership(to, GROUP, "10.1.0.2"), 0);
  for (int i = 0; i < 3; i++)
    assert_true(is_heard(from[i]));
  assert_int_equal(dgram_drop_membership(to, GROUP, "*"), 0);
  for (int i = 0; i < 3; i++)
    assert_int_equal(is_heard(from[i]), i == 1);
  assert_int_equal(dgram_drop_membership(to, GROUP, "10.1.0.2"), 0);
  assert_false(is_heard(from[1]));
}

/* The host's first interface, whatever else was joined. */
static void test_the_choice_is_left_and_nothing_else(void **state) {
  (void)state;
  three_hosts();
  dgram_socket *to = world_socket(b, DGRAM_UDP4, NULL, 2000, &seen);
  dgram_socket *from[] = {sender_by("eth0"), sender_by("eth1")};
  assert_int_equal(dgram_add_membership(to, GROUP, NULL), 0);
  assert_int_equal(dgram_add_membership(to, GROUP, "eth1"), 0);
  assert_int_equal(dgram_add_membership(to, GROUP, "10.0.0.10"), 0);
  assert_int_equal(dgram_drop_membership(to, GROUP, NULL), 0);
  assert_true(is_heard(from[0]) && is_heard(from[1]));
  assert_int_equal(dgram_drop_membership(to, GROUP, "10.0.0.10"), 0);
  assert_true(!is_heard(from[0]) && is_heard(from[1]));
}

static void test_one_source(void **state) {
  (void)state;
  three_hosts();
  dgram_socket *to = world_socket(b, DGRAM_UDP4, NULL, 2000, &seen);
  dgram_socket *wanted = world_socket(c, DGRAM_UDP4, NULL, 0, NULL);
  dgram_socket *other = sender_by("eth0");
  assert_int_equal(dgram_add_source_specific_membership(to, "10.0.0.3", GROUP, "eth0"), 0);
  assert_true(is_heard(wanted));
  assert_false(is_heard(other));
  assert_int_equal(world_stats().dropped[DGRAM_DROP_NO_HOST], 1);
  assert_int_equal(dgram_add_source_specific_membership(to, "10.0.0.1", GROUP, "eth0"), 0);
  assert_true(is_heard(other));
  assert_int_equal(dgram_drop_source_specific_membership(to, "10.0.0.3", GROUP, "eth0"), 0);
  assert_false(is_heard(wanted));
  assert_int_equal(dgram_drop_source_specific_membership(to, "10.0.0.1", GROUP, "eth0"), 0);
  assert_false(is_heard(other));
}

static void count_message(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket;
  (void)message;
  ((struct world_seen *)data)->messages++;
}

/* Several have the port. */
static dgram_socket *shared(struct world_seen *counts) {
  const dgram_socket_options options = {
      .type = DGRAM_UDP4, .reuse_addr = true, .on_message = count_message, .data = counts};
  dgram_socket *socket;
  memset(counts, 0, sizeof *counts);
  assert_int_equal(dgram_create_socket(b, &options, &socket), 0);
  assert_int_equal(dgram_bind(socket, &(dgram_bind_options){.port = 2000}, NULL, NULL), 0);
  world_run();
  return socket;
}

/* Who has not joined hears what the host takes, who has joined what he has joined for. */
static void test_one_source_beside_others(void **state) {
  (void)state;
  struct world_seen all, none;
  three_hosts();
  dgram_socket *sockets[] = {shared(&seen), shared(&all), shared(&none)};
  dgram_socket *wanted = world_socket(c, DGRAM_UDP4, NULL, 0, NULL);
  dgram_socket *other = sender_by("eth0");
  assert_int_equal(dgram_add_source_specific_membership(sockets[0], "10.0.0.3", GROUP, "eth0"), 0);
  assert_true(is_heard(wanted) && !is_heard(other));
  assert_int_equal(none.messages, 1);
  assert_int_equal(dgram_add_membership(sockets[1], GROUP, "eth0"), 0);
  assert_true(is_heard(wanted) && !is_heard(other));
  assert_int_equal(all.messages, 3);
  assert_int_equal(none.messages, 3);
  assert_int_equal(dgram_close(sockets[1], NULL, NULL), 0);
  assert_true(is_heard(wanted) && !is_heard(other));
  assert_int_equal(none.messages, 4);
}

/* On the sender's own host. */
static void test_one_source_by_loopback(void **state) {
  (void)state;
  three_hosts();
  dgram_socket *to = world_socket(a, DGRAM_UDP4, NULL, 2000, &seen);
  dgram_socket *from = sender_by("10.0.0.9");
  assert_int_equal(dgram_add_source_specific_membership(to, "10.0.0.1", GROUP, "eth0"), 0);
  assert_false(is_heard(from));
  assert_int_equal(dgram_add_source_specific_membership(to, "10.0.0.9", GROUP, "eth0"), 0);
  assert_true(is_heard(from));
}

static void test_failures(void **state) {
  (void)state;
  three_hosts();
  dgram_socket *to = world_socket(b, DGRAM_UDP4, NULL, 2000, &seen);
  assert_int_equal(dgram_sim_fail(b, DGRAM_SIM_MEMBERSHIP, 1, 1, DGRAM_ENOBUFS), 0);
  assert_int_equal(dgram_add_membership(to, GROUP, "eth0"), DGRAM_ENOBUFS);
  assert_int_equal(dgram_add_membership(to, GROUP, "eth0"), 0);
  assert_int_equal(dgram_sim_fail(b, DGRAM_SIM_MEMBERSHIP, 1, 1, DGRAM_ENOBUFS), 0);
  assert_int_equal(dgram_drop_membership(to, GROUP, "eth0"), DGRAM_ENOBUFS);
  assert_true(is_heard(sender_by("eth0")));
  assert_int_equal(dgram_drop_membership(to, GROUP, "eth0"), 0);
  assert_int_equal(dgram_sim_fail(b, DGRAM_SIM_SET_OPTION, 1, 1, DGRAM_ENOMEM), 0);
  assert_int_equal(dgram_set_multicast_interface(to, "eth1"), DGRAM_ENOMEM);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WORLD_TEST(test_multicast_leaves_by_an_interface),
      WORLD_TEST(test_the_interface_of_broadcast_is_another),
      WORLD_TEST(test_the_address_that_names_it_is_the_senders),
      WORLD_TEST(test_all_interfaces),
      WORLD_TEST(test_the_choice_is_left_and_nothing_else),
      WORLD_TEST(test_one_source),
      WORLD_TEST(test_one_source_beside_others),
      WORLD_TEST(test_one_source_by_loopback),
      WORLD_TEST(test_failures),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
