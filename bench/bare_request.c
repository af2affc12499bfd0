/* The client of every server: keeps a number of requests under way and counts the answers. A
 * request carries its number and the time it left, so an answer tells how long it took. */

#include "bare.h"
#include "histogram.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/time.h>

enum {
  /* Microseconds without any answer after which all requests count as lost and are sent anew. */
  PATIENCE_US = 200000
};

struct request {
  uint64_t number;
  uint64_t sent_ns;
};

struct client {
  struct bench_meter meter;
  struct bench_histogram latencies; /* of the window */
  int fd;
  uint64_t sent;
  unsigned char out[BARE_BATCH][BARE_SLOT];
  unsigned char in[BARE_BATCH][BARE_SLOT];
  struct iovec out_pieces[BARE_BATCH];
  struct iovec in_pieces[BARE_BATCH];
  struct mmsghdr out_headers[BARE_BATCH];
  struct mmsghdr in_headers[BARE_BATCH];
};

static struct client client;

static void on_start(void) {
  memset(&client.latencies, 0, sizeof client.latencies);
}

static void on_result(void) {
  printf(", \"p50_ns\": %" PRIu64 ", \"p99_ns\": %" PRIu64,
         bench_histogram_quantile(&client.latencies, 0.5),
         bench_histogram_quantile(&client.latencies, 0.99));
}

static void open_client(const struct bench_options *options) {
  const struct sockaddr_in to = bench_loopback(0, options->port);
  const struct timeval patience = {.tv_usec = PATIENCE_US};
  client.fd = bare_socket();
  if (connect(client.fd, (const struct sockaddr *)&to, sizeof to) < 0) bench_die("connect");
  if (setsockopt(client.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0) {
    bench_die("SO_RCVTIMEO");
  }
  for (unsigned i = 0; i < BARE_BATCH; i++) {
    client.out_pieces[i] = (struct iovec){client.out[i], options->length};
    client.in_pieces[i] = (struct iovec){client.in[i], BARE_SLOT};
    client.out_headers[i].msg_hdr =
        (struct msghdr){.msg_iov = &client.out_pieces[i], .msg_iovlen = 1};
    client.in_headers[i].msg_hdr =
        (struct msghdr){.msg_iov = &client.in_pieces[i], .msg_iovlen = 1};
  }
  bench_meter_init(&client.meter, "request", options);
  client.meter.on_start = on_start;
  client.meter.on_result = on_result;
}

static void write_requests(unsigned count) {
  const uint64_t now_ns = bench_now_ns();
  for (unsigned i = 0; i < count; i++) {
    const struct request request = {client.sent++, now_ns};
    memset(client.out[i], 'x', client.out_pieces[i].iov_len);
    memcpy(client.out[i], &request, sizeof request);
  }
}

/* A lone datagram goes by send, which is cheaper. */
static void send_some(unsigned count) {
  write_requests(count);
  if (count == 1) {
    if (send(client.fd, client.out[0], client.out_pieces[0].iov_len, 0) < 0) bench_die("send");
    return;
  }
  bare_send_all(client.fd, client.out_headers, count);
}

static void send_requests(unsigned count) {
  while (count > 0) {
    const unsigned some = count < BARE_BATCH ? count : BARE_BATCH;
    send_some(some);
    count -= some;
  }
}

/* Returns how many answers came; 0 when none did for too long. */
static unsigned receive_answers(unsigned most) {
  int count;
  if (most == 1) {
    const ssize_t length = recv(client.fd, client.in[0], BARE_SLOT, 0);
    client.in_headers[0].msg_len = length < 0 ? 0 : (unsigned)length;
    count = length < 0 ? -1 : 1;
  } else {
    count = recvmmsg(client.fd, client.in_headers, most < BARE_BATCH ? most : BARE_BATCH,
                     MSG_WAITFORONE, NULL);
  }
  if (count < 0 && errno != EAGAIN && errno != EINTR) bench_die("receiving");
  return count < 0 ? 0 : (unsigned)count;
}

static void take_answers(unsigned count) {
  const uint64_t now_ns = bench_now_ns();
  for (unsigned i = 0; i < count; i++) {
    struct request request;
    if (client.in_headers[i].msg_len != client.meter.length) {
      client.meter.wrong++;
      continue;
    }
    memcpy(&request, client.in[i], sizeof request);
    bench_histogram_add(&client.latencies, now_ns - request.sent_ns);
    client.meter.datagrams++;
  }
}

int bare_request(const struct bench_options *options) {
  open_client(options);
  send_requests(options->outstanding);
  for (;;) {
    const unsigned count = receive_answers(options->outstanding);
    take_answers(count);
    if (count == 0) client.meter.lost += options->outstanding;
    send_requests(count == 0 ? options->outstanding : count);
    bench_meter_tick(&client.meter);
  }
}
