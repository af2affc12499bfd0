/* Events: any number of listeners, in order, once, off; all six the same. */

#include "harness.h"

static void heard(dgram_socket *socket, const void *data) {
  h_callback("a listener");
  (void)socket;
  h_log("%s", (const char *)data);
}

/* One listener for each event; its data is what it logs. */
static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)message;
  heard(socket, data);
}

static void on_batch(dgram_socket *socket, const dgram_message *messages, size_t count,
                     void *data) {
  (void)messages;
  (void)count;
  heard(socket, data);
}

static void on_listening(dgram_socket *socket, void *data) {
  heard(socket, data);
}

static void on_close(dgram_socket *socket, void *data) {
  heard(socket, data);
}

static void on_error(dgram_socket *socket, const dgram_error *error, void *data) {
  (void)error;
  heard(socket, data);
}

static void on_drain(dgram_socket *socket, void *data) {
  heard(socket, data);
}

enum event { MESSAGE, BATCH, LISTENING, CLOSE, ERROR, DRAIN, EVENTS };

static int on(enum event event, dgram_socket *socket, const char *text) {
  void *data = (void *)(uintptr_t)text;
  switch (event) {
  case MESSAGE:
    return dgram_on_message(socket, on_message, data);
  case BATCH:
    return dgram_on_batch(socket, on_batch, data);
  case LISTENING:
    return dgram_on_listening(socket, on_listening, data);
  case CLOSE:
    return dgram_on_close(socket, on_close, data);
  case ERROR:
    return dgram_on_error(socket, on_error, data);
  default:
    return dgram_on_drain(socket, on_drain, data);
  }
}

static int once(enum event event, dgram_socket *socket, const char *text) {
  void *data = (void *)(uintptr_t)text;
  switch (event) {
  case MESSAGE:
    return dgram_once_message(socket, on_message, data);
  case BATCH:
    return dgram_once_batch(socket, on_batch, data);
  case LISTENING:
    return dgram_once_listening(socket, on_listening, data);
  case CLOSE:
    return dgram_once_close(socket, on_close, data);
  case ERROR:
    return dgram_once_error(socket, on_error, data);
  default:
    return dgram_once_drain(socket, on_drain, data);
  }
}

static int off(enum event event, dgram_socket *socket, const char *text) {
  void *data = (void *)(uintptr_t)text;
  switch (event) {
  case MESSAGE:
    return dgram_off_message(socket, on_message, data);
  case BATCH:
    return dgram_off_batch(socket, on_batch, data);
  case LISTENING:
    return dgram_off_listening(socket, on_listening, data);
  case CLOSE:
    return dgram_off_close(socket, on_close, data);
  case ERROR:
    return dgram_off_error(socket, on_error, data);
  default:
    return dgram_off_drain(socket, on_drain, data);
  }
}

/* Provokes each event but `close` on a fresh socket. */
static void provoke(enum event event, dgram_socket *socket) {
  dgram_address nowhere = h_literal("127.0.0.1", 9);
  switch (event) {
  case MESSAGE:
  case BATCH:
    h_assert_ok(h_post(socket, "x", h_address(socket)));
    break;
  case LISTENING:
    h_assert_ok(H(dgram_bind(socket, NULL, NULL, NULL)));
    break;
  case ERROR:
    h_assert_ok(H(dgram_send(socket, "x", 1, 9, "unknown.dgram.test", NULL, NULL)));
    break;
  case DRAIN:
    h_assert_ok(H(dgram_send_to(socket, "1", 1, &nowhere, NULL, NULL)));
    h_assert_ok(H(dgram_send_to(socket, "2", 1, &nowhere, NULL, NULL)));
    h_assert_code(DGRAM_EQUEUEFULL, H(dgram_send_to(socket, "3", 1, &nowhere, NULL, NULL)));
    break;
  default:
    h_assert_ok(h_end(socket));
  }
}

/* A socket that is ready for its event to be provoked, nothing listened to but by the test. */
static dgram_socket *ready(enum event event, const char *name) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .max_queued_datagrams = 2};
  if (event == LISTENING) return h_socket_with(name, &options, 0);
  return h_bound_with(name, &options, 0);
}

/* seed:message-1 seed:listening-1 seed:close-event-1 seed:error-1 rule:9 issue:listeners */
static void test_any_number_in_order(void **state) {
  (void)state;
  for (int e = 0; e < EVENTS; e++) {
    dgram_socket *a = ready((enum event)e, "a");
    h_assert_ok(on((enum event)e, a, "one"));
    h_assert_ok(on((enum event)e, a, "two"));
    h_assert_ok(once((enum event)e, a, "three"));
    h_assert_ok(on((enum event)e, a, "two")); /* again, and it runs twice */
    h_assert_ok(on((enum event)e, a, "last"));
    provoke((enum event)e, a);
    h_run_until("last");
    if (e == CLOSE) h_expect("a close; one; two; three; two; last");
    if (e != CLOSE) h_expect("one; two; three; two; last");
  }
}

/* api:once issue:listeners */
static void test_once_runs_once(void **state) {
  (void)state;
  for (int e = 0; e < EVENTS; e++) {
    dgram_socket *a = ready((enum event)e, "a");
    if (e == LISTENING || e == CLOSE) continue; /* they come once anyway */
    h_assert_ok(once((enum event)e, a, "once"));
    h_assert_ok(on((enum event)e, a, "always"));
    for (size_t i = 1; i <= 3; i++) {
      provoke((enum event)e, a);
      h_run_until_n("always", i);
      h_turns(2);
    }
    assert_int_equal(h_count("once"), 1);
    assert_int_equal(h_count("always"), 3);
    assert_int_equal(off((enum event)e, a, "once"), 0);
    h_log_clear();
  }
}

/* rule:13 api:off issue:listeners */
static void test_off_removes_the_newest(void **state) {
  (void)state;
  for (int e = 0; e < EVENTS; e++) {
    dgram_socket *a = ready((enum event)e, "a");
    h_assert_ok(on((enum event)e, a, "one"));
    h_assert_ok(on((enum event)e, a, "two"));
    h_assert_ok(once((enum event)e, a, "three"));
    h_assert_ok(on((enum event)e, a, "one"));
    assert_int_equal(off((enum event)e, a, "none"), 0);
    assert_int_equal(off((enum event)e, a, "one"), 1);
    assert_int_equal(off((enum event)e, a, "three"), 1);
    assert_int_equal(off((enum event)e, a, "three"), 0);
    h_assert_ok(on((enum event)e, a, "last"));
    provoke((enum event)e, a);
    h_run_until("last");
    if (e == CLOSE) h_expect("a close; one; two; last");
    if (e != CLOSE) h_expect("one; two; last");
  }
}

/* rule:13 rule:6 */
static void test_off_works_while_closing(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(on(CLOSE, a, "one"));
  h_assert_ok(on(CLOSE, a, "two"));
  h_assert_ok(on(MESSAGE, a, "three"));
  h_assert_ok(h_end(a));
  assert_int_equal(off(CLOSE, a, "one"), 1);
  assert_int_equal(off(CLOSE, a, "one"), 0);
  assert_int_equal(off(MESSAGE, a, "three"), 1);
  h_assert_code(DGRAM_ENOTRUNNING, on(CLOSE, a, "late"));
  h_assert_code(DGRAM_ENOTRUNNING, once(CLOSE, a, "late"));
  h_run_until("two");
  h_expect("a close; two");
}

/* ---- changing in emission ---- */

/* A listener on the heap that takes others off when it runs. */
struct actor {
  const char *name;
  struct actor *remove; /* taken off and freed */
  bool again;           /* adds itself once more */
};

static void act(dgram_socket *socket, const dgram_message *message, void *data) {
  struct actor *actor = data;
  struct actor *victim = actor->remove;
  (void)message;
  h_log("%s", actor->name);
  if (actor->again) h_assert_ok(H(dgram_on_message(socket, act, actor)));
  if (victim == NULL) return;
  actor->remove = NULL;
  if (H(dgram_off_message(socket, act, victim)) != 1) h_violation("off found nothing");
  if (victim != actor) free(victim);
}

static struct actor *actor_new(dgram_socket *socket, const char *name) {
  struct actor *actor = calloc(1, sizeof(*actor));
  if (actor == NULL) abort();
  actor->name = name;
  h_assert_ok(dgram_on_message(socket, act, actor));
  return actor;
}

/* Makes one message and waits for all of its listeners. */
static void one_message(dgram_socket *socket, const char *last) {
  h_log_clear();
  h_assert_ok(h_post(socket, "x", h_address(socket)));
  h_run_until(last);
}

/* rule:13 */
static void test_off_of_a_later_one_in_emission(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *a = h_bound_with("a", &options, 0);
  struct actor *one = actor_new(a, "one"), *two = actor_new(a, "two");
  struct actor *last = actor_new(a, "last");
  (void)state;
  one->remove = two; /* its data is freed before its turn would have come */
  one_message(a, "last");
  h_expect("one; last");
  one_message(a, "last");
  h_expect("one; last");
  h_assert_ok(h_end(a));
  h_run_until("a close");
  free(one);
  free(last);
}

/* rule:13 */
static void test_off_of_an_earlier_one_in_emission(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *a = h_bound_with("a", &options, 0);
  struct actor *one = actor_new(a, "one"), *two = actor_new(a, "two");
  struct actor *last = actor_new(a, "last");
  (void)state;
  two->remove = one;
  one_message(a, "last");
  h_expect("one; two; last");
  one_message(a, "last");
  h_expect("two; last");
  h_assert_ok(h_end(a));
  h_run_until("a close");
  free(two);
  free(last);
}

/* rule:13 */
static void test_off_of_itself_in_emission(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *a = h_bound_with("a", &options, 0);
  struct actor *one = actor_new(a, "one"), *last = actor_new(a, "last");
  (void)state;
  one->remove = one;
  one_message(a, "last");
  h_expect("one; last");
  one_message(a, "last");
  h_expect("last");
  h_assert_ok(h_end(a));
  h_run_until("a close");
  free(one);
  free(last);
}

/* api:on */
static void test_one_added_in_emission_runs_from_the_next_on(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *a = h_bound_with("a", &options, 0);
  struct actor *one = actor_new(a, "one"), *two = actor_new(a, "two");
  (void)state;
  for (int last = 0; last < 2; last++) { /* added by the first listener, and by the last one */
    (last ? two : one)->again = true;
    one_message(a, "two");
    h_turns(2);
    if (last == 0) h_expect("one; two");
    if (last == 1) h_expect("one; two; one");
    one->again = two->again = false;
  }
  one_message(a, "two");
  h_turns(2);
  h_expect("one; two; one; two");
  h_assert_ok(h_end(a));
  h_run_until("a close");
  free(one);
  free(two);
}

static void once_again(dgram_socket *socket, const dgram_message *message, void *data) {
  size_t *runs = data;
  (void)message;
  if (++*runs < 3) h_assert_ok(H(dgram_once_message(socket, once_again, data)));
  h_log("once %zu", *runs);
}

/* api:once */
static void test_once_is_removed_before_it_runs(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  size_t runs = 0;
  (void)state;
  h_assert_ok(dgram_once_message(a, once_again, &runs));
  for (size_t i = 1; i <= 5; i++) {
    h_assert_ok(h_post(a, "x", h_address(a)));
    h_run_until_n("a message", i);
  }
  h_turns(1);
  assert_int_equal(runs, 3);
}

static void off_all_messages(dgram_socket *socket, const dgram_message *messages, size_t count,
                             void *data) {
  (void)messages;
  (void)count;
  h_log("batch");
  H(dgram_off_message(socket, on_message, data));
}

/* rule:13 api:batch */
static void test_off_in_a_batch_holds_for_its_messages(void **state) {
  static char data[] = "message";
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *a = h_bound_with("a", &options, 0);
  (void)state;
  h_assert_ok(dgram_on_batch(a, off_all_messages, data));
  h_assert_ok(on(MESSAGE, a, data));
  h_assert_ok(h_post(a, "x", h_address(a)));
  h_run_until("batch");
  h_turns(3);
  assert_int_equal(h_count("batch"), 1);
}

static void off_other(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)message;
  h_log("first");
  H(dgram_off_message(socket, on_message, data));
}

/* rule:13 */
static void test_off_holds_for_the_rest_of_a_batch(void **state) {
  static char data[] = "second";
  dgram_socket_options options = {.type = DGRAM_UDP4, .on_message = off_other, .data = data};
  dgram_socket *a = h_bound_with("a", &options, 0);
  (void)state;
  h_assert_ok(on(MESSAGE, a, data));
  for (int i = 0; i < 10; i++)
    h_assert_ok(h_post(a, "x", h_address(a)));
  h_run_until_n("first", 10);
  h_turns(2);
  assert_int_equal(h_count("second"), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_any_number_in_order),
      H_TEST(test_once_runs_once),
      H_TEST(test_off_removes_the_newest),
      H_TEST(test_off_works_while_closing),
      H_TEST(test_off_of_a_later_one_in_emission),
      H_TEST(test_off_of_an_earlier_one_in_emission),
      H_TEST(test_off_of_itself_in_emission),
      H_TEST(test_one_added_in_emission_runs_from_the_next_on),
      H_TEST(test_once_is_removed_before_it_runs),
      H_TEST(test_off_in_a_batch_holds_for_its_messages),
      H_TEST(test_off_holds_for_the_rest_of_a_batch),
  };
  return H_MAIN(tests);
}
