/* Control messages (cmsg(3)): what the kernel tells beside a datagram, and what it is asked for with
 * one. */

#ifndef DGRAM_STACK_LINUX_CONTROL_H
#define DGRAM_STACK_LINUX_CONTROL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "dgram.h"

/* Bytes of what one datagram, or one group of them, may be sent with: the length of a segment,
 * addresses and interface, TOS in the forms of both families. */
enum {
  LINUX_SEND_CONTROL_SIZE = CMSG_SPACE(sizeof(uint16_t)) + CMSG_SPACE(sizeof(struct in6_pktinfo)) +
                            2 * CMSG_SPACE(sizeof(int))
};

/* Copies what a control message holds. False: it holds less, since the kernel found no room for the
 * rest (MSG_CTRUNC). */
bool linux_stack_control_get(const struct cmsghdr *control, void *ret_value, size_t size);

/* Appends one to a header. Its msg_control has room for that, and its msg_controllen says how much
 * of the room is taken. */
void linux_stack_control_put(struct msghdr *header, int level, int type, const void *value,
                             size_t size);

/* What kind of an address a datagram goes to: of a udp6 socket an IPv4 peer's is mapped. */
enum linux_destination { LINUX_TO_IPV4, LINUX_TO_IPV6, LINUX_TO_MAPPED };

enum linux_destination linux_stack_destination_of(const dgram_address *to);

/* Appends what info asks for with a datagram that goes there. */
void linux_stack_control_put_info(struct msghdr *header, const dgram_send_info *info,
                                  enum linux_destination to);

/* Reads what came with a slot. Returns the length of its segments, or 0 where it holds one datagram.
 * ret_info, NULL for none, returns what else the kernel told; the port of its address is 0. */
size_t linux_stack_control_read(const struct msghdr *header, dgram_recv_info *ret_info);

#endif
