#!/usr/bin/env bash
# Names: those that are known, those that are asked for, and a resolver that never answers.

. "$(dirname "$0")/lib.sh"
two_hosts

# Puts standard input in the place of a file of the system, for this script only.
replace() { # file
  local file
  file=$(realpath -m "$1")
  case $file in /run/*) mkdir -p "$(dirname "$file")" && : >>"$file" ;; esac
  [[ -e $file ]] || skip "there is no $1"
  cat >"$WORK/${1##*/}"
  mount --bind "$WORK/${1##*/}" "$file"
}

replace /etc/resolv.conf <<<$'nameserver 10.9.0.2\nsearch .\noptions timeout:30 attempts:1'
replace /etc/nsswitch.conf <<<'hosts: files dns'
replace /etc/hosts <<'EOF'
10.9.0.1   host-a
fd00:9::1  host-a
10.9.0.2   host-b
fd00:9::2  host-b
fd00:9::2  only-b6
EOF

commands() {
  start listen B "$DGRAM" listen -c 1 -w 10s --raw 7000
  await listen "listening on 0.0.0.0:7000"
  "$DGRAM" send -4 -w 0 host-b:7000 hello
  ended listen 0
  equal hello "$(cat "$WORK/listen.out")"
  start listen A "$DGRAM" listen -4 -w 10s host-a:7000
  await listen "listening on 10.9.0.1:7000"
  kill -INT "${started[listen]}"
  ended listen 0
}

# Ctrl-C ends it at once, though the lookup cannot be ended.
silent_commands() {
  local since
  start resolver B "$DGRAM" listen 53
  await resolver "listening on"
  start send A "$DGRAM" send silent.test.:7000 hello
  await resolver "silent"
  since=$SECONDS
  kill -INT "${started[send]}"
  ended send 0
  ((SECONDS - since <= 3))
  kill -INT "${started[resolver]}"
  ended resolver 0
}

each_stack "$NETBIN/resolver" "$families"
each_stack commands
each_stack silent_commands
