/* What ICMP answers, for sockets that asked.
 *
 * Happy path: the program asks, at creation or later; the stack tells each answer, which is counted
 * and emitted as `icmp`. Nothing else happens for it: the datagram that it is about has long been
 * dealt with.
 *
 * What can fail: asking, on a stack that cannot or for want of memory, which is told at once. */

#include <assert.h>

#include "core/extras.h"
#include "core/unix.h"

/* Extras are there from the asking on, so that counting needs no memory. */
static int may_ask(dgram_socket *socket) {
  if (!socket->stack->ops->icmp_errors) return DGRAM_ENOTSUP;
  return dgram__extras_need(socket) == NULL ? DGRAM_ENOMEM : 0;
}

int dgram__icmp_configure(dgram_socket *socket, bool on) {
  const int code = on ? may_ask(socket) : 0;

  if (code < 0) return code;
  socket->icmp_errors = on;
  return 0;
}

/* ---- what a stack tells ---- */

static void emit(dgram_socket *socket, const dgram_icmp *icmp) {
  struct dgram__emission emission;

  dgram__emission_begin(&emission, socket->stack, &socket->listeners, DGRAM__ICMP);
  while (dgram__emission_next(&emission)) {
    ((dgram_icmp_cb)emission.cb)(socket, icmp, emission.data);
    if (socket->life != DGRAM__OPEN) break;
  }
  dgram__emission_end(&emission);
}

void dgram__endpoint_icmp(struct dgram__endpoint *endpoint, const dgram_icmp *icmp) {
  dgram_socket *socket = dgram__socket_of(endpoint);

  if (socket->life != DGRAM__OPEN) return;
  assert(socket->icmp_errors);
  socket->extras->icmp++;
  dgram__socket_begin_serving(socket);
  emit(socket, icmp);
  dgram__socket_end_serving(socket);
}

/* ---- public entry points ---- */

int dgram_set_icmp_errors(dgram_socket *socket, bool on) {
  int code = dgram__socket_check(socket);

  if (code == 0) code = dgram__needs_ip(socket);
  if (code == 0 && on) code = may_ask(socket);
  if (code < 0) return code;
  if (socket->binding_state != DGRAM__BOUND) return DGRAM_EBADF;
  if (!socket->stack->ops->icmp_errors) return 0;
  code = socket->stack->ops->set_option(socket->endpoint, DGRAM__OPTION_ICMP_ERRORS, on);
  if (code < 0) return code;
  socket->icmp_errors = on;
  return 0;
}
