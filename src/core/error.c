#include "core/error.h"

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

/* What is not here is of class OTHER. ENOPROTOOPT and EPROTO are what Linux makes of ICMP's
 * "protocol unreachable" and of ICMPv6's "parameter problem"; ECONNRESET is Windows'
 * ECONNREFUSED. */
static const struct {
  int code;
  enum dgram__error_class class;
} classes[] = {
    {DGRAM_EAGAIN, DGRAM__ERROR_RESOURCES},
    {DGRAM_EBUSY, DGRAM__ERROR_RESOURCES},
    {DGRAM_EMFILE, DGRAM__ERROR_RESOURCES},
    {DGRAM_ENFILE, DGRAM__ERROR_RESOURCES},
    {DGRAM_ENOBUFS, DGRAM__ERROR_RESOURCES},
    {DGRAM_ENOMEM, DGRAM__ERROR_RESOURCES},
    {DGRAM_ENOSPC, DGRAM__ERROR_RESOURCES},
    {DGRAM_EADDRINUSE, DGRAM__ERROR_RESOURCES},
    {DGRAM_EQUEUEFULL, DGRAM__ERROR_RESOURCES},
    {DGRAM_EHOSTDOWN, DGRAM__ERROR_UNREACHABLE},
    {DGRAM_EHOSTUNREACH, DGRAM__ERROR_UNREACHABLE},
    {DGRAM_ENETDOWN, DGRAM__ERROR_UNREACHABLE},
    {DGRAM_ENETUNREACH, DGRAM__ERROR_UNREACHABLE},
    {DGRAM_ENOPROTOOPT, DGRAM__ERROR_UNREACHABLE},
    {DGRAM_EPROTO, DGRAM__ERROR_UNREACHABLE},
#ifdef ENONET
    {DGRAM_ENONET, DGRAM__ERROR_UNREACHABLE},
#endif
    {DGRAM_ECONNREFUSED, DGRAM__ERROR_REFUSED},
    {DGRAM_ECONNRESET, DGRAM__ERROR_REFUSED},
    {DGRAM_EACCES, DGRAM__ERROR_DENIED},
    {DGRAM_EPERM, DGRAM__ERROR_DENIED},
    {DGRAM_EIPBLOCKED, DGRAM__ERROR_DENIED},
    {DGRAM_EMSGSIZE, DGRAM__ERROR_SIZE},
    {DGRAM_ENOTFOUND, DGRAM__ERROR_NAMES},
    {DGRAM_EAI_AGAIN, DGRAM__ERROR_NAMES},
    {DGRAM_EAI_FAIL, DGRAM__ERROR_NAMES},
    {DGRAM_EAI_FAMILY, DGRAM__ERROR_NAMES},
    {DGRAM_EAI_MEMORY, DGRAM__ERROR_NAMES},
    {DGRAM_EAI_OTHER, DGRAM__ERROR_NAMES},
    {DGRAM_ECANCELED, DGRAM__ERROR_CANCELED},
};

enum dgram__error_class dgram__error_class_of(int code) {
  for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
    if (classes[i].code == code) return classes[i].class;
  }
  return DGRAM__ERROR_OTHER;
}

#define TEXT(number) #number
#define VERSION(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

const char *dgram_version(void) {
  return VERSION(DGRAM_VERSION_MAJOR, DGRAM_VERSION_MINOR, DGRAM_VERSION_PATCH);
}
