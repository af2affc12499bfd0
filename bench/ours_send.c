/* Sending with libdgram: a list, which is sent again when it has left; and datagrams with a callback
 * each, which sends the next. */

#include "ours.h"

static struct bench_meter meter;

/* ---- lists ---- */

static void write_list(const dgram_datagram *list, size_t count) {
  for (size_t i = 0; i < count; i++)
    bench_meter_write(&meter, (void *)list[i].bytes);
}

static void on_list_sent(dgram_socket *socket, dgram_datagram *list, size_t count, void *data) {
  (void)data;
  for (size_t i = 0; i < count; i++)
    ours_check("send", list[i].result);
  bench_meter_tick(&meter);
  write_list(list, count);
  ours_check("dgram_send_many", dgram_send_many(socket, list, count, on_list_sent, NULL));
}

/* A list to `destinations` addresses in turn. It is sent again and again, so it reaches at most as
 * many as it is long. */
static int send_list(const struct bench_options *options, const char *role, unsigned destinations) {
  dgram_datagram *list = bench_allocate(options->in_flight, sizeof *list);
  unsigned char *bytes = bench_allocate(options->in_flight, options->length);
  dgram_socket *socket = ours_socket(NULL);
  bench_meter_init(&meter, role, options);
  for (unsigned i = 0; i < options->in_flight; i++) {
    list[i] = (dgram_datagram){.bytes = bytes + i * options->length,
                               .length = options->length,
                               .to = ours_loopback(i % destinations, options->port)};
  }
  on_list_sent(socket, list, options->in_flight, NULL);
  return dgram_run(NULL) < 0;
}

int ours_send_many(const struct bench_options *options) {
  return send_list(options, "send-many", 1);
}

int ours_fan_out(const struct bench_options *options) {
  return send_list(options, "fan-out", options->destinations);
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
  unsigned char *bytes = bench_allocate(options->in_flight, options->length);
  peer = ours_loopback(0, options->port);
  bench_meter_init(&meter, "send-to", options);
  bench_meter_tick(&meter);
  for (unsigned i = 0; i < options->in_flight; i++)
    on_sent(socket, 0, bytes + i * options->length);
  return dgram_run(NULL) < 0;
}
