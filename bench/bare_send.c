/* Sending without a library: in GSO groups, in batches to one peer, in batches to a thousand. */

#include "bare.h"

#include <errno.h>
#include <netinet/udp.h>
#include <unistd.h>

enum {
  /* Bytes of a group. A little more, and loopback takes it apart in software. */
  GROUP_BYTES = 64000,

  /* Segments of a group that kernels take: since 6.9, before. */
  SEGMENTS = 128,
  SEGMENTS_OLD = 64
};

static void segment_into(int fd, int length) {
  if (setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &length, sizeof length) < 0) {
    bench_die("UDP_SEGMENT");
  }
}

/* How many segments a group may have here: tries, with a socket that sends to itself. */
static size_t probe_segments(void) {
  static const char bytes[SEGMENTS];
  const int fd = bare_socket();
  const struct sockaddr_in self = bench_loopback(0, ntohs(bare_local(fd).sin_port));
  segment_into(fd, 1);
  const ssize_t sent =
      sendto(fd, bytes, sizeof bytes, 0, (const struct sockaddr *)&self, sizeof self);
  if (sent < 0 && errno != EINVAL) bench_die("sendto");
  if (close(fd) < 0) bench_die("close");
  return sent < 0 ? SEGMENTS_OLD : SEGMENTS;
}

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Writes the payloads of a group; where only receiving is measured, no more of them than the
 * receiver looks at. */
static void write_group(struct bench_meter *meter, unsigned char *bytes, size_t segments,
                        bool filled) {
  for (size_t i = 0; i < segments; i++, bytes += meter->length) {
    if (filled) {
      bench_meter_write(meter, bytes);
    } else {
      memcpy(bytes, &meter->datagrams, sizeof meter->datagrams);
      meter->datagrams++;
    }
  }
}

static _Noreturn void send_groups(const struct bench_options *options, const char *role,
                                  bool filled) {
  static unsigned char bytes[BENCH_GROUPS_MAX][GROUP_BYTES];
  struct mmsghdr headers[BENCH_GROUPS_MAX] = {0};
  struct iovec pieces[BENCH_GROUPS_MAX];
  struct bench_meter meter;
  struct sockaddr_in to = bench_loopback(0, options->port);
  const size_t segments = smaller(probe_segments(), GROUP_BYTES / options->length);
  const int fd = bare_socket();
  segment_into(fd, (int)options->length);
  for (unsigned i = 0; i < options->groups; i++) {
    pieces[i] = (struct iovec){bytes[i], segments * options->length};
    headers[i].msg_hdr = (struct msghdr){
        .msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &pieces[i], .msg_iovlen = 1};
  }
  bench_meter_init(&meter, role, options);
  for (;;) {
    bench_meter_tick(&meter);
    for (unsigned i = 0; i < options->groups; i++)
      write_group(&meter, bytes[i], segments, filled);
    bare_send_all(fd, headers, options->groups);
  }
}

int bare_send_gso(const struct bench_options *options) {
  send_groups(options, "send-gso", true);
}

int bare_flood(const struct bench_options *options) {
  send_groups(options, "flood", false);
}

/* Batches to `destinations` addresses in turn. */
static _Noreturn void send_batches(const struct bench_options *options, const char *role,
                                   unsigned destinations) {
  unsigned char *bytes = bench_allocate(BARE_BATCH, options->length);
  struct mmsghdr headers[BARE_BATCH] = {0};
  struct iovec pieces[BARE_BATCH];
  struct bench_meter meter;
  struct sockaddr_in *to = bench_allocate(destinations, sizeof *to);
  unsigned next = 0;
  const int fd = bare_socket();
  for (unsigned i = 0; i < destinations; i++)
    to[i] = bench_loopback(i, options->port);
  for (unsigned i = 0; i < BARE_BATCH; i++) {
    pieces[i] = (struct iovec){bytes + i * options->length, options->length};
    headers[i].msg_hdr =
        (struct msghdr){.msg_namelen = sizeof to[0], .msg_iov = &pieces[i], .msg_iovlen = 1};
  }
  bench_meter_init(&meter, role, options);
  for (;;) {
    bench_meter_tick(&meter);
    for (unsigned i = 0; i < BARE_BATCH; i++) {
      bench_meter_write(&meter, pieces[i].iov_base);
      headers[i].msg_hdr.msg_name = &to[next];
      next = next + 1 == destinations ? 0 : next + 1;
    }
    bare_send_all(fd, headers, BARE_BATCH);
  }
}

int bare_send_mmsg(const struct bench_options *options) {
  send_batches(options, "send-mmsg", 1);
}

int bare_fan_out(const struct bench_options *options) {
  send_batches(options, "fan-out", options->destinations);
}
