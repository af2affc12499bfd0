# shellcheck shell=bash
# What the tests of the command share. A test is a function; at its end a script calls
#
#   on_each_stack test_this test_that
#
# Nothing here waits for a time to pass: helpers wait for a line, a state or an end, and ctest for
# the whole. Ports are the system's choice, but in a namespace.

set -eu

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SOURCE=${SOURCE:-$(cd "$here/../.." && pwd)}
BUILD=${BUILD:-$SOURCE/build}
DGRAM=${DGRAM:-$BUILD/bin/dgram}
EXAMPLES=${EXAMPLES:-$BUILD/examples}
export LC_ALL=C

work=$(mktemp -d)
current=""
declare -A pids=()

end_jobs() {
  local name
  for name in "${!pids[@]}"; do
    kill -KILL "${pids[$name]}" 2>/dev/null || true
    wait "${pids[$name]}" 2>/dev/null || true
  done
  pids=()
}
trap 'end_jobs; rm -rf "$work"' EXIT
trap 'echo "FAILED: $current: line $LINENO: $BASH_COMMAND"' ERR
set -o errtrace

fail() {
  local file
  echo "FAILED: $current: $*"
  for file in "$work"/*.out "$work"/*.err; do
    if [[ -s $file ]]; then
      echo "--- ${file##*/}"
      head -c 2000 "$file" | cat -v
    fi
  done
  exit 1
}

skip() {
  echo "skipped: $*"
  exit 77
}

# skip_part REASON; return: one test of several cannot run here.
skip_part() {
  echo "skipped: ${current%% *}: $*"
}

need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || skip "$tool is not installed"
  done
}

# await WHAT COMMAND...: until the command succeeds.
await() {
  local what=$1 i
  shift
  for ((i = 0; i < 3000; i++)); do
    if "$@"; then return 0; fi
    sleep 0.01
  done
  fail "waited in vain for $what"
}

# await_line FILE PATTERN [N]: until N lines of a file in $work match.
await_line() {
  await "$3 lines /$2/ in $1" has_lines "$1" "$2" "$3"
}
has_lines() {
  local count
  count=$(grep -acE -- "$2" "$work/$1" 2>/dev/null || true)
  ((${count:-0} >= $3)) # a file that is not there yet has none
}

# start NAME COMMAND...: in the background, into NAME.out and NAME.err. Standard input is $input.
start() {
  local name=$1
  shift
  rm -f "$work/$name.out" "$work/$name.err" # the shell opens them anew some time later
  "$@" <"${input:-/dev/null}" >"$work/$name.out" 2>"$work/$name.err" &
  pids[$name]=$!
}

# serve NAME ARGUMENTS...: a dgram listen or dgram echo; sets `port` when it listens.
serve() {
  start "$1" "$DGRAM" "${@:2}"
  await_line "$1.err" '^listening on ' 1
  # shellcheck disable=SC2034  # read by the tests
  port=$(sed -nE 's/^listening on .*:([0-9]+)$/\1/p' "$work/$1.err")
}

# port_of NAME: the port that a program which is not ours is bound to.
port_of() {
  await "a port of $1" is_bound "$1"
  ss -Hulnp | sed -nE "s/.*:([0-9]+) +[^ ]+ +users:.*pid=${pids[$1]},.*/\1/p" | head -n 1
}
is_bound() { ss -Hulnp | grep -q "pid=${pids[$1]},"; }

# ended NAME CODE: waits for its end.
ended() {
  local code=0
  wait "${pids[$1]}" || code=$?
  unset "pids[$1]"
  [[ $code == "$2" ]] || fail "$1 ended with $code, not $2"
}

# interrupt NAME: Ctrl-C, and a good end.
interrupt() {
  kill -INT "${pids[$1]}"
  ended "$1" 0
}

# run CODE COMMAND...: in the foreground, into run.out and run.err. Standard input is $input.
run() {
  local expected=$1 code=0
  shift
  "$@" <"${input:-/dev/null}" >"$work/run.out" 2>"$work/run.err" || code=$?
  [[ $code == "$expected" ]] || fail "'$*' ended with $code, not $expected"
}

# says FILE TEXT: the file in $work is exactly this text and a newline; nothing for an empty TEXT.
says() {
  local text
  text=$(cat "$work/$1")
  [[ $text == "$2" ]] || fail "$1 is '$text', not '$2'"
}

# shows FILE PATTERN: the file is one line that matches.
shows() {
  local text
  text=$(cat "$work/$1")
  [[ $text =~ ^$2$ ]] || fail "$1 is '$text', which does not match /$2/"
}

# The line of one datagram from this host.
line() { # length text
  printf '%s' "[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6} 127\.0\.0\.1:[0-9]+ len $1 \"$2\""
}

# What -v adds to it, where the stack tells.
told='( to [^ ]+ on [^ ]+ ttl [0-9]+ tos 0x[0-9a-f]{2})?'

send() { "$DGRAM" send "$@"; }

# tell PORT DATA: a datagram to this host, and no wait for an answer.
tell() { "$DGRAM" send -w 0 "127.0.0.1:$1" "$2"; }

need_ipv6() {
  grep -q '^00000000000000000000000000000001 ' /proc/net/if_inet6 2>/dev/null ||
    skip "this host has no address ::1"
}

# in_namespace: runs this script anew in a network of its own, where ports may be fixed.
in_namespace() {
  if [[ ${DGRAM_NAMESPACE-} ]]; then
    ip link set lo up
    return
  fi
  need unshare ip
  local how
  for how in -Urn -n; do
    if unshare $how ip link set lo up 2>/dev/null; then
      exec env DGRAM_NAMESPACE=1 unshare $how bash "$0"
    fi
  done
  skip "network namespaces are not permitted here"
}

on_each_stack() {
  local stack test stacks=(uv)
  if [[ $(uname) == Linux ]]; then stacks=(linux uv); fi
  for stack in "${stacks[@]}"; do
    export DGRAM_STACK=$stack
    for test in "$@"; do
      current="$test on the $stack stack"
      rm -f "$work"/*.out "$work"/*.err
      input=/dev/null
      "$test"
      end_jobs
      echo "[       OK ] $current" # as cmocka writes it, so that scripts/run-tests counts it
    done
  done
}
