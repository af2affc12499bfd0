/* Names on libuv: what the resolver may answer, and lookups that nobody waits for any more. The
 * resolver is this file: the program's getaddrinfo goes before the C library's. */

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "linux_kit.h"
#include "stack/loop/loop.h"

/* ---- the resolver ---- */

static struct {
  pthread_mutex_t lock;
  pthread_cond_t released;
  bool blocked;
  int code;
  int addresses; /* of IPv4; before each a unix one, which means nothing to us */
  int calls;
  int family; /* asked for last */
  int socktype;
  int flags;
} resolver = {.lock = PTHREAD_MUTEX_INITIALIZER, .released = PTHREAD_COND_INITIALIZER};

struct result {
  struct addrinfo info;
  union {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_un unix_;
  } address;
};

static struct addrinfo *push(struct addrinfo *next, int family, uint32_t ipv4) {
  struct result *result = calloc(1, sizeof *result);
  result->info.ai_family = family;
  result->info.ai_addr = &result->address.any;
  result->info.ai_next = next;
  result->address.any.sa_family = (sa_family_t)family;
  if (family == AF_INET) result->address.ipv4.sin_addr.s_addr = htonl(ipv4);
  return &result->info;
}

static void meet(const struct addrinfo *hints) {
  pthread_mutex_lock(&resolver.lock);
  resolver.calls++;
  resolver.family = hints->ai_family;
  resolver.socktype = hints->ai_socktype;
  resolver.flags = hints->ai_flags;
  while (resolver.blocked)
    pthread_cond_wait(&resolver.released, &resolver.lock);
  pthread_mutex_unlock(&resolver.lock);
}

__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **ret_list) {
  (void)node;
  (void)service;
  meet(hints);
  *ret_list = NULL;
  if (resolver.code == EAI_SYSTEM) errno = ENFILE;
  if (resolver.code != 0) return resolver.code;
  for (int i = resolver.addresses; i > 0; i--) {
    *ret_list = push(*ret_list, AF_INET, 0x0a000000u + (uint32_t)i);
    *ret_list = push(*ret_list, AF_UNIX, 0);
  }
  if (resolver.addresses == 0) *ret_list = push(NULL, AF_UNIX, 0);
  return 0;
}

__attribute__((visibility("default"))) void freeaddrinfo(struct addrinfo *list) {
  while (list) {
    struct addrinfo *next = list->ai_next;
    free(list);
    list = next;
  }
}

static void block(bool blocked) {
  pthread_mutex_lock(&resolver.lock);
  resolver.blocked = blocked;
  pthread_cond_broadcast(&resolver.released);
  pthread_mutex_unlock(&resolver.lock);
}

static int calls(void) {
  pthread_mutex_lock(&resolver.lock);
  int count = resolver.calls;
  pthread_mutex_unlock(&resolver.lock);
  return count;
}

static int setup(void **state) {
  resolver.code = resolver.addresses = resolver.calls = 0;
  return kit_setup(state);
}

#define NAMES_TEST(function) cmocka_unit_test_setup_teardown(function, setup, kit_teardown)

/* ---- resolving ---- */

struct answer {
  size_t count;
  int status;
  dgram_address first;
  dgram_address last;
};

static void on_resolved(dgram_stack *stack, int status, const dgram_address *addresses,
                        void *data) {
  struct answer *answer = data;
  (void)stack;
  answer->count++;
  answer->status = status;
  if (status <= 0) return;
  answer->first = addresses[0];
  answer->last = addresses[status - 1];
}

static int resolve(int family, struct answer *answer) {
  memset(answer, 0, sizeof *answer);
  assert_int_equal(dgram_resolve(kit.stack, "name.test", family, on_resolved, answer), 0);
  kit_run_until(&answer->count, 1);
  return answer->status;
}

static void test_addresses_in_order(void **state) {
  struct answer answer;
  (void)state;
  resolver.addresses = 3;
  assert_int_equal(resolve(0, &answer), 3);
  assert_int_equal(answer.first.family, DGRAM_IPV4);
  assert_int_equal(answer.first.port, 0);
  assert_int_equal(answer.first.bytes[3], 1);
  assert_int_equal(answer.last.bytes[3], 3);
}

static void test_more_addresses_than_are_kept(void **state) {
  struct answer answer;
  (void)state;
  resolver.addresses = 100;
  assert_int_equal(resolve(DGRAM_IPV4, &answer), DGRAM__LOOKUP_ADDRESSES_MAX);
}

static void test_no_address_that_we_know(void **state) {
  struct answer answer;
  (void)state;
  assert_int_equal(resolve(0, &answer), DGRAM_ENOTFOUND);
}

static void test_what_is_asked_for(void **state) {
  struct answer answer;
  (void)state;
  resolver.addresses = 1;
  resolve(0, &answer);
  assert_int_equal(resolver.family, AF_UNSPEC);
  resolve(DGRAM_IPV4, &answer);
  assert_int_equal(resolver.family, AF_INET);
  resolve(DGRAM_IPV6, &answer);
  assert_int_equal(resolver.family, AF_INET6);
  assert_int_equal(resolver.socktype, SOCK_DGRAM);
  assert_int_equal(resolver.flags, 0);
}

static void test_codes(void **state) {
  static const struct {
    int system, ours;
  } codes[] = {
      {EAI_NONAME, DGRAM_ENOTFOUND},     {EAI_NODATA, DGRAM_ENOTFOUND},
      {EAI_ADDRFAMILY, DGRAM_ENOTFOUND}, {EAI_AGAIN, DGRAM_EAI_AGAIN},
      {EAI_FAIL, DGRAM_EAI_FAIL},        {EAI_FAMILY, DGRAM_EAI_FAMILY},
      {EAI_MEMORY, DGRAM_EAI_MEMORY},    {EAI_SERVICE, DGRAM_EAI_OTHER},
      {EAI_BADFLAGS, DGRAM_EAI_OTHER},   {EAI_SOCKTYPE, DGRAM_EAI_OTHER},
      {EAI_OVERFLOW, DGRAM_EAI_OTHER},   {EAI_SYSTEM, DGRAM_ENFILE},
  };
  struct answer answer;
  (void)state;
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    resolver.code = codes[i].system;
    assert_int_equal(resolve(0, &answer), codes[i].ours);
  }
  assert_int_equal(loop_error(UV_EAI_BADHINTS), DGRAM_EAI_OTHER);
  assert_int_equal(loop_error(UV_EAI_PROTOCOL), DGRAM_EAI_OTHER);
  assert_int_equal(loop_error(UV_EAI_CANCELED), DGRAM_ECANCELED);
  assert_int_equal(loop_error(UV_EINVAL), DGRAM_EINVAL);
}

/* ---- failing at once ---- */

static void test_no_memory_and_no_such_text(void **state) {
  void *request;
  (void)state;
  kit.fail_size = 1;
  assert_int_equal(loop_lookup(kit.stack, "name.test", 0, NULL, &request), DGRAM_ENOMEM);
  kit.fail_size = 0;
  size_t blocks = kit.blocks;
  assert_true(loop_lookup(kit.stack, "\xff\xfe", 0, NULL, &request) < 0);
  assert_int_equal(kit.blocks, blocks);
}

/* ---- orphans ---- */

static void note_closed(dgram_stack *stack, void *data) {
  (void)stack;
  ++*(size_t *)data;
}

static void *take(size_t size, void *data) {
  ++*(size_t *)data;
  return malloc(size);
}

static void *retake(void *memory, size_t size, void *data) {
  if (!memory) ++*(size_t *)data;
  return realloc(memory, size);
}

static void give(void *memory, void *data) {
  if (memory) --*(size_t *)data;
  free(memory);
}

/* Ten lookups of different names: some are with the resolver, the rest wait for a thread. Then the
 * stack is closed: the run ends at once, although the resolver answers later. */
static void test_lookups_outlive_their_stack(void **state) {
  size_t blocks = 0, closed = 0;
  dgram_allocator allocator = {take, retake, give, &blocks};
  dgram_stack_options options = {.allocator = &allocator};
  struct answer answers[10] = {{0}};
  dgram_stack *stack;
  (void)state;
  assert_int_equal(dgram_uv_stack_create(&kit.loop, &options, &stack), 0);
  block(true);
  for (int i = 0; i < 10; i++) {
    char name[16] = "a.test";
    name[0] = (char)('a' + i);
    assert_int_equal(dgram_resolve(stack, name, 0, on_resolved, &answers[i]), 0);
  }
  while (calls() == 0)
    kit_turns(1);
  assert_int_equal(dgram_stack_close(stack, note_closed, &closed), 0);
  assert_int_equal(dgram_run(stack), 0);
  assert_int_equal(closed, 1);
  for (int i = 0; i < 10; i++)
    assert_int_equal(answers[i].status, DGRAM_ECANCELED);
  assert_true(blocks > 0);
  block(false);
  uv_run(&kit.loop, UV_RUN_DEFAULT);
  assert_int_equal(blocks, 0);
}

/* A run of the stack beside them is not held either. */
static void test_orphans_hold_nobody(void **state) {
  struct answer answer = {0};
  dgram_stack *second;
  (void)state;
  assert_int_equal(dgram_uv_stack_create(&kit.loop, NULL, &second), 0);
  block(true);
  assert_int_equal(dgram_resolve(second, "name.test", 0, on_resolved, &answer), 0);
  while (calls() == 0)
    kit_turns(1);
  assert_int_equal(dgram_stack_close(second, NULL, NULL), 0);
  assert_int_equal(dgram_run(kit.stack), 0);
  assert_int_equal(answer.count, 1);
  block(false);
  uv_run(&kit.loop, UV_RUN_DEFAULT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      NAMES_TEST(test_addresses_in_order),
      NAMES_TEST(test_more_addresses_than_are_kept),
      NAMES_TEST(test_no_address_that_we_know),
      NAMES_TEST(test_what_is_asked_for),
      NAMES_TEST(test_codes),
      NAMES_TEST(test_no_memory_and_no_such_text),
      NAMES_TEST(test_lookups_outlive_their_stack),
      NAMES_TEST(test_orphans_hold_nobody),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
