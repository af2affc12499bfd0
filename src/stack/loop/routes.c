/* Which interface the system chooses for a group.
 *
 * The kernel does not tell by which interface a socket has joined where it had the choice, so its
 * routes are asked before: rtnetlink(7). Where that is not possible, or no way leads there, it is
 * left to the kernel, which also answers why it cannot. */

#include "stack/loop/loop.h"

#if defined(__linux__)

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct question {
  struct nlmsghdr header;
  struct rtmsg route;
  struct rtattr attribute;
  uint8_t address[16];
};

/* A route has some twenty attributes, of four or sixteen bytes. */
union answer {
  struct nlmsghdr header;
  char bytes[2048];
};

static struct question question_of(const dgram_address *group) {
  const size_t length = group->family == DGRAM_IPV6 ? 16 : 4;
  struct question question = {
      .header = {.nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST},
      .route = {.rtm_family = group->family == DGRAM_IPV6 ? AF_INET6 : AF_INET,
                .rtm_dst_len = (unsigned char)(length * 8)},
      .attribute = {.rta_type = RTA_DST, .rta_len = (unsigned short)RTA_LENGTH(length)}};
  question.header.nlmsg_len = (uint32_t)(offsetof(struct question, attribute) + RTA_SPACE(length));
  memcpy(question.address, group->bytes, length);
  return question;
}

/* Bytes of the answer, which is there when the question has been taken; or less than 1. */
static ssize_t ask(const dgram_address *group, union answer *ret_answer) {
  const struct question question = question_of(group);
  ssize_t length = -1;
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return -1;
  if (send(fd, &question, question.header.nlmsg_len, 0) >= 0)
    length = recv(fd, ret_answer, sizeof *ret_answer, MSG_DONTWAIT);
  close(fd);
  return length;
}

static unsigned read_interface(const struct nlmsghdr *header) {
  const struct rtmsg *route = NLMSG_DATA(header);
  int left = (int)RTM_PAYLOAD(header), index = 0;
  const struct rtattr *attribute = RTM_RTA(route);
  for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    if (attribute->rta_type == RTA_OIF && RTA_PAYLOAD(attribute) >= sizeof index)
      memcpy(&index, RTA_DATA(attribute), sizeof index);
  }
  return index > 0 ? (unsigned)index : 0;
}

unsigned loop_group_interface(dgram_stack *stack, const dgram_address *group) {
  union answer answer;
  (void)stack;
  ssize_t length = ask(group, &answer);
  if (length < (ssize_t)NLMSG_LENGTH(sizeof(struct rtmsg))) return 0;
  if (!NLMSG_OK(&answer.header, (size_t)length)) return 0;
  return answer.header.nlmsg_type == RTM_NEWROUTE ? read_interface(&answer.header) : 0;
}

#else

unsigned loop_group_interface(dgram_stack *stack, const dgram_address *group) {
  (void)stack;
  (void)group;
  return 0;
}

#endif
