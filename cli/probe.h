/* probe.h: what this system and its interfaces can do, found out by asking the kernel. */

#ifndef CLI_PROBE_H
#define CLI_PROBE_H

#include <stdbool.h>
#include <stddef.h>

/* What the kernel can do for UDP sockets, whichever way they go. */
struct probe_system {
  int segments; /* datagrams that leave as one (GSO); 0: none */
  bool joins;   /* and come as one (GRO) */
  bool batches; /* recvmmsg, sendmmsg */
  bool time_ns; /* the kernel's time with each datagram */
  bool reuse_port;
  bool icmp_errors; /* answers of ICMP, for sockets that ask */
  bool path_mtu;
  bool ipv6;
  long receive_buffer; /* bytes that a socket gets; -1: unknown */
  long receive_buffer_max;
  long send_buffer;
  long send_buffer_max;
};

/* What a device can do by itself. -1: it does not say. */
struct probe_device {
  int segments;      /* takes groups apart: tx-udp-segmentation */
  int joins;         /* joins what it forwards: rx-udp-gro-forwarding */
  int hardware_time; /* has a clock of its own for what comes */
  int mtu;           /* bytes */
};

void probe_system(struct probe_system *ret_system);

/* interface: its name. */
void probe_device(const char *interface, struct probe_device *ret_device);

#endif
