/* Socket options and memberships: one setsockopt each. */

#include <netinet/in.h>
#include <string.h>

#include "stack/linux/linux.h"
#include "stack/linux/system.h"

struct option {
  int level;
  int name;
};

static const struct option options_ipv4[] = {
    [DGRAM__OPTION_BROADCAST] = {SOL_SOCKET, SO_BROADCAST},
    [DGRAM__OPTION_TTL] = {IPPROTO_IP, IP_TTL},
    [DGRAM__OPTION_MULTICAST_TTL] = {IPPROTO_IP, IP_MULTICAST_TTL},
    [DGRAM__OPTION_MULTICAST_LOOPBACK] = {IPPROTO_IP, IP_MULTICAST_LOOP},
};

static const struct option options_ipv6[] = {
    [DGRAM__OPTION_BROADCAST] = {SOL_SOCKET, SO_BROADCAST},
    [DGRAM__OPTION_TTL] = {IPPROTO_IPV6, IPV6_UNICAST_HOPS},
    [DGRAM__OPTION_MULTICAST_TTL] = {IPPROTO_IPV6, IPV6_MULTICAST_HOPS},
    [DGRAM__OPTION_MULTICAST_LOOPBACK] = {IPPROTO_IPV6, IPV6_MULTICAST_LOOP},
};

int linux_stack_set_option(struct dgram__endpoint *base, int option, int value) {
  if (option == DGRAM__OPTION_ICMP_ERRORS)
    return linux_stack_set_icmp_errors(linux_endpoint_of(base), value != 0);
  const struct option *options = base->type == DGRAM_UDP6 ? options_ipv6 : options_ipv4;
  int fd = linux_endpoint_of(base)->fd;
  return linux_stack_sys_set_int(fd, options[option].level, options[option].name, value);
}

static int set_membership_ipv4(int fd, bool join, const dgram_address *group,
                               const struct dgram__interface *interface) {
  struct ip_mreqn request = {.imr_ifindex = interface ? (int)interface->index : 0};
  memcpy(&request.imr_multiaddr, group->bytes, sizeof request.imr_multiaddr);
  if (interface && interface->address.family == DGRAM_IPV4)
    memcpy(&request.imr_address, interface->address.bytes, sizeof request.imr_address);
  return linux_stack_sys_setsockopt(fd, IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP,
                                    &request, sizeof request);
}

/* Without an interface the group's own scope may name one: ff02::1%2. */
static int set_membership_ipv6(int fd, bool join, const dgram_address *group,
                               const struct dgram__interface *interface) {
  struct ipv6_mreq request = {.ipv6mr_interface = interface ? interface->index : group->scope_id};
  memcpy(&request.ipv6mr_multiaddr, group->bytes, sizeof request.ipv6mr_multiaddr);
  return linux_stack_sys_setsockopt(fd, IPPROTO_IPV6, join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP,
                                    &request, sizeof request);
}

int linux_stack_set_membership(struct dgram__endpoint *base, bool join, const dgram_address *group,
                               const struct dgram__interface *interface) {
  int fd = linux_endpoint_of(base)->fd;
  if (base->type == DGRAM_UDP6) return set_membership_ipv6(fd, join, group, interface);
  return set_membership_ipv4(fd, join, group, interface);
}

uint64_t linux_stack_dropped(struct dgram__endpoint *base) {
  return loop_dropped(linux_endpoint_of(base)->fd);
}
