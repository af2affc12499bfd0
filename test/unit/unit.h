/* What unit tests share: a stack that has nothing but an allocator, and random numbers by seed. */

#ifndef DGRAM_UNIT_H
#define DGRAM_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* In this order, which cmocka.h asks for. */
#include <cmocka.h>

#include "stack/stack.h"

/* A stack whose memory is counted and can be made to fail. Its ops are NULL. */
struct unit_stack {
  dgram_stack stack; /* first, so that one pointer is the other */
  size_t live;       /* pieces of memory that are out */
  size_t asked;      /* how often memory was asked for */
  size_t fail_from;  /* from this ask on there is none, counted from 1; 0: never */
  size_t fail_once;  /* only this ask fails; 0: never */
};

void unit_stack_init(struct unit_stack *stack);

/* Asserts that everything was given back. */
void unit_stack_check(const struct unit_stack *stack);

/* A pseudo-random sequence (splitmix64). */
struct unit_random {
  uint64_t state;
};

/* Takes the seed of DGRAM_TEST_SEED, else a new one, and prints it. */
void unit_random_init(struct unit_random *random);
uint64_t unit_random_next(struct unit_random *random);

/* How often a random test goes round: `full`, or a twentieth of it under valgrind, which is slow
 * (DGRAM_TEST_SLOW in the environment). */
int unit_rounds(int full);

/* 0 to limit - 1. */
uint32_t unit_random_below(struct unit_random *random, uint32_t limit);

#endif
