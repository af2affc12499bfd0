/* Memory that will be touched soon, told to the processor. */

#ifndef DGRAM_CORE_PREFETCH_H
#define DGRAM_CORE_PREFETCH_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of a cache's line: where they are others, some are told twice, or not. */
enum { DGRAM__LINE = 64 };

/* Never fails, whatever memory points to. */
static inline void dgram__prefetch(const void *memory, size_t size) {
  const char *line = (const char *)memory - (uintptr_t)memory % DGRAM__LINE;

  for (; line < (const char *)memory + size; line += DGRAM__LINE)
    __builtin_prefetch(line, 1);
}

#endif
