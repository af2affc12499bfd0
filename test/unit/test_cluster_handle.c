/* The primary's table of sockets, and who holds them. */

#include "unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "cluster/cluster.h"

static struct cluster_handles handles;

static int any_descriptor(void) {
  int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  assert_true(fd >= 0);
  return fd;
}

static bool is_open(int fd) {
  return fcntl(fd, F_GETFD) != -1;
}

static struct cluster_key key_of(uint16_t port, uint32_t index, int number) {
  return (struct cluster_key){.address = {.family = DGRAM_IPV4, .port = port, .bytes = {127, 1}},
                              .index = index,
                              .number = number};
}

static struct cluster_handle *make(const struct cluster_key *key) {
  struct cluster_handle *handle;
  assert_int_equal(cluster_handle_new(&handles, key, any_descriptor(), key->address.port, &handle),
                   0);
  return handle;
}

static void each_part_of_the_key_counts(void **state) {
  struct cluster_key keys[5] = {key_of(1, 0, 0), key_of(2, 0, 0), key_of(1, 1, 0), key_of(1, 0, 1),
                                key_of(1, 0, 0)};
  struct cluster_handle *made[5];
  (void)state;
  keys[4].address.bytes[3] = 1;
  for (int i = 0; i < 5; i++) {
    assert_null(cluster_handle_find(&handles, &keys[i]));
    made[i] = make(&keys[i]);
  }
  for (int i = 0; i < 5; i++)
    assert_ptr_equal(cluster_handle_find(&handles, &keys[i]), made[i]);
  for (int i = 0; i < 5; i++)
    cluster_handle_drop(&handles, made[i]);
  assert_int_equal(handles.count, 0);
}

static void the_last_hold_closes(void **state) {
  struct cluster_key key = key_of(1, 0, 0);
  struct cluster_holds a = {0}, b = {0};
  struct cluster_handle *handle = make(&key);
  const int fd = handle->fd;
  const uint64_t id = handle->id;
  (void)state;
  assert_int_equal(cluster_holds_add(&a, handle), 0);
  assert_int_equal(cluster_holds_add(&a, handle), 0); /* a second bind */
  assert_int_equal(cluster_holds_add(&b, handle), 0);
  assert_int_equal(handle->holds, 2);
  cluster_handle_drop(&handles, handle); /* somebody holds it */
  cluster_holds_release(&handles, &a, cluster_holds_find(&a, id));
  cluster_holds_clear(&handles, &b);
  assert_true(is_open(fd));
  cluster_holds_release(&handles, &a, cluster_holds_find(&a, id));
  assert_false(is_open(fd));
  assert_null(cluster_holds_find(&a, id));
  assert_null(cluster_handle_find(&handles, &key));
  cluster_holds_clear(&handles, &a);
}

static void a_hold_too_many(void **state) {
  struct cluster_holds holds = {0};
  struct cluster_handle *handle;
  (void)state;
  for (uint32_t i = 0; i < CLUSTER_HOLDS_MAX; i++) {
    struct cluster_key key = key_of(1, i, 0);
    assert_int_equal(cluster_handle_new(&handles, &key, -1, 1, &handle), 0);
    assert_int_equal(cluster_holds_add(&holds, handle), 0);
  }
  struct cluster_key key = key_of(2, 0, 0);
  assert_int_equal(cluster_handle_new(&handles, &key, -1, 2, &handle), 0);
  assert_int_equal(cluster_holds_add(&holds, handle), DGRAM_ENOBUFS);
  cluster_handle_drop(&handles, handle);
  cluster_holds_clear(&handles, &holds);
  assert_int_equal(handles.count, 0);
}

/* 16 bytes are what an allocator adds, 4 a descriptor in the queue. */
static void a_worker_costs_less_than_64_kib(void **state) {
  size_t bytes = sizeof(struct cluster_worker) + sizeof(struct cluster_slot);
  (void)state;
  bytes += CLUSTER_HOLDS_MAX * (sizeof(struct cluster_hold) + sizeof(struct cluster_handle) + 16);
  bytes += CLUSTER_PRIMARY_QUEUE_MAX * (CLUSTER_FRAME_SIZE + 4);
  print_message("%zu bytes\n", bytes);
  assert_true(bytes < 64 * 1024);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_part_of_the_key_counts),
      cmocka_unit_test(the_last_hold_closes),
      cmocka_unit_test(a_hold_too_many),
      cmocka_unit_test(a_worker_costs_less_than_64_kib),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
