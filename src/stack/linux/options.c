/* Socket options: one setsockopt each, or one for each family. */

#include <netinet/in.h>

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
    [DGRAM__OPTION_RECV_BUFFER] = {SOL_SOCKET, SO_RCVBUF},
    [DGRAM__OPTION_SEND_BUFFER] = {SOL_SOCKET, SO_SNDBUF},
};

static const struct option options_ipv6[] = {
    [DGRAM__OPTION_BROADCAST] = {SOL_SOCKET, SO_BROADCAST},
    [DGRAM__OPTION_TTL] = {IPPROTO_IPV6, IPV6_UNICAST_HOPS},
    [DGRAM__OPTION_MULTICAST_TTL] = {IPPROTO_IPV6, IPV6_MULTICAST_HOPS},
    [DGRAM__OPTION_MULTICAST_LOOPBACK] = {IPPROTO_IPV6, IPV6_MULTICAST_LOOP},
    [DGRAM__OPTION_RECV_BUFFER] = {SOL_SOCKET, SO_RCVBUF},
    [DGRAM__OPTION_SEND_BUFFER] = {SOL_SOCKET, SO_SNDBUF},
};

static struct option option_of(const struct dgram__endpoint *base, int option) {
  return base->type == DGRAM_UDP6 ? options_ipv6[option] : options_ipv4[option];
}

int linux_stack_set_option(struct dgram__endpoint *base, int option, int value) {
  if (option == DGRAM__OPTION_ICMP_ERRORS)
    return linux_stack_set_icmp_errors(linux_endpoint_of(base), value != 0);
  int fd = linux_endpoint_of(base)->fd;
  if (option == DGRAM__OPTION_TOS) return loop_set_tos(fd, base->type, value);
  if (option == DGRAM__OPTION_DONT_FRAGMENT) return loop_set_dont_fragment(fd, base->type, value);
  struct option what = option_of(base, option);
  return linux_stack_sys_set_int(fd, what.level, what.name, value);
}

int linux_stack_get_option(struct dgram__endpoint *base, int option) {
  struct option what = option_of(base, option);
  int value;
  int code = linux_stack_sys_get_int(linux_endpoint_of(base)->fd, what.level, what.name, &value);
  return code < 0 ? code : value;
}

int linux_stack_path_mtu(struct dgram__endpoint *base, const dgram_address *to) {
  return loop_path_mtu(linux_endpoint_of(base)->fd, base->type, to);
}

int linux_stack_set_membership(struct dgram__endpoint *base, bool join, const dgram_address *group,
                               const dgram_address *source, unsigned interface) {
  return loop_set_membership(linux_endpoint_of(base)->fd, join, group, source, interface);
}

int linux_stack_set_multicast_interface(struct dgram__endpoint *base, unsigned interface,
                                        const dgram_address *address) {
  return loop_set_multicast_interface(linux_endpoint_of(base)->fd, base->type, interface, address);
}

uint64_t linux_stack_dropped(struct dgram__endpoint *base) {
  return loop_dropped(linux_endpoint_of(base)->fd);
}
