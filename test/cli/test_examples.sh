#!/usr/bin/env bash
# The seed's programs, at their own ports in a network of their own.

source "$(dirname "$0")/lib.sh"
in_namespace
need nc socat
ip route add 224.0.0.0/4 dev lo

test_client_and_server() {
  start server "$EXAMPLES/example-server" 1
  await_line server.out listening 1
  says server.out 'server listening 0.0.0.0:41234'
  run 0 "$EXAMPLES/example-client"
  says run.out ''
  says run.err ''
  ended server 0
  [[ $(sed -n 1p "$work/server.out") == 'server listening 0.0.0.0:41234' ]] || fail "first line"
  [[ $(sed -n 2p "$work/server.out") =~ ^server\ got:\ Some\ bytes\ from\ 127\.0\.0\.1:[1-9][0-9]*$ ]] ||
    fail "second line"
  [[ $(wc -l <"$work/server.out") == 2 && ! -s $work/server.err ]] || fail "more than that"
}

# Without a number the server goes on, whoever sends.
test_server_with_peers() {
  start server "$EXAMPLES/example-server"
  await_line server.out '^server listening ' 1
  printf hello | nc -u -q 0 127.0.0.1 41234 >/dev/null
  await_line server.out '^server got: hello from 127\.0\.0\.1:[0-9]+$' 1
  printf there | socat -u - UDP4-SENDTO:127.0.0.1:41234
  await_line server.out '^server got: there from 127\.0\.0\.1:[0-9]+$' 1
  tell 41234 ''
  await_line server.out '^server got:  from 127\.0\.0\.1:[0-9]+$' 1
}

test_client_to_socat() {
  start socat socat -u UDP4-RECV:41234 -
  await "socat's port" is_bound socat
  run 0 "$EXAMPLES/example-client"
  await_line socat.out '^Some bytes$' 1
}

test_server_on_a_busy_port() {
  serve busy listen 41234
  start server "$EXAMPLES/example-server"
  ended server 0
  says server.out 'server error: bind EADDRINUSE'
}

test_multicast() {
  start multicast "$EXAMPLES/example-multicast"
  await_line multicast.out '^joined 224\.0\.0\.114$' 1
  printf hello | socat -u - UDP4-DATAGRAM:224.0.0.114:1234,ip-multicast-if=127.0.0.1
  ended multicast 0
  says multicast.out $'joined 224.0.0.114\nthe group got: hello'
  says multicast.err ''
}

test_listener() {
  start listener "$EXAMPLES/example-listener"
  await_line listener.out '^listening on port ' 1
  local port
  port=$(sed -n 's/^listening on port //p' "$work/listener.out")
  tell "$port" 0123456789
  tell "$port" ''
  ended listener 0
  [[ $(sed -n 2p "$work/listener.out") =~ ^Received\ 10\ bytes\ from\ 127\.0\.0\.1:[0-9]+$ ]] || fail "ten"
  [[ $(sed -n 3p "$work/listener.out") =~ ^Received\ 0\ bytes\ from\ 127\.0\.0\.1:[0-9]+$ ]] || fail "none"
}

test_exclusive() {
  run 0 "$EXAMPLES/example-exclusive"
  says run.out 'bound to 127.0.0.1:8000, exclusively'
  serve busy listen 127.0.0.1:8000
  run 1 "$EXAMPLES/example-exclusive"
  says run.err 'exclusive error: EADDRINUSE'
}

# The same on every machine.
test_world() {
  run 0 "$EXAMPLES/example-world"
  says run.out 'after 20 ms: 1
after 20 ms: 2
after 20 ms: 3
after 20 ms: 5
after 20 ms: 7
after 20 ms: 8
after 20 ms: 9
after 40 ms: 4'
}

test_transfer() {
  head -c 10000000 /dev/urandom >"$work/sent"
  start receiver "$EXAMPLES/example-transfer" receive "$work/received" 4000
  run 0 "$EXAMPLES/example-transfer" send "$work/sent" localhost 4000
  ended receiver 0
  cmp "$work/sent" "$work/received" || fail "another file"
  says receiver.err ''
}

# Around the length of a block.
test_transfer_lengths() {
  local length
  for length in 0 1 1199 1200 1201; do
    head -c "$length" /dev/urandom >"$work/sent"
    start receiver "$EXAMPLES/example-transfer" receive "$work/received" 4000
    run 0 "$EXAMPLES/example-transfer" send "$work/sent" 127.0.0.1 4000
    ended receiver 0
    cmp "$work/sent" "$work/received" || fail "another file of $length bytes"
  done
}

# A bad link between the two, and the same one each time.
test_transfer_by_relay() {
  if ! "$DGRAM" relay --help >/dev/null 2>&1; then
    skip_part "there is no dgram relay yet"
    return
  fi
  head -c 200000 /dev/urandom >"$work/sent"
  start receiver "$EXAMPLES/example-transfer" receive "$work/received" 4000
  serve relay relay --loss 10% --dup 5% --reorder 5% --delay 2ms --seed 1 127.0.0.1:0 127.0.0.1:4000
  run 0 "$EXAMPLES/example-transfer" send "$work/sent" 127.0.0.1 "$port"
  ended receiver 0
  cmp "$work/sent" "$work/received" || fail "another file"
}

test_transfer_fails() {
  serve busy listen 4000
  run 1 "$EXAMPLES/example-transfer" receive "$work/received" 4000
  says run.err 'transfer: address already in use'
  run 1 "$EXAMPLES/example-transfer" send "$work/none" 127.0.0.1 4000
  grep -q 'none: No such file' "$work/run.err" || fail "no file"
  run 1 "$EXAMPLES/example-transfer" send "$0" no.such.host.invalid 4000
  run 2 "$EXAMPLES/example-transfer" send "$0" 127.0.0.1 65536
}

on_each_stack test_client_and_server test_server_with_peers test_client_to_socat test_server_on_a_busy_port \
  test_multicast test_listener test_exclusive test_world test_transfer test_transfer_lengths \
  test_transfer_by_relay test_transfer_fails
