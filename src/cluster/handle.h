/* Handles: the sockets that a primary has opened, by what was asked for. A handle is held by whoever
 * needs it, a worker or a slot, and closed when the last hold is given up.
 *
 * Holds are a list of who holds what: of a worker, of a slot for the worker that is to come, of the
 * cluster. */

#ifndef CLUSTER_HANDLE_H
#define CLUSTER_HANDLE_H

#include "cluster/limits.h"
#include "dgram.h"

struct cluster_key {
  dgram_address address; /* as it was asked for; its family is the socket's type */
  uint32_t index;
  int number; /* of the worker whose own it is; 0: everybody's */
};

struct cluster_handle {
  struct cluster_handle *next; /* of the bucket */
  struct cluster_key key;
  uint64_t id;
  int fd;
  unsigned holds;
  uint16_t port; /* that it has; of the key 0 is any */
};

struct cluster_handles {
  struct cluster_handle *buckets[CLUSTER_BUCKETS];
  uint64_t ids;
  size_t count;
};

struct cluster_hold {
  struct cluster_handle *handle;
  unsigned count;     /* binds of one worker that have it */
  unsigned listening; /* those of them that have said that they receive */
};

/* Complete when zeroed. */
struct cluster_holds {
  struct cluster_hold *items;
  unsigned count;
  unsigned capacity;
};

struct cluster_handle *cluster_handle_find(const struct cluster_handles *handles,
                                           const struct cluster_key *key);

/* Makes a handle of a descriptor, which it takes where it succeeds. Nobody holds it yet: it is to be
 * held, or dropped. */
int cluster_handle_new(struct cluster_handles *handles, const struct cluster_key *key, int fd,
                       uint16_t port, struct cluster_handle **ret_handle);

/* Closes and frees a handle that nobody holds; else nothing. */
void cluster_handle_drop(struct cluster_handles *handles, struct cluster_handle *handle);

/* The hold of a handle, by its id; NULL: it is not held. */
struct cluster_hold *cluster_holds_find(const struct cluster_holds *holds, uint64_t id);

/* Holds a handle, once more. DGRAM_ENOBUFS: too many. */
int cluster_holds_add(struct cluster_holds *holds, struct cluster_handle *handle);

/* Gives up one bind's hold, or the handle altogether. */
void cluster_holds_release(struct cluster_handles *handles, struct cluster_holds *holds,
                           struct cluster_hold *hold);
void cluster_holds_remove(struct cluster_handles *handles, struct cluster_holds *holds,
                          struct cluster_hold *hold);

/* Gives up all, and the list's memory. */
void cluster_holds_clear(struct cluster_handles *handles, struct cluster_holds *holds);

#endif
