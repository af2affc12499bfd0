/* What the tests of the linux stack are written in: a stack on a loop of its own whose turns are
 * counted, plain sockets as peers, and faults in place of system calls.
 *
 * KIT_TEST gives each test a stack and ends it afterwards, where it is checked that no memory of
 * its allocator, no handle of its loop and no descriptor is left. */

#ifndef DGRAM_TEST_LINUX_KIT_H
#define DGRAM_TEST_LINUX_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* In this order, which cmocka.h asks for. */
#include <cmocka.h>

#include <sys/socket.h>

#include "dgram.h"
#include "dgram/uv.h"

/* ---- the stack ---- */

struct kit {
  uv_loop_t loop;
  dgram_stack *stack;
  unsigned turns;   /* of the loop */
  size_t blocks;    /* of the stack's allocator, that are out */
  size_t fail_size; /* a malloc of at least so many bytes fails; 0: none */
  size_t refused;   /* how many did */
};

extern struct kit kit;

#define KIT_TEST(function) cmocka_unit_test_setup_teardown(function, kit_setup, kit_teardown)
int kit_setup(void **state);
int kit_teardown(void **state);

/* Replaces the stack of the test by one with these options; the allocator is the kit's all the
 * same. */
void kit_reopen(const dgram_stack_options *options);

/* Runs the loop until *counter is at least n. Fails the test after 20 s without it. */
void kit_run_until(const size_t *counter, size_t n);

/* Runs the loop for so many turns, without sleeping. */
void kit_turns(unsigned n);

/* Runs the loop, which may sleep, until the time has passed; returns the turns that it took.
 * Nothing is ordered by it: it is for proving that nothing happens. */
unsigned kit_turns_within(unsigned ms);

/* Open descriptors of this process; kit_teardown compares by itself. */
int kit_count_descriptors(void);

/* A socket that is bound to 127.0.0.1 (or ::1), with a counter as its data. */
struct kit_seen {
  size_t messages;
  size_t batches;
  size_t bytes;
  size_t truncated;
  size_t errors;
  int last_error;
  const char *last_syscall;
  size_t most_per_turn; /* messages in one turn of the loop */
  size_t turn_messages;
  unsigned turn;
  const void *lowest; /* addresses of payloads */
  const void *highest;
};

dgram_socket *kit_socket(int type, struct kit_seen *seen);
dgram_socket *kit_bound(int type, struct kit_seen *seen);
uint16_t kit_port(dgram_socket *socket);
dgram_stats kit_stats(dgram_socket *socket);

/* A completed send_many: the test sets data to one of these. */
struct kit_sent {
  size_t completed;
};

void kit_on_sent(dgram_socket *socket, dgram_datagram *list, size_t count, void *data);

/* Fills n datagrams of one byte, 'a' and so on, to 127.0.0.1 or ::1. */
void kit_datagrams(dgram_datagram *list, size_t n, int type, uint16_t port);

/* ---- peers ---- */

/* A non-blocking socket of the system, bound to any port of the loopback. */
int kit_peer(int domain, uint16_t *ret_port);
void kit_peer_send(int fd, uint16_t port, const void *bytes, size_t length);

/* What waits at a peer, one byte of each datagram, as text. */
const char *kit_peer_text(int fd);

/* ---- faults ---- */

/* Stands for one system call. Calls number `from` to `to`, the first being 1, do not succeed: they
 * fail with error, or, where that is 0, deal with only `take` of their messages. The call after
 * them fails with error_after, where that is not 0. */
struct kit_fault {
  unsigned calls;
  unsigned from;
  unsigned to;
  int error;
  unsigned take;
  int error_after;
  unsigned sizes[64]; /* messages asked for by each of the first calls */
};

/* Counts a call for count messages. Returns -1 with errno set, or how many messages it is for. */
int kit_fault_meet(struct kit_fault *fault, unsigned count);

/* What several tests replace: each names what it wants in its first line (see test/CMakeLists.txt)
 * and defines the __wrap_ function; the __real_ one is the system's or libuv's. */
int __real_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout);
int __wrap_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                    struct timespec *timeout);
ssize_t __real_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags);
int __real_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);
int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
int __real_uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb cb);
int __wrap_uv_poll_start(uv_poll_t *poll, int events, uv_poll_cb cb);
int __real_uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb cb);
int __wrap_uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb cb);

#endif
