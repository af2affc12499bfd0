/* A network in memory. What the files of the simulation know of each other:
 *
 *   addresses.c addresses as values
 *   world.c     a world's life, its time: step and run
 *   events.c    what is to happen, and when
 *   ahead.c     what the next events touch, fetched ahead
 *   table.c     hash tables
 *   stack.c     a host's turn, the table of operations
 *   hosts.c     hosts, their interfaces and addresses
 *   names.c     the table of names, lookups
 *   endpoint.c  an endpoint's life, its options, its receive buffer
 *   ports.c     who has which port
 *   groups.c    who has joined which group
 *   peer.c      who has a peer
 *   network.c   whom a datagram reaches
 *   icmp.c      what ICMP answers
 *   ways.c      what happens on the way: the link of each pair of hosts, sides
 *   link.c      a link by itself
 *   failures.c  calls that are made to fail
 *   trace.c     what crosses the network, as pcapng
 *
 * What is sent to another host is an event: it arrives, is put into receive buffers, and the host
 * wants a turn. What a host sends to itself is in the buffers when send returns. A turn tells the
 * core what there is and costs DGRAM__SIM_TURN_NS of that host's time: its next one comes not
 * before. Time moves from event to event and in no other way. Memory that is out is a buffer that
 * is full.
 *
 * The same calls give the same run, bit for bit: nothing depends on an address in memory, on the
 * system's time or on the size of a table, and what is random comes from the seed. Where the
 * kernel's behaviour is imitated it is Linux's.
 *
 * Unlike the kernel's: everyone may bind a privileged port, since hosts have no users; multicast
 * and 255.255.255.255 need no route and leave by the first interface unless told otherwise. Messages are views of the
 * datagrams themselves, so the option receive_memory is not needed and nothing is truncated. */

#ifndef DGRAM_STACK_SIM_SIM_H
#define DGRAM_STACK_SIM_SIM_H

#include "dgram.h"
#include "dgram/sim.h"
#include "stack/sim/events.h"
#include "stack/sim/table.h"
#include "stack/stack.h"

enum { SIM_LO = 1, SIM_CLASSES = 3 };

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

#define SIM_OF_LINK(type, member, link) ((type *)((char *)(link)-offsetof(type, member)))

/* Whom a datagram is meant for, at the host that it reaches. */
enum sim_cast { SIM_UNICAST, SIM_MULTICAST, SIM_BROADCAST };

/* What a datagram has to do with ICMP. */
enum sim_icmp {
  SIM_ICMP_NONE, /* its sender wants no answer */
  SIM_ICMP_ASKS, /* it does */
  SIM_ICMP_PORT  /* it is an answer itself: nobody has the port. It has the datagram's addresses */
};

struct sim_datagram {
  struct sim_datagram *next;
  struct sim_stack *host; /* where it arrives, while it is under way */
  struct sim_ip from;
  struct sim_ip to;
  uint16_t from_port;
  uint16_t to_port;
  uint8_t cast;
  uint8_t hop_limit; /* TTL or hop limit, of which no router takes any */
  uint8_t tos;
  uint8_t size_class; /* SIM_CLASSES: none, it is as large as it is and not kept */
  uint8_t icmp;       /* enum sim_icmp */
  unsigned interface; /* where it arrives */
  uint64_t time_ns;   /* when it got into a receive buffer */
  size_t length;
  unsigned char bytes[];
};

/* A connected endpoint's. */
struct sim_peer {
  dgram_address address;
  struct sim_ip ip;
  struct sim_ip bound; /* the endpoint's own address before, and its interface */
  unsigned bound_scope;
  int error; /* what came back, not told yet; or 0 */
};

/* Where the last datagram from an endpoint to one other host went: most go where the last one did,
 * and each table on the way is lines of memory that no cache holds in a large world. Good while the
 * world's addresses are those of its version; what it points to ends with an address. */
struct sim_route {
  uint64_t version;
  struct sim_ip to;
  struct sim_ip from;
  unsigned out;       /* the interface asked for, or 0 */
  unsigned interface; /* the host's, where it arrives */
  struct sim_stack *host;
  struct sim_way *way; /* NULL: none was found */
};

struct sim_endpoint {
  struct dgram__endpoint base;

  /* The network's. */
  struct sim_node node; /* in the world's table of endpoints while it is bound */
  struct sim_ip local;
  uint16_t port;     /* 0: not bound */
  uint8_t recv_info; /* what is told with each datagram */
  uint8_t ttl;
  uint8_t multicast_ttl;
  uint8_t tos;
  bool reuse_addr : 1;
  bool reuse_port : 1;
  bool ipv6_only : 1;
  bool broadcast : 1;
  bool multicast_loopback : 1;
  bool icmp_errors : 1;
  bool dont_fragment : 1;
  bool receiving : 1;
  unsigned scope;                     /* the interface of a link-local address, or 0 */
  unsigned multicast_interface;       /* by which multicast leaves; 0: the host's choice */
  struct sim_ip multicast_source;     /* what it leaves from then, or any */
  unsigned device;                    /* the interface that it is bound to, or 0 */
  struct sim_membership *memberships; /* newest first */
  struct sim_peer *peer;              /* or NULL */

  /* The receive buffer's. */
  struct sim_link ready;    /* in the host's list while it receives and has something to read */
  struct sim_link sendable; /* in the host's list after a short send */
  struct sim_datagram *first;
  struct sim_datagram *last;
  size_t buffered; /* of so many bytes: */
  int receive_buffer;
  int send_buffer;  /* for who asks: nothing waits there */
  uint64_t dropped; /* datagrams for which there was no room */

  struct sim_route route;
};

/* Interfaces that reach each other. */
struct sim_network {
  struct sim_node node;
  unsigned number;
  struct sim_link interfaces; /* in the order they were added */
};

struct sim_address {
  struct sim_node node;
  struct sim_address *next; /* of the interface, in the order they were added */
  struct sim_interface *interface;
  struct sim_ip ip;
  unsigned network; /* its number, here so that finding an address touches nothing else */
  unsigned prefix;  /* bits; of IPv4 those of the four bytes */
};

/* Every interface but "lo", which all hosts have alike. */
struct sim_interface {
  struct sim_interface *next; /* of the host, by index */
  struct sim_stack *host;
  struct sim_network *network;
  struct sim_link in_network;
  struct sim_address *addresses;
  unsigned index;
  char name[DGRAM__INTERFACE_NAME_MAX];
};

/* A name that the program has set, or a host's. */
struct sim_name {
  struct sim_node node;
  struct sim_stack *host; /* whose it is, or NULL */
  dgram_address *addresses;
  size_t count;
  uint64_t delay_ns;
  int code;
  char text[];
};

struct sim_failure {
  uint64_t nth; /* 0: none */
  uint64_t times;
  int code;
};

/* A host. What every datagram touches stands first: it is fetched ahead. */
struct sim_stack {
  struct dgram_stack base;
  dgram_sim *world;
  uint64_t users;   /* what points to it from elsewhere, and keeps its memory */
  uint64_t last_ns; /* when the last one over a default link without state arrives */
  unsigned side;
  unsigned failing; /* bits: which of the failures are set */

  /* Who got the last datagram to this host alone, and where that was sent to; NULL once another
   * might. */
  struct sim_endpoint *receiver;
  struct sim_ip receiver_ip;
  uint16_t receiver_port;

  uint16_t next_port; /* where the search for an ephemeral port goes on */
  bool alive : 1;
  bool holds : 1; /* counted in the world's */
  bool woken : 1;
  bool closing : 1;
  bool turning : 1; /* has its turn now */
  bool gone : 1;    /* is out of the world; told dgram__stack_closed */
  struct sim_turn turn;
  uint64_t alarm_ns;         /* UINT64_MAX: none */
  uint64_t turn_ns;          /* when it has the turn it wants; SIM_NEVER: it wants none */
  uint64_t busy_until_ns;    /* the end of its last turn */
  struct sim_link lookups;   /* that have ended, oldest first */
  struct sim_link ready;     /* endpoints with something to tell, in the order they got it */
  struct sim_link sendable;  /* endpoints that were short of sending, likewise */
  struct sim_endpoint *told; /* whom something is being told to, NULL once it is closed */

  struct sim_link in_world;
  uint64_t number;       /* never given twice */
  struct sim_name *name; /* or NULL */
  struct sim_interface *interfaces;
  struct sim_joined *joined; /* groups, each of an interface */
  struct sim_failure failures[DGRAM_SIM_CALL_COUNT];
};

struct dgram_sim {
  dgram_allocator allocator;
  uint64_t seed;
  uint64_t now_ns;
  struct sim_events events;
  struct sim_link hosts; /* oldest first */
  size_t host_count;
  uint64_t host_numbers;
  size_t holding; /* hosts that are alive, or closing */
  bool running;
  bool stopped;
  bool ending;  /* dgram_sim_destroy was called */
  bool by_host; /* dgram_sim_stack_create made it: it ends with its last host */
  bool tracing; /* the trace's callback runs */

  struct sim_table networks;
  struct sim_table addresses;
  struct sim_table endpoints;
  struct sim_table groups;
  struct sim_table names;
  struct sim_table ways;
  uint64_t addresses_version; /* of who has which; never 0 */

  dgram_link default_link;
  bool default_has_state;
  uint64_t default_version;

  struct sim_datagram *spare[SIM_CLASSES];
  size_t spare_bytes;
  struct sim_trace *trace; /* NULL: never was one */
  dgram_sim_stats stats;
};

static inline struct sim_stack *sim_stack_of(dgram_stack *stack) {
  return (struct sim_stack *)stack;
}

static inline struct sim_endpoint *sim_endpoint_of(struct dgram__endpoint *endpoint) {
  return (struct sim_endpoint *)endpoint;
}

static inline struct sim_stack *sim_host_of(const struct sim_endpoint *endpoint) {
  return sim_stack_of(endpoint->base.stack);
}

/* ---- lists ---- */

static inline void sim_list_init(struct sim_link *head) {
  head->next = head->previous = head;
}

static inline bool sim_list_is_empty(const struct sim_link *head) {
  return head->next == head;
}

static inline void sim_list_append(struct sim_link *head, struct sim_link *link) {
  link->next = head;
  link->previous = head->previous;
  head->previous->next = link;
  head->previous = link;
}

/* Takes a link out of its list; one that is in none stays as it is. */
static inline void sim_list_remove(struct sim_link *link) {
  link->next->previous = link->previous;
  link->previous->next = link->next;
  sim_list_init(link);
}

/* Moves all of a list to another head, which needs no init. */
static inline void sim_list_move(struct sim_link *from, struct sim_link *to) {
  sim_list_append(from, to);
  sim_list_remove(from);
}

/* ---- addresses ---- */

static inline bool sim_ip_same(const struct sim_ip *a, const struct sim_ip *b) {
  for (int i = 0; i < 16; i++) {
    if (a->bytes[i] != b->bytes[i]) return false;
  }
  return true;
}

bool sim_ip_is_ipv4(const struct sim_ip *ip);
bool sim_ip_is_any(const struct sim_ip *ip);
bool sim_ip_is_loopback(const struct sim_ip *ip);   /* 127.0.0.0/8, ::1 */
bool sim_ip_is_link_local(const struct sim_ip *ip); /* fe80::/10 */
bool sim_ip_is_group(const struct sim_ip *ip);
bool sim_ip_needs_scope(const struct sim_ip *ip); /* link-local, of one or of a group */
struct sim_ip sim_ip_of(const dgram_address *address);
struct sim_ip sim_ip_any(bool ipv4);
struct sim_ip sim_ip_loopback(bool ipv4);

/* 127.255.255.255 or 255.255.255.255. */
bool sim_ip_is_broadcast(const struct sim_ip *ip);

/* An address for the eyes of a socket of this type. */
dgram_address sim_stack_address(int type, const struct sim_ip *ip, uint16_t port);

/* An address in its own family. */
dgram_address sim_ip_address(const struct sim_ip *ip);

static inline uint64_t sim_hash_ip(uint64_t seed, const struct sim_ip *ip) {
  uint64_t high = 0, low = 0;
  for (int i = 0; i < 8; i++) {
    high = high << 8 | ip->bytes[i];
    low = low << 8 | ip->bytes[i + 8];
  }
  return sim_hash(sim_hash(seed, high), low);
}

/* ---- world.c ---- */

void *sim_malloc(dgram_sim *world, size_t size);
void *sim_calloc(dgram_sim *world, size_t size);
void sim_free(dgram_sim *world, void *memory);

/* a + b, at most UINT64_MAX. */
static inline uint64_t sim_add_ns(uint64_t a, uint64_t b) {
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Runs until no host holds the program; dgram_run and dgram_sim_run. The world may be gone
 * afterwards. */
int sim_world_run(dgram_sim *world);

/* A world for dgram_sim_stack_create; and its end where that could not go on. */
int sim_world_new(const dgram_allocator *allocator, uint64_t seed, uint64_t start_ns,
                  dgram_sim **ret_world);
void sim_world_free(dgram_sim *world);

/* ---- stack.c ---- */

/* Makes the struct of a host, which is in no world's list yet. */
int sim_stack_new(dgram_sim *world, struct sim_stack **ret_host);

/* The stack is a simulated one. */
bool sim_stack_is(const dgram_stack *stack);

/* Looks at what the host wants, and puts its turn where it belongs. */
void sim_stack_schedule(struct sim_stack *host);

/* It wants a turn as soon as it can have one. */
void sim_stack_want_turn(struct sim_stack *host);

/* Whether a turn at this time would tell anything. */
bool sim_stack_is_due(const struct sim_stack *host, uint64_t time_ns);
void sim_stack_take_turn(struct sim_stack *host);

/* One user less; the last one frees a host that is gone. */
void sim_stack_release(struct sim_stack *host);

/* ---- hosts.c ---- */

/* Adds a host; address NULL: without an interface. */
int sim_host_add(dgram_sim *world, const char *name, const char *address,
                 struct sim_stack **ret_host);

/* Takes it out of the world, with all its addresses. */
void sim_host_remove(struct sim_stack *host);

/* Who has this address in a network, or NULL. */
struct sim_address *sim_address_find(const dgram_sim *world, unsigned network,
                                     const struct sim_ip *ip);

/* The host's own of this address, but for those of "lo"; scope 0: on any interface. */
const struct sim_address *sim_host_address(const struct sim_stack *host, const struct sim_ip *ip,
                                           unsigned scope);

/* Whether datagrams to this address end at the host. */
bool sim_host_has(const struct sim_stack *host, const struct sim_ip *ip, unsigned scope);

/* The first address of a family on an interface, or NULL. */
const struct sim_address *sim_interface_address(const struct sim_interface *interface, bool ipv4);

/* The host's interface of this index, or NULL; not "lo". */
struct sim_interface *sim_host_interface(const struct sim_stack *host, unsigned index);

/* Whether ip is what an address' network calls all its hosts. */
bool sim_address_broadcasts(const struct sim_address *address, const struct sim_ip *ip);

/* Whether it is that of one of the host's networks. */
bool sim_host_broadcasts(const struct sim_stack *host, const struct sim_ip *ip);

/* The interface by which multicast and broadcast leave: of the address that a socket is bound to,
 * else the first with an address of the family; NULL: "lo". */
struct sim_interface *sim_host_way_out(const struct sim_stack *host, const struct sim_ip *local,
                                       bool ipv4);

int sim_stack_interfaces(dgram_stack *base, struct dgram__interface *list, size_t capacity);
int sim_stack_interface_index(dgram_stack *base, const char *name);
int sim_stack_interface_name(dgram_stack *base, unsigned index, char *name);

/* ---- names.c ---- */

struct sim_lookup;

/* A host's name. DGRAM_EEXIST, DGRAM_EINVAL, DGRAM_ENOMEM. */
int sim_name_add_host(struct sim_stack *host, const char *text);
void sim_name_remove(dgram_sim *world, struct sim_name *name);
int sim_stack_lookup(dgram_stack *base, const char *name, int family,
                     struct dgram__lookup *core_lookup, void **ret_request);
void sim_stack_cancel_lookup(dgram_stack *base, void *request);

/* The time of a lookup has come: time moves to it, and its host will tell it. One that nobody waits
 * for is freed, and time stays. */
void sim_lookup_end(dgram_sim *world, struct sim_lookup *lookup, uint64_t time_ns);
void sim_lookup_free(dgram_sim *world, struct sim_lookup *lookup);
void sim_stack_tell_lookups(struct sim_stack *host);

/* ---- endpoint.c ---- */

int sim_stack_open(struct dgram__endpoint *endpoint);
int sim_stack_bind(struct dgram__endpoint *endpoint, const dgram_address *local,
                   const struct dgram__bind_how *how);
int sim_stack_adopt(struct dgram__endpoint *endpoint, int fd, const struct dgram__bind_how *how);
int sim_stack_local_address(struct dgram__endpoint *endpoint, dgram_address *ret_address);
int sim_stack_receive_start(struct dgram__endpoint *endpoint);
void sim_stack_receive_stop(struct dgram__endpoint *endpoint);
int sim_stack_set_recv_info(struct dgram__endpoint *endpoint, uint32_t bits);
int sim_stack_set_option(struct dgram__endpoint *endpoint, int option, int value);
int sim_stack_get_option(struct dgram__endpoint *endpoint, int option);
uint64_t sim_stack_dropped(struct dgram__endpoint *endpoint);
bool sim_stack_close_endpoint(struct dgram__endpoint *endpoint);

/* Memory of a datagram with room for so many bytes, or NULL; and back. */
struct sim_datagram *sim_datagram_take(dgram_sim *world, size_t length);
void sim_datagram_give(dgram_sim *world, struct sim_datagram *datagram);
void sim_datagram_free_spare(dgram_sim *world);

/* Puts a datagram into an endpoint's receive buffer, or drops it where it does not fit. Takes
 * it. */
void sim_endpoint_store(struct sim_endpoint *endpoint, struct sim_datagram *datagram);

/* It has an error to tell. */
void sim_endpoint_fail(struct sim_endpoint *endpoint, int code);

void sim_stack_tell_sendable(struct sim_stack *host);
void sim_stack_tell_received(struct sim_stack *host);

/* It has this address now: what was found by another is to be found anew. */
static inline void sim_endpoint_set_local(struct sim_endpoint *endpoint, const struct sim_ip *local,
                                          unsigned scope) {
  endpoint->local = *local;
  endpoint->scope = scope;
  endpoint->route.version = 0;
  sim_host_of(endpoint)->receiver = NULL;
}

/* ---- ports.c ---- */

/* Gives the endpoint this address and port, 0 for any, as the kernel would, on one interface, or 0
 * for all. flags: enum dgram__bind_flags.
 * Errors: DGRAM_EADDRINUSE, also where all ephemeral ports are taken; DGRAM_EADDRNOTAVAIL;
 * DGRAM_EINVAL: an address of IPv4 for a socket that is for IPv6 only. */
int sim_port_attach(struct sim_endpoint *endpoint, const dgram_address *local, unsigned device,
                    unsigned flags);
void sim_port_detach(struct sim_endpoint *endpoint);

/* The first endpoint of a port, newest first, and the next. */
struct sim_endpoint *sim_port_first(const struct sim_stack *host, uint16_t port);
struct sim_endpoint *sim_port_next(const struct sim_endpoint *endpoint);

/* Whether a socket, by its address, takes what is sent to this one. */
bool sim_port_takes(const struct sim_endpoint *endpoint, const struct sim_ip *to);

/* Of a datagram, what decides who gets it. Borrows. */
struct sim_flow {
  const struct sim_ip *from;
  const struct sim_ip *to;
  uint16_t from_port;
  uint16_t to_port;
  unsigned interface; /* that it came in by */
};

/* Whether it hears what comes in by this interface. */
bool sim_port_hears(const struct sim_endpoint *endpoint, unsigned interface);

/* Who gets what is sent to one, or NULL. */
struct sim_endpoint *sim_port_receiver(const struct sim_stack *host, const struct sim_flow *flow);

/* ---- peer.c ---- */

int sim_stack_connect(struct dgram__endpoint *endpoint, const dgram_address *remote);
int sim_stack_remote_address(struct dgram__endpoint *endpoint, dgram_address *ret_address);
void sim_peer_free(struct sim_endpoint *endpoint);

/* Whether an endpoint hears this sender: its peer, or it has none. */
static inline bool sim_peer_is(const struct sim_endpoint *endpoint, const struct sim_ip *ip,
                               uint16_t port) {
  const struct sim_peer *peer = endpoint->peer;
  return !peer || (peer->address.port == port && sim_ip_same(&peer->ip, ip));
}

/* ---- groups.c ---- */

/* A group on an interface, and who of the host has joined it there. */
struct sim_joined {
  struct sim_joined *next; /* of the host */
  struct sim_link in_group;
  struct sim_group *group;         /* NULL on "lo", where nobody else is */
  struct sim_interface *interface; /* NULL: "lo" */
  struct sim_ip ip;
  struct sim_link members;
};

/* All who have joined a group in a network. */
struct sim_group {
  struct sim_node node;
  struct sim_ip ip;
  unsigned network;
  struct sim_link joined; /* oldest first */
};

unsigned sim_stack_group_interface(dgram_stack *base, const dgram_address *group);
int sim_stack_set_membership(struct dgram__endpoint *base, bool joining, const dgram_address *group,
                             const dgram_address *source, unsigned chosen);
int sim_stack_set_multicast_interface(struct dgram__endpoint *base, unsigned interface,
                                      const dgram_address *address);
void sim_group_leave_all(struct sim_endpoint *endpoint);

/* The host's own on an interface, NULL being "lo"; and that of a network; or NULL. */
struct sim_joined *sim_group_joined(const struct sim_stack *host,
                                    const struct sim_interface *interface, const struct sim_ip *ip);
struct sim_group *sim_group_find(const dgram_sim *world, unsigned network, const struct sim_ip *ip);

/* Whether the host takes what this sender sends to a group on that interface; and whether a socket
 * of a host that takes it hears it: those that have not joined do. */
bool sim_group_takes(const struct sim_stack *host, const struct sim_interface *interface,
                     const struct sim_ip *ip, const struct sim_ip *from);
bool sim_group_hears(const struct sim_endpoint *endpoint, const struct sim_interface *interface,
                     const struct sim_ip *ip, const struct sim_ip *from);

/* ---- network.c ---- */

int sim_stack_send(struct dgram__endpoint *base, dgram_datagram *list, size_t count, size_t run,
                   unsigned flags);
int sim_stack_path_mtu(struct dgram__endpoint *base, const dgram_address *to);

/* Where a datagram to that address would come from, or why it could not be sent. */
int sim_network_source(struct sim_endpoint *endpoint, const dgram_address *to,
                       struct sim_ip *ret_source);

/* A datagram is there. Takes it. */
void sim_network_arrive(dgram_sim *world, struct sim_datagram *datagram);

/* ---- icmp.c ---- */

static inline bool sim_icmp_is_answer(const struct sim_datagram *datagram) {
  return datagram->icmp > SIM_ICMP_ASKS;
}

/* Nobody on the host has the port: where its sender wants to know, an answer sets out. */
void sim_icmp_refuse(struct sim_stack *host, const struct sim_datagram *datagram);

/* An answer is there. Takes it. */
void sim_icmp_arrive(struct sim_stack *host, struct sim_datagram *answer);

/* Tells an answer to the endpoint that it is for. Borrows. */
void sim_icmp_tell(struct sim_endpoint *endpoint, const struct sim_datagram *answer);

/* ---- ways.c ---- */

int sim_ways_init(dgram_sim *world);
void sim_ways_free(dgram_sim *world);

/* What becomes of a datagram from one host to another. *way is theirs, or NULL where the caller does
 * not know it; then it is looked for and left there. Errors: as dgram_link_pass's. */
int sim_way_pass(struct sim_stack *from, struct sim_stack *to, struct sim_way **way, size_t length,
                 size_t overhead, dgram_fate *ret_fate);

/* It will be passed soon. */
void sim_way_prefetch(const struct sim_way *way);

/* The same of one that must not be fragmented. Where it is lost for its size the sender's host gets
 * to know, after the way there and back. DGRAM_EMSGSIZE: larger than sim_way_mtu. */
int sim_way_pass_whole(struct sim_stack *from, struct sim_stack *to, size_t length, size_t overhead,
                       dgram_fate *ret_fate);

/* The MTU of a way, as far as the host knows it. */
size_t sim_way_mtu(const struct sim_stack *from, const struct sim_stack *to);

/* ---- failures.c ---- */

int sim_failure_count(struct sim_stack *host, enum dgram_sim_call call);

/* 0, or the code that this call is to fail with. */
static inline int sim_fails(struct sim_stack *host, enum dgram_sim_call call) {
  return host->failing >> call & 1 ? sim_failure_count(host, call) : 0;
}

#endif
