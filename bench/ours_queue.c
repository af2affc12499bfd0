/* What a send costs when others wait before it. A socket keeps `depth` sends with a callback under
 * way, each callback sends the next, to two destinations in turn, so that no offload joins them and
 * the cost of the library is not hidden behind what the kernel saves. Nobody reads what arrives. */

#include "ours.h"

#include <stdio.h>
#include <stdlib.h>

enum {
  /* What a datagram about costs, to make the number of datagrams fit the window. */
  COST_NS = 2000,

  /* The deepest queue that is measured. */
  DEPTH_MAX = 100000
};

static dgram_address to[2];
static unsigned char payload[BENCH_LENGTH_MAX];
static size_t payload_length;
static uint64_t to_send; /* sends to come */
static uint64_t to_end;  /* callbacks to come */

static void send_one(dgram_socket *socket);

static void on_sent(dgram_socket *socket, int status, void *data) {
  (void)data;
  ours_check("send", status);
  if (to_send > 0) send_one(socket);
  if (--to_end == 0) ours_check("dgram_stop", dgram_stop(dgram_socket_stack(socket)));
}

static void send_one(dgram_socket *socket) {
  ours_check("dgram_send_to",
             dgram_send_to(socket, payload, payload_length, &to[to_send-- % 2], on_sent, NULL));
}

static void on_bound(dgram_socket *socket, int status, void *data) {
  dgram_address *address = data;
  ours_check("dgram_bind", status);
  ours_check("dgram_local_address", dgram_local_address(socket, address));
  if (address == &to[1]) ours_check("dgram_stop", dgram_stop(dgram_socket_stack(socket)));
}

/* Sockets that are bound, but do not receive. */
static void open_sinks(void) {
  const dgram_bind_options options = {.address = "127.0.0.1"};
  for (unsigned i = 0; i < 2; i++) {
    dgram_socket *sink = ours_socket(NULL);
    ours_check("dgram_pause", dgram_pause(sink));
    ours_check("dgram_bind", dgram_bind(sink, &options, on_bound, &to[i]));
    dgram_unref(sink);
  }
}

/* CPU time of `total` sends, per send, in ns. The stack is the loop's, and outlives the run. */
static double cost_of(dgram_socket *socket, uint64_t depth, uint64_t total) {
  to_send = to_end = total > depth ? total : depth;
  const double sends = (double)to_send;
  const uint64_t start_ns = bench_cpu_ns();
  bench_payload_write(payload, payload_length, depth);
  while (depth-- > 0)
    send_one(socket);
  ours_check("dgram_run", dgram_run(dgram_socket_stack(socket)));
  return (double)(bench_cpu_ns() - start_ns) / sends;
}

int ours_growth_queue(const struct bench_options *options) {
  const uint64_t total = options->window_ns / COST_NS;
  dgram_socket *socket = ours_socket(NULL);
  payload_length = options->length;
  open_sinks();
  ours_check("dgram_run", dgram_run(dgram_socket_stack(socket)));
  printf("{\"role\": \"growth-queue\", \"costs\": {");
  for (uint64_t depth = 1; depth <= DEPTH_MAX; depth = depth == 1 ? 1000 : depth * 100) {
    (void)cost_of(socket, depth, depth);
    printf("%s\"%u\": %.1f", depth == 1 ? "" : ", ", (unsigned)depth,
           cost_of(socket, depth, total));
  }
  printf("}}\n");
  return fflush(stdout) == EOF;
}
