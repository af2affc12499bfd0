/* The worker's side: it does what it is told. */

#include "kit.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static struct teller {
  dgram_socket *control;
  int control_port;
  dgram_socket *sockets[26];
  unsigned long count;
  size_t shortest;
  size_t longest;
} worker = {.shortest = SIZE_MAX};

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...) {
  char text[96];
  va_list list;
  int length = snprintf(text, sizeof text, "%d ", dgram_cluster_worker());
  va_start(list, format);
  vsnprintf(text + length, sizeof text - (size_t)length, format, list);
  va_end(list);
  dgram_send(worker.control, text, strlen(text), worker.control_port, "127.0.0.1", NULL, NULL);
}

/* ---- sockets ---- */

static void on_data(dgram_socket *socket, const dgram_message *message, void *data) {
  char number[16];
  (void)data;
  worker.count++;
  if (message->length < worker.shortest) worker.shortest = message->length;
  if (message->length > worker.longest) worker.longest = message->length;
  if (message->length == 0 || *(const char *)message->bytes != '?') return;
  snprintf(number, sizeof number, "%d", dgram_cluster_worker());
  dgram_send_to(socket, number, strlen(number), &message->from, NULL, NULL);
}

static void on_bound(dgram_socket *socket, int status, void *data) {
  const int name = 'a' + (int)(intptr_t)data;
  dgram_address local = {0};
  if (status < 0) {
    say("%c failed %s", name, dgram_error_name(status));
    return;
  }
  dgram_local_address(socket, &local);
  say("%c bound %d", name, local.port);
}

static void on_error(dgram_socket *socket, const dgram_error *error, void *data) {
  (void)socket;
  (void)data;
  say("error %s %s", error->syscall, dgram_error_name(error->code));
}

static void on_closed(dgram_socket *socket, void *data) {
  const intptr_t slot = (intptr_t)data;
  (void)socket;
  worker.sockets[slot] = NULL;
  say("%c closed", 'a' + (int)slot);
}

static void on_asked(dgram_timer *timer, void *data) {
  (void)timer;
  dgram_close(data, NULL, NULL);
}

/* A timer of no time rings after the turn in which the binder is asked. */
static void close_soon(dgram_socket *socket) {
  static dgram_timer timers[26];
  static int used;
  dgram_timer_start(NULL, &timers[used++ % 26], 0, on_asked, socket);
}

static void bind_socket(int name, const char *address, int port, const char *how, bool briefly) {
  const intptr_t slot = name - 'a';
  dgram_socket_options options = {.type = strchr(address, ':') ? DGRAM_UDP6 : DGRAM_UDP4,
                                  .reuse_addr = strchr(how, 'r') != NULL,
                                  .on_message = on_data};
  dgram_bind_options where = {
      .address = address, .port = port, .exclusive = strchr(how, 'x') != NULL};
  if (worker.sockets[slot] == NULL) {
    dgram_create_socket(NULL, &options, &worker.sockets[slot]);
    dgram_on_error(worker.sockets[slot], on_error, NULL);
    dgram_on_close(worker.sockets[slot], on_closed, (void *)slot);
  }
  int code = dgram_bind(worker.sockets[slot], &where, on_bound, (void *)slot);
  if (code < 0) say("%c failed %s", name, dgram_error_name(code));
  if (briefly) close_soon(worker.sockets[slot]);
}

/* ---- commands ---- */

static int count_descriptors(void) {
  DIR *directory = opendir("/proc/self/fd");
  int count = 0;
  while (readdir(directory) != NULL)
    count++;
  closedir(directory);
  return count - 3;
}

static void allow_descriptors(int more) {
  struct rlimit limit = {0};
  getrlimit(RLIMIT_NOFILE, &limit);
  int next = dup(0); /* a number that is free, unless all are in use */
  if (next >= 0) close(next);
  limit.rlim_cur = (rlim_t)(next >= 0 ? next : (int)limit.rlim_cur) + (rlim_t)more;
  say("nofile %d", setrlimit(RLIMIT_NOFILE, &limit));
}

static void hang(void) {
  say("hangs");
  dgram_flush(NULL);
  for (;;)
    pause();
}

/* Commands without an address. */
static void obey_simple(const char *text) {
  char name;
  int number;
  if (sscanf(text, "close %c", &name) == 1) {
    dgram_close(worker.sockets[name - 'a'], NULL, NULL);
  } else if (sscanf(text, "pause %c", &name) == 1) {
    dgram_pause(worker.sockets[name - 'a']);
    say("paused");
  } else if (sscanf(text, "resume %c", &name) == 1) {
    dgram_resume(worker.sockets[name - 'a']);
    say("resumed");
  } else if (sscanf(text, "nofile %d", &number) == 1) {
    allow_descriptors(number);
  } else if (sscanf(text, "exit %d", &number) == 1) {
    exit(number);
  } else if (strcmp(text, "count") == 0) {
    say("count %lu %zu %zu", worker.count, worker.shortest, worker.longest);
  } else if (strcmp(text, "fds") == 0) {
    say("fds %d", count_descriptors());
  } else if (strcmp(text, "identity") == 0) {
    say("identity %d %d %s", dgram_cluster_worker(), (int)dgram_cluster_worker_id(),
        getenv("DGRAM_CLUSTER") == NULL ? "none" : "still");
  } else if (strcmp(text, "leave") == 0) {
    dgram_cluster_leave();
  } else if (strcmp(text, "hang") == 0) {
    hang();
  } else {
    say("what is '%.40s'?", text);
  }
}

static void on_command(dgram_socket *socket, const dgram_message *message, void *data) {
  char text[96], name, address[64], how[8] = "";
  int port;
  (void)socket;
  (void)data;
  snprintf(text, sizeof text, "%.*s", (int)message->length, (const char *)message->bytes);
  if (sscanf(text, "bind %c %63s %d %7s", &name, address, &port, how) >= 3) {
    bind_socket(name, address, port, how, false);
  } else if (sscanf(text, "bindclose %c %63s %d", &name, address, &port) == 3) {
    bind_socket(name, address, port, how, true);
  } else {
    obey_simple(text);
  }
}

static void on_leave(dgram_stack *stack, int reason, void *data) {
  if (stack != NULL || data != &worker) say("who is asked?");
  say("asked %d", reason);
  dgram_cluster_leave();
}

int kit_told_worker(bool polite) {
  dgram_cluster_join_options join = {.on_leave = polite ? on_leave : NULL, .data = &worker};
  dgram_socket_options options = {.type = DGRAM_UDP4, .on_message = on_command};
  worker.control_port = atoi(getenv("DGRAM_TEST_CONTROL"));
  if (dgram_cluster_join(NULL, &join) < 0) return 3;
  if (dgram_create_socket(NULL, &options, &worker.control) < 0) return 3;
  say("hello %d", (int)getpid());
  return dgram_run(NULL) < 0 ? 3 : 0;
}
