/* One socket for each worker, all with one port. */

#include "kit.h"

#include <sched.h>
#include <signal.h>
#include <unistd.h>

static int start_two(int balance, bool restart) {
  dgram_cluster_options options = {
      .workers = 2, .balance = balance, .restart = restart, .restart_pause_ms = -1};
  kit_start(&options, NULL);
  int port = kit_bind(1, 'a', "127.0.0.1", 0, "");
  assert_true(port > 0);
  return port;
}

/* Each sender keeps to one worker, and both have some. */
static void the_kernel_hashes(void **state) {
  int answered[3] = {0};
  (void)state;
  int port = start_two(DGRAM_CLUSTER_HASH, false);
  assert_int_equal(kit_bind(2, 'a', "127.0.0.1", 0, ""), port);
  for (int i = 0; i < 64; i++) {
    int fd = kit_socket(0);
    int who = kit_ask(fd, port);
    assert_int_equal(kit_ask(fd, port), who);
    assert_int_equal(kit_ask(fd, port), who);
    answered[who]++;
    close(fd);
  }
  assert_true(answered[1] > 5 && answered[2] > 5); /* or else once in 10^10 runs */
}

/* What is a worker's own waits for it before it has come, and for the next one when it is dead. */
static void a_queue_is_handed_on(void **state) {
  int fds[32], own = 0;
  (void)state;
  int port = start_two(DGRAM_CLUSTER_HASH, true);
  for (int i = 0; i < 32; i++) {
    fds[i] = kit_socket(0);
    kit_send(fds[i], port, "x", 1, 0); /* the second has not bound yet */
  }
  assert_int_equal(kit_bind(2, 'a', "127.0.0.1", 0, ""), port);
  kit_forget();
  while (own < 32) { /* all that was sent, by two readers */
    kit_forget();
    kit_tell(1, "count");
    kit_tell(2, "count");
    own = atoi(kit_await(1, "1 count")) + atoi(kit_await(1, "2 count"));
  }
  assert_int_equal(own, 32);
  int first = atoi(kit_await(1, "1 count"));
  kill(kit_pid(1), SIGKILL);
  kit_await(1, "1 exit");
  for (int i = 0; i < 32; i++) {
    kit_send(fds[i], port, "x", 1, 0);
  }
  kit_await(1, "1 hello");
  assert_int_equal(kit_bind(1, 'a', "127.0.0.1", 0, ""), port);
  for (own = 0; own < first;) { /* those of the same senders */
    kit_forget();
    kit_tell(1, "count");
    own = atoi(kit_await(1, "1 count"));
  }
  assert_int_equal(own, first);
  for (int i = 0; i < 32; i++)
    close(fds[i]);
}

/* Who closes gives its share to the others, and may have it again. */
static void who_closes_is_left_out(void **state) {
  (void)state;
  int port = start_two(DGRAM_CLUSTER_HASH, false);
  assert_int_equal(kit_bind(2, 'a', "127.0.0.1", 0, ""), port);
  kit_tell(1, "close a");
  kit_await(1, "1 a closed");
  kit_tell(1, "fds"); /* behind the release */
  kit_await(1, "1 fds");
  for (int i = 0; i < 16; i++) {
    int fd = kit_socket(0);
    assert_int_equal(kit_ask(fd, port), 2);
    close(fd);
  }
  assert_int_equal(kit_bind(1, 'a', "127.0.0.1", 0, ""), port);
  for (int i = 0, who = 2; who == 2; i++) {
    int fd = kit_socket(0);
    who = kit_ask(fd, port);
    close(fd);
    assert_true(i < 200);
  }
}

/* On loopback a datagram comes in on the CPU that has sent it. */
static void by_cpu(void **state) {
  cpu_set_t before, one;
  (void)state;
  sched_getaffinity(0, sizeof before, &before);
  if (!CPU_ISSET(0, &before) || !CPU_ISSET(1, &before)) {
    print_message("skipped: this process may not use the CPUs 0 and 1\n");
    skip();
  }
  int port = start_two(DGRAM_CLUSTER_CPU, false), fd = kit_socket(0);
  assert_int_equal(kit_bind(2, 'a', "127.0.0.1", 0, ""), port);
  for (int i = 0; i < 20; i++) {
    CPU_ZERO(&one);
    CPU_SET(i % 2, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    int who = kit_ask(fd, port);
    sched_setaffinity(0, sizeof before, &before);
    assert_int_equal(who, 1 + i % 2);
  }
  close(fd);
}

/* Loopback makes no hash of its own for every datagram; that somebody has it is what counts. */
static void by_the_devices_hash(void **state) {
  (void)state;
  int port = start_two(DGRAM_CLUSTER_RXHASH, false), fd = kit_socket(0);
  assert_int_equal(kit_bind(2, 'a', "127.0.0.1", 0, ""), port);
  assert_true(kit_ask(fd, port) > 0);
  close(fd);
}

/* A port that somebody else has: nothing is left of the group. */
static void a_group_that_cannot_be(void **state) {
  (void)state;
  int port = start_two(DGRAM_CLUSTER_HASH, false);
  assert_int_equal(kit_socket(port), DGRAM_EADDRINUSE);
  assert_int_equal(kit_bind(1, 'b', "192.0.2.1", 0, ""), DGRAM_EADDRNOTAVAIL);
  assert_int_equal(kit_bind(2, 'b', "192.0.2.1", 0, ""), DGRAM_EADDRNOTAVAIL);
  assert_true(kit_bind(2, 'b', "127.0.0.1", 0, "") > 0);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(the_kernel_hashes),      KIT_TEST(a_queue_is_handed_on),
      KIT_TEST(who_closes_is_left_out), KIT_TEST(by_cpu),
      KIT_TEST(by_the_devices_hash),    KIT_TEST(a_group_that_cannot_be),
  };
  return KIT_MAIN(tests, argc, argv);
}
