/* What the kernel has dropped of a socket's datagrams. Linux tells it since 4.12. */

#include <sys/socket.h>

#include "stack/loop/loop.h"

#if defined(SO_MEMINFO)

#include <linux/sock_diag.h>

/* A count of 32 bits, which the kernel lets wrap. */
uint64_t loop_dropped(int fd) {
  uint32_t numbers[SK_MEMINFO_VARS] = {0};
  socklen_t length = sizeof numbers;
  if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, numbers, &length) < 0) return 0;
  return numbers[SK_MEMINFO_DROPS];
}

#else

uint64_t loop_dropped(int fd) {
  (void)fd;
  return 0;
}

#endif
