#!/usr/bin/env bash
# What `make install` leaves behind is enough for others: a C11 and a C++17 program are built and
# run against the installed tree alone, by pkg-config and by find_package, shared and static. The
# tree is moved first, so nothing in it can depend on where it was built or put.

set -eu
SOURCE=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${BUILD:-$SOURCE/build}
CMAKE=${CMAKE:-cmake}
CC=${CC:-cc}
CXX=${CXX:-c++}
VERSION=${VERSION:-$(sed -n 's/^project(dgram VERSION \([0-9.]*\) .*/\1/p' "$SOURCE/CMakeLists.txt")}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "$*"
  exit 1
}

# ---- installing, with a DESTDIR as packagers do, and moving ----

DESTDIR=$work/destdir "$CMAKE" --install "$BUILD" --prefix /opt/dgram >"$work/log" || fail "$(cat "$work/log")"
tree=$work/moved
mv "$work/destdir/opt/dgram" "$tree"
[[ -z $(find "$work/destdir" -type f) ]] || fail "installed outside the prefix: $(find "$work/destdir" -type f)"

library=$(find "$tree" -name "libdgram.so.$VERSION")
[[ $library ]] || fail "no libdgram.so.$VERSION in $(find "$tree")"
libdir=$(dirname "$library")
for file in include/dgram.h include/dgram/uv.h include/dgram/sim.h include/dgram/cluster.h bin/dgram; do
  [[ -f $tree/$file ]] || fail "$file is not installed"
done

# ---- the library's outside ----

soname=$(readelf -d "$library" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
[[ $soname == "libdgram.so.${VERSION%%.*}" ]] || fail "the soname is $soname"
[[ $(readlink -f "$libdir/$soname") == "$(readlink -f "$library")" ]] || fail "$soname leads elsewhere"

exported=$(nm -D --defined-only "$library" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort)
foreign=$(grep -v '^dgram_[a-z]' <<<"$exported" || true)
[[ -z $foreign ]] || fail "exported, but not ours to give: $foreign"
declared=$(cat "$tree"/include/dgram.h "$tree"/include/dgram/*.h |
  sed -n 's/^DGRAM_EXTERN .*[ *]\(dgram_[a-z_0-9]*\)(.*/\1/p' | sort -u)
[[ $declared == "$exported" ]] || fail "declared and exported differ:
$(diff <(echo "$declared") <(echo "$exported"))"

# ---- nothing points at where it came from ----

# Debug information names the sources, and may. A distribution strips it.
cp -r "$tree" "$work/stripped"
find "$work/stripped" -type f \( -name '*.so.*' -o -name '*.a' -o -path '*/bin/*' \) \
  -exec strip --strip-debug {} +
for place in "$BUILD" "$SOURCE" "$work/destdir"; do
  found=$(grep -rlaF "$place" "$work/stripped" || true)
  [[ -z $found ]] || fail "these files name $place: $found"
done
for file in "$library" "$tree/bin/dgram"; do
  path=$(readelf -d "$file" | sed -n 's/.*(R.*PATH).*\[\(.*\)\]/\1/p')
  # shellcheck disable=SC2016  # $ORIGIN is the loader's word, not the shell's
  [[ -z $path || $path == '$ORIGIN/'* ]] || fail "$file looks for libraries in $path"
done

# ---- programs ----

expect_hello() { # what command...
  local what=$1 said
  shift
  said=$("$@") || fail "$what: exit code $?, said: $said"
  [[ $said == "hello $VERSION" ]] || fail "$what said: $said"
  echo "$what: $said"
}

needs_library() { readelf -d "$1" | grep -q 'NEEDED.*libdgram'; }

run_pair() { # what shared static
  needs_library "$2" || fail "$1, shared: the program does not need the library"
  needs_library "$3" && fail "$1, static: the program needs the library"
  expect_hello "$1, shared" env LD_LIBRARY_PATH="$libdir" "$2"
  expect_hello "$1, static" env -u LD_LIBRARY_PATH "$3"
}

export PKG_CONFIG_PATH=$libdir/pkgconfig
unset LD_LIBRARY_PATH
[[ $(pkg-config --modversion dgram) == "$VERSION" ]] || fail "dgram.pc has another version"
warnings=(-Wall -Wextra -Wpedantic -Werror)
read -r -a flags <<<"$(pkg-config --cflags --libs dgram)"
# Where both libraries are, the linker takes the shared one unless it is told otherwise.
read -r -a static_flags <<<"$(pkg-config --static --cflags --libs dgram | sed 's/-ldgram/-l:libdgram.a/')"

client=$SOURCE/test/meta/client
"$CC" -std=c11 "${warnings[@]}" "$client/client.c" -o "$work/c-shared" "${flags[@]}"
"$CC" -std=c11 "${warnings[@]}" "$client/client.c" -o "$work/c-static" "${static_flags[@]}"
"$CXX" -std=c++17 "${warnings[@]}" "$client/client.cc" -o "$work/cc-shared" "${flags[@]}"
"$CXX" -std=c++17 "${warnings[@]}" "$client/client.cc" -o "$work/cc-static" "${static_flags[@]}"
run_pair "C11 by pkg-config" "$work/c-shared" "$work/c-static"
run_pair "C++17 by pkg-config" "$work/cc-shared" "$work/cc-static"

unset PKG_CONFIG_PATH
"$CMAKE" -S "$client" -B "$work/client" -G Ninja -DCMAKE_PREFIX_PATH="$tree" \
  >"$work/log" 2>&1 || fail "$(cat "$work/log")"
"$CMAKE" --build "$work/client" >"$work/log" 2>&1 || fail "$(cat "$work/log")"
grep -q "dgram_DIR:PATH=$tree/" "$work/client/CMakeCache.txt" || fail "another dgram was found"
run_pair "C11 by find_package" "$work/client/c-shared" "$work/client/c-static"
run_pair "C++17 by find_package" "$work/client/cc-shared" "$work/client/cc-static"

# ---- the command finds the library beside it ----

said=$("$tree/bin/dgram" --version) || fail "the installed command fails: $said"
[[ $said == *"$VERSION"* ]] || fail "the installed command says: $said"
echo "the installed command: $said"
