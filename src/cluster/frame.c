/* The layout: magic 2, version 1, type 1, code 4, id 8, handle 8, index 4, flags 1, family 1, port 2,
 * scope 4, address 16, zero 12. */

#include "cluster/frame.h"

#include <assert.h>
#include <string.h>

enum { MAGIC_0 = 'd', MAGIC_1 = 'C' };

enum field {
  CODE = 1 << 0,
  ID = 1 << 1,
  HANDLE = 1 << 2,
  INDEX = 1 << 3,
  FLAGS = 1 << 4,
  ADDRESS = 1 << 5
};

enum offset {
  AT_MAGIC = 0,
  AT_VERSION = 2,
  AT_TYPE = 3,
  AT_CODE = 4,
  AT_ID = 8,
  AT_HANDLE = 16,
  AT_INDEX = 24,
  AT_FLAGS = 28,
  AT_FAMILY = 29,
  AT_PORT = 30,
  AT_SCOPE = 32,
  AT_ADDRESS = 36,
  AT_END = 52
};

/* What a frame of a type has, 0: there is no such type. */
static unsigned fields_of(unsigned type) {
  static const uint8_t fields[] = {[CLUSTER_HELLO] = ID,
                                   [CLUSTER_BIND] = ID | INDEX | FLAGS | ADDRESS,
                                   [CLUSTER_LISTENING] = HANDLE | ADDRESS,
                                   [CLUSTER_RELEASE] = HANDLE,
                                   [CLUSTER_LEAVING] = ID,
                                   [CLUSTER_ANSWER] = ID | CODE | HANDLE,
                                   [CLUSTER_STOP] = ID};
  return type < sizeof fields ? fields[type] : 0;
}

/* ---- numbers ---- */

static void put(uint8_t *bytes, uint64_t value, int size) {
  for (int i = 0; i < size; i++)
    bytes[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *bytes, int size) {
  uint64_t value = 0;
  for (int i = 0; i < size; i++)
    value |= (uint64_t)bytes[i] << (8 * i);
  return value;
}

/* ---- writing ---- */

static void put_address(uint8_t *bytes, const dgram_address *address) {
  bytes[AT_FAMILY] = address->family;
  put(bytes + AT_PORT, address->port, 2);
  put(bytes + AT_SCOPE, address->scope_id, 4);
  memcpy(bytes + AT_ADDRESS, address->bytes, sizeof address->bytes);
}

void cluster_frame_encode(const struct cluster_frame *frame, uint8_t *bytes) {
  unsigned fields = fields_of(frame->type);
  assert(fields != 0);
  memset(bytes, 0, CLUSTER_FRAME_SIZE);
  bytes[AT_MAGIC] = MAGIC_0;
  bytes[AT_MAGIC + 1] = MAGIC_1;
  bytes[AT_VERSION] = CLUSTER_FRAME_VERSION;
  bytes[AT_TYPE] = frame->type;
  if (fields & CODE) put(bytes + AT_CODE, (uint32_t)frame->code, 4);
  if (fields & ID) put(bytes + AT_ID, frame->id, 8);
  if (fields & HANDLE) put(bytes + AT_HANDLE, frame->handle, 8);
  if (fields & INDEX) put(bytes + AT_INDEX, frame->index, 4);
  if (fields & FLAGS) bytes[AT_FLAGS] = frame->flags;
  if (fields & ADDRESS) put_address(bytes, &frame->address);
}

/* ---- reading ---- */

static bool is_zero(const uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < size; i++) {
    if (bytes[i] != 0) return false;
  }
  return true;
}

static bool is_header(const uint8_t *bytes, size_t size) {
  return size == CLUSTER_FRAME_SIZE && bytes[AT_MAGIC] == MAGIC_0 &&
         bytes[AT_MAGIC + 1] == MAGIC_1 && bytes[AT_VERSION] == CLUSTER_FRAME_VERSION &&
         is_zero(bytes + AT_END, CLUSTER_FRAME_SIZE - AT_END);
}

/* What its type does not use is zero. */
static bool is_lean(const uint8_t *bytes, unsigned fields) {
  return (fields & CODE || is_zero(bytes + AT_CODE, 4)) &&
         (fields & ID || is_zero(bytes + AT_ID, 8)) &&
         (fields & HANDLE || is_zero(bytes + AT_HANDLE, 8)) &&
         (fields & INDEX || is_zero(bytes + AT_INDEX, 4)) &&
         (fields & FLAGS || bytes[AT_FLAGS] == 0) &&
         (fields & ADDRESS || is_zero(bytes + AT_FAMILY, AT_END - AT_FAMILY));
}

static void get_address(const uint8_t *bytes, dgram_address *address) {
  address->family = bytes[AT_FAMILY];
  address->port = (uint16_t)get(bytes + AT_PORT, 2);
  address->scope_id = (uint32_t)get(bytes + AT_SCOPE, 4);
  memcpy(address->bytes, bytes + AT_ADDRESS, sizeof address->bytes);
}

static bool is_address(const dgram_address *address) {
  if (address->family == DGRAM_IPV6) return true;
  return address->family == DGRAM_IPV4 && address->scope_id == 0 &&
         is_zero(address->bytes + 4, sizeof address->bytes - 4);
}

/* What the fields say of each other: an answer has a handle, or a code that says why not. */
static bool makes_sense(const struct cluster_frame *frame, unsigned fields) {
  if (fields & ADDRESS && !is_address(&frame->address)) return false;
  if (frame->flags & ~(CLUSTER_REUSE_ADDR | CLUSTER_IPV6_ONLY)) return false;
  if (frame->flags & CLUSTER_IPV6_ONLY && frame->address.family != DGRAM_IPV6) return false;
  if (frame->type == CLUSTER_LISTENING && frame->address.port == 0) return false;
  if (!(fields & HANDLE)) return true;
  return frame->code <= 0 && (frame->handle != 0) == (frame->code == 0);
}

int cluster_frame_decode(const uint8_t *bytes, size_t size, struct cluster_frame *ret_frame) {
  if (!is_header(bytes, size)) return DGRAM_EPROTO;
  unsigned fields = fields_of(bytes[AT_TYPE]);
  if (fields == 0 || !is_lean(bytes, fields)) return DGRAM_EPROTO;
  struct cluster_frame frame = {.type = bytes[AT_TYPE],
                                .flags = bytes[AT_FLAGS],
                                .code = (int32_t)(uint32_t)get(bytes + AT_CODE, 4),
                                .index = (uint32_t)get(bytes + AT_INDEX, 4),
                                .id = get(bytes + AT_ID, 8),
                                .handle = get(bytes + AT_HANDLE, 8)};
  get_address(bytes, &frame.address);
  if (!makes_sense(&frame, fields)) return DGRAM_EPROTO;
  *ret_frame = frame;
  return 0;
}
