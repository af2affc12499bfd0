#include "parse.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const uint64_t one_second_ns = UINT64_C(1000000000);

bool parse_number(const char *text, uint64_t minimum, uint64_t maximum, uint64_t *ret_number) {
  uint64_t number = 0;
  if (!*text) {
    return false;
  }
  for (; *text; text++) {
    if (!isdigit((unsigned char)*text)) {
      return false;
    }
    uint64_t digit = (uint64_t)(*text - '0');
    if (digit > maximum || number > (maximum - digit) / 10) {
      return false;
    }
    number = number * 10 + digit;
  }
  if (number < minimum) {
    return false;
  }
  *ret_number = number;
  return true;
}

static bool unit_ns(const char *text, uint64_t *ret_ns) {
  static const struct {
    const char *name;
    uint64_t ns;
  } units[] = {
      {"", UINT64_C(1000000000)},
      {"s", UINT64_C(1000000000)},
      {"ms", 1000000},
      {"us", 1000},
      {"ns", 1},
      {"m", UINT64_C(60000000000)},
      {"h", UINT64_C(3600000000000)},
  };
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    if (strcmp(text, units[i].name) == 0) {
      *ret_ns = units[i].ns;
      return true;
    }
  }
  return false;
}

/* Digits count as long as a unit's fraction is a whole number of ns: after that they are cut
 * off. */
bool parse_duration(const char *text, uint64_t *ret_ns) {
  const uint64_t year_s = 366 * 86400;
  size_t whole = strspn(text, "0123456789");
  size_t fraction = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
  size_t number = whole + (text[whole] == '.' ? 1 + fraction : 0);
  char digits[24];
  uint64_t ns;
  uint64_t count;

  if (whole == 0 || whole >= sizeof digits || (text[whole] == '.' && fraction == 0) ||
      !unit_ns(text + number, &ns)) {
    return false;
  }
  memcpy(digits, text, whole);
  digits[whole] = '\0';
  if (!parse_number(digits, 0, year_s * one_second_ns / ns, &count)) {
    return false;
  }
  uint64_t total = count * ns;
  for (size_t i = 0; i < fraction && ns > 1; i++) {
    ns /= 10;
    total += (uint64_t)(text[whole + 1 + i] - '0') * ns;
  }
  *ret_ns = total;
  return true;
}

/* ---- shares, rates, sizes ---- */

struct unit {
  const char *name;
  uint64_t value;
};

/* What parse_scaled allows: with six digits of a fraction 8 TiB still fit into 64 bits. */
enum { FRACTION_MAX = 6 };

/* A number from 1 to maximum in one of the units; what is left of the smallest thing is cut off. */
static bool parse_scaled(const char *text, const struct unit *units, size_t unit_count,
                         uint64_t maximum, uint64_t *ret_number) {
  size_t whole = strspn(text, "0123456789");
  size_t fraction = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
  const char *name = text + whole + (text[whole] == '.' ? 1 + fraction : 0);
  char digits[24];
  uint64_t count;
  if (whole == 0 || whole >= sizeof digits || fraction > FRACTION_MAX ||
      (text[whole] == '.' && fraction == 0)) {
    return false;
  }
  memcpy(digits, text, whole);
  digits[whole] = '\0';
  for (size_t i = 0; i < unit_count; i++) {
    uint64_t unit = units[i].value;
    if (strcasecmp(name, units[i].name) != 0 || !parse_number(digits, 0, maximum / unit, &count)) {
      continue;
    }
    uint64_t numerator = 0;
    uint64_t denominator = 1;
    for (size_t j = 0; j < fraction; j++) {
      numerator = numerator * 10 + (uint64_t)(text[whole + 1 + j] - '0');
      denominator *= 10;
    }
    uint64_t number = count * unit + numerator * unit / denominator;
    if (number == 0 || number > maximum) {
      return false;
    }
    *ret_number = number;
    return true;
  }
  return false;
}

bool parse_percent(const char *text, uint32_t *ret_ppm) {
  uint32_t ppm = 0;
  uint32_t digit_ppm = 10000;
  size_t whole = strspn(text, "0123456789");
  if (whole == 0 || whole > 3) {
    return false;
  }
  for (size_t i = 0; i < whole; i++) {
    ppm = ppm * 10 + (uint32_t)(text[i] - '0') * digit_ppm;
  }
  text += whole;
  if (*text == '.') {
    do {
      text++;
      digit_ppm /= 10;
      if (!isdigit((unsigned char)*text)) {
        return false;
      }
      ppm += (uint32_t)(*text - '0') * digit_ppm;
    } while (digit_ppm > 1 && text[1] != '%');
    text++;
  }
  if (strcmp(text, "%") != 0 || ppm > 1000000) {
    return false;
  }
  *ret_ppm = ppm;
  return true;
}

bool parse_rate(const char *text, uint64_t *ret_bits) {
  static const struct unit units[] = {
      {"", 1},
      {"bit", 1},
      {"kbit", 1000},
      {"mbit", 1000000},
      {"gbit", UINT64_C(1000000000)},
      {"tbit", UINT64_C(1000000000000)},
      {"bps", 8},
      {"kbps", 8000},
      {"mbps", 8000000},
      {"gbps", UINT64_C(8000000000)},
      {"tbps", UINT64_C(8000000000000)},
      {"kibit", UINT64_C(1) << 10},
      {"mibit", UINT64_C(1) << 20},
      {"gibit", UINT64_C(1) << 30},
      {"tibit", UINT64_C(1) << 40},
      {"kibps", UINT64_C(8) << 10},
      {"mibps", UINT64_C(8) << 20},
      {"gibps", UINT64_C(8) << 30},
      {"tibps", UINT64_C(8) << 40},
  };
  return parse_scaled(text, units, sizeof units / sizeof *units, UINT64_C(1000000000000000),
                      ret_bits);
}

bool parse_size(const char *text, uint64_t *ret_bytes) {
  static const struct unit units[] = {
      {"", 1},
      {"b", 1},
      {"k", UINT64_C(1) << 10},
      {"kb", UINT64_C(1) << 10},
      {"m", UINT64_C(1) << 20},
      {"mb", UINT64_C(1) << 20},
      {"g", UINT64_C(1) << 30},
      {"gb", UINT64_C(1) << 30},
  };
  return parse_scaled(text, units, sizeof units / sizeof *units, UINT64_C(1) << 40, ret_bytes);
}

void format_duration(uint64_t duration_ns, char *text, size_t size) {
  if (duration_ns % one_second_ns == 0) {
    snprintf(text, size, "%" PRIu64 " s", duration_ns / one_second_ns);
  } else if (duration_ns > one_second_ns) {
    snprintf(text, size, "%.3g s", (double)duration_ns / 1e9);
  } else {
    snprintf(text, size, "%.3g ms", (double)duration_ns / 1e6);
  }
}

static int hex_value(char c) {
  static const char digits[] = "0123456789abcdef";
  const char *found = c ? strchr(digits, tolower((unsigned char)c)) : NULL;
  return found ? (int)(found - digits) : -1;
}

bool parse_hex(const char *text, unsigned char *bytes, size_t *ret_length) {
  size_t length = 0;
  for (;;) {
    text += strspn(text, " \t\n:");
    if (!*text) {
      *ret_length = length;
      return true;
    }
    int high = hex_value(text[0]);
    int low = high < 0 ? -1 : hex_value(text[1]);
    if (low < 0) {
      return false;
    }
    bytes[length++] = (unsigned char)(high << 4 | low);
    text += 2;
  }
}

static const char *parse_port(const char *text, int *ret_port) {
  uint64_t port;
  if (!parse_number(text, 0, 65535, &port)) {
    return "a port is a number from 0 to 65535";
  }
  *ret_port = (int)port;
  return NULL;
}

/* Finds where the host ends and the port begins. */
static const char *split_host(const char *text, const char **ret_host, size_t *ret_length,
                              const char **ret_port) {
  const char *colon = strrchr(text, ':');
  if (text[0] == '[') {
    const char *bracket = strchr(text, ']');
    if (!bracket || bracket[1] != ':' || bracket == text + 1) {
      return "write an IPv6 address as [addr]:port";
    }
    *ret_host = text + 1;
    *ret_length = (size_t)(bracket - text) - 1;
    *ret_port = bracket + 2;
  } else if (!colon && strspn(text, "0123456789") != strlen(text)) {
    return "the port is missing: write host:port";
  } else if (!colon) {
    *ret_host = text;
    *ret_length = 0;
    *ret_port = text;
  } else if (memchr(text, ':', (size_t)(colon - text))) {
    return "write an IPv6 address as [addr]:port";
  } else {
    *ret_host = text;
    *ret_length = (size_t)(colon - text);
    *ret_port = colon + 1;
  }
  return NULL;
}

const char *parse_endpoint(const char *text, struct endpoint *ret_endpoint) {
  const char *host;
  const char *port;
  size_t length;
  const char *wrong = split_host(text, &host, &length, &port);
  if (!wrong) {
    wrong = parse_port(port, &ret_endpoint->port);
  }
  if (wrong) {
    return wrong;
  }
  if (length >= HOST_MAX) {
    return "the name is too long";
  }
  ret_endpoint->star = length == 1 && *host == '*';
  if (ret_endpoint->star) {
    length = 0;
  }
  memcpy(ret_endpoint->host, host, length);
  ret_endpoint->host[length] = '\0';
  return NULL;
}
