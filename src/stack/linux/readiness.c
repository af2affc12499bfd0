/* What epoll is asked for on behalf of a socket, and what is done when it answers.
 *
 * Happy path: receiving and waiting for room to send are two wishes; together they are the mask
 * that uv_poll watches. When it fires, datagrams are received and the core is told of room.
 *
 * Two things make this longer than it looks. uv_poll_start costs two system calls each time, so it
 * is called only when the mask differs, and while on_ready is at work not before its end: a core
 * that pauses and resumes, or that fills the socket again when told of room, then costs none. And
 * an error: libuv stops the handle and says UV_EBADF, whatever else the socket has to say
 * (error_queue.c). */

#include "stack/linux/linux.h"
#include "stack/linux/system.h"

/* UV_DISCONNECT costs nothing and comes for one reason only: somebody who has the descriptor too
 * has called shutdown(2). Then the kernel says "readable" for ever, and has EAGAIN for who
 * reads. */
enum { READING = UV_READABLE | UV_DISCONNECT };

static void on_ready(uv_poll_t *poll, int status, int events);

static uint8_t wanted(const struct linux_endpoint *endpoint) {
  return (uint8_t)((endpoint->receiving && !endpoint->rests_receiving ? READING : 0) |
                   (endpoint->wants_writable && !endpoint->rests_sending ? UV_WRITABLE : 0));
}

/* Makes libuv watch for what is wanted. With a mask of 0 uv_poll_start stops the handle. */
static int arm(struct linux_endpoint *endpoint) {
  uint8_t mask = wanted(endpoint);
  if (endpoint->in_callback || endpoint->armed == mask) return 0;
  int code = uv_poll_start(&endpoint->poll, mask, on_ready);
  if (code < 0) return loop_error(code);
  endpoint->armed = mask;
  return 0;
}

/* ---- wishes ---- */

int linux_stack_receive_start(struct dgram__endpoint *base) {
  struct linux_endpoint *endpoint = linux_endpoint_of(base);
  int code = linux_stack_receiver_prepare(linux_stack_of(base));
  if (code < 0) return code;
  bool before = endpoint->receiving;
  endpoint->receiving = true;
  code = arm(endpoint);
  if (code < 0) endpoint->receiving = before;
  return code;
}

void linux_stack_receive_stop(struct dgram__endpoint *base) {
  struct linux_endpoint *endpoint = linux_endpoint_of(base);
  endpoint->receiving = false;
  (void)arm(endpoint);
}

void linux_stack_want_writable(struct linux_endpoint *endpoint) {
  endpoint->wants_writable = true;
  (void)arm(endpoint);
}

/* A mask that fails to be set is tried again when something is wanted next. */
void linux_stack_rearm(struct linux_endpoint *endpoint) {
  (void)arm(endpoint);
}

/* ---- answers ---- */

/* A unix socket is writable though who it sends to is full, and that is usual: it asks again soon, and
 * less often while that lasts. Others have another reason, which stays. */
static void rest_in_vain(struct linux_endpoint *endpoint) {
  const unsigned turns = endpoint->vain_turns;
  if (turns < DGRAM__VAIN_TURNS) endpoint->vain_turns++;
  if (linux_stack_is_unix(endpoint))
    linux_stack_rest_sending(endpoint, turns < DGRAM__VAIN_TURNS ? 1U << turns : DGRAM__REST_MS);
  else if (turns >= DGRAM__VAIN_TURNS)
    linux_stack_rest_sending(endpoint, DGRAM__REST_MS);
}

/* There may be room and still EAGAIN, of a route that is being set up (IPsec), say. */
static void tell_sendable(struct linux_endpoint *endpoint) {
  endpoint->wants_writable = false;
  endpoint->took_some = false;
  dgram__endpoint_sendable(&endpoint->base, DGRAM_EAGAIN);
  bool vain = endpoint->wants_writable && !endpoint->took_some;
  if (vain)
    rest_in_vain(endpoint);
  else
    endpoint->vain_turns = 0;
}

/* Datagrams that lie there still have been told, up to a turn's worth. */
static void end_receiving(struct linux_endpoint *endpoint) {
  endpoint->receiving = false;
  dgram__endpoint_receive_ended(&endpoint->base, DGRAM_ENOTCONN, "shutdown");
}

/* After an error libuv does not say what else is ready, so everything is tried: errors that keep
 * coming must not starve datagrams. Each step may have closed the socket, which clears both
 * wishes. */
static void on_ready(uv_poll_t *poll, int status, int events) {
  struct linux_endpoint *endpoint = poll->data;
  endpoint->in_callback = true;
  if (status < 0) {
    endpoint->armed = 0;
    events = UV_READABLE | UV_WRITABLE;
    linux_stack_take_errors(endpoint);
  }
  if ((events & UV_READABLE) && !endpoint->rests_receiving) linux_stack_receive(endpoint);
  if ((events & UV_DISCONNECT) && endpoint->receiving) end_receiving(endpoint);
  if ((events & UV_WRITABLE) && endpoint->wants_writable && !endpoint->rests_sending)
    tell_sendable(endpoint);
  endpoint->in_callback = false;
  if (endpoint->fd >= 0) (void)arm(endpoint);
}
