/* Many sockets that work, without a library: each sends a group to itself and waits for it, in turn,
 * as ours_growth_sockets does. What grows here with the number of sockets is the kernel's. */

#include "bare.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <sys/epoll.h>

enum {
  BURST = 8,      /* datagrams of a group */
  COST_NS = 3000, /* of a datagram, about, to fit the window */
  SOME = 100,     /* sockets in the middle */
  WARM_UPS = 100  /* groups that are not measured, at least */
};

struct turns {
  int *fds;
  struct sockaddr_in *to;
  int epoll;
  size_t length; /* bytes of each datagram */
  unsigned char bytes[BURST * BENCH_LENGTH_MAX];
  unsigned char slot[BENCH_SLOT];
};

static struct turns turns;

static void open_one(unsigned index) {
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
  const int fd = bare_socket();
  const int on = 1;
  if (setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on) < 0) bench_die("UDP_GRO");
  if (epoll_ctl(turns.epoll, EPOLL_CTL_ADD, fd, &event) < 0) bench_die("epoll_ctl");
  turns.fds[index] = fd;
  turns.to[index] = bare_local(fd);
  turns.to[index].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

static void send_group(unsigned index) {
  _Alignas(struct cmsghdr) unsigned char control[CMSG_SPACE(sizeof(uint16_t))] = {0};
  struct iovec piece = {turns.bytes, BURST * turns.length};
  struct msghdr header = {.msg_name = &turns.to[index],
                          .msg_namelen = sizeof turns.to[index],
                          .msg_iov = &piece,
                          .msg_iovlen = 1,
                          .msg_control = control,
                          .msg_controllen = sizeof control};
  struct cmsghdr *segment = CMSG_FIRSTHDR(&header);
  const uint16_t length = (uint16_t)turns.length;
  for (unsigned i = 0; i < BURST; i++)
    bench_payload_write(turns.bytes + i * turns.length, turns.length, i);
  segment->cmsg_level = IPPROTO_UDP;
  segment->cmsg_type = UDP_SEGMENT;
  segment->cmsg_len = CMSG_LEN(sizeof length);
  memcpy(CMSG_DATA(segment), &length, sizeof length);
  if (sendmsg(turns.fds[index], &header, 0) < 0) bench_die("sendmsg");
}

/* Returns the socket that can be read. */
static int wait_readable(void) {
  struct epoll_event event;
  while (epoll_wait(turns.epoll, &event, 1, -1) < 0) {
    if (errno != EINTR) bench_die("epoll_wait");
  }
  return turns.fds[event.data.u32];
}

static size_t receive_some(void) {
  _Alignas(struct cmsghdr) unsigned char control[CMSG_SPACE(sizeof(int))];
  struct sockaddr_in from;
  struct iovec piece = {turns.slot, sizeof turns.slot};
  struct msghdr header = {.msg_name = &from,
                          .msg_namelen = sizeof from,
                          .msg_iov = &piece,
                          .msg_iovlen = 1,
                          .msg_control = control,
                          .msg_controllen = sizeof control};
  const ssize_t length = recvmsg(wait_readable(), &header, 0);
  if (length < 0) bench_die("recvmsg");
  return (size_t)length;
}

/* CPU time of so many groups, per datagram, in ns. */
static double cost_of(unsigned sockets, uint64_t groups) {
  const uint64_t start_ns = bench_cpu_ns();
  for (uint64_t i = 0; i < groups; i++) {
    send_group((unsigned)(i % sockets));
    for (size_t left = BURST * turns.length; left > 0;)
      left -= receive_some();
  }
  return (double)(bench_cpu_ns() - start_ns) / (double)(groups * BURST);
}

int bare_growth_sockets(const struct bench_options *options) {
  const unsigned most = bench_allow_files(options->sockets);
  const unsigned counts[] = {1, most < SOME ? most : SOME, most};
  const uint64_t groups = options->window_ns / COST_NS / BURST + 1;
  unsigned opened = 0;
  turns.fds = bench_allocate(most, sizeof *turns.fds);
  turns.to = bench_allocate(most, sizeof *turns.to);
  turns.length = options->length;
  turns.epoll = epoll_create1(EPOLL_CLOEXEC);
  if (turns.epoll < 0) bench_die("epoll_create1");
  printf("{\"role\": \"growth-sockets\", \"costs\": {");
  for (unsigned i = 0; i < 3; i++) {
    while (opened < counts[i])
      open_one(opened++);
    (void)cost_of(counts[i], counts[i] > WARM_UPS ? counts[i] : WARM_UPS);
    printf("%s\"%u\": %.1f", i == 0 ? "" : ", ", counts[i], cost_of(counts[i], groups));
  }
  printf("}}\n");
  return fflush(stdout) == EOF;
}
