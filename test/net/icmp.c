/* What ICMP answers, to sockets that ask:  A va - ra R rc - vc C, the cable behind R with an MTU of 1300.
 *
 *   icmp ports 4|6     C answers for ports that nobody has
 *   icmp peer 4|6      C answers to a connected socket, which has not asked: `error`
 *   icmp ways 4|6      R answers: too large, no way, no hops left
 *   icmp flood 4|6     10,000 answers on loopback, while datagrams go and come
 *   icmp device        the device of A sends 25 kB/s, and drops */

#include "net.h"

enum { DEAD = 9, ROUNDS = 20, FLOOD = 10000, WINDOW = 50 };

static const struct family {
  int type;
  const char *r;      /* the router, as A knows it */
  const char *c;      /* two hops away */
  const char *refuse; /* an address that R knows no way to */
  const char *self;
  size_t headers;
  struct answer {
    int code;
    unsigned type;
    unsigned icmp_code;
  } port, too_large, no_way, no_hops;
} ipv4 = {.type = DGRAM_UDP4,
          .r = "10.9.0.2",
          .c = "10.8.0.2",
          .refuse = "10.7.0.1",
          .self = "127.0.0.1",
          .headers = 28,
          .port = {DGRAM_ECONNREFUSED, 3, 3},
          .too_large = {DGRAM_EMSGSIZE, 3, 4},
          .no_way = {DGRAM_EHOSTUNREACH, 3, 1},
          .no_hops = {DGRAM_EHOSTUNREACH, 11, 0}},
  ipv6 = {.type = DGRAM_UDP6,
          .r = "fd00:9::2",
          .c = "fd00:8::2",
          .refuse = "fd00:7::1",
          .self = "::1",
          .headers = 48,
          .port = {DGRAM_ECONNREFUSED, 1, 4},
          .too_large = {DGRAM_EMSGSIZE, 2, 0},
          .no_way = {DGRAM_ENETUNREACH, 1, 0},
          .no_hops = {DGRAM_EHOSTUNREACH, 3, 0}};

static const struct family *the;
static struct net_box a, c;
static size_t heard;
static dgram_icmp last;

static void on_icmp(dgram_socket *socket, const dgram_icmp *icmp, void *data) {
  (void)socket, (void)data;
  heard++;
  last = *icmp;
}

static void open_asker(const char *address) {
  net_on("A");
  net_create(&a, &(dgram_socket_options){.type = the->type, .icmp_errors = true});
  NET_CODE(dgram_on_icmp(a.socket, on_icmp, NULL), 0);
  NET_CODE(net_bind_to(&a, &(dgram_bind_options){.address = address}), 0);
}

static bool is(const dgram_address *address, const char *text, int port) {
  dgram_address wanted;
  NET_CODE(dgram_address_parse(text, port, &wanted), 0);
  return dgram_address_equal(address, &wanted);
}

static void check_answer(const struct answer *answer, const char *to, int port,
                         const char *offender) {
  NET_CODE(last.code, answer->code);
  NET_CHECK(last.type == answer->type && last.icmp_code == answer->icmp_code);
  NET_CHECK(is(&last.to, to, port) && is(&last.offender, offender, 0));
  NET_CHECK(last.mtu == (answer == &the->too_large ? 1300 : 0));
}

/* It was all that was wrong, and nothing runs because of it. */
static void end_asker(size_t answers) {
  dgram_stats stats;
  NET_CHECK(net_turns(200) <= 2);
  NET_CHECK(heard == answers && a.errors == 0);
  NET_CODE(dgram_get_stats(a.socket, &stats), 0);
  NET_CHECK(stats.icmp == answers && stats.receive_errors == 0 && stats.send_errors == 0);
  net_close(&a);
}

/* ---- ports ---- */

static void ports(void) {
  net_open(&c, "C", the->type, NULL);
  open_asker(NULL);
  for (size_t i = 1; i <= ROUNDS; i++) {
    NET_SEND(&a, "dead", the->c, DEAD);
    NET_SEND(&a, "alive", the->c, c.port); /* whose send may meet the error */
    NET_HEAR(&c, "alive ");
    NET_CODE(dgram_send_to(c.socket, "reply", 5, &c.from, NULL, NULL), 0);
    NET_HEAR(&a, "reply ");
    NET_UNTIL(heard, i);
    check_answer(&the->port, the->c, DEAD, the->c);
  }
  end_asker(ROUNDS);
  net_close(&c);
}

/* ---- the peer ---- */

/* Each answer is one `error`, costs no datagram, and the socket lives on. */
static void peer(void) {
  net_open(&c, "C", the->type, NULL);
  net_open(&a, "A", the->type, NULL);
  for (size_t i = 1; i <= ROUNDS; i++) {
    NET_CODE(dgram_connect_sync(a.socket, DEAD, the->c), 0);
    NET_SEND(&a, "dead", NULL, 0);
    NET_UNTIL(a.errors, i);
    NET_CODE(a.error_code, DGRAM_ECONNREFUSED);
    NET_SEND(&a, "again", NULL, 0);
    NET_CODE(dgram_disconnect(a.socket), 0);
    NET_CODE(dgram_connect_sync(a.socket, c.port, the->c), 0);
    NET_SEND(&a, "alive", NULL, 0);
    NET_HEAR(&c, "alive ");
    NET_CODE(dgram_send_to(c.socket, "reply", 5, &c.from, NULL, NULL), 0);
    NET_HEAR(&a, "reply ");
    NET_CODE(dgram_disconnect(a.socket), 0);
    a.errors = i; /* the answer to `again` may have been one, if it came in time */
  }
  NET_CHECK(net_turns(200) <= 2);
  net_close(&a);
  net_close(&c);
}

/* ---- ways ---- */

/* The first one tells the MTU; then the system makes fragments. */
static void too_large(void) {
  static unsigned char payload[1400];
  size_t before = c.messages;
  NET_CODE(net_send_bytes(&a, payload, sizeof payload, the->c, c.port), sizeof payload);
  NET_UNTIL(heard, 1);
  check_answer(&the->too_large, the->c, c.port, the->r);
  NET_CODE(net_send_bytes(&a, payload, sizeof payload, the->c, c.port), sizeof payload);
  NET_UNTIL(c.messages, before + 1);
  NET_CODE(net_send_bytes(&a, payload, 1300 - the->headers, the->c, c.port),
           (int)(1300 - the->headers));
  NET_UNTIL(c.messages, before + 2);
}

static void no_way(void) {
  NET_SEND(&a, "lost", the->refuse, DEAD);
  NET_UNTIL(heard, 2);
  check_answer(&the->no_way, the->refuse, DEAD, the->r);
}

static void no_hops(void) {
  NET_CODE(dgram_set_ttl(a.socket, 1), 0);
  NET_SEND(&a, "short", the->c, c.port);
  NET_UNTIL(heard, 3);
  check_answer(&the->no_hops, the->c, c.port, the->r);
  NET_CODE(dgram_set_ttl(a.socket, 64), 0);
}

static void ways(void) {
  net_open(&c, "C", the->type, NULL);
  open_asker(NULL);
  too_large();
  no_way();
  no_hops();
  c.log[0] = '\0';
  NET_SEND(&a, "alive", the->c, c.port);
  NET_HEAR(&c, "alive ");
  end_asker(3);
  net_close(&c);
}

/* ---- flood ---- */

static size_t results; /* of sends, which all have to go */
static dgram_address alive, dead;

static void on_sent(dgram_socket *socket, int status, void *data) {
  (void)socket, (void)data;
  NET_CODE(status, 4);
  results++;
}

static void echo(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)data;
  NET_CODE(dgram_send_to(socket, message->bytes, message->length, &message->from, NULL, NULL), 0);
}

static void send_window(void) {
  for (int i = 0; i < WINDOW; i++) {
    NET_CODE(dgram_send_to(a.socket, "dead", 4, &dead, on_sent, NULL), 0);
    NET_CODE(dgram_send_to(a.socket, "live", 4, &alive, on_sent, NULL), 0);
  }
}

/* Turns of the loop until so much has come; each may bring an answer. */
static size_t turns_until(size_t goal) {
  size_t turns = 0;
  volatile bool late;
  net_timer_start(NET_DEADLINE_MS, &late);
  for (; (a.messages < goal || heard < goal || results < 2 * goal) && !late; turns++)
    uv_run(net_loop, UV_RUN_ONCE);
  uv_timer_stop(&net_timer);
  if (late) net_fail(__FILE__, __LINE__, "%zu echoes, %zu answers of %zu", a.messages, heard, goal);
  return turns;
}

static void flood(void) {
  size_t turns = 0;
  net_open(&c, "A", the->type, the->self);
  NET_CODE(dgram_on_message(c.socket, echo, NULL), 0);
  open_asker(the->self);
  NET_CODE(dgram_address_parse(the->self, c.port, &alive), 0);
  NET_CODE(dgram_address_parse(the->self, DEAD, &dead), 0);
  for (size_t sent = WINDOW; sent <= FLOOD; sent += WINDOW) {
    send_window();
    turns += turns_until(sent);
  }
  NET_CHECK(a.messages == FLOOD && c.messages == FLOOD && results == 2 * FLOOD);
  NET_CHECK(turns <= FLOOD);
  end_asker(FLOOD);
  net_close(&c);
}

/* ---- a device that drops ---- */

/* Which is silent, unless a socket asks for errors: then each datagram that was dropped has failed. */
static void device(void) {
  static unsigned char payload[1000];
  static dgram_datagram list[100];
  size_t gone = 0, refused = 0;
  net_open(&c, "C", the->type, NULL);
  open_asker(NULL);
  for (size_t i = 0; i < 100; i++) {
    list[i] = (dgram_datagram){.bytes = payload, .length = i % 2 ? 1000 : 900};
    NET_CODE(dgram_address_parse(the->c, c.port, &list[i].to), 0);
  }
  NET_CODE(dgram_try_send_many(a.socket, list, 100), 100);
  for (size_t i = 0; i < 100; i++) {
    if (list[i].result == DGRAM_ENOBUFS)
      refused++;
    else if (list[i].result == (int)list[i].length)
      gone++;
  }
  NET_CHECK(refused > 0 && gone > 0 && gone + refused == 100);
  NET_UNTIL(c.messages, gone);
  NET_CHECK(net_turns(100) <= 2 && heard == 0 && a.errors == 0);
  NET_CODE(dgram_set_icmp_errors(a.socket, false), 0);
  NET_CODE(dgram_try_send_many(a.socket, list, 100), 100);
  for (size_t i = 0; i < 100; i++)
    NET_CODE(list[i].result, (int)list[i].length);
  net_close(&a);
  net_close(&c);
}

int main(int count, char **words) {
  const char *mode = count > 1 ? words[1] : "";
  the = count > 2 && words[2][0] == '6' ? &ipv6 : &ipv4;
  net_begin();
  if (strcmp(mode, "ports") == 0) {
    ports();
  } else if (strcmp(mode, "peer") == 0) {
    peer();
  } else if (strcmp(mode, "ways") == 0) {
    ways();
  } else if (strcmp(mode, "flood") == 0) {
    flood();
  } else if (strcmp(mode, "device") == 0) {
    device();
  } else {
    net_fail(__FILE__, __LINE__, "no mode %s", mode);
  }
  net_end();
  return 0;
}
