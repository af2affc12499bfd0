#!/usr/bin/env bash
# No file over 700 lines, no function over 70. Prints how long functions are.

set -eu
SOURCE=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
max_file_lines=700
max_function_lines=70

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! ctags --version 2>/dev/null | grep -q Universal; then
  echo "skipped: Universal Ctags is not installed"
  exit 77
fi

# Files of ours with these endings. Text that is not code (snapshots, tables) may be long.
code() {
  local folders=()
  for folder in "$@"; do if [[ -d $folder ]]; then folders+=("$folder"); fi; done
  if ((${#folders[@]})); then
    find "${folders[@]}" \( -name node_modules -o -name prebuilds -o -name build \) -prune -o \
      -type f \( -name '*.[ch]' -o -name '*.cc' -o -name '*.js' -o -name '*.ts' -o -name '*.py' -o -name '*.sh' \) -print
  fi
}

long_files() {
  code "$@" | while IFS= read -r file; do
    lines=$(wc -l <"$file")
    if ((lines > max_file_lines)); then echo "$file: $lines lines, more than $max_file_lines"; fi
  done
}

# "lines file:line name" of each function of C.
functions() {
  code "$@" | grep '\.[ch]$' | ctags -L - -f - --languages=C --langmap=C:.c.h --kinds-C=f \
    --fields=+ne --sort=no | awk -F '\t' '{
      for (i = 4; i <= NF; i++) {
        if ($i ~ /^line:/) first = substr($i, 6)
        if ($i ~ /^end:/) end = substr($i, 5)
      }
      print end - first + 1, $2 ":" first, $1
    }'
}

long_functions() {
  functions "$@" | awk -v max=$max_function_lines \
    '$1 > max { print $2 ": " $3 " has " $1 " lines, more than " max }'
}

summary() {
  functions "$@" | sort -n | awk -v what="$*" '
    { lines[NR] = $1; longest = $3 }
    END {
      if (NR == 0) exit
      printf "%-10s %5d functions: median %d, 90th percentile %d, longest %d (%s)\n", what, NR,
        lines[int((NR + 1) / 2)], lines[int(NR * 0.9 + 0.999)], lines[NR], longest
    }'
}

# It can fail: one line too many in each of the two measures.
mkdir "$work/src"
{
  echo "int planted(void) {"
  for ((i = 0; i < max_function_lines - 1; i++)); do echo "  ;"; done
  echo "}"
  for ((i = 0; i < max_file_lines; i++)); do echo; done
} >"$work/src/planted.c"
[[ $(cd "$work" && long_functions src) == *planted*71* ]] || { echo "a long function is not seen"; exit 1; }
[[ $(cd "$work" && long_files src) == *planted.c* ]] || { echo "a long file is not seen"; exit 1; }

cd "$SOURCE"
for folder in src cli bench test; do summary "$folder"; done
summary src cli

bad=$(long_files src cli node bench test; long_functions src cli node bench test)
if [[ $bad ]]; then
  echo "$bad"
  exit 1
fi
