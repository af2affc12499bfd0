/* output.h: datagrams on standard output, in one of four forms. */

#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <dgram.h>

#include "options.h"

struct output {
  enum format format;
  dgram_stack *stack; /* knows the names of interfaces */
  const char *path;   /* of a unix socket, where it is bound; or NULL */
  int code;           /* 0, or the -errno after which nothing is written any more */
};

void output_open(struct output *output, enum format format, dgram_stack *stack);

/* Prints a datagram.
 * to  the address of the socket that got it. */
void output_message(struct output *output, const dgram_message *message, const dgram_address *to);

/* Makes what was printed visible. Returns 0 or -errno, also of an output_message before. */
int output_flush(struct output *output);

#endif
