/* What a socket asks of the network layer, in a simulated world. */

#include <string.h>

#include "world_kit.h"

/* ---- TOS ---- */

static struct {
  unsigned char headers[8][4]; /* the first bytes of each packet's header of IP */
  size_t count;
} traced;

static int on_trace(const void *bytes, size_t length, void *data) {
  const unsigned char *block = bytes;
  (void)data;
  if (block[0] != 6) return 0; /* no packet */
  assert_true(length > 32 && traced.count < 8);
  memcpy(traced.headers[traced.count++], block + 28, 4);
  return 0;
}

static void test_tos_is_in_the_trace(void **state) {
  dgram_stack *a = world_host("a", "10.0.0.1/24");
  (void)state;
  world_host("b", "10.0.0.2/24");
  assert_int_equal(dgram_sim_add_address(a, "eth0", 0, "fd00::1/64"), 2);
  dgram_socket *four = world_socket(a, DGRAM_UDP4, NULL, 0, NULL);
  dgram_socket *six = world_socket(a, DGRAM_UDP6, NULL, 0, NULL);
  traced.count = 0;
  assert_int_equal(dgram_sim_trace(world.sim, on_trace, NULL), 0);
  world_send(four, "10.0.0.2", 9, 'x', 1);
  world_run();
  assert_int_equal(dgram_set_tos(four, 0xb9), 0);
  assert_int_equal(dgram_set_tos(six, 0xb9), 0);
  world_send(four, "10.0.0.2", 9, 'x', 1);
  world_send(six, "fd00::2", 9, 'x', 1);
  world_send(six, "::ffff:10.0.0.2", 9, 'x', 1);
  world_run();
  assert_int_equal(traced.count, 4);
  assert_memory_equal(traced.headers[0], "\x45\x00", 2);
  assert_memory_equal(traced.headers[1], "\x45\xb9", 2);
  assert_memory_equal(traced.headers[2], "\x6b\x90\x00\x00", 4);
  assert_memory_equal(traced.headers[3], "\x45\xb9", 2);
  assert_int_equal(dgram_sim_trace(world.sim, NULL, NULL), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WORLD_TEST(test_tos_is_in_the_trace),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
