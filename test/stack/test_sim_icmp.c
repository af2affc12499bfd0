/* What ICMP answers in simulated worlds. */

#include <string.h>

#include "world_kit.h"

enum { DEAD = 9 };

static dgram_stack *a, *b;
static dgram_socket *asker, *other;
static struct world_seen seen_a, seen_b;

/* What the asker heard. */
static struct {
  size_t count;
  uint64_t at_ns;
  dgram_icmp last;
  void (*act)(void); /* once */
} heard;

static void on_icmp(dgram_socket *socket, const dgram_icmp *icmp, void *data) {
  void (*act)(void) = heard.act;
  (void)data;
  assert_ptr_equal(socket, asker);
  heard.count++;
  heard.at_ns = dgram_sim_now(world.sim);
  heard.last = *icmp;
  heard.act = NULL;
  if (strlen(seen_a.text) + 1 < sizeof seen_a.text) strcat(seen_a.text, "!");
  if (act) act();
}

static void ask_as(int type) {
  dgram_stats stats;
  memset(&heard, 0, sizeof heard);
  a = world_host("a", "10.0.0.1/24");
  b = world_host("b", "10.0.0.2/24");
  assert_int_equal(dgram_sim_add_address(a, "eth0", 0, "2001:db8::1/64"), 2);
  assert_int_equal(dgram_sim_add_address(b, "eth0", 0, "2001:db8::2/64"), 2);
  asker = world_socket(a, type, NULL, 1000, &seen_a);
  other = world_socket(b, type, NULL, 1000, &seen_b);
  assert_int_equal(dgram_on_icmp(asker, on_icmp, NULL), 0);
  assert_int_equal(dgram_set_icmp_errors(asker, true), 0);
  assert_int_equal(dgram_get_stats(asker, &stats), 0);
  assert_int_equal(stats.icmp, 0);
}

static void arrange(void) {
  ask_as(DGRAM_UDP4);
}

static void expect_port(const char *address, int type, int code) {
  assert_int_equal(heard.last.code, DGRAM_ECONNREFUSED);
  assert_string_equal(world_text(&heard.last.to), address);
  assert_int_equal(heard.last.to.port, DEAD);
  assert_string_equal(world_text(&heard.last.offender), address);
  assert_int_equal(heard.last.offender.port, 0);
  assert_int_equal(heard.last.type, type);
  assert_int_equal(heard.last.icmp_code, code);
  assert_int_equal(heard.last.mtu, 0);
}

static uint64_t link_delay(const dgram_link_options *there, const dgram_link_options *back) {
  assert_int_equal(dgram_sim_set_way(a, b, there), 0);
  assert_int_equal(dgram_sim_set_way(b, a, back), 0);
  return there->delay_ns + back->delay_ns;
}

static void test_there_and_back(void **state) {
  const dgram_link_options slow = {.delay_ns = 20 * DGRAM_MILLISECOND};
  const dgram_link_options slower = {.delay_ns = 50 * DGRAM_MILLISECOND};
  (void)state;
  arrange();
  uint64_t way_ns = link_delay(&slow, &slower);
  uint64_t before_ns = dgram_sim_now(world.sim);
  assert_int_equal(world_try(asker, "10.0.0.2", DEAD, 100), 100);
  assert_int_equal(heard.count, 1);
  assert_int_equal(heard.at_ns - before_ns, way_ns);
  expect_port("10.0.0.2", 3, 3);
  assert_int_equal(seen_a.errors, 0);
  assert_int_equal(world_stats().dropped[DGRAM_DROP_NO_SOCKET], 1);
}

static void test_of_ipv6_and_mapped(void **state) {
  (void)state;
  ask_as(DGRAM_UDP6);
  world_send(asker, "2001:db8::2", DEAD, 'x', 1);
  world_run();
  expect_port("2001:db8::2", 1, 4);
  world_send(asker, "::ffff:10.0.0.2", DEAD, 'x', 1);
  world_run();
  expect_port("::ffff:10.0.0.2", 3, 3);
  assert_int_equal(heard.count, 2);
}

static void test_of_a_link_local_address(void **state) {
  (void)state;
  ask_as(DGRAM_UDP6);
  assert_int_equal(dgram_sim_add_address(a, "eth1", 7, "fe80::a/64"), 3);
  assert_int_equal(dgram_sim_add_address(b, "eth7", 7, "fe80::b/64"), 3);
  world_send(asker, "fe80::b%3", DEAD, 'x', 1);
  world_run();
  assert_int_equal(heard.count, 1);
  assert_int_equal(heard.last.to.scope_id, 3);
  assert_int_equal(heard.last.offender.scope_id, 3);
}

static void test_of_its_own_host(void **state) {
  (void)state;
  arrange();
  world_send(asker, "127.0.0.1", DEAD, 'x', 1);
  world_run();
  expect_port("127.0.0.1", 3, 3);
  world_send(asker, "10.0.0.1", DEAD, 'x', 1);
  world_run();
  expect_port("10.0.0.1", 3, 3);
  assert_int_equal(heard.count, 2);
}

/* Neither events nor the links' random numbers. */
static void test_who_has_not_asked(void **state) {
  const dgram_link_options lossy = {.delay_ns = 1, .loss_ppm = 500000};
  char without[64], with[64];
  (void)state;
  for (int dead = 0; dead < 2; dead++) {
    arrange();
    assert_int_equal(dgram_set_icmp_errors(asker, false), 0);
    (void)link_delay(&lossy, &lossy);
    for (int i = 0; i < 40; i++) {
      if (dead) world_send(asker, "10.0.0.2", DEAD, 'x', 1);
      world_send(other, "10.0.0.1", 1000, (char)('A' + i), 1);
    }
    world_run();
    strcpy(dead ? with : without, seen_a.text);
    assert_int_equal(heard.count, 0);
    world_destroy();
    assert_int_equal(world_create(1), 0);
  }
  assert_string_equal(without, with);
}

static void test_groups_and_broadcast_have_none(void **state) {
  (void)state;
  arrange();
  assert_int_equal(dgram_set_broadcast(asker, true), 0);
  assert_int_equal(dgram_add_membership(other, "239.1.2.3", NULL), 0);
  world_send(asker, "10.0.0.255", DEAD, 'x', 1);
  world_send(asker, "239.1.2.3", DEAD, 'x', 1);
  world_run();
  assert_int_equal(world_stats().dropped[DGRAM_DROP_NO_SOCKET], 3);
  assert_int_equal(heard.count, 0);
}

static void test_nobody_has_the_address(void **state) {
  (void)state;
  arrange();
  world_send(asker, "10.0.0.77", DEAD, 'x', 1);
  world_run();
  assert_int_equal(heard.count, 0);
}

/* ---- the way back ---- */

static void test_an_answer_may_be_lost_or_come_twice(void **state) {
  const dgram_link_options lost = {.loss_ppm = DGRAM_PPM}, twice = {.duplicate_ppm = DGRAM_PPM};
  (void)state;
  arrange();
  assert_int_equal(dgram_sim_set_way(b, a, &lost), 0);
  world_send(asker, "10.0.0.2", DEAD, 'x', 1);
  world_run();
  assert_int_equal(heard.count, 0);
  assert_int_equal(dgram_sim_set_way(b, a, &twice), 0);
  world_send(asker, "10.0.0.2", DEAD, 'x', 1);
  world_run();
  assert_int_equal(heard.count, 2);
  assert_int_equal(world_stats().duplicated, 0);
}

/* 576 bytes at most, RFC 1812 4.3.2.3; the headers of IPv4, ICMP, and what it quotes are 56. */
static void test_an_answer_takes_its_time(void **state) {
  const dgram_link_options rate = {.bits_per_second = 8000};
  const size_t lengths[] = {0, 44, 520, 60000}, bytes[] = {56, 100, 576, 576};
  (void)state;
  arrange();
  assert_int_equal(dgram_sim_set_way(b, a, &rate), 0);
  for (int i = 0; i < 4; i++) {
    uint64_t before_ns = dgram_sim_now(world.sim);
    world_send(asker, "10.0.0.2", DEAD, 'x', lengths[i]);
    world_run();
    assert_int_equal(heard.count, i + 1);
    assert_int_equal(heard.at_ns - before_ns, bytes[i] * DGRAM_MILLISECOND);
  }
}

static void test_nobody_is_there_any_more(void **state) {
  const dgram_link_options slow = {.delay_ns = 20 * DGRAM_MILLISECOND};
  (void)state;
  arrange();
  (void)link_delay(&slow, &slow);
  world_send(asker, "10.0.0.2", DEAD, 'x', 1);
  assert_int_equal(dgram_sim_run_for(world.sim, 30 * DGRAM_MILLISECOND), 0);
  assert_int_equal(dgram_close(asker, NULL, NULL), 0);
  world_run();
  struct world_seen seen;
  asker = world_socket(a, DGRAM_UDP4, NULL, 1001, &seen);
  assert_int_equal(dgram_set_icmp_errors(asker, true), 0);
  world_send(asker, "10.0.0.2", DEAD, 'x', 1);
  assert_int_equal(dgram_sim_run_for(world.sim, 30 * DGRAM_MILLISECOND), 0);
  assert_int_equal(dgram_stack_close(a, NULL, NULL), 0);
  world_run();
  assert_int_equal(heard.count, 0);
}

static void test_the_world_ends_before(void **state) {
  const dgram_link_options slow = {.delay_ns = 20 * DGRAM_MILLISECOND};
  (void)state;
  arrange();
  (void)link_delay(&slow, &slow);
  world_send(asker, "10.0.0.2", DEAD, 'x', 1);
  assert_int_equal(dgram_sim_run_for(world.sim, 30 * DGRAM_MILLISECOND), 0);
}

static void test_the_source_has_gone(void **state) {
  const dgram_link_options slow = {.delay_ns = 20 * DGRAM_MILLISECOND};
  (void)state;
  arrange();
  (void)link_delay(&slow, &slow);
  world_send(asker, "10.0.0.2", DEAD, 'x', 1);
  assert_int_equal(dgram_sim_run_for(world.sim, 10 * DGRAM_MILLISECOND), 0);
  assert_int_equal(dgram_sim_remove_address(a, "10.0.0.1"), 0);
  world_run();
  assert_int_equal(heard.count, 0);
}

/* ---- in the buffer ---- */

static void test_told_in_their_order(void **state) {
  (void)state;
  arrange();
  assert_int_equal(dgram_pause(asker), 0);
  for (int i = 0; i < 3; i++) {
    world_send(other, "10.0.0.1", 1000, (char)('a' + i), 1);
    world_run();
    world_send(asker, "10.0.0.2", DEAD, 'x', 1);
    world_run();
  }
  assert_int_equal(heard.count, 0);
  assert_int_equal(dgram_resume(asker), 0);
  world_run();
  assert_string_equal(seen_a.text, "a!b!c!");
}

/* Answers and datagrams share it. */
static void test_they_need_room(void **state) {
  dgram_stats stats;
  (void)state;
  arrange();
  assert_int_equal(dgram_pause(asker), 0);
  for (int i = 0; i < 300; i++)
    world_send(asker, "10.0.0.2", DEAD, 'x', 1);
  world_run();
  world_send(other, "10.0.0.1", 1000, 'x', 1);
  world_run();
  assert_int_equal(dgram_get_stats(asker, &stats), 0);
  assert_int_equal(stats.dropped, 1);
  assert_int_equal(dgram_resume(asker), 0);
  world_run();
  assert_int_equal(heard.count, 277); /* 212,992 / 768 */
  assert_int_equal(seen_a.messages, 0);
}

static void end_asking(void) {
  assert_int_equal(dgram_set_icmp_errors(asker, false), 0);
}

static void close_asker(void) {
  assert_int_equal(dgram_close(asker, NULL, NULL), 0);
}

static void pause_asker(void) {
  assert_int_equal(dgram_pause(asker), 0);
}

static void ask_thrice(void (*act)(void)) {
  arrange();
  heard.act = act;
  for (int i = 0; i < 3; i++)
    world_send(asker, "10.0.0.2", DEAD, 'x', 1);
  world_run();
  assert_int_equal(heard.count, 1);
}

static void test_asked_no_more(void **state) {
  (void)state;
  ask_thrice(end_asking);
}

static void test_closed_in_the_first(void **state) {
  (void)state;
  ask_thrice(close_asker);
}

static void test_paused_in_the_first(void **state) {
  (void)state;
  ask_thrice(pause_asker);
  assert_int_equal(dgram_resume(asker), 0);
  world_run();
  assert_int_equal(heard.count, 3);
}

/* Memory for the answer fails, or for its event. */
static void test_no_memory(void **state) {
  (void)state;
  arrange();
  size_t before = world.asked;
  world_send(asker, "10.0.0.2", DEAD, 'x', 1);
  world_run();
  size_t asks = world.asked - before;
  for (size_t i = 1; i <= asks + 2; i++) {
    world_destroy();
    assert_int_equal(world_create(1), 0);
    arrange();
    world.fail_once = world.asked + i;
    (void)dgram_send(asker, "x", 1, DEAD, "10.0.0.2", NULL, NULL);
    world_run();
    assert_true(heard.count <= 1);
    world.fail_once = 0;
    world_send(asker, "10.0.0.2", DEAD, 'x', 1);
    world_run();
    assert_true(heard.count >= 1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WORLD_TEST(test_there_and_back),
      WORLD_TEST(test_of_ipv6_and_mapped),
      WORLD_TEST(test_of_a_link_local_address),
      WORLD_TEST(test_of_its_own_host),
      WORLD_TEST(test_who_has_not_asked),
      WORLD_TEST(test_groups_and_broadcast_have_none),
      WORLD_TEST(test_nobody_has_the_address),
      WORLD_TEST(test_an_answer_may_be_lost_or_come_twice),
      WORLD_TEST(test_an_answer_takes_its_time),
      WORLD_TEST(test_nobody_is_there_any_more),
      WORLD_TEST(test_the_world_ends_before),
      WORLD_TEST(test_the_source_has_gone),
      WORLD_TEST(test_told_in_their_order),
      WORLD_TEST(test_they_need_room),
      WORLD_TEST(test_asked_no_more),
      WORLD_TEST(test_closed_in_the_first),
      WORLD_TEST(test_paused_in_the_first),
      WORLD_TEST(test_no_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
