/* Sending with libuv: uv_udp_try_send in a row, with the loop run in between as a program would;
 * or uv_udp_send, whose callback sends the next. */

#include "uv.h"

static struct bench_meter meter;
static struct sockaddr_in *peers;
static unsigned destinations;
static unsigned next_peer;

static uv_udp_t *open_sender(const struct bench_options *options, const char *role,
                             unsigned count) {
  peers = bench_allocate(count, sizeof *peers);
  destinations = count;
  for (unsigned i = 0; i < count; i++)
    peers[i] = bench_loopback(i, options->port);
  bench_meter_init(&meter, role, options);
  return bench_uv_socket(0);
}

static const struct sockaddr *next(void) {
  const struct sockaddr_in *peer = &peers[next_peer];
  next_peer = next_peer + 1 == destinations ? 0 : next_peer + 1;
  return (const struct sockaddr *)peer;
}

/* ---- uv_udp_try_send ---- */

/* The loop does not sleep while an idle handle is active. */
static void on_idle(uv_idle_t *idle) {
  static char bytes[BENCH_LENGTH_MAX];
  const uv_buf_t buffer = uv_buf_init(bytes, (unsigned)meter.length);
  bench_meter_tick(&meter);
  for (unsigned i = 0; i < BENCH_TICK; i++) {
    bench_meter_write(&meter, bytes);
    const int sent = uv_udp_try_send(idle->data, &buffer, 1, next());
    if (sent == UV_EAGAIN) {
      meter.datagrams--;
      return;
    }
    bench_uv_check("uv_udp_try_send", sent);
  }
}

static int send_try(const struct bench_options *options, const char *role, unsigned count) {
  static uv_idle_t idle;
  idle.data = open_sender(options, role, count);
  bench_uv_check("uv_idle_init", uv_idle_init(uv_default_loop(), &idle));
  bench_uv_check("uv_idle_start", uv_idle_start(&idle, on_idle));
  return bench_uv_run();
}

int bench_uv_send_try(const struct bench_options *options) {
  return send_try(options, "send-try", 1);
}

int bench_uv_fan_out_try(const struct bench_options *options) {
  return send_try(options, "fan-out-try", options->destinations);
}

/* ---- uv_udp_send ---- */

static void send_one(uv_udp_t *socket, uv_udp_send_t *request);

static void on_sent(uv_udp_send_t *request, int status) {
  bench_uv_check("send", status);
  bench_meter_tick_one(&meter);
  send_one(request->handle, request);
}

static void send_one(uv_udp_t *socket, uv_udp_send_t *request) {
  const uv_buf_t buffer = uv_buf_init(request->data, (unsigned)meter.length);
  bench_meter_write(&meter, request->data);
  bench_uv_check("uv_udp_send", uv_udp_send(request, socket, &buffer, 1, next(), on_sent));
}

static int send_queued(const struct bench_options *options, const char *role, unsigned count) {
  static uv_udp_send_t requests[BENCH_IN_FLIGHT];
  uv_udp_t *socket = open_sender(options, role, count);
  unsigned char *bytes = bench_allocate(options->in_flight, options->length);
  bench_meter_tick(&meter);
  for (unsigned i = 0; i < options->in_flight; i++) {
    requests[i].data = bytes + i * options->length;
    send_one(socket, &requests[i]);
  }
  return bench_uv_run();
}

int bench_uv_send_queued(const struct bench_options *options) {
  return send_queued(options, "send-queued", 1);
}

int bench_uv_fan_out_queued(const struct bench_options *options) {
  return send_queued(options, "fan-out-queued", options->destinations);
}
