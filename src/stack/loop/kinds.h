/* The kinds of stacks that a loop can have, and how each is made. The two functions are defined by
 * the stacks themselves; loop/ knows nothing else of them. */

#ifndef DGRAM_STACK_LOOP_KINDS_H
#define DGRAM_STACK_LOOP_KINDS_H

#include <uv.h>

#include "dgram.h"

/* Options are complete and checked, the environment's wishes included. Returns new. */
typedef int (*loop_stack_create)(uv_loop_t *loop, const dgram_stack_options *options,
                                 dgram_stack **ret_stack);

int linux_stack_create(uv_loop_t *loop, const dgram_stack_options *options,
                       dgram_stack **ret_stack);
int uv_stack_create(uv_loop_t *loop, const dgram_stack_options *options, dgram_stack **ret_stack);

struct loop_stack_kind {
  int kind;                 /* enum dgram_stack_kind */
  const char *name;         /* as DGRAM_STACK names it */
  loop_stack_create create; /* NULL: not on this system */
};

enum { LOOP_STACK_KINDS = 2 };

/* The fastest first. */
extern const struct loop_stack_kind loop_stack_kinds[LOOP_STACK_KINDS];

#endif
