/* An endpoint's peer.
 *
 * Happy path: uv_udp_connect, with NULL to take the peer away.
 *
 * Failure modes: as for the linux stack a port may go with the peer, and an error of the former peer
 * waits in the socket; loop/peer.h says what is done. libuv may hold a datagram without an address,
 * which would go to the next peer: there is none until it has called back. */

#include "stack/uv/uv_stack.h"

#include "stack/loop/peer.h"
#include "stack/loop/sockaddr.h"

static int disconnect(struct uv_stack_endpoint *endpoint) {
  dgram_address before;
  uv_os_fd_t fd;
  int error = uv_stack_local_address(&endpoint->base, &before);
  if (error < 0) return error;
  error = uv_udp_connect(endpoint->udp, NULL);
  if (error < 0) return loop_error(error);
  endpoint->connected = false;
  if (uv_fileno((uv_handle_t *)endpoint->udp, &fd) < 0) return 0;
  int pending = loop_take_error(fd);
  if (pending < 0) dgram__endpoint_peer_failed(&endpoint->base, pending);
  return loop_keep_port(fd, &before);
}

/* libuv knows no change of peers. */
int uv_stack_connect(struct dgram__endpoint *base, const dgram_address *remote) {
  struct uv_stack_endpoint *endpoint = uv_stack_endpoint_of(base);
  union loop_sockaddr sockaddr;
  if (!remote) return disconnect(endpoint);
  if (endpoint->queued && endpoint->queued_to_peer) return DGRAM_EAGAIN;
  if (endpoint->connected) {
    int code = disconnect(endpoint);
    if (code < 0 && code != DGRAM_EADDRINUSE) return code;
  }
  loop_address_to_sockaddr(remote, &sockaddr);
  int error = uv_udp_connect(endpoint->udp, &sockaddr.any);
  if (error < 0) return loop_error(error);
  endpoint->connected = true;
  return 0;
}

int uv_stack_remote_address(struct dgram__endpoint *base, dgram_address *ret_address) {
  union loop_sockaddr name;
  int length = sizeof name;
  int error = uv_udp_getpeername(uv_stack_endpoint_of(base)->udp, &name.any, &length);
  if (error < 0) return loop_error(error);
  loop_address_from_sockaddr(&name.any, ret_address);
  return 0;
}
