/* From batches to callbacks.
 *
 * The core tells a batch, the bytes of which lie in JavaScript's slab. What lib/ needs of each datagram
 * is written to its Int32Array, a sender once for neighbours that have the same; then lib/ is called
 * once for each datagram, so that ticks, promises and exceptions come between messages as Node has
 * them. The first call may take all at once, for a program that listens to `messages`. A listener may
 * close the socket: then the rest is dropped. What it throws is reported as uncaught; if the program
 * lives on, the rest follows. */

#include "addon.h"

static bool same_address(const dgram_message *a, const dgram_message *b) {
  return dgram_address_equal(&a->from, &b->from);
}

static int32_t flags_of(const dgram_message *message) {
  const dgram_recv_info *info = message->info;
  if (!info || !(info->present & DGRAM_RECV_TRUNCATED) || !info->truncated) return 0;
  return MESSAGE_TRUNCATED;
}

static void write_batch(struct addon *addon, const dgram_message *messages, size_t count) {
  int32_t *at = addon->receive_meta;
  int32_t *sender = addon->receive_meta + SENDERS_AT;
  int32_t senders = 0;
  for (size_t i = 0; i < count; i++, at += MESSAGE_STRIDE) {
    if (i == 0 || !same_address(&messages[i], &messages[i - 1])) {
      value_write_address(&messages[i].from, sender + ADDRESS_STRIDE * senders);
      senders++;
    }
    at[0] = (int32_t)((const unsigned char *)messages[i].bytes - addon->receive_slab);
    at[1] = (int32_t)messages[i].length;
    at[2] = senders - 1;
    at[3] = flags_of(&messages[i]);
  }
}

/* lib/ answers with the index to go on with. A function that throws has had its message. */
static size_t call(struct handle *handle, size_t index, size_t count) {
  napi_env env = handle->addon->env;
  napi_value argv[] = {value_int(env, (int64_t)index), value_int(env, (int64_t)count)};
  const int64_t next = addon_call(handle, ON_MESSAGE, 2, argv);
  return next < 0 ? index + 1 : (size_t)next;
}

static void tell(struct handle *handle, size_t count) {
  for (size_t i = 0; i < count && handle->socket && !handle->addon->ending;) {
    napi_handle_scope scope;
    if (napi_open_handle_scope(handle->addon->env, &scope) != napi_ok) return;
    i = call(handle, i, count);
    (void)napi_close_handle_scope(handle->addon->env, scope);
  }
}

void handle_on_batch(dgram_socket *socket, const dgram_message *messages, size_t count,
                     void *data) {
  struct handle *handle = data;
  (void)socket;
  while (count > 0 && handle->socket && !handle->addon->ending) {
    const size_t some = count < MESSAGES_MAX ? count : MESSAGES_MAX;
    write_batch(handle->addon, messages, some);
    tell(handle, some);
    messages += some;
    count -= some;
  }
}
