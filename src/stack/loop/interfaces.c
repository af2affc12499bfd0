/* The interfaces of this host, for memberships and scopes. */

#include <net/if.h>
#include <string.h>

#include "stack/loop/loop.h"
#include "stack/loop/sockaddr.h"

_Static_assert(DGRAM__INTERFACE_NAME_MAX >= IF_NAMESIZE, "a name of the system does not fit");

/* The system lists an alias ("eth0:1") under its own name, but it is an address of eth0. */
static void copy_name(const char *name, char *ret_name) {
  size_t length = strcspn(name, ":");
  if (length >= DGRAM__INTERFACE_NAME_MAX) length = DGRAM__INTERFACE_NAME_MAX - 1;
  memcpy(ret_name, name, length);
  ret_name[length] = '\0';
}

/* False: it is gone already, or its address is of no family of ours. */
static bool read_interface(const uv_interface_address_t *from, struct dgram__interface *ret) {
  copy_name(from->name, ret->name);
  ret->index = if_nametoindex(ret->name);
  loop_address_from_sockaddr((const struct sockaddr *)&from->address, &ret->address);
  return ret->index != 0 && ret->address.family != 0;
}

int loop_interfaces(dgram_stack *stack, struct dgram__interface *list, size_t capacity) {
  uv_interface_address_t *all;
  int all_count;
  (void)stack;
  int error = uv_interface_addresses(&all, &all_count);
  if (error < 0) return loop_error(error);
  size_t found = 0;
  for (int i = 0; i < all_count; i++) {
    struct dgram__interface interface;
    if (!read_interface(&all[i], &interface)) continue;
    if (found < capacity) list[found] = interface;
    found++;
  }
  uv_free_interface_addresses(all, all_count);
  return (int)found;
}

int loop_interface_index(dgram_stack *stack, const char *name) {
  (void)stack;
  unsigned index = if_nametoindex(name);
  return index > 0 ? (int)index : DGRAM_ENODEV;
}

int loop_interface_name(dgram_stack *stack, unsigned index, char *name) {
  (void)stack;
  return if_indextoname(index, name) ? 0 : DGRAM_ENODEV;
}
