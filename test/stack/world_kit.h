/* What the tests of simulated worlds are written in.
 *
 * WORLD_TEST gives each test a world and ends it afterwards, where it is checked that the counts
 * add up and that no memory is left. */

#ifndef DGRAM_TEST_WORLD_KIT_H
#define DGRAM_TEST_WORLD_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* In this order, which cmocka.h asks for. */
#include <cmocka.h>

#include "dgram.h"
#include "dgram/sim.h"

struct world {
  dgram_sim *sim;
  size_t blocks;    /* of the world's allocator, that are out */
  size_t asked;     /* how often memory was asked for */
  size_t fail_once; /* the one of them that fails, 1 being the first; 0: none */
};

extern struct world world;

#define WORLD_TEST(function) cmocka_unit_test_setup_teardown(function, world_setup, world_teardown)
int world_setup(void **state);
int world_teardown(void **state);

/* A world by itself, with the allocator that counts. */
int world_create(uint64_t seed);
void world_destroy(void);

dgram_stack *world_host(const char *name, const char *address);

/* What a socket has seen. */
struct world_seen {
  size_t messages;
  size_t bytes;
  uint64_t at_ns; /* when the last message came */
  dgram_address from;
  char text[64]; /* the first bytes of the messages, one after the other */
  size_t errors;
  int code; /* of the last error */
};

/* A bound socket; address NULL: all. seen may be NULL. */
dgram_socket *world_socket(dgram_stack *host, int type, const char *address, int port,
                           struct world_seen *seen);

/* Writes down from now on what a socket sees. */
void world_listen(dgram_socket *socket, struct world_seen *seen);

/* Sends so many bytes, the first of which is `byte`, without a callback. */
void world_send(dgram_socket *socket, const char *address, int port, char byte, size_t length);

/* The same, runs for a second, and returns the result. */
int world_try(dgram_socket *socket, const char *address, int port, size_t length);

/* Runs for a second. */
void world_run(void);

/* Fails where the counts do not add up. Returns them. */
dgram_sim_stats world_stats(void);

const char *world_text(const dgram_address *address);

#endif
