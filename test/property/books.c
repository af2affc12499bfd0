/* What was sent. A payload names its datagram, where it is long enough; the others are told apart
 * by their length only. */

#include <stdlib.h>
#include <string.h>

#include "world.h"

struct head {
  uint32_t number;
  uint32_t check; /* of the number, the length, the seed */
};

enum { PATTERN = 1 << 17 };

static struct property_book *books;
static uint32_t book_count;
static uint32_t book_room;
static unsigned char pattern[PATTERN];

uint32_t property_enter(const struct property_book *book) {
  if (book_count == book_room) {
    book_room = book_room == 0 ? 1024 : book_room * 2;
    books = realloc(books, book_room * sizeof *books);
    PROPERTY_CHECK("memory", books != NULL, "no memory for the books");
  }
  books[book_count] = *book;
  return book_count++;
}

struct property_book *property_book(uint32_t number) {
  return &books[number];
}

uint32_t property_book_count(void) {
  return book_count;
}

void property_forget_books(void) {
  book_count = 0;
}

/* ---- payloads ---- */

static struct head head_of(uint32_t number, uint32_t length) {
  const uint64_t mixed =
      splitmix_mix(property.program->seed + ((uint64_t)number << 17) + length + 1);

  return (struct head){number, (uint32_t)mixed};
}

/* Which part of the pattern a payload is. */
static const unsigned char *pattern_of(uint32_t number) {
  if (pattern[0] == 0) {
    for (uint32_t i = 0; i < PATTERN; i++)
      pattern[i] = (unsigned char)(splitmix_mix(i + 1) | (i == 0));
  }
  return pattern + number * 61 % (PATTERN - 65536);
}

void property_fill(unsigned char *bytes, uint32_t number, uint32_t length) {
  const struct head head = head_of(number, length);

  if (length < sizeof head) {
    memset(bytes, 0x5a, length);
    return;
  }
  memcpy(bytes, &head, sizeof head);
  memcpy(bytes + sizeof head, pattern_of(number), length - sizeof head);
}

static bool is_anonymous(const dgram_message *message) {
  return message->length < sizeof(struct head);
}

/* Of a payload that is long enough: the number that it names, or UINT32_MAX. */
static uint32_t number_of(const dgram_message *message) {
  const unsigned char *bytes = message->bytes;
  struct head head;
  struct head wanted;

  memcpy(&head, bytes, sizeof head);
  if (head.number >= book_count || message->length > 65536) return UINT32_MAX;
  wanted = head_of(head.number, (uint32_t)message->length);
  if (memcmp(&head, &wanted, sizeof head) != 0) return UINT32_MAX;
  if (books[head.number].length != message->length) return UINT32_MAX;
  if (memcmp(bytes + sizeof head, pattern_of(head.number), message->length - sizeof head) != 0)
    return UINT32_MAX;
  return head.number;
}

bool property_is_whole(const dgram_message *message) {
  const unsigned char *bytes = message->bytes;

  if (!is_anonymous(message)) return number_of(message) != UINT32_MAX;
  for (size_t i = 0; i < message->length; i++)
    if (bytes[i] != 0x5a) return false;
  return true;
}

/* ---- who may hear it ---- */

static bool may_hear(const struct property_socket *socket, const struct property_book *book) {
  if (socket->port != book->port) return false;
  switch (book->to) {
  case PROPERTY_TO_SOCKET:
  case PROPERTY_TO_HOST_NAME:
    return socket->host == book->other;
  case PROPERTY_TO_LOOPBACK:
  case PROPERTY_TO_DEFAULT:
    return socket->host == book->sender->host;
  case PROPERTY_TO_GROUP:
    return (property.hosts[socket->host].groups >> book->other % PROPERTY_GROUPS & 1) != 0;
  case PROPERTY_TO_BROADCAST:
  case PROPERTY_TO_NAME:
    return true;
  default:
    return false;
  }
}

static bool is_from(const dgram_address *from, const struct property_socket *sender) {
  char text[DGRAM_ADDRESS_TEXT];
  char own[DGRAM_ADDRESS_TEXT];
  const char *plain = text;

  if (sender->port != 0 && from->port != sender->port) return false;
  if (dgram_address_format(from, text, sizeof text) < 0) return false;
  if (strncmp(text, "::ffff:", 7) == 0) plain = text + 7;
  if (strcmp(plain, "127.0.0.1") == 0 || strcmp(plain, "::1") == 0) return true;
  for (unsigned i = 0; i < 4; i++) {
    dgram_address address;
    property_host_text(sender->host, i < 2 ? DGRAM_UDP4 : DGRAM_UDP6, i % 2, own, sizeof own);
    if (dgram_address_parse(own, 0, &address) < 0) continue;
    (void)dgram_address_format(&address, own, sizeof own);
    if (strcmp(plain, own) == 0) return true;
  }
  return false;
}

static bool is_known(const struct property_socket *socket, const dgram_message *message) {
  for (uint32_t i = book_count; i > 0; i--) {
    const struct property_book *book = &books[i - 1];
    if (book->length != message->length || book->state != PROPERTY_ACCEPTED) continue;
    if (may_hear(socket, book) && is_from(&message->from, book->sender)) return true;
  }
  return false;
}

/* ---- once, in order ---- */

static void check_twice(struct property_socket *socket, uint32_t number) {
  const unsigned most = property.doubles ? 2 : 1;

  if (number >= socket->seen_count) {
    const uint32_t room = book_count + 64;
    socket->seen = realloc(socket->seen, room);
    PROPERTY_CHECK("memory", socket->seen != NULL, "no memory for what was seen");
    memset(socket->seen + socket->seen_count, 0, room - socket->seen_count);
    socket->seen_count = room;
  }
  PROPERTY_CHECK("twice", ++socket->seen[number] <= most,
                 "datagram %u arrives at h%us%u for the %uth time", (unsigned)number, socket->host,
                 socket->slot, socket->seen[number]);
}

static void check_order(struct property_socket *socket, uint32_t number) {
  const struct property_book *book = &books[number];
  struct property_order *order = socket->orders;

  while (order != NULL &&
         (order->sender != book->sender || order->destination != book->destination))
    order = order->next;
  if (order == NULL) {
    order = calloc(1, sizeof *order);
    PROPERTY_CHECK("memory", order != NULL, "no memory for an order");
    order->sender = book->sender;
    order->destination = book->destination;
    order->next = socket->orders;
    socket->orders = order;
  }
  PROPERTY_CHECK("order",
                 number >= order->last || property.reorders[book->sender->host][socket->host],
                 "h%us%u hears datagram %u of h%us%u after %u", socket->host, socket->slot,
                 (unsigned)number, book->sender->host, book->sender->slot, (unsigned)order->last);
  order->last = number;
}

void property_check_message(struct property_socket *socket, const dgram_message *message) {
  const struct property_book *book;
  uint32_t number;

  PROPERTY_CHECK("sent", property_is_whole(message), "h%us%u hears %zu bytes that nobody has sent",
                 socket->host, socket->slot, message->length);
  if (is_anonymous(message)) {
    PROPERTY_CHECK("sent", is_known(socket, message), "h%us%u hears %zu bytes that were not for it",
                   socket->host, socket->slot, message->length);
    return;
  }
  number = number_of(message);
  property_note(number);
  book = &books[number];
  PROPERTY_CHECK("sent", book->state == PROPERTY_ACCEPTED, "datagram %u arrives, but was %s",
                 (unsigned)number,
                 book->state == PROPERTY_FAILED ? "told to have failed" : "refused");
  PROPERTY_CHECK("sent", may_hear(socket, book), "datagram %u arrives at h%us%u", (unsigned)number,
                 socket->host, socket->slot);
  PROPERTY_CHECK("sent", is_from(&message->from, book->sender),
                 "datagram %u of h%us%u comes from port %u", (unsigned)number, book->sender->host,
                 book->sender->slot, message->from.port);
  property_check_peer(socket, message, number);
  check_twice(socket, number);
  check_order(socket, number);
}
