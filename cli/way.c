/* What waits stands in a binary heap by time, and by the order of coming where times are equal, so
 * that a link that keeps the order really does. One timer runs for the first of them. The loop
 * counts in whole milliseconds: all that is due by then leaves together, up to one late. */

#include "way.h"

#include "address.h"
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct waiting {
  uint64_t at_ns;
  uint64_t order;
  struct way *way;
  dgram_address to;
  size_t length;
  unsigned char bytes[];
};

/* ---- the heap ---- */

static bool is_before(const struct waiting *a, const struct waiting *b) {
  return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->order < b->order);
}

static void push(struct ways *ways, struct waiting *waiting) {
  size_t at = ways->count++;
  while (at > 0 && is_before(waiting, ways->heap[(at - 1) / 2])) {
    ways->heap[at] = ways->heap[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  ways->heap[at] = waiting;
}

static struct waiting *pop(struct ways *ways) {
  struct waiting *first = ways->heap[0];
  struct waiting *last = ways->heap[--ways->count];
  size_t at = 0;
  for (;;) {
    size_t child = 2 * at + 1;
    if (child + 1 < ways->count && is_before(ways->heap[child + 1], ways->heap[child])) {
      child++;
    }
    if (child >= ways->count || is_before(last, ways->heap[child])) {
      break;
    }
    ways->heap[at] = ways->heap[child];
    at = child;
  }
  ways->heap[at] = last;
  return first;
}

static bool reserve(struct ways *ways) {
  if (ways->count < ways->capacity) {
    return true;
  }
  size_t capacity = ways->capacity > 0 ? 2 * ways->capacity : 64;
  struct waiting **heap = realloc(ways->heap, capacity * sizeof *heap);
  if (!heap) {
    return false;
  }
  ways->heap = heap;
  ways->capacity = capacity;
  return true;
}

/* ---- sending ---- */

/* What does not fit into the queue any more is dropped, as a router would. */
static void send_now(struct way *way, const void *bytes, size_t length, const dgram_address *to) {
  struct session *session = way->ways->session;
  char where[ENDPOINT_TEXT];
  int code = dgram_send_to(way->socket, bytes, length, to, NULL, NULL);
  if (code == 0) {
    way->counts.sent++;
  } else if (code == DGRAM_EQUEUEFULL) {
    way->counts.queue_full++;
  } else {
    way->counts.failed++;
    address_text(session->stack, to, where);
    session_trouble(session, "send", code, where);
  }
}

static void on_due(dgram_timer *timer, void *data);

static void arm(struct ways *ways, uint64_t now_ns) {
  if (ways->count == 0 || (ways->timer.stack && ways->timer_ns <= ways->heap[0]->at_ns)) {
    return;
  }
  ways->timer_ns = ways->heap[0]->at_ns;
  dgram_timer_start(ways->session->stack, &ways->timer,
                    ways->timer_ns > now_ns ? ways->timer_ns - now_ns : 0, on_due, ways);
}

/* Bounded by what may wait. */
void ways_release(struct ways *ways, uint64_t now_ns) {
  while (ways->count > 0 && ways->heap[0]->at_ns <= now_ns) {
    struct waiting *waiting = pop(ways);
    waiting->way->waiting--;
    waiting->way->sent_ns = now_ns;
    ways->bytes -= sizeof *waiting + waiting->length;
    send_now(waiting->way, waiting->bytes, waiting->length, &waiting->to);
    free(waiting);
  }
}

static void on_due(dgram_timer *timer, void *data) {
  struct ways *ways = data;
  struct session *session = ways->session;
  uint64_t now_ns = dgram_now(session->stack);
  (void)timer;
  if (session->ending) {
    return;
  }
  ways_release(ways, now_ns);
  arm(ways, now_ns);
  if (ways->end_when_empty && ways->count == 0) {
    session_end(session, EXIT_OK);
  }
}

static void hold(struct way *way, uint64_t now_ns, uint64_t at_ns, const void *bytes, size_t length,
                 const dgram_address *to) {
  struct ways *ways = way->ways;
  struct waiting *waiting;
  if (ways->count == WAITING_MAX || ways->bytes + sizeof *waiting + length > WAITING_BYTES_MAX ||
      !reserve(ways) || !(waiting = malloc(sizeof *waiting + length))) {
    way->counts.no_room++;
    return;
  }
  *waiting = (struct waiting){
      .at_ns = at_ns, .order = ways->order++, .way = way, .to = *to, .length = length};
  memcpy(waiting->bytes, bytes, length);
  push(ways, waiting);
  way->waiting++;
  ways->bytes += sizeof *waiting + length;
  arm(ways, now_ns);
}

/* Bytes of the headers of UDP and IP; IPv4 may look like ::ffff:192.0.2.1. */
static size_t overhead(const dgram_address *to) {
  static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
  bool ipv6 = to->family == DGRAM_IPV6 && memcmp(to->bytes, mapped, sizeof mapped) != 0;
  return ipv6 ? 48 : 28;
}

void way_send(struct way *way, uint64_t now_ns, const void *bytes, size_t length,
              const dgram_address *to) {
  dgram_fate fate;
  way->counts.came++;
  if (!way->ways->session->options->bad_link) {
    send_now(way, bytes, length, to);
    return;
  }
  if (dgram_link_pass(&way->link, now_ns, length, overhead(to), &fate) < 0) {
    way->counts.dropped[DGRAM_DROP_MTU]++;
    return;
  }
  if (fate.copies == 0) {
    way->counts.dropped[fate.drop]++;
  }
  if (fate.copies > 1) {
    way->counts.copies++;
  }
  for (unsigned i = 0; i < fate.copies; i++) {
    if (fate.at_ns[i] <= now_ns) {
      send_now(way, bytes, length, to);
    } else {
      hold(way, now_ns, fate.at_ns[i], bytes, length, to);
    }
  }
}

/* ---- open, close, counts ---- */

void ways_open(struct ways *ways, struct session *session) {
  *ways = (struct ways){.session = session};
}

void ways_close(struct ways *ways) {
  for (size_t i = 0; i < ways->count; i++) {
    free(ways->heap[i]);
  }
  free(ways->heap);
  *ways = (struct ways){0};
}

/* Seeds one after the other would give one way the chances of its neighbour in another run. */
static uint64_t mixed(uint64_t seed, uint64_t number) {
  seed = (seed ^ (seed >> 32)) * UINT64_C(0xd6e8feb86659fd93);
  seed = (seed ^ (seed >> 32)) * UINT64_C(0xd6e8feb86659fd93);
  return (seed ^ (seed >> 32)) + number;
}

void way_open(struct way *way, struct ways *ways, dgram_socket *socket, uint64_t seed,
              uint64_t number) {
  *way = (struct way){.ways = ways, .socket = socket};
  /* The options are known to be good: link_options_check. */
  dgram_link_init(&way->link, &ways->session->options->link, mixed(seed, number));
}

void way_add_counts(struct way_counts *sum, const struct way_counts *counts) {
  sum->came += counts->came;
  sum->unread += counts->unread;
  sum->sent += counts->sent;
  sum->copies += counts->copies;
  for (int i = 0; i < DGRAM_DROP_COUNT; i++) {
    sum->dropped[i] += counts->dropped[i];
  }
  sum->no_room += counts->no_room;
  sum->queue_full += counts->queue_full;
  sum->failed += counts->failed;
}

void way_report(const char *name, const struct way_counts *counts) {
  const struct {
    uint64_t count;
    const char *what;
  } all[] = {
      {counts->dropped[DGRAM_DROP_LOSS], "lost"},
      {counts->dropped[DGRAM_DROP_QUEUE], "too many for the rate"},
      {counts->dropped[DGRAM_DROP_MTU], "too long for the mtu"},
      {counts->no_room, "without room to wait"},
      {counts->queue_full, "with the send queue full"},
      {counts->failed, "that failed"},
      {counts->unread, "dropped by the system unread"},
      {counts->copies, "sent twice"},
  };
  char text[448];
  size_t used = 0;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    if (all[i].count > 0) {
      used += (size_t)snprintf(text + used, sizeof text - used, "%s%" PRIu64 " %s",
                               used ? ", " : "", all[i].count, all[i].what);
    }
  }
  if (used > 0) {
    notice("%s: %s", name, text);
  }
}

void ways_report(const struct ways *ways) {
  if (ways->count > 0) {
    notice("%zu still waiting", ways->count);
  }
}
