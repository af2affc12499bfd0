/* wrap: recvmmsg sendmmsg */
/* Unix sockets in bad states: a receiver that stays full, a kernel without the calls of batches, and no
 * memory. */

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "linux_kit.h"

enum { MANY = 2000, WHILE_MS = 500, TURNS_MAX = 5 };

static bool no_batches;
static char name[DGRAM_PATH_TEXT];
static size_t ended;
static size_t sent;

int __wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout) {
  if (!no_batches) return __real_recvmmsg(fd, messages, count, flags, timeout);
  errno = ENOSYS;
  return -1;
}

int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  if (!no_batches) return __real_sendmmsg(fd, messages, count, flags);
  errno = ENOSYS;
  return -1;
}

static void on_sent(dgram_socket *socket, int status, void *data) {
  (void)socket, (void)data;
  ended++;
  if (status == 4) sent++;
}

static dgram_socket *receiver(struct kit_seen *seen) {
  dgram_socket *socket = kit_socket(DGRAM_UNIX, seen);
  snprintf(name, sizeof name, "@dgram-test-%ld", (long)getpid());
  assert_int_equal(dgram_bind_sync(socket, &(dgram_bind_options){.address = name}), 0);
  ended = sent = 0;
  no_batches = false;
  return socket;
}

static void send_many(dgram_socket *socket, bool to_peer) {
  for (int i = 0; i < MANY; i++)
    assert_int_equal(dgram_send(socket, "full", 4, 0, to_peer ? NULL : name, on_sent, NULL), 0);
}

static void stays_full(bool connected) {
  struct kit_seen seen = {0}, none = {0};
  dgram_socket *a = receiver(&seen), *b = kit_socket(DGRAM_UNIX, &none);
  assert_int_equal(dgram_pause(a), 0);
  if (connected) assert_int_equal(dgram_connect_sync(b, 0, name), 0);
  send_many(b, connected);
  kit_turns(20);
  (void)kit_turns_within(WHILE_MS); /* it asks less and less often */
  unsigned turns = kit_turns_within(WHILE_MS);
  if (turns > TURNS_MAX) fail_msg("%u turns", turns);
  assert_true(ended < MANY);
  assert_int_equal(dgram_resume(a), 0);
  kit_run_until(&seen.messages, MANY);
  kit_run_until(&sent, MANY);
  assert_int_equal(none.errors + seen.errors, 0);
  assert_int_equal(dgram_abort(a), 0);
  assert_int_equal(dgram_abort(b), 0);
}

static void test_a_receiver_that_stays_full(void **state) {
  (void)state;
  stays_full(false);
}

static void test_a_peer_that_stays_full(void **state) {
  (void)state;
  stays_full(true);
}

/* A receiver of another thread, which reads ten and then thinks for a millisecond. */
static void *read_slowly(void *data) {
  const int fd = *(const int *)data;
  char bytes[8];
  for (int i = 0; i < MANY; i++) {
    if (recv(fd, bytes, sizeof bytes, 0) != 4) return NULL;
    if (i % 10 == 9) (void)poll(NULL, 0, 1);
  }
  return data;
}

/* Who waits for such a one asks again soon: 250 ms each time would be a minute, and the end. */
static void test_a_receiver_that_is_slow(void **state) {
  struct kit_seen none = {0};
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  pthread_t thread;
  void *read_all;
  (void)state;
  snprintf(name, sizeof name, "@dgram-test-%ld", (long)getpid());
  memcpy(to.sun_path + 1, name + 1, strlen(name) - 1);
  assert_int_equal(bind(fd, (struct sockaddr *)&to,
                        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
                   0);
  ended = sent = 0;
  no_batches = false;
  assert_int_equal(pthread_create(&thread, NULL, read_slowly, &fd), 0);
  dgram_socket *b = kit_socket(DGRAM_UNIX, &none);
  send_many(b, false);
  kit_run_until(&sent, MANY);
  assert_int_equal(pthread_join(thread, &read_all), 0);
  assert_non_null(read_all);
  assert_int_equal(close(fd), 0);
  assert_int_equal(dgram_abort(b), 0);
}

/* What UDP may do, groups, a unix socket may not: neighbours have other paths. */
static void test_beside_udp(void **state) {
  struct kit_seen seen = {0}, udp_seen = {0}, none = {0};
  struct kit_sent done = {0};
  dgram_socket *a = receiver(&seen), *b = kit_socket(DGRAM_UNIX, &none);
  dgram_socket *udp = kit_bound(DGRAM_UDP4, &udp_seen);
  const dgram_send_info infos[] = {{.set = DGRAM_SEND_PATH, .path = name},
                                   {.set = DGRAM_SEND_PATH, .path = "@dgram-test-nobody"}};
  dgram_datagram list[10], datagrams[10];
  (void)state;
  for (size_t i = 0; i < 10; i++)
    list[i] = (dgram_datagram){
        .bytes = "full", .length = 4, .to = {.family = DGRAM_UNIX}, .info = &infos[i % 2]};
  for (int round = 0; round < 2; round++) {
    kit_datagrams(datagrams, 10, DGRAM_UDP4, kit_port(udp));
    assert_int_equal(dgram_send_many(udp, datagrams, 10, kit_on_sent, &done), 0);
    assert_int_equal(dgram_send_many(b, list, 10, kit_on_sent, &done), 0);
    kit_run_until(&done.completed, 2 * (size_t)round + 2);
    for (size_t i = 0; i < 10; i++)
      assert_int_equal(list[i].result, i % 2 == 0 ? 4 : DGRAM_ECONNREFUSED);
  }
  kit_run_until(&seen.messages, 10);
  kit_run_until(&udp_seen.messages, 20);
  assert_int_equal(dgram_abort(udp), 0);
  assert_int_equal(dgram_abort(a), 0);
  assert_int_equal(dgram_abort(b), 0);
}

static void test_without_batches(void **state) {
  struct kit_seen seen = {0}, none = {0};
  dgram_socket *a = receiver(&seen), *b = kit_socket(DGRAM_UNIX, &none);
  (void)state;
  no_batches = true;
  send_many(b, false);
  kit_run_until(&seen.messages, MANY);
  kit_run_until(&sent, MANY);
  assert_int_equal(dgram_abort(a), 0);
  assert_int_equal(dgram_abort(b), 0);
}

/* A bind that fails late leaves no file behind. */
static void test_without_memory(void **state) {
  struct kit_seen seen = {0};
  dgram_socket *a = kit_socket(DGRAM_UNIX, &seen);
  char path[64];
  (void)state;
  snprintf(path, sizeof path, "/tmp/dgram-test-%ld", (long)getpid());
  kit.fail_size = 100;
  assert_int_equal(dgram_bind_sync(a, &(dgram_bind_options){.address = path}), DGRAM_ENOMEM);
  assert_int_equal(access(path, F_OK), -1);
  kit.fail_size = 1000; /* the file's note fits, the names do not */
  assert_int_equal(dgram_bind_sync(a, &(dgram_bind_options){.address = path}), DGRAM_ENOMEM);
  assert_int_equal(access(path, F_OK), -1);
  kit.fail_size = 0;
  assert_int_equal(dgram_bind_sync(a, &(dgram_bind_options){.address = path}), 0);
  assert_int_equal(access(path, F_OK), 0);
  assert_int_equal(dgram_abort(a), 0);
  assert_int_equal(access(path, F_OK), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(test_a_receiver_that_stays_full),
      KIT_TEST(test_a_peer_that_stays_full),
      KIT_TEST(test_a_receiver_that_is_slow),
      KIT_TEST(test_beside_udp),
      KIT_TEST(test_without_batches),
      KIT_TEST(test_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
