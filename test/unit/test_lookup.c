#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/lookup.h"

/* Waiters write their letter, and what they were told, to a log. */

enum { LETTERS = 26, MANY = 3000 };

struct guest {
  struct dgram__waiter waiter; /* first: the callback gets from it to the whole */
  char letter;
  void (*act)(struct guest *guest); /* or NULL */
};

static struct fake fake;
static struct guest guests[LETTERS];
static char log_text[256];

static struct guest *guest(char letter) {
  return &guests[letter - 'a'];
}

static void on_done(struct dgram__waiter *waiter, int status, const dgram_address *addresses) {
  struct guest *self = (struct guest *)waiter;
  const size_t length = strlen(log_text);

  assert_null(waiter->lookup);
  snprintf(log_text + length, sizeof log_text - length, "%c%d ", self->letter,
           status < 0 ? status : addresses[0].bytes[3]);
  if (self->act != NULL) self->act(self);
}

static int join_family(char letter, const char *name, int family) {
  guest(letter)->waiter.done = on_done;
  return dgram__lookup_join(fake_stack(&fake), name, family, NULL, &guest(letter)->waiter);
}

static int join(char letter, const char *name) {
  return join_family(letter, name, DGRAM_IPV4);
}

static void leave(char letter) {
  dgram__lookup_leave(fake_stack(&fake), &guest(letter)->waiter);
}

static int set_up(void **state) {
  (void)state;
  fake_init(&fake);
  memset(guests, 0, sizeof guests);
  for (int i = 0; i < LETTERS; i++)
    guests[i].letter = (char)('a' + i);
  log_text[0] = '\0';
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  assert_int_equal(fake_stack(&fake)->host->lookups.count, 0);
  assert_false(fake.alive);
  fake_end(&fake);
  return 0;
}

static void one_is_told_once(void **state) {
  (void)state;
  assert_int_equal(join('a', "name.test"), 0);
  assert_true(fake.alive);
  assert_int_equal(fake.lookups[0].family, DGRAM_IPV4);
  assert_string_equal(fake.lookups[0].name, "name.test");
  assert_string_equal(log_text, "");
  fake_answer(&fake, "name.test", 7);
  assert_string_equal(log_text, "a7 ");
}

static void those_of_a_name_are_joined_in_order(void **state) {
  (void)state;
  join('b', "name.test");
  join('a', "name.test");
  join('c', "name.test");
  assert_int_equal(fake.lookup_count, 1);
  fake_answer(&fake, "name.test", 1);
  assert_string_equal(log_text, "b1 a1 c1 ");
}

static void names_and_families_are_apart(void **state) {
  (void)state;
  join('a', "name.test");
  join('b', "Name.test");
  join('c', "name.tes");
  join_family('d', "name.test", DGRAM_IPV6);
  join_family('e', "name.test", 0);
  join('f', "name.test");
  assert_int_equal(fake.lookup_count, 5);
  fake_answer(&fake, "Name.test", 2);
  assert_string_equal(log_text, "b2 ");
  fake_answer(&fake, "name.test", 1);
  assert_string_equal(log_text, "b2 a1 f1 ");
  leave('c');
  leave('d');
  leave('e');
  assert_int_equal(fake.cancelled, 3);
}

static void a_failure_is_told_to_all(void **state) {
  (void)state;
  join('a', "name.test");
  join('b', "name.test");
  fake_answer(&fake, "name.test", DGRAM_ENOTFOUND);
  assert_string_equal(log_text, "a-3008 b-3008 ");
}

static void nothing_is_kept(void **state) {
  (void)state;
  join('a', "name.test");
  fake_answer(&fake, "name.test", 1);
  join('a', "name.test");
  assert_int_equal(fake.lookup_count, 2);
  fake_answer(&fake, "name.test", 2);
  assert_string_equal(log_text, "a1 a2 ");
}

static void the_last_to_leave_cancels(void **state) {
  (void)state;
  join('a', "name.test");
  join('b', "name.test");
  join('c', "name.test");
  leave('b');
  leave('a');
  assert_int_equal(fake.cancelled, 0);
  leave('a'); /* waits for nothing */
  leave('c');
  assert_int_equal(fake.cancelled, 1);
  assert_false(fake.alive);
  assert_string_equal(log_text, "");
}

static void who_has_left_is_not_told(void **state) {
  (void)state;
  for (char letter = 'a'; letter <= 'e'; letter++)
    join(letter, "name.test");
  leave('a');
  leave('c');
  leave('e');
  fake_answer(&fake, "name.test", 1);
  assert_string_equal(log_text, "b1 d1 ");
}

/* The end of the line moves to the one before. */
static void one_may_join_behind_who_has_left(void **state) {
  (void)state;
  for (char letter = 'a'; letter <= 'c'; letter++)
    join(letter, "name.test");
  leave('c');
  join('d', "name.test");
  leave('d');
  leave('b');
  join('e', "name.test");
  fake_answer(&fake, "name.test", 1);
  assert_string_equal(log_text, "a1 e1 ");
}

static void act_leave_c(struct guest *self) {
  (void)self;
  leave('c');
}

static void one_may_make_another_leave(void **state) {
  (void)state;
  for (char letter = 'a'; letter <= 'd'; letter++)
    join(letter, "name.test");
  guest('a')->act = act_leave_c;
  fake_answer(&fake, "name.test", 1);
  assert_string_equal(log_text, "a1 b1 d1 ");
  assert_int_equal(fake.cancelled, 0);
}

static void act_leave_all(struct guest *self) {
  (void)self;
  for (char letter = 'a'; letter <= 'd'; letter++)
    leave(letter);
}

static void one_may_make_all_leave(void **state) {
  (void)state;
  for (char letter = 'a'; letter <= 'd'; letter++)
    join(letter, "name.test");
  guest('b')->act = act_leave_all;
  fake_answer(&fake, "name.test", 1);
  assert_string_equal(log_text, "a1 b1 ");
  assert_int_equal(fake.cancelled, 0);
}

static void act_join_again(struct guest *self) {
  self->act = NULL;
  assert_int_equal(join(self->letter, "name.test"), 0);
}

/* A new lookup begins: the one that is being told is over. */
static void one_may_join_again_when_told(void **state) {
  (void)state;
  join('a', "name.test");
  join('b', "name.test");
  guest('a')->act = act_join_again;
  fake_answer(&fake, "name.test", 1);
  assert_string_equal(log_text, "a1 b1 ");
  assert_int_equal(fake.lookup_count, 2);
  fake_answer(&fake, "name.test", 2);
  assert_string_equal(log_text, "a1 b1 a2 ");
}

/* Enough for the table to grow under the one that is being told. */
static void act_join_many(struct guest *self) {
  static struct guest many[100];
  char name[32];

  (void)self;
  memset(many, 0, sizeof many);
  for (int i = 0; i < 100; i++) {
    snprintf(name, sizeof name, "other%d.test", i);
    many[i].letter = 'o';
    many[i].waiter.done = on_done;
    assert_int_equal(dgram__lookup_join(fake_stack(&fake), name, 0, NULL, &many[i].waiter), 0);
  }
  for (int i = 0; i < 100; i++)
    dgram__lookup_leave(fake_stack(&fake), &many[i].waiter);
}

static void others_may_be_joined_when_told(void **state) {
  (void)state;
  join('a', "name.test");
  join('b', "name.test");
  guest('a')->act = act_join_many;
  fake_answer(&fake, "name.test", 1);
  assert_string_equal(log_text, "a1 b1 ");
  assert_int_equal(fake.cancelled, 100);
}

static void a_stack_that_refuses_leaves_nothing(void **state) {
  (void)state;
  fake.lookup_code = DGRAM_EAI_MEMORY;
  assert_int_equal(join('a', "name.test"), DGRAM_EAI_MEMORY);
  assert_null(guest('a')->waiter.lookup);
  assert_false(fake.alive);
  fake.lookup_code = 0;
  assert_int_equal(join('a', "name.test"), 0);
  leave('a');
}

/* The first allocation is the table's, the second the lookup's. */
static void without_memory_nothing_waits(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    fake.unit.fail_once = fake.unit.asked + 1 + (size_t)i;
    assert_int_equal(join('a', "name.test"), DGRAM_ENOMEM);
    assert_null(guest('a')->waiter.lookup);
    assert_int_equal(fake.lookup_count, 0);
    assert_false(fake.alive);
  }
  assert_int_equal(join('a', "name.test"), 0);
  leave('a');
}

static size_t used_buckets(void) {
  const struct dgram__lookups *lookups = &fake_stack(&fake)->host->lookups;
  size_t used = 0;

  for (size_t i = 0; i < lookups->bucket_count; i++)
    used += lookups->buckets[i] != NULL;
  return used;
}

static void many_names_at_once(void **state) {
  static struct guest many[MANY];
  char name[32];

  (void)state;
  memset(many, 0, sizeof many);
  for (int i = 0; i < MANY; i++) {
    snprintf(name, sizeof name, "name%d.test", i);
    many[i].letter = 'm';
    many[i].waiter.done = on_done;
    assert_int_equal(dgram__lookup_join(fake_stack(&fake), name, DGRAM_IPV4, NULL, &many[i].waiter),
                     0);
  }
  assert_int_equal(fake_stack(&fake)->host->lookups.count, MANY);
  /* Chains stay short: no bucket is used by many, so many are used. */
  assert_true(fake_stack(&fake)->host->lookups.bucket_count >= MANY);
  assert_true(used_buckets() > MANY / 3);
  for (int i = 0; i < MANY; i++) {
    snprintf(name, sizeof name, "name%d.test", i);
    log_text[0] = '\0';
    fake_answer(&fake, name, i % 200);
    assert_int_equal(atoi(log_text + 1), i % 200);
    assert_null(many[i].waiter.lookup);
  }
}

/* Where the table cannot grow the chains do. */
static void a_table_that_cannot_grow_still_works(void **state) {
  static struct guest many[200];
  char name[32];

  (void)state;
  memset(many, 0, sizeof many);
  for (int i = 0; i < 200; i++) {
    snprintf(name, sizeof name, "name%d.test", i);
    many[i].waiter.done = on_done;
    /* With 64 names in it each new one wants to grow the table first. */
    fake.unit.fail_once = i >= 64 ? fake.unit.asked + 1 : 0;
    assert_int_equal(dgram__lookup_join(fake_stack(&fake), name, DGRAM_IPV4, NULL, &many[i].waiter),
                     0);
  }
  assert_int_equal(fake_stack(&fake)->host->lookups.bucket_count, 64);
  assert_int_equal(fake.lookup_count, 200);
  for (int i = 0; i < 200; i += 2)
    dgram__lookup_leave(fake_stack(&fake), &many[i].waiter);
  assert_int_equal(fake.cancelled, 100);
  for (int i = 1; i < 200; i += 2) {
    snprintf(name, sizeof name, "name%d.test", i);
    assert_int_equal(join('a', name), 0); /* it is found */
    assert_int_equal(fake.lookup_count, 200);
    leave('a');
    log_text[0] = '\0';
    fake_answer(&fake, name, 1);
  }
}

#define LOOKUP_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      LOOKUP_TEST(one_is_told_once),
      LOOKUP_TEST(those_of_a_name_are_joined_in_order),
      LOOKUP_TEST(names_and_families_are_apart),
      LOOKUP_TEST(a_failure_is_told_to_all),
      LOOKUP_TEST(nothing_is_kept),
      LOOKUP_TEST(the_last_to_leave_cancels),
      LOOKUP_TEST(who_has_left_is_not_told),
      LOOKUP_TEST(one_may_join_behind_who_has_left),
      LOOKUP_TEST(one_may_make_another_leave),
      LOOKUP_TEST(one_may_make_all_leave),
      LOOKUP_TEST(one_may_join_again_when_told),
      LOOKUP_TEST(others_may_be_joined_when_told),
      LOOKUP_TEST(a_stack_that_refuses_leaves_nothing),
      LOOKUP_TEST(without_memory_nothing_waits),
      LOOKUP_TEST(many_names_at_once),
      LOOKUP_TEST(a_table_that_cannot_grow_still_works),
  };
  return cmocka_run_group_tests_name("lookup", tests, NULL, NULL);
}
