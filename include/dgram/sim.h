/* dgram/sim.h: a network in memory, for tests of protocols: no kernel, no sleeping, its own clock.
 *
 * A world has hosts, each a dgram_stack like any other, joined by networks. What is sent from one to
 * another crosses a link: it is delayed, lost, doubled, overtaken, as the link's options say. Time is
 * virtual and moves from event to event. The same program with the same seed gives the same run, bit
 * for bit, on every machine: all decisions are made in integers.
 *
 *   dgram_sim_create(&(dgram_sim_options){.seed = 42}, &sim);
 *   dgram_sim_add_host(sim, "client", "10.0.0.1/24", &client);
 *   dgram_sim_add_host(sim, "server", "10.0.0.2/24", &server);
 *   dgram_sim_set_link(client, server, &(dgram_link_options){.delay_ns = 20 * DGRAM_MILLISECOND,
 *                                                            .loss_ppm = 100000});
 *   ... sockets on client and server, as on any stack ...
 *   dgram_sim_run_for(sim, 10 * DGRAM_SECOND);
 *   dgram_sim_destroy(sim);
 *
 * One world belongs to one thread. Calls that change it are allowed at any time, also inside
 * callbacks, but for those that say so. A call that fails has changed nothing.
 *
 * Not repeated below: the errors common to all calls of dgram.h, and DGRAM_ENOTSUP for a stack that
 * is not simulated. */

#ifndef DGRAM_SIM_H
#define DGRAM_SIM_H

#include <dgram.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- links ---- */

/* One millionth: the unit of every probability. */
#define DGRAM_PPM 1000000

/* What a way through a network does to datagrams. Zeroed: nothing, they are there at once. Each
 * direction has its own. Probabilities in parts per million, 0 to 1,000,000. */
typedef struct dgram_link_options {
  uint64_t delay_ns;
  uint64_t jitter_ns; /* added to the delay, from 0 to this, evenly. It does not reorder: who would
                         overtake waits */

  uint32_t loss_ppm; /* each for itself */

  /* Bursts (Gilbert, Elliott): the link is good at first; before each datagram it turns bad, or good
   * again, with these probabilities. While it is bad this much is lost beside loss_ppm. The mean
   * burst is 1,000,000 / burst_end_ppm datagrams long. */
  uint32_t burst_begin_ppm;
  uint32_t burst_end_ppm;
  uint32_t burst_loss_ppm;

  uint32_t duplicate_ppm; /* comes a second time, right behind the first */

  uint32_t reorder_ppm; /* held up for reorder_ns more, without holding up those behind it */
  uint64_t reorder_ns;  /* 0: as long as delay_ns and jitter_ns together, at least 1 ms */

  uint64_t bits_per_second; /* 0: no limit. Headers of UDP and IP count: 28 bytes, with
                               IPv6 48 */
  size_t queue_bytes;       /* that wait for their turn on such a link; more are lost. 0: 65,536 */

  size_t mtu;     /* bytes with headers; larger ones fail with DGRAM_EMSGSIZE. 0: no limit */
  bool fragments; /* they cross in fragments, each of which pays its header and may be lost; those
                     of a socket with dgram_set_dont_fragment are lost, and their host gets to
                     know the mtu after the way there and back, for ten minutes */

  bool down; /* nothing passes */
} dgram_link_options;

/* Why a datagram did not arrive. */
enum dgram_drop {
  DGRAM_DROP_NONE,
  DGRAM_DROP_LOSS,      /* of a link, burst or not */
  DGRAM_DROP_QUEUE,     /* of a link was full */
  DGRAM_DROP_MTU,       /* too large for a link, and nobody to tell */
  DGRAM_DROP_DOWN,      /* link down, or another partition */
  DGRAM_DROP_NO_HOST,   /* nobody has this address, or nobody has joined, or no more on arrival */
  DGRAM_DROP_NO_SOCKET, /* nobody has this port there */
  DGRAM_DROP_BUFFER,    /* the socket's receive buffer was full, or memory was out */
  DGRAM_DROP_CLOSED,    /* the host has gone while it was under way */
  DGRAM_DROP_COUNT
};

/* One direction of a link by itself: a value, with its state and its random numbers, for programs
 * that put a bad link in front of real sockets. Nothing is allocated. Its fields are not for
 * others. */
typedef struct dgram_link {
  dgram_link_options options;
  uint64_t key;           /* of its random numbers */
  uint64_t passed;        /* datagrams, each of which has numbers of its own */
  uint64_t now_ns;        /* when the last one was sent */
  uint64_t busy_until_ns; /* when the last byte that waits will have left */
  uint64_t busy_rest;     /* and this part of bits_per_second of a ns later */
  uint64_t last_ns;       /* when the last one that was not reordered arrives */
  bool bad;
} dgram_link;

/* What becomes of one datagram. */
typedef struct dgram_fate {
  unsigned copies;      /* 0, 1 or 2 */
  uint64_t at_ns[2];    /* when each arrives, not before it was sent */
  enum dgram_drop drop; /* why there is none */
} dgram_fate;

/* Makes a link ready.
 *
 * options  borrows.
 * seed     the same one, with the same calls, gives the same fates.
 * Errors   DGRAM_EINVAL: a probability over 1,000,000, an mtu under 68 (RFC 791), times that
 *          overflow together. */
DGRAM_EXTERN int dgram_link_init(dgram_link *link, const dgram_link_options *options,
                                 uint64_t seed);

/* Changes what the link does from now on; what is under way stays as it is. Errors: as
 * dgram_link_init's; then nothing has changed. */
DGRAM_EXTERN int dgram_link_set(dgram_link *link, const dgram_link_options *options);

/* Decides about a datagram.
 *
 * now_ns    when it is sent; not before the datagram before it (the later time counts).
 * length    bytes of payload.
 * overhead  bytes of headers: 28 for IPv4, 48 for IPv6.
 * ret_fate  returns what becomes of it.
 * Returns   0, or DGRAM_EMSGSIZE: larger than the mtu, and the link makes no fragments, or larger
 *           than IP can make fragments of. */
DGRAM_EXTERN int dgram_link_pass(dgram_link *link, uint64_t now_ns, size_t length, size_t overhead,
                                 dgram_fate *ret_fate);

/* ---- worlds ---- */

/* A world. Opaque. */
typedef struct dgram_sim dgram_sim;

/* Zeroed: all defaults. */
typedef struct dgram_sim_options {
  uint64_t seed;
  const dgram_allocator *allocator; /* of the world and all its hosts; NULL: malloc and free */
  uint64_t start_ns;                /* the time at first; 0: one second */
} dgram_sim_options;

/* Creates a world without hosts.
 *
 * options  borrows; NULL: all defaults.
 * ret_sim  returns new: dgram_sim_destroy releases it.
 * Errors   DGRAM_EINVAL: an option this version does not know, half an allocator, a start_ns that
 *          leaves no time after it. */
#define dgram_sim_create(options, ret_sim)                                                         \
  dgram_sim_create_sized((options), sizeof(dgram_sim_options), (ret_sim))
DGRAM_EXTERN int dgram_sim_create_sized(const dgram_sim_options *options, size_t size,
                                        dgram_sim **ret_sim);

/* Ends a world: aborts all sockets, closes all stacks, runs until their `close` callbacks are over,
 * and releases everything. What is under way is lost. NULL is allowed.
 * Errors  DGRAM_ERUNNING: inside a callback of it. */
DGRAM_EXTERN int dgram_sim_destroy(dgram_sim *sim);

/* The world a stack belongs to, or NULL for a stack that is not simulated. */
DGRAM_EXTERN dgram_sim *dgram_sim_of(dgram_stack *stack);

/* ---- hosts ---- */

/* Creates a host: a stack, with 127.0.0.1 and ::1 on interface 1, "lo", and an address on interface
 * 2, "eth0", in network 0. dgram_stack_close takes the host out of the world.
 *
 * A host behaves as Linux does, but for this: a turn takes 1,000 ns of its time, so that timers
 * come due under a flood; a receive buffer holds 212,992 bytes, each datagram counting 768 more;
 * everyone may bind a port under 1024; multicast and 255.255.255.255 need no route and leave by the
 * first interface, unless the socket is bound to another's address or, for multicast, was told
 * which; no router takes a hop away; of ICMP there is the answer to a port that nobody has, as often
 * as need be, for who is connected or asked by dgram_set_icmp_errors. It crosses the link back, counts
 * as no datagram and is in no trace.
 *
 * name       borrows; 1 to 253 bytes; in the trace, and for lookups: its addresses. NULL: it has
 *            none.
 * address    "10.0.0.1/24", "2001:db8::1/64"; without a prefix /32 or /128, no broadcast. NULL: no
 *            interface 2.
 * ret_stack  returns new; belongs to the world.
 * Errors     DGRAM_EINVAL: no name, no address, or one that no host can have (of all, loopback,
 *            multicast, broadcast); DGRAM_EADDRINUSE: some host in that network has it;
 *            DGRAM_EEXIST: some host has that name, or it is "localhost"; DGRAM_ENOTRUNNING: the
 *            world is being destroyed. */
DGRAM_EXTERN int dgram_sim_add_host(dgram_sim *sim, const char *name, const char *address,
                                    dgram_stack **ret_stack);

/* Adds an interface, or an address to one.
 *
 * name     borrows; up to 15 bytes. An interface of this name is added where the host has none.
 * network  it is in: 0 and up. Hosts reach whom they share a network with. One interface is in one
 *          network.
 * address  as in dgram_sim_add_host; never a loopback, multicast or broadcast one. A host has an
 *          address once, but for link-local ones.
 * Returns  the interface's index.
 * Errors   DGRAM_EINVAL: no name, no address, "lo", an interface in another network;
 *          DGRAM_EADDRINUSE: some host in that network has it, or this one on another interface;
 *          DGRAM_ENOTRUNNING: in the stack's `close` callback, the host has gone. */
DGRAM_EXTERN int dgram_sim_add_address(dgram_stack *host, const char *name, unsigned network,
                                       const char *address);

/* Takes an address away. Sockets bound to it stay, and hear nothing.
 *
 * address  borrows; a prefix means nothing.
 * Errors   DGRAM_EADDRNOTAVAIL: the host has no such address; DGRAM_EINVAL: no address. */
DGRAM_EXTERN int dgram_sim_remove_address(dgram_stack *host, const char *address);

/* ---- what happens on the way ---- */

/* Sets what all links do that have no options of their own, from now on. Where neither chance, jitter
 * nor a rate is among them, order is kept by host and not by pair: once the delay has become shorter,
 * a datagram may wait for an earlier one of each of its two hosts, also to or from a third.
 *
 * options  borrows; not NULL: zeroed ones are what it begins with.
 * Errors   as dgram_link_init's. */
DGRAM_EXTERN int dgram_sim_set_default_link(dgram_sim *sim, const dgram_link_options *options);

/* Sets both directions between two hosts; or one.
 *
 * options  borrows; NULL: the default again.
 * Errors   as dgram_link_init's; DGRAM_EINVAL: a host and itself, or hosts of two worlds. */
DGRAM_EXTERN int dgram_sim_set_link(dgram_stack *a, dgram_stack *b,
                                    const dgram_link_options *options);
DGRAM_EXTERN int dgram_sim_set_way(dgram_stack *from, dgram_stack *to,
                                   const dgram_link_options *options);

/* Moves a host to another side of a partition. Only hosts of one side reach each other; at first all
 * are on side 0. What is under way arrives. */
DGRAM_EXTERN int dgram_sim_set_side(dgram_stack *host, unsigned side);

/* Moves all hosts to side 0. */
DGRAM_EXTERN int dgram_sim_repair(dgram_sim *sim);

/* ---- names and failures ---- */

/* Sets what a name means, on all hosts. "localhost" and the names of hosts are known without; what
 * is set here comes before them. Names are compared byte for byte.
 *
 * name       borrows; 1 to 253 bytes.
 * addresses  borrows; their ports mean nothing. count 0 with code 0: takes back what was set.
 * delay_ns   how long a lookup takes.
 * code       0, or what lookups fail with: DGRAM_EAI_AGAIN for example.
 * Errors     DGRAM_EINVAL: no name, more than 32 addresses, one of no family, a code over 0. */
DGRAM_EXTERN int dgram_sim_set_name(dgram_sim *sim, const char *name,
                                    const dgram_address *addresses, size_t count, uint64_t delay_ns,
                                    int code);

/* What can be made to fail: calls of a stack to its system. */
enum dgram_sim_call {
  DGRAM_SIM_OPEN, /* of a socket */
  DGRAM_SIM_BIND,
  DGRAM_SIM_SEND,    /* of a datagram; DGRAM_EAGAIN: it waits for the next turn */
  DGRAM_SIM_RECEIVE, /* an error in place of a batch */
  DGRAM_SIM_SET_OPTION,
  DGRAM_SIM_MEMBERSHIP, /* join or leave */
  DGRAM_SIM_LOOKUP,     /* that is started */
  DGRAM_SIM_CONNECT,    /* or disconnect */
  DGRAM_SIM_CALL_COUNT
};

/* Makes a call of a host fail: the nth of its kind from now on, 1 being the next. It replaces what
 * was set for that kind.
 *
 * nth     0: none.
 * times   how many in a row, from the nth on; 0: none; UINT64_MAX: all.
 * code    negative, also where none is to fail.
 * Errors  DGRAM_EINVAL: no such kind, a code of 0 or more. */
DGRAM_EXTERN int dgram_sim_fail(dgram_stack *host, enum dgram_sim_call call, uint64_t nth,
                                uint64_t times, int code);

/* ---- time ---- */

/* The world's time in ns; dgram_now of every host. 0 for NULL. */
DGRAM_EXTERN uint64_t dgram_sim_now(const dgram_sim *sim);

/* Lets one event happen: a datagram arrives, or a host has a turn (its timers, callbacks of sends,
 * messages, lookups). Time moves to it. Of events at one time the one that was decided first comes
 * first.
 * Returns  1; 0: nothing can ever happen again.
 * Errors   DGRAM_ERUNNING: inside a callback of this world, or of a dgram_run. */
DGRAM_EXTERN int dgram_sim_step(dgram_sim *sim);

/* Lets everything happen up to a time, which is the time then; also where nothing happens. Or until
 * dgram_sim_stop.
 * Errors  DGRAM_EINVAL: a time that is over, or too far away for 64 bits; DGRAM_ERUNNING. */
DGRAM_EXTERN int dgram_sim_run_until(dgram_sim *sim, uint64_t time_ns);
DGRAM_EXTERN int dgram_sim_run_for(dgram_sim *sim, uint64_t duration_ns);

/* Runs until no host holds the program any more (as dgram_run, for all hosts), or dgram_sim_stop.
 * Errors  DGRAM_EDEADLK: nothing can happen any more although something waits; DGRAM_ERUNNING. */
DGRAM_EXTERN int dgram_sim_run(dgram_sim *sim);

/* Makes the run under way return after this event; without one, the next run at once.
 * dgram_sim_step does not heed it. */
DGRAM_EXTERN void dgram_sim_stop(dgram_sim *sim);

/* ---- looking at it ---- */

/* Counts of datagrams that were sent from one host to another, or to itself. At any time
 * sent + duplicated = delivered + under_way + all of dropped, where each receiver of a multicast or
 * broadcast counts as one that was sent, none at all as one too. */
typedef struct dgram_sim_stats {
  uint64_t events; /* arrivals, and turns with something to tell */
  uint64_t sent;
  uint64_t duplicated;
  uint64_t delivered; /* into a receive buffer */
  uint64_t under_way;
  uint64_t dropped[DGRAM_DROP_COUNT]; /* by enum dgram_drop */
} dgram_sim_stats;

DGRAM_EXTERN int dgram_sim_get_stats(const dgram_sim *sim, dgram_sim_stats *ret_stats);

/* Takes bytes that are to be written; borrows them. A result other than 0 ends the trace. It runs
 * inside calls, and calls nothing of the world but dgram_sim_trace with NULL. */
typedef int (*dgram_sim_write_cb)(const void *bytes, size_t length, void *data);

/* Writes what crosses the network as pcapng, which Wireshark and tshark read: each datagram once for
 * each receiver, when it is sent, with headers of IP and UDP, its hosts and its fate as comment.
 * Left out are what a host sends to itself, what a send was refused, and what is sent inside the
 * callback.
 *
 * cb      it is called for each block, the first time inside this call; it replaces the one before
 *         it. NULL: ends the trace, also inside the callback.
 * data    keeps until the trace ends.
 * Errors  DGRAM_EIO: the callback refused the beginning, and nothing is traced any more;
 *         DGRAM_ENOMEM; DGRAM_ERUNNING: inside the callback. */
DGRAM_EXTERN int dgram_sim_trace(dgram_sim *sim, dgram_sim_write_cb cb, void *data);

/* ---- a stack by itself ---- */

/* Creates a stack in a world of its own: one host with 127.0.0.1 and ::1 on interface 1, "lo", where
 * all that is sent arrives, but a socket's receive buffer is bounded and drops what does not fit. Time
 * stands still until dgram_run has nothing else to do; then it jumps to the next event. The name
 * "localhost" resolves, all others are unknown. There are no descriptors: options.fd and a binder's
 * answers are refused with DGRAM_ENOTSUP, and the descriptor stays the caller's.
 *
 * options    borrows; NULL: all defaults. Only the allocator has a meaning here.
 * ret_stack  returns new: dgram_stack_close releases it and its world, by way of dgram_run.
 * Errors     DGRAM_EINVAL: as dgram_uv_stack_create's. */
#define dgram_sim_stack_create(options, ret_stack)                                                 \
  dgram_sim_stack_create_sized((options), sizeof(dgram_stack_options), (ret_stack))
DGRAM_EXTERN int dgram_sim_stack_create_sized(const dgram_stack_options *options, size_t size,
                                              dgram_stack **ret_stack);

#ifdef __cplusplus
}
#endif

#endif
