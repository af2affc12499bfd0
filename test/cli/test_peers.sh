#!/usr/bin/env bash
# The command and programs nobody here wrote, netcat and socat, in both directions.

source "$(dirname "$0")/lib.sh"
need nc socat ss

printf hello >"$work/hello"

test_nc_to_listen() {
  serve listen listen -c 1 127.0.0.1:0
  input=$work/hello
  start nc nc -u -q 0 127.0.0.1 "$port"
  ended listen 0
  shows listen.out "$(line 5 hello)"
}

test_socat_to_listen() {
  serve listen listen -c 1 127.0.0.1:0
  socat -u - "UDP4-SENDTO:127.0.0.1:$port" <"$work/hello"
  ended listen 0
  shows listen.out "$(line 5 hello)"
}

# All senders are heard, not the first alone as nc does.
test_several_peers_to_listen() {
  serve listen listen -c 3 127.0.0.1:0
  local address
  for address in 127.0.0.11 127.0.0.12 127.0.0.13; do
    socat -u - "UDP4-SENDTO:127.0.0.1:$port,bind=$address" <"$work/hello"
  done
  ended listen 0
  [[ $(cut -d ' ' -f 2 "$work/listen.out" | cut -d : -f 1 | paste -sd ' ') == \
    "127.0.0.11 127.0.0.12 127.0.0.13" ]] || fail "senders"
}

test_send_to_nc() {
  start nc nc -u -l 127.0.0.1 0
  run 0 "$DGRAM" send -w 0 "127.0.0.1:$(port_of nc)" hello
  await_line nc.out '^hello' 1
}

test_send_to_socat() {
  head -c 65507 /dev/urandom >"$work/data"
  start socat socat -u -b 65536 UDP4-RECV:0,bind=127.0.0.1 -
  run 0 "$DGRAM" send -w 0 --file "$work/data" "127.0.0.1:$(port_of socat)"
  await "65,507 bytes at socat" cmp -s "$work/data" "$work/socat.out"
}

# nc answers whom it heard first, when it is told what.
test_reply_of_nc() {
  mkfifo "$work/fifo"
  input=$work/fifo
  start nc nc -u -l 127.0.0.1 0
  exec 8>"$work/fifo"
  start send "$DGRAM" send -n 1 -w 60 "127.0.0.1:$(port_of nc)" question
  await_line nc.out question 1
  printf answer >&8
  ended send 0
  shows send.out "$(line 6 answer)"
  exec 8>&-
  rm "$work/fifo"
}

test_reply_of_socat() {
  start socat socat UDP4-RECVFROM:0,bind=127.0.0.1,fork EXEC:cat
  run 0 "$DGRAM" send -n 1 -w 60 "127.0.0.1:$(port_of socat)" question
  shows run.out "$(line 8 question)"
}

test_nc_to_echo() {
  serve echo echo 127.0.0.1:0
  mkfifo "$work/fifo"
  input=$work/fifo
  start nc nc -u 127.0.0.1 "$port"
  exec 8>"$work/fifo"
  printf 'by nc\n' >&8
  await_line nc.out '^by nc$' 1
  exec 8>&-
  rm "$work/fifo"
}

test_socat_to_echo() {
  serve echo echo 127.0.0.1:0
  head -c 30000 /dev/urandom >"$work/data"
  socat -b 65536 -t 60 - "UDP4:127.0.0.1:$port,shut-none" <"$work/data" >"$work/socat.out" &
  pids[socat]=$!
  await "30,000 bytes back at socat" cmp -s "$work/data" "$work/socat.out"
}

on_each_stack test_nc_to_listen test_socat_to_listen test_several_peers_to_listen test_send_to_nc \
  test_send_to_socat test_reply_of_nc test_reply_of_socat test_nc_to_echo test_socat_to_echo
