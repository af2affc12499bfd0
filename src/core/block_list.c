/* Lists of blocked addresses: ranges in order that neither meet nor touch, so that an address is looked
 * for by halving. IPv4 stands here as ::ffff:a.b.c.d (RFC 4291 2.5.5.2), which makes one order of
 * both families. */

#include "core/block_list.h"

#include <string.h>

#include "stack/stack.h"

enum { KEY_SIZE = 16, MAPPED_BITS = 96 };

struct key {
  uint8_t bytes[KEY_SIZE];
};

struct range {
  struct key first;
  struct key last; /* belongs to it */
};

struct dgram_block_list {
  dgram_allocator allocator;
  size_t users;
  struct range *ranges;
  size_t count;
  size_t capacity;
};

/* ---- life ---- */

int dgram_block_list_create(const dgram_allocator *allocator, dgram_block_list **ret_list) {
  const dgram_allocator *from = allocator == NULL ? &dgram__default_allocator : allocator;
  dgram_block_list *list;

  if (ret_list == NULL) return DGRAM_EARGTYPE;
  if (from->malloc == NULL || from->realloc == NULL || from->free == NULL) return DGRAM_EINVAL;
  list = from->malloc(sizeof *list, from->data);
  if (list == NULL) return DGRAM_ENOMEM;
  *list = (dgram_block_list){.allocator = *from, .users = 1};
  *ret_list = list;
  return 0;
}

dgram_block_list *dgram__block_list_keep(dgram_block_list *list) {
  if (list != NULL) list->users++;
  return list;
}

void dgram_block_list_release(dgram_block_list *list) {
  dgram_allocator allocator;

  if (list == NULL || --list->users > 0) return;
  allocator = list->allocator;
  allocator.free(list->ranges, allocator.data);
  allocator.free(list, allocator.data);
}

/* ---- keys ---- */

static struct key key_of(const dgram_address *address) {
  static const uint8_t mapped[MAPPED_BITS / 8] = {[10] = 0xff, [11] = 0xff};
  struct key key;

  if (address->family == DGRAM_IPV6) {
    memcpy(key.bytes, address->bytes, KEY_SIZE);
  } else {
    memcpy(key.bytes, mapped, sizeof mapped);
    memcpy(key.bytes + sizeof mapped, address->bytes, KEY_SIZE - sizeof mapped);
  }
  return key;
}

static int compare(const struct key *a, const struct key *b) {
  return memcmp(a->bytes, b->bytes, KEY_SIZE);
}

/* The key before it, or after it; the first and the last have none and stay. */
static struct key neighbour_of(struct key key, bool after) {
  const uint8_t edge = after ? 0xff : 0;
  int i = KEY_SIZE - 1;

  while (i >= 0 && key.bytes[i] == edge)
    i--;
  if (i < 0) return key;
  key.bytes[i] = (uint8_t)(key.bytes[i] + (after ? 1 : -1));
  memset(key.bytes + i + 1, after ? 0 : 0xff, (size_t)(KEY_SIZE - 1 - i));
  return key;
}

/* ---- looking ---- */

/* How many ranges end before a key. */
static size_t count_before(const dgram_block_list *list, const struct key *key) {
  size_t low = 0;
  size_t high = list->count;

  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (compare(&list->ranges[middle].last, key) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

bool dgram_block_list_check(const dgram_block_list *list, const dgram_address *address) {
  struct key key;
  size_t at;

  if (list == NULL || address == NULL || list->count == 0) return false;
  if (address->family != DGRAM_IPV4 && address->family != DGRAM_IPV6) return false;
  key = key_of(address);
  at = count_before(list, &key);
  return at < list->count && compare(&list->ranges[at].first, &key) <= 0;
}

/* ---- adding ---- */

static int grow(dgram_block_list *list) {
  const size_t capacity = list->capacity == 0 ? DGRAM__BLOCK_RANGES_MIN : list->capacity * 2;
  struct range *ranges;

  if (list->count < list->capacity) return 0;
  if (list->count >= DGRAM__BLOCK_RANGES_MAX) return DGRAM_ENOSPC;
  ranges = list->allocator.realloc(list->ranges, capacity * sizeof *ranges, list->allocator.data);
  if (ranges == NULL) return DGRAM_ENOMEM;
  list->ranges = ranges;
  list->capacity = capacity;
  return 0;
}

static void move(dgram_block_list *list, size_t from, size_t to) {
  memmove(list->ranges + to, list->ranges + from, (list->count - from) * sizeof *list->ranges);
  list->count = list->count - from + to;
}

static int insert(dgram_block_list *list, size_t at, const struct range *range) {
  const int code = grow(list);

  if (code < 0) return code;
  move(list, at, at + 1);
  list->ranges[at] = *range;
  return 0;
}

/* Those from first to before end meet the range or touch it: they become one with it. */
static void join(dgram_block_list *list, size_t first, size_t end, const struct range *range) {
  struct range *joined = &list->ranges[first];
  const struct key last = list->ranges[end - 1].last;

  if (compare(&range->first, &joined->first) < 0) joined->first = range->first;
  joined->last = compare(&range->last, &last) > 0 ? range->last : last;
  move(list, end, first + 1);
}

static int add(dgram_block_list *list, const struct range *range) {
  const struct key before = neighbour_of(range->first, false);
  const struct key after = neighbour_of(range->last, true);
  const size_t first = count_before(list, &before);
  size_t end = count_before(list, &after);

  if (end < list->count && compare(&list->ranges[end].first, &after) <= 0) end++;
  if (first == end) return insert(list, first, range);
  join(list, first, end, range);
  return 0;
}

/* ---- public entry points ---- */

static int read_address(const char *text, dgram_address *ret_address) {
  const int code = text == NULL ? DGRAM_EARGTYPE : dgram_address_parse(text, 0, ret_address);

  if (code < 0) return code;
  return ret_address->scope_id == 0 ? 0 : DGRAM_EINVAL;
}

int dgram_block_list_add_address(dgram_block_list *list, const char *address) {
  return dgram_block_list_add_range(list, address, address);
}

int dgram_block_list_add_range(dgram_block_list *list, const char *first, const char *last) {
  dgram_address from;
  dgram_address to;
  struct range range;
  int code = list == NULL ? DGRAM_EARGTYPE : read_address(first, &from);

  if (code == 0) code = read_address(last, &to);
  if (code < 0) return code;
  range = (struct range){.first = key_of(&from), .last = key_of(&to)};
  if (from.family != to.family || compare(&range.first, &range.last) > 0) return DGRAM_EINVAL;
  return add(list, &range);
}

int dgram_block_list_add_subnet(dgram_block_list *list, const char *network, int prefix) {
  dgram_address address;
  struct range range;
  int code = list == NULL ? DGRAM_EARGTYPE : read_address(network, &address);

  if (code < 0) return code;
  if (prefix < 0 || prefix > (address.family == DGRAM_IPV4 ? 32 : 128)) return DGRAM_EINVAL;
  if (address.family == DGRAM_IPV4) prefix += MAPPED_BITS;
  range = (struct range){.first = key_of(&address), .last = key_of(&address)};
  for (int bit = prefix; bit < 128; bit++) {
    const uint8_t mask = (uint8_t)(0x80 >> bit % 8);
    range.first.bytes[bit / 8] &= (uint8_t)~mask;
    range.last.bytes[bit / 8] |= mask;
  }
  return add(list, &range);
}
