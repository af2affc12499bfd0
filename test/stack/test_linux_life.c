/* wrap: socket bind uv_poll_init uv_poll_start */
/* Binding, adopting and closing on the linux stack: descriptors are where they belong, whatever
 * fails. */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "linux_kit.h"
#include "stack/stack.h"

static struct kit_fault sockets, binds, polls, starts;

int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);
int __real_bind(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length);
int __real_uv_poll_init(uv_loop_t *loop, uv_poll_t *handle, int fd);
int __wrap_uv_poll_init(uv_loop_t *loop, uv_poll_t *handle, int fd);

int __wrap_uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb cb) {
  kit_fault_meet(&starts, 1);
  return __real_uv_poll_start(poll, events, cb);
}

int __wrap_socket(int domain, int type, int protocol) {
  return kit_fault_meet(&sockets, 1) < 0 ? -1 : __real_socket(domain, type, protocol);
}

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length) {
  return kit_fault_meet(&binds, 1) < 0 ? -1 : __real_bind(fd, address, length);
}

int __wrap_uv_poll_init(uv_loop_t *loop, uv_poll_t *handle, int fd) {
  return kit_fault_meet(&polls, 1) < 0 ? -errno : __real_uv_poll_init(loop, handle, fd);
}

static int setup(void **state) {
  memset(&sockets, 0, sizeof sockets);
  memset(&binds, 0, sizeof binds);
  memset(&polls, 0, sizeof polls);
  memset(&starts, 0, sizeof starts);
  return kit_setup(state);
}

#define LIFE_TEST(function) cmocka_unit_test_setup_teardown(function, setup, kit_teardown)

struct bound {
  size_t count;
  int status;
};

static void on_bound(dgram_socket *socket, int status, void *data) {
  struct bound *bound = data;
  (void)socket;
  bound->count++;
  bound->status = status;
}

/* The result of a bind, at once or later. */
static int bind_to(dgram_socket *socket, const dgram_bind_options *options) {
  struct bound bound = {0};
  int code = dgram_bind(socket, options, on_bound, &bound);
  if (code < 0) return code;
  kit_run_until(&bound.count, 1);
  return bound.status;
}

/* ---- bind ---- */

/* Each step of a bind fails once; then the same socket can be bound. That nothing is left of the
 * failed one is seen by kit_teardown. */
static void test_a_failed_bind_leaves_nothing(void **state) {
  struct kit_fault *steps[] = {&sockets, &binds, &polls};
  const int errors[] = {EMFILE, EADDRINUSE, ENOMEM};
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    dgram_socket *socket = kit_socket(DGRAM_UDP4, NULL);
    *steps[i] = (struct kit_fault){.from = 1, .to = 1, .error = errors[i]};
    assert_int_equal(bind_to(socket, NULL), -errors[i]);
    assert_int_equal(bind_to(socket, NULL), 0);
    assert_int_equal(dgram_close(socket, NULL, NULL), 0);
  }
}

static void test_an_endpoint_never_bound_closes(void **state) {
  (void)state;
  assert_int_equal(dgram_close(kit_socket(DGRAM_UDP6, NULL), NULL, NULL), 0);
}

static void test_the_port_is_free_when_close_returns(void **state) {
  dgram_socket *socket = kit_bound(DGRAM_UDP4, NULL);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(kit_port(socket))};
  int fd = __real_socket(AF_INET, SOCK_DGRAM, 0);
  (void)state;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  assert_int_equal(__real_bind(fd, (struct sockaddr *)&address, sizeof address), -1);
  assert_int_equal(dgram_close(socket, NULL, NULL), 0);
  assert_int_equal(__real_bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  close(fd);
}

static void test_udp6_takes_ipv4_peers(void **state) {
  dgram_bind_options anywhere = {.address = "::"};
  struct kit_seen seen;
  dgram_socket *socket = kit_socket(DGRAM_UDP6, &seen);
  uint16_t port;
  int peer;
  (void)state;
  assert_int_equal(bind_to(socket, &anywhere), 0);
  peer = kit_peer(AF_INET, &port);
  kit_peer_send(peer, kit_port(socket), "x", 1);
  kit_run_until(&seen.messages, 1);
  close(peer);
}

static void test_reuse_addr(void **state) {
  dgram_socket_options reuse = {.type = DGRAM_UDP4, .reuse_addr = true};
  dgram_bind_options where = {.address = "127.0.0.1"};
  dgram_socket *first, *second, *third = kit_socket(DGRAM_UDP4, NULL);
  (void)state;
  assert_int_equal(dgram_create_socket(kit.stack, &reuse, &first), 0);
  assert_int_equal(dgram_create_socket(kit.stack, &reuse, &second), 0);
  assert_int_equal(bind_to(first, &where), 0);
  where.port = kit_port(first);
  assert_int_equal(bind_to(second, &where), 0);
  assert_int_equal(bind_to(third, &where), DGRAM_EADDRINUSE);
}

/* All buffers are the stack's: an endpoint is libuv's handle, counters and some flags. */
static void test_an_endpoint_is_small(void **state) {
  (void)state;
  assert_true(kit.stack->ops->endpoint_size <=
              sizeof(struct dgram__endpoint) + sizeof(uv_poll_t) + 16);
}

/* ---- adopt ---- */

static int adopt(int type, int fd) {
  dgram_bind_options options = {.fd = fd};
  return bind_to(kit_socket(type, NULL), &options);
}

static int system_socket(int domain, int type, int protocol) {
  int fd = __real_socket(domain, type, protocol);
  assert_true(fd > 0);
  return fd;
}

static void test_adopt_refuses_what_is_no_socket_of_the_family(void **state) {
  int fds[] = {
      system_socket(AF_INET6, SOCK_DGRAM, 0),
      system_socket(AF_INET, SOCK_STREAM, 0),
      system_socket(AF_UNIX, SOCK_DGRAM, 0),
      system_socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE),
      open("/dev/null", O_RDONLY),
  };
  (void)state;
  for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
    assert_int_equal(adopt(DGRAM_UDP4, fds[i]), DGRAM_EFDTYPE);
    assert_int_equal(close(fds[i]), 0); /* still ours */
  }
  assert_int_equal(adopt(DGRAM_UDP4, fds[0]), DGRAM_EBADF);
}

static void test_adopt_binds_and_prepares(void **state) {
  int fd = system_socket(AF_INET, SOCK_DGRAM, 0);
  dgram_bind_options options = {.fd = fd};
  dgram_socket *socket = kit_socket(DGRAM_UDP4, NULL);
  (void)state;
  assert_int_equal(bind_to(socket, &options), 0);
  assert_true(kit_port(socket) != 0);
  assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
  assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
  assert_int_equal(dgram_close(socket, NULL, NULL), 0);
  assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void test_adopt_keeps_what_is_bound(void **state) {
  uint16_t port;
  int fd = kit_peer(AF_INET6, &port);
  dgram_bind_options options = {.fd = fd};
  dgram_socket *socket = kit_socket(DGRAM_UDP6, NULL);
  (void)state;
  binds.calls = 0;
  assert_int_equal(bind_to(socket, &options), 0);
  assert_int_equal(kit_port(socket), port);
  assert_int_equal(binds.calls, 0);
}

/* An owner may have asked the kernel to cut all that is sent. Two sockets, since the first of a stack
 * asks by that option whether there are groups. */
static void test_adopt_sends_whole_datagrams(void **state) {
  static const char bytes[] = "0123456789abcdefghijklmno";
  int length = 10;
  uint16_t port, peer_port;
  int peer = kit_peer(AF_INET, &peer_port);
  dgram_address to;
  (void)state;
  assert_int_equal(dgram_address_parse("127.0.0.1", peer_port, &to), 0);
  for (int i = 0; i < 2; i++) {
    int fd = kit_peer(AF_INET, &port);
    dgram_bind_options options = {.fd = fd};
    dgram_socket *socket = kit_socket(DGRAM_UDP4, NULL);
    assert_int_equal(setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &length, sizeof length), 0);
    assert_int_equal(bind_to(socket, &options), 0);
    assert_int_equal(dgram_send_to(socket, bytes, sizeof bytes, &to, NULL, NULL), 0);
    assert_int_equal(dgram_flush(kit.stack), 0);
    assert_int_equal(strlen(kit_peer_text(peer)), 1);
    assert_int_equal(kit_stats(socket).sent, 1);
  }
  close(peer);
}

static void test_adopt_that_cannot_be_watched(void **state) {
  int fd = system_socket(AF_INET, SOCK_DGRAM, 0);
  (void)state;
  polls = (struct kit_fault){.from = 1, .to = 1, .error = EEXIST};
  assert_int_equal(adopt(DGRAM_UDP4, fd), DGRAM_EEXIST);
  assert_int_equal(close(fd), 0);
}

/* How many descriptors the loop's epoll watches. */
static int watched(void) {
  char path[64], line[256];
  int count = 0;
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", uv_backend_fd(&kit.loop));
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  while (fgets(line, sizeof line, file))
    count += strncmp(line, "tfd:", 4) == 0;
  fclose(file);
  return count;
}

static void close_it(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)message;
  *(int *)data = watched();
  assert_int_equal(dgram_close(socket, NULL, NULL), 0);
}

/* While a duplicate lives, epoll would go on to watch a descriptor that was closed before it was
 * taken out, and wake up for it for ever. */
static void test_a_duplicate_is_not_watched(void **state) {
  struct kit_seen seen;
  uint16_t port, peer_port;
  int fd = kit_peer(AF_INET, &port), duplicate = dup(fd), peer = kit_peer(AF_INET, &peer_port);
  dgram_bind_options options = {.fd = fd};
  dgram_socket *socket = kit_socket(DGRAM_UDP4, &seen);
  int before;
  (void)state;
  assert_int_equal(bind_to(socket, &options), 0);
  assert_int_equal(dgram_once_message(socket, close_it, &before), 0);
  kit_peer_send(peer, port, "x", 1);
  kit_run_until(&seen.messages, 1);
  assert_int_equal(watched(), before - 1);
  kit_turns(3);
  close(duplicate);
  close(peer);
}

/* Only the stack's own handle holds the loop. */
static void test_an_unreferenced_socket_does_not_hold_the_users_run(void **state) {
  (void)state;
  dgram_unref(kit_bound(DGRAM_UDP4, NULL));
  assert_int_equal(uv_run(&kit.loop, UV_RUN_DEFAULT), 0);
}

/* ---- receiving on and off ---- */

static void test_paused_is_not_watched(void **state) {
  struct kit_seen seen;
  dgram_socket *socket = kit_bound(DGRAM_UDP4, &seen);
  uint16_t port;
  int peer = kit_peer(AF_INET, &port);
  (void)state;
  assert_int_equal(dgram_pause(socket), 0);
  kit_peer_send(peer, kit_port(socket), "x", 1);
  assert_true(kit_turns_within(50) < 3);
  assert_int_equal(seen.messages, 0);
  assert_int_equal(dgram_resume(socket), 0);
  kit_run_until(&seen.messages, 1);
  close(peer);
}

static void pause_and_resume(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)message;
  (void)data;
  assert_int_equal(dgram_pause(socket), 0);
  assert_int_equal(dgram_resume(socket), 0);
}

/* It changes nothing in the end, so it costs no call to the system. */
static void test_pause_and_resume_inside_a_message(void **state) {
  struct kit_seen seen;
  dgram_socket *socket = kit_bound(DGRAM_UDP4, &seen);
  uint16_t port;
  int peer = kit_peer(AF_INET, &port);
  (void)state;
  assert_int_equal(dgram_on_message(socket, pause_and_resume, NULL), 0);
  for (size_t i = 1; i <= 5; i++) {
    kit_peer_send(peer, kit_port(socket), "x", 1);
    kit_run_until(&seen.messages, i);
  }
  assert_int_equal(starts.calls, 1);
  close(peer);
}

/* ---- options ---- */

static void test_options_reach_the_kernel(void **state) {
  static const struct {
    int type, level, ttl, multicast_ttl, loop;
  } families[] = {
      {DGRAM_UDP4, IPPROTO_IP, IP_TTL, IP_MULTICAST_TTL, IP_MULTICAST_LOOP},
      {DGRAM_UDP6, IPPROTO_IPV6, IPV6_UNICAST_HOPS, IPV6_MULTICAST_HOPS, IPV6_MULTICAST_LOOP},
  };
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    uint16_t port;
    int fd = kit_peer(families[i].type == DGRAM_UDP6 ? AF_INET6 : AF_INET, &port), value = 0;
    socklen_t length = sizeof value;
    dgram_bind_options options = {.fd = fd};
    dgram_socket *socket = kit_socket(families[i].type, NULL);
    assert_int_equal(bind_to(socket, &options), 0);
    assert_int_equal(dgram_set_broadcast(socket, true), 0);
    assert_int_equal(dgram_set_ttl(socket, 7), 0);
    assert_int_equal(dgram_set_multicast_ttl(socket, 9), 0);
    assert_int_equal(dgram_set_multicast_loopback(socket, false), 0);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_BROADCAST, &value, &length), 0);
    assert_int_equal(value, 1);
    assert_int_equal(getsockopt(fd, families[i].level, families[i].ttl, &value, &length), 0);
    assert_int_equal(value, 7);
    assert_int_equal(getsockopt(fd, families[i].level, families[i].multicast_ttl, &value, &length),
                     0);
    assert_int_equal(value, 9);
    assert_int_equal(getsockopt(fd, families[i].level, families[i].loop, &value, &length), 0);
    assert_int_equal(value, 0);
  }
}

static void test_memberships(void **state) {
  static const struct {
    int type;
    const char *group;
  } families[] = {{DGRAM_UDP4, "239.7.7.7"}, {DGRAM_UDP6, "ff02::7777"}};
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    dgram_socket *socket = kit_bound(families[i].type, NULL);
    assert_int_equal(dgram_add_membership(socket, families[i].group, "lo"), 0);
    assert_int_equal(dgram_add_membership(socket, families[i].group, "lo"), DGRAM_EADDRINUSE);
    assert_int_equal(dgram_drop_membership(socket, families[i].group, "lo"), 0);
    assert_int_equal(dgram_drop_membership(socket, families[i].group, "lo"), DGRAM_EADDRNOTAVAIL);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      LIFE_TEST(test_a_failed_bind_leaves_nothing),
      LIFE_TEST(test_an_endpoint_never_bound_closes),
      LIFE_TEST(test_the_port_is_free_when_close_returns),
      LIFE_TEST(test_udp6_takes_ipv4_peers),
      LIFE_TEST(test_reuse_addr),
      LIFE_TEST(test_an_endpoint_is_small),
      LIFE_TEST(test_adopt_refuses_what_is_no_socket_of_the_family),
      LIFE_TEST(test_adopt_binds_and_prepares),
      LIFE_TEST(test_adopt_keeps_what_is_bound),
      LIFE_TEST(test_adopt_sends_whole_datagrams),
      LIFE_TEST(test_adopt_that_cannot_be_watched),
      LIFE_TEST(test_a_duplicate_is_not_watched),
      LIFE_TEST(test_an_unreferenced_socket_does_not_hold_the_users_run),
      LIFE_TEST(test_paused_is_not_watched),
      LIFE_TEST(test_pause_and_resume_inside_a_message),
      LIFE_TEST(test_options_reach_the_kernel),
      LIFE_TEST(test_memberships),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
