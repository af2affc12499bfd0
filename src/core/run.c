#include "core/run.h"

#include <stdbool.h>
#include <string.h>

/* What the datagrams of a run have in common, in words: compilers keep it in registers, so that a
 * datagram costs a few comparisons with memory. */
struct common {
  uint64_t to[3];
  const dgram_send_info *info;
  size_t length;
};

static inline uint64_t word_of(const dgram_address *address, size_t nth) {
  uint64_t word;

  memcpy(&word, (const unsigned char *)address + nth * sizeof word, sizeof word);
  return word;
}

static inline bool is_like(const dgram_datagram *datagram, const struct common *common) {
  return datagram->parts == 0 && datagram->info == common->info &&
         datagram->length == common->length && word_of(&datagram->to, 0) == common->to[0] &&
         word_of(&datagram->to, 1) == common->to[1] && word_of(&datagram->to, 2) == common->to[2];
}

size_t dgram__run_of(dgram_datagram *list, size_t most) {
  const dgram_address *to = &list[0].to;
  const struct common common = {.to = {word_of(to, 0), word_of(to, 1), word_of(to, 2)},
                                .info = list[0].info,
                                .length = list[0].length};
  uintptr_t end = (uintptr_t)list[0].bytes + common.length;
  size_t n = 1;

  _Static_assert(sizeof *to == sizeof common.to, "an address is three words");
  list[0].result = (int32_t)common.length;
  if (list[0].parts > 0) return 1;
  for (; n < most && (uintptr_t)list[n].bytes == end && is_like(&list[n], &common); n++) {
    list[n].result = (int32_t)common.length;
    end += common.length;
  }
  return n;
}
