#include "sender.h"

#include <stdio.h>
#include <string.h>

#include "core/extras.h"

static void on_connected(dgram_socket *socket, int status, void *data) {
  assert_ptr_equal(socket, sock);
  assert_ptr_equal(data, &fake);
  note("cb", status);
}

static void on_connect(dgram_socket *socket, void *data) {
  (void)data;
  assert_ptr_equal(socket, sock);
  note("connect", 0);
}

static int connect_to(const char *address) {
  return dgram_connect(sock, 99, address, on_connected, &fake);
}

static int set_up_connect(void **state) {
  set_up(state);
  return dgram_on_connect(sock, on_connect, NULL);
}

static int send_to_peer(char letter) {
  const char *at = &letters[letter - 'a'];

  return dgram_send_to(sock, at, 1, NULL, on_sent, (void *)(uintptr_t)at);
}

static void connect_and_settle(void) {
  assert_int_equal(connect_to("192.0.2.9"), 0);
  fake_settle(&fake);
  expect_log("connect0 cb0 ");
}

/* The last bytes of where the datagrams went, 0 for the peer. */
static const char *went(void) {
  static char text[256];

  text[0] = '\0';
  for (size_t i = 0; i < fake.sent_count; i++)
    snprintf(text + strlen(text), sizeof text - strlen(text), "%c%d ", fake.sent[i].first,
             fake.sent[i].to.family == 0 ? 0 : fake.sent[i].to.bytes[3]);
  return text;
}

/* ---- the way of a connect ---- */

static void the_stack_connects_from_the_loop(void **state) {
  dgram_address remote;

  (void)state;
  assert_int_equal(connect_to("192.0.2.9"), 0);
  assert_int_equal(fake.connects, 0);
  assert_true(fake.alive);
  fake_settle(&fake);
  assert_int_equal(fake.connects, 1);
  expect_log("connect0 cb0 ");
  assert_int_equal(dgram_remote_address(sock, &remote), 0);
  assert_int_equal(remote.bytes[3], 9);
  assert_int_equal(remote.port, 99);
}

static void a_name_and_a_bind_are_both_waited_for(void **state) {
  const dgram_bind_options where = {.address = "local.test"};

  (void)state;
  for (int names_first = 0; names_first < 2; names_first++) {
    assert_int_equal(dgram_bind(sock, &where, NULL, NULL), 0);
    assert_int_equal(connect_to("peer.test"), 0);
    assert_int_equal(fake_in_flight(&fake), 2);
    fake_answer(&fake, names_first ? "peer.test" : "local.test", 5);
    fake_settle(&fake);
    assert_int_equal(fake.connects, 0);
    expect_log("");
    fake_answer(&fake, names_first ? "local.test" : "peer.test", 6);
    fake_settle(&fake);
    expect_log("connect0 cb0 ");
    fake_end(&fake);
    set_up_connect(NULL);
  }
}

static void failures_leave_it_disconnected(void **state) {
  (void)state;
  bind_and_settle();
  fake.connect_code = DGRAM_ENETUNREACH;
  assert_int_equal(connect_to("192.0.2.9"), 0);
  fake_settle(&fake);
  expect_log("cb:ENETUNREACH ");
  assert_int_equal(dgram_connect(sock, 99, NULL, NULL, NULL), 0);
  fake_settle(&fake);
  expect_log("connect(127.0.0.1,99):ENETUNREACH ");
  assert_int_equal(connect_to("peer.test"), 0);
  fake_answer(&fake, "peer.test", DGRAM_EAI_FAIL);
  fake_settle(&fake);
  expect_log("cb:EAI_FAIL ");
  assert_int_equal(dgram_connect(sock, 99, "peer.test", NULL, NULL), 0);
  fake_answer(&fake, "peer.test", DGRAM_EAI_FAIL);
  fake_settle(&fake);
  expect_log("getaddrinfo(peer.test,99):EAI_FAIL ");
  assert_int_equal(dgram_connect_sync(sock, 99, NULL), DGRAM_ENETUNREACH);
  fake_settle(&fake);
  expect_log("");
  fake.connect_code = 0;
  connect_and_settle();
}

static void a_bind_that_fails_takes_the_connect_along(void **state) {
  const dgram_bind_options where = {.address = "local.test"};

  (void)state;
  assert_int_equal(dgram_bind(sock, &where, NULL, NULL), 0);
  assert_int_equal(connect_to("peer.test"), 0);
  fake_answer(&fake, "local.test", DGRAM_ENOTFOUND);
  fake_settle(&fake);
  expect_log("getaddrinfo(local.test,0):ENOTFOUND cb:ENOTFOUND ");
  assert_int_equal(fake.cancelled, 1);
  assert_false(fake.alive);
  fake.bind_code = DGRAM_EMFILE;
  assert_int_equal(connect_to("192.0.2.9"), DGRAM_EMFILE);
  assert_int_equal(dgram_connect_sync(sock, 99, NULL), DGRAM_EMFILE);
  fake_settle(&fake);
  expect_log("");
  fake.bind_code = 0;
  connect_and_settle();
}

static void memory_may_be_out(void **state) {
  (void)state;
  bind_and_settle();
  for (size_t ask = 1;; ask++) {
    fake.unit.fail_once = fake.unit.asked + ask;
    const int code = connect_to("peer.test");
    fake.unit.fail_once = 0;
    if (code == 0) break;
    assert_int_equal(code, DGRAM_ENOMEM);
    assert_true(ask < 10);
  }
  fake_answer(&fake, "peer.test", 9);
  fake_settle(&fake);
  expect_log("connect0 cb0 ");
}

/* ---- order ---- */

static void what_was_before_it_leaves_first(void **state) {
  (void)state;
  bind_and_settle();
  fake.takes = 1;
  assert_int_equal(send_letter('a'), 0);
  assert_int_equal(send_letter('b'), 0);
  assert_int_equal(connect_to("192.0.2.9"), 0);
  assert_int_equal(send_letter('c'), 0);
  fake_settle(&fake);
  expect_log("a1 ");
  assert_int_equal(fake.connects, 0);
  fake.takes = SIZE_MAX;
  fake_sendable(sock, DGRAM_EAGAIN);
  fake_settle(&fake);
  expect_log("b1 c1 connect0 cb0 ");
  assert_string_equal(went(), "a1 b1 c1 ");
  assert_int_equal(send_letter('d'), DGRAM_EISCONNECTED);
  assert_int_equal(send_to_peer('d'), 0);
  fake_settle(&fake);
  assert_string_equal(went(), "a1 b1 c1 d0 ");
}

static void connect_sync_does_not_wait(void **state) {
  (void)state;
  bind_and_settle();
  fake.takes = 1;
  assert_int_equal(send_letter('a'), 0);
  assert_int_equal(send_letter('b'), 0);
  assert_int_equal(dgram_connect_sync(sock, 99, NULL), 0);
  assert_string_equal(sent(), "a");
  assert_int_equal(send_to_peer('c'), 0);
  fake.takes = SIZE_MAX;
  fake_sendable(sock, DGRAM_EAGAIN);
  fake_settle(&fake);
  expect_log("a1 b1 c1 connect0 ");
  assert_string_equal(went(), "a1 b1 c0 ");
}

static void what_is_for_the_peer_goes_there_after_a_disconnect(void **state) {
  dgram_datagram list[2] = {{.bytes = "y", .length = 1}, {.bytes = "z", .length = 1}};

  (void)state;
  connect_and_settle();
  fake.takes = 1;
  assert_int_equal(send_to_peer('a'), 0);
  assert_int_equal(send_to_peer('b'), 0);
  assert_int_equal(dgram_send_many(sock, list, 2, NULL, NULL), 0);
  assert_int_equal(dgram_disconnect(sock), 0);
  assert_string_equal(sent(), "a");
  assert_int_equal(send_letter('c'), 0);
  assert_int_equal(connect_to("192.0.2.8"), 0);
  fake_settle(&fake);
  expect_log("a1 ");
  fake.takes = SIZE_MAX;
  fake_sendable(sock, DGRAM_EAGAIN);
  fake_settle(&fake);
  expect_log("b1 c1 connect0 cb0 ");
  assert_string_equal(went(), "a0 b9 y9 z9 c1 ");
  assert_int_equal(list[0].to.family, 0);
}

static void a_failed_send_to_the_peer_says_where(void **state) {
  (void)state;
  connect_and_settle();
  fake.send_code = DGRAM_EPERM;
  assert_int_equal(dgram_send_to(sock, "x", 1, NULL, NULL, NULL), 0);
  fake_settle(&fake);
  expect_log("send(192.0.2.9,99):EPERM ");
  assert_int_equal(dgram_send_to(sock, "x", 1, NULL, NULL, NULL), 0);
  assert_int_equal(dgram_disconnect(sock), 0);
  fake_settle(&fake);
  expect_log("send(192.0.2.9,99):EPERM ");
}

/* ---- disconnecting ---- */

static void a_disconnect_that_fails_changes_nothing(void **state) {
  (void)state;
  connect_and_settle();
  fake.disconnect_code = DGRAM_EINVAL;
  assert_int_equal(dgram_disconnect(sock), DGRAM_EINVAL);
  assert_int_equal(send_to_peer('a'), 0);
  fake.disconnect_code = DGRAM_EADDRINUSE;
  assert_int_equal(dgram_disconnect(sock), DGRAM_EADDRINUSE);
  assert_int_equal(send_to_peer('b'), DGRAM_EARGTYPE);
  assert_int_equal(send_letter('b'), 0);
  fake_settle(&fake);
  expect_log("a1 b1 ");
}

static void a_connect_that_was_taken_back_is_not_told(void **state) {
  (void)state;
  bind_and_settle();
  assert_int_equal(dgram_connect_sync(sock, 99, NULL), 0);
  assert_int_equal(dgram_disconnect(sock), 0);
  fake_settle(&fake);
  expect_log("");
  assert_int_equal(dgram_connect_sync(sock, 99, NULL), 0);
  assert_int_equal(dgram_disconnect(sock), 0);
  assert_int_equal(dgram_connect_sync(sock, 99, NULL), 0);
  fake_settle(&fake);
  expect_log("connect0 ");
}

/* ---- closing ---- */

static void close_now(void) {
  assert_int_equal(dgram_close(sock, NULL, NULL), 0);
}

static void closing_cancels_at_once(void **state) {
  (void)state;
  bind_and_settle();
  fake.takes = 0;
  assert_int_equal(send_letter('a'), 0);
  assert_int_equal(connect_to("peer.test"), 0);
  close_now();
  assert_int_equal(fake_in_flight(&fake), 0);
  fake_settle(&fake);
  expect_log("cb:ECANCELED ");
  fake.takes = SIZE_MAX;
  fake_sendable(sock, DGRAM_EAGAIN);
  fake_settle(&fake);
  expect_log("a1 close0 ");
  assert_int_equal(fake.connects, 0);
}

static void closing_in_connect_tells_the_callback(void **state) {
  (void)state;
  assert_int_equal(connect_to("192.0.2.9"), 0);
  act = close_now;
  fake_settle(&fake);
  expect_log("connect0 cb:ECANCELED close0 ");
}

static void closing_takes_a_connect_back_that_is_not_told_yet(void **state) {
  (void)state;
  assert_int_equal(dgram_connect_sync(sock, 99, NULL), 0);
  close_now();
  fake_settle(&fake);
  expect_log("close0 ");
}

static void a_settled_failure_is_a_cancel_after_close(void **state) {
  (void)state;
  assert_int_equal(connect_to("peer.test"), 0);
  fake_answer(&fake, "peer.test", DGRAM_ENOTFOUND);
  close_now();
  fake_settle(&fake);
  expect_log("cb:ECANCELED close0 ");
}

/* ---- what the peer's host answers ---- */

static void fail_peer(int code) {
  dgram__endpoint_peer_failed(sock->endpoint, code);
}

static void answers_are_told_from_the_loop(void **state) {
  (void)state;
  connect_and_settle();
  fail_peer(DGRAM_ECONNREFUSED);
  fail_peer(DGRAM_ECONNREFUSED);
  expect_log("");
  fake_settle(&fake);
  expect_log("recvmsg(-,0):ECONNREFUSED recvmsg(-,0):ECONNREFUSED ");
  assert_int_equal(sock->stats.receive_errors, 2);
  fail_peer(DGRAM_EHOSTUNREACH);
  act = close_now;
  fail_peer(DGRAM_EHOSTUNREACH);
  fake_settle(&fake);
  expect_log("recvmsg(-,0):EHOSTUNREACH close0 ");
}

static void fail_again(void) {
  fail_peer(DGRAM_ECONNREFUSED);
}

static void an_answer_while_one_is_told_comes_later(void **state) {
  (void)state;
  connect_and_settle();
  fail_peer(DGRAM_ECONNREFUSED);
  act = fail_again;
  assert_true(fake_turn(&fake));
  expect_log("recvmsg(-,0):ECONNREFUSED ");
  assert_true(fake_turn(&fake));
  expect_log("recvmsg(-,0):ECONNREFUSED ");
  assert_false(fake_turn(&fake));
}

/* ---- adopted descriptors ---- */

static void a_descriptor_may_have_a_peer(void **state) {
  const dgram_bind_options where = {.fd = 1000};
  dgram_address remote;

  (void)state;
  fake.adopts_connected = true;
  assert_int_equal(dgram_bind(sock, &where, NULL, NULL), 0);
  assert_int_equal(dgram_remote_address(sock, &remote), 0);
  assert_int_equal(remote.port, 99);
  assert_int_equal(send_letter('a'), DGRAM_EISCONNECTED);
  assert_int_equal(send_to_peer('a'), 0);
  fake_settle(&fake);
  expect_log("a1 ");
  assert_int_equal(dgram_disconnect(sock), 0);
  assert_int_equal(send_letter('b'), 0);
  fake_settle(&fake);
  assert_string_equal(went(), "a0 b1 ");
}

static uint64_t asked_id;

static int on_asked(dgram_stack *stack, const dgram_bind_request *request, void *data) {
  (void)stack;
  (void)data;
  asked_id = request->id;
  return 0;
}

/* What was asked for meanwhile comes after it. */
static void a_binders_descriptor_may_have_a_peer(void **state) {
  dgram_address remote;

  (void)state;
  fake.adopts_connected = true;
  assert_int_equal(dgram_stack_set_binder(fake_stack(&fake), on_asked, NULL), 0);
  for (int connects = 0; connects < 2; connects++) {
    assert_int_equal(dgram_bind(sock, NULL, NULL, NULL), 0);
    if (connects) assert_int_equal(connect_to("192.0.2.9"), 0);
    fake_settle(&fake);
    assert_int_equal(dgram_binder_answer(fake_stack(&fake), asked_id, 1000), 0);
    fake_settle(&fake);
    expect_log(connects ? "connect0 cb0 " : "");
    assert_int_equal(dgram_remote_address(sock, &remote), 0);
    assert_int_equal(remote.bytes[3], connects ? 9 : 99);
    if (connects) continue;
    fake_end(&fake);
    set_up_connect(NULL);
    fake.adopts_connected = true;
    assert_int_equal(dgram_stack_set_binder(fake_stack(&fake), on_asked, NULL), 0);
  }
}

static void a_peer_that_was_asked_for_comes_after_the_descriptors(void **state) {
  const dgram_bind_options where = {.fd = 1000};

  (void)state;
  fake.adopts_connected = true;
  assert_int_equal(dgram_bind_sync(sock, &where), 0);
  assert_int_equal(connect_to("192.0.2.9"), DGRAM_EISCONNECTED);
  fake_settle(&fake);
  expect_log("");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_connect, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(the_stack_connects_from_the_loop),
      TEST(a_name_and_a_bind_are_both_waited_for),
      TEST(failures_leave_it_disconnected),
      TEST(a_bind_that_fails_takes_the_connect_along),
      TEST(memory_may_be_out),
      TEST(what_was_before_it_leaves_first),
      TEST(connect_sync_does_not_wait),
      TEST(what_is_for_the_peer_goes_there_after_a_disconnect),
      TEST(a_failed_send_to_the_peer_says_where),
      TEST(a_disconnect_that_fails_changes_nothing),
      TEST(a_connect_that_was_taken_back_is_not_told),
      TEST(closing_cancels_at_once),
      TEST(closing_in_connect_tells_the_callback),
      TEST(closing_takes_a_connect_back_that_is_not_told_yet),
      TEST(a_settled_failure_is_a_cancel_after_close),
      TEST(answers_are_told_from_the_loop),
      TEST(an_answer_while_one_is_told_comes_later),
      TEST(a_descriptor_may_have_a_peer),
      TEST(a_binders_descriptor_may_have_a_peer),
      TEST(a_peer_that_was_asked_for_comes_after_the_descriptors),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
