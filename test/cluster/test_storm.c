/* Workers killed and replaced under traffic, every datagram accounted for.
 *
 * Datagrams have numbers, and workers note in memory that all processes share which of them they have
 * seen, so that what a killed worker has seen stays known. DGRAM_TEST_KILLS, DGRAM_TEST_DATAGRAMS,
 * DGRAM_TEST_WORKERS and DGRAM_TEST_RATE (a second, of a reload) make it longer: make soak. */

#include "kit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  BATCH = 32,   /* datagrams of one sendmmsg, and the most that a worker reads at once: limits.h */
  WINDOW = 256, /* datagrams on their way: fewer than a buffer holds */
  PAGES_MAX = 1024,  /* of the primary: what an allocator or a sanitizer keeps */
  LATENCY_MS = 10000 /* beside other tests, and slowed by a sanitizer */
};

struct board {
  atomic_ullong received;
  atomic_uchar seen[];
};

static long number_of(const char *name, long fallback) {
  const char *text = getenv(name);
  return text != NULL ? atol(text) : fallback;
}

/* ---- a worker ---- */

static struct board *map_board(int fd, size_t datagrams) {
  void *memory =
      mmap(NULL, sizeof(struct board) + datagrams, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

static void on_batch(dgram_socket *socket, const dgram_message *messages, size_t count,
                     void *data) {
  struct board *board = data;
  (void)socket;
  for (size_t i = 0; i < count; i++) {
    uint32_t number;
    if (messages[i].length != sizeof number) continue;
    memcpy(&number, messages[i].bytes, sizeof number);
    atomic_fetch_add(&board->seen[number], 1);
    atomic_fetch_add(&board->received, 1);
  }
}

static int counting_worker(const char *kind) {
  dgram_socket_options options = {.type = DGRAM_UDP4, .recv_buffer_size = 4 << 20};
  dgram_bind_options where = {.address = "127.0.0.1"};
  dgram_socket *socket;
  int fd = open(getenv("DGRAM_TEST_BOARD"), O_RDWR | O_CLOEXEC);
  struct board *board = map_board(fd, (size_t)number_of("DGRAM_TEST_BOARD_SIZE", 0));
  (void)kind;
  if (board == NULL || dgram_cluster_join(NULL, NULL) < 0) return 3;
  if (dgram_create_socket(NULL, &options, &socket) < 0) return 3;
  dgram_on_batch(socket, on_batch, board);
  if (dgram_bind(socket, &where, NULL, NULL) < 0) return 3;
  return dgram_run(NULL) < 0 ? 3 : 0;
}

/* ---- what happens to workers ---- */

static struct {
  int port;
  int pids[KIT_WORKERS_MAX + 1]; /* who listens; 0: nobody does */
  uint64_t killed_ns[KIT_WORKERS_MAX + 1];
  uint64_t slowest_ns;
  int listening;
  int reloaded;
  int failed;
} seen;

static void watch(const dgram_cluster_event *event) {
  const int i = event->number;
  if (event->type == DGRAM_CLUSTER_LISTENING) {
    seen.port = event->address.port;
    seen.pids[i] = event->pid;
    seen.listening++;
    if (seen.killed_ns[i] != 0 && uv_hrtime() - seen.killed_ns[i] > seen.slowest_ns)
      seen.slowest_ns = uv_hrtime() - seen.killed_ns[i];
    seen.killed_ns[i] = 0;
  }
  if (event->type == DGRAM_CLUSTER_EXIT && event->status != 0) seen.failed++;
  if (event->type == DGRAM_CLUSTER_RELOADED) seen.reloaded++;
  if (event->type == DGRAM_CLUSTER_RELOADED && event->code < 0) seen.failed++;
}

static bool listen_at_least(void *data) {
  return seen.listening >= *(int *)data;
}

static bool kill_one(long workers, uint64_t *random) {
  *random ^= *random << 13, *random ^= *random >> 7, *random ^= *random << 17;
  int i = 1 + (int)(*random % (uint64_t)workers);
  if (seen.pids[i] == 0) return false;
  kill(seen.pids[i], SIGKILL);
  seen.killed_ns[i] = uv_hrtime();
  seen.pids[i] = 0;
  return true;
}

/* ---- traffic ---- */

static struct board *board;
static size_t board_size;

static void make_board(size_t datagrams) {
  static char path[64], size[24];
  int fd = memfd_create("board", 0);
  assert_true(fd >= 0 && ftruncate(fd, (off_t)(sizeof *board + datagrams)) == 0);
  snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)getpid(), fd);
  snprintf(size, sizeof size, "%zu", datagrams);
  setenv("DGRAM_TEST_BOARD", path, 1);
  setenv("DGRAM_TEST_BOARD_SIZE", size, 1);
  board = map_board(fd, datagrams);
  board_size = datagrams;
  assert_non_null(board);
}

static int open_sender(void) {
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)seen.port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = kit_socket(0);
  assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
  return fd;
}

static void send_numbers(int fd, uint32_t first, unsigned count) {
  struct mmsghdr headers[BATCH] = {0};
  struct iovec pieces[BATCH];
  uint32_t numbers[BATCH];
  for (unsigned i = 0; i < count; i++) {
    numbers[i] = first + i;
    pieces[i] = (struct iovec){.iov_base = &numbers[i], .iov_len = sizeof numbers[i]};
    headers[i].msg_hdr = (struct msghdr){.msg_iov = &pieces[i], .msg_iovlen = 1};
  }
  for (unsigned done = 0; done < count;) {
    int sent = sendmmsg(fd, headers + done, count - done, 0);
    if (sent < 0 && errno == ECONNREFUSED) continue; /* of an earlier one: the port was gone */
    assert_true(sent > 0);
    done += (unsigned)sent;
  }
}

/* Runs until all that has not been lost is counted: nothing comes any more. */
static uint64_t settle(uint64_t sent) {
  uint64_t last = 0, since_ns = uv_hrtime();
  while (atomic_load(&board->received) < sent && uv_hrtime() - since_ns < 200 * DGRAM_MILLISECOND) {
    uint64_t now = atomic_load(&board->received);
    if (now != last) since_ns = uv_hrtime();
    last = now;
    kit_turns(1);
    sched_yield();
  }
  return sent - atomic_load(&board->received);
}

static size_t count_of(unsigned times) {
  size_t count = 0;
  for (size_t i = 0; i < board_size; i++)
    count += board->seen[i] == times;
  return count;
}

/* What the kernel has dropped for want of room, of the shared socket: the last column. */
static unsigned long kernel_drops(void) {
  unsigned long drops = 0;
  char line[512], wanted[16];
  FILE *file = fopen("/proc/net/udp", "r");
  assert_non_null(file);
  snprintf(wanted, sizeof wanted, ":%04X ", (unsigned)seen.port);
  while (fgets(line, sizeof line, file) != NULL) {
    const char *local = strstr(line, wanted);
    size_t length = strcspn(line, "\n");
    while (length > 0 && line[length - 1] == ' ')
      length--;
    line[length] = '\0';
    if (local != NULL && local < line + 24) drops += strtoul(strrchr(line, ' '), NULL, 10);
  }
  fclose(file);
  return drops;
}

/* Pages that this process has in memory. */
static long resident(void) {
  long size = 0, pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  assert_non_null(file);
  assert_int_equal(fscanf(file, "%ld %ld", &size, &pages), 2);
  fclose(file);
  return pages;
}

static void start(long workers) {
  dgram_cluster_options options = {
      .workers = (int)workers, .restart = true, .restart_pause_ms = -1};
  int all = (int)workers;
  memset(&seen, 0, sizeof seen);
  kit_watch = watch;
  kit_start_only(&options, "counts");
  kit_until(listen_at_least, &all, "all workers");
}

/* ---- tests ---- */

static void the_storm(void **state) {
  const long workers = number_of("DGRAM_TEST_WORKERS", 4),
             kills = number_of("DGRAM_TEST_KILLS", 20);
  const long datagrams = number_of("DGRAM_TEST_DATAGRAMS", 40000);
  uint64_t sent = 0, lost = 0, random = (uint64_t)number_of("DGRAM_TEST_SEED", 1) * 2654435761u;
  uint64_t progress_ns = uv_hrtime(), received = 0;
  long killed = 0;
  (void)state;
  make_board((size_t)datagrams);
  start(workers);
  int fd = open_sender(), descriptors = kit_descriptors(), all;
  long memory = resident();
  while (sent < (uint64_t)datagrams) {
    kit_turns(1);
    if (killed < kills && (long)(sent / (uint64_t)(datagrams / kills)) > killed)
      killed += kill_one(workers, &random);
    uint64_t now = atomic_load(&board->received);
    if (now != received) progress_ns = uv_hrtime();
    received = now;
    if (sent + BATCH <= received + lost + WINDOW) {
      unsigned count = datagrams - (long)sent < BATCH ? (unsigned)(datagrams - (long)sent) : BATCH;
      send_numbers(fd, (uint32_t)sent, count);
      sent += count;
    } else if (uv_hrtime() - progress_ns > 100 * DGRAM_MILLISECOND && received > 0) {
      lost = sent - received; /* nobody has it */
    } else {
      sched_yield();
    }
  }
  all = (int)(workers + killed);
  kit_until(listen_at_least, &all, "all replacements");
  (void)settle(sent);
  uint64_t missing = count_of(0);
  unsigned long drops = kernel_drops();
  kit_turns(10);
  print_message(
      "%ld workers, %ld kills, %ld datagrams: %llu missing, %lu of them dropped by the kernel;"
      " slowest replacement %.0f ms; memory of the primary %+ld pages\n",
      workers, killed, datagrams, (unsigned long long)missing, drops, (double)seen.slowest_ns / 1e6,
      resident() - memory);
  assert_int_equal(count_of(1) + missing, (size_t)datagrams); /* none twice */
  assert_true(missing <= drops + (uint64_t)(killed * BATCH));
  assert_true(killed >= kills - 1);
  assert_true(seen.slowest_ns <=
              (uint64_t)number_of("DGRAM_TEST_LATENCY_MS", LATENCY_MS) * DGRAM_MILLISECOND);
  assert_int_equal(kit_descriptors(), descriptors);
  assert_true(resident() - memory < PAGES_MAX);
  assert_int_equal(seen.failed, 0);
  close(fd);
}

/* Sends at a rate until `reloads` of them have ended, at least all that is counted. Returns what is
 * missing, the kernel's drops apart. */
static uint64_t steady(int fd, long rate, int reloads, double seconds) {
  uint64_t began_ns = uv_hrtime(), sent = 0;
  unsigned long drops = kernel_drops();
  atomic_store(&board->received, 0);
  while (seen.reloaded < reloads || uv_hrtime() - began_ns < (uint64_t)(seconds * 1e9)) {
    uint64_t due = (uint64_t)((double)(uv_hrtime() - began_ns) / 1e9 * (double)rate);
    for (; sent + BATCH <= due; sent += BATCH)
      send_numbers(fd, (uint32_t)(sent % (board_size - BATCH)), BATCH);
    if (seen.reloaded < reloads)
      (void)dgram_cluster_reload(kit_cluster()); /* one under way: no matter */
    kit_turns(1);
    usleep(200);
  }
  uint64_t missing = settle(sent);
  drops = kernel_drops() - drops;
  print_message(
      "%llu datagrams at %ld/s, %d reloads: %llu missing, %lu of them dropped by the kernel\n",
      (unsigned long long)sent, rate, seen.reloaded, (unsigned long long)missing, drops);
  return missing > drops ? missing - drops : 0;
}

static void the_rolling_reload(void **state) {
  const long rate = number_of("DGRAM_TEST_RATE", 10000);
  const double seconds = (double)number_of("DGRAM_TEST_SECONDS", 1);
  (void)state;
  make_board(1 << 16);
  start(2);
  int fd = open_sender();
  uint64_t control = steady(fd, rate, 0, seconds);
  assert_true(steady(fd, rate, 3, seconds) <= control);
  assert_int_equal(control, 0);
  assert_int_equal(seen.failed, 0);
  close(fd);
}

static int close_board(void **state) {
  int fd = -1;
  kit_watch = NULL;
  if (getenv("DGRAM_TEST_BOARD") != NULL) fd = atoi(strrchr(getenv("DGRAM_TEST_BOARD"), '/') + 1);
  if (fd >= 0) close(fd);
  if (board != NULL) munmap(board, sizeof *board + board_size);
  board = NULL;
  return kit_teardown(state);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(the_storm, kit_setup, close_board),
      cmocka_unit_test_setup_teardown(the_rolling_reload, kit_setup, close_board),
  };
  kit_other_worker = counting_worker;
  return KIT_MAIN(tests, argc, argv);
}
