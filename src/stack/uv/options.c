/* Options and groups. */

#include "stack/uv/uv_stack.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

/* There is no info yet that this stack can give on request, so the core never asks for any. */
int uv_stack_set_recv_info(struct dgram__endpoint *endpoint, uint32_t bits) {
  (void)endpoint;
  assert(bits == 0);
  (void)bits;
  return 0;
}

static int set_ipv4_option(uv_udp_t *udp, int option, int value) {
  if (option == DGRAM__OPTION_TTL) return uv_udp_set_ttl(udp, value);
  if (option == DGRAM__OPTION_MULTICAST_TTL) return uv_udp_set_multicast_ttl(udp, value);
  return uv_udp_set_multicast_loop(udp, value);
}

/* Not by libuv, which takes a descriptor that it has not bound itself for one of IPv4. All three
 * are of type int on every system: RFC 3493 5.1 and 5.2. */
static int set_ipv6_option(uv_udp_t *udp, int option, int value) {
  int name = IPV6_MULTICAST_LOOP;
  uv_os_fd_t fd;
  if (option == DGRAM__OPTION_TTL) name = IPV6_UNICAST_HOPS;
  if (option == DGRAM__OPTION_MULTICAST_TTL) name = IPV6_MULTICAST_HOPS;
  int error = uv_fileno((uv_handle_t *)udp, &fd);
  if (error < 0) return error;
  return setsockopt(fd, IPPROTO_IPV6, name, &value, sizeof value) < 0 ? -errno : 0;
}

int uv_stack_set_option(struct dgram__endpoint *base, int option, int value) {
  uv_udp_t *udp = uv_stack_endpoint_of(base)->udp;
  int error;
  if (option == DGRAM__OPTION_BROADCAST)
    error = uv_udp_set_broadcast(udp, value);
  else if (base->type == DGRAM_UDP4)
    error = set_ipv4_option(udp, option, value);
  else
    error = set_ipv6_option(udp, option, value);
  return error < 0 ? loop_error(error) : 0;
}

/* libuv knows an interface by one of its addresses. */
static int interface_text_ipv4(const struct dgram__interface *interface, char *text, size_t size) {
  if (interface->address.family != DGRAM_IPV4) return DGRAM_ENODEV;
  return dgram_address_format(&interface->address, text, size);
}

/* For IPv6 only the scope of that address counts, so any will do. */
static int interface_text_ipv6(unsigned index, char *text, size_t size) {
  char scope[UV_IF_NAMESIZE];
  size_t scope_size = sizeof scope;
  if (uv_if_indextoiid(index, scope, &scope_size) < 0) return DGRAM_ENODEV;
  return snprintf(text, size, "::%%%s", scope);
}

/* The length of the text; 0: the system's choice. A group's own scope may name an interface too. */
static int interface_text(const dgram_address *group, const struct dgram__interface *interface,
                          char *text, size_t size) {
  unsigned index = interface ? interface->index : group->scope_id;
  if (group->family == DGRAM_IPV6 && index != 0) return interface_text_ipv6(index, text, size);
  if (group->family == DGRAM_IPV4 && interface) return interface_text_ipv4(interface, text, size);
  return 0;
}

int uv_stack_set_membership(struct dgram__endpoint *base, bool join, const dgram_address *group,
                            const struct dgram__interface *interface) {
  dgram_address unscoped = *group;
  char group_text[DGRAM_ADDRESS_TEXT];
  char text[DGRAM_ADDRESS_TEXT];
  unscoped.scope_id = 0;
  int error = dgram_address_format(&unscoped, group_text, sizeof group_text);
  if (error < 0) return error;
  int length = interface_text(group, interface, text, sizeof text);
  if (length < 0) return length;
  error = uv_udp_set_membership(uv_stack_endpoint_of(base)->udp, group_text,
                                length > 0 ? text : NULL, join ? UV_JOIN_GROUP : UV_LEAVE_GROUP);
  return error < 0 ? loop_error(error) : 0;
}
