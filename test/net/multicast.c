/* Multicast between two hosts with three cables:  A va - vb B, A va2 - vb2 B  and  A va3 - vb3 B.
 * multicast 4|6. Two senders in A, each on its own cable, show by which one B is a member; the
 * kernel's own list shows it too. B has two addresses on vb2, A on va. */

#include "net.h"

/* What differs between the families. */
static const struct family {
  int type;
  const char *group;      /* as it is joined */
  const char *listed;     /* as the kernel lists it */
  const char *list;       /* its file */
  const char *near[2];    /* the senders' addresses, one on each cable */
  const char *to[2];      /* the group, as each sender writes it */
  const char *b;          /* B's unicast address */
  const char *ifnames[5]; /* ways to say vb2 */
  const char *out[4];     /* ways to say va2 */
  const char *beside;     /* the address that A has on va beside the first sender's */
  const char *any;
  const char *scoped; /* the group with a scope that says vb2, or NULL */
} ipv4 =
    {
        .type = DGRAM_UDP4,
        .group = "239.1.2.3",
        .listed = "030201EF",
        .list = "/proc/thread-self/net/igmp",
        .near = {"10.9.0.1", "10.9.1.1"},
        .to = {"239.1.2.3", "239.1.2.3"},
        .b = "10.9.0.2",
        .ifnames = {"10.9.1.2", "vb2", "44", "10.9.1.3"},
        .out = {"10.9.1.1", "va2", "33"},
        .beside = "10.9.0.5",
        .any = "0.0.0.0",
},
  ipv6 = {
      .type = DGRAM_UDP6,
      .group = "ff02::1:3",
      .listed = "ff020000000000000000000000010003",
      .list = "/proc/thread-self/net/igmp6",
      .near = {"fd00:9::1", "fd00:9:1::1"},
      .to = {"ff02::1:3%va", "ff02::1:3%va2"},
      .b = "fd00:9::2",
      .ifnames = {"fd00:9:1::2", "vb2", "44", "fd00:9:1::3", "::%vb2"},
      .out = {"fd00:9:1::1", "va2", "33", "::%va2"},
      .beside = "fd00:9::5",
      .any = "::",
      .scoped = "ff02::1:3%vb2",
};

static const struct family *the;
static struct net_box senders[2], b;

/* ---- what the kernel says ---- */

/* Whether an interface of the host is a member. Lines of igmp6 name it themselves, groups of igmp
 * stand below the line of their interface, further in. */
static bool is_member(const char *host, const char *device) {
  char line[256];
  char name[32] = "";
  bool found = false;
  net_on(host);
  FILE *list = fopen(the->list, "r");
  NET_CHECK(list);
  while (fgets(line, sizeof line, list)) {
    if (line[0] != '\t') sscanf(line, "%*s %31s", name);
    if (strcmp(name, device) == 0 && strstr(line, the->listed)) found = true;
  }
  fclose(list);
  return found;
}

#define MEMBER_OF(first, second)                                                                   \
  do {                                                                                             \
    NET_CHECK(is_member("B", "vb") == (first));                                                    \
    NET_CHECK(is_member("B", "vb2") == (second));                                                  \
  } while (0)

/* ---- traffic ---- */

static void to_group(size_t sender, const char *word, int port) {
  net_on("A"); /* where its scope has a meaning */
  NET_SEND(&senders[sender], word, the->to[sender], port);
}

/* One datagram by each cable, then one that comes in any case. */
static void heard(struct net_box *box, const char *words) {
  to_group(0, "va", box->port);
  to_group(1, "va2", box->port);
  NET_SEND(&senders[0], "end", the->b, box->port);
  NET_HEAR(box, words);
}

/* ---- joining ---- */

static int join(struct net_box *box, const char *group, const char *ifname) {
  net_on("B");
  return dgram_add_membership(box->socket, group, ifname);
}

static int leave(struct net_box *box, const char *group, const char *ifname) {
  net_on("B");
  return dgram_drop_membership(box->socket, group, ifname);
}

static void join_by(const char *ifname) {
  NET_CODE(join(&b, the->group, ifname), 0);
  NET_CODE(join(&b, the->group, ifname), DGRAM_EADDRINUSE);
  MEMBER_OF(false, true);
  heard(&b, "va2 end ");
  NET_CODE(leave(&b, the->group, ifname), 0);
  MEMBER_OF(false, false);
  heard(&b, "end ");
  NET_CODE(leave(&b, the->group, ifname), DGRAM_EADDRNOTAVAIL);
}

/* A membership is the socket's wherever it was made, so what one name joined another one leaves. */
static void join_and_leave_by_other_names(void) {
  NET_CODE(join(&b, the->group, the->ifnames[0]), 0);
  NET_CODE(leave(&b, the->group, "vb2"), 0);
  MEMBER_OF(false, false);
}

/* The same interface named twice is no error, and the last name ends it. */
static void join_by_all_names(void) {
  size_t count = 0;
  for (; count < 5 && the->ifnames[count]; count++)
    NET_CODE(join(&b, the->group, the->ifnames[count]), 0);
  MEMBER_OF(false, true);
  heard(&b, "va2 end ");
  for (size_t i = 0; i < count; i++) {
    NET_CODE(join(&b, the->group, the->ifnames[i]), DGRAM_EADDRINUSE);
    MEMBER_OF(false, true);
    NET_CODE(leave(&b, the->group, the->ifnames[i]), 0);
  }
  MEMBER_OF(false, false);
  heard(&b, "end ");
}

static void join_by_scope(void) {
  if (!the->scoped) return;
  NET_CODE(join(&b, the->scoped, NULL), 0);
  MEMBER_OF(false, true);
  heard(&b, "va2 end ");
  NET_CODE(leave(&b, the->scoped, NULL), 0);
  MEMBER_OF(false, false);
}

/* Three interfaces, one of them by two addresses, and each is joined once. */
static void join_all(void) {
  NET_CODE(join(&b, the->group, "*"), 0);
  MEMBER_OF(true, true);
  NET_CHECK(is_member("B", "vb3"));
  heard(&b, "va va2 end ");
  NET_CODE(join(&b, the->group, "vb2"), 0);
  NET_CODE(leave(&b, the->group, "*"), 0);
  MEMBER_OF(false, true);
  NET_CHECK(!is_member("B", "vb3"));
  heard(&b, "va2 end ");
  NET_CODE(leave(&b, the->group, "vb2"), 0);
  MEMBER_OF(false, false);
  heard(&b, "end ");
}

/* The system chooses by its routes; without one IPv4 cannot. Every IPv6 interface has one. */
static void join_by_route(void) {
  net_on("B");
  if (the->type == DGRAM_UDP4) {
    NET_CODE(join(&b, the->group, NULL), DGRAM_ENODEV);
    net_shell("ip route add 239.0.0.0/8 dev vb2");
  } else {
    net_shell("ip -6 route add table local multicast ff02::1:3/128 dev vb2");
  }
  NET_CODE(join(&b, the->group, NULL), 0);
  MEMBER_OF(false, true);
  heard(&b, "va2 end ");
  NET_CODE(join(&b, the->group, "vb2"), 0); /* what was chosen */
  NET_CODE(join(&b, the->group, "vb"), 0);  /* and something else, which stays */
  NET_CODE(leave(&b, the->group, ""), 0);
  MEMBER_OF(true, true);
  NET_CODE(leave(&b, the->group, "vb2"), 0);
  MEMBER_OF(true, false);
  NET_CODE(leave(&b, the->group, ""), 0);
  MEMBER_OF(false, false);
  net_on("B");
  if (the->type == DGRAM_UDP4)
    net_shell("ip route del 239.0.0.0/8 dev vb2");
  else
    net_shell("ip -6 route del table local multicast ff02::1:3/128 dev vb2");
}

/* An interface has a name and an index before it has an address. */
static void join_without_an_address(void) {
  net_shell("ip link add bare index 55 type veth peer name bare2 && ip link set bare up");
  for (int i = 0; i < 2; i++) {
    NET_CODE(join(&b, the->group, i == 0 ? "bare" : "55"), 0);
    NET_CHECK(is_member("B", "bare"));
    NET_CODE(leave(&b, the->group, i == 0 ? "55" : "bare"), 0);
    NET_CHECK(!is_member("B", "bare"));
  }
  net_shell("ip link del bare");
}

/* What was joined is left by the same word although nothing is called so any more. */
static void leave_what_is_gone(void) {
  static const char *const words[] = {"bare", "55", "*"};
  for (size_t i = 0; i < 3; i++) {
    net_on("B");
    net_shell("ip link add bare index 55 type veth peer name bare2 && ip link set bare up");
    if (i == 2) net_shell("ip addr add 10.9.3.1/24 dev bare && ip link set bare2 up");
    if (i == 2 && the->type == DGRAM_UDP6) net_shell("ip addr add fd00:9:3::1/64 dev bare nodad");
    NET_CODE(join(&b, the->group, words[i]), 0);
    NET_CHECK(is_member("B", "bare"));
    net_shell("ip link del bare");
    NET_CODE(leave(&b, the->group, words[i]), 0);
    NET_CODE(leave(&b, the->group, "55"), DGRAM_EADDRNOTAVAIL);
  }
  MEMBER_OF(false, false);
}

static void join_nonsense(void) {
  NET_CODE(join(&b, the->group, "vb9"), DGRAM_ENODEV);
  NET_CODE(join(&b, the->group, "999"), DGRAM_ENODEV);
  NET_CODE(join(&b, the->group, the->near[0]), DGRAM_ENODEV);
  NET_CODE(join(&b, the->b, "vb"), DGRAM_EINVAL);
  NET_CODE(join(&b, NULL, "vb"), DGRAM_EMISSINGARGS);
  MEMBER_OF(false, false);
}

static void joining(void) {
  net_open(&b, "B", the->type, NULL);
  for (size_t i = 0; i < 5 && the->ifnames[i]; i++)
    join_by(the->ifnames[i]);
  join_and_leave_by_other_names();
  join_by_all_names();
  join_by_scope();
  join_all();
  join_by_route();
  join_without_an_address();
  leave_what_is_gone();
  join_nonsense();
  net_close(&b);
}

/* ---- one source ---- */

static int join_source(const char *source, const char *ifname) {
  net_on("B");
  return dgram_add_source_specific_membership(b.socket, source, the->group, ifname);
}

static int leave_source(const char *source, const char *ifname) {
  net_on("B");
  return dgram_drop_source_specific_membership(b.socket, source, the->group, ifname);
}

/* By the first cable come two sources. */
static void heard_from(struct net_box *beside, const char *words) {
  net_on("A");
  NET_SEND(beside, "beside", the->to[0], b.port);
  heard(&b, words);
}

static void one_source(void) {
  static struct net_box beside;
  net_open(&beside, "A", the->type, the->beside);
  net_open(&b, "B", the->type, NULL);
  NET_CODE(join_source(the->near[1], "vb"), 0); /* who sends by the other cable only */
  MEMBER_OF(true, false);
  heard_from(&beside, "end ");
  NET_CODE(join_source(the->near[0], "vb"), 0);
  heard_from(&beside, "va end ");
  NET_CODE(join_source(the->near[0], "22"), 0);
  NET_CODE(join_source(the->near[0], "vb"), DGRAM_EADDRINUSE);
  NET_CODE(join(&b, the->group, "vb"), DGRAM_EADDRINUSE);
  NET_CODE(join(&b, the->group, "vb2"), 0);
  NET_CODE(join_source(the->beside, the->b), 0);
  heard_from(&beside, "beside va va2 end ");
  NET_CODE(leave_source(the->near[0], "vb"), 0);
  heard_from(&beside, "beside va va2 end ");
  NET_CODE(leave_source(the->near[0], "22"), 0);
  NET_CODE(leave_source(the->near[0], "vb"), DGRAM_EADDRNOTAVAIL);
  heard_from(&beside, "beside va2 end ");
  NET_CODE(leave_source(the->beside, "vb"), 0);
  NET_CODE(leave_source(the->near[1], NULL), 0);
  MEMBER_OF(false, true);
  heard_from(&beside, "va2 end ");
  net_close(&b);
  net_close(&beside);
}

/* ---- by which interface multicast leaves ---- */

static void leaves_by(struct net_box *a, const char *ifname, const char *words) {
  net_on("A");
  NET_CODE(dgram_set_multicast_interface(a->socket, ifname), 0);
  NET_SEND(a, "chosen", the->group, b.port);
  NET_SEND(&senders[0], "end", the->b, b.port);
  NET_HEAR(&b, words);
}

/* Its socket is bound to all addresses, so the address of the interface is the sender's. */
static void from_second_address(struct net_box *a) {
  char text[DGRAM_ADDRESS_TEXT];
  if (the->type != DGRAM_UDP4) return;
  net_on("A");
  NET_CODE(dgram_set_multicast_interface(a->socket, "10.9.1.5"), 0);
  NET_SEND(a, "second", the->group, b.port);
  NET_HEAR(&b, "second ");
  NET_CHECK(dgram_address_format(&b.from, text, sizeof text) > 0);
  NET_CHECK(strcmp(text, "10.9.1.5") == 0);
}

static void outgoing(void) {
  static struct net_box a;
  net_open(&b, "B", the->type, NULL);
  NET_CODE(join(&b, the->group, "vb2"), 0);
  net_open(&a, "A", the->type, NULL);
  for (size_t i = 0; i < 4 && the->out[i]; i++) {
    leaves_by(&a, the->out[i], "chosen end ");
    leaves_by(&a, i == 0 ? "11" : "va", "end ");
    NET_CODE(dgram_set_multicast_interface(a.socket, "va9"), DGRAM_ENODEV);
    NET_CODE(dgram_set_multicast_interface(a.socket, the->b), DGRAM_EADDRNOTAVAIL);
  }
  from_second_address(&a);
  if (the->type == DGRAM_UDP4) {
    net_shell("ip route add 239.0.0.0/8 dev va");
    leaves_by(&a, the->any, "end "); /* by its routes again */
    net_shell("ip route del 239.0.0.0/8 dev va");
  } else {
    NET_CODE(dgram_set_multicast_interface(a.socket, the->any), 0);
  }
  net_close(&a);
  net_close(&b);
}

/* Closing leaves the groups, and at once: nothing is pending. */
static void closing(void) {
  net_open(&b, "B", the->type, NULL);
  NET_CODE(join(&b, the->group, "vb"), 0);
  NET_CODE(join(&b, the->group, "vb2"), 0);
  MEMBER_OF(true, true);
  NET_CODE(dgram_close(b.socket, net_on_closed, &b.closed), 0);
  MEMBER_OF(false, false);
  NET_UNTIL(b.closed, 1);
}

/* Joining binds: Node's way of losing the bind that follows. */
static void joining_first(void) {
  net_on("B");
  net_create(&b, &(dgram_socket_options){.type = the->type});
  NET_CODE(join(&b, the->group, "vb"), 0);
  NET_CODE(dgram_bind(b.socket, NULL, NULL, NULL), DGRAM_EALREADYBOUND);
  dgram_address local;
  NET_CODE(dgram_local_address(b.socket, &local), 0);
  b.port = local.port;
  heard(&b, "va end ");
  net_close(&b);
}

/* Two members on one port of one host hear everything twice; the last one to close ends it. */
static void sharing(void) {
  static struct net_box first, second;
  dgram_socket_options shared = {.type = the->type, .reuse_addr = true};
  net_on("B");
  net_create(&first, &shared);
  NET_CODE(net_bind_to(&first, NULL), 0);
  net_create(&second, &shared);
  NET_CODE(net_bind_to(&second, &(dgram_bind_options){.port = first.port}), 0);
  NET_CODE(join(&first, the->group, "vb"), 0);
  NET_CODE(join(&second, the->group, "vb"), 0);
  to_group(0, "both", first.port);
  NET_HEAR(&first, "both ");
  NET_HEAR(&second, "both ");
  net_close(&first);
  MEMBER_OF(true, false);
  to_group(0, "one", second.port);
  NET_HEAR(&second, "one ");
  net_close(&second);
  MEMBER_OF(false, false);
}

/* ---- loopback and hop limit ---- */

/* A member on the sender's own host; the sender decides. */
static void loopback(void) {
  static struct net_box a;
  net_open(&b, "B", the->type, NULL);
  NET_CODE(join(&b, the->group, "vb"), 0);
  net_on("A");
  net_create(&a, &(dgram_socket_options){.type = the->type});
  NET_CODE(net_bind_to(&a, &(dgram_bind_options){.port = b.port}), 0);
  NET_CODE(dgram_add_membership(a.socket, the->group, "va"), 0);
  to_group(0, "on", b.port);
  NET_CODE(dgram_set_multicast_loopback(senders[0].socket, false), 0);
  to_group(0, "off", b.port);
  NET_CODE(dgram_set_multicast_loopback(senders[0].socket, true), 0);
  to_group(0, "again", b.port);
  NET_HEAR(&b, "on off again ");
  NET_HEAR(&a, "on again ");
  NET_CODE(dgram_set_multicast_ttl(senders[0].socket, 0), 0);
  to_group(0, "here", b.port);
  NET_CODE(dgram_set_multicast_ttl(senders[0].socket, 1), 0);
  to_group(0, "there", b.port);
  NET_HEAR(&a, "here there ");
  NET_HEAR(&b, "there ");
  net_close(&a);
  net_close(&b);
}

static void hop_limit(void) {
  static const int limits[] = {2, 42, 255};
  uint16_t port;
  net_on("B");
  int fd = net_hop_open(the->type == DGRAM_UDP4 ? AF_INET : AF_INET6, &port);
  net_open(&b, "B", the->type, NULL);
  NET_CODE(join(&b, the->group, "vb"), 0); /* for the whole host: IP_MULTICAST_ALL */
  to_group(0, "1", port);
  NET_CHECK(net_hop_receive(fd, NET_DEADLINE_MS) == 1);
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    NET_CODE(dgram_set_multicast_ttl(senders[0].socket, limits[i]), 0);
    to_group(0, "limit", port);
    NET_CHECK(net_hop_receive(fd, NET_DEADLINE_MS) == limits[i]);
  }
  NET_CODE(dgram_set_multicast_ttl(senders[0].socket, -1), DGRAM_EINVAL);
  NET_CODE(dgram_set_multicast_ttl(senders[0].socket, 256), DGRAM_EINVAL);
  NET_SEND(&senders[0], "unicast", the->b, port);
  NET_CHECK(net_hop_receive(fd, NET_DEADLINE_MS) == 64);
  close(fd);
  net_close(&b);
}

int main(int count, char **words) {
  the = count == 2 && words[1][0] == '6' ? &ipv6 : &ipv4;
  net_begin();
  for (size_t i = 0; i < 2; i++)
    net_open(&senders[i], "A", the->type, the->near[i]);
  joining();
  one_source();
  outgoing();
  closing();
  joining_first();
  sharing();
  loopback();
  hop_limit();
  for (size_t i = 0; i < 2; i++)
    net_close(&senders[i]);
  net_end();
  return 0;
}
