/* Receiving: from the stack to the listeners.
 *
 * The happy path: the stack tells a batch; `batch` is emitted with all of it, then `message` with
 * each; then what the listeners have sent leaves, and its callbacks run.
 *
 * Any listener may pause, close, or remove listeners. After a close the rest of the batch is
 * dropped, as the kernel drops what waits in a closed socket. After a pause the rest is kept, as
 * copies, and emitted first after dgram_resume, so that a pause loses nothing; for want of memory
 * it does, and says so. A stack that has read more than it can tell at once goes on to tell it:
 * that waits too, behind what is held already, and `batch` hears it one by one. */

#include <string.h>

#include "core/blocked.h"
#include "core/prefetch.h"
#include "core/socket.h"

/* What dgram_message_keep makes: all in one piece of memory, which knows how it is released. */
struct kept {
  void (*free)(void *memory, void *data);
  void *data;
  dgram_message message;
  dgram_recv_info info;
  unsigned char bytes[]; /* and behind them the path that info points to, if there is one */
};

struct dgram__held {
  struct dgram__held *next; /* in a ring */
  dgram_message *message;
  bool new_to_batch; /* `batch` listeners have not heard it either */
};

/* ---- emitting ---- */

static void emit_one(dgram_socket *socket, const dgram_message *message,
                     struct dgram__emission *emission) {
  while (dgram__emission_next(emission)) {
    ((dgram_message_cb)emission->cb)(socket, message, emission->data);
    if (socket->life != DGRAM__OPEN) break;
  }
}

static void emit_message(dgram_socket *socket, const dgram_message *message) {
  struct dgram__emission emission;

  dgram__emission_begin(&emission, socket->stack, &socket->listeners, DGRAM__MESSAGE);
  emit_one(socket, message, &emission);
  dgram__emission_end(&emission);
}

/* Returns how many were emitted before the socket was paused or closed. */
static size_t emit_messages(dgram_socket *socket, const dgram_message *messages, size_t count) {
  struct dgram__emission emission;
  size_t i = 0;

  dgram__emission_begin(&emission, socket->stack, &socket->listeners, DGRAM__MESSAGE);
  while (i < count && !socket->paused && socket->life == DGRAM__OPEN) {
    emit_one(socket, &messages[i++], &emission);
    dgram__emission_again(&emission);
  }
  dgram__emission_end(&emission);
  return i;
}

static void emit_batch(dgram_socket *socket, const dgram_message *messages, size_t count) {
  struct dgram__emission emission;

  dgram__emission_begin(&emission, socket->stack, &socket->listeners, DGRAM__BATCH);
  while (dgram__emission_next(&emission)) {
    ((dgram_batch_cb)emission.cb)(socket, messages, count, emission.data);
    if (socket->life != DGRAM__OPEN) break;
  }
  dgram__emission_end(&emission);
}

/* ---- holding ---- */

static int hold(dgram_socket *socket, const dgram_message *message, bool new_to_batch) {
  struct dgram__held *held = dgram__calloc(socket->stack, sizeof *held);
  int code;

  if (held == NULL) return DGRAM_ENOMEM;
  code = dgram_message_keep(socket, message, &held->message);
  if (code < 0) {
    dgram__free(socket->stack, held);
    return code;
  }
  held->next = held;
  held->new_to_batch = new_to_batch;
  if (socket->held_last != NULL) {
    held->next = socket->held_last->next;
    socket->held_last->next = held;
  }
  socket->held_last = held;
  return 0;
}

static struct dgram__held *take_first_held(dgram_socket *socket) {
  struct dgram__held *held = socket->held_last->next;

  if (held == socket->held_last) {
    socket->held_last = NULL;
  } else {
    socket->held_last->next = held->next;
  }
  return held;
}

static void put_first_held(dgram_socket *socket, struct dgram__held *held) {
  struct dgram__held *last = socket->held_last;

  held->next = last != NULL ? last->next : held;
  if (last != NULL) last->next = held;
  if (last == NULL) socket->held_last = held;
}

static void free_held(dgram_socket *socket, struct dgram__held *held) {
  dgram_message_free(held->message);
  dgram__free(socket->stack, held);
}

void dgram__receive_drop_held(dgram_socket *socket) {
  while (socket->held_last != NULL)
    free_held(socket, take_first_held(socket));
}

void dgram__receive_tell_failure(dgram_socket *socket, int code, const char *syscall) {
  socket->stats.receive_errors++;
  dgram__socket_count_error(socket, code);
  dgram__socket_emit_error(socket, code, syscall, NULL, 0, false);
}

static void hold_rest(dgram_socket *socket, const dgram_message *messages, size_t count,
                      bool new_to_batch) {
  for (size_t i = 0; i < count; i++) {
    const int code = hold(socket, &messages[i], new_to_batch);
    if (code < 0) {
      dgram__receive_tell_failure(socket, code, "recvmsg");
      return;
    }
  }
}

/* Whether `message` listeners are to hear what `batch` listeners have heard: also one that comes
 * when nobody listens to either. */
static bool awaits_message(const dgram_socket *socket) {
  return dgram__listeners_any(&socket->listeners, DGRAM__MESSAGE) ||
         !dgram__listeners_any(&socket->listeners, DGRAM__BATCH);
}

/* A `batch` listener may pause, which leaves the message to be heard by the others later, or close,
 * which drops it. */
static void emit_held(dgram_socket *socket, struct dgram__held *held) {
  if (held->new_to_batch && dgram__listeners_any(&socket->listeners, DGRAM__BATCH)) {
    emit_batch(socket, held->message, 1);
    held->new_to_batch = false;
    if (socket->life == DGRAM__OPEN && socket->paused && awaits_message(socket)) {
      put_first_held(socket, held);
      return;
    }
  }
  if (socket->life == DGRAM__OPEN && !socket->paused) emit_message(socket, held->message);
  free_held(socket, held);
}

/* The socket receives from the stack again only when nothing older is left here. */
void dgram__receive_held(dgram_socket *socket) {
  if (socket->life != DGRAM__OPEN || socket->held_last == NULL || socket->paused) return;
  while (socket->life == DGRAM__OPEN && socket->held_last != NULL && !socket->paused) {
    emit_held(socket, take_first_held(socket));
  }
  if (!socket->paused && socket->life == DGRAM__OPEN) {
    const int code = dgram__receive_begin(socket);
    if (code < 0) dgram__receive_tell_failure(socket, code, "recvmsg");
  }
}

/* A socket that cannot receive, for want of memory, is paused, so that dgram_resume tries again. */
int dgram__receive_begin(dgram_socket *socket) {
  int code;

  if (socket->paused || socket->binding_state != DGRAM__BOUND) return 0;
  code = socket->stack->ops->receive_start(socket->endpoint);
  if (code < 0) socket->paused = true;
  return code;
}

/* ---- what a stack tells ---- */

static void count_batch(dgram_socket *socket, const dgram_message *messages, size_t count) {
  socket->stats.received_batches++;
  socket->stats.received += count;
  for (size_t i = 0; i < count; i++)
    socket->stats.received_bytes += messages[i].length;
}

/* A listener that pauses and leaves hands over to another: what it has not heard is held. Where
 * only `batch` listeners were there they have heard all. */
static void emit_all(dgram_socket *socket, const dgram_message *messages, size_t count) {
  const bool by_batch = dgram__listeners_any(&socket->listeners, DGRAM__BATCH);
  const bool holds = awaits_message(socket);
  size_t emitted = 0;

  if (by_batch) emit_batch(socket, messages, count);
  if (dgram__listeners_any(&socket->listeners, DGRAM__MESSAGE)) {
    emitted = emit_messages(socket, messages, count);
  }
  if (socket->life == DGRAM__OPEN && socket->paused && holds) {
    hold_rest(socket, messages + emitted, count - emitted, false);
  }
}

static void take(dgram_socket *socket, const dgram_message *messages, size_t count) {
  count_batch(socket, messages, count);
  if (socket->paused || socket->held_last != NULL) {
    hold_rest(socket, messages, count, true);
  } else {
    emit_all(socket, messages, count);
  }
}

/* What is not blocked, in as many batches as that is pieces. */
static void take_unless_blocked(dgram_socket *socket, const dgram_message *messages, size_t count) {
  size_t n;

  for (size_t i = 0; i < count && socket->life == DGRAM__OPEN; i += n) {
    n = dgram__skip_blocked(socket, messages + i, count - i);
    if (n > 0) continue;
    n = dgram__run_unless_blocked(socket, messages + i, count - i);
    take(socket, messages + i, n);
  }
}

void dgram__endpoint_received(struct dgram__endpoint *endpoint, const dgram_message *messages,
                              size_t count) {
  dgram_socket *socket = dgram__socket_of(endpoint);

  if (socket->life != DGRAM__OPEN) return;
  dgram__socket_begin_serving(socket);
  if (dgram__blocks_senders(socket)) {
    take_unless_blocked(socket, messages, count);
  } else {
    take(socket, messages, count);
  }
  dgram__socket_end_serving(socket);
}

void dgram__endpoint_prefetch(const struct dgram__endpoint *endpoint, bool nearer) {
  const dgram_socket *socket = dgram__socket_of((struct dgram__endpoint *)(uintptr_t)endpoint);

  if (nearer) {
    dgram__prefetch(socket->listeners.first, sizeof *socket->listeners.first);
  } else {
    dgram__prefetch(socket, offsetof(dgram_socket, endpoint));
    dgram__prefetch(endpoint->stack->host, offsetof(struct dgram__host, close_cb));
  }
}

/* Paused, so that dgram_resume tries again; before the telling, in which it may. */
void dgram__endpoint_receive_ended(struct dgram__endpoint *endpoint, int code,
                                   const char *syscall) {
  dgram_socket *socket = dgram__socket_of(endpoint);

  if (socket->life != DGRAM__OPEN) return;
  socket->paused = true;
  dgram__endpoint_receive_failed(endpoint, code, syscall);
}

void dgram__endpoint_receive_failed(struct dgram__endpoint *endpoint, int code,
                                    const char *syscall) {
  dgram_socket *socket = dgram__socket_of(endpoint);

  if (socket->life != DGRAM__OPEN) return;
  dgram__socket_begin_serving(socket);
  dgram__receive_tell_failure(socket, code, syscall);
  dgram__socket_end_serving(socket);
}

/* ---- public entry points ---- */

int dgram_pause(dgram_socket *socket) {
  const int code = dgram__socket_check(socket);

  if (code < 0) return code;
  if (socket->paused) return 0;
  socket->paused = true;
  if (socket->binding_state == DGRAM__BOUND) {
    socket->stack->ops->receive_stop(socket->endpoint);
  }
  return 0;
}

int dgram_resume(dgram_socket *socket) {
  const int code = dgram__socket_check(socket);

  if (code < 0) return code;
  if (!socket->paused) return 0;
  socket->paused = false;
  if (socket->held_last != NULL) {
    dgram__socket_want_turn(socket);
    return 0;
  }
  /* Before `listening` nothing is received, paused or not. */
  return socket->listening_pending ? 0 : dgram__receive_begin(socket);
}

static size_t path_size_of(const dgram_recv_info *info) {
  return info != NULL && (info->present & DGRAM_RECV_PATH) != 0 ? strlen(info->path) + 1 : 0;
}

static void keep_info(struct kept *kept, const dgram_recv_info *info) {
  const size_t path_size = path_size_of(info);

  kept->info = *info;
  kept->message.info = &kept->info;
  if (path_size == 0) return;
  kept->info.path = memcpy(kept->bytes + kept->message.length, info->path, path_size);
}

int dgram_message_keep(dgram_socket *socket, const dgram_message *message,
                       dgram_message **ret_message) {
  struct kept *kept;

  if (socket == NULL || message == NULL || ret_message == NULL) return DGRAM_EARGTYPE;
  kept = dgram__malloc(socket->stack, sizeof *kept + message->length + path_size_of(message->info));
  if (kept == NULL) return DGRAM_ENOMEM;
  kept->free = socket->stack->allocator.free;
  kept->data = socket->stack->allocator.data;
  kept->message = *message;
  kept->message.bytes = kept->bytes;
  if (message->length > 0) memcpy(kept->bytes, message->bytes, message->length);
  if (message->info != NULL) keep_info(kept, message->info);
  *ret_message = &kept->message;
  return 0;
}

void dgram_message_free(dgram_message *message) {
  struct kept *kept;

  if (message == NULL) return;
  kept = (struct kept *)((char *)message - offsetof(struct kept, message));
  kept->free(kept, kept->data);
}
