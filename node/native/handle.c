/* The class Handle: a socket and its object.
 *
 * new Handle(owner, options) creates a socket; the owner is held from then on, so that an open socket
 * is never collected, as in Node. close() ends it: what was accepted for sending leaves first, then
 * ON_CLOSE is called and the owner let go. */

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "addon.h"

struct handle *handle_of(napi_env env, napi_callback_info info, size_t argc, napi_value *argv) {
  napi_value self;
  struct handle *handle = NULL;
  if (napi_get_cb_info(env, info, &argc, argv, &self, NULL) == napi_ok &&
      napi_unwrap(env, self, (void **)&handle) == napi_ok)
    return handle;
  (void)napi_throw_type_error(env, "ERR_DGRAM_ADDON", "Illegal invocation");
  return NULL;
}

/* ---- the end of both halves ---- */

static void free_if_done(struct handle *handle) {
  if (!handle->socket && handle->finalized) free(handle);
}

static void let_go(struct handle *handle) {
  napi_env env = handle->addon->env;
  if (handle->context) (void)napi_async_destroy(env, handle->context);
  if (handle->owner) (void)napi_delete_reference(env, handle->owner);
  handle->context = NULL;
  handle->owner = NULL;
}

static void tell_closed(struct handle *handle) {
  napi_handle_scope scope;
  if (napi_open_handle_scope(handle->addon->env, &scope) != napi_ok) return;
  addon_call(handle, ON_CLOSE, 0, NULL);
  (void)napi_close_handle_scope(handle->addon->env, scope);
}

static void on_close(dgram_socket *socket, void *data) {
  struct handle *handle = data;
  (void)socket;
  handle->socket = NULL;
  if (!handle->addon->ending) {
    tell_closed(handle);
    let_go(handle);
  }
  free_if_done(handle);
}

static void on_error(dgram_socket *socket, const dgram_error *error, void *data) {
  struct handle *handle = data;
  napi_env env = handle->addon->env;
  napi_handle_scope scope;
  (void)socket;
  if (handle->addon->ending || napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value argv[] = {value_int(env, error->code), value_text(env, error->syscall)};
  addon_call(handle, ON_ERROR, 2, argv);
  (void)napi_close_handle_scope(env, scope);
}

static void finalize(napi_env env, void *data, void *hint) {
  struct handle *handle = data;
  (void)env;
  (void)hint;
  handle->finalized = true;
  free_if_done(handle);
}

/* ---- creating ---- */

static bool option_flag(napi_env env, napi_value options, const char *name) {
  napi_value value;
  return napi_get_named_property(env, options, name, &value) == napi_ok &&
         value_to_bool(env, value);
}

static uint32_t disabled(napi_env env, napi_value options) {
  return (option_flag(env, options, "noMmsg") ? DGRAM_DISABLE_MMSG : 0u) |
         (option_flag(env, options, "noGso") ? DGRAM_DISABLE_GSO : 0u) |
         (option_flag(env, options, "noGro") ? DGRAM_DISABLE_GRO : 0u);
}

static double option_number(napi_env env, napi_value options, const char *name) {
  napi_value value;
  double number = 0;
  if (napi_get_named_property(env, options, name, &value) == napi_ok)
    (void)napi_get_value_double(env, value, &number);
  return number;
}

/* The queue has no limit here: Node's has none, and lib/ has its own where it is asked for. */
static dgram_socket_options read_options(napi_env env, napi_value options) {
  return (dgram_socket_options){
      .type = option_flag(env, options, "ipv6") ? DGRAM_UDP6 : DGRAM_UDP4,
      .reuse_addr = option_flag(env, options, "reuseAddr"),
      .reuse_port = option_flag(env, options, "reusePort"),
      .ipv6_only = option_flag(env, options, "ipv6Only"),
      .linger_ms = (int)option_number(env, options, "lingerMs"),
      .max_queued_datagrams = SIZE_MAX,
      .max_queued_bytes = SIZE_MAX,
      .disable = disabled(env, options),
  };
}

static int create_socket(struct handle *handle, const dgram_socket_options *options) {
  int code = dgram_create_socket(handle->addon->stack, options, &handle->socket);
  if (code < 0) return code;
  code = dgram_on_batch(handle->socket, handle_on_batch, handle);
  if (code == 0) code = dgram_on_error(handle->socket, on_error, handle);
  if (code == 0) code = dgram_on_close(handle->socket, on_close, handle);
  return code;
}

static int hold(struct handle *handle, napi_value owner) {
  napi_env env = handle->addon->env;
  if (napi_create_reference(env, owner, 1, &handle->owner) != napi_ok) return DGRAM_ENOMEM;
  if (napi_async_init(env, owner, value_text(env, "UDPWRAP"), &handle->context) != napi_ok)
    return DGRAM_ENOMEM;
  return 0;
}

/* new Handle(owner, {ipv6, reuseAddr, reusePort, ipv6Only, noMmsg, noGso, noGro, lingerMs}) */
static napi_value construct(napi_env env, napi_callback_info info) {
  struct addon *addon = addon_of(env);
  size_t argc = 2;
  napi_value argv[2], self;
  if (!addon || napi_get_cb_info(env, info, &argc, argv, &self, NULL) != napi_ok) return NULL;
  struct handle *handle = calloc(1, sizeof *handle);
  int code = handle ? 0 : DGRAM_ENOMEM;
  if (handle) {
    const dgram_socket_options options = read_options(env, argv[1]);
    handle->addon = addon;
    code = hold(handle, argv[0]);
    if (code == 0) code = create_socket(handle, &options);
    if (code == 0 && napi_wrap(env, self, handle, finalize, NULL, NULL) == napi_ok) return self;
    if (handle->socket) (void)dgram_abort(handle->socket);
    handle->finalized = true;
    let_go(handle);
    free_if_done(handle);
  }
  (void)napi_throw_error(env, dgram_error_name(code), dgram_error_text(code));
  return NULL;
}

/* ---- binding, connecting ---- */

/* bind(address, port): 0 or a code */
static napi_value bind_to(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  char address[TEXT_SIZE];
  struct handle *handle = handle_of(env, info, 2, argv);
  if (!handle) return NULL;
  if (!value_to_text(env, argv[0], address, sizeof address)) return value_int(env, DGRAM_EINVAL);
  const dgram_bind_options options = {.address = address, .port = value_to_int(env, argv[1])};
  return value_int(env, dgram_bind_sync(handle->socket, &options));
}

/* adopt(fd, duplicate): 0 or a code. Without `duplicate` the descriptor is the socket's from then
 * on. */
static napi_value adopt(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  struct handle *handle = handle_of(env, info, 2, argv);
  if (!handle) return NULL;
  int fd = value_to_int(env, argv[0]);
  const bool duplicate = value_to_bool(env, argv[1]);
  if (duplicate) fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (fd < 0) return value_int(env, -errno);
  const dgram_bind_options options = {.fd = fd};
  const int code = dgram_bind_sync(handle->socket, &options);
  if (code < 0 && duplicate) (void)close(fd);
  return value_int(env, code);
}

/* duplicate(): a descriptor for somebody else, or a code */
static napi_value duplicate(napi_env env, napi_callback_info info) {
  int fd;
  struct handle *handle = handle_of(env, info, 0, NULL);
  if (!handle) return NULL;
  const int code = dgram_duplicate_descriptor(handle->socket, &fd);
  return value_int(env, code < 0 ? code : fd);
}

/* connect(address, port): 0 or a code */
static napi_value connect_to(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  char address[TEXT_SIZE];
  struct handle *handle = handle_of(env, info, 2, argv);
  if (!handle) return NULL;
  if (!value_to_text(env, argv[0], address, sizeof address)) return value_int(env, DGRAM_EINVAL);
  return value_int(env, dgram_connect_sync(handle->socket, value_to_int(env, argv[1]), address));
}

static napi_value disconnect(napi_env env, napi_callback_info info) {
  struct handle *handle = handle_of(env, info, 0, NULL);
  return handle ? value_int(env, dgram_disconnect(handle->socket)) : NULL;
}

/* address(remote): [address, family, port], or a code */
static napi_value address(napi_env env, napi_callback_info info) {
  napi_value remote;
  dgram_address result;
  struct handle *handle = handle_of(env, info, 1, &remote);
  if (!handle) return NULL;
  int code = value_to_bool(env, remote) ? dgram_remote_address(handle->socket, &result)
                                        : dgram_local_address(handle->socket, &result);
  if (code < 0) return value_int(env, code);
  return value_address(env, handle->addon->stack, &result);
}

/* ---- life ---- */

/* setReceiving(flag): 0 or a code */
static napi_value set_receiving(napi_env env, napi_callback_info info) {
  napi_value flag;
  struct handle *handle = handle_of(env, info, 1, &flag);
  if (!handle) return NULL;
  return value_int(env, value_to_bool(env, flag) ? dgram_resume(handle->socket)
                                                 : dgram_pause(handle->socket));
}

static napi_value set_ref(napi_env env, napi_callback_info info) {
  napi_value flag;
  struct handle *handle = handle_of(env, info, 1, &flag);
  if (!handle) return NULL;
  if (value_to_bool(env, flag))
    (void)dgram_ref(handle->socket);
  else
    (void)dgram_unref(handle->socket);
  return NULL;
}

/* close(abort): what is pending leaves first, or is cancelled. ON_CLOSE follows. */
static napi_value close_handle(napi_env env, napi_callback_info info) {
  napi_value abort;
  struct handle *handle = handle_of(env, info, 1, &abort);
  if (!handle) return NULL;
  return value_int(env, value_to_bool(env, abort) ? dgram_abort(handle->socket)
                                                  : dgram_close(handle->socket, NULL, NULL));
}

/* ---- the class ---- */

int handle_define(napi_env env, napi_value exports) {
#define METHOD(name, function)                                                                     \
  { name, NULL, function, NULL, NULL, NULL, napi_default, NULL }
  const napi_property_descriptor methods[] = {
      METHOD("bind", bind_to),
      METHOD("adopt", adopt),
      METHOD("duplicate", duplicate),
      METHOD("connect", connect_to),
      METHOD("disconnect", disconnect),
      METHOD("address", address),
      METHOD("setReceiving", set_receiving),
      METHOD("setRef", set_ref),
      METHOD("close", close_handle),
      METHOD("setOption", handle_set_option),
      METHOD("bufferSize", handle_buffer_size),
      METHOD("membership", handle_membership),
      METHOD("multicastInterface", handle_multicast_interface),
      METHOD("send", handle_send),
      METHOD("queue", handle_queue),
      METHOD("queued", handle_queued),
      METHOD("stats", handle_stats),
  };
#undef METHOD
  napi_value class;
  if (napi_define_class(env, "Handle", NAPI_AUTO_LENGTH, construct, NULL,
                        sizeof methods / sizeof methods[0], methods, &class) != napi_ok)
    return DGRAM_ENOMEM;
  return napi_set_named_property(env, exports, "Handle", class) == napi_ok ? 0 : DGRAM_ENOMEM;
}
