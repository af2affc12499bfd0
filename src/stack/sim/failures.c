/* Calls of a host to its system that are made to fail. */

#include "stack/sim/sim.h"

int dgram_sim_fail(dgram_stack *host, enum dgram_sim_call call, uint64_t nth, uint64_t times,
                   int code) {
  if (!host) return DGRAM_EARGTYPE;
  if (!sim_stack_is(host)) return DGRAM_ENOTSUP;
  if ((int)call < 0 || call >= DGRAM_SIM_CALL_COUNT || code >= 0) return DGRAM_EINVAL;
  struct sim_stack *sim = sim_stack_of(host);
  unsigned bit = 1U << call;
  sim->failures[call] = (struct sim_failure){.nth = nth, .times = times, .code = code};
  sim->failing = nth > 0 && times > 0 ? sim->failing | bit : sim->failing & ~bit;
  return 0;
}

/* Counts a call of a kind that is to fail at some time. */
int sim_failure_count(struct sim_stack *host, enum dgram_sim_call call) {
  struct sim_failure *failure = &host->failures[call];
  if (failure->nth > 1) {
    failure->nth--;
    return 0;
  }
  if (failure->times != UINT64_MAX && --failure->times == 0) host->failing &= ~(1U << call);
  return failure->code;
}
