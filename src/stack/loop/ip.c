/* Options of IP. A udp6 socket sends to mapped addresses by IPv4, for which it heeds the options of
 * that: so it gets both. */

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "stack/loop/loop.h"

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
