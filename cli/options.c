#include "options.h"

#include <dgram.h>

#include "address.h"
#include "link_options.h"
#include "parse.h"
#include "report.h"

#include <getopt.h>
#include <inttypes.h>
#include <string.h>

enum {
  ALL = FOR_LISTEN | FOR_SEND | FOR_ECHO | FOR_RELAY,
  COUNTERS = FOR_LISTEN | FOR_ECHO,
  SERVERS = FOR_LISTEN | FOR_ECHO | FOR_RELAY,
  LINKS = FOR_ECHO | FOR_RELAY,
  /* What getopt_long returns for an option without a letter: this and its place in the table. */
  LONG_ONLY = 1000
};

static const uint64_t idle_default_ns = 60 * DGRAM_SECOND;
static const uint64_t count_max = UINT64_C(1000000000000000);

/* An option. `take` says what is wrong with the value as the end of a sentence, or NULL. */
struct option_entry {
  char letter;          /* 0: none */
  const char *name;     /* NULL: none */
  const char *argument; /* NULL: takes none */
  unsigned commands;
  const char *help;
  const char *(*take)(struct options *options, const char *value);
};

static const char *take_ipv4(struct options *options, const char *value) {
  (void)value;
  if (options->family == DGRAM_IPV6) {
    return "excludes -6";
  }
  options->family = DGRAM_IPV4;
  return NULL;
}

static const char *take_ipv6(struct options *options, const char *value) {
  (void)value;
  if (options->family == DGRAM_IPV4) {
    return "excludes -4";
  }
  options->family = DGRAM_IPV6;
  return NULL;
}

static const char *take_interface(struct options *options, const char *value) {
  options->interface = value;
  return *value ? NULL : "needs the name of an interface";
}

static const char *take_bind(struct options *options, const char *value) {
  options->bind = value;
  return NULL;
}

static const char *take_count(struct options *options, const char *value) {
  bool good = parse_number(value, 1, count_max, &options->count);
  return good ? NULL : "needs a number from 1";
}

static const char *take_replies(struct options *options, const char *value) {
  bool good = parse_number(value, 1, count_max, &options->replies);
  return good ? NULL : "needs a number from 1";
}

static const char *take_wait(struct options *options, const char *value) {
  options->has_wait = true;
  return parse_duration(value, &options->wait_ns) ? NULL : "needs a time like 500ms, 2s or 1m";
}

static const char *take_interval(struct options *options, const char *value) {
  return parse_duration(value, &options->interval_ns) ? NULL : "needs a time like 500ms, 2s or 1m";
}

static const char *take_ttl(struct options *options, const char *value) {
  uint64_t ttl;
  if (!parse_number(value, 0, 255, &ttl)) {
    return "needs a number from 0 to 255";
  }
  options->ttl = (int)ttl;
  return NULL;
}

static const char *take_tos(struct options *options, const char *value) {
  uint64_t tos;
  if (!parse_number(value, 0, 255, &tos)) {
    return "needs a number from 0 to 255";
  }
  options->tos = (int)tos;
  return options->dscp < 0 && options->ecn < 0 ? NULL : "excludes --dscp and --ecn";
}

static const char *take_dscp(struct options *options, const char *value) {
  options->dscp = dgram_dscp(value);
  if (options->dscp < 0) {
    return "needs a name like ef, af41, cs3, or a number from 0 to 63";
  }
  return options->tos < 0 ? NULL : "excludes --tos";
}

static const char *take_ecn(struct options *options, const char *value) {
  static const char *const names[] = {[DGRAM_ECN_NOT] = "not",
                                      [DGRAM_ECN_ECT1] = "ect1",
                                      [DGRAM_ECN_ECT0] = "ect0",
                                      [DGRAM_ECN_CE] = "ce"};
  for (int i = 0; i < (int)(sizeof names / sizeof *names); i++) {
    if (strcmp(names[i], value) == 0) {
      options->ecn = i;
    }
  }
  if (options->ecn < 0) {
    return "knows 'not', 'ect0', 'ect1' and 'ce'";
  }
  return options->tos < 0 ? NULL : "excludes --tos";
}

static const char *take_unix(struct options *options, const char *value) {
  (void)value;
  options->by_path = true;
  return NULL;
}

static const char *take_connect(struct options *options, const char *value) {
  (void)value;
  options->connect = true;
  return NULL;
}

static const char *take_broadcast(struct options *options, const char *value) {
  (void)value;
  options->broadcast = true;
  return NULL;
}

static const char *take_reuse_addr(struct options *options, const char *value) {
  (void)value;
  options->reuse_addr = true;
  return NULL;
}

static const char *take_reuse_port(struct options *options, const char *value) {
  (void)value;
  options->reuse_port = true;
  return NULL;
}

static const char *take_dont_fragment(struct options *options, const char *value) {
  (void)value;
  options->dont_fragment = true;
  return NULL;
}

static const char *take_join(struct options *options, const char *value) {
  dgram_address group;
  if (dgram_address_parse(value, 0, &group) < 0 || !address_is_multicast(&group)) {
    return "needs the address of a multicast group";
  }
  if (options->group_count == GROUPS_MAX) {
    return "is given too often";
  }
  options->groups[options->group_count++] = value;
  return NULL;
}

static const char *take_format(struct options *options, enum format format) {
  if (options->format != FORMAT_TEXT && options->format != format) {
    return "excludes the other formats";
  }
  options->format = format;
  return NULL;
}

static const char *take_raw(struct options *options, const char *value) {
  (void)value;
  return take_format(options, FORMAT_RAW);
}

static const char *take_hexdump(struct options *options, const char *value) {
  (void)value;
  return take_format(options, FORMAT_HEX);
}

static const char *take_json(struct options *options, const char *value) {
  (void)value;
  return take_format(options, FORMAT_JSON);
}

static const char *take_hex(struct options *options, const char *value) {
  options->hex = value;
  return NULL;
}

static const char *take_file(struct options *options, const char *value) {
  options->file = value;
  return *value ? NULL : "needs the name of a file";
}

static const char *take_delim(struct options *options, const char *value) {
  options->lines = strcmp(value, "line") == 0;
  return options->lines || strcmp(value, "none") == 0 ? NULL : "knows 'line' and 'none'";
}

static const char *take_idle(struct options *options, const char *value) {
  bool good = parse_duration(value, &options->idle_ns) && options->idle_ns > 0;
  return good ? NULL : "needs a time like 500ms, 2s or 1m";
}

static const char *take_sessions(struct options *options, const char *value) {
  bool good = parse_number(value, 1, SESSIONS_MAX, &options->sessions);
  return good ? NULL : "needs a number from 1 to 50000";
}

static const char *take_workers(struct options *options, const char *value) {
  bool good = parse_number(value, 1, WORKERS_MAX, &options->workers);
  return good ? NULL : "needs a number from 1 to 1024";
}

static const char *take_quiet(struct options *options, const char *value) {
  (void)value;
  options->quiet = true;
  return NULL;
}

static const char *take_verbose(struct options *options, const char *value) {
  (void)value;
  options->verbose = true;
  return NULL;
}

static const char *take_help(struct options *options, const char *value) {
  (void)value;
  options->help = true;
  return NULL;
}

/* In the order of the help. An option that differs by command stands here once for each. */
static const struct option_entry entries[] = {
    {0, "hex", "BYTES", FOR_SEND, "the data as hex digits: '0a0b', '0a 0b'", take_hex},
    {0, "file", "FILE", FOR_SEND, "the data from a file; '-' is standard input", take_file},
    {0, "delim", "line", FOR_SEND, "a datagram for each line of the input", take_delim},
    {'c', "count", "N", COUNTERS, "end after N datagrams", take_count},
    {'c', "count", "N", FOR_SEND, "send the data N times; of lines the first N", take_count},
    {'i', "interval", "TIME", FOR_SEND, "pause between datagrams (default 0)", take_interval},
    {'w', "wait", "TIME", FOR_LISTEN, "end when nothing has come for TIME", take_wait},
    {'w', "wait", "TIME", FOR_SEND, "wait TIME for replies, show all; 0: do not wait", take_wait},
    {'n', "replies", "K", FOR_SEND, "leave as soon as K replies have come", take_replies},
    {0, "raw", NULL, FOR_LISTEN | FOR_SEND, "print the bytes and nothing else", take_raw},
    {0, "hex", NULL, FOR_LISTEN, "print as hexdump -C does", take_hexdump},
    {0, "json", NULL, FOR_LISTEN | FOR_SEND, "print an object a line", take_json},
    {0, "json", NULL, FOR_INFO, "print one object", take_json},
    {'4', NULL, NULL, ALL, "IPv4 only", take_ipv4},
    {'6', NULL, NULL, ALL, "IPv6 only", take_ipv6},
    {'b', "bind", "[ADDR:]PORT", FOR_SEND, "send from this port and address", take_bind},
    {'I', "interface", "NAME", SERVERS, "join there; listen on its address; zone", take_interface},
    {'I', "interface", "NAME", FOR_SEND, "send from its address; zone", take_interface},
    {0, "join", "GROUP", SERVERS, "join a multicast group; may be repeated", take_join},
    {0, "reuse-addr", NULL, ALL, "share the port with others that do so too", take_reuse_addr},
    {0, "reuse-port", NULL, FOR_LISTEN | FOR_SEND | FOR_ECHO, "share the port, and what comes",
     take_reuse_port},
    {0, "broadcast", NULL, FOR_SEND | FOR_ECHO, "allow sending to broadcast addresses",
     take_broadcast},
    {0, "ttl", "N", FOR_SEND | FOR_ECHO, "hops that datagrams may travel", take_ttl},
    {0, "tos", "N", FOR_SEND | FOR_ECHO, "TOS or traffic class, all eight bits", take_tos},
    {0, "dscp", "NAME", FOR_SEND | FOR_ECHO, "its upper six: ef, af41, cs3, 0 to 63", take_dscp},
    {0, "ecn", "NAME", FOR_SEND | FOR_ECHO, "its lower two: not, ect0, ect1, ce", take_ecn},
    {0, "df", NULL, FOR_SEND | FOR_ECHO, "do not let datagrams be fragmented", take_dont_fragment},
    {0, "connect", NULL, FOR_SEND, "hear only who is sent to, and that nobody is there",
     take_connect},
    {0, "unix", NULL, FOR_LISTEN | FOR_SEND | FOR_ECHO,
     "a unix socket: the address is a path, or @name", take_unix},
    {0, "idle", "TIME", FOR_RELAY, "end sessions that idle so long (default 60s)", take_idle},
    {0, "sessions", "N", FOR_RELAY, "relay for at most N senders at a time (default 1000)",
     take_sessions},
    {0, "loss", "P%", LINKS, "lose so many datagrams: 10%, 0.1%", link_options_loss},
    {0, "burst", "P%:N[:P%]", LINKS, "lose in bursts: what begins one, its mean length, its loss",
     link_options_burst},
    {0, "delay", "TIME", LINKS, "hold each datagram up so long", link_options_delay},
    {0, "jitter", "TIME", LINKS, "and up to so much longer; the order stays", link_options_jitter},
    {0, "reorder", "P%[:TIME]", LINKS, "hold so many up longer, for others to overtake them",
     link_options_reorder},
    {0, "dup", "P%", LINKS, "send so many twice", link_options_duplicate},
    {0, "rate", "RATE", LINKS, "at most so many bits per second: 512kbit, 10mbit",
     link_options_rate},
    {0, "queue", "BYTES", LINKS, "wait for that rate; more are lost (default 64k)",
     link_options_queue},
    {0, "mtu", "BYTES", LINKS, "lose what is longer than that, with headers", link_options_mtu},
    {0, "seed", "N", LINKS, "what chance begins with; -v says it", link_options_seed},
    {0, "workers", "N", FOR_ECHO, "serve by N processes that share the port", take_workers},
    {'q', "quiet", NULL, ALL, "say nothing but errors on standard error", take_quiet},
    {'v', "verbose", NULL, FOR_LISTEN | FOR_SEND, "say more on standard error", take_verbose},
    {'v', "verbose", NULL, FOR_RELAY, "say which sessions there are, and what is lost and why",
     take_verbose},
    {'v', "verbose", NULL, FOR_ECHO, "print each datagram; say more", take_verbose},
    {'h', "help", NULL, ALL | FOR_INFO, "this text", take_help},
};

enum { ENTRIES = sizeof entries / sizeof *entries };

static int entry_value(size_t index) {
  return entries[index].letter ? entries[index].letter : LONG_ONLY + (int)index;
}

static const struct option_entry *find_entry(unsigned command, int value) {
  for (size_t i = 0; i < ENTRIES; i++) {
    if ((entries[i].commands & command) && entry_value(i) == value) {
      return &entries[i];
    }
  }
  return NULL;
}

/* What getopt_long wants to see of the table. */
struct spelling {
  char letters[2 * ENTRIES + 2];
  struct option names[ENTRIES + 1];
};

static void spell(unsigned command, struct spelling *spelling) {
  char *letter = spelling->letters;
  struct option *name = spelling->names;
  *letter++ = ':';
  for (size_t i = 0; i < ENTRIES; i++) {
    const struct option_entry *entry = &entries[i];
    if (!(entry->commands & command)) {
      continue;
    }
    if (entry->letter) {
      *letter++ = entry->letter;
      if (entry->argument) {
        *letter++ = ':';
      }
    }
    if (entry->name) {
      *name++ = (struct option){.name = entry->name,
                                .has_arg = entry->argument ? required_argument : no_argument,
                                .val = entry_value(i)};
    }
  }
  *letter = '\0';
  *name = (struct option){0};
}

/* The option as it is written: "--ttl", "-4", "-c/--count". */
static void option_text(const struct option_entry *entry, char *text, size_t size) {
  if (entry->name && entry->letter) {
    snprintf(text, size, "-%c/--%s", entry->letter, entry->name);
  } else if (entry->name) {
    snprintf(text, size, "--%s", entry->name);
  } else {
    snprintf(text, size, "-%c", entry->letter);
  }
}

/* Says what getopt_long stumbled on. */
static void report_option(unsigned command, int result, char **argv) {
  char text[32];
  const struct option_entry *entry = optopt ? find_entry(command, optopt) : NULL;
  if (entry) {
    option_text(entry, text, sizeof text);
    report("%s: %s %s", argv[0], text, result == ':' ? "needs a value" : "takes no value");
  } else if (optopt) {
    report("%s: no option -%c (dgram help %s lists them)", argv[0], optopt, argv[0]);
  } else {
    report("%s: no option %s (dgram help %s lists them)", argv[0], argv[optind - 1], argv[0]);
  }
}

static int take_option(unsigned command, int value, char **argv, struct options *options) {
  const struct option_entry *entry = find_entry(command, value);
  if (!entry) {
    report_option(command, value, argv);
    return -1;
  }
  const char *wrong = entry->take(options, optarg);
  if (wrong) {
    char text[32];
    option_text(entry, text, sizeof text);
    if (optarg) {
      report("%s: %s %s, not '%s'", argv[0], text, wrong, optarg);
    } else {
      report("%s: %s %s", argv[0], text, wrong);
    }
    return -1;
  }
  return 0;
}

int options_read(unsigned command, int argc, char **argv, struct options *ret_options) {
  struct spelling spelling;
  int value;

  spell(command, &spelling);
  *ret_options = (struct options){.ttl = -1,
                                  .tos = -1,
                                  .dscp = -1,
                                  .ecn = -1,
                                  .idle_ns = idle_default_ns,
                                  .sessions = SESSIONS_DEFAULT};
  opterr = 0;
  while ((value = getopt_long(argc, argv, spelling.letters, spelling.names, NULL)) != -1) {
    if (take_option(command, value, argv, ret_options) < 0) {
      return -1;
    }
  }
  for (; optind < argc; optind++) {
    if (ret_options->argument_count == ARGUMENTS_MAX) {
      report("%s: one argument too many: '%s'", argv[0], argv[optind]);
      return -1;
    }
    ret_options->arguments[ret_options->argument_count++] = argv[optind];
  }
  return 0;
}

void options_help(unsigned command, FILE *file) {
  for (size_t i = 0; i < ENTRIES; i++) {
    const struct option_entry *entry = &entries[i];
    char left[64];
    char letter[4] = "";
    if (!(entry->commands & command)) {
      continue;
    }
    if (entry->letter) {
      snprintf(letter, sizeof letter, "-%c%s", entry->letter, entry->name ? "," : "");
    }
    snprintf(left, sizeof left, "%-3s%s%s%s%s", letter, entry->name ? " --" : "",
             entry->name ? entry->name : "", entry->argument ? " " : "",
             entry->argument ? entry->argument : "");
    fprintf(file, "  %-27s %s\n", left, entry->help);
  }
}
