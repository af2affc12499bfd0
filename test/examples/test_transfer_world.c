/* The file transfer of examples/transfer in a simulated network, a thousand times: each seed is
 * another file and another network. The environment says otherwise:
 *
 *   DGRAM_TEST_SEED    the first seed, else 1
 *   DGRAM_TEST_COUNT   how many
 *   DGRAM_TEST_TRACE   a file: a trace of the last one, for Wireshark */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* In this order, which cmocka.h asks for. */
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dgram.h>
#include <dgram/sim.h>

#include "transfer.h"

enum { SEEDS = 1000, FILE_MAX = 200000, PORT = 4000 };

static const char *program;
static unsigned char file[FILE_MAX], copy[FILE_MAX];

/* One transfer: what it is given, then what became of it. */
struct run {
  uint64_t seed;
  size_t size;                    /* of the file */
  dgram_link_options there, back; /* the link's two ways */
  uint64_t cut_ns;                /* when the hosts are parted for ever; 0: never */
  size_t fail_reads, fail_writes; /* from this byte on; 0: never */
  FILE *trace;

  int code;           /* of dgram_sim_run */
  int sent, received; /* the codes of the two ends */
  unsigned done;      /* ends that are over */
  size_t written;     /* bytes */
  size_t blocks;      /* of memory that are out */
  uint64_t duration_ns;
  dgram_sim_stats stats;
};

/* ---- chance ---- */

/* splitmix64, and a number up to a limit. */
static uint64_t chance(uint64_t *state, uint64_t limit) {
  uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return (z ^ (z >> 31)) % (limit + 1);
}

/* The same in half of all cases, else none. */
static uint64_t maybe(uint64_t *state, uint64_t limit) {
  const uint64_t number = chance(state, limit);
  return chance(state, 1) == 0 ? 0 : number;
}

static dgram_link_options some_link(uint64_t *state) {
  dgram_link_options link = {
      .delay_ns = chance(state, 50 * DGRAM_MILLISECOND),
      .jitter_ns = maybe(state, 20 * DGRAM_MILLISECOND),
      .loss_ppm = (uint32_t)chance(state, 300000),
      .duplicate_ppm = (uint32_t)maybe(state, 100000),
      .reorder_ppm = (uint32_t)maybe(state, 200000),
      .bits_per_second = maybe(state, 20000000),
  };

  if (link.bits_per_second > 0) link.bits_per_second += 1000000;
  if (chance(state, 3) == 0) {
    link.burst_begin_ppm = (uint32_t)chance(state, 20000);
    link.burst_end_ppm = 200000;
    link.burst_loss_ppm = (uint32_t)chance(state, DGRAM_PPM);
  }
  return link;
}

/* Sizes around the edges of blocks, and any. */
static size_t some_size(uint64_t *state) {
  const size_t edge = 1200 * (size_t)chance(state, 100);
  switch (chance(state, 4)) {
  case 0:
    return edge;
  case 1:
    return edge + 1;
  case 2:
    return edge + 1199;
  default:
    return (size_t)chance(state, FILE_MAX);
  }
}

/* ---- what a transfer calls ---- */

static int read_bytes(uint64_t offset, void *bytes, size_t size, void *data) {
  const struct run *run = data;
  if (run->fail_reads > 0 && offset + size >= run->fail_reads) return DGRAM_EIO;
  if (offset >= run->size) return 0;
  if (size > run->size - offset) size = run->size - offset;
  memcpy(bytes, file + offset, size);
  return (int)size;
}

static int write_bytes(uint64_t offset, const void *bytes, size_t size, void *data) {
  struct run *run = data;
  if (run->fail_writes > 0 && offset + size >= run->fail_writes) return DGRAM_EIO;
  if (offset > sizeof copy || size > sizeof copy - offset) return DGRAM_EFBIG;
  memcpy(copy + offset, bytes, size);
  run->written += size;
  return 0;
}

static void on_sent(int code, void *data) {
  struct run *run = data;
  run->sent = code;
  run->done++;
}

static void on_received(int code, void *data) {
  struct run *run = data;
  run->received = code;
  run->done++;
}

static void *take(size_t size, void *data) {
  struct run *run = data;
  run->blocks++;
  return malloc(size);
}

static void *retake(void *memory, size_t size, void *data) {
  struct run *run = data;
  if (memory == NULL) run->blocks++;
  return realloc(memory, size);
}

static void give(void *memory, void *data) {
  struct run *run = data;
  if (memory != NULL) run->blocks--;
  free(memory);
}

static int write_trace(const void *bytes, size_t length, void *data) {
  return fwrite(bytes, 1, length, data) != length;
}

/* ---- a world ---- */

static void part(dgram_timer *timer, void *data) {
  (void)timer;
  assert_int_equal(dgram_sim_set_side(data, 1), 0);
}

static void run_world(struct run *run) {
  const dgram_allocator allocator = {take, retake, give, run};
  const dgram_sim_options options = {.seed = run->seed, .allocator = &allocator};
  dgram_stack *client, *server;
  dgram_timer cut = {0};
  dgram_address to;
  dgram_sim *sim;
  uint64_t start_ns;

  memset(copy, 0, sizeof copy);
  assert_int_equal(dgram_sim_create(&options, &sim), 0);
  assert_int_equal(dgram_sim_add_host(sim, "client", "10.0.0.1/24", &client), 0);
  assert_int_equal(dgram_sim_add_host(sim, "server", "10.0.0.2/24", &server), 0);
  assert_int_equal(dgram_sim_set_way(client, server, &run->there), 0);
  assert_int_equal(dgram_sim_set_way(server, client, &run->back), 0);
  if (run->trace != NULL) assert_int_equal(dgram_sim_trace(sim, write_trace, run->trace), 0);
  if (run->cut_ns > 0) {
    assert_int_equal(dgram_timer_start(client, &cut, run->cut_ns, part, server), 0);
  }
  start_ns = dgram_sim_now(sim);
  assert_int_equal(dgram_address_parse("10.0.0.2", PORT, &to), 0);
  assert_int_equal(transfer_receive(server, PORT, write_bytes, on_received, run), 0);
  assert_int_equal(transfer_send(client, &to, read_bytes, on_sent, run), 0);
  run->code = dgram_sim_run(sim);
  run->duration_ns = dgram_sim_now(sim) - start_ns;
  assert_int_equal(dgram_sim_get_stats(sim, &run->stats), 0);
  assert_int_equal(dgram_sim_destroy(sim), 0);
}

/* ---- a thousand worlds ---- */

static struct run run_of(uint64_t seed) {
  struct run run = {.seed = seed};
  uint64_t state = seed;

  run.size = some_size(&state);
  run.there = some_link(&state);
  run.back = some_link(&state);
  for (size_t i = 0; i < run.size; i++)
    file[i] = (unsigned char)chance(&state, 255);
  return run;
}

static void check(const struct run *run, bool right, const char *what) {
  if (right) return;
  print_error("%s: %s and %s after %" PRIu64 " ms. Again, by itself:\n"
              "DGRAM_TEST_SEED=%" PRIu64
              " DGRAM_TEST_COUNT=1 DGRAM_TEST_TRACE=transfer.pcapng %s\n",
              what, dgram_error_name(run->sent), dgram_error_name(run->received),
              run->duration_ns / DGRAM_MILLISECOND, run->seed, program);
  fail();
}

/* Each receiver has had each datagram, or there is a cause. */
static bool books_are_right(const dgram_sim_stats *stats) {
  uint64_t dropped = 0;
  for (unsigned i = 0; i < DGRAM_DROP_COUNT; i++)
    dropped += stats->dropped[i];
  return stats->sent + stats->duplicated == stats->delivered + stats->under_way + dropped;
}

static uint64_t number_of(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void test_seeds(void **state) {
  const uint64_t first = number_of("DGRAM_TEST_SEED", 1);
  const uint64_t count = number_of("DGRAM_TEST_COUNT", SEEDS);
  const char *trace = getenv("DGRAM_TEST_TRACE");
  uint64_t datagrams = 0, lost = 0, seconds = 0;

  (void)state;
  for (uint64_t seed = first; seed < first + count; seed++) {
    struct run run = run_of(seed), again = run;
    if (trace != NULL && seed == first + count - 1) run.trace = fopen(trace, "wb");
    run_world(&run);
    if (run.trace != NULL) fclose(run.trace);
    check(&run, run.code == 0 && run.done == 2, "not both ends are over");
    check(&run, run.sent == 0 && run.received == 0, "an end has failed");
    check(&run, run.written == run.size && memcmp(file, copy, run.size) == 0, "another file");
    check(&run, run.blocks == 0, "memory is left");
    check(&run, books_are_right(&run.stats), "a datagram went without a cause");
    run_world(&again);
    check(&again, again.duration_ns == run.duration_ns, "another time");
    check(&again, memcmp(&again.stats, &run.stats, sizeof run.stats) == 0, "another run");
    datagrams += run.stats.sent;
    lost += run.stats.dropped[DGRAM_DROP_LOSS];
    seconds += run.duration_ns / DGRAM_SECOND;
  }
  print_message("%" PRIu64 " files from DGRAM_TEST_SEED=%" PRIu64 ", each twice: %" PRIu64
                " datagrams, %" PRIu64 " lost, %" PRIu64 " s of virtual time\n",
                count, first, datagrams, lost, seconds);
}

/* ---- what cannot go well ---- */

static struct run whole_file(void) {
  return (struct run){.seed = 7,
                      .size = FILE_MAX,
                      .there = {.delay_ns = 10 * DGRAM_MILLISECOND},
                      .back = {.delay_ns = 10 * DGRAM_MILLISECOND}};
}

/* Runs a world in which both ends are told, each of its own failure. */
static void run_that_fails(struct run *run, int sent, int received) {
  run_world(run);
  assert_int_equal(run->code, 0);
  assert_int_equal(run->done, 2);
  assert_int_equal(run->sent, sent);
  assert_int_equal(run->received, received);
  assert_int_equal(run->blocks, 0);
}

/* Both give up after their patience, 30 seconds; the sender only when a timer is due. */
static void test_parted(void **state) {
  struct run run = whole_file();
  (void)state;
  run.cut_ns = 50 * DGRAM_MILLISECOND;
  run_that_fails(&run, DGRAM_ETIMEDOUT, DGRAM_ETIMEDOUT);
  assert_in_range(run.duration_ns, 30 * DGRAM_SECOND, 33 * DGRAM_SECOND);
}

static void test_reading_fails(void **state) {
  struct run run = whole_file();
  (void)state;
  run.fail_reads = 100000;
  run_that_fails(&run, DGRAM_EIO, DGRAM_EPROTO);
}

static void test_writing_fails(void **state) {
  struct run run = whole_file();
  (void)state;
  run.fail_writes = 100000;
  run_that_fails(&run, DGRAM_EPROTO, DGRAM_EIO);
}

/* A port that is taken; and who has it is told when the world ends. */
static void test_no_port(void **state) {
  struct run run = {.sent = 1};
  dgram_stack *server;
  dgram_sim *sim;

  (void)state;
  assert_int_equal(dgram_sim_create(NULL, &sim), 0);
  assert_int_equal(dgram_sim_add_host(sim, NULL, "10.0.0.2/24", &server), 0);
  assert_int_equal(transfer_receive(server, PORT, write_bytes, on_sent, &run), 0);
  assert_int_equal(transfer_receive(server, PORT, write_bytes, on_received, &run), 0);
  assert_int_equal(dgram_sim_run_for(sim, DGRAM_SECOND), 0);
  assert_int_equal(run.done, 1);
  assert_int_equal(run.received, DGRAM_EADDRINUSE);
  assert_int_equal(dgram_sim_destroy(sim), 0);
  assert_int_equal(run.done, 2);
  assert_int_equal(run.sent, DGRAM_ECANCELED);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_seeds),         cmocka_unit_test(test_parted),
      cmocka_unit_test(test_reading_fails), cmocka_unit_test(test_writing_fails),
      cmocka_unit_test(test_no_port),
  };
  (void)argc;
  program = argv[0];
  return cmocka_run_group_tests(tests, NULL, NULL);
}
