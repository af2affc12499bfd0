#include "core/blocks.h"

#include <assert.h>

struct dgram__block {
  struct dgram__block *next; /* among spare ones */
  size_t used;               /* bytes from the front */
  size_t users;
  _Alignas(max_align_t) unsigned char bytes[DGRAM__BLOCK_SIZE];
};

static struct dgram__block *fresh_block(dgram_stack *stack, struct dgram__blocks *blocks) {
  struct dgram__block *block = blocks->spare;

  if (block != NULL) {
    blocks->spare = block->next;
    blocks->spare_count--;
  } else {
    block = dgram__malloc(stack, sizeof *block);
    if (block == NULL) return NULL;
  }
  block->next = NULL;
  block->used = 0;
  block->users = 0;
  return block;
}

static size_t align_up(size_t at) {
  return (at + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
}

void *dgram__blocks_take(dgram_stack *stack, struct dgram__blocks *blocks, size_t size,
                         bool aligned, struct dgram__block **ret_block) {
  struct dgram__block *block = blocks->filling;
  size_t at = block == NULL ? 0 : aligned ? align_up(block->used) : block->used;

  assert(size > 0 && size <= DGRAM__BLOCK_SIZE);
  if (block == NULL || at + size > DGRAM__BLOCK_SIZE) {
    /* The full one leaves `filling` and comes back as a spare one with its last user. */
    block = fresh_block(stack, blocks);
    if (block == NULL) return NULL;
    blocks->filling = block;
    at = 0;
  }
  block->used = at + size;
  block->users++;
  *ret_block = block;
  return block->bytes + at;
}

void dgram__blocks_release(dgram_stack *stack, struct dgram__blocks *blocks,
                           struct dgram__block *block) {
  if (block == NULL) return;
  assert(block->users > 0);
  if (--block->users > 0) return;
  if (block == blocks->filling) {
    block->used = 0;
  } else if (blocks->spare_count < DGRAM__SPARE_BLOCKS_MAX) {
    block->next = blocks->spare;
    blocks->spare = block;
    blocks->spare_count++;
  } else {
    dgram__free(stack, block);
  }
}

void dgram__blocks_clear(dgram_stack *stack, struct dgram__blocks *blocks) {
  while (blocks->spare != NULL) {
    struct dgram__block *next = blocks->spare->next;
    dgram__free(stack, blocks->spare);
    blocks->spare = next;
  }
  dgram__free(stack, blocks->filling);
  *blocks = (struct dgram__blocks){0};
}
