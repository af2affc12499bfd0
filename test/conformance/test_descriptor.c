/* Descriptors that are no UDP socket of the family, given to a bind or by a binder; and duplicates. */

#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef IPPROTO_UDPLITE
#define IPPROTO_UDPLITE 136
#endif

/* A socket, or, with family 0, another thing. */
static const struct kind {
  const char *name;
  int family;
  int type;
  int protocol;
} kinds[] = {
    {"TCP", AF_INET, SOCK_STREAM, 0},
    {"TCP over IPv6", AF_INET6, SOCK_STREAM, 0},
    {"UDP-Lite", AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE},
    {"UDP-Lite over IPv6", AF_INET6, SOCK_DGRAM, IPPROTO_UDPLITE},
    {"ICMP", AF_INET, SOCK_DGRAM, IPPROTO_ICMP},
    {"ICMPv6", AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6},
    {"raw UDP", AF_INET, SOCK_RAW, IPPROTO_UDP},
    {"unix datagrams", AF_UNIX, SOCK_DGRAM, 0},
    {"unix stream", AF_UNIX, SOCK_STREAM, 0},
    {"unix packets", AF_UNIX, SOCK_SEQPACKET, 0},
    {"a file", 0, 0, 0},
    {"a folder", 0, 1, 0},
    {"a pipe", 0, 2, 0},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static int open_other(int which) {
  int ends[2];
  if (which == 0) return open("/dev/null", O_RDWR);
  if (which == 1) return open("/", O_RDONLY);
  if (pipe(ends) < 0) return -1;
  close(ends[1]);
  return ends[0];
}

/* -1: not everybody may make one, nor can every system. */
static int open_kind(const struct kind *kind) {
  int fd =
      kind->family == 0 ? open_other(kind->type) : socket(kind->family, kind->type, kind->protocol);
  if (fd < 0) printf("without %s: %s\n", kind->name, strerror(errno));
  return fd;
}

static void need_descriptors(void) {
  h_need_kernel("descriptors mean nothing in a simulated network");
}

/* It is refused, and stays the caller's as it was. */
static void expect_refused(dgram_socket *socket, int fd) {
  dgram_bind_options adopt = {.fd = fd};
  int status = fcntl(fd, F_GETFL), flags = fcntl(fd, F_GETFD);
  h_assert_code(DGRAM_EFDTYPE, h_bind(socket, &adopt));
  assert_int_equal(fcntl(fd, F_GETFL), status);
  assert_int_equal(fcntl(fd, F_GETFD), flags);
  close(fd);
  h_assert_code(DGRAM_EBADF, h_bind(socket, &adopt));
}

static void refuse_all(int type) {
  dgram_socket *a = h_socket("a", type);
  int other = socket(type == DGRAM_UDP4 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
  for (size_t i = 0; i < KINDS; i++) {
    int fd = open_kind(&kinds[i]);
    if (fd >= 0) expect_refused(a, fd);
  }
  if (other >= 0) expect_refused(a, other);
  h_turns(2);
  h_expect("");
  h_assert_ok(h_bind(a, NULL));
  h_run_until("a bind OK");
}

/* node:fd input:descriptor */
static void test_what_is_no_udp4_socket(void **state) {
  (void)state;
  need_descriptors();
  refuse_all(DGRAM_UDP4);
}

/* node:fd input:descriptor */
static void test_what_is_no_udp6_socket(void **state) {
  (void)state;
  need_descriptors();
  h_need_ipv6();
  refuse_all(DGRAM_UDP6);
}

/* node:fd input:descriptor */
static void test_numbers_that_are_no_descriptor(void **state) {
  static const int numbers[] = {-1, INT32_MIN, INT32_MAX, 1000000};
  dgram_socket *a;
  (void)state;
  need_descriptors();
  a = h_socket("a", DGRAM_UDP4);
  for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
    dgram_bind_options adopt = {.fd = numbers[i]};
    h_assert_code(DGRAM_EBADF, h_bind(a, &adopt));
  }
}

static int given;

static int give(dgram_stack *stack, const dgram_bind_request *request, void *data) {
  (void)data;
  return dgram_binder_answer(stack, request->id, given);
}

/* From a binder it is taken all the same, and closed.
 *
 * node:fd input:descriptor api:binder */
static void test_what_a_binder_gives(void **state) {
  dgram_socket *a;
  size_t refused = 0;
  struct stat gone;
  (void)state;
  need_descriptors();
  a = h_socket("a", DGRAM_UDP4);
  h_assert_ok(H(dgram_stack_set_binder(h_stack(), give, NULL)));
  for (size_t i = 0; i < KINDS; i++) {
    given = open_kind(&kinds[i]);
    if (given < 0) continue;
    h_assert_ok(h_bind(a, NULL));
    h_run_until_n("a error bind ERR_INVALID_FD_TYPE", ++refused);
    assert_int_equal(fstat(given, &gone), -1);
  }
}

/* ---- duplicates ---- */

static void wait_at(int fd, char *byte) {
  ssize_t got = -1;
  for (int i = 0; i < 1000 && got < 0; i++) {
    h_turns(1);
    got = recv(fd, byte, 1, MSG_DONTWAIT);
  }
  assert_int_equal(got, 1);
}

/* It has the port too, and outlives the socket.
 *
 * api:duplicate */
static void test_a_duplicate_has_the_port(void **state) {
  dgram_socket *a, *b;
  dgram_address to;
  char byte = 0;
  int fd = -1;
  (void)state;
  need_descriptors();
  a = h_bound("a", DGRAM_UDP4);
  b = h_bound("b", DGRAM_UDP4);
  to = h_address(a);
  h_assert_ok(H(dgram_duplicate_descriptor(a, &fd)));
  assert_true(fd > 2);
  assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  h_send(b, "heard", to);
  h_run_until("a message 'heard'");
  h_assert_ok(h_end(a));
  h_run_until("a close");
  assert_false(h_peer_port_is_free("127.0.0.1", to.port));
  h_send(b, "!", to);
  wait_at(fd, &byte);
  assert_int_equal(byte, '!');
  close(fd);
}

/* api:duplicate input:duplicate */
static void test_nothing_to_duplicate(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  int fd = -7;
  (void)state;
  h_assert_code(DGRAM_EARGTYPE, H(dgram_duplicate_descriptor(NULL, &fd)));
  h_assert_code(DGRAM_EARGTYPE, H(dgram_duplicate_descriptor(a, NULL)));
  h_assert_code(DGRAM_EBADF, H(dgram_duplicate_descriptor(a, &fd)));
  if (h_kind() == H_SIM) {
    h_assert_ok(h_bind(a, NULL));
    h_run_until("a bind OK");
    h_assert_code(DGRAM_ENOTSUP, H(dgram_duplicate_descriptor(a, &fd)));
  }
  h_assert_ok(h_end(a));
  h_assert_code(DGRAM_ENOTRUNNING, H(dgram_duplicate_descriptor(a, &fd)));
  assert_int_equal(fd, -7);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_what_is_no_udp4_socket),         H_TEST(test_what_is_no_udp6_socket),
      H_TEST(test_numbers_that_are_no_descriptor), H_TEST(test_what_a_binder_gives),
      H_TEST(test_a_duplicate_has_the_port),       H_TEST(test_nothing_to_duplicate),
  };
  return H_MAIN(tests);
}
