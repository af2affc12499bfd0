#!/usr/bin/env bash
# The benchmarks run: each program for a moment, and their rows have all that a reader of the JSON
# may ask for. How fast anything was is not looked at. A program that fails, or hangs, costs its own
# figure and nothing else.

set -eu
SOURCE=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${BUILD:-$SOURCE/build}

skip() {
  echo "skipped: $*"
  exit 77
}

command -v python3 >/dev/null || skip "python3 is not installed"
[[ -x $BUILD/bench/bench-ours ]] || skip "the benchmarks are not built (DGRAM_BUILD_BENCH)"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

export PYTHONDONTWRITEBYTECODE=1
measure() { # options...
  python3 "$SOURCE/bench/run.py" --quick --pairs 1 --window-ms 20 "$@" >"$work/log" 2>&1
}

# What is wrong with rows, one line each.
judge() { # file
  jq -r '.[] | . as $row | (
      (["job", "length", "ours", "limit", "peers", "ratio_limit", "ratio_peer", "interval", "goal", "met"][]
        | select(. as $key | $row | has($key) | not) | "\($row.job): no \(.)"),
      (if ($row.ours // 0) > 0 then empty else "\($row.job): no figure of ours" end),
      ($row.errors | to_entries[] | "\($row.job): \(.key): \(.value)"))' "$1"
}

measure --build "$BUILD" --job bulk-batch-64 --job bulk-message-1200 --job flood --job plain --job fan-out \
  --job reply-1 --job idle-memory --job growth --sockets 100 --json "$work/rows" --chart "$work/chart.svg" ||
  { cat "$work/log"; exit 1; }
bad=$(judge "$work/rows")
[[ -z $bad ]] || { echo "$bad"; exit 1; }
(($(jq length "$work/rows") == 10))
python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$work/chart.svg"
echo "$(jq length "$work/rows") jobs, $(grep -c '<rect' "$work/chart.svg") bars"

# libuv's program hangs, the bare one fails: both are said, and ours is measured all the same.
mkdir -p "$work/build/bench"
cp "$BUILD/bench/bench-ours" "$work/build/bench/"
printf '#!/bin/sh\nexec tail -f /dev/null\n' >"$work/build/bench/bench-uv"
printf '#!/bin/sh\necho out of luck >&2\nexit 3\n' >"$work/build/bench/bench-bare"
chmod +x "$work"/build/bench/*
if measure --build "$work/build" --job bulk-message-64 --timeout-s 2 --json "$work/rows"; then
  echo "failing programs are not seen"
  exit 1
fi
bad=$(judge "$work/rows")
[[ $bad == *"limit: bare receive-gro: ended with status 3: out of luck"* && $bad == *"libuv: "*"no answer in time"* &&
  $bad != *"of ours"* ]] || { cat "$work/log"; echo "$bad"; exit 1; }
