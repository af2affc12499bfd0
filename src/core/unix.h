/* What is different of unix datagram sockets: their addresses are paths, and most options are IP's. */

#ifndef DGRAM_CORE_UNIX_H
#define DGRAM_CORE_UNIX_H

#include "core/socket.h"

/* Bits of dgram_set_recv_info that sockets of this type can have. */
static inline uint32_t dgram__recv_info_of(const dgram_stack *stack, int type) {
  return type == DGRAM_UNIX ? DGRAM_RECV_PATH | DGRAM_RECV_TRUNCATED : stack->ops->recv_info;
}

/* Whether a unix socket can have these options on this stack: 0 or DGRAM_ENOTSUP. */
int dgram__unix_check_options(const dgram_stack *stack, const dgram_socket_options *options);

/* Reads a destination, or a peer, of a unix socket: 0 or a code. */
int dgram__unix_destination_read(const char *path, int port, dgram_address *ret_to);

/* Reads where to bind to: 0 or a code. */
int dgram__unix_local_read(const dgram_bind_options *options, dgram_address *ret_local);

/* A copy of info that needs nothing of the caller's any more, and how many bytes that takes; of NULL
 * none. */
size_t dgram__send_info_size(const dgram_send_info *info);
const dgram_send_info *dgram__send_info_copy(const dgram_send_info *info, void *to);

/* A copy of info in a block, where it has a path: what is told of a datagram that has failed. Else, and
 * without memory, NULL. */
const dgram_send_info *dgram__unix_keep_path(dgram_stack *stack, const dgram_send_info *info,
                                             struct dgram__block **ret_block);

/* Where a datagram of a list goes: 0 or a code. */
int dgram__unix_check_to(const dgram_socket *socket, const dgram_datagram *datagram);

/* Where a datagram went, DGRAM_PATH_TEXT bytes: false where nobody knows. */
bool dgram__unix_path_of(const dgram_socket *socket, const dgram_datagram *datagram, char *text);

/* 0, or DGRAM_ENOTSUP: what is asked for is IP's. After dgram__socket_check. */
static inline int dgram__needs_ip(const dgram_socket *socket) {
  return socket->type == DGRAM_UNIX ? DGRAM_ENOTSUP : 0;
}

#endif
