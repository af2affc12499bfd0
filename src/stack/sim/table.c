#include "stack/sim/table.h"

#include <string.h>

enum { BUCKETS_MIN = 8 };

static struct sim_node **allocate(const dgram_allocator *allocator, size_t count) {
  struct sim_node **buckets = allocator->malloc(count * sizeof *buckets, allocator->data);
  for (size_t i = 0; buckets && i < count; i++)
    buckets[i] = NULL;
  return buckets;
}

int sim_table_init(struct sim_table *table, const dgram_allocator *allocator) {
  table->buckets = allocate(allocator, BUCKETS_MIN);
  table->bucket_count = BUCKETS_MIN;
  table->count = 0;
  return table->buckets ? 0 : DGRAM_ENOMEM;
}

void sim_table_free(struct sim_table *table, const dgram_allocator *allocator) {
  if (table->buckets) allocator->free(table->buckets, allocator->data);
  *table = (struct sim_table){0};
}

static struct sim_node **bucket_of(struct sim_node **buckets, size_t count, uint64_t hash) {
  return &buckets[hash & (count - 1)];
}

/* Turned around twice, so that those of one hash stay in their order. */
static void move_chain(struct sim_node *chain, struct sim_node **buckets, size_t count) {
  struct sim_node *turned = NULL;
  while (chain) {
    struct sim_node *next = chain->next;
    chain->next = turned;
    turned = chain;
    chain = next;
  }
  while (turned) {
    struct sim_node *next = turned->next;
    struct sim_node **bucket = bucket_of(buckets, count, turned->hash);
    turned->next = *bucket;
    *bucket = turned;
    turned = next;
  }
}

static void grow(struct sim_table *table, const dgram_allocator *allocator) {
  size_t count = table->bucket_count * 2;
  struct sim_node **buckets = allocate(allocator, count);
  if (!buckets) return;
  for (size_t i = 0; i < table->bucket_count; i++)
    move_chain(table->buckets[i], buckets, count);
  allocator->free(table->buckets, allocator->data);
  table->buckets = buckets;
  table->bucket_count = count;
}

void sim_table_put(struct sim_table *table, const dgram_allocator *allocator, struct sim_node *node,
                   uint64_t hash) {
  if (table->count >= table->bucket_count) grow(table, allocator);
  struct sim_node **bucket = bucket_of(table->buckets, table->bucket_count, hash);
  node->hash = hash;
  node->next = *bucket;
  *bucket = node;
  table->count++;
}

void sim_table_take(struct sim_table *table, struct sim_node *node) {
  struct sim_node **link = bucket_of(table->buckets, table->bucket_count, node->hash);
  while (*link != node)
    link = &(*link)->next;
  *link = node->next;
  table->count--;
}
