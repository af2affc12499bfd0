/* How workers come and go. */

#include "kit.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

static bool has_ended(void *data) {
  (void)data;
  return kit_cluster() == NULL;
}

/* ---- workers of other kinds ---- */

static void tell_pid(dgram_socket **socket) {
  dgram_socket_options options = {.type = DGRAM_UDP4};
  char text[32];
  int length = snprintf(text, sizeof text, "9 primary %d", (int)getpid());
  dgram_create_socket(NULL, &options, socket);
  dgram_send(*socket, text, (size_t)length, atoi(getenv("DGRAM_TEST_CONTROL")), "127.0.0.1", NULL,
             NULL);
}

/* A worker that is a primary itself. */
static int be_primary(void) {
  char self[4096];
  size_t size = sizeof self;
  uv_exepath(self, &size);
  const char *args[] = {self, "worker", "polite", getenv("DGRAM_TEST_CONTROL"), NULL};
  dgram_cluster_options options = {.workers = 2, .args = args};
  dgram_socket *socket;
  if (dgram_cluster_start(NULL, &options, NULL) < 0) return 4;
  tell_pid(&socket);
  return dgram_run(NULL);
}

static int other_worker(const char *kind) {
  if (strcmp(kind, "polite") == 0) return kit_told_worker(true);
  if (strcmp(kind, "primary") == 0) return be_primary();
  if (strcmp(kind, "once") == 0) return dgram_cluster_worker_id() <= 2 ? kit_told_worker(false) : 5;
  return 6; /* "dies" */
}

/* ---- events, the end ---- */

static void from_the_first_to_the_last(void **state) {
  (void)state;
  kit_start(NULL, NULL);
  kit_await(1, "1 online");
  kit_await(1, "2 online");
  int port = kit_bind(1, 'a', "127.0.0.1", 0, "");
  kit_await(1, "1 listening %d", port);
  kit_tell(1, "exit 3");
  kit_await(1, "1 exit 3 0 OK 1");
  kit_tell(2, "leave");
  kit_await(1, "2 exit 0 0 OK 2");
  assert_int_equal(kit_count("2 leaving"), 1);
  kit_until(has_ended, NULL, "the end");
}

static void who_is_who(void **state) {
  dgram_cluster_options options = {.workers = 2, .restart = true, .restart_pause_ms = -1};
  (void)state;
  kit_start(&options, NULL);
  kit_tell(2, "identity");
  kit_await(1, "2 identity 2 2 none");
  kill(kit_pid(2), SIGKILL);
  kit_await(2, "2 hello");
  kit_tell(2, "identity");
  kit_await(1, "2 identity 2 3 none");
  assert_int_equal(dgram_cluster_worker(), 0);
  assert_int_equal(dgram_cluster_worker_id(), 0);
  assert_int_equal(dgram_cluster_join(kit_stack(), NULL), DGRAM_ENOENT);
  assert_int_equal(dgram_cluster_leave(), DGRAM_ENOENT);
}

static void stopped_gracefully(void **state) {
  (void)state;
  kit_start(NULL, "polite");
  kit_bind(1, 'a', "127.0.0.1", 0, "");
  kit_bind(2, 'a', "127.0.0.1", 0, "");
  assert_int_equal(dgram_cluster_stop(kit_cluster()), 0);
  assert_int_equal(dgram_cluster_stop(kit_cluster()), DGRAM_ENOTRUNNING);
  assert_int_equal(dgram_cluster_reload(kit_cluster()), DGRAM_ENOTRUNNING);
  assert_int_equal(dgram_cluster_offer(kit_cluster(), 0), DGRAM_ENOTRUNNING);
  kit_until(has_ended, NULL, "the end");
  for (int i = 1; i <= 2; i++) {
    assert_int_equal(kit_count("%d asked 1", i), 1);
    assert_int_equal(kit_count("%d leaving", i), 1);
    assert_int_equal(kit_count("%d exit 0 0 OK", i), 1);
  }
  assert_int_equal(kit_count("ended"), 1);
}

static void who_does_not_leave_is_killed(void **state) {
  dgram_cluster_options options = {.workers = 2, .stop_timeout_ms = 2000};
  (void)state;
  kit_start(&options, NULL);
  kit_tell(1, "hang");
  kit_await(1, "1 hangs");
  dgram_cluster_stop(kit_cluster());
  kit_until(has_ended, NULL, "the end");
  assert_int_equal(kit_count("1 exit 0 9 ETIMEDOUT"), 1);
  assert_int_equal(kit_count("2 exit 0 0 OK"), 1);
}

static void stopped_before_they_have_joined(void **state) {
  (void)state;
  kit_start_only(NULL, NULL);
  dgram_cluster_stop(kit_cluster());
  kit_until(has_ended, NULL, "the end");
  assert_int_equal(kit_count("1 exit"), 0); /* not even started */
  kit_start_only(NULL, NULL);
  kit_turns(2);
  dgram_cluster_stop(kit_cluster());
  kit_until(has_ended, NULL, "the end");
}

/* ---- restart ---- */

static void the_dead_are_replaced(void **state) {
  dgram_cluster_options options = {.workers = 2, .restart = true, .restart_pause_ms = 10};
  (void)state;
  kit_start(&options, NULL);
  kill(kit_pid(1), SIGKILL);
  kit_await(1, "1 exit 0 9 OK");
  kit_await(2, "1 hello");
  assert_int_equal(kit_count("2 hello"), 1);
  kit_tell(2, "exit 0"); /* nobody has asked it to */
  kit_await(2, "2 hello");
}

static void the_pause_grows(void **state) {
  dgram_cluster_options options = {
      .workers = 1, .restart = true, .restart_pause_ms = 20, .restart_pause_max_ms = 80};
  (void)state;
  kit_start_only(&options, "dies");
  kit_await(1, "1 exit 6");
  uint64_t first = dgram_now(kit_stack());
  kit_await(5, "1 exit 6");
  uint64_t took = dgram_now(kit_stack()) - first;
  assert_true(took >= (20 + 40 + 80 + 80 - 4) * DGRAM_MILLISECOND); /* timers count from the turn */
  dgram_cluster_stop(kit_cluster());
  kit_until(has_ended, NULL, "the end"); /* in a pause */
}

/* What came while nobody was there. */
static void datagrams_wait_for_the_next_one(void **state) {
  dgram_cluster_options options = {.workers = 1, .restart = true, .restart_pause_ms = 50};
  (void)state;
  kit_start(&options, NULL);
  int port = kit_bind(1, 'a', "127.0.0.1", 0, ""), fd = kit_socket(0);
  kill(kit_pid(1), SIGKILL);
  kit_await(1, "1 exit");
  for (int i = 0; i < 20; i++)
    kit_send(fd, port, "x", 1, 0);
  kit_await(2, "1 hello");
  assert_int_equal(kit_bind(1, 'a', "127.0.0.1", 0, ""), port);
  assert_int_equal(kit_ask(fd, port), 1); /* behind the others */
  kit_tell(1, "count");
  assert_int_equal(atoi(kit_await(1, "1 count")), 21);
  close(fd);
}

struct port {
  int port;
  int fd;
};

static bool is_free(void *data) {
  struct port *port = data;
  port->fd = kit_socket(port->port);
  kit_tell(1, "count"); /* something for the loop to wait for */
  return port->fd >= 0;
}

/* What the next one does not want any more. */
static void what_is_kept_is_given_up(void **state) {
  dgram_cluster_options options = {
      .workers = 1, .restart = true, .restart_pause_ms = -1, .start_timeout_ms = 50};
  (void)state;
  kit_start(&options, NULL);
  struct port port = {kit_bind(1, 'a', "127.0.0.1", 0, ""), -1};
  kill(kit_pid(1), SIGKILL);
  kit_await(2, "1 hello");
  kit_until(is_free, &port, "a port that is free");
  close(port.fd);
}

/* ---- reload ---- */

static void one_after_another(void **state) {
  (void)state;
  kit_start(NULL, NULL);
  int port = kit_bind(1, 'a', "127.0.0.1", 0, ""), fd = kit_socket(0);
  kit_bind(2, 'a', "127.0.0.1", 0, "");
  assert_int_equal(dgram_cluster_reload(kit_cluster()), 0);
  assert_int_equal(dgram_cluster_reload(kit_cluster()), DGRAM_EALREADY);
  for (int number = 1; number <= 2; number++) {
    kit_await(2, "%d hello", number);
    assert_int_equal(kit_count("%d leaving", number), 0); /* the old one is there still */
    assert_true(kit_ask(fd, port) > 0);
    assert_int_equal(kit_bind(number, 'a', "127.0.0.1", 0, ""), port);
    kit_await(1, "%d exit 0 0 OK", number);
    assert_true(kit_ask(fd, port) > 0);
  }
  kit_await(1, "reloaded OK");
  assert_int_equal(kit_count("1 exit"), 1);
  assert_int_equal(kit_count("2 exit"), 1);
  close(fd);
}

static void workers_without_sockets(void **state) {
  (void)state;
  kit_start(NULL, NULL);
  dgram_cluster_reload(kit_cluster());
  kit_await(1, "reloaded OK");
  kit_await(2, "2 hello");
}

static void a_new_one_that_dies(void **state) {
  (void)state;
  kit_start(NULL, "once");
  int port = kit_bind(1, 'a', "127.0.0.1", 0, ""), fd = kit_socket(0);
  dgram_cluster_reload(kit_cluster());
  kit_await(1, "reloaded ECONNABORTED");
  assert_int_equal(kit_ask(fd, port), 1);
  assert_int_equal(kit_count("1 exit 5"), 1);
  assert_int_equal(kit_count("2 exit"), 0);
  close(fd);
}

static void a_new_one_that_does_not_listen(void **state) {
  dgram_cluster_options options = {.workers = 1, .start_timeout_ms = 100};
  (void)state;
  kit_start(&options, NULL);
  int port = kit_bind(1, 'a', "127.0.0.1", 0, ""), fd = kit_socket(0);
  dgram_cluster_reload(kit_cluster());
  kit_await(1, "reloaded ETIMEDOUT");
  assert_int_equal(kit_count("1 exit 0 9 ETIMEDOUT 2"), 1);
  assert_int_equal(kit_ask(fd, port), 1);
  close(fd);
}

static void stopped_in_a_reload(void **state) {
  (void)state;
  kit_start(NULL, NULL);
  kit_bind(1, 'a', "127.0.0.1", 0, "");
  dgram_cluster_reload(kit_cluster());
  kit_await(2, "1 hello");
  dgram_cluster_stop(kit_cluster());
  kit_until(has_ended, NULL, "the end");
  assert_int_equal(kit_count("reloaded ECANCELED"), 1);
  assert_int_equal(kit_count("1 exit"), 2);
}

/* The old one dies while the new one comes: its socket stays. */
static void the_old_one_dies_in_a_reload(void **state) {
  (void)state;
  kit_start(NULL, NULL);
  int port = kit_bind(1, 'a', "127.0.0.1", 0, ""), fd = kit_socket(0), old = kit_pid(1);
  dgram_cluster_reload(kit_cluster());
  kit_await(2, "1 hello");
  kill(old, SIGKILL);
  kit_await(1, "1 exit 0 9");
  kit_send(fd, port, "x", 1, 0);
  assert_int_equal(kit_bind(1, 'a', "127.0.0.1", 0, ""), port);
  kit_await(1, "reloaded OK");
  assert_int_equal(kit_ask(fd, port), 1);
  close(fd);
}

/* ---- what cannot be started, who is alone ---- */

static void what_cannot_be_started(void **state) {
  static const dgram_cluster_options bad[] = {{.workers = -1},
                                              {.workers = 1025},
                                              {.restart_pause_max_ms = -1},
                                              {.stop_timeout_ms = -1},
                                              {.start_timeout_ms = -1},
                                              {.balance = 4},
                                              {.balance = -1},
                                              {.disable = DGRAM_DISABLE_GSO}};
  struct {
    dgram_cluster_options options;
    int next;
  } newer = {.next = 1};
  dgram_cluster_options missing = {.program = "/nonexistent"}, data = {.program = "/etc/passwd"};
  dgram_cluster *cluster;
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(dgram_cluster_start(kit_stack(), &bad[i], &cluster), DGRAM_EINVAL);
  assert_int_equal(dgram_cluster_start_sized(kit_stack(), &newer.options, sizeof newer, &cluster),
                   DGRAM_EINVAL);
  assert_int_equal(dgram_cluster_start(kit_stack(), &missing, &cluster), DGRAM_ENOENT);
  assert_int_equal(dgram_cluster_start(kit_stack(), &data, &cluster), DGRAM_EACCES);
  assert_int_equal(dgram_cluster_stop(NULL), DGRAM_EARGTYPE);
}

/* A file that may be run, and cannot. */
static void what_is_no_program(void **state) {
  char path[] = "/tmp/dgram-cluster-XXXXXX";
  const char *args[] = {"x", NULL};
  dgram_cluster_options options = {.workers = 2, .program = path, .args = args};
  (void)state;
  int fd = mkstemp(path);
  assert_true(fd >= 0 && fchmod(fd, 0700) == 0 && write(fd, "#!/nonexistent\n", 15) == 15);
  close(fd);
  kit_start_only(&options, NULL);
  kit_until(has_ended, NULL, "the end");
  unlink(path);
  assert_int_equal(kit_count("1 exit 0 0 ENOENT"), 1);
  assert_int_equal(kit_count("2 exit 0 0 ENOENT"), 1);
}

/* The workers of a primary that is killed are told, finish, and leave; then the port is free. */
static void the_primary_dies(void **state) {
  dgram_cluster_options options = {.workers = 1};
  (void)state;
  kit_start_only(&options, "primary");
  int primary = atoi(kit_await(1, "9 primary"));
  kit_await(1, "1 hello");
  kit_await(1, "2 hello");
  struct port port = {kit_bind(1, 'a', "127.0.0.1", 0, ""), -1};
  assert_int_equal(kit_bind(2, 'a', "127.0.0.1", 0, ""), port.port);
  kill(primary, SIGKILL);
  kit_await(1, "1 asked 2");
  kit_await(1, "2 asked 2");
  while ((port.fd = kit_socket(port.port)) < 0)
    kit_turns(1);
  close(port.fd);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      KIT_TEST(from_the_first_to_the_last),
      KIT_TEST(who_is_who),
      KIT_TEST(stopped_gracefully),
      KIT_TEST(who_does_not_leave_is_killed),
      KIT_TEST(stopped_before_they_have_joined),
      KIT_TEST(the_dead_are_replaced),
      KIT_TEST(the_pause_grows),
      KIT_TEST(datagrams_wait_for_the_next_one),
      KIT_TEST(what_is_kept_is_given_up),
      KIT_TEST(one_after_another),
      KIT_TEST(workers_without_sockets),
      KIT_TEST(a_new_one_that_dies),
      KIT_TEST(a_new_one_that_does_not_listen),
      KIT_TEST(stopped_in_a_reload),
      KIT_TEST(the_old_one_dies_in_a_reload),
      KIT_TEST(what_cannot_be_started),
      KIT_TEST(what_is_no_program),
      KIT_TEST(the_primary_dies),
  };
  kit_other_worker = other_worker;
  return KIT_MAIN(tests, argc, argv);
}
