/* What happens on the way from one host to another.
 *
 * A pair of hosts has a link of its own, one for each way, where options were set for it or where
 * the default has state: jitter, a rate, chance. Its random numbers come from the world's seed and
 * the numbers of the two hosts, so that what is changed on one link does not change another's
 * fates. All other pairs share one link, which needs no memory for them.
 *
 * The shared link keeps no order, since its delay is the same for all; but it may be changed to a
 * shorter one. So each host remembers when the last one that it sent or got that way arrives: what
 * a pair sends comes not before the earlier of the two.
 *
 * What a host was told of a way's MTU stands in the entry too. It is no event: what was told becomes
 * true when its time has come, and is looked up where it matters. */

#include "stack/sim/sim.h"

#include "core/prefetch.h"
#include "stack/sim/random.h"

struct sim_way {
  struct sim_node node;
  struct sim_stack *from; /* each is kept by being pointed to */
  struct sim_stack *to;
  bool own;         /* has options of its own */
  uint64_t version; /* of the default that it follows */
  dgram_link link;
  uint64_t told_ns; /* when `from` hears, or has heard, what is too large for it */
  size_t told_mtu;  /* 0: never */
};

static const dgram_link_options nothing;

static uint64_t earlier(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

static uint64_t later(uint64_t a, uint64_t b) {
  return a > b ? a : b;
}

static bool has_state(const dgram_link_options *options) {
  return options->jitter_ns > 0 || options->loss_ppm > 0 || options->burst_begin_ppm > 0 ||
         options->duplicate_ppm > 0 || options->reorder_ppm > 0 || options->bits_per_second > 0;
}

/* ---- the table ---- */

static uint64_t hash_of(const struct sim_stack *from, const struct sim_stack *to) {
  return sim_hash(from->number, to->number);
}

static struct sim_way *find(const struct sim_stack *from, const struct sim_stack *to) {
  const struct sim_table *ways = &from->world->ways;
  if (ways->count == 0) return NULL;
  struct sim_node *node = sim_table_first(ways, hash_of(from, to));
  for (; node; node = sim_table_next(node)) {
    struct sim_way *way = (struct sim_way *)node;
    if (way->from == from && way->to == to) return way;
  }
  return NULL;
}

static void end_way(dgram_sim *world, struct sim_way *way) {
  sim_table_take(&world->ways, &way->node);
  sim_stack_release(way->from);
  sim_stack_release(way->to);
  sim_free(world, way);
}

/* Before the table grows, those of hosts that are gone leave it. */
static void sweep(dgram_sim *world, bool all) {
  struct sim_table *ways = &world->ways;
  for (size_t i = 0; ways->buckets && i < ways->bucket_count; i++) {
    struct sim_node *next;
    for (struct sim_node *node = ways->buckets[i]; node; node = next) {
      struct sim_way *way = (struct sim_way *)node;
      next = node->next;
      if (all || way->from->gone || way->to->gone) end_way(world, way);
    }
  }
}

static uint64_t seed_of(const struct sim_stack *from, const struct sim_stack *to) {
  return sim_hash(sim_hash(from->world->seed, from->number), to->number);
}

/* Returns the way's entry, a new one where there was none; NULL: no memory. */
static struct sim_way *get(struct sim_stack *from, struct sim_stack *to) {
  dgram_sim *world = from->world;
  struct sim_way *way = find(from, to);
  if (way) return way;
  if (world->ways.count >= world->ways.bucket_count) sweep(world, false);
  way = sim_calloc(world, sizeof *way);
  if (!way) return NULL;
  way->from = from;
  way->to = to;
  from->users++;
  to->users++;
  (void)dgram_link_init(&way->link, &nothing, seed_of(from, to));
  sim_table_put(&world->ways, &world->allocator, &way->node, hash_of(from, to));
  return way;
}

/* ---- a pair without an entry and with one ---- */

/* From sharing to an entry, and back: nobody overtakes. */
static void take_order(struct sim_way *way) {
  uint64_t last_ns = earlier(way->from->last_ns, way->to->last_ns);
  way->link.last_ns = later(way->link.last_ns, last_ns);
}

static void leave_order(const struct sim_way *way) {
  way->from->last_ns = later(way->from->last_ns, way->link.last_ns);
  way->to->last_ns = later(way->to->last_ns, way->link.last_ns);
}

static int pass_shared(struct sim_stack *from, struct sim_stack *to, size_t length, size_t overhead,
                       dgram_fate *ret_fate) {
  dgram_link *link = &from->world->default_link;
  link->last_ns = 0;
  int code = dgram_link_pass(link, from->world->now_ns, length, overhead, ret_fate);
  if (code < 0 || ret_fate->copies == 0) return code;
  uint64_t at_ns = later(ret_fate->at_ns[0], earlier(from->last_ns, to->last_ns));
  ret_fate->at_ns[0] = at_ns;
  from->last_ns = later(from->last_ns, at_ns);
  to->last_ns = later(to->last_ns, at_ns);
  return 0;
}

static int pass_by_entry(struct sim_way *way, size_t length, size_t overhead,
                         dgram_fate *ret_fate) {
  dgram_sim *world = way->from->world;
  if (!way->own && way->version != world->default_version) {
    (void)dgram_link_set(&way->link, &world->default_link.options);
    way->version = world->default_version;
    take_order(way);
  }
  return dgram_link_pass(&way->link, world->now_ns, length, overhead, ret_fate);
}

int sim_way_pass(struct sim_stack *from, struct sim_stack *to, struct sim_way **way, size_t length,
                 size_t overhead, dgram_fate *ret_fate) {
  if (from->side != to->side) {
    *ret_fate = (dgram_fate){.drop = DGRAM_DROP_DOWN};
    return 0;
  }
  if (!*way) *way = find(from, to);
  if (!from->world->default_has_state && !(*way && (*way)->own))
    return pass_shared(from, to, length, overhead, ret_fate);
  if (!*way) *way = get(from, to);
  if (!*way) {
    *ret_fate = (dgram_fate){.drop = DGRAM_DROP_BUFFER};
    return 0;
  }
  return pass_by_entry(*way, length, overhead, ret_fate);
}

void sim_way_prefetch(const struct sim_way *way) {
  dgram__prefetch(way, sizeof *way);
}

/* ---- datagrams that must not be fragmented ---- */

static const dgram_link_options *options_of(const struct sim_stack *from,
                                            const struct sim_way *way) {
  return way && way->own ? &way->link.options : &from->world->default_link.options;
}

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

static bool is_known(const struct sim_way *way, uint64_t now_ns) {
  return way && way->told_mtu > 0 && way->told_ns <= now_ns &&
         now_ns - way->told_ns < DGRAM__SIM_MTU_EXPIRES_S * DGRAM_SECOND;
}

/* The MTU of a link without fragments is the interface's own. */
size_t sim_way_mtu(const struct sim_stack *from, const struct sim_stack *to) {
  const struct sim_way *way = find(from, to);
  const dgram_link_options *options = options_of(from, way);
  size_t mtu = DGRAM__SIM_MTU;
  if (options->mtu > 0 && !options->fragments) mtu = smaller(mtu, options->mtu);
  if (is_known(way, from->world->now_ns)) mtu = smaller(mtu, way->told_mtu);
  return mtu;
}

/* The answer quotes the headers (RFC 792). It leaves when the datagram is there, by a link as it is
 * now. Of several on their way the first one counts. Without memory there is none. */
static void answer(struct sim_stack *from, struct sim_stack *to, uint64_t there_ns, size_t mtu,
                   size_t overhead) {
  struct sim_way *way = get(from, to), *way_back = NULL;
  uint64_t now_ns = from->world->now_ns;
  dgram_fate back;
  if (!way || (way->told_mtu > 0 && way->told_ns > now_ns)) return;
  if (sim_way_pass(to, from, &way_back, overhead, overhead, &back) < 0) return;
  if (back.copies == 0) return;
  way->told_ns = sim_add_ns(there_ns, back.at_ns[0] - now_ns);
  way->told_mtu = mtu;
}

/* It gets as far as one that fits. */
static int lose_too_large(struct sim_stack *from, struct sim_stack *to, size_t mtu, size_t overhead,
                          dgram_fate *ret_fate) {
  struct sim_way *way = NULL;
  int code = sim_way_pass(from, to, &way, mtu > overhead ? mtu - overhead : 0, overhead, ret_fate);
  if (code < 0 || ret_fate->copies == 0) return code;
  answer(from, to, ret_fate->at_ns[0], mtu, overhead);
  *ret_fate = (dgram_fate){.drop = DGRAM_DROP_MTU};
  return 0;
}

int sim_way_pass_whole(struct sim_stack *from, struct sim_stack *to, size_t length, size_t overhead,
                       dgram_fate *ret_fate) {
  struct sim_way *way = find(from, to);
  size_t mtu = options_of(from, way)->mtu;
  if (length + overhead > sim_way_mtu(from, to)) return DGRAM_EMSGSIZE;
  if (mtu == 0 || length + overhead <= mtu)
    return sim_way_pass(from, to, &way, length, overhead, ret_fate);
  return lose_too_large(from, to, mtu, overhead, ret_fate);
}

/* ---- setting ---- */

int sim_ways_init(dgram_sim *world) {
  world->default_version = 1;
  return dgram_link_init(&world->default_link, &nothing, 0);
}

void sim_ways_free(dgram_sim *world) {
  sweep(world, true);
}

/* The order in which the table is walked does not matter: the latest time counts. */
static void leave_all_orders(dgram_sim *world) {
  for (size_t i = 0; i < world->ways.bucket_count; i++) {
    for (struct sim_node *node = world->ways.buckets[i]; node; node = node->next) {
      const struct sim_way *way = (const struct sim_way *)node;
      if (!way->own) leave_order(way);
    }
  }
}

int dgram_sim_set_default_link(dgram_sim *sim, const dgram_link_options *options) {
  if (!sim || !options) return DGRAM_EARGTYPE;
  int error = dgram_link_set(&sim->default_link, options);
  if (error < 0) return error;
  if (sim->default_has_state && !has_state(options)) leave_all_orders(sim);
  sim->default_has_state = has_state(options);
  sim->default_version++;
  return 0;
}

static int check(dgram_stack *a, dgram_stack *b, const dgram_link_options *options) {
  dgram_link scratch;
  if (!a || !b) return DGRAM_EARGTYPE;
  if (!sim_stack_is(a) || !sim_stack_is(b)) return DGRAM_ENOTSUP;
  if (a == b || sim_stack_of(a)->world != sim_stack_of(b)->world) return DGRAM_EINVAL;
  return options ? dgram_link_init(&scratch, options, 0) : 0;
}

/* The options are good, and there is an entry. */
static void set_entry(struct sim_way *way, const dgram_link_options *options) {
  if (options) {
    (void)dgram_link_set(&way->link, options);
    if (!way->own) take_order(way);
    way->own = true;
  } else {
    leave_order(way);
    way->own = false;
    way->version = 0;
  }
}

static int set(struct sim_stack *from, struct sim_stack *to, const dgram_link_options *options) {
  struct sim_way *way = options ? get(from, to) : find(from, to);
  if (!way) return options ? DGRAM_ENOMEM : 0;
  set_entry(way, options);
  return 0;
}

int dgram_sim_set_way(dgram_stack *from, dgram_stack *to, const dgram_link_options *options) {
  int error = check(from, to, options);
  return error < 0 ? error : set(sim_stack_of(from), sim_stack_of(to), options);
}

/* Both entries are there before either is changed. One that is left over follows the default. */
int dgram_sim_set_link(dgram_stack *a, dgram_stack *b, const dgram_link_options *options) {
  int error = check(a, b, options);
  if (error < 0) return error;
  struct sim_stack *one = sim_stack_of(a), *other = sim_stack_of(b);
  if (options && (!get(one, other) || !get(other, one))) return DGRAM_ENOMEM;
  (void)set(one, other, options);
  (void)set(other, one, options);
  return 0;
}

int dgram_sim_set_side(dgram_stack *host, unsigned side) {
  if (!host) return DGRAM_EARGTYPE;
  if (!sim_stack_is(host)) return DGRAM_ENOTSUP;
  sim_stack_of(host)->side = side;
  return 0;
}

int dgram_sim_repair(dgram_sim *sim) {
  if (!sim) return DGRAM_EARGTYPE;
  for (struct sim_link *link = sim->hosts.next; link != &sim->hosts; link = link->next)
    SIM_OF_LINK(struct sim_stack, in_world, link)->side = 0;
  return 0;
}
