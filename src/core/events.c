/* The public functions that add and remove listeners: three for each event. */

#include "core/socket.h"

static int add(dgram_socket *socket, enum dgram__event event, dgram__any_cb cb, void *data,
               bool once) {
  const int code = dgram__socket_check(socket);

  if (code < 0) return code;
  if (cb == NULL) return DGRAM_EARGTYPE;
  return dgram__listeners_add(socket->stack, &socket->listeners, event, cb, data, once);
}

/* Works on a closing socket too: the data may be about to be freed (rule 13). */
static int take_off(dgram_socket *socket, enum dgram__event event, dgram__any_cb cb, void *data) {
  if (socket == NULL || cb == NULL) return DGRAM_EARGTYPE;
  return dgram__listeners_remove(socket->stack, &socket->listeners, event, cb, data);
}

#define DEFINE_EVENT(name, type, event)                                                            \
  int dgram_on_##name(dgram_socket *socket, type cb, void *data) {                                 \
    return add(socket, event, (dgram__any_cb)cb, data, false);                                     \
  }                                                                                                \
  int dgram_once_##name(dgram_socket *socket, type cb, void *data) {                               \
    return add(socket, event, (dgram__any_cb)cb, data, true);                                      \
  }                                                                                                \
  int dgram_off_##name(dgram_socket *socket, type cb, void *data) {                                \
    return take_off(socket, event, (dgram__any_cb)cb, data);                                       \
  }

DEFINE_EVENT(message, dgram_message_cb, DGRAM__MESSAGE)
DEFINE_EVENT(batch, dgram_batch_cb, DGRAM__BATCH)
DEFINE_EVENT(listening, dgram_listening_cb, DGRAM__LISTENING)
DEFINE_EVENT(connect, dgram_connected_cb, DGRAM__CONNECT)
DEFINE_EVENT(close, dgram_close_cb, DGRAM__CLOSE)
DEFINE_EVENT(error, dgram_error_cb, DGRAM__ERROR)
DEFINE_EVENT(drain, dgram_drain_cb, DGRAM__DRAIN)
DEFINE_EVENT(icmp, dgram_icmp_cb, DGRAM__ICMP)
