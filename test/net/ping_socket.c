/* ICMP sockets (ping_socket 4|6) are datagram sockets of the family, bound to a "port" too; but
 * what they say is not UDP, so none is adopted. They can be made where the system permits it, which
 * a network of one's own can be told to. */

#include "net.h"

static struct net_box box;

static void refuse(int family, int protocol) {
  dgram_bind_options adopt = {.fd = socket(family, SOCK_DGRAM, protocol)};
  NET_CHECK(adopt.fd > 0);
  NET_CODE(net_bind_to(&box, &adopt), DGRAM_EFDTYPE);
  NET_CHECK(fcntl(adopt.fd, F_GETFD) >= 0);
  close(adopt.fd);
}

int main(int count, char **words) {
  bool six = count == 2 && words[1][0] == '6';
  dgram_socket_options options = {.type = six ? DGRAM_UDP6 : DGRAM_UDP4};
  net_begin();
  net_create(&box, &options);
  refuse(six ? AF_INET6 : AF_INET, six ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
  NET_CODE(net_bind_to(&box, NULL), 0);
  net_close(&box);
  net_end();
  return 0;
}
