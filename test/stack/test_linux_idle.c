/* What a socket costs that does nothing but wait. */

#include "linux_kit.h"

#include <stdlib.h>

enum { SOCKETS = 100, IDLE_BYTES_MAX = 472 };

/* Bytes that are out. Each piece knows its size from in front of it. */
static size_t bytes_out;

static void *count_malloc(size_t size, void *data) {
  max_align_t *memory = malloc(sizeof(max_align_t) + size);
  (void)data;
  if (!memory) return NULL;
  *(size_t *)memory = size;
  bytes_out += size;
  return memory + 1;
}

static void count_free(void *memory, void *data) {
  max_align_t *piece = memory;
  (void)data;
  if (!memory) return;
  bytes_out -= *(size_t *)(piece - 1);
  free(piece - 1);
}

static void *no_realloc(void *memory, size_t size, void *data) {
  (void)memory;
  (void)size;
  (void)data;
  fail_msg("realloc was called");
  return NULL;
}

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket;
  (void)message;
  (void)data;
}

static void on_bound(dgram_socket *socket, int status, void *data) {
  (void)socket;
  assert_int_equal(status, 0);
  ++*(size_t *)data;
}

static void bind_one(dgram_stack *stack, size_t *bound) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .on_message = on_message};
  dgram_bind_options where = {.address = "127.0.0.1"};
  dgram_socket *socket;
  assert_int_equal(dgram_create_socket(stack, &options, &socket), 0);
  assert_int_equal(dgram_bind(socket, &where, on_bound, bound), 0);
}

/* 512 in all: of 440 bytes and the listener's 32 the GNU C library makes 448 and 48, and libuv,
 * which has a place for every descriptor in an array that doubles, adds 8 to 16. */
static void test_an_idle_socket_is_small(void **state) {
  const dgram_allocator allocator = {count_malloc, no_realloc, count_free, NULL};
  const dgram_stack_options options = {.allocator = &allocator, .kind = DGRAM_STACK_LINUX};
  dgram_stack *stack;
  size_t bound = 0;
  (void)state;
  assert_int_equal(dgram_uv_stack_create(&kit.loop, &options, &stack), 0);
  bind_one(stack, &bound);
  kit_run_until(&bound, 1); /* what belongs to the stack is there now */
  size_t before = bytes_out;
  for (int i = 0; i < SOCKETS; i++)
    bind_one(stack, &bound);
  kit_run_until(&bound, 1 + SOCKETS);
  size_t each = (bytes_out - before) / SOCKETS;
  print_message("%zu bytes\n", each);
  assert_in_range(each, 1, IDLE_BYTES_MAX);
  assert_int_equal(dgram_stack_close(stack, NULL, NULL), 0);
  assert_int_equal(dgram_run(stack), 0);
  assert_int_equal(bytes_out, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {KIT_TEST(test_an_idle_socket_is_small)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
