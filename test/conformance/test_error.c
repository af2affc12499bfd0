/* Errors: by callback or as an event, what they carry, what happens to those that nobody hears,
 * and the names of the codes. */

#include "harness.h"

#include <signal.h>
#include <unistd.h>

static void describe(dgram_socket *socket, const dgram_error *error, void *data) {
  (void)data;
  h_log("%s failed %s %s %s %d", h_name(socket), error->syscall, dgram_error_name(error->code),
        error->address == NULL ? "(none)" : error->address, error->port);
}

/* seed:error-1 seed:send-16 better:send-errors */
static void test_a_send_without_callback_fails_with_an_event(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *a = h_bound_with("a", &options, H_MESSAGE);
  (void)state;
  h_assert_ok(dgram_on_error(a, describe, NULL));
  h_assert_ok(h_post(a, "x", h_literal("127.255.255.255", 9))); /* without dgram_set_broadcast */
  h_run_until("a failed");
  h_turns(2);
  assert_int_equal(h_count("a failed"), 1);
  assert_int_equal(h_count("a failed send E"), 1);
  assert_non_null(strstr(h_log_text(), "127.255.255.255 9"));
}

/* seed:send-15 seed:send-12 */
static void test_a_send_with_callback_fails_without_an_event(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send(a, "x", h_literal("127.255.255.255", 9)));
  h_run_until("a unsent 'x'");
  h_turns(2);
  assert_int_equal(h_count("a unsent"), 1);
  assert_int_equal(h_count("a error"), 0);
  h_assert_ok(h_send(a, "y", h_address(a))); /* the socket lives on */
  h_run_until("a message 'y'");
}

/* seed:error-1 */
static void test_a_failed_bind_says_where(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(dgram_on_error(a, describe, NULL));
  h_assert_ok(H(dgram_bind_sized(a, &(dgram_bind_options){.address = "203.0.113.77", .port = 4321},
                                 sizeof(dgram_bind_options), NULL, NULL)));
  h_run_until("a failed");
  h_expect("a error bind EADDRNOTAVAIL; a failed bind EADDRNOTAVAIL 203.0.113.77 4321");
}

static size_t unheard_code_is;

static void on_unheard(dgram_stack *stack, dgram_socket *socket, const dgram_error *error,
                       void *data) {
  if (stack != h_stack() || strcmp(data, "data") != 0) h_violation("unheard by a stranger");
  if (error->code == DGRAM_ENOTFOUND) unheard_code_is++;
  h_log("%s unheard %s %s %s %d", h_name(socket), error->syscall, dgram_error_name(error->code),
        error->address == NULL ? "(none)" : error->address, error->port);
}

static dgram_socket *deaf_socket(const char *name) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  return h_bound_with(name, &options, 0);
}

/* api:unheard rule:12 */
static void test_an_error_that_nobody_hears(void **state) {
  dgram_socket *a = deaf_socket("a");
  dgram_stats stats;
  (void)state;
  unheard_code_is = 0;
  h_assert_ok(dgram_stack_on_unheard(h_stack(), on_unheard, "data"));
  h_assert_ok(H(dgram_send(a, "x", 1, 9, "unknown.dgram.test", NULL, NULL)));
  h_assert_ok(H(dgram_send(a, "y", 1, 9, "unknown.dgram.test", NULL, NULL)));
  h_run_until_n("a unheard", 2);
  h_assert_ok(dgram_get_stats(a, &stats));
  assert_int_equal(stats.unheard_errors, 2);
  assert_int_equal(stats.send_errors, 2);
  assert_int_equal(unheard_code_is, 2);
  h_assert_ok(dgram_on_error(a, describe, NULL)); /* now it is heard */
  h_assert_ok(H(dgram_send(a, "z", 1, 9, "unknown.dgram.test", NULL, NULL)));
  h_run_until("a failed");
  assert_int_equal(h_count("a unheard"), 2);
}

/* Lines written to standard error while the loop runs. */
static size_t count_lines(int fd) {
  char text[4096];
  size_t lines = 0;
  ssize_t length = pread(fd, text, sizeof(text), 0);
  for (ssize_t i = 0; i < length; i++)
    lines += text[i] == '\n' ? 1 : 0;
  return lines;
}

/* rule:12 api:unheard */
static void test_the_last_resort_prints_once_a_second(void **state) {
  dgram_socket *a = deaf_socket("a");
  FILE *file = tmpfile();
  int standard_error = dup(2);
  dgram_stats stats = {0};
  size_t lines;
  (void)state;
  assert_non_null(file);
  fflush(stderr);
  dup2(fileno(file), 2);
  for (int i = 0; i < 20; i++) {
    H(dgram_send(a, "x", 1, 9, "unknown.dgram.test", NULL, NULL));
  }
  /* Nobody hears it, so it can only be looked for; on a kernel h_turns lets time pass. */
  for (int i = 0; i < 10000 && stats.unheard_errors < 20; i++) {
    h_turns(1);
    dgram_get_stats(a, &stats);
  }
  fflush(stderr);
  dup2(standard_error, 2);
  close(standard_error);
  lines = count_lines(fileno(file));
  fclose(file);
  assert_int_equal(stats.unheard_errors, 20);
  assert_in_range(lines, 1, 2); /* two where a machine takes a second for this */
}

/* rule:12 */
static void test_no_signal_handlers(void **state) {
  static const int signals[] = {SIGPIPE, SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGUSR1};
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  struct sigaction action;
  (void)state;
  h_send(a, "x", h_address(a));
  h_send_name(a, "y", h_port(a), "localhost");
  h_run_until("a message 'y'");
  for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
    assert_int_equal(sigaction(signals[i], NULL, &action), 0);
    assert_true(action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN);
  }
}

/* kept:no-icmp */
static void test_a_dead_port_is_no_error(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  for (size_t i = 1; i <= 3; i++) {
    h_assert_ok(h_send(a, "x", h_literal("127.0.0.1", 9)));
    h_run_until_n("a sent 'x'", i);
    h_turns(3);
  }
  assert_int_equal(h_count("a error"), 0);
  h_send(a, "self", h_address(a));
  h_run_until("a message 'self'");
}

/* kept:cross-family input:other-family */
static void test_a_literal_of_the_other_family(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_socket("b", DGRAM_UDP6);
  dgram_socket *c = h_socket("c", DGRAM_UDP4);
  (void)state;
  h_assert_code(DGRAM_EINVAL, h_send_name(a, "x", 9, "::1"));
  h_assert_code(DGRAM_EINVAL, h_send(a, "x", h_literal("::1", 9)));
  h_assert_code(DGRAM_EINVAL, h_send_name(b, "x", 9, "127.0.0.1"));
  h_assert_code(DGRAM_EINVAL, h_bind_to(b, "127.0.0.1", 0));
  h_assert_code(DGRAM_EINVAL, h_bind_to(c, "::1", 0));
  h_turns(3);
  h_expect("");
}

/* seed:error-1 */
static void test_send_errors_keep_their_order(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  dgram_address bad = h_literal("127.255.255.255", 9);
  (void)state;
  h_assert_ok(h_send(a, "1", h_address(a)));
  h_assert_ok(h_send(a, "2", bad));
  h_assert_ok(h_send(a, "3", h_address(a)));
  h_run_until("a message '3'");
  h_run_until("a sent '3'");
  assert_int_equal(h_count("a unsent '2'"), 1);
  assert_int_equal(h_count("a message"), 2);
}

/* api:error-names */
static void test_names_and_texts(void **state) {
  static const struct {
    int code;
    const char *name;
  } names[] = {
      {0, "OK"},
      {17, "OK"},
      {DGRAM_EADDRINUSE, "EADDRINUSE"},
      {DGRAM_EMSGSIZE, "EMSGSIZE"},
      {DGRAM_EBADTYPE, "ERR_SOCKET_BAD_TYPE"},
      {DGRAM_EALREADYBOUND, "ERR_SOCKET_ALREADY_BOUND"},
      {DGRAM_ENOTRUNNING, "ERR_SOCKET_DGRAM_NOT_RUNNING"},
      {DGRAM_EBADPORT, "ERR_SOCKET_BAD_PORT"},
      {DGRAM_EARGTYPE, "ERR_INVALID_ARG_TYPE"},
      {DGRAM_EMISSINGARGS, "ERR_MISSING_ARGS"},
      {DGRAM_EFDTYPE, "ERR_INVALID_FD_TYPE"},
      {DGRAM_ENOTFOUND, "ENOTFOUND"},
      {DGRAM_EAI_AGAIN, "EAI_AGAIN"},
      {-9999, "UNKNOWN"},
      {INT32_MIN, "UNKNOWN"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    assert_string_equal(dgram_error_name(names[i].code), names[i].name);
    assert_non_null(dgram_error_text(names[i].code));
  }
  assert_string_equal(dgram_error_text(-9999), "unknown error");
  assert_string_equal(dgram_error_text(0), "success");
  assert_string_equal(dgram_error_text(17), "success");
  assert_string_equal(dgram_error_text(DGRAM_ENOTRUNNING), "Not running");
  assert_int_equal(DGRAM_EADDRINUSE, -EADDRINUSE);
  assert_non_null(strchr(dgram_version(), '.'));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_a_send_without_callback_fails_with_an_event),
      H_TEST(test_a_send_with_callback_fails_without_an_event),
      H_TEST(test_a_failed_bind_says_where),
      H_TEST(test_an_error_that_nobody_hears),
      H_TEST(test_the_last_resort_prints_once_a_second),
      H_TEST(test_no_signal_handlers),
      H_TEST(test_a_dead_port_is_no_error),
      H_TEST(test_a_literal_of_the_other_family),
      H_TEST(test_send_errors_keep_their_order),
      H_TEST(test_names_and_texts),
  };
  return H_MAIN(tests);
}
