/* Link-local addresses, which have a meaning only with an interface. A and B both have two cables,
 * and B has the same address fe80::b on both of them, so only the scope tells which one is
 * meant. */

#include "net.h"

static struct net_box a, b;
static struct net_box near_a, near_b;

static bool is_link_local(const dgram_address *address, unsigned last_byte) {
  const uint8_t bytes[16] = {0xfe, 0x80, [15] = (uint8_t)last_byte};
  return address->family == DGRAM_IPV6 && memcmp(address->bytes, bytes, 16) == 0;
}

/* From A to B and back: the sender's address carries the receiver's interface. */
static void there_and_back(const char *to, unsigned index_in_a, unsigned index_in_b) {
  net_on("A");
  NET_SEND(&a, "hello", to, b.port);
  NET_HEAR(&b, "hello ");
  NET_CHECK(is_link_local(&b.from, index_in_b == 22 ? 0xa : 0xa2));
  NET_CHECK(b.from.scope_id == index_in_b && b.from.port == a.port);
  NET_CODE(dgram_send_to(b.socket, "reply", 5, &b.from, NULL, NULL), 0);
  NET_HEAR(&a, "reply ");
  NET_CHECK(is_link_local(&a.from, 0xb));
  NET_CHECK(a.from.scope_id == index_in_a && a.from.port == b.port);
}

/* The text of a sender is an address to send to. */
static void reply_by_text(void) {
  char text[DGRAM_ADDRESS_TEXT];
  net_on("A");
  NET_SEND(&a, "hello", "fe80::b%va2", b.port);
  NET_HEAR(&b, "hello ");
  NET_CHECK(dgram_address_format(&b.from, text, sizeof text) > 0);
  NET_CHECK(strcmp(text, "fe80::a2%44") == 0);
  net_on("B");
  NET_SEND(&b, "reply", text, a.port);
  NET_HEAR(&a, "reply ");
}

static void resolved(dgram_stack *stack, int status, const dgram_address *addresses, void *data) {
  (void)stack;
  NET_CODE(status, 1);
  NET_CHECK(is_link_local(addresses, 0xb) && addresses->scope_id == 33);
  ++*(size_t *)data;
}

/* dgram_resolve knows names of interfaces, dgram_address_parse only numbers. */
static void by_resolve(void) {
  dgram_address address;
  size_t done = 0;
  net_on("A");
  NET_CODE(dgram_resolve(net_stack, "fe80::b%va2", DGRAM_IPV6, resolved, &done), 0);
  NET_UNTIL(done, 1);
  NET_CODE(dgram_resolve(net_stack, "fe80::b%nothing", 0, resolved, &done), DGRAM_ENODEV);
  NET_CODE(dgram_address_parse("fe80::b%va2", 7, &address), DGRAM_EINVAL);
  NET_CODE(dgram_address_parse("fe80::b%33", 7, &address), 0);
  NET_CHECK(address.scope_id == 33);
}

/* Bound to the address on one interface, a socket does not hear the other one, where the same
 * address is bound on the same port by somebody else. */
static void bound_to_scope(void) {
  net_on("B");
  net_create(&near_a, &(dgram_socket_options){.type = DGRAM_UDP6});
  NET_CODE(net_bind_to(&near_a, &(dgram_bind_options){.address = "fe80::b%vb"}), 0);
  net_create(&near_b, &(dgram_socket_options){.type = DGRAM_UDP6});
  NET_CODE(
      net_bind_to(&near_b, &(dgram_bind_options){.port = near_a.port, .address = "fe80::b%44"}), 0);
  dgram_address local;
  NET_CODE(dgram_local_address(near_a.socket, &local), 0);
  NET_CHECK(is_link_local(&local, 0xb) && local.scope_id == 22);
  NET_CODE(dgram_local_address(near_b.socket, &local), 0);
  NET_CHECK(local.scope_id == 44);
  net_on("A");
  NET_SEND(&a, "first", "fe80::b%va", near_a.port);
  NET_SEND(&a, "second", "fe80::b%va2", near_a.port);
  NET_HEAR(&near_a, "first ");
  NET_HEAR(&near_b, "second ");
  NET_CHECK(near_a.messages == 1 && near_b.messages == 1);
  net_close(&near_a);
  net_close(&near_b);
}

/* An unknown scope is known at once. A missing one is the system's business: EINVAL to bind, and a
 * send may leave by any interface. */
static void wrong_scopes(void) {
  struct net_answer none = {0};
  net_on("B");
  net_create(&near_b, &(dgram_socket_options){.type = DGRAM_UDP6});
  dgram_bind_options nowhere = {.address = "fe80::b%nothing"};
  NET_CODE(dgram_bind(near_b.socket, &nowhere, net_answered, &none), DGRAM_ENODEV);
  NET_CODE(net_bind_to(&near_b, &(dgram_bind_options){.address = "fe80::b"}), DGRAM_EINVAL);
  NET_CODE(net_bind_to(&near_b, &(dgram_bind_options){.address = "fe80::1234%vb"}),
           DGRAM_EADDRNOTAVAIL);
  NET_CODE(net_bind_to(&near_b, &(dgram_bind_options){.address = "fe80::b%vb"}), 0);
  net_on("A");
  NET_CODE(dgram_send(a.socket, "x", 1, b.port, "fe80::b%nothing", net_answered, &none),
           DGRAM_ENODEV);
  NET_CHECK(none.count == 0);
  net_close(&near_b);
}

int main(void) {
  net_begin();
  net_open(&b, "B", DGRAM_UDP6, NULL);
  net_open(&a, "A", DGRAM_UDP6, NULL);
  there_and_back("fe80::b%va", 11, 22);
  there_and_back("fe80::b%11", 11, 22);
  there_and_back("fe80::b%va2", 33, 44);
  there_and_back("fe80::b%33", 33, 44);
  reply_by_text();
  by_resolve();
  bound_to_scope();
  wrong_scopes();
  net_close(&a);
  net_close(&b);
  net_end();
  return 0;
}
