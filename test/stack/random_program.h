/* Random programs: thousands of calls that nobody would write down, from main and inside callbacks,
 * and what has to hold whatever they do.
 *
 *   random_program.c    the world of one program: its beginning, its turns, its end, what is left
 *   random_calls.c      the calls: one random call of the API each
 *   random_sends.c      those that send, and the books of what was sent
 *   random_callbacks.c  what hears of it, and checks
 *   random_faults.c     memory and system calls that fail now and then
 *
 * One process runs one program, so the world is one struct. In the simulation a seed is a program,
 * the same each time; on a kernel what happens when is not the seed's alone. What is checked:
 *
 *   rule 2   no callback runs inside a call
 *   rule 3   an accepted call calls back once, a refused one never
 *   rule 4   borrowed bytes are freed in the callback, others right after the call (ASan sees it)
 *   rule 6   `close` comes once and last; from the call on all else is DGRAM_ENOTRUNNING
 *   rule 7   what went to one destination as written arrives in its order
 *   rule 13  a removed listener is silent
 *   order    what was sent to addresses calls back in the order of the calls
 *   peer     who is connected, and nobody else, sends without an address
 *   bytes    what arrives was sent, to this port, by that socket, once, and is what was sent
 *   ends     after the stacks have closed no memory, descriptor or handle is left */

#ifndef DGRAM_TEST_RANDOM_PROGRAM_H
#define DGRAM_TEST_RANDOM_PROGRAM_H

#include <dgram.h>
#include <dgram/sim.h>
#include <dgram/uv.h>
#include <stdbool.h>
#include <stdint.h>

enum random_kind { RANDOM_LINUX, RANDOM_UV, RANDOM_SIM };
enum random_mode { RANDOM_PLAIN, RANDOM_NO_MEMORY, RANDOM_BAD_SYSTEM };

enum {
  RANDOM_STACKS = 6,
  RANDOM_SOCKETS = 40,
  RANDOM_LISTENERS = 400,
  RANDOM_DATAGRAMS = 20000,
  RANDOM_TIMERS = 12,
  RANDOM_KEPT = 64,
  RANDOM_REQUESTS = 16,
  RANDOM_LISTENER_KINDS = 6
};

struct random_stack {
  dgram_stack *stack; /* NULL: never made, or gone */
  bool closing;
  unsigned resolves; /* in flight */
  dgram_timer ticker;
  dgram_allocator allocator;
};

struct random_socket {
  dgram_socket *socket; /* NULL: never made, or closed */
  struct random_stack *stack;
  int type;
  bool closing;
  bool ended; /* `close` has begun */
  bool paused;
  bool pulls;      /* reads one at a time: `once`, paused inside, and resumed for the next */
  bool armed;      /* of one that pulls: the `once` is there */
  unsigned steady; /* ticks since it was paused, resumed or bound last */
  uint16_t port;   /* once it is known */
  bool lost_port;  /* somebody else took it, while datagrams to it had arrived */
  bool connecting; /* a connect is under way */
  bool connected;
  uint16_t peer_port;   /* while either */
  uint64_t peer_key;    /* as a destination, another one each time */
  unsigned pending;     /* callbacks of sends and binds that are due */
  uint32_t ended_up_to; /* the last datagram that called back, of those to addresses */
  unsigned refusals;    /* for the limit, since the last `drain` */
  uint64_t emitted;     /* messages that the listener of its creation heard */
  unsigned listening;
  unsigned bound; /* binds that were told to have succeeded, and implicit ones */
  struct random_order *orders;
};

/* A listener that was added. It lives to the end, so that a call that comes too late is seen. */
struct random_listener {
  struct random_socket *socket;
  int event;
  unsigned active; /* how often it is added now */
  bool once;
};

struct random_timer {
  dgram_timer *timer; /* NULL: free */
  struct random_stack *stack;
  uint64_t deadline_ns;
  bool running;
};

struct random_world {
  enum random_kind kind;
  enum random_mode mode;
  uint64_t seed;
  uint64_t random;
  bool trace;    /* DGRAM_TEST_TRACE: tell each call */
  bool hermetic; /* nobody else is on this network */

  uv_loop_t loop;
  uv_timer_t clock;
  uv_prepare_t prepare;
  uv_check_t check;

  unsigned fuel;      /* random calls that are left */
  unsigned in_call;   /* calls of the library under way */
  unsigned callbacks; /* callbacks under way */
  bool uv_runs;       /* by uv_run, not dgram_run */
  bool ending;        /* no new sockets */
  int sink;           /* a bound descriptor that nobody reads */
  uint16_t sink_port;

  struct random_stack stacks[RANDOM_STACKS];
  unsigned stack_count;
  struct random_socket sockets[RANDOM_SOCKETS];
  unsigned socket_count;
  struct random_listener listeners[RANDOM_LISTENERS];
  unsigned listener_count;
  struct random_timer timers[RANDOM_TIMERS];
  dgram_message *kept[RANDOM_KEPT];
  unsigned kept_count;
  struct {
    struct random_stack *stack;
    uint64_t id;
    int type;
  } requests[RANDOM_REQUESTS];
  unsigned request_count;

  size_t live_memory;
  unsigned calls_due; /* of all kinds: sends, binds, resolves, closes */
};

extern struct random_world the;

/* ---- chance ---- */

uint64_t random_next(uint64_t *state);
uint32_t random_below(uint32_t limit); /* 0 to limit - 1 */
bool random_one_in(uint32_t count);

/* ---- telling ---- */

void random_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says what is wrong and ends the process. */
_Noreturn void random_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define RANDOM_CHECK(condition, ...)                                                               \
  do {                                                                                             \
    if (!(condition)) random_fail(__VA_ARGS__);                                                    \
  } while (0)

/* Around every call, for rule 2. */
int random_leave_call(int code);
#define RANDOM_CALL(call) (the.in_call++, random_leave_call(call))

unsigned random_index(const struct random_socket *socket);

/* ---- random_program.c ---- */

/* Runs one program to its end and returns, or ends the process. */
void random_program(enum random_kind kind, enum random_mode mode, uint64_t seed, bool hermetic);

/* A new stack, or NULL. */
struct random_stack *random_stack_make(void);

/* ---- random_calls.c ---- */

/* One random call. */
void random_act(void);

/* Some, or mostly none: what a callback does. */
void random_act_in_callback(void);

/* An open socket of anybody's, or NULL. May be closing. */
struct random_socket *random_some_socket(void);
struct random_stack *random_some_stack(void);

/* What a call on this socket must answer, looking at `closing`. */
void random_expect(const struct random_socket *socket, int code, const char *what);

void random_close_stack(struct random_stack *stack);
void random_answer_some(void);

/* ---- random_sends.c ---- */

void random_send(struct random_socket *socket);

/* Connects it, or takes its peer away. */
void random_connect(struct random_socket *socket);
void random_disconnect(struct random_socket *socket);
void random_send_list(struct random_socket *socket, bool try_only);

/* Looks into the books whether this message may have come. */
void random_check_message(struct random_socket *socket, const dgram_message *message);
void random_forget_orders(struct random_socket *socket);
void random_forget_datagrams(void);

/* The socket's own address as its friends write it, or false. */
bool random_address_of(const struct random_socket *socket, dgram_address *ret_address);

/* ---- random_callbacks.c ---- */

/* Around everything that a callback does. */
void random_begin_callback(struct random_socket *socket, const char *what);
void random_end_callback(void);

/* Around a callback of a stack's own. */
void random_begin_stack_callback(struct random_stack *stack, const char *what);

void random_on_first_message(dgram_socket *socket, const dgram_message *message, void *data);
void random_on_close(dgram_socket *socket, void *data);
void random_on_own_close(dgram_socket *socket, void *data);
void random_on_bound(dgram_socket *socket, int status, void *data);
void random_on_stack_closed(dgram_stack *stack, void *data);
void random_on_unheard(dgram_stack *stack, dgram_socket *socket, const dgram_error *error,
                       void *data);
void random_on_timer(dgram_timer *timer, void *data);
void random_on_resolved(dgram_stack *stack, int status, const dgram_address *addresses, void *data);
int random_on_bind_request(dgram_stack *stack, const dgram_bind_request *request, void *data);

/* Adds or removes a random listener. */
void random_listen(struct random_socket *socket);
void random_unlisten(struct random_socket *socket);

/* ---- random_faults.c ---- */

/* An allocator that counts, and in RANDOM_NO_MEMORY fails now and then. */
dgram_allocator random_allocator(struct random_stack *stack);

/* Whether this system call shall fail, and with what: a code of `count` at `codes`, or 0. Only in
 * RANDOM_BAD_SYSTEM, and only on the thread of the program. */
int random_fault(const int *codes, unsigned count);
void random_faults_begin(void);
void random_faults_end(void);

#endif
