/* Hosts of a world, their addresses, and what bad input gets. */

#include <string.h>

#include "world_kit.h"

static dgram_stack *a, *b;

static void two_hosts(void) {
  a = world_host("a", "10.0.0.1/24");
  b = world_host("b", "10.0.0.2/24");
}

static void test_one_sends_to_another(void **state) {
  (void)state;
  struct world_seen seen;
  two_hosts();
  dgram_socket *from = world_socket(a, DGRAM_UDP4, NULL, 1000, NULL);
  (void)world_socket(b, DGRAM_UDP4, NULL, 2000, &seen);
  assert_int_equal(world_try(from, "10.0.0.2", 2000, 10), 10);
  assert_int_equal(seen.messages, 1);
  assert_int_equal(seen.bytes, 10);
  assert_string_equal(world_text(&seen.from), "10.0.0.1");
  assert_int_equal(seen.from.port, 1000);
  assert_int_equal(world_stats().delivered, 1);
}

static void test_ipv6(void **state) {
  (void)state;
  struct world_seen seen;
  dgram_stack *one = world_host(NULL, "2001:db8::1/64");
  dgram_stack *two = world_host(NULL, "2001:db8::2/64");
  dgram_socket *from = world_socket(one, DGRAM_UDP6, NULL, 1000, NULL);
  (void)world_socket(two, DGRAM_UDP6, NULL, 2000, &seen);
  assert_int_equal(world_try(from, "2001:db8::2", 2000, 1), 1);
  assert_string_equal(world_text(&seen.from), "2001:db8::1");
  assert_int_equal(world_try(from, "::ffff:10.0.0.1", 2000, 1), DGRAM_ENETUNREACH);
}

/* Nobody has it, but there is a way out. */
static void test_an_address_that_nobody_has(void **state) {
  (void)state;
  dgram_stack *alone = world_host(NULL, NULL);
  two_hosts();
  dgram_socket *from = world_socket(a, DGRAM_UDP4, NULL, 0, NULL);
  dgram_socket *inside = world_socket(alone, DGRAM_UDP4, NULL, 0, NULL);
  assert_int_equal(world_try(from, "10.0.0.9", 9, 1), 1);
  assert_int_equal(world_try(from, "10.0.0.2", 9, 1), 1);
  assert_int_equal(world_try(inside, "10.0.0.2", 9, 1), DGRAM_ENETUNREACH);
  dgram_sim_stats stats = world_stats();
  assert_int_equal(stats.sent, 2);
  assert_int_equal(stats.dropped[DGRAM_DROP_NO_HOST], 1);
  assert_int_equal(stats.dropped[DGRAM_DROP_NO_SOCKET], 1);
}

static void test_ones_own_address(void **state) {
  (void)state;
  struct world_seen seen;
  two_hosts();
  dgram_socket *socket = world_socket(a, DGRAM_UDP4, NULL, 1000, &seen);
  world_send(socket, "10.0.0.1", 1000, 'x', 1);
  assert_int_equal(dgram_flush(a), 0);
  assert_int_equal(world_stats().delivered, 1);
  world_run();
  assert_string_equal(world_text(&seen.from), "10.0.0.1");
}

/* A socket of "lo" alone does not leave the host. */
static void test_bound_to_an_address(void **state) {
  (void)state;
  struct world_seen seen;
  two_hosts();
  dgram_socket *inside = world_socket(a, DGRAM_UDP4, "127.0.0.1", 1000, NULL);
  dgram_socket *own = world_socket(a, DGRAM_UDP4, "10.0.0.1", 1000, NULL);
  (void)world_socket(b, DGRAM_UDP4, "10.0.0.2", 2000, &seen);
  assert_int_equal(world_try(inside, "10.0.0.2", 2000, 1), DGRAM_EINVAL);
  assert_int_equal(world_try(own, "10.0.0.2", 2000, 1), 1);
  assert_int_equal(seen.messages, 1);
}

static void test_two_interfaces(void **state) {
  (void)state;
  struct world_seen left, right;
  dgram_stack *router = world_host("router", "10.0.0.1/24");
  dgram_stack *one = world_host("one", "10.0.0.2/24");
  dgram_stack *two = world_host("two", NULL);
  assert_int_equal(dgram_sim_add_address(router, "eth1", 7, "10.1.0.1/24"), 3);
  assert_int_equal(dgram_sim_add_address(two, "eth0", 7, "10.1.0.2/24"), 2);
  dgram_socket *middle = world_socket(router, DGRAM_UDP4, NULL, 1000, NULL);
  dgram_socket *from = world_socket(one, DGRAM_UDP4, NULL, 2000, &left);
  (void)world_socket(two, DGRAM_UDP4, NULL, 2000, &right);
  assert_int_equal(world_try(middle, "10.0.0.2", 2000, 1), 1);
  assert_int_equal(world_try(middle, "10.1.0.2", 2000, 1), 1);
  assert_string_equal(world_text(&left.from), "10.0.0.1");
  assert_string_equal(world_text(&right.from), "10.1.0.1");
  assert_int_equal(world_try(from, "10.1.0.2", 2000, 1), 1);
  assert_int_equal(right.messages, 1);
  assert_int_equal(dgram_interface_index(router, "eth1"), 3);
  char name[16];
  assert_int_equal(dgram_interface_name(router, 3, name, sizeof name), 4);
  assert_string_equal(name, "eth1");
  assert_int_equal(dgram_interface_index(one, "eth1"), DGRAM_ENODEV);
}

static void test_an_address_taken_away(void **state) {
  (void)state;
  struct world_seen seen;
  two_hosts();
  dgram_socket *from = world_socket(a, DGRAM_UDP4, NULL, 1000, NULL);
  dgram_socket *to = world_socket(b, DGRAM_UDP4, "10.0.0.2", 2000, &seen);
  dgram_link_options slow = {.delay_ns = DGRAM_MILLISECOND};
  assert_int_equal(dgram_sim_set_link(a, b, &slow), 0);
  world_send(from, "10.0.0.2", 2000, 'x', 1);
  assert_int_equal(dgram_flush(a), 0);
  assert_int_equal(dgram_sim_remove_address(b, "10.0.0.2/24"), 0);
  assert_int_equal(dgram_sim_remove_address(b, "10.0.0.2"), DGRAM_EADDRNOTAVAIL);
  world_run();
  assert_int_equal(world_try(from, "10.0.0.2", 2000, 1), 1);
  assert_int_equal(seen.messages, 0);
  assert_int_equal(world_stats().dropped[DGRAM_DROP_NO_HOST], 2);
  assert_int_equal(world_try(to, "10.0.0.1", 1000, 1), DGRAM_ENETUNREACH);
  assert_int_equal(dgram_sim_add_address(b, "eth0", 0, "10.0.0.2"), 2);
  assert_int_equal(world_try(from, "10.0.0.2", 2000, 1), 1);
  assert_int_equal(seen.messages, 1);
}

static void test_link_local(void **state) {
  (void)state;
  struct world_seen seen;
  dgram_stack *one = world_host(NULL, "fe80::1/64");
  dgram_stack *two = world_host(NULL, "fe80::2/64");
  dgram_socket *from = world_socket(one, DGRAM_UDP6, "fe80::1%eth0", 1000, NULL);
  (void)world_socket(two, DGRAM_UDP6, NULL, 2000, &seen);
  assert_int_equal(world_try(from, "fe80::2%eth0", 2000, 1), 1);
  assert_string_equal(world_text(&seen.from), "fe80::1%2");
}

/* ---- bad input ---- */

static void test_bad_hosts(void **state) {
  static const char *const texts[] = {"",
                                      "10.0.0",
                                      "10.0.0.1/33",
                                      "10.0.0.1/",
                                      "10.0.0.1/2x",
                                      "10.0.0.1/-1",
                                      "127.0.0.1/8",
                                      "::1",
                                      "239.1.2.3",
                                      "ff02::1",
                                      "0.0.0.0",
                                      "::",
                                      "255.255.255.255",
                                      "10.0.0.255/24",
                                      "::ffff:10.0.0.1",
                                      "fe80::1%2/64",
                                      "2001:db8::1/129",
                                      "name"};
  dgram_stack *host = NULL;
  (void)state;
  two_hosts();
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    assert_int_equal(dgram_sim_add_host(world.sim, NULL, texts[i], &host), DGRAM_EINVAL);
  assert_int_equal(dgram_sim_add_host(NULL, NULL, NULL, &host), DGRAM_EARGTYPE);
  assert_int_equal(dgram_sim_add_host(world.sim, NULL, NULL, NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_sim_add_host(world.sim, "c", "10.0.0.1", &host), DGRAM_EADDRINUSE);
  assert_int_equal(dgram_sim_add_host(world.sim, "a", "10.0.0.3", &host), DGRAM_EEXIST);
  assert_int_equal(dgram_sim_add_host(world.sim, "localhost", "10.0.0.3", &host), DGRAM_EEXIST);
  assert_int_equal(dgram_sim_add_host(world.sim, "", "10.0.0.3", &host), DGRAM_EINVAL);
  assert_null(host);
  assert_non_null(world_host("c", "10.0.0.3"));
}

static void test_bad_addresses(void **state) {
  (void)state;
  two_hosts();
  assert_int_equal(dgram_sim_add_address(NULL, "eth0", 0, "10.0.0.3"), DGRAM_EARGTYPE);
  assert_int_equal(dgram_sim_add_address(a, NULL, 0, "10.0.0.3"), DGRAM_EARGTYPE);
  assert_int_equal(dgram_sim_add_address(a, "eth0", 0, NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_sim_add_address(a, "lo", 0, "10.0.0.3"), DGRAM_EINVAL);
  assert_int_equal(dgram_sim_add_address(a, "", 0, "10.0.0.3"), DGRAM_EINVAL);
  assert_int_equal(dgram_sim_add_address(a, "sixteen-letters!", 0, "10.0.0.3"), DGRAM_EINVAL);
  assert_int_equal(dgram_sim_add_address(a, "eth0", 1, "10.0.0.3"), DGRAM_EINVAL);
  assert_int_equal(dgram_sim_add_address(a, "eth1", 0, "10.0.0.2"), DGRAM_EADDRINUSE);
  assert_int_equal(dgram_sim_add_address(a, "eth1", 1, "10.0.0.1"), DGRAM_EADDRINUSE);
  assert_int_equal(dgram_sim_add_address(a, "eth1", 1, "10.0.0.2"), 3);
  assert_int_equal(dgram_sim_remove_address(a, "10.0.0.9"), DGRAM_EADDRNOTAVAIL);
  assert_int_equal(dgram_sim_remove_address(a, "127.0.0.1"), DGRAM_EADDRNOTAVAIL);
  assert_int_equal(dgram_sim_remove_address(a, "nothing"), DGRAM_EINVAL);
}

static void test_whose_a_stack_is(void **state) {
  (void)state;
  dgram_stack *other;
  two_hosts();
  assert_ptr_equal(dgram_sim_of(a), world.sim);
  assert_null(dgram_sim_of(NULL));
  assert_int_equal(dgram_sim_stack_create(NULL, &other), 0);
  assert_non_null(dgram_sim_of(other));
  assert_int_equal(dgram_sim_set_link(a, other, NULL), DGRAM_EINVAL);
  assert_int_equal(dgram_sim_set_link(a, a, NULL), DGRAM_EINVAL);
  assert_int_equal(dgram_sim_set_link(a, NULL, NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_sim_destroy(dgram_sim_of(other)), 0);
}

/* What the links of two hosts do comes from the seed and their numbers. */
static size_t lucky_ones(bool with_a_failure) {
  const dgram_link_options half = {.loss_ppm = DGRAM_PPM / 2};
  struct world_seen seen;
  dgram_stack *none = NULL;
  a = world_host(NULL, "10.0.0.1/24");
  if (with_a_failure)
    assert_int_equal(dgram_sim_add_host(world.sim, NULL, "10.0.0.1/24", &none), DGRAM_EADDRINUSE);
  b = world_host(NULL, "10.0.0.2/24");
  assert_int_equal(dgram_sim_set_default_link(world.sim, &half), 0);
  dgram_socket *from = world_socket(a, DGRAM_UDP4, NULL, 1000, NULL);
  (void)world_socket(b, DGRAM_UDP4, NULL, 1000, &seen);
  for (char byte = 'a'; byte < 'a' + 20; byte++)
    world_send(from, "10.0.0.2", 1000, byte, 1);
  world_run();
  size_t hash = 0;
  for (size_t i = 0; i < seen.messages; i++)
    hash = hash * 31 + (unsigned char)seen.text[i];
  return hash;
}

static void test_a_host_that_fails_changes_no_fates(void **state) {
  (void)state;
  world_destroy();
  assert_int_equal(world_create(1), 0);
  size_t first = lucky_ones(false);
  world_destroy();
  assert_int_equal(world_create(1), 0);
  assert_true(first == lucky_ones(true));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WORLD_TEST(test_one_sends_to_another),
      WORLD_TEST(test_ipv6),
      WORLD_TEST(test_an_address_that_nobody_has),
      WORLD_TEST(test_ones_own_address),
      WORLD_TEST(test_bound_to_an_address),
      WORLD_TEST(test_two_interfaces),
      WORLD_TEST(test_an_address_taken_away),
      WORLD_TEST(test_link_local),
      WORLD_TEST(test_bad_hosts),
      WORLD_TEST(test_bad_addresses),
      WORLD_TEST(test_whose_a_stack_is),
      WORLD_TEST(test_a_host_that_fails_changes_no_fates),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
