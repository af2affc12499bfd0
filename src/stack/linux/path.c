#include "stack/linux/path.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/limits.h"

socklen_t linux_path_write(const char *path, struct sockaddr_un *ret) {
  const size_t length = strlen(path);
  assert(length < sizeof ret->sun_path + (path[0] == '@'));
  memset(ret, 0, sizeof *ret);
  ret->sun_family = AF_UNIX;
  if (length == 0) return LINUX_PATH_OFFSET; /* bind(2): the kernel makes up an abstract name */
  if (path[0] != '@') {
    memcpy(ret->sun_path, path, length);
    return (socklen_t)(LINUX_PATH_OFFSET + length + 1);
  }
  memcpy(ret->sun_path + 1, path + 1, length - 1);
  return (socklen_t)(LINUX_PATH_OFFSET + length);
}

/* Whether the bytes behind an abstract name's first 0 are text. */
static bool is_text(const struct sockaddr_un *name, size_t length) {
  return length > 1 && memchr(name->sun_path + 1, '\0', length - 1) == NULL;
}

/* An abstract name is "@" and the rest; a file's name that begins so is told in a way that leads back
 * to the file. */
int linux_path_read(const struct sockaddr_un *name, socklen_t name_length, char *text) {
  size_t length = name_length > LINUX_PATH_OFFSET ? name_length - LINUX_PATH_OFFSET : 0;
  text[0] = '\0';
  if (length == 0 || length > sizeof name->sun_path) return 0;
  if (name->sun_path[0] == '\0') {
    if (!is_text(name, length)) return 0;
    memcpy(text, name->sun_path, length);
    text[0] = '@';
    text[length] = '\0';
    return (int)length;
  }
  length = strnlen(name->sun_path, length);
  const char *front = name->sun_path[0] == '@' ? "./" : "";
  if (length + strlen(front) > DGRAM__UNIX_PATH_MAX) return 0;
  return snprintf(text, DGRAM_PATH_TEXT, "%s%.*s", front, (int)length, name->sun_path);
}
