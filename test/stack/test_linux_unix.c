/* wrap: recvmmsg sendmmsg */
/* Unix sockets in bad states: a receiver that stays full, a kernel without the calls of batches, and no
 * memory. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "linux_kit.h"

enum { MANY = 2000, WHILE_MS = 500, TURNS_MAX = 5 };

int __real_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout);
int __real_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);
int __wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout);
int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);

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
      KIT_TEST(test_without_batches),
      KIT_TEST(test_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
