#!/usr/bin/env bash
# Many datagrams at full speed: received, or counted as lost, and none twice. With GRO the kernel
# counts the groups that it drops, so then the numbers that are missing count. DGRAM_TEST_EXACT: how
# many.

. "$(dirname "$0")/lib.sh"
two_hosts
many=${DGRAM_TEST_EXACT:-500000}

run() { # stack disable mode count
  echo "--- stack $1${2:+ without $2}: $3"
  DGRAM_STACK=$1 DGRAM_DISABLE=$2 "$NETBIN/exact" "$3" "$4"
}

run linux gso,gro counted "$many"
run linux "" numbered "$many"
run linux mmsg,gso,gro counted $((many / 5))
run linux gso numbered $((many / 5))
run uv "" counted $((many / 5))
