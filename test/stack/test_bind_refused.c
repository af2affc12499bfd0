/* wrap: setsockopt */
/* Systems that refuse an option of a bind: it fails, nothing is left of it, and the next may
 * succeed. */

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include "uv_kit.h"

/* The option of SOL_SOCKET that is refused, and how. */
static struct {
  int name;
  int error;
} refused;

int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t length);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t length);

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
  if (refused.error == 0 || level != SOL_SOCKET || name != refused.name)
    return __real_setsockopt(fd, level, name, value, length);
  errno = refused.error;
  return -1;
}

static struct {
  size_t done;
  int status;
} bound;

static void on_bound(dgram_socket *socket, int status, void *data) {
  (void)socket;
  (void)data;
  bound.done++;
  bound.status = status;
}

static int bind_with(dgram_socket *socket, const dgram_bind_options *where) {
  int code;
  bound.done = 0;
  code = dgram_bind(socket, where, on_bound, NULL);
  if (code < 0) return code;
  kit_run_until(&bound.done, 1);
  return bound.status;
}

static dgram_socket *create(const dgram_socket_options *options) {
  dgram_socket *socket = NULL;
  assert_int_equal(dgram_create_socket(kit.stack, options, &socket), 0);
  return socket;
}

static const struct {
  dgram_socket_options options;
  int name;
  int error;
  int code;
} cases[] = {
    {{.type = DGRAM_UDP4, .recv_buffer_size = 1}, SO_RCVBUF, ENOBUFS, DGRAM_ENOBUFS},
    {{.type = DGRAM_UDP4, .send_buffer_size = 1}, SO_SNDBUF, ENOBUFS, DGRAM_ENOBUFS},
    {{.type = DGRAM_UDP4, .reuse_port = true}, SO_REUSEPORT, ENOPROTOOPT, DGRAM_ENOTSUP},
};

enum { CASES = sizeof cases / sizeof cases[0] };

/* To a port that the system chooses, and to one that is given. */
static void test_a_bind_fails_and_may_be_tried_again(void **state) {
  (void)state;
  for (size_t i = 0; i < CASES; i++) {
    dgram_socket *socket = create(&cases[i].options), *other = kit_bound(DGRAM_UDP4, NULL);
    dgram_bind_options where = {.address = "127.0.0.2", .port = kit_port(other)};
    int before = kit_count_descriptors();
    refused.name = cases[i].name;
    refused.error = cases[i].error;
    assert_int_equal(bind_with(socket, NULL), cases[i].code);
    assert_int_equal(bind_with(socket, &where), cases[i].code);
    assert_int_equal(dgram_send(socket, "x", 1, 9, NULL, NULL, NULL), cases[i].code);
    kit_turns(2);
    assert_int_equal(kit_count_descriptors(), before);
    refused.error = 0;
    assert_int_equal(bind_with(socket, &where), 0);
  }
}

static void test_a_descriptor_stays_the_callers(void **state) {
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    dgram_socket *socket = create(&cases[i].options);
    uint16_t port;
    dgram_bind_options adopt = {.fd = kit_peer(AF_INET, &port)};
    refused.name = cases[i].name;
    refused.error = cases[i].error;
    assert_int_equal(bind_with(socket, &adopt), cases[i].code);
    refused.error = 0;
    assert_int_equal(bind_with(socket, &adopt), 0);
    assert_int_equal(kit_port(socket), port);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      ON_BOTH(test_a_bind_fails_and_may_be_tried_again),
      ON_BOTH(test_a_descriptor_stays_the_callers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
