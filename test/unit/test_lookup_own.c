/* Lookups that a function of the program makes: asked from the loop, joined by asker, answered by
 * id. */

#include <stdio.h>
#include <string.h>

#include "fake.h"

#include "core/lookup.h"

enum { LETTERS = 26, MANY = 3000 };

struct guest {
  struct dgram__waiter waiter; /* first: the callback gets from it to the whole */
  char letter;
};

static struct fake fake;
static struct guest guests[LETTERS];
static char log_text[256];
static struct dgram__asker asker, other;
static uint64_t ids[MANY];
static size_t asked;
static int returns;              /* what the function returns */
static void (*act)(uint64_t id); /* what it does before, once */

static int look_up(dgram_socket *socket, const dgram_lookup_request *request, void *data) {
  void (*now)(uint64_t) = act;
  char name[32];

  assert_null(socket);
  assert_ptr_equal(data, &fake);
  assert_true(fake_stack(&fake)->host->depth > 0);
  assert_int_equal(request->family, DGRAM_IPV4);
  snprintf(name, sizeof name, "%s", request->name);
  assert_true(asked < MANY);
  ids[asked++] = request->id;
  act = NULL;
  if (now != NULL) now(request->id);
  assert_string_equal(request->name, name);
  return returns;
}

static void on_done(struct dgram__waiter *waiter, int status, const dgram_address *addresses) {
  const struct guest *self = (struct guest *)waiter;
  const size_t length = strlen(log_text);

  assert_null(waiter->lookup);
  assert_int_equal(status > 0 ? 1 : status, status);
  snprintf(log_text + length, sizeof log_text - length, "%c%d ", self->letter,
           status < 0 ? status : addresses[0].bytes[3]);
}

static int join_asker(char letter, const char *name, struct dgram__asker *whose) {
  struct guest *guest = &guests[letter - 'a'];

  guest->waiter.done = on_done;
  return dgram__lookup_join(fake_stack(&fake), name, DGRAM_IPV4, whose, &guest->waiter);
}

static void join(char letter, const char *name) {
  assert_int_equal(join_asker(letter, name, &asker), 0);
}

static void leave(char letter) {
  dgram__lookup_leave(fake_stack(&fake), &guests[letter - 'a'].waiter);
}

static int answer(uint64_t id, const char *text) {
  dgram_address address;

  assert_int_equal(dgram_address_parse(text, 77, &address), 0);
  return dgram_lookup_answer(fake_stack(&fake), id, 1, &address);
}

static void expect_log(const char *expected) {
  assert_string_equal(log_text, expected);
  log_text[0] = '\0';
}

static int set_up(void **state) {
  (void)state;
  fake_init(&fake);
  memset(guests, 0, sizeof guests);
  for (int i = 0; i < LETTERS; i++)
    guests[i].letter = (char)('a' + i);
  asker = (struct dgram__asker){.cb = look_up, .data = &fake, .number = 1};
  other = (struct dgram__asker){.cb = look_up, .data = &fake, .number = 2};
  log_text[0] = '\0';
  asked = 0;
  returns = 0;
  act = NULL;
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  assert_int_equal(fake_stack(&fake)->host->lookups.count, 0);
  assert_null(fake_stack(&fake)->host->lookups.unasked_first);
  assert_null(fake_stack(&fake)->host->lookups.unasked_last);
  assert_false(fake.alive);
  fake_end(&fake);
  return 0;
}

static void it_is_asked_from_the_loop_and_answered_later(void **state) {
  (void)state;
  join('a', "name.test");
  assert_int_equal(asked, 0);
  assert_true(fake.alive);
  fake_settle(&fake);
  assert_int_equal(asked, 1);
  assert_int_equal(fake.lookup_count, 0);
  assert_true(fake.alive);
  assert_int_equal(answer(ids[0], "192.0.2.7"), 0);
  expect_log("a7 ");
  assert_int_equal(answer(ids[0], "192.0.2.7"), DGRAM_ENOENT);
}

/* Before it is asked for, and while it waits. */
static void those_of_a_name_and_an_asker_are_joined(void **state) {
  (void)state;
  join('a', "name.test");
  join('b', "name.test");
  assert_int_equal(join_asker('x', "name.test", &other), 0);
  assert_int_equal(join_asker('y', "name.test", NULL), 0);
  fake_settle(&fake);
  join('c', "name.test");
  fake_settle(&fake);
  assert_int_equal(asked, 2);
  assert_int_equal(fake.lookup_count, 1);
  assert_int_equal(answer(ids[0], "192.0.2.7"), 0);
  expect_log("a7 b7 c7 ");
  fake_answer(&fake, "name.test", 8);
  expect_log("y8 ");
  assert_int_equal(answer(ids[1], "192.0.2.9"), 0);
  expect_log("x9 ");
}

static void act_answer(uint64_t id) {
  assert_int_equal(answer(id, "192.0.2.7"), 0);
}

/* Whatever the function then returns. */
static void it_may_be_answered_in_the_call(void **state) {
  (void)state;
  for (int i = -2; i <= 2; i++) {
    returns = i;
    act = act_answer;
    join('a', "name.test");
    fake_settle(&fake);
    expect_log("a7 ");
  }
  assert_int_equal(fake.lookup_count, 0);
}

static void what_it_refuses_fails(void **state) {
  static const int codes[][2] = {{DGRAM_EACCES, DGRAM_EACCES}, {2, DGRAM_EINVAL}};
  char expected[32];

  (void)state;
  for (size_t i = 0; i < 2; i++) {
    returns = codes[i][0];
    join('a', "name.test");
    fake_settle(&fake);
    snprintf(expected, sizeof expected, "a%d ", codes[i][1]);
    expect_log(expected);
    assert_int_equal(answer(ids[i], "192.0.2.7"), DGRAM_ENOENT);
  }
}

/* Joined with what others ask the stack, and with what comes later. */
static void it_may_be_left_to_the_stack(void **state) {
  (void)state;
  returns = 1;
  join('a', "name.test");
  assert_int_equal(join_asker('x', "name.test", NULL), 0);
  fake_settle(&fake);
  join('b', "name.test");
  fake_settle(&fake);
  assert_int_equal(asked, 1);
  assert_int_equal(fake.lookup_count, 1);
  assert_int_equal(answer(ids[0], "192.0.2.7"), DGRAM_ENOENT);
  fake_answer(&fake, "name.test", 8);
  expect_log("x8 a8 b8 ");
}

static void a_stack_that_cannot_either(void **state) {
  char expected[32];

  (void)state;
  returns = 1;
  fake.lookup_code = DGRAM_EAI_MEMORY;
  join('a', "name.test");
  fake_settle(&fake);
  snprintf(expected, sizeof expected, "a%d ", DGRAM_EAI_MEMORY);
  expect_log(expected);
}

static void who_left_it_to_the_stack_may_leave(void **state) {
  (void)state;
  returns = 1;
  join('a', "name.test");
  fake_settle(&fake);
  leave('a');
  assert_int_equal(fake.cancelled, 1);
  expect_log("");
}

static void the_last_to_leave_gives_up(void **state) {
  (void)state;
  join('a', "one.test");
  join('b', "two.test");
  join('c', "three.test");
  leave('b');
  fake_settle(&fake);
  assert_int_equal(asked, 2);
  leave('a');
  assert_int_equal(answer(ids[0], "192.0.2.7"), DGRAM_ENOENT);
  assert_int_equal(answer(ids[1], "192.0.2.9"), 0);
  expect_log("c9 ");
}

static void act_leave(uint64_t id) {
  (void)id;
  leave('a');
}

/* The name that it was shown stays. */
static void who_waits_may_leave_in_the_call(void **state) {
  (void)state;
  for (int i = -1; i <= 1; i++) {
    returns = i;
    act = act_leave;
    join('a', "name.test");
    fake_settle(&fake);
    expect_log("");
  }
  assert_int_equal(fake.lookup_count, 0);
}

static void the_first_of_the_family_counts(void **state) {
  static const char *const texts[] = {"2001:db8::1", "192.0.2.7", "192.0.2.8"};
  dgram_address addresses[3];
  char not_found[32];

  (void)state;
  snprintf(not_found, sizeof not_found, "a%d ", DGRAM_ENOTFOUND);
  for (int i = 0; i < 3; i++)
    assert_int_equal(dgram_address_parse(texts[i], 0, &addresses[i]), 0);
  for (int count = 0; count <= 3; count++) {
    join('a', "name.test");
    fake_settle(&fake);
    assert_int_equal(dgram_lookup_answer(fake_stack(&fake), ids[count], 1, NULL), DGRAM_EARGTYPE);
    assert_int_equal(dgram_lookup_answer(fake_stack(&fake), ids[count], count, addresses), 0);
    expect_log(count < 2 ? not_found : "a7 ");
  }
  assert_int_equal(dgram_lookup_answer(fake_stack(&fake), 0, 1, addresses), DGRAM_ENOENT);
}

static void a_code_is_an_answer(void **state) {
  char expected[32];

  (void)state;
  join('a', "name.test");
  fake_settle(&fake);
  assert_int_equal(dgram_lookup_answer(fake_stack(&fake), ids[0], DGRAM_EAI_AGAIN, NULL), 0);
  snprintf(expected, sizeof expected, "a%d ", DGRAM_EAI_AGAIN);
  expect_log(expected);
}

/* More names than a turn asks for, answered from the last to the first; the table grows meanwhile. */
static void many_names_take_several_turns(void **state) {
  static struct guest many[MANY];
  char name[32];

  (void)state;
  for (int i = 0; i < MANY; i++) {
    many[i] = (struct guest){.waiter = {.done = on_done}, .letter = 'm'};
    snprintf(name, sizeof name, "%d.test", i);
    assert_int_equal(
        dgram__lookup_join(fake_stack(&fake), name, DGRAM_IPV4, &asker, &many[i].waiter), 0);
  }
  assert_true(fake_turn(&fake));
  assert_int_equal(asked, DGRAM__SEND_TURN);
  fake_settle(&fake);
  assert_int_equal(asked, MANY);
  for (int i = MANY - 1; i >= 0; i--) {
    log_text[0] = '\0';
    assert_int_equal(answer(ids[i], "192.0.2.7"), 0);
    assert_string_equal(log_text, "m7 ");
  }
}

static void without_memory_nothing_waits(void **state) {
  (void)state;
  fake.unit.fail_from = fake.unit.asked + 1;
  assert_int_equal(join_asker('a', "name.test", &asker), DGRAM_ENOMEM);
  fake.unit.fail_from = 0;
  join('a', "name.test");
  returns = 1;
  fake.unit.fail_from = fake.unit.asked + 1;
  fake_settle(&fake);
  fake.unit.fail_from = 0;
  assert_memory_equal(log_text, "a-", 2);
}

#define OWN_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      OWN_TEST(it_is_asked_from_the_loop_and_answered_later),
      OWN_TEST(those_of_a_name_and_an_asker_are_joined),
      OWN_TEST(it_may_be_answered_in_the_call),
      OWN_TEST(what_it_refuses_fails),
      OWN_TEST(it_may_be_left_to_the_stack),
      OWN_TEST(a_stack_that_cannot_either),
      OWN_TEST(who_left_it_to_the_stack_may_leave),
      OWN_TEST(the_last_to_leave_gives_up),
      OWN_TEST(who_waits_may_leave_in_the_call),
      OWN_TEST(the_first_of_the_family_counts),
      OWN_TEST(a_code_is_an_answer),
      OWN_TEST(many_names_take_several_turns),
      OWN_TEST(without_memory_nothing_waits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
