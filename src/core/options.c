/* Options of a bound socket, and its counters. */

#include <string.h>

#include "core/socket.h"

/* Node's setters answer EBADF before `listening`. */
static int set(dgram_socket *socket, int option, int value, int least, int most) {
  const int code = dgram__socket_check(socket);

  if (code < 0) return code;
  if (value < least || value > most) return DGRAM_EINVAL;
  if (socket->binding_state != DGRAM__BOUND) return DGRAM_EBADF;
  return socket->stack->ops->set_option(socket->endpoint, option, value);
}

int dgram_set_broadcast(dgram_socket *socket, bool on) {
  return set(socket, DGRAM__OPTION_BROADCAST, on, 0, 1);
}

int dgram_set_ttl(dgram_socket *socket, int ttl) {
  return set(socket, DGRAM__OPTION_TTL, ttl, 1, 255);
}

int dgram_set_multicast_ttl(dgram_socket *socket, int ttl) {
  return set(socket, DGRAM__OPTION_MULTICAST_TTL, ttl, 0, 255);
}

int dgram_set_multicast_loopback(dgram_socket *socket, bool on) {
  return set(socket, DGRAM__OPTION_MULTICAST_LOOPBACK, on, 0, 1);
}

int dgram_set_recv_info(dgram_socket *socket, uint32_t bits) {
  const int code = dgram__socket_check(socket);

  if (code < 0) return code;
  if ((bits & ~socket->stack->ops->recv_info) != 0) return DGRAM_ENOTSUP;
  if (socket->binding_state != DGRAM__BOUND) return DGRAM_EBADF;
  return socket->stack->ops->set_recv_info(socket->endpoint, bits);
}

/* The core counts what it sees, and the stack the rest. */
static dgram_stats read_stats(const dgram_socket *socket) {
  const struct dgram__counters *core = &socket->stats;
  const struct dgram__endpoint *stack = socket->endpoint;

  return (dgram_stats){
      .received = core->received,
      .received_bytes = core->received_bytes,
      .receive_calls = stack->receive_calls,
      .sent = core->sent,
      .sent_bytes = core->sent_bytes,
      .send_calls = stack->send_calls,
      .send_errors = core->send_errors,
      .receive_errors = core->receive_errors,
      .unheard_errors = core->unheard_errors,
      .truncated = stack->truncated,
      .queued = core->queued,
      .queued_bytes = core->queued_bytes,
      .queued_high_water = core->queued_high_water,
  };
}

int dgram_get_stats_sized(const dgram_socket *socket, size_t size, dgram_stats *ret_stats) {
  const int code = dgram__socket_check(socket);
  dgram_stats stats;

  if (code < 0) return code;
  if (ret_stats == NULL) return DGRAM_EARGTYPE;
  stats = read_stats(socket);
  memset(ret_stats, 0, size);
  memcpy(ret_stats, &stats, size < sizeof stats ? size : sizeof stats);
  return 0;
}
