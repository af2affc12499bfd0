/* dgram relay: passes datagrams on to a target, and its answers back, as NAT does.
 *
 *   look up the target -> listen -> a datagram of a new sender: a session, with a socket of its own
 *       -> its way out -> target -> its way back -> sender ... -> the session idles -> end
 *
 * A way is as bad as the options say, and has chances of its own: the nth session has the same ones
 * in each run with the same seed. A session ends when nothing has come from either side for --idle,
 * and nothing waits on its ways. A sender for whom there is no session gets none: those that are
 * there are not pushed out by somebody who forges addresses. */

#include "address.h"
#include "clients.h"
#include "link_options.h"
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Descriptors beside those of the sessions: libuv's, standard ones, the resolver's. */
enum { DESCRIPTORS_BESIDE = 64 };

struct relay {
  struct session session; /* first: the role's functions get its address */
  struct endpoint listen;
  dgram_address target;
  bool any_may_answer; /* the target is a group */
  uint64_t seed;
  struct ways ways;
  struct clients clients;
  dgram_timer idle;

  uint64_t opened;
  uint64_t refused;   /* datagrams for which there was no session */
  uint64_t strangers; /* answers from somewhere else than the target */
  uint64_t refused_reported_ns;
  struct way_counts out; /* of sessions that have ended */
  struct way_counts back;
};

/* ---- what is said ---- */

static void sum(const struct relay *relay, struct way_counts *ret_out,
                struct way_counts *ret_back) {
  *ret_out = relay->out;
  *ret_back = relay->back;
  ret_out->unread = session_unread(relay->session.socket);
  for (const struct client *at = relay->clients.oldest; at; at = at->newer) {
    way_add_counts(ret_out, &at->out.counts);
    way_add_counts(ret_back, &at->back.counts);
    ret_back->unread += session_unread(at->socket);
  }
}

static void summary(const struct session *session, char *text, size_t size) {
  const struct relay *relay = (const struct relay *)session;
  struct way_counts out;
  struct way_counts back;
  sum(relay, &out, &back);
  snprintf(text, size,
           "%" PRIu64 " session%s; out %" PRIu64 ", %" PRIu64 " sent; back %" PRIu64 ", %" PRIu64
           " sent",
           relay->opened, relay->opened == 1 ? "" : "s", out.came, out.sent, back.came, back.sent);
}

static void details(const struct session *session) {
  const struct relay *relay = (const struct relay *)session;
  struct way_counts out;
  struct way_counts back;
  sum(relay, &out, &back);
  way_report("out", &out);
  way_report("back", &back);
  ways_report(&relay->ways);
  if (relay->refused > 0) {
    notice("%" PRIu64 " without a session", relay->refused);
  }
  if (relay->strangers > 0) {
    notice("%" PRIu64 " from somewhere else than the target", relay->strangers);
  }
}

static void say_session(const struct client *client, const char *what) {
  const struct session *session = &client->relay->session;
  char who[ENDPOINT_TEXT];
  if (session->options->verbose) {
    address_text(session->stack, &client->address, who);
    notice("session %" PRIu64 " of %s %s", client->number, who, what);
  }
}

/* One line a second at most. */
static void refuse(struct relay *relay, const dgram_address *address, uint64_t now_ns) {
  char who[ENDPOINT_TEXT];
  relay->refused++;
  if (relay->refused_reported_ns && now_ns - relay->refused_reported_ns < DGRAM_SECOND) {
    return;
  }
  relay->refused_reported_ns = now_ns;
  address_text(relay->session.stack, address, who);
  report("no session for %s: there are %zu already (--sessions)", who, relay->clients.count);
}

/* ---- sessions ---- */

/* Also where the stack is closed at the end. */
static void on_client_closed(dgram_socket *socket, void *data) {
  (void)socket;
  free(data);
}

static void end_client(struct client *client) {
  struct relay *relay = client->relay;
  char what[80];
  snprintf(what, sizeof what, "ends: out %" PRIu64 ", back %" PRIu64, client->out.counts.came,
           client->back.counts.came);
  say_session(client, what);
  way_add_counts(&relay->out, &client->out.counts);
  way_add_counts(&relay->back, &client->back.counts);
  relay->back.unread += session_unread(client->socket);
  clients_remove(&relay->clients, client);
  dgram_close(client->socket, NULL, NULL);
}

/* What waits, or has waited and may yet be answered, is use of a session. */
static bool is_awaited(const struct way *way, uint64_t now_ns, uint64_t idle_ns) {
  return way->waiting > 0 || (way->sent_ns > 0 && now_ns - way->sent_ns < idle_ns);
}

static void on_idle(dgram_timer *timer, void *data) {
  struct relay *relay = data;
  struct session *session = &relay->session;
  uint64_t idle_ns = session->options->idle_ns;
  uint64_t now_ns = dgram_now(session->stack);
  struct client *oldest;
  if (session->ending) {
    return;
  }
  while ((oldest = relay->clients.oldest) && now_ns - oldest->used_ns >= idle_ns) {
    if (is_awaited(&oldest->out, now_ns, idle_ns) || is_awaited(&oldest->back, now_ns, idle_ns)) {
      clients_use(&relay->clients, oldest, now_ns);
    } else {
      end_client(oldest);
    }
  }
  if (oldest) {
    dgram_timer_start(session->stack, timer, oldest->used_ns + idle_ns - now_ns, on_idle, relay);
  }
}

/* As NAT does: only whom the datagrams went to may answer. */
static void on_answers(dgram_socket *socket, const dgram_message *messages, size_t count,
                       void *data) {
  struct client *client = data;
  struct relay *relay = client->relay;
  uint64_t now_ns = dgram_now(relay->session.stack);
  (void)socket;
  if (relay->session.ending) {
    return;
  }
  ways_release(&relay->ways, now_ns);
  for (size_t i = 0; i < count; i++) {
    if (!relay->any_may_answer && !dgram_address_equal(&messages[i].from, &relay->target)) {
      relay->strangers++;
      continue;
    }
    clients_use(&relay->clients, client, now_ns);
    way_send(&client->back, now_ns, messages[i].bytes, messages[i].length, &client->address);
  }
}

/* The socket is bound by its first datagram. */
static int open_socket(struct client *client) {
  struct session *session = &client->relay->session;
  dgram_socket_options options = {.type = client->relay->target.family};
  int code = dgram_create_socket(session->stack, &options, &client->socket);
  if (code < 0) {
    return code;
  }
  code = dgram_on_batch(client->socket, on_answers, client);
  if (code == 0) {
    code = dgram_on_error(client->socket, session_on_error, session);
  }
  if (code == 0) {
    code = dgram_on_close(client->socket, on_client_closed, client);
  }
  if (code < 0) {
    dgram_close(client->socket, NULL, NULL);
  }
  return code;
}

static struct client *open_client(struct relay *relay, const dgram_address *address,
                                  uint64_t now_ns) {
  struct session *session = &relay->session;
  if (relay->clients.count >= session->options->sessions) {
    refuse(relay, address, now_ns);
    return NULL;
  }
  struct client *client = calloc(1, sizeof *client);
  if (!client) {
    session_trouble(session, "session", DGRAM_ENOMEM, NULL);
    return NULL;
  }
  client->relay = relay;
  client->address = *address;
  int code = open_socket(client);
  if (code < 0) {
    session_trouble(session, "socket", code, NULL);
    free(client);
    return NULL;
  }
  client->number = ++relay->opened;
  way_open(&client->out, &relay->ways, client->socket, relay->seed, 2 * client->number);
  way_open(&client->back, &relay->ways, session->socket, relay->seed, 2 * client->number + 1);
  client->used_ns = now_ns;
  clients_add(&relay->clients, client);
  if (relay->clients.count == 1) {
    dgram_timer_start(session->stack, &relay->idle, session->options->idle_ns, on_idle, relay);
  }
  say_session(client, "begins");
  return client;
}

/* To port 0 no answer could be sent (RFC 768). */
static void on_batch(struct session *session, const dgram_message *messages, size_t count) {
  struct relay *relay = (struct relay *)session;
  uint64_t now_ns = dgram_now(session->stack);
  ways_release(&relay->ways, now_ns);
  for (size_t i = 0; i < count; i++) {
    const dgram_address *from = &messages[i].from;
    struct client *client = clients_find(&relay->clients, from);
    if (!client && from->port != 0) {
      client = open_client(relay, from, now_ns);
    }
    if (client) {
      clients_use(&relay->clients, client, now_ns);
      way_send(&client->out, now_ns, messages[i].bytes, messages[i].length, &relay->target);
    }
  }
}

/* ---- begin ---- */

static bool is_any(const dgram_address *address) {
  static const uint8_t zero[16];
  return memcmp(address->bytes, zero, sizeof zero) == 0;
}

static bool is_loopback(const dgram_address *address) {
  dgram_address loopback;
  if (address->family == DGRAM_IPV4) {
    return address->bytes[0] == 127;
  }
  dgram_address_parse("::1", address->port, &loopback);
  return dgram_address_equal(address, &loopback);
}

/* What it sends would come to itself, as a new session each time. */
static bool is_own(const struct relay *relay) {
  const dgram_address *local = &relay->session.local;
  const dgram_address *target = &relay->target;
  return dgram_address_equal(local, target) ||
         (local->port == target->port && is_any(local) && is_loopback(target));
}

static void on_ready(struct session *session) {
  struct relay *relay = (struct relay *)session;
  char to[ENDPOINT_TEXT];
  address_text(session->stack, &relay->target, to);
  if (is_own(relay)) {
    report("%s is where it listens itself", to);
    session_end(session, EXIT_TROUBLE);
    return;
  }
  session_announce(session);
  if (session->options->verbose) {
    notice("relaying to %s", to);
  }
  link_options_announce(session->options, relay->seed);
}

/* 0.0.0.0 as a target is this host, whose answers come from its loopback address. */
static void on_target(struct session *session, const dgram_address *address) {
  struct relay *relay = (struct relay *)session;
  relay->target = *address;
  if (is_any(address)) {
    dgram_address_parse(address->family == DGRAM_IPV6 ? "::1" : "127.0.0.1", address->port,
                        &relay->target);
  }
  relay->any_may_answer = address_is_multicast(address);
  session_listen(session, &relay->listen);
}

static int read_target(const struct options *options, struct endpoint *ret_target) {
  const char *text = options->arguments[1];
  if (session_endpoint(text, ret_target) < 0) {
    return -1;
  }
  if (ret_target->star || ret_target->port == 0) {
    report("'%s': %s", text,
           ret_target->star ? "nobody has the address '*'" : "port 0 is no destination");
    return -1;
  }
  if (!*ret_target->host) {
    snprintf(ret_target->host, sizeof ret_target->host,
             options->family == DGRAM_IPV6 ? "::1" : "127.0.0.1");
  }
  return 0;
}

/* Each session has a descriptor. Where the system gives fewer, its error tells. */
static void raise_limit(uint64_t sessions) {
  struct rlimit limit;
  rlim_t wanted = (rlim_t)sessions + DESCRIPTORS_BESIDE;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

static int run(const struct options *options) {
  static const struct session_role role = {on_ready, on_batch, summary, details};
  struct relay relay = {.seed = link_options_choose_seed(options)};
  struct endpoint target;
  if (link_options_check(options) < 0 ||
      session_endpoint(options->arguments[0], &relay.listen) < 0 ||
      read_target(options, &target) < 0 || session_open(&relay.session, &role, options) < 0) {
    return EXIT_TROUBLE;
  }
  raise_limit(options->sessions);
  ways_open(&relay.ways, &relay.session);
  int code = clients_open(&relay.clients, (size_t)options->sessions);
  if (code < 0) {
    session_fail(&relay.session, "start", code, NULL);
  } else {
    session_lookup(&relay.session, &target, options->family, on_target);
  }
  session_run(&relay.session);
  int exit_code = session_close(&relay.session);
  clients_close(&relay.clients);
  ways_close(&relay.ways);
  return exit_code;
}

const struct command relay_command = {
    .name = "relay",
    .arguments = "[addr:]port host:port",
    .line = "pass datagrams on, by a bad link",
    .examples =
        "  dgram relay 5353 192.0.2.1:53             and elsewhere: dig -p 5353 @host name\n"
        "  dgram relay --delay 80ms --jitter 20ms --loss 2% 4000 game.example:4000\n"
        "  dgram relay --rate 512kbit --queue 16k 4000 192.0.2.1:4000\n"
        "  dgram relay -v --seed 7 --loss 10% 4000 192.0.2.1:4000    the same losses each time\n"
        "  dgram relay '[::]:4000' 192.0.2.1:4000    for IPv6, to a server that has none\n",
    .notes =
        "Each sender gets a session: a port of its own, from which its datagrams go on, and to\n"
        "which the target answers; answers of others are not passed back. It ends when it idles.\n"
        "Whoever reaches the port uses it: do not leave it where the internet does.\n"
        "\n"
        "The options are for each way of each session by itself. A datagram meets them in this\n"
        "order: --mtu, --rate, --loss and --burst, --delay and --jitter, --reorder, --dup. Headers\n"
        "of UDP and IP count for --rate and --mtu: 28 bytes over IPv4, 48 over IPv6. Units of a\n"
        "rate are those of tc: kbit, mbit, gbit, and kbps, mbps for bytes. --burst 1%:5:80% begins\n"
        "a burst at one datagram in a hundred; it is five datagrams long on average, and loses 80%\n"
        "of them (all where that is left out). --reorder 5%:20ms sends one in twenty 20 ms later;\n"
        "without a time as much later as --delay and --jitter together, at least 1 ms.\n"
        "What is late leaves at a whole millisecond of the loop, never too early.\n"
        "\n"
        "With the same --seed, the nth datagram of the mth session meets the same, however long it\n"
        "takes to come; what --rate drops depends on the time as well.\n",
    .bit = FOR_RELAY,
    .arguments_min = 2,
    .arguments_max = 2,
    .run = run,
};
