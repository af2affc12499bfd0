/* Connected sockets: connecting, what they hear and where they send, disconnecting. */

#include "harness.h"

/* node:connect-1 node:event-connect */
static void test_connect_is_asynchronous(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_address remote, there = h_address(b);
  (void)state;
  h_assert_ok(h_connect(a, "127.0.0.1", h_port(b)));
  h_assert_code(DGRAM_ENOTCONNECTED, dgram_remote_address(a, &remote));
  h_expect("");
  h_run_until("a connected");
  h_expect("a connect; a connected OK");
  h_assert_ok(dgram_remote_address(a, &remote));
  assert_true(dgram_address_equal(&remote, &there));
}

/* node:connect-2 */
static void test_no_address_is_loopback(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4), *c = h_socket("c", DGRAM_UDP4);
  dgram_socket *b = h_bound("b", DGRAM_UDP4);
  dgram_address remote, there = h_address(b);
  (void)state;
  h_assert_ok(h_connect(a, NULL, h_port(b)));
  h_assert_ok(h_connect(c, "", h_port(b)));
  h_run_until("a connected OK");
  h_run_until("c connected OK");
  h_assert_ok(dgram_remote_address(a, &remote));
  assert_true(dgram_address_equal(&remote, &there));
  h_assert_ok(dgram_remote_address(c, &remote));
  assert_true(dgram_address_equal(&remote, &there));
}

/* node:connect-2 */
static void test_no_address_is_loopback_udp6(void **state) {
  dgram_socket *a, *b;
  dgram_address remote, there;
  (void)state;
  h_need_ipv6();
  a = h_socket("a", DGRAM_UDP6);
  b = h_bound("b", DGRAM_UDP6);
  there = h_address(b);
  h_assert_ok(h_connect(a, NULL, h_port(b)));
  h_run_until("a connected OK");
  h_assert_ok(dgram_remote_address(a, &remote));
  assert_true(dgram_address_equal(&remote, &there));
  h_assert_ok(h_send_peer(a, "x"));
  h_run_until("b message 'x'");
}

/* node:connect-3 */
static void test_an_unbound_socket_is_bound_first(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_connect(a, "127.0.0.1", h_port(b)));
  assert_int_not_equal(h_port(a), 0);
  h_assert_code(DGRAM_EALREADYBOUND, h_bind(a, NULL));
  h_run_until("a connected");
  h_expect_of("a", "listening; connect; connected OK");
}

/* node:connect-3 */
static void test_connect_waits_for_a_bind(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind_to(a, "localhost", 0));
  h_assert_ok(h_connect(a, "localhost", h_port(b)));
  h_run_until("a connected");
  h_expect_of("a", "listening; bind OK; connect; connected OK");
}

/* node:connect-4 */
static void test_connect_fails_with_the_bind(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind_to(a, "127.0.0.1", h_port(b)));
  h_assert_ok(h_connect(a, "127.0.0.1", h_port(b)));
  h_run_until("a connected");
  h_expect_of("a", "bind EADDRINUSE; error bind EADDRINUSE; connected EADDRINUSE");
  h_assert_ok(h_connect(a, "127.0.0.1", h_port(b)));
  h_run_until("a connected OK");
}

/* node:connect-5 */
static void test_to_a_name(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_connect(a, "localhost", h_port(b)));
  h_run_until("a connected");
  h_expect("a connect; a connected OK");
  h_assert_ok(h_send_peer(a, "x"));
  h_run_until("b message 'x'");
}

/* node:connect-4 node:connect-5 */
static void test_a_failure_goes_to_the_callback(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  dgram_address remote;
  (void)state;
  h_assert_ok(h_connect(a, "nobody.dgram.test", 7));
  h_assert_code(DGRAM_EISCONNECTED, h_connect(a, "127.0.0.1", 7));
  h_run_until("a connected");
  h_turns(2);
  h_expect("a connected ENOTFOUND");
  h_assert_code(DGRAM_ENOTCONNECTED, dgram_remote_address(a, &remote));
  h_assert_ok(h_connect(a, "127.0.0.1", 7));
  h_run_until("a connected OK");
}

/* node:connect-4 */
static void test_a_failure_without_a_callback_is_an_error(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(H(dgram_connect(a, 7, "nobody.dgram.test", NULL, NULL)));
  h_run_until("a error");
  h_expect("a error getaddrinfo ENOTFOUND");
  h_assert_ok(H(dgram_connect(a, 7, "255.255.255.255", NULL, NULL)));
  h_run_until("a error");
  h_expect("a error connect EACCES");
}

/* node:connect-6 */
static void test_connected_once(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_connect(a, NULL, 7));
  h_assert_code(DGRAM_EISCONNECTED, h_connect(a, NULL, 7));
  h_assert_code(DGRAM_EISCONNECTED, H(dgram_connect_sync(a, 7, NULL)));
  h_assert_code(DGRAM_ENOTCONNECTED, H(dgram_disconnect(a)));
  h_run_until("a connected OK");
  h_assert_code(DGRAM_EISCONNECTED, h_connect(a, NULL, 7));
  h_assert_code(DGRAM_EISCONNECTED, H(dgram_connect_sync(a, 7, NULL)));
}

/* node:connect-7 */
static void test_the_port_is_checked_first(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  static const int ports[] = {0, -1, 65536};
  (void)state;
  for (int i = 0; i < 3; i++) {
    h_assert_code(DGRAM_EBADPORT, h_connect(a, "::1", ports[i]));
    h_assert_code(DGRAM_EBADPORT, H(dgram_connect_sync(a, ports[i], "::1")));
  }
  h_assert_ok(H(dgram_connect_sync(a, 7, NULL)));
  h_assert_code(DGRAM_EBADPORT, h_connect(a, NULL, 0));
}

/* node:connect-8 */
static void test_bad_addresses(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  char name[300];
  (void)state;
  memset(name, 'x', sizeof(name));
  name[sizeof(name) - 1] = '\0';
  h_assert_code(DGRAM_EINVAL, h_connect(a, "::1", 7));
  h_assert_code(DGRAM_EINVAL, h_connect(a, "no:literal", 7));
  h_assert_code(DGRAM_ENAMETOOLONG, h_connect(a, name, 7));
  h_assert_code(DGRAM_EINVAL, H(dgram_connect_sync(a, 7, "::1")));
  h_assert_code(DGRAM_EINVAL, H(dgram_connect_sync(a, 7, "localhost")));
  h_assert_code(DGRAM_EARGTYPE, H(dgram_remote_address(a, NULL)));
  h_assert_code(DGRAM_EARGTYPE, H(dgram_connect(NULL, 7, NULL, NULL, NULL)));
  h_assert_code(DGRAM_EARGTYPE, H(dgram_connect_sync(NULL, 7, NULL)));
  h_assert_code(DGRAM_EARGTYPE, H(dgram_disconnect(NULL)));
}

/* node:connect-9 */
static void test_hears_its_peer_only(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_socket *c = h_bound("c", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_connect(a, "127.0.0.1", h_port(b)));
  h_run_until("a connected OK");
  h_assert_ok(h_send(c, "others", h_address(a)));
  h_run_until("c sent");
  h_assert_ok(h_send(b, "peer", h_address(a)));
  h_run_until("a message 'peer'");
  h_turns(2);
  assert_int_equal(h_count("a message"), 1);
}

/* node:send-connected */
static void test_sends_without_an_address(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_buffer parts[2] = {{"ga", 2}, {"ther", 4}};
  dgram_datagram list[2] = {{.bytes = "list1", .length = 5}, {.bytes = "list2", .length = 5}};
  struct h_call *many = h_call_new(a, "list", 2);
  (void)state;
  h_assert_ok(H(dgram_connect_sync(a, h_port(b), "127.0.0.1")));
  h_assert_ok(h_send_name(a, "send", 0, NULL));
  h_assert_ok(h_send_name(a, "empty", 0, ""));
  h_assert_ok(h_send_peer(a, "to"));
  h_assert_ok(h_post_peer(a, "post"));
  h_assert_ok(H(dgram_send_gather(a, parts, 2, 0, NULL, NULL, NULL)));
  h_assert_ok(h_call_made(many, H(dgram_send_many(a, list, 2, h_on_sent_many, many))));
  h_run_until_n("b message", 7);
  assert_int_equal(H(dgram_try_send_many(a, list, 2)), 2);
  h_run_until_n("b message", 9);
  h_expect_of("b", "message 'send'; message 'empty'; message 'to'; message 'post'; message "
                   "'gather'; message 'list1'; message 'list2'; message 'list1'; message 'list2'");
  assert_int_equal(h_count("a sent"), 4);
}

/* node:send-connected */
static void test_an_address_is_refused_while_connected(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_buffer part = {"x", 1};
  dgram_datagram datagram = {.bytes = "x", .length = 1, .to = h_address(b)};
  (void)state;
  h_assert_ok(H(dgram_connect_sync(a, h_port(b), NULL)));
  h_assert_code(DGRAM_EISCONNECTED, h_send(a, "x", h_address(b)));
  h_assert_code(DGRAM_EISCONNECTED, h_post(a, "x", h_address(b)));
  h_assert_code(DGRAM_EISCONNECTED, h_send_name(a, "x", h_port(b), "127.0.0.1"));
  h_assert_code(DGRAM_EISCONNECTED, h_send_name(a, "x", h_port(b), NULL));
  h_assert_code(DGRAM_EISCONNECTED, h_send_name(a, "x", 0, "localhost"));
  h_assert_code(DGRAM_EISCONNECTED, H(dgram_send_gather(a, &part, 1, 7, NULL, NULL, NULL)));
  h_assert_code(DGRAM_EISCONNECTED, H(dgram_send_many(a, &datagram, 1, NULL, NULL)));
  h_assert_code(DGRAM_EISCONNECTED, H(dgram_try_send_many(a, &datagram, 1)));
  datagram.to.family = 0;
  h_assert_code(DGRAM_EISCONNECTED, H(dgram_try_send_many(a, &datagram, 1)));
  h_assert_ok(h_send_peer(a, "so that one is queued"));
  h_assert_code(DGRAM_EISCONNECTED, h_send(a, "x", datagram.to));
}

/* node:send-connected */
static void test_no_address_is_refused_while_not_connected(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  dgram_datagram datagram = {.bytes = "x", .length = 1};
  (void)state;
  for (int connecting = 0; connecting < 2; connecting++) {
    h_assert_code(DGRAM_EARGTYPE, h_send_peer(a, "x"));
    h_assert_code(DGRAM_EBADPORT, h_send_name(a, "x", 0, NULL));
    h_assert_code(DGRAM_EINVAL, H(dgram_send_many(a, &datagram, 1, NULL, NULL)));
    h_assert_code(DGRAM_EINVAL, H(dgram_try_send_many(a, &datagram, 1)));
    if (connecting == 0) h_assert_ok(h_connect(a, NULL, 7));
  }
  h_run_until("a connected OK");
}

/* node:disconnect */
static void test_disconnect(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_socket *c = h_bound("c", DGRAM_UDP4);
  dgram_address remote;
  int port = h_port(a);
  (void)state;
  h_assert_code(DGRAM_ENOTCONNECTED, H(dgram_disconnect(a)));
  h_assert_ok(H(dgram_connect_sync(a, h_port(b), NULL)));
  h_assert_ok(H(dgram_disconnect(a)));
  h_assert_code(DGRAM_ENOTCONNECTED, H(dgram_disconnect(a)));
  h_assert_code(DGRAM_ENOTCONNECTED, dgram_remote_address(a, &remote));
  assert_int_equal(h_port(a), port);
  h_assert_ok(h_send(c, "others", h_address(a)));
  h_run_until("a message 'others'");
  h_assert_ok(h_send(a, "back", h_address(c)));
  h_run_until("c message 'back'");
  assert_int_equal(h_count("a connect"), 0);
}

/* node:disconnect */
static void test_the_port_stays_which_the_system_chose(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_address local;
  int port;
  (void)state;
  h_assert_ok(h_connect(a, "127.0.0.1", h_port(b)));
  port = h_port(a);
  h_run_until("a connected OK");
  h_assert_ok(H(dgram_disconnect(a)));
  h_assert_ok(dgram_local_address(a, &local));
  assert_int_equal(local.port, port);
  assert_string_equal(h_format(&local), h_format(&(dgram_address){4, 0, (uint16_t)port, 0, {0}}));
  h_assert_ok(h_send(b, "x", h_address(a)));
  h_run_until("a message 'x'");
}

/* node:disconnect */
static void test_connected_again_to_another(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_socket *c = h_bound("c", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_connect(a, NULL, h_port(b)));
  h_run_until("a connected OK");
  h_assert_ok(H(dgram_disconnect(a)));
  h_assert_ok(h_connect(a, NULL, h_port(c)));
  h_run_until_n("a connected OK", 2);
  h_assert_ok(h_send_peer(a, "x"));
  h_run_until("c message 'x'");
  assert_int_equal(h_count("b message"), 0);
}

/* node:connect-order */
static void test_what_was_queued_goes_where_it_was_sent(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_socket *c = h_bound("c", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send(a, "before", h_address(c)));
  h_assert_ok(h_connect(a, NULL, h_port(b)));
  h_assert_ok(h_send(a, "meanwhile", h_address(c)));
  h_run_until("a connected OK");
  h_assert_ok(h_send_peer(a, "peer"));
  h_assert_ok(h_post_peer(a, "silent"));
  h_assert_ok(H(dgram_disconnect(a)));
  h_assert_ok(h_send(a, "after", h_address(c)));
  h_run_until("c message 'after'");
  h_run_until("b message 'silent'");
  h_expect_of("b", "message 'peer'; message 'silent'");
  h_expect_of("c", "message 'before'; message 'meanwhile'; message 'after'");
}

/* node:connect-order */
static void test_a_name_that_is_found_after_the_connect(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_socket *c = h_bound("c", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send_name(a, "x", h_port(c), "localhost"));
  h_assert_ok(H(dgram_connect_sync(a, h_port(b), NULL)));
  if (h_kind() == H_UV) {
    h_run_until("a unsent 'x' EISCONN");
  } else {
    h_run_until("c message 'x'");
  }
}

/* node:connect-order */
static void test_a_name_that_is_the_peers(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send_name(a, "x", h_port(b), "localhost"));
  h_assert_ok(H(dgram_connect_sync(a, h_port(b), NULL)));
  h_run_until("b message 'x'");
  h_run_until("a sent 'x'");
}

/* node:connect-close */
static void test_close_cancels(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_socket("b", DGRAM_UDP4);
  dgram_socket *c = h_bound("c", DGRAM_UDP4), *d = h_bound("d", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_connect(a, "slow.dgram.test", 7));
  h_assert_ok(h_connect(b, "127.0.0.1", 7));
  h_assert_ok(h_connect(c, "127.0.0.1", 7));
  h_assert_ok(H(dgram_connect(d, 7, NULL, NULL, NULL)));
  h_assert_ok(h_end(a));
  h_assert_ok(h_end(b));
  h_assert_ok(H(dgram_abort(c)));
  h_assert_ok(h_end(d));
  h_assert_code(DGRAM_ENOTRUNNING, h_connect(a, NULL, 7));
  h_assert_code(DGRAM_ENOTRUNNING, H(dgram_connect_sync(a, 7, NULL)));
  h_assert_code(DGRAM_ENOTRUNNING, H(dgram_disconnect(a)));
  h_run_until("a close");
  h_run_until("b close");
  h_run_until("c close");
  h_run_until("d close");
  h_expect_of("a", "connected ECANCELED; close");
  h_expect_of("b", "connected ECANCELED; close");
  h_expect_of("c", "connected ECANCELED; close");
  h_expect_of("d", "close");
}

/* node:connect-close */
static void test_a_linger_does_not_wait_for_a_connect(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  if (h_kind() == H_SIM) h_skip("no slow name in the simulation");
  h_assert_ok(h_send_name(a, "x", h_port(b), "slow.dgram.test"));
  h_assert_ok(h_connect(a, "slow.dgram.test", h_port(b)));
  h_assert_ok(h_end(a));
  h_run_until("a connected ECANCELED");
  assert_int_equal(h_count("a close"), 0);
  h_resolver_release();
  h_run_until("a close");
  h_expect_of("a", "connected ECANCELED; sent 'x'; close");
}

/* node:connect-close */
static void test_sends_to_the_peer_leave_before_close(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(H(dgram_connect_sync(a, h_port(b), NULL)));
  h_assert_ok(h_send_peer(a, "x"));
  h_assert_ok(h_end(a));
  h_run_until("a close");
  h_run_until("b message 'x'");
  h_expect_of("a", "sent 'x'; close");
}

static void close_it(dgram_socket *socket, void *data) {
  (void)data;
  h_assert_ok(h_end(socket));
}

static void abort_after(struct h_call *call, dgram_socket *socket) {
  (void)call;
  h_assert_ok(H(dgram_abort(socket)));
}

/* node:connect-close */
static void test_close_in_the_callbacks(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  struct h_call *call = h_call_new(b, "connect", 0);
  (void)state;
  h_assert_ok(dgram_on_connect(a, close_it, NULL));
  h_assert_ok(h_connect(a, NULL, 7));
  call->then = abort_after;
  h_assert_ok(h_call_made(call, H(dgram_connect(b, 7, NULL, h_on_connected, call))));
  h_run_until("a close");
  h_run_until("b close");
  h_expect_of("a", "connect; connected ECANCELED; close");
  h_expect_of("b", "connect; connected OK; close");
}

static void disconnect_it(dgram_socket *socket, void *data) {
  (void)data;
  h_assert_ok(H(dgram_disconnect(socket)));
}

/* node:disconnect */
static void test_disconnect_in_the_event(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(dgram_once_connect(a, disconnect_it, NULL));
  h_assert_ok(h_connect(a, NULL, 7));
  h_run_until("a connected");
  h_expect("a connect; a connected OK");
  h_assert_ok(h_connect(a, NULL, 7));
  h_run_until("a connected");
  h_expect("a connect; a connected OK");
  assert_int_equal(dgram_off_connect(a, disconnect_it, NULL), 0);
}

/* node:connect-ref */
static void test_a_connect_keeps_the_program(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  dgram_unref(a);
  dgram_unref(b);
  h_assert_ok(h_connect(a, "localhost", 7));
  h_assert_ok(H(dgram_connect_sync(b, 7, NULL)));
  assert_int_equal(h_run_to_end(), 0);
  h_expect_of("a", "connect; connected OK");
  h_expect_of("b", "connect");
}

/* node:connect-sync */
static void test_connect_sync(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_address remote, there = h_address(b);
  (void)state;
  h_assert_ok(H(dgram_connect_sync(a, h_port(b), "127.0.0.1")));
  h_assert_ok(dgram_remote_address(a, &remote));
  assert_true(dgram_address_equal(&remote, &there));
  assert_int_not_equal(h_port(a), 0);
  h_assert_ok(h_send_peer(a, "x"));
  h_expect("");
  h_run_until("b message 'x'");
  h_run_until("a connect");
  h_expect_of("a", "listening; connect; sent 'x'");
}

/* node:connect-sync */
static void test_connect_sync_fails_in_the_call(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_socket("b", DGRAM_UDP4);
  (void)state;
  h_assert_code(DGRAM_EACCES, H(dgram_connect_sync(a, 7, "255.255.255.255")));
  h_assert_ok(h_bind_to(b, "localhost", 0));
  h_assert_code(DGRAM_EALREADYBOUND, H(dgram_connect_sync(b, 7, NULL)));
  h_run_until("b bind OK");
  h_turns(2);
  h_expect_of("a", "");
  h_assert_ok(H(dgram_connect_sync(b, 7, NULL)));
}

/* node:bind-sync */
static void test_bind_sync(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_bind_options where = {.address = "127.0.0.1"};
  dgram_address local;
  (void)state;
  h_assert_ok(H(dgram_bind_sync(a, &where)));
  h_assert_ok(dgram_local_address(a, &local));
  assert_string_equal(h_format(&local),
                      h_format(&(dgram_address){4, 0, local.port, 0, {127, 0, 0, 1}}));
  h_assert_ok(H(dgram_set_ttl(a, 3)));
  h_assert_code(DGRAM_EALREADYBOUND, H(dgram_bind_sync(a, &where)));
  h_assert_code(DGRAM_EALREADYBOUND, h_bind(a, NULL));
  h_expect("");
  h_run_until("a listening");
  h_assert_ok(h_send(b, "x", h_address(a)));
  h_run_until("a message 'x'");
  h_expect_of("a", "listening; message 'x'");
}

/* node:bind-sync */
static void test_bind_sync_fails_in_the_call(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_bind_options taken = {.address = "127.0.0.1", .port = h_port(b)};
  dgram_bind_options name = {.address = "localhost"}, port = {.port = 65536};
  dgram_bind_options family = {.address = "::1"}, descriptor = {.fd = -1};
  (void)state;
  h_assert_code(DGRAM_EADDRINUSE, H(dgram_bind_sync(a, &taken)));
  h_assert_code(DGRAM_EINVAL, H(dgram_bind_sync(a, &name)));
  h_assert_code(DGRAM_EINVAL, H(dgram_bind_sync(a, &family)));
  h_assert_code(DGRAM_EBADPORT, H(dgram_bind_sync(a, &port)));
  h_assert_code(DGRAM_EBADF, H(dgram_bind_sync(a, &descriptor)));
  h_assert_code(DGRAM_EARGTYPE, H(dgram_bind_sync(NULL, NULL)));
  h_turns(2);
  h_expect("");
  h_assert_ok(H(dgram_bind_sync(a, NULL)));
  h_run_until("a listening");
}

/* node:connect-mapped */
static void test_a_udp6_socket_connects_to_ipv4(void **state) {
  dgram_socket *a, *b = h_bound("b", DGRAM_UDP4);
  dgram_address remote;
  char text[64];
  (void)state;
  h_need_ipv6();
  a = h_socket("a", DGRAM_UDP6);
  h_assert_ok(h_connect(a, "::ffff:127.0.0.1", h_port(b)));
  h_run_until("a connected OK");
  h_assert_ok(dgram_remote_address(a, &remote));
  snprintf(text, sizeof(text), "::ffff:127.0.0.1:%d", h_port(b));
  assert_string_equal(h_format(&remote), text);
  h_assert_ok(h_send_peer(a, "x"));
  h_run_until("b message 'x'");
  h_assert_ok(h_send(b, "y", h_literal("127.0.0.1", h_port(a))));
  h_run_until("a message 'y'");
  h_assert_ok(H(dgram_disconnect(a)));
  h_assert_ok(h_send(a, "z", h_literal("::ffff:127.0.0.1", h_port(b))));
  h_run_until("b message 'z'");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_connect_is_asynchronous),
      H_TEST(test_no_address_is_loopback),
      H_TEST(test_no_address_is_loopback_udp6),
      H_TEST(test_an_unbound_socket_is_bound_first),
      H_TEST(test_connect_waits_for_a_bind),
      H_TEST(test_connect_fails_with_the_bind),
      H_TEST(test_to_a_name),
      H_TEST(test_a_failure_goes_to_the_callback),
      H_TEST(test_a_failure_without_a_callback_is_an_error),
      H_TEST(test_connected_once),
      H_TEST(test_the_port_is_checked_first),
      H_TEST(test_bad_addresses),
      H_TEST(test_hears_its_peer_only),
      H_TEST(test_sends_without_an_address),
      H_TEST(test_an_address_is_refused_while_connected),
      H_TEST(test_no_address_is_refused_while_not_connected),
      H_TEST(test_disconnect),
      H_TEST(test_the_port_stays_which_the_system_chose),
      H_TEST(test_connected_again_to_another),
      H_TEST(test_what_was_queued_goes_where_it_was_sent),
      H_TEST(test_a_name_that_is_found_after_the_connect),
      H_TEST(test_a_name_that_is_the_peers),
      H_TEST(test_close_cancels),
      H_TEST(test_a_linger_does_not_wait_for_a_connect),
      H_TEST(test_sends_to_the_peer_leave_before_close),
      H_TEST(test_close_in_the_callbacks),
      H_TEST(test_disconnect_in_the_event),
      H_TEST(test_a_connect_keeps_the_program),
      H_TEST(test_connect_sync),
      H_TEST(test_connect_sync_fails_in_the_call),
      H_TEST(test_a_udp6_socket_connects_to_ipv4),
      H_TEST(test_bind_sync),
      H_TEST(test_bind_sync_fails_in_the_call),
  };
  return H_MAIN(tests);
}
