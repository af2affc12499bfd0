/* What the system refuses, as the user of the library sees it.
 *
 *   system_errors unreachable   E is a host without interfaces, U one with routes that say no
 *   system_errors ports         A has only the ports 50000 to 50003 to give away
 *   system_errors privileged    without the right to low ports
 *   system_errors dead-port     B's ICMP answers; with the families as another argument */

#include "net.h"

static struct net_box a, b, boxes[4];

/* A send that fails, by callback, and by `error` where there is none. */
static void fails(struct net_box *box, const char *address, int code) {
  size_t errors = box->errors;
  NET_CODE(net_send(box, "lost", address, 9), code);
  NET_CHECK(box->errors == errors);
  NET_CODE(dgram_send(box->socket, "lost", 4, 9, address, NULL, NULL), 0);
  NET_UNTIL(box->errors, errors + 1);
  NET_CODE(box->error_code, code);
  NET_CHECK(strcmp(box->error_syscall, "send") == 0);
  NET_CHECK(strcmp(box->error_address, address) == 0 && box->error_port == 9);
}

/* A bind that fails, and what is left of it. */
static void bind_fails(const char *address, int port, int code) {
  dgram_address local;
  net_create(&a, &(dgram_socket_options){.type = DGRAM_UDP4});
  dgram_bind_options where = {.address = address, .port = port};
  NET_CODE(net_bind_to(&a, &where), code);
  NET_UNTIL(a.errors, 1);
  NET_CODE(a.error_code, code);
  NET_CHECK(strcmp(a.error_syscall, "bind") == 0 && a.error_port == port);
  NET_CHECK(strcmp(a.error_address, address ? address : "0.0.0.0") == 0);
  NET_CODE(dgram_local_address(a.socket, &local), DGRAM_EBADF);
}

/* ---- unreachable ---- */

static void unreachable(void) {
  net_open(&a, "E", DGRAM_UDP4, NULL);
  fails(&a, "127.0.0.1", DGRAM_ENETUNREACH);
  fails(&a, "192.0.2.1", DGRAM_ENETUNREACH);
  net_close(&a);
  net_on("A"); /* where nothing has ever been up, Linux lets any address be bound */
  bind_fails("192.0.2.1", 0, DGRAM_EADDRNOTAVAIL);
  NET_CODE(net_bind_to(&a, NULL), 0); /* it may be bound anew */
  net_close(&a);
  net_open(&a, "U", DGRAM_UDP4, NULL);
  fails(&a, "192.0.2.1", DGRAM_EHOSTUNREACH);
  fails(&a, "192.0.2.2", DGRAM_EACCES);
  fails(&a, "192.0.2.3", DGRAM_EINVAL);
  net_close(&a);
}

/* A failing one among good ones takes none with it. */
static void among_others(void) {
  dgram_datagram list[9];
  net_open(&b, "U", DGRAM_UDP4, NULL);
  net_open(&a, "U", DGRAM_UDP4, NULL);
  for (size_t i = 0; i < 9; i++) {
    static const char *const to[] = {"192.0.2.1", "127.0.0.1", "192.0.2.2"};
    list[i] = (dgram_datagram){.bytes = "ok", .length = 2};
    NET_CODE(dgram_address_parse(to[i % 3], b.port, &list[i].to), 0);
  }
  NET_CODE(dgram_try_send_many(a.socket, list, 9), 9);
  for (size_t i = 0; i < 9; i += 3) {
    NET_CODE(list[i].result, DGRAM_EHOSTUNREACH);
    NET_CODE(list[i + 1].result, 2);
    NET_CODE(list[i + 2].result, DGRAM_EACCES);
  }
  NET_HEAR(&b, "ok ok ok ");
  net_close(&a);
  net_close(&b);
}

/* ---- ports ---- */

/* All ports of A are given away: a bind says so later, and what binds by itself at once. */
static void ports(void) {
  for (int i = 0; i < 4; i++) {
    net_open(&boxes[i], "A", DGRAM_UDP4, NULL);
    NET_CHECK(boxes[i].port >= 50000 && boxes[i].port <= 50003);
  }
  bind_fails(NULL, 0, DGRAM_EADDRINUSE);
  NET_CODE(dgram_send(a.socket, "x", 1, 9, "10.9.0.2", net_answered, NULL), DGRAM_EADDRINUSE);
  NET_CODE(dgram_try_send_many(a.socket, NULL, 0), DGRAM_EADDRINUSE);
  NET_CODE(dgram_add_membership(a.socket, "239.1.2.3", "va"), DGRAM_EADDRINUSE);
  NET_CHECK(a.errors == 1);
  NET_CODE(net_send(&boxes[0], "x", "10.9.0.2", 9), 1); /* those who have one send on */
  net_close(&boxes[3]);
  NET_CODE(net_send(&a, "x", "10.9.0.2", 9), 1);
  dgram_address local;
  NET_CODE(dgram_local_address(a.socket, &local), 0);
  NET_CHECK(local.port == boxes[3].port);
  net_close(&a);
  for (int i = 0; i < 3; i++)
    net_close(&boxes[i]);
}

static void privileged(void) {
  bind_fails(NULL, 53, DGRAM_EACCES);
  bind_fails("10.9.0.1", 1023, DGRAM_EACCES);
  NET_CODE(net_bind_to(&a, &(dgram_bind_options){.port = 1024}), 0);
}

/* ---- dead ports ---- */

/* The seed knows no ICMP: a socket that is not connected hears nothing of it, neither then nor at
 * its next sends, and nothing runs because of it. The script has seen that B does answer. */
static void dead_port(int type, const char *address) {
  net_open(&b, "B", type, NULL);
  net_open(&a, "A", type, NULL);
  for (int i = 0; i < 20; i++)
    NET_SEND(&a, "dead", address, 9);
  for (int i = 0; i < 20; i++)
    NET_CODE(dgram_send(a.socket, "dead", 4, 9, address, NULL, NULL), 0);
  NET_SEND(&a, "alive", address, b.port);
  NET_HEAR(&b, "alive ");
  NET_CODE(dgram_send_to(b.socket, "reply", 5, &b.from, NULL, NULL), 0);
  NET_HEAR(&a, "reply ");
  size_t turns = net_turns(200);
  NET_CHECK(turns <= 2);
  NET_CHECK(a.errors == 0);
  dgram_stats stats;
  NET_CODE(dgram_get_stats(a.socket, &stats), 0);
  NET_CHECK(stats.receive_errors == 0 && stats.send_errors == 0 && stats.sent == 41);
  net_close(&a);
  net_close(&b);
}

int main(int count, char **words) {
  const char *mode = count > 1 ? words[1] : "";
  net_begin();
  if (strcmp(mode, "unreachable") == 0) {
    unreachable();
    among_others();
  } else if (strcmp(mode, "ports") == 0) {
    ports();
  } else if (strcmp(mode, "privileged") == 0) {
    privileged();
  } else if (strcmp(mode, "dead-port") == 0) {
    dead_port(DGRAM_UDP4, "10.9.0.2");
    if (count > 2 && strchr(words[2], '6')) dead_port(DGRAM_UDP6, "fd00:9::2");
  } else {
    net_fail(__FILE__, __LINE__, "no mode %s", mode);
  }
  net_end();
  return 0;
}
