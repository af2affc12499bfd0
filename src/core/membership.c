/* Multicast groups: which interface is meant, and joining or leaving there. */

#include <string.h>

#include "core/address.h"
#include "core/resolve.h"
#include "core/socket.h"

/* The addresses of the host's interfaces, from the stack's allocator. */
struct interfaces {
  struct dgram__interface *list;
  size_t count;
};

static int read_interfaces(dgram_stack *stack, struct interfaces *ret_interfaces) {
  struct dgram__interface *list;
  int count = stack->ops->interfaces(stack, NULL, 0);
  size_t capacity;

  if (count < 0) return count;
  capacity = (size_t)count < DGRAM__INTERFACES_MAX ? (size_t)count : DGRAM__INTERFACES_MAX;
  list = dgram__calloc(stack, (capacity + 1) * sizeof *list);
  if (list == NULL) return DGRAM_ENOMEM;
  count = stack->ops->interfaces(stack, list, capacity);
  if (count < 0) {
    dgram__free(stack, list);
    return count;
  }
  ret_interfaces->list = list;
  ret_interfaces->count = (size_t)count < capacity ? (size_t)count : capacity;
  return 0;
}

/* ---- which interface is meant ---- */

/* The index that a text is, or 0 where it is none. */
static unsigned read_index(const char *text) {
  unsigned index = 0;

  for (; *text != '\0'; text++) {
    if (*text < '0' || *text > '9' || index > DGRAM__INTERFACE_INDEX_MAX / 10) return 0;
    index = index * 10 + (unsigned)(*text - '0');
  }
  return index;
}

static bool is_unspecified(const dgram_address *address) {
  static const uint8_t zero[16];

  return memcmp(address->bytes, zero, sizeof zero) == 0;
}

static bool has_address(const struct dgram__interface *interface, const dgram_address *address) {
  if (interface->address.family != address->family) return false;
  if (address->scope_id != 0 && address->scope_id != interface->index) return false;
  return memcmp(interface->address.bytes, address->bytes, sizeof address->bytes) == 0;
}

/* By one of its addresses, or for IPv6 by "::%name", as Node has it. 0: the system's choice. */
static int index_by_address(const struct interfaces *interfaces, const dgram_address *address,
                            unsigned *ret_index) {
  if (is_unspecified(address)) {
    *ret_index = address->scope_id;
    return 0;
  }
  for (size_t i = 0; i < interfaces->count; i++) {
    if (has_address(&interfaces->list[i], address)) {
      *ret_index = interfaces->list[i].index;
      return 0;
    }
  }
  return DGRAM_ENODEV;
}

/* A group can be left on an interface that is gone, by its index: the system remembers, and only so
 * many memberships fit into a socket. */
static int find_index(dgram_stack *stack, const struct interfaces *interfaces, bool join,
                      const char *ifname, unsigned *ret_index) {
  char name[DGRAM__INTERFACE_NAME_MAX];
  unsigned index = read_index(ifname);
  dgram_address address;
  int code = dgram__literal_read(stack, ifname, &address);

  if (code == 0) return index_by_address(interfaces, &address, ret_index);
  if (index == 0 || stack->ops->interface_name(stack, index, name) < 0) {
    code = stack->ops->interface_index(stack, ifname);
    if (code < 0 && (join || index == 0)) return code;
    if (code > 0) index = (unsigned)code;
  }
  *ret_index = index;
  return 0;
}

/* ---- joining, leaving ---- */

/* Fills in an address of the interface, for stacks whose system names interfaces so. */
static int apply_to(dgram_socket *socket, bool join, const dgram_address *group,
                    const struct interfaces *interfaces, unsigned index) {
  struct dgram__interface interface = {.index = index};

  for (size_t i = 0; i < interfaces->count; i++) {
    if (interfaces->list[i].index != index) continue;
    if (interfaces->list[i].address.family != group->family) continue;
    interface = interfaces->list[i];
    break;
  }
  return socket->stack->ops->set_membership(socket->endpoint, join, group, &interface);
}

static bool seen_before(const struct interfaces *interfaces, size_t at, int family) {
  for (size_t i = 0; i < at; i++) {
    if (interfaces->list[i].index == interfaces->list[at].index &&
        interfaces->list[i].address.family == family) {
      return true;
    }
  }
  return false;
}

/* "*": one that works is enough; where none does, the first answer is as good as any. */
static int apply_to_all(dgram_socket *socket, bool join, const dgram_address *group,
                        const struct interfaces *interfaces) {
  int first_code = DGRAM_ENODEV;
  bool any = false;
  bool tried = false;

  for (size_t i = 0; i < interfaces->count; i++) {
    int code;
    if (interfaces->list[i].address.family != group->family) continue;
    if (seen_before(interfaces, i, group->family)) continue;
    code = apply_to(socket, join, group, interfaces, interfaces->list[i].index);
    if (code == 0) any = true;
    if (code < 0 && !tried) first_code = code;
    tried = true;
  }
  return any ? 0 : first_code;
}

static int apply(dgram_socket *socket, bool join, const dgram_address *group, const char *ifname) {
  dgram_stack *stack = socket->stack;
  struct interfaces interfaces;
  unsigned index = group->scope_id;
  int code = read_interfaces(stack, &interfaces);

  if (code < 0) return code;
  if (ifname != NULL && strcmp(ifname, "*") == 0) {
    code = apply_to_all(socket, join, group, &interfaces);
  } else {
    if (ifname != NULL && ifname[0] != '\0') {
      code = find_index(stack, &interfaces, join, ifname, &index);
    }
    if (code == 0 && index == 0) {
      code = stack->ops->set_membership(socket->endpoint, join, group, NULL);
    } else if (code == 0) {
      code = apply_to(socket, join, group, &interfaces, index);
    }
  }
  dgram__free(stack, interfaces.list);
  return code;
}

static int read_group(const dgram_socket *socket, const char *text, dgram_address *ret_group) {
  int code;

  if (text == NULL) return DGRAM_EMISSINGARGS;
  code = dgram__literal_read(socket->stack, text, ret_group);
  if (code != 0) return code == 1 ? DGRAM_EINVAL : code;
  if (ret_group->family != dgram__address_family_of(socket->type)) return DGRAM_EINVAL;
  return dgram__address_is_multicast(ret_group) ? 0 : DGRAM_EINVAL;
}

/* ---- public entry points ---- */

int dgram_add_membership(dgram_socket *socket, const char *group, const char *ifname) {
  dgram_address address;
  int code = dgram__socket_check(socket);

  if (code == 0) code = read_group(socket, group, &address);
  if (code < 0) return code;
  if (socket->binding_state == DGRAM__BINDING) return DGRAM_EBADF;
  code = dgram__bind_implicitly(socket);
  return code < 0 ? code : apply(socket, true, &address, ifname);
}

int dgram_drop_membership(dgram_socket *socket, const char *group, const char *ifname) {
  dgram_address address;
  int code = dgram__socket_check(socket);

  if (code == 0) code = read_group(socket, group, &address);
  if (code < 0) return code;
  if (socket->binding_state != DGRAM__BOUND) return DGRAM_EBADF;
  return apply(socket, false, &address, ifname);
}
