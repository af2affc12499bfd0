/* getaddrinfo(3) in the tests' own hand: the program's symbol goes before the C library's, so
 * libuv's threads call this one. No test depends on the network or on /etc/hosts. The simulation has
 * a table of names of its own, and gets the same. */

#include "harness_books.h"

#include <arpa/inet.h>
#include <dgram/sim.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>

enum { NAMES_MAX = 64, ADDRESSES_MAX = 2 };

/* A simulated lookup that is slow ends when nothing else is left to happen before. */
static const uint64_t slow_ns = 3600 * DGRAM_SECOND;

struct answer {
  const char *name;
  const char *addresses[ADDRESSES_MAX];
  int code; /* where there are no addresses */
  bool slow;
};

static const struct answer answers[] = {
    {"localhost", {"127.0.0.1", "::1"}, 0, false},
    {"four.dgram.test", {"127.0.0.1", NULL}, 0, false},
    {"six.dgram.test", {"::1", NULL}, 0, false},
    {"two.dgram.test", {"127.0.0.1", "127.0.0.2"}, 0, false},
    {"slow.dgram.test", {"127.0.0.1", "::1"}, 0, true},
    {"again.dgram.test", {NULL, NULL}, EAI_AGAIN, false},
    {"fail.dgram.test", {NULL, NULL}, EAI_FAIL, false},
    {"family.dgram.test", {NULL, NULL}, EAI_FAMILY, false},
    {"memory.dgram.test", {NULL, NULL}, EAI_MEMORY, false},
    {"flags.dgram.test", {NULL, NULL}, EAI_BADFLAGS, false},
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;
static bool is_released;
static char asked[NAMES_MAX][256];
static size_t asked_count;

/* One result with its address, in one block, as freeaddrinfo below expects. */
struct result {
  struct addrinfo info;
  union {
    struct sockaddr any;
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
  } address;
};

static struct addrinfo *result_new(const char *text, const struct addrinfo *hints) {
  struct result *result = calloc(1, sizeof(*result));
  int family = strchr(text, ':') == NULL ? AF_INET : AF_INET6;
  if (result == NULL) abort();
  result->info.ai_family = family;
  result->info.ai_socktype = hints == NULL ? 0 : hints->ai_socktype;
  result->info.ai_addr = &result->address.any;
  result->address.any.sa_family = (sa_family_t)family;
  if (family == AF_INET) {
    result->info.ai_addrlen = sizeof(result->address.in4);
    inet_pton(AF_INET, text, &result->address.in4.sin_addr);
  } else {
    result->info.ai_addrlen = sizeof(result->address.in6);
    inet_pton(AF_INET6, text, &result->address.in6.sin6_addr);
  }
  return &result->info;
}

static const struct answer *find(const char *name) {
  for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
    if (strcmp(answers[i].name, name) == 0) return &answers[i];
  }
  return NULL;
}

static void remember(const char *name, bool slow) {
  pthread_mutex_lock(&lock);
  if (asked_count < NAMES_MAX) {
    snprintf(asked[asked_count++], sizeof(asked[0]), "%s", name);
  }
  while (slow && !is_released)
    pthread_cond_wait(&released, &lock);
  pthread_mutex_unlock(&lock);
}

/* The interface of the C library: visible, although the tests are compiled with hidden symbols. */
__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **ret_results) {
  const struct answer *answer = node == NULL ? NULL : find(node);
  int family = hints == NULL ? AF_UNSPEC : hints->ai_family;
  struct addrinfo **end = ret_results;
  (void)service;
  if (node == NULL) return EAI_NONAME;
  remember(node, answer != NULL && answer->slow);
  *ret_results = NULL;
  for (int i = 0; answer != NULL && i < ADDRESSES_MAX; i++) {
    const char *text = answer->addresses[i];
    if (text == NULL) continue;
    if (family == AF_INET && strchr(text, ':') != NULL) continue;
    if (family == AF_INET6 && strchr(text, ':') == NULL) continue;
    *end = result_new(text, hints);
    end = &(*end)->ai_next;
  }
  if (*ret_results != NULL) return 0;
  return answer == NULL || answer->code == 0 ? EAI_NONAME : answer->code;
}

__attribute__((visibility("default"))) void freeaddrinfo(struct addrinfo *results) {
  while (results != NULL) {
    struct addrinfo *next = results->ai_next;
    free(results);
    results = next;
  }
}

static int code_of(int system_code) {
  switch (system_code) {
  case EAI_AGAIN:
    return DGRAM_EAI_AGAIN;
  case EAI_FAIL:
    return DGRAM_EAI_FAIL;
  case EAI_FAMILY:
    return DGRAM_EAI_FAMILY;
  case EAI_MEMORY:
    return DGRAM_EAI_MEMORY;
  case EAI_BADFLAGS:
    return DGRAM_EAI_OTHER;
  default:
    return 0;
  }
}

static int simulate(dgram_sim *sim, const struct answer *answer) {
  dgram_address addresses[ADDRESSES_MAX];
  size_t count = 0;
  for (; count < ADDRESSES_MAX && answer->addresses[count] != NULL; count++) {
    int code = dgram_address_parse(answer->addresses[count], 0, &addresses[count]);
    if (code < 0) return code;
  }
  return dgram_sim_set_name(sim, answer->name, addresses, count, answer->slow ? slow_ns : 0,
                            code_of(answer->code));
}

int h_resolver_simulate(dgram_stack *stack) {
  int code = 0;
  for (size_t i = 0; code == 0 && i < sizeof(answers) / sizeof(answers[0]); i++) {
    if (strcmp(answers[i].name, "localhost") != 0)
      code = simulate(dgram_sim_of(stack), &answers[i]);
  }
  return code;
}

void h_resolver_reset(void) {
  pthread_mutex_lock(&lock);
  is_released = false;
  asked_count = 0;
  pthread_mutex_unlock(&lock);
}

void h_resolver_release(void) {
  pthread_mutex_lock(&lock);
  is_released = true;
  pthread_cond_broadcast(&released);
  pthread_mutex_unlock(&lock);
}

size_t h_resolver_asked(const char *name) {
  size_t count = 0;
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < asked_count; i++)
    count += strcmp(asked[i], name) == 0 ? 1 : 0;
  pthread_mutex_unlock(&lock);
  return count;
}
