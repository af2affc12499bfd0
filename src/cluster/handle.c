#include "cluster/handle.h"

#include <assert.h>
#include <stdlib.h>

#include "cluster/system.h"

/* ---- handles ---- */

/* FNV-1a over what mostly differs: the port, the index, the worker, the address. */
static unsigned bucket_of(const struct cluster_key *key) {
  uint32_t hash = 2166136261u;
  uint32_t words[] = {key->address.port, key->index, (uint32_t)key->number};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    hash = (hash ^ words[i]) * 16777619u;
  for (size_t i = 0; i < sizeof key->address.bytes; i++)
    hash = (hash ^ key->address.bytes[i]) * 16777619u;
  return (hash ^ hash >> 16) % CLUSTER_BUCKETS;
}

static bool is_same(const struct cluster_key *a, const struct cluster_key *b) {
  return a->index == b->index && a->number == b->number &&
         dgram_address_equal(&a->address, &b->address);
}

struct cluster_handle *cluster_handle_find(const struct cluster_handles *handles,
                                           const struct cluster_key *key) {
  struct cluster_handle *handle = handles->buckets[bucket_of(key)];
  while (handle != NULL && !is_same(&handle->key, key))
    handle = handle->next;
  return handle;
}

int cluster_handle_new(struct cluster_handles *handles, const struct cluster_key *key, int fd,
                       uint16_t port, struct cluster_handle **ret_handle) {
  struct cluster_handle **bucket = &handles->buckets[bucket_of(key)];
  struct cluster_handle *handle = calloc(1, sizeof *handle);
  if (handle == NULL) return DGRAM_ENOMEM;
  *handle = (struct cluster_handle){
      .next = *bucket, .key = *key, .id = ++handles->ids, .fd = fd, .port = port};
  *bucket = handle;
  handles->count++;
  *ret_handle = handle;
  return 0;
}

void cluster_handle_drop(struct cluster_handles *handles, struct cluster_handle *handle) {
  if (handle->holds > 0) return;
  struct cluster_handle **link = &handles->buckets[bucket_of(&handle->key)];
  while (*link != handle)
    link = &(*link)->next;
  *link = handle->next;
  handles->count--;
  if (handle->fd >= 0) cluster_sys_close(handle->fd);
  free(handle);
}

/* ---- holds ---- */

struct cluster_hold *cluster_holds_find(const struct cluster_holds *holds, uint64_t id) {
  for (unsigned i = 0; i < holds->count; i++) {
    if (holds->items[i].handle->id == id) return &holds->items[i];
  }
  return NULL;
}

static int grow(struct cluster_holds *holds) {
  unsigned capacity = holds->capacity == 0 ? 4 : 2 * holds->capacity;
  struct cluster_hold *items = realloc(holds->items, capacity * sizeof *items);
  if (items == NULL) return DGRAM_ENOMEM;
  holds->items = items;
  holds->capacity = capacity;
  return 0;
}

int cluster_holds_add(struct cluster_holds *holds, struct cluster_handle *handle) {
  struct cluster_hold *hold = cluster_holds_find(holds, handle->id);
  if (hold != NULL) {
    if (hold->count == CLUSTER_HOLDS_MAX) return DGRAM_ENOBUFS;
    hold->count++;
    return 0;
  }
  if (holds->count == CLUSTER_HOLDS_MAX) return DGRAM_ENOBUFS;
  int code = holds->count == holds->capacity ? grow(holds) : 0;
  if (code < 0) return code;
  holds->items[holds->count++] = (struct cluster_hold){.handle = handle, .count = 1};
  handle->holds++;
  return 0;
}

void cluster_holds_remove(struct cluster_handles *handles, struct cluster_holds *holds,
                          struct cluster_hold *hold) {
  struct cluster_handle *handle = hold->handle;
  assert(handle->holds > 0);
  *hold = holds->items[--holds->count];
  handle->holds--;
  cluster_handle_drop(handles, handle);
}

void cluster_holds_release(struct cluster_handles *handles, struct cluster_holds *holds,
                           struct cluster_hold *hold) {
  if (--hold->count == 0) {
    cluster_holds_remove(handles, holds, hold);
  } else if (hold->listening > hold->count) {
    hold->listening = hold->count;
  }
}

void cluster_holds_clear(struct cluster_handles *handles, struct cluster_holds *holds) {
  while (holds->count > 0)
    cluster_holds_remove(handles, holds, &holds->items[holds->count - 1]);
  free(holds->items);
  *holds = (struct cluster_holds){0};
}
