#include "random_program.h"

#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHOICE(list) ((list)[random_below(sizeof(list) / sizeof((list)[0]))])

/* ---- choosing ---- */

struct random_socket *random_some_socket(void) {
  for (unsigned i = 0; i < 8 && the.socket_count > 0; i++) {
    struct random_socket *socket = &the.sockets[random_below(the.socket_count)];
    if (socket->socket != NULL) return socket;
  }
  return NULL;
}

struct random_stack *random_some_stack(void) {
  return the.stack_count == 0 ? NULL : &the.stacks[random_below(the.stack_count)];
}

void random_expect(const struct random_socket *socket, int code, const char *what) {
  RANDOM_CHECK((code == DGRAM_ENOTRUNNING) == socket->closing, "%s on socket %u, which is %s: %s",
               what, random_index(socket), socket->closing ? "closed" : "open",
               dgram_error_name(code));
}

/* ---- sockets ---- */

static void create_socket(void) {
  static const int lingers[] = {-1, 1, 5, 20, INT_MAX};
  static const size_t limits[] = {0, 0, 0, 1, 8, 100, SIZE_MAX};
  struct random_stack *stack = random_some_stack();
  struct random_socket *socket = &the.sockets[the.socket_count];
  dgram_socket_options options = {0};
  int code;

  if (the.socket_count == RANDOM_SOCKETS || the.ending || stack == NULL || stack->stack == NULL)
    return;
  *socket = (struct random_socket){.stack = stack};
  socket->type = options.type = random_one_in(3) ? DGRAM_UDP6 : DGRAM_UDP4;
  options.reuse_addr = random_one_in(3);
  socket->pulls = random_one_in(4);
  if (!socket->pulls) options.on_message = random_on_first_message;
  options.data = socket;
  options.linger_ms = CHOICE(lingers);
  options.max_queued_datagrams = CHOICE(limits);
  options.max_queued_bytes = random_one_in(6) ? 1000 : 0;
  code = RANDOM_CALL(dgram_create_socket(stack->stack, &options, &socket->socket));
  random_trace("socket %u, udp%d, on stack %u", the.socket_count, socket->type,
               (unsigned)(stack - the.stacks));
  RANDOM_CHECK((code == DGRAM_ENOTRUNNING) == stack->closing, "create: %s", dgram_error_name(code));
  if (code < 0) return;
  the.socket_count++;
  /* Without memory it is closed at once, since its `close` could not be seen. */
  code = RANDOM_CALL(dgram_on_close(socket->socket, random_on_own_close, socket));
  while (code == DGRAM_ENOMEM)
    code = RANDOM_CALL(dgram_on_close(socket->socket, random_on_own_close, socket));
  the.calls_due++;
  if (!socket->pulls || stack->closing) return;
  RANDOM_CHECK(RANDOM_CALL(dgram_pause(socket->socket)) == 0, "a new socket cannot be paused");
  socket->paused = true;
}

static void close_socket(struct random_socket *socket) {
  const bool hears = random_one_in(2);
  const int code = RANDOM_CALL(dgram_close(socket->socket, hears ? random_on_close : NULL, socket));

  random_trace("close socket %u", random_index(socket));
  random_expect(socket, code, "close");
  if (code < 0) return;
  socket->closing = true;
  if (hears) the.calls_due++;
}

static void abort_socket(struct random_socket *socket) {
  const int code = RANDOM_CALL(dgram_abort(socket->socket));

  random_trace("abort socket %u", random_index(socket));
  RANDOM_CHECK(code == 0 || (socket->closing && code == DGRAM_ENOTRUNNING), "abort: %s",
               dgram_error_name(code));
  socket->closing = true;
}

/* Asks for one message more. A resume that failed, for want of memory, is tried again later. */
static void pull(struct random_socket *socket) {
  int code = 0;

  random_trace("socket %u pulls", random_index(socket));
  if (!socket->armed) {
    code = RANDOM_CALL(dgram_once_message(socket->socket, random_on_first_message, socket));
    random_expect(socket, code, "once");
    if (code < 0) return;
    socket->armed = true;
  }
  code = RANDOM_CALL(dgram_resume(socket->socket));
  random_expect(socket, code, "resume");
  if (code == 0) socket->paused = false;
  socket->steady = 0;
}

static void pause_or_resume(struct random_socket *socket) {
  const bool pause = random_one_in(2);
  int code;

  if (socket->pulls) {
    pull(socket);
    return;
  }
  code =
      pause ? RANDOM_CALL(dgram_pause(socket->socket)) : RANDOM_CALL(dgram_resume(socket->socket));

  random_trace("%s socket %u", pause ? "pause" : "resume", random_index(socket));
  random_expect(socket, code, "pause or resume");
  if (code < 0) return;
  socket->paused = pause;
  socket->steady = 0;
}

static void ref_or_unref(struct random_socket *socket) {
  dgram_socket *same = socket->socket;

  the.in_call++;
  same = random_one_in(2) ? dgram_ref(same) : dgram_unref(same);
  the.in_call--;
  RANDOM_CHECK(same == socket->socket, "ref returns another socket");
}

/* ---- binding ---- */

/* A descriptor to give away: good for the family, or not. */
static int some_descriptor(int type, bool *ret_good) {
  const int family = type == DGRAM_UDP4 ? AF_INET : AF_INET6;
  struct sockaddr_in address = {.sin_family = AF_INET};
  int fd;

  *ret_good = random_one_in(2);
  if (*ret_good) {
    fd = socket(family, SOCK_DGRAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && type == DGRAM_UDP4 && random_one_in(2)) {
      (void)!bind(fd, (struct sockaddr *)&address, sizeof address);
    }
    return fd;
  }
  switch (random_below(4)) {
  case 0:
    return socket(family, SOCK_STREAM, 0);
  case 1:
    return socket(family == AF_INET ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
  case 2:
    return open("/dev/null", O_RDONLY);
  default:
    return socket(AF_UNIX, SOCK_DGRAM, 0);
  }
}

static int call_bind(struct random_socket *socket, const dgram_bind_options *options) {
  const bool hears = random_one_in(2);
  const int code =
      RANDOM_CALL(dgram_bind(socket->socket, options, hears ? random_on_bound : NULL, socket));

  random_expect(socket, code, "bind");
  if (code == 0) {
    socket->steady = 0;
    socket->port = 0;
    socket->pending += hears;
    the.calls_due += hears;
  }
  return code;
}

static void bind_descriptor(struct random_socket *socket) {
  bool good;
  const int fd = some_descriptor(socket->type, &good);
  const dgram_bind_options options = {.fd = fd, .port = INT_MAX};
  int code;

  random_trace("bind socket %u to a %s descriptor", random_index(socket), good ? "good" : "bad");
  if (fd <= 0) return;
  code = call_bind(socket, &options);
  RANDOM_CHECK(good || code < 0, "a bad descriptor is taken");
  if (code < 0) RANDOM_CHECK(close(fd) == 0, "a refused descriptor is closed");
}

static int some_port(void) {
  static const int ports[] = {0, 0, 0, 0, 0, -1, 65536, INT_MAX, INT_MIN};
  const struct random_socket *friend = random_some_socket();
  dgram_address address;

  if (random_one_in(4) && friend != NULL && random_address_of(friend, &address))
    return address.port;
  return CHOICE(ports);
}

static void bind_socket(struct random_socket *socket) {
  static const char *const addresses[] = {
      NULL,        NULL,        "",    "127.0.0.1", "127.0.0.1",
      "::1",       "0.0.0.0",   "::",  "localhost", "fast.test",
      "slow.test", "none.test", "a:b", "192.0.2.1", "::1%nosuch"};
  dgram_bind_options options = {.port = some_port(), .address = CHOICE(addresses)};

  options.exclusive = random_one_in(4);
  if (random_one_in(20)) options.fd = random_one_in(2) ? -1 : 100000;
  if (random_one_in(10)) options.device = random_one_in(3) ? "nosuch" : "lo";
  random_trace("bind socket %u to %s:%d", random_index(socket),
               options.address != NULL ? options.address : "NULL", options.port);
  (void)call_bind(socket, random_one_in(4) ? NULL : &options);
}

/* Wrong ids too. A simulation cannot close a descriptor, so it is given none. */
void random_answer_some(void) {
  struct random_stack *stack = random_some_stack();
  uint64_t id = random_below(30);
  int answer = DGRAM_EADDRINUSE;
  int type = DGRAM_UDP4;
  bool good;

  if (the.request_count > 0) {
    const unsigned last = --the.request_count;
    stack = the.requests[last].stack;
    id = the.requests[last].id;
    type = the.requests[last].type;
  }
  if (stack == NULL || stack->stack == NULL) return;
  if (the.kind != RANDOM_SIM && !random_one_in(4)) answer = some_descriptor(type, &good);
  if (answer < 0) answer = DGRAM_EADDRINUSE;
  random_trace("answer request %u", (unsigned)id);
  const int code = RANDOM_CALL(dgram_binder_answer(stack->stack, id, answer));
  RANDOM_CHECK(code == 0 || code == DGRAM_ENOENT, "an answer: %s", dgram_error_name(code));
}

/* ---- options, groups ---- */

static void set_option(struct random_socket *socket) {
  static const int values[] = {0, 1, 64, 255, 256, -1, INT_MAX, INT_MIN};
  dgram_socket *s = socket->socket;
  const int value = CHOICE(values);
  int code;

  switch (random_below(7)) {
  case 0:
    code = RANDOM_CALL(dgram_set_broadcast(s, value > 0));
    break;
  case 1:
    code = RANDOM_CALL(dgram_set_ttl(s, value));
    break;
  case 2:
    code = RANDOM_CALL(dgram_set_multicast_ttl(s, value));
    break;
  case 3:
    code = RANDOM_CALL(dgram_set_multicast_loopback(s, value > 0));
    break;
  case 4:
    code = RANDOM_CALL(dgram_set_tos(s, value));
    break;
  case 5:
    code = RANDOM_CALL(dgram_set_dont_fragment(s, value > 0));
    break;
  default:
    code = RANDOM_CALL(dgram_set_recv_info(s, (uint32_t)(random_one_in(2) ? value & 0x3f : value)));
  }
  random_expect(socket, code, "an option");
}

/* Only on "lo", so that nothing leaves this host. */
static void change_membership(struct random_socket *socket) {
  static const char *const groups[] = {"239.1.2.3", "239.1.2.4", "ff02::114", "ff12::1",
                                       NULL,        "127.0.0.1", "group",     "ff02::1%lo"};
  static const char *const interfaces[] = {"lo",     "1",     "127.0.0.1", "::1",
                                           "nosuch", "::%lo", "0x1",       "99999"};
  const char *group = CHOICE(groups);
  const char *interface = the.kind == RANDOM_SIM && random_one_in(3) ? "*" : CHOICE(interfaces);
  const bool adds = random_one_in(2);
  const int code = adds ? RANDOM_CALL(dgram_add_membership(socket->socket, group, interface))
                        : RANDOM_CALL(dgram_drop_membership(socket->socket, group, interface));

  random_trace("socket %u %s %s on %s", random_index(socket), adds ? "joins" : "leaves",
               group != NULL ? group : "NULL", interface);
  random_expect(socket, code, "a membership");
}

static uint64_t errors_by_class(const dgram_stats *stats) {
  return stats->errors_resources + stats->errors_unreachable + stats->errors_refused +
         stats->errors_denied + stats->errors_size + stats->errors_names + stats->errors_canceled +
         stats->errors_other;
}

static void ask(struct random_socket *socket) {
  dgram_address address;
  dgram_stats stats;
  int code = RANDOM_CALL(dgram_local_address(socket->socket, &address));

  random_expect(socket, code, "local_address");
  if (code == 0) socket->port = address.port;
  code = RANDOM_CALL(dgram_get_stats(socket->socket, &stats));
  RANDOM_CHECK(code == 0, "no stats");
  RANDOM_CHECK(stats.queued <= stats.queued_high_water, "%llu queued, at most %llu",
               (unsigned long long)stats.queued, (unsigned long long)stats.queued_high_water);
  RANDOM_CHECK(stats.queued > 0 || stats.queued_bytes == 0, "bytes of no datagram");
  RANDOM_CHECK(stats.received >= socket->emitted, "heard more than was received");
  RANDOM_CHECK(stats.received >= stats.received_batches, "empty batches");
  RANDOM_CHECK(stats.sent_batches <= stats.send_calls, "more batches than calls");
  RANDOM_CHECK(errors_by_class(&stats) == stats.send_errors + stats.receive_errors,
               "errors without a class");
}

/* ---- stacks ---- */

static void set_or_stop_timer(void) {
  static const uint64_t timeouts[] = {
      0, 1, 1000, DGRAM_MILLISECOND, 3 * DGRAM_MILLISECOND, 3600 * DGRAM_SECOND};
  struct random_timer *timer = &the.timers[random_below(RANDOM_TIMERS)];
  struct random_stack *stack = random_some_stack();
  const uint64_t timeout_ns = CHOICE(timeouts);
  int code;

  if (timer->timer == NULL) timer->timer = calloc(1, sizeof *timer->timer);
  if (random_one_in(3) || stack == NULL || stack->stack == NULL) {
    code = RANDOM_CALL(dgram_timer_stop(timer->timer));
    RANDOM_CHECK(code == timer->running, "stop answers %d of a timer that %s", code,
                 timer->running ? "runs" : "does not run");
    timer->running = false;
    if (random_one_in(2)) {
      free(timer->timer);
      timer->timer = NULL;
    }
    return;
  }
  if (stack->closing) {
    RANDOM_CHECK(RANDOM_CALL(dgram_timer_start(stack->stack, timer->timer, 1, random_on_timer,
                                               timer)) == DGRAM_ENOTRUNNING,
                 "a timer starts on a closing stack");
    return;
  }
  const uint64_t now_ns = dgram_now(stack->stack);
  code = RANDOM_CALL(
      dgram_timer_start(stack->stack, timer->timer, timeout_ns, random_on_timer, timer));
  RANDOM_CHECK(code == 0, "a timer does not start: %s", dgram_error_name(code));
  timer->running = true;
  timer->stack = stack;
  timer->deadline_ns = now_ns + timeout_ns;
}

static void resolve(struct random_stack *stack) {
  static const char *const names[] = {"localhost", "fast.test", "slow.test", "none.test",
                                      "127.0.0.1", "::1",       "::1%lo",    "",
                                      "a:b",       "."};
  static const int families[] = {0, 0, DGRAM_IPV4, DGRAM_IPV6, 5, -1};
  const char *name = CHOICE(names);
  const int family = CHOICE(families);
  const int code =
      RANDOM_CALL(dgram_resolve(stack->stack, name, family, random_on_resolved, stack));

  random_trace("resolve %s, %d", name, family);
  RANDOM_CHECK((code == DGRAM_ENOTRUNNING) == stack->closing, "resolve: %s",
               dgram_error_name(code));
  if (code < 0) return;
  stack->resolves++;
  the.calls_due++;
}

/* What the end of a stack does to all that is on it. */
void random_close_stack(struct random_stack *stack) {
  const int code = RANDOM_CALL(dgram_stack_close(stack->stack, random_on_stack_closed, stack));

  random_trace("close stack %u", (unsigned)(stack - the.stacks));
  RANDOM_CHECK(code == (stack->closing ? DGRAM_ENOTRUNNING : 0), "close: %s",
               dgram_error_name(code));
  if (stack->closing) return;
  stack->closing = true;
  the.calls_due++;
  for (unsigned i = 0; i < the.socket_count; i++)
    if (the.sockets[i].stack == stack) the.sockets[i].closing = true;
  for (unsigned i = 0; i < RANDOM_TIMERS; i++)
    if (the.timers[i].stack == stack) the.timers[i].running = false;
}

static void call_stack(struct random_stack *stack) {
  char name[20];
  int code = 0;

  switch (random_below(7)) {
  case 0:
    code = RANDOM_CALL(dgram_flush(stack->stack));
    break;
  case 1:
    code = RANDOM_CALL(dgram_stack_set_binder(
        stack->stack, random_one_in(2) ? random_on_bind_request : NULL, stack));
    break;
  case 2:
    code = RANDOM_CALL(dgram_interface_index(stack->stack, random_one_in(2) ? "lo" : "nosuch"));
    break;
  case 3:
    code = RANDOM_CALL(dgram_interface_name(stack->stack, random_below(3), name, random_below(20)));
    break;
  case 4:
    RANDOM_CHECK((dgram_now(stack->stack) == 0) == stack->closing, "the time of a closing stack");
    return;
  default:
    resolve(stack);
    return;
  }
  RANDOM_CHECK((code == DGRAM_ENOTRUNNING) == stack->closing, "stack: %s", dgram_error_name(code));
}

/* ---- all of it ---- */

static void act_on_socket(struct random_socket *socket) {
  static void (*const acts[])(struct random_socket * socket) = {
      pause_or_resume,
      pause_or_resume,
      pause_or_resume,
      ref_or_unref,
      set_option,
      change_membership,
      ask,
      bind_socket,
      bind_socket,
      bind_descriptor,
      random_connect,
      random_disconnect,
      random_listen,
      random_listen,
      random_unlisten,
  };

  if (random_one_in(25)) {
    close_socket(socket);
  } else if (random_one_in(40)) {
    abort_socket(socket);
  } else if (random_one_in(2)) {
    random_send(socket);
  } else if (random_one_in(3)) {
    random_send_list(socket, random_one_in(3));
  } else {
    CHOICE(acts)(socket);
  }
}

static void act_on_stack(struct random_stack *stack) {
  if (stack == NULL || stack->stack == NULL) return;
  if (random_one_in(40)) {
    random_close_stack(stack);
  } else {
    call_stack(stack);
  }
}

void random_act(void) {
  struct random_socket *socket = random_some_socket();

  if (the.fuel == 0) return;
  the.fuel--;
  if (socket == NULL || random_one_in(12)) {
    create_socket();
  } else if (random_one_in(10)) {
    act_on_stack(random_some_stack());
  } else if (random_one_in(14)) {
    set_or_stop_timer();
  } else if (random_one_in(20)) {
    random_answer_some();
  } else if (random_one_in(60)) {
    (void)random_stack_make();
  } else if (random_one_in(20) && the.kept_count > 0) {
    dgram_message_free(the.kept[--the.kept_count]);
  } else {
    act_on_socket(socket);
  }
}

void random_act_in_callback(void) {
  if (!random_one_in(3)) return;
  for (uint32_t i = 1 + random_below(3); i > 0; i--)
    random_act();
}
