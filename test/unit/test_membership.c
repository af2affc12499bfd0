#include "fake.h"

#include "core/socket.h"

/* The fake's interfaces: 1 "one" with 192.0.2.1, 2001:db8::1 and 192.0.2.17, 2 "two" with
 * 192.0.2.2. */

static struct fake fake;
static dgram_socket *ipv4;
static dgram_socket *ipv6;

static int set_up(void **state) {
  dgram_socket_options options = {.type = DGRAM_UDP4};

  (void)state;
  fake_init(&fake);
  assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &ipv4), 0);
  options.type = DGRAM_UDP6;
  assert_int_equal(dgram_create_socket(fake_stack(&fake), &options, &ipv6), 0);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  fake_end(&fake);
  return 0;
}

static int join(dgram_socket *socket, const char *ifname) {
  fake.last_interface = -2;
  return dgram_add_membership(socket, socket == ipv4 ? "239.1.2.3" : "ff02::1234", ifname);
}

static void without_an_interface_the_system_chooses(void **state) {
  (void)state;
  assert_int_equal(join(ipv4, NULL), 0);
  assert_int_equal(fake.last_interface, -1);
  assert_int_equal(join(ipv4, ""), 0);
  assert_int_equal(fake.last_interface, -1);
  assert_int_equal(join(ipv4, "0.0.0.0"), 0);
  assert_int_equal(fake.last_interface, -1);
  assert_int_equal(join(ipv6, "::"), 0);
  assert_int_equal(fake.last_interface, -1);
}

static void an_interface_by_name_index_or_address(void **state) {
  static const struct {
    const char *ifname;
    int index;
  } cases[] = {{"one", 1},       {"two", 2},          {"1", 1},           {"2", 2},
               {"192.0.2.1", 1}, {"192.0.2.2", 2},    {"2001:db8::1", 1}, {"::%two", 2},
               {"::%1", 1},      {"2001:db8::1%1", 1}};

  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    assert_int_equal(join(ipv4, cases[i].ifname), 0);
    assert_int_equal(fake.last_interface, cases[i].index);
    assert_int_equal(join(ipv6, cases[i].ifname), 0);
    assert_int_equal(fake.last_interface, cases[i].index);
  }
}

/* Whatever it was named by, a stack gets an address of the group's family, where there is one. */
static void an_interface_with_its_address(void **state) {
  dgram_address expected;

  (void)state;
  assert_int_equal(join(ipv6, "192.0.2.17"), 0);
  assert_int_equal(dgram_address_parse("2001:db8::1", 0, &expected), 0);
  assert_true(dgram_address_equal(&fake.last_interface_address, &expected));
  assert_int_equal(join(ipv4, "two"), 0);
  assert_int_equal(dgram_address_parse("192.0.2.2", 0, &expected), 0);
  assert_true(dgram_address_equal(&fake.last_interface_address, &expected));
}

static void an_unknown_interface(void **state) {
  static const char *const names[] = {"three",       "3",           "0",        "-1",
                                      "192.0.2.3",   "2001:db8::9", "::%three", "2001:db8::1%2",
                                      "99999999999", "4294967297",  "1x",       "1:",
                                      "19",          "/",           "one ",     "255.255.255.256"};

  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    assert_int_equal(join(ipv4, names[i]), DGRAM_ENODEV);
    assert_int_equal(fake.last_interface, -2);
  }
}

/* What the system knows of it, the system shall say. */
static void a_group_is_left_on_an_interface_that_is_gone(void **state) {
  (void)state;
  assert_int_equal(join(ipv4, "1"), 0);
  assert_int_equal(dgram_drop_membership(ipv4, "239.1.2.3", "3"), 0);
  assert_int_equal(fake.last_interface, 3);
  assert_int_equal(dgram_drop_membership(ipv4, "239.1.2.3", "three"), DGRAM_ENODEV);
  assert_int_equal(dgram_drop_membership(ipv4, "239.1.2.3", "0"), DGRAM_ENODEV);
}

static void the_groups_scope_names_the_interface(void **state) {
  (void)state;
  assert_int_equal(dgram_add_membership(ipv6, "ff02::1%two", NULL), 0);
  assert_int_equal(fake.last_interface, 2);
  assert_int_equal(dgram_add_membership(ipv6, "ff02::1%1", NULL), 0);
  assert_int_equal(fake.last_interface, 1);
  assert_int_equal(dgram_add_membership(ipv6, "ff02::1%three", NULL), DGRAM_ENODEV);
}

/* Each interface once, however many addresses it has. */
static void a_star_is_each_that_can(void **state) {
  (void)state;
  assert_int_equal(join(ipv4, "*"), 0);
  assert_int_equal(fake.joined, 2);
  fake.membership_code = DGRAM_EADDRINUSE;
  for (fake.membership_failing = 1; fake.membership_failing <= 2; fake.membership_failing++)
    assert_int_equal(join(ipv4, "*"), 0); /* one is enough */
  assert_int_equal(fake.joined, 4);
  fake.membership_failing = 0;
  assert_int_equal(join(ipv4, "*"), DGRAM_EADDRINUSE);
  assert_int_equal(join(ipv6, "*"), DGRAM_EADDRINUSE);
  fake.membership_code = 0;
  assert_int_equal(dgram_drop_membership(ipv4, "239.1.2.3", "*"), 0);
  assert_int_equal(fake.left, 2);
}

static void bad_groups_are_refused_before_a_bind(void **state) {
  static const char *const groups[] = {"192.0.2.1", "255.255.255.255", "ff02::1", "name.test",
                                       "",          "239.1.2",         "::1",     "a:b"};

  (void)state;
  assert_int_equal(dgram_add_membership(ipv4, NULL, NULL), DGRAM_EMISSINGARGS);
  for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
    assert_int_equal(dgram_add_membership(ipv4, groups[i], NULL), DGRAM_EINVAL);
  assert_int_equal(dgram_add_membership(ipv6, "239.1.2.3", NULL), DGRAM_EINVAL);
  assert_false(fake_endpoint_of(ipv4)->bound);
  assert_int_equal(fake.lookup_count, 0);
}

static void join_binds_and_leave_does_not(void **state) {
  (void)state;
  assert_int_equal(dgram_drop_membership(ipv4, "239.1.2.3", NULL), DGRAM_EBADF);
  assert_false(fake_endpoint_of(ipv4)->bound);
  assert_int_equal(join(ipv4, NULL), 0);
  assert_true(fake_endpoint_of(ipv4)->bound);
  assert_int_equal(dgram_bind(ipv4, NULL, NULL, NULL), DGRAM_EALREADYBOUND);
  assert_int_equal(dgram_drop_membership(ipv4, "239.1.2.3", NULL), 0);
  assert_int_equal(fake.left, 1);
}

/* The bind that it makes holds the program until `listening` is told, and no longer. */
static void join_holds_no_unreffed_socket(void **state) {
  (void)state;
  dgram_unref(ipv4);
  assert_int_equal(join(ipv4, NULL), 0);
  assert_true(fake.alive);
  fake_settle(&fake);
  assert_false(fake.alive);
}

static void while_binding_it_is_refused(void **state) {
  const dgram_bind_options options = {.address = "name.test"};

  (void)state;
  assert_int_equal(dgram_bind(ipv4, &options, NULL, NULL), 0);
  assert_int_equal(join(ipv4, NULL), DGRAM_EBADF);
  assert_int_equal(dgram_drop_membership(ipv4, "239.1.2.3", NULL), DGRAM_EBADF);
}

static void failures_are_answered(void **state) {
  (void)state;
  fake.membership_code = DGRAM_EADDRINUSE;
  assert_int_equal(join(ipv4, "one"), DGRAM_EADDRINUSE);
  fake.interfaces_code = DGRAM_EMFILE;
  assert_int_equal(join(ipv4, "one"), DGRAM_EMFILE);
  fake.interfaces_count_only = true;
  assert_int_equal(join(ipv4, "one"), DGRAM_EMFILE);
  fake.interfaces_code = 0;
  fake.membership_code = 0;
  fake.unit.fail_once = fake.unit.asked + 1;
  assert_int_equal(join(ipv4, "one"), DGRAM_ENOMEM);
  fake.bind_code = DGRAM_EMFILE;
  assert_int_equal(join(ipv6, "one"), DGRAM_EMFILE);
  assert_int_equal(dgram_add_membership(NULL, "239.1.2.3", NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_close(ipv4, NULL, NULL), 0);
  assert_int_equal(join(ipv4, "one"), DGRAM_ENOTRUNNING);
  assert_int_equal(dgram_drop_membership(ipv4, "239.1.2.3", "one"), DGRAM_ENOTRUNNING);
}

#define MEMBERSHIP_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      MEMBERSHIP_TEST(without_an_interface_the_system_chooses),
      MEMBERSHIP_TEST(an_interface_by_name_index_or_address),
      MEMBERSHIP_TEST(an_interface_with_its_address),
      MEMBERSHIP_TEST(an_unknown_interface),
      MEMBERSHIP_TEST(a_group_is_left_on_an_interface_that_is_gone),
      MEMBERSHIP_TEST(the_groups_scope_names_the_interface),
      MEMBERSHIP_TEST(a_star_is_each_that_can),
      MEMBERSHIP_TEST(bad_groups_are_refused_before_a_bind),
      MEMBERSHIP_TEST(join_binds_and_leave_does_not),
      MEMBERSHIP_TEST(join_holds_no_unreffed_socket),
      MEMBERSHIP_TEST(while_binding_it_is_refused),
      MEMBERSHIP_TEST(failures_are_answered),
  };
  return cmocka_run_group_tests_name("membership", tests, NULL, NULL);
}
