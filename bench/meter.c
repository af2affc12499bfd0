#include "meter.h"

#include <inttypes.h>
#include <stdio.h>

void bench_meter_init(struct bench_meter *meter, const char *role,
                      const struct bench_options *options) {
  *meter = (struct bench_meter){
      .role = role,
      .length = options->length,
      .warm_up_ns = options->warm_up_ns,
      .window_ns = options->window_ns,
  };
}

void bench_meter_surprise(struct bench_meter *meter, uint64_t number, size_t length) {
  if (length != meter->length) meter->wrong++;
  if (number > meter->expected) meter->lost += number - meter->expected;
  if (number < meter->expected) meter->disordered++;
}

static struct bench_mark mark(const struct bench_meter *meter, uint64_t now_ns) {
  return (struct bench_mark){now_ns, bench_cpu_ns(), meter->datagrams, meter->lost};
}

static void print_result(const struct bench_meter *meter, uint64_t now_ns) {
  const struct bench_mark end = mark(meter, now_ns);
  const struct bench_mark *start = &meter->start;
  printf("{\"role\": \"%s\", \"datagrams\": %" PRIu64 ", \"ns\": %" PRIu64 ", \"cpu_ns\": %" PRIu64
         ", \"lost\": %" PRIu64 ", \"disordered\": %" PRIu64 ", \"wrong\": %" PRIu64,
         meter->role, end.datagrams - start->datagrams, end.now_ns - start->now_ns,
         end.cpu_ns - start->cpu_ns, end.lost - start->lost, meter->disordered, meter->wrong);
  if (meter->on_result != NULL) meter->on_result();
  printf("}\n");
  if (fflush(stdout) == EOF) bench_die("stdout");
}

void bench_meter_tick(struct bench_meter *meter) {
  if (meter->phase == BENCH_DONE) return;
  const uint64_t now_ns = bench_now_ns();
  if (meter->phase != BENCH_IDLE && now_ns < meter->phase_end_ns) return;
  switch (meter->phase) {
  case BENCH_IDLE:
    meter->phase = BENCH_WARM_UP;
    meter->phase_end_ns = now_ns + meter->warm_up_ns;
    break;
  case BENCH_WARM_UP:
    meter->phase = BENCH_WINDOW;
    meter->phase_end_ns = now_ns + meter->window_ns;
    meter->start = mark(meter, now_ns);
    if (meter->on_start != NULL) meter->on_start();
    break;
  case BENCH_WINDOW:
  case BENCH_DONE:
    meter->phase = BENCH_DONE;
    print_result(meter, now_ns);
    break;
  }
}
