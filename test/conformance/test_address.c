/* Addresses as values: reading, writing, comparing. The same on every stack. */

#include "harness.h"

/* api:address */
static void test_read_and_written(void **state) {
  static const struct {
    const char *text;
    const char *written;
    int family;
  } cases[] = {
      {"127.0.0.1", "127.0.0.1", DGRAM_IPV4},
      {"0.0.0.0", "0.0.0.0", DGRAM_IPV4},
      {"255.255.255.255", "255.255.255.255", DGRAM_IPV4},
      {"::", "::", DGRAM_IPV6},
      {"::1", "::1", DGRAM_IPV6},
      {"2001:DB8:0:0:0:0:0:1", "2001:db8::1", DGRAM_IPV6},
      {"2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1", DGRAM_IPV6},
      {"::ffff:192.0.2.1", "::ffff:192.0.2.1", DGRAM_IPV6},
      {"fe80::1%3", "fe80::1%3", DGRAM_IPV6},
      {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       DGRAM_IPV6},
  };
  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char text[DGRAM_ADDRESS_TEXT];
    dgram_address address;
    h_assert_ok(dgram_address_parse(cases[i].text, 4321, &address));
    assert_int_equal(address.family, cases[i].family);
    assert_int_equal(address.port, 4321);
    assert_int_equal(dgram_address_format(&address, text, sizeof(text)), strlen(cases[i].written));
    assert_string_equal(text, cases[i].written);
  }
}

/* api:address */
static void test_what_is_no_literal(void **state) {
  static const char *const texts[] = {
      "",
      "1",
      "1.2.3",
      "1.2.3.4.5",
      "256.1.1.1",
      "1.2.3.4 ",
      " 1.2.3.4",
      "01.2.3.4",
      "1.2.3.x",
      "localhost",
      ":",
      ":::",
      "1::2::3",
      "12345::",
      "::1%",
      "1:2:3:4:5:6:7",
      "::g",
      "::1.2.3",
      "0x7f.1",
      "::ffff:1.2.3.256",
      "1:2:3:4:5:6:7:8:9",
      "fe80::1%no-such",
      "127.0.0.1%1",
  };
  (void)state;
  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
    dgram_address address = {.port = 7};
    int code = dgram_address_parse(texts[i], 1, &address);
    if (code != DGRAM_EINVAL) fail_msg("'%s': %s", texts[i], dgram_error_name(code));
    assert_int_equal(address.port, 7); /* untouched */
  }
}

/* api:address input:port input:null */
static void test_bad_arguments(void **state) {
  dgram_address address = {0}, ipv4;
  char text[DGRAM_ADDRESS_TEXT];
  (void)state;
  h_assert_code(DGRAM_EBADPORT, dgram_address_parse("127.0.0.1", -1, &address));
  h_assert_code(DGRAM_EBADPORT, dgram_address_parse("127.0.0.1", 65536, &address));
  h_assert_code(DGRAM_EARGTYPE, dgram_address_parse(NULL, 1, &address));
  h_assert_code(DGRAM_EARGTYPE, dgram_address_parse("127.0.0.1", 1, NULL));
  h_assert_code(DGRAM_EAFNOSUPPORT, dgram_address_format(&address, text, sizeof(text)));
  h_assert_ok(dgram_address_parse("127.0.0.1", 0, &ipv4));
  h_assert_ok(dgram_address_parse("127.0.0.1", 65535, &ipv4));
  h_assert_code(DGRAM_ENOSPC, dgram_address_format(&ipv4, text, 9));
  assert_int_equal(dgram_address_format(&ipv4, text, 10), 9);
  h_assert_code(DGRAM_EARGTYPE, dgram_address_format(NULL, text, sizeof(text)));
  h_assert_code(DGRAM_EARGTYPE, dgram_address_format(&ipv4, NULL, sizeof(text)));
}

/* api:address */
static void test_compared(void **state) {
  dgram_address a = h_literal("127.0.0.1", 1), same = h_literal("127.0.0.1", 1);
  dgram_address port = h_literal("127.0.0.1", 2), bytes = h_literal("127.0.0.2", 1);
  dgram_address scope = h_literal("fe80::1%3", 1), other = h_literal("fe80::1%4", 1);
  (void)state;
  assert_true(dgram_address_equal(&a, &same));
  assert_false(dgram_address_equal(&a, &port));
  assert_false(dgram_address_equal(&a, &bytes));
  assert_false(dgram_address_equal(&scope, &other));
  assert_int_equal(sizeof(dgram_address), 24);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      H_TEST(test_read_and_written),
      H_TEST(test_what_is_no_literal),
      H_TEST(test_bad_arguments),
      H_TEST(test_compared),
  };
  return H_MAIN(tests);
}
