/* dgram_resolve: a name to its addresses. The names are those of harness_resolver.c. */

#include "harness.h"

/* api:resolve rule:2 */
static void test_a_literal_resolves_to_itself(void **state) {
  (void)state;
  h_assert_ok(h_resolve("192.0.2.1", 0));
  h_assert_ok(h_resolve("2001:db8::1", DGRAM_IPV6));
  h_expect("");
  h_run_until("resolve 2001:db8::1");
  h_expect("resolve 192.0.2.1 192.0.2.1; resolve 2001:db8::1 2001:db8::1");
  assert_int_equal(h_resolver_asked("192.0.2.1"), 0);
}

/* api:resolve rule:2 */
static void test_a_name_has_addresses_of_both_families(void **state) {
  (void)state;
  h_assert_ok(h_resolve("localhost", DGRAM_IPV4));
  h_assert_ok(h_resolve("localhost", DGRAM_IPV6));
  h_expect("");
  h_run_until("resolve localhost 127.0.0.1");
  h_run_until("resolve localhost ::1");
  h_log_clear();
  h_assert_ok(h_resolve("localhost", 0));
  h_run_until("resolve");
  assert_non_null(strstr(h_log_text(), " 127.0.0.1"));
  assert_non_null(strstr(h_log_text(), " ::1"));
}

/* api:resolve */
static void test_in_the_order_of_the_resolver(void **state) {
  (void)state;
  h_assert_ok(h_resolve("two.dgram.test", DGRAM_IPV4));
  h_run_until("resolve");
  h_expect("resolve two.dgram.test 127.0.0.1 127.0.0.2");
}

/* api:resolve input:unknown-name */
static void test_an_unknown_name(void **state) {
  (void)state;
  h_assert_ok(h_resolve("unknown.dgram.test", 0));
  h_run_until("resolve");
  h_expect("resolve unknown.dgram.test ENOTFOUND");
}

/* api:resolve */
static void test_other_failures(void **state) {
  (void)state;
  h_assert_ok(h_resolve("again.dgram.test", 0));
  h_run_until("resolve again.dgram.test EAI_AGAIN");
  h_assert_ok(h_resolve("fail.dgram.test", 0));
  h_run_until("resolve fail.dgram.test EAI_FAIL");
  h_assert_ok(h_resolve("family.dgram.test", 0));
  h_run_until("resolve family.dgram.test EAI_FAMILY");
  h_assert_ok(h_resolve("memory.dgram.test", 0));
  h_run_until("resolve memory.dgram.test EAI_MEMORY");
  h_assert_ok(h_resolve("flags.dgram.test", 0));
  h_run_until("resolve flags.dgram.test EAI_OTHER");
  h_assert_ok(h_resolve("six.dgram.test", DGRAM_IPV4));
  h_run_until("resolve six.dgram.test ENOTFOUND");
}

/* api:resolve input:long-name input:null */
static void test_refused_at_once(void **state) {
  char name[300];
  (void)state;
  memset(name, 'n', sizeof(name));
  for (size_t i = 50; i < sizeof(name); i += 50)
    name[i] = '.';
  name[254] = '\0';
  h_assert_code(DGRAM_ENAMETOOLONG, h_resolve(name, 0));
  h_assert_code(DGRAM_EINVAL, h_resolve("", 0));
  h_assert_code(DGRAM_EINVAL, h_resolve("localhost", 5));
  h_assert_code(DGRAM_EINVAL, h_resolve("1::2::3", 0));
  h_assert_code(DGRAM_EINVAL, h_resolve("127.0.0.1", DGRAM_IPV6));
  h_assert_code(DGRAM_EINVAL, h_resolve("::1", DGRAM_IPV4));
  h_assert_code(DGRAM_EARGTYPE, H(dgram_resolve(h_stack(), NULL, 0, h_on_resolved, NULL)));
  h_assert_code(DGRAM_EARGTYPE, H(dgram_resolve(h_stack(), "localhost", 0, NULL, NULL)));
  h_turns(3);
  h_expect("");
}

/* api:resolve input:scope */
static void test_a_scope_by_name_and_by_index(void **state) {
  char expected[128];
  int index = dgram_interface_index(h_stack(), "lo");
  (void)state;
  if (index == DGRAM_ENODEV) h_skip("the loopback interface is not called lo here");
  h_assert_ok(h_resolve("fe80::1%lo", 0));
  h_run_until("resolve");
  snprintf(expected, sizeof(expected), "resolve fe80::1%%lo fe80::1%%%d", index);
  h_expect(expected);
  h_assert_code(DGRAM_ENODEV, h_resolve("fe80::1%nosuchif0", 0));
  h_assert_code(DGRAM_ENODEV, h_resolve("fe80::1%nosuchinterface0", 0));
  h_assert_ok(h_resolve("fe80::1%999999", 0)); /* nobody asks the system for a number */
  h_run_until("resolve fe80::1%999999 fe80::1%999999");
}

/* rule:7 */
static void test_lookups_in_flight_are_joined(void **state) {
  (void)state;
  h_need_kernel("nobody counts the lookups of the simulation");
  for (int i = 0; i < 10; i++)
    h_assert_ok(h_resolve("slow.dgram.test", DGRAM_IPV4));
  h_assert_ok(h_resolve("slow.dgram.test", DGRAM_IPV6)); /* another family, another lookup */
  h_turns(3);
  h_expect("");
  h_resolver_release();
  h_run_until_n("resolve slow.dgram.test 127.0.0.1", 10);
  h_run_until("resolve slow.dgram.test ::1");
  assert_int_equal(h_resolver_asked("slow.dgram.test"), 2);
}

/* rule:7 */
static void test_nothing_is_cached(void **state) {
  (void)state;
  h_need_kernel("nobody counts the lookups of the simulation");
  h_assert_ok(h_resolve("four.dgram.test", 0));
  h_run_until_n("resolve", 1);
  h_assert_ok(h_resolve("four.dgram.test", 0));
  h_run_until_n("resolve", 2);
  assert_int_equal(h_resolver_asked("four.dgram.test"), 2);
}

static void resolve_again(struct h_call *call, dgram_socket *socket) {
  (void)socket;
  (void)call;
  if (h_count("resolve") < 5) {
    struct h_call *next = h_call_new(NULL, "localhost", 0);
    next->then = resolve_again;
    h_assert_ok(h_call_made(
        next, H(dgram_resolve(h_stack(), "localhost", DGRAM_IPV4, h_on_resolved, next))));
  }
}

/* api:resolve rule:2 */
static void test_resolve_in_its_callback(void **state) {
  (void)state;
  resolve_again(NULL, NULL);
  h_run_until_n("resolve localhost 127.0.0.1", 5);
}

/* api:resolve api:run */
static void test_a_lookup_keeps_the_program(void **state) {
  (void)state;
  h_assert_ok(h_resolve("localhost", DGRAM_IPV4));
  h_assert_ok(h_resolve("127.0.0.1", DGRAM_IPV4));
  h_assert_ok(h_run_to_end());
  assert_int_equal(h_count("resolve"), 2);
}

/* api:resolve rule:3 api:stack-close */
static void test_the_end_of_the_stack_cancels(void **state) {
  (void)state;
  h_assert_ok(h_resolve("slow.dgram.test", 0));
  h_assert_ok(h_resolve("slow.dgram.test", 0));
  h_assert_ok(h_resolve("127.0.0.1", 0));
  h_assert_ok(dgram_stack_close(h_stack(), h_stack_closed, h_world()));
  h_assert_code(DGRAM_ENOTRUNNING, h_resolve("localhost", 0));
  h_expect("");
  h_run_to_end(); /* the resolver has not answered yet, and the stack is gone */
  assert_int_equal(h_count("resolve slow.dgram.test ECANCELED"), 2);
  assert_int_equal(h_count("resolve 127.0.0.1"), 1);
  assert_int_equal(h_count("stack closed"), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_a_literal_resolves_to_itself),
      H_TEST(test_a_name_has_addresses_of_both_families),
      H_TEST(test_in_the_order_of_the_resolver),
      H_TEST(test_an_unknown_name),
      H_TEST(test_other_failures),
      H_TEST(test_refused_at_once),
      H_TEST(test_a_scope_by_name_and_by_index),
      H_TEST(test_lookups_in_flight_are_joined),
      H_TEST(test_nothing_is_cached),
      H_TEST(test_resolve_in_its_callback),
      H_TEST(test_a_lookup_keeps_the_program),
      H_TEST(test_the_end_of_the_stack_cancels),
  };
  return H_MAIN(tests);
}
