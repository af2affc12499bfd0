#!/usr/bin/env bash
# The benchmarks of the npm package run: each job for a moment, and their rows have what those of the C
# library have. How fast anything was is not looked at.

set -eu
SOURCE=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${BUILD:-$SOURCE/build}

skip() {
  echo "skipped: $*"
  exit 77
}

command -v python3 >/dev/null || skip "python3 is not installed"
[[ -x $BUILD/bench/bench-bare ]] || skip "the benchmarks are not built (DGRAM_BUILD_BENCH)"
[[ -e $SOURCE/node/build/Release/libdgram.node ]] || skip "the addon is not built (DGRAM_BUILD_NODE)"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PYTHONDONTWRITEBYTECODE=1
python3 "$SOURCE/node/bench/run.py" --build "$BUILD" --quick --pairs 1 --window-ms 20 --messages 10000 \
  --json "$work/rows" --chart "$work/chart.svg" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }

bad=$(jq -r '.[] | . as $row | (
    (["job", "length", "ours", "peers", "ratio", "interval", "goal", "met", "node"][]
      | select(. as $key | $row | has($key) | not) | "\($row.job): no \(.)"),
    (if $row.ours == null then "\($row.job): no figure of ours" else empty end),
    (if $row.unit == "datagrams/s" and ($row.peers["node:dgram"] // 0) <= 0 then "\($row.job): no figure of Node" else empty end),
    ($row.errors | to_entries[] | "\($row.job): \(.key): \(.value)"))' "$work/rows")
[[ -z $bad ]] || { echo "$bad"; exit 1; }
(($(jq length "$work/rows") == 9))
python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$work/chart.svg"
echo "$(jq length "$work/rows") jobs"
