/* Random programs in a simulated network: what a program is, what one run of it checks.
 *
 *   generate.c   from a seed to a program
 *   print.c      a program as the calls that it makes
 *   world.c      one run: its beginning, its steps, its end, what is left
 *   calls.c      a step: one call, or a few
 *   sends.c      those that send
 *   peers.c      those that connect
 *   options.c    those that set an option, or join a group
 *   network.c    those that change the network
 *   books.c      what was sent, and may so arrive
 *   events.c     what hears of it
 *   checks.c     counters that must agree
 *   shrink.c     the smallest program that still fails
 *   judge.c      a run in a process of its own, and what became of it
 *
 * A program is data: an array of steps that knows nothing of random numbers, so that steps can be
 * left out and the others mean the same. A step whose socket or host is not there does nothing. All
 * that happens is the program's alone: it ends the same way each time. What is checked, by the word
 * that a failure is told with:
 *
 *   inside    no callback inside a call, nor inside another callback (rule 2)
 *   once      each accepted call calls back once, a refused one never (rule 3)
 *   borrow    a list comes back as it was given (rule 4; the rest of it is seen by ASan)
 *   close     no message after dgram_close, nothing after `close`, which comes in time (rule 6)
 *   order     to one destination as written: arrives in order, where no link reorders; callbacks of
 *             sends to addresses come in the order of the calls (rule 7)
 *   limit     a send is refused for a full queue if and only if it is full; `drain` (rule 9)
 *   refuse    calls with bad arguments, or on closed sockets, are refused; others are not for that
 *   silent    a listener that was removed, or a socket that is paused, hears nothing (rule 13)
 *   sent      what arrives was sent: by this socket, to this one, and its bytes are the same
 *   info      what came with a message is told, of all that was asked for, and nothing unasked
 *   blocked   nothing is heard of those who are blocked
 *   peer      who is connected sends to its peer and hears nobody else; `connect` and the callback come
 *             as they should
 *   twice     it arrives once, where no link doubles
 *   stats     counters of sockets and of the world add up
 *   time      time does not run backwards; timers ring when they are due
 *   memory    all of it is given back
 *   end       a world without steps comes to rest, and closes
 *   same      a second run is the same, event by event */

#ifndef DGRAM_TEST_PROPERTY_H
#define DGRAM_TEST_PROPERTY_H

#include <dgram.h>
#include <dgram/sim.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
  PROPERTY_HOSTS = 50,
  PROPERTY_SLOTS = 4, /* sockets of a host at one time */
  PROPERTY_STEPS = 240,
  PROPERTY_ARGS = 12,
  PROPERTY_TIMERS = 4,    /* of a host */
  PROPERTY_LISTENERS = 6, /* of a socket: one for each event */
  PROPERTY_GROUPS = 3,
  PROPERTY_KEPT = 16,
  PROPERTY_PORT = 5000,      /* of slot 0; the others follow */
  PROPERTY_LIST = 260,       /* datagrams of a list */
  PROPERTY_TIMES = 1500,     /* that a step sends */
  PROPERTY_LATE_NS = 1000000 /* a turn may cost time */
};

/* ---- programs ---- */

/* What a step does. The words behind are its arguments: args[0] and so on. */
enum property_call {
  PROPERTY_CREATE,     /* type6, reuse, linger, limit, limit_bytes, errors, unref, kind, blocks */
  PROPERTY_BIND,       /* address, port, hears, sync */
  PROPERTY_SEND,       /* to, length, form, hears, alternative, late, times */
  PROPERTY_SEND_MANY,  /* to, length, count, hears, alternative, parts */
  PROPERTY_TRY_SEND,   /* to, length, count, -, alternative, parts */
  PROPERTY_CONNECT,    /* to, sync, -, -, alternative, late */
  PROPERTY_DISCONNECT, /* - */
  PROPERTY_MEMBERSHIP, /* leave, group, interface, source */
  PROPERTY_OPTION,     /* which, value */
  PROPERTY_PAUSE,      /* - */
  PROPERTY_RESUME,     /* - */
  PROPERTY_LISTEN,     /* event, how */
  PROPERTY_KEEP,       /* - */
  PROPERTY_CLOSE,      /* hears */
  PROPERTY_ABORT,      /* - */
  PROPERTY_REF,        /* unref */
  PROPERTY_TIMER,      /* index, us, stop */
  PROPERTY_FLUSH,      /* - */
  PROPERTY_RESOLVE,    /* name, family */
  PROPERTY_NESTED,     /* which */
  PROPERTY_STEP,       /* count */
  PROPERTY_STOP,       /* - */
  PROPERTY_LINK,       /* way; then as in enum property_link_args */
  PROPERTY_SIDE,       /* side */
  PROPERTY_REPAIR,     /* - */
  PROPERTY_NAME,       /* name, us, code */
  PROPERTY_FAIL,       /* call, nth, times, code */
  PROPERTY_ADDRESS,    /* which, remove */
  PROPERTY_CLOSE_HOST, /* - */
  PROPERTY_CALLS
};

enum property_link_args {
  PROPERTY_LINK_WAY, /* enum property_way */
  PROPERTY_LINK_DELAY_US,
  PROPERTY_LINK_JITTER_US,
  PROPERTY_LINK_LOSS,
  PROPERTY_LINK_BURST,
  PROPERTY_LINK_DUPLICATE,
  PROPERTY_LINK_REORDER,
  PROPERTY_LINK_KBITS,
  PROPERTY_LINK_QUEUE,
  PROPERTY_LINK_MTU,
  PROPERTY_LINK_FRAGMENTS,
  PROPERTY_LINK_DOWN
};

enum property_way { PROPERTY_BOTH_WAYS, PROPERTY_ONE_WAY, PROPERTY_ALL_WAYS, PROPERTY_UNSET };

/* Where a datagram goes: `other`, `other_slot` of the step say whose. */
enum property_to {
  PROPERTY_TO_SOCKET,    /* its address in network 0; with `alternative` in network 1 */
  PROPERTY_TO_HOST_NAME, /* the host's name */
  PROPERTY_TO_LOOPBACK,  /* 127.0.0.1 or ::1 */
  PROPERTY_TO_DEFAULT,   /* no address */
  PROPERTY_TO_GROUP,     /* by `other` */
  PROPERTY_TO_BROADCAST, /* of network 0; with `alternative` 255.255.255.255 */
  PROPERTY_TO_NAME,      /* of the table, by `other` */
  PROPERTY_TO_NOBODY,    /* an address or port that nobody has */
  PROPERTY_TO_WRONG,     /* must be refused, by `other` */
  PROPERTY_TO_COUNT
};

enum property_bind {
  PROPERTY_BIND_ANY,
  PROPERTY_BIND_OWN,
  PROPERTY_BIND_LOOPBACK,
  PROPERTY_BIND_NAME,
  PROPERTY_BIND_OTHERS, /* an address of another host */
  PROPERTY_BIND_WRONG   /* must be refused */
};

/* Of PROPERTY_CREATE, bits. */
enum property_kind {
  PROPERTY_WITH_INFO = 1,
  PROPERTY_WITH_ICMP = 2,
  PROPERTY_IPV6_ONLY = 4,
  PROPERTY_REUSE_PORT = 8
};

/* Of PROPERTY_OPTION. */
enum property_option {
  PROPERTY_BROADCAST,
  PROPERTY_TTL,
  PROPERTY_MULTICAST_TTL,
  PROPERTY_MULTICAST_LOOPBACK,
  PROPERTY_MULTICAST_INTERFACE,
  PROPERTY_TOS,
  PROPERTY_DONT_FRAGMENT,
  PROPERTY_PATH_MTU,
  PROPERTY_RECV_BUFFER,
  PROPERTY_SEND_BUFFER,
  PROPERTY_RECV_INFO,
  PROPERTY_ICMP_ERRORS,
  PROPERTY_OPTIONS
};

enum property_port { PROPERTY_PORT_OWN, PROPERTY_PORT_EPHEMERAL, PROPERTY_PORT_FIRST };

struct property_step {
  uint8_t call;
  uint8_t host;
  uint8_t slot;
  uint8_t inside; /* it waits for the next callback on its host */
  uint8_t other;  /* another host, mostly */
  uint8_t other_slot;
  uint32_t wait_us; /* how long the world runs before it */
  uint32_t args[PROPERTY_ARGS];
};

enum property_ending {
  PROPERTY_END_CLOSING, /* at rest, then all sockets are closed */
  PROPERTY_END_HOSTS,   /* at rest, then all hosts are closed */
  PROPERTY_END_AT_ONCE  /* the world is destroyed as it is */
};

struct property_program {
  uint64_t seed; /* of the world, and of the payloads */
  uint8_t ending;
  unsigned count;
  struct property_step steps[PROPERTY_STEPS];
};

void property_generate(uint64_t seed, struct property_program *program);
void property_print(const struct property_program *program, FILE *file);

/* One step in one line, without its indentation. */
void property_print_step(const struct property_step *step, FILE *file);

/* Which of its fields are a host besides `host`. */
bool property_other_is_host(const struct property_step *step);

/* Words of the table of names, and what is bound to: for the run and for the print. */
const char *property_name(unsigned index);
enum { PROPERTY_NAMES = 5 };

/* The destination of a step as it is written; NULL for none. type: of the sending socket. Returns
 * the port as far as the step says it. Without the world: what the socket was bound to is not
 * known here. */
const char *property_written(const struct property_step *step, int type, char *text, size_t size);
const char *property_bind_written(const struct property_step *step, int type, char *text,
                                  size_t size);

/* The text of a host's own address: network 0 or 1. */
void property_host_text(unsigned host, int type, unsigned network, char *text, size_t size);
void property_link_options(const struct property_step *step, dgram_link_options *ret_options);

/* ---- what became of a run ---- */

enum { PROPERTY_KEY = 16, PROPERTY_TEXT = 300 };

/* Shared by the process that runs programs and the one that judges. */
struct property_report {
  uint64_t seed;            /* that runs now */
  char key[PROPERTY_KEY];   /* what failed; "": nothing */
  char text[PROPERTY_TEXT]; /* how */
  uint64_t programs;        /* that have ended well */
  uint64_t steps;           /* in them */
  uint64_t events;          /* of the worlds */
  uint64_t sent;            /* by the worlds' counts */
  uint64_t duplicated;
  uint64_t delivered;
  uint64_t dropped[DGRAM_DROP_COUNT];
  uint64_t called[PROPERTY_CALLS];   /* calls that succeeded */
  uint64_t answered[PROPERTY_CALLS]; /* calls that were refused */
  uint64_t callbacks;
};

/* Runs a program once and returns the hash of all that happened; a check that fails ends the
 * process with its report written. */
uint64_t property_run(const struct property_program *program, struct property_report *report,
                      bool trace);

/* Runs it in a process of its own, twice where `twice`. Returns false where it fails, and how in
 * *ret_report. quiet: its standard error is shut. */
bool property_holds(const struct property_program *program, bool twice, bool quiet,
                    struct property_report *ret_report);

/* Whether a smaller program is still one of those that are looked for. */
typedef bool (*property_fails)(const struct property_program *program, void *data);

/* Makes a program smaller as long as `fails` holds. budget: how often it may ask. */
void property_shrink(struct property_program *program, unsigned budget, property_fails fails,
                     void *data);

#endif
