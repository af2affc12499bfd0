#!/usr/bin/env bash
# What ICMP answers, for those who ask:  A va - ra R rc - vc C, with an MTU of 1300 behind the router.
# (Those who do not ask: test_system_errors.sh, test_ttl.sh.)

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
ip route add 10.7.0.0/24 via 10.9.0.2
on C ip route add 10.9.0.0/24 via 10.8.0.1
on R ip route add unreachable 10.7.0.0/24
on R sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
if [[ $families == *6* ]]; then
  ip route add fd00:8::/64 via fd00:9::2
  ip route add fd00:7::/64 via fd00:9::2
  on C ip route add fd00:9::/64 via fd00:8::1
  on R ip route add unreachable fd00:7::/64
  on R sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
fi
# Else they answer some times a second.
for host in R C; do
  on $host sh -c 'echo 0 >/proc/sys/net/ipv4/icmp_ratelimit'
  if [[ $families == *6* ]]; then on $host sh -c 'echo 0 >/proc/sys/net/ipv6/icmp/ratelimit'; fi
done

export DGRAM_STACK=linux
for family in $families; do
  "$NETBIN/icmp" ports "$family"
  "$NETBIN/icmp" peer "$family"
  DGRAM_STACK=uv "$NETBIN/icmp" peer "$family"
  "$NETBIN/icmp" ways "$family"
  "$NETBIN/icmp" flood "$family"
done
DGRAM_DISABLE=mmsg,gso,gro "$NETBIN/icmp" flood 4
tc qdisc replace dev va root tbf rate 200kbit burst 3000 limit 6000 2>"$WORK/tc.err" ||
  skip "no tbf here: $(head -1 "$WORK/tc.err")"
"$NETBIN/icmp" device
