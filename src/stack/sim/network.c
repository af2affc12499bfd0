/* Who has which port, and whom a datagram reaches.
 *
 * Happy path: a bind puts the endpoint into the table of ports, unless it conflicts with one that
 * is there; a send finds those whom the destination means, and stores a copy in the buffer of each.
 *
 * Failure modes: to a port of this host that nobody has, or to a group that nobody has joined: the
 * datagram vanishes, as UDP has it. To another host: DGRAM_ENETUNREACH. Broadcast without the
 * option: DGRAM_EACCES.
 *
 * A socket has one address. The rules for two of them come down to three questions, since IPv4
 * stands here as ::ffff:a.b.c.d: is it ::, which takes both families; is it ::ffff:0.0.0.0, which
 * takes IPv4; else is it the same. */

#include "stack/sim/sim.h"

#include <string.h>

enum destination { HERE, GROUP, EVERYONE, ELSEWHERE };

static const struct sim_ip any_ipv6;
static const struct sim_ip any_ipv4 = {{[10] = 0xff, [11] = 0xff}};
static const struct sim_ip loopback_ipv6 = {{[15] = 1}};
static const struct sim_ip loopback_ipv4 = {{[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}};

/* ---- addresses ---- */

static struct sim_ip ip_of(const dgram_address *address) {
  struct sim_ip ip = any_ipv4;
  if (address->family == DGRAM_IPV4)
    memcpy(ip.bytes + 12, address->bytes, 4);
  else
    memcpy(ip.bytes, address->bytes, 16);
  return ip;
}

dgram_address sim_stack_address(int type, const struct sim_ip *ip, uint16_t port) {
  dgram_address address = {.family = DGRAM_IPV6, .port = port};
  if (type == DGRAM_UDP4) {
    address.family = DGRAM_IPV4;
    memcpy(address.bytes, ip->bytes + 12, 4);
  } else {
    memcpy(address.bytes, ip->bytes, 16);
  }
  return address;
}

static bool same(const struct sim_ip *a, const struct sim_ip *b) {
  return memcmp(a->bytes, b->bytes, 16) == 0;
}

static bool is_ipv4(const struct sim_ip *ip) {
  return memcmp(ip->bytes, any_ipv4.bytes, 12) == 0;
}

static bool is_any(const struct sim_ip *ip) {
  return same(ip, &any_ipv6) || same(ip, &any_ipv4);
}

/* Linux has all of 127.0.0.0/8 on "lo". */
static enum destination destination_of_ipv4(const uint8_t *bytes) {
  bool rest_is_ones = bytes[1] == 255 && bytes[2] == 255 && bytes[3] == 255;
  if ((bytes[0] == 127 || bytes[0] == 255) && rest_is_ones) return EVERYONE;
  if (bytes[0] == 127) return HERE;
  return (bytes[0] & 0xf0) == 0xe0 ? GROUP : ELSEWHERE;
}

static enum destination destination_of(const struct sim_ip *ip) {
  if (is_ipv4(ip)) return destination_of_ipv4(ip->bytes + 12);
  if (same(ip, &loopback_ipv6)) return HERE;
  return ip->bytes[0] == 0xff ? GROUP : ELSEWHERE;
}

/* Whether a socket with this address takes what is sent to that one. */
static bool takes(const struct sim_ip *local, const struct sim_ip *to) {
  if (same(local, &any_ipv6)) return true;
  return same(local, &any_ipv4) ? is_ipv4(to) : same(local, to);
}

/* ---- ports ---- */

static struct sim_stack *stack_of(const struct sim_endpoint *endpoint) {
  return sim_stack_of(endpoint->base.stack);
}

static struct sim_endpoint **bucket_of(struct sim_stack *stack, uint16_t port) {
  return &stack->ports[port % SIM_PORT_BUCKETS];
}

/* Both must have asked to share; then the last one who binds gets what is sent to one. */
static bool is_taken(struct sim_stack *stack, const struct sim_ip *local, uint16_t port,
                     bool reuse_addr) {
  const struct sim_endpoint *other = *bucket_of(stack, port);
  for (; other; other = other->next) {
    if (other->port != port || (other->reuse_addr && reuse_addr)) continue;
    if (takes(&other->local, local) || takes(local, &other->local)) return true;
  }
  return false;
}

/* The next one that is free, round and round, so that a port that was given back rests for long.
 * Here nobody shares, whatever he asked for. Returns 0 where there is none. */
static uint16_t find_port(struct sim_stack *stack, const struct sim_ip *local) {
  for (unsigned i = DGRAM__SIM_PORT_MIN; i <= DGRAM__SIM_PORT_MAX; i++) {
    uint16_t port = stack->next_port++;
    if (port == DGRAM__SIM_PORT_MAX) stack->next_port = DGRAM__SIM_PORT_MIN;
    if (!is_taken(stack, local, port, false)) return port;
  }
  return 0;
}

int sim_stack_attach(struct sim_endpoint *endpoint, const dgram_address *local, bool reuse_addr) {
  struct sim_stack *stack = stack_of(endpoint);
  struct sim_ip ip = ip_of(local);
  uint16_t port = local->port;
  if (!is_any(&ip) && destination_of(&ip) == ELSEWHERE) return DGRAM_EADDRNOTAVAIL;
  if (port == 0) port = find_port(stack, &ip);
  if (port == 0 || is_taken(stack, &ip, port, reuse_addr)) return DGRAM_EADDRINUSE;
  endpoint->local = ip;
  endpoint->port = port;
  endpoint->reuse_addr = reuse_addr;
  struct sim_endpoint **bucket = bucket_of(stack, port);
  endpoint->next = *bucket;
  *bucket = endpoint;
  return 0;
}

/* ---- groups ---- */

/* The link to a membership: the endpoint's, or with NULL anybody's; to NULL where there is none. */
static struct sim_membership **find_membership(struct sim_stack *stack,
                                               const struct sim_endpoint *member,
                                               const struct sim_ip *group) {
  struct sim_membership **link = &stack->memberships;
  for (; *link; link = &(*link)->next) {
    if (member && (*link)->member != member) continue;
    if (!group || same(&(*link)->group, group)) break;
  }
  return link;
}

static int join(struct sim_endpoint *endpoint, const struct sim_ip *group) {
  struct sim_membership **link = find_membership(stack_of(endpoint), endpoint, group);
  if (*link) return DGRAM_EADDRINUSE;
  struct sim_membership *membership = dgram__calloc(endpoint->base.stack, sizeof *membership);
  if (!membership) return DGRAM_ENOMEM;
  membership->member = endpoint;
  membership->group = *group;
  *link = membership;
  endpoint->memberships++;
  return 0;
}

/* group NULL: any of the endpoint's. */
static int leave(struct sim_endpoint *endpoint, const struct sim_ip *group) {
  struct sim_membership **link = find_membership(stack_of(endpoint), endpoint, group);
  struct sim_membership *membership = *link;
  if (!membership) return DGRAM_EADDRNOTAVAIL;
  *link = membership->next;
  endpoint->memberships--;
  dgram__free(endpoint->base.stack, membership);
  return 0;
}

int sim_stack_set_membership(struct dgram__endpoint *base, bool joining, const dgram_address *group,
                             const struct dgram__interface *interface) {
  struct sim_ip ip = ip_of(group);
  if (interface && interface->index != SIM_INTERFACE)
    return joining ? DGRAM_ENODEV : DGRAM_EADDRNOTAVAIL;
  return joining ? join(sim_endpoint_of(base), &ip) : leave(sim_endpoint_of(base), &ip);
}

void sim_stack_detach(struct sim_endpoint *endpoint) {
  if (endpoint->port == 0) return;
  while (endpoint->memberships > 0)
    leave(endpoint, NULL);
  struct sim_endpoint **link = bucket_of(stack_of(endpoint), endpoint->port);
  while (*link != endpoint)
    link = &(*link)->next;
  *link = endpoint->next;
  endpoint->port = 0;
}

/* ---- sending ---- */

/* As the kernel ranks them: an address of one's own before all addresses, for IPv4 a udp4 socket
 * before a udp6 one. */
static int rank_of(const struct sim_endpoint *endpoint, const struct sim_ip *to) {
  int specific = is_any(&endpoint->local) ? 0 : 2;
  return specific + (is_ipv4(to) && endpoint->base.type == DGRAM_UDP4 ? 1 : 0);
}

/* Among equals the newest, which stands first. */
static struct sim_endpoint *find_receiver(struct sim_stack *stack, const struct sim_ip *to,
                                          uint16_t port) {
  struct sim_endpoint *best = NULL;
  struct sim_endpoint *endpoint = *bucket_of(stack, port);
  for (; endpoint; endpoint = endpoint->next) {
    if (endpoint->port != port || !takes(&endpoint->local, to)) continue;
    if (!best || rank_of(endpoint, to) > rank_of(best, to)) best = endpoint;
  }
  return best;
}

static void send_to_all(struct sim_endpoint *sender, const struct sim_ip *to,
                        const struct sim_ip *from, const dgram_datagram *datagram) {
  struct sim_endpoint *endpoint = *bucket_of(stack_of(sender), datagram->to.port);
  for (; endpoint; endpoint = endpoint->next) {
    if (endpoint->port == datagram->to.port && takes(&endpoint->local, to))
      sim_stack_store(endpoint, datagram, from, sender->port);
  }
}

static void send_to_one(struct sim_endpoint *sender, const struct sim_ip *to,
                        const struct sim_ip *from, const dgram_datagram *datagram) {
  struct sim_endpoint *receiver = find_receiver(stack_of(sender), to, datagram->to.port);
  if (receiver) sim_stack_store(receiver, datagram, from, sender->port);
}

/* A host that has joined a group hands its datagrams to every socket of the port, also to those
 * that have not joined: Linux's IP_MULTICAST_ALL, which is on unless somebody turns it off. Only
 * udp6 sockets get no group of IPv4, which they cannot join. */
static void send_to_group(struct sim_endpoint *sender, const struct sim_ip *to,
                          const struct sim_ip *from, const dgram_datagram *datagram) {
  struct sim_endpoint *endpoint = *bucket_of(stack_of(sender), datagram->to.port);
  if (!sender->multicast_loopback || !*find_membership(stack_of(sender), NULL, to)) return;
  for (; endpoint; endpoint = endpoint->next) {
    if (endpoint->port != datagram->to.port || !takes(&endpoint->local, to)) continue;
    if (is_ipv4(to) && endpoint->base.type == DGRAM_UDP6) continue;
    sim_stack_store(endpoint, datagram, from, sender->port);
  }
}

/* Where a datagram comes from: the socket's own address, or the host's. Where the socket's is of
 * the other family no way leads to the destination. */
static int find_source(const struct sim_endpoint *sender, const struct sim_ip *to,
                       struct sim_ip *ret_from) {
  bool own = !is_any(&sender->local) && destination_of(&sender->local) == HERE;
  if (own && is_ipv4(&sender->local) != is_ipv4(to)) return DGRAM_ENETUNREACH;
  *ret_from = is_ipv4(to) ? loopback_ipv4 : loopback_ipv6;
  if (own) *ret_from = sender->local;
  return 0;
}

/* To all addresses means to this host, as the kernel has it. */
static struct sim_ip destination_ip(const struct sim_endpoint *sender, const dgram_address *to) {
  struct sim_ip ip = ip_of(to);
  if (!is_any(&ip)) return ip;
  return is_ipv4(&ip) || is_ipv4(&sender->local) ? loopback_ipv4 : loopback_ipv6;
}

static int send_one(struct sim_endpoint *sender, const dgram_datagram *datagram) {
  struct sim_ip to = destination_ip(sender, &datagram->to);
  enum destination destination = destination_of(&to);
  struct sim_ip from;
  if (destination == ELSEWHERE) return DGRAM_ENETUNREACH;
  if (destination == EVERYONE && !sender->broadcast) return DGRAM_EACCES;
  if (is_ipv4(&to) && datagram->length > DGRAM__PAYLOAD_MAX_IPV4) return DGRAM_EMSGSIZE;
  int error = find_source(sender, &to, &from);
  if (error < 0) return error;
  if (destination == HERE) send_to_one(sender, &to, &from, datagram);
  if (destination == GROUP) send_to_group(sender, &to, &from, datagram);
  if (destination == EVERYONE) send_to_all(sender, &to, &from, datagram);
  return (int)datagram->length;
}

/* There is always room on the way, so a send is never short. */
int sim_stack_send(struct dgram__endpoint *base, dgram_datagram *list, size_t count, size_t run,
                   unsigned flags) {
  bool any = false;
  (void)run;
  (void)flags;
  for (size_t i = 0; i < count; i++) {
    list[i].result = send_one(sim_endpoint_of(base), &list[i]);
    dgram__endpoint_count(base, list[i].result);
    any |= list[i].result >= 0;
  }
  base->send_calls++;
  base->sent_batches += any;
  return (int)count;
}
