/* Sockets bound to one of two cables between A and B: device 4|6. */

#include "net.h"

static const struct family {
  int type;
  const char *first; /* B's addresses, each of its cable */
  const char *second;
  const char *here;
  const char *other_source; /* A's, of the second cable */
} ipv4 = {DGRAM_UDP4, "10.9.0.2", "10.8.0.2", "127.0.0.1", "10.8.0.1"},
  ipv6 = {DGRAM_UDP6, "fd00:9::2", "fd00:8::2", "::1", "fd00:8::1"};

static const struct family *the;
static struct net_box a, one, other, both;

static void open_on(struct net_box *box, const char *host, int port, const char *device) {
  net_on(host);
  net_create(box, &(dgram_socket_options){.type = the->type});
  NET_CODE(net_bind_to(box, &(dgram_bind_options){.port = port, .device = device}), 0);
}

/* Each hears what comes by its own, and none of the rest. */
static void hears_there_only(void) {
  open_on(&one, "B", 7000, "vb");
  open_on(&other, "B", 7000, "wb");
  net_create(&both, &(dgram_socket_options){.type = the->type});
  NET_CODE(net_bind_to(&both, &(dgram_bind_options){.port = 7000}), DGRAM_EADDRINUSE);
  NET_SEND(&a, "1", the->first, 7000);
  NET_SEND(&a, "2", the->second, 7000);
  NET_SEND(&a, "3", the->first, 7000);
  NET_HEAR(&one, "1 3 ");
  NET_HEAR(&other, "2 ");
  net_close(&both);
}

/* B's own come in by the interface that has the address. */
static void hears_its_host(void) {
  net_open(&both, "B", the->type, NULL);
  NET_SEND(&both, "lost", the->here, 7000);
  NET_SEND(&both, "one", the->first, 7000);
  NET_SEND(&both, "two", the->second, 7000);
  NET_HEAR(&one, "one ");
  NET_HEAR(&other, "two ");
  net_close(&both);
}

/* IPv4 takes it that everybody may be there, so B gets it by the cable that its address does not
 * belong to; IPv6 wants a route there. */
static void leaves_there(void) {
  struct net_box sender;
  open_on(&sender, "A", 0, "wa");
  if (the == &ipv4) {
    NET_SEND(&sender, "detour", the->first, 7000);
    NET_HEAR(&other, "detour ");
  } else {
    NET_CODE(net_send(&sender, "lost", the->first, 7000), DGRAM_ENETUNREACH);
  }
  NET_SEND(&sender, "straight", the->second, 7000);
  NET_HEAR(&other, "straight ");
  net_close(&sender);
}

static void everybody_there(void) {
  struct net_box sender;
  open_on(&sender, "A", 0, "wa");
  NET_CODE(dgram_set_broadcast(sender.socket, true), 0);
  NET_SEND(&sender, "all", "255.255.255.255", 7000);
  NET_HEAR(&other, "all ");
  net_close(&sender);
}

static int path_mtu(const struct net_box *box, const char *text) {
  dgram_address to;
  NET_CODE(dgram_address_parse(text, 0, &to), 0);
  return dgram_get_path_mtu(box->socket, &to);
}

/* The second cable takes less. Who is bound to it, or to its address, for which there is a rule, asks
 * about that way. */
static void path_mtu_is_that_of_the_way(void) {
  struct net_box sender;
  net_on("A");
  NET_CODE(path_mtu(&a, the->first), 1500);
  NET_CODE(path_mtu(&a, the->second), 1400);
  open_on(&sender, "A", 0, "wa");
  NET_CODE(path_mtu(&sender, the->second), 1400);
  if (the == &ipv4) NET_CODE(path_mtu(&sender, the->first), 1400);
  net_close(&sender);
  net_open(&sender, "A", the->type, the->other_source);
  NET_CODE(path_mtu(&sender, the->first), 1400);
  net_close(&sender);
}

static void no_such_device(void) {
  net_on("A");
  net_create(&both, &(dgram_socket_options){.type = the->type});
  NET_CODE(net_bind_to(&both, &(dgram_bind_options){.device = "vb"}), DGRAM_ENODEV);
  NET_CODE(net_bind_to(&both, &(dgram_bind_options){.device = "va"}), 0);
  net_close(&both);
}

int main(int count, char **words) {
  the = count == 2 && words[1][0] == '6' ? &ipv6 : &ipv4;
  net_begin();
  net_open(&a, "A", the->type, NULL);
  hears_there_only();
  hears_its_host();
  leaves_there();
  if (the == &ipv4) everybody_there();
  path_mtu_is_that_of_the_way();
  no_such_device();
  NET_SEND(&a, "end", the->first, 7000);
  NET_SEND(&a, "end", the->second, 7000);
  NET_HEAR(&one, "end ");
  NET_HEAR(&other, "end ");
  net_close(&a);
  net_close(&one);
  net_close(&other);
  net_end();
  return 0;
}
