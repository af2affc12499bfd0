/* unix_kit.h: what the tests of unix sockets share. Files stand in a folder of the program's own;
 * abstract names have the process in them. */

#ifndef DGRAM_TEST_UNIX_KIT_H
#define DGRAM_TEST_UNIX_KIT_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness.h"

static char folder[64];

static inline const char *in_folder(const char *name) {
  static char paths[4][DGRAM_PATH_TEXT];
  static unsigned next;
  char *path = paths[next++ % 4];
  snprintf(path, DGRAM_PATH_TEXT, "%s/%s", folder, name);
  return path;
}

static inline const char *abstract(const char *name) {
  static char names[4][DGRAM_PATH_TEXT];
  static unsigned next;
  char *text = names[next++ % 4];
  snprintf(text, DGRAM_PATH_TEXT, "@dgram-test-%ld-%s", (long)getpid(), name);
  return text;
}

static inline bool there_is(const char *path) {
  struct stat status;
  return lstat(path, &status) == 0;
}

static inline void need_unix(void) {
  if (h_kind() != H_LINUX) h_skip("unix sockets are the linux stack's alone");
}

static inline dgram_socket *open_unix(const char *name) {
  return h_socket(name, DGRAM_UNIX);
}

static inline dgram_socket *bound_to(const char *name, const char *path) {
  dgram_socket *socket = open_unix(name);
  char until[40];
  h_assert_ok(h_bind(socket, &(dgram_bind_options){.address = path}));
  snprintf(until, sizeof until, "%s bind OK", name);
  h_run_until(until);
  h_log_clear();
  return socket;
}

static inline int send_path(dgram_socket *socket, const char *text, const char *path) {
  struct h_call *call = h_call_new(socket, text, (long)strlen(text));
  return h_call_made(call, H(dgram_send(socket, text, strlen(text), 0, path, h_on_sent, call)));
}

static inline void expect_path(const dgram_socket *socket, const char *path) {
  char text[DGRAM_PATH_TEXT];
  assert_int_equal(dgram_local_path(socket, text, sizeof text), strlen(path));
  assert_string_equal(text, path);
}

static char senders[256];

static inline void note_sender(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)data;
  h_callback("message");
  if (message->from.family != DGRAM_UNIX || message->from.port != 0)
    h_violation("from family %d", message->from.family);
  if (message->info == NULL || !(message->info->present & DGRAM_RECV_PATH)) {
    h_violation("no path on %s", h_name(socket));
    return;
  }
  snprintf(senders + strlen(senders), sizeof senders - strlen(senders), "[%s]",
           message->info->path);
}

/* Runs the tests with a folder. */
#define UNIX_MAIN(tests)                                                                           \
  (mkdtemp(strcpy(folder, "/tmp/dgram-test-XXXXXX")) == NULL ? 1 : unix_end(H_MAIN(tests)))

static inline int unix_end(int failed) {
  (void)rmdir(folder);
  return failed;
}

#endif
