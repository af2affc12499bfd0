/* The simulation's ports: who may bind where, and who then gets what. */

#include <string.h>

#include "core/limits.h"
#include "sim_kit.h"

/* ---- who may bind ---- */

/* Whether two sockets may share a port. That the answers are the kernel's, for these and many more,
 * is seen by test_sim_kernel.c. */
struct pair {
  int type;
  const char *address;
  int other_type;
  const char *other;
  bool conflict;
};

static const struct pair pairs[] = {
    {DGRAM_UDP4, "0.0.0.0", DGRAM_UDP4, "0.0.0.0", true},
    {DGRAM_UDP4, "0.0.0.0", DGRAM_UDP4, "127.0.0.1", true},
    {DGRAM_UDP4, "127.0.0.1", DGRAM_UDP4, "127.0.0.2", false},
    {DGRAM_UDP6, "::", DGRAM_UDP4, "0.0.0.0", true},
    {DGRAM_UDP6, "::", DGRAM_UDP4, "127.0.0.1", true},
    {DGRAM_UDP6, "::", DGRAM_UDP6, "::1", true},
    {DGRAM_UDP6, "::1", DGRAM_UDP4, "0.0.0.0", false},
    {DGRAM_UDP6, "::1", DGRAM_UDP6, "::ffff:127.0.0.1", false},
    {DGRAM_UDP6, "::ffff:127.0.0.1", DGRAM_UDP4, "127.0.0.1", true},
    {DGRAM_UDP6, "::ffff:0.0.0.0", DGRAM_UDP4, "127.0.0.1", true},
};

/* Neither socket, the first, the second, or both ask to share. */
static void expect_bind(const struct pair *pair, unsigned reuse, int expected) {
  dgram_socket *first = sim_socket(pair->type, reuse & 1, NULL);
  dgram_socket *second = sim_socket(pair->other_type, reuse & 2, NULL);
  assert_int_equal(sim_bind(first, pair->address, 0), 0);
  assert_int_equal(sim_bind(second, pair->other, sim_port(first)), expected);
  assert_int_equal(dgram_close(first, NULL, NULL), 0);
  assert_int_equal(dgram_close(second, NULL, NULL), 0);
  sim_settle();
}

static void test_conflicts(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    const struct pair *p = &pairs[i];
    struct pair turned = {p->other_type, p->other, p->type, p->address, p->conflict};
    for (unsigned reuse = 0; reuse < 4; reuse++) {
      int expected = p->conflict && reuse != 3 ? DGRAM_EADDRINUSE : 0;
      expect_bind(p, reuse, expected);
      expect_bind(&turned, reuse, expected);
    }
  }
}

static void test_addresses_of_the_host(void **state) {
  (void)state;
  dgram_socket *a = sim_socket(DGRAM_UDP4, false, NULL);
  dgram_socket *b = sim_socket(DGRAM_UDP6, false, NULL);
  assert_int_equal(sim_bind(a, "192.0.2.1", 0), DGRAM_EADDRNOTAVAIL);
  assert_int_equal(sim_bind(b, "2001:db8::1", 0), DGRAM_EADDRNOTAVAIL);
  assert_int_equal(sim_bind(b, "::ffff:192.0.2.1", 0), DGRAM_EADDRNOTAVAIL);
  assert_int_equal(sim_bind(a, "127.1.2.3", 0), 0);
  assert_int_equal(sim_bind(b, "::ffff:127.0.0.1", 0), 0);
}

/* The host has no users. */
static void test_a_privileged_port(void **state) {
  (void)state;
  dgram_socket *a = sim_bound(DGRAM_UDP4, NULL, 53, NULL);
  assert_int_equal(sim_port(a), 53);
}

static void test_ephemeral_ports(void **state) {
  (void)state;
  dgram_socket *a = sim_bound(DGRAM_UDP4, NULL, 0, NULL);
  dgram_socket *b = sim_bound(DGRAM_UDP4, NULL, 0, NULL);
  assert_int_equal(sim_port(a), DGRAM__SIM_PORT_MIN);
  assert_int_equal(sim_port(b), DGRAM__SIM_PORT_MIN + 1);
  assert_int_equal(dgram_close(a, NULL, NULL), 0);
  dgram_socket *c = sim_bound(DGRAM_UDP4, NULL, 0, NULL);
  assert_int_equal(sim_port(c), DGRAM__SIM_PORT_MIN + 2);
}

static void on_bound(dgram_socket *socket, int status, void *data) {
  (void)socket;
  if (status < 0)
    *(int *)data = status;
  else
    ++*(int *)data;
}

static void test_ephemeral_ports_run_out(void **state) {
  (void)state;
  enum { ALL = DGRAM__SIM_PORT_MAX - DGRAM__SIM_PORT_MIN + 1 };
  dgram_socket *middle = NULL;
  int bound = 0;
  for (int i = 0; i < ALL; i++) {
    dgram_socket *socket = sim_socket(DGRAM_UDP4, true, NULL);
    assert_int_equal(dgram_bind(socket, NULL, on_bound, &bound), 0);
    if (i == 10000) middle = socket;
  }
  sim_settle();
  assert_int_equal(bound, ALL);
  dgram_socket *late = sim_socket(DGRAM_UDP4, true, NULL);
  assert_int_equal(sim_bind(late, NULL, 0), DGRAM_EADDRINUSE);
  assert_int_equal(sim_bind(late, NULL, 1000), 0);
  uint16_t port = sim_port(middle);
  assert_int_equal(dgram_close(middle, NULL, NULL), 0);
  dgram_socket *last = sim_bound(DGRAM_UDP4, NULL, 0, NULL);
  assert_int_equal(sim_port(last), port);
}

static void test_no_descriptors(void **state) {
  (void)state;
  dgram_socket *a = sim_socket(DGRAM_UDP4, false, NULL);
  dgram_bind_options where = {.fd = 1};
  int status = 0;
  int code = dgram_bind(a, &where, on_bound, &status);
  sim_settle();
  assert_int_equal(code < 0 ? code : status, DGRAM_ENOTSUP);
  assert_int_equal(sim_bind(a, NULL, 0), 0);
}

/* ---- who gets it ---- */

static void test_the_last_who_binds_receives(void **state) {
  (void)state;
  struct sim_seen first, second;
  dgram_socket *a = sim_socket(DGRAM_UDP4, true, &first);
  dgram_socket *b = sim_socket(DGRAM_UDP4, true, &second);
  assert_int_equal(sim_bind(a, NULL, 0), 0);
  assert_int_equal(sim_bind(b, NULL, sim_port(a)), 0);
  assert_int_equal(sim_send(a, NULL, sim_port(a), 'x', 1), 1);
  assert_int_equal(second.messages, 1);
  assert_int_equal(dgram_close(b, NULL, NULL), 0);
  assert_int_equal(sim_send(a, NULL, sim_port(a), 'x', 1), 1);
  assert_int_equal(first.messages, 1);
}

/* An address of one's own counts more than being the last; so does the family. */
static void test_the_closest_receives(void **state) {
  (void)state;
  struct sim_seen own, all, six;
  dgram_socket *a = sim_socket(DGRAM_UDP4, true, &own);
  dgram_socket *b = sim_socket(DGRAM_UDP4, true, &all);
  dgram_socket *c = sim_socket(DGRAM_UDP6, true, &six);
  assert_int_equal(sim_bind(a, "127.0.0.1", 0), 0);
  assert_int_equal(sim_bind(b, NULL, sim_port(a)), 0);
  assert_int_equal(sim_bind(c, NULL, sim_port(a)), 0);
  assert_int_equal(sim_send(a, "127.0.0.1", sim_port(a), 'x', 1), 1);
  assert_int_equal(sim_send(a, "127.0.0.2", sim_port(a), 'x', 1), 1);
  assert_int_equal(sim_send(c, "::1", sim_port(a), 'x', 1), 1);
  assert_int_equal(own.messages, 1);
  assert_int_equal(all.messages, 1);
  assert_int_equal(six.messages, 1);
}

static void test_both_families_on_one_socket(void **state) {
  (void)state;
  struct sim_seen four, six;
  dgram_socket *a = sim_bound(DGRAM_UDP4, "127.0.0.1", 0, &four);
  dgram_socket *b = sim_bound(DGRAM_UDP6, NULL, 0, &six);
  assert_int_equal(sim_send(a, "127.0.0.1", sim_port(b), 'x', 1), 1);
  assert_string_equal(sim_text(&six.from), "::ffff:127.0.0.1");
  assert_int_equal(six.from.port, sim_port(a));
  assert_int_equal(sim_send(b, "::ffff:127.0.0.1", sim_port(a), 'y', 1), 1);
  assert_string_equal(sim_text(&four.from), "127.0.0.1");
  assert_int_equal(four.from.port, sim_port(b));
  assert_int_equal(sim_send(b, "::1", sim_port(b), 'z', 1), 1);
  assert_string_equal(sim_text(&six.from), "::1");
}

static void test_one_family_only(void **state) {
  (void)state;
  struct sim_seen seen;
  dgram_socket *a = sim_bound(DGRAM_UDP4, NULL, 0, NULL);
  dgram_socket *b = sim_bound(DGRAM_UDP6, "::1", 0, &seen);
  assert_int_equal(sim_send(a, "127.0.0.1", sim_port(b), 'x', 1), 1);
  assert_int_equal(seen.messages, 0);
  assert_int_equal(sim_send(b, "::ffff:127.0.0.1", sim_port(a), 'x', 1), DGRAM_ENETUNREACH);
}

static void test_where_it_comes_from(void **state) {
  (void)state;
  struct sim_seen seen;
  dgram_socket *a = sim_bound(DGRAM_UDP4, NULL, 0, &seen);
  dgram_socket *b = sim_bound(DGRAM_UDP4, "127.0.0.9", 0, NULL);
  assert_int_equal(sim_send(a, "127.0.0.2", sim_port(a), 'x', 1), 1);
  assert_string_equal(sim_text(&seen.from), "127.0.0.1");
  assert_int_equal(sim_send(b, "127.0.0.2", sim_port(a), 'x', 1), 1);
  assert_string_equal(sim_text(&seen.from), "127.0.0.9");
}

static void test_to_nobody_and_nowhere(void **state) {
  (void)state;
  struct sim_seen four, six;
  dgram_socket *a = sim_bound(DGRAM_UDP4, NULL, 0, &four);
  dgram_socket *b = sim_bound(DGRAM_UDP6, NULL, 0, &six);
  assert_int_equal(sim_send(a, "127.0.0.1", 9, 'x', 1), 1);
  assert_int_equal(sim_send(a, "192.0.2.1", 9, 'x', 1), DGRAM_ENETUNREACH);
  assert_int_equal(sim_send(b, "2001:db8::1", 9, 'x', 1), DGRAM_ENETUNREACH);
  assert_int_equal(four.messages + six.messages, 0);
  assert_int_equal(sim_send(a, "0.0.0.0", sim_port(a), 'x', 1), 1);
  assert_int_equal(sim_send(b, "::", sim_port(b), 'x', 1), 1);
  assert_int_equal(four.messages + six.messages, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      SIM_TEST(test_conflicts),
      SIM_TEST(test_addresses_of_the_host),
      SIM_TEST(test_a_privileged_port),
      SIM_TEST(test_ephemeral_ports),
      SIM_TEST(test_ephemeral_ports_run_out),
      SIM_TEST(test_no_descriptors),
      SIM_TEST(test_the_last_who_binds_receives),
      SIM_TEST(test_the_closest_receives),
      SIM_TEST(test_both_families_on_one_socket),
      SIM_TEST(test_one_family_only),
      SIM_TEST(test_where_it_comes_from),
      SIM_TEST(test_to_nobody_and_nowhere),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
