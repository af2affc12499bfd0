/* Payloads, and counting them in a window.
 *
 * A payload is a sequence number of 8 bytes and a filling, written anew for each datagram, as a
 * user would write his own. The receiver reads the number: what is missing in between was lost.
 * The same few lines run in every program in C, so that they cost all of them the same. */

#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <string.h>

#include "common.h"

/* What was counted up to a moment. */
struct bench_mark {
  uint64_t now_ns;
  uint64_t cpu_ns;
  uint64_t datagrams;
  uint64_t lost;
};

enum bench_phase { BENCH_IDLE, BENCH_WARM_UP, BENCH_WINDOW, BENCH_DONE };

struct bench_meter {
  enum bench_phase phase;
  uint64_t phase_end_ns;
  uint64_t expected;   /* the next sequence number */
  uint64_t datagrams;  /* sent, or received */
  uint64_t lost;       /* numbers that never came */
  uint64_t disordered; /* datagrams that came after a later one */
  uint64_t wrong;      /* datagrams of another length */
  size_t length;
  uint64_t warm_up_ns;
  uint64_t window_ns;
  struct bench_mark start;
  const char *role;
  void (*on_start)(void);  /* the window begins; or NULL */
  void (*on_result)(void); /* adds fields to the line of the result; or NULL */
};

void bench_meter_init(struct bench_meter *meter, const char *role,
                      const struct bench_options *options);

/* Looks at the clock. The first call begins the warm-up, and the one that finds the window over
 * prints the result. A receiver calls it after each batch, a sender too. */
void bench_meter_tick(struct bench_meter *meter);

/* The same for programs that have datagrams one by one: the clock is read now and then. */
static inline void bench_meter_tick_one(struct bench_meter *meter) {
  if (meter->datagrams % BENCH_TICK == 0) bench_meter_tick(meter);
}

static inline void bench_payload_write(void *bytes, size_t length, uint64_t number) {
  memcpy(bytes, &number, sizeof number);
  memset((unsigned char *)bytes + sizeof number, 'x', length - sizeof number);
}

/* Writes the next payload and counts it as sent. */
static inline void bench_meter_write(struct bench_meter *meter, void *bytes) {
  bench_payload_write(bytes, meter->length, meter->datagrams++);
}

/* Not inlined: what must not slow down the usual case. */
void bench_meter_surprise(struct bench_meter *meter, uint64_t number, size_t length);

/* Checks and counts a datagram received. */
static inline void bench_meter_read(struct bench_meter *meter, const void *bytes, size_t length) {
  uint64_t number = 0;
  if (length >= sizeof number) memcpy(&number, bytes, sizeof number);
  if (number != meter->expected || length != meter->length) {
    bench_meter_surprise(meter, number, length);
  }
  meter->expected = number + 1;
  meter->datagrams++;
}

/* The same for those who get datagrams one by one. */
static inline void bench_meter_read_one(struct bench_meter *meter, const void *bytes,
                                        size_t length) {
  bench_meter_read(meter, bytes, length);
  bench_meter_tick_one(meter);
}

#endif
