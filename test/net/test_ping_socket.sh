#!/usr/bin/env bash
# ICMP sockets are no UDP sockets, however much they look like them.

. "$(dirname "$0")/lib.sh"
echo "0 0" >/proc/sys/net/ipv4/ping_group_range

for family in $families; do each_stack "$NETBIN/ping_socket" "$family"; done
