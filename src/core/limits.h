/* Every limit of the library, with its unit and its reason. */

#ifndef DGRAM_CORE_LIMITS_H
#define DGRAM_CORE_LIMITS_H

#include "dgram.h"

enum {
  /* Bytes of payload in the largest UDP datagram: 65,535 less the headers of UDP (8) and IPv4 (20);
   * IPv6 does not count its own header in its length field. */
  DGRAM__PAYLOAD_MAX_IPV4 = 65507,
  DGRAM__PAYLOAD_MAX_IPV6 = 65527,

  DGRAM__PORT_MAX = 65535,

  /* Bytes of a host name without the final dot: RFC 1035 2.3.4 as text. Longer ones never reach the
   * resolver (CVE-2024-24806 was a name cut at 256). */
  DGRAM__NAME_MAX = 253,

  /* Bytes of the name of an interface, NUL included: IF_NAMESIZE. */
  DGRAM__INTERFACE_NAME_MAX = 16,

  /* Bytes of a text that names an interface, NUL included: Linux's alternative names (ALTIFNAMSIZ),
   * the longest that there are. */
  DGRAM__INTERFACE_TEXT_MAX = 128,

  /* Ranges of a block list at first, which doubles, and at most: 32 MiB; the longest public lists have
   * some hundred thousand. */
  DGRAM__BLOCK_RANGES_MIN = 16,
  DGRAM__BLOCK_RANGES_MAX = 1 << 20,

  /* Addresses kept of one lookup. More do not fit into a DNS answer over UDP without EDNS; the
   * first one is what a send or a bind uses. */
  DGRAM__LOOKUP_ADDRESSES_MAX = 32,

  /* Buckets of the table of lookups in flight at first; it doubles. */
  DGRAM__LOOKUP_BUCKETS_MIN = 64,

  /* The highest index of an interface that is read from text: nine digits, which fit into an int,
   * and are more interfaces than a system has. */
  DGRAM__INTERFACE_INDEX_MAX = 999999999,

  /* Interfaces looked at for a membership: a host with containers has some hundred. */
  DGRAM__INTERFACES_MAX = 1024,

  /* Names by which a socket has joined groups, "*" counted for each interface: four groups on all
   * that are looked at. The system's own limits for groups are lower, but it knows no names. */
  DGRAM__MEMBERSHIPS_MAX = 4096,

  /* What a queue holds before it is handed to the stack inside a call: so many datagrams, four of
   * the largest groups, or so many bytes, two of the largest, less what Ethernet carries. Several
   * groups a call are a quarter faster than one (measured, bare); more bytes leave the cache before
   * the kernel copies them (1200 B: 0.87 of the bare kernel with these, 0.75 with 512
   * datagrams). */
  DGRAM__SEND_BATCH = 512,
  DGRAM__SEND_BATCH_BYTES = 2 * 64000 - 1472,

  /* Messages of one sendmmsg. From 16 on their number matters little (measured: 2 to 128 within
   * noise). */
  DGRAM__SEND_MESSAGES = 64,

  /* Datagrams that leave as one (GSO): Linux's UDP_MAX_SEGMENTS, and what it was before 6.9; as
   * many come in one slot (GRO). */
  DGRAM__SEGMENTS_MAX = 128,
  DGRAM__SEGMENTS_OLD = 64,

  /* Bytes of payload in a group. At 65,507 loopback segments in software, and the receiver gets
   * single datagrams (measured). */
  DGRAM__GROUP_BYTES = 64000,

  /* Bytes of a payload that is copied next to its neighbours rather than being a piece of its own
   * (measured, in a group: 64 bytes 1.33 times faster, 512 equal, 1200 slower), and room for them:
   * four of the largest groups at 64 bytes. */
  DGRAM__PACK_LENGTH = 256,
  DGRAM__PACK_SIZE = 32768,

  /* Datagrams that a socket receives in one turn of the loop (rule 8): four of the largest groups,
   * and half a millisecond of work without groups. */
  DGRAM__RECEIVE_TURN = 512,

  /* Bytes of control messages with a slot, in the order in which the kernel writes them: of the
   * socket's level our time, or on a descriptor that was adopted whatever its owner has asked for
   * (three kinds of time, drops, mark and priority, 200 at most); the length of a segment, 24; then
   * addresses and interface, 40, hop limit, 24, TOS, 24. What an owner has asked for of IP's level
   * comes behind those. */
  DGRAM__CONTROL_SIZE = 320,

  /* Datagrams that one call is to bring, where traffic comes in groups: one large one. recvmmsg
   * gains nothing beyond 32 to 64 (measured). */
  DGRAM__RECEIVE_BATCH = 64,

  /* Datagrams of one socket that are sent, and callbacks of it that run, in one turn (rule 8); and
   * names that the lookup functions of a host's sockets are asked for. It bounds their number, not
   * the time: the callbacks are the program's, and where each datagram is a system call of its own
   * there are 1,024 of them, which takes some milliseconds. In batches there are sixteen. */
  DGRAM__SEND_TURN = 1024,

  /* Slots that a stack receives into, and their bytes. A slot holds the largest datagram, or a GRO
   * group. recvmmsg gains nothing beyond 32 (measured); a stack begins with 4. */
  DGRAM__SLOT_SIZE = 65536,
  DGRAM__SLOT_ALIGNMENT = 4096, /* a page: the kernel copies faster to its beginning (measured) */
  DGRAM__SLOTS_MIN = 4,
  DGRAM__SLOTS_MAX = 32,

  /* Calls to the system made again for one datagram because a signal interrupted them. Calls that
   * do not wait are hardly ever interrupted; eight times in a row is a fault. */
  DGRAM__RETRIES_MAX = 8,

  /* Failures of receiving that a socket reports in one turn of the loop. A socket holds one pending
   * error; more in a row are one that stays. */
  DGRAM__RECEIVE_ERRORS_TURN = 4,

  /* Receives in a row that found nothing, after which the uv stack asks whether the socket has been
   * shut down: a wake-up without a datagram happens, eight in a row hardly ever. */
  DGRAM__EMPTY_RECEIVES = 8,

  /* Turns in a row in which a socket was writable and yet took nothing, after which it rests. There
   * may be no room after all now and then; eight times in a row there is a reason that stays. */
  DGRAM__VAIN_TURNS = 8,

  /* Milliseconds that a socket is left alone that is ready, but only fails: a loop turns at most
   * twice for it, so eight times a second. */
  DGRAM__REST_MS = 250,

  /* Entries of a socket's error queue that are read in one turn: as many as datagrams, and more than
   * a receive buffer of the default size has room for (277), which datagrams and errors share. */
  DGRAM__ERROR_QUEUE_TURN = 512,

  /* Errors of ICMP that a call to send meets before what is left waits for the loop to read them:
   * with the largest batches a tenth of what that buffer has room for. */
  DGRAM__SEND_ERRORS_MAX = 32,

  /* Turns in a row that brought one datagram each, after which a socket is asked for one at a time,
   * and how often it is then asked for a batch all the same. A batch of one costs 7% more than
   * asking for one (measured); a flood that finds a socket asked for one is seen 8 turns later at
   * the latest. */
  DGRAM__LONE_TURNS = 3,
  DGRAM__LONE_PROBE = 8,

  /* How often in a row a socket that has been emptied is asked again in vain before the loop goes to
   * sleep, and how often in one turn; and after so many turns without it is tried once, by those
   * for whom it does not pay. Sleeping and being woken costs both sides together as much as some
   * calls (measured: 8 as good as 32; it has four bits), and a turn is not to last: 64 calls are 10
   * to 80 microseconds. Trying costs a busy program about 1%: eight calls in 256 turns of three. */
  DGRAM__SPINS_MAX = 8,
  DGRAM__SPINS_TURN = 64,
  DGRAM__SPIN_PROBE = 256,

  /* Pieces of all datagrams of one sendmmsg together: four groups of 128. The kernel's limit is
   * 1024 for each message. */
  DGRAM__SEND_PIECES = 512,

  /* Pieces of one datagram that a stack is handed: enough for the headers of a few layers and a
   * payload. Those of dgram_send_gather beyond it are copied into one; the kernel has its own limit
   * of 1024 for a whole system call (UIO_MAXIOV). */
  DGRAM__PARTS_MAX = DGRAM_PARTS_MAX,

  /* Bytes of a unix socket's path: those of sockaddr_un, less the 0 that Linux wants at the end of a
   * file's. An abstract name has none, so one more. */
  DGRAM__UNIX_PATH_MAX = 107,

  /* Datagrams in a send queue at first; it doubles. */
  DGRAM__QUEUE_CAPACITY_MIN = 64,

  /* Empty queues that a stack keeps for the next socket that sends, up to that capacity: as many as
   * sockets send in one turn, in a server that answers many; at most 26 MiB, where all have once
   * been that full. */
  DGRAM__QUEUE_CAPACITY_KEPT = 4096,
  DGRAM__SPARE_QUEUES_MAX = 64,

  /* One queue beyond that is kept too, up to this capacity, 14 MiB: who has queued so many once will
   * do so again, and to a queue that grows anew its pages cost more than its sends do (up to 11 us
   * a page in virtual machines). */
  DGRAM__DEEP_QUEUE_KEPT = 131072,

  /* Blocks that bytes without a callback are copied to: one block holds the largest datagram and
   * its dgram_send_info, or hundreds of small ones next to each other. Spare ones are kept up to 4
   * MiB a stack. */
  DGRAM__BLOCK_SIZE = 65536 + 256,
  DGRAM__SPARE_BLOCKS_MAX = 64,

  /* The send queue's default limits (rule 9): eight times what a busy server queues in a second's
   * stall of its network card's driver, still under 100 MB. */
  DGRAM__QUEUED_DATAGRAMS_DEFAULT = 262144,
  DGRAM__QUEUED_BYTES_DEFAULT = 64 * 1024 * 1024,

  /* Milliseconds that a closing socket waits for its sends (rule 6): a resolver's first timeout. */
  DGRAM__LINGER_DEFAULT_MS = 5000,

  /* Nanoseconds between two lines about unheard errors (rule 12). */
  DGRAM__UNHEARD_INTERVAL_NS = 1000000000,

  /* Bytes of the header of UDP (RFC 768), and of those of UDP and IPv4 without options (RFC 791
   * 3.1), of UDP and IPv6 (RFC 8200 3); the unit of a fragment's offset (RFC 791 3.1), what IP
   * carries at most, and the smallest MTU it knows. */
  DGRAM__UDP_HEADER = 8,
  DGRAM__OVERHEAD_IPV4 = 28,
  DGRAM__OVERHEAD_IPV6 = 48,
  DGRAM__FRAGMENT_UNIT = 8,
  DGRAM__IP_PAYLOAD_MAX = 65535,
  DGRAM__MTU_MIN = 68,

  /* Bytes of a message of ICMP about an error, which quotes as much as fits: RFC 1812 4.3.2.3, and
   * RFC 4443 2.4 (c). */
  DGRAM__ICMP_MAX_IPV4 = 576,
  DGRAM__ICMP_MAX_IPV6 = 1280,
  /* Bytes of the MTU of a simulated host's interfaces, Linux's of "lo"; seconds after which it
   * forgets what it was told of a way: RFC 1191 6.3 and RFC 8201 4 recommend ten minutes. */
  DGRAM__SIM_MTU = 65536,
  DGRAM__SIM_MTU_EXPIRES_S = 600,

  /* Bytes that wait in front of a link with a rate, unless set otherwise: 40 full frames. */
  DGRAM__LINK_QUEUE_DEFAULT = 65536,

  /* Nanoseconds that a link without a delay holds a datagram up, so that others overtake it. */
  DGRAM__LINK_REORDER_MIN_NS = 1000000,

  /* Hops that a simulated datagram may travel, unless set otherwise: Linux's default. */
  DGRAM__SIM_TTL = 64,

  /* Bytes that a simulated socket's buffers hold unless set otherwise: Linux's default SO_RCVBUF
   * and SO_SNDBUF. The most that can be asked for there, and the least that it gives; it gives
   * twice what it is asked for. */
  DGRAM__SIM_BUFFER = 212992,
  DGRAM__SIM_BUFFER_ASKED_MAX = 212992,
  DGRAM__SIM_RECEIVE_BUFFER_MIN = 2304,
  DGRAM__SIM_SEND_BUFFER_MIN = 4608,

  /* Bytes that a datagram takes there beside its payload. Linux charges its own structures too;
   * with 768 the buffer holds 256 datagrams of 64 bytes, what was measured there. */
  DGRAM__SIM_DATAGRAM_OVERHEAD = 768,

  /* Simulated datagrams up to so many bytes, one on Ethernet and some, are kept for the next; of
   * all that a world keeps, so many bytes: as many small ones as 80,000 hosts have under way. */
  DGRAM__SIM_DATAGRAM_SMALL = 2048,
  DGRAM__SIM_SPARE_BYTES_MAX = 16 * 1024 * 1024,

  /* Bytes of a simulated datagram's payload that are fetched into the cache before it arrives: what
   * small ones have. Those of a large one stand in a row, which the processor sees by itself. */
  DGRAM__SIM_PAYLOAD_AHEAD = 64,

  /* Datagrams that a simulated socket receives in one turn: fewer than its buffer holds, so that a
   * full one takes more than one. */
  DGRAM__SIM_RECEIVE_TURN = 128,

  /* Datagrams that the simulation tells at once: as many as DGRAM__SLOTS_MAX. */
  DGRAM__SIM_BATCH = 32,

  /* Nanoseconds of virtual time that a turn with something to do takes, so that timers come due
   * under a flood: a short turn of a real loop. */
  DGRAM__SIM_TURN_NS = 1000,

  /* The simulation's ephemeral ports: Linux's. */
  DGRAM__SIM_PORT_MIN = 32768,
  DGRAM__SIM_PORT_MAX = 60999
};

#endif
