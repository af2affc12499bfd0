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

# What the world of the example did, and what it says of it. All ten were sent at once.
test_world() {
  run 0 "$EXAMPLES/example-world" "$work/trace.pcapng"
  fields "$work/trace.pcapng" frame.time_epoch ip.src udp.srcport ip.dst udp.dstport udp.length \
    ip.checksum.status udp.checksum.status | sort -u >"$work/run.out"
  shows run.out '1\.000000000\|10\.0\.0\.1\|[0-9]+\|10\.0\.0\.2\|41234\|9\|1\|1'
  fields "$work/trace.pcapng" udp.payload frame.comment >"$work/run.out"
  says run.out '30|client -> server: lost
31|client -> server: arrives after 20.000 ms
32|client -> server: arrives after 20.000 ms
33|client -> server: arrives after 20.000 ms
34|client -> server: arrives after 40.000 ms
35|client -> server: arrives after 20.000 ms
36|client -> server: lost
37|client -> server: arrives after 20.000 ms
38|client -> server: arrives after 20.000 ms
39|client -> server: arrives after 20.000 ms'
}

# A whole transfer: as many packets as the world counted, each with good checksums and a fate.
test_transfer() {
  DGRAM_TEST_SEED=7 DGRAM_TEST_COUNT=1 DGRAM_TEST_TRACE=$work/trace.pcapng \
    run 0 "$BUILD/test/examples/test_transfer_world"
  local sent
  sent=$(sed -nE 's/.*each twice: ([0-9]+) datagrams.*/\1/p' "$work/run.out")
  fields "$work/trace.pcapng" ip.checksum.status udp.checksum.status frame.comment >"$work/run.fates"
  [[ $sent -gt 0 && $(wc -l <"$work/run.fates") == "$sent" ]] || fail "not $sent packets"
  if grep -vE '^1\|1\|(client -> server|server -> client): (arrives|lost|queue full)' "$work/run.fates"; then
    fail "other packets"
  fi
}

for current in test_by_hand test_world test_transfer; do
  "$current"
  echo "[       OK ] $current"
done
