/* Connected sockets in a world: which way they go, and what comes back. */

#include <string.h>

#include "world_kit.h"

static dgram_stack *a, *b;
static dgram_socket *from;
static struct world_seen seen;

static void two_hosts(const dgram_link_options *there, const dgram_link_options *back) {
  a = world_host("a", "10.0.0.1/24");
  b = world_host("b", "10.0.0.2/24");
  assert_int_equal(dgram_sim_set_way(a, b, there), 0);
  assert_int_equal(dgram_sim_set_way(b, a, back), 0);
  from = world_socket(a, DGRAM_UDP4, NULL, 1000, &seen);
}

static uint64_t told_ns;

static void on_error(dgram_socket *socket, const dgram_error *error, void *data) {
  (void)socket;
  (void)data;
  assert_int_equal(error->code, DGRAM_ECONNREFUSED);
  assert_string_equal(error->syscall, "recvmsg");
  told_ns = dgram_sim_now(world.sim);
}

static int send_to_peer(dgram_socket *socket, size_t length) {
  static const char payload[65536] = "x";
  return dgram_send_to(socket, payload, length, NULL, NULL, NULL);
}

static void test_a_refusal_takes_the_way_there_and_back(void **state) {
  const dgram_link_options there = {.delay_ns = 20 * DGRAM_MILLISECOND};
  const dgram_link_options back = {.delay_ns = 30 * DGRAM_MILLISECOND};
  uint64_t before_ns, after_ns;
  (void)state;
  two_hosts(&there, &back);
  assert_int_equal(dgram_connect_sync(from, 7, "10.0.0.2"), 0);
  assert_int_equal(dgram_on_error(from, on_error, NULL), 0);
  world_run();
  before_ns = dgram_sim_now(world.sim);
  assert_int_equal(send_to_peer(from, 100), 0);
  world_run();
  assert_int_equal(seen.errors, 1);
  after_ns = told_ns - before_ns;
  assert_true(after_ns >= 50 * DGRAM_MILLISECOND);
  assert_true(after_ns < 50 * DGRAM_MILLISECOND + 10000);
  assert_int_equal(world_stats().dropped[DGRAM_DROP_NO_SOCKET], 1);
  assert_int_equal(send_to_peer(from, 100), 0);
  world_run();
  assert_int_equal(seen.errors, 2);
}

static void test_the_way_back_may_lose_it(void **state) {
  const dgram_link_options there = {0};
  const dgram_link_options back = {.down = true};
  (void)state;
  two_hosts(&there, &back);
  assert_int_equal(dgram_connect_sync(from, 7, "10.0.0.2"), 0);
  assert_int_equal(send_to_peer(from, 100), 0);
  world_run();
  assert_int_equal(seen.errors, 0);
  world_stats();
}

/* Back when the socket has another peer, or is gone. */
static void test_who_has_moved_on_hears_nothing(void **state) {
  const dgram_link_options slow = {.delay_ns = 20 * DGRAM_MILLISECOND};
  (void)state;
  two_hosts(&slow, &slow);
  assert_int_equal(dgram_connect_sync(from, 7, "10.0.0.2"), 0);
  assert_int_equal(send_to_peer(from, 100), 0);
  assert_int_equal(dgram_disconnect(from), 0);
  assert_int_equal(dgram_connect_sync(from, 8, "10.0.0.2"), 0);
  world_run();
  assert_int_equal(seen.errors, 0);
  assert_int_equal(send_to_peer(from, 100), 0);
  assert_int_equal(dgram_sim_run_for(world.sim, 10 * DGRAM_MILLISECOND), 0);
  assert_int_equal(dgram_close(from, NULL, NULL), 0);
  world_run();
  assert_int_equal(seen.errors, 0);
}

static void test_a_pause_makes_it_wait(void **state) {
  const dgram_link_options none = {0};
  (void)state;
  two_hosts(&none, &none);
  assert_int_equal(dgram_connect_sync(from, 7, "10.0.0.2"), 0);
  world_run();
  assert_int_equal(dgram_pause(from), 0);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(send_to_peer(from, 100), 0);
    world_run();
  }
  assert_int_equal(seen.errors, 2); /* the next send meets it */
  assert_int_equal(dgram_resume(from), 0);
  world_run();
  assert_int_equal(seen.errors, 3);
}

/* The address that its datagrams come from, as Linux chooses it, and hears at. */
static void test_the_address_is_settled(void **state) {
  const dgram_link_options none = {0};
  struct world_seen other;
  dgram_socket *to;
  dgram_address local;
  (void)state;
  two_hosts(&none, &none);
  to = world_socket(b, DGRAM_UDP4, NULL, 7, &other);
  assert_int_equal(dgram_connect_sync(from, 7, "10.0.0.2"), 0);
  assert_int_equal(dgram_local_address(from, &local), 0);
  assert_string_equal(world_text(&local), "10.0.0.1");
  assert_int_equal(local.port, 1000);
  assert_int_equal(send_to_peer(from, 1), 0);
  world_run();
  assert_string_equal(world_text(&other.from), "10.0.0.1");
  world_send(to, "10.0.0.1", 1000, 'y', 1);
  world_run();
  assert_string_equal(seen.text, "y");
  assert_int_equal(dgram_disconnect(from), 0);
  assert_int_equal(dgram_local_address(from, &local), 0);
  assert_string_equal(world_text(&local), "0.0.0.0");
}

static void test_no_way_and_failures(void **state) {
  const dgram_link_options none = {0};
  dgram_address remote;
  (void)state;
  two_hosts(&none, &none);
  assert_int_equal(dgram_connect_sync(from, 7, "10.0.0.255"), DGRAM_EACCES);
  assert_int_equal(dgram_remote_address(from, &remote), DGRAM_ENOTCONNECTED);
  assert_int_equal(dgram_sim_fail(a, DGRAM_SIM_CONNECT, 1, 1, DGRAM_ENOBUFS), 0);
  assert_int_equal(dgram_connect_sync(from, 7, "10.0.0.2"), DGRAM_ENOBUFS);
  assert_int_equal(dgram_connect_sync(from, 7, "10.0.0.2"), 0);
  assert_int_equal(dgram_sim_fail(a, DGRAM_SIM_CONNECT, 1, 1, DGRAM_ENOBUFS), 0);
  assert_int_equal(dgram_disconnect(from), DGRAM_ENOBUFS);
  assert_int_equal(dgram_remote_address(from, &remote), 0);
  assert_int_equal(dgram_disconnect(from), 0);
  world.fail_once = world.asked + 1;
  assert_int_equal(dgram_connect_sync(from, 7, "10.0.0.2"), DGRAM_ENOMEM);
  world.fail_once = 0;
  assert_int_equal(dgram_connect_sync(from, 7, "10.0.0.2"), 0);
}

/* Of several sockets on one port the one whose peer the sender is. */
static void test_who_hears_it(void **state) {
  const dgram_link_options none = {0};
  const dgram_socket_options shared = {.type = DGRAM_UDP4, .reuse_addr = true};
  const dgram_bind_options where = {.port = 7};
  dgram_socket *connected, *any;
  dgram_stats stats;
  (void)state;
  two_hosts(&none, &none);
  assert_int_equal(dgram_create_socket(b, &shared, &connected), 0);
  assert_int_equal(dgram_bind_sync(connected, &where), 0);
  assert_int_equal(dgram_create_socket(b, &shared, &any), 0);
  assert_int_equal(dgram_bind_sync(any, &where), 0);
  assert_int_equal(dgram_connect_sync(connected, 1000, "10.0.0.1"), 0);
  world_run();
  world_send(from, "10.0.0.2", 7, 'x', 1);
  world_run();
  assert_int_equal(dgram_get_stats(connected, &stats), 0);
  assert_int_equal(stats.received, 1);
  assert_int_equal(dgram_get_stats(any, &stats), 0);
  assert_int_equal(stats.received, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WORLD_TEST(test_a_refusal_takes_the_way_there_and_back),
      WORLD_TEST(test_the_way_back_may_lose_it),
      WORLD_TEST(test_who_has_moved_on_hears_nothing),
      WORLD_TEST(test_a_pause_makes_it_wait),
      WORLD_TEST(test_the_address_is_settled),
      WORLD_TEST(test_no_way_and_failures),
      WORLD_TEST(test_who_hears_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
