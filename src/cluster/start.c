/* A cluster's begin and end.
 *
 * dgram_cluster_start makes the struct and sets the slots' timers; all else comes from the loop. The
 * end: no process is left and none will be started; then the timer that keeps dgram_run rings at once,
 * ENDED is emitted and everything freed. */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/cluster.h"
#include "cluster/system.h"

/* ---- events ---- */

void cluster_emit(dgram_cluster *cluster, const dgram_cluster_event *event) {
  if (cluster->options.on_event != NULL)
    cluster->options.on_event(cluster, event, cluster->options.data);
}

dgram_cluster_event cluster_event_of(const struct cluster_worker *worker, int type) {
  return (dgram_cluster_event){
      .type = type, .number = worker->slot->number, .id = worker->id, .pid = worker->pid};
}

/* ---- the end ---- */

static void free_cluster(dgram_cluster *cluster) {
  for (int i = 0; cluster->slots != NULL && i < cluster->options.workers; i++)
    cluster_slot_end(&cluster->slots[i]);
  cluster_holds_clear(&cluster->handles, &cluster->offered);
  assert(cluster->handles.count == 0);
  free(cluster->slots);
  free(cluster->args);
  free(cluster->text);
  free(cluster->program);
  free(cluster);
}

static bool is_over(const dgram_cluster *cluster) {
  if (cluster->workers != NULL) return false;
  for (int i = 0; i < cluster->options.workers && !cluster->stopping; i++) {
    if (cluster->slots[i].start.stack != NULL) return false; /* it runs */
  }
  return true;
}

static void on_hold(dgram_timer *timer, void *data);

static void keep_running(dgram_cluster *cluster) {
  (void)dgram_timer_start(cluster->stack, &cluster->hold, 3600 * DGRAM_SECOND, on_hold, cluster);
}

/* The timer rings once an hour, and when somebody wants to know whether this is the end. */
static void on_hold(dgram_timer *timer, void *data) {
  dgram_cluster *cluster = data;
  (void)timer;
  if (!is_over(cluster)) {
    keep_running(cluster);
    return;
  }
  cluster->stopping = true; /* nothing may be begun in the last callbacks */
  if (cluster->reload_cancelled)
    cluster_emit(cluster,
                 &(dgram_cluster_event){.type = DGRAM_CLUSTER_RELOADED, .code = DGRAM_ECANCELED});
  cluster_emit(cluster, &(dgram_cluster_event){.type = DGRAM_CLUSTER_ENDED});
  free_cluster(cluster);
}

void cluster_look_for_end(dgram_cluster *cluster) {
  if (is_over(cluster))
    (void)dgram_timer_start(cluster->stack, &cluster->hold, 0, on_hold, cluster);
}

/* ---- options ---- */

static int copy_options(const dgram_cluster_options *options, size_t size,
                        dgram_cluster_options *ret_options) {
  const size_t known = sizeof *ret_options;
  *ret_options = (dgram_cluster_options){0};
  if (options == NULL) return 0;
  for (size_t i = known; i < size; i++) {
    if (((const unsigned char *)options)[i] != 0) return DGRAM_EINVAL;
  }
  memcpy(ret_options, options, size < known ? size : known);
  return 0;
}

static int default_to(int value, int fallback) {
  return value == 0 ? fallback : value;
}

static int complete_options(dgram_cluster_options *options) {
  if (options->workers < 0 || options->workers > CLUSTER_WORKERS_MAX) return DGRAM_EINVAL;
  if (options->restart_pause_max_ms < 0 || options->stop_timeout_ms < 0) return DGRAM_EINVAL;
  if (options->start_timeout_ms < 0 || options->disable & ~(uint32_t)DGRAM_DISABLE_GRO)
    return DGRAM_EINVAL;
  if (options->balance < DGRAM_CLUSTER_SHARED || options->balance > DGRAM_CLUSTER_RXHASH)
    return DGRAM_EINVAL;
  if (options->workers == 0) options->workers = (int)uv_available_parallelism();
  if (options->workers > CLUSTER_WORKERS_MAX) options->workers = CLUSTER_WORKERS_MAX;
  options->restart_pause_ms = default_to(options->restart_pause_ms, CLUSTER_RESTART_PAUSE_MS);
  options->restart_pause_max_ms =
      default_to(options->restart_pause_max_ms, CLUSTER_RESTART_PAUSE_MAX_MS);
  options->stop_timeout_ms = default_to(options->stop_timeout_ms, CLUSTER_STOP_TIMEOUT_MS);
  options->start_timeout_ms = default_to(options->start_timeout_ms, CLUSTER_START_TIMEOUT_MS);
  return 0;
}

static bool has_word(const char *text, const char *word) {
  const size_t length = strlen(word);
  while (text != NULL && *text != '\0') {
    const size_t here = strcspn(text, ", ");
    if (here == length && memcmp(text, word, length) == 0) return true;
    text += here + strspn(text + here, ", ");
  }
  return false;
}

/* Workers have this environment: who of them would not split is known from it. */
static bool splits_nothing(void) {
  const char *stack = getenv("DGRAM_STACK");
  return (stack != NULL && strcmp(stack, "uv") == 0) || has_word(getenv("DGRAM_DISABLE"), "gro");
}

/* ---- what workers run ---- */

/* The path of this program's file. Where that was replaced meanwhile, a new worker runs the new
 * one. */
static int find_program(dgram_cluster *cluster) {
  const char *given = cluster->options.program;
  size_t size = 4096;
  cluster->program = given != NULL ? strdup(given) : malloc(size);
  if (cluster->program == NULL) return DGRAM_ENOMEM;
  if (given == NULL) {
    int code = uv_exepath(cluster->program, &size);
    if (code < 0) return code;
  }
  return cluster_sys_check_program(cluster->program);
}

/* Makes args of strings that lie one behind another. */
static int list_args(dgram_cluster *cluster, size_t length) {
  size_t count = 0;
  for (size_t i = 0; i < length; i++)
    count += cluster->text[i] == '\0';
  cluster->args = calloc(count + 1, sizeof *cluster->args);
  if (cluster->args == NULL) return DGRAM_ENOMEM;
  char *at = cluster->text;
  for (size_t i = 0; i < count; i++, at += strlen(at) + 1)
    cluster->args[i] = at;
  return 0;
}

static int own_args(dgram_cluster *cluster) {
  cluster->text = malloc(CLUSTER_ARGUMENTS_MAX);
  if (cluster->text == NULL) return DGRAM_ENOMEM;
  int length = cluster_sys_arguments(cluster->text, CLUSTER_ARGUMENTS_MAX);
  return length < 0 ? length : list_args(cluster, (size_t)length);
}

static int given_args(dgram_cluster *cluster, const char *const *args) {
  size_t size = 0;
  for (size_t i = 0; args[i] != NULL; i++)
    size += strlen(args[i]) + 1;
  cluster->text = malloc(size + 1);
  if (cluster->text == NULL) return DGRAM_ENOMEM;
  char *at = cluster->text;
  for (size_t i = 0; args[i] != NULL; i++) {
    const size_t length = strlen(args[i]) + 1;
    memcpy(at, args[i], length);
    at += length;
  }
  return list_args(cluster, size);
}

static int find_args(dgram_cluster *cluster) {
  const char *const *given = cluster->options.args;
  return given == NULL ? own_args(cluster) : given_args(cluster, given);
}

/* ---- start ---- */

/* The stack may be made for this; the time is asked for the sake of that. */
static int find_loop(dgram_cluster *cluster) {
  (void)dgram_now(cluster->stack);
  cluster->loop = cluster->stack == NULL ? uv_default_loop() : dgram_uv_stack_loop(cluster->stack);
  return cluster->loop == NULL ? DGRAM_EINVAL : 0;
}

static int make_slots(dgram_cluster *cluster) {
  cluster->slots = calloc((size_t)cluster->options.workers, sizeof *cluster->slots);
  if (cluster->slots == NULL) return DGRAM_ENOMEM;
  for (int i = 0; i < cluster->options.workers; i++) {
    cluster->slots[i].cluster = cluster;
    cluster->slots[i].number = i + 1;
    cluster->slots[i].pause_ms = cluster->options.restart_pause_ms;
  }
  return 0;
}

static int begin(dgram_cluster *cluster) {
  int code = find_loop(cluster);
  if (code == 0) code = find_program(cluster);
  if (code == 0) code = find_args(cluster);
  if (code == 0) code = make_slots(cluster);
  if (code == 0)
    code = dgram_timer_start(cluster->stack, &cluster->hold, 3600 * DGRAM_SECOND, on_hold, cluster);
  return code;
}

int dgram_cluster_start_sized(dgram_stack *stack, const dgram_cluster_options *options, size_t size,
                              dgram_cluster **ret_cluster) {
  dgram_cluster_options complete;
  int code = copy_options(options, size, &complete);
  if (code == 0) code = complete_options(&complete);
  if (code < 0) return code;
  if (splits_nothing()) complete.disable |= DGRAM_DISABLE_GRO;
  dgram_cluster *cluster = calloc(1, sizeof *cluster);
  if (cluster == NULL) return DGRAM_ENOMEM;
  cluster->stack = stack;
  cluster->options = complete;
  code = begin(cluster);
  if (code < 0) {
    free_cluster(cluster);
    return code;
  }
  for (int i = 0; i < cluster->options.workers; i++)
    cluster_slot_start(&cluster->slots[i], 0);
  if (ret_cluster != NULL) *ret_cluster = cluster;
  return 0;
}

/* ---- stop, offer ---- */

int dgram_cluster_stop(dgram_cluster *cluster) {
  if (cluster == NULL) return DGRAM_EARGTYPE;
  if (cluster->stopping) return DGRAM_ENOTRUNNING;
  cluster->stopping = true;
  cluster_reload_cancel(cluster);
  for (int i = 0; i < cluster->options.workers; i++)
    cluster_slot_end(&cluster->slots[i]);
  for (struct cluster_worker *worker = cluster->workers; worker != NULL; worker = worker->next)
    cluster_worker_stop(worker);
  cluster_look_for_end(cluster);
  return 0;
}

/* Several of one address are those of several indices. */
static struct cluster_key free_key(const dgram_cluster *cluster, const dgram_address *address) {
  struct cluster_key key = {.address = *address};
  while (cluster_handle_find(&cluster->handles, &key) != NULL)
    key.index++;
  return key;
}

int dgram_cluster_offer(dgram_cluster *cluster, int fd) {
  struct cluster_handle *handle;
  dgram_address local;
  if (cluster == NULL) return DGRAM_EARGTYPE;
  if (cluster->stopping) return DGRAM_ENOTRUNNING;
  if (cluster->offered.count == CLUSTER_HOLDS_MAX) return DGRAM_ENOBUFS;
  int code = cluster_sys_take_socket(fd, &local);
  if (code < 0) return code;
  struct cluster_key key = free_key(cluster, &local);
  code = cluster_handle_new(&cluster->handles, &key, fd, local.port, &handle);
  if (code < 0) return code;
  code = cluster_holds_add(&cluster->offered, handle);
  if (code < 0) {
    handle->fd = -1; /* it stays the caller's */
    cluster_handle_drop(&cluster->handles, handle);
  }
  return code;
}
