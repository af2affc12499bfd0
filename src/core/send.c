/* Sending: from a call to the stack.
 *
 * The happy path: a call checks its arguments, binds the socket where need be, and appends the
 * datagram to the queue, its bytes copied where nobody will say when they are needed no more. The
 * queue is handed to the stack when it holds a batch, after the socket's own batch of message
 * callbacks, and in the socket's turn, which comes before the loop sleeps. dgram_send_many hands
 * its list to the stack straight away where nothing stands before it, and queues the rest. A
 * datagram to a name waits for its lookup first.
 *
 * Failure modes: bad arguments, a full queue and no memory are answered by the call. The stack
 * takes less than it is given: the endpoint is blocked until it tells that it is sendable. What
 * fails one datagram is its result, and complete.c tells it. The bind fails, or the socket closes:
 * dgram__send_fail_all. */

#include <assert.h>
#include <string.h>

#include "core/address.h"
#include "core/blocked.h"
#include "core/resolve.h"
#include "core/run.h"
#include "core/sending.h"
#include "core/unix.h"

static const dgram_address no_address;

/* That no address has, of 8 bits. */
enum { NO_FAMILY = -1 };

/* ---- checking ---- */

static size_t payload_max(const dgram_socket *socket) {
  return socket->type == DGRAM_UDP4 ? DGRAM__PAYLOAD_MAX_IPV4 : DGRAM__PAYLOAD_MAX_IPV6;
}

static int check_bytes(const dgram_socket *socket, const void *bytes, size_t length) {
  if (length > payload_max(socket)) return DGRAM_EMSGSIZE;
  return bytes == NULL && length > 0 ? DGRAM_EARGTYPE : 0;
}

static int check_payload(const dgram_socket *socket, const dgram_datagram *datagram) {
  const dgram_buffer *parts = datagram->bytes;
  size_t sum = 0;
  const int code = check_bytes(socket, parts, datagram->length);

  if (code < 0 || datagram->parts == 0) return code;
  if (parts == NULL) return DGRAM_EARGTYPE;
  for (uint32_t i = 0; i < datagram->parts; i++) {
    if (parts[i].bytes == NULL && parts[i].length > 0) return DGRAM_EARGTYPE;
    if (parts[i].length > datagram->length - sum) return DGRAM_EINVAL;
    sum += parts[i].length;
  }
  return sum == datagram->length ? 0 : DGRAM_EINVAL;
}

/* While there is a peer datagrams have no address. */
static int check_to(const dgram_socket *socket, const dgram_address *to) {
  if (dgram__socket_is_connected(socket)) {
    return to->family == 0 && to->port == 0 ? 0 : DGRAM_EISCONNECTED;
  }
  if (socket->type == DGRAM_UNIX) return DGRAM_EINVAL; /* an address is no path */
  if (to->family != dgram__address_family_of(socket->type)) return DGRAM_EINVAL;
  return to->port == 0 ? DGRAM_EBADPORT : 0;
}

/* What most are: in one piece, to an address, as it is set. */
static bool is_plain(const dgram_datagram *datagram, int family) {
  return datagram->parts == 0 && datagram->info == NULL && datagram->bytes != NULL &&
         datagram->length <= DGRAM__PAYLOAD_MAX_IPV4 && datagram->to.family == family &&
         datagram->to.port != 0;
}

static int check_info(const dgram_socket *socket, const dgram_send_info *info) {
  if (info == NULL) return 0;
  if (socket->type == DGRAM_UNIX)
    return (info->set & ~(uint32_t)DGRAM_SEND_PATH) == 0 ? 0 : DGRAM_ENOTSUP;
  if ((info->set & ~socket->stack->ops->send_info) != 0) return DGRAM_ENOTSUP;
  if ((info->set & DGRAM_SEND_SOURCE_ADDRESS) == 0) return 0;
  return info->source_address.family == dgram__address_family_of(socket->type) ? 0 : DGRAM_EINVAL;
}

static int check_datagram(const dgram_socket *socket, const dgram_datagram *datagram) {
  int code = socket->type == DGRAM_UNIX ? dgram__unix_check_to(socket, datagram)
                                        : check_to(socket, &datagram->to);

  if (code == 0 && datagram->parts > DGRAM_PARTS_MAX) code = DGRAM_EINVAL;
  if (code == 0) code = check_payload(socket, datagram);
  return code < 0 ? code : check_info(socket, datagram->info);
}

/* A send that finds the queue full is owed a `drain`; one too large for an empty queue never
 * fits. */
static int check_room(dgram_socket *socket, size_t datagrams, size_t bytes) {
  const uint32_t queued = socket->stats.queued;
  const uint64_t queued_bytes = socket->stats.queued_bytes;

  if (queued <= socket->max_queued && datagrams <= socket->max_queued - queued &&
      queued_bytes <= socket->max_queued_bytes &&
      bytes <= socket->max_queued_bytes - queued_bytes) {
    return 0;
  }
  socket->drain_pending = queued > 0;
  return DGRAM_EQUEUEFULL;
}

int dgram__destination_read(const dgram_socket *socket, const char *address, int port,
                            dgram_address *ret_to) {
  const int family = dgram__address_family_of(socket->type);
  int code;

  if (socket->type == DGRAM_UNIX) return dgram__unix_destination_read(address, port, ret_to);
  if (port < 1 || port > DGRAM__PORT_MAX) return DGRAM_EBADPORT;
  *ret_to = dgram__address_loopback(family, (uint16_t)port);
  if (address == NULL || address[0] == '\0') return 0;
  code = dgram__literal_read(socket->stack, address, ret_to);
  if (code == 1) {
    code = dgram__name_check(address);
    return code < 0 ? code : 1;
  }
  if (code < 0) return code;
  ret_to->port = (uint16_t)port;
  return ret_to->family == family ? 0 : DGRAM_EINVAL;
}

/* Reads where a datagram shall go: as above, and the peer, as a zeroed address. */
static int read_to(const dgram_socket *socket, const char *address, int port,
                   dgram_address *ret_to) {
  if (!dgram__socket_is_connected(socket)) {
    return dgram__destination_read(socket, address, port, ret_to);
  }
  if (port != 0 || (address != NULL && address[0] != '\0')) return DGRAM_EISCONNECTED;
  *ret_to = no_address;
  return 0;
}

/* ---- copying ---- */

static void flatten(const dgram_datagram *datagram, unsigned char *to) {
  const dgram_buffer *parts = datagram->bytes;

  if (datagram->parts == 0) {
    if (datagram->length > 0) memcpy(to, datagram->bytes, datagram->length);
    return;
  }
  for (uint32_t i = 0; i < datagram->parts; i++) {
    if (parts[i].length == 0) continue;
    memcpy(to, parts[i].bytes, parts[i].length);
    to += parts[i].length;
  }
}

/* Copies payload and info into a block and points the datagram there. */
static int copy_payload(dgram_stack *stack, dgram_datagram *datagram, struct dgram__block **block) {
  const size_t info_size = dgram__send_info_size(datagram->info);
  const size_t size = info_size + datagram->length;
  unsigned char *copy;

  if (size == 0) {
    datagram->bytes = NULL;
    datagram->parts = 0;
    return 0;
  }
  if (size > DGRAM__BLOCK_SIZE) return DGRAM_EMSGSIZE;
  copy = dgram__blocks_take(stack, &stack->host->spares->blocks, size, info_size > 0, block);
  if (copy == NULL) return DGRAM_ENOMEM;
  flatten(datagram, copy + info_size);
  if (info_size > 0) datagram->info = dgram__send_info_copy(datagram->info, copy);
  datagram->bytes = copy + info_size;
  datagram->parts = 0;
  return 0;
}

static int copy_parts(dgram_stack *stack, dgram_datagram *datagram, struct dgram__block **block) {
  const size_t size = datagram->parts * sizeof(dgram_buffer);
  void *copy = dgram__blocks_take(stack, &stack->host->spares->blocks, size, true, block);

  if (copy == NULL) return DGRAM_ENOMEM;
  memcpy(copy, datagram->bytes, size);
  datagram->bytes = copy;
  return 0;
}

/* Rule 4. The caller's bytes may be used until the callback, but not its array of parts, nor the info
 * that holds a path: who needs one of these copied has all copied. */
static int own_payload(dgram_stack *stack, dgram_datagram *datagram, struct dgram__ticket *ticket) {
  const bool borrows = (ticket->cb != NULL && datagram->info == NULL) || ticket->group != NULL;

  if (!borrows || datagram->parts > DGRAM_PARTS_MAX) {
    return copy_payload(stack, datagram, &ticket->block);
  }
  if (datagram->parts == 0 || ticket->group != NULL) return 0;
  return copy_parts(stack, datagram, &ticket->block);
}

/* ---- flushing ---- */

/* A socket that closes before `listening` was told sends all the same. */
static bool can_flush(const dgram_socket *socket) {
  if (!socket->endpoint_bound || socket->life == DGRAM__ENDING) return false;
  return socket->binding_state == DGRAM__BOUND || socket->life == DGRAM__LINGERING;
}

void dgram__send_flush(dgram_socket *socket, uint32_t budget) {
  struct dgram__endpoint *endpoint = socket->endpoint;
  dgram_datagram *list;

  if (socket->queue == NULL || !can_flush(socket)) return;
  socket->queue->fresh_bytes = 0;
  while (budget > 0 && !endpoint->blocked) {
    const uint32_t run = dgram__queue_unsent_run(socket->queue, &list);
    const uint32_t count = run < budget ? run : budget;
    uint32_t done;

    if (count == 0) break;
    done = (uint32_t)dgram__send_unless_blocked(socket, list, count, 0, 0);
    assert(done <= count);
    socket->queue->sent += done;
    budget -= done;
    endpoint->blocked = done < count;
  }
}

/* Whether another turn would get further. What waits for the system or for a lookup would not. */
static bool has_more_to_do(const dgram_socket *socket) {
  const struct dgram__queue *queue = socket->queue;

  if (socket->life == DGRAM__LINGERING && !dgram__send_unsent(socket)) return true;
  if (queue == NULL) return false;
  if (dgram__queue_done(queue) > 0 || queue->strays.failed_first != NULL) return true;
  if (dgram__group_is_due(queue) || queue->strays.lost_code != 0) return true;
  return dgram__queue_unsent(queue) > 0 && !socket->endpoint->blocked && can_flush(socket);
}

void dgram__send_serve(dgram_socket *socket) {
  dgram__send_flush(socket, DGRAM__SEND_TURN);
  dgram__send_complete(socket);
  if (has_more_to_do(socket)) dgram__socket_want_turn(socket);
}

static inline bool holds_a_batch(const dgram_socket *socket) {
  return dgram__queue_unsent(socket->queue) >= DGRAM__SEND_BATCH ||
         socket->queue->fresh_bytes >= DGRAM__SEND_BATCH_BYTES;
}

/* Inside the socket's own callbacks nobody need ask for a turn: they are followed by
 * dgram__send_serve. */
static inline bool is_served(const dgram_socket *socket) {
  return socket->stack->host->serving == socket;
}

/* What an accepted datagram is followed by. */
static __attribute__((noinline)) void on_queued(dgram_socket *socket) {
  if (holds_a_batch(socket)) dgram__send_flush(socket, DGRAM__SEND_TURN);
  if (!is_served(socket)) dgram__socket_want_turn(socket);
}

void dgram__endpoint_sendable(struct dgram__endpoint *endpoint, int first) {
  dgram_socket *socket = dgram__socket_of(endpoint);
  dgram_datagram *list;

  endpoint->blocked = false;
  if (socket->life == DGRAM__ENDING) return;
  if (socket->peer_state == DGRAM__CONNECTING) dgram__socket_want_turn(socket);
  dgram__socket_begin_serving(socket);
  if (first != DGRAM_EAGAIN && dgram__queue_unsent(socket->queue) > 0) {
    (void)dgram__queue_unsent_run(socket->queue, &list);
    list[0].result = first;
    socket->queue->sent++;
  }
  dgram__socket_end_serving(socket);
}

/* ---- queueing ---- */

static inline int reserve(dgram_socket *socket, size_t count) {
  if (socket->queue == NULL) socket->queue = dgram__host_take_queue(socket->stack);
  if (socket->queue == NULL) return DGRAM_ENOMEM;
  return dgram__queue_reserve(socket->stack, &socket->queue, count,
                              &socket->stack->host->spares->deep_queue);
}

static int enqueue(dgram_socket *socket, dgram_datagram *datagram, struct dgram__ticket *ticket) {
  const int code = reserve(socket, 1);

  if (code < 0) return code;
  dgram__queue_push(socket->queue, datagram, ticket);
  return 0;
}

static void unlink_named(struct dgram__named *named) {
  if (named->previous != NULL) {
    named->previous->next = named->next;
  } else {
    named->socket->queue->strays.named = named->next;
  }
  if (named->next != NULL) named->next->previous = named->previous;
}

void dgram__named_fail(struct dgram__named *named, int code, const char *syscall) {
  struct dgram__strays *strays = &named->socket->queue->strays;

  named->datagram.result = code;
  named->ticket.syscall = syscall;
  named->next = NULL;
  if (strays->failed_first != NULL) {
    strays->failed_last->next = named;
  } else {
    strays->failed_first = named;
  }
  strays->failed_last = named;
  dgram__socket_want_turn(named->socket);
}

static void on_lookup_done(struct dgram__waiter *waiter, int status,
                           const dgram_address *addresses) {
  struct dgram__named *named = (struct dgram__named *)waiter;
  const uint16_t port = named->datagram.to.port;
  int code;

  unlink_named(named);
  if (status < 0) {
    dgram__named_fail(named, status, "getaddrinfo");
    return;
  }
  named->datagram.to = addresses[0];
  named->datagram.to.port = port;
  code = enqueue(named->socket, &named->datagram, &named->ticket);
  if (code < 0) {
    dgram__named_fail(named, code, "send");
    return;
  }
  on_queued(named->socket);
}

static int send_named(dgram_socket *socket, const char *name, const dgram_datagram *datagram,
                      const struct dgram__ticket *ticket) {
  const size_t size = strlen(name) + 1;
  struct dgram__named *named;
  int code = reserve(socket, 0);

  if (code < 0) return code;
  named = dgram__malloc(socket->stack, sizeof *named + size);
  if (named == NULL) return DGRAM_ENOMEM;
  *named = (struct dgram__named){.socket = socket, .datagram = *datagram, .ticket = *ticket};
  memcpy(named->name, name, size);
  named->waiter.done = on_lookup_done;
  named->ticket.named = named;
  code = dgram__socket_look_up(socket, name, &named->waiter);
  if (code < 0) {
    dgram__free(socket->stack, named);
    return code;
  }
  named->next = socket->queue->strays.named;
  if (named->next != NULL) named->next->previous = named;
  socket->queue->strays.named = named;
  return 0;
}

/* There is room for it. */
static int queue_copy(dgram_socket *socket, const void *bytes, size_t length,
                      const dgram_address *to) {
  struct dgram__blocks *blocks = &socket->stack->host->spares->blocks;
  struct dgram__block *block = NULL;
  void *copy = NULL;

  if (length > 0) {
    copy = dgram__blocks_take(socket->stack, blocks, length, false, &block);
    if (copy == NULL) return DGRAM_ENOMEM;
    memcpy(copy, bytes, length);
  }
  dgram__queue_push_plain(socket->queue, copy, length, to, NULL, NULL, block);
  return 0;
}

/* One datagram in one piece, to an address. Not inlined, nor is on_queued: a datagram that is usual
 * would save registers for them and need none (1 ns in 28). */
static __attribute__((noinline)) int send_plain(dgram_socket *socket, const void *bytes,
                                                size_t length, const dgram_address *to,
                                                dgram_send_cb cb, void *data) {
  int code = check_bytes(socket, bytes, length);

  if (code == 0) code = check_room(socket, 1, length);
  if (code == 0) code = dgram__bind_implicitly(socket);
  if (code == 0) code = reserve(socket, 1);
  if (code < 0) return code;
  if (cb != NULL) {
    dgram__queue_push_plain(socket->queue, bytes, length, to, cb, data, NULL);
  } else {
    code = queue_copy(socket, bytes, length, to);
    if (code < 0) return code;
  }
  dgram__queued_add(socket, 1, length);
  on_queued(socket);
  return 0;
}

/* Whether a datagram with a callback can go to the queue as it is, where the socket sends there: what
 * bulk is, but for its first one, with which the socket begins to hold the program. */
static inline bool is_usual(const dgram_socket *socket, const void *bytes, size_t length) {
  const struct dgram__queue *queue = socket->queue;
  const struct dgram__counters *stats = &socket->stats;

  return queue != NULL && bytes != NULL && length <= DGRAM__PAYLOAD_MAX_IPV4 &&
         dgram__queue_count(queue) < queue->capacity && stats->queued > 0 &&
         stats->queued < socket->max_queued &&
         stats->queued_bytes + length <= socket->max_queued_bytes;
}

static inline void send_usual(dgram_socket *socket, const void *bytes, size_t length,
                              const dgram_address *to, dgram_send_cb cb, void *data) {
  dgram__queue_push_plain(socket->queue, bytes, length, to, cb, data, NULL);
  dgram__queued_add(socket, 1, length);
  if (holds_a_batch(socket) || !is_served(socket)) on_queued(socket);
}

static int send_to_peer(dgram_socket *socket, const void *bytes, size_t length, dgram_send_cb cb,
                        void *data) {
  if (!dgram__socket_is_connected(socket)) return DGRAM_EARGTYPE;
  if (cb == NULL || !is_usual(socket, bytes, length)) {
    return send_plain(socket, bytes, length, &no_address, cb, data);
  }
  send_usual(socket, bytes, length, &no_address, cb, data);
  return 0;
}

/* One datagram of any kind. name NULL: its destination is an address. */
static int send_one(dgram_socket *socket, dgram_datagram *datagram, const char *name,
                    dgram_send_cb cb, void *data) {
  struct dgram__ticket ticket = {.cb = cb, .data = data, .syscall = "send"};
  int code = check_payload(socket, datagram);

  if (code == 0) code = check_room(socket, 1, datagram->length);
  if (code == 0) code = dgram__bind_implicitly(socket);
  if (code == 0) code = own_payload(socket->stack, datagram, &ticket);
  if (code < 0) return code;
  code = name != NULL ? send_named(socket, name, datagram, &ticket)
                      : enqueue(socket, datagram, &ticket);
  if (code < 0) {
    dgram__blocks_release(socket->stack, &socket->stack->host->spares->blocks, ticket.block);
    return code;
  }
  dgram__queued_add(socket, 1, datagram->length);
  if (name == NULL) on_queued(socket);
  return 0;
}

static int send_by_path(dgram_socket *socket, dgram_datagram *datagram, const char *path,
                        dgram_send_cb cb, void *data) {
  const dgram_send_info info = {.set = DGRAM_SEND_PATH, .path = path};

  datagram->info = &info;
  return send_one(socket, datagram, NULL, cb, data);
}

void dgram__send_fail_all(dgram_socket *socket, int code, const char *syscall) {
  struct dgram__named *oldest_first = NULL;

  if (socket->queue == NULL) return;
  dgram__queue_fail_unsent(socket->queue, code, syscall);
  dgram__socket_want_turn(socket);
  while (socket->queue->strays.named != NULL) {
    struct dgram__named *named = socket->queue->strays.named;
    dgram__lookup_leave(socket->stack, &named->waiter);
    unlink_named(named);
    named->next = oldest_first;
    oldest_first = named;
  }
  while (oldest_first != NULL) {
    struct dgram__named *next = oldest_first->next;
    dgram__named_fail(oldest_first, code, syscall);
    oldest_first = next;
  }
}

bool dgram__send_unsent(const dgram_socket *socket) {
  const struct dgram__queue *queue = socket->queue;

  return queue != NULL && (dgram__queue_unsent(queue) > 0 || queue->strays.named != NULL);
}

/* ---- lists ---- */

/* The caller's, and what is found out while it is checked. */
struct list {
  dgram_datagram *datagrams;
  size_t count;
  size_t run; /* so many at the front are one */
  size_t bytes;
};

/* What holds for the first of a run holds for all of it. */
static int check_list(const dgram_socket *socket, struct list *list) {
  const bool to_any = !dgram__socket_is_connected(socket) && socket->type != DGRAM_UNIX;
  const int family = to_any ? socket->type : NO_FAMILY;
  size_t n;

  if (list->datagrams == NULL && list->count > 0) return DGRAM_EARGTYPE;
  for (size_t i = 0; i < list->count; i += n) {
    dgram_datagram *first = &list->datagrams[i];
    const int code = is_plain(first, family) ? 0 : check_datagram(socket, first);
    if (code < 0) return code;
    n = dgram__run_of(first, list->count - i);
    list->bytes += n * first->length;
    if (i == 0) list->run = n;
  }
  return 0;
}

/* Hands it to the system; returns how many of it are dealt with. */
static size_t try_list(dgram_socket *socket, const struct list *list) {
  return dgram__send_unless_blocked(socket, list->datagrams, list->count, list->run,
                                    DGRAM__SEND_TRY);
}

static bool stands_first(const dgram_socket *socket) {
  return can_flush(socket) && !socket->endpoint->blocked && dgram__queue_unsent(socket->queue) == 0;
}

/* Queues what failed, as done already. */
static void queue_failures(dgram_socket *socket, const struct list *list, size_t done) {
  for (size_t i = 0; i < done; i++) {
    struct dgram__ticket ticket = {.syscall = "send"};
    dgram_datagram failed = list->datagrams[i];
    if (failed.result >= 0) continue;
    failed.bytes = NULL;
    failed.info = dgram__unix_keep_path(socket->stack, failed.info, &ticket.block);
    dgram__queue_push(socket->queue, &failed, &ticket);
    socket->queue->sent++;
    dgram__queued_add(socket, 1, failed.length);
  }
}

/* Takes a list's beginning straight to the stack, where nothing stands before it that has not
 * called back: callbacks come in the order of the calls. Where nobody
 * has a callback, failures become entries of the queue that are done already, so that they are
 * told. */
static size_t send_directly(dgram_socket *socket, const struct list *list,
                            struct dgram__group *group) {
  const uint32_t failed = socket->endpoint->failed;
  size_t done;

  if (!stands_first(socket) || dgram__queue_count(socket->queue) > 0) return 0;
  done = try_list(socket, list);
  if (group != NULL) group->ended = done;
  if (socket->endpoint->failed == failed) return done;
  if (group != NULL) {
    dgram__count_failures(socket, list->datagrams, done);
  } else {
    queue_failures(socket, list, done);
  }
  return done;
}

/* There is room in the queue for all. A group's payload stays where it is; a copy that fails loses
 * its datagram, which is told by `error`. */
static void queue_rest(dgram_socket *socket, const struct list *list, size_t from,
                       struct dgram__group *group) {
  for (size_t i = from; i < list->count; i++) {
    struct dgram__ticket ticket = {.group = group, .syscall = "send"};
    dgram_datagram datagram = list->datagrams[i];
    const int code = own_payload(socket->stack, &datagram, &ticket);
    if (code < 0) {
      socket->queue->strays.lost_code = code;
      dgram__count_failure(socket, code);
      continue;
    }
    dgram__queue_push(socket->queue, &datagram, &ticket);
    if (group == NULL) dgram__queued_add(socket, 1, datagram.length);
  }
}

/* What a list counts for in the queue. An empty one that has a callback still has that to come. */
static size_t weight_of(size_t count, dgram_send_many_cb cb) {
  return count == 0 && cb != NULL ? 1 : count;
}

static struct dgram__group *create_group(dgram_socket *socket, const struct list *list) {
  struct dgram__group *group = dgram__calloc(socket->stack, sizeof *group);

  if (group == NULL) return NULL;
  group->list = list->datagrams;
  group->count = list->count;
  group->bytes = list->bytes;
  return group;
}

static int send_many(dgram_socket *socket, const struct list *list, dgram_send_many_cb cb,
                     void *data) {
  struct dgram__group *group = NULL;
  size_t done;
  int code = reserve(socket, list->count);

  if (code < 0) return code;
  if (cb != NULL) {
    group = create_group(socket, list);
    if (group == NULL) return DGRAM_ENOMEM;
    group->cb = cb;
    group->data = data;
    group->weight = weight_of(list->count, cb);
    dgram__queued_add(socket, group->weight, list->bytes);
  }
  done = send_directly(socket, list, group);
  queue_rest(socket, list, done, group);
  if (group != NULL && done == list->count) dgram__group_done(socket, group);
  on_queued(socket);
  return 0;
}

/* ---- public entry points ---- */

int dgram_send(dgram_socket *socket, const void *bytes, size_t length, int port,
               const char *address, dgram_send_cb cb, void *data) {
  dgram_datagram datagram = {.bytes = bytes, .length = length};
  int code = dgram__socket_check(socket);

  if (code < 0) return code;
  code = read_to(socket, address, port, &datagram.to);
  if (code < 0) return code;
  if (code == 1) return send_one(socket, &datagram, address, cb, data);
  if (datagram.to.family == DGRAM_UNIX) return send_by_path(socket, &datagram, address, cb, data);
  return send_plain(socket, bytes, length, &datagram.to, cb, data);
}

int dgram_send_to(dgram_socket *socket, const void *bytes, size_t length, const dgram_address *to,
                  dgram_send_cb cb, void *data) {
  int code = dgram__socket_check(socket);

  if (code < 0) return code;
  if (to == NULL) return send_to_peer(socket, bytes, length, cb, data);
  if (cb != NULL && socket->sends_to_any && to->family == socket->type && to->port != 0 &&
      is_usual(socket, bytes, length)) {
    send_usual(socket, bytes, length, to, cb, data);
    return 0;
  }
  code = check_to(socket, to);
  return code < 0 ? code : send_plain(socket, bytes, length, to, cb, data);
}

int dgram_send_gather(dgram_socket *socket, const dgram_buffer *parts, size_t count, int port,
                      const char *address, dgram_send_cb cb, void *data) {
  dgram_datagram datagram = {.bytes = parts};
  int code = dgram__socket_check(socket);

  if (code < 0) return code;
  if (parts == NULL && count > 0) return DGRAM_EARGTYPE;
  if (count > UINT32_MAX) return DGRAM_EINVAL;
  datagram.parts = (uint32_t)count;
  for (size_t i = 0; i < count; i++) {
    if (parts[i].length > payload_max(socket) - datagram.length) return DGRAM_EMSGSIZE;
    datagram.length += parts[i].length;
  }
  code = read_to(socket, address, port, &datagram.to);
  if (code < 0) return code;
  if (datagram.to.family == DGRAM_UNIX) return send_by_path(socket, &datagram, address, cb, data);
  return send_one(socket, &datagram, code == 1 ? address : NULL, cb, data);
}

int dgram_send_many(dgram_socket *socket, dgram_datagram *list, size_t count, dgram_send_many_cb cb,
                    void *data) {
  struct list all = {.datagrams = list, .count = count};
  int code = dgram__socket_check(socket);

  if (code < 0) return code;
  code = check_list(socket, &all);
  if (code == 0) code = check_room(socket, weight_of(count, cb), all.bytes);
  if (code == 0) code = dgram__bind_implicitly(socket);
  return code < 0 ? code : send_many(socket, &all, cb, data);
}

int dgram_try_send_many(dgram_socket *socket, dgram_datagram *list, size_t count) {
  struct list all = {.datagrams = list, .count = count};
  size_t done;
  uint32_t failed;
  int code = dgram__socket_check(socket);

  if (code < 0) return code;
  if (count > INT32_MAX) return DGRAM_EINVAL;
  code = check_list(socket, &all);
  if (code == 0) code = dgram__bind_implicitly(socket);
  if (code < 0) return code;
  if (socket->binding_state != DGRAM__BOUND) return DGRAM_EAGAIN;
  if (!stands_first(socket)) return 0;
  failed = socket->endpoint->failed;
  done = try_list(socket, &all);
  if (socket->endpoint->failed != failed) dgram__count_failures(socket, list, done);
  return (int)done;
}
