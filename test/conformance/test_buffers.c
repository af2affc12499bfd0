/* The sizes of the system's buffers: set and asked for, as options, and what they mean. */

#include "harness.h"

#include <limits.h>
#include <sys/socket.h>

enum { SMALL = 20000, DATAGRAMS = 40 };

typedef int setter(dgram_socket *socket, int size);
typedef int getter(const dgram_socket *socket);

static const struct {
  setter *set;
  getter *get;
} sizes[] = {
    {dgram_set_recv_buffer_size, dgram_get_recv_buffer_size},
    {dgram_set_send_buffer_size, dgram_get_send_buffer_size},
};

/* node:buffer-size */
static void test_the_answer_is_the_systems(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    int before = sizes[i].get(a), small, large;
    assert_true(before > 0);
    small = H(sizes[i].set(a, SMALL));
    assert_true(small >= SMALL);
    assert_int_equal(H(sizes[i].get(a)), small);
    large = H(sizes[i].set(a, 2 * SMALL));
    assert_true(large > small);
    assert_int_equal(sizes[i].get(a), large);
    assert_int_equal(H(sizes[i].set(a, SMALL)), small);
    assert_int_equal(sizes[i].get(b), before);
  }
}

/* node:buffer-size */
static void test_sizes_are_kept_in_bounds(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    int least = H(sizes[i].set(a, 1));
    int most = H(sizes[i].set(a, INT_MAX));
    assert_true(least >= 1);
    assert_true(most > least);
    assert_int_equal(sizes[i].get(a), most);
  }
}

/* node:buffer-size input:buffer-size */
static void test_sizes_that_are_none(void **state) {
  static const int bad[] = {0, -1, INT_MIN};
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *fresh = h_socket("fresh", DGRAM_UDP4);
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    int before = sizes[i].get(a);
    for (size_t j = 0; j < sizeof(bad) / sizeof(bad[0]); j++) {
      h_assert_code(DGRAM_EBADBUFFERSIZE, H(sizes[i].set(a, bad[j])));
      h_assert_code(DGRAM_EBADBUFFERSIZE, H(sizes[i].set(fresh, bad[j])));
    }
    assert_int_equal(sizes[i].get(a), before);
    h_assert_code(DGRAM_EARGTYPE, H(sizes[i].set(NULL, 1)));
    h_assert_code(DGRAM_EARGTYPE, H(sizes[i].get(NULL)));
  }
  assert_string_equal(dgram_error_name(DGRAM_EBADBUFFERSIZE), "ERR_SOCKET_BAD_BUFFER_SIZE");
}

/* node:buffer-size */
static void test_sizes_need_a_port(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    h_assert_code(DGRAM_EBADF, H(sizes[i].set(a, SMALL)));
    h_assert_code(DGRAM_EBADF, H(sizes[i].get(a)));
  }
  h_assert_ok(h_bind(a, NULL));
  h_assert_code(DGRAM_EBADF, H(dgram_set_recv_buffer_size(a, SMALL)));
  h_run_until("a bind OK");
  assert_true(H(dgram_set_recv_buffer_size(a, SMALL)) >= SMALL);
}

static dgram_socket_options small_buffers(void) {
  return (dgram_socket_options){
      .type = DGRAM_UDP4, .recv_buffer_size = SMALL, .send_buffer_size = 2 * SMALL};
}

/* The two options are there, as on a socket that was told by the setters. */
static void expect_small(dgram_socket *socket) {
  dgram_socket *other = h_bound("other", DGRAM_UDP4);
  assert_int_equal(dgram_get_recv_buffer_size(socket), H(dgram_set_recv_buffer_size(other, SMALL)));
  assert_int_equal(dgram_get_send_buffer_size(socket),
                   H(dgram_set_send_buffer_size(other, 2 * SMALL)));
}

static void expect_in_listening(dgram_socket *socket, void *data) {
  (void)data;
  h_log("%s listens with %d", h_name(socket), dgram_get_recv_buffer_size(socket) >= SMALL);
}

/* node:buffer-size-option */
static void test_options_are_set_by_the_bind(void **state) {
  dgram_socket_options options = small_buffers();
  dgram_socket *a = h_socket_with("a", &options, H_ALL);
  (void)state;
  h_assert_ok(dgram_on_listening(a, expect_in_listening, NULL));
  h_assert_ok(h_bind(a, NULL));
  h_run_until("a bind OK");
  h_expect("a listening; a listens with 1; a bind OK");
  expect_small(a);
}

/* node:buffer-size-option */
static void test_options_are_set_by_an_implicit_bind(void **state) {
  dgram_socket_options options = small_buffers();
  dgram_socket *a = h_socket_with("a", &options, H_ALL);
  (void)state;
  h_assert_ok(h_send(a, "x", h_literal("127.0.0.1", 9)));
  expect_small(a);
  h_run_until("a sent");
}

/* node:buffer-size-option */
static void test_options_are_set_on_a_descriptor(void **state) {
  dgram_socket_options options = small_buffers();
  dgram_socket *a;
  (void)state;
  h_need_kernel("descriptors mean nothing in a simulated network");
  a = h_socket_with("a", &options, H_ALL);
  dgram_bind_options adopt = {.fd = socket(AF_INET, SOCK_DGRAM, 0)};
  h_assert_ok(h_bind(a, &adopt));
  h_run_until("a bind OK");
  expect_small(a);
}

/* node:buffer-size-option input:buffer-size */
static void test_options_below_zero(void **state) {
  dgram_socket_options receive = {.type = DGRAM_UDP4, .recv_buffer_size = -1};
  dgram_socket_options send = {.type = DGRAM_UDP4, .send_buffer_size = INT_MIN};
  dgram_socket *socket = NULL;
  (void)state;
  h_assert_code(DGRAM_EBADBUFFERSIZE, H(dgram_create_socket(h_stack(), &receive, &socket)));
  h_assert_code(DGRAM_EBADBUFFERSIZE, H(dgram_create_socket(h_stack(), &send, &socket)));
  assert_null(socket);
}

/* Each longer than the one before, so that no two make a group. */
static size_t received_of(const char *name, int size) {
  static char bytes[1000 + DATAGRAMS];
  dgram_socket_options options = {.type = DGRAM_UDP4, .recv_buffer_size = size};
  dgram_socket *to = h_bound_with(name, &options, H_ALL), *from = h_bound("from", DGRAM_UDP4);
  char what[64];
  h_assert_ok(dgram_pause(to));
  for (size_t i = 0; i < DATAGRAMS; i++)
    h_assert_ok(h_send_bytes(from, bytes, 1000 + i, h_address(to)));
  h_run_until_n("from sent", DATAGRAMS);
  h_assert_ok(dgram_resume(to));
  snprintf(what, sizeof(what), "%s message", name);
  h_run_until(what);
  h_turns(5);
  h_assert_ok(h_end(from));
  h_run_until("from close");
  size_t count = h_count(what);
  h_log_clear();
  return count;
}

/* node:buffer-size */
static void test_a_small_buffer_drops_sooner(void **state) {
  size_t least, some;
  (void)state;
  least = received_of("a", 1);
  some = received_of("b", 8192);
  assert_true(least >= 1);
  assert_true(some > least);
  assert_true(some < DATAGRAMS);
  assert_int_equal(received_of("c", 0), DATAGRAMS);
}

/* node:buffer-size */
static void test_the_smallest_takes_one(void **state) {
  static char bytes[5000];
  dgram_socket_options options = {.type = DGRAM_UDP4, .recv_buffer_size = 1};
  dgram_socket *a = h_bound_with("a", &options, H_ALL);
  (void)state;
  assert_true(dgram_get_recv_buffer_size(a) < (int)sizeof(bytes));
  for (size_t i = 1; i <= 3; i++) {
    h_assert_ok(h_send_bytes(a, bytes, sizeof(bytes), h_address(a)));
    h_run_until_n("a message 5000 bytes", i);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_the_answer_is_the_systems),
      H_TEST(test_sizes_are_kept_in_bounds),
      H_TEST(test_sizes_that_are_none),
      H_TEST(test_sizes_need_a_port),
      H_TEST(test_options_are_set_by_the_bind),
      H_TEST(test_options_are_set_by_an_implicit_bind),
      H_TEST(test_options_are_set_on_a_descriptor),
      H_TEST(test_options_below_zero),
      H_TEST(test_a_small_buffer_drops_sooner),
      H_TEST(test_the_smallest_takes_one),
  };
  return H_MAIN(tests);
}
