/* input.h: what dgram send sends: one piece of data, or the lines of a stream. */

#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "options.h"

/* Bytes of payload in the largest datagram: 65,535 less the headers of UDP and IPv4; IPv6 does not
 * count its own. */
enum { PAYLOAD_MAX_IPV4 = 65507, PAYLOAD_MAX_IPV6 = 65527 };

enum input_status {
  INPUT_RECORD, /* there is a datagram to send */
  INPUT_LATER,  /* not yet: `ready` will be called */
  INPUT_END,    /* there is no more */
  INPUT_FAILED  /* what it was is reported */
};

struct input {
  bool lines;
  int fd; /* of the stream; -1: none */
  const char *name;
  const char *bytes; /* the one piece of data */
  size_t length;
  char *memory; /* of the input's own, or NULL */
  size_t start; /* what of the memory is not yet given out */
  size_t end;
  bool at_end; /* the stream has no more */
  bool failed; /* and it is reported */
  bool polled; /* the stream can be waited for; else reading never blocks for long */
  uv_poll_t poll;
  void (*ready)(void *data);
  void *data;
};

/* Opens the input that the command line names; data that is no stream of lines is read here, whole.
 *
 * text     the data itself, "-" for standard input, or NULL: --hex, --file, or standard input.
 * Returns  0, or -1 after a report; input_close is due all the same. */
int input_open(struct input *input, const struct options *options, const char *text);

/* Begins to use a stream of lines on libuv's default loop.
 * ready    called after INPUT_LATER, when input_next has something to say. */
int input_start(struct input *input, void (*ready)(void *data), void *data);

/* The next datagram. The bytes are valid until the next call. The data that is no stream comes
 * again and again. */
enum input_status input_next(struct input *input, const char **ret_bytes, size_t *ret_length);

/* Releases everything; the loop has to run once more. */
void input_close(struct input *input);

#endif
