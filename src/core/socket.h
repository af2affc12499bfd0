/* What a dgram socket is. The one struct behind `dgram_socket`, and what its files call of each
 * other.
 *
 * Three states, each with one function that changes it:
 *
 *   binding   UNBOUND -> BINDING -> BOUND, or back to UNBOUND where the bind fails;
 *             UNBOUND -> BOUND for an implicit bind
 *   peer      DISCONNECTED -> CONNECTING -> CONNECTED -> DISCONNECTED, or back from CONNECTING where
 *             it fails; DISCONNECTED -> CONNECTED inside a call
 *   life      OPEN -> LINGERING -> ENDING, or OPEN -> ENDING; then the memory goes
 *
 * OPEN: the caller's. LINGERING: dgram_close was called, sends are still to leave. ENDING: the
 * endpoint is closed, so the port is free; callbacks are outstanding, `close` is the last. All
 * callbacks run in dgram__socket_turn, or at the end of what a stack tells; never inside a call
 * (rule 2). */

#ifndef DGRAM_CORE_SOCKET_H
#define DGRAM_CORE_SOCKET_H

#include "core/error.h"
#include "core/host.h"
#include "core/listeners.h"
#include "core/queue.h"

enum dgram__binding_state { DGRAM__UNBOUND, DGRAM__BINDING, DGRAM__BOUND };
enum dgram__peer_state { DGRAM__DISCONNECTED, DGRAM__CONNECTING, DGRAM__CONNECTED };
enum dgram__life { DGRAM__OPEN, DGRAM__LINGERING, DGRAM__ENDING };

struct dgram__binding; /* a bind under way: bind.c */
struct dgram__extras;  /* extras.h */
struct dgram__held;    /* messages read but not emitted yet: receive.c */

/* What dgram_get_stats tells and no stack counts. */
struct dgram__counters {
  uint64_t received;
  uint64_t received_bytes;
  uint64_t received_batches;
  uint64_t send_errors;
  uint64_t queued_bytes;
  uint32_t queued;
  uint32_t queued_high_water;
  uint32_t receive_errors;
  uint32_t unheard_errors;
  uint32_t errors[DGRAM__ERROR_CLASSES];
};

/* Programs have thousands that do nothing but wait, and an idle one is to cost 512 bytes at most,
 * its endpoint and a listener included. So what only a busy one needs stands elsewhere, behind one
 * pointer: a bind under way, what is being sent. */
struct dgram_socket {
  dgram_stack *stack;

  uint8_t type;
  enum dgram__binding_state binding_state : 2;
  enum dgram__peer_state peer_state : 2;
  enum dgram__life life : 2;
  bool reuse_addr : 1;
  bool icmp_errors : 1; /* to be told, or told; then there are extras */
  bool unreffed : 1;
  bool holds : 1;             /* counted in host->alive */
  bool wants_turn : 1;        /* in the host's list */
  bool listening_pending : 1; /* bound, `listening` not yet emitted */
  bool paused : 1;
  bool drain_pending : 1;  /* a send was refused for the limit */
  bool endpoint_bound : 1; /* the system has bound it, BOUND follows in the next turn */
  bool endpoint_gone : 1;  /* the endpoint was given back */
  bool sends_to_any : 1;   /* to addresses: bound, or being bound, and without a peer */
  uint32_t dropped;        /* the stack's answer when the endpoint ended */
  int linger_ms;
  uint32_t max_queued; /* the queue's limits; the highest number stands for none */
  size_t max_queued_bytes;

  struct dgram__listeners listeners;
  struct dgram__binding *binding; /* while BINDING, and until its callback has run */
  struct dgram__extras *extras;   /* what few sockets have, or NULL */
  struct dgram__queue *queue;     /* NULL while nothing is sent */
  union {
    struct dgram__held *held_last; /* while OPEN: the newest, whose next is the oldest; or NULL */
    dgram_timer *linger;           /* from then on: while LINGERING, else NULL */
  };

  struct dgram__counters stats;

  dgram_socket *turn_next;
  dgram_socket *next;
  dgram_socket *previous;

  /* One: the first member of the stack's own struct, which goes on behind it. */
  _Alignas(max_align_t) struct dgram__endpoint endpoint[];
};

/* For the sake of calls that only look at a socket: a stack has no constant endpoints. */
static inline struct dgram__endpoint *dgram__endpoint_of(const dgram_socket *socket) {
  return (struct dgram__endpoint *)(uintptr_t)socket->endpoint;
}

static inline dgram_socket *dgram__socket_of(struct dgram__endpoint *endpoint) {
  return (dgram_socket *)((char *)endpoint - offsetof(dgram_socket, endpoint));
}

/* ---- socket.c ---- */

/* 0, or the code that every call with a socket begins with. */
static inline int dgram__socket_check(const dgram_socket *socket) {
  if (socket == NULL) return DGRAM_EARGTYPE;
  return socket->life == DGRAM__OPEN ? 0 : DGRAM_ENOTRUNNING;
}

void dgram__socket_set_binding_state(dgram_socket *socket, enum dgram__binding_state state);

/* After each change of the two states that it follows from. */
static inline void dgram__socket_update_way(dgram_socket *socket) {
  socket->sends_to_any = socket->binding_state != DGRAM__UNBOUND &&
                         socket->peer_state != DGRAM__CONNECTED && socket->type != DGRAM_UNIX;
}

/* Whether the socket keeps the program running: looked at again after each change. */
void dgram__socket_update_hold(dgram_socket *socket);

static inline void dgram__socket_want_turn(dgram_socket *socket) {
  if (!socket->wants_turn) dgram__host_want_turn(socket->stack, socket);
}

/* What the host calls from the loop. The socket may be gone afterwards. */
void dgram__socket_turn(dgram_socket *socket);

/* Around a socket's own callbacks: what they send is handed over at the end, so they need not ask
 * for a turn; and the callbacks of that run. */
void dgram__socket_begin_serving(dgram_socket *socket);
void dgram__socket_end_serving(dgram_socket *socket);

/* Closes without a linger. Never fails; nothing happens to one that is ENDING. */
void dgram__socket_abort(dgram_socket *socket);

/* Counts an error by its class. */
static inline void dgram__socket_count_error(dgram_socket *socket, int code) {
  socket->stats.errors[dgram__error_class_of(code)]++;
}

/* Emits `error`; heard says that a callback has had it already. address may be NULL. */
void dgram__socket_emit_error(dgram_socket *socket, int code, const char *syscall,
                              const char *address, int port, bool heard);

/* Waits for a name given to the socket, of its family: dgram__lookup_join. */
int dgram__socket_look_up(dgram_socket *socket, const char *name, struct dgram__waiter *waiter);

/* ---- bind.c ---- */

/* Binds an unbound socket to any port, inside the call. */
int dgram__bind_to_any(dgram_socket *socket);

/* The same where it is unbound. Binding or bound: nothing. */
static inline int dgram__bind_implicitly(dgram_socket *socket) {
  return socket->binding_state == DGRAM__UNBOUND ? dgram__bind_to_any(socket) : 0;
}

/* Ends or advances what is under way; called in the socket's turn. */
void dgram__bind_turn(dgram_socket *socket);

/* Gives up a bind under way: its callback gets DGRAM_ECANCELED in a later turn. */
void dgram__bind_cancel(dgram_socket *socket);

/* Whether a bind is under way whose callback has not run. */
static inline bool dgram__bind_pending(const dgram_socket *socket) {
  return socket->binding != NULL;
}

/* ---- connect.c ---- */

/* Whether sends go to a peer. */
static inline bool dgram__socket_is_connected(const dgram_socket *socket) {
  return socket->peer_state == DGRAM__CONNECTED;
}

/* A descriptor was adopted, and may have a peer. */
void dgram__connect_adopted(dgram_socket *socket);

/* Ends or advances what is under way, and tells what the peer's host has answered; called in the
 * turn of a socket with extras. */
void dgram__connect_turn(dgram_socket *socket);

/* The bind that a connect waits for has failed. */
void dgram__connect_fail(dgram_socket *socket, int code, const char *syscall);

/* Gives up a connect under way: its callback gets DGRAM_ECANCELED in a later turn. */
void dgram__connect_cancel(dgram_socket *socket);

/* Whether a connect is under way whose callback, or a `connect` that is due, has not come. */
bool dgram__connect_pending(const dgram_socket *socket);

/* ---- send.c and complete.c ---- */

/* Reads a destination, or a peer: 0 a literal, 1 a name to look up, or a code. */
int dgram__destination_read(const dgram_socket *socket, const char *address, int port,
                            dgram_address *ret_to);

/* Flushes, completes, and asks for another turn where something is left. */
void dgram__send_serve(dgram_socket *socket);

/* Hands what is queued to the stack, as far as it takes it, up to so many datagrams. No callback. */
void dgram__send_flush(dgram_socket *socket, uint32_t budget);

/* Runs the callbacks of what is done, a bounded number. */
void dgram__send_complete(dgram_socket *socket);

/* Fails all that has not left: with a syscall for what failed, NULL for what was cancelled by
 * will. */
void dgram__send_fail_all(dgram_socket *socket, int code, const char *syscall);

/* Whether something accepted has not been handed to the system, or failed, yet. */
bool dgram__send_unsent(const dgram_socket *socket);

/* ---- icmp.c ---- */

/* What the option says, at creation: 0 or a code. */
int dgram__icmp_configure(dgram_socket *socket, bool on);

/* ---- receive.c ---- */

/* Begins to receive where the socket is bound and not paused. */
int dgram__receive_begin(dgram_socket *socket);

/* Emits what a pause has held back, the rest of one batch at most, and receives again. */
void dgram__receive_held(dgram_socket *socket);

/* Counts a failure of receiving, and emits it. */
void dgram__receive_tell_failure(dgram_socket *socket, int code, const char *syscall);

/* Drops what a pause has held back. */
void dgram__receive_drop_held(dgram_socket *socket);

#endif
