/* Who has a peer.
 *
 * Happy path: connecting remembers the peer, and settles which of the host's addresses its datagrams
 * come from, as the kernel does; so the endpoint hears only what is sent to that, by the peer.
 *
 * Failure modes: no way leads to the peer. What ICMP answers (icmp.c) waits here as one pending
 * error. */

#include "stack/sim/sim.h"

void sim_peer_free(struct sim_endpoint *endpoint) {
  sim_free(sim_host_of(endpoint)->world, endpoint->peer);
  endpoint->peer = NULL;
}

/* ---- connecting ---- */

static int disconnect(struct sim_endpoint *endpoint) {
  const struct sim_peer *peer = endpoint->peer;
  if (peer->error < 0) dgram__endpoint_peer_failed(&endpoint->base, peer->error);
  sim_endpoint_set_local(endpoint, &peer->bound, peer->bound_scope);
  sim_peer_free(endpoint);
  return 0;
}

static unsigned scope_of(const struct sim_endpoint *endpoint, const struct sim_ip *source,
                         unsigned scope) {
  const struct sim_address *own = sim_host_address(sim_host_of(endpoint), source, scope);
  return own && sim_ip_is_link_local(source) ? own->interface->index : endpoint->scope;
}

/* To all addresses means to this host, here too. */
static void set_address(struct sim_endpoint *endpoint, struct sim_peer *peer,
                        const dgram_address *remote) {
  peer->address = *remote;
  peer->ip = sim_ip_of(remote);
  if (!sim_ip_is_any(&peer->ip)) return;
  peer->ip = sim_ip_loopback(sim_ip_is_ipv4(&peer->ip) || sim_ip_is_ipv4(&endpoint->local));
  peer->address = sim_stack_address(endpoint->base.type, &peer->ip, remote->port);
}

int sim_stack_connect(struct dgram__endpoint *base, const dgram_address *remote) {
  struct sim_endpoint *endpoint = sim_endpoint_of(base);
  struct sim_stack *host = sim_host_of(endpoint);
  struct sim_ip source;
  int code = sim_fails(host, DGRAM_SIM_CONNECT);
  if (code < 0) return code;
  if (!remote) return disconnect(endpoint);
  code = sim_network_source(endpoint, remote, &source);
  if (code < 0) return code;
  struct sim_peer *peer = sim_calloc(host->world, sizeof *peer);
  if (!peer) return DGRAM_ENOMEM;
  set_address(endpoint, peer, remote);
  peer->bound = endpoint->local;
  peer->bound_scope = endpoint->scope;
  endpoint->peer = peer;
  sim_endpoint_set_local(endpoint, &source, scope_of(endpoint, &source, remote->scope_id));
  return 0;
}

int sim_stack_remote_address(struct dgram__endpoint *base, dgram_address *ret_address) {
  const struct sim_peer *peer = sim_endpoint_of(base)->peer;
  if (!peer) return DGRAM_ENOTCONN;
  *ret_address = peer->address;
  return 0;
}
