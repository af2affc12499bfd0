#include "uv.h"

#include <arpa/inet.h>

void bench_uv_check(const char *what, int code) {
  if (code < 0) bench_die_saying(what, uv_err_name(code));
}

uv_udp_t *bench_uv_socket(unsigned flags) {
  static uv_udp_t socket;
  const struct sockaddr_in any = {.sin_family = AF_INET};
  bench_uv_check("uv_udp_init_ex", uv_udp_init_ex(uv_default_loop(), &socket, AF_INET | flags));
  bench_uv_check("uv_udp_bind", uv_udp_bind(&socket, (const struct sockaddr *)&any, 0));
  return &socket;
}

void bench_uv_say_port(uv_udp_t *socket) {
  struct sockaddr_in local;
  int size = sizeof local;
  bench_uv_check("uv_udp_getsockname",
                 uv_udp_getsockname(socket, (struct sockaddr *)&local, &size));
  bench_say_port(ntohs(local.sin_port));
}

int bench_uv_run(void) {
  return uv_run(uv_default_loop(), UV_RUN_DEFAULT) != 0;
}

void bench_uv_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer) {
  static char bytes[BENCH_UV_SLOTS * BENCH_SLOT];
  (void)suggested;
  /* libuv makes as many slots of it as fit; without recvmmsg one is what it can use. */
  const bool many = uv_udp_using_recvmmsg((uv_udp_t *)handle);
  *ret_buffer = uv_buf_init(bytes, many ? sizeof bytes : BENCH_SLOT);
}

int main(int argc, char **argv) {
  static const struct bench_role roles[] = {
      {"send-try", bench_uv_send_try},
      {"send-queued", bench_uv_send_queued},
      {"fan-out-try", bench_uv_fan_out_try},
      {"fan-out-queued", bench_uv_fan_out_queued},
      {"receive", bench_uv_receive},
      {"receive-mmsg", bench_uv_receive_mmsg},
      {"reply-try", bench_uv_reply_try},
      {"reply-try-mmsg", bench_uv_reply_try_mmsg},
      {"reply-queued", bench_uv_reply_queued},
      {"reply-queued-mmsg", bench_uv_reply_queued_mmsg},
      {NULL, NULL},
  };
  return bench_main(argc, argv, roles);
}
