#include "dgram.h"

struct error {
  int code;
  const char *name;
  const char *text;
};

/* Searched and no switch: systems differ in which of errno's names share a number. */
static const struct error errors[] = {
#define ERRNO(name, text) {DGRAM_##name, #name, text},
#define ERROR(constant, value, name, text) {constant, name, text},
    DGRAM_ERRNO_MAP(ERRNO) DGRAM_OWN_ERROR_MAP(ERROR) DGRAM_RESOLVER_ERROR_MAP(ERROR)
#undef ERRNO
#undef ERROR
};

static const struct error *find(int code) {
  for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
    if (errors[i].code == code) return &errors[i];
  }
  return NULL;
}

const char *dgram_error_name(int code) {
  const struct error *error = find(code);

  if (code >= 0) return "OK";
  return error != NULL ? error->name : "UNKNOWN";
}

const char *dgram_error_text(int code) {
  const struct error *error = find(code);

  if (code >= 0) return "success";
  return error != NULL ? error->text : "unknown error";
}

#define TEXT(number) #number
#define VERSION(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

const char *dgram_version(void) {
  return VERSION(DGRAM_VERSION_MAJOR, DGRAM_VERSION_MINOR, DGRAM_VERSION_PATCH);
}
