/* Frames of the cluster's channel.
 *
 *   clang -std=c11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
 *     -Iinclude -Isrc fuzz/fuzz_cluster_frame.c src/cluster/frame.c -o fuzz_cluster_frame
 *   ./fuzz_cluster_frame -max_len=80 -max_total_time=60
 *
 * What it says: what is read is written again the same, byte for byte; what is refused is so as
 * DGRAM_EPROTO and touches nothing; what is read keeps what frame.h promises. test/unit/
 * test_cluster_frame.c runs the same without a fuzzer, on frames that were good before. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/frame.h"

#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                              \
      abort();                                                                                     \
    }                                                                                              \
  } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_frame(const struct cluster_frame *frame) {
  const int family = frame->address.family;

  CHECK(frame->type >= CLUSTER_HELLO && frame->type <= CLUSTER_STOP);
  CHECK(frame->code <= 0);
  CHECK(frame->type != CLUSTER_ANSWER || (frame->code == 0) == (frame->handle != 0));
  CHECK(frame->type == CLUSTER_BIND || frame->flags == 0);
  if (frame->type == CLUSTER_BIND || frame->type == CLUSTER_LISTENING) {
    CHECK(family == DGRAM_IPV4 || family == DGRAM_IPV6);
    CHECK(family == DGRAM_IPV6 || frame->address.scope_id == 0);
  } else {
    CHECK(family == 0);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  uint8_t again[CLUSTER_FRAME_SIZE];
  struct cluster_frame frame, before;
  int code;

  memset(&frame, 0x5a, sizeof frame);
  before = frame;
  code = cluster_frame_decode(bytes, size, &frame);
  if (code < 0) {
    CHECK(code == DGRAM_EPROTO);
    CHECK(memcmp(&frame, &before, sizeof frame) == 0);
    return 0;
  }
  check_frame(&frame);
  cluster_frame_encode(&frame, again);
  CHECK(size == sizeof again && memcmp(bytes, again, size) == 0);
  return 0;
}
