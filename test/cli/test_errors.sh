#!/usr/bin/env bash
# What is answered to bad input and to a system that fails: exit status 2 and a line that names it.

source "$(dirname "$0")/lib.sh"

# refused TEXT ARGUMENTS...: nothing on standard output, and this on standard error.
refused() {
  run 2 "$DGRAM" "${@:2}"
  says run.out ''
  says run.err "dgram: $1"
}

test_usage() {
  run 2 "$DGRAM"
  grep -q '^Usage: dgram ' "$work/run.err" || fail "no usage"
  refused "no command 'foo' (dgram --help lists them)" foo
  refused "no command 'foo' (dgram --help lists them)" help foo
  refused 'listen: needs [addr:]port (see dgram help listen)' listen
  refused 'send: needs host:port [data] (see dgram help send)' send
  refused 'relay: needs [addr:]port host:port (see dgram help relay)' relay
  refused 'relay: needs [addr:]port host:port (see dgram help relay)' relay 1
  refused "relay: one argument too many: '3'" relay 1 2 3
  refused 'relay: no option -c (dgram help relay lists them)' relay -c 1 2 3
  refused 'listen: no option --loss (dgram help listen lists them)' listen --loss 1% 1
  refused "listen: one argument too many: '2'" listen 1 2
  refused "send: one argument too many: 'b'" send 1 a b
  refused 'listen: no option --bogus (dgram help listen lists them)' listen --bogus 1
  refused 'listen: no option -Z (dgram help listen lists them)' listen -Z 1
  refused 'listen: no option --broadcast (dgram help listen lists them)' listen --broadcast 1
  refused 'listen: -c/--count needs a value' listen 1 -c
  refused 'listen: --raw takes no value' listen --raw=1 1
}

test_values() {
  local bad
  for bad in '' 0 -1 1x 0x10 ' 1' 1.5 99999999999999999999; do
    refused "listen: -c/--count needs a number from 1, not '$bad'" listen --count="$bad" 1
  done
  for bad in '' x 1y -1 1. .5 '1 s' 1e3 9999999h; do
    refused "send: -w/--wait needs a time like 500ms, 2s or 1m, not '$bad'" send -w "$bad" 1 x
  done
  for bad in '' x 0 -1s; do
    refused "relay: --idle needs a time like 500ms, 2s or 1m, not '$bad'" relay --idle "$bad" 1 2
  done
  for bad in '' x 0 -1 50001; do
    refused "relay: --sessions needs a number from 1 to 50000, not '$bad'" relay --sessions "$bad" 1 2
  done
  for bad in 256 -1 x; do
    refused "send: --ttl needs a number from 0 to 255, not '$bad'" send --ttl "$bad" 1 x
  done
  for bad in 1.2.3.4 group ''; do
    refused "listen: --join needs the address of a multicast group, not '$bad'" listen --join "$bad" 1
  done
  for bad in 0 0g xx 0x00; do
    refused "--hex needs pairs of hex digits, not '$bad'" send --hex "$bad" 1
  done
  refused "send: --delim knows 'line' and 'none', not 'x'" send --delim x 1
}

# The options that make a way a bad one, of dgram echo and dgram relay.
test_link_values() {
  local bad
  for bad in '' 10 x% % -1% 101% 100.0001% 0.00001% .5% 5.% 1e1% '10 %' 10%%; do
    refused "relay: --loss needs a percentage like 10% or 0.1%, not '$bad'" relay --loss "$bad" 1 2
    refused "echo: --dup needs a percentage like 10% or 0.1%, not '$bad'" echo --dup "$bad" 1
  done
  for bad in '' x 5 5%: 5%:x 5%:1:1 x:1ms :1ms 999999999999999999999999%; do
    refused "relay: --reorder needs a percentage, and perhaps a time, like 5% or 5%:20ms, not '$bad'" \
      relay --reorder "$bad" 1 2
  done
  for bad in '' 1% 1%: 1%:0 1%:x 1%:1.5 1:5 1%:5: 1%:5:5 1%:5:5%:5 1%:1000001; do
    refused "relay: --burst needs how many begin one, how long it is, and perhaps how many it loses, like \
1%:5 or 1%:5:80%, not '$bad'" relay --burst "$bad" 1 2
  done
  for bad in '' x -1ms 1msec 50% 1e3; do
    refused "relay: --delay needs a time like 50ms, 1.5s or 200us, not '$bad'" relay --delay "$bad" 1 2
    refused "relay: --jitter needs a time like 50ms, 1.5s or 200us, not '$bad'" relay --jitter "$bad" 1 2
  done
  for bad in '' 0 0.1 x kbit -1 1mb 1.mbit 1.1234567mbit 1001tbit 99999999999999999999 '1 mbit'; do
    refused "relay: --rate needs bits per second like 512kbit or 1.5mbit, not '$bad'" relay --rate "$bad" 1 2
  done
  for bad in '' 0 x 64x -1 1.k 1025g; do
    refused "relay: --queue needs a number of bytes like 1500 or 64k, not '$bad'" \
      relay --rate 1mbit --queue "$bad" 1 2
  done
  for bad in '' 67 65536 1k x; do
    refused "relay: --mtu needs a number from 68 to 65535, not '$bad'" relay --mtu "$bad" 1 2
  done
  for bad in '' x -1 0x1 18446744073709551616; do
    refused "relay: --seed needs a number, not '$bad'" relay --seed "$bad" 1 2
  done
  refused '--queue has no meaning without --rate' relay --queue 64k 1 2
  refused '--queue has no meaning without --rate' echo --queue 64k 1
}

# What is good: they are read before the target, which is not.
test_good_link_values() {
  local good
  for good in --loss=0% --loss=100% --loss=0.0001% --loss=12.50% --dup=5% --reorder=1% --reorder=1%:0 \
    --reorder=1%:1h --burst=1%:5 --burst=0.01%:1000000:12.5% --delay=0 --delay=1.5s --jitter=200us \
    --rate=1 --rate=1bit --rate=0.5kbit --rate=512Kbit --rate=1.5mbit --rate=10Mbit --rate=1gbit \
    --rate=1000tbit --rate=10mbps --rate=1kibps --rate=1Mibit --mtu=68 --mtu=65535 --seed=0 \
    --seed=18446744073709551615; do
    refused "'1:0': port 0 is no destination" relay "$good" 1 1:0
  done
  for good in 1 1500 64k 64KB 1.5m 1g 1024gb; do
    refused "'1:0': port 0 is no destination" relay --rate 1mbit --queue "$good" 1 1:0
  done
}

test_addresses() {
  local bad
  for bad in 65536 127.0.0.1:65536 127.0.0.1: 1.2.3.4:x :99999; do
    refused "'$bad': a port is a number from 0 to 65535" listen "$bad"
  done
  for bad in localhost 127.0.0.1 x; do
    refused "'$bad': the port is missing: write host:port" send "$bad" data
  done
  for bad in '[::1]' '[::1]5' '[]:5' '[::1:5' ::1:5; do
    refused "'$bad': write an IPv6 address as [addr]:port" listen "$bad"
  done
  refused "'*:5': nobody has the address '*'" send '*:5' x
  refused "'*:5': nobody has the address '*'" relay 0 '*:5'
  refused "'127.0.0.1:0': port 0 is no destination" send 127.0.0.1:0 x
  bad=$(printf 'a%.0s' {1..254})
  refused "getaddrinfo ENAMETOOLONG $bad: name too long" send "$bad:5" x
}

test_contradictions() {
  refused 'listen: -6 excludes -4' listen -4 -6 1
  refused 'listen: --json excludes the other formats' listen --raw --json 1
  refused '--replies has no meaning beside --wait 0' send -n 1 -w 0 1 x
  refused 'the data can come from one place only: an argument, --hex or --file' send --hex 00 1 x
  refused '--delim line is for files and standard input' send --delim line 1 x
  refused '--ttl 0 is for sending to multicast groups only' send --ttl 0 1 x
  refused '--ttl 0 is for sending to multicast groups only' echo --ttl 0 0
  refused '-I lo has no meaning beside the address 127.0.0.1' listen -I lo 127.0.0.1:0
  refused '-I lo has no meaning beside -b 127.0.0.1:0' send -I lo -b 127.0.0.1:0 127.0.0.1:9 x
}

test_system() {
  serve busy listen 127.0.0.1:0
  refused "bind EADDRINUSE 127.0.0.1:$port: address already in use" listen "127.0.0.1:$port"
  refused "bind EADDRINUSE 127.0.0.1:$port: address already in use" echo "127.0.0.1:$port"
  refused "bind EADDRINUSE 127.0.0.1:$port: address already in use" relay "127.0.0.1:$port" 127.0.0.1:9
  refused "bind EADDRINUSE 127.0.0.1:$port: address already in use" send -b "127.0.0.1:$port" 127.0.0.1:9 x
  refused 'bind EADDRNOTAVAIL 192.0.2.1:0: address not available' listen 192.0.2.1:0
  refused '-I ENODEV nope: no such device' listen -I nope 0
  refused 'join ENODEV 224.0.0.114 on nope: no such device' listen -I nope --join 224.0.0.114 0
  refused "open ENOENT $work/nope: no such file or directory" send --file "$work/nope" 9
  refused "read EISDIR $work: illegal operation on a directory" send --file "$work" 9
}

test_broadcast_needs_its_option() {
  refused 'send EACCES 255.255.255.255:9: permission denied (a broadcast address needs --broadcast)' \
    send 255.255.255.255:9 x
}

test_unknown_name() {
  run 2 "$DGRAM" send no.such.host.invalid:9 x
  shows run.err 'dgram: getaddrinfo (ENOTFOUND|EAI_AGAIN) no\.such\.host\.invalid: .*'
  run 2 "$DGRAM" listen no.such.host.invalid:9
  shows run.err 'dgram: getaddrinfo (ENOTFOUND|EAI_AGAIN) no\.such\.host\.invalid: .*'
  run 2 "$DGRAM" relay 0 no.such.host.invalid:9
  shows run.err 'dgram: getaddrinfo (ENOTFOUND|EAI_AGAIN) no\.such\.host\.invalid: .*'
}

test_unknown_stack() {
  DGRAM_STACK=bogus run 2 "$DGRAM" listen 0
  shows run.err 'dgram: start E[A-Z]+: .*'
}

test_output_that_fails() {
  [[ -e /dev/full ]] || { skip_part "no /dev/full"; return; }
  serve echo echo 127.0.0.1:0
  local code=0
  send -n 1 -w 60 "127.0.0.1:$port" x >/dev/full 2>"$work/run.err" || code=$?
  [[ $code == 2 ]] || fail "a full disk is no trouble"
  says run.err 'dgram: write ENOSPC standard output: no space left on device'
  code=0
  "$DGRAM" --help >/dev/full 2>"$work/run.err" || code=$?
  [[ $code == 2 ]] || fail "help: a full disk is no trouble"
}

# A socket must not take the place of a closed standard output and be printed into.
test_closed_standard_output() {
  serve echo echo 127.0.0.1:0
  send -n 1 -w 60 "127.0.0.1:$port" x >&- 2>"$work/run.err" || fail "closed output"
  says run.err ''
  interrupt echo
  grep -q '^1 datagram, 1 byte received' "$work/echo.err" || fail "what was printed was sent"
}

on_each_stack test_usage test_values test_link_values test_good_link_values test_addresses test_contradictions test_system \
  test_broadcast_needs_its_option test_unknown_name test_unknown_stack test_output_that_fails \
  test_closed_standard_output
