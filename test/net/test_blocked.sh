#!/usr/bin/env bash
# A device slower than the sender: the kernel's buffers fill, and everything that is sent is
# accounted for.

. "$(dirname "$0")/lib.sh"
need tc
host B

mac() { # host device
  on "$1" ip -o link show "$2" | sed 's/.*link.ether \([^ ]*\).*/\1/'
}

# Only IPv4, and nobody has to ask for the other's address: the device has no packets but the
# test's.
connect() {
  cable A va 11 B vb 22
  address A va 10.9.0.1/24
  address B vb 10.9.0.2/24
  ip neigh replace 10.9.0.2 dev va lladdr "$(mac B vb)"
  on B ip neigh replace 10.9.0.1 dev vb lladdr "$(mac A va)"
}

shape() { # tbf's options
  tc qdisc replace dev va root tbf "$@" 2>"$WORK/tc.err" || skip "no tbf here: $(cat "$WORK/tc.err")"
}

# 10,000 datagrams of 106 bytes on the wire take 0.7 seconds.
drain() {
  connect
  shape rate 12mbit burst 2000 limit 1000000
  "$NETBIN/blocked" drain
  ip link del va
}

# tc counts a group of datagrams that it drops as one.
dropping() {
  local arrived dropped
  connect
  shape rate 4mbit burst 10000 limit 6000
  arrived=$(DGRAM_DISABLE=gso "$NETBIN/blocked" dropping)
  dropped=$(tc -s qdisc show dev va | sed -n 's/.*dropped \([0-9]*\).*/\1/p' | head -1)
  echo "10000 sent, $arrived arrived, $dropped dropped"
  ((dropped > 0))
  equal 10000 $((arrived + dropped))
  ip link del va
}

# A datagram a second.
stuck() {
  connect
  shape rate 8kbit burst 2000 limit 1000000
  "$NETBIN/blocked" stuck
}

each_stack drain
each_stack dropping
each_stack stuck
