#include <inttypes.h>
#include <string.h>

#include "world.h"

/* ---- around them all ---- */

void property_begin_host_callback(unsigned host, const char *what) {
  PROPERTY_CHECK("inside", property.in_call == 0, "%s inside a call", what);
  PROPERTY_CHECK("inside", property.callbacks == 0, "%s inside a callback", what);
  PROPERTY_CHECK("close", property.hosts[host].stack != NULL, "%s after the end of h%u", what,
                 host);
  property_note(property_now());
  property_note(host);
  for (const char *c = what; *c != '\0'; c++)
    property_note((unsigned char)*c);
  property_say("> h%u %s", host, what);
  property.callbacks++;
  property.report->callbacks++;
}

void property_begin_callback(struct property_socket *socket, const char *what) {
  PROPERTY_CHECK("close", !socket->ended && socket->socket != NULL,
                 "%s after the `close` of h%us%u", what, socket->host, socket->slot);
  property_note(socket->index);
  property_begin_host_callback(socket->host, what);
}

void property_end_callback(unsigned host) {
  if (!property.ending) property_act_in_callback(host);
  property.callbacks--;
}

static void check_open(const struct property_socket *socket, const char *what) {
  PROPERTY_CHECK("close", !socket->closing, "%s on h%us%u, which is closed", what, socket->host,
                 socket->slot);
}

/* ---- the own listeners of each socket ---- */

static void keep(struct property_socket *socket, const dgram_message *message) {
  dgram_message **kept = &property.kept[property.kept_count];

  if (!socket->keeps || property.kept_count == PROPERTY_KEPT) return;
  socket->keeps = false;
  const int code = PROPERTY_CALL(dgram_message_keep(socket->socket, message, kept));
  PROPERTY_CHECK("refuse", code == 0, "a message is not kept");
  PROPERTY_CHECK("sent",
                 (*kept)->length == message->length &&
                     memcmp((*kept)->bytes, message->bytes, message->length) == 0 &&
                     dgram_address_equal(&(*kept)->from, &message->from),
                 "what is kept is not what came");
  property.kept_count++;
}

void property_on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  struct property_socket *self = data;

  property_begin_callback(self, "message");
  PROPERTY_CHECK("sent", socket == self->socket, "a message of another socket");
  check_open(self, "a message");
  PROPERTY_CHECK("silent", !self->paused, "a message on h%us%u, which is paused", self->host,
                 self->slot);
  self->emitted++;
  self->emitted_bytes += message->length;
  property_check_message(self, message);
  property_check_info(self, message);
  keep(self, message);
  property_end_callback(self->host);
}

void property_on_listening(dgram_socket *socket, void *data) {
  struct property_socket *self = data;
  dgram_address address;
  int code;

  property_begin_callback(self, "listening");
  check_open(self, "listening");
  code = PROPERTY_CALL(dgram_local_address(socket, &address));
  PROPERTY_CHECK("refuse", code == 0, "a socket that listens has no address");
  self->port = address.port;
  property_end_callback(self->host);
}

void property_on_error(dgram_socket *socket, const dgram_error *error, void *data) {
  struct property_socket *self = data;

  (void)socket;
  property_begin_callback(self, "error");
  PROPERTY_CHECK("once", error->code < 0 && error->syscall[0] != '\0', "an error without a code");
  property_say("%s %s", error->syscall, dgram_error_name(error->code));
  self->heard_errors++;
  property_end_callback(self->host);
}

/* Not from the loop, and it must not call. */
void property_on_unheard(dgram_stack *stack, dgram_socket *socket, const dgram_error *error,
                         void *data) {
  const unsigned host = (unsigned)(uintptr_t)data;

  PROPERTY_CHECK("once", stack == property.hosts[host].stack && error->code < 0,
                 "an unheard error of nobody");
  property_note((uint64_t)(int64_t)error->code);
  property_say("unheard: %s %s", error->syscall, dgram_error_name(error->code));
  for (struct property_socket *s = property.sockets; s != NULL; s = s->next) {
    if (s->socket != socket) continue;
    s->unheard++;
    PROPERTY_CHECK("once", !s->hears_errors, "an error is unheard although somebody listens");
  }
}

/* Rule 9: once after a refusal, and then there is room. */
void property_on_drain(dgram_socket *socket, void *data) {
  struct property_socket *self = data;
  dgram_stats stats;

  property_begin_callback(self, "drain");
  check_open(self, "a drain");
  PROPERTY_CHECK("limit", self->owed, "a drain that nobody waits for");
  self->owed = false;
  PROPERTY_CHECK("stats", PROPERTY_CALL(dgram_get_stats(socket, &stats)) == 0, "no stats");
  PROPERTY_CHECK("limit",
                 stats.queued <= self->limit / 2 && stats.queued_bytes <= self->limit_bytes / 2,
                 "a drain with %" PRIu64 " datagrams queued", stats.queued);
  property_end_callback(self->host);
}

/* ---- the end of a socket ---- */

static void check_in_time(const struct property_socket *socket) {
  const uint64_t linger_ms = socket->linger_ms < 0 ? 0 : (uint64_t)socket->linger_ms;
  const uint64_t late_ns = property_now() - socket->closed_ns;

  PROPERTY_CHECK("close", late_ns <= linger_ms * DGRAM_MILLISECOND + PROPERTY_LATE_NS,
                 "h%us%u closes after %" PRIu64 " us, but lingers %" PRIu64 " ms", socket->host,
                 socket->slot, late_ns / 1000, linger_ms);
}

/* The first listener of `close`. The pointer is good to the end of the last one. */
void property_on_close(dgram_socket *socket, void *data) {
  struct property_socket *self = data;

  property_begin_callback(self, "close");
  PROPERTY_CHECK("close", socket == self->socket && self->closing, "h%us%u closes by itself",
                 self->host, self->slot);
  PROPERTY_CHECK("once", self->pending == 0, "h%us%u closes with %u callbacks due", self->host,
                 self->slot, self->pending);
  PROPERTY_CHECK("refuse", PROPERTY_CALL(dgram_pause(socket)) == DGRAM_ENOTRUNNING,
                 "a closed socket answers");
  check_in_time(self);
  PROPERTY_CHECK("stats", PROPERTY_CALL(dgram_get_stats(socket, &self->last)) == 0, "no stats");
  property_check_socket(self, &self->last);
  self->ended = true;
  self->socket = NULL;
  for (unsigned i = 0; i < PROPERTY_LISTENERS; i++)
    if (i != PROPERTY_CLOSED) self->listeners[i].active = 0;
  property.calls_due--;
  property_end_callback(self->host);
}

/* The one of dgram_close, the last of all. */
void property_on_last_close(dgram_socket *socket, void *data) {
  struct property_socket *self = data;

  property_begin_host_callback(self->host, "close last");
  PROPERTY_CHECK("close", self->ended, "the last `close` is the first");
  PROPERTY_CHECK("refuse", PROPERTY_CALL(dgram_resume(socket)) == DGRAM_ENOTRUNNING,
                 "a closed socket answers");
  property.calls_due--;
  property_end_callback(self->host);
}

void property_on_host_closed(dgram_stack *stack, void *data) {
  struct property_host *self = data;
  const unsigned host = (unsigned)(self - property.hosts);

  property_begin_host_callback(host, "host closed");
  PROPERTY_CHECK("close", stack == self->stack && self->closing, "another host closes");
  PROPERTY_CHECK("once", self->ended_resolves == self->resolves, "h%u closes with lookups", host);
  for (const struct property_socket *s = property.sockets; s != NULL; s = s->next)
    PROPERTY_CHECK("close", s->host != host || s->socket == NULL, "h%u closes before its socket",
                   host);
  self->stack = NULL;
  property.calls_due--;
  property.callbacks--;
}

/* ---- binds, timers, lookups ---- */

void property_on_bound(dgram_socket *socket, int status, void *data) {
  struct property_socket *self = data;
  dgram_address address;
  int code;

  property_begin_callback(self, "bound");
  PROPERTY_CHECK("once", self->pending > 0 && socket == self->socket,
                 "a bind calls back too often");
  self->pending--;
  property.calls_due--;
  property_note((uint64_t)(int64_t)status);
  property_say("h%us%u: %s", self->host, self->slot, dgram_error_name(status));
  code = PROPERTY_CALL(dgram_local_address(socket, &address));
  property_expect(self, code, "local_address");
  if (!self->closing)
    PROPERTY_CHECK("refuse", (status == 0) == (code == 0), "bound: %s, but the address: %s",
                   dgram_error_name(status), dgram_error_name(code));
  if (code == 0) self->port = address.port;
  property_end_callback(self->host);
}

void property_on_timer(dgram_timer *timer, void *data) {
  struct property_timer *self = data;

  property_begin_host_callback(self->host, "timer");
  PROPERTY_CHECK("time", self->running && &self->timer == timer, "a timer rings that does not run");
  PROPERTY_CHECK("time",
                 property_now() >= self->deadline_ns &&
                     property_now() <= self->deadline_ns + PROPERTY_LATE_NS,
                 "a timer rings at %" PRIu64 ", not %" PRIu64, property_now(), self->deadline_ns);
  self->running = false;
  property_end_callback(self->host);
}

void property_on_resolved(dgram_stack *stack, int status, const dgram_address *addresses,
                          void *data) {
  struct property_host *self = data;
  const unsigned host = (unsigned)(self - property.hosts);

  property_begin_host_callback(host, "resolved");
  PROPERTY_CHECK("once", stack == self->stack && self->ended_resolves < self->resolves,
                 "a lookup too many");
  PROPERTY_CHECK("once", (status > 0) == (addresses != NULL) && status != 0, "addresses: %d",
                 status);
  for (int i = 0; i < status; i++)
    PROPERTY_CHECK("once", addresses[i].port == 0 && addresses[i].family != 0, "no address");
  property_note((uint64_t)(int64_t)status);
  self->ended_resolves++;
  property.calls_due--;
  property_end_callback(host);
}

/* ---- listeners that steps add and remove ---- */

static struct property_socket *hear(struct property_listener *listener, const char *what) {
  struct property_socket *socket = listener->socket;

  PROPERTY_CHECK("silent", listener->active > 0, "%s at a listener that was removed", what);
  if (listener->once) listener->active--;
  if (listener == &socket->listeners[PROPERTY_CLOSED]) {
    property_begin_host_callback(socket->host, what);
    PROPERTY_CHECK("close", socket->ended, "a `close` before the first");
  } else {
    property_begin_callback(socket, what);
  }
  return socket;
}

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  const struct property_socket *self = hear(data, "message again");

  (void)socket;
  check_open(self, "a message");
  PROPERTY_CHECK("sent", property_is_whole(message), "a message again is another");
  property_end_callback(self->host);
}

static void on_batch(dgram_socket *socket, const dgram_message *messages, size_t count,
                     void *data) {
  const struct property_socket *self = hear(data, "batch");

  (void)socket;
  check_open(self, "a batch");
  PROPERTY_CHECK("sent", count > 0, "an empty batch");
  for (size_t i = 0; i < count; i++)
    PROPERTY_CHECK("sent", property_is_whole(&messages[i]), "a batch has what nobody sent");
  property_end_callback(self->host);
}

static void on_listening(dgram_socket *socket, void *data) {
  const struct property_socket *self = hear(data, "listening again");

  (void)socket;
  property_end_callback(self->host);
}

static void on_error(dgram_socket *socket, const dgram_error *error, void *data) {
  const struct property_socket *self = hear(data, "error again");

  (void)socket;
  PROPERTY_CHECK("once", error->code < 0, "an error without a code");
  property_end_callback(self->host);
}

static void on_drain(dgram_socket *socket, void *data) {
  const struct property_socket *self = hear(data, "drain again");

  (void)socket;
  property_end_callback(self->host);
}

static void on_close(dgram_socket *socket, void *data) {
  const struct property_socket *self = hear(data, "close again");

  PROPERTY_CHECK("refuse", PROPERTY_CALL(dgram_socket_type(socket)) == DGRAM_ENOTRUNNING,
                 "a closed socket answers");
  property_end_callback(self->host);
}

#define BY_WAY(name)                                                                               \
  how == PROPERTY_ON     ? dgram_on_##name(socket->socket, on_##name, listener)                    \
  : how == PROPERTY_ONCE ? dgram_once_##name(socket->socket, on_##name, listener)                  \
                         : dgram_off_##name(socket->socket, on_##name, listener)

static int call_event(struct property_socket *socket, unsigned event, unsigned how,
                      struct property_listener *listener) {
  switch (event) {
  case PROPERTY_MESSAGE:
    return BY_WAY(message);
  case PROPERTY_BATCH:
    return BY_WAY(batch);
  case PROPERTY_LISTENING:
    return BY_WAY(listening);
  case PROPERTY_CLOSED:
    return BY_WAY(close);
  case PROPERTY_ERROR:
    return BY_WAY(error);
  default:
    return BY_WAY(drain);
  }
}

/* A listener is either for once or for good as long as it is added at all. An `error` listener
 * changes what is unheard, so only sockets that have one get another. */
int property_listen(struct property_socket *socket, unsigned event, unsigned how) {
  struct property_listener *listener = &socket->listeners[event % PROPERTY_LISTENERS];
  int code;

  if (event == PROPERTY_ERROR && !socket->hears_errors) return 0;
  if (how != PROPERTY_OFF && listener->active > 0)
    how = listener->once ? PROPERTY_ONCE : PROPERTY_ON;
  listener->socket = socket;
  code = PROPERTY_CALL(call_event(socket, event, how, listener));
  if (how == PROPERTY_OFF) {
    PROPERTY_CHECK("silent", code == (listener->active > 0), "off answers %d, of %u", code,
                   listener->active);
    listener->active -= (unsigned)code;
    return 0;
  }
  property_expect(socket, code, "on");
  if (code < 0) return code;
  listener->once = how == PROPERTY_ONCE;
  listener->active++;
  return 0;
}
