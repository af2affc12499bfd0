/* A lossless network in memory. What the files of the simulation know of each other:
 *
 *   stack.c     the clock, the turns of run, names, the table of operations
 *   endpoint.c  an endpoint's life, its options, its receive buffer
 *   network.c   addresses, ports, groups, and which sockets a datagram reaches
 *
 * The world is one host with 127.0.0.0/8 and ::1 on interface 1, "lo". A datagram is in the receive
 * buffers of all whom it reaches when send returns, or it is nowhere: nothing is lost on the way,
 * delayed or reordered. It is told from run. Memory that is out is a buffer that is full.
 *
 * Time, in ns, stands still but for two rules. A turn of run that told the core something costs
 * DGRAM__SIM_TURN_NS, so that timers come due although two sockets send to each other for ever. A
 * turn that had nothing to tell moves the clock to the alarm; where there is no alarm either,
 * nothing can ever happen again, and run says so.
 *
 * The same calls give the same run, bit for bit: nothing depends on an address in memory, on the
 * system's time or on chance. Where the kernel's behaviour is imitated it is Linux's.
 *
 * Unlike the kernel's: everyone may bind a privileged port, since the host has no users; multicast
 * and 255.255.255.255 need no route and leave by "lo", the only way there is. Messages are views of
 * the datagrams themselves, so the option receive_memory is not needed and nothing is truncated. */

#ifndef DGRAM_STACK_SIM_SIM_H
#define DGRAM_STACK_SIM_SIM_H

#include "dgram.h"
#include "stack/stack.h"

enum { SIM_INTERFACE = 1, SIM_PORT_BUCKETS = 1024 };

/* An address without a port. IPv4 stands here as ::ffff:a.b.c.d, so that the two families
 * compare. */
struct sim_ip {
  uint8_t bytes[16];
};

/* A member of a circular list, or its head. */
struct sim_link {
  struct sim_link *next;
  struct sim_link *previous;
};

struct sim_datagram {
  struct sim_datagram *next;
  struct sim_ip from;
  uint16_t from_port;
  bool small; /* has room for DGRAM__SIM_DATAGRAM_SMALL bytes and may be kept as a spare one */
  size_t length;
  unsigned char bytes[];
};

/* One socket in one group. */
struct sim_membership {
  struct sim_membership *next;
  const struct sim_endpoint *member;
  struct sim_ip group;
};

struct sim_endpoint {
  struct dgram__endpoint base;

  /* The network's. */
  struct sim_endpoint *next; /* in its bucket of ports, newest first */
  struct sim_ip local;
  uint16_t port; /* 0: not bound */
  bool reuse_addr;
  bool broadcast;
  bool multicast_loopback;
  unsigned memberships;

  /* The receive buffer's. */
  struct sim_link ready; /* in the stack's list while it receives and has something to read */
  struct sim_datagram *first;
  struct sim_datagram *last;
  size_t buffered;  /* of DGRAM__SIM_RECEIVE_BUFFER bytes */
  uint64_t dropped; /* datagrams for which there was no room */
  bool receiving;
};

struct sim_stack {
  struct dgram_stack base;
  uint64_t now_ns;
  uint64_t alarm_ns; /* UINT64_MAX: none */
  bool alive;
  bool woken;
  bool stopped;
  bool closing;
  struct sim_link lookups; /* to be told, oldest first */

  struct sim_link ready;     /* endpoints with something to tell, in the order they got it */
  struct sim_endpoint *told; /* whom a batch is being told to, NULL once it is closed */
  struct sim_datagram *spare;
  unsigned spare_count;

  struct sim_endpoint *ports[SIM_PORT_BUCKETS];
  struct sim_membership *memberships;
  uint16_t next_port; /* where the search for an ephemeral port goes on */
};

static inline struct sim_stack *sim_stack_of(dgram_stack *stack) {
  return (struct sim_stack *)stack;
}

static inline struct sim_endpoint *sim_endpoint_of(struct dgram__endpoint *endpoint) {
  return (struct sim_endpoint *)endpoint;
}

/* ---- stack.c ---- */

void sim_stack_list_init(struct sim_link *head);
void sim_stack_list_append(struct sim_link *head, struct sim_link *link);

/* Takes a link out of its list; one that is in none stays as it is. */
void sim_stack_list_remove(struct sim_link *link);

/* Moves all of a list to another head, which needs no init. */
void sim_stack_list_move(struct sim_link *from, struct sim_link *to);

/* ---- endpoint.c ---- */

int sim_stack_open(struct dgram__endpoint *endpoint);
int sim_stack_bind(struct dgram__endpoint *endpoint, const dgram_address *local, unsigned flags);
int sim_stack_adopt(struct dgram__endpoint *endpoint, int fd);
int sim_stack_local_address(struct dgram__endpoint *endpoint, dgram_address *ret_address);
int sim_stack_receive_start(struct dgram__endpoint *endpoint);
void sim_stack_receive_stop(struct dgram__endpoint *endpoint);
int sim_stack_set_recv_info(struct dgram__endpoint *endpoint, uint32_t bits);
int sim_stack_set_option(struct dgram__endpoint *endpoint, int option, int value);
uint64_t sim_stack_dropped(struct dgram__endpoint *endpoint);
bool sim_stack_close_endpoint(struct dgram__endpoint *endpoint);

/* Puts a copy of a datagram, from this address and port, into an endpoint's receive buffer. Drops
 * it where it does not fit. */
void sim_stack_store(struct sim_endpoint *endpoint, const dgram_datagram *datagram,
                     const struct sim_ip *from, uint16_t from_port);

/* Tells what is in the buffers of all that are ready now. Whether there was anything. */
bool sim_stack_tell_received(struct sim_stack *stack);

/* Frees the spare datagrams. */
void sim_stack_free_spare(struct sim_stack *stack);

/* ---- network.c ---- */

/* An address for the eyes of a socket of this type. */
dgram_address sim_stack_address(int type, const struct sim_ip *ip, uint16_t port);

/* Gives the endpoint this address and port, 0 for any, as the kernel would.
 * Errors: DGRAM_EADDRINUSE, also where all ephemeral ports are taken; DGRAM_EADDRNOTAVAIL. */
int sim_stack_attach(struct sim_endpoint *endpoint, const dgram_address *local, bool reuse_addr);

/* Takes back the port and all memberships; one that is not bound stays as it is. */
void sim_stack_detach(struct sim_endpoint *endpoint);

int sim_stack_send(struct dgram__endpoint *endpoint, dgram_datagram *list, size_t count,
                   size_t run, unsigned flags);
int sim_stack_set_membership(struct dgram__endpoint *endpoint, bool join,
                             const dgram_address *group, const struct dgram__interface *interface);

#endif
