/* dgram echo: sends every datagram back to where it came from, by a bad link if that is wanted. */

#include "link_options.h"
#include "report.h"
#include "session.h"
#include "way.h"
#include "workers.h"

#include <inttypes.h>
#include <stdio.h>

/* Datagrams handed to the library in one call. */
enum { ECHO_BATCH = 64 };

struct echo {
  struct session session; /* first: the role's functions get its address */
  uint64_t dropped;       /* datagrams that found the send queue full */
  uint64_t seed;
  struct ways ways; /* with --loss and its like */
  struct way way;   /* to all senders */
};

static void on_ready(struct session *session) {
  struct echo *echo = (struct echo *)session;
  if (session->options->workers == 0) { /* else the primary says it */
    session_announce(session);
  }
  way_open(&echo->way, &echo->ways, session->socket, echo->seed, 0);
  link_options_announce(session->options, echo->seed);
}

/* Without a callback the library sends or copies at once, so the messages' bytes may be passed on.
 * What does not fit any more is dropped, as the kernel would. */
static void reflect(struct echo *echo, dgram_datagram *list, size_t count) {
  struct session *session = &echo->session;
  int code = dgram_send_many(session->socket, list, count, NULL, NULL);
  if (code == 0) {
    session->sent += count;
  } else if (code == DGRAM_EQUEUEFULL) {
    echo->dropped += count;
  } else {
    session_fail(session, "send", code, NULL);
  }
}

static void take(struct session *session, const dgram_message *message) {
  session_count(session, message);
  if (session->options->verbose) {
    session_print(session, message);
  }
}

/* With -c it ends when the last answer has left. */
static void reflect_by_link(struct echo *echo, const dgram_message *messages, size_t count) {
  struct session *session = &echo->session;
  uint64_t now_ns = dgram_now(session->stack);
  ways_release(&echo->ways, now_ns);
  for (size_t i = 0; i < count && !session_complete(session); i++) {
    take(session, &messages[i]);
    if (messages[i].from.port != 0) {
      way_send(&echo->way, now_ns, messages[i].bytes, messages[i].length, &messages[i].from);
    }
  }
  session_flush(session);
  if (session_complete(session) && echo->ways.count > 0 && !session->ending) {
    echo->ways.end_when_empty = true;
    dgram_pause(session->socket);
  } else if (session_complete(session)) {
    session_end(session, EXIT_OK);
  }
}

/* Where an answer goes. False: nowhere. A sender with port 0 wants none (RFC 768), and one such would
 * fail its whole list; a unix socket that is not bound can have none. */
static bool answer(const dgram_message *message, dgram_datagram *ret_answer,
                   dgram_send_info *ret_info) {
  *ret_answer =
      (dgram_datagram){.bytes = message->bytes, .length = message->length, .to = message->from};
  if (message->from.family != DGRAM_UNIX) {
    return message->from.port != 0;
  }
  *ret_info = (dgram_send_info){.set = DGRAM_SEND_PATH, .path = message->info->path};
  ret_answer->info = ret_info;
  return *message->info->path != '\0';
}

static void on_batch(struct session *session, const dgram_message *messages, size_t count) {
  struct echo *echo = (struct echo *)session;
  if (session->options->bad_link) {
    reflect_by_link(echo, messages, count);
    return;
  }
  dgram_datagram list[ECHO_BATCH];
  dgram_send_info infos[ECHO_BATCH];
  size_t filled = 0;
  for (size_t i = 0; i < count && !session_complete(session); i++) {
    take(session, &messages[i]);
    filled += answer(&messages[i], &list[filled], &infos[filled]);
    if (filled == ECHO_BATCH) {
      reflect(echo, list, filled);
      filled = 0;
    }
  }
  if (filled > 0 && !session->ending) {
    reflect(echo, list, filled);
  }
  session_flush(session);
  if (session_complete(session)) {
    session_end(session, EXIT_OK);
  }
}

static void summary(const struct session *session, char *text, size_t size) {
  const struct echo *echo = (const struct echo *)session;
  uint64_t sent = session->sent + echo->way.counts.sent;
  char received[128];
  char dropped[48] = "";
  session_received(session, received, sizeof received);
  if (echo->dropped > 0) {
    snprintf(dropped, sizeof dropped, ", %" PRIu64 " dropped", echo->dropped);
  }
  snprintf(text, size, "%s, %" PRIu64 " sent back%s", received, sent, dropped);
}

static void details(const struct session *session) {
  const struct echo *echo = (const struct echo *)session;
  struct way_counts counts = echo->way.counts;
  counts.unread = session_unread(session->socket);
  way_report("back", &counts);
  ways_report(&echo->ways);
}

static int run(const struct options *options) {
  static const struct session_role role = {on_ready, on_batch, summary, details};
  struct echo echo = {.seed = link_options_choose_seed(options)};
  struct endpoint endpoint;
  if (options->ttl == 0) {
    report("--ttl 0 is for sending to multicast groups only");
    return EXIT_TROUBLE;
  }
  if (options->workers > 0 && (options->count > 0 || options->bad_link)) {
    report("--workers excludes -c, --loss and its like");
    return EXIT_TROUBLE;
  }
  if (session_server_endpoint(options, &endpoint) < 0) {
    return EXIT_TROUBLE;
  }
  if (workers_wanted(options)) {
    return workers_run(options);
  }
  if (link_options_check(options) < 0 || session_open(&echo.session, &role, options) < 0) {
    return EXIT_TROUBLE;
  }
  ways_open(&echo.ways, &echo.session);
  if (workers_join(&echo.session) < 0) {
    return session_close(&echo.session) | EXIT_TROUBLE;
  }
  session_listen(&echo.session, &endpoint);
  session_run(&echo.session);
  workers_leave();
  int exit_code = session_close(&echo.session);
  ways_close(&echo.ways);
  return exit_code;
}

const struct command echo_command = {
    .name = "echo",
    .arguments = "[addr:]port",
    .line = "send every datagram back to its sender",
    .examples =
        "  dgram echo 41234                     and elsewhere: dgram send host:41234 hello\n"
        "  dgram echo -v -c 3 127.0.0.1:41234   print three datagrams, and end\n"
        "  dgram echo '[::1]:0'                 on any free port\n"
        "  dgram echo --delay 50ms --loss 1% 41234    as from far away\n"
        "  dgram echo --workers 4 41234         by four processes\n",
    .notes =
        "Senders are answered whoever they are, and a sender's address can be forged: do not\n"
        "leave it running on a port that the internet reaches.\n"
        "The address is understood as by dgram listen.\n"
        "\n"
        "Workers share one socket, and whoever is first takes what comes; with --reuse-port each has\n"
        "one of its own, and the kernel chooses by where a datagram is from.\n"
        "\n"
        "--loss and its like are for the way back, one for all senders; they are explained in\n"
        "dgram help relay.\n",
    .bit = FOR_ECHO,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run,
};
