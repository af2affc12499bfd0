#include "unit.h"

#include <stdio.h>

#include "dgram.h"

static void names(void **state) {
  static const struct {
    const char *name;
    int value;
  } cases[] = {
      {"df", 0},    {"be", 0},    {"le", 1},    {"va", 44},   {"ef", 46},
      {"EF", 46},   {"Va", 44},   {"af11", 10}, {"af12", 12}, {"af13", 14},
      {"af21", 18}, {"af22", 20}, {"af23", 22}, {"af31", 26}, {"af32", 28},
      {"af33", 30}, {"af41", 34}, {"aF42", 36}, {"AF43", 38},
  };

  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    assert_int_equal(dgram_dscp(cases[i].name), cases[i].value);
}

/* RFC 2474 4.2.2: the precedence of old in the upper three bits, and RFC 2597 6: class and drop
 * precedence. */
static void names_by_rule(void **state) {
  char name[32];

  (void)state;
  for (int i = 0; i < 8; i++) {
    snprintf(name, sizeof name, "cs%d", i);
    assert_int_equal(dgram_dscp(name), 8 * i);
  }
  for (int class = 1; class <= 4; class ++) {
    for (int drop = 1; drop <= 3; drop++) {
      snprintf(name, sizeof name, "af%d%d", class, drop);
      assert_int_equal(dgram_dscp(name), 8 * class + 2 * drop);
    }
  }
}

static void numbers(void **state) {
  char name[32];

  (void)state;
  for (int i = 0; i < 200; i++) {
    snprintf(name, sizeof name, "%d", i);
    assert_int_equal(dgram_dscp(name), i < 64 ? i : DGRAM_EINVAL);
  }
}

static void no_names(void **state) {
  static const char *const texts[] = {"",   "e",   "eff",  "af",  "af4", "af44", "af51", "af10",
                                      "cs", "cs8", "cs01", "-1",  "+1",  " 1",   "1 ",   "00",
                                      "01", "1x",  "0x1",  "1.0", "ef ", " ef",  "af411"};

  (void)state;
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
    assert_int_equal(dgram_dscp(texts[i]), DGRAM_EINVAL);
  assert_int_equal(dgram_dscp(NULL), DGRAM_EARGTYPE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names),
      cmocka_unit_test(names_by_rule),
      cmocka_unit_test(numbers),
      cmocka_unit_test(no_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
