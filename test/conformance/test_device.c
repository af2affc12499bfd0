/* Binding to an interface by its name. All on "lo"; hosts with several are in test/net and in
 * test/stack/test_sim_ip.c. */

#include "harness.h"

/* What this system makes of a device at all. */
static void need_devices(void) {
  dgram_socket *socket = h_socket("probe", DGRAM_UDP4);
  h_assert_ok(h_bind(socket, &(dgram_bind_options){.address = "127.0.0.1", .device = "lo"}));
  h_run_until("probe bind");
  if (h_logged("probe bind ENOTSUP")) h_skip("this system binds no socket to a device");
  if (h_logged("probe bind EPERM")) h_skip("it is not permitted to bind to a device here");
  h_assert_ok(h_end(socket));
  h_run_until("probe close");
  h_log_clear();
}

static int bind_to_device(dgram_socket *socket, const char *device) {
  return h_bind(socket, &(dgram_bind_options){.address = "127.0.0.1", .device = device});
}

/* api:device */
static void test_bound_to_a_device(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  need_devices();
  h_assert_ok(bind_to_device(a, "lo"));
  h_run_until("a bind OK");
  h_assert_ok(h_send(b, "in", h_address(a)));
  h_run_until("a message 'in'");
  h_assert_ok(h_send(a, "out", h_address(b)));
  h_run_until("b message 'out'");
}

/* api:device */
static void test_bound_to_a_device_udp6(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP6), *b = h_bound("b", DGRAM_UDP6);
  (void)state;
  h_need_ipv6();
  need_devices();
  h_assert_ok(h_bind(a, &(dgram_bind_options){.device = "lo"}));
  h_run_until("a bind OK");
  h_assert_ok(h_send(b, "in", h_address(a)));
  h_run_until("a message 'in'");
  h_assert_ok(h_send(a, "out", h_address(b)));
  h_run_until("b message 'out'");
}

/* api:device api:bind-again */
static void test_a_device_that_is_none(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  need_devices();
  h_assert_ok(bind_to_device(a, "nosuchdevice"));
  h_assert_ok(h_send(a, "waits", h_literal("127.0.0.1", 9)));
  h_run_until("a error");
  h_run_until("a unsent");
  h_expect("a bind ENODEV; a error bind ENODEV; a unsent 'waits' ENODEV");
  h_assert_ok(bind_to_device(a, "lo"));
  h_run_until("a bind OK");
}

/* api:device */
static void test_bad_devices(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_code(DGRAM_ENODEV, bind_to_device(a, "sixteen-letters-"));
  h_assert_code(DGRAM_EINVAL, h_bind(a, &(dgram_bind_options){.fd = 1, .device = "lo"}));
  h_assert_ok(bind_to_device(a, "")); /* none */
  h_run_until("a bind OK");
}

static int never(dgram_stack *stack, const dgram_bind_request *request, void *data) {
  (void)stack;
  (void)request;
  (void)data;
  h_violation("the binder was asked");
  return 1;
}

/* api:device api:binder */
static void test_a_device_asks_no_binder(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  need_devices();
  h_assert_ok(H(dgram_stack_set_binder(h_stack(), never, NULL)));
  h_assert_ok(bind_to_device(a, "lo"));
  h_run_until("a bind OK");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_bound_to_a_device),       H_TEST(test_bound_to_a_device_udp6),
      H_TEST(test_a_device_that_is_none),   H_TEST(test_bad_devices),
      H_TEST(test_a_device_asks_no_binder),
  };
  return H_MAIN(tests);
}
