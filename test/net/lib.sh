# shellcheck shell=bash
# Hosts that exist only while a test runs. Each test_*.sh of this folder sources this file first:
# the script then starts anew in namespaces of its own (user, network, mount, process), for which
# nobody has to be root and which touch nothing of the machine. Processes, interfaces and mounts end
# with the script, also when it is killed.
#
#   A, where the script itself is          B
#   va (11)  10.9.0.1/24                   vb (22)  10.9.0.2/24
#            fd00:9::1/64  fe80::a/64               fd00:9::2/64  fe80::b/64
#
# Indices differ so that the one of another host is never right by chance.

set -euE
SOURCE=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
BUILD=${BUILD:-$SOURCE/build}
DGRAM=${DGRAM:-$BUILD/bin/dgram}
NETBIN=${NETBIN:-$BUILD/test/net}

skip() {
  echo "skipped: $*"
  exit 77
}

need() {
  local command
  for command; do
    command -v "$command" >/dev/null || skip "$command is not installed"
  done
}

# With a user namespace also for root: then the test is the same for everybody.
enter() {
  local flags
  need unshare nsenter ip
  for flags in -Urnmp -nmp; do
    if unshare $flags --fork --mount-proc mount -t tmpfs none /run 2>/dev/null; then
      NET_INSIDE=1 exec unshare $flags --fork --kill-child --mount-proc bash "$0" "$@"
    fi
  done
  skip "namespaces are not permitted here"
}
if [[ ! ${NET_INSIDE:-} ]]; then enter "$@"; fi

# Over /run, which also hides resolvers and the like that live there.
mount -t tmpfs none /run
export NET_HOSTS=/run/hosts
WORK=/run/work
mkdir "$NET_HOSTS" "$WORK"
ulimit -c 0
trap 'exit 130' INT TERM
trap broken ERR

# ---- what is checked ----

# Says where, by the calls that led there, and shows what the programs wrote.
broken() {
  local frame=0 where log
  trap - ERR
  {
    echo "FAILED: ${0##*/} on stack ${DGRAM_STACK:-linux}"
    while where=$(caller $frame); do echo "  at $where" && frame=$((frame + 1)); done
    for log in "$WORK"/*.out "$WORK"/*.err; do
      if [[ -s $log ]]; then echo "--- ${log##*/}" && head -c 2000 "$log"; fi
    done
  } >&2
  exit 1
}

equal() { # expected found
  if [[ $1 != "$2" ]]; then
    echo "expected: $1"
    echo "found:    $2"
    return 1
  fi
}

status() { # expected command...
  local expected=$1 found=0
  shift
  "$@" || found=$?
  if ((found != expected)); then
    echo "exit status $found instead of $expected: $*"
    return 1
  fi
}

# Until a command succeeds, or 10 s.
eventually() {
  local end=$((SECONDS + 10))
  until "$@"; do
    ((SECONDS < end)) || { echo "never: $*"; return 1; }
    sleep 0.01
  done
}

# ---- programs ----

declare -A started

# In the background, for at most 20 s, with the output in $WORK/NAME.out and NAME.err. A signal for
# it goes to ${started[NAME]}.
start() { # name host command...
  local name=$1 host=$2
  shift 2
  : >"$WORK/$name.out"
  : >"$WORK/$name.err"
  exec timeout --foreground 20 nsenter --net="$NET_HOSTS/$host" "$@" \
    >"$WORK/$name.out" 2>"$WORK/$name.err" </dev/null &
  started[$name]=$!
}

await() { # name pattern
  eventually grep -qE "$2" "$WORK/$1.out" "$WORK/$1.err"
}

# Waits for the end of what was started.
ended() { # name status
  local found=0
  wait "${started[$1]}" || found=$?
  equal "$1: $2" "$1: $found"
}

each_stack() { # command...
  for DGRAM_STACK in linux uv; do
    export DGRAM_STACK
    echo "--- stack $DGRAM_STACK: ${*##*/}"
    "$@"
  done
}

# ---- hosts ----

empty_host() { # name
  : >"$NET_HOSTS/$1"
  unshare -n mount --bind /proc/self/ns/net "$NET_HOSTS/$1"
}

host() { # name
  empty_host "$1"
  on "$1" ip link set lo up
}

on() { # host command...
  local host=$1
  shift
  nsenter --net="$NET_HOSTS/$host" "$@"
}

if [[ -e /proc/net/if_inet6 ]]; then families="4 6"; else families=4; fi

address() { # host device address...
  local host=$1 device=$2 address
  shift 2
  for address; do
    case $address in
      *:*) if [[ $families == *6* ]]; then on "$host" ip addr add "$address" dev "$device" nodad; fi ;;
      *) on "$host" ip addr add "$address" dev "$device" ;;
    esac
  done
}

carrier() { # host device
  [[ $(on "$1" ip -o link show "$2") == *" state UP "* ]]
}

# A cable between two hosts. No addresses by themselves: their duplicate detection takes seconds.
cable() { # host device index host device index
  on "$1" ip link add "$2" index "$3" type veth peer name "$5" index "$6" netns "$NET_HOSTS/$4"
  on "$1" ip link set "$2" addrgenmode none
  on "$4" ip link set "$5" addrgenmode none
  on "$1" ip link set "$2" up
  on "$4" ip link set "$5" up
  eventually carrier "$1" "$2"
  eventually carrier "$4" "$5"
}

two_hosts() {
  host B
  cable A va 11 B vb 22
  address A va 10.9.0.1/24 fd00:9::1/64 fe80::a/64
  address B vb 10.9.0.2/24 fd00:9::2/64 fe80::b/64
}

: >"$NET_HOSTS/A"
mount --bind /proc/self/ns/net "$NET_HOSTS/A"
ip link set lo up
ip link add probe type veth peer name eborp 2>/dev/null || skip "this kernel has no veth devices"
ip link del probe
