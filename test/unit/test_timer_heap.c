#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/timer_heap.h"

enum { SMALL = 200, LARGE = 100000 };

static struct dgram__timer_heap heap;
static dgram_timer *timers; /* LARGE of them */
static struct unit_random dice;

static int set_up(void **state) {
  (void)state;
  heap = (struct dgram__timer_heap){NULL};
  timers = calloc(LARGE, sizeof *timers);
  assert_non_null(timers);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  free(timers);
  return 0;
}

static void insert(size_t i, uint64_t deadline_ns, uint64_t order) {
  timers[i].deadline_ns = deadline_ns;
  timers[i].order = order;
  dgram__timer_heap_insert(&heap, &timers[i]);
}

static dgram_timer *pop(void) {
  dgram_timer *first = dgram__timer_heap_first(&heap);

  if (first != NULL) dgram__timer_heap_remove(&heap, first);
  return first;
}

static bool is_before(const dgram_timer *a, const dgram_timer *b) {
  return a->deadline_ns < b->deadline_ns ||
         (a->deadline_ns == b->deadline_ns && a->order < b->order);
}

/* Links lead back, and no child is due before its parent. Returns how many there are. Recursive, so
 * only for small heaps. */
static size_t check(const dgram_timer *parent) {
  size_t count = 1;
  const dgram_timer *before = parent;

  for (const dgram_timer *at = parent->child; at != NULL; at = at->next) {
    assert_ptr_equal(at->previous, before);
    assert_false(is_before(at, parent));
    count += check(at);
    before = at;
  }
  return count;
}

static size_t check_heap(void) {
  if (heap.root == NULL) return 0;
  assert_null(heap.root->next);
  assert_null(heap.root->previous);
  return check(heap.root);
}

static void empty_at_first(void **state) {
  (void)state;
  assert_null(dgram__timer_heap_first(&heap));
}

static void one_in_and_out(void **state) {
  (void)state;
  insert(0, 5, 0);
  assert_ptr_equal(dgram__timer_heap_first(&heap), &timers[0]);
  assert_ptr_equal(dgram__timer_heap_first(&heap), &timers[0]);
  assert_ptr_equal(pop(), &timers[0]);
  assert_null(pop());
}

static void by_deadline(void **state) {
  static const uint64_t deadlines[] = {3, UINT64_MAX, 1, 0, 2, UINT64_C(1) << 63, 4};
  uint64_t last = 0;

  (void)state;
  for (size_t i = 0; i < 7; i++)
    insert(i, deadlines[i], i);
  for (size_t i = 0; i < 7; i++) {
    const dgram_timer *timer = pop();
    assert_non_null(timer);
    assert_true(timer->deadline_ns >= last);
    last = timer->deadline_ns;
  }
  assert_true(last == UINT64_MAX);
  assert_null(pop());
}

static void equal_deadlines_by_order(void **state) {
  static const uint64_t orders[] = {4, 2, 0, UINT64_MAX, 3, 1};

  (void)state;
  for (size_t i = 0; i < 6; i++)
    insert(i, 7, orders[i]);
  for (uint64_t order = 0; order < 5; order++)
    assert_int_equal(pop()->order, order);
  assert_true(pop()->order == UINT64_MAX);
}

/* What is in a timer before does not matter: it may be on the C stack, or come from another
 * heap. */
static void insert_overwrites_old_links(void **state) {
  (void)state;
  timers[0] = (dgram_timer){.child = &timers[5], .next = &timers[6], .previous = &timers[7]};
  insert(0, 1, 0);
  insert(1, 2, 1);
  assert_int_equal(check_heap(), 2);
}

static void removed_ones_have_no_links(void **state) {
  (void)state;
  for (size_t i = 0; i < SMALL; i++)
    insert(i, (i * 7919) % SMALL, i);
  for (size_t i = 0; i < SMALL; i++) {
    const size_t victim = (i * 31) % SMALL;
    dgram__timer_heap_remove(&heap, &timers[victim]);
    assert_null(timers[victim].child);
    assert_null(timers[victim].next);
    assert_null(timers[victim].previous);
    assert_int_equal(check_heap(), SMALL - 1 - i);
  }
  assert_null(heap.root);
}

/* Any one of a heap of 1 to 9 timers, in a shape that comes from popping one. */
static void remove_at_every_place(void **state) {
  (void)state;
  for (size_t count = 1; count <= 9; count++) {
    for (size_t victim = 1; victim <= count; victim++) {
      insert(0, 0, 0);
      for (size_t i = 1; i <= count; i++)
        insert(i, 1 + (i * 5) % 10, i);
      assert_ptr_equal(pop(), &timers[0]);
      dgram__timer_heap_remove(&heap, &timers[victim]);
      assert_int_equal(check_heap(), count - 1);
      for (size_t i = 1; i < count; i++)
        assert_ptr_not_equal(pop(), &timers[victim]);
      assert_null(pop());
    }
  }
}

/* The reference: an unsorted set that is searched. */
static size_t find_first(const bool *is_in) {
  size_t first = SMALL;

  for (size_t i = 0; i < SMALL; i++) {
    if (is_in[i] && (first == SMALL || is_before(&timers[i], &timers[first]))) first = i;
  }
  return first;
}

static void at_random_as_the_reference(void **state) {
  bool is_in[SMALL] = {false};
  size_t count = 0;

  (void)state;
  unit_random_init(&dice);
  for (uint64_t step = 0; step < 50000; step++) {
    const size_t i = unit_random_below(&dice, SMALL);
    const bool grows = step / 1000 % 2 == 0;
    size_t first;
    if (is_in[i] && unit_random_below(&dice, grows ? 4 : 1) == 0) {
      dgram__timer_heap_remove(&heap, &timers[i]);
      is_in[i] = false;
      count--;
    } else if (!is_in[i] && unit_random_below(&dice, grows ? 1 : 4) == 0) {
      insert(i, unit_random_below(&dice, 50), step);
      is_in[i] = true;
      count++;
    }
    first = find_first(is_in);
    assert_ptr_equal(dgram__timer_heap_first(&heap), first == SMALL ? NULL : &timers[first]);
    assert_int_equal(check_heap(), count);
  }
}

static int compare_timers(const void *a, const void *b) {
  const dgram_timer *const *left = a;
  const dgram_timer *const *right = b;

  if (is_before(*left, *right)) return -1;
  return is_before(*right, *left);
}

/* All in, a tenth taken out in the middle, the rest popped: as a sort does it. */
static void many_as_a_sort(void **state) {
  const dgram_timer **sorted = malloc(LARGE * sizeof *sorted);
  size_t count = 0;

  (void)state;
  assert_non_null(sorted);
  unit_random_init(&dice);
  for (size_t i = 0; i < LARGE; i++)
    insert(i, unit_random_next(&dice) % LARGE, i);
  assert_non_null(pop());
  for (size_t i = 0; i < LARGE; i += 10) {
    /* The one popped above has no links, and is not the root. */
    if (timers[i].previous != NULL || heap.root == &timers[i])
      dgram__timer_heap_remove(&heap, &timers[i]);
  }
  for (size_t i = 0; i < LARGE; i++) {
    if (timers[i].previous != NULL || heap.root == &timers[i]) sorted[count++] = &timers[i];
  }
  qsort(sorted, count, sizeof *sorted, compare_timers);
  for (size_t i = 0; i < count; i++)
    assert_ptr_equal(pop(), sorted[i]);
  assert_null(pop());
  free(sorted);
}

/* The shapes that would overflow the C stack of a recursive heap: one row of children, one line. */
static void a_row_and_a_line_of_many(void **state) {
  (void)state;
  for (size_t i = 0; i < LARGE; i++)
    insert(i, i, i);
  for (size_t i = 0; i < LARGE; i++)
    assert_ptr_equal(pop(), &timers[i]);
  for (size_t i = 0; i < LARGE; i++)
    insert(i, LARGE - i, i);
  for (size_t i = LARGE; i > 0; i--)
    assert_ptr_equal(pop(), &timers[i - 1]);
  assert_null(pop());
}

#define HEAP_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      HEAP_TEST(empty_at_first),
      HEAP_TEST(one_in_and_out),
      HEAP_TEST(by_deadline),
      HEAP_TEST(equal_deadlines_by_order),
      HEAP_TEST(insert_overwrites_old_links),
      HEAP_TEST(removed_ones_have_no_links),
      HEAP_TEST(remove_at_every_place),
      HEAP_TEST(at_random_as_the_reference),
      HEAP_TEST(many_as_a_sort),
      HEAP_TEST(a_row_and_a_line_of_many),
  };
  return cmocka_run_group_tests_name("timer_heap", tests, NULL, NULL);
}
