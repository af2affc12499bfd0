#include "encode.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* A character of UTF-8 at the front of the bytes (RFC 3629: neither overlong nor a surrogate).
 * Returns its length, or 0 where there is none. */
static size_t utf8_character(const unsigned char *bytes, size_t length, uint32_t *ret_character) {
  static const uint32_t minimum[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t size = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
  if (bytes[0] < 0xc2 || bytes[0] > 0xf4 || size > length) {
    return 0;
  }
  uint32_t character = bytes[0] & (0x7fu >> size);
  for (size_t i = 1; i < size; i++) {
    if ((bytes[i] & 0xc0) != 0x80) {
      return 0;
    }
    character = character << 6 | (bytes[i] & 0x3fu);
  }
  if (character < minimum[size] || character > 0x10ffff ||
      (character >= 0xd800 && character <= 0xdfff)) {
    return 0;
  }
  *ret_character = character;
  return size;
}

/* Controls of the upper half, marks without a width, separators of lines, and what turns
 * direction. */
static bool prints(uint32_t character) {
  static const struct {
    uint32_t first;
    uint32_t last;
  } hidden[] = {{0x80, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},
                {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
                {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0x10ffff}};
  for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
    if (character >= hidden[i].first && character <= hidden[i].last) {
      return false;
    }
  }
  return true;
}

static void escape_byte(unsigned char byte, FILE *file) {
  switch (byte) {
  case '\n':
    fputs("\\n", file);
    break;
  case '\r':
    fputs("\\r", file);
    break;
  case '\t':
    fputs("\\t", file);
    break;
  case '"':
  case '\\':
    putc('\\', file);
    putc(byte, file);
    break;
  default:
    if (byte >= 0x20 && byte < 0x7f) {
      putc(byte, file);
    } else {
      fprintf(file, "\\x%02x", byte);
    }
  }
}

void encode_escaped(const void *bytes, size_t length, FILE *file) {
  const unsigned char *next = bytes;
  while (length > 0) {
    uint32_t character = 0;
    size_t size = *next < 0x80 ? 0 : utf8_character(next, length, &character);
    if (size > 0 && prints(character)) {
      fwrite(next, 1, size, file);
    } else {
      size = 1;
      escape_byte(*next, file);
    }
    next += size;
    length -= size;
  }
}

static void hexdump_line(const unsigned char *bytes, size_t length, FILE *file) {
  for (size_t i = 0; i < 16; i++) {
    fputs(i % 8 == 0 ? "  " : " ", file);
    if (i < length) {
      fprintf(file, "%02x", bytes[i]);
    } else {
      fputs("  ", file);
    }
  }
  fputs("  |", file);
  for (size_t i = 0; i < length; i++) {
    putc(bytes[i] >= 0x20 && bytes[i] < 0x7f ? bytes[i] : '.', file);
  }
  fputs("|\n", file);
}

void encode_hexdump(const void *bytes, size_t length, FILE *file) {
  const unsigned char *all = bytes;
  for (size_t i = 0; i < length; i += 16) {
    fprintf(file, "%08zx", i);
    hexdump_line(all + i, length - i < 16 ? length - i : 16, file);
  }
  if (length > 0) {
    fprintf(file, "%08zx\n", length);
  }
}

char *encode_base64(const void *bytes, size_t length) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const unsigned char *next = bytes;
  char *text = malloc((length + 2) / 3 * 4 + 1);
  char *end = text;
  if (!text) {
    return NULL;
  }
  for (size_t i = 0; i < length; i += 3) {
    size_t left = length - i;
    uint32_t three = (uint32_t)next[i] << 16 | (left > 1 ? (uint32_t)next[i + 1] << 8 : 0) |
                     (left > 2 ? next[i + 2] : 0);
    *end++ = digits[three >> 18];
    *end++ = digits[three >> 12 & 63];
    *end++ = left > 1 ? digits[three >> 6 & 63] : '=';
    *end++ = left > 2 ? digits[three & 63] : '=';
  }
  *end = '\0';
  return text;
}
