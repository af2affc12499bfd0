#include "bare.h"

#include <arpa/inet.h>
#include <sys/epoll.h>

int bare_socket(void) {
  const struct sockaddr_in any = {.sin_family = AF_INET};
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) bench_die("socket");
  if (bind(fd, (const struct sockaddr *)&any, sizeof any) < 0) bench_die("bind");
  return fd;
}

struct sockaddr_in bare_local(int fd) {
  struct sockaddr_in local;
  socklen_t size = sizeof local;
  if (getsockname(fd, (struct sockaddr *)&local, &size) < 0) bench_die("getsockname");
  return local;
}

void bare_say_port(int fd) {
  bench_say_port(ntohs(bare_local(fd).sin_port));
}

int bare_epoll(int fd) {
  struct epoll_event event = {.events = EPOLLIN};
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) bench_die("epoll_create1");
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) bench_die("epoll_ctl");
  return epoll;
}

void bare_send_all(int fd, struct mmsghdr *headers, unsigned count) {
  for (unsigned done = 0; done < count;) {
    const int sent = sendmmsg(fd, headers + done, count - done, 0);
    if (sent < 0) bench_die("sendmmsg");
    done += (unsigned)sent;
  }
}

int main(int argc, char **argv) {
  static const struct bench_role roles[] = {
      {"send-gso", bare_send_gso},
      {"flood", bare_flood},
      {"send-mmsg", bare_send_mmsg},
      {"fan-out", bare_fan_out},
      {"receive-gro", bare_receive_gro},
      {"receive-mmsg", bare_receive_mmsg},
      {"reply-mmsg", bare_reply_mmsg},
      {"reply-msg", bare_reply_msg},
      {"request", bare_request},
      {"growth-sockets", bare_growth_sockets},
      {NULL, NULL},
  };
  return bench_main(argc, argv, roles);
}
