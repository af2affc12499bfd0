/* What the options of a socket ask of the stack when it is bound, in each way of binding. */

#include "fake.h"

#include "core/extras.h"
#include "core/socket.h"

static struct fake fake;

static int set_up(void **state) {
  (void)state;
  fake_init(&fake);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  fake_end(&fake);
  return 0;
}

static dgram_socket *create(dgram_socket_options options) {
  dgram_socket *socket = NULL;

  fake.last_how = (struct dgram__bind_how){0};
  if (options.type == 0) options.type = DGRAM_UDP4;
  assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &socket), 0);
  return socket;
}

static void expect_sizes(int recv, int send) {
  assert_int_equal(fake.last_how.recv_buffer_size, recv);
  assert_int_equal(fake.last_how.send_buffer_size, send);
}

static void most_sockets_have_no_extras(void **state) {
  dgram_socket *socket = create((dgram_socket_options){0});

  (void)state;
  assert_int_equal(dgram_bind(socket, NULL, NULL, NULL), 0);
  expect_sizes(0, 0);
  assert_null(socket->extras);
}

static const dgram_socket_options sizes = {.recv_buffer_size = 5, .send_buffer_size = 6};

static void sizes_reach_a_bind(void **state) {
  (void)state;
  assert_int_equal(dgram_bind(create(sizes), NULL, NULL, NULL), 0);
  expect_sizes(5, 6);
}

static void sizes_reach_an_implicit_bind(void **state) {
  (void)state;
  assert_int_equal(dgram_send(create(sizes), "", 0, 7, NULL, NULL, NULL), 0);
  expect_sizes(5, 6);
}

static void sizes_reach_a_descriptor(void **state) {
  const dgram_bind_options adopt = {.fd = 33};

  (void)state;
  assert_int_equal(dgram_bind(create(sizes), &adopt, NULL, NULL), 0);
  expect_sizes(5, 6);
}

static int give_descriptor(dgram_stack *stack, const dgram_bind_request *request, void *data) {
  (void)data;
  return dgram_binder_answer(stack, request->id, 33);
}

static void sizes_reach_a_descriptor_of_the_binder(void **state) {
  (void)state;
  assert_int_equal(dgram_stack_set_binder(fake_stack(&fake), give_descriptor, NULL), 0);
  assert_int_equal(dgram_bind(create(sizes), NULL, NULL, NULL), 0);
  fake_settle(&fake);
  expect_sizes(5, 6);
}

/* The binder refuses: who asks it is not bound. */
static int refuse(dgram_stack *stack, const dgram_bind_request *request, void *data) {
  (void)stack;
  *(bool *)data = request->ipv6_only;
  return DGRAM_EACCES;
}

static void flags_reach_a_bind(void **state) {
  const dgram_socket_options options = {
      .type = DGRAM_UDP6, .reuse_addr = true, .reuse_port = true, .ipv6_only = true};

  (void)state;
  assert_int_equal(dgram_bind(create(options), NULL, NULL, NULL), 0);
  assert_int_equal(fake.last_how.flags,
                   DGRAM__BIND_REUSE_ADDR | DGRAM__BIND_REUSE_PORT | DGRAM__BIND_IPV6_ONLY);
  assert_int_equal(dgram_send(create(options), "", 0, 7, NULL, NULL, NULL), 0);
  assert_int_equal(fake.last_how.flags, DGRAM__BIND_REUSE_PORT | DGRAM__BIND_IPV6_ONLY);
}

static void a_shared_port_asks_no_binder(void **state) {
  const dgram_socket_options shared = {.reuse_port = true};
  const dgram_socket_options only = {.type = DGRAM_UDP6, .ipv6_only = true};
  bool told_only = false;
  dgram_socket *socket;

  (void)state;
  assert_int_equal(dgram_stack_set_binder(fake_stack(&fake), refuse, &told_only), 0);
  assert_int_equal(dgram_bind(create(shared), NULL, NULL, NULL), 0);
  assert_int_equal(fake.last_how.flags, DGRAM__BIND_REUSE_PORT);
  socket = create(only);
  assert_int_equal(dgram_bind(socket, NULL, NULL, NULL), 0);
  fake_settle(&fake);
  assert_true(told_only);
  assert_false(fake_endpoint_of(socket)->bound);
}

static void ipv6_only_is_for_udp6(void **state) {
  const dgram_socket_options wrong = {.type = DGRAM_UDP4, .ipv6_only = true};
  dgram_socket *none = NULL;

  (void)state;
  assert_int_equal(dgram_create_socket(fake_stack(&fake), &wrong, &none), DGRAM_EINVAL);
  assert_null(none);
}

static void without_memory_for_extras_there_is_no_socket(void **state) {
  const dgram_socket_options options = {.type = DGRAM_UDP4, .recv_buffer_size = 5};
  dgram_socket *none = NULL;

  (void)state;
  for (size_t ask = 1; ask <= 2; ask++) {
    fake.unit.fail_once = fake.unit.asked + ask;
    assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &none), DGRAM_ENOMEM);
  }
  fake.open_code = DGRAM_EMFILE;
  assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &none), DGRAM_EMFILE);
  assert_null(none);
}

#define HOW_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      HOW_TEST(most_sockets_have_no_extras),
      HOW_TEST(sizes_reach_a_bind),
      HOW_TEST(sizes_reach_an_implicit_bind),
      HOW_TEST(sizes_reach_a_descriptor),
      HOW_TEST(sizes_reach_a_descriptor_of_the_binder),
      HOW_TEST(flags_reach_a_bind),
      HOW_TEST(a_shared_port_asks_no_binder),
      HOW_TEST(ipv6_only_is_for_udp6),
      HOW_TEST(without_memory_for_extras_there_is_no_socket),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
