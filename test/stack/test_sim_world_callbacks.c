/* Calls that change a world, inside its callbacks. */

#include <string.h>

#include "world_kit.h"

enum { MEMBERS = 4 };

static dgram_stack *a;
static int code;

/* ---- a host that goes ---- */

static void on_closed(dgram_stack *stack, void *data) {
  (void)data;
  code = dgram_sim_add_address(stack, "eth0", 0, "10.0.0.9/24");
}

static void test_an_address_for_a_host_that_has_gone(void **state) {
  (void)state;
  a = world_host("a", "10.0.0.1/24");
  assert_int_equal(dgram_stack_close(a, on_closed, NULL), 0);
  world_run();
  assert_int_equal(code, DGRAM_ENOTRUNNING);
  assert_non_null(world_host("b", "10.0.0.9/24"));
}

/* ---- the trace ---- */

static dgram_socket *members[MEMBERS];
static struct world_seen seen[MEMBERS];
static bool leaving;

static int on_write(const void *bytes, size_t length, void *data) {
  (void)bytes;
  (void)length;
  (void)data;
  for (int i = 0; leaving && i < MEMBERS; i++)
    assert_int_equal(dgram_drop_membership(members[i], "239.1.1.1", NULL), 0);
  leaving = false;
  return 0;
}

/* The others leave while the datagram goes to the first: it reaches nobody, nor what is no more. */
static void test_members_leave_while_it_is_sent(void **state) {
  (void)state;
  static const char *const addresses[] = {"10.0.0.2/24", "10.0.0.3/24", "10.0.0.4/24",
                                          "10.0.0.5/24"};
  a = world_host("a", "10.0.0.1/24");
  dgram_socket *sender = world_socket(a, DGRAM_UDP4, NULL, 1000, NULL);
  for (int i = 0; i < MEMBERS; i++) {
    members[i] = world_socket(world_host(NULL, addresses[i]), DGRAM_UDP4, NULL, 2000, &seen[i]);
    assert_int_equal(dgram_add_membership(members[i], "239.1.1.1", NULL), 0);
  }
  assert_int_equal(dgram_sim_trace(world.sim, on_write, NULL), 0);
  leaving = true;
  world_send(sender, "239.1.1.1", 2000, 'x', 1);
  world_run();
  assert_false(leaving);
  assert_int_equal(world_stats().sent, 1);
  for (int i = 0; i < MEMBERS; i++)
    assert_int_equal(seen[i].messages, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WORLD_TEST(test_an_address_for_a_host_that_has_gone),
      WORLD_TEST(test_members_leave_while_it_is_sent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
