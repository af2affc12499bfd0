#include "unit.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/blocks.h"

enum { SIZE = DGRAM__BLOCK_SIZE, SPARE = DGRAM__SPARE_BLOCKS_MAX, TAKEN_MAX = 200 };

static struct unit_stack unit;
static struct dgram__blocks blocks;
static struct unit_random dice;

static dgram_stack *stack(void) {
  return &unit.stack;
}

static int set_up(void **state) {
  (void)state;
  unit_stack_init(&unit);
  blocks = (struct dgram__blocks){0};
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  dgram__blocks_clear(stack(), &blocks);
  assert_null(blocks.filling);
  assert_null(blocks.spare);
  assert_int_equal(blocks.spare_count, 0);
  unit_stack_check(&unit);
  return 0;
}

static unsigned char *take(size_t size, bool aligned, struct dgram__block **ret_block) {
  unsigned char *bytes = dgram__blocks_take(stack(), &blocks, size, aligned, ret_block);

  /* Under a sanitizer this finds a piece that leaves its block. */
  if (bytes != NULL) memset(bytes, 0xee, size);
  return bytes;
}

static void release(struct dgram__block *block) {
  dgram__blocks_release(stack(), &blocks, block);
}

static bool is_aligned(const void *bytes) {
  return (uintptr_t)bytes % alignof(max_align_t) == 0;
}

static void nothing_at_first(void **state) {
  (void)state;
  release(NULL);
  dgram__blocks_clear(stack(), &blocks);
  assert_int_equal(unit.asked, 0);
}

static void small_ones_stand_next_to_each_other(void **state) {
  struct dgram__block *first;
  struct dgram__block *second;
  const unsigned char *a = take(3, false, &first);
  const unsigned char *b = take(5, false, &second);

  (void)state;
  assert_ptr_equal(b, a + 3);
  assert_ptr_equal(first, second);
  assert_int_equal(unit.live, 1);
  release(first);
  release(second);
}

static void aligned_where_asked(void **state) {
  struct dgram__block *block[6];

  (void)state;
  assert_true(is_aligned(take(1, true, &block[0])));
  assert_true(is_aligned(take(1, true, &block[1])));
  (void)take(alignof(max_align_t) - 1, false, &block[2]);
  assert_true(is_aligned(take(7, true, &block[3])));
  assert_false(is_aligned(take(1, false, &block[4])));
  assert_true(is_aligned(take(SIZE, true, &block[5])));
  for (int i = 0; i < 6; i++)
    release(block[i]);
}

static void one_may_fill_a_block(void **state) {
  struct dgram__block *block[3];

  (void)state;
  assert_non_null(take(SIZE, false, &block[0]));
  assert_non_null(take(SIZE, true, &block[1]));
  assert_ptr_not_equal(block[0], block[1]);
  assert_non_null(take(1, false, &block[2]));
  assert_ptr_not_equal(block[1], block[2]);
  for (int i = 0; i < 3; i++)
    release(block[i]);
}

static void filled_to_the_last_byte(void **state) {
  struct dgram__block *block[3];
  const unsigned char *a = take(SIZE - 1, false, &block[0]);
  const unsigned char *b = take(1, false, &block[1]);

  (void)state;
  assert_ptr_equal(b, a + SIZE - 1);
  (void)take(1, false, &block[2]);
  assert_ptr_not_equal(block[2], block[0]);
  for (int i = 0; i < 3; i++)
    release(block[i]);
}

/* The gap in front of an aligned piece counts. */
static void an_aligned_one_at_the_end_goes_to_the_next_block(void **state) {
  struct dgram__block *block[2];

  (void)state;
  (void)take(SIZE - sizeof(max_align_t) + 1, false, &block[0]);
  (void)take(sizeof(max_align_t) - 1, true, &block[1]);
  assert_ptr_not_equal(block[0], block[1]);
  release(block[0]);
  release(block[1]);
}

/* In the steady state nothing is allocated (rule 11). */
static void one_that_empties_is_filled_anew(void **state) {
  struct dgram__block *block;

  (void)state;
  for (int i = 0; i < 10000; i++) {
    assert_non_null(take(1000, i % 2 == 0, &block));
    release(block);
  }
  assert_int_equal(unit.asked, 1);
}

static void a_queue_of_blocks_goes_round(void **state) {
  struct dgram__block *block[100];

  (void)state;
  for (int i = 0; i < 10000; i++) {
    if (i >= 100) release(block[i % 100]);
    assert_non_null(take(5000, false, &block[i % 100]));
  }
  /* A hundred of 5,000 bytes, thirteen to a block. */
  assert_in_range(unit.asked, 8, 10);
  for (int i = 0; i < 100; i++)
    release(block[i]);
}

/* The oldest user keeps its block, and its bytes, while others come and go. */
static void one_user_keeps_a_block(void **state) {
  struct dgram__block *kept;
  struct dgram__block *block;
  unsigned char *bytes = take(10, false, &kept);

  (void)state;
  memcpy(bytes, "0123456789", 10);
  for (int i = 0; i < 1000; i++) {
    assert_non_null(take(30000, false, &block));
    release(block);
  }
  assert_memory_equal(bytes, "0123456789", 10);
  release(kept);
  assert_int_equal(unit.live, unit.asked);
  assert_true(unit.asked <= 2);
}

static void spare_ones_are_limited(void **state) {
  struct dgram__block *block[SPARE + 10];

  (void)state;
  for (int i = 0; i < SPARE + 10; i++)
    assert_non_null(take(SIZE, false, &block[i]));
  assert_int_equal(unit.live, SPARE + 10);
  for (int i = 0; i < SPARE + 10; i++)
    release(block[i]);
  /* The spare ones and the one that is filled. */
  assert_int_equal(unit.live, SPARE + 1);
  assert_int_equal(blocks.spare_count, SPARE);
  for (int i = 0; i < SPARE + 1; i++)
    assert_non_null(take(SIZE, false, &block[i]));
  assert_int_equal(unit.asked, SPARE + 10);
  assert_int_equal(blocks.spare_count, 0);
  for (int i = 0; i < SPARE + 1; i++)
    release(block[i]);
}

static void without_memory_nothing_changes(void **state) {
  struct dgram__block *block = NULL;
  struct dgram__block *other = NULL;

  (void)state;
  unit.fail_once = 1;
  assert_null(take(1, false, &block));
  assert_null(block);
  assert_non_null(take(SIZE - 1, false, &block));
  unit.fail_once = 3;
  assert_null(take(2, false, &other));
  assert_null(other);
  /* What still fits is taken from the one that is there. */
  assert_non_null(take(1, false, &other));
  assert_ptr_equal(other, block);
  release(other);
  release(block);
}

struct taken {
  unsigned char *bytes;
  size_t size;
  struct dgram__block *block;
  unsigned char mark;
};

static void check_and_release(struct taken *taken) {
  for (size_t i = 0; i < taken->size; i++)
    assert_int_equal(taken->bytes[i], taken->mark);
  release(taken->block);
}

/* Pieces are never shared: each still holds its mark when it goes, whatever came after it. */
static void at_random_nothing_overlaps(void **state) {
  static struct taken taken[TAKEN_MAX];
  size_t count = 0;

  (void)state;
  unit_random_init(&dice);
  for (int i = unit_rounds(50000); i > 0; i--) {
    if (count < TAKEN_MAX && unit_random_below(&dice, 100) < 51) {
      struct taken *new = &taken[count++];
      const uint32_t limit = unit_random_below(&dice, 10) == 0 ? SIZE : 600;
      const bool aligned = unit_random_below(&dice, 2) == 0;
      new->size = 1 + unit_random_below(&dice, limit);
      new->mark = (unsigned char)i;
      new->bytes = take(new->size, aligned, &new->block);
      assert_non_null(new->bytes);
      assert_true(!aligned || is_aligned(new->bytes));
      memset(new->bytes, new->mark, new->size);
    } else if (count > 0) {
      const size_t victim = unit_random_below(&dice, (uint32_t)count);
      check_and_release(&taken[victim]);
      taken[victim] = taken[--count];
    }
  }
  while (count > 0)
    check_and_release(&taken[--count]);
  assert_int_equal(unit.live, blocks.spare_count + 1);
}

#define BLOCKS_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      BLOCKS_TEST(nothing_at_first),
      BLOCKS_TEST(small_ones_stand_next_to_each_other),
      BLOCKS_TEST(aligned_where_asked),
      BLOCKS_TEST(one_may_fill_a_block),
      BLOCKS_TEST(filled_to_the_last_byte),
      BLOCKS_TEST(an_aligned_one_at_the_end_goes_to_the_next_block),
      BLOCKS_TEST(one_that_empties_is_filled_anew),
      BLOCKS_TEST(a_queue_of_blocks_goes_round),
      BLOCKS_TEST(one_user_keeps_a_block),
      BLOCKS_TEST(spare_ones_are_limited),
      BLOCKS_TEST(without_memory_nothing_changes),
      BLOCKS_TEST(at_random_nothing_overlaps),
  };
  return cmocka_run_group_tests_name("blocks", tests, NULL, NULL);
}
