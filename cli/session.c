/* A session ends in this order: session_end closes the socket, which lingers for what it still has
 * to send; its `close` stops the loop; session_close then closes the stack (which cancels a lookup
 * that is still under way), the signals and the loop. A lookup that the system cannot cancel keeps
 * a thread of libuv busy, for which exit(3) would wait: then, and at a second signal, _exit(2) it
 * is. */

#include "session.h"

#include "address.h"
#include "report.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *plural(uint64_t count) {
  return count == 1 ? "" : "s";
}

void session_received(const struct session *session, char *text, size_t size) {
  snprintf(text, size, "%" PRIu64 " datagram%s, %" PRIu64 " byte%s received", session->received,
           plural(session->received), session->received_bytes, plural(session->received_bytes));
}

static void write_summary(const struct session *session) {
  char text[256];
  char errors[48] = "";
  uint64_t elapsed_ns = 0;
  if (session->started_ns) {
    elapsed_ns = dgram_now(session->stack) - session->started_ns;
  }
  session->role->summary(session, text, sizeof text);
  if (session->errors > 0) {
    snprintf(errors, sizeof errors, ", %" PRIu64 " error%s", session->errors,
             plural(session->errors));
  }
  notice("%s%s in %.1f s", text, errors, (double)elapsed_ns / 1e9);
  if (session->options->verbose && session->role->details) {
    session->role->details(session);
  }
}

/* ---- signals ---- */

void session_interrupt(struct session *session) {
  if (!session->ending && !session->options->quiet) {
    write_summary(session);
    session->summarized = true;
  }
  session_end(session, EXIT_OK);
}

static void on_signal(uv_signal_t *handle, int number) {
  struct session *session = handle->data;
  if (number == SIGUSR1) {
    write_summary(session);
    return;
  }
  if (session->ending) {
    _exit(128 + number);
  }
  session_interrupt(session);
}

static int watch_signal(struct session *session, int number) {
  uv_signal_t *handle = &session->signals[session->signal_count];
  int code = uv_signal_init(uv_default_loop(), handle);
  if (code < 0) {
    return code;
  }
  session->signal_count++;
  handle->data = session;
  uv_unref((uv_handle_t *)handle);
  /* Once: the second signal finds the system's default, also where standard output blocks us. */
  return number == SIGUSR1 ? uv_signal_start(handle, on_signal, number)
                           : uv_signal_start_oneshot(handle, on_signal, number);
}

/* ---- begin and end ---- */

static void on_stack_closed(dgram_stack *stack, void *data) {
  (void)stack;
  *(bool *)data = true;
}

int session_close(struct session *session) {
  uv_loop_t *loop = uv_default_loop();
  bool closed = session->stack == NULL;
  for (int i = 0; i < session->signal_count; i++) {
    uv_close((uv_handle_t *)&session->signals[i], NULL);
  }
  if (session->stack && dgram_stack_close(session->stack, on_stack_closed, &closed) < 0) {
    closed = true;
  }
  while (!closed) {
    uv_run(loop, UV_RUN_ONCE);
  }
  uv_run(loop, UV_RUN_NOWAIT);
  if (uv_loop_close(loop) == UV_EBUSY) {
    _exit(session->exit_code);
  }
  return session->exit_code;
}

int session_open(struct session *session, const struct session_role *role,
                 const struct options *options) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGUSR1};
  int code = 0;
  *session = (struct session){.role = role, .options = options};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers && code == 0; i++) {
    code = watch_signal(session, numbers[i]);
  }
  if (code == 0) {
    code = dgram_uv_stack_create(uv_default_loop(), NULL, &session->stack);
  }
  if (code < 0) {
    report_code("start", code, NULL);
    session_close(session);
    return -1;
  }
  output_open(&session->output, options->format, session->stack);
  return 0;
}

void session_run(struct session *session) {
  int code = dgram_run(session->stack);
  if (code < 0) {
    session_fail(session, "run", code, NULL);
  }
  if (session->options->verbose && session->started_ns && !session->summarized) {
    write_summary(session);
  }
}

static void on_closed(dgram_socket *socket, void *data) {
  struct session *session = data;
  (void)socket;
  session->socket = NULL;
  dgram_stop(session->stack);
}

void session_end(struct session *session, int exit_code) {
  if (session->ending) {
    return;
  }
  session->ending = true;
  session->exit_code = exit_code;
  if (!session->socket || dgram_close(session->socket, on_closed, session) < 0) {
    dgram_stop(session->stack);
  }
}

void session_fail(struct session *session, const char *what, int code, const char *where) {
  if (!session->ending) {
    report_code(what, code, where);
    session_end(session, EXIT_TROUBLE);
  }
}

/* ---- events ---- */

/* One line a second at most: a flood shall not bring another. */
void session_trouble(struct session *session, const char *what, int code, const char *where) {
  uint64_t now_ns = dgram_now(session->stack);
  if (session->ending) {
    return;
  }
  session->errors++;
  if (session->reported_ns && now_ns - session->reported_ns < DGRAM_SECOND) {
    return;
  }
  session->reported_ns = now_ns;
  report_code(what, code, where);
}

void session_on_error(dgram_socket *socket, const dgram_error *error, void *data) {
  struct session *session = data;
  char where[ENDPOINT_TEXT + 256] = "";
  (void)socket;
  if (error->address && session->path) {
    snprintf(where, sizeof where, "%s", error->address);
  } else if (error->address) {
    const char *form = strchr(error->address, ':') ? "[%s]:%d" : "%s:%d";
    snprintf(where, sizeof where, form, error->address, error->port);
  }
  if (session->options->connect) {
    session_fail(session, error->syscall, error->code, where);
  } else {
    session_trouble(session, error->syscall, error->code, where);
  }
}

void session_on_batch(dgram_socket *socket, const dgram_message *messages, size_t count,
                      void *data) {
  struct session *session = data;
  (void)socket;
  if (!session->ending) {
    session->role->batch(session, messages, count);
  }
}

void session_announce(const struct session *session) {
  char where[SESSION_TEXT];
  if (!session->options->quiet) {
    session_local_text(session, where, sizeof where);
    notice("listening on %s", where);
  }
}

void session_count(struct session *session, const dgram_message *message) {
  session->received++;
  session->received_bytes += message->length;
}

bool session_complete(const struct session *session) {
  uint64_t count = session->options->count;
  return session->ending || (count > 0 && session->received >= count);
}

uint64_t session_unread(const dgram_socket *socket) {
  dgram_stats stats = {0};
  if (socket) {
    dgram_get_stats(socket, &stats);
  }
  return stats.dropped;
}

void session_print(struct session *session, const dgram_message *message) {
  output_message(&session->output, message, &session->local);
}

void session_flush(struct session *session) {
  int code = output_flush(&session->output);
  if (code == DGRAM_EPIPE) {
    session_end(session, EXIT_OK);
  } else if (code < 0) {
    session_fail(session, "write", code, "standard output");
  }
}
