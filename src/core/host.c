/* A stack, from the core's side.
 *
 * The happy path: an implementation makes its struct by dgram__stack_new. Sockets come
 * and go. What they want to do from the loop they ask a turn for; the first to ask wakes the stack,
 * which tells dgram__stack_turn. dgram_stack_close aborts the sockets; when the last has emitted
 * `close` and the last lookup and dgram_resolve has ended, the stack is asked to close, and tells
 * dgram__stack_closed.
 *
 * What can fail: memory at the start. Everything after it cannot, so a stack can always be
 * closed. */

#include "core/host.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/socket.h"

/* ---- memory ---- */

static void *default_malloc(size_t size, void *data) {
  (void)data;
  return malloc(size);
}

static void *default_realloc(void *memory, size_t size, void *data) {
  (void)data;
  return realloc(memory, size);
}

static void default_free(void *memory, void *data) {
  (void)data;
  free(memory);
}

const dgram_allocator dgram__default_allocator = {
    .malloc = default_malloc, .realloc = default_realloc, .free = default_free};

void *dgram__malloc(dgram_stack *stack, size_t size) {
  return stack->allocator.malloc(size, stack->allocator.data);
}

void *dgram__calloc(dgram_stack *stack, size_t size) {
  void *memory = dgram__malloc(stack, size);

  if (memory != NULL) memset(memory, 0, size);
  return memory;
}

void dgram__free(dgram_stack *stack, void *memory) {
  if (memory != NULL) stack->allocator.free(memory, stack->allocator.data);
}

/* ---- creating and options ---- */

int dgram__options_copy(void *known, size_t known_size, const void *options, size_t size) {
  const unsigned char *bytes = options;

  memset(known, 0, known_size);
  if (options == NULL) return 0;
  for (size_t i = known_size; i < size; i++) {
    if (bytes[i] != 0) return DGRAM_EINVAL;
  }
  memcpy(known, options, size < known_size ? size : known_size);
  return 0;
}

int dgram__stack_options_read(const dgram_stack_options *options, size_t size,
                              dgram_stack_options *ret_options) {
  const uint32_t known =
      DGRAM_DISABLE_MMSG | DGRAM_DISABLE_GSO | DGRAM_DISABLE_GRO | DGRAM_DISABLE_SPIN;
  dgram_stack_options copy;
  const int code = dgram__options_copy(&copy, sizeof copy, options, size);

  if (code < 0) return code;
  if (copy.allocator != NULL && (copy.allocator->malloc == NULL ||
                                 copy.allocator->realloc == NULL || copy.allocator->free == NULL)) {
    return DGRAM_EINVAL;
  }
  if (copy.kind < DGRAM_STACK_DEFAULT || copy.kind > DGRAM_STACK_UV) return DGRAM_EINVAL;
  if ((copy.disable & ~known) != 0) return DGRAM_EINVAL;
  if (copy.receive_memory != NULL && copy.receive_memory_size < DGRAM__SLOT_SIZE) {
    return DGRAM_EINVAL;
  }
  *ret_options = copy;
  return 0;
}

/* spares NULL: its own. */
static int init(dgram_stack *stack, const struct dgram__stack_ops *ops,
                const dgram_allocator *allocator, struct dgram__spares *spares) {
  stack->ops = ops;
  stack->allocator = *allocator;
  stack->host = dgram__calloc(stack, sizeof *stack->host);
  if (stack->host == NULL) return DGRAM_ENOMEM;
  if (spares == NULL) spares = dgram__calloc(stack, sizeof *spares);
  if (spares == NULL) {
    dgram__free(stack, stack->host);
    stack->host = NULL;
    return DGRAM_ENOMEM;
  }
  spares->stacks++;
  stack->host->spares = spares;
  return 0;
}

int dgram__host_init(dgram_stack *stack, const struct dgram__stack_ops *ops,
                     const dgram_allocator *allocator) {
  return init(stack, ops, allocator, NULL);
}

static void leave_spares(dgram_stack *stack) {
  struct dgram__spares *spares = stack->host->spares;

  if (--spares->stacks > 0) return;
  while (spares->queues != NULL) {
    struct dgram__queue *next = spares->queues->next;
    dgram__queue_destroy(stack, spares->queues);
    spares->queues = next;
  }
  dgram__queue_destroy(stack, spares->deep_queue);
  dgram__blocks_clear(stack, &spares->blocks);
  dgram__free(stack, spares);
}

static void uninit(dgram_stack *stack) {
  struct dgram__host *host = stack->host;

  leave_spares(stack);
  dgram__lookups_clear(stack);
  dgram__free(stack, host);
  stack->host = NULL;
}

static int new_stack(size_t size, const struct dgram__stack_ops *ops,
                     const dgram_allocator *allocator, struct dgram__spares *spares,
                     dgram_stack **ret_stack) {
  dgram_stack *stack = allocator->malloc(size, allocator->data);
  int code;

  if (stack == NULL) return DGRAM_ENOMEM;
  memset(stack, 0, size);
  code = init(stack, ops, allocator, spares);
  if (code < 0) {
    dgram__free(stack, stack);
    return code;
  }
  *ret_stack = stack;
  return 0;
}

int dgram__stack_new(size_t size, const struct dgram__stack_ops *ops,
                     const dgram_stack_options *options, dgram_stack **ret_stack) {
  const dgram_allocator *allocator =
      options->allocator != NULL ? options->allocator : &dgram__default_allocator;

  return new_stack(size, ops, allocator, NULL, ret_stack);
}

int dgram__stack_new_beside(dgram_stack *other, size_t size, dgram_stack **ret_stack) {
  return new_stack(size, other->ops, &other->allocator, other->host->spares, ret_stack);
}

void dgram__stack_delete(dgram_stack *stack) {
  uninit(stack);
  dgram__free(stack, stack);
}

int dgram__stack_of(dgram_stack *stack, bool create, dgram_stack **ret_stack) {
  if (stack == NULL) {
    const int code = dgram__default_stack(create, &stack);
    if (code < 0) return code;
    if (stack == NULL) {
      *ret_stack = NULL;
      return 0;
    }
  }
  if (stack->host == NULL || stack->host->closing) return DGRAM_ENOTRUNNING;
  *ret_stack = stack;
  return 0;
}

/* ---- what sockets ask a host ---- */

void dgram__host_hold(dgram_stack *stack) {
  if (stack->host->alive++ == 0) stack->ops->set_alive(stack, true);
}

void dgram__host_release(dgram_stack *stack) {
  assert(stack->host->alive > 0);
  if (--stack->host->alive == 0) stack->ops->set_alive(stack, false);
}

void dgram__host_enter(dgram_stack *stack) {
  stack->host->depth++;
}

void dgram__host_leave(dgram_stack *stack) {
  assert(stack->host->depth > 0);
  stack->host->depth--;
}

void dgram__host_want_turn(dgram_stack *stack, dgram_socket *socket) {
  struct dgram__host *host = stack->host;

  assert(!socket->wants_turn);
  socket->wants_turn = true;
  socket->turn_next = NULL;
  if (host->turn_last != NULL) {
    host->turn_last->turn_next = socket;
  } else {
    host->turn_first = socket;
  }
  host->turn_last = socket;
  stack->ops->wake(stack);
}

struct dgram__queue *dgram__host_take_queue(dgram_stack *stack) {
  struct dgram__spares *spares = stack->host->spares;
  struct dgram__queue *queue = spares->queues;

  if (queue == NULL) return dgram__queue_create(stack, DGRAM__QUEUE_CAPACITY_MIN);
  spares->queues = queue->next;
  spares->queue_count--;
  return queue;
}

/* Keeps the deepest that is not too much memory. */
static void give_deep_queue(dgram_stack *stack, struct dgram__queue *queue) {
  struct dgram__spares *spares = stack->host->spares;
  struct dgram__queue *kept = spares->deep_queue;

  if (queue->capacity > DGRAM__DEEP_QUEUE_KEPT ||
      (kept != NULL && kept->capacity >= queue->capacity)) {
    dgram__queue_destroy(stack, queue);
    return;
  }
  dgram__queue_destroy(stack, kept);
  spares->deep_queue = queue;
}

void dgram__host_give_queue(dgram_stack *stack, struct dgram__queue *queue) {
  struct dgram__spares *spares = stack->host->spares;

  assert(dgram__queue_is_idle(queue));
  if (queue->capacity > DGRAM__QUEUE_CAPACITY_KEPT) {
    give_deep_queue(stack, queue);
    return;
  }
  if (spares->queue_count >= DGRAM__SPARE_QUEUES_MAX) {
    dgram__queue_destroy(stack, queue);
    return;
  }
  queue->next = spares->queues;
  spares->queues = queue;
  spares->queue_count++;
}

/* ---- last resort ---- */

/* One line a second at most, and the next line says how many had none. */
static void print_unheard(dgram_stack *stack, const dgram_error *error) {
  struct dgram__host *host = stack->host;
  const uint64_t now_ns = stack->ops->now(stack);
  char line[512];
  char where[352] = "";
  char more[64] = "";

  if (host->unheard_ever && now_ns - host->unheard_since_ns < DGRAM__UNHEARD_INTERVAL_NS) {
    host->unheard_unsaid++;
    return;
  }
  if (error->address != NULL) {
    (void)snprintf(where, sizeof where, " %s:%d", error->address, error->port);
  }
  if (host->unheard_unsaid > 0) {
    (void)snprintf(more, sizeof more, " (and %llu more)", (unsigned long long)host->unheard_unsaid);
  }
  (void)snprintf(line, sizeof line, "dgram: unheard error: %s %s%s%s", error->syscall,
                 dgram_error_name(error->code), where, more);
  stack->ops->print(stack, line);
  host->unheard_ever = true;
  host->unheard_since_ns = now_ns;
  host->unheard_unsaid = 0;
}

void dgram__host_unheard(dgram_stack *stack, dgram_socket *socket, const dgram_error *error) {
  struct dgram__host *host = stack->host;

  if (host->unheard_cb != NULL) {
    host->unheard_cb(stack, socket, error, host->unheard_data);
  } else {
    print_unheard(stack, error);
  }
}

/* ---- what a stack tells ---- */

/* A socket that asks again in its own turn gets the next one, so no turn is endless. */
void dgram__stack_turn(dgram_stack *stack) {
  struct dgram__host *host = stack->host;

  host->turning = host->turn_first;
  host->turn_first = NULL;
  host->turn_last = NULL;
  dgram__host_enter(stack);
  dgram__resolves_tell(stack);
  dgram__lookups_ask(stack);
  while (host->turning != NULL) {
    dgram_socket *socket = host->turning;
    host->turning = socket->turn_next;
    socket->wants_turn = false;
    dgram__socket_turn(socket);
  }
  dgram__host_leave(stack);
  dgram__host_end_if_done(stack);
}

bool dgram__stack_telling(const dgram_stack *stack) {
  return stack->host != NULL && stack->host->depth > 0;
}

void dgram__stack_alarm(dgram_stack *stack) {
  dgram__host_enter(stack);
  dgram__timers_ring(stack);
  dgram__host_leave(stack);
}

void dgram__host_end_if_done(dgram_stack *stack) {
  struct dgram__host *host = stack->host;

  if (!host->closing || host->ended) return;
  if (host->sockets != NULL || host->resolves != NULL || host->lookups.count > 0) return;
  host->ended = true;
  stack->ops->close(stack);
}

/* Until here the closing stack held its loop, so that dgram_run brings it to its end. */
void dgram__stack_closed(dgram_stack *stack) {
  struct dgram__host *host = stack->host;
  const dgram_stack_close_cb cb = host->close_cb;
  void *data = host->close_data;

  if (host->run_ended != NULL) *host->run_ended = true;
  dgram__default_stack_release(stack);
  dgram__host_release(stack);
  assert(host->alive == 0);
  uninit(stack);
  if (cb != NULL) cb(stack, data);
}

/* ---- public entry points ---- */

int dgram_stack_close(dgram_stack *stack, dgram_stack_close_cb cb, void *data) {
  struct dgram__host *host;
  const int code = dgram__stack_of(stack, false, &stack);

  if (code < 0) return code;
  if (stack == NULL) return DGRAM_ENOTRUNNING;
  host = stack->host;
  dgram__host_hold(stack);
  host->closing = true;
  host->close_cb = cb;
  host->close_data = data;
  for (dgram_socket *socket = host->sockets; socket != NULL; socket = socket->next) {
    dgram__socket_abort(socket);
  }
  dgram__timers_stop_all(stack);
  dgram__resolves_cancel_all(stack);
  stack->ops->wake(stack);
  return 0;
}

/* The stack may be closed, and gone, before its run returns: then only `ended` tells. */
static int run(dgram_stack *stack, bool *ret_ended) {
  int code;

  *ret_ended = false;
  stack->host->run_ended = ret_ended;
  code = stack->ops->run(stack);
  if (!*ret_ended) stack->host->run_ended = NULL;
  return code;
}

int dgram_run(dgram_stack *stack) {
  const bool is_default = stack == NULL;
  bool ended;
  int code;

  if (is_default) {
    code = dgram__default_stack(false, &stack);
    if (code < 0) return code;
    if (stack == NULL) return 0;
  }
  if (stack->host == NULL) return DGRAM_ENOTRUNNING;
  if (stack->host->depth > 0 || stack->host->run_ended != NULL) return DGRAM_ERUNNING;
  code = run(stack, &ended);
  if (ended || !is_default || code < 0) return code;
  if (stack->host->alive > 0) return 0; /* dgram_stop: a later run goes on */
  if (!stack->host->closing) (void)dgram_stack_close(stack, NULL, NULL);
  while (!ended && code >= 0)
    code = run(stack, &ended);
  return code;
}

int dgram_stop(dgram_stack *stack) {
  if (stack == NULL) {
    const int code = dgram__default_stack(false, &stack);
    if (code < 0) return code;
  }
  if (stack == NULL || stack->host == NULL) return DGRAM_ENOTRUNNING;
  stack->ops->stop(stack);
  return 0;
}

/* All of it: who calls dgram_flush may sleep next. */
static void flush(dgram_socket *socket) {
  dgram__send_flush(socket, UINT32_MAX);
}

static void flush_list(dgram_socket *socket) {
  for (; socket != NULL; socket = socket->turn_next)
    flush(socket);
}

/* Who has something to send wants a turn, or is having one. */
int dgram_flush(dgram_stack *stack) {
  const int code = dgram__stack_of(stack, false, &stack);

  if (code < 0) return code;
  if (stack == NULL) return 0;
  if (stack->host->serving != NULL) flush(stack->host->serving);
  flush_list(stack->host->turning);
  flush_list(stack->host->turn_first);
  return 0;
}

int dgram_stack_on_unheard(dgram_stack *stack, dgram_unheard_cb cb, void *data) {
  const int code = dgram__stack_of(stack, true, &stack);

  if (code < 0) return code;
  stack->host->unheard_cb = cb;
  stack->host->unheard_data = data;
  return 0;
}

uint64_t dgram_now(dgram_stack *stack) {
  if (dgram__stack_of(stack, true, &stack) < 0) return 0;
  return stack->ops->now(stack);
}

int dgram_interface_index(dgram_stack *stack, const char *name) {
  const int code = dgram__stack_of(stack, true, &stack);

  if (code < 0) return code;
  if (name == NULL) return DGRAM_EARGTYPE;
  return stack->ops->interface_index(stack, name);
}

int dgram_interface_name(dgram_stack *stack, unsigned index, char *name, size_t size) {
  char text[DGRAM__INTERFACE_NAME_MAX];
  size_t length;
  int code = dgram__stack_of(stack, true, &stack);

  if (code < 0) return code;
  if (name == NULL) return DGRAM_EARGTYPE;
  code = stack->ops->interface_name(stack, index, text);
  if (code < 0) return code;
  length = strlen(text);
  if (length >= size) return DGRAM_ENOSPC;
  memcpy(name, text, length + 1);
  return (int)length;
}
