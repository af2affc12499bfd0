/* An endpoint and its receive buffer.
 *
 * Happy path: the network stores datagrams in the buffer. While the endpoint receives and has some,
 * it stands in the stack's list of those that are ready. A turn takes the whole list and tells each
 * endpoint its datagrams in batches, up to DGRAM__SIM_RECEIVE_TURN; who has more left goes to the
 * end of the list of the next turn, behind those that became ready meanwhile.
 *
 * Failure modes: a datagram that does not fit, or for which there is no memory, is dropped. A
 * telling may close the endpoint, whose memory may be gone then: close_endpoint leaves word in
 * stack->told.
 *
 * A datagram that was told is freed after the telling, whatever happened to the endpoint. Those of
 * usual size are kept for the next, so that in the steady state nothing is allocated. */

#include "stack/sim/sim.h"

#include <assert.h>
#include <string.h>

static struct sim_stack *stack_of(struct sim_endpoint *endpoint) {
  return sim_stack_of(endpoint->base.stack);
}

/* ---- datagrams ---- */

static struct sim_datagram *take_datagram(struct sim_stack *stack, size_t length) {
  struct sim_datagram *datagram = stack->spare;
  bool small = length <= DGRAM__SIM_DATAGRAM_SMALL;
  if (small && datagram) {
    stack->spare = datagram->next;
    stack->spare_count--;
    return datagram;
  }
  size_t room = small ? DGRAM__SIM_DATAGRAM_SMALL : length;
  datagram = dgram__malloc(&stack->base, sizeof *datagram + room);
  if (datagram) datagram->small = small;
  return datagram;
}

static void give_datagram(struct sim_stack *stack, struct sim_datagram *datagram) {
  if (!datagram->small || stack->spare_count == DGRAM__SIM_SPARE_DATAGRAMS_MAX) {
    dgram__free(&stack->base, datagram);
    return;
  }
  datagram->next = stack->spare;
  stack->spare = datagram;
  stack->spare_count++;
}

void sim_stack_free_spare(struct sim_stack *stack) {
  while (stack->spare) {
    struct sim_datagram *datagram = stack->spare;
    stack->spare = datagram->next;
    dgram__free(&stack->base, datagram);
  }
  stack->spare_count = 0;
}

static void copy_payload(unsigned char *to, const dgram_datagram *datagram) {
  const dgram_buffer *parts = datagram->bytes;
  if (datagram->parts == 0 && datagram->length > 0) memcpy(to, datagram->bytes, datagram->length);
  for (uint32_t i = 0; i < datagram->parts; i++) {
    if (parts[i].length > 0) memcpy(to, parts[i].bytes, parts[i].length);
    to += parts[i].length;
  }
}

/* ---- the buffer ---- */

static size_t charge_of(size_t length) {
  return length + DGRAM__SIM_DATAGRAM_OVERHEAD;
}

static void update_ready(struct sim_endpoint *endpoint) {
  sim_stack_list_remove(&endpoint->ready);
  if (endpoint->receiving && endpoint->first)
    sim_stack_list_append(&stack_of(endpoint)->ready, &endpoint->ready);
}

static void append(struct sim_endpoint *endpoint, struct sim_datagram *datagram) {
  bool was_empty = !endpoint->first;
  datagram->next = NULL;
  if (was_empty)
    endpoint->first = datagram;
  else
    endpoint->last->next = datagram;
  endpoint->last = datagram;
  endpoint->buffered += charge_of(datagram->length);
  if (was_empty) update_ready(endpoint);
}

static struct sim_datagram *take_first(struct sim_endpoint *endpoint) {
  struct sim_datagram *datagram = endpoint->first;
  endpoint->first = datagram->next;
  endpoint->buffered -= charge_of(datagram->length);
  return datagram;
}

void sim_stack_store(struct sim_endpoint *endpoint, const dgram_datagram *datagram,
                     const struct sim_ip *from, uint16_t from_port) {
  struct sim_datagram *copy = NULL;
  if (endpoint->buffered + charge_of(datagram->length) <= DGRAM__SIM_RECEIVE_BUFFER)
    copy = take_datagram(stack_of(endpoint), datagram->length);
  if (!copy) {
    endpoint->dropped++;
    return;
  }
  copy->from = *from;
  copy->from_port = from_port;
  copy->length = datagram->length;
  copy_payload(copy->bytes, datagram);
  append(endpoint, copy);
}

/* ---- telling ---- */

/* Tells up to count datagrams in one batch. Returns how many; 0 where the endpoint was closed. */
static size_t tell_batch(struct sim_endpoint *endpoint, size_t count) {
  struct sim_stack *stack = stack_of(endpoint);
  struct sim_datagram *taken[DGRAM__SIM_BATCH];
  dgram_message messages[DGRAM__SIM_BATCH];
  size_t n = 0;
  while (n < count && n < DGRAM__SIM_BATCH && endpoint->first) {
    struct sim_datagram *datagram = taken[n] = take_first(endpoint);
    messages[n++] = (dgram_message){
        .bytes = datagram->bytes,
        .length = datagram->length,
        .from = sim_stack_address(endpoint->base.type, &datagram->from, datagram->from_port)};
  }
  stack->told = endpoint;
  endpoint->base.receive_calls++;
  dgram__endpoint_received(&endpoint->base, messages, n);
  for (size_t i = 0; i < n; i++)
    give_datagram(stack, taken[i]);
  return stack->told ? n : 0;
}

static void tell_endpoint(struct sim_endpoint *endpoint) {
  size_t left = DGRAM__SIM_RECEIVE_TURN;
  while (left > 0 && endpoint->receiving && endpoint->first) {
    size_t told = tell_batch(endpoint, left);
    if (told == 0) return;
    left -= told;
  }
  update_ready(endpoint);
}

bool sim_stack_tell_received(struct sim_stack *stack) {
  struct sim_link ready;
  sim_stack_list_move(&stack->ready, &ready);
  bool any = ready.next != &ready;
  while (ready.next != &ready) {
    char *link = (char *)ready.next;
    struct sim_endpoint *endpoint =
        (struct sim_endpoint *)(link - offsetof(struct sim_endpoint, ready));
    sim_stack_list_remove(&endpoint->ready);
    tell_endpoint(endpoint);
  }
  stack->told = NULL;
  return any;
}

/* ---- life ---- */

int sim_stack_open(struct dgram__endpoint *base) {
  sim_stack_list_init(&sim_endpoint_of(base)->ready);
  return 0;
}

int sim_stack_bind(struct dgram__endpoint *base, const dgram_address *local, unsigned flags) {
  struct sim_endpoint *endpoint = sim_endpoint_of(base);
  endpoint->multicast_loopback = true;
  return sim_stack_attach(endpoint, local, (flags & DGRAM__BIND_REUSE_ADDR) != 0);
}

int sim_stack_adopt(struct dgram__endpoint *endpoint, int fd) {
  (void)endpoint;
  (void)fd;
  return DGRAM_ENOTSUP;
}

int sim_stack_local_address(struct dgram__endpoint *base, dgram_address *ret_address) {
  struct sim_endpoint *endpoint = sim_endpoint_of(base);
  *ret_address = sim_stack_address(base->type, &endpoint->local, endpoint->port);
  return 0;
}

int sim_stack_receive_start(struct dgram__endpoint *base) {
  struct sim_endpoint *endpoint = sim_endpoint_of(base);
  if (endpoint->receiving) return 0;
  endpoint->receiving = true;
  update_ready(endpoint);
  return 0;
}

void sim_stack_receive_stop(struct dgram__endpoint *base) {
  struct sim_endpoint *endpoint = sim_endpoint_of(base);
  endpoint->receiving = false;
  update_ready(endpoint);
}

/* There is no info yet that this stack can give, so the core never asks for any. */
int sim_stack_set_recv_info(struct dgram__endpoint *endpoint, uint32_t bits) {
  (void)endpoint;
  assert(bits == 0);
  (void)bits;
  return 0;
}

/* No router takes a hop away, and TTL 0 reaches this host: the two TTLs change nothing. */
int sim_stack_set_option(struct dgram__endpoint *base, int option, int value) {
  struct sim_endpoint *endpoint = sim_endpoint_of(base);
  if (option == DGRAM__OPTION_BROADCAST) endpoint->broadcast = value != 0;
  if (option == DGRAM__OPTION_MULTICAST_LOOPBACK) endpoint->multicast_loopback = value != 0;
  return 0;
}

uint64_t sim_stack_dropped(struct dgram__endpoint *base) {
  return sim_endpoint_of(base)->dropped;
}

bool sim_stack_close_endpoint(struct dgram__endpoint *base) {
  struct sim_endpoint *endpoint = sim_endpoint_of(base);
  struct sim_stack *stack = stack_of(endpoint);
  sim_stack_detach(endpoint);
  sim_stack_list_remove(&endpoint->ready);
  while (endpoint->first)
    give_datagram(stack, take_first(endpoint));
  if (stack->told == endpoint) stack->told = NULL;
  return true;
}
