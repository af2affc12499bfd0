/* Latencies, counted in buckets: 128 to each power of two, so a value is known to within 0.8%. */

#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

enum {
  BENCH_HISTOGRAM_STEPS = 128,                         /* buckets to a power of two */
  BENCH_HISTOGRAM_BUCKETS = BENCH_HISTOGRAM_STEPS * 34 /* up to 2^40 ns, 18 minutes */
};

struct bench_histogram {
  uint64_t total;
  uint64_t buckets[BENCH_HISTOGRAM_BUCKETS];
};

void bench_histogram_add(struct bench_histogram *histogram, uint64_t value);

/* The value that `share` of all, from 0 to 1, do not exceed; 0 where there is none. */
uint64_t bench_histogram_quantile(const struct bench_histogram *histogram, double share);

#endif
