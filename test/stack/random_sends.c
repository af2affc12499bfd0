#include "random_program.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- books ---- */

enum state { REFUSED, ACCEPTED, FAILED };

/* A datagram that somebody wanted to send. Its number is its place. */
static struct {
  uint8_t state;
  bool arrived;
  uint8_t sender;     /* index of the socket */
  uint16_t from_port; /* 0: not known */
  uint16_t to_port;
  uint32_t length;
  uint64_t destination; /* as written: what rule 7 orders by */
} books[RANDOM_DATAGRAMS];
static uint32_t book_count;

/* The last one that arrived at a socket, of each sender and destination. */
struct random_order {
  struct random_order *next;
  uint64_t destination;
  uint8_t sender;
  uint32_t last;
};

/* What a payload begins with, where it is long enough. */
struct head {
  uint64_t nonce;
  uint32_t number;
  uint32_t length;
};

/* A send with a callback. It lives to the end, its bytes until the callback. */
struct outgoing {
  struct outgoing *next;
  struct random_socket *socket;
  uint32_t first; /* in the books */
  uint32_t count;
  unsigned called;
  bool accepted;
  bool in_order;        /* to addresses: it calls back in the order of the calls */
  dgram_datagram *list; /* of a list, else NULL */
  dgram_datagram *copy; /* the list as it was given */
  unsigned char **bytes;
  dgram_buffer **parts;
};
static struct outgoing *outgoings;

static uint64_t nonce(void) {
  return the.seed * 2 + 1;
}

static void fill(unsigned char *bytes, uint32_t number, uint32_t length) {
  const struct head head = {nonce(), number, length};

  for (uint32_t i = 0; i < length; i++)
    bytes[i] = (unsigned char)(length < sizeof head ? 0x5a + i : number * 7 + i);
  if (length >= sizeof head) memcpy(bytes, &head, sizeof head);
}

static bool is_filled(const unsigned char *bytes, uint32_t number, uint32_t length) {
  for (uint32_t i = length < sizeof(struct head) ? 0 : sizeof(struct head); i < length; i++) {
    const uint32_t wanted = length < sizeof(struct head) ? 0x5a + i : number * 7 + i;
    if (bytes[i] != (unsigned char)wanted) return false;
  }
  return true;
}

static uint32_t random_length(void) {
  switch (random_below(24)) {
  case 0:
    return 0;
  case 1:
    return random_below(16);
  case 2:
    return 1000 + random_below(9000);
  case 3:
    return random_one_in(3) ? 65000 + random_below(600) : 100;
  default:
    return 16 + random_below(200);
  }
}

/* ---- destinations ---- */

struct destination {
  bool wrong; /* must be refused */
  bool peer;  /* no address: the socket is connected */
  int port;
  const char *name; /* what dgram_send is given, or NULL for `address` as text */
  dgram_address address;
  char text[DGRAM_ADDRESS_TEXT];
};

/* How a socket of this type reaches an address that may be 0.0.0.0, 127.0.0.1, :: or ::1. False:
 * not at all. */
static bool reach(int type, dgram_address *address) {
  static const uint8_t zero[16];
  const bool any = memcmp(address->bytes, zero, sizeof zero) == 0;
  const bool ipv6 = address->family == DGRAM_IPV6;
  const char *text = "127.0.0.1";

  if (type == DGRAM_UDP4 && ipv6 && !any) return false;
  if (type == DGRAM_UDP6) text = ipv6 ? "::1" : "::ffff:127.0.0.1";
  return dgram_address_parse(text, address->port, address) == 0;
}

bool random_address_of(const struct random_socket *socket, dgram_address *ret_address) {
  return socket->socket != NULL &&
         RANDOM_CALL(dgram_local_address(socket->socket, ret_address)) == 0;
}

static bool same_network(const struct random_socket *a, const struct random_socket *b) {
  return the.kind != RANDOM_SIM || a->stack == b->stack;
}

/* To a friend, or where nobody answers. */
static void choose_address(const struct random_socket *from, struct destination *to) {
  for (unsigned i = 0; i < 6; i++) {
    const struct random_socket *friend = random_some_socket();
    if (friend == NULL || !same_network(from, friend)) continue;
    if (!random_address_of(friend, &to->address)) continue;
    if (reach(from->type, &to->address)) goto found;
  }
  to->address = (dgram_address){.family = DGRAM_IPV4};
  to->address.port = random_one_in(2) ? the.sink_port : 1;
  (void)reach(from->type, &to->address);
found:
  to->port = to->address.port;
  (void)dgram_address_format(&to->address, to->text, sizeof to->text);
}

static void spoil(const struct random_socket *from, struct destination *to) {
  static const int ports[] = {0, -1, 65536, INT_MIN, INT_MAX};
  static const char *const names[] = {"a:b", "::1%nosuch", "fe80::1%", ".", "1:2:3:4:5:6:7:8:9"};
  static char too_long[300];

  to->wrong = true;
  switch (random_below(4)) {
  case 0:
    to->port = ports[random_below(5)];
    break;
  case 1:
    to->name = names[random_below(5)];
    break;
  case 2:
    to->name = from->type == DGRAM_UDP4 ? "::1" : "127.0.0.1";
    break;
  default:
    memset(too_long, 'n', sizeof too_long - 1);
    to->name = too_long + random_below(40);
  }
}

static void choose_destination(const struct random_socket *from, struct destination *to) {
  static const char *const names[] = {"localhost", "localhost", "fast.test",
                                      "slow.test", "none.test", "again.test"};

  memset(to, 0, sizeof *to);
  choose_address(from, to);
  if (random_one_in(12)) {
    spoil(from, to);
  } else if (random_one_in(5)) {
    to->name = names[random_below(6)];
  }
}

/* Who is connected sends to its peer, or now and then to an address, which must be refused. */
static void choose_where(const struct random_socket *from, struct destination *to) {
  choose_destination(from, to);
  if (!from->connected) return;
  if (to->wrong || random_one_in(8)) {
    to->wrong = true;
    return;
  }
  *to = (struct destination){.peer = true};
}

/* ---- bookkeeping ---- */

static uint64_t destination_key(const struct destination *to) {
  const char *text = to->name != NULL ? to->name : to->text;
  uint64_t key = (uint64_t)to->port;

  for (; *text != '\0'; text++)
    key = key * 131 + (unsigned char)*text;
  return key;
}

static uint32_t enter(const struct random_socket *from, const struct destination *to,
                      uint32_t length) {
  const uint32_t number = book_count++;

  RANDOM_CHECK(number < RANDOM_DATAGRAMS, "the books are full");
  books[number].state = REFUSED;
  books[number].arrived = false;
  books[number].sender = (uint8_t)random_index(from);
  books[number].from_port = 0;
  books[number].to_port = to->peer ? from->peer_port : (uint16_t)to->port;
  books[number].length = length;
  books[number].destination = to->peer ? from->peer_key : destination_key(to);
  return number;
}

/* What an answer of 0 means for datagrams first to first + count - 1. */
static void mark_accepted(struct random_socket *socket, uint32_t first, uint32_t count) {
  dgram_address address;
  const uint16_t port = random_address_of(socket, &address) ? address.port : 0;

  for (uint32_t i = first; i < first + count; i++) {
    books[i].state = ACCEPTED;
    books[i].from_port = port;
  }
}

/* libuv may have sent what is cancelled. */
static void end_datagram(uint32_t number, int result) {
  if (result >= 0) {
    RANDOM_CHECK((uint32_t)result == books[number].length, "%u bytes sent as %d",
                 (unsigned)books[number].length, result);
    return;
  }
  RANDOM_CHECK(result > -10000, "a result of %d", result);
  if (result == DGRAM_ECANCELED) return;
  RANDOM_CHECK(!books[number].arrived, "datagram %u arrived, but failed: %s", (unsigned)number,
               dgram_error_name(result));
  books[number].state = FAILED;
}

static struct outgoing *new_outgoing(struct random_socket *socket, uint32_t count) {
  struct outgoing *outgoing = calloc(1, sizeof *outgoing);

  outgoing->socket = socket;
  outgoing->first = book_count;
  outgoing->count = count;
  outgoing->bytes = calloc(count + 1, sizeof *outgoing->bytes);
  outgoing->parts = calloc(count + 1, sizeof *outgoing->parts);
  outgoing->next = outgoings;
  outgoings = outgoing;
  return outgoing;
}

/* The bytes must not be touched from here on; ASan would see it. */
static void free_bytes(struct outgoing *outgoing) {
  for (uint32_t i = 0; i < outgoing->count; i++) {
    free(outgoing->bytes[i]);
    free(outgoing->parts[i]);
  }
  free(outgoing->bytes);
  free(outgoing->parts);
  free(outgoing->list);
  free(outgoing->copy);
  outgoing->bytes = NULL;
  outgoing->parts = NULL;
  outgoing->list = outgoing->copy = NULL;
}

void random_forget_datagrams(void) {
  while (outgoings != NULL) {
    struct outgoing *next = outgoings->next;
    RANDOM_CHECK(outgoings->bytes == NULL, "bytes are still borrowed");
    free(outgoings);
    outgoings = next;
  }
  book_count = 0;
}

static void end_outgoing(struct outgoing *outgoing) {
  RANDOM_CHECK(outgoing->accepted, "a refused send calls back");
  RANDOM_CHECK(outgoing->called++ == 0, "a send calls back twice");
  RANDOM_CHECK(outgoing->socket->pending > 0, "a callback too many");
  outgoing->socket->pending--;
  the.calls_due--;
  if (!outgoing->in_order) return;
  RANDOM_CHECK(outgoing->first >= outgoing->socket->ended_up_to, "datagram %u calls back after %u",
               (unsigned)outgoing->first, (unsigned)outgoing->socket->ended_up_to);
  outgoing->socket->ended_up_to = outgoing->first;
}

static void on_sent(dgram_socket *socket, int status, void *data) {
  struct outgoing *outgoing = data;

  random_begin_callback(outgoing->socket, "sent");
  RANDOM_CHECK(socket == outgoing->socket->socket, "sent by another socket");
  random_trace("datagram %u: %d", (unsigned)outgoing->first, status);
  end_outgoing(outgoing);
  end_datagram(outgoing->first, status);
  free_bytes(outgoing);
  random_act_in_callback();
  random_end_callback();
}

static bool same_but_result(dgram_datagram a, dgram_datagram b) {
  return a.bytes == b.bytes && a.length == b.length && dgram_address_equal(&a.to, &b.to) &&
         a.info == b.info && a.parts == b.parts;
}

static void on_list_sent(dgram_socket *socket, dgram_datagram *list, size_t count, void *data) {
  struct outgoing *outgoing = data;

  random_begin_callback(outgoing->socket, "list sent");
  RANDOM_CHECK(socket == outgoing->socket->socket, "sent by another socket");
  RANDOM_CHECK(list == outgoing->list && count == outgoing->count, "another list");
  end_outgoing(outgoing);
  for (uint32_t i = 0; i < count; i++) {
    RANDOM_CHECK(list[i].result != INT32_MIN, "result %u of %zu is not written", (unsigned)i,
                 count);
    RANDOM_CHECK(same_but_result(list[i], outgoing->copy[i]), "the list was changed");
    end_datagram(outgoing->first + i, list[i].result);
  }
  free_bytes(outgoing);
  random_act_in_callback();
  random_end_callback();
}

/* ---- sending ---- */

/* Cuts bytes into pieces, some of them empty. Returns new. */
static dgram_buffer *cut(const unsigned char *bytes, size_t length, uint32_t count) {
  dgram_buffer *parts = calloc(count + 1, sizeof *parts);
  size_t at = 0;

  for (uint32_t i = 0; i < count; i++) {
    const size_t left = length - at;
    const size_t size = i + 1 == count ? left : random_below((uint32_t)left + 1);
    if (size > 0) parts[i] = (dgram_buffer){bytes + at, size};
    at += size;
  }
  return parts;
}

static int call_send(struct random_socket *from, const struct destination *to,
                     const unsigned char *bytes, size_t length, dgram_send_cb cb, void *data) {
  const char *text = to->name != NULL ? to->name : to->text;

  if (to->name == NULL && random_one_in(2) && !to->wrong) {
    return RANDOM_CALL(
        dgram_send_to(from->socket, bytes, length, to->peer ? NULL : &to->address, cb, data));
  }
  if (random_one_in(4)) {
    const uint32_t count =
        length == 0 ? random_below(3) : 1 + random_below(random_one_in(4) ? 60 : 8);
    dgram_buffer *parts = cut(bytes, length, count);
    const int code =
        RANDOM_CALL(dgram_send_gather(from->socket, parts, count, to->port, text, cb, data));
    free(parts);
    return code;
  }
  return RANDOM_CALL(
      dgram_send(from->socket, length == 0 ? NULL : bytes, length, to->port, text, cb, data));
}

static void count_refusal(struct random_socket *socket, int code) {
  if (code == DGRAM_EQUEUEFULL) socket->refusals++;
}

/* A callback is due, or else nobody borrows the bytes any more. */
static void await(struct random_socket *socket, struct outgoing *outgoing, bool called_back) {
  if (!called_back) {
    free_bytes(outgoing);
    return;
  }
  outgoing->accepted = true;
  socket->pending++;
  the.calls_due++;
}

void random_send(struct random_socket *socket) {
  const uint32_t length = random_length();
  const bool hears = random_one_in(2);
  struct destination to;
  struct outgoing *outgoing;
  int code;

  choose_where(socket, &to);
  outgoing = new_outgoing(socket, 1);
  enter(socket, &to, length);
  outgoing->bytes[0] = malloc(length + 1);
  fill(outgoing->bytes[0], outgoing->first, length);
  random_trace("socket %u sends %u, %u bytes to %s:%d", random_index(socket),
               (unsigned)outgoing->first, (unsigned)length, to.name != NULL ? to.name : to.text,
               to.port);
  code = call_send(socket, &to, outgoing->bytes[0], length, hears ? on_sent : NULL, outgoing);
  random_expect(socket, code, "send");
  RANDOM_CHECK(code <= 0, "a send answers %d", code);
  RANDOM_CHECK(!to.wrong || code < 0, "a wrong destination is taken");
  count_refusal(socket, code);
  if (code == 0) mark_accepted(socket, outgoing->first, 1);
  outgoing->in_order = to.name == NULL;
  await(socket, outgoing, code == 0 && hears);
}

static uint32_t list_length(void) {
  if (random_one_in(10)) return 0;
  return random_one_in(12) ? 60 + random_below(200) : 1 + random_below(12);
}

static void prepare_list(struct random_socket *socket, struct outgoing *outgoing) {
  static const dgram_send_info nothing;
  struct destination to;

  outgoing->list = calloc(outgoing->count + 1, sizeof *outgoing->list);
  outgoing->copy = calloc(outgoing->count + 1, sizeof *outgoing->copy);
  for (uint32_t i = 0; i < outgoing->count; i++) {
    const uint32_t length = random_length() % 9000;
    dgram_datagram *datagram = &outgoing->list[i];
    if (i == 0 || random_one_in(3)) {
      memset(&to, 0, sizeof to);
      to.peer = socket->connected;
      if (!to.peer) choose_address(socket, &to);
    }
    outgoing->bytes[i] = malloc(length + 1);
    fill(outgoing->bytes[i], enter(socket, &to, length), length);
    *datagram = (dgram_datagram){.bytes = outgoing->bytes[i], .length = length, .to = to.address};
    datagram->result = INT32_MIN;
    if (random_one_in(8)) datagram->info = &nothing;
    if (random_one_in(4)) {
      datagram->parts = 1 + random_below(DGRAM_PARTS_MAX);
      datagram->bytes = outgoing->parts[i] = cut(outgoing->bytes[i], length, datagram->parts);
    }
    outgoing->copy[i] = *datagram;
  }
}

/* Makes one datagram of the list one that all must be refused for. */
static bool spoil_list(const struct random_socket *socket, const struct outgoing *outgoing) {
  static const dgram_send_info everything = {.set = UINT32_MAX};
  dgram_datagram *datagram;

  if (outgoing->count == 0 || !random_one_in(12)) return false;
  datagram = &outgoing->list[random_below(outgoing->count)];
  switch (random_below(5)) {
  case 0:
    datagram->to.port = socket->connected ? 7 : 0;
    break;
  case 1:
    datagram->to.family = (uint8_t)(datagram->to.family == DGRAM_IPV4 ? DGRAM_IPV6 : DGRAM_IPV4);
    break;
  case 2:
    datagram->length = SIZE_MAX - random_below(100);
    break;
  case 3:
    datagram->info = &everything;
    break;
  default:
    memset(&datagram->to, socket->connected ? 1 : 0, sizeof datagram->to);
  }
  return true;
}

static void try_list(struct random_socket *socket, struct outgoing *outgoing, bool wrong) {
  const int code =
      RANDOM_CALL(dgram_try_send_many(socket->socket, outgoing->list, outgoing->count));

  random_expect(socket, code, "try_send_many");
  RANDOM_CHECK(code <= (int)outgoing->count, "more tried than there were");
  RANDOM_CHECK(!wrong || code < 0, "a wrong list is taken");
  for (int i = 0; i < code; i++) {
    const uint32_t number = outgoing->first + (uint32_t)i;
    mark_accepted(socket, number, 1);
    RANDOM_CHECK(outgoing->list[i].result != INT32_MIN, "no result of a try");
    end_datagram(number, outgoing->list[i].result);
  }
  free_bytes(outgoing);
}

void random_send_list(struct random_socket *socket, bool try_only) {
  struct outgoing *outgoing = new_outgoing(socket, list_length());
  const bool hears = random_one_in(2);
  bool wrong;
  int code;

  prepare_list(socket, outgoing);
  wrong = spoil_list(socket, outgoing);
  random_trace("socket %u %s %u datagrams from %u", random_index(socket),
               try_only ? "tries" : "sends", (unsigned)outgoing->count, (unsigned)outgoing->first);
  if (try_only) {
    try_list(socket, outgoing, wrong);
    return;
  }
  code = RANDOM_CALL(dgram_send_many(socket->socket, outgoing->list, outgoing->count,
                                     hears ? on_list_sent : NULL, outgoing));
  random_expect(socket, code, "send_many");
  RANDOM_CHECK(code <= 0 && (!wrong || code < 0), "a wrong list is taken");
  count_refusal(socket, code);
  if (code == 0) mark_accepted(socket, outgoing->first, outgoing->count);
  outgoing->in_order = outgoing->count > 0;
  await(socket, outgoing, code == 0 && hears);
}

/* ---- peers ---- */

static void set_peer(struct random_socket *socket, const struct destination *to) {
  static uint64_t connections;

  socket->peer_port = (uint16_t)to->port;
  socket->peer_key = ++connections << 32;
}

/* The event is emitted before it, and nobody listens to that. */
static void on_connected(dgram_socket *socket, int status, void *data) {
  struct random_socket *self = data;

  random_begin_callback(self, "connected");
  RANDOM_CHECK(socket == self->socket, "connected by another socket");
  RANDOM_CHECK(self->pending > 0, "a callback too many");
  RANDOM_CHECK(self->connecting, "a connect ends that was not begun");
  random_trace("socket %u is connected: %d", random_index(self), status);
  self->pending--;
  the.calls_due--;
  self->connecting = false;
  self->connected = status == 0;
  random_act_in_callback();
  random_end_callback();
}

void random_connect(struct random_socket *socket) {
  const bool sync = random_one_in(3);
  const bool free = !socket->connecting && !socket->connected;
  struct destination to;
  const char *text;
  int code;

  choose_destination(socket, &to);
  text = to.name != NULL ? to.name : to.text;
  random_trace("connect socket %u to %s:%d", random_index(socket), text, to.port);
  code = sync ? RANDOM_CALL(dgram_connect_sync(socket->socket, to.port, text))
              : RANDOM_CALL(dgram_connect(socket->socket, to.port, text, on_connected, socket));
  random_expect(socket, code, "connect");
  RANDOM_CHECK(code < 0 || (free && !to.wrong), "a connect is taken");
  RANDOM_CHECK(code != DGRAM_EISCONNECTED || !free, "who is not connected says so");
  if (code < 0) return;
  set_peer(socket, &to);
  socket->connected = sync;
  socket->connecting = !sync;
  socket->pending += !sync;
  the.calls_due += !sync;
}

/* Somebody has taken the port: what has not left comes from another one. */
static void forget_port(struct random_socket *socket) {
  socket->lost_port = true;
  socket->port = 0;
  for (uint32_t i = 0; i < book_count; i++)
    if (books[i].sender == random_index(socket)) books[i].from_port = 0;
}

void random_disconnect(struct random_socket *socket) {
  const int code = RANDOM_CALL(dgram_disconnect(socket->socket));

  random_trace("disconnect socket %u: %d", random_index(socket), code);
  random_expect(socket, code, "disconnect");
  if (socket->closing) return;
  RANDOM_CHECK((code == DGRAM_ENOTCONNECTED) == !socket->connected, "a disconnect answers %s",
               dgram_error_name(code));
  if (code == DGRAM_EADDRINUSE) forget_port(socket);
  if (code == 0 || code == DGRAM_EADDRINUSE) socket->connected = false;
}

/* ---- receiving ---- */

void random_forget_orders(struct random_socket *socket) {
  while (socket->orders != NULL) {
    struct random_order *next = socket->orders->next;
    free(socket->orders);
    socket->orders = next;
  }
}

static void check_order(struct random_socket *socket, uint32_t number) {
  struct random_order *order = socket->orders;

  while (order != NULL &&
         (order->sender != books[number].sender || order->destination != books[number].destination))
    order = order->next;
  if (order == NULL) {
    order = calloc(1, sizeof *order);
    order->sender = books[number].sender;
    order->destination = books[number].destination;
    order->next = socket->orders;
    socket->orders = order;
  } else {
    RANDOM_CHECK(order->last < number, "datagram %u arrives behind %u", (unsigned)number,
                 (unsigned)order->last);
  }
  order->last = number;
}

static bool is_ours(const dgram_message *message, struct head *ret_head) {
  if (message->length < sizeof *ret_head) return false;
  memcpy(ret_head, message->bytes, sizeof *ret_head);
  return ret_head->nonce == nonce();
}

/* Where others are on the network too, what is not ours may be theirs. */
void random_check_message(struct random_socket *socket, const dgram_message *message) {
  const uint32_t length = (uint32_t)message->length;
  struct head head;

  RANDOM_CHECK(message->bytes != NULL, "a message without bytes");
  if (!is_ours(message, &head)) {
    RANDOM_CHECK(!the.hermetic || (length < sizeof head && is_filled(message->bytes, 0, length)),
                 "a message of %u bytes that nobody sent", (unsigned)length);
    return;
  }
  RANDOM_CHECK(head.number < book_count, "datagram %u was never sent", (unsigned)head.number);
  RANDOM_CHECK(books[head.number].state == ACCEPTED, "datagram %u arrives, but was %s",
               (unsigned)head.number, books[head.number].state == FAILED ? "failed" : "refused");
  RANDOM_CHECK(!books[head.number].arrived, "datagram %u arrives twice", (unsigned)head.number);
  books[head.number].arrived = true;
  RANDOM_CHECK(head.length == length && books[head.number].length == length, "%u bytes became %u",
               (unsigned)books[head.number].length, (unsigned)length);
  RANDOM_CHECK(is_filled(message->bytes, head.number, length), "datagram %u was changed",
               (unsigned)head.number);
  RANDOM_CHECK(socket->port == 0 || socket->lost_port || books[head.number].to_port == socket->port,
               "datagram %u to port %u arrives at %u", (unsigned)head.number,
               books[head.number].to_port, socket->port);
  RANDOM_CHECK(books[head.number].from_port == 0 ||
                   books[head.number].from_port == message->from.port,
               "datagram %u comes from port %u", (unsigned)head.number, message->from.port);
  check_order(socket, head.number);
}
