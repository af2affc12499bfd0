/* Stacks: options, running and stopping, several on a loop, closing, the default one, the
 * environment. */

#include "harness.h"

static void need_a_loop(const char *reason) {
  if (h_kind() == H_SIM) h_skip(reason);
}

static int create(dgram_stack_options options) {
  dgram_stack *stack = NULL;
  int code = h_stack_create(h_world(), &options, &stack);
  if (code < 0) assert_null(stack);
  if (code == 0) h_violation("the stack was created");
  return code;
}

static void *some_malloc(size_t size, void *data) {
  (void)data;
  return malloc(size);
}

/* api:stack-options */
static void test_bad_options(void **state) {
  static char memory[1000];
  dgram_allocator half = {.malloc = some_malloc};
  (void)state;
  h_assert_code(DGRAM_EINVAL, create((dgram_stack_options){.kind = 7}));
  h_assert_code(DGRAM_EINVAL, create((dgram_stack_options){.kind = -1}));
  h_assert_code(DGRAM_EINVAL, create((dgram_stack_options){.disable = UINT32_C(1) << 30}));
  h_assert_code(DGRAM_EINVAL, create((dgram_stack_options){.allocator = &half}));
  h_assert_code(DGRAM_EINVAL, create((dgram_stack_options){.receive_memory = memory,
                                                           .receive_memory_size = sizeof(memory)}));
  h_assert_code(DGRAM_EARGTYPE, h_stack_create(h_world(), NULL, NULL));
}

/* Sends each way on a stack of its own, outside the books of the harness. */
static void on_own_message(dgram_socket *socket, const dgram_message *message, void *data) {
  size_t *received = data;
  if (message->length != 5 || memcmp(message->bytes, "hello", 5) != 0) h_violation("garbled");
  if (++*received == 100) dgram_abort(socket);
}

static void works(struct h_box *box) {
  size_t received = 0;
  dgram_socket_options options = {
      .type = DGRAM_UDP4, .on_message = on_own_message, .data = &received};
  dgram_socket *socket;
  dgram_address address;
  h_assert_ok(dgram_create_socket(box->stack, &options, &socket));
  for (int i = 0; i < 100; i++) {
    int port = i == 0 ? 9 : address.port; /* the first binds */
    h_assert_ok(dgram_send(socket, "hello", 5, port, NULL, NULL, NULL));
    h_assert_ok(dgram_local_address(socket, &address));
  }
  h_assert_ok(dgram_send(socket, "hello", 5, address.port, NULL, NULL, NULL));
  h_assert_ok(dgram_run(box->stack));
  assert_int_equal(received, 100);
}

/* api:stack-options rule:10 */
static void test_without_batches(void **state) {
  dgram_stack_options options = {.disable = DGRAM_DISABLE_MMSG | DGRAM_DISABLE_GSO |
                                            DGRAM_DISABLE_GRO | DGRAM_DISABLE_SPIN};
  struct h_box box = {0};
  (void)state;
  h_assert_ok(h_box_open(&box, NULL, &options));
  works(&box);
  assert_int_equal(h_box_close(&box), 0);
}

/* rule:10 */
static void test_without_batches_by_the_environment(void **state) {
  const char *before = getenv("DGRAM_DISABLE");
  struct h_box box = {0};
  (void)state;
  setenv("DGRAM_DISABLE", "mmsg,gso,gro,spin", 1);
  h_assert_ok(h_box_open(&box, NULL, NULL));
  if (before == NULL) unsetenv("DGRAM_DISABLE");
  works(&box);
  assert_int_equal(h_box_close(&box), 0);
}

/* rule:10 better:batches */
static void test_the_switch_switches(void **state) {
  enum { COUNT = 32 };
  dgram_stack_options options = {.disable = DGRAM_DISABLE_MMSG | DGRAM_DISABLE_GSO};
  dgram_socket_options udp4 = {.type = DGRAM_UDP4, .linger_ms = -1};
  dgram_datagram list[COUNT];
  struct h_box box = {0};
  dgram_socket *socket;
  dgram_stats stats;
  (void)state;
  if (h_kind() != H_LINUX) h_skip("only the linux stack has batches to switch off");
  for (size_t i = 0; i < COUNT; i++) {
    list[i] = (dgram_datagram){.bytes = "x", .length = 1, .to = h_literal("127.0.0.1", 9)};
  }
  h_assert_ok(h_box_open(&box, NULL, &options));
  h_assert_ok(dgram_create_socket(box.stack, &udp4, &socket));
  assert_int_equal(dgram_try_send_many(socket, list, COUNT), COUNT);
  h_assert_ok(dgram_get_stats(socket, &stats));
  assert_int_equal(stats.send_calls, COUNT);
  assert_int_equal(h_box_close(&box), 0);
}

/* api:stack-options */
static void test_memory_to_receive_into(void **state) {
  dgram_stack_options options = {.receive_memory_size = 4 * 65536};
  struct h_box box = {0};
  (void)state;
  options.receive_memory = malloc(options.receive_memory_size);
  assert_non_null(options.receive_memory);
  h_assert_ok(h_box_open(&box, NULL, &options));
  works(&box);
  assert_int_equal(h_box_close(&box), 0);
  free(options.receive_memory);
}

/* ---- running ---- */

/* api:run */
static void test_a_run_without_work_ends(void **state) {
  (void)state;
  h_assert_ok(dgram_run(h_stack()));
  h_socket("a", DGRAM_UDP4);
  h_assert_ok(dgram_run(h_stack()));
}

static void log_turn(dgram_timer *timer, void *data) {
  (void)timer;
  h_log("%s", (const char *)data);
}

static void stop_it(dgram_timer *timer, void *data) {
  log_turn(timer, data);
  h_assert_ok(H(dgram_stop(h_stack())));
}

/* api:run */
static void test_stop_ends_the_run(void **state) {
  dgram_timer one = {0}, two = {0};
  (void)state;
  h_bound("a", DGRAM_UDP4);
  h_assert_ok(dgram_timer_start(h_stack(), &one, 0, stop_it, "one"));
  h_assert_ok(h_run_to_end());
  h_expect("one");
  h_assert_ok(dgram_timer_start(h_stack(), &two, 0, stop_it, "two"));
  h_assert_ok(h_run_to_end()); /* a later run goes on */
  h_expect("two");
}

/* Lets a timer come due before the loop runs, so that it fires where the loop has not slept yet. */
static void let_it_come_due(void) {
  uint64_t due_ns = dgram_now(h_stack()) + 3 * DGRAM_MILLISECOND;
  if (h_kind() == H_SIM) return; /* there the clock waits for the run */
  while (dgram_now(h_stack()) < due_ns)
    continue;
}

static void unref_it(dgram_timer *timer, void *data) {
  (void)timer;
  dgram_unref(data);
  h_log("unref");
}

/* api:run seed:unref-1 */
static void test_a_run_that_shall_end_does_not_sleep_first(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  dgram_timer timer = {0};
  (void)state;
  h_assert_ok(dgram_timer_start(h_stack(), &timer, 0, stop_it, "stop"));
  let_it_come_due();
  h_assert_ok(h_run_to_end());
  h_expect("stop");
  h_assert_ok(dgram_timer_start(h_stack(), &timer, 0, unref_it, a));
  let_it_come_due();
  h_assert_ok(h_run_to_end());
  h_expect("unref");
}

/* api:run */
static void test_stop_without_a_run_ends_the_next_one(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(H(dgram_stop(h_stack())));
  h_assert_ok(h_run_to_end());
  h_assert_ok(h_post(a, "x", h_address(a)));
  h_run_until("a message 'x'"); /* the one after that runs */
}

static void run_inside(dgram_timer *timer, void *data) {
  (void)timer;
  (void)data;
  h_assert_code(DGRAM_ERUNNING, H(dgram_run(h_stack())));
  h_log("inside");
}

/* api:run rule:2 */
static void test_no_run_inside_a_run(void **state) {
  dgram_timer timer = {0};
  (void)state;
  h_assert_ok(dgram_timer_start(h_stack(), &timer, 0, run_inside, NULL));
  h_assert_ok(h_run_to_end());
  h_expect("inside");
  assert_string_equal(dgram_error_name(DGRAM_ERUNNING), "ERR_STACK_RUNNING");
}

/* api:run api:sim */
static void test_a_simulation_knows_when_nothing_can_happen(void **state) {
  (void)state;
  if (h_kind() != H_SIM) h_skip("from a kernel something may always come");
  h_bound("a", DGRAM_UDP4);
  h_assert_code(DGRAM_EDEADLK, dgram_run(h_stack()));
  h_assert_code(DGRAM_EDEADLK, dgram_run(h_stack()));
}

/* api:flush */
static void test_flush_hands_to_the_kernel(void **state) {
  dgram_socket *a;
  char bytes[8];
  int fd, port;
  (void)state;
  h_need_kernel("nobody else is on a simulated network");
  a = h_bound("a", DGRAM_UDP4);
  fd = h_peer_open("127.0.0.1", 0, &port);
  h_assert_ok(h_send(a, "hello", h_literal("127.0.0.1", port)));
  h_assert_ok(H(dgram_flush(h_stack())));
  assert_int_equal(h_peer_receive(fd, bytes, sizeof(bytes), NULL, NULL), 5); /* without the loop */
  h_expect("");
  h_run_until("a sent 'hello'");
  h_peer_close(fd);
  h_assert_ok(H(dgram_flush(h_stack()))); /* with nothing queued */
}

/* ---- several on a loop ---- */

static void count_message(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)message;
  h_log("beside heard");
  (*(size_t *)data)++;
  dgram_unref(socket);
}

/* rule:1 api:run api:several */
static void test_two_stacks_on_one_loop(void **state) {
  size_t received = 0;
  dgram_socket_options options = {
      .type = DGRAM_UDP4, .on_message = count_message, .data = &received};
  struct h_box beside = {0};
  dgram_socket *a, *socket;
  dgram_address to;
  (void)state;
  need_a_loop("each simulation is a network of its own");
  a = h_bound("a", DGRAM_UDP4);
  h_assert_ok(h_box_open(&beside, h_world(), NULL));
  h_assert_ok(dgram_create_socket(beside.stack, &options, &socket));
  h_assert_ok(dgram_send(socket, "x", 1, h_port(a), NULL, NULL, NULL)); /* binds it */
  h_assert_ok(dgram_local_address(socket, &to));
  to = h_literal("127.0.0.1", to.port);
  h_assert_ok(h_send(a, "y", to));
  h_run_until("a message 'x'"); /* one run runs both */
  dgram_unref(a);
  h_assert_ok(h_run_to_end()); /* until none of them holds a reference */
  assert_int_equal(received, 1);
  assert_int_equal(h_box_close(&beside), 0);
}

/* rule:1 api:several */
static void test_a_stack_beside_keeps_the_run(void **state) {
  dgram_timer timer = {0};
  struct h_box beside = {0};
  (void)state;
  need_a_loop("each simulation is a network of its own");
  h_assert_ok(h_box_open(&beside, h_world(), NULL));
  h_assert_ok(dgram_timer_start(beside.stack, &timer, 2 * DGRAM_MILLISECOND, log_turn, "beside"));
  h_assert_ok(h_run_to_end()); /* of a stack that has nothing to do */
  h_expect("beside");
  assert_int_equal(h_box_close(&beside), 0);
}

/* rule:1 api:several api:stack-close */
static void test_closing_one_leaves_the_other(void **state) {
  struct h_box beside = {0};
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  need_a_loop("each simulation is a network of its own");
  h_assert_ok(h_box_open(&beside, h_world(), NULL));
  assert_int_equal(h_box_close(&beside), 0);
  h_assert_ok(h_post(a, "x", h_address(a)));
  h_run_until("a message 'x'");
}

/* ---- closing ---- */

/* api:stack-close rule:3 rule:6 */
static void test_closing_aborts_the_sockets(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_socket("b", DGRAM_UDP4);
  dgram_socket *c = h_socket("c", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind(b, NULL));
  h_assert_ok(h_send_name(a, "x", 9, "localhost"));
  h_assert_ok(dgram_stack_close(h_stack(), h_stack_closed, h_world()));
  h_expect("");
  h_assert_code(DGRAM_ENOTRUNNING, h_send(a, "y", h_literal("127.0.0.1", 9)));
  h_assert_code(DGRAM_ENOTRUNNING, h_end(c));
  h_assert_ok(h_run_to_end());
  h_expect_of("a", "unsent 'x' ECANCELED; close");
  h_expect_of("b", "bind ECANCELED; close");
  h_expect_of("c", "close");
  assert_int_equal(h_count("stack closed"), 1);
}

/* api:stack-close */
static void test_the_callback_of_the_stack_comes_last(void **state) {
  (void)state;
  h_bound("a", DGRAM_UDP4);
  h_assert_ok(dgram_stack_close(h_stack(), h_stack_closed, h_world()));
  h_assert_ok(h_run_to_end());
  h_expect("a close; stack closed");
}

/* api:stack-close input:closing */
static void test_a_closing_stack_is_not_running(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *socket = NULL;
  dgram_stack *stack = h_stack();
  dgram_timer timer = {0};
  (void)state;
  h_assert_ok(dgram_stack_close(stack, h_stack_closed, h_world()));
  h_assert_code(DGRAM_ENOTRUNNING, H(dgram_stack_close(stack, h_stack_closed, h_world())));
  h_assert_code(DGRAM_ENOTRUNNING, H(dgram_create_socket(stack, &options, &socket)));
  h_assert_code(DGRAM_ENOTRUNNING, H(dgram_timer_start(stack, &timer, 0, log_turn, "never")));
  h_assert_code(DGRAM_ENOTRUNNING, H(dgram_resolve(stack, "localhost", 0, h_on_resolved, NULL)));
  h_assert_code(DGRAM_ENOTRUNNING, H(dgram_stack_on_unheard(stack, NULL, NULL)));
  h_assert_code(DGRAM_ENOTRUNNING, H(dgram_stack_set_binder(stack, NULL, NULL)));
  h_assert_code(DGRAM_ENOTRUNNING, H(dgram_interface_index(stack, "lo")));
  h_assert_code(DGRAM_ENOTRUNNING, H(dgram_flush(stack)));
  assert_int_equal(dgram_now(stack), 0);
  assert_null(socket);
  h_assert_ok(h_run_to_end());
  h_expect("stack closed");
}

static void close_the_stack(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket;
  (void)message;
  (void)data;
  if (h_stack() == NULL || h_logged("closing")) return;
  h_log("closing");
  h_assert_ok(H(dgram_stack_close(h_stack(), h_stack_closed, h_world())));
}

/* api:stack-close rule:6 */
static void test_closing_the_stack_in_a_callback(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  h_bound("b", DGRAM_UDP4);
  h_assert_ok(dgram_on_message(a, close_the_stack, NULL));
  for (int i = 0; i < 10; i++)
    h_assert_ok(h_post(a, "x", h_address(a)));
  h_assert_ok(h_run_to_end());
  assert_int_equal(h_count("a message"), 1);
  assert_int_equal(h_count("a close"), 1);
  assert_int_equal(h_count("b close"), 1);
  assert_int_equal(h_count("stack closed"), 1);
}

static void close_stack_in_close(dgram_socket *socket, void *data) {
  (void)socket;
  (void)data;
  h_assert_ok(H(dgram_stack_close(h_stack(), h_stack_closed, h_world())));
}

/* api:stack-close rule:6 */
static void test_closing_the_stack_in_close(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(H(dgram_close(a, close_stack_in_close, NULL)));
  h_assert_ok(h_run_to_end());
  h_expect("a close; stack closed");
}

/* api:stack-close */
static void test_without_a_callback(void **state) {
  struct h_box box = {0};
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *socket;
  (void)state;
  h_assert_ok(h_box_open(&box, h_kind() == H_SIM ? NULL : h_world(), NULL));
  h_assert_ok(dgram_create_socket(box.stack, &options, &socket));
  h_assert_ok(dgram_bind(socket, NULL, NULL, NULL));
  h_assert_ok(dgram_stack_close(box.stack, NULL, NULL));
  h_assert_ok(dgram_run(h_kind() == H_SIM ? box.stack : h_stack()));
  assert_int_equal(box.memory.live, 0); /* so it is gone */
}

/* ---- the default stack ---- */

/* The default stack is of the kind that the tests run on; linux is what Linux has anyway. */
static void use_default(void) {
  need_a_loop("the default stack lives on libuv's default loop");
  if (h_kind() == H_UV) setenv("DGRAM_STACK", "uv", 1);
}

static void reply_once(dgram_socket *socket, const dgram_message *message, void *data) {
  (*(size_t *)data)++;
  if (message->length == 4) {
    h_assert_ok(dgram_send_to(socket, "pong!", 5, &message->from, NULL, NULL));
    return;
  }
  dgram_unref(socket);
}

/* api:default */
static void test_the_default_stack(void **state) {
  size_t received = 0;
  dgram_socket_options options = {.type = DGRAM_UDP4, .on_message = reply_once, .data = &received};
  dgram_socket *socket;
  dgram_address address;
  (void)state;
  use_default();
  h_assert_ok(dgram_run(NULL)); /* there is none yet */
  h_assert_code(DGRAM_ENOTRUNNING, dgram_stop(NULL));
  h_assert_code(DGRAM_ENOTRUNNING, dgram_stack_close(NULL, NULL, NULL));
  for (int i = 0; i < 2; i++) {
    received = 0;
    h_assert_ok(dgram_create_socket(NULL, &options, &socket));
    h_assert_ok(dgram_send(socket, "ping", 4, 9, NULL, NULL, NULL)); /* binds */
    h_assert_ok(dgram_local_address(socket, &address));
    h_assert_ok(dgram_send(socket, "ping", 4, address.port, NULL, NULL, NULL));
    h_assert_ok(dgram_run(NULL)); /* it ends, and closes the stack with its socket */
    assert_int_equal(received, 2);
  }
}

static int default_descriptors(void) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *socket;
  h_assert_ok(dgram_create_socket(NULL, &options, &socket));
  h_assert_ok(dgram_send(socket, "x", 1, 9, NULL, NULL, NULL));
  dgram_unref(socket);
  h_assert_ok(dgram_run(NULL));
  return h_descriptors();
}

/* api:default */
static void test_the_default_stack_leaves_nothing_behind(void **state) {
  int once, twice;
  (void)state;
  use_default();
  once = default_descriptors();
  twice = default_descriptors();
  assert_int_equal(once, twice);
}

/* api:default api:timer api:resolve */
static void test_calls_without_a_stack(void **state) {
  dgram_timer timer = {0};
  (void)state;
  use_default();
  h_assert_ok(dgram_flush(NULL));
  assert_true(dgram_now(NULL) > 0);
  h_assert_ok(dgram_timer_start(NULL, &timer, 0, log_turn, "timer"));
  h_assert_ok(dgram_stack_on_unheard(NULL, NULL, NULL));
  h_assert_ok(dgram_stack_set_binder(NULL, NULL, NULL));
  assert_true(dgram_interface_index(NULL, "nosuchif0") < 0);
  h_assert_ok(dgram_run(NULL));
  h_expect("timer");
}

/* api:default */
static void test_a_kind_that_is_none(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *socket = NULL;
  (void)state;
  use_default();
  setenv("DGRAM_STACK", "nonsense", 1);
  h_assert_code(DGRAM_EINVAL, dgram_create_socket(NULL, &options, &socket));
  assert_null(socket);
}

static int s_setup(void **state) {
  unsetenv("DGRAM_STACK");
  return h_setup(state);
}

#define S_TEST(function) cmocka_unit_test_setup_teardown(function, s_setup, h_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      S_TEST(test_bad_options),
      S_TEST(test_without_batches),
      S_TEST(test_without_batches_by_the_environment),
      S_TEST(test_the_switch_switches),
      S_TEST(test_memory_to_receive_into),
      S_TEST(test_a_run_without_work_ends),
      S_TEST(test_stop_ends_the_run),
      S_TEST(test_a_run_that_shall_end_does_not_sleep_first),
      S_TEST(test_stop_without_a_run_ends_the_next_one),
      S_TEST(test_no_run_inside_a_run),
      S_TEST(test_a_simulation_knows_when_nothing_can_happen),
      S_TEST(test_flush_hands_to_the_kernel),
      S_TEST(test_two_stacks_on_one_loop),
      S_TEST(test_a_stack_beside_keeps_the_run),
      S_TEST(test_closing_one_leaves_the_other),
      S_TEST(test_closing_aborts_the_sockets),
      S_TEST(test_the_callback_of_the_stack_comes_last),
      S_TEST(test_a_closing_stack_is_not_running),
      S_TEST(test_closing_the_stack_in_a_callback),
      S_TEST(test_closing_the_stack_in_close),
      S_TEST(test_without_a_callback),
      S_TEST(test_the_default_stack),
      S_TEST(test_the_default_stack_leaves_nothing_behind),
      S_TEST(test_calls_without_a_stack),
      S_TEST(test_a_kind_that_is_none),
  };
  return H_MAIN(tests);
}
