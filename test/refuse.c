/* refuse PROGRAM ARGUMENTS...: runs it where the system has no UDP_SEGMENT and no UDP_GRO, as
 * before Linux 4.18 and 5.0: a filter on system calls answers ENOPROTOOPT in its place. */

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { EXIT_SKIPPED = 77 };

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, (value))

/* Of an int argument the filter sees its lower half, which is first where it is not last. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LOAD_INT(n) LOAD(args[n])
#else
#define LOAD_INT(n) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[n]) + 4)
#endif

static int install(void) {
  struct sock_filter steps[] = {
      LOAD(nr),
      UNLESS(SYS_setsockopt, 6),
      LOAD_INT(1),
      UNLESS(IPPROTO_UDP, 4),
      LOAD_INT(2),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, UDP_SEGMENT, 1, 0),
      UNLESS(UDP_GRO, 1),
      ANSWER(SECCOMP_RET_ERRNO | ENOPROTOOPT),
      ANSWER(SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof steps / sizeof *steps, steps};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -1;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int refused(int name) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), zero = 0;
  return setsockopt(fd, IPPROTO_UDP, name, &zero, sizeof zero) < 0 && errno == ENOPROTOOPT;
}

int main(int count, char **words) {
  if (count < 2) return 2;
  if (install() < 0) {
    perror("skipped: a filter on system calls is not permitted here");
    return EXIT_SKIPPED;
  }
  if (!refused(UDP_SEGMENT) || !refused(UDP_GRO)) {
    fputs("the system does not refuse what it should\n", stderr);
    return 1;
  }
  execv(words[1], words + 1);
  perror(words[1]);
  return 1;
}
