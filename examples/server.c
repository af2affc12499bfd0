/* Listens on port 41234 and prints what arrives. With a number as argument it closes after so many
 * messages. */

#include <dgram.h>
#include <stdio.h>
#include <stdlib.h>

static long messages_left; /* 0: no end */

static void on_error(dgram_socket *server, const dgram_error *error, void *data) {
  (void)data;
  printf("server error: %s %s\n", error->syscall, dgram_error_name(error->code));
  dgram_close(server, NULL, NULL);
}

static void on_message(dgram_socket *server, const dgram_message *message, void *data) {
  char address[DGRAM_ADDRESS_TEXT];
  (void)data;
  dgram_address_format(&message->from, address, sizeof address);
  printf("server got: %.*s from %s:%u\n", (int)message->length, (const char *)message->bytes,
         address, (unsigned)message->from.port);
  if (messages_left > 0 && --messages_left == 0) {
    dgram_close(server, NULL, NULL);
  }
}

static void on_listening(dgram_socket *server, void *data) {
  dgram_address local;
  char address[DGRAM_ADDRESS_TEXT];
  (void)data;
  dgram_local_address(server, &local);
  dgram_address_format(&local, address, sizeof address);
  printf("server listening %s:%u\n", address, (unsigned)local.port);
}

int main(int argc, char **argv) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_bind_options where = {.port = 41234};
  dgram_socket *server;

  messages_left = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* a line at once, also into a pipe */
  int code = dgram_create_socket(NULL, &options, &server);
  if (code < 0) {
    printf("server error: %s\n", dgram_error_name(code));
    return 1;
  }
  dgram_on_error(server, on_error, NULL);
  dgram_on_message(server, on_message, NULL);
  dgram_on_listening(server, on_listening, NULL);
  dgram_bind(server, &where, NULL, NULL);
  return dgram_run(NULL) < 0;
}
