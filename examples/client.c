/* Sends "Some bytes" to port 41234 on localhost, and closes when they are sent. */

#include <dgram.h>
#include <stdio.h>

static void on_sent(dgram_socket *client, int status, void *data) {
  (void)data;
  if (status < 0) {
    fprintf(stderr, "client error: %s\n", dgram_error_name(status));
  }
  dgram_close(client, NULL, NULL);
}

int main(void) {
  static const char message[] = "Some bytes"; /* stays where it is until on_sent */
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *client;

  int code = dgram_create_socket(NULL, &options, &client);
  if (code == 0) {
    code = dgram_send(client, message, sizeof message - 1, 41234, "localhost", on_sent, NULL);
  }
  if (code < 0) {
    fprintf(stderr, "client error: %s\n", dgram_error_name(code));
  }
  dgram_run(NULL);
  return code < 0;
}
