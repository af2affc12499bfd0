/* A datagram goes where the last one to its address went, and to who got that: nothing that has
 * changed in between is missed. */

#include "world_kit.h"

static dgram_stack *a, *b, *c;
static dgram_socket *from, *to, *third;
static struct world_seen seen_b, seen_c;

static void three_hosts(void) {
  a = world_host("a", "10.0.0.1/24");
  b = world_host("b", "10.0.0.2/24");
  c = world_host("c", "10.0.0.3/24");
  from = world_socket(a, DGRAM_UDP4, NULL, 1000, NULL);
  to = world_socket(b, DGRAM_UDP4, NULL, 2000, &seen_b);
  third = world_socket(c, DGRAM_UDP4, NULL, 2000, &seen_c);
}

static void check(const char *address, size_t messages_b, size_t messages_c) {
  assert_int_equal(world_try(from, address, 2000, 1), 1);
  assert_int_equal(seen_b.messages, messages_b);
  assert_int_equal(seen_c.messages, messages_c);
}

static void test_by_turns(void **state) {
  (void)state;
  three_hosts();
  for (size_t i = 1; i <= 3; i++) {
    check("10.0.0.2", i, i - 1);
    check("10.0.0.3", i, i);
  }
}

static void test_an_address_moves(void **state) {
  (void)state;
  three_hosts();
  check("10.0.0.2", 1, 0);
  assert_int_equal(dgram_sim_remove_address(b, "10.0.0.2"), 0);
  check("10.0.0.2", 1, 0);
  assert_int_equal(world_stats().dropped[DGRAM_DROP_NO_HOST], 1);
  assert_int_equal(dgram_sim_add_address(c, "eth0", 0, "10.0.0.2/24"), 2);
  check("10.0.0.2", 1, 1);
}

/* With the sender's own first address gone, its next one is the source. */
static void test_the_source_changes(void **state) {
  (void)state;
  three_hosts();
  assert_int_equal(dgram_sim_add_address(a, "eth0", 0, "10.0.0.4/24"), 2);
  check("10.0.0.2", 1, 0);
  assert_string_equal(world_text(&seen_b.from), "10.0.0.1");
  assert_int_equal(dgram_sim_remove_address(a, "10.0.0.1"), 0);
  check("10.0.0.2", 2, 0);
  assert_string_equal(world_text(&seen_b.from), "10.0.0.4");
}

static void test_an_address_becomes_a_broadcast(void **state) {
  (void)state;
  three_hosts();
  check("10.0.0.3", 0, 1);
  assert_int_equal(dgram_sim_add_address(a, "eth0", 0, "10.0.0.1/30"), DGRAM_EADDRINUSE);
  assert_int_equal(dgram_sim_remove_address(a, "10.0.0.1"), 0);
  assert_int_equal(dgram_sim_add_address(a, "eth0", 0, "10.0.0.1/30"), 2);
  assert_int_equal(world_try(from, "10.0.0.3", 2000, 1), DGRAM_EACCES);
}

static void test_it_goes_away_under_way(void **state) {
  (void)state;
  const dgram_link_options slow = {.delay_ns = DGRAM_MILLISECOND};
  three_hosts();
  assert_int_equal(dgram_sim_set_link(a, b, &slow), 0);
  check("10.0.0.2", 1, 0);
  world_send(from, "10.0.0.2", 2000, 'x', 1);
  assert_int_equal(dgram_flush(a), 0);
  assert_int_equal(dgram_sim_remove_address(b, "10.0.0.2"), 0);
  world_run();
  assert_int_equal(seen_b.messages, 1);
  assert_int_equal(world_stats().dropped[DGRAM_DROP_NO_HOST], 1);
}

static void test_a_port_changes_hands(void **state) {
  (void)state;
  struct world_seen next;
  three_hosts();
  check("10.0.0.2", 1, 0);
  assert_int_equal(dgram_close(to, NULL, NULL), 0);
  check("10.0.0.2", 1, 0);
  assert_int_equal(world_stats().dropped[DGRAM_DROP_NO_SOCKET], 1);
  (void)world_socket(b, DGRAM_UDP4, NULL, 2000, &next);
  check("10.0.0.2", 1, 0);
  assert_int_equal(next.messages, 1);
}

/* Of two udp4 and udp6 sockets of one port the kernel prefers the first. */
static void test_another_is_preferred(void **state) {
  (void)state;
  const dgram_socket_options options = {.type = DGRAM_UDP6, .reuse_addr = true};
  const dgram_bind_options where = {.port = 3000};
  dgram_socket *first;
  three_hosts();
  assert_int_equal(dgram_create_socket(b, &options, &first), 0);
  assert_int_equal(dgram_bind(first, &where, NULL, NULL), 0);
  world_run();
  assert_int_equal(world_try(from, "10.0.0.2", 3000, 1), 1);
  const dgram_socket_options own = {.type = DGRAM_UDP4, .reuse_addr = true};
  dgram_socket *second;
  assert_int_equal(dgram_create_socket(b, &own, &second), 0);
  assert_int_equal(dgram_bind(second, &where, NULL, NULL), 0);
  world_run();
  assert_int_equal(world_try(from, "10.0.0.2", 3000, 1), 1);
  dgram_stats stats;
  assert_int_equal(dgram_get_stats(first, &stats), 0);
  assert_int_equal(stats.received, 1);
  assert_int_equal(dgram_get_stats(second, &stats), 0);
  assert_int_equal(stats.received, 1);
  check("10.0.0.2", 1, 0);
}

static void test_a_port_beside_it(void **state) {
  (void)state;
  struct world_seen beside;
  three_hosts();
  (void)world_socket(b, DGRAM_UDP4, NULL, 2001, &beside);
  check("10.0.0.2", 1, 0);
  assert_int_equal(world_try(from, "10.0.0.2", 2001, 1), 1);
  check("10.0.0.2", 2, 0);
  assert_int_equal(beside.messages, 1);
}

static void test_an_address_beside_it(void **state) {
  (void)state;
  struct world_seen one, other;
  three_hosts();
  assert_int_equal(dgram_sim_add_address(b, "eth0", 0, "10.0.0.5/24"), 2);
  (void)world_socket(b, DGRAM_UDP4, "10.0.0.2", 3000, &one);
  (void)world_socket(b, DGRAM_UDP4, "10.0.0.5", 3000, &other);
  assert_int_equal(world_try(from, "10.0.0.2", 3000, 1), 1);
  assert_int_equal(world_try(from, "10.0.0.5", 3000, 1), 1);
  assert_int_equal(one.messages, 1);
  assert_int_equal(other.messages, 1);
}

static void test_an_address_that_nobody_listens_to(void **state) {
  (void)state;
  struct world_seen one;
  three_hosts();
  assert_int_equal(dgram_sim_add_address(b, "eth0", 0, "10.0.0.5/24"), 2);
  (void)world_socket(b, DGRAM_UDP4, "10.0.0.2", 3000, &one);
  assert_int_equal(world_try(from, "10.0.0.2", 3000, 1), 1);
  assert_int_equal(world_try(from, "10.0.0.5", 3000, 1), 1);
  assert_int_equal(one.messages, 1);
  assert_int_equal(world_stats().dropped[DGRAM_DROP_NO_SOCKET], 1);
}

/* Then it hears nobody but its peer. */
static void test_the_receiver_connects(void **state) {
  (void)state;
  three_hosts();
  check("10.0.0.2", 1, 0);
  assert_int_equal(dgram_connect_sync(to, 2000, "10.0.0.3"), 0);
  check("10.0.0.2", 1, 0);
  assert_int_equal(world_try(third, "10.0.0.2", 2000, 1), 1);
  assert_int_equal(seen_b.messages, 2);
  check("10.0.0.2", 2, 0);
  assert_int_equal(dgram_disconnect(to), 0);
  check("10.0.0.2", 3, 0);
  assert_int_equal(world_stats().dropped[DGRAM_DROP_NO_SOCKET], 2);
}

static dgram_socket *sharing(int port) {
  const dgram_socket_options options = {.type = DGRAM_UDP4, .reuse_addr = true};
  const dgram_bind_options where = {.port = port};
  dgram_socket *socket;
  assert_int_equal(dgram_create_socket(b, &options, &socket), 0);
  assert_int_equal(dgram_bind(socket, &where, NULL, NULL), 0);
  world_run();
  return socket;
}

static uint64_t received(const dgram_socket *socket) {
  dgram_stats stats;
  assert_int_equal(dgram_get_stats(socket, &stats), 0);
  return stats.received;
}

/* Of two that share a port one has a peer: who the sender is decides each time. */
static void test_one_of_two_is_connected(void **state) {
  (void)state;
  three_hosts();
  dgram_socket *other = world_socket(c, DGRAM_UDP4, NULL, 1000, NULL);
  dgram_socket *open = sharing(3000), *connected = sharing(3000);
  assert_int_equal(dgram_connect_sync(connected, 1000, "10.0.0.1"), 0);
  for (uint64_t i = 1; i <= 3; i++) {
    assert_int_equal(world_try(from, "10.0.0.2", 3000, 1), 1);
    assert_int_equal(world_try(other, "10.0.0.2", 3000, 1), 1);
    assert_int_equal(received(connected), i);
    assert_int_equal(received(open), i);
  }
}

static void test_a_link_gets_options(void **state) {
  (void)state;
  const dgram_link_options cut = {.down = true};
  three_hosts();
  check("10.0.0.2", 1, 0);
  assert_int_equal(dgram_sim_set_way(a, b, &cut), 0);
  check("10.0.0.2", 1, 0);
  assert_int_equal(dgram_sim_set_way(a, b, NULL), 0);
  check("10.0.0.2", 2, 0);
}

/* One link-local address on two interfaces is two hosts'. */
static void test_the_scope_differs(void **state) {
  (void)state;
  struct world_seen left, right;
  dgram_stack *middle = world_host(NULL, "fe80::1/64");
  dgram_stack *one = world_host(NULL, "fe80::2/64");
  dgram_stack *two = world_host(NULL, NULL);
  assert_int_equal(dgram_sim_add_address(middle, "eth1", 7, "fe80::1/64"), 3);
  assert_int_equal(dgram_sim_add_address(two, "eth0", 7, "fe80::2/64"), 2);
  dgram_socket *socket = world_socket(middle, DGRAM_UDP6, NULL, 1000, NULL);
  (void)world_socket(one, DGRAM_UDP6, NULL, 2000, &left);
  (void)world_socket(two, DGRAM_UDP6, NULL, 2000, &right);
  assert_int_equal(world_try(socket, "fe80::2%eth0", 2000, 1), 1);
  assert_int_equal(world_try(socket, "fe80::2%eth1", 2000, 1), 1);
  assert_int_equal(left.messages, 1);
  assert_int_equal(right.messages, 1);
}

static int send_with(dgram_socket *socket, const char *address, const dgram_send_info *info) {
  dgram_datagram datagram = {.bytes = "x", .length = 1, .info = info};
  assert_int_equal(dgram_address_parse(address, 2000, &datagram.to), 0);
  assert_int_equal(dgram_send_many(socket, &datagram, 1, NULL, NULL), 0);
  world_run();
  return datagram.result;
}

static void test_a_datagram_asks_for_its_source(void **state) {
  (void)state;
  dgram_send_info info = {.set = DGRAM_SEND_SOURCE_ADDRESS};
  three_hosts();
  assert_int_equal(dgram_sim_add_address(a, "eth0", 0, "10.0.0.4/24"), 2);
  assert_int_equal(dgram_address_parse("10.0.0.4", 0, &info.source_address), 0);
  check("10.0.0.2", 1, 0);
  assert_int_equal(send_with(from, "10.0.0.2", &info), 1);
  assert_string_equal(world_text(&seen_b.from), "10.0.0.4");
  check("10.0.0.2", 3, 0);
  assert_string_equal(world_text(&seen_b.from), "10.0.0.1");
}

static void test_a_datagram_asks_for_its_interface(void **state) {
  (void)state;
  const dgram_send_info info = {.set = DGRAM_SEND_INTERFACE, .interface_index = 3};
  struct world_seen far;
  three_hosts();
  dgram_stack *d = world_host(NULL, NULL);
  assert_int_equal(dgram_sim_add_address(a, "eth1", 5, "10.5.0.1/24"), 3);
  assert_int_equal(dgram_sim_add_address(d, "eth0", 5, "10.0.0.2/24"), 2);
  (void)world_socket(d, DGRAM_UDP4, NULL, 2000, &far);
  check("10.0.0.2", 1, 0);
  assert_int_equal(send_with(from, "10.0.0.2", &info), 1);
  assert_int_equal(far.messages, 1);
  check("10.0.0.2", 2, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WORLD_TEST(test_by_turns),
      WORLD_TEST(test_an_address_moves),
      WORLD_TEST(test_the_source_changes),
      WORLD_TEST(test_an_address_becomes_a_broadcast),
      WORLD_TEST(test_it_goes_away_under_way),
      WORLD_TEST(test_a_port_changes_hands),
      WORLD_TEST(test_another_is_preferred),
      WORLD_TEST(test_a_port_beside_it),
      WORLD_TEST(test_an_address_beside_it),
      WORLD_TEST(test_an_address_that_nobody_listens_to),
      WORLD_TEST(test_the_receiver_connects),
      WORLD_TEST(test_one_of_two_is_connected),
      WORLD_TEST(test_a_link_gets_options),
      WORLD_TEST(test_the_scope_differs),
      WORLD_TEST(test_a_datagram_asks_for_its_source),
      WORLD_TEST(test_a_datagram_asks_for_its_interface),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
