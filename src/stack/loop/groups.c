/* Multicast groups of the system's sockets.
 *
 * By an interface's index, which every interface has, and not by an address, which it need not
 * have: RFC 3678 5.1, of one form for both families. */

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "stack/loop/loop.h"
#include "stack/loop/sockaddr.h"

static void write_address(const dgram_address *address, struct sockaddr_storage *ret_storage) {
  union loop_sockaddr sockaddr;
  memcpy(ret_storage, &sockaddr, loop_address_to_sockaddr(address, &sockaddr));
}

static int level_of(const dgram_address *group) {
  return group->family == DGRAM_IPV6 ? IPPROTO_IPV6 : IPPROTO_IP;
}

static int set_group(int fd, bool join, const dgram_address *group, unsigned interface) {
  struct group_req request = {.gr_interface = interface};
  const int name = join ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP;
  write_address(group, &request.gr_group);
  return setsockopt(fd, level_of(group), name, &request, sizeof request) < 0 ? -errno : 0;
}

/* EINVAL in leaving: the group is not joined at all, or from all. */
static int set_source_group(int fd, bool join, const dgram_address *group,
                            const dgram_address *source, unsigned interface) {
  struct group_source_req request = {.gsr_interface = interface};
  const int name = join ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP;
  write_address(group, &request.gsr_group);
  write_address(source, &request.gsr_source);
  int code = setsockopt(fd, level_of(group), name, &request, sizeof request) < 0 ? -errno : 0;
  return code == DGRAM_EINVAL && !join ? DGRAM_EADDRNOTAVAIL : code;
}

int loop_set_membership(int fd, bool join, const dgram_address *group, const dgram_address *source,
                        unsigned interface) {
  if (source) return set_source_group(fd, join, group, source, interface);
  return set_group(fd, join, group, interface);
}

static int set_interface_ipv4(int fd, unsigned interface, const dgram_address *address) {
  struct ip_mreqn request = {.imr_ifindex = (int)interface};
  if (address) memcpy(&request.imr_address, address->bytes, sizeof request.imr_address);
  return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request) < 0 ? -errno : 0;
}

static int set_interface_ipv6(int fd, unsigned interface) {
  return setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &interface, sizeof interface) < 0 ? -errno
                                                                                           : 0;
}

/* No index of an interface reaches what an int holds (DGRAM__INTERFACE_INDEX_MAX). */
int loop_set_multicast_interface(int fd, int type, unsigned interface,
                                 const dgram_address *address) {
  if (type == DGRAM_UDP6) return set_interface_ipv6(fd, interface);
  return set_interface_ipv4(fd, interface, address);
}
