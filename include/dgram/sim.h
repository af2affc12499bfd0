/* dgram/sim.h: a network in memory, for tests of protocols: no kernel, no sleeping, its own
 * clock. */

#ifndef DGRAM_SIM_H
#define DGRAM_SIM_H

#include <dgram.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Creates a stack on a network of its own: one host with 127.0.0.1 and ::1 on interface 1, "lo".
 * What is sent arrives: nothing is lost, delayed or reordered, but a socket's receive buffer is
 * bounded and drops what does not fit. Time stands still until dgram_run has nothing else to do;
 * then it jumps to the next timer. The name "localhost" resolves, all others are unknown.
 * There are no descriptors: options.fd and a binder's answers are refused with DGRAM_ENOTSUP, and
 * the descriptor stays the caller's.
 *
 * options    borrows; NULL: all defaults. Only the allocator has a meaning here.
 * ret_stack  returns new: dgram_stack_close releases it, by way of dgram_run.
 * Errors     DGRAM_EINVAL: as dgram_uv_stack_create's. */
#define dgram_sim_stack_create(options, ret_stack)                                                 \
  dgram_sim_stack_create_sized((options), sizeof(dgram_stack_options), (ret_stack))

/* The function under the macro, for other languages. */
DGRAM_EXTERN int dgram_sim_stack_create_sized(const dgram_stack_options *options, size_t size,
                                              dgram_stack **ret_stack);

#ifdef __cplusplus
}
#endif

#endif
