/* The linux stack: its table of operations, and how one is made. */

#include "stack/linux/linux.h"
#include "stack/loop/kinds.h"

static const struct dgram__stack_ops linux_stack_ops = {
    .name = "linux",
    .endpoint_size = sizeof(struct linux_endpoint),
    .send_info = DGRAM_SEND_SOURCE_ADDRESS | DGRAM_SEND_INTERFACE | DGRAM_SEND_TOS,
    .recv_info = DGRAM_RECV_LOCAL_ADDRESS | DGRAM_RECV_INTERFACE | DGRAM_RECV_HOP_LIMIT |
                 DGRAM_RECV_TOS | DGRAM_RECV_TIME | DGRAM_RECV_TRUNCATED,
    .icmp_errors = true,
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
    .open = linux_stack_open,
    .bind = linux_stack_bind,
    .adopt = linux_stack_adopt,
    .duplicate = linux_stack_duplicate,
    .discard = linux_stack_discard,
    .local_address = linux_stack_local_address,
    .connect = linux_stack_connect,
    .remote_address = linux_stack_remote_address,
    .receive_start = linux_stack_receive_start,
    .receive_stop = linux_stack_receive_stop,
    .set_recv_info = linux_stack_set_recv_info,
    .send = linux_stack_send,
    .set_option = linux_stack_set_option,
    .get_option = linux_stack_get_option,
    .path_mtu = linux_stack_path_mtu,
    .set_membership = linux_stack_set_membership,
    .set_multicast_interface = linux_stack_set_multicast_interface,
    .dropped = linux_stack_dropped,
    .close_endpoint = linux_stack_close_endpoint,
    .unix_ops = &linux_stack_unix_ops,
};

static void release(struct loop_stack *loop) {
  linux_stack_receiver_clear((struct linux_stack *)loop);
  dgram__free(&loop->base, ((struct linux_stack *)loop)->paths);
}

int linux_stack_create(uv_loop_t *loop, const dgram_stack_options *options,
                       dgram_stack **ret_stack) {
  struct loop_stack *made;
  int code =
      loop_stack_new(sizeof(struct linux_stack), &linux_stack_ops, loop, options, release, &made);
  if (code < 0) return code;
  struct linux_stack *stack = (struct linux_stack *)made;
  stack->single_receives = made->disable & DGRAM_DISABLE_MMSG;
  stack->single_sends = made->disable & DGRAM_DISABLE_MMSG;
  stack->segments_max = made->disable & DGRAM_DISABLE_GSO ? 1 : 0;
  stack->no_gro = made->disable & DGRAM_DISABLE_GRO;
  stack->no_spin = made->disable & DGRAM_DISABLE_SPIN;
  linux_stack_receiver_init(stack, options);
  *ret_stack = &made->base;
  return 0;
}
