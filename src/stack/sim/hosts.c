/* Hosts, their interfaces and addresses.
 *
 * All hosts have "lo" alike, so nothing stands for it anywhere. Every other address is in the
 * world's table, by its network; a network knows its interfaces in the order they were added. */

#include "stack/sim/sim.h"

#include <assert.h>
#include <string.h>

enum { NETWORK_OF_HOSTS = 0, BITS_IPV4 = 32, BITS_IPV6 = 128, TEXT_MAX = 64 };

/* ---- text ---- */

static bool read_prefix(const char *text, unsigned most, unsigned *ret_prefix) {
  unsigned prefix = 0;
  if (!*text) return false;
  for (; *text; text++) {
    if (*text < '0' || *text > '9') return false;
    prefix = prefix * 10 + (unsigned)(*text - '0');
    if (prefix > most) return false;
  }
  *ret_prefix = prefix;
  return true;
}

/* "10.0.0.1/24"; without a prefix it is the host alone. */
static int read_address(const char *text, struct sim_ip *ret_ip, unsigned *ret_prefix) {
  char literal[TEXT_MAX];
  dgram_address address;
  size_t length = strcspn(text, "/");
  if (length >= sizeof literal) return DGRAM_EINVAL;
  memcpy(literal, text, length);
  literal[length] = '\0';
  if (dgram_address_parse(literal, 0, &address) < 0 || address.scope_id != 0) return DGRAM_EINVAL;
  unsigned bits = address.family == DGRAM_IPV4 ? BITS_IPV4 : BITS_IPV6;
  *ret_prefix = bits;
  if (text[length] && !read_prefix(text + length + 1, bits, ret_prefix)) return DGRAM_EINVAL;
  *ret_ip = sim_ip_of(&address);
  /* ::ffff:10.0.0.1 would be IPv4 here. */
  return address.family == DGRAM_IPV6 && sim_ip_is_ipv4(ret_ip) ? DGRAM_EINVAL : 0;
}

static bool mask_is_ones(const struct sim_ip *ip, unsigned from) {
  for (unsigned bit = from; bit < BITS_IPV4; bit++) {
    if (!(ip->bytes[12 + bit / 8] >> (7 - bit % 8) & 1)) return false;
  }
  return true;
}

/* Networks of one or two addresses have no broadcast (RFC 3021). */
bool sim_address_broadcasts(const struct sim_address *address, const struct sim_ip *ip) {
  if (!sim_ip_is_ipv4(ip) || !sim_ip_is_ipv4(&address->ip) || address->prefix > 30) return false;
  for (unsigned bit = 0; bit < address->prefix; bit++) {
    unsigned shift = 7 - bit % 8;
    if ((address->ip.bytes[12 + bit / 8] ^ ip->bytes[12 + bit / 8]) >> shift & 1) return false;
  }
  return mask_is_ones(ip, address->prefix);
}

static bool may_have(const struct sim_ip *ip, unsigned prefix) {
  if (sim_ip_is_any(ip) || sim_ip_is_loopback(ip) || sim_ip_is_group(ip)) return false;
  if (sim_ip_is_broadcast(ip)) return false;
  return !sim_ip_is_ipv4(ip) || prefix > 30 || !mask_is_ones(ip, prefix);
}

/* ---- looking ---- */

struct sim_address *sim_address_find(const dgram_sim *world, unsigned network,
                                     const struct sim_ip *ip) {
  struct sim_node *node = sim_table_first(&world->addresses, sim_hash_ip(network, ip));
  for (; node; node = sim_table_next(node)) {
    struct sim_address *address = (struct sim_address *)node;
    if (address->network == network && sim_ip_same(&address->ip, ip)) return address;
  }
  return NULL;
}

const struct sim_address *sim_host_address(const struct sim_stack *host, const struct sim_ip *ip,
                                           unsigned scope) {
  for (const struct sim_interface *i = host->interfaces; i; i = i->next) {
    const struct sim_address *address = i->addresses;
    for (; address; address = address->next) {
      if (sim_ip_same(&address->ip, ip) && (scope == 0 || scope == i->index)) return address;
    }
  }
  return NULL;
}

bool sim_host_has(const struct sim_stack *host, const struct sim_ip *ip, unsigned scope) {
  return sim_ip_is_loopback(ip) || sim_host_address(host, ip, scope) != NULL;
}

bool sim_host_broadcasts(const struct sim_stack *host, const struct sim_ip *ip) {
  for (const struct sim_interface *i = host->interfaces; i; i = i->next) {
    for (const struct sim_address *address = i->addresses; address; address = address->next) {
      if (sim_address_broadcasts(address, ip)) return true;
    }
  }
  return false;
}

const struct sim_address *sim_interface_address(const struct sim_interface *interface, bool ipv4) {
  const struct sim_address *address = interface->addresses;
  while (address && sim_ip_is_ipv4(&address->ip) != ipv4)
    address = address->next;
  return address;
}

struct sim_interface *sim_host_interface(const struct sim_stack *host, unsigned index) {
  struct sim_interface *interface = host->interfaces;
  while (interface && interface->index != index)
    interface = interface->next;
  return interface;
}

static struct sim_interface *find_name(const struct sim_stack *host, const char *name) {
  struct sim_interface *interface = host->interfaces;
  while (interface && strcmp(interface->name, name) != 0)
    interface = interface->next;
  return interface;
}

struct sim_interface *sim_host_way_out(const struct sim_stack *host, const struct sim_ip *local,
                                       bool ipv4) {
  struct sim_interface *interface = host->interfaces;
  if (local && sim_ip_is_ipv4(local) == ipv4) {
    const struct sim_address *own = sim_host_address(host, local, 0);
    if (own) return own->interface;
    if (sim_ip_is_loopback(local) && !sim_ip_is_broadcast(local)) return NULL;
  }
  while (interface && !sim_interface_address(interface, ipv4))
    interface = interface->next;
  return interface;
}

/* ---- networks and interfaces ---- */

static struct sim_network *get_network(dgram_sim *world, unsigned number) {
  uint64_t hash = sim_hash(0, number);
  struct sim_node *node = sim_table_first(&world->networks, hash);
  for (; node; node = sim_table_next(node)) {
    if (((struct sim_network *)node)->number == number) return (struct sim_network *)node;
  }
  struct sim_network *network = sim_calloc(world, sizeof *network);
  if (!network) return NULL;
  network->number = number;
  sim_list_init(&network->interfaces);
  sim_table_put(&world->networks, &world->allocator, &network->node, hash);
  return network;
}

static void end_network_if_empty(dgram_sim *world, struct sim_network *network) {
  if (!sim_list_is_empty(&network->interfaces)) return;
  sim_table_take(&world->networks, &network->node);
  sim_free(world, network);
}

static struct sim_interface *new_interface(struct sim_stack *host, const char *name,
                                           unsigned number) {
  struct sim_interface *interface = sim_calloc(host->world, sizeof *interface);
  if (!interface) return NULL;
  struct sim_network *network = get_network(host->world, number);
  if (!network) {
    sim_free(host->world, interface);
    return NULL;
  }
  struct sim_interface **link = &host->interfaces;
  interface->index = SIM_LO + 1;
  for (; *link; link = &(*link)->next)
    interface->index = (*link)->index + 1;
  *link = interface;
  interface->host = host;
  interface->network = network;
  memcpy(interface->name, name, strlen(name) + 1);
  sim_list_append(&network->interfaces, &interface->in_network);
  return interface;
}

static void end_interface(struct sim_interface *interface) {
  dgram_sim *world = interface->host->world;
  struct sim_interface **link = &interface->host->interfaces;
  while (*link != interface)
    link = &(*link)->next;
  *link = interface->next;
  sim_list_remove(&interface->in_network);
  end_network_if_empty(world, interface->network);
  sim_free(world, interface);
}

/* ---- addresses ---- */

/* The host's addresses are others: what was found by them is to be found anew. */
static void on_change(struct sim_stack *host) {
  host->receiver = NULL;
  host->world->addresses_version++;
}

static int add_to(struct sim_interface *interface, const struct sim_ip *ip, unsigned prefix) {
  dgram_sim *world = interface->host->world;
  struct sim_address *address = sim_calloc(world, sizeof *address);
  if (!address) return DGRAM_ENOMEM;
  address->interface = interface;
  address->ip = *ip;
  address->network = interface->network->number;
  address->prefix = prefix;
  struct sim_address **link = &interface->addresses;
  while (*link)
    link = &(*link)->next;
  *link = address;
  sim_table_put(&world->addresses, &world->allocator, &address->node,
                sim_hash_ip(interface->network->number, ip));
  on_change(interface->host);
  return 0;
}

static void remove_address(struct sim_address *address) {
  dgram_sim *world = address->interface->host->world;
  struct sim_address **link = &address->interface->addresses;
  while (*link != address)
    link = &(*link)->next;
  *link = address->next;
  sim_table_take(&world->addresses, &address->node);
  on_change(address->interface->host);
  sim_free(world, address);
}

/* Returns the interface's index, or a code and nothing has changed. */
static int add_address(struct sim_stack *host, const char *name, unsigned number,
                       const char *text) {
  struct sim_ip ip;
  unsigned prefix;
  struct sim_interface *interface = find_name(host, name);
  if (read_address(text, &ip, &prefix) < 0 || !may_have(&ip, prefix)) return DGRAM_EINVAL;
  if (interface && interface->network->number != number) return DGRAM_EINVAL;
  if (sim_address_find(host->world, number, &ip)) return DGRAM_EADDRINUSE;
  if (!sim_ip_is_link_local(&ip) && sim_host_address(host, &ip, 0)) return DGRAM_EADDRINUSE;
  bool is_new = !interface;
  if (is_new) interface = new_interface(host, name, number);
  if (!interface) return DGRAM_ENOMEM;
  int error = add_to(interface, &ip, prefix);
  if (error < 0 && is_new) end_interface(interface);
  return error < 0 ? error : (int)interface->index;
}

int dgram_sim_add_address(dgram_stack *host, const char *name, unsigned network,
                          const char *address) {
  if (!host || !name || !address) return DGRAM_EARGTYPE;
  if (!sim_stack_is(host)) return DGRAM_ENOTSUP;
  size_t length = strlen(name);
  if (length == 0 || length >= DGRAM__INTERFACE_NAME_MAX || strcmp(name, "lo") == 0)
    return DGRAM_EINVAL;
  if (sim_stack_of(host)->gone) return DGRAM_ENOTRUNNING;
  return add_address(sim_stack_of(host), name, network, address);
}

int dgram_sim_remove_address(dgram_stack *host, const char *address) {
  struct sim_ip ip;
  unsigned prefix;
  if (!host || !address) return DGRAM_EARGTYPE;
  if (!sim_stack_is(host)) return DGRAM_ENOTSUP;
  if (read_address(address, &ip, &prefix) < 0) return DGRAM_EINVAL;
  const struct sim_address *own = sim_host_address(sim_stack_of(host), &ip, 0);
  if (!own) return DGRAM_EADDRNOTAVAIL;
  remove_address(
      sim_address_find(own->interface->host->world, own->interface->network->number, &ip));
  return 0;
}

/* ---- hosts ---- */

static void end_addresses(struct sim_stack *host) {
  while (host->interfaces) {
    while (host->interfaces->addresses)
      remove_address(host->interfaces->addresses);
    end_interface(host->interfaces);
  }
}

int sim_host_add(dgram_sim *world, const char *name, const char *address,
                 struct sim_stack **ret_host) {
  struct sim_stack *host;
  int error = sim_events_reserve_turn(&world->events, &world->allocator);
  if (error < 0) return error;
  error = sim_stack_new(world, &host);
  if (error < 0) {
    world->events.turns--;
    return error;
  }
  if (address) error = add_address(host, "eth0", NETWORK_OF_HOSTS, address);
  if (error >= 0 && name) error = sim_name_add_host(host, name);
  if (error < 0) {
    end_addresses(host);
    world->events.turns--;
    dgram__stack_delete(&host->base);
    return error;
  }
  sim_list_append(&world->hosts, &host->in_world);
  world->host_count++;
  world->host_numbers++; /* only now: what has failed must not change the links of those after it */
  *ret_host = host;
  return 0;
}

int dgram_sim_add_host(dgram_sim *sim, const char *name, const char *address,
                       dgram_stack **ret_stack) {
  struct sim_stack *host;
  if (!sim || !ret_stack) return DGRAM_EARGTYPE;
  if (sim->ending) return DGRAM_ENOTRUNNING;
  int error = sim_host_add(sim, name, address, &host);
  if (error == 0) *ret_stack = &host->base;
  return error;
}

void sim_host_remove(struct sim_stack *host) {
  dgram_sim *world = host->world;
  end_addresses(host);
  if (host->name) sim_name_remove(world, host->name);
  host->name = NULL;
  sim_events_release_turn(&world->events, &host->turn);
  sim_list_remove(&host->in_world);
  world->host_count--;
}

/* ---- what the core asks ---- */

static struct dgram__interface entry_of(unsigned index, const char *name, const struct sim_ip *ip) {
  struct dgram__interface entry = {.index = index, .address = sim_ip_address(ip)};
  memcpy(entry.name, name, strlen(name) + 1);
  if (sim_ip_is_link_local(ip)) entry.address.scope_id = index;
  return entry;
}

int sim_stack_interfaces(dgram_stack *base, struct dgram__interface *list, size_t capacity) {
  size_t count = 0;
  for (; count < 2; count++) {
    struct sim_ip ip = sim_ip_loopback(count == 0);
    if (count < capacity) list[count] = entry_of(SIM_LO, "lo", &ip);
  }
  for (const struct sim_interface *i = sim_stack_of(base)->interfaces; i; i = i->next) {
    for (const struct sim_address *address = i->addresses; address; address = address->next) {
      if (count < capacity) list[count] = entry_of(i->index, i->name, &address->ip);
      count++;
    }
  }
  return (int)count;
}

int sim_stack_interface_index(dgram_stack *base, const char *name) {
  if (strcmp(name, "lo") == 0) return SIM_LO;
  const struct sim_interface *interface = find_name(sim_stack_of(base), name);
  return interface ? (int)interface->index : DGRAM_ENODEV;
}

int sim_stack_interface_name(dgram_stack *base, unsigned index, char *name) {
  const struct sim_interface *interface = sim_host_interface(sim_stack_of(base), index);
  if (!interface && index != SIM_LO) return DGRAM_ENODEV;
  const char *text = interface ? interface->name : "lo";
  memcpy(name, text, strlen(text) + 1);
  return 0;
}
