/* The sockets of a service manager: sd_listen_fds(3), without its library. They begin at descriptor 3,
 * and are this process's if LISTEN_PID says so. The variables stay, since a socket is taken by its
 * number and any thread may read them; a process that this one starts has another id. */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "cluster/system.h"
#include "dgram/cluster.h"

enum { FIRST_FD = 3 };

/* A decimal number of 0 or more; -1: none. */
static long read_number(const char *text) {
  char *end;
  if (*text < '0' || *text > '9') return -1;
  errno = 0;
  long number = strtol(text, &end, 10);
  return errno != 0 || *end != '\0' ? -1 : number;
}

int dgram_listen_fds(void) {
  const char *pid_text = getenv("LISTEN_PID");
  const char *count_text = getenv("LISTEN_FDS");
  if (pid_text == NULL || count_text == NULL) return 0;
  long pid = read_number(pid_text), count = read_number(count_text);
  if (pid < 0 || count < 0 || count > INT_MAX - FIRST_FD) return DGRAM_EINVAL;
  return pid == cluster_sys_pid() ? (int)count : 0;
}

int dgram_bind_listen_fd(dgram_socket *socket, int which, dgram_bind_cb cb, void *data) {
  int count = dgram_listen_fds();
  if (count < 0) return count;
  if (which < 0 || which >= count) return DGRAM_ENOENT;
  const dgram_bind_options options = {.fd = FIRST_FD + which};
  return dgram_bind(socket, &options, cb, data);
}
