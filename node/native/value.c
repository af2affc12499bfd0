#include <stdio.h>
#include <string.h>

#include "addon.h"

napi_value value_int(napi_env env, int64_t number) {
  napi_value value = NULL;
  (void)napi_create_int64(env, number, &value);
  return value;
}

napi_value value_text(napi_env env, const char *text) {
  napi_value value = NULL;
  (void)napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
  return value;
}

int value_to_int(napi_env env, napi_value value) {
  int32_t number = 0;
  (void)napi_get_value_int32(env, value, &number);
  return number;
}

bool value_to_bool(napi_env env, napi_value value) {
  bool flag = false;
  (void)napi_get_value_bool(env, value, &flag);
  return flag;
}

bool value_to_text(napi_env env, napi_value value, char *text, size_t size) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) return false;
  if (length >= size) return false;
  if (napi_get_value_string_utf8(env, value, text, size, &length) != napi_ok) return false;
  return strlen(text) == length;
}

/* ---- addresses ---- */

void value_write_address(const dgram_address *address, int32_t *meta) {
  meta[0] = address->family;
  meta[1] = address->port;
  meta[2] = (int32_t)address->scope_id;
  memcpy(meta + 3, address->bytes, sizeof address->bytes);
}

void value_read_address(const int32_t *meta, dgram_address *address) {
  address->family = (uint8_t)meta[0];
  address->reserved = 0;
  address->port = (uint16_t)meta[1];
  address->scope_id = (uint32_t)meta[2];
  memcpy(address->bytes, meta + 3, sizeof address->bytes);
}

int value_parse_address(dgram_stack *stack, char *text, dgram_address *ret_address) {
  char *scope = strchr(text, '%');
  if (dgram_address_parse(text, 0, ret_address) == 0) return 0;
  if (!scope) return DGRAM_EINVAL;
  *scope = '\0';
  const int index = dgram_interface_index(stack, scope + 1);
  if (index < 0) return index;
  const int code = dgram_address_parse(text, 0, ret_address);
  if (code == 0 && ret_address->family != DGRAM_IPV6) return DGRAM_EINVAL;
  if (code == 0) ret_address->scope_id = (uint32_t)index;
  return code;
}

/* An interface that is gone keeps its index. */
napi_value value_address_text(napi_env env, dgram_stack *stack, const dgram_address *address) {
  dgram_address plain = *address;
  char text[DGRAM_ADDRESS_TEXT + 2 * DGRAM_ADDRESS_TEXT];
  char name[DGRAM_ADDRESS_TEXT];
  plain.scope_id = 0;
  int length = dgram_address_format(&plain, text, DGRAM_ADDRESS_TEXT);
  if (length < 0) return value_text(env, "");
  if (address->scope_id == 0) return value_text(env, text);
  if (dgram_interface_name(stack, address->scope_id, name, sizeof name) < 0)
    (void)snprintf(name, sizeof name, "%u", (unsigned)address->scope_id);
  (void)snprintf(text + length, sizeof text - (size_t)length, "%%%s", name);
  return value_text(env, text);
}

napi_value value_address(napi_env env, dgram_stack *stack, const dgram_address *address) {
  napi_value list = NULL;
  const char *family = address->family == DGRAM_IPV6 ? "IPv6" : "IPv4";
  if (napi_create_array_with_length(env, 3, &list) != napi_ok) return NULL;
  (void)napi_set_element(env, list, 0, value_address_text(env, stack, address));
  (void)napi_set_element(env, list, 1, value_text(env, family));
  (void)napi_set_element(env, list, 2, value_int(env, address->port));
  return list;
}
