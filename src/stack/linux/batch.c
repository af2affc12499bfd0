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

static bool same_way(const dgram_datagram *a, const dgram_datagram *b) {
  return memcmp(&a->to, &b->to, sizeof a->to) == 0 && same_info(a->info, b->info);
}

/* How many datagrams at the front of the list may leave as one; 1 or more. */
static size_t group_of(const dgram_datagram *list, size_t count,
                       const struct linux_grouping *grouping) {
  const size_t length = list[0].length;
  size_t bytes = length;
  size_t most = grouping->segments < count ? grouping->segments : count;
  size_t n = 1;
  if (length == 0 || length > grouping->length) return 1;
  while (n < most && list[n - 1].length == length) {
    const dgram_datagram *next = &list[n];
    if (next->length == 0 || next->length > length || !same_way(list, next)) break;
    bytes += next->length;
    if (bytes > DGRAM__GROUP_BYTES) break;
    n++;
  }
  return n;
}

/* ---- pieces ---- */

/* Next to the last piece of the same message: that one grows. */
static bool extend(struct linux_batch *batch, const struct msghdr *header, const void *bytes,
                   size_t length) {
  if (header->msg_iovlen == 0) return false;
  struct iovec *last = &batch->iov[batch->pieces - 1];
  if ((unsigned char *)last->iov_base + last->iov_len != bytes) return false;
  last->iov_len += length;
  return true;
}

static bool add_piece(struct linux_batch *batch, struct msghdr *header, const void *bytes,
                      size_t length) {
  if (extend(batch, header, bytes, length)) return true;
  if (batch->pieces == DGRAM__SEND_PIECES) return false;
  batch->iov[batch->pieces++] = (struct iovec){(void *)bytes, length};
  header->msg_iovlen++;
  return true;
}

static bool add_packed(struct linux_batch *batch, struct msghdr *header, const void *bytes,
                       size_t length) {
  if (extend(batch, header, bytes, length)) return true;
  if (length > DGRAM__PACK_LENGTH || length > DGRAM__PACK_SIZE - batch->packed)
    return add_piece(batch, header, bytes, length);
  unsigned char *copy = batch->pack + batch->packed;
  if (!add_piece(batch, header, copy, length)) return false;
  memcpy(copy, bytes, length);
  batch->packed += length;
  return true;
}

static bool add_parts(struct linux_batch *batch, struct msghdr *header,
                      const dgram_datagram *datagram) {
  const dgram_buffer *parts = datagram->bytes;
  if (datagram->parts > DGRAM__SEND_PIECES - batch->pieces) return false;
  for (uint32_t i = 0; i < datagram->parts; i++)
    (void)add_piece(batch, header, parts[i].bytes, parts[i].length);
  return true;
}

static bool add(struct linux_batch *batch, struct msghdr *header, const dgram_datagram *datagram,
                bool pack) {
  if (datagram->parts > 0) return add_parts(batch, header, datagram);
  if (pack) return add_packed(batch, header, datagram->bytes, datagram->length);
  return add_piece(batch, header, datagram->bytes, datagram->length);
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
static size_t add_message(struct linux_batch *batch, const dgram_datagram *list, size_t count,
                          const struct linux_grouping *grouping) {
  const size_t most = grouping->segments > 1 ? group_of(list, count, grouping) : 1;
  struct msghdr *header = &batch->headers[batch->messages].msg_hdr;
  size_t n = 0;
  memset(header, 0, sizeof *header);
  header->msg_iov = &batch->iov[batch->pieces];
  while (n < most && add(batch, header, &list[n], most > 1))
    n++;
  if (n == 0) return 0;
  header->msg_name = &batch->addresses[batch->messages];
  header->msg_namelen = loop_address_to_sockaddr(&list[0].to, &batch->addresses[batch->messages]);
  if (n > 1) say_segment(batch, header, list[0].length);
  batch->counts[batch->messages++] = (uint16_t)n;
  return n;
}

void linux_stack_batch_fill(struct linux_batch *batch, const dgram_datagram *list, size_t count,
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
