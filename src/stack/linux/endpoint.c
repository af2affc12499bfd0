/* A socket's life on the linux stack.
 *
 * Happy path: bind makes a descriptor, binds it and hands it to a uv_poll handle that watches for
 * nothing yet. From then on the handle is libuv's, and the endpoint's memory can be given back only
 * when its close callback has run.
 *
 * Failure modes: the handle is made last, when nothing can fail any more, so a failed bind closes
 * the descriptor and leaves nothing. At the end the handle goes before the descriptor: epoll keeps
 * watching a descriptor that was closed while a duplicate of it lives elsewhere, for ever and at
 * full speed. */

#include <assert.h>
#include <netinet/udp.h>

#include "stack/linux/linux.h"
#include "stack/linux/system.h"

int linux_stack_open(struct dgram__endpoint *base) {
  linux_endpoint_of(base)->fd = -1;
  linux_endpoint_of(base)->group_length_max = UINT16_MAX;
  return 0;
}

static int domain_of(const struct dgram__endpoint *base) {
  if (base->type == DGRAM_UNIX) return AF_UNIX;
  return base->type == DGRAM_UDP6 ? AF_INET6 : AF_INET;
}

int linux_stack_take_descriptor(struct linux_endpoint *endpoint, int fd,
                                const struct dgram__bind_how *how) {
  uv_loop_t *loop = loop_stack_of(endpoint->base.stack)->loop;
  int code = uv_poll_init(loop, &endpoint->poll, fd);
  if (code < 0) return loop_error(code);
  uv_unref((uv_handle_t *)&endpoint->poll);
  endpoint->poll.data = endpoint;
  endpoint->tells_icmp = how->flags & DGRAM__BIND_ICMP_ERRORS;
  endpoint->no_groups = how->flags & DGRAM__BIND_NO_GSO;
  endpoint->no_batches = how->flags & DGRAM__BIND_NO_MMSG;
  endpoint->fd = fd;
  return 0;
}

/* ---- bind ---- */

int linux_stack_set_buffer_sizes(int fd, const struct dgram__bind_how *how) {
  int code = 0;
  if (how->recv_buffer_size > 0)
    code = linux_stack_sys_set_int(fd, SOL_SOCKET, SO_RCVBUF, how->recv_buffer_size);
  if (code == 0 && how->send_buffer_size > 0)
    code = linux_stack_sys_set_int(fd, SOL_SOCKET, SO_SNDBUF, how->send_buffer_size);
  return code;
}

/* IPV6_V6ONLY is set either way: what it is at first is up to the administrator. */
static int set_bind_options(const struct dgram__endpoint *base, int fd,
                            const struct dgram__bind_how *how) {
  if (how->flags & DGRAM__BIND_ICMP_ERRORS) {
    int code = linux_stack_ask_icmp(fd, base->type, true);
    if (code < 0) return code;
  }
  if (how->flags & DGRAM__BIND_REUSE_ADDR) {
    int code = linux_stack_sys_set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (code < 0) return code;
  }
  if (how->device) {
    int code = loop_bind_to_device(fd, how->device);
    if (code < 0) return code;
  }
  if (base->type != DGRAM_UDP6) return 0;
  return linux_stack_sys_set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY,
                                 (how->flags & DGRAM__BIND_IPV6_ONLY) != 0);
}

static int share_port(int fd, const struct dgram__bind_how *how) {
  if (!(how->flags & DGRAM__BIND_REUSE_PORT)) return 0;
  int code = linux_stack_sys_set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  return code == DGRAM_ENOPROTOOPT ? DGRAM_ENOTSUP : code;
}

/* Who has asked to share may be given a port by the kernel that another such socket has. So where
 * it is to choose, it is asked afterwards. */
static int bind_and_share(int fd, const dgram_address *local, const struct dgram__bind_how *how) {
  union loop_sockaddr address;
  socklen_t length = loop_address_to_sockaddr(local, &address);
  int code = local->port == 0 ? 0 : share_port(fd, how);
  if (code == 0) code = linux_stack_sys_bind(fd, &address.any, length);
  if (code == 0 && local->port == 0) code = share_port(fd, how);
  return code;
}

/* The kernel may hand over datagrams of one sender as one, since we split them. It belongs to the
 * socket and not to us alone, so one that others may read too, an adopted one, is left as it is. */
static void join_received(struct dgram__endpoint *base, int fd, const struct dgram__bind_how *how) {
  struct linux_stack *stack = linux_stack_of(base);
  if (stack->no_gro || how->flags & DGRAM__BIND_NO_GRO) return;
  int code = linux_stack_sys_set_int(fd, IPPROTO_UDP, UDP_GRO, 1);
  stack->no_gro = code < 0;
}

int linux_stack_bind(struct dgram__endpoint *base, const dgram_address *local,
                     const struct dgram__bind_how *how) {
  assert(linux_endpoint_of(base)->fd < 0);
  int fd = linux_stack_sys_socket(domain_of(base), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                                  IPPROTO_UDP);
  if (fd < 0) return fd;
  int code = set_bind_options(base, fd, how);
  if (code == 0) code = linux_stack_set_buffer_sizes(fd, how);
  if (code == 0) code = linux_stack_switch_info(fd, base->type, 0, how->recv_info);
  if (code == 0) code = bind_and_share(fd, local, how);
  if (code == 0) code = linux_stack_expect_info(linux_endpoint_of(base), fd, how->recv_info);
  if (code == 0) code = linux_stack_take_descriptor(linux_endpoint_of(base), fd, how);
  if (code < 0) linux_stack_sys_close(fd);
  if (code == 0) join_received(base, fd, how);
  return code;
}

/* ---- adopt ---- */

static int check_option(int fd, int name, int wanted) {
  int value;
  int code = linux_stack_sys_get_int(fd, SOL_SOCKET, name, &value);
  if (code == DGRAM_EBADF) return code;
  return code < 0 || value != wanted ? DGRAM_EFDTYPE : 0;
}

static int check_descriptor(struct dgram__endpoint *base, int fd) {
  int code = check_option(fd, SO_TYPE, SOCK_DGRAM);
  if (code == 0) code = check_option(fd, SO_DOMAIN, domain_of(base));
  if (code < 0 || base->type == DGRAM_UNIX) return code;
  return check_option(fd, SO_PROTOCOL, IPPROTO_UDP);
}

int linux_stack_name_of(int fd, dgram_address *ret_address) {
  union loop_sockaddr address = {.any.sa_family = AF_UNSPEC};
  socklen_t length = sizeof address;
  int code = linux_stack_sys_getsockname(fd, &address.any, &length);
  if (code < 0) return code;
  loop_address_from_sockaddr(&address.any, ret_address);
  return 0;
}

/* Sending would bind it too, but the kernel's own way of it can answer EAGAIN when ports run out,
 * and no writability ever ends that. */
static int bind_if_unbound(struct dgram__endpoint *base, int fd) {
  dgram_address local;
  int code = linux_stack_name_of(fd, &local);
  if (code < 0 || local.port != 0) return code;
  union loop_sockaddr address;
  socklen_t length =
      loop_address_to_sockaddr(&(dgram_address){.family = (uint8_t)base->type}, &address);
  return linux_stack_sys_bind(fd, &address.any, length);
}

/* Its owner may have asked the kernel to cut all that is sent into segments. That would hold for our
 * lone datagrams too; groups say their length themselves. A kernel that refuses knows no segments. */
static void send_whole(int fd) {
  (void)linux_stack_sys_set_int(fd, IPPROTO_UDP, UDP_SEGMENT, 0);
}

static void take_peer(struct dgram__endpoint *base) {
  dgram_address peer;
  if (linux_stack_remote_address(base, &peer) == 0)
    linux_stack_note_peer(linux_endpoint_of(base), &peer);
}

int linux_stack_adopt(struct dgram__endpoint *base, int fd, const struct dgram__bind_how *how) {
  assert(linux_endpoint_of(base)->fd < 0);
  int code = check_descriptor(base, fd);
  if (code == 0 && base->type == DGRAM_UNIX)
    return linux_stack_unix_adopt(linux_endpoint_of(base), fd, how);
  if (code == 0) code = linux_stack_set_buffer_sizes(fd, how);
  if (code == 0) code = bind_if_unbound(base, fd);
  if (code == 0) code = linux_stack_switch_info(fd, base->type, 0, how->recv_info);
  if (code == 0) code = linux_stack_expect_info(linux_endpoint_of(base), fd, how->recv_info);
  if (code == 0) code = linux_stack_sys_set_cloexec(fd);
  if (code == 0 && how->flags & DGRAM__BIND_ICMP_ERRORS)
    code = linux_stack_ask_icmp(fd, base->type, true);
  if (code == 0)
    code = linux_stack_take_descriptor(linux_endpoint_of(base), fd, how); /* non-blocking, too */
  if (code < 0) return code;
  linux_endpoint_of(base)->adopted = true;
  take_peer(base);
  send_whole(fd);
  return 0;
}

/* ---- duplicate ---- */

/* A kernel that refuses joins nothing. */
int linux_stack_duplicate(struct dgram__endpoint *base) {
  struct linux_endpoint *endpoint = linux_endpoint_of(base);
  int fd = linux_stack_sys_duplicate(endpoint->fd);
  if (fd < 0) return fd;
  if (!endpoint->adopted && !linux_stack_is_unix(endpoint))
    (void)linux_stack_sys_set_int(fd, IPPROTO_UDP, UDP_GRO, 0);
  endpoint->adopted = true;
  return fd;
}

void linux_stack_discard(dgram_stack *stack, int fd) {
  (void)stack;
  linux_stack_sys_close(fd);
}

int linux_stack_local_address(struct dgram__endpoint *base, dgram_address *ret_address) {
  return linux_stack_name_of(linux_endpoint_of(base)->fd, ret_address);
}

/* ---- close ---- */

static void on_closed(uv_handle_t *handle) {
  struct linux_endpoint *endpoint = handle->data;
  dgram__endpoint_closed(&endpoint->base);
}

bool linux_stack_close_endpoint(struct dgram__endpoint *base) {
  struct linux_endpoint *endpoint = linux_endpoint_of(base);
  if (endpoint->fd < 0) return true;
  linux_stack_rest_end(endpoint);
  if (linux_stack_is_unix(endpoint)) linux_stack_unix_remove(endpoint);
  uv_close((uv_handle_t *)&endpoint->poll, on_closed);
  linux_stack_sys_close(endpoint->fd);
  endpoint->fd = -1;
  endpoint->receiving = false;
  endpoint->wants_writable = false;
  return false;
}
