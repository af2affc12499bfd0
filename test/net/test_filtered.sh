#!/usr/bin/env bash
# A packet filter on the sender's host refuses some of many datagrams: EPERM for those, and only
# those.

. "$(dirname "$0")/lib.sh"
need nft
two_hosts
nft -f - <<'EOF' 2>"$WORK/nft.err" || skip "no packet filter here: $(head -1 "$WORK/nft.err")"
table inet t {
  chain output {
    type filter hook output priority 0
    udp dport 7001 counter drop
  }
}
EOF

commands() {
  status 2 "$DGRAM" send -w 0 10.9.0.2:7001 refused 2>"$WORK/send.err"
  grep -q 'send EPERM 10\.9\.0\.2:7001' "$WORK/send.err"
}

for family in $families; do each_stack "$NETBIN/filtered" "$family"; done
DGRAM_STACK=linux DGRAM_DISABLE=mmsg "$NETBIN/filtered" 4
each_stack commands
