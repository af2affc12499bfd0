/* Unix datagram sockets: creating, binding, sending, and what is told of a sender. */

#include <fcntl.h>

#include "unix_kit.h"

enum { PATH_MAX_LENGTH = 107 };

/* ---- creating ---- */

/* api:unix */
static void test_where_there_are_none(void **state) {
  const dgram_socket_options options = {.type = DGRAM_UNIX};
  dgram_socket *socket;
  (void)state;
  if (h_kind() == H_LINUX) h_skip("the linux stack has unix sockets");
  h_assert_code(DGRAM_ENOTSUP, H(dgram_create_socket(h_stack(), &options, &socket)));
}

/* api:unix */
static void test_what_is_ips(void **state) {
  static const dgram_socket_options refused[] = {
      {.type = DGRAM_UNIX, .reuse_addr = true},
      {.type = DGRAM_UNIX, .reuse_port = true},
      {.type = DGRAM_UNIX, .icmp_errors = true},
      {.type = DGRAM_UNIX, .recv_info = DGRAM_RECV_TOS},
  };
  dgram_socket *socket, *a;
  dgram_address address;
  (void)state;
  need_unix();
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
    h_assert_code(DGRAM_ENOTSUP, H(dgram_create_socket(h_stack(), &refused[i], &socket)));
  a = bound_to("a", abstract("a"));
  h_assert_code(DGRAM_ENOTSUP, H(dgram_set_ttl(a, 3)));
  h_assert_code(DGRAM_ENOTSUP, H(dgram_set_tos(a, 3)));
  h_assert_code(DGRAM_ENOTSUP, H(dgram_set_broadcast(a, true)));
  h_assert_code(DGRAM_ENOTSUP, H(dgram_set_multicast_ttl(a, 3)));
  h_assert_code(DGRAM_ENOTSUP, H(dgram_set_multicast_interface(a, "lo")));
  h_assert_code(DGRAM_ENOTSUP, H(dgram_add_membership(a, "239.0.0.1", NULL)));
  h_assert_code(DGRAM_ENOTSUP,
                H(dgram_add_source_specific_membership(a, "10.0.0.1", "232.0.0.1", NULL)));
  h_assert_code(DGRAM_ENOTSUP, H(dgram_set_icmp_errors(a, true)));
  h_assert_code(DGRAM_ENOTSUP, H(dgram_get_path_mtu(a, NULL)));
  h_assert_code(DGRAM_ENOTSUP, H(dgram_set_recv_info(a, DGRAM_RECV_TIME)));
  h_assert_ok(H(dgram_set_recv_info(a, DGRAM_RECV_PATH)));
  assert_true(dgram_set_recv_buffer_size(a, 100000) >= 100000);
  h_assert_ok(dgram_local_address(a, &address));
  assert_int_equal(address.family, DGRAM_UNIX);
  assert_int_equal(address.port, 0);
}

/* ---- binding ---- */

/* api:unix api:unix-file */
static void test_a_file_comes_and_goes(void **state) {
  const char *path = in_folder("socket");
  dgram_socket *a;
  (void)state;
  need_unix();
  a = bound_to("a", path);
  assert_true(there_is(path));
  expect_path(a, path);
  h_assert_ok(h_end(a));
  assert_false(there_is(path)); /* with the port, inside the call */
  a = bound_to("again", path);
  h_assert_ok(h_end(a));
}

/* api:unix-file */
static void test_another_ones_file_stays(void **state) {
  const char *path = in_folder("socket");
  dgram_socket *a, *b;
  (void)state;
  need_unix();
  a = bound_to("a", path);
  assert_int_equal(unlink(path), 0);
  b = bound_to("b", path);
  h_assert_ok(h_end(a));
  assert_true(there_is(path));
  h_assert_ok(h_end(b));
  assert_false(there_is(path));
}

/* api:unix */
static void test_a_name_that_is_taken(void **state) {
  const char *path = in_folder("socket");
  dgram_socket *b = NULL;
  (void)state;
  need_unix();
  (void)bound_to("a", path);
  b = open_unix("b");
  h_assert_code(DGRAM_EADDRINUSE, H(dgram_bind_sync(b, &(dgram_bind_options){.address = path})));
  assert_true(there_is(path));
  h_assert_ok(h_bind(b, &(dgram_bind_options){.address = path}));
  h_run_until("b error");
  h_expect_of("b", "bind EADDRINUSE; error bind EADDRINUSE");
  h_assert_ok(H(dgram_bind_sync(b, &(dgram_bind_options){.address = in_folder("other")})));
  h_run_until("b listening");
}

static int never(dgram_stack *stack, const dgram_bind_request *request, void *data) {
  (void)stack;
  (void)request;
  (void)data;
  h_violation("the binder was asked");
  return 1;
}

/* api:unix */
static void test_no_binder_is_asked(void **state) {
  dgram_socket *a;
  (void)state;
  need_unix();
  h_assert_ok(H(dgram_stack_set_binder(h_stack(), never, NULL)));
  a = bound_to("a", in_folder("socket"));
  h_assert_ok(h_end(a));
}

/* api:unix */
static void test_abstract_names(void **state) {
  char text[DGRAM_PATH_TEXT];
  const char *name = abstract("name");
  dgram_socket *a, *b, *c = NULL;
  (void)state;
  need_unix();
  a = bound_to("a", name);
  expect_path(a, name);
  assert_false(there_is(name));
  b = bound_to("b", NULL); /* the system's choice */
  assert_true(dgram_local_path(b, text, sizeof text) > 1);
  assert_int_equal(text[0], '@');
  h_assert_code(DGRAM_ENOSPC, dgram_local_path(b, text, 2));
  c = open_unix("c");
  h_assert_code(DGRAM_EADDRINUSE, H(dgram_bind_sync(c, &(dgram_bind_options){.address = name})));
  h_assert_ok(h_end(a));
  h_assert_ok(H(dgram_bind_sync(c, &(dgram_bind_options){.address = name})));
}

/* api:unix */
static void test_bad_paths(void **state) {
  char longest[PATH_MAX_LENGTH + 3], file[PATH_MAX_LENGTH + 2];
  dgram_socket *a, *udp = h_bound("udp", DGRAM_UDP4);
  char text[DGRAM_PATH_TEXT];
  (void)state;
  h_assert_code(DGRAM_ENOTSUP, dgram_local_path(udp, text, sizeof text));
  need_unix();
  memset(longest, 'x', sizeof longest - 1);
  longest[sizeof longest - 1] = '\0';
  memcpy(longest, abstract(""), strlen(abstract("")));
  a = open_unix("a");
  h_assert_code(DGRAM_EBADF, dgram_local_path(a, text, sizeof text));
  h_assert_code(DGRAM_ENAMETOOLONG, h_bind(a, &(dgram_bind_options){.address = longest}));
  memset(file, 'x', sizeof file - 1);
  file[sizeof file - 1] = '\0';
  h_assert_code(DGRAM_ENAMETOOLONG, h_bind(a, &(dgram_bind_options){.address = file}));
  h_assert_code(DGRAM_EBADPORT, h_bind(a, &(dgram_bind_options){.port = 1, .address = "x"}));
  h_assert_code(DGRAM_ENOTSUP, h_bind(a, &(dgram_bind_options){.address = "x", .device = "lo"}));
  h_assert_code(DGRAM_EINVAL, h_bind(a, &(dgram_bind_options){.address = "@"}));
  h_assert_code(DGRAM_ENAMETOOLONG, send_path(a, "x", longest));
  h_assert_code(DGRAM_EINVAL, send_path(a, "x", NULL));
  h_assert_code(DGRAM_EINVAL, h_send(a, "x", h_literal("127.0.0.1", 9)));
  h_assert_code(DGRAM_EBADPORT, H(dgram_send(a, "x", 1, 9, "/x", NULL, NULL)));
  h_assert_code(DGRAM_EARGTYPE, dgram_local_path(a, NULL, 9));
  longest[PATH_MAX_LENGTH + 1] = '\0';
  h_assert_ok(h_bind(a, &(dgram_bind_options){.address = longest}));
  h_run_until("a bind OK");
  expect_path(a, longest);
}

/* ---- sending ---- */

/* api:unix */
static void test_there_and_back(void **state) {
  const char *path = in_folder("socket"), *name = abstract("b");
  char expected[256];
  dgram_socket *a, *b;
  (void)state;
  need_unix();
  a = bound_to("a", path);
  b = bound_to("b", name);
  senders[0] = '\0';
  h_assert_ok(H(dgram_on_message(a, note_sender, NULL)));
  h_assert_ok(H(dgram_on_message(b, note_sender, NULL)));
  h_assert_ok(send_path(b, "hello", path));
  h_run_until("a message 'hello'");
  h_assert_ok(send_path(a, "back", name));
  h_run_until("b message 'back'");
  h_assert_ok(send_path(a, "", name));
  h_run_until("b message ''");
  snprintf(expected, sizeof expected, "[%s][%s][%s]", name, path, path);
  assert_string_equal(senders, expected);
}

/* api:unix */
static void test_who_is_not_bound_is_bound_first(void **state) {
  const char *path = in_folder("socket");
  dgram_socket *a, *b;
  char text[DGRAM_PATH_TEXT];
  (void)state;
  need_unix();
  a = bound_to("a", path);
  b = open_unix("b");
  senders[0] = '\0';
  h_assert_ok(H(dgram_on_message(a, note_sender, NULL)));
  h_assert_ok(send_path(b, "hello", path));
  h_run_until("a message 'hello'");
  h_run_until("b listening");
  assert_true(dgram_local_path(b, text, sizeof text) > 1);
  assert_int_equal(senders[1], '@');
  h_assert_ok(send_path(a, "answer", text));
  h_run_until("b message 'answer'");
}

/* api:unix */
static void test_where_nobody_is(void **state) {
  const char *file = in_folder("file");
  dgram_socket *a;
  int fd;
  (void)state;
  need_unix();
  a = bound_to("a", abstract("a"));
  fd = open(file, O_CREAT | O_WRONLY, 0600);
  assert_true(fd >= 0);
  (void)close(fd);
  h_assert_ok(send_path(a, "none", in_folder("none")));
  h_run_until("a unsent 'none'");
  h_assert_ok(send_path(a, "file", file));
  h_run_until("a unsent 'file'");
  h_assert_ok(send_path(a, "name", abstract("nobody")));
  h_run_until("a unsent 'name'");
  h_expect("a unsent 'none' ENOENT; a unsent 'file' ECONNREFUSED; a unsent 'name' ECONNREFUSED");
  (void)unlink(file);
}

static char told[DGRAM_PATH_TEXT];

static void note_error(dgram_socket *socket, const dgram_error *error, void *data) {
  (void)socket;
  (void)data;
  h_callback("error");
  snprintf(told, sizeof told, "%s", error->address == NULL ? "NULL" : error->address);
}

/* Also where a list goes straight to the system. api:unix */
static void test_errors_tell_paths(void **state) {
  const dgram_send_info info = {.set = DGRAM_SEND_PATH, .path = abstract("nobody")};
  dgram_datagram list[] = {
      {.bytes = "x", .length = 1, .to = {.family = DGRAM_UNIX}, .info = &info}};
  dgram_socket *a;
  (void)state;
  need_unix();
  a = bound_to("a", abstract("a"));
  h_assert_ok(H(dgram_on_error(a, note_error, NULL)));
  h_assert_ok(H(dgram_send_many(a, list, 1, NULL, NULL)));
  h_run_until("a error send ECONNREFUSED");
  assert_string_equal(told, abstract("nobody"));
  h_assert_ok(H(dgram_send(a, "x", 1, 0, in_folder("none"), NULL, NULL)));
  h_run_until("a error send ENOENT");
  assert_string_equal(told, in_folder("none"));
}

/* The text of the path may be gone when the call returns, and the bytes after it. api:unix */
static void test_what_is_copied(void **state) {
  char path[DGRAM_PATH_TEXT], bytes[] = "bytes";
  const dgram_buffer parts[] = {{"by", 2}, {"parts", 5}};
  dgram_socket *b;
  (void)state;
  need_unix();
  (void)bound_to("a", abstract("a"));
  b = bound_to("b", abstract("b"));
  snprintf(path, sizeof path, "%s", abstract("a"));
  h_assert_ok(H(dgram_send(b, bytes, 5, 0, path, NULL, NULL)));
  h_assert_ok(H(dgram_send_gather(b, parts, 2, 0, path, NULL, NULL)));
  h_assert_ok(send_path(b, "third", path));
  memset(path, 'z', sizeof path);
  memset(bytes, 'z', sizeof bytes);
  h_run_until("a message 'third'");
  h_expect_of("a", "message 'bytes'; message 'byparts'; message 'third'");
}

/* ---- lists ---- */

/* api:unix */
static void test_bad_lists(void **state) {
  const dgram_send_info tos = {.set = DGRAM_SEND_PATH | DGRAM_SEND_TOS, .path = "/x"};
  const dgram_send_info none = {.set = DGRAM_SEND_PATH};
  dgram_datagram list[] = {{.bytes = "x", .length = 1, .to = {.family = DGRAM_UNIX}}};
  dgram_socket *a, *udp = h_bound("udp", DGRAM_UDP4);
  (void)state;
  h_assert_code(DGRAM_EINVAL, H(dgram_send_many(udp, list, 1, NULL, NULL)));
  list[0].to = h_address(udp);
  list[0].info = &none;
  h_assert_code(DGRAM_ENOTSUP, H(dgram_send_many(udp, list, 1, NULL, NULL)));
  need_unix();
  a = bound_to("a", abstract("a"));
  h_assert_code(DGRAM_EBADPORT, H(dgram_send_many(a, list, 1, NULL, NULL)));
  h_set_port(&list[0].to, 0);
  h_assert_code(DGRAM_EINVAL, H(dgram_send_many(a, list, 1, NULL, NULL)));
  list[0].to = (dgram_address){.family = DGRAM_UNIX};
  h_assert_code(DGRAM_EINVAL, H(dgram_send_many(a, list, 1, NULL, NULL)));
  list[0].info = NULL;
  h_assert_code(DGRAM_EINVAL, H(dgram_send_many(a, list, 1, NULL, NULL)));
  list[0].info = &tos;
  h_assert_code(DGRAM_ENOTSUP, H(dgram_send_many(a, list, 1, NULL, NULL)));
  list[0].to.port = 7;
  h_assert_code(DGRAM_EBADPORT, H(dgram_try_send_many(a, list, 1)));
}

/* ---- senders that are not ours ---- */

static int plain_socket(const char *bytes, size_t length) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  const socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
  const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  assert_true(fd >= 0);
  memcpy(name.sun_path, bytes, length);
  if (length > 0) assert_int_equal(bind(fd, (struct sockaddr *)&name, size), 0);
  return fd;
}

static void send_from(int fd, const char *abstract_name, const void *bytes, size_t length) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  const size_t size = strlen(abstract_name);
  memcpy(name.sun_path + 1, abstract_name + 1, size - 1);
  assert_int_equal(sendto(fd, bytes, length, 0, (struct sockaddr *)&name,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)),
                   length);
  (void)close(fd);
}

/* api:unix */
static void test_names_that_are_no_text(void **state) {
  char padded[108] = "", longest[108], expected[160];
  dgram_socket *a;
  (void)state;
  need_unix();
  a = bound_to("a", abstract("a"));
  senders[0] = '\0';
  h_assert_ok(H(dgram_on_message(a, note_sender, NULL)));
  snprintf(padded + 1, sizeof padded - 1, "%s", abstract("padded"));
  memset(longest, 'x', sizeof longest);
  memcpy(longest, abstract("l"), strlen(abstract("l")));
  snprintf(expected, sizeof expected, "[][][%.108s]", longest);
  longest[0] = '\0';
  send_from(plain_socket("", 0), abstract("a"), "x", 1);
  send_from(plain_socket(padded, sizeof padded), abstract("a"), "x", 1);
  send_from(plain_socket(longest, sizeof longest), abstract("a"), "x", 1);
  h_run_until_n("a message 'x'", 3);
  assert_string_equal(senders, expected);
}

/* What is cut has its path too. api:unix */
static void test_a_datagram_that_is_too_long(void **state) {
  static const char bytes[100000];
  dgram_socket *a;
  dgram_stats stats;
  (void)state;
  need_unix();
  a = bound_to("a", abstract("a"));
  senders[0] = '\0';
  h_assert_ok(H(dgram_once_message(a, note_sender, NULL)));
  send_from(plain_socket("", 0), abstract("a"), bytes, sizeof bytes);
  h_run_until("a message");
  assert_string_equal(senders, "[]");
  h_assert_ok(dgram_get_stats(a, &stats));
  assert_int_equal(stats.truncated, 1);
}

/* ---- keeping ---- */

static dgram_message *kept;

static void keep(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)data;
  h_callback("message");
  h_assert_ok(H(dgram_message_keep(socket, message, &kept)));
}

/* api:unix */
static void test_a_kept_message_has_its_path(void **state) {
  dgram_socket *a, *b;
  (void)state;
  need_unix();
  a = bound_to("a", abstract("a"));
  b = bound_to("b", abstract("b"));
  h_assert_ok(H(dgram_once_message(a, keep, NULL)));
  h_assert_ok(send_path(b, "one", abstract("a")));
  h_run_until("a message 'one'");
  h_assert_ok(send_path(a, "two", abstract("a")));
  h_run_until("a message 'two'");
  assert_string_equal(kept->info->path, abstract("b"));
  dgram_message_free(kept);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      H_TEST(test_where_there_are_none),
      H_TEST(test_what_is_ips),
      H_TEST(test_a_file_comes_and_goes),
      H_TEST(test_another_ones_file_stays),
      H_TEST(test_a_name_that_is_taken),
      H_TEST(test_no_binder_is_asked),
      H_TEST(test_abstract_names),
      H_TEST(test_bad_paths),
      H_TEST(test_there_and_back),
      H_TEST(test_who_is_not_bound_is_bound_first),
      H_TEST(test_where_nobody_is),
      H_TEST(test_errors_tell_paths),
      H_TEST(test_what_is_copied),
      H_TEST(test_bad_lists),
      H_TEST(test_names_that_are_no_text),
      H_TEST(test_a_datagram_that_is_too_long),
      H_TEST(test_a_kept_message_has_its_path),
  };
  return UNIX_MAIN(tests);
}
