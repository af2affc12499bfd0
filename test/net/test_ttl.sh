#!/usr/bin/env bash
# A datagram that has used up its hops at a router does not arrive:  A va - ra R rc - vc C

. "$(dirname "$0")/lib.sh"
host R
host C
cable A va 11 R ra 22
cable R rc 33 C vc 44
address A va 10.9.0.1/24 fd00:9::1/64 fe80::a/64
address R ra 10.9.0.2/24 fd00:9::2/64 fe80::9/64
address R rc 10.8.0.1/24 fd00:8::1/64 fe80::8/64
address C vc 10.8.0.2/24 fd00:8::2/64 fe80::c/64
ip route add 10.8.0.0/24 via 10.9.0.2
on C ip route add 10.9.0.0/24 via 10.8.0.1
on R sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
if [[ $families == *6* ]]; then
  ip route add fd00:8::/64 via fd00:9::2
  on C ip route add fd00:9::/64 via fd00:8::1
  on R sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
fi

# The reply has hops enough, so that it comes says that the question did.
commands() {
  start echo C "$DGRAM" echo -c 1 7000
  await echo "listening on"
  status 1 "$DGRAM" send -q -w 100ms --ttl 1 10.8.0.2:7000 lost
  "$DGRAM" send -w 10s -n 1 --ttl 2 10.8.0.2:7000 hello >"$WORK/send.out"
  grep -q '10\.8\.0\.2:7000 len 5 "hello"' "$WORK/send.out"
  ended echo 0
}

for family in $families; do each_stack "$NETBIN/ttl" "$family"; done
each_stack commands
