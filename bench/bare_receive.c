/* Receiving without a library: joined by GRO, or in batches. Both wait in recvmmsg itself, which
 * needs no second call to wait. */

#include "bare.h"

#include <errno.h>
#include <netinet/udp.h>

struct receiver {
  int fd;
  unsigned slots;
  size_t slot_size;
  unsigned char *bytes;
  struct mmsghdr headers[BENCH_SLOTS_MAX];
  struct iovec pieces[BENCH_SLOTS_MAX];
  struct sockaddr_in from[BENCH_SLOTS_MAX];
  _Alignas(struct cmsghdr) unsigned char control[BENCH_SLOTS_MAX][CMSG_SPACE(sizeof(int))];
};

static void open_receiver(struct receiver *receiver, unsigned slots, size_t slot_size) {
  *receiver = (struct receiver){.fd = bare_socket(), .slots = slots, .slot_size = slot_size};
  receiver->bytes = bench_allocate(slots, slot_size);
  for (unsigned i = 0; i < slots; i++) {
    receiver->pieces[i] = (struct iovec){receiver->bytes + i * slot_size, slot_size};
    receiver->headers[i].msg_hdr = (struct msghdr){
        .msg_name = &receiver->from[i], .msg_iov = &receiver->pieces[i], .msg_iovlen = 1};
  }
}

/* One system call; returns the slots it filled. */
static unsigned receive(struct receiver *receiver, bool with_control) {
  for (unsigned i = 0; i < receiver->slots; i++) {
    struct msghdr *header = &receiver->headers[i].msg_hdr;
    header->msg_namelen = sizeof receiver->from[i];
    header->msg_control = with_control ? receiver->control[i] : NULL;
    header->msg_controllen = with_control ? sizeof receiver->control[i] : 0;
  }
  for (;;) {
    const int count =
        recvmmsg(receiver->fd, receiver->headers, receiver->slots, MSG_WAITFORONE, NULL);
    if (count >= 0) return (unsigned)count;
    if (errno != EINTR) bench_die("recvmmsg");
  }
}

/* The length of each datagram in a slot, but for the last, which may be shorter. */
static size_t segment_length(struct msghdr *header, size_t length) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
    if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
      int segment;
      memcpy(&segment, CMSG_DATA(c), sizeof segment);
      return (size_t)segment;
    }
  }
  return length;
}

static void read_slot(struct receiver *receiver, unsigned slot, struct bench_meter *meter) {
  const unsigned char *bytes = receiver->pieces[slot].iov_base;
  size_t rest = receiver->headers[slot].msg_len;
  const size_t segment = segment_length(&receiver->headers[slot].msg_hdr, rest);
  while (rest > 0) {
    const size_t length = rest < segment ? rest : segment;
    bench_meter_read(meter, bytes, length);
    bytes += length;
    rest -= length;
  }
}

int bare_receive_gro(const struct bench_options *options) {
  static struct receiver receiver;
  struct bench_meter meter;
  const int on = 1;
  open_receiver(&receiver, options->slots, BENCH_SLOT);
  if (setsockopt(receiver.fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on) < 0) bench_die("UDP_GRO");
  bench_meter_init(&meter, "receive-gro", options);
  bare_say_port(receiver.fd);
  for (;;) {
    const unsigned count = receive(&receiver, true);
    for (unsigned i = 0; i < count; i++)
      read_slot(&receiver, i, &meter);
    bench_meter_tick(&meter);
  }
}

int bare_receive_mmsg(const struct bench_options *options) {
  static struct receiver receiver;
  struct bench_meter meter;
  open_receiver(&receiver, BARE_BATCH, BARE_SLOT);
  bench_meter_init(&meter, "receive-mmsg", options);
  bare_say_port(receiver.fd);
  for (;;) {
    const unsigned count = receive(&receiver, false);
    for (unsigned i = 0; i < count; i++)
      bench_meter_read(&meter, receiver.pieces[i].iov_base, receiver.headers[i].msg_len);
    bench_meter_tick(&meter);
  }
}
