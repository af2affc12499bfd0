#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"

static const struct {
  int code;
  const char *name;
} named[] = {
#define ERRNO(name, text) {DGRAM_##name, #name},
#define ERROR(constant, value, name, text) {constant, name},
    DGRAM_ERRNO_MAP(ERRNO) DGRAM_OWN_ERROR_MAP(ERROR) DGRAM_RESOLVER_ERROR_MAP(ERROR)
#undef ERRNO
#undef ERROR
};

enum { NAMED = sizeof named / sizeof named[0] };

static void codes_and_names_are_distinct(void **state) {
  (void)state;
  for (size_t i = 0; i < NAMED; i++) {
    for (size_t j = 0; j < i; j++) {
      assert_int_not_equal(named[i].code, named[j].code);
      assert_string_not_equal(dgram_error_name(named[i].code), dgram_error_name(named[j].code));
    }
  }
}

static void every_code_has_its_name_and_a_text(void **state) {
  (void)state;
  for (size_t i = 0; i < NAMED; i++) {
    const char *text = dgram_error_text(named[i].code);
    assert_true(named[i].code < 0);
    assert_string_equal(dgram_error_name(named[i].code), named[i].name);
    assert_true(strlen(text) > 0);
    assert_string_not_equal(text, "unknown error");
    assert_string_not_equal(text, "success");
  }
}

static void the_systems_codes_are_errno(void **state) {
  (void)state;
  assert_int_equal(DGRAM_EADDRINUSE, -EADDRINUSE);
  assert_int_equal(DGRAM_ENOMEM, -ENOMEM);
  assert_string_equal(dgram_error_name(-ECONNREFUSED), "ECONNREFUSED");
  assert_string_equal(dgram_error_name(-EWOULDBLOCK), "EAGAIN");
}

/* lib/internal/errors.js and lib/dgram.js of Node 22; a resolver's code is libuv's name but for
 * ENOTFOUND, which lib/internal/errors.js makes of EAI_NONAME and EAI_NODATA. */
static void names_are_nodes(void **state) {
  (void)state;
  assert_string_equal(dgram_error_name(DGRAM_EBADTYPE), "ERR_SOCKET_BAD_TYPE");
  assert_string_equal(dgram_error_name(DGRAM_EALREADYBOUND), "ERR_SOCKET_ALREADY_BOUND");
  assert_string_equal(dgram_error_name(DGRAM_ENOTRUNNING), "ERR_SOCKET_DGRAM_NOT_RUNNING");
  assert_string_equal(dgram_error_name(DGRAM_EBADPORT), "ERR_SOCKET_BAD_PORT");
  assert_string_equal(dgram_error_name(DGRAM_EISCONNECTED), "ERR_SOCKET_DGRAM_IS_CONNECTED");
  assert_string_equal(dgram_error_name(DGRAM_ENOTCONNECTED), "ERR_SOCKET_DGRAM_NOT_CONNECTED");
  assert_string_equal(dgram_error_name(DGRAM_EARGTYPE), "ERR_INVALID_ARG_TYPE");
  assert_string_equal(dgram_error_name(DGRAM_EMISSINGARGS), "ERR_MISSING_ARGS");
  assert_string_equal(dgram_error_name(DGRAM_EFDTYPE), "ERR_INVALID_FD_TYPE");
  assert_string_equal(dgram_error_name(DGRAM_ENOTFOUND), "ENOTFOUND");
  assert_string_equal(dgram_error_name(DGRAM_EAI_AGAIN), "EAI_AGAIN");
  assert_string_equal(dgram_error_name(DGRAM_EADDRINUSE), "EADDRINUSE");
  assert_string_equal(dgram_error_name(DGRAM_EMSGSIZE), "EMSGSIZE");
}

static enum dgram__error_class class_of(const char *name) {
  for (size_t i = 0; i < NAMED; i++) {
    if (strcmp(named[i].name, name) == 0) return dgram__error_class_of(named[i].code);
  }
  return DGRAM__ERROR_CLASSES;
}

static void classes_tell_what_to_look_at(void **state) {
  (void)state;
  assert_int_equal(class_of("ENOBUFS"), DGRAM__ERROR_RESOURCES);
  assert_int_equal(class_of("EMFILE"), DGRAM__ERROR_RESOURCES);
  assert_int_equal(class_of("ENETUNREACH"), DGRAM__ERROR_UNREACHABLE);
  assert_int_equal(class_of("ECONNREFUSED"), DGRAM__ERROR_REFUSED);
  assert_int_equal(class_of("EPERM"), DGRAM__ERROR_DENIED);
  assert_int_equal(class_of("EACCES"), DGRAM__ERROR_DENIED);
  assert_int_equal(class_of("EMSGSIZE"), DGRAM__ERROR_SIZE);
  assert_int_equal(class_of("ECANCELED"), DGRAM__ERROR_CANCELED);
  assert_int_equal(dgram__error_class_of(-99999), DGRAM__ERROR_OTHER);
#define ERROR(constant, value, name, text)                                                         \
  assert_int_equal(dgram__error_class_of(constant), DGRAM__ERROR_NAMES);
  DGRAM_RESOLVER_ERROR_MAP(ERROR)
#undef ERROR
}

/* Codes for which nobody has a better word. A new one of the header is to be put here or into a
 * class. */
static void no_code_is_without_a_class_by_chance(void **state) {
  static const char others[] =
      " EADDRNOTAVAIL EAFNOSUPPORT EALREADY EBADF ECONNABORTED EDEADLK EDESTADDRREQ EEXIST EFAULT "
      "EFBIG EINTR EINVAL EIO EISCONN ELOOP ENAMETOOLONG ENODEV ENOENT ENOSYS ENOTCONN ENOTDIR "
      "ENOTSOCK ENOTSUP ENXIO EOVERFLOW EPIPE EPROTONOSUPPORT EPROTOTYPE ERANGE EROFS ETIMEDOUT "
      "EXDEV ERR_SOCKET_BAD_TYPE ERR_SOCKET_ALREADY_BOUND ERR_SOCKET_DGRAM_NOT_RUNNING "
      "ERR_SOCKET_BAD_PORT ERR_SOCKET_DGRAM_IS_CONNECTED ERR_SOCKET_DGRAM_NOT_CONNECTED "
      "ERR_INVALID_ARG_TYPE ERR_MISSING_ARGS ERR_INVALID_FD_TYPE ERR_STACK_WRONG_THREAD "
      "ERR_STACK_RUNNING ERR_SOCKET_BAD_BUFFER_SIZE ";
  char word[64];

  (void)state;
  for (size_t i = 0; i < NAMED; i++) {
    const enum dgram__error_class class = dgram__error_class_of(named[i].code);
    snprintf(word, sizeof word, " %s ", named[i].name);
    if ((strstr(others, word) != NULL) != (class == DGRAM__ERROR_OTHER)) {
      fail_msg("%s is of class %d", named[i].name, (int)class);
    }
  }
}

/* The last sentence of lib/internal/errors.js's messages, where Node's message is a constant. */
static void texts_are_nodes_where_they_can_be(void **state) {
  (void)state;
  assert_string_equal(dgram_error_text(DGRAM_EBADTYPE),
                      "Bad socket type specified. Valid types are: udp4, udp6");
  assert_string_equal(dgram_error_text(DGRAM_EALREADYBOUND), "Socket is already bound");
  assert_string_equal(dgram_error_text(DGRAM_ENOTRUNNING), "Not running");
  assert_string_equal(dgram_error_text(DGRAM_ENOTCONNECTED), "Not connected");
  assert_string_equal(dgram_error_text(DGRAM_EISCONNECTED), "Already connected");
}

static void success_and_counts_are_ok(void **state) {
  (void)state;
  assert_string_equal(dgram_error_name(DGRAM_OK), "OK");
  assert_string_equal(dgram_error_name(1), "OK");
  assert_string_equal(dgram_error_name(INT32_MAX), "OK");
  assert_string_equal(dgram_error_name(-DGRAM_EADDRINUSE), "OK");
  assert_string_equal(dgram_error_text(0), "success");
  assert_string_equal(dgram_error_text(65507), "success");
}

static void other_codes_are_unknown(void **state) {
  static const int codes[] = {-1000, -3000, -3999, -4999, -5000, -5999, INT32_MIN, INT32_MIN + 1};

  (void)state;
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    assert_string_equal(dgram_error_name(codes[i]), "UNKNOWN");
    assert_string_equal(dgram_error_text(codes[i]), "unknown error");
  }
}

/* The three kinds can be told apart, and no errno is near: Linux has 133, the resolver's are
 * libuv's. */
static void ranges_do_not_meet(void **state) {
  size_t count = 0;

  (void)state;
#define ERRNO(name, text)                                                                          \
  assert_in_range(-DGRAM_##name, 1, 999);                                                          \
  count++;
#define ERROR(constant, value, name, text)                                                         \
  assert_in_range(-(constant), 3001, 5999);                                                        \
  count++;
  DGRAM_ERRNO_MAP(ERRNO)
  DGRAM_OWN_ERROR_MAP(ERROR)
  DGRAM_RESOLVER_ERROR_MAP(ERROR)
#undef ERRNO
#undef ERROR
  assert_int_equal(count, NAMED);
}

static void version_is_that_of_the_header(void **state) {
  char text[32];

  (void)state;
  snprintf(text, sizeof text, "%d.%d.%d", DGRAM_VERSION_MAJOR, DGRAM_VERSION_MINOR,
           DGRAM_VERSION_PATCH);
  assert_string_equal(dgram_version(), text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(codes_and_names_are_distinct),
      cmocka_unit_test(every_code_has_its_name_and_a_text),
      cmocka_unit_test(the_systems_codes_are_errno),
      cmocka_unit_test(names_are_nodes),
      cmocka_unit_test(classes_tell_what_to_look_at),
      cmocka_unit_test(no_code_is_without_a_class_by_chance),
      cmocka_unit_test(texts_are_nodes_where_they_can_be),
      cmocka_unit_test(success_and_counts_are_ok),
      cmocka_unit_test(other_codes_are_unknown),
      cmocka_unit_test(ranges_do_not_meet),
      cmocka_unit_test(version_is_that_of_the_header),
  };
  return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
