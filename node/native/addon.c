/* An environment's life.
 *
 * Happy path: lib/ is loaded, calls `setup` with its memory and its callbacks, and a stack is made on
 * the environment's own loop. It lives until the environment ends: a process that exits, a worker that
 * is done or terminated, with traffic under way or not. Node then asks for the end by the cleanup
 * hook; the stack closes its sockets, tells so from the loop, which Node keeps running for that, and
 * the hook is given back. From the hook on nothing of JavaScript is called. */

#include "addon.h"

#include <dgram/uv.h>
#include <stdlib.h>

static void throw_misuse(napi_env env, const char *text) {
  (void)napi_throw_error(env, "ERR_DGRAM_ADDON", text);
}

struct addon *addon_of(napi_env env) {
  struct addon *addon = NULL;
  if (napi_get_instance_data(env, (void **)&addon) != napi_ok || !addon || !addon->stack) {
    throw_misuse(env, "setup comes first");
    return NULL;
  }
  return addon;
}

/* ---- calling JavaScript ---- */

static void report_uncaught(napi_env env) {
  napi_value error = NULL;
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) != napi_ok || !pending) return;
  if (napi_get_and_clear_last_exception(env, &error) != napi_ok) return;
  (void)napi_fatal_exception(env, error);
}

void addon_call(struct handle *handle, enum callback which, size_t argc, napi_value *argv) {
  struct addon *addon = handle->addon;
  napi_env env = addon->env;
  napi_value owner = NULL, function = NULL;
  if (addon->ending || !handle->owner) return;
  if (napi_get_reference_value(env, handle->owner, &owner) != napi_ok || !owner ||
      napi_get_reference_value(env, addon->callbacks[which], &function) != napi_ok)
    return;
  if (napi_make_callback(env, handle->context, owner, function, argc, argv, NULL) != napi_ok)
    report_uncaught(env);
}

/* ---- the end ---- */

static void on_stack_closed(dgram_stack *stack, void *data) {
  struct addon *addon = data;
  (void)stack;
  addon->stack = NULL;
  (void)napi_remove_async_cleanup_hook(addon->cleanup);
}

static void on_cleanup(napi_async_cleanup_hook_handle cleanup, void *data) {
  struct addon *addon = data;
  addon->ending = true;
  if (!addon->stack || dgram_stack_close(addon->stack, on_stack_closed, addon) < 0)
    (void)napi_remove_async_cleanup_hook(cleanup);
}

/* ---- setup ---- */

/* Sets a piece of memory that the options name, of at least `least` elements. */
static bool take_memory(struct addon *addon, napi_value options, const char *name, unsigned slot,
                        size_t least, void **ret_data, size_t *ret_length) {
  napi_env env = addon->env;
  napi_value value;
  napi_typedarray_type type;
  if (napi_get_named_property(env, options, name, &value) != napi_ok) return false;
  if (napi_get_typedarray_info(env, value, &type, ret_length, ret_data, NULL, NULL) != napi_ok)
    return false;
  if (*ret_length < least) return false;
  return napi_create_reference(env, value, 1, &addon->memory[slot]) == napi_ok;
}

static bool take_memories(struct addon *addon, napi_value options) {
  size_t length;
  return take_memory(addon, options, "receiveSlab", 0, 2 * SPARE_SIZE,
                     (void **)&addon->receive_slab, &addon->receive_slab_size) &&
         take_memory(addon, options, "receiveMeta", 1, RECEIVE_META_LENGTH,
                     (void **)&addon->receive_meta, &length) &&
         take_memory(addon, options, "sendSlab", 2, SPARE_SIZE, (void **)&addon->send_slab,
                     &addon->send_slab_size) &&
         take_memory(addon, options, "sendMeta", 3, SEND_META_LENGTH, (void **)&addon->send_meta,
                     &length);
}

static bool take_callbacks(struct addon *addon, napi_value options) {
  static const char *const names[CALLBACKS] = {
      [ON_MESSAGE] = "onMessage", [ON_HELD] = "onHeld",   [ON_ERROR] = "onError",
      [ON_SENT] = "onSent",       [ON_CLOSE] = "onClose",
  };
  for (unsigned i = 0; i < CALLBACKS; i++) {
    napi_value function;
    napi_valuetype type;
    if (napi_get_named_property(addon->env, options, names[i], &function) != napi_ok) return false;
    if (napi_typeof(addon->env, function, &type) != napi_ok || type != napi_function) return false;
    if (napi_create_reference(addon->env, function, 1, &addon->callbacks[i]) != napi_ok)
      return false;
  }
  return true;
}

static int create_stack(struct addon *addon) {
  dgram_stack_options options = {
      .kind = DGRAM_STACK_LINUX,
      .receive_memory = addon->receive_slab,
      .receive_memory_size = addon->receive_slab_size - SPARE_SIZE,
  };
  uv_loop_t *loop;
  addon->receive_slab_size = options.receive_memory_size;
  if (napi_get_uv_event_loop(addon->env, &loop) != napi_ok) return DGRAM_EINVAL;
  return dgram_uv_stack_create(loop, &options, &addon->stack);
}

static void free_addon(napi_env env, void *data, void *hint) {
  struct addon *addon = data;
  (void)env;
  (void)hint;
  free(addon->sends);
  free(addon);
}

/* setup(options): 0 or a code. Once. */
static napi_value setup(napi_env env, napi_callback_info info) {
  struct addon *addon = NULL;
  size_t argc = 1;
  napi_value options;
  if (napi_get_cb_info(env, info, &argc, &options, NULL, NULL) != napi_ok) return NULL;
  if (napi_get_instance_data(env, (void **)&addon) != napi_ok || addon->stack || addon->ending ||
      !take_memories(addon, options) || !take_callbacks(addon, options)) {
    throw_misuse(env, "setup: wrong options, or a second time");
    return NULL;
  }
  int code = create_stack(addon);
  if (code == 0 && napi_add_async_cleanup_hook(env, on_cleanup, addon, &addon->cleanup) != napi_ok)
    code = DGRAM_ENOMEM;
  return value_int(env, code);
}

/* ---- what needs no socket ---- */

/* errorName(code) */
static napi_value error_name(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value code;
  if (napi_get_cb_info(env, info, &argc, &code, NULL, NULL) != napi_ok) return NULL;
  return value_text(env, dgram_error_name(value_to_int(env, code)));
}

/* parseAddress(text, meta): whether it is a literal; then meta has it, port 0. A scope may be the name
 * of an interface. */
static napi_value parse_address(napi_env env, napi_callback_info info) {
  struct addon *addon = addon_of(env);
  char text[TEXT_SIZE];
  size_t argc = 2, length;
  napi_value argv[2];
  napi_typedarray_type type;
  void *meta;
  dgram_address address;
  if (!addon || napi_get_cb_info(env, info, &argc, argv, NULL, NULL) != napi_ok) return NULL;
  int code = value_to_text(env, argv[0], text, sizeof text) ? 0 : DGRAM_EINVAL;
  if (code == 0) code = value_parse_address(addon->stack, text, &address);
  if (napi_get_typedarray_info(env, argv[1], &type, &length, &meta, NULL, NULL) != napi_ok ||
      length < ADDRESS_STRIDE)
    code = DGRAM_EARGTYPE;
  if (code == 0) value_write_address(&address, meta);
  return value_int(env, code);
}

/* senderText(index): the address of a sender of the batch that is being told. */
static napi_value sender_text(napi_env env, napi_callback_info info) {
  struct addon *addon = addon_of(env);
  size_t argc = 1;
  napi_value argument;
  dgram_address address;
  if (!addon || napi_get_cb_info(env, info, &argc, &argument, NULL, NULL) != napi_ok) return NULL;
  const int index = value_to_int(env, argument);
  if (index < 0 || index >= MESSAGES_MAX) return NULL;
  value_read_address(addon->receive_meta + SENDERS_AT + ADDRESS_STRIDE * index, &address);
  return value_address_text(env, addon->stack, &address);
}

/* fdType(fd): what Node calls it: "UDP", "TCP", "PIPE", "TTY", "FILE", "UNKNOWN". */
static napi_value fd_type(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value fd;
  const char *name = "UNKNOWN";
  if (napi_get_cb_info(env, info, &argc, &fd, NULL, NULL) != napi_ok) return NULL;
  switch (uv_guess_handle(value_to_int(env, fd))) {
  case UV_UDP:
    name = "UDP";
    break;
  case UV_TCP:
    name = "TCP";
    break;
  case UV_NAMED_PIPE:
    name = "PIPE";
    break;
  case UV_TTY:
    name = "TTY";
    break;
  case UV_FILE:
    name = "FILE";
    break;
  default:
    break;
  }
  return value_text(env, name);
}

/* ---- the module ---- */

static bool define(napi_env env, napi_value exports) {
  const napi_property_descriptor properties[] = {
      {"setup", NULL, setup, NULL, NULL, NULL, napi_enumerable, NULL},
      {"errorName", NULL, error_name, NULL, NULL, NULL, napi_enumerable, NULL},
      {"parseAddress", NULL, parse_address, NULL, NULL, NULL, napi_enumerable, NULL},
      {"senderText", NULL, sender_text, NULL, NULL, NULL, napi_enumerable, NULL},
      {"fdType", NULL, fd_type, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  return napi_define_properties(env, exports, sizeof properties / sizeof properties[0],
                                properties) == napi_ok &&
         handle_define(env, exports) == 0;
}

NAPI_MODULE_INIT() {
  struct addon *addon = calloc(1, sizeof *addon);
  if (addon) addon->sends = calloc(SENDS_MAX, sizeof *addon->sends);
  if (!addon || !addon->sends) {
    free(addon);
    throw_misuse(env, "no memory");
    return NULL;
  }
  addon->env = env;
  if (napi_set_instance_data(env, addon, free_addon, NULL) != napi_ok || !define(env, exports))
    throw_misuse(env, "the addon cannot be set up");
  return exports;
}
