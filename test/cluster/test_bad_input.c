/* Workers that send nonsense, and processes that have no descriptor left. The first worker is the bad
 * one, the second shall notice nothing. */

#include "kit.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cluster/frame.h"

enum { CHANNEL = 3, DESCRIPTORS_MAX = 253 };

/* ---- bad workers ---- */

static void send_packet(const void *bytes, size_t length, int descriptors) {
  static union {
    char bytes[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
    size_t alignment;
  } room;
  struct iovec piece = {.iov_base = (void *)bytes, .iov_len = length};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
  if (descriptors > 0) {
    size_t size = (size_t)descriptors * sizeof(int);
    message.msg_control = room.bytes;
    message.msg_controllen = CMSG_SPACE(size);
    *CMSG_FIRSTHDR(&message) = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(size), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memset(CMSG_DATA(CMSG_FIRSTHDR(&message)), 0, size); /* standard input, again and again */
  }
  sendmsg(CHANNEL, &message, MSG_NOSIGNAL);
}

static void send_frame(struct cluster_frame frame) {
  uint8_t bytes[CLUSTER_FRAME_SIZE];
  cluster_frame_encode(&frame, bytes);
  send_packet(bytes, sizeof bytes, 0);
}

static void send_hello(size_t length, int descriptors) {
  uint8_t bytes[CLUSTER_FRAME_SIZE + 64] = {0};
  cluster_frame_encode(&(struct cluster_frame){.type = CLUSTER_HELLO, .id = 1}, bytes);
  send_packet(bytes, length, descriptors);
}

static void send_bind(uint32_t index) {
  send_frame((struct cluster_frame){.type = CLUSTER_BIND,
                                    .id = index + 1,
                                    .index = index,
                                    .address = {.family = DGRAM_IPV4, .bytes = {127, 0, 0, 1}}});
}

static void before_hello(const char *kind) {
  uint8_t garbage[CLUSTER_FRAME_SIZE];
  memset(garbage, 0xa5, sizeof garbage);
  if (strcmp(kind, "garbage") == 0) send_packet(garbage, sizeof garbage, 0);
  if (strcmp(kind, "half") == 0) send_hello(CLUSTER_FRAME_SIZE / 2, 0);
  if (strcmp(kind, "long") == 0) send_hello(CLUSTER_FRAME_SIZE + 1, 0);
  if (strcmp(kind, "descriptors") == 0) send_hello(CLUSTER_FRAME_SIZE, DESCRIPTORS_MAX);
  if (strcmp(kind, "descriptor") == 0) send_hello(CLUSTER_FRAME_SIZE, 1);
  if (strcmp(kind, "closes") == 0) close(CHANNEL);
  if (strcmp(kind, "empty") == 0) send_packet("", 0, 0);
  if (strcmp(kind, "early") == 0) send_bind(0);
}

static void after_hello(const char *kind) {
  const dgram_address address = {.family = DGRAM_IPV4, .port = 1};
  send_hello(CLUSTER_FRAME_SIZE, 0);
  if (strcmp(kind, "twice") == 0) send_hello(CLUSTER_FRAME_SIZE, 0);
  if (strcmp(kind, "release") == 0)
    send_frame((struct cluster_frame){.type = CLUSTER_RELEASE, .handle = 1});
  if (strcmp(kind, "listening") == 0)
    send_frame((struct cluster_frame){.type = CLUSTER_LISTENING, .handle = 1, .address = address});
  if (strcmp(kind, "answer") == 0)
    send_frame((struct cluster_frame){.type = CLUSTER_ANSWER, .handle = 1});
  if (strcmp(kind, "leaving") == 0) {
    send_frame((struct cluster_frame){.type = CLUSTER_LEAVING});
    send_frame((struct cluster_frame){.type = CLUSTER_LEAVING});
  }
  for (uint32_t i = 0; strcmp(kind, "flood") == 0; i++)
    send_bind(i);
}

static int bad_worker(const char *kind) {
  if (dgram_cluster_worker() != 1) return kit_told_worker(false);
  before_hello(kind);
  after_hello(kind);
  for (;;)
    pause();
}

/* ---- tests ---- */

static void cut_off(const char *kind, const char *code) {
  dgram_cluster_options options = {.workers = 2, .stop_timeout_ms = 500};
  kit_start_only(&options, kind);
  kit_await(1, "1 exit 0 9 %s 1", code);
  kit_await(1, "2 hello");
  int port = kit_bind(2, 'a', "127.0.0.1", 0, ""), fd = kit_socket(0);
  assert_true(port > 0);
  assert_int_equal(kit_ask(fd, port), 2);
  assert_int_equal(kit_count("2 exit"), 0);
  close(fd);
}

#define CUT_OFF(kind, code)                                                                        \
  static void bad_##kind(void **state) {                                                           \
    (void)state;                                                                                   \
    cut_off(#kind, code);                                                                          \
  }

CUT_OFF(garbage, "EPROTO")
CUT_OFF(half, "EPROTO")
CUT_OFF(long, "EPROTO")
CUT_OFF(descriptors, "EPROTO") /* 253 of them */
CUT_OFF(descriptor, "EPROTO")
CUT_OFF(closes, "ETIMEDOUT") /* may be about to end */
CUT_OFF(empty, "ETIMEDOUT")  /* looks the same */
CUT_OFF(early, "EPROTO")
CUT_OFF(twice, "EPROTO")
CUT_OFF(release, "EPROTO")
CUT_OFF(listening, "EPROTO")
CUT_OFF(answer, "EPROTO")
CUT_OFF(leaving, "EPROTO")
CUT_OFF(flood, "EPROTO")

/* The worker has no descriptor left: that bind fails, and the handle is not kept for it. */
static void the_worker_has_no_descriptor(void **state) {
  (void)state;
  kit_start(NULL, NULL);
  int port = kit_bind(2, 'a', "127.0.0.1", 0, "");
  kit_tell(1, "nofile 0");
  kit_await(1, "1 nofile 0");
  assert_int_equal(kit_bind(1, 'a', "127.0.0.1", 0, ""), DGRAM_EMFILE);
  assert_int_equal(kit_bind(1, 'a', "127.0.0.2", 0, ""), DGRAM_EMFILE);
  kit_tell(1, "nofile 5");
  kit_await(2, "1 nofile 0");
  assert_int_equal(kit_bind(1, 'a', "127.0.0.1", 0, ""), port);
}

/* The primary has none: that bind fails, and those of sockets that are there do not. */
static void the_primary_has_no_descriptor(void **state) {
  struct rlimit before, none;
  (void)state;
  kit_start(NULL, NULL);
  int port = kit_bind(1, 'a', "127.0.0.1", 0, "");
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
  none = before;
  int next = dup(0);
  close(next);
  none.rlim_cur = (rlim_t)next;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
  int code = kit_bind(1, 'b', "127.0.0.1", 0, "");
  int other = kit_bind(2, 'a', "127.0.0.1", 0, "");
  setrlimit(RLIMIT_NOFILE, &before);
  assert_int_equal(code, DGRAM_EMFILE);
  assert_int_equal(other, port);
  assert_true(kit_bind(1, 'b', "127.0.0.1", 0, "") > 0);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(bad_garbage),
      KIT_TEST(bad_half),
      KIT_TEST(bad_long),
      KIT_TEST(bad_descriptors),
      KIT_TEST(bad_descriptor),
      KIT_TEST(bad_closes),
      KIT_TEST(bad_empty),
      KIT_TEST(bad_early),
      KIT_TEST(bad_twice),
      KIT_TEST(bad_release),
      KIT_TEST(bad_listening),
      KIT_TEST(bad_answer),
      KIT_TEST(bad_leaving),
      KIT_TEST(bad_flood),
      KIT_TEST(the_worker_has_no_descriptor),
      KIT_TEST(the_primary_has_no_descriptor),
  };
  kit_other_worker = bad_worker;
  return KIT_MAIN(tests, argc, argv);
}
