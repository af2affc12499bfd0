/* options.h: the options of all subcommands: the same letter means the same everywhere. */

#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <dgram/sim.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum command_bits {
  FOR_LISTEN = 1 << 0,
  FOR_SEND = 1 << 1,
  FOR_ECHO = 1 << 2,
  FOR_RELAY = 1 << 3,
  FOR_INFO = 1 << 4
};

enum {
  /* Groups of one socket: Linux allows 20 unless told otherwise (net.ipv4.igmp_max_memberships). */
  GROUPS_MAX = 20,
  ARGUMENTS_MAX = 2,
  /* Sessions of a relay unless told otherwise: as many as the descriptors that most systems give a
   * process without asking; and at most: with more, the ports of a host run out. */
  SESSIONS_DEFAULT = 1000,
  SESSIONS_MAX = 50000,
  WORKERS_MAX = 1024 /* of a cluster: dgram/cluster.h */
};

/* How datagrams are printed. */
enum format { FORMAT_TEXT, FORMAT_RAW, FORMAT_HEX, FORMAT_JSON };

struct options {
  const char *arguments[ARGUMENTS_MAX];
  int argument_count;

  int family;            /* DGRAM_IPV4, DGRAM_IPV6, or 0 for what the address says */
  const char *interface; /* -I, or NULL */
  const char *bind;      /* -b: where to send from, or NULL */
  uint64_t count;        /* -c; 0: not given */
  uint64_t replies;      /* -n; 0: not given */
  bool has_wait;         /* -w was given */
  uint64_t wait_ns;
  uint64_t interval_ns;
  bool broadcast;
  bool reuse_addr;
  bool reuse_port;
  bool dont_fragment;
  int ttl;  /* -1: not given */
  int tos;  /* the whole field; -1: not given */
  int dscp; /* its upper six bits; -1: not given */
  int ecn;  /* its lower two; -1: not given */
  bool connect;
  bool by_path; /* --unix: unix sockets, addresses are paths */
  const char *groups[GROUPS_MAX];
  int group_count;
  enum format format;
  const char *hex;         /* the data of send, or NULL */
  const char *file;        /* the same from a file */
  bool lines;              /* --delim line */
  dgram_link_options link; /* what makes the way a bad one */
  bool bad_link;           /* one of these was given */
  bool has_seed;           /* --seed was given */
  uint64_t seed;
  uint64_t idle_ns;  /* of a relay's session */
  uint64_t sessions; /* of a relay at a time */
  uint64_t workers;  /* processes that serve; 0: this one */
  bool quiet;
  bool verbose;
  bool help; /* -h: nothing else counts */
};

/* Reads the arguments of a command: argv[0] is its name. What it does not like it reports.
 * ret_options  keeps pointers into argv. Returns 0 or -1. */
int options_read(unsigned command, int argc, char **argv, struct options *ret_options);

/* Writes a line for each option of a command. */
void options_help(unsigned command, FILE *file);

#endif
