/* What the conformance tests are written in: a stack, an allocator that counts and fails, a log
 * of all that happened, and calls that are watched.
 *
 * DGRAM_TEST_STACK (linux, uv or sim) says which stack a test runs on. H_TEST gives each test a
 * stack of its own and ends it afterwards, where these are checked in every test, whatever it was
 * about:
 *
 *   rule 2   no callback runs inside a call that was made through H() or an h_ function;
 *   rule 3   each accepted call called back exactly once, each refused one never;
 *   rule 6   each socket was closed exactly once, and nothing was heard of it after that;
 *   leaks    no block of the stack's allocator, no descriptor and no handle of the loop is left.
 *
 * A test makes sockets with names, lets the loop run until the log shows something, and compares:
 *
 *   dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
 *   h_send(a, "hello", h_address(b));
 *   h_run_until("b message 'hello'");
 *   h_expect_of("b", "message 'hello'");
 *
 * What the log says: "a listening", "a bind OK", "a bind EADDRINUSE", "a connect" (the event), "a
 * connected OK" (the callback), "a connected ENETUNREACH", "a message 'text'", "a
 * message 1234 bytes" (long or not printable), "a sent 'text'", "a unsent 'text' ECANCELED", "a
 * error send EMSGSIZE", "a drain", "a close", "resolve name 127.0.0.1 ::1", "resolve name
 * ENOTFOUND", and what the test writes with h_log. */

#ifndef DGRAM_TEST_HARNESS_H
#define DGRAM_TEST_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dgram.h>

/* ---- tests, skips ---- */

enum h_kind { H_LINUX, H_UV, H_SIM };

/* The stack that the tests run on. */
enum h_kind h_kind(void);

/* A test with a stack of its own, and a program of tests. */
#define H_TEST(function) cmocka_unit_test_setup_teardown(function, h_setup, h_teardown)
#define H_MAIN(tests) h_main((tests), sizeof(tests) / sizeof((tests)[0]), __FILE__)
int h_main(const struct CMUnitTest *tests, size_t count, const char *file);
int h_setup(void **state);
int h_teardown(void **state);

/* Ends the test as skipped and prints why. */
void h_skip(const char *reason);

/* Skip unless: the stack has a kernel under it; there is IPv6 on this host; the stack is on
 * libuv. */
void h_need_kernel(const char *reason);
void h_need_ipv6(void);

/* Notes that a rule was broken. The test fails when it ends; safe in a callback and in a thread. */
void h_violation(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- stacks ---- */

/* An allocator that counts, and fails when it is told to. */
struct h_memory {
  dgram_allocator allocator;
  size_t live;       /* blocks */
  size_t live_bytes; /* in them */
  size_t calls;      /* of malloc and of realloc, so far */
  size_t fail_at;    /* the call, counted from 1, that fails; 0: none */
  bool fail_on;      /* all after it fail too */
  size_t failed;     /* how many did */
};

void h_memory_init(struct h_memory *memory);

/* A stack with what it stands on. For tests that need another one than h_stack(). */
struct h_box {
  dgram_stack *stack; /* NULL before and after its life */
  void *loop;         /* its uv_loop_t; NULL in a simulation */
  bool own_loop;
  bool closed; /* its close callback ran */
  struct h_memory memory;
};

/* Creates a stack of h_kind(); beside: on the loop of that one, or NULL. options may be NULL.
 * Returns the code. */
int h_box_open(struct h_box *box, const struct h_box *beside, const dgram_stack_options *options);

/* Closes the stack if it is open, runs its loop to the end and looks for leaks. A loop is kept
 * while it is not its own. Returns 0, or -1 with a violation. */
int h_box_close(struct h_box *box);

/* A stack of that kind, options.kind and allocator apart as given: for tests of options. */
int h_stack_create(const struct h_box *box, dgram_stack_options *options, dgram_stack **ret_stack);

/* The stack of this test, and its box. */
dgram_stack *h_stack(void);
struct h_box *h_world(void);

/* The test closes the stack itself: h_teardown shall only look. */
void h_stack_closed(dgram_stack *stack, void *box);

/* The world of this test anew, after h_close, with an allocator that fails at that call (and,
 * with fail_on, at all after it). Returns what creating the stack answered: without one there is
 * no world. */
int h_open(size_t fail_at, bool fail_on);

/* Ends the world of this test now; h_teardown does nothing more. Fails the test for violations. */
void h_close(void);

/* Open descriptors of this process, or -1 where the system does not tell. */
int h_descriptors(void);

/* ---- log ---- */

void h_log(const char *format, ...) __attribute__((format(printf, 1, 2)));
void h_log_clear(void);
const char *h_log_text(void);     /* its entries, parted by "; " */
size_t h_count(const char *part); /* how many entries begin with it */
bool h_logged(const char *part);

/* The log is exactly this; then it is empty. */
#define h_expect(text) h_expect_at((text), __FILE__, __LINE__)
void h_expect_at(const char *text, const char *file, int line);

/* What one socket saw is exactly this, its name left out: h_expect_of("a", "listening; bind OK").
 * The log stays. What two sockets saw has no order among them. */
#define h_expect_of(name, text) h_expect_of_at((name), (text), __FILE__, __LINE__)
void h_expect_of_at(const char *name, const char *text, const char *file, int line);

/* ---- running ---- */

/* Runs the loop until an entry of the log (or n of them) begins with `part`. Fails the test if
 * the loop ends before, or after 20 s. */
#define h_run_until(part) h_run_until_at((part), 1, __FILE__, __LINE__)
#define h_run_until_n(part, n) h_run_until_at((part), (n), __FILE__, __LINE__)
void h_run_until_at(const char *part, size_t n, const char *file, int line);

/* Runs the loop until *counter >= n; whoever counts calls h_tick. */
#define h_run_count(counter, n) h_run_count_at((counter), (n), __FILE__, __LINE__)
void h_run_count_at(const size_t *counter, size_t n, const char *file, int line);
void h_tick(void);

/* Runs so many turns of the loop: where nothing shall happen, this is the time it has to happen
 * in. */
void h_turns(size_t n);

/* dgram_run until it ends by itself. Returns its result. */
int h_run_to_end(void);

/* Watches a call of the library for rule 2: int code = H(dgram_close(socket, NULL, NULL)). */
#define H(call) (h_enter(), h_leave((int)(call)))
void h_enter(void);
int h_leave(int result);

/* What every callback of a test calls first: rule 2. */
void h_callback(const char *what);

/* ---- sockets ---- */

enum h_events {
  H_MESSAGE = 1 << 0,
  H_LISTENING = 1 << 1,
  H_ERROR = 1 << 2,
  H_DRAIN = 1 << 3,
  H_CONNECT = 1 << 4,
  H_ALL = 31 /* `close` is always heard */
};

/* Creates a socket whose events are logged under its name. */
dgram_socket *h_socket(const char *name, int type);
dgram_socket *h_socket_with(const char *name, const dgram_socket_options *options, int events);

/* Takes a socket that the test created into the books, with those events. */
void h_adopt(const char *name, dgram_socket *socket, int events);

/* The same where memory may be out: false, and the socket is aborted, where a listener found
 * none. */
bool h_try_adopt(const char *name, dgram_socket *socket, int events);

/* A socket bound to loopback, any port; the log is as it was. */
dgram_socket *h_bound(const char *name, int type);
dgram_socket *h_bound_with(const char *name, const dgram_socket_options *options, int events);

const char *h_name(const dgram_socket *socket); /* "?" for one that is closed */
bool h_is_open(const dgram_socket *socket);     /* its `close` has not come yet */
int h_port(const dgram_socket *socket);
const char *h_loopback(int type);                    /* "127.0.0.1" or "::1" */
dgram_address h_address(const dgram_socket *socket); /* loopback, with the socket's port */
dgram_address h_literal(const char *text, int port);
void h_set_port(dgram_address *address, int port);

/* The text of an address with its port, in one of a few static buffers. */
const char *h_format(const dgram_address *address);

/* ---- calls ---- */

/* A call that was made: who watches over rule 3. */
struct h_call {
  char label[64];
  struct h_known *known;                                   /* the socket in the books, or NULL */
  long length;                                             /* what a success must report, or -1 */
  int code;                                                /* what the call returned */
  int runs;                                                /* how often it called back */
  int status;                                              /* what it called back with */
  void (*then)(struct h_call *call, dgram_socket *socket); /* run by the callback, or NULL */
};

/* Calls that are watched and logged. All return what the library did. A payload is a text that
 * lives as long as the call. */
int h_bind(dgram_socket *socket, const dgram_bind_options *options);
int h_bind_to(dgram_socket *socket, const char *address, int port);
int h_connect(dgram_socket *socket, const char *address, int port);
int h_send(dgram_socket *socket, const char *text, dgram_address to);
int h_send_peer(dgram_socket *socket, const char *text);
int h_send_name(dgram_socket *socket, const char *text, int port, const char *address);
int h_send_bytes(dgram_socket *socket, const void *bytes, size_t length, dgram_address to);
int h_send_then(dgram_socket *socket, const char *text, dgram_address to,
                void (*then)(struct h_call *call, dgram_socket *socket));
int h_resolve(const char *name, int family);
int h_end(dgram_socket *socket); /* dgram_close without a callback */

/* The same without a callback: nothing is logged but an error. */
int h_post(dgram_socket *socket, const char *text, dgram_address to);
int h_post_peer(dgram_socket *socket, const char *text);

/* A record for a call that the test makes itself, and the callbacks that keep it. */
struct h_call *h_call_new(const dgram_socket *socket, const char *label, long length);
int h_call_made(struct h_call *call, int code);
void h_on_bind(dgram_socket *socket, int status, void *call);
void h_on_connected(dgram_socket *socket, int status, void *call);
void h_on_sent(dgram_socket *socket, int status, void *call);
void h_on_sent_many(dgram_socket *socket, dgram_datagram *list, size_t count, void *call);
void h_on_resolved(dgram_stack *stack, int status, const dgram_address *addresses, void *call);

/* Results: the code must be this one, by name. */
#define h_assert_code(expected, actual)                                                            \
  assert_string_equal(dgram_error_name(expected), dgram_error_name(actual))
#define h_assert_ok(code) h_assert_code(0, (code))

/* Numbers that look random and come again: xorshift from a seed that h_seed prints. DGRAM_TEST_SEED
 * sets it. */
uint64_t h_seed(void);
uint32_t h_random(uint64_t *state);

/* ---- names and peers ---- */

/* The tests' own resolver: it stands in place of getaddrinfo(3) on the stacks with a kernel, so
 * that no test asks the network. It knows:
 *
 *   localhost              127.0.0.1 and ::1        four.dgram.test  127.0.0.1 only
 *   six.dgram.test         ::1 only                 two.dgram.test   127.0.0.1, then 127.0.0.2
 *   slow.dgram.test        127.0.0.1 and ::1, after h_resolver_release
 *   again.dgram.test       EAI_AGAIN                fail.dgram.test  EAI_FAIL
 *   all others             EAI_NONAME
 *
 * The simulation knows localhost only. */
void h_resolver_reset(void);
void h_resolver_release(void);
size_t h_resolver_asked(const char *name); /* how often */

/* A socket of the system without the library: for the other end, and to look at the wire. Only
 * with a kernel. */
int h_peer_open(const char *address, int port, int *ret_port); /* the descriptor, or -errno */
void h_peer_close(int fd);

/* Waits up to 5 s for a datagram. Returns its length, or -errno; ttl and from may be NULL. */
int h_peer_receive(int fd, void *bytes, size_t size, int *ret_ttl, dgram_address *ret_from);
int h_peer_receive_tos(int fd); /* the same; returns the TOS that it came with, or -errno */
int h_peer_send(int fd, const void *bytes, size_t length, const dgram_address *to);
int h_peer_multicast_by_loopback(int fd); /* its multicast leaves by 127.0.0.1 */
bool h_peer_port_is_free(const char *address, int port);

#endif
