/* From what the command line says to a socket that is bound. What is said of where: an address
 * alone decides; -I alone means the interface's own address; with --join, or with neither, it is
 * all interfaces, and -I then says where to join. */

#include "session.h"

#include "address.h"
#include "report.h"

#include <stdio.h>
#include <string.h>

/* ---- lookups ---- */

int session_endpoint(const char *text, struct endpoint *ret_endpoint) {
  const char *wrong = parse_endpoint(text, ret_endpoint);
  if (wrong) {
    report("'%s': %s", text, wrong);
    return -1;
  }
  return 0;
}

/* -I as a zone, for an address that means nothing without one. */
static int add_zone(const struct session *session, dgram_address *address) {
  const char *interface = session->options->interface;
  if (!interface || !address_needs_zone(address) || address->scope_id != 0) {
    return 0;
  }
  int index = dgram_interface_index(session->stack, interface);
  if (index < 0) {
    return index;
  }
  address->scope_id = (uint32_t)index;
  return 0;
}

static void on_resolved(dgram_stack *stack, int status, const dgram_address *addresses,
                        void *data) {
  struct session *session = data;
  (void)stack;
  if (session->ending) {
    return;
  }
  if (status <= 0) {
    session_fail(session, "getaddrinfo", status ? status : DGRAM_ENOTFOUND,
                 session->looked_up.host);
    return;
  }
  dgram_address found = addresses[0];
  for (int i = 0; i < status && found.family != DGRAM_IPV4; i++) {
    if (addresses[i].family == DGRAM_IPV4) {
      found = addresses[i];
    }
  }
  found.port = (uint16_t)session->looked_up.port;
  int code = add_zone(session, &found);
  if (code < 0) {
    session_fail(session, "-I", code, session->options->interface);
    return;
  }
  session->on_lookup(session, &found);
}

void session_lookup(struct session *session, const struct endpoint *endpoint, int family,
                    session_lookup_cb cb) {
  session->looked_up = *endpoint;
  session->on_lookup = cb;
  int code = dgram_resolve(session->stack, endpoint->host, family, on_resolved, session);
  if (code == DGRAM_EINVAL && family) {
    report("'%s' has no %s address", endpoint->host, family == DGRAM_IPV4 ? "IPv4" : "IPv6");
    session_end(session, EXIT_TROUBLE);
  } else if (code < 0) {
    session_fail(session, "getaddrinfo", code, endpoint->host);
  }
}

int session_local_address(const struct session *session, int family, int port,
                          dgram_address *ret_address) {
  const char *interface = session->options->interface;
  dgram_address address = {.family = (uint8_t)family};
  if (interface && session->options->group_count == 0) {
    int code = dgram_interface_index(session->stack, interface);
    if (code < 0) {
      report_code("-I", code, interface);
      return -1;
    }
    if (address_of_interface(interface, family, &address) < 0) {
      report("-I %s: it has no IPv%d address, or is down", interface, family);
      return -1;
    }
  }
  address.port = (uint16_t)port;
  *ret_address = address;
  return 0;
}

/* ---- bind ---- */

/* Joins a group on an interface; NULL: where the system wants to. */
static int join(struct session *session, const char *group, const char *interface) {
  int code = dgram_add_membership(session->socket, group, interface);
  if (code == DGRAM_ENODEV && !interface) {
    report("join ENODEV %s: no route to the group; name an interface with -I", group);
    session_end(session, EXIT_TROUBLE);
  } else if (code < 0) {
    char where[ENDPOINT_TEXT + UV_IF_NAMESIZE];
    snprintf(where, sizeof where, "%s%s%s", group, interface ? " on " : "",
             interface ? interface : "");
    session_fail(session, "join", code, where);
  } else if (session->options->verbose) {
    notice("joined %s%s%s", group, interface ? " on " : "", interface ? interface : "");
  }
  return code;
}

/* A group that is listened on has to be joined too, or nothing comes. */
static int join_bound_group(struct session *session) {
  char group[DGRAM_ADDRESS_TEXT];
  const char *interface = session->options->interface;
  if (!address_is_multicast(&session->local)) {
    return 0;
  }
  dgram_address_format(&session->local, group, sizeof group);
  char *zone = strchr(group, '%');
  if (zone) {
    *zone++ = '\0';
  }
  return join(session, group, interface ? interface : zone);
}

static int join_groups(struct session *session) {
  const struct options *options = session->options;
  int code = join_bound_group(session);
  for (int i = 0; i < options->group_count && code == 0; i++) {
    code = join(session, options->groups[i], options->interface);
  }
  return code;
}

static int set_tos(struct session *session) {
  const struct options *options = session->options;
  int tos = options->tos;
  if (options->dscp >= 0 || options->ecn >= 0) {
    tos = (options->dscp > 0 ? options->dscp << 2 : 0) | (options->ecn > 0 ? options->ecn : 0);
  }
  return tos < 0 ? 0 : dgram_set_tos(session->socket, tos);
}

/* --ttl counts for both kinds: which one a datagram will be is not known of a server. 0 keeps
 * multicast on this host and means nothing else. */
static int set_options(struct session *session) {
  const struct options *options = session->options;
  int code = 0;
  if (options->broadcast) {
    code = dgram_set_broadcast(session->socket, true);
  }
  if (code == 0 && options->ttl >= 0) {
    code = dgram_set_multicast_ttl(session->socket, options->ttl);
  }
  if (code == 0 && options->ttl > 0) {
    code = dgram_set_ttl(session->socket, options->ttl);
  }
  if (code == 0) {
    code = set_tos(session);
  }
  if (code == 0 && options->dont_fragment) {
    code = dgram_set_dont_fragment(session->socket, true);
  }
  if (code < 0) {
    session_fail(session, "setsockopt", code, NULL);
  }
  return code;
}

static void on_bound(dgram_socket *socket, int status, void *data) {
  struct session *session = data;
  char where[SESSION_TEXT];
  if (session->ending) {
    return;
  }
  if (status < 0) {
    session_local_text(session, where, sizeof where);
    session_fail(session, "bind", status, where);
    return;
  }
  int code = dgram_local_address(socket, &session->local);
  if (code < 0) {
    session_fail(session, "getsockname", code, NULL);
    return;
  }
  if (set_options(session) < 0 || join_groups(session) < 0) {
    return;
  }
  session->started_ns = dgram_now(session->stack);
  session->role->ready(session);
}

/* -v shows what comes with datagrams, where the stack tells it. */
static int create_socket(struct session *session, const dgram_address *address) {
  dgram_socket_options options = {.type = address->family,
                                  .reuse_addr = session->options->reuse_addr,
                                  .reuse_port = session->options->reuse_port &&
                                                session->options->workers == 0};
  if (session->options->verbose && !session->options->by_path) {
    options.recv_info = DGRAM_RECV_LOCAL_ADDRESS | DGRAM_RECV_INTERFACE | DGRAM_RECV_HOP_LIMIT |
                        DGRAM_RECV_TOS | DGRAM_RECV_TIME;
  }
  int code = dgram_create_socket(session->stack, &options, &session->socket);
  if (code != DGRAM_ENOTSUP) {
    return code;
  }
  options.recv_info = 0;
  return dgram_create_socket(session->stack, &options, &session->socket);
}

void session_bind(struct session *session, const dgram_address *address) {
  char where[DGRAM_ADDRESS_TEXT];
  int code = create_socket(session, address);
  if (code < 0) {
    session_fail(session, "socket", code, NULL);
    return;
  }
  session->local = *address;
  dgram_address_format(address, where, sizeof where);
  dgram_bind_options bind_options = {.port = address->port,
                                     .address = session->path ? session->path : where};
  code = dgram_on_batch(session->socket, session_on_batch, session);
  if (code == 0) {
    code = dgram_on_error(session->socket, session_on_error, session);
  }
  if (code == 0) {
    code = dgram_bind(session->socket, &bind_options, on_bound, session);
  }
  if (code < 0) {
    session_fail(session, "bind", code, session->path ? session->path : where);
  }
}

/* ---- a unix socket ---- */

int session_check_path(const struct options *options) {
  const struct {
    bool given;
    const char *name;
  } others[] = {{options->family != 0, "-4 and -6"},
                {options->interface != NULL, "-I"},
                {options->group_count > 0, "--join"},
                {options->reuse_addr, "--reuse-addr"},
                {options->reuse_port, "--reuse-port"},
                {options->broadcast, "--broadcast"},
                {options->ttl >= 0, "--ttl"},
                {options->tos >= 0, "--tos"},
                {options->dscp >= 0, "--dscp"},
                {options->ecn >= 0, "--ecn"},
                {options->dont_fragment, "--df"},
                {options->workers > 0, "--workers"},
                {options->bad_link, "--loss and its like"}};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    if (others[i].given) {
      report("--unix excludes %s", others[i].name);
      return -1;
    }
  }
  return 0;
}

int session_server_endpoint(const struct options *options, struct endpoint *ret_endpoint) {
  *ret_endpoint = (struct endpoint){0};
  return options->by_path ? session_check_path(options)
                          : session_endpoint(options->arguments[0], ret_endpoint);
}

void session_bind_path(struct session *session, const char *path) {
  session->path = session->output.path = path ? path : "";
  session_bind(session, &(dgram_address){.family = DGRAM_UNIX});
}

void session_local_text(const struct session *session, char *text, size_t size) {
  char where[ENDPOINT_TEXT];
  char path[DGRAM_PATH_TEXT];
  if (!session->path) {
    address_text(session->stack, &session->local, where);
    snprintf(text, size, "%s", where);
  } else if (*session->path == '\0' && dgram_local_path(session->socket, path, sizeof path) > 0) {
    snprintf(text, size, "%s", path);
  } else {
    snprintf(text, size, "%s", session->path);
  }
}

/* ---- a server ---- */

/* The family when the address does not tell: a group's, else IPv4. Not both at once by a dual-stack
 * socket: its peers would look like ::ffff:192.0.2.1, and IPv4 groups could not be joined. */
static int server_family(const struct options *options) {
  dgram_address group;
  if (options->family) {
    return options->family;
  }
  if (options->group_count > 0 && dgram_address_parse(options->groups[0], 0, &group) == 0) {
    return group.family;
  }
  return DGRAM_IPV4;
}

/* -I beside an address has a meaning only where one can be seen. */
static void on_server_address(struct session *session, const dgram_address *address) {
  const struct options *options = session->options;
  if (options->interface && options->group_count == 0 && !address_needs_zone(address) &&
      !address_is_multicast(address)) {
    report("-I %s has no meaning beside the address %s", options->interface,
           session->looked_up.host);
    session_end(session, EXIT_TROUBLE);
    return;
  }
  session_bind(session, address);
}

void session_listen(struct session *session, const struct endpoint *endpoint) {
  const struct options *options = session->options;
  dgram_address address;
  if (options->by_path) {
    session_bind_path(session, options->arguments[0]);
    return;
  }
  if (*endpoint->host) {
    session_lookup(session, endpoint, options->family, on_server_address);
    return;
  }
  if (session_local_address(session, server_family(options), endpoint->port, &address) < 0) {
    session_end(session, EXIT_TROUBLE);
    return;
  }
  session_bind(session, &address);
}
