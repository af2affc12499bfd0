#!/usr/bin/env bash
# The core compiles as plain C11, without feature macros, and asks for nothing but memory, text and
# the functions of the project: no system call, no clock, no random number, no environment. A header
# cannot show that, because <stdlib.h> has rand and getenv; the symbols of the objects do.

set -eu
SOURCE=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# malloc and its kin are the default allocator. snprintf writes numbers.
allowed='dgram_.*|malloc|realloc|free|mem(cpy|move|set|cmp|chr)|str(len|cmp|ncmp|chr|rchr|spn|cspn)|snprintf|_GLOBAL_OFFSET_TABLE_'

# Prints what a file asks for and may not. The compiler's own additions are switched off.
asks() {
  "${CC:-cc}" -std=c11 -O1 -DNDEBUG -U_FORTIFY_SOURCE -fno-stack-protector -Wall -Wextra -Wpedantic -Werror \
    -I"$SOURCE/include" -I"$SOURCE/src" -c "$1" -o "$work/object.o" || return 1
  nm -u "$work/object.o" | awk '{ print $2 }' | grep -vxE "$allowed" || true
}

files=0
for file in "$SOURCE"/src/core/*.c; do
  foreign=$(asks "$file")
  if [[ $foreign ]]; then
    echo "src/core/${file##*/} asks for ${foreign//$'\n'/ }"
    exit 1
  fi
  files=$((files + 1))
done
((files > 0))
echo "$files files of the core are pure"

# It can fail.
for call in 'rand()' 'getenv("HOME") != 0' 'system("true")'; do
  printf '#include <stdlib.h>\nint planted(void);\nint planted(void) { return %s; }\n' "$call" >"$work/planted.c"
  [[ $(asks "$work/planted.c") ]] || { echo "$call is not seen"; exit 1; }
done
