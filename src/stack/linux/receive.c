/* From the kernel into the stack's slots.
 *
 * Happy path: the socket is readable; one recvmmsg fills as many slots as there are datagrams, or
 * groups of them (GRO), the core is told of them all at once, and since the batch came back short
 * the socket is empty and is not asked again. A full batch is followed by the next, up to
 * DGRAM__RECEIVE_TURN datagrams; what is left then makes the socket readable in the next turn too.
 *
 * Traffic decides how: a socket that brought one datagram in each of its last turns is asked for
 * one, by the cheaper recvmsg, and now and then for a batch, to see whether that has changed. Slots
 * begin with a few and double when a batch fills them with little; where they hold large groups, a
 * few are as good as many.
 *
 * A socket that has been emptied may be asked again before the loop goes to sleep, some times, where
 * that has paid of late: at high rates the next datagram comes sooner than a sleeper wakes up, and
 * waking is work for the sender.
 *
 * Failure modes: a pending error (ICMP, on a socket that is connected) comes instead of datagrams,
 * is told and taken with that; receiving goes on. Of a socket that asked for ICMP's answers it is
 * only taken: the error queue tells it. An error that stays is told
 * some times, and the socket is left alone for a while (rest.c). Memory that cannot grow stays as
 * it is. A kernel without recvmmsg is asked for single datagrams. A datagram longer than its slot
 * is marked. */

#include <string.h>

#include "stack/linux/errors.h"
#include "stack/linux/linux.h"
#include "stack/linux/system.h"

/* ---- memory ---- */

/* The kernel copies faster to where a page begins. */
static unsigned char *align(void *memory) {
  const uintptr_t at = (uintptr_t)memory;
  return (unsigned char *)memory +
         (DGRAM__SLOT_ALIGNMENT - at % DGRAM__SLOT_ALIGNMENT) % DGRAM__SLOT_ALIGNMENT;
}

static void use_memory(struct linux_receiver *receiver, void *memory, dgram_message *messages,
                       size_t slots) {
  receiver->memory = memory;
  memory = receiver->borrowed ? memory : align(memory);
  receiver->messages = messages;
  receiver->slots = (unsigned)slots;
  for (size_t i = 0; i < slots; i++) {
    receiver->pieces[i].iov_base = (unsigned char *)memory + i * DGRAM__SLOT_SIZE;
    receiver->pieces[i].iov_len = DGRAM__SLOT_SIZE;
  }
}

void linux_stack_receiver_init(struct linux_stack *stack, const dgram_stack_options *options) {
  struct linux_receiver *receiver = &stack->receiver;
  receiver->slots_max = DGRAM__SLOTS_MAX;
  if (!options->receive_memory) return;
  size_t slots = options->receive_memory_size / DGRAM__SLOT_SIZE;
  if (slots > DGRAM__SLOTS_MAX) slots = DGRAM__SLOTS_MAX;
  receiver->borrowed = options->receive_memory;
  receiver->slots_max = (unsigned)slots;
}

void linux_stack_receiver_clear(struct linux_stack *stack) {
  struct linux_receiver *receiver = &stack->receiver;
  dgram__free(&stack->loop.base, receiver->messages);
  if (!receiver->borrowed) dgram__free(&stack->loop.base, receiver->memory);
}

/* Moves to other memory, of so many slots. DGRAM_ENOMEM: nothing has changed. */
static int resize(struct linux_stack *stack, unsigned slots) {
  struct linux_receiver *receiver = &stack->receiver;
  dgram_stack *base = &stack->loop.base;
  void *memory = receiver->borrowed;
  dgram_message *messages =
      dgram__malloc(base, (size_t)slots * DGRAM__SEGMENTS_MAX * sizeof *messages);
  if (!messages) return DGRAM_ENOMEM;
  if (!memory) memory = dgram__malloc(base, slots * DGRAM__SLOT_SIZE + DGRAM__SLOT_ALIGNMENT);
  if (!memory) {
    dgram__free(base, messages);
    return DGRAM_ENOMEM;
  }
  linux_stack_receiver_clear(stack);
  use_memory(receiver, memory, messages, slots);
  return 0;
}

int linux_stack_receiver_prepare(struct linux_stack *stack) {
  struct linux_receiver *receiver = &stack->receiver;
  if (receiver->memory) return 0;
  return resize(stack, receiver->borrowed ? receiver->slots_max : DGRAM__SLOTS_MIN);
}

/* Doubles the slots. Where memory is short they stay as they are, from now on: growing is no
 * need. */
static void grow(struct linux_stack *stack) {
  struct linux_receiver *receiver = &stack->receiver;
  unsigned slots = receiver->slots * 2;
  if (slots > receiver->slots_max) return;
  if (resize(stack, slots) < 0) receiver->slots_max = receiver->slots;
}

/* ---- from the kernel ---- */

/* Who sends by unix sockets may send descriptors along: without room for them they are closed. */
static void prepare_unix_header(struct linux_endpoint *endpoint, struct msghdr *header,
                                unsigned slot) {
  header->msg_name = &linux_stack_of(&endpoint->base)->paths->from[slot];
  header->msg_namelen = sizeof(struct sockaddr_un);
  header->msg_control = NULL;
  header->msg_controllen = 0;
}

static void prepare_header(struct linux_endpoint *endpoint, struct linux_receiver *receiver,
                           unsigned slot) {
  struct msghdr *header = &receiver->headers[slot].msg_hdr;
  memset(header, 0, sizeof *header);
  header->msg_name = &receiver->addresses[slot];
  header->msg_namelen = sizeof receiver->addresses[slot];
  header->msg_iov = &receiver->pieces[slot];
  header->msg_iovlen = 1;
  header->msg_control = &receiver->controls[slot];
  header->msg_controllen = sizeof receiver->controls[slot];
  if (linux_stack_is_unix(endpoint)) prepare_unix_header(endpoint, header, slot);
}

/* Each returns the number of slots filled, or a code. */

static int receive_one(struct linux_endpoint *endpoint, struct linux_receiver *receiver) {
  struct mmsghdr *header = &receiver->headers[0];
  prepare_header(endpoint, receiver, 0);
  endpoint->base.receive_calls++;
  int length = linux_stack_sys_recvmsg(endpoint->fd, &header->msg_hdr);
  if (length < 0) return length;
  header->msg_len = (unsigned)length;
  return 1;
}

static int receive_many(struct linux_endpoint *endpoint, struct linux_receiver *receiver,
                        unsigned slots) {
  for (unsigned i = 0; i < slots; i++)
    prepare_header(endpoint, receiver, i);
  endpoint->base.receive_calls++;
  return linux_stack_sys_recvmmsg(endpoint->fd, receiver->headers, slots);
}

/* How many slots a call is given, for up to most datagrams of a socket whose slots held several of
 * late. Where they hold large groups one is best: its memory stays in the cache. */
static unsigned slots_for(struct linux_endpoint *endpoint, unsigned most) {
  unsigned slots = linux_stack_of(&endpoint->base)->receiver.slots;
  unsigned wanted = most < DGRAM__RECEIVE_BATCH ? most : DGRAM__RECEIVE_BATCH;
  unsigned enough = wanted / (endpoint->per_slot > 0 ? endpoint->per_slot : 1);
  if (enough == 0) enough = 1;
  return enough < slots ? enough : slots;
}

/* One call to the system, for up to so many slots. *ret_empty: the socket has no more. */
static int receive_some(struct linux_endpoint *endpoint, unsigned slots, bool *ret_empty) {
  struct linux_stack *stack = linux_stack_of(&endpoint->base);
  if (slots > 1 && !stack->single_receives && !endpoint->no_batches) {
    int count = receive_many(endpoint, &stack->receiver, slots);
    *ret_empty = count >= 0 && (unsigned)count < slots;
    if (count != DGRAM_ENOSYS) return count;
    stack->single_receives = true;
  }
  *ret_empty = false;
  return receive_one(endpoint, &stack->receiver);
}

/* Tells what so many slots hold, and remembers how much that was. */
static unsigned tell(struct linux_endpoint *endpoint, unsigned slots) {
  struct linux_receiver *receiver = &linux_stack_of(&endpoint->base)->receiver;
  unsigned datagrams = linux_stack_tell_received(endpoint, slots);
  unsigned per_slot = datagrams / slots;
  endpoint->per_slot = (uint8_t)(per_slot < UINT8_MAX ? per_slot : UINT8_MAX);
  receiver->full = slots == receiver->slots && datagrams < DGRAM__RECEIVE_BATCH;
  return datagrams;
}

/* ---- until it is empty ---- */

/* What a turn of the loop has brought so far. */
struct turn {
  struct linux_endpoint *endpoint;
  unsigned received; /* datagrams */
  unsigned failures;
  unsigned absorbed; /* those beside them that belong to datagrams sent before */
};

/* Whether the socket is asked for one datagram, as it brought no more lately. */
static bool asks_for_one(const struct linux_endpoint *endpoint) {
  return endpoint->lone_turns >= DGRAM__LONE_TURNS && endpoint->lone_turns % DGRAM__LONE_PROBE != 0;
}

static void remember(struct linux_endpoint *endpoint, unsigned received) {
  if (received == 1) endpoint->lone_turns++;
  if (received > 1) endpoint->lone_turns = 0;
}

/* Whether to ask again after a failure. An interrupted call is no news to anybody. */
static bool survives(struct turn *turn, int code) {
  struct linux_endpoint *endpoint = turn->endpoint;
  enum linux_action action = linux_stack_action(LINUX_RECEIVE, code);
  if (action == LINUX_WAIT) return false;
  if (linux_stack_absorbs(endpoint, code)) return ++turn->absorbed < DGRAM__RETRIES_MAX;
  bool again = ++turn->failures < DGRAM__RECEIVE_ERRORS_TURN;
  if (action != LINUX_REPEAT) dgram__endpoint_receive_failed(&endpoint->base, code, "recvmsg");
  return again;
}

/* Receives and tells until the socket is empty, or seems to be, as far as the turn allows. Returns
 * how many datagrams that were. */
static unsigned drain(struct turn *turn) {
  struct linux_endpoint *endpoint = turn->endpoint;
  struct linux_receiver *receiver = &linux_stack_of(&endpoint->base)->receiver;
  unsigned most = asks_for_one(endpoint) ? 1 : DGRAM__RECEIVE_TURN - turn->received;
  unsigned received = 0;
  bool empty = false;
  while (received < most && !empty && endpoint->receiving) {
    if (receiver->full) grow(linux_stack_of(&endpoint->base));
    receiver->full = false;
    int count = receive_some(endpoint, slots_for(endpoint, most - received), &empty);
    if (count < 0 && !survives(turn, count)) break;
    if (count > 0) received += tell(endpoint, (unsigned)count);
  }
  remember(endpoint, received);
  turn->received += received;
  return received;
}

/* ---- asking an empty socket again ---- */

/* Asking costs the program a little and others nothing, as long as the loop has nothing else to do:
 * no socket of the stack took turns with this one, and the loop would sleep now. */
static bool may_spin(const struct turn *turn) {
  struct linux_endpoint *endpoint = turn->endpoint;
  if (turn->failures > 0 || turn->absorbed > 0) return false;
  return endpoint->receiving && turn->received < DGRAM__RECEIVE_TURN &&
         uv_backend_timeout(loop_stack_of(endpoint->base.stack)->loop) != 0;
}

/* How often in a row the socket is now asked in vain. Where it does not pay that is tried seldom. */
static unsigned spins_of(struct linux_endpoint *endpoint) {
  if (endpoint->spins > 0 || ++endpoint->unspun_turns % DGRAM__SPIN_PROBE != 0)
    return endpoint->spins;
  return DGRAM__SPINS_MAX;
}

/* Twice as often where a datagram came meanwhile, half as often where none did. */
static void spin(struct turn *turn) {
  unsigned limit = spins_of(turn->endpoint);
  unsigned vain = 0; /* in a row */
  unsigned all = 0;
  while (vain < limit && all < DGRAM__SPINS_TURN && may_spin(turn)) {
    if (drain(turn) > 0) {
      limit = limit * 2 < DGRAM__SPINS_MAX ? limit * 2 : DGRAM__SPINS_MAX;
      turn->endpoint->spins = limit & 0xf; /* it has four bits */
      vain = 0;
    } else {
      vain++;
      all++;
    }
  }
  if (vain == limit) turn->endpoint->spins = turn->endpoint->spins / 2u & 0xf;
}

/* ---- a turn ---- */

void linux_stack_receive(struct linux_endpoint *endpoint) {
  struct linux_stack *stack = linux_stack_of(&endpoint->base);
  struct turn turn = {.endpoint = endpoint};
  if (drain(&turn) > 0 && stack->receiver.latest == endpoint && !stack->no_spin) spin(&turn);
  if (turn.received > 0) stack->receiver.latest = endpoint;
  if (turn.failures >= DGRAM__RECEIVE_ERRORS_TURN && turn.received == 0 && endpoint->fd >= 0)
    linux_stack_rest_receiving(endpoint);
}
