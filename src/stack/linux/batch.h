/* What one sendmmsg is given: datagrams as messages, neighbours joined to groups (GSO).
 *
 * A group is a run of datagrams with one destination, equal info and equal length (the last may be
 * shorter), which crosses the kernel as one and is cut into datagrams at its end, or by the network
 * card. Of an empty datagram nothing would be left to cut, so it goes by itself. */

#ifndef DGRAM_STACK_LINUX_BATCH_H
#define DGRAM_STACK_LINUX_BATCH_H

#include <stdalign.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "core/limits.h"
#include "stack/linux/control.h"
#include "stack/linux/path.h"
#include "stack/loop/sockaddr.h"

/* Room for the control messages of a message. */
struct linux_send_control {
  alignas(struct cmsghdr) unsigned char bytes[LINUX_SEND_CONTROL_SIZE];
};

/* One for all sockets of a stack; in use only inside a call. */
struct linux_batch {
  unsigned messages;
  unsigned datagrams;                    /* in all messages together */
  unsigned pieces;                       /* used */
  size_t packed;                         /* bytes used */
  uint32_t bytes[DGRAM__SEND_MESSAGES];  /* of payload in each message */
  uint16_t counts[DGRAM__SEND_MESSAGES]; /* datagrams of each message */
  struct mmsghdr headers[DGRAM__SEND_MESSAGES];
  union loop_sockaddr addresses[DGRAM__SEND_MESSAGES];
  struct linux_send_control controls[DGRAM__SEND_MESSAGES];
  struct iovec iov[DGRAM__SEND_PIECES];
  unsigned char pack[DGRAM__PACK_SIZE];
};

/* What messages may be formed. */
struct linux_grouping {
  unsigned messages;           /* of a batch at most */
  unsigned segments;           /* datagrams of a group at most; 1: no groups */
  size_t length;               /* bytes of a segment at most */
  enum linux_destination peer; /* of datagrams without an address */
  struct sockaddr_un *paths;   /* of a unix socket: room for the names of messages; else NULL */
};

/* Fills the batch with messages from the front of the list, as many as there is room for: at least
 * one, whatever its parts. Writes their results as if they went, while they are at hand: after the
 * call to the kernel they would have to be fetched again. `run`: so many at the front are known to
 * be a run, their results written. */
void linux_stack_batch_fill(struct linux_batch *batch, dgram_datagram *list, size_t count,
                            size_t run, const struct linux_grouping *grouping);

#endif
