#include "core/lookup.h"

#include <assert.h>
#include <string.h>

#include "core/host.h"

struct dgram__lookup {
  struct dgram__lookup *next; /* in its bucket */
  dgram_stack *stack;
  void *request; /* the stack's */
  struct dgram__waiter *first;
  struct dgram__waiter *last;
  uint32_t hash;
  int family;
  bool done; /* out of the table; its waiters are being told */
  char name[];
};

/* FNV-1a. Names come from the program, not from the network, so nobody can choose collisions. */
static uint32_t hash_of(const char *name, int family) {
  uint32_t hash = UINT32_C(2166136261) ^ (uint32_t)family;

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
  struct dgram__lookups larger = {.bucket_count = bucket_count, .count = lookups->count};

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
                                  uint32_t hash) {
  struct dgram__lookup *lookup;

  if (lookups->bucket_count == 0) return NULL;
  for (lookup = *bucket_of(lookups, hash); lookup != NULL; lookup = lookup->next) {
    if (lookup->hash == hash && lookup->family == family && strcmp(lookup->name, name) == 0) break;
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

static int start(dgram_stack *stack, const char *name, int family, uint32_t hash,
                 struct dgram__lookup **ret_lookup) {
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
  *lookup = (struct dgram__lookup){.stack = stack, .hash = hash, .family = family};
  memcpy(lookup->name, name, size);
  code = stack->ops->lookup(stack, name, family, lookup, &lookup->request);
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

int dgram__lookup_join(dgram_stack *stack, const char *name, int family,
                       struct dgram__waiter *waiter) {
  const uint32_t hash = hash_of(name, family);
  struct dgram__lookup *lookup = find(&stack->host->lookups, name, family, hash);

  if (lookup == NULL) {
    const int code = start(stack, name, family, hash, &lookup);
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
  stack->ops->cancel_lookup(stack, lookup->request);
  dgram__free(stack, lookup);
  dgram__host_release(stack);
}

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

void dgram__lookups_clear(dgram_stack *stack) {
  struct dgram__lookups *lookups = &stack->host->lookups;

  assert(lookups->count == 0);
  dgram__free(stack, lookups->buckets);
  *lookups = (struct dgram__lookups){0};
}
