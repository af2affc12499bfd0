#!/usr/bin/env bash
# What IP carries beside the data: --tos, --dscp, --ecn and --ttl, as -v shows them; --connect.

source "$(dirname "$0")/lib.sh"

# The uv stack tells nothing of what came with a datagram: there -v shows the datagram alone.
tells() { [[ $DGRAM_STACK == linux ]]; }

# sent OPTIONS...: what a listener shows of a datagram that was sent so, its time and sender aside.
sent() {
  serve listen listen -v -c 1 127.0.0.1:0
  send -w 0 "$@" "127.0.0.1:$port" x
  ended listen 0
  shown=$(sed -E 's/.* len 1 //' "$work/listen.out")
}

test_verbose_shows_what_came_with_it() {
  sent --ttl 7
  if tells; then
    [[ $shown == 'to 127.0.0.1 on lo ttl 7 tos 0x00 "x"' ]] || fail "shown: $shown"
  else
    [[ $shown == '"x"' ]] || fail "shown: $shown"
  fi
}

test_tos() {
  tells || return 0
  sent --tos 16
  [[ $shown == *' tos 0x10 '* ]] || fail "tos: $shown"
  sent --dscp ef --ecn ect0
  [[ $shown == *' tos 0xba '* ]] || fail "dscp and ecn: $shown"
  sent --ecn ce
  [[ $shown == *' tos 0x03 '* ]] || fail "ecn: $shown"
  serve echo echo --dscp af41 127.0.0.1:0
  send -v "127.0.0.1:$port" x >"$work/reply.out" 2>/dev/null
  grep -q ' tos 0x88 ' "$work/reply.out" || fail "of an echo"
}

test_json() {
  need jq
  tells || return 0
  serve listen listen --json -v -c 1 127.0.0.1:0
  send -w 0 --dscp cs1 "127.0.0.1:$port" x
  ended listen 0
  [[ $(jq -r '"\(.local_address) \(.interface) \(.tos)"' "$work/listen.out") == '127.0.0.1 lo 32' ]] || fail "json"
  [[ $(jq '.kernel_time_ns > 1700000000000000000' "$work/listen.out") == true ]] || fail "time"
}

test_bad_values() {
  run 2 "$DGRAM" send --tos 256 9 x
  says run.err "dgram: send: --tos needs a number from 0 to 255, not '256'"
  run 2 "$DGRAM" send --dscp no 9 x
  says run.err "dgram: send: --dscp needs a name like ef, af41, cs3, or a number from 0 to 63, not 'no'"
  run 2 "$DGRAM" send --ecn no 9 x
  says run.err "dgram: send: --ecn knows 'not', 'ect0', 'ect1' and 'ce', not 'no'"
  run 2 "$DGRAM" send --tos 1 --ecn ce 9 x
  run 2 "$DGRAM" listen --tos 1 9
}

# A port that was free a moment ago.
nobodys_port() {
  serve gone listen 127.0.0.1:0
  interrupt gone
}

test_connect_hears_a_refusal() {
  nobodys_port
  run 2 "$DGRAM" send --connect -w 10s "127.0.0.1:$port" x
  shows run.err 'dgram: (recvmsg|send) ECONNREFUSED.*: connection refused'
}

test_connect_gets_its_reply() {
  serve echo echo 127.0.0.1:0
  run 0 "$DGRAM" send --connect "127.0.0.1:$port" hello
  shows run.out "$(line 5 hello)"
}

# Loopback carries 65,536 bytes: more than a datagram has.
test_df_is_taken() {
  serve echo echo --df 127.0.0.1:0
  run 0 "$DGRAM" send --df "127.0.0.1:$port" hello
  shows run.out "$(line 5 hello)"
}

# Two share a port, and each sender has one of them.
test_reuse_port() {
  serve one listen --reuse-port 127.0.0.1:0
  start two "$DGRAM" listen --reuse-port "127.0.0.1:$port"
  await_line two.err '^listening on ' 1
  run 2 "$DGRAM" listen "127.0.0.1:$port"
  local i
  for i in {1..40}; do tell "$port" "$i"; done
  await "40 datagrams" heard 40
  grep -q len "$work/one.out" || fail "one heard nothing"
  grep -q len "$work/two.out" || fail "two heard nothing"
}
heard() { (($(cat "$work/one.out" "$work/two.out" | wc -l) == $1)); }

on_each_stack test_df_is_taken test_reuse_port test_verbose_shows_what_came_with_it test_tos test_json test_bad_values \
  test_connect_hears_a_refusal test_connect_gets_its_reply
