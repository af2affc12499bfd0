/* From the kernel into the stack's slots, and on to the core.
 *
 * Happy path: the socket is readable; one recvmmsg fills as many slots as there are datagrams, the
 * core is told of them all at once, and since the batch came back short the socket is empty and is
 * not asked again. A full batch is followed by the next, up to DGRAM__RECEIVE_TURN datagrams; what
 * is left then makes the socket readable in the next turn too.
 *
 * Traffic decides how: a socket that brought one datagram in each of its last turns is asked for
 * one, by the cheaper recvmsg, and now and then for a batch, to see whether that has changed. Slots
 * begin with a few and double when a batch fills them.
 *
 * Failure modes: a pending error (ICMP, on a socket that asked for them or is connected) comes
 * instead of datagrams, is told and taken with that; receiving goes on. An error that stays is told
 * some times a turn, not for ever. Memory that cannot grow stays as it is. A kernel without
 * recvmmsg is asked for single datagrams. A datagram longer than its slot is marked. */

#include <assert.h>
#include <string.h>

#include "stack/linux/linux.h"
#include "stack/linux/system.h"

/* ---- memory ---- */

static void use_memory(struct linux_receiver *receiver, void *memory, size_t slots) {
  receiver->memory = memory;
  receiver->slots = (unsigned)slots;
  for (size_t i = 0; i < slots; i++) {
    receiver->pieces[i].iov_base = receiver->memory + i * DGRAM__SLOT_SIZE;
    receiver->pieces[i].iov_len = DGRAM__SLOT_SIZE;
  }
}

void linux_stack_receiver_init(struct linux_stack *stack, const dgram_stack_options *options) {
  struct linux_receiver *receiver = &stack->receiver;
  receiver->slots_max = DGRAM__SLOTS_MAX;
  if (!options->receive_memory) return;
  size_t slots = options->receive_memory_size / DGRAM__SLOT_SIZE;
  if (slots > DGRAM__SLOTS_MAX) slots = DGRAM__SLOTS_MAX;
  receiver->borrowed = true;
  receiver->slots_max = (unsigned)slots;
  use_memory(receiver, options->receive_memory, slots);
}

void linux_stack_receiver_clear(struct linux_stack *stack) {
  if (!stack->receiver.borrowed) dgram__free(&stack->loop.base, stack->receiver.memory);
}

int linux_stack_receiver_prepare(struct linux_stack *stack) {
  if (stack->receiver.memory) return 0;
  void *memory = dgram__malloc(&stack->loop.base, (size_t)DGRAM__SLOTS_MIN * DGRAM__SLOT_SIZE);
  if (!memory) return DGRAM_ENOMEM;
  use_memory(&stack->receiver, memory, DGRAM__SLOTS_MIN);
  return 0;
}

/* Doubles the slots. Where memory is short they stay as they are, from now on: growing is no
 * need. */
static void grow(struct linux_stack *stack) {
  struct linux_receiver *receiver = &stack->receiver;
  unsigned slots = receiver->slots * 2;
  if (slots > receiver->slots_max) return;
  void *memory = dgram__malloc(&stack->loop.base, (size_t)slots * DGRAM__SLOT_SIZE);
  if (!memory) {
    receiver->slots_max = receiver->slots;
    return;
  }
  dgram__free(&stack->loop.base, receiver->memory);
  use_memory(receiver, memory, slots);
}

/* ---- from the kernel ---- */

static void prepare_header(struct linux_receiver *receiver, unsigned slot) {
  struct msghdr *header = &receiver->headers[slot].msg_hdr;
  memset(header, 0, sizeof *header);
  header->msg_name = &receiver->addresses[slot];
  header->msg_namelen = sizeof receiver->addresses[slot];
  header->msg_iov = &receiver->pieces[slot];
  header->msg_iovlen = 1;
}

/* Each returns the number of slots filled, or a code. */

static int receive_one(struct linux_endpoint *endpoint, struct linux_receiver *receiver) {
  struct mmsghdr *header = &receiver->headers[0];
  prepare_header(receiver, 0);
  endpoint->base.receive_calls++;
  int length = linux_stack_sys_recvmsg(endpoint->fd, &header->msg_hdr);
  if (length < 0) return length;
  header->msg_len = (unsigned)length;
  return 1;
}

static int receive_many(struct linux_endpoint *endpoint, struct linux_receiver *receiver,
                        unsigned slots) {
  for (unsigned i = 0; i < slots; i++)
    prepare_header(receiver, i);
  endpoint->base.receive_calls++;
  return linux_stack_sys_recvmmsg(endpoint->fd, receiver->headers, slots);
}

/* One call to the system, for up to most datagrams. *ret_empty: the socket has no more. */
static int receive_some(struct linux_endpoint *endpoint, unsigned most, bool *ret_empty) {
  struct linux_stack *stack = linux_stack_of(&endpoint->base);
  struct linux_receiver *receiver = &stack->receiver;
  if (receiver->full) grow(stack);
  receiver->full = false;
  unsigned slots = most < receiver->slots ? most : receiver->slots;
  if (slots > 1 && !stack->single_receives) {
    int count = receive_many(endpoint, receiver, slots);
    *ret_empty = count >= 0 && (unsigned)count < slots;
    receiver->full = count >= 0 && (unsigned)count == receiver->slots;
    if (count != DGRAM_ENOSYS) return count;
    stack->single_receives = true;
  }
  *ret_empty = false;
  return receive_one(endpoint, receiver);
}

/* ---- to the core ---- */

static const dgram_recv_info *read_info(struct linux_endpoint *endpoint,
                                        struct linux_receiver *receiver, unsigned slot) {
  bool truncated = receiver->headers[slot].msg_hdr.msg_flags & MSG_TRUNC;
  if (truncated) endpoint->base.truncated++;
  if (!truncated && !endpoint->tells_truncated) return NULL;
  receiver->infos[slot] =
      (dgram_recv_info){.present = DGRAM_RECV_TRUNCATED, .truncated = truncated};
  return &receiver->infos[slot];
}

/* What the kernel wrote to a slot, as a message. A slot holds one datagram; with GRO it will hold
 * many, and this is where they are split. */
static void read_slot(struct linux_endpoint *endpoint, struct linux_receiver *receiver,
                      unsigned slot) {
  const struct mmsghdr *header = &receiver->headers[slot];
  dgram_message *message = &receiver->messages[slot];
  if (header->msg_hdr.msg_namelen == 0) receiver->addresses[slot].any.sa_family = AF_UNSPEC;
  message->bytes = receiver->pieces[slot].iov_base;
  message->length = header->msg_len;
  loop_address_from_sockaddr(&receiver->addresses[slot].any, &message->from);
  message->info = read_info(endpoint, receiver, slot);
}

static void tell_received(struct linux_endpoint *endpoint, unsigned slots) {
  struct linux_receiver *receiver = &linux_stack_of(&endpoint->base)->receiver;
  for (unsigned i = 0; i < slots; i++)
    read_slot(endpoint, receiver, i);
  dgram__endpoint_received(&endpoint->base, receiver->messages, slots);
}

/* ---- a turn ---- */

/* Whether the socket is asked for one datagram, as it brought no more lately. */
static bool asks_for_one(const struct linux_endpoint *endpoint) {
  return endpoint->lone_turns >= DGRAM__LONE_TURNS && endpoint->lone_turns % DGRAM__LONE_PROBE != 0;
}

static void remember_turn(struct linux_endpoint *endpoint, unsigned received) {
  if (received == 1) endpoint->lone_turns++;
  if (received > 1) endpoint->lone_turns = 0;
}

/* Whether to ask again after a failure. An interrupted call is no news to anybody. */
static bool survives(struct linux_endpoint *endpoint, int code, unsigned *failures) {
  if (code == DGRAM_EAGAIN) return false;
  bool again = ++*failures < DGRAM__RECEIVE_ERRORS_TURN;
  if (code != DGRAM_EINTR) dgram__endpoint_receive_failed(&endpoint->base, code, "recvmsg");
  return again;
}

void linux_stack_receive(struct linux_endpoint *endpoint) {
  unsigned most = asks_for_one(endpoint) ? 1 : DGRAM__RECEIVE_TURN;
  unsigned received = 0;
  unsigned failures = 0;
  bool empty = false;
  while (received < most && !empty && endpoint->receiving) {
    int count = receive_some(endpoint, most - received, &empty);
    if (count < 0 && !survives(endpoint, count, &failures)) break;
    if (count <= 0) continue;
    received += (unsigned)count;
    tell_received(endpoint, (unsigned)count);
  }
  remember_turn(endpoint, received);
}

int linux_stack_set_recv_info(struct dgram__endpoint *base, uint32_t bits) {
  linux_endpoint_of(base)->tells_truncated = bits & DGRAM_RECV_TRUNCATED;
  return 0;
}
