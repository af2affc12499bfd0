/* dgram_resolve: a name to addresses, for the program itself.
 *
 * A literal is known at once, but told from the loop like everything else (rule 2): it goes to the
 * end of the host's list, as do those that the end of the stack cancels. A name joins a lookup and
 * is told when that is done. */

#include <string.h>

#include "core/address.h"
#include "core/host.h"
#include "core/resolve.h"

struct dgram__resolve {
  struct dgram__waiter waiter; /* first: the waiter's callback gets from it to the whole */
  struct dgram__resolve *next; /* among those that are known, or in flight */
  struct dgram__resolve *previous;
  dgram_stack *stack;
  dgram_resolve_cb cb;
  void *data;
  int status;
  dgram_address address; /* of a literal */
};

int dgram__literal_read(dgram_stack *stack, const char *text, dgram_address *ret_address) {
  char zone[DGRAM__INTERFACE_NAME_MAX];
  dgram_address address;
  int code = dgram__address_read(text, &address, zone);

  if (code == DGRAM_ENODEV) return code;
  if (code < 0) return strchr(text, ':') != NULL ? DGRAM_EINVAL : 1;
  if (zone[0] != '\0') {
    code = stack->ops->interface_index(stack, zone);
    if (code < 0) return code;
    address.scope_id = (uint32_t)code;
  }
  *ret_address = address;
  return 0;
}

int dgram__name_check(const char *name) {
  size_t length = strlen(name);

  if (length > 0 && name[length - 1] == '.') length--;
  if (length == 0) return DGRAM_EINVAL;
  return length > DGRAM__NAME_MAX ? DGRAM_ENAMETOOLONG : 0;
}

static void know(struct dgram__resolve *resolve, int status) {
  struct dgram__host *host = resolve->stack->host;

  resolve->status = status;
  resolve->next = NULL;
  if (host->resolves != NULL) {
    host->resolves_last->next = resolve;
  } else {
    host->resolves = resolve;
  }
  host->resolves_last = resolve;
  resolve->stack->ops->wake(resolve->stack);
}

static void put_in_flight(struct dgram__resolve *resolve) {
  struct dgram__resolve **first = &resolve->stack->host->resolves_in_flight;

  resolve->previous = NULL;
  resolve->next = *first;
  if (*first != NULL) (*first)->previous = resolve;
  *first = resolve;
}

static void take_from_flight(struct dgram__resolve *resolve) {
  if (resolve->previous != NULL) {
    resolve->previous->next = resolve->next;
  } else {
    resolve->stack->host->resolves_in_flight = resolve->next;
  }
  if (resolve->next != NULL) resolve->next->previous = resolve->previous;
}

static void on_lookup_done(struct dgram__waiter *waiter, int status,
                           const dgram_address *addresses) {
  struct dgram__resolve *resolve = (struct dgram__resolve *)waiter;
  dgram_stack *stack = resolve->stack;
  const dgram_resolve_cb cb = resolve->cb;
  void *data = resolve->data;

  take_from_flight(resolve);
  dgram__free(stack, resolve);
  cb(stack, status, status > 0 ? addresses : NULL, data);
}

/* Those that a callback adds wait for the next turn. */
void dgram__resolves_tell(dgram_stack *stack) {
  struct dgram__resolve *resolve = stack->host->resolves;

  stack->host->resolves = NULL;
  while (resolve != NULL) {
    struct dgram__resolve *next = resolve->next;
    const dgram_address address = resolve->address;
    resolve->cb(stack, resolve->status, resolve->status > 0 ? &address : NULL, resolve->data);
    dgram__free(stack, resolve);
    dgram__host_release(stack);
    resolve = next;
  }
}

void dgram__resolves_cancel_all(dgram_stack *stack) {
  struct dgram__host *host = stack->host;

  while (host->resolves_in_flight != NULL) {
    struct dgram__resolve *resolve = host->resolves_in_flight;
    take_from_flight(resolve);
    dgram__host_hold(stack);
    dgram__lookup_leave(stack, &resolve->waiter);
    know(resolve, DGRAM_ECANCELED);
  }
}

static int resolve_name(struct dgram__resolve *resolve, const char *name, int family) {
  int code = dgram__name_check(name);

  if (code < 0) return code;
  resolve->waiter.done = on_lookup_done;
  code = dgram__lookup_join(resolve->stack, name, family, NULL, &resolve->waiter);
  if (code < 0) return code;
  put_in_flight(resolve);
  return 0;
}

int dgram_resolve(dgram_stack *stack, const char *name, int family, dgram_resolve_cb cb,
                  void *data) {
  struct dgram__resolve *resolve;
  int code = dgram__stack_of(stack, true, &stack);

  if (code < 0) return code;
  if (name == NULL || cb == NULL) return DGRAM_EARGTYPE;
  if (family != 0 && family != DGRAM_IPV4 && family != DGRAM_IPV6) return DGRAM_EINVAL;
  resolve = dgram__calloc(stack, sizeof *resolve);
  if (resolve == NULL) return DGRAM_ENOMEM;
  resolve->stack = stack;
  resolve->cb = cb;
  resolve->data = data;
  code = dgram__literal_read(stack, name, &resolve->address);
  if (code == 1) {
    code = resolve_name(resolve, name, family);
  } else if (code == 0) {
    if (family != 0 && resolve->address.family != family) {
      code = DGRAM_EINVAL;
    } else {
      dgram__host_hold(stack);
      know(resolve, 1);
    }
  }
  if (code < 0) dgram__free(stack, resolve);
  return code;
}
