/* wrap: recvmmsg recvmsg */
/* A socket that has been emptied is asked again before the loop sleeps, where that has paid of
 * late. Datagrams arrive while it is asked: the system's calls send them. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/limits.h"
#include "linux_kit.h"

static struct {
  dgram_socket *socket;
  struct kit_seen seen;
  uint16_t port;
  int peer;
  unsigned asked;    /* calls that receive */
  unsigned vain;     /* those that found nothing, in a row */
  unsigned gap;      /* after so many of them one arrives */
  size_t coming;     /* so many are still to arrive */
  unsigned error_at; /* this call fails, counted from 1; 0: none */
} world;

static void arrive(void) {
  if (world.coming == 0 || world.vain < world.gap) return;
  world.coming--;
  world.vain = 0;
  kit_peer_send(world.peer, world.port, "x", 1);
}

static bool fails(void) {
  errno = EIO;
  return ++world.asked == world.error_at;
}

static int answer(int result) {
  int code = errno;
  world.vain = result < 0 ? world.vain + 1 : 0;
  arrive();
  errno = code;
  return result;
}

int __wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout) {
  if (fails()) return -1;
  return answer(__real_recvmmsg(fd, messages, count, flags, timeout));
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags) {
  if (flags & MSG_ERRQUEUE) return __real_recvmsg(fd, message, flags);
  if (fails()) return -1;
  return answer((int)__real_recvmsg(fd, message, flags));
}

static void arrange(void) {
  uint16_t peer_port;
  memset(&world, 0, sizeof world);
  world.socket = kit_bound(DGRAM_UDP4, &world.seen);
  world.port = kit_port(world.socket);
  world.peer = kit_peer(AF_INET, &peer_port);
}

static void finish(void) {
  close(world.peer);
}

/* One datagram, the only one in its turn unless others arrive meanwhile. Returns how often the
 * socket was asked. */
static unsigned pass(void) {
  world.asked = world.vain = 0;
  kit_peer_send(world.peer, world.port, "x", 1);
  kit_run_until(&world.seen.messages, world.seen.messages + 1);
  return world.asked;
}

/* Up to the turn in which it is tried. */
static void pass_until_tried(void) {
  for (int i = 1; i < DGRAM__SPIN_PROBE + 1; i++)
    assert_int_equal(pass(), 1);
}

/* As many arrive while it is asked, each after so many times in vain. */
static unsigned pass_more(size_t more, unsigned gap) {
  world.coming = more;
  world.gap = gap;
  return pass();
}

static void test_seldom_where_it_does_not_pay(void **state) {
  (void)state;
  arrange();
  pass_until_tried();
  assert_int_equal(pass(), 1 + DGRAM__SPINS_MAX);
  for (int i = 1; i < DGRAM__SPIN_PROBE; i++)
    assert_int_equal(pass(), 1);
  assert_int_equal(pass(), 1 + DGRAM__SPINS_MAX);
  finish();
}

static void test_what_comes_meanwhile_is_told_at_once(void **state) {
  (void)state;
  arrange();
  pass_until_tried();
  assert_int_equal(pass_more(1, DGRAM__SPINS_MAX - 1),
                   1 + DGRAM__SPINS_MAX - 1 + 1 + DGRAM__SPINS_MAX);
  assert_int_equal(world.seen.most_per_turn, 2);
  finish();
}

static void test_half_as_often_after_each_time_in_vain(void **state) {
  (void)state;
  arrange();
  pass_until_tried();
  (void)pass_more(1, 1);
  for (unsigned spins = DGRAM__SPINS_MAX / 2; spins > 0; spins /= 2)
    assert_int_equal(pass(), 1 + spins);
  assert_int_equal(pass(), 1);
  finish();
}

static void test_more_often_again_when_it_pays(void **state) {
  (void)state;
  arrange();
  pass_until_tried();
  (void)pass_more(1, 1);
  (void)pass();
  (void)pass();
  /* Once in vain is allowed now; two were found since, so four times. */
  assert_int_equal(pass_more(2, 0), 1 + 2 + 4);
  finish();
}

/* Even if it pays all the time: timers and others have waited. */
static void test_a_turn_ends(void **state) {
  (void)state;
  arrange();
  pass_until_tried();
  (void)pass_more(DGRAM__SPINS_TURN, 2);
  assert_int_equal(world.seen.most_per_turn, DGRAM__SPINS_TURN / 2);
  finish();
}

static void test_a_turn_has_its_number_of_datagrams(void **state) {
  (void)state;
  arrange();
  pass_until_tried();
  (void)pass_more(2 * DGRAM__RECEIVE_TURN, 0);
  assert_in_range(world.seen.most_per_turn, 2, DGRAM__RECEIVE_TURN);
  finish();
}

static void test_not_where_sockets_take_turns(void **state) {
  struct kit_seen seen;
  dgram_socket *other;
  (void)state;
  arrange();
  other = kit_bound(DGRAM_UDP4, &seen);
  for (size_t i = 1; i <= DGRAM__SPIN_PROBE + 1; i++) {
    assert_int_equal(pass(), 1);
    kit_peer_send(world.peer, kit_port(other), "x", 1);
    kit_run_until(&seen.messages, i);
  }
  finish();
}

static void on_idle(uv_idle_t *idle) {
  (void)idle;
}

static void test_not_where_the_loop_has_other_things_to_do(void **state) {
  uv_idle_t idle;
  (void)state;
  arrange();
  pass_until_tried();
  uv_idle_init(&kit.loop, &idle);
  uv_idle_start(&idle, on_idle);
  assert_int_equal(pass(), 1);
  uv_close((uv_handle_t *)&idle, NULL);
  kit_turns(1);
  finish();
}

static void send_elsewhere(dgram_socket *socket, const dgram_message *messages, size_t count,
                           void *data) {
  (void)socket, (void)count;
  assert_int_equal(dgram_send_to(data, "y", 1, &messages[0].from, NULL, NULL), 0);
}

/* A relay: what it sends by another socket leaves in that one's turn. */
static void test_not_while_another_socket_is_to_send(void **state) {
  struct kit_seen seen;
  (void)state;
  arrange();
  pass_until_tried();
  assert_int_equal(dgram_on_batch(world.socket, send_elsewhere, kit_bound(DGRAM_UDP4, &seen)), 0);
  assert_int_equal(pass(), 1);
  finish();
}

static void pause_it(dgram_socket *socket, const dgram_message *messages, size_t count,
                     void *data) {
  (void)messages, (void)count, (void)data;
  assert_int_equal(dgram_pause(socket), 0);
}

static void close_it(dgram_socket *socket, const dgram_message *messages, size_t count,
                     void *data) {
  (void)messages, (void)count, (void)data;
  assert_int_equal(dgram_close(socket, NULL, NULL), 0);
}

static unsigned pass_to(dgram_batch_cb listener) {
  arrange();
  pass_until_tried();
  (void)pass_more(1, 1);
  assert_int_equal(dgram_on_batch(world.socket, listener, NULL), 0);
  return pass_more(1, 1);
}

static void test_not_after_a_pause_or_a_close(void **state) {
  (void)state;
  assert_int_equal(pass_to(pause_it), 1);
  finish();
  assert_int_equal(pass_to(close_it), 1);
  finish();
}

static void test_an_error_ends_it(void **state) {
  (void)state;
  arrange();
  pass_until_tried();
  world.error_at = 3;
  assert_int_equal(pass(), 3 + 1); /* a failure is followed by one more, whoever asks */
  assert_int_equal(world.seen.errors, 1);
  finish();
}

static void test_it_can_be_switched_off(void **state) {
  dgram_stack_options options = {.disable = DGRAM_DISABLE_SPIN};
  (void)state;
  kit_reopen(&options);
  arrange();
  for (int i = 0; i < 2 * DGRAM__SPIN_PROBE; i++)
    assert_int_equal(pass(), 1);
  finish();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(test_seldom_where_it_does_not_pay),
      KIT_TEST(test_what_comes_meanwhile_is_told_at_once),
      KIT_TEST(test_half_as_often_after_each_time_in_vain),
      KIT_TEST(test_more_often_again_when_it_pays),
      KIT_TEST(test_a_turn_ends),
      KIT_TEST(test_a_turn_has_its_number_of_datagrams),
      KIT_TEST(test_not_where_sockets_take_turns),
      KIT_TEST(test_not_where_the_loop_has_other_things_to_do),
      KIT_TEST(test_not_while_another_socket_is_to_send),
      KIT_TEST(test_not_after_a_pause_or_a_close),
      KIT_TEST(test_an_error_ends_it),
      KIT_TEST(test_it_can_be_switched_off),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
