#!/usr/bin/env bash
# Whether docs/conformance.md and the tests agree: each id in a comment above a test stands in the
# table with that test, and the other way round; each test has an id, and is registered in its
# main().
#
#   check_table.sh            compares; prints what differs; exit 1 where something does
#   check_table.sh --list     what the tests say: a line "id file:test" for each pair
#
# A test's ids stand in the comment right above it: /* seed:send-4 rule:2 ... */. In the table a row
# begins with `id`, and its third column names tests as "file: test, test; file: test", where "send:
# empty" is test_empty in test_send.c. A row whose third column begins with "-" has no test here,
# and says why.

set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
table=${TABLE:-$here/../../docs/conformance.md}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Lines "id file:test". A test without an id gives "none file:test".
tests_say() {
  awk '
    FNR == 1 { file = FILENAME; sub(/.*\/test_/, "", file); sub(/\.c$/, "", file); ids = ""; inside = 0 }
    /^\/\*/ { ids = ""; inside = 1 }
    inside { ids = ids " " $0; if (/\*\//) inside = 0; next }
    /^static void test_[a-z0-9_]*\(void \*\*state\) \{/ {
      name = $0; sub(/^static void test_/, "", name); sub(/\(.*/, "", name)
      count = split(ids, words, /[^a-z0-9:-]+/); found = 0
      for (i = 1; i <= count; i++)
        if (words[i] ~ /^(seed|rule|better|kept|unlike|input|issue|api|node):[a-z0-9-]+$/) {
          print words[i], file ":" name; found = 1
        }
      if (!found) print "none", file ":" name
    }
    !/^$/ { ids = "" }
  ' "$here"/test_*.c | sort -u
}

# The same from the table.
table_says() {
  awk -F '|' '
    /^\| `[a-z]+:[a-z0-9-]+` / {
      id = $2; gsub(/[ `]/, "", id)
      cell = $4; gsub(/^ +| +$/, "", cell)
      if (cell ~ /^-/) next
      files = split(cell, groups, /; */)
      for (i = 1; i <= files; i++) {
        file = groups[i]; sub(/:.*/, "", file)
        rest = groups[i]; sub(/^[^:]*: */, "", rest)
        names = split(rest, test, /, */)
        for (j = 1; j <= names; j++) print id, file ":" test[j]
      }
    }
  ' "$table" | sort -u
}

# A test that main() does not name is never run. The matrix makes its tests itself.
unregistered() {
  local file name
  for file in "$here"/test_*.c; do
    grep -o '^static void test_[a-z0-9_]*(void \*\*state)' "$file" | sed 's/^static void //; s/(.*//' |
      while read -r name; do
        if [ "$(grep -cw "$name" "$file")" -lt 2 ]; then echo "${file##*/}: $name"; fi
      done
  done
}

tests_say >"$work/tests"
if [ "${1:-}" = --list ]; then
  cat "$work/tests"
  exit 0
fi
table_says >"$work/table"
status=0
report() {
  if [ -s "$2" ]; then
    echo "$1"
    sed 's/^/  /' "$2"
    status=1
  fi
}
grep '^none ' "$work/tests" >"$work/none" || true
unregistered >"$work/unregistered"
grep -v '^none ' "$work/tests" | comm -23 - "$work/table" >"$work/missing"
grep -v '^none ' "$work/tests" | comm -13 - "$work/table" >"$work/stale"
sed -n 's/^| `\([a-z]*:[a-z0-9-]*\)` .*/\1/p' "$table" | sort | uniq -d >"$work/twice"
report "tests without an id:" "$work/none"
report "tests that no main() runs:" "$work/unregistered"
report "in the tests, not in ${table##*/}:" "$work/missing"
report "in ${table##*/}, not in the tests:" "$work/stale"
report "rows that stand twice in ${table##*/}:" "$work/twice"
if [ $status -eq 0 ]; then
  echo "$(cut -d' ' -f1 "$work/table" | sort -u | wc -l) sentences," \
    "$(cut -d' ' -f2 "$work/table" | sort -u | wc -l) tests: table and tests agree"
fi
exit $status
