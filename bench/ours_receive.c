/* Receiving and answering with libdgram, by batches and by single messages. */

#include "ours.h"

static struct bench_meter meter;

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
  dgram_socket *socket = ours_socket(NULL);
  bench_meter_init(&meter, "receive-batch", options);
  ours_check("dgram_on_batch", dgram_on_batch(socket, on_batch, NULL));
  ours_listen(socket);
  return dgram_run(NULL) < 0;
}

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket;
  (void)data;
  bench_meter_read_one(&meter, message->bytes, message->length);
}

int ours_receive_message(const struct bench_options *options) {
  dgram_socket *socket = ours_socket(NULL);
  bench_meter_init(&meter, "receive-message", options);
  ours_check("dgram_on_message", dgram_on_message(socket, on_message, NULL));
  ours_listen(socket);
  return dgram_run(NULL) < 0;
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
  dgram_socket *socket = ours_socket(NULL);
  bench_meter_init(&meter, "reply-batch", options);
  ours_check("dgram_on_batch", dgram_on_batch(socket, on_requests, NULL));
  ours_listen(socket);
  return dgram_run(NULL) < 0;
}

static void on_request(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)data;
  ours_check("dgram_send_to",
             dgram_send_to(socket, message->bytes, message->length, &message->from, NULL, NULL));
  if (++meter.datagrams % BENCH_TICK == 0) bench_meter_tick(&meter);
}

int ours_reply_message(const struct bench_options *options) {
  dgram_socket *socket = ours_socket(NULL);
  bench_meter_init(&meter, "reply-message", options);
  ours_check("dgram_on_message", dgram_on_message(socket, on_request, NULL));
  ours_listen(socket);
  return dgram_run(NULL) < 0;
}
