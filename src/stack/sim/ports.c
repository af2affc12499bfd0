/* Who has which port.
 *
 * A bind puts the endpoint into the world's table, unless it conflicts with one that is there.
 *
 * A socket has one address. The rules for two of them come down to three questions, since IPv4
 * stands here as ::ffff:a.b.c.d: is it ::, which takes both families unless it is for IPv6 only; is
 * it ::ffff:0.0.0.0, which takes IPv4; else is it the same. */

#include "stack/sim/sim.h"

static const struct sim_ip any_ipv6;

bool sim_port_takes(const struct sim_endpoint *endpoint, const struct sim_ip *to) {
  const struct sim_ip *local = &endpoint->local;
  if (sim_ip_same(local, &any_ipv6)) return !endpoint->ipv6_only || !sim_ip_is_ipv4(to);
  if (sim_ip_is_any(local)) return sim_ip_is_ipv4(to);
  return sim_ip_same(local, to);
}

/* ---- the table ---- */

static uint64_t hash_of(const struct sim_stack *host, uint16_t port) {
  return sim_hash(host->number, port);
}

/* Different ports may have one hash. */
static struct sim_endpoint *skip(struct sim_node *node, const struct sim_stack *host,
                                 uint16_t port) {
  for (; node; node = sim_table_next(node)) {
    struct sim_endpoint *endpoint = SIM_OF_LINK(struct sim_endpoint, node, node);
    if (endpoint->port == port && sim_host_of(endpoint) == host) return endpoint;
  }
  return NULL;
}

struct sim_endpoint *sim_port_first(const struct sim_stack *host, uint16_t port) {
  return skip(sim_table_first(&host->world->endpoints, hash_of(host, port)), host, port);
}

struct sim_endpoint *sim_port_next(const struct sim_endpoint *endpoint) {
  return skip(sim_table_next(&endpoint->node), sim_host_of(endpoint), endpoint->port);
}

/* ---- binding ---- */

/* Two that are each on an interface of their own do not meet. */
static bool devices_meet(unsigned a, unsigned b) {
  return a == b || a == 0 || b == 0;
}

static bool overlap(const struct sim_endpoint *a, const struct sim_endpoint *b) {
  if (!devices_meet(a->device, b->device)) return false;
  return sim_port_takes(a, &b->local) || sim_port_takes(b, &a->local);
}

/* Both must have asked to share, in the same way. With reuse_addr the last one who binds gets what
 * is sent to one. */
static bool share(const struct sim_endpoint *a, const struct sim_endpoint *b) {
  return (a->reuse_addr && b->reuse_addr) || (a->reuse_port && b->reuse_port);
}

/* Whether one with this port stands in the way of the endpoint, which has an address already. */
static bool is_taken(const struct sim_endpoint *endpoint, uint16_t port, bool may_share) {
  const struct sim_endpoint *other = sim_port_first(sim_host_of(endpoint), port);
  for (; other; other = sim_port_next(other)) {
    if (may_share && share(endpoint, other)) continue;
    if (overlap(endpoint, other)) return true;
  }
  return false;
}

/* The next one that is free, round and round, so that a port that was given back rests for long.
 * Here nobody shares, whatever he asked for. Returns 0 where there is none. */
static uint16_t find_port(const struct sim_endpoint *endpoint) {
  struct sim_stack *host = sim_host_of(endpoint);
  for (unsigned i = DGRAM__SIM_PORT_MIN; i <= DGRAM__SIM_PORT_MAX; i++) {
    uint16_t port = host->next_port++;
    if (port == DGRAM__SIM_PORT_MAX) host->next_port = DGRAM__SIM_PORT_MIN;
    if (!is_taken(endpoint, port, false)) return port;
  }
  return 0;
}

/* Groups and broadcast addresses may be bound to, as may what the host has. */
static bool may_bind(const struct sim_stack *host, const struct sim_ip *ip, unsigned scope) {
  if (sim_ip_is_any(ip) || sim_ip_is_group(ip) || sim_ip_is_broadcast(ip)) return true;
  return sim_host_has(host, ip, scope) || sim_host_broadcasts(host, ip);
}

/* A link-local address is one of the device. */
static unsigned scope_of(const dgram_address *local, const struct sim_endpoint *endpoint) {
  if (local->scope_id > 0 || !sim_ip_is_link_local(&endpoint->local)) return local->scope_id;
  return endpoint->device;
}

/* What the endpoint wants. Where it does not get it the next bind sets it anew. */
static void set_way(struct sim_endpoint *endpoint, const dgram_address *local, unsigned device,
                    unsigned flags) {
  endpoint->local = sim_ip_of(local);
  endpoint->device = device;
  endpoint->reuse_addr = flags & DGRAM__BIND_REUSE_ADDR;
  endpoint->reuse_port = flags & DGRAM__BIND_REUSE_PORT;
  endpoint->ipv6_only = flags & DGRAM__BIND_IPV6_ONLY;
}

int sim_port_attach(struct sim_endpoint *endpoint, const dgram_address *local, unsigned device,
                    unsigned flags) {
  struct sim_stack *host = sim_host_of(endpoint);
  uint16_t port = local->port;
  set_way(endpoint, local, device, flags);
  const struct sim_ip ip = endpoint->local;
  const unsigned scope = scope_of(local, endpoint);
  if (endpoint->ipv6_only && sim_ip_is_ipv4(&ip)) return DGRAM_EINVAL;
  if (!may_bind(host, &ip, scope)) return DGRAM_EADDRNOTAVAIL;
  if (port == 0) port = find_port(endpoint);
  if (port == 0 || is_taken(endpoint, port, true)) return DGRAM_EADDRINUSE;
  const struct sim_address *own = sim_host_address(host, &ip, scope);
  const bool scoped = own && sim_ip_is_link_local(&ip);
  sim_endpoint_set_local(endpoint, &ip, scoped ? own->interface->index : 0);
  endpoint->port = port;
  sim_table_put(&host->world->endpoints, &host->world->allocator, &endpoint->node,
                hash_of(host, port));
  return 0;
}

void sim_port_detach(struct sim_endpoint *endpoint) {
  if (endpoint->port == 0) return;
  sim_group_leave_all(endpoint);
  sim_table_take(&sim_host_of(endpoint)->world->endpoints, &endpoint->node);
  sim_host_of(endpoint)->receiver = NULL;
  endpoint->port = 0;
}

/* ---- who receives ---- */

bool sim_port_hears(const struct sim_endpoint *endpoint, unsigned interface) {
  return endpoint->device == 0 || endpoint->device == interface;
}

/* As the kernel ranks them: the sender's peer before all, an address of one's own before all
 * addresses, an interface of one's own before all interfaces, for IPv4 a udp4 socket before a udp6
 * one. */
static int rank_of(const struct sim_endpoint *endpoint, const struct sim_ip *to) {
  int specific = sim_ip_is_any(&endpoint->local) ? 0 : 4;
  if (endpoint->device > 0) specific += 2;
  if (endpoint->peer) specific += 8;
  return specific + (sim_ip_is_ipv4(to) && endpoint->base.type == DGRAM_UDP4 ? 1 : 0);
}

/* Who has a peer hears that alone, and is none of them. */
static bool balance(const struct sim_endpoint *a, const struct sim_endpoint *b) {
  return a->reuse_port && b->reuse_port && a->base.type == b->base.type &&
         a->ipv6_only == b->ipv6_only && a->device == b->device &&
         sim_ip_same(&a->local, &b->local) && !b->peer;
}

/* Which of those that balance with this one, itself included, has this sender. hash is the
 * sender's. */
static struct sim_endpoint *by_sender(struct sim_endpoint *first, uint64_t hash) {
  struct sim_endpoint *endpoint;
  size_t count = 0;
  for (endpoint = first; endpoint; endpoint = sim_port_next(endpoint))
    count += balance(first, endpoint);
  size_t nth = hash % count;
  for (endpoint = first; nth > 0 || !balance(first, endpoint); endpoint = sim_port_next(endpoint))
    nth -= balance(first, endpoint);
  return endpoint;
}

/* Among equals the newest, which stands first. */
static struct sim_endpoint *find_best(const struct sim_stack *host, const struct sim_flow *flow) {
  struct sim_endpoint *best = NULL;
  struct sim_endpoint *endpoint = sim_port_first(host, flow->to_port);
  for (; endpoint; endpoint = sim_port_next(endpoint)) {
    if (!sim_port_takes(endpoint, flow->to)) continue;
    if (!sim_port_hears(endpoint, flow->interface)) continue;
    if (!sim_peer_is(endpoint, flow->from, flow->from_port)) continue;
    if (!best || rank_of(endpoint, flow->to) > rank_of(best, flow->to)) best = endpoint;
  }
  return best;
}

struct sim_endpoint *sim_port_receiver(const struct sim_stack *host, const struct sim_flow *flow) {
  struct sim_endpoint *best = find_best(host, flow);
  if (!best || !best->reuse_port || best->peer) return best;
  uint64_t hash = sim_hash_ip(sim_hash_ip(host->world->seed, flow->from), flow->to);
  return by_sender(best, sim_hash(hash, flow->from_port));
}
