/* A packet filter refuses what goes to port 7001, and only that: filtered 4|6. Whatever way many
 * datagrams are sent, exactly those fail with EPERM and all others arrive, in their order. */

#include "net.h"

enum { COUNT = 200, OPEN = 7005, SHUT = 7001 };

static const char *address;
static struct net_box a, b;
static dgram_datagram list[COUNT];
static uint16_t numbers[COUNT]; /* the payloads */
static size_t good;

/* What has arrived: the numbers, in order. */
static size_t heard;
static uint16_t heard_numbers[COUNT];

static void on_number(dgram_socket *socket, const dgram_message *message, void *data) {
  (void)socket, (void)data;
  NET_CHECK(heard < COUNT && message->length == sizeof *heard_numbers);
  memcpy(&heard_numbers[heard++], message->bytes, sizeof *heard_numbers);
}

/* ---- which ones are refused ---- */

static bool alternating(size_t i) {
  return i % 2 == 1;
}

static bool first_and_last(size_t i) {
  return i == 0 || i == 63 || i == 64 || i == COUNT - 1;
}

static bool runs(size_t i) {
  return i % 10 < 7;
}

static bool all(size_t i) {
  (void)i;
  return true;
}

static bool (*const patterns[])(size_t i) = {alternating, first_and_last, runs, all};

static bool is_shut(size_t i) {
  return list[i].to.port == SHUT;
}

static void prepare(bool (*shut)(size_t i)) {
  heard = 0;
  good = 0;
  a.errors = 0;
  for (size_t i = 0; i < COUNT; i++) {
    numbers[i] = (uint16_t)i;
    list[i] = (dgram_datagram){.bytes = &numbers[i], .length = sizeof *numbers, .result = 1};
    NET_CODE(dgram_address_parse(address, shut(i) ? SHUT : OPEN, &list[i].to), 0);
    if (!is_shut(i)) good++;
  }
}

static void all_good_arrive(void) {
  size_t next = 0;
  NET_UNTIL(heard, good);
  for (size_t i = 0; i < COUNT; i++) {
    if (!is_shut(i)) NET_CHECK(heard_numbers[next++] == i);
  }
}

static int expected(size_t i) {
  return is_shut(i) ? DGRAM_EPERM : (int)sizeof *numbers;
}

/* ---- ways of sending ---- */

static void on_list(dgram_socket *socket, dgram_datagram *sent, size_t count, void *data) {
  (void)socket;
  NET_CHECK(sent == list && count == COUNT);
  ++*(size_t *)data;
}

static void as_list(void) {
  size_t done = 0;
  NET_CODE(dgram_send_many(a.socket, list, COUNT, on_list, &done), 0);
  NET_UNTIL(done, 1);
  for (size_t i = 0; i < COUNT; i++)
    NET_CODE(list[i].result, expected(i));
  NET_CHECK(a.errors == 0);
}

static void by_try(void) {
  NET_CODE(dgram_try_send_many(a.socket, list, COUNT), COUNT);
  for (size_t i = 0; i < COUNT; i++)
    NET_CODE(list[i].result, expected(i));
  NET_CHECK(a.errors == 0);
}

/* Callbacks come in the order of the sends. */
static void on_one(dgram_socket *socket, int status, void *data) {
  size_t *done = data;
  (void)socket;
  NET_CODE(status, expected(*done));
  ++*done;
}

static void one_by_one(void) {
  size_t done = 0;
  for (size_t i = 0; i < COUNT; i++) {
    NET_CODE(dgram_send_to(a.socket, list[i].bytes, list[i].length, &list[i].to, on_one, &done), 0);
  }
  NET_UNTIL(done, COUNT);
  NET_CHECK(a.errors == 0);
}

static void check_errors(void) {
  NET_UNTIL(a.errors, COUNT - good);
  NET_CODE(a.error_code, DGRAM_EPERM);
  NET_CHECK(a.error_port == SHUT && strcmp(a.error_address, address) == 0);
  NET_CHECK(strcmp(a.error_syscall, "send") == 0);
}

static void without_callback(void) {
  for (size_t i = 0; i < COUNT; i++)
    NET_CODE(
        dgram_send(a.socket, list[i].bytes, list[i].length, list[i].to.port, address, NULL, NULL),
        0);
  check_errors();
}

static void list_without_callback(void) {
  NET_CODE(dgram_send_many(a.socket, list, COUNT, NULL, NULL), 0);
  check_errors();
}

static void (*const ways[])(void) = {as_list, by_try, one_by_one, without_callback,
                                     list_without_callback};

int main(int count, char **words) {
  bool ipv6 = count == 2 && words[1][0] == '6';
  int type = ipv6 ? DGRAM_UDP6 : DGRAM_UDP4;
  dgram_stats stats;
  address = ipv6 ? "fd00:9::2" : "10.9.0.2";
  net_begin();
  net_on("B");
  net_create(&b, &(dgram_socket_options){.type = type, .on_message = on_number});
  NET_CODE(net_bind_to(&b, &(dgram_bind_options){.port = OPEN}), 0);
  net_open(&a, "A", type, NULL);
  for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
    for (size_t pattern = 0; pattern < sizeof patterns / sizeof *patterns; pattern++) {
      prepare(patterns[pattern]);
      ways[way]();
      all_good_arrive();
    }
  }
  NET_SEND(&a, "!!", address, OPEN);
  NET_CODE(dgram_get_stats(a.socket, &stats), 0);
  NET_CHECK(stats.sent + stats.send_errors == 20 * COUNT + 1 && stats.queued == 0);
  net_close(&a);
  net_close(&b);
  net_end();
  return 0;
}
