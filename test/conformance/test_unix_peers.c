/* Unix datagram sockets: receivers that are full, peers, descriptors. */

#include "unix_kit.h"

/* ---- full receivers ---- */

static size_t arrived;
static bool disorder;

static void count(dgram_socket *socket, const dgram_message *message, void *data) {
  unsigned number;
  (void)socket;
  (void)data;
  h_callback("message");
  memcpy(&number, message->bytes, sizeof number);
  if (message->length != sizeof number || number != arrived) disorder = true;
  arrived++;
  h_tick();
}

static void count_any(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket;
  (void)message;
  (void)data;
  h_callback("message");
  arrived++;
  h_tick();
}

enum { MANY = 3000 };

/* Far more than a receiver holds (net.unix.max_dgram_qlen): the sender waits, and nothing is lost. */
static void flood(bool connected) {
  static unsigned numbers[MANY];
  static dgram_datagram list[MANY];
  const char *name = abstract("a");
  const dgram_send_info info = {.set = DGRAM_SEND_PATH, .path = name};
  const dgram_socket_options options = {.type = DGRAM_UNIX, .on_message = count};
  dgram_socket *a = h_socket_with("a", &options, 0), *b;
  struct h_call *call;
  h_assert_ok(H(dgram_bind_sync(a, &(dgram_bind_options){.address = name})));
  b = bound_to("b", abstract("b"));
  if (connected) h_assert_ok(H(dgram_connect_sync(b, 0, name)));
  for (unsigned i = 0; i < MANY; i++) {
    numbers[i] = i;
    list[i] = (dgram_datagram){.bytes = &numbers[i], .length = sizeof numbers[i]};
    if (connected) continue;
    list[i].to.family = DGRAM_UNIX;
    list[i].info = &info;
  }
  arrived = 0;
  disorder = false;
  call = h_call_new(b, "many", MANY);
  h_assert_ok(h_call_made(call, H(dgram_send_many(b, list, MANY, h_on_sent_many, call))));
  h_run_count(&arrived, MANY);
  assert_false(disorder);
  for (unsigned i = 0; i < MANY; i++)
    assert_int_equal(list[i].result, sizeof numbers[i]);
}

/* api:unix-full */
static void test_a_flood(void **state) {
  (void)state;
  need_unix();
  flood(false);
}

/* api:unix-full api:unix-peer */
static void test_a_flood_to_the_peer(void **state) {
  (void)state;
  need_unix();
  flood(true);
}

static unsigned ends_sent, ends_cancelled;

static void note_end(dgram_socket *socket, int status, void *data) {
  (void)socket;
  (void)data;
  h_callback("sent");
  if (status == 5) ends_sent++;
  if (status == DGRAM_ECANCELED) ends_cancelled++;
}

/* api:unix-full */
static void test_close_while_the_receiver_is_full(void **state) {
  const dgram_socket_options options = {.type = DGRAM_UNIX, .linger_ms = 50};
  dgram_socket *a, *b;
  (void)state;
  need_unix();
  a = bound_to("a", abstract("a"));
  h_assert_ok(H(dgram_pause(a)));
  b = h_socket_with("b", &options, H_ALL);
  ends_sent = ends_cancelled = 0;
  for (int i = 0; i < MANY; i++)
    h_assert_ok(H(dgram_send(b, "waits", 5, 0, abstract("a"), note_end, NULL)));
  h_assert_ok(h_end(b));
  h_run_until("b close");
  assert_true(ends_sent > 0 && ends_cancelled > 0);
  assert_int_equal(ends_sent + ends_cancelled, MANY);
}

/* ---- peers ---- */

/* api:unix-peer */
static void test_a_peer(void **state) {
  char text[DGRAM_PATH_TEXT];
  dgram_address address;
  dgram_socket *b, *c;
  (void)state;
  need_unix();
  (void)bound_to("a", in_folder("a"));
  b = bound_to("b", abstract("b"));
  c = bound_to("c", abstract("c"));
  h_assert_code(DGRAM_ENOTCONNECTED, dgram_remote_path(b, text, sizeof text));
  h_assert_code(DGRAM_EBADPORT, h_connect(b, in_folder("a"), 5));
  h_assert_ok(h_connect(b, in_folder("a"), 0));
  h_run_until("b connected OK");
  assert_int_equal(dgram_remote_path(b, text, sizeof text), strlen(in_folder("a")));
  assert_string_equal(text, in_folder("a"));
  h_assert_ok(dgram_remote_address(b, &address));
  assert_int_equal(address.family, DGRAM_UNIX);
  h_assert_ok(h_send_peer(b, "peer"));
  h_run_until("a message 'peer'");
  h_assert_code(DGRAM_EISCONNECTED, send_path(b, "x", abstract("c")));
  h_assert_ok(send_path(c, "stranger", abstract("b"))); /* EPERM: b hears a alone */
  h_run_until("c unsent 'stranger' EPERM");
  h_assert_ok(H(dgram_disconnect(b)));
  expect_path(b, abstract("b"));
  h_assert_ok(send_path(c, "known", abstract("b")));
  h_run_until("b message 'known'");
}

/* What is for the peer cannot be given another address. api:unix-peer */
static void test_a_disconnect_waits_for_what_waits(void **state) {
  const dgram_socket_options options = {.type = DGRAM_UNIX, .on_message = count_any};
  dgram_socket *a, *b;
  (void)state;
  need_unix();
  a = h_socket_with("a", &options, 0);
  h_assert_ok(H(dgram_bind_sync(a, &(dgram_bind_options){.address = abstract("a")})));
  h_assert_ok(H(dgram_pause(a)));
  b = bound_to("b", abstract("b"));
  h_assert_ok(H(dgram_connect_sync(b, 0, abstract("a"))));
  ends_sent = 0;
  for (int i = 0; i < MANY; i++)
    h_assert_ok(H(dgram_send_to(b, "waits", 5, NULL, note_end, NULL)));
  h_assert_code(DGRAM_EAGAIN, H(dgram_disconnect(b)));
  arrived = 0;
  h_assert_ok(H(dgram_resume(a)));
  h_run_count(&arrived, MANY);
  h_turns(5);
  assert_int_equal(ends_sent, MANY);
  h_assert_ok(H(dgram_disconnect(b)));
}

/* api:unix-peer */
static void test_a_peer_that_is_none(void **state) {
  dgram_socket *a, *b;
  (void)state;
  need_unix();
  a = bound_to("a", abstract("a"));
  h_assert_ok(h_connect(a, in_folder("none"), 0));
  h_run_until("a connected ENOENT");
  b = bound_to("b", abstract("b"));
  h_assert_ok(H(dgram_connect_sync(a, 0, abstract("b"))));
  h_assert_ok(h_end(b));
  h_assert_ok(h_send_peer(a, "gone"));
  h_run_until("a unsent 'gone' ECONNREFUSED");
  assert_int_equal(h_count("a unsent 'gone'"), 1);
  h_assert_ok(h_send_peer(a, "still"));
  h_run_until("a unsent 'still' ENOTCONN");
  assert_int_equal(h_count("a error"), 0);
  (void)bound_to("c", abstract("b"));
  h_assert_ok(H(dgram_disconnect(a)));
  h_assert_ok(H(dgram_connect_sync(a, 0, abstract("b"))));
  h_assert_ok(h_send_peer(a, "anew"));
  h_run_until("c message 'anew'");
}

/* The error is of what was lost there, and costs nothing that came from there. api:unix-peer */
static void test_a_peer_that_turns_away(void **state) {
  dgram_socket *a, *b;
  (void)state;
  need_unix();
  a = bound_to("a", abstract("a"));
  b = bound_to("b", abstract("b"));
  (void)bound_to("c", abstract("c"));
  h_assert_ok(H(dgram_connect_sync(a, 0, abstract("b"))));
  h_assert_ok(H(dgram_connect_sync(b, 0, abstract("a"))));
  h_assert_ok(H(dgram_pause(a)));
  h_assert_ok(H(dgram_pause(b)));
  h_assert_ok(h_send_peer(b, "unread"));
  h_run_until("b sent 'unread'");
  h_assert_ok(h_send_peer(a, "one"));
  h_assert_ok(h_send_peer(a, "two"));
  h_run_until("a sent 'two'");
  h_assert_ok(H(dgram_disconnect(a)));
  h_assert_ok(H(dgram_connect_sync(a, 0, abstract("c"))));
  h_assert_ok(H(dgram_resume(b)));
  h_run_until("b message 'two'");
  assert_true(h_logged("b message 'one'"));
  h_run_until("b error recvmsg ECONNRESET");
}

/* ---- descriptors ---- */

/* api:unix-fd */
static void test_adopting(void **state) {
  dgram_socket *a, *b;
  int fds[2], stream;
  (void)state;
  need_unix();
  assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
  stream = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_true(stream >= 0);
  a = open_unix("a");
  h_assert_code(DGRAM_EFDTYPE, h_bind(a, &(dgram_bind_options){.fd = stream}));
  h_assert_ok(h_bind(a, &(dgram_bind_options){.fd = fds[0]}));
  b = h_socket("b", DGRAM_UDP4);
  h_assert_code(DGRAM_EFDTYPE, h_bind(b, &(dgram_bind_options){.fd = fds[1]}));
  h_run_until("a bind OK");
  assert_int_equal(write(fds[1], "in", 2), 2);
  h_run_until("a message 'in'");
  h_assert_ok(h_send_peer(a, "out")); /* it came with a peer */
  h_run_until("a sent 'out'");
  (void)close(fds[1]);
  (void)close(stream);
}

/* A duplicate reads and sends for the same socket. api:unix-fd */
static void test_a_duplicate(void **state) {
  dgram_socket *a;
  char bytes[8];
  int fd;
  (void)state;
  need_unix();
  a = bound_to("a", abstract("a"));
  h_assert_ok(H(dgram_duplicate_descriptor(a, &fd)));
  h_assert_ok(send_path(a, "one", abstract("a")));
  h_run_until("a message 'one'");
  h_assert_ok(H(dgram_pause(a)));
  h_assert_ok(send_path(a, "two", abstract("a")));
  h_run_until("a sent 'two'");
  assert_int_equal(read(fd, bytes, sizeof bytes), 3);
  (void)close(fd);
}

/* A descriptor that is sent along is nobody's, and is closed. api:unix-fd */
static void test_descriptors_that_are_sent_along(void **state) {
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control = {.bytes = {0}};
  struct iovec piece = {(char *)(uintptr_t) "x", 1};
  struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};
  dgram_socket *a;
  int fds[2], before;
  (void)state;
  need_unix();
  assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
  a = open_unix("a");
  h_assert_ok(h_bind(a, &(dgram_bind_options){.fd = fds[0]}));
  h_run_until("a bind OK");
  header.msg_control = control.bytes;
  header.msg_controllen = sizeof control.bytes;
  control.align.cmsg_level = SOL_SOCKET;
  control.align.cmsg_type = SCM_RIGHTS;
  control.align.cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(&control.align), &fds[1], sizeof fds[1]);
  before = h_descriptors();
  for (int i = 0; i < 3; i++)
    assert_int_equal(sendmsg(fds[1], &header, 0), 1);
  h_run_until_n("a message 'x'", 3);
  assert_int_equal(h_descriptors(), before);
  (void)close(fds[1]);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      H_TEST(test_a_flood),
      H_TEST(test_a_flood_to_the_peer),
      H_TEST(test_close_while_the_receiver_is_full),
      H_TEST(test_a_peer),
      H_TEST(test_a_disconnect_waits_for_what_waits),
      H_TEST(test_a_peer_that_is_none),
      H_TEST(test_a_peer_that_turns_away),
      H_TEST(test_adopting),
      H_TEST(test_a_duplicate),
      H_TEST(test_descriptors_that_are_sent_along),
  };
  return UNIX_MAIN(tests);
}
