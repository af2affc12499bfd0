/* An endpoint and its receive buffer.
 *
 * Happy path: the network stores datagrams in the buffer. While the endpoint receives and has some,
 * it stands in its host's list of those that are ready. A turn takes the whole list and tells each
 * endpoint its datagrams in batches, up to DGRAM__SIM_RECEIVE_TURN; who has more left goes to the
 * end of the list of the next turn, behind those that became ready meanwhile.
 *
 * Failure modes: a datagram that does not fit, or for which there is no memory, is dropped. A
 * telling may close the endpoint, whose memory may be gone then: close_endpoint leaves word in
 * host->told.
 *
 * A datagram that was told is freed after the telling, whatever happened to the endpoint. Those of
 * usual size are kept for the next, by the world, so that in the steady state nothing is
 * allocated. */

#include "stack/sim/sim.h"

#include <assert.h>
#include <string.h>

/* ---- datagrams ---- */

/* Bytes of payload: most are small, and 100,000 hosts have as many under way. */
static const size_t rooms[SIM_CLASSES] = {128, 512, DGRAM__SIM_DATAGRAM_SMALL};

static uint8_t class_of(size_t length) {
  uint8_t size_class = 0;
  while (size_class < SIM_CLASSES && rooms[size_class] < length)
    size_class++;
  return size_class;
}

struct sim_datagram *sim_datagram_take(dgram_sim *world, size_t length) {
  uint8_t size_class = class_of(length);
  bool kept = size_class < SIM_CLASSES;
  struct sim_datagram *datagram = kept ? world->spare[size_class] : NULL;
  size_t room = kept ? rooms[size_class] : length;
  if (datagram) {
    world->spare[size_class] = datagram->next;
    world->spare_bytes -= sizeof *datagram + room;
  } else {
    datagram = sim_malloc(world, sizeof *datagram + room);
    if (!datagram) return NULL;
  }
  datagram->size_class = size_class;
  datagram->length = length;
  return datagram;
}

void sim_datagram_give(dgram_sim *world, struct sim_datagram *datagram) {
  uint8_t size_class = datagram->size_class;
  if (size_class == SIM_CLASSES || world->spare_bytes > DGRAM__SIM_SPARE_BYTES_MAX) {
    sim_free(world, datagram);
    return;
  }
  world->spare_bytes += sizeof *datagram + rooms[size_class];
  datagram->next = world->spare[size_class];
  world->spare[size_class] = datagram;
}

void sim_datagram_free_spare(dgram_sim *world) {
  for (int i = 0; i < SIM_CLASSES; i++) {
    while (world->spare[i]) {
      struct sim_datagram *datagram = world->spare[i];
      world->spare[i] = datagram->next;
      sim_free(world, datagram);
    }
  }
  world->spare_bytes = 0;
}

/* ---- the buffer ---- */

static size_t charge_of(size_t length) {
  return length + DGRAM__SIM_DATAGRAM_OVERHEAD;
}

static bool has_something(const struct sim_endpoint *endpoint) {
  return endpoint->first || (endpoint->peer && endpoint->peer->error < 0);
}

static void update_ready(struct sim_endpoint *endpoint) {
  struct sim_stack *host = sim_host_of(endpoint);
  sim_list_remove(&endpoint->ready);
  if (!endpoint->receiving || !has_something(endpoint)) return;
  sim_list_append(&host->ready, &endpoint->ready);
  sim_stack_want_turn(host);
}

static void append(struct sim_endpoint *endpoint, struct sim_datagram *datagram) {
  bool was_empty = !has_something(endpoint);
  datagram->next = NULL;
  if (!endpoint->first)
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

/* However small it is, an empty one takes a datagram, as the kernel's. */
static bool has_room(const struct sim_endpoint *endpoint, size_t length) {
  if (!endpoint->first) return true;
  return endpoint->buffered + charge_of(length) <= (size_t)endpoint->receive_buffer;
}

void sim_endpoint_store(struct sim_endpoint *endpoint, struct sim_datagram *datagram) {
  dgram_sim *world = sim_host_of(endpoint)->world;
  const bool counts = !sim_icmp_is_answer(datagram);
  if (has_room(endpoint, datagram->length)) {
    world->stats.delivered += counts;
    datagram->time_ns = world->now_ns;
    append(endpoint, datagram);
    return;
  }
  endpoint->dropped += counts;
  world->stats.dropped[DGRAM_DROP_BUFFER] += counts;
  sim_datagram_give(world, datagram);
}

/* As a socket holds one pending error. */
void sim_endpoint_fail(struct sim_endpoint *endpoint, int code) {
  bool was_empty = !has_something(endpoint);
  endpoint->peer->error = code;
  if (was_empty) update_ready(endpoint);
}

/* ---- telling ---- */

static dgram_message message_of(const struct sim_endpoint *endpoint,
                                const struct sim_datagram *datagram) {
  dgram_message message = {
      .bytes = datagram->bytes,
      .length = datagram->length,
      .from = sim_stack_address(endpoint->base.type, &datagram->from, datagram->from_port)};
  if (sim_ip_is_link_local(&datagram->from)) message.from.scope_id = datagram->interface;
  return message;
}

/* Nothing is cut here, and nothing is unknown. */
static dgram_recv_info info_of(const struct sim_endpoint *endpoint,
                               const struct sim_datagram *datagram) {
  dgram_recv_info info = {
      .present = endpoint->recv_info,
      .interface_index = datagram->interface,
      .local_address = sim_stack_address(endpoint->base.type, &datagram->to, datagram->to_port),
      .time_ns = datagram->time_ns,
      .hop_limit = datagram->hop_limit,
      .tos = datagram->tos};
  if (sim_ip_needs_scope(&datagram->to)) info.local_address.scope_id = datagram->interface;
  return info;
}

static void tell_answer(struct sim_endpoint *endpoint) {
  dgram_sim *world = sim_host_of(endpoint)->world;
  struct sim_datagram *answer = take_first(endpoint);
  sim_icmp_tell(endpoint, answer);
  sim_datagram_give(world, answer);
}

static bool may_follow(const struct sim_datagram *datagram) {
  return datagram && !sim_icmp_is_answer(datagram);
}

/* Tells up to count datagrams in one batch; there is one. Returns how many; 0 where the endpoint was
 * closed. */
static size_t tell_batch(struct sim_endpoint *endpoint, size_t count) {
  struct sim_stack *host = sim_host_of(endpoint);
  struct sim_datagram *taken[DGRAM__SIM_BATCH];
  dgram_message messages[DGRAM__SIM_BATCH];
  dgram_recv_info infos[DGRAM__SIM_BATCH];
  size_t n = 0;
  do {
    taken[n] = take_first(endpoint);
    messages[n] = message_of(endpoint, taken[n]);
    if (endpoint->recv_info != 0) {
      infos[n] = info_of(endpoint, taken[n]);
      messages[n].info = &infos[n];
    }
  } while (++n < count && n < DGRAM__SIM_BATCH && may_follow(endpoint->first));
  dgram__endpoint_received(&endpoint->base, messages, n);
  for (size_t i = 0; i < n; i++)
    sim_datagram_give(host->world, taken[i]);
  return host->told ? n : 0;
}

/* What came back from the peer, or a failure that was asked for; or 0. */
static int take_failure(struct sim_endpoint *endpoint) {
  int code = endpoint->peer ? endpoint->peer->error : 0;
  if (code < 0) endpoint->peer->error = 0;
  return code < 0 ? code : sim_fails(sim_host_of(endpoint), DGRAM_SIM_RECEIVE);
}

/* A failure stands in place of a batch; so many of them in a turn. */
static size_t tell_batch_or_failure(struct sim_endpoint *endpoint, size_t count, int *errors) {
  int code = take_failure(endpoint);
  endpoint->base.receive_calls++;
  if (code == 0) return tell_batch(endpoint, count);
  --*errors;
  dgram__endpoint_receive_failed(&endpoint->base, code, "recvmsg");
  return 0;
}

static void tell_endpoint(struct sim_endpoint *endpoint) {
  struct sim_stack *host = sim_host_of(endpoint);
  size_t left = DGRAM__SIM_RECEIVE_TURN;
  int errors = DGRAM__RECEIVE_ERRORS_TURN;
  host->told = endpoint;
  while (left > 0 && errors > 0 && endpoint->receiving && has_something(endpoint)) {
    if (endpoint->first && sim_icmp_is_answer(endpoint->first)) {
      left--;
      tell_answer(endpoint);
    } else {
      left -= tell_batch_or_failure(endpoint, left, &errors);
    }
    if (!host->told) return;
  }
  host->told = NULL;
  update_ready(endpoint);
}

void sim_stack_tell_received(struct sim_stack *host) {
  struct sim_link ready;
  sim_list_move(&host->ready, &ready);
  while (!sim_list_is_empty(&ready)) {
    struct sim_endpoint *endpoint = SIM_OF_LINK(struct sim_endpoint, ready, ready.next);
    sim_list_remove(&endpoint->ready);
    tell_endpoint(endpoint);
  }
}

void sim_stack_tell_sendable(struct sim_stack *host) {
  struct sim_link sendable;
  sim_list_move(&host->sendable, &sendable);
  while (!sim_list_is_empty(&sendable)) {
    struct sim_endpoint *endpoint = SIM_OF_LINK(struct sim_endpoint, sendable, sendable.next);
    sim_list_remove(&endpoint->sendable);
    dgram__endpoint_sendable(&endpoint->base, DGRAM_EAGAIN);
  }
}

/* ---- life ---- */

int sim_stack_open(struct dgram__endpoint *base) {
  struct sim_endpoint *endpoint = sim_endpoint_of(base);
  sim_list_init(&endpoint->ready);
  sim_list_init(&endpoint->sendable);
  return sim_fails(sim_host_of(endpoint), DGRAM_SIM_OPEN);
}

/* What Linux makes of a size. */
static int buffer_size(int asked, int least) {
  if (asked == 0) return DGRAM__SIM_BUFFER;
  int given = 2 * (asked < DGRAM__SIM_BUFFER_ASKED_MAX ? asked : DGRAM__SIM_BUFFER_ASKED_MAX);
  return given > least ? given : least;
}

static void set_receive_buffer(struct sim_endpoint *endpoint, int asked) {
  endpoint->receive_buffer = buffer_size(asked, DGRAM__SIM_RECEIVE_BUFFER_MIN);
}

static void set_send_buffer(struct sim_endpoint *endpoint, int asked) {
  endpoint->send_buffer = buffer_size(asked, DGRAM__SIM_SEND_BUFFER_MIN);
}

int sim_stack_bind(struct dgram__endpoint *base, const dgram_address *local,
                   const struct dgram__bind_how *how) {
  struct sim_endpoint *endpoint = sim_endpoint_of(base);
  int code = sim_fails(sim_host_of(endpoint), DGRAM_SIM_BIND);
  int device = how->device ? sim_stack_interface_index(base->stack, how->device) : 0;
  if (code < 0 || device < 0) return code < 0 ? code : device;
  endpoint->multicast_loopback = true;
  endpoint->ttl = DGRAM__SIM_TTL;
  endpoint->multicast_ttl = 1;
  endpoint->tos = 0;
  endpoint->dont_fragment = false;
  endpoint->icmp_errors = (how->flags & DGRAM__BIND_ICMP_ERRORS) != 0;
  set_receive_buffer(endpoint, how->recv_buffer_size);
  set_send_buffer(endpoint, how->send_buffer_size);
  endpoint->recv_info = (uint8_t)how->recv_info;
  return sim_port_attach(endpoint, local, (unsigned)device, how->flags);
}

int sim_stack_adopt(struct dgram__endpoint *endpoint, int fd, const struct dgram__bind_how *how) {
  (void)endpoint;
  (void)fd;
  (void)how;
  return DGRAM_ENOTSUP;
}

int sim_stack_local_address(struct dgram__endpoint *base, dgram_address *ret_address) {
  struct sim_endpoint *endpoint = sim_endpoint_of(base);
  *ret_address = sim_stack_address(base->type, &endpoint->local, endpoint->port);
  ret_address->scope_id = endpoint->scope;
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

int sim_stack_set_recv_info(struct dgram__endpoint *base, uint32_t bits) {
  sim_endpoint_of(base)->recv_info = (uint8_t)bits;
  return 0;
}

/* No router takes a hop away: of the TTLs only that of multicast decides anything, where it is 0. */
int sim_stack_set_option(struct dgram__endpoint *base, int option, int value) {
  struct sim_endpoint *endpoint = sim_endpoint_of(base);
  int code = sim_fails(sim_host_of(endpoint), DGRAM_SIM_SET_OPTION);
  if (code < 0) return code;
  if (option == DGRAM__OPTION_BROADCAST) endpoint->broadcast = value != 0;
  if (option == DGRAM__OPTION_TTL) endpoint->ttl = (uint8_t)value;
  if (option == DGRAM__OPTION_MULTICAST_TTL) endpoint->multicast_ttl = (uint8_t)value;
  if (option == DGRAM__OPTION_MULTICAST_LOOPBACK) endpoint->multicast_loopback = value != 0;
  if (option == DGRAM__OPTION_TOS) endpoint->tos = (uint8_t)value;
  if (option == DGRAM__OPTION_ICMP_ERRORS) endpoint->icmp_errors = value != 0;
  if (option == DGRAM__OPTION_RECV_BUFFER) set_receive_buffer(endpoint, value);
  if (option == DGRAM__OPTION_SEND_BUFFER) set_send_buffer(endpoint, value);
  if (option == DGRAM__OPTION_DONT_FRAGMENT) endpoint->dont_fragment = value != 0;
  return 0;
}

int sim_stack_get_option(struct dgram__endpoint *base, int option) {
  const struct sim_endpoint *endpoint = sim_endpoint_of(base);
  return option == DGRAM__OPTION_RECV_BUFFER ? endpoint->receive_buffer : endpoint->send_buffer;
}

uint64_t sim_stack_dropped(struct dgram__endpoint *base) {
  return sim_endpoint_of(base)->dropped;
}

bool sim_stack_close_endpoint(struct dgram__endpoint *base) {
  struct sim_endpoint *endpoint = sim_endpoint_of(base);
  struct sim_stack *host = sim_host_of(endpoint);
  sim_port_detach(endpoint);
  sim_peer_free(endpoint);
  sim_list_remove(&endpoint->ready);
  sim_list_remove(&endpoint->sendable);
  while (endpoint->first)
    sim_datagram_give(host->world, take_first(endpoint));
  if (host->told == endpoint) host->told = NULL;
  return true;
}
