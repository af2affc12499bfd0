#include "uv_kit.h"

static void on_closed(dgram_stack *stack, void *data) {
  (void)stack;
  *(size_t *)data = 1;
}

/* kit_teardown closes whatever stack is there. */
int uv_kit_setup(void **state) {
  dgram_stack_options options = {.kind = DGRAM_STACK_UV};
  size_t closed = 0;
  if (kit_setup(state) < 0) return -1;
  if (dgram_stack_close(kit.stack, on_closed, &closed) < 0) return -1;
  kit_run_until(&closed, 1);
  return dgram_uv_stack_create(&kit.loop, &options, &kit.stack);
}
