/* Names, and a resolver that does not answer. The resolver is a socket here, at B's port 53, that
 * keeps every query until it is told to answer. libuv looks up two names at a time, so the third
 * one and on only wait for a thread: both kinds have to be let go.
 *
 * The script has named it in resolv.conf, with a timeout longer than the test, and written
 * /etc/hosts. */

#include "net.h"

enum { QUERIES_MAX = 8 };

static struct net_box resolver, a, b;

static struct query {
  dgram_address from;
  size_t length;
  unsigned char bytes[256];
} queries[QUERIES_MAX];
static size_t queries_kept;
static size_t queries_seen;

/* ---- resolver ---- */

static void on_query(dgram_socket *socket, const dgram_message *message, void *data) {
  struct query *query = &queries[queries_kept++];
  (void)socket, (void)data;
  NET_CHECK(queries_kept <= QUERIES_MAX && message->length <= sizeof query->bytes);
  query->from = message->from;
  query->length = message->length;
  memcpy(query->bytes, message->bytes, message->length);
  queries_seen++;
}

/* Past the header and the one question: its name, type and class. RFC 1035 4.1. */
static size_t question_end(const struct query *query) {
  size_t at = 12;
  while (query->bytes[at] != 0)
    at += query->bytes[at] + 1u;
  return at + 5;
}

/* Answers all queries kept: with B's address, or that there is no such name. */
static void answer(bool exists) {
  static const unsigned char record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 10, 9, 0, 2};
  for (size_t i = 0; i < queries_kept; i++) {
    unsigned char reply[sizeof queries[i].bytes + sizeof record];
    size_t length = question_end(&queries[i]);
    memcpy(reply, queries[i].bytes, length);
    memcpy(reply + 2, (uint8_t[]){0x81, exists ? 0x80 : 0x83, 0, 1, 0, exists, 0, 0, 0, 0}, 10);
    if (exists) memcpy(reply + length, record, sizeof record);
    if (exists) length += sizeof record;
    NET_CODE(dgram_send_to(resolver.socket, reply, length, &queries[i].from, NULL, NULL), 0);
  }
  queries_kept = 0;
}

static void queries_come(size_t more) {
  static size_t before;
  NET_UNTIL(queries_seen, before + more);
  before += more;
}

/* ---- names ---- */

static void open_in_a(int type, int linger_ms) {
  net_on("A");
  net_create(&a, &(dgram_socket_options){.type = type, .linger_ms = linger_ms});
}

/* From /etc/hosts. */
static void known_names(int type, const char *own) {
  char text[DGRAM_ADDRESS_TEXT];
  dgram_address local;
  net_open(&b, "B", type, NULL);
  open_in_a(type, 0);
  NET_CODE(net_bind_to(&a, &(dgram_bind_options){.address = "host-a"}), 0);
  NET_CODE(dgram_local_address(a.socket, &local), 0);
  dgram_address_format(&local, text, sizeof text);
  NET_CHECK(strcmp(text, own) == 0);
  NET_SEND(&a, "by-name", "host-b", b.port);
  NET_HEAR(&b, "by-name ");
  net_close(&a);
  net_close(&b);
}

/* A name that the resolver has to be asked for; nothing is kept of the answer. */
static void asked_names(void) {
  struct net_answer sent = {0};
  open_in_a(DGRAM_UDP4, 0);
  net_open(&b, "B", DGRAM_UDP4, NULL);
  for (int i = 0; i < 2; i++) {
    NET_CODE(dgram_send(a.socket, "asked", 5, b.port, "there.test.", net_answered, &sent), 0);
    queries_come(1);
    NET_CHECK(sent.count == (size_t)i);
    answer(true);
    NET_HEAR(&b, "asked ");
    NET_UNTIL(sent.count, (size_t)i + 1);
    NET_CODE(sent.status, 5);
  }
  net_close(&a);
  net_close(&b);
}

static void unknown_names(void) {
  struct net_answer sent = {0};
  open_in_a(DGRAM_UDP4, 0);
  NET_CODE(dgram_send(a.socket, "x", 1, 9, "nowhere.test.", net_answered, &sent), 0);
  queries_come(1);
  answer(false);
  NET_UNTIL(sent.count, 1);
  NET_CODE(sent.status, DGRAM_ENOTFOUND);
  NET_CHECK(a.errors == 0);
  NET_CODE(dgram_send(a.socket, "x", 1, 9, "nowhere.test.", NULL, NULL), 0);
  queries_come(1);
  answer(false);
  NET_UNTIL(a.errors, 1);
  NET_CODE(a.error_code, DGRAM_ENOTFOUND);
  NET_CHECK(strcmp(a.error_syscall, "getaddrinfo") == 0);
  NET_CHECK(strcmp(a.error_address, "nowhere.test.") == 0 && a.error_port == 9);
  /* Known, but in the other family: the system asks on. */
  NET_CODE(dgram_send(a.socket, "x", 1, 9, "only-b6", net_answered, &sent), 0);
  queries_come(1);
  answer(false);
  NET_UNTIL(sent.count, 2);
  NET_CODE(sent.status, DGRAM_ENOTFOUND);
  net_close(&a);
}

/* ---- silence ---- */

/* Linger: what is answered while it lasts still goes out. */
static void answered_while_closing(void) {
  struct net_answer sent = {0};
  net_open(&b, "B", DGRAM_UDP4, NULL);
  open_in_a(DGRAM_UDP4, 0);
  NET_CODE(dgram_send(a.socket, "late", 4, b.port, "there.test.", net_answered, &sent), 0);
  NET_CODE(dgram_close(a.socket, net_on_closed, &a.closed), 0);
  queries_come(1);
  NET_CHECK(sent.count == 0 && a.closed == 0);
  answer(true);
  NET_HEAR(&b, "late ");
  NET_UNTIL(a.closed, 1);
  NET_CHECK(sent.count == 1);
  NET_CODE(sent.status, 4);
  net_close(&b);
}

/* dgram_run returns when the linger is over, although the lookup still occupies a thread. */
static void close_lingers(const char *name, uint64_t least_ms, uint64_t most_ms, int linger_ms) {
  struct net_answer sent = {0};
  uint64_t start_ms = uv_hrtime() / 1000000;
  open_in_a(DGRAM_UDP4, linger_ms);
  NET_CODE(dgram_send(a.socket, "never", 5, 9, name, net_answered, &sent), 0);
  NET_CODE(dgram_close(a.socket, net_on_closed, &a.closed), 0);
  NET_CODE(dgram_run(net_stack), 0);
  uint64_t took_ms = uv_hrtime() / 1000000 - start_ms;
  NET_CHECK(sent.count == 1 && a.closed == 1 && a.errors == 0);
  NET_CODE(sent.status, DGRAM_ECANCELED);
  if (took_ms < least_ms || took_ms > most_ms)
    net_fail(__FILE__, __LINE__, "linger of %d ms took %d ms", linger_ms, (int)took_ms);
}

/* An unref'd socket's accepted work keeps the loop as well, and no longer. */
static void abort_at_once(void) {
  struct net_answer sent = {0};
  open_in_a(DGRAM_UDP4, 0);
  dgram_unref(a.socket);
  NET_CODE(dgram_on_close(a.socket, net_on_closed, &a.closed), 0);
  NET_CODE(dgram_send(a.socket, "never", 5, 9, "silent-2.test.", net_answered, &sent), 0);
  queries_come(1);
  NET_CODE(dgram_abort(a.socket), 0);
  NET_CODE(dgram_run(net_stack), 0);
  NET_CHECK(sent.count == 1 && a.closed == 1);
  NET_CODE(sent.status, DGRAM_ECANCELED);
}

static void close_while_binding(void) {
  struct net_answer bound = {0};
  open_in_a(DGRAM_UDP4, 300);
  dgram_bind_options silent = {.address = "silent-4.test."};
  NET_CODE(dgram_bind(a.socket, &silent, net_answered, &bound), 0);
  NET_CODE(dgram_close(a.socket, net_on_closed, &a.closed), 0);
  NET_CODE(dgram_run(net_stack), 0);
  NET_CHECK(bound.count == 1 && a.closed == 1 && a.errors == 0);
  NET_CODE(bound.status, DGRAM_ECANCELED);
}

static void on_resolved(dgram_stack *stack, int status, const dgram_address *addresses,
                        void *data) {
  struct net_answer *answered = data;
  (void)stack;
  NET_CHECK(!addresses);
  answered->count++;
  answered->status = status;
}

/* Another stack on the same loop. */
static void close_stack(const char *name) {
  struct net_answer resolved = {0};
  size_t closed = 0;
  dgram_stack *stack;
  NET_CODE(dgram_uv_stack_create(net_loop, NULL, &stack), 0);
  NET_CODE(dgram_resolve(stack, name, 0, on_resolved, &resolved), 0);
  NET_CODE(dgram_stack_close(stack, net_count_stack, &closed), 0);
  NET_CODE(dgram_run(net_stack), 0);
  NET_CHECK(resolved.count == 1 && closed == 1);
  NET_CODE(resolved.status, DGRAM_ECANCELED);
}

/* The default stack, as a program of ten lines has it. */
static void default_stack(void) {
  struct net_answer sent = {0};
  dgram_socket_options options = {.type = DGRAM_UDP4, .linger_ms = 300};
  size_t closed = 0;
  dgram_socket *socket;
  NET_CODE(dgram_create_socket(NULL, &options, &socket), 0);
  NET_CODE(dgram_send(socket, "never", 5, 9, "silent-5.test.", net_answered, &sent), 0);
  NET_CODE(dgram_close(socket, net_on_closed, &closed), 0);
  NET_CODE(dgram_run(NULL), 0);
  NET_CHECK(sent.count == 1 && closed == 1);
  NET_CODE(sent.status, DGRAM_ECANCELED);
}

int main(int count, char **words) {
  net_begin();
  net_on("B");
  net_create(&resolver, &(dgram_socket_options){.type = DGRAM_UDP4});
  dgram_off_message(resolver.socket, net_on_message, &resolver);
  NET_CODE(dgram_on_message(resolver.socket, on_query, NULL), 0);
  NET_CODE(net_bind_to(&resolver, &(dgram_bind_options){.port = 53}), 0);
  dgram_unref(resolver.socket);
  known_names(DGRAM_UDP4, "10.9.0.1");
  if (count == 2 && strchr(words[1], '6')) known_names(DGRAM_UDP6, "fd00:9::1");
  asked_names();
  unknown_names();
  answered_while_closing();
  close_lingers("silent-1.test.", 250, 3000, 300);
  queries_come(1);
  abort_at_once();
  close_lingers("silent-3.test.", 250, 3000, 300); /* waits for a thread */
  close_lingers("silent-3.test.", 0, 200, -1);
  close_while_binding();
  close_stack("silent-1.test.");
  close_stack("silent-6.test.");
  default_stack();
  NET_CHECK(queries_kept == 2);
  answer(false);
  net_close(&resolver);
  net_end(); /* waits for the two lookups that could not be cancelled */
  return 0;
}
