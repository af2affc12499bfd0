/* What the programs of the benchmark share: options, the table of roles, clocks, results.
 *
 * A program has roles (`bench-bare send-gso --port 4000`). A role that listens prints the port as
 * its first line of JSON. Every role but the counting ones then works until a signal ends it, and
 * prints its result, one line of JSON, when its window is over; so whoever started a pair waits for
 * both results and ends both, and no window ever runs into a partner that has gone. A watchdog ends
 * a program that nobody ends. */

#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  /* The longest payload that a role sends: what Ethernet carries whole. */
  BENCH_LENGTH_MAX = 1472,

  /* Datagrams that a server hands over at once. */
  BENCH_LIST = 512,

  /* Datagrams under way at a time at most: of a list, or with a callback each. */
  BENCH_IN_FLIGHT = 1024,

  /* Bytes of a page. */
  BENCH_PAGE = 4096,

  /* Bytes of the largest datagram, or of a group that the kernel has joined. */
  BENCH_SLOT = 65536,

  /* Groups of GSO that are sent by one call at most, and slots to receive such groups into. */
  BENCH_GROUPS_MAX = 4,
  BENCH_SLOTS_MAX = 64,

  /* Datagrams between two looks at the clock, where they come one by one. */
  BENCH_TICK = 64
};

struct bench_options {
  size_t length;        /* bytes of payload */
  int port;             /* of the peer on 127.0.0.1 */
  int core;             /* to run on; below 0: any */
  unsigned outstanding; /* requests under way */
  unsigned destinations;
  unsigned sockets;
  unsigned in_flight; /* datagrams handed over at once, or with a callback each */
  unsigned groups;    /* of GSO, to a system call */
  unsigned slots;     /* for groups of GRO, to a system call */
  uint64_t warm_up_ns;
  uint64_t window_ns;
};

struct bench_role {
  const char *name;
  int (*run)(const struct bench_options *options); /* an exit status */
};

/* The whole of main: reads the arguments, goes to its core, starts the watchdog, runs the role.
 * The table ends with a role without a name. */
int bench_main(int argc, char **argv, const struct bench_role *roles);

/* Monotonic time, and what the process has used of all cores, in its own code and the kernel's. */
uint64_t bench_now_ns(void);
uint64_t bench_cpu_ns(void);

/* Says what failed, with errno's text or the given one, and ends the program. */
void bench_die(const char *what) __attribute__((noreturn));
void bench_die_saying(const char *what, const char *why) __attribute__((noreturn));

/* Returns memory full of zeros that begins where a page does, or ends the program. */
void *bench_allocate(size_t count, size_t size);

/* Prints the first line of a role that listens. */
void bench_say_port(unsigned port);

/* 127.0.0.1, 127.0.0.2 and so on. */
struct sockaddr_in bench_loopback(unsigned nth, int port);

/* Raises the limit of open files as far as it goes; returns how many of `wanted` may be opened,
 * some left for the program itself. */
unsigned bench_allow_files(unsigned wanted);

#endif
