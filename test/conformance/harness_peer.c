/* The other end: a socket of the system, without the library. */

#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

union name {
  struct sockaddr any;
  struct sockaddr_in in4;
  struct sockaddr_in6 in6;
};

static socklen_t to_name(const dgram_address *address, union name *name) {
  memset(name, 0, sizeof(*name));
  if (address->family == DGRAM_IPV4) {
    name->in4.sin_family = AF_INET;
    name->in4.sin_port = htons(address->port);
    memcpy(&name->in4.sin_addr, address->bytes, 4);
    return sizeof(name->in4);
  }
  name->in6.sin6_family = AF_INET6;
  name->in6.sin6_port = htons(address->port);
  name->in6.sin6_scope_id = address->scope_id;
  memcpy(&name->in6.sin6_addr, address->bytes, 16);
  return sizeof(name->in6);
}

static void from_name(const union name *name, dgram_address *ret_address) {
  memset(ret_address, 0, sizeof(*ret_address));
  if (name->any.sa_family == AF_INET) {
    ret_address->family = DGRAM_IPV4;
    ret_address->port = ntohs(name->in4.sin_port);
    memcpy(ret_address->bytes, &name->in4.sin_addr, 4);
    return;
  }
  ret_address->family = DGRAM_IPV6;
  ret_address->port = ntohs(name->in6.sin6_port);
  ret_address->scope_id = name->in6.sin6_scope_id;
  memcpy(ret_address->bytes, &name->in6.sin6_addr, 16);
}

static int ask_for(int fd, int level, int name) {
  int on = 1;
  return setsockopt(fd, level, name, &on, sizeof(on));
}

static int ask_for_ttl_and_tos(int fd, int family) {
  if (family == AF_INET)
    return ask_for(fd, IPPROTO_IP, IP_RECVTTL) < 0 ? -1 : ask_for(fd, IPPROTO_IP, IP_RECVTOS);
  if (ask_for(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT) < 0) return -1;
  return ask_for(fd, IPPROTO_IPV6, IPV6_RECVTCLASS);
}

int h_peer_open(const char *text, int port, int *ret_port) {
  dgram_address address = h_literal(text, port);
  struct timeval patience = {.tv_sec = 5};
  union name name;
  socklen_t length = to_name(&address, &name);
  int fd = socket(name.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int code;
  if (fd < 0) return -errno;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  if (bind(fd, &name.any, length) < 0 || getsockname(fd, &name.any, &length) < 0 ||
      ask_for_ttl_and_tos(fd, name.any.sa_family) < 0) {
    code = -errno;
    close(fd);
    return code;
  }
  if (ret_port != NULL) {
    from_name(&name, &address);
    *ret_port = address.port;
  }
  return fd;
}

int h_peer_multicast_by_loopback(int fd) {
  struct in_addr loopback = {.s_addr = htonl(INADDR_LOOPBACK)};
  int code = setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &loopback, sizeof(loopback));
  return code < 0 ? -errno : 0;
}

void h_peer_close(int fd) {
  if (fd >= 0) close(fd);
}

bool h_peer_port_is_free(const char *address, int port) {
  int fd = h_peer_open(address, port, NULL);
  h_peer_close(fd);
  return fd >= 0;
}

static int ttl_of(struct msghdr *header) {
  int ttl = -1;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
    bool ip4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL;
    bool ip6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT;
    if (ip4 || ip6) memcpy(&ttl, CMSG_DATA(c), sizeof(ttl));
  }
  return ttl;
}

/* IPv4 has it as a byte. */
static int tos_of(struct msghdr *header) {
  int tos = -1;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) tos = *CMSG_DATA(c);
    bool ip6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS;
    if (ip6) memcpy(&tos, CMSG_DATA(c), sizeof(tos));
  }
  return tos;
}

static int receive(int fd, struct iovec piece, union name *ret_name, int *ret_ttl, int *ret_tos) {
  union {
    char bytes[128];
    struct cmsghdr align;
  } control;
  struct msghdr header = {.msg_name = ret_name,
                          .msg_namelen = sizeof(*ret_name),
                          .msg_iov = &piece,
                          .msg_iovlen = 1,
                          .msg_control = control.bytes,
                          .msg_controllen = sizeof(control.bytes)};
  ssize_t length = recvmsg(fd, &header, 0);
  if (length < 0) return -errno;
  *ret_ttl = ttl_of(&header);
  *ret_tos = tos_of(&header);
  return (int)length;
}

int h_peer_receive(int fd, void *bytes, size_t size, int *ret_ttl, dgram_address *ret_from) {
  const struct iovec piece = {.iov_base = bytes, .iov_len = size};
  union name name = {0};
  int ttl, tos, length = receive(fd, piece, &name, &ttl, &tos);
  if (length < 0) return length;
  if (ret_ttl != NULL) *ret_ttl = ttl;
  if (ret_from != NULL) from_name(&name, ret_from);
  return length;
}

int h_peer_receive_tos(int fd) {
  char bytes[64];
  const struct iovec piece = {.iov_base = bytes, .iov_len = sizeof(bytes)};
  union name name = {0};
  int ttl, tos, length = receive(fd, piece, &name, &ttl, &tos);
  return length < 0 ? length : tos;
}

int h_peer_send(int fd, const void *bytes, size_t length, const dgram_address *to) {
  union name name;
  socklen_t name_length = to_name(to, &name);
  ssize_t sent = sendto(fd, bytes, length, 0, &name.any, name_length);
  return sent < 0 ? -errno : (int)sent;
}
