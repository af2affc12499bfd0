#!/usr/bin/env bash
# Everything over IPv6, also against programs nobody here wrote.

source "$(dirname "$0")/lib.sh"
need nc socat ss
need_ipv6

test_listen() {
  serve listen listen -c 1 '[::1]:0'
  says listen.err "listening on [::1]:$port"
  send -w 0 "[::1]:$port" six
  ended listen 0
  shows listen.out '[^ ]+ \[::1\]:[0-9]+ len 3 "six"'
  serve listen listen -6 -c 2 0
  says listen.err "listening on [::]:$port"
  send -6 -w 0 "$port" six
  tell "$port" four
  ended listen 0
  grep -qF ' [::1]:' "$work/listen.out" || fail "no sender with IPv6"
  grep -qF ' [::ffff:127.0.0.1]:' "$work/listen.out" || fail "no sender with IPv4"
}

test_echo() {
  serve echo echo '[::1]:0'
  send -n 1 -w 60 "[::1]:$port" six >"$work/send.out"
  shows send.out "[^ ]+ \\[::1\\]:$port len 3 \"six\""
  send -6 -n 1 -w 60 "$port" six >"$work/send.out"
  printf 'by socat' | socat -t 60 - "UDP6:[::1]:$port,shut-none" >"$work/socat.out" &
  pids[socat]=$!
  await_line socat.out 'by socat' 1
}

# From each family to each, and the address of the sender is a session's all the same.
test_relay() {
  local here there target
  for there in '[::1]' 127.0.0.1; do
    serve target echo "$there:0"
    target=$there:$port
    for here in '[::1]' 127.0.0.1; do
      serve relay relay -v --dup 100% "$here:0" "$target"
      send -n 4 -w 60 "$here:$port" six >"$work/send.out"
      [[ $(grep -c '"six"' "$work/send.out") == 4 ]] || fail "$here to $there"
      interrupt relay
      grep -qE '^1 session; out 1, 2 sent; back 2, 4 sent in ' "$work/relay.err" || fail "summary"
    done
  done
}

# The headers of UDP and IPv6 are 48 bytes.
test_relay_mtu() {
  serve target echo '[::1]:0'
  serve relay relay -v --mtu 100 '[::1]:0' "[::1]:$port"
  send -n 1 -w 60 "[::1]:$port" "$(printf 'x%.0s' {1..52})" >"$work/send.out"
  send -w 0 "[::1]:$port" "$(printf 'x%.0s' {1..53})"
  await_line relay.err ' begins$' 2
  interrupt relay
  grep -qx 'out: 1 too long for the mtu' "$work/relay.err" || fail "another length"
}

test_from_nc() {
  serve listen listen -c 1 '[::1]:0'
  input=$work/data
  printf hello >"$input"
  start nc nc -6 -u -q 0 ::1 "$port"
  ended listen 0
  shows listen.out '[^ ]+ \[::1\]:[0-9]+ len 5 "hello"'
}

test_to_socat() {
  start socat socat -u 'UDP6-RECV:0,bind=[::1]' -
  send -w 0 "[::1]:$(port_of socat)" hello
  await_line socat.out '^hello' 1
}

test_largest() {
  head -c 65527 /dev/urandom >"$work/data"
  serve echo echo '[::1]:0'
  send --raw --file "$work/data" "[::1]:$port" | cmp - "$work/data" || fail "other bytes"
  printf x >>"$work/data"
  run 2 "$DGRAM" send --file "$work/data" "[::1]:$port"
  says run.err 'dgram: the data does not fit into a datagram: that is at most 65527 bytes over IPv6'
}

test_family_options() {
  run 2 "$DGRAM" send -4 '[::1]:9' x
  says run.err "dgram: '::1' has no IPv4 address"
  run 2 "$DGRAM" listen -6 127.0.0.1:0
  says run.err "dgram: '127.0.0.1' has no IPv6 address"
  run 2 "$DGRAM" listen ::1:5000
  says run.err "dgram: '::1:5000': write an IPv6 address as [addr]:port"
}

on_each_stack test_listen test_echo test_relay test_relay_mtu test_from_nc test_to_socat test_largest test_family_options
