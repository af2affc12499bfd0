#!/usr/bin/env bash
# A trace of a simulated network, as somebody reads it who has nothing to do with us: tshark.

source "$(dirname "$0")/lib.sh"
need tshark

# fields FILE FIELD...: a line for each packet, its fields with | between.
fields() {
  local file=$1 field arguments=()
  shift
  for field in "$@"; do arguments+=(-e "$field"); done
  HOME=$work tshark -n -r "$file" -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE \
    -T fields -E separator='|' "${arguments[@]}" 2>"$work/tshark.err" ||
    fail "tshark: $(cat "$work/tshark.err")"
}

# The two datagrams of the test that compares bytes. A good checksum has status 1.
test_by_hand() {
  local trace=$work/trace.pcapng
  DGRAM_TEST_TRACE=$trace run 0 "$BUILD/test/stack/test_sim_trace"
  fields "$trace" frame.time_epoch ip.src ipv6.src udp.srcport ip.dst ipv6.dst udp.dstport \
    >"$work/run.out"
  says run.out '1.000000123|10.0.0.1||1000|10.0.0.2||2000
5.000000123||2001:db8::1|5000||2001:db8::2|6000'
  fields "$trace" frame.len ip.ttl ip.checksum.status ipv6.hlim udp.length udp.checksum.status \
    udp.payload frame.comment >"$work/run.out"
  says run.out '31|64|1||11|1|686921|client -> server: arrives after 20.000 ms
52|||7|12|1|73697821|2001:db8::1 -> 2001:db8::2: lost'
}

current=test_by_hand
test_by_hand
echo "[       OK ] $current"
