#include "unit.h"

#include "core/listeners.h"

/* Listeners write their letter to a log; what else they do when they run is set per letter. */

enum { LETTERS = 26, LOG_MAX = 64 };

struct actor;
typedef void (*action)(struct actor *actor);

struct actor {
  char letter;
  action act;            /* or NULL */
  struct actor *partner; /* whom act concerns */
  int answer;            /* what act was told */
};

static struct unit_stack unit;
static struct dgram__listeners listeners;
static struct actor actors[LETTERS];
static char log_text[LOG_MAX];
static size_t log_length;

static dgram_stack *stack(void) {
  return &unit.stack;
}

static struct actor *actor(char letter) {
  return &actors[letter - 'a'];
}

static void on_event(void *data) {
  struct actor *self = data;

  assert_true(log_length < LOG_MAX - 1);
  log_text[log_length++] = self->letter;
  log_text[log_length] = '\0';
  if (self->act != NULL) self->act(self);
}

static void on_event_too(void *data) {
  on_event(data);
}

static int add_to(enum dgram__event event, char letter, bool once) {
  return dgram__listeners_add(stack(), &listeners, event, (dgram__any_cb)on_event, actor(letter),
                              once);
}

static int on(char letter) {
  return add_to(DGRAM__MESSAGE, letter, false);
}

static int once(char letter) {
  return add_to(DGRAM__MESSAGE, letter, true);
}

static int off(char letter) {
  return dgram__listeners_remove(stack(), &listeners, DGRAM__MESSAGE, (dgram__any_cb)on_event,
                                 actor(letter));
}

static void emit_event(enum dgram__event event) {
  struct dgram__emission emission;

  dgram__emission_begin(&emission, stack(), &listeners, event);
  while (dgram__emission_next(&emission))
    ((void (*)(void *))emission.cb)(emission.data);
  dgram__emission_end(&emission);
}

/* The letters that ran in one emission of message. */
static const char *emit(void) {
  log_length = 0;
  log_text[0] = '\0';
  emit_event(DGRAM__MESSAGE);
  return log_text;
}

static int set_up(void **state) {
  (void)state;
  unit_stack_init(&unit);
  listeners = (struct dgram__listeners){0};
  for (int i = 0; i < LETTERS; i++)
    actors[i] = (struct actor){.letter = (char)('a' + i)};
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  assert_int_equal(listeners.emitting, 0);
  dgram__listeners_clear(stack(), &listeners);
  unit_stack_check(&unit);
  return 0;
}

static void act_off(struct actor *self) {
  self->answer = off(self->partner->letter);
}

static void act_on(struct actor *self) {
  self->answer = on(self->partner->letter);
}

static void act_once(struct actor *self) {
  self->answer = once(self->partner->letter);
}

static void act_clear(struct actor *self) {
  (void)self;
  dgram__listeners_clear(stack(), &listeners);
}

static void act_nest(struct actor *self) {
  self->act = NULL;
  emit_event(DGRAM__MESSAGE);
}

static void set_act(char letter, action act, char partner) {
  actor(letter)->act = act;
  actor(letter)->partner = actor(partner);
}

static void nobody_listens_at_first(void **state) {
  (void)state;
  for (int event = 0; event < DGRAM__EVENTS; event++)
    assert_false(dgram__listeners_any(&listeners, event));
  assert_string_equal(emit(), "");
}

static void listeners_run_in_the_order_of_adding(void **state) {
  (void)state;
  for (char letter = 'a'; letter <= 'e'; letter++)
    assert_int_equal(on(letter), 0);
  assert_true(dgram__listeners_any(&listeners, DGRAM__MESSAGE));
  assert_string_equal(emit(), "abcde");
  assert_string_equal(emit(), "abcde");
}

static void events_have_lists_of_their_own(void **state) {
  (void)state;
  for (int event = 0; event < DGRAM__EVENTS; event++)
    assert_int_equal(add_to(event, (char)('a' + event), false), 0);
  for (int event = 0; event < DGRAM__EVENTS; event++) {
    log_length = 0;
    emit_event(event);
    assert_int_equal(log_length, 1);
    assert_int_equal(log_text[0], 'a' + event);
  }
}

static void the_same_pair_twice_runs_twice(void **state) {
  (void)state;
  on('a');
  on('a');
  assert_string_equal(emit(), "aa");
  assert_int_equal(off('a'), 1);
  assert_string_equal(emit(), "a");
  assert_int_equal(off('a'), 1);
  assert_int_equal(off('a'), 0);
  assert_string_equal(emit(), "");
}

static void off_removes_the_newest_of_a_pair(void **state) {
  (void)state;
  on('a');
  on('b');
  on('a');
  on('c');
  assert_int_equal(off('a'), 1);
  assert_string_equal(emit(), "abc");
}

static void off_wants_both_callback_and_data_and_event(void **state) {
  (void)state;
  on('a');
  assert_int_equal(off('b'), 0);
  assert_int_equal(dgram__listeners_remove(stack(), &listeners, DGRAM__MESSAGE,
                                           (dgram__any_cb)on_event_too, actor('a')),
                   0);
  assert_int_equal(dgram__listeners_remove(stack(), &listeners, DGRAM__CLOSE,
                                           (dgram__any_cb)on_event, actor('a')),
                   0);
  assert_string_equal(emit(), "a");
}

static void off_of_first_middle_and_last(void **state) {
  (void)state;
  for (char letter = 'a'; letter <= 'e'; letter++)
    on(letter);
  off('a');
  assert_string_equal(emit(), "bcde");
  off('c');
  assert_string_equal(emit(), "bde");
  off('e');
  assert_string_equal(emit(), "bd");
  on('f');
  assert_string_equal(emit(), "bdf");
}

static void once_runs_once(void **state) {
  (void)state;
  on('a');
  once('b');
  on('c');
  assert_string_equal(emit(), "abc");
  assert_string_equal(emit(), "ac");
  assert_int_equal(unit.live, 2);
}

static void once_is_removed_before_it_runs(void **state) {
  (void)state;
  once('a');
  set_act('a', act_off, 'a');
  actor('a')->answer = -1;
  assert_string_equal(emit(), "a");
  assert_int_equal(actor('a')->answer, 0);
  assert_false(dgram__listeners_any(&listeners, DGRAM__MESSAGE));
}

static void once_may_be_taken_back(void **state) {
  (void)state;
  once('a');
  assert_int_equal(off('a'), 1);
  assert_string_equal(emit(), "");
}

static void on_and_once_of_one_pair(void **state) {
  (void)state;
  on('a');
  once('a');
  assert_string_equal(emit(), "aa");
  assert_string_equal(emit(), "a");
  once('a');
  assert_int_equal(off('a'), 1); /* the newest: the once */
  assert_string_equal(emit(), "a");
  assert_string_equal(emit(), "a");
}

/* off in the callback of a once finds the on of the same pair, not the once that runs. */
static void off_in_once_finds_the_other_of_the_pair(void **state) {
  (void)state;
  on('a');
  once('a');
  on('b');
  assert_string_equal(emit(), "aab");
  once('c');
  set_act('c', act_off, 'a');
  assert_string_equal(emit(), "abc");
  assert_int_equal(actor('c')->answer, 1);
  assert_string_equal(emit(), "b");
}

static void once_may_add_itself_again(void **state) {
  (void)state;
  once('a');
  set_act('a', act_once, 'a');
  assert_string_equal(emit(), "a");
  assert_string_equal(emit(), "a");
  assert_int_equal(unit.live, 1);
}

static void one_added_during_an_emission_waits_for_the_next(void **state) {
  (void)state;
  on('a');
  on('b');
  set_act('a', act_on, 'c');
  assert_string_equal(emit(), "ab");
  actor('a')->act = NULL;
  assert_string_equal(emit(), "abc");
}

static void the_last_one_may_add(void **state) {
  (void)state;
  on('a');
  set_act('a', act_on, 'b');
  assert_string_equal(emit(), "a");
  set_act('a', act_on, 'c');
  assert_string_equal(emit(), "ab");
  actor('a')->act = NULL;
  assert_string_equal(emit(), "abc");
}

static void one_removed_during_an_emission_never_runs(void **state) {
  (void)state;
  for (char letter = 'a'; letter <= 'c'; letter++)
    on(letter);
  set_act('a', act_off, 'b');
  assert_string_equal(emit(), "ac");
  assert_int_equal(actor('a')->answer, 1);
  assert_int_equal(unit.live, 2);
  set_act('a', act_off, 'c'); /* the last */
  assert_string_equal(emit(), "a");
  assert_int_equal(unit.live, 1);
}

static void one_may_remove_itself_and_those_before_it(void **state) {
  (void)state;
  for (char letter = 'a'; letter <= 'c'; letter++)
    on(letter);
  set_act('b', act_off, 'b');
  assert_string_equal(emit(), "abc");
  assert_string_equal(emit(), "ac");
  set_act('c', act_off, 'a');
  assert_string_equal(emit(), "ac");
  assert_string_equal(emit(), "c");
  assert_int_equal(actor('c')->answer, 0);
}

static void act_off_and_on(struct actor *self) {
  act_off(self);
  act_on(self);
}

/* Removed and added again it is a new listener: it waits, and stands at the end. */
static void one_removed_and_added_again_waits(void **state) {
  (void)state;
  for (char letter = 'a'; letter <= 'c'; letter++)
    on(letter);
  set_act('a', act_off_and_on, 'b');
  assert_string_equal(emit(), "ac");
  actor('a')->act = NULL;
  assert_string_equal(emit(), "acb");
}

static void act_on_and_off(struct actor *self) {
  act_on(self);
  act_off(self);
}

static void one_added_and_removed_in_an_emission_leaves_nothing(void **state) {
  (void)state;
  on('a');
  set_act('a', act_on_and_off, 'b');
  assert_string_equal(emit(), "a");
  assert_int_equal(unit.live, 1);
  assert_int_equal(listeners.serial, 0);
  assert_false(listeners.has_dead);
}

static void act_look(struct actor *self) {
  self->answer = dgram__listeners_any(&listeners, DGRAM__MESSAGE);
}

static void any_does_not_count_the_dead(void **state) {
  (void)state;
  once('a');
  set_act('a', act_look, 'a');
  actor('a')->answer = -1;
  assert_string_equal(emit(), "a");
  assert_int_equal(actor('a')->answer, 0);
  assert_false(dgram__listeners_any(&listeners, DGRAM__MESSAGE));
  once('a');
  on('b');
  assert_string_equal(emit(), "ab");
  assert_int_equal(actor('a')->answer, 1);
}

static void clear_outside_frees_at_once(void **state) {
  (void)state;
  for (int event = 0; event < DGRAM__EVENTS; event++)
    add_to(event, 'a', false);
  dgram__listeners_clear(stack(), &listeners);
  assert_int_equal(unit.live, 0);
  assert_string_equal(emit(), "");
  on('b');
  assert_string_equal(emit(), "b");
}

static void clear_in_an_emission_ends_it(void **state) {
  (void)state;
  add_to(DGRAM__CLOSE, 'z', false);
  for (char letter = 'a'; letter <= 'c'; letter++)
    on(letter);
  set_act('b', act_clear, 'b');
  assert_string_equal(emit(), "ab");
  assert_int_equal(unit.live, 0);
  assert_false(dgram__listeners_any(&listeners, DGRAM__CLOSE));
}

static void act_clear_and_on(struct actor *self) {
  act_clear(self);
  act_on(self);
}

static void one_added_after_clear_waits(void **state) {
  (void)state;
  on('a');
  on('b');
  set_act('a', act_clear_and_on, 'c');
  assert_string_equal(emit(), "a");
  assert_string_equal(emit(), "c");
  assert_int_equal(unit.live, 1);
}

static void emissions_nest(void **state) {
  (void)state;
  for (char letter = 'a'; letter <= 'c'; letter++)
    on(letter);
  set_act('b', act_nest, 'b');
  assert_string_equal(emit(), "ababcc");
}

static void a_once_runs_in_one_of_two_nested_emissions(void **state) {
  (void)state;
  on('a');
  once('b');
  set_act('a', act_nest, 'a');
  assert_string_equal(emit(), "aab");
  assert_int_equal(unit.live, 1);
}

static void act_on_and_nest(struct actor *self) {
  act_on(self);
  act_nest(self);
}

/* Added in the outer emission: runs in the inner one, which began later, and not in the outer
 * one. */
static void an_inner_emission_has_the_newer_listeners(void **state) {
  (void)state;
  on('a');
  on('b');
  set_act('a', act_on_and_nest, 'c');
  assert_string_equal(emit(), "aabcb");
  assert_string_equal(emit(), "abc");
}

static void act_off_then_nest(struct actor *self) {
  act_off(self);
  act_nest(self);
}

/* The end of an inner emission frees nothing that the outer one still looks at. */
static void an_inner_emission_reaps_nothing(void **state) {
  (void)state;
  for (char letter = 'a'; letter <= 'd'; letter++)
    on(letter);
  set_act('a', act_off_then_nest, 'b');
  assert_string_equal(emit(), "aacdcd");
  assert_int_equal(unit.live, 3);
}

static void an_emission_may_end_early(void **state) {
  struct dgram__emission emission;

  (void)state;
  once('a');
  on('b');
  dgram__emission_begin(&emission, stack(), &listeners, DGRAM__MESSAGE);
  assert_true(dgram__emission_next(&emission));
  assert_ptr_equal(emission.data, actor('a'));
  dgram__emission_end(&emission);
  assert_int_equal(unit.live, 1);
  assert_string_equal(emit(), "b");
}

/* Exhausted it stays so, although a listener is added behind the last one. */
static void next_after_the_end_stays_false(void **state) {
  struct dgram__emission emission;

  (void)state;
  on('a');
  dgram__emission_begin(&emission, stack(), &listeners, DGRAM__MESSAGE);
  assert_true(dgram__emission_next(&emission));
  on('b');
  assert_false(dgram__emission_next(&emission));
  on('c');
  assert_false(dgram__emission_next(&emission));
  dgram__emission_end(&emission);
  assert_string_equal(emit(), "abc");
}

static void serials_begin_anew_after_each_emission(void **state) {
  (void)state;
  on('a');
  set_act('a', act_on_and_off, 'b');
  for (int i = 0; i < 1000; i++)
    emit();
  assert_int_equal(listeners.serial, 0);
  assert_int_equal(unit.live, 1);
}

/* Each event of a batch begins the emission anew; what ran once has gone by then. */
static void again_reaps_what_ran_once(void **state) {
  struct dgram__emission emission;

  (void)state;
  once('a');
  set_act('a', act_once, 'a');
  log_length = 0;
  dgram__emission_begin(&emission, stack(), &listeners, DGRAM__MESSAGE);
  for (size_t i = 1; i <= LOG_MAX / 2; i++) {
    assert_true(dgram__emission_next(&emission));
    ((void (*)(void *))emission.cb)(emission.data);
    assert_false(dgram__emission_next(&emission));
    assert_int_equal(log_length, i);
    dgram__emission_again(&emission);
    assert_int_equal(unit.live, 1);
  }
  dgram__emission_end(&emission);
}

/* The one around it may stand at a node that is dead. */
static void again_of_an_inner_emission_reaps_nothing(void **state) {
  struct dgram__emission outer, inner;

  (void)state;
  once('a');
  on('b');
  dgram__emission_begin(&outer, stack(), &listeners, DGRAM__MESSAGE);
  assert_true(dgram__emission_next(&outer));
  dgram__emission_begin(&inner, stack(), &listeners, DGRAM__MESSAGE);
  off('b');
  dgram__emission_again(&inner);
  assert_false(dgram__emission_next(&inner));
  dgram__emission_end(&inner);
  assert_int_equal(unit.live, 2);
  assert_false(dgram__emission_next(&outer));
  dgram__emission_end(&outer);
  assert_int_equal(unit.live, 0);
}

/* What 2^32 additions in one emission would do, without doing them. */
static void serials_end_before_they_wrap(void **state) {
  struct dgram__emission emission;

  (void)state;
  on('a');
  dgram__emission_begin(&emission, stack(), &listeners, DGRAM__MESSAGE);
  listeners.serial = UINT32_MAX - 2;
  assert_int_equal(on('b'), 0);
  assert_int_equal(on('c'), DGRAM_ENOMEM);
  assert_true(dgram__emission_next(&emission));
  assert_ptr_equal(emission.data, actor('a'));
  assert_false(dgram__emission_next(&emission));
  dgram__emission_end(&emission);
  assert_string_equal(emit(), "ab");
  assert_int_equal(on('c'), 0);
}

static void without_memory_nothing_changes(void **state) {
  (void)state;
  on('a');
  unit.fail_from = unit.asked + 1;
  assert_int_equal(on('b'), DGRAM_ENOMEM);
  assert_int_equal(once('b'), DGRAM_ENOMEM);
  set_act('a', act_on, 'b');
  assert_string_equal(emit(), "a");
  assert_int_equal(actor('a')->answer, DGRAM_ENOMEM);
  assert_string_equal(emit(), "a");
  unit.fail_from = 0;
  assert_int_equal(on('b'), 0);
  actor('a')->act = NULL;
  assert_string_equal(emit(), "ab");
}

/* ---- at random, against a model ---- */

/* The model keeps every listener ever added, in order, and marks instead of removing. An emission
 * is a walk over those that were there when it began. */
enum { MODEL_MAX = 4096, PAIRS = 5, DEPTH_MAX = 3 };

struct model_entry {
  int pair;
  bool is_once;
  bool is_dead;
};

static struct model_entry model[MODEL_MAX];
static int model_count;
static struct unit_random dice;
static int pairs[PAIRS];
static int depth;

static void emit_at_random(void);

static void model_on_event(void *data) {
  (void)data;
}

static void act_at_random(void) {
  const int pair = (int)unit_random_below(&dice, PAIRS);
  const uint32_t choice = unit_random_below(&dice, 100);
  const dgram__any_cb cb = (dgram__any_cb)model_on_event;

  if (choice < 35 && model_count < MODEL_MAX) {
    const bool is_once = unit_random_below(&dice, 2) == 0;
    assert_int_equal(
        dgram__listeners_add(stack(), &listeners, DGRAM__ERROR, cb, &pairs[pair], is_once), 0);
    model[model_count++] = (struct model_entry){pair, is_once, false};
  } else if (choice < 75) {
    int found = model_count - 1;
    while (found >= 0 && (model[found].pair != pair || model[found].is_dead))
      found--;
    assert_int_equal(dgram__listeners_remove(stack(), &listeners, DGRAM__ERROR, cb, &pairs[pair]),
                     found >= 0);
    if (found >= 0) model[found].is_dead = true;
  } else if (choice < 77) {
    dgram__listeners_clear(stack(), &listeners);
    for (int i = 0; i < model_count; i++)
      model[i].is_dead = true;
  } else if (depth < DEPTH_MAX) {
    emit_at_random();
  }
}

static void emit_at_random(void) {
  const int limit = model_count;
  int at = 0;
  struct dgram__emission emission;

  depth++;
  dgram__emission_begin(&emission, stack(), &listeners, DGRAM__ERROR);
  for (;;) {
    while (at < limit && model[at].is_dead)
      at++;
    assert_int_equal(dgram__emission_next(&emission), at < limit);
    if (at == limit) break;
    assert_ptr_equal(emission.data, &pairs[model[at].pair]);
    if (model[at].is_once) model[at].is_dead = true;
    at++;
    for (uint32_t i = unit_random_below(&dice, 3); i > 0; i--)
      act_at_random();
  }
  dgram__emission_end(&emission);
  depth--;
}

static size_t model_live(void) {
  size_t live = 0;

  for (int i = 0; i < model_count; i++)
    live += !model[i].is_dead;
  return live;
}

static void at_random_as_the_model(void **state) {
  (void)state;
  unit_random_init(&dice);
  for (int round = 0; round < 200; round++) {
    model_count = 0;
    while (model_count < MODEL_MAX / 16)
      act_at_random();
    assert_int_equal(unit.live, model_live());
    assert_int_equal(dgram__listeners_any(&listeners, DGRAM__ERROR), model_live() > 0);
    dgram__listeners_clear(stack(), &listeners);
    assert_int_equal(unit.live, 0);
  }
}

#define LISTENERS_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      LISTENERS_TEST(nobody_listens_at_first),
      LISTENERS_TEST(listeners_run_in_the_order_of_adding),
      LISTENERS_TEST(events_have_lists_of_their_own),
      LISTENERS_TEST(the_same_pair_twice_runs_twice),
      LISTENERS_TEST(off_removes_the_newest_of_a_pair),
      LISTENERS_TEST(off_wants_both_callback_and_data_and_event),
      LISTENERS_TEST(off_of_first_middle_and_last),
      LISTENERS_TEST(once_runs_once),
      LISTENERS_TEST(once_is_removed_before_it_runs),
      LISTENERS_TEST(once_may_be_taken_back),
      LISTENERS_TEST(on_and_once_of_one_pair),
      LISTENERS_TEST(off_in_once_finds_the_other_of_the_pair),
      LISTENERS_TEST(once_may_add_itself_again),
      LISTENERS_TEST(one_added_during_an_emission_waits_for_the_next),
      LISTENERS_TEST(the_last_one_may_add),
      LISTENERS_TEST(one_removed_during_an_emission_never_runs),
      LISTENERS_TEST(one_may_remove_itself_and_those_before_it),
      LISTENERS_TEST(one_removed_and_added_again_waits),
      LISTENERS_TEST(one_added_and_removed_in_an_emission_leaves_nothing),
      LISTENERS_TEST(any_does_not_count_the_dead),
      LISTENERS_TEST(clear_outside_frees_at_once),
      LISTENERS_TEST(clear_in_an_emission_ends_it),
      LISTENERS_TEST(one_added_after_clear_waits),
      LISTENERS_TEST(emissions_nest),
      LISTENERS_TEST(a_once_runs_in_one_of_two_nested_emissions),
      LISTENERS_TEST(an_inner_emission_has_the_newer_listeners),
      LISTENERS_TEST(an_inner_emission_reaps_nothing),
      LISTENERS_TEST(an_emission_may_end_early),
      LISTENERS_TEST(next_after_the_end_stays_false),
      LISTENERS_TEST(serials_begin_anew_after_each_emission),
      LISTENERS_TEST(again_reaps_what_ran_once),
      LISTENERS_TEST(again_of_an_inner_emission_reaps_nothing),
      LISTENERS_TEST(serials_end_before_they_wrap),
      LISTENERS_TEST(without_memory_nothing_changes),
      LISTENERS_TEST(at_random_as_the_model),
  };
  return cmocka_run_group_tests_name("listeners", tests, NULL, NULL);
}
