/* Hash tables whose links stand in the entries themselves, so that putting one in never fails.
 *
 * Entries of one hash stand newest first, however often the table has grown: nothing that the
 * simulation does may depend on how large a table is. A table is never walked but where the order
 * does not matter. */

#ifndef DGRAM_STACK_SIM_TABLE_H
#define DGRAM_STACK_SIM_TABLE_H

#include "dgram.h"

/* First in an entry. */
struct sim_node {
  struct sim_node *next;
  uint64_t hash;
};

struct sim_table {
  struct sim_node **buckets; /* a power of two of them */
  size_t bucket_count;
  size_t count;
};

/* Returns 0 or DGRAM_ENOMEM. */
int sim_table_init(struct sim_table *table, const dgram_allocator *allocator);
void sim_table_free(struct sim_table *table, const dgram_allocator *allocator);

/* Without memory to grow chains become longer, and that is all. */
void sim_table_put(struct sim_table *table, const dgram_allocator *allocator, struct sim_node *node,
                   uint64_t hash);
void sim_table_take(struct sim_table *table, struct sim_node *node);

/* The first of this hash, or the next after another of it; or NULL. */
static inline struct sim_node *sim_node_skip(struct sim_node *node, uint64_t hash) {
  while (node && node->hash != hash)
    node = node->next;
  return node;
}

static inline struct sim_node *sim_table_first(const struct sim_table *table, uint64_t hash) {
  return sim_node_skip(table->buckets[hash & (table->bucket_count - 1)], hash);
}

static inline struct sim_node *sim_table_next(const struct sim_node *node) {
  return sim_node_skip(node->next, node->hash);
}

/* Two numbers to one: the steps of xxHash's and MurmurHash3's finish, which spread every bit. */
static inline uint64_t sim_hash(uint64_t a, uint64_t b) {
  uint64_t hash = a * UINT64_C(0x9e3779b97f4a7c15) ^ b;
  hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
  hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
  return hash ^ hash >> 33;
}

#endif
