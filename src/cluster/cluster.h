/* The primary's structs. A cluster has slots, one for each number of a worker, and processes, of which
 * a slot has one at most, and during a reload a second one that is to become it.
 *
 *   start.c     from options to a cluster, and its end
 *   slot.c      who has a number: first start, restart, what a dead worker leaves to its replacement
 *   process.c   one worker's process: start, frames' way, stop, end
 *   serve.c     what the frames of a worker mean
 *   share.c     a bind: which handle, and how it is opened
 *   reload.c    a new worker for each number, one after another */

#ifndef CLUSTER_CLUSTER_H
#define CLUSTER_CLUSTER_H

#include <dgram/uv.h>

#include "cluster/channel.h"
#include "cluster/handle.h"
#include "dgram/cluster.h"

struct cluster_worker;

/* The environment's word for a worker: "<version> <number> <id>", the channel being descriptor 3. */
#define CLUSTER_VARIABLE "DGRAM_CLUSTER"
enum { CLUSTER_CHANNEL_FD = 3, CLUSTER_VARIABLE_SIZE = 64 };

struct cluster_slot {
  dgram_cluster *cluster;
  int number;
  struct cluster_worker *worker; /* who has the number; NULL: nobody */
  struct cluster_holds kept;     /* sockets for the next one */
  dgram_timer start;             /* until the next one is started */
  dgram_timer give_up;           /* until the sockets that it has not asked for are */
  int pause_ms;                  /* before the next restart */
};

struct cluster_reload {
  bool under_way;
  int number;                      /* whose turn it is */
  struct cluster_worker *incoming; /* does not listen yet; NULL: it does */
  struct cluster_worker *outgoing; /* leaves; NULL: has left, or there was none */
};

struct dgram_cluster {
  dgram_stack *stack; /* as it was given: NULL is the default one, whichever that is */
  uv_loop_t *loop;
  dgram_cluster_options options; /* complete */
  char *program;
  char *text;  /* what args point into */
  char **args; /* from argv[0] to NULL */
  struct cluster_slot *slots;
  struct cluster_worker *workers; /* all processes, until their memory goes */
  struct cluster_handles handles;
  struct cluster_holds offered;
  struct cluster_reload reload;
  dgram_timer hold; /* keeps dgram_run, and rings for the end */
  uint64_t ids;
  bool stopping;
  bool reload_cancelled; /* RELOADED has to be emitted still */
};

struct cluster_worker {
  struct cluster_worker *next;
  dgram_cluster *cluster;
  struct cluster_slot *slot;
  uv_process_t process;
  struct cluster_channel channel;
  struct cluster_holds holds;
  dgram_timer deadline; /* until it is killed */
  uint64_t id;
  uint64_t started_ns;
  int pid;     /* 0: could not be started */
  int code;    /* of its EXIT */
  int handles; /* of libuv's, open still */
  bool online;
  bool asked;   /* to leave */
  bool leaving; /* it has said so */
  bool exited;
};

/* ---- start.c ---- */

void cluster_emit(dgram_cluster *cluster, const dgram_cluster_event *event);

/* An event of a worker. */
dgram_cluster_event cluster_event_of(const struct cluster_worker *worker, int type);

/* Looks from the loop whether the cluster is at its end. */
void cluster_look_for_end(dgram_cluster *cluster);

/* ---- slot.c ---- */

/* Starts the number's worker from the loop, after a while. */
void cluster_slot_start(struct cluster_slot *slot, int pause_ms);

/* Its worker has ended, and nobody else has the number: starts a replacement, if one is wanted, and
 * keeps for it what the worker held. */
void cluster_slot_lost(struct cluster_slot *slot, struct cluster_worker *worker);

/* What a worker held is kept for the next one of the number. */
void cluster_slot_inherit(struct cluster_slot *slot, struct cluster_worker *worker);

/* Whether the number has a worker, or will have one. */
bool cluster_slot_is_in_use(const struct cluster_slot *slot);

/* Keeps a socket for the number's worker, who has not asked for it yet. */
int cluster_slot_keep(struct cluster_slot *slot, struct cluster_handle *handle);

/* A worker has joined: what is kept, and it does not ask for in time, is given up. */
void cluster_slot_online(struct cluster_slot *slot);

/* A worker listens on a handle. */
void cluster_slot_listening(struct cluster_slot *slot, uint64_t handle);

/* Nobody is to have the number any more. */
void cluster_slot_end(struct cluster_slot *slot);

/* ---- process.c ---- */

/* Starts a process for a number. Where that fails the worker exists all the same, until its EXIT,
 * which comes from the loop. NULL: no memory. */
struct cluster_worker *cluster_worker_new(struct cluster_slot *slot);

/* Asks it to leave, and kills it where it does not. */
void cluster_worker_stop(struct cluster_worker *worker);

/* Kills it; code is what its EXIT says. */
void cluster_worker_kill(struct cluster_worker *worker, int code);

/* Kills it after a while, unless the deadline is set anew. 0: never. */
void cluster_worker_set_deadline(struct cluster_worker *worker, int timeout_ms);

/* ---- serve.c ---- */

/* A frame of a worker. DGRAM_EPROTO: it may not say that. */
int cluster_serve(struct cluster_worker *worker, const struct cluster_frame *frame);

/* ---- share.c ---- */

/* The handle for a bind, found or opened, and held by the worker. */
int cluster_share(struct cluster_worker *worker, const struct cluster_frame *bind,
                  struct cluster_handle **ret_handle);

/* ---- reload.c ---- */

/* The worker has joined, or listens on one socket more. */
void cluster_reload_look(dgram_cluster *cluster);

/* A worker has ended. Returns whether the reload takes care of its number. */
bool cluster_reload_lost(dgram_cluster *cluster, struct cluster_worker *worker);

void cluster_reload_cancel(dgram_cluster *cluster);

#endif
