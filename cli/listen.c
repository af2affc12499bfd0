/* dgram listen: prints what arrives. */

#include "report.h"
#include "session.h"

#include <stdio.h>

struct listen {
  struct session session; /* first: the role's functions get its address */
  dgram_timer wait;
};

static void on_silence(dgram_timer *timer, void *data) {
  struct listen *listen = data;
  struct session *session = &listen->session;
  char text[32];
  (void)timer;
  bool missing = session->received == 0 || session->options->count > 0;
  if (missing && !session->ending && !session->options->quiet) {
    format_duration(session->options->wait_ns, text, sizeof text);
    report("nothing came in %s", text);
  }
  session_end(session, missing ? EXIT_NO_REPLY : EXIT_OK);
}

/* -w counts from the last datagram. */
static void wait_again(struct listen *listen) {
  struct session *session = &listen->session;
  if (session->options->has_wait && !session->ending) {
    dgram_timer_start(session->stack, &listen->wait, session->options->wait_ns, on_silence, listen);
  }
}

static void on_ready(struct session *session) {
  session_announce(session);
  wait_again((struct listen *)session);
}

/* Of a batch that brings more than -c asks for, the rest is not printed. */
static void on_batch(struct session *session, const dgram_message *messages, size_t count) {
  for (size_t i = 0; i < count && !session_complete(session); i++) {
    session_count(session, &messages[i]);
    session_print(session, &messages[i]);
  }
  session_flush(session);
  if (session_complete(session)) {
    session_end(session, EXIT_OK);
  }
  wait_again((struct listen *)session);
}

static int run(const struct options *options) {
  static const struct session_role role = {on_ready, on_batch, session_received, NULL};
  struct listen listen = {0};
  struct endpoint endpoint;
  if (session_server_endpoint(options, &endpoint) < 0 ||
      session_open(&listen.session, &role, options) < 0) {
    return EXIT_TROUBLE;
  }
  session_listen(&listen.session, &endpoint);
  session_run(&listen.session);
  return session_close(&listen.session);
}

const struct command listen_command = {
    .name = "listen",
    .arguments = "[addr:]port",
    .line = "print the datagrams that arrive",
    .examples =
        "  dgram listen 41234                   whatever comes to port 41234\n"
        "  dgram listen -c 1 -w 5s 41234        one datagram, within five seconds\n"
        "  dgram listen --json 41234 | jq .data\n"
        "  dgram listen --join 239.1.2.3 -I eth0 5000\n"
        "  dgram listen --reuse-addr 224.0.0.251:5353\n"
        "  dgram listen -6 '[fe80::1%eth0]:5000'\n"
        "  dgram listen --unix /run/log.sock    and elsewhere: logger -u /run/log.sock hello\n",
    .notes =
        "Prints a line for each datagram, of every sender:\n"
        "  12:00:01.234567 192.0.2.1:5353 len 5 \"hello\"\n"
        "Bytes that do not print are escaped as in C, always with two hex digits: \\x1b.\n"
        "\n"
        "A port alone is listened on at 0.0.0.0, that is IPv4 on all interfaces; with -6 at ::,\n"
        "where IPv4 senders are seen too, as ::ffff:192.0.2.1. That is not the default because\n"
        "IPv4 groups cannot be joined there, and senders would not look like themselves.\n"
        "Port 0 takes a free one. A multicast address is joined by itself.\n"
        "\n"
        "-I NAME is where --join joins ('*': on all interfaces); without --join, and without an\n"
        "address, what is listened on is the interface's own address.\n"
        "\n"
        "With --unix the argument is a path, whose file goes when it ends, or '@name', an abstract\n"
        "name. A sender that is bound to nothing is printed as '-'.\n",
    .bit = FOR_LISTEN,
    .arguments_min = 1,
    .arguments_max = 1,
    .run = run,
};
