/* From datagrams to messages.
 *
 * The bytes of a group are gathered by the kernel from any number of pieces, but a piece costs more
 * than copying a short payload. So payloads that stand next to each other in memory are one piece
 * (those that the core has copied do), short ones are packed, and long ones are pieces. */

#include "stack/linux/batch.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

/* ---- groups ---- */

static bool same_info(const dgram_send_info *a, const dgram_send_info *b) {
  if (a == b) return true;
  return a && b && memcmp(a, b, sizeof *a) == 0;
}

static inline bool same_way(const dgram_datagram *a, const dgram_datagram *b) {
  return memcmp(&a->to, &b->to, sizeof a->to) == 0 && same_info(a->info, b->info);
}

/* The last datagram of a group may be shorter. */
static bool may_end(const dgram_datagram *list, size_t n, const dgram_datagram *last) {
  const size_t length = list[0].length;
  if (last->length == 0 || last->length >= length) return false;
  return n * length + last->length <= DGRAM__GROUP_BYTES && same_way(list, last);
}

/* How many datagrams at the front of the list may leave as one; 1 or more. */
static size_t group_of(const dgram_datagram *list, size_t count,
                       const struct linux_grouping *grouping) {
  const size_t length = list[0].length;
  const size_t limit = grouping->segments < count ? grouping->segments : count;
  size_t most = DGRAM__GROUP_BYTES / (length > 0 ? length : 1);
  size_t n = 1;
  if (length == 0 || length > grouping->length) return 1;
  if (most > limit) most = limit;
  while (n < most && list[n].length == length && same_way(list, &list[n]))
    n++;
  return n < limit && may_end(list, n, &list[n]) ? n + 1 : n;
}

/* ---- pieces ---- */

static bool add_piece(struct linux_batch *batch, struct msghdr *header, const void *bytes,
                      size_t length) {
  if (batch->pieces == DGRAM__SEND_PIECES) return false;
  batch->iov[batch->pieces++] = (struct iovec){(void *)bytes, length};
  header->msg_iovlen++;
  return true;
}

static const void *pack(struct linux_batch *batch, const void *bytes, size_t length) {
  void *copy = batch->pack + batch->packed;
  batch->packed += length;
  return memcpy(copy, bytes, length);
}

static bool add_parts(struct linux_batch *batch, struct msghdr *header,
                      const dgram_datagram *datagram) {
  const dgram_buffer *parts = datagram->bytes;
  if (datagram->parts > DGRAM__SEND_PIECES - batch->pieces) return false;
  for (uint32_t i = 0; i < datagram->parts; i++)
    (void)add_piece(batch, header, parts[i].bytes, parts[i].length);
  return true;
}

/* The piece that grows: the message's last, where it is one of a payload in one piece. */
struct run {
  const unsigned char *end; /* what follows it in memory; NULL: there is none */
  struct iovec *piece;
};

static bool add(struct linux_batch *batch, struct msghdr *header, const dgram_datagram *datagram,
                bool may_pack, struct run *run) {
  const void *bytes = datagram->bytes;
  const size_t length = datagram->length;
  if (datagram->parts > 0) {
    run->end = NULL;
    return add_parts(batch, header, datagram);
  }
  if (may_pack && length <= DGRAM__PACK_LENGTH && length <= DGRAM__PACK_SIZE - batch->packed)
    bytes = pack(batch, bytes, length);
  if (run->end && bytes == run->end) {
    run->piece->iov_len += length;
  } else {
    if (!add_piece(batch, header, bytes, length)) return false;
    run->piece = &batch->iov[batch->pieces - 1];
  }
  run->end = (const unsigned char *)bytes + length;
  return true;
}

static bool follows(const dgram_datagram *datagram, const void *end) {
  return end && datagram->bytes == end && datagram->parts == 0;
}

/* Packed is what the next one does not stand behind. */
static bool is_followed(const dgram_datagram *list, size_t count) {
  return count > 1 && follows(&list[1], (const unsigned char *)list[0].bytes + list[0].length);
}

/* Adds so many datagrams; returns how many there was room for. */
static size_t add_all(struct linux_batch *batch, struct msghdr *header, dgram_datagram *list,
                      size_t count) {
  struct run run = {0};
  size_t n = 0;
  while (n < count) {
    if (follows(&list[n], run.end)) {
      run.piece->iov_len += list[n].length;
      run.end += list[n].length;
    } else {
      const bool may_pack = count > 1 && !is_followed(&list[n], count - n);
      if (!add(batch, header, &list[n], may_pack, &run)) break;
    }
    list[n].result = (int32_t)list[n].length;
    n++;
  }
  return n;
}

/* ---- messages ---- */

static void say_segment(struct linux_batch *batch, struct msghdr *header, size_t length) {
  const uint16_t segment = (uint16_t)length;
  header->msg_control = batch->controls[batch->messages].bytes;
  header->msg_controllen = sizeof batch->controls[batch->messages].bytes;
  struct cmsghdr *control = CMSG_FIRSTHDR(header);
  control->cmsg_level = IPPROTO_UDP;
  control->cmsg_type = UDP_SEGMENT;
  control->cmsg_len = CMSG_LEN(sizeof segment);
  memcpy(CMSG_DATA(control), &segment, sizeof segment);
}

/* Returns how many datagrams went into the message; 0: there is no room for any. */
static size_t add_message(struct linux_batch *batch, dgram_datagram *list, size_t count,
                          const struct linux_grouping *grouping) {
  const size_t most = grouping->segments > 1 ? group_of(list, count, grouping) : 1;
  struct msghdr *header = &batch->headers[batch->messages].msg_hdr;
  memset(header, 0, sizeof *header);
  header->msg_iov = &batch->iov[batch->pieces];
  const size_t n = add_all(batch, header, list, most);
  if (n == 0) return 0;
  header->msg_name = &batch->addresses[batch->messages];
  header->msg_namelen = loop_address_to_sockaddr(&list[0].to, &batch->addresses[batch->messages]);
  if (n > 1) say_segment(batch, header, list[0].length);
  batch->bytes[batch->messages] = (uint32_t)((n - 1) * list[0].length + list[n - 1].length);
  batch->counts[batch->messages++] = (uint16_t)n;
  return n;
}

void linux_stack_batch_fill(struct linux_batch *batch, dgram_datagram *list, size_t count,
                            const struct linux_grouping *grouping) {
  batch->messages = 0;
  batch->datagrams = 0;
  batch->pieces = 0;
  batch->packed = 0;
  while (batch->datagrams < count && batch->messages < grouping->messages) {
    const unsigned done = batch->datagrams;
    const size_t n = add_message(batch, list + done, count - done, grouping);
    if (n == 0) return;
    batch->datagrams += (unsigned)n;
  }
}
