/* Happy path: the poll handle is readable, frames are read and told, some per turn; what is sent goes
 * to the kernel at once.
 *
 * Failure modes: the kernel takes no more: the packet waits, with a duplicate of its descriptor, and
 * leaves when the channel is writable. What was read is no frame, or the other end is gone: `ended`,
 * and the handle watches no more, so that a channel which its owner keeps does not spin. */

#include "cluster/channel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/limits.h"
#include "cluster/system.h"

struct cluster_packet {
  uint8_t bytes[CLUSTER_FRAME_SIZE];
  int fd; /* the queue's own, or -1 */
};

static struct cluster_channel *channel_of(uv_poll_t *poll) {
  return (struct cluster_channel *)((char *)poll - offsetof(struct cluster_channel, poll));
}

/* ---- the queue ---- */

static struct cluster_packet *packet_at(struct cluster_channel *channel, unsigned i) {
  return &channel->queue[(channel->first + i) % channel->capacity];
}

static int grow(struct cluster_channel *channel) {
  unsigned capacity = channel->capacity == 0 ? 16 : 2 * channel->capacity;
  if (capacity > channel->limit) capacity = channel->limit;
  struct cluster_packet *queue = malloc(capacity * sizeof *queue);
  if (queue == NULL) return DGRAM_ENOMEM;
  for (unsigned i = 0; i < channel->count; i++)
    queue[i] = *packet_at(channel, i);
  free(channel->queue);
  channel->queue = queue;
  channel->capacity = capacity;
  channel->first = 0;
  return 0;
}

static int put(struct cluster_channel *channel, const uint8_t *bytes, int fd) {
  if (channel->count == channel->limit) return DGRAM_ENOBUFS;
  int code = channel->count == channel->capacity ? grow(channel) : 0;
  int copy = -1;
  if (code == 0 && fd >= 0) {
    copy = cluster_sys_duplicate(fd);
    if (copy < 0) code = copy;
  }
  if (code < 0) return code;
  struct cluster_packet *packet = packet_at(channel, channel->count++);
  memcpy(packet->bytes, bytes, sizeof packet->bytes);
  packet->fd = copy;
  return 0;
}

static void drop_first(struct cluster_channel *channel) {
  struct cluster_packet *packet = packet_at(channel, 0);
  if (packet->fd >= 0) cluster_sys_close(packet->fd);
  channel->first = (channel->first + 1) % channel->capacity;
  channel->count--;
}

/* ---- the loop ---- */

static void on_ready(uv_poll_t *poll, int status, int events);

static void watch(struct cluster_channel *channel) {
  int events = UV_READABLE | (channel->count > 0 ? UV_WRITABLE : 0);
  /* Fails for a handle that is closing only. */
  (void)uv_poll_start(&channel->poll, events, on_ready);
}

static void end(struct cluster_channel *channel, int code) {
  if (channel->ended) return;
  channel->ended = true;
  (void)uv_poll_stop(&channel->poll);
  channel->events->ended(channel, code);
}

/* An answer that cannot be sent would be waited for without end, so a failure ends the channel. */
static void flush(struct cluster_channel *channel) {
  while (channel->count > 0) {
    struct cluster_packet *packet = packet_at(channel, 0);
    int code = cluster_sys_send(channel->fd, packet->bytes, sizeof packet->bytes, packet->fd);
    if (code == DGRAM_EAGAIN) break;
    drop_first(channel);
    if (code < 0) {
      end(channel, code);
      return;
    }
  }
  watch(channel);
}

static bool is_up(const struct cluster_channel *channel) {
  return channel->fd >= 0 && !channel->ended;
}

/* One frame. Returns whether there may be more. */
static bool receive(struct cluster_channel *channel) {
  uint8_t bytes[CLUSTER_FRAME_SIZE];
  struct cluster_frame frame;
  int fd = -1;
  int length = cluster_sys_receive(channel->fd, bytes, sizeof bytes,
                                   channel->takes_descriptors ? &fd : NULL);
  if (length == DGRAM_EAGAIN) return false;
  if (length <= 0) {
    if (fd >= 0) cluster_sys_close(fd);
    end(channel, length);
    return false;
  }
  int code = cluster_frame_decode(bytes, (size_t)length, &frame);
  if (code < 0) {
    if (fd >= 0) cluster_sys_close(fd);
    end(channel, code);
    return false;
  }
  code = channel->events->frame(channel, &frame, fd);
  if (code < 0 && channel->fd >= 0) end(channel, code);
  return is_up(channel);
}

static void on_ready(uv_poll_t *poll, int status, int events) {
  struct cluster_channel *channel = channel_of(poll);
  if (status < 0) {
    end(channel, status);
    return;
  }
  if (events & UV_WRITABLE) flush(channel);
  if (events & UV_READABLE) cluster_channel_read(channel);
}

/* ---- for the owner ---- */

void cluster_channel_read(struct cluster_channel *channel) {
  if (!is_up(channel)) return;
  for (int i = 0; i < CLUSTER_FRAMES_TURN; i++) {
    if (!receive(channel)) break;
  }
}

int cluster_channel_open(struct cluster_channel *channel, uv_loop_t *loop, int fd, unsigned limit,
                         bool takes_descriptors, const struct cluster_channel_events *events) {
  *channel = (struct cluster_channel){
      .events = events, .limit = limit, .fd = fd, .takes_descriptors = takes_descriptors};
  int code = uv_poll_init(loop, &channel->poll, fd);
  if (code < 0) {
    channel->fd = -1;
    return code;
  }
  watch(channel);
  return 0;
}

int cluster_channel_send(struct cluster_channel *channel, const struct cluster_frame *frame,
                         int fd) {
  uint8_t bytes[CLUSTER_FRAME_SIZE];
  if (!is_up(channel)) return DGRAM_EPIPE;
  cluster_frame_encode(frame, bytes);
  int code = DGRAM_EAGAIN;
  if (channel->count == 0) code = cluster_sys_send(channel->fd, bytes, sizeof bytes, fd);
  if (code != DGRAM_EAGAIN) return code;
  code = put(channel, bytes, fd);
  if (code == 0) watch(channel);
  return code;
}

static void on_closed(uv_handle_t *handle) {
  struct cluster_channel *channel = channel_of((uv_poll_t *)handle);
  channel->events->closed(channel);
}

/* The handle goes before the descriptor, which elsewhere may be open still: epoll would go on. */
void cluster_channel_close(struct cluster_channel *channel) {
  assert(channel->fd >= 0);
  uv_close((uv_handle_t *)&channel->poll, on_closed);
  cluster_sys_close(channel->fd);
  channel->fd = -1;
  while (channel->count > 0)
    drop_first(channel);
  free(channel->queue);
  channel->queue = NULL;
}
