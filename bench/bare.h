/* The programs without a library: what the kernel gives to whoever asks for it in the best way. */

#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include "common.h"
#include "meter.h"

#include <sys/socket.h>

enum {
  /* Datagrams of one call without groups: from 16 on sendmmsg, from 32 on recvmmsg gain nothing. */
  BARE_BATCH = BENCH_SLOTS_MAX,

  /* Bytes of a slot for one datagram of any length that a role sends. */
  BARE_SLOT = 2048
};

/* Returns a new UDP socket, bound to a free port of all interfaces. */
int bare_socket(void);

/* Where a socket is bound. */
struct sockaddr_in bare_local(int fd);

/* Prints the port of a socket as the role's first line. */
void bare_say_port(int fd);

/* An epoll that waits for the socket to be readable. */
int bare_epoll(int fd);

/* sendmmsg, until all messages are handed over. Waits where the socket takes no more. */
void bare_send_all(int fd, struct mmsghdr *headers, unsigned count);

int bare_send_gso(const struct bench_options *options);
int bare_flood(const struct bench_options *options);
int bare_send_mmsg(const struct bench_options *options);
int bare_fan_out(const struct bench_options *options);
int bare_receive_gro(const struct bench_options *options);
int bare_receive_mmsg(const struct bench_options *options);
int bare_reply_mmsg(const struct bench_options *options);
int bare_reply_msg(const struct bench_options *options);
int bare_growth_sockets(const struct bench_options *options);
int bare_request(const struct bench_options *options);

#endif
