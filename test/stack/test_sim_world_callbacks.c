/* Calls that change a world, inside its callbacks. */

#include "world_kit.h"

static dgram_stack *a;
static int code;

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

int main(void) {
  const struct CMUnitTest tests[] = {
      WORLD_TEST(test_an_address_for_a_host_that_has_gone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
