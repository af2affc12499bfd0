/* What a socket asks of the network layer, in a simulated world. */

#include <string.h>

#include "world_kit.h"

/* ---- TOS ---- */

static struct {
  unsigned char headers[8][8]; /* the first bytes of each packet's header of IP */
  size_t count;
} traced;

static int on_trace(const void *bytes, size_t length, void *data) {
  const unsigned char *block = bytes;
  (void)data;
  if (block[0] != 6) return 0; /* no packet */
  assert_true(length > 32 && traced.count < 8);
  memcpy(traced.headers[traced.count++], block + 28, 8);
  return 0;
}

static void test_the_trace_has_it(void **state) {
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
  assert_int_equal(dgram_set_dont_fragment(four, true), 0);
  world_send(four, "10.0.0.2", 9, 'x', 1);
  world_run();
  assert_int_equal(traced.count, 5);
  assert_memory_equal(traced.headers[0], "\x45\x00", 2);
  assert_memory_equal(traced.headers[1], "\x45\xb9", 2);
  assert_memory_equal(traced.headers[2], "\x6b\x90\x00\x00", 4);
  assert_memory_equal(traced.headers[3], "\x45\xb9\x00\x1d\x00\x00\x00\x00", 8);
  assert_memory_equal(traced.headers[4], "\x45\xb9\x00\x1d\x00\x00\x40\x00", 8);
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

/* ---- MTU ---- */

static dgram_socket *from, *to;
static struct world_seen seen_a, seen_b;

static const dgram_link_options narrow = {
    .delay_ns = 20 * DGRAM_MILLISECOND, .mtu = 1300, .fragments = true};

static void two_hosts(void) {
  a = world_host("a", "10.0.0.1/24");
  b = world_host("b", "10.0.0.2/24");
  from = world_socket(a, DGRAM_UDP4, NULL, 1000, &seen_a);
  to = world_socket(b, DGRAM_UDP4, NULL, 1000, &seen_b);
  assert_int_equal(dgram_set_dont_fragment(from, true), 0);
}

static void two_hosts_by(const dgram_link_options *options) {
  two_hosts();
  assert_int_equal(dgram_sim_set_link(a, b, options), 0);
}

static int path_mtu_to(dgram_socket *socket, const char *text) {
  dgram_address address;
  assert_int_equal(dgram_address_parse(text, 0, &address), 0);
  return dgram_get_path_mtu(socket, &address);
}

static int path_mtu(void) {
  return path_mtu_to(from, "10.0.0.2");
}

static int try_send(size_t length) {
  return world_try(from, "10.0.0.2", 1000, length);
}

/* The first one is lost; once it has been answered the next fails. */
static void test_the_way_says_its_mtu(void **state) {
  (void)state;
  two_hosts_by(&narrow);
  assert_int_equal(path_mtu(), 65536);
  world_send(from, "10.0.0.2", 1000, 'x', 1273);
  assert_int_equal(dgram_sim_run_for(world.sim, 20 * DGRAM_MILLISECOND), 0);
  world_send(from, "10.0.0.2", 1000, 'x', 1273); /* not known yet */
  assert_int_equal(dgram_sim_run_for(world.sim, 20 * DGRAM_MILLISECOND - 1), 0);
  assert_int_equal(path_mtu(), 65536);
  assert_int_equal(dgram_sim_run_for(world.sim, 1), 0);
  assert_int_equal(path_mtu(), 1300);
  assert_int_equal(world_stats().dropped[DGRAM_DROP_MTU], 2);
  assert_int_equal(try_send(1273), DGRAM_EMSGSIZE);
  assert_int_equal(try_send(1272), 1272);
  assert_int_equal(seen_b.messages, 1);
  assert_int_equal(seen_a.errors, 0);
  assert_int_equal(path_mtu_to(to, "10.0.0.1"), 65536); /* the other direction */
}

static void test_fragments_again(void **state) {
  (void)state;
  two_hosts_by(&narrow);
  assert_int_equal(try_send(1273), 1273);
  assert_int_equal(try_send(1273), DGRAM_EMSGSIZE);
  assert_int_equal(dgram_set_dont_fragment(from, false), 0);
  assert_int_equal(try_send(1273), 1273);
  assert_int_equal(seen_b.messages, 1);
}

static void test_what_was_told_is_forgotten(void **state) {
  (void)state;
  two_hosts_by(&narrow);
  assert_int_equal(try_send(1273), 1273);
  assert_int_equal(dgram_sim_run_for(world.sim, 599 * DGRAM_SECOND), 0);
  assert_int_equal(path_mtu(), 1300);
  assert_int_equal(dgram_sim_run_for(world.sim, DGRAM_SECOND), 0);
  assert_int_equal(path_mtu(), 65536);
  assert_int_equal(try_send(1273), 1273);
  assert_int_equal(path_mtu(), 1300);
}

/* A wider link is found out when the narrower one is forgotten. */
static void test_the_way_changes(void **state) {
  dgram_link_options narrower = narrow, wider = narrow;
  (void)state;
  narrower.mtu = 600;
  wider.mtu = 9000;
  two_hosts_by(&narrow);
  assert_int_equal(try_send(1273), 1273);
  assert_int_equal(dgram_sim_set_link(a, b, &narrower), 0);
  assert_int_equal(try_send(1272), 1272);
  assert_int_equal(path_mtu(), 600);
  assert_int_equal(dgram_sim_set_link(a, b, &wider), 0);
  assert_int_equal(try_send(1272), DGRAM_EMSGSIZE);
  assert_int_equal(seen_b.messages, 0);
  assert_int_equal(dgram_sim_run_for(world.sim, 600 * DGRAM_SECOND), 0);
  assert_int_equal(try_send(1273), 1273);
  assert_int_equal(seen_b.messages, 1);
}

/* Nobody learns by what is lost, nor by an answer that is. */
static void test_no_answer_teaches_nothing(void **state) {
  dgram_link_options lossy = narrow;
  (void)state;
  lossy.loss_ppm = DGRAM_PPM;
  two_hosts_by(&narrow);
  assert_int_equal(dgram_sim_set_way(a, b, &lossy), 0);
  assert_int_equal(try_send(1273), 1273);
  assert_int_equal(world_stats().dropped[DGRAM_DROP_LOSS], 1);
  assert_int_equal(path_mtu(), 65536);
  assert_int_equal(dgram_sim_set_way(a, b, &narrow), 0);
  assert_int_equal(dgram_sim_set_way(b, a, &lossy), 0);
  assert_int_equal(try_send(1273), 1273);
  assert_int_equal(world_stats().dropped[DGRAM_DROP_MTU], 1);
  assert_int_equal(path_mtu(), 65536);
  assert_int_equal(dgram_sim_set_way(b, a, &narrow), 0);
  assert_int_equal(try_send(1273), 1273);
  assert_int_equal(path_mtu(), 1300);
}

/* A pair that shares the default link has no entry before it is told something. */
static void test_the_default_link_says_it_too(void **state) {
  dgram_link_options shaky = narrow;
  (void)state;
  two_hosts();
  assert_int_equal(dgram_sim_set_default_link(world.sim, &narrow), 0);
  assert_int_equal(try_send(1273), 1273);
  assert_int_equal(path_mtu(), 1300);
  assert_int_equal(try_send(1272), 1272);
  assert_int_equal(seen_b.messages, 1);
  shaky.jitter_ns = 1;
  assert_int_equal(dgram_sim_set_default_link(world.sim, &shaky), 0);
  assert_int_equal(path_mtu(), 1300);
  assert_int_equal(try_send(1272), 1272);
  assert_int_equal(seen_b.messages, 2);
}

/* Then there is no answer, and the next one is as good. */
static void test_without_memory_nothing_is_told(void **state) {
  (void)state;
  two_hosts();
  assert_int_equal(dgram_sim_set_default_link(world.sim, &narrow), 0);
  assert_int_equal(try_send(1), 1); /* what sending needs is there now */
  world.fail_once = world.asked + 1;
  assert_int_equal(try_send(1273), 1273);
  assert_true(world.asked >= world.fail_once);
  assert_int_equal(path_mtu(), 65536);
  assert_int_equal(try_send(1273), 1273);
  assert_int_equal(path_mtu(), 1300);
}

static void test_an_mtu_that_the_host_knows(void **state) {
  const dgram_link_options own = {.mtu = 1500};
  (void)state;
  two_hosts_by(&own);
  assert_int_equal(path_mtu(), 1500);
  assert_int_equal(try_send(1473), DGRAM_EMSGSIZE);
  assert_int_equal(try_send(1472), 1472);
  assert_int_equal(path_mtu_to(from, "10.0.0.1"), 65536);
  assert_int_equal(path_mtu_to(from, "10.0.0.9"), 65536);
  assert_int_equal(path_mtu_to(from, "239.1.2.3"), 65536);
  dgram_socket *six = world_socket(a, DGRAM_UDP6, NULL, 0, NULL);
  assert_int_equal(path_mtu_to(six, "fd00::1"), DGRAM_ENETUNREACH);
  assert_int_equal(path_mtu_to(six, "::ffff:10.0.0.2"), 1500);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WORLD_TEST(test_the_trace_has_it),
      WORLD_TEST(test_a_device_hears_its_own),
      WORLD_TEST(test_a_device_sends_by_its_own),
      WORLD_TEST(test_a_device_and_its_own_host),
      WORLD_TEST(test_a_device_comes_before_all),
      WORLD_TEST(test_devices_by_name),
      WORLD_TEST(test_the_way_says_its_mtu),
      WORLD_TEST(test_fragments_again),
      WORLD_TEST(test_what_was_told_is_forgotten),
      WORLD_TEST(test_the_way_changes),
      WORLD_TEST(test_no_answer_teaches_nothing),
      WORLD_TEST(test_the_default_link_says_it_too),
      WORLD_TEST(test_without_memory_nothing_is_told),
      WORLD_TEST(test_an_mtu_that_the_host_knows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
