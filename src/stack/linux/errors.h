/* What an answer of the system means: one table for all calls that send and receive. */

#ifndef DGRAM_STACK_LINUX_ERRORS_H
#define DGRAM_STACK_LINUX_ERRORS_H

#include <stdbool.h>
#include <stddef.h>

/* Who was answered. */
enum linux_call {
  LINUX_SEND,       /* sendmsg or sendmmsg, for a datagram that leaves by itself */
  LINUX_SEND_GROUP, /* the same, for neighbours that leave as one, to be segmented */
  LINUX_RECEIVE     /* recvmsg or recvmmsg */
};

/* What follows. A "message" is what one msghdr describes: a datagram, or a group of them. */
enum linux_action {
  LINUX_WAIT,           /* for the socket to be ready again */
  LINUX_REPEAT,         /* the call was interrupted: again, a bounded number of times */
  LINUX_REPEAT_ONCE,    /* the error may be that of an earlier datagram: once more, then FAIL */
  LINUX_FAIL,           /* all datagrams of the message end with the code */
  LINUX_SINGLES,        /* the group's datagrams again, each by itself */
  LINUX_SINGLES_LENGTH, /* the same, and groups of that length are not tried again */
  LINUX_SINGLES_OFF,    /* the same, and where they leave, the socket forms groups no more */
  LINUX_LONE_CALLS,     /* this system has no batches: again with the call for one */
  LINUX_REPORT          /* the core is told, and receiving goes on */
};

/* A row of the table. */
struct linux_error {
  enum linux_call call;
  int code; /* -errno */
  enum linux_action action;
};

/* The action for a code. What stands in no row: a datagram fails, a group is sent again in single
 * datagrams, and receiving reports. */
enum linux_action linux_stack_action(enum linux_call call, int code);

/* Whether ICMP may be what a code comes from. */
bool linux_stack_is_icmp(int code);

/* The table itself, for the test that walks it. */
const struct linux_error *linux_stack_errors(size_t *ret_count);

#endif
