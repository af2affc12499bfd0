/* From a bind to a handle: one that is there, or one that is opened now. In a balanced cluster the
 * sockets of all numbers are opened together, each kept for its worker: so the order in which they were
 * bound is that of the numbers, and the hash does not change while the workers come one by one. */

#include "cluster/cluster.h"
#include "cluster/system.h"

static unsigned flags_of(const dgram_cluster *cluster, const struct cluster_frame *bind) {
  unsigned flags = 0;
  if (bind->flags & CLUSTER_REUSE_ADDR) flags |= CLUSTER_SYS_REUSE_ADDR;
  if (bind->flags & CLUSTER_IPV6_ONLY) flags |= CLUSTER_SYS_IPV6_ONLY;
  if (cluster->options.balance != DGRAM_CLUSTER_SHARED) flags |= CLUSTER_SYS_REUSE_PORT;
  if (!(cluster->options.disable & DGRAM_DISABLE_GRO)) flags |= CLUSTER_SYS_JOIN;
  return flags;
}

/* Opens the socket of a key; port: which it shall have. */
static int open_handle(dgram_cluster *cluster, const struct cluster_key *key, unsigned flags,
                       uint16_t port, struct cluster_handle **ret_handle) {
  dgram_address address = key->address;
  address.port = port;
  int fd = cluster_sys_bind(&address, flags);
  if (fd < 0) return fd;
  int code = cluster_handle_new(&cluster->handles, key, fd, address.port, ret_handle);
  if (code < 0) cluster_sys_close(fd);
  return code;
}

/* ---- groups ---- */

static struct cluster_key member_key(const struct cluster_key *key, int number) {
  struct cluster_key member = *key;
  member.number = number;
  return member;
}

static const struct cluster_handle *any_member(const dgram_cluster *cluster,
                                               const struct cluster_key *key) {
  const struct cluster_handle *handle = NULL;
  for (int number = 1; number <= cluster->options.workers && handle == NULL; number++) {
    struct cluster_key member = member_key(key, number);
    handle = cluster_handle_find(&cluster->handles, &member);
  }
  return handle;
}

static void close_members(dgram_cluster *cluster, const struct cluster_key *key) {
  for (int number = 1; number <= cluster->options.workers; number++) {
    struct cluster_key member = member_key(key, number);
    struct cluster_handle *handle = cluster_handle_find(&cluster->handles, &member);
    if (handle != NULL) cluster_slot_listening(&cluster->slots[number - 1], handle->id);
  }
}

/* Each is kept, the caller's own too, until its worker listens. */
static int open_member(dgram_cluster *cluster, const struct cluster_key *key, int number,
                       unsigned flags, uint16_t *port, struct cluster_handle **ret_handle) {
  struct cluster_key member = member_key(key, number);
  int code = open_handle(cluster, &member, flags, *port, ret_handle);
  if (code < 0) return code;
  *port = (*ret_handle)->port;
  code = cluster_slot_keep(&cluster->slots[number - 1], *ret_handle);
  if (code < 0) cluster_handle_drop(&cluster->handles, *ret_handle);
  return code;
}

static int open_all_members(struct cluster_worker *worker, const struct cluster_key *key,
                            unsigned flags, struct cluster_handle **ret_handle) {
  dgram_cluster *cluster = worker->cluster;
  uint16_t port = key->address.port;
  int code = 0, count = 0;
  for (int number = 1; number <= cluster->options.workers && code == 0; number++) {
    struct cluster_handle *handle;
    if (!cluster_slot_is_in_use(&cluster->slots[number - 1]) && number != worker->slot->number)
      continue;
    code = open_member(cluster, key, number, flags, &port, &handle);
    if (code == 0) count++;
    if (code == 0 && number == worker->slot->number) *ret_handle = handle;
  }
  if (code == 0 && cluster->options.balance != DGRAM_CLUSTER_HASH)
    code = cluster_sys_balance((*ret_handle)->fd, cluster->options.balance, count);
  if (code < 0) close_members(cluster, key);
  return code;
}

static int open_group(struct cluster_worker *worker, const struct cluster_key *key, unsigned flags,
                      struct cluster_handle **ret_handle) {
  dgram_cluster *cluster = worker->cluster;
  const struct cluster_handle *other = any_member(cluster, key);
  if (other == NULL) return open_all_members(worker, key, flags, ret_handle);
  uint16_t port = other->port;
  return open_member(cluster, key, worker->slot->number, flags, &port, ret_handle);
}

/* ---- a bind ---- */

/* What was offered has no number, whatever the balance. */
static struct cluster_handle *find(const struct cluster_worker *worker, struct cluster_key *key) {
  const dgram_cluster *cluster = worker->cluster;
  struct cluster_handle *handle = cluster_handle_find(&cluster->handles, key);
  if (handle != NULL || cluster->options.balance == DGRAM_CLUSTER_SHARED) return handle;
  key->number = worker->slot->number;
  return cluster_handle_find(&cluster->handles, key);
}

int cluster_share(struct cluster_worker *worker, const struct cluster_frame *bind,
                  struct cluster_handle **ret_handle) {
  dgram_cluster *cluster = worker->cluster;
  struct cluster_key key = {.address = bind->address, .index = bind->index};
  unsigned flags = flags_of(cluster, bind);
  struct cluster_handle *handle = find(worker, &key);
  int code = 0;
  if (handle == NULL && key.number != 0) {
    code = open_group(worker, &key, flags, &handle);
  } else if (handle == NULL) {
    code = open_handle(cluster, &key, flags, key.address.port, &handle);
  }
  if (code < 0) return code;
  code = cluster_holds_add(&worker->holds, handle);
  if (code == 0) {
    *ret_handle = handle;
  } else {
    cluster_handle_drop(&cluster->handles, handle);
  }
  return code;
}
