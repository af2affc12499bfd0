#!/usr/bin/env bash
# A bad link in front of a real server for a real client: dnsmasq and dig, in a network of their own.

source "$(dirname "$0")/lib.sh"
in_namespace
need dig dnsmasq

server() {
  start dnsmasq dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts --port=5300 \
    --listen-address=127.0.0.1 --bind-interfaces --address=/host.example/192.0.2.7
  await "an answer of dnsmasq" answers 5300
}
answers() { [[ $(ask "$1" +tries=1 +time=1) == 192.0.2.7 ]]; }
ask() { dig @127.0.0.1 -p "$1" +short "${@:2}" host.example A; }

test_good() {
  server
  serve relay relay 127.0.0.1:5301 127.0.0.1:5300
  run 0 ask 5301 +tries=1 +time=60
  says run.out 192.0.2.7
}

# dig says how long it took, in ms.
test_far_away() {
  server
  serve relay relay --delay 120ms --jitter 20ms 127.0.0.1:5301 127.0.0.1:5300
  run 0 dig @127.0.0.1 -p 5301 +tries=1 +time=60 host.example A
  grep -q '192\.0\.2\.7$' "$work/run.out" || fail "no answer"
  local ms
  ms=$(sed -nE 's/^;; Query time: ([0-9]+) msec$/\1/p' "$work/run.out")
  ((ms >= 240 && ms < 30000)) || fail "it took $ms ms"
}

# It asks again, and each question has a port of its own: a session. With this seed the first two
# are lost.
test_asks_again() {
  server
  serve relay relay -v --seed 0 --loss 60% 127.0.0.1:5301 127.0.0.1:5300
  run 0 ask 5301 +tries=50 +time=1
  grep -q '^192\.0\.2\.7$' "$work/run.out" || fail "no answer"
  interrupt relay
  grep -qE '^[2-9] sessions; ' "$work/relay.err" || fail "it did not ask again"
}

test_nothing_passes() {
  server
  serve relay relay -v --loss 100% 127.0.0.1:5301 127.0.0.1:5300
  run 9 ask 5301 +tries=2 +time=1
  interrupt relay
  grep -qx 'out: 2 lost' "$work/relay.err" || fail "not lost"
}

on_each_stack test_good test_far_away test_asks_again test_nothing_passes
