#include "random_program.h"

#include <stdlib.h>

/* Its own sequence, so that one call for memory more does not change all that follows. */
static uint64_t chance;
static _Thread_local bool here;

void random_faults_begin(void) {
  chance = the.seed ^ UINT64_C(0x5afe5afe5afe5afe);
  here = true;
}

void random_faults_end(void) {
  here = false;
}

static bool happens(uint32_t one_in) {
  return here && random_next(&chance) % one_in == 0;
}

/* ---- memory ---- */

static bool memory_is_out(void) {
  return the.mode == RANDOM_NO_MEMORY && happens(12);
}

static void *allocate(size_t size, void *data) {
  (void)data;
  void *memory = memory_is_out() ? NULL : malloc(size);
  if (memory != NULL) the.live_memory++;
  return memory;
}

static void *reallocate(void *memory, size_t size, void *data) {
  (void)data;
  void *moved = memory_is_out() ? NULL : realloc(memory, size);
  if (memory == NULL && moved != NULL) the.live_memory++;
  return moved;
}

static void release(void *memory, void *data) {
  (void)data;
  if (memory != NULL) the.live_memory--;
  free(memory);
}

dgram_allocator random_allocator(struct random_stack *stack) {
  return (dgram_allocator){allocate, reallocate, release, stack};
}

/* ---- system calls ---- */

int random_fault(const int *codes, unsigned count) {
  if (the.mode != RANDOM_BAD_SYSTEM || !happens(5)) return 0;
  return codes[random_next(&chance) % count];
}
