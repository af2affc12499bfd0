/* A reload goes through the numbers. For each: a new worker is started beside the old one, listens on
 * whatever the old one has, gets the number; the old one is asked to leave; its end begins the next.
 * The new one's end, or a time that is over, ends the reload, and the old one stays. */

#include "cluster/cluster.h"

static struct cluster_slot *slot_of(dgram_cluster *cluster) {
  return &cluster->slots[cluster->reload.number - 1];
}

/* A number whose next start the reload has taken over gets it back. */
static void finish(dgram_cluster *cluster, int code) {
  const dgram_cluster_event event = {.type = DGRAM_CLUSTER_RELOADED, .code = code};
  cluster->reload.under_way = false;
  if (code < 0 && cluster->options.restart && !cluster_slot_is_in_use(slot_of(cluster)))
    cluster_slot_start(slot_of(cluster), cluster->options.restart_pause_max_ms);
  cluster_emit(cluster, &event);
}

static int start_next(dgram_cluster *cluster) {
  struct cluster_reload *reload = &cluster->reload;
  reload->number++;
  (void)dgram_timer_stop(&slot_of(cluster)->start);
  reload->outgoing = NULL;
  reload->incoming = cluster_worker_new(slot_of(cluster));
  if (reload->incoming == NULL) return DGRAM_ENOMEM;
  cluster_worker_set_deadline(reload->incoming, cluster->options.start_timeout_ms);
  return 0;
}

static void step(dgram_cluster *cluster) {
  if (cluster->reload.number == cluster->options.workers) {
    finish(cluster, 0);
    return;
  }
  int code = start_next(cluster);
  if (code < 0) finish(cluster, code);
}

static bool listens_on_all(const struct cluster_worker *worker, const struct cluster_holds *holds) {
  for (unsigned i = 0; i < holds->count; i++) {
    const struct cluster_hold *hold =
        cluster_holds_find(&worker->holds, holds->items[i].handle->id);
    if (hold == NULL || hold->listening == 0) return false;
  }
  return true;
}

static bool is_ready(dgram_cluster *cluster) {
  const struct cluster_worker *incoming = cluster->reload.incoming;
  const struct cluster_slot *slot = slot_of(cluster);
  return incoming->online && listens_on_all(incoming, &slot->kept) &&
         (slot->worker == NULL || listens_on_all(incoming, &slot->worker->holds));
}

void cluster_reload_look(dgram_cluster *cluster) {
  struct cluster_reload *reload = &cluster->reload;
  if (!reload->under_way || reload->incoming == NULL || !is_ready(cluster)) return;
  struct cluster_slot *slot = slot_of(cluster);
  reload->outgoing = slot->worker;
  slot->worker = reload->incoming;
  reload->incoming = NULL;
  cluster_worker_set_deadline(slot->worker, 0);
  if (reload->outgoing != NULL) {
    cluster_worker_stop(reload->outgoing);
  } else {
    step(cluster);
  }
}

/* An old one that ends by itself leaves its sockets to the new one. */
bool cluster_reload_lost(dgram_cluster *cluster, struct cluster_worker *worker) {
  struct cluster_reload *reload = &cluster->reload;
  if (!reload->under_way) return false;
  if (worker == reload->incoming) {
    reload->incoming = NULL;
    finish(cluster, worker->code < 0 ? worker->code : DGRAM_ECONNABORTED);
  } else if (worker == reload->outgoing) {
    reload->outgoing = NULL;
    step(cluster);
  } else if (reload->incoming != NULL && worker == slot_of(cluster)->worker) {
    cluster_slot_inherit(slot_of(cluster), worker);
    slot_of(cluster)->worker = NULL;
    cluster_reload_look(cluster);
  } else {
    return false;
  }
  return true;
}

void cluster_reload_cancel(dgram_cluster *cluster) {
  cluster->reload_cancelled = cluster->reload.under_way;
  cluster->reload = (struct cluster_reload){0};
}

int dgram_cluster_reload(dgram_cluster *cluster) {
  if (cluster == NULL) return DGRAM_EARGTYPE;
  if (cluster->stopping) return DGRAM_ENOTRUNNING;
  if (cluster->reload.under_way) return DGRAM_EALREADY;
  cluster->reload = (struct cluster_reload){.under_way = true};
  int code = start_next(cluster);
  if (code < 0) cluster->reload = (struct cluster_reload){0};
  return code;
}
