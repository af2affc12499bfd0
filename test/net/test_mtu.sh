#!/usr/bin/env bash
# A wire with an MTU of 1280: datagrams of any length arrive whole, in fragments.

. "$(dirname "$0")/lib.sh"
two_hosts
ip link set va mtu 1280
on B ip link set vb mtu 1280

# How many fragments of IPv4 were made on this host so far.
fragments() {
  awk '$1 == "Ip:" && !column { for (i = 1; i <= NF; i++) if ($i == "FragCreates") column = i; next }
       $1 == "Ip:" { print $column }' /proc/net/snmp
}

arrives_whole() { # length destination listen-options...
  local length=$1 to=$2
  shift 2
  head -c "$length" /dev/urandom >"$WORK/sent"
  start listen B "$DGRAM" listen "$@" -c 1 -w 10s --raw 7000
  await listen "listening on"
  "$DGRAM" send -w 0 "$to" <"$WORK/sent"
  ended listen 0
  cmp "$WORK/sent" "$WORK/listen.out"
}

commands() {
  arrives_whole 1252 10.9.0.2:7000
  arrives_whole 1253 10.9.0.2:7000
  arrives_whole 65507 10.9.0.2:7000
  head -c 65508 /dev/urandom >"$WORK/sent"
  status 2 "$DGRAM" send -w 0 --file "$WORK/sent" 10.9.0.2:7000 2>"$WORK/send.err"
  grep -q 'at most 65507 bytes' "$WORK/send.err"
  if [[ $families == *6* ]]; then arrives_whole 65527 '[fd00:9::2]:7000' -6; fi
}

equal 0 "$(fragments)"
for family in $families; do each_stack "$NETBIN/mtu" "$family"; done
(($(fragments) > 100))
each_stack commands
