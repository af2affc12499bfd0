/* The primary says where they listen, once; each worker says what it has done. Ctrl-C reaches all of
 * them, since they are in one group of processes; the primary's own end asks those who have not heard
 * it. A worker that fails would fail again: then all end. */

#include "workers.h"

#include "address.h"
#include "report.h"

#include <dgram/cluster.h>

#include <signal.h>

struct primary {
  const struct options *options;
  dgram_stack *stack;
  dgram_cluster *cluster; /* NULL: has ended */
  uv_signal_t signals[2];
  bool announced;
  bool ending;
  int exit_code;
};

bool workers_wanted(const struct options *options) {
  return options->workers > 0 && dgram_cluster_worker() == 0;
}

static void end(struct primary *primary, int exit_code) {
  if (primary->ending) {
    return;
  }
  primary->ending = true;
  primary->exit_code = exit_code;
  if (primary->cluster) {
    dgram_cluster_stop(primary->cluster);
  }
}

static void announce(struct primary *primary, const dgram_address *address) {
  char where[ENDPOINT_TEXT];
  if (!primary->announced && !primary->options->quiet) {
    address_text(primary->stack, address, where);
    notice("listening on %s", where);
  }
  primary->announced = true;
}

static void on_exit_of_worker(struct primary *primary, const dgram_cluster_event *event) {
  if (event->code < 0 && event->code != DGRAM_ETIMEDOUT) {
    report_code("worker", event->code, NULL);
  }
  if (event->status != 0 || event->pid == 0) {
    end(primary, EXIT_TROUBLE);
  } else if (event->signal == 0) {
    end(primary, EXIT_OK);
  }
}

static void on_event(dgram_cluster *cluster, const dgram_cluster_event *event, void *data) {
  struct primary *primary = data;
  (void)cluster;
  if (event->type == DGRAM_CLUSTER_LISTENING) {
    announce(primary, &event->address);
  } else if (event->type == DGRAM_CLUSTER_EXIT) {
    on_exit_of_worker(primary, event);
  } else if (event->type == DGRAM_CLUSTER_ENDED) {
    primary->cluster = NULL;
  }
}

static void on_signal(uv_signal_t *handle, int number) {
  (void)number;
  end(handle->data, EXIT_OK);
}

static void watch_signals(struct primary *primary) {
  static const int numbers[] = {SIGINT, SIGTERM};
  for (int i = 0; i < 2; i++) {
    uv_signal_init(uv_default_loop(), &primary->signals[i]);
    primary->signals[i].data = primary;
    uv_signal_start_oneshot(&primary->signals[i], on_signal, numbers[i]);
    uv_unref((uv_handle_t *)&primary->signals[i]);
  }
}

static int start(struct primary *primary) {
  const struct options *options = primary->options;
  dgram_cluster_options cluster = {.workers = (int)options->workers,
                                   .restart = true,
                                   .balance = options->reuse_port ? DGRAM_CLUSTER_HASH
                                                                  : DGRAM_CLUSTER_SHARED,
                                   .on_event = on_event,
                                   .data = primary};
  int code = dgram_uv_stack_create(uv_default_loop(), NULL, &primary->stack);
  if (code == 0) {
    code = dgram_cluster_start(primary->stack, &cluster, &primary->cluster);
  }
  if (code == 0) {
    watch_signals(primary);
    code = dgram_run(primary->stack);
  }
  return code;
}

int workers_run(const struct options *options) {
  struct primary primary = {.options = options};
  int code = start(&primary);
  if (code < 0) {
    report_code("workers", code, NULL);
    return EXIT_TROUBLE;
  }
  return primary.exit_code;
}

/* ---- a worker ---- */

static void on_leave(dgram_stack *stack, int reason, void *data) {
  (void)stack;
  (void)reason;
  session_interrupt(data);
}

int workers_join(struct session *session) {
  const dgram_cluster_join_options join = {.on_leave = on_leave, .data = session};
  if (dgram_cluster_worker() == 0) {
    return 0;
  }
  int code = dgram_cluster_join(session->stack, &join);
  if (code < 0) {
    report_code("workers", code, NULL);
  }
  return code < 0 ? -1 : 0;
}

void workers_leave(void) {
  if (dgram_cluster_worker() != 0) {
    (void)dgram_cluster_leave(); /* it may not have joined */
  }
}
