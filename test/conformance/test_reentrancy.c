/* The matrix of re-entrancy: each of {close, abort, send, bind, off, pause, unref} inside each of
 * {message, batch, listening, error, send callback, timer, close callback}, done to the socket
 * that calls back and to another one. The cells are generated. In each of them the harness's
 * books must be right at the end: every accepted call called back exactly once, `close` came once
 * and last, nothing leaked; and the rest of what happened must be what the action means. */

#include "harness.h"

enum context { MESSAGE, BATCH, LISTENING, ERROR, SENT, TIMER, CLOSE, CONTEXTS };
enum action { CLOSE_IT, ABORT, SEND, BIND, OFF, PAUSE, UNREF, ACTIONS };
enum { TARGETS = 2, CELLS = CONTEXTS * ACTIONS * TARGETS, MESSAGES = 12 };

static const char *const context_names[] = {"message", "batch", "listening", "error",
                                            "sent",    "timer", "close"};
static const char *const action_names[] = {"close", "abort", "send", "bind",
                                           "off",   "pause", "unref"};

struct cell {
  enum context context;
  enum action action;
  bool on_other; /* done to another socket than the one that calls back */
};

/* The cell that is run. */
static struct {
  const struct cell *cell;
  dgram_socket *self;
  dgram_socket *other;
  dgram_timer timer;
  bool acted;
  int code;           /* what the action returned */
  size_t after_off;   /* how often the listener that was taken off ran after it */
  size_t after_pause; /* messages of the target after it was paused */
  size_t after_end;   /* what the target heard after it was closed */
} run;

static dgram_socket *target(void) {
  return run.cell->on_other ? run.other : run.self;
}

/* The listener that `off` removes. It runs before and after the one that acts, as it is added
 * twice. */
static void removed(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)message;
  (void)data;
  if (run.acted && run.cell->action == OFF && socket == target()) run.after_off++;
}

static int take_off(dgram_socket *socket) {
  int first = H(dgram_off_message(socket, removed, &run));
  int second = H(dgram_off_message(socket, removed, &run));
  if (first < 0 || second < 0) h_violation("off: %s", dgram_error_name(first));
  return first;
}

static int act_on(dgram_socket *socket) {
  switch (run.cell->action) {
  case CLOSE_IT:
    return h_end(socket);
  case ABORT:
    return H(dgram_abort(socket));
  case SEND:
    return h_send(socket, "acted", h_literal("127.0.0.1", 9));
  case BIND:
    return h_bind_to(socket, "127.0.0.1", 0);
  case OFF:
    return take_off(socket);
  case PAUSE:
    return H(dgram_pause(socket));
  default:
    return dgram_unref(socket) == socket ? 0 : DGRAM_EINVAL;
  }
}

/* Called in every context; acts in the first callback of the one that the cell is about. */
static void reached(enum context context, const dgram_socket *socket) {
  h_callback(context_names[context]);
  if (run.acted && context != CLOSE && socket == target()) {
    /* What was accepted may still be told: by its callback or as an error. */
    if ((run.cell->action == CLOSE_IT || run.cell->action == ABORT) && run.code == 0) {
      if (context != SENT && context != ERROR) run.after_end++;
    }
    if (context == MESSAGE && run.cell->action == PAUSE) run.after_pause++;
  }
  if (run.acted || context != run.cell->context) return;
  if (context != TIMER && socket != run.self) return;
  run.acted = true;
  run.code = act_on(target());
  h_log("acted");
}

/* ---- contexts ---- */

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)message;
  (void)data;
  reached(MESSAGE, socket);
}

static void on_batch(dgram_socket *socket, const dgram_message *messages, size_t count,
                     void *data) {
  (void)messages;
  (void)count;
  (void)data;
  reached(BATCH, socket);
}

static void on_listening(dgram_socket *socket, void *data) {
  (void)data;
  reached(LISTENING, socket);
}

static void on_error(dgram_socket *socket, const dgram_error *error, void *data) {
  (void)error;
  (void)data;
  reached(ERROR, socket);
}

static void on_close(dgram_socket *socket, void *data) {
  (void)data;
  reached(CLOSE, socket);
}

static void on_sent(struct h_call *call, dgram_socket *socket) {
  (void)call;
  reached(SENT, socket);
}

static void on_timer(dgram_timer *timer, void *data) {
  (void)timer;
  (void)data;
  reached(TIMER, NULL);
}

/* ---- scenario ---- */

static dgram_socket *listener(const char *name) {
  dgram_socket *socket = h_socket(name, DGRAM_UDP4);
  h_assert_ok(dgram_on_message(socket, removed, &run));
  h_assert_ok(dgram_on_message(socket, on_message, NULL));
  h_assert_ok(dgram_on_message(socket, removed, &run));
  h_assert_ok(dgram_on_batch(socket, on_batch, NULL));
  h_assert_ok(dgram_on_listening(socket, on_listening, NULL));
  h_assert_ok(dgram_on_error(socket, on_error, NULL));
  h_assert_ok(dgram_on_close(socket, on_close, NULL));
  return socket;
}

static bool is_running(const dgram_socket *socket) {
  return h_is_open(socket) && dgram_socket_type(socket) > 0;
}

/* Gives both sockets something to receive, to have sent, and to fail at. */
static void make_traffic(void) {
  dgram_address self = h_literal("127.0.0.1", 9), other = self;
  bool has_self = is_running(run.self) && dgram_local_address(run.self, &self) == 0;
  bool has_other = is_running(run.other) && dgram_local_address(run.other, &other) == 0;
  for (int i = 0; i < MESSAGES; i++) {
    if (has_self) h_assert_ok(h_send_then(run.self, "to self", self, on_sent));
    if (has_self && has_other) h_assert_ok(h_send_then(run.other, "x", self, on_sent));
    if (has_other) h_assert_ok(h_send_then(run.self, "to other", other, on_sent));
    if (!has_self) return;
  }
  h_assert_ok(h_post(run.self, "refused", h_literal("127.255.255.255", 9)));
  h_assert_ok(H(dgram_send(run.self, "x", 1, 9, "unknown.dgram.test", NULL, NULL)));
  h_assert_ok(h_send_name(run.self, "by name", 9, "localhost"));
}

/* Both sockets are bound to loopback, the first one while it is looked at. */
static void begin(const struct cell *cell) {
  memset(&run, 0, sizeof(run));
  run.cell = cell;
  run.self = listener("self");
  run.other = listener("other");
  h_assert_ok(h_bind_to(run.other, "127.0.0.1", 0));
  while (!h_logged("other bind OK"))
    h_turns(1);
  h_assert_ok(h_bind_to(run.self, "127.0.0.1", 0));
  if (cell->context == TIMER) {
    h_assert_ok(dgram_timer_start(h_stack(), &run.timer, 0, on_timer, NULL));
  }
  h_turns(3);
  if (is_running(run.self)) make_traffic();
  h_turns(3);
}

/* The context has come, or it comes now. */
static void end(void) {
  if (is_running(run.self)) h_assert_ok(h_end(run.self));
  h_run_until("self close");
  h_turns(2);
  assert_true(run.acted);
}

static int expected_code(void) {
  bool closed = run.cell->context == CLOSE && !run.cell->on_other;
  switch (run.cell->action) {
  case BIND:
    return closed ? DGRAM_ENOTRUNNING : DGRAM_EALREADYBOUND;
  case OFF:
    return 1;
  case UNREF:
    return 0;
  default:
    return closed ? DGRAM_ENOTRUNNING : 0;
  }
}

/* What the action must have brought about, beside what the harness checks. */
static void check(void) {
  h_assert_code(expected_code(), run.code);
  assert_int_equal(run.after_off, 0);
  assert_int_equal(run.after_pause, 0);
  assert_int_equal(run.after_end, 0);
  if (run.cell->action == SEND && run.code == 0) {
    assert_int_equal(h_count("self sent 'acted'") + h_count("other sent 'acted'"), 1);
  }
  if (run.cell->on_other && run.cell->action <= ABORT) {
    assert_int_equal(h_count("other close"), 1);
  }
  if (run.cell->on_other && run.cell->action > ABORT) {
    assert_true(is_running(run.other)); /* and it works on */
    h_assert_ok(H(dgram_resume(run.other)));
    h_assert_ok(h_send(run.other, "alive", h_address(run.other)));
    dgram_ref(run.other);
    h_run_until("other message 'alive'");
  }
}

/* rule:2 rule:3 rule:5 rule:6 rule:13 issue:matrix */
static void test_cell(void **state) {
  const struct cell *cell = *state;
  begin(cell);
  end();
  check();
}

static int cell_setup(void **state) {
  void *unused = NULL;
  (void)state;
  return h_setup(&unused);
}

static int cell_teardown(void **state) {
  void *unused = NULL;
  (void)state;
  return h_teardown(&unused);
}

int main(void) {
  static struct cell cells[CELLS];
  static struct CMUnitTest tests[CELLS];
  static char names[CELLS][48];
  for (size_t i = 0; i < CELLS; i++) {
    cells[i] = (struct cell){.context = (enum context)(i / TARGETS / ACTIONS),
                             .action = (enum action)(i / TARGETS % ACTIONS),
                             .on_other = i % TARGETS == 1};
    snprintf(names[i], sizeof(names[i]), "%s%s in %s", action_names[cells[i].action],
             cells[i].on_other ? " of another" : "", context_names[cells[i].context]);
    tests[i] = (struct CMUnitTest){names[i], test_cell, cell_setup, cell_teardown, &cells[i]};
  }
  return H_MAIN(tests);
}
