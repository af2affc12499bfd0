/* The shrinking by itself: against a failure that is known. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "property.h"

static unsigned count_calls(const struct property_program *program, unsigned call) {
  unsigned count = 0;

  for (unsigned i = 0; i < program->count; i++)
    count += program->steps[i].call == call;
  return count;
}

/* Fails where a pause stands before a send of at least 100 bytes. */
static bool pause_before_send(const struct property_program *program, void *data) {
  bool paused = false;

  (*(unsigned *)data)++;
  for (unsigned i = 0; i < program->count; i++) {
    const struct property_step *step = &program->steps[i];
    if (step->call == PROPERTY_PAUSE) paused = true;
    if (step->call == PROPERTY_SEND && paused && step->args[1] >= 100) return true;
  }
  return false;
}

static void what_is_needed_is_left(void **state) {
  unsigned shrunken = 0;

  (void)state;
  for (uint64_t seed = 1; seed < 200; seed++) {
    struct property_program program;
    unsigned asked = 0;
    property_generate(seed, &program);
    if (!pause_before_send(&program, &asked)) continue;
    property_shrink(&program, 10000, pause_before_send, &asked);
    assert_int_equal(program.count, 2);
    assert_int_equal(program.steps[0].call, PROPERTY_PAUSE);
    assert_int_equal(program.steps[1].call, PROPERTY_SEND);
    assert_in_range(program.steps[1].args[1], 100, 199);
    assert_int_equal(program.steps[0].wait_us + program.steps[1].wait_us, 0);
    assert_true(program.steps[0].host < 2 && program.steps[1].host < 2);
    shrunken++;
  }
  assert_true(shrunken > 5);
}

static void budget_is_kept(void **state) {
  struct property_program program;
  unsigned asked = 0;

  (void)state;
  uint64_t seed = 1;
  do
    property_generate(seed++, &program);
  while (!pause_before_send(&program, &asked));
  asked = 0;
  property_shrink(&program, 7, pause_before_send, &asked);
  assert_int_equal(asked, 7);
}

static void a_seed_is_a_program(void **state) {
  struct property_program one;
  struct property_program other;
  unsigned sends = 0;

  (void)state;
  for (uint64_t seed = 0; seed < 200; seed++) {
    property_generate(seed, &one);
    property_generate(seed, &other);
    assert_memory_equal(&one, &other, sizeof one);
    assert_true(one.count <= PROPERTY_STEPS);
    sends += count_calls(&one, PROPERTY_SEND);
    property_generate(seed + 1, &other);
    assert_memory_not_equal(&one, &other, sizeof one);
  }
  assert_true(sends > 1000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_needed_is_left),
      cmocka_unit_test(budget_is_kept),
      cmocka_unit_test(a_seed_is_a_program),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
