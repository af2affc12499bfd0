/* The system calls of the linux stack. Each returns what the call does, or a code: errno is read in
 * the same statement as the call, and nowhere else in this folder. Sending and receiving never
 * wait, even where somebody else who shares the descriptor has made it blocking. */

#ifndef DGRAM_STACK_LINUX_SYSTEM_H
#define DGRAM_STACK_LINUX_SYSTEM_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static inline int linux_stack_code(long result) {
  return result < 0 ? -errno : (int)result;
}

static inline int linux_stack_sys_socket(int domain, int type, int protocol) {
  return linux_stack_code(socket(domain, type, protocol));
}

static inline int linux_stack_sys_bind(int fd, const struct sockaddr *address, socklen_t length) {
  return linux_stack_code(bind(fd, address, length));
}

static inline int linux_stack_sys_getsockname(int fd, struct sockaddr *address, socklen_t *length) {
  return linux_stack_code(getsockname(fd, address, length));
}

static inline int linux_stack_sys_connect(int fd, const struct sockaddr *address,
                                          socklen_t length) {
  return linux_stack_code(connect(fd, address, length));
}

static inline int linux_stack_sys_getpeername(int fd, struct sockaddr *address, socklen_t *length) {
  return linux_stack_code(getpeername(fd, address, length));
}

static inline int linux_stack_sys_setsockopt(int fd, int level, int name, const void *value,
                                             socklen_t length) {
  return linux_stack_code(setsockopt(fd, level, name, value, length));
}

static inline int linux_stack_sys_set_int(int fd, int level, int name, int value) {
  return linux_stack_sys_setsockopt(fd, level, name, &value, sizeof value);
}

static inline int linux_stack_sys_get_int(int fd, int level, int name, int *ret_value) {
  socklen_t length = sizeof *ret_value;
  return linux_stack_code(getsockopt(fd, level, name, ret_value, &length));
}

static inline int linux_stack_sys_set_cloexec(int fd) {
  return linux_stack_code(fcntl(fd, F_SETFD, FD_CLOEXEC));
}

/* Never one of the three that have a meaning to programs that are started. */
static inline int linux_stack_sys_duplicate(int fd) {
  return linux_stack_code(fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

static inline int linux_stack_sys_sendmsg(int fd, const struct msghdr *message) {
  return linux_stack_code(sendmsg(fd, message, MSG_DONTWAIT));
}

static inline int linux_stack_sys_sendmmsg(int fd, struct mmsghdr *messages, unsigned count) {
  return linux_stack_code(sendmmsg(fd, messages, count, MSG_DONTWAIT));
}

static inline int linux_stack_sys_recvmsg(int fd, struct msghdr *message) {
  return linux_stack_code(recvmsg(fd, message, MSG_DONTWAIT));
}

static inline int linux_stack_sys_recvmmsg(int fd, struct mmsghdr *messages, unsigned count) {
  return linux_stack_code(recvmmsg(fd, messages, count, MSG_DONTWAIT, NULL));
}

/* Reads one entry of the error queue. */
static inline int linux_stack_sys_recverr(int fd, struct msghdr *message) {
  return linux_stack_code(recvmsg(fd, message, MSG_DONTWAIT | MSG_ERRQUEUE));
}

/* Whether an error is pending, or stands in the error queue. */
static inline bool linux_stack_sys_has_errors(int fd) {
  struct pollfd errors = {.fd = fd};
  return poll(&errors, 1, 0) > 0 && (errors.revents & POLLERR);
}

static inline int linux_stack_sys_lstat(const char *path, struct stat *ret_status) {
  return linux_stack_code(lstat(path, ret_status));
}

/* What cannot be removed stays behind, and that is all. */
static inline void linux_stack_sys_unlink(const char *path) {
  (void)unlink(path);
}

/* On Linux the descriptor is gone whatever close answers, so there is nothing to do about it. */
static inline void linux_stack_sys_close(int fd) {
  (void)close(fd);
}

#endif
