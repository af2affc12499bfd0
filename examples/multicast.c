/* Binds to port 1234, joins the group 224.0.0.114 as soon as it is bound, prints the first message
 * that the group gets, and closes. */

#include <dgram.h>
#include <stdio.h>

static void on_message(dgram_socket *s, const dgram_message *message, void *data) {
  (void)data;
  printf("the group got: %.*s\n", (int)message->length, (const char *)message->bytes);
  dgram_close(s, NULL, NULL);
}

static void on_bound(dgram_socket *s, int status, void *data) {
  (void)data;
  int code = status < 0 ? status : dgram_add_membership(s, "224.0.0.114", NULL);
  if (code < 0) {
    fprintf(stderr, "multicast error: %s\n", dgram_error_name(code));
    dgram_close(s, NULL, NULL);
    return;
  }
  puts("joined 224.0.0.114");
}

int main(void) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .on_message = on_message};
  dgram_bind_options where = {.port = 1234};
  dgram_socket *s;

  setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* a line at once, also into a pipe */
  int code = dgram_create_socket(NULL, &options, &s);
  if (code == 0) {
    code = dgram_bind(s, &where, on_bound, NULL);
  }
  if (code < 0) {
    fprintf(stderr, "multicast error: %s\n", dgram_error_name(code));
  }
  dgram_run(NULL);
  return code < 0;
}
