/* From datagrams to messages.
 *
 * The bytes of a group are gathered by the kernel from any number of pieces, but a piece costs more
 * than copying a short payload. So payloads that stand next to each other in memory are one piece
 * (those that the core has copied do), short ones are packed, and long ones are pieces. */

#include "stack/linux/batch.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>

#include "core/run.h"

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

/* ---- groups ---- */

static uint32_t set_of(const dgram_send_info *info) {
  return info ? info->set : 0;
}

/* Whether both ask for the same. A port that differs, which means nothing, parts them all the
 * same. */
static bool same_info(const dgram_send_info *a, const dgram_send_info *b) {
  const uint32_t set = set_of(a);
  if (a == b || (set | set_of(b)) == 0) return true;
  if (set != set_of(b)) return false;
  if ((set & DGRAM_SEND_TOS) && a->tos != b->tos) return false;
  if ((set & DGRAM_SEND_INTERFACE) && a->interface_index != b->interface_index) return false;
  return !(set & DGRAM_SEND_SOURCE_ADDRESS) ||
         memcmp(&a->source_address, &b->source_address, sizeof a->source_address) == 0;
}

static bool same_way(const dgram_datagram *a, const dgram_datagram *b) {
  return memcmp(&a->to, &b->to, sizeof a->to) == 0 && same_info(a->info, b->info);
}

static bool goes_on(const dgram_datagram *first, const dgram_datagram *next) {
  return next->length == first->length && same_way(first, next);
}

/* Whether the one after n that are alike may be the group's last, which may be shorter. */
static bool ends(const dgram_datagram *list, size_t n) {
  const dgram_datagram *last = &list[n];
  if (last->length == 0 || last->length >= list[0].length) return false;
  return n * list[0].length + last->length <= DGRAM__GROUP_BYTES && same_way(&list[0], last);
}

/* ---- pieces ---- */

/* Bytes that begin where the message's last piece ends make it longer. False: there is no room. */
static bool add_bytes(struct linux_batch *batch, struct msghdr *header, const void *bytes,
                      size_t length) {
  if (header->msg_iovlen > 0) {
    struct iovec *last = &batch->iov[batch->pieces - 1];
    if ((unsigned char *)last->iov_base + last->iov_len == bytes) {
      last->iov_len += length;
      return true;
    }
  }
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
    (void)add_bytes(batch, header, parts[i].bytes, parts[i].length);
  return true;
}

static bool add_packed(struct linux_batch *batch, struct msghdr *header,
                       const dgram_datagram *datagram) {
  unsigned char *copy = batch->pack + batch->packed;
  if (!add_bytes(batch, header, copy, datagram->length)) return false;
  memcpy(copy, datagram->bytes, datagram->length);
  batch->packed += datagram->length;
  return true;
}

static bool is_packable(const struct linux_batch *batch, size_t length) {
  return length <= DGRAM__PACK_LENGTH && length <= DGRAM__PACK_SIZE - batch->packed;
}

/* Adds one datagram of whatever kind. False: there is no room. */
static bool add_one(struct linux_batch *batch, struct msghdr *header, dgram_datagram *datagram,
                    bool packs) {
  datagram->result = (int32_t)datagram->length;
  if (datagram->parts > 0) return add_parts(batch, header, datagram);
  if (packs && is_packable(batch, datagram->length)) return add_packed(batch, header, datagram);
  return add_bytes(batch, header, datagram->bytes, datagram->length);
}

/* ---- messages ---- */

/* Adds datagrams that are alike, from the front, up to so many; returns how many. `run`: so many are
 * known to be one. */
static size_t add_alike(struct linux_batch *batch, struct msghdr *header, dgram_datagram *list,
                        size_t most, size_t run) {
  size_t n = 0;
  while (n < most && goes_on(&list[0], &list[n])) {
    const size_t some = n < run ? smaller(run, most) - n : dgram__run_of(list + n, most - n);
    if (some == 1 && !add_one(batch, header, &list[n], true)) break;
    if (some > 1 && !add_bytes(batch, header, list[n].bytes, some * list[n].length)) break;
    n += some;
  }
  return n;
}

/* Adds a group where the first datagrams make one. Returns how many went into the message; 0: there
 * is no room for any. */
static size_t add_group(struct linux_batch *batch, struct msghdr *header, dgram_datagram *list,
                        size_t count, size_t run, const struct linux_grouping *grouping) {
  const size_t length = list[0].length;
  const size_t limit = smaller(grouping->segments, count);
  if (limit == 1 || length == 0 || length > grouping->length || length > DGRAM__GROUP_BYTES)
    return add_one(batch, header, list, false) ? 1 : 0;
  const size_t most = smaller(limit, DGRAM__GROUP_BYTES / length);
  if (!(most > 1 && goes_on(&list[0], &list[1])) && !ends(list, 1))
    return add_one(batch, header, list, false) ? 1 : 0;
  size_t n = add_alike(batch, header, list, most, run);
  if (n > 0 && n < limit && ends(list, n) && add_one(batch, header, &list[n], true)) n++;
  return n;
}

/* Of a segment's length the kernel insists on 16 bits (__udp_cmsg_send). */
static void say_segment(struct msghdr *header, size_t length) {
  const uint16_t segment = (uint16_t)length;
  linux_stack_control_put(header, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment);
}

/* What the kernel is told beside so many datagrams; mostly nothing. */
static void say_control(struct linux_batch *batch, struct msghdr *header,
                        const dgram_datagram *list, size_t n, enum linux_destination peer) {
  const dgram_send_info *info = list[0].info;
  if (n == 1 && set_of(info) == 0) return;
  if (list[0].to.family != 0) peer = linux_stack_destination_of(&list[0].to);
  header->msg_control = batch->controls[batch->messages].bytes;
  if (n > 1) say_segment(header, list[0].length);
  if (info) linux_stack_control_put_info(header, info, peer);
}

static void say_path(struct msghdr *header, const dgram_datagram *datagram,
                     struct sockaddr_un *name) {
  if (datagram->to.family == 0) return;
  header->msg_name = name;
  header->msg_namelen = linux_path_write(datagram->info->path, name);
}

/* Returns how many datagrams went into the message; 0: there is no room for any. */
static size_t add_message(struct linux_batch *batch, dgram_datagram *list, size_t count, size_t run,
                          const struct linux_grouping *grouping) {
  struct msghdr *header = &batch->headers[batch->messages].msg_hdr;
  memset(header, 0, sizeof *header);
  header->msg_iov = &batch->iov[batch->pieces];
  const size_t n = add_group(batch, header, list, count, run, grouping);
  if (n == 0) return 0;
  /* To the peer its length is 0, which is as good as none. */
  if (grouping->paths) {
    assert(n == 1); /* neighbours may have other paths */
    say_path(header, &list[0], &grouping->paths[batch->messages]);
  } else {
    header->msg_name = &batch->addresses[batch->messages];
    header->msg_namelen = loop_address_to_sockaddr(&list[0].to, header->msg_name);
    say_control(batch, header, list, n, grouping->peer);
  }
  batch->bytes[batch->messages] = (uint32_t)((n - 1) * list[0].length + list[n - 1].length);
  batch->counts[batch->messages++] = (uint16_t)n;
  return n;
}

void linux_stack_batch_fill(struct linux_batch *batch, dgram_datagram *list, size_t count,
                            size_t run, const struct linux_grouping *grouping) {
  batch->messages = 0;
  batch->datagrams = 0;
  batch->pieces = 0;
  batch->packed = 0;
  while (batch->datagrams < count && batch->messages < grouping->messages) {
    const unsigned done = batch->datagrams;
    const size_t n =
        add_message(batch, list + done, count - done, run > done ? run - done : 0, grouping);
    if (n == 0) return;
    batch->datagrams += (unsigned)n;
  }
}
