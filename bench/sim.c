/* How fast a simulated network is, and what a host of it takes.
 *
 * Pairs of hosts send to each other: each has a socket that answers what it gets, and some
 * datagrams under way. Each size of world prints a line of JSON: datagrams and events a second, and
 * bytes that were allocated for each host, with and without what is under way. */

#include <dgram.h>
#include <dgram/sim.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PAYLOAD = 64, UNDER_WAY = 4, DATAGRAMS = 4000000 };

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void check(const char *what, int code) {
  if (code >= 0) return;
  fprintf(stderr, "%s: %s\n", what, dgram_error_name(code));
  exit(1);
}

/* ---- memory, as malloc gives it ---- */

static size_t allocated;

static void *take(size_t size, void *data) {
  size_t *memory = malloc(size + 16);
  (void)data;
  if (!memory) return NULL;
  allocated += size;
  memory[0] = size;
  return (char *)memory + 16;
}

static void give(void *memory, void *data) {
  (void)data;
  if (!memory) return;
  size_t *block = (size_t *)(void *)((char *)memory - 16);
  allocated -= block[0];
  free(block);
}

static void *retake(void *memory, size_t size, void *data) {
  (void)memory;
  (void)size;
  (void)data;
  abort();
}

/* ---- a world ---- */

static void answer(dgram_socket *socket, const dgram_message *messages, size_t count, void *data) {
  (void)data;
  for (size_t i = 0; i < count; i++)
    check("send", dgram_send_to(socket, messages[i].bytes, messages[i].length, &messages[i].from,
                                NULL, NULL));
}

static dgram_socket *add(dgram_sim *sim, unsigned number) {
  const dgram_socket_options options = {.type = DGRAM_UDP4};
  const dgram_bind_options port = {.port = 4000};
  char address[32];
  dgram_stack *host;
  dgram_socket *socket;
  snprintf(address, sizeof address, "10.%u.%u.%u/8", number >> 16 & 255, number >> 8 & 255,
           number & 255);
  check("host", dgram_sim_add_host(sim, NULL, address, &host));
  check("socket", dgram_create_socket(host, &options, &socket));
  check("listener", dgram_on_batch(socket, answer, NULL));
  check("bind", dgram_bind(socket, &port, NULL, NULL));
  return socket;
}

static void measure(unsigned hosts, const dgram_link_options *link) {
  static const char payload[PAYLOAD];
  const dgram_allocator allocator = {take, retake, give, NULL};
  const dgram_sim_options options = {.seed = 1, .allocator = &allocator};
  dgram_sim_stats stats, before;
  dgram_sim *sim;
  allocated = 0;
  check("world", dgram_sim_create(&options, &sim));
  check("link", dgram_sim_set_default_link(sim, link));
  dgram_socket **sockets = malloc(hosts * sizeof *sockets);
  for (unsigned i = 0; i < hosts; i++)
    sockets[i] = add(sim, i + 1);
  check("run", dgram_sim_run_for(sim, DGRAM_MILLISECOND));
  size_t idle = allocated;
  for (unsigned i = 0; i < hosts; i++) {
    unsigned to = (i + hosts / 2) % hosts + 1;
    dgram_address address = {.family = DGRAM_IPV4,
                             .port = 4000,
                             .bytes = {10, (uint8_t)(to >> 16), (uint8_t)(to >> 8), (uint8_t)to}};
    for (int n = 0; n < UNDER_WAY; n++)
      check("send", dgram_send_to(sockets[i], payload, sizeof payload, &address, NULL, NULL));
    check("run", dgram_sim_run_for(sim, 7919));
  }
  check("stats", dgram_sim_get_stats(sim, &before));
  uint64_t begin = now_ns();
  do {
    check("run", dgram_sim_run_for(sim, DGRAM_MILLISECOND));
    check("stats", dgram_sim_get_stats(sim, &stats));
  } while (stats.sent - before.sent < DATAGRAMS);
  double seconds = (double)(now_ns() - begin) / 1e9;
  printf("{\"hosts\": %u, \"jitter\": %s, \"datagrams_per_s\": %.0f, \"events_per_s\": %.0f, "
         "\"bytes_per_idle_host\": %zu, \"bytes_per_host\": %zu}\n",
         hosts, link->jitter_ns > 0 ? "true" : "false",
         (double)(stats.sent - before.sent) / seconds,
         (double)(stats.events - before.events) / seconds, idle / hosts, allocated / hosts);
  fflush(stdout);
  check("destroy", dgram_sim_destroy(sim));
  free(sockets);
}

int main(void) {
  const dgram_link_options plain = {.delay_ns = 10 * DGRAM_MILLISECOND};
  const dgram_link_options jitter = {.delay_ns = 10 * DGRAM_MILLISECOND,
                                     .jitter_ns = 10 * DGRAM_MILLISECOND};
  for (unsigned hosts = 1000; hosts <= 100000; hosts *= 10)
    measure(hosts, &plain);
  for (unsigned hosts = 1000; hosts <= 100000; hosts *= 10)
    measure(hosts, &jitter);
  return 0;
}
