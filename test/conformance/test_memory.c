/* Memory that is out: every allocation of a scenario that uses the whole of the library fails in
 * turn, once alone and once with all that come after it. In each run: no crash, no leak, and one
 * report. A call that returned an error never calls back, one that returned success calls back
 * exactly once, the counters know every datagram, and the stack can be closed. */

#include "harness.h"

enum { RUNS_MAX = 2000, TURNS_MAX = 300 };

/* What was accepted for sending by each socket, to be found again in its counters. */
struct actor {
  dgram_socket *socket; /* NULL where there was no memory for it */
  size_t accepted;
};

static struct actor a, b;
static dgram_message *kept;
static size_t refused;

/* Whether a call was accepted. Only memory may be out. */
static bool ok(int code) {
  if (code == DGRAM_ENOMEM) {
    refused++;
    return false;
  }
  if (code < 0) h_violation("%s where memory was out", dgram_error_name(code));
  return code >= 0;
}

static void accepted(struct actor *actor, int code, size_t datagrams) {
  if (ok(code)) actor->accepted += datagrams;
}

static void ignore(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket;
  (void)message;
  (void)data;
}

static dgram_socket *create(const char *name) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .on_message = ignore};
  dgram_socket *socket = NULL;
  if (!ok(H(dgram_create_socket(h_stack(), &options, &socket)))) return NULL;
  return h_try_adopt(name, socket, H_ALL) ? socket : NULL;
}

static bool is_bound(const struct actor *actor) {
  dgram_address address;
  return actor->socket != NULL && dgram_local_address(actor->socket, &address) == 0;
}

/* ---- acting ---- */

static void keep_one(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)data;
  if (kept == NULL) ok(H(dgram_message_keep(socket, message, &kept)));
}

static void pause_it(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)message;
  (void)data;
  ok(H(dgram_pause(socket))); /* the rest of the batch is held, which takes memory */
}

static void bind_all(void) {
  dgram_bind_options where = {.address = "127.0.0.1"};
  dgram_bind_options name = {.address = "localhost"};
  if (a.socket != NULL) ok(h_bind(a.socket, &where));
  if (b.socket != NULL) ok(h_bind(b.socket, &name));
  for (int i = 0; i < TURNS_MAX; i++) {
    h_turns(1);
    if ((a.socket == NULL || h_logged("a bind")) && (b.socket == NULL || h_logged("b bind"))) break;
  }
}

static void send_one_by_one(struct actor *from, dgram_address to) {
  static const dgram_buffer parts[] = {{"ga", 2}, {"thered", 6}};
  struct h_call *call = h_call_new(from->socket, "gathered", 8);
  accepted(from, h_send(from->socket, "with callback", to), 1);
  accepted(from, h_post(from->socket, "without", to), 1);
  accepted(from, h_send_name(from->socket, "to a name", to.port, "localhost"), 1);
  accepted(from, H(dgram_send(from->socket, "name", 4, to.port, "localhost", NULL, NULL)), 1);
  accepted(from, h_send_name(from->socket, "to nobody", 9, "unknown.dgram.test"), 1);
  accepted(from,
           h_call_made(
               call, H(dgram_send_gather(from->socket, parts, 2, to.port, NULL, h_on_sent, call))),
           1);
}

static void send_lists(struct actor *from, dgram_address to) {
  static dgram_datagram with[100], without[100];
  struct h_call *call = h_call_new(from->socket, "list", 100);
  for (size_t i = 0; i < 100; i++) {
    with[i] = without[i] = (dgram_datagram){.bytes = "listed", .length = 6, .to = to};
  }
  accepted(from,
           h_call_made(call, H(dgram_send_many(from->socket, with, 100, h_on_sent_many, call))),
           100);
  accepted(from, H(dgram_send_many(from->socket, without, 100, NULL, NULL)), 100);
}

static void resolve_some(void) {
  ok(h_resolve("127.0.0.1", 0));
  ok(h_resolve("localhost", DGRAM_IPV4));
  ok(h_resolve("unknown.dgram.test", 0));
}

static void join_and_leave(dgram_socket *socket) {
  if (ok(H(dgram_add_membership(socket, "239.255.3.4", "127.0.0.1")))) {
    ok(H(dgram_drop_membership(socket, "239.255.3.4", "127.0.0.1")));
  }
}

static int decline(dgram_stack *stack, const dgram_bind_request *request, void *data) {
  (void)stack;
  (void)request;
  (void)data;
  return 1;
}

/* A third socket: bound by way of a binder, and implicitly a fourth. */
static void bind_in_other_ways(void) {
  dgram_socket *c, *d;
  ok(H(dgram_stack_set_binder(h_stack(), decline, NULL)));
  c = create("c");
  d = create("d");
  if (c != NULL) ok(h_bind_to(c, "127.0.0.1", 0));
  if (d != NULL) ok(h_send_name(d, "implicitly", 9, "localhost"));
  h_turns(3);
  if (c != NULL) h_assert_ok(H(dgram_abort(c)));
  if (d != NULL && !ok(h_end(d))) h_assert_ok(H(dgram_abort(d)));
}

static void wait_for_sends(const struct actor *actor) {
  dgram_stats stats = {.queued = 1};
  if (actor->socket == NULL) return;
  for (int i = 0; i < TURNS_MAX && stats.queued > 0; i++) {
    h_turns(1);
    h_assert_ok(dgram_get_stats(actor->socket, &stats));
  }
  if (stats.queued != 0) h_violation("%llu sends never ended", (unsigned long long)stats.queued);
  if (stats.sent + stats.send_errors != actor->accepted) {
    h_violation("%zu datagrams accepted, %llu sent, %llu failed", actor->accepted,
                (unsigned long long)stats.sent, (unsigned long long)stats.send_errors);
  }
}

/* What was received has been heard, or an error has told that it was lost. */
static void check_received(const struct actor *actor, const char *name) {
  char messages[32], errors[32];
  dgram_stats stats;
  if (actor->socket == NULL) return;
  snprintf(messages, sizeof(messages), "%s message", name);
  snprintf(errors, sizeof(errors), "%s error recvmsg ENOMEM", name);
  h_assert_ok(dgram_get_stats(actor->socket, &stats));
  if (stats.received != h_count(messages) && !h_logged(errors)) {
    h_violation("%s received %llu messages and heard %zu", name, (unsigned long long)stats.received,
                h_count(messages));
  }
}

static void close_with_callback(dgram_socket *socket, void *data) {
  (void)socket;
  (void)data;
  h_log("closed");
}

static void scenario(void) {
  bool resumed;
  memset(&a, 0, sizeof(a));
  memset(&b, 0, sizeof(b));
  a.socket = create("a");
  b.socket = create("b");
  if (b.socket != NULL) ok(H(dgram_on_message(b.socket, keep_one, NULL)));
  bind_all();
  if (b.socket != NULL) ok(H(dgram_once_message(b.socket, pause_it, NULL)));
  if (is_bound(&a) && is_bound(&b)) {
    send_one_by_one(&a, h_address(b.socket));
    send_lists(&b, h_address(a.socket));
  }
  resolve_some();
  if (is_bound(&a)) join_and_leave(a.socket);
  bind_in_other_ways();
  wait_for_sends(&a);
  wait_for_sends(&b);
  resumed = b.socket != NULL && ok(H(dgram_resume(b.socket)));
  h_turns(3);
  check_received(&a, "a");
  if (resumed) check_received(&b, "b");
  dgram_message_free(kept);
  kept = NULL;
  if (b.socket != NULL && !ok(H(dgram_close(b.socket, close_with_callback, NULL)))) {
    h_assert_ok(H(dgram_abort(b.socket))); /* which needs no memory */
  }
  if (is_bound(&a)) accepted(&a, h_send_name(a.socket, "last", 9, "localhost"), 1);
}

/* Runs the scenario with each allocation failing in turn, until none does. Returns how many there
 * were. */
static size_t fail_each(bool fail_on) {
  size_t n = 0;
  bool failed = true;
  while (failed) {
    if (++n > RUNS_MAX) fail_msg("the scenario never ends");
    refused = 0;
    int code = h_open(n, fail_on);
    if (code < 0) {
      h_assert_code(DGRAM_ENOMEM, code);
      continue;
    }
    scenario();
    failed = h_world()->memory.failed > 0;
    if (!failed && refused > 0) h_violation("ENOMEM while there was memory");
    h_close();
  }
  return n - 1;
}

/* rule:3 issue:memory */
static void test_each_allocation_fails_alone(void **state) {
  (void)state;
  h_close();
  print_message("%zu allocations failed, one in each run\n", fail_each(false));
}

/* rule:3 rule:6 issue:memory */
static void test_each_allocation_fails_with_all_after_it(void **state) {
  (void)state;
  h_close();
  print_message("%zu allocations failed, each with all after it\n", fail_each(true));
}

/* issue:memory api:stack-close */
static void test_closing_needs_no_memory(void **state) {
  dgram_socket *socket = h_bound("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send_name(socket, "x", 9, "localhost"));
  h_assert_ok(h_resolve("localhost", 0));
  h_world()->memory.fail_at = 1;
  h_world()->memory.fail_on = true;
  h_close();
}

/* rule:6 issue:memory */
static void test_abort_and_close_need_no_memory(void **state) {
  dgram_socket *one = h_bound("one", DGRAM_UDP4), *two = h_bound("two", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send(one, "x", h_address(two)));
  h_assert_ok(h_send_name(two, "y", 9, "localhost"));
  h_world()->memory.fail_at = 1;
  h_world()->memory.fail_on = true;
  h_assert_ok(h_end(one));
  h_assert_ok(H(dgram_abort(two)));
  h_run_until("one close");
  h_run_until("two close");
}

static void on_any(dgram_socket *socket, void *data) {
  (void)socket;
  (void)data;
}

/* rule:3 issue:memory */
static void test_the_same_call_succeeds_later(void **state) {
  dgram_socket *one = h_bound("one", DGRAM_UDP4);
  size_t before;
  (void)state;
  for (int i = 0; i < 64; i++) {
    before = h_world()->memory.calls;
    h_world()->memory.fail_at = before + 1;
    if (dgram_on_drain(one, on_any, NULL) == DGRAM_ENOMEM) break;
  }
  assert_true(h_world()->memory.failed > 0);
  h_assert_ok(dgram_on_drain(one, on_any, NULL));
  assert_int_equal(dgram_off_drain(one, on_any, NULL), 1);
  h_assert_ok(h_post(one, "x", h_address(one)));
  h_run_until("one message 'x'");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_each_allocation_fails_alone),
      H_TEST(test_each_allocation_fails_with_all_after_it),
      H_TEST(test_closing_needs_no_memory),
      H_TEST(test_abort_and_close_need_no_memory),
      H_TEST(test_the_same_call_succeeds_later),
  };
  return H_MAIN(tests);
}
