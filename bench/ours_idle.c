/* What many sockets cost: idle ones in memory, and beside one that works; and many that all work.
 * These roles are alone: they send to themselves, in turns of a bounded number of datagrams, count,
 * and end. */

#include "ours.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include <dgram/uv.h>

/* ---- memory of the library, counted ---- */

/* Each piece carries its size in front. */
enum { FRONT = 16 };

static size_t taken;  /* bytes that the library has now */
static size_t pieces; /* in so many pieces */

static void *count_malloc(size_t size, void *data) {
  unsigned char *memory = malloc(size + FRONT);
  (void)data;
  if (memory == NULL) return NULL;
  memcpy(memory, &size, sizeof size);
  taken += size;
  pieces++;
  return memory + FRONT;
}

static size_t size_of(const void *memory) {
  size_t size;
  memcpy(&size, (const unsigned char *)memory - FRONT, sizeof size);
  return size;
}

static void count_free(void *memory, void *data) {
  (void)data;
  if (memory == NULL) return;
  taken -= size_of(memory);
  pieces--;
  free((unsigned char *)memory - FRONT);
}

static void *count_realloc(void *memory, size_t size, void *data) {
  void *other = count_malloc(size, data);
  if (other == NULL || memory == NULL) return other;
  memcpy(other, memory, size < size_of(memory) ? size : size_of(memory));
  count_free(memory, data);
  return other;
}

/* All memory that the program has from the C library, mapped pieces and the heap's own overhead
 * included, less what counting adds. */
static size_t allocated(void) {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd - pieces * FRONT;
}

/* ---- sockets that send to themselves ---- */

enum {
  /* Datagrams to one socket before it is the next one's turn: a receive buffer holds 256. */
  BURST = 8,

  /* What a datagram about costs, to make the number of datagrams fit the window. */
  COST_NS = 3000,

  /* Sockets in the middle row of growth-sockets. */
  SOME = 100,

  /* Bursts that are not measured, at least. */
  WARM_UP_BURSTS = 100
};

struct active {
  dgram_socket *socket;
  dgram_address to;
};

/* Each of `count` sockets sends a burst to itself when that of the one before has come back. */
struct run {
  struct active *sockets;
  unsigned count;
  unsigned current;
  unsigned pending; /* of the burst */
  uint64_t bursts;  /* to come */
};

static dgram_stack *stack;
static struct run run;
static unsigned char payload[BENCH_LENGTH_MAX];
static size_t payload_length;
static unsigned binding; /* sockets that are not bound yet */

static void send_burst(void) {
  const struct active *active = &run.sockets[run.current];
  run.pending = BURST;
  run.bursts--;
  run.current = run.current + 1 == run.count ? 0 : run.current + 1;
  for (unsigned i = 0; i < BURST; i++) {
    bench_payload_write(payload, payload_length, i);
    ours_check("dgram_send_to",
               dgram_send_to(active->socket, payload, payload_length, &active->to, NULL, NULL));
  }
}

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket;
  (void)data;
  if (message->length != payload_length) bench_die_saying("message", "of another length");
  if (--run.pending > 0) return;
  if (run.bursts > 0) {
    send_burst();
  } else {
    ours_check("dgram_stop", dgram_stop(stack));
  }
}

static void on_bound(dgram_socket *socket, int status, void *data) {
  struct active *active = data;
  ours_check("dgram_bind", status);
  ours_check("dgram_local_address", dgram_local_address(socket, &active->to));
  if (--binding == 0) ours_check("dgram_stop", dgram_stop(stack));
}

static void open_sockets(struct active *sockets, unsigned count) {
  const dgram_bind_options options = {.address = "127.0.0.1"};
  binding = count;
  for (unsigned i = 0; i < count; i++) {
    dgram_socket *socket = ours_socket(stack);
    sockets[i].socket = socket;
    ours_check("dgram_on_message", dgram_on_message(socket, on_message, NULL));
    ours_check("dgram_bind", dgram_bind(socket, &options, on_bound, &sockets[i]));
  }
  if (count > 0) ours_check("dgram_run", dgram_run(stack));
}

/* CPU time of `bursts`, per datagram, in ns. */
static double cost_of(struct active *sockets, unsigned count, uint64_t bursts) {
  run = (struct run){.sockets = sockets, .count = count, .bursts = bursts};
  const uint64_t start_ns = bench_cpu_ns();
  send_burst();
  ours_check("dgram_run", dgram_run(stack));
  return (double)(bench_cpu_ns() - start_ns) / (double)(bursts * BURST);
}

/* The first round is not measured: it touches what the sockets have for the first time. */
static double warm_cost_of(struct active *sockets, unsigned count, uint64_t bursts) {
  (void)cost_of(sockets, count, count > WARM_UP_BURSTS ? count : WARM_UP_BURSTS);
  return cost_of(sockets, count, bursts);
}

static uint64_t bursts_of(const struct bench_options *options) {
  const uint64_t bursts = options->window_ns / COST_NS / BURST;
  return bursts > 0 ? bursts : 1;
}

static void start_stack(const struct bench_options *options) {
  static const dgram_allocator counting = {count_malloc, count_realloc, count_free, NULL};
  const dgram_stack_options stack_options = {.allocator = &counting};
  payload_length = options->length;
  ours_check("dgram_uv_stack_create",
             dgram_uv_stack_create(uv_default_loop(), &stack_options, &stack));
}

static int finish(void) {
  return fflush(stdout) == EOF;
}

/* ---- roles ---- */

int ours_idle(const struct bench_options *options) {
  const unsigned count = bench_allow_files(options->sockets);
  struct active *sockets = bench_allocate(count + 1, sizeof *sockets);
  start_stack(options);
  open_sockets(sockets, 1);
  const double alone_ns = warm_cost_of(sockets, 1, bursts_of(options));
  const size_t library_before = taken;
  const size_t all_before = allocated();
  open_sockets(sockets + 1, count - 1);
  const size_t library = taken - library_before;
  const size_t all = allocated() - all_before;
  const double among_ns = warm_cost_of(sockets, 1, bursts_of(options));
  printf("{\"role\": \"idle\", \"sockets\": %u, \"library_bytes\": %.1f, \"all_bytes\": %.1f, "
         "\"alone_ns\": %.1f, \"among_ns\": %.1f}\n",
         count, (double)library / (count - 1), (double)all / (count - 1), alone_ns, among_ns);
  return finish();
}

int ours_growth_sockets(const struct bench_options *options) {
  const unsigned most = bench_allow_files(options->sockets);
  const unsigned counts[] = {1, most < SOME ? most : SOME, most};
  struct active *sockets = bench_allocate(most, sizeof *sockets);
  unsigned opened = 0;
  start_stack(options);
  printf("{\"role\": \"growth-sockets\", \"costs\": {");
  for (unsigned i = 0; i < 3; i++) {
    open_sockets(sockets + opened, counts[i] - opened);
    opened = counts[i];
    printf("%s\"%u\": %.1f", i == 0 ? "" : ", ", counts[i],
           warm_cost_of(sockets, counts[i], bursts_of(options)));
  }
  printf("}}\n");
  return finish();
}
