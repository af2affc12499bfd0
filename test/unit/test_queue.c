#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/queue.h"

/* Datagrams are told apart by their length, tickets by their data, which is the same number. */

enum { MIN = DGRAM__QUEUE_CAPACITY_MIN };

static struct unit_stack unit;
static struct dgram__queue *queue;
static struct dgram__queue *deep;
static struct unit_random dice;
static size_t pushed; /* numbers of those that came, went to the stack, were taken out */
static size_t sent;
static size_t popped;

static dgram_stack *stack(void) {
  return &unit.stack;
}

static int set_up(void **state) {
  (void)state;
  unit_stack_init(&unit);
  queue = deep = NULL;
  pushed = sent = popped = 0;
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  dgram__queue_destroy(stack(), queue);
  dgram__queue_destroy(stack(), deep);
  unit_stack_check(&unit);
  return 0;
}

static int reserve(size_t count) {
  return dgram__queue_reserve(stack(), &queue, count, &deep);
}

static void push(void) {
  const dgram_datagram datagram = {.length = pushed, .result = -1};
  const struct dgram__ticket ticket = {.data = (void *)(uintptr_t)pushed, .syscall = "send"};

  assert_int_equal(reserve(1), 0);
  dgram__queue_push(queue, &datagram, &ticket);
  pushed++;
}

/* The result of a datagram is its number, negative. */
static void send_up_to(size_t count) {
  dgram_datagram *list;
  const uint32_t run = dgram__queue_unsent_run(queue, &list);

  assert_true(run <= dgram__queue_unsent(queue));
  assert_int_equal(run == 0, dgram__queue_unsent(queue) == 0);
  for (uint32_t i = 0; i < run; i++)
    assert_int_equal(list[i].length, sent + i);
  for (uint32_t i = 0; i < run && i < count; i++) {
    list[i].result = -(int32_t)sent;
    queue->sent++;
    sent++;
  }
}

static void send_all(void) {
  while (dgram__queue_unsent(queue) > 0)
    send_up_to(SIZE_MAX);
}

static void pop(void) {
  const struct dgram__ticket *ticket;
  const dgram_datagram *datagram = dgram__queue_pop(queue, &ticket);

  assert_int_equal(datagram->length, popped);
  assert_int_equal(datagram->result, -(int32_t)popped);
  assert_ptr_equal(ticket->data, (void *)(uintptr_t)popped);
  assert_string_equal(ticket->syscall, "send");
  popped++;
}

static void check_counts(void) {
  assert_int_equal(dgram__queue_count(queue), pushed - popped);
  assert_int_equal(dgram__queue_unsent(queue), pushed - sent);
  assert_int_equal(dgram__queue_done(queue), sent - popped);
}

/* The marks of a queue that has run for long: they wrap after some more. */
static void age(uint32_t mark) {
  assert_int_equal(reserve(1), 0);
  assert_int_equal(dgram__queue_count(queue), 0);
  queue->head = queue->sent = queue->tail = mark;
}

static void no_queue_is_an_empty_one(void **state) {
  (void)state;
  assert_int_equal(dgram__queue_count(NULL), 0);
  assert_int_equal(dgram__queue_done(NULL), 0);
  assert_int_equal(dgram__queue_unsent(NULL), 0);
  dgram__queue_destroy(stack(), NULL);
}

static void created_empty(void **state) {
  dgram_datagram *list;

  (void)state;
  queue = dgram__queue_create(stack(), 8);
  assert_int_equal(queue->capacity, 8);
  check_counts();
  assert_int_equal(dgram__queue_unsent_run(queue, &list), 0);
}

static void first_in_first_out(void **state) {
  (void)state;
  for (int i = 0; i < 5; i++)
    push();
  check_counts();
  send_up_to(3);
  check_counts();
  for (int i = 0; i < 3; i++)
    pop();
  check_counts();
  send_all();
  pop();
  pop();
  check_counts();
}

static void full_to_the_last_slot_without_growing(void **state) {
  (void)state;
  for (int i = 0; i < MIN; i++)
    push();
  assert_int_equal(queue->capacity, MIN);
  assert_int_equal(unit.asked, 1);
  check_counts();
  send_all();
  for (int i = 0; i < MIN; i++)
    pop();
  check_counts();
}

/* In the steady state nothing is allocated (rule 11), however often the marks go round. */
static void round_and_round_without_memory(void **state) {
  (void)state;
  age(UINT32_MAX - 200);
  unit.fail_from = unit.asked + 1;
  for (int i = 0; i < 1000; i++) {
    for (int j = 0; j < MIN - 1; j++)
      push();
    send_all();
    for (int j = 0; j < MIN - 1; j++)
      pop();
    check_counts();
  }
}

static void a_run_ends_at_the_end_of_memory(void **state) {
  dgram_datagram *list;

  (void)state;
  age(MIN - 3);
  for (int i = 0; i < 10; i++)
    push();
  assert_int_equal(dgram__queue_unsent_run(queue, &list), 3);
  assert_int_equal(list[0].length, 0);
  send_up_to(3);
  assert_int_equal(dgram__queue_unsent_run(queue, &list), 7);
  assert_ptr_equal(list, queue->datagrams);
  assert_int_equal(list[0].length, 3);
  send_all();
}

static void a_full_queue_that_is_sent_has_no_run(void **state) {
  dgram_datagram *list;

  (void)state;
  for (int i = 0; i < MIN; i++)
    push();
  send_all();
  assert_int_equal(dgram__queue_unsent_run(queue, &list), 0);
  assert_int_equal(dgram__queue_done(queue), MIN);
}

/* At each place of the marks, wrapped or not, with some sent. */
static void growing_keeps_all_in_order(void **state) {
  static const uint32_t marks[] = {0, 1, MIN - 1, MIN / 2, UINT32_MAX, UINT32_MAX - MIN / 2};

  (void)state;
  for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
    for (size_t sent_before = 0; sent_before <= MIN; sent_before += MIN / 4) {
      set_up(NULL);
      age(marks[i]);
      for (int j = 0; j < MIN; j++)
        push();
      for (size_t left = sent_before; left > sent;)
        send_up_to(left - sent);
      assert_int_equal(dgram__queue_done(queue), sent_before);
      push();
      assert_int_equal(queue->capacity, 2 * MIN);
      check_counts();
      for (int j = 1; j < MIN; j++)
        push();
      assert_int_equal(queue->capacity, 2 * MIN);
      send_all();
      while (popped < pushed)
        pop();
      assert_int_equal(unit.live, 1);
      tear_down(NULL);
      queue = NULL;
    }
  }
}

static void reserve_grows_as_far_as_needed(void **state) {
  (void)state;
  assert_int_equal(reserve(1), 0);
  assert_int_equal(queue->capacity, MIN);
  assert_int_equal(reserve(MIN), 0);
  assert_int_equal(queue->capacity, MIN);
  assert_int_equal(reserve(MIN + 1), 0);
  assert_int_equal(queue->capacity, 2 * MIN);
  push();
  assert_int_equal(reserve(4 * MIN - 1), 0);
  assert_int_equal(queue->capacity, 4 * MIN);
  assert_int_equal(reserve(10 * MIN), 0);
  assert_int_equal(queue->capacity, 16 * MIN);
  assert_int_equal(reserve(0), 0);
  assert_int_equal(queue->capacity, 16 * MIN);
  check_counts();
  assert_int_equal(unit.live, 1);
}

static void reserve_before_there_is_a_queue(void **state) {
  (void)state;
  assert_int_equal(reserve(3 * MIN), 0);
  assert_int_equal(queue->capacity, 4 * MIN);
  check_counts();
}

static void without_memory_nothing_changes(void **state) {
  const struct dgram__queue *before;

  (void)state;
  unit.fail_once = 1;
  assert_null(dgram__queue_create(stack(), MIN));
  unit.fail_once = 2;
  assert_int_equal(reserve(1), DGRAM_ENOMEM);
  assert_null(queue);
  for (int i = 0; i < MIN; i++)
    push();
  send_up_to(7);
  before = queue;
  unit.fail_from = unit.asked + 1;
  assert_int_equal(reserve(1), DGRAM_ENOMEM);
  assert_ptr_equal(queue, before);
  check_counts();
  unit.fail_from = 0;
  push();
  send_all();
  while (popped < pushed)
    pop();
}

/* More than the marks can tell apart is refused before memory is asked for. */
static void absurd_numbers_are_refused(void **state) {
  (void)state;
  push();
  unit.fail_from = unit.asked + 1;
  assert_int_equal(reserve(SIZE_MAX), DGRAM_ENOMEM);
  assert_int_equal(reserve((size_t)1 << 30), DGRAM_ENOMEM);
  assert_int_equal(reserve(UINT32_MAX), DGRAM_ENOMEM);
  assert_int_equal(unit.asked + 1, unit.fail_from);
  check_counts();
}

static void fail_unsent_touches_no_others(void **state) {

  (void)state;
  age(UINT32_MAX - 4);
  for (int i = 0; i < 10; i++)
    push();
  send_up_to(3);
  dgram__queue_fail_unsent(queue, DGRAM_ECANCELED, NULL);
  assert_int_equal(dgram__queue_unsent(queue), 0);
  assert_int_equal(dgram__queue_done(queue), 10);
  for (int i = 0; i < 3; i++)
    pop();
  for (int i = 3; i < 10; i++) {
    const struct dgram__ticket *ticket;
    const dgram_datagram *datagram = dgram__queue_pop(queue, &ticket);
    assert_int_equal(datagram->length, i);
    assert_int_equal(datagram->result, DGRAM_ECANCELED);
    assert_null(ticket->syscall);
    assert_ptr_equal(ticket->data, (void *)(uintptr_t)i);
  }
  dgram__queue_fail_unsent(queue, DGRAM_EBADF, "bind");
  assert_int_equal(dgram__queue_count(queue), 0);
}

/* All that a datagram and a ticket hold comes out as it went in, through growing too. */
static void every_field_is_kept(void **state) {
  const dgram_send_info info = {0};
  const dgram_datagram in = {"x", 1, {.family = DGRAM_IPV4, .port = 7}, &info, 3, 5};
  const struct dgram__ticket ticket_in = {NULL,          &pushed,   (void *)&sent, (void *)&popped,
                                          (void *)&unit, "sendmmsg"};
  const dgram_datagram *out;
  const struct dgram__ticket *ticket_out;

  (void)state;
  assert_int_equal(reserve(1), 0);
  dgram__queue_push(queue, &in, &ticket_in);
  assert_int_equal(reserve(MIN), 0);
  queue->sent++;
  out = dgram__queue_pop(queue, &ticket_out);
  assert_memory_equal(&in, out, sizeof in);
  assert_memory_equal(&ticket_in, ticket_out, sizeof ticket_in);
}

static void at_random_in_order(void **state) {
  (void)state;
  unit_random_init(&dice);
  age((uint32_t)unit_random_next(&dice));
  for (int i = 0; i < unit_rounds(100000); i++) {
    /* It fills for a while, and empties for a while. */
    const uint32_t choice = unit_random_below(&dice, 5);
    if (choice <= (i / 2000 % 2 == 0 ? 2 : 0)) {
      push();
    } else if (choice == 3) {
      send_up_to(unit_random_below(&dice, 8));
    } else {
      for (uint32_t left = unit_random_below(&dice, 3); left > 0 && popped < sent; left--)
        pop();
    }
    check_counts();
  }
  send_all();
  while (popped < pushed)
    pop();
  assert_int_equal(unit.live, 1);
}

#define QUEUE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      QUEUE_TEST(no_queue_is_an_empty_one),
      QUEUE_TEST(created_empty),
      QUEUE_TEST(first_in_first_out),
      QUEUE_TEST(full_to_the_last_slot_without_growing),
      QUEUE_TEST(round_and_round_without_memory),
      QUEUE_TEST(a_run_ends_at_the_end_of_memory),
      QUEUE_TEST(a_full_queue_that_is_sent_has_no_run),
      QUEUE_TEST(growing_keeps_all_in_order),
      QUEUE_TEST(reserve_grows_as_far_as_needed),
      QUEUE_TEST(reserve_before_there_is_a_queue),
      QUEUE_TEST(without_memory_nothing_changes),
      QUEUE_TEST(absurd_numbers_are_refused),
      QUEUE_TEST(fail_unsent_touches_no_others),
      QUEUE_TEST(every_field_is_kept),
      QUEUE_TEST(at_random_in_order),
  };
  return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
