/* Who has which port.
 *
 * A bind puts the endpoint into the world's table, unless it conflicts with one that is there.
 *
 * A socket has one address. The rules for two of them come down to three questions, since IPv4
 * stands here as ::ffff:a.b.c.d: is it ::, which takes both families; is it ::ffff:0.0.0.0, which
 * takes IPv4; else is it the same. */

#include "stack/sim/sim.h"

static const struct sim_ip any_ipv6;

bool sim_port_takes(const struct sim_ip *local, const struct sim_ip *to) {
  if (sim_ip_same(local, &any_ipv6)) return true;
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

/* What an endpoint wants. */
struct claim {
  struct sim_ip ip;
  unsigned device;
  bool reuse_addr;
};

/* Two that are each on an interface of their own do not meet. */
static bool devices_meet(unsigned a, unsigned b) {
  return a == b || a == 0 || b == 0;
}

/* Both must have asked to share; then the last one who binds gets what is sent to one. */
static bool is_taken(const struct sim_stack *host, const struct claim *claim, uint16_t port) {
  const struct sim_ip *local = &claim->ip;
  const struct sim_endpoint *other = sim_port_first(host, port);
  for (; other; other = sim_port_next(other)) {
    if (other->reuse_addr && claim->reuse_addr) continue;
    if (!devices_meet(other->device, claim->device)) continue;
    if (sim_port_takes(&other->local, local) || sim_port_takes(local, &other->local)) return true;
  }
  return false;
}

/* The next one that is free, round and round, so that a port that was given back rests for long.
 * Here nobody shares, whatever he asked for. Returns 0 where there is none. */
static uint16_t find_port(struct sim_stack *host, struct claim claim) {
  claim.reuse_addr = false;
  for (unsigned i = DGRAM__SIM_PORT_MIN; i <= DGRAM__SIM_PORT_MAX; i++) {
    uint16_t port = host->next_port++;
    if (port == DGRAM__SIM_PORT_MAX) host->next_port = DGRAM__SIM_PORT_MIN;
    if (!is_taken(host, &claim, port)) return port;
  }
  return 0;
}

/* Groups and broadcast addresses may be bound to, as may what the host has. */
static bool may_bind(const struct sim_stack *host, const struct sim_ip *ip, unsigned scope) {
  if (sim_ip_is_any(ip) || sim_ip_is_group(ip) || sim_ip_is_broadcast(ip)) return true;
  return sim_host_has(host, ip, scope) || sim_host_broadcasts(host, ip);
}

/* A link-local address is one of the device. */
static unsigned scope_of(const dgram_address *local, const struct claim *claim) {
  if (local->scope_id > 0 || !sim_ip_is_link_local(&claim->ip)) return local->scope_id;
  return claim->device;
}

int sim_port_attach(struct sim_endpoint *endpoint, const dgram_address *local, unsigned device,
                    bool reuse_addr) {
  struct sim_stack *host = sim_host_of(endpoint);
  const struct claim claim = {.ip = sim_ip_of(local), .device = device, .reuse_addr = reuse_addr};
  const unsigned scope = scope_of(local, &claim);
  uint16_t port = local->port;
  if (!may_bind(host, &claim.ip, scope)) return DGRAM_EADDRNOTAVAIL;
  if (port == 0) port = find_port(host, claim);
  if (port == 0 || is_taken(host, &claim, port)) return DGRAM_EADDRINUSE;
  const struct sim_address *own = sim_host_address(host, &claim.ip, scope);
  const bool scoped = own && sim_ip_is_link_local(&claim.ip);
  sim_endpoint_set_local(endpoint, &claim.ip, scoped ? own->interface->index : 0);
  endpoint->device = device;
  endpoint->port = port;
  endpoint->reuse_addr = reuse_addr;
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

/* Among equals the newest, which stands first. */
struct sim_endpoint *sim_port_receiver(const struct sim_stack *host, const struct sim_flow *flow) {
  struct sim_endpoint *best = NULL;
  struct sim_endpoint *endpoint = sim_port_first(host, flow->to_port);
  for (; endpoint; endpoint = sim_port_next(endpoint)) {
    if (!sim_port_takes(&endpoint->local, flow->to)) continue;
    if (!sim_port_hears(endpoint, flow->interface)) continue;
    if (!sim_peer_is(endpoint, flow->from, flow->from_port)) continue;
    if (!best || rank_of(endpoint, flow->to) > rank_of(best, flow->to)) best = endpoint;
  }
  return best;
}
