/* A worker: who this process is, and the binder of its stacks.
 *
 * Happy path of a bind: the binder makes a record, asks the primary, the answer brings a descriptor,
 * which the socket takes; when it listens the primary is told, and when it is closed, too. At most a
 * window of requests is under way, the others wait here.
 *
 * Failure modes: the socket is closed before the answer: the record waits for it all the same, closes
 * the descriptor and releases the handle. The descriptor is not adopted: the socket lives on, and its
 * record until it is bound anew or closed. The primary dies: what waits fails, and the worker is told to
 * leave. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/channel.h"
#include "cluster/cluster.h"
#include "cluster/limits.h"
#include "cluster/system.h"

enum record_state {
  WAITING, /* for a place in the window */
  ASKED,   /* the primary */
  HELD,    /* the handle is this record's */
  ORPHANED /* asked, and its socket is closed */
};

struct record {
  struct record *next; /* in the order of asking */
  struct record *previous;
  enum record_state state;
  dgram_socket *socket;
  dgram_stack *stack;
  uint64_t binder_id;
  struct cluster_frame bind; /* its id is the record's */
  uint64_t handle;           /* while HELD */
};

/* The identity that rule 12 allows, and what hangs on it. */
static struct worker {
  bool known; /* the environment was read */
  int number; /* 0: none */
  uint64_t id;
  bool joined;
  bool leaving;
  struct cluster_channel channel;
  dgram_stack *stack; /* the first that joined, as it was given */
  uv_loop_t *loop;
  dgram_cluster_join_options options;
  struct record *first;
  struct record *last;
  unsigned asked;
  uint64_t ids;
} self = {.channel.fd = -1};

/* ---- identity ---- */

/* Reads "<version> <number> <id>". What it does not like is somebody else's. */
static void read_variable(const char *text) {
  int version, number, length = 0;
  uint64_t id;
  if (sscanf(text, "%d %d %" SCNu64 "%n", &version, &number, &id, &length) != 3) return;
  if (text[length] != '\0' || version != CLUSTER_FRAME_VERSION) return;
  if (number < 1 || number > CLUSTER_WORKERS_MAX || id == 0) return;
  self.number = number;
  self.id = id;
}

static void know(void) {
  if (self.known) return;
  self.known = true;
  const char *text = getenv(CLUSTER_VARIABLE);
  if (text != NULL) read_variable(text);
}

int dgram_cluster_worker(void) {
  know();
  return self.number;
}

uint64_t dgram_cluster_worker_id(void) {
  know();
  return self.id;
}

/* ---- records ---- */

static void link_record(struct record *record) {
  record->previous = self.last;
  *(self.last != NULL ? &self.last->next : &self.first) = record;
  self.last = record;
}

static void finish_leaving(void);

static void free_record(struct record *record) {
  *(record->previous != NULL ? &record->previous->next : &self.first) = record->next;
  *(record->next != NULL ? &record->next->previous : &self.last) = record->previous;
  free(record);
  if (self.leaving && self.first == NULL) finish_leaving();
}

static struct record *find_socket(const dgram_socket *socket) {
  struct record *record = self.first;
  while (record != NULL && (record->socket != socket || record->state == ORPHANED))
    record = record->next;
  return record;
}

static struct record *find_asked(uint64_t id) {
  struct record *record = self.first;
  while (record != NULL &&
         (record->bind.id != id || record->state == WAITING || record->state == HELD))
    record = record->next;
  return record;
}

/* What cannot be said is not said: the primary is gone, and reading finds that. */
static void say(uint8_t type, const struct record *record, const dgram_address *address) {
  struct cluster_frame frame = {.type = type, .id = self.id};
  if (record != NULL) frame.handle = record->handle;
  if (address != NULL) frame.address = *address;
  (void)cluster_channel_send(&self.channel, &frame, -1);
}

static void on_listening(dgram_socket *socket, void *data) {
  const struct record *record = data;
  dgram_address local;
  if (record->state == HELD && dgram_local_address(socket, &local) == 0)
    say(CLUSTER_LISTENING, record, &local);
}

static void on_socket_closed(dgram_socket *socket, void *data) {
  struct record *record = data;
  (void)socket;
  if (record->state == ASKED) {
    record->state = ORPHANED;
    if (self.leaving || self.channel.fd < 0) free_record(record);
    return;
  }
  if (record->state == HELD) say(CLUSTER_RELEASE, record, NULL);
  free_record(record);
}

/* The socket wants nothing more of it. */
static void end_record(struct record *record) {
  (void)dgram_off_close(record->socket, on_socket_closed, record);
  (void)dgram_off_listening(record->socket, on_listening, record);
  free_record(record);
}

/* ---- asking ---- */

static void fail(struct record *record, int code) {
  dgram_stack *stack = record->stack;
  uint64_t id = record->binder_id;
  end_record(record);
  (void)dgram_binder_answer(stack, id, code); /* nobody waits: it is closed */
}

/* Fills the window. */
static void ask(void) {
  struct record *next;
  for (struct record *record = self.first; record != NULL; record = next) {
    next = record->next;
    if (self.asked == CLUSTER_WINDOW) return;
    if (record->state != WAITING) continue;
    int code = cluster_channel_send(&self.channel, &record->bind, -1);
    if (code == 0) {
      record->state = ASKED;
      self.asked++;
    } else {
      fail(record, code);
    }
  }
}

static struct record *make_record(dgram_stack *stack, const dgram_bind_request *request) {
  struct record *record = calloc(1, sizeof *record);
  if (record == NULL) return NULL;
  record->socket = request->socket;
  record->stack = stack;
  record->binder_id = request->id;
  record->bind = (struct cluster_frame){
      .type = CLUSTER_BIND, .id = ++self.ids, .index = request->index, .address = request->address};
  if (request->reuse_addr) record->bind.flags |= CLUSTER_REUSE_ADDR;
  if (request->ipv6_only) record->bind.flags |= CLUSTER_IPV6_ONLY;
  return record;
}

/* A record of the same socket is of a bind that has failed: its handle is given back first. */
static void end_former(const dgram_socket *socket) {
  struct record *record = find_socket(socket);
  if (record == NULL) return;
  if (record->state == HELD) say(CLUSTER_RELEASE, record, NULL);
  end_record(record);
}

static int binder(dgram_stack *stack, const dgram_bind_request *request, void *data) {
  (void)data;
  if (request->exclusive) return 1;
  if (self.leaving || self.channel.fd < 0) return DGRAM_EPIPE;
  end_former(request->socket);
  struct record *record = make_record(stack, request);
  if (record == NULL) return DGRAM_ENOMEM;
  int code = dgram_on_close(request->socket, on_socket_closed, record);
  if (code < 0) {
    free(record);
    return code;
  }
  link_record(record);
  ask();
  return 0;
}

/* ---- answers ---- */

static void give_back(struct record *record, int fd) {
  if (fd >= 0) cluster_sys_close(fd);
  say(CLUSTER_RELEASE, record, NULL);
}

static void hand_over(struct record *record, int fd) {
  record->state = HELD;
  int code = dgram_once_listening(record->socket, on_listening, record);
  if (code < 0 && code != DGRAM_ENOTRUNNING) {
    give_back(record, fd);
    fail(record, code);
    return;
  }
  code = dgram_binder_answer(record->stack, record->binder_id, fd);
  if (code < 0 && code != DGRAM_ENOENT) cluster_sys_close(fd);
}

/* A handle without a descriptor: this process has no number left for it. */
static int on_answer(const struct cluster_frame *frame, int fd) {
  struct record *record = find_asked(frame->id);
  if (record == NULL || (frame->code < 0 && fd >= 0)) {
    if (fd >= 0) cluster_sys_close(fd);
    return self.leaving ? 0 : DGRAM_EPROTO; /* who leaves has forgotten what it asked */
  }
  self.asked--;
  record->handle = frame->handle;
  if (record->state == ORPHANED) {
    if (frame->code == 0) give_back(record, fd);
    free_record(record);
  } else if (frame->code < 0) {
    fail(record, frame->code);
  } else if (fd < 0) {
    give_back(record, fd);
    fail(record, DGRAM_EMFILE);
  } else {
    hand_over(record, fd);
  }
  ask();
  return 0;
}

/* ---- leaving ---- */

static void close_channel(void) {
  if (self.channel.fd >= 0) cluster_channel_close(&self.channel);
}

static void finish_leaving(void) {
  close_channel();
  (void)dgram_stop(self.stack); /* the default one may be gone */
}

/* What nobody will answer any more. Those whose sockets are closed are waited for by nobody. */
static void fail_asked(int code) {
  struct record *next;
  for (struct record *record = self.first; record != NULL; record = next) {
    next = record->next;
    if (record->state == ORPHANED) {
      free_record(record);
    } else if (record->state != HELD) {
      fail(record, code);
    }
  }
  self.asked = 0;
}

int dgram_cluster_leave(void) {
  if (!self.joined) return DGRAM_ENOENT;
  if (self.leaving) return DGRAM_EALREADY;
  say(CLUSTER_LEAVING, NULL, NULL);
  fail_asked(DGRAM_EPIPE);
  self.leaving = true;
  for (struct record *record = self.first; record != NULL; record = record->next)
    (void)dgram_close(record->socket, NULL, NULL); /* it closes already, perhaps */
  if (self.first == NULL) finish_leaving();
  return 0;
}

static void tell_to_leave(int reason) {
  if (self.leaving) return;
  if (self.options.on_leave != NULL) {
    self.options.on_leave(self.stack, reason, self.options.data);
  } else {
    (void)dgram_cluster_leave();
  }
}

/* ---- the channel ---- */

static int on_frame(struct cluster_channel *channel, const struct cluster_frame *frame, int fd) {
  (void)channel;
  if (frame->type == CLUSTER_ANSWER) return on_answer(frame, fd);
  if (fd >= 0) cluster_sys_close(fd);
  if (frame->type != CLUSTER_STOP || fd >= 0) return DGRAM_EPROTO;
  tell_to_leave(DGRAM_CLUSTER_STOPPED);
  return 0;
}

static void on_channel_ended(struct cluster_channel *channel, int code) {
  (void)channel;
  (void)code;
  close_channel();
  fail_asked(DGRAM_EPIPE);
  tell_to_leave(DGRAM_CLUSTER_PRIMARY_GONE);
}

static void on_channel_closed(struct cluster_channel *channel) {
  (void)channel;
}

static const struct cluster_channel_events channel_events = {on_frame, on_channel_ended,
                                                             on_channel_closed};

/* ---- joining ---- */

/* The stack may be made for this. */
static uv_loop_t *loop_of(dgram_stack *stack) {
  (void)dgram_now(stack);
  return stack == NULL ? uv_default_loop() : dgram_uv_stack_loop(stack);
}

/* It does not keep the loop: a worker without sockets ends. */
static int open_channel(uv_loop_t *loop) {
  int code = cluster_sys_take_channel(CLUSTER_CHANNEL_FD);
  if (code < 0) return DGRAM_ENOENT;
  code = cluster_channel_open(&self.channel, loop, CLUSTER_CHANNEL_FD, CLUSTER_WORKER_QUEUE_MAX,
                              true, &channel_events);
  if (code == 0) uv_unref((uv_handle_t *)&self.channel.poll);
  return code;
}

static int copy_options(const dgram_cluster_join_options *options, size_t size,
                        dgram_cluster_join_options *ret_options) {
  const size_t known = sizeof *ret_options;
  *ret_options = (dgram_cluster_join_options){0};
  if (options == NULL) return 0;
  for (size_t i = known; i < size; i++) {
    if (((const unsigned char *)options)[i] != 0) return DGRAM_EINVAL;
  }
  memcpy(ret_options, options, size < known ? size : known);
  return 0;
}

static int join_first(dgram_stack *stack, uv_loop_t *loop,
                      const dgram_cluster_join_options *options) {
  int code = open_channel(loop);
  if (code < 0) return code;
  cluster_sys_forget(CLUSTER_VARIABLE);
  self.joined = true;
  self.stack = stack;
  self.loop = loop;
  self.options = *options;
  say(CLUSTER_HELLO, NULL, NULL);
  return 0;
}

int dgram_cluster_join_sized(dgram_stack *stack, const dgram_cluster_join_options *options,
                             size_t size) {
  dgram_cluster_join_options complete;
  int code = copy_options(options, size, &complete);
  if (code < 0) return code;
  if (dgram_cluster_worker() == 0) return DGRAM_ENOENT;
  uv_loop_t *loop = loop_of(stack);
  if (loop == NULL || (self.joined && loop != self.loop)) return DGRAM_EINVAL;
  if (!self.joined) code = join_first(stack, loop, &complete);
  if (code < 0) return code;
  if (self.leaving || self.channel.fd < 0) return DGRAM_EPIPE;
  return dgram_stack_set_binder(stack, binder, NULL);
}
