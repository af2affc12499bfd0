/* wrap: sendmmsg sendmsg setsockopt */
/* Groups that fail (GSO): what is sent again, how, and what is remembered of it. */

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "groups_kit.h"

/* ---- judges: what the system refuses ---- */

static int error_of_groups; /* -errno */
static size_t length_max;   /* of a segment, for too_long */
static int once_left;       /* messages that `once` refuses yet */

static int all_groups(const struct groups_message *message) {
  return groups_is_group(message) ? error_of_groups : 0;
}

static int everything(const struct groups_message *message) {
  (void)message;
  return error_of_groups;
}

/* Kernels before 6.9. */
static int more_than_64(const struct groups_message *message) {
  return message->segment > 0 && message->length > DGRAM__SEGMENTS_OLD * message->segment ? -EINVAL
                                                                                          : 0;
}

/* Fewer than any kernel takes. */
static int more_than_10(const struct groups_message *message) {
  return message->segment > 0 && message->length > 10 * message->segment ? -EINVAL : 0;
}

static int too_long(const struct groups_message *message) {
  return message->segment > length_max ? -EMSGSIZE : 0;
}

/* What is refused once, of whatever is first in its call. */
static int once(const struct groups_message *message) {
  return message->first && once_left-- > 0 ? error_of_groups : 0;
}

/* Groups, and the third single after one. */
static unsigned singles_seen;

static int groups_and_third_single(const struct groups_message *message) {
  if (groups_is_group(message)) return error_of_groups;
  return message->first && ++singles_seen == 3 ? -EAGAIN : 0;
}

/* The singles go one at a time, each by the kernel's leave. */
static int groups_and_every_second_call(const struct groups_message *message) {
  if (groups_is_group(message)) return error_of_groups;
  return message->first && ++singles_seen % 2 == 0 ? -EAGAIN : 0;
}

static void arrange(int type, int (*judge)(const struct groups_message *message), int error) {
  groups_arrange(type);
  groups_calls.judge = judge;
  error_of_groups = -error;
  singles_seen = 0;
  once_left = 1;
}

/* ---- groups that go nowhere: EIO and its like ---- */

static void expect_singles(size_t n) {
  assert_int_equal(groups_calls.left_count, n);
  assert_int_equal(groups_count(), 0);
}

static void test_singles_and_no_more_groups_on_the_socket(void **state) {
  const int errors[] = {EIO, EINVAL, EOPNOTSUPP};
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    arrange(DGRAM_UDP4, all_groups, errors[i]);
    groups_add(20, 30);
    groups_add(5, 31);
    groups_pass();
    expect_singles(25);
    assert_int_equal(groups_calls.refused, 1);
    groups_clear();
    groups_add(20, 30);
    groups_pass();
    expect_singles(20);
    assert_int_equal(groups_calls.refused, 0);
    groups_finish();
  }
}

static void test_ipv6_too(void **state) {
  (void)state;
  arrange(DGRAM_UDP6, all_groups, EIO);
  groups_add(100, 30);
  groups_pass();
  expect_singles(100);
  groups_finish();
}

static void test_other_sockets_form_groups(void **state) {
  dgram_socket *first;
  int peer;
  (void)state;
  arrange(DGRAM_UDP4, all_groups, EIO);
  groups_add(20, 30);
  groups_pass();
  first = groups_world.socket;
  peer = groups_world.peer;
  arrange(DGRAM_UDP4, NULL, 0);
  groups_add(20, 30);
  groups_pass();
  assert_int_equal(groups_count(), 1);
  assert_ptr_not_equal(first, groups_world.socket);
  close(peer);
  groups_finish();
}

/* It was no matter of groups: a route that drops (EINVAL), say. */
static void test_where_singles_fail_too_groups_stay(void **state) {
  const int errors[] = {EIO, EINVAL, EOPNOTSUPP};
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    arrange(DGRAM_UDP4, everything, errors[i]);
    groups_add(20, 30);
    groups_send();
    groups_expect_code(0, 20, -errors[i]);
    assert_int_equal(groups_calls.refused, 21);
    groups_clear();
    groups_calls.judge = NULL;
    groups_add(20, 30);
    groups_pass();
    groups_expect_left(0, 600, 30);
    groups_finish();
  }
}

/* All but the last have left by then: it is asked too. */
static int groups_and_shorter_ones(const struct groups_message *message) {
  return groups_is_group(message) || message->length < 30 ? error_of_groups : 0;
}

static void test_where_the_last_single_fails_groups_stay(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, groups_and_shorter_ones, EINVAL);
  groups_add(19, 30);
  groups_add(1, 29);
  groups_send();
  groups_expect_sent(0, 19);
  groups_expect_code(19, 20, DGRAM_EINVAL);
  groups_calls.judge = NULL;
  groups_clear();
  groups_add(20, 30);
  groups_send();
  assert_int_equal(groups_count(), 1);
  groups_finish();
}

/* To a port where nothing goes, between others. */
static uint16_t dead_port;

static int to_dead_port(const struct groups_message *message) {
  return message->port == dead_port ? error_of_groups : 0;
}

static void test_a_dead_way_is_no_matter_of_groups(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, to_dead_port, EINVAL);
  dead_port = (uint16_t)(groups_world.port ^ 1);
  groups_add(60, 30);
  for (size_t i = 20; i < 40; i++)
    groups_world.list[i].to.port = dead_port;
  groups_send();
  groups_expect_code(20, 40, DGRAM_EINVAL);
  groups_expect_sent(0, 20);
  groups_expect_sent(40, 60);
  groups_clear();
  groups_add(20, 30);
  groups_send();
  assert_int_equal(groups_count(), 1);
  groups_finish();
}

/* Each call of the socket then tries anew, and none is lost: the rest of the group is a group
 * again. */
static void test_eagain_among_the_singles(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, groups_and_third_single, EIO);
  groups_calls.no_sendmmsg = ENOSYS;
  groups_add(20, 30);
  groups_pass();
  expect_singles(20);
  groups_finish();
}

static void test_eagain_again_and_again_among_the_singles(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, groups_and_every_second_call, EIO);
  groups_calls.no_sendmmsg = ENOSYS;
  groups_add(30, 30);
  groups_pass();
  expect_singles(30);
  groups_finish();
}

static void test_try_send_falls_back_too(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, all_groups, EIO);
  groups_add(20, 30);
  assert_int_equal(dgram_try_send_many(groups_world.socket, groups_world.list, 20), 20);
  groups_expect_sent(0, 20);
  groups_expect_arrived(groups_world.peer, groups_world.port);
  groups_finish();
}

/* ---- how many segments ---- */

static void test_an_old_kernel_takes_64(void **state) {
  const size_t old = DGRAM__SEGMENTS_OLD;
  (void)state;
  arrange(DGRAM_UDP4, more_than_64, 0);
  groups_add(2 * DGRAM__SEGMENTS_MAX, 30);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 4);
  for (size_t i = 0; i < 4; i++)
    groups_expect_left(i, old * 30, 30);
  assert_int_equal(groups_calls.refused, 1);
  close(groups_world.peer);
  /* The stack has learnt it. */
  arrange(DGRAM_UDP4, more_than_64, 0);
  groups_add(DGRAM__SEGMENTS_MAX + 1, 30);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 3);
  assert_int_equal(groups_calls.refused, 0);
  groups_finish();
}

/* As many as an old kernel takes, and one more. */
static void test_65_segments_on_an_old_kernel(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, more_than_64, 0);
  groups_add(DGRAM__SEGMENTS_OLD + 1, 30);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 2);
  groups_expect_left(0, DGRAM__SEGMENTS_OLD * 30, 30);
  groups_expect_left(1, 30, 0);
  groups_finish();
}

static void test_fewer_still_is_beyond_us(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, more_than_10, 0);
  groups_add(DGRAM__SEGMENTS_MAX, 30);
  groups_pass();
  expect_singles(DGRAM__SEGMENTS_MAX);
  assert_int_equal(groups_calls.refused, 2);
  groups_finish();
  kit_reopen(NULL);
  arrange(DGRAM_UDP4, more_than_10, 0);
  groups_add(DGRAM__SEGMENTS_OLD, 30); /* half of the most already: nothing less is tried */
  groups_pass();
  expect_singles(DGRAM__SEGMENTS_OLD);
  assert_int_equal(groups_calls.refused, 1);
  groups_finish();
}

static void test_nothing_is_learnt_where_all_fails(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, everything, EINVAL);
  groups_add(DGRAM__SEGMENTS_MAX, 30);
  groups_send();
  groups_expect_code(0, DGRAM__SEGMENTS_MAX, DGRAM_EINVAL);
  groups_clear();
  groups_calls.judge = NULL;
  groups_add(DGRAM__SEGMENTS_MAX, 30);
  groups_pass();
  groups_expect_left(0, DGRAM__SEGMENTS_MAX * 30, 30);
  groups_finish();
}

/* Half of it has another fate than the whole: that says nothing of how many go. */
static int judged;

static int invalid_then_forbidden(const struct groups_message *message) {
  if (!message->first) return 0;
  judged++;
  if (judged == 1) return -EINVAL;
  return judged == 2 ? -EPERM : 0;
}

static void test_nothing_is_learnt_of_another_error(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, invalid_then_forbidden, 0);
  judged = 0;
  groups_add(DGRAM__SEGMENTS_MAX + DGRAM__SEGMENTS_OLD, 30);
  groups_send();
  groups_expect_code(0, DGRAM__SEGMENTS_OLD, DGRAM_EPERM);
  groups_expect_sent(DGRAM__SEGMENTS_OLD, groups_world.count);
  groups_expect_arrived(groups_world.peer, groups_world.port);
  assert_int_equal(groups_calls.left_count, 1);
  groups_expect_left(0, DGRAM__SEGMENTS_MAX * 30, 30);
  groups_finish();
}

static int invalid_then_no_room(const struct groups_message *message) {
  if (!message->first) return 0;
  judged++;
  if (judged == 1) return -EINVAL;
  return judged == 2 ? -ENOBUFS : 0;
}

/* The next group is tried whole. */
static void test_half_a_group_is_not_tried_for_ever(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, invalid_then_no_room, 0);
  judged = 0;
  groups_add(DGRAM__SEGMENTS_OLD + DGRAM__SEGMENTS_MAX, 30);
  groups_pass();
  assert_int_equal(groups_calls.left_count, DGRAM__SEGMENTS_OLD + 1);
  groups_expect_left(DGRAM__SEGMENTS_OLD, DGRAM__SEGMENTS_MAX * 30, 30);
  groups_finish();
}

/* ---- how long ---- */

static void test_a_length_is_not_tried_again(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, too_long, 0);
  length_max = 1200;
  groups_add(5, 1200);
  groups_add(5, 1300);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 6);
  groups_expect_left(0, 6000, 1200);
  groups_expect_left(1, 1300, 0);
  assert_int_equal(groups_calls.refused, 1);
  /* Nor is a longer one; a shorter one is, and learns for itself. */
  groups_clear();
  length_max = 1100;
  groups_add(3, 1100);
  groups_add(3, 1299);
  groups_add(3, 1300);
  groups_add(3, 1400);
  groups_pass();
  assert_int_equal(groups_calls.refused, 1);
  assert_int_equal(groups_calls.left_count, 10);
  groups_expect_left(0, 3300, 1100);
  groups_clear();
  groups_add(3, 1299);
  groups_pass();
  expect_singles(3);
  assert_int_equal(groups_calls.refused, 0);
  groups_finish();
}

static void test_even_one_byte_may_be_too_long(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, too_long, 0);
  length_max = 0;
  groups_add(5, 1);
  groups_pass();
  expect_singles(5);
  groups_clear();
  groups_add(5, 1);
  groups_pass();
  expect_singles(5);
  assert_int_equal(groups_calls.refused, 0);
  groups_finish();
}

static void test_the_length_is_the_sockets(void **state) {
  int peer;
  (void)state;
  arrange(DGRAM_UDP4, too_long, 0);
  length_max = 10;
  groups_add(5, 20);
  groups_pass();
  peer = groups_world.peer;
  arrange(DGRAM_UDP4, NULL, 0);
  groups_add(5, 20);
  groups_pass();
  assert_int_equal(groups_count(), 1);
  close(peer);
  groups_finish();
}

/* ---- no room, no permission, somebody else's error ---- */

static void test_no_room_for_a_group(void **state) {
  const int errors[] = {ENOBUFS, ENOMEM};
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    arrange(DGRAM_UDP4, all_groups, errors[i]);
    groups_add(20, 30);
    groups_pass();
    expect_singles(20);
    groups_clear();
    groups_calls.judge = NULL;
    groups_add(20, 30);
    groups_pass();
    groups_expect_left(0, 600, 30);
    groups_finish();
  }
}

static void test_a_group_that_may_not_fails_as_one(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, once, EPERM);
  groups_add(20, 30);
  groups_add(10, 40);
  groups_send();
  groups_expect_code(0, 20, DGRAM_EPERM);
  groups_expect_sent(20, 30);
  groups_expect_arrived(groups_world.peer, groups_world.port);
  assert_int_equal(groups_calls.refused, 1);
  assert_int_equal(groups_calls.left_count, 1);
  groups_expect_left(0, 400, 40);
  groups_finish();
}

static void test_an_error_of_an_earlier_one_is_retried(void **state) {
  const int errors[] = {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENOPROTOOPT, EPROTO};
  (void)state;
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
    arrange(DGRAM_UDP4, once, errors[i]);
    groups_add(20, 30);
    groups_add(20, 40);
    groups_pass();
    assert_int_equal(groups_calls.refused, 1);
    assert_int_equal(groups_count(), 2);
    groups_finish();
  }
}

static void test_and_the_second_time_it_is_this_ones(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, once, ECONNREFUSED);
  once_left = 2;
  groups_add(20, 30);
  groups_add(20, 40);
  groups_send();
  groups_expect_code(0, 20, DGRAM_ECONNREFUSED);
  groups_expect_sent(20, 40);
  groups_finish();
}

static void test_each_has_a_second_time(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, everything, ECONNREFUSED);
  for (size_t i = 1; i <= 5; i++)
    groups_add(1, i);
  groups_send();
  groups_expect_code(0, 5, DGRAM_ECONNREFUSED);
  assert_int_equal(groups_calls.refused, 10);
  groups_finish();
}

/* ---- calls that are cut short ---- */

static void test_eagain_waits_with_groups(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, once, EAGAIN);
  once_left = 3;
  groups_add(20, 30);
  groups_add(20, 40);
  groups_pass();
  assert_int_equal(groups_count(), 2);
  assert_true(kit_turns_within(50) < 5);
  groups_finish();
}

/* The first group leaves, the second is refused: that is hidden, and told when it is tried
 * again. */
static int those_of_40(const struct groups_message *message) {
  return message->segment == 40 ? error_of_groups : 0;
}

static void test_a_hidden_error_is_the_right_groups(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, those_of_40, EPERM);
  groups_add(20, 30);
  groups_add(20, 40);
  groups_add(20, 50);
  groups_send();
  groups_expect_sent(0, 20);
  groups_expect_code(20, 40, DGRAM_EPERM);
  groups_expect_sent(40, 60);
  groups_expect_arrived(groups_world.peer, groups_world.port);
  assert_int_equal(groups_count(), 2);
  assert_int_equal(groups_calls.refused, 1);
  groups_finish();
}

static void test_a_hidden_error_of_the_middle_group_splits_it_alone(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, those_of_40, ENOBUFS);
  groups_add(20, 30);
  groups_add(20, 40);
  groups_add(20, 50);
  groups_pass();
  assert_int_equal(groups_count(), 2);
  assert_int_equal(groups_calls.left_count, 22);
  groups_finish();
}

static void test_interrupted(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, once, EINTR);
  once_left = DGRAM__RETRIES_MAX;
  groups_add(20, 30);
  groups_add(20, 40);
  groups_pass();
  assert_int_equal(groups_count(), 2);
  assert_int_equal(groups_calls.refused, DGRAM__RETRIES_MAX);
  groups_finish();
}

/* The tries are each one's own, however many need a second. */
static int every_second_call(const struct groups_message *message) {
  return message->first && ++singles_seen % 2 == 1 ? error_of_groups : 0;
}

static void test_interrupted_each_time(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, every_second_call, EINTR);
  groups_calls.no_sendmmsg = ENOSYS;
  for (size_t i = 1; i <= 2 * DGRAM__RETRIES_MAX; i++)
    groups_add(1, i);
  groups_pass();
  assert_int_equal(groups_calls.one, 4 * DGRAM__RETRIES_MAX);
  groups_finish();
}

static void test_without_sendmmsg_groups_go_all_the_same(void **state) {
  (void)state;
  arrange(DGRAM_UDP4, NULL, 0);
  groups_calls.no_sendmmsg = ENOSYS;
  groups_add(20, 30);
  groups_add(20, 40);
  groups_add(1, 50);
  groups_pass();
  assert_int_equal(groups_calls.many, 1);
  assert_int_equal(groups_calls.one, 3);
  assert_int_equal(groups_count(), 2);
  groups_finish();
}

/* ---- a system without, and switched off ---- */

static void test_a_system_without_segmentation(void **state) {
  const int errors[] = {ENOPROTOOPT, EINVAL, EPERM};
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    kit_reopen(NULL);
    arrange(DGRAM_UDP4, NULL, 0);
    groups_calls.segment_error = errors[i];
    groups_add(20, 30);
    groups_pass();
    groups_pass();
    expect_singles(40);
    assert_int_equal(groups_calls.segment_asked, 1);
    groups_finish();
  }
}

static void test_the_system_is_asked_once(void **state) {
  int peer;
  (void)state;
  arrange(DGRAM_UDP4, NULL, 0);
  assert_int_equal(groups_calls.segment_asked, 0);
  groups_add(20, 30);
  groups_pass();
  assert_int_equal(groups_calls.segment_asked, 1);
  peer = groups_world.peer;
  arrange(DGRAM_UDP4, NULL, 0);
  groups_add(20, 30);
  groups_pass();
  assert_int_equal(groups_calls.segment_asked, 0);
  close(peer);
  groups_finish();
}

/* On a socket of the first one's stack. */
static void test_a_system_without_joining(void **state) {
  struct kit_seen seen;
  dgram_socket *other;
  (void)state;
  memset(&groups_calls, 0, sizeof groups_calls);
  groups_calls.gro_error = ENOPROTOOPT;
  other = kit_bound(DGRAM_UDP4, &seen);
  assert_int_equal(groups_calls.gro_asked, 1);
  (void)kit_bound(DGRAM_UDP6, NULL);
  assert_int_equal(groups_calls.gro_asked, 1);
  groups_arrange(DGRAM_UDP4);
  groups_add(20, 30);
  for (size_t i = 0; i < 20; i++)
    groups_world.list[i].to.port = kit_port(other);
  groups_send();
  kit_run_until(&seen.messages, 20);
  assert_int_equal(seen.bytes, 600);
  groups_finish();
}

static void expect_nothing_asked(void) {
  groups_arrange(DGRAM_UDP4);
  groups_add(20, 30);
  groups_pass();
  expect_singles(20);
  assert_int_equal(groups_calls.segment_asked, 0);
  groups_finish();
}

static void test_switched_off_by_option(void **state) {
  dgram_stack_options options = {.disable = DGRAM_DISABLE_GSO | DGRAM_DISABLE_GRO};
  (void)state;
  kit_reopen(&options);
  expect_nothing_asked();
}

static void test_switched_off_by_environment(void **state) {
  (void)state;
  setenv("DGRAM_DISABLE", "gso,gro", 1);
  kit_reopen(NULL);
  unsetenv("DGRAM_DISABLE");
  expect_nothing_asked();
}

static void bind_and_count(uint32_t disable, unsigned asked) {
  dgram_stack_options options = {.disable = disable};
  kit_reopen(&options);
  memset(&groups_calls, 0, sizeof groups_calls);
  (void)kit_bound(DGRAM_UDP4, NULL);
  assert_int_equal(groups_calls.gro_asked, asked);
}

static void test_joining_is_switched_by_itself(void **state) {
  (void)state;
  bind_and_count(0, 1);
  bind_and_count(DGRAM_DISABLE_GSO, 1);
  bind_and_count(DGRAM_DISABLE_GRO, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(test_singles_and_no_more_groups_on_the_socket),
      KIT_TEST(test_ipv6_too),
      KIT_TEST(test_other_sockets_form_groups),
      KIT_TEST(test_where_singles_fail_too_groups_stay),
      KIT_TEST(test_where_the_last_single_fails_groups_stay),
      KIT_TEST(test_a_dead_way_is_no_matter_of_groups),
      KIT_TEST(test_eagain_among_the_singles),
      KIT_TEST(test_eagain_again_and_again_among_the_singles),
      KIT_TEST(test_try_send_falls_back_too),
      KIT_TEST(test_an_old_kernel_takes_64),
      KIT_TEST(test_65_segments_on_an_old_kernel),
      KIT_TEST(test_fewer_still_is_beyond_us),
      KIT_TEST(test_nothing_is_learnt_where_all_fails),
      KIT_TEST(test_nothing_is_learnt_of_another_error),
      KIT_TEST(test_half_a_group_is_not_tried_for_ever),
      KIT_TEST(test_a_length_is_not_tried_again),
      KIT_TEST(test_even_one_byte_may_be_too_long),
      KIT_TEST(test_the_length_is_the_sockets),
      KIT_TEST(test_no_room_for_a_group),
      KIT_TEST(test_a_group_that_may_not_fails_as_one),
      KIT_TEST(test_an_error_of_an_earlier_one_is_retried),
      KIT_TEST(test_and_the_second_time_it_is_this_ones),
      KIT_TEST(test_each_has_a_second_time),
      KIT_TEST(test_eagain_waits_with_groups),
      KIT_TEST(test_a_hidden_error_is_the_right_groups),
      KIT_TEST(test_a_hidden_error_of_the_middle_group_splits_it_alone),
      KIT_TEST(test_interrupted),
      KIT_TEST(test_interrupted_each_time),
      KIT_TEST(test_without_sendmmsg_groups_go_all_the_same),
      KIT_TEST(test_a_system_without_segmentation),
      KIT_TEST(test_the_system_is_asked_once),
      KIT_TEST(test_a_system_without_joining),
      KIT_TEST(test_switched_off_by_option),
      KIT_TEST(test_switched_off_by_environment),
      KIT_TEST(test_joining_is_switched_by_itself),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
