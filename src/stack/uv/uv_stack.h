/* The stack over uv_udp_t, wherever libuv runs. It is the reference for what the others do, so it
 * does the plain thing: one call to the system for each datagram, in either direction.
 *
 *   stack.c     the stack, its receive memory, the table of operations
 *   endpoint.c  an endpoint's life: bind, adopt, close
 *   connect.c   an endpoint's peer
 *   transfer.c  receiving and sending
 *   options.c   options and groups
 *
 * What libuv cannot do here: a descriptor that was adopted with IP_RECVERR on spins at the first
 * ICMP error, since libuv 1.44 does not empty the error queue; while there is a peer, datagrams with
 * another address answer DGRAM_EISCONN; a group cannot be joined over IPv4 on an interface that has
 * no IPv4 address (DGRAM_ENODEV); a socket that somebody else shuts down (shutdown(2)) while it
 * receives is seen to be so on Linux only, and may spin elsewhere. */

#ifndef DGRAM_STACK_UV_UV_STACK_H
#define DGRAM_STACK_UV_UV_STACK_H

#include <uv.h>

#include "dgram.h"
#include "stack/loop/loop.h"
#include "stack/stack.h"

struct uv_stack {
  struct loop_stack loop;
  char *slot;       /* DGRAM__SLOT_SIZE bytes that all receive into; NULL until the first does */
  bool slot_is_own; /* not the caller's receive_memory */
};

struct uv_stack_endpoint {
  struct dgram__endpoint base;
  uv_udp_t *udp;    /* bound; NULL before and after */
  unsigned handles; /* which libuv still knows: udp, and those of binds that failed */
  bool closing;
  bool connected;      /* has a peer */
  bool queued;         /* request is libuv's */
  bool queued_to_peer; /* without an address */
  bool tells_info;     /* with each datagram whether it was truncated */
  uint8_t empties;     /* receives in a row that found nothing */
  int queued_length;   /* bytes of the datagram that it sends */
  uv_udp_send_t request;
};

static inline struct uv_stack *uv_stack_of(dgram_stack *stack) {
  return (struct uv_stack *)stack;
}

static inline struct uv_stack_endpoint *uv_stack_endpoint_of(struct dgram__endpoint *endpoint) {
  return (struct uv_stack_endpoint *)endpoint;
}

/* ---- stack.c ---- */

/* Makes sure that there is memory to receive into. DGRAM_ENOMEM. */
int uv_stack_need_slot(struct uv_stack *stack);

/* ---- for the table of operations; what they do stands in stack.h ---- */

int uv_stack_open(struct dgram__endpoint *endpoint);
int uv_stack_bind(struct dgram__endpoint *endpoint, const dgram_address *local,
                  const struct dgram__bind_how *how);
int uv_stack_adopt(struct dgram__endpoint *endpoint, int fd, const struct dgram__bind_how *how);
int uv_stack_duplicate(struct dgram__endpoint *endpoint);
void uv_stack_discard(dgram_stack *stack, int fd);
int uv_stack_local_address(struct dgram__endpoint *endpoint, dgram_address *ret_address);
uint64_t uv_stack_dropped(struct dgram__endpoint *endpoint);
bool uv_stack_close_endpoint(struct dgram__endpoint *endpoint);

int uv_stack_connect(struct dgram__endpoint *endpoint, const dgram_address *remote);
int uv_stack_remote_address(struct dgram__endpoint *endpoint, dgram_address *ret_address);

int uv_stack_receive_start(struct dgram__endpoint *endpoint);
void uv_stack_receive_stop(struct dgram__endpoint *endpoint);
int uv_stack_send(struct dgram__endpoint *endpoint, dgram_datagram *list, size_t count, size_t run,
                  unsigned flags);

int uv_stack_set_recv_info(struct dgram__endpoint *endpoint, uint32_t bits);
int uv_stack_set_option(struct dgram__endpoint *endpoint, int option, int value);
int uv_stack_get_option(struct dgram__endpoint *endpoint, int option);
int uv_stack_path_mtu(struct dgram__endpoint *endpoint, const dgram_address *to);
int uv_stack_set_membership(struct dgram__endpoint *endpoint, bool join, const dgram_address *group,
                            const dgram_address *source, unsigned interface);
int uv_stack_set_multicast_interface(struct dgram__endpoint *endpoint, unsigned interface,
                                     const dgram_address *address);

#endif
