/* Connecting a socket to a peer.
 *
 * The happy path: dgram_connect reads the address; a name is looked up first, while a bind may still
 * be under way. When both are done, what was queued before leaves, in the socket's turn, and then the
 * stack connects: `connect` is emitted and the callback gets 0. The call for it inside a call does
 * the same without waiting.
 *
 * Failure modes: the lookup, the bind or the system answers with a code. Then the socket is as it was,
 * and the callback gets the code, or an `error` is emitted. Closing first cancels. A peer's host may
 * answer a datagram with an error; where the system hands it to the next send, it waits here for the
 * turn to be told. */

#include <assert.h>
#include <string.h>

#include "core/address.h"
#include "core/blocked.h"
#include "core/extras.h"
#include "core/resolve.h"
#include "core/unix.h"

enum stage {
  LOOKING_UP, /* waits for a name */
  READY,      /* waits for the bind, and for room to send what is before it */
  SETTLED,    /* outcome is known, to be told in the next turn */
  CANCELLED   /* to be told in the next turn */
};

struct dgram__connecting {
  struct dgram__waiter waiter; /* first: the waiter's callback gets from it to the whole */
  dgram_socket *socket;
  dgram_connect_cb cb;
  void *data;
  enum stage stage;
  int outcome;          /* 0 or a code */
  const char *syscall;  /* what answered it */
  dgram_address remote; /* numeric from READY on */
  char address[];       /* as the caller wrote it, or "" */
};

static void set_state(dgram_socket *socket, enum dgram__peer_state state) {
  const enum dgram__peer_state from = socket->peer_state;

  (void)from;
  assert(from != state && !(from == DGRAM__CONNECTED && state == DGRAM__CONNECTING));
  socket->peer_state = state;
  dgram__socket_update_way(socket);
  dgram__socket_update_hold(socket);
}

/* ---- outcome ---- */

static void settle(struct dgram__connecting *connecting, int code, const char *syscall) {
  connecting->stage = SETTLED;
  connecting->outcome = code;
  connecting->syscall = syscall;
  dgram__socket_want_turn(connecting->socket);
}

static void on_lookup_done(struct dgram__waiter *waiter, int status,
                           const dgram_address *addresses) {
  struct dgram__connecting *connecting = (struct dgram__connecting *)waiter;
  const uint16_t port = connecting->remote.port;

  if (status < 0) {
    settle(connecting, status, "getaddrinfo");
    return;
  }
  connecting->remote = addresses[0];
  connecting->remote.port = port;
  connecting->stage = READY;
  dgram__socket_want_turn(connecting->socket);
}

void dgram__connect_fail(dgram_socket *socket, int code, const char *syscall) {
  struct dgram__connecting *connecting = socket->extras == NULL ? NULL : socket->extras->connecting;

  if (connecting == NULL) return;
  dgram__lookup_leave(socket->stack, &connecting->waiter);
  settle(connecting, code, syscall);
}

void dgram__connect_cancel(dgram_socket *socket) {
  struct dgram__connecting *connecting;

  if (socket->extras == NULL) return;
  socket->extras->connect_pending = false;
  connecting = socket->extras->connecting;
  if (connecting == NULL) return;
  dgram__lookup_leave(socket->stack, &connecting->waiter);
  settle(connecting, DGRAM_ECANCELED, NULL);
  connecting->stage = CANCELLED;
}

bool dgram__connect_pending(const dgram_socket *socket) {
  const struct dgram__extras *extras = socket->extras;

  return extras != NULL && (extras->connecting != NULL || extras->connect_pending);
}

/* ---- the turn ---- */

static void emit_connect(dgram_socket *socket) {
  struct dgram__emission emission;

  dgram__emission_begin(&emission, socket->stack, &socket->listeners, DGRAM__CONNECT);
  while (dgram__emission_next(&emission)) {
    ((dgram_connected_cb)emission.cb)(socket, emission.data);
  }
  dgram__emission_end(&emission);
}

static void emit_failure(const struct dgram__connecting *connecting) {
  char text[DGRAM_ADDRESS_TEXT] = "";
  const char *address = connecting->address;

  if (address[0] == '\0') {
    (void)dgram_address_format(&connecting->remote, text, sizeof text);
    address = text;
  }
  dgram__socket_emit_error(connecting->socket, connecting->outcome, connecting->syscall, address,
                           connecting->remote.port, false);
}

static void finish(struct dgram__connecting *connecting) {
  dgram_socket *socket = connecting->socket;
  const bool connected = connecting->stage == SETTLED && connecting->outcome == 0;

  socket->extras->connecting = NULL;
  set_state(socket, connected ? DGRAM__CONNECTED : DGRAM__DISCONNECTED);
  if (connected) {
    emit_connect(socket);
    if (socket->life != DGRAM__OPEN) connecting->outcome = DGRAM_ECANCELED;
  }
  if (connecting->cb != NULL) {
    connecting->cb(socket, connecting->outcome, connecting->data);
  } else if (!connected && connecting->stage == SETTLED) {
    emit_failure(connecting);
  }
  dgram__free(socket->stack, connecting);
}

/* text: as the caller wrote it. */
static int connect_endpoint(dgram_socket *socket, const dgram_address *remote, const char *text) {
  const struct dgram__stack_ops *ops = socket->stack->ops;

  if (socket->type == DGRAM_UNIX) return ops->unix_ops->connect(socket->endpoint, text);
  if (dgram__sends_to_blocked(socket, remote)) return DGRAM_EIPBLOCKED;
  return ops->connect(socket->endpoint, remote);
}

/* What was queued before goes first: not every system sends to other addresses once there is a peer.
 * Where it takes no more now, the next turn comes when it does. */
static void connect_if_possible(struct dgram__connecting *connecting) {
  dgram_socket *socket = connecting->socket;

  if (socket->binding_state != DGRAM__BOUND) return;
  dgram__send_flush(socket, DGRAM__SEND_TURN);
  if (dgram__queue_unsent(socket->queue) > 0) return;
  settle(connecting, connect_endpoint(socket, &connecting->remote, connecting->address), "connect");
}

static void advance(struct dgram__connecting *connecting) {
  if (connecting->stage == READY) connect_if_possible(connecting);
  if (connecting->stage >= SETTLED) finish(connecting);
}

/* Those that the listeners' own sends meet come in the next turn. */
static void tell_strays(dgram_socket *socket) {
  uint32_t count = socket->extras->stray_count;

  socket->extras->stray_count = 0;
  for (; count > 0 && socket->life == DGRAM__OPEN; count--)
    dgram__receive_tell_failure(socket, socket->extras->stray_code, "recvmsg");
}

/* Each step may close the socket, whose extras stay to the end of the turn. */
void dgram__connect_turn(dgram_socket *socket) {
  struct dgram__extras *extras = socket->extras;

  if (extras->connect_pending) {
    extras->connect_pending = false;
    dgram__socket_update_hold(socket);
    emit_connect(socket);
  }
  tell_strays(socket);
  if (extras->connecting != NULL) advance(extras->connecting);
}

/* ---- what a stack tells ---- */

/* Codes of one turn hardly ever differ; the newest stands for all. */
void dgram__endpoint_peer_failed(struct dgram__endpoint *endpoint, int code) {
  dgram_socket *socket = dgram__socket_of(endpoint);
  struct dgram__extras *extras = dgram__extras_need(socket);

  if (extras == NULL || socket->life != DGRAM__OPEN) return;
  extras->stray_code = code;
  extras->stray_count++;
  dgram__socket_want_turn(socket);
}

void dgram__connect_adopted(dgram_socket *socket) {
  dgram_address remote;

  if (socket->peer_state != DGRAM__DISCONNECTED) return;
  if (socket->stack->ops->remote_address(socket->endpoint, &remote) < 0) return;
  set_state(socket, DGRAM__CONNECTED);
}

/* ---- public entry points ---- */

static int check(const dgram_socket *socket, int port) {
  const int code = dgram__socket_check(socket);

  if (code < 0) return code;
  if (socket->type != DGRAM_UNIX && (port < 1 || port > DGRAM__PORT_MAX)) return DGRAM_EBADPORT;
  return socket->peer_state == DGRAM__DISCONNECTED ? 0 : DGRAM_EISCONNECTED;
}

static struct dgram__connecting *create(dgram_socket *socket, const char *address) {
  const char *text = address == NULL ? "" : address;
  const size_t size = strlen(text) + 1;
  struct dgram__connecting *connecting;

  if (dgram__extras_need(socket) == NULL) return NULL;
  connecting = dgram__calloc(socket->stack, sizeof *connecting + size);
  if (connecting == NULL) return NULL;
  memcpy(connecting->address, text, size);
  connecting->socket = socket;
  connecting->waiter.done = on_lookup_done;
  return connecting;
}

static int begin(struct dgram__connecting *connecting, bool by_name) {
  dgram_socket *socket = connecting->socket;
  int code = dgram__bind_implicitly(socket);

  connecting->stage = by_name ? LOOKING_UP : READY;
  if (code < 0 || !by_name) return code;
  return dgram__socket_look_up(socket, connecting->address, &connecting->waiter);
}

int dgram_connect(dgram_socket *socket, int port, const char *address, dgram_connect_cb cb,
                  void *data) {
  struct dgram__connecting *connecting;
  dgram_address remote;
  int code = check(socket, port);

  if (code == 0) code = dgram__destination_read(socket, address, port, &remote);
  if (code < 0) return code;
  connecting = create(socket, address);
  if (connecting == NULL) return DGRAM_ENOMEM;
  connecting->remote = remote;
  connecting->cb = cb;
  connecting->data = data;
  code = begin(connecting, code == 1);
  if (code < 0) {
    dgram__free(socket->stack, connecting);
    return code;
  }
  socket->extras->connecting = connecting;
  set_state(socket, DGRAM__CONNECTING);
  dgram__socket_want_turn(socket);
  return 0;
}

int dgram_connect_sync(dgram_socket *socket, int port, const char *address) {
  dgram_address remote;
  int code = check(socket, port);

  if (code == 0) code = dgram__destination_read(socket, address, port, &remote);
  if (code != 0) return code == 1 ? DGRAM_EINVAL : code;
  if (socket->binding_state == DGRAM__BINDING) return DGRAM_EALREADYBOUND;
  if (dgram__extras_need(socket) == NULL) return DGRAM_ENOMEM;
  code = dgram__bind_implicitly(socket);
  if (code < 0) return code;
  dgram__send_flush(socket, UINT32_MAX);
  code = connect_endpoint(socket, &remote, address);
  if (code < 0) return code;
  socket->extras->connect_pending = true;
  set_state(socket, DGRAM__CONNECTED);
  dgram__socket_want_turn(socket);
  return 0;
}

int dgram_disconnect(dgram_socket *socket) {
  dgram_address remote = {0};
  int code = dgram__socket_check(socket);

  if (code < 0) return code;
  if (!dgram__socket_is_connected(socket)) return DGRAM_ENOTCONNECTED;
  dgram__send_flush(socket, UINT32_MAX);
  if (socket->type == DGRAM_UNIX && dgram__queue_unsent(socket->queue) > 0) return DGRAM_EAGAIN;
  (void)socket->stack->ops->remote_address(socket->endpoint, &remote);
  code = socket->stack->ops->connect(socket->endpoint, NULL);
  if (code < 0 && code != DGRAM_EADDRINUSE) return code;
  if (socket->queue != NULL) dgram__queue_address_peer(socket->queue, &remote);
  if (socket->extras != NULL) socket->extras->connect_pending = false;
  set_state(socket, DGRAM__DISCONNECTED);
  return code;
}

int dgram_remote_address(const dgram_socket *socket, dgram_address *ret_address) {
  const int code = dgram__socket_check(socket);

  if (code < 0) return code;
  if (ret_address == NULL) return DGRAM_EARGTYPE;
  if (!dgram__socket_is_connected(socket)) return DGRAM_ENOTCONNECTED;
  return socket->stack->ops->remote_address(dgram__endpoint_of(socket), ret_address);
}
