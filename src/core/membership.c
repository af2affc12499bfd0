/* Multicast groups: joining and leaving.
 *
 * An interface has several names, and a program that joins by each address it finds (as those of mDNS
 * do) names some of them twice. So what was joined is remembered by name: the system is asked to
 * join for the first name of an interface, and to leave after the last.
 *
 * Failure modes: where the system fails to join, nothing is remembered; where it fails to leave,
 * the name still stands for what is joined. What an adopted descriptor's owner has joined is not
 * remembered: there the system answers. */

#include "core/membership.h"

#include <limits.h>
#include <string.h>

#include "core/address.h"
#include "core/extras.h"
#include "core/interfaces.h"
#include "core/resolve.h"
#include "core/unix.h"

/* A group, and whom it is to be heard from. */
struct flow {
  dgram_address group;
  dgram_address source; /* zeroed: from all */
};

/* One name by which a flow was joined on one interface; "*" has one for each. */
struct dgram__membership {
  struct dgram__membership *next; /* older */
  struct flow flow;
  unsigned interface; /* 0: chosen by a system that does not tell */
  char name[];        /* as it was given; "" for none */
};

enum { ANY_INTERFACE = UINT_MAX };

/* ---- what is remembered ---- */

static bool same_bytes(const dgram_address *a, const dgram_address *b) {
  return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static bool same_flow(const struct flow *a, const struct flow *b) {
  return same_bytes(&a->group, &b->group) && same_bytes(&a->source, &b->source);
}

/* The link to the newest of a flow on an interface, and by a name unless that is NULL. To NULL where
 * there is none. */
static struct dgram__membership **find(dgram_socket *socket, const struct flow *flow,
                                       unsigned interface, const char *name) {
  struct dgram__membership **link = &socket->extras->memberships;

  for (; *link != NULL; link = &(*link)->next) {
    const struct dgram__membership *found = *link;
    if (!same_flow(&found->flow, flow)) continue;
    if (interface != ANY_INTERFACE && found->interface != interface) continue;
    if (name == NULL || strcmp(found->name, name) == 0) break;
  }
  return link;
}

/* From all where this is from one, or the other way round: a system that is asked for the one while it
 * has the other forgets that silently. */
static bool is_joined_otherwise(const dgram_socket *socket, const struct flow *flow,
                                unsigned interface) {
  const struct dgram__membership *found = socket->extras->memberships;

  for (; found != NULL; found = found->next) {
    if (interface != ANY_INTERFACE && found->interface != interface) continue;
    if (same_bytes(&found->flow.group, &flow->group) &&
        found->flow.source.family != flow->source.family)
      return true;
  }
  return false;
}

static int create(dgram_socket *socket, const struct flow *flow, unsigned interface,
                  const char *name, struct dgram__membership **ret_membership) {
  const size_t size = strlen(name) + 1;
  struct dgram__membership *membership;

  if (socket->extras->membership_count >= DGRAM__MEMBERSHIPS_MAX) return DGRAM_ENOBUFS;
  membership = dgram__calloc(socket->stack, sizeof *membership + size);
  if (membership == NULL) return DGRAM_ENOMEM;
  membership->flow = *flow;
  membership->interface = interface;
  memcpy(membership->name, name, size);
  *ret_membership = membership;
  return 0;
}

static void put(dgram_socket *socket, struct dgram__membership *membership) {
  membership->next = socket->extras->memberships;
  socket->extras->memberships = membership;
  socket->extras->membership_count++;
}

static void take(dgram_socket *socket, struct dgram__membership **link) {
  *link = (*link)->next;
  socket->extras->membership_count--;
}

void dgram__memberships_free(dgram_socket *socket) {
  while (socket->extras->memberships != NULL) {
    struct dgram__membership *membership = socket->extras->memberships;
    socket->extras->memberships = membership->next;
    dgram__free(socket->stack, membership);
  }
}

/* ---- at the system ---- */

static int set(dgram_socket *socket, bool join, const struct flow *flow, unsigned interface) {
  const dgram_address *source = flow->source.family == 0 ? NULL : &flow->source;

  return socket->stack->ops->set_membership(socket->endpoint, join, &flow->group, source,
                                            interface);
}

static int join_on(dgram_socket *socket, const struct flow *flow, unsigned interface,
                   const char *name) {
  struct dgram__membership *membership;
  int code;

  if (*find(socket, flow, interface, name) != NULL) return DGRAM_EADDRINUSE;
  if (is_joined_otherwise(socket, flow, interface)) return DGRAM_EADDRINUSE;
  code = create(socket, flow, interface, name, &membership);
  if (code < 0) return code;
  if (*find(socket, flow, interface, NULL) == NULL) code = set(socket, true, flow, interface);
  if (code < 0) {
    dgram__free(socket->stack, membership);
    return code;
  }
  put(socket, membership);
  return 0;
}

static int leave_one(dgram_socket *socket, struct dgram__membership **link) {
  struct dgram__membership *membership = *link;
  int code = 0;

  take(socket, link);
  if (*find(socket, &membership->flow, membership->interface, NULL) == NULL)
    code = set(socket, false, &membership->flow, membership->interface);
  if (code < 0 && code != DGRAM_EADDRNOTAVAIL)
    put(socket, membership);
  else
    dgram__free(socket->stack, membership);
  return code;
}

/* ---- "*" ---- */

static bool seen_before(const struct dgram__interfaces *interfaces, size_t at, int family) {
  for (size_t i = 0; i < at; i++) {
    if (interfaces->list[i].index == interfaces->list[at].index &&
        interfaces->list[i].address.family == family) {
      return true;
    }
  }
  return false;
}

/* One that works is enough; where none does, the first answer is as good as any. */
static int join_all(dgram_socket *socket, const struct flow *flow) {
  struct dgram__interfaces interfaces;
  int first_code = DGRAM_ENODEV;
  bool any = false;
  bool tried = false;
  int code = dgram__interfaces_read(socket->stack, &interfaces);

  if (code < 0) return code;
  for (size_t i = 0; i < interfaces.count; i++) {
    if (interfaces.list[i].address.family != flow->group.family) continue;
    if (seen_before(&interfaces, i, flow->group.family)) continue;
    code = join_on(socket, flow, interfaces.list[i].index, "*");
    if (code == 0) any = true;
    if (code < 0 && !tried) first_code = code;
    tried = true;
  }
  dgram__free(socket->stack, interfaces.list);
  return any ? 0 : first_code;
}

/* Ends at the first that cannot be left, which is then found again. */
static int leave_all(dgram_socket *socket, const struct flow *flow) {
  struct dgram__membership **link = find(socket, flow, ANY_INTERFACE, "*");
  int code = DGRAM_EADDRNOTAVAIL;

  while (*link != NULL) {
    code = leave_one(socket, link);
    if (code < 0 && code != DGRAM_EADDRNOTAVAIL) break;
    link = find(socket, flow, ANY_INTERFACE, "*");
  }
  return code;
}

/* ---- by a name ---- */

static bool is_all(const char *name) {
  return strcmp(name, "*") == 0;
}

/* The interface that is meant, or a code; 0: the system's choice. */
static int find_interface(dgram_socket *socket, const struct flow *flow, const char *name,
                          bool gone) {
  int interface = 0;

  if (name[0] != '\0') interface = dgram__interface_find(socket->stack, name, gone, NULL);
  if (interface == DGRAM_EADDRNOTAVAIL) return DGRAM_ENODEV;
  return interface == 0 ? (int)flow->group.scope_id : interface;
}

static int join(dgram_socket *socket, const struct flow *flow, const char *name) {
  int interface;

  if (is_all(name)) return join_all(socket, flow);
  interface = find_interface(socket, flow, name, false);
  if (interface < 0) return interface;
  if (interface == 0) {
    interface = (int)socket->stack->ops->group_interface(socket->stack, &flow->group);
  }
  return join_on(socket, flow, (unsigned)interface, name);
}

/* What this name has joined, on an interface that may be gone or have come back with another index
 * since; else the newest there, or anywhere where the system may choose. */
static struct dgram__membership **find_joined(dgram_socket *socket, const struct flow *flow,
                                              int interface, const char *name) {
  const unsigned there = interface > 0 ? (unsigned)interface : ANY_INTERFACE;
  struct dgram__membership **link = find(socket, flow, there, name);

  if (*link == NULL && name[0] != '\0') link = find(socket, flow, ANY_INTERFACE, name);
  if (*link == NULL && interface >= 0) link = find(socket, flow, there, NULL);
  return link;
}

static int leave(dgram_socket *socket, const struct flow *flow, const char *name) {
  struct dgram__membership **link;
  int interface;

  if (is_all(name)) return leave_all(socket, flow);
  interface = find_interface(socket, flow, name, true);
  link = find_joined(socket, flow, interface, name);
  if (*link != NULL) return leave_one(socket, link);
  if (interface < 0) return interface;
  if (is_joined_otherwise(socket, flow, interface > 0 ? (unsigned)interface : ANY_INTERFACE))
    return DGRAM_EADDRNOTAVAIL;
  return set(socket, false, flow, (unsigned)interface);
}

/* ---- arguments ---- */

static int read_address(const dgram_socket *socket, const char *text, dgram_address *ret_address) {
  const int code = dgram__literal_read(socket->stack, text, ret_address);

  if (code != 0) return code == 1 ? DGRAM_EINVAL : code;
  return ret_address->family == dgram__address_family_of(socket->type) ? 0 : DGRAM_EINVAL;
}

static int read_group(const dgram_socket *socket, const char *text, dgram_address *ret_group) {
  const int code = read_address(socket, text, ret_group);

  if (code < 0) return code;
  return dgram__address_is_multicast(ret_group) ? 0 : DGRAM_EINVAL;
}

static int read_source(const dgram_socket *socket, const char *text, dgram_address *ret_source) {
  const dgram_address any = dgram__address_any(dgram__address_family_of(socket->type), 0);
  const int code = read_address(socket, text, ret_source);

  if (code < 0) return code;
  if (dgram__address_is_multicast(ret_source) || same_bytes(ret_source, &any)) return DGRAM_EINVAL;
  return 0;
}

static int add(dgram_socket *socket, const struct flow *flow, const char *ifname) {
  int code;

  if (socket->binding_state == DGRAM__BINDING) return DGRAM_EBADF;
  if (dgram__extras_need(socket) == NULL) return DGRAM_ENOMEM;
  code = dgram__bind_implicitly(socket);
  return code < 0 ? code : join(socket, flow, ifname == NULL ? "" : ifname);
}

static int drop(dgram_socket *socket, const struct flow *flow, const char *ifname) {
  if (socket->binding_state != DGRAM__BOUND) return DGRAM_EBADF;
  if (dgram__extras_need(socket) == NULL) return DGRAM_ENOMEM;
  return leave(socket, flow, ifname == NULL ? "" : ifname);
}

/* ---- public entry points ---- */

static int read_flow(const dgram_socket *socket, const char *group, struct flow *ret_flow) {
  int code = dgram__socket_check(socket);

  if (code == 0) code = dgram__needs_ip(socket);
  if (code < 0) return code;
  return group == NULL ? DGRAM_EMISSINGARGS : read_group(socket, group, &ret_flow->group);
}

static int read_specific_flow(const dgram_socket *socket, const char *source, const char *group,
                              struct flow *ret_flow) {
  int code = dgram__socket_check(socket);

  if (code == 0) code = dgram__needs_ip(socket);
  if (code < 0) return code;
  if (source == NULL || group == NULL) return DGRAM_EARGTYPE;
  code = read_source(socket, source, &ret_flow->source);
  return code < 0 ? code : read_group(socket, group, &ret_flow->group);
}

int dgram_add_membership(dgram_socket *socket, const char *group, const char *ifname) {
  struct flow flow = {0};
  const int code = read_flow(socket, group, &flow);

  return code < 0 ? code : add(socket, &flow, ifname);
}

int dgram_drop_membership(dgram_socket *socket, const char *group, const char *ifname) {
  struct flow flow = {0};
  const int code = read_flow(socket, group, &flow);

  return code < 0 ? code : drop(socket, &flow, ifname);
}

int dgram_add_source_specific_membership(dgram_socket *socket, const char *source,
                                         const char *group, const char *ifname) {
  struct flow flow = {0};
  const int code = read_specific_flow(socket, source, group, &flow);

  return code < 0 ? code : add(socket, &flow, ifname);
}

int dgram_drop_source_specific_membership(dgram_socket *socket, const char *source,
                                          const char *group, const char *ifname) {
  struct flow flow = {0};
  const int code = read_specific_flow(socket, source, group, &flow);

  return code < 0 ? code : drop(socket, &flow, ifname);
}
