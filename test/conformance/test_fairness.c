/* Rule 8: a turn of the loop does a bounded amount of work for one socket, so a flood starves
 * nobody. */

#include "harness.h"

enum {
  FLOOD = 100000,

  /* More than any stack does for one socket in a turn, and far less than the flood. */
  BETWEEN_TURNS = 4096,

  /* Fewer than a receive buffer holds, and more than one call brings where no group forms. */
  MESSAGES_IN_FLIGHT = 50,

  /* More than a batch, so that what callbacks send leaves while they run. */
  SENDS_IN_FLIGHT = 1000
};

static size_t flooded;      /* callbacks of the flooding socket */
static size_t since_turn;   /* of them since another socket was served last */
static size_t most_at_once; /* the most there were */
static size_t turns;        /* of a timer, or of another socket */
static size_t flood_limit;  /* after so many the flood ends by itself */
static bool enough;

static void count_one(void) {
  h_callback("the flood");
  flooded++;
  if (++since_turn > most_at_once) most_at_once = since_turn;
}

static void on_timer(dgram_timer *timer, void *data) {
  turns++;
  if (!enough) H(dgram_timer_start(h_stack(), timer, 0, on_timer, data));
  h_tick();
}

static dgram_address flood_to;

/* A socket that sends again each time it has sent is served once a turn. */
static void on_served(dgram_socket *socket, int status, void *data) {
  (void)status;
  turns++;
  since_turn = 0;
  if (!enough) H(dgram_send_to(socket, "x", 1, &flood_to, on_served, data));
  h_tick();
}

static void serve(dgram_socket *other) {
  flood_to = h_literal("127.0.0.1", 9);
  h_assert_ok(H(dgram_send_to(other, "x", 1, &flood_to, on_served, NULL)));
}

static void reset(void) {
  flooded = since_turn = most_at_once = turns = 0;
  flood_limit = FLOOD;
  enough = false;
}

/* Of a flood that is on, and ends with this. */
static void expect_a_timer_to_fire(void) {
  dgram_timer timer = {0};
  flood_limit = SIZE_MAX;
  h_assert_ok(dgram_timer_start(h_stack(), &timer, 0, on_timer, NULL));
  h_run_count(&turns, 5);
  assert_true(flooded > 0);
  enough = true;
  dgram_timer_stop(&timer);
  h_turns(5);
}

/* The other socket is bound first: that takes a timer, and a flood meanwhile would be counted as
 * one turn. */
static void expect_bounded_turns(void (*flood)(void)) {
  dgram_socket *other = h_bound("other", DGRAM_UDP4);
  flood();
  serve(other);
  h_run_count(&flooded, FLOOD);
  assert_true(turns > FLOOD / BETWEEN_TURNS);
  assert_in_range(most_at_once, 1, BETWEEN_TURNS);
  enough = true;
  h_turns(5);
}

/* Sends itself each message again, so that there is always one to receive. */
static void bounce(dgram_socket *socket, const dgram_message *message, void *data) {
  dgram_address self = message->from;
  (void)data;
  count_one();
  if (flooded > flood_limit) enough = true;
  if (enough) return;
  int code = H(dgram_send_to(socket, message->bytes, message->length, &self, NULL, NULL));
  if (code < 0) h_violation("flood: %s", dgram_error_name(code));
}

static void flooding_receiver(void) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .on_message = bounce};
  dgram_socket *a = h_bound_with("a", &options, H_ERROR);
  for (int i = 0; i < MESSAGES_IN_FLIGHT; i++)
    h_assert_ok(h_post(a, "x", h_address(a)));
}

/* rule:8 */
static void test_a_timer_fires_under_a_flood_of_messages(void **state) {
  (void)state;
  reset();
  flooding_receiver();
  expect_a_timer_to_fire();
}

/* rule:8 */
static void test_a_turn_of_a_flood_of_messages_is_bounded(void **state) {
  (void)state;
  reset();
  expect_bounded_turns(flooding_receiver);
}

/* rule:8 */
static void test_another_socket_receives_under_a_flood(void **state) {
  dgram_socket *b = h_bound("b", DGRAM_UDP4), *c = h_bound("c", DGRAM_UDP4);
  (void)state;
  reset();
  flooding_receiver();
  for (size_t i = 1; i <= 20; i++) {
    h_assert_ok(h_send(c, "x", h_address(b)));
    h_run_until_n("b message", i);
    h_run_until_n("c sent", i);
  }
  assert_true(!enough); /* the flood was still on */
}

static void send_again(dgram_socket *socket, int status, void *data) {
  count_one();
  if (status < 0) h_violation("flood: %s", dgram_error_name(status));
  if (flooded > flood_limit) enough = true;
  if (!enough) H(dgram_send_to(socket, "x", 1, &flood_to, send_again, data));
}

static void flooding_sender(void) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  flood_to = h_literal("127.0.0.1", 9);
  for (int i = 0; i < SENDS_IN_FLIGHT; i++) {
    h_assert_ok(H(dgram_send_to(a, "x", 1, &flood_to, send_again, NULL)));
  }
}

/* rule:8 */
static void test_a_timer_fires_under_a_flood_of_sends(void **state) {
  (void)state;
  reset();
  flooding_sender();
  expect_a_timer_to_fire();
}

/* rule:8 */
static void test_a_turn_of_a_flood_of_sends_is_bounded(void **state) {
  (void)state;
  reset();
  expect_bounded_turns(flooding_sender);
}

enum { LISTED = 512 };

static void send_list_again(dgram_socket *socket, dgram_datagram *list, size_t count, void *data) {
  (void)data;
  for (size_t i = 0; i < count; i++)
    count_one();
  if (flooded > flood_limit) enough = true;
  if (!enough) H(dgram_send_many(socket, list, count, send_list_again, NULL));
}

static void flooding_lists(void) {
  static dgram_datagram list[LISTED];
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  for (size_t i = 0; i < LISTED; i++)
    list[i] = (dgram_datagram){.bytes = "x", .length = 1, .to = h_literal("127.0.0.1", 9)};
  h_assert_ok(H(dgram_send_many(a, list, LISTED, send_list_again, NULL)));
}

/* A list counts as what is in it. rule:8 */
static void test_a_turn_of_a_flood_of_lists_is_bounded(void **state) {
  (void)state;
  reset();
  expect_bounded_turns(flooding_lists);
}

/* rule:8 */
static void test_another_socket_is_served_under_a_flood_of_sends(void **state) {
  dgram_socket *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  reset();
  flooding_sender();
  for (size_t i = 1; i <= 20; i++) {
    h_assert_ok(h_send(b, "x", h_address(b)));
    h_run_until_n("b message", i);
    h_run_until_n("b sent", i);
  }
  assert_true(!enough);
  enough = true;
  h_turns(5);
}

static void stop_the_flood(dgram_timer *timer, void *data) {
  (void)timer;
  (void)data;
  if (enough) h_violation("the timer came after the flood");
  enough = true;
  h_log("in time");
}

/* rule:8 */
static void test_a_timer_of_a_millisecond_ends_a_flood(void **state) {
  dgram_timer timer = {0};
  (void)state;
  reset();
  flood_limit = SIZE_MAX; /* nothing else does */
  flooding_receiver();
  h_assert_ok(dgram_timer_start(h_stack(), &timer, DGRAM_MILLISECOND, stop_the_flood, NULL));
  h_run_until("in time");
}

static void start_at_once(dgram_timer *timer, void *data) {
  turns++;
  H(dgram_timer_start(h_stack(), timer, 0, start_at_once, data));
}

/* rule:8 api:timer */
static void test_a_timer_that_starts_itself_starves_nobody(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  dgram_timer timer = {0};
  (void)state;
  reset();
  h_assert_ok(dgram_timer_start(h_stack(), &timer, 0, start_at_once, NULL));
  for (size_t i = 1; i <= 20; i++) {
    h_assert_ok(h_send(a, "x", h_address(a)));
    h_run_until_n("a message", i);
  }
  h_run_until_n("a sent", 20);
  dgram_timer_stop(&timer);
}

static void count_sent(dgram_socket *socket, int status, void *data) {
  (void)socket, (void)data;
  count_one();
  if (status < 0) h_violation("queue: %s", dgram_error_name(status));
  h_tick();
}

/* rule:8 */
static void test_a_long_queue_leaves_in_several_turns(void **state) {
  enum { QUEUED = 10000 };
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  reset();
  serve(h_bound("other", DGRAM_UDP4));
  h_assert_ok(h_bind(a, NULL));
  for (int i = 0; i < QUEUED; i++) {
    h_assert_ok(dgram_send_to(a, "x", 1, &flood_to, count_sent, NULL));
  }
  h_run_count(&flooded, QUEUED);
  assert_in_range(most_at_once, 1, BETWEEN_TURNS);
  enough = true;
  h_turns(5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_a_timer_fires_under_a_flood_of_messages),
      H_TEST(test_a_turn_of_a_flood_of_messages_is_bounded),
      H_TEST(test_a_turn_of_a_flood_of_sends_is_bounded),
      H_TEST(test_a_turn_of_a_flood_of_lists_is_bounded),
      H_TEST(test_another_socket_receives_under_a_flood),
      H_TEST(test_a_timer_fires_under_a_flood_of_sends),
      H_TEST(test_another_socket_is_served_under_a_flood_of_sends),
      H_TEST(test_a_timer_of_a_millisecond_ends_a_flood),
      H_TEST(test_a_timer_that_starts_itself_starves_nobody),
      H_TEST(test_a_long_queue_leaves_in_several_turns),
  };
  return H_MAIN(tests);
}
