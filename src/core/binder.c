/* The binder: descriptors from elsewhere.
 *
 * A bind that is asked for is WAITING in the host's list, under an id, until dgram_binder_answer
 * takes it out. Where nobody waits any more the descriptor is closed: none is leaked while there is
 * a stack to close it.
 *
 * A share is what makes the n-th bind of one address in this process the n-th in every other: the
 * place a live socket takes among those that asked for the same. */

#include <assert.h>

#include "core/binding.h"
#include "core/extras.h"

struct dgram__share {
  struct dgram__share *next;
  struct dgram__share *previous;
  dgram_address address;
  uint32_t index;
};

/* ---- shares ---- */

/* Finds the smallest index that is free, and the share after which its own belongs, or NULL for the
 * front: shares of one address stand in the order of their indices, so one walk finds the first
 * gap. The family of the address tells the type. */
static uint32_t free_index(const struct dgram__host *host, const dgram_address *address,
                           struct dgram__share **ret_after) {
  uint32_t index = 0;

  *ret_after = NULL;
  for (struct dgram__share *share = host->shares; share != NULL; share = share->next) {
    if (!dgram_address_equal(&share->address, address)) continue;
    if (share->index != index) break;
    *ret_after = share;
    index++;
  }
  return index;
}

static void link_share(struct dgram__host *host, struct dgram__share *share,
                       struct dgram__share *after) {
  struct dgram__share **link = after == NULL ? &host->shares : &after->next;

  share->previous = after;
  share->next = *link;
  if (share->next != NULL) share->next->previous = share;
  *link = share;
}

static int begin_share(dgram_socket *socket, const dgram_address *address) {
  struct dgram__host *host = socket->stack->host;
  struct dgram__extras *extras = dgram__extras_need(socket);
  struct dgram__share *share;
  struct dgram__share *after;

  if (extras == NULL) return DGRAM_ENOMEM;
  share = dgram__calloc(socket->stack, sizeof *share);
  if (share == NULL) return DGRAM_ENOMEM;
  share->address = *address;
  share->index = free_index(host, address, &after);
  link_share(host, share, after);
  extras->share = share;
  return 0;
}

void dgram__share_end(dgram_socket *socket) {
  struct dgram__share *share = socket->extras == NULL ? NULL : socket->extras->share;

  if (share == NULL) return;
  if (share->previous != NULL) {
    share->previous->next = share->next;
  } else {
    socket->stack->host->shares = share->next;
  }
  if (share->next != NULL) share->next->previous = share->previous;
  dgram__free(socket->stack, share);
  socket->extras->share = NULL;
}

/* ---- asking and answers ---- */

/* Oldest first, as answers mostly come. */
static void put_waiting(struct dgram__binding *binding) {
  struct dgram__host *host = binding->socket->stack->host;

  binding->stage = DGRAM__BIND_WAITING;
  binding->id = ++host->binder_ids;
  binding->next = NULL;
  binding->previous = host->bindings_last;
  if (binding->previous != NULL) {
    binding->previous->next = binding;
  } else {
    host->bindings_first = binding;
  }
  host->bindings_last = binding;
}

void dgram__binder_forget(struct dgram__binding *binding) {
  struct dgram__host *host = binding->socket->stack->host;

  if (binding->stage != DGRAM__BIND_WAITING) return;
  if (binding->previous != NULL) {
    binding->previous->next = binding->next;
  } else {
    host->bindings_first = binding->next;
  }
  if (binding->next != NULL) {
    binding->next->previous = binding->previous;
  } else {
    host->bindings_last = binding->previous;
  }
}

static bool is_ipv6_only(const dgram_socket *socket) {
  return socket->extras != NULL && (socket->extras->bind_flags & DGRAM__BIND_IPV6_ONLY) != 0;
}

/* The binder is user code: it may answer, or close the socket, before it returns. */
int dgram__binder_ask(struct dgram__binding *binding) {
  dgram_socket *socket = binding->socket;
  dgram_bind_request request = {.type = socket->type,
                                .exclusive = binding->exclusive,
                                .reuse_addr = socket->reuse_addr,
                                .ipv6_only = is_ipv6_only(socket),
                                .address = binding->local,
                                .socket = socket};
  int code = begin_share(socket, &binding->local);

  put_waiting(binding);
  if (code == 0) {
    request.id = binding->id;
    request.index = socket->extras->share->index;
    code = binding->binder_cb(socket->stack, &request, binding->binder_data);
  }
  if (binding->stage != DGRAM__BIND_WAITING) return 0;
  if (code == 1) {
    dgram__binder_forget(binding);
    dgram__share_end(socket);
    return 1;
  }
  if (code == 0) return 0;
  dgram__binder_forget(binding);
  dgram__bind_settle(binding, code < 0 ? code : DGRAM_EINVAL, "bind");
  return 0;
}

/* Takes over a descriptor, or closes it. */
static int take_descriptor(dgram_socket *socket, int fd) {
  const struct dgram__stack_ops *ops = socket->stack->ops;
  const struct dgram__bind_how how = dgram__bind_how_of(socket);
  const int code = ops->adopt(socket->endpoint, fd, &how);

  if (code < 0) ops->discard(socket->stack, fd);
  return code;
}

static struct dgram__binding *find_waiting(const struct dgram__host *host, uint64_t id) {
  struct dgram__binding *binding = host->bindings_first;

  while (binding != NULL && binding->id != id)
    binding = binding->next;
  return binding;
}

/* ---- public entry points ---- */

int dgram_stack_set_binder(dgram_stack *stack, dgram_binder_cb cb, void *data) {
  const int code = dgram__stack_of(stack, true, &stack);

  if (code < 0) return code;
  stack->host->binder_cb = cb;
  stack->host->binder_data = data;
  return 0;
}

int dgram_binder_answer(dgram_stack *stack, uint64_t id, int fd_or_code) {
  struct dgram__binding *binding;
  int code = 0;

  if (stack == NULL) {
    code = dgram__default_stack(false, &stack);
    if (code < 0) return code;
  }
  if (stack == NULL || stack->host == NULL) return DGRAM_ENOTRUNNING;
  binding = find_waiting(stack->host, id);
  if (binding == NULL) {
    if (fd_or_code >= 0) stack->ops->discard(stack, fd_or_code);
    return DGRAM_ENOENT;
  }
  code = fd_or_code < 0 ? fd_or_code : take_descriptor(binding->socket, fd_or_code);
  dgram__binder_forget(binding);
  dgram__bind_settle(binding, code, "bind");
  if (code >= 0) dgram__connect_adopted(binding->socket);
  return 0;
}
