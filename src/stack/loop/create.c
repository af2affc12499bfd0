/* dgram_uv_stack_create: which kind of stack, with what switched off. The options decide, then the
 * environment, then what is fastest here. */

#include <stdlib.h>
#include <string.h>

#include "dgram/uv.h"
#include "stack/loop/kinds.h"
#include "stack/stack.h"

/* Of the kinds that this system has, the first in the table. */
static const struct loop_stack_kind *fastest_kind(void) {
  const struct loop_stack_kind *kind = loop_stack_kinds;
  while (!kind->create)
    kind++;
  return kind;
}

static const struct loop_stack_kind *kind_by_name(const char *name) {
  for (size_t i = 0; i < LOOP_STACK_KINDS; i++)
    if (strcmp(loop_stack_kinds[i].name, name) == 0) return &loop_stack_kinds[i];
  return NULL;
}

static const struct loop_stack_kind *kind_by_number(int number) {
  for (size_t i = 0; i < LOOP_STACK_KINDS; i++)
    if (loop_stack_kinds[i].kind == number) return &loop_stack_kinds[i];
  return NULL;
}

static const struct loop_stack_kind *kind_by_environment(void) {
  const char *name = getenv("DGRAM_STACK");
  return name && *name ? kind_by_name(name) : fastest_kind();
}

static const struct {
  const char *name;
  uint32_t bit;
} disable_words[] = {
    {"mmsg", DGRAM_DISABLE_MMSG},
    {"gso", DGRAM_DISABLE_GSO},
    {"gro", DGRAM_DISABLE_GRO},
    {"spin", DGRAM_DISABLE_SPIN},
};

static uint32_t disable_bit(const char *word, size_t length) {
  for (size_t i = 0; i < sizeof disable_words / sizeof *disable_words; i++) {
    const char *name = disable_words[i].name;
    if (strlen(name) == length && memcmp(name, word, length) == 0) return disable_words[i].bit;
  }
  return 0;
}

/* The words of DGRAM_DISABLE. Those that this version does not know are for another one. */
static uint32_t disabled_by_environment(void) {
  uint32_t bits = 0;
  const char *word = getenv("DGRAM_DISABLE");
  while (word && *word) {
    size_t length = strcspn(word, ", ");
    bits |= disable_bit(word, length);
    word += length + strspn(word + length, ", ");
  }
  return bits;
}

int dgram_uv_stack_create_sized(uv_loop_t *loop, const dgram_stack_options *options, size_t size,
                                dgram_stack **ret_stack) {
  if (!loop || !ret_stack) return DGRAM_EARGTYPE;
  dgram_stack_options complete;
  int error = dgram__stack_options_read(options, size, &complete);
  if (error < 0) return error;
  const struct loop_stack_kind *kind =
      complete.kind == DGRAM_STACK_DEFAULT ? kind_by_environment() : kind_by_number(complete.kind);
  if (!kind) return DGRAM_EINVAL;
  if (!kind->create) return DGRAM_ENOTSUP;
  complete.kind = kind->kind;
  complete.disable |= disabled_by_environment();
  return kind->create(loop, &complete, ret_stack);
}
