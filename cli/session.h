/* session.h: what the subcommands share: a socket on libuv's default loop, from looking up where it
 * shall be bound to the summary at the end.
 *
 *   session_open -> session_lookup, session_bind -> role.ready -> role.batch ... -> session_end
 *
 * session_run runs all of that, session_close releases it. The life of a session ends by
 * session_end, whoever calls it first: the role, a signal, or a failure; later calls change
 * nothing. */

#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include <dgram/uv.h>

#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "output.h"
#include "parse.h"

struct session;

/* What a subcommand adds. */
struct session_role {
  /* The socket is bound and set as the options want it. */
  void (*ready)(struct session *session);
  /* Datagrams have come. */
  void (*batch)(struct session *session, const dgram_message *messages, size_t count);
  /* Writes what the counters say, "3 datagrams, 15 bytes received". */
  void (*summary)(const struct session *session, char *text, size_t size);
  /* Writes lines beside the summary, for -v. NULL: there are none. */
  void (*details)(const struct session *session);
};

typedef void (*session_lookup_cb)(struct session *session, const dgram_address *address);

/* Room for an address, or for a path. */
enum { SESSION_TEXT = 160 };

struct session {
  const struct session_role *role;
  const struct options *options;
  dgram_stack *stack;
  dgram_socket *socket; /* NULL before session_bind and after its close */
  dgram_address local;  /* what it is bound to */
  const char *path;     /* the same of a unix socket, as typed; "": what the system chose */
  struct output output;

  uint64_t received; /* datagrams, and their bytes */
  uint64_t received_bytes;
  uint64_t sent;
  uint64_t sent_bytes;
  uint64_t errors; /* events, reported or not */
  uint64_t started_ns;
  uint64_t reported_ns; /* when the last error was reported; 0: none was */

  bool ending;
  bool summarized; /* the summary is written, but for interim ones */
  int exit_code;
  uv_signal_t signals[3];
  int signal_count;
  struct endpoint looked_up; /* what on_lookup waits for */
  session_lookup_cb on_lookup;
};

/* Opens a session: the stack and the signals. Returns 0, or -1 after a report; then it is
 * closed. */
int session_open(struct session *session, const struct session_role *role,
                 const struct options *options);

/* Runs the session until session_end and until its socket is closed. */
void session_run(struct session *session);

/* Releases what session_open made. Returns the exit code. */
int session_close(struct session *session);

/* Listeners for the session's socket; the session is their data. */
void session_on_batch(dgram_socket *socket, const dgram_message *messages, size_t count,
                      void *data);
void session_on_error(dgram_socket *socket, const dgram_error *error, void *data);

/* Says where a server listens. */
void session_announce(const struct session *session);

/* Counts a datagram that came. */
void session_count(struct session *session, const dgram_message *message);

/* Whether -c is reached, or the session ends for another reason. */
bool session_complete(const struct session *session);

/* How many datagrams the system has dropped because a socket's buffer was full; NULL: none. */
uint64_t session_unread(const dgram_socket *socket);

/* "3 datagrams, 15 bytes received": the summary of those who only receive. */
void session_received(const struct session *session, char *text, size_t size);

/* Prints a datagram that came. */
void session_print(struct session *session, const dgram_message *message);

/* Hands what was printed on; where nobody reads any more the session ends. */
void session_flush(struct session *session);

/* Ends: what was accepted for sending still goes out. */
void session_end(struct session *session, int exit_code);

/* Ends as Ctrl-C does, with a summary. */
void session_interrupt(struct session *session);

/* Ends with EXIT_TROUBLE after a report as report_code makes it. */
void session_fail(struct session *session, const char *what, int code, const char *where);

/* Counts an error that ends nothing, and reports it as report_code does: one a second. */
void session_trouble(struct session *session, const char *what, int code, const char *where);

/* ---- bind.c: from what the command line says to a socket that is bound ---- */

/* Reads an endpoint from the command line. Returns 0, or -1 after a report. */
int session_endpoint(const char *text, struct endpoint *ret_endpoint);

/* Finds the address of an endpoint whose host is given: of the family, 0 for any, IPv4 first. -I
 * adds a zone. A failure ends the session. */
void session_lookup(struct session *session, const struct endpoint *endpoint, int family,
                    session_lookup_cb cb);

/* Binds to an address, sets what the options want, and calls role->ready. A failure ends the
 * session. */
void session_bind(struct session *session, const dgram_address *address);

/* Whether the options suit a unix socket: if not it says why. Returns 0 or -1. */
int session_check_path(const struct options *options);

/* Reads where a server shall listen, the first argument; with --unix there is nothing to read. What it
 * does not like it reports. Returns 0 or -1. */
int session_server_endpoint(const struct options *options, struct endpoint *ret_endpoint);

/* Binds a unix socket, where the options say so; NULL: to a name of the system's choice. */
void session_bind_path(struct session *session, const char *path);

/* What it is bound to, for a person. */
void session_local_text(const struct session *session, char *text, size_t size);

/* The same for a server: to an endpoint as it was typed. */
void session_listen(struct session *session, const struct endpoint *endpoint);

/* The address to bind to when none was given: all interfaces, or the one of -I. Returns 0, or -1
 * after a report. */
int session_local_address(const struct session *session, int family, int port,
                          dgram_address *ret_address);

#endif
