/* Answering requests without a library: epoll, then batches or single datagrams. */

#include "bare.h"

#include <errno.h>
#include <sys/epoll.h>

struct server {
  struct bench_meter meter;
  int fd;
  int epoll;
  unsigned char bytes[BARE_BATCH][BARE_SLOT];
  struct sockaddr_in from[BARE_BATCH];
  struct iovec pieces[BARE_BATCH];
  struct mmsghdr headers[BARE_BATCH];
};

static struct server server;

static void open_server(const char *role, const struct bench_options *options) {
  server.fd = bare_socket();
  server.epoll = bare_epoll(server.fd);
  bench_meter_init(&server.meter, role, options);
  bare_say_port(server.fd);
}

static void prepare(unsigned slots) {
  for (unsigned i = 0; i < slots; i++) {
    server.pieces[i] = (struct iovec){server.bytes[i], BARE_SLOT};
    server.headers[i].msg_hdr = (struct msghdr){.msg_name = &server.from[i],
                                                .msg_namelen = sizeof server.from[i],
                                                .msg_iov = &server.pieces[i],
                                                .msg_iovlen = 1};
  }
}

static void wait_readable(void) {
  struct epoll_event event;
  while (epoll_wait(server.epoll, &event, 1, -1) < 0) {
    if (errno != EINTR) bench_die("epoll_wait");
  }
}

/* What came in goes back as it is, so the headers serve twice. */
static void answer_batch(unsigned count) {
  for (unsigned i = 0; i < count; i++)
    server.pieces[i].iov_len = server.headers[i].msg_len;
  bare_send_all(server.fd, server.headers, count);
  server.meter.datagrams += count;
}

int bare_reply_mmsg(const struct bench_options *options) {
  open_server("reply-mmsg", options);
  for (;;) {
    wait_readable();
    int count;
    do {
      prepare(BARE_BATCH);
      count = recvmmsg(server.fd, server.headers, BARE_BATCH, MSG_DONTWAIT, NULL);
      if (count < 0 && errno != EAGAIN) bench_die("recvmmsg");
      if (count > 0) answer_batch((unsigned)count);
    } while (count == BARE_BATCH);
    bench_meter_tick(&server.meter);
  }
}

int bare_reply_msg(const struct bench_options *options) {
  open_server("reply-msg", options);
  for (;;) {
    wait_readable();
    prepare(1);
    const ssize_t length = recvmsg(server.fd, &server.headers[0].msg_hdr, MSG_DONTWAIT);
    if (length < 0 && errno != EAGAIN) bench_die("recvmsg");
    if (length < 0) continue;
    server.pieces[0].iov_len = (size_t)length;
    if (sendmsg(server.fd, &server.headers[0].msg_hdr, 0) < 0) bench_die("sendmsg");
    server.meter.datagrams++;
    bench_meter_tick(&server.meter);
  }
}
