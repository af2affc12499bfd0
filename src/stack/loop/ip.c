/* Options of IP. A udp6 socket sends to mapped addresses by IPv4, for which it heeds the options of
 * that: so it gets both. */

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stack/loop/loop.h"
#include "stack/loop/sockaddr.h"

static int set_int(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) < 0 ? -errno : 0;
}

/* Some systems know no options of IPv4 on such a socket. */
static int set_mapped(int fd, int name, int value) {
  const int code = set_int(fd, IPPROTO_IP, name, value);
  return code == DGRAM_EINVAL || code == DGRAM_ENOPROTOOPT ? 0 : code;
}

int loop_set_tos(int fd, int type, int tos) {
  if (type == DGRAM_UDP4) return set_int(fd, IPPROTO_IP, IP_TOS, tos);
  const int code = set_int(fd, IPPROTO_IPV6, IPV6_TCLASS, tos);
  return code < 0 ? code : set_mapped(fd, IP_TOS, tos);
}

#if defined(IP_MTU_DISCOVER) && defined(IPV6_MTU_DISCOVER)
int loop_set_dont_fragment(int fd, int type, bool on) {
  const int ipv4 = on ? IP_PMTUDISC_DO : IP_PMTUDISC_WANT;
  const int ipv6 = on ? IPV6_PMTUDISC_DO : IPV6_PMTUDISC_WANT;
  if (type == DGRAM_UDP4) return set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, ipv4);
  const int code = set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, ipv6);
  return code < 0 ? code : set_mapped(fd, IP_MTU_DISCOVER, ipv4);
}
#else
int loop_set_dont_fragment(int fd, int type, bool on) {
  (void)fd;
  (void)type;
  (void)on;
  return DGRAM_ENOTSUP;
}
#endif

#if defined(SO_BINDTODEVICE)
int loop_bind_to_device(int fd, const char *name) {
  const socklen_t length = (socklen_t)strlen(name);
  return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, length) < 0 ? -errno : 0;
}
#else
int loop_bind_to_device(int fd, const char *name) {
  (void)fd;
  (void)name;
  return DGRAM_ENOTSUP;
}
#endif

/* ---- path MTU ---- */

#if defined(IP_MTU) && defined(IPV6_MTU) && defined(SO_BINDTODEVICE)

/* The way depends on the device that a socket is bound to, and may on its address. */
static int copy_device(int from, int to) {
  char name[DGRAM__INTERFACE_NAME_MAX];
  socklen_t length = sizeof name;
  if (getsockopt(from, SOL_SOCKET, SO_BINDTODEVICE, name, &length) < 0) return -errno;
  if (length == 0) return 0;
  return setsockopt(to, SOL_SOCKET, SO_BINDTODEVICE, name, length) < 0 ? -errno : 0;
}

static int copy_address(int from, int to) {
  union loop_sockaddr address;
  socklen_t length = sizeof address;
  if (getsockname(from, &address.any, &length) < 0) return -errno;
  address.ipv4.sin_port = 0; /* at the same place in both families */
  return bind(to, &address.any, length) < 0 ? -errno : 0;
}

/* A socket that is like fd, but has another port. IPv4 is for udp6 sockets that take it. */
static int prepare_probe(int probe, int fd, int type) {
  int only_ipv6 = 0;
  socklen_t length = sizeof only_ipv6;
  int code = set_int(probe, SOL_SOCKET, SO_BROADCAST, 1);
  if (code == 0) code = copy_device(fd, probe);
  if (code == 0 && type == DGRAM_UDP6) {
    if (getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_ipv6, &length) < 0) return -errno;
    code = set_int(probe, IPPROTO_IPV6, IPV6_V6ONLY, only_ipv6);
  }
  return code < 0 ? code : copy_address(fd, probe);
}

static int ask_probe(int probe, int type, const dgram_address *to) {
  union loop_sockaddr address;
  const socklen_t address_length = loop_address_to_sockaddr(to, &address);
  const bool ipv6 = type == DGRAM_UDP6;
  int mtu = 0;
  socklen_t length = sizeof mtu;
  if (connect(probe, &address.any, address_length) < 0) return -errno;
  if (getsockopt(probe, ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? IPV6_MTU : IP_MTU, &mtu, &length) <
      0)
    return -errno;
  return mtu;
}

/* The kernel tells it of connected sockets only, so one is made for the question: what it knows of a
 * way it knows for all of them. */
int loop_path_mtu(int fd, int type, const dgram_address *to) {
  const int domain = type == DGRAM_UDP6 ? AF_INET6 : AF_INET;
  const int probe = socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP);
  if (probe < 0) return -errno;
  int result = prepare_probe(probe, fd, type);
  if (result == 0) result = ask_probe(probe, type, to);
  close(probe);
  return result;
}

#else

int loop_path_mtu(int fd, int type, const dgram_address *to) {
  (void)fd;
  (void)type;
  (void)to;
  return DGRAM_ENOTSUP;
}

#endif
