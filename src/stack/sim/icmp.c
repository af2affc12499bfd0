/* What ICMP answers in a simulated network.
 *
 * Happy path: a datagram comes to a host where nobody has its port. Where its sender wants to know,
 * an answer crosses the way back, as long as what a message of ICMP quotes; there it goes into the
 * receive buffer of the socket that has the datagram's source, which is told of it in its turn,
 * among the datagrams; or, where that has not asked but has a peer, it becomes its pending error.
 *
 * Failure modes: the answer is lost on the way, there is no way back, the socket has gone or wants to
 * know no more, the buffer is full: then nothing is heard.
 *
 * Answers are no datagrams: they are not counted, and no trace has them. Where nobody has asked none
 * sets out: it would take its time on the links, and draw their random numbers, for nothing. */

#include <string.h>

#include "stack/sim/sim.h"

/* ---- setting out ---- */

/* Where the datagram came from, as the host that got it sees it; or NULL. */
static const struct sim_address *source_of(const struct sim_stack *host,
                                           const struct sim_datagram *datagram) {
  const struct sim_interface *interface = sim_host_interface(host, datagram->interface);
  if (!interface) return NULL;
  return sim_address_find(host->world, interface->network->number, &datagram->from);
}

static struct sim_datagram *answer_to(struct sim_stack *to, const struct sim_datagram *datagram,
                                      unsigned interface) {
  struct sim_datagram *answer = sim_datagram_take(to->world, 0);
  if (!answer) return NULL;
  uint8_t size_class = answer->size_class;
  memcpy(answer, datagram, sizeof *answer);
  answer->size_class = size_class;
  answer->length = 0;
  answer->icmp = SIM_ICMP_PORT;
  answer->host = to;
  answer->interface = interface;
  return answer;
}

static void put_under_way(const struct sim_datagram *datagram, const struct sim_interface *to,
                          uint64_t at_ns) {
  dgram_sim *world = to->host->world;
  if (sim_events_reserve(&world->events, &world->allocator) < 0) return;
  struct sim_datagram *answer = answer_to(to->host, datagram, to->index);
  if (!answer) return;
  to->host->users++;
  sim_events_push(&world->events, at_ns, SIM_EVENT_ARRIVAL, answer);
}

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

/* The headers of IP and ICMP are as long as those of IP and UDP, which are quoted. */
static int pass(struct sim_stack *from, struct sim_stack *to, const struct sim_datagram *datagram,
                dgram_fate *ret_fate) {
  bool ipv4 = sim_ip_is_ipv4(&datagram->to);
  size_t headers = ipv4 ? DGRAM__OVERHEAD_IPV4 : DGRAM__OVERHEAD_IPV6;
  size_t most = (ipv4 ? DGRAM__ICMP_MAX_IPV4 : DGRAM__ICMP_MAX_IPV6) - headers;
  struct sim_way *way = NULL;
  return sim_way_pass(from, to, &way, smaller(headers + datagram->length, most), headers, ret_fate);
}

static void send_back(struct sim_stack *host, const struct sim_datagram *datagram) {
  const struct sim_address *source = source_of(host, datagram);
  dgram_fate fate;
  if (!source || pass(host, source->interface->host, datagram, &fate) < 0) return;
  for (unsigned i = 0; i < fate.copies; i++)
    put_under_way(datagram, source->interface, fate.at_ns[i]);
}

void sim_icmp_refuse(struct sim_stack *host, const struct sim_datagram *datagram) {
  if (datagram->icmp != SIM_ICMP_ASKS) return;
  if (!sim_host_has(host, &datagram->from, 0)) {
    send_back(host, datagram);
    return;
  }
  struct sim_datagram *answer = answer_to(host, datagram, datagram->interface);
  if (answer) sim_icmp_arrive(host, answer);
}

/* ---- arriving ---- */

/* It carries the addresses of the datagram that it answers. Where sockets share the port it goes to
 * the one that an answer by UDP would go to, as the kernel's do. */
void sim_icmp_arrive(struct sim_stack *host, struct sim_datagram *answer) {
  const struct sim_flow back = {.from = &answer->to,
                                .to = &answer->from,
                                .from_port = answer->to_port,
                                .to_port = answer->from_port,
                                .interface = answer->interface};
  struct sim_endpoint *sender = NULL;
  if (!host->gone && !host->world->ending) sender = sim_port_receiver(host, &back);
  if (sender && sender->icmp_errors) {
    sim_endpoint_store(sender, answer);
    return;
  }
  if (sender && sender->peer) sim_endpoint_fail(sender, DGRAM_ECONNREFUSED);
  sim_datagram_give(host->world, answer);
}

void sim_icmp_tell(struct sim_endpoint *endpoint, const struct sim_datagram *answer) {
  const bool ipv4 = sim_ip_is_ipv4(&answer->to);
  const int type = endpoint->base.type;
  dgram_icmp icmp = {.code = DGRAM_ECONNREFUSED,
                     .to = sim_stack_address(type, &answer->to, answer->to_port),
                     .offender = sim_stack_address(type, &answer->to, 0),
                     .type = ipv4 ? 3 : 1,       /* destination unreachable: */
                     .icmp_code = ipv4 ? 3 : 4}; /* RFC 792 and RFC 4443 3.1, port */
  if (!endpoint->icmp_errors) return;
  if (sim_ip_is_link_local(&answer->to))
    icmp.to.scope_id = icmp.offender.scope_id = answer->interface;
  dgram__endpoint_icmp(&endpoint->base, &icmp);
}
