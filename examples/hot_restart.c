/* A server that is replaced by a new one while it works, with nothing lost.
 *
 *   example-hot_restart 41234       and then: kill -HUP its process
 *
 * It answers each datagram with its generation. At SIGHUP the old process pauses its socket, so that
 * what comes waits in the kernel, and starts the new one with the descriptor, the way a service manager
 * hands sockets in. When the new one listens it says so by SIGUSR1: the old one closes, which lets what
 * it has accepted for sending go out, and ends. If the new one ends instead, the old one resumes.
 *
 * Started by a service manager it takes its socket. */

#define _POSIX_C_SOURCE 200809L /* setenv, kill */

#include <arpa/inet.h>
#include <dgram.h>
#include <dgram/cluster.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
  dgram_socket *socket;
  int descriptor; /* a duplicate, to hand on */
  int generation;
  char **arguments;
  dgram_timer timer;
} server;

static volatile sig_atomic_t asked, taken_over, child_ended;

static void on_signal(int number) {
  if (number == SIGHUP) asked = 1;
  if (number == SIGUSR1) taken_over = 1;
  if (number == SIGCHLD) child_ended = 1;
}

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  char text[16];
  (void)data;
  int length = snprintf(text, sizeof text, "%d", server.generation);
  dgram_send_to(socket, text, (size_t)length, &message->from, NULL, NULL);
}

/* ---- handing over ---- */

static void be_the_new_one(void) {
  char text[16];
  snprintf(text, sizeof text, "%d", (int)getpid());
  setenv("LISTEN_PID", text, 1);
  setenv("LISTEN_FDS", "1", 1);
  snprintf(text, sizeof text, "%d", server.generation + 1);
  setenv("GENERATION", text, 1);
  if (dup2(server.descriptor, 3) == 3) execv("/proc/self/exe", server.arguments);
  _exit(1);
}

static void hand_over(void) {
  dgram_pause(server.socket);
  pid_t child = fork();
  if (child == 0) be_the_new_one();
  if (child < 0) dgram_resume(server.socket);
}

static void look_after_child(void) {
  if (waitpid(-1, NULL, WNOHANG) > 0) dgram_resume(server.socket);
}

/* Signals are looked at here and not where they come in, which may be anywhere. */
static void on_timer(dgram_timer *timer, void *data) {
  (void)data;
  if (taken_over) {
    dgram_close(server.socket, NULL, NULL); /* and nothing else keeps the program */
    return;
  }
  if (asked) {
    asked = 0;
    hand_over();
  }
  if (child_ended) {
    child_ended = 0;
    look_after_child();
  }
  dgram_timer_start(NULL, timer, 10 * DGRAM_MILLISECOND, on_timer, NULL);
}

/* ---- beginning ---- */

/* A socket made by hand, so that its descriptor is known. */
static int open_descriptor(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  perror("bind");
  return -1;
}

static void on_bound(dgram_socket *socket, int status, void *data) {
  dgram_address local;
  (void)data;
  if (status < 0 || dgram_local_address(socket, &local) < 0) return;
  printf("generation %d, process %d, port %u\n", server.generation, (int)getpid(),
         (unsigned)local.port);
  if (server.generation > 1) kill(getppid(), SIGUSR1);
  dgram_resume(socket);
}

/* The socket begins paused: it is a new one's part to say when it is ready. */
static int begin(int port) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .on_message = on_message};
  int handed_in = dgram_listen_fds() > 0;
  int fd = handed_in ? 3 : open_descriptor(port);
  if (fd < 0 || (server.descriptor = dup(fd)) < 0) return -1;
  int code = dgram_create_socket(NULL, &options, &server.socket);
  if (code == 0) code = dgram_pause(server.socket);
  if (code < 0) return code;
  if (handed_in) return dgram_bind_listen_fd(server.socket, 0, on_bound, NULL);
  return dgram_bind(server.socket, &(dgram_bind_options){.fd = fd}, on_bound, NULL);
}

int main(int argc, char **argv) {
  const char *generation = getenv("GENERATION");
  server.generation = generation == NULL ? 1 : atoi(generation);
  server.arguments = argv;
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  signal(SIGHUP, on_signal);
  signal(SIGUSR1, on_signal);
  signal(SIGCHLD, on_signal);
  int code = begin(argc > 1 ? atoi(argv[1]) : 41234);
  if (code < 0) {
    fprintf(stderr, "hot restart error: %s\n", dgram_error_name(code));
    return 1;
  }
  dgram_timer_start(NULL, &server.timer, 10 * DGRAM_MILLISECOND, on_timer, NULL);
  return dgram_run(NULL) < 0;
}
