/* What the simulation delivers: receive buffers, broadcast, groups, names. */

#include <string.h>

#include "core/limits.h"
#include "sim_kit.h"

/* ---- receive buffers ---- */

/* As many of 64 bytes as Linux's default buffer holds. */
static void test_a_full_buffer_drops(void **state) {
  (void)state;
  struct sim_seen seen;
  dgram_socket *a = sim_bound(DGRAM_UDP4, "127.0.0.1", 0, &seen);
  assert_int_equal(dgram_pause(a), 0);
  for (int i = 0; i < 300; i++)
    assert_int_equal(sim_send(a, NULL, sim_port(a), i < 256 ? 'a' : 'b', 64), 64);
  assert_int_equal(dgram_resume(a), 0);
  sim_settle();
  assert_int_equal(seen.messages, 256);
  assert_int_equal(seen.last, 'a');
  assert_int_equal(sim_send(a, NULL, sim_port(a), 'c', 64), 64);
  assert_int_equal(seen.last, 'c');
}

static void test_empty_datagrams_fill_it_too(void **state) {
  (void)state;
  struct sim_seen seen;
  dgram_socket *a = sim_bound(DGRAM_UDP4, "127.0.0.1", 0, &seen);
  assert_int_equal(dgram_pause(a), 0);
  for (int i = 0; i < 1000; i++)
    assert_int_equal(sim_send(a, NULL, sim_port(a), 'a', 0), 0);
  assert_int_equal(dgram_resume(a), 0);
  sim_settle();
  assert_int_equal(seen.messages, DGRAM__SIM_BUFFER / DGRAM__SIM_DATAGRAM_OVERHEAD);
  assert_int_equal(seen.bytes, 0);
}

static void test_the_largest(void **state) {
  (void)state;
  struct sim_seen four, six;
  dgram_socket *a = sim_bound(DGRAM_UDP4, "127.0.0.1", 0, &four);
  dgram_socket *b = sim_bound(DGRAM_UDP6, NULL, 0, &six);
  assert_int_equal(sim_send(a, NULL, sim_port(a), 'x', 65507), 65507);
  assert_int_equal(four.bytes, 65507);
  assert_int_equal(sim_send(b, "::1", sim_port(b), 'x', 65527), 65527);
  assert_int_equal(six.bytes, 65527);
  assert_int_equal(sim_send(b, "::ffff:127.0.0.1", sim_port(a), 'x', 65508), DGRAM_EMSGSIZE);
}

static void test_without_memory_it_is_dropped(void **state) {
  (void)state;
  struct sim_seen seen;
  dgram_socket *a = sim_bound(DGRAM_UDP4, "127.0.0.1", 0, &seen);
  assert_int_equal(sim_send(a, NULL, sim_port(a), 'x', 3000), 3000);
  sim.fail_size = 1;
  assert_int_equal(sim_send(a, NULL, sim_port(a), 'x', 3000), 3000);
  sim.fail_size = 0;
  assert_int_equal(seen.messages, 1);
  assert_int_equal(sim_send(a, NULL, sim_port(a), 'x', 3000), 3000);
  assert_int_equal(seen.messages, 2);
}

static void test_a_steady_state_without_memory(void **state) {
  (void)state;
  struct sim_seen seen;
  dgram_socket *a = sim_bound(DGRAM_UDP4, "127.0.0.1", 0, &seen);
  assert_int_equal(sim_send(a, NULL, sim_port(a), 'x', 1000), 1000);
  size_t asked = sim.asked;
  for (int i = 0; i < 1000; i++)
    assert_int_equal(sim_send(a, NULL, sim_port(a), 'x', 1000), 1000);
  assert_int_equal(seen.messages, 1001);
  assert_int_equal(sim.asked, asked);
}

static void test_pieces_become_one(void **state) {
  (void)state;
  struct sim_seen seen;
  dgram_buffer parts[] = {{"x", 1}, {NULL, 0}, {"yz", 2}};
  dgram_socket *a = sim_bound(DGRAM_UDP4, "127.0.0.1", 0, &seen);
  assert_int_equal(dgram_send_gather(a, parts, 3, sim_port(a), NULL, NULL, NULL), 0);
  sim_settle();
  assert_int_equal(seen.messages, 1);
  assert_int_equal(seen.bytes, 3);
  assert_int_equal(seen.last, 'x');
}

/* ---- tellings that change the world ---- */

static size_t told;

static void abort_in_batch(dgram_socket *socket, const dgram_message *messages, size_t count,
                           void *data) {
  (void)messages;
  told += count;
  assert_int_equal(dgram_abort(socket), 0);
  if (data) assert_int_equal(dgram_abort(data), 0);
}

/* Both have more than a batch in their buffers. */
static void test_closed_in_its_batch(void **state) {
  (void)state;
  dgram_socket *a = sim_bound(DGRAM_UDP4, "127.0.0.1", 0, NULL);
  dgram_socket *b = sim_bound(DGRAM_UDP4, "127.0.0.1", 0, NULL);
  dgram_socket *c = sim_bound(DGRAM_UDP4, "127.0.0.1", 0, NULL);
  assert_int_equal(dgram_pause(a), 0);
  assert_int_equal(dgram_pause(b), 0);
  for (int i = 0; i < 100; i++) {
    assert_int_equal(sim_send(c, NULL, sim_port(a), 'x', 1), 1);
    assert_int_equal(sim_send(c, NULL, sim_port(b), 'x', 1), 1);
  }
  told = 0;
  dgram_on_batch(a, abort_in_batch, b);
  dgram_on_batch(b, abort_in_batch, NULL);
  assert_int_equal(dgram_resume(a), 0);
  assert_int_equal(dgram_resume(b), 0);
  sim_settle();
  assert_int_equal(told, DGRAM__SIM_BATCH);
}

static void pause_in_batch(dgram_socket *socket, const dgram_message *messages, size_t count,
                           void *data) {
  (void)messages;
  (void)data;
  told += count;
  assert_int_equal(dgram_pause(socket), 0);
}

static void test_paused_in_its_batch(void **state) {
  (void)state;
  dgram_socket *a = sim_bound(DGRAM_UDP4, "127.0.0.1", 0, NULL);
  assert_int_equal(dgram_pause(a), 0);
  for (int i = 0; i < 100; i++)
    assert_int_equal(sim_send(a, NULL, sim_port(a), 'x', 1), 1);
  told = 0;
  dgram_on_batch(a, pause_in_batch, NULL);
  for (size_t n = DGRAM__SIM_BATCH; n <= 100; n += DGRAM__SIM_BATCH) {
    assert_int_equal(dgram_resume(a), 0);
    sim_settle();
    assert_int_equal(told, n);
  }
}

/* ---- broadcast ---- */

static void test_broadcast_needs_the_option(void **state) {
  (void)state;
  struct sim_seen four, six, other;
  dgram_socket *a = sim_socket(DGRAM_UDP4, true, &four);
  dgram_socket *b = sim_socket(DGRAM_UDP6, true, &six);
  dgram_socket *c = sim_socket(DGRAM_UDP4, true, &other);
  assert_int_equal(sim_bind(a, NULL, 7000), 0);
  assert_int_equal(sim_bind(b, NULL, 7000), 0);
  assert_int_equal(sim_bind(c, "127.0.0.1", 7000), 0);
  assert_int_equal(sim_send(c, "255.255.255.255", 7000, 'x', 1), DGRAM_EACCES);
  assert_int_equal(sim_send(c, "127.255.255.255", 7000, 'x', 1), DGRAM_EACCES);
  assert_int_equal(dgram_set_broadcast(c, true), 0);
  assert_int_equal(sim_send(c, "255.255.255.255", 7000, 'x', 1), 1);
  assert_int_equal(sim_send(c, "127.255.255.255", 7000, 'x', 1), 1);
  assert_int_equal(four.messages, 2);
  assert_int_equal(six.messages, 2);
  assert_int_equal(other.messages, 0);
  assert_int_equal(dgram_set_broadcast(c, false), 0);
  assert_int_equal(sim_send(c, "255.255.255.255", 7000, 'x', 1), DGRAM_EACCES);
}

/* ---- groups ---- */

static void check_group(int type, const char *group, const char *interface) {
  struct sim_seen seen;
  dgram_socket *a = sim_bound(type, NULL, 0, &seen);
  dgram_socket *b = sim_bound(type, NULL, 0, NULL);
  assert_int_equal(sim_send(b, group, sim_port(a), 'x', 1), 1);
  assert_int_equal(seen.messages, 0);
  assert_int_equal(dgram_add_membership(a, group, interface), 0);
  assert_int_equal(dgram_add_membership(a, group, interface), DGRAM_EADDRINUSE);
  assert_int_equal(sim_send(b, group, sim_port(a), 'x', 1), 1);
  assert_int_equal(seen.messages, 1);
  assert_int_equal(dgram_set_multicast_ttl(b, 0), 0);
  assert_int_equal(sim_send(b, group, sim_port(a), 'x', 1), 1);
  assert_int_equal(seen.messages, 2);
  assert_int_equal(dgram_set_multicast_loopback(b, false), 0);
  assert_int_equal(sim_send(b, group, sim_port(a), 'x', 1), 1);
  assert_int_equal(seen.messages, 2);
  assert_int_equal(dgram_set_multicast_loopback(b, true), 0);
  assert_int_equal(dgram_drop_membership(a, group, interface), 0);
  assert_int_equal(dgram_drop_membership(a, group, interface), DGRAM_EADDRNOTAVAIL);
  assert_int_equal(sim_send(b, group, sim_port(a), 'x', 1), 1);
  assert_int_equal(seen.messages, 2);
}

static void test_groups(void **state) {
  (void)state;
  check_group(DGRAM_UDP4, "239.1.2.3", NULL);
  check_group(DGRAM_UDP4, "239.1.2.3", "lo");
  check_group(DGRAM_UDP4, "239.1.2.3", "127.0.0.1");
  check_group(DGRAM_UDP4, "239.1.2.3", "*");
  check_group(DGRAM_UDP6, "ff02::1234", NULL);
  check_group(DGRAM_UDP6, "ff02::1234", "lo");
  check_group(DGRAM_UDP6, "ff02::1234", "1");
}

static void test_an_unknown_interface(void **state) {
  (void)state;
  dgram_socket *a = sim_bound(DGRAM_UDP4, NULL, 0, NULL);
  assert_int_equal(dgram_add_membership(a, "239.1.2.3", "eth0"), DGRAM_ENODEV);
  assert_int_equal(dgram_add_membership(a, "239.1.2.3", "2"), DGRAM_ENODEV);
  assert_int_equal(dgram_add_membership(a, "239.1.2.3", "192.0.2.1"), DGRAM_ENODEV);
}

/* The other's membership stays when one of the two closes. */
static void test_closing_leaves_the_group(void **state) {
  (void)state;
  struct sim_seen seen;
  dgram_socket *a = sim_bound(DGRAM_UDP4, NULL, 0, &seen);
  dgram_socket *b = sim_bound(DGRAM_UDP4, NULL, 0, NULL);
  dgram_socket *c = sim_bound(DGRAM_UDP4, NULL, 0, NULL);
  assert_int_equal(dgram_add_membership(b, "239.1.2.3", NULL), 0);
  assert_int_equal(dgram_add_membership(c, "239.1.2.3", NULL), 0);
  assert_int_equal(dgram_add_membership(b, "239.9.9.9", NULL), 0);
  assert_int_equal(dgram_close(b, NULL, NULL), 0);
  assert_int_equal(sim_send(c, "239.1.2.3", sim_port(a), 'x', 1), 1);
  assert_int_equal(seen.messages, 1);
  assert_int_equal(sim_send(c, "239.9.9.9", sim_port(a), 'x', 1), 1);
  assert_int_equal(seen.messages, 1);
  assert_int_equal(dgram_close(c, NULL, NULL), 0);
  assert_int_equal(sim_send(a, "239.1.2.3", sim_port(a), 'x', 1), 1);
  assert_int_equal(seen.messages, 1);
}

static void test_no_memory_for_a_group(void **state) {
  (void)state;
  dgram_socket *a = sim_bound(DGRAM_UDP4, NULL, 0, NULL);
  sim.fail_size = 1;
  assert_int_equal(dgram_add_membership(a, "239.1.2.3", "lo"), DGRAM_ENOMEM);
  sim.fail_size = 0;
  assert_int_equal(dgram_add_membership(a, "239.1.2.3", "lo"), 0);
}

/* ---- names ---- */

static char resolved[256];

static void on_resolved(dgram_stack *stack, int status, const dgram_address *addresses,
                        void *data) {
  (void)stack;
  (void)data;
  if (status < 0) strcpy(resolved, dgram_error_name(status));
  for (int i = 0; i < status; i++) {
    if (i > 0) strcat(resolved, " ");
    strcat(resolved, sim_text(&addresses[i]));
  }
}

static const char *resolve(const char *name, int family) {
  resolved[0] = '\0';
  assert_int_equal(dgram_resolve(sim.stack, name, family, on_resolved, NULL), 0);
  assert_string_equal(resolved, "");
  assert_int_equal(dgram_run(sim.stack), 0);
  return resolved;
}

static void test_names(void **state) {
  (void)state;
  assert_string_equal(resolve("localhost", 0), "::1 127.0.0.1");
  assert_string_equal(resolve("localhost", DGRAM_IPV4), "127.0.0.1");
  assert_string_equal(resolve("localhost", DGRAM_IPV6), "::1");
  assert_string_equal(resolve("host.invalid", 0), "ENOTFOUND");
}

static void test_a_lookup_that_nobody_waits_for(void **state) {
  (void)state;
  dgram_socket *a = sim_bound(DGRAM_UDP4, NULL, 0, NULL);
  assert_int_equal(dgram_send(a, "x", 1, 1000, "localhost", NULL, NULL), 0);
  assert_int_equal(dgram_send(a, "x", 1, 1000, "host.invalid", NULL, NULL), 0);
  assert_int_equal(dgram_abort(a), 0);
  assert_int_equal(dgram_run(sim.stack), 0);
}

static void test_interfaces(void **state) {
  char name[16];
  (void)state;
  assert_int_equal(dgram_interface_index(sim.stack, "lo"), 1);
  assert_int_equal(dgram_interface_index(sim.stack, "eth0"), DGRAM_ENODEV);
  assert_int_equal(dgram_interface_name(sim.stack, 1, name, sizeof name), 2);
  assert_string_equal(name, "lo");
  assert_int_equal(dgram_interface_name(sim.stack, 2, name, sizeof name), DGRAM_ENODEV);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      SIM_TEST(test_a_full_buffer_drops),
      SIM_TEST(test_empty_datagrams_fill_it_too),
      SIM_TEST(test_the_largest),
      SIM_TEST(test_without_memory_it_is_dropped),
      SIM_TEST(test_a_steady_state_without_memory),
      SIM_TEST(test_pieces_become_one),
      SIM_TEST(test_closed_in_its_batch),
      SIM_TEST(test_paused_in_its_batch),
      SIM_TEST(test_broadcast_needs_the_option),
      SIM_TEST(test_groups),
      SIM_TEST(test_an_unknown_interface),
      SIM_TEST(test_closing_leaves_the_group),
      SIM_TEST(test_no_memory_for_a_group),
      SIM_TEST(test_names),
      SIM_TEST(test_a_lookup_that_nobody_waits_for),
      SIM_TEST(test_interfaces),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
