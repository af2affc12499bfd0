#!/usr/bin/env bash
# What is told with datagrams, and what they are sent with, on two cables and across a router:
#
#   A va (11) --- (22) ra R rc (33) --- (44) vc C      C has two addresses of each family
#   A va2 (55) -- (66) ra2 R

. "$(dirname "$0")/lib.sh"
host R
host C
cable A va 11 R ra 22
cable A va2 55 R ra2 66
cable R rc 33 C vc 44
address A va 10.9.0.1/24 fd00:9::1/64 fe80::a/64
address A va2 10.7.0.1/24 fd00:7::1/64 fe80::a2/64
address R ra 10.9.0.2/24 fd00:9::2/64 fe80::9/64
address R ra2 10.7.0.2/24 fd00:7::2/64 fe80::92/64
address R rc 10.8.0.1/24 fd00:8::1/64 fe80::8/64
address C vc 10.8.0.2/24 10.8.0.3/24 fd00:8::2/64 fd00:8::3/64 fe80::c/64
ip route add 10.8.0.0/24 via 10.9.0.2
on C ip route add 10.9.0.0/24 via 10.8.0.1
on R sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
if [[ $families == *6* ]]; then
  ip route add fd00:8::/64 via fd00:9::2
  on C ip route add fd00:9::/64 via fd00:8::1
  on R sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
fi

# libuv can neither tell nor ask: test/conformance has that it says so.
export DGRAM_STACK=linux
for family in $families; do
  echo "--- stack linux: family $family"
  "$NETBIN/info" "$family"
done
