#!/usr/bin/env bash
# Help and manual: that they are there, begin with examples, and know every option.

source "$(dirname "$0")/lib.sh"

test_help() {
  run 0 "$DGRAM" --help
  [[ $(sed -n 1p "$work/run.out") == Examples: ]] || fail "does not begin with examples"
  grep -q '^Usage: dgram <command>' "$work/run.out" || fail "no usage"
  cp "$work/run.out" "$work/first"
  run 0 "$DGRAM" -h
  cmp "$work/run.out" "$work/first" || fail "-h differs"
  run 0 "$DGRAM" help
  cmp "$work/run.out" "$work/first" || fail "help differs"
}

test_help_of_commands() {
  local command
  for command in listen send echo relay info; do
    run 0 "$DGRAM" help "$command"
    [[ $(sed -n 1p "$work/run.out") == Examples: ]] || fail "$command does not begin with examples"
    grep -q "^Usage: dgram $command " "$work/run.out" || fail "no usage of $command"
    cp "$work/run.out" "$work/first"
    run 0 "$DGRAM" "$command" --help
    cmp "$work/run.out" "$work/first" || fail "$command --help differs"
    grep -q "^  $command " <("$DGRAM" --help) || fail "$command is not listed"
  done
}

test_lines_fit() {
  local command
  for command in listen send echo relay info; do
    "$DGRAM" help "$command" | awk 'length > 92 { print; bad = 1 } END { exit bad }' || fail "$command"
  done
}

test_version() {
  run 0 "$DGRAM" --version
  shows run.out 'dgram [0-9]+\.[0-9]+\.[0-9]+'
  says run.out "dgram ${VERSION:-$(sed 's/dgram //' "$work/run.out")}"
}

# An option that the manual does not know is not there.
test_manual() {
  local option page=$SOURCE/docs/man/dgram.1
  for option in $("$DGRAM" help listen) $("$DGRAM" help send) $("$DGRAM" help echo) $("$DGRAM" help relay) $("$DGRAM" help info); do
    [[ $option =~ ^--([a-z-]+)$ ]] || continue
    grep -qE "^\.It Fl (. , )?-${BASH_REMATCH[1]}( |$)" "$page" || fail "no $option in dgram.1"
  done
  if command -v groff >/dev/null; then
    groff -mandoc -ww -z "$page" 2>"$work/groff.err" || fail "dgram.1"
    says groff.err ''
  fi
}

on_each_stack test_help test_help_of_commands test_lines_fit test_version test_manual
