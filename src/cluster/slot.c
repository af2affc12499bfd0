/* Who has a number, and who comes next. A worker that dies leaves its sockets to its replacement: they
 * stay open, with what waits in them, until the replacement listens on them, or has had the time to. */

#include "cluster/cluster.h"

static uint64_t ms(int value) {
  return (uint64_t)value * DGRAM_MILLISECOND;
}

/* ---- sockets for the next one ---- */

/* Without a worker the time begins again when there is one. */
static void on_give_up(dgram_timer *timer, void *data) {
  struct cluster_slot *slot = data;
  (void)timer;
  if (slot->worker != NULL && slot->worker->online)
    cluster_holds_clear(&slot->cluster->handles, &slot->kept);
}

void cluster_slot_online(struct cluster_slot *slot) {
  dgram_cluster *cluster = slot->cluster;
  if (slot->kept.count == 0 || cluster->stopping) return;
  (void)dgram_timer_start(cluster->stack, &slot->give_up, ms(cluster->options.start_timeout_ms),
                          on_give_up, slot);
}

int cluster_slot_keep(struct cluster_slot *slot, struct cluster_handle *handle) {
  int code = cluster_holds_add(&slot->kept, handle);
  if (code == 0) cluster_slot_online(slot);
  return code;
}

/* What cannot be kept, for want of memory, is given up with the rest of the worker's. */
void cluster_slot_inherit(struct cluster_slot *slot, struct cluster_worker *worker) {
  for (unsigned i = 0; i < worker->holds.count; i++) {
    struct cluster_handle *handle = worker->holds.items[i].handle;
    if (cluster_holds_find(&slot->kept, handle->id) == NULL)
      (void)cluster_holds_add(&slot->kept, handle);
  }
}

void cluster_slot_listening(struct cluster_slot *slot, uint64_t handle) {
  struct cluster_hold *hold = cluster_holds_find(&slot->kept, handle);
  if (hold != NULL) cluster_holds_remove(&slot->cluster->handles, &slot->kept, hold);
}

/* ---- the next one ---- */

static void on_start(dgram_timer *timer, void *data) {
  struct cluster_slot *slot = data;
  (void)timer;
  slot->worker = cluster_worker_new(slot);
  if (slot->worker == NULL && slot->cluster->options.restart) {
    cluster_slot_start(slot, slot->cluster->options.restart_pause_max_ms);
  } else if (slot->worker == NULL) {
    cluster_look_for_end(slot->cluster);
  }
}

void cluster_slot_start(struct cluster_slot *slot, int pause_ms) {
  (void)dgram_timer_start(slot->cluster->stack, &slot->start, ms(pause_ms), on_start, slot);
}

/* Grows while workers end soon. */
static int next_pause(struct cluster_slot *slot, const struct cluster_worker *worker) {
  const dgram_cluster_options *options = &slot->cluster->options;
  uint64_t lived_ns = dgram_now(slot->cluster->stack) - worker->started_ns;
  if (options->restart_pause_ms < 0) return 0;
  if (lived_ns > ms(options->restart_pause_max_ms)) slot->pause_ms = options->restart_pause_ms;
  int pause_ms = slot->pause_ms;
  if (pause_ms > options->restart_pause_max_ms) pause_ms = options->restart_pause_max_ms;
  slot->pause_ms =
      pause_ms > options->restart_pause_max_ms / 2 ? options->restart_pause_max_ms : 2 * pause_ms;
  return pause_ms;
}

void cluster_slot_lost(struct cluster_slot *slot, struct cluster_worker *worker) {
  slot->worker = NULL;
  if (slot->cluster->stopping) return;
  if (!slot->cluster->options.restart) {
    cluster_holds_clear(&slot->cluster->handles, &slot->kept);
    return;
  }
  cluster_slot_inherit(slot, worker);
  cluster_slot_start(slot, next_pause(slot, worker));
}

bool cluster_slot_is_in_use(const struct cluster_slot *slot) {
  return slot->worker != NULL || slot->start.stack != NULL;
}

void cluster_slot_end(struct cluster_slot *slot) {
  (void)dgram_timer_stop(&slot->start);
  (void)dgram_timer_stop(&slot->give_up);
  cluster_holds_clear(&slot->cluster->handles, &slot->kept);
}
