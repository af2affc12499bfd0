#include "core/queue.h"

#include <assert.h>
#include <string.h>

/* Doubling ends here, so that the marks, which wrap at 2^32, can never lap each other. */
static const uint32_t capacity_max = UINT32_C(1) << 30;

struct dgram__queue *dgram__queue_create(dgram_stack *stack, uint32_t capacity) {
  const size_t each = sizeof(dgram_datagram) + sizeof(struct dgram__ticket);
  struct dgram__queue *queue;

  assert(capacity != 0 && (capacity & (capacity - 1)) == 0);
  if (capacity > (SIZE_MAX - sizeof *queue) / each) return NULL;
  queue = dgram__malloc(stack, sizeof *queue + capacity * each);
  if (queue == NULL) return NULL;
  *queue = (struct dgram__queue){.capacity = capacity};
  queue->datagrams = (dgram_datagram *)(queue + 1);
  queue->tickets = (struct dgram__ticket *)(queue->datagrams + capacity);
  return queue;
}

void dgram__queue_destroy(dgram_stack *stack, struct dgram__queue *queue) {
  dgram__free(stack, queue);
}

/* Everything moves to the front of the new one, so the marks begin at 0 again. */
static void move(struct dgram__queue *to, const struct dgram__queue *from) {
  const uint32_t count = dgram__queue_count(from);
  const uint32_t at = dgram__queue_slot(from, from->head);
  const uint32_t first = count < from->capacity - at ? count : from->capacity - at;

  memcpy(to->datagrams, from->datagrams + at, first * sizeof *to->datagrams);
  memcpy(to->tickets, from->tickets + at, first * sizeof *to->tickets);
  memcpy(to->datagrams + first, from->datagrams, (count - first) * sizeof *to->datagrams);
  memcpy(to->tickets + first, from->tickets, (count - first) * sizeof *to->tickets);
  to->head = 0;
  to->sent = dgram__queue_done(from);
  to->tail = count;
  to->fresh_bytes = from->fresh_bytes;
  to->strays = from->strays;
}

/* Returns the deep one where it is needed and enough, else a new one, or NULL. */
static struct dgram__queue *larger_queue(dgram_stack *stack, uint32_t capacity,
                                         struct dgram__queue **deep) {
  struct dgram__queue *queue = *deep;

  if (queue == NULL || capacity <= DGRAM__QUEUE_CAPACITY_KEPT || capacity > queue->capacity) {
    return dgram__queue_create(stack, capacity);
  }
  *deep = NULL;
  return queue;
}

int dgram__queue_grow(dgram_stack *stack, struct dgram__queue **queue, size_t count,
                      struct dgram__queue **deep) {
  const uint32_t used = dgram__queue_count(*queue);
  uint32_t capacity = *queue == NULL ? DGRAM__QUEUE_CAPACITY_MIN : (*queue)->capacity;
  struct dgram__queue *larger;

  if (count > capacity_max - used) return DGRAM_ENOMEM;
  while (capacity < used + (uint32_t)count)
    capacity *= 2;
  if (*queue != NULL && capacity == (*queue)->capacity) return 0;
  larger = larger_queue(stack, capacity, deep);
  if (larger == NULL) return DGRAM_ENOMEM;
  if (*queue != NULL) {
    move(larger, *queue);
    dgram__queue_destroy(stack, *queue);
  }
  *queue = larger;
  return 0;
}

uint32_t dgram__queue_unsent_run(struct dgram__queue *queue, dgram_datagram **ret_list) {
  const uint32_t unsent = dgram__queue_unsent(queue);
  const uint32_t at = dgram__queue_slot(queue, queue->sent);

  *ret_list = queue->datagrams + at;
  return unsent < queue->capacity - at ? unsent : queue->capacity - at;
}

void dgram__queue_fail_unsent(struct dgram__queue *queue, int code, const char *syscall) {
  for (; queue->sent != queue->tail; queue->sent++) {
    const uint32_t at = dgram__queue_slot(queue, queue->sent);
    queue->datagrams[at].result = code;
    queue->tickets[at].syscall = syscall;
  }
}

/* Those that have left too: their errors are still to be told. */
void dgram__queue_address_peer(struct dgram__queue *queue, const dgram_address *peer) {
  for (uint32_t mark = queue->head; mark != queue->tail; mark++) {
    dgram_datagram *datagram = &queue->datagrams[dgram__queue_slot(queue, mark)];
    if (datagram->to.family == 0) datagram->to = *peer;
  }
}

bool dgram__queue_is_idle(const struct dgram__queue *queue) {
  const struct dgram__strays *strays = &queue->strays;

  if (dgram__queue_count(queue) > 0 || strays->lost_code != 0) return false;
  return strays->named == NULL && strays->failed_first == NULL && strays->groups_first == NULL;
}
