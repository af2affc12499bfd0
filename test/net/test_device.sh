#!/usr/bin/env bash
# Two cables between two hosts, and sockets that are bound to one of them:  A va - vb B,  A wa - wb B

. "$(dirname "$0")/lib.sh"
two_hosts
cable A wa 12 B wb 23
address A wa 10.8.0.1/24 fd00:8::1/64
address B wb 10.8.0.2/24 fd00:8::2/64

ip link set wa mtu 1400
ip rule add from 10.8.0.1 lookup 7
ip route add 10.9.0.0/24 dev wa table 7
if [[ $families == *6* ]]; then
  ip -6 rule add from fd00:8::1 lookup 7
  ip -6 route add fd00:9::/64 dev wa table 7
fi

for family in $families; do each_stack "$NETBIN/device" "$family"; done
