/* The primary's side: the cluster, the log, the socket by which workers are told. */

#include "kit.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOG_MAX = 8192, LINE_MAX_ = 96, PATIENCE_S = 60 };

static struct kit {
  dgram_stack *stack;
  dgram_socket *control;
  int control_port;
  dgram_cluster *cluster;
  char (*log)[LINE_MAX_];
  int lines;
  dgram_address where[KIT_WORKERS_MAX + 1]; /* a worker hears commands */
  int pids[KIT_WORKERS_MAX + 1];
  int descriptors; /* before */
  bool stack_closed;
} kit;

static char self_path[4096];
int (*kit_other_worker)(const char *kind);
void (*kit_watch)(const dgram_cluster_event *event);

/* ---- the log ---- */

static void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void log_line(const char *format, ...) {
  va_list list;
  if (kit.lines == LOG_MAX) return;
  va_start(list, format);
  vsnprintf(kit.log[kit.lines++], LINE_MAX_, format, list);
  va_end(list);
  uv_stop(dgram_uv_stack_loop(kit.stack)); /* or a turn would sleep after its timers have rung */
}

static void print_log(void) {
  for (int i = 0; i < kit.lines; i++)
    print_message("  | %s\n", kit.log[i]);
}

static int count_lines(const char *prefix, const char **ret_rest) {
  size_t length = strlen(prefix);
  int count = 0;
  for (int i = 0; i < kit.lines; i++) {
    if (strncmp(kit.log[i], prefix, length) != 0) continue;
    if (kit.log[i][length] != '\0' && kit.log[i][length] != ' ') continue;
    *ret_rest = kit.log[i] + length;
    count++;
  }
  return count;
}

int kit_count(const char *format, ...) {
  char prefix[LINE_MAX_];
  const char *rest;
  va_list list;
  va_start(list, format);
  vsnprintf(prefix, sizeof prefix, format, list);
  va_end(list);
  return count_lines(prefix, &rest);
}

void kit_forget(void) {
  kit.lines = 0;
}

/* ---- events ---- */

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  int number = 0, used = 0;
  char text[LINE_MAX_];
  (void)socket;
  (void)data;
  snprintf(text, sizeof text, "%.*s", (int)message->length, (const char *)message->bytes);
  sscanf(text, "%d%n", &number, &used);
  if (number >= 1 && number <= KIT_WORKERS_MAX) kit.where[number] = message->from;
  log_line("%s", text);
}

static void on_event(dgram_cluster *cluster, const dgram_cluster_event *event, void *data) {
  (void)data;
  if (kit.cluster == NULL) kit.cluster = cluster;
  if (kit_watch != NULL) kit_watch(event);
  switch (event->type) {
  case DGRAM_CLUSTER_ONLINE:
    kit.pids[event->number] = event->pid;
    log_line("%d online", event->number);
    break;
  case DGRAM_CLUSTER_LISTENING:
    log_line("%d listening %d", event->number, event->address.port);
    break;
  case DGRAM_CLUSTER_LEAVING:
    log_line("%d leaving", event->number);
    break;
  case DGRAM_CLUSTER_EXIT:
    log_line("%d exit %d %d %s %d", event->number, event->status, event->signal,
             dgram_error_name(event->code), (int)event->id);
    break;
  case DGRAM_CLUSTER_RELOADED:
    log_line("reloaded %s", dgram_error_name(event->code));
    break;
  case DGRAM_CLUSTER_ENDED:
    kit.cluster = NULL;
    log_line("ended");
    break;
  default:
    log_line("what is %d?", event->type);
    break;
  }
}

/* ---- running ---- */

static void on_tick(dgram_timer *timer, void *data) {
  (void)timer;
  *(bool *)data = true;
  uv_stop(dgram_uv_stack_loop(kit.stack));
}

void kit_until(bool (*holds)(void *data), void *data, const char *what) {
  dgram_timer timer = {0};
  bool late = false;
  dgram_timer_start(kit.stack, &timer, PATIENCE_S * DGRAM_SECOND, on_tick, &late);
  while (!holds(data) && !late)
    uv_run(dgram_uv_stack_loop(kit.stack), UV_RUN_ONCE);
  dgram_timer_stop(&timer);
  if (late) {
    print_log();
    fail_msg("waited in vain for %s", what);
  }
}

void kit_turns(int count) {
  for (int i = 0; i < count; i++)
    uv_run(dgram_uv_stack_loop(kit.stack), UV_RUN_NOWAIT);
}

struct awaited {
  const char *prefix;
  int count;
  const char *rest;
};

static bool is_there(void *data) {
  struct awaited *awaited = data;
  return count_lines(awaited->prefix, &awaited->rest) >= awaited->count;
}

const char *kit_await(int count, const char *format, ...) {
  char prefix[LINE_MAX_];
  struct awaited awaited = {prefix, count, NULL};
  va_list list;
  va_start(list, format);
  vsnprintf(prefix, sizeof prefix, format, list);
  va_end(list);
  kit_until(is_there, &awaited, prefix);
  return awaited.rest;
}

/* ---- clusters ---- */

void kit_start_only(const dgram_cluster_options *options, const char *kind) {
  dgram_cluster_options complete = {.workers = 2};
  char port[8];
  const char *args[] = {self_path, "worker", kind != NULL ? kind : "told", port, NULL};
  if (options != NULL) complete = *options;
  snprintf(port, sizeof port, "%d", kit.control_port);
  if (complete.program == NULL) complete.args = args;
  complete.on_event = on_event;
  assert_int_equal(dgram_cluster_start(kit.stack, &complete, &kit.cluster), 0);
}

void kit_start(const dgram_cluster_options *options, const char *kind) {
  kit_start_only(options, kind);
  for (int i = 1; i <= (options != NULL ? options->workers : 2); i++)
    kit_await(1, "%d hello", i);
}

void kit_tell(int number, const char *format, ...) {
  char text[LINE_MAX_];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  assert_int_not_equal(kit.where[number].port, 0);
  assert_int_equal(dgram_send_to(kit.control, text, strlen(text), &kit.where[number], NULL, NULL),
                   0);
}

static bool has_answer(void *data) {
  struct awaited *awaited = data;
  const char *rest;
  char failed[LINE_MAX_];
  snprintf(failed, sizeof failed, "%.*sfailed", (int)(strlen(awaited->prefix) - 5),
           awaited->prefix);
  if (count_lines(failed, &rest) > 0) awaited->rest = rest;
  return awaited->rest != NULL || is_there(data);
}

static int code_of(const char *name) {
  for (int code = -1; code > -134; code--) {
    if (strcmp(dgram_error_name(code), name) == 0) return code;
  }
  for (int code = -5001; code > -5020; code--) {
    if (strcmp(dgram_error_name(code), name) == 0) return code;
  }
  return 1;
}

/* Forgets answers to an earlier bind of the same name. */
int kit_bind(int number, char name, const char *address, int port, const char *how) {
  char prefix[LINE_MAX_];
  struct awaited awaited = {prefix, 1, NULL};
  snprintf(prefix, sizeof prefix, "%d %c bound", number, name);
  for (int i = 0; i < kit.lines; i++) {
    int its = 0;
    char its_name = 0;
    if (sscanf(kit.log[i], "%d %c ", &its, &its_name) == 2 && its == number && its_name == name)
      kit.log[i][0] = '-';
  }
  kit_tell(number, "bind %c %s %d %s", name, address, port, how);
  kit_until(has_answer, &awaited, prefix);
  while (*awaited.rest == ' ')
    awaited.rest++;
  int result = atoi(awaited.rest);
  return result > 0 ? result : code_of(awaited.rest);
}

int kit_pid(int number) {
  return kit.pids[number];
}

dgram_stack *kit_stack(void) {
  return kit.stack;
}

dgram_cluster *kit_cluster(void) {
  return kit.cluster;
}

/* ---- plain sockets ---- */

static struct sockaddr_in loopback(int port) {
  return (struct sockaddr_in){.sin_family = AF_INET,
                              .sin_port = htons((uint16_t)port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int kit_socket(int port) {
  struct sockaddr_in address = loopback(port);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  assert_true(fd >= 0);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  int code = -errno;
  close(fd);
  return code;
}

void kit_send(int fd, int port, const void *bytes, size_t length, int segment) {
  struct sockaddr_in to = loopback(port);
  assert_int_equal(setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment), 0);
  assert_int_equal(sendto(fd, bytes, length, 0, (struct sockaddr *)&to, sizeof to), length);
}

static bool is_readable(void *data) {
  struct pollfd poll_fd = {.fd = *(int *)data, .events = POLLIN};
  return poll(&poll_fd, 1, 0) == 1;
}

int kit_ask(int fd, int port) {
  char text[16] = "";
  kit_send(fd, port, "?", 1, 0);
  /* The loop need not have anything else to do. */
  for (int i = 0; i < 6000 && !is_readable(&fd); i++) {
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    kit_turns(1);
    poll(&poll_fd, 1, 10);
  }
  assert_true(recv(fd, text, sizeof text - 1, MSG_DONTWAIT) > 0);
  return atoi(text);
}

int kit_descriptors(void) {
  DIR *directory = opendir("/proc/self/fd");
  int count = 0;
  while (readdir(directory) != NULL)
    count++;
  closedir(directory);
  return count - 3; /* ".", "..", and the directory's own */
}

/* ---- tests ---- */

int kit_setup(void **state) {
  dgram_socket_options options = {
      .type = DGRAM_UDP4, .on_message = on_message, .recv_buffer_size = 1 << 20};
  dgram_bind_options where = {.address = "127.0.0.1"};
  dgram_address local;
  (void)state;
  free(kit.log);
  kit = (struct kit){.log = calloc(LOG_MAX, LINE_MAX_)};
  if (dgram_uv_stack_create(uv_default_loop(), NULL, &kit.stack) < 0 || kit.log == NULL) return -1;
  if (dgram_create_socket(kit.stack, &options, &kit.control) < 0) return -1;
  if (dgram_bind_sync(kit.control, &where) < 0) return -1;
  dgram_local_address(kit.control, &local);
  kit.control_port = local.port;
  kit_turns(3);
  kit.descriptors = kit_descriptors();
  return 0;
}

static bool has_ended(void *data) {
  (void)data;
  return kit.cluster == NULL;
}

static void on_stack_closed(dgram_stack *stack, void *data) {
  (void)stack;
  (void)data;
  kit.stack_closed = true;
}

int kit_teardown(void **state) {
  (void)state;
  if (kit.cluster != NULL) {
    dgram_cluster_stop(kit.cluster);
    kit_until(has_ended, NULL, "the end of the cluster");
  }
  /* libuv makes a pipe for signals at the first process and keeps it. */
  int more = kit_descriptors() - kit.descriptors;
  dgram_stack_close(kit.stack, on_stack_closed, NULL);
  while (!kit.stack_closed)
    uv_run(uv_default_loop(), UV_RUN_ONCE);
  if (more != 0) print_message("%d descriptors more than before\n", more);
  if (waitpid(-1, NULL, WNOHANG) != -1) more = 1;
  return more == 0 ? 0 : -1;
}

/* One process before all, so that what libuv makes for the first is there. */
static int warm_up(void **state) {
  static const char *args[] = {"true", NULL};
  dgram_cluster_options options = {.workers = 1, .program = "/bin/true", .args = args};
  (void)state;
  if (kit_setup(NULL) < 0) return -1;
  kit_start_only(&options, NULL);
  kit_until(has_ended, NULL, "the end of /bin/true");
  kit.descriptors = kit_descriptors();
  return kit_teardown(NULL);
}

int kit_main(const struct CMUnitTest *tests, size_t count, int argc, char **argv) {
  if (argc > 3 && strcmp(argv[1], "worker") == 0) {
    setenv("DGRAM_TEST_CONTROL", argv[3], 1);
    return strcmp(argv[2], "told") == 0 ? kit_told_worker(false) : kit_other_worker(argv[2]);
  }
  size_t size = sizeof self_path;
  uv_exepath(self_path, &size);
  int failed = _cmocka_run_group_tests(argv[0], tests, count, warm_up, NULL);
  free(kit.log);
  uv_loop_close(uv_default_loop());
  return failed;
}
