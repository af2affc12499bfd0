/* Groups of datagrams (GSO) on ways that do not take them, or take nothing: groups mtu 4|6,
 * blackhole or filtered. Only the linux stack forms groups; what is told by a socket's count of
 * calls. */

#include "net.h"

/* More than one call takes one by one (DGRAM__SEND_MESSAGES), and few enough for a receiver. */
enum { COUNT = 66, LENGTH_MAX = 1300 };

static struct net_box a, b;
static dgram_datagram list[COUNT];
static unsigned char payloads[COUNT][LENGTH_MAX + 1]; /* no neighbours in memory */
static size_t ended;

static void on_list(dgram_socket *socket, dgram_datagram *sent, size_t count, void *data) {
  (void)socket, (void)sent, (void)count, (void)data;
  ended++;
}

static void fill(size_t length, const char *address, int port) {
  for (size_t i = 0; i < COUNT; i++) {
    memset(payloads[i], (int)i, length);
    list[i] = (dgram_datagram){.bytes = payloads[i], .length = length};
    NET_CODE(dgram_address_parse(address, port, &list[i].to), 0);
  }
}

static size_t send_calls(void) {
  dgram_stats stats;
  NET_CODE(dgram_get_stats(a.socket, &stats), 0);
  return (size_t)stats.send_calls;
}

/* Returns how many calls it took. */
static size_t send_list(void) {
  const size_t before = send_calls(), goal = ended + 1;
  NET_CODE(dgram_send_many(a.socket, list, COUNT, on_list, NULL), 0);
  NET_UNTIL(ended, goal);
  return send_calls() - before;
}

static void expect(size_t from, size_t to, int result) {
  for (size_t i = from; i < to; i++)
    NET_CODE(list[i].result, result);
}

/* In order and whole: the numbers go round, but for datagrams that do not go to B. */
static size_t heard, next_number;

static bool goes_to_b(const dgram_datagram *datagram) {
  return datagram->to.port == b.port && datagram->result >= 0;
}

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  const unsigned char *bytes = message->bytes;
  (void)socket, (void)data;
  while (!goes_to_b(&list[next_number]))
    next_number = (next_number + 1) % COUNT;
  NET_CHECK(message->length == list[next_number].length);
  for (size_t i = 0; i < message->length; i++)
    NET_CHECK(bytes[i] == next_number);
  next_number = (next_number + 1) % COUNT;
  heard++;
}

static void open_both(int type) {
  net_open(&b, "B", type, NULL);
  dgram_off_message(b.socket, net_on_message, &b);
  NET_CODE(dgram_on_message(b.socket, on_message, NULL), 0);
  net_open(&a, "A", type, NULL);
}

static size_t pass(void) {
  const size_t before = heard, calls = send_list();
  expect(0, COUNT, (int)list[0].length);
  NET_UNTIL(heard, before + COUNT);
  return calls;
}

static bool forms_groups(void) {
  const char *stack = getenv("DGRAM_STACK");
  return stack && strcmp(stack, "linux") == 0 && !getenv("DGRAM_DISABLE");
}

/* One for groups, two for singles. A group that is refused is one, and one more for its singles. */
static void expect_calls(size_t found, size_t of_linux) {
  if (forms_groups()) NET_CHECK(found == of_linux);
}

/* The wire takes 1280 bytes: what is longer goes in fragments, which no group does. */
static void too_long(bool ipv6) {
  const char *address = ipv6 ? "fd00:9::2" : "10.9.0.2";
  const size_t fits = ipv6 ? 1232 : 1252;
  open_both(ipv6 ? DGRAM_UDP6 : DGRAM_UDP4);
  fill(fits, address, b.port);
  expect_calls(pass(), 1);
  fill(fits + 1, address, b.port);
  expect_calls(pass(), 3);
  expect_calls(pass(), 2);
  fill(LENGTH_MAX, address, b.port);
  expect_calls(pass(), 2);
  fill(fits, address, b.port);
  expect_calls(pass(), 1);
}

/* EINVAL, for every datagram: so groups are not to blame, and go on to be formed. */
static void blackhole(void) {
  open_both(DGRAM_UDP4);
  fill(100, "192.0.2.3", 9);
  send_list();
  expect(0, COUNT, DGRAM_EINVAL);
  fill(100, "10.9.0.2", b.port);
  expect_calls(pass(), 1);
  for (size_t i = 10; i < 20; i++)
    NET_CODE(dgram_address_parse("192.0.2.3", 9, &list[i].to), 0);
  send_list();
  expect(0, 10, 100);
  expect(10, 20, DGRAM_EINVAL);
  expect(20, COUNT, 100);
  NET_UNTIL(heard, 2 * COUNT - 10);
  fill(100, "10.9.0.2", b.port);
  expect_calls(pass(), 1);
}

/* Port 7001 is filtered. */
static void filtered(void) {
  open_both(DGRAM_UDP4);
  fill(100, "10.9.0.2", b.port);
  for (size_t i = 10; i < 20; i++)
    list[i].to.port = 7001;
  for (int round = 0; round < 2; round++) {
    expect_calls(send_list(), 3); /* the first group; the refused one; the last */
    expect(0, 10, 100);
    expect(10, 20, DGRAM_EPERM);
    expect(20, COUNT, 100);
    NET_UNTIL(heard, (size_t)(round + 1) * (COUNT - 10));
  }
}

int main(int count, char **words) {
  NET_CHECK(count >= 2);
  net_begin();
  if (strcmp(words[1], "mtu") == 0) too_long(words[2][0] == '6');
  if (strcmp(words[1], "blackhole") == 0) blackhole();
  if (strcmp(words[1], "filtered") == 0) filtered();
  net_close(&a);
  net_close(&b);
  net_end();
  return 0;
}
