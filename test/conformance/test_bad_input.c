/* What bad input gets: an exact code, named as Node names it, before anything happens; and
 * nothing is called later, nothing leaks, the socket goes on. Tables; each row is a call that
 * must be refused. */

#include "harness.h"

/* The sockets that the rows use. */
static struct {
  dgram_socket *fresh;   /* unbound, udp4 */
  dgram_socket *binding; /* its bind is under way */
  dgram_socket *bound;
  dgram_socket *closing;
} the;

static dgram_address good, other_family, no_port, no_family;
static char long_name[300];
static char bytes[70000];

/* Callbacks that must never run: the calls are refused. */
static void never_bound(dgram_socket *socket, int status, void *data) {
  (void)socket;
  (void)status;
  h_violation("a refused call called back: %s", (const char *)data);
}

static void never_sent_many(dgram_socket *socket, dgram_datagram *list, size_t count, void *data) {
  (void)socket;
  (void)list;
  (void)count;
  h_violation("a refused call called back: %s", (const char *)data);
}

static int bind_to(dgram_socket *socket, int port, const char *address) {
  dgram_bind_options options = {.port = port, .address = address};
  return H(dgram_bind(socket, &options, never_bound, "bind"));
}

static int bind_fd(dgram_socket *socket, int fd) {
  dgram_bind_options options = {.fd = fd};
  return H(dgram_bind(socket, &options, never_bound, "bind"));
}

static int send_text(dgram_socket *socket, size_t length, int port, const char *address) {
  return H(dgram_send(socket, bytes, length, port, address, never_bound, "send"));
}

static int send_to(dgram_socket *socket, const void *data, size_t length, const dgram_address *to) {
  return H(dgram_send_to(socket, data, length, to, never_bound, "send_to"));
}

static int gather(dgram_socket *socket, const void *piece, size_t length, size_t count, int port) {
  dgram_buffer parts[3] = {{piece, length}, {piece, length}, {piece, length}};
  return H(dgram_send_gather(socket, parts, count, port, NULL, never_bound, "gather"));
}

static int many(dgram_socket *socket, dgram_datagram datagram) {
  dgram_datagram list[2] = {{.bytes = "x", .length = 1, .to = good}, datagram};
  int code = H(dgram_try_send_many(socket, list, 2));
  int again = H(dgram_send_many(socket, list, 2, never_sent_many, "send_many"));
  if (code != again) h_violation("dgram_try_send_many and dgram_send_many disagree");
  return code;
}

static void open_all(void) {
  h_assert_ok(dgram_address_parse("127.0.0.1", 9, &good));
  h_assert_ok(dgram_address_parse("::1", 9, &other_family));
  no_port = good;
  no_port.port = 0;
  no_family = good;
  no_family.family = 0;
  memset(long_name, 'n', sizeof(long_name));
  for (size_t i = 50; i < sizeof(long_name); i += 50)
    long_name[i] = '.';
  long_name[254] = '\0';
  the.fresh = h_socket("fresh", DGRAM_UDP4);
  the.bound = h_bound("bound", DGRAM_UDP4);
  the.binding = h_socket("binding", DGRAM_UDP4);
  the.closing = h_socket("closing", DGRAM_UDP4);
  h_assert_ok(h_bind(the.binding, NULL));
  h_assert_ok(h_end(the.closing));
}

/* All is as it was, and the sockets work. */
static void check_all(void) {
  dgram_address address;
  dgram_stats stats;
  h_run_until("binding bind OK");
  h_run_until("closing close");
  h_turns(3);
  h_expect_of("fresh", "");
  h_expect_of("bound", "");
  h_expect_of("binding", "listening; bind OK");
  h_assert_code(DGRAM_EBADF, dgram_local_address(the.fresh, &address));
  h_assert_ok(dgram_get_stats(the.bound, &stats));
  assert_int_equal(stats.sent, 0);
  assert_int_equal(stats.queued, 0);
  h_assert_ok(h_send(the.fresh, "good", h_address(the.bound)));
  h_run_until("bound message 'good'");
}

#define ROW(expected, call)                                                                        \
  do {                                                                                             \
    int code = (call);                                                                             \
    if (code != (expected)) {                                                                      \
      h_violation("%s: %s instead of %s", #call, dgram_error_name(code),                           \
                  dgram_error_name(expected));                                                     \
    }                                                                                              \
  } while (0)

/* input:port input:other-family input:long-name input:bind-twice input:closing input:descriptor
 * input:null input:scope rule:3 */
static void test_bind(void **state) {
  (void)state;
  open_all();
  ROW(DGRAM_EBADPORT, bind_to(the.fresh, -1, NULL));
  ROW(DGRAM_EBADPORT, bind_to(the.fresh, 65536, NULL));
  ROW(DGRAM_EBADPORT, bind_to(the.fresh, INT32_MAX, "127.0.0.1"));
  ROW(DGRAM_EINVAL, bind_to(the.fresh, 0, "::1"));
  ROW(DGRAM_EINVAL, bind_to(the.fresh, 0, "::"));
  ROW(DGRAM_EINVAL, bind_to(the.fresh, 0, "fe80::1%"));
  ROW(DGRAM_ENODEV, bind_to(the.fresh, 0, "fe80::1%nosuchif0"));
  ROW(DGRAM_ENODEV, bind_to(the.fresh, 0, "fe80::1%nosuchinterface0"));
  ROW(DGRAM_EINVAL, bind_to(the.fresh, 0, "1::2::3"));
  ROW(DGRAM_ENAMETOOLONG, bind_to(the.fresh, 0, long_name));
  ROW(DGRAM_EALREADYBOUND, bind_to(the.bound, 0, NULL));
  ROW(DGRAM_EALREADYBOUND, bind_to(the.binding, 0, NULL));
  ROW(DGRAM_ENOTRUNNING, bind_to(the.closing, 0, NULL));
  ROW(DGRAM_EARGTYPE, bind_to(NULL, 0, NULL));
  if (h_kind() != H_SIM) ROW(DGRAM_EBADF, bind_fd(the.fresh, 1000000));
  ROW(DGRAM_EBADF, bind_fd(the.fresh, -1));
  check_all();
}

/* input:port input:other-family input:too-long input:long-name input:closing input:null rule:3 */
static void test_send(void **state) {
  (void)state;
  open_all();
  for (size_t i = 0; i < 3; i++) {
    dgram_socket *s = i == 0 ? the.fresh : i == 1 ? the.bound : the.binding;
    ROW(DGRAM_EBADPORT, send_text(s, 1, 0, "127.0.0.1"));
    ROW(DGRAM_EBADPORT, send_text(s, 1, -1, "127.0.0.1"));
    ROW(DGRAM_EBADPORT, send_text(s, 1, 65536, "localhost"));
    ROW(DGRAM_EINVAL, send_text(s, 1, 9, "::1"));
    ROW(DGRAM_EINVAL, send_text(s, 1, 9, "::ffff:127.0.0.1"));
    ROW(DGRAM_EINVAL, send_text(s, 1, 9, "localhost:80"));
    ROW(DGRAM_ENAMETOOLONG, send_text(s, 1, 9, long_name));
    ROW(DGRAM_EMSGSIZE, send_text(s, 65508, 9, "127.0.0.1"));
    ROW(DGRAM_EMSGSIZE, send_text(s, sizeof(bytes), 9, "localhost"));
    ROW(DGRAM_EMSGSIZE, send_text(s, SIZE_MAX, 9, "127.0.0.1"));
    ROW(DGRAM_EMSGSIZE, send_to(s, bytes, 65508, &good));
    ROW(DGRAM_EBADPORT, send_to(s, bytes, 1, &no_port));
    ROW(DGRAM_EINVAL, send_to(s, bytes, 1, &other_family));
    ROW(DGRAM_EINVAL, send_to(s, bytes, 1, &no_family));
    ROW(DGRAM_EARGTYPE, send_to(s, bytes, 1, NULL));
    ROW(DGRAM_EARGTYPE, send_to(s, NULL, 1, &good));
    ROW(DGRAM_EARGTYPE, H(dgram_send(s, NULL, 1, 9, NULL, never_bound, "send")));
    ROW(DGRAM_EBADPORT, gather(s, "x", 1, 3, 0));
    ROW(DGRAM_EMSGSIZE, gather(s, bytes, 30000, 3, 9));
    ROW(DGRAM_EARGTYPE, gather(s, NULL, 1, 3, 9));
    ROW(DGRAM_EARGTYPE, H(dgram_send_gather(s, NULL, 1, 9, NULL, never_bound, "gather")));
  }
  ROW(DGRAM_ENOTRUNNING, send_text(the.closing, 1, 9, NULL));
  ROW(DGRAM_ENOTRUNNING, send_to(the.closing, bytes, 1, &good));
  ROW(DGRAM_EARGTYPE, send_text(NULL, 1, 9, NULL));
  ROW(DGRAM_EARGTYPE, send_to(NULL, bytes, 1, &good));
  check_all();
}

/* input:too-long input:other-family input:scope */
static void test_send_udp6(void **state) {
  dgram_socket *six;
  (void)state;
  h_need_ipv6();
  open_all();
  six = h_bound("six", DGRAM_UDP6);
  ROW(DGRAM_EINVAL, send_text(six, 1, 9, "127.0.0.1"));
  ROW(DGRAM_EINVAL, send_to(six, bytes, 1, &good));
  ROW(DGRAM_EMSGSIZE, send_to(six, bytes, 65528, &other_family));
  ROW(DGRAM_ENODEV, send_text(six, 1, 9, "fe80::1%nosuchif0"));
  ROW(DGRAM_ENODEV, send_text(six, 1, 9, "fe80::1%nosuchinterface0"));
  ROW(DGRAM_ENODEV, send_text(six, 1, 9, "fe80::1%4294967296"));
  ROW(DGRAM_ENODEV, H(dgram_add_membership(six, "ff02::1%nosuchinterface0", NULL)));
  ROW(DGRAM_ENODEV, H(dgram_drop_membership(six, "ff02::1%nosuchif0", NULL)));
  ROW(DGRAM_ENODEV, H(dgram_add_membership(six, "ff02::1", "fe80::1%nosuchinterface0")));
  check_all();
}

/* input:port input:other-family input:too-long input:null api:send-many */
static void test_send_many(void **state) {
  dgram_buffer wrong[] = {{"one", 3}, {NULL, 2}};
  dgram_buffer too_many[DGRAM_PARTS_MAX + 1] = {{"one", 3}};
  (void)state;
  open_all();
  for (size_t i = 0; i < 2; i++) {
    dgram_socket *s = i == 0 ? the.fresh : the.bound;
    ROW(DGRAM_EBADPORT, many(s, (dgram_datagram){.bytes = "x", .length = 1, .to = no_port}));
    ROW(DGRAM_EINVAL, many(s, (dgram_datagram){.bytes = "x", .length = 1, .to = other_family}));
    ROW(DGRAM_EINVAL, many(s, (dgram_datagram){.bytes = "x", .length = 1, .to = no_family}));
    ROW(DGRAM_EMSGSIZE, many(s, (dgram_datagram){.bytes = bytes, .length = 65508, .to = good}));
    ROW(DGRAM_EARGTYPE, many(s, (dgram_datagram){.bytes = NULL, .length = 1, .to = good}));
    ROW(DGRAM_EARGTYPE,
        many(s, (dgram_datagram){.bytes = wrong, .length = 5, .to = good, .parts = 2}));
    ROW(DGRAM_EINVAL,
        many(s, (dgram_datagram){.bytes = wrong, .length = 2, .to = good, .parts = 1}));
    ROW(DGRAM_EINVAL,
        many(s, (dgram_datagram){
                    .bytes = too_many, .length = 3, .to = good, .parts = DGRAM_PARTS_MAX + 1}));
    ROW(DGRAM_EARGTYPE, H(dgram_send_many(s, NULL, 1, never_sent_many, "send_many")));
    ROW(DGRAM_EARGTYPE, H(dgram_try_send_many(s, NULL, 1)));
  }
  ROW(DGRAM_EARGTYPE, H(dgram_try_send_many(NULL, NULL, 0)));
  check_all();
}

/* input:ttl input:group input:tos input:closing input:null */
static void test_options(void **state) {
  (void)state;
  open_all();
  ROW(DGRAM_EINVAL, H(dgram_set_ttl(the.bound, 0)));
  ROW(DGRAM_EINVAL, H(dgram_set_ttl(the.bound, 256)));
  ROW(DGRAM_EINVAL, H(dgram_set_multicast_ttl(the.bound, 256)));
  ROW(DGRAM_EBADF, H(dgram_set_ttl(the.fresh, 64)));
  ROW(DGRAM_EBADF, H(dgram_set_ttl(the.binding, 64)));
  ROW(DGRAM_ENOTRUNNING, H(dgram_set_ttl(the.closing, 64)));
  ROW(DGRAM_EARGTYPE, H(dgram_set_ttl(NULL, 64)));
  ROW(DGRAM_EARGTYPE, H(dgram_set_multicast_ttl(NULL, 1)));
  ROW(DGRAM_EARGTYPE, H(dgram_set_multicast_loopback(NULL, true)));
  ROW(DGRAM_EARGTYPE, H(dgram_set_broadcast(NULL, true)));
  ROW(DGRAM_EINVAL, H(dgram_set_tos(the.bound, -1)));
  ROW(DGRAM_EINVAL, H(dgram_set_tos(the.bound, 256)));
  ROW(DGRAM_EBADF, H(dgram_set_tos(the.fresh, 1)));
  ROW(DGRAM_EBADF, H(dgram_set_tos(the.binding, 1)));
  ROW(DGRAM_ENOTRUNNING, H(dgram_set_tos(the.closing, 1)));
  ROW(DGRAM_EARGTYPE, H(dgram_set_tos(NULL, 1)));
  ROW(DGRAM_EBADF, H(dgram_set_dont_fragment(the.fresh, true)));
  ROW(DGRAM_ENOTRUNNING, H(dgram_set_dont_fragment(the.closing, true)));
  ROW(DGRAM_EARGTYPE, H(dgram_set_dont_fragment(NULL, true)));
  ROW(DGRAM_EARGTYPE, H(dgram_dscp(NULL)));
  ROW(DGRAM_EINVAL, H(dgram_dscp("")));
  ROW(DGRAM_EINVAL, H(dgram_dscp("64")));
  ROW(DGRAM_EMISSINGARGS, H(dgram_add_membership(the.bound, NULL, NULL)));
  ROW(DGRAM_EINVAL, H(dgram_add_membership(the.bound, "10.0.0.1", NULL)));
  ROW(DGRAM_EINVAL, H(dgram_add_membership(the.bound, "ff02::1", NULL)));
  ROW(DGRAM_ENODEV, H(dgram_add_membership(the.bound, "239.1.2.3", "nosuchif0")));
  ROW(DGRAM_EBADF, H(dgram_drop_membership(the.fresh, "239.1.2.3", NULL)));
  ROW(DGRAM_EARGTYPE, H(dgram_add_membership(NULL, "239.1.2.3", NULL)));
  ROW(DGRAM_EARGTYPE, H(dgram_drop_membership(NULL, "239.1.2.3", NULL)));
  ROW(DGRAM_ENOTSUP, H(dgram_set_recv_info(the.bound, UINT32_C(1) << 31)));
  ROW(DGRAM_EARGTYPE, H(dgram_set_recv_info(NULL, 0)));
  check_all();
}

static void on_any(dgram_socket *socket, void *data) {
  (void)socket;
  (void)data;
}

/* input:null */
static void test_null_where_a_pointer_is_needed(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_message *kept = NULL;
  dgram_message message = {.bytes = "x", .length = 1};
  dgram_stats stats;
  dgram_address address;
  (void)state;
  open_all();
  ROW(DGRAM_EARGTYPE, H(dgram_create_socket(h_stack(), &options, NULL)));
  ROW(DGRAM_EARGTYPE, H(dgram_local_address(the.bound, NULL)));
  ROW(DGRAM_EARGTYPE, H(dgram_local_address(NULL, &address)));
  ROW(DGRAM_EARGTYPE, H(dgram_get_stats(NULL, &stats)));
  ROW(DGRAM_EARGTYPE, H(dgram_get_stats(the.bound, NULL)));
  ROW(DGRAM_EARGTYPE, H(dgram_socket_type(NULL)));
  ROW(DGRAM_EARGTYPE, H(dgram_close(NULL, NULL, NULL)));
  ROW(DGRAM_EARGTYPE, H(dgram_abort(NULL)));
  ROW(DGRAM_EARGTYPE, H(dgram_pause(NULL)));
  ROW(DGRAM_EARGTYPE, H(dgram_resume(NULL)));
  ROW(DGRAM_EARGTYPE, H(dgram_message_keep(the.bound, NULL, &kept)));
  ROW(DGRAM_EARGTYPE, H(dgram_message_keep(the.bound, &message, NULL)));
  ROW(DGRAM_EARGTYPE, H(dgram_message_keep(NULL, &message, &kept)));
  ROW(DGRAM_EARGTYPE, H(dgram_on_close(NULL, on_any, NULL)));
  ROW(DGRAM_EARGTYPE, H(dgram_on_close(the.bound, NULL, NULL)));
  ROW(DGRAM_EARGTYPE, H(dgram_once_listening(the.bound, NULL, NULL)));
  ROW(DGRAM_EARGTYPE, H(dgram_on_message(the.bound, NULL, NULL)));
  ROW(DGRAM_EARGTYPE, H(dgram_off_drain(NULL, on_any, NULL)));
  ROW(DGRAM_EARGTYPE, H(dgram_interface_name(h_stack(), 1, NULL, 10)));
  check_all();
}

/* input:type input:null */
static void test_create(void **state) {
  dgram_socket_options options = {.type = 5};
  dgram_socket *socket = NULL;
  (void)state;
  open_all();
  ROW(DGRAM_EBADTYPE, H(dgram_create_socket(h_stack(), &options, &socket)));
  ROW(DGRAM_EBADTYPE, H(dgram_create_socket(h_stack(), NULL, &socket)));
  assert_null(socket);
  check_all();
}

/* input:names */
static void test_names_as_node_has_them(void **state) {
  static const struct {
    int code;
    const char *name;
  } names[] = {
      {DGRAM_EBADTYPE, "ERR_SOCKET_BAD_TYPE"},
      {DGRAM_EBADPORT, "ERR_SOCKET_BAD_PORT"},
      {DGRAM_EINVAL, "EINVAL"},
      {DGRAM_ENAMETOOLONG, "ENAMETOOLONG"},
      {DGRAM_ENOTFOUND, "ENOTFOUND"},
      {DGRAM_ENODEV, "ENODEV"},
      {DGRAM_EMSGSIZE, "EMSGSIZE"},
      {DGRAM_EALREADYBOUND, "ERR_SOCKET_ALREADY_BOUND"},
      {DGRAM_EADDRINUSE, "EADDRINUSE"},
      {DGRAM_EACCES, "EACCES"},
      {DGRAM_ENOTRUNNING, "ERR_SOCKET_DGRAM_NOT_RUNNING"},
      {DGRAM_EARGTYPE, "ERR_INVALID_ARG_TYPE"},
      {DGRAM_EMISSINGARGS, "ERR_MISSING_ARGS"},
      {DGRAM_EFDTYPE, "ERR_INVALID_FD_TYPE"},
      {DGRAM_EQUEUEFULL, "ERR_SOCKET_QUEUE_FULL"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    assert_string_equal(dgram_error_name(names[i].code), names[i].name);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_bind),      H_TEST(test_send),
      H_TEST(test_send_udp6), H_TEST(test_send_many),
      H_TEST(test_options),   H_TEST(test_null_where_a_pointer_is_needed),
      H_TEST(test_create),    H_TEST(test_names_as_node_has_them),
  };
  return H_MAIN(tests);
}
