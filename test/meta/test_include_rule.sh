#!/usr/bin/env bash
# Who may include whom. The rooms of the house are kept apart by this and by nothing else, so it is
# strict: a file in no room, or a header that cannot be found, is a violation too.
#
#   include/dgram.h          C standard headers
#   include/dgram/*.h        those and dgram.h; uv.h also <uv.h>
#   src/core                 C standard headers that need no system, public headers but dgram/uv.h,
#                            core/*.h, stack/stack.h; and asks for no operating system in #if
#   src/stack/stack.h        C standard headers, dgram.h, core/limits.h
#   src/stack/X              stack.h, the small headers of the core, its own, the system; <uv.h> and
#                            loop/*.h only where X is linux or uv (or loop itself); never another
#                            stack
#   src/cluster              public headers, its own, the system
#   cli, bench, node/native  public headers, their own, the system
#   examples, conformance    the same without <uv.h>; but the conformance suite's harness, which is
#                            the factory of its stacks
#
# It ends by planting violations into a copy and expects to find each of them.

set -eu
SOURCE=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}

c_standard=" assert ctype errno float inttypes iso646 limits math stdalign stdarg stdbool stddef stdint
  stdlib stdnoreturn string stdio "
c_system=" complex fenv locale setjmp signal stdatomic threads time tgmath uchar wchar wctype "
# What a stack may know of the core: containers and numbers, never the socket.
small_core=" src/core/limits.h src/core/prefetch.h src/core/queue.h src/core/run.h "

listed() { [[ $1 == *[[:space:]]"$2"[[:space:]]* ]]; }
standard() { [[ $1 == system:*.h ]] && listed "$c_standard" "${1:7:-2}"; }
any_standard() { standard "$1" || { [[ $1 == system:*.h ]] && listed "$c_system" "${1:7:-2}"; }; }
system() { [[ $1 == system:* && $1 != system:uv.h && $1 != system:uv/* ]]; }
public() { [[ $1 == include/* ]]; }
public_without_uv() { public "$1" && [[ $1 != include/dgram/uv.h ]]; }

# Sets `header` to a path in the project, to system:name, or to lost:name.
resolve() { # file delimiter name
  local directory=${1%/*} place
  if [[ $2 == '<' ]]; then
    header=system:$3
    if [[ -f include/$3 ]]; then header=include/$3; fi
    return
  fi
  header=lost:$3
  for place in include src "$directory"; do
    if [[ -f $place/$3 ]]; then header=$place/$3; fi
  done
  if [[ $header == *..* ]]; then header=$(realpath -m --relative-to=. "$header"); fi
}

allowed() { # file header
  local file=$1 header=$2 room=${1%/*}
  case $file in
    include/dgram.h) any_standard "$header" ;;
    include/dgram/uv.h) standard "$header" || [[ $header == include/dgram.h || $header == system:uv.h ]] ;;
    include/dgram/*) standard "$header" || [[ $header == include/dgram.h ]] ;;
    src/core/*) standard "$header" || public_without_uv "$header" ||
      [[ $header == src/core/* || $header == src/stack/stack.h ]] ;;
    src/stack/stack.h) standard "$header" || [[ $header == include/dgram.h || $header == src/core/limits.h ]] ;;
    src/stack/loop/* | src/stack/linux/* | src/stack/uv/*)
      [[ $header == system:* || $header == src/stack/stack.h || $header == "$room"/* ||
        $header == src/stack/loop/* ]] || public "$header" || listed "$small_core" "$header" ;;
    src/stack/sim/*) system "$header" || public_without_uv "$header" || listed "$small_core" "$header" ||
      [[ $header == src/stack/stack.h || $header == "$room"/* ]] ;;
    src/cluster/*) system "$header" || public "$header" || [[ $header == src/cluster/* ]] ;;
    test/conformance/harness*)
      [[ $header == system:* || $header == "$room"/* ]] || public "$header" ;;
    examples/* | test/conformance/*)
      system "$header" || public_without_uv "$header" || [[ $header == "$room"/* ]] ;;
    cli/* | bench/* | node/native/*)
      [[ $header == system:* || $header == "$room"/* ]] || public "$header" ;;
    *) return 1 ;;
  esac
}

includes() {
  grep -HnoE '^[[:space:]]*#[[:space:]]*include[[:space:]]*(["<][^">]+[">]|[A-Za-z_].*)' "$@" /dev/null || true
}

# Prints the violations of the tree in the current directory; says whether there was none.
check_tree() {
  local rooms=() files=() line file number what delimiter name header bad=0
  for room in include src cli examples bench node/native test/conformance; do
    [[ -d $room ]] && rooms+=("$room")
  done
  mapfile -t files < <(find "${rooms[@]}" -name '*.[ch]' | sort)
  while IFS= read -r line; do
    file=${line%%:*} line=${line#*:}
    number=${line%%:*} what=${line#*:}
    what=${what#*include}
    what=${what#"${what%%[![:space:]]*}"}
    delimiter=${what:0:1}
    name=${what:1:${#what}-2}
    resolve "$file" "$delimiter" "$name"
    if ! allowed "$file" "$header"; then
      echo "$file:$number: may not include $header"
      bad=1
    fi
  done < <(includes "${files[@]}")
  if grep -HnE '^[[:space:]]*#[[:space:]]*(el)?if.*(__linux|_WIN32|__APPLE__|__unix__|BSD__|__sun)' \
    src/core/* /dev/null; then
    echo "src/core: depends on an operating system"
    bad=1
  fi
  includes_checked=$(includes "${files[@]}" | wc -l)
  files_checked=${#files[@]}
  return "$bad"
}

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
expected=()

# Adds a line to a file of the copy, and what the check has to say of it.
plant() { # file line complaint
  mkdir -p "$copy/$(dirname "$1")"
  printf '%s\n' "$2" >>"$copy/$1"
  expected+=("$1:$(wc -l <"$copy/$1"):$3")
}

forbid() { # file header-with-delimiters path
  plant "$1" "#include $2" " may not include $3"
}

cd "$SOURCE"
check_tree
echo "$includes_checked includes in $files_checked files are allowed"
((includes_checked > 0))

for folder in include src cli examples bench node test; do
  if [[ -d $folder ]]; then cp -r "$folder" "$copy/"; fi
done
forbid include/dgram.h '<uv.h>' system:uv.h
forbid include/dgram.h '<sys/socket.h>' system:sys/socket.h
forbid include/dgram/sim.h '<uv.h>' system:uv.h
forbid include/dgram/uv.h '"../../src/stack/stack.h"' src/stack/stack.h
forbid src/core/planted.c '<sys/socket.h>' system:sys/socket.h
forbid src/core/planted.c '<time.h>' system:time.h
forbid src/core/planted.c '<dgram/uv.h>' include/dgram/uv.h
forbid src/core/planted.c '"stack/loop/loop.h"' src/stack/loop/loop.h
forbid src/core/planted.c '"nowhere.h"' lost:nowhere.h
plant src/core/planted.c '  #  include  <unistd.h>' ' may not include system:unistd.h'
plant src/core/planted.c '#ifdef __linux__' '#ifdef __linux__'
forbid src/stack/stack.h '"core/queue.h"' src/core/queue.h
forbid src/stack/linux/planted.c '"core/socket.h"' src/core/socket.h
forbid src/stack/linux/planted.c '"../sim/sim.h"' src/stack/sim/sim.h
forbid src/stack/uv/planted.c '"stack/linux/linux.h"' src/stack/linux/linux.h
forbid src/stack/sim/planted.c '<uv.h>' system:uv.h
forbid src/stack/sim/planted.c '<dgram/uv.h>' include/dgram/uv.h
forbid src/stack/sim/planted.c '"stack/loop/loop.h"' src/stack/loop/loop.h
forbid src/stack/other/planted.c '"stack/stack.h"' src/stack/stack.h
forbid src/cluster/planted.c '"core/limits.h"' src/core/limits.h
forbid src/cluster/planted.c '"stack/stack.h"' src/stack/stack.h
forbid src/cluster/planted.c '<uv.h>' system:uv.h
forbid include/dgram/cluster.h '<uv.h>' system:uv.h
forbid src/planted.c '<dgram.h>' include/dgram.h
forbid cli/planted.c '"stack/stack.h"' src/stack/stack.h
forbid cli/planted.c '"../src/core/limits.h"' src/core/limits.h
forbid examples/planted.c '<uv.h>' system:uv.h
forbid examples/planted.c '<dgram/uv.h>' include/dgram/uv.h
forbid test/conformance/test_planted.c '"../../src/core/limits.h"' src/core/limits.h
forbid test/conformance/test_planted.c '<uv.h>' system:uv.h

cd "$copy"
found=$(check_tree) && { echo "planted violations are not seen"; exit 1; }
for complaint in "${expected[@]}"; do
  grep -qxF "$complaint" <<<"$found" || { echo "not seen: $complaint"; exit 1; }
done
# And nothing else is called one, but the folder of the planted #ifdef.
(($(wc -l <<<"$found") == ${#expected[@]} + 1)) || { echo "more than planted: $found"; exit 1; }
echo "${#expected[@]} planted violations are found"
