/* The addon: libdgram's sockets as objects of JavaScript, by Node-API 8.
 *
 * It is thin. What Node's dgram means by its calls, their arguments, errors and order stands in lib/;
 * here each call does one thing and returns a number: 0 or more, or a code of dgram.h. An exception
 * is thrown for a mistake of lib/ only.
 *
 *   addon.c    an environment's life: its stack on Node's loop, what is shared with JavaScript
 *   handle.c   the class Handle: one socket each, its life
 *   options.c  its options and memberships
 *   receive.c  from batches to callbacks
 *   send.c     from a packed list to the stack
 *   value.c    values of JavaScript to values of C, and back
 *
 * JavaScript owns two pieces of memory and gives them by `setup`, so that no datagram needs an object
 * that native code makes: the slab that the kernel writes to, and one that sends are packed into;
 * beside each an Int32Array says what stands where (struct layout below). */

#ifndef DGRAM_NODE_ADDON_H
#define DGRAM_NODE_ADDON_H

#define NAPI_VERSION 8

#include <dgram.h>
#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>

/* How the Int32Arrays are laid out, in numbers of 32 bits. lib/layout.js has the same. */
enum layout {
  /* A received datagram: offset into the slab, length, index of its sender, flags. */
  MESSAGE_STRIDE = 4,
  MESSAGES_MAX = 1024, /* told at once; larger batches in several */

  /* A sender, behind all messages: family, port, scope, the address in four. */
  ADDRESS_STRIDE = 7,
  SENDERS_AT = MESSAGE_STRIDE * MESSAGES_MAX,

  /* Behind them: which message is to be told, and how many there are. lib/ writes the one to go on
   * with before it calls a listener, who may throw. */
  INDEX_AT = SENDERS_AT + ADDRESS_STRIDE * MESSAGES_MAX,
  COUNT_AT,

  /* Not 0: sends of these listeners wait for the end of the batch. */
  HELD_AT,
  RECEIVE_META_LENGTH,

  /* A datagram to send: length, then an address; afterwards its result in place of the length. */
  SEND_STRIDE = 1 + ADDRESS_STRIDE,
  SENDS_MAX = 2048,
  SEND_META_LENGTH = SEND_STRIDE * SENDS_MAX
};

/* Flags of a received datagram. */
enum { MESSAGE_TRUNCATED = 1 << 0 };

/* The functions of lib/ that are called from the loop. `this` is the socket. */
enum callback {
  ON_MESSAGE, /* (): see INDEX_AT */
  ON_HELD,    /* (): see HELD_AT */
  ON_ERROR,   /* (code, syscall) */
  ON_SENT,    /* (id, index, result) */
  ON_CLOSE,   /* () */
  CALLBACKS
};

/* One for each environment: the main thread, or a worker. */
struct addon {
  napi_env env;
  napi_async_cleanup_hook_handle cleanup;
  dgram_stack *stack; /* NULL before setup, and when it is closed */
  bool ending;        /* the environment ends: nothing is called any more */

  unsigned char
      *receive_slab;        /* what the stack receives into; behind it room for one datagram more */
  size_t receive_slab_size; /* without that */
  int32_t *receive_meta;
  unsigned char *send_slab;
  size_t send_slab_size;
  int32_t *send_meta;
  dgram_datagram *sends; /* SENDS_MAX */

  napi_ref memory[4]; /* keep the above */
  napi_ref callbacks[CALLBACKS];
  napi_ref constructor;
};

/* A socket and its object. Both may end first: the object by garbage collection once the socket is
 * closed, the socket by the end of the environment. */
struct handle {
  struct addon *addon;
  dgram_socket *socket; /* NULL once it is closed */
  napi_ref owner;       /* the Socket of lib/, held until `close` */
  napi_async_context context;
  bool finalized; /* the object is gone */
};

/* ---- addon.c ---- */

/* The environment's; NULL, with an exception pending, where there is none. */
struct addon *addon_of(napi_env env);

/* Runs a callback of lib/ as an event of its own: ticks and promises follow it. What it throws is an
 * uncaught exception. Does nothing in an environment that ends. */
void addon_call(struct handle *handle, enum callback which, size_t argc, napi_value *argv);

/* ---- handle.c ---- */

int handle_define(napi_env env, napi_value exports);

/* The handle behind `this`, its arguments in argv; NULL, with an exception pending, where it is
 * none. */
struct handle *handle_of(napi_env env, napi_callback_info info, size_t argc, napi_value *argv);

/* ---- options.c, send.c: methods ---- */

napi_value handle_set_option(napi_env env, napi_callback_info info);
napi_value handle_buffer_size(napi_env env, napi_callback_info info);
napi_value handle_membership(napi_env env, napi_callback_info info);
napi_value handle_multicast_interface(napi_env env, napi_callback_info info);
napi_value handle_send(napi_env env, napi_callback_info info);
napi_value handle_queue(napi_env env, napi_callback_info info);
napi_value handle_queued(napi_env env, napi_callback_info info);
napi_value handle_stats(napi_env env, napi_callback_info info);

/* Room for one datagram. */
enum { SPARE_SIZE = 65536 };

/* ---- receive.c ---- */

/* The listener of `batch`. data is the handle. */
void handle_on_batch(dgram_socket *socket, const dgram_message *messages, size_t count, void *data);

/* ---- value.c ---- */

napi_value value_int(napi_env env, int64_t number);
napi_value value_text(napi_env env, const char *text);
int value_to_int(napi_env env, napi_value value);
bool value_to_bool(napi_env env, napi_value value);

/* Copies text of up to size - 1 bytes; false where the value is no string, or longer, or has a NUL. */
bool value_to_text(napi_env env, napi_value value, char *text, size_t size);

/* Text of this size holds any address, name of an interface or of a host; longer is no name. */
enum { TEXT_SIZE = 256 };

/* Reads a literal, its scope as a number or the name of an interface: 0 or a code. */
int value_parse_address(dgram_stack *stack, char *text, dgram_address *ret_address);

/* Where an address stands in an Int32Array, and back. */
void value_write_address(const dgram_address *address, int32_t *meta);
void value_read_address(const int32_t *meta, dgram_address *address);

/* [address, family, port] as JavaScript has it; the scope of a link-local address by name. */
napi_value value_address(napi_env env, dgram_stack *stack, const dgram_address *address);

/* The text of an address without its port, a scope by the name of its interface, as Node has it. */
napi_value value_address_text(napi_env env, dgram_stack *stack, const dgram_address *address);

#endif
