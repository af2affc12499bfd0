/* net.h: what the programs of this folder share.
 *
 * One process plays all hosts, so a test is a plain sequence: a socket stays in the network
 * namespace that the thread was in when the socket was made, and net_on("B") goes there. What is
 * waited for has a deadline and fails loudly; that something does not arrive is shown by what was
 * sent after it. The first thing that is wrong ends the program with a line that says what. */

#ifndef NET_H
#define NET_H

#include <dgram.h>
#include <dgram/uv.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NET_DEADLINE_MS = 20000 };

static dgram_stack *net_stack;
static uv_loop_t *net_loop;
static uv_timer_t net_timer;

/* ---- checking ---- */

static inline void net_fail(const char *file, int line, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "%s:%d: ", file, line);
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  va_end(arguments);
  _exit(1);
}

#define NET_CHECK(condition)                                                                       \
  ((condition) ? (void)0 : net_fail(__FILE__, __LINE__, "not so: %s", #condition))

/* A result or a code, by its name. */
#define NET_CODE(call, expected)                                                                   \
  do {                                                                                             \
    int found_ = (call);                                                                           \
    int expected_ = (expected);                                                                    \
    if (found_ != expected_)                                                                       \
      net_fail(__FILE__, __LINE__, "%s is %d %s instead of %d %s", #call, found_,                  \
               dgram_error_name(found_), expected_, dgram_error_name(expected_));                  \
  } while (0)

/* ---- hosts, loop ---- */

static inline void net_on(const char *host) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", getenv("NET_HOSTS"), host);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  NET_CHECK(fd >= 0);
  NET_CHECK(setns(fd, CLONE_NEWNET) == 0);
  close(fd);
}

/* Runs a command where the thread is. */
static inline void net_shell(const char *command) {
  if (system(command) != 0) net_fail(__FILE__, __LINE__, "failed: %s", command);
}

/* On one processor: each has a queue of its own for what a cable brings, and they would
 * overtake. */
static inline void net_stay(void) {
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET((size_t)sched_getcpu(), &here);
  NET_CHECK(sched_setaffinity(0, sizeof here, &here) == 0);
}

static inline void net_begin_anywhere(void) {
  net_loop = uv_default_loop();
  NET_CODE(dgram_uv_stack_create(net_loop, NULL, &net_stack), 0);
  uv_timer_init(net_loop, &net_timer);
}

static inline void net_begin(void) {
  net_stay();
  net_begin_anywhere();
}

static inline void net_note(uv_timer_t *timer) {
  *(volatile bool *)timer->data = true;
}

/* Repeats, because libuv may sleep in the very turn that has called back. */
static inline void net_timer_start(uint64_t time_ms, volatile bool *ret_over) {
  *ret_over = false;
  net_timer.data = (void *)ret_over;
  uv_update_time(net_loop);
  uv_timer_start(&net_timer, net_note, time_ms, time_ms);
}

/* Turns the loop until *count has come to the goal; false: not in that time. */
static inline bool net_within(uint64_t timeout_ms, const volatile size_t *count, size_t goal) {
  volatile bool late;
  net_timer_start(timeout_ms, &late);
  while (*count < goal && !late)
    uv_run(net_loop, UV_RUN_ONCE);
  uv_timer_stop(&net_timer);
  return *count >= goal;
}

#define NET_UNTIL(count, goal)                                                                     \
  do {                                                                                             \
    if (!net_within(NET_DEADLINE_MS, &(count), (goal)))                                            \
      net_fail(__FILE__, __LINE__, "%s: only %zu of %zu", #count, (size_t)(count),                 \
               (size_t)(goal));                                                                    \
  } while (0)

/* How often the loop turns in that time: what spins shows here. */
static inline size_t net_turns(uint64_t time_ms) {
  volatile bool over;
  size_t turns = 0;
  net_timer_start(time_ms, &over);
  for (; !over; turns++)
    uv_run(net_loop, UV_RUN_ONCE);
  uv_timer_stop(&net_timer);
  return turns - 1; /* the last one was the timer's */
}

static inline uint64_t net_cpu_ms(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
         (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
}

static inline void net_count_stack(dgram_stack *stack, void *data) {
  (void)stack;
  ++*(size_t *)data;
}

/* Nothing may be left on the loop. */
static inline void net_end(void) {
  size_t closed = 0;
  NET_CODE(dgram_stack_close(net_stack, net_count_stack, &closed), 0);
  NET_UNTIL(closed, 1);
  uv_close((uv_handle_t *)&net_timer, NULL);
  uv_run(net_loop, UV_RUN_DEFAULT);
  NET_CODE(uv_loop_close(net_loop), 0);
}

/* ---- sockets ---- */

/* A socket, and all that happened to it. */
struct net_box {
  dgram_socket *socket;
  int port;
  size_t messages;
  size_t errors;
  size_t closed;
  int error_code; /* of the last `error`, as the rest */
  int error_port;
  char error_address[DGRAM_ADDRESS_TEXT];
  char error_syscall[16];
  dgram_address from; /* of the last message, as the rest */
  size_t length;
  unsigned char bytes[65536];
  char log[512]; /* short messages, each with a space after it */
};

static inline void net_on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  struct net_box *box = data;
  size_t used = strlen(box->log);
  (void)socket;
  box->messages++;
  box->from = message->from;
  box->length = message->length;
  memcpy(box->bytes, message->bytes, message->length);
  if (message->length + used + 2 <= sizeof box->log)
    snprintf(box->log + used, sizeof box->log - used, "%.*s ", (int)message->length,
             (const char *)message->bytes);
}

static inline void net_on_error(dgram_socket *socket, const dgram_error *error, void *data) {
  struct net_box *box = data;
  (void)socket;
  box->errors++;
  box->error_code = error->code;
  box->error_port = error->port;
  snprintf(box->error_syscall, sizeof box->error_syscall, "%s", error->syscall);
  snprintf(box->error_address, sizeof box->error_address, "%s",
           error->address ? error->address : "");
}

static inline void net_create(struct net_box *box, const dgram_socket_options *options) {
  memset(box, 0, sizeof *box);
  NET_CODE(dgram_create_socket(net_stack, options, &box->socket), 0);
  NET_CODE(dgram_on_message(box->socket, net_on_message, box), 0);
  NET_CODE(dgram_on_error(box->socket, net_on_error, box), 0);
}

struct net_answer {
  size_t count;
  int status;
};

static inline void net_answered(dgram_socket *socket, int status, void *data) {
  struct net_answer *answer = data;
  (void)socket;
  answer->count++;
  answer->status = status;
}

/* What the bind comes to, at once or later. */
static inline int net_bind_to(struct net_box *box, const dgram_bind_options *options) {
  struct net_answer answer = {0};
  dgram_address local;
  int code = dgram_bind(box->socket, options, net_answered, &answer);
  if (code < 0) return code;
  NET_UNTIL(answer.count, 1);
  if (answer.status < 0) return answer.status;
  NET_CODE(dgram_local_address(box->socket, &local), 0);
  box->port = local.port;
  return 0;
}

/* A bound socket on a host. address NULL: all interfaces. */
static inline void net_open(struct net_box *box, const char *host, int type, const char *address) {
  net_on(host);
  net_create(box, &(dgram_socket_options){.type = type});
  NET_CODE(net_bind_to(box, &(dgram_bind_options){.address = address}), 0);
}

/* What the send comes to, at once or later. */
static inline int net_send_bytes(struct net_box *box, const void *bytes, size_t length,
                                 const char *address, int port) {
  struct net_answer answer = {0};
  int code = dgram_send(box->socket, bytes, length, port, address, net_answered, &answer);
  if (code < 0) return code;
  NET_UNTIL(answer.count, 1);
  return answer.status;
}

static inline int net_send(struct net_box *box, const char *word, const char *address, int port) {
  return net_send_bytes(box, word, strlen(word), address, port);
}

/* The send has to work. */
#define NET_SEND(box, word, address, port)                                                         \
  NET_CODE(net_send((box), (word), (address), (port)), (int)strlen(word))

/* Exactly these messages have come since the last time, in this order; each word ends with a space.
 * What is not to arrive would stand before the last one, or in the next time. */
static inline void net_hear(struct net_box *box, const char *words, const char *file, int line) {
  volatile bool late;
  net_timer_start(NET_DEADLINE_MS, &late);
  while (strlen(box->log) < strlen(words) && !late)
    uv_run(net_loop, UV_RUN_ONCE);
  uv_timer_stop(&net_timer);
  if (strcmp(box->log, words) != 0)
    net_fail(file, line, "heard \"%s\" instead of \"%s\"", box->log, words);
  box->log[0] = '\0';
}

#define NET_HEAR(box, words) net_hear((box), (words), __FILE__, __LINE__)

static inline void net_on_closed(dgram_socket *socket, void *data) {
  (void)socket;
  ++*(size_t *)data;
}

static inline void net_close(struct net_box *box) {
  NET_CODE(dgram_close(box->socket, net_on_closed, &box->closed), 0);
  NET_UNTIL(box->closed, 1);
}

/* ---- what the kernel counts ---- */

/* Both are asked on the host where it is. */

/* Datagrams that the IPv4 socket bound to the port had no room for: the last column. */
static inline size_t net_socket_drops(int port) {
  char line[512];
  unsigned found_port;
  size_t drops, sum = 0;
  FILE *list = fopen("/proc/thread-self/net/udp", "r");
  NET_CHECK(list);
  while (fgets(line, sizeof line, list)) {
    if (sscanf(line, " %*d: %*x:%x %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %zu", &found_port,
               &drops) == 2 &&
        (int)found_port == port)
      sum += drops;
  }
  fclose(list);
  return sum;
}

/* Packets that a cable's end lost because the other host was too slow to take them: the fourth
 * column of those about sending. */
static inline size_t net_cable_drops(const char *device) {
  char line[512];
  char name[32];
  size_t drops, sum = 0;
  FILE *list = fopen("/proc/thread-self/net/dev", "r");
  NET_CHECK(list);
  while (fgets(line, sizeof line, list)) {
    if (sscanf(line, " %31[^:]: %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %zu", name, &drops) ==
            2 &&
        strcmp(name, device) == 0)
      sum = drops;
  }
  fclose(list);
  return sum;
}

/* ---- a plain socket of the system ---- */

/* Tells the hop limit of what arrives, which the library does not do yet. */
static inline int net_hop_open(int family, uint16_t *ret_port) {
  int fd = socket(family, SOCK_DGRAM, 0);
  int on = 1;
  struct sockaddr_in6 name = {.sin6_family = (sa_family_t)family};
  socklen_t length = sizeof name;
  NET_CHECK(fd >= 0);
  if (family == AF_INET)
    NET_CHECK(setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof on) == 0);
  else
    NET_CHECK(setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof on) == 0);
  NET_CHECK(bind(fd, (struct sockaddr *)&name, length) == 0);
  NET_CHECK(getsockname(fd, (struct sockaddr *)&name, &length) == 0);
  *ret_port = ntohs(name.sin6_port); /* at the same place in both families */
  return fd;
}

/* Waits for a datagram and returns its hop limit; -1: none came in that time. */
static inline int net_hop_receive(int fd, int timeout_ms) {
  struct pollfd ready = {.fd = fd, .events = POLLIN};
  char bytes[64];
  union {
    char space[64];
    struct cmsghdr aligned;
  } control;
  struct iovec piece = {bytes, sizeof bytes};
  struct msghdr message = {.msg_iov = &piece,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control};
  int hops;
  if (poll(&ready, 1, timeout_ms) < 1) return -1;
  NET_CHECK(recvmsg(fd, &message, 0) >= 0);
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  NET_CHECK(header && (header->cmsg_type == IP_TTL || header->cmsg_type == IPV6_HOPLIMIT));
  memcpy(&hops, CMSG_DATA(header), sizeof hops);
  return hops;
}

#endif
