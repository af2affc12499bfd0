/* A program that knows only what is installed: it sends itself a datagram and shows it. */

#include <dgram.h>
#include <stdio.h>

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  int *heard = data;
  *heard = 1;
  printf("%.*s %s\n", (int)message->length, (const char *)message->bytes, dgram_version());
  dgram_close(socket, NULL, NULL);
}

static void on_listening(dgram_socket *socket, void *data) {
  dgram_address here;
  (void)data;
  if (dgram_local_address(socket, &here) == 0) dgram_send_to(socket, "hello", 5, &here, NULL, NULL);
}

static int fail(const char *what, int code) {
  fprintf(stderr, "%s: %s: %s\n", what, dgram_error_name(code), dgram_error_text(code));
  return 1;
}

int main(void) {
  int heard = 0;
  dgram_socket *socket;
  dgram_socket_options options = {.type = DGRAM_UDP4, .on_message = on_message, .data = &heard};
  dgram_bind_options where = {.address = "127.0.0.1"};
  int code = dgram_create_socket(NULL, &options, &socket);
  if (code < 0) return fail("create", code);
  dgram_on_listening(socket, on_listening, NULL);
  code = dgram_bind(socket, &where, NULL, NULL);
  if (code < 0) return fail("bind", code);
  code = dgram_run(NULL);
  return code < 0 ? fail("run", code) : !heard;
}
