/* The sockets of a service manager, without one. */

#include "kit.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static void say(const char *pid, const char *count) {
  setenv("LISTEN_PID", pid, 1);
  setenv("LISTEN_FDS", count, 1);
}

static void say_mine(const char *count) {
  char pid[16];
  snprintf(pid, sizeof pid, "%d", (int)getpid());
  say(pid, count);
}

/* Holds the places of the descriptors 3 to 6. */
static void keep_free(void) {
  int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  for (int number = 3; number <= 6; number++)
    dup2(fd, number);
  if (fd > 6) close(fd);
}

static int clear(void **state) {
  unsetenv("LISTEN_PID");
  unsetenv("LISTEN_FDS");
  return kit_teardown(state);
}

static void whose_they_are(void **state) {
  static const char *const bad[][2] = {
      {"", "1"},   {"1", ""},   {"x", "1"},          {"1", "-1"},
      {"1", "1x"}, {" 1", "1"}, {"1", "2147483645"}, {"1", "99999999999999999999"}};
  (void)state;
  assert_int_equal(dgram_listen_fds(), 0);
  say("1", "3"); /* somebody else's */
  assert_int_equal(dgram_listen_fds(), 0);
  say_mine("3");
  assert_int_equal(dgram_listen_fds(), 3);
  say_mine("0");
  assert_int_equal(dgram_listen_fds(), 0);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    say(bad[i][0], bad[i][1]);
    assert_int_equal(dgram_listen_fds(), DGRAM_EINVAL);
  }
}

static void hand_in(int number, int family, int kind) {
  int fd = socket(family, kind | SOCK_CLOEXEC, 0);
  assert_int_equal(dup2(fd, number), number);
  close(fd);
}

/* Descriptors 3 to 6 are as a manager would hand them in; main has kept them free. */
static void type_and_family_are_checked(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *it;
  dgram_address local;
  (void)state;
  hand_in(3, AF_INET, SOCK_STREAM);
  hand_in(4, AF_INET6, SOCK_DGRAM);
  hand_in(5, AF_INET, SOCK_DGRAM);
  close(6);
  say_mine("4");
  assert_int_equal(dgram_create_socket(kit_stack(), &options, &it), 0);
  assert_int_equal(dgram_bind_listen_fd(it, -1, NULL, NULL), DGRAM_ENOENT);
  assert_int_equal(dgram_bind_listen_fd(it, 4, NULL, NULL), DGRAM_ENOENT);
  assert_int_equal(dgram_bind_listen_fd(it, 0, NULL, NULL), DGRAM_EFDTYPE);
  assert_int_equal(dgram_bind_listen_fd(it, 1, NULL, NULL), DGRAM_EFDTYPE);
  assert_int_equal(dgram_bind_listen_fd(it, 3, NULL, NULL), DGRAM_EBADF);
  assert_true(fcntl(3, F_GETFD) != -1 && fcntl(4, F_GETFD) != -1); /* left alone */
  assert_int_equal(dgram_bind_listen_fd(it, 2, NULL, NULL), 0);
  kit_turns(3);
  assert_int_equal(dgram_local_address(it, &local), 0);
  assert_int_not_equal(local.port, 0);
  dgram_close(it, NULL, NULL);
  kit_turns(3);
  assert_true(fcntl(5, F_GETFD) == -1); /* it was the socket's */
  keep_free();
}

#define LISTEN_TEST(function) cmocka_unit_test_setup_teardown(function, kit_setup, clear)

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      LISTEN_TEST(whose_they_are),
      LISTEN_TEST(type_and_family_are_checked),
  };
  keep_free();
  return KIT_MAIN(tests, argc, argv);
}
