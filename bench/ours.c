#include "ours.h"

#include <arpa/inet.h>

void ours_fail(const char *what, int code) {
  bench_die_saying(what, dgram_error_name(code));
}

dgram_socket *ours_socket(dgram_stack *stack) {
  return ours_socket_with_info(stack, 0);
}

dgram_socket *ours_socket_with_info(dgram_stack *stack, uint32_t recv_info) {
  const dgram_socket_options options = {.type = DGRAM_UDP4,
                                        .max_queued_datagrams = SIZE_MAX,
                                        .max_queued_bytes = SIZE_MAX,
                                        .recv_info = recv_info};
  dgram_socket *socket;
  ours_check("dgram_create_socket", dgram_create_socket(stack, &options, &socket));
  return socket;
}

static void on_listening(dgram_socket *socket, void *data) {
  dgram_address local;
  (void)data;
  ours_check("dgram_local_address", dgram_local_address(socket, &local));
  bench_say_port(local.port);
}

static void on_error(dgram_socket *socket, const dgram_error *error, void *data) {
  (void)socket;
  (void)data;
  ours_check(error->syscall, error->code);
}

void ours_listen(dgram_socket *socket) {
  ours_check("dgram_on_listening", dgram_on_listening(socket, on_listening, NULL));
  ours_check("dgram_on_error", dgram_on_error(socket, on_error, NULL));
  ours_check("dgram_bind", dgram_bind(socket, NULL, NULL, NULL));
}

dgram_address ours_loopback(unsigned nth, int port) {
  dgram_address address = {.family = DGRAM_IPV4, .port = (uint16_t)port};
  const struct in_addr bytes = bench_loopback(nth, port).sin_addr;
  memcpy(address.bytes, &bytes, sizeof bytes);
  return address;
}

int main(int argc, char **argv) {
  static const struct bench_role roles[] = {
      {"send-many", ours_send_many},
      {"send-to", ours_send_to},
      {"fan-out", ours_fan_out},
      {"receive-batch", ours_receive_batch},
      {"receive-info", ours_receive_info},
      {"receive-message", ours_receive_message},
      {"reply-batch", ours_reply_batch},
      {"reply-message", ours_reply_message},
      {"idle", ours_idle},
      {"growth-sockets", ours_growth_sockets},
      {"growth-queue", ours_growth_queue},
      {NULL, NULL},
  };
  return bench_main(argc, argv, roles);
}
