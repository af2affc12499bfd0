#!/usr/bin/env bash
# Plants three bugs into a copy of the core, one at a time, and shows that the random programs of
# test/property find each within 1,000 seeds, and shrink a program that fails to a few steps.
#
#   lost      every 97th entry of a send queue never calls back
#   late      the rest of a batch is still delivered after dgram_close
#   swapped   two neighbours in a queue leave in the wrong order, now and then

set -eu
SOURCE=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
CMAKE=${CMAKE:-cmake}

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

cd "$SOURCE"
cp -r CMakeLists.txt cmake include packaging src test "$copy/"
"$CMAKE" -S "$copy" -B "$copy/build" -G Ninja --log-level=ERROR -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DDGRAM_BUILD_TESTS=ON -DDGRAM_BUILD_CLI=OFF -DDGRAM_BUILD_EXAMPLES=OFF >/dev/null

run() {
  "$CMAKE" --build "$copy/build" --target test-property-programs >"$copy/log" 2>&1 || {
    cat "$copy/log"
    exit 1
  }
  DGRAM_TEST_SEED=1 DGRAM_TEST_COUNT=1000 "$copy/build/test/property/test_programs" >"$copy/found" 2>&1
}

# Changes one line of a file; finds the bug by one of the checks it breaks; changes it back.
plant() { # name file old new checks
  local file=$copy/src/core/$2 seed check steps
  cp "$file" "$copy/original"
  sed -i "s|$3|$4|" "$file"
  if cmp -s "$file" "$copy/original"; then
    echo "$1: there is no line to plant it in"
    exit 1
  fi
  if run; then
    echo "$1: not found within 1,000 seeds"
    exit 1
  fi
  cp "$copy/original" "$file"
  seed=$(sed -n 's/^seed \([0-9]*\) fails: .*/\1/p' "$copy/found")
  check=$(sed -n 's/^seed [0-9]* fails: \[\([a-z]*\)\].*/\1/p' "$copy/found")
  steps=$(sed -n 's/^shrunken from [0-9]* steps to \([0-9]*\):.*/\1/p' "$copy/found")
  echo "== $1: seed ${seed:-none}, [$check]"
  sed -n '/^shrunken/,/dgram_sim_destroy/p' "$copy/found"
  [[ " $5 " == *" $check "* ]] || { cat "$copy/found"; exit 1; }
  ((steps > 0 && steps <= 16)) || { echo "$1: shrunken to $steps steps only"; exit 1; }
}

run || { cat "$copy/found"; exit 1; }
plant lost complete.c \
  '^  cb(socket, result, data);$' \
  '  if (socket->queue->head % 97 != 0) cb(socket, result, data);' 'once'
plant late receive.c \
  'while (i < count \&\& !socket->paused \&\& socket->life == DGRAM__OPEN)' \
  'while (i < count \&\& !socket->paused)' 'close'
plant swapped send.c \
  '^    done = (uint32_t)dgram__send_unless_blocked(socket, list, count, 0, 0);$' \
  '    if (count > 1 \&\& socket->queue->sent % 7 == 3) { dgram_datagram first = list[0]; list[0] = list[1]; list[1] = first; }\n&' \
  'order sent'
