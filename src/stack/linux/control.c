/* An adopted descriptor may tell more than was asked for here, in between; what is not known is
 * passed over, and of what is told twice the first counts. */

#include "stack/linux/control.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <time.h>

bool linux_stack_control_get(const struct cmsghdr *control, void *ret_value, size_t size) {
  if (control->cmsg_len < CMSG_LEN(size)) return false;
  memcpy(ret_value, CMSG_DATA(control), size);
  return true;
}

void linux_stack_control_put(struct msghdr *header, int level, int type, const void *value,
                             size_t size) {
  unsigned char *end = (unsigned char *)header->msg_control + header->msg_controllen;
  struct cmsghdr *control = (void *)end;
  memset(control, 0, CMSG_SPACE(size));
  control->cmsg_level = level;
  control->cmsg_type = type;
  control->cmsg_len = CMSG_LEN(size);
  memcpy(CMSG_DATA(control), value, size);
  header->msg_controllen += CMSG_SPACE(size);
}

/* ---- what is asked for ---- */

static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

enum linux_destination linux_stack_destination_of(const dgram_address *to) {
  if (to->family == DGRAM_IPV4) return LINUX_TO_IPV4;
  return memcmp(to->bytes, mapped, sizeof mapped) == 0 ? LINUX_TO_MAPPED : LINUX_TO_IPV6;
}

/* The interface's index, 0 for none: a link-local source names its own. */
static uint32_t interface_of(const dgram_send_info *info) {
  if (info->set & DGRAM_SEND_INTERFACE) return info->interface_index;
  return info->set & DGRAM_SEND_SOURCE_ADDRESS ? info->source_address.scope_id : 0;
}

static void put_packet_ipv4(struct msghdr *header, const dgram_send_info *info) {
  struct in_pktinfo packet = {.ipi_ifindex = (int)interface_of(info)};
  if (info->set & DGRAM_SEND_SOURCE_ADDRESS)
    memcpy(&packet.ipi_spec_dst, info->source_address.bytes, sizeof packet.ipi_spec_dst);
  linux_stack_control_put(header, IPPROTO_IP, IP_PKTINFO, &packet, sizeof packet);
}

/* To an IPv4 peer it says its source as a mapped address, also where it has none to say. */
static void put_packet_ipv6(struct msghdr *header, const dgram_send_info *info,
                            enum linux_destination to) {
  struct in6_pktinfo packet = {.ipi6_ifindex = interface_of(info)};
  if (info->set & DGRAM_SEND_SOURCE_ADDRESS)
    memcpy(&packet.ipi6_addr, info->source_address.bytes, sizeof packet.ipi6_addr);
  else if (to == LINUX_TO_MAPPED)
    memcpy(&packet.ipi6_addr, mapped, sizeof mapped);
  linux_stack_control_put(header, IPPROTO_IPV6, IPV6_PKTINFO, &packet, sizeof packet);
}

/* A udp6 socket says it in both forms: the kernel heeds that of the family that the peer has. */
static void put_tos(struct msghdr *header, int tos, bool ipv6) {
  linux_stack_control_put(header, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
  if (ipv6) linux_stack_control_put(header, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof tos);
}

void linux_stack_control_put_info(struct msghdr *header, const dgram_send_info *info,
                                  enum linux_destination to) {
  const bool ipv6 = to != LINUX_TO_IPV4;
  const bool packet = info->set & (DGRAM_SEND_SOURCE_ADDRESS | DGRAM_SEND_INTERFACE);
  if (packet && ipv6) put_packet_ipv6(header, info, to);
  if (packet && !ipv6) put_packet_ipv4(header, info);
  if (info->set & DGRAM_SEND_TOS) put_tos(header, info->tos, ipv6);
}

/* ---- what was told ---- */

/* What came before its interface was asked for has none: 0. */
static void tell_interface(dgram_recv_info *info, unsigned index) {
  if (index == 0 || (info->present & DGRAM_RECV_INTERFACE)) return;
  info->present |= DGRAM_RECV_INTERFACE;
  info->interface_index = index;
}

static void tell_address(dgram_recv_info *info, int family, const void *bytes, size_t size) {
  if (info->present & DGRAM_RECV_LOCAL_ADDRESS) return;
  info->present |= DGRAM_RECV_LOCAL_ADDRESS;
  info->local_address = (dgram_address){.family = (uint8_t)family};
  memcpy(info->local_address.bytes, bytes, size);
}

static void tell_hop_limit(dgram_recv_info *info, int hops) {
  info->present |= DGRAM_RECV_HOP_LIMIT;
  info->hop_limit = (uint8_t)hops;
}

static void tell_tos(dgram_recv_info *info, int tos) {
  info->present |= DGRAM_RECV_TOS;
  info->tos = (uint8_t)tos;
}

/* ---- reading ---- */

static void read_ipv4(const struct cmsghdr *control, dgram_recv_info *info) {
  struct in_pktinfo packet;
  unsigned char tos;
  int hops;
  if (control->cmsg_type == IP_PKTINFO &&
      linux_stack_control_get(control, &packet, sizeof packet)) {
    tell_address(info, DGRAM_IPV4, &packet.ipi_addr, sizeof packet.ipi_addr);
    tell_interface(info, (unsigned)packet.ipi_ifindex);
  }
  if (control->cmsg_type == IP_TTL && linux_stack_control_get(control, &hops, sizeof hops))
    tell_hop_limit(info, hops);
  if (control->cmsg_type == IP_TOS && linux_stack_control_get(control, &tos, sizeof tos))
    tell_tos(info, tos);
}

/* To such an address only a scope gives a meaning. */
static bool needs_scope(const struct in6_addr *address) {
  return IN6_IS_ADDR_LINKLOCAL(address) || IN6_IS_ADDR_MC_LINKLOCAL(address);
}

static void read_ipv6_packet(const struct in6_pktinfo *packet, dgram_recv_info *info) {
  tell_address(info, DGRAM_IPV6, &packet->ipi6_addr, sizeof packet->ipi6_addr);
  if (needs_scope(&packet->ipi6_addr)) info->local_address.scope_id = packet->ipi6_ifindex;
  tell_interface(info, packet->ipi6_ifindex);
}

static void read_ipv6(const struct cmsghdr *control, dgram_recv_info *info) {
  struct in6_pktinfo packet;
  int value;
  if (control->cmsg_type == IPV6_PKTINFO &&
      linux_stack_control_get(control, &packet, sizeof packet))
    read_ipv6_packet(&packet, info);
  if (control->cmsg_type == IPV6_HOPLIMIT && linux_stack_control_get(control, &value, sizeof value))
    tell_hop_limit(info, value);
  if (control->cmsg_type == IPV6_TCLASS && linux_stack_control_get(control, &value, sizeof value))
    tell_tos(info, value);
}

static void read_time(const struct cmsghdr *control, dgram_recv_info *info) {
  struct timespec time;
  if (control->cmsg_type != SCM_TIMESTAMPNS) return;
  if (!linux_stack_control_get(control, &time, sizeof time)) return;
  info->present |= DGRAM_RECV_TIME;
  info->time_ns = (uint64_t)time.tv_sec * DGRAM_SECOND + (uint64_t)time.tv_nsec;
}

static void read_info(const struct cmsghdr *control, dgram_recv_info *info) {
  if (control->cmsg_level == SOL_SOCKET) read_time(control, info);
  if (control->cmsg_level == IPPROTO_IP) read_ipv4(control, info);
  if (control->cmsg_level == IPPROTO_IPV6) read_ipv6(control, info);
}

static bool says_segment(const struct cmsghdr *control) {
  return control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO;
}

size_t linux_stack_control_read(const struct msghdr *header, dgram_recv_info *ret_info) {
  struct msghdr *all = (struct msghdr *)(uintptr_t)header; /* CMSG_NXTHDR of some wants it so */
  int segment = 0;
  if (ret_info) *ret_info = (dgram_recv_info){0};
  for (struct cmsghdr *c = CMSG_FIRSTHDR(all); c; c = CMSG_NXTHDR(all, c)) {
    const bool found = says_segment(c) && linux_stack_control_get(c, &segment, sizeof segment);
    if (found && !ret_info) break;
    if (ret_info) read_info(c, ret_info);
  }
  return segment > 0 ? (size_t)segment : 0;
}
