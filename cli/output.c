/* Standard output is buffered and flushed once per batch: a pipe sees its lines as soon as the
 * datagrams of one system call are printed, and a flood does not cost a write per line. */

#include "output.h"

#include "address.h"
#include "encode.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void output_open(struct output *output, enum format format, dgram_stack *stack) {
  *output = (struct output){.format = format, .stack = stack};
}

static bool has(const dgram_recv_info *info, uint32_t bit) {
  return (info->present & bit) != 0;
}

/* The name of an interface, or its index where it has gone. */
static void interface_text(const struct output *output, uint32_t index, char *text, size_t size) {
  if (dgram_interface_name(output->stack, index, text, size) < 0) {
    snprintf(text, size, "%u", (unsigned)index);
  }
}

/* " to 192.0.2.2 on eth0 ttl 64 tos 0xb8", as far as it is known. */
static void print_info(const struct output *output, const dgram_recv_info *info) {
  char text[ENDPOINT_TEXT];
  if (has(info, DGRAM_RECV_LOCAL_ADDRESS)) {
    address_host_text(output->stack, &info->local_address, text);
    printf(" to %s", text);
  }
  if (has(info, DGRAM_RECV_INTERFACE)) {
    interface_text(output, info->interface_index, text, sizeof text);
    printf(" on %s", text);
  }
  if (has(info, DGRAM_RECV_HOP_LIMIT)) {
    printf(" ttl %d", info->hop_limit);
  }
  if (has(info, DGRAM_RECV_TOS)) {
    printf(" tos 0x%02x", info->tos);
  }
  if (has(info, DGRAM_RECV_TRUNCATED) && info->truncated) {
    fputs(" truncated", stdout);
  }
}

/* Whoever chose it may have put anything into it. */
static void print_path(const char *path) {
  if (*path == '\0') {
    putchar('-');
  } else {
    encode_escaped(path, strlen(path), stdout);
  }
}

/* "12:00:01.234567 192.0.2.1:5353 len 5" */
static void print_head(const struct output *output, const dgram_message *message) {
  struct timespec now;
  struct tm local;
  char clock[16];
  char from[ENDPOINT_TEXT];
  clock_gettime(CLOCK_REALTIME, &now);
  localtime_r(&now.tv_sec, &local);
  strftime(clock, sizeof clock, "%H:%M:%S", &local);
  printf("%s.%06ld ", clock, now.tv_nsec / 1000);
  if (message->from.family == DGRAM_UNIX) {
    print_path(message->info->path);
  } else {
    address_text(output->stack, &message->from, from);
    fputs(from, stdout);
  }
  printf(" len %zu", message->length);
  if (message->info) {
    print_info(output, message->info);
  }
}

static void print_text(const struct output *output, const dgram_message *message) {
  print_head(output, message);
  fputs(" \"", stdout);
  encode_escaped(message->bytes, message->length, stdout);
  fputs("\"\n", stdout);
}

static void print_hex(const struct output *output, const dgram_message *message) {
  print_head(output, message);
  putchar('\n');
  encode_hexdump(message->bytes, message->length, stdout);
}

/* "2026-11-22T17:01:02.123456Z": RFC 3339. */
static json_t *json_time(void) {
  struct timespec now;
  struct tm utc;
  char seconds[32];
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &utc);
  strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
  return json_sprintf("%s.%06ldZ", seconds, now.tv_nsec / 1000);
}

static json_t *json_address(const struct output *output, const dgram_address *address) {
  char host[ENDPOINT_TEXT];
  address_host_text(output->stack, address, host);
  return json_pack("{s:s, s:i}", "address", host, "port", (int)address->port);
}

/* As it is where it is text, else its bytes. */
static json_t *json_path(const char *path) {
  json_t *text = json_string(path);
  if (text) {
    return json_pack("{s:o}", "path", text);
  }
  char *base64 = encode_base64(path, strlen(path));
  json_t *object = base64 ? json_pack("{s:s}", "path_base64", base64) : NULL;
  free(base64);
  return object;
}

static json_t *json_from(const struct output *output, const dgram_message *message) {
  if (message->from.family == DGRAM_UNIX) {
    return json_path(message->info->path);
  }
  return json_address(output, &message->from);
}

/* Adds what came with it, as far as it is known. */
static int json_add_info(const struct output *output, json_t *object, const dgram_recv_info *info) {
  char text[ENDPOINT_TEXT];
  int result = 0;
  if (has(info, DGRAM_RECV_LOCAL_ADDRESS)) {
    address_host_text(output->stack, &info->local_address, text);
    result |= json_object_set_new(object, "local_address", json_string(text));
  }
  if (has(info, DGRAM_RECV_INTERFACE)) {
    interface_text(output, info->interface_index, text, sizeof text);
    result |= json_object_set_new(object, "interface", json_string(text));
  }
  if (has(info, DGRAM_RECV_HOP_LIMIT)) {
    result |= json_object_set_new(object, "ttl", json_integer(info->hop_limit));
  }
  if (has(info, DGRAM_RECV_TOS)) {
    result |= json_object_set_new(object, "tos", json_integer(info->tos));
  }
  if (has(info, DGRAM_RECV_TIME)) {
    result |=
        json_object_set_new(object, "kernel_time_ns", json_integer((json_int_t)info->time_ns));
  }
  return result;
}

/* Adds the payload: text as "data", other bytes as "base64". */
static int json_add_payload(json_t *object, const dgram_message *message) {
  json_t *text = json_stringn(message->bytes, message->length);
  if (text) {
    return json_object_set_new(object, "data", text);
  }
  char *base64 = encode_base64(message->bytes, message->length);
  int result = base64 ? json_object_set_new(object, "base64", json_string(base64)) : -1;
  free(base64);
  return result;
}

static int print_json(const struct output *output, const dgram_message *message,
                      const dgram_address *to) {
  bool truncated = message->info && message->info->truncated;
  json_t *where = output->path ? json_path(output->path) : json_address(output, to);
  json_t *object = json_pack("{s:o, s:o, s:o, s:I, s:b}", "time", json_time(), "from",
                             json_from(output, message), "to", where, "length",
                             (json_int_t)message->length, "truncated", (int)truncated);
  int result = object ? json_add_payload(object, message) : -1;
  if (result == 0 && message->info) {
    result = json_add_info(output, object, message->info);
  }
  if (result == 0) {
    result = json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
  }
  json_decref(object);
  return result;
}

void output_message(struct output *output, const dgram_message *message, const dgram_address *to) {
  if (output->code < 0) {
    return;
  }
  errno = 0;
  switch (output->format) {
  case FORMAT_TEXT:
    print_text(output, message);
    break;
  case FORMAT_RAW:
    fwrite(message->bytes, 1, message->length, stdout);
    break;
  case FORMAT_HEX:
    print_hex(output, message);
    break;
  case FORMAT_JSON:
    if (print_json(output, message, to) < 0) {
      output->code = -ENOMEM;
    }
    break;
  }
  if (ferror(stdout)) {
    output->code = errno ? -errno : -EIO;
  }
}

int output_flush(struct output *output) {
  if (output->code == 0 && fflush(stdout) != 0) {
    output->code = -errno;
  }
  return output->code;
}
