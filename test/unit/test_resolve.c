#include "fake.h"

#include <stdio.h>
#include <string.h>

#include "core/resolve.h"

static struct fake fake;
static char log_text[256];
static void (*act)(void); /* what the next callback does, once */

static dgram_stack *stack(void) {
  return fake_stack(&fake);
}

static void on_resolved(dgram_stack *on, int status, const dgram_address *addresses, void *data) {
  const size_t length = strlen(log_text);
  char text[DGRAM_ADDRESS_TEXT] = "";
  void (*now)(void) = act;

  assert_ptr_equal(on, stack());
  assert_int_equal(status > 0, addresses != NULL);
  if (addresses != NULL) {
    assert_int_equal(addresses[0].port, 0);
    assert_true(dgram_address_format(&addresses[0], text, sizeof text) > 0);
  }
  snprintf(log_text + length, sizeof log_text - length, "%s:%s:%s ", (const char *)data,
           dgram_error_name(status), text);
  act = NULL;
  if (now != NULL) now();
}

static int resolve(const char *name, int family, const char *tag) {
  return dgram_resolve(stack(), name, family, on_resolved, (void *)(uintptr_t)tag);
}

static int set_up(void **state) {
  (void)state;
  fake_init(&fake);
  log_text[0] = '\0';
  act = NULL;
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  assert_false(fake.alive);
  fake_end(&fake);
  return 0;
}

static void a_literal_asks_no_resolver(void **state) {
  (void)state;
  assert_int_equal(resolve("192.0.2.1", 0, "a"), 0);
  assert_int_equal(resolve("2001:db8::1", DGRAM_IPV6, "b"), 0);
  assert_int_equal(resolve("fe80::1%7", 0, "c"), 0);
  assert_int_equal(fake.lookup_count, 0);
  assert_string_equal(log_text, ""); /* rule 2 */
  assert_true(fake.alive);
  fake_turn(&fake);
  assert_string_equal(log_text, "a:OK:192.0.2.1 b:OK:2001:db8::1 c:OK:fe80::1%7 ");
}

static void a_scope_may_be_the_name_of_an_interface(void **state) {
  (void)state;
  assert_int_equal(resolve("fe80::1%two", 0, "a"), 0);
  assert_int_equal(resolve("fe80::1%three", 0, "b"), DGRAM_ENODEV);
  fake_turn(&fake);
  assert_string_equal(log_text, "a:OK:fe80::1%2 ");
}

static void a_name_is_looked_up(void **state) {
  (void)state;
  assert_int_equal(resolve("name.test", 0, "a"), 0);
  assert_int_equal(fake.lookups[0].family, 0);
  fake_settle(&fake);
  assert_string_equal(log_text, "");
  fake_answer(&fake, "name.test", 7);
  assert_string_equal(log_text, "a:OK:192.0.2.7 ");
}

static void names_in_flight_are_joined(void **state) {
  (void)state;
  resolve("name.test", DGRAM_IPV6, "a");
  resolve("name.test", DGRAM_IPV6, "b");
  resolve("name.test", DGRAM_IPV4, "c");
  assert_int_equal(fake.lookup_count, 2);
  fake_answer(&fake, "name.test", 1);
  fake_answer(&fake, "name.test", 2);
  assert_string_equal(log_text, "a:OK:2001:db8::1 b:OK:2001:db8::1 c:OK:192.0.2.2 ");
}

static void failures_are_told(void **state) {
  (void)state;
  resolve("name.test", 0, "a");
  fake_answer(&fake, "name.test", DGRAM_ENOTFOUND);
  assert_string_equal(log_text, "a:ENOTFOUND: ");
}

static void bad_arguments_are_refused_at_once(void **state) {
  char long_name[DGRAM__NAME_MAX + 2];

  (void)state;
  memset(long_name, 'x', sizeof long_name);
  long_name[DGRAM__NAME_MAX + 1] = '\0';
  assert_int_equal(resolve(NULL, 0, "a"), DGRAM_EARGTYPE);
  assert_int_equal(dgram_resolve(stack(), "name.test", 0, NULL, NULL), DGRAM_EARGTYPE);
  assert_int_equal(resolve("name.test", 5, "a"), DGRAM_EINVAL);
  assert_int_equal(resolve("name.test", -4, "a"), DGRAM_EINVAL);
  assert_int_equal(resolve("", 0, "a"), DGRAM_EINVAL);
  assert_int_equal(resolve(".", 0, "a"), DGRAM_EINVAL);
  assert_int_equal(resolve("::1", DGRAM_IPV4, "a"), DGRAM_EINVAL);
  assert_int_equal(resolve("127.0.0.1", DGRAM_IPV6, "a"), DGRAM_EINVAL);
  assert_int_equal(resolve("a:b", 0, "a"), DGRAM_EINVAL);
  assert_int_equal(resolve("[::1]", 0, "a"), DGRAM_EINVAL);
  assert_int_equal(resolve(long_name, 0, "a"), DGRAM_ENAMETOOLONG);
  fake.lookup_code = DGRAM_EAI_MEMORY;
  assert_int_equal(resolve("name.test", 0, "a"), DGRAM_EAI_MEMORY);
  fake_settle(&fake);
  assert_string_equal(log_text, "");
  assert_int_equal(fake.lookup_count, 0);
}

/* 253 bytes, and one more where it is the final dot. */
static void the_longest_name_is_looked_up(void **state) {
  char name[DGRAM__NAME_MAX + 2];

  (void)state;
  memset(name, 'x', sizeof name);
  name[DGRAM__NAME_MAX] = '\0';
  assert_int_equal(resolve(name, 0, "a"), 0);
  fake_answer(&fake, name, 1);
  name[DGRAM__NAME_MAX] = '.';
  name[DGRAM__NAME_MAX + 1] = '\0';
  assert_int_equal(resolve(name, 0, "b"), 0);
  fake_answer(&fake, name, 2);
  assert_string_equal(log_text, "a:OK:192.0.2.1 b:OK:192.0.2.2 ");
}

static void act_resolve_literal(void) {
  assert_int_equal(resolve("192.0.2.9", 0, "z"), 0);
}

/* No turn is endless: one that is added comes in the next. */
static void one_added_in_a_callback_comes_next_turn(void **state) {
  (void)state;
  resolve("192.0.2.1", 0, "a");
  resolve("192.0.2.2", 0, "b");
  act = act_resolve_literal;
  fake_turn(&fake);
  assert_string_equal(log_text, "a:OK:192.0.2.1 b:OK:192.0.2.2 ");
  fake_turn(&fake);
  assert_string_equal(log_text, "a:OK:192.0.2.1 b:OK:192.0.2.2 z:OK:192.0.2.9 ");
  assert_false(fake_turn(&fake));
}

static void the_end_of_the_stack_cancels(void **state) {
  (void)state;
  resolve("name.test", 0, "a");
  resolve("192.0.2.1", 0, "b");
  resolve("other.test", 0, "c");
  assert_int_equal(dgram_stack_close(stack(), NULL, NULL), 0);
  assert_string_equal(log_text, "");
  assert_int_equal(fake.cancelled, 2);
  assert_int_equal(resolve("192.0.2.1", 0, "d"), DGRAM_ENOTRUNNING);
  fake_settle(&fake);
  assert_non_null(strstr(log_text, "a:ECANCELED: "));
  assert_non_null(strstr(log_text, "b:OK:192.0.2.1 "));
  assert_non_null(strstr(log_text, "c:ECANCELED: "));
  fake_end(&fake);
  fake_init(&fake);
}

static void act_close_stack(void) {
  assert_int_equal(dgram_stack_close(stack(), NULL, NULL), 0);
}

static void the_stack_may_be_closed_in_a_callback(void **state) {
  (void)state;
  resolve("192.0.2.1", 0, "a");
  resolve("192.0.2.2", 0, "b");
  resolve("name.test", 0, "c");
  act = act_close_stack;
  fake_settle(&fake);
  assert_string_equal(log_text, "a:OK:192.0.2.1 b:OK:192.0.2.2 c:ECANCELED: ");
  fake_end(&fake);
  fake_init(&fake);
}

/* Those that were joined and not told yet are cancelled, not told twice. */
static void the_stack_may_be_closed_while_a_lookup_is_told(void **state) {
  (void)state;
  resolve("name.test", 0, "a");
  resolve("name.test", 0, "b");
  act = act_close_stack;
  fake_answer(&fake, "name.test", 1);
  assert_string_equal(log_text, "a:OK:192.0.2.1 ");
  fake_settle(&fake);
  assert_string_equal(log_text, "a:OK:192.0.2.1 b:ECANCELED: ");
  fake_end(&fake);
  fake_init(&fake);
}

static void each_allocation_may_fail(void **state) {
  int code = DGRAM_ENOMEM;

  (void)state;
  for (size_t i = 1; code != 0; i++) {
    fake.unit.fail_once = fake.unit.asked + i;
    code = resolve("name.test", 0, "a");
    if (code != 0) {
      assert_int_equal(code, DGRAM_ENOMEM);
      assert_false(fake.alive);
    }
    assert_true(i < 10);
  }
  fake_answer(&fake, "name.test", 1);
  assert_string_equal(log_text, "a:OK:192.0.2.1 ");
}

#define RESOLVE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      RESOLVE_TEST(a_literal_asks_no_resolver),
      RESOLVE_TEST(a_scope_may_be_the_name_of_an_interface),
      RESOLVE_TEST(a_name_is_looked_up),
      RESOLVE_TEST(names_in_flight_are_joined),
      RESOLVE_TEST(failures_are_told),
      RESOLVE_TEST(bad_arguments_are_refused_at_once),
      RESOLVE_TEST(the_longest_name_is_looked_up),
      RESOLVE_TEST(one_added_in_a_callback_comes_next_turn),
      RESOLVE_TEST(the_end_of_the_stack_cancels),
      RESOLVE_TEST(the_stack_may_be_closed_in_a_callback),
      RESOLVE_TEST(the_stack_may_be_closed_while_a_lookup_is_told),
      RESOLVE_TEST(each_allocation_may_fail),
  };
  return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
