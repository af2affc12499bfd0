/* What a worker's frames mean. What it may not say now, although it is a frame, is as bad as what is
 * none. */

#include "cluster/cluster.h"

/* A worker that dies in a reload before it has the number does not count. */
static bool may_have_number(const struct cluster_worker *worker) {
  return worker->slot->worker == worker || worker->cluster->reload.incoming == worker;
}

static int serve_hello(struct cluster_worker *worker, const struct cluster_frame *frame) {
  if (worker->online || frame->id != worker->id) return DGRAM_EPROTO;
  dgram_cluster_event event = cluster_event_of(worker, DGRAM_CLUSTER_ONLINE);
  worker->online = true;
  if (may_have_number(worker)) cluster_slot_online(worker->slot);
  cluster_emit(worker->cluster, &event);
  cluster_reload_look(worker->cluster);
  return 0;
}

/* ---- binds ---- */

static int refuse(struct cluster_worker *worker, uint64_t id, int code) {
  const struct cluster_frame answer = {.type = CLUSTER_ANSWER, .id = id, .code = code};
  return cluster_channel_send(&worker->channel, &answer, -1);
}

static void release(struct cluster_worker *worker, uint64_t handle) {
  struct cluster_hold *hold = cluster_holds_find(&worker->holds, handle);
  if (hold != NULL) cluster_holds_release(&worker->cluster->handles, &worker->holds, hold);
}

static int give(struct cluster_worker *worker, uint64_t id, const struct cluster_handle *handle) {
  const struct cluster_frame answer = {.type = CLUSTER_ANSWER, .id = id, .handle = handle->id};
  return cluster_channel_send(&worker->channel, &answer, handle->fd);
}

/* A queue that is full: the worker asks more than the window, and does not listen. A closed end is
 * found in reading. A descriptor that cannot be passed is no reason to kill anybody. */
static int serve_bind(struct cluster_worker *worker, const struct cluster_frame *frame) {
  struct cluster_handle *handle;
  int code = cluster_share(worker, frame, &handle);
  if (code == 0) {
    code = give(worker, frame->id, handle);
    if (code == 0) return 0;
    release(worker, handle->id);
  }
  if (code == DGRAM_EPIPE || code == DGRAM_ECONNRESET) return 0;
  code = refuse(worker, frame->id, code);
  return code == DGRAM_ENOBUFS ? DGRAM_EPROTO : 0;
}

/* Once for each bind. */
static int serve_listening(struct cluster_worker *worker, const struct cluster_frame *frame) {
  struct cluster_hold *hold = cluster_holds_find(&worker->holds, frame->handle);
  if (hold == NULL || hold->listening == hold->count) return DGRAM_EPROTO;
  dgram_cluster_event event = cluster_event_of(worker, DGRAM_CLUSTER_LISTENING);
  hold->listening++;
  event.address = frame->address;
  if (may_have_number(worker)) cluster_slot_listening(worker->slot, frame->handle);
  cluster_emit(worker->cluster, &event);
  cluster_reload_look(worker->cluster);
  return 0;
}

static int serve_release(struct cluster_worker *worker, const struct cluster_frame *frame) {
  struct cluster_hold *hold = cluster_holds_find(&worker->holds, frame->handle);
  if (hold == NULL) return DGRAM_EPROTO;
  cluster_holds_release(&worker->cluster->handles, &worker->holds, hold);
  return 0;
}

static int serve_leaving(struct cluster_worker *worker) {
  if (worker->leaving) return DGRAM_EPROTO;
  dgram_cluster_event event = cluster_event_of(worker, DGRAM_CLUSTER_LEAVING);
  worker->leaving = true;
  if (!worker->asked) cluster_worker_set_deadline(worker, worker->cluster->options.stop_timeout_ms);
  cluster_emit(worker->cluster, &event);
  return 0;
}

int cluster_serve(struct cluster_worker *worker, const struct cluster_frame *frame) {
  if (frame->type == CLUSTER_HELLO) return serve_hello(worker, frame);
  if (!worker->online) return DGRAM_EPROTO;
  switch (frame->type) {
  case CLUSTER_BIND:
    return serve_bind(worker, frame);
  case CLUSTER_LISTENING:
    return serve_listening(worker, frame);
  case CLUSTER_RELEASE:
    return serve_release(worker, frame);
  case CLUSTER_LEAVING:
    return serve_leaving(worker);
  default:
    return DGRAM_EPROTO;
  }
}
