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
  uint64_t to_a[3];
  uint64_t to_b[3];
  _Static_assert(sizeof to_a == sizeof a->to, "an address is three words");
  memcpy(to_a, &a->to, sizeof to_a);
  memcpy(to_b, &b->to, sizeof to_b);
  if (to_a[0] != to_b[0] || to_a[1] != to_b[1] || to_a[2] != to_b[2]) return false;
  return same_info(a->info, b->info);
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

static bool add_parts(struct linux_batch *batch, struct msghdr *header,
                      const dgram_datagram *datagram) {
  const dgram_buffer *parts = datagram->bytes;
  if (datagram->parts > DGRAM__SEND_PIECES - batch->pieces) return false;
  for (uint32_t i = 0; i < datagram->parts; i++)
    (void)add_piece(batch, header, parts[i].bytes, parts[i].length);
  return true;
}

/* The message's last piece, where it ends at these bytes; or NULL. */
static struct iovec *piece_before(struct linux_batch *batch, const struct msghdr *header,
                                  const unsigned char *bytes) {
  if (header->msg_iovlen == 0) return NULL;
  struct iovec *last = &batch->iov[batch->pieces - 1];
  return (unsigned char *)last->iov_base + last->iov_len == bytes ? last : NULL;
}

/* Behind the bytes that were packed last, so that both are one piece, unless another one stands
 * between them. */
static bool add_packed(struct linux_batch *batch, struct msghdr *header,
                       const dgram_datagram *datagram) {
  unsigned char *copy = batch->pack + batch->packed;
  struct iovec *last = piece_before(batch, header, copy);
  if (last)
    last->iov_len += datagram->length;
  else if (!add_piece(batch, header, copy, datagram->length))
    return false;
  memcpy(copy, datagram->bytes, datagram->length);
  batch->packed += datagram->length;
  return true;
}

/* How many datagrams stand one behind the other in memory, from the first on. */
static size_t run_of(dgram_datagram *list, size_t count, size_t *ret_length) {
  const unsigned char *end = (const unsigned char *)list[0].bytes + list[0].length;
  size_t n = 1;
  for (; n < count && list[n].bytes == end && list[n].parts == 0; n++) {
    list[n].result = (int32_t)list[n].length;
    end += list[n].length;
  }
  *ret_length = (size_t)(end - (const unsigned char *)list[0].bytes);
  return n;
}

/* Adds the first of so many datagrams of a message, and those that go with it; returns how many; 0:
 * there is no room. */
static size_t add_some(struct linux_batch *batch, struct msghdr *header, dgram_datagram *list,
                       size_t count, bool packs) {
  size_t length = list[0].length;
  list[0].result = (int32_t)length;
  if (list[0].parts > 0) return add_parts(batch, header, list) ? 1 : 0;
  if (length == 0) return add_piece(batch, header, NULL, 0) ? 1 : 0;
  const size_t n = run_of(list, count, &length);
  if (n == 1 && packs && length <= DGRAM__PACK_LENGTH && length <= DGRAM__PACK_SIZE - batch->packed)
    return add_packed(batch, header, list) ? 1 : 0;
  return add_piece(batch, header, list[0].bytes, length) ? n : 0;
}

/* Adds so many datagrams; returns how many there was room for. */
static size_t add_all(struct linux_batch *batch, struct msghdr *header, dgram_datagram *list,
                      size_t count) {
  size_t n = 0;
  while (n < count) {
    const size_t some = add_some(batch, header, list + n, count - n, count > 1);
    if (some == 0) break;
    n += some;
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
