#include "stack/loop/peer.h"

#include <string.h>

#include "stack/loop/sockaddr.h"

int loop_take_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 ? 0 : -error;
}

static int bind_to(int fd, dgram_address local, uint16_t port) {
  union loop_sockaddr address;
  local.port = port;
  socklen_t length = loop_address_to_sockaddr(&local, &address);
  return bind(fd, &address.any, length);
}

#if defined(SO_BINDTOIFINDEX)
static void keep_interface(int fd, uint32_t index) {
  const int value = (int)index;
  (void)setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &value, sizeof value);
}
#else
static void keep_interface(int fd, uint32_t index) {
  (void)fd;
  (void)index;
}
#endif

/* Where even any port is refused there is no more to be done. One whose address is not told is taken
 * for one that has lost its port. */
int loop_keep_port(int fd, const dgram_address *before) {
  union loop_sockaddr name = {.any.sa_family = AF_UNSPEC};
  socklen_t length = sizeof name;
  dgram_address local = {.family = before->family};
  if (getsockname(fd, &name.any, &length) == 0) loop_address_from_sockaddr(&name.any, &local);
  if (before->scope_id > 0 && memcmp(local.bytes, before->bytes, sizeof local.bytes) == 0) {
    local.scope_id = before->scope_id;
    keep_interface(fd, local.scope_id);
  }
  if (local.port != 0 || bind_to(fd, local, before->port) == 0) return 0;
  (void)bind_to(fd, local, 0);
  return DGRAM_EADDRINUSE;
}
