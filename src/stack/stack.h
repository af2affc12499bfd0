/* THE contract between the core and a network stack.
 *
 * The core (src/core) knows what a dgram socket is: states, events, queues, limits, order. It makes
 * no system call and reads no clock. A stack (src/stack/linux, uv, sim) knows where datagrams go.
 * It never sees a dgram_socket from inside. Between them stands this file, and nothing else:
 *
 *   struct dgram_stack           the stack, embedded first in the struct of each implementation
 *   struct dgram__endpoint       a stack's half of one socket, embedded first likewise
 *   struct dgram__stack_ops      what the core asks of a stack: one table of functions each
 *   dgram__endpoint_..., dgram__stack_..., dgram__lookup_...
 *                                what a stack tells the core: functions of the core, at the end
 *
 * Words. To *tell* is to call one of the latter. *The loop* is whatever calls a stack when
 * something happened: libuv, or dgram_run of the simulation. *From the loop* means not inside a
 * call that the core has made: telling always happens from the loop, so the core may call user code
 * there (rule 2).
 *
 * After each telling everything may have changed: the endpoint may have been closed, receiving
 * stopped, a send begun. The memory of an endpoint stays valid until the stack has given it back
 * (see close_endpoint), that of a stack until it has told dgram__stack_closed. So a stack looks at
 * its own flags again after each telling, and at nothing else.
 *
 * Arguments are checked before a stack sees them: families match, ports and TTLs are in range,
 * lengths fit, calls come only in the states named below. Codes are those of dgram.h. */

#ifndef DGRAM_STACK_STACK_H
#define DGRAM_STACK_STACK_H

#include "dgram.h"
#include "core/limits.h"

struct dgram__host;   /* the core's half of a stack */
struct dgram__lookup; /* the core's record of a lookup in flight */
struct dgram__unix_ops;
struct dgram__stack_ops;

/* A stack. Implementations embed it first, so that a pointer to one is a pointer to the other. */
struct dgram_stack {
  const struct dgram__stack_ops *ops;
  struct dgram__host *host; /* from dgram__stack_new to dgram__stack_closed */
  dgram_allocator allocator;
};

/* A stack's half of one socket. Implementations embed it first. The core allocates it zeroed, of
 * ops->endpoint_size bytes, right behind its own half, sets the first two fields and calls open. */
struct dgram__endpoint {
  dgram_stack *stack;
  int type;     /* DGRAM_UDP4, DGRAM_UDP6, or DGRAM_UNIX where there are unix_ops */
  bool blocked; /* the core's: a send came back short, sendable has not been told since */

  /* Counters that the stack keeps, for dgram_get_stats. */
  uint64_t receive_calls; /* calls to the system that received, or tried to */
  uint64_t send_calls;    /* calls to the system that sent, or tried to */
  uint64_t sent_batches;  /* those of them that took at least one datagram */
  uint64_t truncated;     /* datagrams cut to the memory to receive into */
  uint64_t sent;          /* datagrams with a result of 0 or more */
  uint64_t sent_bytes;    /* their payload */
  uint32_t failed;        /* datagrams with another result */
};

/* Counts a datagram that has been dealt with. */
static inline void dgram__endpoint_count(struct dgram__endpoint *endpoint, int result) {
  if (result < 0) {
    endpoint->failed++;
  } else {
    endpoint->sent++;
    endpoint->sent_bytes += (uint32_t)result;
  }
}

enum dgram__bind_flags {
  DGRAM__BIND_REUSE_ADDR = 1 << 0,
  DGRAM__BIND_ICMP_ERRORS = 1 << 1, /* DGRAM__OPTION_ICMP_ERRORS is on from the start */
  DGRAM__BIND_REUSE_PORT = 1 << 2,  /* DGRAM_ENOTSUP where the system would not balance */
  DGRAM__BIND_IPV6_ONLY = 1 << 3,   /* udp6 only */
  DGRAM__BIND_NO_GSO = 1 << 4,      /* each datagram leaves by itself */
  DGRAM__BIND_NO_GRO = 1 << 5,      /* and is told by the system by itself */
  DGRAM__BIND_NO_MMSG = 1 << 6      /* one message with each call to the system */
};

/* How ops->bind binds, and ops->adopt adopts. Zeroed it is the usual way. */
struct dgram__bind_how {
  unsigned flags; /* enum dgram__bind_flags; adopt has of these ICMP_ERRORS, NO_GSO, NO_MMSG */
  int recv_buffer_size; /* as the options of these names; 0: the system's */
  int send_buffer_size;
  uint32_t recv_info; /* as set_recv_info, so that no datagram comes before it */
  const char *device; /* bind's alone: an interface, shorter than DGRAM__INTERFACE_NAME_MAX */
};

/* Flags of ops->send. */
enum dgram__send_flags {
  DGRAM__SEND_TRY = 1 << 0 /* a short result shall not be followed by a telling */
};

/* Options of ops->set_option, and of get_option where it says so. Values as dgram.h's setters have
 * them. */
enum dgram__option {
  DGRAM__OPTION_BROADCAST,
  DGRAM__OPTION_TTL,
  DGRAM__OPTION_MULTICAST_TTL,
  DGRAM__OPTION_MULTICAST_LOOPBACK,
  DGRAM__OPTION_TOS,           /* of a udp6 socket for IPv4 peers too */
  DGRAM__OPTION_DONT_FRAGMENT, /* the same */
  DGRAM__OPTION_ICMP_ERRORS,   /* dgram__endpoint_icmp is told; only where ops->icmp_errors */
  DGRAM__OPTION_RECV_BUFFER,   /* the two that get_option answers */
  DGRAM__OPTION_SEND_BUFFER
};

/* One address of one interface. An interface with several addresses has several entries. */
struct dgram__interface {
  unsigned index;        /* 1 or more */
  dgram_address address; /* IPv4 or IPv6, port 0 */
  char name[DGRAM__INTERFACE_NAME_MAX];
};

/* What is different of endpoints of type DGRAM_UNIX: the rest is the same, where it has a meaning. Paths
 * are checked: at most DGRAM__UNIX_PATH_MAX bytes. */
struct dgram__unix_ops {
  /* As the one of struct dgram__stack_ops, to a path, or an abstract name that begins with "@", or
   * "": an abstract one of the system's choice. Of `how` only the buffer sizes count. */
  int (*bind)(struct dgram__endpoint *endpoint, const char *path,
              const struct dgram__bind_how *how);

  /* Gives the endpoint a peer, in place of the one that it has, if any; to take it away is the other
   * one's. */
  int (*connect)(struct dgram__endpoint *endpoint, const char *path);

  /* Writes where it is bound, or its peer is, to DGRAM_PATH_TEXT bytes: the text's length, or a code. */
  int (*path)(struct dgram__endpoint *endpoint, bool remote, char *text);
};

/* What the core asks of a stack. Every function is there. */
struct dgram__stack_ops {
  /* "linux", "uv", "sim": for messages and tests. */
  const char *name;

  /* Bytes of the struct that embeds struct dgram__endpoint. */
  size_t endpoint_size;

  /* Bits of dgram_send_info.set and of dgram_set_recv_info that this stack can do. The core refuses
   * others with DGRAM_ENOTSUP before the stack sees them. */
  uint32_t send_info;
  uint32_t recv_info;

  /* It can tell what ICMP answers. The core refuses it otherwise, before the stack sees it. */
  bool icmp_errors;

  /* NULL: it has no endpoints of type DGRAM_UNIX. Of one that has, datagrams go to info->path, or to
   * the peer, and messages have info with DGRAM_RECV_PATH and _TRUNCATED. */
  const struct dgram__unix_ops *unix_ops;

  /* ---- the stack itself ---- */

  /* Runs the loop until no stack on it is alive (see set_alive), or stop was called; then returns
   * 0. Where that loop runs already, or a stack on it is telling, it returns DGRAM_ERUNNING. A
   * simulation in which nothing can happen any more although something is alive returns
   * DGRAM_EDEADLK. */
  int (*run)(dgram_stack *stack);

  /* Makes run return after this turn, or the next run at once. */
  void (*stop)(dgram_stack *stack);

  /* Whether this stack holds its loop: true while the core has something that must end before the
   * program may. At first false. Also makes uv_run of a user's own loop stay or return. */
  void (*set_alive)(dgram_stack *stack, bool alive);

  /* Asks for dgram__stack_turn to be told from the loop, before it next sleeps. Any number of calls
   * before the telling are one. A call inside the telling asks for another. */
  void (*wake)(dgram_stack *stack);

  /* Asks for dgram__stack_alarm to be told once now() has reached deadline_ns. A later call
   * replaces the earlier one; UINT64_MAX takes it back. It may be told early (the core looks at the
   * clock again and asks anew) but not much later than the loop's resolution. */
  void (*set_alarm)(dgram_stack *stack, uint64_t deadline_ns);

  /* The time in ns: monotonic, any start. */
  uint64_t (*now)(dgram_stack *stack);

  /* Gives up what the stack holds of its loop: called once, when all its endpoints have been given
   * back and all lookups have ended or been cancelled. When the stack's last handle is gone it
   * tells dgram__stack_closed, from the loop, and then frees its own struct with its allocator. */
  void (*close)(dgram_stack *stack);

  /* Writes one line, without a newline at its end, where a person may see it: standard error. */
  void (*print)(dgram_stack *stack, const char *line);

  /* ---- names and interfaces ---- */

  /* Starts to look up a name, off the loop, and returns at once. name is borrowed. family is
   * DGRAM_IPV4, DGRAM_IPV6 or 0 for both. When it has ended, and it was not cancelled, the stack
   * tells dgram__lookup_done, from the loop, once. *ret_request is what cancel_lookup takes. Where
   * the call fails it tells nothing. */
  int (*lookup)(dgram_stack *stack, const char *name, int family, struct dgram__lookup *lookup,
                void **ret_request);

  /* Nobody waits for this lookup any more: nothing will be told of it. Where the system cannot stop
   * it, its memory stays behind until it ends, which may be after the stack is closed. */
  void (*cancel_lookup)(dgram_stack *stack, void *request);

  /* Fills list with the addresses of the interfaces that are up, up to capacity, and returns how
   * many there are in all, which may be more; or a code. */
  int (*interfaces)(dgram_stack *stack, struct dgram__interface *list, size_t capacity);

  /* if_nametoindex(3): 1 or more, or DGRAM_ENODEV. */
  int (*interface_index)(dgram_stack *stack, const char *name);

  /* if_indextoname(3) into DGRAM__INTERFACE_NAME_MAX bytes: 0 or DGRAM_ENODEV. */
  int (*interface_name)(dgram_stack *stack, unsigned index, char *name);

  /* The index of the interface on which the system would join a group that is joined on none in
   * particular; 0: it does not tell, or there is none. */
  unsigned (*group_interface)(dgram_stack *stack, const dgram_address *group);

  /* ---- an endpoint's life: open, then bind or adopt, then the rest, then close_endpoint ---- */

  /* Makes a zeroed endpoint ready to be bound. No descriptor yet. Where it fails, close_endpoint is
   * not called. */
  int (*open)(struct dgram__endpoint *endpoint);

  /* Makes a socket and binds it to a numeric address (port 0: any), within the call. Where it fails
   * nothing is left behind, and bind or adopt may be tried again. udp6 sockets take IPv4 peers too,
   * as mapped addresses, unless how says otherwise. A port that the system chooses is not one that
   * another socket has, REUSE_PORT or not. Does not begin to receive. */
  int (*bind)(struct dgram__endpoint *endpoint, const dgram_address *local,
              const struct dgram__bind_how *how);

  /* Takes over a descriptor in place of bind. It must be a datagram socket of the endpoint's
   * family: else DGRAM_EFDTYPE, or DGRAM_EBADF where it is not open; then it stays the caller's.
   * One that is not bound is bound to any port. On success it is the endpoint's, and
   * non-blocking; whatever its owner had set, a datagram leaves and is told as one. Of `how` only
   * what does not concern the binding counts. */
  int (*adopt)(struct dgram__endpoint *endpoint, int fd, const struct dgram__bind_how *how);

  /* Returns a duplicate of the endpoint's descriptor, which is the caller's, or a code. Others may
   * read from it from now on: a datagram is told by the system as one. Only while bound. */
  int (*duplicate)(struct dgram__endpoint *endpoint);

  /* Closes a descriptor that nobody wants any more. */
  void (*discard)(dgram_stack *stack, int fd);

  /* The address it is bound to. Only while bound. */
  int (*local_address)(struct dgram__endpoint *endpoint, dgram_address *ret_address);

  /* Gives the endpoint a peer, in place of the one that it has, if any; or, with NULL, takes it away.
   * With a peer it receives from there only, and what ICMP answers to a datagram is told by
   * dgram__endpoint_receive_failed. Datagrams with an address that send had queued, or is given
   * from now on, go there all the same, where the system allows it (DGRAM_EISCONN). Datagrams to the
   * peer that wait are the core's, which gives them an address when it takes the peer away; one that
   * send had queued must not go to another peer, and is offered again where it has not left. The
   * port stays. DGRAM_EADDRINUSE, only with NULL: the peer is gone, but the system had given the
   * port to somebody else meanwhile, and the endpoint has another one. DGRAM_EAGAIN: not now, since
   * of a former peer's a datagram is queued still. Otherwise a code means that nothing has changed.
   * Only while bound. */
  int (*connect)(struct dgram__endpoint *endpoint, const dgram_address *remote);

  /* The peer's address; DGRAM_ENOTCONN where there is none. An adopted descriptor may have one from
   * the first. Only while bound. */
  int (*remote_address)(struct dgram__endpoint *endpoint, dgram_address *ret_address);

  /* Begins to tell dgram__endpoint_received, once for each call to the system that brought
   * something, with all that it brought. In one turn of the loop at most DGRAM__RECEIVE_TURN
   * datagrams and a batch; what is left comes in the next turn, after timers and other sockets.
   * Only while bound; twice is once. DGRAM_ENOMEM: there is no memory to receive into; nothing has
   * changed. */
  int (*receive_start)(struct dgram__endpoint *endpoint);

  /* From the return on nothing is told of receiving, but for the rest of what a call to the system
   * under way has brought. What the endpoint has not read stays in the system. Only while bound;
   * twice is once. */
  void (*receive_stop)(struct dgram__endpoint *endpoint);

  /* Asks for the info named by bits, all of which are in recv_info, and for no other. From then on
   * each message has one, with those of the bits in `present` that the system told. Only while
   * bound. A failure changes nothing. */
  int (*set_recv_info)(struct dgram__endpoint *endpoint, uint32_t bits);

  /* Hands datagrams to the system, in order, without waiting. Writes list[i].result, bytes or a
   * code, for each it has dealt with (others may have been written too), counts them in the
   * endpoint, and returns their number. One that fails does not stop those after it. Fewer than
   * count: the system takes no more now. Then, unless flags has DGRAM__SEND_TRY, the core does not
   * call again until the stack tells dgram__endpoint_sendable; the datagram that came first among
   * the rest stays where it is, with its bytes, until then, so a stack that can only wait by
   * queueing may have queued that one (and no other). Neighbours with the same destination and
   * equal info may leave as one segmented datagram. One whose address is zeroed goes to the
   * peer. parts is at most DGRAM__PARTS_MAX. `run`: so
   * many at the front are known to be a run (core/run.h), their results written already; 0: nothing
   * is known. May be called while a telling is under way. Only while bound. */
  int (*send)(struct dgram__endpoint *endpoint, dgram_datagram *list, size_t count, size_t run,
              unsigned flags);

  /* Sets an option. Only while bound. */
  int (*set_option)(struct dgram__endpoint *endpoint, int option, int value);

  /* The value of an option as the system has it, or a code. Only while bound. */
  int (*get_option)(struct dgram__endpoint *endpoint, int option);

  /* The largest packet of IP that the system believes to get to an address of the endpoint's family
   * in one piece, or a code. Only while bound. */
  int (*path_mtu)(struct dgram__endpoint *endpoint, const dgram_address *to);

  /* Joins or leaves a multicast group on the interface of this index; 0: the system's choice, in
   * leaving any where it is joined. source: what this sender sends only, of the group's family; NULL:
   * what all do. The core joins a group on an interface once, from all or from certain ones, never
   * both. Not joined: DGRAM_EADDRNOTAVAIL. Only while bound. */
  int (*set_membership)(struct dgram__endpoint *endpoint, bool join, const dgram_address *group,
                        const dgram_address *source, unsigned interface);

  /* Multicast leaves by this interface, 0: by the system's choice; and where address is not NULL,
   * which is one of IPv4 that the interface has, from that. Only while bound. */
  int (*set_multicast_interface)(struct dgram__endpoint *endpoint, unsigned interface,
                                 const dgram_address *address);

  /* Datagrams that the system has dropped before the endpoint could read them, as far as the system
   * tells; else 0. Only while bound. */
  uint64_t (*dropped)(struct dgram__endpoint *endpoint);

  /* Ends an endpoint that was opened, bound or not: when it returns the port is free, and nothing
   * more is told of it but this: where it returns false, handles of a loop still need its memory,
   * and the stack gives the endpoint back by dgram__endpoint_closed, from the loop. Where it
   * returns true it is given back already. A datagram that send had queued is dropped or sent, its
   * bytes are not touched any more. */
  bool (*close_endpoint)(struct dgram__endpoint *endpoint);
};

/* ---- what a stack tells the core: in src/core ---- */

/* Makes the struct of a stack: size bytes, zeroed, from the allocator of options, which are
 * complete and checked; and in it ops, the allocator (which is complete afterwards), the core's
 * half. Returns 0 or DGRAM_ENOMEM. */
int dgram__stack_new(size_t size, const struct dgram__stack_ops *ops,
                     const dgram_stack_options *options, dgram_stack **ret_stack);

/* The same for one more stack of a kind that shares the other's loop: it has its operations and its
 * allocator, and both keep spare memory in common, so that an idle one costs little. */
int dgram__stack_new_beside(dgram_stack *other, size_t size, dgram_stack **ret_stack);

/* Frees what dgram__stack_new made, the struct too, for a stack that fails to be created after
 * it. */
void dgram__stack_delete(dgram_stack *stack);

/* Copies options of size bytes, NULL allowed, into *ret_options, and checks them. DGRAM_EINVAL:
 * fields beyond those known are set, half an allocator, memory to receive into under one slot. */
int dgram__stack_options_read(const dgram_stack_options *options, size_t size,
                              dgram_stack_options *ret_options);

/* malloc(3) and its kin: what those have who were given no allocator. */
extern const dgram_allocator dgram__default_allocator;

/* Memory from a stack's allocator: malloc, zeroed malloc, free. */
void *dgram__malloc(dgram_stack *stack, size_t size);
void *dgram__calloc(dgram_stack *stack, size_t size);
void dgram__free(dgram_stack *stack, void *memory);

/* The turn that wake asked for. */
void dgram__stack_turn(dgram_stack *stack);

/* Whether the stack is telling something: user code may be running, so its loop must not be run. */
bool dgram__stack_telling(const dgram_stack *stack);

/* The alarm that set_alarm asked for has rung. */
void dgram__stack_alarm(dgram_stack *stack);

/* The end of close: the user's callback runs in here, and the core's half is gone after it. The
 * stack frees its own struct next. */
void dgram__stack_closed(dgram_stack *stack);

/* A lookup has ended: status is the number of addresses (port 0, in the resolver's order, at most
 * DGRAM__LOOKUP_ADDRESSES_MAX), or a code. Addresses are borrowed. */
void dgram__lookup_done(struct dgram__lookup *lookup, int status, const dgram_address *addresses);

/* One call to the system brought count (1 or more) datagrams; or, where a stack has no room to tell
 * all at once, these are the next of them, paused or not. Messages and bytes are borrowed. */
void dgram__endpoint_received(struct dgram__endpoint *endpoint, const dgram_message *messages,
                              size_t count);

/* Datagrams will be told of this endpoint soon: has the memory fetched that the core will touch. To
 * a stack that knows, first with `nearer` false and a little later with true, when the first are
 * there that lead to the others. Tells nothing. */
void dgram__endpoint_prefetch(const struct dgram__endpoint *endpoint, bool nearer);

/* Receiving failed; it goes on. syscall is a constant, "recvmsg" mostly. */
void dgram__endpoint_receive_failed(struct dgram__endpoint *endpoint, int code,
                                    const char *syscall);

/* The same, and it does not go on: the stack has done what receive_stop does. The core may try
 * receive_start again, as after a pause. */
void dgram__endpoint_receive_ended(struct dgram__endpoint *endpoint, int code, const char *syscall);

/* ICMP has answered a datagram that the endpoint sent. Only while DGRAM__OPTION_ICMP_ERRORS is on, and
 * then instead of a failure of receiving; while the endpoint receives, and where a send is short
 * also when not. No datagram fails for it. Borrowed. */
void dgram__endpoint_icmp(struct dgram__endpoint *endpoint, const dgram_icmp *icmp);

/* Inside send, connect and set_option, the one telling that need not be from the loop: the system has answered with an error that
 * belongs to a datagram sent before, as ICMP's are on an endpoint with a peer, and send has tried the
 * one at hand again. The core tells it from the loop. */
void dgram__endpoint_peer_failed(struct dgram__endpoint *endpoint, int code);

/* After a short send the system may take more. first is DGRAM_EAGAIN where the datagram that came
 * first among the rest is to be offered again; else its result, the stack having queued it. */
void dgram__endpoint_sendable(struct dgram__endpoint *endpoint, int first);

/* An endpoint whose close_endpoint returned false is given back. Its memory is gone on return. */
void dgram__endpoint_closed(struct dgram__endpoint *endpoint);

/* ---- the default stack: in loop/ ---- */

/* The calling thread's default stack. Where there is none it is made if create is true, else
 * *ret_stack is NULL. DGRAM_EWRONGTHREAD: it belongs to another thread. */
int dgram__default_stack(bool create, dgram_stack **ret_stack);

/* This stack is not the default one any more, if it was: the owner may make the next. Other threads
 * may only when its last handle is gone and dgram_run has returned from it. */
void dgram__default_stack_release(dgram_stack *stack);

#endif
