/* A worker's process.
 *
 * cluster_worker_new -> frames -> (cluster_worker_stop) -> its end -> EXIT -> memory
 *
 * The end is told by libuv, once for each process that was started; where none could be started a
 * timer stands in for it. Whatever goes wrong with a process, it is killed, and goes the same way. */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cluster/cluster.h"
#include "cluster/system.h"

/* ---- the end ---- */

static void free_worker(struct cluster_worker *worker) {
  dgram_cluster *cluster = worker->cluster;
  struct cluster_worker **link = &cluster->workers;
  while (*link != worker)
    link = &(*link)->next;
  *link = worker->next;
  free(worker);
  cluster_look_for_end(cluster);
}

static void one_handle_less(struct cluster_worker *worker) {
  if (--worker->handles == 0) free_worker(worker);
}

static void on_process_closed(uv_handle_t *handle) {
  one_handle_less(handle->data);
}

static void close_handles(struct cluster_worker *worker) {
  if (worker->handles == 0) { /* it did not get that far */
    free_worker(worker);
    return;
  }
  if (worker->channel.fd >= 0) cluster_channel_close(&worker->channel);
  uv_close((uv_handle_t *)&worker->process, on_process_closed);
}

/* The callbacks may do anything to the cluster but free this worker, which still has its handles. */
static void ended(struct cluster_worker *worker, int status, int signal) {
  dgram_cluster *cluster = worker->cluster;
  dgram_cluster_event event = cluster_event_of(worker, DGRAM_CLUSTER_EXIT);
  cluster_channel_read(&worker->channel);
  worker->exited = true;
  (void)dgram_timer_stop(&worker->deadline);
  event.status = status;
  event.signal = signal;
  event.code = worker->code;
  cluster_emit(cluster, &event);
  if (!cluster_reload_lost(cluster, worker) && worker->slot->worker == worker)
    cluster_slot_lost(worker->slot, worker);
  cluster_holds_clear(&cluster->handles, &worker->holds);
  close_handles(worker);
}

static void on_ended(uv_process_t *process, int64_t status, int signal) {
  ended(process->data, (int)status, signal);
}

static void on_never_started(dgram_timer *timer, void *data) {
  (void)timer;
  ended(data, 0, 0);
}

/* ---- killing ---- */

void cluster_worker_kill(struct cluster_worker *worker, int code) {
  if (worker->pid == 0 || worker->exited) return;
  if (worker->code == 0) worker->code = code;
  /* Fails where it has ended, which is told soon. */
  (void)uv_process_kill(&worker->process, SIGKILL);
}

static void on_deadline(dgram_timer *timer, void *data) {
  (void)timer;
  cluster_worker_kill(data, DGRAM_ETIMEDOUT);
}

void cluster_worker_set_deadline(struct cluster_worker *worker, int timeout_ms) {
  if (worker->pid == 0 || worker->exited) return;
  if (timeout_ms == 0) {
    (void)dgram_timer_stop(&worker->deadline);
    return;
  }
  (void)dgram_timer_start(worker->cluster->stack, &worker->deadline,
                          (uint64_t)timeout_ms * DGRAM_MILLISECOND, on_deadline, worker);
}

/* Who has not joined would not hear it. */
void cluster_worker_stop(struct cluster_worker *worker) {
  const struct cluster_frame stop = {.type = CLUSTER_STOP, .id = worker->id};
  if (worker->asked || worker->pid == 0 || worker->exited) return;
  worker->asked = true;
  if (!worker->online || cluster_channel_send(&worker->channel, &stop, -1) < 0)
    (void)uv_process_kill(&worker->process, SIGTERM);
  cluster_worker_set_deadline(worker, worker->cluster->options.stop_timeout_ms);
}

/* ---- the channel ---- */

static struct cluster_worker *worker_of(struct cluster_channel *channel) {
  return (struct cluster_worker *)((char *)channel - offsetof(struct cluster_worker, channel));
}

static int on_frame(struct cluster_channel *channel, const struct cluster_frame *frame, int fd) {
  assert(fd < 0); /* the channel takes none */
  (void)fd;
  return cluster_serve(worker_of(channel), frame);
}

static bool is_closing(int code) {
  return code == 0 || code == DGRAM_EPIPE || code == DGRAM_ECONNRESET;
}

/* Who has closed its end is about to end; it may take as long as one who was asked to. */
static void on_channel_ended(struct cluster_channel *channel, int code) {
  struct cluster_worker *worker = worker_of(channel);
  if (!is_closing(code)) {
    cluster_worker_kill(worker, code);
  } else if (!worker->asked) {
    cluster_worker_set_deadline(worker, worker->cluster->options.stop_timeout_ms);
  }
}

static void on_channel_closed(struct cluster_channel *channel) {
  one_handle_less(worker_of(channel));
}

static const struct cluster_channel_events channel_events = {on_frame, on_channel_ended,
                                                             on_channel_closed};

static int open_channel(struct cluster_worker *worker, int fd) {
  int code = cluster_channel_open(&worker->channel, worker->cluster->loop, fd,
                                  CLUSTER_PRIMARY_QUEUE_MAX, false, &channel_events);
  if (code == 0) worker->handles++;
  return code;
}

/* ---- the beginning ---- */

/* A standard descriptor that is closed here is /dev/null there. */
static void choose_descriptors(uv_stdio_container_t *stdio, int channel) {
  for (int fd = 0; fd < CLUSTER_CHANNEL_FD; fd++) {
    stdio[fd].flags = cluster_sys_is_open(fd) ? UV_INHERIT_FD : UV_IGNORE;
    stdio[fd].data.fd = fd;
  }
  stdio[CLUSTER_CHANNEL_FD].flags = UV_INHERIT_FD;
  stdio[CLUSTER_CHANNEL_FD].data.fd = channel;
}

static int spawn(struct cluster_worker *worker, int channel) {
  char entry[CLUSTER_VARIABLE_SIZE];
  uv_stdio_container_t stdio[CLUSTER_CHANNEL_FD + 1];
  snprintf(entry, sizeof entry, "%s=%d %d %" PRIu64, CLUSTER_VARIABLE, CLUSTER_FRAME_VERSION,
           worker->slot->number, worker->id);
  const char **environment = cluster_sys_environment(CLUSTER_VARIABLE, entry);
  if (environment == NULL) return DGRAM_ENOMEM;
  choose_descriptors(stdio, channel);
  uv_process_options_t options = {.exit_cb = on_ended,
                                  .file = worker->cluster->program,
                                  .args = worker->cluster->args,
                                  .env = (char **)environment,
                                  .stdio = stdio,
                                  .stdio_count = CLUSTER_CHANNEL_FD + 1};
  worker->process.data = worker;
  worker->handles++; /* whether it starts or not */
  int code = uv_spawn(worker->cluster->loop, &worker->process, &options);
  if (code == 0) worker->pid = uv_process_get_pid(&worker->process);
  free(environment);
  return code;
}

static int start(struct cluster_worker *worker) {
  int ends[2];
  int code = cluster_sys_pair(ends);
  if (code < 0) return code;
  code = spawn(worker, ends[1]);
  cluster_sys_close(ends[1]);
  if (code == 0) code = open_channel(worker, ends[0]);
  if (code < 0) cluster_sys_close(ends[0]);
  return code;
}

struct cluster_worker *cluster_worker_new(struct cluster_slot *slot) {
  dgram_cluster *cluster = slot->cluster;
  struct cluster_worker *worker = calloc(1, sizeof *worker);
  if (worker == NULL) return NULL;
  *worker = (struct cluster_worker){.next = cluster->workers,
                                    .cluster = cluster,
                                    .slot = slot,
                                    .channel.fd = -1,
                                    .id = ++cluster->ids,
                                    .started_ns = dgram_now(cluster->stack)};
  cluster->workers = worker;
  int code = start(worker);
  if (worker->pid != 0 && code < 0) {
    cluster_worker_kill(worker, code);
  } else if (code < 0) {
    worker->code = code;
    (void)dgram_timer_start(cluster->stack, &worker->deadline, 0, on_never_started, worker);
  }
  return worker;
}
