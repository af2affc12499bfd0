/* A device to bind to: what the core makes of it. */

#include "fake.h"

#include <stdio.h>
#include <string.h>

static struct fake fake;
static dgram_socket *sock;
static int status;
static size_t asked;

static int set_up(void **state) {
  const dgram_socket_options options = {.type = DGRAM_UDP4};

  (void)state;
  fake_init(&fake);
  status = 1;
  asked = 0;
  assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &sock), 0);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  fake_end(&fake);
  return 0;
}

static void on_bound(dgram_socket *socket, int code, void *data) {
  (void)socket;
  (void)data;
  status = code;
}

/* The device's name is borrowed, so it is gone when the call has returned. */
static int bind_to(const char *address, const char *device, int fd) {
  char text[64];
  const dgram_bind_options options = {.address = address, .device = text, .fd = fd, .port = 5};
  int code;

  snprintf(text, sizeof text, "%s", device);
  code = dgram_bind(sock, &options, on_bound, NULL);
  memset(text, 'x', sizeof text);
  return code;
}

static void the_stack_gets_it(void **state) {
  (void)state;
  assert_int_equal(bind_to("127.0.0.1", "eth0", 0), 0);
  fake_settle(&fake);
  assert_int_equal(status, 0);
  assert_string_equal(fake.last_device, "eth0");
}

static void it_waits_for_a_lookup(void **state) {
  (void)state;
  assert_int_equal(bind_to("name", "eth0", 0), 0);
  fake_settle(&fake);
  fake_answer(&fake, "name", 7);
  fake_settle(&fake);
  assert_int_equal(status, 0);
  assert_string_equal(fake.last_device, "eth0");
}

static void none_is_any(void **state) {
  (void)state;
  strcpy(fake.last_device, "x");
  assert_int_equal(bind_to("127.0.0.1", "", 0), 0);
  fake_settle(&fake);
  assert_int_equal(status, 0);
  assert_string_equal(fake.last_device, "");
}

static void a_failure_is_the_binds(void **state) {
  (void)state;
  fake.bind_code = DGRAM_ENODEV;
  assert_int_equal(bind_to("127.0.0.1", "eth0", 0), 0);
  fake_settle(&fake);
  assert_int_equal(status, DGRAM_ENODEV);
  fake.bind_code = 0;
  assert_int_equal(dgram_bind(sock, NULL, on_bound, NULL), 0);
  fake_settle(&fake);
  assert_int_equal(status, 0);
  assert_string_equal(fake.last_device, "");
}

static void inside_the_call_too(void **state) {
  const dgram_bind_options options = {.device = "eth0"};
  const dgram_bind_options wrong = {.device = "eth0", .fd = 5};

  (void)state;
  assert_int_equal(dgram_bind_sync(sock, &wrong), DGRAM_EINVAL);
  assert_int_equal(dgram_bind_sync(sock, &options), 0);
  assert_string_equal(fake.last_device, "eth0");
}

static void bad_ones_are_refused(void **state) {
  (void)state;
  assert_int_equal(bind_to("127.0.0.1", "sixteen-letters-", 0), DGRAM_ENODEV);
  assert_int_equal(bind_to("127.0.0.1", "eth0", 5), DGRAM_EINVAL);
  fake_settle(&fake);
  assert_int_equal(status, 1);
  assert_int_equal(bind_to("127.0.0.1", "fifteen-letters", 0), 0);
  fake_settle(&fake);
  assert_string_equal(fake.last_device, "fifteen-letters");
}

static int binder(dgram_stack *stack, const dgram_bind_request *request, void *data) {
  (void)stack;
  (void)request;
  (void)data;
  asked++;
  return 1;
}

static void no_binder_is_asked(void **state) {
  (void)state;
  assert_int_equal(dgram_stack_set_binder(fake_stack(&fake), binder, NULL), 0);
  assert_int_equal(bind_to("127.0.0.1", "eth0", 0), 0);
  fake_settle(&fake);
  assert_int_equal(status, 0);
  assert_int_equal(asked, 0);
  assert_string_equal(fake.last_device, "eth0");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(the_stack_gets_it, set_up, tear_down),
      cmocka_unit_test_setup_teardown(it_waits_for_a_lookup, set_up, tear_down),
      cmocka_unit_test_setup_teardown(none_is_any, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_failure_is_the_binds, set_up, tear_down),
      cmocka_unit_test_setup_teardown(inside_the_call_too, set_up, tear_down),
      cmocka_unit_test_setup_teardown(bad_ones_are_refused, set_up, tear_down),
      cmocka_unit_test_setup_teardown(no_binder_is_asked, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
