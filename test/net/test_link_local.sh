#!/usr/bin/env bash
# Link-local addresses with a scope, by name and by number, between two hosts with two cables.

. "$(dirname "$0")/lib.sh"
if [[ $families != *6* ]]; then skip "this kernel has no IPv6"; fi
host B
cable A va 11 B vb 22
cable A va2 33 B vb2 44
address A va fe80::a/64
address A va2 fe80::a2/64
address B vb fe80::b/64
address B vb2 fe80::b/64

command_is_answered() { # echo's address, scope in B
  start echo B "$DGRAM" echo -v -c 1 "$1"
  await echo "listening on"
  "$DGRAM" send -w 10s -n 1 "${@:3}" hello >"$WORK/send.out"
  ended echo 0
  grep -qE "\[fe80::a2?%$2\]:[0-9]+ len 5 .*\"hello\"" "$WORK/echo.out"
  grep -qE '\[fe80::b%va2?\]:7000 len 5 "hello"' "$WORK/send.out"
}

refused() { # message command...
  status 2 "${@:2}" 2>"$WORK/refused.err"
  grep -q "$1" "$WORK/refused.err"
}

commands() {
  command_is_answered '[fe80::b%vb]:7000' vb '[fe80::b%va]:7000'
  command_is_answered '[fe80::b%44]:7000' vb2 '[fe80::b%va2]:7000'
  command_is_answered '[::]:7000' vb2 '[fe80::b%33]:7000'
  command_is_answered '[::]:7000' vb -I va '[fe80::b]:7000'
  refused ENODEV "$DGRAM" send -w 0 '[fe80::b%nothing]:7000' hello
  refused ENODEV "$DGRAM" listen '[fe80::a%nothing]:7000'
  refused EADDRNOTAVAIL "$DGRAM" listen '[fe80::b%va]:7000'
}

each_stack "$NETBIN/link_local"
each_stack commands
