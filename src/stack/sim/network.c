/* Whom a datagram reaches.
 *
 * Happy path: a send finds out what the destination is. What the host sends to itself is put into
 * receive buffers within the call. What is for others is copied for each host that it reaches, and
 * is under way until its time has come; then it is put into receive buffers there.
 *
 * Failure modes: an address that nobody has, a port that nobody has, a group that nobody has
 * joined: the datagram vanishes, as UDP has it, and is counted. Where no interface leads away:
 * DGRAM_ENETUNREACH. Broadcast without the option: DGRAM_EACCES. Too large for the link, or for what
 * is known of it where it must not be fragmented: DGRAM_EMSGSIZE. */

#include "stack/sim/sim.h"

#include <string.h>

#include "stack/sim/trace.h"

/* A datagram that is being sent. */
struct packet {
  struct sim_endpoint *sender;
  struct sim_stack *host; /* whose it is */
  const dgram_datagram *datagram;
  struct sim_ip to;
  struct sim_ip from;
  bool ipv4;
  unsigned out; /* the interface that it is to leave by; 0: whichever leads there */
  uint8_t tos;
  bool asks; /* where it would come from: nothing is sent */
  enum sim_cast cast;
  uint64_t receivers;
};

/* ---- into receive buffers ---- */

static void drop(dgram_sim *world, struct sim_datagram *datagram, enum dgram_drop why) {
  world->stats.dropped[why]++;
  sim_datagram_give(world, datagram);
}

/* A host that has joined a group hands its datagrams to every socket of the port, also to those
 * that have not joined: Linux's IP_MULTICAST_ALL, which is on unless somebody turns it off. Only
 * udp6 sockets get no group of IPv4, which they cannot join, and those that have joined for other
 * senders do not hear this one. */
static bool hears(const struct sim_endpoint *endpoint, const struct sim_datagram *datagram) {
  if (!sim_port_takes(endpoint, &datagram->to)) return false;
  if (!sim_peer_is(endpoint, &datagram->from, datagram->from_port)) return false;
  if (!sim_port_hears(endpoint, datagram->interface)) return false;
  if (datagram->cast != SIM_MULTICAST) return true;
  if (endpoint->base.type == DGRAM_UDP6 && sim_ip_is_ipv4(&datagram->to)) return false;
  const struct sim_interface *interface =
      sim_host_interface(sim_host_of(endpoint), datagram->interface);
  return sim_group_hears(endpoint, interface, &datagram->to, &datagram->from);
}

static void store_copy(struct sim_endpoint *endpoint, const struct sim_datagram *datagram) {
  dgram_sim *world = sim_host_of(endpoint)->world;
  struct sim_datagram *copy = sim_datagram_take(world, datagram->length);
  if (!copy) {
    world->stats.dropped[DGRAM_DROP_BUFFER]++;
    return;
  }
  uint8_t size_class = copy->size_class;
  memcpy(copy, datagram, sizeof *copy + datagram->length);
  copy->size_class = size_class;
  sim_endpoint_store(endpoint, copy);
}

/* The last one gets the datagram itself. Each beyond the first counts as one more that was sent. */
static void deliver_to_all(struct sim_stack *host, struct sim_datagram *datagram) {
  struct sim_endpoint *last = NULL;
  struct sim_endpoint *endpoint = sim_port_first(host, datagram->to_port);
  for (; endpoint; endpoint = sim_port_next(endpoint)) {
    if (!hears(endpoint, datagram)) continue;
    if (last) {
      host->world->stats.sent++;
      store_copy(last, datagram);
    }
    last = endpoint;
  }
  if (last)
    sim_endpoint_store(last, datagram);
  else
    drop(host->world, datagram, DGRAM_DROP_NO_SOCKET);
}

/* Only one who has the port alone, so that who sends the next one does not matter. */
static void remember_receiver(struct sim_stack *host, const struct sim_datagram *datagram,
                              struct sim_endpoint *receiver) {
  const struct sim_endpoint *first = sim_port_first(host, datagram->to_port);
  host->receiver = first && !sim_port_next(first) ? receiver : NULL;
  host->receiver_ip = datagram->to;
  host->receiver_port = datagram->to_port;
}

static void deliver_to_one(struct sim_stack *host, struct sim_datagram *datagram) {
  const struct sim_flow flow = {.from = &datagram->from,
                                .to = &datagram->to,
                                .from_port = datagram->from_port,
                                .to_port = datagram->to_port,
                                .interface = datagram->interface};
  struct sim_endpoint *receiver = sim_port_receiver(host, &flow);
  remember_receiver(host, datagram, receiver);
  if (receiver) {
    sim_endpoint_store(receiver, datagram);
  } else {
    sim_icmp_refuse(host, datagram);
    drop(host->world, datagram, DGRAM_DROP_NO_SOCKET);
  }
}

static void deliver(struct sim_stack *host, struct sim_datagram *datagram) {
  if (datagram->cast == SIM_UNICAST)
    deliver_to_one(host, datagram);
  else
    deliver_to_all(host, datagram);
}

/* Whether it is for the one who got the last one. */
static bool is_for_receiver(const struct sim_stack *host, const struct sim_datagram *datagram) {
  return host->receiver && datagram->cast == SIM_UNICAST &&
         host->receiver_port == datagram->to_port &&
         sim_ip_same(&host->receiver_ip, &datagram->to) &&
         sim_port_hears(host->receiver, datagram->interface) &&
         sim_peer_is(host->receiver, &datagram->from, datagram->from_port);
}

/* Whether the host still wants it: an address may have been taken away, a group left, or
 * never been joined for this sender. */
static bool is_for(const struct sim_stack *host, const struct sim_datagram *datagram) {
  if (datagram->cast == SIM_BROADCAST) return true;
  if (datagram->cast == SIM_UNICAST) return sim_host_has(host, &datagram->to, 0);
  const struct sim_interface *interface = sim_host_interface(host, datagram->interface);
  return sim_group_takes(host, interface, &datagram->to, &datagram->from);
}

void sim_network_arrive(dgram_sim *world, struct sim_datagram *datagram) {
  struct sim_stack *host = datagram->host;
  const bool answer = sim_icmp_is_answer(datagram);
  if (!answer) world->stats.under_way--;
  if (answer)
    sim_icmp_arrive(host, datagram);
  else if (host->gone || world->ending)
    drop(world, datagram, DGRAM_DROP_CLOSED);
  else if (is_for_receiver(host, datagram))
    sim_endpoint_store(host->receiver, datagram);
  else if (!is_for(host, datagram))
    drop(world, datagram, DGRAM_DROP_NO_HOST);
  else
    deliver(host, datagram);
  sim_stack_release(host);
}

/* ---- leaving ---- */

static void copy_payload(unsigned char *to, const dgram_datagram *datagram) {
  const dgram_buffer *parts = datagram->bytes;
  if (datagram->parts == 0 && datagram->length > 0) memcpy(to, datagram->bytes, datagram->length);
  for (uint32_t i = 0; i < datagram->parts; i++) {
    if (parts[i].length > 0) memcpy(to, parts[i].bytes, parts[i].length);
    to += parts[i].length;
  }
}

static uint8_t hop_limit_of(const struct packet *packet) {
  const struct sim_endpoint *sender = packet->sender;
  return packet->cast == SIM_MULTICAST ? sender->multicast_ttl : sender->ttl;
}

/* A copy that has left; NULL: no memory, and it is counted as dropped. */
static struct sim_datagram *copy_of(const struct packet *packet, struct sim_stack *host,
                                    unsigned interface) {
  struct sim_datagram *copy = sim_datagram_take(host->world, packet->datagram->length);
  if (!copy) {
    host->world->stats.dropped[DGRAM_DROP_BUFFER]++;
    return NULL;
  }
  copy->host = host;
  copy->from = packet->from;
  copy->to = packet->to;
  copy->from_port = packet->sender->port;
  copy->to_port = packet->datagram->to.port;
  copy->cast = (uint8_t)packet->cast;
  copy->tos = packet->tos;
  copy->icmp = packet->sender->icmp_errors || packet->sender->peer ? SIM_ICMP_ASKS : SIM_ICMP_NONE;
  copy->interface = interface;
  copy->hop_limit = hop_limit_of(packet);
  copy_payload(copy->bytes, packet->datagram);
  return copy;
}

static void trace(const struct packet *packet, const struct sim_stack *to, const dgram_fate *fate) {
  dgram_sim *world = packet->host->world;
  if (!world->trace || world->tracing) return;
  struct sim_trace_datagram traced = {.time_ns = world->now_ns,
                                      .from = sim_ip_address(&packet->from),
                                      .datagram = packet->datagram,
                                      .tos = packet->tos,
                                      .dont_fragment = packet->sender->dont_fragment,
                                      .hop_limit = hop_limit_of(packet),
                                      .from_name =
                                          packet->host->name ? packet->host->name->text : NULL,
                                      .to_name = to && to->name ? to->name->text : NULL,
                                      .fate = fate};
  traced.from.port = packet->sender->port;
  world->tracing = true;
  sim_trace_datagram(world->trace, &traced);
  world->tracing = false;
}

static void put_under_way(const struct packet *packet, const struct sim_route *route,
                          uint64_t at_ns) {
  dgram_sim *world = packet->host->world;
  if (sim_events_reserve(&world->events, &world->allocator) < 0) {
    world->stats.dropped[DGRAM_DROP_BUFFER]++;
    return;
  }
  struct sim_datagram *copy = copy_of(packet, route->host, route->interface);
  if (!copy) return;
  world->stats.under_way++;
  route->host->users++;
  sim_events_push(&world->events, at_ns, SIM_EVENT_ARRIVAL, copy);
}

static int pass(const struct packet *packet, struct sim_route *route, dgram_fate *ret_fate) {
  size_t overhead = packet->ipv4 ? DGRAM__OVERHEAD_IPV4 : DGRAM__OVERHEAD_IPV6;
  size_t length = packet->datagram->length;
  if (packet->sender->dont_fragment)
    return sim_way_pass_whole(packet->host, route->host, length, overhead, ret_fate);
  return sim_way_pass(packet->host, route->host, &route->way, length, overhead, ret_fate);
}

/* To another host. Returns 0, or what the link answers: only a datagram to one has somebody to
 * tell. */
static int send_away(struct packet *packet, struct sim_route *route) {
  dgram_sim *world = packet->host->world;
  dgram_fate fate;
  if (packet->asks) return 0;
  int code = pass(packet, route, &fate);
  if (code < 0 && packet->cast == SIM_UNICAST) return code;
  if (code < 0) fate = (dgram_fate){.drop = DGRAM_DROP_MTU};
  packet->receivers++;
  world->stats.sent++;
  if (fate.copies == 0) world->stats.dropped[fate.drop]++;
  if (fate.copies == 2) world->stats.duplicated++;
  for (unsigned i = 0; i < fate.copies; i++)
    put_under_way(packet, route, fate.at_ns[i]);
  trace(packet, route->host, &fate);
  return 0;
}

/* One of many that it goes to. */
static void send_a_copy(struct packet *packet, const struct sim_interface *to) {
  struct sim_route route = {.host = to->host, .interface = to->index};
  (void)send_away(packet, &route);
}

static void send_to_nobody(struct packet *packet) {
  const dgram_fate fate = {.drop = DGRAM_DROP_NO_HOST};
  if (packet->asks) return;
  packet->host->world->stats.sent++;
  packet->host->world->stats.dropped[DGRAM_DROP_NO_HOST]++;
  if (packet->cast == SIM_UNICAST || sim_host_way_out(packet->host, NULL, packet->ipv4))
    trace(packet, NULL, &fate);
}

static void send_here(struct packet *packet, const struct sim_interface *interface) {
  struct sim_stack *host = packet->host;
  if (packet->asks) return;
  packet->receivers++;
  host->world->stats.sent++;
  struct sim_datagram *copy = copy_of(packet, host, interface ? interface->index : SIM_LO);
  if (copy) deliver(host, copy);
}

/* ---- where it comes from ---- */

static bool asks_for(const struct packet *packet, uint32_t what) {
  const dgram_send_info *info = packet->datagram->info;
  return info && (info->set & what);
}

/* As the kernel has it, one that is the host's, of any interface. */
static int set_source_asked_for(struct packet *packet, const struct sim_ip *ip, bool leaves) {
  const unsigned scope = packet->datagram->info->source_address.scope_id;
  if (sim_ip_is_ipv4(ip) != packet->ipv4) return DGRAM_EINVAL;
  if (!sim_host_has(packet->host, ip, scope))
    return packet->ipv4 ? DGRAM_ENETUNREACH : DGRAM_EINVAL;
  if (leaves && sim_ip_is_loopback(ip)) return DGRAM_EINVAL;
  packet->from = *ip;
  return 0;
}

/* The socket's own address, or the one given. Where the socket's is of the other family no way
 * leads to the destination; one that is of this host alone, or is the host's no more, does not
 * leave it. */
static int set_source(struct packet *packet, const struct sim_ip *other, bool leaves) {
  const struct sim_ip *own = &packet->sender->local;
  if (asks_for(packet, DGRAM_SEND_SOURCE_ADDRESS)) {
    const struct sim_ip asked = sim_ip_of(&packet->datagram->info->source_address);
    if (!sim_ip_is_any(&asked)) return set_source_asked_for(packet, &asked, leaves);
  }
  packet->from = *other;
  if (sim_ip_is_any(own) || sim_ip_is_group(own) || sim_ip_is_broadcast(own)) return 0;
  if (!sim_host_has(packet->host, own, 0))
    return sim_host_broadcasts(packet->host, own) ? 0 : DGRAM_EINVAL;
  if (sim_ip_is_ipv4(own) != packet->ipv4) return DGRAM_ENETUNREACH;
  if (leaves && sim_ip_is_loopback(own)) return DGRAM_EINVAL;
  packet->from = *own;
  return 0;
}

static struct sim_ip source_on(const struct packet *packet, const struct sim_interface *interface) {
  const struct sim_address *address =
      interface ? sim_interface_address(interface, packet->ipv4) : NULL;
  return address ? address->ip : sim_ip_loopback(packet->ipv4);
}

/* ---- to one ---- */

/* It counts as come in by the interface whose address that is, as in the kernel. */
static struct sim_interface *way_to_self(const struct packet *packet) {
  if (packet->sender->device == SIM_LO) return NULL;
  const struct sim_address *own = sim_host_address(packet->host, &packet->to, packet->out);
  return own ? own->interface : NULL;
}

static int send_to_self(struct packet *packet) {
  struct sim_ip source = packet->to;
  if (sim_ip_is_loopback(&packet->to) || packet->sender->device == SIM_LO)
    source = sim_ip_loopback(packet->ipv4);
  int error = set_source(packet, &source, false);
  if (error == 0) send_here(packet, way_to_self(packet));
  return error;
}

/* The next one to the same address goes the same way, unless it asks for its own source. */
static int send_by(struct packet *packet, const struct sim_interface *to) {
  struct sim_route route = {.version = packet->host->world->addresses_version,
                            .to = packet->to,
                            .from = packet->from,
                            .out = packet->out,
                            .interface = to->index,
                            .host = to->host};
  if (asks_for(packet, DGRAM_SEND_SOURCE_ADDRESS)) return send_away(packet, &route);
  packet->sender->route = route;
  return send_away(packet, &packet->sender->route);
}

static bool is_routed(const struct packet *packet) {
  const struct sim_route *route = &packet->sender->route;
  return route->version == packet->host->world->addresses_version && route->out == packet->out &&
         sim_ip_same(&route->to, &packet->to) && !asks_for(packet, DGRAM_SEND_SOURCE_ADDRESS);
}

/* The first interface whose network has this address; without one, the first that could have.
 * Returns the address there, or NULL; *ret_source is the one here, or NULL. */
static const struct sim_address *find_other(const struct packet *packet,
                                            const struct sim_address **ret_source) {
  const struct sim_address *target = NULL, *source = NULL;
  for (const struct sim_interface *i = packet->host->interfaces; i && !target; i = i->next) {
    const struct sim_address *own = sim_interface_address(i, packet->ipv4);
    if (!own || (packet->out != 0 && packet->out != i->index)) continue;
    target = sim_address_find(packet->host->world, i->network->number, &packet->to);
    if (!source || target) source = own;
  }
  *ret_source = source;
  return target;
}

static int send_to_other(struct packet *packet) {
  const struct sim_address *source, *target = find_other(packet, &source);
  if (!source) return DGRAM_ENETUNREACH;
  int error = set_source(packet, &source->ip, true);
  if (error < 0) return error;
  if (target) return send_by(packet, target->interface);
  send_to_nobody(packet);
  return 0;
}

/* ---- to many ---- */

/* Where the datagram names none it is the socket's, which counts for multicast alone. */
static struct sim_interface *way_out(const struct packet *packet) {
  unsigned index = packet->out;
  if (index == 0 && sim_ip_is_group(&packet->to)) index = packet->sender->multicast_interface;
  struct sim_interface *interface = sim_host_interface(packet->host, index);
  if (interface || index == SIM_LO) return interface;
  return sim_host_way_out(packet->host, &packet->sender->local, packet->ipv4);
}

/* TTL 0 and ff01::/16 (RFC 4291 2.7) stay on the host. */
static void send_to_members(struct packet *packet, const struct sim_interface *out) {
  bool stays = packet->sender->multicast_ttl == 0;
  if (!packet->ipv4 && (packet->to.bytes[1] & 0x0f) == 1) stays = true;
  if (!out || stays) return;
  struct sim_group *group = sim_group_find(packet->host->world, out->network->number, &packet->to);
  if (!group) return;
  struct sim_link *next;
  for (struct sim_link *link = group->joined.next; link != &group->joined; link = next) {
    const struct sim_joined *joined = SIM_OF_LINK(struct sim_joined, in_group, link);
    next = link->next;
    if (joined->interface->host != packet->host) send_a_copy(packet, joined->interface);
  }
}

static int send_to_group(struct packet *packet) {
  struct sim_interface *out = way_out(packet);
  const struct sim_ip *wanted = &packet->sender->multicast_source;
  struct sim_ip source = sim_ip_is_any(wanted) ? source_on(packet, out) : *wanted;
  packet->cast = SIM_MULTICAST;
  int error = set_source(packet, &source, out != NULL);
  if (error < 0) return error;
  if (packet->sender->multicast_loopback &&
      sim_group_takes(packet->host, out, &packet->to, &packet->from))
    send_here(packet, out);
  send_to_members(packet, out);
  if (packet->receivers == 0) send_to_nobody(packet);
  return 0;
}

/* Whether an interface takes what was sent to this broadcast address. */
static bool takes_broadcast(const struct sim_interface *interface, const struct sim_ip *to) {
  const struct sim_address *address = interface->addresses;
  if (sim_ip_is_broadcast(to)) return sim_interface_address(interface, true) != NULL;
  while (address && !sim_address_broadcasts(address, to))
    address = address->next;
  return address != NULL;
}

static int send_to_all(struct packet *packet, struct sim_interface *out) {
  struct sim_ip source = source_on(packet, out);
  packet->cast = SIM_BROADCAST;
  if (!packet->sender->broadcast) return DGRAM_EACCES;
  int error = set_source(packet, &source, out != NULL);
  if (error < 0) return error;
  send_here(packet, out);
  if (!out) return 0;
  struct sim_link *interfaces = &out->network->interfaces, *next;
  for (struct sim_link *link = interfaces->next; link != interfaces; link = next) {
    const struct sim_interface *to = SIM_OF_LINK(struct sim_interface, in_network, link);
    next = link->next;
    if (to->host != packet->host && takes_broadcast(to, &packet->to)) send_a_copy(packet, to);
  }
  return 0;
}

/* The interface whose network's hosts are all called so, or NULL. */
static struct sim_interface *find_broadcast(const struct packet *packet) {
  struct sim_interface *interface = packet->host->interfaces;
  while (interface && !(takes_broadcast(interface, &packet->to) &&
                        (packet->out == 0 || packet->out == interface->index)))
    interface = interface->next;
  return interface;
}

/* ---- sending ---- */

/* To all addresses means to this host, as the kernel has it. */
static struct sim_ip destination_ip(const struct sim_endpoint *sender, const dgram_address *to) {
  struct sim_ip ip = sim_ip_of(to);
  if (!sim_ip_is_any(&ip)) return ip;
  return sim_ip_loopback(sim_ip_is_ipv4(&ip) || sim_ip_is_ipv4(&sender->local));
}

/* Who may send by one interface alone reaches no other's addresses; and what leaves by "lo" comes
 * back, whatever its destination. */
static bool ends_here(const struct packet *packet) {
  const unsigned device = packet->sender->device;
  if (device == 0 || packet->out != device)
    return sim_host_has(packet->host, &packet->to, packet->out);
  if (device == SIM_LO) return true;
  return !sim_ip_is_loopback(&packet->to) && sim_host_has(packet->host, &packet->to, device);
}

/* 127.255.255.255 stays on "lo". */
static int route(struct packet *packet) {
  const struct sim_ip *to = &packet->to;
  if (is_routed(packet)) {
    packet->from = packet->sender->route.from;
    return send_away(packet, &packet->sender->route);
  }
  if (packet->ipv4 && packet->sender->ipv6_only) return DGRAM_ENETUNREACH;
  if (sim_ip_is_group(to)) return send_to_group(packet);
  if (sim_ip_is_broadcast(to))
    return send_to_all(packet, sim_ip_is_loopback(to) ? NULL : way_out(packet));
  if (ends_here(packet)) return send_to_self(packet);
  struct sim_interface *interface = packet->ipv4 ? find_broadcast(packet) : NULL;
  return interface ? send_to_all(packet, interface) : send_to_other(packet);
}

static struct packet packet_of(struct sim_endpoint *sender, const dgram_datagram *datagram) {
  struct packet packet = {.sender = sender,
                          .host = sim_host_of(sender),
                          .datagram = datagram,
                          .out = datagram->to.scope_id > 0 ? datagram->to.scope_id : sender->device,
                          .tos = sender->tos};
  packet.to = destination_ip(sender, &datagram->to);
  packet.ipv4 = sim_ip_is_ipv4(&packet.to);
  return packet;
}

int sim_network_source(struct sim_endpoint *endpoint, const dgram_address *to,
                       struct sim_ip *ret_source) {
  const dgram_datagram nothing = {.to = *to};
  struct packet packet = packet_of(endpoint, &nothing);
  packet.asks = true;
  int error = route(&packet);
  if (error == 0) *ret_source = packet.from;
  return error;
}

/* What it is sent with counts more than what the socket is set to. A destination's scope and the
 * info may both name an interface, but the same one. */
static int heed_info(struct packet *packet) {
  const dgram_send_info *info = packet->datagram->info;
  if (asks_for(packet, DGRAM_SEND_TOS)) packet->tos = info->tos;
  if (!asks_for(packet, DGRAM_SEND_INTERFACE) || info->interface_index == 0) return 0;
  const unsigned scope = packet->out, index = info->interface_index;
  packet->out = index;
  if (index != SIM_LO && !sim_host_interface(packet->host, index)) return DGRAM_ENODEV;
  return !packet->ipv4 && scope != 0 && scope != index ? DGRAM_EINVAL : 0;
}

/* What stays here has to pass "lo". */
static bool fits(const struct packet *packet) {
  const size_t length = packet->datagram->length;
  if (packet->ipv4) return length <= DGRAM__PAYLOAD_MAX_IPV4;
  return !packet->sender->dont_fragment || length + DGRAM__OVERHEAD_IPV6 <= DGRAM__SIM_MTU;
}

static int send_one(struct sim_endpoint *sender, const dgram_datagram *datagram) {
  dgram_datagram to_peer;
  if (datagram->to.family == 0) {
    to_peer = *datagram;
    if (sim_stack_remote_address(&sender->base, &to_peer.to) < 0) return DGRAM_EDESTADDRREQ;
    datagram = &to_peer;
  }
  struct packet packet = packet_of(sender, datagram);
  if (!fits(&packet)) return DGRAM_EMSGSIZE;
  int error = heed_info(&packet);
  if (error == 0) error = route(&packet);
  return error < 0 ? error : (int)datagram->length;
}

/* An error that came back meets the next send, as the kernel has it. */
static void take_answer(struct sim_endpoint *endpoint) {
  if (!endpoint->peer || endpoint->peer->error == 0) return;
  dgram__endpoint_peer_failed(&endpoint->base, endpoint->peer->error);
  endpoint->peer->error = 0;
}

int sim_stack_path_mtu(struct dgram__endpoint *base, const dgram_address *to) {
  const dgram_datagram nothing = {.to = *to};
  const struct packet packet = packet_of(sim_endpoint_of(base), &nothing);
  if (sim_ip_is_group(&packet.to) || sim_ip_is_broadcast(&packet.to)) return DGRAM__SIM_MTU;
  if (ends_here(&packet)) return DGRAM__SIM_MTU;
  const struct sim_address *source, *target = find_other(&packet, &source);
  if (!source) return DGRAM_ENETUNREACH;
  return target ? (int)sim_way_mtu(packet.host, target->interface->host) : DGRAM__SIM_MTU;
}

/* There is always room on the way, so a send is short only where it is made to. */
int sim_stack_send(struct dgram__endpoint *base, dgram_datagram *list, size_t count, size_t run,
                   unsigned flags) {
  struct sim_endpoint *endpoint = sim_endpoint_of(base);
  struct sim_stack *host = sim_host_of(endpoint);
  bool any = false;
  size_t i = 0;
  (void)run;
  for (; i < count; i++) {
    int code = sim_fails(host, DGRAM_SIM_SEND);
    if (code == DGRAM_EAGAIN) break;
    take_answer(endpoint);
    list[i].result = code < 0 ? code : send_one(endpoint, &list[i]);
    dgram__endpoint_count(base, list[i].result);
    any |= list[i].result >= 0;
  }
  if (i < count && !(flags & DGRAM__SEND_TRY)) {
    sim_list_remove(&endpoint->sendable);
    sim_list_append(&host->sendable, &endpoint->sendable);
    sim_stack_want_turn(host);
  }
  base->send_calls++;
  base->sent_batches += any;
  return (int)i;
}
