/* Receiving and answering with libuv, with recvmmsg (UV_UDP_RECVMMSG) and without, the answers by
 * uv_udp_try_send or by uv_udp_send. */

#include "uv.h"

static struct bench_meter meter;

/* ---- receiving ---- */

/* libuv calls once more with nothing: the socket is empty, or the buffer is free again. */
static bool brings_datagram(ssize_t length, const struct sockaddr *from, unsigned flags) {
  if (length < 0) bench_uv_check("receiving", (int)length);
  return from != NULL && !(flags & UV_UDP_MMSG_FREE);
}

static void on_received(uv_udp_t *socket, ssize_t length, const uv_buf_t *buffer,
                        const struct sockaddr *from, unsigned flags) {
  (void)socket;
  if (!brings_datagram(length, from, flags)) return;
  bench_meter_read_one(&meter, buffer->base, (size_t)length);
}

static int serve(const struct bench_options *options, const char *role, unsigned flags,
                 uv_udp_recv_cb on_datagram) {
  uv_udp_t *socket = bench_uv_socket(flags);
  bench_meter_init(&meter, role, options);
  bench_uv_check("uv_udp_recv_start", uv_udp_recv_start(socket, bench_uv_allocate, on_datagram));
  bench_uv_say_port(socket);
  return bench_uv_run();
}

int bench_uv_receive(const struct bench_options *options) {
  return serve(options, "receive", 0, on_received);
}

int bench_uv_receive_mmsg(const struct bench_options *options) {
  return serve(options, "receive-mmsg", UV_UDP_RECVMMSG, on_received);
}

/* ---- answering: uv_udp_send, with memory of its own until the callback ---- */

struct answer {
  uv_udp_send_t request;
  struct answer *next;
  char bytes[BENCH_LENGTH_MAX];
};

static struct answer *spare;

static struct answer *take_answer(void) {
  struct answer *answer = spare;
  if (answer == NULL) return bench_allocate(1, sizeof *answer);
  spare = answer->next;
  return answer;
}

static void on_sent(uv_udp_send_t *request, int status) {
  struct answer *answer = (struct answer *)request;
  bench_uv_check("send", status);
  answer->next = spare;
  spare = answer;
}

static void send_answer(uv_udp_t *socket, const void *bytes, size_t length,
                        const struct sockaddr *to) {
  struct answer *answer = take_answer();
  if (length > sizeof answer->bytes) bench_die_saying("request", "too long");
  memcpy(answer->bytes, bytes, length);
  const uv_buf_t buffer = uv_buf_init(answer->bytes, (unsigned)length);
  bench_uv_check("uv_udp_send", uv_udp_send(&answer->request, socket, &buffer, 1, to, on_sent));
}

static void count_answer(void) {
  meter.datagrams++;
  bench_meter_tick_one(&meter);
}

static void on_request_queued(uv_udp_t *socket, ssize_t length, const uv_buf_t *buffer,
                              const struct sockaddr *from, unsigned flags) {
  if (!brings_datagram(length, from, flags)) return;
  send_answer(socket, buffer->base, (size_t)length, from);
  count_answer();
}

/* ---- answering: uv_udp_try_send, and uv_udp_send where the kernel takes no more ---- */

static void on_request_try(uv_udp_t *socket, ssize_t length, const uv_buf_t *buffer,
                           const struct sockaddr *from, unsigned flags) {
  if (!brings_datagram(length, from, flags)) return;
  const uv_buf_t bytes = uv_buf_init(buffer->base, (unsigned)length);
  const int sent = uv_udp_try_send(socket, &bytes, 1, from);
  if (sent == UV_EAGAIN) {
    send_answer(socket, buffer->base, (size_t)length, from);
  } else {
    bench_uv_check("uv_udp_try_send", sent);
  }
  count_answer();
}

int bench_uv_reply_try(const struct bench_options *options) {
  return serve(options, "reply-try", 0, on_request_try);
}

int bench_uv_reply_try_mmsg(const struct bench_options *options) {
  return serve(options, "reply-try-mmsg", UV_UDP_RECVMMSG, on_request_try);
}

int bench_uv_reply_queued(const struct bench_options *options) {
  return serve(options, "reply-queued", 0, on_request_queued);
}

int bench_uv_reply_queued_mmsg(const struct bench_options *options) {
  return serve(options, "reply-queued-mmsg", UV_UDP_RECVMMSG, on_request_queued);
}
