#!/usr/bin/env bash
# dgram echo.

source "$(dirname "$0")/lib.sh"

test_many() {
  serve echo echo 127.0.0.1:0
  run 0 "$DGRAM" send -c 100 -n 100 -w 60 --raw "127.0.0.1:$port" 0123456789
  [[ $(wc -c <"$work/run.out") == 1000 ]] || fail "not everything came back"
  interrupt echo
  says echo.out ''
  grep -qE '^100 datagrams, 1000 bytes received, 100 sent back in [0-9]+\.[0-9] s$' "$work/echo.err" ||
    fail "summary"
}

test_empty() {
  serve echo echo 127.0.0.1:0
  run 0 "$DGRAM" send -n 1 -w 60 "127.0.0.1:$port" ''
  shows run.out "$(line 0 '')"
}

test_count() {
  serve echo echo -c 2 127.0.0.1:0
  run 0 "$DGRAM" send -n 2 -c 2 -w 60 "127.0.0.1:$port" x
  ended echo 0
}

test_verbose_prints() {
  serve echo echo -v -c 1 127.0.0.1:0
  run 0 "$DGRAM" send -n 1 -w 60 "127.0.0.1:$port" hello
  ended echo 0
  shows echo.out "[^ ]+ 127\.0\.0\.1:[0-9]+ len 5$told \"hello\""
  grep -qE '^1 datagram, 5 bytes received, 1 sent back in ' "$work/echo.err" || fail "summary"
}

test_several_senders() {
  serve echo echo 127.0.0.1:0
  local i
  for i in 1 2 3 4; do
    start "send$i" "$DGRAM" send -n 1 -w 60 "127.0.0.1:$port" "from $i"
  done
  for i in 1 2 3 4; do
    ended "send$i" 0
    shows "send$i.out" "$(line 6 "from $i")"
  done
}

test_all_interfaces() {
  serve echo echo 0
  says echo.err "listening on 0.0.0.0:$port"
  run 0 "$DGRAM" send -n 1 -w 60 "localhost:$port" x
}

# Both answer: who of them, is the kernel's choice. One is killed, and replaced.
test_workers() {
  serve echo echo --workers 2 "$@" 127.0.0.1:0
  await "two workers" has_workers 2
  run 0 "$DGRAM" send -c 100 -n 100 -w 60 --raw "127.0.0.1:$port" 0123456789
  [[ $(wc -c <"$work/run.out") == 1000 ]] || fail "not everything came back"
  kill -KILL "$(pgrep -P "${pids[echo]}" | head -n 1)"
  run 0 "$DGRAM" send -c 100 -n 100 -w 60 --raw "127.0.0.1:$port" 0123456789
  await "two workers again" has_workers 2
  kill -TERM "${pids[echo]}"
  ended echo 0
  grep -qE '^[0-9]+ datagrams?, [0-9]+ bytes? received, [0-9]+ sent back in ' "$work/echo.err" || fail "summary"
  [[ $(grep -c '^listening on ' "$work/echo.err") == 1 ]] || fail "said more than once"
}
has_workers() { [[ $(pgrep -cP "${pids[echo]}") == "$1" ]]; }

test_workers_of_their_own() { test_workers --reuse-port; }

test_workers_on_a_busy_port() {
  serve busy echo 127.0.0.1:0
  run 2 "$DGRAM" echo --workers 2 "127.0.0.1:$port"
  grep -q 'bind EADDRINUSE' "$work/run.err" || fail "no error"
  run 2 "$DGRAM" echo --workers 0 "127.0.0.1:$port"
  run 2 "$DGRAM" echo --workers 2 -c 1 "127.0.0.1:$port"
  says run.err 'dgram: --workers excludes -c, --loss and its like'
}

on_each_stack test_workers test_workers_of_their_own test_workers_on_a_busy_port test_many test_empty test_count test_verbose_prints test_several_senders test_all_interfaces
