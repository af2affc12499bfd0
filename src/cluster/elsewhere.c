/* Where there is no Linux: programs that could use a cluster still link, and are told that there is
 * none. */

#include "dgram/cluster.h"

int dgram_cluster_start_sized(dgram_stack *stack, const dgram_cluster_options *options, size_t size,
                              dgram_cluster **ret_cluster) {
  (void)stack, (void)options, (void)size, (void)ret_cluster;
  return DGRAM_ENOTSUP;
}

int dgram_cluster_reload(dgram_cluster *cluster) {
  (void)cluster;
  return DGRAM_ENOTSUP;
}

int dgram_cluster_stop(dgram_cluster *cluster) {
  (void)cluster;
  return DGRAM_ENOTSUP;
}

int dgram_cluster_offer(dgram_cluster *cluster, int fd) {
  (void)cluster, (void)fd;
  return DGRAM_ENOTSUP;
}

int dgram_cluster_worker(void) {
  return 0;
}

uint64_t dgram_cluster_worker_id(void) {
  return 0;
}

int dgram_cluster_join_sized(dgram_stack *stack, const dgram_cluster_join_options *options,
                             size_t size) {
  (void)stack, (void)options, (void)size;
  return DGRAM_ENOTSUP;
}

int dgram_cluster_leave(void) {
  return DGRAM_ENOENT;
}

int dgram_listen_fds(void) {
  return 0;
}

int dgram_bind_listen_fd(dgram_socket *socket, int which, dgram_bind_cb cb, void *data) {
  (void)socket, (void)which, (void)cb, (void)data;
  return DGRAM_ENOENT;
}
