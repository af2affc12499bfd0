/* Paths and abstract names to and from the system's sockaddr_un: unix(7), Address format. */

#ifndef DGRAM_STACK_LINUX_PATH_H
#define DGRAM_STACK_LINUX_PATH_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "dgram.h"

/* The length of a name without a path: nobody's, and in bind(2) the system's choice. */
enum { LINUX_PATH_OFFSET = offsetof(struct sockaddr_un, sun_path) };

/* Writes the name of a path, "@" in front of an abstract one, and returns its length. */
socklen_t linux_path_write(const char *path, struct sockaddr_un *ret_name);

/* Writes a name as text that linux_path_write takes, DGRAM_PATH_TEXT bytes, and returns the length of
 * that; 0 for nobody's name, and for one that cannot be written so: with a 0 in its midst, or too
 * long. */
int linux_path_read(const struct sockaddr_un *name, socklen_t name_length, char *text);

#endif
