/* The books of a test: the log, its sockets, and the calls it made. */

#include "harness_books.h"

#include <time.h>
#include <unistd.h>

enum { LOG_SIZE = 64 * 1024, BOOKS_MAX = 16384, TEXT_MAX = 40 };

/* A socket that the harness knows. */
struct h_known {
  char name[16];
  dgram_socket *socket;
  bool closed; /* its `close` has come: nothing else may */
};

static char log_text[LOG_SIZE];
static size_t log_length;
static struct h_known *sockets[BOOKS_MAX];
static size_t sockets_count;
static struct h_call *calls[BOOKS_MAX];
static size_t calls_count;

/* ---- log ---- */

const char *h_log_text(void) {
  return log_text;
}

void h_log_clear(void) {
  log_length = 0;
  log_text[0] = '\0';
}

void h_log(const char *format, ...) {
  va_list arguments;
  size_t room;
  int length;
  if (log_length > LOG_SIZE / 2) {
    h_violation("the log is full: %.200s", log_text);
    return;
  }
  if (log_length > 0) {
    memcpy(log_text + log_length, "; ", 3);
    log_length += 2;
  }
  room = LOG_SIZE - log_length;
  va_start(arguments, format);
  length = vsnprintf(log_text + log_length, room, format, arguments);
  va_end(arguments);
  log_length += (size_t)length < room ? (size_t)length : room - 1;
  h_tick();
}

size_t h_count(const char *part) {
  size_t length = strlen(part);
  size_t count = 0;
  const char *entry = log_text;
  while (entry != NULL) {
    if (strncmp(entry, part, length) == 0) count++;
    entry = strstr(entry, "; ");
    if (entry != NULL) entry += 2;
  }
  return count;
}

bool h_logged(const char *part) {
  return h_count(part) > 0;
}

void h_expect_at(const char *text, const char *file, int line) {
  static char seen[LOG_SIZE];
  memcpy(seen, log_text, log_length + 1);
  h_log_clear();
  _assert_string_equal(seen, text, file, line);
}

void h_expect_of_at(const char *name, const char *text, const char *file, int line) {
  static char seen[LOG_SIZE];
  size_t name_length = strlen(name);
  size_t length = 0;
  const char *entry = log_length > 0 ? log_text : NULL;
  seen[0] = '\0';
  while (entry != NULL) {
    const char *end = strstr(entry, "; ");
    size_t entry_length = end == NULL ? strlen(entry) : (size_t)(end - entry);
    if (strncmp(entry, name, name_length) == 0 && entry[name_length] == ' ') {
      length += (size_t)snprintf(seen + length, LOG_SIZE - length, "%s%.*s", length > 0 ? "; " : "",
                                 (int)(entry_length - name_length - 1), entry + name_length + 1);
    }
    entry = end == NULL ? NULL : end + 2;
  }
  _assert_string_equal(seen, text, file, line);
}

/* ---- sockets ---- */

static struct h_known *find(const dgram_socket *socket) {
  for (size_t i = sockets_count; i-- > 0;) {
    if (sockets[i]->socket == socket && !sockets[i]->closed) return sockets[i];
  }
  return NULL;
}

const char *h_name(const dgram_socket *socket) {
  const struct h_known *known = find(socket);
  return known == NULL ? "?" : known->name;
}

bool h_is_open(const dgram_socket *socket) {
  return find(socket) != NULL;
}

static void heard(const struct h_known *known, const dgram_socket *socket, const char *event) {
  h_callback(event);
  if (known->closed) h_violation("%s %s after close", known->name, event);
  if (known->socket != socket) h_violation("%s: %s of another socket", known->name, event);
}

static bool is_text(const char *bytes, size_t length) {
  if (length > TEXT_MAX) return false;
  for (size_t i = 0; i < length; i++) {
    if (bytes[i] < ' ' || bytes[i] > '~' || bytes[i] == ';') return false;
  }
  return true;
}

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  const struct h_known *known = data;
  heard(known, socket, "message");
  if (message->bytes == NULL) h_violation("a message without bytes");
  if (is_text(message->bytes, message->length)) {
    h_log("%s message '%.*s'", known->name, (int)message->length, (const char *)message->bytes);
  } else {
    h_log("%s message %zu bytes", known->name, message->length);
  }
}

static void on_listening(dgram_socket *socket, void *data) {
  const struct h_known *known = data;
  heard(known, socket, "listening");
  h_log("%s listening", known->name);
}

static void on_connect(dgram_socket *socket, void *data) {
  const struct h_known *known = data;
  heard(known, socket, "connect");
  h_log("%s connect", known->name);
}

static void on_error(dgram_socket *socket, const dgram_error *error, void *data) {
  const struct h_known *known = data;
  heard(known, socket, "error");
  if (error->code >= 0 || error->syscall == NULL) h_violation("an error without code or syscall");
  h_log("%s error %s %s", known->name, error->syscall, dgram_error_name(error->code));
}

static void on_drain(dgram_socket *socket, void *data) {
  const struct h_known *known = data;
  heard(known, socket, "drain");
  h_log("%s drain", known->name);
}

static void on_close(dgram_socket *socket, void *data) {
  struct h_known *known = data;
  heard(known, socket, "close");
  known->closed = true;
  h_log("%s close", known->name);
}

bool h_try_adopt(const char *name, dgram_socket *socket, int events) {
  struct h_known *known = calloc(1, sizeof(*known));
  int code;
  if (known == NULL || sockets_count == BOOKS_MAX) abort();
  snprintf(known->name, sizeof(known->name), "%s", name);
  known->socket = socket;
  sockets[sockets_count++] = known;
  code = H(dgram_on_close(socket, on_close, known));
  if (code < 0) known->closed = true; /* nobody will tell */
  if (code == 0 && events & H_MESSAGE) code = H(dgram_on_message(socket, on_message, known));
  if (code == 0 && events & H_LISTENING) code = H(dgram_on_listening(socket, on_listening, known));
  if (code == 0 && events & H_CONNECT) code = H(dgram_on_connect(socket, on_connect, known));
  if (code == 0 && events & H_ERROR) code = H(dgram_on_error(socket, on_error, known));
  if (code == 0 && events & H_DRAIN) code = H(dgram_on_drain(socket, on_drain, known));
  if (code == 0) return true;
  h_assert_code(DGRAM_ENOMEM, code);
  h_assert_ok(H(dgram_abort(socket)));
  return false;
}

void h_adopt(const char *name, dgram_socket *socket, int events) {
  assert_true(h_try_adopt(name, socket, events));
}

dgram_socket *h_socket_with(const char *name, const dgram_socket_options *options, int events) {
  dgram_socket *socket = NULL;
  h_assert_ok(H(dgram_create_socket(h_stack(), options, &socket)));
  assert_non_null(socket);
  h_adopt(name, socket, events);
  return socket;
}

dgram_socket *h_socket(const char *name, int type) {
  dgram_socket_options options = {.type = type};
  return h_socket_with(name, &options, H_ALL);
}

static void on_quietly_bound(dgram_socket *socket, int status, void *data) {
  int *ret_status = data;
  (void)socket;
  *ret_status = status;
  h_tick();
}

dgram_socket *h_bound_with(const char *name, const dgram_socket_options *options, int events) {
  dgram_socket *socket = h_socket_with(name, options, events & ~H_LISTENING);
  dgram_bind_options where = {.address = h_loopback(options->type)};
  int status = 1;
  h_assert_ok(H(dgram_bind(socket, &where, on_quietly_bound, &status)));
  for (int turns = 0; status == 1 && turns < 100; turns++)
    h_turns(1);
  h_assert_ok(status);
  if (events & H_LISTENING) h_assert_ok(H(dgram_on_listening(socket, on_listening, find(socket))));
  return socket;
}

dgram_socket *h_bound(const char *name, int type) {
  dgram_socket_options options = {.type = type};
  return h_bound_with(name, &options, H_ALL);
}

void h_need_ipv6(void) {
  dgram_socket_options options = {.type = DGRAM_UDP6};
  dgram_bind_options where = {.address = "::1"};
  dgram_socket *socket = h_socket_with("ipv6", &options, H_ERROR);
  int status = 1;
  h_assert_ok(H(dgram_bind(socket, &where, on_quietly_bound, &status)));
  for (int turns = 0; status == 1 && turns < 100; turns++)
    h_turns(1);
  h_assert_ok(dgram_close(socket, NULL, NULL));
  h_run_until("ipv6 close");
  h_log_clear();
  if (status == DGRAM_EADDRNOTAVAIL || status == DGRAM_EAFNOSUPPORT) h_skip("no IPv6 on this host");
  h_assert_ok(status);
}

/* ---- addresses ---- */

const char *h_loopback(int type) {
  return type == DGRAM_UDP6 ? "::1" : "127.0.0.1";
}

dgram_address h_literal(const char *text, int port) {
  dgram_address address;
  h_assert_ok(dgram_address_parse(text, port, &address));
  return address;
}

int h_port(const dgram_socket *socket) {
  dgram_address address;
  h_assert_ok(dgram_local_address(socket, &address));
  assert_int_not_equal(address.port, 0);
  return address.port;
}

dgram_address h_address(const dgram_socket *socket) {
  return h_literal(h_loopback(dgram_socket_type(socket)), h_port(socket));
}

void h_set_port(dgram_address *address, int port) {
  address->port = (uint16_t)port;
}

const char *h_format(const dgram_address *address) {
  static char texts[4][DGRAM_ADDRESS_TEXT + 8];
  static size_t next;
  char *text = texts[next++ % 4];
  char host[DGRAM_ADDRESS_TEXT];
  if (dgram_address_format(address, host, sizeof(host)) < 0) snprintf(host, sizeof(host), "?");
  snprintf(text, sizeof(texts[0]), "%s:%d", host, address->port);
  return text;
}

/* ---- calls ---- */

struct h_call *h_call_new(const dgram_socket *socket, const char *label, long length) {
  struct h_call *call = calloc(1, sizeof(*call));
  if (call == NULL || calls_count == BOOKS_MAX) abort();
  snprintf(call->label, sizeof(call->label), "%s", label);
  call->known = socket == NULL ? NULL : find(socket);
  call->length = length;
  call->status = 1;
  calls[calls_count++] = call;
  return call;
}

int h_call_made(struct h_call *call, int code) {
  call->code = code;
  return code;
}

static void ran(struct h_call *call, const dgram_socket *socket, int status) {
  call->runs++;
  call->status = status;
  h_callback(call->label);
  if (call->known == NULL) return;
  heard(call->known, socket, call->label);
}

void h_on_bind(dgram_socket *socket, int status, void *data) {
  struct h_call *call = data;
  ran(call, socket, status);
  if (status > 0) h_violation("a bind called back with %d", status);
  h_log("%s bind %s", call->known->name, dgram_error_name(status));
  if (call->then != NULL) call->then(call, socket);
}

void h_on_connected(dgram_socket *socket, int status, void *data) {
  struct h_call *call = data;
  ran(call, socket, status);
  if (status > 0) h_violation("a connect called back with %d", status);
  h_log("%s connected %s", call->known->name, dgram_error_name(status));
  if (call->then != NULL) call->then(call, socket);
}

void h_on_sent(dgram_socket *socket, int status, void *data) {
  struct h_call *call = data;
  ran(call, socket, status);
  if (status < 0) {
    h_log("%s unsent '%s' %s", call->known->name, call->label, dgram_error_name(status));
  } else {
    if (status != call->length) h_violation("%d of %ld bytes were sent", status, call->length);
    h_log("%s sent '%s'", call->known->name, call->label);
  }
  if (call->then != NULL) call->then(call, socket);
}

void h_on_sent_many(dgram_socket *socket, dgram_datagram *list, size_t count, void *data) {
  struct h_call *call = data;
  size_t sent = 0;
  ran(call, socket, 0);
  for (size_t i = 0; i < count; i++)
    sent += list[i].result == (int32_t)list[i].length ? 1 : 0;
  if ((long)count != call->length) h_violation("%zu of %ld datagrams", count, call->length);
  h_log("%s sent %zu of %zu", call->known->name, sent, count);
  if (call->then != NULL) call->then(call, socket);
}

void h_on_resolved(dgram_stack *stack, int status, const dgram_address *addresses, void *data) {
  struct h_call *call = data;
  char text[512] = "";
  size_t length = 0;
  ran(call, NULL, status);
  if (stack != h_stack()) h_violation("a lookup of another stack");
  if ((status > 0) != (addresses != NULL)) h_violation("a lookup ended with %d", status);
  for (int i = 0; i < status && length < sizeof(text); i++) {
    char one[DGRAM_ADDRESS_TEXT] = "?";
    if (addresses[i].port != 0) h_violation("a lookup with a port");
    dgram_address_format(&addresses[i], one, sizeof(one));
    length += (size_t)snprintf(text + length, sizeof(text) - length, " %s", one);
  }
  if (status <= 0) snprintf(text, sizeof(text), " %s", dgram_error_name(status));
  h_log("resolve %s%s", call->label, text);
  if (call->then != NULL) call->then(call, NULL);
}

int h_bind(dgram_socket *socket, const dgram_bind_options *options) {
  struct h_call *call = h_call_new(socket, "bind", 0);
  return h_call_made(call, H(dgram_bind(socket, options, h_on_bind, call)));
}

int h_bind_to(dgram_socket *socket, const char *address, int port) {
  dgram_bind_options options = {.port = port, .address = address};
  return h_bind(socket, &options);
}

int h_connect(dgram_socket *socket, const char *address, int port) {
  struct h_call *call = h_call_new(socket, "connect", 0);
  return h_call_made(call, H(dgram_connect(socket, port, address, h_on_connected, call)));
}

int h_send_bytes(dgram_socket *socket, const void *bytes, size_t length, dgram_address to) {
  char label[32];
  struct h_call *call;
  snprintf(label, sizeof(label), "%zu bytes", length);
  call = h_call_new(socket, label, (long)length);
  return h_call_made(call, H(dgram_send_to(socket, bytes, length, &to, h_on_sent, call)));
}

int h_send_then(dgram_socket *socket, const char *text, dgram_address to,
                void (*then)(struct h_call *call, dgram_socket *socket)) {
  struct h_call *call = h_call_new(socket, text, (long)strlen(text));
  call->then = then;
  return h_call_made(call, H(dgram_send_to(socket, text, strlen(text), &to, h_on_sent, call)));
}

int h_send(dgram_socket *socket, const char *text, dgram_address to) {
  return h_send_then(socket, text, to, NULL);
}

int h_send_peer(dgram_socket *socket, const char *text) {
  struct h_call *call = h_call_new(socket, text, (long)strlen(text));
  return h_call_made(call, H(dgram_send_to(socket, text, strlen(text), NULL, h_on_sent, call)));
}

int h_send_name(dgram_socket *socket, const char *text, int port, const char *address) {
  struct h_call *call = h_call_new(socket, text, (long)strlen(text));
  return h_call_made(call,
                     H(dgram_send(socket, text, strlen(text), port, address, h_on_sent, call)));
}

int h_post(dgram_socket *socket, const char *text, dgram_address to) {
  return H(dgram_send_to(socket, text, strlen(text), &to, NULL, NULL));
}

int h_post_peer(dgram_socket *socket, const char *text) {
  return H(dgram_send_to(socket, text, strlen(text), NULL, NULL, NULL));
}

int h_resolve(const char *name, int family) {
  struct h_call *call = h_call_new(NULL, name, 0);
  return h_call_made(call, H(dgram_resolve(h_stack(), name, family, h_on_resolved, call)));
}

int h_end(dgram_socket *socket) {
  return H(dgram_close(socket, NULL, NULL));
}

/* ---- the balance ---- */

void h_books_forget(void) {
  calls_count = 0;
  sockets_count = 0;
}

void h_books_close(void) {
  for (size_t i = 0; i < calls_count; i++) {
    const struct h_call *call = calls[i];
    int due = call->code >= 0 ? 1 : 0;
    if (call->runs != due) {
      h_violation("rule 3: call '%s' returned %s and called back %d times", call->label,
                  dgram_error_name(call->code), call->runs);
    }
    free(calls[i]);
  }
  for (size_t i = 0; i < sockets_count; i++) {
    if (!sockets[i]->closed) h_violation("rule 6: `close` of %s never came", sockets[i]->name);
    free(sockets[i]);
  }
  h_books_forget();
}

/* ---- chance ---- */

/* By the process, since programs that run side by side must not choose the same group; not by
 * addresses in memory, which are the same in each where the system does not randomise them. */
uint64_t h_seed(void) {
  const char *text = getenv("DGRAM_TEST_SEED");
  uint64_t seed = text != NULL ? strtoull(text, NULL, 0)
                               : (uint64_t)time(NULL) * 1000003 + (uint64_t)getpid() * 2654435761U;
  if (seed == 0) seed = 1;
  print_message("seed: DGRAM_TEST_SEED=%llu\n", (unsigned long long)seed);
  return seed;
}

uint32_t h_random(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return (uint32_t)(*state >> 32);
}
