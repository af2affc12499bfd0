/* The binder: who provides the descriptors of binds from elsewhere. */

#include "harness.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUESTS_MAX = 16 };

static dgram_bind_request requests[REQUESTS_MAX];
static size_t requests_count;
static int binder_result; /* what the binder returns */

static int remember(dgram_stack *stack, const dgram_bind_request *request, void *data) {
  h_callback("the binder");
  if (stack != h_stack() || strcmp(data, "data") != 0) h_violation("the binder of a stranger");
  if (requests_count < REQUESTS_MAX) requests[requests_count++] = *request;
  h_log("asked");
  return binder_result;
}

static void set_binder(int result) {
  requests_count = 0;
  binder_result = result;
  h_assert_ok(H(dgram_stack_set_binder(h_stack(), remember, "data")));
}

static int answer(size_t i, int fd_or_code) {
  return H(dgram_binder_answer(h_stack(), requests[i].id, fd_or_code));
}

static void need_descriptors(void) {
  h_need_kernel("descriptors mean nothing in a simulated network");
}

static bool is_open(int fd) {
  return fcntl(fd, F_GETFD) != -1;
}

/* issue:binder rule:2 api:binder */
static void test_asked_once_from_the_loop(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .reuse_addr = true};
  dgram_socket *a = h_socket_with("a", &options, H_ALL);
  dgram_bind_options where = {.address = "127.0.0.1", .port = 41000, .exclusive = true};
  dgram_address expected = h_literal("127.0.0.1", 41000);
  (void)state;
  set_binder(DGRAM_EACCES);
  h_assert_ok(h_bind(a, &where));
  h_expect("");
  h_run_until("a error");
  h_turns(2);
  h_expect("asked; a bind EACCES; a error bind EACCES");
  assert_int_equal(requests[0].type, DGRAM_UDP4);
  assert_true(requests[0].exclusive);
  assert_true(requests[0].reuse_addr);
  assert_int_equal(requests[0].index, 0);
  assert_ptr_equal(requests[0].socket, a);
  assert_true(dgram_address_equal(&requests[0].address, &expected));
}

/* seed:bindopt-6 seed:bindopt-3 issue:exclusive api:binder */
static void test_exclusive_is_handed_on(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4), *b = h_socket("b", DGRAM_UDP4);
  dgram_bind_options shared = {.address = "127.0.0.1"}, own = {.exclusive = true};
  (void)state;
  set_binder(DGRAM_EACCES);
  h_assert_ok(h_bind(a, &shared));
  h_run_until("a error");
  h_assert_ok(h_bind(b, &own));
  h_run_until("b error");
  assert_false(requests[0].exclusive);
  assert_false(requests[0].reuse_addr);
  assert_true(requests[1].exclusive);
  assert_true(requests[0].id != requests[1].id);
}

/* issue:binder api:binder */
static void test_1_means_bind_yourself(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  set_binder(1);
  h_assert_ok(h_bind_to(a, "127.0.0.1", 0));
  h_assert_ok(h_send(a, "queued", h_address(b)));
  h_run_until("b message 'queued'");
  h_expect_of("a", "listening; bind OK; sent 'queued'");
  h_assert_code(DGRAM_ENOENT, answer(0, DGRAM_EACCES));
}

/* api:binder */
static void test_names_are_resolved_before(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  dgram_address expected = h_literal("127.0.0.1", 0);
  (void)state;
  set_binder(1);
  h_assert_ok(h_bind_to(a, "localhost", 0));
  h_run_until("a bind OK");
  assert_true(dgram_address_equal(&requests[0].address, &expected));
}

/* api:binder */
static void test_answered_later_with_a_code(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  set_binder(0);
  h_assert_ok(h_bind(a, NULL));
  h_assert_ok(h_send(a, "x", h_literal("127.0.0.1", 9)));
  h_run_until("asked");
  h_turns(3);
  h_expect("asked");
  h_assert_ok(answer(0, DGRAM_EADDRINUSE));
  h_expect("");
  h_run_until("a error");
  h_run_until("a unsent");
  assert_int_equal(h_count("a bind EADDRINUSE"), 1);
  assert_int_equal(h_count("a unsent 'x' EADDRINUSE"), 1);
  h_assert_code(DGRAM_ENOENT, answer(0, DGRAM_EADDRINUSE));
}

static int descriptor(int *ret_port) {
  int fd = h_peer_open("127.0.0.1", 0, ret_port);
  assert_true(fd > 0);
  return fd;
}

/* issue:binder api:binder */
static void test_answered_later_with_a_descriptor(void **state) {
  dgram_socket *a, *b;
  int port, fd;
  (void)state;
  need_descriptors();
  a = h_socket("a", DGRAM_UDP4);
  b = h_bound("b", DGRAM_UDP4);
  set_binder(0);
  h_assert_ok(h_bind_to(a, "127.0.0.1", 0));
  h_assert_ok(h_send(a, "queued", h_address(b)));
  h_run_until("asked");
  h_turns(2);
  fd = descriptor(&port);
  h_assert_ok(answer(0, fd));
  assert_false(h_logged("a "));
  h_run_until("b message 'queued'");
  assert_int_equal(h_port(a), port);
  h_assert_ok(h_send(b, "hello", h_literal("127.0.0.1", port)));
  h_run_until("a message 'hello'");
  assert_int_equal(h_count("a listening"), 1);
  assert_int_equal(h_count("a bind OK"), 1);
  h_assert_ok(h_end(a));
  h_run_until("a close");
  assert_false(is_open(fd)); /* it was the socket's */
}

static int given_fd;

static int answer_at_once(dgram_stack *stack, const dgram_bind_request *request, void *data) {
  (void)data;
  h_callback("the binder");
  h_assert_ok(H(dgram_binder_answer(stack, request->id, given_fd)));
  return 0;
}

/* api:binder */
static void test_answered_in_another_order(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4), *b = h_socket("b", DGRAM_UDP4);
  dgram_socket *c = h_socket("c", DGRAM_UDP4);
  (void)state;
  set_binder(0);
  h_assert_ok(h_bind(a, NULL));
  h_assert_ok(h_bind(b, NULL));
  h_assert_ok(h_bind(c, NULL));
  h_run_until_n("asked", 3);
  h_assert_ok(answer(1, DGRAM_EACCES));
  h_assert_ok(answer(0, DGRAM_EADDRINUSE));
  h_assert_ok(answer(2, DGRAM_EMFILE));
  h_run_until("a bind EADDRINUSE");
  h_run_until("b bind EACCES");
  h_run_until("c bind EMFILE");
  h_run_until_n("c error", 1);
}

/* issue:binder api:binder */
static void test_answered_in_the_call(void **state) {
  dgram_socket *a;
  int port;
  (void)state;
  need_descriptors();
  a = h_socket("a", DGRAM_UDP4);
  given_fd = descriptor(&port);
  h_assert_ok(dgram_stack_set_binder(h_stack(), answer_at_once, NULL));
  h_assert_ok(h_bind(a, NULL));
  h_run_until("a bind");
  h_expect("a listening; a bind OK");
  assert_int_equal(h_port(a), port);
}

/* issue:binder input:descriptor api:binder */
static void test_a_descriptor_that_is_none(void **state) {
  dgram_socket *a;
  int fd;
  (void)state;
  need_descriptors();
  a = h_socket("a", DGRAM_UDP4);
  set_binder(0);
  h_assert_ok(h_bind(a, NULL));
  h_run_until("asked");
  fd = open("/dev/null", O_RDONLY);
  h_assert_ok(answer(0, fd));
  h_run_until("a error");
  h_expect("asked; a bind ERR_INVALID_FD_TYPE; a error bind ERR_INVALID_FD_TYPE");
  assert_false(is_open(fd)); /* nobody wants it any more */
}

/* api:binder */
static void test_a_descriptor_that_nobody_waits_for(void **state) {
  dgram_socket *a;
  int fd;
  (void)state;
  need_descriptors();
  fd = descriptor(NULL);
  h_assert_code(DGRAM_ENOENT, H(dgram_binder_answer(h_stack(), 12345, fd)));
  assert_false(is_open(fd));
  a = h_socket("a", DGRAM_UDP4);
  set_binder(0);
  h_assert_ok(h_bind(a, NULL));
  h_run_until("asked");
  h_assert_ok(h_end(a)); /* before the answer */
  fd = descriptor(NULL);
  h_assert_code(DGRAM_ENOENT, answer(0, fd));
  assert_false(is_open(fd));
  h_run_until("a close");
  h_expect("asked; a bind ECANCELED; a close");
}

/* issue:binder api:binder */
static void test_the_simulation_takes_no_descriptor(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  dgram_bind_options adopt = {.fd = 1000000};
  (void)state;
  if (h_kind() != H_SIM) h_skip("descriptors are at home here");
  h_assert_code(DGRAM_ENOTSUP, h_bind(a, &adopt));
  set_binder(0);
  h_assert_ok(h_bind(a, NULL));
  h_run_until("asked");
  h_assert_ok(answer(0, 1000000));
  h_run_until("a error");
  h_expect("asked; a bind ENOTSUP; a error bind ENOTSUP");
}

/* api:binder rule:6 */
static void test_close_while_the_binder_thinks(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  set_binder(0);
  h_assert_ok(h_bind(a, NULL));
  h_run_until("asked");
  h_assert_ok(h_end(a));
  h_run_until("a close");
  h_expect("asked; a bind ECANCELED; a close");
  h_assert_code(DGRAM_ENOENT, answer(0, DGRAM_EACCES));
}

static dgram_socket *close_this;

static int close_in_binder(dgram_stack *stack, const dgram_bind_request *request, void *data) {
  (void)stack;
  (void)request;
  h_assert_ok(h_end(close_this));
  return *(int *)data;
}

/* api:binder rule:6 */
static void test_close_inside_the_binder(void **state) {
  static int results[] = {0, 1, DGRAM_EACCES};
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    close_this = h_socket("a", DGRAM_UDP4);
    h_assert_ok(dgram_stack_set_binder(h_stack(), close_in_binder, &results[i]));
    h_assert_ok(h_bind(close_this, NULL));
    h_run_until("a close");
    assert_int_equal(h_count("a bind"), 1);
    assert_int_equal(h_count("a listening"), 0);
    h_log_clear();
  }
}

/* api:binder */
static void test_the_index_counts_binds_of_the_same_kind(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4), *b = h_socket("b", DGRAM_UDP4);
  dgram_socket *c = h_socket("c", DGRAM_UDP4), *d = h_socket("d", DGRAM_UDP4);
  (void)state;
  set_binder(0);
  h_assert_ok(h_bind_to(a, "127.0.0.1", 41000));
  h_assert_ok(h_bind_to(b, "127.0.0.1", 41000));
  h_assert_ok(h_bind_to(c, "127.0.0.1", 41001));
  h_run_until_n("asked", 3);
  assert_int_equal(requests[0].index, 0);
  assert_int_equal(requests[1].index, 1);
  assert_int_equal(requests[2].index, 0); /* another port */
  h_assert_ok(answer(0, DGRAM_EACCES));   /* its place is free again */
  h_run_until("a error");
  h_assert_ok(h_bind_to(d, "127.0.0.1", 41000));
  h_run_until_n("asked", 4);
  assert_int_equal(requests[3].index, 0);
}

/* issue:binder api:binder kept:implicit-bind */
static void test_implicit_binds_never_ask(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4), *b = h_socket("b", DGRAM_UDP4);
  dgram_socket *c = h_bound("c", DGRAM_UDP4);
  (void)state;
  set_binder(DGRAM_EACCES);
  h_assert_ok(h_send(a, "x", h_address(c)));
  h_assert_ok(H(dgram_add_membership(b, "239.255.1.1", "127.0.0.1")));
  h_run_until("a listening");
  h_run_until("b listening");
  h_run_until("c message 'x'");
  if (h_kind() != H_SIM) {
    dgram_socket *e = h_socket("e", DGRAM_UDP4);
    dgram_bind_options adopt = {.fd = descriptor(NULL)};
    h_assert_ok(h_bind(e, &adopt));
    h_run_until("e bind OK");
  }
  assert_int_equal(requests_count, 0);
}

/* api:binder */
static void test_a_bind_under_way_keeps_its_binder(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4), *b = h_socket("b", DGRAM_UDP4);
  (void)state;
  set_binder(DGRAM_EACCES);
  h_assert_ok(h_bind(a, NULL));
  h_assert_ok(H(dgram_stack_set_binder(h_stack(), NULL, NULL)));
  h_assert_ok(h_bind(b, NULL));
  h_run_until("a error");
  h_run_until("b bind OK");
  assert_int_equal(requests_count, 1);
}

/* api:binder api:stack-close */
static void test_the_end_of_the_stack_while_the_binder_thinks(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  set_binder(0);
  h_assert_ok(h_bind(a, NULL));
  h_run_until("asked");
  h_assert_ok(dgram_stack_close(h_stack(), h_stack_closed, h_world()));
  h_run_to_end();
  h_expect("asked; a bind ECANCELED; a close; stack closed");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_asked_once_from_the_loop),
      H_TEST(test_exclusive_is_handed_on),
      H_TEST(test_1_means_bind_yourself),
      H_TEST(test_names_are_resolved_before),
      H_TEST(test_answered_later_with_a_code),
      H_TEST(test_answered_later_with_a_descriptor),
      H_TEST(test_answered_in_another_order),
      H_TEST(test_answered_in_the_call),
      H_TEST(test_a_descriptor_that_is_none),
      H_TEST(test_a_descriptor_that_nobody_waits_for),
      H_TEST(test_the_simulation_takes_no_descriptor),
      H_TEST(test_close_while_the_binder_thinks),
      H_TEST(test_close_inside_the_binder),
      H_TEST(test_the_index_counts_binds_of_the_same_kind),
      H_TEST(test_implicit_binds_never_ask),
      H_TEST(test_a_bind_under_way_keeps_its_binder),
      H_TEST(test_the_end_of_the_stack_while_the_binder_thinks),
  };
  return H_MAIN(tests);
}
