/* What the tests of the cluster are written in. A test program is its own worker: kit_main runs the
 * tests, or, where dgram_cluster_worker says so, a worker that does what it is told by datagrams:
 *
 *   bind NAME ADDRESS PORT [x][r]   NAME is a letter; x: exclusive, r: reuse_addr
 *                                   says "NAME bound PORT" or "NAME failed CODE"
 *   close NAME                      says "NAME closed"
 *   bindclose NAME ADDRESS PORT     binds, and closes when the primary has been asked
 *   pause NAME, resume NAME
 *   count                           says "count N SHORTEST LONGEST": datagrams so far, and bytes
 *   fds                             says "fds N": open descriptors
 *   nofile N                        lets this process have N more descriptors
 *   identity                        says "identity NUMBER ID", and "none" where the environment is clear
 *   leave, exit CODE, hang          (hang: never leaves)
 *
 * A datagram on a shared socket is counted, and where it begins with '?' answered with the worker's
 * number. What workers say, and what happens to them, stands in the log: "1 online", "1 listening",
 * "1 exit 0", "2 a bound 41000", "reloaded OK", "ended". */

#ifndef DGRAM_TEST_CLUSTER_KIT_H
#define DGRAM_TEST_CLUSTER_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dgram/cluster.h>
#include <dgram/uv.h>

enum { KIT_WORKERS_MAX = 128 };

/* A test with a stack of its own; afterwards the cluster is stopped, and the primary has neither a
 * descriptor nor a child more than before. */
#define KIT_TEST(function) cmocka_unit_test_setup_teardown(function, kit_setup, kit_teardown)
#define KIT_MAIN(tests, argc, argv)                                                                \
  kit_main((tests), sizeof(tests) / sizeof((tests)[0]), (argc), (argv))
int kit_main(const struct CMUnitTest *tests, size_t count, int argc, char **argv);
int kit_setup(void **state);
int kit_teardown(void **state);

/* What a worker of another kind does, in place of the above: the argument after "worker", where it is
 * not "told". NULL: the program has none. */
extern int (*kit_other_worker)(const char *kind);

/* Sees each event of the cluster before the log does; NULL: nobody. */
extern void (*kit_watch)(const dgram_cluster_event *event);

/* The worker of the above, for an other worker that is one now and then. polite: it is told why it
 * shall leave, says "asked REASON", and leaves. */
int kit_told_worker(bool polite);

dgram_stack *kit_stack(void);
dgram_cluster *kit_cluster(void);

/* Starts a cluster: NULL: two workers, no more. The program and what happens are filled in. kind: of the
 * other workers, or NULL. Waits until as many have said where they are. */
void kit_start(const dgram_cluster_options *options, const char *kind);

/* The same, and waits for nothing. */
void kit_start_only(const dgram_cluster_options *options, const char *kind);

/* Tells a worker what to do. */
void kit_tell(int number, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Runs until so many lines of the log begin with this, and returns the rest of the last of them. */
const char *kit_await(int count, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How many there are now. */
int kit_count(const char *format, ...) __attribute__((format(printf, 1, 2)));
void kit_forget(void); /* what was logged */

/* Binds, and waits: the port, or the code that it failed with. */
int kit_bind(int number, char name, const char *address, int port, const char *how);

/* Runs the loop, until a condition holds. */
void kit_until(bool (*holds)(void *data), void *data, const char *what);
void kit_turns(int count);

/* The process of a worker that is online. */
int kit_pid(int number);

/* A plain UDP socket of this process, bound to a port of 127.0.0.1; a code where it cannot be. */
int kit_socket(int port);

/* Sends to a port of 127.0.0.1. segment: cut by the kernel into such pieces, 0: not at all. */
void kit_send(int fd, int port, const void *bytes, size_t length, int segment);

/* Asks who is there, and waits for the answer. */
int kit_ask(int fd, int port);

/* Open descriptors of this process. */
int kit_descriptors(void);

#endif
