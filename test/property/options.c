#include "world.h"

/* All that the world can tell. */
enum {
  INFO = DGRAM_RECV_LOCAL_ADDRESS | DGRAM_RECV_INTERFACE | DGRAM_RECV_HOP_LIMIT | DGRAM_RECV_TOS |
         DGRAM_RECV_TIME | DGRAM_RECV_TRUNCATED
};

/* ---- kinds of sockets ---- */

/* A list of one host's addresses. */
static dgram_block_list *blocks_of(unsigned host, int type) {
  dgram_block_list *list;
  char text[DGRAM_ADDRESS_TEXT];
  int code = dgram_block_list_create(NULL, &list);

  for (unsigned network = 0; network < 2 && code == 0; network++) {
    property_host_text(host, type, network, text, sizeof text);
    code = dgram_block_list_add_address(list, text);
  }
  PROPERTY_CHECK("memory", code == 0, "a block list: %s", dgram_error_name(code));
  return list;
}

void property_choose_kind(const struct property_step *step, struct property_socket *socket,
                          dgram_socket_options *options) {
  const uint32_t kind = step->args[7];

  socket->recv_info = options->recv_info = (kind & PROPERTY_WITH_INFO) != 0 ? INFO : 0;
  options->icmp_errors = (kind & PROPERTY_WITH_ICMP) != 0;
  options->ipv6_only = (kind & PROPERTY_IPV6_ONLY) != 0 && socket->type == DGRAM_UDP6;
  options->reuse_port = (kind & PROPERTY_REUSE_PORT) != 0;
  if (step->args[8] == 0) return;
  socket->blocks = step->args[8] % PROPERTY_HOSTS + 1;
  options->receive_block_list = blocks_of(socket->blocks - 1, socket->type);
}

/* ---- what comes with messages ---- */

static void check_sender(const struct property_socket *socket, const dgram_message *message) {
  dgram_address blocked;
  char text[DGRAM_ADDRESS_TEXT];

  if (socket->blocks == 0) return;
  for (unsigned network = 0; network < 2; network++) {
    property_host_text(socket->blocks - 1, socket->type, network, text, sizeof text);
    PROPERTY_CHECK("blocked", dgram_address_parse(text, message->from.port, &blocked) == 0,
                   "%s is no address", text);
    PROPERTY_CHECK("blocked", !dgram_address_equal(&blocked, &message->from), "h%us%u hears h%u",
                   socket->host, socket->slot, socket->blocks - 1);
  }
}

void property_check_info(const struct property_socket *socket, const dgram_message *message) {
  check_sender(socket, message);
  if (socket->changes_info) return;
  if (socket->recv_info == 0) {
    PROPERTY_CHECK("info", message->info == NULL || message->info->truncated,
                   "info that h%us%u has not asked for", socket->host, socket->slot);
    return;
  }
  PROPERTY_CHECK("info", message->info != NULL, "h%us%u has asked for info", socket->host,
                 socket->slot);
  PROPERTY_CHECK("info", message->info->present == socket->recv_info, "h%us%u is told %x of %x",
                 socket->host, socket->slot, (unsigned)message->info->present,
                 (unsigned)socket->recv_info);
  PROPERTY_CHECK("info", message->info->local_address.port == socket->port || socket->port == 0,
                 "h%us%u has another port", socket->host, socket->slot);
  PROPERTY_CHECK("info", message->info->time_ns <= property_now(), "h%us%u hears of the future",
                 socket->host, socket->slot);
}

void property_on_icmp(dgram_socket *socket, const dgram_icmp *icmp, void *data) {
  struct property_socket *self = data;

  (void)socket;
  property_begin_callback(self, "icmp");
  PROPERTY_CHECK("close", !self->closing, "an icmp on a socket that is closed");
  PROPERTY_CHECK("info", icmp->code < 0 && icmp->to.family != 0, "an icmp without a code");
  property_say("icmp %s", dgram_error_name(icmp->code));
  property_end_callback(self->host);
}

/* ---- options ---- */

static int set_recv_info(struct property_socket *socket, uint32_t bits) {
  const int code = PROPERTY_CALL(dgram_set_recv_info(socket->socket, bits));

  if (code < 0) return code;
  socket->recv_info = bits;
  /* A batch of the socket's may be under way, or have been paused in its midst. */
  socket->changes_info |= property.callbacks > 0 || socket->ever_paused;
  return 0;
}

static int set_ip(enum property_option which, uint32_t value, struct property_socket *socket) {
  static const char *const interfaces[] = {NULL, "eth0", "nosuch"};
  int code;

  switch (which) {
  case PROPERTY_MULTICAST_INTERFACE:
    return PROPERTY_CALL(dgram_set_multicast_interface(socket->socket, interfaces[value % 3]));
  case PROPERTY_TOS:
    code = PROPERTY_CALL(dgram_set_tos(socket->socket, (int)value));
    PROPERTY_CHECK("refuse", code < 0 || value < 256, "a TOS of %u", value);
    return code;
  case PROPERTY_DONT_FRAGMENT:
    return PROPERTY_CALL(dgram_set_dont_fragment(socket->socket, value != 0));
  case PROPERTY_PATH_MTU:
    return PROPERTY_CALL(
        dgram_get_path_mtu(socket->socket, value != 0 ? &socket->peer.address : NULL));
  case PROPERTY_RECV_BUFFER:
    return PROPERTY_CALL(dgram_set_recv_buffer_size(socket->socket, (int)value * 1000));
  case PROPERTY_SEND_BUFFER:
    return PROPERTY_CALL(dgram_set_send_buffer_size(socket->socket, (int)value * 1000));
  case PROPERTY_RECV_INFO:
    return set_recv_info(socket, value != 0 ? INFO : 0);
  default:
    return PROPERTY_CALL(dgram_set_icmp_errors(socket->socket, value != 0));
  }
}

static int set(enum property_option which, uint32_t value, struct property_socket *socket) {
  int code;

  switch (which) {
  case PROPERTY_BROADCAST:
    return PROPERTY_CALL(dgram_set_broadcast(socket->socket, value != 0));
  case PROPERTY_TTL:
    code = PROPERTY_CALL(dgram_set_ttl(socket->socket, (int)value));
    PROPERTY_CHECK("refuse", code < 0 || (value > 0 && value < 256), "a TTL of %u", value);
    return code;
  case PROPERTY_MULTICAST_TTL:
    code = PROPERTY_CALL(dgram_set_multicast_ttl(socket->socket, (int)value));
    PROPERTY_CHECK("refuse", code < 0 || value < 256, "a TTL of %u", value);
    return code;
  case PROPERTY_MULTICAST_LOOPBACK:
    return PROPERTY_CALL(dgram_set_multicast_loopback(socket->socket, value != 0));
  default:
    return set_ip(which, value, socket);
  }
}

void property_set_option(const struct property_step *step, struct property_socket *socket) {
  const int code = property_answer(
      step, set((enum property_option)(step->args[0] % PROPERTY_OPTIONS), step->args[1], socket));

  property_expect(socket, code, "an option");
}

/* ---- groups ---- */

static int change(const struct property_socket *socket, bool leave, const char *group,
                  const char *source, const char *interface) {
  dgram_socket *self = socket->socket;

  if (source == NULL) {
    return leave ? PROPERTY_CALL(dgram_drop_membership(self, group, interface))
                 : PROPERTY_CALL(dgram_add_membership(self, group, interface));
  }
  return leave
             ? PROPERTY_CALL(dgram_drop_source_specific_membership(self, source, group, interface))
             : PROPERTY_CALL(dgram_add_source_specific_membership(self, source, group, interface));
}

void property_set_membership(const struct property_step *step, struct property_socket *socket) {
  static const char *const interfaces[] = {NULL, "eth0", "*", "nosuch"};
  const unsigned group = step->args[1] % PROPERTY_GROUPS;
  const bool leave = step->args[0] % 2 != 0;
  char text[DGRAM_ADDRESS_TEXT];
  char source[DGRAM_ADDRESS_TEXT];
  int code;

  snprintf(text, sizeof text, socket->type == DGRAM_UDP4 ? "239.1.0.%u" : "ff05::%u", group + 1);
  property_host_text(step->other, socket->type, 0, source, sizeof source);
  code = change(socket, leave, text, step->args[3] != 0 ? source : NULL,
                interfaces[step->args[2] % 4]);
  if (code == 0 && !leave) property.hosts[socket->host].groups |= (uint8_t)(1u << group);
  (void)property_answer(step, code);
  property_expect(socket, code, "membership");
}
