#!/usr/bin/env bash
# What needs a network of its own: groups, broadcasts, interfaces, zones, and a resolver that never
# answers.

source "$(dirname "$0")/lib.sh"
in_namespace
need socat

# Two interfaces, whose other ends hear nothing: groups and broadcasts come back to this host.
for i in 0 1; do
  ip link add "net$i" type veth peer name "far$i" 2>/dev/null || skip "no veth interfaces here"
  { echo 1 >"/proc/sys/net/ipv6/conf/far$i/disable_ipv6"; } 2>/dev/null || true
  ip address add "10.9.$i.1/24" dev "net$i"
  ip link set "net$i" up
  ip link set "far$i" up
done

test_join() {
  serve listen listen -v -c 1 --join 239.1.2.3 -I net0 0
  grep -qx 'joined 239.1.2.3 on net0' "$work/listen.err" || fail "not joined"
  run 0 "$DGRAM" send -v -w 0 -I net0 "239.1.2.3:$port" hello
  ended listen 0
  shows listen.out "[^ ]+ 10\.9\.0\.1:[0-9]+ len 5$told \"hello\""
}

test_join_takes_its_interface_only() {
  serve listen listen -c 1 --join 239.1.2.3 -I net0 0
  send -w 0 -I net1 "239.1.2.3:$port" wrong
  send -w 0 -I net0 "239.1.2.3:$port" right
  ended listen 0
  shows listen.out '[^ ]+ 10\.9\.0\.1:[0-9]+ len 5 "right"'
}

test_join_everywhere() {
  serve listen listen -c 2 --join 239.1.2.3 -I '*' 0
  send -w 0 -I net0 "239.1.2.3:$port" first
  send -w 0 -I net1 "239.1.2.3:$port" second
  ended listen 0
  [[ $(sed 's/.* len //' "$work/listen.out" | paste -sd ,) == '5 "first",6 "second"' ]] || fail "not both"
}

test_several_groups() {
  serve listen listen -c 2 --join 239.1.2.3 --join 239.1.2.4 -I net0 0
  send -w 0 -I net0 "239.1.2.3:$port" x
  send -w 0 -I net0 "239.1.2.4:$port" x
  ended listen 0
}

# A group as the address is joined by itself, and nothing else is heard.
test_group_as_address() {
  serve listen listen -c 1 -I net0 239.1.2.3:0
  says listen.err "listening on 239.1.2.3:$port"
  tell "$port" wrong
  send -w 0 -I net0 "239.1.2.3:$port" right
  ended listen 0
  grep -q '"right"' "$work/listen.out" || fail "not the group"
}

test_socat_to_group() {
  serve listen listen -c 1 --join 239.1.2.3 -I net1 0
  printf hello | socat -u - "UDP4-DATAGRAM:239.1.2.3:$port,ip-multicast-if=10.9.1.1"
  ended listen 0
  shows listen.out '[^ ]+ 10\.9\.1\.1:[0-9]+ len 5 "hello"'
}

test_group_to_socat() {
  start socat socat -u UDP4-RECV:4000,ip-add-membership=239.1.2.3:10.9.0.1 -
  await "socat's port" is_bound socat
  send -w 0 -I net0 239.1.2.3:4000 hello
  await_line socat.out '^hello' 1
}

# Groups have no route here but by an interface, and the message says what to do.
test_no_route_to_group() {
  run 2 "$DGRAM" listen --join 239.1.2.3 0
  says run.err 'dgram: join ENODEV 239.1.2.3: no route to the group; name an interface with -I'
}

test_ttl_0_stays_here() {
  serve listen listen -c 1 --join 239.1.2.3 -I net0 0
  send -w 0 --ttl 0 -I net0 "239.1.2.3:$port" x
  ended listen 0
}

# The other end answers with the TTL that it saw.
test_ttl() {
  # shellcheck disable=SC2016  # for socat's shell
  start socat socat -T 60 "UDP4-RECVFROM:4001,ip-recvttl,ip-add-membership=239.1.2.3:10.9.0.1,fork" \
    SYSTEM:'read -r x; echo ttl $SOCAT_IP_TTL'
  await "socat's port" is_bound socat
  run 0 "$DGRAM" send -n 1 -w 60 --ttl 7 127.0.0.1:4001 $'what is it?\n'
  grep -qF '"ttl 7\n"' "$work/run.out" || fail "another TTL"
  run 0 "$DGRAM" send -n 1 -w 60 --ttl 9 -I net0 239.1.2.3:4001 $'and now?\n'
  grep -qF '"ttl 9\n"' "$work/run.out" || fail "another TTL of multicast"
}

test_broadcast() {
  serve one echo --reuse-addr --broadcast 0
  serve two echo --reuse-addr --broadcast "$port"
  run 0 "$DGRAM" send --broadcast -n 2 -w 60 "10.9.0.255:$port" hello
  [[ $(grep -c '"hello"' "$work/run.out") == 2 ]] || fail "not both answered"
  run 0 "$DGRAM" send --broadcast -w 1s -I net0 "255.255.255.255:$port" hello
  [[ $(grep -c '"hello"' "$work/run.out") == 2 ]] || fail "not both are shown"
}

# How many answer to a broadcast or a group nobody knows, so the second is waited to its end.
test_all_replies_of_many() {
  serve echo echo --join 239.1.2.3 -I net0 0
  local before after to
  for to in "--broadcast 10.9.0.255:$port" "239.1.2.3:$port"; do
    before=$(date +%s%N)
    # shellcheck disable=SC2086  # an option and an address
    run 0 "$DGRAM" send -I net0 $to hello
    after=$(date +%s%N)
    ((after - before >= 1000000000)) || fail "it left early"
  done
}

test_interface_is_an_address() {
  serve listen listen -c 1 -I net0 0
  says listen.err "listening on 10.9.0.1:$port"
  run 0 "$DGRAM" send -v -w 0 -I net1 "10.9.0.1:$port" hello
  ended listen 0
  shows listen.out '[^ ]+ 10\.9\.1\.1:[0-9]+ len 5 "hello"'
  ip link add bare type veth peer name bare-far
  run 2 "$DGRAM" listen -I bare 0
  says run.err 'dgram: -I bare: it has no IPv4 address, or is down'
  ip link del bare
  [[ -e /proc/net/if_inet6 ]] || { skip_part "no IPv6"; return; }
  ip -6 address replace 2001:db8::1/64 dev net0 nodad
  serve listen listen -6 -I net0 0
  says listen.err "listening on [2001:db8::1]:$port"
}

has_link_local() { ip -6 address show dev net0 scope link -tentative | grep -q fe80; }

test_zone() {
  [[ -e /proc/net/if_inet6 ]] || { skip_part "no IPv6"; return; }
  await "a link-local address" has_link_local
  local address
  address=$(ip -6 -o address show dev net0 scope link | awk '{ sub("/.*", "", $4); print $4 }')
  serve listen listen -c 3 "[$address%net0]:0"
  says listen.err "listening on [$address%net0]:$port"
  send -w 0 "[$address%net0]:$port" x
  send -w 0 -I net0 "[$address]:$port" x
  send -w 0 "[$address%$(ip -o link show net0 | cut -d : -f 1)]:$port" x
  ended listen 0
  [[ $(grep -cF " [$address%net0]:" "$work/listen.out") == 3 ]] || fail "senders"
}

test_group_with_zone() {
  [[ -e /proc/net/if_inet6 ]] || { skip_part "no IPv6"; return; }
  await "a link-local address" has_link_local
  local interface
  for interface in net0 net1; do
    serve listen listen -c 1 --join ff02::123 -I $interface 0
    says listen.err "listening on [::]:$port"
    send -w 0 "[ff02::123%$interface]:$port" x
    ended listen 0
    serve listen listen -c 1 "[ff02::123%$interface]:0"
    send -w 0 -I $interface "[ff02::123]:$port" x
    ended listen 0
  done
}

# The resolver would rather have ::1.
test_ipv4_is_preferred() {
  [[ -e /proc/net/if_inet6 ]] || { skip_part "no IPv6"; return; }
  unshare -m true 2>/dev/null || { skip_part "no mounts of its own here"; return; }
  printf '::1 both.example\n127.0.0.1 both.example\n' >"$work/hosts"
  serve echo echo 0
  input=/dev/null run 0 unshare -m bash -c "mount --bind '$work/hosts' /etc/hosts || exit 0
    getent ahosts both.example >&2; exec '$DGRAM' send -n 1 -w 60 both.example:$port x"
  if ! grep -q '^::1 ' "$work/run.err"; then
    skip_part "a name cannot be made up"
    return
  fi
  shows run.out "$(line 1 x)"
}

# Sent with a raw socket: no system gives a socket port 0. Who does so wants no answer, and must not
# keep others from theirs.
test_sender_without_port() {
  serve echo echo -v 127.0.0.1:0
  # shellcheck disable=SC2059  # the format is the point
  printf "\0\0\\x$(printf '%02x\\x%02x' $((port >> 8)) $((port & 255)))\0\012\0\0hi" |
    socat -u - IP4-SENDTO:127.0.0.1:17 || { skip_part "no raw sockets"; return; }
  await_line echo.out "127\.0\.0\.1:0 len 2$told \"hi\"\$" 1
  run 0 "$DGRAM" send -n 1 -w 60 "127.0.0.1:$port" x
  interrupt echo
  grep -q '^2 datagrams, 3 bytes received, 1 sent back' "$work/echo.err" || fail "summary"
}

test_silent_resolver() {
  serve resolver listen 127.0.0.1:53
  echo 'nameserver 127.0.0.1' >"$work/resolv.conf"
  start send unshare -m bash -c \
    "mount --bind '$work/resolv.conf' /etc/resolv.conf && exec '$DGRAM' send -v name.example:9 x"
  await "a question, or no right to ask" asked
  if [[ ! -s $work/resolver.out ]]; then
    skip_part "$(<"$work/send.err")"
    unset 'pids[send]'
    return
  fi
  interrupt send
  grep -q '^0 datagrams, 0 bytes sent' "$work/send.err" || fail "no summary"
}
asked() { [[ -s $work/resolver.out ]] || ! kill -0 "${pids[send]}" 2>/dev/null; }

on_each_stack test_join test_join_takes_its_interface_only test_join_everywhere test_several_groups \
  test_group_as_address test_socat_to_group test_group_to_socat test_no_route_to_group \
  test_ttl_0_stays_here test_ttl test_broadcast test_all_replies_of_many test_interface_is_an_address test_zone \
  test_group_with_zone test_ipv4_is_preferred test_sender_without_port test_silent_resolver
