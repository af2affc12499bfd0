/* Random programs against the whole library, one process each: what they do, and what is checked,
 * stands in random_program.h.
 *
 *   DGRAM_TEST_SEED    the first program's seed; else a new one, which is printed
 *   DGRAM_TEST_COUNT   how many programs of each kind
 *   DGRAM_TEST_ONLY    the name of one kind
 *   DGRAM_TEST_TRACE   the calls of the programs, on standard error */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "random_program.h"

enum { TIMEOUT_S = 30, PROGRAMS = 100, SLOTS = 4 };

/* ---- the system's calls ---- */

/* libuv is a library of its own, so --wrap does not reach it: these stand in front of the C
 * library's for the dynamic linker. */
#define REPLACES __attribute__((visibility("default")))
#define REAL(pointer, name) (*(void **)&(pointer) = dlsym(RTLD_NEXT, (name)))

/* Fails a call now and then. EAGAIN is true to its word: the next time it may work. */
#define FAIL_SOMETIMES(...)                                                                        \
  do {                                                                                             \
    static const int codes[] = {__VA_ARGS__};                                                      \
    const int fault = random_fault(codes, sizeof codes / sizeof codes[0]);                         \
    if (fault != 0) {                                                                              \
      errno = fault;                                                                               \
      return -1;                                                                                   \
    }                                                                                              \
  } while (0)

static unsigned fewer(unsigned count) {
  static const int yes[] = {1};

  return count > 1 && random_fault(yes, 1) != 0 ? 1 + count / 3 : count;
}

REPLACES ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  static ssize_t (*real)(int, const struct msghdr *, int);

  FAIL_SOMETIMES(EINTR, EAGAIN, EAGAIN, EAGAIN, ENOBUFS, EPERM, ENOMEM, ECONNREFUSED);
  if (real == NULL) REAL(real, "sendmsg");
  return real(fd, message, flags);
}

REPLACES int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  static int (*real)(int, struct mmsghdr *, unsigned, int);

  FAIL_SOMETIMES(EINTR, EAGAIN, EAGAIN, EAGAIN, ENOBUFS, EPERM, ENOMEM, ECONNREFUSED);
  if (real == NULL) REAL(real, "sendmmsg");
  return real(fd, messages, fewer(count), flags);
}

REPLACES ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
  static ssize_t (*real)(int, struct msghdr *, int);

  FAIL_SOMETIMES(EINTR, EAGAIN, ENOMEM, ECONNREFUSED);
  if (real == NULL) REAL(real, "recvmsg");
  return real(fd, message, flags);
}

REPLACES int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                      struct timespec *timeout) {
  static int (*real)(int, struct mmsghdr *, unsigned, int, struct timespec *);

  FAIL_SOMETIMES(EINTR, EAGAIN, ENOMEM, ECONNREFUSED);
  if (real == NULL) REAL(real, "recvmmsg");
  return real(fd, messages, fewer(count), flags, timeout);
}

REPLACES int socket(int domain, int type, int protocol) {
  static int (*real)(int, int, int);

  FAIL_SOMETIMES(EMFILE, ENOBUFS, ENOMEM);
  if (real == NULL) REAL(real, "socket");
  return real(domain, type, protocol);
}

/* glibc declares these two with parameters of its own, which ISO C cannot repeat. */
REPLACES int replaced_bind(int fd, const struct sockaddr *address,
                           socklen_t length) __asm__("bind");
REPLACES int replaced_getsockname(int fd, struct sockaddr *address,
                                  socklen_t *length) __asm__("getsockname");

int replaced_bind(int fd, const struct sockaddr *address, socklen_t length) {
  static int (*real)(int, const struct sockaddr *, socklen_t);

  FAIL_SOMETIMES(EADDRINUSE, EACCES, ENOMEM);
  if (real == NULL) REAL(real, "bind");
  return real(fd, address, length);
}

REPLACES int setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
  static int (*real)(int, int, int, const void *, socklen_t);

  FAIL_SOMETIMES(ENOPROTOOPT, ENOBUFS, ENOMEM);
  if (real == NULL) REAL(real, "setsockopt");
  return real(fd, level, name, value, length);
}

int replaced_getsockname(int fd, struct sockaddr *address, socklen_t *length) {
  static int (*real)(int, struct sockaddr *, socklen_t *);

  FAIL_SOMETIMES(ENOBUFS);
  if (real == NULL) REAL(real, "getsockname");
  return real(fd, address, length);
}

/* libuv 1.44 sends its batches so. */
REPLACES long syscall(long number, ...) {
  static long (*real)(long, ...);
  long a[6];
  va_list arguments;

  va_start(arguments, number);
  for (unsigned i = 0; i < 6; i++)
    a[i] = va_arg(arguments, long);
  va_end(arguments);
  if (number == SYS_sendmmsg) FAIL_SOMETIMES(EINTR, EAGAIN, ENOBUFS, EPERM);
  if (real == NULL) REAL(real, "syscall");
  return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* ---- resolver ---- */

/* One address of 127.0.0.1 or ::1, in one piece. */
static struct addrinfo *new_answer(int family) {
  struct answer {
    struct addrinfo info;
    struct sockaddr_in6 address;
  } *answer = calloc(1, sizeof *answer);
  struct sockaddr_in *ipv4 = (struct sockaddr_in *)&answer->address;

  answer->info.ai_family = family;
  answer->info.ai_addr = (struct sockaddr *)&answer->address;
  answer->info.ai_addrlen = family == AF_INET ? sizeof *ipv4 : sizeof answer->address;
  answer->address.sin6_family = (sa_family_t)family;
  if (family == AF_INET) {
    ipv4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  } else {
    answer->address.sin6_addr = in6addr_loopback;
  }
  return &answer->info;
}

/* No test asks the network for names. Runs in libuv's threads. */
REPLACES int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                         struct addrinfo **ret_list) {
  const struct timespec a_while = {.tv_nsec = 3000000};

  (void)service;
  if (strcmp(name, "slow.test") == 0) nanosleep(&a_while, NULL);
  if (strcmp(name, "again.test") == 0) return EAI_AGAIN;
  if (strcmp(name, "none.test") == 0) return EAI_NONAME;
  *ret_list = new_answer(hints->ai_family == AF_INET6 ? AF_INET6 : AF_INET);
  if (hints->ai_family == AF_UNSPEC) (*ret_list)->ai_next = new_answer(AF_INET6);
  return 0;
}

REPLACES void freeaddrinfo(struct addrinfo *list) {
  while (list != NULL) {
    struct addrinfo *next = list->ai_next;
    free(list);
    list = next;
  }
}

/* ---- a process for each ---- */

static bool hermetic;

/* A network of its own for each program, where the system allows it: nobody else's datagrams come,
 * also none from another program to a port that this one has now, and ours go nowhere. */
static void leave_the_network(void) {
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
  int fd;

  if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) return;
  fd = socket(AF_INET, SOCK_DGRAM, 0);
  hermetic = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  close(fd);
  assert_true(hermetic);
}

/* On one processor loopback delivers in order, whatever else the machine does. */
static void stay_on_one_processor(uint64_t seed) {
  cpu_set_t all;
  cpu_set_t one;
  uint64_t skip;

  if (sched_getaffinity(0, sizeof all, &all) < 0) return;
  skip = seed % (uint64_t)CPU_COUNT(&all);
  for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (!CPU_ISSET(cpu, &all) || skip-- > 0) continue;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    (void)sched_setaffinity(0, sizeof one, &one);
    return;
  }
}

static _Noreturn void child(enum random_kind kind, enum random_mode mode, uint64_t seed) {
  alarm(TIMEOUT_S);
  leave_the_network();
  stay_on_one_processor(seed);
  random_program(kind, mode, seed, hermetic);
  exit(0);
}

static uint64_t number_of(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);

  return text != NULL ? strtoull(text, NULL, 0) : otherwise;
}

static uint64_t first_seed(void) {
  struct timespec now;

  clock_gettime(CLOCK_REALTIME, &now);
  return number_of("DGRAM_TEST_SEED", (uint64_t)now.tv_sec * 1000003 + (uint64_t)now.tv_nsec);
}

/* Programs under way. Most of their time is waiting. */
struct slot {
  pid_t pid; /* 0: free */
  uint64_t seed;
};

static void begin_one(struct slot *slot, enum random_kind kind, enum random_mode mode,
                      uint64_t seed) {
  fflush(NULL);
  slot->seed = seed;
  slot->pid = fork();
  assert_true(slot->pid >= 0);
  if (slot->pid == 0) child(kind, mode, seed);
}

/* Waits for any of them, and says how to run it again where it failed. Returns 1 if it did. */
static unsigned end_one(struct slot *slots, const char *name) {
  int status;
  const pid_t pid = waitpid(-1, &status, 0);
  struct slot *slot = slots;

  assert_true(pid > 0);
  while (slot->pid != pid)
    slot++;
  slot->pid = 0;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
  print_error("A random program %s. Again, by itself:\nDGRAM_TEST_SEED=%" PRIu64
              " DGRAM_TEST_COUNT=1 DGRAM_TEST_ONLY=%s DGRAM_TEST_TRACE=1 %s\n",
              WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "hangs" : "fails", slot->seed,
              name, program_invocation_name);
  return 1;
}

static void run_all(enum random_kind kind, enum random_mode mode, const char *name) {
  const uint64_t seed = first_seed();
  const uint64_t count = number_of("DGRAM_TEST_COUNT", PROGRAMS);
  struct slot slots[SLOTS] = {{0}};
  unsigned running = 0;
  unsigned failed = 0;

  print_message("%s: %" PRIu64 " programs from DGRAM_TEST_SEED=%" PRIu64 "\n", name, count, seed);
  for (uint64_t i = 0; i < count && failed == 0; i++) {
    struct slot *slot = slots;
    if (running == SLOTS) {
      failed += end_one(slots, name);
      running--;
    }
    while (slot->pid != 0)
      slot++;
    begin_one(slot, kind, mode, seed + i);
    running++;
  }
  for (; running > 0; running--)
    failed += end_one(slots, name);
  assert_int_equal(failed, 0);
}

#define TEST(name, kind, mode)                                                                     \
  static void name(void **state) {                                                                 \
    (void)state;                                                                                   \
    run_all(kind, mode, #name);                                                                    \
  }

TEST(linux_plain, RANDOM_LINUX, RANDOM_PLAIN)
TEST(linux_without_memory, RANDOM_LINUX, RANDOM_NO_MEMORY)
TEST(linux_with_a_bad_system, RANDOM_LINUX, RANDOM_BAD_SYSTEM)
TEST(uv_plain, RANDOM_UV, RANDOM_PLAIN)
TEST(uv_without_memory, RANDOM_UV, RANDOM_NO_MEMORY)
TEST(uv_with_a_bad_system, RANDOM_UV, RANDOM_BAD_SYSTEM)
TEST(sim_plain, RANDOM_SIM, RANDOM_PLAIN)
TEST(sim_without_memory, RANDOM_SIM, RANDOM_NO_MEMORY)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(linux_plain),
      cmocka_unit_test(linux_without_memory),
      cmocka_unit_test(linux_with_a_bad_system),
      cmocka_unit_test(uv_plain),
      cmocka_unit_test(uv_without_memory),
      cmocka_unit_test(uv_with_a_bad_system),
      cmocka_unit_test(sim_plain),
      cmocka_unit_test(sim_without_memory),
  };

  if (getenv("DGRAM_TEST_ONLY") != NULL) cmocka_set_test_filter(getenv("DGRAM_TEST_ONLY"));
  return cmocka_run_group_tests(tests, NULL, NULL);
}
