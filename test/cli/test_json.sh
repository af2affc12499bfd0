#!/usr/bin/env bash
# --json, as a program that reads JSON sees it.

source "$(dirname "$0")/lib.sh"
need jq

json() { # line filter
  sed -n "$1p" "$work/listen.out" | jq -r "$2"
}

test_listen() {
  serve listen listen --json -c 3 127.0.0.1:0
  send -w 0 --hex '68 c3a9 0a 22 00 1b' "$port"
  send -w 0 --hex '00 ff fe 61' "$port"
  tell "$port" ''
  ended listen 0
  [[ $(wc -l <"$work/listen.out") == 3 ]] || fail "not a line each"
  [[ $(json 1 'keys_unsorted | join(" ")') == "time from to length truncated data" ]] || fail "keys"
  [[ $(json 1 .time) =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z$ ]] || fail "time"
  [[ $(json 1 .from.address) == 127.0.0.1 && $(json 1 '.from.port > 0') == true ]] || fail "from"
  [[ $(json 1 '"\(.to.address) \(.to.port)"') == "127.0.0.1 $port" ]] || fail "to"
  [[ $(json 1 '"\(.length) \(.truncated)"') == "7 false" ]] || fail "length"
  [[ $(json 1 '.data == "hé\n\"\u0000\u001b"') == true ]] || fail "data"
  [[ $(json 2 'has("data")') == false && $(json 2 .base64) == AP/+YQ== ]] || fail "base64"
  [[ $(json 3 '.data == "" and .length == 0') == true ]] || fail "empty"
}

test_base64() {
  local length
  for length in 1 2 3 64; do
    { printf '\377'; head -c "$length" /dev/urandom; } >"$work/data"
    serve listen listen --json -c 1 127.0.0.1:0
    send -w 0 --file "$work/data" "$port"
    ended listen 0
    grep -qF "\"base64\":\"$(base64 -w 0 "$work/data")\"" "$work/listen.out" || fail "base64 of $length"
  done
}

test_send() {
  serve echo echo 127.0.0.1:0
  send --json "$port" hello >"$work/listen.out"
  [[ $(json 1 '"\(.from.address) \(.from.port) \(.data)"') == "127.0.0.1 $port hello" ]] || fail "reply"
}

on_each_stack test_listen test_base64 test_send
