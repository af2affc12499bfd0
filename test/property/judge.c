/* A run in a process of its own: one that fails ends there, also by a signal or not at all. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "judge.h"

enum { TIMEOUT_S = 10 };

struct property_report *property_new_report(void) {
  void *memory = mmap(NULL, sizeof(struct property_report), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  if (memory == MAP_FAILED) abort();
  return memory;
}

static void shut_errors(void) {
  const int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

  if (fd >= 0) (void)dup2(fd, STDERR_FILENO);
}

/* Runs it; a second time where both shall be the same. */
void property_try(const struct property_program *program, bool twice,
                  struct property_report *report, bool trace) {
  uint64_t first;
  uint64_t second;

  alarm(TIMEOUT_S);
  report->seed = program->seed;
  first = property_run(program, report, trace);
  if (!twice) return;
  second = property_run(program, report, false);
  if (first == second) return;
  snprintf(report->key, sizeof report->key, "same");
  snprintf(report->text, sizeof report->text, "a second run is another: %llx, then %llx",
           (unsigned long long)first, (unsigned long long)second);
  _exit(1);
}

/* A check has told its reason; all else is told by how the process ended. */
bool property_judge(int status, struct property_report *report) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  if (report->key[0] != '\0') return false;
  if (WIFSIGNALED(status)) {
    snprintf(report->key, sizeof report->key, "signal %d", WTERMSIG(status));
    snprintf(report->text, sizeof report->text, "%s", strsignal(WTERMSIG(status)));
  } else {
    snprintf(report->key, sizeof report->key, "exit %d", WEXITSTATUS(status));
    snprintf(report->text, sizeof report->text, "the process ended");
  }
  return false;
}

bool property_holds(const struct property_program *program, bool twice, bool quiet,
                    struct property_report *ret_report) {
  static struct property_report *shared;
  bool holds;
  int status;
  pid_t pid;

  if (shared == NULL) shared = property_new_report();
  memset(shared, 0, sizeof *shared);
  fflush(NULL);
  pid = fork();
  if (pid < 0) abort();
  if (pid == 0) {
    if (quiet) shut_errors();
    property_try(program, twice, shared, !quiet);
    _exit(0);
  }
  if (waitpid(pid, &status, 0) != pid) abort();
  holds = property_judge(status, shared);
  *ret_report = *shared;
  return holds;
}
