/* Info with datagrams, between the hosts of test_info.sh: info 4|6. */

#include "net.h"

#include <time.h>

enum { EVERYTHING = 0x3f, VA = 11, RA = 22, VC = 44, VA2 = 55, RA2 = 66, MANY = 200 };

static const struct family {
  int type;
  const char *r;  /* the router, a hop away */
  const char *c;  /* two hops away */
  const char *c2; /* its other address */
  const char *group;
} ipv4 = {DGRAM_UDP4, "10.9.0.2", "10.8.0.2", "10.8.0.3", "239.1.2.3"},
  ipv6 = {DGRAM_UDP6, "fd00:9::2", "fd00:8::2", "fd00:8::3", "ff02::1:3"};

static const struct family *the;
static struct net_box a, b;

/* Of the last message, and how many had the same but for the time. */
static dgram_recv_info seen;
static size_t same;

static bool differs(const dgram_recv_info *info) {
  return info->present != seen.present || info->interface_index != seen.interface_index ||
         info->hop_limit != seen.hop_limit || info->tos != seen.tos ||
         !dgram_address_equal(&info->local_address, &seen.local_address);
}

static void on_info(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket, (void)data;
  NET_CHECK(message->info);
  NET_CHECK(message->info->time_ns >= seen.time_ns);
  same = differs(message->info) ? 1 : same + 1;
  seen = *message->info;
}

static void open_with_info(const char *host) {
  net_on(host);
  net_create(&b, &(dgram_socket_options){.type = the->type, .recv_info = EVERYTHING});
  NET_CODE(dgram_on_message(b.socket, on_info, NULL), 0);
  NET_CODE(net_bind_to(&b, NULL), 0);
  seen = (dgram_recv_info){0};
}

static dgram_address parse(const char *address, int port) {
  dgram_address parsed;
  NET_CODE(dgram_address_parse(address, port, &parsed), 0);
  return parsed;
}

static void expect_local(const char *address, uint32_t scope) {
  dgram_address expected = parse(address, b.port);
  expected.scope_id = scope;
  NET_CHECK(seen.present == EVERYTHING);
  NET_CHECK(dgram_address_equal(&seen.local_address, &expected));
}

static void on_sent(dgram_socket *socket, dgram_datagram *list, size_t count, void *data) {
  (void)socket, (void)list, (void)count;
  ++*(size_t *)data;
}

/* So many datagrams with an info; the last one's result. */
static int send_with(struct net_box *from, const dgram_address *to, const dgram_send_info *info,
                     size_t count) {
  static dgram_datagram list[MANY];
  size_t sent = 0;
  for (size_t i = 0; i < count; i++)
    list[i] = (dgram_datagram){.bytes = "info", .length = 4, .to = *to, .info = info};
  NET_CODE(dgram_send_many(from->socket, list, count, on_sent, &sent), 0);
  NET_UNTIL(sent, 1);
  return list[count - 1].result;
}

/* ---- across the router ---- */

static void tell_way(const char *address) {
  NET_SEND(&a, "way", address, b.port);
  NET_HEAR(&b, "way ");
  expect_local(address, 0);
  NET_CHECK(seen.hop_limit == 8);
  NET_CHECK(seen.interface_index == VC);
  NET_CHECK(seen.tos == 0 && !seen.truncated);
}

static uint64_t wall_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * DGRAM_SECOND + (uint64_t)now.tv_nsec;
}

static void across(void) {
  const uint64_t before_ns = wall_ns();
  open_with_info("C");
  NET_CODE(dgram_set_ttl(a.socket, 9), 0);
  tell_way(the->c);
  NET_CHECK(seen.time_ns >= before_ns);
  tell_way(the->c2);
  NET_CHECK(seen.time_ns <= wall_ns());
  net_close(&b);
}

/* ECN travels with DSCP. */
static void tos(void) {
  static const uint8_t values[] = {0xb8, 0x2e, 0x01, 0};
  open_with_info("C");
  const dgram_address to = parse(the->c, b.port);
  for (size_t i = 0; i < sizeof values; i++) {
    const dgram_send_info info = {.set = DGRAM_SEND_TOS, .tos = values[i]};
    NET_CODE(send_with(&a, &to, &info, 1), 4);
    NET_HEAR(&b, "info ");
    NET_CHECK(seen.tos == values[i]);
  }
  net_close(&b);
}

/* Groups cross a cable as one, and each datagram of them has it. */
static void tos_of_groups(void) {
  const dgram_send_info info = {.set = DGRAM_SEND_TOS, .tos = 0x48};
  open_with_info("R");
  const dgram_address to = parse(the->r, b.port);
  same = 0;
  NET_CODE(send_with(&a, &to, &info, MANY), 4);
  NET_UNTIL(b.messages, MANY);
  NET_CHECK(same == MANY);
  NET_CHECK(seen.tos == 0x48 && seen.interface_index == RA);
  net_close(&b);
}

/* What is asked at one address is answered from there, from either of two. */
static void answer(const char *address) {
  dgram_send_info info = {.set = DGRAM_SEND_SOURCE_ADDRESS};
  NET_SEND(&a, "who", address, b.port);
  NET_HEAR(&b, "who ");
  info.source_address = seen.local_address;
  const dgram_address to = b.from;
  NET_CODE(send_with(&b, &to, &info, 1), 4);
  NET_HEAR(&a, "info ");
  const dgram_address expected = parse(address, b.port);
  NET_CHECK(dgram_address_equal(&a.from, &expected));
}

static void answers(void) {
  open_with_info("C");
  answer(the->c);
  answer(the->c2);
  net_close(&b);
}

/* ---- by an interface ---- */

static void send_to_group(uint32_t by, uint32_t at) {
  const dgram_send_info info = {.set = DGRAM_SEND_INTERFACE, .interface_index = by};
  const dgram_address to = parse(the->group, b.port);
  NET_CODE(send_with(&a, &to, &info, 1), 4);
  NET_HEAR(&b, "info ");
  expect_local(the->group, the->type == DGRAM_UDP6 ? at : 0);
  NET_CHECK(seen.interface_index == at);
}

static void interfaces(void) {
  open_with_info("R");
  NET_CODE(dgram_add_membership(b.socket, the->group, "ra"), 0);
  NET_CODE(dgram_add_membership(b.socket, the->group, "ra2"), 0);
  send_to_group(VA, RA);
  send_to_group(VA2, RA2);
  send_to_group(VA, RA);
  const dgram_send_info none = {.set = DGRAM_SEND_INTERFACE, .interface_index = 9999};
  const dgram_address to = parse(the->group, b.port);
  NET_CODE(send_with(&a, &to, &none, 1), DGRAM_ENODEV);
  net_close(&b);
}

/* A link-local source names its interface by its scope. */
static void link_local(void) {
  dgram_send_info info = {.set = DGRAM_SEND_SOURCE_ADDRESS, .source_address = parse("fe80::a2", 0)};
  open_with_info("R");
  dgram_address to = parse("fe80::92", b.port);
  info.source_address.scope_id = VA2;
  NET_CODE(send_with(&a, &to, &info, 1), 4);
  NET_HEAR(&b, "info ");
  expect_local("fe80::92", RA2);
  NET_CHECK(b.from.scope_id == RA2 && memcmp(b.from.bytes, info.source_address.bytes, 16) == 0);
  net_close(&b);
}

int main(int count, char **words) {
  the = count == 2 && words[1][0] == '6' ? &ipv6 : &ipv4;
  net_begin();
  net_open(&a, "A", the->type, NULL);
  across();
  tos();
  tos_of_groups();
  answers();
  interfaces();
  if (the == &ipv6) link_local();
  net_close(&a);
  net_end();
  return 0;
}
