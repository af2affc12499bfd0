#include "sim_kit.h"

#include <stdlib.h>
#include <string.h>

struct sim sim;

/* ---- memory ---- */

static bool refuse(size_t size) {
  sim.asked++;
  return sim.fail_size != 0 && size >= sim.fail_size;
}

static void *take(size_t size, void *data) {
  (void)data;
  if (refuse(size)) return NULL;
  sim.blocks++;
  return malloc(size);
}

static void *retake(void *memory, size_t size, void *data) {
  (void)data;
  if (refuse(size)) return NULL;
  if (!memory) sim.blocks++;
  return realloc(memory, size);
}

static void give(void *memory, void *data) {
  (void)data;
  if (memory) sim.blocks--;
  free(memory);
}

static const dgram_allocator allocator = {take, retake, give, NULL};

/* ---- life ---- */

static void open_stack(void) {
  dgram_stack_options options = {.allocator = &allocator};
  assert_int_equal(dgram_sim_stack_create(&options, &sim.stack), 0);
}

static void close_stack(void) {
  sim.fail_size = 0;
  assert_int_equal(dgram_stack_close(sim.stack, NULL, NULL), 0);
  assert_int_equal(dgram_run(sim.stack), 0);
  assert_int_equal(sim.blocks, 0);
}

int sim_setup(void **state) {
  (void)state;
  memset(&sim, 0, sizeof sim);
  open_stack();
  return 0;
}

int sim_teardown(void **state) {
  (void)state;
  close_stack();
  return 0;
}

void sim_reopen(void) {
  close_stack();
  open_stack();
}

/* 0 where nothing holds the run any more, the code where something waits in vain. */
void sim_settle(void) {
  int code = dgram_run(sim.stack);
  assert_true(code == 0 || code == DGRAM_EDEADLK);
}

/* ---- sockets ---- */

static void on_batch(dgram_socket *socket, const dgram_message *messages, size_t count,
                     void *data) {
  struct sim_seen *seen = data;
  (void)socket;
  seen->batches++;
  for (size_t i = 0; i < count; i++) {
    seen->messages++;
    seen->bytes += messages[i].length;
    seen->from = messages[i].from;
    seen->last = messages[i].length > 0 ? *(const char *)messages[i].bytes : '\0';
  }
}

dgram_socket *sim_socket(int type, bool reuse_addr, struct sim_seen *seen) {
  dgram_socket_options options = {.type = type, .reuse_addr = reuse_addr};
  dgram_socket *socket;
  assert_int_equal(dgram_create_socket(sim.stack, &options, &socket), 0);
  if (!seen) return socket;
  memset(seen, 0, sizeof *seen);
  assert_int_equal(dgram_on_batch(socket, on_batch, seen), 0);
  return socket;
}

static void on_bound(dgram_socket *socket, int status, void *data) {
  (void)socket;
  *(int *)data = status;
}

int sim_bind(dgram_socket *socket, const char *address, int port) {
  dgram_bind_options where = {.address = address, .port = port};
  int status = 1;
  assert_int_equal(dgram_bind(socket, &where, on_bound, &status), 0);
  sim_settle();
  assert_true(status <= 0);
  return status;
}

dgram_socket *sim_bound(int type, const char *address, int port, struct sim_seen *seen) {
  dgram_socket *socket = sim_socket(type, false, seen);
  assert_int_equal(sim_bind(socket, address, port), 0);
  return socket;
}

uint16_t sim_port(const dgram_socket *socket) {
  dgram_address address;
  assert_int_equal(dgram_local_address(socket, &address), 0);
  return address.port;
}

static void on_sent(dgram_socket *socket, int status, void *data) {
  (void)socket;
  *(int *)data = status;
}

int sim_send(dgram_socket *socket, const char *address, int port, char byte, size_t length) {
  static char payload[65536];
  int status = 1000000;
  memset(payload, byte, length);
  int code = dgram_send(socket, payload, length, port, address, on_sent, &status);
  assert_int_equal(code, 0);
  sim_settle();
  assert_int_not_equal(status, 1000000);
  return status;
}

const char *sim_text(const dgram_address *address) {
  static char text[DGRAM_ADDRESS_TEXT];
  assert_true(dgram_address_format(address, text, sizeof text) > 0);
  return text;
}
