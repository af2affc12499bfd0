#!/usr/bin/env bash
# A link of 1300 bytes behind a router, and senders that forbid fragments:  A va - ra R rc = vc C

. "$(dirname "$0")/lib.sh"
host R
host C
cable A va 11 R ra 22
cable R rc 33 C vc 44
address A va 10.9.0.1/24 fd00:9::1/64 fe80::a/64
address R ra 10.9.0.2/24 fd00:9::2/64 fe80::9/64
address R rc 10.8.0.1/24 fd00:8::1/64 fe80::8/64
address C vc 10.8.0.2/24 fd00:8::2/64 fe80::c/64
on R ip link set rc mtu 1300
on C ip link set vc mtu 1300
ip route add 10.8.0.0/24 via 10.9.0.2
on C ip route add 10.9.0.0/24 via 10.8.0.1
on R sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
ways=4
if [[ $families == *6* ]]; then
  ip route add fd00:8::/64 via fd00:9::2
  on C ip route add fd00:9::/64 via fd00:8::1
  on R sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
  ways="4 6 mapped"
fi

# What A was told is forgotten between two runs.
run() {
  ip route flush cache
  if [[ $families == *6* ]]; then ip -6 route flush cache; fi
  "$NETBIN/path_mtu" "$@"
}

for way in $ways; do
  each_stack run "$way"
  each_stack run "$way" connected
done
