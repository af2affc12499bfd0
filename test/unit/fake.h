/* A stack that does what the test says: nothing happens by itself, and everything that the core
 * asks of it is written down. With it the core runs without a system, and without luck. */

#ifndef DGRAM_FAKE_H
#define DGRAM_FAKE_H

#include "unit.h"

#include "core/host.h"

enum { FAKE_LOOKUPS_MAX = 4096, FAKE_SENT_MAX = 8192 };

/* A lookup that the core has started. */
struct fake_lookup {
  struct dgram__lookup *lookup; /* NULL: told, or cancelled */
  char name[DGRAM__NAME_MAX + 3];
  int family;
};

/* A datagram that the system took, or failed. */
struct fake_sent {
  dgram_socket *socket;
  const void *bytes; /* as the core gave them */
  size_t length;
  uint32_t parts;
  char first; /* of the payload's bytes, or 0 */
  dgram_address to;
};

struct fake {
  struct unit_stack unit; /* first, so that a pointer to one is a pointer to the stack */

  /* What the core has asked for. */
  uint64_t alarm_ns;
  bool alive;
  bool woken;
  bool stopped;
  bool closing;
  size_t wakes;
  size_t lines; /* printed */
  char line[512];
  struct fake_lookup lookups[FAKE_LOOKUPS_MAX];
  size_t lookup_count;
  size_t cancelled;
  struct fake_sent sent[FAKE_SENT_MAX];
  size_t sent_count;
  size_t send_calls;
  size_t discarded;
  int last_discarded;
  size_t joined; /* memberships begun, and ended */
  size_t left;
  int last_interface; /* of a membership or for multicast: its index, 0 for the system's choice */
  dgram_address last_source; /* of a membership, or for multicast; zeroed for none */
  int last_option;
  int last_value;
  dgram_address last_bound;
  struct dgram__bind_how last_how; /* of a bind or an adoption; recv_info also by itself */
  size_t connects;                 /* also those that failed, and disconnects */
  char last_device[DGRAM__INTERFACE_NAME_MAX];

  /* What the system answers. */
  uint64_t now_ns;
  int lookup_code;
  int open_code;
  int bind_code;
  int adopt_code;
  int duplicate_code; /* or the descriptor */
  int start_code; /* of receive_start */
  int option_code;
  int connect_code;
  int disconnect_code;
  bool adopts_connected; /* a descriptor has the peer 192.0.2.99, port 99 */
  size_t takes;          /* datagrams until the system is full */
  int send_code;         /* what each datagram fails with, or 0 */
  int membership_code;
  unsigned membership_failing; /* the interface that membership_code is for; 0: all */
  bool one_is_gone;            /* the interface "one" */
  int two_index;               /* of the interface called "two" */
  unsigned group_interface;    /* what the system tells of its choice */
  int interfaces_code;
  bool interfaces_count_only; /* interfaces_code is for the second call, after the counting one */
  uint64_t dropped;
  bool closes_later; /* close_endpoint answers false */
};

/* The fake's half of a socket. */
struct fake_endpoint {
  struct dgram__endpoint base;
  dgram_address local;
  dgram_address remote; /* family 0: none */
  bool bound;
  bool receiving;
  bool gone;
};

void fake_init(struct fake *fake);
dgram_stack *fake_stack(struct fake *fake);
struct fake_endpoint *fake_endpoint_of(dgram_socket *socket);

/* One telling of what was asked for. Nothing asked for: false. */
bool fake_turn(struct fake *fake);

/* Turns until none is asked for. Fails where that takes more than 10,000. */
void fake_settle(struct fake *fake);

/* Lets time pass, and the alarm ring where it is due. */
void fake_pass(struct fake *fake, uint64_t ns);

/* Answers the oldest lookup of a name that has not ended: with 192.0.2.<last> or 2001:db8::<last>,
 * or a code where last is negative. */
void fake_answer(struct fake *fake, const char *name, int last);

/* Lookups that are in flight. */
size_t fake_in_flight(const struct fake *fake);

/* Tells that the system takes more. */
void fake_sendable(dgram_socket *socket, int first);

/* Tells a batch of datagrams, one for each letter, from 127.0.0.1:9. */
void fake_receive(dgram_socket *socket, const char *letters);

/* The same, of a call to the system whose first datagrams have been told, paused or not. */
void fake_receive_more(dgram_socket *socket, const char *letters);

/* Closes the stack and checks that everything was given back. */
void fake_end(struct fake *fake);

#endif
