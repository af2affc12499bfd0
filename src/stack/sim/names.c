/* Names: the program's own, those of hosts, "localhost"; and lookups.
 *
 * Happy path: a lookup finds its answer when it is started. One that takes no time is told in the
 * next turn; another is an event of the world and is told in the turn after it.
 *
 * Failure modes: a name that nobody has set: DGRAM_ENOTFOUND, as where it has no address of the
 * family asked for. A lookup that is cancelled while its time is to come stays behind until
 * then. */

#include "stack/sim/sim.h"

#include <string.h>

struct sim_lookup {
  struct sim_link link;   /* among those of the host that have ended */
  struct sim_stack *host; /* NULL: nobody waits for it any more */
  struct dgram__lookup *lookup;
  bool ended;
  int status;
  dgram_address addresses[];
};

/* ---- the table ---- */

/* FNV-1a. Names come from the program, not from the network. */
static uint64_t hash_of(const char *text) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (; *text; text++)
    hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
  return hash;
}

static struct sim_name *find(const dgram_sim *world, const char *text, bool of_host) {
  struct sim_node *node = sim_table_first(&world->names, hash_of(text));
  for (; node; node = sim_table_next(node)) {
    struct sim_name *name = (struct sim_name *)node;
    if ((name->host != NULL) == of_host && strcmp(name->text, text) == 0) return name;
  }
  return NULL;
}

static bool is_name(const char *text) {
  size_t length = strlen(text);
  return length > 0 && length <= DGRAM__NAME_MAX;
}

static struct sim_name *new_name(dgram_sim *world, const char *text) {
  size_t size = strlen(text) + 1;
  struct sim_name *name = sim_calloc(world, sizeof *name + size);
  if (name) memcpy(name->text, text, size);
  return name;
}

void sim_name_remove(dgram_sim *world, struct sim_name *name) {
  sim_table_take(&world->names, &name->node);
  sim_free(world, name->addresses);
  sim_free(world, name);
}

int sim_name_add_host(struct sim_stack *host, const char *text) {
  if (!is_name(text)) return DGRAM_EINVAL;
  if (find(host->world, text, true) || strcmp(text, "localhost") == 0) return DGRAM_EEXIST;
  struct sim_name *name = new_name(host->world, text);
  if (!name) return DGRAM_ENOMEM;
  name->host = host;
  host->name = name;
  sim_table_put(&host->world->names, &host->world->allocator, &name->node, hash_of(text));
  return 0;
}

static int check(const char *name, const dgram_address *addresses, size_t count, int code) {
  if (!name || (count > 0 && !addresses)) return DGRAM_EARGTYPE;
  if (!is_name(name) || count > DGRAM__LOOKUP_ADDRESSES_MAX || code > 0) return DGRAM_EINVAL;
  for (size_t i = 0; i < count; i++) {
    if (addresses[i].family != DGRAM_IPV4 && addresses[i].family != DGRAM_IPV6) return DGRAM_EINVAL;
  }
  return 0;
}

/* Replaces what the name meant, once there is memory for what it means now. */
int dgram_sim_set_name(dgram_sim *sim, const char *text, const dgram_address *addresses,
                       size_t count, uint64_t delay_ns, int code) {
  if (!sim) return DGRAM_EARGTYPE;
  int error = check(text, addresses, count, code);
  if (error < 0) return error;
  struct sim_name *name = NULL;
  if (count > 0 || code < 0) {
    name = new_name(sim, text);
    if (!name) return DGRAM_ENOMEM;
    name->addresses = sim_malloc(sim, (count + 1) * sizeof *addresses);
    if (!name->addresses) {
      sim_free(sim, name);
      return DGRAM_ENOMEM;
    }
    if (count > 0) memcpy(name->addresses, addresses, count * sizeof *addresses);
    name->count = count;
    name->delay_ns = delay_ns;
    name->code = code;
  }
  struct sim_name *old = find(sim, text, false);
  if (old) sim_name_remove(sim, old);
  if (name) sim_table_put(&sim->names, &sim->allocator, &name->node, hash_of(text));
  return 0;
}

/* ---- what a name means ---- */

struct answer {
  dgram_address addresses[DGRAM__LOOKUP_ADDRESSES_MAX];
  int count;
  int code;
  uint64_t delay_ns;
};

static void add(struct answer *answer, const dgram_address *address, int family) {
  if (answer->count == DGRAM__LOOKUP_ADDRESSES_MAX) return;
  if (family != 0 && address->family != family) return;
  answer->addresses[answer->count] = *address;
  answer->addresses[answer->count++].port = 0;
}

static void add_loopback(struct answer *answer, bool ipv4, int family) {
  struct sim_ip ip = sim_ip_loopback(ipv4);
  dgram_address address = sim_ip_address(&ip);
  add(answer, &address, family);
}

/* Link-local addresses mean nothing to others. */
static void add_host(struct answer *answer, const struct sim_stack *host, bool ipv4, int family) {
  for (const struct sim_interface *i = host->interfaces; i; i = i->next) {
    for (const struct sim_address *address = i->addresses; address; address = address->next) {
      if (sim_ip_is_ipv4(&address->ip) != ipv4 || sim_ip_is_link_local(&address->ip)) continue;
      dgram_address value = sim_ip_address(&address->ip);
      add(answer, &value, family);
    }
  }
}

/* IPv6 first, where RFC 6724 sorts it; the program's names in its own order. */
static void resolve(const dgram_sim *world, const char *text, int family, struct answer *answer) {
  const struct sim_name *name = find(world, text, false);
  if (name) {
    for (size_t i = 0; i < name->count; i++)
      add(answer, &name->addresses[i], family);
    answer->code = name->code;
    answer->delay_ns = name->delay_ns;
  } else if ((name = find(world, text, true)) != NULL) {
    add_host(answer, name->host, false, family);
    add_host(answer, name->host, true, family);
  } else if (strcmp(text, "localhost") == 0) {
    add_loopback(answer, false, family);
    add_loopback(answer, true, family);
  }
  if (answer->code == 0 && answer->count == 0) answer->code = DGRAM_ENOTFOUND;
}

/* ---- lookups ---- */

static void end_lookup(struct sim_lookup *lookup) {
  lookup->ended = true;
  sim_list_append(&lookup->host->lookups, &lookup->link);
  sim_stack_want_turn(lookup->host);
}

int sim_stack_lookup(dgram_stack *base, const char *name, int family,
                     struct dgram__lookup *core_lookup, void **ret_request) {
  struct sim_stack *host = sim_stack_of(base);
  dgram_sim *world = host->world;
  struct answer answer = {.count = 0};
  int code = sim_fails(host, DGRAM_SIM_LOOKUP);
  if (code < 0) return code;
  resolve(world, name, family, &answer);
  if (sim_events_reserve(&world->events, &world->allocator) < 0) return DGRAM_ENOMEM;
  size_t size = (size_t)answer.count * sizeof *answer.addresses;
  struct sim_lookup *lookup = sim_calloc(world, sizeof *lookup + size);
  if (!lookup) return DGRAM_ENOMEM;
  lookup->host = host;
  lookup->lookup = core_lookup;
  lookup->status = answer.code < 0 ? answer.code : answer.count;
  memcpy(lookup->addresses, answer.addresses, size);
  sim_list_init(&lookup->link);
  if (answer.delay_ns == 0)
    end_lookup(lookup);
  else
    sim_events_push(&world->events, sim_add_ns(world->now_ns, answer.delay_ns), SIM_EVENT_LOOKUP,
                    lookup);
  *ret_request = lookup;
  return 0;
}

void sim_stack_cancel_lookup(dgram_stack *base, void *request) {
  struct sim_lookup *lookup = request;
  sim_list_remove(&lookup->link);
  lookup->host = NULL;
  if (lookup->ended) sim_lookup_free(sim_stack_of(base)->world, lookup);
}

void sim_lookup_free(dgram_sim *world, struct sim_lookup *lookup) {
  sim_free(world, lookup);
}

void sim_lookup_end(dgram_sim *world, struct sim_lookup *lookup, uint64_t time_ns) {
  if (!lookup->host) {
    sim_lookup_free(world, lookup);
    return;
  }
  world->now_ns = time_ns;
  end_lookup(lookup);
}

/* Those that are started meanwhile come in the next turn. */
void sim_stack_tell_lookups(struct sim_stack *host) {
  struct sim_link ended;
  sim_list_move(&host->lookups, &ended);
  while (!sim_list_is_empty(&ended)) {
    struct sim_lookup *lookup = SIM_OF_LINK(struct sim_lookup, link, ended.next);
    sim_list_remove(&lookup->link);
    dgram__lookup_done(lookup->lookup, lookup->status, lookup->addresses);
    sim_lookup_free(host->world, lookup);
  }
}
