#!/usr/bin/env bash
# dgram info: what it says is what other programs say of this system.

source "$(dirname "$0")/lib.sh"
need jq

value() { # filter
  "$DGRAM" info --json | jq -r "$1"
}

test_text() {
  run 0 "$DGRAM" info
  grep -qE "^versions +dgram [0-9.]+, $(uname -s) $(uname -r)\$" "$work/run.out" || fail "versions"
  grep -qE '^segmentation \(GSO\) +(no|yes, up to (64|128) datagrams as one)$' "$work/run.out" || fail "GSO"
  grep -qE '^[0-9]+: lo, up, mtu 65536' "$work/run.out" || fail "lo"
  run 0 "$DGRAM" info lo
  [[ $(grep -cE '^[0-9]+: ' "$work/run.out") == 1 ]] || fail "more than one interface"
}

test_json_of_the_system() {
  [[ $(value .release) == "$(uname -r)" ]] || fail "release"
  [[ $(value '.receive_buffer_max') == "$(cat /proc/sys/net/core/rmem_max 2>/dev/null || echo null)" ]] ||
    fail "rmem_max"
  [[ $(value '.gso_segments | IN(0, 64, 128)') == true ]] || fail "segments"
}

test_json_of_interfaces() {
  need ip
  [[ $(value '.interfaces | map(.name) | sort | join(" ")') == "$(ip -j addr | jq -r '[.[].ifname] | sort | join(" ")')" ]] ||
    fail "names"
  [[ $(value '.interfaces[] | select(.name == "lo") | .mtu') == "$(cat /sys/class/net/lo/mtu)" ]] || fail "mtu"
  [[ $(value '.interfaces[] | select(.name == "lo") | .addresses[0]') == 127.0.0.1 ]] || fail "address"
}

test_an_interface_that_is_not_there() {
  run 2 "$DGRAM" info no-such-one
  says run.err "dgram: no interface 'no-such-one'"
  run 2 "$DGRAM" info lo lo
}

on_each_stack test_text test_json_of_the_system test_json_of_interfaces test_an_interface_that_is_not_there
