/* way.h: a way to a peer that is as bad as the options say: a dgram_link in front of a socket, and
 * the datagrams that it holds up.
 *
 *   way_send -> dgram_link_pass -> dgram_send_to, at once or, by the timer of the ways, later
 *
 * A command has as many ways as it has peers and directions; what waits on them stands in one
 * store, which is bounded. Without the options a way only sends. */

#ifndef CLI_WAY_H
#define CLI_WAY_H

#include <dgram.h>
#include <dgram/sim.h>

#include "session.h"

enum {
  /* Datagrams that wait, and their bytes with what stands beside them: as the library's own queues
   * are bounded. That is half a second of a full gigabit. More are dropped. */
  WAITING_MAX = 262144,
  WAITING_BYTES_MAX = 64 * 1024 * 1024
};

struct waiting;

struct ways {
  struct session *session;
  struct waiting **heap; /* the next one first */
  size_t count;
  size_t capacity;
  size_t bytes;
  uint64_t order; /* the next datagram's among those that are due together */
  dgram_timer timer;
  uint64_t timer_ns;   /* when it is due, while it runs */
  bool end_when_empty; /* the session has all it waited for but these */
};

/* What became of the datagrams of a way. */
struct way_counts {
  uint64_t came;
  uint64_t unread; /* dropped by the system, before they came */
  uint64_t sent;   /* copies included */
  uint64_t copies;
  uint64_t dropped[DGRAM_DROP_COUNT]; /* by the link */
  uint64_t no_room;                   /* to wait in */
  uint64_t queue_full;                /* the library's, for sending */
  uint64_t failed;
};

struct way {
  struct ways *ways;
  dgram_socket *socket;
  dgram_link link;
  size_t waiting;   /* datagrams */
  uint64_t sent_ns; /* when the last one that had waited left; 0: none has */
  struct way_counts counts;
};

void ways_open(struct ways *ways, struct session *session);

/* Releases what still waits; after session_close. */
void ways_close(struct ways *ways);

/* Sends what is due. To be called before datagrams are sent that have just come, so that none
 * overtakes another. */
void ways_release(struct ways *ways, uint64_t now_ns);

/* Makes a way.
 * socket  keeps until way->waiting is 0 and nothing is sent any more.
 * number  of the way: each has chances of its own. */
void way_open(struct way *way, struct ways *ways, dgram_socket *socket, uint64_t seed,
              uint64_t number);

/* Sends a datagram that came at now_ns as the link wants it: not at all, now or later, once or
 * twice.
 * bytes  borrows. */
void way_send(struct way *way, uint64_t now_ns, const void *bytes, size_t length,
              const dgram_address *to);

/* Adds counts to others. */
void way_add_counts(struct way_counts *sum, const struct way_counts *counts);

/* Says on standard error what was not sent and why, "out: 10 lost, 2 too long for the mtu", and
 * how many were sent twice; nothing where all was sent once. */
void way_report(const char *name, const struct way_counts *counts);

/* Says how many datagrams still wait, if some do. */
void ways_report(const struct ways *ways);

#endif
