#!/usr/bin/env bash
# Each public header compiles alone, as C11 and as C++17, without a warning, by every compiler that
# is here. So does a program that passes NULL for options: the macros take the size of the type.

set -eu
SOURCE=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/null.inc" <<'C'
#include <dgram.h>
#include <dgram/cluster.h>
#include <dgram/sim.h>
#include <dgram/uv.h>

int use(uv_loop_t *loop, dgram_stack **stack, dgram_socket **socket, dgram_stats *stats);

int use(uv_loop_t *loop, dgram_stack **stack, dgram_socket **socket, dgram_stats *stats) {
  int code = dgram_uv_stack_create(loop, NULL, stack);
  code |= dgram_sim_stack_create(NULL, stack);
  code |= dgram_create_socket(NULL, NULL, socket);
  code |= dgram_bind(*socket, NULL, NULL, NULL);
  code |= dgram_bind(*socket, 0, NULL, NULL);
  code |= dgram_get_stats(*socket, stats);
  code |= dgram_send(*socket, NULL, 0, 1, NULL, NULL, NULL);
  code |= dgram_close(*socket, NULL, NULL);
  code |= dgram_cluster_start(NULL, NULL, NULL);
  code |= dgram_cluster_join(NULL, NULL);
  return code | dgram_run(NULL);
}
C

compile() { # compiler language standard file more...
  local compiler=$1 language=$2 standard=$3 file=$4
  shift 4
  "$compiler" -x "$language" "-std=$standard" -Wall -Wextra -Wpedantic -Werror -fsyntax-only \
    -I"$SOURCE/include" "$@" "$file" || return 1
  compiled=$((compiled + 1))
}

compiled=0
# uv.h itself needs POSIX types, which strict C11 hides. C++ compilers show them always.
posix=-D_POSIX_C_SOURCE=200809L
for pair in gcc:g++ clang:clang++; do
  c=${pair%:*} cxx=${pair#*:}
  for header in $(cd "$SOURCE/include" && find . -name '*.h' | sed 's|^\./||' | sort); do
    printf '#include <%s>\n' "$header" >"$work/alone"
    define=
    if [[ $header == dgram/uv.h ]]; then define=$posix; fi
    if command -v "$c" >/dev/null; then compile "$c" c c11 "$work/alone" $define; fi
    if command -v "$cxx" >/dev/null; then compile "$cxx" c++ c++17 "$work/alone"; fi
  done
  if command -v "$c" >/dev/null; then compile "$c" c c11 "$work/null.inc" $posix; fi
  if command -v "$cxx" >/dev/null; then compile "$cxx" c++ c++17 "$work/null.inc"; fi
done

# It can fail: a header that uses what it does not include.
printf 'dgram_address address;\n#include <dgram.h>\n' >"$work/alone"
if compile "${CC:-cc}" c c11 "$work/alone" 2>/dev/null; then
  echo "a broken program compiles"
  exit 1
fi

echo "$compiled compilations without a warning"
((compiled >= 8))
