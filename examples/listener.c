/* A listener for messages, on any free port of all interfaces. An empty message ends it. */

#include <dgram.h>
#include <stdio.h>

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  char address[DGRAM_ADDRESS_TEXT];
  (void)data;
  dgram_address_format(&message->from, address, sizeof address);
  printf("Received %zu bytes from %s:%u\n", message->length, address, (unsigned)message->from.port);
  if (message->length == 0) {
    dgram_close(socket, NULL, NULL);
  }
}

static void on_listening(dgram_socket *socket, void *data) {
  dgram_address local;
  (void)data;
  dgram_local_address(socket, &local);
  printf("listening on port %u\n", (unsigned)local.port);
}

int main(void) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *socket;

  setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* a line at once, also into a pipe */
  int code = dgram_create_socket(NULL, &options, &socket);
  if (code < 0) {
    fprintf(stderr, "listener error: %s\n", dgram_error_name(code));
    return 1;
  }
  dgram_on_message(socket, on_message, NULL);
  dgram_on_listening(socket, on_listening, NULL);
  dgram_bind(socket, NULL, NULL, NULL); /* any port, all interfaces */
  return dgram_run(NULL) < 0;
}
