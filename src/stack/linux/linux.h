/* The linux stack, inside: UDP sockets on readiness from libuv (uv_poll), in batches.
 *
 *   stack.c      the table of operations, creating a stack
 *   endpoint.c   a socket's life: open, bind, adopt, close
 *   connect.c    a socket's peer
 *   unix.c       what is different of unix sockets
 *   path.c       their names
 *   readiness.c  what epoll is asked for, and what is done when it answers
 *   rest.c       sockets that are left alone for a while
 *   receive.c    from the kernel into the stack's slots
 *   split.c      from the slots to messages, and on to the core
 *   send.c       from the core to the kernel
 *   batch.c      datagrams as what one call to the kernel takes
 *   control.c    what travels beside a datagram
 *   info.c       which of that the socket is asked for
 *   errors.c     what each error of sending and receiving leads to
 *   error_queue.c  what ICMP has answered, and other errors that are pending
 *   options.c    socket options and memberships
 *   system.h     the system calls */

#ifndef DGRAM_STACK_LINUX_LINUX_H
#define DGRAM_STACK_LINUX_LINUX_H

#include <sys/socket.h>

#include "stack/linux/batch.h"
#include "stack/linux/errors.h"
#include "stack/linux/path.h"
#include "stack/loop/loop.h"
#include "stack/loop/sockaddr.h"

/* Room for the control messages with a slot. */
struct linux_slot_control {
  alignas(struct cmsghdr) unsigned char bytes[DGRAM__CONTROL_SIZE];
};

/* What one recvmmsg writes to, slot by slot, and what the core is shown of it. One for all sockets
 * of a stack: it is in use only while one of them receives and tells. */
struct linux_receiver {
  void *memory; /* what the slots stand in; NULL until a socket first wants to receive */
  unsigned slots;
  unsigned slots_max; /* how far they may grow */
  void *borrowed;     /* the user's memory, or NULL */
  bool full;          /* the last batch filled every slot and was small: more slots help */
  const void *latest; /* the endpoint that received last: for comparing, it may be gone */
  struct mmsghdr headers[DGRAM__SLOTS_MAX];
  struct iovec pieces[DGRAM__SLOTS_MAX];
  union loop_sockaddr addresses[DGRAM__SLOTS_MAX];
  struct linux_slot_control controls[DGRAM__SLOTS_MAX];
  dgram_recv_info infos[DGRAM__SLOTS_MAX][2]; /* of a slot's datagrams; and of the last, cut one */
  dgram_message *messages;                    /* DGRAM__SEGMENTS_MAX for each slot */
};

struct linux_rest; /* rest.c */
struct linux_file; /* unix.c */

/* What unix sockets need beside the receiver and the batch, in a stack that has had one. */
struct linux_paths {
  struct sockaddr_un to[DGRAM__SEND_MESSAGES];
  struct sockaddr_un from[DGRAM__SLOTS_MAX];
  char texts[DGRAM__SLOTS_MAX][DGRAM_PATH_TEXT]; /* of `from` */
};

struct linux_stack {
  struct loop_stack loop;
  bool single_receives;      /* recvmmsg is switched off, or this kernel has none */
  bool single_sends;         /* the same of sendmmsg */
  bool no_gro;               /* the same of UDP_GRO */
  bool no_spin;              /* an empty socket is not asked again before the loop sleeps */
  uint8_t segments_max;      /* of a group this kernel sends; 1: none, 0: not asked yet */
  struct linux_rest *rests;  /* of its sockets, those under way */
  struct linux_file *files;  /* that its unix sockets have made */
  struct linux_paths *paths; /* or NULL */
  struct linux_receiver receiver;
  struct linux_batch batch;
};

struct linux_endpoint {
  struct dgram__endpoint base;
  uv_poll_t poll;            /* initialised while bound */
  int fd;                    /* -1: not bound */
  uint16_t port;             /* while local addresses are told: the socket's */
  uint16_t group_length_max; /* segments over this were too large for a device */
  uint8_t armed;             /* the uv_poll_event bits that libuv watches for */
  uint8_t recv_info;         /* what is told with each datagram: enum dgram_recv_info_bits */
  uint8_t per_slot;          /* datagrams that a slot of the last batch held, rounded down */
  uint8_t vain_turns;        /* turns, in a row, in which it was writable and took nothing */
  uint8_t lone_turns;        /* turns that brought one datagram, in a row; wraps round */
  uint8_t unspun_turns;      /* in which it was not asked again; wraps round */
  bool receiving : 1;        /* the core wants datagrams */
  bool wants_writable : 1;   /* a send came back short and waits for room */
  bool in_callback : 1;      /* on_ready is at work and will arm what is wanted when it is done */
  bool adopted : 1;          /* others may read from it too */
  bool took_some : 1;        /* datagrams left, or failed, since it was told of room */
  bool rests_receiving : 1;  /* see rest.c */
  bool rests_sending : 1;    /* the same */
  bool no_groups : 1;        /* datagrams left one by one where a group of them did not */
  bool no_batches : 1;       /* one message with each call to the system */
  bool tells_icmp : 1;       /* the core is told what ICMP answers */
  bool connected : 1;        /* has a peer, so that ICMP's answers to it are told */
  bool peer_mapped : 1;      /* that has a mapped address: a udp6 socket's of IPv4 */
  uint8_t spins : 4;         /* how often in a row it is asked again in vain; 0: it does not pay */
};

static inline struct linux_stack *linux_stack_of(struct dgram__endpoint *endpoint) {
  return (struct linux_stack *)endpoint->stack;
}

static inline struct linux_endpoint *linux_endpoint_of(struct dgram__endpoint *endpoint) {
  return (struct linux_endpoint *)endpoint;
}

/* What functions with the shape of struct dgram__stack_ops do stands in stack.h. */

/* ---- endpoint.c ---- */

int linux_stack_open(struct dgram__endpoint *endpoint);
int linux_stack_bind(struct dgram__endpoint *endpoint, const dgram_address *local,
                     const struct dgram__bind_how *how);
int linux_stack_adopt(struct dgram__endpoint *endpoint, int fd, const struct dgram__bind_how *how);
int linux_stack_duplicate(struct dgram__endpoint *endpoint);
void linux_stack_discard(dgram_stack *stack, int fd);
int linux_stack_name_of(int fd, dgram_address *ret_address); /* getsockname(2) */
int linux_stack_local_address(struct dgram__endpoint *endpoint, dgram_address *ret_address);

/* From now on the endpoint has this peer. */
void linux_stack_note_peer(struct linux_endpoint *endpoint, const dgram_address *remote);

/* From here on fd is the endpoint's, if it succeeds. Fails where the fd cannot be watched. */
int linux_stack_take_descriptor(struct linux_endpoint *endpoint, int fd,
                                const struct dgram__bind_how *how);
int linux_stack_set_buffer_sizes(int fd, const struct dgram__bind_how *how);

bool linux_stack_close_endpoint(struct dgram__endpoint *endpoint);

/* ---- connect.c ---- */

int linux_stack_connect(struct dgram__endpoint *endpoint, const dgram_address *remote);
int linux_stack_remote_address(struct dgram__endpoint *endpoint, dgram_address *ret_address);

/* ---- unix.c ---- */

extern const struct dgram__unix_ops linux_stack_unix_ops;

static inline bool linux_stack_is_unix(const struct linux_endpoint *endpoint) {
  return endpoint->base.type == DGRAM_UNIX;
}

/* Takes over what is known to be a unix datagram socket. */
int linux_stack_unix_adopt(struct linux_endpoint *endpoint, int fd,
                           const struct dgram__bind_how *how);

/* Removes the file that the bind has made, if there is one. */
void linux_stack_unix_remove(struct linux_endpoint *endpoint);

/* Reads who sent what stands in a slot. */
void linux_stack_unix_tell_sender(struct linux_endpoint *endpoint, unsigned slot,
                                  dgram_recv_info *info);

/* ---- readiness.c ---- */

int linux_stack_receive_start(struct dgram__endpoint *endpoint);
void linux_stack_receive_stop(struct dgram__endpoint *endpoint);

/* The core is to be told when the socket takes datagrams again. */
void linux_stack_want_writable(struct linux_endpoint *endpoint);

/* Watches for what is wanted now. */
void linux_stack_rearm(struct linux_endpoint *endpoint);

/* ---- rest.c ---- */

/* Readability, or room to send, is not waited for until a while has passed; and the end of that. */
void linux_stack_rest_receiving(struct linux_endpoint *endpoint);
void linux_stack_rest_sending(struct linux_endpoint *endpoint, unsigned ms);
void linux_stack_rest_end(struct linux_endpoint *endpoint);

/* ---- receive.c ---- */

/* Keeps the user's memory to receive into, if there is any, until the stack is closed. */
void linux_stack_receiver_init(struct linux_stack *stack, const dgram_stack_options *options);

/* Frees what it receives into, but for the user's memory. */
void linux_stack_receiver_clear(struct linux_stack *stack);

/* Memory to receive into, unless it is there already: 0 or DGRAM_ENOMEM. */
int linux_stack_receiver_prepare(struct linux_stack *stack);

/* Receives what a turn allows, and tells; nothing where the core does not want datagrams. */
void linux_stack_receive(struct linux_endpoint *endpoint);

/* ---- info.c ---- */

int linux_stack_set_recv_info(struct dgram__endpoint *endpoint, uint32_t bits);

/* Asks a socket of this type for info; from: what it was asked for before. A failure changes
 * nothing. */
int linux_stack_switch_info(int fd, int type, uint32_t from, uint32_t to);

/* From now on these bits are told with what is read from fd, which is bound. */
int linux_stack_expect_info(struct linux_endpoint *endpoint, int fd, uint32_t bits);

/* ---- split.c ---- */

/* Tells the core what the kernel wrote to so many slots. Returns how many datagrams it was. */
unsigned linux_stack_tell_received(struct linux_endpoint *endpoint, unsigned slots);

/* ---- send.c ---- */

int linux_stack_send(struct dgram__endpoint *endpoint, dgram_datagram *list, size_t count,
                     size_t run, unsigned flags);

/* ---- error_queue.c ---- */

/* Takes all errors that wait, as far as a turn allows, and tells them. The socket may be closed
 * afterwards. */
void linux_stack_take_errors(struct linux_endpoint *endpoint);

/* Asks the system for ICMP's answers, or no more: of a descriptor, and of a bound endpoint. */
int linux_stack_ask_icmp(int fd, int type, bool on);
int linux_stack_set_icmp_errors(struct linux_endpoint *endpoint, bool on);

/* Whether a call's code is no error, since ICMP may have answered something else and the queue tells
 * it. */
static inline bool linux_stack_absorbs(const struct linux_endpoint *endpoint, int code) {
  return endpoint->tells_icmp && linux_stack_is_icmp(code);
}

/* Whether that may be the error of a datagram sent before which nobody else tells: the kernel hands
 * it to the next call on a socket with a peer. */
static inline bool linux_stack_hands_over(const struct linux_endpoint *endpoint, int code) {
  if (linux_stack_is_unix(endpoint)) return code == DGRAM_ECONNRESET; /* who was its peer is gone */
  return endpoint->connected && !endpoint->tells_icmp && linux_stack_is_icmp(code);
}

/* ---- options.c ---- */

int linux_stack_set_option(struct dgram__endpoint *endpoint, int option, int value);
int linux_stack_get_option(struct dgram__endpoint *endpoint, int option);
int linux_stack_path_mtu(struct dgram__endpoint *endpoint, const dgram_address *to);
int linux_stack_set_membership(struct dgram__endpoint *endpoint, bool join,
                               const dgram_address *group, const dgram_address *source,
                               unsigned interface);
int linux_stack_set_multicast_interface(struct dgram__endpoint *endpoint, unsigned interface,
                                        const dgram_address *address);
uint64_t linux_stack_dropped(struct dgram__endpoint *endpoint);

#endif
