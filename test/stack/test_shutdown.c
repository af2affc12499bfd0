/* A socket that somebody else, who has its descriptor too, has shut down: the kernel calls it
 * readable for ever. On both stacks that live on libuv it tells that once and is paused, and
 * dgram_resume tries again. */

#include <unistd.h>

#include "uv_kit.h"

/* A loop that spins turns thousands of times in this while. */
enum { WHILE_MS = 100, TURNS_MAX = 10 };

static void shut_down(int how) {
  dgram_bind_options options = {0};
  struct kit_seen seen;
  uint16_t port, peer_port;
  dgram_socket *socket = kit_socket(DGRAM_UDP4, &seen);
  int peer = kit_peer(AF_INET, &peer_port);
  options.fd = kit_peer(AF_INET, &port);
  int other = dup(options.fd);
  assert_int_equal(dgram_bind(socket, &options, NULL, NULL), 0);
  kit_turns(3);
  (void)shutdown(other, how); /* ENOTCONN, but done */
  kit_run_until(&seen.errors, 1);
  assert_int_equal(seen.last_error, DGRAM_ENOTCONN);
  assert_string_equal(seen.last_syscall, "shutdown");
  assert_true(kit_turns_within(WHILE_MS) < TURNS_MAX);
  assert_int_equal(dgram_resume(socket), 0); /* says so again, and has what is there */
  kit_peer_send(peer, port, "x", 1);
  kit_run_until(&seen.errors, 2);
  assert_true(kit_turns_within(WHILE_MS) < TURNS_MAX);
  assert_int_equal(seen.messages, 1);
  assert_int_equal(dgram_abort(socket), 0);
  kit_turns(3);
  close(other);
  close(peer);
}

static void test_a_shutdown_of_reading_does_not_spin(void **state) {
  (void)state;
  shut_down(SHUT_RD);
}

static void test_a_shutdown_of_both_does_not_spin(void **state) {
  (void)state;
  shut_down(SHUT_RDWR);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      ON_BOTH(test_a_shutdown_of_reading_does_not_spin),
      ON_BOTH(test_a_shutdown_of_both_does_not_spin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
