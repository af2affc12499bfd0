#!/usr/bin/env bash
# Broadcast, to the wire's address and to 255.255.255.255: EACCES until it is allowed.

. "$(dirname "$0")/lib.sh"
two_hosts

command_is_refused() { # address
  status 2 "$DGRAM" send -w 0 "$1:7000" no 2>"$WORK/send.err"
  grep -q "EACCES $1:7000.*--broadcast" "$WORK/send.err"
}

command_is_heard() { # options... address
  start listen B "$DGRAM" listen -c 1 -w 10s --raw 7000
  await listen "listening on"
  "$DGRAM" send -w 0 --broadcast "${@:1:$#-1}" "${!#}:7000" hello
  ended listen 0
  equal hello "$(cat "$WORK/listen.out")"
}

# Everybody may answer, so the whole time is waited for.
command_is_answered() {
  start echo B "$DGRAM" echo -c 1 7000
  await echo "listening on"
  "$DGRAM" send --broadcast -w 10s -n 1 10.9.0.255:7000 hello >"$WORK/send.out"
  grep -q '10\.9\.0\.2:7000 len 5 "hello"' "$WORK/send.out"
  ended echo 0
}

commands() {
  command_is_refused 10.9.0.255
  command_is_refused 255.255.255.255
  command_is_heard 10.9.0.255
  command_is_heard -I va 255.255.255.255
  command_is_answered
}

each_stack "$NETBIN/broadcast"
ip route add default dev va
each_stack commands
