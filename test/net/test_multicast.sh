#!/usr/bin/env bash
# Multicast on two hosts with three cables between them.

. "$(dirname "$0")/lib.sh"
two_hosts
cable A va2 33 B vb2 44
address A va2 10.9.1.1/24 fd00:9:1::1/64 fe80::a2/64
address B vb2 10.9.1.2/24 fd00:9:1::2/64 fe80::b2/64
cable A va3 35 B vb3 46
address A va3 10.9.2.1/24 fd00:9:2::1/64
address B vb3 10.9.2.2/24 fd00:9:2::2/64
address A va 10.9.0.5/24 fd00:9::5/64
address A va2 10.9.1.5/24
address B vb2 10.9.1.3/24 fd00:9:1::3/64

# listen-options... -- send-options... destination; what is sent is "hello"
command_is_heard() {
  local listen=()
  while [[ $1 != -- ]]; do listen+=("$1") && shift; done
  shift
  start listen B "$DGRAM" listen -c 1 -w 10s --raw "${listen[@]}"
  await listen "listening on"
  "$DGRAM" send -w 0 "$@" hello
  ended listen 0
  equal hello "$(cat "$WORK/listen.out")"
}

is_member() { # device
  on B ip maddr show dev "$1" | grep -q '239\.5\.5\.5'
}

membership_ends_with_the_command() {
  start listen B "$DGRAM" listen -w 10s --join 239.5.5.5 -I vb 7000
  await listen "listening on"
  is_member vb
  kill -INT "${started[listen]}"
  ended listen 0
  status 1 is_member vb
}

# Of a group everybody may answer.
command_is_answered() {
  start echo B "$DGRAM" echo -c 1 --join 239.1.2.3 -I vb 7000
  await echo "listening on"
  "$DGRAM" send -I va -w 10s -n 1 239.1.2.3:7000 hello >"$WORK/send.out"
  grep -q '10\.9\.0\.2:7000 len 5 "hello"' "$WORK/send.out"
  ended echo 0
}

commands() {
  command_is_heard --join 239.1.2.3 -I vb 7000 -- -I va 239.1.2.3:7000
  command_is_heard --join 239.1.2.3 -I vb2 7000 -- -I va2 239.1.2.3:7000
  command_is_heard --join 239.1.2.3 -I '*' 7000 -- -I va2 239.1.2.3:7000
  command_is_heard -I vb 239.1.2.3:7000 -- -I va --ttl 3 239.1.2.3:7000
  membership_ends_with_the_command
  command_is_answered
  status 2 on B "$DGRAM" listen -w 1s --join 239.1.2.3 7000 2>"$WORK/join.err"
  grep -q 'join ENODEV.*-I' "$WORK/join.err"
  if [[ $families != *6* ]]; then return; fi
  command_is_heard --join ff02::1:3 -I vb2 7000 -- '[ff02::1:3%va2]:7000'
  command_is_heard '[ff02::1:3%vb]:7000' -- -I va '[ff02::1:3]:7000'
}

for family in $families; do each_stack "$NETBIN/multicast" "$family"; done
each_stack commands
