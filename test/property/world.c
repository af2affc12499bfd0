#include "world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct property_world property;

/* ---- telling ---- */

void property_say(const char *format, ...) {
  va_list arguments;

  if (!property.trace) return;
  fprintf(stderr, "%10.3f ms%*s ", (double)property.last_ns / 1e6,
          (int)(2 * (property.callbacks + property.depth)), "");
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
}

_Noreturn void property_fail(const char *key, const char *format, ...) {
  struct property_report *report = property.report;
  va_list arguments;

  snprintf(report->key, sizeof report->key, "%s", key);
  va_start(arguments, format);
  vsnprintf(report->text, sizeof report->text, format, arguments);
  va_end(arguments);
  property_say("[%s] %s", report->key, report->text);
  _exit(1);
}

void property_note(uint64_t value) {
  property.hash = splitmix_mix(property.hash + UINT64_C(0x9e3779b97f4a7c15) + value);
}

int property_leave_call(int code) {
  property.in_call--;
  property_note((uint64_t)(int64_t)code);
  return code;
}

int property_answer(const struct property_step *step, int code) {
  uint64_t *counts = code < 0 ? property.report->answered : property.report->called;

  counts[step->call]++;
  if (code < 0) property_say("  = %s", dgram_error_name(code));
  return code;
}

/* ---- time ---- */

uint64_t property_now(void) {
  const uint64_t now_ns = dgram_sim_now(property.sim);

  PROPERTY_CHECK("time", now_ns >= property.last_ns,
                 "time runs backwards, from %" PRIu64 " to %" PRIu64, property.last_ns, now_ns);
  property.last_ns = now_ns;
  return now_ns;
}

void property_run_for(uint64_t ns) {
  const uint64_t until_ns = property_now() + ns;

  /* A stop ends a run early; each step stops one at most. */
  for (unsigned i = 0; i <= 2 * PROPERTY_STEPS; i++) {
    const int code = dgram_sim_run_until(property.sim, until_ns);
    PROPERTY_CHECK("end", code == 0, "run_until answers %s", dgram_error_name(code));
    if (property_now() >= until_ns) break;
  }
  PROPERTY_CHECK("time", property_now() == until_ns, "run_until ends at %" PRIu64 ", not %" PRIu64,
                 property_now(), until_ns);
}

/* ---- memory ---- */

static void *allocate(size_t size, void *data) {
  void *memory = malloc(size);

  (void)data;
  if (memory != NULL) property.live_memory++;
  return memory;
}

static void *reallocate(void *memory, size_t size, void *data) {
  void *moved = realloc(memory, size);

  (void)data;
  if (memory == NULL && moved != NULL) property.live_memory++;
  return moved;
}

static void release(void *memory, void *data) {
  (void)data;
  if (memory != NULL) property.live_memory--;
  free(memory);
}

static const dgram_allocator allocator = {allocate, reallocate, release, NULL};

/* ---- the beginning ---- */

static void add_host(unsigned host) {
  struct property_host *self = &property.hosts[host];
  char name[16];
  char address[64];
  int code;

  if (host >= PROPERTY_HOSTS || self->stack != NULL) return;
  snprintf(name, sizeof name, "h%u", host);
  property_host_text(host, DGRAM_UDP4, 0, address, sizeof address - 4);
  strcat(address, "/24");
  code = PROPERTY_CALL(dgram_sim_add_host(property.sim, name, address, &self->stack));
  PROPERTY_CHECK("refuse", code == 0, "host %u is not made: %s", host, dgram_error_name(code));
  code = PROPERTY_CALL(
      dgram_stack_on_unheard(self->stack, property_on_unheard, (void *)(uintptr_t)host));
  PROPERTY_CHECK("refuse", code == 0, "on_unheard: %s", dgram_error_name(code));
  for (unsigned i = 0; i < PROPERTY_TIMERS; i++)
    self->timers[i].host = host;
}

/* The hosts that a step speaks of: others would only stand about. */
static void begin(const struct property_program *program, struct property_report *report,
                  bool trace) {
  const dgram_sim_options options = {.seed = program->seed, .allocator = &allocator};

  memset(&property, 0, sizeof property);
  property.program = program;
  property.report = report;
  property.trace = trace;
  PROPERTY_CHECK("refuse", PROPERTY_CALL(dgram_sim_create(&options, &property.sim)) == 0,
                 "no world");
  add_host(0);
  for (unsigned i = 0; i < program->count; i++) {
    add_host(program->steps[i].host);
    if (property_other_is_host(&program->steps[i])) add_host(program->steps[i].other);
  }
}

/* ---- steps ---- */

static void take_step(unsigned index) {
  const struct property_step *step = &property.program->steps[index];
  struct property_host *host = &property.hosts[step->host];

  if (step->wait_us > 0) property_run_for(step->wait_us * UINT64_C(1000));
  if (step->inside) {
    host->waiting[host->waiting_count++] = (uint8_t)index;
    return;
  }
  property_act(step);
  property_check_world();
}

void property_act_in_callback(unsigned host) {
  struct property_host *self = &property.hosts[host];

  while (self->waiting_first < self->waiting_count) {
    const unsigned index = self->waiting[self->waiting_first++];
    property.depth++;
    property_act(&property.program->steps[index]);
    property.depth--;
    /* One more for the next callback, or all for this. */
    if (property.program->steps[index].inside > 1) break;
  }
}

/* ---- the end ---- */

/* Nothing is done any more, nothing is in the way. What is under way arrives, what waits calls
 * back. */
static void come_to_rest(void) {
  property_say("rest");
  for (unsigned i = 0; i < PROPERTY_HOSTS; i++) {
    struct property_host *host = &property.hosts[i];
    host->waiting_first = host->waiting_count = 0;
    if (host->stack == NULL) continue;
    for (int call = 0; call < DGRAM_SIM_CALL_COUNT; call++)
      (void)PROPERTY_CALL(dgram_sim_fail(host->stack, (enum dgram_sim_call)call, 0, 0, DGRAM_EIO));
  }
  for (struct property_socket *s = property.sockets; s != NULL; s = s->next) {
    if (s->socket == NULL || s->closing) continue;
    const int code = PROPERTY_CALL(dgram_resume(s->socket));
    PROPERTY_CHECK("refuse", code == 0, "resume: %s", dgram_error_name(code));
    s->paused = false;
  }
  property_run_for(30 * DGRAM_SECOND);
  property_check_world();
  property_check_rest();
}

static void close_all_sockets(void) {
  for (struct property_socket *s = property.sockets; s != NULL; s = s->next) {
    if (s->socket == NULL || s->closing) continue;
    const int code = PROPERTY_CALL(dgram_close(s->socket, NULL, NULL));
    PROPERTY_CHECK("refuse", code == 0, "close: %s", dgram_error_name(code));
    s->closing = true;
    s->closed_ns = property_now();
  }
}

static void close_all_hosts(void) {
  for (unsigned i = 0; i < PROPERTY_HOSTS; i++)
    property_close_host(i);
}

/* Nothing holds the world any more but what closes. */
static void run_to_the_end(void) {
  int code = 0;

  for (unsigned i = 0; i <= 2 * PROPERTY_STEPS && code == 0; i++) {
    bool any = false;
    for (const struct property_socket *s = property.sockets; s != NULL; s = s->next)
      any = any || s->socket != NULL;
    if (!any && i > 0) break;
    code = dgram_sim_run(property.sim);
  }
  PROPERTY_CHECK("end", code == 0, "the last run answers %s", dgram_error_name(code));
  for (const struct property_socket *s = property.sockets; s != NULL; s = s->next)
    PROPERTY_CHECK("end", s->socket == NULL, "h%us%u does not close", s->host, s->slot);
}

/* Kept messages outlive everything, every other one at least its socket. */
static void free_kept(unsigned down_to) {
  while (property.kept_count > down_to) {
    dgram_message *message = property.kept[--property.kept_count];
    PROPERTY_CHECK("sent", property_is_whole(message), "a kept message has changed");
    dgram_message_free(message);
  }
}

static void destroy_world(void) {
  struct property_report *report = property.report;
  dgram_sim_stats stats;

  PROPERTY_CHECK("refuse", dgram_sim_get_stats(property.sim, &stats) == 0, "no stats");
  report->events += stats.events;
  report->sent += stats.sent;
  report->duplicated += stats.duplicated;
  report->delivered += stats.delivered;
  for (unsigned i = 0; i < DGRAM_DROP_COUNT; i++)
    report->dropped[i] += stats.dropped[i];
  property_note(stats.events);
  /* Destroying aborts and closes what is open: no message comes from here on. */
  for (struct property_socket *s = property.sockets; s != NULL; s = s->next) {
    if (!s->closing) s->closed_ns = property_now();
    s->closing = true;
  }
  for (unsigned i = 0; i < PROPERTY_HOSTS; i++)
    property.hosts[i].closing = true;
  property.ending = true;
  property_say("dgram_sim_destroy");
  const int code = dgram_sim_destroy(property.sim);
  PROPERTY_CHECK("end", code == 0, "destroy answers %s", dgram_error_name(code));
}

static void forget_sockets(void) {
  while (property.sockets != NULL) {
    struct property_socket *socket = property.sockets;
    property.sockets = socket->next;
    free(socket->seen);
    while (socket->orders != NULL) {
      struct property_order *order = socket->orders;
      socket->orders = order->next;
      free(order);
    }
    free(socket);
  }
}

static void end(void) {
  if (property.program->ending != PROPERTY_END_AT_ONCE) {
    come_to_rest();
    if (property.program->ending == PROPERTY_END_CLOSING) close_all_sockets();
    if (property.program->ending == PROPERTY_END_HOSTS) close_all_hosts();
    run_to_the_end();
    property_check_world();
  }
  free_kept(property.kept_count / 2);
  destroy_world();
  property_check_end();
  free_kept(0);
  property_forget_sends();
  property_forget_books();
  forget_sockets();
  PROPERTY_CHECK("memory", property.live_memory == 0, "%zu pieces of memory are left",
                 property.live_memory);
}

uint64_t property_run(const struct property_program *program, struct property_report *report,
                      bool trace) {
  begin(program, report, trace);
  for (unsigned i = 0; i < program->count; i++)
    take_step(i);
  end();
  report->programs++;
  report->steps += program->count;
  return property.hash;
}
