/* Names of a world, failures on demand, and memory that is out. */

#include <stdio.h>
#include <string.h>

#include "world_kit.h"

static dgram_stack *a, *b;
static dgram_socket *from, *to;
static struct world_seen seen_a, seen_b;

static void two_hosts(void) {
  a = world_host("a", "10.0.0.1/24");
  b = world_host("b", "10.0.0.2/24");
  from = world_socket(a, DGRAM_UDP4, NULL, 1000, &seen_a);
  to = world_socket(b, DGRAM_UDP4, NULL, 1000, &seen_b);
}

/* ---- names ---- */

static char resolved[256];
static uint64_t resolved_ns;

static void on_resolved(dgram_stack *stack, int status, const dgram_address *addresses,
                        void *data) {
  (void)stack;
  (void)data;
  resolved_ns = dgram_sim_now(world.sim);
  if (status < 0) strcpy(resolved, dgram_error_name(status));
  for (int i = 0; i < status; i++) {
    if (i > 0) strcat(resolved, " ");
    strcat(resolved, world_text(&addresses[i]));
  }
}

static const char *resolve(const char *name, int family) {
  resolved[0] = '\0';
  assert_int_equal(dgram_resolve(a, name, family, on_resolved, NULL), 0);
  world_run();
  return resolved;
}

static void test_names_of_hosts(void **state) {
  (void)state;
  two_hosts();
  assert_int_equal(dgram_sim_add_address(b, "eth0", 0, "2001:db8::2/64"), 2);
  assert_int_equal(dgram_sim_add_address(b, "eth0", 0, "fe80::2/64"), 2);
  assert_string_equal(resolve("b", 0), "2001:db8::2 10.0.0.2");
  assert_string_equal(resolve("b", DGRAM_IPV4), "10.0.0.2");
  assert_string_equal(resolve("localhost", 0), "::1 127.0.0.1");
  assert_string_equal(resolve("c", 0), "ENOTFOUND");
  assert_int_equal(world_try(from, "b", 1000, 1), 1);
  assert_int_equal(seen_b.messages, 1);
  assert_int_equal(dgram_stack_close(b, NULL, NULL), 0);
  world_run();
  assert_string_equal(resolve("b", 0), "ENOTFOUND");
}

static void test_names_that_are_set(void **state) {
  dgram_address addresses[33] = {{.family = DGRAM_IPV4, .port = 7, .bytes = {10, 9, 9, 9}}};
  (void)state;
  two_hosts();
  uint64_t before = dgram_sim_now(world.sim);
  assert_int_equal(dgram_sim_set_name(world.sim, "b", addresses, 1, DGRAM_MILLISECOND, 0), 0);
  assert_string_equal(resolve("b", 0), "10.9.9.9");
  assert_int_equal(resolved_ns, before + DGRAM_MILLISECOND);
  assert_string_equal(resolve("b", DGRAM_IPV6), "ENOTFOUND");
  assert_int_equal(dgram_sim_set_name(world.sim, "b", NULL, 0, 5, DGRAM_EAI_AGAIN), 0);
  assert_string_equal(resolve("b", 0), dgram_error_name(DGRAM_EAI_AGAIN));
  assert_int_equal(dgram_sim_set_name(world.sim, "b", NULL, 0, 0, 0), 0);
  assert_string_equal(resolve("b", 0), "10.0.0.2");
  assert_int_equal(dgram_sim_set_name(world.sim, "b", NULL, 0, 0, 0), 0);
  assert_int_equal(dgram_sim_set_name(world.sim, "x", NULL, 1, 0, 0), DGRAM_EARGTYPE);
  assert_int_equal(dgram_sim_set_name(world.sim, NULL, addresses, 1, 0, 0), DGRAM_EARGTYPE);
  assert_int_equal(dgram_sim_set_name(NULL, "x", addresses, 1, 0, 0), DGRAM_EARGTYPE);
  assert_int_equal(dgram_sim_set_name(world.sim, "", addresses, 1, 0, 0), DGRAM_EINVAL);
  assert_int_equal(dgram_sim_set_name(world.sim, "x", addresses, 33, 0, 0), DGRAM_EINVAL);
  assert_int_equal(dgram_sim_set_name(world.sim, "x", addresses, 2, 0, 0), DGRAM_EINVAL);
  assert_int_equal(dgram_sim_set_name(world.sim, "x", addresses, 1, 0, 1), DGRAM_EINVAL);
  assert_string_equal(resolve("x", 0), "ENOTFOUND");
}

/* Nobody waits for it: it takes no time. */
static void test_a_lookup_that_is_cancelled(void **state) {
  dgram_address address = {.family = DGRAM_IPV4, .bytes = {10, 0, 0, 2}};
  (void)state;
  two_hosts();
  dgram_unref(from);
  dgram_unref(to);
  assert_int_equal(dgram_sim_set_name(world.sim, "slow", &address, 1, DGRAM_SECOND, 0), 0);
  world_send(from, "slow", 1000, 'x', 1);
  assert_int_equal(dgram_abort(from), 0);
  assert_int_equal(dgram_sim_run(world.sim), 0);
  assert_int_equal(seen_b.messages, 0);
  assert_int_equal(dgram_sim_run_for(world.sim, 5 * DGRAM_SECOND), 0);
}

/* ---- failures on demand ---- */

static void test_send_fails(void **state) {
  (void)state;
  two_hosts();
  assert_int_equal(dgram_sim_fail(a, DGRAM_SIM_SEND, 2, 2, DGRAM_ENOBUFS), 0);
  assert_int_equal(world_try(from, "10.0.0.2", 1000, 1), 1);
  assert_int_equal(world_try(from, "10.0.0.2", 1000, 1), DGRAM_ENOBUFS);
  assert_int_equal(world_try(from, "10.0.0.2", 1000, 1), DGRAM_ENOBUFS);
  assert_int_equal(world_try(from, "10.0.0.2", 1000, 1), 1);
  assert_int_equal(world_try(to, "10.0.0.1", 1000, 1), 1);
  assert_int_equal(world_stats().sent, 3);
}

static void test_send_has_to_wait(void **state) {
  (void)state;
  two_hosts();
  uint64_t before = dgram_sim_now(world.sim);
  assert_int_equal(dgram_sim_fail(a, DGRAM_SIM_SEND, 3, 4, DGRAM_EAGAIN), 0);
  for (char c = 'a'; c < 'g'; c++)
    world_send(from, "10.0.0.2", 1000, c, 1);
  world_run();
  assert_string_equal(seen_b.text, "abcdef");
  assert_true(seen_b.at_ns > before);
  dgram_datagram list[2] = {{.bytes = "g", .length = 1}, {.bytes = "h", .length = 1}};
  for (int i = 0; i < 2; i++)
    list[i].to = (dgram_address){.family = DGRAM_IPV4, .port = 1000, .bytes = {10, 0, 0, 2}};
  assert_int_equal(dgram_sim_fail(a, DGRAM_SIM_SEND, 2, 1, DGRAM_EAGAIN), 0);
  assert_int_equal(dgram_try_send_many(from, list, 2), 1);
  assert_int_equal(dgram_try_send_many(from, list + 1, 1), 1);
  world_run();
  assert_string_equal(seen_b.text, "abcdefgh");
  assert_int_equal(dgram_sim_fail(a, DGRAM_SIM_SEND, 1, UINT64_MAX, DGRAM_EAGAIN), 0);
  world_send(from, "10.0.0.2", 1000, 'i', 1);
  assert_int_equal(dgram_sim_run_for(world.sim, DGRAM_MILLISECOND), 0);
  assert_int_equal(dgram_abort(from), 0);
  world_run();
  assert_string_equal(seen_b.text, "abcdefgh");
}

static void test_receive_fails(void **state) {
  (void)state;
  two_hosts();
  assert_int_equal(dgram_sim_fail(b, DGRAM_SIM_RECEIVE, 1, 9, DGRAM_ENOMEM), 0);
  assert_int_equal(world_try(from, "10.0.0.2", 1000, 1), 1);
  assert_int_equal(seen_b.messages, 1);
  assert_int_equal(seen_b.errors, 9);
  assert_int_equal(seen_b.code, DGRAM_ENOMEM);
}

static void on_bound(dgram_socket *socket, int status, void *data) {
  (void)socket;
  *(int *)data = status;
}

static void test_other_calls_fail(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *socket;
  int status = 1;
  (void)state;
  two_hosts();
  assert_int_equal(dgram_sim_fail(a, DGRAM_SIM_OPEN, 1, 1, DGRAM_EMFILE), 0);
  assert_int_equal(dgram_create_socket(a, &options, &socket), DGRAM_EMFILE);
  assert_int_equal(dgram_create_socket(a, &options, &socket), 0);
  assert_int_equal(dgram_sim_fail(a, DGRAM_SIM_BIND, 1, 1, DGRAM_EACCES), 0);
  assert_int_equal(dgram_bind(socket, NULL, on_bound, &status), 0);
  world_run();
  assert_int_equal(status, DGRAM_EACCES);
  assert_int_equal(dgram_bind(socket, NULL, on_bound, &status), 0);
  world_run();
  assert_int_equal(status, 0);
  assert_int_equal(dgram_sim_fail(a, DGRAM_SIM_SET_OPTION, 1, 1, DGRAM_EINVAL), 0);
  assert_int_equal(dgram_set_ttl(socket, 5), DGRAM_EINVAL);
  assert_int_equal(dgram_set_ttl(socket, 5), 0);
  assert_int_equal(dgram_sim_fail(a, DGRAM_SIM_MEMBERSHIP, 1, 1, DGRAM_ENOBUFS), 0);
  assert_int_equal(dgram_add_membership(socket, "239.1.2.3", NULL), DGRAM_ENOBUFS);
  assert_int_equal(dgram_add_membership(socket, "239.1.2.3", NULL), 0);
  assert_int_equal(dgram_sim_fail(a, DGRAM_SIM_LOOKUP, 1, 1, DGRAM_ENOMEM), 0);
  assert_int_equal(dgram_resolve(a, "b", 0, on_resolved, NULL), DGRAM_ENOMEM);
  assert_string_equal(resolve("b", 0), "10.0.0.2");
}

static void test_bad_failures(void **state) {
  (void)state;
  two_hosts();
  assert_int_equal(dgram_sim_fail(NULL, DGRAM_SIM_SEND, 1, 1, -1), DGRAM_EARGTYPE);
  assert_int_equal(dgram_sim_fail(a, DGRAM_SIM_CALL_COUNT, 1, 1, -1), DGRAM_EINVAL);
  assert_int_equal(dgram_sim_fail(a, DGRAM_SIM_SEND, 1, 1, 0), DGRAM_EINVAL);
  assert_int_equal(dgram_sim_fail(a, DGRAM_SIM_SEND, 1, UINT64_MAX, DGRAM_EIO), 0);
  assert_int_equal(world_try(from, "10.0.0.2", 1000, 1), DGRAM_EIO);
  assert_int_equal(dgram_sim_fail(a, DGRAM_SIM_SEND, 0, 1, DGRAM_EIO), 0);
  assert_int_equal(world_try(from, "10.0.0.2", 1000, 1), 1);
}

/* ---- memory ---- */

/* Returns the first code, 0 where all went well. */
static int small_world(void) {
  dgram_address address = {.family = DGRAM_IPV4, .bytes = {10, 0, 0, 2}};
  dgram_link_options lossy = {.delay_ns = 1, .jitter_ns = 5};
  int code = dgram_sim_add_host(world.sim, "a", "10.0.0.1/24", &a);
  if (code < 0) return code;
  code = dgram_sim_add_host(world.sim, "b", "10.0.0.2/24", &b);
  if (code == 0) code = dgram_sim_add_address(a, "eth1", 3, "10.3.0.1/24");
  if (code > 0) code = dgram_sim_set_link(a, b, &lossy);
  if (code == 0) code = dgram_sim_set_name(world.sim, "name", &address, 1, 9, 0);
  return code;
}

static void test_each_allocation_fails(void **state) {
  size_t nth = 1;
  (void)state;
  world_destroy();
  for (bool ended = false; !ended; nth++) {
    memset(&world, 0, sizeof world);
    world.fail_once = nth;
    int code = world_create(1);
    if (code < 0) {
      assert_int_equal(code, DGRAM_ENOMEM);
      assert_int_equal(world.blocks, 0);
      continue;
    }
    code = small_world();
    if (code < 0) {
      assert_int_equal(code, DGRAM_ENOMEM);
      world_destroy();
      continue;
    }
    ended = world.asked < nth;
    world_run();
    world_destroy();
  }
  assert_true(nth > 20);
  world.fail_once = 0;
  assert_int_equal(world_create(1), 0);
}

/* Datagrams for which there is no memory count as dropped; nothing else happens. */
static void test_memory_is_out_on_the_way(void **state) {
  dgram_link_options slow = {.delay_ns = DGRAM_SECOND, .jitter_ns = 1};
  (void)state;
  two_hosts();
  assert_int_equal(dgram_sim_set_default_link(world.sim, &slow), 0);
  for (int i = 0; i < 100; i++) {
    int code = 0;
    world.fail_once = world.asked + 1 + (size_t)(i % 3);
    code = dgram_send(from, "x", 1, 1000, "10.0.0.2", NULL, NULL);
    assert_true(code == 0 || code == DGRAM_ENOMEM);
    (void)dgram_flush(a);
    (void)world_stats();
  }
  world.fail_once = 0;
  world_run();
  world_run();
  assert_true(world_stats().dropped[DGRAM_DROP_BUFFER] > 0);
  assert_true(seen_b.messages > 0);
}

/* Nothing is allocated for a datagram once some have gone the same way. */
static void test_a_steady_state_without_memory(void **state) {
  dgram_link_options slow = {.delay_ns = 1000, .jitter_ns = 1000};
  (void)state;
  two_hosts();
  assert_int_equal(dgram_sim_set_default_link(world.sim, &slow), 0);
  for (int round = 0; round < 2; round++) {
    size_t asked = world.asked;
    for (int i = 0; i < 1000; i++) {
      world_send(from, "10.0.0.2", 1000, 'x', 100);
      assert_int_equal(dgram_sim_run_for(world.sim, 100), 0);
    }
    world_run();
    if (round == 1) assert_int_equal(world.asked, asked);
  }
  assert_int_equal(seen_b.messages, 2000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WORLD_TEST(test_names_of_hosts),
      WORLD_TEST(test_names_that_are_set),
      WORLD_TEST(test_a_lookup_that_is_cancelled),
      WORLD_TEST(test_send_fails),
      WORLD_TEST(test_send_has_to_wait),
      WORLD_TEST(test_receive_fails),
      WORLD_TEST(test_other_calls_fail),
      WORLD_TEST(test_bad_failures),
      WORLD_TEST(test_each_allocation_fails),
      WORLD_TEST(test_memory_is_out_on_the_way),
      WORLD_TEST(test_a_steady_state_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
