#!/usr/bin/env bash
# dgram listen: what it prints, in each form, and when it ends.

source "$(dirname "$0")/lib.sh"
need socat

test_text() {
  serve listen listen 127.0.0.1:0
  tell "$port" hello
  await_line listen.out '"hello"$' 1
  interrupt listen
  shows listen.out "$(line 5 hello)"
}

test_sender_address() {
  serve listen listen -c 1 127.0.0.1:0
  printf x | socat - "UDP4:127.0.0.1:$port,bind=127.0.0.77"
  ended listen 0
  shows listen.out '[^ ]+ 127\.0\.0\.77:[0-9]+ len 1 "x"'
}

test_escapes() {
  serve listen listen -c 2 127.0.0.1:0
  send -w 0 --hex '61 0a 09 0d 22 5c 00 1b 7f ff c3a9 e282ac' "$port"
  # Not characters: cut off, overlong, a surrogate. Characters that would forge: U+009B, U+202E,
  # U+2028.
  send -w 0 --hex 'c3 c0af e08080 eda080 c29b e280ae e280a8' "$port"
  ended listen 0
  grep -aqF 'len 15 "a\n\t\r\"\\\x00\x1b\x7f\xffé€"' "$work/listen.out" || fail "escapes"
  grep -aqF '"\xc3\xc0\xaf\xe0\x80\x80\xed\xa0\x80\xc2\x9b\xe2\x80\xae\xe2\x80\xa8"' "$work/listen.out" ||
    fail "escapes of what is no text"
}

test_empty_datagram() {
  serve listen listen -c 1 127.0.0.1:0
  tell "$port" ''
  ended listen 0
  shows listen.out "$(line 0 '')"
}

test_raw() {
  head -c 65507 /dev/urandom >"$work/data"
  serve listen listen --raw -c 2 127.0.0.1:0
  send -w 0 --file "$work/data" "$port"
  tell "$port" tail
  ended listen 0
  printf tail | cat "$work/data" - | cmp - "$work/listen.out" || fail "other bytes"
}

test_hex() {
  head -c 1003 /dev/urandom >"$work/data"
  serve listen listen --hex -c 2 127.0.0.1:0
  tell "$port" ''
  send -w 0 --file "$work/data" "$port"
  ended listen 0
  grep -qE '^[0-9:.]+ 127\.0\.0\.1:[0-9]+ len 0$' "$work/listen.out" || fail "no line for nothing"
  grep -qE '^[0-9:.]+ 127\.0\.0\.1:[0-9]+ len 1003$' "$work/listen.out" || fail "no first line"
  if command -v hexdump >/dev/null; then
    sed 1,2d "$work/listen.out" | diff - <(hexdump -Cv "$work/data") || fail "not as hexdump -C"
  fi
  [[ $(sed -n 3p "$work/listen.out") =~ ^00000000\ \ ([0-9a-f]{2}\ ){8}(\ [0-9a-f]{2}){8}\ \ \|.{16}\|$ ]] ||
    fail "layout"
}

test_json() {
  serve listen listen --json -c 2 127.0.0.1:0
  tell "$port" hello
  send -w 0 --hex 'ff00' "$port"
  ended listen 0
  local time='"time":"[0-9-]{10}T[0-9:]{8}\.[0-9]{6}Z"' place='[{]"address":"127.0.0.1","port":[0-9]+[}]'
  local head="[{]$time,\"from\":$place,\"to\":$place,\"length\""
  sed -n 1p "$work/listen.out" >"$work/one.out"
  shows one.out "$head:5,\"truncated\":false,\"data\":\"hello\"[}]"
  sed -n 2p "$work/listen.out" >"$work/one.out"
  shows one.out "$head:2,\"truncated\":false,\"base64\":\"/wA=\"[}]"
}

test_count_is_exact() {
  serve listen listen -c 2 127.0.0.1:0
  send -w 0 -c 5 "127.0.0.1:$port" x
  ended listen 0
  [[ $(wc -l <"$work/listen.out") == 2 ]] || fail "not two lines"
  says listen.err "listening on 127.0.0.1:$port"
}

test_lines_come_at_once() {
  serve listen listen 127.0.0.1:0
  tell "$port" first
  await_line listen.out first 1
  tell "$port" second
  await_line listen.out second 1
}

test_all_interfaces() {
  serve listen listen -c 1 0
  says listen.err "listening on 0.0.0.0:$port"
  tell "$port" x
  ended listen 0
  serve listen listen -c 1 '*:0'
  says listen.err "listening on 0.0.0.0:$port"
}

test_name() {
  serve listen listen -c 1 localhost:0
  says listen.err "listening on 127.0.0.1:$port"
  send -w 0 "localhost:$port" x
  ended listen 0
}

test_quiet() {
  serve listen listen 127.0.0.1:0
  local busy=$port
  start quiet "$DGRAM" listen -q -c 1 -w 10ms 127.0.0.1:0
  ended quiet 1
  says quiet.err ''
  run 2 "$DGRAM" listen -q "127.0.0.1:$busy"
  says run.err "dgram: bind EADDRINUSE 127.0.0.1:$busy: address already in use"
}

test_wait() {
  run 1 "$DGRAM" listen -w 20ms 127.0.0.1:0
  grep -qx 'dgram: nothing came in 20 ms' "$work/run.err" || fail "no reason"
  serve listen listen -w 2s 127.0.0.1:0
  tell "$port" x
  ended listen 0
  serve listen listen -c 2 -w 100ms 127.0.0.1:0
  tell "$port" x
  ended listen 1
}

test_reuse_addr() {
  serve first listen --reuse-addr 127.0.0.1:0
  run 1 "$DGRAM" listen --reuse-addr -w 10ms "127.0.0.1:$port"
  run 2 "$DGRAM" listen -w 10ms "127.0.0.1:$port"
}

on_each_stack test_text test_sender_address test_escapes test_empty_datagram test_raw test_hex test_json \
  test_count_is_exact test_lines_come_at_once test_all_interfaces test_name test_quiet test_wait \
  test_reuse_addr
