#!/usr/bin/env bash
# The command leaves nothing behind and touches nothing that is not its own.

source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/lib_valgrind.sh"

test_listen_and_send() {
  start listen under listen "$DGRAM" listen --json -c 3 127.0.0.1:5000
  await_line listen.err '^listening on ' 1
  printf 'one\ntwo\n' | (under send "$DGRAM" send -w 0 --delim line localhost:5000) || fail "send: $?"
  (under hex "$DGRAM" send -w 1ms --hex 00ff 127.0.0.1:5000 2>"$work/run.err") || [[ $? == 1 ]] || fail "hex"
  ended listen 0
  checked send
  checked hex
  checked listen
}

test_echo_until_interrupted() {
  start echo under echo "$DGRAM" echo -v 5001
  await_line echo.err '^listening on ' 1
  (under send "$DGRAM" send -c 3 -n 3 -w 60 5001 x >"$work/run.out") || fail "send: $?"
  interrupt echo
  checked send
  checked echo
}

# Sessions that idle and end, and some that are there at the end, with datagrams that wait.
test_relay_until_interrupted() {
  start echo under echo "$DGRAM" echo --delay 1ms --dup 50% --seed 1 5003
  await_line echo.err '^listening on ' 1
  start relay under relay "$DGRAM" relay -v --idle 300ms --seed 1 --dup 50% --reorder 20% --delay 1ms 5004 5003
  await_line relay.err '^listening on ' 1
  "$DGRAM" send -c 10 -n 5 -w 60 5004 x >"$work/run.out"
  await_line relay.err ' ends: ' 1
  interrupt relay
  start later under later "$DGRAM" relay -v --delay 1h 5005 5003
  await_line later.err '^listening on ' 1
  "$DGRAM" send -w 0 -c 3 5005 x
  await_line later.err ' begins$' 1
  interrupt later
  interrupt echo
  checked relay
  checked later
  checked echo
}

test_trouble() {
  (under listen "$DGRAM" listen 192.0.2.1:5002 2>"$work/run.err") || [[ $? == 2 ]] || fail "listen"
  checked listen
  (under send "$DGRAM" send no.such.host.invalid:9 x 2>"$work/run.err") || [[ $? == 2 ]] || fail "send"
  checked send
  (under help "$DGRAM" help send >"$work/run.out") || fail "help"
  checked help
}

on_each_stack test_listen_and_send test_echo_until_interrupted test_relay_until_interrupted test_trouble
