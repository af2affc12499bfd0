/* Names of DSCPs. */

#include "dgram.h"

struct dscp {
  const char *name;
  int value;
};

static const struct dscp names[] = {
    {"df", 0},    {"be", 0},    {"le", 1},    {"va", 44},   {"ef", 46},
    {"cs0", 0},   {"cs1", 8},   {"cs2", 16},  {"cs3", 24},  {"cs4", 32},
    {"cs5", 40},  {"cs6", 48},  {"cs7", 56},  {"af11", 10}, {"af12", 12},
    {"af13", 14}, {"af21", 18}, {"af22", 20}, {"af23", 22}, {"af31", 26},
    {"af32", 28}, {"af33", 30}, {"af41", 34}, {"af42", 36}, {"af43", 38},
};

enum { DSCP_MAX = 63 };

static char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

static bool is_name(const char *text, const char *name) {
  while (*name != '\0' && lower(*text) == *name) {
    text++;
    name++;
  }
  return *name == '\0' && *text == '\0';
}

static bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}

/* One or two digits, the first of which is no 0 where there are two. */
static int read_number(const char *text) {
  int value;

  if (!is_digit(text[0])) return DGRAM_EINVAL;
  value = text[0] - '0';
  if (text[1] == '\0') return value;
  if (value == 0 || !is_digit(text[1]) || text[2] != '\0') return DGRAM_EINVAL;
  value = value * 10 + text[1] - '0';
  return value <= DSCP_MAX ? value : DGRAM_EINVAL;
}

int dgram_dscp(const char *name) {
  if (name == NULL) return DGRAM_EARGTYPE;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (is_name(name, names[i].name)) return names[i].value;
  }
  return read_number(name);
}
