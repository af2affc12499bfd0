#!/usr/bin/env bash
# dgram relay, and the bad link that it shares with dgram echo.

source "$(dirname "$0")/lib.sh"
need nc socat ss

# told NAME PATTERN: a line that a program of ours says when it is asked, by SIGUSR1.
told() { await "a line /$2/ of $1" asked "$1" "$2"; }
asked() {
  kill -USR1 "${pids[$1]}"
  grep -qE "$2" "$work/$1.err"
}

# between OPTIONS...: a relay to $port; sets `port` to the relay's.
between() {
  serve relay relay "$@" 127.0.0.1:0 "127.0.0.1:$port"
}

# number FIRST LAST: sends these numbers, a datagram each, from one port.
number() { seq "$1" "$2" | "$DGRAM" send -w 0 --delim line "127.0.0.1:$port"; }

# What a listening NAME has got, on one line.
got() { sed -E 's/.*"(.*)"$/\1/' "$work/$1.out" | paste -sd ' '; }

# elapsed_ms COMMAND...: sets `ms`.
elapsed_ms() {
  local before after
  before=$(date +%s%N)
  "$@"
  after=$(date +%s%N)
  ms=$(((after - before) / 1000000))
}

# ---- without a bad link ----

test_both_ways() {
  serve target echo 127.0.0.1:0
  between
  run 0 "$DGRAM" send -c 100 -n 100 -w 60 --raw "127.0.0.1:$port" 0123456789
  [[ $(wc -c <"$work/run.out") == 1000 ]] || fail "not everything came back"
  run 0 "$DGRAM" send -n 1 -w 60 "127.0.0.1:$port" ''
  shows run.out "$(line 0 '')"
  interrupt relay
  says relay.out ''
  grep -qE '^2 sessions; out 101, 101 sent; back 101, 101 sent in [0-9]+\.[0-9] s$' "$work/relay.err" ||
    fail "summary"
}

test_largest() {
  head -c 65507 /dev/urandom >"$work/data"
  serve target echo 127.0.0.1:0
  between
  send --raw -n 1 -w 60 --file "$work/data" "127.0.0.1:$port" | cmp - "$work/data" || fail "other bytes"
}

# Each has a port of its own there, and gets what is meant for it.
test_two_clients() {
  serve target echo -v 127.0.0.1:0
  between -v
  local i
  for i in 1 2; do
    start "send$i" "$DGRAM" send -c 20 -i 1ms -n 20 -w 60 "127.0.0.1:$port" "from $i"
  done
  for i in 1 2; do
    ended "send$i" 0
    [[ $(got "send$i" | sed "s/from $i *//g") == '' ]] || fail "$i got what was not meant for it"
  done
  [[ $(cut -d ' ' -f 2 "$work/target.out" | sort -u | wc -l) == 2 ]] || fail "not two ports"
  [[ $(grep -cE '^session [12] of 127\.0\.0\.1:[0-9]+ begins$' "$work/relay.err") == 2 ]] || fail "not two sessions"
}

test_nc_to_socat() {
  start socat socat UDP4-RECVFROM:0,bind=127.0.0.1,fork EXEC:cat
  port=$(port_of socat)
  between
  mkfifo "$work/fifo"
  input=$work/fifo
  start nc nc -u 127.0.0.1 "$port"
  exec 8>"$work/fifo"
  printf 'one\n' >&8
  await_line nc.out '^one$' 1
  printf 'two\n' >&8
  await_line nc.out '^two$' 1
  exec 8>&-
  rm "$work/fifo"
}

# A port alone is one of this host, as with dgram send; 0.0.0.0 is this host too.
test_targets() {
  local target serving
  serve target echo 0
  serving=$port
  for target in "$serving" "localhost:$serving" "0.0.0.0:$serving"; do
    serve relay relay -4 127.0.0.1:0 "$target"
    run 0 "$DGRAM" send -n 1 -w 60 "127.0.0.1:$port" x
    interrupt relay
  done
}

# Whom nobody has asked is not passed on.
test_strangers() {
  serve target listen 127.0.0.1:0
  between -v
  tell "$port" x
  await_line target.out '"x"' 1
  tell "$(sed -E 's/^[^ ]+ 127\.0\.0\.1:([0-9]+) .*/\1/' "$work/target.out")" y
  told relay '^1 from somewhere else than the target$'
  grep -qE '^1 session; out 1, 1 sent; back 0, 0 sent in ' "$work/relay.err" || fail "summary"
}

test_idle_sessions_end() {
  serve target echo 127.0.0.1:0
  between -v --idle 100ms
  run 0 "$DGRAM" send -n 1 -w 60 "127.0.0.1:$port" x
  await_line relay.err '^session 1 of .* ends: out 1, back 1$' 1
  local own
  own=$(sed -nE 's/^session 1 of (.*) begins$/\1/p' "$work/relay.err")
  run 0 "$DGRAM" send -b "$own" -n 1 -w 60 "127.0.0.1:$port" x
  await_line relay.err "^session 2 of $own ends: out 1, back 1\$" 1
  await "the end of the sessions' ports" one_socket
}
one_socket() { [[ $(ss -Hulnp | grep -c "pid=${pids[relay]},") == 1 ]]; }

# Who keeps asking keeps its session, though it is old.
test_busy_sessions_stay() {
  serve target echo 127.0.0.1:0
  between -v --idle 2s
  run 0 "$DGRAM" send -c 25 -i 100ms -n 25 -w 60 "127.0.0.1:$port" x
  if grep -q ' ends:' "$work/relay.err"; then fail "it ended"; fi
}

test_bound_of_sessions() {
  serve target echo 127.0.0.1:0
  between -v --sessions 1
  run 0 "$DGRAM" send -n 1 -w 60 "127.0.0.1:$port" x
  tell "$port" x
  await_line relay.err '^dgram: no session for 127\.0\.0\.1:[0-9]+: there are 1 already \(--sessions\)$' 1
  told relay '^1 without a session$'
}

# Nobody answers at the target: nothing comes back, and the relay goes on.
test_target_that_is_gone() {
  serve target listen 127.0.0.1:0
  between
  interrupt target
  tell "$port" x
  told relay '^1 session; out 1, 1 sent; back 0, 0 sent in '
  interrupt relay
}

test_to_itself() {
  serve busy listen 127.0.0.1:0
  interrupt busy
  run 2 "$DGRAM" relay "127.0.0.1:$port" "127.0.0.1:$port"
  says run.err "dgram: 127.0.0.1:$port is where it listens itself"
  run 2 "$DGRAM" relay "$port" "localhost:$port" # on all interfaces
  says run.err "dgram: 127.0.0.1:$port is where it listens itself"
}

# ---- a bad link ----

test_loses_nothing_or_all() {
  serve target echo 127.0.0.1:0
  local target=$port
  between --loss 0%
  run 0 "$DGRAM" send -c 50 -n 50 -w 60 "127.0.0.1:$port" x
  interrupt relay
  port=$target
  between -v --loss 100%
  number 1 50
  told relay '^1 session; out 50, 0 sent; back 0, 0 sent in '
  told relay '^out: 50 lost$'
}

test_delays() {
  serve target echo 127.0.0.1:0
  between --delay 150ms
  elapsed_ms run 0 "$DGRAM" send -n 1 -w 60 "127.0.0.1:$port" x
  ((ms >= 300 && ms < 30000)) || fail "there and back took $ms ms"
}

test_doubles() {
  serve target listen -c 6 127.0.0.1:0
  between -v --dup 100% --delay 1ms
  number 1 3
  ended target 0
  [[ $(got target) == "1 1 2 2 3 3" ]] || fail "came: $(got target)"
  interrupt relay
  grep -qx 'out: 3 sent twice' "$work/relay.err" || fail "not told"
}

test_reorders() {
  serve target listen -c 200 127.0.0.1:0
  between --seed 1 --reorder 5%:100ms
  number 1 200
  ended target 0
  [[ $(got target) != "$(seq 1 200 | paste -sd ' ')" ]] || fail "in order"
  [[ $(got target | tr ' ' '\n' | sort -n | paste -sd ' ') == "$(seq 1 200 | paste -sd ' ')" ]] || fail "not all"
}

test_jitter_keeps_the_order() {
  serve target listen -c 200 127.0.0.1:0
  between --seed 1 --jitter 20ms
  number 1 200
  ended target 0
  [[ $(got target) == "$(seq 1 200 | paste -sd ' ')" ]] || fail "came: $(got target)"
}

# accounted COUNT: so many came from the clients, and each of them is sent or lost; sets `sent`.
accounted() {
  local lost
  kill -USR1 "${pids[relay]}"
  sent=$(sed -nE "s/^[12] sessions?; out $1, ([0-9]+) sent.*/\1/p" "$work/relay.err" | tail -n 1)
  lost=$(sed -nE 's/^out: ([0-9]+) lost$/\1/p' "$work/relay.err" | tail -n 1)
  ((${sent:-0} + ${lost:-0} == $1))
}

# lossy NAME OPTIONS...: which of 1 to 40 arrive, into a file.
lossy() {
  local name=$1 sent
  shift
  serve target listen 127.0.0.1:0
  between -v "$@"
  number 1 40
  await "40 datagrams that are sent or lost" accounted 40
  interrupt relay
  await_line target.out '"' "$sent"
  interrupt target
  got target >"$work/$name"
}

test_the_same_seed_loses_the_same() {
  lossy first --seed 7 --loss 30%
  lossy second --seed 7 --loss 30% --delay 5ms --jitter 5ms
  lossy other --seed 8 --loss 30%
  says first '2 4 6 8 9 10 11 14 16 17 18 19 20 22 24 26 27 28 35 36 38 39 40'
  cmp "$work/first" "$work/second" || fail "the same seed lost others"
  ! cmp -s "$work/first" "$work/other" || fail "another seed lost the same"
}

test_a_seed_by_chance_is_told() {
  lossy first --loss 50%
  local seed
  seed=$(sed -nE 's/^seed ([0-9]+)$/\1/p' "$work/relay.err")
  [[ $seed ]] || fail "no seed"
  lossy second --loss 50% --seed "$seed"
  cmp "$work/first" "$work/second" || fail "the seed that was told lost others"
}

# Both sessions lose half, but not the same half.
test_each_session_has_its_own_chances() {
  serve target listen 127.0.0.1:0
  between -v --seed 7 --loss 50%
  local sent first second
  number 1 40
  await "40 datagrams that are sent or lost" accounted 40
  number 101 140
  await "80 datagrams that are sent or lost" accounted 80
  interrupt relay
  await_line target.out '"' "$sent"
  first=$(got target | tr ' ' '\n' | grep -xE '..?' | paste -sd ' ')
  second=$(got target | tr ' ' '\n' | grep -xE '1..' | sed 's/^10*//' | paste -sd ' ')
  [[ $first != "$second" ]] || fail "both lost the same"
}

test_bursts() {
  lossy first --seed 7 --burst 10%:4
  says first "$(seq 1 15 | paste -sd ' ') $(seq 22 39 | paste -sd ' ')"
}

# A byte takes a tenth of a millisecond.
test_rate() {
  serve target listen -c 10 127.0.0.1:0
  between --rate 80kbit
  elapsed_ms ten_at_a_rate
  ((ms >= 100 && ms < 30000)) || fail "1000 bytes took $ms ms"
}
ten_at_a_rate() {
  "$DGRAM" send -w 0 -c 10 --hex "$(printf '00%.0s' {1..72})" "127.0.0.1:$port"
  ended target 0
}

test_queue() {
  serve target listen 127.0.0.1:0
  between -v --rate 800bit --queue 250
  number 1 15
  told relay '^1 session; out 15, '
  told relay '^out: [1-9] too many for the rate$'
}

test_mtu() {
  serve target listen -c 1 127.0.0.1:0
  between -v --mtu 128
  local hundred
  hundred=$(printf 'x%.0s' {1..100})
  tell "$port" "${hundred}x"
  tell "$port" "$hundred"
  ended target 0
  shows target.out "$(line 100 "$hundred")"
  told relay '^out: 1 too long for the mtu$'
}

# What waits when it is interrupted is told, and lost.
test_interrupted() {
  serve target listen 127.0.0.1:0
  between -v --delay 1h
  number 1 3
  told relay '^1 session; out 3, 0 sent; back 0, 0 sent in '
  interrupt relay
  [[ $(tail -n 1 "$work/relay.err") == '3 still waiting' ]] || fail "not told"
}

# A session does not end while something waits, nor at once when that has gone: looked at after 450
# and 900 ms it would be over before the answer to what it has sent after 500 comes, after 925.
test_delay_beyond_idle() {
  serve target echo --delay 425ms 127.0.0.1:0
  between -v --delay 500ms --idle 450ms
  run 0 "$DGRAM" send -n 1 -w 60 "127.0.0.1:$port" x
  await_line relay.err '^session 1 of .* ends: out 1, back 1$' 1
}

# ---- dgram echo ----

test_echo() {
  serve echo echo -v --loss 100% 127.0.0.1:0
  number 1 5
  told echo '^5 datagrams, 5 bytes received, 0 sent back in '
  told echo '^back: 5 lost$'
  interrupt echo
  serve echo echo --dup 100% 127.0.0.1:0
  run 0 "$DGRAM" send -n 2 -w 60 "127.0.0.1:$port" x
  interrupt echo
  grep -qE '^1 datagram, 1 byte received, 2 sent back in ' "$work/echo.err" || fail "summary"
}

# -c ends it when the last answer has left.
test_echo_with_count_and_delay() {
  serve echo echo -c 3 --delay 200ms 127.0.0.1:0
  elapsed_ms run 0 "$DGRAM" send -c 3 -n 3 -w 60 "127.0.0.1:$port" x
  ended echo 0
  ((ms >= 200 && ms < 30000)) || fail "it took $ms ms"
}

on_each_stack test_both_ways test_largest test_two_clients test_nc_to_socat test_targets \
  test_strangers test_idle_sessions_end test_busy_sessions_stay test_bound_of_sessions \
  test_target_that_is_gone test_to_itself \
  test_loses_nothing_or_all test_delays test_doubles test_reorders test_jitter_keeps_the_order \
  test_the_same_seed_loses_the_same test_a_seed_by_chance_is_told \
  test_each_session_has_its_own_chances test_bursts test_rate test_queue test_mtu \
  test_interrupted test_delay_beyond_idle test_echo test_echo_with_count_and_delay
