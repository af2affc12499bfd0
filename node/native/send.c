/* From a packed list to the stack.
 *
 * lib/ packs what is sent in a tick into its slab, payload behind payload, and says by its Int32Array
 * how long each is and where it goes; `send` hands the list to the kernel in one go and writes the
 * results back. What the kernel does not take now is copied, since lib/ packs the next tick into the
 * same slab, and queued by `queue`; ON_SENT tells its results. */

#include <stdlib.h>
#include <string.h>

#include "addon.h"

/* Reads count datagrams of the slab into addon->sends. False: lib/ wrote nonsense. */
static bool read_list(struct addon *addon, size_t count) {
  const int32_t *at = addon->send_meta;
  size_t used = 0;
  if (count > SENDS_MAX) return false;
  for (size_t i = 0; i < count; i++, at += SEND_STRIDE) {
    const size_t length = (uint32_t)at[0];
    if (length > addon->send_slab_size - used) return false;
    addon->sends[i] = (dgram_datagram){.bytes = addon->send_slab + used, .length = length};
    value_read_address(at + 1, &addon->sends[i].to);
    used += length;
  }
  return true;
}

static void write_results(struct addon *addon, size_t count) {
  for (size_t i = 0; i < count; i++)
    addon->send_meta[i * SEND_STRIDE] = addon->sends[i].result;
}

/* The whole list is refused for its first bad datagram; so that one fails by itself and those before
 * and behind it leave, they are then offered one by one. */
static size_t send_each(dgram_socket *socket, dgram_datagram *list, size_t count) {
  size_t done = 0;
  for (; done < count; done++) {
    const int code = dgram_try_send_many(socket, &list[done], 1);
    if (code == 0 || code == DGRAM_EAGAIN) break;
    if (code < 0) list[done].result = code;
  }
  return done;
}

/* send(count): how many, from the front, were dealt with; their results stand in the Int32Array. */
napi_value handle_send(napi_env env, napi_callback_info info) {
  napi_value argument;
  struct handle *handle = handle_of(env, info, 1, &argument);
  if (!handle) return NULL;
  struct addon *addon = handle->addon;
  const size_t count = (uint32_t)value_to_int(env, argument);
  if (!read_list(addon, count)) return value_int(env, DGRAM_EINVAL);
  int done = dgram_try_send_many(handle->socket, addon->sends, count);
  if (done == DGRAM_ENOTRUNNING) return value_int(env, done);
  if (done < 0) done = (int)send_each(handle->socket, addon->sends, count);
  write_results(addon, (size_t)done);
  return value_int(env, done);
}

/* ---- what is left ---- */

/* A list that the core keeps until it has left. */
struct queued {
  struct handle *handle;
  int32_t id;
  size_t count;
  dgram_datagram list[];
};

/* Each is an event of its own, as in Node: what one callback throws does not touch the next. */
static void tell_result(struct handle *handle, int32_t id, size_t index, int32_t result) {
  napi_env env = handle->addon->env;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value argv[] = {value_int(env, id), value_int(env, (int64_t)index), value_int(env, result)};
  addon_call(handle, ON_SENT, 3, argv);
  (void)napi_close_handle_scope(env, scope);
}

static void on_sent(dgram_socket *socket, dgram_datagram *list, size_t count, void *data) {
  struct queued *queued = data;
  struct handle *handle = queued->handle;
  (void)socket;
  for (size_t i = 0; i < count && !handle->addon->ending; i++)
    tell_result(handle, queued->id, i, list[i].result);
  free(queued);
}

/* The datagrams of addon->sends from `from` on, with bytes of their own. */
static struct queued *copy_list(struct addon *addon, size_t from, size_t count) {
  size_t bytes = 0;
  for (size_t i = from; i < count; i++)
    bytes += addon->sends[i].length;
  struct queued *queued = malloc(sizeof *queued + (count - from) * sizeof queued->list[0] + bytes);
  if (!queued) return NULL;
  queued->count = count - from;
  unsigned char *copy = (unsigned char *)&queued->list[queued->count];
  for (size_t i = 0; i < queued->count; i++) {
    queued->list[i] = addon->sends[from + i];
    if (queued->list[i].length > 0) memcpy(copy, queued->list[i].bytes, queued->list[i].length);
    queued->list[i].bytes = copy;
    copy += queued->list[i].length;
  }
  return queued;
}

/* queue(from, count, id): the rest of the list that `send` was given last. 0 or a code. */
napi_value handle_queue(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  struct handle *handle = handle_of(env, info, 3, argv);
  if (!handle) return NULL;
  const size_t from = (uint32_t)value_to_int(env, argv[0]);
  const size_t count = (uint32_t)value_to_int(env, argv[1]);
  if (from > count || count > SENDS_MAX) return value_int(env, DGRAM_EINVAL);
  struct queued *queued = copy_list(handle->addon, from, count);
  if (!queued) return value_int(env, DGRAM_ENOMEM);
  queued->handle = handle;
  queued->id = value_to_int(env, argv[2]);
  const int code = dgram_send_many(handle->socket, queued->list, queued->count, on_sent, queued);
  if (code < 0) free(queued);
  return value_int(env, code);
}

/* queued(bytes): what waits in the core's queue: datagrams, or their bytes. */
napi_value handle_queued(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t number = 0;
  struct handle *handle = handle_of(env, info, 1, &argument);
  if (!handle) return NULL;
  if (value_to_bool(env, argument))
    (void)dgram_get_send_queue_size(handle->socket, &number);
  else
    (void)dgram_get_send_queue_count(handle->socket, &number);
  return value_int(env, (int64_t)number);
}
