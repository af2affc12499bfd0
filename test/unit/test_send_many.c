#include "fake.h"

#include <stdio.h>
#include <string.h>

#include "core/socket.h"

/* Lists of datagrams, each of one letter. */

enum { LIST_MAX = 300 };

static struct fake fake;
static dgram_socket *sock;
static dgram_datagram list[LIST_MAX];
static char payload[LIST_MAX];
static char log_text[2048];
static size_t closed;

static void note(const char *text) {
  const size_t length = strlen(log_text);

  snprintf(log_text + length, sizeof log_text - length, "%s ", text);
}

static void on_sent_many(dgram_socket *socket, dgram_datagram *done, size_t count, void *data) {
  char text[64];

  assert_ptr_equal(socket, sock);
  assert_ptr_equal(done, data == NULL ? NULL : list);
  snprintf(text, sizeof text, "done%zu", count);
  note(text);
  for (size_t i = 0; i < count && i < 8; i++)
    note(done[i].result < 0 ? dgram_error_name(done[i].result) : "ok");
}

static void on_sent(dgram_socket *socket, int status, void *data) {
  (void)socket;
  (void)data;
  note(status < 0 ? dgram_error_name(status) : "sent");
}

static void on_error(dgram_socket *socket, const dgram_error *error, void *data) {
  char text[300];

  (void)socket;
  (void)data;
  snprintf(text, sizeof text, "%s(%s):%s", error->syscall,
           error->address == NULL ? "-" : error->address, dgram_error_name(error->code));
  note(text);
}

static void on_close(dgram_socket *socket, void *data) {
  (void)socket;
  (void)data;
  closed++;
  note("close");
}

static void begin(dgram_socket_options options) {
  fake_init(&fake);
  log_text[0] = '\0';
  closed = 0;
  for (size_t i = 0; i < LIST_MAX; i++) {
    payload[i] = (char)('a' + i % 26);
    list[i] = (dgram_datagram){.bytes = &payload[i], .length = 1, .result = 99};
    assert_int_equal(dgram_address_parse("192.0.2.1", 7, &list[i].to), 0);
  }
  options.type = DGRAM_UDP4;
  assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &sock), 0);
  assert_int_equal(dgram_on_error(sock, on_error, NULL), 0);
  assert_int_equal(dgram_on_close(sock, on_close, NULL), 0);
}

static int set_up(void **state) {
  (void)state;
  begin((dgram_socket_options){0});
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  fake_end(&fake);
  assert_int_equal(closed, 1);
  return 0;
}

static void bind_and_settle(void) {
  assert_int_equal(dgram_bind(sock, NULL, NULL, NULL), 0);
  fake_settle(&fake);
}

static int send_list(size_t count) {
  return dgram_send_many(sock, list, count, on_sent_many, list);
}

static int send_list_silently(size_t count) {
  return dgram_send_many(sock, list, count, NULL, NULL);
}

static void expect_log(const char *expected) {
  assert_string_equal(log_text, expected);
  log_text[0] = '\0';
}

static void leaves_within_the_call_and_calls_back_later(void **state) {
  (void)state;
  bind_and_settle();
  assert_int_equal(send_list(3), 0);
  assert_int_equal(fake.sent_count, 3);
  assert_int_equal(fake.send_calls, 1);
  assert_ptr_equal(fake.sent[0].bytes, payload);
  expect_log("");
  assert_int_equal(sock->stats.queued, 3);
  fake_settle(&fake);
  expect_log("done3 ok ok ok ");
  assert_int_equal(sock->stats.queued, 0);
  assert_int_equal(sock->endpoint->sent, 3);
}

static void binds_an_unbound_socket(void **state) {
  (void)state;
  assert_int_equal(send_list(3), 0);
  assert_true(fake_endpoint_of(sock)->bound);
  fake_settle(&fake);
  expect_log("done3 ok ok ok ");
}

static void the_rest_waits_for_the_system(void **state) {
  (void)state;
  bind_and_settle();
  fake.takes = 2;
  assert_int_equal(send_list(5), 0);
  fake_settle(&fake);
  expect_log("");
  fake.takes = 1;
  fake_sendable(sock, 1);
  fake_settle(&fake);
  assert_int_equal(fake.sent_count, 3);
  expect_log("");
  fake.takes = SIZE_MAX;
  fake_sendable(sock, DGRAM_ECONNREFUSED);
  fake_settle(&fake);
  assert_int_equal(fake.sent_count, 3);
  expect_log("done5 ok ok ok ok ECONNREFUSED ");
}

/* What was queued before goes first. */
static void a_list_stands_behind_what_is_queued(void **state) {
  (void)state;
  bind_and_settle();
  assert_int_equal(dgram_send_to(sock, "x", 1, &list[0].to, on_sent, NULL), 0);
  assert_int_equal(send_list(2), 0);
  assert_int_equal(fake.sent_count, 0);
  fake_settle(&fake);
  assert_int_equal(fake.sent[0].first, 'x');
  assert_int_equal(fake.sent_count, 3);
  expect_log("sent done2 ok ok ");
}

static void several_lists_at_once(void **state) {
  (void)state;
  bind_and_settle();
  fake.takes = 1;
  assert_int_equal(dgram_send_many(sock, list, 2, on_sent_many, list), 0);
  assert_int_equal(dgram_send_to(sock, "x", 1, &list[0].to, on_sent, NULL), 0);
  assert_int_equal(dgram_send_many(sock, list, 1, on_sent_many, list), 0);
  fake.takes = SIZE_MAX;
  fake_settle(&fake);
  expect_log("done2 ok ok sent done1 ok ");
}

static void an_empty_list_completes(void **state) {
  (void)state;
  dgram_unref(sock);
  assert_int_equal(dgram_send_many(sock, NULL, 0, on_sent_many, NULL), 0);
  fake_settle(&fake);
  expect_log("done0 ");
  assert_int_equal(dgram_send_many(sock, NULL, 0, NULL, NULL), 0);
  fake_settle(&fake);
  expect_log("");
  assert_false(fake.alive);
}

/* The callback is due, so the program is held although the socket is not. */
static void an_empty_list_holds_the_program(void **state) {
  (void)state;
  dgram_unref(sock);
  bind_and_settle();
  assert_false(fake.alive);
  assert_int_equal(dgram_send_many(sock, NULL, 0, on_sent_many, NULL), 0);
  assert_true(fake.alive);
  fake_settle(&fake);
  assert_false(fake.alive);
  assert_int_equal(sock->stats.queued, 0);
}

/* Its callback is counted, so it needs room like a datagram. */
static void an_empty_list_meets_the_limit(void **state) {
  (void)state;
  fake_end(&fake);
  begin((dgram_socket_options){.max_queued_datagrams = 2});
  bind_and_settle();
  assert_int_equal(send_list(2), 0);
  assert_int_equal(dgram_send_many(sock, NULL, 0, on_sent_many, NULL), DGRAM_EQUEUEFULL);
  assert_int_equal(dgram_send_many(sock, NULL, 0, NULL, NULL), 0);
  fake_settle(&fake);
  assert_int_equal(dgram_send_many(sock, NULL, 0, on_sent_many, NULL), 0);
  fake_settle(&fake);
  assert_int_equal(sock->stats.queued_high_water, 2);
  expect_log("done2 ok ok done0 ");
}

static void failures_stand_in_the_list(void **state) {
  (void)state;
  bind_and_settle();
  fake.send_code = DGRAM_EPERM;
  fake.takes = 1;
  assert_int_equal(send_list(3), 0);
  fake_settle(&fake);
  fake.send_code = 0;
  fake.takes = SIZE_MAX;
  fake_sendable(sock, DGRAM_EAGAIN);
  fake_settle(&fake);
  expect_log("done3 EPERM ok ok ");
  assert_int_equal(sock->endpoint->sent, 2);
  assert_int_equal(sock->stats.send_errors, 1);
}

static void without_a_callback_each_failure_is_an_error(void **state) {
  (void)state;
  bind_and_settle();
  fake.send_code = DGRAM_EPERM;
  fake.takes = 2;
  assert_int_equal(send_list_silently(3), 0);
  expect_log("");
  fake_settle(&fake);
  fake.takes = SIZE_MAX;
  fake_sendable(sock, DGRAM_EAGAIN);
  fake_settle(&fake);
  expect_log("send(192.0.2.1):EPERM send(192.0.2.1):EPERM send(192.0.2.1):EPERM ");
  assert_int_equal(sock->stats.send_errors, 3);
}

/* Rule 4. */
static void without_a_callback_the_rest_is_copied(void **state) {
  (void)state;
  bind_and_settle();
  fake.takes = 1;
  assert_int_equal(send_list_silently(3), 0);
  memset(payload, '!', sizeof payload);
  memset(list, 0xa5, sizeof list);
  fake.takes = SIZE_MAX;
  fake_settle(&fake);
  assert_int_equal(fake.sent_count, 3);
  for (int i = 0; i < 3; i++)
    assert_int_equal(fake.sent[i].first, 'a' + i);
}

static void info_is_copied_too(void **state) {
  static dgram_send_info info;

  (void)state;
  info = (dgram_send_info){.set = DGRAM_SEND_TOS, .tos = 4};
  list[0].info = list[1].info = &info;
  assert_int_equal(dgram_bind(sock, NULL, NULL, NULL), 0);
  assert_int_equal(send_list_silently(2), 0);
  assert_ptr_not_equal(sock->queue->datagrams[0].info, &info);
  assert_int_equal(sock->queue->datagrams[1].info->tos, 4);
  fake_settle(&fake);
  assert_int_equal(fake.sent_count, 2);
  assert_int_equal(fake.sent[1].first, 'b');
}

/* The largest payload with info fits into what a copy goes to. */
static void the_largest_with_info_is_copied(void **state) {
  static char large[DGRAM__PAYLOAD_MAX_IPV4];
  const dgram_send_info info = {.set = DGRAM_SEND_TOS, .tos = 4};

  (void)state;
  list[0].bytes = large;
  list[0].length = sizeof large;
  list[0].info = &info;
  assert_int_equal(dgram_bind(sock, NULL, NULL, NULL), 0);
  assert_int_equal(send_list_silently(1), 0);
  fake_settle(&fake);
  expect_log("");
  assert_int_equal(fake.sent_count, 1);
}

/* A result of 0 is the length of an empty datagram, and no failure. */
static void empty_datagrams_are_sent(void **state) {
  (void)state;
  bind_and_settle();
  for (int i = 0; i < 3; i++) {
    list[i].bytes = NULL;
    list[i].length = 0;
  }
  assert_int_equal(send_list_silently(3), 0);
  assert_int_equal(send_list(3), 0);
  fake_settle(&fake);
  expect_log("done3 ok ok ok ");
  assert_int_equal(sock->endpoint->sent, 6);
  assert_int_equal(sock->stats.queued_high_water, 3);
}

static void pieces_up_to_the_limit(void **state) {
  dgram_buffer parts[DGRAM__PARTS_MAX];

  (void)state;
  for (int i = 0; i < DGRAM__PARTS_MAX; i++)
    parts[i] = (dgram_buffer){payload, 1};
  list[0].bytes = parts;
  list[0].length = list[0].parts = DGRAM__PARTS_MAX;
  assert_int_equal(send_list(1), 0);
  fake_settle(&fake);
  expect_log("done1 ok ");
  assert_int_equal(fake.sent[0].parts, DGRAM__PARTS_MAX);
}

static void the_limit_of_bytes_counts_the_list(void **state) {
  (void)state;
  fake_end(&fake);
  begin((dgram_socket_options){.max_queued_bytes = 3});
  assert_int_equal(send_list(4), DGRAM_EQUEUEFULL);
  assert_int_equal(send_list(3), 0);
  assert_int_equal(send_list(1), DGRAM_EQUEUEFULL);
  fake_settle(&fake);
  expect_log("done3 ok ok ok ");
}

static void try_refuses_what_send_many_refuses(void **state) {
  (void)state;
  assert_int_equal(dgram_try_send_many(NULL, list, 1), DGRAM_EARGTYPE);
  assert_int_equal(dgram_send_many(NULL, list, 1, NULL, NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_try_send_many(sock, NULL, 1), DGRAM_EARGTYPE);
  list[1].to.port = 0;
  assert_int_equal(dgram_try_send_many(sock, list, 2), DGRAM_EBADPORT);
  assert_false(fake_endpoint_of(sock)->bound);
  fake.bind_code = DGRAM_EMFILE;
  assert_int_equal(dgram_try_send_many(sock, list, 1), DGRAM_EMFILE);
  assert_int_equal(send_list(1), DGRAM_EMFILE);
}

static void bad_lists_are_refused_whole(void **state) {
  static const dgram_send_info unknown = {.set = DGRAM_SEND_SOURCE_ADDRESS};
  dgram_buffer parts[DGRAM__PARTS_MAX + 1];

  (void)state;
  for (int i = 0; i <= DGRAM__PARTS_MAX; i++)
    parts[i] = (dgram_buffer){payload, 1};
  assert_int_equal(send_list(0), 0);
  assert_int_equal(dgram_send_many(sock, NULL, 1, NULL, NULL), DGRAM_EARGTYPE);
  list[1].to.family = DGRAM_IPV6;
  assert_int_equal(send_list(2), DGRAM_EINVAL);
  list[1].to = list[0].to;
  list[1].to.port = 0;
  assert_int_equal(send_list(2), DGRAM_EBADPORT);
  list[1].to = list[0].to;
  list[1].length = 65508;
  assert_int_equal(send_list(2), DGRAM_EMSGSIZE);
  list[1].length = 1;
  list[1].bytes = NULL;
  assert_int_equal(send_list(2), DGRAM_EARGTYPE);
  list[1].bytes = parts;
  list[1].parts = 2;
  assert_int_equal(send_list(2), DGRAM_EINVAL); /* two bytes in the parts, one in length */
  list[1].length = 3;
  assert_int_equal(send_list(2), DGRAM_EINVAL);
  list[1].length = list[1].parts = DGRAM__PARTS_MAX + 1;
  assert_int_equal(send_list(2), DGRAM_EINVAL);
  list[1].length = list[1].parts = 2;
  list[1].info = &unknown;
  assert_int_equal(send_list(2), DGRAM_ENOTSUP);
  assert_int_equal(fake.sent_count, 0);
  fake_settle(&fake);
  expect_log("done0 ");
}

static void all_or_nothing_fits(void **state) {
  (void)state;
  fake_end(&fake);
  begin((dgram_socket_options){.max_queued_datagrams = 4});
  bind_and_settle();
  assert_int_equal(send_list(5), DGRAM_EQUEUEFULL);
  assert_int_equal(send_list(3), 0);
  assert_int_equal(send_list(2), DGRAM_EQUEUEFULL);
  assert_int_equal(send_list(1), 0);
  fake_settle(&fake);
  expect_log("done3 ok ok ok done1 ok ");
  assert_int_equal(fake.sent_count, 4);
}

static void abort_cancels_the_rest(void **state) {
  (void)state;
  bind_and_settle();
  fake.takes = 2;
  send_list(4);
  fake_settle(&fake);
  assert_int_equal(dgram_abort(sock), 0);
  expect_log("");
  fake_settle(&fake);
  expect_log("done4 ok ok ECANCELED ECANCELED close ");
}

static void a_large_list_leaves_in_order(void **state) {
  (void)state;
  bind_and_settle();
  fake.takes = 100;
  assert_int_equal(send_list(LIST_MAX), 0);
  fake_settle(&fake);
  assert_int_equal(fake.sent_count, 100);
  fake.takes = SIZE_MAX;
  fake_sendable(sock, DGRAM_EAGAIN);
  fake_settle(&fake);
  assert_int_equal(fake.sent_count, LIST_MAX);
  for (int i = 0; i < LIST_MAX; i++) {
    assert_int_equal(fake.sent[i].first, 'a' + i % 26);
    assert_int_equal(list[i].result, 1);
  }
}

/* ---- trying ---- */

static void try_answers_how_many(void **state) {
  (void)state;
  bind_and_settle();
  fake.takes = 2;
  assert_int_equal(dgram_try_send_many(sock, list, 5), 2);
  assert_int_equal(list[0].result, 1);
  assert_int_equal(list[1].result, 1);
  assert_int_equal(dgram_try_send_many(sock, list, 5), 0);
  fake.takes = SIZE_MAX;
  assert_int_equal(dgram_try_send_many(sock, list + 2, 3), 3);
  assert_int_equal(dgram_try_send_many(sock, NULL, 0), 0);
  assert_false(fake_turn(&fake));
  assert_int_equal(sock->endpoint->sent, 5);
  expect_log("");
}

static void try_never_overtakes(void **state) {
  (void)state;
  bind_and_settle();
  dgram_send_to(sock, "x", 1, &list[0].to, on_sent, NULL);
  assert_int_equal(dgram_try_send_many(sock, list, 1), 0);
  fake_settle(&fake);
  assert_int_equal(dgram_try_send_many(sock, list, 1), 1);
  assert_int_equal(fake.sent[0].first, 'x');
}

static void try_while_binding_is_again(void **state) {
  const dgram_bind_options options = {.address = "name.test"};

  (void)state;
  assert_int_equal(dgram_bind(sock, &options, NULL, NULL), 0);
  assert_int_equal(dgram_try_send_many(sock, list, 1), DGRAM_EAGAIN);
  fake_answer(&fake, "name.test", 1);
  fake_settle(&fake);
  assert_int_equal(dgram_try_send_many(sock, list, 1), 1);
}

static void try_writes_failures(void **state) {
  (void)state;
  fake.send_code = DGRAM_EPERM;
  assert_int_equal(dgram_try_send_many(sock, list, 2), 2);
  assert_int_equal(list[1].result, DGRAM_EPERM);
  fake_settle(&fake);
  expect_log("");
  assert_int_equal(sock->stats.send_errors, 2);
}

/* ---- limits ---- */

static void on_counted(dgram_socket *socket, dgram_datagram *done, size_t count, void *data) {
  (void)socket;
  (void)done;
  (void)count;
  ++*(size_t *)data;
}

static void more_lists_than_a_turn_ends(void **state) {
  const size_t lists = DGRAM__SEND_TURN + 1;
  size_t ended = 0;

  (void)state;
  bind_and_settle();
  for (size_t i = 0; i < lists; i++)
    assert_int_equal(dgram_send_many(sock, NULL, 0, on_counted, &ended), 0);
  assert_true(fake_turn(&fake));
  assert_int_equal(ended, DGRAM__SEND_TURN);
  fake_settle(&fake);
  assert_int_equal(ended, lists);
}

/* ---- memory ---- */

static void a_lists_parts_stay_where_they_are(void **state) {
  const dgram_buffer parts[] = {{payload, 1}};

  (void)state;
  bind_and_settle();
  list[0].bytes = parts;
  list[0].parts = 1;
  fake.takes = 0;
  assert_int_equal(send_list(1), 0);
  fake.takes = SIZE_MAX;
  fake_settle(&fake);
  fake_sendable(sock, DGRAM_EAGAIN);
  assert_ptr_equal(fake.sent[0].bytes, parts);
  expect_log("done1 ok ");
}

/* A copy for which there is no memory is one `error`, however many it concerns. */
static void lost_copies_are_one_error(void **state) {
  static char large[60000];

  (void)state;
  bind_and_settle();
  for (int i = 0; i < 4; i++) {
    list[i].bytes = large;
    list[i].length = sizeof large;
  }
  fake.takes = 0;
  assert_int_equal(dgram_send_to(sock, "x", 1, &list[0].to, NULL, NULL), 0);
  fake.unit.fail_from = fake.unit.asked + 1;
  assert_int_equal(send_list_silently(4), 0);
  fake.unit.fail_from = 0;
  fake.takes = SIZE_MAX;
  fake_settle(&fake);
  expect_log("send(-):ENOMEM ");
  /* The first fits into the block that is there. */
  assert_int_equal(fake.sent_count, 2);
  assert_int_equal(sock->stats.send_errors, 3);
  assert_int_equal(sock->stats.queued, 0);
}

static void lose_one(dgram_socket *socket, dgram_datagram *done, size_t count, void *data) {
  static char large[60000];

  (void)done;
  (void)count;
  (void)data;
  list[1].bytes = large;
  list[1].length = sizeof large;
  fake.takes = 0;
  fake.unit.fail_from = fake.unit.asked + 1;
  assert_int_equal(dgram_send_many(socket, list + 1, 1, NULL, NULL), 0);
  fake.unit.fail_from = 0;
  fake.takes = SIZE_MAX;
}

/* Inside the socket's own callbacks nobody asks for a turn, and this turn has told what was lost. */
static void what_a_callback_loses_is_told(void **state) {
  (void)state;
  bind_and_settle();
  assert_int_equal(dgram_send_many(sock, NULL, 0, lose_one, NULL), 0);
  fake_settle(&fake);
  expect_log("send(-):ENOMEM ");
}

static void each_allocation_may_fail(void **state) {
  size_t i = 1;
  size_t asked;

  (void)state;
  do {
    fake_end(&fake);
    set_up(NULL);
    asked = fake.unit.asked;
    fake.unit.fail_once = asked + i;
    fake.takes = 10;
    (void)send_list(100);
    (void)send_list_silently(50);
    fake_settle(&fake);
    fake.takes = SIZE_MAX;
    if (sock->endpoint->blocked) fake_sendable(sock, DGRAM_EAGAIN);
    fake_settle(&fake);
    assert_int_equal(sock->stats.queued, 0);
    assert_int_equal(sock->stats.queued_bytes, 0);
    assert_true(i < 100);
  } while (fake.unit.asked >= asked + i++);
  assert_true(i > 3);
}

#define LIST_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      LIST_TEST(leaves_within_the_call_and_calls_back_later),
      LIST_TEST(binds_an_unbound_socket),
      LIST_TEST(the_rest_waits_for_the_system),
      LIST_TEST(a_list_stands_behind_what_is_queued),
      LIST_TEST(several_lists_at_once),
      LIST_TEST(an_empty_list_completes),
      LIST_TEST(an_empty_list_holds_the_program),
      LIST_TEST(an_empty_list_meets_the_limit),
      LIST_TEST(failures_stand_in_the_list),
      LIST_TEST(without_a_callback_each_failure_is_an_error),
      LIST_TEST(without_a_callback_the_rest_is_copied),
      LIST_TEST(info_is_copied_too),
      LIST_TEST(the_largest_with_info_is_copied),
      LIST_TEST(empty_datagrams_are_sent),
      LIST_TEST(pieces_up_to_the_limit),
      LIST_TEST(the_limit_of_bytes_counts_the_list),
      LIST_TEST(try_refuses_what_send_many_refuses),
      LIST_TEST(bad_lists_are_refused_whole),
      LIST_TEST(all_or_nothing_fits),
      LIST_TEST(abort_cancels_the_rest),
      LIST_TEST(a_large_list_leaves_in_order),
      LIST_TEST(try_answers_how_many),
      LIST_TEST(try_never_overtakes),
      LIST_TEST(try_while_binding_is_again),
      LIST_TEST(try_writes_failures),
      LIST_TEST(more_lists_than_a_turn_ends),
      LIST_TEST(a_lists_parts_stay_where_they_are),
      LIST_TEST(lost_copies_are_one_error),
      LIST_TEST(what_a_callback_loses_is_told),
      LIST_TEST(each_allocation_may_fail),
  };
  return cmocka_run_group_tests_name("send_many", tests, NULL, NULL);
}
