#include "linux_kit.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WATCHDOG_MS = 20000 };

struct kit kit;

static int descriptors_before;
static uv_check_t check;
static bool open_;

/* ---- memory ---- */

static bool refuse(size_t size) {
  if (kit.fail_size == 0 || size < kit.fail_size) return false;
  kit.refused++;
  return true;
}

static void *take(size_t size, void *data) {
  (void)data;
  if (refuse(size)) return NULL;
  kit.blocks++;
  return malloc(size);
}

static void *retake(void *memory, size_t size, void *data) {
  (void)data;
  if (refuse(size)) return NULL;
  if (!memory) kit.blocks++;
  return realloc(memory, size);
}

static void give(void *memory, void *data) {
  (void)data;
  if (memory) kit.blocks--;
  free(memory);
}

static const dgram_allocator allocator = {take, retake, give, NULL};

/* ---- life ---- */

int kit_count_descriptors(void) {
  DIR *directory = opendir("/proc/self/fd");
  int count = 0;
  assert_non_null(directory);
  while (readdir(directory))
    count++;
  closedir(directory);
  return count;
}

static void on_check(uv_check_t *handle) {
  (void)handle;
  kit.turns++;
}

static void open_stack(const dgram_stack_options *options) {
  dgram_stack_options complete = options ? *options : (dgram_stack_options){0};
  complete.kind = DGRAM_STACK_LINUX;
  complete.allocator = &allocator;
  assert_int_equal(dgram_uv_stack_create(&kit.loop, &complete, &kit.stack), 0);
  open_ = true;
}

static void on_stack_closed(dgram_stack *stack, void *data) {
  (void)stack;
  *(size_t *)data = 1;
}

static void close_stack(void) {
  size_t closed = 0;
  if (!open_) return;
  open_ = false;
  assert_int_equal(dgram_stack_close(kit.stack, on_stack_closed, &closed), 0);
  kit_run_until(&closed, 1);
  assert_int_equal(kit.blocks, 0);
}

/* The first loop of a process opens descriptors that libuv keeps for all. */
static void warm_up(void) {
  static bool warm;
  uv_loop_t loop;
  if (warm) return;
  warm = true;
  assert_int_equal(uv_loop_init(&loop), 0);
  assert_int_equal(uv_loop_close(&loop), 0);
}

/* What is switched off is the test's business, whatever the suite runs with. */
int kit_setup(void **state) {
  (void)state;
  unsetenv("DGRAM_DISABLE");
  memset(&kit, 0, sizeof kit);
  warm_up();
  descriptors_before = kit_count_descriptors();
  if (uv_loop_init(&kit.loop) < 0) return -1;
  uv_check_init(&kit.loop, &check);
  uv_check_start(&check, on_check);
  uv_unref((uv_handle_t *)&check);
  open_stack(NULL);
  return 0;
}

int kit_teardown(void **state) {
  (void)state;
  close_stack();
  uv_close((uv_handle_t *)&check, NULL);
  uv_run(&kit.loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&kit.loop), 0);
  assert_int_equal(kit_count_descriptors(), descriptors_before);
  return 0;
}

void kit_reopen(const dgram_stack_options *options) {
  close_stack();
  open_stack(options);
}

/* ---- running ---- */

/* A timer that is due when the loop begins a turn fires before the loop sleeps, and that with no timer
 * left would be for ever. */
static void on_timer(uv_timer_t *timer) {
  *(bool *)timer->data = true;
  uv_stop(timer->loop);
}

static void close_timer(uv_timer_t *timer) {
  uv_close((uv_handle_t *)timer, NULL);
  uv_run(&kit.loop, UV_RUN_NOWAIT);
}

void kit_run_until(const size_t *counter, size_t n) {
  bool late = false;
  uv_timer_t watchdog = {.data = &late};
  uv_timer_init(&kit.loop, &watchdog);
  uv_timer_start(&watchdog, on_timer, WATCHDOG_MS, 0);
  while (*counter < n && !late)
    uv_run(&kit.loop, UV_RUN_ONCE);
  close_timer(&watchdog);
  assert_false(late);
}

void kit_turns(unsigned n) {
  while (n-- > 0)
    uv_run(&kit.loop, UV_RUN_NOWAIT);
}

unsigned kit_turns_within(unsigned ms) {
  bool over = false;
  uv_timer_t timer = {.data = &over};
  unsigned before = kit.turns;
  uv_timer_init(&kit.loop, &timer);
  uv_timer_start(&timer, on_timer, ms, 0);
  while (!over)
    uv_run(&kit.loop, UV_RUN_ONCE);
  close_timer(&timer);
  return kit.turns - before - 1;
}

/* ---- sockets ---- */

static void see_address(struct kit_seen *seen, const dgram_message *message) {
  const char *end = (const char *)message->bytes + message->length;
  if (!seen->lowest || (const char *)message->bytes < (const char *)seen->lowest)
    seen->lowest = message->bytes;
  if (end > (const char *)seen->highest) seen->highest = end;
}

static void on_batch(dgram_socket *socket, const dgram_message *messages, size_t count,
                     void *data) {
  struct kit_seen *seen = data;
  (void)socket;
  if (seen->turn != kit.turns) seen->turn_messages = 0;
  seen->turn = kit.turns;
  seen->turn_messages += count;
  if (seen->turn_messages > seen->most_per_turn) seen->most_per_turn = seen->turn_messages;
  seen->batches++;
  seen->messages += count;
  for (size_t i = 0; i < count; i++) {
    const dgram_recv_info *info = messages[i].info;
    seen->bytes += messages[i].length;
    seen->truncated += info && (info->present & DGRAM_RECV_TRUNCATED) && info->truncated;
    see_address(seen, &messages[i]);
  }
}

static void on_error(dgram_socket *socket, const dgram_error *error, void *data) {
  struct kit_seen *seen = data;
  (void)socket;
  seen->errors++;
  seen->last_error = error->code;
  seen->last_syscall = error->syscall;
}

dgram_socket *kit_socket(int type, struct kit_seen *seen) {
  dgram_socket_options options = {.type = type};
  dgram_socket *socket;
  assert_int_equal(dgram_create_socket(kit.stack, &options, &socket), 0);
  if (!seen) return socket;
  memset(seen, 0, sizeof *seen);
  assert_int_equal(dgram_on_batch(socket, on_batch, seen), 0);
  assert_int_equal(dgram_on_error(socket, on_error, seen), 0);
  return socket;
}

static void on_bound(dgram_socket *socket, int status, void *data) {
  (void)socket;
  assert_int_equal(status, 0);
  *(size_t *)data = 1;
}

dgram_socket *kit_bound(int type, struct kit_seen *seen) {
  dgram_socket *socket = kit_socket(type, seen);
  dgram_bind_options where = {.address = type == DGRAM_UDP6 ? "::1" : "127.0.0.1"};
  size_t bound = 0;
  assert_int_equal(dgram_bind(socket, &where, on_bound, &bound), 0);
  kit_run_until(&bound, 1);
  return socket;
}

uint16_t kit_port(dgram_socket *socket) {
  dgram_address address;
  assert_int_equal(dgram_local_address(socket, &address), 0);
  return address.port;
}

dgram_stats kit_stats(dgram_socket *socket) {
  dgram_stats stats;
  assert_int_equal(dgram_get_stats(socket, &stats), 0);
  return stats;
}

void kit_on_sent(dgram_socket *socket, dgram_datagram *list, size_t count, void *data) {
  (void)socket;
  (void)list;
  (void)count;
  ((struct kit_sent *)data)->completed++;
}

void kit_datagrams(dgram_datagram *list, size_t n, int type, uint16_t port) {
  static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
                                 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
  dgram_address to;
  assert_true(n < sizeof alphabet);
  assert_int_equal(dgram_address_parse(type == DGRAM_UDP6 ? "::1" : "127.0.0.1", port, &to), 0);
  for (size_t i = 0; i < n; i++)
    list[i] = (dgram_datagram){.bytes = &alphabet[i], .length = 1, .to = to, .result = -9999};
}

/* ---- peers ---- */

union any_address {
  struct sockaddr any;
  struct sockaddr_in ipv4;
  struct sockaddr_in6 ipv6;
};

static socklen_t loopback(int domain, uint16_t port, union any_address *ret) {
  memset(ret, 0, sizeof *ret);
  ret->any.sa_family = (sa_family_t)domain;
  if (domain == AF_INET6) {
    ret->ipv6.sin6_addr = in6addr_loopback;
    ret->ipv6.sin6_port = htons(port);
    return sizeof ret->ipv6;
  }
  ret->ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ret->ipv4.sin_port = htons(port);
  return sizeof ret->ipv4;
}

int kit_peer(int domain, uint16_t *ret_port) {
  union any_address address;
  socklen_t length = loopback(domain, 0, &address);
  int fd = socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  assert_true(fd >= 0);
  assert_int_equal(bind(fd, &address.any, length), 0);
  assert_int_equal(getsockname(fd, &address.any, &length), 0);
  *ret_port = ntohs(domain == AF_INET6 ? address.ipv6.sin6_port : address.ipv4.sin_port);
  return fd;
}

void kit_peer_send(int fd, uint16_t port, const void *bytes, size_t length) {
  union any_address to;
  int domain;
  socklen_t length_of = sizeof domain;
  assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length_of), 0);
  socklen_t to_length = loopback(domain, port, &to);
  assert_int_equal(sendto(fd, bytes, length, 0, &to.any, to_length), length);
}

const char *kit_peer_text(int fd) {
  static char text[256];
  size_t count = 0;
  while (count + 1 < sizeof text && recv(fd, &text[count], 1, 0) >= 0)
    count++;
  text[count] = '\0';
  return text;
}

/* ---- faults ---- */

static int fail_with(int error) {
  errno = error;
  return -1;
}

int kit_fault_meet(struct kit_fault *fault, unsigned count) {
  if (fault->calls < sizeof fault->sizes / sizeof *fault->sizes) fault->sizes[fault->calls] = count;
  fault->calls++;
  if (fault->calls == fault->to + 1 && fault->error_after != 0)
    return fail_with(fault->error_after);
  if (fault->calls < fault->from || fault->calls > fault->to) return (int)count;
  if (fault->error != 0) return fail_with(fault->error);
  return (int)(fault->take < count ? fault->take : count);
}
