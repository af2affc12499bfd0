#include "report.h"

#include <dgram.h>
#include <uv.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A line goes out in one write, so that the lines of two processes on one terminal do not mix. */
static void write_line(const char *prefix, const char *format, va_list arguments) {
  char line[1024];
  size_t used = (size_t)snprintf(line, sizeof line, "%s", prefix);
  int length = vsnprintf(line + used, sizeof line - used - 1, format, arguments);
  if (length < 0) {
    return;
  }
  used = strlen(line);
  line[used++] = '\n';
  fwrite(line, 1, used, stderr);
}

void report(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write_line("dgram: ", format, arguments);
  va_end(arguments);
}

void notice(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write_line("", format, arguments);
  va_end(arguments);
}

/* The library's table holds the errors of sockets; libuv knows also those of files. */
static bool is_known(int code) {
  return strcmp(dgram_error_name(code), "UNKNOWN") != 0;
}

void report_code(const char *what, int code, const char *where) {
  const char *name = is_known(code) ? dgram_error_name(code) : uv_err_name(code);
  const char *text = is_known(code) ? dgram_error_text(code) : uv_strerror(code);
  if (where && *where) {
    report("%s %s %s: %s", what, name, where, text);
  } else {
    report("%s %s: %s", what, name, text);
  }
}
