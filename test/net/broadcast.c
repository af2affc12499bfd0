/* Broadcast: forbidden until dgram_set_broadcast, then heard by the whole wire. From A to B. */

#include "net.h"

static struct net_box a, b, neighbour;

/* Without a callback the same failure is an `error`. */
static void forbidden(const char *address) {
  size_t errors = a.errors;
  NET_CODE(net_send(&a, "no", address, b.port), DGRAM_EACCES);
  NET_CHECK(a.errors == errors);
  NET_CODE(dgram_send(a.socket, "no", 2, b.port, address, NULL, NULL), 0);
  NET_UNTIL(a.errors, errors + 1);
  NET_CODE(a.error_code, DGRAM_EACCES);
  NET_CHECK(strcmp(a.error_address, address) == 0 && a.error_port == b.port);
  NET_CHECK(strcmp(a.error_syscall, "send") == 0);
}

/* It also comes back to this host. */
static void allowed(const char *address) {
  NET_CODE(dgram_set_broadcast(a.socket, true), 0);
  NET_SEND(&a, "yes", address, b.port);
  NET_HEAR(&b, "yes ");
  NET_HEAR(&neighbour, "yes ");
  NET_CHECK(b.from.port == a.port && memcmp(b.from.bytes, (uint8_t[]){10, 9, 0, 1}, 4) == 0);
  NET_CODE(dgram_set_broadcast(a.socket, false), 0);
  forbidden(address);
  NET_SEND(&a, "end", "10.9.0.2", b.port);
  NET_HEAR(&b, "end ");
}

/* The one who was asked by broadcast answers like any other. */
static void answered(void) {
  NET_CODE(dgram_set_broadcast(a.socket, true), 0);
  NET_SEND(&a, "who", "10.9.0.255", b.port);
  NET_HEAR(&b, "who ");
  NET_HEAR(&neighbour, "who ");
  NET_CODE(dgram_send_to(b.socket, "me", 2, &b.from, NULL, NULL), 0);
  NET_HEAR(&a, "me ");
}

static void before_bind(void) {
  struct net_box unbound;
  net_create(&unbound, &(dgram_socket_options){.type = DGRAM_UDP4});
  NET_CODE(dgram_set_broadcast(unbound.socket, true), DGRAM_EBADF);
  net_close(&unbound);
}

/* Bound to an address, a limited broadcast leaves by that interface; else by the default route. */
static void run(const char *local) {
  net_open(&a, "A", DGRAM_UDP4, local);
  forbidden("10.9.0.255");
  allowed("10.9.0.255");
  forbidden("255.255.255.255");
  allowed("255.255.255.255");
  answered();
  net_close(&a);
}

int main(void) {
  net_begin();
  net_open(&b, "B", DGRAM_UDP4, NULL);
  net_on("A");
  net_create(&neighbour, &(dgram_socket_options){.type = DGRAM_UDP4});
  NET_CODE(net_bind_to(&neighbour, &(dgram_bind_options){.port = b.port}), 0);
  before_bind();
  run("10.9.0.1");
  net_open(&a, "A", DGRAM_UDP4, NULL);
  NET_CODE(dgram_set_broadcast(a.socket, true), 0);
  NET_CODE(net_send(&a, "lost", "255.255.255.255", b.port), DGRAM_ENETUNREACH);
  net_close(&a);
  net_shell("ip route add default dev va");
  run(NULL);
  net_shell("ip route del default dev va");
  net_close(&b);
  net_close(&neighbour);
  net_end();
  return 0;
}
