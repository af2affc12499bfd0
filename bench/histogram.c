#include "histogram.h"

/* Values under BENCH_HISTOGRAM_STEPS have a bucket each; from there on a bucket is a value without
 * its low bits. */
static unsigned bucket_of(uint64_t value) {
  unsigned shift = 0;
  while (value >> shift >= 2 * BENCH_HISTOGRAM_STEPS)
    shift++;
  const uint64_t bucket = shift * BENCH_HISTOGRAM_STEPS + (value >> shift);
  return bucket < BENCH_HISTOGRAM_BUCKETS ? (unsigned)bucket : BENCH_HISTOGRAM_BUCKETS - 1;
}

static uint64_t value_of(unsigned bucket) {
  if (bucket < 2 * BENCH_HISTOGRAM_STEPS) return bucket;
  const unsigned shift = bucket / BENCH_HISTOGRAM_STEPS - 1;
  return (uint64_t)(bucket - shift * BENCH_HISTOGRAM_STEPS) << shift;
}

void bench_histogram_add(struct bench_histogram *histogram, uint64_t value) {
  histogram->buckets[bucket_of(value)]++;
  histogram->total++;
}

uint64_t bench_histogram_quantile(const struct bench_histogram *histogram, double share) {
  const uint64_t wanted = (uint64_t)(share * (double)histogram->total);
  uint64_t seen = 0;
  for (unsigned i = 0; i < BENCH_HISTOGRAM_BUCKETS; i++) {
    seen += histogram->buckets[i];
    if (seen > wanted) return value_of(i);
  }
  return 0;
}
