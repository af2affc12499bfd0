#include "world_kit.h"

#include <stdlib.h>
#include <string.h>

struct world world;

/* ---- memory ---- */

static void *take(size_t size, void *data) {
  (void)data;
  if (++world.asked == world.fail_once) return NULL;
  void *memory = malloc(size);
  assert_non_null(memory);
  memset(memory, 0xa5, size);
  world.blocks++;
  return memory;
}

static void *retake(void *memory, size_t size, void *data) {
  (void)memory;
  (void)size;
  (void)data;
  fail();
  return NULL;
}

static void give(void *memory, void *data) {
  (void)data;
  if (memory) world.blocks--;
  free(memory);
}

static const dgram_allocator allocator = {take, retake, give, NULL};

/* ---- life ---- */

int world_create(uint64_t seed) {
  dgram_sim_options options = {.seed = seed, .allocator = &allocator};
  return dgram_sim_create(&options, &world.sim);
}

void world_destroy(void) {
  assert_int_equal(dgram_sim_destroy(world.sim), 0);
  assert_int_equal(world.blocks, 0);
}

int world_setup(void **state) {
  (void)state;
  memset(&world, 0, sizeof world);
  assert_int_equal(world_create(1), 0);
  return 0;
}

int world_teardown(void **state) {
  (void)state;
  (void)world_stats();
  world_destroy();
  return 0;
}

dgram_stack *world_host(const char *name, const char *address) {
  dgram_stack *host;
  assert_int_equal(dgram_sim_add_host(world.sim, name, address, &host), 0);
  return host;
}

/* ---- sockets ---- */

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  struct world_seen *seen = data;
  size_t at = strlen(seen->text);
  (void)socket;
  seen->messages++;
  seen->bytes += message->length;
  seen->at_ns = dgram_sim_now(world.sim);
  seen->from = message->from;
  if (message->length > 0 && at + 1 < sizeof seen->text)
    seen->text[at] = *(const char *)message->bytes;
}

static void on_error(dgram_socket *socket, const dgram_error *error, void *data) {
  struct world_seen *seen = data;
  (void)socket;
  seen->errors++;
  seen->code = error->code;
}

void world_listen(dgram_socket *socket, struct world_seen *seen) {
  memset(seen, 0, sizeof *seen);
  assert_int_equal(dgram_on_message(socket, on_message, seen), 0);
  assert_int_equal(dgram_on_error(socket, on_error, seen), 0);
}

dgram_socket *world_socket(dgram_stack *host, int type, const char *address, int port,
                           struct world_seen *seen) {
  dgram_socket_options options = {.type = type};
  dgram_bind_options where = {.address = address, .port = port};
  dgram_socket *socket;
  assert_int_equal(dgram_create_socket(host, &options, &socket), 0);
  if (seen) world_listen(socket, seen);
  assert_int_equal(dgram_bind(socket, &where, NULL, NULL), 0);
  world_run();
  return socket;
}

void world_send(dgram_socket *socket, const char *address, int port, char byte, size_t length) {
  static char payload[65536];
  payload[0] = byte;
  assert_int_equal(dgram_send(socket, payload, length, port, address, NULL, NULL), 0);
}

static void on_sent(dgram_socket *socket, int status, void *data) {
  (void)socket;
  *(int *)data = status;
}

int world_try(dgram_socket *socket, const char *address, int port, size_t length) {
  static const char payload[65536] = "x";
  int status = 1000000;
  assert_int_equal(dgram_send(socket, payload, length, port, address, on_sent, &status), 0);
  world_run();
  assert_int_not_equal(status, 1000000);
  return status;
}

void world_run(void) {
  assert_int_equal(dgram_sim_run_for(world.sim, DGRAM_SECOND), 0);
}

dgram_sim_stats world_stats(void) {
  dgram_sim_stats stats;
  assert_int_equal(dgram_sim_get_stats(world.sim, &stats), 0);
  uint64_t sum = stats.delivered + stats.under_way;
  for (int i = 0; i < DGRAM_DROP_COUNT; i++)
    sum += stats.dropped[i];
  assert_int_equal(stats.sent + stats.duplicated, sum);
  return stats;
}

const char *world_text(const dgram_address *address) {
  static char text[DGRAM_ADDRESS_TEXT];
  assert_true(dgram_address_format(address, text, sizeof text) > 0);
  return text;
}
