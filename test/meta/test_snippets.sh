#!/usr/bin/env bash
# Code in the guides is code that is built: what stands between  <!-- snippet: FILE -->  and
# <!-- /snippet -->  in a Markdown file is a run of lines of that file, which is compiled.

set -eu
SOURCE=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# "file" and the lines of the n-th snippet of a guide, without the fences.
snippet() { # guide n
  awk -v wanted="$2" '
    /^<!-- \/snippet -->$/ { inside = 0 }
    inside && !/^```/ { print }
    /^<!-- snippet: .* -->$/ { n++; inside = (n == wanted); if (inside) print $3 }' "$1"
}

check() { # tree guide n
  local lines file
  lines=$(snippet "$1/$2" "$3")
  file=${lines%%$'\n'*}
  lines=${lines#*$'\n'}
  if [[ $file == "$lines" || -z ${lines//[[:space:]]/} ]]; then
    echo "$2: the snippet of $file is empty"
    return 1
  fi
  case $file in
    *.c | *.h) [[ -f $1/$file ]] || { echo "$2: there is no $file"; return 1; } ;;
    *) echo "$2: $file is not compiled"; return 1 ;;
  esac
  if [[ $'\n'$(<"$1/$file")$'\n' != *$'\n'"$lines"$'\n'* ]]; then
    echo "$2: not what stands in $file:"
    diff <(echo "$lines") "$1/$file" || true
    return 1
  fi
}

cd "$SOURCE"
bad=0 checked=0
while IFS= read -r guide; do
  count=$(grep -c '^<!-- snippet: ' "$guide" || true)
  for ((n = 1; n <= count; n++)); do
    check . "$guide" "$n" || bad=1
    checked=$((checked + 1))
  done
done < <(find . -maxdepth 1 -name '*.md'; find docs -name '*.md' 2>/dev/null)
echo "$checked snippets are what is built"

# It can fail: one character changed, and nothing at all.
printf 'int a;\nint b;\n' >"$work/a.c"
printf '%s\n' '<!-- snippet: a.c -->' '```c' 'int b;' '```' '<!-- /snippet -->' >"$work/right.md"
sed 's/int b/int c/' "$work/right.md" >"$work/wrong.md"
sed '/int b/d' "$work/right.md" >"$work/empty.md"
check "$work" right.md 1 || bad=1
for guide in wrong empty; do
  if check "$work" $guide.md 1 >/dev/null; then
    echo "a $guide snippet is not seen"
    bad=1
  fi
done
exit $bad
