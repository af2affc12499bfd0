/* dgram/uv.h: stacks on a libuv loop. The one public header that includes <uv.h>. */

#ifndef DGRAM_UV_H
#define DGRAM_UV_H

#include <dgram.h>
#include <uv.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Creates a stack on a loop. Several stacks may share a loop.
 *
 * loop       keeps until the stack is closed; the caller runs it, by dgram_run or uv_run, on the
 *            thread that uses the stack. A lookup that the system cannot cancel stays on the loop
 *            after the stack is closed, so uv_loop_close may answer UV_EBUSY until it ends.
 * options    borrows; NULL: all defaults.
 * ret_stack  returns new: dgram_stack_close releases it.
 * Errors     DGRAM_EINVAL: an option this version does not know, half an allocator, memory to
 *            receive into that is too small, a DGRAM_STACK that is no kind. DGRAM_ENOTSUP: the kind
 *            is not available on this system (also where DGRAM_STACK asks for it). DGRAM_ENOMEM.
 *            Others of uv_async_init. */
#define dgram_uv_stack_create(loop, options, ret_stack)                                            \
  dgram_uv_stack_create_sized((loop), (options), sizeof(dgram_stack_options), (ret_stack))

/* The function under the macro, for other languages. */
DGRAM_EXTERN int dgram_uv_stack_create_sized(uv_loop_t *loop, const dgram_stack_options *options,
                                             size_t size, dgram_stack **ret_stack);

/* The loop a stack runs on; NULL for a stack that is on none. */
DGRAM_EXTERN uv_loop_t *dgram_uv_stack_loop(dgram_stack *stack);

#ifdef __cplusplus
}
#endif

#endif
