/* A file over UDP, whatever the network does to it: an example of a protocol on dgram.h. It knows
 * neither files nor the system: bytes come and go by callbacks, time is the stack's. So it runs
 * unchanged on real sockets (main.c) and in a simulated network (dgram/sim.h). */

#ifndef TRANSFER_H
#define TRANSFER_H

#include <dgram.h>

/* Reads bytes of the file, maybe once more. Returns how many, less than size only at the end of the
 * file, or a code. */
typedef int (*transfer_read_cb)(uint64_t offset, void *bytes, size_t size, void *data);

/* Writes bytes of the file: each once, in the order of arrival. Returns 0 or a code. */
typedef int (*transfer_write_cb)(uint64_t offset, const void *bytes, size_t size, void *data);

/* It is over. code: 0: the whole file is there; else what a callback or the stack answered;
 * DGRAM_ETIMEDOUT: the other end is silent; DGRAM_EPROTO: it failed, or the checksum is wrong;
 * DGRAM_ECANCELED: the stack is closed. */
typedef void (*transfer_done_cb)(int code, void *data);

/* Sends a file; receives one, from the first who sends.
 *
 * to       borrows.
 * data     keeps until completion, which is `done`.
 * Returns  0, then `done` comes once, from the loop; or a code, then it never comes. */
int transfer_send(dgram_stack *stack, const dgram_address *to, transfer_read_cb read,
                  transfer_done_cb done, void *data);
int transfer_receive(dgram_stack *stack, int port, transfer_write_cb write, transfer_done_cb done,
                     void *data);

#endif
