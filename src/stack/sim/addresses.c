/* Addresses as the simulation has them: IPv4 as ::ffff:a.b.c.d, so that the families compare. */

#include <string.h>

#include "stack/sim/sim.h"

static const struct sim_ip any_ipv6;
static const struct sim_ip any_ipv4 = {{[10] = 0xff, [11] = 0xff}};
static const struct sim_ip loopback_ipv6 = {{[15] = 1}};
static const struct sim_ip loopback_ipv4 = {{[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}};

bool sim_ip_is_ipv4(const struct sim_ip *ip) {
  return memcmp(ip->bytes, any_ipv4.bytes, 12) == 0;
}

bool sim_ip_is_any(const struct sim_ip *ip) {
  return sim_ip_same(ip, &any_ipv6) || sim_ip_same(ip, &any_ipv4);
}

/* Linux has all of 127.0.0.0/8 on "lo". */
bool sim_ip_is_loopback(const struct sim_ip *ip) {
  return sim_ip_is_ipv4(ip) ? ip->bytes[12] == 127 : sim_ip_same(ip, &loopback_ipv6);
}

bool sim_ip_is_link_local(const struct sim_ip *ip) {
  return ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}

bool sim_ip_is_group(const struct sim_ip *ip) {
  return sim_ip_is_ipv4(ip) ? (ip->bytes[12] & 0xf0) == 0xe0 : ip->bytes[0] == 0xff;
}

bool sim_ip_needs_scope(const struct sim_ip *ip) {
  return sim_ip_is_link_local(ip) || (ip->bytes[0] == 0xff && (ip->bytes[1] & 0x0f) == 2);
}

bool sim_ip_is_broadcast(const struct sim_ip *ip) {
  const uint8_t *bytes = ip->bytes + 12;
  bool rest_is_ones = bytes[1] == 255 && bytes[2] == 255 && bytes[3] == 255;
  return sim_ip_is_ipv4(ip) && (bytes[0] == 127 || bytes[0] == 255) && rest_is_ones;
}

struct sim_ip sim_ip_any(bool ipv4) {
  return ipv4 ? any_ipv4 : any_ipv6;
}

struct sim_ip sim_ip_loopback(bool ipv4) {
  return ipv4 ? loopback_ipv4 : loopback_ipv6;
}

struct sim_ip sim_ip_of(const dgram_address *address) {
  struct sim_ip ip = any_ipv4;
  if (address->family == DGRAM_IPV4)
    memcpy(ip.bytes + 12, address->bytes, 4);
  else
    memcpy(ip.bytes, address->bytes, 16);
  return ip;
}

dgram_address sim_stack_address(int type, const struct sim_ip *ip, uint16_t port) {
  dgram_address address = {.family = DGRAM_IPV6, .port = port};
  if (type == DGRAM_UDP4) {
    address.family = DGRAM_IPV4;
    memcpy(address.bytes, ip->bytes + 12, 4);
  } else {
    memcpy(address.bytes, ip->bytes, 16);
  }
  return address;
}

dgram_address sim_ip_address(const struct sim_ip *ip) {
  return sim_stack_address(sim_ip_is_ipv4(ip) ? DGRAM_UDP4 : DGRAM_UDP6, ip, 0);
}
