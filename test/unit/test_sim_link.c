/* A link by itself: what each option does to datagrams, alone and together. All seeds are fixed, so
 * what is counted here is the same on every machine. */

#include "unit.h"

#include <string.h>

#include "core/limits.h"
#include "dgram/sim.h"
#include "stack/sim/random.h"

enum { ROUNDS = 100000, IPV4 = 28, IPV6 = 48, LENGTH = 72 };

#define MS DGRAM_MILLISECOND

static dgram_link made(const dgram_link_options *options) {
  dgram_link link;
  assert_int_equal(dgram_link_init(&link, options, 42), 0);
  return link;
}

static dgram_fate passed(dgram_link *link, uint64_t now_ns, size_t length) {
  dgram_fate fate;
  assert_int_equal(dgram_link_pass(link, now_ns, length, IPV4, &fate), 0);
  assert_true(fate.copies <= 2);
  assert_int_equal(fate.copies == 0, fate.drop != DGRAM_DROP_NONE);
  for (unsigned i = 0; i < fate.copies; i++)
    assert_true(fate.at_ns[i] >= now_ns);
  return fate;
}

/* When a datagram arrives that does. */
static uint64_t arrival(dgram_link *link, uint64_t now_ns, size_t length) {
  dgram_fate fate = passed(link, now_ns, length);
  assert_int_equal(fate.copies, 1);
  return fate.at_ns[0];
}

static void expect_drop(dgram_link *link, uint64_t now_ns, size_t length, enum dgram_drop drop) {
  dgram_fate fate = passed(link, now_ns, length);
  assert_int_equal(fate.copies, 0);
  assert_int_equal(fate.drop, drop);
}

/* How many of ROUNDS datagrams are lost, a ms apart. */
static int lost(dgram_link *link, size_t length) {
  int count = 0;
  for (uint64_t i = 0; i < ROUNDS; i++)
    count += passed(link, i * MS, length).drop == DGRAM_DROP_LOSS;
  return count;
}

static void expect_between(double minimum, double value, double maximum) {
  if (value < minimum || value > maximum)
    fail_msg("%g is not between %g and %g", value, minimum, maximum);
}

/* ---- nothing, delay ---- */

static void does_nothing_when_zeroed(void **state) {
  (void)state;
  dgram_link link = made(&(dgram_link_options){0});
  for (uint64_t i = 0; i < 1000; i++) {
    assert_int_equal(arrival(&link, i, i), i);
    assert_int_equal(arrival(&link, i, 65507), i);
  }
}

static void delays(void **state) {
  (void)state;
  dgram_link link = made(&(dgram_link_options){.delay_ns = 20 * MS});
  assert_int_equal(arrival(&link, 0, 1), 20 * MS);
  assert_int_equal(arrival(&link, 7, 1), 20 * MS + 7);
}

/* Of four values each comes as often as the others. */
static void jitter_is_even(void **state) {
  (void)state;
  dgram_link link = made(&(dgram_link_options){.delay_ns = 5, .jitter_ns = 3});
  int seen[4] = {0};
  for (uint64_t i = 0; i < ROUNDS; i++) {
    uint64_t late_ns = arrival(&link, i * MS, 1) - i * MS - 5;
    assert_true(late_ns < 4);
    seen[late_ns]++;
  }
  for (int i = 0; i < 4; i++)
    expect_between(24400, seen[i], 25600);
}

static void jitter_keeps_the_order(void **state) {
  (void)state;
  dgram_link link = made(&(dgram_link_options){.delay_ns = 10 * MS, .jitter_ns = 50 * MS});
  uint64_t last_ns = 0;
  int waited = 0;
  for (uint64_t i = 0; i < ROUNDS; i++) {
    uint64_t at_ns = arrival(&link, i * MS, 1);
    assert_true(at_ns >= last_ns);
    assert_true(at_ns >= i * MS + 10 * MS && at_ns <= i * MS + 60 * MS);
    waited += at_ns == last_ns;
    last_ns = at_ns;
  }
  assert_true(waited > ROUNDS / 2);
}

/* ---- loss, bursts ---- */

static void loses(void **state) {
  (void)state;
  dgram_link none = made(&(dgram_link_options){.loss_ppm = 0});
  dgram_link all = made(&(dgram_link_options){.loss_ppm = DGRAM_PPM});
  dgram_link some = made(&(dgram_link_options){.loss_ppm = 100000});
  dgram_link few = made(&(dgram_link_options){.loss_ppm = 1000});
  assert_int_equal(lost(&none, 1), 0);
  assert_int_equal(lost(&all, 1), ROUNDS);
  expect_between(9600, lost(&some, 1), 10400);
  expect_between(60, lost(&few, 1), 140);
}

/* Losses by chance hardly follow each other; those of a burst do, for five datagrams on average. */
static void loses_in_bursts(void **state) {
  (void)state;
  dgram_link link = made(&(dgram_link_options){
      .burst_begin_ppm = 10000, .burst_end_ppm = 200000, .burst_loss_ppm = DGRAM_PPM});
  int bursts = 0;
  int all = 0;
  bool before = false;
  for (uint64_t i = 0; i < ROUNDS; i++) {
    bool now = passed(&link, i, 1).drop == DGRAM_DROP_LOSS;
    if (i == 0) assert_false(now);
    bursts += now && !before;
    all += now;
    before = now;
  }
  expect_between(900, bursts, 1000);
  expect_between(4.7, (double)all / bursts, 5.3);
}

static void bursts_lose_in_part(void **state) {
  (void)state;
  dgram_link always =
      made(&(dgram_link_options){.burst_begin_ppm = DGRAM_PPM, .burst_loss_ppm = 300000});
  dgram_link both = made(&(dgram_link_options){
      .burst_begin_ppm = DGRAM_PPM, .burst_loss_ppm = 300000, .loss_ppm = 500000});
  dgram_link turns = made(&(dgram_link_options){
      .burst_begin_ppm = DGRAM_PPM, .burst_end_ppm = DGRAM_PPM, .burst_loss_ppm = DGRAM_PPM});
  dgram_link never = made(&(dgram_link_options){.burst_end_ppm = 1, .burst_loss_ppm = DGRAM_PPM});
  expect_between(29400, lost(&always, 1), 30600);
  expect_between(64400, lost(&both, 1), 65600);
  assert_int_equal(lost(&turns, 1), ROUNDS / 2);
  assert_int_equal(lost(&never, 1), 0);
}

/* ---- duplicates, reordering ---- */

static void duplicates(void **state) {
  (void)state;
  dgram_link all = made(&(dgram_link_options){.duplicate_ppm = DGRAM_PPM, .jitter_ns = 50 * MS});
  dgram_link some = made(&(dgram_link_options){.duplicate_ppm = 200000});
  uint64_t last_ns = 0;
  int twice = 0;
  for (uint64_t i = 0; i < ROUNDS; i++) {
    dgram_fate fate = passed(&all, i * MS, 1);
    assert_int_equal(fate.copies, 2);
    assert_int_equal(fate.at_ns[0], fate.at_ns[1]);
    assert_true(fate.at_ns[0] >= last_ns);
    last_ns = fate.at_ns[1];
    twice += passed(&some, i * MS, 1).copies == 2;
  }
  expect_between(19500, twice, 20500);
}

static void reorders(void **state) {
  (void)state;
  dgram_link_options options = {
      .delay_ns = 10 * MS, .reorder_ppm = DGRAM_PPM, .reorder_ns = 3 * MS};
  dgram_link link = made(&options);
  assert_int_equal(arrival(&link, 0, 1), 13 * MS);
  options.reorder_ppm = 0;
  assert_int_equal(dgram_link_set(&link, &options), 0);
  assert_int_equal(arrival(&link, 1 * MS, 1), 11 * MS);
  assert_int_equal(arrival(&link, 2 * MS, 1), 12 * MS);
}

static void reorders_some(void **state) {
  (void)state;
  dgram_link link = made(&(dgram_link_options){.delay_ns = 10 * MS, .reorder_ppm = 250000});
  int held = 0;
  for (uint64_t i = 0; i < ROUNDS; i++) {
    uint64_t late_ns = arrival(&link, i * MS, 1) - i * MS;
    assert_true(late_ns == 10 * MS || late_ns == 20 * MS);
    held += late_ns == 20 * MS;
  }
  expect_between(24400, held, 25600);
}

static void holds_as_long_as_the_way(void **state) {
  (void)state;
  dgram_link at_once = made(&(dgram_link_options){.reorder_ppm = DGRAM_PPM});
  dgram_link far = made(&(dgram_link_options){.reorder_ppm = DGRAM_PPM, .delay_ns = 7 * MS});
  assert_int_equal(arrival(&at_once, 5, 1), 1 * MS + 5);
  assert_int_equal(arrival(&far, 5, 1), 14 * MS + 5);
}

/* ---- rate ---- */

/* A byte takes a microsecond. */
static void spaces_by_its_rate(void **state) {
  (void)state;
  dgram_link link = made(&(dgram_link_options){.bits_per_second = 8000000, .delay_ns = MS});
  dgram_fate fate;
  assert_int_equal(arrival(&link, 0, LENGTH), MS + 100000);
  assert_int_equal(arrival(&link, 0, LENGTH), MS + 200000);
  assert_int_equal(dgram_link_pass(&link, 150000, LENGTH, IPV6, &fate), 0);
  assert_int_equal(fate.at_ns[0], MS + 320000);
  assert_int_equal(arrival(&link, 320000, 0), MS + 348000);
  assert_int_equal(arrival(&link, 2 * MS, LENGTH), 3 * MS + 100000); /* nothing was saved up */
}

/* 800 bits at 7 per microsecond are 114,285.714... ns. Each arrives when its last bit has, and none
 * pays for the fractions of those before. */
static void keeps_its_rate(void **state) {
  (void)state;
  dgram_link link =
      made(&(dgram_link_options){.bits_per_second = 7000000, .queue_bytes = SIZE_MAX});
  for (uint64_t i = 1; i <= ROUNDS; i++)
    assert_int_equal(arrival(&link, 0, LENGTH), (i * 800 * 1000 + 6) / 7);
}

static void drops_what_finds_the_queue_full(void **state) {
  (void)state;
  dgram_link link = made(&(dgram_link_options){.bits_per_second = 8000000, .queue_bytes = 1000});
  for (uint64_t i = 1; i <= 10; i++)
    assert_int_equal(arrival(&link, 0, LENGTH), i * 100000);
  expect_drop(&link, 0, LENGTH, DGRAM_DROP_QUEUE);
  expect_drop(&link, 99999, LENGTH, DGRAM_DROP_QUEUE);
  assert_int_equal(arrival(&link, 100000, LENGTH), 1100000);
  expect_drop(&link, 100000, 0, DGRAM_DROP_QUEUE);
}

static void a_link_with_nothing_to_do_takes_all(void **state) {
  (void)state;
  dgram_link link = made(&(dgram_link_options){.bits_per_second = 8000000, .queue_bytes = 10});
  assert_int_equal(arrival(&link, 0, LENGTH), 100000);
  expect_drop(&link, 0, 0, DGRAM_DROP_QUEUE);
  assert_int_equal(arrival(&link, 100000, LENGTH), 200000);
}

static void queues_65536_bytes_by_itself(void **state) {
  (void)state;
  dgram_link link = made(&(dgram_link_options){.bits_per_second = 8000000});
  for (int i = 0; i < 64; i++)
    passed(&link, 0, 1024 - IPV4);
  assert_int_equal(link.busy_until_ns, UINT64_C(65536000));
  expect_drop(&link, 0, 0, DGRAM_DROP_QUEUE);
}

/* What is lost has taken its time on the link, what found no room has not. */
static void loss_comes_after_the_rate(void **state) {
  (void)state;
  dgram_link_options options = {.bits_per_second = 8000000, .loss_ppm = DGRAM_PPM};
  dgram_link link = made(&options);
  expect_drop(&link, 0, LENGTH, DGRAM_DROP_LOSS);
  options.loss_ppm = 0;
  assert_int_equal(dgram_link_set(&link, &options), 0);
  assert_int_equal(arrival(&link, 0, LENGTH), 200000);
}

/* ---- mtu, down ---- */

static void refuses_what_is_too_large(void **state) {
  (void)state;
  dgram_link link = made(&(dgram_link_options){.mtu = 1500, .loss_ppm = 500000});
  dgram_link before;
  dgram_fate fate = {.copies = 7};
  passed(&link, 5, 1472);
  memcpy(&before, &link, sizeof link);
  assert_int_equal(dgram_link_pass(&link, 9, 1473, IPV4, &fate), DGRAM_EMSGSIZE);
  assert_int_equal(dgram_link_pass(&link, 9, 1453, IPV6, &fate), DGRAM_EMSGSIZE);
  assert_int_equal(dgram_link_pass(&link, 9, SIZE_MAX, IPV4, &fate), DGRAM_EMSGSIZE);
  assert_int_equal(fate.copies, 7);
  assert_memory_equal(&link, &before, sizeof link);
  assert_int_equal(dgram_link_pass(&link, 9, 1452, IPV6, &fate), 0);
}

/* How many bytes cross, seen by the time they take. */
static uint64_t crossing(size_t mtu, size_t length, size_t overhead) {
  dgram_link link =
      made(&(dgram_link_options){.mtu = mtu, .fragments = true, .bits_per_second = 8000000000});
  dgram_fate fate;
  assert_int_equal(dgram_link_pass(&link, 0, length, overhead, &fate), 0);
  return fate.at_ns[0];
}

static void makes_fragments(void **state) {
  (void)state;
  assert_int_equal(crossing(1500, 1472, IPV4), 1500);
  assert_int_equal(crossing(1500, 1473, IPV4), 1480 + 20 + 1 + 20);
  assert_int_equal(crossing(1500, 2000, IPV4), 2008 + 2 * 20);
  assert_int_equal(crossing(1500, 2 * 1480 - 8, IPV4), 2 * 1500);
  assert_int_equal(crossing(1500, 2 * 1480 - 7, IPV4), 2 * 1500 + 21);
  /* 576 less a header is no multiple of eight: 552 in all but the last, 556 there. */
  assert_int_equal(crossing(576, 552 + 556 - 8, IPV4), 552 + 556 + 2 * 20);
  assert_int_equal(crossing(576, 552 + 557 - 8, IPV4), 552 + 557 + 3 * 20);
  assert_int_equal(crossing(1280, 1232, IPV6), 1280);
  assert_int_equal(crossing(1280, 1233, IPV6), 1241 + 2 * 48);
  assert_int_equal(crossing(68, 65507, IPV4), 65515 + 1365 * 20);
}

static void cannot_make_fragments_of_all(void **state) {
  (void)state;
  dgram_link link = made(&(dgram_link_options){.mtu = 68, .fragments = true});
  dgram_fate fate;
  assert_int_equal(dgram_link_pass(&link, 0, 65528, IPV6, &fate), DGRAM_EMSGSIZE);
  assert_int_equal(dgram_link_pass(&link, 0, 65527, IPV6, &fate), 0);
  assert_int_equal(dgram_link_pass(&link, 0, 100, 61, &fate), DGRAM_EMSGSIZE);
  assert_int_equal(dgram_link_pass(&link, 0, 100, 60, &fate), 0);
  assert_int_equal(dgram_link_pass(&link, 0, 100, 3, &fate), 0);
}

/* Three fragments, each of which is lost one time in ten. */
static void fragments_are_lost_each(void **state) {
  (void)state;
  dgram_link link = made(&(dgram_link_options){.mtu = 1500, .fragments = true, .loss_ppm = 100000});
  expect_between(26500, lost(&link, 4000), 27700);
}

static void nothing_passes_when_down(void **state) {
  (void)state;
  dgram_link_options options = {
      .down = true, .bits_per_second = 8000000, .duplicate_ppm = DGRAM_PPM};
  dgram_link link = made(&options);
  expect_drop(&link, 0, LENGTH, DGRAM_DROP_DOWN);
  options.down = false;
  assert_int_equal(dgram_link_set(&link, &options), 0);
  assert_int_equal(passed(&link, 0, LENGTH).at_ns[1], 100000);
}

/* ---- time ---- */

static void time_does_not_go_back(void **state) {
  (void)state;
  dgram_link link = made(&(dgram_link_options){.delay_ns = 5});
  assert_int_equal(arrival(&link, 1000, 1), 1005);
  assert_int_equal(arrival(&link, 10, 1), 1005);
  assert_int_equal(arrival(&link, 1001, 1), 1006);
}

/* What is sent "earlier" does not find a queue that has all that time to leave yet. */
static void nothing_waits_for_time_that_is_over(void **state) {
  (void)state;
  dgram_link link = made(&(dgram_link_options){.bits_per_second = 8000000, .queue_bytes = 250});
  assert_int_equal(arrival(&link, MS, LENGTH), MS + 100000);
  assert_int_equal(arrival(&link, 0, LENGTH), MS + 200000);
}

static void what_is_sent_later_arrives_later(void **state) {
  (void)state;
  dgram_link link = made(&(dgram_link_options){.delay_ns = DGRAM_SECOND});
  assert_int_equal(arrival(&link, 0, 1), DGRAM_SECOND);
  assert_int_equal(dgram_link_set(&link, &(dgram_link_options){0}), 0);
  assert_int_equal(arrival(&link, 1, 1), DGRAM_SECOND);
  assert_int_equal(arrival(&link, DGRAM_SECOND + 1, 1), DGRAM_SECOND + 1);
}

static void another_rate_counts_from_now_on(void **state) {
  (void)state;
  dgram_link_options options = {.bits_per_second = 8000000};
  dgram_link link = made(&options);
  assert_int_equal(arrival(&link, 0, LENGTH), 100000);
  options.bits_per_second = 80000000;
  assert_int_equal(dgram_link_set(&link, &options), 0);
  assert_int_equal(arrival(&link, 0, LENGTH), 110000);
  options.bits_per_second = 0;
  assert_int_equal(dgram_link_set(&link, &options), 0);
  assert_int_equal(arrival(&link, 105000, LENGTH), 110000); /* in order, and at once */
  options.bits_per_second = 80000000;
  assert_int_equal(dgram_link_set(&link, &options), 0);
  assert_int_equal(arrival(&link, 105000, LENGTH), 115000);
}

/* A link that can be passed in every state, however large its numbers are. */
static void times_end_with_64_bits(void **state) {
  (void)state;
  const uint64_t rates[] = {0, 1, 7, UINT64_MAX / 2, UINT64_MAX};
  for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
    dgram_link_options options = {.delay_ns = UINT64_MAX / 2,
                                  .jitter_ns = UINT64_MAX / 2,
                                  .reorder_ppm = 500000,
                                  .bits_per_second = rates[i],
                                  .queue_bytes = SIZE_MAX};
    dgram_link link = made(&options);
    for (int j = 0; j < 20; j++) {
      passed(&link, 0, SIZE_MAX);
      passed(&link, UINT64_MAX / 20 * (uint64_t)j, 65507);
    }
    assert_int_equal(passed(&link, UINT64_MAX, 1).at_ns[0], UINT64_MAX);
  }
  dgram_link link = made(&(dgram_link_options){.jitter_ns = UINT64_MAX});
  assert_true(arrival(&link, 0, 1) > 0);
}

/* ---- options, seeds ---- */

static const dgram_link_options invalid[] = {
    {.loss_ppm = DGRAM_PPM + 1},
    {.burst_begin_ppm = DGRAM_PPM + 1},
    {.burst_end_ppm = UINT32_MAX},
    {.burst_loss_ppm = DGRAM_PPM + 1},
    {.duplicate_ppm = DGRAM_PPM + 1},
    {.reorder_ppm = DGRAM_PPM + 1},
    {.mtu = 1},
    {.mtu = 67},
    {.delay_ns = UINT64_MAX, .jitter_ns = 1},
    {.delay_ns = UINT64_MAX / 2, .jitter_ns = UINT64_MAX / 2, .reorder_ns = 2},
};

static void refuses_invalid_options(void **state) {
  (void)state;
  const dgram_link_options options = {
      .loss_ppm = DGRAM_PPM, .mtu = 68, .burst_begin_ppm = DGRAM_PPM};
  dgram_link link = made(&options);
  dgram_link before;
  passed(&link, 17, 1);
  memcpy(&before, &link, sizeof link);
  for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
    assert_int_equal(dgram_link_set(&link, &invalid[i]), DGRAM_EINVAL);
    assert_int_equal(dgram_link_init(&link, &invalid[i], 1), DGRAM_EINVAL);
    assert_memory_equal(&link, &before, sizeof link);
  }
  dgram_fate fate;
  assert_int_equal(dgram_link_set(NULL, &options), DGRAM_EARGTYPE);
  assert_int_equal(dgram_link_set(&link, NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_link_init(NULL, &options, 1), DGRAM_EARGTYPE);
  assert_int_equal(dgram_link_init(&link, NULL, 1), DGRAM_EARGTYPE);
  assert_int_equal(dgram_link_pass(NULL, 0, 1, IPV4, &fate), DGRAM_EARGTYPE);
  assert_int_equal(dgram_link_pass(&link, 0, 1, IPV4, NULL), DGRAM_EARGTYPE);
  assert_memory_equal(&link, &before, sizeof link);
}

/* With other options beside it, the same datagrams are lost. */
static void options_do_not_disturb_each_other(void **state) {
  (void)state;
  dgram_link alone = made(&(dgram_link_options){.loss_ppm = 100000});
  dgram_link among = made(&(dgram_link_options){.loss_ppm = 100000,
                                                .burst_begin_ppm = 100000,
                                                .burst_end_ppm = 100000,
                                                .delay_ns = MS,
                                                .jitter_ns = 50 * MS,
                                                .duplicate_ppm = 500000,
                                                .reorder_ppm = 500000,
                                                .bits_per_second = 1000000});
  for (uint64_t i = 0; i < ROUNDS; i++)
    assert_int_equal(passed(&alone, i * MS, 1).drop, passed(&among, i * MS, 1).drop);
}

static const dgram_link_options everything = {.delay_ns = 20 * MS,
                                              .jitter_ns = 5 * MS,
                                              .loss_ppm = 50000,
                                              .burst_begin_ppm = 10000,
                                              .burst_end_ppm = 300000,
                                              .burst_loss_ppm = 700000,
                                              .duplicate_ppm = 30000,
                                              .reorder_ppm = 40000,
                                              .bits_per_second = 10000000,
                                              .queue_bytes = 20000,
                                              .mtu = 1280,
                                              .fragments = true};

static uint64_t mixed(uint64_t sum, uint64_t number) {
  return (sum ^ number) * UINT64_C(0x100000001b3);
}

/* FNV-1a over 10,000 fates, by numbers instead of bytes. */
static uint64_t checksum(uint64_t seed) {
  dgram_link link;
  uint64_t sum = UINT64_C(0xcbf29ce484222325);
  assert_int_equal(dgram_link_init(&link, &everything, seed), 0);
  for (uint64_t i = 0; i < 10000; i++) {
    dgram_fate fate = passed(&link, i * MS, i * 37 % 3000);
    sum = mixed(mixed(sum, fate.copies), (uint64_t)fate.drop);
    sum = mixed(mixed(sum, fate.at_ns[0]), fate.at_ns[1]);
  }
  return sum;
}

static void the_same_seed_gives_the_same_fates(void **state) {
  (void)state;
  assert_int_equal(checksum(42), UINT64_C(0x392e8ebb59bc53f3));
  assert_int_equal(checksum(42), checksum(42));
  assert_true(checksum(42) != checksum(43));
}

/* ---- random numbers ---- */

static void draws_evenly_below_a_limit(void **state) {
  (void)state;
  struct sim_random random = sim_random_at(42, 0);
  const uint64_t large = UINT64_C(3) << 62; /* a quarter of all numbers is drawn again */
  int seen[3] = {0};
  int upper = 0;
  for (int i = 0; i < ROUNDS; i++) {
    seen[sim_random_below(&random, 3)]++;
    uint64_t number = sim_random_below(&random, large);
    assert_true(number < large);
    upper += number >= large / 2;
    assert_int_equal(sim_random_below(&random, 1), 0);
  }
  for (int i = 0; i < 3; i++)
    expect_between(32700, seen[i], 34000);
  expect_between(49300, upper, 50700);
}

/* The numbers that the paper's authors give for the seed 1234567. */
static void draws_as_splitmix64(void **state) {
  (void)state;
  struct sim_random random = {1234567};
  assert_int_equal(sim_random_next(&random), UINT64_C(6457827717110365317));
  assert_int_equal(sim_random_next(&random), UINT64_C(3203168211198807973));
  assert_int_equal(sim_random_next(&random), UINT64_C(9817491932198370423));
}

static void draws_nothing_where_it_is_certain(void **state) {
  (void)state;
  struct sim_random random = {7};
  assert_false(sim_random_chance(&random, 0));
  assert_true(sim_random_chance(&random, DGRAM_PPM));
  assert_int_equal(random.state, 7);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(does_nothing_when_zeroed),
      cmocka_unit_test(delays),
      cmocka_unit_test(jitter_is_even),
      cmocka_unit_test(jitter_keeps_the_order),
      cmocka_unit_test(loses),
      cmocka_unit_test(loses_in_bursts),
      cmocka_unit_test(bursts_lose_in_part),
      cmocka_unit_test(duplicates),
      cmocka_unit_test(reorders),
      cmocka_unit_test(reorders_some),
      cmocka_unit_test(holds_as_long_as_the_way),
      cmocka_unit_test(spaces_by_its_rate),
      cmocka_unit_test(keeps_its_rate),
      cmocka_unit_test(drops_what_finds_the_queue_full),
      cmocka_unit_test(a_link_with_nothing_to_do_takes_all),
      cmocka_unit_test(queues_65536_bytes_by_itself),
      cmocka_unit_test(loss_comes_after_the_rate),
      cmocka_unit_test(refuses_what_is_too_large),
      cmocka_unit_test(makes_fragments),
      cmocka_unit_test(cannot_make_fragments_of_all),
      cmocka_unit_test(fragments_are_lost_each),
      cmocka_unit_test(nothing_passes_when_down),
      cmocka_unit_test(time_does_not_go_back),
      cmocka_unit_test(nothing_waits_for_time_that_is_over),
      cmocka_unit_test(what_is_sent_later_arrives_later),
      cmocka_unit_test(another_rate_counts_from_now_on),
      cmocka_unit_test(times_end_with_64_bits),
      cmocka_unit_test(refuses_invalid_options),
      cmocka_unit_test(options_do_not_disturb_each_other),
      cmocka_unit_test(the_same_seed_gives_the_same_fates),
      cmocka_unit_test(draws_evenly_below_a_limit),
      cmocka_unit_test(draws_as_splitmix64),
      cmocka_unit_test(draws_nothing_where_it_is_certain),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
