/* From what the kernel wrote to messages, and on to the core.
 *
 * With GRO a slot holds datagrams of one sender and one length, the last of which may be shorter,
 * next to each other; a control message says the length. They are split where they lie, without
 * copying, and share the info that came with the slot. */

#include "stack/linux/control.h"
#include "stack/linux/linux.h"

/* A slot being split. */
struct slot {
  const unsigned char *bytes;
  size_t left;
  size_t segment; /* bytes of each datagram but the last */
  dgram_address from;
  const dgram_recv_info *info; /* with each but the last */
  const dgram_recv_info *last_info;
};

/* A slot that was too short lost the end of its last datagram, which is told unasked. */
static void mark_truncated(struct linux_endpoint *endpoint, dgram_recv_info *infos,
                           struct slot *slot) {
  endpoint->base.truncated++;
  infos[1] = slot->info ? *slot->info : (dgram_recv_info){0};
  infos[1].present |= DGRAM_RECV_TRUNCATED;
  infos[1].truncated = true;
  slot->last_info = &infos[1];
}

/* Of what the kernel tells only that which was asked for: an adopted descriptor may tell more. */
static void read_control(struct linux_endpoint *endpoint, const struct msghdr *header,
                         dgram_recv_info *infos, struct slot *slot) {
  const bool asked = endpoint->recv_info != 0;
  slot->segment = linux_stack_control_read(header, asked ? &infos[0] : NULL);
  if (slot->segment == 0 || slot->segment > slot->left) slot->segment = slot->left;
  slot->info = slot->last_info = asked ? &infos[0] : NULL;
  if (asked) {
    infos[0].present = (infos[0].present | DGRAM_RECV_TRUNCATED) & endpoint->recv_info;
    infos[0].local_address.port = endpoint->port;
  }
  if (header->msg_flags & MSG_TRUNC) mark_truncated(endpoint, infos, slot);
}

/* It holds one datagram. */
static void read_unix(struct linux_endpoint *endpoint, struct linux_receiver *receiver,
                      unsigned index, struct slot *slot) {
  dgram_recv_info *infos = receiver->infos[index];
  slot->from = (dgram_address){.family = DGRAM_UNIX};
  slot->segment = slot->left;
  slot->info = slot->last_info = &infos[0];
  linux_stack_unix_tell_sender(endpoint, index, &infos[0]);
  if (receiver->headers[index].msg_hdr.msg_flags & MSG_TRUNC) mark_truncated(endpoint, infos, slot);
}

static void read_slot(struct linux_endpoint *endpoint, struct linux_receiver *receiver,
                      unsigned index, struct slot *slot) {
  struct mmsghdr *header = &receiver->headers[index];
  slot->bytes = receiver->pieces[index].iov_base;
  slot->left = header->msg_len;
  if (linux_stack_is_unix(endpoint)) {
    read_unix(endpoint, receiver, index, slot);
    return;
  }
  if (header->msg_hdr.msg_namelen == 0) receiver->addresses[index].any.sa_family = AF_UNSPEC;
  loop_address_from_sockaddr(&receiver->addresses[index].any, &slot->from);
  read_control(endpoint, &header->msg_hdr, receiver->infos[index], slot);
}

/* Writes up to `room` messages and returns how many; what is left of the slot stays in it. An empty
 * slot is an empty datagram. */
static size_t split(struct slot *slot, dgram_message *messages, size_t room) {
  size_t n = 0;
  do {
    bool last = slot->left <= slot->segment;
    dgram_message *message = &messages[n++];
    message->bytes = slot->bytes;
    message->length = last ? slot->left : slot->segment;
    message->from = slot->from;
    message->info = last ? slot->last_info : slot->info;
    slot->bytes += message->length;
    slot->left -= message->length;
  } while (slot->left > 0 && n < room);
  return n;
}

unsigned linux_stack_tell_received(struct linux_endpoint *endpoint, unsigned slots) {
  struct linux_receiver *receiver = &linux_stack_of(&endpoint->base)->receiver;
  const size_t room = (size_t)receiver->slots * DGRAM__SEGMENTS_MAX;
  unsigned total = 0;
  size_t n = 0;
  for (unsigned i = 0; i < slots; i++) {
    struct slot slot;
    read_slot(endpoint, receiver, i, &slot);
    do {
      if (n == room) {
        dgram__endpoint_received(&endpoint->base, receiver->messages, n);
        if (endpoint->fd < 0) return total;
        n = 0;
      }
      size_t more = split(&slot, receiver->messages + n, room - n);
      total += (unsigned)more;
      n += more;
    } while (slot.left > 0);
  }
  dgram__endpoint_received(&endpoint->base, receiver->messages, n);
  return total;
}
