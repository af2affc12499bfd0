/* What happens on the way between hosts: links, sides, and that nothing of it is by chance. */

#include <stdio.h>
#include <string.h>

#include "world_kit.h"

static dgram_stack *a, *b, *c;
static dgram_socket *from, *to, *third;
static struct world_seen seen_a, seen_b, seen_c;

static void three_hosts(void) {
  a = world_host("a", "10.0.0.1/24");
  b = world_host("b", "10.0.0.2/24");
  c = world_host("c", "10.0.0.3/24");
  from = world_socket(a, DGRAM_UDP4, NULL, 1000, &seen_a);
  to = world_socket(b, DGRAM_UDP4, NULL, 1000, &seen_b);
  third = world_socket(c, DGRAM_UDP4, NULL, 1000, &seen_c);
}

/* ---- delay ---- */

static uint64_t time_to(const char *address, struct world_seen *seen) {
  uint64_t before = dgram_sim_now(world.sim);
  world_send(from, address, 1000, 'x', 1);
  world_run();
  return seen->at_ns - before;
}

static void test_delay(void **state) {
  dgram_link_options slow = {.delay_ns = 20 * DGRAM_MILLISECOND};
  dgram_link_options slower = {.delay_ns = 50 * DGRAM_MILLISECOND};
  (void)state;
  three_hosts();
  assert_int_equal(time_to("10.0.0.2", &seen_b), 0);
  assert_int_equal(dgram_sim_set_default_link(world.sim, &slow), 0);
  assert_int_equal(time_to("10.0.0.2", &seen_b), 20 * DGRAM_MILLISECOND);
  assert_int_equal(dgram_sim_set_way(a, b, &slower), 0);
  assert_int_equal(time_to("10.0.0.2", &seen_b), 50 * DGRAM_MILLISECOND);
  assert_int_equal(time_to("10.0.0.3", &seen_c), 20 * DGRAM_MILLISECOND);
  uint64_t before = dgram_sim_now(world.sim);
  world_send(to, "10.0.0.1", 1000, 'x', 1);
  world_run();
  assert_int_equal(seen_a.at_ns - before, 20 * DGRAM_MILLISECOND);
  assert_int_equal(dgram_sim_set_way(a, b, NULL), 0);
  assert_int_equal(time_to("10.0.0.2", &seen_b), 20 * DGRAM_MILLISECOND);
  assert_int_equal(dgram_sim_set_link(a, b, &slower), 0);
  assert_int_equal(dgram_sim_set_link(a, c, NULL), 0);
  assert_int_equal(time_to("10.0.0.2", &seen_b), 50 * DGRAM_MILLISECOND);
}

/* Whatever the link is changed to, and whoever's options it has, nobody overtakes. */
static void test_order_survives_changes(void **state) {
  dgram_link_options slow = {.delay_ns = 20 * DGRAM_MILLISECOND};
  dgram_link_options jitter = {.delay_ns = DGRAM_MILLISECOND, .jitter_ns = 5 * DGRAM_MILLISECOND};
  dgram_link_options none = {.delay_ns = 0};
  (void)state;
  three_hosts();
  const dgram_link_options *const defaults[] = {&slow, &none, &jitter, &none, &slow, &jitter};
  for (int i = 0; i < 18; i++) {
    assert_int_equal(dgram_sim_set_default_link(world.sim, defaults[i % 6]), 0);
    if (i % 4 == 1) assert_int_equal(dgram_sim_set_link(a, b, defaults[i % 5]), 0);
    if (i % 4 == 3) assert_int_equal(dgram_sim_set_link(a, b, NULL), 0);
    world_send(from, "10.0.0.2", 1000, (char)('a' + i), 1);
    assert_int_equal(dgram_sim_run_for(world.sim, 100), 0);
  }
  world_run();
  assert_string_equal(seen_b.text, "abcdefghijklmnopqr");
}

/* A change on one link does not change another's fates, nor does the traffic there. */
static void lossy_run(char *ret_text, bool other) {
  dgram_link_options lossy = {.delay_ns = 1, .loss_ppm = 500000};
  dgram_link_options worse = {.delay_ns = 1, .loss_ppm = 900000};
  assert_int_equal(world_create(7), 0);
  three_hosts();
  assert_int_equal(dgram_sim_set_default_link(world.sim, &lossy), 0);
  if (other) assert_int_equal(dgram_sim_set_link(a, c, &worse), 0);
  for (int i = 0; i < 40; i++) {
    world_send(from, "10.0.0.2", 1000, (char)('A' + i), 1);
    if (other) world_send(from, "10.0.0.3", 1000, 'x', 1);
  }
  world_run();
  strcpy(ret_text, seen_b.text);
  world_destroy();
}

static void test_links_do_not_disturb_each_other(void **state) {
  char alone[64], beside[64];
  (void)state;
  world_destroy();
  lossy_run(alone, false);
  lossy_run(beside, true);
  assert_string_equal(alone, beside);
  assert_in_range(strlen(alone), 5, 35);
  assert_int_equal(world_create(1), 0);
}

/* ---- what a link does ---- */

static void test_fates_are_counted(void **state) {
  dgram_link_options options = {.loss_ppm = DGRAM_PPM};
  (void)state;
  three_hosts();
  assert_int_equal(dgram_sim_set_way(a, b, &options), 0);
  assert_int_equal(world_try(from, "10.0.0.2", 1000, 1), 1);
  assert_int_equal(world_stats().dropped[DGRAM_DROP_LOSS], 1);
  options = (dgram_link_options){.down = true};
  assert_int_equal(dgram_sim_set_way(a, b, &options), 0);
  assert_int_equal(world_try(from, "10.0.0.2", 1000, 1), 1);
  assert_int_equal(world_stats().dropped[DGRAM_DROP_DOWN], 1);
  options = (dgram_link_options){.duplicate_ppm = DGRAM_PPM};
  assert_int_equal(dgram_sim_set_way(a, b, &options), 0);
  assert_int_equal(world_try(from, "10.0.0.2", 1000, 1), 1);
  assert_int_equal(world_stats().duplicated, 1);
  assert_int_equal(seen_b.messages, 2);
  options = (dgram_link_options){.bits_per_second = 1000, .queue_bytes = 100};
  assert_int_equal(dgram_sim_set_way(a, b, &options), 0);
  for (int i = 0; i < 5; i++)
    world_send(from, "10.0.0.2", 1000, 'x', 50);
  world_run();
  world_run();
  assert_true(world_stats().dropped[DGRAM_DROP_QUEUE] > 0);
}

static void test_mtu(void **state) {
  dgram_link_options small = {.mtu = 500};
  (void)state;
  three_hosts();
  assert_int_equal(dgram_sim_set_default_link(world.sim, &small), 0);
  assert_int_equal(world_try(from, "10.0.0.2", 1000, 472), 472);
  assert_int_equal(world_try(from, "10.0.0.2", 1000, 473), DGRAM_EMSGSIZE);
  assert_int_equal(dgram_set_broadcast(from, true), 0);
  assert_int_equal(world_try(from, "10.0.0.255", 1000, 473), 473);
  assert_int_equal(world_stats().dropped[DGRAM_DROP_MTU], 2);
  small.fragments = true;
  assert_int_equal(dgram_sim_set_default_link(world.sim, &small), 0);
  assert_int_equal(world_try(from, "10.0.0.2", 1000, 5000), 5000);
  assert_int_equal(seen_b.bytes, 5472);
}

static void test_bad_links(void **state) {
  dgram_link_options bad = {.loss_ppm = DGRAM_PPM + 1};
  dgram_link_options good = {.delay_ns = 5};
  (void)state;
  three_hosts();
  assert_int_equal(dgram_sim_set_default_link(world.sim, &good), 0);
  assert_int_equal(dgram_sim_set_default_link(world.sim, &bad), DGRAM_EINVAL);
  assert_int_equal(dgram_sim_set_default_link(world.sim, NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_sim_set_link(a, b, &bad), DGRAM_EINVAL);
  assert_int_equal(dgram_sim_set_way(a, b, &bad), DGRAM_EINVAL);
  assert_int_equal(time_to("10.0.0.2", &seen_b), 5);
}

/* ---- sides ---- */

static void test_partition_and_repair(void **state) {
  dgram_link_options slow = {.delay_ns = DGRAM_MILLISECOND};
  (void)state;
  three_hosts();
  assert_int_equal(dgram_sim_set_default_link(world.sim, &slow), 0);
  world_send(from, "10.0.0.2", 1000, '1', 1);
  assert_int_equal(dgram_flush(a), 0);
  assert_int_equal(dgram_sim_set_side(a, 1), 0);
  assert_int_equal(dgram_sim_set_side(c, 1), 0);
  assert_int_equal(world_try(from, "10.0.0.2", 1000, 1), 1);
  assert_int_equal(world_try(from, "10.0.0.3", 1000, 1), 1);
  assert_string_equal(seen_b.text, "1");
  assert_string_equal(seen_c.text, "x");
  assert_int_equal(world_stats().dropped[DGRAM_DROP_DOWN], 1);
  assert_int_equal(dgram_sim_repair(world.sim), 0);
  assert_int_equal(world_try(from, "10.0.0.2", 1000, 1), 1);
  assert_string_equal(seen_b.text, "1x");
  assert_int_equal(dgram_sim_set_side(NULL, 1), DGRAM_EARGTYPE);
  assert_int_equal(dgram_sim_repair(NULL), DGRAM_EARGTYPE);
}

/* ---- the trace ---- */

struct written {
  size_t blocks;
  size_t most; /* the callback refuses what comes after so many */
};

static int write_block(const void *bytes, size_t length, void *data) {
  struct written *written = data;
  (void)bytes;
  assert_true(length > 0 && length % 4 == 0);
  assert_int_equal(dgram_sim_trace(world.sim, write_block, data), DGRAM_ERUNNING);
  assert_int_equal(dgram_sim_step(world.sim), DGRAM_ERUNNING);
  assert_int_equal(dgram_sim_destroy(world.sim), DGRAM_ERUNNING);
  return ++written->blocks > written->most;
}

static int end_trace(const void *bytes, size_t length, void *data) {
  (void)bytes;
  (void)length;
  if (++*(size_t *)data > 3) assert_int_equal(dgram_sim_trace(world.sim, NULL, NULL), 0);
  return 0;
}

static void test_trace(void **state) {
  struct written written = {.most = 0};
  size_t blocks = 0;
  (void)state;
  three_hosts();
  assert_int_equal(dgram_sim_trace(world.sim, NULL, NULL), 0);
  assert_int_equal(dgram_sim_trace(NULL, NULL, NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_sim_trace(world.sim, write_block, &written), DGRAM_EIO);
  written = (struct written){.most = 1000};
  assert_int_equal(dgram_sim_trace(world.sim, write_block, &written), 0);
  size_t head = written.blocks;
  assert_int_equal(world_try(from, "10.0.0.2", 1000, 1), 1);
  assert_int_equal(world_try(from, "10.0.0.99", 1000, 1), 1);
  assert_int_equal(world_try(from, "127.0.0.1", 1000, 1), 1);
  assert_int_equal(written.blocks, head + 2);
  written.most = written.blocks;
  assert_int_equal(world_try(from, "10.0.0.2", 1000, 1), 1);
  assert_int_equal(world_try(from, "10.0.0.2", 1000, 1), 1);
  assert_int_equal(written.blocks, head + 3);
  assert_int_equal(dgram_sim_trace(world.sim, end_trace, &blocks), 0);
  for (int i = 0; i < 6; i++)
    assert_int_equal(world_try(from, "10.0.0.2", 1000, 1), 1);
  assert_in_range(blocks, 4, 5);
}

/* ---- the same again ---- */

#define DIGEST UINT64_C(0x631f9ccae2551df8)

static uint64_t digest;

static void add(uint64_t number) {
  digest = (digest ^ number) * UINT64_C(0x100000001b3);
}

static void answer(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)data;
  add(dgram_sim_now(world.sim));
  add(message->from.bytes[3]);
  add(message->length);
  if (message->length < 3) return;
  for (int i = 1; i <= 2; i++)
    (void)dgram_send_to(socket, message->bytes, message->length - (size_t)i, &message->from, NULL,
                        NULL);
}

static uint64_t run_of(uint64_t seed) {
  enum { HOSTS = 20 };
  dgram_link_options links[] = {
      {.delay_ns = DGRAM_MILLISECOND, .jitter_ns = DGRAM_MILLISECOND, .loss_ppm = 50000},
      {.delay_ns = 7, .duplicate_ppm = 30000, .reorder_ppm = 100000},
      {.bits_per_second = 1000000,
       .queue_bytes = 5000,
       .burst_begin_ppm = 100000,
       .burst_end_ppm = 300000,
       .burst_loss_ppm = 800000}};
  dgram_stack *hosts[HOSTS];
  dgram_socket *sockets[HOSTS];
  assert_int_equal(world_create(seed), 0);
  assert_int_equal(dgram_sim_set_default_link(world.sim, &links[0]), 0);
  digest = UINT64_C(0xcbf29ce484222325);
  for (int i = 0; i < HOSTS; i++) {
    char address[32];
    snprintf(address, sizeof address, "10.0.0.%d/24", i + 1);
    hosts[i] = world_host(NULL, address);
    sockets[i] = world_socket(hosts[i], DGRAM_UDP4, NULL, 1000, NULL);
    assert_int_equal(dgram_on_message(sockets[i], answer, NULL), 0);
    if (i > 0) assert_int_equal(dgram_sim_set_link(hosts[i], hosts[i / 2], &links[i % 3]), 0);
  }
  for (int i = 0; i < HOSTS; i++)
    world_send(sockets[i], i % 2 ? "10.0.0.1" : "10.0.0.20", 1000, 'x', 14);
  for (int i = 0; i < 20; i++) {
    world_run();
    (void)world_stats();
  }
  dgram_sim_stats stats = world_stats();
  add(stats.events);
  add(stats.sent);
  add(stats.delivered);
  world_destroy();
  return digest;
}

/* The number is that of every machine: it may change only with what the simulation does. */
static void test_the_same_seed_the_same_run(void **state) {
  (void)state;
  world_destroy();
  uint64_t first = run_of(42);
  assert_int_equal(run_of(42), first);
  assert_int_not_equal(run_of(43), first);
  if (first != DIGEST) print_message("digest 0x%llx\n", (unsigned long long)first);
  assert_true(first == DIGEST);
  assert_int_equal(world_create(1), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WORLD_TEST(test_delay),
      WORLD_TEST(test_order_survives_changes),
      WORLD_TEST(test_links_do_not_disturb_each_other),
      WORLD_TEST(test_fates_are_counted),
      WORLD_TEST(test_mtu),
      WORLD_TEST(test_bad_links),
      WORLD_TEST(test_partition_and_repair),
      WORLD_TEST(test_trace),
      WORLD_TEST(test_the_same_seed_the_same_run),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
