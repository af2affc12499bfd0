/* From the core to the kernel.
 *
 * Happy path: datagrams leave in batches by sendmmsg, neighbours with one destination as one
 * message that is segmented later (GSO), a lone message by the cheaper sendmsg, until all are dealt
 * with or the socket takes no more (EAGAIN); then writability is waited for.
 *
 * Failure modes. sendmmsg stops at the first message that fails; where others went before it, it
 * says their number and hides the error, which comes again in the next call, for the message that
 * is then first. So a code always belongs to the first one of a call; errors.c says what follows.
 * Mostly its datagrams fail, and the rest goes on. A group that fails as a group is sent again in
 * single datagrams: segmentation may be beyond the device, the route or this kernel, and costs
 * speed only. Whether that was it shows in how they fare.
 *
 * ICMP. Of a socket that asked for its answers, or is connected, a call fails with the error of a
 * datagram that left before, and the message that was to leave has not been tried. So it is sent
 * again.
 *
 * Who asked hears of it by the queue. Where a message fails once more while there are still errors to
 * be read, nobody can say whose it was: the rest waits until the loop has read them. It also waits
 * after some errors, since they take room in the receive buffer and only the loop can tell them.
 *
 * Of who is connected the core is told. A code that comes again is the message's own; but a refusal
 * never is. */

#include <netinet/in.h>
#include <netinet/udp.h>

#include "stack/linux/errors.h"
#include "stack/linux/linux.h"
#include "stack/linux/system.h"

/* A call of linux_stack_send under way. */
struct sending {
  struct linux_endpoint *endpoint;
  dgram_datagram *list;
  size_t count;
  size_t run;       /* so many at the front are known to be one */
  size_t done;      /* from the front: their results are written */
  unsigned repeats; /* of the message that is first now */
  unsigned errors;  /* calls that ended early, perhaps for an error of ICMP that came in */
  int stray;        /* what made it be repeated, while that may be another's; or 0 */

  /* A group that failed, while it is sent again. */
  size_t singles_until; /* its datagrams stand before this; from `done` on each goes by itself */
  unsigned segments;    /* how many datagrams its next try may have, where they may be too many */
  bool off;             /* groups are to blame, unless one of its datagrams fails too */
};

static struct linux_stack *stack_of(const struct sending *sending) {
  return linux_stack_of(&sending->endpoint->base);
}

/* ---- groups ---- */

/* A kernel without GSO takes the control message and overlooks it, so it is asked once, by the
 * option of the same name: 0 is what it is anyway. */
static void probe_groups(struct linux_endpoint *endpoint) {
  struct linux_stack *stack = linux_stack_of(&endpoint->base);
  int code = linux_stack_sys_set_int(endpoint->fd, IPPROTO_UDP, UDP_SEGMENT, 0);
  stack->segments_max = code < 0 ? 1 : DGRAM__SEGMENTS_MAX;
}

/* Where datagrams without an address go. */
static enum linux_destination peer_of(const struct linux_endpoint *endpoint) {
  if (endpoint->base.type == DGRAM_UDP4) return LINUX_TO_IPV4;
  return endpoint->peer_mapped ? LINUX_TO_MAPPED : LINUX_TO_IPV6;
}

static struct linux_grouping grouping_of(const struct sending *sending) {
  struct linux_endpoint *endpoint = sending->endpoint;
  struct linux_stack *stack = stack_of(sending);
  struct linux_grouping grouping = {
      .messages = stack->single_sends || endpoint->no_batches ? 1 : DGRAM__SEND_MESSAGES,
      .segments = 1,
      .length = endpoint->group_length_max,
      .peer = peer_of(endpoint),
      .paths = linux_stack_is_unix(endpoint) ? stack->paths->to : NULL,
  };
  if (endpoint->no_groups || sending->done < sending->singles_until) return grouping;
  if (stack->segments_max == 0) probe_groups(endpoint);
  grouping.segments = stack->segments_max;
  if (sending->segments > 0) grouping.segments = sending->segments;
  return grouping;
}

/* ---- one call ---- */

/* The number of messages that went, or a code. A call that sent nothing and has no error to show is
 * as good as EAGAIN: nobody shall spin on it. */
static int call_system(struct sending *sending, struct linux_batch *batch) {
  struct linux_endpoint *endpoint = sending->endpoint;
  int sent;
  endpoint->base.send_calls++;
  if (batch->messages > 1 && !stack_of(sending)->single_sends) {
    sent = linux_stack_sys_sendmmsg(endpoint->fd, batch->headers, batch->messages);
    return sent == 0 ? DGRAM_EAGAIN : sent;
  }
  sent = linux_stack_sys_sendmsg(endpoint->fd, &batch->headers[0].msg_hdr);
  return sent < 0 ? sent : 1;
}

/* ---- what is another's ---- */

/* It was not the message's own. */
static void tell_stray(struct sending *sending) {
  if (sending->stray != 0) dgram__endpoint_peer_failed(&sending->endpoint->base, sending->stray);
  sending->stray = 0;
}

/* Whether the message is to be tried again for that. */
static bool blames_another(struct sending *sending, int code) {
  const bool own = code == sending->stray && code != DGRAM_ECONNREFUSED;
  if (own) sending->stray = 0;
  tell_stray(sending);
  if (own || !linux_stack_hands_over(sending->endpoint, code)) return false;
  if (sending->repeats >= DGRAM__RETRIES_MAX) return false;
  sending->stray = code;
  sending->repeats++;
  return true;
}

static void end_repeats(struct sending *sending) {
  tell_stray(sending);
  sending->repeats = 0;
}

/* ---- success ---- */

/* The datagrams of a group that failed have now left one by one. */
static void blame_groups(struct sending *sending) {
  if (sending->off && sending->done >= sending->singles_until) sending->endpoint->no_groups = true;
  if (sending->done >= sending->singles_until) sending->off = false;
}

/* A group of half the segments goes where a whole one did not: that is what this kernel takes. */
static void learn_segments(struct sending *sending) {
  if (sending->segments > 0) stack_of(sending)->segments_max = (uint8_t)sending->segments;
  sending->segments = 0;
}

static void succeed(struct sending *sending, const struct linux_batch *batch, unsigned messages) {
  struct dgram__endpoint *base = &sending->endpoint->base;
  for (unsigned i = 0; i < messages; i++) {
    sending->done += batch->counts[i];
    base->sent += batch->counts[i];
    base->sent_bytes += batch->bytes[i];
  }
  base->sent_batches++;
  sending->endpoint->took_some = true;
  if (sending->repeats > 0) end_repeats(sending);
  if (batch->counts[0] > 1) learn_segments(sending);
  blame_groups(sending);
}

/* ---- failure ---- */

/* The first message's datagrams again, each by itself. */
static void split(struct sending *sending, size_t datagrams, bool off) {
  sending->singles_until = sending->done + datagrams;
  sending->segments = 0;
  sending->off = off;
}

/* Old kernels take half as many segments. */
static bool may_be_too_many(const struct sending *sending, size_t datagrams) {
  return datagrams > DGRAM__SEGMENTS_OLD && sending->segments == 0;
}

/* Whatever was being found out about groups, this is no answer to it. */
static void fail(struct sending *sending, size_t datagrams, int code) {
  for (; datagrams > 0; datagrams--) {
    sending->list[sending->done++].result = code;
    sending->endpoint->base.failed++;
  }
  sending->endpoint->took_some = true;
  sending->off = false;
  sending->repeats = 0;
  sending->segments = 0;
}

/* An error of the table's, or that of another datagram. */
static unsigned repeats_of(const struct sending *sending, enum linux_action action, int code) {
  if (action == LINUX_REPEAT) return DGRAM__RETRIES_MAX;
  if (action == LINUX_REPEAT_ONCE) return 1;
  return linux_stack_absorbs(sending->endpoint, code) ? 1 : 0;
}

/* A unix socket's refusal is of the message at hand, and parts it from its peer: a repeat would only
 * find that it has none. */
static enum linux_action action_for(const struct sending *sending, enum linux_call call, int code) {
  const bool refused = code == DGRAM_ECONNREFUSED && linux_stack_is_unix(sending->endpoint);
  return refused ? LINUX_FAIL : linux_stack_action(call, code);
}

/* The first message of the batch has failed. */
static void react(struct sending *sending, const struct linux_batch *batch, int code) {
  const size_t datagrams = batch->counts[0];
  const bool group = datagrams > 1;
  if (blames_another(sending, code)) return;
  const enum linux_action action = action_for(sending, group ? LINUX_SEND_GROUP : LINUX_SEND, code);
  if (sending->repeats < repeats_of(sending, action, code)) {
    sending->repeats++;
    return;
  }
  if (action == LINUX_LONE_CALLS && batch->messages > 1 && !stack_of(sending)->single_sends) {
    stack_of(sending)->single_sends = true;
  } else if (group && action == LINUX_SINGLES_OFF && may_be_too_many(sending, datagrams)) {
    sending->segments = DGRAM__SEGMENTS_OLD;
  } else if (group && action == LINUX_SINGLES_LENGTH) {
    sending->endpoint->group_length_max = (uint16_t)(sending->list[sending->done].length - 1);
    split(sending, datagrams, false);
  } else if (group && (action == LINUX_SINGLES || action == LINUX_SINGLES_OFF)) {
    split(sending, datagrams, action == LINUX_SINGLES_OFF);
  } else {
    fail(sending, datagrams, code);
  }
}

/* ---- ICMP ---- */

/* Whether a message that has been sent again may have met another one's error once more. A datagram
 * that is too long for its way leaves an entry in the queue itself, so of that nothing follows. */
static bool is_in_doubt(const struct sending *sending, int code) {
  const struct linux_endpoint *endpoint = sending->endpoint;
  return sending->repeats > 0 && code != DGRAM_EMSGSIZE && linux_stack_absorbs(endpoint, code) &&
         linux_stack_sys_has_errors(endpoint->fd);
}

/* A call that ends early may have met an error: sendmmsg hides it. Or the device was full, so after so
 * many the system is asked. */
static bool is_full_of_errors(struct sending *sending, const struct linux_batch *batch, int sent) {
  if (!sending->endpoint->tells_icmp || sent == (int)batch->messages) return false;
  if (++sending->errors < DGRAM__SEND_ERRORS_MAX) return false;
  sending->errors = 0;
  return linux_stack_sys_has_errors(sending->endpoint->fd);
}

/* ---- all of them ---- */

/* False: the socket takes no more now. */
static bool send_some(struct sending *sending) {
  struct linux_batch *batch = &stack_of(sending)->batch;
  struct linux_grouping grouping = grouping_of(sending);
  size_t count = sending->count - sending->done;
  if (sending->done < sending->singles_until) count = sending->singles_until - sending->done;
  const size_t run = sending->run > sending->done ? sending->run - sending->done : 0;
  linux_stack_batch_fill(batch, sending->list + sending->done, count, run, &grouping);
  int sent = call_system(sending, batch);
  if (sent == DGRAM_EAGAIN || is_in_doubt(sending, sent)) return false;
  if (sent > 0)
    succeed(sending, batch, (unsigned)sent);
  else
    react(sending, batch, sent);
  return !is_full_of_errors(sending, batch, sent);
}

int linux_stack_send(struct dgram__endpoint *base, dgram_datagram *list, size_t count, size_t run,
                     unsigned flags) {
  struct sending sending = {
      .endpoint = linux_endpoint_of(base), .list = list, .count = count, .run = run};
  while (sending.done < count && send_some(&sending))
    continue;
  tell_stray(&sending);
  if (sending.done < count && !(flags & DGRAM__SEND_TRY))
    linux_stack_want_writable(sending.endpoint);
  return (int)sending.done;
}
