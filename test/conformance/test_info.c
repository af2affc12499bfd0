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
  b = receiver(type, EVERYTHING, type == DGRAM_UDP6 ? "::" : "0.0.0.0");
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

/* Multicast has a hop limit of its own, 1 at first.
 * api:recv-info-hop-limit seed:ttl-1 seed:mttl-1 seed:mttl-2 seed:mttl-6 */
static void test_the_hop_limit_of_multicast(void **state) {
  dgram_socket *a, *b;
  (void)state;
  need_info();
  b = receiver(DGRAM_UDP4, DGRAM_RECV_HOP_LIMIT, "0.0.0.0");
  a = h_bound("a", DGRAM_UDP4);
  h_assert_ok(H(dgram_add_membership(b, "239.77.1.9", "127.0.0.1")));
  h_assert_ok(H(dgram_set_ttl(a, 33)));
  send_to_address(a, "239.77.1.9", h_port(b));
  h_assert_ok(H(dgram_set_multicast_ttl(a, 9)));
  send_to_address(a, "239.77.1.9", h_port(b));
  send_to_address(a, "127.0.0.1", h_port(b));
  assert_int_equal(infos[0].hop_limit, 1);
  assert_int_equal(infos[1].hop_limit, 9);
  assert_int_equal(infos[2].hop_limit, 33);
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

/* A bind that failed changes nothing about it.
 * api:recv-info-option */
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

/* ---- sending ---- */

/* Sends one datagram with this info, and waits for its end; returns its result. */
static int send_with(dgram_socket *socket, const char *address, int port,
                     const dgram_send_info *info) {
  static dgram_datagram list[1];
  struct h_call *call;
  list[0] =
      (dgram_datagram){.bytes = "hello", .length = 5, .to = h_literal(address, port), .info = info};
  call = h_call_new(socket, "with info", 1);
  h_assert_ok(h_call_made(call, H(dgram_send_many(socket, list, 1, h_on_sent_many, call))));
  while (call->runs == 0)
    h_turns(1);
  return list[0].result;
}

static void send_and_hear(dgram_socket *socket, const char *address, int port,
                          const dgram_send_info *info) {
  const size_t before = count;
  assert_int_equal(send_with(socket, address, port, info), 5);
  h_run_count(&count, before + 1);
}

static void need_send_info(void) {
  if (h_kind() == H_UV) h_skip("libuv sends nothing but a payload");
}

static void send_tos(int type, const char *to) {
  static const uint8_t values[] = {0xb8, 0x02, 0xff, 0};
  dgram_socket *b = receiver(type, DGRAM_RECV_TOS, type == DGRAM_UDP6 ? "::" : "0.0.0.0");
  dgram_socket *a = h_socket("a", type);
  for (size_t i = 0; i < sizeof(values); i++) {
    const dgram_send_info info = {.set = DGRAM_SEND_TOS, .tos = values[i]};
    send_and_hear(a, to, h_port(b), &info);
    assert_int_equal(infos[i].tos, values[i]);
  }
  send_and_hear(a, to, h_port(b), NULL); /* it was that datagram's alone */
  assert_int_equal(infos[sizeof(values)].tos, 0);
}

/* api:send-info-tos */
static void test_tos_of_one_datagram(void **state) {
  (void)state;
  need_send_info();
  send_tos(DGRAM_UDP4, "127.0.0.1");
}

/* api:send-info-tos */
static void test_tos_of_one_datagram_udp6(void **state) {
  (void)state;
  need_send_info();
  h_need_ipv6();
  send_tos(DGRAM_UDP6, "::1");
}

/* api:send-info-tos */
static void test_tos_of_one_datagram_to_ipv4_on_udp6(void **state) {
  (void)state;
  need_send_info();
  h_need_ipv6();
  send_tos(DGRAM_UDP6, "::ffff:127.0.0.1");
}

static char sender[DGRAM_ADDRESS_TEXT + 8];

static void note_sender(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket;
  (void)data;
  snprintf(sender, sizeof(sender), "%s", h_format(&message->from));
}

/* The answer comes from where the request went to, though the host has more addresses. */
static void answer_from(int type, const char *asked, const char *expected) {
  dgram_send_info info = {.set = DGRAM_SEND_SOURCE_ADDRESS};
  dgram_socket *b = receiver(type, DGRAM_RECV_LOCAL_ADDRESS, type == DGRAM_UDP6 ? "::" : "0.0.0.0");
  dgram_socket *a = h_bound("a", DGRAM_UDP4);
  char text[sizeof(sender)];
  h_assert_ok(dgram_on_message(a, note_sender, NULL));
  send_to_address(a, asked, h_port(b));
  info.source_address = infos[0].local_address;
  assert_int_equal(
      send_with(b, type == DGRAM_UDP6 ? "::ffff:127.0.0.1" : "127.0.0.1", h_port(a), &info), 5);
  h_run_until("a message 'hello'");
  h_turns(1);
  snprintf(text, sizeof(text), "%s:%d", expected, h_port(b));
  assert_string_equal(sender, text);
}

/* api:send-info-source api:recv-info-address */
static void test_an_answer_from_the_address_that_was_asked(void **state) {
  (void)state;
  need_send_info();
  answer_from(DGRAM_UDP4, "127.0.0.1", "127.0.0.1");
}

/* api:send-info-source api:recv-info-address */
static void test_an_answer_from_another_address_that_was_asked(void **state) {
  (void)state;
  need_send_info();
  answer_from(DGRAM_UDP4, "127.0.0.9", "127.0.0.9");
}

/* api:send-info-source api:recv-info-address */
static void test_an_answer_to_ipv4_on_udp6(void **state) {
  (void)state;
  need_send_info();
  h_need_ipv6();
  answer_from(DGRAM_UDP6, "127.0.0.9", "127.0.0.9");
}

static dgram_send_info from_address(const char *address) {
  return (dgram_send_info){.set = DGRAM_SEND_SOURCE_ADDRESS,
                           .source_address = h_literal(address, 0)};
}

/* api:send-info-source */
static void test_sources_that_are_none(void **state) {
  dgram_socket *a, *b;
  dgram_send_info info = from_address("192.0.2.1");
  (void)state;
  need_send_info();
  b = receiver(DGRAM_UDP4, EVERYTHING, NULL);
  a = h_bound("a", DGRAM_UDP4);
  h_assert_code(DGRAM_ENETUNREACH, send_with(a, "127.0.0.1", h_port(b), &info));
  info = from_address("0.0.0.0");
  send_and_hear(a, "127.0.0.1", h_port(b), &info);
  assert_int_equal(count, 1);
}

/* api:send-info-source */
static void test_sources_that_are_none_udp6(void **state) {
  dgram_socket *a, *b;
  dgram_send_info info = from_address("2001:db8::1");
  (void)state;
  need_send_info();
  h_need_ipv6();
  b = receiver(DGRAM_UDP6, EVERYTHING, "::");
  a = h_socket("a", DGRAM_UDP6);
  h_assert_code(DGRAM_EINVAL, send_with(a, "::1", h_port(b), &info));
  info = from_address("::ffff:192.0.2.1");
  h_assert_code(DGRAM_ENETUNREACH, send_with(a, "::ffff:127.0.0.1", h_port(b), &info));
  info = from_address("::");
  send_and_hear(a, "::1", h_port(b), &info);
  assert_int_equal(count, 1);
}

/* api:send-info-source */
static void test_sources_of_the_other_family(void **state) {
  dgram_socket *a, *b;
  dgram_send_info info = from_address("::1");
  dgram_datagram datagram = {.bytes = "x", .length = 1, .info = &info};
  (void)state;
  need_send_info();
  h_need_ipv6();
  a = h_bound("a", DGRAM_UDP4);
  datagram.to = h_address(a);
  h_assert_code(DGRAM_EINVAL, H(dgram_send_many(a, &datagram, 1, NULL, NULL)));
  h_assert_code(DGRAM_EINVAL, H(dgram_try_send_many(a, &datagram, 1)));
  b = receiver(DGRAM_UDP6, EVERYTHING, "::");
  h_assert_code(DGRAM_EINVAL, send_with(b, "::ffff:127.0.0.1", h_port(a), &info));
  info = from_address("::ffff:127.0.0.1");
  h_assert_code(DGRAM_EINVAL, send_with(b, "::1", h_port(b), &info));
}

static void send_by_interface(int type, const char *to) {
  dgram_socket *b = receiver(type, EVERYTHING, type == DGRAM_UDP6 ? "::" : "0.0.0.0");
  dgram_socket *a = h_socket("a", type);
  const int lo = dgram_interface_index(h_stack(), "lo");
  dgram_send_info info = {.set = DGRAM_SEND_INTERFACE, .interface_index = (uint32_t)lo};
  send_and_hear(a, to, h_port(b), &info);
  info.set |= DGRAM_SEND_TOS;
  info.tos = 0x20;
  info.interface_index = 0; /* the system's choice */
  send_and_hear(a, to, h_port(b), &info);
  assert_int_equal(infos[1].tos, 0x20);
  info.interface_index = 999999;
  h_assert_code(DGRAM_ENODEV, send_with(a, to, h_port(b), &info));
  assert_int_equal(count, 2);
}

/* api:send-info-interface */
static void test_by_an_interface(void **state) {
  (void)state;
  need_send_info();
  send_by_interface(DGRAM_UDP4, "127.0.0.1");
}

/* api:send-info-interface */
static void test_by_an_interface_udp6(void **state) {
  (void)state;
  need_send_info();
  h_need_ipv6();
  send_by_interface(DGRAM_UDP6, "::1");
}

/* api:send-info-interface */
static void test_by_an_interface_to_ipv4_on_udp6(void **state) {
  (void)state;
  need_send_info();
  h_need_ipv6();
  send_by_interface(DGRAM_UDP6, "::ffff:127.0.0.1");
}

/* To a peer, without an address. */
static void send_to_peer(int type, const char *to) {
  dgram_socket *b = receiver(type, EVERYTHING, type == DGRAM_UDP6 ? "::" : "0.0.0.0");
  dgram_socket *a = h_socket("a", type);
  const dgram_send_info info = {.set = DGRAM_SEND_INTERFACE | DGRAM_SEND_TOS,
                                .interface_index = (uint32_t)dgram_interface_index(h_stack(), "lo"),
                                .tos = 0x20};
  dgram_datagram datagram = {.bytes = "hello", .length = 5, .info = &info};
  h_assert_ok(H(dgram_bind_sync(a, NULL)));
  h_assert_ok(H(dgram_connect_sync(a, h_port(b), to)));
  h_turns(2);
  assert_int_equal(H(dgram_try_send_many(a, &datagram, 1)), 1);
  assert_int_equal(datagram.result, 5);
  h_run_count(&count, 1);
  assert_int_equal(infos[0].tos, 0x20);
}

/* api:send-info-interface api:send-info-tos */
static void test_to_a_peer(void **state) {
  (void)state;
  need_send_info();
  send_to_peer(DGRAM_UDP4, "127.0.0.1");
}

/* api:send-info-interface api:send-info-tos */
static void test_to_a_peer_udp6(void **state) {
  (void)state;
  need_send_info();
  h_need_ipv6();
  send_to_peer(DGRAM_UDP6, "::1");
}

/* api:send-info-interface api:send-info-tos */
static void test_to_a_peer_of_ipv4_on_udp6(void **state) {
  (void)state;
  need_send_info();
  h_need_ipv6();
  send_to_peer(DGRAM_UDP6, "::ffff:127.0.0.1");
}

/* api:send-info rule:4 */
static void test_an_info_is_copied_without_a_callback(void **state) {
  dgram_socket *a, *b;
  (void)state;
  need_send_info();
  b = receiver(DGRAM_UDP4, DGRAM_RECV_TOS, NULL);
  a = h_socket("a", DGRAM_UDP4);
  h_assert_ok(h_bind(a, NULL));
  for (uint8_t i = 0; i < 10; i++) { /* they wait for the bind */
    dgram_send_info info = {.set = DGRAM_SEND_TOS, .tos = (uint8_t)(i * 4)};
    dgram_datagram datagram = {.bytes = "hello", .length = 5, .to = h_address(b), .info = &info};
    h_assert_ok(H(dgram_send_many(a, &datagram, 1, NULL, NULL)));
    memset(&info, 0xff, sizeof(info));
  }
  h_run_count(&count, 10);
  for (size_t i = 0; i < 10; i++)
    assert_int_equal(infos[i].tos, i * 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_the_address_that_it_was_sent_to),
      H_TEST(test_the_address_of_either_family_on_udp6),
      H_TEST(test_all_that_there_is),
      H_TEST(test_all_that_there_is_udp6),
      H_TEST(test_all_that_there_is_of_ipv4_on_udp6),
      H_TEST(test_the_hop_limit_of_multicast),
      H_TEST(test_the_time_of_its_arrival),
      H_TEST(test_that_it_was_not_cut),
      H_TEST(test_only_what_the_stack_can_tell),
      H_TEST(test_an_implicit_bind_asks_too),
      H_TEST(test_the_first_datagram_has_it),
      H_TEST(test_switching_on_and_off),
      H_TEST(test_a_pause_keeps_it),
      H_TEST(test_a_kept_message_has_its_info),
      H_TEST(test_tos_of_one_datagram),
      H_TEST(test_tos_of_one_datagram_udp6),
      H_TEST(test_tos_of_one_datagram_to_ipv4_on_udp6),
      H_TEST(test_an_answer_from_the_address_that_was_asked),
      H_TEST(test_an_answer_from_another_address_that_was_asked),
      H_TEST(test_an_answer_to_ipv4_on_udp6),
      H_TEST(test_sources_that_are_none),
      H_TEST(test_sources_that_are_none_udp6),
      H_TEST(test_sources_of_the_other_family),
      H_TEST(test_by_an_interface),
      H_TEST(test_by_an_interface_udp6),
      H_TEST(test_by_an_interface_to_ipv4_on_udp6),
      H_TEST(test_to_a_peer),
      H_TEST(test_to_a_peer_udp6),
      H_TEST(test_to_a_peer_of_ipv4_on_udp6),
      H_TEST(test_an_info_is_copied_without_a_callback),
  };
  return H_MAIN(tests);
}
