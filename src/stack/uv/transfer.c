/* Receiving and sending, a datagram at a time.
 *
 * Happy path, in: libuv reads a datagram into the stack's slot and calls back, up to 32 times a
 * turn; each is told at once, so all endpoints share one slot. Out: uv_udp_try_send for each
 * datagram.
 *
 * Failure modes: where the system takes no more, one datagram waits in libuv and no other, so that
 * libuv's batches, which lose errors, never have two. Its callback tells that the endpoint is
 * sendable, with what became of it. A handle that is closed calls it back too: with UV_ECANCELED,
 * or with UV_EBADF where libuv 1.44 tries to send on a handle that was closed while it received.
 * Then nobody wants to know. Where there is a peer an error may belong to a datagram sent before: it
 * is told, and the one at hand is tried again; so is one that libuv had when the peer was taken
 * away. ENOBUFS is EAGAIN to libuv; Linux answers it only to those who asked
 * for errors. */

#include "stack/uv/uv_stack.h"

#include <assert.h>
#include <poll.h>

#include "stack/loop/sockaddr.h"

/* ---- receiving ---- */

static void on_slot_wanted(uv_handle_t *udp, size_t suggested_size, uv_buf_t *ret_slot) {
  struct uv_stack_endpoint *endpoint = udp->data;
  (void)suggested_size;
  *ret_slot = uv_buf_init(uv_stack_of(endpoint->base.stack)->slot, DGRAM__SLOT_SIZE);
}

/* No datagram is larger than a slot but a jumbogram of RFC 2675. */
static void tell_message(struct uv_stack_endpoint *endpoint, const uv_buf_t *slot, size_t length,
                         const struct sockaddr *from, unsigned flags) {
  const bool truncated = flags & UV_UDP_PARTIAL;
  const dgram_recv_info info = {.present = DGRAM_RECV_TRUNCATED, .truncated = truncated};
  dgram_message message = {.bytes = slot->base, .length = length};
  loop_address_from_sockaddr(from, &message.from);
  endpoint->base.truncated += truncated;
  if (truncated || endpoint->tells_info) message.info = &info;
  dgram__endpoint_received(&endpoint->base, &message, 1);
}

#if defined(POLLRDHUP)
/* Whether somebody who has the descriptor too has called shutdown(2). Then it is readable for ever,
 * with nothing to read. */
static bool is_shut_down(struct uv_stack_endpoint *endpoint) {
  struct pollfd poll_fd = {.events = POLLRDHUP};
  if (uv_fileno((uv_handle_t *)endpoint->udp, &poll_fd.fd) < 0) return false;
  return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLRDHUP);
}
#else
static bool is_shut_down(struct uv_stack_endpoint *endpoint) {
  (void)endpoint;
  return false;
}
#endif

static void count_empty(struct uv_stack_endpoint *endpoint) {
  if (++endpoint->empties < DGRAM__EMPTY_RECEIVES) return;
  endpoint->empties = 0;
  if (!is_shut_down(endpoint)) return;
  uv_udp_recv_stop(endpoint->udp);
  dgram__endpoint_receive_ended(&endpoint->base, DGRAM_ENOTCONN, "shutdown");
}

/* Nothing is looked at after a telling: libuv sees by itself whether the handle still receives.
 * Without an address there was nothing to read; a datagram of no bytes has one. */
static void on_received(uv_udp_t *udp, ssize_t length, const uv_buf_t *slot,
                        const struct sockaddr *from, unsigned flags) {
  struct uv_stack_endpoint *endpoint = udp->data;
  endpoint->base.receive_calls++;
  if (length == 0 && !from) {
    count_empty(endpoint);
    return;
  }
  endpoint->empties = 0;
  if (length < 0)
    dgram__endpoint_receive_failed(&endpoint->base, loop_error((int)length), "recvmsg");
  else if (from)
    tell_message(endpoint, slot, (size_t)length, from, flags);
}

int uv_stack_receive_start(struct dgram__endpoint *base) {
  int error = uv_stack_need_slot(uv_stack_of(base->stack));
  if (error < 0) return error;
  error = uv_udp_recv_start(uv_stack_endpoint_of(base)->udp, on_slot_wanted, on_received);
  return error < 0 && error != UV_EALREADY ? loop_error(error) : 0;
}

void uv_stack_receive_stop(struct dgram__endpoint *base) {
  uv_udp_recv_stop(uv_stack_endpoint_of(base)->udp);
}

/* ---- sending ---- */

/* A datagram as libuv wants it. */
struct outgoing {
  union loop_sockaddr name;
  const struct sockaddr *to; /* NULL: the peer */
  uv_buf_t buffers[DGRAM__PARTS_MAX];
  unsigned count;
};

static uv_buf_t buffer_of(const void *bytes, size_t length) {
  return uv_buf_init((char *)(uintptr_t)bytes, (unsigned)length);
}

/* libuv refuses any address while there is a peer, its own too. */
static bool is_peers(struct uv_stack_endpoint *endpoint, const dgram_address *to) {
  dgram_address peer;
  return uv_stack_remote_address(&endpoint->base, &peer) == 0 && dgram_address_equal(to, &peer);
}

static void prepare(struct uv_stack_endpoint *endpoint, const dgram_datagram *datagram,
                    struct outgoing *ret) {
  const dgram_buffer *parts = datagram->bytes;
  bool named = loop_address_to_sockaddr(&datagram->to, &ret->name) > 0;
  if (named && endpoint->connected) named = !is_peers(endpoint, &datagram->to);
  ret->to = named ? &ret->name.any : NULL;
  ret->count = datagram->parts > 0 ? datagram->parts : 1;
  assert(ret->count <= DGRAM__PARTS_MAX);
  if (datagram->parts == 0) ret->buffers[0] = buffer_of(datagram->bytes, datagram->length);
  for (uint32_t i = 0; i < datagram->parts; i++)
    ret->buffers[i] = buffer_of(parts[i].bytes, parts[i].length);
}

/* What ICMP can say of a datagram sent before. */
static bool may_be_anothers(int code) {
  static const int codes[] = {DGRAM_ECONNREFUSED, DGRAM_EHOSTUNREACH, DGRAM_ENETUNREACH,
                              DGRAM_EHOSTDOWN,    DGRAM_ENOPROTOOPT,  DGRAM_EPROTO,
                              DGRAM_EMSGSIZE,     DGRAM_EACCES};
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    if (codes[i] == code) return true;
  }
  return false;
}

static bool offers_again(struct uv_stack_endpoint *endpoint, int code) {
  if (!endpoint->connected) return code < 0;
  if (!may_be_anothers(code)) return false;
  dgram__endpoint_peer_failed(&endpoint->base, code);
  return true;
}

static void on_sent(uv_udp_send_t *request, int status) {
  struct uv_stack_endpoint *endpoint = request->data;
  endpoint->queued = false;
  if (endpoint->closing) return;
  int result = status < 0 ? loop_error(status) : endpoint->queued_length;
  if (endpoint->queued_to_peer && offers_again(endpoint, result)) {
    dgram__endpoint_sendable(&endpoint->base, DGRAM_EAGAIN);
    return;
  }
  if (result >= 0) endpoint->base.sent_batches++;
  dgram__endpoint_count(&endpoint->base, result);
  dgram__endpoint_sendable(&endpoint->base, result);
}

/* DGRAM_EAGAIN: libuv has it now. Else its result. */
static int queue_one(struct uv_stack_endpoint *endpoint, const struct outgoing *outgoing,
                     size_t length) {
  assert(!endpoint->queued);
  endpoint->base.send_calls++;
  int error = uv_udp_send(&endpoint->request, endpoint->udp, outgoing->buffers, outgoing->count,
                          outgoing->to, on_sent);
  if (error < 0) return loop_error(error);
  endpoint->queued = true;
  endpoint->queued_to_peer = !outgoing->to;
  endpoint->queued_length = (int)length;
  return DGRAM_EAGAIN;
}

static int try_once(struct uv_stack_endpoint *endpoint, const struct outgoing *outgoing) {
  if (!outgoing->to && !endpoint->connected) return DGRAM_EDESTADDRREQ;
  endpoint->base.send_calls++;
  int sent = uv_udp_try_send(endpoint->udp, outgoing->buffers, outgoing->count, outgoing->to);
  return sent < 0 ? loop_error(sent) : sent;
}

/* A code that comes again is the datagram's own; but a refusal never is. */
static int try_to_send(struct uv_stack_endpoint *endpoint, const struct outgoing *outgoing) {
  int sent = try_once(endpoint, outgoing);
  for (int i = 0; i < DGRAM__RETRIES_MAX && endpoint->connected && may_be_anothers(sent); i++) {
    int first = sent;
    sent = try_once(endpoint, outgoing);
    if (sent == first && first != DGRAM_ECONNREFUSED) break;
    dgram__endpoint_peer_failed(&endpoint->base, first);
  }
  return sent;
}

/* The datagram's result, or DGRAM_EAGAIN. */
static int send_one(struct uv_stack_endpoint *endpoint, const dgram_datagram *datagram,
                    unsigned flags) {
  struct outgoing outgoing;
  prepare(endpoint, datagram, &outgoing);
  int sent = try_to_send(endpoint, &outgoing);
  if (sent >= 0) endpoint->base.sent_batches++;
  if (sent != DGRAM_EAGAIN) return sent;
  return flags & DGRAM__SEND_TRY ? DGRAM_EAGAIN : queue_one(endpoint, &outgoing, datagram->length);
}

int uv_stack_send(struct dgram__endpoint *base, dgram_datagram *list, size_t count, size_t run,
                  unsigned flags) {
  (void)run;
  struct uv_stack_endpoint *endpoint = uv_stack_endpoint_of(base);
  for (size_t i = 0; i < count; i++) {
    int result = send_one(endpoint, &list[i], flags);
    if (result == DGRAM_EAGAIN) return (int)i;
    list[i].result = result;
    dgram__endpoint_count(base, result);
  }
  return (int)count;
}
