/* What is different of unix datagram sockets: names are paths, and a bind leaves a file.
 *
 * Happy path: a file appears where the socket is bound, and goes with it. Everything else is as it is
 * with UDP, but that no datagram is ever joined to a group: readiness, batches, the turn.
 *
 * Failure modes: a receiver that is full makes the sender wait. Of a connected socket epoll tells when
 * there is room; of another one it says "writable" all the time, so that rests between its tries
 * (readiness.c). Where somebody was connected to this socket, as it was to him, and has turned away,
 * the kernel has ECONNRESET for the next call: a send is told of that and tried again. */

#include <assert.h>
#include <string.h>

#include "stack/linux/linux.h"
#include "stack/linux/system.h"

/* The file that a bind has made. In a list of its stack, since few sockets have one. */
struct linux_file {
  struct linux_file *next;
  const struct linux_endpoint *endpoint;
  dev_t device;
  ino_t inode;
  char path[DGRAM_PATH_TEXT];
};

static int path_of(struct dgram__endpoint *base, bool remote, char *text) {
  struct sockaddr_un name;
  struct sockaddr *any = (struct sockaddr *)&name;
  socklen_t length = sizeof name;
  const int fd = linux_endpoint_of(base)->fd;
  int code = remote ? linux_stack_sys_getpeername(fd, any, &length)
                    : linux_stack_sys_getsockname(fd, any, &length);
  return code < 0 ? code : linux_path_read(&name, length, text);
}

/* ---- the file ---- */

/* What cannot be looked at, somebody has moved since. */
static int note_file(struct linux_endpoint *endpoint, const char *path) {
  struct linux_stack *stack = linux_stack_of(&endpoint->base);
  struct stat status;
  if (path[0] == '\0' || path[0] == '@' || linux_stack_sys_lstat(path, &status) < 0) return 0;
  struct linux_file *file = dgram__malloc(&stack->loop.base, sizeof *file);
  if (!file) {
    linux_stack_sys_unlink(path);
    return DGRAM_ENOMEM;
  }
  file->endpoint = endpoint;
  file->device = status.st_dev;
  file->inode = status.st_ino;
  memcpy(file->path, path, strlen(path) + 1);
  file->next = stack->files;
  stack->files = file;
  return 0;
}

/* Somebody else may have put another file there. */
static void remove_file(const struct linux_file *file) {
  struct stat status;
  if (linux_stack_sys_lstat(file->path, &status) < 0) return;
  if (status.st_dev != file->device || status.st_ino != file->inode) return;
  linux_stack_sys_unlink(file->path);
}

void linux_stack_unix_remove(struct linux_endpoint *endpoint) {
  struct linux_stack *stack = linux_stack_of(&endpoint->base);
  struct linux_file **place = &stack->files;
  while (*place && (*place)->endpoint != endpoint)
    place = &(*place)->next;
  struct linux_file *file = *place;
  if (!file) return;
  *place = file->next;
  remove_file(file);
  dgram__free(&stack->loop.base, file);
}

/* ---- bind and adopt ---- */

static int bind_to(int fd, const char *path) {
  struct sockaddr_un name;
  socklen_t length = linux_path_write(path, &name);
  return linux_stack_sys_bind(fd, (struct sockaddr *)&name, length);
}

/* Datagrams of unix sockets cannot be joined. */
static int take(struct linux_endpoint *endpoint, int fd, const struct dgram__bind_how *how) {
  struct linux_stack *stack = linux_stack_of(&endpoint->base);
  if (!stack->paths) stack->paths = dgram__malloc(&stack->loop.base, sizeof *stack->paths);
  if (!stack->paths) return DGRAM_ENOMEM;
  int code = linux_stack_take_descriptor(endpoint, fd, how);
  if (code == 0) endpoint->no_groups = true;
  return code;
}

static int bind_endpoint(struct dgram__endpoint *base, const char *path,
                         const struct dgram__bind_how *how) {
  struct linux_endpoint *endpoint = linux_endpoint_of(base);
  assert(endpoint->fd < 0);
  int fd = linux_stack_sys_socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fd;
  int code = linux_stack_set_buffer_sizes(fd, how);
  if (code == 0) code = bind_to(fd, path);
  if (code == 0) code = note_file(endpoint, path);
  if (code == 0) code = take(endpoint, fd, how);
  if (code == 0) return 0;
  linux_stack_unix_remove(endpoint);
  linux_stack_sys_close(fd);
  return code;
}

static int bind_if_unbound(int fd) {
  struct sockaddr_un name;
  socklen_t length = sizeof name;
  int code = linux_stack_sys_getsockname(fd, (struct sockaddr *)&name, &length);
  return code < 0 || length > LINUX_PATH_OFFSET ? code : bind_to(fd, "");
}

int linux_stack_unix_adopt(struct linux_endpoint *endpoint, int fd,
                           const struct dgram__bind_how *how) {
  int code = linux_stack_set_buffer_sizes(fd, how);
  if (code == 0) code = bind_if_unbound(fd);
  if (code == 0) code = linux_stack_sys_set_cloexec(fd);
  if (code == 0) code = take(endpoint, fd, how);
  if (code == 0) endpoint->adopted = true;
  return code;
}

/* ---- the peer, the sender ---- */

static int connect_endpoint(struct dgram__endpoint *base, const char *path) {
  struct sockaddr_un name;
  socklen_t length = linux_path_write(path, &name);
  return linux_stack_sys_connect(linux_endpoint_of(base)->fd, (struct sockaddr *)&name, length);
}

void linux_stack_unix_tell_sender(struct linux_endpoint *endpoint, unsigned slot,
                                  dgram_recv_info *info) {
  struct linux_stack *stack = linux_stack_of(&endpoint->base);
  (void)linux_path_read(&stack->paths->from[slot],
                        stack->receiver.headers[slot].msg_hdr.msg_namelen,
                        stack->paths->texts[slot]);
  *info = (dgram_recv_info){.present = DGRAM_RECV_PATH | DGRAM_RECV_TRUNCATED,
                            .path = stack->paths->texts[slot]};
}

const struct dgram__unix_ops linux_stack_unix_ops = {
    .bind = bind_endpoint,
    .connect = connect_endpoint,
    .path = path_of,
};
