/* The simulation's rules of ports and delivery against those of the kernel that the test runs on:
 * the same sockets are made here and there, and the same must come of it. */

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim_kit.h"

struct local {
  int type;
  const char *address;
};

static const struct local locals[] = {
    {DGRAM_UDP4, "0.0.0.0"},   {DGRAM_UDP4, "127.0.0.1"},       {DGRAM_UDP4, "127.0.0.2"},
    {DGRAM_UDP4, "239.1.2.3"}, {DGRAM_UDP4, "127.255.255.255"}, {DGRAM_UDP6, "::"},
    {DGRAM_UDP6, "::1"},       {DGRAM_UDP6, "::ffff:0.0.0.0"},  {DGRAM_UDP6, "::ffff:127.0.0.1"},
};

/* Where a third socket sends. The group is joined by the first one, if it is of IPv4: for IPv6 the
 * kernel has no way to a group by "lo". */
static const struct local targets[] = {
    {DGRAM_UDP4, "127.0.0.1"}, {DGRAM_UDP4, "127.0.0.2"}, {DGRAM_UDP4, "127.255.255.255"},
    {DGRAM_UDP4, "239.1.2.3"}, {DGRAM_UDP6, "::1"},
};

enum { LOCALS = sizeof locals / sizeof *locals, TARGETS = sizeof targets / sizeof *targets };
static const char group[] = "239.1.2.3";

/* What came of two sockets. */
struct outcome {
  int bound;                 /* the second bind: 0 or a code */
  unsigned reached[TARGETS]; /* bit 0: the first got what was sent there; bit 1: the second did */
};

/* ---- in the kernel ---- */

union name {
  struct sockaddr any;
  struct sockaddr_in ipv4;
  struct sockaddr_in6 ipv6;
};

static socklen_t name_of(const struct local *local, uint16_t port, union name *ret) {
  memset(ret, 0, sizeof *ret);
  if (local->type == DGRAM_UDP4) {
    ret->ipv4.sin_family = AF_INET;
    ret->ipv4.sin_port = htons(port);
    assert_int_equal(inet_pton(AF_INET, local->address, &ret->ipv4.sin_addr), 1);
    return sizeof ret->ipv4;
  }
  ret->ipv6.sin6_family = AF_INET6;
  ret->ipv6.sin6_port = htons(port);
  assert_int_equal(inet_pton(AF_INET6, local->address, &ret->ipv6.sin6_addr), 1);
  return sizeof ret->ipv6;
}

static int make(int type, bool reuse) {
  int on = reuse, off = 0;
  int domain = type == DGRAM_UDP4 ? AF_INET : AF_INET6;
  int fd = socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  assert_true(fd >= 0);
  if (type == DGRAM_UDP6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
  return fd;
}

static int bind_fd(int fd, const struct local *local, uint16_t port) {
  union name name;
  socklen_t length = name_of(local, port, &name);
  return bind(fd, &name.any, length) < 0 ? -errno : 0;
}

/* A port that nobody has, in either family; taken a moment later it is still free, or we try
 * again. */
static uint16_t free_port(void) {
  const struct local all = {DGRAM_UDP6, "::"};
  union name name;
  socklen_t length = sizeof name;
  int fd = make(DGRAM_UDP6, false);
  assert_int_equal(bind_fd(fd, &all, 0), 0);
  assert_int_equal(getsockname(fd, &name.any, &length), 0);
  close(fd);
  return ntohs(name.ipv6.sin6_port);
}

static void join_group(int fd) {
  struct ip_mreqn request = {.imr_ifindex = (int)if_nametoindex("lo")};
  inet_pton(AF_INET, group, &request.imr_multiaddr);
  assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request), 0);
}

/* A socket that may send everywhere, groups by way of "lo". */
static int make_sender(int type) {
  struct ip_mreqn lo = {.imr_ifindex = (int)if_nametoindex("lo")};
  int on = 1;
  int fd = make(type, false);
  if (type == DGRAM_UDP4) setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &lo, sizeof lo);
  setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
  return fd;
}

static void drain(int fd, unsigned *reached, unsigned bit) {
  unsigned char target;
  while (recv(fd, &target, 1, 0) == 1)
    reached[target] |= bit;
}

static void send_all(uint16_t port) {
  for (unsigned char i = 0; i < TARGETS; i++) {
    union name name;
    socklen_t length = name_of(&targets[i], port, &name);
    int fd = make_sender(targets[i].type);
    assert_int_equal(sendto(fd, &i, 1, 0, &name.any, length), 1);
    close(fd);
  }
}

/* Returns false where somebody else has taken the port meanwhile. */
static bool ask_kernel(const struct local *a, const struct local *b, unsigned reuse,
                       struct outcome *ret) {
  uint16_t port = free_port();
  int first = make(a->type, reuse & 1), second = make(b->type, reuse & 2);
  memset(ret, 0, sizeof *ret);
  bool ours = bind_fd(first, a, port) == 0;
  if (ours) {
    if (a->type == DGRAM_UDP4) join_group(first);
    ret->bound = bind_fd(second, b, port);
    send_all(port);
    drain(first, ret->reached, 1);
    if (ret->bound == 0) drain(second, ret->reached, 2);
  }
  close(first);
  close(second);
  return ours;
}

/* ---- in the simulation ---- */

struct sink {
  unsigned *reached;
  unsigned bit;
};

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  const struct sink *sink = data;
  (void)socket;
  sink->reached[*(const unsigned char *)message->bytes] |= sink->bit;
}

static void send_everywhere(int port) {
  for (unsigned i = 0; i < TARGETS; i++) {
    dgram_socket *sender = sim_bound(targets[i].type, NULL, 0, NULL);
    assert_int_equal(dgram_set_broadcast(sender, true), 0);
    assert_int_equal(sim_send(sender, targets[i].address, port, (char)i, 1), 1);
    assert_int_equal(dgram_close(sender, NULL, NULL), 0);
  }
}

static void ask_simulation(const struct local *a, const struct local *b, unsigned reuse,
                           struct outcome *ret) {
  struct sink sinks[2] = {{ret->reached, 1}, {ret->reached, 2}};
  dgram_socket *first = sim_socket(a->type, reuse & 1, NULL);
  dgram_socket *second = sim_socket(b->type, reuse & 2, NULL);
  memset(ret, 0, sizeof *ret);
  dgram_on_message(first, on_message, &sinks[0]);
  dgram_on_message(second, on_message, &sinks[1]);
  assert_int_equal(sim_bind(first, a->address, 5000), 0);
  if (a->type == DGRAM_UDP4) assert_int_equal(dgram_add_membership(first, group, "lo"), 0);
  ret->bound = sim_bind(second, b->address, 5000);
  send_everywhere(5000);
  assert_int_equal(dgram_close(first, NULL, NULL), 0);
  assert_int_equal(dgram_close(second, NULL, NULL), 0);
  sim_settle();
}

/* ---- the two ---- */

/* Another program may sit on the port: it would have to be so three times over. */
static void compare(const struct local *a, const struct local *b, unsigned reuse) {
  struct outcome simulated, real = {0};
  ask_simulation(a, b, reuse, &simulated);
  for (int i = 0; i < 3; i++) {
    if (ask_kernel(a, b, reuse, &real) && memcmp(&simulated, &real, sizeof real) == 0) return;
  }
  print_message("%s and %s, reuse %u: the kernel says %d, the simulation %d\n", a->address,
                b->address, reuse, real.bound, simulated.bound);
  for (unsigned i = 0; i < TARGETS; i++)
    print_message("to %s: the kernel reaches %u, the simulation %u\n", targets[i].address,
                  real.reached[i], simulated.reached[i]);
  fail();
}

static bool has_ipv6(void) {
  const struct local loopback = {DGRAM_UDP6, "::1"};
  int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  bool has = fd >= 0 && bind_fd(fd, &loopback, 0) == 0;
  if (fd >= 0) close(fd);
  return has;
}

static void test_the_same_as_the_kernel(void **state) {
  (void)state;
  if (!has_ipv6()) {
    print_message("skipped: this host has no IPv6\n");
    skip();
  }
  for (int a = 0; a < LOCALS; a++) {
    for (int b = 0; b < LOCALS; b++) {
      for (unsigned reuse = 0; reuse < 4; reuse++)
        compare(&locals[a], &locals[b], reuse);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      SIM_TEST(test_the_same_as_the_kernel),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
