/* encode.h: bytes as text. */

#ifndef CLI_ENCODE_H
#define CLI_ENCODE_H

#include <stddef.h>
#include <stdio.h>

/* Writes bytes as a string of C would hold them: \n, \t, \", \\, and \x1b for what does not print.
 * UTF-8 stays as it is, but for characters that steer a terminal or turn the direction of writing:
 * a datagram shall not be able to forge the line it is printed on. */
void encode_escaped(const void *bytes, size_t length, FILE *file);

/* Writes bytes as `hexdump -Cv` does, the last line with the length alone included; of no bytes
 * nothing. */
void encode_hexdump(const void *bytes, size_t length, FILE *file);

/* Bytes as base64 (RFC 4648 4), which returns new: free it. NULL: no memory. */
char *encode_base64(const void *bytes, size_t length);

#endif
