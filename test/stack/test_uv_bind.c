/* Descriptors on the uv stack: binds that fail, descriptors that are adopted or not. */

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "uv_kit.h"

static struct {
  size_t done;
  int status;
} bound;

static void on_bound(dgram_socket *socket, int status, void *data) {
  (void)socket;
  (void)data;
  bound.done++;
  bound.status = status;
}

static int bind_to(dgram_socket *socket, const char *address, int port) {
  dgram_bind_options where = {.address = address, .port = port};
  bound.done = 0;
  assert_int_equal(dgram_bind(socket, &where, on_bound, NULL), 0);
  kit_run_until(&bound.done, 1);
  return bound.status;
}

static int adopt(dgram_socket *socket, int fd) {
  dgram_bind_options where = {.fd = fd};
  bound.done = 0;
  int code = dgram_bind(socket, &where, on_bound, NULL);
  if (code < 0) return code;
  kit_run_until(&bound.done, 1);
  return bound.status;
}

/* The descriptor of this process that is bound to a port, or -1. */
static int descriptor_of(uint16_t port) {
  for (int fd = 3; fd < 256; fd++) {
    struct sockaddr_in6 name = {0};
    socklen_t length = sizeof name;
    if (getsockname(fd, (struct sockaddr *)&name, &length) < 0) continue;
    bool is_ip = name.sin6_family == AF_INET || name.sin6_family == AF_INET6;
    if (is_ip && ntohs(name.sin6_port) == port) return fd;
  }
  return -1;
}

static int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  assert_int_equal(getsockopt(fd, level, name, &value, &length), 0);
  return value;
}

/* Where a test has a variable `socket`. */
static int make_socket(int domain, int type) {
  return socket(domain, type | SOCK_CLOEXEC, 0);
}

/* ---- bind ---- */

static void test_a_failed_bind_leaves_nothing(void **state) {
  (void)state;
  struct kit_seen seen;
  uint16_t busy;
  int peer = kit_peer(AF_INET, &busy);
  dgram_socket *socket = kit_socket(DGRAM_UDP4, &seen);
  int before = kit_count_descriptors();
  for (int i = 0; i < 5; i++) {
    assert_int_equal(bind_to(socket, "127.0.0.1", busy), DGRAM_EADDRINUSE);
    assert_int_equal(kit_count_descriptors(), before);
  }
  assert_int_equal(bind_to(socket, "192.0.2.1", 0), DGRAM_EADDRNOTAVAIL);
  assert_int_equal(bind_to(socket, "127.0.0.1", 0), 0);
  assert_int_equal(kit_count_descriptors(), before + 1);
  assert_int_equal(option_of(descriptor_of(kit_port(socket)), SOL_SOCKET, SO_REUSEADDR), 0);
  kit_peer_send(peer, kit_port(socket), "x", 1);
  kit_run_until(&seen.messages, 1);
  close(peer);
}

static void test_closed_right_after_a_failed_bind(void **state) {
  (void)state;
  uint16_t busy;
  int peer = kit_peer(AF_INET, &busy);
  dgram_socket *socket = kit_socket(DGRAM_UDP4, NULL);
  dgram_bind_options where = {.address = "127.0.0.1", .port = busy};
  bound.done = 0;
  assert_int_equal(dgram_bind(socket, &where, on_bound, NULL), 0);
  assert_int_equal(dgram_close(socket, NULL, NULL), 0);
  kit_run_until(&bound.done, 1);
  close(peer);
}

static void test_a_failed_implicit_bind(void **state) {
  (void)state;
  struct kit_seen seen;
  uint16_t port;
  int peer = kit_peer(AF_INET, &port);
  dgram_socket *socket = kit_socket(DGRAM_UDP4, &seen);
  assert_int_equal(bind_to(socket, "127.0.0.1", port), DGRAM_EADDRINUSE);
  assert_int_equal(dgram_send(socket, "a", 1, port, NULL, NULL, NULL), 0);
  assert_int_equal(dgram_flush(kit.stack), 0);
  assert_string_equal(kit_peer_text(peer), "a");
  close(peer);
}

static void test_no_descriptors_left(void **state) {
  (void)state;
  struct rlimit limit, tight;
  dgram_socket *socket = kit_socket(DGRAM_UDP4, NULL);
  int next = make_socket(AF_INET, SOCK_DGRAM);
  close(next);
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  tight = (struct rlimit){.rlim_cur = (rlim_t)next, .rlim_max = limit.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
  int code = bind_to(socket, "127.0.0.1", 0);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
  assert_int_equal(code, DGRAM_EMFILE);
  assert_int_equal(bind_to(socket, "127.0.0.1", 0), 0);
}

static void test_udp6_takes_ipv4_too(void **state) {
  (void)state;
  struct kit_seen seen;
  uint16_t port;
  int peer = kit_peer(AF_INET, &port);
  dgram_socket *socket = kit_socket(DGRAM_UDP6, &seen);
  assert_int_equal(bind_to(socket, NULL, 0), 0);
  assert_int_equal(option_of(descriptor_of(kit_port(socket)), IPPROTO_IPV6, IPV6_V6ONLY), 0);
  kit_peer_send(peer, kit_port(socket), "x", 1);
  kit_run_until(&seen.messages, 1);
  close(peer);
}

/* Only what the core holds keeps a loop that the user runs. */
static void test_an_unrefd_socket_lets_the_loop_end(void **state) {
  (void)state;
  struct kit_seen seen;
  dgram_socket *socket = kit_bound(DGRAM_UDP4, &seen);
  kit_turns(2);
  assert_true(uv_loop_alive(&kit.loop));
  dgram_unref(socket);
  kit_turns(2);
  assert_false(uv_loop_alive(&kit.loop));
}

/* ---- adopt ---- */

static void expect_refused(dgram_socket *socket, int fd, int code) {
  assert_true(fd >= 0);
  assert_int_equal(adopt(socket, fd), code);
  assert_true(fcntl(fd, F_GETFD) >= 0);
  close(fd);
}

static void test_what_is_refused_stays_open(void **state) {
  (void)state;
  dgram_socket *socket = kit_socket(DGRAM_UDP4, NULL);
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  expect_refused(socket, ends[0], DGRAM_EFDTYPE);
  expect_refused(socket, ends[1], DGRAM_EFDTYPE);
  expect_refused(socket, make_socket(AF_INET, SOCK_STREAM), DGRAM_EFDTYPE);
  expect_refused(socket, make_socket(AF_INET6, SOCK_DGRAM), DGRAM_EFDTYPE);
  expect_refused(socket, make_socket(AF_UNIX, SOCK_DGRAM), DGRAM_EFDTYPE);
  assert_int_equal(adopt(socket, 250), DGRAM_EBADF);
  assert_int_equal(bind_to(socket, "127.0.0.1", 0), 0);
}

#if defined(SO_PROTOCOL) && defined(IPPROTO_UDPLITE)
static int make_socket_beside_udp(void) {
  return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDPLITE);
}
#else
static int make_socket_beside_udp(void) {
  return -1;
}
#endif

static void test_what_is_not_udp_is_refused(void **state) {
  (void)state;
  int fd = make_socket_beside_udp();
  if (fd < 0) {
    print_message("skipped: no other datagram sockets here\n");
    skip();
  }
  expect_refused(kit_socket(DGRAM_UDP4, NULL), fd, DGRAM_EFDTYPE);
}

static void test_what_is_adopted(void **state) {
  (void)state;
  struct kit_seen seen;
  uint16_t fd_port, peer_port;
  int fd = kit_peer(AF_INET, &fd_port);
  int peer = kit_peer(AF_INET, &peer_port);
  dgram_socket *socket = kit_socket(DGRAM_UDP4, &seen);
  assert_int_equal(fcntl(fd, F_SETFD, 0), 0);
  assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
  assert_int_equal(adopt(socket, fd), 0);
  assert_int_equal(kit_port(socket), fd_port);
  assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
  assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
  assert_int_equal(option_of(fd, SOL_SOCKET, SO_REUSEADDR), 0);
  kit_peer_send(peer, fd_port, "x", 1);
  kit_run_until(&seen.messages, 1);
  assert_int_equal(dgram_close(socket, NULL, NULL), 0);
  assert_true(fcntl(fd, F_GETFD) < 0);
  close(peer);
}

/* libuv would read what the kernel has joined as one datagram. */
static void test_what_is_adopted_joins_no_more(void **state) {
  (void)state;
  struct kit_seen seen;
  uint16_t fd_port, peer_port;
  int fd = kit_peer(AF_INET, &fd_port);
  int peer = kit_peer(AF_INET, &peer_port);
  int on = 1, length = 10;
  dgram_socket *socket = kit_socket(DGRAM_UDP4, &seen);
  assert_int_equal(setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on), 0);
  assert_int_equal(setsockopt(peer, IPPROTO_UDP, UDP_SEGMENT, &length, sizeof length), 0);
  assert_int_equal(adopt(socket, fd), 0);
  kit_peer_send(peer, fd_port, "0123456789abcdefghijklmno", 25);
  kit_run_until(&seen.bytes, 25);
  assert_int_equal(seen.messages, 3);
  close(peer);
}

/* Nor does it cut what is sent, whatever its owner has asked for. */
static void test_what_is_adopted_cuts_no_more(void **state) {
  (void)state;
  uint16_t fd_port, peer_port;
  int fd = kit_peer(AF_INET, &fd_port);
  int peer = kit_peer(AF_INET, &peer_port);
  int length = 10;
  dgram_socket *socket = kit_socket(DGRAM_UDP4, NULL);
  dgram_address to;
  assert_int_equal(dgram_address_parse("127.0.0.1", peer_port, &to), 0);
  assert_int_equal(setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &length, sizeof length), 0);
  assert_int_equal(adopt(socket, fd), 0);
  assert_int_equal(dgram_send_to(socket, "0123456789abcdefghijklmno", 25, &to, NULL, NULL), 0);
  assert_int_equal(dgram_flush(kit.stack), 0);
  assert_int_equal(strlen(kit_peer_text(peer)), 1);
  close(peer);
}

static void test_an_unbound_one_is_bound(void **state) {
  (void)state;
  dgram_socket *socket = kit_socket(DGRAM_UDP6, NULL);
  int fd = make_socket(AF_INET6, SOCK_DGRAM);
  assert_int_equal(adopt(socket, fd), 0);
  assert_true(kit_port(socket) > 0);
}

/* libuv refuses it late, after it had a handle for it. */
static void test_one_that_the_loop_watches_already(void **state) {
  (void)state;
  struct kit_seen seen;
  uint16_t port;
  int peer = kit_peer(AF_INET, &port);
  dgram_socket *owner = kit_bound(DGRAM_UDP4, &seen);
  dgram_socket *socket = kit_socket(DGRAM_UDP4, NULL);
  int fd = descriptor_of(kit_port(owner));
  assert_int_equal(adopt(socket, fd), DGRAM_EEXIST);
  kit_peer_send(peer, kit_port(owner), "x", 1);
  kit_run_until(&seen.messages, 1);
  assert_int_equal(bind_to(socket, "127.0.0.1", 0), 0);
  close(peer);
}

/* libuv takes an adopted descriptor for one of IPv4 when it sets options. */
static void test_options_of_an_adopted_udp6(void **state) {
  (void)state;
  dgram_socket *socket = kit_socket(DGRAM_UDP6, NULL);
  int fd = make_socket(AF_INET6, SOCK_DGRAM);
  assert_int_equal(adopt(socket, fd), 0);
  assert_int_equal(dgram_set_ttl(socket, 9), 0);
  assert_int_equal(dgram_set_multicast_ttl(socket, 8), 0);
  assert_int_equal(dgram_set_multicast_loopback(socket, false), 0);
  assert_int_equal(dgram_set_broadcast(socket, true), 0);
  assert_int_equal(option_of(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 9);
  assert_int_equal(option_of(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS), 8);
  assert_int_equal(option_of(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP), 0);
  assert_int_equal(option_of(fd, SOL_SOCKET, SO_BROADCAST), 1);
  assert_int_equal(dgram_set_tos(socket, 184), 0);
  assert_int_equal(option_of(fd, IPPROTO_IPV6, IPV6_TCLASS), 184);
  assert_int_equal(dgram_set_dont_fragment(socket, true), 0);
  assert_int_equal(option_of(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER), IPV6_PMTUDISC_DO);
}

/* ---- options and groups ---- */

static void test_options_of_udp4(void **state) {
  (void)state;
  dgram_socket *socket = kit_bound(DGRAM_UDP4, NULL);
  int fd = descriptor_of(kit_port(socket));
  assert_int_equal(dgram_set_ttl(socket, 9), 0);
  assert_int_equal(dgram_set_multicast_ttl(socket, 0), 0);
  assert_int_equal(dgram_set_multicast_loopback(socket, false), 0);
  assert_int_equal(option_of(fd, IPPROTO_IP, IP_TTL), 9);
  assert_int_equal(option_of(fd, IPPROTO_IP, IP_MULTICAST_TTL), 0);
  assert_int_equal(option_of(fd, IPPROTO_IP, IP_MULTICAST_LOOP), 0);
  assert_int_equal(dgram_set_tos(socket, 184), 0);
  assert_int_equal(option_of(fd, IPPROTO_IP, IP_TOS), 184);
  assert_int_equal(dgram_set_dont_fragment(socket, true), 0);
  assert_int_equal(option_of(fd, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_DO);
  assert_int_equal(dgram_set_dont_fragment(socket, false), 0);
  assert_int_equal(option_of(fd, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_WANT);
}

static void join_and_leave(int type, const char *group, const char *interface) {
  dgram_socket *socket = kit_bound(type, NULL);
  assert_int_equal(dgram_add_membership(socket, group, interface), 0);
  assert_int_equal(dgram_add_membership(socket, group, interface), DGRAM_EADDRINUSE);
  assert_int_equal(dgram_drop_membership(socket, group, interface), 0);
  assert_int_equal(dgram_drop_membership(socket, group, interface), DGRAM_EADDRNOTAVAIL);
}

static void test_groups_on_an_interface(void **state) {
  (void)state;
  join_and_leave(DGRAM_UDP4, "239.1.2.3", "127.0.0.1");
  join_and_leave(DGRAM_UDP4, "239.1.2.3", "lo");
  join_and_leave(DGRAM_UDP6, "ff02::1234", "lo");
  join_and_leave(DGRAM_UDP6, "ff02::1234", "::1");
  join_and_leave(DGRAM_UDP6, "ff02::1234", "1");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      UV_KIT_TEST(test_a_failed_bind_leaves_nothing),
      UV_KIT_TEST(test_closed_right_after_a_failed_bind),
      UV_KIT_TEST(test_a_failed_implicit_bind),
      UV_KIT_TEST(test_no_descriptors_left),
      UV_KIT_TEST(test_udp6_takes_ipv4_too),
      UV_KIT_TEST(test_an_unrefd_socket_lets_the_loop_end),
      UV_KIT_TEST(test_what_is_refused_stays_open),
      UV_KIT_TEST(test_what_is_not_udp_is_refused),
      UV_KIT_TEST(test_what_is_adopted),
      UV_KIT_TEST(test_what_is_adopted_joins_no_more),
      UV_KIT_TEST(test_what_is_adopted_cuts_no_more),
      UV_KIT_TEST(test_an_unbound_one_is_bound),
      UV_KIT_TEST(test_one_that_the_loop_watches_already),
      UV_KIT_TEST(test_options_of_an_adopted_udp6),
      UV_KIT_TEST(test_options_of_udp4),
      UV_KIT_TEST(test_groups_on_an_interface),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
