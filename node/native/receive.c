/* From batches to callbacks.
 *
 * The core tells a batch, the bytes of which lie in JavaScript's slab. What lib/ needs of each datagram
 * is written to its Int32Array, a sender once for neighbours that have the same; then lib/ is called
 * once for each datagram, so that ticks, promises and exceptions come between messages as Node has
 * them. The first call may take all at once, for a program that listens to `messages`. A listener may
 * close the socket: then the rest is dropped. What it throws is reported as uncaught; if the program
 * lives on, the rest follows. */

#include <string.h>

#include "addon.h"

static bool same_address(const dgram_message *a, const dgram_message *b) {
  return dgram_address_equal(&a->from, &b->from);
}

static int32_t flags_of(const dgram_message *message) {
  const dgram_recv_info *info = message->info;
  if (!info || !(info->present & DGRAM_RECV_TRUNCATED) || !info->truncated) return 0;
  return MESSAGE_TRUNCATED;
}

/* ---- where the bytes lie ---- */

static bool in_slab(const struct addon *addon, const dgram_message *message) {
  const uintptr_t slab = (uintptr_t)addon->receive_slab, at = (uintptr_t)message->bytes;
  return at >= slab && at < slab + addon->receive_slab_size;
}

/* What the core has held back while the socket was paused lies elsewhere, and goes to the spare
 * room. */
static size_t offset_of(struct addon *addon, const dgram_message *message) {
  if (in_slab(addon, message)) return (uintptr_t)message->bytes - (uintptr_t)addon->receive_slab;
  memcpy(addon->receive_slab + addon->receive_slab_size, message->bytes, message->length);
  return addon->receive_slab_size;
}

/* How many, from the front, can be told at once: one where it takes the spare room. */
static size_t together(const struct addon *addon, const dgram_message *messages, size_t count) {
  size_t n = 1;
  if (!in_slab(addon, messages)) return 1;
  while (n < count && n < MESSAGES_MAX && in_slab(addon, &messages[n]))
    n++;
  return n;
}

/* ---- telling ---- */

static void write_batch(struct addon *addon, const dgram_message *messages, size_t count) {
  int32_t *at = addon->receive_meta;
  int32_t *sender = addon->receive_meta + SENDERS_AT;
  int32_t senders = 0;
  for (size_t i = 0; i < count; i++, at += MESSAGE_STRIDE) {
    if (i == 0 || !same_address(&messages[i], &messages[i - 1])) {
      value_write_address(&messages[i].from, sender + ADDRESS_STRIDE * senders);
      senders++;
    }
    at[0] = (int32_t)offset_of(addon, &messages[i]);
    at[1] = (int32_t)messages[i].length;
    at[2] = senders - 1;
    at[3] = flags_of(&messages[i]);
  }
}

static void call(struct handle *handle, enum callback which) {
  napi_handle_scope scope;
  if (napi_open_handle_scope(handle->addon->env, &scope) != napi_ok) return;
  addon_call(handle, which, 0, NULL);
  (void)napi_close_handle_scope(handle->addon->env, scope);
}

static void tell(struct handle *handle, size_t count) {
  int32_t *meta = handle->addon->receive_meta;
  meta[INDEX_AT] = 0;
  meta[COUNT_AT] = (int32_t)count;
  while (meta[INDEX_AT] < meta[COUNT_AT] && handle->socket && !handle->addon->ending)
    call(handle, ON_MESSAGE);
  meta[INDEX_AT] = meta[COUNT_AT] = 0;
}

void handle_on_batch(dgram_socket *socket, const dgram_message *messages, size_t count,
                     void *data) {
  struct handle *handle = data;
  (void)socket;
  while (count > 0 && handle->socket && !handle->addon->ending) {
    const size_t some = together(handle->addon, messages, count);
    write_batch(handle->addon, messages, some);
    tell(handle, some);
    messages += some;
    count -= some;
  }
  if (handle->addon->receive_meta[HELD_AT]) call(handle, ON_HELD);
}
