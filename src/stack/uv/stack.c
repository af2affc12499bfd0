/* The stack itself: loop/ does nearly all of it. */

#include "stack/uv/uv_stack.h"

#include "stack/loop/kinds.h"

static const struct dgram__stack_ops operations = {
    .name = "uv",
    .endpoint_size = sizeof(struct uv_stack_endpoint),
    .recv_info = DGRAM_RECV_TRUNCATED,
    .run = loop_run,
    .stop = loop_stop,
    .set_alive = loop_set_alive,
    .wake = loop_wake,
    .set_alarm = loop_set_alarm,
    .now = loop_now,
    .close = loop_close,
    .print = loop_print,
    .lookup = loop_lookup,
    .cancel_lookup = loop_cancel_lookup,
    .interfaces = loop_interfaces,
    .interface_index = loop_interface_index,
    .interface_name = loop_interface_name,
    .group_interface = loop_group_interface,
    .open = uv_stack_open,
    .bind = uv_stack_bind,
    .adopt = uv_stack_adopt,
    .duplicate = uv_stack_duplicate,
    .discard = uv_stack_discard,
    .local_address = uv_stack_local_address,
    .connect = uv_stack_connect,
    .remote_address = uv_stack_remote_address,
    .receive_start = uv_stack_receive_start,
    .receive_stop = uv_stack_receive_stop,
    .set_recv_info = uv_stack_set_recv_info,
    .send = uv_stack_send,
    .set_option = uv_stack_set_option,
    .get_option = uv_stack_get_option,
    .path_mtu = uv_stack_path_mtu,
    .set_membership = uv_stack_set_membership,
    .set_multicast_interface = uv_stack_set_multicast_interface,
    .dropped = uv_stack_dropped,
    .close_endpoint = uv_stack_close_endpoint,
};

static void release(struct loop_stack *loop) {
  struct uv_stack *stack = (struct uv_stack *)loop;
  if (stack->slot_is_own) dgram__free(&loop->base, stack->slot);
}

int uv_stack_create(uv_loop_t *loop, const dgram_stack_options *options, dgram_stack **ret_stack) {
  struct loop_stack *made;
  int error = loop_stack_new(sizeof(struct uv_stack), &operations, loop, options, release, &made);
  if (error < 0) return error;
  ((struct uv_stack *)made)->slot = options->receive_memory;
  *ret_stack = &made->base;
  return 0;
}

int uv_stack_need_slot(struct uv_stack *stack) {
  if (stack->slot) return 0;
  stack->slot = dgram__malloc(&stack->loop.base, DGRAM__SLOT_SIZE);
  stack->slot_is_own = true;
  return stack->slot ? 0 : DGRAM_ENOMEM;
}
