/* What is shared, and what is not. */

#include "kit.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

/* issue 7, part 2: bind(0) in every worker is one port, a second one in a worker another one. */
static void port_0_is_one_port(void **state) {
  (void)state;
  kit_start(NULL, NULL);
  int a = kit_bind(1, 'a', "127.0.0.1", 0, "");
  int b = kit_bind(1, 'b', "127.0.0.1", 0, "");
  assert_true(a > 0 && b > 0 && a != b);
  assert_int_equal(kit_bind(2, 'a', "127.0.0.1", 0, ""), a);
  assert_int_equal(kit_bind(2, 'b', "127.0.0.1", 0, ""), b);
  /* Another address is another one, and another type, too. */
  assert_int_not_equal(kit_bind(1, 'c', "0.0.0.0", 0, ""), a);
  kit_await(1, "1 listening %d", a);
  kit_await(1, "2 listening %d", a);
}

static void both_receive(void **state) {
  (void)state;
  kit_start(NULL, NULL);
  int port = kit_bind(1, 'a', "127.0.0.1", 0, "");
  assert_int_equal(kit_bind(2, 'a', "127.0.0.1", port, ""), DGRAM_EADDRINUSE); /* another key */
  assert_int_equal(kit_bind(2, 'a', "127.0.0.1", 0, ""), port);
  int fd = kit_socket(0);
  for (int silent = 1; silent <= 2; silent++) {
    kit_forget();
    kit_tell(silent, "pause a");
    kit_await(1, "%d paused", silent);
    assert_int_equal(kit_ask(fd, port), 3 - silent);
    kit_tell(silent, "resume a");
    kit_await(1, "%d resumed", silent);
  }
  close(fd);
}

static void udp6(void **state) {
  (void)state;
  kit_start(NULL, NULL);
  int port = kit_bind(1, 'a', "::1", 0, "");
  if (port == DGRAM_EADDRNOTAVAIL) {
    print_message("skipped: this host has no address ::1\n");
    skip();
  }
  assert_true(port > 0);
  assert_int_equal(kit_bind(2, 'a', "::1", 0, ""), port);
}

/* An exclusive bind fails in that worker alone. */
static void exclusive(void **state) {
  (void)state;
  kit_start(NULL, NULL);
  int port = kit_bind(1, 'a', "127.0.0.1", 0, "");
  assert_int_equal(kit_bind(2, 'a', "127.0.0.1", port, "x"), DGRAM_EADDRINUSE);
  int own = kit_bind(2, 'a', "127.0.0.1", 0, "x");
  assert_true(own > 0 && own != port);
  assert_int_equal(kit_count("2 listening"), 0); /* the primary knows nothing of it */
  int fd = kit_socket(0);
  assert_int_equal(kit_ask(fd, port), 1);
  assert_int_equal(kit_ask(fd, own), 2);
  close(fd);
}

/* The workers' sockets of commands are bound by their first send: each has a port of its own, or
 * commands would reach whoever is first. */
static void implicit_binds_are_exclusive(void **state) {
  (void)state;
  kit_start(NULL, NULL);
  for (int i = 0; i < 20; i++) {
    kit_forget();
    kit_tell(1, "count");
    kit_tell(2, "count");
    kit_await(1, "1 count");
    kit_await(1, "2 count");
  }
}

/* What fails in one worker fails there. */
static void an_error_is_ones_own(void **state) {
  dgram_cluster_options options = {.workers = 3};
  (void)state;
  kit_start(&options, NULL);
  int port = kit_bind(1, 'a', "127.0.0.1", 0, "");
  assert_int_equal(kit_bind(2, 'a', "127.0.0.1", 0, ""), port);
  int fd = kit_socket(0);
  assert_int_equal(kit_bind(3, 'a', "192.0.2.1", 0, ""), DGRAM_EADDRNOTAVAIL);
  assert_int_equal(kit_bind(3, 'a', "127.0.0.1", 0, ""), port); /* an error, and then a success */
  kit_tell(1, "close a");
  kit_tell(2, "close a");
  kit_await(1, "1 a closed");
  kit_await(1, "2 a closed");
  assert_int_equal(kit_ask(fd, port), 3);
  close(fd);
}

struct port {
  int port;
  int fd;
};

static bool is_free(void *data) {
  struct port *port = data;
  if (port->fd < 0) port->fd = kit_socket(port->port);
  if (port->fd < 0) usleep(1000); /* the loop may have nothing to do meanwhile */
  if (port->fd < 0) kit_tell(1, "count");
  return port->fd >= 0;
}

/* Who closes leaves the others receiving; the last one closes the socket. */
static void the_last_one_closes(void **state) {
  (void)state;
  kit_start(NULL, NULL);
  struct port port = {kit_bind(1, 'a', "127.0.0.1", 0, ""), -1};
  assert_int_equal(kit_bind(2, 'a', "127.0.0.1", 0, ""), port.port);
  int fd = kit_socket(0);
  kit_tell(1, "close a");
  kit_await(1, "1 a closed");
  assert_int_equal(kit_ask(fd, port.port), 2);
  assert_int_equal(kit_socket(port.port), DGRAM_EADDRINUSE);
  assert_int_equal(kit_bind(1, 'a', "127.0.0.1", 0, ""), port.port); /* back again */
  kit_tell(1, "close a");
  kit_tell(2, "close a");
  kit_await(1, "1 a closed");
  kit_await(1, "2 a closed");
  kit_until(is_free, &port, "a port that is free");
  close(port.fd);
  close(fd);
}

/* Closed while the answer is on its way: the teardown counts descriptors, and the port is free. */
static void closed_before_the_answer(void **state) {
  (void)state;
  kit_start(NULL, NULL);
  int probe = kit_socket(0);
  close(probe);
  kit_tell(1, "fds");
  int before = atoi(kit_await(1, "1 fds"));
  struct port port = {kit_bind(1, 'b', "127.0.0.1", 0, ""), -1};
  kit_tell(1, "close b");
  kit_await(1, "1 b closed");
  kit_until(is_free, &port, "a port that is free");
  close(port.fd);
  for (int i = 1; i <= 50; i++) {
    kit_tell(1, "bindclose a 127.0.0.1 %d", port.port);
    kit_await(i, "1 a closed");
  }
  port.fd = -1;
  kit_until(is_free, &port, "a port that is free again");
  close(port.fd);
  kit_forget();
  kit_tell(1, "fds");
  assert_int_equal(atoi(kit_await(1, "1 fds")), before);
}

/* Closed and bound at once: the new request may come before the old one is released, and then finds
 * its own socket. */
static void closed_and_bound_anew(void **state) {
  (void)state;
  kit_start(NULL, NULL);
  int port = kit_bind(1, 'a', "127.0.0.1", 0, "");
  assert_int_equal(kit_bind(2, 'a', "127.0.0.1", 0, ""), port);
  for (int i = 0; i < 20; i++) {
    char old = (char)('a' + i % 2), other = (char)('a' + (i + 1) % 2);
    kit_tell(1, "close %c", old);
    assert_int_equal(kit_bind(1, other, "127.0.0.1", 0, ""), port);
    kit_await(1, "1 %c closed", old);
  }
}

/* More than the window at once. */
static void many_at_once(void **state) {
  (void)state;
  kit_start(NULL, NULL);
  for (char name = 'a'; name <= 'z'; name++) {
    kit_tell(1, "bind %c 127.0.0.1 0", name);
    kit_tell(2, "bind %c 127.0.0.1 0", name);
  }
  for (char name = 'a'; name <= 'z'; name++) {
    int port = atoi(kit_await(1, "1 %c bound", name));
    assert_int_equal(atoi(kit_await(1, "2 %c bound", name)), port);
  }
}

/* The kernel joins what one sender sends; each of the readers splits it. */
static void each_reader_splits(void **state) {
  static char bytes[1000];
  (void)state;
  kit_start(NULL, NULL);
  int port = kit_bind(1, 'a', "127.0.0.1", 0, ""), fd = kit_socket(0);
  assert_int_equal(kit_bind(2, 'a', "127.0.0.1", 0, ""), port);
  for (int reader = 1; reader <= 2; reader++) {
    unsigned long count = 0;
    size_t shortest = 0, longest = 0;
    kit_forget();
    kit_tell(3 - reader, "pause a");
    kit_await(1, "%d paused", 3 - reader);
    kit_send(fd, port, bytes, sizeof bytes, 100);
    while (count < 10) {
      kit_forget();
      kit_tell(reader, "count");
      sscanf(kit_await(1, "%d count", reader), "%lu %zu %zu", &count, &shortest, &longest);
    }
    assert_int_equal(count, 10);
    assert_int_equal(shortest, 100);
    assert_int_equal(longest, 100);
    kit_tell(3 - reader, "resume a");
    kit_await(1, "%d resumed", 3 - reader);
  }
  close(fd);
}

/* A socket that somebody else has made, a service manager for instance. */
static void offered(void **state) {
  (void)state;
  kit_start(NULL, NULL);
  int fd = kit_socket(0), mine = kit_socket(0);
  struct sockaddr_in local;
  socklen_t length = sizeof local;
  getsockname(fd, (struct sockaddr *)&local, &length);
  int port = ntohs(local.sin_port);
  assert_int_equal(dgram_cluster_offer(kit_cluster(), 9999), DGRAM_EBADF);
  assert_int_equal(dgram_cluster_offer(kit_cluster(), 1), DGRAM_EFDTYPE);
  assert_int_equal(dgram_cluster_offer(kit_cluster(), fd), 0);
  assert_int_equal(kit_bind(1, 'a', "127.0.0.1", port, ""), port);
  assert_int_equal(kit_bind(2, 'a', "127.0.0.1", port, ""), port);
  kit_tell(1, "close a");
  kit_await(1, "1 a closed");
  assert_int_equal(kit_ask(mine, port), 2);
  kit_tell(2, "close a");
  kit_await(1, "2 a closed");
  assert_int_equal(kit_bind(2, 'a', "127.0.0.1", port, ""), port); /* it is there still */
  close(mine);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(port_0_is_one_port),
      KIT_TEST(both_receive),
      KIT_TEST(udp6),
      KIT_TEST(exclusive),
      KIT_TEST(implicit_binds_are_exclusive),
      KIT_TEST(an_error_is_ones_own),
      KIT_TEST(the_last_one_closes),
      KIT_TEST(closed_before_the_answer),
      KIT_TEST(closed_and_bound_anew),
      KIT_TEST(many_at_once),
      KIT_TEST(each_reader_splits),
      KIT_TEST(offered),
  };
  return KIT_MAIN(tests, argc, argv);
}
