/* Who has joined which group.
 *
 * A socket joins a group on an interface. The first socket of a host to do so makes the host one of
 * those that the network hands the group's datagrams to.
 *
 * Whom it is heard from is asked twice, as in the kernel: the host takes what one of its sockets
 * wants, and a socket that has joined gets what it has joined for. */

#include "stack/sim/sim.h"

/* One socket in one group, for all senders or for one: then a socket may have several. */
struct sim_membership {
  struct sim_membership *next; /* of the socket */
  struct sim_link in_joined;
  struct sim_joined *joined;
  struct sim_ip source; /* any address: all senders */
};

/* ---- a network's groups ---- */

struct sim_group *sim_group_find(const dgram_sim *world, unsigned network,
                                 const struct sim_ip *ip) {
  struct sim_node *node = sim_table_first(&world->groups, sim_hash_ip(network, ip));
  for (; node; node = sim_table_next(node)) {
    struct sim_group *group = (struct sim_group *)node;
    if (group->network == network && sim_ip_same(&group->ip, ip)) return group;
  }
  return NULL;
}

static struct sim_group *get_group(dgram_sim *world, unsigned network, const struct sim_ip *ip) {
  struct sim_group *group = sim_group_find(world, network, ip);
  if (!group) {
    group = sim_calloc(world, sizeof *group);
    if (!group) return NULL;
    group->ip = *ip;
    group->network = network;
    sim_list_init(&group->joined);
    sim_table_put(&world->groups, &world->allocator, &group->node, sim_hash_ip(network, ip));
  }
  return group;
}

static void end_group_if_empty(dgram_sim *world, struct sim_group *group) {
  if (!group || !sim_list_is_empty(&group->joined)) return;
  sim_table_take(&world->groups, &group->node);
  sim_free(world, group);
}

/* ---- a host's ---- */

struct sim_joined *sim_group_joined(const struct sim_stack *host,
                                    const struct sim_interface *interface,
                                    const struct sim_ip *ip) {
  struct sim_joined *joined = host->joined;
  while (joined && (joined->interface != interface || !sim_ip_same(&joined->ip, ip)))
    joined = joined->next;
  return joined;
}

static struct sim_joined *new_joined(struct sim_stack *host, struct sim_interface *interface,
                                     const struct sim_ip *ip) {
  struct sim_joined *joined = sim_calloc(host->world, sizeof *joined);
  if (!joined) return NULL;
  joined->interface = interface;
  joined->ip = *ip;
  sim_list_init(&joined->in_group);
  sim_list_init(&joined->members);
  if (interface) {
    joined->group = get_group(host->world, interface->network->number, ip);
    if (!joined->group) {
      sim_free(host->world, joined);
      return NULL;
    }
    sim_list_append(&joined->group->joined, &joined->in_group);
  }
  joined->next = host->joined;
  host->joined = joined;
  return joined;
}

static void end_joined_if_empty(struct sim_stack *host, struct sim_joined *joined) {
  if (!sim_list_is_empty(&joined->members)) return;
  struct sim_joined **link = &host->joined;
  while (*link != joined)
    link = &(*link)->next;
  *link = joined->next;
  sim_list_remove(&joined->in_group);
  end_group_if_empty(host->world, joined->group);
  sim_free(host->world, joined);
}

/* ---- for whom ---- */

static bool wants(const struct sim_membership *membership, const struct sim_ip *from) {
  return sim_ip_is_any(&membership->source) || sim_ip_same(&membership->source, from);
}

bool sim_group_takes(const struct sim_stack *host, const struct sim_interface *interface,
                     const struct sim_ip *ip, const struct sim_ip *from) {
  const struct sim_joined *joined = sim_group_joined(host, interface, ip);
  if (!joined) return false;
  const struct sim_link *link = joined->members.next;
  while (link != &joined->members &&
         !wants(SIM_OF_LINK(const struct sim_membership, in_joined, link), from))
    link = link->next;
  return link != &joined->members;
}

bool sim_group_hears(const struct sim_endpoint *endpoint, const struct sim_interface *interface,
                     const struct sim_ip *ip, const struct sim_ip *from) {
  const struct sim_joined *joined = sim_group_joined(sim_host_of(endpoint), interface, ip);
  const struct sim_membership *membership = endpoint->memberships;
  bool has_joined = false;
  for (; membership; membership = membership->next) {
    if (membership->joined != joined) continue;
    if (wants(membership, from)) return true;
    has_joined = true;
  }
  return !has_joined;
}

/* ---- a socket's ---- */

/* The link to a membership for this source; joined NULL: any of that group. To NULL where there is
 * none. */
static struct sim_membership **find(struct sim_endpoint *endpoint, const struct sim_joined *joined,
                                    const struct sim_ip *ip, const struct sim_ip *source) {
  struct sim_membership **link = &endpoint->memberships;
  for (; *link; link = &(*link)->next) {
    if (!sim_ip_same(&(*link)->source, source)) continue;
    if (joined ? (*link)->joined == joined : sim_ip_same(&(*link)->joined->ip, ip)) break;
  }
  return link;
}

static int join(struct sim_endpoint *endpoint, struct sim_interface *interface,
                const struct sim_ip *ip, const struct sim_ip *source) {
  struct sim_stack *host = sim_host_of(endpoint);
  struct sim_joined *joined = sim_group_joined(host, interface, ip);
  if (joined && *find(endpoint, joined, ip, source)) return DGRAM_EADDRINUSE;
  if (!joined) joined = new_joined(host, interface, ip);
  if (!joined) return DGRAM_ENOMEM;
  struct sim_membership *membership = sim_calloc(host->world, sizeof *membership);
  if (!membership) {
    end_joined_if_empty(host, joined);
    return DGRAM_ENOMEM;
  }
  sim_list_append(&joined->members, &membership->in_joined);
  membership->joined = joined;
  membership->source = *source;
  membership->next = endpoint->memberships;
  endpoint->memberships = membership;
  return 0;
}

static void leave(struct sim_endpoint *endpoint, struct sim_membership **link) {
  struct sim_stack *host = sim_host_of(endpoint);
  struct sim_membership *membership = *link;
  *link = membership->next;
  sim_list_remove(&membership->in_joined);
  end_joined_if_empty(host, membership->joined);
  sim_free(host->world, membership);
}

void sim_group_leave_all(struct sim_endpoint *endpoint) {
  while (endpoint->memberships)
    leave(endpoint, &endpoint->memberships);
}

/* ---- what the core asks ---- */

unsigned sim_stack_group_interface(dgram_stack *base, const dgram_address *group) {
  struct sim_ip ip = sim_ip_of(group);
  const struct sim_interface *interface =
      sim_host_way_out(sim_stack_of(base), NULL, sim_ip_is_ipv4(&ip));
  return interface ? interface->index : SIM_LO;
}

/* Any interface on which the group was joined, where none is chosen; the core chooses to join. */
static int leave_on(struct sim_endpoint *endpoint, const struct sim_interface *interface,
                    bool chosen, const struct sim_ip *ip, const struct sim_ip *source) {
  const struct sim_joined *joined =
      chosen ? sim_group_joined(sim_host_of(endpoint), interface, ip) : NULL;
  struct sim_membership **link = find(endpoint, joined, ip, source);
  if ((chosen && !joined) || !*link) return DGRAM_EADDRNOTAVAIL;
  leave(endpoint, link);
  return 0;
}

int sim_stack_set_membership(struct dgram__endpoint *base, bool joining, const dgram_address *group,
                             const dgram_address *source, unsigned chosen) {
  struct sim_endpoint *endpoint = sim_endpoint_of(base);
  struct sim_stack *host = sim_host_of(endpoint);
  struct sim_ip ip = sim_ip_of(group), from = {{0}};
  struct sim_interface *interface = sim_host_interface(host, chosen);
  int code = sim_fails(host, DGRAM_SIM_MEMBERSHIP);
  if (code < 0) return code;
  if (chosen > SIM_LO && !interface) return joining ? DGRAM_ENODEV : DGRAM_EADDRNOTAVAIL;
  if (source) from = sim_ip_of(source);
  if (joining) return join(endpoint, interface, &ip, &from);
  return leave_on(endpoint, interface, chosen > 0, &ip, &from);
}

int sim_stack_set_multicast_interface(struct dgram__endpoint *base, unsigned interface,
                                      const dgram_address *address) {
  struct sim_endpoint *endpoint = sim_endpoint_of(base);
  struct sim_stack *host = sim_host_of(endpoint);
  int code = sim_fails(host, DGRAM_SIM_SET_OPTION);
  if (code < 0) return code;
  if (interface > SIM_LO && !sim_host_interface(host, interface)) return DGRAM_ENODEV;
  endpoint->multicast_interface = interface;
  endpoint->multicast_source = address ? sim_ip_of(address) : (struct sim_ip){{0}};
  return 0;
}
