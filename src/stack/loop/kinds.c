/* Which kinds this system has. The build compiles linux/ on Linux only. */

#include "stack/loop/kinds.h"

#if defined(__linux__)
#define LOOP_CREATE_LINUX linux_stack_create
#else
#define LOOP_CREATE_LINUX NULL
#endif

const struct loop_stack_kind loop_stack_kinds[LOOP_STACK_KINDS] = {
    {DGRAM_STACK_LINUX, "linux", LOOP_CREATE_LINUX},
    {DGRAM_STACK_UV, "uv", uv_stack_create},
};
