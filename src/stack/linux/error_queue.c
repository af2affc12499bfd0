/* What has gone wrong with a socket while nobody called: its pending error (SO_ERROR) and its error
 * queue (MSG_ERRQUEUE).
 *
 * Happy path: there is none. Where ICMP has answered a datagram of a socket that asked for it, the
 * queue has an entry with all that is known, which the core is told. The kernel has set the pending
 * error beside it, for the next call to fail with, whatever that is about. It says nothing new, so
 * here, in send.c and in receive.c it is taken for no error.
 *
 * Failure modes: epoll reports an error until both have been taken; each alone leaves a case in
 * which it does so for ever. Of a socket that has not asked (it is connected, or its descriptor's
 * owner has) the pending error is told as one of receiving, and the queue is only emptied. An entry
 * of another kind is dropped: what the kernel itself refused, the send has answered already. */

#include <netinet/in.h>
#include <string.h>
#include <time.h>
/* After time.h, whose timespec it needs. */
#include <linux/errqueue.h>

#include "stack/linux/errors.h"
#include "stack/linux/linux.h"
#include "stack/linux/system.h"
#include "stack/loop/peer.h"

/* The control message of an entry, as the kernel writes it. */
struct entry {
  struct sock_extended_err error;
  union loop_sockaddr offender;
};

/* A message of the error queue, and room for it. The datagram itself is not asked for. */
struct reading {
  struct msghdr header;
  union loop_sockaddr to;
  struct linux_slot_control control;
};

static bool is_entry(const struct cmsghdr *control) {
  return (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_RECVERR) ||
         (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_RECVERR);
}

static struct cmsghdr *find_entry(struct msghdr *header) {
  struct cmsghdr *control = CMSG_FIRSTHDR(header);
  while (control && !is_entry(control))
    control = CMSG_NXTHDR(header, control);
  return control;
}

/* Returns whether it is an answer of ICMP. Its offender may be missing; of what was cut off nothing is
 * believed. */
static bool read_entry(struct msghdr *header, struct entry *ret_entry) {
  const struct cmsghdr *control = find_entry(header);
  if (header->msg_flags & MSG_CTRUNC) return false;
  if (!control || control->cmsg_len < CMSG_LEN(sizeof ret_entry->error)) return false;
  size_t length = control->cmsg_len - CMSG_LEN(0);
  if (length > sizeof *ret_entry) length = sizeof *ret_entry;
  memset(ret_entry, 0, sizeof *ret_entry);
  memcpy(ret_entry, CMSG_DATA(control), length);
  return ret_entry->error.ee_origin == SO_EE_ORIGIN_ICMP ||
         ret_entry->error.ee_origin == SO_EE_ORIGIN_ICMP6;
}

static void tell(struct linux_endpoint *endpoint, struct reading *reading) {
  struct entry entry;
  if (!read_entry(&reading->header, &entry)) return;
  dgram_icmp icmp = {.code = -(int)entry.error.ee_errno,
                     .type = entry.error.ee_type,
                     .icmp_code = entry.error.ee_code};
  if (icmp.code == DGRAM_EMSGSIZE) icmp.mtu = entry.error.ee_info;
  loop_address_from_sockaddr(&reading->to.any, &icmp.to);
  loop_address_from_sockaddr(&entry.offender.any, &icmp.offender);
  dgram__endpoint_icmp(&endpoint->base, &icmp);
}

static int read_queue(const struct linux_endpoint *endpoint, struct reading *reading) {
  reading->to = (union loop_sockaddr){.any.sa_family = AF_UNSPEC};
  reading->header = (struct msghdr){.msg_name = &reading->to,
                                    .msg_namelen = sizeof reading->to,
                                    .msg_control = reading->control.bytes,
                                    .msg_controllen = sizeof reading->control.bytes};
  return linux_stack_sys_recverr(endpoint->fd, &reading->header);
}

/* Each telling may close the socket, or end the asking, which empties the queue. */
static void empty_queue(struct linux_endpoint *endpoint) {
  struct reading reading;
  for (int i = 0; i < DGRAM__ERROR_QUEUE_TURN && endpoint->fd >= 0; i++) {
    int code = read_queue(endpoint, &reading);
    if (code < 0 && code != DGRAM_EINTR) return;
    if (code >= 0 && endpoint->tells_icmp) tell(endpoint, &reading);
  }
}

/* The pending error first: emptying the queue would clear it unseen. Unix sockets have no queue, and the
 * kernel would hand out datagrams in its place. */
void linux_stack_take_errors(struct linux_endpoint *endpoint) {
  int pending = 0;
  (void)linux_stack_sys_get_int(endpoint->fd, SOL_SOCKET, SO_ERROR, &pending);
  bool told_by_queue = linux_stack_absorbs(endpoint, -pending);
  if (!linux_stack_is_unix(endpoint)) empty_queue(endpoint);
  if (pending != 0 && !told_by_queue)
    dgram__endpoint_receive_failed(&endpoint->base, -pending, "recvmsg");
}

/* ---- asking ---- */

/* A udp6 socket has IPv4 peers too. */
int linux_stack_ask_icmp(int fd, int type, bool on) {
  int code = linux_stack_sys_set_int(fd, IPPROTO_IP, IP_RECVERR, on);
  if (code < 0 || type != DGRAM_UDP6) return code;
  return linux_stack_sys_set_int(fd, IPPROTO_IPV6, IPV6_RECVERR, on);
}

/* The kernel empties the queue when it is turned off, but leaves the pending error behind, which
 * would then be taken for one of receiving. One that a peer has brought before it was turned on is in
 * no queue. */
int linux_stack_set_icmp_errors(struct linux_endpoint *endpoint, bool on) {
  int code = linux_stack_ask_icmp(endpoint->fd, endpoint->base.type, on);
  if (code < 0 || endpoint->tells_icmp == on) return code;
  int pending = loop_take_error(endpoint->fd);
  if (linux_stack_hands_over(endpoint, pending))
    dgram__endpoint_peer_failed(&endpoint->base, pending);
  endpoint->tells_icmp = on;
  return 0;
}
