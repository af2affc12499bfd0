/* What the tests of the simulation are written in. A run of a simulated network ends by itself when
 * nothing can happen any more, so no test waits for anything: sim_settle runs until then.
 *
 * SIM_TEST gives each test a stack and ends it afterwards, where it is checked that no memory of
 * its allocator is left. */

#ifndef DGRAM_TEST_SIM_KIT_H
#define DGRAM_TEST_SIM_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* In this order, which cmocka.h asks for. */
#include <cmocka.h>

#include "dgram.h"
#include "dgram/sim.h"

struct sim {
  dgram_stack *stack;
  size_t blocks;    /* of the stack's allocator, that are out */
  size_t asked;     /* how often memory was asked for */
  size_t fail_size; /* a malloc of at least so many bytes fails; 0: none */
};

extern struct sim sim;

#define SIM_TEST(function) cmocka_unit_test_setup_teardown(function, sim_setup, sim_teardown)
int sim_setup(void **state);
int sim_teardown(void **state);

/* Replaces the stack of the test by a new one. */
void sim_reopen(void);

/* Runs until nothing can happen any more. */
void sim_settle(void);

/* What a socket has seen; its data. Counts last. */
struct sim_seen {
  size_t messages;
  size_t batches;
  size_t bytes;
  dgram_address from; /* of the last message */
  char last;          /* the first byte of the last message */
};

/* Sockets bound to an address and port, 0 for any; seen may be NULL. */
dgram_socket *sim_socket(int type, bool reuse_addr, struct sim_seen *seen);
int sim_bind(dgram_socket *socket, const char *address, int port);
dgram_socket *sim_bound(int type, const char *address, int port, struct sim_seen *seen);
uint16_t sim_port(const dgram_socket *socket);

/* Sends so many bytes, all the same, and runs until they are there. Returns the datagram's
 * result. */
int sim_send(dgram_socket *socket, const char *address, int port, char byte, size_t length);

/* The text of an address without its port. */
const char *sim_text(const dgram_address *address);

#endif
