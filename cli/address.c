#include "address.h"

#include <uv.h>

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

void address_host_text(dgram_stack *stack, const dgram_address *address, char text[ENDPOINT_TEXT]) {
  char name[UV_IF_NAMESIZE];
  if (dgram_address_format(address, text, ENDPOINT_TEXT) < 0) {
    snprintf(text, ENDPOINT_TEXT, "?");
    return;
  }
  char *zone = strchr(text, '%');
  if (zone && dgram_interface_name(stack, address->scope_id, name, sizeof name) >= 0) {
    snprintf(zone + 1, (size_t)(text + ENDPOINT_TEXT - zone) - 1, "%s", name);
  }
}

void address_text(dgram_stack *stack, const dgram_address *address, char text[ENDPOINT_TEXT]) {
  char host[ENDPOINT_TEXT];
  const char *form = address->family == DGRAM_IPV6 ? "[%.80s]:%u" : "%.80s:%u";
  address_host_text(stack, address, host);
  snprintf(text, ENDPOINT_TEXT, form, host, (unsigned)address->port);
}

bool address_is_multicast(const dgram_address *address) {
  if (address->family == DGRAM_IPV4) {
    return (address->bytes[0] & 0xf0) == 0xe0;
  }
  return address->bytes[0] == 0xff;
}

bool address_needs_zone(const dgram_address *address) {
  if (address->family != DGRAM_IPV6) {
    return false;
  }
  if (address->bytes[0] == 0xff) {
    int scope = address->bytes[1] & 0x0f;
    return scope == 1 || scope == 2;
  }
  return address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80;
}

static void from_interface(const uv_interface_address_t *from, dgram_address *ret_address) {
  *ret_address = (dgram_address){0};
  if (from->address.address4.sin_family == AF_INET) {
    ret_address->family = DGRAM_IPV4;
    memcpy(ret_address->bytes, &from->address.address4.sin_addr, 4);
  } else {
    ret_address->family = DGRAM_IPV6;
    memcpy(ret_address->bytes, &from->address.address6.sin6_addr, 16);
    ret_address->scope_id = from->address.address6.sin6_scope_id;
  }
}

int address_of_interface(const char *interface, int family, dgram_address *ret_address) {
  uv_interface_address_t *all;
  int count;
  bool found = false;
  int code = uv_interface_addresses(&all, &count);
  if (code < 0) {
    return code;
  }
  for (int i = 0; i < count; i++) {
    dgram_address address;
    from_interface(&all[i], &address);
    if (strcmp(all[i].name, interface) != 0 || address.family != family) {
      continue;
    }
    if (!found || (address_needs_zone(ret_address) && !address_needs_zone(&address))) {
      *ret_address = address;
      found = true;
    }
  }
  uv_free_interface_addresses(all, count);
  return found ? 0 : DGRAM_EADDRNOTAVAIL;
}
