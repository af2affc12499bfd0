/* Sending with libdgram: lists, two at a time, so that one is written while the other leaves; and
 * datagrams with a callback each, which sends the next. */

#include "ours.h"

enum { LISTS = 2 };

struct list {
  dgram_datagram datagrams[BENCH_LIST];
  unsigned char *bytes;
};

static struct bench_meter meter;

/* ---- lists ---- */

static void write_list(struct list *list) {
  for (unsigned i = 0; i < BENCH_LIST; i++)
    bench_meter_write(&meter, list->bytes + i * meter.length);
}

static void on_list_sent(dgram_socket *socket, dgram_datagram *datagrams, size_t count,
                         void *data) {
  struct list *list = data;
  for (size_t i = 0; i < count; i++)
    ours_check("send", datagrams[i].result);
  bench_meter_tick(&meter);
  write_list(list);
  ours_check("dgram_send_many", dgram_send_many(socket, datagrams, count, on_list_sent, list));
}

static void start_list(dgram_socket *socket, struct list *list) {
  write_list(list);
  ours_check("dgram_send_many",
             dgram_send_many(socket, list->datagrams, BENCH_LIST, on_list_sent, list));
}

/* Lists to `destinations` addresses in turn. The same lists are sent again and again, so they reach
 * at most as many as they are long together. */
static int send_lists(const struct bench_options *options, const char *role,
                      unsigned destinations) {
  static struct list lists[LISTS];
  dgram_socket *socket = ours_socket(NULL);
  unsigned next = 0;
  bench_meter_init(&meter, role, options);
  for (unsigned i = 0; i < LISTS; i++) {
    lists[i].bytes = bench_allocate(BENCH_LIST, options->length);
    for (unsigned j = 0; j < BENCH_LIST; j++) {
      lists[i].datagrams[j] =
          (dgram_datagram){.bytes = lists[i].bytes + j * options->length,
                           .length = options->length,
                           .to = ours_loopback(next++ % destinations, options->port)};
    }
    start_list(socket, &lists[i]);
  }
  return dgram_run(NULL) < 0;
}

int ours_send_many(const struct bench_options *options) {
  return send_lists(options, "send-many", 1);
}

int ours_fan_out(const struct bench_options *options) {
  return send_lists(options, "fan-out", options->destinations);
}

/* ---- one by one ---- */

static dgram_address peer;

static void on_sent(dgram_socket *socket, int status, void *bytes) {
  ours_check("send", status);
  bench_meter_tick_one(&meter);
  bench_meter_write(&meter, bytes);
  ours_check("dgram_send_to", dgram_send_to(socket, bytes, meter.length, &peer, on_sent, bytes));
}

int ours_send_to(const struct bench_options *options) {
  dgram_socket *socket = ours_socket(NULL);
  unsigned char *bytes = bench_allocate(BENCH_IN_FLIGHT, options->length);
  peer = ours_loopback(0, options->port);
  bench_meter_init(&meter, "send-to", options);
  bench_meter_tick(&meter);
  for (unsigned i = 0; i < BENCH_IN_FLIGHT; i++)
    on_sent(socket, 0, bytes + i * options->length);
  return dgram_run(NULL) < 0;
}
