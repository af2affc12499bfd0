#include "random_program.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MESSAGE, BATCH, LISTENING, CLOSE, ERROR, DRAIN };

/* ---- around them all ---- */

static struct random_stack *current;

/* From within a callback the loop can never be run again. */
static void try_to_run(void) {
  if (current == NULL || current->stack == NULL || !random_one_in(20)) return;
  const int code = dgram_run(current->stack);
  RANDOM_CHECK(code == DGRAM_ERUNNING || (current->closing && code == DGRAM_ENOTRUNNING),
               "run inside a callback answers %s", dgram_error_name(code));
}

void random_begin_stack_callback(struct random_stack *stack, const char *what) {
  random_trace("> stack %u %s", (unsigned)(stack - the.stacks), what);
  RANDOM_CHECK(the.in_call == 0, "%s inside a call", what);
  RANDOM_CHECK(stack->stack != NULL, "%s after the end of its stack", what);
  RANDOM_CHECK(the.callbacks == 0, "%s inside a callback", what);
  the.callbacks++;
  current = stack;
  try_to_run();
}

void random_begin_callback(struct random_socket *socket, const char *what) {
  random_trace("> socket %u %s", random_index(socket), what);
  RANDOM_CHECK(socket->socket != NULL, "%s after the end of socket %u", what, random_index(socket));
  RANDOM_CHECK(!socket->ended, "%s after the `close` of socket %u", what, random_index(socket));
  random_begin_stack_callback(socket->stack, what);
}

void random_end_callback(void) {
  the.callbacks--;
  current = NULL;
}

/* ---- messages ---- */

static void check_open(const struct random_socket *socket, const char *what) {
  RANDOM_CHECK(!socket->closing, "%s on socket %u, which is closed", what, random_index(socket));
}

static void keep(struct random_socket *socket, const dgram_message *message) {
  dgram_message **kept = &the.kept[the.kept_count];

  if (the.kept_count == RANDOM_KEPT || !random_one_in(10)) return;
  const int code = RANDOM_CALL(dgram_message_keep(socket->socket, message, kept));
  RANDOM_CHECK(code == 0 || code == DGRAM_ENOMEM, "a message is not kept");
  if (code < 0) return;
  RANDOM_CHECK((*kept)->length == message->length &&
                   memcmp((*kept)->bytes, message->bytes, message->length) == 0 &&
                   dgram_address_equal(&(*kept)->from, &message->from),
               "what is kept is not what came");
  the.kept_count++;
}

/* The first listener of a socket, since its creation or, of one that pulls, mostly. */
void random_on_first_message(dgram_socket *socket, const dgram_message *message, void *data) {
  struct random_socket *self = data;

  random_begin_callback(self, "message");
  RANDOM_CHECK(socket == self->socket, "a message of another socket");
  check_open(self, "a message");
  RANDOM_CHECK(!self->paused, "a message on socket %u, which is paused", random_index(self));
  RANDOM_CHECK(!self->pulls || self->armed, "a message at a `once` that was used up");
  self->emitted++;
  if (self->pulls) {
    self->armed = false;
    self->paused = RANDOM_CALL(dgram_pause(socket)) == 0;
  }
  random_check_message(self, message);
  keep(self, message);
  random_act_in_callback();
  random_end_callback();
}

/* ---- listeners ---- */

static struct random_socket *hear(struct random_listener *listener, const char *what) {
  struct random_socket *socket = listener->socket;

  RANDOM_CHECK(listener->active > 0, "%s at a listener that was removed", what);
  if (listener->once) listener->active--;
  if (listener->event == CLOSE) {
    random_begin_stack_callback(socket->stack, what);
    RANDOM_CHECK(socket->ended, "a `close` before the first");
  } else {
    random_begin_callback(socket, what);
  }
  return socket;
}

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  const struct random_socket *self = hear(data, "message again");

  check_open(self, "a message");
  (void)socket;
  RANDOM_CHECK(message->length <= 65527, "a message of %zu bytes", message->length);
  random_act_in_callback();
  random_end_callback();
}

static void on_batch(dgram_socket *socket, const dgram_message *messages, size_t count,
                     void *data) {
  const struct random_socket *self = hear(data, "batch");

  (void)socket;
  check_open(self, "a batch");
  RANDOM_CHECK(count > 0 && messages[count - 1].bytes != NULL, "an empty batch");
  random_act_in_callback();
  random_end_callback();
}

static void on_listening(dgram_socket *socket, void *data) {
  struct random_socket *self = hear(data, "listening");
  dgram_address address;

  random_expect(self, RANDOM_CALL(dgram_local_address(socket, &address)), "local_address");
  random_act_in_callback();
  random_end_callback();
}

static void on_error(dgram_socket *socket, const dgram_error *error, void *data) {
  (void)hear(data, "error");
  (void)socket;
  RANDOM_CHECK(error->code < 0 && error->syscall[0] != '\0', "an error without a code");
  RANDOM_CHECK(error->address == NULL || strlen(error->address) < 300, "an error's address");
  random_trace("%s %s", error->syscall, dgram_error_name(error->code));
  random_act_in_callback();
  random_end_callback();
}

static void on_drain(dgram_socket *socket, void *data) {
  struct random_socket *self = hear(data, "drain");

  (void)socket;
  RANDOM_CHECK(self->refusals > 0, "a drain of a queue that was never full");
  random_act_in_callback();
  random_end_callback();
}

static void on_close(dgram_socket *socket, void *data) {
  (void)hear(data, "close again");
  RANDOM_CHECK(RANDOM_CALL(dgram_socket_type(socket)) == DGRAM_ENOTRUNNING,
               "a closed socket answers");
  random_act_in_callback();
  random_end_callback();
}

enum how { ON, ONCE, OFF };

/* The eighteen functions by event and way. */
#define BY_WAY(name)                                                                               \
  how == ON     ? dgram_on_##name(socket, on_##name, data)                                         \
  : how == ONCE ? dgram_once_##name(socket, on_##name, data)                                       \
                : dgram_off_##name(socket, on_##name, data)

static int call_event(dgram_socket *socket, int event, enum how how, void *data) {
  switch (event) {
  case MESSAGE:
    return BY_WAY(message);
  case BATCH:
    return BY_WAY(batch);
  case LISTENING:
    return BY_WAY(listening);
  case CLOSE:
    return BY_WAY(close);
  case ERROR:
    return BY_WAY(error);
  default:
    return BY_WAY(drain);
  }
}

static struct random_listener *some_listener(const struct random_socket *socket) {
  for (unsigned i = 0; i < 8 && the.listener_count > 0; i++) {
    struct random_listener *listener = &the.listeners[random_below(the.listener_count)];
    if (listener->socket == socket) return listener;
  }
  return NULL;
}

/* Sometimes one that is there already, a second time. */
void random_listen(struct random_socket *socket) {
  struct random_listener *listener = random_one_in(6) ? some_listener(socket) : NULL;
  int code;

  if (listener == NULL && the.listener_count == RANDOM_LISTENERS) return;
  if (listener == NULL) {
    listener = &the.listeners[the.listener_count++];
    *listener = (struct random_listener){.socket = socket, .once = random_one_in(3)};
    listener->event = (int)random_below(RANDOM_LISTENER_KINDS);
    /* Who hears batches has heard what nobody pulls. */
    if (socket->pulls && listener->event == BATCH) listener->event = MESSAGE;
  }
  random_trace("socket %u %s event %d", random_index(socket), listener->once ? "once" : "on",
               listener->event);
  code = RANDOM_CALL(
      call_event(socket->socket, listener->event, listener->once ? ONCE : ON, listener));
  random_expect(socket, code, "on");
  if (code == 0) listener->active++;
}

void random_unlisten(struct random_socket *socket) {
  struct random_listener *listener = some_listener(socket);
  int code;

  if (listener == NULL) return;
  random_trace("socket %u off event %d", random_index(socket), listener->event);
  code = RANDOM_CALL(call_event(socket->socket, listener->event, OFF, listener));
  RANDOM_CHECK(code == (listener->active > 0), "off answers %d, of %u", code, listener->active);
  listener->active -= (unsigned)code;
}

/* ---- bind, close ---- */

void random_on_bound(dgram_socket *socket, int status, void *data) {
  struct random_socket *self = data;
  dgram_address address;
  int code;

  random_begin_callback(self, "bound");
  RANDOM_CHECK(self->pending > 0 && socket == self->socket, "a bind calls back too often");
  self->pending--;
  the.calls_due--;
  self->steady = 0;
  code = RANDOM_CALL(dgram_local_address(socket, &address));
  random_expect(self, code, "local_address");
  if (!self->closing && the.mode != RANDOM_BAD_SYSTEM) {
    RANDOM_CHECK((status == 0) == (code == 0), "bound: %d, but the address: %d", status, code);
  }
  if (code == 0) self->port = address.port;
  random_act_in_callback();
  random_end_callback();
}

static void forget_listeners(const struct random_socket *socket) {
  for (unsigned i = 0; i < the.listener_count; i++)
    if (the.listeners[i].socket == socket && the.listeners[i].event != CLOSE)
      the.listeners[i].active = 0;
}

/* The first listener of `close`. The pointer is good to the end of the last one. */
void random_on_own_close(dgram_socket *socket, void *data) {
  struct random_socket *self = data;

  random_begin_callback(self, "close");
  RANDOM_CHECK(socket == self->socket && self->closing, "a socket closes by itself");
  RANDOM_CHECK(self->pending == 0, "socket %u closes with %u callbacks due", random_index(self),
               self->pending);
  RANDOM_CHECK(RANDOM_CALL(dgram_pause(socket)) == DGRAM_ENOTRUNNING, "a closed socket answers");
  self->ended = true;
  self->socket = NULL;
  the.calls_due--;
  forget_listeners(self);
  random_act_in_callback();
  random_end_callback();
}

/* The one of dgram_close, the last of all. */
void random_on_close(dgram_socket *socket, void *data) {
  struct random_socket *self = data;

  random_begin_stack_callback(self->stack, "close last");
  RANDOM_CHECK(self->ended, "the last `close` is the first");
  RANDOM_CHECK(RANDOM_CALL(dgram_resume(socket)) == DGRAM_ENOTRUNNING, "a closed socket answers");
  the.calls_due--;
  random_act_in_callback();
  random_end_callback();
}

void random_on_stack_closed(dgram_stack *stack, void *data) {
  struct random_stack *self = data;

  random_begin_stack_callback(self, "stack closed");
  RANDOM_CHECK(stack == self->stack && self->closing, "another stack");
  RANDOM_CHECK(self->resolves == 0, "a stack closes with %u lookups", self->resolves);
  for (unsigned i = 0; i < the.socket_count; i++) {
    RANDOM_CHECK(the.sockets[i].stack != self || the.sockets[i].socket == NULL,
                 "a stack closes before its socket %u", i);
  }
  self->stack = NULL;
  the.calls_due--;
  random_act_in_callback();
  random_end_callback();
}

/* Not from the loop, and it must not call. */
void random_on_unheard(dgram_stack *stack, dgram_socket *socket, const dgram_error *error,
                       void *data) {
  const struct random_stack *self = data;

  (void)socket;
  RANDOM_CHECK(stack == self->stack && error->code < 0, "an unheard error of nobody");
  random_trace("unheard: %s %s", error->syscall, dgram_error_name(error->code));
}

/* ---- timers and lookups ---- */

void random_on_timer(dgram_timer *timer, void *data) {
  struct random_timer *self = data;

  random_begin_stack_callback(self->stack, "timer");
  RANDOM_CHECK(self->running && self->timer == timer, "a timer rings that does not run");
  RANDOM_CHECK(self->stack->closing || dgram_now(self->stack->stack) >= self->deadline_ns,
               "a timer rings early");
  self->running = false;
  random_act_in_callback();
  random_end_callback();
}

void random_on_resolved(dgram_stack *stack, int status, const dgram_address *addresses,
                        void *data) {
  struct random_stack *self = data;

  random_begin_stack_callback(self, "resolved");
  RANDOM_CHECK(stack == self->stack && self->resolves > 0, "a lookup too many");
  RANDOM_CHECK((status > 0) == (addresses != NULL) && status != 0, "addresses: %d", status);
  for (int i = 0; i < status; i++)
    RANDOM_CHECK(addresses[i].port == 0 && addresses[i].family != 0, "no address");
  self->resolves--;
  the.calls_due--;
  random_act_in_callback();
  random_end_callback();
}

/* ---- binder ---- */

int random_on_bind_request(dgram_stack *stack, const dgram_bind_request *request, void *data) {
  struct random_stack *self = data;
  int code = 0;

  random_begin_stack_callback(self, "bind request");
  RANDOM_CHECK(stack == self->stack && request->id != 0, "a request of nobody");
  RANDOM_CHECK(request->address.family == request->type, "a request of another family");
  switch (random_below(5)) {
  case 0:
    code = DGRAM_EACCES;
    break;
  case 1:
  case 2:
    code = 1;
    break;
  default:
    code = the.ending || the.request_count == RANDOM_REQUESTS ? DGRAM_EADDRINUSE : 0;
    if (code < 0) break;
    the.requests[the.request_count].stack = self;
    the.requests[the.request_count].id = request->id;
    the.requests[the.request_count++].type = request->type;
    if (random_one_in(3)) random_answer_some();
  }
  random_act_in_callback();
  random_end_callback();
  return code;
}
