/* Binding: asynchronous, to what, how it ends, and how it fails. */

#include "harness.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* seed:intro-1 seed:bind-4 rule:2 */
static void test_bind_is_asynchronous(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  dgram_address address;
  (void)state;
  h_assert_ok(h_bind(a, NULL));
  h_expect("");
  h_assert_code(DGRAM_EBADF, dgram_local_address(a, &address));
  h_run_until("a bind");
  h_expect("a listening; a bind OK");
  h_turns(3);
  h_expect("");
}

/* seed:bind-5 seed:listening-1 */
static void test_listener_and_callback(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind(a, NULL));
  h_run_until("a bind");
  assert_int_equal(h_count("a listening"), 1);
  assert_int_equal(h_count("a bind OK"), 1);
}

/* seed:bind-4 seed:bindopt-4 */
static void test_callback_is_optional(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(H(dgram_bind(a, NULL, NULL, NULL)));
  h_run_until("a listening");
  h_turns(2);
  h_expect("a listening");
}

/* seed:bind-1 seed:bindopt-1 seed:bindopt-2 seed:bindopt-5 seed:address-1 */
static void test_named_port_and_address(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .reuse_addr = true};
  dgram_socket *a = h_bound_with("a", &options, H_ALL);
  dgram_socket *b = h_socket_with("b", &options, H_ALL);
  dgram_address expected = h_address(a), address;
  (void)state;
  h_assert_ok(h_bind_to(b, "127.0.0.1", h_port(a)));
  h_run_until("b bind OK");
  h_assert_ok(dgram_local_address(b, &address));
  assert_true(dgram_address_equal(&address, &expected));
}

/* seed:bind-2 unlike:port-required seed:bindopt-1 */
static void test_any_port(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  dgram_socket *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  assert_int_not_equal(h_port(a), h_port(b));
}

/* seed:bind-3 seed:bindopt-2 seed:bindopt-5 */
static void test_any_address(void **state) {
  dgram_bind_options only_port = {.port = 0}, empty = {.address = ""};
  dgram_socket *a = h_socket("a", DGRAM_UDP4), *b = h_socket("b", DGRAM_UDP4);
  dgram_address address;
  (void)state;
  h_assert_ok(h_bind(a, &only_port));
  h_assert_ok(h_bind(b, &empty));
  h_run_until_n("a bind", 1);
  h_run_until("b bind");
  h_assert_ok(dgram_local_address(b, &address));
  assert_int_equal(address.bytes[0], 0);
  h_send_name(b, "hello", h_port(a), "127.0.0.1");
  h_run_until("a message 'hello'");
}

/* seed:bind-1 */
static void test_another_address_of_loopback(void **state) {
  dgram_socket *b = h_bound("b", DGRAM_UDP4), *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind_to(a, "127.0.0.2", h_port(b)));
  h_run_until("a bind OK");
  h_send_name(b, "to b", h_port(a), "127.0.0.1");
  h_send_name(b, "to a", h_port(a), "127.0.0.2");
  h_run_until("a message");
  h_run_until("b message");
  h_expect_of("a", "listening; bind OK; message 'to a'");
}

/* seed:bind-6 */
static void test_bound_socket_keeps_the_program(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_datagram datagram = {.bytes = "x", .length = 1, .to = h_address(a)};
  (void)state;
  dgram_unref(b);
  assert_int_equal(H(dgram_try_send_many(b, &datagram, 1)), 1);
  h_run_until("a message 'x'"); /* a run that ended at once would not have read it */
}

/* Binds to a port that another socket of this test holds. */
static dgram_socket *bind_to_busy_port(const char *name, int events, bool with_callback) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *holder = h_bound("holder", DGRAM_UDP4);
  dgram_socket *socket = h_socket_with(name, &options, events);
  dgram_bind_options where = {.address = "127.0.0.1", .port = h_port(holder)};
  h_assert_ok(with_callback ? h_bind(socket, &where) : H(dgram_bind(socket, &where, NULL, NULL)));
  return socket;
}

/* seed:bind-7 seed:error-1 rule:3 input:busy-port */
static void test_failed_bind_tells_both(void **state) {
  (void)state;
  bind_to_busy_port("a", H_ALL, true);
  h_run_until("a error");
  h_turns(2);
  h_expect("a bind EADDRINUSE; a error bind EADDRINUSE");
}

/* seed:bind-7 */
static void test_failed_bind_without_callback(void **state) {
  (void)state;
  bind_to_busy_port("a", H_ALL, false);
  h_run_until("a error");
  h_turns(2);
  h_expect("a error bind EADDRINUSE");
}

static void log_unheard(dgram_stack *stack, dgram_socket *socket, const dgram_error *error,
                        void *data) {
  (void)stack;
  (void)data;
  h_log("unheard %s %s %s", h_name(socket), error->syscall, dgram_error_name(error->code));
}

/* rule:3 */
static void test_failed_bind_with_callback_is_heard(void **state) {
  dgram_socket *a;
  dgram_stats stats;
  (void)state;
  h_assert_ok(dgram_stack_on_unheard(h_stack(), log_unheard, NULL));
  a = bind_to_busy_port("a", H_MESSAGE, true);
  h_run_until("a bind EADDRINUSE");
  h_turns(2);
  h_assert_ok(dgram_get_stats(a, &stats));
  assert_int_equal(stats.unheard_errors, 0);
  h_expect("a bind EADDRINUSE");
}

/* seed:bind-7 rule:12 */
static void test_failed_bind_without_anybody_is_unheard(void **state) {
  dgram_socket *a;
  dgram_stats stats;
  (void)state;
  h_assert_ok(dgram_stack_on_unheard(h_stack(), log_unheard, NULL));
  a = bind_to_busy_port("a", 0, false);
  h_run_until("unheard");
  h_assert_ok(dgram_get_stats(a, &stats));
  assert_int_equal(stats.unheard_errors, 1);
  h_expect("unheard a bind EADDRINUSE");
}

static void bind_again(dgram_socket *socket, int status, void *call) {
  h_on_bind(socket, status, call);
  h_assert_ok(h_bind(socket, NULL));
}

/* seed:bind-7 api:bind-again */
static void test_failed_bind_may_be_tried_again(void **state) {
  dgram_socket *holder = h_bound("holder", DGRAM_UDP4), *a = h_socket("a", DGRAM_UDP4);
  dgram_bind_options where = {.address = "127.0.0.1", .port = h_port(holder)};
  struct h_call *call = h_call_new(a, "first bind", 0);
  (void)state;
  h_assert_ok(h_call_made(call, H(dgram_bind(a, &where, bind_again, call))));
  h_run_until("a bind OK");
  h_expect("a bind EADDRINUSE; a error bind EADDRINUSE; a listening; a bind OK");
}

/* seed:bind-8 input:closing */
static void test_bind_of_a_closed_socket(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_end(a));
  h_assert_code(DGRAM_ENOTRUNNING, h_bind(a, NULL));
  h_run_until("a close");
  h_expect("a close");
}

/* input:bind-twice */
static void test_bind_twice(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4), *b = h_socket("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind(a, NULL));
  h_assert_code(DGRAM_EALREADYBOUND, h_bind(a, NULL));
  h_run_until("a bind");
  h_assert_code(DGRAM_EALREADYBOUND, h_bind(a, NULL));
  h_assert_ok(h_send(b, "x", h_address(a)));
  h_assert_code(DGRAM_EALREADYBOUND, h_bind(b, NULL));
  h_run_until("a message");
  assert_int_equal(h_count("a bind"), 1);
  assert_string_equal(dgram_error_name(DGRAM_EALREADYBOUND), "ERR_SOCKET_ALREADY_BOUND");
}

/* seed:bindopt-8 seed:bindopt-3 */
static void test_exclusive_on_a_host_name(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  dgram_bind_options where = {.address = "localhost", .exclusive = true};
  dgram_address address, expected;
  (void)state;
  h_assert_ok(h_bind(a, &where));
  h_run_until("a bind");
  h_expect("a listening; a bind OK");
  h_assert_ok(dgram_local_address(a, &address));
  expected = h_literal("127.0.0.1", address.port);
  assert_true(dgram_address_equal(&address, &expected));
}

/* seed:bind-1 */
static void test_host_name_has_the_family_of_the_socket(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP6);
  dgram_address address, expected;
  (void)state;
  h_need_ipv6();
  h_assert_ok(h_bind_to(a, "localhost", 0));
  h_run_until("a bind OK");
  h_assert_ok(dgram_local_address(a, &address));
  expected = h_literal("::1", address.port);
  assert_true(dgram_address_equal(&address, &expected));
}

/* input:unknown-name seed:bind-7 */
static void test_unknown_host_name(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind_to(a, "unknown.dgram.test", 0));
  h_run_until("a error");
  h_expect("a bind ENOTFOUND; a error getaddrinfo ENOTFOUND");
}

/* seed:bindopt-7 */
static void test_exclusive_port_cannot_be_shared(void **state) {
  dgram_socket *holder = h_socket("holder", DGRAM_UDP4), *a = h_socket("a", DGRAM_UDP4);
  dgram_bind_options where = {.address = "127.0.0.1", .exclusive = true};
  (void)state;
  h_assert_ok(h_bind(holder, &where));
  h_run_until("holder bind OK");
  where.port = h_port(holder);
  h_assert_ok(h_bind(a, &where));
  h_run_until("a error");
  h_expect_of("a", "bind EADDRINUSE; error bind EADDRINUSE");
}

/* input:address-not-local */
static void test_address_of_another_host(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_bind_to(a, "203.0.113.77", 0));
  h_run_until("a error");
  h_expect("a bind EADDRNOTAVAIL; a error bind EADDRNOTAVAIL");
}

/* input:privileged-port */
static void test_privileged_port(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  bool root = geteuid() == 0;
  (void)state;
  h_need_kernel("nobody is privileged in a simulated network");
  if (root && seteuid(65534) != 0) h_skip("runs as root and cannot become anybody else");
  h_assert_ok(h_bind_to(a, "127.0.0.1", 1));
  for (int turns = 0; turns < 10; turns++)
    h_turns(1);
  if (root) assert_int_equal(seteuid(0), 0);
  if (h_logged("a bind OK")) h_skip("ports below 1024 are not privileged here");
  h_expect("a bind EACCES; a error bind EACCES");
}

/* unlike:setters-while-binding */
static void test_setters_while_binding(void **state) {
  dgram_socket *a = h_socket("a", DGRAM_UDP4);
  (void)state;
  h_assert_code(DGRAM_EBADF, H(dgram_set_ttl(a, 5)));
  h_assert_ok(h_bind(a, NULL));
  h_assert_code(DGRAM_EBADF, H(dgram_set_ttl(a, 5)));
  h_run_until("a bind OK");
  h_assert_ok(H(dgram_set_ttl(a, 5)));
}

/* ---- the example of the seed ---- */

static void server_listening(dgram_socket *server, void *data) {
  dgram_address address;
  (void)data;
  h_assert_ok(dgram_local_address(server, &address));
  h_log("server listening %s", h_format(&address));
}

static void server_message(dgram_socket *server, const dgram_message *message, void *data) {
  (void)server;
  (void)data;
  h_log("server got: %.*s from %s", (int)message->length, (const char *)message->bytes,
        h_format(&message->from));
}

static void server_error(dgram_socket *server, const dgram_error *error, void *data) {
  (void)data;
  h_log("server error: %s", dgram_error_name(error->code));
  h_assert_ok(h_end(server));
}

static dgram_socket *example_server(void) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *server = h_socket_with("example", &options, 0);
  h_assert_ok(dgram_on_error(server, server_error, NULL));
  h_assert_ok(dgram_on_message(server, server_message, NULL));
  h_assert_ok(dgram_on_listening(server, server_listening, NULL));
  return server;
}

/* seed:bind-9 seed:message-1 seed:address-1 */
static void test_the_example_of_the_seed(void **state) {
  dgram_socket *client = h_bound("client", DGRAM_UDP4), *server = example_server();
  char expected[128];
  (void)state;
  h_assert_ok(H(dgram_bind(server, NULL, NULL, NULL)));
  h_run_until("server listening");
  h_assert_ok(H(dgram_send(client, "hello", 5, h_port(server), "localhost", NULL, NULL)));
  h_run_until("server got");
  snprintf(expected, sizeof(expected),
           "server listening 0.0.0.0:%d; server got: hello from 127.0.0.1:%d", h_port(server),
           h_port(client));
  h_expect(expected);
}

/* seed:bind-9 seed:bind-7 */
static void test_the_example_of_the_seed_on_a_busy_port(void **state) {
  dgram_socket *holder = h_socket("holder", DGRAM_UDP4), *server = example_server();
  dgram_bind_options where = {0};
  (void)state;
  h_assert_ok(h_bind(holder, NULL));
  h_run_until("holder bind OK");
  h_log_clear();
  where.port = h_port(holder);
  h_assert_ok(H(dgram_bind(server, &where, NULL, NULL)));
  h_run_until("example close");
  h_expect("server error: EADDRINUSE; example close");
}

/* ---- a descriptor is given ---- */

static int make_descriptor(int family, int kind, bool bound) {
  int fd = socket(family, kind, 0);
  struct sockaddr_storage any = {.ss_family = (sa_family_t)family};
  assert_true(fd > 0);
  if (bound) assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
  return fd;
}

static void need_descriptors(void) {
  h_need_kernel("descriptors mean nothing in a simulated network");
}

/* api:bind-fd */
static void test_descriptor_is_adopted(void **state) {
  dgram_socket *a, *b;
  int fd;
  (void)state;
  need_descriptors();
  a = h_socket("a", DGRAM_UDP4);
  b = h_bound("b", DGRAM_UDP4);
  fd = make_descriptor(AF_INET, SOCK_DGRAM, true);
  dgram_bind_options adopt = {.fd = fd, .port = 1, .address = "203.0.113.77"};
  h_assert_ok(h_bind(a, &adopt));
  h_run_until("a bind OK");
  h_send_name(b, "hello", h_port(a), "127.0.0.1");
  h_run_until("a message 'hello'");
  h_send(a, "back", h_address(b));
  h_run_until("b message 'back'");
  assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
  h_assert_ok(h_end(a));
  h_run_until("a close");
  assert_int_equal(fcntl(fd, F_GETFD), -1); /* closed with the socket */
}

/* api:bind-fd */
static void test_descriptor_without_a_port_gets_one(void **state) {
  dgram_socket *a;
  (void)state;
  need_descriptors();
  a = h_socket("a", DGRAM_UDP4);
  dgram_bind_options adopt = {.fd = make_descriptor(AF_INET, SOCK_DGRAM, false)};
  h_assert_ok(h_bind(a, &adopt));
  h_run_until("a bind OK");
  assert_int_not_equal(h_port(a), 0);
}

/* input:descriptor */
static void test_descriptor_that_is_none(void **state) {
  dgram_socket *a;
  struct stat still;
  int fds[3];
  (void)state;
  need_descriptors();
  a = h_socket("a", DGRAM_UDP4);
  fds[0] = make_descriptor(AF_INET, SOCK_STREAM, false);
  fds[1] = make_descriptor(AF_INET6, SOCK_DGRAM, false);
  fds[2] = open("/dev/null", O_RDWR);
  for (size_t i = 0; i < 3; i++) {
    dgram_bind_options adopt = {.fd = fds[i]};
    h_assert_code(DGRAM_EFDTYPE, h_bind(a, &adopt));
    assert_int_equal(fstat(fds[i], &still), 0); /* it stays the caller's */
    close(fds[i]);
    h_assert_code(DGRAM_EBADF, h_bind(a, &adopt));
  }
  h_turns(2);
  h_expect("");
  h_assert_ok(h_bind(a, NULL));
  h_run_until("a bind OK");
}

/* api:bind-fd */
static void test_descriptor_of_a_socket_closed_first(void **state) {
  dgram_socket *a;
  int fd;
  (void)state;
  need_descriptors();
  a = h_socket("a", DGRAM_UDP4);
  fd = make_descriptor(AF_INET, SOCK_DGRAM, true);
  dgram_bind_options adopt = {.fd = fd};
  h_assert_ok(h_bind(a, &adopt));
  h_assert_ok(h_end(a));
  h_run_until("a close");
  h_expect("a bind ECANCELED; a close");
  assert_int_equal(fcntl(fd, F_GETFD), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_bind_is_asynchronous),
      H_TEST(test_listener_and_callback),
      H_TEST(test_callback_is_optional),
      H_TEST(test_named_port_and_address),
      H_TEST(test_any_port),
      H_TEST(test_any_address),
      H_TEST(test_another_address_of_loopback),
      H_TEST(test_bound_socket_keeps_the_program),
      H_TEST(test_failed_bind_tells_both),
      H_TEST(test_failed_bind_without_callback),
      H_TEST(test_failed_bind_with_callback_is_heard),
      H_TEST(test_failed_bind_without_anybody_is_unheard),
      H_TEST(test_failed_bind_may_be_tried_again),
      H_TEST(test_bind_of_a_closed_socket),
      H_TEST(test_bind_twice),
      H_TEST(test_exclusive_on_a_host_name),
      H_TEST(test_host_name_has_the_family_of_the_socket),
      H_TEST(test_unknown_host_name),
      H_TEST(test_exclusive_port_cannot_be_shared),
      H_TEST(test_address_of_another_host),
      H_TEST(test_privileged_port),
      H_TEST(test_setters_while_binding),
      H_TEST(test_the_example_of_the_seed),
      H_TEST(test_the_example_of_the_seed_on_a_busy_port),
      H_TEST(test_descriptor_is_adopted),
      H_TEST(test_descriptor_without_a_port_gets_one),
      H_TEST(test_descriptor_that_is_none),
      H_TEST(test_descriptor_of_a_socket_closed_first),
  };
  return H_MAIN(tests);
}
