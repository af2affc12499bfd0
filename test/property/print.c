/* A program as the calls that it makes, and what stands in them: the run takes its texts from
 * here, so that what is printed is what is called. */

#include <string.h>

#include "property.h"

const char *property_name(unsigned index) {
  static const char *const names[PROPERTY_NAMES] = {"alias.test", "slow.test", "again.test",
                                                    "both.test", "none.test"};

  return names[index % PROPERTY_NAMES];
}

void property_host_text(unsigned host, int type, unsigned network, char *text, size_t size) {
  if (type == DGRAM_UDP4) {
    snprintf(text, size, "10.%u.0.%u", network, host + 1);
  } else {
    snprintf(text, size, "2001:db8:%u::%x", network, host + 1);
  }
}

bool property_other_is_host(const struct property_step *step) {
  switch (step->call) {
  case PROPERTY_SEND:
  case PROPERTY_SEND_MANY:
  case PROPERTY_TRY_SEND:
  case PROPERTY_CONNECT:
    return step->args[0] == PROPERTY_TO_SOCKET || step->args[0] == PROPERTY_TO_HOST_NAME;
  case PROPERTY_BIND:
    return step->args[0] == PROPERTY_BIND_OTHERS;
  case PROPERTY_LINK:
    return step->args[PROPERTY_LINK_WAY] != PROPERTY_ALL_WAYS;
  case PROPERTY_NAME:
    return true;
  default:
    return false;
  }
}

/* ---- destinations ---- */

static const char *write_wrong(const struct property_step *step, int type) {
  static const char *const texts[] = {"a:b", "::1%nosuch", "fe80::1%", "1:2:3:4:5:6:7:8:9"};
  static char too_long[300];

  if (step->other % 3 == 0) return type == DGRAM_UDP4 ? "::1" : "127.0.0.1";
  if (step->other % 3 == 1) return texts[step->other_slot % 4];
  memset(too_long, 'n', sizeof too_long - 1);
  return too_long;
}

const char *property_written(const struct property_step *step, int type, char *text, size_t size) {
  const bool alternative = step->args[4] != 0;
  const bool ipv4 = type == DGRAM_UDP4;

  switch (step->args[0]) {
  case PROPERTY_TO_SOCKET:
    property_host_text(step->other, type, alternative, text, size);
    if (!ipv4 && step->args[5] != 0 && !alternative)
      snprintf(text, size, "::ffff:10.0.0.%u", step->other + 1u);
    return text;
  case PROPERTY_TO_HOST_NAME:
    snprintf(text, size, "h%u", step->other);
    return text;
  case PROPERTY_TO_LOOPBACK:
    return ipv4 ? "127.0.0.1" : alternative ? "::ffff:127.0.0.1" : "::1";
  case PROPERTY_TO_GROUP:
    snprintf(text, size, ipv4 ? "239.1.0.%u" : "ff05::%u", step->other % PROPERTY_GROUPS + 1u);
    return text;
  case PROPERTY_TO_BROADCAST:
    if (!ipv4) return alternative ? "::ffff:255.255.255.255" : "::ffff:10.0.0.255";
    return alternative ? "255.255.255.255" : "10.0.0.255";
  case PROPERTY_TO_NAME:
    return property_name(step->other);
  case PROPERTY_TO_NOBODY:
    if (ipv4) return alternative ? "10.0.0.250" : "203.0.113.1";
    return alternative ? "2001:db8:0::fa" : "2001:db8:9::1";
  case PROPERTY_TO_WRONG:
    return write_wrong(step, type);
  default:
    return NULL;
  }
}

const char *property_bind_written(const struct property_step *step, int type, char *text,
                                  size_t size) {
  switch (step->args[0]) {
  case PROPERTY_BIND_OWN:
    property_host_text(step->host, type, 0, text, size);
    return text;
  case PROPERTY_BIND_LOOPBACK:
    return type == DGRAM_UDP4 ? "127.0.0.1" : "::1";
  case PROPERTY_BIND_NAME:
    return step->other % 2 == 0 ? "localhost" : property_name(step->other);
  case PROPERTY_BIND_OTHERS:
    property_host_text(step->other, type, step->other == step->host, text, size);
    return text;
  case PROPERTY_BIND_WRONG:
    return write_wrong(step, type);
  default:
    return NULL;
  }
}

void property_link_options(const struct property_step *step, dgram_link_options *ret_options) {
  const uint32_t *args = step->args;
  const uint32_t burst = args[PROPERTY_LINK_BURST];

  *ret_options = (dgram_link_options){
      .delay_ns = args[PROPERTY_LINK_DELAY_US] * UINT64_C(1000),
      .jitter_ns = args[PROPERTY_LINK_JITTER_US] * UINT64_C(1000),
      .loss_ppm = args[PROPERTY_LINK_LOSS],
      .burst_begin_ppm = burst,
      .burst_end_ppm = burst > 0 ? DGRAM_PPM / 4 : 0,
      .burst_loss_ppm = burst > 0 ? DGRAM_PPM : 0,
      .duplicate_ppm = args[PROPERTY_LINK_DUPLICATE],
      .reorder_ppm = args[PROPERTY_LINK_REORDER],
      .bits_per_second = args[PROPERTY_LINK_KBITS] * UINT64_C(1000),
      .queue_bytes = args[PROPERTY_LINK_QUEUE],
      .mtu = args[PROPERTY_LINK_MTU],
      .fragments = args[PROPERTY_LINK_FRAGMENTS] != 0,
      .down = args[PROPERTY_LINK_DOWN] != 0,
  };
}

/* ---- steps ---- */

static void print_link(const struct property_step *step, FILE *file) {
  static const char *const names[] = {
      "",      "delay_us",    "jitter_us", "loss_ppm",  "burst", "duplicate_ppm", "reorder_ppm",
      "kbits", "queue_bytes", "mtu",       "fragments", "down"};
  const char *separator = "";

  if (step->args[0] == PROPERTY_ALL_WAYS) {
    fprintf(file, "dgram_sim_set_default_link(sim, {");
  } else {
    fprintf(file, "dgram_sim_set_%s(h%u, h%u, ", step->args[0] == PROPERTY_ONE_WAY ? "way" : "link",
            step->host, step->other);
    fputs(step->args[0] == PROPERTY_UNSET ? "NULL" : "{", file);
  }
  for (unsigned i = 1; i < PROPERTY_ARGS && step->args[0] != PROPERTY_UNSET; i++) {
    if (step->args[i] == 0) continue;
    fprintf(file, "%s.%s = %u", separator, names[i], step->args[i]);
    separator = ", ";
  }
  fputs(step->args[0] == PROPERTY_UNSET ? ")" : "})", file);
}

static void print_send(const struct property_step *step, FILE *file) {
  static const char *const forms[] = {"send", "send_to", "send_gather"};
  char text[DGRAM_ADDRESS_TEXT];
  const char *to = property_written(step, DGRAM_UDP4, text, sizeof text);
  const char *what = step->call == PROPERTY_SEND_MANY  ? "send_many"
                     : step->call == PROPERTY_TRY_SEND ? "try_send_many"
                                                       : forms[step->args[2] % 3];

  if (step->call == PROPERTY_SEND && step->args[6] > 1)
    fprintf(file, "/* %u times */ ", step->args[6]);
  fprintf(file, "dgram_%s(h%us%u, %u bytes", what, step->host, step->slot, step->args[1]);
  if (step->call != PROPERTY_SEND) fprintf(file, " x %u", step->args[2]);
  if (step->call != PROPERTY_SEND && step->args[5] > 0)
    fprintf(file, " in %u parts", step->args[5]);
  fprintf(file, ", port of slot %u, \"%.40s\"", step->other_slot, to != NULL ? to : "");
  if (step->call != PROPERTY_TRY_SEND) fputs(step->args[3] != 0 ? ", on_sent" : ", NULL", file);
  fputc(')', file);
}

static void print_connect(const struct property_step *step, FILE *file) {
  char text[DGRAM_ADDRESS_TEXT];
  const char *to = property_written(step, DGRAM_UDP4, text, sizeof text);

  fprintf(file, "dgram_connect%s(h%us%u, port of slot %u, \"%.40s\")", step->args[1] ? "_sync" : "",
          step->host, step->slot, step->other_slot, to != NULL ? to : "");
}

static void print_create(const struct property_step *step, FILE *file) {
  const uint32_t *args = step->args;

  fprintf(file, "dgram_create_socket(h%u, {.type = DGRAM_UDP%c", step->host, args[0] ? '6' : '4');
  if (args[1]) fputs(", .reuse_addr = true", file);
  if (args[2]) fprintf(file, ", .linger_ms = %d", args[2] == 1 ? -1 : (int)args[2]);
  if (args[3]) fprintf(file, ", .max_queued_datagrams = %u", args[3]);
  if (args[4]) fprintf(file, ", .max_queued_bytes = %u", args[4]);
  if (args[7] & PROPERTY_WITH_INFO) fputs(", .recv_info = ~0", file);
  if (args[7] & PROPERTY_WITH_ICMP) fputs(", .icmp_errors = true", file);
  if (args[7] & PROPERTY_IPV6_ONLY) fputs(", .ipv6_only = true", file);
  if (args[7] & PROPERTY_REUSE_PORT) fputs(", .reuse_port = true", file);
  if (args[8]) fprintf(file, ", .receive_block_list = {h%u}", args[8] % PROPERTY_HOSTS);
  fprintf(file, "}, &h%us%u)", step->host, step->slot);
  if (args[5]) fputs(" and dgram_on_error", file);
  if (args[6]) fputs(" and dgram_unref", file);
}

static void print_bind(const struct property_step *step, FILE *file) {
  char text[DGRAM_ADDRESS_TEXT];
  const char *address = property_bind_written(step, DGRAM_UDP4, text, sizeof text);
  const unsigned port = step->args[1] == PROPERTY_PORT_OWN ? (unsigned)PROPERTY_PORT + step->slot
                        : step->args[1] == PROPERTY_PORT_FIRST ? (unsigned)PROPERTY_PORT
                                                               : 0u;

  fprintf(file, "dgram_bind%s(h%us%u, {.port = %u", step->args[3] ? "_sync" : "", step->host,
          step->slot, port);
  if (address != NULL) fprintf(file, ", .address = \"%.40s\"", address);
  fprintf(file, "}, %s)", step->args[2] ? "on_bound" : "NULL");
}

/* Those that are a name and some numbers. */
static const struct {
  const char *name;
  uint8_t args;
  bool socket;
} plain[PROPERTY_CALLS] = {
    [PROPERTY_DISCONNECT] = {"dgram_disconnect", 0, true},
    [PROPERTY_MEMBERSHIP] = {"dgram_add_membership /* leave, group, interface, source: */", 4,
                             true},
    [PROPERTY_OPTION] = {"dgram_set_... /* of enum property_option, value: */", 2, true},
    [PROPERTY_PAUSE] = {"dgram_pause", 0, true},
    [PROPERTY_RESUME] = {"dgram_resume", 0, true},
    [PROPERTY_LISTEN] = {"dgram_on /* message, batch, listening, close, error, drain; on, once, "
                         "off: */",
                         2, true},
    [PROPERTY_KEEP] = {"/* on the next message: */ dgram_message_keep", 0, true},
    [PROPERTY_CLOSE] = {"dgram_close /* with a callback: */", 1, true},
    [PROPERTY_ABORT] = {"dgram_abort", 0, true},
    [PROPERTY_REF] = {"dgram_ref /* or dgram_unref: */", 1, true},
    [PROPERTY_TIMER] = {"dgram_timer_start /* index, us, or stop: */", 3, false},
    [PROPERTY_FLUSH] = {"dgram_flush", 0, false},
    [PROPERTY_RESOLVE] = {"dgram_resolve /* name, family: */", 2, false},
    [PROPERTY_NESTED] = {"/* inside a callback */ dgram_sim_step, run, destroy", 1, false},
    [PROPERTY_STEP] = {"dgram_sim_step /* times: */", 1, false},
    [PROPERTY_STOP] = {"dgram_sim_stop", 0, false},
    [PROPERTY_SIDE] = {"dgram_sim_set_side", 1, false},
    [PROPERTY_REPAIR] = {"dgram_sim_repair", 0, false},
    [PROPERTY_NAME] = {"dgram_sim_set_name /* name, us, fails: */", 3, false},
    [PROPERTY_FAIL] = {"dgram_sim_fail /* call, nth, times, errno: */", 4, false},
    [PROPERTY_ADDRESS] = {"dgram_sim_add_address /* which, or remove: */", 2, false},
    [PROPERTY_CLOSE_HOST] = {"dgram_stack_close", 0, false},
};

static void print_plain(const struct property_step *step, FILE *file) {
  fprintf(file, "%s(h%u", plain[step->call].name, step->host);
  if (plain[step->call].socket) fprintf(file, "s%u", step->slot);
  for (unsigned i = 0; i < plain[step->call].args; i++)
    fprintf(file, ", %u", step->args[i]);
  if (step->call == PROPERTY_NAME)
    fprintf(file, ", \"%s\", h%u", property_name(step->args[0]), step->other);
  fputc(')', file);
}

void property_print_step(const struct property_step *step, FILE *file) {
  switch (step->call) {
  case PROPERTY_CREATE:
    print_create(step, file);
    break;
  case PROPERTY_BIND:
    print_bind(step, file);
    break;
  case PROPERTY_SEND:
  case PROPERTY_SEND_MANY:
  case PROPERTY_TRY_SEND:
    print_send(step, file);
    break;
  case PROPERTY_CONNECT:
    print_connect(step, file);
    break;
  case PROPERTY_LINK:
    print_link(step, file);
    break;
  default:
    print_plain(step, file);
  }
}

void property_print(const struct property_program *program, FILE *file) {
  static const char *const endings[] = {
      "/* to rest, then each */ dgram_close(...); dgram_sim_run(sim); dgram_sim_destroy(sim);",
      "/* to rest, then each */ dgram_stack_close(...); dgram_sim_run(sim); "
      "dgram_sim_destroy(sim);",
      "dgram_sim_destroy(sim);"};

  fprintf(file,
          "  dgram_sim_create({.seed = %llu}, &sim);  /* h0 has 10.0.0.1, h1 10.0.0.2, ... */\n",
          (unsigned long long)program->seed);
  for (unsigned i = 0; i < program->count; i++) {
    const struct property_step *step = &program->steps[i];
    if (step->wait_us > 0) fprintf(file, "  dgram_sim_run_for(sim, %u us);\n", step->wait_us);
    fputs("  ", file);
    if (step->inside) fprintf(file, "  /* in the next callback of h%u: */ ", step->host);
    property_print_step(step, file);
    fputs(";\n", file);
  }
  fprintf(file, "  %s\n", endings[program->ending % 3]);
}
