#include "fake.h"

#include <stdio.h>
#include <string.h>

#include "core/socket.h"

static struct fake fake;
static dgram_socket *sock;
static char log_text[1024];
static void (*act)(void); /* what the next callback does, once */
static size_t closed;

static void note(const char *what, int code) {
  const size_t length = strlen(log_text);
  void (*now)(void) = act;

  snprintf(log_text + length, sizeof log_text - length, "%s:%s ", what, dgram_error_name(code));
  act = NULL;
  if (now != NULL) now();
}

static void on_bound(dgram_socket *socket, int status, void *data) {
  assert_ptr_equal(socket, sock);
  assert_ptr_equal(data, &fake);
  note("cb", status);
}

static void on_listening(dgram_socket *socket, void *data) {
  (void)data;
  assert_ptr_equal(socket, sock);
  note("listening", 0);
}

static void on_error(dgram_socket *socket, const dgram_error *error, void *data) {
  char text[300];

  (void)socket;
  (void)data;
  snprintf(text, sizeof text, "%s(%s,%d)", error->syscall,
           error->address == NULL ? "-" : error->address, error->port);
  note(text, error->code);
}

static void on_close(dgram_socket *socket, void *data) {
  (void)socket;
  (void)data;
  closed++;
  note("close", 0);
}

static void create(bool reuse_addr) {
  const dgram_socket_options options = {.type = DGRAM_UDP4, .reuse_addr = reuse_addr};

  assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &sock), 0);
  assert_int_equal(dgram_on_listening(sock, on_listening, NULL), 0);
  assert_int_equal(dgram_on_error(sock, on_error, NULL), 0);
  assert_int_equal(dgram_on_close(sock, on_close, NULL), 0);
}

static int set_up(void **state) {
  (void)state;
  fake_init(&fake);
  log_text[0] = '\0';
  act = NULL;
  closed = 0;
  create(false);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  fake_end(&fake);
  assert_int_equal(closed, 1);
  return 0;
}

static int bind_to(const char *address, int port) {
  const dgram_bind_options options = {.address = address, .port = port};

  return dgram_bind(sock, &options, on_bound, &fake);
}

static void expect_log(const char *expected) {
  assert_string_equal(log_text, expected);
  log_text[0] = '\0';
}

static void a_literal_is_bound_at_once_and_told_later(void **state) {
  dgram_address local;

  (void)state;
  assert_int_equal(bind_to("192.0.2.5", 7), 0);
  assert_true(fake_endpoint_of(sock)->bound);
  assert_int_equal(dgram_local_address(sock, &local), DGRAM_EBADF);
  expect_log("");
  assert_true(fake.alive);
  fake_settle(&fake);
  expect_log("listening:OK cb:OK ");
  assert_int_equal(dgram_local_address(sock, &local), 0);
  assert_int_equal(local.port, 7);
  assert_int_equal(dgram_local_address(NULL, &local), DGRAM_EARGTYPE);
  assert_true(fake_endpoint_of(sock)->receiving);
}

static void nothing_means_any(void **state) {
  const char *const addresses[] = {NULL, ""};
  dgram_address any = {.family = DGRAM_IPV4};

  (void)state;
  for (size_t i = 0; i < 2; i++) {
    assert_int_equal(bind_to(addresses[i], 0), 0);
    assert_true(dgram_address_equal(&fake.last_bound, &any));
    fake_end(&fake);
    set_up(NULL);
  }
  assert_int_equal(dgram_bind(sock, NULL, on_bound, &fake), 0);
  assert_true(dgram_address_equal(&fake.last_bound, &any));
  assert_int_equal(fake.last_how.flags, 0);
}

static void reuse_addr_reaches_the_stack_but_not_implicitly(void **state) {
  (void)state;
  fake_end(&fake);
  fake_init(&fake);
  closed = 0;
  create(true);
  assert_int_equal(dgram_send(sock, "", 0, 7, NULL, NULL, NULL), 0);
  assert_int_equal(fake.last_how.flags, 0);
  fake_end(&fake);
  fake_init(&fake);
  closed = 0;
  create(true);
  assert_int_equal(bind_to(NULL, 0), 0);
  assert_int_equal(fake.last_how.flags, DGRAM__BIND_REUSE_ADDR);
}

static void a_name_is_looked_up_first(void **state) {
  (void)state;
  assert_int_equal(bind_to("name.test", 7), 0);
  assert_int_equal(fake.lookups[0].family, DGRAM_IPV4);
  fake_settle(&fake);
  expect_log("");
  fake_answer(&fake, "name.test", 3);
  assert_int_equal(fake.last_bound.bytes[3], 3);
  assert_int_equal(fake.last_bound.port, 7);
  expect_log("");
  fake_settle(&fake);
  expect_log("listening:OK cb:OK ");
}

static void failures_come_later_and_leave_it_unbound(void **state) {
  (void)state;
  fake.bind_code = DGRAM_EADDRINUSE;
  assert_int_equal(bind_to("192.0.2.5", 7), 0);
  expect_log("");
  fake_settle(&fake);
  expect_log("cb:EADDRINUSE bind(192.0.2.5,7):EADDRINUSE ");
  assert_false(fake.alive);
  assert_int_equal(bind_to("name.test", 7), 0);
  fake_answer(&fake, "name.test", DGRAM_ENOTFOUND);
  fake_settle(&fake);
  expect_log("cb:ENOTFOUND getaddrinfo(name.test,7):ENOTFOUND ");
  assert_int_equal(dgram_bind(sock, NULL, NULL, NULL), 0);
  fake_settle(&fake);
  expect_log("bind(0.0.0.0,0):EADDRINUSE ");
  fake.bind_code = 0;
  assert_int_equal(bind_to(NULL, 0), 0);
  fake_settle(&fake);
  expect_log("listening:OK cb:OK ");
}

/* Rule 3: with a callback it does not count as unheard. */
static void a_callback_hears_a_failure(void **state) {
  (void)state;
  assert_int_equal(dgram_off_error(sock, on_error, NULL), 1);
  fake.bind_code = DGRAM_EADDRINUSE;
  assert_int_equal(bind_to(NULL, 7), 0);
  fake_settle(&fake);
  assert_int_equal(fake.lines, 0);
  assert_int_equal(dgram_bind(sock, NULL, NULL, NULL), 0);
  fake_settle(&fake);
  assert_int_equal(fake.lines, 1);
  assert_string_equal(fake.line, "dgram: unheard error: bind EADDRINUSE 0.0.0.0:0");
  assert_int_equal(sock->stats.unheard_errors, 1);
}

static void bad_arguments_are_refused_at_once(void **state) {
  char name[DGRAM__NAME_MAX + 2];
  const dgram_bind_options descriptor = {.fd = -1};
  const dgram_bind_options newer[2] = {{.port = 0}, {.port = 1}};

  (void)state;
  memset(name, 'x', sizeof name);
  name[DGRAM__NAME_MAX + 1] = '\0';
  assert_int_equal(dgram_bind_sized(sock, newer, sizeof newer, NULL, NULL), DGRAM_EINVAL);
  assert_int_equal(dgram_local_address(sock, NULL), DGRAM_EARGTYPE);
  assert_int_equal(bind_to(NULL, -1), DGRAM_EBADPORT);
  assert_int_equal(bind_to(NULL, 65536), DGRAM_EBADPORT);
  assert_int_equal(bind_to("::1", 0), DGRAM_EINVAL);
  assert_int_equal(bind_to("a:b", 0), DGRAM_EINVAL);
  assert_int_equal(bind_to(".", 0), DGRAM_EINVAL);
  assert_int_equal(bind_to(name, 0), DGRAM_ENAMETOOLONG);
  assert_int_equal(dgram_bind(sock, &descriptor, NULL, NULL), DGRAM_EBADF);
  fake.lookup_code = DGRAM_EAI_MEMORY;
  assert_int_equal(bind_to("name.test", 0), DGRAM_EAI_MEMORY);
  assert_int_equal(dgram_bind(NULL, NULL, NULL, NULL), DGRAM_EARGTYPE);
  fake_settle(&fake);
  expect_log("");
  assert_false(fake.alive);
}

static void twice_is_refused(void **state) {
  (void)state;
  assert_int_equal(bind_to("name.test", 7), 0);
  assert_int_equal(bind_to(NULL, 0), DGRAM_EALREADYBOUND);
  fake_answer(&fake, "name.test", 1);
  assert_int_equal(bind_to(NULL, 0), DGRAM_EALREADYBOUND);
  fake_settle(&fake);
  assert_int_equal(bind_to(NULL, 0), DGRAM_EALREADYBOUND);
  expect_log("listening:OK cb:OK ");
}

static void a_descriptor_is_adopted(void **state) {
  const dgram_bind_options options = {.fd = 33, .port = -5, .address = "::1"};

  (void)state;
  fake.adopt_code = DGRAM_EFDTYPE;
  assert_int_equal(dgram_bind(sock, &options, on_bound, &fake), DGRAM_EFDTYPE);
  fake.adopt_code = 0;
  assert_int_equal(dgram_bind(sock, &options, on_bound, &fake), 0);
  fake_settle(&fake);
  expect_log("listening:OK cb:OK ");
}

/* It says so, and a resume tries again. */
static void bound_but_cannot_receive(void **state) {
  dgram_stats stats;

  (void)state;
  fake.start_code = DGRAM_ENOMEM;
  assert_int_equal(bind_to(NULL, 0), 0);
  fake_settle(&fake);
  expect_log("listening:OK cb:OK recvmsg(-,0):ENOMEM ");
  assert_int_equal(dgram_get_stats(sock, &stats), 0);
  assert_int_equal(stats.receive_errors, 1);
  assert_int_equal(stats.errors_resources, 1);
  fake.start_code = 0;
  assert_int_equal(dgram_resume(sock), 0);
  assert_true(fake_endpoint_of(sock)->receiving);
}

/* ---- closing ---- */

static void act_close(void) {
  assert_int_equal(dgram_close(sock, NULL, NULL), 0);
}

static void act_abort(void) {
  assert_int_equal(dgram_abort(sock), 0);
}

static void close_cancels_a_bind(void **state) {
  (void)state;
  assert_int_equal(bind_to(NULL, 0), 0);
  act_close();
  assert_true(fake_endpoint_of(sock)->gone);
  expect_log("");
  fake_settle(&fake);
  expect_log("cb:ECANCELED close:OK ");
}

static void close_cancels_a_lookup(void **state) {
  (void)state;
  assert_int_equal(bind_to("name.test", 0), 0);
  act_close();
  assert_int_equal(fake.cancelled, 1);
  fake_settle(&fake);
  expect_log("cb:ECANCELED close:OK ");
}

static void on_sent(dgram_socket *socket, int status, void *data) {
  (void)socket;
  (void)data;
  note("sent", status);
}

/* Sends wait for the bind: it goes on, although nobody is told of it. */
static void close_lets_a_bind_go_on_for_its_sends(void **state) {
  (void)state;
  assert_int_equal(bind_to("name.test", 0), 0);
  assert_int_equal(dgram_send(sock, "x", 1, 7, NULL, on_sent, NULL), 0);
  act_close();
  fake_settle(&fake);
  expect_log("");
  fake_answer(&fake, "name.test", 1);
  fake_settle(&fake);
  expect_log("cb:ECANCELED sent:OK close:OK ");
  assert_int_equal(fake.sent_count, 1);
}

static void close_and_a_bind_that_fails_its_sends(void **state) {
  (void)state;
  assert_int_equal(bind_to("name.test", 0), 0);
  assert_int_equal(dgram_send(sock, "x", 1, 7, NULL, on_sent, NULL), 0);
  act_close();
  fake_answer(&fake, "name.test", DGRAM_ENOTFOUND);
  fake_settle(&fake);
  assert_non_null(strstr(log_text, "sent:ENOTFOUND "));
  assert_string_equal(log_text + strlen(log_text) - strlen("close:OK "), "close:OK ");
}

static void close_in_listening(void **state) {
  (void)state;
  assert_int_equal(bind_to(NULL, 0), 0);
  act = act_close;
  fake_settle(&fake);
  expect_log("listening:OK cb:ECANCELED close:OK ");
}

static void abort_in_the_callback(void **state) {
  (void)state;
  fake.bind_code = DGRAM_EACCES;
  assert_int_equal(bind_to(NULL, 1), 0);
  act = act_abort;
  fake_settle(&fake);
  expect_log("cb:EACCES bind(0.0.0.0,1):EACCES close:OK ");
}

static void the_last_port_is_a_port(void **state) {
  (void)state;
  assert_int_equal(bind_to(NULL, 65535), 0);
  assert_int_equal(fake.last_bound.port, 65535);
}

static void act_bind_again(void) {
  fake.bind_code = 0;
  assert_int_equal(bind_to(NULL, 0), 0);
}

static void bind_again_in_the_callback(void **state) {
  (void)state;
  fake.bind_code = DGRAM_EACCES;
  assert_int_equal(bind_to(NULL, 1), 0);
  act = act_bind_again;
  fake_settle(&fake);
  expect_log("cb:EACCES bind(0.0.0.0,1):EACCES listening:OK cb:OK ");
}

static void an_implicit_bind_is_told_once(void **state) {
  (void)state;
  assert_int_equal(dgram_send(sock, "x", 1, 7, NULL, on_sent, NULL), 0);
  assert_int_equal(bind_to(NULL, 0), DGRAM_EALREADYBOUND);
  fake_settle(&fake);
  expect_log("listening:OK sent:OK ");
  assert_true(fake_endpoint_of(sock)->receiving);
}

/* ---- the hold ---- */

static void unref_lets_go_but_not_while_binding(void **state) {
  (void)state;
  assert_ptr_equal(dgram_unref(sock), sock);
  assert_int_equal(bind_to(NULL, 0), 0);
  assert_true(fake.alive);
  fake_settle(&fake);
  assert_false(fake.alive);
  assert_ptr_equal(dgram_ref(sock), sock);
  assert_true(fake.alive);
  dgram_unref(sock);
  dgram_unref(sock);
  assert_false(fake.alive);
  act_close();
  assert_true(fake.alive);
}

static void unref_lets_go_after_an_implicit_bind_too(void **state) {
  (void)state;
  dgram_unref(sock);
  assert_int_equal(dgram_send(sock, "x", 1, 7, NULL, on_sent, NULL), 0);
  assert_true(fake.alive);
  fake_settle(&fake);
  expect_log("listening:OK sent:OK ");
  assert_false(fake.alive);
  fake_settle(&fake);
  expect_log("");
}

/* ---- the binder ---- */

static dgram_bind_request asked[8];
static size_t asked_count;
static int binder_answer; /* what the binder returns */
static int binder_fd;     /* above 0: what it answers before it returns */

static int binder(dgram_stack *stack, const dgram_bind_request *request, void *data) {
  void (*now)(void) = act;

  assert_ptr_equal(stack, fake_stack(&fake));
  assert_ptr_equal(data, &fake);
  asked[asked_count++] = *request;
  if (binder_fd != 0) assert_int_equal(dgram_binder_answer(stack, request->id, binder_fd), 0);
  act = NULL;
  if (now != NULL) now();
  return binder_answer;
}

static void use_binder(int answer, int fd) {
  asked_count = 0;
  binder_answer = answer;
  binder_fd = fd;
  assert_int_equal(dgram_stack_set_binder(fake_stack(&fake), binder, &fake), 0);
}

static int answer(size_t which, int fd_or_code) {
  return dgram_binder_answer(fake_stack(&fake), asked[which].id, fd_or_code);
}

static void a_binder_is_asked_from_the_loop(void **state) {
  const dgram_bind_options options = {.address = "192.0.2.5", .port = 7, .exclusive = true};

  (void)state;
  use_binder(0, 0);
  assert_int_equal(dgram_bind(sock, &options, on_bound, &fake), 0);
  assert_int_equal(asked_count, 0);
  fake_settle(&fake);
  assert_int_equal(asked_count, 1);
  assert_int_equal(asked[0].type, DGRAM_UDP4);
  assert_int_equal(asked[0].address.port, 7);
  assert_true(asked[0].exclusive);
  assert_int_equal(asked[0].index, 0);
  expect_log("");
  assert_int_equal(answer(0, 33), 0);
  assert_true(fake_endpoint_of(sock)->bound);
  expect_log("");
  fake_settle(&fake);
  expect_log("listening:OK cb:OK ");
  assert_int_equal(answer(0, 34), DGRAM_ENOENT);
  assert_int_equal(fake.last_discarded, 34);
}

static void a_binder_may_answer_in_the_call(void **state) {
  (void)state;
  use_binder(0, 33);
  assert_int_equal(bind_to("name.test", 0), 0);
  fake_settle(&fake);
  assert_int_equal(asked_count, 0);
  fake_answer(&fake, "name.test", 1);
  fake_settle(&fake);
  assert_int_equal(asked_count, 1);
  expect_log("listening:OK cb:OK ");
}

static void a_binder_may_leave_it_to_the_stack(void **state) {
  (void)state;
  use_binder(1, 0);
  assert_int_equal(bind_to("192.0.2.5", 7), 0);
  fake_settle(&fake);
  assert_int_equal(fake.last_bound.port, 7);
  expect_log("listening:OK cb:OK ");
  assert_int_equal(answer(0, 33), DGRAM_ENOENT);
  assert_int_equal(fake.last_discarded, 33);
  assert_null(fake_stack(&fake)->host->shares);
}

static void a_descriptor_may_be_0(void **state) {
  (void)state;
  use_binder(0, 0);
  assert_int_equal(bind_to(NULL, 0), 0);
  fake_settle(&fake);
  assert_int_equal(answer(0, 0), 0);
  fake_settle(&fake);
  expect_log("listening:OK cb:OK ");
  assert_int_equal(fake.discarded, 0);
  assert_int_equal(answer(0, 0), DGRAM_ENOENT);
  assert_int_equal(fake.discarded, 1);
  assert_int_equal(answer(0, DGRAM_EACCES), DGRAM_ENOENT);
  assert_int_equal(fake.discarded, 1);
}

static void a_binder_may_refuse(void **state) {
  (void)state;
  use_binder(DGRAM_EACCES, 0);
  assert_int_equal(bind_to("192.0.2.5", 7), 0);
  fake_settle(&fake);
  expect_log("cb:EACCES bind(192.0.2.5,7):EACCES ");
  use_binder(0, DGRAM_EADDRINUSE);
  assert_int_equal(bind_to("192.0.2.5", 7), 0);
  fake_settle(&fake);
  expect_log("cb:EADDRINUSE bind(192.0.2.5,7):EADDRINUSE ");
  use_binder(0, 33);
  fake.adopt_code = DGRAM_EFDTYPE;
  assert_int_equal(bind_to("192.0.2.5", 7), 0);
  fake_settle(&fake);
  expect_log("cb:ERR_INVALID_FD_TYPE bind(192.0.2.5,7):ERR_INVALID_FD_TYPE ");
  assert_int_equal(fake.last_discarded, 33);
}

static void close_before_the_answer_discards_it(void **state) {
  (void)state;
  use_binder(0, 0);
  assert_int_equal(bind_to(NULL, 0), 0);
  fake_settle(&fake);
  act_close();
  assert_int_equal(answer(0, 33), DGRAM_ENOENT);
  assert_int_equal(fake.last_discarded, 33);
  fake_settle(&fake);
  expect_log("cb:ECANCELED close:OK ");
}

static void close_inside_the_binder(void **state) {
  (void)state;
  use_binder(0, 0);
  act = act_close;
  assert_int_equal(bind_to(NULL, 0), 0);
  fake_settle(&fake);
  expect_log("cb:ECANCELED close:OK ");
  assert_int_equal(answer(0, 33), DGRAM_ENOENT);
}

static void close_inside_a_binder_that_leaves_it_to_the_stack(void **state) {
  (void)state;
  use_binder(1, 0);
  act = act_close;
  assert_int_equal(bind_to(NULL, 0), 0);
  fake_settle(&fake);
  expect_log("cb:ECANCELED close:OK ");
}

static void implicit_binds_and_descriptors_ask_nobody(void **state) {
  const dgram_bind_options options = {.fd = 33};

  (void)state;
  use_binder(0, 0);
  assert_int_equal(dgram_bind(sock, &options, on_bound, &fake), 0);
  fake_settle(&fake);
  expect_log("listening:OK cb:OK ");
  assert_int_equal(asked_count, 0);
}

static void on_other(dgram_socket *socket, int status, void *data) {
  (void)socket;
  (void)data;
  assert_int_equal(status, 0);
}

/* Requests are told apart whatever the order of their answers, or of their ends. */
static void answers_in_any_order(void **state) {
  static const int orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}};
  const dgram_socket_options options = {.type = DGRAM_UDP4};

  (void)state;
  for (size_t round = 0; round < 4; round++) {
    dgram_socket *others[4];
    dgram_address local;
    use_binder(0, 0);
    for (int i = 0; i < 4; i++) {
      assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &others[i]), 0);
      assert_int_equal(dgram_bind(others[i], NULL, NULL, NULL), 0);
    }
    fake_settle(&fake);
    for (int i = 0; i < 4; i++)
      assert_int_equal(asked[i].index, i);
    assert_int_equal(dgram_close(others[orders[round][0]], NULL, NULL), 0);
    fake_settle(&fake);
    assert_int_equal(answer((size_t)orders[round][0], 99), DGRAM_ENOENT);
    for (int i = 1; i < 4; i++)
      assert_int_equal(answer((size_t)orders[round][i], 100 + orders[round][i]), 0);
    fake_settle(&fake);
    for (int i = 1; i < 4; i++) {
      assert_int_equal(dgram_local_address(others[orders[round][i]], &local), 0);
      assert_int_equal(local.port, 100 + orders[round][i]);
      assert_int_equal(dgram_close(others[orders[round][i]], NULL, NULL), 0);
    }
    fake_settle(&fake);
    assert_null(fake_stack(&fake)->host->bindings_first);
    assert_null(fake_stack(&fake)->host->shares);
  }
}

/* The n-th live bind of one address: the first free number. */
static void the_index_counts_live_binds_of_one_address(void **state) {
  const dgram_socket_options options = {.type = DGRAM_UDP4};
  const dgram_bind_options here = {.port = 7};
  const dgram_bind_options there = {.port = 8};
  dgram_socket *others[4];

  (void)state;
  use_binder(0, 33);
  for (int i = 0; i < 4; i++) {
    assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &others[i]), 0);
    assert_int_equal(dgram_bind(others[i], i < 3 ? &here : &there, on_other, NULL), 0);
    fake_settle(&fake);
  }
  assert_int_equal(asked[0].index, 0);
  assert_int_equal(asked[1].index, 1);
  assert_int_equal(asked[2].index, 2);
  assert_int_equal(asked[3].index, 0);
  assert_int_equal(dgram_close(others[1], NULL, NULL), 0);
  fake_settle(&fake);
  assert_int_equal(dgram_bind(sock, &here, on_bound, &fake), 0);
  fake_settle(&fake);
  assert_int_equal(asked[4].index, 1);
}

/* ---- memory ---- */

static void each_allocation_may_fail(void **state) {
  size_t i = 1;
  size_t asked_before;

  (void)state;
  do {
    fake_end(&fake);
    set_up(NULL);
    use_binder(0, 33);
    asked_before = fake.unit.asked;
    fake.unit.fail_once = asked_before + i;
    if (bind_to("name.test", 7) == 0) {
      if (fake_in_flight(&fake) > 0) fake_answer(&fake, "name.test", 1);
      fake_settle(&fake);
      assert_true(strncmp(log_text, "listening:OK cb:OK ", 19) == 0 ||
                  strncmp(log_text, "cb:ENOMEM ", 10) == 0);
    }
    assert_true(i < 100);
  } while (fake.unit.asked >= asked_before + i++);
  assert_true(i > 4);
}

#define BIND_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      BIND_TEST(a_literal_is_bound_at_once_and_told_later),
      BIND_TEST(nothing_means_any),
      BIND_TEST(reuse_addr_reaches_the_stack_but_not_implicitly),
      BIND_TEST(a_name_is_looked_up_first),
      BIND_TEST(failures_come_later_and_leave_it_unbound),
      BIND_TEST(a_callback_hears_a_failure),
      BIND_TEST(bad_arguments_are_refused_at_once),
      BIND_TEST(twice_is_refused),
      BIND_TEST(a_descriptor_is_adopted),
      BIND_TEST(bound_but_cannot_receive),
      BIND_TEST(close_cancels_a_bind),
      BIND_TEST(close_cancels_a_lookup),
      BIND_TEST(close_lets_a_bind_go_on_for_its_sends),
      BIND_TEST(close_and_a_bind_that_fails_its_sends),
      BIND_TEST(close_in_listening),
      BIND_TEST(abort_in_the_callback),
      BIND_TEST(the_last_port_is_a_port),
      BIND_TEST(bind_again_in_the_callback),
      BIND_TEST(an_implicit_bind_is_told_once),
      BIND_TEST(unref_lets_go_but_not_while_binding),
      BIND_TEST(unref_lets_go_after_an_implicit_bind_too),
      BIND_TEST(a_binder_is_asked_from_the_loop),
      BIND_TEST(a_binder_may_answer_in_the_call),
      BIND_TEST(a_binder_may_leave_it_to_the_stack),
      BIND_TEST(a_descriptor_may_be_0),
      BIND_TEST(a_binder_may_refuse),
      BIND_TEST(close_before_the_answer_discards_it),
      BIND_TEST(close_inside_the_binder),
      BIND_TEST(close_inside_a_binder_that_leaves_it_to_the_stack),
      BIND_TEST(implicit_binds_and_descriptors_ask_nobody),
      BIND_TEST(answers_in_any_order),
      BIND_TEST(the_index_counts_live_binds_of_one_address),
      BIND_TEST(each_allocation_may_fail),
  };
  return cmocka_run_group_tests_name("bind", tests, NULL, NULL);
}
