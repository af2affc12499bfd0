/* An interface goes while a socket is a member of a group on it, comes back, and is deleted:
 * interface_gone 4|6. B's interface, with A at the other end of the cable. */

#include "net.h"

static const struct family {
  int type;
  const char *group;
  const char *to_group; /* as A writes it */
  const char *a;
  const char *again; /* what gives B's interface its addresses, which IPv6 loses when it is down */
} ipv4 = {DGRAM_UDP4, "239.1.2.3", "239.1.2.3", "10.9.0.1", "ip addr replace 10.9.0.2/24 dev vb"},
  ipv6 = {DGRAM_UDP6, "ff02::1:3", "ff02::1:3%va", "fd00:9::1",
          "ip addr replace fd00:9::2/64 dev vb nodad && ip addr replace fe80::b/64 dev vb nodad"};

static const struct family *the;
static struct net_box a, b;

static void from_a(const char *word) {
  net_on("A");
  NET_SEND(&a, word, the->to_group, b.port);
}

/* Nothing happens, so nothing may run: 10 wake-ups a second are allowed, and no time worth
 * mentioning. */
static void idle(void) {
  uint64_t used_ms = net_cpu_ms();
  size_t turns = net_turns(200);
  used_ms = net_cpu_ms() - used_ms;
  if (turns > 2 || used_ms > 100)
    net_fail(__FILE__, __LINE__, "%zu turns and %d ms of work in 200 ms of nothing", turns,
             (int)used_ms);
}

/* To a host that was there, and to the group: an answer, by callback or else by `error`. */
static void unreachable(const char *address) {
  size_t errors = b.errors;
  NET_CODE(net_send(&b, "lost", address, a.port), DGRAM_ENETUNREACH);
  NET_CHECK(b.errors == errors);
  NET_CODE(dgram_send(b.socket, "lost", 4, a.port, address, NULL, NULL), 0);
  NET_UNTIL(b.errors, errors + 1);
  NET_CODE(b.error_code, DGRAM_ENETUNREACH);
  b.errors = 0;
}

/* Until both ends of the cable carry. */
static void carrier(void) {
  static const char *const poll_va = "ip -o link show va | grep -q ' state UP '";
  static const char *const poll_vb = "ip -o link show vb | grep -q ' state UP '";
  net_on("A");
  for (int i = 0; system(poll_va) != 0 && i < 500; i++)
    net_shell("sleep 0.01");
  net_on("B");
  for (int i = 0; system(poll_vb) != 0 && i < 500; i++)
    net_shell("sleep 0.01");
}

static void joined(void) {
  net_open(&b, "B", the->type, NULL);
  NET_CODE(dgram_add_membership(b.socket, the->group, "vb"), 0);
  net_open(&a, "A", the->type, the->a);
  from_a("here");
  NET_HEAR(&b, "here ");
}

/* The membership is still the socket's when the interface is back. */
static void down_and_up(void) {
  net_on("B");
  net_shell("ip link set vb down");
  idle();
  unreachable(the->a);
  unreachable(the->group);
  idle();
  net_shell("ip link set vb up");
  net_shell(the->again);
  carrier();
  from_a("back");
  NET_HEAR(&b, "back ");
}

/* Nothing has the name any more by which the group was joined, and which it is left by all the
 * same. */
static void deleted(void) {
  net_on("B");
  net_shell("ip link del vb");
  idle();
  unreachable(the->a);
  unreachable(the->group);
  NET_CODE(dgram_drop_membership(b.socket, the->group, "vb"), 0);
  NET_CODE(dgram_drop_membership(b.socket, the->group, "vb"), DGRAM_ENODEV);
  NET_CODE(dgram_drop_membership(b.socket, the->group, "22"), DGRAM_EADDRNOTAVAIL);
  NET_CODE(dgram_add_membership(b.socket, the->group, "22"), DGRAM_ENODEV);
  NET_CODE(dgram_add_membership(b.socket, the->group, "vb"), DGRAM_ENODEV);
  if (the->type == DGRAM_UDP6)
    NET_CODE(net_send(&b, "lost", "fe80::a%22", a.port), DGRAM_ENETUNREACH);
  if (the->type == DGRAM_UDP6)
    NET_CODE(dgram_send(b.socket, "lost", 4, a.port, "fe80::a%vb", NULL, NULL), DGRAM_ENODEV);
  idle();
  NET_CHECK(b.errors == 0);
}

/* The sender's own address is gone with its interface: the other end of the deleted cable. */
static void sender(void) {
  net_on("A");
  NET_CHECK(net_send(&a, "lost", "10.9.0.2", b.port) < 0);
}

/* A new one of the same name. */
static void replaced(void) {
  net_on("B");
  net_shell("ip link add vb index 23 type veth peer name va index 12 netns $NET_HOSTS/A");
  net_shell("ip link set vb addrgenmode none && ip link set vb up");
  net_shell(the->again);
  net_on("A");
  net_shell("ip link set va addrgenmode none && ip link set va up");
  net_shell("ip addr add 10.9.0.1/24 dev va; ip addr add fd00:9::1/64 dev va nodad");
  carrier();
  NET_CODE(dgram_add_membership(b.socket, the->group, "vb"), 0);
  from_a("new");
  NET_HEAR(&b, "new ");
  net_on("B");
  NET_CODE(dgram_drop_membership(b.socket, the->group, "vb"), 0);
}

int main(int count, char **words) {
  the = count == 2 && words[1][0] == '6' ? &ipv6 : &ipv4;
  net_begin();
  joined();
  down_and_up();
  deleted();
  sender();
  replaced();
  net_on("B");
  net_shell("ip link del vb");
  idle();
  net_close(&b);
  net_close(&a);
  net_end();
  return 0;
}
