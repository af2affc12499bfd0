#!/usr/bin/env bash
# dgram send: where its data comes from, how long it waits, what it exits with.

source "$(dirname "$0")/lib.sh"

# A listener whose datagrams stand in sink.out, one after the other.
sink() { serve sink listen --raw "$@" 127.0.0.1:0; }

test_argument() {
  sink -c 1
  run 0 "$DGRAM" send -w 0 "127.0.0.1:$port" 'a b\n'
  ended sink 0
  says sink.out 'a b\n'
  says run.out ''
  says run.err ''
}

test_standard_input_is_one_datagram() {
  serve listen listen -c 2 127.0.0.1:0
  printf 'one\ntwo\0\n' | send -w 0 "$port"
  printf 'dash' | send -w 0 "$port" -
  ended listen 0
  grep -qF ' len 9 "one\ntwo\x00\n"' "$work/listen.out" || fail "not as one"
  grep -qF ' len 4 "dash"' "$work/listen.out" || fail "not by '-'"
}

test_empty_input_is_an_empty_datagram() {
  serve listen listen -c 1 127.0.0.1:0
  run 0 "$DGRAM" send -w 0 "$port"
  ended listen 0
  shows listen.out "$(line 0 '')"
}

test_file() {
  head -c 5000 /dev/urandom >"$work/data"
  sink -c 2
  send -w 0 --file "$work/data" "$port"
  send -w 0 --file - "$port" <"$work/data"
  ended sink 0
  cat "$work/data" "$work/data" | cmp - "$work/sink.out" || fail "other bytes"
}

test_hex() {
  sink -c 2
  send -w 0 --hex '0a0B' "$port"
  send -w 0 --hex ' 0c:0d 0e' "$port"
  ended sink 0
  [[ $(od -An -tx1 "$work/sink.out") == ' 0a 0b 0c 0d 0e' ]] || fail "other bytes"
}

test_lines() {
  serve listen listen -c 4 127.0.0.1:0
  printf 'one\n\n three\r\nlast' | send -w 0 --delim line "$port"
  ended listen 0
  [[ $(sed 's/.* len //' "$work/listen.out" | paste -sd ,) == '3 "one",0 "",7 " three\r",4 "last"' ]] ||
    fail "lines"
  serve listen listen -c 2 127.0.0.1:0
  seq 1000 | send -w 0 --delim line -c 2 "$port"
  ended listen 0
  run 0 "$DGRAM" send --delim line "$port"
}

# As many as a receive buffer holds, however slow the other end is.
test_lines_from_a_file() {
  seq 100 >"$work/data"
  serve echo echo 127.0.0.1:0
  send --raw --delim line --file "$work/data" "$port" | cmp - <(tr -d '\n' <"$work/data") || fail "lost lines"
}

# What is answered is seen before there is more to send.
test_lines_while_they_come() {
  serve echo echo 127.0.0.1:0
  mkfifo "$work/fifo"
  input=$work/fifo
  start send "$DGRAM" send --delim line "$port"
  exec 8>"$work/fifo"
  printf 'first\nsec' >&8
  await_line send.out 'len 5 "first"$' 1
  printf 'ond\n' >&8
  await_line send.out 'len 6 "second"$' 1
  exec 8>&-
  ended send 0
  rm "$work/fifo"
}

# What a shell opened stays as it was: the next reader of the same description may not be ready for
# EAGAIN.
test_input_stays_blocking() {
  command -v python3 >/dev/null || { skip_part "python3 is not installed"; return; }
  sink
  mkfifo "$work/fifo"
  exec 8<>"$work/fifo"
  echo line >&8
  send -w 0 --delim line -c 1 "$port" <&8
  python3 -c 'import fcntl, os; assert not fcntl.fcntl(8, fcntl.F_GETFL) & os.O_NONBLOCK' ||
    fail "the input is left non-blocking"
  exec 8>&-
  rm "$work/fifo"
}

test_terminal_sends_lines() {
  # The two programs called script differ in how they take a command.
  script -qec true /dev/null >/dev/null 2>&1 </dev/null || { skip_part "no script of util-linux"; return; }
  serve echo echo 127.0.0.1:0
  mkfifo "$work/fifo"
  input=$work/fifo
  start terminal script -qec "'$DGRAM' send $port" /dev/null
  exec 8>"$work/fifo"
  await_line terminal.out 'Ctrl-D ends' 1
  printf 'typed\n' >&8
  await_line terminal.out 'len 5 "typed"' 1
  printf '\004' >&8
  ended terminal 0
  exec 8>&-
  rm "$work/fifo"
}

test_count_and_interval() {
  serve listen listen -c 3 127.0.0.1:0
  local before after
  before=$(date +%s%N)
  run 0 "$DGRAM" send -v -w 0 -c 3 -i 50ms "127.0.0.1:$port" x
  after=$(date +%s%N)
  ended listen 0
  ((after - before >= 100000000)) || fail "no pause between datagrams"
  grep -qE '^3 datagrams, 3 bytes sent, 0 replies, 0 bytes received in [0-9.]+ s$' "$work/run.err" ||
    fail "summary"
}

test_largest() {
  head -c 65507 /dev/urandom >"$work/data"
  serve echo echo 127.0.0.1:0
  send --raw --file "$work/data" "$port" | cmp - "$work/data" || fail "other bytes"
  printf x >>"$work/data"
  run 2 "$DGRAM" send --file "$work/data" "$port"
  says run.err 'dgram: the data does not fit into a datagram: that is at most 65507 bytes over IPv4'
  head -c 200000 /dev/zero >"$work/data"
  run 2 "$DGRAM" send --file "$work/data" "$port"
  run 2 "$DGRAM" send --delim line --file "$work/data" "$port"
  says run.err "dgram: a line of $work/data is longer than a datagram can be"
}

test_reply_is_shown() {
  serve echo echo 127.0.0.1:0
  printf x | send -n 1 -w 60 "localhost:$port" >"$work/run.out"
  shows run.out "[^ ]+ 127\.0\.0\.1:$port len 1 \"x\""
}

# Below the second that is waited at most. Once of ten is enough: the machine may be slow.
test_reply_ends_it() {
  serve echo echo 127.0.0.1:0
  local i before after
  for ((i = 0; i < 10; i++)); do
    before=$(date +%s%N)
    run 0 "$DGRAM" send -c 3 "127.0.0.1:$port" x
    after=$(date +%s%N)
    [[ $(wc -l <"$work/run.out") == 3 ]] || fail "not a reply for each"
    if ((after - before < 900000000)); then return; fi
  done
  fail "it waits although the replies are there"
}

test_no_reply() {
  sink
  run 1 "$DGRAM" send "127.0.0.1:$port" x
  says run.err 'dgram: no reply in 1 s'
  run 1 "$DGRAM" send -w 20ms "127.0.0.1:$port" x
  says run.err 'dgram: no reply in 20 ms'
  run 1 "$DGRAM" send -w 0.0255 "127.0.0.1:$port" x
  says run.err 'dgram: no reply in 25.5 ms'
  run 1 "$DGRAM" send -q -w 1ms "127.0.0.1:$port" x
  says run.err ''
}

test_replies() {
  serve echo echo 127.0.0.1:0
  run 0 "$DGRAM" send -n 2 -w 60 -c 5 "127.0.0.1:$port" x
  [[ $(wc -l <"$work/run.out") == 2 ]] || fail "not two replies"
  run 1 "$DGRAM" send -n 2 -w 1s "127.0.0.1:$port" x
  shows run.out "[^ ]+ 127\.0\.0\.1:$port len 1 \"x\""
  says run.err 'dgram: not all replies in 1 s'
}

# With -w the time is waited to its end.
test_wait_collects() {
  serve echo echo 127.0.0.1:0
  local before after
  before=$(date +%s%N)
  run 0 "$DGRAM" send -w 200ms "127.0.0.1:$port" x
  after=$(date +%s%N)
  ((after - before >= 200000000)) || fail "it left early"
}

test_source() {
  serve listen listen -c 1 127.0.0.1:0
  local to=$port
  run 0 "$DGRAM" send -v -w 0 -b 127.0.0.88:0 "127.0.0.1:$to" x
  ended listen 0
  local from
  from=$(sed -nE 's/^sending from (127\.0\.0\.88:[0-9]+) to .*/\1/p' "$work/run.err")
  [[ $from ]] || fail "no source"
  grep -qF " $from len 1" "$work/listen.out" || fail "another source than $from"
}

test_port_alone_is_this_host() {
  sink -c 1
  send -w 0 "$port" x
  ended sink 0
}

on_each_stack test_argument test_standard_input_is_one_datagram test_empty_input_is_an_empty_datagram \
  test_file test_hex test_lines test_lines_from_a_file test_lines_while_they_come \
  test_input_stays_blocking test_terminal_sends_lines test_count_and_interval test_largest \
  test_reply_is_shown test_reply_ends_it test_no_reply test_replies test_wait_collects test_source \
  test_port_alone_is_this_host
