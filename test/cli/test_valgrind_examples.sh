#!/usr/bin/env bash
# The examples leave nothing behind and touch nothing that is not theirs.

source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/lib_valgrind.sh"

test_client_and_server() {
  start server under server "$EXAMPLES/example-server" 1
  await_line server.out '^server listening 0\.0\.0\.0:41234$' 1
  (under client "$EXAMPLES/example-client") || fail "client: $?"
  ended server 0
  checked client
  checked server
}

test_other_examples() {
  (under exclusive "$EXAMPLES/example-exclusive" >"$work/run.out") || fail "exclusive: $?"
  checked exclusive
  (under world "$EXAMPLES/example-world" "$work/trace" >"$work/run.out") || fail "world: $?"
  checked world
  start listener under listener "$EXAMPLES/example-listener"
  await_line listener.out '^listening on port ' 1
  tell "$(sed -n 's/^listening on port //p' "$work/listener.out")" ''
  ended listener 0
  checked listener
}

test_transfer() {
  head -c 100000 /dev/urandom >"$work/sent"
  start receiver under receiver "$EXAMPLES/example-transfer" receive "$work/received" 4000
  (under sender "$EXAMPLES/example-transfer" send "$work/sent" 127.0.0.1 4000) || fail "sender: $?"
  ended receiver 0
  cmp "$work/sent" "$work/received" || fail "another file"
  checked sender
  checked receiver
}

on_each_stack test_client_and_server test_other_examples test_transfer
