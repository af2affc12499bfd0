#!/usr/bin/env bash
# An interface that goes down, comes back, and is deleted while a socket is a member of a group on
# it.

. "$(dirname "$0")/lib.sh"
host B

connect() {
  cable A va 11 B vb 22
  address A va 10.9.0.1/24 fd00:9::1/64 fe80::a/64
  address B vb 10.9.0.2/24 fd00:9::2/64 fe80::b/64
}

# Which leaves no cable behind.
both_families() {
  local family
  for family in $families; do
    connect
    "$NETBIN/interface_gone" "$family"
  done
}

# Interrupted it ends as ever: the summary, and 0.
command() {
  connect
  start listen B "$DGRAM" listen --join 239.1.2.3 -I vb 7000
  await listen "listening on"
  on B ip link del vb
  kill -INT "${started[listen]}"
  ended listen 0
  grep -q '^0 datagrams, 0 bytes received' "$WORK/listen.err"
}

each_stack both_families
each_stack command
