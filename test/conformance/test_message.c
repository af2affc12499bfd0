/* Receiving: messages, their senders, batches, keeping. */

#include "harness.h"

static char sender[DGRAM_ADDRESS_TEXT + 8];

static void note_sender(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket;
  (void)data;
  snprintf(sender, sizeof(sender), "%s", h_format(&message->from));
  if (message->info != NULL) h_violation("info that nobody asked for");
}

static void tell_sender(int type) {
  dgram_socket *a = h_bound("a", type), *b = h_bound("b", type);
  dgram_address from = h_address(a);
  h_assert_ok(dgram_on_message(b, note_sender, NULL));
  h_assert_ok(h_send(a, "hello", h_address(b)));
  h_run_until("b message 'hello'");
  h_turns(1);
  assert_string_equal(sender, h_format(&from));
}

/* seed:message-1 */
static void test_message_has_its_sender(void **state) {
  (void)state;
  tell_sender(DGRAM_UDP4);
}

/* seed:message-1 */
static void test_message_has_its_sender_udp6(void **state) {
  (void)state;
  h_need_ipv6();
  tell_sender(DGRAM_UDP6);
}

/* issue:empty */
static void test_empty_message_has_bytes(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  (void)state;
  h_assert_ok(h_send_bytes(a, NULL, 0, h_address(b)));
  h_assert_ok(h_send(a, "after", h_address(b))); /* an empty one ends nothing */
  h_run_until("b message 'after'");
  h_expect_of("b", "message ''; message 'after'");
}

/* rule:4 seed:message-1 */
static void test_from_and_to_a_program_without_the_library(void **state) {
  dgram_socket *a;
  dgram_address to;
  char bytes[16] = "";
  int fd, port;
  (void)state;
  h_need_kernel("nobody else is on a simulated network");
  a = h_bound("a", DGRAM_UDP4);
  to = h_address(a);
  fd = h_peer_open("127.0.0.1", 0, &port);
  assert_true(fd >= 0);
  assert_int_equal(h_peer_send(fd, "hello", 5, &to), 5);
  h_run_until("a message 'hello'");
  h_assert_ok(h_send(a, "back", h_literal("127.0.0.1", port)));
  h_run_until("a sent");
  assert_int_equal(h_peer_receive(fd, bytes, sizeof(bytes), NULL, NULL), 4);
  assert_string_equal(bytes, "back");
  h_peer_close(fd);
}

/* What `batch` brought, and whether the messages of it follow. */
static size_t in_batches, in_messages, batches;

static void on_batch(dgram_socket *socket, const dgram_message *messages, size_t count,
                     void *data) {
  (void)socket;
  (void)data;
  if (count == 0 || messages == NULL) h_violation("an empty batch");
  if (in_messages != in_batches) h_violation("a batch before the messages of the last one");
  for (size_t i = 0; i < count; i++) {
    size_t number = 0;
    if (messages[i].length != sizeof(number)) {
      h_violation("a length of %zu", messages[i].length);
      continue;
    }
    memcpy(&number, messages[i].bytes, sizeof(number));
    if (number != in_batches + i) h_violation("%zu in a batch after %zu", number, in_batches + i);
  }
  in_batches += count;
  batches++;
}

static void on_numbered(dgram_socket *socket, const dgram_message *message, void *data) {
  size_t number = 0;
  (void)socket;
  (void)data;
  memcpy(&number, message->bytes, sizeof(number));
  if (number != in_messages) h_violation("message %zu after %zu", number, in_messages);
  in_messages++;
  if (in_messages > in_batches) h_violation("a message before its batch");
  h_tick();
}

/* api:batch better:batches rule:2 */
static void test_batch_comes_before_its_messages(void **state) {
  static size_t numbers[100];
  dgram_socket_options options = {.type = DGRAM_UDP4, .on_message = on_numbered};
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound_with("b", &options, 0);
  dgram_address to = h_address(b);
  (void)state;
  in_batches = in_messages = batches = 0;
  h_assert_ok(dgram_on_batch(b, on_batch, NULL));
  for (size_t i = 0; i < 100; i++) {
    numbers[i] = i;
    h_assert_ok(H(dgram_send_to(a, &numbers[i], sizeof(numbers[i]), &to, NULL, NULL)));
  }
  h_run_count(&in_messages, 100);
  assert_int_equal(in_batches, 100);
  assert_in_range(batches, 1, 100);
}

static void only_batch(dgram_socket *socket, const dgram_message *messages, size_t count,
                       void *data) {
  (void)data;
  h_log("%s batch", h_name(socket));
  for (size_t i = 0; i < count; i++) {
    h_log("%s in it '%.*s'", h_name(socket), (int)messages[i].length,
          (const char *)messages[i].bytes);
  }
}

/* api:batch */
static void test_batch_without_message_listeners(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound_with("b", &options, H_ERROR);
  (void)state;
  h_assert_ok(dgram_on_batch(b, only_batch, NULL));
  h_assert_ok(h_send(a, "hello", h_address(b)));
  h_run_until("b in it 'hello'");
}

static dgram_message *kept[4];
static size_t kept_count;

static void keep(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)data;
  h_assert_ok(dgram_message_keep(socket, message, &kept[kept_count++]));
}

/* rule:5 api:keep */
static void test_a_kept_message_outlives_all(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_bound("b", DGRAM_UDP4);
  dgram_address from = h_address(a);
  (void)state;
  kept_count = 0;
  h_assert_ok(dgram_on_message(b, keep, NULL));
  h_send(a, "first", h_address(b));
  h_send(a, "", h_address(b));
  h_send(a, "third", h_address(b));
  h_run_until("b message 'third'");
  h_turns(1);
  h_assert_ok(h_end(b));
  h_run_until("b close");
  h_assert_ok(dgram_stack_close(h_stack(), h_stack_closed, h_world()));
  h_assert_ok(h_run_to_end());
  assert_null(h_stack());
  assert_int_equal(kept_count, 3);
  assert_int_equal(kept[0]->length, 5);
  assert_memory_equal(kept[0]->bytes, "first", 5);
  assert_int_equal(kept[1]->length, 0);
  assert_non_null(kept[1]->bytes);
  assert_memory_equal(kept[2]->bytes, "third", 5);
  assert_true(dgram_address_equal(&kept[2]->from, &from));
  for (size_t i = 0; i < kept_count; i++)
    dgram_message_free(kept[i]);
  dgram_message_free(NULL);
}

/* api:recv-info rule:10 */
static void test_info_that_no_stack_can_tell(void **state) {
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *fresh = h_socket("fresh", DGRAM_UDP4);
  (void)state;
  h_assert_code(DGRAM_EBADF, H(dgram_set_recv_info(fresh, 0)));
  h_assert_ok(H(dgram_set_recv_info(a, 0)));
  h_assert_code(DGRAM_ENOTSUP, H(dgram_set_recv_info(a, UINT32_C(1) << 31)));
  h_assert_ok(h_send(a, "hello", h_address(a)));
  h_run_until("a message 'hello'");
}

static size_t echoes;

static void echo(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)data;
  if (++echoes % 4096 != 0) {
    int code = dgram_send_to(socket, message->bytes, message->length, &message->from, NULL, NULL);
    if (code < 0) h_violation("echo: %s", dgram_error_name(code));
    return;
  }
  h_tick();
}

static void bounce(dgram_socket *a, dgram_socket *b) {
  size_t target = (echoes / 4096 + 1) * 4096;
  dgram_address to = h_address(b);
  h_assert_ok(H(dgram_send_to(a, "ball", 4, &to, NULL, NULL)));
  h_run_count(&echoes, target);
}

/* rule:11 */
static void test_no_allocation_per_datagram(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .on_message = echo};
  dgram_socket *a = h_bound_with("a", &options, 0), *b = h_bound_with("b", &options, 0);
  size_t before;
  (void)state;
  echoes = 0;
  bounce(a, b); /* until all is warm */
  before = h_world()->memory.calls;
  bounce(a, b);
  assert_int_equal(h_world()->memory.calls, before);
}

/* rule:11 */
static void test_an_idle_socket_costs_little(void **state) {
  enum { SOCKETS = 100 };
  dgram_socket_options options = {.type = DGRAM_UDP4};
  dgram_socket *sockets[SOCKETS];
  size_t before;
  (void)state;
  sockets[0] = h_bound_with("first", &options, H_MESSAGE);
  h_send(sockets[0], "warm", h_address(sockets[0]));
  h_run_until("first message");
  before = h_world()->memory.live_bytes;
  for (size_t i = 1; i < SOCKETS; i++) {
    sockets[i] = h_bound_with("idle", &options, H_MESSAGE);
    h_post(sockets[i], "x", h_address(sockets[i]));
    h_run_until_n("idle message", i);
  }
  assert_in_range((h_world()->memory.live_bytes - before) / (SOCKETS - 1), 1, 4096);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_message_has_its_sender),
      H_TEST(test_message_has_its_sender_udp6),
      H_TEST(test_empty_message_has_bytes),
      H_TEST(test_from_and_to_a_program_without_the_library),
      H_TEST(test_batch_comes_before_its_messages),
      H_TEST(test_batch_without_message_listeners),
      H_TEST(test_a_kept_message_outlives_all),
      H_TEST(test_info_that_no_stack_can_tell),
      H_TEST(test_no_allocation_per_datagram),
      H_TEST(test_an_idle_socket_costs_little),
  };
  return H_MAIN(tests);
}
