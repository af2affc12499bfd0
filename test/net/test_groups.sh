#!/usr/bin/env bash
# Groups of datagrams where a group cannot go: over the MTU, into a route that drops, against a
# filter.

. "$(dirname "$0")/lib.sh"
two_hosts

ip route add blackhole 192.0.2.3
each_stack "$NETBIN/groups" blackhole
DGRAM_STACK=linux DGRAM_DISABLE=gso,gro "$NETBIN/groups" blackhole

if command -v nft >/dev/null && nft -f - <<'END' 2>"$WORK/nft.err"; then
table inet t {
  chain output {
    type filter hook output priority 0
    udp dport 7001 counter drop
  }
}
END
  each_stack "$NETBIN/groups" filtered
else
  echo "skipped: no packet filter here"
fi

ip link set va mtu 1280
on B ip link set vb mtu 1280
for family in $families; do each_stack "$NETBIN/groups" mtu "$family"; done
