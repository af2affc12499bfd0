#include "fake.h"

#include <stdio.h>
#include <string.h>

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

static const char *group_of(const dgram_socket *socket) {
  return socket == ipv4 ? "239.1.2.3" : "ff02::1234";
}

static int join(dgram_socket *socket, const char *ifname) {
  fake.last_interface = -2;
  return dgram_add_membership(socket, group_of(socket), ifname);
}

static int leave(dgram_socket *socket, const char *ifname) {
  fake.last_interface = -2;
  return dgram_drop_membership(socket, group_of(socket), ifname);
}

static int join_from(const char *source, const char *ifname) {
  fake.last_interface = -2;
  return dgram_add_source_specific_membership(ipv4, source, group_of(ipv4), ifname);
}

static int leave_from(const char *source, const char *ifname) {
  fake.last_interface = -2;
  return dgram_drop_source_specific_membership(ipv4, source, group_of(ipv4), ifname);
}

static void assert_source(const char *text) {
  dgram_address expected = {0};

  if (text != NULL) assert_int_equal(dgram_address_parse(text, 0, &expected), 0);
  assert_true(dgram_address_equal(&fake.last_source, &expected));
}

static void without_an_interface_the_system_chooses(void **state) {
  static const char *const names[] = {NULL, "", "0.0.0.0", "::"};

  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    assert_int_equal(join(ipv4, names[i]), 0);
    assert_int_equal(fake.last_interface, 0);
    assert_int_equal(leave(ipv4, names[i]), 0);
    assert_int_equal(fake.last_interface, 0);
  }
  assert_int_equal(join(ipv6, "::"), 0);
  assert_int_equal(fake.last_interface, 0);
}

/* What the system would choose is joined by its index, so that another name is known as one. */
static void a_choice_that_is_told_has_an_index(void **state) {
  (void)state;
  fake.group_interface = 2;
  assert_int_equal(join(ipv4, NULL), 0);
  assert_int_equal(fake.last_interface, 2);
  assert_int_equal(join(ipv4, "two"), 0);
  assert_int_equal(fake.last_interface, -2);
  assert_int_equal(join(ipv4, ""), DGRAM_EADDRINUSE);
  fake.group_interface = 1; /* its routes have changed */
  assert_int_equal(leave(ipv4, NULL), 0);
  assert_int_equal(fake.left, 0);
  assert_int_equal(leave(ipv4, NULL), 0); /* of all that is left the newest */
  assert_int_equal(fake.last_interface, 2);
  assert_int_equal(fake.left, 1);
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
    assert_int_equal(leave(ipv4, cases[i].ifname), 0);
    assert_int_equal(join(ipv6, cases[i].ifname), 0);
    assert_int_equal(fake.last_interface, cases[i].index);
    assert_int_equal(leave(ipv6, cases[i].ifname), 0);
  }
}

/* ---- several names ---- */

/* The system is asked once, in joining and in leaving. */
static void another_name_counts(void **state) {
  static const char *const names[] = {"one", "1", "192.0.2.1", "192.0.2.17", "::%one", "*"};
  const size_t count = sizeof names / sizeof names[0];

  (void)state;
  for (size_t i = 0; i < count; i++)
    assert_int_equal(join(ipv4, names[i]), 0);
  assert_int_equal(fake.joined, 2); /* "*" has joined on the other one, too */
  for (size_t i = 0; i < count - 1; i++)
    assert_int_equal(join(ipv4, names[i]), DGRAM_EADDRINUSE);
  for (size_t i = 0; i < count - 1; i++)
    assert_int_equal(leave(ipv4, names[i]), 0);
  assert_int_equal(fake.left, 0);
  assert_int_equal(leave(ipv4, "*"), 0);
  assert_int_equal(fake.left, 2);
}

static void a_name_that_has_not_joined_leaves_the_newest(void **state) {
  (void)state;
  assert_int_equal(join(ipv4, "one"), 0);
  assert_int_equal(join(ipv4, "192.0.2.1"), 0);
  assert_int_equal(join(ipv4, "two"), 0);
  assert_int_equal(leave(ipv4, "1"), 0); /* stands for the address */
  assert_int_equal(fake.left, 0);
  assert_int_equal(join(ipv4, "192.0.2.1"), 0);
  assert_int_equal(leave(ipv4, "192.0.2.1"), 0);
  assert_int_equal(leave(ipv4, "192.0.2.1"), 0); /* stands for the name */
  assert_int_equal(fake.left, 1);
  assert_int_equal(fake.last_interface, 1);
  assert_int_equal(leave(ipv4, NULL), 0);
  assert_int_equal(fake.last_interface, 2);
}

/* Where nothing is known of it, an owner of the descriptor may have joined. */
static void what_is_not_remembered_the_system_answers(void **state) {
  (void)state;
  assert_int_equal(join(ipv4, "one"), 0);
  fake.membership_code = DGRAM_EADDRNOTAVAIL;
  assert_int_equal(leave(ipv4, "two"), DGRAM_EADDRNOTAVAIL);
  assert_int_equal(fake.last_interface, 2);
  assert_int_equal(dgram_drop_membership(ipv4, "239.9.9.9", NULL), DGRAM_EADDRNOTAVAIL);
  assert_int_equal(fake.last_interface, 0);
  fake.membership_code = DGRAM_EADDRINUSE;
  assert_int_equal(join(ipv4, "two"), DGRAM_EADDRINUSE);
  fake.membership_code = 0;
  assert_int_equal(leave(ipv4, "one"), 0);
}

/* A name is remembered while what it has joined could not be left. */
static void a_failure_to_leave_leaves_all_as_it_is(void **state) {
  (void)state;
  assert_int_equal(join(ipv4, "*"), 0);
  fake.membership_code = DGRAM_ENOMEM;
  assert_int_equal(leave(ipv4, "*"), DGRAM_ENOMEM);
  assert_int_equal(leave(ipv4, "one"), DGRAM_ENOMEM);
  fake.membership_code = 0;
  assert_int_equal(leave(ipv4, "*"), 0);
  assert_int_equal(fake.left, 2);
  assert_int_equal(leave(ipv4, "*"), DGRAM_EADDRNOTAVAIL);
  assert_int_equal(join(ipv4, "*"), 0);
  fake.membership_code = DGRAM_EADDRNOTAVAIL; /* the system has left by itself: so be it */
  assert_int_equal(leave(ipv4, "*"), DGRAM_EADDRNOTAVAIL);
  fake.membership_code = 0;
  assert_int_equal(join(ipv4, "*"), 0);
  assert_int_equal(fake.joined, 6);
}

static void names_have_a_limit(void **state) {
  char group[DGRAM_ADDRESS_TEXT];

  (void)state;
  for (int i = 0; i < DGRAM__MEMBERSHIPS_MAX; i++) {
    snprintf(group, sizeof group, "239.1.%d.%d", i / 256, i % 256);
    assert_int_equal(dgram_add_membership(ipv4, group, "one"), 0);
  }
  assert_int_equal(dgram_add_membership(ipv4, "239.2.2.2", "one"), DGRAM_ENOBUFS);
  assert_int_equal(dgram_drop_membership(ipv4, "239.1.0.1", "one"), 0);
  assert_int_equal(dgram_add_membership(ipv4, "239.2.2.2", "one"), 0);
}

/* ---- one source ---- */

static void a_source_is_a_membership_of_its_own(void **state) {
  (void)state;
  assert_int_equal(join_from("192.0.2.50", "one"), 0);
  assert_source("192.0.2.50");
  assert_int_equal(join_from("192.0.2.51", "one"), 0);
  assert_int_equal(join_from("192.0.2.50", "one"), DGRAM_EADDRINUSE);
  assert_int_equal(join_from("192.0.2.50", "1"), 0);
  assert_int_equal(join_from("192.0.2.50", "two"), 0);
  assert_int_equal(fake.joined, 3);
  assert_int_equal(leave_from("192.0.2.50", "one"), 0);
  assert_int_equal(fake.left, 0);
  assert_int_equal(leave_from("192.0.2.50", "1"), 0);
  assert_source("192.0.2.50");
  assert_int_equal(fake.last_interface, 1);
  assert_int_equal(leave_from("192.0.2.51", NULL), 0);
  assert_source("192.0.2.51");
  fake.membership_code = DGRAM_EADDRNOTAVAIL;
  assert_int_equal(leave_from("192.0.2.51", "one"), DGRAM_EADDRNOTAVAIL);
}

/* The system would forget one of the two. */
static void from_all_or_from_certain_ones(void **state) {
  (void)state;
  assert_int_equal(join(ipv4, "one"), 0);
  assert_source(NULL);
  assert_int_equal(join_from("192.0.2.50", "one"), DGRAM_EADDRINUSE);
  assert_int_equal(join_from("192.0.2.50", "two"), 0);
  assert_int_equal(join(ipv4, "two"), DGRAM_EADDRINUSE);
  assert_int_equal(leave(ipv4, "two"), DGRAM_EADDRNOTAVAIL);
  assert_int_equal(leave_from("192.0.2.50", "one"), DGRAM_EADDRNOTAVAIL);
  assert_int_equal(leave_from("192.0.2.51", NULL), DGRAM_EADDRNOTAVAIL);
  assert_int_equal(fake.left, 0);
  assert_int_equal(dgram_add_membership(ipv4, "239.1.2.4", "two"), 0);
  assert_int_equal(leave(ipv4, "one"), 0);
  assert_int_equal(join_from("192.0.2.50", "one"), 0);
}

static void bad_sources_are_refused_before_a_bind(void **state) {
  static const char *const sources[] = {"239.1.2.3", "0.0.0.0", "::1", "name.test", "", "1.2.3"};

  (void)state;
  for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
    assert_int_equal(join_from(sources[i], NULL), DGRAM_EINVAL);
    assert_int_equal(leave_from(sources[i], NULL), DGRAM_EINVAL);
  }
  assert_int_equal(join_from(NULL, NULL), DGRAM_EARGTYPE);
  assert_int_equal(leave_from(NULL, NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_add_source_specific_membership(ipv4, "192.0.2.50", NULL, NULL),
                   DGRAM_EARGTYPE);
  assert_int_equal(dgram_add_source_specific_membership(ipv4, "192.0.2.50", "192.0.2.1", NULL),
                   DGRAM_EINVAL);
  assert_int_equal(leave_from("192.0.2.50", NULL), DGRAM_EBADF);
  assert_false(fake_endpoint_of(ipv4)->bound);
  assert_int_equal(join_from("192.0.2.50", NULL), 0);
  assert_true(fake_endpoint_of(ipv4)->bound);
}

/* ---- where multicast leaves ---- */

static void multicast_leaves_by_an_interface(void **state) {
  (void)state;
  assert_int_equal(dgram_set_multicast_interface(ipv4, "one"), DGRAM_EBADF);
  assert_int_equal(join(ipv4, NULL), 0);
  assert_int_equal(dgram_set_multicast_interface(ipv4, "two"), 0);
  assert_int_equal(fake.last_interface, 2);
  assert_source(NULL);
  assert_int_equal(dgram_set_multicast_interface(ipv4, "192.0.2.17"), 0);
  assert_int_equal(fake.last_interface, 1);
  assert_source("192.0.2.17");
  assert_int_equal(dgram_set_multicast_interface(ipv4, "2001:db8::1"), 0);
  assert_source(NULL);
  assert_int_equal(dgram_set_multicast_interface(ipv4, "0.0.0.0"), 0);
  assert_int_equal(fake.last_interface, 0);
  assert_int_equal(join(ipv6, NULL), 0);
  assert_int_equal(dgram_set_multicast_interface(ipv6, "::%two"), 0);
  assert_int_equal(fake.last_interface, 2);
  assert_int_equal(dgram_set_multicast_interface(ipv6, "192.0.2.1"), 0);
  assert_source(NULL);
  assert_int_equal(dgram_set_multicast_interface(ipv6, "::"), 0);
  assert_int_equal(fake.last_interface, 0);
}

static void multicast_leaves_by_no_such_interface(void **state) {
  (void)state;
  assert_int_equal(join(ipv4, NULL), 0);
  assert_int_equal(dgram_set_multicast_interface(ipv4, NULL), DGRAM_EARGTYPE);
  assert_int_equal(dgram_set_multicast_interface(ipv4, ""), DGRAM_EINVAL);
  assert_int_equal(dgram_set_multicast_interface(ipv4, "*"), DGRAM_ENODEV);
  assert_int_equal(dgram_set_multicast_interface(ipv4, "three"), DGRAM_ENODEV);
  assert_int_equal(dgram_set_multicast_interface(ipv4, "3"), DGRAM_ENODEV);
  assert_int_equal(dgram_set_multicast_interface(ipv4, "192.0.2.3"), DGRAM_EADDRNOTAVAIL);
  assert_int_equal(dgram_set_multicast_interface(ipv4, "239.1.2.3"), DGRAM_EADDRNOTAVAIL);
  assert_int_equal(fake.last_interface, 0);
  assert_int_equal(dgram_close(ipv4, NULL, NULL), 0);
  assert_int_equal(dgram_set_multicast_interface(ipv4, "one"), DGRAM_ENOTRUNNING);
}

/* ---- which interface ---- */

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

/* A number may have any digits before it; what is kept of it has a limit. */
static void a_name_has_a_limit(void **state) {
  char name[DGRAM__INTERFACE_TEXT_MAX + 1];

  (void)state;
  memset(name, '0', sizeof name);
  snprintf(name + DGRAM__INTERFACE_TEXT_MAX - 2, 2, "1");
  assert_int_equal(join(ipv4, name), 0);
  assert_int_equal(fake.last_interface, 1);
  snprintf(name + DGRAM__INTERFACE_TEXT_MAX - 2, 3, "01");
  assert_int_equal(join(ipv4, name), DGRAM_ENODEV);
}

/* What the system knows of it, the system shall say. */
static void a_group_is_left_on_an_interface_that_is_gone(void **state) {
  (void)state;
  assert_int_equal(join(ipv4, "1"), 0);
  assert_int_equal(leave(ipv4, "3"), 0);
  assert_int_equal(fake.last_interface, 3);
  assert_int_equal(leave(ipv4, "three"), DGRAM_ENODEV);
  assert_int_equal(leave(ipv4, "0"), DGRAM_ENODEV);
}

/* By the name, the address or the index that it was joined by, or by "*". */
static void what_is_remembered_is_left_when_it_is_gone(void **state) {
  static const char *const names[] = {"one", "192.0.2.1", "1", "*", "::%one"};

  (void)state;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    assert_int_equal(join(ipv4, names[i]), 0);
    fake.one_is_gone = true;
    assert_int_equal(leave(ipv4, names[i]), 0);
    assert_true(fake.last_interface == 1 || i == 3);
    assert_int_equal(fake.joined, fake.left);
    fake.one_is_gone = false;
  }
}

/* The name is another interface's now, and that can be joined. */
static void a_name_that_has_come_back(void **state) {
  (void)state;
  assert_int_equal(join(ipv4, "two"), 0);
  fake.two_index = 5;
  assert_int_equal(join(ipv4, "two"), 0);
  assert_int_equal(fake.last_interface, 5);
  assert_int_equal(leave(ipv4, "two"), 0);
  assert_int_equal(fake.last_interface, 5);
  assert_int_equal(leave(ipv4, "two"), 0);
  assert_int_equal(fake.last_interface, 2);
}

static void the_groups_scope_names_the_interface(void **state) {
  (void)state;
  assert_int_equal(dgram_add_membership(ipv6, "ff02::1%two", NULL), 0);
  assert_int_equal(fake.last_interface, 2);
  assert_int_equal(dgram_add_membership(ipv6, "ff02::1%1", NULL), 0);
  assert_int_equal(fake.last_interface, 1);
  assert_int_equal(dgram_add_membership(ipv6, "ff02::1%three", NULL), DGRAM_ENODEV);
  assert_int_equal(dgram_drop_membership(ipv6, "ff02::1%two", NULL), 0);
  assert_int_equal(fake.last_interface, 2);
  fake.membership_code = DGRAM_EADDRNOTAVAIL;
  assert_int_equal(dgram_drop_membership(ipv6, "ff02::1%two", NULL), DGRAM_EADDRNOTAVAIL);
}

/* Each interface once, however many addresses it has. One is enough. */
static void a_star_is_each_that_can(void **state) {
  (void)state;
  assert_int_equal(join(ipv4, "*"), 0);
  assert_int_equal(fake.joined, 2);
  assert_int_equal(join(ipv4, "*"), DGRAM_EADDRINUSE);
  assert_int_equal(leave(ipv4, "*"), 0);
  assert_int_equal(fake.left, 2);
  fake.membership_code = DGRAM_EINVAL;
  for (fake.membership_failing = 1; fake.membership_failing <= 2; fake.membership_failing++) {
    assert_int_equal(join(ipv4, "*"), 0);
    assert_int_equal(leave(ipv4, "*"), 0);
  }
  assert_int_equal(fake.left, 4);
  fake.membership_failing = 0;
  assert_int_equal(join(ipv4, "*"), DGRAM_EINVAL);
  assert_int_equal(join(ipv6, "*"), DGRAM_EINVAL);
}

static void a_star_leaves_what_a_star_has_joined(void **state) {
  (void)state;
  assert_int_equal(join(ipv4, "one"), 0);
  assert_int_equal(leave(ipv4, "*"), DGRAM_EADDRNOTAVAIL);
  assert_int_equal(join(ipv4, "*"), 0);
  assert_int_equal(fake.joined, 2);
  assert_int_equal(leave(ipv4, "*"), 0);
  assert_int_equal(fake.left, 1);
  assert_int_equal(fake.last_interface, 2);
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
  assert_int_equal(join(ipv4, "192.0.2.1"), DGRAM_EMFILE);
  assert_int_equal(join(ipv4, "*"), DGRAM_EMFILE);
  fake.interfaces_count_only = true;
  assert_int_equal(join(ipv4, "192.0.2.1"), DGRAM_EMFILE);
  fake.interfaces_code = 0;
  fake.membership_code = 0;
  fake.unit.fail_once = fake.unit.asked + 1;
  assert_int_equal(join(ipv4, "one"), DGRAM_ENOMEM);
  fake.unit.fail_once = fake.unit.asked + 1;
  assert_int_equal(join(ipv4, "192.0.2.1"), DGRAM_ENOMEM);
  fake.unit.fail_once = fake.unit.asked + 1;
  assert_int_equal(join(ipv6, "one"), DGRAM_ENOMEM);
  assert_false(fake_endpoint_of(ipv6)->bound);
  assert_int_equal(fake.joined, 0);
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
      MEMBERSHIP_TEST(a_choice_that_is_told_has_an_index),
      MEMBERSHIP_TEST(an_interface_by_name_index_or_address),
      MEMBERSHIP_TEST(another_name_counts),
      MEMBERSHIP_TEST(a_name_that_has_not_joined_leaves_the_newest),
      MEMBERSHIP_TEST(what_is_not_remembered_the_system_answers),
      MEMBERSHIP_TEST(a_failure_to_leave_leaves_all_as_it_is),
      MEMBERSHIP_TEST(names_have_a_limit),
      MEMBERSHIP_TEST(a_source_is_a_membership_of_its_own),
      MEMBERSHIP_TEST(from_all_or_from_certain_ones),
      MEMBERSHIP_TEST(bad_sources_are_refused_before_a_bind),
      MEMBERSHIP_TEST(multicast_leaves_by_an_interface),
      MEMBERSHIP_TEST(multicast_leaves_by_no_such_interface),
      MEMBERSHIP_TEST(an_unknown_interface),
      MEMBERSHIP_TEST(a_name_has_a_limit),
      MEMBERSHIP_TEST(a_group_is_left_on_an_interface_that_is_gone),
      MEMBERSHIP_TEST(what_is_remembered_is_left_when_it_is_gone),
      MEMBERSHIP_TEST(a_name_that_has_come_back),
      MEMBERSHIP_TEST(the_groups_scope_names_the_interface),
      MEMBERSHIP_TEST(a_star_is_each_that_can),
      MEMBERSHIP_TEST(a_star_leaves_what_a_star_has_joined),
      MEMBERSHIP_TEST(bad_groups_are_refused_before_a_bind),
      MEMBERSHIP_TEST(join_binds_and_leave_does_not),
      MEMBERSHIP_TEST(join_holds_no_unreffed_socket),
      MEMBERSHIP_TEST(while_binding_it_is_refused),
      MEMBERSHIP_TEST(failures_are_answered),
  };
  return cmocka_run_group_tests_name("membership", tests, NULL, NULL);
}
