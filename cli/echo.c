/* dgram echo: sends every datagram back to where it came from. */

#include "report.h"
#include "session.h"

#include <inttypes.h>
#include <stdio.h>

/* Datagrams handed to the library in one call. */
enum { ECHO_BATCH = 64 };

struct echo {
  struct session session; /* first: the role's functions get its address */
  uint64_t dropped;       /* datagrams that found the send queue full */
};

static void on_ready(struct session *session) {
  session_announce(session);
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

/* A sender with port 0 wants no answer (RFC 768), and one such would fail its whole list. */
static void on_batch(struct session *session, const dgram_message *messages, size_t count) {
  struct echo *echo = (struct echo *)session;
  dgram_datagram list[ECHO_BATCH];
  size_t filled = 0;
  for (size_t i = 0; i < count && !session_complete(session); i++) {
    session_count(session, &messages[i]);
    if (session->options->verbose) {
      session_print(session, &messages[i]);
    }
    if (messages[i].from.port != 0) {
      list[filled++] = (dgram_datagram){
          .bytes = messages[i].bytes, .length = messages[i].length, .to = messages[i].from};
    }
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
  char received[128];
  char dropped[48] = "";
  session_received(session, received, sizeof received);
  if (echo->dropped > 0) {
    snprintf(dropped, sizeof dropped, ", %" PRIu64 " dropped", echo->dropped);
  }
  snprintf(text, size, "%s, %" PRIu64 " sent back%s", received, session->sent, dropped);
}

static int run(const struct options *options) {
  static const struct session_role role = {on_ready, on_batch, summary};
  struct echo echo = {0};
  struct endpoint endpoint;
  if (options->ttl == 0) {
    report("--ttl 0 is for sending to multicast groups only");
    return EXIT_TROUBLE;
  }
  if (session_endpoint(options->arguments[0], &endpoint) < 0 ||
      session_open(&echo.session, &role, options) < 0) {
    return EXIT_TROUBLE;
  }
  session_listen(&echo.session, &endpoint);
  session_run(&echo.session);
  return session_close(&echo.session);
}

const struct command echo_command = {
    .name = "echo",
    .arguments = "[addr:]port",
    .line = "send every datagram back to its sender",
    .examples =
        "  dgram echo 41234                     and elsewhere: dgram send host:41234 hello\n"
        "  dgram echo -v -c 3 127.0.0.1:41234   print three datagrams, and end\n"
        "  dgram echo '[::1]:0'                 on any free port\n",
    .notes = "Senders are answered whoever they are, and a sender's address can be forged: do not\n"
             "leave it running on a port that the internet reaches.\n"
             "The address is understood as by dgram listen.\n",
    .bit = FOR_ECHO,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run,
};
