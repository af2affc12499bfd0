/* Random programs in simulated networks: what they are, and what is checked, stands in property.h.
 *
 *   DGRAM_TEST_SEED     the first program's seed; 1
 *   DGRAM_TEST_COUNT    how many programs; 100
 *   DGRAM_TEST_JOBS     how many processes share them; 1
 *   DGRAM_TEST_BUDGET   how many runs the shrinking may take; 6000. 0: none
 *   DGRAM_TEST_TRACE    tells each call and callback, on standard error
 *   DGRAM_TEST_PRINT    prints the programs in place of running them */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "judge.h"

enum { JOBS = 64, TWICE = 4, ENOUGH = 2500 };

static uint64_t number_of(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);

  return text != NULL ? strtoull(text, NULL, 0) : otherwise;
}

/* ---- one that fails ---- */

static bool fails_likewise(const struct property_program *program, void *data) {
  const struct property_report *wanted = data;
  struct property_report report;

  if (property_holds(program, strcmp(wanted->key, "same") == 0, true, &report)) return false;
  return strcmp(report.key, wanted->key) == 0;
}

static void tell(uint64_t seed, const struct property_report *failed) {
  const unsigned budget = (unsigned)number_of("DGRAM_TEST_BUDGET", 6000);
  struct property_program program;
  struct property_report report = *failed;
  unsigned count;

  printf("\nseed %" PRIu64 " fails: [%s] %s\n", seed, failed->key, failed->text);
  printf("  again:  DGRAM_TEST_SEED=%" PRIu64 " DGRAM_TEST_COUNT=1 DGRAM_TEST_TRACE=1 %s\n", seed,
         program_invocation_name);
  if (budget == 0) return;
  fflush(stdout);
  property_generate(seed, &program);
  count = program.count;
  if (!fails_likewise(&program, &report)) {
    printf("  alone it holds: it needs the programs that the process ran before\n");
    return;
  }
  property_shrink(&program, budget, fails_likewise, &report);
  (void)property_holds(&program, strcmp(report.key, "same") == 0,
                       getenv("DGRAM_TEST_TRACE") == NULL, &report);
  printf("\nshrunken from %u steps to %u: [%s] %s\n", count, program.count, report.key,
         report.text);
  property_print(&program, stdout);
  fflush(stdout);
}

/* ---- all of them ---- */

struct job {
  pid_t pid;
  struct property_report *report;
};

static void run_share(uint64_t first, uint64_t count, uint64_t stride,
                      struct property_report *report) {
  const bool trace = getenv("DGRAM_TEST_TRACE") != NULL;
  static struct property_program program;

  for (uint64_t i = first; i < first + count; i += stride) {
    property_generate(i, &program);
    if (getenv("DGRAM_TEST_PRINT") != NULL) {
      property_print(&program, stdout);
      fflush(stdout);
      continue;
    }
    property_try(&program, i % TWICE == 0 || count == 1, report, trace);
  }
}

static void add_up(struct property_report *sum, const struct property_report *report) {
  sum->programs += report->programs;
  sum->steps += report->steps;
  sum->events += report->events;
  sum->sent += report->sent;
  sum->duplicated += report->duplicated;
  sum->delivered += report->delivered;
  sum->callbacks += report->callbacks;
  for (unsigned i = 0; i < DGRAM_DROP_COUNT; i++)
    sum->dropped[i] += report->dropped[i];
  for (unsigned i = 0; i < PROPERTY_CALLS; i++) {
    sum->called[i] += report->called[i];
    sum->answered[i] += report->answered[i];
  }
}

static void summarise(const struct property_report *sum) {
  static const char *const causes[DGRAM_DROP_COUNT] = {"",          "loss",       "full links",
                                                       "mtu",       "links down", "no host",
                                                       "no socket", "buffers",    "closed hosts"};

  printf("%" PRIu64 " runs, %" PRIu64 " steps, %" PRIu64 " callbacks, %" PRIu64 " events; %" PRIu64
         " sent + %" PRIu64 " doubled, %" PRIu64 " delivered; dropped:",
         sum->programs, sum->steps, sum->callbacks, sum->events, sum->sent, sum->duplicated,
         sum->delivered);
  for (unsigned i = 1; i < DGRAM_DROP_COUNT; i++)
    printf(" %s %" PRIu64, causes[i], sum->dropped[i]);
  putchar('\n');
}

/* A test that never does what it checks is worse than none. */
static void check_coverage(const struct property_report *sum) {
  for (unsigned i = 0; i < PROPERTY_CALLS; i++) {
    const bool is_refusal = i == PROPERTY_NESTED;
    if ((is_refusal ? sum->answered[i] : sum->called[i]) > 0) continue;
    print_message("call %u never succeeds\n", i);
    fail();
  }
  for (unsigned i = 1; i < DGRAM_DROP_COUNT; i++) {
    if (sum->dropped[i] == 0) print_message("nothing is dropped by cause %u\n", i);
    assert_true(sum->dropped[i] > 0);
  }
  assert_true(sum->duplicated > 0);
}

static unsigned end_jobs(struct job *jobs, unsigned count, struct property_report *sum) {
  uint64_t failed_seed = 0;
  unsigned failed = 0;
  struct property_report worst;

  for (unsigned i = 0; i < count; i++) {
    int status;
    assert_int_equal(waitpid(jobs[i].pid, &status, 0), jobs[i].pid);
    add_up(sum, jobs[i].report);
    if (property_judge(status, jobs[i].report)) continue;
    if (failed++ > 0 && failed_seed < jobs[i].report->seed) continue;
    failed_seed = jobs[i].report->seed;
    worst = *jobs[i].report;
  }
  if (failed > 0) tell(failed_seed, &worst);
  return failed;
}

static void programs(void **state) {
  const uint64_t seed = number_of("DGRAM_TEST_SEED", 1);
  const uint64_t count = number_of("DGRAM_TEST_COUNT", 100);
  const uint64_t wanted = number_of("DGRAM_TEST_JOBS", 1);
  const unsigned job_count = (unsigned)(wanted < JOBS ? wanted : JOBS);
  struct property_report sum = {0};
  struct job jobs[JOBS];

  (void)state;
  print_message("programs %" PRIu64 " to %" PRIu64 "\n", seed, seed + count - 1);
  fflush(NULL);
  for (unsigned i = 0; i < job_count; i++) {
    jobs[i].report = property_new_report();
    jobs[i].pid = fork();
    assert_true(jobs[i].pid >= 0);
    if (jobs[i].pid > 0) continue;
    if (i < count) run_share(seed + i, count - i, job_count, jobs[i].report);
    _exit(0);
  }
  assert_int_equal(end_jobs(jobs, job_count, &sum), 0);
  summarise(&sum);
  if (count >= ENOUGH) check_coverage(&sum);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(programs)};

  return cmocka_run_group_tests(tests, NULL, NULL);
}
