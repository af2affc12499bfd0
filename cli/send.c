/* dgram send: sends data, and shows what is answered.
 *
 *   look up where to -> bind -> input -> send -> (interval) -> input ... -> wait for replies -> end
 *
 * One datagram is under way at a time: what it is sent from stays where it is until the library
 * calls back, and a full network holds the input back. What fails ends it at once. */

#include "address.h"
#include "input.h"
#include "report.h"
#include "session.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* How long a reply is waited for unless -w says it: the slowest round trip that a person at a shell
 * takes for an answer. */
static const uint64_t default_wait_ns = DGRAM_SECOND;

struct send {
  struct session session; /* first: the role's functions get its address */
  struct input input;
  struct endpoint destination;
  struct endpoint source; /* -b, else zeroed */
  dgram_address to;
  const char *path; /* --unix: where to, instead */
  uint64_t handed;  /* datagrams given to the library */
  bool all_sent;
  dgram_timer interval;
  dgram_timer wait;
};

/* ---- replies ---- */

static uint64_t wait_ns(const struct options *options) {
  return options->has_wait ? options->wait_ns : default_wait_ns;
}

/* Whether nothing more has to be waited for. Unless the options say something else that is so as
 * soon as there is a reply for each datagram; of a group nobody knows how many will answer. */
static bool enough(const struct send *send) {
  const struct session *session = &send->session;
  const struct options *options = session->options;
  if (options->replies > 0) {
    return session->received >= options->replies;
  }
  if (!send->all_sent) {
    return false;
  }
  if (session->sent == 0 || wait_ns(options) == 0) {
    return true;
  }
  return !options->has_wait && !options->broadcast && !address_is_multicast(&send->to) &&
         session->received >= session->sent;
}

static void on_wait(dgram_timer *timer, void *data) {
  struct send *send = data;
  struct session *session = &send->session;
  const struct options *options = session->options;
  char text[32];
  (void)timer;
  bool missing = session->received == 0 || session->received < options->replies;
  if (missing && !session->ending && !options->quiet) {
    format_duration(wait_ns(options), text, sizeof text);
    report("%s in %s", session->received ? "not all replies" : "no reply", text);
  }
  session_end(session, missing ? EXIT_NO_REPLY : EXIT_OK);
}

static void on_batch(struct session *session, const dgram_message *messages, size_t count) {
  struct send *send = (struct send *)session;
  uint64_t replies = session->options->replies;
  for (size_t i = 0; i < count && (replies == 0 || session->received < replies); i++) {
    session_count(session, &messages[i]);
    session_print(session, &messages[i]);
  }
  session_flush(session);
  if (enough(send)) {
    session_end(session, EXIT_OK);
  }
}

/* ---- sending ---- */

static void send_next(struct send *send);

static void sent_all(struct send *send) {
  struct session *session = &send->session;
  send->all_sent = true;
  if (enough(send)) {
    session_end(session, EXIT_OK);
    return;
  }
  dgram_timer_start(session->stack, &send->wait, wait_ns(session->options), on_wait, send);
}

/* Data that is no stream is sent once, unless -c says more. */
static bool complete(const struct send *send) {
  uint64_t count = send->session.options->count;
  if (count == 0) {
    return !send->input.lines && send->handed > 0;
  }
  return send->handed >= count;
}

static void on_interval(dgram_timer *timer, void *data) {
  (void)timer;
  send_next(data);
}

/* Where it goes, for a person. */
static void to_text(const struct send *send, char text[SESSION_TEXT]) {
  char where[ENDPOINT_TEXT];
  if (!send->path) {
    address_text(send->session.stack, &send->to, where);
  }
  snprintf(text, SESSION_TEXT, "%s", send->path ? send->path : where);
}

static void fail_send(struct send *send, int code) {
  struct session *session = &send->session;
  char where[SESSION_TEXT];
  to_text(send, where);
  if (code == DGRAM_EACCES && !session->options->broadcast && !send->path && !session->ending) {
    report("send EACCES %s: permission denied (a broadcast address needs --broadcast)", where);
    session_end(session, EXIT_TROUBLE);
  } else {
    session_fail(session, "send", code, where);
  }
}

static void on_sent(dgram_socket *socket, int status, void *data) {
  struct send *send = data;
  struct session *session = &send->session;
  (void)socket;
  if (status < 0) {
    fail_send(send, status);
    return;
  }
  session->sent++;
  session->sent_bytes += (uint64_t)status;
  if (session->ending) {
    return;
  }
  if (session->options->interval_ns > 0 && !complete(send)) {
    dgram_timer_start(session->stack, &send->interval, session->options->interval_ns, on_interval,
                      send);
  } else {
    send_next(send);
  }
}

static int hand_over(struct send *send, const char *bytes, size_t length) {
  struct session *session = &send->session;
  const bool connected = session->options->connect;
  if (send->path) {
    return dgram_send(session->socket, bytes, length, 0, connected ? NULL : send->path, on_sent,
                      send);
  }
  return dgram_send_to(session->socket, bytes, length, connected ? NULL : &send->to, on_sent, send);
}

static void send_record(struct send *send, const char *bytes, size_t length) {
  struct session *session = &send->session;
  bool ipv4 = send->to.family == DGRAM_IPV4;
  size_t maximum = ipv4 ? PAYLOAD_MAX_IPV4 : PAYLOAD_MAX_IPV6;
  if (length > maximum) {
    report("the data does not fit into a datagram: that is at most %zu bytes over %s", maximum,
           ipv4         ? "IPv4"
           : send->path ? "a unix socket"
                        : "IPv6");
    session_end(session, EXIT_TROUBLE);
    return;
  }
  send->handed++;
  int code = hand_over(send, bytes, length);
  if (code < 0) {
    fail_send(send, code);
  }
}

static void send_next(struct send *send) {
  const char *bytes;
  size_t length;
  if (send->session.ending) {
    return;
  }
  if (complete(send)) {
    sent_all(send);
    return;
  }
  switch (input_next(&send->input, &bytes, &length)) {
  case INPUT_RECORD:
    send_record(send, bytes, length);
    break;
  case INPUT_LATER:
    break;
  case INPUT_END:
    sent_all(send);
    break;
  case INPUT_FAILED:
    session_end(&send->session, EXIT_TROUBLE);
    break;
  }
}

static void on_input(void *data) {
  send_next(data);
}

/* ---- begin ---- */

static void begin(struct send *send) {
  struct session *session = &send->session;
  const struct options *options = session->options;
  char from[SESSION_TEXT];
  char to[SESSION_TEXT];
  if (options->verbose) {
    session_local_text(session, from, sizeof from);
    to_text(send, to);
    notice("sending from %s to %s", from, to);
  }
  if (send->input.lines && !options->quiet && isatty(send->input.fd)) {
    notice("each line is sent as a datagram; Ctrl-D ends");
  }
  if (input_start(&send->input, on_input, send) < 0) {
    session_end(session, EXIT_TROUBLE);
    return;
  }
  send_next(send);
}

static void on_connected(dgram_socket *socket, int status, void *data) {
  struct send *send = data;
  struct session *session = &send->session;
  char where[SESSION_TEXT];
  (void)socket;
  if (session->ending) {
    return;
  }
  to_text(send, where);
  if (status < 0) {
    session_fail(session, "connect", status, where);
    return;
  }
  dgram_local_address(session->socket, &session->local);
  begin(send);
}

static void on_ready(struct session *session) {
  struct send *send = (struct send *)session;
  char to[DGRAM_ADDRESS_TEXT];
  if (!session->options->connect) {
    begin(send);
    return;
  }
  dgram_address_format(&send->to, to, sizeof to);
  const char *peer = send->path ? send->path : to;
  int code = dgram_connect(session->socket, send->to.port, peer, on_connected, send);
  if (code < 0) {
    session_fail(session, "connect", code, peer);
  }
}

/* The source: -b, or the address of -I, or what the system takes. */
static void bind_source(struct send *send) {
  struct session *session = &send->session;
  dgram_address local = {.family = send->to.family, .port = (uint16_t)send->source.port};
  if (*send->source.host) {
    session_lookup(session, &send->source, send->to.family, session_bind);
    return;
  }
  if (!address_needs_zone(&send->to) &&
      session_local_address(session, send->to.family, send->source.port, &local) < 0) {
    session_end(session, EXIT_TROUBLE);
    return;
  }
  session_bind(session, &local);
}

static void on_destination(struct session *session, const dgram_address *address) {
  struct send *send = (struct send *)session;
  const struct options *options = session->options;
  send->to = *address;
  if (options->ttl == 0 && !address_is_multicast(address)) {
    report("--ttl 0 is for sending to multicast groups only");
    session_end(session, EXIT_TROUBLE);
  } else if (options->interface && *send->source.host && !address_needs_zone(address)) {
    report("-I %s has no meaning beside -b %s", options->interface, options->bind);
    session_end(session, EXIT_TROUBLE);
  } else {
    bind_source(send);
  }
}

/* A port alone means this host: what a person tries first. */
static void find_destination(struct send *send) {
  struct session *session = &send->session;
  int family = session->options->family;
  if (*send->destination.host) {
    session_lookup(session, &send->destination, family, on_destination);
    return;
  }
  dgram_address loopback;
  dgram_address_parse(family == DGRAM_IPV6 ? "::1" : "127.0.0.1", send->destination.port,
                      &loopback);
  on_destination(session, &loopback);
}

static int read_addresses(struct send *send, const struct options *options) {
  if (options->by_path) {
    send->path = options->arguments[0];
    send->to.family = DGRAM_UNIX;
    return session_check_path(options);
  }
  if (session_endpoint(options->arguments[0], &send->destination) < 0 ||
      (options->bind && session_endpoint(options->bind, &send->source) < 0)) {
    return -1;
  }
  if (send->destination.star || send->destination.port == 0) {
    report("'%s': %s", options->arguments[0],
           send->destination.star ? "nobody has the address '*'" : "port 0 is no destination");
    return -1;
  }
  return 0;
}

static int check_replies(const struct options *options) {
  if (options->replies > 0 && options->has_wait && options->wait_ns == 0) {
    report("--replies has no meaning beside --wait 0");
    return -1;
  }
  return 0;
}

static void summary(const struct session *session, char *text, size_t size) {
  snprintf(text, size,
           "%" PRIu64 " datagram%s, %" PRIu64 " byte%s sent, %" PRIu64 " repl%s, %" PRIu64
           " byte%s received",
           session->sent, session->sent == 1 ? "" : "s", session->sent_bytes,
           session->sent_bytes == 1 ? "" : "s", session->received,
           session->received == 1 ? "y" : "ies", session->received_bytes,
           session->received_bytes == 1 ? "" : "s");
}

static int run(const struct options *options) {
  static const struct session_role role = {on_ready, on_batch, summary, NULL};
  const char *text = options->argument_count > 1 ? options->arguments[1] : NULL;
  struct send send = {0};
  if (read_addresses(&send, options) < 0 || check_replies(options) < 0) {
    return EXIT_TROUBLE;
  }
  if (input_open(&send.input, options, text) < 0 ||
      session_open(&send.session, &role, options) < 0) {
    input_close(&send.input);
    return EXIT_TROUBLE;
  }
  if (send.path) {
    session_bind_path(&send.session, options->bind);
  } else {
    find_destination(&send);
  }
  session_run(&send.session);
  input_close(&send.input);
  return session_close(&send.session);
}

const struct command send_command = {
    .name = "send",
    .arguments = "host:port [data]",
    .line = "send datagrams, and show the replies",
    .examples =
        "  dgram send 192.0.2.1:41234 hello          one datagram; the reply, if there is one\n"
        "  printf hello | dgram send localhost:41234\n"
        "  dgram send -w 0 host:514 '<13>no answer wanted'\n"
        "  dgram send -c 5 -i 1s host:7 ping          five datagrams, a second apart\n"
        "  dgram send --hex '00 01 ff' '[2001:db8::1]:4000'\n"
        "  dgram send --delim line host:8125 < metrics.txt\n"
        "  dgram send --broadcast -w 2s 255.255.255.255:9999 'who is there?'\n"
        "  dgram send --unix -w 0 /run/log.sock '<13>hello'\n",
    .notes =
        "The data is the argument as it stands, --hex, a file, or standard input ('-', or nothing\n"
        "at all). Input is one datagram, byte by byte, of at most 65,507 bytes (IPv6: 65,527);\n"
        "with --delim line, and when it is typed at a terminal, each line is one, without its\n"
        "newline. No input at all is an empty datagram. A port alone is one of this host.\n"
        "\n"
        "Replies are printed as dgram listen does. They are waited for one second, but only until\n"
        "there are as many as datagrams were sent. With -w, --broadcast, or to a multicast group\n"
        "it is the whole time. Whoever sends to the port counts, not only who was asked.\n"
        "The exit status is 1 when no reply came, or fewer than -n says; with -w 0 never.\n"
        "\n"
        "With --connect only who is sent to is heard, and the answer of a host where nobody has the\n"
        "port ends it: exit status 2.\n"
        "\n"
        "With --unix the address is a path, or '@name', an abstract name; so is that of -b.\n"
        "\n"
        "-I NAME sends from the interface's address, which multicast and limited broadcast then\n"
        "leave by; a link-local IPv6 address gets it as its zone.\n",
    .bit = FOR_SEND,
    .arguments_min = 1,
    .arguments_max = 2,
    .run = run,
};
