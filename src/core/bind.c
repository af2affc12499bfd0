/* Binding a socket.
 *
 * The happy path: dgram_bind reads its options; a literal is bound by the stack within the call, a
 * name is looked up first, and where the stack has a binder, that is asked from the loop for a
 * descriptor. Whatever it was, the outcome is told in the socket's turn: the socket is BOUND,
 * receives, `listening` is emitted, the callback gets 0, and what was queued meanwhile leaves.
 *
 * Failure modes: the lookup, the binder or the system answers with a code. Then the socket is
 * UNBOUND again, the sends that waited fail with that code, the callback gets it, and `error` is
 * emitted. Closing first cancels: the callback gets DGRAM_ECANCELED and `listening` is not emitted;
 * but where sends wait the bind goes on until they have left, or the linger has ended. */

#include <assert.h>
#include <string.h>

#include "core/address.h"
#include "core/binding.h"
#include "core/extras.h"
#include "core/resolve.h"
#include "core/socket.h"
#include "core/unix.h"

/* ---- outcome ---- */

void dgram__bind_settle(struct dgram__binding *binding, int code, const char *syscall) {
  binding->stage = DGRAM__BIND_SETTLED;
  binding->outcome = code;
  binding->syscall = syscall;
  if (code == 0) binding->socket->endpoint_bound = true;
  dgram__socket_want_turn(binding->socket);
}

struct dgram__bind_how dgram__bind_how_of(const dgram_socket *socket) {
  const struct dgram__extras *extras = socket->extras;
  struct dgram__bind_how how = {0};

  if (socket->reuse_addr) how.flags |= DGRAM__BIND_REUSE_ADDR;
  if (socket->icmp_errors) how.flags |= DGRAM__BIND_ICMP_ERRORS;
  if (extras != NULL) {
    how.flags |= extras->bind_flags;
    how.recv_buffer_size = extras->recv_buffer_size;
    how.send_buffer_size = extras->send_buffer_size;
    how.recv_info = extras->recv_info;
  }
  return how;
}

/* text: as the caller wrote it, or NULL. */
static int call_stack(dgram_socket *socket, const dgram_address *local, const char *text,
                      const struct dgram__bind_how *how) {
  const struct dgram__stack_ops *ops = socket->stack->ops;

  if (socket->type != DGRAM_UNIX) return ops->bind(socket->endpoint, local, how);
  return ops->unix_ops->bind(socket->endpoint, text == NULL ? "" : text, how);
}

static void bind_endpoint(struct dgram__binding *binding) {
  dgram_socket *socket = binding->socket;
  struct dgram__bind_how how = dgram__bind_how_of(socket);

  if (binding->device[0] != '\0') how.device = binding->device;
  dgram__bind_settle(binding, call_stack(socket, &binding->local, binding->address, &how), "bind");
}

/* The address is numeric now. A binder must not be asked inside dgram_bind (rule 2). */
static void bind_or_ask(struct dgram__binding *binding) {
  if (binding->binder_cb == NULL) {
    bind_endpoint(binding);
  } else {
    binding->stage = DGRAM__BIND_ASKING;
    dgram__socket_want_turn(binding->socket);
  }
}

static void on_lookup_done(struct dgram__waiter *waiter, int status,
                           const dgram_address *addresses) {
  struct dgram__binding *binding = (struct dgram__binding *)waiter;
  const uint16_t port = binding->local.port;

  if (status < 0) {
    dgram__bind_settle(binding, status, "getaddrinfo");
    return;
  }
  binding->local = addresses[0];
  binding->local.port = port;
  bind_or_ask(binding);
}

/* ---- the turn ---- */

static void emit_listening(dgram_socket *socket) {
  struct dgram__emission emission;

  dgram__emission_begin(&emission, socket->stack, &socket->listeners, DGRAM__LISTENING);
  while (dgram__emission_next(&emission)) {
    ((dgram_listening_cb)emission.cb)(socket, emission.data);
  }
  dgram__emission_end(&emission);
}

/* A socket that is bound but cannot receive, for want of memory, says so and can be resumed. */
static void listen_and_tell(dgram_socket *socket, dgram_bind_cb cb, void *data) {
  const int code = dgram__receive_begin(socket);

  emit_listening(socket);
  if (cb != NULL) cb(socket, socket->life == DGRAM__OPEN ? 0 : DGRAM_ECANCELED, data);
  if (code < 0) dgram__receive_tell_failure(socket, code, "recvmsg");
}

static void tell_failure(dgram_socket *socket, const struct dgram__binding *binding) {
  char text[DGRAM_ADDRESS_TEXT] = "";
  const char *address = binding->address;

  if (address[0] == '\0') {
    (void)dgram_address_format(&binding->local, text, sizeof text);
    address = text;
  }
  dgram__send_fail_all(socket, binding->outcome, binding->syscall);
  dgram__connect_fail(socket, binding->outcome, binding->syscall);
  if (binding->cb != NULL) binding->cb(socket, binding->outcome, binding->data);
  dgram__socket_emit_error(socket, binding->outcome, binding->syscall, address, binding->local.port,
                           binding->cb != NULL);
}

static void finish(dgram_socket *socket) {
  struct dgram__binding *binding = socket->binding;
  const bool bound = binding->stage == DGRAM__BIND_SETTLED && binding->outcome == 0;

  socket->binding = NULL;
  dgram__socket_set_binding_state(socket, bound ? DGRAM__BOUND : DGRAM__UNBOUND);
  if (binding->stage == DGRAM__BIND_CANCELLED || (bound && socket->life != DGRAM__OPEN)) {
    if (binding->cb != NULL) binding->cb(socket, DGRAM_ECANCELED, binding->data);
  } else if (bound) {
    listen_and_tell(socket, binding->cb, binding->data);
  } else {
    dgram__share_end(socket);
    tell_failure(socket, binding);
  }
  dgram__free(socket->stack, binding);
}

void dgram__bind_turn(dgram_socket *socket) {
  struct dgram__binding *binding = socket->binding;

  if (socket->listening_pending && socket->life == DGRAM__OPEN) {
    socket->listening_pending = false;
    dgram__socket_update_hold(socket);
    listen_and_tell(socket, NULL, NULL);
    return;
  }
  if (binding == NULL) return;
  if (binding->stage == DGRAM__BIND_ASKING && dgram__binder_ask(binding) == 1) {
    bind_endpoint(binding);
  }
  if (binding->stage >= DGRAM__BIND_SETTLED) finish(socket);
}

void dgram__bind_cancel(dgram_socket *socket) {
  struct dgram__binding *binding = socket->binding;

  if (binding == NULL) return;
  dgram__lookup_leave(socket->stack, &binding->waiter);
  dgram__binder_forget(binding);
  binding->stage = DGRAM__BIND_CANCELLED;
  dgram__socket_want_turn(socket);
}

/* ---- inside a call ---- */

/* `listening` follows from the loop. */
static void become_bound(dgram_socket *socket) {
  socket->endpoint_bound = true;
  socket->listening_pending = true;
  dgram__socket_set_binding_state(socket, DGRAM__BOUND);
  dgram__socket_want_turn(socket);
}

/* Exclusive, as in Node, so no binder is asked; and without reuse_addr, for which the system could
 * answer a port that another socket has. (With reuse_port no stack does: stack.h.) */
int dgram__bind_to_any(dgram_socket *socket) {
  const int family = dgram__address_family_of(socket->type);
  const dgram_address any = dgram__address_any(family, 0);
  struct dgram__bind_how how = dgram__bind_how_of(socket);
  int code;

  how.flags &= ~(unsigned)DGRAM__BIND_REUSE_ADDR;
  code = call_stack(socket, &any, NULL, &how);
  if (code == 0) become_bound(socket);
  return code;
}

/* ---- public entry points ---- */

/* Reads the address to bind to. Returns 0: numeric; 1: a name; or a code. */
static int read_local(const dgram_socket *socket, const dgram_bind_options *options,
                      dgram_address *ret_local) {
  const int family = dgram__address_family_of(socket->type);
  const char *text = options->address;
  int code;

  if (socket->type == DGRAM_UNIX) return dgram__unix_local_read(options, ret_local);
  if (options->port < 0 || options->port > DGRAM__PORT_MAX) return DGRAM_EBADPORT;
  *ret_local = dgram__address_any(family, (uint16_t)options->port);
  if (text == NULL || text[0] == '\0') return 0;
  code = dgram__literal_read(socket->stack, text, ret_local);
  if (code == 1) {
    code = dgram__name_check(text);
    return code < 0 ? code : 1;
  }
  if (code < 0) return code;
  ret_local->port = (uint16_t)options->port;
  return ret_local->family == family ? 0 : DGRAM_EINVAL;
}

static bool has_device(const dgram_bind_options *options) {
  return options->device != NULL && options->device[0] != '\0';
}

static int check_device(const dgram_bind_options *options) {
  if (!has_device(options)) return 0;
  if (options->fd > 0) return DGRAM_EINVAL;
  return strlen(options->device) < DGRAM__INTERFACE_NAME_MAX ? 0 : DGRAM_ENODEV;
}

static bool shares_port(const dgram_socket *socket) {
  return socket->extras != NULL && (socket->extras->bind_flags & DGRAM__BIND_REUSE_PORT) != 0;
}

/* A binder knows nothing of devices: its socket would be another one. And who shares its port with
 * others has a socket of its own. */
static struct dgram__binding *create_binding(dgram_socket *socket,
                                             const dgram_bind_options *options) {
  const struct dgram__host *host = socket->stack->host;
  const char *address = options->address == NULL ? "" : options->address;
  const size_t size = strlen(address) + 1;
  struct dgram__binding *binding = dgram__calloc(socket->stack, sizeof *binding + size);

  if (binding == NULL) return NULL;
  memcpy(binding->address, address, size);
  binding->socket = socket;
  binding->exclusive = options->exclusive;
  if (has_device(options)) {
    memcpy(binding->device, options->device, strlen(options->device) + 1);
  } else if (!shares_port(socket) && socket->type != DGRAM_UNIX) {
    binding->binder_cb = host->binder_cb;
  }
  binding->binder_data = host->binder_data;
  binding->waiter.done = on_lookup_done;
  return binding;
}

static int adopt(struct dgram__binding *binding, int fd) {
  dgram_socket *socket = binding->socket;
  const struct dgram__bind_how how = dgram__bind_how_of(socket);
  const int code = socket->stack->ops->adopt(socket->endpoint, fd, &how);

  if (code < 0) return code;
  dgram__bind_settle(binding, 0, "bind");
  dgram__connect_adopted(socket);
  return 0;
}

static int begin(struct dgram__binding *binding, const dgram_bind_options *options) {
  dgram_socket *socket = binding->socket;
  int code;

  if (options->fd > 0) return adopt(binding, options->fd);
  code = read_local(socket, options, &binding->local);
  if (code < 0) return code;
  if (code == 0) {
    bind_or_ask(binding);
    return 0;
  }
  return dgram__socket_look_up(socket, options->address, &binding->waiter);
}

/* What every explicit bind begins with. */
static int read_options(const dgram_socket *socket, const dgram_bind_options *options, size_t size,
                        dgram_bind_options *ret_options) {
  int code = dgram__socket_check(socket);

  if (code == 0) code = dgram__options_copy(ret_options, sizeof *ret_options, options, size);
  if (code < 0) return code;
  if (socket->binding_state != DGRAM__UNBOUND) return DGRAM_EALREADYBOUND;
  if (ret_options->fd < 0) return DGRAM_EBADF;
  return check_device(ret_options);
}

int dgram_bind_sized(dgram_socket *socket, const dgram_bind_options *options, size_t size,
                     dgram_bind_cb cb, void *data) {
  struct dgram__binding *binding;
  dgram_bind_options copy;
  int code = read_options(socket, options, size, &copy);

  if (code < 0) return code;
  binding = create_binding(socket, &copy);
  if (binding == NULL) return DGRAM_ENOMEM;
  code = begin(binding, &copy);
  if (code < 0) {
    dgram__free(socket->stack, binding);
    return code;
  }
  binding->cb = cb;
  binding->data = data;
  socket->binding = binding;
  dgram__socket_set_binding_state(socket, DGRAM__BINDING);
  return 0;
}

static int bind_inside(dgram_socket *socket, const dgram_bind_options *options) {
  struct dgram__bind_how how = dgram__bind_how_of(socket);
  dgram_address local;
  int code;

  if (options->fd > 0) return socket->stack->ops->adopt(socket->endpoint, options->fd, &how);
  code = read_local(socket, options, &local);
  if (code != 0) return code == 1 ? DGRAM_EINVAL : code;
  if (has_device(options)) how.device = options->device;
  return call_stack(socket, &local, options->address, &how);
}

int dgram_bind_sync_sized(dgram_socket *socket, const dgram_bind_options *options, size_t size) {
  dgram_bind_options copy;
  int code = read_options(socket, options, size, &copy);

  if (code == 0) code = bind_inside(socket, &copy);
  if (code < 0) return code;
  become_bound(socket);
  if (copy.fd > 0) dgram__connect_adopted(socket);
  return 0;
}

int dgram_duplicate_descriptor(dgram_socket *socket, int *ret_fd) {
  int code = dgram__socket_check(socket);

  if (code < 0) return code;
  if (ret_fd == NULL) return DGRAM_EARGTYPE;
  if (socket->binding_state != DGRAM__BOUND) return DGRAM_EBADF;
  code = socket->stack->ops->duplicate(socket->endpoint);
  if (code < 0) return code;
  *ret_fd = code;
  return 0;
}

int dgram_local_address(const dgram_socket *socket, dgram_address *ret_address) {
  const int code = dgram__socket_check(socket);

  if (code < 0) return code;
  if (ret_address == NULL) return DGRAM_EARGTYPE;
  if (socket->binding_state != DGRAM__BOUND) return DGRAM_EBADF;
  return socket->stack->ops->local_address(dgram__endpoint_of(socket), ret_address);
}
