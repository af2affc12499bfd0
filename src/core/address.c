#include "core/address.h"

#include <assert.h>
#include <string.h>

/* By hand and not by inet_pton, inet_ntop and strtoul, which are no C11; they also differ between
 * systems ("1.2.3.04", "::1.2.3.4"), read signs and spaces, and obey a locale. */

enum { GROUPS = 8, NO_GAP = -1 };

/* The eight groups of an IPv6 address while they are read. */
struct groups {
  uint16_t values[GROUPS];
  int count;
  int gap; /* the index that "::" stands before, or NO_GAP */
};

/* ---- reading ---- */

static int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

static bool is_end(char c) {
  return c == '\0' || c == '%';
}

/* A number of 0 to 255 without leading zeros, which some read as octal (RFC 6943 3.1.1). Returns
 * what follows it, or NULL. */
static const char *read_octet(const char *at, uint8_t *ret_octet) {
  int value = digit_value(*at);

  if (value > 9) return NULL;
  if (value > 0) {
    while (digit_value(at[1]) <= 9) {
      value = value * 10 + digit_value(*++at);
      if (value > 255) return NULL;
    }
  }
  *ret_octet = (uint8_t)value;
  return at + 1;
}

static const char *read_ipv4(const char *at, uint8_t *ret_bytes) {
  for (int i = 0; i < 4; i++) {
    if (i > 0 && *at++ != '.') return NULL;
    at = read_octet(at, &ret_bytes[i]);
    if (at == NULL) return NULL;
  }
  return at;
}

/* One to four hexadecimal digits. Returns what follows them, or NULL. */
static const char *read_group(const char *at, uint16_t *ret_value) {
  const char *start = at;
  int value = 0;

  while (at - start < 4 && digit_value(*at) < 16)
    value = value * 16 + digit_value(*at++);
  *ret_value = (uint16_t)value;
  return at > start ? at : NULL;
}

/* The last two groups as an IPv4 address (RFC 4291 2.2, form 3). */
static const char *read_tail(const char *at, struct groups *groups) {
  uint8_t bytes[4];

  at = read_ipv4(at, bytes);
  if (at == NULL || !is_end(*at) || groups->count > GROUPS - 2) return NULL;
  groups->values[groups->count++] = (uint16_t)(bytes[0] << 8 | bytes[1]);
  groups->values[groups->count++] = (uint16_t)(bytes[2] << 8 | bytes[3]);
  return at;
}

/* Groups up to the end of the text or of the address. In the loop's head a colon is the second one
 * of a "::". */
static const char *read_groups(const char *at, struct groups *groups) {
  groups->count = 0;
  groups->gap = NO_GAP;
  if (*at == ':' && *++at != ':') return NULL;

  for (;;) {
    uint16_t value;
    const char *next;
    if (*at == ':') {
      if (groups->gap != NO_GAP) return NULL;
      groups->gap = groups->count;
      if (is_end(*++at)) return at;
    }
    next = read_group(at, &value);
    if (next == NULL) return NULL;
    if (*next == '.') return read_tail(at, groups);
    if (groups->count == GROUPS) return NULL;
    groups->values[groups->count++] = value;
    if (is_end(*next)) return next;
    if (*next != ':') return NULL;
    at = next + 1;
  }
}

static const char *read_ipv6(const char *at, uint8_t *ret_bytes) {
  struct groups groups;
  int zeros;
  int to = 0;

  at = read_groups(at, &groups);
  if (at == NULL) return NULL;
  /* "::" stands for one group or more, and eight groups have no room for it. */
  zeros = GROUPS - groups.count;
  if ((zeros > 0) != (groups.gap != NO_GAP)) return NULL;

  for (int from = 0; from < groups.count; from++) {
    if (from == groups.gap) to += zeros;
    ret_bytes[2 * to] = (uint8_t)(groups.values[from] >> 8);
    ret_bytes[2 * to + 1] = (uint8_t)(groups.values[from] & 0xff);
    to++;
  }
  return at;
}

/* A scope in decimal. False: it is no number, or over 32 bits. */
static bool read_scope_id(const char *at, uint32_t *ret_scope_id) {
  uint64_t value = 0;

  for (; *at != '\0'; at++) {
    if (digit_value(*at) > 9) return false;
    value = value * 10 + (uint64_t)digit_value(*at);
    if (value > UINT32_MAX) return false;
  }
  *ret_scope_id = (uint32_t)value;
  return true;
}

/* The length of a scope that may be the name of an interface. DGRAM_EINVAL: it has a space, a
 * control character or a sign that makes something else of the text (a prefix, a second scope).
 * DGRAM_ENODEV: nothing can be called so, since it is too long, or a number over 32 bits. */
static int zone_length(const char *zone) {
  size_t length = 0;
  bool is_number = true;

  for (; zone[length] != '\0'; length++) {
    unsigned char c = (unsigned char)zone[length];
    if (c <= ' ' || c == 0x7f || c == '/' || c == '%' || c == ':') return DGRAM_EINVAL;
    if (digit_value(zone[length]) > 9) is_number = false;
  }
  if (length == 0) return DGRAM_EINVAL;
  return is_number || length >= DGRAM__INTERFACE_NAME_MAX ? DGRAM_ENODEV : (int)length;
}

int dgram__address_read(const char *text, dgram_address *ret_address, char *ret_zone) {
  dgram_address address = {.family = DGRAM_IPV4};
  int length = 0;
  const char *end = read_ipv4(text, address.bytes);

  if (end == NULL || *end != '\0') {
    address = (dgram_address){.family = DGRAM_IPV6};
    end = read_ipv6(text, address.bytes);
    if (end == NULL) return DGRAM_EINVAL;
    if (*end == '%' && (end[1] == '\0' || !read_scope_id(end + 1, &address.scope_id))) {
      length = zone_length(end + 1);
      if (length < 0) return length;
    }
  }
  *ret_address = address;
  if (length > 0) memcpy(ret_zone, end + 1, (size_t)length);
  ret_zone[length] = '\0';
  return 0;
}

/* ---- writing ---- */

static char *write_number(char *at, uint32_t value, uint32_t base) {
  char digits[10];
  int count = 0;

  do {
    digits[count++] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value > 0);
  while (count > 0)
    *at++ = digits[--count];
  return at;
}

static char *write_ipv4(char *at, const uint8_t *bytes) {
  for (int i = 0; i < 4; i++) {
    if (i > 0) *at++ = '.';
    at = write_number(at, bytes[i], 10);
  }
  return at;
}

static bool is_mapped(const uint8_t *bytes) {
  static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

  return memcmp(bytes, prefix, sizeof prefix) == 0;
}

/* The run of zero groups that "::" stands for: the longest, the first of those, two groups at least
 * (RFC 5952 4.2). Returns its length; 0: there is none. */
static int find_zeros(const uint16_t *groups, int *ret_start) {
  int best = 1;
  int run = 0;

  *ret_start = GROUPS;
  for (int i = 0; i < GROUPS; i++) {
    run = groups[i] == 0 ? run + 1 : 0;
    if (run > best) {
      best = run;
      *ret_start = i + 1 - run;
    }
  }
  return best > 1 ? best : 0;
}

static char *write_groups(char *at, const uint8_t *bytes) {
  uint16_t groups[GROUPS];
  int start;
  int zeros;

  for (int i = 0; i < GROUPS; i++)
    groups[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
  zeros = find_zeros(groups, &start);

  for (int i = 0; i < GROUPS; i++) {
    if (i == start) {
      *at++ = ':';
      *at++ = ':';
      i += zeros - 1;
    } else {
      if (i > 0 && i != start + zeros) *at++ = ':';
      at = write_number(at, groups[i], 16);
    }
  }
  return at;
}

static char *write_ipv6(char *at, const dgram_address *address) {
  if (is_mapped(address->bytes)) {
    memcpy(at, "::ffff:", 7);
    at = write_ipv4(at + 7, address->bytes + 12);
  } else {
    at = write_groups(at, address->bytes);
  }
  if (address->scope_id != 0) {
    *at++ = '%';
    at = write_number(at, address->scope_id, 10);
  }
  return at;
}

/* ---- values ---- */

bool dgram__address_is_multicast(const dgram_address *address) {
  if (address->family == DGRAM_IPV4) return (address->bytes[0] & 0xf0) == 0xe0;
  return address->family == DGRAM_IPV6 && address->bytes[0] == 0xff;
}

dgram_address dgram__address_any(int family, uint16_t port) {
  assert(family == DGRAM_IPV4 || family == DGRAM_IPV6 || family == DGRAM_UNIX);
  return (dgram_address){.family = (uint8_t)family, .port = port};
}

dgram_address dgram__address_loopback(int family, uint16_t port) {
  dgram_address address = dgram__address_any(family, port);

  if (family == DGRAM_IPV4) {
    address.bytes[0] = 127;
    address.bytes[3] = 1;
  } else {
    address.bytes[15] = 1;
  }
  return address;
}

/* ---- public ---- */

int dgram_address_parse(const char *text, int port, dgram_address *ret_address) {
  dgram_address address;
  char zone[DGRAM__INTERFACE_NAME_MAX];
  int err;

  if (text == NULL || ret_address == NULL) return DGRAM_EARGTYPE;
  err = dgram__address_read(text, &address, zone);
  if (err < 0 || zone[0] != '\0') return DGRAM_EINVAL;
  if (port < 0 || port > DGRAM__PORT_MAX) return DGRAM_EBADPORT;
  address.port = (uint16_t)port;
  *ret_address = address;
  return 0;
}

int dgram_address_format(const dgram_address *address, char *text, size_t size) {
  char whole[DGRAM_ADDRESS_TEXT];
  char *end;
  size_t length;

  if (address == NULL || text == NULL) return DGRAM_EARGTYPE;
  if (address->family == DGRAM_IPV4) {
    end = write_ipv4(whole, address->bytes);
  } else if (address->family == DGRAM_IPV6) {
    end = write_ipv6(whole, address);
  } else {
    return DGRAM_EAFNOSUPPORT;
  }
  length = (size_t)(end - whole);
  if (length >= size) return DGRAM_ENOSPC;
  memcpy(text, whole, length);
  text[length] = '\0';
  return (int)length;
}

bool dgram_address_equal(const dgram_address *a, const dgram_address *b) {
  if (a == NULL || b == NULL) return false;
  return a->family == b->family && a->port == b->port && a->scope_id == b->scope_id &&
         memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
