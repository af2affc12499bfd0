/* A trace of a simulated network, as pcapng (draft-ietf-opsawg-pcapng): what Wireshark, tshark and
 * tcpdump read. Each datagram is a packet with headers of IP and UDP, whole, and has a comment that
 * says between which hosts it went and what became of it.
 *
 * Every block is one call of the user's callback. Numbers are little-endian and nothing is asked of
 * the system, so the same run gives the same bytes on every machine. */

#ifndef DGRAM_STACK_SIM_TRACE_H
#define DGRAM_STACK_SIM_TRACE_H

#include "core/limits.h"
#include "dgram.h"
#include "dgram/sim.h"

enum {
  SIM_TRACE_HEADERS = 40 + 8,                    /* of IPv6 and UDP, the longest */
  SIM_TRACE_COMMENT = 2 * DGRAM__NAME_MAX + 128, /* two names and the longest fate */

  /* The longest block: what stands before and after, a packet, an option; both padded. */
  SIM_TRACE_BLOCK =
      40 + SIM_TRACE_HEADERS + DGRAM__PAYLOAD_MAX_IPV6 + 3 + SIM_TRACE_COMMENT + 3 + 12
};

/* 66 KiB, the only memory that a trace needs. It has to stay until a call of these functions is
 * over, since the callback may end the trace. */
struct sim_trace {
  dgram_sim_write_cb cb; /* NULL: nothing is traced, or no more */
  void *data;
  size_t length; /* of the block that is being written */
  unsigned char block[SIM_TRACE_BLOCK];
};

/* A datagram on one way. Of a multicast there is one for each receiver. Borrows all. */
struct sim_trace_datagram {
  uint64_t time_ns; /* when it is sent */
  dgram_address from;
  const dgram_datagram *datagram; /* its destination in `to`, its bytes in one piece or in parts */
  uint8_t hop_limit;              /* TTL; 0: 64 */
  uint8_t tos;                    /* or traffic class */
  bool dont_fragment;             /* a flag of IPv4 */
  const char *from_name;          /* of the hosts; NULL: they have none */
  const char *to_name;
  const dgram_fate *fate;
};

/* Begins a trace: writes what stands in front of the datagrams.
 *
 * cb      NULL: nothing is traced.
 * Errors  DGRAM_EIO: the callback refused; then nothing is traced. */
int sim_trace_begin(struct sim_trace *trace, dgram_sim_write_cb cb, void *data);

/* Writes a datagram. Nothing where nothing is traced; a callback that refuses ends the trace.
 * Addresses that are IPv4 in IPv6's clothes (::ffff:a.b.c.d) travel by IPv4. */
void sim_trace_datagram(struct sim_trace *trace, const struct sim_trace_datagram *datagram);

/* Ends a trace. There is nothing to write: a file may be cut off after any block. */
void sim_trace_end(struct sim_trace *trace);

#endif
