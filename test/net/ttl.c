/* The hop limit, on the way A - R - C: ttl 4|6. What expires at the router R does not come to C,
 * and the ICMP message that says so is nobody's error on a socket that is not connected. */

#include "net.h"

static const struct family {
  int type;
  int system;
  const char *r; /* the router, a hop away */
  const char *c; /* two hops away */
} ipv4 = {DGRAM_UDP4, AF_INET, "10.9.0.2", "10.8.0.2"},
  ipv6 = {DGRAM_UDP6, AF_INET6, "fd00:9::2", "fd00:8::2"};

static const struct family *the;
static struct net_box a, c;

static void send_with(int ttl, const char *word) {
  NET_CODE(dgram_set_ttl(a.socket, ttl), 0);
  NET_SEND(&a, word, the->c, c.port);
}

static void expires_on_the_way(void) {
  net_open(&c, "C", the->type, NULL);
  NET_SEND(&a, "first", the->c, c.port);
  send_with(1, "one");
  send_with(2, "two");
  send_with(1, "one");
  send_with(255, "many");
  NET_HEAR(&c, "first two many ");
  NET_CHECK(a.errors == 0);
  net_close(&c);
}

/* What a receiver so many routers away sees. */
static void seen_at(const char *host, const char *address, int routers) {
  static const int limits[] = {2, 3, 64, 128, 255};
  uint16_t port;
  net_on(host);
  int fd = net_hop_open(the->system, &port);
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    NET_CODE(dgram_set_ttl(a.socket, limits[i]), 0);
    NET_SEND(&a, "limit", address, port);
    NET_CHECK(net_hop_receive(fd, NET_DEADLINE_MS) == limits[i] - routers);
  }
  close(fd);
}

static void system_limit(void) {
  uint16_t port;
  net_on("R");
  int fd = net_hop_open(the->system, &port);
  NET_SEND(&a, "default", the->r, port);
  NET_CHECK(net_hop_receive(fd, NET_DEADLINE_MS) == 64);
  NET_CODE(dgram_set_ttl(a.socket, 1), 0);
  NET_SEND(&a, "one", the->r, port);
  NET_CHECK(net_hop_receive(fd, NET_DEADLINE_MS) == 1);
  NET_CODE(dgram_set_ttl(a.socket, 0), DGRAM_EINVAL);
  NET_CODE(dgram_set_ttl(a.socket, 256), DGRAM_EINVAL);
  NET_CODE(dgram_set_ttl(a.socket, -1), DGRAM_EINVAL);
  NET_SEND(&a, "still", the->r, port);
  NET_CHECK(net_hop_receive(fd, NET_DEADLINE_MS) == 1);
  close(fd);
}

int main(int count, char **words) {
  the = count == 2 && words[1][0] == '6' ? &ipv6 : &ipv4;
  net_begin();
  net_open(&a, "A", the->type, NULL);
  system_limit();
  seen_at("R", the->r, 0);
  seen_at("C", the->c, 1);
  NET_CODE(dgram_set_ttl(a.socket, 64), 0);
  expires_on_the_way();
  net_close(&a);
  net_end();
  return 0;
}
