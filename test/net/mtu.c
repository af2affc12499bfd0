/* Datagrams larger than the wire's MTU arrive whole: mtu 4|6. B sends each back, so it goes both
 * ways. */

#include "net.h"

static struct net_box a, b;
static unsigned char payload[65536];

/* One byte less, as much, and one more than fits into the first packets of 1280 bytes; and large
 * ones. */
static const size_t lengths_ipv4[] = {0,    1,    1251, 1252,  1253,  1254, 2508,
                                      2509, 9000, 9001, 32768, 65506, 65507};
static const size_t lengths_ipv6[] = {0,    1,    1231,  1232,  1233,  1234, 2464,
                                      9000, 9001, 32768, 65507, 65526, 65527};

/* No two places of a datagram look alike for long, nor do two datagrams. */
static void fill(size_t length) {
  uint32_t state = (uint32_t)length + 1;
  for (size_t i = 0; i < length; i++) {
    state = state * 1664525 + 1013904223;
    payload[i] = (unsigned char)(state >> 24);
  }
}

static void echo(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)data;
  NET_CODE(dgram_send_to(socket, message->bytes, message->length, &message->from, NULL, NULL), 0);
}

static void check(const struct net_box *box, size_t length) {
  NET_CHECK(box->length == length);
  NET_CHECK(memcmp(box->bytes, payload, length) == 0);
}

static void one_by_one(const char *address, const size_t *lengths, size_t count) {
  for (size_t i = 0; i < count; i++) {
    fill(lengths[i]);
    NET_CODE(net_send_bytes(&a, payload, lengths[i], address, b.port), (int)lengths[i]);
    NET_UNTIL(a.messages, i + 1);
    check(&b, lengths[i]);
    check(&a, lengths[i]);
  }
}

/* As neighbours in one batch, in pieces and copied: the same. */
static void in_pieces(const char *address) {
  const dgram_buffer parts[] = {{payload, 1}, {payload + 1, 1251}, {payload + 1252, 7748}};
  size_t before = a.messages;
  fill(9000);
  for (int i = 0; i < 4; i++)
    NET_CODE(dgram_send_gather(a.socket, parts, 3, b.port, address, NULL, NULL), 0);
  NET_UNTIL(a.messages, before + 4);
  check(&b, 9000);
  check(&a, 9000);
}

int main(int count, char **words) {
  bool ipv6 = count == 2 && words[1][0] == '6';
  const char *address = ipv6 ? "fd00:9::2" : "10.9.0.2";
  int type = ipv6 ? DGRAM_UDP6 : DGRAM_UDP4;
  size_t largest = ipv6 ? 65527 : 65507;
  net_begin();
  net_open(&b, "B", type, NULL);
  NET_CODE(dgram_on_message(b.socket, echo, NULL), 0);
  net_open(&a, "A", type, NULL);
  one_by_one(address, ipv6 ? lengths_ipv6 : lengths_ipv4, 13);
  in_pieces(address);
  NET_CODE(net_send_bytes(&a, payload, largest + 1, address, b.port), DGRAM_EMSGSIZE);
  NET_CHECK(a.errors == 0 && b.errors == 0);
  net_close(&a);
  net_close(&b);
  net_end();
  return 0;
}
