#include "core/interfaces.h"

#include <string.h>

#include "core/resolve.h"

int dgram__interfaces_read(dgram_stack *stack, struct dgram__interfaces *ret_interfaces) {
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

/* ---- by an address ---- */

static bool is_unspecified(const dgram_address *address) {
  static const uint8_t zero[16];

  return memcmp(address->bytes, zero, sizeof zero) == 0;
}

static bool has_address(const struct dgram__interface *interface, const dgram_address *address) {
  if (interface->address.family != address->family) return false;
  if (address->scope_id != 0 && address->scope_id != interface->index) return false;
  return memcmp(interface->address.bytes, address->bytes, sizeof address->bytes) == 0;
}

/* Of IPv6 also by "::%name", as Node has it. */
static int find_by_address(dgram_stack *stack, const dgram_address *address,
                           dgram_address *ret_address) {
  struct dgram__interfaces interfaces;
  int index = DGRAM_EADDRNOTAVAIL;
  int code;

  if (is_unspecified(address)) return (int)address->scope_id;
  code = dgram__interfaces_read(stack, &interfaces);
  if (code < 0) return code;
  for (size_t i = 0; i < interfaces.count && index < 0; i++) {
    if (has_address(&interfaces.list[i], address)) index = (int)interfaces.list[i].index;
  }
  dgram__free(stack, interfaces.list);
  if (index >= 0 && ret_address != NULL) *ret_address = *address;
  return index;
}

/* ---- by a name or an index ---- */

/* The index that a text is, or 0 where it is none. */
static unsigned read_index(const char *text) {
  unsigned index = 0;

  for (; *text != '\0'; text++) {
    if (*text < '0' || *text > '9' || index > DGRAM__INTERFACE_INDEX_MAX / 10) return 0;
    index = index * 10 + (unsigned)(*text - '0');
  }
  return index;
}

static int find_by_name(dgram_stack *stack, const char *text, bool gone) {
  char name[DGRAM__INTERFACE_NAME_MAX];
  const unsigned index = read_index(text);
  int code;

  if (index > 0 && stack->ops->interface_name(stack, index, name) == 0) return (int)index;
  code = stack->ops->interface_index(stack, text);
  return code < 0 && gone && index > 0 ? (int)index : code;
}

int dgram__interface_find(dgram_stack *stack, const char *text, bool gone,
                          dgram_address *ret_address) {
  dgram_address address;
  int code;

  if (strlen(text) >= DGRAM__INTERFACE_TEXT_MAX) return DGRAM_ENODEV;
  code = dgram__literal_read(stack, text, &address);
  if (code == 0) return find_by_address(stack, &address, ret_address);
  return find_by_name(stack, text, gone);
}
