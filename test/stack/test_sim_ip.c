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

/* ---- devices ---- */

static dgram_stack *a, *b;

/* Two networks between a and b. */
static void two_networks(void) {
  a = world_host("a", "10.0.0.1/24");
  b = world_host("b", "10.0.0.2/24");
  assert_int_equal(dgram_sim_add_address(a, "eth1", 1, "10.1.0.1/24"), 3);
  assert_int_equal(dgram_sim_add_address(b, "eth1", 1, "10.1.0.2/24"), 3);
}

static void on_bound(dgram_socket *socket, int status, void *data) {
  (void)socket;
  *(int *)data = status;
}

/* What the bind comes to. */
static int bind_on(dgram_socket *socket, const char *device, const char *address, int port) {
  dgram_bind_options options = {.device = device, .address = address, .port = port};
  int status = 1;
  assert_int_equal(dgram_bind(socket, &options, on_bound, &status), 0);
  world_run();
  return status;
}

static dgram_socket *shared_socket(dgram_stack *host, bool reuse_addr, struct world_seen *seen) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .reuse_addr = reuse_addr};
  dgram_socket *socket;
  assert_int_equal(dgram_create_socket(host, &options, &socket), 0);
  world_listen(socket, seen);
  return socket;
}

static dgram_socket *socket_on(dgram_stack *host, const char *device, int port,
                               struct world_seen *seen) {
  dgram_socket *socket = shared_socket(host, false, seen);
  assert_int_equal(bind_on(socket, device, NULL, port), 0);
  return socket;
}

static void test_a_device_hears_its_own(void **state) {
  struct world_seen one, other, none;
  (void)state;
  two_networks();
  dgram_socket *from = world_socket(a, DGRAM_UDP4, NULL, 0, NULL);
  dgram_socket *self = world_socket(b, DGRAM_UDP4, NULL, 0, NULL);
  dgram_socket *late = shared_socket(b, false, &none);
  socket_on(b, "eth0", 7000, &one);
  socket_on(b, "eth1", 7000, &other);
  assert_int_equal(bind_on(late, NULL, NULL, 7000), DGRAM_EADDRINUSE);
  assert_int_equal(bind_on(late, "eth0", "10.0.0.2", 7000), DGRAM_EADDRINUSE);
  world_send(from, "10.0.0.2", 7000, '1', 1);
  world_send(from, "10.1.0.2", 7000, '2', 1);
  world_send(from, "10.0.0.2", 7000, '3', 1);
  world_run();
  world_send(self, "127.0.0.1", 7000, 'x', 1);
  world_send(self, "10.0.0.2", 7000, '4', 1);
  world_send(self, "10.1.0.2", 7000, '5', 1);
  world_run();
  assert_string_equal(one.text, "134");
  assert_string_equal(other.text, "25");
}

static void test_a_device_sends_by_its_own(void **state) {
  struct world_seen seen, here;
  (void)state;
  two_networks();
  dgram_socket *from = socket_on(a, "eth1", 1000, &here);
  world_socket(b, DGRAM_UDP4, NULL, 7000, &seen);
  assert_int_equal(dgram_set_broadcast(from, true), 0);
  world_send(from, "10.1.0.2", 7000, '1', 1);
  world_send(from, "10.0.0.2", 7000, 'x', 1);        /* nobody has it there */
  world_send(from, "255.255.255.255", 7000, '2', 1); /* would leave by eth0 */
  world_send(from, "10.0.0.255", 7000, 'x', 1);
  world_run();
  assert_string_equal(seen.text, "12");
  assert_string_equal(world_text(&seen.from), "10.1.0.1");
  assert_string_equal(here.text, "");
  assert_int_equal(here.errors, 0);
}

static void test_a_device_and_its_own_host(void **state) {
  struct world_seen here, all;
  (void)state;
  two_networks();
  dgram_socket *from = socket_on(a, "eth1", 1000, &here);
  world_socket(a, DGRAM_UDP4, NULL, 1001, &all);
  world_send(from, "10.1.0.1", 1000, '0', 1);
  world_send(from, "10.1.0.1", 1001, '1', 1);
  world_send(from, "10.0.0.1", 1001, 'x', 1); /* not on this interface */
  world_send(from, "127.0.0.1", 1001, 'x', 1);
  world_run();
  assert_string_equal(here.text, "0");
  assert_int_equal(here.errors, 0);
  assert_string_equal(all.text, "1");
}

static void test_a_device_comes_before_all(void **state) {
  struct world_seen device, all, address;
  (void)state;
  two_networks();
  dgram_socket *from = world_socket(a, DGRAM_UDP4, NULL, 0, NULL);
  assert_int_equal(bind_on(shared_socket(b, true, &device), "eth0", NULL, 7000), 0);
  assert_int_equal(bind_on(shared_socket(b, true, &all), NULL, NULL, 7000), 0);
  world_send(from, "10.0.0.2", 7000, '1', 1);
  world_send(from, "10.1.0.2", 7000, '2', 1);
  world_run();
  assert_int_equal(bind_on(shared_socket(b, true, &address), NULL, "10.0.0.2", 7000), 0);
  world_send(from, "10.0.0.2", 7000, '3', 1);
  world_run();
  assert_string_equal(device.text, "1");
  assert_string_equal(all.text, "2");
  assert_string_equal(address.text, "3");
}

static void test_devices_by_name(void **state) {
  struct world_seen seen;
  (void)state;
  two_networks();
  dgram_socket *socket = shared_socket(a, false, &seen);
  assert_int_equal(bind_on(socket, "eth2", NULL, 7000), DGRAM_ENODEV);
  assert_int_equal(bind_on(socket, "lo", NULL, 7000), 0);
  world_send(socket, "127.0.0.1", 7000, '1', 1);
  world_send(socket, "10.0.0.1", 7000, '2', 1);
  world_send(socket, "10.0.0.2", 7000, '3', 1); /* it comes back, on Linux too */
  world_run();
  assert_string_equal(seen.text, "123");
  assert_string_equal(world_text(&seen.from), "127.0.0.1");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WORLD_TEST(test_tos_is_in_the_trace),       WORLD_TEST(test_a_device_hears_its_own),
      WORLD_TEST(test_a_device_sends_by_its_own), WORLD_TEST(test_a_device_comes_before_all),
      WORLD_TEST(test_a_device_and_its_own_host), WORLD_TEST(test_devices_by_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
