/* wrap: sendmmsg sendmsg setsockopt */
/* Neighbours leave as one (GSO): what is a group and what is none, and of which pieces it is
 * made. */

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "groups_kit.h"

/* ---- what is a group ---- */

static void test_a_run_is_one_message(void **state) {
  (void)state;
  groups_arrange(DGRAM_UDP4);
  groups_add(5, 100);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 1);
  groups_expect_left(0, 500, 100);
  assert_int_equal(groups_calls.one, 1);
  assert_int_equal(groups_calls.many, 0);
  assert_int_equal(kit_stats(groups_world.socket).sent, 5);
  assert_int_equal(kit_stats(groups_world.socket).send_calls, 1);
  groups_finish();
}

static void test_ipv6_too(void **state) {
  (void)state;
  groups_arrange(DGRAM_UDP6);
  groups_add(5, 100);
  groups_add(1, 99);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 1);
  groups_expect_left(0, 599, 100);
  groups_finish();
}

static void test_one_alone_says_no_length(void **state) {
  (void)state;
  groups_arrange(DGRAM_UDP4);
  groups_add(1, 100);
  groups_pass();
  groups_expect_left(0, 100, 0);
  groups_finish();
}

/* Sends that are queued one by one, in a row, are neighbours too. */
static void on_one_sent(dgram_socket *socket, int status, void *data) {
  (void)socket;
  assert_int_equal(status, 10);
  ++*(size_t *)data;
}

static void test_queued_sends_are_neighbours(void **state) {
  size_t ended = 0;
  (void)state;
  groups_arrange(DGRAM_UDP4);
  groups_add(20, 10);
  for (size_t i = 0; i < 20; i++) {
    dgram_datagram *datagram = &groups_world.list[i];
    dgram_send_cb cb = i % 2 == 0 ? on_one_sent : NULL;
    datagram->result = 10;
    assert_int_equal(
        dgram_send_to(groups_world.socket, datagram->bytes, 10, &datagram->to, cb, &ended), 0);
  }
  kit_run_until(&ended, 10);
  assert_int_equal(groups_calls.left_count, 1);
  groups_expect_left(0, 200, 10);
  groups_expect_arrived(groups_world.peer, groups_world.port);
  groups_finish();
}

static void test_a_shorter_one_is_the_last(void **state) {
  (void)state;
  groups_arrange(DGRAM_UDP4);
  groups_add(4, 100);
  groups_add(1, 1);
  groups_add(3, 100);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 2);
  groups_expect_left(0, 401, 100);
  groups_expect_left(1, 300, 100);
  assert_int_equal(groups_calls.many, 1);
  groups_finish();
}

static void test_a_shorter_one_ends_even_for_its_like(void **state) {
  (void)state;
  groups_arrange(DGRAM_UDP4);
  groups_add(2, 100);
  groups_add(2, 50);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 2);
  groups_expect_left(0, 250, 100);
  groups_expect_left(1, 50, 0);
  groups_finish();
}

static void test_a_longer_one_begins_anew(void **state) {
  (void)state;
  groups_arrange(DGRAM_UDP4);
  groups_add(3, 50);
  groups_add(3, 51);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 2);
  groups_expect_left(0, 150, 50);
  groups_expect_left(1, 153, 51);
  groups_finish();
}

static void test_growing_lengths_are_no_group(void **state) {
  (void)state;
  groups_arrange(DGRAM_UDP4);
  for (size_t i = 1; i <= 10; i++)
    groups_add(1, i);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 10);
  assert_int_equal(groups_count(), 0);
  groups_finish();
}

static void test_another_port_begins_anew(void **state) {
  uint16_t other_port;
  int other = groups_peer(DGRAM_UDP4, &other_port);
  (void)state;
  groups_arrange(DGRAM_UDP4);
  groups_add(9, 20);
  for (size_t i = 3; i < 6; i++)
    groups_world.list[i].to.port = other_port;
  groups_pass();
  groups_expect_arrived(other, other_port);
  assert_int_equal(groups_calls.left_count, 3);
  for (size_t i = 0; i < 3; i++) {
    groups_expect_left(i, 60, 20);
    assert_int_equal(groups_calls.left[i].port, i == 1 ? other_port : groups_world.port);
  }
  close(other);
  groups_finish();
}

static void test_another_address_begins_anew(void **state) {
  (void)state;
  groups_arrange(DGRAM_UDP4);
  groups_add(6, 20);
  for (size_t i = 2; i < 4; i++) {
    assert_int_equal(dgram_address_parse("127.0.0.2", groups_world.port, &groups_world.list[i].to),
                     0);
  }
  groups_send();
  groups_expect_sent(0, 6);
  assert_int_equal(groups_calls.left_count, 3);
  for (size_t i = 0; i < 3; i++)
    groups_expect_left(i, 40, 20);
  groups_finish();
}

static int refuse_any(const struct groups_message *message) {
  (void)message;
  return -EPERM;
}

/* Hosts have few addresses of IPv6 to send to, so nothing leaves. */
static void test_each_byte_of_an_address_matters(void **state) {
  (void)state;
  groups_arrange(DGRAM_UDP6);
  groups_calls.judge = refuse_any;
  for (size_t i = 0; i <= 16; i++) {
    groups_clear();
    groups_add(2, 20);
    if (i < 16) groups_world.list[1].to.bytes[i] ^= 0x80;
    groups_send();
    groups_expect_code(0, 2, DGRAM_EPERM);
    assert_int_equal(groups_calls.refused, i < 16 ? 2 : 1);
  }
  groups_finish();
}

static void test_another_scope_begins_anew(void **state) {
  (void)state;
  groups_arrange(DGRAM_UDP6);
  groups_add(6, 20);
  for (size_t i = 2; i < 4; i++)
    groups_world.list[i].to.scope_id = if_nametoindex("lo");
  groups_pass();
  assert_int_equal(groups_calls.left_count, 3);
  groups_finish();
}

/* The TOS of what waits at the peer, a character for each: 'a' for 0, 'b' for 4. */
static const char *tos_of_arrived(void) {
  static char text[32];
  size_t n = 0;
  for (; n + 1 < sizeof text; n++) {
    char byte, control[64];
    struct iovec piece = {&byte, 1};
    struct msghdr header = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control, .msg_controllen = 64};
    if (recvmsg(groups_world.peer, &header, 0) < 0) break;
    text[n] = (char)('a' + *CMSG_DATA(CMSG_FIRSTHDR(&header)) / 4);
  }
  text[n] = '\0';
  return text;
}

static void send_with_tos(const dgram_send_info *const *infos, size_t count) {
  int on = 1;
  groups_arrange(DGRAM_UDP4);
  assert_int_equal(setsockopt(groups_world.peer, IPPROTO_IP, IP_RECVTOS, &on, sizeof on), 0);
  groups_add(count, 20);
  for (size_t i = 0; i < count; i++)
    groups_world.list[i].info = infos[i];
  groups_send();
  groups_expect_sent(0, count);
}

/* What counts is what it asks for, not where it stands, nor what stands in fields that are not
 * set. */
static void test_other_info_begins_anew(void **state) {
  const dgram_send_info none = {.tos = 4, .interface_index = 9};
  const dgram_send_info a = {.set = DGRAM_SEND_TOS, .tos = 4};
  const dgram_send_info b = {.set = DGRAM_SEND_TOS, .tos = 4, .interface_index = 9};
  const dgram_send_info c = {.set = DGRAM_SEND_TOS, .tos = 8};
  const dgram_send_info *const infos[] = {NULL, &none, NULL, &a, &b, &a, &c, &c, &none};
  (void)state;
  send_with_tos(infos, sizeof infos / sizeof *infos);
  assert_int_equal(groups_calls.left_count, 4);
  groups_expect_left(0, 60, 20);
  groups_expect_left(1, 60, 20);
  groups_expect_left(2, 40, 20);
  groups_expect_left(3, 20, 0);
  assert_string_equal(tos_of_arrived(), "aaabbbcca");
  groups_finish();
}

/* Each field of it. */
static void test_each_field_of_an_info_matters(void **state) {
  const dgram_address one = {.family = DGRAM_IPV4, .bytes = {127, 0, 0, 1}};
  const dgram_address nobody = {.family = DGRAM_IPV4};
  const dgram_send_info infos[] = {
      {.set = DGRAM_SEND_TOS, .tos = 4},
      {.set = DGRAM_SEND_TOS | DGRAM_SEND_INTERFACE, .tos = 4, .interface_index = 1},
      {.set = DGRAM_SEND_TOS | DGRAM_SEND_INTERFACE, .tos = 4},
      {.set = DGRAM_SEND_SOURCE_ADDRESS, .source_address = one},
      {.set = DGRAM_SEND_SOURCE_ADDRESS, .source_address = nobody},
  };
  const dgram_send_info *all[5];
  (void)state;
  for (size_t i = 0; i < 5; i++)
    all[i] = &infos[i];
  send_with_tos(all, 5);
  assert_int_equal(groups_calls.left_count, 5);
  assert_string_equal(tos_of_arrived(), "bbbaa");
  groups_finish();
}

/* Nothing would be left of it to cut: the group's bytes are the others'. */
static void test_an_empty_one_is_in_no_group(void **state) {
  const size_t lengths[] = {0, 10, 10, 0, 10, 10, 10, 0, 0, 10, 10, 0};
  (void)state;
  groups_arrange(DGRAM_UDP4);
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
    groups_add(1, lengths[i]);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 8);
  assert_int_equal(groups_count(), 3);
  groups_expect_left(0, 0, 0);
  groups_expect_left(1, 20, 10);
  groups_expect_left(2, 0, 0);
  groups_expect_left(3, 30, 10);
  groups_expect_left(6, 20, 10);
  groups_expect_left(7, 0, 0);
  groups_finish();
}

static void test_empty_ones_alone(void **state) {
  (void)state;
  groups_arrange(DGRAM_UDP4);
  groups_add(70, 0);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 70);
  assert_int_equal(groups_count(), 0);
  groups_finish();
}

/* ---- how large ---- */

static void test_as_many_segments_as_the_kernel_takes(void **state) {
  const size_t most = DGRAM__SEGMENTS_MAX;
  (void)state;
  groups_arrange(DGRAM_UDP4);
  for (size_t n = most - 1; n <= most + 1; n++) {
    groups_clear();
    groups_add(n, 10);
    groups_pass();
    assert_int_equal(groups_calls.left_count, n > most ? 2 : 1);
    groups_expect_left(0, (n > most ? most : n) * 10, 10);
    if (n > most) groups_expect_left(1, 10, 0);
  }
  groups_finish();
}

static void test_the_largest_group_takes_no_shorter_one(void **state) {
  const size_t most = DGRAM__SEGMENTS_MAX;
  (void)state;
  groups_arrange(DGRAM_UDP4);
  groups_add(most, 10);
  groups_add(1, 5);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 2);
  groups_expect_left(0, most * 10, 10);
  groups_expect_left(1, 5, 0);
  groups_clear();
  groups_add(most - 1, 10);
  groups_add(1, 5);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 1);
  groups_finish();
}

/* A list ends where the memory that may be read does. */
static void test_nothing_behind_the_list_is_read(void **state) {
  const size_t most = DGRAM__SEGMENTS_MAX, size = most * sizeof(dgram_datagram);
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (size + page - 1) / page * page;
  unsigned char *memory =
      mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  (void)state;
  assert_ptr_not_equal(memory, MAP_FAILED);
  assert_int_equal(mprotect(memory + room, page, PROT_NONE), 0);
  groups_arrange(DGRAM_UDP4);
  groups_add(most, 10);
  for (size_t n = 1; n <= most; n++) {
    dgram_datagram *list = (dgram_datagram *)(void *)(memory + room) - n;
    memcpy(list, groups_world.list, n * sizeof *list);
    assert_int_equal(dgram_try_send_many(groups_world.socket, list, n), n);
  }
  munmap(memory, room + page);
  groups_finish();
}

static void test_as_many_bytes_as_stay_whole(void **state) {
  const size_t most = DGRAM__GROUP_BYTES;
  (void)state;
  groups_arrange(DGRAM_UDP4);
  groups_add(64, most / 64);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 1);
  groups_expect_left(0, most, most / 64);
  groups_clear();
  groups_add(64, most / 64);
  groups_add(1, 1);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 2);
  groups_expect_left(0, most, most / 64);
  groups_expect_left(1, 1, 0);
  groups_clear();
  groups_add(2, most / 2 + 1);
  groups_add(1, most / 2 - 1);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 2);
  groups_expect_left(0, most / 2 + 1, 0);
  groups_expect_left(1, most, most / 2 + 1);
  groups_finish();
}

static void test_groups_share_a_call(void **state) {
  (void)state;
  groups_arrange(DGRAM_UDP4);
  groups_add(300, 40);
  groups_add(10, 41);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 4);
  groups_expect_left(0, DGRAM__SEGMENTS_MAX * 40, 40);
  groups_expect_left(2, (300 - 2 * DGRAM__SEGMENTS_MAX) * 40, 40);
  groups_expect_left(3, 410, 41);
  assert_int_equal(groups_calls.many, 1);
  assert_int_equal(groups_calls.one, 0);
  groups_finish();
}

static void test_messages_of_a_call_are_bounded(void **state) {
  (void)state;
  groups_arrange(DGRAM_UDP4);
  for (size_t i = 0; i < DGRAM__SEND_MESSAGES + 1; i++)
    groups_add(3, 10 + i); /* each longer than the ones before */
  groups_pass();
  assert_int_equal(groups_calls.left_count, DGRAM__SEND_MESSAGES + 1);
  assert_int_equal(groups_calls.many, 1);
  assert_int_equal(groups_calls.one, 1);
  groups_finish();
}

/* ---- of which pieces ---- */

static void test_neighbours_in_memory_are_one_piece(void **state) {
  (void)state;
  groups_arrange(DGRAM_UDP4);
  groups_add(50, DGRAM__PACK_LENGTH + 100);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 1);
  assert_int_equal(groups_calls.left[0].pieces, 1);
  assert_ptr_equal(groups_calls.left[0].bytes, groups_world.bytes); /* nothing was copied */
  groups_clear();
  groups_add(5, 10); /* nor where it could be */
  groups_pass();
  assert_int_equal(groups_calls.left[0].pieces, 1);
  assert_ptr_equal(groups_calls.left[0].bytes, groups_world.bytes);
  groups_finish();
}

/* What stands behind the bytes is not the next one's bytes, but says where they are. */
static void test_parts_are_no_neighbours(void **state) {
  static struct {
    unsigned char bytes[sizeof(dgram_buffer)];
    dgram_buffer parts[1];
  } memory;
  (void)state;
  groups_arrange(DGRAM_UDP4);
  groups_add(2, sizeof memory.bytes);
  groups_world.list[0].bytes = memory.bytes;
  memory.parts[0] = (dgram_buffer){groups_world.list[1].bytes, sizeof memory.bytes};
  groups_world.list[1].bytes = memory.parts;
  groups_world.list[1].parts = 1;
  groups_pass();
  assert_int_equal(groups_calls.left_count, 1);
  groups_finish();
}

/* The first is copied before it is known that the second stands next to it. */
static void test_short_ones_are_packed(void **state) {
  (void)state;
  groups_arrange(DGRAM_UDP4);
  for (int call = 0; call < 3; call++) { /* each has all of the room */
    groups_clear();
    groups_add_apart(100, DGRAM__PACK_LENGTH);
    groups_pass();
    assert_int_equal(groups_calls.left_count, 1);
    assert_int_equal(groups_calls.left[0].pieces, 1);
    assert_ptr_not_equal(groups_calls.left[0].bytes, groups_world.bytes);
  }
  groups_finish();
}

static void test_long_ones_are_pieces(void **state) {
  (void)state;
  groups_arrange(DGRAM_UDP4);
  groups_add_apart(100, DGRAM__PACK_LENGTH + 1);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 1);
  assert_int_equal(groups_calls.left[0].pieces, 100);
  assert_ptr_equal(groups_calls.left[0].bytes, groups_world.bytes);
  groups_finish();
}

static void test_one_alone_is_not_copied(void **state) {
  (void)state;
  groups_arrange(DGRAM_UDP4);
  groups_add(1, 10);
  groups_pass();
  assert_ptr_equal(groups_calls.left[0].bytes, groups_world.bytes);
  groups_finish();
}

/* Where the room to copy ends, they are pieces. */
static void test_more_than_can_be_packed(void **state) {
  const size_t fits = DGRAM__PACK_SIZE / DGRAM__PACK_LENGTH;
  (void)state;
  groups_arrange(DGRAM_UDP4);
  groups_add_apart(fits + 20, DGRAM__PACK_LENGTH);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 2);
  assert_int_equal(groups_calls.left[0].pieces, 1);
  assert_int_equal(groups_calls.left[1].pieces, 20);
  groups_finish();
}

/* The pieces of a call are bounded, and what does not fit any more goes in the next one. */
static void test_pieces_of_a_call_are_bounded(void **state) {
  enum { COUNT = DGRAM__SEND_PIECES / 2 + 44, CUT = DGRAM__SEND_PIECES / 2 - 1 };
  static dgram_buffer parts[CUT][2];
  const size_t length = DGRAM__PACK_LENGTH + 44;
  size_t pieces = 0;
  (void)state;
  groups_arrange(DGRAM_UDP4);
  groups_add_apart(COUNT, length);
  for (size_t i = 0; i < CUT; i++) {
    const unsigned char *bytes = groups_world.list[i].bytes;
    parts[i][0] = (dgram_buffer){bytes + 100, length - 100};
    parts[i][1] = (dgram_buffer){bytes, 100};
    groups_world.list[i].bytes = parts[i];
    groups_world.list[i].parts = 2;
  }
  groups_pass();
  for (size_t i = 0; i < groups_calls.left_count; i++)
    pieces += groups_calls.left[i].pieces;
  assert_int_equal(pieces, CUT + COUNT);
  assert_int_equal(groups_calls.many + groups_calls.one, 2);
  groups_finish();
}

static void test_parts_are_in_groups(void **state) {
  static const dgram_buffer parts[][4] = {
      {{"head", 4}, {"", 0}, {"body", 4}, {NULL, 0}},
      {{"HE", 2}, {"ADBO", 4}, {"D", 1}, {"Y", 1}},
      {{NULL, 0}, {NULL, 0}, {"last", 4}, {NULL, 0}},
  };
  (void)state;
  groups_arrange(DGRAM_UDP4);
  groups_add(4, 8);
  for (size_t i = 0; i < 3; i++) {
    groups_world.list[i + 1].bytes = parts[i];
    groups_world.list[i + 1].parts = 4;
  }
  groups_world.list[3].length = 4;
  groups_pass();
  assert_int_equal(groups_calls.left_count, 1);
  groups_expect_left(0, 28, 8);
  groups_finish();
}

/* 128 datagrams of 16 pieces are four times what a call has room for. */
static void test_many_parts_end_a_group_early(void **state) {
  static dgram_buffer parts[DGRAM__SEGMENTS_MAX][DGRAM_PARTS_MAX];
  const size_t fit = DGRAM__SEND_PIECES / DGRAM_PARTS_MAX;
  (void)state;
  groups_arrange(DGRAM_UDP4);
  groups_add(DGRAM__SEGMENTS_MAX, 32);
  for (size_t i = 0; i < DGRAM__SEGMENTS_MAX; i++) {
    const unsigned char *bytes = groups_world.list[i].bytes;
    for (size_t part = 0; part < DGRAM_PARTS_MAX; part++)
      parts[i][part] = (dgram_buffer){bytes + 2 * (DGRAM_PARTS_MAX - 1 - part), 2};
    groups_world.list[i].bytes = parts[i];
    groups_world.list[i].parts = DGRAM_PARTS_MAX;
  }
  groups_pass();
  assert_int_equal(groups_calls.left_count, DGRAM__SEGMENTS_MAX / fit);
  for (size_t i = 0; i < groups_calls.left_count; i++) {
    groups_expect_left(i, fit * 32, 32);
    assert_int_equal(groups_calls.left[i].pieces, DGRAM__SEND_PIECES);
  }
  groups_finish();
}

/* ---- lists of any kind ---- */

static unsigned random_seed;

static size_t below(size_t n) {
  random_seed = random_seed * 1103515245u + 12345u;
  return (random_seed >> 8) % n;
}

static size_t any_length(void) {
  static const size_t usual[] = {0, 1, 7, 64, 255, 256, 257, 512, 1200};
  return below(8) == 0 ? below(1500) : usual[below(sizeof usual / sizeof *usual)];
}

static void cut_in_parts(dgram_datagram *datagram, dgram_buffer *parts) {
  const unsigned char *bytes = datagram->bytes;
  const size_t first = datagram->length / 3;
  if (below(6) > 0) return;
  parts[0] = (dgram_buffer){bytes, first};
  parts[1] = (dgram_buffer){NULL, 0};
  parts[2] = (dgram_buffer){bytes + first, datagram->length - first};
  datagram->bytes = parts;
  datagram->parts = 3;
}

static void make_any_list(uint16_t other_port) {
  static dgram_buffer parts[GROUPS_LIST_MAX][3];
  groups_clear();
  while (groups_world.count < 120) {
    size_t n = 1 + below(below(3) == 0 ? 100 : 5), length = any_length();
    if (n > 120 - groups_world.count) n = 120 - groups_world.count;
    if (below(2) == 0)
      groups_add(n, length);
    else
      groups_add_apart(n, length);
    for (size_t i = groups_world.count - n; i < groups_world.count; i++)
      cut_in_parts(&groups_world.list[i], parts[i]);
    if (below(4) > 0) continue;
    for (size_t i = groups_world.count - n; i < groups_world.count; i++)
      groups_world.list[i].to.port = other_port;
  }
}

static void pass_lists(int type, unsigned rounds) {
  uint16_t other_port;
  int other = groups_peer(type, &other_port);
  groups_arrange(type);
  for (unsigned i = 0; i < rounds; i++) {
    make_any_list(other_port);
    groups_pass();
    groups_expect_arrived(other, other_port);
  }
  close(other);
  groups_finish();
}

/* Of two sockets of a stack the one leaves as a group. */
static void test_switched_off_for_one_socket(void **state) {
  const dgram_socket_options options = {.type = DGRAM_UDP4, .disable = DGRAM_DISABLE_GSO};
  dgram_socket *usual;
  (void)state;
  groups_arrange(DGRAM_UDP4);
  usual = groups_world.socket;
  assert_int_equal(dgram_create_socket(kit.stack, &options, &groups_world.socket), 0);
  groups_add(5, 100);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 5);
  assert_int_equal(groups_count(), 0);
  groups_clear();
  groups_world.socket = usual;
  groups_add(5, 100);
  groups_pass();
  assert_int_equal(groups_calls.left_count, 1);
  groups_finish();
}

/* The peers get the same with groups and without, in the same order: that of the list. */
static void test_any_list_arrives_as_it_is(void **state) {
  const char *given = getenv("DGRAM_TEST_SEED");
  unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)getpid();
  dgram_stack_options options = {.disable = DGRAM_DISABLE_GSO};
  (void)state;
  printf("DGRAM_TEST_SEED=%u\n", seed);
  random_seed = seed;
  pass_lists(DGRAM_UDP4, 30);
  assert_true(groups_count() > 0); /* of the last list */
  pass_lists(DGRAM_UDP6, 30);
  kit_reopen(&options);
  random_seed = seed;
  pass_lists(DGRAM_UDP4, 30);
  assert_int_equal(groups_count(), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(test_a_run_is_one_message),
      KIT_TEST(test_ipv6_too),
      KIT_TEST(test_one_alone_says_no_length),
      KIT_TEST(test_queued_sends_are_neighbours),
      KIT_TEST(test_a_shorter_one_is_the_last),
      KIT_TEST(test_a_shorter_one_ends_even_for_its_like),
      KIT_TEST(test_a_longer_one_begins_anew),
      KIT_TEST(test_growing_lengths_are_no_group),
      KIT_TEST(test_another_port_begins_anew),
      KIT_TEST(test_another_address_begins_anew),
      KIT_TEST(test_each_byte_of_an_address_matters),
      KIT_TEST(test_another_scope_begins_anew),
      KIT_TEST(test_other_info_begins_anew),
      KIT_TEST(test_each_field_of_an_info_matters),
      KIT_TEST(test_an_empty_one_is_in_no_group),
      KIT_TEST(test_empty_ones_alone),
      KIT_TEST(test_as_many_segments_as_the_kernel_takes),
      KIT_TEST(test_the_largest_group_takes_no_shorter_one),
      KIT_TEST(test_nothing_behind_the_list_is_read),
      KIT_TEST(test_as_many_bytes_as_stay_whole),
      KIT_TEST(test_groups_share_a_call),
      KIT_TEST(test_messages_of_a_call_are_bounded),
      KIT_TEST(test_neighbours_in_memory_are_one_piece),
      KIT_TEST(test_parts_are_no_neighbours),
      KIT_TEST(test_short_ones_are_packed),
      KIT_TEST(test_long_ones_are_pieces),
      KIT_TEST(test_one_alone_is_not_copied),
      KIT_TEST(test_more_than_can_be_packed),
      KIT_TEST(test_pieces_of_a_call_are_bounded),
      KIT_TEST(test_parts_are_in_groups),
      KIT_TEST(test_many_parts_end_a_group_early),
      KIT_TEST(test_switched_off_for_one_socket),
      KIT_TEST(test_any_list_arrives_as_it_is),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
