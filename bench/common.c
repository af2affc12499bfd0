#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
  /* Seconds after which a program ends itself, beside its window. Starting ten thousand sockets
   * takes less than one. */
  WATCHDOG_S = 20,

  /* Files that a program has open beside its sockets: standard ones, the loop's. */
  SPARE_FILES = 64
};

/* ---- failing ---- */

void bench_die_saying(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

void bench_die(const char *what) {
  bench_die_saying(what, strerror(errno));
}

void *bench_allocate(size_t count, size_t size) {
  void *memory;
  if (posix_memalign(&memory, BENCH_PAGE, count * size) != 0) bench_die_saying("memory", "none");
  memset(memory, 0, count * size);
  return memory;
}

/* ---- clocks ---- */

uint64_t bench_now_ns(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_MONOTONIC, &now) < 0) bench_die("clock_gettime");
  return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static uint64_t to_ns(struct timeval time) {
  return (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_usec * 1000;
}

uint64_t bench_cpu_ns(void) {
  struct rusage usage;
  if (getrusage(RUSAGE_SELF, &usage) < 0) bench_die("getrusage");
  return to_ns(usage.ru_utime) + to_ns(usage.ru_stime);
}

/* ---- the system ---- */

void bench_say_port(unsigned port) {
  printf("{\"port\": %u}\n", port);
  if (fflush(stdout) == EOF) bench_die("stdout");
}

struct sockaddr_in bench_loopback(unsigned nth, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + nth);
  return address;
}

unsigned bench_allow_files(unsigned wanted) {
  struct rlimit limit;
  const rlim_t needed = (rlim_t)wanted + SPARE_FILES;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) bench_die("getrlimit");
  if (limit.rlim_cur < needed && limit.rlim_max < needed) {
    /* Only root may; whoever is not gets what the hard limit gives. */
    const struct rlimit more = {.rlim_cur = needed, .rlim_max = needed};
    if (setrlimit(RLIMIT_NOFILE, &more) == 0) return wanted;
  }
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) < 0) bench_die("setrlimit");
  return limit.rlim_cur >= needed ? wanted : (unsigned)limit.rlim_cur - SPARE_FILES;
}

/* Where there is no such core the program runs anywhere. */
static void run_on(int core) {
  cpu_set_t cores;
  if (core < 0 || core >= CPU_SETSIZE) return;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  if (sched_setaffinity(0, sizeof cores, &cores) < 0 && errno != EINVAL) {
    bench_die("sched_setaffinity");
  }
}

/* ---- arguments ---- */

enum option_letter {
  OPTION_LENGTH = 'l',
  OPTION_PORT = 'p',
  OPTION_CORE = 'c',
  OPTION_OUTSTANDING = 'o',
  OPTION_DESTINATIONS = 'd',
  OPTION_SOCKETS = 's',
  OPTION_IN_FLIGHT = 'i',
  OPTION_GROUPS = 'g',
  OPTION_SLOTS = 't',
  OPTION_WARM_UP = 'u',
  OPTION_WINDOW = 'w'
};

static const struct option long_options[] = {
    {"length", required_argument, NULL, OPTION_LENGTH},
    {"port", required_argument, NULL, OPTION_PORT},
    {"core", required_argument, NULL, OPTION_CORE},
    {"outstanding", required_argument, NULL, OPTION_OUTSTANDING},
    {"destinations", required_argument, NULL, OPTION_DESTINATIONS},
    {"sockets", required_argument, NULL, OPTION_SOCKETS},
    {"in-flight", required_argument, NULL, OPTION_IN_FLIGHT},
    {"groups", required_argument, NULL, OPTION_GROUPS},
    {"slots", required_argument, NULL, OPTION_SLOTS},
    {"warm-up-ms", required_argument, NULL, OPTION_WARM_UP},
    {"window-ms", required_argument, NULL, OPTION_WINDOW},
    {NULL, 0, NULL, 0},
};

static _Noreturn void usage(const char *program, const struct bench_role *roles) {
  fprintf(stderr, "usage: %s ROLE [--OPTION N]...\nroles:", program);
  for (; roles->name != NULL; roles++)
    fprintf(stderr, " %s", roles->name);
  fprintf(stderr, "\noptions:");
  for (const struct option *option = long_options; option->name != NULL; option++)
    fprintf(stderr, " --%s", option->name);
  fprintf(stderr, "\n");
  exit(2);
}

static bool read_number(const char *text, long least, long most, long *ret_number) {
  char *end;
  errno = 0;
  const long number = strtol(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0' || number < least || number > most) return false;
  *ret_number = number;
  return true;
}

static bool take(struct bench_options *options, int letter, long number) {
  switch (letter) {
  case OPTION_LENGTH:
    options->length = (size_t)number;
    return number >= 16 && number <= BENCH_LENGTH_MAX;
  case OPTION_PORT:
    options->port = (int)number;
    return number > 0 && number < 65536;
  case OPTION_CORE:
    options->core = (int)number;
    return true;
  case OPTION_OUTSTANDING:
    options->outstanding = (unsigned)number;
    return number > 0 && number <= BENCH_IN_FLIGHT;
  case OPTION_DESTINATIONS:
    options->destinations = (unsigned)number;
    return number > 0;
  case OPTION_SOCKETS:
    options->sockets = (unsigned)number;
    return number > 0;
  case OPTION_IN_FLIGHT:
    options->in_flight = (unsigned)number;
    return number > 0 && number <= BENCH_IN_FLIGHT;
  case OPTION_GROUPS:
    options->groups = (unsigned)number;
    return number > 0 && number <= BENCH_GROUPS_MAX;
  case OPTION_SLOTS:
    options->slots = (unsigned)number;
    return number > 0 && number <= BENCH_SLOTS_MAX;
  case OPTION_WARM_UP:
    options->warm_up_ns = (uint64_t)number * 1000000;
    return number >= 0;
  case OPTION_WINDOW:
    options->window_ns = (uint64_t)number * 1000000;
    return number > 0;
  default:
    return false;
  }
}

static struct bench_options read_options(int argc, char **argv, const struct bench_role *roles) {
  struct bench_options options = {
      .length = 64,
      .core = -1,
      .outstanding = 64,
      .destinations = 1000,
      .sockets = 10000,
      .in_flight = BENCH_IN_FLIGHT,
      .groups = BENCH_GROUPS_MAX,
      .slots = 4,
      .warm_up_ns = UINT64_C(100000000),
      .window_ns = UINT64_C(300000000),
  };
  long number;
  int letter;
  while ((letter = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
    if (!optarg || !read_number(optarg, -1, 10000000, &number) || !take(&options, letter, number)) {
      usage(argv[0], roles);
    }
  }
  if (optind != argc - 1) usage(argv[0], roles);
  return options;
}

int bench_main(int argc, char **argv, const struct bench_role *roles) {
  const struct bench_options options = read_options(argc, argv, roles);
  const uint64_t window_s = (options.warm_up_ns + options.window_ns) / UINT64_C(1000000000);
  alarm(WATCHDOG_S + (unsigned)window_s);
  run_on(options.core);
  for (const struct bench_role *role = roles; role->name != NULL; role++) {
    if (strcmp(role->name, argv[optind]) == 0) return role->run(&options);
  }
  usage(argv[0], roles);
}
