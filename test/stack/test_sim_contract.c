/* The simulation under a core that is as unkind as stack.h allows: it frees an endpoint the moment
 * it is given back, in the middle of a telling too. It stands in place of the real one, all of
 * whose functions that a stack calls are here. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* In this order, which cmocka.h asks for. */
#include <cmocka.h>

#include "dgram/sim.h"
#include "stack/stack.h"

enum { ENDPOINTS = 4 };

static struct {
  dgram_stack *stack;
  struct dgram__endpoint *endpoints[ENDPOINTS];
  size_t received[ENDPOINTS];
  size_t answered[ENDPOINTS];
  bool close_all; /* at the next telling */
  void *requests[ENDPOINTS];
  size_t lookups;
  size_t closed;
} core;

/* ---- the core ---- */

int dgram__stack_options_read(const dgram_stack_options *options, size_t size,
                              dgram_stack_options *ret_options) {
  (void)size;
  *ret_options = options ? *options : (dgram_stack_options){0};
  return 0;
}

int dgram__stack_new(size_t size, const struct dgram__stack_ops *ops,
                     const dgram_stack_options *options, dgram_stack **ret_stack) {
  dgram_stack *stack = calloc(1, size);
  (void)options;
  assert_non_null(stack);
  stack->ops = ops;
  *ret_stack = stack;
  return 0;
}

int dgram__stack_new_beside(dgram_stack *other, size_t size, dgram_stack **ret_stack) {
  (void)other;
  (void)size;
  (void)ret_stack;
  fail();
  return 0;
}

void dgram__stack_delete(dgram_stack *stack) {
  free(stack);
}

int dgram_stack_close(dgram_stack *stack, dgram_stack_close_cb cb, void *data) {
  (void)stack;
  (void)cb;
  (void)data;
  fail();
  return 0;
}

void *dgram__malloc(dgram_stack *stack, size_t size) {
  (void)stack;
  return malloc(size);
}

void *dgram__calloc(dgram_stack *stack, size_t size) {
  (void)stack;
  return calloc(1, size);
}

void dgram__free(dgram_stack *stack, void *memory) {
  (void)stack;
  free(memory);
}

static void *take(size_t size, void *data) {
  return dgram__malloc(data, size);
}

static void give(void *memory, void *data) {
  dgram__free(data, memory);
}

const dgram_allocator dgram__default_allocator = {.malloc = take, .free = give};

static void close_endpoint(size_t i) {
  struct dgram__endpoint *endpoint = core.endpoints[i];
  core.endpoints[i] = NULL;
  if (!endpoint) return;
  assert_true(endpoint->stack->ops->close_endpoint(endpoint));
  free(endpoint);
}

static void close_endpoints(void) {
  for (size_t i = 0; i < ENDPOINTS; i++)
    close_endpoint(i);
}

void dgram__endpoint_received(struct dgram__endpoint *endpoint, const dgram_message *messages,
                              size_t count) {
  for (size_t i = 0; i < ENDPOINTS; i++) {
    if (core.endpoints[i] == endpoint) core.received[i] += count;
  }
  if (core.close_all) close_endpoints();
  for (size_t i = 0; i < count; i++) /* the bytes outlive the endpoint */
    assert_int_equal(*(const char *)messages[i].bytes, 'x');
}

void dgram__endpoint_icmp(struct dgram__endpoint *endpoint, const dgram_icmp *icmp) {
  for (size_t i = 0; i < ENDPOINTS; i++) {
    if (core.endpoints[i] == endpoint) core.answered[i]++;
  }
  assert_int_equal(icmp->code, DGRAM_ECONNREFUSED);
  if (core.close_all) close_endpoints();
}

void dgram__endpoint_receive_failed(struct dgram__endpoint *endpoint, int code,
                                    const char *syscall) {
  (void)endpoint;
  (void)code;
  (void)syscall;
  fail();
}

void dgram__endpoint_peer_failed(struct dgram__endpoint *endpoint, int code) {
  (void)endpoint;
  (void)code;
  fail();
}

void dgram__endpoint_prefetch(const struct dgram__endpoint *endpoint, bool nearer) {
  (void)endpoint;
  (void)nearer;
}

void dgram__endpoint_sendable(struct dgram__endpoint *endpoint, int first) {
  (void)endpoint;
  (void)first;
  fail();
}

/* Whoever is told first cancels all others. */
void dgram__lookup_done(struct dgram__lookup *lookup, int status, const dgram_address *addresses) {
  size_t told = (size_t)((void **)lookup - core.requests);
  (void)addresses;
  assert_int_equal(status, DGRAM_ENOTFOUND);
  core.lookups++;
  for (size_t i = 0; i < ENDPOINTS; i++) {
    if (i != told) core.stack->ops->cancel_lookup(core.stack, core.requests[i]);
  }
}

void dgram__stack_turn(dgram_stack *stack) {
  stack->ops->set_alive(stack, false);
}

void dgram__stack_alarm(dgram_stack *stack) {
  (void)stack;
  fail();
}

void dgram__stack_closed(dgram_stack *stack) {
  assert_ptr_equal(stack, core.stack);
  core.closed++;
}

/* ---- a world ---- */

static struct dgram__endpoint *make_endpoint(void) {
  dgram_address loopback = {.family = DGRAM_IPV4, .bytes = {127, 0, 0, 1}};
  const struct dgram__bind_how how = {.flags = DGRAM__BIND_ICMP_ERRORS};
  struct dgram__endpoint *endpoint = calloc(1, core.stack->ops->endpoint_size);
  assert_non_null(endpoint);
  endpoint->stack = core.stack;
  endpoint->type = DGRAM_UDP4;
  assert_int_equal(core.stack->ops->open(endpoint), 0);
  assert_int_equal(core.stack->ops->bind(endpoint, &loopback, &how), 0);
  assert_int_equal(core.stack->ops->receive_start(endpoint), 0);
  return endpoint;
}

static int set_up(void **state) {
  (void)state;
  memset(&core, 0, sizeof core);
  if (dgram_sim_stack_create(NULL, &core.stack) < 0) return -1;
  for (size_t i = 0; i < ENDPOINTS; i++)
    core.endpoints[i] = make_endpoint();
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  close_endpoints();
  core.stack->ops->close(core.stack);
  assert_int_equal(core.stack->ops->run(core.stack), 0);
  assert_int_equal(core.closed, 1);
  return 0;
}

/* count datagrams to each endpoint. */
static void fill(size_t count) {
  for (size_t n = 0; n < count * ENDPOINTS; n++) {
    dgram_datagram datagram = {.bytes = "x", .length = 1};
    struct dgram__endpoint *to = core.endpoints[n % ENDPOINTS];
    assert_int_equal(core.stack->ops->local_address(to, &datagram.to), 0);
    assert_int_equal(core.stack->ops->send(to, &datagram, 1, 0, 0), 1);
    assert_int_equal(datagram.result, 1);
  }
}

/* count datagrams from each endpoint to a port that nobody has. */
static void ask(size_t count) {
  for (size_t n = 0; n < count * ENDPOINTS; n++) {
    dgram_datagram datagram = {.to = {.family = DGRAM_IPV4, .port = 9, .bytes = {127, 0, 0, 1}}};
    struct dgram__endpoint *from = core.endpoints[n % ENDPOINTS];
    assert_int_equal(core.stack->ops->send(from, &datagram, 1, 0, 0), 1);
    assert_int_equal(datagram.result, 0);
  }
}

static size_t answered(void) {
  size_t sum = 0;
  for (size_t i = 0; i < ENDPOINTS; i++)
    sum += core.answered[i];
  return sum;
}

static void settle(void) {
  core.stack->ops->set_alive(core.stack, true);
  assert_int_equal(core.stack->ops->run(core.stack), DGRAM_EDEADLK);
}

static size_t received(void) {
  size_t sum = 0;
  for (size_t i = 0; i < ENDPOINTS; i++)
    sum += core.received[i];
  return sum;
}

/* ---- tests ---- */

static void test_all_is_told(void **state) {
  (void)state;
  fill(200);
  settle();
  for (size_t i = 0; i < ENDPOINTS; i++)
    assert_int_equal(core.received[i], 200);
}

static void test_all_closed_in_the_first_telling(void **state) {
  (void)state;
  fill(200);
  core.close_all = true;
  settle();
  assert_int_equal(received(), DGRAM__SIM_BATCH);
}

static void test_answers_are_told_among_datagrams(void **state) {
  (void)state;
  fill(10);
  ask(50);
  fill(10);
  settle();
  assert_int_equal(received(), 20 * ENDPOINTS);
  for (size_t i = 0; i < ENDPOINTS; i++)
    assert_int_equal(core.answered[i], 50);
}

static void test_all_closed_in_the_first_answer(void **state) {
  (void)state;
  ask(10);
  fill(10);
  core.close_all = true;
  settle();
  assert_int_equal(answered(), 1);
  assert_int_equal(received(), 0);
}

static void test_closed_between_tellings(void **state) {
  (void)state;
  fill(10);
  close_endpoint(0);
  close_endpoint(2);
  settle();
  assert_int_equal(received(), 20);
}

static void test_lookups_cancelled_by_the_first(void **state) {
  (void)state;
  for (size_t i = 0; i < ENDPOINTS; i++) {
    struct dgram__lookup *lookup = (struct dgram__lookup *)&core.requests[i];
    assert_int_equal(core.stack->ops->lookup(core.stack, "nobody", 0, lookup, &core.requests[i]),
                     0);
  }
  assert_int_equal(core.lookups, 0);
  settle();
  assert_int_equal(core.lookups, 1);
}

static void test_a_wake_is_one_turn(void **state) {
  (void)state;
  core.stack->ops->wake(core.stack);
  core.stack->ops->wake(core.stack);
  core.stack->ops->set_alive(core.stack, true);
  assert_int_equal(core.stack->ops->run(core.stack), 0);
  settle();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_all_is_told, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_all_closed_in_the_first_telling, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_answers_are_told_among_datagrams, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_all_closed_in_the_first_answer, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_closed_between_tellings, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_lookups_cancelled_by_the_first, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_a_wake_is_one_turn, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
