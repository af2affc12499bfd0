/* Options of a bound socket, and its counters. */

#include <limits.h>
#include <string.h>

#include "core/address.h"
#include "core/extras.h"
#include "core/interfaces.h"
#include "core/socket.h"
#include "core/unix.h"

/* Node's setters answer EBADF before `listening`. */
static int set(dgram_socket *socket, int option, int value, int least, int most) {
  int code = dgram__socket_check(socket);

  if (code == 0 && option < DGRAM__OPTION_RECV_BUFFER) code = dgram__needs_ip(socket);
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

int dgram_set_tos(dgram_socket *socket, int tos) {
  return set(socket, DGRAM__OPTION_TOS, tos, 0, 255);
}

int dgram_set_dont_fragment(dgram_socket *socket, bool on) {
  return set(socket, DGRAM__OPTION_DONT_FRAGMENT, on, 0, 1);
}

int dgram_get_path_mtu(dgram_socket *socket, const dgram_address *to) {
  dgram_address peer;
  int code = dgram__socket_check(socket);

  if (code == 0) code = dgram__needs_ip(socket);
  if (code == 0 && to == NULL) code = dgram_remote_address(socket, &peer);
  if (code < 0) return code;
  if (to == NULL) to = &peer;
  if (to->family != dgram__address_family_of(socket->type)) return DGRAM_EINVAL;
  if (socket->binding_state != DGRAM__BOUND) return DGRAM_EBADF;
  return socket->stack->ops->path_mtu(socket->endpoint, to);
}

/* Where IPv4 is named by an address, that is also what datagrams leave from, as in Node. */
int dgram_set_multicast_interface(dgram_socket *socket, const char *ifname) {
  dgram_address address = {0};
  int code = dgram__socket_check(socket);
  bool by_ipv4;

  if (code == 0) code = dgram__needs_ip(socket);
  if (code < 0) return code;
  if (ifname == NULL) return DGRAM_EARGTYPE;
  if (ifname[0] == '\0') return DGRAM_EINVAL;
  if (socket->binding_state != DGRAM__BOUND) return DGRAM_EBADF;
  code = dgram__interface_find(socket->stack, ifname, false, &address);
  if (code < 0) return code;
  by_ipv4 = socket->type == DGRAM_UDP4 && address.family == DGRAM_IPV4;
  return socket->stack->ops->set_multicast_interface(socket->endpoint, (unsigned)code,
                                                     by_ipv4 ? &address : NULL);
}

/* ---- sizes ---- */

static int get_size(const dgram_socket *socket, int option) {
  const int code = dgram__socket_check(socket);

  if (code < 0) return code;
  if (socket->binding_state != DGRAM__BOUND) return DGRAM_EBADF;
  return socket->stack->ops->get_option(dgram__endpoint_of(socket), option);
}

/* Systems make another size of it: what they say then is the answer. */
static int set_size(dgram_socket *socket, int option, int size) {
  int code = dgram__socket_check(socket);

  if (code == 0 && size < 1) return DGRAM_EBADBUFFERSIZE;
  if (code == 0) code = set(socket, option, size, 1, INT_MAX);
  return code < 0 ? code : get_size(socket, option);
}

int dgram_set_recv_buffer_size(dgram_socket *socket, int size) {
  return set_size(socket, DGRAM__OPTION_RECV_BUFFER, size);
}

int dgram_get_recv_buffer_size(const dgram_socket *socket) {
  return get_size(socket, DGRAM__OPTION_RECV_BUFFER);
}

int dgram_set_send_buffer_size(dgram_socket *socket, int size) {
  return set_size(socket, DGRAM__OPTION_SEND_BUFFER, size);
}

int dgram_get_send_buffer_size(const dgram_socket *socket) {
  return get_size(socket, DGRAM__OPTION_SEND_BUFFER);
}

int dgram_get_send_queue_size(const dgram_socket *socket, size_t *ret_bytes) {
  const int code = dgram__socket_check(socket);

  if (code < 0) return code;
  if (ret_bytes == NULL) return DGRAM_EARGTYPE;
  *ret_bytes = (size_t)socket->stats.queued_bytes;
  return 0;
}

int dgram_get_send_queue_count(const dgram_socket *socket, size_t *ret_count) {
  const int code = dgram__socket_check(socket);

  if (code < 0) return code;
  if (ret_count == NULL) return DGRAM_EARGTYPE;
  *ret_count = socket->stats.queued;
  return 0;
}

/* ---- what comes with datagrams, and counters ---- */

int dgram_set_recv_info(dgram_socket *socket, uint32_t bits) {
  const int code = dgram__socket_check(socket);

  if (code < 0) return code;
  if ((bits & ~dgram__recv_info_of(socket->stack, socket->type)) != 0) return DGRAM_ENOTSUP;
  if (socket->binding_state != DGRAM__BOUND) return DGRAM_EBADF;
  if (socket->type == DGRAM_UNIX) return 0; /* it has them always */
  return socket->stack->ops->set_recv_info(socket->endpoint, bits);
}

static uint64_t dropped(const dgram_socket *socket) {
  if (socket->life == DGRAM__ENDING) return socket->dropped;
  if (!socket->endpoint_bound) return 0;
  return socket->stack->ops->dropped(dgram__endpoint_of(socket));
}

/* The core counts what it sees, and the stack the rest. */
static dgram_stats read_stats(const dgram_socket *socket) {
  const struct dgram__counters *core = &socket->stats;
  const struct dgram__endpoint *stack = socket->endpoint;

  return (dgram_stats){
      .received = core->received,
      .received_bytes = core->received_bytes,
      .received_batches = core->received_batches,
      .receive_calls = stack->receive_calls,
      .truncated = stack->truncated,
      .dropped = dropped(socket),
      .blocked = socket->extras == NULL ? 0 : socket->extras->blocked,
      .sent = stack->sent,
      .sent_bytes = stack->sent_bytes,
      .sent_batches = stack->sent_batches,
      .send_calls = stack->send_calls,
      .queued = core->queued,
      .queued_bytes = core->queued_bytes,
      .queued_high_water = core->queued_high_water,
      .send_errors = core->send_errors,
      .receive_errors = core->receive_errors,
      .unheard_errors = core->unheard_errors,
      .errors_resources = core->errors[DGRAM__ERROR_RESOURCES],
      .errors_unreachable = core->errors[DGRAM__ERROR_UNREACHABLE],
      .errors_refused = core->errors[DGRAM__ERROR_REFUSED],
      .errors_denied = core->errors[DGRAM__ERROR_DENIED],
      .errors_size = core->errors[DGRAM__ERROR_SIZE],
      .errors_names = core->errors[DGRAM__ERROR_NAMES],
      .errors_canceled = core->errors[DGRAM__ERROR_CANCELED],
      .errors_other = core->errors[DGRAM__ERROR_OTHER],
      .icmp = socket->extras == NULL ? 0 : socket->extras->icmp,
  };
}

int dgram_get_stats_sized(const dgram_socket *socket, size_t size, dgram_stats *ret_stats) {
  dgram_stats stats;

  if (socket == NULL || ret_stats == NULL) return DGRAM_EARGTYPE;
  stats = read_stats(socket);
  memset(ret_stats, 0, size);
  memcpy(ret_stats, &stats, size < sizeof stats ? size : sizeof stats);
  return 0;
}
