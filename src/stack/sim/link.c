/* One direction of a link. What a datagram passes, in this order:
 *
 *   mtu -> queue and rate -> loss -> delay and jitter -> in order behind the last one
 *       -> reorder -> duplicate
 *
 * So what is lost has taken its time on the link as well, what finds the queue full has not, and a
 * copy costs nothing: it is made where the link ends.
 *
 * Each datagram has a random number of its own for each decision, found by its place and not by how
 * many were drawn before. So nothing is drawn where no option asks for it, and an option that is
 * added does not change what the others do: with jitter the same ones are lost as without.
 *
 * Times saturate: what would arrive after 2^64 ns arrives then. */

#include "dgram/sim.h"

#include "core/limits.h"
#include "stack/sim/random.h"

#include <string.h>

/* What is drawn for; the places of a datagram. */
enum draw {
  DRAW_LOSS,
  DRAW_TURN, /* from good to bad, or back */
  DRAW_BURST_LOSS,
  DRAW_JITTER,
  DRAW_REORDER,
  DRAW_DUPLICATE,
  DRAWS = 8
};

/* What a byte takes at one bit per second, and the most bytes whose time fits in 64 bits. */
static const uint64_t byte_ns = 8 * DGRAM_SECOND;
static const uint64_t bytes_max = UINT64_MAX / (8 * DGRAM_SECOND);

/* What a datagram is on the way: itself, or its fragments. */
struct pieces {
  uint64_t count;
  uint64_t bytes; /* in all of them, with headers */
};

static uint64_t add(uint64_t a, uint64_t b) {
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t at_most(uint64_t number, uint64_t maximum) {
  return number < maximum ? number : maximum;
}

static struct sim_random draws(const dgram_link *link, enum draw draw) {
  return sim_random_at(link->key, link->passed * DRAWS + draw);
}

static bool chance(const dgram_link *link, enum draw draw, uint64_t piece, uint32_t ppm) {
  if (ppm == 0) {
    return false;
  }
  struct sim_random random = draws(link, draw);
  random.state += piece * SIM_RANDOM_STEP;
  return sim_random_chance(&random, ppm);
}

/* ---- options ---- */

static bool are_valid(const dgram_link_options *options) {
  const uint32_t all[] = {options->loss_ppm,       options->burst_begin_ppm, options->burst_end_ppm,
                          options->burst_loss_ppm, options->duplicate_ppm,   options->reorder_ppm};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    if (all[i] > DGRAM_PPM) {
      return false;
    }
  }
  if (options->mtu > 0 && options->mtu < DGRAM__MTU_MIN) {
    return false;
  }
  return options->delay_ns <= UINT64_MAX - options->jitter_ns &&
         options->delay_ns + options->jitter_ns <= UINT64_MAX - options->reorder_ns;
}

int dgram_link_init(dgram_link *link, const dgram_link_options *options, uint64_t seed) {
  if (!link || !options) {
    return DGRAM_EARGTYPE;
  }
  if (!are_valid(options)) {
    return DGRAM_EINVAL;
  }
  memset(link, 0, sizeof *link);
  link->options = *options;
  link->key = sim_random_mix(seed + SIM_RANDOM_STEP);
  return 0;
}

/* What is still to leave at the old rate leaves so. Without a rate nobody waits for it. */
int dgram_link_set(dgram_link *link, const dgram_link_options *options) {
  if (!link || !options) {
    return DGRAM_EARGTYPE;
  }
  if (!are_valid(options)) {
    return DGRAM_EINVAL;
  }
  if (options->bits_per_second != link->options.bits_per_second) {
    link->busy_rest = 0;
  }
  if (options->bits_per_second == 0) {
    link->busy_until_ns = 0;
  }
  if (options->burst_begin_ppm == 0) {
    link->bad = false;
  }
  link->options = *options;
  return 0;
}

/* ---- what a datagram passes ---- */

/* Fragments as RFC 791 3.2 and RFC 8200 4.5 make them: all but the last carry a multiple of eight
 * bytes; the header of UDP is payload of IP and comes once; IPv6 adds a header of eight bytes. */
static int fragment(size_t mtu, size_t length, size_t overhead, struct pieces *ret_pieces) {
  size_t header = overhead;
  if (overhead < DGRAM__OVERHEAD_IPV6) {
    header = overhead > DGRAM__UDP_HEADER ? overhead - DGRAM__UDP_HEADER : 0;
  }
  if (length > DGRAM__IP_PAYLOAD_MAX - DGRAM__UDP_HEADER || mtu < header + DGRAM__FRAGMENT_UNIT) {
    return DGRAM_EMSGSIZE;
  }
  size_t payload = length + DGRAM__UDP_HEADER;
  size_t last = mtu - header;
  size_t each = last - last % DGRAM__FRAGMENT_UNIT;
  uint64_t count = 1;
  if (payload > last) {
    count += (payload - last + each - 1) / each;
  }
  *ret_pieces = (struct pieces){.count = count, .bytes = payload + count * header};
  return 0;
}

static int measure(const dgram_link_options *options, size_t length, size_t overhead,
                   struct pieces *ret_pieces) {
  uint64_t bytes = add(length, overhead);
  if (options->mtu == 0 || bytes <= options->mtu) {
    *ret_pieces = (struct pieces){.count = 1, .bytes = bytes};
    return 0;
  }
  if (!options->fragments) {
    return DGRAM_EMSGSIZE;
  }
  return fragment(options->mtu, length, overhead, ret_pieces);
}

/* Whether bytes find room behind what waits for so long. What is leaving counts with what is left
 * of it. A link that has nothing to do takes all. */
static bool has_room(const dgram_link_options *options, uint64_t wait_ns, uint64_t bytes) {
  uint64_t queue = options->queue_bytes > 0 ? options->queue_bytes : DGRAM__LINK_QUEUE_DEFAULT;
  queue = at_most(queue, bytes_max);
  if (wait_ns == 0) {
    return true;
  }
  return bytes <= queue && wait_ns <= (queue - bytes) * byte_ns / options->bits_per_second;
}

/* Puts bytes on the link. What a division leaves over is kept, so that the rate holds for ever and
 * not only to the ns of each. Returns false where the queue is full. */
static bool transmit(dgram_link *link, uint64_t bytes, uint64_t *ret_left_ns) {
  uint64_t rate = link->options.bits_per_second;
  if (rate == 0) {
    *ret_left_ns = link->now_ns;
    return true;
  }
  if (link->busy_until_ns < link->now_ns) {
    link->busy_until_ns = link->now_ns;
    link->busy_rest = 0;
  }
  if (!has_room(&link->options, link->busy_until_ns - link->now_ns, bytes)) {
    return false;
  }
  uint64_t work = at_most(bytes, bytes_max) * byte_ns;
  uint64_t time_ns = work / rate;
  uint64_t rest = work % rate;
  if (rest >= rate - link->busy_rest) {
    time_ns++;
    link->busy_rest = rest - (rate - link->busy_rest);
  } else {
    link->busy_rest += rest;
  }
  link->busy_until_ns = add(link->busy_until_ns, time_ns);
  *ret_left_ns = add(link->busy_until_ns, link->busy_rest > 0);
  return true;
}

/* A datagram is lost with any of its pieces; the link turns from good to bad for each. */
static bool lose(dgram_link *link, uint64_t pieces) {
  const dgram_link_options *options = &link->options;
  bool lost = false;
  if (options->loss_ppm == 0 && options->burst_begin_ppm == 0) {
    return false;
  }
  for (uint64_t i = 0; i < pieces; i++) {
    uint32_t turn_ppm = link->bad ? options->burst_end_ppm : options->burst_begin_ppm;
    if (chance(link, DRAW_TURN, i, turn_ppm)) {
      link->bad = !link->bad;
    }
    if (chance(link, DRAW_LOSS, i, options->loss_ppm) ||
        (link->bad && chance(link, DRAW_BURST_LOSS, i, options->burst_loss_ppm))) {
      lost = true;
    }
  }
  return lost;
}

static uint64_t hold_ns(const dgram_link_options *options) {
  uint64_t way_ns = options->delay_ns + options->jitter_ns;
  if (options->reorder_ns > 0) {
    return options->reorder_ns;
  }
  return way_ns > DGRAM__LINK_REORDER_MIN_NS ? way_ns : DGRAM__LINK_REORDER_MIN_NS;
}

/* When a datagram arrives that has left. */
static uint64_t arrive(dgram_link *link, uint64_t left_ns) {
  const dgram_link_options *options = &link->options;
  uint64_t at_ns = add(left_ns, options->delay_ns);
  if (options->jitter_ns > 0) {
    struct sim_random random = draws(link, DRAW_JITTER);
    /* A jitter of UINT64_MAX makes the limit 0, which means all 64 bits. */
    at_ns = add(at_ns, sim_random_below(&random, options->jitter_ns + 1));
  }
  if (at_ns < link->last_ns) {
    at_ns = link->last_ns;
  }
  if (chance(link, DRAW_REORDER, 0, options->reorder_ppm)) {
    return add(at_ns, hold_ns(options));
  }
  link->last_ns = at_ns;
  return at_ns;
}

static dgram_fate pass(dgram_link *link, const struct pieces *pieces) {
  uint64_t left_ns;
  if (link->options.down) {
    return (dgram_fate){.drop = DGRAM_DROP_DOWN};
  }
  if (!transmit(link, pieces->bytes, &left_ns)) {
    return (dgram_fate){.drop = DGRAM_DROP_QUEUE};
  }
  if (lose(link, pieces->count)) {
    return (dgram_fate){.drop = DGRAM_DROP_LOSS};
  }
  uint64_t at_ns = arrive(link, left_ns);
  bool twice = chance(link, DRAW_DUPLICATE, 0, link->options.duplicate_ppm);
  return (dgram_fate){.copies = twice ? 2 : 1, .at_ns = {at_ns, twice ? at_ns : 0}};
}

int dgram_link_pass(dgram_link *link, uint64_t now_ns, size_t length, size_t overhead,
                    dgram_fate *ret_fate) {
  struct pieces pieces;
  if (!link || !ret_fate) {
    return DGRAM_EARGTYPE;
  }
  int code = measure(&link->options, length, overhead, &pieces);
  if (code < 0) {
    return code;
  }
  if (link->now_ns < now_ns) {
    link->now_ns = now_ns;
  }
  *ret_fate = pass(link, &pieces);
  link->passed++;
  return 0;
}
