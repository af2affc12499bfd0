#!/usr/bin/env bash
# What the addon asks of Node and of the system, and what it shows. One binary is for all Nodes from 18
# on, so of libuv it may call only what is in each of them, which is what 1.44 had; a function that
# is not listed here has to be looked up first.

set -eu
SOURCE=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
ADDON=${ADDON:-$SOURCE/node/build/Release/libdgram.node}
newest_glibc=2.36 # Debian 12's

[[ -e $ADDON ]] || { echo "skipped: the addon is not built (DGRAM_BUILD_NODE)"; exit 77; }

of_libuv_1_44="
  uv_async_init uv_available_parallelism uv_backend_timeout uv_buf_init uv_cancel uv_close uv_default_loop
  uv_exepath uv_fileno uv_free_interface_addresses uv_freeaddrinfo uv_getaddrinfo uv_guess_handle uv_hrtime
  uv_idle_init uv_idle_start uv_idle_stop uv_interface_addresses uv_mutex_init uv_mutex_lock uv_mutex_unlock
  uv_once uv_poll_init uv_poll_start uv_poll_stop uv_process_get_pid uv_process_kill uv_recv_buffer_size
  uv_ref uv_run uv_send_buffer_size uv_spawn uv_stop uv_thread_equal uv_thread_self uv_timer_init
  uv_timer_start uv_timer_stop uv_udp_bind uv_udp_connect uv_udp_getpeername uv_udp_getsockname
  uv_udp_init_ex uv_udp_open uv_udp_recv_start uv_udp_recv_stop uv_udp_send uv_udp_set_broadcast
  uv_udp_set_multicast_loop uv_udp_set_multicast_ttl uv_udp_set_ttl uv_udp_try_send uv_unref uv_walk
"

shown() { nm -D --defined-only "$1" | awk '{ print $3 }' | sort | paste -sd ' '; }
asked() { nm -D --undefined-only "$1" | awk '{ print $2 }' | sed 's/@.*//'; }
newest() { nm -D "$1" | grep -oE 'GLIBC_[0-9.]+' | sed 's/GLIBC_//' | sort -uV | tail -n 1; }

too_new() { # addon
  local name
  asked "$1" | grep '^uv_' | while read -r name; do
    [[ $of_libuv_1_44 == *[[:space:]]"$name"[[:space:]]* ]] || echo "$name is not known to be in libuv 1.44"
  done
}

judge() { # addon
  [[ $(shown "$1") == "napi_register_module_v1 node_api_module_get_api_version_v1" ]] || echo "it shows $(shown "$1")"
  too_new "$1"
  [[ $(printf '%s\n' "$newest_glibc" "$(newest "$1")" | sort -V | tail -n 1) == "$newest_glibc" ]] ||
    echo "it needs glibc $(newest "$1")"
  if asked "$1" | grep '^dgram_'; then echo "it lacks a part of the core"; fi
  if readelf -d "$1" | grep NEEDED | grep -qE 'libuv|libnode'; then echo "it is linked to libuv"; fi
}

bad=$(judge "$ADDON")
[[ -z $bad ]] || { echo "$bad"; exit 1; }
echo "$(asked "$ADDON" | grep -c '^uv_') functions of libuv, $(asked "$ADDON" | grep -c '^napi_') of Node-API, glibc $(newest "$ADDON")"

# It can fail.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '%s\n' 'int uv_udp_try_send2(void), dgram_x(void); int napi_x(void) { return uv_udp_try_send2() + dgram_x(); }' >"$work/planted.c"
"${CC:-cc}" -shared -fPIC "$work/planted.c" -o "$work/planted.node"
bad=$(judge "$work/planted.node")
[[ $bad == *"it shows napi_x"* && $bad == *uv_udp_try_send2* && $bad == *"lacks a part"* ]] || { echo "planted symbols are not seen: $bad"; exit 1; }
