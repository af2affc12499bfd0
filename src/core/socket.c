/* A socket's life: from dgram_create_socket to the end of `close`.
 *
 * The happy path: create allocates the socket and the stack's endpoint in one piece. dgram_close
 * hands what is queued to the system; where nothing is left the endpoint closes within the call
 * (ENDING), else the socket lingers until the last datagram has left or the linger timer rings. In
 * a later turn, when all callbacks have run and the stack has given the endpoint back, `close` is
 * emitted and the memory goes.
 *
 * What can fail: creating, for want of memory. Closing cannot: where there is no memory for the
 * linger timer what has not left is cancelled at once. */

#include "core/socket.h"

#include <assert.h>
#include <string.h>

#include "core/address.h"
#include "core/block_list.h"
#include "core/extras.h"
#include "core/unix.h"

/* ---- states ---- */

void dgram__socket_set_binding_state(dgram_socket *socket, enum dgram__binding_state state) {
  const enum dgram__binding_state from = socket->binding_state;

  (void)from;
  assert((from == DGRAM__UNBOUND && state != DGRAM__UNBOUND) ||
         (from == DGRAM__BINDING && state != DGRAM__BINDING));
  socket->binding_state = state;
  dgram__socket_update_way(socket);
  dgram__socket_update_hold(socket);
}

static void set_life(dgram_socket *socket, enum dgram__life life) {
  assert(life > socket->life);
  socket->life = life;
  dgram__socket_update_hold(socket);
}

/* Rule 6: accepted work keeps the loop alive even on an unref'd socket; so does a bind, a connect,
 * and a close. */
static bool should_hold(const dgram_socket *socket) {
  if (socket->life != DGRAM__OPEN || socket->stats.queued > 0) return true;
  if (socket->binding_state == DGRAM__BOUND && !socket->unreffed) return true;
  if (socket->binding_state == DGRAM__BINDING || socket->listening_pending) return true;
  return dgram__connect_pending(socket);
}

void dgram__socket_update_hold(dgram_socket *socket) {
  const bool holds = should_hold(socket);

  if (holds == socket->holds) return;
  socket->holds = holds;
  if (holds) {
    dgram__host_hold(socket->stack);
  } else {
    dgram__host_release(socket->stack);
  }
}

/* ---- creating ---- */

static void link_socket(dgram_socket *socket) {
  struct dgram__host *host = socket->stack->host;

  socket->next = host->sockets;
  if (socket->next != NULL) socket->next->previous = socket;
  host->sockets = socket;
}

static void unlink_socket(dgram_socket *socket) {
  if (socket->previous != NULL) {
    socket->previous->next = socket->next;
  } else {
    socket->stack->host->sockets = socket->next;
  }
  if (socket->next != NULL) socket->next->previous = socket->previous;
}

static void configure(dgram_socket *socket, const dgram_socket_options *options) {
  size_t max_queued = options->max_queued_datagrams;

  if (max_queued == 0) max_queued = DGRAM__QUEUED_DATAGRAMS_DEFAULT;
  socket->type = (uint8_t)options->type;
  socket->reuse_addr = options->reuse_addr;
  socket->linger_ms = options->linger_ms == 0 ? DGRAM__LINGER_DEFAULT_MS : options->linger_ms;
  socket->max_queued = max_queued < UINT32_MAX ? (uint32_t)max_queued : UINT32_MAX;
  socket->max_queued_bytes =
      options->max_queued_bytes != 0 ? options->max_queued_bytes : DGRAM__QUEUED_BYTES_DEFAULT;
}

/* Whether nothing is asked for that few sockets are. */
static bool is_plain(const dgram_socket_options *options) {
  return options->recv_buffer_size == 0 && options->send_buffer_size == 0 &&
         options->recv_info == 0 && options->receive_block_list == NULL &&
         options->send_block_list == NULL && !options->reuse_port && !options->ipv6_only &&
         options->lookup == NULL && options->disable == 0;
}

static void set_asker(dgram_socket *socket, const dgram_socket_options *options) {
  struct dgram__asker *asker = &socket->extras->asker;

  asker->cb = options->lookup;
  asker->data = options->lookup_data;
  asker->socket = socket;
  asker->number = ++socket->stack->host->lookups.askers;
}

static int configure_extras(dgram_socket *socket, const dgram_socket_options *options) {
  struct dgram__extras *extras;

  if (is_plain(options)) return 0;
  extras = dgram__extras_need(socket);
  if (extras == NULL) return DGRAM_ENOMEM;
  if (options->reuse_port) extras->bind_flags |= DGRAM__BIND_REUSE_PORT;
  if (options->ipv6_only) extras->bind_flags |= DGRAM__BIND_IPV6_ONLY;
  if (options->disable & DGRAM_DISABLE_MMSG) extras->bind_flags |= DGRAM__BIND_NO_MMSG;
  if (options->disable & DGRAM_DISABLE_GSO) extras->bind_flags |= DGRAM__BIND_NO_GSO;
  if (options->disable & DGRAM_DISABLE_GRO) extras->bind_flags |= DGRAM__BIND_NO_GRO;
  extras->recv_buffer_size = options->recv_buffer_size;
  extras->send_buffer_size = options->send_buffer_size;
  extras->recv_info = options->recv_info;
  extras->receive_block_list = dgram__block_list_keep(options->receive_block_list);
  extras->send_block_list = dgram__block_list_keep(options->send_block_list);
  if (options->lookup != NULL) set_asker(socket, options);
  return 0;
}

static int create(dgram_stack *stack, const dgram_socket_options *options,
                  dgram_socket **ret_socket) {
  dgram_socket *socket = dgram__calloc(stack, sizeof *socket + stack->ops->endpoint_size);
  int code;

  if (socket == NULL) return DGRAM_ENOMEM;
  socket->stack = stack;
  configure(socket, options);
  socket->endpoint->stack = stack;
  socket->endpoint->type = options->type;
  code = dgram__icmp_configure(socket, options->icmp_errors);
  if (code == 0) code = configure_extras(socket, options);
  if (code == 0 && options->on_message != NULL) {
    code = dgram__listeners_add(stack, &socket->listeners, DGRAM__MESSAGE,
                                (dgram__any_cb)options->on_message, options->data, false);
  }
  if (code == 0) code = stack->ops->open(socket->endpoint);
  if (code < 0) goto fail;
  link_socket(socket);
  *ret_socket = socket;
  return 0;

fail:
  dgram__listeners_clear(stack, &socket->listeners);
  dgram__extras_free(socket);
  dgram__free(stack, socket);
  return code;
}

int dgram__socket_look_up(dgram_socket *socket, const char *name, struct dgram__waiter *waiter) {
  struct dgram__extras *extras = socket->extras;
  struct dgram__asker *asker = extras == NULL || extras->asker.cb == NULL ? NULL : &extras->asker;

  return dgram__lookup_join(socket->stack, name, dgram__address_family_of(socket->type), asker,
                            waiter);
}

/* ---- events ---- */

void dgram__socket_emit_error(dgram_socket *socket, int code, const char *syscall,
                              const char *address, int port, bool heard) {
  const dgram_error error = {.code = code, .syscall = syscall, .address = address, .port = port};
  struct dgram__emission emission;

  if (!dgram__listeners_any(&socket->listeners, DGRAM__ERROR)) {
    if (heard) return;
    socket->stats.unheard_errors++;
    dgram__host_unheard(socket->stack, socket, &error);
    return;
  }
  dgram__emission_begin(&emission, socket->stack, &socket->listeners, DGRAM__ERROR);
  while (dgram__emission_next(&emission)) {
    ((dgram_error_cb)emission.cb)(socket, &error, emission.data);
  }
  dgram__emission_end(&emission);
}

static void emit_close(dgram_socket *socket) {
  struct dgram__emission emission;

  dgram__emission_begin(&emission, socket->stack, &socket->listeners, DGRAM__CLOSE);
  while (dgram__emission_next(&emission)) {
    ((dgram_close_cb)emission.cb)(socket, emission.data);
  }
  dgram__emission_end(&emission);
}

/* ---- closing ---- */

static void stop_linger(dgram_socket *socket) {
  if (socket->linger == NULL) return;
  (void)dgram_timer_stop(socket->linger);
  dgram__free(socket->stack, socket->linger);
  socket->linger = NULL;
}

/* The port is free when it returns. */
static void end_endpoint(dgram_socket *socket) {
  stop_linger(socket);
  if (socket->endpoint_bound) {
    socket->dropped = (uint32_t)socket->stack->ops->dropped(socket->endpoint);
  }
  set_life(socket, DGRAM__ENDING);
  socket->endpoint_gone = socket->stack->ops->close_endpoint(socket->endpoint);
  dgram__socket_want_turn(socket);
}

/* Cancels what has not left, and ends. syscall NULL: by the program's will. */
static void cancel_and_end(dgram_socket *socket, const char *syscall) {
  dgram__bind_cancel(socket);
  dgram__send_fail_all(socket, DGRAM_ECANCELED, syscall);
  end_endpoint(socket);
}

static void on_linger_end(dgram_timer *timer, void *data) {
  (void)timer;
  cancel_and_end(data, "send");
}

static bool start_linger(dgram_socket *socket) {
  if (socket->linger_ms < 0) return false;
  socket->linger = dgram__calloc(socket->stack, sizeof *socket->linger);
  if (socket->linger == NULL) return false;
  if (dgram_timer_start(socket->stack, socket->linger,
                        (uint64_t)socket->linger_ms * DGRAM_MILLISECOND, on_linger_end,
                        socket) < 0) {
    dgram__free(socket->stack, socket->linger);
    socket->linger = NULL;
    return false;
  }
  return true;
}

/* Of what is under way only sends go on. */
static void stop_all_but_sending(dgram_socket *socket) {
  dgram__connect_cancel(socket);
  if (socket->binding_state == DGRAM__BOUND) {
    socket->stack->ops->receive_stop(socket->endpoint);
  }
  dgram__receive_drop_held(socket);
}

static void close_socket(dgram_socket *socket) {
  stop_all_but_sending(socket);
  dgram__send_flush(socket, DGRAM__SEND_TURN);
  if (!dgram__send_unsent(socket)) {
    cancel_and_end(socket, NULL);
  } else if (start_linger(socket)) {
    set_life(socket, DGRAM__LINGERING);
  } else {
    cancel_and_end(socket, "send");
  }
}

void dgram__socket_abort(dgram_socket *socket) {
  if (socket->life == DGRAM__ENDING) return;
  if (socket->life == DGRAM__OPEN) stop_all_but_sending(socket);
  cancel_and_end(socket, NULL);
}

static void destroy(dgram_socket *socket) {
  dgram_stack *stack = socket->stack;

  assert(socket->queue == NULL && socket->binding == NULL);
  dgram__extras_free(socket);
  dgram__listeners_clear(stack, &socket->listeners);
  unlink_socket(socket);
  dgram__host_release(stack);
  dgram__free(stack, socket);
}

static bool is_done(const dgram_socket *socket) {
  return socket->life == DGRAM__ENDING && socket->endpoint_gone && socket->queue == NULL &&
         !dgram__bind_pending(socket) && !dgram__connect_pending(socket);
}

void dgram__socket_begin_serving(dgram_socket *socket) {
  dgram__host_enter(socket->stack);
  socket->stack->host->serving = socket;
}

void dgram__socket_end_serving(dgram_socket *socket) {
  dgram__send_serve(socket);
  socket->stack->host->serving = NULL;
  dgram__host_leave(socket->stack);
}

/* The order matters: a bind that has ended lets a connect begin, and the queue leave; what has left calls back; what
 * called back lets a lingering socket end; and `close` is the last of all. A socket that has asked
 * for another turn meanwhile, which it may have in a callback, ends in that. */
void dgram__socket_turn(dgram_socket *socket) {
  dgram__socket_begin_serving(socket);
  dgram__bind_turn(socket);
  if (socket->extras != NULL) dgram__connect_turn(socket);
  dgram__receive_held(socket);
  dgram__socket_end_serving(socket);
  if (socket->life == DGRAM__LINGERING && !dgram__send_unsent(socket)) {
    cancel_and_end(socket, NULL);
  } else if (is_done(socket) && !socket->wants_turn) {
    emit_close(socket);
    destroy(socket);
  }
}

void dgram__endpoint_closed(struct dgram__endpoint *endpoint) {
  dgram_socket *socket = dgram__socket_of(endpoint);

  assert(socket->life == DGRAM__ENDING && !socket->endpoint_gone);
  socket->endpoint_gone = true;
  dgram__socket_want_turn(socket);
}

/* ---- public entry points ---- */

static int check_options(const dgram_socket_options *options) {
  const uint32_t known = DGRAM_DISABLE_MMSG | DGRAM_DISABLE_GSO | DGRAM_DISABLE_GRO;
  const int type = options->type;

  if (type != DGRAM_UDP4 && type != DGRAM_UDP6 && type != DGRAM_UNIX) return DGRAM_EBADTYPE;
  if (options->recv_buffer_size < 0 || options->send_buffer_size < 0) return DGRAM_EBADBUFFERSIZE;
  if ((options->disable & ~known) != 0) return DGRAM_EINVAL;
  return options->ipv6_only && type != DGRAM_UDP6 ? DGRAM_EINVAL : 0;
}

int dgram_create_socket_sized(dgram_stack *stack, const dgram_socket_options *options, size_t size,
                              dgram_socket **ret_socket) {
  dgram_socket_options copy;
  int code;

  if (ret_socket == NULL) return DGRAM_EARGTYPE;
  code = dgram__options_copy(&copy, sizeof copy, options, size);
  if (code == 0) code = check_options(&copy);
  if (code == 0) code = dgram__stack_of(stack, true, &stack);
  if (code < 0) return code;
  if (copy.type == DGRAM_UNIX) code = dgram__unix_check_options(stack, &copy);
  if (code < 0) return code;
  if ((copy.recv_info & ~dgram__recv_info_of(stack, copy.type)) != 0) return DGRAM_ENOTSUP;
  return create(stack, &copy, ret_socket);
}

int dgram_socket_type(const dgram_socket *socket) {
  const int code = dgram__socket_check(socket);

  return code < 0 ? code : socket->type;
}

dgram_stack *dgram_socket_stack(const dgram_socket *socket) {
  return socket == NULL ? NULL : socket->stack;
}

int dgram_close(dgram_socket *socket, dgram_close_cb cb, void *data) {
  int code = dgram__socket_check(socket);

  if (code < 0) return code;
  if (cb != NULL) {
    code = dgram__listeners_add(socket->stack, &socket->listeners, DGRAM__CLOSE, (dgram__any_cb)cb,
                                data, false);
    if (code < 0) return code;
  }
  close_socket(socket);
  return 0;
}

int dgram_abort(dgram_socket *socket) {
  if (socket == NULL) return DGRAM_EARGTYPE;
  if (socket->life == DGRAM__ENDING) return DGRAM_ENOTRUNNING;
  dgram__socket_abort(socket);
  return 0;
}

dgram_socket *dgram_unref(dgram_socket *socket) {
  if (dgram__socket_check(socket) < 0) return socket;
  socket->unreffed = true;
  dgram__socket_update_hold(socket);
  return socket;
}

dgram_socket *dgram_ref(dgram_socket *socket) {
  if (dgram__socket_check(socket) < 0) return socket;
  socket->unreffed = false;
  dgram__socket_update_hold(socket);
  return socket;
}
