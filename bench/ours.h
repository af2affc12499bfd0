/* The programs on libdgram: its public headers alone. */

#ifndef BENCH_OURS_H
#define BENCH_OURS_H

#include <dgram.h>

#include "common.h"
#include "meter.h"

/* Ends the program. */
_Noreturn void ours_fail(const char *what, int code);

/* Ends the program where `code` is one. */
static inline void ours_check(const char *what, int code) {
  if (code < 0) ours_fail(what, code);
}

/* Returns a new socket on the default stack, or on `stack`, with room for any number of sends; and
 * one that tells these kinds of info. */
dgram_socket *ours_socket(dgram_stack *stack);
dgram_socket *ours_socket_with_info(dgram_stack *stack, uint32_t recv_info);

/* Binds to any port of all interfaces; says the port when that has happened. */
void ours_listen(dgram_socket *socket);

/* bench_loopback, as the library has addresses. */
dgram_address ours_loopback(unsigned nth, int port);

int ours_send_many(const struct bench_options *options);
int ours_send_to(const struct bench_options *options);
int ours_fan_out(const struct bench_options *options);
int ours_receive_batch(const struct bench_options *options);
int ours_receive_info(const struct bench_options *options);
int ours_receive_message(const struct bench_options *options);
int ours_reply_batch(const struct bench_options *options);
int ours_reply_message(const struct bench_options *options);
int ours_idle(const struct bench_options *options);
int ours_growth_sockets(const struct bench_options *options);
int ours_growth_queue(const struct bench_options *options);

#endif
