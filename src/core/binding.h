/* A bind under way, and the binder that may provide its descriptor. */

#ifndef DGRAM_CORE_BINDING_H
#define DGRAM_CORE_BINDING_H

#include "core/lookup.h"
#include "core/socket.h"

enum dgram__bind_stage {
  DGRAM__BIND_LOOKING_UP, /* waits for a name */
  DGRAM__BIND_ASKING,     /* the binder is to be asked in the next turn */
  DGRAM__BIND_WAITING,    /* for the binder's answer */
  DGRAM__BIND_SETTLED,    /* outcome is known, to be told in the next turn */
  DGRAM__BIND_CANCELLED   /* to be told in the next turn */
};

struct dgram__binding {
  struct dgram__waiter waiter; /* first: the waiter's callback gets from it to the whole */
  dgram_socket *socket;
  dgram_bind_cb cb;
  void *data;
  enum dgram__bind_stage stage;
  int outcome;         /* 0 or a code */
  const char *syscall; /* what answered it */
  dgram_address local; /* where to; numeric from BIND_ASKING on */
  bool exclusive;
  char device[DGRAM__INTERFACE_NAME_MAX]; /* or "" */

  dgram_binder_cb binder_cb; /* as it was when the bind began; NULL: none, or not for this bind */
  void *binder_data;
  uint64_t id;
  struct dgram__binding *next; /* among those that wait for an answer */
  struct dgram__binding *previous;

  char address[]; /* as the caller wrote it, or "" */
};

/* The system, or whoever was asked, has answered: 0 or a code, and what failed. Told in the next
 * turn. */
void dgram__bind_settle(struct dgram__binding *binding, int code, const char *syscall);

/* How the socket is bound. */
struct dgram__bind_how dgram__bind_how_of(const dgram_socket *socket);

/* Asks the binder. Returns 1 where the stack is to bind by itself, else 0: it has answered (and
 * settled the bind), or will. */
int dgram__binder_ask(struct dgram__binding *binding);

/* No answer is wanted any more. */
void dgram__binder_forget(struct dgram__binding *binding);

/* The socket's place among those of the same address, type and port is free again. */
void dgram__share_end(dgram_socket *socket);

#endif
