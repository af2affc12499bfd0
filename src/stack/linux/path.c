#include "stack/linux/path.h"

#include <assert.h>
#include <string.h>

socklen_t linux_path_write(const char *path, struct sockaddr_un *ret) {
  const size_t length = strlen(path);
  assert(length < sizeof ret->sun_path);
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

/* Abstract names may hold any bytes. A file's name that begins as an abstract one does is told in a
 * way that leads back to the file. Returns the length. */
int linux_path_read(const struct sockaddr_un *name, socklen_t name_length, char *text) {
  size_t length = name_length > LINUX_PATH_OFFSET ? name_length - LINUX_PATH_OFFSET : 0;
  char *to = text;
  if (length > sizeof name->sun_path) length = sizeof name->sun_path;
  if (length > 0 && name->sun_path[0] != '\0') {
    length = strnlen(name->sun_path, length);
    if (name->sun_path[0] == '@') to = (char *)memcpy(to, "./", 2) + 2;
  }
  for (size_t i = 0; i < length; i++)
    *to++ = name->sun_path[i] != '\0' ? name->sun_path[i] : '@';
  *to = '\0';
  return (int)(to - text);
}
