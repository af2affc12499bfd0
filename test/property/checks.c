#include <inttypes.h>

#include "world.h"

/* ---- the world ---- */

static void check_sum(const dgram_sim_stats *stats) {
  uint64_t sum = stats->delivered + stats->under_way;

  for (unsigned i = 0; i < DGRAM_DROP_COUNT; i++)
    sum += stats->dropped[i];
  PROPERTY_CHECK("stats", stats->sent + stats->duplicated == sum,
                 "%" PRIu64 " sent and %" PRIu64 " doubled, but %" PRIu64
                 " delivered, under way or dropped",
                 stats->sent, stats->duplicated, sum);
}

/* Each cause of a drop, and whether the program has given it. */
static void check_causes(const dgram_sim_stats *stats) {
  const bool allowed[DGRAM_DROP_COUNT] = {
      [DGRAM_DROP_LOSS] = property.loses, [DGRAM_DROP_QUEUE] = property.queues,
      [DGRAM_DROP_MTU] = property.cuts,   [DGRAM_DROP_DOWN] = property.parts,
      [DGRAM_DROP_NO_HOST] = true,        [DGRAM_DROP_NO_SOCKET] = true,
      [DGRAM_DROP_BUFFER] = true,         [DGRAM_DROP_CLOSED] = property.closes_hosts,
  };

  for (unsigned i = 0; i < DGRAM_DROP_COUNT; i++)
    PROPERTY_CHECK("stats", stats->dropped[i] == 0 || allowed[i],
                   "%" PRIu64 " dropped by cause %u, which there is not", stats->dropped[i], i);
  PROPERTY_CHECK("stats", stats->duplicated == 0 || property.doubles, "%" PRIu64 " doubled",
                 stats->duplicated);
}

void property_check_world(void) {
  dgram_sim_stats stats;

  PROPERTY_CHECK("stats", dgram_sim_get_stats(property.sim, &stats) == 0, "no stats");
  check_sum(&stats);
  check_causes(&stats);
}

/* ---- sockets ---- */

static void check_errors(const struct property_socket *socket, const dgram_stats *stats) {
  const uint64_t sum = stats->errors_resources + stats->errors_unreachable + stats->errors_refused +
                       stats->errors_denied + stats->errors_size + stats->errors_names +
                       stats->errors_canceled + stats->errors_other;

  PROPERTY_CHECK("stats", stats->send_errors + stats->receive_errors == sum,
                 "%" PRIu64 " + %" PRIu64 " errors, but %" PRIu64 " by class", stats->send_errors,
                 stats->receive_errors, sum);
  PROPERTY_CHECK("stats", stats->unheard_errors == socket->unheard,
                 "%" PRIu64 " unheard errors are %" PRIu64, socket->unheard, stats->unheard_errors);
  PROPERTY_CHECK("stats", property.fails || property.connects || stats->receive_errors == 0,
                 "%" PRIu64 " failures of receiving", stats->receive_errors);
}

/* All that was accepted has been sent or has failed. */
static void check_sent(const struct property_socket *socket, const dgram_stats *stats) {
  PROPERTY_CHECK("stats", stats->queued == 0 && stats->queued_bytes == 0,
                 "h%us%u has %" PRIu64 " datagrams of %" PRIu64 " bytes queued", socket->host,
                 socket->slot, stats->queued, stats->queued_bytes);
  PROPERTY_CHECK("stats", stats->sent + stats->send_errors == socket->accepted,
                 "h%us%u: %" PRIu64 " accepted, but %" PRIu64 " sent and %" PRIu64 " failed",
                 socket->host, socket->slot, socket->accepted, stats->sent, stats->send_errors);
  PROPERTY_CHECK("stats",
                 stats->send_errors > 0 ? stats->sent_bytes <= socket->accepted_bytes
                                        : stats->sent_bytes == socket->accepted_bytes,
                 "h%us%u: %" PRIu64 " bytes accepted, but %" PRIu64 " sent", socket->host,
                 socket->slot, socket->accepted_bytes, stats->sent_bytes);
  PROPERTY_CHECK("stats",
                 stats->sent >= socket->told_sent && stats->send_errors >= socket->told_failed,
                 "h%us%u: %" PRIu64 " were told to be sent and %" PRIu64
                 " to have failed, but are %" PRIu64 " and %" PRIu64,
                 socket->host, socket->slot, socket->told_sent, socket->told_failed, stats->sent,
                 stats->send_errors);
  PROPERTY_CHECK("limit", stats->queued_high_water <= socket->limit,
                 "%" PRIu64 " datagrams were queued", stats->queued_high_water);
}

void property_check_socket(struct property_socket *socket, const dgram_stats *stats) {
  check_errors(socket, stats);
  check_sent(socket, stats);
  PROPERTY_CHECK(
      "stats", stats->received >= socket->emitted && stats->received_bytes >= socket->emitted_bytes,
      "h%us%u received %" PRIu64 ", but heard %" PRIu64, socket->host, socket->slot,
      stats->received, socket->emitted);
  PROPERTY_CHECK("stats", stats->truncated == 0, "%" PRIu64 " truncated", stats->truncated);
}

/* ---- at rest, at the end ---- */

/* What waited has arrived, and what arrived was heard. */
static void check_rest_of_socket(struct property_socket *socket) {
  dgram_stats stats;

  PROPERTY_CHECK("once", socket->pending == 0, "h%us%u is at rest with %u callbacks due",
                 socket->host, socket->slot, socket->pending);
  PROPERTY_CHECK("limit", !socket->owed, "h%us%u is at rest without its drain", socket->host,
                 socket->slot);
  PROPERTY_CHECK("stats", PROPERTY_CALL(dgram_get_stats(socket->socket, &stats)) == 0, "no stats");
  property_check_socket(socket, &stats);
  PROPERTY_CHECK("stats", stats.received == socket->emitted,
                 "h%us%u received %" PRIu64 ", but heard %" PRIu64, socket->host, socket->slot,
                 stats.received, socket->emitted);
  PROPERTY_CHECK("stats", stats.received_bytes == socket->emitted_bytes,
                 "h%us%u received %" PRIu64 " bytes, but heard %" PRIu64, socket->host,
                 socket->slot, stats.received_bytes, socket->emitted_bytes);
  socket->last = stats;
}

/* Of the sockets together. */
static void check_against_world(const dgram_sim_stats *world) {
  uint64_t sent = 0;
  uint64_t received = 0;
  uint64_t dropped = 0;

  for (const struct property_socket *s = property.sockets; s != NULL; s = s->next) {
    sent += s->last.sent;
    received += s->last.received + s->last.blocked;
    dropped += s->last.dropped;
  }
  PROPERTY_CHECK("stats", property.spreads ? world->sent >= sent : world->sent == sent,
                 "sockets sent %" PRIu64 ", the world %" PRIu64, sent, world->sent);
  PROPERTY_CHECK(
      "stats", world->delivered >= received && world->dropped[DGRAM_DROP_BUFFER] >= dropped,
      "sockets received %" PRIu64 " and dropped %" PRIu64 ", the world %" PRIu64 " and %" PRIu64,
      received, dropped, world->delivered, world->dropped[DGRAM_DROP_BUFFER]);
  if (property.closes_sockets) return;
  PROPERTY_CHECK("stats", world->delivered == received, "delivered %" PRIu64 ", received %" PRIu64,
                 world->delivered, received);
  PROPERTY_CHECK("stats", world->dropped[DGRAM_DROP_BUFFER] == dropped,
                 "the world dropped %" PRIu64 " at sockets, they count %" PRIu64,
                 world->dropped[DGRAM_DROP_BUFFER], dropped);
}

void property_check_rest(void) {
  dgram_sim_stats world;

  PROPERTY_CHECK("stats", dgram_sim_get_stats(property.sim, &world) == 0, "no stats");
  PROPERTY_CHECK("end", world.under_way == 0, "%" PRIu64 " under way in a world at rest",
                 world.under_way);
  for (struct property_socket *s = property.sockets; s != NULL; s = s->next) {
    PROPERTY_CHECK("end", !s->closing || s->socket == NULL, "h%us%u never closes", s->host,
                   s->slot);
    if (s->socket != NULL) check_rest_of_socket(s);
  }
  for (unsigned i = 0; i < PROPERTY_HOSTS; i++)
    PROPERTY_CHECK("once", property.hosts[i].resolves == property.hosts[i].ended_resolves,
                   "h%u is at rest with a lookup", i);
  check_against_world(&world);
}

void property_check_end(void) {
  for (const struct property_socket *s = property.sockets; s != NULL; s = s->next)
    PROPERTY_CHECK("close", s->socket == NULL, "h%us%u never closed", s->host, s->slot);
  PROPERTY_CHECK("once", property.calls_due == 0, "%u callbacks never came", property.calls_due);
}
