#include "stack/sim/trace.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Of pcapng: types of blocks (section 4), codes of options (3.5, 4.2), the type of link whose
 * packets begin with a header of IP. */
enum {
  BLOCK_SECTION = 0x0a0d0d0a,
  BLOCK_INTERFACE = 1,
  BLOCK_PACKET = 6,
  BYTE_ORDER = 0x1a2b3c4d,
  OPTION_END = 0,
  OPTION_COMMENT = 1,
  OPTION_RESOLUTION = 9,
  LINKTYPE_RAW = 101
};

enum { HEADER_IPV4 = 20, HEADER_IPV6 = 40, HEADER_UDP = 8, PROTOCOL_UDP = 17, HOP_LIMIT = 64 };

/* ---- blocks ---- */

static void put_bytes(struct sim_trace *trace, const void *bytes, size_t length) {
  assert(length <= sizeof trace->block - trace->length);
  if (length > 0) memcpy(trace->block + trace->length, bytes, length);
  trace->length += length;
}

static void put16(struct sim_trace *trace, uint32_t value) {
  put_bytes(trace, (const unsigned char[]){value & 0xff, value >> 8 & 0xff}, 2);
}

static void put32(struct sim_trace *trace, uint32_t value) {
  put16(trace, value & 0xffff);
  put16(trace, value >> 16);
}

/* The network's order. */
static void put16_net(struct sim_trace *trace, uint32_t value) {
  put_bytes(trace, (const unsigned char[]){value >> 8 & 0xff, value & 0xff}, 2);
}

static void set16_net(unsigned char *at, uint32_t value) {
  at[0] = value >> 8 & 0xff;
  at[1] = value & 0xff;
}

static void set32(unsigned char *at, uint32_t value) {
  for (int i = 0; i < 4; i++)
    at[i] = value >> (8 * i) & 0xff;
}

/* Fills up to the next multiple of four bytes. */
static void pad(struct sim_trace *trace) {
  put_bytes(trace, (const unsigned char[3]){0}, (4 - trace->length % 4) % 4);
}

static void put_option(struct sim_trace *trace, unsigned code, const void *bytes, size_t length) {
  put16(trace, code);
  put16(trace, (uint32_t)length);
  put_bytes(trace, bytes, length);
  pad(trace);
}

static void begin_block(struct sim_trace *trace, uint32_t type) {
  trace->length = 0;
  put32(trace, type);
  put32(trace, 0); /* its length, which end_block knows */
}

/* A block's length stands at both its ends. */
static void end_block(struct sim_trace *trace) {
  const uint32_t length = (uint32_t)trace->length + 4;

  put32(trace, length);
  set32(trace->block + 4, length);
  if (trace->cb(trace->block, trace->length, trace->data) != 0) sim_trace_end(trace);
}

static void put_section(struct sim_trace *trace) {
  begin_block(trace, BLOCK_SECTION);
  put32(trace, BYTE_ORDER);
  put16(trace, 1); /* version 1.0 */
  put16(trace, 0);
  put32(trace, UINT32_MAX); /* the section's length is not known */
  put32(trace, UINT32_MAX);
  end_block(trace);
}

static void put_interface(struct sim_trace *trace) {
  begin_block(trace, BLOCK_INTERFACE);
  put16(trace, LINKTYPE_RAW);
  put16(trace, 0);
  put32(trace, 0); /* no limit: packets are whole */
  put_option(trace, OPTION_RESOLUTION, (const unsigned char[]){9}, 1); /* times in ns */
  put_option(trace, OPTION_END, NULL, 0);
  end_block(trace);
}

/* ---- packets ---- */

/* The four bytes of an address that travels by IPv4, else NULL. */
static const uint8_t *ipv4_of(const dgram_address *address) {
  static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

  if (address->family == DGRAM_IPV4) return address->bytes;
  return memcmp(address->bytes, mapped, sizeof mapped) == 0 ? address->bytes + 12 : NULL;
}

/* The Internet's checksum (RFC 1071), goes on from a sum. */
static uint32_t sum_up(uint32_t sum, const unsigned char *bytes, size_t length) {
  for (; length > 1; bytes += 2, length -= 2)
    sum += (uint32_t)bytes[0] << 8 | bytes[1];
  return length == 1 ? sum + ((uint32_t)bytes[0] << 8) : sum;
}

static uint32_t checksum_of(uint32_t sum) {
  while (sum > 0xffff)
    sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

static uint8_t hop_limit_of(const struct sim_trace_datagram *datagram) {
  return datagram->hop_limit == 0 ? HOP_LIMIT : datagram->hop_limit;
}

/* RFC 791 3.1. Without an identification, which only fragments need (RFC 6864 4.1). */
static void put_ipv4(struct sim_trace *trace, const struct sim_trace_datagram *datagram,
                     const uint8_t *from, const uint8_t *to) {
  const size_t start = trace->length;
  const unsigned char flags = datagram->dont_fragment ? 0x40 : 0;
  const unsigned char rest[] = {0, 0, flags, 0, hop_limit_of(datagram), PROTOCOL_UDP, 0, 0};
  unsigned char *header = trace->block + start;

  put_bytes(trace, (const unsigned char[]){0x45, datagram->tos}, 2);
  put16_net(trace, (uint32_t)(HEADER_IPV4 + HEADER_UDP + datagram->datagram->length));
  put_bytes(trace, rest, sizeof rest);
  put_bytes(trace, from, 4);
  put_bytes(trace, to, 4);
  set16_net(header + 10, checksum_of(sum_up(0, header, HEADER_IPV4)));
}

/* RFC 8200 3. */
static void put_ipv6(struct sim_trace *trace, const struct sim_trace_datagram *datagram) {
  const unsigned char start[] = {0x60 | datagram->tos >> 4, (datagram->tos & 15) << 4, 0, 0};

  put_bytes(trace, start, sizeof start);
  put16_net(trace, (uint32_t)(HEADER_UDP + datagram->datagram->length));
  put_bytes(trace, (const unsigned char[]){PROTOCOL_UDP, hop_limit_of(datagram)}, 2);
  put_bytes(trace, datagram->from.bytes, 16);
  put_bytes(trace, datagram->datagram->to.bytes, 16);
}

static void put_payload(struct sim_trace *trace, const dgram_datagram *datagram) {
  const dgram_buffer *parts = datagram->bytes;

  if (datagram->parts == 0) put_bytes(trace, datagram->bytes, datagram->length);
  for (uint32_t i = 0; i < datagram->parts; i++)
    put_bytes(trace, parts[i].bytes, parts[i].length);
}

/* RFC 768. The two addresses, of so many bytes each, stand right before, as in both headers of IP;
 * with length and protocol they are the pseudo-header (RFC 8200 8.1), whose fields may be summed in
 * any order. */
static void put_udp(struct sim_trace *trace, const struct sim_trace_datagram *datagram,
                    size_t address_size) {
  const size_t length = HEADER_UDP + datagram->datagram->length;
  unsigned char *header = trace->block + trace->length;
  uint32_t checksum;

  put16_net(trace, datagram->from.port);
  put16_net(trace, datagram->datagram->to.port);
  put16_net(trace, (uint32_t)length);
  put16_net(trace, 0);
  put_payload(trace, datagram->datagram);
  checksum = checksum_of(sum_up((uint32_t)length + PROTOCOL_UDP, header - 2 * address_size,
                                2 * address_size + length));
  set16_net(header + 6, checksum == 0 ? 0xffff : checksum); /* 0 stands for "none" */
}

static void put_packet(struct sim_trace *trace, const struct sim_trace_datagram *datagram) {
  const uint8_t *from = ipv4_of(&datagram->from);
  const uint8_t *to = ipv4_of(&datagram->datagram->to);

  assert((from == NULL) == (to == NULL));
  if (to != NULL) {
    put_ipv4(trace, datagram, from, to);
    put_udp(trace, datagram, 4);
  } else {
    put_ipv6(trace, datagram);
    put_udp(trace, datagram, 16);
  }
}

/* ---- comments ---- */

/* Times in a comment: "20.000 ms". */
#define MILLISECONDS PRIu64 ".%03" PRIu64 " ms"
#define MILLISECONDS_OF(ns) (uint64_t)(ns) / DGRAM_MILLISECOND, (uint64_t)(ns) / 1000 % 1000

static const char *drop_text(enum dgram_drop drop) {
  static const char *const texts[DGRAM_DROP_COUNT] = {[DGRAM_DROP_NONE] = "does not arrive",
                                                      [DGRAM_DROP_LOSS] = "lost",
                                                      [DGRAM_DROP_QUEUE] = "queue full",
                                                      [DGRAM_DROP_MTU] = "larger than the mtu",
                                                      [DGRAM_DROP_DOWN] = "link down",
                                                      [DGRAM_DROP_NO_HOST] = "no such host",
                                                      [DGRAM_DROP_NO_SOCKET] =
                                                          "nobody has the port",
                                                      [DGRAM_DROP_BUFFER] = "receive buffer full",
                                                      [DGRAM_DROP_CLOSED] = "host gone"};

  return texts[drop];
}

static int write_fate(char *text, size_t size, uint64_t time_ns, const dgram_fate *fate) {
  const uint64_t first_ns = fate->at_ns[0] - time_ns;
  const uint64_t second_ns = fate->at_ns[1] - time_ns;

  switch (fate->copies) {
  case 0:
    return snprintf(text, size, "%s", drop_text(fate->drop));
  case 1:
    return snprintf(text, size, "arrives after %" MILLISECONDS, MILLISECONDS_OF(first_ns));
  default:
    return snprintf(text, size, "arrives twice, after %" MILLISECONDS " and %" MILLISECONDS,
                    MILLISECONDS_OF(first_ns), MILLISECONDS_OF(second_ns));
  }
}

/* The address where there is no name. */
static const char *host_name(const char *name, const dgram_address *address, char *text) {
  if (name != NULL) return name;
  (void)dgram_address_format(address, text, DGRAM_ADDRESS_TEXT);
  return text;
}

/* "client -> server: arrives after 20.000 ms" */
static void put_comment(struct sim_trace *trace, const struct sim_trace_datagram *datagram) {
  char comment[SIM_TRACE_COMMENT], from[DGRAM_ADDRESS_TEXT], to[DGRAM_ADDRESS_TEXT];
  int length;

  length = snprintf(comment, sizeof comment, "%.*s -> %.*s: ", DGRAM__NAME_MAX,
                    host_name(datagram->from_name, &datagram->from, from), DGRAM__NAME_MAX,
                    host_name(datagram->to_name, &datagram->datagram->to, to));
  length += write_fate(comment + length, sizeof comment - (size_t)length, datagram->time_ns,
                       datagram->fate);
  assert((size_t)length < sizeof comment);
  put_option(trace, OPTION_COMMENT, comment, (size_t)length);
}

/* ---- what the world calls ---- */

int sim_trace_begin(struct sim_trace *trace, dgram_sim_write_cb cb, void *data) {
  trace->cb = cb;
  trace->data = data;
  if (cb == NULL) return 0;
  put_section(trace);
  if (trace->cb != NULL) put_interface(trace);
  return trace->cb != NULL ? 0 : DGRAM_EIO;
}

void sim_trace_datagram(struct sim_trace *trace, const struct sim_trace_datagram *datagram) {
  size_t start;

  if (trace->cb == NULL) return;
  begin_block(trace, BLOCK_PACKET);
  put32(trace, 0); /* the first interface, the only one */
  put32(trace, (uint32_t)(datagram->time_ns >> 32));
  put32(trace, datagram->time_ns & UINT32_MAX);
  put32(trace, 0); /* the packet's length, as captured and as it was */
  put32(trace, 0);
  start = trace->length;
  put_packet(trace, datagram);
  set32(trace->block + start - 8, (uint32_t)(trace->length - start));
  set32(trace->block + start - 4, (uint32_t)(trace->length - start));
  pad(trace);
  put_comment(trace, datagram);
  put_option(trace, OPTION_END, NULL, 0);
  end_block(trace);
}

void sim_trace_end(struct sim_trace *trace) {
  trace->cb = NULL;
}
