/* What a cluster costs and brings: `make bench-cluster`. Its workers are this program.
 *
 *   bench-cluster bind [workers]     the time of a bind through the primary
 *   bench-cluster echo [work in µs]  answers a second, of one worker and two, by one socket and by one
 *                                    each, to 256 client ports with a datagram under way on each */

#include <dgram/cluster.h>
#include <dgram/uv.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 256, BINDS = 1000, SECONDS = 5 };

/* ---- workers ---- */

static long work_ns;

static void on_request(dgram_socket *socket, const dgram_message *message, void *data) {
  const uint64_t until = uv_hrtime() + (uint64_t)work_ns;
  (void)data;
  while (uv_hrtime() < until)
    ;
  dgram_send_to(socket, message->bytes, message->length, &message->from, NULL, NULL);
}

static struct {
  dgram_socket *socket;
  uint64_t began_ns;
  uint64_t sum_ns;
  uint64_t slowest_ns;
  int count;
} binds;

static void bind_one(void);

static void on_closed(dgram_socket *socket, void *data) {
  (void)socket;
  (void)data;
  bind_one();
}

static void on_bound(dgram_socket *socket, int status, void *data) {
  const uint64_t took = uv_hrtime() - binds.began_ns;
  (void)data;
  if (status < 0) exit(4);
  binds.sum_ns += took;
  if (took > binds.slowest_ns) binds.slowest_ns = took;
  binds.count++;
  dgram_close(socket, on_closed, NULL);
}

static void bind_one(void) {
  const dgram_socket_options options = {.type = DGRAM_UDP4};
  const dgram_bind_options where = {.address = "127.0.0.1"};
  if (binds.count == BINDS) {
    printf("a bind through the primary: %.3f ms on average, %.3f ms at most\n",
           (double)binds.sum_ns / BINDS / 1e6, (double)binds.slowest_ns / 1e6);
    exit(0);
  }
  binds.began_ns = uv_hrtime();
  if (dgram_create_socket(NULL, &options, &binds.socket) < 0) exit(4);
  if (dgram_bind(binds.socket, &where, on_bound, NULL) < 0) exit(4);
}

static void on_begin(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket;
  (void)message;
  (void)data;
  bind_one();
}

static int be_worker(const char *role, const char *number) {
  const dgram_bind_options where = {.address = "127.0.0.1"};
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *socket;
  work_ns = atol(number) * 1000;
  options.on_message = strcmp(role, "bind") == 0 ? on_begin : on_request;
  if (dgram_cluster_join(NULL, NULL) < 0) return 3;
  if (dgram_create_socket(NULL, &options, &socket) < 0) return 3;
  if (dgram_bind(socket, &where, NULL, NULL) < 0) return 3;
  return dgram_run(NULL) < 0;
}

/* ---- the primary ---- */

static struct {
  dgram_cluster *cluster;
  struct sockaddr_in server;
  int wanted;
  int listening;
} primary;

static void on_event(dgram_cluster *cluster, const dgram_cluster_event *event, void *data) {
  (void)data;
  if (event->type == DGRAM_CLUSTER_EXIT) (void)dgram_cluster_stop(cluster); /* twice is no harm */
  if (event->type != DGRAM_CLUSTER_LISTENING) return;
  primary.server = (struct sockaddr_in){.sin_family = AF_INET,
                                        .sin_port = htons(event->address.port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (++primary.listening == primary.wanted) dgram_stop(data);
}

/* Starts workers, runs until all listen. */
static void start(dgram_stack *stack, int workers, int balance, char **argv, const char *number) {
  const char *const args[] = {argv[0], argv[1], number, NULL};
  const dgram_cluster_options options = {
      .workers = workers, .args = args, .balance = balance, .on_event = on_event, .data = stack};
  primary.wanted = workers;
  primary.listening = 0;
  if (dgram_cluster_start(stack, &options, &primary.cluster) < 0 || dgram_run(stack) < 0) exit(3);
}

static int open_client(void) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const struct sockaddr *server = (struct sockaddr *)&primary.server;
  if (fd < 0 || connect(fd, server, sizeof primary.server) < 0) exit(3);
  return fd;
}

static int measure_bind(dgram_stack *stack, char **argv, int workers) {
  start(stack, workers, DGRAM_CLUSTER_SHARED, argv, "0");
  printf("%d workers; ", workers);
  fflush(stdout);
  const int fd = open_client();
  if (send(fd, "x", 1, 0) != 1) return 3;
  close(fd);
  return dgram_run(stack) < 0; /* its end ends all */
}

/* ---- echo ---- */

static unsigned long answer_all(int epoll, const int *fds, uint64_t until_ns) {
  struct epoll_event events[CLIENTS];
  unsigned long answers = 0;
  while (uv_hrtime() < until_ns) {
    const int count = epoll_wait(epoll, events, CLIENTS, 10);
    for (int i = 0; i < count; i++) {
      char byte;
      const int fd = fds[events[i].data.u32];
      if (recv(fd, &byte, 1, 0) == 1 && send(fd, &byte, 1, 0) == 1) answers++;
    }
  }
  return answers;
}

static double measure_echo(dgram_stack *stack, char **argv, const char *work, int workers,
                           int balance) {
  int fds[CLIENTS];
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  start(stack, workers, balance, argv, work);
  for (uint32_t i = 0; i < CLIENTS; i++) {
    fds[i] = open_client();
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event) < 0 || send(fds[i], "x", 1, 0) != 1)
      exit(3);
  }
  (void)answer_all(epoll, fds, uv_hrtime() + 500 * DGRAM_MILLISECOND);
  const unsigned long answers = answer_all(epoll, fds, uv_hrtime() + SECONDS * DGRAM_SECOND);
  for (int i = 0; i < CLIENTS; i++)
    close(fds[i]);
  close(epoll);
  (void)dgram_cluster_stop(primary.cluster);
  if (dgram_run(stack) < 0) exit(3);
  return (double)answers / SECONDS;
}

static int measure_echoes(dgram_stack *stack, char **argv, const char *work) {
  const char *const names[] = {"one socket for all", "one socket each"};
  for (int balance = DGRAM_CLUSTER_SHARED; balance <= DGRAM_CLUSTER_HASH; balance++) {
    const double one = measure_echo(stack, argv, work, 1, balance);
    const double two = measure_echo(stack, argv, work, 2, balance);
    printf("echo with %s µs of work, %s: 1 worker %.0f/s, 2 workers %.0f/s, %.2f times\n", work,
           names[balance], one, two, two / one);
  }
  return 0;
}

int main(int argc, char **argv) {
  const char *number = argc > 2 ? argv[2] : NULL;
  dgram_stack *stack;
  if (argc < 2 || (strcmp(argv[1], "bind") != 0 && strcmp(argv[1], "echo") != 0)) {
    fprintf(stderr, "usage: bench-cluster bind [workers] | echo [work in µs]\n");
    return 2;
  }
  if (dgram_cluster_worker() != 0) return be_worker(argv[1], argv[2]);
  if (dgram_uv_stack_create(uv_default_loop(), NULL, &stack) < 0) return 3;
  if (strcmp(argv[1], "bind") == 0)
    return measure_bind(stack, argv, number == NULL ? 100 : atoi(number));
  return measure_echoes(stack, argv, number == NULL ? "100" : number);
}
