/* An endpoint's life on libuv.
 *
 * Happy path: bind makes a uv_udp_t with a socket of the endpoint's family, binds it and keeps it.
 * close_endpoint closes it, and the descriptor with it; libuv calls back when it has let go of the
 * handle, and the endpoint is given back.
 *
 * Failure modes: after a failed uv_udp_bind the handle holds a descriptor with options that the
 * next bind may not want, and there is no way to empty it. So it is closed, and each bind has a new
 * one: handles are memory of their own, and an endpoint counts those that libuv still knows. adopt
 * looks at the descriptor by itself before libuv gets it, since what a handle has taken it cannot
 * give back. */

#include "stack/uv/uv_stack.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stack/loop/sockaddr.h"

static int system_family_of(const struct uv_stack_endpoint *endpoint) {
  return endpoint->base.type == DGRAM_UDP4 ? AF_INET : AF_INET6;
}

/* ---- handles ---- */

static void on_handle_closed(uv_handle_t *handle) {
  struct uv_stack_endpoint *endpoint = handle->data;
  dgram__free(endpoint->base.stack, handle);
  if (--endpoint->handles == 0 && endpoint->closing) dgram__endpoint_closed(&endpoint->base);
}

static void close_handle(uv_udp_t *udp) {
  uv_close((uv_handle_t *)udp, on_handle_closed);
}

/* Returns new; close_handle releases it. family AF_UNSPEC: without a socket. */
static int make_handle(struct uv_stack_endpoint *endpoint, unsigned family, uv_udp_t **ret_udp) {
  struct uv_stack *stack = uv_stack_of(endpoint->base.stack);
  uv_udp_t *udp = dgram__calloc(endpoint->base.stack, sizeof *udp);
  if (!udp) return DGRAM_ENOMEM;
  int error = uv_udp_init_ex(stack->loop.loop, udp, family);
  if (error < 0) {
    dgram__free(endpoint->base.stack, udp);
    return loop_error(error);
  }
  uv_unref((uv_handle_t *)udp);
  udp->data = endpoint;
  endpoint->handles++;
  *ret_udp = udp;
  return 0;
}

/* ---- bind ---- */

int uv_stack_open(struct dgram__endpoint *base) {
  uv_stack_endpoint_of(base)->request.data = base;
  return 0;
}

static int set_int(int fd, int name, int value) {
  return setsockopt(fd, SOL_SOCKET, name, &value, sizeof value) < 0 ? -errno : 0;
}

/* Systems differ in the default, and libuv leaves it. Where one cannot do both it stays with
 * IPv6. */
static void set_ipv6_only(int fd, bool on) {
  const int value = on;
  (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, sizeof value);
}

/* Not every system that has SO_REUSEPORT balances by it, and libuv knows of it since 1.49 only. -1 is
 * no system's option. */
#if defined(SO_REUSEPORT_LB)
enum { SHARING = SO_REUSEPORT_LB };
#elif defined(__linux__) || defined(__DragonFly__)
enum { SHARING = SO_REUSEPORT };
#else
enum { SHARING = -1 };
#endif

static int share_port(int fd) {
  int error = set_int(fd, SHARING, 1);
  return error == DGRAM_ENOPROTOOPT ? DGRAM_ENOTSUP : error;
}

static int set_buffer_sizes(int fd, const struct dgram__bind_how *how) {
  int error = 0;
  if (how->recv_buffer_size > 0) error = set_int(fd, SO_RCVBUF, how->recv_buffer_size);
  if (error == 0 && how->send_buffer_size > 0)
    error = set_int(fd, SO_SNDBUF, how->send_buffer_size);
  return error;
}

/* A port that the system chooses is shared only when it is chosen: who has asked to share may be
 * given one that another such socket has. */
static int bind_and_share(uv_udp_t *udp, int fd, const dgram_address *local,
                          const struct dgram__bind_how *how) {
  unsigned uv_flags = how->flags & DGRAM__BIND_REUSE_ADDR ? UV_UDP_REUSEADDR : 0;
  bool share = how->flags & DGRAM__BIND_REUSE_PORT;
  union loop_sockaddr sockaddr;
  int error = share && local->port != 0 ? share_port(fd) : 0;
  loop_address_to_sockaddr(local, &sockaddr);
  if (error == 0) error = uv_udp_bind(udp, &sockaddr.any, uv_flags);
  return error == 0 && share && local->port == 0 ? share_port(fd) : error;
}

/* The handle has a socket, which is not bound yet. */
static int bind_handle(uv_udp_t *udp, const dgram_address *local,
                       const struct dgram__bind_how *how) {
  uv_os_fd_t fd;
  int error = uv_fileno((uv_handle_t *)udp, &fd);
  if (error == 0) error = set_buffer_sizes(fd, how);
  if (error == 0 && how->device) error = loop_bind_to_device(fd, how->device);
  if (error < 0) return loop_error(error);
  if (local->family == DGRAM_IPV6) set_ipv6_only(fd, how->flags & DGRAM__BIND_IPV6_ONLY);
  error = bind_and_share(udp, fd, local, how);
  return error < 0 ? loop_error(error) : 0;
}

int uv_stack_bind(struct dgram__endpoint *base, const dgram_address *local,
                  const struct dgram__bind_how *how) {
  struct uv_stack_endpoint *endpoint = uv_stack_endpoint_of(base);
  uv_udp_t *udp;
  int error = make_handle(endpoint, (unsigned)system_family_of(endpoint), &udp);
  if (error < 0) return error;
  error = bind_handle(udp, local, how);
  if (error < 0) {
    close_handle(udp);
    return error;
  }
  endpoint->udp = udp;
  return uv_stack_set_recv_info(base, how->recv_info);
}

/* ---- adopt ---- */

#if defined(SO_PROTOCOL)
/* Datagram sockets of a family may be others: Linux's for ICMP, or UDP-Lite. */
static bool is_udp(int fd) {
  int protocol = 0;
  socklen_t length = sizeof protocol;
  return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 &&
         protocol == IPPROTO_UDP;
}
#else
static bool is_udp(int fd) {
  (void)fd;
  return true;
}
#endif

/* Whether it is an open UDP socket of the family; ret_name is where it is bound. A longer address
 * of another family is cut, but begins with its family all the same. */
static int inspect(int fd, int family, union loop_sockaddr *ret_name) {
  socklen_t length = sizeof *ret_name;
  int type = 0;
  if (getsockname(fd, &ret_name->any, &length) < 0)
    return errno == EBADF ? DGRAM_EBADF : DGRAM_EFDTYPE;
  length = sizeof type;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) < 0) return -errno;
  if (ret_name->any.sa_family != family || type != SOCK_DGRAM) return DGRAM_EFDTYPE;
  return is_udp(fd) ? 0 : DGRAM_EFDTYPE;
}

static int bind_to_any_port(int fd, int family) {
  dgram_address any = {.family = family == AF_INET ? DGRAM_IPV4 : DGRAM_IPV6};
  union loop_sockaddr sockaddr;
  socklen_t length = loop_address_to_sockaddr(&any, &sockaddr);
  return bind(fd, &sockaddr.any, length) < 0 ? -errno : 0;
}

#if defined(UDP_GRO) && defined(UDP_SEGMENT)
/* Linux may hand over datagrams of one sender as one, and cut what is sent into several, if the
 * descriptor's owner has asked for that. libuv does not say where the former end. Whoever else reads
 * from it loses speed and nothing else. */
static void one_by_one(int fd) {
  const int off = 0;
  (void)setsockopt(fd, IPPROTO_UDP, UDP_GRO, &off, sizeof off);
  (void)setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &off, sizeof off);
}
#else
static void one_by_one(int fd) {
  (void)fd;
}
#endif

/* uv_udp_open lets others share the address, whatever the socket's maker wanted: SO_REUSEADDR, or
 * SO_REUSEPORT on some systems. So both are put back as they were. */
static int open_unshared(uv_udp_t *udp, int fd) {
  static const int names[2] = {SO_REUSEADDR, SO_REUSEPORT};
  int values[2] = {0, 0};
  for (int i = 0; i < 2; i++) {
    socklen_t length = sizeof values[i];
    (void)getsockopt(fd, SOL_SOCKET, names[i], &values[i], &length);
  }
  int error = uv_udp_open(udp, fd);
  for (int i = 0; i < 2; i++)
    (void)setsockopt(fd, SOL_SOCKET, names[i], &values[i], sizeof values[i]);
  return error < 0 ? loop_error(error) : 0;
}

int uv_stack_adopt(struct dgram__endpoint *base, int fd, const struct dgram__bind_how *how) {
  struct uv_stack_endpoint *endpoint = uv_stack_endpoint_of(base);
  int family = system_family_of(endpoint);
  union loop_sockaddr name;
  dgram_address address;
  uv_udp_t *udp;
  (void)how;
  int error = inspect(fd, family, &name);
  if (error == 0) error = set_buffer_sizes(fd, how);
  if (error < 0) return error;
  loop_address_from_sockaddr(&name.any, &address);
  if (address.port == 0) error = bind_to_any_port(fd, family);
  if (error < 0) return error;
  error = make_handle(endpoint, AF_UNSPEC, &udp);
  if (error < 0) return error;
  error = open_unshared(udp, fd);
  if (error < 0) {
    close_handle(udp);
    return error;
  }
  (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
  one_by_one(fd);
  endpoint->udp = udp;
  endpoint->connected = uv_stack_remote_address(base, &address) == 0;
  return uv_stack_set_recv_info(base, how->recv_info);
}

/* Never one of the three that have a meaning to programs that are started. libuv joins nothing. */
int uv_stack_duplicate(struct dgram__endpoint *base) {
  uv_os_fd_t fd;
  int error = uv_fileno((uv_handle_t *)uv_stack_endpoint_of(base)->udp, &fd);
  if (error < 0) return loop_error(error);
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  return copy < 0 ? -errno : copy;
}

void uv_stack_discard(dgram_stack *stack, int fd) {
  (void)stack;
  close(fd);
}

/* ---- bound, and the end ---- */

int uv_stack_local_address(struct dgram__endpoint *base, dgram_address *ret_address) {
  union loop_sockaddr name;
  int length = sizeof name;
  int error = uv_udp_getsockname(uv_stack_endpoint_of(base)->udp, &name.any, &length);
  if (error < 0) return loop_error(error);
  loop_address_from_sockaddr(&name.any, ret_address);
  return 0;
}

uint64_t uv_stack_dropped(struct dgram__endpoint *base) {
  uv_os_fd_t fd;
  if (uv_fileno((uv_handle_t *)uv_stack_endpoint_of(base)->udp, &fd) < 0) return 0;
  return loop_dropped(fd);
}

bool uv_stack_close_endpoint(struct dgram__endpoint *base) {
  struct uv_stack_endpoint *endpoint = uv_stack_endpoint_of(base);
  endpoint->closing = true;
  if (endpoint->udp) close_handle(endpoint->udp);
  endpoint->udp = NULL;
  return endpoint->handles == 0;
}
