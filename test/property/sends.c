#include <stdlib.h>
#include <string.h>

#include "world.h"

/* A send with a callback. It lives to the end, its bytes until the callback. */
struct outgoing {
  struct outgoing *next;
  struct property_socket *socket;
  uint32_t first; /* in the books */
  uint32_t count;
  unsigned called;
  bool accepted;
  bool in_order; /* to addresses: it calls back in the order of the calls */
  unsigned char *bytes;
  dgram_datagram *list; /* of a list, else NULL */
  dgram_datagram *copy; /* the list as it was given */
  dgram_buffer *parts;
};

static struct outgoing *outgoings;

/* ---- destinations ---- */

static uint64_t key_of(const struct property_destination *to) {
  uint64_t key = (uint64_t)to->port;
  const char *text = to->text != NULL ? to->text : "";

  for (; *text != '\0'; text++)
    key = key * 131 + (unsigned char)*text;
  return key;
}

void property_choose(const struct property_step *step, const struct property_socket *socket,
                     struct property_destination *to) {
  const bool local = step->args[0] == PROPERTY_TO_LOOPBACK || step->args[0] == PROPERTY_TO_DEFAULT;

  memset(to, 0, sizeof *to);
  to->text = property_written(step, socket->type, to->room, sizeof to->room);
  to->name = step->args[0] == PROPERTY_TO_HOST_NAME || step->args[0] == PROPERTY_TO_NAME;
  to->wrong = step->args[0] == PROPERTY_TO_WRONG;
  to->port = PROPERTY_PORT + step->other_slot;
  if (local || step->args[0] == PROPERTY_TO_SOCKET)
    to->port =
        property_port_of(local ? step->host : step->other, step->other_slot, step->args[5] != 0);
  if (to->wrong && step->other % 3 == 2 && step->other_slot != 0) {
    to->text = NULL;
    to->port = step->other_slot == 1 ? 0 : step->other_slot == 2 ? 65536 : -1;
  }
  if (to->text == NULL) to->text = socket->type == DGRAM_UDP4 ? "127.0.0.1" : "::1";
  if (!to->name && !to->wrong)
    PROPERTY_CHECK("refuse", dgram_address_parse(to->text, to->port, &to->address) == 0,
                   "%s is no address", to->text);
  to->key = key_of(to);
  to->book_port = (uint16_t)to->port;
  to->to = (uint8_t)step->args[0];
  to->other = step->other;
}

/* Who is connected sends without an address; now and then with one, which must be refused. */
static void choose(const struct property_step *step, const struct property_socket *socket,
                   struct property_destination *to) {
  property_choose(step, socket, to);
  if (socket->peer_state != PROPERTY_CONNECTED) return;
  if (to->wrong || step->args[4] != 0) {
    to->wrong = true;
    to->address.family = 1; /* a list's zeroed one would be the peer's */
    return;
  }
  *to = socket->peer;
  to->peer = true;
  to->name = false;
  to->text = NULL;
  to->port = 0;
  to->address = (dgram_address){0};
}

/* ---- books ---- */

static struct outgoing *begin_send(const struct property_step *step, struct property_socket *socket,
                                   const struct property_destination *to, uint32_t count) {
  struct outgoing *outgoing = calloc(1, sizeof *outgoing);
  const uint32_t length = step->args[1];

  PROPERTY_CHECK("memory", outgoing != NULL, "no memory for a send");
  outgoing->next = outgoings;
  outgoings = outgoing;
  outgoing->socket = socket;
  outgoing->first = property_book_count();
  outgoing->count = count;
  outgoing->in_order = !to->name;
  outgoing->bytes = malloc((size_t)length * count + 1);
  PROPERTY_CHECK("memory", outgoing->bytes != NULL, "no memory for a payload");
  for (uint32_t i = 0; i < count; i++) {
    const struct property_book book = {.sender = socket,
                                       .destination = to->key,
                                       .length = length,
                                       .port = to->book_port,
                                       .to = to->to,
                                       .other = to->other};
    property_fill(outgoing->bytes + (size_t)i * length, property_enter(&book), length);
  }
  return outgoing;
}

/* Nobody may look at the bytes from here on. */
static void free_bytes(struct outgoing *outgoing) {
  if (outgoing->count > 0)
    memset(outgoing->bytes, 0xdd, (size_t)property_book(outgoing->first)->length * outgoing->count);
  free(outgoing->bytes);
  free(outgoing->list);
  free(outgoing->copy);
  free(outgoing->parts);
  outgoing->bytes = NULL;
  outgoing->list = outgoing->copy = NULL;
  outgoing->parts = NULL;
}

static void mark_accepted(struct property_socket *socket, uint32_t first, uint32_t count) {
  for (uint32_t i = first; i < first + count; i++) {
    struct property_book *book = property_book(i);
    book->state = PROPERTY_ACCEPTED;
    socket->accepted++;
    socket->accepted_bytes += book->length;
    if (book->to == PROPERTY_TO_GROUP || book->to == PROPERTY_TO_BROADCAST) property.spreads = true;
  }
}

static void end_datagram(uint32_t number, int result) {
  struct property_book *book = property_book(number);

  book->sender->told_sent += result >= 0;
  book->sender->told_failed += result < 0;

  property_note((uint64_t)(int64_t)result);
  if (result >= 0) {
    PROPERTY_CHECK("sent", (uint32_t)result == book->length, "%u bytes are sent as %d",
                   (unsigned)book->length, result);
    return;
  }
  book->state = PROPERTY_FAILED;
}

static void end_outgoing(struct outgoing *outgoing) {
  struct property_socket *socket = outgoing->socket;

  PROPERTY_CHECK("once", outgoing->accepted, "a refused send calls back: datagram %u",
                 (unsigned)outgoing->first);
  PROPERTY_CHECK("once", outgoing->called++ == 0, "datagram %u calls back twice",
                 (unsigned)outgoing->first);
  PROPERTY_CHECK("once", socket->pending > 0, "a callback too many");
  socket->pending--;
  property.calls_due--;
  if (!outgoing->in_order) return;
  PROPERTY_CHECK("order", outgoing->first >= socket->ended_up_to,
                 "datagram %u of h%us%u calls back after %u", (unsigned)outgoing->first,
                 socket->host, socket->slot, (unsigned)socket->ended_up_to);
  socket->ended_up_to = outgoing->first;
}

static void on_sent(dgram_socket *socket, int status, void *data) {
  struct outgoing *outgoing = data;

  property_begin_callback(outgoing->socket, "sent");
  PROPERTY_CHECK("once", socket == outgoing->socket->socket, "sent by another socket");
  property_say("datagram %u: %d", (unsigned)outgoing->first, status);
  end_outgoing(outgoing);
  end_datagram(outgoing->first, status);
  free_bytes(outgoing);
  property_end_callback(outgoing->socket->host);
}

static bool is_same_but_result(const dgram_datagram *a, const dgram_datagram *b) {
  return a->bytes == b->bytes && a->length == b->length && dgram_address_equal(&a->to, &b->to) &&
         a->info == b->info && a->parts == b->parts;
}

static void on_list_sent(dgram_socket *socket, dgram_datagram *list, size_t count, void *data) {
  struct outgoing *outgoing = data;

  property_begin_callback(outgoing->socket, "list sent");
  PROPERTY_CHECK("once", socket == outgoing->socket->socket, "sent by another socket");
  PROPERTY_CHECK("borrow", list == outgoing->list && count == outgoing->count, "another list");
  end_outgoing(outgoing);
  for (uint32_t i = 0; i < count; i++) {
    PROPERTY_CHECK("once", list[i].result != INT32_MIN, "result %u of %zu is not written",
                   (unsigned)i, count);
    PROPERTY_CHECK("borrow", is_same_but_result(&list[i], &outgoing->copy[i]),
                   "the list was changed");
    end_datagram(outgoing->first + i, list[i].result);
  }
  free_bytes(outgoing);
  property_end_callback(outgoing->socket->host);
}

/* ---- the limit ---- */

/* What the queue holds before a send, and what must follow from it. */
static void check_limit(struct property_socket *socket, const dgram_stats *before, uint64_t count,
                        uint64_t bytes, int code) {
  const bool full =
      before->queued + count > socket->limit || before->queued_bytes + bytes > socket->limit_bytes;

  if (code == DGRAM_EQUEUEFULL) socket->owed = before->queued > 0;
  PROPERTY_CHECK("limit", code != DGRAM_EQUEUEFULL || full,
                 "a send is refused with %llu of %llu datagrams queued",
                 (unsigned long long)before->queued, (unsigned long long)socket->limit);
  PROPERTY_CHECK("limit", code < 0 || !full, "a send is taken with %llu of %llu datagrams queued",
                 (unsigned long long)before->queued, (unsigned long long)socket->limit);
}

static void check_code(const struct property_socket *socket, const struct property_destination *to,
                       uint32_t length, int code) {
  const uint32_t most = socket->type == DGRAM_UDP4 ? 65507 : 65527;

  property_expect(socket, code, "a send");
  PROPERTY_CHECK("refuse", code < 0 || !to->wrong, "a wrong destination is taken: %.40s",
                 to->text != NULL ? to->text : "");
  PROPERTY_CHECK("refuse", code < 0 || length <= most, "%u bytes are taken", (unsigned)length);
}

/* ---- calls ---- */

static void await(struct outgoing *outgoing, bool called_back) {
  if (!called_back) {
    free_bytes(outgoing);
    return;
  }
  outgoing->accepted = true;
  outgoing->socket->pending++;
  property.calls_due++;
}

/* In three pieces, the second empty; an empty datagram has none. */
static int gather(struct property_socket *socket, const struct outgoing *outgoing, size_t length,
                  const struct property_destination *to, dgram_send_cb cb) {
  const dgram_buffer parts[] = {{outgoing->bytes, length / 3},
                                {NULL, 0},
                                {outgoing->bytes + length / 3, length - length / 3}};

  return PROPERTY_CALL(dgram_send_gather(socket->socket, parts, length > 0 ? 3 : 0, to->port,
                                         to->text, cb, (void *)outgoing));
}

static int call_send(const struct property_step *step, struct property_socket *socket,
                     struct outgoing *outgoing, const struct property_destination *to) {
  const dgram_send_cb cb = step->args[3] != 0 ? on_sent : NULL;
  const size_t length = step->args[1];

  if (step->args[2] == 1 && !to->name && !to->wrong)
    return PROPERTY_CALL(dgram_send_to(socket->socket, outgoing->bytes, length,
                                       to->peer ? NULL : &to->address, cb, outgoing));
  if (step->args[2] == 2) return gather(socket, outgoing, length, to, cb);
  return PROPERTY_CALL(dgram_send(socket->socket, outgoing->bytes, length, to->port,
                                  step->args[0] == PROPERTY_TO_DEFAULT ? NULL : to->text, cb,
                                  outgoing));
}

static void send_one(const struct property_step *step, struct property_socket *socket) {
  struct property_destination to;
  struct outgoing *outgoing;
  dgram_stats before;
  int code;

  choose(step, socket, &to);
  outgoing = begin_send(step, socket, &to, 1);
  property_say("h%us%u sends %u to %.40s:%d", socket->host, socket->slot, (unsigned)outgoing->first,
               to.text != NULL ? to.text : "its peer", to.port);
  (void)PROPERTY_CALL(dgram_get_stats(socket->socket, &before));
  code = property_answer(step, call_send(step, socket, outgoing, &to));
  check_code(socket, &to, step->args[1], code);
  check_limit(socket, &before, 1, step->args[1], code);
  if (code == 0) mark_accepted(socket, outgoing->first, 1);
  await(outgoing, code == 0 && step->args[3] != 0);
}

static void cut(const struct property_step *step, struct outgoing *outgoing, uint32_t index) {
  const uint32_t count = step->args[5];
  dgram_datagram *datagram = &outgoing->list[index];
  dgram_buffer *parts = outgoing->parts + (size_t)index * count;
  size_t at = 0;

  for (uint32_t i = 0; i < count; i++) {
    const size_t size = i + 1 == count ? datagram->length - at : datagram->length / count;
    parts[i] = (dgram_buffer){(const unsigned char *)datagram->bytes + at, size};
    at += size;
  }
  datagram->parts = count;
  datagram->bytes = parts;
}

static void fill_list(const struct property_step *step, struct outgoing *outgoing,
                      const struct property_destination *to) {
  outgoing->list = calloc(outgoing->count + 1, sizeof *outgoing->list);
  outgoing->copy = calloc(outgoing->count + 1, sizeof *outgoing->copy);
  outgoing->parts = calloc((size_t)outgoing->count * step->args[5] + 1, sizeof *outgoing->parts);
  PROPERTY_CHECK("memory", outgoing->list && outgoing->copy && outgoing->parts, "no memory");
  for (uint32_t i = 0; i < outgoing->count; i++) {
    dgram_datagram *datagram = &outgoing->list[i];
    datagram->bytes = outgoing->bytes + (size_t)i * step->args[1];
    datagram->length = step->args[1];
    datagram->to = to->address;
    datagram->result = INT32_MIN;
    if (step->args[5] > 0) cut(step, outgoing, i);
    outgoing->copy[i] = *datagram;
  }
}

static int try_list(const struct property_step *step, struct property_socket *socket,
                    struct outgoing *outgoing) {
  const int code =
      PROPERTY_CALL(dgram_try_send_many(socket->socket, outgoing->list, outgoing->count));

  (void)step;
  if (code > 0) mark_accepted(socket, outgoing->first, (uint32_t)code);
  for (int i = 0; i < code; i++)
    end_datagram(outgoing->first + (uint32_t)i, outgoing->list[i].result);
  return code;
}

static void send_list(const struct property_step *step, struct property_socket *socket) {
  const uint32_t count = step->args[2] < PROPERTY_LIST ? step->args[2] : PROPERTY_LIST;
  const bool hears = step->args[3] != 0 && step->call == PROPERTY_SEND_MANY;
  struct property_destination to;
  struct outgoing *outgoing;
  dgram_stats before;
  int code;

  choose(step, socket, &to);
  if (to.name) return;
  outgoing = begin_send(step, socket, &to, count);
  fill_list(step, outgoing, &to);
  property_say("h%us%u %s %u to %u, to %.40s:%d", socket->host, socket->slot,
               hears                              ? "sends"
               : step->call == PROPERTY_SEND_MANY ? "posts"
                                                  : "tries",
               (unsigned)outgoing->first, (unsigned)(outgoing->first + count),
               to.text != NULL ? to.text : "its peer", to.port);
  (void)PROPERTY_CALL(dgram_get_stats(socket->socket, &before));
  if (step->call == PROPERTY_TRY_SEND) {
    code = try_list(step, socket, outgoing);
  } else {
    code = PROPERTY_CALL(dgram_send_many(socket->socket, outgoing->list, count,
                                         hears ? on_list_sent : NULL, outgoing));
    check_limit(socket, &before, count == 0 && hears ? 1 : count, (uint64_t)step->args[1] * count,
                code);
    if (code == 0) mark_accepted(socket, outgoing->first, count);
  }
  (void)property_answer(step, code);
  check_code(socket, &to, count > 0 ? step->args[1] : 0, count > 0 || code < 0 ? code : -1);
  await(outgoing, code == 0 && hears);
}

bool property_act_send(const struct property_step *step) {
  struct property_socket *socket = property_socket_of(step->host, step->slot);

  if (step->call != PROPERTY_SEND && step->call != PROPERTY_SEND_MANY &&
      step->call != PROPERTY_TRY_SEND)
    return false;
  if (socket == NULL || socket->socket == NULL) return true;
  if (step->call != PROPERTY_SEND) {
    send_list(step, socket);
    return true;
  }
  for (uint32_t i = 0; i == 0 || (i < step->args[6] && i < PROPERTY_TIMES); i++)
    send_one(step, socket);
  return true;
}

void property_forget_sends(void) {
  while (outgoings != NULL) {
    struct outgoing *outgoing = outgoings;
    outgoings = outgoing->next;
    PROPERTY_CHECK("once", outgoing->called == (outgoing->accepted ? 1 : 0),
                   "datagram %u of h%us%u never calls back", (unsigned)outgoing->first,
                   outgoing->socket->host, outgoing->socket->slot);
    PROPERTY_CHECK("borrow", outgoing->bytes == NULL, "bytes are still borrowed");
    free(outgoing);
  }
}
