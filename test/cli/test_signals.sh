#!/usr/bin/env bash
# How the command ends when it is told to, or when nobody reads it any more.

source "$(dirname "$0")/lib.sh"

test_summary() {
  local signal
  for signal in INT TERM; do
    serve listen listen 127.0.0.1:0
    send -w 0 -c 3 "127.0.0.1:$port" hello
    await_line listen.out hello 3
    kill -"$signal" "${pids[listen]}"
    ended listen 0
    [[ $(sed -n 2p "$work/listen.err") =~ ^3\ datagrams,\ 15\ bytes\ received\ in\ [0-9]+\.[0-9]\ s$ ]] ||
      fail "no summary at SIG$signal"
    run 1 "$DGRAM" listen -w 1ms "127.0.0.1:$port" # the port is free again
  done
}

test_summary_of_one() {
  serve listen listen 127.0.0.1:0
  tell "$port" x
  await_line listen.out x 1
  interrupt listen
  grep -qE '^1 datagram, 1 byte received in [0-9]+\.[0-9] s$' "$work/listen.err" || fail "no singular"
}

# Whether a dgram catches a signal, by its bit in /proc. A shell that is about to become one may
# catch others and loses what it gets; it does not ignore SIGPIPE (13), as dgram does before all
# else.
catches() { # name number
  local status=/proc/${pids[$1]}/status caught ignored
  caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' "$status" 2>/dev/null)
  ignored=$(sed -n 's/^SigIgn:[[:space:]]*//p' "$status" 2>/dev/null)
  ((16#${ignored:-0} >> 12 & 16#${caught:-0} >> ($2 - 1) & 1))
}
catches_no_more() { ! catches "$@"; }

test_quiet_has_none() {
  [[ -r /proc/self/status ]] || { skip_part "no /proc"; return; }
  start listen "$DGRAM" listen -q 127.0.0.1:0
  await "a handler of SIGINT" catches listen 2
  interrupt listen
  says listen.err ''
}

test_interim_summary() {
  serve listen listen 127.0.0.1:0
  tell "$port" hello
  await_line listen.out hello 1
  kill -USR1 "${pids[listen]}"
  await_line listen.err '^1 datagram, 5 bytes received in ' 1
  tell "$port" hello
  await_line listen.out hello 2
  interrupt listen
  await_line listen.err '^2 datagrams, 10 bytes received in ' 1
}

test_send_is_interrupted() {
  serve sink listen 127.0.0.1:0
  start send "$DGRAM" send -w 60 "127.0.0.1:$port" hello
  await_line sink.out hello 1
  interrupt send
  shows send.err '1 datagram, 5 bytes sent, 0 replies, 0 bytes received in [0-9]+\.[0-9] s'
}

# Where a process sleeps in the kernel: "0" when it does not, or always where that is not told.
sleeps_in() { [[ $(cat "/proc/${pids[$1]}/wchan" 2>/dev/null) == *$2* ]]; }
kernel_tells() {
  local i
  for ((i = 0; i < 200; i++)); do
    if sleeps_in "$1" ep; then return 0; fi
    sleep 0.01
  done
  return 1
}

# Standard output is a pipe that nobody reads, so that the first SIGINT is never seen to.
test_second_interrupt_quits_at_once() {
  mkfifo "$work/fifo"
  exec 8<>"$work/fifo"
  rm "$work/fifo"
  "$DGRAM" listen --raw 127.0.0.1:0 >&8 2>"$work/listen.err" </dev/null &
  pids[listen]=$!
  await_line listen.err '^listening on ' 1
  local port
  port=$(sed -nE 's/^listening on .*:([0-9]+)$/\1/p' "$work/listen.err")
  if kernel_tells listen; then
    await "a pipe that is full" fill_pipe "$port"
    kill -INT "${pids[listen]}"
    await "the system's default for SIGINT" catches_no_more listen 2
    kill -INT "${pids[listen]}"
    ended listen 130
  else
    skip_part "the kernel does not tell what a process waits for"
  fi
  exec 8>&-
}
fill_pipe() {
  head -c 60000 /dev/zero | send -w 0 "127.0.0.1:$1"
  sleeps_in listen pipe
}

# The reader leaves after one line: that is no error and nothing to talk about.
test_broken_pipe() {
  mkfifo "$work/fifo"
  head -n 1 <"$work/fifo" >"$work/head.out" &
  pids[head]=$!
  "$DGRAM" listen 127.0.0.1:0 >"$work/fifo" 2>"$work/listen.err" </dev/null &
  pids[listen]=$!
  await_line listen.err '^listening on ' 1
  local port
  port=$(sed -nE 's/^listening on .*:([0-9]+)$/\1/p' "$work/listen.err")
  tell "$port" first
  ended head 0
  shows head.out "$(line 5 first)"
  tell "$port" second
  ended listen 0
  says listen.err "listening on 127.0.0.1:$port"
  rm "$work/fifo"
}

on_each_stack test_summary test_summary_of_one test_quiet_has_none test_interim_summary \
  test_send_is_interrupted test_second_interrupt_quits_at_once test_broken_pipe
