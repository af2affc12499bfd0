/* The trace by itself: its bytes, as worked out by hand from the RFCs and from pcapng's draft; and
 * its bounds. Whether others can read it: test/cli/test_trace.sh, for which the first test writes
 * its trace into the file that DGRAM_TEST_TRACE names. */

#include "sim_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/sim/trace.h"

static struct sim_trace trace;

/* What the callback has got. */
static struct {
  unsigned char bytes[200000];
  size_t length;
  unsigned calls;
  unsigned refuse; /* this call, counted from 1; 0: none */
  bool end;        /* in a call, from within */
} file;

static int on_write(const void *bytes, size_t length, void *data) {
  assert_ptr_equal(data, &file);
  assert_true(length <= sizeof file.bytes - file.length);
  memcpy(file.bytes + file.length, bytes, length);
  file.length += length;
  if (file.end) sim_trace_end(&trace);
  return ++file.calls == file.refuse;
}

static int set_up(void **state) {
  (void)state;
  memset(&file, 0, sizeof file);
  memset(&trace, 0xa5, sizeof trace);
  return 0;
}

static dgram_address address(const char *text, int port) {
  dgram_address result;
  assert_int_equal(dgram_address_parse(text, port, &result), 0);
  return result;
}

static dgram_datagram payload(const void *bytes, size_t length, const char *to, int port) {
  return (dgram_datagram){.bytes = bytes, .length = length, .to = address(to, port)};
}

static const dgram_fate lost = {.drop = DGRAM_DROP_LOSS};

/* The bytes of the blocks from the n-th on, 0 being the first. */
static const unsigned char *block(unsigned n) {
  const unsigned char *at = file.bytes;
  while (n-- > 0)
    at += at[4] | at[5] << 8 | at[6] << 16;
  return at;
}

/* Whether the comment of the n-th datagram is this. */
static void assert_comment(unsigned n, const char *text) {
  const unsigned char *at = block(n + 2);
  const size_t packet = (size_t)(at[20] | at[21] << 8 | at[22] << 16);
  const unsigned char *option = at + 28 + (packet + 3) / 4 * 4;

  assert_int_equal(option[0], 1);
  assert_int_equal(option[2] | option[3] << 8, strlen(text));
  assert_memory_equal(option + 4, text, strlen(text));
}

/* ---- by hand ---- */

static const unsigned char expected_section[28] = {
    0x0a, 0x0d, 0x0d, 0x0a, 28,   0,    0,    0,    0x4d, 0x3c, 0x2b, 0x1a, 1, 0,
    0,    0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 28,   0,    0, 0};

static const unsigned char expected_interface[32] = {
    1,   0, 0, 0, 32, 0, 0, 0, /* type, length */
    101, 0, 0, 0,              /* LINKTYPE_RAW */
    0,   0, 0, 0,              /* no limit to the length of a packet */
    9,   0, 1, 0, 9,  0, 0, 0, /* if_tsresol: 10^-9 s */
    0,   0, 0, 0, 32, 0, 0, 0};

/* 10.0.0.1:1000 -> 10.0.0.2:2000, "hi!", at 1,000,000,123 ns. */
static const unsigned char expected_ipv4[116] = {
    6,    0,    0,    0,    116,  0,    0,    0,    0,   0,   0,   0, /* type, length, interface */
    0,    0,    0,    0,    0x7b, 0xca, 0x9a, 0x3b,                   /* time */
    31,   0,    0,    0,    31,   0,    0,    0,                      /* length, twice */
    0x45, 0,    0,    31,   0,    0,    0,    0,    64,  17, /* IP: version, total length, hop limit, UDP */
    0x66, 0xcc, 10,   0,    0,    1,    10,   0,    0,   2, /* checksum, addresses */
    0x03, 0xe8, 0x07, 0xd0, 0,    11,   0x56, 0xb4,         /* UDP: ports, length, checksum */
    'h',  'i',  '!',  0,                                    /* padded */
    1,    0,    41,   0,    'c',  'l',  'i',  'e',  'n', 't', ' ', '-', '>', ' ', 's', 'e', 'r',
    'v',  'e',  'r',  ':',  ' ',  'a',  'r',  'r',  'i', 'v', 'e', 's', ' ', 'a', 'f', 't', 'e',
    'r',  ' ',  '2',  '0',  '.',  '0',  '0',  '0',  ' ', 'm', 's', 0,   0,   0, /* comment, padded */
    0,    0,    0,    0,    116,  0,    0,    0};

/* [2001:db8::1]:5000 -> [2001:db8::2]:6000, "six!", at 5,000,000,123 ns. */
static const unsigned char expected_ipv6[124] = {
    6,    0,    0,    0,    124,  0,    0,   0,   0,    0,    0,   0,   1,   0,    0,
    0,    0x7b, 0xf2, 0x05, 0x2a, 52,   0,   0,   0,    52,   0,   0,   0,   0x60, 0,
    0,    0,    0,    12,   17,   7, /* IP: version, length, UDP, hop limit */
    0x20, 0x01, 0x0d, 0xb8, 0,    0,    0,   0,   0,    0,    0,   0,   0,   0,    0,
    1,    0x20, 0x01, 0x0d, 0xb8, 0,    0,   0,   0,    0,    0,   0,   0,   0,    0,
    0,    2,    0x13, 0x88, 0x17, 0x70, 0,   12,  0x8d, 0xde, 's', 'i', 'x', '!',  1,
    0,    32,   0,    '2',  '0',  '0',  '1', ':', 'd',  'b',  '8', ':', ':', '1',  ' ',
    '-',  '>',  ' ',  '2',  '0',  '0',  '1', ':', 'd',  'b',  '8', ':', ':', '2',  ':',
    ' ',  'l',  'o',  's',  't',  0,    0,   0,   0,    124,  0,   0,   0};

static void write_by_hand(void) {
  const dgram_datagram four = payload("hi!", 3, "10.0.0.2", 2000);
  const dgram_datagram six = payload("six!", 4, "2001:db8::2", 6000);
  const dgram_fate arrives = {.copies = 1, .at_ns = {1020000123}};

  assert_int_equal(sim_trace_begin(&trace, on_write, &file), 0);
  sim_trace_datagram(&trace, &(struct sim_trace_datagram){.time_ns = 1000000123,
                                                          .from = address("10.0.0.1", 1000),
                                                          .datagram = &four,
                                                          .from_name = "client",
                                                          .to_name = "server",
                                                          .fate = &arrives});
  sim_trace_datagram(&trace, &(struct sim_trace_datagram){.time_ns = 5000000123,
                                                          .from = address("2001:db8::1", 5000),
                                                          .datagram = &six,
                                                          .hop_limit = 7,
                                                          .fate = &lost});
}

static void save(const char *name) {
  FILE *stream = name != NULL ? fopen(name, "wb") : NULL;
  if (stream == NULL) return;
  assert_int_equal(fwrite(file.bytes, 1, file.length, stream), file.length);
  assert_int_equal(fclose(stream), 0);
}

static void test_bytes(void **state) {
  (void)state;
  write_by_hand();
  save(getenv("DGRAM_TEST_TRACE"));
  assert_int_equal(file.calls, 4);
  assert_int_equal(file.length, 28 + 32 + 116 + 124);
  assert_memory_equal(file.bytes, expected_section, 28);
  assert_memory_equal(file.bytes + 28, expected_interface, 32);
  assert_memory_equal(file.bytes + 60, expected_ipv4, 116);
  assert_memory_equal(file.bytes + 176, expected_ipv6, 124);
}

/* Parts are the datagram that they make, and ::ffff:10.0.0.2 is 10.0.0.2. */
static void test_same_in_other_clothes(void **state) {
  const dgram_buffer parts[] = {{"h", 1}, {NULL, 0}, {"i!", 2}};
  dgram_datagram datagram = payload(parts, 3, "::ffff:10.0.0.2", 2000);
  const dgram_fate arrives = {.copies = 1, .at_ns = {1020000123}};

  (void)state;
  datagram.parts = 3;
  assert_int_equal(sim_trace_begin(&trace, on_write, &file), 0);
  sim_trace_datagram(&trace, &(struct sim_trace_datagram){.time_ns = 1000000123,
                                                          .from = address("::ffff:10.0.0.1", 1000),
                                                          .datagram = &datagram,
                                                          .from_name = "client",
                                                          .to_name = "server",
                                                          .fate = &arrives});
  assert_memory_equal(file.bytes + 60, expected_ipv4, 116);
}

/* A checksum that comes out as 0 is written as 0xffff: the sum of all else is 0xffff where the
 * payload is what it lacked. */
static void test_checksum_zero(void **state) {
  const dgram_datagram datagram = payload("\x6e\xd7", 2, "10.0.0.2", 2000);

  (void)state;
  assert_int_equal(sim_trace_begin(&trace, on_write, &file), 0);
  sim_trace_datagram(&trace, &(struct sim_trace_datagram){.from = address("10.0.0.1", 30000),
                                                          .datagram = &datagram,
                                                          .fate = &lost});
  assert_memory_equal(block(2) + 28 + 20 + 6, "\xff\xff", 2);
}

static void test_fates(void **state) {
  static const char *const texts[DGRAM_DROP_COUNT] = {"a -> b: does not arrive",
                                                      "a -> b: lost",
                                                      "a -> b: queue full",
                                                      "a -> b: larger than the mtu",
                                                      "a -> b: link down",
                                                      "a -> b: no such host",
                                                      "a -> b: nobody has the port",
                                                      "a -> b: receive buffer full",
                                                      "a -> b: host gone"};
  const dgram_datagram datagram = payload("", 0, "10.0.0.2", 1);
  dgram_fate fate = {.copies = 0};
  struct sim_trace_datagram entry = {.time_ns = 7,
                                     .from = address("10.0.0.1", 1),
                                     .datagram = &datagram,
                                     .from_name = "a",
                                     .to_name = "b",
                                     .fate = &fate};
  (void)state;
  assert_int_equal(sim_trace_begin(&trace, on_write, &file), 0);
  for (unsigned i = 0; i < DGRAM_DROP_COUNT; i++) {
    fate.drop = (enum dgram_drop)i;
    sim_trace_datagram(&trace, &entry);
    assert_comment(i, texts[i]);
  }
  fate = (dgram_fate){.copies = 2, .at_ns = {7, 7 + 1234567890}};
  sim_trace_datagram(&trace, &entry);
  assert_comment(DGRAM_DROP_COUNT, "a -> b: arrives twice, after 0.000 ms and 1234.567 ms");
}

/* ---- bounds ---- */

/* The largest datagrams, the longest names, the longest fate: all fit into the block. */
static void test_largest(void **state) {
  static unsigned char bytes[DGRAM__PAYLOAD_MAX_IPV6];
  char name[2 * DGRAM__NAME_MAX];
  const dgram_fate fate = {.copies = 2, .at_ns = {UINT64_MAX, UINT64_MAX}};
  const dgram_datagram six = payload(bytes, sizeof bytes, "2001:db8::2", 65535);
  const dgram_datagram four = payload(bytes, DGRAM__PAYLOAD_MAX_IPV4, "10.0.0.2", 65535);
  struct sim_trace_datagram entry = {
      .from_name = name, .to_name = name, .fate = &fate, .hop_limit = 255};

  (void)state;
  memset(bytes, 0xff, sizeof bytes);
  memset(name, 'n', sizeof name - 1);
  name[sizeof name - 1] = 0;
  assert_int_equal(sim_trace_begin(&trace, on_write, &file), 0);
  entry.from = address("2001:db8::1", 65535);
  entry.datagram = &six;
  sim_trace_datagram(&trace, &entry);
  assert_memory_equal(block(2) + 20, "\x27\x00\x01\x00\x27\x00\x01\x00", 8); /* 65,575 */
  entry.from = address("10.0.0.1", 65535);
  entry.datagram = &four;
  sim_trace_datagram(&trace, &entry);
  assert_memory_equal(block(3) + 20, "\xff\xff\x00\x00\xff\xff\x00\x00", 8);
  assert_int_equal(file.calls, 4);
}

/* ---- ends ---- */

static void test_refused(void **state) {
  (void)state;
  for (unsigned call = 1; call <= 2; call++) {
    set_up(NULL);
    file.refuse = call;
    assert_int_equal(sim_trace_begin(&trace, on_write, &file), DGRAM_EIO);
    assert_int_equal(file.calls, call);
    assert_null(trace.cb);
  }
  set_up(NULL);
  file.refuse = 3;
  write_by_hand();
  assert_int_equal(file.calls, 3); /* the second datagram was not offered */
}

static void test_end(void **state) {
  (void)state;
  assert_int_equal(sim_trace_begin(&trace, NULL, NULL), 0);
  sim_trace_datagram(&trace, &(struct sim_trace_datagram){0});
  write_by_hand();
  sim_trace_end(&trace);
  sim_trace_datagram(&trace, &(struct sim_trace_datagram){0});
  assert_int_equal(file.calls, 4);
  set_up(NULL);
  file.end = true;
  assert_int_equal(sim_trace_begin(&trace, on_write, &file), DGRAM_EIO);
  assert_int_equal(file.calls, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_bytes, set_up),
      cmocka_unit_test_setup(test_same_in_other_clothes, set_up),
      cmocka_unit_test_setup(test_checksum_zero, set_up),
      cmocka_unit_test_setup(test_fates, set_up),
      cmocka_unit_test_setup(test_largest, set_up),
      cmocka_unit_test_setup(test_refused, set_up),
      cmocka_unit_test_setup(test_end, set_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
