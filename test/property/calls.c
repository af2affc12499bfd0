#include <stdlib.h>
#include <string.h>

#include "world.h"

struct property_socket *property_socket_of(unsigned host, unsigned slot) {
  return property.hosts[host].slots[slot % PROPERTY_SLOTS];
}

void property_expect(const struct property_socket *socket, int code, const char *what) {
  PROPERTY_CHECK("refuse", (code == DGRAM_ENOTRUNNING) == socket->closing,
                 "%s on h%us%u, which is %s: %s", what, socket->host, socket->slot,
                 socket->closing ? "closed" : "open", dgram_error_name(code));
}

uint16_t property_port_of(unsigned host, unsigned slot, bool late) {
  const struct property_socket *socket = property_socket_of(host, slot);

  if (!late || socket == NULL || socket->port == 0) return (uint16_t)(PROPERTY_PORT + slot);
  return socket->port;
}

/* ---- life ---- */

static void listen_by_itself(struct property_socket *socket) {
  int code = PROPERTY_CALL(dgram_on_close(socket->socket, property_on_close, socket));

  PROPERTY_CHECK("refuse", code == 0, "on_close: %s", dgram_error_name(code));
  code = PROPERTY_CALL(dgram_on_listening(socket->socket, property_on_listening, socket));
  PROPERTY_CHECK("refuse", code == 0, "on_listening: %s", dgram_error_name(code));
  code = PROPERTY_CALL(dgram_on_connect(socket->socket, property_on_connect, socket));
  PROPERTY_CHECK("refuse", code == 0, "on_connect: %s", dgram_error_name(code));
  code = PROPERTY_CALL(dgram_on_icmp(socket->socket, property_on_icmp, socket));
  PROPERTY_CHECK("refuse", code == 0, "on_icmp: %s", dgram_error_name(code));
  code = PROPERTY_CALL(dgram_on_drain(socket->socket, property_on_drain, socket));
  PROPERTY_CHECK("refuse", code == 0, "on_drain: %s", dgram_error_name(code));
  if (!socket->hears_errors) return;
  code = PROPERTY_CALL(dgram_on_error(socket->socket, property_on_error, socket));
  PROPERTY_CHECK("refuse", code == 0, "on_error: %s", dgram_error_name(code));
}

/* The defaults of dgram.h, said once more. */
static void set_limits(struct property_socket *socket, const struct property_step *step) {
  socket->limit = step->args[3] != 0 ? step->args[3] : 262144;
  socket->limit_bytes = step->args[4] != 0 ? step->args[4] : UINT64_C(64) << 20;
  socket->linger_ms = step->args[2] == 0 ? 5000 : step->args[2] == 1 ? -1 : (int)step->args[2];
}

static void create(const struct property_step *step) {
  struct property_host *host = &property.hosts[step->host];
  struct property_socket *socket;
  dgram_socket_options options = {.on_message = property_on_message};
  int code;

  if (host->slots[step->slot] != NULL && host->slots[step->slot]->socket != NULL) return;
  socket = calloc(1, sizeof *socket);
  PROPERTY_CHECK("memory", socket != NULL, "no memory for a socket");
  socket->host = step->host;
  socket->slot = step->slot;
  socket->type = options.type = step->args[0] != 0 ? DGRAM_UDP6 : DGRAM_UDP4;
  set_limits(socket, step);
  socket->hears_errors = step->args[5] != 0;
  options.reuse_addr = step->args[1] != 0;
  options.data = socket;
  options.linger_ms = step->args[2] == 0 ? 0 : socket->linger_ms;
  options.max_queued_datagrams = step->args[3];
  options.max_queued_bytes = step->args[4];
  property_choose_kind(step, socket, &options);
  code = property_answer(
      step, PROPERTY_CALL(dgram_create_socket(host->stack, &options, &socket->socket)));
  PROPERTY_CHECK("refuse", (code == DGRAM_ENOTRUNNING) == host->closing, "create: %s",
                 dgram_error_name(code));
  dgram_block_list_release(options.receive_block_list);
  if (code < 0) {
    free(socket);
    return;
  }
  socket->index = property.socket_count++;
  socket->next = property.sockets;
  property.sockets = host->slots[step->slot] = socket;
  property.calls_due++;
  listen_by_itself(socket);
  if (step->args[6] != 0) (void)dgram_unref(socket->socket);
}

/* A name cannot be looked up inside a call. */
static void bind_at_once(const struct property_step *step, struct property_socket *socket,
                         const dgram_bind_options *options) {
  const int code = property_answer(step, PROPERTY_CALL(dgram_bind_sync(socket->socket, options)));

  property_expect(socket, code, "bind_sync");
  PROPERTY_CHECK("refuse",
                 code < 0 ||
                     (step->args[0] != PROPERTY_BIND_WRONG && step->args[0] != PROPERTY_BIND_NAME),
                 "a wrong address is bound to: %.40s", options->address);
}

static void bind_socket(const struct property_step *step, struct property_socket *socket) {
  char text[DGRAM_ADDRESS_TEXT];
  dgram_bind_options options = {0};
  int code;

  options.address = property_bind_written(step, socket->type, text, sizeof text);
  if (step->args[1] == PROPERTY_PORT_OWN) options.port = PROPERTY_PORT + step->slot;
  if (step->args[1] == PROPERTY_PORT_FIRST) options.port = PROPERTY_PORT;
  if (step->args[3] != 0) {
    bind_at_once(step, socket, &options);
    return;
  }
  code = PROPERTY_CALL(
      dgram_bind(socket->socket, &options, step->args[2] ? property_on_bound : NULL, socket));
  (void)property_answer(step, code);
  property_expect(socket, code, "bind");
  PROPERTY_CHECK("refuse", code < 0 || step->args[0] != PROPERTY_BIND_WRONG,
                 "a wrong address is bound to: %.40s", options.address);
  if (code < 0 || !step->args[2]) return;
  socket->pending++;
  property.calls_due++;
}

static void close_socket(const struct property_step *step, struct property_socket *socket) {
  const bool hears = step->args[0] % 2 != 0;
  const int code = property_answer(
      step,
      PROPERTY_CALL(dgram_close(socket->socket, hears ? property_on_last_close : NULL, socket)));

  property_expect(socket, code, "close");
  if (code < 0) return;
  property.closes_sockets = true;
  socket->closing = true;
  socket->closed_ns = property_now();
  if (hears) property.calls_due++;
}

static void abort_socket(const struct property_step *step, struct property_socket *socket) {
  const int code = property_answer(step, PROPERTY_CALL(dgram_abort(socket->socket)));

  PROPERTY_CHECK("refuse", code == 0 || (socket->closing && code == DGRAM_ENOTRUNNING), "abort: %s",
                 dgram_error_name(code));
  property.closes_sockets = true;
  if (!socket->closing) socket->closed_ns = property_now();
  socket->closing = true;
}

/* ---- a socket's other calls ---- */

static void pause_socket(const struct property_step *step, struct property_socket *socket) {
  const int code = property_answer(step, PROPERTY_CALL(dgram_pause(socket->socket)));

  property_expect(socket, code, "pause");
  if (code < 0) return;
  socket->paused = socket->ever_paused = true;
}

static void resume_socket(const struct property_step *step, struct property_socket *socket) {
  const int code = property_answer(step, PROPERTY_CALL(dgram_resume(socket->socket)));

  property_expect(socket, code, "resume");
  if (code == 0) socket->paused = false;
}

static void act_on_socket(const struct property_step *step, struct property_socket *socket) {
  switch (step->call) {
  case PROPERTY_BIND:
    bind_socket(step, socket);
    break;
  case PROPERTY_MEMBERSHIP:
    property_set_membership(step, socket);
    break;
  case PROPERTY_OPTION:
    property_set_option(step, socket);
    break;
  case PROPERTY_PAUSE:
    pause_socket(step, socket);
    break;
  case PROPERTY_RESUME:
    resume_socket(step, socket);
    break;
  case PROPERTY_LISTEN:
    (void)property_answer(
        step, property_listen(socket, step->args[0] % PROPERTY_LISTENERS, step->args[1] % 3));
    break;
  case PROPERTY_KEEP:
    socket->keeps = true;
    (void)property_answer(step, 0);
    break;
  case PROPERTY_CLOSE:
    close_socket(step, socket);
    break;
  case PROPERTY_ABORT:
    abort_socket(step, socket);
    break;
  default:
    (void)(step->args[0] % 2 != 0 ? dgram_unref(socket->socket) : dgram_ref(socket->socket));
    (void)property_answer(step, 0);
  }
}

/* ---- a host's calls ---- */

static void start_timer(const struct property_step *step, struct property_host *host) {
  struct property_timer *timer = &host->timers[step->args[0] % PROPERTY_TIMERS];
  const uint64_t timeout_ns = step->args[1] * UINT64_C(1000);
  int code;

  if (step->args[2] % 2 != 0) {
    if (host->closing) return;
    code = property_answer(step, PROPERTY_CALL(dgram_timer_stop(&timer->timer)));
    PROPERTY_CHECK("time", code == timer->running, "a stopped timer answers %d", code);
    timer->running = false;
    return;
  }
  code = PROPERTY_CALL(
      dgram_timer_start(host->stack, &timer->timer, timeout_ns, property_on_timer, timer));
  (void)property_answer(step, code);
  PROPERTY_CHECK("refuse", (code == DGRAM_ENOTRUNNING) == host->closing, "a timer: %s",
                 dgram_error_name(code));
  if (code < 0) return;
  timer->running = true;
  timer->deadline_ns = property_now() + timeout_ns;
}

static void resolve(const struct property_step *step, struct property_host *host) {
  static const char *const more[] = {"localhost", "127.0.0.1"};
  const unsigned index = step->args[0] % (PROPERTY_NAMES + 2);
  const char *name = index < PROPERTY_NAMES ? property_name(index) : more[index - PROPERTY_NAMES];
  const int code = PROPERTY_CALL(
      dgram_resolve(host->stack, name, (int)step->args[1], property_on_resolved, host));

  (void)property_answer(step, code);
  if (code < 0) return;
  host->resolves++;
  property.calls_due++;
}

/* From within a callback the world can never be run again. */
static void run_nested(const struct property_step *step, struct property_host *host) {
  int code = DGRAM_ERUNNING;

  if (property.callbacks == 0) return;
  switch (step->args[0] % 4) {
  case 0:
    code = dgram_sim_step(property.sim);
    break;
  case 1:
    code = dgram_sim_run_for(property.sim, DGRAM_SECOND);
    break;
  case 2:
    code = dgram_sim_destroy(property.sim);
    break;
  default:
    if (!host->closing) code = dgram_run(host->stack);
  }
  (void)property_answer(step, code);
  PROPERTY_CHECK("refuse", code == DGRAM_ERUNNING, "a run inside a callback answers %s",
                 dgram_error_name(code));
}

static void take_steps(const struct property_step *step) {
  if (property.callbacks > 0) return;
  for (uint32_t i = 0; i <= step->args[0] % 64; i++) {
    const int code = dgram_sim_step(property.sim);
    PROPERTY_CHECK("refuse", code == 0 || code == 1, "a step answers %s", dgram_error_name(code));
    (void)property_now();
    (void)property_answer(step, code);
    if (code == 0) return;
  }
}

static void act_on_host(const struct property_step *step, struct property_host *host) {
  switch (step->call) {
  case PROPERTY_CREATE:
    create(step);
    break;
  case PROPERTY_TIMER:
    start_timer(step, host);
    break;
  case PROPERTY_FLUSH:
    (void)property_answer(step, PROPERTY_CALL(dgram_flush(host->stack)));
    break;
  case PROPERTY_RESOLVE:
    resolve(step, host);
    break;
  case PROPERTY_NESTED:
    run_nested(step, host);
    break;
  case PROPERTY_STEP:
    take_steps(step);
    break;
  case PROPERTY_STOP:
    dgram_sim_stop(property.sim);
    (void)property_answer(step, 0);
    break;
  default:
    property_close_host(step->host);
    (void)property_answer(step, 0);
  }
}

void property_close_host(unsigned host) {
  struct property_host *self = &property.hosts[host];
  int code;

  if (self->stack == NULL || self->closing) return;
  for (struct property_socket *s = property.sockets; s != NULL; s = s->next) {
    if (s->host != host || s->socket == NULL) continue;
    if (!s->closing) s->closed_ns = property_now();
    s->closing = true;
  }
  for (unsigned i = 0; i < PROPERTY_TIMERS; i++)
    self->timers[i].running = false;
  self->closing = true;
  property.closes_hosts = property.closes_sockets = true;
  code = PROPERTY_CALL(dgram_stack_close(self->stack, property_on_host_closed, self));
  PROPERTY_CHECK("refuse", code == 0, "a host does not close: %s", dgram_error_name(code));
  property.calls_due++;
}

/* ---- any step ---- */

static bool is_of_host(unsigned call) {
  switch (call) {
  case PROPERTY_CREATE:
  case PROPERTY_TIMER:
  case PROPERTY_FLUSH:
  case PROPERTY_RESOLVE:
  case PROPERTY_NESTED:
  case PROPERTY_STEP:
  case PROPERTY_STOP:
  case PROPERTY_CLOSE_HOST:
    return true;
  default:
    return false;
  }
}

void property_act(const struct property_step *step) {
  struct property_host *host = &property.hosts[step->host];
  struct property_socket *socket = property_socket_of(step->host, step->slot);

  if (host->stack == NULL) return;
  if (property.trace) {
    property_say("step %u:", (unsigned)(step - property.program->steps));
    property_print_step(step, stderr);
    fputc('\n', stderr);
  }
  if (property_act_send(step) || property_act_peer(step) || property_act_network(step)) return;
  if (is_of_host(step->call)) {
    act_on_host(step, host);
  } else if (socket != NULL && socket->socket != NULL) {
    act_on_socket(step, socket);
  }
}
