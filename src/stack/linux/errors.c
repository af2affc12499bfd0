/* The table of errors.
 *
 * Sources: send(2), recv(2), ip(7), ipv6(7), udp(7); in the kernel icmp_err_convert and
 * icmpv6_err_convert (what ICMP may answer), udp_send_skb (groups), nf_hook (EPERM). */

#include "stack/linux/errors.h"

#include <errno.h>

/* A datagram by itself, then a group: where an error is about the network or the socket, a group
 * ends as each of its datagrams would. Where it may be about the group as such, its size included,
 * each datagram finds out for itself. */
#define SEND_ROWS(ROW)                                                                             \
  ROW(EAGAIN, WAIT, WAIT)                                                                          \
  ROW(EINTR, REPEAT, REPEAT)                                                                       \
  ROW(ENOSYS, LONE_CALLS, LONE_CALLS)                                                              \
  /* ICMP has answered an earlier datagram; the kernel tells it once, in place of this one. */     \
  ROW(ECONNREFUSED, REPEAT_ONCE, REPEAT_ONCE)                                                      \
  ROW(EHOSTDOWN, REPEAT_ONCE, REPEAT_ONCE)                                                         \
  ROW(EHOSTUNREACH, REPEAT_ONCE, REPEAT_ONCE)                                                      \
  ROW(ENETUNREACH, REPEAT_ONCE, REPEAT_ONCE)                                                       \
  ROW(ENONET, REPEAT_ONCE, REPEAT_ONCE)                                                            \
  ROW(ENOPROTOOPT, REPEAT_ONCE, REPEAT_ONCE)                                                       \
  ROW(EPROTO, REPEAT_ONCE, REPEAT_ONCE)                                                            \
  /* No room. The socket stays writable: waiting would spin. A group asks for more at once. */     \
  ROW(ENOBUFS, FAIL, SINGLES)                                                                      \
  ROW(ENOMEM, FAIL, SINGLES)                                                                       \
  /* About groups: no checksum offload. */                                                         \
  ROW(EIO, FAIL, SINGLES_OFF)                                                                      \
  /* The same: more segments than this kernel takes, checksums off, a transform on the way. */     \
  ROW(EINVAL, FAIL, SINGLES_OFF)                                                                   \
  ROW(EOPNOTSUPP, FAIL, SINGLES_OFF)                                                               \
  /* The same: a segment over the MTU. */                                                          \
  ROW(EMSGSIZE, FAIL, SINGLES_LENGTH)                                                              \
  /* A filter, a route that prohibits, broadcast that is not allowed. */                           \
  ROW(EPERM, FAIL, FAIL)                                                                           \
  ROW(EACCES, FAIL, FAIL)                                                                          \
  /* The interface or the address is gone. */                                                      \
  ROW(EADDRNOTAVAIL, FAIL, FAIL)                                                                   \
  ROW(ENETDOWN, FAIL, FAIL)                                                                        \
  ROW(ENODEV, FAIL, FAIL)                                                                          \
  ROW(ENXIO, FAIL, FAIL)                                                                           \
  ROW(ENETRESET, FAIL, FAIL)                                                                       \
  ROW(ETIMEDOUT, FAIL, FAIL)                                                                       \
  /* The socket: shut down, connected by somebody else, closed under us. */                        \
  ROW(EPIPE, FAIL, FAIL)                                                                           \
  ROW(EISCONN, FAIL, FAIL)                                                                         \
  ROW(ENOTCONN, FAIL, FAIL)                                                                        \
  ROW(EDESTADDRREQ, FAIL, FAIL)                                                                    \
  ROW(EAFNOSUPPORT, FAIL, FAIL)                                                                    \
  ROW(EBADF, FAIL, FAIL)                                                                           \
  ROW(ENOTSOCK, FAIL, FAIL)                                                                        \
  /* The caller's memory. */                                                                       \
  ROW(EFAULT, FAIL, FAIL)

#define RECEIVE_ROWS(ROW)                                                                          \
  ROW(EAGAIN, WAIT)                                                                                \
  ROW(EINTR, REPEAT)                                                                               \
  ROW(ENOSYS, LONE_CALLS)                                                                          \
  /* What ICMP answered to something sent before, on a connected socket. */                        \
  ROW(ECONNREFUSED, REPORT)                                                                        \
  ROW(EHOSTDOWN, REPORT)                                                                           \
  ROW(EHOSTUNREACH, REPORT)                                                                        \
  ROW(ENETUNREACH, REPORT)                                                                         \
  ROW(ENONET, REPORT)                                                                              \
  ROW(ENOPROTOOPT, REPORT)                                                                         \
  ROW(EPROTO, REPORT)                                                                              \
  ROW(EACCES, REPORT)                                                                              \
  ROW(EMSGSIZE, REPORT)                                                                            \
  /* The system or the socket. */                                                                  \
  ROW(ENETDOWN, REPORT)                                                                            \
  ROW(ENOBUFS, REPORT)                                                                             \
  ROW(ENOMEM, REPORT)                                                                              \
  ROW(EPERM, REPORT)                                                                               \
  ROW(EINVAL, REPORT)                                                                              \
  ROW(EIO, REPORT)                                                                                 \
  ROW(ENOTCONN, REPORT)                                                                            \
  ROW(EBADF, REPORT)                                                                               \
  ROW(ENOTSOCK, REPORT)                                                                            \
  ROW(EFAULT, REPORT)

static const struct linux_error errors[] = {
#define ROW(name, alone, grouped)                                                                  \
  {LINUX_SEND, -(name), LINUX_##alone}, {LINUX_SEND_GROUP, -(name), LINUX_##grouped},
    SEND_ROWS(ROW)
#undef ROW
#define ROW(name, action) {LINUX_RECEIVE, -(name), LINUX_##action},
        RECEIVE_ROWS(ROW)
#undef ROW
};

bool linux_stack_is_icmp(int code) {
  static const int codes[] = {ECONNREFUSED, EHOSTDOWN,  EHOSTUNREACH, ENETUNREACH, ENONET,
                              ENOPROTOOPT,  EOPNOTSUPP, EPROTO,       EACCES,      EMSGSIZE};
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    if (codes[i] == -code) return true;
  }
  return false;
}

const struct linux_error *linux_stack_errors(size_t *ret_count) {
  *ret_count = sizeof errors / sizeof errors[0];
  return errors;
}

enum linux_action linux_stack_action(enum linux_call call, int code) {
  static const enum linux_action otherwise[] = {
      [LINUX_SEND] = LINUX_FAIL,
      [LINUX_SEND_GROUP] = LINUX_SINGLES,
      [LINUX_RECEIVE] = LINUX_REPORT,
  };

  for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
    if (errors[i].call == call && errors[i].code == code) return errors[i].action;
  }
  return otherwise[call];
}
