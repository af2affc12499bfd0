/* transfer send FILE HOST PORT | transfer receive FILE PORT
 * Exits with 0 when the whole file is there. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transfer.h"

static FILE *file;
static int port, result;

static int read_file(uint64_t offset, void *bytes, size_t size, void *data) {
  (void)data;
  if (fseek(file, (long)offset, SEEK_SET) != 0) return DGRAM_EIO;
  size = fread(bytes, 1, size, file);
  return ferror(file) ? DGRAM_EIO : (int)size;
}

static int write_file(uint64_t offset, const void *bytes, size_t size, void *data) {
  (void)data;
  if (fseek(file, (long)offset, SEEK_SET) != 0) return DGRAM_EIO;
  return fwrite(bytes, 1, size, file) == size ? 0 : DGRAM_EIO;
}

static void on_done(int code, void *data) {
  (void)data;
  result = code;
}

static void on_resolved(dgram_stack *stack, int status, const dgram_address *addresses,
                        void *data) {
  (void)data;
  if (status > 0) {
    dgram_address to = addresses[0];
    to.port = (uint16_t)port;
    status = transfer_send(stack, &to, read_file, on_done, NULL);
  }
  if (status < 0) result = status;
}

int main(int argc, char **argv) {
  const bool sends = argc == 5 && strcmp(argv[1], "send") == 0;
  const bool receives = argc == 4 && strcmp(argv[1], "receive") == 0;
  port = sends || receives ? atoi(argv[argc - 1]) : 0;
  if (port <= 0 || port > 65535) {
    fputs("usage: transfer send FILE HOST PORT | transfer receive FILE PORT\n", stderr);
    return 2;
  }
  file = fopen(argv[2], sends ? "rb" : "wb");
  if (file == NULL) {
    perror(argv[2]);
    return 1;
  }
  result = sends ? dgram_resolve(NULL, argv[3], DGRAM_IPV4, on_resolved, NULL)
                 : transfer_receive(NULL, port, write_file, on_done, NULL);
  if (result == 0) (void)dgram_run(NULL);
  if (fclose(file) != 0 && result == 0) result = DGRAM_EIO;
  if (result < 0) fprintf(stderr, "transfer: %s\n", dgram_error_text(result));
  return result < 0;
}
