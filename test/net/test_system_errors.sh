#!/usr/bin/env bash
# What the system refuses: no network, no address, no port, no right; and ICMP, which is nobody's
# error.

. "$(dirname "$0")/lib.sh"
need setpriv
two_hosts
empty_host E
host U
on U ip route add unreachable 192.0.2.1
on U ip route add prohibit 192.0.2.2
on U ip route add blackhole 192.0.2.3

unprivileged() {
  setpriv --bounding-set=-all --inh-caps=-all "$@"
}

ports() {
  local all
  all=$(</proc/sys/net/ipv4/ip_local_port_range)
  echo "50000 50003" >/proc/sys/net/ipv4/ip_local_port_range
  "$NETBIN/system_errors" ports
  echo "$all" >/proc/sys/net/ipv4/ip_local_port_range
}

icmp_sent() { # by B, of either family
  on B awk '$1 == "Icmp6OutDestUnreachs" { sum += $2 }
    $1 == "Icmp:" && !column { for (i = 1; i <= NF; i++) if ($i == "OutDestUnreachs") column = i; next }
    $1 == "Icmp:" { sum += $column }
    END { print sum }' /proc/net/snmp /proc/net/snmp6
}

# An answer for each datagram, or for each group of them.
dead_port() {
  local before
  on B sh -c 'echo 0 >/proc/sys/net/ipv4/icmp_ratelimit'
  before=$(icmp_sent)
  "$NETBIN/system_errors" dead-port "$families"
  (($(icmp_sent) >= before + 20))
}

refused() { # message command...
  status 2 "${@:2}" 2>"$WORK/refused.err"
  grep -q "$1" "$WORK/refused.err"
}

commands() {
  refused 'send ENETUNREACH 127\.0\.0\.1:9' on E "$DGRAM" send -w 0 127.0.0.1:9 lost
  refused 'bind EADDRNOTAVAIL 192\.0\.2\.1:7000' "$DGRAM" listen 192.0.2.1:7000
  refused 'bind EACCES 0\.0\.0\.0:53' unprivileged "$DGRAM" listen 53
  status 1 "$DGRAM" send -w 100ms 10.9.0.2:9 lost 2>"$WORK/send.err"
  grep -q 'no reply in 100 \?ms' "$WORK/send.err"
}

each_stack "$NETBIN/system_errors" unreachable
each_stack ports
each_stack unprivileged "$NETBIN/system_errors" privileged
each_stack dead_port
each_stack commands
