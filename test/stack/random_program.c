#include "random_program.h"

#include <dirent.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../splitmix.h"

struct random_world the;

/* ---- chance, telling ---- */

uint64_t random_next(uint64_t *state) {
  return splitmix_next(state);
}

uint32_t random_below(uint32_t limit) {
  return (uint32_t)(random_next(&the.random) % limit);
}

bool random_one_in(uint32_t count) {
  return random_below(count) == 0;
}

void random_trace(const char *format, ...) {
  va_list arguments;

  if (!the.trace) return;
  fprintf(stderr, "%*s", (int)(2 * the.callbacks), "");
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
}

void random_fail(const char *format, ...) {
  va_list arguments;

  fflush(stdout);
  fputs("random program: ", stderr);
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  abort();
}

int random_leave_call(int code) {
  the.in_call--;
  if (code < 0) random_trace("= %s", dgram_error_name(code));
  return code;
}

unsigned random_index(const struct random_socket *socket) {
  return (unsigned)(socket - the.sockets);
}

/* ---- stacks ---- */

static int create(struct random_stack *stack, dgram_stack_options *options) {
  if (the.kind == RANDOM_SIM) return RANDOM_CALL(dgram_sim_stack_create(options, &stack->stack));
  options->kind = the.kind == RANDOM_LINUX ? DGRAM_STACK_LINUX : DGRAM_STACK_UV;
  /* Now and then a neighbour of the other kind on the same loop. */
  if (the.stack_count > 0 && random_one_in(3)) {
    options->kind = DGRAM_STACK_LINUX + DGRAM_STACK_UV - options->kind;
  }
  return RANDOM_CALL(dgram_uv_stack_create(&the.loop, options, &stack->stack));
}

/* What was read is heard, unless a pause holds it: after some turns in peace both counts agree. */
static void check_steady(struct random_socket *socket) {
  dgram_stats stats;

  if (socket->socket == NULL || socket->closing) return;
  if (socket->paused || ++socket->steady < 4 || the.mode == RANDOM_NO_MEMORY) return;
  RANDOM_CHECK(RANDOM_CALL(dgram_get_stats(socket->socket, &stats)) == 0, "no stats");
  RANDOM_CHECK(stats.received == socket->emitted, "socket %u received %llu, but heard %llu",
               random_index(socket), (unsigned long long)stats.received,
               (unsigned long long)socket->emitted);
}

/* Random calls from the stack's own time, too. Stops by itself when nothing is left to call. */
static void on_tick(dgram_timer *timer, void *data) {
  struct random_stack *stack = data;

  random_begin_stack_callback(stack, "tick");
  for (unsigned i = 0; i < the.socket_count; i++)
    if (the.sockets[i].stack == stack) check_steady(&the.sockets[i]);
  random_act_in_callback();
  if (!stack->closing && the.fuel > 0) {
    const uint64_t timeout_ns = random_below(3) * DGRAM_MILLISECOND;
    RANDOM_CHECK(RANDOM_CALL(dgram_timer_start(stack->stack, timer, timeout_ns, on_tick, stack)) ==
                     0,
                 "a ticker does not start");
  }
  if (!stack->closing && random_one_in(4)) (void)RANDOM_CALL(dgram_stop(stack->stack));
  random_end_callback();
}

struct random_stack *random_stack_make(void) {
  static const uint32_t disables[] = {0, DGRAM_DISABLE_SPIN, DGRAM_DISABLE_MMSG,
                                      DGRAM_DISABLE_GSO | DGRAM_DISABLE_GRO};
  struct random_stack *stack = &the.stacks[the.stack_count];
  dgram_stack_options options = {.allocator = &stack->allocator,
                                 .disable = disables[random_below(4)]};
  int code;

  if (the.stack_count == RANDOM_STACKS || the.ending) return NULL;
  stack->allocator = random_allocator(stack);
  code = create(stack, &options);
  random_trace("stack %u", the.stack_count);
  if (code == DGRAM_ENOMEM) return NULL;
  RANDOM_CHECK(code == 0, "a stack is not made: %s", dgram_error_name(code));
  the.stack_count++;
  (void)RANDOM_CALL(dgram_stack_on_unheard(stack->stack, random_on_unheard, stack));
  (void)RANDOM_CALL(dgram_timer_start(stack->stack, &stack->ticker, 1, on_tick, stack));
  if (random_one_in(3)) {
    (void)RANDOM_CALL(dgram_stack_set_binder(stack->stack, random_on_bind_request, stack));
  }
  return stack;
}

/* ---- turns ---- */

/* The user's own handles: they keep the loop from sleeping for long, and call the library too. */
static void on_clock(uv_timer_t *clock) {
  struct random_stack *stack = random_some_stack();

  (void)clock;
  RANDOM_CHECK(the.in_call == 0, "the loop runs inside a call");
  the.callbacks++;
  random_act_in_callback();
  the.callbacks--;
  if (stack != NULL && stack->stack != NULL && random_one_in(3)) {
    (void)RANDOM_CALL(dgram_stop(stack->stack));
  }
}

static void on_prepare(uv_prepare_t *prepare) {
  (void)prepare;
  the.callbacks++;
  if (random_one_in(4)) random_act_in_callback();
  the.callbacks--;
}

static void on_check(uv_check_t *check) {
  (void)check;
  the.callbacks++;
  if (random_one_in(4)) random_act_in_callback();
  the.callbacks--;
}

static void run_stack(struct random_stack *stack) {
  int code;

  if (stack == NULL || stack->stack == NULL) return;
  random_trace("run stack %u", (unsigned)(stack - the.stacks));
  code = dgram_run(stack->stack);
  RANDOM_CHECK(code == 0 || (code == DGRAM_EDEADLK && the.kind == RANDOM_SIM), "run answers %s",
               dgram_error_name(code));
}

static void run_loop(uv_run_mode mode) {
  random_trace("run loop %d", (int)mode);
  the.uv_runs = true;
  uv_run(&the.loop, mode);
  the.uv_runs = false;
}

static void take_turn(void) {
  struct random_stack *stack = random_some_stack();
  const uint32_t how = random_below(4);

  if (the.kind == RANDOM_SIM || how > 1) {
    run_stack(stack);
    return;
  }
  if (stack != NULL && stack->stack != NULL) (void)RANDOM_CALL(dgram_flush(stack->stack));
  run_loop(how == 0 ? UV_RUN_NOWAIT : UV_RUN_ONCE);
}

/* ---- the beginning ---- */

static unsigned count_descriptors(void) {
  DIR *directory = opendir("/proc/self/fd");
  unsigned count = 0;

  if (directory == NULL) return 0;
  while (readdir(directory) != NULL)
    count++;
  closedir(directory);
  return count;
}

static void open_sink(void) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t length = sizeof address;

  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  the.sink = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  RANDOM_CHECK(the.sink >= 0, "no sink");
  RANDOM_CHECK(bind(the.sink, (struct sockaddr *)&address, length) == 0, "no port for the sink");
  RANDOM_CHECK(getsockname(the.sink, (struct sockaddr *)&address, &length) == 0, "no name");
  the.sink_port = ntohs(address.sin_port);
}

static void begin(void) {
  open_sink();
  RANDOM_CHECK(uv_loop_init(&the.loop) == 0, "no loop");
  uv_timer_init(&the.loop, &the.clock);
  uv_prepare_init(&the.loop, &the.prepare);
  uv_check_init(&the.loop, &the.check);
  uv_timer_start(&the.clock, on_clock, 0, 1);
  /* Before the library's own handles or behind them, by the toss of a coin. */
  if (random_one_in(2)) uv_prepare_start(&the.prepare, on_prepare);
  if (random_one_in(2)) uv_check_start(&the.check, on_check);
  uv_unref((uv_handle_t *)&the.clock);
  uv_unref((uv_handle_t *)&the.prepare);
  uv_unref((uv_handle_t *)&the.check);
  the.fuel = 60 + random_below(400);
  random_faults_begin();
}

/* ---- the end ---- */

static bool any_stack(void) {
  for (unsigned i = 0; i < the.stack_count; i++)
    if (the.stacks[i].stack != NULL) return true;
  return false;
}

static bool any_socket(void) {
  for (unsigned i = 0; i < the.socket_count; i++)
    if (the.sockets[i].socket != NULL) return true;
  return false;
}

/* Sockets that close by themselves: what was accepted ends without the help of a linger, of which
 * some are 24 days long. */
static void end_gently(void) {
  while (the.request_count > 0)
    random_answer_some();
  for (unsigned i = 0; i < the.socket_count; i++) {
    struct random_socket *socket = &the.sockets[i];
    if (socket->socket == NULL || socket->closing) continue;
    if (RANDOM_CALL(dgram_close(socket->socket, NULL, NULL)) == 0) socket->closing = true;
  }
  while (any_socket())
    take_turn();
}

static void end_stacks(void) {
  for (unsigned i = 0; i < the.stack_count; i++) {
    struct random_stack *stack = &the.stacks[i];
    if (stack->stack != NULL && !stack->closing) random_close_stack(stack);
    if (random_one_in(2)) run_stack(stack);
  }
  while (any_stack()) {
    if (the.kind != RANDOM_SIM && random_one_in(2)) run_loop(UV_RUN_DEFAULT);
    for (unsigned i = 0; i < the.stack_count; i++)
      run_stack(&the.stacks[i]);
  }
}

/* Lookups that could not be cancelled may outlive their stack, so the loop runs to its end. */
static void end_loop(void) {
  uv_close((uv_handle_t *)&the.clock, NULL);
  uv_close((uv_handle_t *)&the.prepare, NULL);
  uv_close((uv_handle_t *)&the.check, NULL);
  RANDOM_CHECK(uv_run(&the.loop, UV_RUN_DEFAULT) == 0, "the loop does not end");
  const int code = uv_loop_close(&the.loop);
  if (code != 0) uv_print_all_handles(&the.loop, stderr);
  RANDOM_CHECK(code == 0, "the loop does not close: %s", uv_strerror(code));
  close(the.sink);
}

static void check_what_is_left(unsigned descriptors) {
  while (the.kept_count > 0)
    dgram_message_free(the.kept[--the.kept_count]);
  for (unsigned i = 0; i < RANDOM_TIMERS; i++)
    free(the.timers[i].timer);
  for (unsigned i = 0; i < the.socket_count; i++) {
    struct random_socket *socket = &the.sockets[i];
    RANDOM_CHECK(socket->socket == NULL, "socket %u never closed", i);
    RANDOM_CHECK(socket->pending == 0, "socket %u closed with %u callbacks due", i,
                 socket->pending);
    random_forget_orders(socket);
  }
  random_forget_datagrams();
  RANDOM_CHECK(the.calls_due == 0, "%u callbacks never came", the.calls_due);
  RANDOM_CHECK(the.live_memory == 0, "%zu pieces of memory are left", the.live_memory);
  RANDOM_CHECK(count_descriptors() == descriptors, "%u descriptors at the end, %u at the beginning",
               count_descriptors(), descriptors);
}

void random_program(enum random_kind kind, enum random_mode mode, uint64_t seed, bool hermetic) {
  uv_loop_t once;
  unsigned descriptors;

  /* libuv's first loop makes descriptors of the process. */
  RANDOM_CHECK(uv_loop_init(&once) == 0 && uv_loop_close(&once) == 0, "no loop");
  descriptors = count_descriptors();
  the = (struct random_world){.kind = kind, .mode = mode, .seed = seed, .random = seed};
  the.trace = getenv("DGRAM_TEST_TRACE") != NULL;
  the.hermetic = hermetic;
  begin();
  for (unsigned turn = 0; turn < 12 && the.fuel > 0; turn++) {
    if (!any_stack()) (void)random_stack_make();
    for (uint32_t i = random_below(12); i > 0; i--)
      random_act();
    take_turn();
  }
  the.ending = true;
  if (random_one_in(2)) end_gently();
  end_stacks();
  random_faults_end();
  end_loop();
  check_what_is_left(descriptors);
}
