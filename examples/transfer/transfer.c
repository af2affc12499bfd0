/* The sender cuts the file into numbered blocks; the first one for which nothing is left is the END,
 * with the checksum. The receiver answers each with an ACK: the first block that it misses, and
 * which of those behind it are there. What is not acknowledged is sent again. When nothing is
 * missing the answer is DONE (or FAILED), which the sender confirms by BYE. If that is lost, the
 * receiver leaves after a silence, as in TFTP (RFC 1350 section 6).
 *
 * A datagram: its kind (1 byte) and a block's number (4), in the network's order; then the block, or
 * the checksum (8), or a bit for each of 64 blocks, the lowest for the one of that number. */

#include "transfer.h"

#include <stdlib.h>
#include <string.h>

enum kind { DATA = 1, END, ACK, DONE, FAILED, BYE }; /* the last three are last words */

enum {
  HEADER = 5,
  BLOCK = 1200,      /* fits into 1,280 bytes, which every way of IPv6 has to carry */
  WINDOW = 64,       /* blocks under way at most, the bits of an ACK */
  WINDOW_FIRST = 10, /* RFC 6928 */
  WINDOW_MIN = 4,
  REORDERED = 3 /* so many that left later have arrived: it is lost (RFC 9002 6.1.1) */
};

/* RFC 6298 asks for 1 s at least, because TCP may delay its acknowledgements. We never do. */
static const uint64_t rto_min_ns = 100 * DGRAM_MILLISECOND, rto_max_ns = DGRAM_SECOND;
static const uint64_t patience_ns = 30 * DGRAM_SECOND; /* with an end that is silent */

struct block {
  enum { LOST, UNDER_WAY, ARRIVED } state;
  bool again;       /* sent more than once */
  uint64_t sent_ns; /* the last time */
  uint64_t order;   /* among all that were sent */
};

struct transfer { /* one end of it */
  dgram_stack *stack;
  dgram_socket *socket;
  dgram_timer timer;
  dgram_address peer; /* of family 0 while nobody has sent */
  uint32_t first;     /* block that is not acknowledged; that is missing */
  uint64_t checksum;  /* of the blocks so far */
  int result;
  transfer_done_cb done;
  void *data;
  /* The sender's. */
  transfer_read_cb read;
  struct block blocks[WINDOW]; /* by number, modulo WINDOW: first up to before next */
  uint32_t next;               /* to be sent for the first time */
  bool ended;                  /* next is behind the END */
  uint32_t under_way, window, grown;
  uint64_t sent;    /* the highest order */
  uint64_t arrived; /* the highest order that has certainly arrived */
  uint64_t slowed;  /* what was lost up to this order has had its effect on the window */
  uint64_t srtt_ns, rttvar_ns, rto_ns, heard_ns;
  /* The receiver's. */
  transfer_write_cb write;
  uint64_t there; /* a bit for each block from first on */
  uint32_t end;   /* its number, the largest while it is not known */
  enum kind answer;
};

static void put(unsigned char *at, uint64_t value, int bytes) {
  while (bytes-- > 0)
    *at++ = value >> (8 * bytes) & 0xff;
}

static uint64_t get(const unsigned char *at, int bytes) {
  uint64_t value = 0;
  while (bytes-- > 0)
    value = value << 8 | *at++;
  return value;
}

/* FNV-1a of a block and its number. The file's is the sum of them, in whatever order they come. */
static uint64_t checksum_of(uint32_t number, const unsigned char *bytes, size_t length) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ number;
  for (size_t i = 0; i < length; i++)
    hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
  return hash;
}

/* The body is in the packet already. Last words go three times: a burst outlasts many timeouts. */
static void tell(struct transfer *t, enum kind kind, uint32_t number, unsigned char *packet,
                 size_t body) {
  packet[0] = (unsigned char)kind;
  put(packet + 1, number, 4);
  for (int i = 0; i < (kind >= DONE ? 3 : 1); i++)
    (void)dgram_send_to(t->socket, packet, HEADER + body, &t->peer, NULL, NULL);
}

static void on_close(dgram_socket *socket, void *data) {
  struct transfer *t = data;
  (void)socket;
  t->done(t->result, t->data);
  free(t);
}

/* Ends it, once: whoever comes later finds the socket closing. */
static void finish(struct transfer *t, int result) {
  if (dgram_close(t->socket, NULL, NULL) < 0) return;
  (void)dgram_timer_stop(&t->timer);
  t->result = result;
}

/* What is lost is sent again, whatever the reason was. But who gets no port hears nothing. */
static void on_error(dgram_socket *socket, const dgram_error *error, void *data) {
  (void)socket;
  if (strcmp(error->syscall, "bind") == 0) finish(data, error->code);
}

static int begin(dgram_stack *stack, int type, dgram_message_cb on_message, transfer_done_cb done,
                 void *data, struct transfer **ret_transfer) {
  struct transfer *t = calloc(1, sizeof *t);
  const dgram_socket_options options = {.type = type, .on_message = on_message, .data = t};
  const int code = t ? dgram_create_socket(stack, &options, &t->socket) : DGRAM_ENOMEM;
  if (code < 0) {
    free(t);
    return code;
  }
  (void)dgram_on_error(t->socket, on_error, t);
  (void)dgram_on_close(t->socket, on_close, t);
  t->stack = stack;
  t->done = done;
  t->data = data;
  t->result = DGRAM_ECANCELED;
  *ret_transfer = t;
  return 0;
}

/* ---- sending ---- */

static struct block *block_at(struct transfer *t, uint32_t number) {
  return &t->blocks[number % WINDOW];
}

static void send_block(struct transfer *t, uint32_t number, bool again) {
  unsigned char packet[HEADER + BLOCK], *body = packet + HEADER;
  const int length = t->read((uint64_t)number * BLOCK, body, BLOCK, t->data);
  *block_at(t, number) = (struct block){UNDER_WAY, again, dgram_now(t->stack), ++t->sent};
  t->under_way++;
  t->ended = t->ended || length <= 0;
  if (length > 0) {
    if (!again) t->checksum += checksum_of(number, body, (size_t)length);
    tell(t, DATA, number, packet, (size_t)length);
  } else if (length == 0) {
    put(body, t->checksum, 8);
    tell(t, END, number, packet, 8);
  } else {
    tell(t, FAILED, number, packet, 0);
    finish(t, length);
  }
}

/* Sends what the window has room for: what was lost, then what is new. */
static void fill(struct transfer *t) {
  for (uint32_t n = t->first; n != t->next && t->under_way < t->window; n++)
    if (block_at(t, n)->state == LOST) send_block(t, n, true);
  while (t->under_way < t->window && t->next - t->first < WINDOW && !t->ended)
    send_block(t, t->next++, false);
}

/* The window is halved, once for all that were under way together. */
static void lose(struct transfer *t, struct block *block) {
  block->state = LOST;
  t->under_way--;
  if (block->order <= t->slowed) return;
  t->slowed = t->sent;
  t->window = t->window / 2 > WINDOW_MIN ? t->window / 2 : WINDOW_MIN;
}

/* RFC 6298 2.2 and 2.3. */
static void measure(struct transfer *t, uint64_t rtt_ns) {
  const uint64_t off_ns = rtt_ns > t->srtt_ns ? rtt_ns - t->srtt_ns : t->srtt_ns - rtt_ns;
  t->rttvar_ns = t->srtt_ns == 0 ? rtt_ns / 2 : (3 * t->rttvar_ns + off_ns) / 4;
  t->srtt_ns = t->srtt_ns == 0 ? rtt_ns : (7 * t->srtt_ns + rtt_ns) / 8;
  t->rto_ns = t->srtt_ns + 4 * t->rttvar_ns;
  if (t->rto_ns < rto_min_ns) t->rto_ns = rto_min_ns;
}

static void on_silence(dgram_timer *timer, void *data) {
  struct transfer *t = data;
  (void)timer;
  finish(t, t->answer == ACK ? DGRAM_ETIMEDOUT : t->result);
}

static void on_timeout(dgram_timer *timer, void *data) {
  struct transfer *t = data;
  for (uint32_t n = t->first; n != t->next; n++)
    if (block_at(t, n)->state == UNDER_WAY) lose(t, block_at(t, n));
  t->window = WINDOW_MIN;
  t->rto_ns = 2 * t->rto_ns < rto_max_ns ? 2 * t->rto_ns : rto_max_ns;
  (void)dgram_timer_start(t->stack, timer, t->rto_ns, on_timeout, t);
  fill(t);
  if (dgram_now(t->stack) - t->heard_ns >= patience_ns) finish(t, DGRAM_ETIMEDOUT);
}

/* The window doubles each round trip up to the first loss; from then on it gains one block. A block
 * that was sent twice tells nothing about time and order: which one was it? (Karn) */
static void arrive(struct transfer *t, struct block *block) {
  if (block->state == UNDER_WAY) t->under_way--;
  block->state = ARRIVED;
  if (t->window < WINDOW && (t->slowed == 0 || ++t->grown % t->window == 0)) t->window++;
  if (block->again) return;
  measure(t, t->heard_ns - block->sent_ns);
  if (block->order > t->arrived) t->arrived = block->order;
}

/* All before the number have arrived, and from there on those whose bit is set. */
static void on_ack(struct transfer *t, uint32_t number, uint64_t there) {
  bool news = false;
  if (number - t->first > t->next - t->first) return; /* overtaken by one that knew more */
  t->heard_ns = dgram_now(t->stack);
  for (uint32_t n = t->first; n != t->next; n++) {
    const bool has = n - t->first < number - t->first || there >> (n - number) & 1;
    if (!has || block_at(t, n)->state == ARRIVED) continue;
    arrive(t, block_at(t, n));
    news = true;
  }
  if (!news) return;
  while (t->first != t->next && block_at(t, t->first)->state == ARRIVED)
    t->first++;
  for (uint32_t n = t->first; n != t->next; n++)
    if (block_at(t, n)->state == UNDER_WAY && block_at(t, n)->order + REORDERED <= t->arrived)
      lose(t, block_at(t, n));
  (void)dgram_timer_start(t->stack, &t->timer, t->rto_ns, on_timeout, t);
  fill(t);
}

static void on_answer(dgram_socket *socket, const dgram_message *message, void *data) {
  struct transfer *t = data;
  unsigned char packet[HEADER];
  const unsigned char *bytes = message->bytes;
  (void)socket;
  if (message->length != HEADER + 8 || !dgram_address_equal(&message->from, &t->peer)) return;
  if (bytes[0] == ACK) on_ack(t, (uint32_t)get(bytes + 1, 4), get(bytes + HEADER, 8));
  if (bytes[0] != DONE && bytes[0] != FAILED) return;
  tell(t, BYE, t->next, packet, 0);
  finish(t, bytes[0] == DONE ? 0 : DGRAM_EPROTO);
}

int transfer_send(dgram_stack *stack, const dgram_address *to, transfer_read_cb read,
                  transfer_done_cb done, void *data) {
  struct transfer *t;
  const int code = begin(stack, to->family, on_answer, done, data, &t);
  if (code < 0) return code;
  t->peer = *to;
  t->read = read;
  t->heard_ns = dgram_now(stack);
  t->window = WINDOW_FIRST;
  t->rto_ns = rto_max_ns;
  (void)dgram_timer_start(stack, &t->timer, t->rto_ns, on_timeout, t);
  fill(t);
  return 0;
}

/* ---- receiving ---- */

static void store(struct transfer *t, enum kind kind, uint32_t number, const unsigned char *bytes,
                  size_t length) {
  int code = 0;
  if (t->answer != ACK || number - t->first >= WINDOW || t->there >> (number - t->first) & 1)
    return;
  if (kind == END && length == 8) {
    t->end = number;
    t->checksum -= get(bytes, 8); /* 0 is left, where it is right */
  } else {
    t->checksum += checksum_of(number, bytes, length);
    code = t->write((uint64_t)number * BLOCK, bytes, length, t->data);
  }
  t->there |= UINT64_C(1) << (number - t->first);
  for (; t->there & 1; t->there >>= 1)
    t->first++;
  if (code == 0 && t->first <= t->end) return;
  t->result = code == 0 && t->checksum != 0 ? DGRAM_EPROTO : code;
  t->answer = t->result == 0 ? DONE : FAILED;
}

static void on_block(dgram_socket *socket, const dgram_message *message, void *data) {
  struct transfer *t = data;
  unsigned char packet[HEADER + 8];
  const unsigned char *bytes = message->bytes;
  const enum kind kind = message->length < HEADER ? ACK : (enum kind)bytes[0];
  (void)socket;
  if (t->peer.family == 0 && (kind == DATA || kind == END)) t->peer = message->from;
  if (!dgram_address_equal(&message->from, &t->peer)) return;
  if (kind == DATA || kind == END) {
    store(t, kind, (uint32_t)get(bytes + 1, 4), bytes + HEADER, message->length - HEADER);
    put(packet + HEADER, t->there, 8);
    tell(t, t->answer, t->first, packet, 8);
    (void)dgram_timer_start(t->stack, &t->timer, patience_ns, on_silence, t);
  } else if (kind == BYE || kind == FAILED) {
    finish(t, t->answer == ACK ? DGRAM_EPROTO : t->result);
  }
}

int transfer_receive(dgram_stack *stack, int port, transfer_write_cb write, transfer_done_cb done,
                     void *data) {
  struct transfer *t;
  int code = begin(stack, DGRAM_UDP4, on_block, done, data, &t);
  if (code < 0) return code;
  t->write = write;
  t->end = UINT32_MAX;
  t->answer = ACK;
  code = dgram_bind(t->socket, &(dgram_bind_options){.port = port}, NULL, NULL);
  if (code < 0) finish(t, code);
  return 0;
}
