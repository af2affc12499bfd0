/* What the next events touch, fetched ahead.
 *
 * An event touches some twenty lines of memory, most of them found by another: the datagram names
 * its host, the host its receiver, the receiver its route. In a large world no cache holds them,
 * and waiting for one after the other took most of the time. But what comes next is known: it rises
 * in the heap, a level at a time, while others happen. So at each level the lines are fetched that
 * can be named by then, and at the next what they name.
 *
 * Nothing here changes anything: where an event jumps a level, or what it points to has changed
 * meanwhile, it waits for memory as it did. */

#include "stack/sim/ahead.h"

#include "core/prefetch.h"
#include "stack/sim/sim.h"

/* Where the levels of a heap with four children begin. */
enum { LEVEL_2 = 5, LEVEL_3 = 21, LEVEL_4 = 85 };

static void fetch_datagram(const struct sim_datagram *datagram) {
  dgram__prefetch(datagram, sizeof *datagram + DGRAM__SIM_PAYLOAD_AHEAD);
}

static void fetch_host(const struct sim_stack *host) {
  dgram__prefetch(host, offsetof(struct sim_stack, in_world));
}

static void fetch_receiver(const struct sim_stack *host) {
  const struct sim_endpoint *receiver = host->receiver;
  if (!receiver) return;
  dgram__prefetch(receiver, sizeof *receiver);
  dgram__endpoint_prefetch(&receiver->base, false);
}

/* It may answer: then the datagram goes where the last one went. */
static void fetch_route(const struct sim_stack *host) {
  const struct sim_endpoint *receiver = host->receiver;
  if (!receiver) return;
  dgram__endpoint_prefetch(&receiver->base, true);
  const struct sim_route *route = &receiver->route;
  if (route->version != host->world->addresses_version) return;
  dgram__prefetch(route->host, offsetof(struct sim_stack, receiver));
  if (route->way) sim_way_prefetch(route->way);
}

void sim_fetch_ahead(const struct sim_event *event, size_t place) {
  const struct sim_datagram *datagram = sim_event_what(event);
  if (sim_event_kind_of(event) != SIM_EVENT_ARRIVAL) return;
  if (place >= LEVEL_4)
    fetch_datagram(datagram);
  else if (place >= LEVEL_3)
    fetch_host(datagram->host);
  else if (place >= LEVEL_2)
    fetch_receiver(datagram->host);
  else
    fetch_route(datagram->host);
}
