/* What is sent to many: broadcast and groups between hosts. */

#include <string.h>

#include "world_kit.h"

static dgram_stack *a, *b, *c;
static dgram_socket *from, *to, *third;
static struct world_seen seen_a, seen_b, seen_c;

static void three_hosts(void) {
  a = world_host("a", "10.0.0.1/24");
  b = world_host("b", "10.0.0.2/24");
  c = world_host("c", "10.1.0.3/24");
  from = world_socket(a, DGRAM_UDP4, NULL, 1000, &seen_a);
  to = world_socket(b, DGRAM_UDP4, NULL, 1000, &seen_b);
  third = world_socket(c, DGRAM_UDP4, NULL, 1000, &seen_c);
}

/* ---- broadcast ---- */

static void test_broadcast(void **state) {
  (void)state;
  three_hosts();
  assert_int_equal(world_try(from, "255.255.255.255", 1000, 1), DGRAM_EACCES);
  assert_int_equal(world_try(from, "10.0.0.255", 1000, 1), DGRAM_EACCES);
  assert_int_equal(dgram_set_broadcast(from, true), 0);
  assert_int_equal(world_try(from, "255.255.255.255", 1000, 1), 1);
  assert_int_equal(seen_a.messages + seen_b.messages + seen_c.messages, 3);
  assert_string_equal(world_text(&seen_b.from), "10.0.0.1");
  assert_string_equal(world_text(&seen_a.from), "10.0.0.1");
  assert_int_equal(world_try(from, "10.0.0.255", 1000, 1), 1);
  assert_int_equal(seen_a.messages, 2);
  assert_int_equal(seen_b.messages, 2);
  assert_int_equal(seen_c.messages, 1);
  assert_int_equal(world_stats().sent, 5);
  assert_int_equal(world_try(from, "127.255.255.255", 1000, 1), 1);
  assert_int_equal(seen_b.messages, 2);
  assert_int_equal(seen_a.messages, 3);
}

/* Another host's network has no broadcast here: it is an address like any other. */
static void test_a_broadcast_of_others(void **state) {
  (void)state;
  three_hosts();
  assert_int_equal(world_try(from, "10.1.0.255", 1000, 1), 1);
  assert_int_equal(world_stats().dropped[DGRAM_DROP_NO_HOST], 1);
}

static void test_it_leaves_by_the_address_bound_to(void **state) {
  (void)state;
  struct world_seen far;
  three_hosts();
  dgram_stack *d = world_host("d", NULL);
  assert_int_equal(dgram_sim_add_address(a, "eth1", 5, "10.5.0.1/24"), 3);
  assert_int_equal(dgram_sim_add_address(d, "eth0", 5, "10.5.0.2/24"), 2);
  (void)world_socket(d, DGRAM_UDP4, NULL, 1000, &far);
  dgram_socket *second = world_socket(a, DGRAM_UDP4, "10.5.0.1", 2000, NULL);
  assert_int_equal(dgram_set_broadcast(second, true), 0);
  assert_int_equal(world_try(second, "255.255.255.255", 1000, 1), 1);
  assert_int_equal(far.messages, 1);
  assert_int_equal(seen_b.messages, 0);
  assert_string_equal(world_text(&far.from), "10.5.0.1");
}

/* Two sockets of a host count as two. */
static void test_sockets_that_share_a_port(void **state) {
  (void)state;
  dgram_socket_options options = {.type = DGRAM_UDP4, .reuse_addr = true};
  dgram_bind_options where = {.port = 3000};
  three_hosts();
  for (int i = 0; i < 3; i++) {
    dgram_socket *socket;
    assert_int_equal(dgram_create_socket(b, &options, &socket), 0);
    assert_int_equal(dgram_bind(socket, &where, NULL, NULL), 0);
  }
  world_run();
  assert_int_equal(dgram_set_broadcast(from, true), 0);
  assert_int_equal(world_try(from, "10.0.0.255", 3000, 1), 1);
  dgram_sim_stats stats = world_stats();
  assert_int_equal(stats.delivered, 3);
  assert_int_equal(stats.dropped[DGRAM_DROP_NO_SOCKET], 1);
}

/* ---- groups ---- */

static void test_members_hear(void **state) {
  (void)state;
  three_hosts();
  assert_int_equal(world_try(from, "239.1.2.3", 1000, 1), 1);
  assert_int_equal(world_stats().dropped[DGRAM_DROP_NO_HOST], 1);
  assert_int_equal(dgram_add_membership(to, "239.1.2.3", NULL), 0);
  assert_int_equal(dgram_add_membership(to, "239.1.2.3", "eth0"), 0);
  assert_int_equal(dgram_add_membership(to, "239.1.2.3", "eth0"), DGRAM_EADDRINUSE);
  assert_int_equal(dgram_add_membership(to, "239.1.2.3", "lo"), 0);
  assert_int_equal(world_try(from, "239.1.2.3", 1000, 1), 1);
  assert_int_equal(seen_b.messages, 1);
  assert_int_equal(seen_a.messages + seen_c.messages, 0);
  assert_int_equal(dgram_add_membership(third, "239.1.2.3", "10.1.0.3"), 0);
  assert_int_equal(dgram_add_membership(from, "239.1.2.3", "2"), 0);
  assert_int_equal(world_try(from, "239.1.2.3", 1000, 1), 1);
  assert_int_equal(seen_a.messages, 1);
  assert_int_equal(seen_b.messages, 2);
  assert_int_equal(seen_c.messages, 1);
  assert_int_equal(dgram_set_multicast_loopback(from, false), 0);
  assert_int_equal(world_try(from, "239.1.2.3", 1000, 1), 1);
  assert_int_equal(seen_a.messages, 1);
  assert_int_equal(seen_b.messages, 3);
  assert_int_equal(dgram_drop_membership(to, "239.1.2.3", "eth0"), 0);
  assert_int_equal(dgram_drop_membership(to, "239.1.2.3", NULL), 0);
  assert_int_equal(world_try(from, "239.1.2.3", 1000, 1), 1);
  assert_int_equal(seen_b.messages, 3);
  assert_int_equal(seen_c.messages, 3);
}

/* TTL 0 stays on the host; a group that was left while it was under way is nobody's. */
static void test_ttl_0_and_leaving(void **state) {
  (void)state;
  dgram_link_options slow = {.delay_ns = DGRAM_MILLISECOND};
  three_hosts();
  assert_int_equal(dgram_sim_set_default_link(world.sim, &slow), 0);
  assert_int_equal(dgram_add_membership(to, "239.1.2.3", NULL), 0);
  assert_int_equal(dgram_set_multicast_ttl(from, 0), 0);
  assert_int_equal(world_try(from, "239.1.2.3", 1000, 1), 1);
  assert_int_equal(seen_b.messages, 0);
  assert_int_equal(dgram_set_multicast_ttl(from, 1), 0);
  world_send(from, "239.1.2.3", 1000, 'x', 1);
  assert_int_equal(dgram_flush(a), 0);
  assert_int_equal(dgram_drop_membership(to, "239.1.2.3", NULL), 0);
  world_run();
  assert_int_equal(seen_b.messages, 0);
  assert_int_equal(world_stats().dropped[DGRAM_DROP_NO_HOST], 2);
}

static void test_groups_of_ipv6(void **state) {
  (void)state;
  struct world_seen one, two;
  dgram_stack *d = world_host(NULL, "2001:db8::1/64"), *e = world_host(NULL, "2001:db8::2/64");
  dgram_socket *sender = world_socket(d, DGRAM_UDP6, NULL, 1000, &one);
  dgram_socket *member = world_socket(e, DGRAM_UDP6, NULL, 1000, &two);
  assert_int_equal(dgram_add_membership(member, "ff02::1234", NULL), 0);
  assert_int_equal(dgram_add_membership(member, "ff01::1234", NULL), 0);
  assert_int_equal(world_try(sender, "ff02::1234", 1000, 1), 1);
  assert_int_equal(world_try(sender, "ff02::1234%eth0", 1000, 1), 1);
  assert_int_equal(two.messages, 2);
  assert_int_equal(world_try(sender, "ff01::1234", 1000, 1), 1);
  assert_int_equal(world_try(sender, "ff02::1234%lo", 1000, 1), 1);
  assert_int_equal(two.messages, 2);
}

static void test_a_member_that_goes(void **state) {
  (void)state;
  three_hosts();
  assert_int_equal(dgram_add_membership(to, "239.1.2.3", NULL), 0);
  assert_int_equal(dgram_add_membership(third, "239.1.2.3", NULL), 0);
  assert_int_equal(dgram_close(to, NULL, NULL), 0);
  assert_int_equal(dgram_stack_close(c, NULL, NULL), 0);
  world_run();
  assert_int_equal(world_try(from, "239.1.2.3", 1000, 1), 1);
  assert_int_equal(world_stats().dropped[DGRAM_DROP_NO_HOST], 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WORLD_TEST(test_broadcast),
      WORLD_TEST(test_a_broadcast_of_others),
      WORLD_TEST(test_it_leaves_by_the_address_bound_to),
      WORLD_TEST(test_sockets_that_share_a_port),
      WORLD_TEST(test_members_hear),
      WORLD_TEST(test_ttl_0_and_leaving),
      WORLD_TEST(test_groups_of_ipv6),
      WORLD_TEST(test_a_member_that_goes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
