/* Receiving and answering with libdgram, by batches and by single messages. */

#include "ours.h"

static struct bench_meter meter;

static int serve(const struct bench_options *options, const char *role, dgram_socket *socket) {
  bench_meter_init(&meter, role, options);
  ours_listen(socket);
  return dgram_run(NULL) < 0;
}

static int serve_batches(const struct bench_options *options, const char *role, dgram_batch_cb cb,
                         uint32_t recv_info) {
  dgram_socket *socket = ours_socket_with_info(NULL, recv_info);
  ours_check("dgram_on_batch", dgram_on_batch(socket, cb, NULL));
  return serve(options, role, socket);
}

static int serve_messages(const struct bench_options *options, const char *role,
                          dgram_message_cb cb) {
  dgram_socket *socket = ours_socket(NULL);
  ours_check("dgram_on_message", dgram_on_message(socket, cb, NULL));
  return serve(options, role, socket);
}

/* ---- receiving ---- */

static void on_batch(dgram_socket *socket, const dgram_message *messages, size_t count,
                     void *data) {
  (void)socket;
  (void)data;
  for (size_t i = 0; i < count; i++)
    bench_meter_read(&meter, messages[i].bytes, messages[i].length);
  bench_meter_tick(&meter);
}

int ours_receive_batch(const struct bench_options *options) {
  return serve_batches(options, "receive-batch", on_batch, 0);
}

/* Every kind; the time of each is looked at. */
static void on_batch_with_info(dgram_socket *socket, const dgram_message *messages, size_t count,
                               void *data) {
  static uint64_t latest_ns;
  for (size_t i = 0; i < count; i++) {
    if (messages[i].info->time_ns > latest_ns) latest_ns = messages[i].info->time_ns;
  }
  on_batch(socket, messages, count, data);
}

int ours_receive_info(const struct bench_options *options) {
  return serve_batches(options, "receive-info", on_batch_with_info,
                       DGRAM_RECV_LOCAL_ADDRESS | DGRAM_RECV_INTERFACE | DGRAM_RECV_HOP_LIMIT |
                           DGRAM_RECV_TOS | DGRAM_RECV_TIME | DGRAM_RECV_TRUNCATED);
}

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket;
  (void)data;
  bench_meter_read_one(&meter, message->bytes, message->length);
}

int ours_receive_message(const struct bench_options *options) {
  return serve_messages(options, "receive-message", on_message);
}

/* ---- answering ---- */

/* The answers leave from the memory that the requests came into. What the kernel does not take at
 * once is copied to the queue. */
static void on_requests(dgram_socket *socket, const dgram_message *messages, size_t count,
                        void *data) {
  static dgram_datagram answers[BENCH_LIST];
  (void)data;
  for (size_t done = 0; done < count;) {
    size_t some = 0;
    for (; some < BENCH_LIST && done < count; some++, done++) {
      answers[some] = (dgram_datagram){.bytes = messages[done].bytes,
                                       .length = messages[done].length,
                                       .to = messages[done].from};
    }
    ours_check("dgram_send_many", dgram_send_many(socket, answers, some, NULL, NULL));
  }
  meter.datagrams += count;
  bench_meter_tick(&meter);
}

int ours_reply_batch(const struct bench_options *options) {
  return serve_batches(options, "reply-batch", on_requests, 0);
}

static void on_request(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)data;
  ours_check("dgram_send_to",
             dgram_send_to(socket, message->bytes, message->length, &message->from, NULL, NULL));
  meter.datagrams++;
  bench_meter_tick_one(&meter);
}

int ours_reply_message(const struct bench_options *options) {
  return serve_messages(options, "reply-message", on_request);
}
