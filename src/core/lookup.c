#include "core/lookup.h"

#include <assert.h>
#include <string.h>

#include "core/host.h"

struct dgram__lookup {
  struct dgram__waiter delegate; /* waits where its asker left it to the stack. First: it is the
                                  * lookup */
  struct dgram__lookup *next;    /* in its bucket */
  dgram_stack *stack;
  struct dgram__asker *asker; /* or NULL */
  void *request;              /* the stack's, where there is no asker */
  struct dgram__waiter *first;
  struct dgram__waiter *last;
  uint32_t hash;
  int family;
  bool done;    /* out of the table; its waiters are being told */
  bool unasked; /* in the list of these */
  uint64_t id;  /* while it waits for its asker's answer, else 0 */
  struct dgram__lookup *unasked_next;
  struct dgram__lookup *unasked_previous;
  char name[];
};

/* FNV-1a. Names come from the program, not from the network, so nobody can choose collisions. */
static uint32_t hash_of(const char *name, int family, const struct dgram__asker *asker) {
  uint32_t hash = UINT32_C(2166136261) ^ (uint32_t)family;

  if (asker != NULL) hash = (hash ^ asker->number) * UINT32_C(16777619);
  for (; *name != '\0'; name++)
    hash = (hash ^ (unsigned char)*name) * UINT32_C(16777619);
  return hash;
}

static struct dgram__lookup **bucket_of(struct dgram__lookups *lookups, uint32_t hash) {
  return &lookups->buckets[hash & (lookups->bucket_count - 1)];
}

/* Keeps chains short however many names are in flight. Where memory is out they grow longer. */
static int grow(dgram_stack *stack, struct dgram__lookups *lookups) {
  const size_t bucket_count =
      lookups->bucket_count == 0 ? DGRAM__LOOKUP_BUCKETS_MIN : lookups->bucket_count * 2;
  struct dgram__lookups larger = *lookups;

  larger.bucket_count = bucket_count;
  larger.buckets = dgram__calloc(stack, bucket_count * sizeof(struct dgram__lookup *));
  if (larger.buckets == NULL) return lookups->bucket_count == 0 ? DGRAM_ENOMEM : 0;
  for (size_t i = 0; i < lookups->bucket_count; i++) {
    while (lookups->buckets[i] != NULL) {
      struct dgram__lookup *lookup = lookups->buckets[i];
      struct dgram__lookup **bucket = bucket_of(&larger, lookup->hash);
      lookups->buckets[i] = lookup->next;
      lookup->next = *bucket;
      *bucket = lookup;
    }
  }
  dgram__free(stack, lookups->buckets);
  *lookups = larger;
  return 0;
}

static struct dgram__lookup *find(struct dgram__lookups *lookups, const char *name, int family,
                                  const struct dgram__asker *asker, uint32_t hash) {
  struct dgram__lookup *lookup;

  if (lookups->bucket_count == 0) return NULL;
  for (lookup = *bucket_of(lookups, hash); lookup != NULL; lookup = lookup->next) {
    if (lookup->hash != hash || lookup->family != family || lookup->asker != asker) continue;
    if (strcmp(lookup->name, name) == 0) break;
  }
  return lookup;
}

static void take_out(struct dgram__lookups *lookups, struct dgram__lookup *lookup) {
  struct dgram__lookup **link = bucket_of(lookups, lookup->hash);

  while (*link != lookup)
    link = &(*link)->next;
  *link = lookup->next;
  lookups->count--;
}

/* ---- who looks up ---- */

static void put_unasked(struct dgram__lookups *lookups, struct dgram__lookup *lookup) {
  lookup->unasked = true;
  lookup->unasked_previous = lookups->unasked_last;
  if (lookups->unasked_last != NULL) {
    lookups->unasked_last->unasked_next = lookup;
  } else {
    lookups->unasked_first = lookup;
  }
  lookups->unasked_last = lookup;
}

static void take_unasked(struct dgram__lookups *lookups, struct dgram__lookup *lookup) {
  lookup->unasked = false;
  if (lookup->unasked_previous != NULL) {
    lookup->unasked_previous->unasked_next = lookup->unasked_next;
  } else {
    lookups->unasked_first = lookup->unasked_next;
  }
  if (lookup->unasked_next != NULL) {
    lookup->unasked_next->unasked_previous = lookup->unasked_previous;
  } else {
    lookups->unasked_last = lookup->unasked_previous;
  }
}

/* An asker is user code, so it waits for the loop (rule 2). */
static int begin(struct dgram__lookup *lookup) {
  dgram_stack *stack = lookup->stack;

  if (lookup->asker == NULL) {
    return stack->ops->lookup(stack, lookup->name, lookup->family, lookup, &lookup->request);
  }
  put_unasked(&stack->host->lookups, lookup);
  stack->ops->wake(stack);
  return 0;
}

/* Nobody waits any more. */
static void give_up(struct dgram__lookup *lookup) {
  dgram_stack *stack = lookup->stack;

  if (lookup->asker == NULL) {
    stack->ops->cancel_lookup(stack, lookup->request);
  } else if (lookup->unasked) {
    take_unasked(&stack->host->lookups, lookup);
  } else {
    dgram__lookup_leave(stack, &lookup->delegate);
  }
}

/* ---- joining and leaving ---- */

static int start(dgram_stack *stack, const char *name, int family, struct dgram__asker *asker,
                 uint32_t hash, struct dgram__lookup **ret_lookup) {
  struct dgram__lookups *lookups = &stack->host->lookups;
  const size_t size = strlen(name) + 1;
  struct dgram__lookup **bucket;
  struct dgram__lookup *lookup;
  int code;

  if (lookups->count >= lookups->bucket_count) {
    code = grow(stack, lookups);
    if (code < 0) return code;
  }
  lookup = dgram__malloc(stack, sizeof *lookup + size);
  if (lookup == NULL) return DGRAM_ENOMEM;
  *lookup = (struct dgram__lookup){.stack = stack, .asker = asker, .hash = hash, .family = family};
  memcpy(lookup->name, name, size);
  code = begin(lookup);
  if (code < 0) {
    dgram__free(stack, lookup);
    return code;
  }
  bucket = bucket_of(lookups, hash);
  lookup->next = *bucket;
  *bucket = lookup;
  lookups->count++;
  dgram__host_hold(stack);
  *ret_lookup = lookup;
  return 0;
}

int dgram__lookup_join(dgram_stack *stack, const char *name, int family, struct dgram__asker *asker,
                       struct dgram__waiter *waiter) {
  const uint32_t hash = hash_of(name, family, asker);
  struct dgram__lookup *lookup = find(&stack->host->lookups, name, family, asker, hash);

  if (lookup == NULL) {
    const int code = start(stack, name, family, asker, hash, &lookup);
    if (code < 0) return code;
  }
  waiter->lookup = lookup;
  waiter->next = NULL;
  waiter->previous = lookup->last;
  if (lookup->last != NULL) {
    lookup->last->next = waiter;
  } else {
    lookup->first = waiter;
  }
  lookup->last = waiter;
  return 0;
}

static void unlink_waiter(struct dgram__lookup *lookup, struct dgram__waiter *waiter) {
  if (waiter->previous != NULL) {
    waiter->previous->next = waiter->next;
  } else {
    lookup->first = waiter->next;
  }
  if (waiter->next != NULL) {
    waiter->next->previous = waiter->previous;
  } else {
    lookup->last = waiter->previous;
  }
  waiter->lookup = NULL;
}

void dgram__lookup_leave(dgram_stack *stack, struct dgram__waiter *waiter) {
  struct dgram__lookup *lookup = waiter->lookup;

  if (lookup == NULL) return;
  unlink_waiter(lookup, waiter);
  if (lookup->first != NULL || lookup->done) return;
  take_out(&stack->host->lookups, lookup);
  give_up(lookup);
  dgram__free(stack, lookup);
  dgram__host_release(stack);
}

/* ---- ends ---- */

/* A waiter's callback may run user code, which may make others leave, or join a new lookup of the
 * same name: this one is out of the table before. */
void dgram__lookup_done(struct dgram__lookup *lookup, int status, const dgram_address *addresses) {
  dgram_stack *stack = lookup->stack;

  assert(status != 0);
  take_out(&stack->host->lookups, lookup);
  lookup->done = true;
  dgram__host_enter(stack);
  while (lookup->first != NULL) {
    struct dgram__waiter *waiter = lookup->first;
    unlink_waiter(lookup, waiter);
    waiter->done(waiter, status, addresses);
  }
  dgram__free(stack, lookup);
  dgram__host_release(stack);
  dgram__host_leave(stack);
}

/* The answer of an asker: the first address of the family counts. */
static void answer(struct dgram__lookup *lookup, int status, const dgram_address *addresses) {
  for (int i = 0; i < status; i++) {
    if (addresses[i].family != lookup->family) continue;
    dgram__lookup_done(lookup, 1, &addresses[i]);
    return;
  }
  dgram__lookup_done(lookup, status < 0 ? status : DGRAM_ENOTFOUND, NULL);
}

/* ---- askers ---- */

static void on_delegate_done(struct dgram__waiter *waiter, int status,
                             const dgram_address *addresses) {
  dgram__lookup_done((struct dgram__lookup *)waiter, status, addresses);
}

static void leave_to_stack(struct dgram__lookup *lookup) {
  int code;

  lookup->id = 0;
  lookup->delegate.done = on_delegate_done;
  code = dgram__lookup_join(lookup->stack, lookup->name, lookup->family, NULL, &lookup->delegate);
  if (code < 0) dgram__lookup_done(lookup, code, NULL);
}

/* Its lower half is the lookup's hash, which leads back to it. */
static uint64_t next_id(struct dgram__lookups *lookups, uint32_t hash) {
  if (++lookups->ids == 0) lookups->ids = 1;
  return (uint64_t)lookups->ids << 32 | hash;
}

static struct dgram__lookup *find_waiting(struct dgram__lookups *lookups, uint64_t id) {
  struct dgram__lookup *lookup;

  if (lookups->bucket_count == 0 || id == 0) return NULL;
  lookup = *bucket_of(lookups, (uint32_t)id);
  while (lookup != NULL && lookup->id != id)
    lookup = lookup->next;
  return lookup;
}

/* User code: whether there still is a lookup is known by its id. The name is copied for the same
 * reason. */
static void ask(struct dgram__lookup *lookup) {
  struct dgram__lookups *lookups = &lookup->stack->host->lookups;
  const struct dgram__asker *asker = lookup->asker;
  char name[DGRAM__NAME_MAX + 2];
  dgram_lookup_request request = {.name = name, .family = lookup->family};
  int code;

  lookup->id = request.id = next_id(lookups, lookup->hash);
  memcpy(name, lookup->name, strlen(lookup->name) + 1);
  code = asker->cb(asker->socket, &request, asker->data);
  lookup = find_waiting(lookups, request.id);
  if (lookup == NULL || code == 0) return;
  if (code == 1) {
    leave_to_stack(lookup);
  } else {
    answer(lookup, code < 0 ? code : DGRAM_EINVAL, NULL);
  }
}

void dgram__lookups_ask(dgram_stack *stack) {
  struct dgram__lookups *lookups = &stack->host->lookups;

  for (int budget = DGRAM__SEND_TURN; budget > 0; budget--) {
    struct dgram__lookup *lookup = lookups->unasked_first;
    if (lookup == NULL) return;
    take_unasked(lookups, lookup);
    ask(lookup);
  }
  if (lookups->unasked_first != NULL) stack->ops->wake(stack);
}

int dgram_lookup_answer(dgram_stack *stack, uint64_t id, int status,
                        const dgram_address *addresses) {
  struct dgram__lookup *lookup;

  if (stack == NULL) {
    const int code = dgram__default_stack(false, &stack);
    if (code < 0) return code;
  }
  if (stack == NULL || stack->host == NULL) return DGRAM_ENOTRUNNING;
  if (addresses == NULL && status > 0) return DGRAM_EARGTYPE;
  lookup = find_waiting(&stack->host->lookups, id);
  if (lookup == NULL) return DGRAM_ENOENT;
  answer(lookup, status, addresses);
  return 0;
}

void dgram__lookups_clear(dgram_stack *stack) {
  struct dgram__lookups *lookups = &stack->host->lookups;

  assert(lookups->count == 0);
  dgram__free(stack, lookups->buckets);
  *lookups = (struct dgram__lookups){0};
}
