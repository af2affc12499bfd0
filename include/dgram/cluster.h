/* dgram/cluster.h: workers that share sockets.
 *
 * A primary process starts workers, processes of the same program, and owns the sockets that they
 * bind. Where two workers bind the same address both receive from one socket of the kernel; it lives
 * as long as any of them needs it, so a worker can die or be replaced while datagrams wait in it, and
 * none of those is lost. What a worker has read already dies with it.
 *
 *   int main(void) {
 *     if (dgram_cluster_worker() == 0) {
 *       dgram_cluster_options options = {.restart = true};
 *       if (dgram_cluster_start(NULL, &options, NULL) < 0) return 1;
 *       return dgram_run(NULL);
 *     }
 *     dgram_cluster_join(NULL, NULL);
 *     ... a program as ever: dgram_create_socket, dgram_bind, dgram_run
 *   }
 *
 * WHAT IS SHARED. A dgram_bind in a worker asks the primary; so nothing else in its code changes.
 * Binds of one address, one port, one type and one index are one socket; the index says which of a
 * worker's live binds of that address and port it is, so port 0 in every worker is one port, and a
 * second port 0 in one worker another one. What is exclusive is the worker's own and asks nobody:
 * options.exclusive, options.device, options.fd, reuse_port, dgram_bind_sync and implicit binds;
 * where the port is in use it fails in that worker alone. reuse_addr and ipv6_only are those of who
 * binds first. The last worker that closes a shared socket closes it.
 *
 * A socket's options (TTL, buffers), its memberships of multicast groups and its peer belong to the
 * kernel's socket: one worker sets them for all. So a group is joined by one of them (another gets
 * DGRAM_EADDRINUSE), and a shared socket is not connected. What is received, and its order among
 * workers, is whoever's is first: the datagrams of one sender may be read by several workers.
 *
 * WHO GETS A DATAGRAM. With DGRAM_CLUSTER_SHARED the kernel wakes workers and the first one reads a
 * batch; a busy one leaves the rest to the others, so no datagram waits for a worker that is busy or
 * dead while another one is idle. With the other ways each worker has a socket of its own with the
 * same port (SO_REUSEPORT), and the kernel chooses by a hash or a CPU: the datagrams of one sender
 * keep to one worker and their order, workers do not wake each other in vain, and each has a buffer
 * of its own; but one that is busy delays what is its own, and what few senders send may go to few
 * workers. Take SHARED for few or unequal senders and where each datagram is on its own; HASH where
 * there are many senders and much work, or where one sender's datagrams belong together. The sockets
 * are made by the primary, for all workers at once, so that what waits in a dead one's goes to its
 * replacement: use it with `restart`, and let each worker bind the same.
 *
 * ALL READERS SPLIT. On Linux the kernel may hand over datagrams of one sender joined (UDP_GRO), since
 * all readers of these sockets are this library's, which splits them. Not where DGRAM_STACK=uv or
 * DGRAM_DISABLE=gro stands in the environment. A program whose workers read by DGRAM_STACK_UV of
 * their own choice, or hand descriptors on to others, sets options.disable.
 *
 * A worker is trusted to bind what the primary may bind, but not to be sane: one that sends what is
 * no message of this protocol is killed, and the others notice nothing.
 *
 * Linux only; elsewhere dgram_cluster_start and dgram_cluster_join answer DGRAM_ENOTSUP. Rules of life,
 * ownership and common errors: dgram.h. All of it since 0.1.0. Source: the seed, `exclusive`; Node,
 * cluster. */

#ifndef DGRAM_CLUSTER_H
#define DGRAM_CLUSTER_H

#include <dgram.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the primary ---- */

/* Workers and their sockets, as the primary has them. Opaque. */
typedef struct dgram_cluster dgram_cluster;

/* How datagrams get to workers: see above. */
enum dgram_cluster_balance {
  DGRAM_CLUSTER_SHARED = 0, /* one socket: whoever is first */
  DGRAM_CLUSTER_HASH = 1,   /* one each: the kernel's hash of where a datagram is from and to */
  DGRAM_CLUSTER_CPU = 2,    /* one each: by the CPU that it came in on */
  DGRAM_CLUSTER_RXHASH = 3  /* one each: by the hash that the network device has made */
};

enum dgram_cluster_event_type {
  DGRAM_CLUSTER_ONLINE = 1,    /* a worker has joined */
  DGRAM_CLUSTER_LISTENING = 2, /* a worker receives on a shared socket; `address` is its */
  DGRAM_CLUSTER_LEAVING = 3,   /* a worker has begun to leave */
  DGRAM_CLUSTER_EXIT = 4,      /* a worker has ended, or could not be started */
  DGRAM_CLUSTER_RELOADED = 5,  /* dgram_cluster_reload has ended; `code` is 0 or why it failed */
  DGRAM_CLUSTER_ENDED = 6      /* the last event: the pointer is dead when the callback returns */
};

/* What has happened. Valid during the callback; grows at the end. */
typedef struct dgram_cluster_event {
  int type;              /* enum dgram_cluster_event_type */
  int number;            /* the worker's, 1 to the number of workers; 0: of none */
  uint64_t id;           /* no other worker of this cluster has had it; from 1 */
  int pid;               /* its process; 0: none was started */
  int status;            /* EXIT: what it exited with */
  int signal;            /* EXIT: the signal that ended it, or 0 */
  int code;              /* EXIT: 0; DGRAM_EPROTO: it sent nonsense and was killed;
                            DGRAM_ETIMEDOUT: it did not leave, or not listen, in time and was killed;
                            others: it could not be started. RELOADED: the result */
  dgram_address address; /* LISTENING: what the socket is bound to */
} dgram_cluster_event;

/* Something has happened. Runs from the loop; may call everything. */
typedef void (*dgram_cluster_event_cb)(dgram_cluster *cluster, const dgram_cluster_event *event,
                                       void *data);

/* Options of dgram_cluster_start. Complete when zeroed; grows at the end. */
typedef struct dgram_cluster_options {
  int workers;         /* 1 to 1,024; 0: one per CPU that this process may use */
  const char *program; /* borrows; what workers run: NULL: this program's file */
  const char *const
      *args;            /* borrows; their arguments, from argv[0] to NULL; NULL: this process's */
  bool restart;         /* who ends without having been asked is replaced */
  int restart_pause_ms; /* so long after its end, at first; 0: 100, negative: at once, always */
  int restart_pause_max_ms; /* the pause doubles up to this, until one lives longer; 0: 10,000 */
  int stop_timeout_ms;      /* who does not leave in this time is killed; 0: 10,000 */
  int start_timeout_ms;     /* how long a replacement may take to listen; 0: 10,000 */
  int balance;              /* enum dgram_cluster_balance */
  uint32_t disable;         /* DGRAM_DISABLE_GRO, or 0 */
  dgram_cluster_event_cb on_event; /* or NULL */
  void *data;                      /* for on_event */
} dgram_cluster_options;

/* Starts workers. They inherit the environment and the standard descriptors, and run from the loop
 * on. Where one cannot be started its EXIT says why, and with `restart` it is tried again.
 *
 * A cluster keeps dgram_run, and ends by itself when its last worker has ended and none will be
 * replaced; its last event is ENDED.
 *
 * stack        where its callbacks run: one on libuv's loop, not closed before ENDED; NULL: the
 *              default one. libuv then handles SIGCHLD.
 * options      borrows; NULL: all defaults.
 * ret_cluster  the cluster, valid until ENDED; NULL: not needed.
 * Errors       DGRAM_EINVAL: an option out of range, or one that this version does not know, or a
 *              stack without a loop. DGRAM_ENOENT, DGRAM_EACCES and others of access(2): the program
 *              cannot be run. DGRAM_ENOTSUP: this system cannot. DGRAM_ENOSPC: this process's
 *              arguments are more than 128 KiB; others of reading /proc/self/cmdline.
 * Source       Node, cluster.fork; execve(2). */
#define dgram_cluster_start(stack, options, ret_cluster)                                           \
  dgram_cluster_start_sized((stack), (options), sizeof(dgram_cluster_options), (ret_cluster))

/* The function under the macro, for other languages. */
DGRAM_EXTERN int dgram_cluster_start_sized(dgram_stack *stack, const dgram_cluster_options *options,
                                           size_t size, dgram_cluster **ret_cluster);

/* Replaces all workers, one after another: starts a new one, waits until it listens on each shared
 * socket that the old one has (or, where that has none, until it has joined), then asks the old one
 * to leave and waits for its end. Nothing is lost: both read from the same socket meanwhile. The
 * program's file is what stands in its place then. Where a new one ends or does not get so far within
 * start_timeout_ms, the reload ends, the old ones that are left go on, and RELOADED says why:
 * DGRAM_ECONNABORTED, DGRAM_ETIMEDOUT, what starting it answered, or DGRAM_ECANCELED: the cluster
 * was stopped.
 *
 * Errors  DGRAM_EALREADY: a reload is under way. DGRAM_ENOTRUNNING: the cluster is being stopped. */
DGRAM_EXTERN int dgram_cluster_reload(dgram_cluster *cluster);

/* Ends a cluster: asks all workers to leave, kills who has not left after stop_timeout_ms, closes all
 * sockets, and emits ENDED.
 * Errors  DGRAM_ENOTRUNNING: it is being stopped already. */
DGRAM_EXTERN int dgram_cluster_stop(dgram_cluster *cluster);

/* Gives a bound socket to the cluster: who of the workers binds to its address gets it, in place of
 * one that the primary makes, whatever the balance. So a service manager's sockets are shared by
 * workers whose code knows nothing of it. It stays open until the cluster ends.
 *
 * fd      takes, on success: a UDP socket with a port. It becomes non-blocking.
 * Errors  DGRAM_EBADF: not open. DGRAM_EFDTYPE: no UDP socket. DGRAM_EINVAL: not bound.
 *         DGRAM_ENOTRUNNING: the cluster is being stopped. DGRAM_ENOBUFS: more than 512. */
DGRAM_EXTERN int dgram_cluster_offer(dgram_cluster *cluster, int fd);

/* ---- a worker ---- */

/* Which worker this process is: 1 to the number of workers; a replacement has the number of whom it
 * replaces. 0: it is none. It stands in the environment (DGRAM_CLUSTER), which dgram_cluster_join
 * clears, so that what a worker starts is none; who it was is remembered. Not to be called by
 * several threads at once before that. */
DGRAM_EXTERN int dgram_cluster_worker(void);

/* The id of this worker, as events have it; 0: it is none. */
DGRAM_EXTERN uint64_t dgram_cluster_worker_id(void);

/* Why a worker shall leave. */
enum dgram_cluster_leave_reason {
  DGRAM_CLUSTER_STOPPED = 1,     /* the primary has asked it to */
  DGRAM_CLUSTER_PRIMARY_GONE = 2 /* the primary is dead */
};

/* The worker shall finish what it does, and leave. Runs from the loop. */
typedef void (*dgram_cluster_leave_cb)(dgram_stack *stack, int reason, void *data);

/* Options of dgram_cluster_join. Complete when zeroed; grows at the end. */
typedef struct dgram_cluster_join_options {
  dgram_cluster_leave_cb on_leave; /* in place of dgram_cluster_leave, which it may call; or NULL */
  void *data;                      /* for on_leave */
} dgram_cluster_join_options;

/* Joins the cluster that has started this process: becomes the stack's binder. It does not keep
 * dgram_run. Several stacks of one loop may join; binds of one address on two of them are one socket,
 * as those of two workers are.
 *
 * A bind that the primary does not answer any more fails with DGRAM_EPIPE: it is dead, or the worker
 * has left. One for which the primary, or this process, has no descriptor fails with DGRAM_EMFILE;
 * one beyond 512 shared sockets of a worker with DGRAM_ENOBUFS.
 *
 * stack    keeps it until the worker has left; NULL: the default one.
 * options  borrows; NULL: all defaults. Those of the first call count.
 * Errors   DGRAM_ENOENT: this process is no worker. DGRAM_EINVAL: an option that this version does
 *          not know, a stack without a loop, or on another loop than the first. DGRAM_EPIPE: left
 *          already. DGRAM_ENOTSUP: this system cannot. Others of uv_poll_init. */
#define dgram_cluster_join(stack, options)                                                         \
  dgram_cluster_join_sized((stack), (options), sizeof(dgram_cluster_join_options))

/* The function under the macro, for other languages. */
DGRAM_EXTERN int dgram_cluster_join_sized(dgram_stack *stack,
                                          const dgram_cluster_join_options *options, size_t size);

/* Leaves: closes the sockets that came from the primary, with their linger, and when their `close`
 * has been told stops the first stack that joined (dgram_stop), so that dgram_run returns. What has
 * not been read yet waits for the other workers. What happens by itself when the primary asks or is
 * dead, unless on_leave stands in its place. A worker may also just end.
 *
 * Errors   DGRAM_ENOENT: this process has not joined. DGRAM_EALREADY: it leaves already. */
DGRAM_EXTERN int dgram_cluster_leave(void);

/* ---- a service manager's sockets ---- */

/* How many sockets the service manager has handed to this process: LISTEN_FDS, where LISTEN_PID is
 * this process; else 0.
 * Errors  DGRAM_EINVAL: the variables are there, but make no sense.
 * Source  sd_listen_fds(3). */
DGRAM_EXTERN int dgram_listen_fds(void);

/* Binds a socket to one of them. What is no UDP socket of the socket's family is refused and left
 * alone, and others of the manager's sockets, too.
 *
 * which    0: the first.
 * cb       as dgram_bind's.
 * Errors   DGRAM_ENOENT: there are not so many. DGRAM_EFDTYPE: another type or family. DGRAM_EBADF:
 *          not open, for instance closed with the socket that had it before. Others of dgram_bind.
 * Source   sd_listen_fds(3); systemd.socket(5), ListenDatagram. */
DGRAM_EXTERN int dgram_bind_listen_fd(dgram_socket *socket, int which, dgram_bind_cb cb,
                                      void *data);

#ifdef __cplusplus
}
#endif

#endif
