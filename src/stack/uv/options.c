/* Options and groups. */

#include "stack/uv/uv_stack.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* libuv tells whether a datagram was cut, and nothing else. Never fails. */
int uv_stack_set_recv_info(struct dgram__endpoint *base, uint32_t bits) {
  assert((bits & ~(uint32_t)DGRAM_RECV_TRUNCATED) == 0);
  uv_stack_endpoint_of(base)->tells_info = bits != 0;
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

/* libuv has no call for these. */
static int set_ip_option(uv_udp_t *udp, int type, int option, int value) {
  uv_os_fd_t fd;
  int error = uv_fileno((uv_handle_t *)udp, &fd);
  if (error < 0) return error;
  if (option == DGRAM__OPTION_TOS) return loop_set_tos(fd, type, value);
  return loop_set_dont_fragment(fd, type, value);
}

/* *value 0 asks, and gets the answer. */
static int buffer_size(uv_udp_t *udp, int option, int *value) {
  if (option == DGRAM__OPTION_RECV_BUFFER) return uv_recv_buffer_size((uv_handle_t *)udp, value);
  return uv_send_buffer_size((uv_handle_t *)udp, value);
}

static bool is_buffer_size(int option) {
  return option == DGRAM__OPTION_RECV_BUFFER || option == DGRAM__OPTION_SEND_BUFFER;
}

int uv_stack_set_option(struct dgram__endpoint *base, int option, int value) {
  uv_udp_t *udp = uv_stack_endpoint_of(base)->udp;
  int error;
  if (is_buffer_size(option))
    error = buffer_size(udp, option, &value);
  else if (option == DGRAM__OPTION_BROADCAST)
    error = uv_udp_set_broadcast(udp, value);
  else if (option == DGRAM__OPTION_TOS || option == DGRAM__OPTION_DONT_FRAGMENT)
    error = set_ip_option(udp, base->type, option, value);
  else if (base->type == DGRAM_UDP4)
    error = set_ipv4_option(udp, option, value);
  else
    error = set_ipv6_option(udp, option, value);
  return error < 0 ? loop_error(error) : 0;
}

int uv_stack_path_mtu(struct dgram__endpoint *base, const dgram_address *to) {
  uv_os_fd_t fd;
  int error = uv_fileno((uv_handle_t *)uv_stack_endpoint_of(base)->udp, &fd);
  return error < 0 ? loop_error(error) : loop_path_mtu(fd, base->type, to);
}

int uv_stack_get_option(struct dgram__endpoint *base, int option) {
  int value = 0;
  assert(is_buffer_size(option));
  int error = buffer_size(uv_stack_endpoint_of(base)->udp, option, &value);
  return error < 0 ? loop_error(error) : value;
}

/* Not by libuv, which wants one of the interface's addresses: an interface need not have any. */
int uv_stack_set_membership(struct dgram__endpoint *base, bool join, const dgram_address *group,
                            const dgram_address *source, unsigned interface) {
  uv_os_fd_t fd;
  int error = uv_fileno((uv_handle_t *)uv_stack_endpoint_of(base)->udp, &fd);
  if (error < 0) return loop_error(error);
  return loop_set_membership(fd, join, group, source, interface);
}

int uv_stack_set_multicast_interface(struct dgram__endpoint *base, unsigned interface,
                                     const dgram_address *address) {
  uv_os_fd_t fd;
  int error = uv_fileno((uv_handle_t *)uv_stack_endpoint_of(base)->udp, &fd);
  if (error < 0) return loop_error(error);
  return loop_set_multicast_interface(fd, base->type, interface, address);
}
