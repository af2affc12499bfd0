#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool is_refused(struct unit_stack *stack) {
  stack->asked++;
  return stack->asked == stack->fail_once ||
         (stack->fail_from != 0 && stack->asked >= stack->fail_from);
}

static void *take(size_t size, void *data) {
  struct unit_stack *stack = data;
  void *memory;

  if (is_refused(stack)) return NULL;
  memory = malloc(size);
  assert_non_null(memory);
  /* Whoever reads what nobody wrote finds no zeros. */
  memset(memory, 0xa5, size);
  stack->live++;
  return memory;
}

static void *resize(void *memory, size_t size, void *data) {
  struct unit_stack *stack = data;
  void *larger;

  if (is_refused(stack)) return NULL;
  larger = realloc(memory, size);
  assert_non_null(larger);
  if (memory == NULL) stack->live++;
  return larger;
}

static void give_back(void *memory, void *data) {
  struct unit_stack *stack = data;

  if (memory == NULL) return;
  assert_true(stack->live > 0);
  stack->live--;
  free(memory);
}

void unit_stack_init(struct unit_stack *stack) {
  *stack = (struct unit_stack){0};
  stack->stack.allocator = (dgram_allocator){take, resize, give_back, stack};
}

void unit_stack_check(const struct unit_stack *stack) {
  assert_int_equal(stack->live, 0);
}

void unit_random_init(struct unit_random *random) {
  const char *text = getenv("DGRAM_TEST_SEED");

  random->state = text != NULL ? strtoull(text, NULL, 0) : (uint64_t)time(NULL) * 1000003;
  printf("DGRAM_TEST_SEED=%" PRIu64 "\n", random->state);
}

int unit_rounds(int full) {
  return getenv("DGRAM_TEST_SLOW") != NULL ? full / 20 : full;
}

uint64_t unit_random_next(struct unit_random *random) {
  uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

uint32_t unit_random_below(struct unit_random *random, uint32_t limit) {
  return (uint32_t)(unit_random_next(random) % limit);
}
