/* The event `icmp`, and who asks for it. */

#include "fake.h"

#include <stdio.h>
#include <string.h>

#include "core/address.h"
#include "core/socket.h"

static struct fake fake;
static dgram_socket *sock;
static char log_text[256];
static void (*act)(void); /* what the next listener does, once */
static const char first[] = "1", second[] = "2";

static void on_icmp(dgram_socket *socket, const dgram_icmp *icmp, void *data) {
  const size_t length = strlen(log_text);
  void (*now)(void) = act;

  assert_ptr_equal(socket, sock);
  snprintf(log_text + length, sizeof log_text - length, "%s:%s ", (const char *)data,
           dgram_error_name(icmp->code));
  act = NULL;
  if (now != NULL) now();
}

static void on_close(dgram_socket *socket, void *data) {
  (void)socket;
  (void)data;
  sock = NULL;
}

static void open_socket(bool asks) {
  const dgram_socket_options options = {
      .type = DGRAM_UDP4, .reuse_addr = true, .icmp_errors = asks};

  assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &sock), 0);
  assert_int_equal(dgram_on_icmp(sock, on_icmp, (void *)(uintptr_t)first), 0);
  assert_int_equal(dgram_on_close(sock, on_close, NULL), 0);
}

static void bind_it(void) {
  assert_int_equal(dgram_bind(sock, NULL, NULL, NULL), 0);
  fake_settle(&fake);
}

static int set_up(void **state) {
  (void)state;
  fake_init(&fake);
  log_text[0] = '\0';
  act = NULL;
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  fake_end(&fake);
  assert_null(sock);
  return 0;
}

static void answer(int code) {
  const dgram_icmp icmp = {.code = code, .to = dgram__address_loopback(DGRAM_IPV4, 9)};

  dgram__endpoint_icmp(&fake_endpoint_of(sock)->base, &icmp);
}

static void expect_log(const char *expected) {
  assert_string_equal(log_text, expected);
  log_text[0] = '\0';
}

static dgram_stats stats(void) {
  dgram_stats stats;

  assert_int_equal(dgram_get_stats(sock, &stats), 0);
  return stats;
}

/* ---- asking ---- */

static void asked_at_creation(void **state) {
  (void)state;
  open_socket(true);
  bind_it();
  assert_int_equal(fake.last_flags, DGRAM__BIND_REUSE_ADDR | DGRAM__BIND_ICMP_ERRORS);
  answer(DGRAM_ECONNREFUSED);
  expect_log("1:ECONNREFUSED ");
}

static void asked_of_a_descriptor(void **state) {
  const dgram_bind_options where = {.fd = 33};

  (void)state;
  open_socket(true);
  assert_int_equal(dgram_bind(sock, &where, NULL, NULL), 0);
  assert_true(fake.last_flags & DGRAM__BIND_ICMP_ERRORS);
}

static void asked_of_an_implicit_bind(void **state) {
  (void)state;
  open_socket(true);
  assert_int_equal(dgram_send(sock, "x", 1, 9, NULL, NULL, NULL), 0);
  assert_int_equal(fake.last_flags, DGRAM__BIND_ICMP_ERRORS);
}

static void not_asked(void **state) {
  (void)state;
  open_socket(false);
  bind_it();
  assert_int_equal(fake.last_flags, DGRAM__BIND_REUSE_ADDR);
  assert_null(sock->extras);
  assert_int_equal(stats().icmp, 0);
}

static void asked_later_and_no_more(void **state) {
  (void)state;
  open_socket(false);
  assert_int_equal(dgram_set_icmp_errors(sock, true), DGRAM_EBADF);
  assert_int_equal(dgram_bind(sock, NULL, NULL, NULL), 0);
  assert_int_equal(dgram_set_icmp_errors(sock, true), DGRAM_EBADF);
  fake_settle(&fake);
  for (int on = 1; on >= 0; on--) {
    assert_int_equal(dgram_set_icmp_errors(sock, on), 0);
    assert_int_equal(fake.last_option, DGRAM__OPTION_ICMP_ERRORS);
    assert_int_equal(fake.last_value, on);
    if (on) answer(DGRAM_EHOSTUNREACH);
  }
  expect_log("1:EHOSTUNREACH ");
  assert_int_equal(dgram_close(sock, NULL, NULL), 0);
  assert_int_equal(dgram_set_icmp_errors(sock, true), DGRAM_ENOTRUNNING);
  assert_int_equal(dgram_set_icmp_errors(NULL, true), DGRAM_EARGTYPE);
}

static void asking_needs_memory(void **state) {
  const dgram_socket_options options = {.type = DGRAM_UDP4, .icmp_errors = true};

  (void)state;
  open_socket(false);
  bind_it();
  fake.unit.fail_once = fake.unit.asked + 1;
  fake.last_option = -1;
  assert_int_equal(dgram_set_icmp_errors(sock, true), DGRAM_ENOMEM);
  assert_int_equal(fake.last_option, -1);
  fake.unit.fail_once = fake.unit.asked + 2;
  assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &sock), DGRAM_ENOMEM);
  assert_int_equal(dgram_set_icmp_errors(sock, true), 0);
}

/* ---- hearing ---- */

static void heard_in_order_and_counted(void **state) {
  (void)state;
  open_socket(true);
  assert_int_equal(dgram_once_icmp(sock, on_icmp, (void *)(uintptr_t)second), 0);
  bind_it();
  answer(DGRAM_ECONNREFUSED);
  answer(DGRAM_EMSGSIZE);
  expect_log("1:ECONNREFUSED 2:ECONNREFUSED 1:EMSGSIZE ");
  assert_int_equal(dgram_off_icmp(sock, on_icmp, (void *)(uintptr_t)first), 1);
  answer(DGRAM_EMSGSIZE);
  expect_log("");
  assert_int_equal(stats().icmp, 3);
  assert_int_equal(stats().receive_errors, 0);
  assert_int_equal(stats().unheard_errors, 0);
}

static void act_send(void) {
  assert_int_equal(dgram_send(sock, "x", 1, 9, NULL, NULL, NULL), 0);
}

static void what_a_listener_sends_leaves(void **state) {
  (void)state;
  open_socket(true);
  bind_it();
  act = act_send;
  answer(DGRAM_ECONNREFUSED);
  assert_int_equal(fake.sent_count, 1);
  assert_false(fake.woken);
}

static void act_close(void) {
  assert_int_equal(dgram_close(sock, NULL, NULL), 0);
}

static void nothing_is_heard_after_a_close(void **state) {
  (void)state;
  open_socket(true);
  assert_int_equal(dgram_on_icmp(sock, on_icmp, (void *)(uintptr_t)second), 0);
  bind_it();
  act = act_close;
  answer(DGRAM_ECONNREFUSED);
  expect_log("1:ECONNREFUSED ");
  answer(DGRAM_ECONNREFUSED);
  expect_log("");
  assert_int_equal(stats().icmp, 1);
}

/* The socket that lingers is asked for no events. */
static void nothing_is_heard_while_it_lingers(void **state) {
  (void)state;
  open_socket(true);
  bind_it();
  fake.takes = 0;
  act_send();
  act_close();
  answer(DGRAM_ECONNREFUSED);
  expect_log("");
  fake.takes = SIZE_MAX;
  fake_sendable(sock, DGRAM_EAGAIN);
}

static void act_off(void) {
  assert_int_equal(dgram_off_icmp(sock, on_icmp, (void *)(uintptr_t)second), 1);
}

static void off_holds_at_once(void **state) {
  (void)state;
  open_socket(true);
  assert_int_equal(dgram_on_icmp(sock, on_icmp, (void *)(uintptr_t)second), 0);
  bind_it();
  act = act_off;
  answer(DGRAM_ECONNREFUSED);
  expect_log("1:ECONNREFUSED ");
}

#define ICMP_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      ICMP_TEST(asked_at_creation),
      ICMP_TEST(asked_of_a_descriptor),
      ICMP_TEST(asked_of_an_implicit_bind),
      ICMP_TEST(not_asked),
      ICMP_TEST(asked_later_and_no_more),
      ICMP_TEST(asking_needs_memory),
      ICMP_TEST(heard_in_order_and_counted),
      ICMP_TEST(what_a_listener_sends_leaves),
      ICMP_TEST(nothing_is_heard_after_a_close),
      ICMP_TEST(nothing_is_heard_while_it_lingers),
      ICMP_TEST(off_holds_at_once),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
