/* A DNS server for one zone, with workers: answers A queries from memory.
 *
 *   example-dns 127.0.0.1 5300 example.test www=192.0.2.1 mail=192.0.2.2 @=192.0.2.3
 *
 * The workers bind the same port and share its socket; their code knows nothing of that. A service
 * manager may hand the socket in. RFC 1035 4.1; a name of the zone that is not there is NXDOMAIN, one
 * that has no A record an empty answer, a name of another zone is refused. */

#include <ctype.h>
#include <dgram.h>
#include <dgram/cluster.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HEADER = 12, NAME_MAX_LENGTH = 255, ANSWER_MAX = 512, RECORDS_MAX = 64, TTL_S = 60 };
enum { NOERROR = 0, FORMERR = 1, NXDOMAIN = 3, NOTIMP = 4, REFUSED = 5 };
enum { TYPE_A = 1, TYPE_ANY = 255, CLASS_IN = 1 };

struct record {
  char name[NAME_MAX_LENGTH + 1]; /* without the dot at the end */
  dgram_address address;
};

static struct {
  const char *zone;
  struct record records[RECORDS_MAX];
  int count;
} server;

/* ---- answers ---- */

static unsigned get16(const unsigned char *bytes) {
  return (unsigned)bytes[0] << 8 | bytes[1];
}

static void put16(unsigned char *bytes, unsigned value) {
  bytes[0] = (unsigned char)(value >> 8);
  bytes[1] = (unsigned char)value;
}

/* Reads the name of a question. Returns where it ends, 0: it is none. A question is not compressed. */
static size_t read_name(const unsigned char *bytes, size_t length, char *name) {
  size_t at = HEADER, used = 0;
  while (at < length && bytes[at] != 0) {
    size_t label = bytes[at++];
    if (label > 63 || at + label >= length || used + label + 1 > NAME_MAX_LENGTH) return 0;
    if (used > 0) name[used++] = '.';
    for (size_t i = 0; i < label; i++) {
      if (bytes[at] == '.' || bytes[at] == 0) return 0; /* legal, but none of ours */
      name[used++] = (char)bytes[at++];
    }
  }
  name[used] = '\0';
  return at < length ? at + 1 : 0;
}

static int is_in_zone(const char *name) {
  size_t length = strlen(name), zone = strlen(server.zone);
  if (length < zone || strcasecmp(name + length - zone, server.zone) != 0) return 0;
  return length == zone || name[length - zone - 1] == '.';
}

static size_t put_record(unsigned char *at, const dgram_address *address) {
  static const unsigned char fixed[] = {0xc0, HEADER, 0, TYPE_A, 0, CLASS_IN, 0, 0, 0, TTL_S, 0, 4};
  memcpy(at, fixed, sizeof fixed);
  memcpy(at + sizeof fixed, address->bytes, 4);
  return sizeof fixed + 4;
}

/* Writes the records of a name, and how many there are; *known says whether there is the name. */
static size_t put_records(unsigned char *answer, size_t length, const char *name, unsigned type,
                          int *known) {
  unsigned count = 0;
  for (int i = 0; i < server.count; i++) {
    if (strcasecmp(server.records[i].name, name) != 0) continue;
    *known = 1;
    if (type != TYPE_A && type != TYPE_ANY) continue;
    if (length + 16 > ANSWER_MAX) break;
    length += put_record(answer + length, &server.records[i].address);
    count++;
  }
  put16(answer + 6, count);
  return length;
}

static size_t respond(unsigned char *answer, const unsigned char *query, size_t length) {
  char name[NAME_MAX_LENGTH + 1];
  int code = NOERROR, known = 0;
  size_t end = get16(query + 4) == 1 ? read_name(query, length, name) : 0;
  size_t size = HEADER;
  memset(answer, 0, HEADER);
  memcpy(answer, query, 2);
  if (end > 0 && end + 4 > length) end = 0;
  if (query[2] & 0x78) {
    code = NOTIMP;
  } else if (end == 0) {
    code = FORMERR;
  } else {
    put16(answer + 4, 1);
    memcpy(answer + HEADER, query + HEADER, end + 4 - HEADER);
    size = end + 4;
    if (get16(query + end + 2) != CLASS_IN || !is_in_zone(name)) {
      code = REFUSED;
    } else {
      size = put_records(answer, size, name, get16(query + end), &known);
      if (!known && strcasecmp(name, server.zone) != 0) code = NXDOMAIN;
    }
  }
  answer[2] =
      (unsigned char)(0x80 | (query[2] & 0x79) | (code == NOERROR || code == NXDOMAIN ? 4 : 0));
  answer[3] = (unsigned char)code;
  return size;
}

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  unsigned char answer[ANSWER_MAX];
  const unsigned char *query = message->bytes;
  (void)data;
  /* What is no query, or comes from port 0, gets no answer: two servers would answer each other. */
  if (message->length < HEADER || query[2] & 0x80 || message->from.port == 0) return;
  size_t length = respond(answer, query, message->length);
  dgram_send_to(socket, answer, length, &message->from, NULL, NULL);
}

/* ---- the zone ---- */

static int add_record(const char *text) {
  struct record *record = &server.records[server.count];
  const char *equals = strchr(text, '=');
  if (equals == NULL || server.count == RECORDS_MAX) return -1;
  int label = (int)(equals - text);
  int apex = label == 1 && *text == '@';
  int length =
      apex ? snprintf(record->name, sizeof record->name, "%s", server.zone)
           : snprintf(record->name, sizeof record->name, "%.*s.%s", label, text, server.zone);
  if (length >= (int)sizeof record->name) return -1;
  if (dgram_address_parse(equals + 1, 0, &record->address) < 0) return -1;
  if (record->address.family != DGRAM_IPV4) return -1;
  server.count++;
  return 0;
}

/* ---- primary and workers ---- */

static void on_event(dgram_cluster *cluster, const dgram_cluster_event *event, void *data) {
  static int listening;
  int *failed = data;
  char address[DGRAM_ADDRESS_TEXT];
  if (event->type == DGRAM_CLUSTER_LISTENING && ++listening == 2) {
    dgram_address_format(&event->address, address, sizeof address);
    printf("two workers answer on %s:%u\n", address, (unsigned)event->address.port);
  }
  /* One that cannot bind would not be able to the next time. */
  if (event->type == DGRAM_CLUSTER_EXIT && event->status != 0 && !*failed) {
    *failed = 1;
    dgram_cluster_stop(cluster);
  }
}

static int be_primary(void) {
  int failed = 0;
  dgram_cluster_options options = {
      .workers = 2, .restart = true, .on_event = on_event, .data = &failed};
  dgram_cluster *cluster;
  int code = dgram_cluster_start(NULL, &options, &cluster);
  for (int i = 0; i < dgram_listen_fds() && code == 0; i++)
    code = dgram_cluster_offer(cluster, 3 + i);
  if (code == 0) code = dgram_run(NULL);
  if (code < 0) fprintf(stderr, "dns error: %s\n", dgram_error_name(code));
  return code < 0 || failed;
}

static void on_error(dgram_socket *socket, const dgram_error *error, void *data) {
  (void)socket;
  fprintf(stderr, "dns error: %s %s\n", error->syscall, dgram_error_name(error->code));
  if (strcmp(error->syscall, "bind") == 0) *(int *)data = 1;
}

static int be_worker(const char *address, int port) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .on_message = on_message};
  dgram_bind_options where = {.address = address, .port = port};
  dgram_socket *socket;
  int failed = 0;
  if (dgram_cluster_join(NULL, NULL) < 0) return 1;
  if (dgram_create_socket(NULL, &options, &socket) < 0) return 1;
  dgram_on_error(socket, on_error, &failed);
  if (dgram_bind(socket, &where, NULL, NULL) < 0) return 1;
  return dgram_run(NULL) < 0 || failed;
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  if (argc < 5) {
    fprintf(stderr, "usage: example-dns ADDRESS PORT ZONE NAME=ADDRESS...\n");
    return 2;
  }
  server.zone = argv[3];
  for (int i = 4; i < argc; i++) {
    if (add_record(argv[i]) < 0) {
      fprintf(stderr, "dns error: '%s' is no NAME=ADDRESS\n", argv[i]);
      return 2;
    }
  }
  return dgram_cluster_worker() == 0 ? be_primary() : be_worker(argv[1], atoi(argv[2]));
}
