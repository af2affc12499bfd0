#include <string.h>

#include "core/run.h"
#include "unit.h"

enum { COUNT = 8, LENGTH = 3 };

static unsigned char bytes[COUNT * LENGTH + LENGTH];
static dgram_datagram list[COUNT];
static dgram_send_info info;

/* All of them one run. */
static int set_up(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT; i++) {
    list[i] = (dgram_datagram){
        .bytes = bytes + i * LENGTH, .length = LENGTH, .to = {.family = DGRAM_IPV4, .port = 7}};
    list[i].to.bytes[0] = 127;
  }
  return 0;
}

static size_t run(void) {
  for (size_t i = 0; i < COUNT; i++)
    list[i].result = -77;
  return dgram__run_of(list, COUNT);
}

/* The results of the run are written, and no other. */
static void assert_run(size_t expected) {
  assert_int_equal(run(), expected);
  for (size_t i = 0; i < COUNT; i++)
    assert_int_equal(list[i].result, i < expected ? (int)list[0].length : -77);
}

static void test_neighbours_that_are_alike_are_a_run(void **state) {
  (void)state;
  assert_run(COUNT);
}

static void test_no_more_are_looked_at_than_asked(void **state) {
  (void)state;
  list[1].result = -77;
  assert_int_equal(dgram__run_of(list, 1), 1);
  assert_int_equal(list[1].result, -77);
}

/* Each byte of an address matters. */
static void test_another_destination_ends_a_run(void **state) {
  (void)state;
  for (size_t byte = 0; byte < sizeof list[0].to; byte++) {
    unsigned char *at = (unsigned char *)&list[5].to + byte;
    *at ^= 1;
    assert_run(5);
    *at ^= 1;
  }
}

static void test_another_length_ends_a_run(void **state) {
  (void)state;
  list[4].length = LENGTH - 1;
  assert_run(4);
  list[4].length = LENGTH + 1;
  assert_run(4);
}

static void test_another_info_ends_a_run(void **state) {
  (void)state;
  list[3].info = &info;
  assert_run(3);
  for (size_t i = 0; i < COUNT; i++)
    list[i].info = &info;
  assert_run(COUNT);
}

static void test_parts_end_a_run_and_are_none(void **state) {
  (void)state;
  list[6].parts = 1;
  assert_run(6);
  list[0].parts = 1;
  assert_run(1);
}

static void test_a_gap_ends_a_run(void **state) {
  (void)state;
  for (size_t i = 2; i < COUNT; i++)
    list[i].bytes = bytes + i * LENGTH + 1;
  assert_run(2);
}

static void test_empty_ones_without_bytes_are_a_run(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT; i++) {
    list[i].bytes = NULL;
    list[i].length = 0;
  }
  assert_run(COUNT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_neighbours_that_are_alike_are_a_run, set_up),
      cmocka_unit_test_setup(test_no_more_are_looked_at_than_asked, set_up),
      cmocka_unit_test_setup(test_another_destination_ends_a_run, set_up),
      cmocka_unit_test_setup(test_another_length_ends_a_run, set_up),
      cmocka_unit_test_setup(test_another_info_ends_a_run, set_up),
      cmocka_unit_test_setup(test_parts_end_a_run_and_are_none, set_up),
      cmocka_unit_test_setup(test_a_gap_ends_a_run, set_up),
      cmocka_unit_test_setup(test_empty_ones_without_bytes_are_a_run, set_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
