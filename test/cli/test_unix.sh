#!/usr/bin/env bash
# Unix sockets by --unix, with peers that we did not write: socat, logger, and what programs say to a
# service manager (sd_notify).

source "$(dirname "$0")/lib.sh"
need socat logger

path=$work/socket
stamp='[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}'

# The linux stack alone has them; the other one says so.
has_them() {
  [[ $DGRAM_STACK == linux ]] && return 0
  run 2 "$DGRAM" listen --unix "$path"
  grep -q ENOTSUP "$work/run.err" || fail "not refused"
  return 1
}

# serve_path NAME ARGUMENTS...: the last one is the path.
serve_path() {
  start "$1" "$DGRAM" "${@:2}"
  await_line "$1.err" '^listening on ' 1
}

test_logger() {
  has_them || return 0
  serve_path listen listen -c 1 --unix "$path"
  says listen.err "listening on $path"
  logger -u "$path" -t tag hello
  ended listen 0
  shows listen.out "$stamp - len [0-9]+ \".*tag: hello\""
  [[ ! -e $path ]] || fail "the file stays"
}

test_a_service_says_that_it_is_ready() {
  has_them || return 0
  local where
  for where in "$path" "@dgram-test-$$"; do
    serve_path listen listen -c 1 --raw --unix "$where"
    if command -v systemd-notify >/dev/null; then
      NOTIFY_SOCKET=$where systemd-notify --no-block --ready
    elif [[ $where == @* ]]; then
      printf READY=1 | socat -u - "ABSTRACT-SENDTO:${where#@}"
    else
      printf READY=1 | socat -u - "UNIX-SENDTO:$where"
    fi
    ended listen 0
    grep -q READY=1 "$work/listen.out" || fail "not ready"
  done
}

test_socat_hears() {
  has_them || return 0
  start socat socat -u "UNIX-RECV:$work/socat" -
  await "a file" test -S "$work/socat"
  run 0 "$DGRAM" send --unix -w 0 "$work/socat" hello
  await_line socat.out hello 1
}

test_socat_is_answered() {
  has_them || return 0
  serve_path echo echo -v -c 1 --unix "$path"
  printf hello >"$work/hello"
  input=$work/hello
  run 0 socat -t 5 - "UNIX-SENDTO:$path,bind=$work/client"
  says run.out hello
  ended echo 0
  shows echo.out "$stamp $work/client len 5 \"hello\""
}

# A sender that is bound to nothing cannot be answered, and costs nobody else his answer.
test_send_is_answered() {
  has_them || return 0
  serve_path echo echo -c 2 --unix "@dgram-test-$$"
  printf anonymous | socat -u - "ABSTRACT-SENDTO:dgram-test-$$"
  run 0 "$DGRAM" send --connect -v --unix "@dgram-test-$$" ping
  shows run.out "$stamp @dgram-test-$$ len 4 \"ping\""
  grep -q "^sending from @.* to @dgram-test-$$" "$work/run.err" || fail "from where?"
  ended echo 0
}

test_the_source_and_json() {
  has_them || return 0
  serve_path listen listen -c 2 --json --unix "$path"
  run 0 "$DGRAM" send -w 0 --unix -b "$work/source" "$path" one
  printf two | socat -u - "UNIX-SENDTO:$path"
  ended listen 0
  grep -qF '"from":{"path":"'"$work/source"'"},"to":{"path":"'"$path"'"}' "$work/listen.out" ||
    fail "no path"
  grep -qF '"from":{"path":""}' "$work/listen.out" || fail "no empty path"
  [[ ! -e $work/source ]] || fail "the file stays"
}

test_what_a_path_may_hold() {
  has_them || return 0
  serve_path listen listen -c 1 --unix "$path"
  printf x | socat -u - "UNIX-SENDTO:$path,bind=$work/"$'\e[31m'
  ended listen 0
  shows listen.out "$stamp $work/\\\\x1b\[31m len 1 \"x\""
}

test_a_signal_removes_the_file() {
  has_them || return 0
  serve_path listen listen --unix "$path"
  kill -TERM "${pids[listen]}"
  ended listen 0
  [[ ! -e $path ]] || fail "the file stays"
}

test_errors() {
  has_them || return 0
  serve_path listen listen --unix "$path"
  run 2 "$DGRAM" listen --unix "$path"
  says run.err "dgram: bind EADDRINUSE $path: address already in use"
  run 2 "$DGRAM" send --unix "$work/none" x
  says run.err "dgram: send ENOENT $work/none: no such file or directory"
  run 2 "$DGRAM" send --unix --connect "$work/none" x
  says run.err "dgram: connect ENOENT $work/none: no such file or directory"
  run 2 "$DGRAM" listen --unix "$(printf '%0120d' 1)"
  grep -q ENAMETOOLONG "$work/run.err" || fail "no name"
  local option
  for option in -4 '-I lo' '--join 239.1.1.1' --reuse-addr --reuse-port; do
    # shellcheck disable=SC2086
    run 2 "$DGRAM" listen --unix $option "$work/other"
    grep -q -- '--unix excludes' "$work/run.err" || fail "$option"
  done
  for option in '--ttl 3' '--tos 3' '--dscp ef' '--ecn ce' --df --broadcast; do
    # shellcheck disable=SC2086
    run 2 "$DGRAM" send --unix $option "$path" x
    grep -q -- '--unix excludes' "$work/run.err" || fail "$option"
  done
  for option in '--loss 3%' '--workers 2'; do
    # shellcheck disable=SC2086
    run 2 "$DGRAM" echo --unix $option "$work/other"
    grep -q -- '--unix excludes' "$work/run.err" || fail "$option"
  done
}

on_each_stack test_logger test_a_service_says_that_it_is_ready test_socat_hears \
  test_socat_is_answered test_send_is_answered test_the_source_and_json test_what_a_path_may_hold \
  test_a_signal_removes_the_file test_errors
