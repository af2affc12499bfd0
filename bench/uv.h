/* The programs on libuv's uv_udp_t, each job in the forms that libuv has for it. */

#ifndef BENCH_UV_H
#define BENCH_UV_H

#include <uv.h>

#include "common.h"
#include "meter.h"

/* Ends the program where `code` is one. */
void bench_uv_check(const char *what, int code);

/* The one socket of a program, on the default loop; bound. `flags` of uv_udp_init_ex. */
uv_udp_t *bench_uv_socket(unsigned flags);

/* Prints the socket's port. */
void bench_uv_say_port(uv_udp_t *socket);

int bench_uv_run(void);

/* Memory to receive into. */
enum {
  /* A slot for each of the datagrams that libuv 1.44 asks recvmmsg for at most. */
  BENCH_UV_SLOTS = 20
};
void bench_uv_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer);

int bench_uv_send_try(const struct bench_options *options);
int bench_uv_send_queued(const struct bench_options *options);
int bench_uv_fan_out_try(const struct bench_options *options);
int bench_uv_fan_out_queued(const struct bench_options *options);
int bench_uv_receive(const struct bench_options *options);
int bench_uv_receive_mmsg(const struct bench_options *options);
int bench_uv_reply_try(const struct bench_options *options);
int bench_uv_reply_try_mmsg(const struct bench_options *options);
int bench_uv_reply_queued(const struct bench_options *options);
int bench_uv_reply_queued_mmsg(const struct bench_options *options);

#endif
