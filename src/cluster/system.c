/* What Linux is asked. A packet's descriptors are looked at whatever the packet is: each one that came
 * is handed on or closed. */

#include "cluster/system.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dgram/cluster.h"

extern char **environ;

/* ---- descriptors ---- */

void cluster_sys_close(int fd) {
  (void)close(fd); /* whatever it answers, the descriptor is gone */
}

int cluster_sys_duplicate(int fd) {
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  return copy < 0 ? -errno : copy;
}

bool cluster_sys_is_open(int fd) {
  return fcntl(fd, F_GETFD) != -1;
}

static int own(int fd) {
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return -errno;
  return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
}

static int set_int(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) < 0 ? -errno : 0;
}

/* ---- the channel ---- */

int cluster_sys_pair(int *ret_fds) {
  int code = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_fds);
  return code < 0 ? -errno : 0;
}

static bool has_option(int fd, int name, int wanted) {
  int value;
  socklen_t length = sizeof value;
  return getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 && value == wanted;
}

int cluster_sys_take_channel(int fd) {
  if (!has_option(fd, SO_DOMAIN, AF_UNIX) || !has_option(fd, SO_TYPE, SOCK_SEQPACKET))
    return DGRAM_EBADF;
  return own(fd);
}

/* Room for two descriptors, which is what alignment leaves after one. */
union control {
  struct cmsghdr header;
  char bytes[CMSG_SPACE(2 * sizeof(int))];
};

int cluster_sys_send(int channel, const void *bytes, size_t size, int fd) {
  union control control = {0};
  struct iovec piece = {.iov_base = (void *)bytes, .iov_len = size};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
  ssize_t sent;
  if (fd >= 0) {
    control.header = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(sizeof fd);
  }
  do {
    sent = sendmsg(channel, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : 0;
}

/* Keeps the first descriptor that came, and closes the others. Returns how many came. */
static size_t take_descriptors(struct msghdr *message, int *ret_fd) {
  size_t count = 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    size_t here = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < here; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
      if (count++ == 0) {
        *ret_fd = fd;
      } else {
        cluster_sys_close(fd);
      }
    }
  }
  return count;
}

/* Who takes none gives the kernel no room: it closes what came, and says so. Where there is room, the
 * same flag without a descriptor means that this process has no number left for one. */
static int look_at(struct msghdr *message, int *ret_fd) {
  bool cut = message->msg_flags & MSG_CTRUNC;
  if (ret_fd == NULL) return cut ? DGRAM_EPROTO : 0;
  size_t count = take_descriptors(message, ret_fd);
  return count > 1 || (count == 1 && cut) ? DGRAM_EPROTO : 0;
}

int cluster_sys_receive(int channel, void *bytes, size_t size, int *ret_fd) {
  union control control;
  struct iovec piece = {.iov_base = bytes, .iov_len = size};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
  ssize_t length;
  int fd = -1;
  if (ret_fd != NULL) {
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
  }
  do {
    length = recvmsg(channel, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  } while (length < 0 && errno == EINTR);
  if (length < 0) return -errno;
  int code = look_at(&message, ret_fd == NULL ? NULL : &fd);
  if (code == 0 && message.msg_flags & MSG_TRUNC) code = DGRAM_EPROTO;
  if (code < 0 && fd >= 0) cluster_sys_close(fd);
  if (code == 0 && ret_fd != NULL) *ret_fd = fd;
  return code < 0 ? code : (int)length;
}

/* ---- addresses ---- */

union socket_address {
  struct sockaddr any;
  struct sockaddr_in ipv4;
  struct sockaddr_in6 ipv6;
};

static socklen_t to_system(const dgram_address *address, union socket_address *ret_address) {
  *ret_address = (union socket_address){.any.sa_family = AF_UNSPEC};
  if (address->family == DGRAM_IPV4) {
    ret_address->ipv4.sin_family = AF_INET;
    ret_address->ipv4.sin_port = htons(address->port);
    memcpy(&ret_address->ipv4.sin_addr, address->bytes, 4);
    return sizeof ret_address->ipv4;
  }
  ret_address->ipv6.sin6_family = AF_INET6;
  ret_address->ipv6.sin6_port = htons(address->port);
  ret_address->ipv6.sin6_scope_id = address->scope_id;
  memcpy(&ret_address->ipv6.sin6_addr, address->bytes, 16);
  return sizeof ret_address->ipv6;
}

static int local_of(int fd, dgram_address *ret_local) {
  union socket_address address = {.any.sa_family = AF_UNSPEC};
  socklen_t length = sizeof address;
  if (getsockname(fd, &address.any, &length) < 0) return -errno;
  dgram_address local = {.family = DGRAM_IPV4};
  if (address.any.sa_family == AF_INET) {
    local.port = ntohs(address.ipv4.sin_port);
    memcpy(local.bytes, &address.ipv4.sin_addr, 4);
  } else if (address.any.sa_family == AF_INET6) {
    local.family = DGRAM_IPV6;
    local.port = ntohs(address.ipv6.sin6_port);
    local.scope_id = address.ipv6.sin6_scope_id;
    memcpy(local.bytes, &address.ipv6.sin6_addr, 16);
  } else {
    return DGRAM_EFDTYPE;
  }
  *ret_local = local;
  return 0;
}

/* ---- sockets ---- */

static int share_port(int fd) {
  return set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
}

static int set_options(int fd, int family, unsigned flags) {
  int code = 0;
  if (flags & CLUSTER_SYS_REUSE_ADDR) code = set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (code == 0 && family == DGRAM_IPV6)
    code = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, (flags & CLUSTER_SYS_IPV6_ONLY) != 0);
  if (flags & CLUSTER_SYS_JOIN) (void)set_int(fd, IPPROTO_UDP, UDP_GRO, 1); /* speed alone */
  return code;
}

/* Who has asked to share before may be given a port by the kernel that another such socket has. */
static int bind_socket(int fd, const dgram_address *address, unsigned flags) {
  union socket_address where;
  socklen_t length = to_system(address, &where);
  bool shares = flags & CLUSTER_SYS_REUSE_PORT;
  int code = shares && address->port != 0 ? share_port(fd) : 0;
  if (code == 0 && bind(fd, &where.any, length) < 0) code = -errno;
  if (code == 0 && shares && address->port == 0) code = share_port(fd);
  return code;
}

int cluster_sys_bind(dgram_address *address, unsigned flags) {
  int domain = address->family == DGRAM_IPV6 ? AF_INET6 : AF_INET;
  int fd = socket(domain, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);
  if (fd < 0) return -errno;
  int code = set_options(fd, address->family, flags);
  if (code == 0) code = bind_socket(fd, address, flags);
  if (code == 0) code = local_of(fd, address);
  if (code < 0) {
    cluster_sys_close(fd);
    return code;
  }
  return fd;
}

/* The program answers the number of a socket in the order of binding. */
int cluster_sys_balance(int fd, int balance, int count) {
  uint32_t what = balance == DGRAM_CLUSTER_CPU ? SKF_AD_CPU : SKF_AD_RXHASH;
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_AD_OFF + what),
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, (uint32_t)count),
      BPF_STMT(BPF_RET | BPF_A, 0),
  };
  struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
  int result = setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
  return result < 0 ? -errno : 0;
}

int cluster_sys_take_socket(int fd, dgram_address *ret_local) {
  dgram_address local;
  if (!cluster_sys_is_open(fd)) return DGRAM_EBADF;
  if (!has_option(fd, SO_TYPE, SOCK_DGRAM) || !has_option(fd, SO_PROTOCOL, IPPROTO_UDP))
    return DGRAM_EFDTYPE;
  int code = local_of(fd, &local);
  if (code == 0 && local.port == 0) code = DGRAM_EINVAL;
  if (code == 0) code = own(fd);
  if (code == 0) *ret_local = local;
  return code;
}

/* ---- this process ---- */

int cluster_sys_pid(void) {
  return (int)getpid();
}

int cluster_sys_check_program(const char *path) {
  return access(path, X_OK) < 0 ? -errno : 0;
}

static int read_all(int fd, char *text, size_t size) {
  size_t length = 0;
  while (length < size) {
    ssize_t got = read(fd, text + length, size - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -errno;
    if (got == 0) return (int)length;
    length += (size_t)got;
  }
  return DGRAM_ENOSPC;
}

int cluster_sys_arguments(char *text, size_t size) {
  int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  int length = read_all(fd, text, size);
  cluster_sys_close(fd);
  return length;
}

static bool is_of(const char *entry, const char *name) {
  size_t length = strlen(name);
  return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

const char **cluster_sys_environment(const char *name, const char *entry) {
  size_t count = 0, kept = 0;
  while (environ != NULL && environ[count] != NULL)
    count++;
  const char **list = malloc((count + 2) * sizeof *list);
  if (list == NULL) return NULL;
  for (size_t i = 0; i < count; i++) {
    if (!is_of(environ[i], name)) list[kept++] = environ[i];
  }
  list[kept++] = entry;
  list[kept] = NULL;
  return list;
}

void cluster_sys_forget(const char *name) {
  (void)unsetenv(name); /* fails for a bad name only */
}
