/* Options of a socket, its memberships, its counters. */

#include "addon.h"

static int set_broadcast(dgram_socket *socket, int value) {
  return dgram_set_broadcast(socket, value != 0);
}

static int set_multicast_loopback(dgram_socket *socket, int value) {
  return dgram_set_multicast_loopback(socket, value != 0);
}

/* setOption(number, value): 0 or a code. The numbers stand in lib/layout.js too. */
napi_value handle_set_option(napi_env env, napi_callback_info info) {
  static int (*const setters[])(dgram_socket * socket, int value) = {
      set_broadcast, dgram_set_ttl, dgram_set_multicast_ttl, set_multicast_loopback, dgram_set_tos,
  };
  napi_value argv[2];
  struct handle *handle = handle_of(env, info, 2, argv);
  if (!handle) return NULL;
  const unsigned option = (unsigned)value_to_int(env, argv[0]);
  if (option >= sizeof setters / sizeof setters[0]) return value_int(env, DGRAM_EINVAL);
  return value_int(env, setters[option](handle->socket, value_to_int(env, argv[1])));
}

/* bufferSize(receiving, size): the size that the system gave, or a code. 0: asks only. */
napi_value handle_buffer_size(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  struct handle *handle = handle_of(env, info, 2, argv);
  if (!handle) return NULL;
  const bool receiving = value_to_bool(env, argv[0]);
  const int size = value_to_int(env, argv[1]);
  dgram_socket *socket = handle->socket;
  if (size == 0)
    return value_int(env, receiving ? dgram_get_recv_buffer_size(socket)
                                    : dgram_get_send_buffer_size(socket));
  return value_int(env, receiving ? dgram_set_recv_buffer_size(socket, size)
                                  : dgram_set_send_buffer_size(socket, size));
}

/* ---- multicast ---- */

/* Text, or NULL for undefined; false where it is neither. */
static bool optional_text(napi_env env, napi_value value, char *text, const char **ret_text) {
  napi_valuetype type;
  *ret_text = NULL;
  if (napi_typeof(env, value, &type) != napi_ok) return false;
  if (type == napi_undefined) return true;
  *ret_text = text;
  return value_to_text(env, value, text, TEXT_SIZE);
}

static int change_membership(dgram_socket *socket, bool join, const char *source, const char *group,
                             const char *ifname) {
  if (source)
    return join ? dgram_add_source_specific_membership(socket, source, group, ifname)
                : dgram_drop_source_specific_membership(socket, source, group, ifname);
  return join ? dgram_add_membership(socket, group, ifname)
              : dgram_drop_membership(socket, group, ifname);
}

/* membership(join, source, group, interface): 0 or a code; source and interface may be undefined. */
napi_value handle_membership(napi_env env, napi_callback_info info) {
  napi_value argv[4];
  char source[TEXT_SIZE], group[TEXT_SIZE], ifname[TEXT_SIZE];
  const char *source_text, *ifname_text;
  struct handle *handle = handle_of(env, info, 4, argv);
  if (!handle) return NULL;
  if (!optional_text(env, argv[1], source, &source_text) ||
      !value_to_text(env, argv[2], group, sizeof group) ||
      !optional_text(env, argv[3], ifname, &ifname_text))
    return value_int(env, DGRAM_EINVAL);
  return value_int(env, change_membership(handle->socket, value_to_bool(env, argv[0]), source_text,
                                          group, ifname_text));
}

/* multicastInterface(interface): 0 or a code */
napi_value handle_multicast_interface(napi_env env, napi_callback_info info) {
  napi_value argument;
  char ifname[TEXT_SIZE];
  struct handle *handle = handle_of(env, info, 1, &argument);
  if (!handle) return NULL;
  if (!value_to_text(env, argument, ifname, sizeof ifname)) return value_int(env, DGRAM_EINVAL);
  return value_int(env, dgram_set_multicast_interface(handle->socket, ifname));
}

/* ---- counters ---- */

/* stats(): an object, all counters as numbers. */
napi_value handle_stats(napi_env env, napi_callback_info info) {
  struct handle *handle = handle_of(env, info, 0, NULL);
  dgram_stats stats;
  napi_value object;
  if (!handle || !handle->socket || dgram_get_stats(handle->socket, &stats) < 0) return NULL;
  if (napi_create_object(env, &object) != napi_ok) return NULL;
#define COUNTER(name, field)                                                                       \
  (void)napi_set_named_property(env, object, name, value_int(env, (int64_t)stats.field))
  COUNTER("received", received);
  COUNTER("receivedBytes", received_bytes);
  COUNTER("receivedBatches", received_batches);
  COUNTER("receiveCalls", receive_calls);
  COUNTER("truncated", truncated);
  COUNTER("dropped", dropped);
  COUNTER("sent", sent);
  COUNTER("sentBytes", sent_bytes);
  COUNTER("sentBatches", sent_batches);
  COUNTER("sendCalls", send_calls);
  COUNTER("queued", queued);
  COUNTER("queuedBytes", queued_bytes);
  COUNTER("queuedHighWater", queued_high_water);
  COUNTER("sendErrors", send_errors);
  COUNTER("receiveErrors", receive_errors);
  COUNTER("errorsResources", errors_resources);
  COUNTER("errorsUnreachable", errors_unreachable);
  COUNTER("errorsRefused", errors_refused);
  COUNTER("errorsDenied", errors_denied);
  COUNTER("errorsSize", errors_size);
  COUNTER("errorsCanceled", errors_canceled);
  COUNTER("errorsOther", errors_other);
#undef COUNTER
  return object;
}
