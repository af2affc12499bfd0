/* Binds to port 8000 of localhost, not to be shared with other workers, says so, and closes. */

#include <dgram.h>
#include <stdio.h>

static void on_bound(dgram_socket *socket, int status, void *data) {
  dgram_address local;
  char address[DGRAM_ADDRESS_TEXT];
  *(int *)data = status;
  if (status == 0) {
    dgram_local_address(socket, &local);
    dgram_address_format(&local, address, sizeof address);
    printf("bound to %s:%u, exclusively\n", address, (unsigned)local.port);
  }
  dgram_close(socket, NULL, NULL);
}

int main(void) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_bind_options where = {.address = "localhost", .port = 8000, .exclusive = true};
  dgram_socket *socket;
  int result = 0;

  int code = dgram_create_socket(NULL, &options, &socket);
  if (code == 0) {
    code = dgram_bind(socket, &where, on_bound, &result);
  }
  dgram_run(NULL);
  if (code < 0 || result < 0) {
    fprintf(stderr, "exclusive error: %s\n", dgram_error_name(code < 0 ? code : result));
    return 1;
  }
  return 0;
}
