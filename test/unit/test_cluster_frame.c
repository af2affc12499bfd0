/* Frames between primary and workers: written, read, refused. */

#include <inttypes.h>

#include "unit.h"

#include "../../fuzz/fuzz_cluster_frame.c"

static const dgram_address ipv4 = {.family = DGRAM_IPV4, .port = 0x1234, .bytes = {192, 0, 2, 1}};
static const dgram_address ipv6 = {
    .family = DGRAM_IPV6, .port = 53, .scope_id = 0x01020304, .bytes = {0xfe, 0x80, [15] = 1}};

static struct cluster_frame samples[] = {
    {.type = CLUSTER_HELLO, .id = 7},
    {.type = CLUSTER_BIND, .id = UINT64_C(0x0102030405060708), .index = 0xfffefdfc},
    {.type = CLUSTER_BIND, .id = 1, .flags = CLUSTER_REUSE_ADDR | CLUSTER_IPV6_ONLY},
    {.type = CLUSTER_LISTENING, .handle = 3},
    {.type = CLUSTER_RELEASE, .handle = UINT64_MAX},
    {.type = CLUSTER_LEAVING, .id = 4},
    {.type = CLUSTER_ANSWER, .id = 9, .handle = 1},
    {.type = CLUSTER_ANSWER, .id = 9, .code = DGRAM_EADDRINUSE},
    {.type = CLUSTER_STOP, .id = 7},
};

enum { SAMPLES = sizeof samples / sizeof *samples };

static int set_up(void **state) {
  (void)state;
  samples[1].address = ipv4;
  samples[2].address = ipv6;
  samples[3].address = ipv4;
  return 0;
}

static void written_and_read(void **state) {
  (void)state;
  for (size_t i = 0; i < SAMPLES; i++) {
    uint8_t bytes[CLUSTER_FRAME_SIZE];
    struct cluster_frame frame = {0};
    cluster_frame_encode(&samples[i], bytes);
    assert_int_equal(cluster_frame_decode(bytes, sizeof bytes, &frame), 0);
    assert_int_equal(frame.type, samples[i].type);
    assert_int_equal(frame.flags, samples[i].flags);
    assert_int_equal(frame.code, samples[i].code);
    assert_int_equal(frame.index, samples[i].index);
    assert_true(frame.id == samples[i].id && frame.handle == samples[i].handle);
    assert_true(dgram_address_equal(&frame.address, &samples[i].address));
  }
}

/* The layout is a promise to the other version of a program. */
static void the_bytes_are_these(void **state) {
  static const uint8_t expected[CLUSTER_FRAME_SIZE] = {
      'd', 'C', 1, 2, 0,    0,    0,    0,    8, 7, 6,    5,    4, 3, 2, 1, 0,   0, 0, 0,
      0,   0,   0, 0, 0xfc, 0xfd, 0xfe, 0xff, 0, 4, 0x34, 0x12, 0, 0, 0, 0, 192, 0, 2, 1};
  uint8_t bytes[CLUSTER_FRAME_SIZE];
  (void)state;
  cluster_frame_encode(&samples[1], bytes);
  assert_memory_equal(bytes, expected, sizeof bytes);
}

static void assert_refused(const uint8_t *bytes, size_t size) {
  struct cluster_frame frame;
  assert_int_equal(cluster_frame_decode(bytes, size, &frame), DGRAM_EPROTO);
}

static void every_other_length_is_refused(void **state) {
  uint8_t bytes[CLUSTER_FRAME_SIZE + 1] = {0};
  (void)state;
  cluster_frame_encode(&samples[0], bytes);
  for (size_t size = 0; size <= sizeof bytes; size++) {
    if (size != CLUSTER_FRAME_SIZE) assert_refused(bytes, size);
  }
}

static void assert_spoilt(size_t sample, size_t at, uint8_t value) {
  uint8_t bytes[CLUSTER_FRAME_SIZE];
  cluster_frame_encode(&samples[sample], bytes);
  assert_int_not_equal(bytes[at], value);
  bytes[at] = value;
  assert_refused(bytes, sizeof bytes);
}

static void what_makes_no_sense_is_refused(void **state) {
  (void)state;
  assert_spoilt(0, 0, 'x'); /* magic */
  assert_spoilt(0, 1, 'x');
  assert_spoilt(0, 2, 2); /* another version */
  assert_spoilt(0, 3, 0); /* no type */
  assert_spoilt(0, 3, 8);
  assert_spoilt(0, 3, 255);
  assert_spoilt(0, 24, 1); /* a field that it does not have */
  assert_spoilt(0, 63, 1); /* the rest */
  assert_spoilt(1, 28, 4); /* no such flag */
  assert_spoilt(1, 28, 2); /* IPv6 only, and IPv4 */
  assert_spoilt(1, 29, 0); /* no family */
  assert_spoilt(1, 29, 1);
  assert_spoilt(1, 32, 1); /* IPv4 with a scope */
  assert_spoilt(1, 51, 1); /* or with more than four bytes */
}

/* An answer has a handle or a code, never both, never none; a code is no count. */
static void an_answer_is_one_thing(void **state) {
  (void)state;
  assert_spoilt(6, 16, 0);
  assert_spoilt(6, 4, 0xff);
  assert_spoilt(7, 7, 0x7f);
  assert_spoilt(7, 16, 1);
}

/* DGRAM_TEST_COUNT frames, which were good before a few of their bits or bytes were changed. */
static void random_frames(void **state) {
  const char *count_text = getenv("DGRAM_TEST_COUNT");
  const char *seed_text = getenv("DGRAM_TEST_SEED");
  uint64_t count = count_text != NULL ? strtoull(count_text, NULL, 10) : 300000;
  uint64_t seed = seed_text != NULL ? strtoull(seed_text, NULL, 10) : 1;
  uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
  (void)state;
  print_message("DGRAM_TEST_SEED=%" PRIu64 " DGRAM_TEST_COUNT=%" PRIu64 "\n", seed, count);
  for (uint64_t i = 0; i < count; i++) {
    uint8_t bytes[CLUSTER_FRAME_SIZE + 8] = {0};
    cluster_frame_encode(&samples[x % SAMPLES], bytes);
    for (unsigned changes = x >> 8 & 3; changes > 0; changes--) {
      x ^= x << 13, x ^= x >> 7, x ^= x << 17; /* xorshift64 */
      bytes[x % CLUSTER_FRAME_SIZE] ^= (uint8_t)(x & 64 ? x >> 16 : 1u << (x >> 16 & 7));
    }
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    LLVMFuzzerTestOneInput(bytes, x % 16 == 0 ? x >> 32 & 63 : CLUSTER_FRAME_SIZE);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(written_and_read),
      cmocka_unit_test(the_bytes_are_these),
      cmocka_unit_test(every_other_length_is_refused),
      cmocka_unit_test(what_makes_no_sense_is_refused),
      cmocka_unit_test(an_answer_is_one_thing),
      cmocka_unit_test(random_frames),
  };
  return cmocka_run_group_tests(tests, set_up, NULL);
}
