/* Blocks: where the bytes of datagrams without a callback are copied to (rule 4).
 *
 * A block is filled from the front by the datagrams of all sockets of a stack, one after another,
 * so that small payloads stand next to each other; it counts its users and is reused when the last
 * one has left. Since datagrams leave roughly in the order they came, blocks empty in the order
 * they were filled. In the steady state nothing is allocated: the host keeps spare blocks. */

#ifndef DGRAM_CORE_BLOCKS_H
#define DGRAM_CORE_BLOCKS_H

#include "stack/stack.h"

struct dgram__block;

struct dgram__blocks {
  struct dgram__block *filling; /* or NULL */
  struct dgram__block *spare;
  unsigned spare_count;
};

/* Takes size bytes (1 to DGRAM__BLOCK_SIZE), aligned for any struct where aligned is set; NULL: out
 * of memory. *ret_block is to be given to dgram__blocks_release, once. */
void *dgram__blocks_take(dgram_stack *stack, struct dgram__blocks *blocks, size_t size,
                         bool aligned, struct dgram__block **ret_block);

/* One user less. NULL is allowed. */
void dgram__blocks_release(dgram_stack *stack, struct dgram__blocks *blocks,
                           struct dgram__block *block);

/* Frees what is kept; nothing may be in use. */
void dgram__blocks_clear(dgram_stack *stack, struct dgram__blocks *blocks);

#endif
