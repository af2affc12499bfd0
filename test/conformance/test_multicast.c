/* Multicast: joining and leaving, by every name an interface has; loopback and TTL.
 *
 * All of it stays on the loopback interface: who is bound to 127.0.0.1 sends multicast by it, and
 * who has joined there hears it. No test needs a network. The group is another one in each run,
 * because a system hands a group's datagrams to all its members. */

#include "harness.h"

static char group[DGRAM_ADDRESS_TEXT];
static char group6[DGRAM_ADDRESS_TEXT];

static int setup(void **state) {
  static uint64_t chance;
  if (chance == 0) chance = h_seed();
  snprintf(group, sizeof(group), "239.255.%u.%u", h_random(&chance) % 256,
           1 + h_random(&chance) % 254);
  snprintf(group6, sizeof(group6), "ff02::%x:%x", 1 + h_random(&chance) % 65000,
           1 + h_random(&chance) % 65000);
  return h_setup(state);
}

static dgram_socket *bound_anywhere(const char *name, int type) {
  dgram_socket *socket = h_socket(name, type);
  char done[32];
  h_assert_ok(h_bind(socket, NULL));
  snprintf(done, sizeof(done), "%s bind OK", name);
  h_run_until(done);
  h_log_clear();
  return socket;
}

/* Sends to the group from loopback, then to the member itself, which ends the wait: what the group
 * brought has come before. */
static void send_to_group(dgram_socket *sender, dgram_socket *member, const char *text) {
  char done[64];
  snprintf(done, sizeof(done), "%s message 'mark'", h_name(member));
  h_log_clear();
  h_assert_ok(h_send(sender, text, h_literal(group, h_port(member))));
  h_assert_ok(h_send(sender, "mark", h_literal("127.0.0.1", h_port(member))));
  h_run_until(done);
  h_run_until_n("a sent", 2);
}

/* seed:add-1 issue:multicast */
static void test_a_member_hears_its_group(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = bound_anywhere("b", DGRAM_UDP4);
  (void)state;
  send_to_group(a, b, "before");
  h_expect_of("b", "message 'mark'");
  h_assert_ok(H(dgram_add_membership(b, group, "127.0.0.1")));
  send_to_group(a, b, "to all");
  h_expect_of("b", "message 'to all'; message 'mark'");
}

/* seed:drop-1 issue:multicast */
static void test_who_leaves_hears_no_more(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = bound_anywhere("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(H(dgram_add_membership(b, group, "127.0.0.1")));
  send_to_group(a, b, "to all");
  h_assert_ok(H(dgram_drop_membership(b, group, "127.0.0.1")));
  send_to_group(a, b, "nobody");
  h_expect_of("b", "message 'mark'");
  h_assert_ok(H(dgram_add_membership(b, group, "127.0.0.1")));
  send_to_group(a, b, "again");
  h_expect_of("b", "message 'again'; message 'mark'");
}

/* seed:drop-2 rule:6 */
static void test_closing_leaves(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = bound_anywhere("b", DGRAM_UDP4);
  dgram_socket *member = bound_anywhere("member", DGRAM_UDP4);
  (void)state;
  h_assert_ok(H(dgram_add_membership(member, group, "127.0.0.1")));
  h_assert_ok(h_end(member));
  send_to_group(a, b, "nobody"); /* b would have heard it while the host had a member */
  h_expect_of("b", "message 'mark'");
}

static void join_in_callback(dgram_socket *socket, int status, void *data) {
  h_on_bind(socket, status, data);
  h_assert_ok(H(dgram_add_membership(socket, group, "127.0.0.1")));
}

/* seed:intro-2 */
static void test_joining_in_the_callback_of_bind(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_socket("b", DGRAM_UDP4);
  struct h_call *call = h_call_new(b, "bind", 0);
  (void)state;
  h_assert_ok(h_call_made(call, H(dgram_bind(b, NULL, join_in_callback, call))));
  h_run_until("b bind OK");
  send_to_group(a, b, "to all");
  h_expect_of("b", "message 'to all'; message 'mark'");
}

/* better:membership-before-bind */
static void test_joining_before_bind_binds(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_socket("b", DGRAM_UDP4);
  dgram_address address, any;
  (void)state;
  h_assert_ok(H(dgram_add_membership(b, group, "127.0.0.1")));
  h_assert_ok(dgram_local_address(b, &address));
  any = h_literal("0.0.0.0", address.port);
  assert_true(dgram_address_equal(&address, &any));
  h_assert_code(DGRAM_EALREADYBOUND, h_bind(b, NULL));
  h_expect("");
  h_run_until("b listening");
  send_to_group(a, b, "to all");
  h_expect_of("b", "message 'to all'; message 'mark'");
}

/* unlike:setters-while-binding */
static void test_joining_while_binding(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind(a, NULL));
  h_assert_code(DGRAM_EBADF, H(dgram_add_membership(a, group, NULL)));
  h_assert_code(DGRAM_EBADF, H(dgram_drop_membership(a, group, NULL)));
  h_run_until("a bind OK");
}

/* seed:add-2 seed:drop-3 unlike:membership-interface */
static void test_without_an_interface_the_system_chooses_one(void **state) {
  dgram_socket *a = bound_anywhere("a", DGRAM_UDP4);
  int code = H(dgram_add_membership(a, group, NULL));
  (void)state;
  if (code == DGRAM_ENODEV) h_skip("no route for multicast on this host");
  h_assert_ok(code);
  h_assert_code(DGRAM_EADDRINUSE, H(dgram_add_membership(a, group, "")));
  h_assert_ok(H(dgram_drop_membership(a, group, NULL)));
  h_assert_code(DGRAM_EADDRNOTAVAIL, H(dgram_drop_membership(a, group, "")));
}

/* unlike:membership-interface seed:add-2 seed:drop-3 */
static void test_a_star_joins_all(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = bound_anywhere("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(H(dgram_add_membership(b, group, "*")));
  h_assert_code(DGRAM_EADDRINUSE, H(dgram_add_membership(b, group, "*")));
  send_to_group(a, b, "to all");
  h_expect_of("b", "message 'to all'; message 'mark'");
  h_assert_ok(H(dgram_drop_membership(b, group, "*")));
  h_assert_code(DGRAM_EADDRNOTAVAIL, H(dgram_drop_membership(b, group, "*")));
  send_to_group(a, b, "nobody");
  h_expect_of("b", "message 'mark'");
}

/* better:membership-names */
static void test_a_star_is_a_name_among_others(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = bound_anywhere("b", DGRAM_UDP4);
  int code;
  (void)state;
  h_assert_ok(H(dgram_add_membership(b, group, "127.0.0.1")));
  h_assert_code(DGRAM_EADDRNOTAVAIL, H(dgram_drop_membership(b, group, "*")));
  h_assert_ok(H(dgram_add_membership(b, group, "*")));
  code = H(dgram_add_membership(b, group, NULL)); /* one of them, if there is a route */
  assert_true(code == 0 || code == DGRAM_ENODEV);
  h_assert_ok(H(dgram_drop_membership(b, group, "*")));
  if (code == 0) h_assert_ok(H(dgram_drop_membership(b, group, NULL)));
  send_to_group(a, b, "to all");
  h_expect_of("b", "message 'to all'; message 'mark'");
  h_assert_ok(H(dgram_drop_membership(b, group, "127.0.0.1")));
  send_to_group(a, b, "nobody");
  h_expect_of("b", "message 'mark'");
  h_assert_code(DGRAM_EADDRNOTAVAIL, H(dgram_drop_membership(b, group, "127.0.0.1")));
}

/* The loopback interface has these names: address, name, index. */
static void loopback_names(const char *names[3]) {
  static char index[16];
  int number = dgram_interface_index(h_stack(), "lo");
  if (number == DGRAM_ENODEV) h_skip("the loopback interface is not called lo here");
  assert_true(number > 0);
  snprintf(index, sizeof(index), "%d", number);
  names[0] = "127.0.0.1";
  names[1] = "lo";
  names[2] = index;
}

/* issue:multicast api:ifname */
static void test_an_interface_by_any_of_its_names(void **state) {
  dgram_socket *a = bound_anywhere("a", DGRAM_UDP4);
  const char *names[3];
  (void)state;
  loopback_names(names);
  for (size_t i = 0; i < 3; i++) {
    h_assert_ok(H(dgram_add_membership(a, group, names[i])));
    h_assert_code(DGRAM_EADDRINUSE, H(dgram_add_membership(a, group, names[i])));
    h_assert_ok(H(dgram_drop_membership(a, group, names[(i + 1) % 3])));
    h_assert_code(DGRAM_EADDRNOTAVAIL, H(dgram_drop_membership(a, group, names[i])));
  }
}

/* better:membership-names */
static void test_the_same_interface_named_twice(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = bound_anywhere("b", DGRAM_UDP4);
  const char *names[3];
  (void)state;
  loopback_names(names);
  for (size_t i = 0; i < 3; i++)
    h_assert_ok(H(dgram_add_membership(b, group, names[i])));
  for (size_t i = 0; i < 3; i++) {
    h_assert_code(DGRAM_EADDRINUSE, H(dgram_add_membership(b, group, names[i])));
    send_to_group(a, b, "to all");
    h_expect_of("b", "message 'to all'; message 'mark'");
    h_assert_ok(H(dgram_drop_membership(b, group, names[i])));
    h_assert_ok(H(dgram_add_membership(b, group, names[i])));
    h_assert_ok(H(dgram_drop_membership(b, group, names[i])));
    if (i < 2) continue;
    send_to_group(a, b, "nobody");
    h_expect_of("b", "message 'mark'");
  }
  h_assert_code(DGRAM_EADDRNOTAVAIL, H(dgram_drop_membership(b, group, names[0])));
}

/* issue:multicast api:ifname */
static void test_each_name_of_an_interface_is_heard(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = bound_anywhere("b", DGRAM_UDP4);
  const char *names[3];
  (void)state;
  loopback_names(names);
  for (size_t i = 0; i < 3; i++) {
    h_assert_ok(H(dgram_add_membership(b, group, names[i])));
    send_to_group(a, b, names[i]);
    assert_int_equal(h_count("b message"), 2);
    h_assert_ok(H(dgram_drop_membership(b, group, names[i])));
  }
}

/* issue:multicast api:interface-names */
static void test_names_and_indexes_of_interfaces(void **state) {
  const char *names[3];
  char name[64] = "";
  (void)state;
  loopback_names(names);
  int index = dgram_interface_index(h_stack(), "lo");
  assert_int_equal(dgram_interface_name(h_stack(), (unsigned)index, name, sizeof(name)), 2);
  assert_string_equal(name, "lo");
  h_assert_code(DGRAM_ENOSPC, dgram_interface_name(h_stack(), (unsigned)index, name, 2));
  h_assert_code(DGRAM_ENODEV, dgram_interface_name(h_stack(), 999999, name, sizeof(name)));
  h_assert_code(DGRAM_ENODEV, dgram_interface_index(h_stack(), "nosuchif0"));
  h_assert_code(DGRAM_ENODEV, dgram_interface_index(h_stack(), ""));
  h_assert_code(DGRAM_EARGTYPE, dgram_interface_index(h_stack(), NULL));
}

/* issue:multicast seed:add-1 seed:drop-1 */
static void test_ipv6_interfaces_by_any_of_their_names(void **state) {
  dgram_socket *a;
  const char *names[4];
  (void)state;
  h_need_ipv6();
  loopback_names(names);
  a = bound_anywhere("a", DGRAM_UDP6);
  names[0] = "::1";
  names[3] = "::%lo"; /* as Node names it */
  for (size_t i = 0; i < 4; i++) {
    h_assert_ok(H(dgram_add_membership(a, group6, names[i])));
    h_assert_code(DGRAM_EADDRINUSE, H(dgram_add_membership(a, group6, names[i])));
    h_assert_ok(H(dgram_add_membership(a, group6, names[(i + 2) % 4])));
    h_assert_ok(H(dgram_drop_membership(a, group6, names[i])));
    h_assert_ok(H(dgram_drop_membership(a, group6, names[(i + 1) % 4])));
    h_assert_code(DGRAM_EADDRNOTAVAIL, H(dgram_drop_membership(a, group6, names[i])));
  }
  h_assert_code(DGRAM_EINVAL, H(dgram_add_membership(a, group, NULL)));
  h_assert_code(DGRAM_EINVAL, H(dgram_add_membership(a, "::1", NULL)));
}

/* A socket that has joined where the system chose, and whose multicast goes there but leaves no
 * host. */
static dgram_socket *member_by_choice(int type, const char *name) {
  dgram_socket *a = bound_anywhere("a", type);
  int code = H(dgram_add_membership(a, name, NULL));
  if (code == DGRAM_ENODEV) h_skip("no route for multicast on this host");
  h_assert_ok(code);
  h_assert_ok(H(dgram_set_multicast_ttl(a, 0)));
  h_assert_ok(h_send_name(a, "to all", h_port(a), name));
  while (!h_logged("a sent") && !h_logged("a unsent"))
    h_turns(1);
  if (h_logged("a unsent 'to all' ENETUNREACH")) h_skip("no route for multicast on this host");
  return a;
}

/* issue:multicast seed:add-1 seed:drop-1 */
static void test_ipv6_is_heard(void **state) {
  dgram_socket *a;
  (void)state;
  h_need_ipv6();
  a = member_by_choice(DGRAM_UDP6, group6);
  h_run_until("a message 'to all'");
  h_assert_ok(H(dgram_drop_membership(a, group6, NULL)));
  h_assert_ok(h_send_name(a, "nobody", h_port(a), group6));
  h_assert_ok(h_send_name(a, "mark", h_port(a), "::1"));
  h_run_until("a message 'mark'");
  assert_int_equal(h_count("a message"), 2);
}

/* seed:mloop-1 seed:mloop-2 issue:options */
static void test_multicast_loopback(void **state) {
  dgram_socket *a = member_by_choice(DGRAM_UDP4, group);
  (void)state;
  h_run_until("a message 'to all'"); /* on at first */
  h_assert_ok(H(dgram_set_multicast_loopback(a, false)));
  send_to_group(a, a, "off");
  assert_int_equal(h_count("a message"), 1);
  h_assert_ok(H(dgram_set_multicast_loopback(a, true)));
  send_to_group(a, a, "on");
  assert_int_equal(h_count("a message"), 2);
}

/* Receives a datagram of the group without the library; returns its TTL. */
static int multicast_ttl_on_the_wire(dgram_socket *a) {
  int port = 0, ttl = -1, fd = h_peer_open("0.0.0.0", 0, &port);
  char byte = 0;
  assert_true(fd >= 0);
  h_log_clear();
  h_assert_ok(h_send(a, "x", h_literal(group, port)));
  h_run_until("a sent");
  assert_int_equal(h_peer_receive(fd, &byte, 1, &ttl, NULL), 1);
  h_peer_close(fd);
  return ttl;
}

/* seed:mttl-1 seed:mttl-2 seed:mttl-6 issue:options */
static void test_multicast_ttl(void **state) {
  dgram_socket *a, *b;
  (void)state;
  h_need_kernel("nobody else is on a simulated network");
  a = h_bound("a", DGRAM_UDP4);
  b = bound_anywhere("b", DGRAM_UDP4); /* the host's member */
  h_assert_ok(H(dgram_add_membership(b, group, "127.0.0.1")));
  assert_int_equal(multicast_ttl_on_the_wire(a), 1);
  h_assert_ok(H(dgram_set_multicast_ttl(a, 9)));
  assert_int_equal(multicast_ttl_on_the_wire(a), 9);
  h_assert_ok(H(dgram_set_ttl(a, 33))); /* unicast's is another */
  assert_int_equal(multicast_ttl_on_the_wire(a), 9);
}

/* seed:mttl-5 */
static void test_multicast_ttl_0_stays_on_the_host(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = bound_anywhere("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(H(dgram_add_membership(b, group, "127.0.0.1")));
  h_assert_ok(H(dgram_set_multicast_ttl(a, 0)));
  send_to_group(a, b, "here");
  h_expect_of("b", "message 'here'; message 'mark'");
}

/* seed:add-1 */
static void test_multicast_of_a_program_without_the_library(void **state) {
  dgram_socket *b;
  dgram_address to;
  int fd;
  (void)state;
  h_need_kernel("nobody else is on a simulated network");
  b = bound_anywhere("b", DGRAM_UDP4);
  h_assert_ok(H(dgram_add_membership(b, group, "lo")));
  fd = h_peer_open("0.0.0.0", 0, NULL);
  assert_true(fd >= 0);
  assert_int_equal(h_peer_multicast_by_loopback(fd), 0);
  to = h_literal(group, h_port(b));
  assert_int_equal(h_peer_send(fd, "hello", 5, &to), 5);
  h_run_until("b message 'hello'");
  h_peer_close(fd);
}

/* input:group input:interface */
static void test_bad_groups_and_interfaces(void **state) {
  static const struct {
    const char *group;
    const char *ifname;
    int code;
  } cases[] = {
      {NULL, NULL, DGRAM_EMISSINGARGS},
      {"127.0.0.1", NULL, DGRAM_EINVAL},
      {"192.0.2.1", "*", DGRAM_EINVAL},
      {"ff02::114", NULL, DGRAM_EINVAL},
      {"", NULL, DGRAM_EINVAL},
      {"no group", NULL, DGRAM_EINVAL},
      {"localhost", NULL, DGRAM_EINVAL},
      {"240.0.0.1", NULL, DGRAM_EINVAL},
      {"239.1.2.3", "nosuchif0", DGRAM_ENODEV},
      {"239.1.2.3", "203.0.113.77", DGRAM_ENODEV},
  };
  dgram_socket *a = bound_anywhere("a", DGRAM_UDP4);
  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    h_assert_code(cases[i].code, H(dgram_add_membership(a, cases[i].group, cases[i].ifname)));
    h_assert_code(cases[i].code, H(dgram_drop_membership(a, cases[i].group, cases[i].ifname)));
  }
  h_assert_code(DGRAM_ENODEV, H(dgram_add_membership(a, group, "999999")));
  h_assert_code(DGRAM_EADDRNOTAVAIL, H(dgram_drop_membership(a, group, "999999")));
  h_assert_code(DGRAM_EADDRNOTAVAIL, H(dgram_drop_membership(a, group, "127.0.0.1")));
  h_turns(2);
  h_expect("");
}

/* ---- one source ---- */

/* Two senders on loopback, with an address each. */
static void bind_senders(dgram_socket *ret_senders[2]) {
  ret_senders[0] = h_bound("a", DGRAM_UDP4);
  ret_senders[1] = h_socket("c", DGRAM_UDP4);
  if (h_kind() != H_SIM && !h_peer_port_is_free("127.0.0.2", 0))
    h_skip("no address 127.0.0.2 here");
  h_assert_ok(h_bind_to(ret_senders[1], "127.0.0.2", 0));
  h_run_until("c bind OK");
}

/* Each sends a word to the group, then one comes that comes in any case. */
static void expect_heard(dgram_socket *senders[2], dgram_socket *member, const char *words) {
  h_log_clear();
  h_assert_ok(h_send(senders[1], "from c", h_literal(group, h_port(member))));
  h_run_until("c sent");
  h_assert_ok(h_send(senders[0], "from a", h_literal(group, h_port(member))));
  h_assert_ok(h_send(senders[0], "mark", h_literal("127.0.0.1", h_port(member))));
  h_run_until("b message 'mark'");
  h_run_until_n("a sent", 2);
  h_expect_of("b", words);
}

/* node:add-source-1 node:drop-source-1 */
static void test_one_source_is_heard(void **state) {
  dgram_socket *senders[2], *b = bound_anywhere("b", DGRAM_UDP4);
  (void)state;
  bind_senders(senders);
  h_assert_ok(H(dgram_add_source_specific_membership(b, "127.0.0.2", group, "127.0.0.1")));
  expect_heard(senders, b, "message 'from c'; message 'mark'");
  h_assert_ok(H(dgram_add_source_specific_membership(b, "127.0.0.1", group, "127.0.0.1")));
  expect_heard(senders, b, "message 'from c'; message 'from a'; message 'mark'");
  h_assert_ok(H(dgram_drop_source_specific_membership(b, "127.0.0.2", group, "127.0.0.1")));
  expect_heard(senders, b, "message 'from a'; message 'mark'");
  h_assert_ok(H(dgram_drop_source_specific_membership(b, "127.0.0.1", group, "127.0.0.1")));
  expect_heard(senders, b, "message 'mark'");
  h_assert_ok(H(dgram_add_membership(b, group, "127.0.0.1")));
  expect_heard(senders, b, "message 'from c'; message 'from a'; message 'mark'");
}

/* Another socket of the host wants both. node:add-source-1 */
static void test_one_source_among_other_members(void **state) {
  dgram_socket *senders[2], *b = bound_anywhere("b", DGRAM_UDP4);
  dgram_socket *other = bound_anywhere("other", DGRAM_UDP4);
  (void)state;
  bind_senders(senders);
  h_assert_ok(H(dgram_add_membership(other, group, "127.0.0.1")));
  expect_heard(senders, b, "message 'from c'; message 'from a'; message 'mark'");
  h_assert_ok(H(dgram_add_source_specific_membership(b, "127.0.0.2", group, "127.0.0.1")));
  expect_heard(senders, b, "message 'from c'; message 'mark'");
}

/* better:membership-names node:drop-source-1 */
static void test_one_source_by_several_names(void **state) {
  dgram_socket *a = bound_anywhere("a", DGRAM_UDP4);
  const char *names[3];
  (void)state;
  loopback_names(names);
  for (size_t i = 0; i < 3; i++) {
    h_assert_ok(H(dgram_add_source_specific_membership(a, "127.0.0.2", group, names[i])));
    h_assert_code(DGRAM_EADDRINUSE,
                  H(dgram_add_source_specific_membership(a, "127.0.0.2", group, names[i])));
  }
  h_assert_code(DGRAM_EADDRINUSE, H(dgram_add_membership(a, group, "lo")));
  h_assert_code(DGRAM_EADDRNOTAVAIL, H(dgram_drop_membership(a, group, "lo")));
  for (size_t i = 0; i < 3; i++)
    h_assert_ok(H(dgram_drop_source_specific_membership(a, "127.0.0.2", group, names[i])));
  h_assert_code(DGRAM_EADDRNOTAVAIL,
                H(dgram_drop_source_specific_membership(a, "127.0.0.2", group, "lo")));
  h_assert_ok(H(dgram_add_membership(a, group, "lo")));
  h_assert_code(DGRAM_EADDRNOTAVAIL,
                H(dgram_drop_source_specific_membership(a, "127.0.0.2", group, "lo")));
  h_assert_code(DGRAM_EADDRINUSE,
                H(dgram_add_source_specific_membership(a, "127.0.0.2", group, "lo")));
}

/* Of IPv6 a kernel's loopback has no route for groups, unless somebody has made one. */
static void send_by_loopback_ipv6(dgram_socket *a, const char *text, int port) {
  h_log_clear();
  h_assert_ok(h_send_name(a, text, port, group6));
  while (!h_logged("a sent") && !h_logged("a unsent"))
    h_turns(1);
  if (h_logged("a unsent") && h_kind() != H_SIM) h_skip("no route for IPv6 multicast by loopback");
}

/* node:add-source-1 node:drop-source-1 */
static void test_one_source_of_ipv6(void **state) {
  dgram_socket *a, *b;
  (void)state;
  h_need_ipv6();
  a = h_bound("a", DGRAM_UDP6);
  b = bound_anywhere("b", DGRAM_UDP6);
  h_assert_ok(H(dgram_set_multicast_interface(a, "::1")));
  h_assert_ok(H(dgram_add_source_specific_membership(b, "2001:db8::1", group6, "::1")));
  send_by_loopback_ipv6(a, "nobody", h_port(b));
  h_assert_ok(H(dgram_add_source_specific_membership(b, "::1", group6, "::1")));
  send_by_loopback_ipv6(a, "to all", h_port(b));
  h_run_until("b message");
  h_expect_of("b", "message 'to all'");
  h_assert_ok(H(dgram_drop_source_specific_membership(b, "::1", group6, "::%lo")));
  h_assert_code(DGRAM_EADDRNOTAVAIL,
                H(dgram_drop_source_specific_membership(b, "::1", group6, "::%lo")));
}

/* node:add-source-2 */
static void test_one_source_where_the_system_chooses(void **state) {
  dgram_socket *a = bound_anywhere("a", DGRAM_UDP4);
  int code = H(dgram_add_source_specific_membership(a, "192.0.2.1", group, NULL));
  (void)state;
  if (code == DGRAM_ENODEV) h_skip("no route for multicast on this host");
  h_assert_ok(code);
  h_assert_code(DGRAM_EADDRINUSE, H(dgram_add_membership(a, group, NULL)));
  h_assert_ok(H(dgram_drop_source_specific_membership(a, "192.0.2.1", group, NULL)));
  h_assert_ok(H(dgram_add_membership(a, group, NULL)));
}

/* node:add-source-3 */
static void test_one_source_before_bind_binds(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  dgram_address address;
  (void)state;
  h_assert_ok(H(dgram_add_source_specific_membership(a, "127.0.0.2", group, "127.0.0.1")));
  h_assert_ok(dgram_local_address(a, &address));
  h_assert_code(DGRAM_EALREADYBOUND, h_bind(a, NULL));
  h_expect("");
  h_run_until("a listening");
}

/* input:source input:group */
static void test_bad_sources(void **state) {
  static const struct {
    const char *source;
    const char *group;
    int code;
  } cases[] = {
      {NULL, "239.1.2.3", DGRAM_EARGTYPE},      {"127.0.0.1", NULL, DGRAM_EARGTYPE},
      {"", "239.1.2.3", DGRAM_EINVAL},          {"localhost", "239.1.2.3", DGRAM_EINVAL},
      {"239.1.2.4", "239.1.2.3", DGRAM_EINVAL}, {"0.0.0.0", "239.1.2.3", DGRAM_EINVAL},
      {"::1", "239.1.2.3", DGRAM_EINVAL},       {"127.0.0.1", "127.0.0.1", DGRAM_EINVAL},
      {"127.0.0.1", "ff02::1:3", DGRAM_EINVAL},
  };
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    h_assert_code(cases[i].code, H(dgram_add_source_specific_membership(a, cases[i].source,
                                                                        cases[i].group, NULL)));
    h_assert_code(cases[i].code, H(dgram_drop_source_specific_membership(a, cases[i].source,
                                                                         cases[i].group, NULL)));
  }
  h_assert_code(DGRAM_EBADF, H(dgram_drop_source_specific_membership(a, "127.0.0.1", group, NULL)));
  h_assert_ok(h_bind(a, NULL));
  h_assert_code(DGRAM_EBADF, H(dgram_add_source_specific_membership(a, "127.0.0.1", group, NULL)));
  h_run_until("a bind OK");
  h_assert_code(DGRAM_ENODEV,
                H(dgram_add_source_specific_membership(a, "127.0.0.1", group, "nosuchif0")));
}

/* ---- where multicast leaves ---- */

/* node:multicast-interface-1 node:multicast-interface-2 */
static void test_multicast_leaves_by_an_interface(void **state) {
  dgram_socket *a = bound_anywhere("a", DGRAM_UDP4), *b = bound_anywhere("b", DGRAM_UDP4);
  const char *names[3];
  (void)state;
  loopback_names(names);
  h_assert_ok(H(dgram_add_membership(b, group, "127.0.0.1")));
  for (size_t i = 0; i < 3; i++) {
    h_assert_ok(H(dgram_set_multicast_interface(a, names[i])));
    send_to_group(a, b, names[i]);
    assert_int_equal(h_count("b message"), 2);
  }
  h_assert_code(DGRAM_ENODEV, H(dgram_set_multicast_interface(a, "nosuchif0")));
  send_to_group(a, b, "still");
  h_expect_of("b", "message 'still'; message 'mark'");
  h_assert_ok(H(dgram_set_multicast_interface(a, "0.0.0.0")));
}

/* node:multicast-interface-3 */
static void test_multicast_leaves_by_an_interface_ipv6(void **state) {
  dgram_socket *a, *b;
  (void)state;
  h_need_ipv6();
  a = bound_anywhere("a", DGRAM_UDP6);
  b = bound_anywhere("b", DGRAM_UDP6);
  h_assert_ok(H(dgram_add_membership(b, group6, "::1")));
  h_assert_ok(H(dgram_set_multicast_interface(a, "::%lo")));
  send_by_loopback_ipv6(a, "to all", h_port(b));
  h_run_until("b message 'to all'");
  h_assert_ok(H(dgram_set_multicast_interface(a, "::")));
}

/* node:multicast-interface-4 input:interface */
static void test_bad_multicast_interfaces(void **state) {
  static const struct {
    const char *ifname;
    int code;
  } cases[] = {
      {NULL, DGRAM_EARGTYPE},
      {"", DGRAM_EINVAL},
      {"nosuchif0", DGRAM_ENODEV},
      {"999999", DGRAM_ENODEV},
      {"*", DGRAM_ENODEV},
      {"203.0.113.77", DGRAM_EADDRNOTAVAIL},
      {"239.1.2.3", DGRAM_EADDRNOTAVAIL},
  };
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_code(DGRAM_EBADF, H(dgram_set_multicast_interface(a, "127.0.0.1")));
  h_assert_ok(h_bind(a, NULL));
  h_assert_code(DGRAM_EBADF, H(dgram_set_multicast_interface(a, "127.0.0.1")));
  h_run_until("a bind OK");
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    h_assert_code(cases[i].code, H(dgram_set_multicast_interface(a, cases[i].ifname)));
  h_assert_ok(h_end(a));
  h_assert_code(DGRAM_ENOTRUNNING, H(dgram_set_multicast_interface(a, "127.0.0.1")));
}

/* input:group */
static void test_a_bad_group_does_not_bind(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  dgram_address address;
  (void)state;
  h_assert_code(DGRAM_EINVAL, H(dgram_add_membership(a, "127.0.0.1", NULL)));
  h_assert_code(DGRAM_EBADF, H(dgram_drop_membership(a, group, NULL)));
  h_assert_code(DGRAM_EBADF, dgram_local_address(a, &address));
}

#define M_TEST(function) cmocka_unit_test_setup_teardown(function, setup, h_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      M_TEST(test_a_member_hears_its_group),
      M_TEST(test_who_leaves_hears_no_more),
      M_TEST(test_closing_leaves),
      M_TEST(test_joining_in_the_callback_of_bind),
      M_TEST(test_joining_before_bind_binds),
      M_TEST(test_joining_while_binding),
      M_TEST(test_without_an_interface_the_system_chooses_one),
      M_TEST(test_a_star_joins_all),
      M_TEST(test_a_star_is_a_name_among_others),
      M_TEST(test_an_interface_by_any_of_its_names),
      M_TEST(test_the_same_interface_named_twice),
      M_TEST(test_each_name_of_an_interface_is_heard),
      M_TEST(test_names_and_indexes_of_interfaces),
      M_TEST(test_ipv6_interfaces_by_any_of_their_names),
      M_TEST(test_ipv6_is_heard),
      M_TEST(test_multicast_loopback),
      M_TEST(test_multicast_ttl),
      M_TEST(test_multicast_ttl_0_stays_on_the_host),
      M_TEST(test_multicast_of_a_program_without_the_library),
      M_TEST(test_bad_groups_and_interfaces),
      M_TEST(test_one_source_is_heard),
      M_TEST(test_one_source_among_other_members),
      M_TEST(test_one_source_by_several_names),
      M_TEST(test_one_source_of_ipv6),
      M_TEST(test_one_source_where_the_system_chooses),
      M_TEST(test_one_source_before_bind_binds),
      M_TEST(test_bad_sources),
      M_TEST(test_multicast_leaves_by_an_interface),
      M_TEST(test_multicast_leaves_by_an_interface_ipv6),
      M_TEST(test_bad_multicast_interfaces),
      M_TEST(test_a_bad_group_does_not_bind),
  };
  return H_MAIN(tests);
}
