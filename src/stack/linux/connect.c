/* A socket's peer.
 *
 * Happy path: connect(2), which on UDP sends nothing; disconnecting is connect(2) to no family.
 *
 * Failure modes: a port that the kernel has chosen itself goes with the peer (loop/peer.h). An error
 * that ICMP has reported of the former peer waits in the socket: it would meet the next datagram to
 * anybody, so it is taken and told. */

#include "stack/linux/linux.h"
#include "stack/linux/system.h"
#include "stack/loop/peer.h"

static void take_pending_error(struct linux_endpoint *endpoint) {
  int pending = loop_take_error(endpoint->fd);
  if (pending < 0 && !linux_stack_absorbs(endpoint, pending))
    dgram__endpoint_peer_failed(&endpoint->base, pending);
}

static int disconnect(struct linux_endpoint *endpoint) {
  const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
  dgram_address before;
  int code = linux_stack_name_of(endpoint->fd, &before);
  if (code == 0) code = linux_stack_sys_connect(endpoint->fd, &nobody, sizeof nobody);
  if (code < 0) return code;
  take_pending_error(endpoint);
  endpoint->connected = false;
  if (linux_stack_is_unix(endpoint)) return 0; /* its name stays */
  return loop_keep_port(endpoint->fd, &before);
}

void linux_stack_note_peer(struct linux_endpoint *endpoint, const dgram_address *remote) {
  endpoint->connected = true;
  endpoint->peer_mapped = linux_stack_destination_of(remote) == LINUX_TO_MAPPED;
}

int linux_stack_connect(struct dgram__endpoint *base, const dgram_address *remote) {
  struct linux_endpoint *endpoint = linux_endpoint_of(base);
  if (!remote) return disconnect(endpoint);
  union loop_sockaddr address;
  socklen_t length = loop_address_to_sockaddr(remote, &address);
  int code = linux_stack_sys_connect(endpoint->fd, &address.any, length);
  if (code < 0) return code;
  linux_stack_note_peer(endpoint, remote);
  return 0;
}

int linux_stack_remote_address(struct dgram__endpoint *base, dgram_address *ret_address) {
  union loop_sockaddr address = {.any.sa_family = AF_UNSPEC};
  socklen_t length = sizeof address;
  int code = linux_stack_sys_getpeername(linux_endpoint_of(base)->fd, &address.any, &length);
  if (code < 0) return code;
  loop_address_from_sockaddr(&address.any, ret_address);
  return 0;
}
