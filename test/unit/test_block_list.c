#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/block_list.h"
#include "core/socket.h"

static struct fake fake;
static dgram_block_list *list;

static int set_up(void **state) {
  (void)state;
  fake_init(&fake);
  assert_int_equal(dgram_block_list_create(&fake_stack(&fake)->allocator, &list), 0);
  return 0;
}

/* fake_end looks for what was not given back, the list's memory too. */
static int tear_down(void **state) {
  (void)state;
  dgram_block_list_release(list);
  fake_end(&fake);
  return 0;
}

static bool has(const char *text) {
  dgram_address address;

  assert_int_equal(dgram_address_parse(text, 9, &address), 0);
  return dgram_block_list_check(list, &address);
}

/* ---- addresses, ranges, subnets ---- */

static void an_empty_list_has_nothing(void **state) {
  dgram_address none = {0};

  (void)state;
  assert_false(has("192.0.2.1") || has("::") || has("::1"));
  assert_int_equal(dgram_block_list_add_subnet(list, "::", 0), 0);
  assert_true(has("192.0.2.1") && has("::1"));
  assert_false(dgram_block_list_check(list, &none));
  assert_false(dgram_block_list_check(list, NULL));
  assert_false(dgram_block_list_check(NULL, &none));
}

static void addresses(void **state) {
  (void)state;
  assert_int_equal(dgram_block_list_add_address(list, "192.0.2.7"), 0);
  assert_int_equal(dgram_block_list_add_address(list, "2001:db8::7"), 0);
  assert_int_equal(dgram_block_list_add_address(list, "192.0.2.7"), 0);
  assert_true(has("192.0.2.7") && has("2001:db8::7"));
  assert_false(has("192.0.2.6") || has("192.0.2.8") || has("2001:db8::6") || has("2001:db8::8"));
}

static void ranges_include_both_ends(void **state) {
  (void)state;
  assert_int_equal(dgram_block_list_add_range(list, "10.0.0.250", "10.0.1.5"), 0);
  assert_int_equal(dgram_block_list_add_range(list, "fd00::fff0", "fd00::1:0"), 0);
  assert_true(has("10.0.0.250") && has("10.0.0.255") && has("10.0.1.0") && has("10.0.1.5"));
  assert_false(has("10.0.0.249") || has("10.0.1.6"));
  assert_true(has("fd00::fff0") && has("fd00::ffff") && has("fd00::1:0"));
  assert_false(has("fd00::ffef") || has("fd00::1:1"));
}

static void subnets(void **state) {
  (void)state;
  assert_int_equal(dgram_block_list_add_subnet(list, "192.0.2.77", 26), 0);
  assert_int_equal(dgram_block_list_add_subnet(list, "2001:db8:1234::", 47), 0);
  assert_int_equal(dgram_block_list_add_subnet(list, "198.51.100.9", 32), 0);
  assert_int_equal(dgram_block_list_add_subnet(list, "fd00::9", 128), 0);
  assert_true(has("192.0.2.64") && has("192.0.2.127"));
  assert_false(has("192.0.2.63") || has("192.0.2.128"));
  assert_true(has("2001:db8:1234::") && has("2001:db8:1235:ffff:ffff:ffff:ffff:ffff"));
  assert_false(has("2001:db8:1233:ffff:ffff:ffff:ffff:ffff") || has("2001:db8:1236::"));
  assert_true(has("198.51.100.9") && has("fd00::9"));
  assert_false(has("198.51.100.8") || has("fd00::8"));
  assert_int_equal(dgram_block_list_add_subnet(list, "1.2.3.4", 0), 0);
  assert_true(has("0.0.0.0") && has("255.255.255.255"));
  assert_false(has("::") || has("::1:0:0:0"));
}

/* As Node has it, in both directions. */
static void a_mapped_address_is_the_ipv4_one(void **state) {
  (void)state;
  assert_int_equal(dgram_block_list_add_address(list, "192.0.2.7"), 0);
  assert_int_equal(dgram_block_list_add_address(list, "::ffff:192.0.2.9"), 0);
  assert_int_equal(dgram_block_list_add_subnet(list, "::ffff:10.0.0.0", 104), 0);
  assert_true(has("::ffff:192.0.2.7") && has("192.0.2.9") && has("10.9.9.9"));
  assert_false(has("::192.0.2.7") || has("11.0.0.0"));
}

static void bad_input(void **state) {
  static const char *const bad[] = {"", "name.test", "192.0.2", "1.2.3.4/8", "fe80::1%1", "1:2"};

  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_int_equal(dgram_block_list_add_address(list, bad[i]), DGRAM_EINVAL);
    assert_int_equal(dgram_block_list_add_range(list, "::1", bad[i]), DGRAM_EINVAL);
    assert_int_equal(dgram_block_list_add_subnet(list, bad[i], 8), DGRAM_EINVAL);
  }
  assert_int_equal(dgram_block_list_add_range(list, "10.0.0.2", "10.0.0.1"), DGRAM_EINVAL);
  assert_int_equal(dgram_block_list_add_range(list, "10.0.0.2", "fd00::1"), DGRAM_EINVAL);
  assert_int_equal(dgram_block_list_add_subnet(list, "10.0.0.2", 33), DGRAM_EINVAL);
  assert_int_equal(dgram_block_list_add_subnet(list, "10.0.0.2", -1), DGRAM_EINVAL);
  assert_int_equal(dgram_block_list_add_subnet(list, "fd00::", 129), DGRAM_EINVAL);
  assert_int_equal(dgram_block_list_add_address(list, NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_block_list_add_range(list, "10.0.0.2", NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_block_list_add_subnet(NULL, "10.0.0.2", 8), DGRAM_EARGTYPE);
  assert_int_equal(dgram_block_list_create(NULL, NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_block_list_create(&(dgram_allocator){0}, &list), DGRAM_EINVAL);
  assert_false(has("10.0.0.2"));
}

/* ---- many ---- */

/* Around both ends of all addresses, and of IPv4. */
static void at_the_edges(void **state) {
  static const char *const last = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";

  (void)state;
  assert_int_equal(dgram_block_list_add_address(list, "::"), 0);
  assert_int_equal(dgram_block_list_add_address(list, last), 0);
  assert_int_equal(dgram_block_list_add_address(list, "255.255.255.255"), 0);
  assert_true(has("::") && has(last) && has("255.255.255.255"));
  assert_false(has("::1") || has("::1:0:0:0") || has("255.255.255.254"));
  assert_int_equal(dgram_block_list_add_range(list, "::", last), 0);
  assert_true(has("::1") && has("10.0.0.1"));
  assert_int_equal(dgram_block_list_add_address(list, "::1"), 0);
  assert_int_equal(dgram_block_list_add_address(list, last), 0);
}

/* Against a list that is a table of 1,024 addresses; what is adjacent has become one range, so a full
 * table is one. */
static void random_ranges(void **state) {
  bool blocked[1024] = {false};
  char text[2][DGRAM_ADDRESS_TEXT];
  struct unit_random random;

  (void)state;
  unit_random_init(&random);
  for (int step = 0; step < unit_rounds(2000); step++) {
    const unsigned first = unit_random_below(&random, 1024);
    unsigned last = first + unit_random_below(&random, step < 1000 ? 3 : 40);
    if (last > 1023) last = 1023;
    snprintf(text[0], sizeof text[0], "10.0.%u.%u", first / 256, first % 256);
    snprintf(text[1], sizeof text[1], "10.0.%u.%u", last / 256, last % 256);
    assert_int_equal(dgram_block_list_add_range(list, text[0], text[1]), 0);
    memset(blocked + first, true, last - first + 1);
    for (unsigned i = 0; i < 1024; i += step < 100 ? 1 : 37) {
      snprintf(text[0], sizeof text[0], "10.0.%u.%u", i / 256, i % 256);
      assert_int_equal(has(text[0]), blocked[i]);
    }
  }
  assert_false(has("9.255.255.255") || has("10.0.4.0"));
}

/* No memory, and then success; joining takes none. */
static void growing_may_fail(void **state) {
  char text[DGRAM_ADDRESS_TEXT];

  (void)state;
  for (int i = 0; i < DGRAM__BLOCK_RANGES_MIN; i++) {
    snprintf(text, sizeof text, "10.0.0.%d", i * 2);
    assert_int_equal(dgram_block_list_add_address(list, text), 0);
  }
  fake.unit.fail_once = fake.unit.asked + 1;
  assert_int_equal(dgram_block_list_add_address(list, "10.0.0.200"), DGRAM_ENOMEM);
  assert_false(has("10.0.0.200"));
  assert_true(has("10.0.0.0") && has("10.0.0.30"));
  assert_int_equal(dgram_block_list_add_address(list, "10.0.0.200"), 0);
  fake.unit.fail_once = fake.unit.asked + 1;
  assert_int_equal(dgram_block_list_add_address(list, "10.0.0.1"), 0);
  assert_true(has("10.0.0.1") && !has("10.0.0.3"));
  fake.unit.fail_once = 0;
}

/* ---- sockets ---- */

static dgram_socket *create(bool receiving, bool sending) {
  const dgram_socket_options options = {.type = DGRAM_UDP4,
                                        .receive_block_list = receiving ? list : NULL,
                                        .send_block_list = sending ? list : NULL};
  dgram_socket *socket;

  assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &socket), 0);
  return socket;
}

static int results[8];
static size_t result_count;

static void on_sent(dgram_socket *socket, int status, void *data) {
  (void)socket;
  (void)data;
  results[result_count++] = status;
}

static void send_to(dgram_socket *socket, const char *address) {
  assert_int_equal(dgram_send(socket, "x", 1, 9, address, on_sent, NULL), 0);
}

/* What is blocked behind those that the system does not take waits with them. */
static void callbacks_keep_their_order(void **state) {
  dgram_socket *socket = create(false, true);

  (void)state;
  result_count = 0;
  assert_int_equal(dgram_block_list_add_address(list, "192.0.2.7"), 0);
  send_to(socket, "192.0.2.7");
  send_to(socket, "192.0.2.1");
  send_to(socket, "192.0.2.2");
  send_to(socket, "192.0.2.7");
  send_to(socket, "192.0.2.3");
  fake.takes = 1;
  fake_settle(&fake);
  assert_int_equal(result_count, 2);
  assert_int_equal(results[0], DGRAM_EIPBLOCKED);
  assert_int_equal(results[1], 1);
  fake.takes = SIZE_MAX;
  fake_sendable(socket, DGRAM_EAGAIN);
  fake_settle(&fake);
  assert_int_equal(result_count, 5);
  assert_int_equal(results[3], DGRAM_EIPBLOCKED);
  assert_int_equal(fake.sent_count, 3);
}

/* The address counts that a name has. */
static void names_are_looked_up_first(void **state) {
  dgram_socket *socket = create(false, true);

  (void)state;
  result_count = 0;
  assert_int_equal(dgram_block_list_add_address(list, "192.0.2.7"), 0);
  send_to(socket, "bad.test");
  send_to(socket, "good.test");
  fake_answer(&fake, "bad.test", 7);
  fake_answer(&fake, "good.test", 8);
  fake_settle(&fake);
  assert_int_equal(result_count, 2);
  assert_int_equal(results[0], DGRAM_EIPBLOCKED);
  assert_int_equal(results[1], 1);
}

static void names_are_looked_up_before_a_connect(void **state) {
  dgram_socket *socket = create(false, true);

  (void)state;
  result_count = 0;
  assert_int_equal(dgram_block_list_add_address(list, "192.0.2.7"), 0);
  assert_int_equal(dgram_connect(socket, 9, "bad.test", on_sent, NULL), 0);
  fake_answer(&fake, "bad.test", 7);
  fake_settle(&fake);
  assert_int_equal(result_count, 1);
  assert_int_equal(results[0], DGRAM_EIPBLOCKED);
  assert_int_equal(dgram_connect(socket, 9, "192.0.2.8", on_sent, NULL), 0);
  fake_settle(&fake);
  assert_int_equal(results[1], 0);
}

static size_t messages;
static size_t batches;

static void on_message(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)message;
  messages++;
  if (data != NULL) assert_int_equal(dgram_close(socket, NULL, NULL), 0);
}

static void on_batch(dgram_socket *socket, const dgram_message *all, size_t count, void *data) {
  (void)socket;
  (void)all;
  (void)count;
  (void)data;
  batches++;
}

/* Datagrams from 127.0.0.1, or from 192.0.2.7 where the letter is x. */
static void receive(dgram_socket *socket, const char *letters) {
  dgram_message list_of[16] = {{0}};
  const size_t count = strlen(letters);

  for (size_t i = 0; i < count; i++) {
    list_of[i].bytes = letters + i;
    list_of[i].length = 1;
    assert_int_equal(
        dgram_address_parse(letters[i] == 'x' ? "192.0.2.7" : "127.0.0.1", 9, &list_of[i].from), 0);
  }
  dgram__endpoint_received(socket->endpoint, list_of, count);
}

static dgram_socket *receiver(void *data) {
  dgram_socket *socket = create(true, false);

  messages = batches = 0;
  assert_int_equal(dgram_block_list_add_address(list, "192.0.2.7"), 0);
  assert_int_equal(dgram_on_message(socket, on_message, data), 0);
  assert_int_equal(dgram_on_batch(socket, on_batch, NULL), 0);
  assert_int_equal(dgram_bind(socket, NULL, NULL, NULL), 0);
  fake_settle(&fake);
  return socket;
}

static void a_batch_without_what_is_blocked(void **state) {
  dgram_socket *socket = receiver(NULL);
  dgram_stats stats;

  (void)state;
  receive(socket, "xabxxcx");
  assert_int_equal(messages, 3);
  assert_int_equal(batches, 2);
  receive(socket, "xx");
  assert_int_equal(batches, 2);
  assert_int_equal(dgram_get_stats(socket, &stats), 0);
  assert_int_equal(stats.received, 3);
  assert_int_equal(stats.received_bytes, 3);
  assert_int_equal(stats.blocked, 6);
}

static void closed_in_a_batch(void **state) {
  dgram_socket *socket = receiver(&fake);

  (void)state;
  receive(socket, "axbxc");
  assert_int_equal(messages, 1);
  assert_int_equal(batches, 1);
}

static void paused_before_a_batch(void **state) {
  dgram_socket *socket = receiver(NULL);

  (void)state;
  assert_int_equal(dgram_pause(socket), 0);
  receive(socket, "axbx");
  assert_int_equal(messages, 0);
  assert_int_equal(dgram_resume(socket), 0);
  fake_settle(&fake);
  assert_int_equal(messages, 2);
}

/* The caller's release comes first: sockets still have it. */
static void sockets_keep_it(void **state) {
  dgram_socket *first = create(true, true);
  dgram_socket *second = create(true, false);

  (void)state;
  assert_int_equal(dgram_block_list_add_address(list, "192.0.2.7"), 0);
  dgram_block_list_release(list);
  list = NULL;
  assert_int_equal(dgram_abort(first), 0);
  fake_settle(&fake);
  assert_int_equal(dgram_bind(second, NULL, NULL, NULL), 0);
  fake_settle(&fake);
  receive(second, "x");
  assert_int_equal(second->stats.received, 0);
}

static void a_socket_that_cannot_be_created_keeps_nothing(void **state) {
  const dgram_socket_options options = {.type = DGRAM_UDP4, .send_block_list = list};
  dgram_socket *socket;

  (void)state;
  for (size_t nth = 1; nth <= 2; nth++) {
    fake.unit.fail_once = fake.unit.asked + nth;
    assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &socket), DGRAM_ENOMEM);
  }
  fake.open_code = DGRAM_EMFILE;
  assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &socket), DGRAM_EMFILE);
}

#define LIST_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      LIST_TEST(an_empty_list_has_nothing),
      LIST_TEST(addresses),
      LIST_TEST(ranges_include_both_ends),
      LIST_TEST(subnets),
      LIST_TEST(a_mapped_address_is_the_ipv4_one),
      LIST_TEST(bad_input),
      LIST_TEST(at_the_edges),
      LIST_TEST(random_ranges),
      LIST_TEST(growing_may_fail),
      LIST_TEST(callbacks_keep_their_order),
      LIST_TEST(names_are_looked_up_first),
      LIST_TEST(names_are_looked_up_before_a_connect),
      LIST_TEST(a_batch_without_what_is_blocked),
      LIST_TEST(closed_in_a_batch),
      LIST_TEST(paused_before_a_batch),
      LIST_TEST(sockets_keep_it),
      LIST_TEST(a_socket_that_cannot_be_created_keeps_nothing),
  };
  return cmocka_run_group_tests_name("block_list", tests, NULL, NULL);
}
