#!/usr/bin/env bash
# The examples with several processes, at fixed ports in a network of their own.

source "$(dirname "$0")/lib.sh"
in_namespace
need dig

ask() { # NAME TYPE
  dig +tries=1 +time=10 +noedns @127.0.0.1 -p 5300 "$@" >"$work/dig.out"
}
status() { grep -q "status: $1," "$work/dig.out" || fail "not $1: $(cat "$work/dig.out")"; }
answers() { sed -nE 's/^[^;].*IN\tA\t//p' "$work/dig.out" | sort | tr '\n' ' '; }

dns() { start dns "$@" 127.0.0.1 5300 Example.test www=192.0.2.1 www=192.0.2.4 @=192.0.2.3; }

asks() {
  ask www.example.TEST A
  status NOERROR
  [[ $(answers) == '192.0.2.1 192.0.2.4 ' ]] || fail "answers: $(answers)"
  grep -q 'flags: qr aa rd' "$work/dig.out" || fail "flags"
  ask example.test A
  [[ $(answers) == '192.0.2.3 ' ]] || fail "apex: $(answers)"
  ask www.example.test AAAA
  status NOERROR
  grep -q 'ANSWER: 0' "$work/dig.out" || fail "AAAA has an answer"
  ask none.example.test A
  status NXDOMAIN
  ask www.example.org A
  status REFUSED
  ask wwwexample.test A
  status REFUSED
}

test_dns() {
  dns "$EXAMPLES/example-dns"
  await_line dns.out '^two workers answer on 127\.0\.0\.1:5300$' 1
  asks
  # Both serve; one is killed, the other answers, and there are two again.
  local worker
  worker=$(pgrep -P "${pids[dns]}" | head -n 1)
  kill -KILL "$worker"
  asks
  await "two workers" two_workers "$worker"
  asks
  printf '\x12' | socat -u - UDP4-SENDTO:127.0.0.1:5300 # what is no query
  head -c 400 /dev/urandom | socat -u - UDP4-SENDTO:127.0.0.1:5300
  asks
}
two_workers() { [[ $(pgrep -P "${pids[dns]}" | grep -cvx "$1") == 2 ]]; }

test_dns_on_a_busy_port() {
  serve busy listen 127.0.0.1:5300
  dns "$EXAMPLES/example-dns"
  ended dns 1
  grep -q '^dns error: bind EADDRINUSE$' "$work/dns.err" || fail "no error"
}

# The service manager has the socket, and starts the server at the first datagram, which is not lost.
test_dns_by_systemd() {
  if ! command -v systemd-socket-activate >/dev/null; then
    skip_part "systemd-socket-activate is not installed"
    return
  fi
  dns systemd-socket-activate --datagram -l 127.0.0.1:5300 "$EXAMPLES/example-dns"
  await "the manager's socket" is_open 5300
  asks
}
is_open() { ss -Hulnt | grep -q ":$1 "; }

listening() { # GENERATION
  await_line hot.out "^generation $1, " 1
  process=$(sed -nE "s/^generation $1, process ([0-9]+), .*/\1/p" "$work/hot.out")
}
is_gone() { ! kill -0 "$1" 2>/dev/null; }

# Two thousand datagrams, three servers, an answer to each; not faster than a socket's buffer bears for
# as long as a program takes to start with sanitizers in it.
test_hot_restart() {
  start hot "$EXAMPLES/example-hot_restart" 41234
  listening 1
  start send "$DGRAM" send -c 2000 -i 2ms -n 2000 -w 60 --raw 127.0.0.1:41234 x
  await_bytes 200
  kill -HUP "$process"
  listening 2
  ended hot 0
  await_bytes 1000
  kill -HUP "$process"
  listening 3
  ended send 0
  kill -TERM "$process"
  await "its end" is_gone "$process"
  [[ $(wc -c <"$work/send.out") == 2000 ]] || fail "$(wc -c <"$work/send.out") answers"
  [[ $(tr -d '123' <"$work/send.out") == '' ]] || fail "strange answers"
  local generation
  for generation in 1 2 3; do
    grep -q "$generation" "$work/send.out" || fail "generation $generation has answered nothing"
  done
}
await_bytes() { await "$1 answers" has_bytes "$1"; }
has_bytes() { (($(cat "$work/send.out" 2>/dev/null | wc -c) >= $1)); } # it may not be there yet

# A new one that cannot start: the old one goes on.
test_hot_restart_that_fails() {
  cp "$EXAMPLES/example-hot_restart" "$work/server"
  start hot "$work/server" 41234
  listening 1
  ulimit_and_hup "$process"
  run 0 "$DGRAM" send -n 1 -w 60 --raw 127.0.0.1:41234 x
  says run.out 1
  run 0 "$DGRAM" send -n 1 -w 60 --raw 127.0.0.1:41234 x
  [[ $(wc -l <"$work/hot.out") == 1 ]] || fail "a second generation"
}
# No more than the descriptors that it has: the new one's socket cannot be duplicated.
ulimit_and_hup() {
  prlimit --pid "$1" --nofile=4:4
  kill -HUP "$1"
}

on_each_stack test_dns test_dns_on_a_busy_port test_dns_by_systemd test_hot_restart test_hot_restart_that_fails
