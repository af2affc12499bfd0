/* One piece of data is read before anything is sent. Lines come while the loop runs, so that
 * replies are seen between them: libuv says when the stream is readable, and one read(2) takes what
 * is there. The descriptor stays blocking, since its flags are shared with whoever else has it
 * open, the shell for one. Regular files cannot be waited for and need not be. */

#include "input.h"

#include "parse.h"
#include "report.h"

#include <dgram.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One byte more than any datagram holds: enough to see that it is too long. */
enum { CAPACITY = PAYLOAD_MAX_IPV6 + 1 };

static int fail(const struct input *input, const char *what, int code) {
  report_code(what, code, input->name);
  return -1;
}

/* Fills the memory from the stream by one read. */
static int fill(struct input *input) {
  ssize_t count;
  do {
    count = read(input->fd, input->memory + input->end, CAPACITY - input->end);
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    return fail(input, "read", -errno);
  }
  input->at_end = count == 0;
  input->end += (size_t)count;
  return 0;
}

static int read_whole(struct input *input) {
  while (!input->at_end && input->end < CAPACITY) {
    if (fill(input) < 0) {
      return -1;
    }
  }
  input->bytes = input->memory;
  input->length = input->end;
  return 0;
}

static int open_stream(struct input *input, const char *file) {
  if (!file || strcmp(file, "-") == 0) {
    input->name = "standard input";
    input->fd = STDIN_FILENO;
    return 0;
  }
  input->name = file;
  input->fd = open(file, O_RDONLY | O_CLOEXEC);
  return input->fd < 0 ? fail(input, "open", -errno) : 0;
}

static int take_hex(struct input *input, const char *hex) {
  size_t room = strlen(hex) / 2 + 1;
  input->memory = malloc(room);
  if (!input->memory) {
    return fail(input, "read", DGRAM_ENOMEM);
  }
  if (!parse_hex(hex, (unsigned char *)input->memory, &input->length)) {
    report("--hex needs pairs of hex digits, not '%s'", hex);
    return -1;
  }
  input->bytes = input->memory;
  return 0;
}

/* Names the source; at most one may be given. */
static int check_sources(const struct options *options, const char *text) {
  int sources = (text != NULL) + (options->hex != NULL) + (options->file != NULL);
  if (sources > 1) {
    report("the data can come from one place only: an argument, --hex or --file");
    return -1;
  }
  if (options->lines && (options->hex || (text && strcmp(text, "-") != 0))) {
    report("--delim line is for files and standard input");
    return -1;
  }
  return 0;
}

int input_open(struct input *input, const struct options *options, const char *text) {
  *input = (struct input){.fd = -1};
  if (check_sources(options, text) < 0) {
    return -1;
  }
  if (options->hex) {
    return take_hex(input, options->hex);
  }
  if (text && strcmp(text, "-") != 0) {
    input->bytes = text;
    input->length = strlen(text);
    return 0;
  }
  if (open_stream(input, text ? text : options->file) < 0) {
    return -1;
  }
  input->memory = malloc(CAPACITY);
  if (!input->memory) {
    return fail(input, "read", DGRAM_ENOMEM);
  }
  input->lines = options->lines || (!text && !options->file && isatty(input->fd));
  return input->lines ? 0 : read_whole(input);
}

int input_start(struct input *input, void (*ready)(void *data), void *data) {
  input->ready = ready;
  input->data = data;
  if (!input->lines) {
    return 0;
  }
  int flags = fcntl(input->fd, F_GETFL);
  int code = uv_poll_init(uv_default_loop(), &input->poll, input->fd);
  if (code == UV_EPERM) {
    return 0;
  }
  if (code < 0) {
    return fail(input, "poll", code);
  }
  input->polled = true;
  input->poll.data = input;
  /* uv_poll_init has made it non-blocking, for everybody. */
  return fcntl(input->fd, F_SETFL, flags) < 0 ? fail(input, "fcntl", -errno) : 0;
}

static void on_readable(uv_poll_t *poll, int status, int events) {
  struct input *input = poll->data;
  (void)status; /* if it is bad, read(2) knows why */
  (void)events;
  uv_poll_stop(poll);
  input->failed = fill(input) < 0;
  input->ready(input->data);
}

/* Gives out a line that is in memory; the newline is not part of it. */
static bool take_line(struct input *input, const char **ret_bytes, size_t *ret_length) {
  const char *start = input->memory + input->start;
  size_t length = input->end - input->start;
  const char *newline = memchr(start, '\n', length);
  if (!newline && !(input->at_end && length > 0)) {
    return false;
  }
  *ret_bytes = start;
  *ret_length = newline ? (size_t)(newline - start) : length;
  input->start += *ret_length + (newline ? 1 : 0);
  return true;
}

static enum input_status next_line(struct input *input, const char **ret_bytes,
                                   size_t *ret_length) {
  if (input->failed) {
    return INPUT_FAILED;
  }
  while (!take_line(input, ret_bytes, ret_length)) {
    if (input->at_end) {
      return INPUT_END;
    }
    memmove(input->memory, input->memory + input->start, input->end - input->start);
    input->end -= input->start;
    input->start = 0;
    if (input->end == CAPACITY) {
      report("a line of %s is longer than a datagram can be", input->name);
      return INPUT_FAILED;
    }
    if (input->polled) {
      int code = uv_poll_start(&input->poll, UV_READABLE, on_readable);
      return code < 0 ? (fail(input, "poll", code), INPUT_FAILED) : INPUT_LATER;
    }
    if (fill(input) < 0) {
      return INPUT_FAILED;
    }
  }
  return INPUT_RECORD;
}

enum input_status input_next(struct input *input, const char **ret_bytes, size_t *ret_length) {
  if (input->lines) {
    return next_line(input, ret_bytes, ret_length);
  }
  *ret_bytes = input->bytes;
  *ret_length = input->length;
  return INPUT_RECORD;
}

void input_close(struct input *input) {
  if (input->polled) {
    uv_close((uv_handle_t *)&input->poll, NULL);
  }
  if (input->fd > STDIN_FILENO) {
    close(input->fd);
  }
  free(input->memory);
  input->memory = NULL;
}
