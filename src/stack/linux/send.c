/* From the core to the kernel.
 *
 * Happy path: datagrams leave in batches by sendmmsg, a lone one by the cheaper sendmsg, until all
 * are dealt with or the socket takes no more (EAGAIN); then writability is waited for.
 *
 * Failure modes. sendmmsg stops at the first datagram that fails; where others went before it, it
 * says their number and hides the error, which comes again in the next call, for the datagram that
 * is then first. So a code always belongs to the first one of a call: it fails, and the rest goes
 * on. But some errors belong to nobody in the call: ICMP has answered an earlier datagram, the
 * kernel hands that out once, and the datagram in hand has not been sent; it is tried once more.
 * ENOBUFS is the end of a datagram and not a reason to wait: the socket stays writable, so waiting
 * would spin. A kernel (or a seccomp filter) without sendmmsg is given single datagrams. */

#include <string.h>

#include "stack/linux/linux.h"
#include "stack/linux/system.h"

/* What sendmmsg reads: uninitialised but for the first `count` of everything. */
struct batch {
  unsigned count;  /* messages */
  unsigned pieces; /* used */
  struct mmsghdr headers[DGRAM__SEND_BATCH];
  union loop_sockaddr addresses[DGRAM__SEND_BATCH];
  struct iovec iov[DGRAM__SEND_PIECES];
};

/* ---- filling a message ---- */

static size_t pieces_of(const dgram_datagram *datagram) {
  return datagram->parts == 0 ? 1 : datagram->parts;
}

static size_t fill_pieces(const dgram_datagram *datagram, struct iovec *iov) {
  if (datagram->parts == 0) {
    *iov = (struct iovec){(void *)datagram->bytes, datagram->length};
    return 1;
  }
  const dgram_buffer *parts = datagram->bytes;
  for (uint32_t i = 0; i < datagram->parts; i++)
    iov[i] = (struct iovec){(void *)parts[i].bytes, parts[i].length};
  return datagram->parts;
}

static void fill_header(const dgram_datagram *datagram, struct msghdr *header,
                        union loop_sockaddr *address, struct iovec *iov) {
  memset(header, 0, sizeof *header);
  header->msg_name = address;
  header->msg_namelen = loop_address_to_sockaddr(&datagram->to, address);
  header->msg_iov = iov;
  header->msg_iovlen = fill_pieces(datagram, iov);
}

/* ---- one call ---- */

/* Each returns how many datagrams were sent, at least 1, with their results; or the code of the
 * first. */

static int send_one(struct linux_endpoint *endpoint, dgram_datagram *datagram) {
  union loop_sockaddr address;
  struct iovec iov[DGRAM__PARTS_MAX];
  struct msghdr header;
  fill_header(datagram, &header, &address, iov);
  endpoint->base.send_calls++;
  int sent = linux_stack_sys_sendmsg(endpoint->fd, &header);
  if (sent < 0) return sent;
  datagram->result = sent;
  return 1;
}

/* Packs datagrams from the front while there is room, one to a message. GSO will group neighbours
 * with one destination, equal info and equal length here, and their results in take_results. */
static void fill_batch(struct batch *batch, const dgram_datagram *list, size_t count) {
  batch->count = 0;
  batch->pieces = 0;
  while (batch->count < count && batch->count < DGRAM__SEND_BATCH) {
    const dgram_datagram *datagram = &list[batch->count];
    if (batch->pieces + pieces_of(datagram) > DGRAM__SEND_PIECES) return;
    struct msghdr *header = &batch->headers[batch->count].msg_hdr;
    fill_header(datagram, header, &batch->addresses[batch->count], &batch->iov[batch->pieces]);
    batch->pieces += (unsigned)header->msg_iovlen;
    batch->count++;
  }
}

static void take_results(const struct batch *batch, dgram_datagram *list, int sent) {
  for (int i = 0; i < sent; i++)
    list[i].result = (int32_t)batch->headers[i].msg_len;
}

/* A call that sent nothing and has no error to show is as good as EAGAIN: nobody shall spin on
 * it. */
static int send_batch(struct linux_endpoint *endpoint, dgram_datagram *list, size_t count) {
  struct batch batch;
  fill_batch(&batch, list, count);
  endpoint->base.send_calls++;
  int sent = linux_stack_sys_sendmmsg(endpoint->fd, batch.headers, batch.count);
  if (sent > 0) take_results(&batch, list, sent);
  return sent == 0 ? DGRAM_EAGAIN : sent;
}

static int send_some(struct linux_endpoint *endpoint, dgram_datagram *list, size_t count) {
  struct linux_stack *stack = linux_stack_of(&endpoint->base);
  if (count > 1 && !stack->single_sends) {
    int sent = send_batch(endpoint, list, count);
    if (sent != DGRAM_ENOSYS) return sent;
    stack->single_sends = true;
  }
  return send_one(endpoint, list);
}

/* ---- all of them ---- */

/* What ICMP may have answered to an earlier datagram: Linux, icmp_err_convert and
 * icmpv6_err_convert. */
static bool may_be_anothers(int code) {
  switch (code) {
  case -ECONNREFUSED:
  case -EHOSTDOWN:
  case -EHOSTUNREACH:
  case -ENETUNREACH:
  case -ENONET:
  case -ENOPROTOOPT:
  case -EPROTO:
    return true;
  default:
    return false;
  }
}

static bool deserves_retry(int code, unsigned retries) {
  if (code == DGRAM_EINTR) return retries < DGRAM__RETRIES_MAX;
  return retries == 0 && may_be_anothers(code);
}

int linux_stack_send(struct dgram__endpoint *base, dgram_datagram *list, size_t count,
                     unsigned flags) {
  struct linux_endpoint *endpoint = linux_endpoint_of(base);
  size_t done = 0;
  unsigned retries = 0; /* of the datagram list[done] */
  while (done < count) {
    int sent = send_some(endpoint, list + done, count - done);
    if (sent == DGRAM_EAGAIN) break;
    if (sent < 0 && deserves_retry(sent, retries)) {
      retries++;
      continue;
    }
    if (sent < 0) list[done].result = sent;
    done += sent < 0 ? 1 : (size_t)sent;
    retries = 0;
  }
  if (done < count && !(flags & DGRAM__SEND_TRY)) linux_stack_want_writable(endpoint);
  return (int)done;
}
