/* Rule 1: one stack, one loop, one thread; different stacks may live on different threads. */

#include "harness.h"

#include <pthread.h>

enum { THREADS = 4, ROUNDS = 500 };

/* What a thread does with a stack of its own. Assertions belong to the main thread: here all is
 * counted. */
struct worker {
  pthread_t thread;
  struct h_box box;
  dgram_socket *ping;
  dgram_socket *pong;
  dgram_address to;
  size_t rounds;
  size_t failures;
  bool closed;
};

static void check(struct worker *worker, int code) {
  if (code < 0) worker->failures++;
}

static void on_ping(dgram_socket *socket, const dgram_message *message, void *data) {
  check(data, dgram_send_to(socket, message->bytes, message->length, &message->from, NULL, NULL));
}

static void on_pong(dgram_socket *socket, const dgram_message *message, void *data) {
  struct worker *worker = data;
  (void)message;
  if (++worker->rounds < ROUNDS) {
    check(worker, dgram_send_to(socket, "ping", 4, &worker->to, NULL, NULL));
    return;
  }
  check(worker, dgram_close(worker->ping, NULL, NULL));
  check(worker, dgram_close(worker->pong, NULL, NULL));
}

static void on_listening(dgram_socket *socket, void *data) {
  struct worker *worker = data;
  check(worker, dgram_local_address(worker->pong, &worker->to));
  check(worker, dgram_send_to(socket, "ping", 4, &worker->to, NULL, NULL));
}

static void on_resolved(dgram_stack *stack, int status, const dgram_address *addresses,
                        void *data) {
  struct worker *worker = data;
  dgram_bind_options where = {.address = "127.0.0.1"};
  (void)stack;
  (void)addresses;
  check(worker, status);
  check(worker, dgram_bind(worker->pong, &where, NULL, NULL));
  check(worker, dgram_bind(worker->ping, &where, NULL, NULL));
}

static void *work(void *data) {
  struct worker *worker = data;
  dgram_socket_options options = {.type = DGRAM_UDP4, .data = worker};
  options.on_message = on_ping;
  check(worker, dgram_create_socket(worker->box.stack, &options, &worker->pong));
  options.on_message = on_pong;
  check(worker, dgram_create_socket(worker->box.stack, &options, &worker->ping));
  check(worker, dgram_on_listening(worker->ping, on_listening, worker));
  check(worker, dgram_resolve(worker->box.stack, "localhost", DGRAM_IPV4, on_resolved, worker));
  check(worker, dgram_run(worker->box.stack));
  return NULL;
}

/* rule:1 issue:threads */
static void test_stacks_on_threads(void **state) {
  static struct worker workers[THREADS];
  (void)state;
  memset(workers, 0, sizeof(workers));
  for (size_t i = 0; i < THREADS; i++)
    h_assert_ok(h_box_open(&workers[i].box, NULL, NULL));
  for (size_t i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
  }
  for (size_t i = 0; i < THREADS; i++)
    assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
  for (size_t i = 0; i < THREADS; i++) {
    assert_int_equal(workers[i].failures, 0);
    assert_int_equal(workers[i].rounds, ROUNDS);
    assert_int_equal(h_box_close(&workers[i].box), 0);
  }
}

/* What another thread is told about the default stack of this one. */
static int codes[6];

static void never(dgram_timer *timer, void *data) {
  (void)timer;
  (void)data;
}

static void *use_it_from_another_thread(void *data) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *socket = NULL;
  static dgram_timer timer;
  (void)data;
  codes[0] = dgram_create_socket(NULL, &options, &socket);
  codes[1] = dgram_run(NULL);
  codes[2] = dgram_timer_start(NULL, &timer, 0, never, NULL);
  codes[3] = dgram_stop(NULL);
  codes[4] = dgram_flush(NULL);
  codes[5] = dgram_stack_set_binder(NULL, NULL, NULL);
  return NULL;
}

static void run_in_thread(void *(*function)(void *)) {
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, function, NULL), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
}

static void need_default(void) {
  h_need_kernel("the default stack lives on libuv's default loop");
  setenv("DGRAM_STACK", h_kind() == H_UV ? "uv" : "linux", 1);
}

/* rule:1 api:default */
static void test_the_default_stack_belongs_to_one_thread(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *socket;
  (void)state;
  need_default();
  h_assert_ok(dgram_create_socket(NULL, &options, &socket));
  run_in_thread(use_it_from_another_thread);
  for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
    h_assert_code(DGRAM_EWRONGTHREAD, codes[i]);
  }
  h_assert_ok(dgram_run(NULL)); /* it gives the default stack back */
}

static void *use_it_up(void *data) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *socket = NULL;
  (void)data;
  codes[0] = dgram_create_socket(NULL, &options, &socket);
  codes[1] = dgram_run(NULL);
  return NULL;
}

/* rule:1 api:default */
static void test_after_its_run_another_thread_may_have_it(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *socket;
  (void)state;
  need_default();
  h_assert_ok(dgram_create_socket(NULL, &options, &socket));
  h_assert_ok(dgram_run(NULL));
  run_in_thread(use_it_up);
  h_assert_ok(codes[0]);
  h_assert_ok(codes[1]);
  h_assert_ok(dgram_create_socket(NULL, &options, &socket));
  h_assert_ok(dgram_run(NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_stacks_on_threads),
      H_TEST(test_the_default_stack_belongs_to_one_thread),
      H_TEST(test_after_its_run_another_thread_may_have_it),
  };
  return H_MAIN(tests);
}
