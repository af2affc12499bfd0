#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "core/address.h"

/* The judge of what is a literal is inet_pton of the C library, which knows no scopes; of how it is
 * written inet_ntop, but for addresses like ::1.2.3.4, which RFC 5952 does not mix. */

enum { TEXT_MAX = 128, RANDOM_TEXTS = 200000 };

static struct unit_random dice;

static dgram_address parsed(const char *text) {
  dgram_address address;

  assert_int_equal(dgram_address_parse(text, 0, &address), 0);
  return address;
}

static void assert_format(const dgram_address *address, const char *expected) {
  char text[DGRAM_ADDRESS_TEXT];

  assert_int_equal(dgram_address_format(address, text, sizeof text), strlen(expected));
  assert_string_equal(text, expected);
}

/* text as dgram_address_parse reads it is written as expected. */
static void assert_rewritten(const char *text, const char *expected) {
  const dgram_address address = parsed(text);

  assert_format(&address, expected);
}

/* Reads a text with inet_pton: true, and the address, where it is a literal. */
static bool judge(const char *text, dgram_address *ret_address) {
  dgram_address address = {0};

  if (inet_pton(AF_INET, text, address.bytes) == 1) {
    address.family = DGRAM_IPV4;
  } else if (inet_pton(AF_INET6, text, address.bytes) == 1) {
    address.family = DGRAM_IPV6;
  } else {
    return false;
  }
  *ret_address = address;
  return true;
}

/* Both readings of a text agree. Returns whether it is a literal. */
static bool compare_reading(const char *text) {
  dgram_address ours;
  dgram_address theirs;
  const int result = dgram_address_parse(text, 7, &ours);
  const bool expected = judge(text, &theirs);

  if ((result == 0) != expected) fail_msg("\"%s\": %d, inet_pton says %d", text, result, expected);
  if (!expected) {
    assert_int_equal(result, DGRAM_EINVAL);
    return false;
  }
  theirs.port = 7;
  if (!dgram_address_equal(&ours, &theirs)) fail_msg("\"%s\" is read differently", text);
  assert_int_equal(ours.reserved, 0);
  return true;
}

/* ::a.b.c.d with a or b, which inet_ntop writes so and RFC 5952 in hexadecimal. */
static bool is_ipv4_compatible(const dgram_address *address) {
  static const uint8_t zeros[12];

  return address->family == DGRAM_IPV6 && memcmp(address->bytes, zeros, sizeof zeros) == 0 &&
         (address->bytes[12] != 0 || address->bytes[13] != 0);
}

/* Both write an address alike, and what is written is read as the same. */
static void compare_writing(const dgram_address *address) {
  char ours[DGRAM_ADDRESS_TEXT];
  char theirs[TEXT_MAX];
  dgram_address again;
  const int family = address->family == DGRAM_IPV4 ? AF_INET : AF_INET6;
  const int length = dgram_address_format(address, ours, sizeof ours);

  assert_int_equal(length, strlen(ours));
  assert_int_equal(dgram_address_parse(ours, address->port, &again), 0);
  assert_true(dgram_address_equal(address, &again));

  assert_non_null(inet_ntop(family, address->bytes, theirs, sizeof theirs));
  if (is_ipv4_compatible(address)) return;
  ours[strcspn(ours, "%")] = '\0';
  assert_string_equal(ours, theirs);
}

/* ---- reading ---- */

static const char *const literals[] = {"0.0.0.0",
                                       "127.0.0.1",
                                       "255.255.255.255",
                                       "1.2.3.4",
                                       "10.0.200.9",
                                       "192.0.2.1",
                                       "::",
                                       "::1",
                                       "1::",
                                       "1::8",
                                       "::8",
                                       "1:2:3:4:5:6:7:8",
                                       "1:2:3:4:5:6:7::",
                                       "::2:3:4:5:6:7:8",
                                       "1::3:4:5:6:7:8",
                                       "1:2:3::7:8",
                                       "2001:db8::1",
                                       "2001:0db8:0000:0000:0000:0000:0000:0001",
                                       "2001:DB8::aBcD",
                                       "fe80::1",
                                       "ff02::1",
                                       "::ffff:192.0.2.1",
                                       "::192.0.2.1",
                                       "1:2:3:4:5:6:1.2.3.4",
                                       "1::1.2.3.4",
                                       "1:2:3:4:5::1.2.3.4",
                                       "64:ff9b::192.0.2.33",
                                       "::0",
                                       "0::",
                                       "0::0",
                                       "0:0:0:0:0:0:0:0",
                                       "::1:2:3:4:5:6:7",
                                       "0000::0000",
                                       "::f:1",
                                       "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"};

static const char *const no_literals[] = {"",
                                          " ",
                                          ".",
                                          ":",
                                          "%",
                                          "0",
                                          "1",
                                          "1.2",
                                          "1.2.3",
                                          "1.2.3.",
                                          "1.2.3.4.",
                                          "1.2.3.4.5",
                                          ".1.2.3.4",
                                          "1..3.4",
                                          "1.2.3.256",
                                          "256.1.1.1",
                                          "1.2.3.1000",
                                          "1.2.3.4294967297",
                                          "01.2.3.4",
                                          "1.2.3.04",
                                          "1.2.3.00",
                                          "1.2.3.4 ",
                                          " 1.2.3.4",
                                          "1.2.3.4\n",
                                          "+1.2.3.4",
                                          "-1.2.3.4",
                                          "1.2.3.-4",
                                          "0x1.2.3.4",
                                          "1.2.3.a",
                                          "1.2.3.4:80",
                                          "1.2.3.4/8",
                                          "1.2.3.4x",
                                          ":::",
                                          "::::",
                                          ":1",
                                          "1:",
                                          ":1:2:3:4:5:6:7:8",
                                          "1:2:3:4:5:6:7",
                                          "1:2:3:4:5:6:7:8:",
                                          "1:2:3:4:5:6:7:8:9",
                                          "1:2:3:4:5:6:7:8::",
                                          "::1:2:3:4:5:6:7:8",
                                          "1::2::3",
                                          "1:::2",
                                          "::1::",
                                          "12345::",
                                          "00000::",
                                          "::12345",
                                          "g::",
                                          "::g",
                                          "::1 ",
                                          " ::1",
                                          "::-1",
                                          "::+1",
                                          "::0x1",
                                          "[::1]",
                                          "[::1]:80",
                                          "::1/64",
                                          "::1.2.3",
                                          "::1.2.3.4.5",
                                          "::1.2.3.256",
                                          "::1.2.3.4:1",
                                          "::1.2.3.04",
                                          "1.2.3.4::",
                                          "1:2:3:4:5:6:7:1.2.3.4",
                                          "1:2:3:4:5:6:7:8:1.2.3.4",
                                          "1:2:3:4:5:1.2.3.4",
                                          "1:2:3:4:5:6::1.2.3.4",
                                          "::a.2.3.4",
                                          "::1.a.3.4",
                                          "localhost",
                                          "dead.beef",
                                          "fe80",
                                          "::ffff:1.2.3.4 ",
                                          "\xff",
                                          "1.2.3.\xb9",
                                          "::\xe9",
                                          "1,2,3,4",
                                          "1:2:3:4:5:6:7:g",
                                          "::1:",
                                          "::1.2.3.4."};

static void literals_are_read_as_inet_pton_reads_them(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof literals / sizeof literals[0]; i++) {
    if (!compare_reading(literals[i])) fail_msg("\"%s\" is a literal", literals[i]);
  }
}

static void others_are_refused(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof no_literals / sizeof no_literals[0]; i++) {
    if (compare_reading(no_literals[i])) fail_msg("\"%s\" is no literal", no_literals[i]);
  }
}

static void bytes_are_in_network_order(void **state) {
  static const uint8_t ipv4[16] = {192, 0, 2, 1};
  static const uint8_t ipv6[16] = {0x20, 0x01, 0x0d, 0xb8, [14] = 0x12, [15] = 0x34};
  dgram_address address = parsed("192.0.2.1");

  (void)state;
  assert_int_equal(address.family, DGRAM_IPV4);
  assert_memory_equal(address.bytes, ipv4, 16);
  address = parsed("2001:db8::1234");
  assert_int_equal(address.family, DGRAM_IPV6);
  assert_memory_equal(address.bytes, ipv6, 16);
}

static void port_is_taken_and_checked(void **state) {
  static const int bad[] = {-1, 65536, INT32_MIN, INT32_MAX, 65536 + 80};
  dgram_address address;

  (void)state;
  assert_int_equal(dgram_address_parse("::1", 0, &address), 0);
  assert_int_equal(address.port, 0);
  assert_int_equal(dgram_address_parse("::1", 65535, &address), 0);
  assert_int_equal(address.port, 65535);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_int_equal(dgram_address_parse("::1", bad[i], &address), DGRAM_EBADPORT);
}

static void failures_leave_the_result_alone(void **state) {
  dgram_address address;
  dgram_address before;
  char zone[DGRAM__INTERFACE_NAME_MAX];

  (void)state;
  memset(&address, 0x5a, sizeof address);
  memset(zone, 0x5a, sizeof zone);
  before = address;
  assert_int_equal(dgram_address_parse("1.2.3.4", 65536, &address), DGRAM_EBADPORT);
  assert_int_equal(dgram_address_parse("fe80::1%eth0", 1, &address), DGRAM_EINVAL);
  for (size_t i = 0; i < sizeof no_literals / sizeof no_literals[0]; i++) {
    assert_int_equal(dgram_address_parse(no_literals[i], 1, &address), DGRAM_EINVAL);
    assert_int_equal(dgram__address_read(no_literals[i], &address, zone), DGRAM_EINVAL);
  }
  assert_memory_equal(&address, &before, sizeof address);
  for (size_t i = 0; i < sizeof zone; i++)
    assert_int_equal(zone[i], 0x5a);
}

static void null_pointers_are_refused(void **state) {
  dgram_address address = parsed("::1");
  char text[DGRAM_ADDRESS_TEXT];

  (void)state;
  assert_int_equal(dgram_address_parse(NULL, 1, &address), DGRAM_EARGTYPE);
  assert_int_equal(dgram_address_parse("::1", 1, NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_address_format(NULL, text, sizeof text), DGRAM_EARGTYPE);
  assert_int_equal(dgram_address_format(&address, NULL, 64), DGRAM_EARGTYPE);
  assert_false(dgram_address_equal(NULL, &address));
  assert_false(dgram_address_equal(&address, NULL));
}

/* ---- scopes ---- */

static void scopes_that_are_numbers(void **state) {
  static const struct {
    const char *text;
    uint32_t scope_id;
  } cases[] = {{"fe80::1%3", 3},
               {"fe80::1%0", 0},
               {"fe80::1%007", 7},
               {"fe80::1%4294967295", UINT32_MAX},
               {"::%1", 1},
               {"ff02::1%12", 12},
               {"::ffff:1.2.3.4%5", 5},
               {"1:2:3:4:5:6:7:8%9", 9}};
  char zone[DGRAM__INTERFACE_NAME_MAX];

  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    dgram_address address = parsed(cases[i].text);
    assert_int_equal(address.scope_id, cases[i].scope_id);
    assert_int_equal(dgram__address_read(cases[i].text, &address, zone), 0);
    assert_int_equal(address.scope_id, cases[i].scope_id);
    assert_string_equal(zone, "");
  }
}

static void scopes_that_are_names(void **state) {
  static const char *const names[] = {
      "eth0", "lo", "a",  "3a",          "br-12.7",        "abcdefghijklmno",
      "-1",   "+1", "1x", "\xc3\xa9th0", "12345678901234a"};
  char text[TEXT_MAX];
  char zone[DGRAM__INTERFACE_NAME_MAX];

  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    dgram_address address;
    snprintf(text, sizeof text, "fe80::1%%%s", names[i]);
    assert_int_equal(dgram_address_parse(text, 1, &address), DGRAM_EINVAL);
    assert_int_equal(dgram__address_read(text, &address, zone), 0);
    assert_string_equal(zone, names[i]);
    assert_int_equal(address.scope_id, 0);
    assert_int_equal(address.port, 0);
    assert_format(&address, "fe80::1");
  }
}

static void scopes_that_nothing_can_have(void **state) {
  static const char *const texts[] = {
      "fe80::1%4294967296", "fe80::1%99999999999999999999", "fe80::1%abcdefghijklmnop",
      "fe80::1%aninterfacewithanamethatislongerthananyotherofthewholeworldbyfar"};

  (void)state;
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    dgram_address address;
    char zone[DGRAM__INTERFACE_NAME_MAX];
    assert_int_equal(dgram__address_read(texts[i], &address, zone), DGRAM_ENODEV);
    assert_int_equal(dgram_address_parse(texts[i], 1, &address), DGRAM_EINVAL);
  }
}

static void scopes_that_are_neither(void **state) {
  static const char *const texts[] = {"fe80::1%",
                                      "fe80::1%%",
                                      "fe80::1%eth0%1",
                                      "fe80::1%1%",
                                      "fe80::1%eth0/64",
                                      "fe80::1%1/64",
                                      "fe80::1%eth 0",
                                      "fe80::1% 1",
                                      "fe80::1%1 ",
                                      "fe80::1%eth0:1",
                                      "fe80::1%1\n",
                                      "fe80::1%\x7f",
                                      "fe80::1%\t",
                                      "1.2.3.4%1",
                                      "1.2.3.4%eth0",
                                      "1.2.3.4%",
                                      "%1",
                                      "%eth0",
                                      "fe80:%1",
                                      ":%1",
                                      "fe80%1",
                                      "1:2:3:4:5:6:7%1",
                                      "::g%1",
                                      "::1.2.3%1",
                                      "::1.2.3.4.5%1"};

  (void)state;
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    dgram_address address;
    char zone[DGRAM__INTERFACE_NAME_MAX];
    if (dgram__address_read(texts[i], &address, zone) != DGRAM_EINVAL)
      fail_msg("\"%s\" was read", texts[i]);
    assert_int_equal(dgram_address_parse(texts[i], 1, &address), DGRAM_EINVAL);
  }
}

static void a_scope_is_written_where_there_is_one(void **state) {
  dgram_address address = parsed("127.0.0.1");

  (void)state;
  assert_rewritten("fe80::1%3", "fe80::1%3");
  assert_rewritten("fe80::1%0", "fe80::1");
  assert_rewritten("::ffff:1.2.3.4%4294967295", "::ffff:1.2.3.4%4294967295");
  assert_rewritten("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295",
                   "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295");
  address.scope_id = 3; /* IPv4 has no scopes */
  assert_format(&address, "127.0.0.1");
}

/* ---- writing ---- */

/* RFC 5952, 4 and 5. */
static void ipv6_is_written_as_rfc_5952_says(void **state) {
  (void)state;
  assert_rewritten("2001:0db8::0001", "2001:db8::1");                                 /* 4.1 */
  assert_rewritten("2001:db8:0:0:0:0:2:1", "2001:db8::2:1");                          /* 4.2.1 */
  assert_rewritten("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1");                   /* 4.2.2 */
  assert_rewritten("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1");                    /* 4.2.2 */
  assert_rewritten("2001:0:0:1:0:0:0:1", "2001:0:0:1::1");                            /* 4.2.3 */
  assert_rewritten("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1");                      /* 4.2.3 */
  assert_rewritten("2001:DB8::AAAA:BBBB:CCCC:DDDD", "2001:db8::aaaa:bbbb:cccc:dddd"); /* 4.3 */
  assert_rewritten("::ffff:c000:201", "::ffff:192.0.2.1");                            /* 5 */
  assert_rewritten("0:0:0:0:0:0:0:0", "::");
  assert_rewritten("0:0:0:0:0:0:0:1", "::1");
  assert_rewritten("1:0:0:0:0:0:0:0", "1::");
  assert_rewritten("0:0:1:0:0:0:0:0", "0:0:1::");
  assert_rewritten("0:1:0:1:0:1:0:1", "0:1:0:1:0:1:0:1");
  assert_rewritten("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::");
  assert_rewritten("::ffff:0:0", "::ffff:0.0.0.0");
  assert_rewritten("::fffe:1.2.3.4", "::fffe:102:304");
  assert_rewritten("::1.2.3.4", "::102:304");
  assert_rewritten("1::ffff:1.2.3.4", "1::ffff:102:304");
}

static void ipv4_is_written_in_dots(void **state) {
  (void)state;
  assert_rewritten("0.0.0.0", "0.0.0.0");
  assert_rewritten("255.255.255.255", "255.255.255.255");
  assert_rewritten("10.0.200.9", "10.0.200.9");
}

static void what_does_not_fit_is_refused(void **state) {
  static const char *const texts[] = {"1.2.3.4", "::", "fe80::1%12", "::ffff:1.2.3.4"};

  (void)state;
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    const dgram_address address = parsed(texts[i]);
    const size_t length = strlen(texts[i]);
    char text[DGRAM_ADDRESS_TEXT];
    for (size_t size = 0; size <= length; size++) {
      memset(text, 'x', sizeof text);
      assert_int_equal(dgram_address_format(&address, text, size), DGRAM_ENOSPC);
      for (size_t j = 0; j < sizeof text; j++)
        assert_int_equal(text[j], 'x');
    }
    assert_int_equal(dgram_address_format(&address, text, length + 1), length);
    assert_string_equal(text, texts[i]);
    assert_int_equal(text[length + 1], 'x');
  }
}

static void other_families_are_not_written(void **state) {
  static const uint8_t families[] = {0, DGRAM_UNIX, 2, 10, 255};
  char text[DGRAM_ADDRESS_TEXT] = "x";

  (void)state;
  for (size_t i = 0; i < sizeof families; i++) {
    const dgram_address address = {.family = families[i]};
    assert_int_equal(dgram_address_format(&address, text, sizeof text), DGRAM_EAFNOSUPPORT);
  }
  assert_string_equal(text, "x");
}

/* ---- values ---- */

static void equal_means_every_field(void **state) {
  const dgram_address address = parsed("fe80::1%3");
  dgram_address other = address;

  (void)state;
  assert_true(dgram_address_equal(&address, &address));
  assert_true(dgram_address_equal(&address, &other));
  other.port = 1;
  assert_false(dgram_address_equal(&address, &other));
  other = address;
  other.scope_id = 4;
  assert_false(dgram_address_equal(&address, &other));
  other = address;
  other.family = DGRAM_IPV4;
  assert_false(dgram_address_equal(&address, &other));
  for (size_t i = 0; i < sizeof other.bytes; i++) {
    other = address;
    other.bytes[i] ^= 1;
    assert_false(dgram_address_equal(&address, &other));
  }
}

static void multicast(void **state) {
  static const char *const groups[] = {"224.0.0.0", "224.0.0.1", "239.255.255.255",
                                       "ff02::1",   "ff00::",    "ffff::"};
  static const char *const others[] = {"223.255.255.255", "240.0.0.0", "255.255.255.255",
                                       "0.0.0.0",         "::",        "fe80::1",
                                       "feff::1",         "::ff00",    "::ffff:224.0.0.1"};
  dgram_address nothing = {0};

  (void)state;
  for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
    const dgram_address address = parsed(groups[i]);
    assert_true(dgram__address_is_multicast(&address));
  }
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    const dgram_address address = parsed(others[i]);
    assert_false(dgram__address_is_multicast(&address));
  }
  nothing.bytes[0] = 0xff;
  assert_false(dgram__address_is_multicast(&nothing));
}

static void families_of_types(void **state) {
  (void)state;
  assert_int_equal(dgram__address_family_of(DGRAM_UDP4), DGRAM_IPV4);
  assert_int_equal(dgram__address_family_of(DGRAM_UDP6), DGRAM_IPV6);
}

static void any_and_loopback(void **state) {
  static const struct {
    int family;
    const char *any;
    const char *loopback;
  } cases[] = {{DGRAM_IPV4, "0.0.0.0", "127.0.0.1"}, {DGRAM_IPV6, "::", "::1"}};

  (void)state;
  for (size_t i = 0; i < 2; i++) {
    dgram_address expected;
    dgram_address made = dgram__address_any(cases[i].family, 65535);
    assert_int_equal(dgram_address_parse(cases[i].any, 65535, &expected), 0);
    assert_memory_equal(&made, &expected, sizeof made);
    made = dgram__address_loopback(cases[i].family, 53);
    assert_int_equal(dgram_address_parse(cases[i].loopback, 53, &expected), 0);
    assert_memory_equal(&made, &expected, sizeof made);
  }
}

/* ---- at random ---- */

/* Zeros are frequent, for the sake of "::". */
static dgram_address random_address(void) {
  dgram_address address = {.port = (uint16_t)unit_random_next(&dice)};
  const uint32_t kind = unit_random_below(&dice, 8);
  const uint32_t zeros = unit_random_below(&dice, 8);

  address.family = kind == 0 ? DGRAM_IPV4 : DGRAM_IPV6;
  for (size_t i = 0; i < (kind == 0 ? 4 : 16); i++) {
    if (unit_random_below(&dice, 8) >= zeros) address.bytes[i] = (uint8_t)unit_random_next(&dice);
  }
  if (kind == 1) memcpy(address.bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  if (kind == 2) memset(address.bytes, 0, 12);
  if (kind == 3) address.scope_id = (uint32_t)unit_random_next(&dice);
  return address;
}

static void random_addresses_go_there_and_back(void **state) {
  const int rounds = unit_rounds(RANDOM_TEXTS);

  (void)state;
  unit_random_init(&dice);
  for (int i = 0; i < rounds; i++) {
    const dgram_address address = random_address();
    compare_writing(&address);
  }
}

/* Changes, removes, doubles or adds some characters that matter. No '%', which the judge does not
 * know. */
static void mutate(char *text) {
  static const char letters[] = "0123456789abcdefABCDEF::::....0012xg -+/";

  for (uint32_t count = unit_random_below(&dice, 4); count > 0; count--) {
    const size_t length = strlen(text);
    const size_t at = unit_random_below(&dice, (uint32_t)length + 1);
    const char letter = letters[unit_random_below(&dice, sizeof letters - 1)];
    if (length + 2 > TEXT_MAX) return;
    switch (unit_random_below(&dice, 4)) {
    case 0:
      if (at < length) text[at] = letter;
      break;
    case 1:
      if (at < length) memmove(text + at, text + at + 1, length - at);
      break;
    case 2:
      memmove(text + at + 1, text + at, length - at + 1);
      text[at] = letter;
      break;
    default:
      if (at < length) memmove(text + at + 1, text + at, length - at + 1);
      break;
    }
  }
}

static void random_text(char *text) {
  static const char letters[] = "0123456789abcdef:::....";
  size_t length = unit_random_below(&dice, 24);

  text[length] = '\0';
  while (length > 0)
    text[--length] = letters[unit_random_below(&dice, sizeof letters - 1)];
}

/* A literal in some of its many ways to be written: leading zeros, capitals, no "::", a tail. */
static void random_literal(char *text) {
  const dgram_address address = random_address();
  const bool upper = unit_random_below(&dice, 2) == 0;
  char *at = text;

  if (address.family == DGRAM_IPV4 || unit_random_below(&dice, 2) == 0) {
    const int family = address.family == DGRAM_IPV4 ? AF_INET : AF_INET6;
    assert_non_null(inet_ntop(family, address.bytes, text, TEXT_MAX));
    return;
  }
  for (size_t i = 0; i < 8; i++) {
    const unsigned group = (unsigned)address.bytes[2 * i] << 8 | address.bytes[2 * i + 1];
    const int width = (int)unit_random_below(&dice, 5);
    if (i > 0) *at++ = ':';
    at += sprintf(at, upper ? "%0*X" : "%0*x", width, group);
  }
}

static void random_texts_are_read_as_inet_pton_reads_them(void **state) {
  const int rounds = unit_rounds(RANDOM_TEXTS);
  int read = 0;

  (void)state;
  unit_random_init(&dice);
  for (int i = 0; i < rounds; i++) {
    char text[TEXT_MAX];
    if (unit_random_below(&dice, 4) == 0) {
      random_text(text);
    } else {
      random_literal(text);
      mutate(text);
    }
    read += compare_reading(text);
  }
  printf("%d of %d texts were literals\n", read, rounds);
  /* The test is worth something only where both answers are frequent. */
  assert_in_range(read, rounds / 10, rounds * 9 / 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(literals_are_read_as_inet_pton_reads_them),
      cmocka_unit_test(others_are_refused),
      cmocka_unit_test(bytes_are_in_network_order),
      cmocka_unit_test(port_is_taken_and_checked),
      cmocka_unit_test(failures_leave_the_result_alone),
      cmocka_unit_test(null_pointers_are_refused),
      cmocka_unit_test(scopes_that_are_numbers),
      cmocka_unit_test(scopes_that_are_names),
      cmocka_unit_test(scopes_that_nothing_can_have),
      cmocka_unit_test(scopes_that_are_neither),
      cmocka_unit_test(a_scope_is_written_where_there_is_one),
      cmocka_unit_test(ipv6_is_written_as_rfc_5952_says),
      cmocka_unit_test(ipv4_is_written_in_dots),
      cmocka_unit_test(what_does_not_fit_is_refused),
      cmocka_unit_test(other_families_are_not_written),
      cmocka_unit_test(equal_means_every_field),
      cmocka_unit_test(multicast),
      cmocka_unit_test(families_of_types),
      cmocka_unit_test(any_and_loopback),
      cmocka_unit_test(random_addresses_go_there_and_back),
      cmocka_unit_test(random_texts_are_read_as_inet_pton_reads_them),
  };
  return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
