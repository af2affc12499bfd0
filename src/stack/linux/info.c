/* Info with datagrams received: what the socket is asked to tell.
 *
 * A udp6 socket has IPv4 peers too, for whose datagrams the kernel tells what IPv4's options ask for;
 * their addresses and interfaces come with IPv6's. Nothing is asked for that nobody wants: each kind
 * costs the kernel a control message with each datagram. */

#include <netinet/in.h>

#include "stack/linux/linux.h"
#include "stack/linux/system.h"

/* An option that brings one of these bits. */
struct option {
  uint32_t bits;
  int level;
  int name;
};

enum { PACKET = DGRAM_RECV_LOCAL_ADDRESS | DGRAM_RECV_INTERFACE };

static const struct option options_ipv4[] = {
    {PACKET, IPPROTO_IP, IP_PKTINFO},
    {DGRAM_RECV_HOP_LIMIT, IPPROTO_IP, IP_RECVTTL},
    {DGRAM_RECV_TOS, IPPROTO_IP, IP_RECVTOS},
    {DGRAM_RECV_TIME, SOL_SOCKET, SO_TIMESTAMPNS},
    {0, 0, 0},
};

static const struct option options_ipv6[] = {
    {PACKET, IPPROTO_IPV6, IPV6_RECVPKTINFO},
    {DGRAM_RECV_HOP_LIMIT, IPPROTO_IPV6, IPV6_RECVHOPLIMIT},
    {DGRAM_RECV_HOP_LIMIT, IPPROTO_IP, IP_RECVTTL},
    {DGRAM_RECV_TOS, IPPROTO_IPV6, IPV6_RECVTCLASS},
    {DGRAM_RECV_TOS, IPPROTO_IP, IP_RECVTOS},
    {DGRAM_RECV_TIME, SOL_SOCKET, SO_TIMESTAMPNS},
    {0, 0, 0},
};

static int switch_one(int fd, const struct option *option, uint32_t from, uint32_t to) {
  const bool before = from & option->bits, after = to & option->bits;
  if (before == after) return 0;
  return linux_stack_sys_set_int(fd, option->level, option->name, after);
}

int linux_stack_switch_info(int fd, int type, uint32_t from, uint32_t to) {
  const struct option *options = type == DGRAM_UDP6 ? options_ipv6 : options_ipv4;
  for (const struct option *option = options; option->bits != 0; option++) {
    int code = switch_one(fd, option, from, to);
    if (code == 0) continue;
    while (option-- > options)
      (void)switch_one(fd, option, to, from);
    return code;
  }
  return 0;
}

/* The port of the addresses that will be told; it is read once, and not with each datagram. */
static int read_port(int fd, uint32_t bits, uint16_t *ret_port) {
  dgram_address local = {0};
  int code = bits & DGRAM_RECV_LOCAL_ADDRESS ? linux_stack_name_of(fd, &local) : 0;
  if (code == 0) *ret_port = local.port;
  return code;
}

int linux_stack_expect_info(struct linux_endpoint *endpoint, int fd, uint32_t bits) {
  int code = read_port(fd, bits, &endpoint->port);
  if (code == 0) endpoint->recv_info = (uint8_t)bits;
  return code;
}

/* An adopted descriptor may have other readers, who want to be told still. */
int linux_stack_set_recv_info(struct dgram__endpoint *base, uint32_t bits) {
  struct linux_endpoint *endpoint = linux_endpoint_of(base);
  const uint32_t before = endpoint->recv_info;
  const uint32_t kept = endpoint->adopted ? before : 0;
  uint16_t port = 0;
  int code = read_port(endpoint->fd, bits, &port);
  if (code == 0) code = linux_stack_switch_info(endpoint->fd, base->type, before, bits | kept);
  if (code < 0) return code;
  endpoint->port = port;
  endpoint->recv_info = (uint8_t)bits;
  return 0;
}
