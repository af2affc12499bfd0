/* What is told with a datagram, and what one is sent with. */

#include "harness.h"

#include <time.h>

enum { EVERYTHING = 0x3f, INFOS_MAX = 64 };

static dgram_recv_info infos[INFOS_MAX]; /* zeroed where a message had none */
static bool given[INFOS_MAX];
static size_t count;

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket;
  (void)data;
  h_callback("message");
  if (count == INFOS_MAX) return;
  given[count] = message->info != NULL;
  infos[count++] = message->info != NULL ? *message->info : (dgram_recv_info){0};
  h_tick();
}

static void need_info(void) {
  if (h_kind() == H_UV) h_skip("libuv tells nothing with a datagram but that it was cut");
}

/* Bound to loopback, or where the address says. */
static dgram_socket *receiver(int type, uint32_t bits, const char *address) {
  const dgram_socket_options options = {.type = type, .on_message = on_message, .recv_info = bits};
  dgram_socket *socket;
  count = 0;
  if (address == NULL) return h_bound_with("b", &options, H_ERROR);
  socket = h_socket_with("b", &options, H_ERROR | H_LISTENING);
  h_assert_ok(h_bind_to(socket, address, 0));
  h_run_until("b listening");
  return socket;
}

static void expect_address(const dgram_recv_info *info, const char *address, int port) {
  const dgram_address expected = h_literal(address, port);
  assert_true(info->present & DGRAM_RECV_LOCAL_ADDRESS);
  assert_string_equal(h_format(&info->local_address), h_format(&expected));
  assert_true(dgram_address_equal(&info->local_address, &expected));
}

static void send_to_address(dgram_socket *socket, const char *address, int port) {
  const size_t before = count;
  h_assert_ok(h_send(socket, "hello", h_literal(address, port)));
  h_run_count(&count, before + 1);
}

/* ---- each kind ---- */

/* api:recv-info-address */
static void test_the_address_that_it_was_sent_to(void **state) {
  dgram_socket *a, *b;
  (void)state;
  need_info();
  b = receiver(DGRAM_UDP4, DGRAM_RECV_LOCAL_ADDRESS, "0.0.0.0");
  a = h_bound("a", DGRAM_UDP4);
  send_to_address(a, "127.0.0.1", h_port(b));
  send_to_address(a, "127.0.0.2", h_port(b));
  expect_address(&infos[0], "127.0.0.1", h_port(b));
  expect_address(&infos[1], "127.0.0.2", h_port(b));
  assert_int_equal(infos[1].present, DGRAM_RECV_LOCAL_ADDRESS);
}

/* api:recv-info-address */
static void test_the_address_of_either_family_on_udp6(void **state) {
  dgram_socket *a6, *a4, *b;
  (void)state;
  need_info();
  h_need_ipv6();
  b = receiver(DGRAM_UDP6, DGRAM_RECV_LOCAL_ADDRESS, "::");
  a6 = h_bound("a6", DGRAM_UDP6);
  a4 = h_bound("a4", DGRAM_UDP4);
  send_to_address(a6, "::1", h_port(b));
  send_to_address(a4, "127.0.0.2", h_port(b));
  expect_address(&infos[0], "::1", h_port(b));
  expect_address(&infos[1], "::ffff:127.0.0.2", h_port(b));
}

static void tell_rest(int type, const char *to) {
  dgram_socket *a, *b;
  int lo = dgram_interface_index(h_stack(), "lo");
  b = receiver(DGRAM_UDP6 == type ? DGRAM_UDP6 : DGRAM_UDP4, EVERYTHING,
               type == DGRAM_UDP6 ? "::" : "0.0.0.0");
  a = h_bound("a", strchr(to, ':') != NULL ? DGRAM_UDP6 : DGRAM_UDP4);
  h_assert_ok(H(dgram_set_ttl(a, 7)));
  send_to_address(a, to, h_port(b));
  assert_int_equal(infos[0].present, EVERYTHING);
  assert_int_equal(infos[0].interface_index, lo);
  assert_int_equal(infos[0].hop_limit, 7);
  assert_int_equal(infos[0].tos, 0);
  assert_false(infos[0].truncated);
}

/* api:recv-info-interface api:recv-info-hop-limit api:recv-info-tos api:recv-info-truncated */
static void test_all_that_there_is(void **state) {
  (void)state;
  need_info();
  tell_rest(DGRAM_UDP4, "127.0.0.1");
}

/* api:recv-info-interface api:recv-info-hop-limit api:recv-info-tos api:recv-info-truncated */
static void test_all_that_there_is_udp6(void **state) {
  (void)state;
  need_info();
  h_need_ipv6();
  tell_rest(DGRAM_UDP6, "::1");
}

/* api:recv-info-interface api:recv-info-hop-limit api:recv-info-tos api:recv-info-truncated */
static void test_all_that_there_is_of_ipv4_on_udp6(void **state) {
  (void)state;
  need_info();
  h_need_ipv6();
  tell_rest(DGRAM_UDP6, "127.0.0.1");
}

/* The system's clock; of a simulation the virtual time. */
static uint64_t wall_ns(void) {
  struct timespec now;
  if (h_kind() == H_SIM) return dgram_now(h_stack());
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * DGRAM_SECOND + (uint64_t)now.tv_nsec;
}

/* api:recv-info-time */
static void test_the_time_of_its_arrival(void **state) {
  dgram_socket *a, *b;
  uint64_t before_ns;
  (void)state;
  need_info();
  b = receiver(DGRAM_UDP4, DGRAM_RECV_TIME, NULL);
  a = h_bound("a", DGRAM_UDP4);
  before_ns = wall_ns();
  for (size_t i = 0; i < 20; i++)
    send_to_address(a, "127.0.0.1", h_port(b));
  for (size_t i = 0; i < 20; i++) {
    assert_int_equal(infos[i].present, DGRAM_RECV_TIME);
    assert_true(infos[i].time_ns >= (i == 0 ? before_ns : infos[i - 1].time_ns));
  }
  assert_true(infos[19].time_ns <= wall_ns());
}

/* api:recv-info-truncated */
static void test_that_it_was_not_cut(void **state) {
  dgram_socket *b = receiver(DGRAM_UDP4, DGRAM_RECV_TRUNCATED, NULL);
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  (void)state;
  send_to_address(a, "127.0.0.1", h_port(b));
  assert_true(given[0]);
  assert_int_equal(infos[0].present, DGRAM_RECV_TRUNCATED);
  assert_false(infos[0].truncated);
}

/* ---- asking ---- */

/* api:recv-info rule:10 */
static void test_only_what_the_stack_can_tell(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .recv_info = UINT32_C(1) << 31};
  dgram_socket *socket = NULL;
  (void)state;
  h_assert_code(DGRAM_ENOTSUP, H(dgram_create_socket(h_stack(), &options, &socket)));
  options.recv_info = EVERYTHING;
  if (h_kind() == H_UV) {
    h_assert_code(DGRAM_ENOTSUP, H(dgram_create_socket(h_stack(), &options, &socket)));
    socket = h_bound("a", DGRAM_UDP4);
    h_assert_code(DGRAM_ENOTSUP, H(dgram_set_recv_info(socket, DGRAM_RECV_TOS)));
    return;
  }
  assert_null(socket);
  for (uint32_t bit = 1; bit < EVERYTHING; bit *= 2) {
    socket = receiver(DGRAM_UDP4, bit, NULL);
    send_to_address(socket, "127.0.0.1", h_port(socket));
    assert_int_equal(infos[0].present, bit);
  }
}

/* api:recv-info-option */
static void test_an_implicit_bind_asks_too(void **state) {
  const dgram_socket_options options = {
      .type = DGRAM_UDP4, .on_message = on_message, .recv_info = DGRAM_RECV_TRUNCATED};
  dgram_socket *a = h_bound("a", DGRAM_UDP4), *b = h_socket_with("b", &options, H_ERROR);
  (void)state;
  count = 0;
  h_assert_ok(h_send(b, "first", h_address(a)));
  send_to_address(a, "127.0.0.1", h_port(b));
  assert_int_equal(infos[0].present, DGRAM_RECV_TRUNCATED);
}

/* What arrives before `listening` has all of it, and a bind that failed changes nothing. */
/* api:recv-info-option */
static void test_the_first_datagram_has_it(void **state) {
  const dgram_socket_options options = {
      .type = DGRAM_UDP4, .on_message = on_message, .recv_info = EVERYTHING};
  dgram_socket *a, *b;
  int port;
  (void)state;
  need_info();
  count = 0;
  a = h_bound("a", DGRAM_UDP4);
  port = h_port(a);
  b = h_socket_with("b", &options, 0);
  h_assert_ok(h_bind_to(b, "127.0.0.1", port));
  h_run_until("b bind EADDRINUSE");
  h_assert_ok(h_bind_to(b, "127.0.0.1", 0));
  h_run_until("b bind OK");
  send_to_address(a, "127.0.0.1", h_port(b));
  assert_int_equal(infos[0].present, EVERYTHING);
  expect_address(&infos[0], "127.0.0.1", h_port(b));
}

/* api:recv-info */
static void test_switching_on_and_off(void **state) {
  static const uint32_t bits[] = {
      0, EVERYTHING, DGRAM_RECV_TOS | DGRAM_RECV_TIME, 0, DGRAM_RECV_LOCAL_ADDRESS, EVERYTHING};
  dgram_socket *a, *b;
  (void)state;
  need_info();
  b = receiver(DGRAM_UDP4, DGRAM_RECV_HOP_LIMIT, NULL);
  a = h_bound("a", DGRAM_UDP4);
  for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
    h_assert_ok(H(dgram_set_recv_info(b, bits[i])));
    send_to_address(a, "127.0.0.1", h_port(b));
    assert_int_equal(given[i], bits[i] != 0);
    assert_int_equal(infos[i].present, bits[i]);
  }
}

/* api:recv-info api:keep */
static void test_a_pause_keeps_it(void **state) {
  dgram_socket *a, *b;
  (void)state;
  need_info();
  b = receiver(DGRAM_UDP4, EVERYTHING, NULL);
  a = h_bound("a", DGRAM_UDP4);
  h_assert_ok(H(dgram_pause(b)));
  h_assert_ok(h_send(a, "hello", h_address(b)));
  h_run_until("a sent");
  h_turns(2);
  assert_int_equal(count, 0);
  h_assert_ok(H(dgram_resume(b)));
  h_run_count(&count, 1);
  assert_int_equal(infos[0].present, EVERYTHING);
}

static dgram_message *kept;

static void keep(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)data;
  h_assert_ok(dgram_message_keep(socket, message, &kept));
}

/* api:keep */
static void test_a_kept_message_has_its_info(void **state) {
  dgram_socket *b;
  (void)state;
  b = receiver(DGRAM_UDP4, DGRAM_RECV_TRUNCATED, NULL);
  h_assert_ok(dgram_once_message(b, keep, NULL));
  send_to_address(b, "127.0.0.1", h_port(b));
  h_turns(1);
  h_assert_ok(h_end(b));
  h_run_until("b close");
  assert_int_equal(kept->info->present, DGRAM_RECV_TRUNCATED);
  dgram_message_free(kept);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_the_address_that_it_was_sent_to),
      H_TEST(test_the_address_of_either_family_on_udp6),
      H_TEST(test_all_that_there_is),
      H_TEST(test_all_that_there_is_udp6),
      H_TEST(test_all_that_there_is_of_ipv4_on_udp6),
      H_TEST(test_the_time_of_its_arrival),
      H_TEST(test_that_it_was_not_cut),
      H_TEST(test_only_what_the_stack_can_tell),
      H_TEST(test_an_implicit_bind_asks_too),
      H_TEST(test_the_first_datagram_has_it),
      H_TEST(test_switching_on_and_off),
      H_TEST(test_a_pause_keeps_it),
      H_TEST(test_a_kept_message_has_its_info),
  };
  return H_MAIN(tests);
}
