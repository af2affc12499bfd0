/* Sockets that are left alone for a while.
 *
 * Happy path: there is none of them. epoll says as often as it is asked that a socket is ready, so
 * one that is ready and yet neither brings datagrams nor takes any, only errors, turns the loop at
 * full speed. It rests: what it was asked in vain is asked again after some time, by a timer that
 * exists for that long. The other direction goes on.
 *
 * Failure modes: without memory for the timer it does not rest, and the loop turns. */

#include "stack/linux/linux.h"

/* In a list of its stack, since hardly a socket ever has one. */
struct linux_rest {
  uv_timer_t timer;
  struct linux_rest *next;
  struct linux_endpoint *endpoint; /* not after linux_stack_rest_end */
  dgram_stack *stack;
};

static void on_closed(uv_handle_t *handle) {
  struct linux_rest *rest = handle->data;
  dgram__free(rest->stack, rest);
}

static struct linux_rest *take(struct linux_endpoint *endpoint) {
  struct linux_rest **place = &linux_stack_of(&endpoint->base)->rests;
  while ((*place)->endpoint != endpoint)
    place = &(*place)->next;
  struct linux_rest *rest = *place;
  *place = rest->next;
  return rest;
}

static bool rests(const struct linux_endpoint *endpoint) {
  return endpoint->rests_receiving || endpoint->rests_sending;
}

/* The stack outlives the timer: the socket has to close first, which takes a turn more. */
void linux_stack_rest_end(struct linux_endpoint *endpoint) {
  if (!rests(endpoint)) return;
  endpoint->rests_receiving = false;
  endpoint->rests_sending = false;
  uv_close((uv_handle_t *)&take(endpoint)->timer, on_closed);
}

static void on_rested(uv_timer_t *timer) {
  struct linux_rest *rest = timer->data;
  struct linux_endpoint *endpoint = rest->endpoint;
  linux_stack_rest_end(endpoint);
  linux_stack_rearm(endpoint);
}

/* False: no memory. */
static bool begin(struct linux_endpoint *endpoint, unsigned ms) {
  if (rests(endpoint)) return true;
  struct linux_rest *rest = dgram__malloc(endpoint->base.stack, sizeof *rest);
  if (!rest) return false;
  rest->endpoint = endpoint;
  rest->stack = endpoint->base.stack;
  rest->timer.data = rest;
  uv_timer_init(loop_stack_of(rest->stack)->loop, &rest->timer);
  uv_unref((uv_handle_t *)&rest->timer);
  uv_timer_start(&rest->timer, on_rested, ms, 0);
  rest->next = linux_stack_of(&endpoint->base)->rests;
  linux_stack_of(&endpoint->base)->rests = rest;
  return true;
}

void linux_stack_rest_receiving(struct linux_endpoint *endpoint) {
  endpoint->rests_receiving = begin(endpoint, DGRAM__REST_MS);
}

void linux_stack_rest_sending(struct linux_endpoint *endpoint, unsigned ms) {
  endpoint->rests_sending = begin(endpoint, ms);
}
