/* A link of 1300 bytes behind a router, on the way A - R = C: path_mtu 4|6|mapped [connected]. The
 * first datagram that is too large is lost there, and answered; from then on A knows. */

#include "net.h"

enum { MTU = 1300, TOO_LARGE = 1400, MANY = 20 };

static const struct way {
  int type;
  int listener;
  const char *r; /* the router, by a link of 1500 */
  const char *c;
  int headers;
} ways[] = {
    {DGRAM_UDP4, DGRAM_UDP4, "10.9.0.2", "10.8.0.2", 28},
    {DGRAM_UDP6, DGRAM_UDP6, "fd00:9::2", "fd00:8::2", 48},
    {DGRAM_UDP6, DGRAM_UDP4, "::ffff:10.9.0.2", "::ffff:10.8.0.2", 28},
};

static const struct way *the;
static struct net_box a, c;
static size_t fits; /* bytes of payload */
static const unsigned char payload[TOO_LARGE];

static int path_mtu(const char *text) {
  dgram_address to;
  NET_CODE(dgram_address_parse(text, 0, &to), 0);
  return dgram_get_path_mtu(a.socket, &to);
}

static int send_bytes(size_t length) {
  return net_send_bytes(&a, payload, length, the->c, c.port);
}

static void learn(void) {
  NET_CHECK(path_mtu(the->c) == 1500 && path_mtu(the->r) == 1500);
  NET_CODE(dgram_set_dont_fragment(a.socket, true), 0);
  NET_CODE(send_bytes(1500 - (size_t)the->headers + 1), DGRAM_EMSGSIZE);
  NET_CODE(send_bytes(TOO_LARGE), TOO_LARGE);
  for (int i = 0; i < NET_DEADLINE_MS && path_mtu(the->c) == 1500; i++)
    (void)net_turns(1);
  NET_CHECK(path_mtu(the->c) == MTU && path_mtu(the->r) == 1500);
}

static void one_by_one(void) {
  NET_CODE(send_bytes(fits + 1), DGRAM_EMSGSIZE);
  NET_CODE(send_bytes(TOO_LARGE), DGRAM_EMSGSIZE);
  NET_CODE(send_bytes(fits), (int)fits);
  NET_UNTIL(c.messages, 1);
  NET_CHECK(c.length == fits);
}

/* ---- neighbours, which may leave as a group ---- */

static dgram_datagram list[MANY];

static void on_sent(dgram_socket *socket, dgram_datagram *datagrams, size_t count, void *data) {
  (void)socket;
  (void)datagrams;
  (void)count;
  ++*(size_t *)data;
}

static void send_list(void) {
  size_t sent = 0;
  for (size_t i = 0; i < MANY; i++) {
    NET_CODE(dgram_address_parse(the->c, c.port, &list[i].to), 0);
    list[i].bytes = payload;
  }
  NET_CODE(dgram_send_many(a.socket, list, MANY, on_sent, &sent), 0);
  NET_UNTIL(sent, 1);
}

static void all_of(size_t length, int result) {
  for (size_t i = 0; i < MANY; i++)
    list[i].length = length;
  send_list();
  for (size_t i = 0; i < MANY; i++)
    NET_CODE(list[i].result, result);
}

/* Those that are too large fail, each of them, and take nobody with them. */
static void mixed(void) {
  for (size_t i = 0; i < MANY; i++)
    list[i].length = i < MANY / 2 ? TOO_LARGE : fits;
  send_list();
  for (size_t i = 0; i < MANY; i++)
    NET_CODE(list[i].result, i < MANY / 2 ? DGRAM_EMSGSIZE : (int)fits);
}

static void as_groups(void) {
  size_t before = c.messages;
  all_of(TOO_LARGE, DGRAM_EMSGSIZE);
  all_of(fits, (int)fits);
  mixed();
  NET_UNTIL(c.messages, before + MANY + MANY / 2);
}

/* The host makes fragments again, of what it knows to be too large for the way. */
static void in_fragments(void) {
  size_t before = c.messages;
  NET_CODE(dgram_set_dont_fragment(a.socket, false), 0);
  NET_CODE(send_bytes(TOO_LARGE), TOO_LARGE);
  NET_UNTIL(c.messages, before + 1);
  NET_CHECK(c.length == TOO_LARGE);
  all_of(TOO_LARGE, TOO_LARGE);
  NET_UNTIL(c.messages, before + 1 + MANY);
}

/* The answer is the pending error of who is connected, and costs none that fits. */
static void to_the_peer(void) {
  NET_CODE(dgram_connect_sync(a.socket, c.port, the->c), 0);
  NET_CODE(dgram_set_dont_fragment(a.socket, true), 0);
  NET_CODE(dgram_get_path_mtu(a.socket, NULL), 1500);
  NET_CODE(net_send_bytes(&a, payload, TOO_LARGE, NULL, 0), TOO_LARGE);
  while (dgram_get_path_mtu(a.socket, NULL) == 1500)
    (void)poll(NULL, 0, 1);
  NET_CODE(dgram_get_path_mtu(a.socket, NULL), MTU);
  NET_CODE(net_send_bytes(&a, payload, fits, NULL, 0), (int)fits);
  NET_CODE(net_send_bytes(&a, payload, fits + 1, NULL, 0), DGRAM_EMSGSIZE);
  NET_CODE(net_send_bytes(&a, payload, fits, NULL, 0), (int)fits);
  NET_UNTIL(c.messages, 2);
  NET_CHECK(a.errors <= 1);
}

static void no_way(void) {
  const char *nowhere = the->type == DGRAM_UDP4 ? "203.0.113.1" : "2001:db8::1";
  NET_CODE(path_mtu(nowhere), DGRAM_ENETUNREACH);
  NET_CODE(dgram_get_path_mtu(a.socket, NULL), DGRAM_ENOTCONNECTED);
}

int main(int count, char **words) {
  NET_CHECK(count >= 2);
  the = &ways[words[1][0] == '4' ? 0 : words[1][0] == '6' ? 1 : 2];
  fits = MTU - (size_t)the->headers;
  net_begin();
  net_open(&c, "C", the->listener, NULL);
  net_open(&a, "A", the->type, NULL);
  if (count == 3) {
    to_the_peer();
  } else {
    learn();
    one_by_one();
    as_groups();
    in_fragments();
    no_way();
    NET_CHECK(a.errors == 0);
  }
  NET_CHECK(c.errors == 0);
  net_close(&a);
  net_close(&c);
  net_end();
  return 0;
}
