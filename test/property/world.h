/* One run of a program: its state, and what its files ask of each other. One process makes one run
 * at a time, so it is one struct. */

#ifndef DGRAM_TEST_PROPERTY_WORLD_H
#define DGRAM_TEST_PROPERTY_WORLD_H

#include "../splitmix.h"
#include "property.h"

struct property_host {
  dgram_stack *stack; /* NULL: never made, or gone */
  bool closing;
  uint8_t groups; /* that any of its sockets has ever joined */
  unsigned resolves;
  unsigned ended_resolves;
  struct property_socket *slots[PROPERTY_SLOTS];
  struct property_timer {
    dgram_timer timer;
    unsigned host;
    uint64_t deadline_ns;
    bool running;
  } timers[PROPERTY_TIMERS];
  uint8_t waiting[PROPERTY_STEPS]; /* steps for its callbacks */
  unsigned waiting_first;
  unsigned waiting_count;
};

/* A listener for one event. It lives to the end of the run, so that one that runs too late is
 * seen. */
struct property_listener {
  struct property_socket *socket;
  unsigned active; /* how often it is added now */
  bool once;
};

/* The last datagram that arrived at a socket, of one sender and destination as written. */
struct property_order {
  struct property_order *next;
  const struct property_socket *sender;
  uint64_t destination;
  uint32_t last;
};

enum property_peer_state { PROPERTY_DISCONNECTED, PROPERTY_CONNECTING, PROPERTY_CONNECTED };

/* Where datagrams go. */
struct property_destination {
  bool wrong; /* must be refused */
  bool name;
  bool peer; /* no address: the socket is connected */
  int port;
  const char *text;      /* or NULL */
  dgram_address address; /* zeroed for the peer, and for a name */
  char room[DGRAM_ADDRESS_TEXT];

  /* What the books have of it. */
  uint64_t key;
  uint16_t book_port;
  uint8_t to;    /* enum property_to */
  uint8_t other; /* the host that it is for */
};

struct property_socket {
  struct property_socket *next;
  dgram_socket *socket; /* NULL after its `close` */
  unsigned host;
  unsigned slot;
  unsigned index; /* in the order of creation */
  int type;
  bool closing;
  bool ended; /* `close` has begun */
  bool paused;
  bool ever_paused;
  bool keeps; /* the next message */
  bool hears_errors;
  uint32_t recv_info; /* asked for */
  bool changes_info;  /* with a batch that began before */
  unsigned blocks;    /* the host that it does not hear, and one; or 0 */
  int linger_ms;
  uint64_t closed_ns; /* when it was closed */
  uint16_t port;      /* 0: not known */
  enum property_peer_state peer_state;
  struct property_destination peer; /* while connecting or connected */
  uint32_t peer_since;              /* datagrams of the books that came before it was connected */
  uint64_t limit;
  uint64_t limit_bytes;
  unsigned pending;     /* callbacks of sends and binds that are due */
  bool owed;            /* a `drain` */
  uint32_t ended_up_to; /* the last datagram that called back, of those to addresses */
  uint64_t accepted;    /* datagrams */
  uint64_t accepted_bytes;
  uint64_t told_sent;   /* of them, by callbacks */
  uint64_t told_failed; /* likewise */
  uint64_t emitted;
  uint64_t emitted_bytes;
  uint64_t heard_errors; /* by the own listener */
  uint64_t unheard;
  dgram_stats last; /* when it closed */
  struct property_listener listeners[PROPERTY_LISTENERS];
  struct property_order *orders;
  uint8_t *seen; /* how often each datagram of the books arrived */
  uint32_t seen_count;
};

struct property_world {
  const struct property_program *program;
  struct property_report *report;
  dgram_sim *sim;
  bool trace;
  uint64_t hash; /* of all that happened */
  uint64_t last_ns;
  unsigned in_call;
  unsigned callbacks; /* under way */
  unsigned depth;     /* steps that were run inside a callback */
  bool ending;

  struct property_host hosts[PROPERTY_HOSTS];
  struct property_socket *sockets; /* newest first */
  unsigned socket_count;
  dgram_message *kept[PROPERTY_KEPT];
  unsigned kept_count;
  size_t live_memory;
  unsigned calls_due;

  /* What the program has ever done to the network: so much may go wrong. */
  bool reorders[PROPERTY_HOSTS][PROPERTY_HOSTS];
  bool doubles;
  bool loses;
  bool queues;
  bool cuts;  /* an MTU */
  bool parts; /* down, or sides */
  bool closes_hosts;
  bool closes_sockets;
  bool fails;
  bool spreads;  /* multicast or broadcast */
  bool connects; /* so that somebody may be refused */
  uint64_t connections;
};

extern struct property_world property;

/* ---- world.c ---- */

void property_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes the report and ends the process. */
_Noreturn void property_fail(const char *key, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
#define PROPERTY_CHECK(key, condition, ...)                                                        \
  do {                                                                                             \
    if (!(condition)) property_fail(key, __VA_ARGS__);                                             \
  } while (0)

/* Around every call of the library, for rule 2. */
int property_leave_call(int code);
#define PROPERTY_CALL(call) (property.in_call++, property_leave_call(call))

/* Counts what a step's call has answered, and tells it. */
int property_answer(const struct property_step *step, int code);

/* Folds a number into the hash of the run. */
void property_note(uint64_t value);

/* The world's time, which never runs backwards. */
uint64_t property_now(void);

/* Runs until the time has passed, also where somebody stops the run. */
void property_run_for(uint64_t ns);

/* ---- calls.c, network.c, sends.c: steps. False: not one of theirs. ---- */

void property_act(const struct property_step *step);
bool property_act_network(const struct property_step *step);
bool property_act_send(const struct property_step *step);
bool property_act_peer(const struct property_step *step);
void property_set_option(const struct property_step *step, struct property_socket *socket);
void property_set_membership(const struct property_step *step, struct property_socket *socket);

/* What a new socket is to be beside its limits. The caller releases the block list. */
void property_choose_kind(const struct property_step *step, struct property_socket *socket,
                          dgram_socket_options *options);
void property_check_info(const struct property_socket *socket, const dgram_message *message);
void property_on_icmp(dgram_socket *socket, const dgram_icmp *icmp, void *data);
void property_act_in_callback(unsigned host);
struct property_socket *property_socket_of(unsigned host, unsigned slot);

/* What a call on this socket must answer, looking at `closing`. */
void property_expect(const struct property_socket *socket, int code, const char *what);
void property_close_host(unsigned host);

/* The address that hosts would send to, to reach this port; 0 where it is not known. */
uint16_t property_port_of(unsigned host, unsigned slot, bool late);

/* ---- books.c ---- */

struct property_book {
  struct property_socket *sender;
  uint64_t destination; /* as written: what rule 7 orders by */
  uint32_t length;
  uint16_t port;
  uint8_t to;    /* enum property_to */
  uint8_t other; /* the host that it is for */
  uint8_t state; /* enum property_state */
};

enum property_state { PROPERTY_REFUSED, PROPERTY_ACCEPTED, PROPERTY_FAILED };

/* Enters a datagram and returns its number. */
uint32_t property_enter(const struct property_book *book);
struct property_book *property_book(uint32_t number);
uint32_t property_book_count(void);

/* Writes the payload of a datagram. */
void property_fill(unsigned char *bytes, uint32_t number, uint32_t length);
void property_check_message(struct property_socket *socket, const dgram_message *message);
bool property_is_whole(const dgram_message *message);
void property_forget_books(void);

/* Sends that have not called back: none may be left. */
void property_forget_sends(void);

/* Reads where a step sends to, or connects. */
void property_choose(const struct property_step *step, const struct property_socket *socket,
                     struct property_destination *ret_to);

/* ---- peers.c ---- */

void property_on_connect(dgram_socket *socket, void *data);

/* A datagram of that number comes from somebody whom the socket may hear. */
void property_check_peer(const struct property_socket *socket, const dgram_message *message,
                         uint32_t number);

/* ---- events.c ---- */

void property_on_message(dgram_socket *socket, const dgram_message *message, void *data);
void property_on_listening(dgram_socket *socket, void *data);
void property_on_error(dgram_socket *socket, const dgram_error *error, void *data);
void property_on_drain(dgram_socket *socket, void *data);
void property_on_close(dgram_socket *socket, void *data);
void property_on_last_close(dgram_socket *socket, void *data);
void property_on_bound(dgram_socket *socket, int status, void *data);
void property_on_timer(dgram_timer *timer, void *data);
void property_on_resolved(dgram_stack *stack, int status, const dgram_address *addresses,
                          void *data);
void property_on_host_closed(dgram_stack *stack, void *data);
void property_on_unheard(dgram_stack *stack, dgram_socket *socket, const dgram_error *error,
                         void *data);

enum property_event {
  PROPERTY_MESSAGE,
  PROPERTY_BATCH,
  PROPERTY_LISTENING,
  PROPERTY_CLOSED,
  PROPERTY_ERROR,
  PROPERTY_DRAIN
};
enum property_how { PROPERTY_ON, PROPERTY_ONCE, PROPERTY_OFF };
int property_listen(struct property_socket *socket, unsigned event, unsigned how);

/* Around what a callback does. */
void property_begin_callback(struct property_socket *socket, const char *what);
void property_begin_host_callback(unsigned host, const char *what);
void property_end_callback(unsigned host);

/* ---- checks.c ---- */

/* The counters of the world, at any time. */
void property_check_world(void);

/* Those of a socket, where it closes or lives on in a world at rest. */
void property_check_socket(struct property_socket *socket, const dgram_stats *stats);
void property_check_rest(void);
void property_check_end(void);

#endif
