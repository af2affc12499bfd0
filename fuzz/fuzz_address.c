/* Addresses as text, against the C library's inet_pton and inet_ntop.
 *
 *   clang -std=c11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
 *     -D_GNU_SOURCE -Iinclude -Isrc fuzz/fuzz_address.c src/core/address.c -o fuzz_address
 *   ./fuzz_address -max_len=80 -max_total_time=60
 *
 * What it says: a text without a scope is a literal where inet_pton says so, with the same bytes; a
 * scope is split off as this file does it a second time, in another way; what is read is written,
 * read again the same, and written as inet_ntop writes it; failures touch nothing. */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/address.h"

enum { TEXT_MAX = 256 };

#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                              \
      abort();                                                                                     \
    }                                                                                              \
  } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static bool is_number(const char *text) {
  return text[strspn(text, "0123456789")] == '\0';
}

static bool may_be_name(const char *text) {
  const size_t length = strlen(text);

  if (length == 0 || length >= DGRAM__INTERFACE_NAME_MAX || is_number(text)) return false;
  for (size_t i = 0; i < length; i++) {
    if ((unsigned char)text[i] < 0x21 || strchr("/%:\x7f", text[i]) != NULL) return false;
  }
  return true;
}

/* Reads text as inet_pton does, and its scope apart. Returns false where it is no literal. */
static bool judge(const char *text, dgram_address *ret_address, const char **ret_zone) {
  char host[TEXT_MAX];
  const char *percent = strchr(text, '%');
  const size_t length = percent == NULL ? strlen(text) : (size_t)(percent - text);

  memcpy(host, text, length);
  host[length] = '\0';
  *ret_address = (dgram_address){0};
  *ret_zone = "";
  if (percent == NULL && inet_pton(AF_INET, host, ret_address->bytes) == 1) {
    ret_address->family = DGRAM_IPV4;
    return true;
  }
  *ret_address = (dgram_address){.family = DGRAM_IPV6};
  if (inet_pton(AF_INET6, host, ret_address->bytes) != 1) return false;
  if (percent == NULL) return true;
  if (percent[1] != '\0' && is_number(percent + 1)) {
    const char *digits = percent + 1 + strspn(percent + 1, "0");
    const unsigned long long value = strtoull(digits, NULL, 10);
    ret_address->scope_id = (uint32_t)value;
    return strlen(digits) <= 10 && value <= UINT32_MAX;
  }
  *ret_zone = percent + 1;
  return may_be_name(percent + 1);
}

static void check_writing(const dgram_address *address) {
  static const uint8_t zeros[12];
  char ours[DGRAM_ADDRESS_TEXT];
  char theirs[TEXT_MAX];
  dgram_address again;
  const int family = address->family == DGRAM_IPV4 ? AF_INET : AF_INET6;
  const int length = dgram_address_format(address, ours, sizeof ours);

  CHECK(length > 0 && (size_t)length == strlen(ours));
  CHECK(dgram_address_parse(ours, address->port, &again) == 0);
  CHECK(dgram_address_equal(address, &again));
  CHECK(dgram_address_format(address, theirs, (size_t)length) == DGRAM_ENOSPC);

  CHECK(inet_ntop(family, address->bytes, theirs, sizeof theirs) != NULL);
  if (family == AF_INET6 && memcmp(address->bytes, zeros, sizeof zeros) == 0) return;
  ours[strcspn(ours, "%")] = '\0';
  CHECK(strcmp(ours, theirs) == 0);
}

static void check_any_bytes(const uint8_t *bytes, size_t size) {
  dgram_address address = {.family = DGRAM_IPV6};

  memcpy(address.bytes, bytes, size < 16 ? size : 16);
  check_writing(&address);
  if (size >= 20) memcpy(&address.scope_id, bytes + 16, 4);
  check_writing(&address);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  char text[TEXT_MAX];
  char zone[DGRAM__INTERFACE_NAME_MAX];
  char zone_before[DGRAM__INTERFACE_NAME_MAX];
  const char *expected_zone;
  dgram_address address, expected, before;
  int result;

  if (size >= TEXT_MAX) return 0;
  check_any_bytes(bytes, size);
  memcpy(text, bytes, size);
  text[size] = '\0';
  memset(&address, 0x5a, sizeof address);
  memset(zone, 0x5a, sizeof zone);
  memcpy(&before, &address, sizeof address);
  memcpy(zone_before, zone, sizeof zone);

  result = dgram__address_read(text, &address, zone);
  if (!judge(text, &expected, &expected_zone)) {
    CHECK(result == DGRAM_EINVAL || (result == DGRAM_ENODEV && strchr(text, '%') != NULL));
    CHECK(memcmp(&address, &before, sizeof address) == 0);
    CHECK(memcmp(zone, zone_before, sizeof zone) == 0);
    CHECK(dgram_address_parse(text, 0, &address) == DGRAM_EINVAL);
    return 0;
  }
  CHECK(result == 0);
  CHECK(memcmp(&address, &expected, sizeof address) == 0);
  CHECK(strcmp(zone, expected_zone) == 0);
  result = dgram_address_parse(text, 9, &address);
  CHECK(result == (zone[0] == '\0' ? 0 : DGRAM_EINVAL));
  expected.port = 9;
  if (result == 0) CHECK(dgram_address_equal(&address, &expected));
  check_writing(&address);
  return 0;
}
