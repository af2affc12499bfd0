/* The life of a test: its stack, its loop, its allocator, running and ending. */

#include "harness_books.h"

#include <dgram/sim.h>
#include <dgram/uv.h>

#include <dirent.h>
#include <signal.h>
#include <unistd.h>

enum {
  WATCHDOG_MS = 20000, /* a loop that waits for what does not come */
  ALARM_S = 100,       /* a loop that spins; CTest gives a program 120 s */
  VIOLATIONS_PRINTED = 5,
  EXIT_SKIPPED = 77
};

/* A loop and what ends it. The timer is not referenced, so it keeps nothing alive. */
struct loop {
  uv_loop_t uv;
  uv_timer_t watchdog;
  struct h_box *box;
  bool hung;
};

static struct {
  enum h_kind kind;
  struct h_box box;
  bool open;
  bool running; /* still set in h_teardown: an assertion jumped out of a callback */
  int in_call;
  int descriptors;
  size_t skips;
  char violation[512]; /* the first one */
  size_t violations;
  const char *until;     /* h_run_until: this entry ... */
  const size_t *counter; /* h_run_count: or this counter ... */
  size_t until_n;        /* ... so often */
} world;

enum h_kind h_kind(void) {
  return world.kind;
}

dgram_stack *h_stack(void) {
  return world.box.stack;
}

struct h_box *h_world(void) {
  return &world.box;
}

/* ---- what went wrong ---- */

void h_violation(const char *format, ...) {
  va_list arguments;
  char text[sizeof(world.violation)];
  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  if (world.violations++ < VIOLATIONS_PRINTED) print_message("violation: %s\n", text);
  if (world.violation[0] == '\0') memcpy(world.violation, text, sizeof(text));
}

static void check_violations(void) {
  char text[sizeof(world.violation)];
  if (world.violation[0] == '\0') return;
  memcpy(text, world.violation, sizeof(text));
  world.violation[0] = '\0';
  fail_msg("%s", text);
}

void h_enter(void) {
  world.in_call++;
}

int h_leave(int result) {
  world.in_call--;
  return result;
}

void h_callback(const char *what) {
  if (world.in_call > 0) h_violation("rule 2: %s ran inside a call of the library", what);
}

void h_skip(const char *reason) {
  print_message("skipped: %s\n", reason);
  world.skips++;
  skip();
}

void h_need_kernel(const char *reason) {
  if (world.kind == H_SIM) h_skip(reason);
}

int h_descriptors(void) {
  DIR *directory = opendir("/proc/self/fd");
  int count = 0;
  if (directory == NULL) return -1;
  while (readdir(directory) != NULL)
    count++;
  closedir(directory);
  return count;
}

/* ---- memory ---- */

/* In front of each block: its size, and room so that what follows is aligned for all. */
union header {
  size_t size;
  max_align_t align;
};

static bool shall_fail(struct h_memory *memory) {
  memory->calls++;
  if (memory->fail_at == 0 || memory->calls < memory->fail_at) return false;
  if (memory->calls > memory->fail_at && !memory->fail_on) return false;
  memory->failed++;
  return true;
}

static void *memory_realloc(void *block, size_t size, void *data) {
  struct h_memory *memory = data;
  union header *header = block == NULL ? NULL : (union header *)block - 1;
  size_t before = header == NULL ? 0 : header->size;
  if (shall_fail(memory)) return NULL;
  header = realloc(header, sizeof(*header) + size);
  if (header == NULL) abort();
  header->size = size;
  memory->live += block == NULL ? 1 : 0;
  memory->live_bytes += size - before;
  return header + 1;
}

static void *memory_malloc(size_t size, void *data) {
  return memory_realloc(NULL, size, data);
}

static void memory_free(void *block, void *data) {
  struct h_memory *memory = data;
  union header *header;
  if (block == NULL) return;
  header = (union header *)block - 1;
  memory->live--;
  memory->live_bytes -= header->size;
  free(header);
}

void h_memory_init(struct h_memory *memory) {
  memset(memory, 0, sizeof(*memory));
  memory->allocator.malloc = memory_malloc;
  memory->allocator.realloc = memory_realloc;
  memory->allocator.free = memory_free;
  memory->allocator.data = memory;
}

/* ---- boxes ---- */

static void watchdog_barked(uv_timer_t *timer) {
  struct loop *loop = timer->data;
  h_violation("watchdog: nothing for %d ms; the log: %s", WATCHDOG_MS, h_log_text());
  loop->hung = true;
  if (loop->box->stack != NULL) dgram_stop(loop->box->stack);
  uv_stop(&loop->uv);
}

static struct loop *loop_open(struct h_box *box) {
  struct loop *loop = calloc(1, sizeof(*loop));
  if (loop == NULL || uv_loop_init(&loop->uv) != 0) abort();
  loop->box = box;
  loop->watchdog.data = loop;
  uv_timer_init(&loop->uv, &loop->watchdog);
  uv_timer_start(&loop->watchdog, watchdog_barked, WATCHDOG_MS, WATCHDOG_MS);
  uv_unref((uv_handle_t *)&loop->watchdog);
  return loop;
}

/* After its stacks are closed: lookups that could not be cancelled end here. */
static int loop_close(struct loop *loop) {
  int result;
  h_resolver_release();
  uv_close((uv_handle_t *)&loop->watchdog, NULL);
  uv_run(&loop->uv, UV_RUN_DEFAULT);
  result = uv_loop_close(&loop->uv);
  if (result != 0) {
    uv_print_all_handles(&loop->uv, stderr);
    h_violation("handles are left on the loop: %s", uv_err_name(result));
    return -1;
  }
  free(loop);
  return 0;
}

/* A stack without its names is none. */
static int simulated(dgram_stack_options *options, dgram_stack **ret_stack) {
  int code = dgram_sim_stack_create(options, ret_stack);
  if (code < 0) return code;
  code = h_resolver_simulate(*ret_stack);
  if (code < 0) {
    (void)dgram_stack_close(*ret_stack, NULL, NULL);
    (void)dgram_run(*ret_stack);
  }
  return code;
}

int h_stack_create(const struct h_box *box, dgram_stack_options *options, dgram_stack **ret_stack) {
  if (world.kind == H_SIM) return simulated(options, ret_stack);
  if (options != NULL && options->kind == 0) {
    options->kind = world.kind == H_LINUX ? DGRAM_STACK_LINUX : DGRAM_STACK_UV;
  }
  return dgram_uv_stack_create((uv_loop_t *)box->loop, options, ret_stack);
}

int h_box_open(struct h_box *box, const struct h_box *beside, const dgram_stack_options *options) {
  dgram_stack_options own = {0};
  struct h_memory memory = box->memory;
  int code;
  if (memory.allocator.malloc == NULL) h_memory_init(&memory);
  memset(box, 0, sizeof(*box));
  box->memory = memory;
  box->memory.allocator.data = &box->memory;
  if (options != NULL) own = *options;
  own.allocator = &box->memory.allocator;
  box->own_loop = beside == NULL;
  if (world.kind != H_SIM) box->loop = beside == NULL ? (void *)loop_open(box) : beside->loop;
  code = h_stack_create(box, &own, &box->stack);
  if (code == 0 && dgram_uv_stack_loop(box->stack) != box->loop) h_violation("another loop");
  if (code < 0 && box->own_loop && box->loop != NULL) loop_close(box->loop);
  if (code < 0 && box->memory.live != 0) h_violation("a stack that failed left memory behind");
  return code;
}

void h_stack_closed(dgram_stack *stack, void *data) {
  struct h_box *box = data;
  h_callback("the close callback of a stack");
  if (stack != box->stack) h_violation("the close callback of a stack has another stack");
  if (box->closed) h_violation("a stack was closed twice");
  box->closed = true;
  box->stack = NULL;
  if (box == &world.box) h_log("stack closed");
}

static void run_until_closed(struct h_box *box) {
  struct loop *loop = box->loop;
  if (loop == NULL) {
    int code = dgram_run(box->stack);
    if (code < 0) h_violation("dgram_run of a closing stack: %s", dgram_error_name(code));
    return;
  }
  while (!box->closed && !loop->hung) {
    if (uv_run(&loop->uv, UV_RUN_ONCE) == 0 && !box->closed) return;
  }
}

int h_box_close(struct h_box *box) {
  int code = 0;
  if (box->loop != NULL) ((struct loop *)box->loop)->hung = false;
  if (box->stack != NULL) code = dgram_stack_close(box->stack, h_stack_closed, box);
  if (code < 0 && code != DGRAM_ENOTRUNNING) {
    h_violation("dgram_stack_close: %s", dgram_error_name(code));
  }
  if (box->stack != NULL) run_until_closed(box);
  if (!box->closed) {
    h_violation("the stack did not close");
    return -1;
  }
  if (box->own_loop && box->loop != NULL && loop_close(box->loop) < 0) return -1;
  box->loop = NULL;
  if (box->memory.live != 0) {
    h_violation("%zu blocks of %zu bytes leaked", box->memory.live, box->memory.live_bytes);
    return -1;
  }
  return 0;
}

/* ---- running ---- */

static bool until_is_true(void) {
  if (world.counter != NULL) return *world.counter >= world.until_n;
  return world.until != NULL && h_count(world.until) >= world.until_n;
}

void h_tick(void) {
  if (world.running && until_is_true() && world.box.stack != NULL) dgram_stop(world.box.stack);
}

int h_run_to_end(void) {
  struct loop *loop = world.box.loop;
  int code;
  if (loop != NULL) {
    uv_update_time(&loop->uv);
    uv_timer_again(&loop->watchdog);
  }
  world.running = true;
  code = dgram_run(world.box.stack);
  world.running = false;
  return code;
}

static void run_until(const char *what, const char *file, int line) {
  int code = 0;
  if (!until_is_true()) code = h_run_to_end();
  check_violations();
  if (until_is_true()) return;
  print_message("%s:%d: the loop ended (%s) without %s; the log: %s\n", file, line,
                dgram_error_name(code), what, h_log_text());
  _fail(file, line);
}

void h_run_until_at(const char *part, size_t n, const char *file, int line) {
  world.until = part;
  world.counter = NULL;
  world.until_n = n;
  run_until(part, file, line);
  world.until = NULL;
}

void h_run_count_at(const size_t *counter, size_t n, const char *file, int line) {
  world.until = NULL;
  world.counter = counter;
  world.until_n = n;
  run_until("so much of a counter", file, line);
  world.counter = NULL;
}

static size_t turns_left;
static size_t turns_done;

static void turn_over(dgram_timer *timer, void *data) {
  (void)data;
  turns_done++;
  if (--turns_left > 0) dgram_timer_start(world.box.stack, timer, 0, turn_over, NULL);
  h_tick();
}

void h_turns(size_t n) {
  static dgram_timer timer;
  memset(&timer, 0, sizeof(timer));
  turns_left = n;
  turns_done = 0;
  h_assert_ok(dgram_timer_start(world.box.stack, &timer, 0, turn_over, NULL));
  h_run_count(&turns_done, n);
}

/* ---- the test's frame ---- */

int h_open(size_t fail_at, bool fail_on) {
  int code;
  h_log_clear();
  h_resolver_reset();
  world.in_call = 0;
  world.running = false;
  world.violation[0] = '\0';
  world.violations = 0;
  world.until = NULL;
  world.counter = NULL;
  world.descriptors = h_descriptors();
  memset(&world.box, 0, sizeof(world.box));
  h_memory_init(&world.box.memory);
  world.box.memory.fail_at = fail_at;
  world.box.memory.fail_on = fail_on;
  code = h_box_open(&world.box, NULL, NULL);
  world.open = code == 0;
  return code;
}

int h_setup(void **state) {
  int code = h_open(0, false);
  (void)state;
  alarm(ALARM_S);
  if (code < 0) print_message("no stack: %s\n", dgram_error_name(code));
  return code;
}

void h_close(void) {
  if (!world.open) return;
  world.open = false;
  if (world.running) {
    /* Nothing can be run any more in a loop that was jumped out of. What it held is lost. */
    h_books_forget();
    return;
  }
  h_box_close(&world.box);
  h_books_close();
  if (world.violation[0] == '\0' && h_descriptors() != world.descriptors) {
    h_violation("%d descriptors before, %d after", world.descriptors, h_descriptors());
  }
  check_violations();
}

int h_teardown(void **state) {
  (void)state;
  h_close();
  alarm(0);
  return 0;
}

static void alarm_rang(int signal) {
  static const char text[] = "watchdog: the test spins or sleeps; the program ends\n";
  (void)signal;
  if (write(2, text, sizeof(text) - 1) < 0) _exit(3);
  _exit(3);
}

/* libuv opens descriptors of the process with its first loop, and keeps the default loop's: they
 * shall not count as leaks. */
static void warm_up(void) {
  uv_loop_t *loop = uv_default_loop();
  if (loop != NULL) uv_run(loop, UV_RUN_NOWAIT);
}

int h_main(const struct CMUnitTest *tests, size_t count, const char *file) {
  static const char *const names[] = {"linux", "uv", "sim"};
  const char *name = getenv("DGRAM_TEST_STACK");
  const char *base = strrchr(file, '/');
  size_t kind = 0;
  int failed;
  if (name == NULL || name[0] == '\0') name = "linux";
  while (kind < 3 && strcmp(names[kind], name) != 0)
    kind++;
  if (kind == 3) {
    fprintf(stderr, "DGRAM_TEST_STACK is '%s'; it can be linux, uv or sim\n", name);
    return 2;
  }
  world.kind = (enum h_kind)kind;
  setvbuf(stdout, NULL, _IOLBF, 0);
  unsetenv("DGRAM_STACK");
  signal(SIGALRM, alarm_rang);
  warm_up();
  base = base == NULL ? file : base + 1;
  printf("%s on %s\n", base, name);
  failed = _cmocka_run_group_tests(base, tests, count, NULL, NULL);
  if (failed == 0 && world.skips == count) return EXIT_SKIPPED;
  return failed;
}
