/* dgram.h: UDP sockets with events, after Node's dgram.
 *
 * A socket lives on a stack. A stack is where datagrams go: the kernel by way of libuv's loop, or a
 * network in memory. Programs that need only one write NULL for the stack and get the default one.
 *
 *   static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
 *     (void)data;
 *     dgram_send_to(socket, message->bytes, message->length, &message->from, NULL, NULL);
 *   }
 *
 *   int main(void) {
 *     dgram_socket_options options = {.type = DGRAM_UDP4, .on_message = on_message};
 *     dgram_bind_options where = {.port = 41234};
 *     dgram_socket *socket;
 *     if (dgram_create_socket(NULL, &options, &socket) < 0) return 1;
 *     if (dgram_bind(socket, &where, NULL, NULL) < 0) return 1;
 *     return dgram_run(NULL);
 *   }
 *
 * RULES OF LIFE
 *
 *  1. One stack, one loop, one thread. Different stacks may live on different threads.
 *  2. No callback runs inside a call of the library; all run from the loop. So dgram_send in a
 *     callback never recurses. (The callbacks of an allocator, and the last-resort callback, are no
 *     events and run where they are needed; dgram_run is the loop.)
 *  3. A call that returns an error never calls its callback. A call that returns success calls it
 *     exactly once: sent, failed or cancelled, also when the bind fails or the socket is closed. A
 *     failed bind calls back with the code and then emits `error`; with a callback it does not
 *     count as unheard.
 *  4. The sender's bytes: with a callback they are borrowed until it runs; without one they are
 *     sent or copied before the call returns, so a buffer on the C stack is safe.
 *  5. The receiver's bytes belong to the stack and are valid during the callback;
 *     dgram_message_keep keeps a message longer.
 *  6. Close: with nothing pending the port is free when dgram_close returns. Otherwise no more
 *     messages at once, and what was accepted for sending goes out or fails for at most linger_ms
 *     (5000), then the rest is cancelled, each by its callback or an `error`; a lookup that cannot
 *     be cancelled belongs to the stack, not to the socket. Accepted work keeps the loop alive even
 *     on an unref'd socket. `close` comes last. From dgram_close to the end of `close` every call
 *     returns DGRAM_ENOTRUNNING (but dgram_off_..., which removes as always, dgram_abort, which
 *     cuts the linger short, dgram_message_keep, dgram_socket_stack and dgram_get_stats, which work
 *     as ever, and dgram_ref and dgram_unref, which return the socket and change nothing);
 *     afterwards the pointer is dead. Closing inside any callback is safe.
 *  7. Datagrams to one destination as written (name or address, and port) leave in the order they
 *     were given. Lookups of one name in flight are joined; nothing is cached.
 *  8. A turn of the loop does a bounded amount of work for one socket, counted in datagrams, so
 *     that timers and other sockets stay alive under a flood.
 *  9. Every queue has a limit, counted until the callback has run, what waits for a bind or a
 *     lookup included: 262,144 datagrams or 64 MiB unless set otherwise. At the limit a send
 *     returns DGRAM_EQUEUEFULL at once, and `drain` comes once, when the queue is down to half.
 * 10. What changes meaning is opt-in, and DGRAM_ENOTSUP where it is missing; what only changes
 *     speed is automatic, falls back silently and has an off switch: the option `disable`, or in
 *     the environment DGRAM_DISABLE=mmsg,gso,gro,spin.
 * 11. No allocation per datagram in the steady state. An idle socket costs little: buffers belong
 *     to the stack, not to the socket.
 * 12. No process-wide state but constant tables, the default stack, and who a worker of a cluster
 *     is; no signal handlers; nothing printed, but for one line when an error has no listener, once
 *     a second at most.
 * 13. After dgram_off_... returns, that listener never runs again, not even in the emission under
 *     way: its data may be freed.
 *
 * OWNERSHIP is said in four words. A call *borrows* a pointer until it returns, *keeps* it *until
 * completion* (the callback), *takes* it for good, or *returns new* what the caller must release.
 * Text is UTF-8 and ends with NUL. Addresses are values. Results are `int`: 0 or a count on
 * success, a negative code of the table below on failure. Out-parameters come last but for
 * callbacks, are called ret_..., and stay untouched on failure.
 *
 * ERRORS COMMON TO ALL CALLS, not repeated below: DGRAM_EARGTYPE where a needed pointer is NULL,
 * DGRAM_ENOTRUNNING on a socket or a stack that is closing, DGRAM_ENOMEM; where NULL stands for the
 * default stack, DGRAM_EWRONGTHREAD: it belongs to another thread, and where it is made, what
 * dgram_uv_stack_create answers.
 *
 * Since 0.1.0 all of it. Sources: "the seed" is Node's documentation of dgram at 0.11; "Node" its
 * newest. */

#ifndef DGRAM_H
#define DGRAM_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define DGRAM_EXTERN __attribute__((visibility("default")))
#else
#define DGRAM_EXTERN
#endif

#define DGRAM_VERSION_MAJOR 0
#define DGRAM_VERSION_MINOR 1
#define DGRAM_VERSION_PATCH 0

/* The version of the library that runs, "major.minor.patch". The macros above are the version that
 * was compiled against. */
DGRAM_EXTERN const char *dgram_version(void);

/* ---- errors ---- */

/* What only Linux has: its name for an ICMP answer. */
#ifdef ENONET
#define DGRAM_ERRNO_MAP_LINUX(XX) XX(ENONET, "machine is not on the network")
#else
#define DGRAM_ERRNO_MAP_LINUX(XX)
#endif

/* The system's errors, by errno's name. */
#define DGRAM_ERRNO_MAP(XX)                                                                        \
  XX(EACCES, "permission denied")                                                                  \
  XX(EADDRINUSE, "address already in use")                                                         \
  XX(EADDRNOTAVAIL, "address not available")                                                       \
  XX(EAFNOSUPPORT, "address family not supported")                                                 \
  XX(EAGAIN, "resource temporarily unavailable")                                                   \
  XX(EALREADY, "connection already in progress")                                                   \
  XX(EBADF, "bad file descriptor")                                                                 \
  XX(EBUSY, "resource busy or locked")                                                             \
  XX(ECANCELED, "operation canceled")                                                              \
  XX(ECONNABORTED, "software caused connection abort")                                             \
  XX(ECONNREFUSED, "connection refused")                                                           \
  XX(ECONNRESET, "connection reset by peer")                                                       \
  XX(EDEADLK, "resource deadlock avoided")                                                         \
  XX(EDESTADDRREQ, "destination address required")                                                 \
  XX(EEXIST, "file already exists")                                                                \
  XX(EFAULT, "bad address in system call argument")                                                \
  XX(EFBIG, "file too large")                                                                      \
  XX(EHOSTDOWN, "host is down")                                                                    \
  XX(EHOSTUNREACH, "host is unreachable")                                                          \
  XX(EINTR, "interrupted system call")                                                             \
  XX(EINVAL, "invalid argument")                                                                   \
  XX(EIO, "i/o error")                                                                             \
  XX(EISCONN, "socket is already connected")                                                       \
  XX(ELOOP, "too many symbolic links encountered")                                                 \
  XX(EMFILE, "too many open files")                                                                \
  XX(EMSGSIZE, "message too long")                                                                 \
  XX(ENAMETOOLONG, "name too long")                                                                \
  XX(ENETDOWN, "network is down")                                                                  \
  XX(ENETUNREACH, "network is unreachable")                                                        \
  XX(ENFILE, "file table overflow")                                                                \
  XX(ENOBUFS, "no buffer space available")                                                         \
  XX(ENODEV, "no such device")                                                                     \
  XX(ENOENT, "no such file or directory")                                                          \
  XX(ENOMEM, "not enough memory")                                                                  \
  XX(ENOPROTOOPT, "protocol not available")                                                        \
  XX(ENOSPC, "no space left on device")                                                            \
  XX(ENOSYS, "function not implemented")                                                           \
  XX(ENOTCONN, "socket is not connected")                                                          \
  XX(ENOTDIR, "not a directory")                                                                   \
  XX(ENOTSOCK, "socket operation on non-socket")                                                   \
  XX(ENOTSUP, "operation not supported on socket")                                                 \
  XX(ENXIO, "no such device or address")                                                           \
  XX(EOVERFLOW, "value too large for defined data type")                                           \
  XX(EPERM, "operation not permitted")                                                             \
  XX(EPIPE, "broken pipe")                                                                         \
  XX(EPROTO, "protocol error")                                                                     \
  XX(EPROTONOSUPPORT, "protocol not supported")                                                    \
  XX(EPROTOTYPE, "protocol wrong type for socket")                                                 \
  XX(ERANGE, "result too large")                                                                   \
  XX(EROFS, "read-only file system")                                                               \
  XX(ETIMEDOUT, "connection timed out")                                                            \
  XX(EXDEV, "cross-device link not permitted")                                                     \
  DGRAM_ERRNO_MAP_LINUX(XX)

/* The library's own: constant, value, name, text. Names are Node's where Node has one. */
#define DGRAM_OWN_ERROR_MAP(XX)                                                                    \
  XX(DGRAM_EBADTYPE, -5001, "ERR_SOCKET_BAD_TYPE",                                                 \
     "Bad socket type specified. Valid types are: udp4, udp6")                                     \
  XX(DGRAM_EALREADYBOUND, -5002, "ERR_SOCKET_ALREADY_BOUND", "Socket is already bound")            \
  XX(DGRAM_ENOTRUNNING, -5003, "ERR_SOCKET_DGRAM_NOT_RUNNING", "Not running")                      \
  XX(DGRAM_EBADPORT, -5004, "ERR_SOCKET_BAD_PORT", "Port should be >= 0 and < 65536")              \
  XX(DGRAM_EISCONNECTED, -5005, "ERR_SOCKET_DGRAM_IS_CONNECTED", "Already connected")              \
  XX(DGRAM_ENOTCONNECTED, -5006, "ERR_SOCKET_DGRAM_NOT_CONNECTED", "Not connected")                \
  XX(DGRAM_EARGTYPE, -5007, "ERR_INVALID_ARG_TYPE", "A pointer that is needed is NULL")            \
  XX(DGRAM_EMISSINGARGS, -5008, "ERR_MISSING_ARGS", "The multicast address must be specified")     \
  XX(DGRAM_EFDTYPE, -5009, "ERR_INVALID_FD_TYPE",                                                  \
     "The descriptor is not a datagram socket of this family")                                     \
  XX(DGRAM_EQUEUEFULL, -5010, "ERR_SOCKET_QUEUE_FULL", "The send queue is full")                   \
  XX(DGRAM_EWRONGTHREAD, -5011, "ERR_STACK_WRONG_THREAD",                                          \
     "The default stack belongs to another thread")                                                \
  XX(DGRAM_ERUNNING, -5012, "ERR_STACK_RUNNING", "The stack's loop is running already")            \
  XX(DGRAM_EBADBUFFERSIZE, -5013, "ERR_SOCKET_BAD_BUFFER_SIZE",                                    \
     "Buffer size must be a positive integer")                                                     \
  XX(DGRAM_EIPBLOCKED, -5014, "ERR_IP_BLOCKED", "The address is blocked by a block list")

/* The resolver's: getaddrinfo(3). ENOTFOUND stands for EAI_NONAME and EAI_NODATA, as in Node. */
#define DGRAM_RESOLVER_ERROR_MAP(XX)                                                               \
  XX(DGRAM_ENOTFOUND, -3008, "ENOTFOUND", "name not found")                                        \
  XX(DGRAM_EAI_AGAIN, -3001, "EAI_AGAIN", "temporary failure in name resolution")                  \
  XX(DGRAM_EAI_FAIL, -3004, "EAI_FAIL", "permanent failure in name resolution")                    \
  XX(DGRAM_EAI_FAMILY, -3005, "EAI_FAMILY", "the resolver does not support the address family")    \
  XX(DGRAM_EAI_MEMORY, -3006, "EAI_MEMORY", "the resolver is out of memory")                       \
  XX(DGRAM_EAI_OTHER, -3012, "EAI_OTHER", "the resolver failed in another way")

/* Codes: DGRAM_EADDRINUSE is -EADDRINUSE and so on; the own ones begin at -5001, the resolver's at
 * -3001. */
enum dgram_error_code {
#define DGRAM__ERRNO(name, text) DGRAM_##name = -(name),
#define DGRAM__ERROR(constant, value, name, text) constant = (value),
  DGRAM_ERRNO_MAP(DGRAM__ERRNO) DGRAM_OWN_ERROR_MAP(DGRAM__ERROR)
      DGRAM_RESOLVER_ERROR_MAP(DGRAM__ERROR) DGRAM_OK = 0
#undef DGRAM__ERRNO
#undef DGRAM__ERROR
};

/* The name of a code as Node writes it: "EADDRINUSE", "ERR_SOCKET_ALREADY_BOUND", "ENOTFOUND"; "OK"
 * for 0 and for counts, "UNKNOWN" for a code without a name. Never NULL; a constant. */
DGRAM_EXTERN const char *dgram_error_name(int code);

/* A short English text for a code; "success" for 0 and for counts, "unknown error" for a code
 * without one. Never NULL; a constant. */
DGRAM_EXTERN const char *dgram_error_text(int code);

/* ---- addresses ---- */

/* A socket: what createSocket returns. Opaque. */
typedef struct dgram_socket dgram_socket;

/* A network stack that sockets live on. Opaque. */
typedef struct dgram_stack dgram_stack;

/* Addresses that a program wants nothing to do with: Node's net.BlockList. Opaque. */
typedef struct dgram_block_list dgram_block_list;

/* Families of addresses. One of DGRAM_UNIX holds nothing else: a unix socket's address is a path, which
 * stands in dgram_recv_info and dgram_send_info. */
enum dgram_family { DGRAM_UNIX = 1, DGRAM_IPV4 = 4, DGRAM_IPV6 = 6 };

/* Types of sockets: Node's 'udp4' and 'udp6'; DGRAM_UNIX: a unix datagram socket, on the linux stack. What is said of ports, hosts and IP does not
 * hold for it; what does, stands at DGRAM_SEND_PATH. */
enum dgram_type { DGRAM_UDP4 = 4, DGRAM_UDP6 = 6 };

/* Room for the text of a path or an abstract name, its end included: 107 bytes, and two that mark a
 * file whose name begins with "@". */
enum { DGRAM_PATH_TEXT = 112 };

/* An address, a value of 24 bytes. Zeroed it is no address. Frozen. */
typedef struct dgram_address {
  uint8_t family;    /* DGRAM_IPV4 or DGRAM_IPV6 */
  uint8_t reserved;  /* 0 */
  uint16_t port;     /* in the host's byte order */
  uint32_t scope_id; /* IPv6: index of the interface that a link-local address belongs to, else 0 */
  uint8_t bytes[16]; /* in network order; IPv4 has the first four, the rest is 0 */
} dgram_address;

/* Room for the text of any address, its scope and the NUL included. */
#define DGRAM_ADDRESS_TEXT 64

/* Reads an IPv4 or IPv6 literal. Never asks a resolver.
 *
 * text     borrows; "192.0.2.1" (four decimal numbers, RFC 6943 3.1.1's strict form),
 *          "2001:db8::1", "::ffff:192.0.2.1", "fe80::1%3". A scope that is the name of an interface
 *          needs a system to look it up: dgram_resolve and every call that takes an address as text
 *          know it, this one answers DGRAM_EINVAL.
 * port     goes into the result, 0 to 65535.
 * Errors   DGRAM_EINVAL: no literal. DGRAM_EBADPORT.
 * Source   RFC 4291 2.2, RFC 4007 11. */
DGRAM_EXTERN int dgram_address_parse(const char *text, int port, dgram_address *ret_address);

/* Writes an address without its port: "192.0.2.1", "fe80::1%3". IPv6 as RFC 5952 writes it.
 *
 * text     size bytes, of which DGRAM_ADDRESS_TEXT always suffice.
 * Returns  the length of the text without the NUL.
 * Errors   DGRAM_ENOSPC: does not fit. DGRAM_EAFNOSUPPORT: no IPv4 or IPv6 address. */
DGRAM_EXTERN int dgram_address_format(const dgram_address *address, char *text, size_t size);

/* Whether two addresses are the same: family, port, scope and bytes. */
DGRAM_EXTERN bool dgram_address_equal(const dgram_address *a, const dgram_address *b);

/* ---- datagrams ---- */

/* What came with a datagram, for sockets that asked: the option recv_info, dgram_set_recv_info.
 * Owned by the stack, valid as long as its message; the library fills it. A field has a meaning only
 * where its bit stands in `present`: of what was asked for, what the system told. On Linux a
 * datagram that lay in the buffer already when its interface was asked for lacks that, and has for
 * its time that of its reading.
 *
 * The address is where the datagram was sent to: one of the host's, a group, or a broadcast. On a
 * udp6 socket that of an IPv4 peer's is ::ffff:a.b.c.d, as the peer is. */
enum dgram_recv_info_bits {
  DGRAM_RECV_LOCAL_ADDRESS = 1 << 0,
  DGRAM_RECV_INTERFACE = 1 << 1,
  DGRAM_RECV_HOP_LIMIT = 1 << 2,
  DGRAM_RECV_TOS = 1 << 3,
  DGRAM_RECV_TIME = 1 << 4,
  DGRAM_RECV_TRUNCATED = 1 << 5,
  DGRAM_RECV_PATH = 1 << 6 /* of unix sockets, which always have this and TRUNCATED */
};

typedef struct dgram_recv_info {
  uint32_t present;            /* bits of enum dgram_recv_info_bits */
  uint32_t interface_index;    /* the interface that it came in by */
  dgram_address local_address; /* the address that it was sent to; its port is the socket's */
  uint64_t time_ns;  /* when the kernel got it, ns since 1970; of a simulation: dgram_now */
  uint8_t hop_limit; /* TTL or hop limit on arrival */
  uint8_t tos;       /* TOS or traffic class: DSCP in the upper six bits, ECN below */
  bool truncated;    /* the datagram was longer than the memory to receive into */
  const char *path;  /* where to answer the sender; "": nowhere */
} dgram_recv_info;

/* What a datagram shall be sent with, for this one only. A field counts only where its bit stands in
 * `set`; zeroed it asks for nothing. What a stack cannot do (the uv stack: all of it) is refused by
 * the call with DGRAM_ENOTSUP. Neighbours in a list with the same info cost no more than without.
 *
 * The source address is one of the host's, of the socket's family, and for an IPv4 peer of a udp6
 * socket ::ffff:a.b.c.d; of all zeros it is the system's choice. Whoever answers what came to a host
 * with several addresses sets it to dgram_recv_info's local address, unless that is a group or a
 * broadcast. With a link-local one the interface is that of its scope, unless given. Interface 0 is
 * the system's choice.
 *
 * Errors  at once: DGRAM_EINVAL: a source address of another family. Later: DGRAM_ENETUNREACH (IPv4)
 *         or DGRAM_EINVAL (IPv6): it is none of the host's; DGRAM_EINVAL: only one of source and
 *         destination is ::ffff:a.b.c.d; DGRAM_ENODEV: no such interface.
 * Source  ip(7), ipv6(7): IP_PKTINFO, IP_TOS, IPV6_PKTINFO, IPV6_TCLASS in a control message; RFC
 *         3542 6. */
enum dgram_send_info_bits {
  DGRAM_SEND_SOURCE_ADDRESS = 1 << 0,
  DGRAM_SEND_INTERFACE = 1 << 1,
  DGRAM_SEND_TOS = 1 << 2,
  DGRAM_SEND_PATH = 1 << 3
};

/* Unix datagram sockets, type DGRAM_UNIX: between programs of one host, in order, and nothing is lost
 * on the way.
 *
 * A path names a file, which the bind makes and the close removes, unless another one has its name by
 * then; or, where it begins with "@", an abstract name, without a file. "./@x" is a file. At most 107
 * bytes, behind an "@" too: else DGRAM_ENAMETOOLONG. A relative path leads where it does at the time of
 * the call, and of the close. It is written where others have an address, port 0:
 *
 *   bind     NULL or "", and what binds implicitly: an abstract name that the system chooses.
 *            DGRAM_EADDRINUSE: there is a file of that name, a socket's or not, or somebody has the
 *            name. Other errors are bind(2)'s. No binder is asked.
 *   send     dgram_send and dgram_send_gather: the path. In a list: `to.family` is DGRAM_UNIX and
 *            info->path the path. At most 65,527 bytes. Errors, later: DGRAM_ENOENT, DGRAM_ECONNREFUSED
 *            (a file that nobody listens at any more), DGRAM_EACCES, and others of unix(7).
 *   connect  the path. DGRAM_EPERM, from sends: the peer is itself connected to somebody else.
 *            DGRAM_ECONNREFUSED: it is gone, and from then on DGRAM_ENOTCONN until the socket is
 *            disconnected and connected anew. What a socket has not read is lost when it turns away
 *            from its peer; a peer that was connected to it is told by an `error`, DGRAM_ECONNRESET.
 *            dgram_disconnect answers DGRAM_EAGAIN while datagrams to the peer wait.
 *   receive  each message has info, with DGRAM_RECV_PATH: "" where the sender is not bound, or to a
 *            name that cannot be written as above (with a 0 in its midst, say). Descriptors that are sent along are closed.
 *
 * A receiver that is full makes the sender wait: no datagram is lost, and those behind it wait too,
 * whoever they are for. dgram_local_address and dgram_remote_address tell the family alone. What is
 * IP's (TTL, TOS, groups, ICMP, block lists, reuse_addr and the like) is DGRAM_ENOTSUP, as is the type
 * on other stacks than linux.
 *
 * Source  unix(7). Not in Node. */

typedef struct dgram_send_info {
  uint32_t set;                 /* bits of enum dgram_send_info_bits */
  uint32_t interface_index;     /* leave by this interface */
  dgram_address source_address; /* leave from this address; its port is ignored */
  uint8_t tos;                  /* TOS or traffic class */
  const char *path;             /* of a unix socket: where to; lives as long as the info */
} dgram_send_info;

/* A datagram that arrived: a view. Frozen.
 * A zero-length datagram has length 0 and is a message like any other. */
typedef struct dgram_message {
  const void *bytes;           /* never NULL; the stack's, valid during the callback */
  size_t length;               /* bytes */
  dgram_address from;          /* the sender */
  const dgram_recv_info *info; /* NULL, unless asked for or the datagram was truncated */
} dgram_message;

/* A piece of memory to send from. */
typedef struct dgram_buffer {
  const void *bytes; /* may be NULL where length is 0 */
  size_t length;
} dgram_buffer;

/* Pieces that one datagram of a list may have. dgram_send_gather takes any number. */
#define DGRAM_PARTS_MAX 16

/* A datagram to send, for the calls that take a list. Frozen. Complete when zeroed but for `to`. */
typedef struct dgram_datagram {
  const void *bytes;           /* the payload; with `parts`, an array of so many dgram_buffer */
  size_t length;               /* bytes of payload, the sum of the parts' */
  dgram_address to;            /* where to, its port 1 to 65535; connected: zeroed */
  const dgram_send_info *info; /* NULL: as the socket is set */
  uint32_t parts;              /* 0: `bytes` is the payload; else up to DGRAM_PARTS_MAX pieces */
  int32_t result;              /* out: bytes sent, or a code */
} dgram_datagram;

/* An error, as `error` listeners see it. Valid during the callback. */
typedef struct dgram_error {
  int code;            /* negative, from the tables above */
  const char *syscall; /* "bind", "send", "recvmsg", "getaddrinfo", ...; never NULL */
  const char *address; /* the name in question as the caller wrote it, or the address, or NULL */
  int port;            /* its port, or 0 */
} dgram_error;

/* What ICMP has answered to a datagram of the socket: dgram_set_icmp_errors. Valid during the
 * callback; grows at the end. */
typedef struct dgram_icmp {
  int code;               /* what it means, as an error: DGRAM_ECONNREFUSED, DGRAM_EMSGSIZE, ... */
  dgram_address to;       /* where the datagram was to go */
  dgram_address offender; /* who answered; family 0: unknown */
  uint8_t type;           /* ICMP's of RFC 792, or where `to` is IPv6 and not mapped RFC 4443's */
  uint8_t icmp_code;      /* likewise */
  uint32_t mtu;           /* with DGRAM_EMSGSIZE: bytes of a packet that the way takes; else 0 */
} dgram_icmp;

/* Copies a message, its bytes and its info, so that it outlives the callback.
 *
 * message      borrows.
 * ret_message  returns new: pass it to dgram_message_free, from the same thread, before the memory
 *              of the stack's allocator goes. It may outlive the socket and the stack. */
DGRAM_EXTERN int dgram_message_keep(dgram_socket *socket, const dgram_message *message,
                                    dgram_message **ret_message);

/* Releases a message that dgram_message_keep returned. NULL is allowed. */
DGRAM_EXTERN void dgram_message_free(dgram_message *message);

/* ---- callbacks ---- */

/* A datagram arrived. (the seed, event 'message') */
typedef void (*dgram_message_cb)(dgram_socket *socket, const dgram_message *message, void *data);

/* Datagrams arrived: all that one system call brought, at least one. (Those that a pause has held
 * back before `batch` heard them come one by one.) */
typedef void (*dgram_batch_cb)(dgram_socket *socket, const dgram_message *messages, size_t count,
                               void *data);

/* The socket is bound and listens. (the seed, event 'listening') */
typedef void (*dgram_listening_cb)(dgram_socket *socket, void *data);

/* The socket is closed. The last event; the pointer is dead when the last close callback returns.
 * (the seed, event 'close') */
typedef void (*dgram_close_cb)(dgram_socket *socket, void *data);

/* Something failed that no callback of a call has taken. The socket lives on. (the seed, event
 * 'error') */
typedef void (*dgram_error_cb)(dgram_socket *socket, const dgram_error *error, void *data);

/* ICMP has answered something that the socket sent, perhaps long ago. The socket lives on. */
typedef void (*dgram_icmp_cb)(dgram_socket *socket, const dgram_icmp *icmp, void *data);

/* After a send failed with DGRAM_EQUEUEFULL the queue is down to half. */
typedef void (*dgram_drain_cb)(dgram_socket *socket, void *data);

/* A bind has ended: status is 0 or a code. */
typedef void (*dgram_bind_cb)(dgram_socket *socket, int status, void *data);

/* The socket is connected, and hears its peer only. (Node, event 'connect') */
typedef void (*dgram_connected_cb)(dgram_socket *socket, void *data);

/* A dgram_connect has ended: status is 0 or a code. */
typedef void (*dgram_connect_cb)(dgram_socket *socket, int status, void *data);

/* A send has ended: status is the number of bytes sent, or a code. */
typedef void (*dgram_send_cb)(dgram_socket *socket, int status, void *data);

/* All datagrams of a dgram_send_many have ended: each result stands in list[i].result. */
typedef void (*dgram_send_many_cb)(dgram_socket *socket, dgram_datagram *list, size_t count,
                                   void *data);

/* A name is resolved: status is the number of addresses, or a code and addresses is NULL. Valid
 * during the callback. */
typedef void (*dgram_resolve_cb)(dgram_stack *stack, int status, const dgram_address *addresses,
                                 void *data);

/* ---- names looked up by the program ---- */

/* What a socket with a lookup function of its own asks for. */
typedef struct dgram_lookup_request {
  uint64_t id;      /* for dgram_lookup_answer */
  const char *name; /* as it was given to the socket; never a literal */
  int family;       /* DGRAM_IPV4 or DGRAM_IPV6: the socket's, and what the answer must have */
} dgram_lookup_request;

/* Looks up a name in place of the stack's resolver; of dgram_socket_options. Called from the loop,
 * once for all that waits for one name.
 *
 * request  borrows, the name too.
 * Returns  0: the answer comes by dgram_lookup_answer, in this call or later.
 *          1: the stack's resolver shall look it up.
 *          A code: what waits fails with it, as a failure of "getaddrinfo". */
typedef int (*dgram_lookup_cb)(dgram_socket *socket, const dgram_lookup_request *request,
                               void *data);

/* Answers a request.
 *
 * stack      the socket's; NULL: the default stack.
 * status     the number of addresses, or a negative code that what waits fails with.
 * addresses  borrows; the first of the request's family counts, with its scope; ports are ignored.
 *            Where there is none, what waits fails with DGRAM_ENOTFOUND.
 * Errors     DGRAM_ENOENT: nobody waits: answered, or its socket is closed, or its sends were
 *            cancelled. */
DGRAM_EXTERN int dgram_lookup_answer(dgram_stack *stack, uint64_t id, int status,
                                     const dgram_address *addresses);

/* ---- creating a socket ---- */

/* Options of dgram_create_socket. Complete when zeroed but for `type`; grows at the end. */
typedef struct dgram_socket_options {
  int type;                    /* DGRAM_UDP4, DGRAM_UDP6 or DGRAM_UNIX */
  bool reuse_addr;             /* bind where another socket with reuse_addr is bound too */
  dgram_message_cb on_message; /* the first listener of `message`, or NULL */
  void *data;                  /* for on_message */
  int linger_ms;               /* how long close waits for sends; 0: 5000, negative: not at all */
  size_t max_queued_datagrams; /* the send queue's limit; 0: 262,144, SIZE_MAX: none */
  size_t max_queued_bytes;     /* the same in bytes of payload; 0: 64 MiB, SIZE_MAX: none */
  bool icmp_errors;            /* dgram_set_icmp_errors from the bind on, before anything is sent */
  int recv_buffer_size;        /* dgram_set_recv_buffer_size from the bind on; 0: the system's */
  int send_buffer_size;        /* the same of dgram_set_send_buffer_size */
  uint32_t recv_info;          /* as dgram_set_recv_info, from the bind on: no datagram lacks it */
  dgram_block_list *receive_block_list; /* drops what comes from these */
  dgram_block_list *send_block_list;    /* neither sends nor connects to these */
  bool reuse_port;                      /* share the port's datagrams with other sockets */
  bool ipv6_only;                       /* udp6: leave IPv4 to others, neither hear nor send it */
  dgram_lookup_cb lookup; /* looks up the names given to this socket; NULL: the stack does */
  void *lookup_data;      /* for lookup */
  uint32_t disable;       /* DGRAM_DISABLE_MMSG, _GSO, _GRO: not on this socket */
} dgram_socket_options;

/* Creates a socket. It has no descriptor and no port until it is bound: by dgram_bind, or by its
 * first send or membership, which bind it to any port on all interfaces.
 *
 * stack       where the socket shall live; NULL: the default stack, which is made when it is first
 *             needed, on libuv's default loop, and belongs to that thread until dgram_run(NULL)
 *             ends.
 * options     borrows. The seed's createSocket(type[, callback]) is options.type and
 *             options.on_message alone, its createSocket(options[, callback]) all of them.
 *             With reuse_addr both sockets must have it, the kernel's rule.
 *             With reuse_port, too, all must have it, and belong to one user; then each datagram
 *             goes to one of them, by a hash of where it is from and to, so that one sender's keep
 *             to one socket while nobody comes or goes. Linux and the simulation can; elsewhere
 *             some systems, and where one would not balance a bind answers DGRAM_ENOTSUP. A port
 *             that the system chooses is nobody else's, and may be shared from then on. Such a
 *             bind is exclusive: no binder is asked.
 *             Sizes of buffers are set by the bind, before the first datagram can come, on a
 *             descriptor that is adopted too; where the system refuses one the bind fails.
 * ret_socket  returns new: dgram_close or dgram_abort releases it, after its `close`.
 * Errors      DGRAM_EBADTYPE: type is neither (or options is NULL). DGRAM_EBADBUFFERSIZE: one is
 *             negative. DGRAM_EINVAL: ipv6_only on a udp4 socket, another bit in disable, or an
 *             option that this version does not know. DGRAM_ENOTSUP: icmp_errors, or a kind of recv_info, on a stack that
 *             cannot.
 * Source      the seed, createSocket; Node, dgram.createSocket; socket(7), ipv6(7). */
#define dgram_create_socket(stack, options, ret_socket)                                            \
  dgram_create_socket_sized((stack), (options), sizeof(dgram_socket_options), (ret_socket))

/* The function under the macro, for other languages: size is sizeof(dgram_socket_options) as the
 * caller was compiled. */
DGRAM_EXTERN int dgram_create_socket_sized(dgram_stack *stack, const dgram_socket_options *options,
                                           size_t size, dgram_socket **ret_socket);

/* The type that the socket was created with: DGRAM_UDP4, DGRAM_UDP6 or DGRAM_UNIX; a code where it is closing.
 * Source: Node, socket.type. */
DGRAM_EXTERN int dgram_socket_type(const dgram_socket *socket);

/* The stack that the socket lives on: for timers and names inside a callback. NULL for NULL. */
DGRAM_EXTERN dgram_stack *dgram_socket_stack(const dgram_socket *socket);

/* ---- binding ---- */

/* Options of dgram_bind. Complete when zeroed; grows at the end. */
typedef struct dgram_bind_options {
  int port;            /* 0: any port */
  const char *address; /* an address or the name of a host; NULL or "": all interfaces */
  bool exclusive;      /* do not share with other workers; handed to the binder */
  int fd;              /* above 0: adopt this bound descriptor, port and address are ignored */
  const char *device;  /* hear and send by this interface alone; NULL or "": by any */
} dgram_bind_options;

/* Binds, and starts to receive. Always ends later, from the loop: then `listening` is emitted and
 * the callback called with 0; or the callback is called with a code, then `error` is emitted, and
 * the socket is unbound again and may be bound anew. A bound socket keeps dgram_run running.
 *
 * options  borrows; NULL: any port, all interfaces ("0.0.0.0" or "::", on a udp6 socket IPv4 peers
 *          too, as ::ffff:a.b.c.d). options.fd: takes the descriptor if the call returns 0, else it
 *          stays the caller's. It becomes non-blocking, forgets UDP_SEGMENT (on the uv stack UDP_GRO
 *          too), and is closed with the socket. Where it is connected so is the socket, from the
 *          call on, without a `connect`.
 *          options.device: borrows; the name of an interface: SO_BINDTODEVICE. What comes in by
 *          another is not heard (what this host sends to itself comes in by the interface that has
 *          the address), what is sent leaves by it (on Linux needs IPv6 a route there, IPv4 does
 *          not), and several sockets may have one port, each on an interface of its own. A binder is
 *          not asked.
 * cb       once, or NULL. Closing first cancels it with DGRAM_ECANCELED; where sends wait for the
 *          bind it may still fail, with its own code.
 * Errors   at once: DGRAM_EALREADYBOUND: bound, or a bind is under way. DGRAM_EBADPORT: not in 0 to
 *          65535. DGRAM_EINVAL: a literal of the other family, a text with a colon that is no
 *          literal, or an option that this version does not know. DGRAM_ENAMETOOLONG: a name over
 *          253 bytes. DGRAM_ENODEV: no interface has the name that a literal has as its scope.
 *          DGRAM_EFDTYPE: fd is no datagram socket of this family; DGRAM_EBADF: fd is not open, or
 *          negative; DGRAM_ENOTSUP: this stack has no descriptors. DGRAM_EINVAL: a device with fd;
 *          DGRAM_ENODEV: its name is longer than an interface's.
 *          Later: DGRAM_EADDRINUSE, DGRAM_EADDRNOTAVAIL, DGRAM_EACCES (a privileged port),
 *          DGRAM_EMFILE and others of socket(2) and bind(2); DGRAM_ENOTFOUND and others of the
 *          resolver. For the device DGRAM_ENODEV: there is none of that name, DGRAM_EPERM (Linux
 *          before 5.7, without CAP_NET_RAW), DGRAM_ENOTSUP: this system cannot.
 * Source   the seed, socket.bind; for the device socket(7). */
#define dgram_bind(socket, options, cb, data)                                                      \
  dgram_bind_sized((socket), (options), sizeof(dgram_bind_options), (cb), (data))

/* The function under the macro, for other languages. */
DGRAM_EXTERN int dgram_bind_sized(dgram_socket *socket, const dgram_bind_options *options,
                                  size_t size, dgram_bind_cb cb, void *data);

/* dgram_bind inside the call, as bind(2) does it: when it returns 0 the socket is bound, its address
 * is known and its options can be set. `listening` follows from the loop, and messages after it. A
 * failure is the call's, and no `error`. It never asks a binder.
 *
 * options  as dgram_bind's, but no name: that would have to wait for a resolver.
 * Errors   dgram_bind's, all at once; DGRAM_EINVAL: a name.
 * Source   Node, socket.bindSync. */
#define dgram_bind_sync(socket, options)                                                           \
  dgram_bind_sync_sized((socket), (options), sizeof(dgram_bind_options))

/* The function under the macro, for other languages. */
DGRAM_EXTERN int dgram_bind_sync_sized(dgram_socket *socket, const dgram_bind_options *options,
                                       size_t size);

/* The address that the socket is bound to. While it is connected the system may tell the one that
 * it sends to its peer from.
 * Errors  DGRAM_EBADF: not bound (yet).
 * Source  the seed, socket.address; getsockname(2). */
DGRAM_EXTERN int dgram_local_address(const dgram_socket *socket, dgram_address *ret_address);

/* The path that a unix socket is bound to, into size bytes (DGRAM_PATH_TEXT is enough): the length of
 * the text, or a code. "" for a name that cannot be written so.
 * Errors  DGRAM_EBADF: not bound (yet). DGRAM_ENOTSUP: not a unix socket. DGRAM_ENOSPC.
 * Source  getsockname(2). */
DGRAM_EXTERN int dgram_local_path(const dgram_socket *socket, char *text, size_t size);

/* A duplicate of the socket's descriptor, for somebody else who shall have the port too: a process
 * that takes over, a child, a system call that this library does not make. Both read from one buffer,
 * so each datagram comes to one of them. From the call on the kernel hands over datagrams one by one
 * (GRO is off), since the other may not know how to part them; what it has joined already stays so.
 *
 * ret_fd   returns new: close(2) it. It has close-on-exec, and is non-blocking as the socket is.
 * Errors   DGRAM_EBADF: not bound, or a bind is under way. DGRAM_ENOTSUP: this stack has no
 *          descriptors. DGRAM_EMFILE.
 * Source   fcntl(2), F_DUPFD_CLOEXEC. */
DGRAM_EXTERN int dgram_duplicate_descriptor(dgram_socket *socket, int *ret_fd);

/* Stops receiving: from the return on no message comes. What arrives waits in the kernel's buffer;
 * what was read already waits in the library. Sending goes on, and the port stays bound. Legal in
 * any state before close; a socket paused before it is bound starts paused. Twice is once. */
DGRAM_EXTERN int dgram_pause(dgram_socket *socket);

/* Receives again after dgram_pause, first what waited in the library. Without a pause: nothing. A
 * socket that could not begin to receive, or whose descriptor somebody else has shut down (syscall
 * "shutdown", DGRAM_ENOTCONN), which an `error` has told, counts as paused.
 * Errors  those of starting to receive, where the system fails that. */
DGRAM_EXTERN int dgram_resume(dgram_socket *socket);

/* ---- connecting ---- */

/* Connects: from then on the socket has a peer. It sends there and nowhere else, hears nobody else,
 * and is told what ICMP answers: an `error` with the syscall "recvmsg", mostly DGRAM_ECONNREFUSED
 * (nobody has the port), after which the socket goes on as before; or an `icmp` instead, where it
 * asked for that. Connecting sends no packet.
 *
 * Ends later, from the loop, after the bind where one is under way: then `connect` is emitted and the
 * callback called with 0; or the callback is called with a code, or without one `error` is emitted
 * (syscall "connect", "getaddrinfo", or what failed in the bind), and the socket may be connected
 * anew. An unbound socket is bound first, inside the call, to any port on all interfaces. What was
 * accepted for sending before it is connected leaves before, or still goes where it was sent to; the
 * uv stack fails that with DGRAM_EISCONN where it has to wait for a lookup meanwhile.
 *
 * port     of the peer, 1 to 65535.
 * address  borrows. A literal, or a name that is looked up off the loop (the first address of the
 *          socket's family counts); NULL or "": 127.0.0.1 or ::1. A udp6 socket connects to IPv4 by
 *          ::ffff:a.b.c.d.
 * cb       once, or NULL. Closing first cancels it with DGRAM_ECANCELED.
 * Errors   at once: DGRAM_EBADPORT. DGRAM_EISCONNECTED: connected, or a connect is under way.
 *          DGRAM_EINVAL: a literal of the other family, a text with a colon that is no literal.
 *          DGRAM_ENAMETOOLONG, DGRAM_ENODEV as dgram_send's; what binding answers.
 *          Later: DGRAM_ENETUNREACH, DGRAM_EACCES (a broadcast address) and others of connect(2);
 *          DGRAM_ENOTFOUND and others of the resolver.
 * Notes    Datagrams of others that have come before still wait to be heard. Of ICMP errors that
 *          come together the system keeps one, and Linux forgets one that comes between two of many
 *          datagrams that leave at once: who must know each asks for `icmp`.
 * Source   Node, socket.connect; connect(2), udp(7). */
DGRAM_EXTERN int dgram_connect(dgram_socket *socket, int port, const char *address,
                               dgram_connect_cb cb, void *data);

/* dgram_connect inside the call. `connect` follows from the loop, unless the socket is disconnected
 * before. A failure is the call's, and no `error`.
 *
 * address  as dgram_connect's, but no name.
 * Errors   dgram_connect's, all at once; DGRAM_EINVAL: a name. DGRAM_EALREADYBOUND: a bind is under
 *          way. DGRAM_EAGAIN: on the uv stack, where a datagram for a former peer still waits.
 * Source   Node, socket.connectSync. */
DGRAM_EXTERN int dgram_connect_sync(dgram_socket *socket, int port, const char *address);

/* Ends the connection, inside the call: the socket hears everybody again, sends need an address, and
 * it may be connected anew. What was accepted for the peer still goes there. The port stays.
 *
 * Errors   DGRAM_ENOTCONNECTED: not connected (yet). DGRAM_EADDRINUSE: on Linux, where the kernel
 *          had chosen the port: disconnecting gives it up, and in that moment somebody else took it.
 *          The socket is disconnected all the same, and has another port. Others of connect(2).
 * Source   Node, socket.disconnect; connect(2) with AF_UNSPEC. */
DGRAM_EXTERN int dgram_disconnect(dgram_socket *socket);

/* The address of the peer, as the system has it.
 * Errors  DGRAM_ENOTCONNECTED: not connected (yet).
 * Source  Node, socket.remoteAddress; getpeername(2). */
DGRAM_EXTERN int dgram_remote_address(const dgram_socket *socket, dgram_address *ret_address);

/* The path of a unix socket's peer, as dgram_local_path.
 * Errors  DGRAM_ENOTCONNECTED: not connected (yet). DGRAM_ENOTSUP, DGRAM_ENOSPC as there. */
DGRAM_EXTERN int dgram_remote_path(const dgram_socket *socket, char *text, size_t size);

/* ---- sending ---- */

/* Queues a datagram. The queue leaves when it holds a batch, right after the socket's own batch of
 * message callbacks, and before the loop sleeps; so nothing waits for more to come. An unbound
 * socket is bound first, inside the call, to any port on all interfaces, exclusively.
 *
 * bytes    with cb: keeps until completion; without: borrows, and copies. NULL where length is 0,
 *          which sends an empty datagram.
 * length   up to 65,507 bytes on IPv4, 65,527 on IPv6.
 * port     1 to 65535; of a connected socket 0.
 * address  borrows. A literal, or a name that is looked up off the loop each time (the first
 *          address of the socket's family counts); NULL or "": 127.0.0.1 or ::1. Of a connected
 *          socket NULL or "": to its peer.
 * cb       once, or NULL: then a failure is emitted as `error`, but for dgram_abort's.
 * Errors   at once: DGRAM_EBADPORT, DGRAM_EISCONNECTED: the socket is connected, and there is a port
 *          or an address, DGRAM_EINVAL: a literal of the other family, or a text with a
 *          colon that is no literal, DGRAM_EMSGSIZE: too long, DGRAM_ENAMETOOLONG: a name over 253
 *          bytes, DGRAM_ENODEV: no interface has the name that a literal has as its scope (of a
 *          number the system says so later), DGRAM_EQUEUEFULL, and what binding answers.
 *          Later, by cb or `error`: what sendmsg(2) and the resolver answer; DGRAM_ECANCELED: the
 *          linger ended, or by cb only: dgram_abort was called; the code of the bind that it waited
 *          for, whose `error` has the syscall "bind" or what else failed there.
 * Source   the seed, socket.send. */
DGRAM_EXTERN int dgram_send(dgram_socket *socket, const void *bytes, size_t length, int port,
                            const char *address, dgram_send_cb cb, void *data);

/* dgram_send to an address as a value: no text to parse, no name to look up. The hot path.
 *
 * to       borrows; its family the socket's, its port 1 to 65535; of a connected socket NULL.
 * Errors   as dgram_send's; DGRAM_EINVAL: another family; DGRAM_EARGTYPE: NULL, and not connected;
 *          DGRAM_EISCONNECTED: not NULL, and connected. */
DGRAM_EXTERN int dgram_send_to(dgram_socket *socket, const void *bytes, size_t length,
                               const dgram_address *to, dgram_send_cb cb, void *data);

/* dgram_send of a payload in several pieces, which go out as one datagram. No pieces: an empty one.
 *
 * parts    an array of count pieces: borrows the array; the pieces' bytes as dgram_send's.
 * Errors   as dgram_send's. */
DGRAM_EXTERN int dgram_send_gather(dgram_socket *socket, const dgram_buffer *parts, size_t count,
                                   int port, const char *address, dgram_send_cb cb, void *data);

/* Sends a list of datagrams, in its order; each may go to another address, on a connected socket
 * `to` is zeroed in each. All or nothing is accepted.
 *
 * list     with cb: keeps the list, its bytes, parts and infos until completion and writes each
 *          datagram's `result`; without: borrows, and copies what the kernel does not take at once.
 * count    0 is allowed, and completes.
 * cb       once for all, or NULL: then each failure is emitted as `error`, but for dgram_abort's.
 * Errors   at once, nothing is sent: those of dgram_send_to for the first datagram that has one;
 *          DGRAM_EINVAL: too many parts, or a length that is not their sum; DGRAM_EQUEUEFULL: the
 *          whole list does not fit; DGRAM_ENOTSUP: an info the stack cannot do. */
DGRAM_EXTERN int dgram_send_many(dgram_socket *socket, dgram_datagram *list, size_t count,
                                 dgram_send_many_cb cb, void *data);

/* Sends of a list what the kernel takes now: no queue, no callback, no `error`.
 *
 * list     borrows; writes `result` of each datagram that was dealt with: bytes, or the code that
 *          it failed with. Those of the others mean nothing.
 * Returns  how many, from the front, were dealt with. Less than count: the kernel takes no more now
 *          (or sends are queued, which go first); 0 is no error.
 * Errors   at once, nothing is sent: those of dgram_send_many but DGRAM_EQUEUEFULL; DGRAM_EINVAL: a
 *          count over 2,147,483,647; DGRAM_EAGAIN: a bind is under way. */
DGRAM_EXTERN int dgram_try_send_many(dgram_socket *socket, dgram_datagram *list, size_t count);

/* ---- closing ---- */

/* Closes: rule 6. Memberships end, the binding ends, `close` is emitted last.
 *
 * cb       added as the last listener of `close`, or NULL.
 * Errors   DGRAM_ENOTRUNNING: closed already.
 * Source   the seed, socket.close. */
DGRAM_EXTERN int dgram_close(dgram_socket *socket, dgram_close_cb cb, void *data);

/* Closes without a linger: what is pending is cancelled and calls back with DGRAM_ECANCELED (what
 * has no callback is told by no `error` either: it was given up by will), then `close` is emitted,
 * from the loop. The port is free when it returns. On a socket that lingers it cuts the linger
 * short.
 * Errors   DGRAM_ENOTRUNNING: closed already, with nothing left to cancel. */
DGRAM_EXTERN int dgram_abort(dgram_socket *socket);

/* Lets dgram_run end although the socket is bound. Returns the socket. Legal at any time, before
 * bind too; twice is once. Accepted sends keep the loop all the same. (the seed, socket.unref) */
DGRAM_EXTERN dgram_socket *dgram_unref(dgram_socket *socket);

/* Opposite of dgram_unref; the state a socket is created in. Returns the socket. (the seed,
 * socket.ref) */
DGRAM_EXTERN dgram_socket *dgram_ref(dgram_socket *socket);

/* ---- events ---- */

/* Each event has any number of listeners, called in the order they were added. A listener is a
 * callback and its data; the same pair may be added twice and then runs twice.
 *
 * dgram_on_...    adds a listener. One added during an emission runs from the next one on.
 * dgram_once_...  adds a listener that is removed before it runs.
 * dgram_off_...   removes the newest listener with that callback and data: rule 13. Works on a
 *                 closing socket too.
 * data            keeps it until the listener is removed or the socket is closed.
 * Returns         on, once: 0. off: 1 removed, 0 there was none.
 * Source          the seed, its four events; Node, its `connect`, EventEmitter. */
DGRAM_EXTERN int dgram_on_message(dgram_socket *socket, dgram_message_cb cb, void *data);
DGRAM_EXTERN int dgram_once_message(dgram_socket *socket, dgram_message_cb cb, void *data);
DGRAM_EXTERN int dgram_off_message(dgram_socket *socket, dgram_message_cb cb, void *data);

/* `batch`: for programs that would rather see an array. Emitted before the `message`s of the same
 * datagrams. */
DGRAM_EXTERN int dgram_on_batch(dgram_socket *socket, dgram_batch_cb cb, void *data);
DGRAM_EXTERN int dgram_once_batch(dgram_socket *socket, dgram_batch_cb cb, void *data);
DGRAM_EXTERN int dgram_off_batch(dgram_socket *socket, dgram_batch_cb cb, void *data);

/* `listening`: the socket is bound, explicitly or by a send or membership. */
DGRAM_EXTERN int dgram_on_listening(dgram_socket *socket, dgram_listening_cb cb, void *data);
DGRAM_EXTERN int dgram_once_listening(dgram_socket *socket, dgram_listening_cb cb, void *data);
DGRAM_EXTERN int dgram_off_listening(dgram_socket *socket, dgram_listening_cb cb, void *data);

/* `connect`: the socket is connected, by dgram_connect or dgram_connect_sync. */
DGRAM_EXTERN int dgram_on_connect(dgram_socket *socket, dgram_connected_cb cb, void *data);
DGRAM_EXTERN int dgram_once_connect(dgram_socket *socket, dgram_connected_cb cb, void *data);
DGRAM_EXTERN int dgram_off_connect(dgram_socket *socket, dgram_connected_cb cb, void *data);

/* `close`: the last event. */
DGRAM_EXTERN int dgram_on_close(dgram_socket *socket, dgram_close_cb cb, void *data);
DGRAM_EXTERN int dgram_once_close(dgram_socket *socket, dgram_close_cb cb, void *data);
DGRAM_EXTERN int dgram_off_close(dgram_socket *socket, dgram_close_cb cb, void *data);

/* `error`: without a listener it is counted and goes to the stack's last resort. */
DGRAM_EXTERN int dgram_on_error(dgram_socket *socket, dgram_error_cb cb, void *data);
DGRAM_EXTERN int dgram_once_error(dgram_socket *socket, dgram_error_cb cb, void *data);
DGRAM_EXTERN int dgram_off_error(dgram_socket *socket, dgram_error_cb cb, void *data);

/* `drain`: rule 9. */
DGRAM_EXTERN int dgram_on_drain(dgram_socket *socket, dgram_drain_cb cb, void *data);
DGRAM_EXTERN int dgram_once_drain(dgram_socket *socket, dgram_drain_cb cb, void *data);
DGRAM_EXTERN int dgram_off_drain(dgram_socket *socket, dgram_drain_cb cb, void *data);

/* `icmp`: for sockets that asked by dgram_set_icmp_errors. Without a listener it is counted. */
DGRAM_EXTERN int dgram_on_icmp(dgram_socket *socket, dgram_icmp_cb cb, void *data);
DGRAM_EXTERN int dgram_once_icmp(dgram_socket *socket, dgram_icmp_cb cb, void *data);
DGRAM_EXTERN int dgram_off_icmp(dgram_socket *socket, dgram_icmp_cb cb, void *data);

/* ---- options ---- */

/* The setters take effect at once, for datagrams that leave from then on.
 *
 * Errors  DGRAM_EBADF: not bound, or a bind is under way. Others of setsockopt(2). */

/* Allows (or not) sending to broadcast addresses: SO_BROADCAST. Off at first; such a send then
 * fails with DGRAM_EACCES. Source: the seed, socket.setBroadcast. */
DGRAM_EXTERN int dgram_set_broadcast(dgram_socket *socket, bool on);

/* Hops that a datagram may travel, 1 to 255: IP_TTL or IPV6_UNICAST_HOPS. At first the system's,
 * mostly 64. DGRAM_EINVAL: out of range. Source: the seed, socket.setTTL. */
DGRAM_EXTERN int dgram_set_ttl(dgram_socket *socket, int ttl);

/* The same for multicast, 0 (this host) to 255: IP_MULTICAST_TTL or IPV6_MULTICAST_HOPS. At first
 * 1. DGRAM_EINVAL: out of range. Source: the seed, socket.setMulticastTTL. */
DGRAM_EXTERN int dgram_set_multicast_ttl(dgram_socket *socket, int ttl);

/* Whether multicast sent by this host comes back to its own members: IP_MULTICAST_LOOP or
 * IPV6_MULTICAST_LOOP. On at first. Source: the seed, socket.setMulticastLoopback. */
DGRAM_EXTERN int dgram_set_multicast_loopback(dgram_socket *socket, bool on);

/* What the network may say by the two lower bits of the TOS: RFC 3168 5. */
enum dgram_ecn {
  DGRAM_ECN_NOT = 0,  /* the sender does not listen to it */
  DGRAM_ECN_ECT1 = 1, /* it does; RFC 9331 has a meaning of its own for it */
  DGRAM_ECN_ECT0 = 2, /* it does */
  DGRAM_ECN_CE = 3    /* a router on the way was congested */
};

/* The TOS of IPv4 and the traffic class of IPv6, 0 to 255: IP_TOS, IPV6_TCLASS; a udp6 socket sets
 * both, since what it sends to ::ffff:a.b.c.d is IPv4. The upper six bits are the DSCP, the lower
 * two ECN: dgram_set_tos(socket, dgram_dscp("ef") << 2 | DGRAM_ECN_ECT0). At first 0. Networks may
 * change it or ignore it; a simulated one carries it. On Linux it also chooses the priority at the
 * device (SO_PRIORITY), on IPv4. DGRAM_EINVAL: out of range. Source: RFC 2474 3, RFC 3168 5. */
DGRAM_EXTERN int dgram_set_tos(dgram_socket *socket, int tos);

/* The number of a DSCP, 0 to 63.
 *
 * name     borrows; in any case of letters: "ef"; "af11" to "af43"; "cs0" to "cs7"; "df" or "be",
 *          what all traffic has that asks for nothing; "le", less than that; "va"; or the number,
 *          "0" to "63".
 * Errors   DGRAM_EINVAL: no such name.
 * Source   RFC 2474 4.1 and 4.2.2 (DF, CS), RFC 2597 6 (AF), RFC 3246 2.7 (EF), RFC 5865 2.3 (VA),
 *          RFC 8622 2 (LE). */
DGRAM_EXTERN int dgram_dscp(const char *name);

/* Forbids fragments: a datagram that is larger than the MTU of its way fails with DGRAM_EMSGSIZE, as
 * far as this host knows it, or is lost where it does not fit, and the answer to that teaches this
 * host. For protocols that look for the MTU themselves. Off: this host makes fragments, the state
 * at first. IP_MTU_DISCOVER, IPV6_MTU_DISCOVER (on: DO, off: WANT); a udp6 socket sets both.
 * DGRAM_ENOTSUP: this system cannot. Source: RFC 1191, RFC 8201, ip(7), ipv6(7). */
DGRAM_EXTERN int dgram_set_dont_fragment(dgram_socket *socket, bool on);

/* The largest packet of IP, headers included, that this host believes to get to an address in one
 * piece: that of the interface, or less, where something on the way has answered that what was sent
 * is too large. So it becomes smaller by sending, above all with dgram_set_dont_fragment, and after
 * a while (Linux: ten minutes) the answer is forgotten. The payload may have 28 bytes less, over
 * IPv6 48. It costs some system calls (of the network namespace that the thread is in).
 *
 * to       borrows; its family the socket's, its port does not matter. NULL: the connected peer.
 * Returns  the bytes, 68 or more.
 * Errors   DGRAM_EINVAL: another family. DGRAM_ENOTCONNECTED: NULL, and there is no peer.
 *          DGRAM_EBADF: not bound, or a bind is under way. DGRAM_ENOTSUP: this system does not tell.
 *          DGRAM_ENETUNREACH and others of connect(2).
 * Source   RFC 1191, RFC 8201; IP_MTU of ip(7). */
DGRAM_EXTERN int dgram_get_path_mtu(dgram_socket *socket, const dgram_address *to);

/* Bytes that the system keeps for the socket: of datagrams that wait to be read (SO_RCVBUF; what
 * does not fit is dropped, see dgram_stats), and of those that wait to leave (SO_SNDBUF). Systems
 * charge more than the payload, round, and cap what they are asked for: Linux doubles it, and has
 * net.core.rmem_max and wmem_max; the simulation doubles as Linux does, caps at 212,992, and never
 * lets a datagram wait to leave. The queue of the library is another one: rule 9.
 *
 * size     1 or more.
 * Returns  the size that the system has made of it, 1 or more.
 * Errors   DGRAM_EBADBUFFERSIZE: size is less than 1. DGRAM_EBADF and others as above.
 * Source   Node, socket.setRecvBufferSize and so on; socket(7). */
DGRAM_EXTERN int dgram_set_recv_buffer_size(dgram_socket *socket, int size);
DGRAM_EXTERN int dgram_get_recv_buffer_size(const dgram_socket *socket);
DGRAM_EXTERN int dgram_set_send_buffer_size(dgram_socket *socket, int size);
DGRAM_EXTERN int dgram_get_send_buffer_size(const dgram_socket *socket);

/* What the send queue holds: bytes of payload, or datagrams, that were accepted and whose callback
 * has not run yet; what rule 9 limits, and dgram_stats has as queued_bytes and queued. Bound or
 * not. Source: Node, socket.getSendQueueSize, socket.getSendQueueCount. */
DGRAM_EXTERN int dgram_get_send_queue_size(const dgram_socket *socket, size_t *ret_bytes);
DGRAM_EXTERN int dgram_get_send_queue_count(const dgram_socket *socket, size_t *ret_count);

/* By which interface multicast leaves: IP_MULTICAST_IF or IPV6_MULTICAST_IF. At first the system's
 * choice. A send info with an interface goes before it, and so does the scope of an IPv6 group.
 *
 * ifname   borrows; one of its addresses, its name, its index in decimal, or "::%name";
 *          "0.0.0.0" or "::": the system's choice again. An IPv4 address is also what datagrams then
 *          leave from, where the socket is bound to all.
 * Errors   DGRAM_EBADF: not bound, or a bind is under way. DGRAM_EINVAL: "". DGRAM_EADDRNOTAVAIL: no
 *          interface has this address. DGRAM_ENODEV: no such interface. Others of setsockopt(2).
 * Source   Node, socket.setMulticastInterface; ip(7), ipv6(7). */
DGRAM_EXTERN int dgram_set_multicast_interface(dgram_socket *socket, const char *ifname);

/* Joins a multicast group: IP_ADD_MEMBERSHIP or IPV6_JOIN_GROUP. An unbound socket is bound first,
 * inside the call, to any port on all interfaces; a later dgram_bind answers DGRAM_EALREADYBOUND.
 * An interface has several names, and the same one named twice is no error: the group is joined
 * once and left when each name that has joined has left.
 *
 * group    borrows; a multicast literal of the socket's family.
 * ifname   borrows; which interface: one of its addresses, its name, or its index in decimal; NULL
 *          or "": the system's choice; "*": each that can, at least one of which must.
 * Errors   DGRAM_EMISSINGARGS: group is NULL. DGRAM_EINVAL: group is no multicast address of this
 *          family. DGRAM_ENODEV: no such interface, or (NULL) no route for the group.
 *          DGRAM_EADDRINUSE: joined already by this very name, or there from certain sources only.
 *          DGRAM_ENOBUFS: more than the system takes (ip(7), igmp_max_memberships), or than 4,096
 *          names. DGRAM_EBADF: a bind is under way. Others of setsockopt(2), and what binding
 *          answers.
 * Source   the seed, socket.addMembership; ip(7), ipv6(7). */
DGRAM_EXTERN int dgram_add_membership(dgram_socket *socket, const char *group, const char *ifname);

/* Leaves a group; closing does so by itself.
 *
 * group, ifname  as they were given to dgram_add_membership, also where that interface is gone
 *                since. A name that has not joined stands for the last one that did on the same
 *                interface, NULL or "" for the last one of all. "*" leaves what "*" has joined.
 * Errors         as there, and DGRAM_EADDRNOTAVAIL: not joined. DGRAM_EBADF: not bound.
 * Source         the seed, socket.dropMembership. */
DGRAM_EXTERN int dgram_drop_membership(dgram_socket *socket, const char *group, const char *ifname);

/* Joins a group for what one sender sends to it: source-specific multicast (RFC 4607). Several
 * sources are several calls. What others send is not heard by this socket, nor by those of the host
 * that have not joined at all, unless another one has joined for all.
 *
 * source   borrows; a unicast literal of the socket's family.
 * group, ifname  as in dgram_add_membership.
 * Errors   as there, but DGRAM_EARGTYPE: source or group is NULL; DGRAM_EINVAL: source, too, is no
 *          such address; DGRAM_EADDRINUSE: joined already from this source by this very name, or
 *          there from all.
 * Source   Node, socket.addSourceSpecificMembership; RFC 3678 5.1. */
DGRAM_EXTERN int dgram_add_source_specific_membership(dgram_socket *socket, const char *source,
                                                      const char *group, const char *ifname);

/* Leaves a group for one source; the last one ends the membership.
 *
 * source, group, ifname  as in dgram_add_source_specific_membership, and as in
 *                        dgram_drop_membership.
 * Errors   as there, and DGRAM_EADDRNOTAVAIL: not joined from this source. DGRAM_EBADF: not bound.
 * Source   Node, socket.dropSourceSpecificMembership. */
DGRAM_EXTERN int dgram_drop_source_specific_membership(dgram_socket *socket, const char *source,
                                                       const char *group, const char *ifname);

/* Asks for info with each message; 0 for none, the state at first. What is asked for costs: the
 * system tells it with each datagram, or with each group of them (GRO), which then share it. Asked
 * inside a callback it holds from the next batch on.
 *
 * bits     of enum dgram_recv_info_bits. The linux stack and the simulation can tell all; the uv
 *          stack whether a datagram was truncated. Of a descriptor that was adopted others may read
 *          too: what was asked for there is not switched off again, only told no more.
 * Errors   DGRAM_ENOTSUP: this stack cannot tell one of them, nothing is changed. DGRAM_EBADF: not
 *          bound, or a bind is under way. Others of setsockopt(2); then nothing is changed.
 * Source   ip(7), ipv6(7), socket(7): IP_PKTINFO, IP_RECVTTL, IP_RECVTOS, SO_TIMESTAMPNS. */
DGRAM_EXTERN int dgram_set_recv_info(dgram_socket *socket, uint32_t bits);

/* Whether what ICMP answers to the socket's datagrams is told, by `icmp`: that nobody has the port
 * there, that a router knows no way, that a packet is too large for the next link. Off at first,
 * since UDP promises no answer, and whoever answers may be lying: an `icmp` is a hint, and says
 * nothing for certain about any datagram.
 *
 * It is never an `error`, not on a connected socket either, whose peer's answers are one otherwise,
 * and no other datagram fails for it. An answer comes when it has come,
 * mostly after the send's callback; which of the datagrams to that destination it was about is not
 * known. Many are lost on the way: hosts answer some per second at most. While the socket is paused
 * they wait like datagrams, in the same buffer (a send may bring them all the same); those for which
 * it has no room are lost. On Linux a full device is told too, which is silent otherwise: that
 * datagram fails with DGRAM_ENOBUFS. A descriptor that is shared has it on for all who share it, and
 * each answer comes to one of them.
 *
 * Errors   DGRAM_ENOTSUP: this stack cannot (uv); turning it off it always can. DGRAM_EBADF: not
 *          bound, or a bind is under way: options.icmp_errors has it from the first datagram on.
 *          Others of setsockopt(2).
 * Source   ip(7) IP_RECVERR, ipv6(7) IPV6_RECVERR. Not in Node. */
DGRAM_EXTERN int dgram_set_icmp_errors(dgram_socket *socket, bool on);

/* What a socket has done since it was created. Bytes are bytes of payload; what names a system call
 * counts none in a simulation, but what stands for one there. Errors are counted once as
 * send_errors or receive_errors, and once by class: both have the same sum. Classes count with 32
 * bits, and begin at 0 again. */
typedef struct dgram_stats {
  uint64_t received;         /* datagrams, those without a listener included */
  uint64_t received_bytes;   /* in them */
  uint64_t received_batches; /* system calls that brought at least one: emissions of `batch` */
  uint64_t receive_calls;    /* system calls that received, or tried to */
  uint64_t truncated;        /* datagrams cut to the memory to receive into */
  uint64_t dropped;          /* datagrams that the system dropped: see below */
  uint64_t blocked;          /* datagrams that came from an address of receive_block_list */

  uint64_t sent;         /* datagrams handed to the system */
  uint64_t sent_bytes;   /* in them */
  uint64_t sent_batches; /* system calls that took at least one */
  uint64_t send_calls;   /* system calls that sent, or tried to */

  uint64_t queued;            /* datagrams accepted whose callback has not run yet, now */
  uint64_t queued_bytes;      /* in them, now */
  uint64_t queued_high_water; /* the most datagrams ever queued */

  uint64_t send_errors;    /* datagrams that failed or were cancelled */
  uint64_t receive_errors; /* failures of receiving */
  uint64_t unheard_errors; /* `error`s that nobody listened to */

  uint64_t errors_resources;   /* no memory, no buffer, no descriptor, no port */
  uint64_t errors_unreachable; /* no way to the host or its network, or it is down */
  uint64_t errors_refused;     /* nobody has the port there */
  uint64_t errors_denied;      /* not allowed: a firewall, broadcast without the option */
  uint64_t errors_size;        /* too long for the way */
  uint64_t errors_names;       /* the resolver's */
  uint64_t errors_canceled;    /* sends given up when the socket was closed */
  uint64_t errors_other;       /* all else */

  uint64_t icmp; /* answers of ICMP that were told, no errors; those without a listener included */
} dgram_stats;

/* `dropped`: mostly because the receive buffer was full, seldom for a bad checksum. Linux tells it
 * (SO_MEMINFO, with 32 bits; of a descriptor that was adopted, since it was made), and the
 * simulation; 0 where the system does not. While GRO is on it is a lower bound: the kernel counts a
 * group of datagrams that it has joined as one. */

/* Copies the counters. Works on a closing socket too, so that `close` can have the last ones.
 * ret_stats  grows at the end; unknown fields of a newer caller are zeroed. */
#define dgram_get_stats(socket, ret_stats)                                                         \
  dgram_get_stats_sized((socket), sizeof(dgram_stats), (ret_stats))

/* The function under the macro, for other languages. */
DGRAM_EXTERN int dgram_get_stats_sized(const dgram_socket *socket, size_t size,
                                       dgram_stats *ret_stats);

/* ---- stacks ---- */

/* Where memory comes from. All three or none; `data` is passed through. realloc and free get
 * what these functions returned, or NULL. Must live as long as the stack, kept messages, and lookups
 * that the system could not cancel. */
typedef struct dgram_allocator {
  void *(*malloc)(size_t size, void *data);
  void *(*realloc)(void *memory, size_t size, void *data);
  void (*free)(void *memory, void *data);
  void *data;
} dgram_allocator;

/* Which stack dgram_uv_stack_create makes. */
enum dgram_stack_kind {
  DGRAM_STACK_DEFAULT = 0, /* DGRAM_STACK=linux or =uv of the environment, else the fastest here */
  DGRAM_STACK_LINUX = 1,   /* recvmmsg and sendmmsg on readiness from libuv */
  DGRAM_STACK_UV = 2       /* uv_udp_t, wherever libuv runs */
};

/* What to switch off. The names in DGRAM_DISABLE are the lower-case last words. */
enum dgram_disable_bits {
  DGRAM_DISABLE_MMSG = 1 << 0, /* batches: one datagram per system call */
  DGRAM_DISABLE_GSO = 1 << 1,  /* segmentation offload in sending */
  DGRAM_DISABLE_GRO = 1 << 2,  /* its counterpart in receiving */
  DGRAM_DISABLE_SPIN = 1 << 3  /* asking a busy socket again, some times, before the loop sleeps */
};

/* Options of every stack. Complete when zeroed; grows at the end. */
typedef struct dgram_stack_options {
  const dgram_allocator *allocator; /* borrows and copies; NULL: the C library's */
  int kind;                         /* enum dgram_stack_kind */
  uint32_t disable;                 /* enum dgram_disable_bits */
  void *receive_memory;             /* keep until the stack is closed; NULL: the stack's own */
  size_t receive_memory_size;       /* bytes: 65,536 or, best, a multiple of it */
} dgram_stack_options;

/* A stack's loop, until nothing referenced is left on any stack of that loop: bound sockets that
 * are ref'd, accepted sends, sockets that close, timers, lookups. As Node runs a program.
 *
 * stack    NULL: the default stack, which is closed when the run ends, with every socket that is
 *          still open on it; without a default stack it returns 0 at once.
 *          A stack that is closing runs to its end.
 * Returns  0.
 * Errors   DGRAM_ERUNNING: called inside a callback of that loop. DGRAM_EDEADLK: in a simulated
 *          network nothing can ever happen again, but something waits. */
DGRAM_EXTERN int dgram_run(dgram_stack *stack);

/* Makes the innermost dgram_run on the stack's loop return after this turn, with whatever is still
 * open. A later dgram_run goes on. Without a run under way: the next one returns at once.
 * stack  NULL: the default stack; DGRAM_ENOTRUNNING where there is none. */
DGRAM_EXTERN int dgram_stop(dgram_stack *stack);

/* Hands what is queued for sending to the kernel now; callbacks come from the loop. For those who
 * drive the loop themselves by UV_RUN_ONCE or UV_RUN_NOWAIT and sleep elsewhere.
 * stack  NULL: the default stack, if there is one. */
DGRAM_EXTERN int dgram_flush(dgram_stack *stack);

/* Closes a stack: aborts its sockets, whose `close` still comes, stops its timers, cancels its
 * lookups (DGRAM_ECANCELED). From the loop, when all has ended, cb is called; then the pointer is
 * dead. The caller keeps its loop running until then.
 *
 * stack    takes; NULL: the default stack.
 * cb       once, or NULL.
 * Errors   DGRAM_ENOTRUNNING: closing already, or there is no default stack. */
typedef void (*dgram_stack_close_cb)(dgram_stack *stack, void *data);
DGRAM_EXTERN int dgram_stack_close(dgram_stack *stack, dgram_stack_close_cb cb, void *data);

/* Who hears an `error` without a listener. Runs where the error is found, so it must not call the
 * library but for the functions of errors and addresses. At first, and with cb NULL: one line on
 * standard error, once a second at most.
 * stack  NULL: the default stack, made if need be. */
typedef void (*dgram_unheard_cb)(dgram_stack *stack, dgram_socket *socket, const dgram_error *error,
                                 void *data);
DGRAM_EXTERN int dgram_stack_on_unheard(dgram_stack *stack, dgram_unheard_cb cb, void *data);

/* ---- block lists ---- */

/* Creates an empty list of addresses, for dgram_socket_options. Any number of sockets may have it,
 * of any stack of one thread, and it may be changed while they do.
 *
 * What comes from an address of a socket's receive_block_list is dropped before any listener hears of
 * it, and counted (dgram_stats.blocked). A datagram to one of its send_block_list, or a name that
 * resolves to one, fails when it would have left: DGRAM_EIPBLOCKED as its result, by its callback, or
 * else as an `error` with the syscall "send"; so does a connect, with the syscall "connect", and at
 * once if it is dgram_connect_sync. A peer is looked at when the socket connects. Sockets without a
 * list pay nothing for the others.
 *
 * allocator  borrows and copies; NULL: the C library's. Must live as long as the list.
 * ret_list   returns new: pass it to dgram_block_list_release. Sockets keep it until their `close` has
 *            been emitted, released or not.
 * Errors     DGRAM_EINVAL: half an allocator.
 * Source     Node, net.BlockList, and receiveBlockList and sendBlockList of dgram.createSocket. */
DGRAM_EXTERN int dgram_block_list_create(const struct dgram_allocator *allocator,
                                         dgram_block_list **ret_list);

/* The caller needs the list no more. NULL is allowed. */
DGRAM_EXTERN void dgram_block_list_release(dgram_block_list *list);

/* Adds addresses; those that are there already are no error. An IPv6 address of the form
 * ::ffff:a.b.c.d is the IPv4 one, and the other way round. An entry is kept in order and joined with
 * its neighbours, so a list that comes in order loads fastest: in any other one an entry costs a move
 * of all behind it.
 *
 * address, first, last, network  borrows; IPv4 or IPv6 literals without a scope. first and last both
 *          belong to the range, and have one family.
 * prefix   bits, 0 to 32 of IPv4, 0 to 128 of IPv6; the others of network do not matter.
 * Errors   DGRAM_EINVAL: no such literal, first is behind last, prefix out of range. DGRAM_ENOSPC:
 *          more than 1,048,576 ranges. DGRAM_ENOMEM. The list is as it was.
 * Source   Node, blockList.addAddress, addRange, addSubnet. */
DGRAM_EXTERN int dgram_block_list_add_address(dgram_block_list *list, const char *address);
DGRAM_EXTERN int dgram_block_list_add_range(dgram_block_list *list, const char *first,
                                            const char *last);
DGRAM_EXTERN int dgram_block_list_add_subnet(dgram_block_list *list, const char *network,
                                             int prefix);

/* Whether an address is on the list; port and scope do not matter. False for NULL and for what is no
 * IPv4 or IPv6 address. Source: Node, blockList.check. */
DGRAM_EXTERN bool dgram_block_list_check(const dgram_block_list *list,
                                         const dgram_address *address);

/* ---- time and names ---- */

#define DGRAM_MILLISECOND UINT64_C(1000000) /* in ns, for timers */
#define DGRAM_SECOND UINT64_C(1000000000)

/* The stack's time in ns: monotonic, from an unknown start; virtual in a simulation. 0 where the
 * stack is closing. stack NULL: the default stack, made if need be. */
DGRAM_EXTERN uint64_t dgram_now(dgram_stack *stack);

typedef struct dgram_timer dgram_timer;
typedef void (*dgram_timer_cb)(dgram_timer *timer, void *data);

/* A timer, owned by the caller and complete when zeroed. Its fields are the library's. It may be
 * freed when it does not run: never started, stopped, or fired. */
struct dgram_timer {
  dgram_stack *stack; /* NULL while it does not run */
  dgram_timer_cb cb;
  void *data;
  uint64_t deadline_ns;
  uint64_t order;
  dgram_timer *child;
  dgram_timer *next;
  dgram_timer *previous;
};

/* Starts a timer, once: after timeout_ns, never earlier, cb is called. Timers that are due together
 * run in the order of their deadlines, then in that of their starts. A timer that runs is started
 * anew. It may be started again in its own callback. A running timer keeps dgram_run.
 *
 * stack    NULL: the default stack, made if need be.
 * timer    keeps until completion: cb, or dgram_timer_stop, or the end of the stack.
 * Notes    libuv's loop counts whole milliseconds: there a timer may be late by one. */
DGRAM_EXTERN int dgram_timer_start(dgram_stack *stack, dgram_timer *timer, uint64_t timeout_ns,
                                   dgram_timer_cb cb, void *data);

/* Stops a timer: from the return on its callback does not run. Returns 1 if it ran, else 0. */
DGRAM_EXTERN int dgram_timer_stop(dgram_timer *timer);

/* Resolves a name to its addresses, off the loop; a literal resolves to itself without a resolver,
 * with a scope that is the name of an interface too. Lookups of the same name and family in flight
 * are joined.
 *
 * stack    NULL: the default stack, made if need be.
 * name     borrows; up to 253 bytes.
 * family   DGRAM_IPV4, DGRAM_IPV6, or 0 for both.
 * cb       once; the addresses have port 0 and stand in the resolver's order.
 * Errors   at once: DGRAM_EINVAL: another family, an empty name, a literal of the other family, a
 *          text with a colon that is no literal; DGRAM_ENODEV: no interface has the name that a
 *          literal has as its scope; DGRAM_ENAMETOOLONG.
 *          By cb: DGRAM_ENOTFOUND and others of the resolver; DGRAM_ECANCELED: the stack is
 *          closed. */
DGRAM_EXTERN int dgram_resolve(dgram_stack *stack, const char *name, int family,
                               dgram_resolve_cb cb, void *data);

/* The index of an interface by its name; if_nametoindex(3).
 * Returns  the index, 1 or more. Errors: DGRAM_ENODEV. stack NULL: the default stack. */
DGRAM_EXTERN int dgram_interface_index(dgram_stack *stack, const char *name);

/* The name of an interface by its index; if_indextoname(3).
 * name     size bytes. Returns the length of the name.
 * Errors   DGRAM_ENODEV, DGRAM_ENOSPC. stack NULL: the default stack. */
DGRAM_EXTERN int dgram_interface_name(dgram_stack *stack, unsigned index, char *name, size_t size);

/* ---- binder ---- */

/* A binder provides the descriptors of binds from elsewhere: a primary process that shares its
 * sockets with workers, a privileged helper, a service manager. It is asked once for each
 * dgram_bind, from the loop; implicit binds, options.fd, options.device and sockets with reuse_port
 * never ask. */
typedef struct dgram_bind_request {
  uint64_t id;           /* for dgram_binder_answer */
  int type;              /* DGRAM_UDP4 or DGRAM_UDP6 */
  bool exclusive;        /* the caller wants a socket of its own */
  bool reuse_addr;       /* the caller's option */
  bool ipv6_only;        /* likewise */
  uint32_t index;        /* which of the live binds of this type, address and port, from 0 */
  dgram_address address; /* where to, numeric; port 0: any */
  dgram_socket *socket;  /* who asks: its `close` says when the descriptor is needed no more */
} dgram_bind_request;

/* Asks for a descriptor.
 *
 * request  borrows.
 * Returns  0: the answer comes by dgram_binder_answer, in this call or later.
 *          1: the stack shall bind by itself.
 *          A code: the bind fails with it. */
typedef int (*dgram_binder_cb)(dgram_stack *stack, const dgram_bind_request *request, void *data);

/* Sets the stack's binder, NULL for none. Binds under way keep theirs.
 * stack  NULL: the default stack, made if need be. */
DGRAM_EXTERN int dgram_stack_set_binder(dgram_stack *stack, dgram_binder_cb cb, void *data);

/* Answers a request.
 *
 * fd_or_code  a bound descriptor, which the stack takes (and closes where nobody wants it any more
 *             or it is no datagram socket of the family), or a negative code that the bind fails
 *             with.
 * stack       as the binder was called with; NULL: the default stack.
 * Errors      DGRAM_ENOENT: no such request waits; the descriptor is closed all the same. After
 *             another error it is still the caller's. */
DGRAM_EXTERN int dgram_binder_answer(dgram_stack *stack, uint64_t id, int fd_or_code);

#ifdef __cplusplus
}
#endif

#endif
