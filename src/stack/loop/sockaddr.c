/* Runs once or twice for each datagram, so it copies fields and nothing else. */

#include "stack/loop/sockaddr.h"

#include <string.h>

static socklen_t to_ipv4(const dgram_address *address, struct sockaddr_in *ret) {
  memset(ret, 0, sizeof *ret);
  ret->sin_family = AF_INET;
  ret->sin_port = htons(address->port);
  memcpy(&ret->sin_addr, address->bytes, sizeof ret->sin_addr);
  return sizeof *ret;
}

static socklen_t to_ipv6(const dgram_address *address, struct sockaddr_in6 *ret) {
  memset(ret, 0, sizeof *ret);
  ret->sin6_family = AF_INET6;
  ret->sin6_port = htons(address->port);
  ret->sin6_scope_id = address->scope_id;
  memcpy(&ret->sin6_addr, address->bytes, sizeof ret->sin6_addr);
  return sizeof *ret;
}

socklen_t loop_address_to_sockaddr(const dgram_address *address,
                                   union loop_sockaddr *ret_sockaddr) {
  if (address->family == DGRAM_IPV4) return to_ipv4(address, &ret_sockaddr->ipv4);
  return address->family == DGRAM_IPV6 ? to_ipv6(address, &ret_sockaddr->ipv6) : 0;
}

static void from_ipv4(const struct sockaddr_in *sockaddr, dgram_address *ret_address) {
  ret_address->family = DGRAM_IPV4;
  ret_address->port = ntohs(sockaddr->sin_port);
  memcpy(ret_address->bytes, &sockaddr->sin_addr, sizeof sockaddr->sin_addr);
}

static void from_ipv6(const struct sockaddr_in6 *sockaddr, dgram_address *ret_address) {
  ret_address->family = DGRAM_IPV6;
  ret_address->port = ntohs(sockaddr->sin6_port);
  ret_address->scope_id = sockaddr->sin6_scope_id;
  memcpy(ret_address->bytes, &sockaddr->sin6_addr, sizeof sockaddr->sin6_addr);
}

void loop_address_from_sockaddr(const struct sockaddr *sockaddr, dgram_address *ret_address) {
  memset(ret_address, 0, sizeof *ret_address);
  if (sockaddr->sa_family == AF_INET) from_ipv4((const void *)sockaddr, ret_address);
  if (sockaddr->sa_family == AF_INET6) from_ipv6((const void *)sockaddr, ret_address);
  if (sockaddr->sa_family == AF_UNIX) ret_address->family = DGRAM_UNIX;
}
