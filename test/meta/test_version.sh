#!/usr/bin/env bash
# One version: of the header, of CMake (which packages and the library's file name follow), and the
# newest one of the changelog.

set -eu
SOURCE=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}

part() { sed -n "s/^#define DGRAM_VERSION_$2 \([0-9]*\)$/\1/p" "$1/include/dgram.h"; }

# Prints the version of a tree, or says where it differs.
version() {
  local header cmake changelog
  header=$(part "$1" MAJOR).$(part "$1" MINOR).$(part "$1" PATCH)
  cmake=$(sed -n 's/^project(dgram VERSION \([0-9.]*\) .*/\1/p' "$1/CMakeLists.txt")
  changelog=$(sed -n 's/^## \[\([0-9.]*\)\].*/\1/p' "$1/CHANGELOG.md" | head -n 1)
  if ! [[ $header == "$cmake" && $header == "$changelog" ]]; then
    echo "header $header, CMake $cmake, changelog $changelog"
    return 1
  fi
  echo "$header"
}

version "$SOURCE"
[[ $(version "$SOURCE") == "${VERSION:-$(version "$SOURCE")}" ]]

# It can fail: each of the three places, changed alone.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
for place in include/dgram.h CMakeLists.txt CHANGELOG.md; do
  mkdir -p "$copy/include"
  cp "$SOURCE/include/dgram.h" "$copy/include/"
  cp "$SOURCE/CMakeLists.txt" "$SOURCE/CHANGELOG.md" "$copy/"
  sed -i -e '/^#define DGRAM_VERSION_PATCH/s/[0-9]*$/77/' -e '/^project(/s/[0-9.][0-9.]*/0.1.77/' \
    -e 's/^## \[[0-9.]*\]/## [0.1.77]/' "$copy/$place"
  if version "$copy" >/dev/null; then
    echo "a change in $place alone is not seen"
    exit 1
  fi
done
